"""Duties: what opens, joins, fulfils and ends them, in whatever order the facts come."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import insert

from callengine.callbacks.model import DutyFilter, DutyState
from callengine.calls.events import CallbackRequested, CallFact, MessageLeft
from callengine.calls.model import Missed, Outcome, State
from callengine.clock import ManualClock
from callengine.config import Callbacks
from callengine.errors import Conflict, NotFound, Refused
from callengine.phone import WITHHELD, parse
from callengine.store.access import change_state
from callengine.store.database import Store
from callengine.store.tables import recordings
from tests.callbacks.world import LINE, NEIGHBOUR, RESIDENT, World

# --- what opens a duty -------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", list(Missed))
async def test_f7_every_way_to_go_unanswered_opens_one_duty(world: World, where: Missed) -> None:
    await world.tell(world.missed(where=where))
    detail = await world.detail()
    assert detail.stored.duty.state is DutyState.OPEN
    assert detail.stored.where == where.value
    assert world.facts() == ["DutyOpened"]


async def test_the_operators_clock_runs_from_the_end_and_the_laws_from_the_arrival(world: World) -> None:
    arrived = world.clock.now()
    await world.tell(world.missed(lasted=90))
    duty = await world.the_duty()
    assert duty.arrived_at == arrived
    assert duty.due_at == arrived + timedelta(seconds=90 + 300)
    assert duty.legal_due_at == arrived + timedelta(seconds=600)


async def test_another_missed_call_joins_and_keeps_the_earliest_deadlines(world: World) -> None:
    await world.tell(world.missed())
    before = await world.the_duty()
    world.clock.advance(seconds=120)
    await world.tell(world.missed(where=Missed.MENU))
    detail = await world.detail()
    duty = detail.stored.duty
    assert (duty.missed_count, len(detail.stored.call_ids), detail.stored.where) == (2, 2, "menu")
    assert (duty.due_at, duty.legal_due_at) == (before.due_at, before.legal_due_at)
    assert world.facts() == ["DutyOpened", "DutyJoined"]


async def test_other_numbers_and_other_lines_have_duties_of_their_own(world: World) -> None:
    await world.tell(world.missed())
    await world.tell(world.missed(NEIGHBOUR))
    await world.tell(world.missed(line="+73072249999"))
    assert await world.states() == [DutyState.OPEN] * 3


async def test_a_withheld_number_is_visible_but_impossible_and_has_no_clock(world: World) -> None:
    await world.tell(world.missed(WITHHELD))
    await world.tell(world.missed(WITHHELD))
    assert await world.states() == [DutyState.IMPOSSIBLE] * 2
    await world.pass_time(seconds=3600)
    assert world.facts() == ["DutyOpened", "DutyOpened"]


async def test_a_text_that_is_no_number_is_impossible_and_not_ignored(world: World) -> None:
    await world.tell(world.missed(parse("диспетчер «Иванов»\n<script>")))
    assert (await world.the_duty()).state is DutyState.IMPOSSIBLE


async def test_a_robots_missed_call_is_nobodys_duty(world: World) -> None:
    await world.tell(world.missed(robot=True))
    assert await world.duties() == []


async def test_a_fact_told_twice_changes_nothing(world: World) -> None:
    facts = world.missed(callback_requested=True, message_file="m.wav")
    await world.tell(facts)
    once = await world.detail()
    await world.tell(facts)
    assert await world.detail() == once


# --- the queue's keys --------------------------------------------------------------------------------------


async def test_f8_the_callback_key_opens_the_duty_at_once_and_keeps_the_waiting_time(world: World) -> None:
    arrived = world.clock.now()
    missed, ended = world.missed(lasted=100, where=Missed.CALLBACK_REQUESTED, callback_requested=True)
    pressed_at = arrived + timedelta(seconds=90)
    live = missed.call.evolve(state=State.QUEUED, outcome=None, missed=None, ended_at=None)
    await world.tell([CallbackRequested(pressed_at, live)])
    assert (await world.the_duty()).callback_requested
    await world.tell([missed, ended])
    duty = await world.the_duty()
    assert duty.missed_count == 1
    assert duty.legal_due_at == arrived + timedelta(seconds=600)  # the waiting counts
    assert duty.due_at == arrived + timedelta(seconds=100 + 300)  # the end is known now


async def test_a_voice_message_joins_the_duty_and_must_be_heard(world: World) -> None:
    operator = await world.staff("101")
    facts = world.missed(where=Missed.MESSAGE, message_file="1763625600.1.wav")
    await world.tell([MessageLeft(facts[0].at, facts[0].call), *facts])
    duty = await world.the_duty()
    assert (duty.state, duty.missed_count, duty.message_heard_at) == (DutyState.OPEN, 1, None)
    heard = await world.service.heard(duty.id, operator)
    assert heard.message_heard_at == world.clock.now()
    assert heard.state is DutyState.OPEN  # heard is not answered
    assert [entry.what for entry in (await world.detail()).history] == ["opened", "message", "heard"]


async def test_a_message_told_after_the_miss_hangs_on_the_same_duty(world: World) -> None:
    facts = world.missed()
    await world.tell(facts)
    await world.tell([MessageLeft(facts[0].at, facts[0].call.evolve(message_file="m.wav"))])
    assert [entry.what for entry in (await world.detail()).history] == ["opened", "message"]


async def test_the_recording_of_a_message_is_found_whenever_it_comes(world: World) -> None:
    call_id = await world.tell(world.missed(message_file="m.wav"))
    async with world.store.begin() as tx:
        values = {"pbx": "main", "kind": "message", "file_name": "m.wav", "state": "ready"}
        made = insert(recordings).values(call_id=call_id, created_at=world.clock.now(), **values)
        recording_id = (await tx.conn.execute(made.returning(recordings.c.id))).scalar_one()
    assert (await world.the_duty()).message_recording_id == recording_id
    async with world.store.begin() as tx:
        await world.service.attach_message(tx, call_id, recording_id)
    assert (await world.the_duty()).message_recording_id == recording_id


async def test_hearing_a_message_that_is_not_there_is_refused(world: World) -> None:
    await world.tell(world.missed())
    with pytest.raises(Refused):
        await world.service.heard((await world.the_duty()).id, await world.staff("101"))


# --- contact -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("request_id", ["", "req-1"])
async def test_a_conversation_fulfils_the_duty_from_the_desk_or_by_hand(world: World, request_id: str) -> None:
    operator = await world.staff("101")
    await world.tell(world.missed())
    duty_id = (await world.the_duty()).id
    if request_id:
        await world.service.begin_attempt(duty_id, operator, request_id)
    world.clock.advance(seconds=100)
    call_id = await world.tell(world.call_back(request_id=request_id))
    detail = await world.detail()
    duty = detail.stored.duty
    assert (duty.state, duty.settled_by, duty.settled_call_id) == (DutyState.REACHED, operator, call_id)
    assert duty.in_time is True
    assert [(a.result, a.staff_id, a.call_id) for a in detail.stored.attempts] == [("answered", operator, call_id)]
    assert detail.stored.settled_by_name == "Оператор 101"


async def test_contact_is_the_moment_of_the_answer_not_of_the_end(world: World) -> None:
    await world.tell(world.missed())
    world.clock.advance(seconds=570)
    await world.tell(world.call_back(rang=20, talked=900))
    assert (await world.the_duty()).in_time is True


async def test_contact_after_the_legal_limit_is_late(world: World) -> None:
    await world.tell(world.missed())
    world.clock.advance(seconds=595)
    await world.tell(world.call_back(rang=10))
    duty = await world.the_duty()
    assert (duty.state, duty.in_time) == (DutyState.REACHED, False)


async def test_the_duty_is_reached_while_they_still_talk(world: World) -> None:
    await world.tell(world.missed())
    answered, ended = world.call_back(rang=0, talked=900)
    await world.tell([answered])
    assert (await world.the_duty()).state is DutyState.OPEN
    await world.pass_time(seconds=5)
    assert (await world.the_duty()).state is DutyState.REACHED
    once = await world.detail()
    await world.tell([ended])
    assert (await world.detail()).stored.duty == once.stored.duty


async def test_an_answered_call_of_the_same_number_supersedes(world: World) -> None:
    await world.tell(world.missed())
    world.clock.advance(seconds=60)
    await world.tell(world.gets_through())
    duty = await world.the_duty()
    assert (duty.state, duty.in_time, duty.settled_by) == (DutyState.SUPERSEDED, True, None)


async def test_an_answered_call_of_somebody_else_does_not(world: World) -> None:
    await world.tell(world.missed())
    await world.tell(world.gets_through(NEIGHBOUR))
    assert (await world.the_duty()).state is DutyState.OPEN


async def test_the_robots_call_never_fulfils_a_duty_nor_counts_as_an_attempt(world: World) -> None:
    await world.tell(world.missed())
    await world.tell(world.call_back(robot=True, operator=""))
    await world.tell(world.call_back(robot=True, operator="", outcome=Outcome.NO_ANSWER))
    detail = await world.detail()
    assert (detail.stored.duty.state, detail.stored.attempts) == (DutyState.OPEN, ())


async def test_a_missed_call_after_the_contact_opens_a_new_duty(world: World) -> None:
    await world.tell(world.missed())
    world.clock.advance(seconds=100)
    await world.tell(world.call_back())
    world.clock.advance(seconds=300)
    await world.tell(world.missed())
    assert await world.states() == [DutyState.REACHED, DutyState.OPEN]


async def test_a_call_missed_while_we_talk_to_the_household_is_owed(world: World) -> None:
    facts = world.call_back(rang=0, talked=300)
    await world.tell(facts)
    await world.tell(world.missed(at=world.clock.now() + timedelta(seconds=100)))
    assert await world.states() == [DutyState.OPEN]


# --- attempts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        (Outcome.NO_ANSWER, "no_answer"),
        (Outcome.BUSY, "busy"),
        (Outcome.REJECTED, "rejected"),
        (Outcome.FAILED, "failed"),
    ],
)
async def test_a_call_back_without_answer_is_an_attempt(world: World, outcome: Outcome, result: str) -> None:
    await world.tell(world.missed())
    world.clock.advance(seconds=60)
    await world.tell(world.call_back(outcome=outcome))
    detail = await world.detail()
    assert detail.stored.duty.state is DutyState.ATTEMPTED
    assert [attempt.result for attempt in detail.stored.attempts] == [result]


async def test_a_bridge_shorter_than_a_conversation_is_an_attempt(world: World) -> None:
    await world.tell(world.missed())
    world.clock.advance(seconds=60)
    await world.tell(world.call_back(talked=4))
    await world.pass_time(seconds=60)
    detail = await world.detail()
    assert detail.stored.duty.state is DutyState.ATTEMPTED
    assert [attempt.result for attempt in detail.stored.attempts] == ["short"]


async def test_f6_an_answering_machine_is_an_attempt_not_a_contact(world: World) -> None:
    operator = await world.staff("101")
    await world.tell(world.missed())
    world.clock.advance(seconds=60)
    facts = world.call_back(talked=30)
    await world.tell(facts)
    duty = await world.service.machine((await world.the_duty()).id, operator)
    assert (duty.state, duty.settled_at, duty.in_time) == (DutyState.ATTEMPTED, None, None)
    await world.tell(facts)  # told again: the operator's word stands
    detail = await world.detail()
    assert detail.stored.duty.state is DutyState.ATTEMPTED
    assert [attempt.result for attempt in detail.stored.attempts] == ["machine"]


async def test_f6_a_voice_message_of_the_caller_does_not_settle_his_duty(world: World) -> None:
    facts = world.missed(where=Missed.MESSAGE, message_file="m.wav")
    await world.tell(facts)
    await world.service.heard((await world.the_duty()).id, await world.staff("101"))
    assert (await world.the_duty()).state is DutyState.OPEN


async def test_after_so_many_attempts_the_person_is_unreachable(store: Store, clock: ManualClock) -> None:
    world = World(store, clock, Callbacks(attempts=3))
    await world.tell(world.missed())
    for _ in range(3):
        clock.advance(seconds=60)
        await world.tell(world.call_back(outcome=Outcome.NO_ANSWER))
    duty = await world.the_duty()
    assert (duty.state, duty.in_time) == (DutyState.UNREACHABLE, False)
    assert world.facts()[-1] == "DutySettled"


async def test_an_attempt_told_twice_counts_once(store: Store, clock: ManualClock) -> None:
    world = World(store, clock, Callbacks(attempts=2))
    await world.tell(world.missed())
    facts = world.call_back(outcome=Outcome.BUSY)
    await world.tell(facts)
    await world.tell(facts)
    assert (await world.the_duty()).state is DutyState.ATTEMPTED


async def test_a_call_that_was_never_placed_is_no_attempt(store: Store, clock: ManualClock) -> None:
    world = World(store, clock, Callbacks(attempts=1))
    operator = await world.staff("101")
    await world.tell(world.missed())
    duty_id = (await world.the_duty()).id
    await world.service.begin_attempt(duty_id, operator, "req-1")
    await world.service.end_attempt("req-1")
    await world.service.begin_attempt(duty_id, operator, "req-2")  # he may press again
    assert (await world.the_duty()).state is DutyState.CLAIMED


# --- facts out of order ------------------------------------------------------------------------------------


def stories(world: World) -> dict[str, list[list[CallFact]]]:
    start = world.clock.now()

    def at(seconds: float) -> object:
        return start + timedelta(seconds=seconds)

    return {
        "missed, reached": [world.missed(at=at(0)), world.call_back(at=at(120))],
        "missed, tried, reached": [
            world.missed(at=at(0)),
            world.call_back(at=at(100), outcome=Outcome.BUSY),
            world.call_back(at=at(200)),
        ],
        "missed twice, got through": [world.missed(at=at(0)), world.missed(at=at(90)), world.gets_through(at=at(200))],
        "missed, got through, missed": [
            world.missed(at=at(0)),
            world.gets_through(at=at(100)),
            world.missed(at=at(300)),
        ],
        "missed, got through, missed, reached": [
            world.missed(at=at(0)),
            world.gets_through(at=at(100)),
            world.missed(at=at(300)),
            world.call_back(at=at(500)),
        ],
        "missed, tried, missed, tried": [
            world.missed(at=at(0)),
            world.call_back(at=at(100), outcome=Outcome.NO_ANSWER),
            world.missed(at=at(200)),
            world.call_back(at=at(300), outcome=Outcome.BUSY),
        ],
    }


async def what_became_of_the_calls(world: World) -> dict[str, tuple[str, object, object]]:
    """Per missed call: how its duty stands, since when, and its own group's clocks."""
    found = {}
    details = [await world.service.get(duty.id) for duty in await world.duties()]
    async with world.store.read() as conn:
        from sqlalchemy import select

        from callengine.store.tables import calls, duty_calls

        for detail in details:
            duty = detail.stored.duty
            query = (
                select(calls.c.linkedid)
                .join(duty_calls, duty_calls.c.call_id == calls.c.id)
                .where(duty_calls.c.duty_id == duty.id, duty_calls.c.part == "missed")
            )
            for linkedid in (await conn.execute(query)).scalars():
                found[linkedid] = (duty.state.value, duty.settled_at, (duty.arrived_at, duty.due_at, duty.missed_count))
    return found


