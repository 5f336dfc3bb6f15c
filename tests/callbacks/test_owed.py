"""Duties that are owed though no call was missed: somebody gave a bad mark, and a human calls him within the hour."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select

from callengine.callbacks.model import DutyState
from callengine.calls.events import CallbackRequested, CallEnded, MessageLeft
from callengine.calls.model import Conversation, Direction, Outcome, State, Talk
from callengine.clock import ManualClock
from callengine.phone import parse
from callengine.store.database import Store
from callengine.store.recordings import comments_of
from callengine.store.tables import duty_calls, recordings
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


# --- who asked the robot for an operator ---------------------------------------------------------------------


def robots_call(world: World, *, asked: bool = True, **changes: Any) -> Conversation:
    """The robot has called; he asked for an operator after 20 s and hung up after 60."""
    began = world.clock.now()
    call = Conversation(
        key=world.key(),
        direction=Direction.OUTBOUND,
        arrived_at=began,
        number=parse(RESIDENT),
        did=RESIDENT,
        robot=True,
        request_id="robot-7-1",
        state=State.ENDED,
        outcome=Outcome.ANSWERED,
        answered_at=began + timedelta(seconds=5),
        queued_at=began + timedelta(seconds=20) if asked else None,
        ended_at=began + timedelta(seconds=60),
    )
    return call.evolve(**changes)


def ended(call: Conversation) -> CallEnded:
    assert call.ended_at is not None
    return CallEnded(call.ended_at, call)


async def test_who_asked_the_robot_for_an_operator_and_had_none_is_owed_a_call(world: World) -> None:
    call_id = await world.tell([ended(robots_call(world))])
    detail = await world.detail()
    duty = detail.stored.duty
    assert (duty.state, duty.reason, duty.missed_count) == (DutyState.OPEN, "asked_operator", 0)
    assert duty.due_at == world.clock.now() + timedelta(seconds=world.settings.operator_seconds)
    assert detail.stored.call_ids == (call_id,)


async def test_told_twice_and_late_he_is_owed_one_call_and_none_after_it(world: World) -> None:
    call = robots_call(world)
    await world.tell([ended(call)])
    await world.tell([ended(call)])
    world.clock.advance(seconds=120)
    await world.tell(world.call_back())
    await world.tell([ended(call)])
    assert await world.states() == [DutyState.REACHED]


async def test_who_never_asked_or_was_answered_is_owed_nothing(world: World) -> None:
    await world.tell([ended(robots_call(world, asked=False))])
    talk = Talk("101", world.clock.now(), world.clock.now() + timedelta(seconds=30))
    await world.tell([ended(robots_call(world, talks=(talk,)))])
    assert await world.duties() == []


async def test_the_key_that_asks_for_a_callback_owes_it_at_once(world: World) -> None:
    call = robots_call(world, ended_at=None, outcome=None, state=State.QUEUED, callback_requested=True)
    await world.tell([CallbackRequested(world.clock.now(), call)])
    assert (await world.the_duty()).callback_requested
    await world.tell([ended(robots_call(world, key=call.key, callback_requested=True))])
    assert [entry.what for entry in (await world.detail()).history] == ["owed", "callback_requested"]


async def test_a_message_left_in_the_robots_call_hangs_on_the_duty_and_what_was_said_to_the_robot_does_not(
    world: World,
) -> None:
    call = robots_call(world, message_file="m.wav")
    call_id = await world.tell([MessageLeft(world.clock.now(), call), ended(call)])
    kept = {}
    async with world.store.begin() as tx:
        for name in ("comment.wav", "m.wav"):
            values = {"pbx": "main", "kind": "message", "file_name": name, "state": "ready", "call_id": call_id}
            made = insert(recordings).values(**values, created_at=world.clock.now())
            kept[name] = (await tx.conn.execute(made.returning(recordings.c.id))).scalar_one()
        for recording_id in (kept["m.wav"], kept["comment.wav"]):
            await world.service.attach_message(tx, call_id, recording_id)
    assert (await world.the_duty()).message_recording_id == kept["m.wav"]
    async with world.store.read() as conn:
        comments = await comments_of(conn, [call_id])
    assert [comment.id for comment in comments.values()] == [kept["comment.wav"]]
    heard = await world.service.heard((await world.the_duty()).id, await world.staff("101"))
    assert (heard.state, heard.message_heard_at) == (DutyState.OPEN, world.clock.now())


async def test_a_bad_mark_stays_the_reason_of_who_also_asked_for_an_operator(world: World) -> None:
    await owe(world)
    await world.tell([ended(robots_call(world))])
    duty = await world.the_duty()
    assert (duty.reason, duty.due_at) == ("rating", world.clock.now() + timedelta(seconds=300))


async def test_he_is_no_missed_call_of_the_day(world: World) -> None:
    await world.tell([ended(robots_call(world))])
    async with world.store.read() as conn:
        assert (await conn.execute(select(duty_calls.c.part))).scalars().all() == ["asked"]
    figures = await world.service.compliance(world.clock.now().date(), ZoneInfo("UTC"))
    assert figures.callable == 0
