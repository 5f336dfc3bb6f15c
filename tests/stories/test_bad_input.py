"""Bad input and bad days: each gets a clear word, and no call is lost."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from callengine.bridge import Bridge
from callengine.calls.coverage import CoverageService
from callengine.calls.model import CallFilter
from callengine.calls.service import CallsService
from callengine.clock import SystemClock
from callengine.config import Locale, OnePbx
from callengine.pbx.ami import LinkState
from callengine.sandbox.pbx import SandboxPbx
from callengine.store.database import Store
from callengine.tasks import Tasks
from tests.pbx.fake_agi import FakeCall
from tests.pbx.fake_ami import FakeAmi, block, event, listing, response
from tests.sipp.driver import Operator, Sipp
from tests.stories.conftest import quiet
from tests.stories.engine import EngineProcess, Wire

on_pbx = pytest.mark.pbx
TAPES = Path(__file__).parents[1] / "tapes" / "22"


async def at_least(engine: EngineProcess, count: int) -> bool:
    return len(await engine.calls()) >= count


async def talking(engine: EngineProcess) -> bool:
    return any(call["state"] == "talking" for call in await engine.calls())


# --- what a caller may call himself ---------------------------------------------------------------------

# As the name stands in the From header, and the text that everybody must see. Asterisk leaves SIP's own backslash
# before a quotation mark where it is.
NAMES = {
    "+79075000001": ('Цех \\"Заря\\"', 'Цех \\"Заря\\"'),
    "+79075000002": ("a%0d%0aAction: Originate", "a%0d%0aAction: Originate"),
    "+79075000003": ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
    "+79075000004": ("Пожар 🔥🚒", "Пожар 🔥🚒"),
    "+79075000005": ("'; DROP TABLE calls; --", "'; DROP TABLE calls; --"),
    "+79075000007": ("Жанна Д'Арк?", "Жанна Д'Арк?"),
    "+79075000006": ("v1|0|x|${SHELL(id)}", "v1|0|x|${SHELL(id)}"),
}


async def everybody_calls(sipp: Sipp) -> None:
    crowds = [
        await sipp.residents([number], name=sent, hang_up_after_seconds=2, sound=False)
        for number, (sent, _) in NAMES.items()
    ]
    await asyncio.gather(*(crowd.wait() for crowd in crowds))


@on_pbx
async def test_names_with_quotes_newlines_html_and_emoji_arrive_as_harmless_text(
    engine: EngineProcess, sipp: Sipp, wire: Wire
) -> None:
    await everybody_calls(sipp)
    calls = await engine.until_ended(len(NAMES))
    await engine.kill()
    await everybody_calls(sipp)  # this time only the ledger hears them
    await engine.start()
    calls = await engine.until_ended(2 * len(NAMES))
    expected = sorted((number, shown) for number, (_, shown) in NAMES.items())
    heard = sorted((call["number"], call["name"]) for call in calls if call["source"] == "events")
    # In the ledger a colon is a space: it would be syntax to the dialplan.
    noted = sorted((call["number"], call["name"]) for call in calls if call["source"] == "ledger")
    assert heard == expected
    assert noted == [(number, shown.replace(":", " ")) for number, shown in expected]
    assert b"Action: Originate" not in wire.passed
    duties = await engine.duties()
    assert sorted((duty["number"], duty["missed_count"]) for duty in duties) == sorted((n, 2) for n in NAMES)


# --- the database ---------------------------------------------------------------------------------------


@on_pbx
async def test_a_database_locked_for_ten_seconds_loses_no_call(engine: EngineProcess, sipp: Sipp) -> None:
    numbers = [f"+79075100{n:03d}" for n in range(10)]
    await sipp.operators(["101", "102"], Operator(ring_seconds=0.3))
    first = await sipp.residents(numbers[:5], hang_up_after_seconds=12)
    await engine.until(lambda: talking(engine), "somebody talks")
    other = sqlite3.connect(engine.folder / "engine.db", isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
        second = await sipp.residents(numbers[5:], hang_up_after_seconds=6)
        await asyncio.sleep(10)  # the story itself: ten seconds of a locked database
        other.execute("COMMIT")
    finally:
        other.close()
    await asyncio.gather(first.wait(), second.wait())
    calls = await engine.until_ended(len(numbers))
    assert sorted(call["number"] for call in calls) == numbers, "each call once"
    missed = sorted(call["number"] for call in calls if call["outcome"] == "missed")
    assert {call["outcome"] for call in calls} == {"answered", "missed"}
    assert sorted(duty["number"] for duty in await engine.duties()) == missed


@on_pbx
async def test_a_second_engine_on_one_database_ends_with_an_error_that_names_the_first(
    engine: EngineProcess, stories_pbx: SandboxPbx, wire: Wire
) -> None:
    assert engine.process is not None
    second = EngineProcess(stories_pbx, engine.folder, wire.port)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "callengine.cli", "run", cwd=second.folder, env=second._env,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert (
        f"another engine (engine) already runs on this database: process {engine.process.pid} on host" in said.decode()
    )
    assert "callengine ready" not in said.decode()
    assert (await engine.get("/health"))["status"] == "ok", "the first goes on"


# --- the PBX and the way to it --------------------------------------------------------------------------


class RefusedEngine(EngineProcess):
    """One that the PBX does not let in."""

    async def _sees_pbx(self) -> bool:
        with contextlib.suppress(OSError):
            return bool((await self.get("/health"))["pbx"][0]["state"] == "refused")
        return False


@on_pbx
async def test_a_wrong_ami_secret_is_told_with_what_to_mend(stories_pbx: SandboxPbx, tmp_path: Path) -> None:
    more = {"CALLENGINE_PBX__AMI_SECRET": "guessed"}
    engine = RefusedEngine(stories_pbx, tmp_path / "engine", stories_pbx.ami_port, more=more)
    await engine.furnish()
    try:
        await engine.start()
        health = await engine.get("/health")
    finally:
        await engine.stop()
    assert health["status"] == "degraded"
    problem = health["pbx"][0]["problem"]
    assert "refused the login of 'callengine'" in problem
    assert "ami_secret" in problem
    assert "manager.conf" in problem
    assert "guessed" not in problem


class SilentWire(Wire):
    """A wire that can stop to pass bytes without closing, as a dead firewall does."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.open = asyncio.Event()
        self.open.set()

    async def close(self) -> None:
        self.open.set()
        await super().close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, watched: bool) -> None:
        while data := await reader.read(65536):
            await self.open.wait()
            writer.write(data)
            await writer.drain()
            if watched:
                self.passed += data
        writer.transport.abort()