@pytest.mark.parametrize("story", range(6))
async def test_any_order_of_the_facts_gives_the_same_duties(sqlite_store: Store, story: int) -> None:
    world = World(sqlite_store, ManualClock())
    parts = list(stories(world).values())[story]
    world.clock.advance(seconds=3600)
    orders = list(permutations(range(len(parts))))
    for number, order in enumerate(orders):
        # Each order is played by another resident, in the same database.
        moved = [[_as_number(fact, f"+7907000{number:04}", number) for fact in part] for part in parts]
        for index in order:
            await world.tell(moved[index])
            await world.tell(moved[index])
    became: dict[int, dict[str, object]] = {}
    for key, value in (await what_became_of_the_calls(world)).items():
        number_text, _, call = key.partition("-")
        became.setdefault(int(number_text), {})[call] = value
    assert len(became) == len(orders)
    for number, order in enumerate(orders):
        assert became[number] == became[0], order


def _as_number(fact: CallFact, number: str, order: int) -> CallFact:
    from dataclasses import replace

    key = fact.call.key._replace(linkedid=f"{order}-{fact.call.key.linkedid}")
    return replace(fact, call=fact.call.evolve(number=parse(number), key=key))


async def test_a_missed_call_recovered_after_the_call_back_is_fulfilled_by_it(world: World) -> None:
    missed = world.missed(source="ledger")
    world.clock.advance(seconds=120)
    call_id = await world.tell(world.call_back())
    await world.tell(missed)
    duty = await world.the_duty()
    assert (duty.state, duty.settled_call_id, duty.in_time) == (DutyState.REACHED, call_id, True)


