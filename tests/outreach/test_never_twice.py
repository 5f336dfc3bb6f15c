"""Nobody is called twice: two engines with one campaign, an engine that dies, a link that breaks, a PBX in doubt."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import update

from callengine.calls.model import Outcome as CallOutcome
from callengine.clock import ManualClock
from callengine.errors import OutcomeUnknown, PbxRefused, Unavailable
from callengine.menus.outcome import Outcome, Proof, Result
from callengine.outreach.dialer import Dialer
from callengine.outreach.model import AttemptState, CallState, Occupied
from callengine.store.database import Store
from callengine.store.tables import outreach_calls
from callengine.tickets.model import Status
from tests.outreach.world import (
    DONE_NO_MARK,
    HUNG_UP,
    NEVER_AGAIN,
    NOT_DONE,
    RESIDENT,
    SILENT,
    World,
    build,
    join,
    mark,
    number,
)

pytestmark = [pytest.mark.once]

MANY = {"lines": 60, "trunk_lines": 100}


async def restart(world: World) -> World:
    """The engine is killed: nothing of it is left but its rows, and the PBX with its calls and its ledger."""
    world.store.within.clear()
    world.store.after.clear()
    again = join(world.store, world.clock, world.block)
    again.robot.alive, again.robot.asked = world.robot.alive, world.robot.asked
    await again.dialer.recover()
    return again


# --- one number, one call ---------------------------------------------------------------------------------------


async def test_two_engines_with_one_campaign_share_it_out(store: Store, store_url: str, clock: ManualClock) -> None:
    first = await build(store, clock, **MANY)
    beside = Store(store_url)
    try:
        second = join(beside, clock, first.block, **MANY)
        made = await first.survey([number(n) for n in range(40)], most_lines=300)
        assert made.calls == 40
        for _ in range(12):
            await asyncio.gather(first.dial(), second.dial())
        called = Counter([*first.robot.numbers, *second.robot.numbers])
        assert set(called.values()) == {1} and len(called) == 40
        attempts = await first.attempts()
        assert len(attempts) == len({one.outreach_call_id for one in attempts}) == 40
    finally:
        await beside.close()


async def test_one_number_on_two_tickets_is_not_rung_twice_at_once_nor_soon_after(both: World) -> None:
    world = both
    await world.done_job()
    await world.done_job(premise="10")
    (first,) = await world.dial(after=3600)
    assert await world.dial(after=61) == []
    await world.answers(first[0], mark(5))
    assert await world.dial(after=60) == []
    ((second, number),) = await world.dial(after=1800)
    assert number == RESIDENT and second != first[0]


async def test_the_same_number_written_in_two_ways_is_called_once(world: World) -> None:
    made = await world.survey(["+79073300001", "8 907 330-00-01", "79073300001"])
    assert made.calls == 1


async def test_the_request_of_a_try_is_the_same_for_whoever_would_send_it(world: World) -> None:
    """Asterisk refuses a second channel of one id: even a database that was set back does not ring twice."""
    await world.done_job()
    request_id = await world.dial_one()
    async with world.store.begin() as tx:
        await tx.conn.execute(update(outreach_calls).values(state="waiting", placed=0))
        await tx.conn.exec_driver_sql("DELETE FROM outreach_attempts")
    with pytest.raises(AssertionError, match="a second channel of one id"):
        await world.dial()
    assert [one.id for one in await world.attempts()] == [request_id]


# --- the engine dies ------------------------------------------------------------------------------------------------


async def test_an_engine_that_dies_before_it_sent_calls_later_and_once(world: World) -> None:
    await world.done_job()
    world.clock.advance(seconds=3600)
    (planned,) = await world.service.choose({"main": 1})
    again = await restart(world)
    assert (await again.the_call()).state is CallState.WAITING
    ((request_id, _),) = await again.dial(after=15)
    assert request_id != planned.attempt.id
    assert again.robot.numbers == [RESIDENT]


async def test_an_engine_that_dies_while_it_rings_looks_for_the_call_before_anything_else(both: World) -> None:
    world = both
    ticket = await world.done_job()
    request_id = await world.dial_one()
    again = await restart(world)
    assert await again.dial(after=7200) == []
    await again.dialer.settle_unknown("main")
    assert (await again.attempts())[0].state is AttemptState.UNKNOWN  # the channel is alive
    await again.unanswered(request_id, CallOutcome.BUSY)
    (attempt,) = await again.attempts()
    assert attempt.result == "busy"
    assert (await again.ticket(ticket)).status is Status.AWAITING_CLIENT


async def test_a_mark_that_only_the_ledger_heard_is_not_lost(both: World) -> None:
    world = both
    ticket = await world.done_job()
    request_id = await world.dial_one()
    await world.rings(request_id)
    await world.service.begin_dialogue(request_id)
    again = await restart(world)
    await again.ends(request_id, CallOutcome.ANSWERED, answered=True)
    await again.ledger_tells(request_id, mark(5))
    assert (await again.ticket(ticket)).status is Status.CLOSED
    assert await again.dial(after=86_400) == []
    assert again.robot.numbers == [RESIDENT]


async def test_a_mark_that_was_kept_on_the_way_counts_though_the_dialogue_never_ended(world: World) -> None:
    ticket = await world.done_job()
    request_id = await world.dial_one()
    await world.rings(request_id)
    await world.service.begin_dialogue(request_id)
    again = await restart(world)
    await again.ends(request_id, CallOutcome.ANSWERED, answered=True)
    on_the_way = Outcome(Result.HUNG_UP, mark=4, keys="14", proof=Proof.KEY, step="comment", final=False)
    await again.ledger_tells(request_id, on_the_way)
    assert (await again.ticket(ticket)).mark == 4


async def test_the_ledgers_word_comes_late_and_still_stands_over_a_guess(both: World) -> None:
    world = both
    ticket = await world.done_job()
    request_id = await world.dial_one()
    await world.rings(request_id)
    await world.service.begin_dialogue(request_id)
    again = await restart(world)
    again.robot.alive.clear()
    await again.dialer.settle_unknown("main")
    (attempt,) = await again.attempts()
    assert attempt.result == "interrupted"
    await again.ledger_tells(request_id, mark(2))
    assert (await again.ticket(ticket)).status is Status.CONFLICT
    assert ((await again.attempts())[0].result, (await again.the_call()).state) == ("marked", CallState.DONE)


ALONE = Outcome(Result.MARKED, mark=5, keys="15", proof=Proof.KEY, step="alone")


async def test_a_call_that_was_answered_while_the_engine_was_down_is_not_made_again(both: World) -> None:
    """The ledger of a robot's call tells that somebody answered, and not when."""
    world = both
    await world.done_job()
    request_id = await world.dial_one()
    again = await restart(world)
    await again.ends(request_id, CallOutcome.ANSWERED)
    assert (await again.attempts())[0].state is AttemptState.ENDED
    assert await again.dial(after=16) == []
    assert (await again.the_call()).state is CallState.GIVEN_UP
    assert await again.dial(after=86_400) == []