@pytest.fixture
async def wire(stories_pbx: SandboxPbx) -> AsyncIterator[SilentWire]:
    relay = SilentWire(stories_pbx.ami_port)
    await relay.start()
    yield relay
    await relay.close()


@on_pbx
async def test_a_peer_that_goes_silent_is_noticed_and_what_came_meanwhile_is_known_afterwards(
    engine: EngineProcess, sipp: Sipp, wire: SilentWire
) -> None:
    numbers = [f"+79075200{n:03d}" for n in range(3)]

    async def lost() -> str:
        (pbx,) = (await engine.get("/health"))["pbx"]
        return str(pbx["problem"]) if pbx["state"] != "up" else ""

    wire.open.clear()
    crowd = await sipp.residents(numbers, hang_up_after_seconds=2)
    assert "said nothing" in await engine.until(lost, "the silence is noticed", seconds=15)
    await crowd.wait()
    wire.open.set()
    await engine.until(engine._sees_pbx, "it is connected again", seconds=40)
    calls = await engine.until_ended(len(numbers))
    assert sorted(call["number"] for call in calls) == numbers
    assert {call["missed"] for call in calls} == {"greeting"}
    assert sorted(duty["number"] for duty in await engine.duties()) == numbers


HALVES = [
    b"",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"agi_network: yes\nagi_request: agi://127.0.0.1/lookup\nagi_uni",
    b"agi_network: yes\nagi_request: agi://127.0.0.1/nothing\n\n",
    b"HANGUP\n" * 10,
    b"agi_callerid: " + b"9" * 100_000,
]