async def test_a_contact_recovered_late_does_not_swallow_a_later_missed_call(world: World) -> None:
    start = world.clock.now()
    through = world.gets_through(at=start + timedelta(seconds=100))
    await world.tell(world.missed(at=start))
    await world.tell(world.missed(at=start + timedelta(seconds=300)))
    await world.tell(through)
    owed, settled = await world.duties()
    assert (owed.state, owed.missed_count, owed.arrived_at) == (DutyState.OPEN, 1, start + timedelta(seconds=300))
    assert (settled.state, settled.missed_count) == (DutyState.SUPERSEDED, 1)


# --- claims ------------------------------------------------------------------------------------------------


async def test_one_operator_claims_and_the_other_hears_who_has_it(world: World) -> None:
    anna, boris = await world.staff("101", "Анна Ким"), await world.staff("102", "Борис")
    await world.tell(world.missed())
    duty_id = (await world.the_duty()).id
    duty = await world.service.claim(duty_id, anna)
    assert (duty.state, duty.claimed_by, duty.claim_token) == (DutyState.CLAIMED, anna, 1)
    with pytest.raises(Conflict, match="Анна Ким") as refused:
        await world.service.claim(duty_id, boris)
    assert refused.value.extra["claimed_by"] == anna
    assert (await world.service.claim(duty_id, anna)).claim_token == 1  # her own second press


