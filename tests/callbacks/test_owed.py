"""Duties that are owed though no call was missed: somebody gave a bad mark, and a human calls him within the hour."""

from __future__ import annotations

from datetime import timedelta

import pytest

from callengine.callbacks.model import DutyState
from callengine.clock import ManualClock
from callengine.phone import parse
from callengine.store.database import Store
from tests.callbacks.world import RESIDENT, World


@pytest.fixture
def world(store: Store, clock: ManualClock) -> World:
    return World(store, clock)


async def owe(world: World, *, minutes: float = 60) -> int:
    due = world.clock.now() + timedelta(minutes=minutes)
    async with world.store.begin() as tx:
        data = {"ticket": "26-000001"}
        return await world.service.owe(tx, parse(RESIDENT), reason="rating", due_at=due, ticket_id=None, data=data)


async def test_a_duty_for_a_reason_has_the_hour_that_it_was_given(world: World) -> None:
    began = world.clock.now()
    await owe(world)
    detail = await world.detail()
    duty = detail.stored.duty
    assert (duty.state, duty.reason, duty.missed_count) == (DutyState.OPEN, "rating", 0)
    assert duty.due_at == duty.legal_due_at == began + timedelta(hours=1)
    assert [entry.what for entry in detail.history] == ["owed"]
    assert detail.history[0].data["ticket"] == "26-000001"


async def test_a_conversation_with_an_operator_fulfils_it(world: World) -> None:
    await owe(world)
    world.clock.advance(seconds=600)
    await world.tell(world.call_back())
    duty = await world.the_duty()
    assert (duty.state, duty.in_time) == (DutyState.REACHED, True)


async def test_who_calls_himself_and_gets_through_is_called_back_no_more(world: World) -> None:
    await owe(world)
    world.clock.advance(seconds=60)
    await world.tell(world.gets_through())
    assert await world.states() == [DutyState.SUPERSEDED]


async def test_a_conversation_before_the_bad_mark_fulfils_nothing(world: World) -> None:
    talk = world.call_back(at=world.clock.now() - timedelta(minutes=10))
    await owe(world)
    await world.tell(talk)
    assert await world.states() == [DutyState.OPEN]


async def test_the_robots_own_call_fulfils_nothing(world: World) -> None:
    await owe(world)
    await world.tell(world.call_back(robot=True))
    assert await world.states() == [DutyState.OPEN]


async def test_a_second_bad_mark_keeps_the_earlier_hour(world: World) -> None:
    began = world.clock.now()
    await owe(world)
    world.clock.advance(seconds=1200)
    await owe(world)
    duty = await world.the_duty()
    assert duty.due_at == began + timedelta(hours=1)


async def test_when_the_hour_passes_the_supervisor_is_told(world: World) -> None:
    await owe(world)
    await world.pass_time(seconds=3601)
    detail = await world.detail()
    assert [entry.what for entry in detail.history] == ["owed", "due_operator", "due_legal"]
    assert detail.stored.duty.state is DutyState.OPEN


async def test_a_missed_call_to_the_line_has_a_duty_of_its_own_and_one_talk_settles_both(world: World) -> None:
    await owe(world)
    await world.tell(world.missed())
    assert await world.states() == [DutyState.OPEN, DutyState.OPEN]
    world.clock.advance(seconds=120)
    await world.tell(world.call_back())
    assert await world.states() == [DutyState.REACHED, DutyState.REACHED]


async def test_a_missed_call_without_a_line_joins_it_and_keeps_the_nearer_clock(world: World) -> None:
    began = world.clock.now()
    await owe(world)
    await world.tell(world.missed(line="", lasted=40))
    duty = await world.the_duty()
    assert duty.missed_count == 1 and duty.reason == "rating"
    assert duty.due_at == began + timedelta(seconds=40 + 300)


async def test_a_talk_between_the_mark_and_a_later_missed_call_leaves_that_call_owed(world: World) -> None:
    await owe(world)
    talk = world.call_back(at=world.clock.now() + timedelta(seconds=30), rang=5, talked=20)
    world.clock.advance(seconds=300)
    await world.tell(world.missed(line=""))
    await world.tell(talk)  # told late
    duty = await world.the_duty()
    assert (duty.state, duty.reason, duty.missed_count) == (DutyState.OPEN, "", 1)