@on_pbx
async def test_scans_and_half_requests_at_the_fastagi_port_disturb_no_call(
    engine: EngineProcess, sipp: Sipp, stories_pbx: SandboxPbx
) -> None:
    numbers = [f"+79075300{n:03d}" for n in range(10)]
    await sipp.operators(["101"], Operator(ring_seconds=0.2))
    crowd = await sipp.residents(numbers, hang_up_after_seconds=8)
    held: list[asyncio.StreamWriter] = []
    chance = random.Random(7)
    for n in range(300):
        _, writer = await asyncio.open_connection("127.0.0.1", stories_pbx.fastagi_port)
        writer.write(HALVES[n % len(HALVES)] or chance.randbytes(200))
        if n % 3:
            writer.transport.abort()
        else:
            held.append(writer)
    async with FakeCall(stories_pbx.fastagi_port) as lookup:
        commands = await lookup.run()
    assert any("CE_KNOWN" in command for command in commands), "a real request is answered beside a hundred held ones"
    await crowd.wait()
    for writer in held:
        writer.transport.abort()
    calls = await engine.until_ended(len(numbers))
    assert sorted(call["number"] for call in calls) == numbers
    assert "answered" in {call["outcome"] for call in calls}
    assert (await engine.get("/health"))["status"] == "ok"
    assert "Traceback" not in engine.log.read_text("utf-8")


# --- the disk -------------------------------------------------------------------------------------------


