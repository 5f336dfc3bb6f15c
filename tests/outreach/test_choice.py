"""Campaigns choose their tickets, keep their own distances, and tell beforehand whom they would call."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from callengine.calls.model import Outcome as CallOutcome
from callengine.clock import ManualClock
from callengine.errors import Refused
from callengine.outreach import rules
from callengine.outreach.campaigns import NewCampaign
from callengine.outreach.choice import Choice, fits, from_raw, to_raw
from callengine.outreach.model import CallKind, Campaign
from callengine.store import ticket_joins
from callengine.store.database import Store
from callengine.store.tables import people
from callengine.store.tables import ticket_applicants as applicants
from callengine.tickets.effects import Asked, Mover
from callengine.tickets.lifecycle import SYSTEM, Move
from callengine.tickets.model import Applicant, Status, Ticket, Urgency
from tests.outreach.test_campaigns import WARM
from tests.outreach.test_ratings import again_done
from tests.outreach.world import RESIDENT, SILENT, World, build, mark, number


async def waiting_for(world: World, choice: Choice, **more: Any) -> Campaign:
    made = await world.campaigns.create(NewCampaign(CallKind.RATING, "Вода", choice=choice, **more), "Орлова", 2)
    return made.campaign


async def test_a_job_that_fits_is_the_campaigns_and_any_other_the_standing_ones(both: World) -> None:
    world = both
    ticket = await world.done_job()
    branch = ticket.classifier.code.partition("-")[0]
    theirs = await waiting_for(world, Choice(classifier="ZZZ"))
    ours = await waiting_for(world, Choice(classifier=branch), most_attempts=1)
    await world.done_job(applicant=Applicant(number(1), "Жилец"))
    first, second = await world.made()
    assert (first.number, second.number) == (RESIDENT, number(1))
    assert first.campaign_id not in (ours.id, theirs.id), "that job was confirmed before the campaign was there"
    assert second.campaign_id == ours.id
    await world.unanswered((await world.dial(after=3600))[1][0])
    assert [call.state.value for call in await world.made() if call.campaign_id == ours.id] == ["given_up"]
    again = await world.campaigns.get(ours.id)
    assert again.state.value == "running", "it waits for the next job until it is stopped"
    await world.campaigns.stop(ours.id, "Орлова")
    await world.done_job(applicant=Applicant(number(2), "Жилец"))
    assert (await world.made())[-1].campaign_id == first.campaign_id


async def test_the_newest_of_two_campaigns_has_the_job_and_a_paused_one_keeps_it(world: World) -> None:
    ticket = await world.done_job()
    every = Choice(classifier=ticket.classifier.code)
    await waiting_for(world, every)
    newest = await waiting_for(world, every)
    await world.campaigns.pause(newest.id, "Орлова")
    await world.done_job(applicant=Applicant(number(1), "Жилец"))
    call = (await world.made())[-1]
    assert call.campaign_id == newest.id
    assert number(1) not in [called for _, called in await world.dial(after=3600)]
    await world.campaigns.resume(newest.id, "Орлова")
    assert [called for _, called in await world.dial(after=60)] == [number(1)]


async def test_a_campaign_that_has_not_begun_or_is_over_has_no_jobs(world: World) -> None:
    ticket = await world.done_job()
    every = Choice(classifier=ticket.classifier.code)
    later = world.clock.now() + timedelta(days=1)
    campaign = await waiting_for(world, every, begins_at=later, ends_at=later + timedelta(days=1))
    await world.done_job(applicant=Applicant(number(1), "Жилец"))
    assert campaign.id not in [call.campaign_id for call in await world.made()]


async def test_each_part_of_a_choice_narrows(world: World) -> None:
    ticket = await world.done_job()
    assert ticket.house and ticket.organisation
    house, organisation = ticket.house.id, ticket.organisation.id
    right = Choice(
        ticket.classifier.code, organisation, ticket.district, (house,), (ticket.urgency.value,), ticket.paid
    )
    assert fits(Choice(), ticket) and fits(right, ticket)
    wrong = [
        Choice(classifier="ZZZ"), Choice(organisation_id=organisation + 99), Choice(district="нигде"),
        Choice(house_ids=(house + 99,)), Choice(urgency=("none",)), Choice(paid=not ticket.paid),
    ]  # fmt: skip
    assert [one for one in wrong if fits(one, ticket)] == []
    now = world.clock.now()
    every = Choice("HVS", 1, "Центр", (1, 2), ("urgent",), False, ("closed",), now, now + timedelta(days=1))
    assert from_raw(to_raw(every)) == every and from_raw(to_raw(Choice())) == Choice()
    with pytest.raises(ValueError, match="newer release"):
        from_raw({"colour": "red"})


async def test_a_survey_of_the_clients_of_tickets_calls_each_once_and_hangs_on_his_ticket(both: World) -> None:
    world = both
    for n in (1, 1, 2):
        ticket = await world.done_job(applicant=Applicant(number(n), f"Жилец {n}"))
    now = world.clock.now()
    choice = Choice(ticket.classifier.code, since=now - timedelta(days=1), until=now + timedelta(minutes=1))
    wish = NewCampaign(CallKind.SURVEY, "Тепло", dialogue=WARM, choice=choice)
    foreseen = await world.campaigns.preview(wish)
    assert (foreseen.calls, foreseen.tickets, foreseen.capped) == (2, 3, False)
    assert await world.campaigns.find(kind="survey") == ([], None), "a preview writes nothing"
    made = await world.campaigns.create(wish, "Орлова", 2)
    calls = [call for call in await world.made() if call.campaign_id == made.campaign.id]
    assert sorted((call.number, call.name) for call in calls) == [(number(1), "Жилец 1"), (number(2), "Жилец 2")]
    assert all(call.ticket_id for call in calls)
    none = NewCampaign(CallKind.SURVEY, "Тепло", dialogue=WARM, choice=Choice("ZZZ", since=choice.since, until=now))
    assert (await world.campaigns.preview(none)).calls == 0
    with pytest.raises(Refused, match="nobody is left to call"):
        await world.campaigns.create(none, "Орлова", 2)


async def test_the_preview_names_who_is_left_out_and_what_would_hold(world: World) -> None:
    await world.opt_outs.add(number(2), "", "Петрова")
    water = {"what": "холодной воды", "address": "Мира, 44"}
    wish = NewCampaign(CallKind.OUTAGE, "Вода", numbers=(number(1), number(2), "109"), job=water, spacing={"busy": 120})
    foreseen = await world.campaigns.preview(wish)
    assert (foreseen.calls, foreseen.tickets, len(foreseen.left)) == (1, None, 2)
    assert (foreseen.attempts, foreseen.spacing["busy"], foreseen.spacing["no_answer"]) == (3, 120, 3600)
    assert (foreseen.hours, foreseen.days) == ("09-20", "each")
    assert await world.made() == []


async def test_the_preview_of_ratings_counts_the_tickets_of_the_last_month(world: World) -> None:
    ticket = await world.done_job()
    wish = NewCampaign(CallKind.RATING, "Вода", choice=Choice(ticket.classifier.code))
    foreseen = await world.campaigns.preview(wish)
    assert (foreseen.calls, foreseen.tickets) == (0, 1)


async def test_the_next_attempt_keeps_the_campaigns_own_distance(store: Store, clock: ManualClock) -> None:
    world = await build(store, clock)
    await world.survey([number(1)], spacing={"busy": 120})
    await world.unanswered(await world.dial_one(after=0), CallOutcome.BUSY)
    assert (await world.the_call()).due_at == clock.now() + timedelta(seconds=120)
    await world.unanswered(await world.dial_one(after=120))
    assert (await world.the_call()).due_at == clock.now() + timedelta(seconds=3600), "the others are as configured"


@pytest.mark.parametrize("result", ["busy", "no_answer", "rejected", "failed", "machine", "silent", "hung_up"])
def test_each_result_has_a_distance_of_its_own(world: World, result: str) -> None:
    assert result in rules.SPACED
    assert rules.spacing_of(result, world.settings, {result: 77}) == 77
    assert rules.spacing_of(result, world.settings, {}) == getattr(world.settings, f"{result}_seconds")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"spacing": {"busy": 5}}, "/spacing/busy"),
        ({"spacing": {"never": 600}}, "/spacing/never"),
        ({"choice": Choice(classifier="HVS")}, "/choice/since"),
        ({"choice": Choice(urgency=("slow",))}, "/choice/urgency"),
        ({"kind": CallKind.METER, "choice": Choice(paid=True), "job": {}}, "/choice"),
        ({"kind": CallKind.RATING, "numbers": (), "job": {}}, "/choice"),
    ],
)
async def test_a_mistake_in_a_choice_or_a_distance_is_told_at_its_place(
    world: World, changes: dict[str, Any], pointer: str
) -> None:
    water = {"what": "холодной воды", "address": "Мира, 44"}
    wish = {"kind": CallKind.OUTAGE, "name": "Вода", "numbers": (number(1),), "job": water} | changes
    for act in (world.campaigns.preview(NewCampaign(**wish)), world.campaigns.create(NewCampaign(**wish), "О", 2)):
        with pytest.raises(Refused) as refused:
            await act
        assert f"#{pointer}" in [one["pointer"] for one in refused.value.extra["errors"]]


# --- of several applicants ------------------------------------------------------------------------------------


async def joined(world: World, ticket: Ticket, *numbers: str) -> None:
    """These joined the ticket, in this order."""
    async with world.store.begin() as tx:
        for one in numbers:
            at = world.clock.now()
            await ticket_joins.add(tx, ticket_id=ticket.id, name=f"Сосед {one[-1]}", number=one, joined_at=at)
            await ticket_joins.count(tx, ticket.id, 1)


async def confirmed_with(world: World, choice: Choice, *numbers: str) -> Ticket:
    """A job that neighbours joined, confirmed while a campaign of one attempt waits for it."""
    before = await world.block.to(Status.AWAITING_CENTRE)
    await waiting_for(world, choice, most_attempts=1)
    await joined(world, before, *numbers)
    return await world.block.move(before, "petrova", Move.CONFIRM)


EVERY, OTHERS_TOO = Choice(urgency=tuple(Urgency)), Choice(urgency=tuple(Urgency), others=True)


async def test_who_called_first_is_asked_and_nobody_else(world: World) -> None:
    ticket = await confirmed_with(world, EVERY, number(1))
    await world.unanswered(await world.dial_one())
    assert [call.number for call in await world.made()] == [RESIDENT]
    assert "robot_gave_up" in await world.history(ticket)


async def test_those_who_joined_are_asked_one_after_another_until_one_gives_a_mark(both: World) -> None:
    world = both
    ticket = await confirmed_with(world, OTHERS_TOO, "109", number(1), RESIDENT, number(2))
    await world.unanswered(await world.dial_one())
    assert "robot_gave_up" not in await world.history(ticket), "another is asked"
    assert [call.number for call in await world.made()] == [RESIDENT, number(1)], "one at a time, each number once"
    await world.answers(await world.dial_one(), SILENT)
    await world.answers(await world.dial_one(), mark(5))
    assert [call.number for call in await world.made()] == [RESIDENT, number(1), number(2)]
    after = await world.ticket(ticket)
    assert (after.status, after.mark) == (Status.CLOSED, 5)
    assert await world.dial(after=90_000) == []


async def test_when_all_of_them_were_silent_the_history_says_so_once(world: World) -> None:
    ticket = await confirmed_with(world, OTHERS_TOO, number(1))
    await world.unanswered(await world.dial_one())
    await world.unanswered(await world.dial_one())
    assert (await world.history(ticket)).count("robot_gave_up") == 1
    assert await world.dial(after=90_000) == []


async def test_who_wants_no_calls_is_passed_over_for_the_next(world: World) -> None:
    before = await world.block.to(Status.AWAITING_CENTRE)
    await waiting_for(world, OTHERS_TOO)
    await joined(world, before, number(1), number(2))
    await world.opt_outs.add(RESIDENT, "", "Петрова")
    await world.block.move(before, "petrova", Move.CONFIRM)
    assert [call.number for call in await world.made()] == [number(1)]
    await world.opt_outs.add(number(1), "", "Петрова")
    assert [called for _, called in await world.dial(after=3600)] == [number(2)]


async def test_who_wants_to_be_told_nothing_is_passed_over_too_by_his_ticket_or_his_card(world: World) -> None:
    before = await world.block.to(
        Status.AWAITING_CENTRE, applicant=Applicant(RESIDENT, "Мельникова Анна", notify="none")
    )
    await waiting_for(world, OTHERS_TOO)
    await joined(world, before, number(1), number(2), number(3))
    async with world.store.begin() as tx:
        card = {"code": "P-1", "name": "Сосед", "search": "", "notify": "none"}
        await tx.conn.execute(insert(people), [card])
        its = select(people.c.id).where(people.c.code == "P-1").scalar_subquery()
        await tx.conn.execute(update(applicants).where(applicants.c.number == number(1)).values(person_id=its))
    await world.block.move(before, "petrova", Move.CONFIRM)
    assert [call.number for call in await world.made()] == [number(2)]
    assert "robot_unwanted" not in await world.history(before), "somebody is asked"
    since = world.clock.now() - timedelta(days=3)
    chosen = Choice(urgency=tuple(Urgency), since=since, until=world.clock.now() + timedelta(seconds=1))
    outage = {"what": "холодной воды", "address": "Мира, 44"}  # news of his house and not of his ticket
    for kind, job, left in ((CallKind.RESULT, {}, ["asked to be told nothing"]), (CallKind.OUTAGE, outage, [])):
        found = await world.campaigns.preview(NewCampaign(kind, "Итог", choice=chosen, job=job))
        assert [one.why for one in found.left] == left, kind


async def test_a_ticket_that_is_settled_meanwhile_asks_nobody_else(world: World) -> None:
    ticket = await confirmed_with(world, OTHERS_TOO, number(1))
    request_id = await world.dial_one()
    mover = Mover(name="resident", role=SYSTEM)
    await world.block.moves.move(ticket.number, mover, Asked(Move.MARK, mark=5))
    await world.unanswered(request_id)
    assert [call.number for call in await world.made()] == [RESIDENT]


async def test_a_late_word_of_an_earlier_round_asks_nobody_else_of_the_present_one(world: World) -> None:
    ticket = await confirmed_with(world, OTHERS_TOO, number(1))
    request_id = await world.dial_one()
    await world.unanswered(request_id)
    await world.block.move(await world.ticket(ticket), "petrova", "mark", mark=1)
    await again_done(world, ticket)
    await world.service.told(request_id, SILENT)
    assert [call.number for call in await world.made()] == [RESIDENT, number(1), RESIDENT]


async def test_others_are_asked_for_marks_alone_and_say_nothing_of_which_tickets(world: World) -> None:
    assert not Choice(others=True) and from_raw(to_raw(OTHERS_TOO)) == OTHERS_TOO and "others" not in to_raw(EVERY)
    with pytest.raises(Refused, match="which tickets"):
        await waiting_for(world, Choice(others=True))
    since = world.clock.now() - timedelta(days=3)
    chosen = Choice(classifier="HVS", others=True, since=since, until=world.clock.now())
    with pytest.raises(Refused, match="only ratings"):
        await world.campaigns.preview(NewCampaign(CallKind.RESULT, "Итог", choice=chosen))