async def test_a_claim_lapses_and_the_duty_is_owed_again(world: World) -> None:
    anna, boris = await world.staff("101"), await world.staff("102")
    await world.tell(world.missed())
    duty_id = (await world.the_duty()).id
    await world.service.claim(duty_id, anna)
    await world.pass_time(seconds=119)
    assert await world.states() == [DutyState.CLAIMED]
    await world.pass_time(seconds=1)
    assert await world.states() == [DutyState.OPEN]
    assert (await world.service.claim(duty_id, boris)).claim_token == 2


async def test_a_claim_does_not_lapse_during_the_call(world: World) -> None:
    anna = await world.staff("101")
    await world.tell(world.missed())
    duty_id = (await world.the_duty()).id
    await world.service.begin_attempt(duty_id, anna, "req-1")
    ringing = world.call_back(request_id="req-1", rang=400, outcome=Outcome.NO_ANSWER)
    dialling = ringing[0].call.evolve(state=State.DIALLING, outcome=None, ended_at=None)
    async with world.store.begin() as tx:
        await world._save(tx, dialling)
    await world.pass_time(seconds=120)
    await world.pass_time(seconds=120)
    assert await world.states() == [DutyState.CLAIMED]
    await world.tell(ringing)
    assert await world.states() == [DutyState.ATTEMPTED]