def mount(options: str, folder: Path) -> None:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    subprocess.run(command, check=True, capture_output=True, text=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 kB."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    if not shutil.which("mount"):
        pytest.skip("there is no mount")
    try:
        mount("size=200k", folder)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"nothing can be mounted here: {error.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@on_pbx
async def test_a_full_disk_keeps_the_source_and_the_recording_is_ready_once_there_is_room(
    stories_pbx: SandboxPbx, sipp: Sipp, small_disk: Path, tmp_path: Path
) -> None:
    more = {"CALLENGINE_RECORDINGS__DIR": str(small_disk)}
    engine = EngineProcess(stories_pbx, tmp_path / "engine", stories_pbx.ami_port, more=more)
    await engine.furnish()
    await stories_pbx.cli("channel request hangup all")
    await engine.until(lambda: quiet(stories_pbx), "the PBX has no call left")
    await stories_pbx.cli("database deltree callengine")
    await engine.start()
    try:
        with contextlib.suppress(OSError), (small_disk / "ballast").open("wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(4096))
        await sipp.operators(["101"], Operator(ring_seconds=0.2))
        await (await sipp.residents(["+79075400000"], hang_up_after_seconds=14)).wait()

        async def recording() -> dict[str, Any]:
            (call,) = await engine.calls()
            found = call["recording"] and await engine.get(f"/recordings/{call['recording']['id']}")
            return found or {}

        async def told() -> dict[str, Any] | None:
            found = await recording()
            return found if found.get("problem") else None

        async def ready() -> bool:
            return bool((await recording())["state"] == "ready")

        waits = await engine.until(told, "the recording says what is wrong")
        (call,) = await engine.calls()
        folder = stories_pbx.recordings_dir / "callengine"
        assert waits["state"] == "recording"
        assert "make room" in waits["problem"]
        sources = list(folder.glob(f"{call['linkedid']}*.wav"))
        assert sources, "the PBX's files are kept"
        await asyncio.to_thread(mount, "remount,size=4m", small_disk)
        # It looks again after a minute by itself, and at once when it starts: the story need not last so long.
        await engine.kill()
        await engine.start()
        await engine.until(ready, "the import goes on")
        assert abs((await recording())["seconds"] - call["talk_seconds"]) <= 2, "whole"
        await engine.until(lambda: gone(sources), "the PBX's files are cleared away")
    finally:
        await engine.stop()


async def gone(files: list[Path]) -> bool:
    return not any(file.exists() for file in files)


# --- the clock of the PBX -------------------------------------------------------------------------------


def shifted(tape: str, *, began: float) -> bytes:
    """The tape's events as if its first had come at `began`."""
    rows = [json.loads(line) for line in (TAPES / f"{tape}.jsonl").read_text("utf-8").splitlines()]
    events = [row["event"] for row in rows if "event" in row]
    first = float(events[0]["Timestamp"])
    moved = [{**one, "Timestamp": f"{float(one['Timestamp']) - first + began:.6f}"} for one in events]
    return b"".join(block(*(f"{name}: {value}" for name, value in one.items())) for one in moved)


@pytest.fixture
async def fake() -> AsyncIterator[FakeAmi]:
    pbx = FakeAmi()
    await pbx.start()
    yield pbx
    await pbx.stop()


@pytest.mark.parametrize("hours", [1, -1], ids=["ahead", "behind"])
async def test_a_pbx_clock_an_hour_off_loses_nothing_and_is_told(
    fake: FakeAmi, sqlite_store: Store, hours: int
) -> None:
    clock = SystemClock()
    skew = hours * 3600

    def theirs() -> float:
        return clock.now().timestamp() + skew

    ended = theirs() - 60
    noted = {
        "1700000000.1/arrival": f"v1|{ended - 20:.3f}|allowed|%2B79075500000||115|inbound",
        "1700000000.1/end": f"{ended:.3f}|0||TRUE|16||",
    }
    fake.answers["Ping"] = lambda a: response(a, "Ping: Pong", f"Timestamp: {theirs():.6f}")
    fake.answers["DBGetTree"] = lambda a: listing(
        a, *(event("DBGetTreeResponse", Key=f"/callengine/{key}", Val=value) for key, value in noted.items())
    )

    async def nothing(*_: object) -> None: ...

    calls = CallsService(store=sqlite_store, clock=clock)
    bridge = Bridge(
        OnePbx(ami_port=fake.port, ami_secret="secret"), clock, locale=Locale(), calls=calls,
        coverage=CoverageService(store=sqlite_store, clock=clock),
        on_state=nothing, on_resynced=nothing, on_dialled=nothing,
    )  # fmt: skip
    await bridge.prime()
    tasks = Tasks()
    tasks.start(bridge.run(), name="bridge")
    tasks.start(bridge.watch(), name="watch")
    try:
        await bridge.link.wait_for(LinkState.UP, 10)
        for tape in ("queue_answered", "hangup_in_greeting"):
            await fake.push(shifted(tape, began=theirs() - 30))

        async def known() -> list[Any]:
            found, _ = await calls.find(CallFilter())
            return [stored.call for stored in found if stored.call.ended_at]

        async with asyncio.timeout(20):
            while len(found := await known()) < 3:
                await asyncio.sleep(0.05)
        outcomes = sorted(str(call.outcome) for call in found)
        assert outcomes == ["answered", "missed", "missed"], "two from the events, one from the ledger"
        answered = next(call for call in found if call.outcome == "answered")
        assert 0 < answered.talk_seconds < 30
        assert all(abs(call.arrived_at.timestamp() - theirs()) < 200 for call in found), "in the PBX's time"
        assert bridge.link.figures.skew_seconds == pytest.approx(skew, abs=2)
        assert f"3600 s {'ahead of' if hours > 0 else 'behind'} ours" in bridge.link.clock_problem
        assert (bridge.link.figures.lag_seconds or 0) < 120, "the lag is not the skew"
    finally:
        await bridge.link.close()
        await tasks.close()
