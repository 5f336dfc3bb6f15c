"""The engine killed, the link cut, the PBX killed: afterwards all is as after an undisturbed run of the same script."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest

from callengine.clock import parse_rfc3339
from callengine.sandbox.pbx import SandboxPbx
from tests.sipp.driver import Operator, Sipp
from tests.stories.engine import EngineProcess, Wire

pytestmark = [pytest.mark.pbx, pytest.mark.once]

HELPED = [f"+7907100{n:04d}" for n in range(10)]
GREETING = [f"+7907200{n:04d}" for n in range(5)]
CLOSED = [f"+7907300{n:04d}" for n in range(5)]
OPERATORS = [str(101 + n) for n in range(10)]
Disturb = Callable[[], Awaitable[None]]
Seen = dict[str, tuple[str, str, bool]]


async def twenty_calls(sipp: Sipp, disturb: Disturb, *, talk_seconds: float = 20) -> datetime:
    """Ten are answered, five hang up in the greeting, five call after hours; in the middle of it `disturb` happens."""
    began = datetime.now().astimezone()
    await sipp.operators(OPERATORS, Operator(ring_seconds=0.5, talk_seconds=talk_seconds))
    crowds = [
        await sipp.residents(HELPED, hang_up_after_seconds=120),
        await sipp.residents(GREETING, hang_up_after_seconds=4),
        await sipp.residents(CLOSED, did="117", hang_up_after_seconds=60),
    ]
    await disturb()
    await asyncio.gather(*(crowd.wait(180) for crowd in crowds))
    return began


async def seen_by(engine: EngineProcess, *, began: datetime) -> Seen:
    """Outcome, place and duty of each number; each call once, and none before the script began."""

    async def settled() -> bool:
        calls = await engine.calls()
        return len(calls) >= 20 and all(call["state"] == "ended" for call in calls)

    await engine.until(settled, "all twenty calls have ended", seconds=90)
    calls, duties = await engine.calls(), await engine.duties()
    assert sorted(call["number"] for call in calls) == sorted(HELPED + GREETING + CLOSED), "each call once"
    owed = {duty["number"]: duty for duty in duties}
    assert len(owed) == len(duties), "one duty a number"
    for call in calls:
        assert parse_rfc3339(call["arrived_at"]) >= began
        if duty := owed.get(call["number"]):
            assert duty["arrived_at"] == call["arrived_at"]
    return {call["number"]: (call["outcome"], call["missed"], call["number"] in owed) for call in calls}


UNDISTURBED: Seen = {
    **{number: ("answered", None, False) for number in HELPED},
    **{number: ("missed", "greeting", True) for number in GREETING},
    **{number: ("missed", "after_hours", True) for number in CLOSED},
}


def spread(calls: list[dict[str, Any]]) -> float:
    """Seconds between the first arrival and the last."""
    moments = sorted(parse_rfc3339(call["arrived_at"]) for call in calls)
    return (moments[-1] - moments[0]).total_seconds()


async def test_twenty_calls_undisturbed(engine: EngineProcess, sipp: Sipp) -> None:
    async def nothing() -> None:
        pass

    began = await twenty_calls(sipp, nothing)
    assert await seen_by(engine, began=began) == UNDISTURBED


async def test_the_engine_killed_during_twenty_calls_and_started_again_knows_all_of_them(
    engine: EngineProcess, sipp: Sipp
) -> None:
    async def kill_and_start() -> None:
        await engine.until(lambda: at_least(engine, 5), "five calls are seen")
        await engine.kill()
        await asyncio.sleep(30)  # the story itself: thirty seconds without an engine
        await engine.start()

    began = await twenty_calls(sipp, kill_and_start)
    assert await seen_by(engine, began=began) == UNDISTURBED
    assert spread(await engine.calls()) < 15, "arrival times are those of the calls, not of the discovery"


async def test_the_link_cut_for_a_minute_loses_nothing(engine: EngineProcess, sipp: Sipp, wire: Wire) -> None:
    async def cut() -> None:
        await engine.until(lambda: at_least(engine, 5), "five calls are seen")
        wire.cut()
        await asyncio.sleep(60)  # the story itself: a minute without a link
        wire.mend()

    began = await twenty_calls(sipp, cut)
    assert await seen_by(engine, began=began) == UNDISTURBED
    assert spread(await engine.calls()) < 15


async def test_asterisk_killed_and_restarted_leaves_every_call_with_its_outcome(
    engine: EngineProcess, sipp: Sipp, stories_pbx: SandboxPbx
) -> None:
    """What was talked is answered, what waited is missed with its true arrival; nothing stays open for ever."""
    await sipp.operators(OPERATORS[:5], Operator(ring_seconds=0.5))
    talking, waiting = HELPED[:5], GREETING
    await sipp.residents(talking, hang_up_after_seconds=300)
    await engine.until(lambda: talking_now(engine, 5), "five talk", seconds=60)
    await sipp.residents(waiting, hang_up_after_seconds=300)
    await engine.until(lambda: at_least(engine, 10), "ten calls are seen")
    await stories_pbx.kill()
    for crowd in sipp.crowds:
        await crowd.stop()
    await stories_pbx.start()
    calls = await engine.until_ended(10, seconds=90)
    outcomes = {call["number"]: call["outcome"] for call in calls}
    assert outcomes == {**dict.fromkeys(talking, "answered"), **dict.fromkeys(waiting, "missed")}
    duties = await engine.duties()
    assert sorted(duty["number"] for duty in duties) == sorted(waiting)


async def at_least(engine: EngineProcess, count: int) -> bool:
    return len(await engine.calls()) >= count


async def talking_now(engine: EngineProcess, count: int) -> bool:
    return sum(call["state"] == "talking" for call in await engine.calls()) >= count