async def test_an_attempt_whose_call_never_showed_up_frees_the_duty(world: World) -> None:
    anna = await world.staff("101")
    await world.tell(world.missed())
    await world.service.begin_attempt((await world.the_duty()).id, anna, "req-1")
    await world.pass_time(seconds=120)
    detail = await world.detail()
    assert detail.stored.duty.state is DutyState.OPEN
    assert [attempt.result for attempt in detail.stored.attempts] == ["unknown"]


async def test_an_operator_releases_his_claim_and_a_supervisor_anybodys(world: World) -> None:
    anna, chief = await world.staff("101"), await world.staff("102")
    await world.tell(world.missed())
    duty_id = (await world.the_duty()).id
    await world.service.claim(duty_id, anna)
    with pytest.raises(Conflict):
        await world.service.release(duty_id, chief)
    assert (await world.service.release(duty_id, chief, anyone=True)).state is DutyState.OPEN
    await world.service.claim(duty_id, anna)
    assert (await world.service.release(duty_id, anna)).state is DutyState.OPEN


async def test_a_settled_duty_cannot_be_claimed_nor_an_unknown_one(world: World) -> None:
    anna = await world.staff("101")
    await world.tell(world.missed())
    await world.tell(world.gets_through())
    with pytest.raises(Conflict, match="superseded"):
        await world.service.claim((await world.the_duty()).id, anna)
    with pytest.raises(NotFound):
        await world.service.claim(4711, anna)