async def test_a_dialogue_that_began_was_answered_whatever_the_end_of_the_call_says(world: World) -> None:
    await world.done_job()
    request_id = await world.dial_one()
    await world.rings(request_id)
    await world.service.begin_dialogue(request_id)
    await world.ends(request_id, CallOutcome.NO_ANSWER)
    assert (await world.attempts())[0].state is AttemptState.ENDED


@pytest.mark.parametrize("told", [HUNG_UP, SILENT, DONE_NO_MARK])
async def test_a_mark_that_the_pbx_asked_for_alone_after_the_connection_broke_is_not_lost(
    both: World, told: Outcome
) -> None:
    world = both
    ticket = await world.done_job()
    request_id = await world.dial_one()
    await world.answers(request_id, told)
    await world.ledger_tells(request_id, ALONE)
    assert ((await world.ticket(ticket)).status, (await world.ticket(ticket)).mark) == (Status.CLOSED, 5)
    call, (attempt,) = await world.the_call(), await world.attempts()
    assert (call.state, call.mark, attempt.result, attempt.keys) == (CallState.DONE, 5, "marked", "15")
    await world.ledger_tells(request_id, ALONE)
    assert (await world.history(ticket)).count("mark") == 1


async def test_not_done_that_the_pbx_heard_alone_owes_a_call(world: World) -> None:
    ticket = await world.done_job()
    request_id = await world.dial_one()
    await world.answers(request_id, HUNG_UP)
    await world.ledger_tells(request_id, NOT_DONE)
    assert (await world.ticket(ticket)).status is Status.CONFLICT
    assert len(await world.duties()) == 1


@pytest.mark.parametrize("told", [NEVER_AGAIN, NOT_DONE, mark(2), DONE_NO_MARK.evolve(keys="156")])
async def test_what_was_kept_on_the_way_does_not_stand_over_the_dialogues_own_end(world: World, told: Outcome) -> None:
    await world.done_job()
    request_id = await world.dial_one()
    await world.answers(request_id, told)
    before = await world.attempts()
    await world.ledger_tells(request_id, mark(5).evolve(final=False))
    assert await world.attempts() == before


