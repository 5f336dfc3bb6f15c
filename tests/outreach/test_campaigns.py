"""Campaigns by hand: whom they call, pause and stop at once, the kill switch, the lines, what they came to."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from callengine import config
from callengine.calls.model import Outcome as CallOutcome
from callengine.clock import ManualClock
from callengine.errors import Conflict, EngineError, NotFound, Refused
from callengine.menus.outcome import Outcome, Proof, Result
from callengine.outreach.campaigns import NewCampaign
from callengine.outreach.events import CampaignChanged, OutreachSwitched, RobotCalled
from callengine.outreach.model import AttemptState, CallKind, CallState, CallWish, CampaignState, Occupied
from callengine.outreach.ratings import RatingsService, Sees
from callengine.outreach.switch import Switch
from callengine.store import outreach as outreach_rows
from callengine.store.database import Store, Tx
from callengine.store.ratings import Wanted
from callengine.store.tables import people, person_numbers, residences
from tests.outreach.world import HEARD, HUNG_UP, World, build, mark, number

WATER = {"what": "холодной воды", "address": "Мира, 44"}


def outage(*numbers: str, **more: Any) -> NewCampaign:
    return NewCampaign(CallKind.OUTAGE, "Вода", numbers=numbers, job=WATER, **more)


# --- whom ------------------------------------------------------------------------------------------------------------


MOSCOW, VLADIVOSTOK = "+74952345678", "+74232345678"


async def test_one_campaign_calls_each_by_his_own_clock(world: World) -> None:
    world.clock.advance(seconds=2.5 * 3600)  # 13:30 in Moscow, 20:30 in Vladivostok
    made = await world.survey([MOSCOW, VLADIVOSTOK])
    assert made.campaign.zones == ("Europe/Moscow", "Asia/Vladivostok")
    assert [number for _, number in await world.dial()] == [MOSCOW]
    await world.answers(world.robot.asked[-1][0], HEARD)
    assert await world.service.next_due() == datetime.fromisoformat("2026-11-21T09:00:00+10:00")
    assert [number for _, number in await world.dial(after=12.5 * 3600)] == [VLADIVOSTOK]


async def test_a_clock_that_a_person_named_holds_for_all_of_his_campaign(world: World) -> None:
    made = await world.survey([MOSCOW, VLADIVOSTOK], zone="Asia/Vladivostok")
    assert made.campaign.zones == ("Asia/Vladivostok",)
    assert {call.zone for call in await world.made()} == {"Asia/Vladivostok"}


async def test_who_is_no_number_to_call_or_opted_out_is_left_out_and_named(world: World) -> None:
    await world.opt_outs.add(number(2), "", "Петрова")
    made = await world.survey([number(1), number(2), "109", "сосед", number(1)])
    assert made.calls == 1
    assert {one.number: one.why for one in made.left} == {
        "109": "a short number belongs to a service",
        "сосед": "no telephone number",
        number(2): "opted out",
    }
    assert made.campaign.state is CampaignState.RUNNING


async def test_a_house_is_called_by_the_numbers_of_who_lives_there(both: World) -> None:
    world = both
    async with world.store.begin() as tx:
        await tx.conn.execute(
            insert(people),
            [{"id": n, "code": f"P{n}", "name": f"Жилец {n}", "search": ""} for n in (1, 2, 3)],
        )
        await tx.conn.execute(
            insert(person_numbers),
            [{"person_id": p, "number": number(n)} for p, n in ((1, 1), (1, 2), (2, 1), (3, 3))],
        )
        homes = [(1, 1), (2, 1), (3, 2)]
        await tx.conn.execute(
            insert(residences),
            [{"person_id": p, "house_id": h, "premise": "1", "relation": "owner"} for p, h in homes],
        )
    made = await world.campaigns.create(outage(house_ids=[1]), "Орлова", 2)
    assert made.calls == 2
    assert sorted(call.number for call in await world.made()) == [number(1), number(2)]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": " "}, "#/name"),
        ({"kind": CallKind.JOB}, "#/kind"),
        ({"kind": CallKind.RATING}, "#/numbers"),  # it waits for tickets: it calls their clients
        ({"hours": "22-23"}, "#/hours"),
        ({"days": "sometimes"}, "#/days"),
        ({"zone": "Europe/Atlantis"}, "#/zone"),
        ({"language": "xx"}, "#/language"),
        ({"most_lines": 0}, "#/lines"),
        ({"most_attempts": 99}, "#/attempts"),
        ({"numbers": ("109",)}, "#/numbers"),
        ({"kind": CallKind.SURVEY}, "#/dialogue"),
        ({"job": {"what": "воды", "colour": "red"}}, "#/job"),
        ({"job": {"service": "мы"}}, "#/job"),
    ],
)
async def test_a_campaign_with_a_mistake_is_refused_at_its_place(
    world: World, changes: dict[str, Any], pointer: str
) -> None:
    wish = {"kind": CallKind.OUTAGE, "name": "Вода", "numbers": (number(1),), "job": WATER} | changes
    with pytest.raises(Refused) as refused:
        await world.campaigns.create(NewCampaign(**wish), "Орлова", 2)
    assert pointer in [one["pointer"] for one in refused.value.extra["errors"]]
    assert await world.made() == []


async def test_a_survey_whose_question_leads_nowhere_is_refused_before_anybody_is_rung(world: World) -> None:
    broken = {"kind": "survey", "start": "hello", "fields": [], "steps": {"hello": {"kind": "say", "say": {"ru": "?"}}}}
    wish = NewCampaign(CallKind.SURVEY, "Опрос", numbers=(number(1),), dialogue=broken)
    with pytest.raises(EngineError, match="mistakes"):
        await world.campaigns.create(wish, "Орлова", 2)


# A survey that is written in Russian only.
WARM = {
    "kind": "survey",
    "start": "warm",
    "fields": ["service"],
    "languages": ["ru"],
    "title": {"ru": "Тепло ли?"},
    "told": {name: {"ru": "Не так."} for name in ("wrong", "too_low", "too_high")},
    "steps": {
        "warm": {
            "kind": "key",
            "records": True,
            "say": {"ru": "Тепло ли у вас? Да: один. Нет: два."},
            "keys": {"1": {"next": "bye"}, "2": {"next": "bye"}, "0": {"next": "op", "result": "to_operator"}},
        },
        "bye": {"kind": "end", "say": {"ru": "Спасибо."}, "result": "answered"},
        "op": {"kind": "end", "say": {"ru": "Соединяю."}, "then": "operator"},
    },
}


async def test_a_survey_that_is_not_written_in_its_language_is_refused_before_anybody_is_rung(world: World) -> None:
    wish = NewCampaign(CallKind.SURVEY, "Warm?", numbers=(number(1),), dialogue=WARM, language="en")
    with pytest.raises(Refused, match="written in ru") as refused:
        await world.campaigns.create(wish, "Орлова", 2)
    assert refused.value.extra["errors"][0]["pointer"] == "#/language"
    assert await world.made() == []


# --- its state -------------------------------------------------------------------------------------------------------


async def test_a_paused_campaign_calls_nobody_from_that_moment_and_goes_on_when_it_is_resumed(world: World) -> None:
    made = await world.survey([number(n) for n in range(6)])
    assert len(await world.dial()) == 2
    await world.campaigns.pause(made.campaign.id, "Орлова")
    for request_id, _ in world.robot.asked:
        await world.answers(request_id, HEARD)
    assert await world.dial(after=60) == []
    await world.campaigns.resume(made.campaign.id, "Орлова")
    assert len(await world.dial()) == 2


async def test_a_pause_between_the_plan_and_the_pbx_is_heeded(both: World) -> None:
    world = both
    made = await world.survey([number(1)])
    (planned,) = await world.service.choose({"main": 1})
    await world.campaigns.pause(made.campaign.id, "Орлова")
    await world.dialer.place(planned)
    assert world.robot.asked == []
    call = await world.the_call()
    assert (call.state, call.attempts) == (CallState.WAITING, 0)


async def test_who_talks_when_a_campaign_is_stopped_is_let_talk_and_counted(world: World) -> None:
    made = await world.survey([number(1), number(2), number(3)])
    ((first, _), _) = await world.dial()
    await world.campaigns.stop(made.campaign.id, "Орлова")
    await world.answers(first, HEARD)
    progress = (await world.campaigns.progress([made.campaign.id]))[made.campaign.id]
    assert progress.states == {"done": 1, "calling": 1, "waiting": 1}
    assert await world.dial(after=3600) == []
    with pytest.raises(Conflict, match="stopped"):
        await world.campaigns.resume(made.campaign.id, "Орлова")


async def test_a_campaign_ends_with_its_last_call(world: World) -> None:
    told: list[CampaignChanged] = []
    world.store.after.setdefault(CampaignChanged, []).append(told.append)
    made = await world.survey([number(1), number(2)])
    for request_id, _ in await world.dial():
        await world.answers(request_id, HEARD)
    assert (await world.campaigns.get(made.campaign.id)).state is CampaignState.FINISHED
    assert [one.campaign.state for one in told] == ["filling", "running", "finished"]


async def test_who_stops_a_campaign_in_the_moment_of_its_last_call_is_who_stopped_it(
    postgres_store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await build(postgres_store, clock)
    made = await world.campaigns.create(outage(number(1)), "Орлова", 2)
    request_id = await world.dial_one(after=0)
    looked = outreach_rows.anything_open

    async def stopped_meanwhile(*asked: Any) -> bool:
        await world.campaigns.stop(made.campaign.id, "Петрова")
        return await looked(*asked)

    monkeypatch.setattr("callengine.store.outreach.anything_open", stopped_meanwhile)
    await world.answers(request_id, HEARD)
    campaign = await world.campaigns.get(made.campaign.id)
    assert (campaign.state, campaign.changed_by) == (CampaignState.STOPPED, "Петрова")


async def test_a_campaign_of_those_who_all_opted_out_meanwhile_ends_too(world: World) -> None:
    made = await world.survey([number(1)])
    await world.opt_outs.add(number(1), "outage", "Петрова")
    assert await world.dial() == []
    assert (await world.campaigns.get(made.campaign.id)).state is CampaignState.FINISHED


async def test_a_campaign_begins_and_ends_at_its_moments(world: World) -> None:
    now = world.clock.now()
    wish = outage(number(1), begins_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2))
    made = await world.campaigns.create(wish, "Орлова", 2)
    assert await world.dial() == []
    request_id = await world.dial_one(after=3600)
    await world.unanswered(request_id, CallOutcome.BUSY)
    assert await world.dial(after=3600) == []
    assert (await world.campaigns.get(made.campaign.id)).state is CampaignState.FINISHED


async def test_a_standing_campaign_is_paused_and_never_stopped(world: World) -> None:
    await world.done_job()
    ((standing,), _) = await world.campaigns.find()
    assert standing.code == "rating"
    with pytest.raises(Conflict, match="pause it"):
        await world.campaigns.stop(standing.id, "Орлова")
    await world.campaigns.pause(standing.id, "Орлова")
    assert await world.dial(after=3600) == []
    await world.done_job(premise="10")  # still written down
    assert len(await world.made()) == 2


async def test_there_is_no_campaign_that_was_never_made(world: World) -> None:
    for ask in (world.campaigns.get, world.campaigns.results, world.campaigns.calls):
        with pytest.raises(NotFound):
            await ask(99)
    with pytest.raises(NotFound):
        await world.campaigns.pause(99, "Орлова")


# --- the kill switch -------------------------------------------------------------------------------------------------


async def test_after_the_kill_switch_nobody_is_called_not_even_who_was_planned(both: World) -> None:
    world = both
    await world.survey([number(n) for n in range(4)])
    (planned,) = await world.service.choose({"main": 1})
    halt = await world.switch.halt("cli", "жалоба")
    await world.dialer.place(planned)
    assert world.robot.asked == [] and await world.dial(after=3600) == []
    assert (halt.halted_by, halt.reason) == ("cli", "жалоба")
    assert await world.switch.halt("Орлова") == halt  # pulled twice, it is pulled once
    assert await world.switch.resume("Орлова") is True
    assert await world.switch.state() is None and await world.switch.resume("Орлова") is False
    assert len(await world.dial()) == 2


async def one_engine_waits(store: Store, task: asyncio.Task[Any]) -> bool:
    """Whether somebody waits for a lock of this database, as soon as either he does or the task is done."""
    waits = text("SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
                 "WHERE NOT l.granted AND d.datname = current_database()")  # fmt: skip
    async with asyncio.timeout(10):
        while not task.done():
            async with store.read() as conn:
                if (await conn.execute(waits)).scalar_one():
                    return True
    return False


@pytest.mark.postgres
async def test_the_kill_switch_waits_for_who_is_sending_and_nothing_is_sent_after_it(
    postgres_store: Store, postgres_url: str, clock: ManualClock
) -> None:
    """What had been read as allowed was still sent when `halt` had returned on another connection."""
    world = await build(postgres_store, clock)
    await world.survey([number(n) for n in range(4)])
    (planned,) = await world.service.choose({"main": 1})
    beside = Store(postgres_url)
    waited: list[bool] = []
    halting: list[asyncio.Task[Any]] = []

    async def halt_now(tx: Tx, fact: RobotCalled) -> None:
        if fact.attempt.state is AttemptState.SENT:
            halting.append(asyncio.ensure_future(Switch(beside, clock).halt("cli", "жалоба")))
            waited.append(await one_engine_waits(beside, halting[0]))

    postgres_store.within[RobotCalled] = [halt_now]
    try:
        sent = await world.service.send([planned])
        assert (len(sent), waited) == (1, [True]), "the halt returned before this call was sent"
        assert (await halting[0]).halted_by == "cli"
        assert await world.service.choose({"main": 1}) == []
    finally:
        await asyncio.gather(*halting)
        await beside.close()


@pytest.mark.postgres
async def test_who_would_send_while_the_kill_switch_is_pulled_waits_for_it_and_sends_nothing(
    postgres_store: Store, postgres_url: str, clock: ManualClock
) -> None:
    world = await build(postgres_store, clock)
    await world.survey([number(n) for n in range(4)])
    (planned,) = await world.service.choose({"main": 1})
    beside = Store(postgres_url)
    sending: list[asyncio.Task[Any]] = []

    async def send_now(tx: Tx, fact: OutreachSwitched) -> None:
        sending.append(asyncio.ensure_future(world.service.send([planned])))
        assert await one_engine_waits(beside, sending[0]), "it was sent beside a halt that is being written"

    beside.within[OutreachSwitched] = [send_now]
    try:
        await Switch(beside, clock).halt("cli")
        assert await sending[0] == []
        (attempt,) = await world.attempts()
        assert (attempt.result, attempt.reason) == ("not_placed", "halted or paused")
    finally:
        await asyncio.gather(*sending, return_exceptions=True)
        await beside.close()


# --- lines and live callers ------------------------------------------------------------------------------------------


async def test_a_campaign_has_no_more_calls_at_once_than_it_may(store: Store, clock: ManualClock) -> None:
    world = await build(store, clock, lines=30, trunk_lines=100)
    await world.survey([number(n) for n in range(20)], most_lines=3)
    assert len(await world.dial()) == 3
    assert await world.dial(after=10) == []
    await world.answers(world.robot.asked[0][0], HEARD)
    assert len(await world.dial()) == 1


async def test_the_last_free_line_is_the_callers(store: Store, clock: ManualClock) -> None:
    world = await build(store, clock, lines=30, trunk_lines=5)
    await world.survey([number(n) for n in range(20)], most_lines=30)
    world.lines.now = Occupied(lines=2)
    assert len(await world.dial()) == 2
    world.lines.now = Occupied(lines=4, robots=frozenset(request_id for request_id, _ in world.robot.asked))
    assert await world.dial(after=10) == []


async def test_thirty_callers_who_arrive_find_the_lines_that_a_running_campaign_leaves(
    store: Store, clock: ManualClock
) -> None:
    """While callers wait the robot begins no call that would take a line from the next of them."""
    world = await build(store, clock, lines=30, trunk_lines=30)
    await world.survey([number(n) for n in range(60)], most_lines=30)
    world.lines.now = Occupied(lines=10, waiting=10)
    assert len(await world.dial()) == 10
    mine = frozenset(request_id for request_id, _ in world.robot.asked)
    world.lines.now = Occupied(lines=30, waiting=10, robots=mine)
    assert await world.dial(after=10) == []
    over, talks = sorted(mine)[:5], sorted(mine)[5:]
    for request_id in over:
        await world.answers(request_id, HEARD)
    world.lines.now = Occupied(lines=25, waiting=10, robots=frozenset(talks))
    assert await world.dial(after=10) == []  # five lines came free: they stay so for those who ring next


async def test_job_calls_come_before_surveys_and_danger_before_all(store: Store, clock: ManualClock) -> None:
    world = await build(store, clock, lines=1)
    await world.survey([number(1)])
    async with store.begin() as tx:
        await world.service.ask_call(tx, CallKind.JOB, CallWish(number(2), "job:1"))
        await world.service.ask_call(tx, CallKind.OUTAGE, CallWish(number(3), "gas:1"), danger=True)
    order = []
    for _ in range(3):
        ((request_id, called),) = await world.dial(after=60)
        order.append(called)
        await world.answers(request_id, Outcome(Result.ACKNOWLEDGED, keys="1", proof=Proof.KEY))
    assert order == [number(3), number(2), number(1)]


# --- what the ladder of notices asks for ------------------------------------------------------------------------------


async def test_danger_calls_at_night_and_in_spite_of_an_opt_out_and_nothing_else_does(world: World) -> None:
    world.clock.advance(seconds=15 * 3600)  # 02:00 in Moscow
    await world.opt_outs.add(number(1), "", "Петрова")
    async with world.store.begin() as tx:
        plain = await world.service.ask_call(tx, CallKind.OUTAGE, CallWish(number(2), "plain"))
        refused = await world.service.ask_call(tx, CallKind.OUTAGE, CallWish(number(1), "opted-out"))
        urgent = await world.service.ask_call(tx, CallKind.OUTAGE, CallWish(number(1), "gas"), danger=True)
    assert plain is not None and refused is None and urgent is not None
    assert [called for _, called in await world.dial()] == [number(1)]


async def test_the_same_wish_again_is_the_same_call(both: World) -> None:
    world = both
    ids = []
    for _ in range(2):
        async with world.store.begin() as tx:
            ids.append(await world.service.ask_call(tx, CallKind.JOB, CallWish(number(1), "job:7")))
    assert ids[0] == ids[1] is not None
    async with world.store.begin() as tx:
        assert await world.service.ask_call(tx, CallKind.JOB, CallWish("109", "job:8")) is None


async def test_who_asked_hears_how_the_call_ended(world: World) -> None:
    async with world.store.begin() as tx:
        call_id = await world.service.ask_call(tx, CallKind.JOB, CallWish(number(1), "job:7"))
    request_id = await world.dial_one(after=0)
    await world.answers(request_id, Outcome(Result.ACKNOWLEDGED, keys="1", proof=Proof.KEY))
    (settled,) = world.settled
    assert (settled.call.id, settled.kind) == (call_id, "job")
    assert settled.attempt is not None and settled.attempt.result == "acknowledged"


# --- what it came to -------------------------------------------------------------------------------------------------


async def test_the_response_rate_stands_beside_the_mean(store: Store, clock: ManualClock) -> None:
    world = await build(store, clock, lines=30, attempts=1)
    from callengine.tickets.model import Applicant

    for n in range(5):
        await world.done_job(premise=str(n), applicant=Applicant(number(n), "Жилец"))
    requests = {called: request_id for request_id, called in await world.dial(after=3600)}
    await world.answers(requests[number(0)], mark(5))
    await world.answers(requests[number(1)], mark(2))
    await world.answers(requests[number(2)], HUNG_UP)
    await world.unanswered(requests[number(3)])
    ((campaign,), _) = await world.campaigns.find()
    progress = (await world.campaigns.results(campaign.id)).progress
    assert (progress.marked, progress.mark_total, progress.settled, progress.total) == (2, 7, 4, 5)
    assert progress.marks == {5: 1, 2: 1} and progress.reached == 2
    assert progress.results == {"marked": 2, "hung_up": 1, "no_answer": 1}
    ratings, _ = await RatingsService(store, clock, config.Locale()).find(Wanted(mark=2), Sees(everything=True))
    assert [(one.attempt.mark, one.attempt.proof) for one in ratings] == [(2, "key")]
    assert all(one.attempt.pbx_call_id and one.ticket_number for one in ratings)


async def test_the_answers_of_a_survey_are_counted_by_question(both: World) -> None:
    world = both
    wish = NewCampaign(CallKind.SURVEY, "Тепло", numbers=(number(1), number(2)), dialogue=WARM)
    made = await world.campaigns.create(wish, "Орлова", 2)
    for (request_id, _), key in zip(await world.dial(), "12", strict=True):
        answered = Outcome(Result.ANSWERED, answers={"warm": key}, keys=key, proof=Proof.KEY)
        await world.answers(request_id, answered)
    results = await world.campaigns.results(made.campaign.id)
    assert results.answers == {"warm": {"1": 1, "2": 1}}
    assert results.campaign.state is CampaignState.FINISHED


async def test_the_calls_of_a_campaign_are_paged_with_their_attempts(both: World) -> None:
    world = both
    made = await world.survey([number(n) for n in range(5)])
    await world.dial()
    page, attempts, cursor = await world.campaigns.calls(made.campaign.id, limit=3)
    assert [call.number for call in page] == [number(0), number(1), number(2)]
    assert [len(attempts[call.id]) for call in page] == [1, 1, 0]
    rest, _, end = await world.campaigns.calls(made.campaign.id, limit=3, cursor=cursor)
    assert [call.number for call in rest] == [number(3), number(4)] and end is None
    with pytest.raises(Refused, match="cursor"):
        await world.campaigns.calls(made.campaign.id, cursor="nonsense")


# --- opt-outs --------------------------------------------------------------------------------------------------------


async def test_an_opt_out_may_be_taken_back_and_stays_as_history(both: World) -> None:
    world = both
    made = await world.opt_outs.add("8 907 330-00-01", "", "Петрова", note="просил по телефону")
    with pytest.raises(Conflict):
        await world.opt_outs.add(number(1), "", "Петрова")
    removed = await world.opt_outs.remove(made.id, "Орлова")
    assert (removed.number, removed.removed_by) == (number(1), "Орлова")
    with pytest.raises(NotFound):
        await world.opt_outs.remove(made.id, "Орлова")
    assert (await world.opt_outs.find()) == ([], None)
    assert (await world.opt_outs.add(number(1), "", "Петрова")).id != made.id


@pytest.mark.parametrize(("text", "kind"), [("109", ""), ("сосед", ""), (number(1), "singing")])
async def test_an_opt_out_of_nothing_is_refused(world: World, text: str, kind: str) -> None:
    with pytest.raises(Refused):
        await world.opt_outs.add(text, kind, "Петрова")