async def test_another_operators_call_by_hand_fulfils_a_claimed_duty(world: World) -> None:
    anna, boris = await world.staff("101"), await world.staff("102")
    await world.tell(world.missed())
    await world.service.claim((await world.the_duty()).id, anna)
    await world.tell(world.call_back(operator="102"))
    duty = await world.the_duty()
    assert (duty.state, duty.settled_by, duty.claimed_by) == (DutyState.REACHED, boris, None)


# --- closing -----------------------------------------------------------------------------------------------


async def test_f9_a_supervisor_closes_many_at_once_with_a_reason(world: World) -> None:
    chief = await world.staff("110", "Старший")
    for number in (RESIDENT, NEIGHBOUR):
        await world.tell(world.missed(number))
    await world.tell(world.missed(WITHHELD))
    ids = [duty.id for duty in await world.duties()]
    with pytest.raises(Refused):
        await world.service.close(ids, chief, "  ")
    closed = await world.service.close(ids, chief, "проверка линии")
    assert [done.duty.state for done in closed if done.duty] == [DutyState.CLOSED] * 3
    detail = await world.detail(ids[0])
    assert (detail.stored.duty.close_reason, detail.stored.settled_by_name) == ("проверка линии", "Старший")
    assert detail.history[-1].what == "closed"
    assert detail.history[-1].staff_id == chief


async def test_closing_many_leaves_alone_what_was_settled_meanwhile(world: World) -> None:
    chief = await world.staff("110")
    await world.tell(world.missed())
    await world.tell(world.missed(NEIGHBOUR))
    await world.tell(world.call_back())
    ids = [duty.id for duty in await world.duties()]
    done = await world.service.close([*ids, 4711], chief, "проверка линии")
    assert [one.duty.state if one.duty else None for one in done] == [DutyState.REACHED, DutyState.CLOSED, None]
    assert [type(one.problem) for one in done] == [Conflict, type(None), NotFound]
    assert "reached" in str(done[0].problem)
    assert "4711" in str(done[2].problem)


async def test_what_is_being_called_back_just_now_is_not_closed(world: World) -> None:
    chief, anna = await world.staff("110"), await world.staff("101", "Анна")
    await world.tell(world.missed())
    duty = await world.the_duty()
    await world.service.begin_attempt(duty.id, anna, "r1")
    (done,) = await world.service.close([duty.id], chief, "проверка линии")
    assert isinstance(done.problem, Conflict)
    assert "Анна" in str(done.problem)
    assert await world.states() == [DutyState.CLAIMED]


# --- taking a closing back ----------------------------------------------------------------------------------


async def test_a_closing_taken_back_owes_the_call_with_the_clocks_it_had(world: World) -> None:
    chief = await world.staff("110", "Старший")
    await world.tell(world.missed())
    before = await world.the_duty()
    await world.service.close([before.id], chief, "ошибся строкой")
    (done,) = await world.service.reopen([before.id], chief)
    assert done.problem is None
    assert await world.the_duty() == before
    assert [entry.what for entry in (await world.detail()).history][-2:] == ["closed", "reopened"]
    await world.pass_time(seconds=400)
    assert "DutyDue" in world.facts(), "its clock runs again"


async def test_a_withheld_number_that_was_closed_becomes_impossible_again_not_owed(world: World) -> None:
    chief = await world.staff("110")
    await world.tell(world.missed(WITHHELD))
    duty = await world.the_duty()
    await world.service.close([duty.id], chief, "ошибся строкой")
    await world.service.reopen([duty.id], chief)
    assert await world.states() == [DutyState.IMPOSSIBLE]


