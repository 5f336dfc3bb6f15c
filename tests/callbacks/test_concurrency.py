"""Many at the same moment: one claim, one duty, one call back."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from callengine.callbacks.model import DutyState
from callengine.errors import Conflict
from tests.callbacks.world import NEIGHBOUR, World

pytestmark = [pytest.mark.once]


async def test_f4_of_fifty_claims_at_once_one_wins_and_the_others_hear_who(world: World) -> None:
    operators = [await world.staff(str(100 + number), f"Оператор {number}") for number in range(1, 51)]
    await world.tell(world.missed())
    duty_id = (await world.the_duty()).id
    results = await asyncio.gather(
        *(world.service.claim(duty_id, operator) for operator in operators), return_exceptions=True
    )
    won = [result for result in results if not isinstance(result, BaseException)]
    lost = [result for result in results if isinstance(result, Conflict)]
    assert (len(won), len(lost)) == (1, 49)
    assert {conflict.extra["claimed_by"] for conflict in lost} == {won[0].claimed_by}
    assert (await world.the_duty()).claim_token == 1


async def test_f4_two_presses_of_call_back_begin_one_call(world: World) -> None:
    operators = [await world.staff("101"), await world.staff("102")]
    await world.tell(world.missed())
    duty_id = (await world.the_duty()).id
    presses = [
        world.service.begin_attempt(duty_id, operator, f"req-{operator}-{press}")
        for operator in operators
        for press in range(5)
    ]
    results = await asyncio.gather(*presses, return_exceptions=True)
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert len((await world.detail()).stored.attempts) == 1


async def test_missed_calls_of_one_number_at_once_make_one_duty(world: World) -> None:
    await asyncio.gather(*(world.tell(world.missed()) for _ in range(20)))
    duty = await world.the_duty()
    assert (duty.state, duty.missed_count) == (DutyState.OPEN, 20)


async def test_a_miss_and_a_contact_told_at_once_never_pass_each_other(world: World) -> None:
    start = world.clock.now()
    pairs = []
    for number in range(12):
        phone = f"+790741200{number:02}"
        pairs += [
            world.missed(phone, at=start),
            world.gets_through(phone, at=start + timedelta(seconds=30)),
        ]
    await asyncio.gather(*(world.tell(facts) for facts in pairs))
    assert await world.states() == [DutyState.SUPERSEDED] * 12


async def test_a_claim_and_a_contact_at_once_leave_no_claim_on_a_settled_duty(world: World) -> None:
    operator = await world.staff("101")
    await world.tell(world.missed(NEIGHBOUR))
    duty_id = (await world.the_duty()).id
    await asyncio.gather(
        world.service.claim(duty_id, operator), world.tell(world.gets_through(NEIGHBOUR)), return_exceptions=True
    )
    duty = await world.the_duty()
    assert (duty.state, duty.claimed_by) == (DutyState.SUPERSEDED, None)
