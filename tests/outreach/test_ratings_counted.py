"""Marks are counted by organisation, executor, branch and period, never without who was asked; each sees his own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from callengine import config
from callengine.errors import Forbidden, Refused
from callengine.outreach.ratings import RatingsService, Sees
from callengine.store import ratings as rating_rows
from callengine.store.ratings import Wanted
from callengine.tickets.model import Applicant, Ticket
from tests.outreach.world import DONE_NO_MARK, NOT_DONE, World, mark, number

ALL = Sees(everything=True)


def service(world: World) -> RatingsService:
    return RatingsService(world.store, world.clock, config.Locale())


async def asked(world: World, *outcomes: Any) -> list[Ticket]:
    """A job for each, asked about; None: nobody ever answers."""
    tickets = []
    for n, outcome in enumerate(outcomes):
        tickets.append(await world.done_job(applicant=Applicant(number(n), "Жилец")))
        for _ in range(3 if outcome is None else 1):
            request_id = await world.dial_one(after=3600)
            await (world.unanswered(request_id) if outcome is None else world.answers(request_id, outcome))
    return tickets


async def test_beside_the_mean_is_who_was_asked_who_answered_and_who_has_it_undone(both: World) -> None:
    world = both
    tickets = await asked(world, mark(5), mark(2), NOT_DONE, DONE_NO_MARK, None)
    found = await service(world).summary(Wanted(), ALL, by="organisation", slices="day")
    whole = found.whole
    assert (whole.asked, whole.answered, whole.marked, whole.marks) == (5, 4, 2, {2: 1, 5: 1})
    assert (whole.mean, whole.response_rate, whole.not_done_share, whole.no_mark) == (3.5, 0.8, 0.25, 1)
    (row,) = found.rows
    assert tickets[0].organisation and (row.key, row.figures) == (str(tickets[0].organisation.id), whole)
    assert row.name == tickets[0].organisation.name
    assert sum(one.figures.asked for one in found.slices) == 5 and len(found.slices) == 31
    for by, key in (("classifier", tickets[0].classifier.code), ("branch", tickets[0].classifier.code.split("-")[0])):
        (row,) = (await service(world).summary(Wanted(), ALL, by=by)).rows
        assert (row.key, row.figures.asked) == (key, 5) and row.name
    (row,) = (await service(world).summary(Wanted(), ALL, by="executor")).rows
    assert tickets[0].executor and (row.key, row.name) == (str(tickets[0].executor.id), tickets[0].executor.name)


async def test_no_mean_of_nothing_and_no_rate_of_nobody(world: World) -> None:
    whole = (await service(world).summary(Wanted(), ALL)).whole
    assert (whole.asked, whole.mean, whole.response_rate, whole.not_done_share) == (0, None, None, None)


async def test_what_the_ledger_tells_later_counts_once_and_instead_of_what_was_guessed(both: World) -> None:
    world = both
    await world.done_job()
    for _ in range(3):
        request_id = await world.dial_one(after=3600)
        await world.unanswered(request_id)
    assert (await service(world).summary(Wanted(), ALL)).whole.response_rate == 0
    await world.ledger_tells(request_id, mark(4))
    whole = (await service(world).summary(Wanted(), ALL)).whole
    assert (whole.asked, whole.marked, whole.mean) == (1, 1, 4)
    (rating,) = (await service(world).find(Wanted(answered=True), ALL))[0]
    assert (rating.attempt.id, rating.mark) == (request_id, 4)


async def test_an_attempt_in_vain_that_is_settled_late_takes_no_mark_away(both: World) -> None:
    world = both
    await world.done_job()
    await world.unanswered(vain := await world.dial_one(after=3600))
    await world.answers(told := await world.dial_one(after=3600), mark(4))
    (call,) = await world.made()
    async with world.store.begin() as tx:  # its PBX was away: only now is it known how that one ended
        late = {"ticket_id": call.ticket_id, "at": world.clock.now(), "result": "no_answer", "mark": None}
        await rating_rows.put(tx, call_id=call.id, attempt_id=vain, **late)
    (rating,) = (await service(world).find(Wanted(), ALL))[0]
    assert (rating.attempt.id, rating.result, rating.mark) == (told, "marked", 4)


async def test_an_organisation_and_an_executor_see_their_own_and_may_not_ask_for_others(both: World) -> None:
    world = both
    (ticket,) = await asked(world, mark(5))
    assert ticket.organisation and ticket.executor
    own, others = ticket.organisation.id, ticket.organisation.id + 1
    for sees, count in (
        (Sees(organisation_id=own), 1),
        (Sees(organisation_id=others), 0),
        (Sees(executor_id=ticket.executor.id), 1),
        (Sees(executor_id=ticket.executor.id + 99), 0),
    ):
        assert (await service(world).summary(Wanted(), sees)).whole.asked == count
        assert len((await service(world).find(Wanted(), sees))[0]) == count
    for wanted, sees in ((Wanted(organisation_id=others), Sees(organisation_id=own)), (Wanted(), Sees())):
        with pytest.raises(Forbidden):
            await service(world).summary(wanted, sees)
        with pytest.raises(Forbidden):
            await service(world).find(wanted, sees)


async def test_the_list_is_paged_and_narrowed(both: World) -> None:
    world = both
    tickets = await asked(world, mark(5), mark(4), NOT_DONE, None)
    first, cursor = await service(world).find(Wanted(), ALL, limit=3)
    rest, end = await service(world).find(Wanted(), ALL, limit=3, cursor=cursor)
    assert [one.result for one in (*first, *rest)] == ["no_answer", "not_done", "marked", "marked"] and end is None
    assert first[1].ticket_number == tickets[2].number and first[1].attempt.pbx_call_id
    said, _ = await service(world).find(Wanted(answered=True), ALL)
    assert [one.mark for one in said] == [0, 4, 5]
    assert [one.mark for one in (await service(world).find(Wanted(mark=4), ALL))[0]] == [4]
    assert (await service(world).find(Wanted(classifier="ZZZ"), ALL))[0] == []
    with pytest.raises(Refused):
        await service(world).find(Wanted(), ALL, cursor="yesterday")


async def test_a_period_that_is_too_long_or_cut_too_fine_is_refused(world: World) -> None:
    now = world.clock.now()
    with pytest.raises(Refused, match="at most 400 days"):
        await service(world).summary(Wanted(since=now - timedelta(days=500)), ALL)
    with pytest.raises(Refused, match="take longer ones"):
        await service(world).summary(Wanted(since=now - timedelta(days=90)), ALL, slices="day")
    months = (await service(world).summary(Wanted(since=now - timedelta(days=90)), ALL, slices="month")).slices
    assert [one.key for one in months] == ["2026-08-22", "2026-09-01", "2026-10-01", "2026-11-01"]


async def test_figures_of_a_period_are_read_from_an_index_alone(world: World) -> None:
    """A million calls: the rows themselves are not touched."""
    async with world.store.read() as conn:
        for where in (
            "at >= 0 AND at < 9",
            "organisation_id = 1 AND at >= 0 AND at < 9",
            "executor_id = 1 AND at >= 0",
        ):
            query = f"EXPLAIN QUERY PLAN SELECT result, mark, COUNT(*) FROM ratings WHERE {where} GROUP BY result, mark"
            plan = " ".join(row[3] for row in (await conn.execute(text(query))).all())
            assert "SEARCH ratings USING COVERING INDEX" in plan, plan