@pytest.mark.parametrize("told", [None, HUNG_UP])
async def test_what_the_ledger_told_while_a_dialogue_went_on_is_kept_for_its_end(
    world: World, told: Outcome | None
) -> None:
    """The ledger's row is cleared as soon as it was told."""
    ticket = await world.done_job()
    request_id = await world.dial_one()
    await world.rings(request_id)
    await world.service.begin_dialogue(request_id)
    await world.ledger_tells(request_id, ALONE)
    assert (await world.ticket(ticket)).mark is None
    await world.service.told(request_id, told, "the connection broke")
    assert (await world.ticket(ticket)).mark == 5


async def test_who_picked_up_and_was_left_by_a_dying_engine_is_not_called_again(world: World) -> None:
    ticket = await world.done_job()
    request_id = await world.dial_one()
    await world.rings(request_id)
    await world.service.begin_dialogue(request_id)
    again = await restart(world)
    await again.ends(request_id, CallOutcome.ANSWERED, answered=True)
    await again.dial(after=16)
    call = await again.the_call()
    assert (call.state, call.result) == (CallState.GIVEN_UP, "interrupted")
    assert await again.dial(after=86_400) == []
    assert "robot_gave_up" in await again.history(ticket)


async def test_twenty_calls_and_a_killed_engine_nobody_twice_no_mark_lost(store: Store, clock: ManualClock) -> None:
    """In the middle of 20 rating calls: some ring, some talk, some have pressed their key, some are over."""
    world = await build(store, clock, **MANY)
    from callengine.tickets.model import Applicant

    tickets = [await world.done_job(premise=str(n), applicant=Applicant(number(n), f"Жилец {n}")) for n in range(20)]
    asked = await world.dial(after=3600)
    assert len(asked) == 20
    by_number = {number: request_id for request_id, number in asked}
    requests = [by_number[number(n)] for n in range(20)]
    for request_id in requests[5:]:
        await world.rings(request_id)
        await world.service.begin_dialogue(request_id)
    for request_id in requests[15:]:
        await world.service.told(request_id, mark(5))
        await world.ends(request_id, CallOutcome.ANSWERED, answered=True)
    again = await restart(world)
    await again.dialer.settle_unknown("main")
    for request_id in requests[:5]:
        await again.unanswered(request_id)
    for request_id in requests[5:10]:
        await again.ends(request_id, CallOutcome.ANSWERED, answered=True)
    for request_id in requests[10:15]:
        await again.ends(request_id, CallOutcome.ANSWERED, answered=True)
        await again.ledger_tells(request_id, mark(4))
    assert await again.dial(after=1800) == []
    marks = [(await again.ticket(one)).mark for one in tickets]
    assert marks == [None] * 10 + [4] * 5 + [5] * 5
    assert set(Counter(again.robot.numbers).values()) == {1}
    states = Counter(call.state for call in await again.made())
    assert states == {CallState.WAITING: 5, CallState.GIVEN_UP: 5, CallState.DONE: 10}


# --- the link breaks ----------------------------------------------------------------------------------------------


async def test_a_call_in_doubt_is_never_sent_again_while_the_pbx_cannot_be_asked(both: World) -> None:
    world = both
    await world.done_job()
    world.robot.refuses = OutcomeUnknown()
    await world.dial(after=3600)
    world.robot.refuses, world.robot.deaf = None, Unavailable("the link is down")
    assert await world.dial(after=3600) == []
    (attempt,) = await world.attempts()
    assert attempt.state is AttemptState.UNKNOWN
    world.robot.deaf = None
    world.robot.alive.add(attempt.id)
    assert await world.dial(after=60) == []
    assert (await world.attempts())[0].state is AttemptState.UNKNOWN
    world.robot.alive.clear()
    assert await world.dial(after=60) == []
    (attempt,) = await world.attempts()
    assert attempt.result == "lost"
    assert len(await world.dial(after=3600)) == 1


async def test_a_pbx_that_never_comes_back_leaves_no_call_in_doubt_for_ever(world: World) -> None:
    await world.done_job()
    world.robot.refuses = OutcomeUnknown()
    await world.dial(after=3600)
    world.robot.in_step = False
    assert await world.dial(after=3600) == []
    assert (await world.attempts())[0].state is AttemptState.UNKNOWN
    await world.dial(after=86_400)
    assert (await world.attempts())[0].result == "lost"


async def test_an_originate_that_came_to_nothing_without_any_channel_is_settled_soon(world: World) -> None:
    await world.done_job()
    request_id = await world.dial_one()
    world.robot.alive.clear()
    await world.service.on_response(request_id, succeeded=False, reason="cannot be reached")
    assert await world.dial(after=4) == []
    (attempt,) = await world.attempts()
    assert (attempt.result, attempt.reason) == ("failed", "cannot be reached")