async def test_a_duty_tried_before_it_was_closed_is_attempted_again(world: World) -> None:
    chief, _ = await world.staff("110"), await world.staff("101")
    await world.tell(world.missed())
    await world.tell(world.call_back(outcome=Outcome.NO_ANSWER))
    duty = await world.the_duty()
    await world.service.close([duty.id], chief, "ошибся строкой")
    await world.service.reopen([duty.id], chief)
    assert await world.states() == [DutyState.ATTEMPTED]


async def test_a_closing_stands_when_somebody_has_talked_since_or_a_newer_call_is_owed(world: World) -> None:
    chief = await world.staff("110")
    await world.tell(world.missed())
    await world.tell(world.missed(NEIGHBOUR))
    first, second = [duty.id for duty in await world.duties()]
    await world.service.close([first, second], chief, "ошибся строкой")
    world.clock.advance(seconds=60)
    await world.tell(world.gets_through())
    await world.tell(world.missed(NEIGHBOUR))
    done = await world.service.reopen([first, second, second + 1], chief)
    assert [type(one.problem) for one in done] == [Conflict] * 3
    assert await world.states() == [DutyState.CLOSED, DutyState.CLOSED, DutyState.OPEN]


# --- giving it to an operator -------------------------------------------------------------------------------


async def on_shift(world: World, staff_id: int, state: str = "ready") -> None:
    async with world.store.begin() as tx:
        await change_state(tx, staff_id, state, "", world.clock.now())


async def test_a_supervisor_gives_a_duty_to_an_operator_who_then_holds_it(world: World) -> None:
    chief, anna = await world.staff("110", "Старший"), await world.staff("101", "Анна")
    boris = await world.staff("102")
    await on_shift(world, anna)
    await world.tell(world.missed())
    duty = await world.the_duty()
    (done,) = await world.service.assign([duty.id], anna, chief)
    assert done.problem is None
    stored = (await world.detail()).stored
    assert (stored.duty.state, stored.claimed_by_name, stored.assigned_by_name) == (
        DutyState.CLAIMED,
        "Анна",
        "Старший",
    )
    assert (await world.detail()).history[-1].data["to_name"] == "Анна"
    with pytest.raises(Conflict, match="Анна"):
        await world.service.begin_attempt(duty.id, boris, "r1")
    await world.service.begin_attempt(duty.id, anna, "r2")


async def test_a_duty_is_taken_from_who_only_holds_it_and_never_from_who_dials(world: World) -> None:
    chief, anna, boris = await world.staff("110"), await world.staff("101", "Анна"), await world.staff("102", "Борис")
    await on_shift(world, anna)
    await on_shift(world, boris)
    await world.tell(world.missed())
    duty = await world.the_duty()
    await world.service.claim(duty.id, anna)
    assert (await world.detail()).stored.assigned_by_name == "", "he took it himself"
    await world.service.assign([duty.id], boris, chief)
    assert (await world.the_duty()).claimed_by == boris
    await world.service.begin_attempt(duty.id, boris, "r1")
    (done,) = await world.service.assign([duty.id], anna, chief)
    assert "Борис" in str(done.problem)
    assert (await world.the_duty()).claimed_by == boris


async def test_an_assignment_that_nobody_touches_lapses_and_the_duty_is_free(world: World) -> None:
    chief, anna = await world.staff("110"), await world.staff("101")
    await on_shift(world, anna)
    await world.tell(world.missed())
    await world.service.assign([(await world.the_duty()).id], anna, chief)
    await world.pass_time(seconds=world.settings.claim_seconds + 1)
    assert await world.states() == [DutyState.OPEN]


async def test_a_duty_is_given_only_to_who_can_call_back_now(world: World) -> None:
    chief, away = await world.staff("110"), await world.staff("101", "Анна")
    await world.tell(world.missed())
    duty = await world.the_duty()
    with pytest.raises(Refused, match="Анна is not on shift"):
        await world.service.assign([duty.id], away, chief)
    with pytest.raises(Refused, match="no such operator"):
        await world.service.assign([duty.id], 4711, chief)
    await on_shift(world, away)
    await world.tell(world.call_back())
    (done,) = await world.service.assign([duty.id], away, chief)
    assert isinstance(done.problem, Conflict)


