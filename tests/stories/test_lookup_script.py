"""agi_scripts/lookup.py against a living engine: beside a PBX that cannot reach FastAGI it says the same, by HTTP."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from callengine.clock import SystemClock
from callengine.directory.service import DirectoryService
from callengine.store.database import Store
from tests.pbx.fake_agi import HEAD, FakeCall
from tests.pbx.fake_ami import FakeAmi
from tests.pbx_fixture import free_ports
from tests.stories.engine import HOME, EngineProcess

SCRIPT = HOME / "agi_scripts" / "lookup.py"
NAMES = ("CE_NAME", "CE_QUEUE", "CE_ACCIDENT", "CE_KNOWN")


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[EngineProcess]:
    """With the sample town, on a PBX of which the lookup needs nothing."""
    pbx = FakeAmi()
    await pbx.start()
    (agi,) = free_ports(1)
    place: Any = SimpleNamespace(ami_user="callengine", ami_secret="secret", fastagi_port=agi, recordings_dir="")
    made = EngineProcess(place, tmp_path / "engine", pbx.port)
    made.fastagi_port = agi  # type: ignore[attr-defined]
    await made.furnish()
    await made.start()
    yield made
    await made.stop()
    await pbx.stop()


async def by_script(
    env: Mapping[str, str], answer: bytes = b"200 result=1\n", **head: str
) -> tuple[dict[str, str], str]:
    """Asterisk's side of one process AGI: what was set, and what the script wrote to its error channel."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), "115", env={**os.environ, "PYTHONPATH": str(HOME), **env}, cwd="/",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin and process.stdout and process.stderr
    lines = (HEAD | {"agi_network": "no", "agi_request": str(SCRIPT), "agi_arg_1": "115"} | head).items()
    process.stdin.write("".join(f"{key}: {value}\n" for key, value in lines).encode() + b"\n")
    found: dict[str, str] = {}
    async with asyncio.timeout(20):
        while line := (await process.stdout.readline()).decode():
            if match := re.fullmatch(r'SET VARIABLE "?(\w+)"? "(.*)"\n', line):
                found[match[1]] = re.sub(r"\\(.)", r"\1", match[2])
            else:
                assert not line.strip(), f"no command of ours: {line!r}"
            process.stdin.write(answer)
        process.stdin.close()
        said = (await process.stderr.read()).decode()
        assert await process.wait() == 0, said
    return found, said


async def by_fastagi(engine: EngineProcess, **head: str) -> dict[str, str]:
    async with FakeCall(engine.fastagi_port, **head) as call:  # type: ignore[attr-defined]
        commands = await call.run()
    (match,) = [m for one in commands if (m := re.fullmatch(r'SET VARIABLE ARRAY\(([\w,]+)\) "(.*)"', one))]
    return dict(zip(match[1].split(","), match[2].split(","), strict=True))


async def numbers_of_every_kind(engine: EngineProcess) -> dict[str, str]:
    """A number of the town for each answer that there can be."""
    store = Store(engine.store_url)
    directory = DirectoryService(store, SystemClock())
    found = {"nobody": "+79990000001"}
    try:
        for number in await directory.sample_numbers(2000):
            people = await directory.candidates(number)
            houses = {home.house.id for person in people for home in person.residences}
            kinds = {one.kind for house in houses for one in await directory.incidents(house)}
            what = "accident" if "accident" in kinds else "planned" if kinds else "quiet"
            found.setdefault(f"{'one' if len(people) == 1 else 'several'}, {what}", number)
            if {"one, accident", "one, quiet", "several, quiet"} <= found.keys():
                break
    finally:
        await store.close()
    return found


async def test_it_sets_what_fastagi_sets_for_every_kind_of_caller(engine: EngineProcess) -> None:
    env = {"CALLENGINE_URL": engine.url, "CALLENGINE_TOKEN": engine.tokens["petrova"]}
    numbers = await numbers_of_every_kind(engine)
    assert {"nobody", "one, accident", "one, quiet", "several, quiet"} <= numbers.keys()
    for kind, number in numbers.items():
        said, complaint = await by_script(env, agi_callerid=number)
        assert said == await by_fastagi(engine, agi_callerid=number), kind
        assert complaint == "", kind
        assert said["CE_KNOWN"] == ("0" if kind == "nobody" else "1")
        assert bool(said["CE_ACCIDENT"]) == ("accident" in kind)
        assert bool(said["CE_NAME"]) == kind.startswith("one")


async def test_it_asks_for_nobody_in_vain_and_a_mistake_of_the_set_up_lets_the_call_go_on(
    engine: EngineProcess,
) -> None:
    env = {"CALLENGINE_URL": engine.url, "CALLENGINE_TOKEN": engine.tokens["petrova"]}
    number = (await numbers_of_every_kind(engine))["one, quiet"]
    said, complaint = await by_script(env, agi_callerid=number, agi_callingpres="35")
    assert said == {"CE_NAME": "", "CE_QUEUE": "", "CE_ACCIDENT": "", "CE_KNOWN": "0"}, "who hides his number"
    assert complaint == ""
    mistakes = [
        ({"CALLENGINE_TOKEN": "guessed"}, "401"),
        ({"CALLENGINE_TOKEN": ""}, "CALLENGINE_TOKEN"),
        ({"CALLENGINE_URL": "http://127.0.0.1:9"}, "refused"),
        ({"CALLENGINE_URL": ""}, "CALLENGINE_URL"),
    ]
    for mistake, hint in mistakes:
        said, complaint = await by_script(env | mistake, agi_callerid=number)
        assert said["CE_KNOWN"] == "0", mistake
        assert hint in complaint, "it stands on the console of the PBX"
        assert "Traceback" not in complaint
    said, _ = await by_script(env, answer=b"HANGUP\n", agi_callerid=number)
    assert set(said) <= set(NAMES), "who hangs up meanwhile ends the script"