async def test_the_end_of_the_call_says_more_than_the_originates_answer(world: World) -> None:
    await world.done_job()
    request_id = await world.dial_one()
    await world.service.on_response(request_id, succeeded=False, reason="busy")
    await world.unanswered(request_id, CallOutcome.BUSY)
    await world.dial(after=4)
    assert (await world.attempts())[0].result == "busy"


async def test_a_pbx_that_refuses_has_rung_nobody(world: World) -> None:
    await world.done_job()
    world.robot.refuses = PbxRefused("no such endpoint")
    await world.dial(after=3600)
    (attempt,) = await world.attempts()
    assert (attempt.result, attempt.reason) == ("not_placed", "no such endpoint")
    assert "robot_call" not in await world.history(await world.block.tickets.get("26-000001"))


async def test_a_call_that_is_over_gets_no_dialogue(world: World) -> None:
    await world.done_job()
    request_id = await world.dial_one()
    await world.unanswered(request_id)
    assert await world.service.begin_dialogue(request_id) is None
    assert await world.service.begin_dialogue("robot-of-nobody") is None


async def test_a_dialogue_is_begun_once(world: World) -> None:
    await world.done_job()
    request_id = await world.dial_one()
    assert await world.service.begin_dialogue(request_id) is not None
    assert await world.service.begin_dialogue(request_id) is None


async def test_what_the_ledger_tells_of_a_dialogue_that_goes_on_here_is_left_to_its_end(world: World) -> None:
    ticket = await world.done_job()
    request_id = await world.dial_one()
    call = await world.rings(request_id)
    await world.service.begin_dialogue(request_id)
    from callengine.calls.events import RobotTold

    early = mark(2).evolve(final=False)
    await world.calls.save([RobotTold(world.clock.now(), call, tuple(early.to_facts().items()))])
    assert (await world.ticket(ticket)).mark is None
    await world.service.told(request_id, NEVER_AGAIN)
    assert (await world.the_call()).result == "never_again"


async def test_whatever_trouble_the_dialler_has_it_looks_again_and_the_engine_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles: list[Exception] = [ValueError("no hours"), PbxRefused("no"), KeyError("gone"), Unavailable("away")]

    async def round_of_trouble() -> float:
        if not troubles:
            raise asyncio.CancelledError  # only the shutdown ends it
        raise troubles.pop(0)

    async def no_sleep(seconds: float) -> None:
        assert seconds > 0

    monkeypatch.setattr(world.dialer, "round", round_of_trouble)
    monkeypatch.setattr(world.dialer, "_sleep", no_sleep)
    with pytest.raises(asyncio.CancelledError):
        await world.dialer.run()
    assert troubles == []


# --- the gates ------------------------------------------------------------------------------------------------------


async def test_a_caller_who_took_the_last_line_while_the_prompts_were_spoken_keeps_it(
    store: Store, clock: ManualClock
) -> None:
    world = await build(store, clock, lines=5, trunk_lines=2)

    async def slow_voice(planned: object) -> None:
        world.lines.now = Occupied(lines=1)

    world.dialer = Dialer(
        store,
        clock,
        world.settings,
        world.service,
        robots={"main": world.robot},
        lines={"main": world.lines},
        prepare=slow_voice,
    )
    await world.done_job()
    assert await world.dial(after=3600) == []
    call = await world.the_call()
    assert (call.state, call.attempts) == (CallState.WAITING, 0)
    world.lines.now = Occupied()
    assert call.due_at == clock.now() + timedelta(seconds=15)


async def test_nobody_is_called_until_it_is_known_again_who_holds_a_line(store: Store, clock: ManualClock) -> None:
    """The link broke and came back while the prompts were spoken: what the tracker has is of before the cut."""
    world = await build(store, clock)

    async def cut(planned: object) -> None:
        world.robot.in_step = False

    world.dialer = Dialer(
        store,
        clock,
        world.settings,
        world.service,
        robots={"main": world.robot},
        lines={"main": world.lines},
        prepare=cut,
    )
    await world.done_job()
    assert await world.dial(after=3600) == [], "its prompts are ready, and no line is known to be free"
    assert await world.dial(after=3600) == [] and await world.dialer.rooms() == {}, "nothing is planned either"
    world.robot.in_step = True
    assert await world.dialer.rooms() == {"main": 2}


async def test_a_text_that_cannot_be_spoken_rings_nobody(store: Store, clock: ManualClock) -> None:
    world = await build(store, clock)

    async def mute(planned: object) -> None:
        raise Unavailable("no voice is installed")

    world.dialer = Dialer(
        store,
        clock,
        world.settings,
        world.service,
        robots={"main": world.robot},
        lines={"main": world.lines},
        prepare=mute,
    )
    await world.done_job()
    assert await world.dial(after=3600) == []
    (attempt,) = await world.attempts()
    assert (attempt.result, attempt.reason) == ("not_placed", "no voice is installed")
