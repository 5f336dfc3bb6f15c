"""Each way to go unanswered gives exactly one duty with the right two deadlines (F1, F2, F7)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from callengine.clock import parse_rfc3339
from tests.sipp.driver import Operator, Sipp
from tests.stories.engine import EngineProcess

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(400)]

# Every way has a number of its own: afterwards one look at the engine judges them all.
GREETING, MENU, ANNOUNCEMENT, NO_OPERATORS, AFTER_HOURS = (f"+790740000{n:02d}" for n in range(1, 6))
RINGING, TIMEOUT, REFUSED, DEAD, QUEUE = (f"+790740000{n:02d}" for n in range(6, 11))
WITHHELD, HELPED = "+79074000011", "+79074000012"
EXPECTED = {
    GREETING: "greeting",
    MENU: "menu",
    ANNOUNCEMENT: "announcement",
    NO_OPERATORS: "no_operators",
    AFTER_HOURS: "after_hours",
    RINGING: "ringing",
    TIMEOUT: "timeout",
    REFUSED: "refused",
    DEAD: "phone_dead",
    QUEUE: "queue",
}


async def nobody_is_there(sipp: Sipp) -> None:
    crowds = [
        await sipp.residents([GREETING], hang_up_after_seconds=2),
        await sipp.residents([MENU], did="116", hang_up_after_seconds=14),
        await sipp.residents([ANNOUNCEMENT], did="118", hang_up_after_seconds=9),
        await sipp.residents([NO_OPERATORS], hang_up_after_seconds=90),
        await sipp.residents([AFTER_HOURS], did="117", hang_up_after_seconds=90),
        await sipp.residents([WITHHELD], withheld=True, hang_up_after_seconds=3),
    ]
    await asyncio.gather(*(crowd.wait() for crowd in crowds))


async def two_phones_ring_for_ever(sipp: Sipp) -> None:
    await sipp.operators(["101", "102"], Operator(never_answer=True))
    ringing = await sipp.residents([RINGING], hang_up_after_seconds=16)
    timeout = await sipp.residents([TIMEOUT], hang_up_after_seconds=120)
    await asyncio.gather(ringing.wait(), timeout.wait())
    await sipp.close()


async def both_refuse(sipp: Sipp) -> None:
    await sipp.operators(["101", "102"], Operator(refuse=486))
    await (await sipp.residents([REFUSED], hang_up_after_seconds=120)).wait()
    await sipp.close()


async def the_phone_is_dead(sipp: Sipp) -> None:
    await sipp.dead_peer("101")
    await (await sipp.residents([DEAD], hang_up_after_seconds=120)).wait()
    await sipp.close()


async def the_only_operator_talks(sipp: Sipp, engine: EngineProcess) -> None:
    await sipp.operators(["101"], Operator(ring_seconds=0.2))
    helped = await sipp.residents([HELPED], hang_up_after_seconds=40)
    await engine.until(lambda: talking(engine), "the operator talks")
    waits = await sipp.residents([QUEUE], hang_up_after_seconds=18)
    await asyncio.gather(helped.wait(), waits.wait())


async def talking(engine: EngineProcess) -> bool:
    return any(call["state"] == "talking" for call in await engine.calls())


async def test_each_way_to_go_unanswered_gives_exactly_one_duty_with_both_deadlines(
    engine: EngineProcess, sipp: Sipp
) -> None:
    for scene in (nobody_is_there, two_phones_ring_for_ever, both_refuse, the_phone_is_dead):
        await scene(sipp)
    await the_only_operator_talks(sipp, engine)
    calls = await engine.until_ended(len(EXPECTED) + 2)
    by_number = {call["number"]: call for call in calls}
    assert len(by_number) == len(calls), "each call once"
    assert {number: by_number[number]["missed"] for number in EXPECTED} == EXPECTED
    assert by_number[HELPED]["outcome"] == "answered"
    duties = await engine.duties()
    by_line = {duty["number"]: duty for duty in duties}
    assert sorted(by_line) == sorted([*EXPECTED, ""]), "one duty each; the withheld number is a duty that cannot be met"
    assert len(duties) == len(by_line)
    assert by_line[""]["state"] == "impossible"
    for number in EXPECTED:
        call, duty = by_number[number], by_line[number]
        assert duty["state"] == "open"
        assert duty["call_ids"] == [call["id"]]
        assert duty["arrived_at"] == call["arrived_at"]
        assert parse_rfc3339(duty["due_at"]) == parse_rfc3339(call["ended_at"]) + timedelta(minutes=5)
        assert parse_rfc3339(duty["legal_due_at"]) == parse_rfc3339(call["arrived_at"]) + timedelta(minutes=10)