# --- clocks that run out -----------------------------------------------------------------------------------


async def test_both_clocks_tell_when_they_run_out_once_each(world: World) -> None:
    await world.tell(world.missed(lasted=40))
    await world.pass_time(seconds=339)
    assert "DutyDue" not in world.facts()
    await world.pass_time(seconds=1)
    await world.pass_time(seconds=259)
    due = [fact.which for fact in world.told if type(fact).__name__ == "DutyDue"]
    assert due == ["operator"]
    await world.pass_time(seconds=1)
    await world.pass_time(seconds=3600)
    due = [fact.which for fact in world.told if type(fact).__name__ == "DutyDue"]
    assert due == ["operator", "legal"]
    assert [entry.what for entry in (await world.detail()).history] == ["opened", "due_operator", "due_legal"]


async def test_clocks_that_ran_out_while_the_engine_was_down_tell_at_the_start(world: World) -> None:
    await world.tell(world.missed())
    await world.pass_time(seconds=86_400)
    assert [fact.which for fact in world.told if type(fact).__name__ == "DutyDue"] == ["operator", "legal"]


async def test_a_settled_duty_has_no_clock(world: World) -> None:
    await world.tell(world.missed())
    await world.tell(world.gets_through())
    await world.pass_time(seconds=3600)
    assert "DutyDue" not in world.facts()


async def test_no_clock_rings_while_somebody_talks_to_him(world: World) -> None:
    await world.tell(world.missed(lasted=40))
    answered, ended = world.call_back(at=world.clock.now() + timedelta(seconds=338), rang=0, talked=100)
    world.clock.advance(seconds=338)
    await world.tell([answered])
    await world.pass_time(seconds=2)
    assert "DutyDue" not in world.facts()
    await world.pass_time(seconds=5)
    await world.tell([ended])
    await world.pass_time(seconds=3600)
    assert "DutyDue" not in world.facts()
    assert await world.states() == [DutyState.REACHED]


# --- lists -------------------------------------------------------------------------------------------------


async def test_f3_a_duty_never_ages_out_of_sight(world: World) -> None:
    await world.tell(world.missed())
    for _ in range(10):
        await world.pass_time(seconds=40 * 86_400)
    found, _ = await world.service.find()
    assert [stored.duty.number.value for stored in found] == [RESIDENT]


async def test_owed_duties_come_by_the_operators_clock_page_by_page(world: World) -> None:
    start = world.clock.now()
    order = [50, 10, 40, 20, 30]
    for seconds in order:
        await world.tell(world.missed(f"+790700000{seconds}", at=start + timedelta(seconds=seconds)))
    await world.tell(world.missed(WITHHELD))
    seen: list[str] = []
    cursor = None
    while True:
        page, cursor = await world.service.find(limit=2, cursor=cursor)
        seen += [stored.duty.number.value for stored in page]
        if cursor is None:
            break
    assert seen == [f"+790700000{seconds}" for seconds in sorted(order)]


async def test_all_duties_come_newest_first_and_are_filtered(world: World) -> None:
    start = world.clock.now()
    for hours, number in ((0, RESIDENT), (1, NEIGHBOUR), (2, RESIDENT)):
        await world.tell(world.missed(number, at=start + timedelta(hours=hours)))
        await world.tell(world.gets_through(number, at=start + timedelta(hours=hours, minutes=5)))
    everything, _ = await world.service.find(DutyFilter(state=None))
    assert [stored.duty.id for stored in everything] == [3, 2, 1]
    of_one, _ = await world.service.find(DutyFilter(state="superseded", number=RESIDENT))
    assert [stored.duty.id for stored in of_one] == [3, 1]
    later, _ = await world.service.find(DutyFilter(state=None, since=start + timedelta(minutes=30), line=LINE))
    assert [stored.duty.id for stored in later] == [3, 2]
    first, cursor = await world.service.find(DutyFilter(state=None), limit=1)
    rest, _ = await world.service.find(DutyFilter(state=None), cursor=cursor)
    assert [stored.duty.id for stored in first + rest] == [3, 2, 1]
    with pytest.raises(Refused):
        await world.service.find(cursor="rubbish")
