"""The call after the job: when it is made, what the mark does to the ticket, and what silence does not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from callengine.calls.events import CallArrived, CallEnded
from callengine.calls.model import CallKey, Conversation, Direction, State, Talk
from callengine.calls.model import Outcome as CallOutcome
from callengine.clock import ManualClock
from callengine.errors import PbxLost
from callengine.menus.outcome import Outcome, Proof, Result
from callengine.outreach.model import AttemptState, CallState
from callengine.phone import parse
from callengine.store.database import Store
from callengine.store.tables import calls, ticket_calls
from callengine.tickets.events import TicketReminded
from callengine.tickets.model import Applicant, Status, Ticket
from callengine.tickets.ways import WaysService
from tests.outreach.world import (
    DONE_NO_MARK,
    HUNG_UP,
    MACHINE,
    NEVER_AGAIN,
    NOT_DONE,
    RESIDENT,
    SILENT,
    World,
    build,
    mark,
)

# --- when -----------------------------------------------------------------------------------------------------


async def test_r105_an_hour_after_the_job_is_confirmed_the_robot_calls_its_applicant(world: World) -> None:
    ticket = await world.done_job()
    assert await world.dial(after=3590) == []
    ((request_id, number),) = await world.dial(after=10)
    assert number == RESIDENT and request_id.startswith("robot-")
    call = await world.the_call()
    assert (call.state, call.ticket_id) == (CallState.CALLING, ticket.id)
    assert call.facts == {"ticket": ticket.number, "work": "Беда HVS-01", "address": "Мира, 44"}
    assert world.robot.variables == [{"CE_ROBOT_KIND": "rating", "CE_LANGUAGE": "ru"}]


async def test_a_job_confirmed_in_the_evening_is_asked_about_the_next_morning(world: World) -> None:
    world.clock.advance(seconds=8.5 * 3600)  # 19:30 in Moscow
    await world.done_job()
    assert await world.dial(after=3600) == []
    assert await world.service.next_due() == datetime.fromisoformat("2026-11-21T09:00:00+03:00")
    assert len(await world.dial(after=12.5 * 3600)) == 1


async def test_who_lives_elsewhere_is_called_by_his_own_clock(world: World) -> None:
    """19:30 in Moscow, 18:30 in Kaliningrad: an hour later the one may be called no more, the other still."""
    world.clock.advance(seconds=8.5 * 3600)
    for applicant in (RESIDENT, "+74012345678"):
        await world.done_job(applicant=Applicant(applicant, "Мельникова Анна"))
    assert [number for _, number in await world.dial(after=3600)] == ["+74012345678"]
    assert {call.number: call.zone for call in await world.made()} == {
        RESIDENT: "Europe/Moscow",
        "+74012345678": "Europe/Kaliningrad",
    }


async def test_one_call_however_often_the_same_move_is_told(world: World) -> None:
    ticket = await world.done_job()
    async with world.store.begin() as tx:
        from callengine.tickets.events import TicketMoved

        await tx.tell(TicketMoved(ticket, "confirm", Status.AWAITING_CENTRE))
    assert len(await world.made()) == 1


async def test_a_job_done_again_is_asked_about_again(world: World) -> None:
    ticket = await world.done_job()
    await world.answers(await world.dial_one(), mark(1))
    await again_done(world, ticket)
    assert [call.state for call in await world.made()] == [CallState.DONE, CallState.WAITING]


@pytest.mark.parametrize("applicant", ["", "109", "+78002000600"])
async def test_who_has_no_number_to_call_is_not_called_and_the_ticket_says_so(world: World, applicant: str) -> None:
    ticket = await world.done_job(applicant=Applicant(applicant, "Жилец"))
    assert await world.made() == []
    assert "robot_no_number" in await world.history(ticket)


async def test_who_wants_to_be_told_nothing_is_not_called_for_his_mark_and_the_ticket_says_why(world: World) -> None:
    ticket = await world.done_job(applicant=Applicant(RESIDENT, "Мельникова Анна", notify="none"))
    assert await world.made() == [] and await world.dial(after=90_000) == []
    assert "robot_unwanted" in await world.history(ticket)


async def test_who_wants_it_while_his_call_waits_is_not_called_either(world: World) -> None:
    ways = WaysService(world.store, world.clock)
    ticket = await world.done_job()
    await ways.change(ticket.number, "sms", "", world.block.who("petrova"))
    assert (await world.the_call()).state is CallState.WAITING, "by SMS he is told; for his mark he is called"
    await ways.change(ticket.number, "none", "", world.block.who("petrova"))
    assert (await world.the_call()).state is CallState.CANCELLED
    assert await world.dial(after=90_000) == [] and "robot_unwanted" in await world.history(ticket)


async def test_who_wants_it_in_the_moment_in_which_he_is_dialled_is_not_called(world: World) -> None:
    ticket = await world.done_job()
    world.clock.advance(seconds=3600)
    (planned,) = await world.service.choose({"main": 4})
    await WaysService(world.store, world.clock).change(ticket.number, "none", "", world.block.who("petrova"))
    assert await world.service.send([planned]) == []
    assert await world.dial(after=90_000) == []


async def test_without_ratings_in_the_configuration_nobody_is_called(store: Store, clock: ManualClock) -> None:
    world = await build(store, clock, ratings=False)
    await world.done_job()
    assert await world.made() == []


async def test_a_mark_that_came_otherwise_ends_the_call(world: World) -> None:
    ticket = await world.done_job()
    await world.block.move(ticket, "petrova", "mark", mark=5)
    call = await world.the_call()
    assert (call.state, call.result) == (CallState.CANCELLED, "withdrawn")
    assert await world.dial(after=7200) == []


async def again_done(world: World, ticket: Ticket) -> Ticket:
    """The client was not content, the job is done again, and the centre confirms it."""
    ticket = await world.block.move(await world.ticket(ticket), "orlova", "rework", "переделать")
    for login, move in (("zhukov", "start"), ("ivanov", "report_done"), ("petrova", "confirm")):
        ticket = await world.block.move(ticket, login, move)
    return ticket


async def test_a_mark_about_an_earlier_round_does_not_close_the_job_that_was_done_again(both: World) -> None:
    world = both
    ticket = await world.done_job()
    request_id = await world.dial_one()
    await world.rings(request_id)
    await world.service.begin_dialogue(request_id)
    await world.block.move(await world.ticket(ticket), "petrova", "mark", mark=1)
    await again_done(world, ticket)
    await world.service.told(request_id, mark(5))
    after = await world.ticket(ticket)
    assert (after.status, after.mark) == (Status.AWAITING_CLIENT, None)
    (attempt,) = await world.attempts()
    assert (attempt.mark, "earlier round" in attempt.applied) == (5, True)
    assert "robot_mark_unused" in await world.history(ticket)
    await world.answers(await world.dial_one(after=7200), mark(4))
    assert (await world.ticket(ticket)).mark == 4


async def test_who_is_being_called_about_an_earlier_round_is_not_tried_again_about_it(world: World) -> None:
    ticket = await world.done_job()
    request_id = await world.dial_one()
    await world.block.move(await world.ticket(ticket), "petrova", "mark", mark=1)
    assert (await world.the_call()).state is CallState.CANCELLED
    await again_done(world, ticket)
    await world.unanswered(request_id)
    assert [call.state for call in await world.made()] == [CallState.CANCELLED, CallState.WAITING]
    assert len(await world.dial(after=7200)) == 1
    assert await world.dial(after=7200) == []


@pytest.mark.parametrize("kind", ["", "rating", "call"])
async def test_who_opts_out_while_his_prompts_are_spoken_is_not_called(world: World, kind: str) -> None:
    await world.done_job()
    world.clock.advance(seconds=3600)
    (planned,) = await world.service.choose({"main": 1})
    await world.opt_outs.add(RESIDENT, kind, "Петрова")
    assert await world.service.send([planned]) == []
    assert await world.dial(after=3600) == []
    assert ((await world.the_call()).state, (await world.the_call()).attempts) == (CallState.SUPPRESSED, 0)


async def test_who_gives_his_mark_while_his_prompts_are_spoken_is_not_called(world: World) -> None:
    ticket = await world.done_job()
    world.clock.advance(seconds=3600)
    (planned,) = await world.service.choose({"main": 1})
    await world.block.move(ticket, "petrova", "mark", mark=5)
    assert await world.service.send([planned]) == []
    call, (attempt,) = await world.the_call(), await world.attempts()
    assert (call.state, call.result) == (CallState.CANCELLED, "withdrawn")
    assert (attempt.result, attempt.reason) == ("not_placed", "withdrawn")


async def test_a_ticket_that_was_marked_while_the_call_waited_for_its_retry_is_left_alone(world: World) -> None:
    ticket = await world.done_job()
    request_id = await world.dial_one()
    await world.block.move(ticket, "petrova", "mark", mark=4)
    await world.unanswered(request_id)
    assert await world.dial(after=7200) == []
    assert (await world.the_call()).state is CallState.CANCELLED


# --- marks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [3, 4, 5])
async def test_r106_a_good_mark_closes_the_ticket(world: World, given: int) -> None:
    ticket = await world.done_job()
    request_id = await world.dial_one()
    await world.answers(request_id, mark(given))
    after = await world.ticket(ticket)
    assert (after.status, after.mark) == (Status.CLOSED, given)
    (attempt,) = await world.attempts()
    assert (attempt.state, attempt.result, attempt.mark) == (AttemptState.SETTLED, "marked", given)
    assert (attempt.proof, attempt.keys, attempt.applied) == ("key", f"1{given}", "moved")
    assert attempt.pbx_call_id in after.call_ids
    assert await world.duties() == []


@pytest.mark.parametrize("outcome", [mark(1), mark(2), NOT_DONE])
async def test_a_bad_mark_is_a_conflict_and_a_human_calls_within_the_hour(world: World, outcome: Outcome) -> None:
    ticket = await world.done_job()
    await world.answers(await world.dial_one(), outcome)
    assert (await world.ticket(ticket)).status is Status.CONFLICT
    (duty,) = await world.duties()
    assert (duty.number, duty.reason, duty.ticket_id, duty.state) == (RESIDENT, "rating", ticket.id, "open")
    assert duty.due_at == world.clock.now() + timedelta(hours=1)


async def test_a_word_on_another_ticket_does_not_take_a_bad_mark_for_its_own(world: World) -> None:
    bad, other = await world.done_job(), await world.block.open()
    await world.answers(await world.dial_one(), mark(1))
    async with world.store.begin() as tx:
        owed = {"reason": "resident_word", "ticket_id": other.id, "data": {"ticket": other.number}}
        await world.callbacks.owe(tx, parse(RESIDENT), due_at=world.clock.now() + timedelta(minutes=5), **owed)
    (duty,) = await world.duties()
    assert (duty.reason, duty.ticket_id) == ("rating", bad.id), (
        "one call, and its reason is of the ticket that it names"
    )
    assert duty.due_at == world.clock.now() + timedelta(minutes=5)


async def test_the_humans_call_after_a_bad_mark_hangs_on_the_ticket_beside_the_robots(world: World) -> None:
    ticket = await world.done_job()
    robots = await world.dial_one()
    await world.answers(robots, mark(2))
    world.clock.advance(seconds=600)
    began, ended = world.clock.now(), world.clock.now() + timedelta(seconds=60)
    talk = Conversation(
        key=CallKey("main", "1790000000.1"),
        direction=Direction.OUTBOUND,
        arrived_at=began,
        answered_at=began,
        ended_at=ended,
        number=parse(RESIDENT),
        operator="101",
        state=State.ENDED,
        outcome=CallOutcome.ANSWERED,
        talks=(Talk("101", began, ended),),
    )
    await world.calls.save([CallArrived(began, talk), CallEnded(ended, talk)])
    assert [duty.state for duty in await world.duties()] == ["reached"]
    async with world.store.read() as conn:
        query = select(calls.c.linkedid).join(ticket_calls, ticket_calls.c.call_id == calls.c.id)
        hung = set((await conn.execute(query.where(ticket_calls.c.ticket_id == ticket.id))).scalars())
    assert hung == {robots, "1790000000.1"}


async def test_no_key_is_no_mark(world: World) -> None:
    ticket = await world.done_job()
    await world.answers(await world.dial_one(), DONE_NO_MARK)
    after = await world.ticket(ticket)
    assert (after.status, after.mark) == (Status.AWAITING_CLIENT, None)
    assert (await world.the_call()).state is CallState.DONE
    assert await world.duties() == []


async def test_a_mark_stands_though_he_hung_up_at_the_comment(world: World) -> None:
    ticket = await world.done_job()
    cut_off = Outcome(Result.HUNG_UP, mark=5, keys="15", proof=Proof.KEY, step="comment", comment="callengine/x")
    await world.answers(await world.dial_one(), cut_off)
    assert (await world.ticket(ticket)).mark == 5
    (attempt,) = await world.attempts()
    assert (attempt.result, attempt.comment) == ("marked", "callengine/x")


async def test_a_mark_told_twice_moves_the_ticket_once(world: World) -> None:
    ticket = await world.done_job()
    request_id = await world.dial_one()
    await world.answers(request_id, mark(2))
    await world.service.told(request_id, mark(2))
    await world.ledger_tells(request_id, mark(2))
    assert (await world.history(ticket)).count("mark") == 1
    assert len(await world.duties()) == 1


async def test_a_mark_for_a_ticket_that_moved_on_stays_with_its_call(world: World) -> None:
    ticket = await world.done_job()
    request_id = await world.dial_one()
    await world.rings(request_id)
    await world.service.begin_dialogue(request_id)
    await world.block.move(ticket, "petrova", "mark", mark=5)
    await world.service.told(request_id, mark(3))
    (attempt,) = await world.attempts()
    assert (attempt.mark, attempt.applied) == (3, "it has a mark already")
    assert (await world.ticket(ticket)).mark == 5
    assert "robot_mark_unused" in await world.history(ticket)


async def test_a_late_ticket_keeps_its_good_mark_and_waits_for_the_act(world: World) -> None:
    ticket = await world.block.to(Status.AWAITING_CENTRE)
    world.clock.advance(seconds=5 * 86_400)
    late = await world.block.to(Status.IN_PROGRESS, premise="9")
    world.clock.advance(seconds=5 * 86_400)
    for login, move in (("ivanov", "report_done"), ("petrova", "confirm")):
        late = await world.block.move(late, login, move)
    await world.answers(await world.dial_one(after=26 * 3600), mark(5))
    after = await world.ticket(late)
    assert (after.status, after.mark) == (Status.AWAITING_CLIENT, 5)
    assert (await world.the_call()).state is CallState.DONE
    assert (await world.ticket(ticket)).status is Status.AWAITING_CENTRE


# --- silence ------------------------------------------------------------------------------------------------------


async def test_after_the_last_attempt_the_tickets_own_rule_goes_on_and_the_history_says_so(world: World) -> None:
    ticket = await world.done_job()
    await world.unanswered(await world.dial_one(), CallOutcome.BUSY)
    assert await world.dial(after=599) == []
    await world.unanswered(await world.dial_one(after=1))
    await world.answers(await world.dial_one(after=3600), MACHINE)
    call = await world.the_call()
    assert (call.state, call.attempts, call.result) == (CallState.GIVEN_UP, 3, "machine")
    assert await world.dial(after=86_400) == []
    after = await world.ticket(ticket)
    assert after.status is Status.AWAITING_CLIENT
    lines = [event for event in after.history if event.what.startswith("robot")]
    assert [line.what for line in lines] == ["robot_call", "robot_call", "robot_call", "robot_gave_up"]
    assert [line.data.get("result") for line in lines[:3]] == ["busy", "no_answer", "machine"]
    assert all(not line.public for line in lines)
    await world.block.pass_time(days=3)
    assert (await world.ticket(ticket)).status is Status.CLOSED


@pytest.mark.parametrize(
    ("outcome", "seconds"),
    [
        (CallOutcome.BUSY, 600),
        (CallOutcome.NO_ANSWER, 3600),
        (CallOutcome.REJECTED, 14_400),
        (CallOutcome.FAILED, 1800),
    ],
)
async def test_the_next_attempt_keeps_its_distance(world: World, outcome: CallOutcome, seconds: int) -> None:
    await world.done_job()
    await world.unanswered(await world.dial_one(), outcome)
    call = await world.the_call()
    assert (call.state, call.attempts, call.result) == (CallState.WAITING, 1, outcome.value)
    assert call.due_at == world.clock.now() + timedelta(seconds=seconds)


@pytest.mark.parametrize("outcome", [SILENT, HUNG_UP, MACHINE])
async def test_what_answered_and_proved_nothing_is_tried_again(world: World, outcome: Outcome) -> None:
    ticket = await world.done_job()
    await world.answers(await world.dial_one(), outcome)
    assert (await world.the_call()).state is CallState.WAITING
    assert (await world.ticket(ticket)).mark is None


async def test_a_call_that_the_pbx_did_not_take_counts_for_nothing(world: World) -> None:
    await world.done_job()
    world.robot.refuses = PbxLost()
    assert await world.dial(after=3600) == []
    call = await world.the_call()
    assert (call.state, call.attempts, call.placed) == (CallState.WAITING, 0, 1)
    world.robot.refuses = None
    first = (await world.attempts())[0].id
    assert await world.dial_one(after=15) != first


# --- somebody else ---------------------------------------------------------------------------------------------------


NOT_ME = Outcome(Result.NOT_ME, keys="8", proof=Proof.KEY, step="not_me")


async def test_another_person_at_the_number_is_the_centre_s_to_settle_and_no_silent_client(world: World) -> None:
    told: list[TicketReminded] = []
    world.store.after[TicketReminded] = [told.append]
    ticket = await world.done_job()
    request_id = await world.dial_one()
    await world.answers(request_id, NOT_ME)
    await world.ledger_tells(request_id, NOT_ME)  # told twice it stands once
    kept = await world.ticket(ticket)
    [line] = [event for event in kept.history if event.what == "wrong_number"]
    assert line.data["kind"] == "rating" and RESIDENT not in str(line.data) and not line.public
    assert [(fact.about, fact.to) for fact in told] == [("wrong_number", frozenset({"operator", "supervisor"}))]
    await world.block.pass_time(days=5)
    kept = await world.ticket(ticket)
    assert kept.status is Status.AWAITING_CLIENT and [fact.about for fact in told] == ["wrong_number", "client"]
    await world.block.sign(ticket)  # the act of a late one closes it for silence, and nobody was silent
    assert (await world.ticket(ticket)).status is Status.AWAITING_CLIENT
    closed = await world.block.move(kept, "orlova", "close", reason="телефон нашли, работа принята")
    assert closed.status is Status.CLOSED and closed.close_reason == "телефон нашли, работа принята"


async def test_a_client_who_was_asked_himself_in_a_later_round_may_be_silent(world: World) -> None:
    ticket = await world.done_job()
    await world.answers(await world.dial_one(), NOT_ME)
    ticket = await world.block.move(await world.ticket(ticket), "petrova", "mark", not_done=True)
    for login, move, needs in (
        ("orlova", "rework", {"reason": "не сделано"}),
        ("ivanov", "start", {}),
        ("ivanov", "report_done", {}),
        ("petrova", "confirm", {}),
    ):
        ticket = await world.block.move(ticket, login, move, **needs)
    await world.block.pass_time(days=5)
    assert (await world.ticket(ticket)).status is Status.CLOSED


# --- opt-outs --------------------------------------------------------------------------------------------------------


async def test_never_call_me_is_kept_and_no_kind_of_call_is_made_any_more(world: World) -> None:
    await world.done_job()
    request_id = await world.dial_one()
    await world.answers(request_id, NEVER_AGAIN)
    ((optout,), _) = await world.opt_outs.find()
    assert (optout.number, optout.kind, optout.how, optout.request_id) == (RESIDENT, "", "robot", request_id)
    await world.done_job(premise="10")
    assert len(await world.made()) == 1
    assert await world.dial(after=7200) == []


async def test_who_opts_out_while_his_call_waits_is_not_called(world: World) -> None:
    await world.done_job()
    await world.opt_outs.add(RESIDENT, "rating", "Петрова")
    assert await world.dial(after=3600) == []
    call = await world.the_call()
    assert (call.state, call.result) == (CallState.SUPPRESSED, "opted_out")
    assert [(one.call.id, one.attempt) for one in world.settled] == [(call.id, None)]


async def test_an_opt_out_of_calls_is_one_of_ratings_and_surveys_too(world: World) -> None:
    await world.done_job()
    await world.opt_outs.add(RESIDENT, "call", "Петрова")
    assert await world.dial(after=3600) == []
    assert (await world.the_call()).state is CallState.SUPPRESSED
    made = await world.survey([RESIDENT, "+79073300001"])
    assert [(one.number, one.why) for one in made.left] == [(RESIDENT, "opted out")]


async def test_an_opt_out_of_surveys_does_not_keep_ratings_away(world: World) -> None:
    await world.done_job()
    await world.opt_outs.add(RESIDENT, "survey", "Петрова")
    assert len(await world.dial(after=3600)) == 1


async def test_the_fulfilled_duty_and_the_robots_calls_stand_on_one_ticket(world: World) -> None:
    """The robot's own call never fulfils the duty that it made."""
    ticket = await world.done_job()
    await world.answers(await world.dial_one(), mark(2))
    (duty,) = await world.duties()
    assert duty.state == "open"
    assert parse(duty.number).value == RESIDENT
    assert len((await world.ticket(ticket)).call_ids) == 1
