"""R80: an interim answer promises its applicant the date of the fix; it moves no status and no term, and is held to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from callengine.clock import ManualClock, rfc3339
from callengine.errors import Conflict, Forbidden, Refused
from callengine.store.database import Store
from callengine.tickets.links import LinksService, mark_by
from callengine.tickets.model import Applicant, Status, Ticket
from callengine.tickets.moves import ENGINE
from callengine.tickets.rulebook import Rulebook
from callengine.tickets.service import TicketsService
from callengine.tickets.standing import RemindersService
from callengine.tickets.support import SupportService
from tests.tickets.block import ZONE, Block, build

S = Status
WORDS = "насос заказан, поставим в следующий четверг"


@pytest.fixture
async def block(store: Store, clock: ManualClock) -> Block:
    return await build(store, clock)


@pytest.fixture
async def one(sqlite_store: Store, clock: ManualClock) -> Block:
    return await build(sqlite_store, clock)


async def about(block: Block, ticket: Ticket) -> list[str]:
    kept = await block.tickets.get(ticket.number)
    return [e.data["about"] for e in kept.history if e.what == "reminder" and e.data["about"] != "stall"]


async def test_an_interim_answer_is_one_line_with_its_author_its_date_and_its_key_and_moves_neither_status_nor_term(
    block: Block, clock: ManualClock
) -> None:
    ticket = await block.to(S.IN_PROGRESS, "KRO-05")
    until = clock.now() + timedelta(days=9)
    after = await block.move(ticket, "zhukov", "interim", WORDS, until=until, key="answer-1")
    again = await block.move(ticket, "zhukov", "interim", WORDS, until=until, key="answer-1")
    assert (after.status, after.deadlines, after.postponed_until) == (S.IN_PROGRESS, ticket.deadlines, None)
    assert (again.interim_at, again.interim_until, again.interim_text) == (clock.now(), until, WORDS)
    [line] = [e for e in again.history if e.what == "interim"]
    assert (line.author, line.role, line.reason, line.public) == ("Жуков Пётр", "organisation_manager", WORDS, True)
    assert (line.data["until"], line.data["from"], line.data["to"]) == (rfc3339(until), "in_progress", "in_progress")
    with pytest.raises(Conflict):
        await block.move(ticket, "zhukov", "interim", "совсем другое", until=until, key="answer-1")


@pytest.mark.parametrize("status", [S.IN_PROGRESS, S.CONFLICT])
async def test_the_centre_answers_wherever_it_stands_the_organisation_what_it_has_in_hand(
    one: Block, clock: ManualClock, status: Status
) -> None:
    ticket, until = await one.to(status, "KRO-05"), clock.now() + timedelta(days=3)
    assert (await one.move(ticket, "petrova", "interim", WORDS, until=until)).interim_until == until
    if status is S.CONFLICT:
        with pytest.raises(Conflict):
            await one.move(ticket, "zhukov", "interim", WORDS, until=until)
    with pytest.raises(Forbidden):
        await one.move(ticket, "ivanov", "interim", WORDS, until=until)


async def test_an_answer_without_its_words_its_date_or_with_a_date_nobody_can_promise_is_refused(
    one: Block, clock: ManualClock
) -> None:
    ticket = await one.to(S.IN_PROGRESS, "KRO-05")
    for reason, until, pointer in (
        ("", clock.now() + timedelta(days=1), "#/reason"),
        (WORDS, None, "#/until"),
        (WORDS, clock.now(), "#/until"),
        (WORDS, clock.now() + timedelta(days=367), "#/until"),
    ):
        with pytest.raises(Refused) as refused:
            await one.move(ticket, "petrova", "interim", reason, until=until)
        assert [one["pointer"] for one in refused.value.extra["errors"]] == [pointer]
    assert "promises a date within 366 days" in str(refused.value.extra["errors"]), "an answer puts nothing off"
    assert (await one.move(ticket, "petrova", "interim", WORDS, until=clock.now() + timedelta(days=300))).interim_at


async def test_a_promised_date_that_passes_without_a_fix_reminds_once_and_a_fix_ends_the_reminder(
    block: Block, store: Store, clock: ManualClock
) -> None:
    reminders = RemindersService(store, clock)
    for fact, react in reminders.within.items():
        store.within.setdefault(fact, []).append(react)
    ticket = await block.to(S.IN_PROGRESS, "KRO-05")
    await block.move(ticket, "petrova", "interim", WORDS, until=clock.now() + timedelta(hours=10))
    await block.pass_time(hours=9)
    assert await about(block, ticket) == []
    await block.pass_time(hours=2)
    assert await about(block, ticket) == ["promised"]
    await block.pass_time(hours=4)
    assert await about(block, ticket) == ["promised"]
    assert [one.about for one in (await reminders.open(block.who("petrova"))).items] == ["promised"]
    await block.move(ticket, "ivanov", "report_done")
    assert (await reminders.open(block.who("petrova"))).count == 0


async def test_a_newer_answer_stands_for_the_older_one_and_a_job_done_in_time_is_reminded_of_nothing(
    one: Block, clock: ManualClock
) -> None:
    ticket = await one.to(S.IN_PROGRESS, "KRO-05")
    await one.move(ticket, "petrova", "interim", WORDS, until=clock.now() + timedelta(hours=2))
    await one.move(ticket, "petrova", "interim", "ещё день", until=clock.now() + timedelta(hours=20))
    await one.pass_time(hours=4)
    assert await about(one, ticket) == []
    await one.move(ticket, "ivanov", "report_done")
    await one.pass_time(hours=30)
    assert "promised" not in await about(one, ticket)


async def test_a_matter_to_be_studied_has_a_term_for_its_interim_answer_by_kz_109(
    one: Block, clock: ManualClock
) -> None:
    book = Rulebook(ZONE, rules="kz-109")
    one.tickets = TicketsService(one.store, clock, ZONE, book=book)
    studied = await one.open("KRO-05", conditions={"long_study": True})
    plain = await one.open("KRO-05", conditions={"long_study": False})
    assert plain.deadlines.interim_by is None
    assert studied.deadlines.interim_by is not None
    week = (studied.deadlines.interim_by.astimezone(ZoneInfo("Europe/Moscow")) - timedelta(seconds=1)).date()
    assert week == clock.now().astimezone(ZoneInfo("Europe/Moscow")).date() + timedelta(days=7)
    stored = next(clock for clock in studied.deadlines.each() if clock.name == "interim")
    assert "109, промежуточный ответ" in stored.why
    await one.move(studied, "zhukov", "accept")
    await one.move(plain, "zhukov", "accept")
    await one.pass_time(days=9)
    assert "interim" in await about(one, studied)
    assert "interim" not in await about(one, plain)
    answered = await one.open("KRO-05", conditions={"long_study": True})
    await one.move(answered, "petrova", "interim", WORDS, until=clock.now() + timedelta(days=20))
    await one.pass_time(days=9)
    assert "interim" not in await about(one, answered)


async def test_the_resident_reads_the_answer_on_his_page_and_a_reopened_ticket_has_none(
    one: Block, clock: ManualClock, tmp_path: object
) -> None:
    from callengine import config

    links = LinksService(one.store, clock, config.Files(), mark_by(one.moves))
    ticket = await one.to(S.IN_PROGRESS, "KRO-05")
    until = clock.now() + timedelta(days=2)
    await one.move(ticket, "petrova", "interim", WORDS, until=until)
    link = await links.create(ticket.number, ENGINE)
    seen = await links.view(link.token, "10.0.0.1")
    assert (seen.ticket.interim_until, seen.ticket.interim_text) == (until, WORDS)
    assert [e.reason for e in seen.ticket.history if e.what == "interim"] == [WORDS]
    for login, move, more in (
        ("ivanov", "report_done", {}),
        ("petrova", "confirm", {}),
        ("petrova", "mark", {"mark": 5}),
    ):
        await one.move(ticket, login, move, **more)
    again = await one.move(ticket, "petrova", "reopen", "снова течёт")
    assert (again.interim_at, again.interim_until, again.interim_text) == (None, None, "")


async def test_interim_answers_are_counted_given_kept_passed_and_missed(block: Block, clock: ManualClock) -> None:
    began = clock.now()
    book = Rulebook(ZONE, rules="kz-109")
    block.tickets = TicketsService(block.store, clock, ZONE, book=book)
    studied = {"conditions": {"long_study": True}, "applicant": Applicant("+79073304177", "Мельникова Анна")}
    kept, passed, waiting, missed = [await block.to(S.IN_PROGRESS, "KRO-05", **studied) for _ in range(4)]
    for ticket, days in ((kept, 3), (passed, 3), (waiting, 40)):
        await block.move(ticket, "petrova", "interim", WORDS, until=clock.now() + timedelta(days=days))
    clock.advance(seconds=2 * 86_400)
    await block.move(kept, "ivanov", "report_done")
    clock.advance(seconds=8 * 86_400)
    found = await SupportService(block.store, clock).figures(began, clock.now())
    its = found.interim
    assert (its.given, its.kept, its.passed, its.waiting) == (3, 1, 1, 1)
    assert (its.due, its.missed) == (3, 1), "what was mended before the term needed no answer"
    assert missed.interim_at is None
    with pytest.raises(Refused):
        await SupportService(block.store, clock).figures(clock.now(), began)
    assert replace(found, levels=()).registered == 0
