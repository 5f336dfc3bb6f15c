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
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from callengine.bridge import Bridge
from callengine.callbacks.model import DutyFilter
from callengine.callbacks.service import CallbacksService
from callengine.calls.coverage import CoverageService
from callengine.calls.events import CallEnded, CallMissed
from callengine.calls.model import CallFilter, Conversation
from callengine.calls.service import CallsService
from callengine.clock import ManualClock
from callengine.config import Callbacks, Locale, OnePbx
from callengine.pbx.ami import LinkState
from callengine.pbx.replay import facts_of_tape
from callengine.pbx.translate import WANTED_EVENTS
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


def let_go(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@on_pbx
async def test_scans_and_half_requests_at_the_fastagi_port_disturb_no_call(
    engine: EngineProcess, sipp: Sipp, stories_pbx: SandboxPbx
) -> None:
    numbers = [f"+79075300{n:03d}" for n in range(10)]
    await sipp.operators(["101"], Operator(ring_seconds=0.2))
    crowd = await sipp.residents(numbers, hang_up_after_seconds=8)
    chance = random.Random(7)
    with contextlib.ExitStack() as held:
        for n in range(300):
            _, writer = await asyncio.open_connection("127.0.0.1", stories_pbx.fastagi_port)
            writer.write(HALVES[n % len(HALVES)] or chance.randbytes(200))
            if n % 3:
                writer.transport.abort()
            else:
                held.callback(let_go, writer)  # the writer itself: one that is collected closes its connection
        async with FakeCall(stories_pbx.fastagi_port) as lookup:
            commands = await lookup.run()
        assert any("CE_KNOWN" in command for command in commands), "a real request is answered beside a hundred held"
        await crowd.wait()
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


def rows_of(tape: str) -> list[dict[str, str]]:
    lines = (TAPES / f"{tape}.jsonl").read_text("utf-8").splitlines()
    rows = [row["event"] for row in map(json.loads, lines) if "event" in row]
    return [one for one in rows if one["Event"] in WANTED_EVENTS]


def moments(call: Conversation) -> list[datetime | None]:
    return [
        call.arrived_at, call.queued_at, call.offered_at, call.answered_at, call.ended_at,
        *(at for talk in call.talks for at in (talk.began_at, talk.ended_at)),
    ]  # fmt: skip


def undisturbed(tape: str, *, began: float) -> list[float | None]:
    """The moments of the tape's call when every clock is right."""
    told = list(facts_of_tape((TAPES / f"{tape}.jsonl").read_text("utf-8").splitlines(), Locale()))
    by = began - float(rows_of(tape)[0]["Timestamp"])
    return [at.timestamp() + by if at else None for at in moments(told[-1].call)]


@pytest.fixture
async def fake() -> AsyncIterator[FakeAmi]:
    pbx = FakeAmi()
    await pbx.start()
    yield pbx
    await pbx.stop()


class Skewed:
    """A bridge to a PBX whose clock is off by `skew` seconds, with the duties that follow from its calls.

    The true time is moved by hand, from event to event.
    """

    def __init__(self, fake: FakeAmi, store: Store, skew: float) -> None:
        self.fake, self.clock, self.skew = fake, ManualClock(), skew
        self.noted: dict[str, str] = {}
        fake.answers["Ping"] = lambda a: response(a, "Ping: Pong", f"Timestamp: {self.theirs():.6f}")
        fake.answers["DBGetTree"] = lambda a: listing(
            a, *(event("DBGetTreeResponse", Key=f"/callengine/{key}", Val=value) for key, value in self.noted.items())
        )
        duties = self.duties = CallbacksService(store, self.clock, Callbacks())
        store.within |= {CallMissed: [duties.on_missed], CallEnded: [duties.on_ended]}
        self.calls = CallsService(store=store, clock=self.clock)
        self.bridge = Bridge(
            OnePbx(ami_port=fake.port, ami_secret="secret"), self.clock, locale=Locale(), calls=self.calls,
            coverage=CoverageService(store=store, clock=self.clock),
            on_state=self._nothing, on_resynced=self._nothing, on_dialled=self._nothing,
        )  # fmt: skip
        self._tasks = Tasks()

    async def _nothing(self, *_: object) -> None: ...

    def theirs(self) -> float:
        return self.clock.now().timestamp() + self.skew

    async def __aenter__(self) -> Skewed:
        await self.bridge.prime()
        self._tasks.start(self.bridge.run(), name="bridge")
        self._tasks.start(self.bridge.watch(), name="watch")
        await self.bridge.link.wait_for(LinkState.UP, 10)
        async with asyncio.timeout(10):
            while self.bridge.link.pbx_clock.skew_seconds is None:
                await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.bridge.link.close()
        await self._tasks.close()

    async def play(self, events: list[dict[str, str]]) -> None:
        """The PBX tells them live, in its own time."""
        before = float(events[0]["Timestamp"])
        for one in events:
            at = float(one["Timestamp"])
            self.clock.advance(seconds=max(0.0, at - before))
            before = max(before, at)
            heard = self.bridge.link.figures.events
            told = one | {"Timestamp": f"{self.theirs():.6f}"}
            await self.fake.push(block(*(f"{name}: {value}" for name, value in told.items())))
            async with asyncio.timeout(10):
                while self.bridge.link.figures.events == heard:
                    await asyncio.sleep(0)

    async def ended(self, count: int) -> dict[str, Conversation]:
        """By linkedid, as soon as there are so many."""
        async with asyncio.timeout(20):
            while True:
                found, _ = await self.calls.find(CallFilter())
                if len(done := {one.call.key.linkedid: one.call for one in found if one.call.ended_at}) >= count:
                    return done
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("hours", [0, 1, -1], ids=["right", "ahead", "behind"])
async def test_a_pbx_clock_an_hour_off_shifts_no_time_and_no_deadline(
    fake: FakeAmi, sqlite_store: Store, hours: int
) -> None:
    world = Skewed(fake, sqlite_store, hours * 3600)
    now = world.clock.now().timestamp()
    # Of a call in an outage, only the ledger tells.
    arrived, ended = now - 80, now - 60
    world.noted = {
        "1700000000.1/arrival": f"v1|{arrived + world.skew:.3f}|allowed|%2B79075500000||115|inbound",
        "1700000000.1/end": f"{ended + world.skew:.3f}|0||TRUE|16||",
    }
    async with world:
        expected = {}
        for tape in ("queue_answered", "hangup_in_greeting"):
            events = rows_of(tape)
            expected[events[0]["Linkedid"]] = undisturbed(tape, began=world.clock.now().timestamp())
            await world.play(events)
        found = await world.ended(3)
        duties = [stored.duty for stored in (await world.duties.find(DutyFilter()))[0]]
        for linkedid, times in expected.items():
            exact = [at.timestamp() if at else None for at in moments(found[linkedid])]
            assert exact == [pytest.approx(at, abs=0.1) if at else None for at in times]
        unseen = found["1700000000.1"]
        assert unseen.arrived_at.timestamp() == pytest.approx(arrived, abs=0.1)
        assert (unseen.ended_at or unseen.arrived_at).timestamp() == pytest.approx(ended, abs=0.1)
        missed = sorted(call.arrived_at for call in found.values() if call.outcome == "missed")
        assert sorted(duty.arrived_at for duty in duties) == missed
        assert len(missed) == 2
        for duty in duties:
            (call,) = [call for call in found.values() if call.arrived_at == duty.arrived_at]
            assert duty.due_at == (call.ended_at or call.arrived_at) + timedelta(minutes=5)
            assert duty.legal_due_at == call.arrived_at + timedelta(minutes=10)
        link = world.bridge.link
        assert link.figures.skew_seconds == pytest.approx(world.skew, abs=0.5)
        assert link.pbx_clock.corrected_seconds == pytest.approx(world.skew, abs=0.5)
        assert (f"3600 s {'ahead of' if hours > 0 else 'behind'} ours" in link.clock_problem) == (hours != 0)
        assert (link.figures.lag_seconds or 0) < 120, "the lag is not the skew"


@pytest.mark.parametrize("hours", [1, -1], ids=["forward", "back"])
async def test_a_pbx_clock_that_is_set_in_the_middle_of_a_call_makes_no_negative_wait(
    fake: FakeAmi, sqlite_store: Store, hours: int
) -> None:
    tape = "queue_answered"
    events = rows_of(tape)
    linkedid = events[0]["Linkedid"]
    half = next(n for n, one in enumerate(events) if one["Event"] == "BridgeEnter")
    async with Skewed(fake, sqlite_store, 0) as world:
        expected = undisturbed(tape, began=world.clock.now().timestamp())
        await world.play(events[:half])
        world.skew = hours * 3600
        await world.play(events[half:])
        call = (await world.ended(1))[linkedid]
    exact = [at.timestamp() if at else None for at in moments(call)]
    assert exact == [pytest.approx(at, abs=0.1) if at else None for at in expected]
    assert call.wait_seconds is not None and call.wait_seconds > 0


async def test_an_outage_in_which_the_pbx_clock_was_put_right_gives_the_true_times(
    fake: FakeAmi, sqlite_store: Store
) -> None:
    async with Skewed(fake, sqlite_store, 3600) as world:
        fake.cut()
        await world.bridge.link.wait_for(LinkState.DOWN, 10)
        now = world.clock.now().timestamp()
        before, after = now + 100, now + 200
        world.clock.advance(seconds=300)
        world.noted = {
            "1700000000.1/arrival": f"v1|{before + 3600:.3f}|allowed|%2B79075500001||115|inbound",
            "1700000000.1/end": f"{before + 3600.5:.3f}|0||TRUE|16||",
            "1700000001.2/arrival": f"v1|{after:.3f}|allowed|%2B79075500002||115|inbound",
            "1700000001.2/end": f"{after + 0.1:.3f}|0||TRUE|16||",
        }
        world.skew = 0
        found = await world.ended(2)
    assert found["1700000000.1"].arrived_at.timestamp() == pytest.approx(before, abs=0.1)
    assert found["1700000000.1"].wait_seconds == pytest.approx(0.5, abs=0.1)
    assert found["1700000001.2"].arrived_at.timestamp() == pytest.approx(after, abs=0.1)
