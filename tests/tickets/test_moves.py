"""Moves over both databases: one winner and one clear conflict, every guard and key, what each move leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from callengine.access.events import StaffLeft
from callengine.clock import ManualClock
from callengine.directory.imports import Imports
from callengine.errors import Conflict, EngineError, Forbidden, NotFound, Refused
from callengine.store.database import Store
from callengine.store.tables import (
    classifier_overrides,
    staff,
    ticket_declines,
    ticket_history,
    ticket_organisations,
    tickets,
    timers,
)
from callengine.store.visibility import within
from callengine.tickets.effects import Asked
from callengine.tickets.events import TicketCommented, TicketMoved
from callengine.tickets.journal import JournalService
from callengine.tickets.lifecycle import Move
from callengine.tickets.listing import JournalFilter
from callengine.tickets.model import Status, Ticket
from callengine.tickets.visibility import scope_of
from tests.tickets.block import STAFF, ZONE, Block, build

S = Status


@pytest.fixture
async def block(store: Store, clock: ManualClock) -> Block:
    return await build(store, clock)


@pytest.fixture
async def one(sqlite_store: Store, clock: ManualClock) -> Block:
    """On SQLite alone: what the table of moves says is the same everywhere."""
    return await build(sqlite_store, clock)


async def rows_of(store: Store, table: Any) -> list[dict[str, Any]]:
    async with store.read() as conn:
        return [dict(row._mapping) for row in await conn.execute(select(table))]


# --- the whole way --------------------------------------------------------------------------------------------


async def test_a_ticket_goes_its_whole_way_and_its_history_tells_it(block: Block, clock: ManualClock) -> None:
    ticket = await block.open()
    assert (ticket.status, ticket.version, ticket.due_at) == (S.AWAITING_ACCEPTANCE, 0, ticket.deadlines.accept_by)
    clock.advance(seconds=60)
    ticket = await block.move(ticket, "zhukov", "accept")
    assert (ticket.status, ticket.accepted_at) == (S.NO_EXECUTOR, clock.now())
    assert ticket.due_at == ticket.deadlines.localise_by
    ticket = await block.move(ticket, "zhukov", "assign", executor_id=6)
    assert ticket.executor and ticket.executor.name == "Иванов Семён"
    clock.advance(seconds=600)
    ticket = await block.move(ticket, "ivanov", "start")
    ticket = await block.move(ticket, "ivanov", "localise")
    assert (ticket.localised_at, ticket.due_at) == (clock.now(), ticket.deadlines.fix_by)
    clock.advance(seconds=3600)
    ticket = await block.move(ticket, "ivanov", "report_done")
    assert (ticket.fixed_at, ticket.due_at) == (clock.now(), None)
    ticket = await block.move(ticket, "petrova", "return", "вода капает")
    assert (ticket.status, ticket.fixed_at, ticket.due_at) == (S.NEEDS_REWORK, None, ticket.deadlines.fix_by)
    ticket = await block.move(ticket, "ivanov", "start")
    ticket = await block.move(ticket, "ivanov", "report_done")
    ticket = await block.move(ticket, "petrova", "confirm")
    ticket = await block.move(ticket, "petrova", "mark", mark=4)
    assert (ticket.status, ticket.mark, ticket.closed_at) == (S.CLOSED, 4, clock.now())
    kept = await block.tickets.get(ticket.number)
    assert kept == ticket  # what was answered is what is kept
    assert [e.what for e in kept.history] == (
        "registered routed accept assign start localise report_done return start report_done confirm mark".split()
    )
    returned = next(e for e in kept.history if e.what == "return")
    assert (returned.author, returned.role, returned.reason) == ("Петрова Наталья", "operator", "вода капает")
    assert (returned.data["from"], returned.data["to"]) == ("awaiting_centre", "needs_rework")
    assert kept.version == 10


async def test_each_status_is_reached_by_people(block: Block) -> None:
    for status in (S.NO_EXECUTOR, S.EXECUTOR_ASSIGNED, S.IN_PROGRESS, S.AWAITING_CENTRE, S.AWAITING_CLIENT):
        assert (await block.to(status)).status is status
    for status in (S.CLOSED, S.CONFLICT, S.CANCELLED):
        assert (await block.to(status)).status is status
    assert (await block.open(house_id=None)).status is S.UNASSIGNED
    assert (await block.open(cabinet=True)).status is S.FROM_CABINET
    assert (await block.open("SPR-01")).status is S.AWAITING_CENTRE
    ticket = await block.move(await block.open(), "zhukov", "decline", "не наш дом")
    assert ticket.status is S.DECLINED


async def test_each_fact_is_told_with_the_ticket_as_it_then_stood(one: Block, sqlite_store: Store) -> None:
    told: list[Any] = []
    sqlite_store.after |= {TicketMoved: [told.append], TicketCommented: [told.append]}
    ticket = await one.open()
    await one.move(ticket, "zhukov", "accept")
    await one.moves.comment(ticket.number, one.who("petrova"), "житель дома после шести")
    moved, commented = told
    assert (moved.move, moved.from_status, moved.ticket.status) == ("accept", S.AWAITING_ACCEPTANCE, S.NO_EXECUTOR)
    assert commented.ticket.history[-1].reason == "житель дома после шести"


# --- two at once ----------------------------------------------------------------------------------------------


async def outcome(work: Any) -> Ticket | EngineError:
    try:
        return await work
    except EngineError as error:
        return error


async def test_of_two_who_move_at_once_one_wins_and_the_other_is_told_who_and_where(block: Block) -> None:
    ticket = await block.to(S.NO_EXECUTOR)
    both = await asyncio.gather(
        outcome(block.move(ticket, "zhukov", "assign", executor_id=6, version=ticket.version)),
        outcome(block.move(ticket, "zhukov", "assign", executor_id=7, version=ticket.version)),
    )
    (won,) = [one for one in both if isinstance(one, Ticket)]
    (lost,) = [one for one in both if isinstance(one, Conflict)]
    assert won.executor is not None
    assert lost.extra["ticket_status"] == "executor_assigned"
    assert (lost.extra["moved_by"], lost.extra["version"]) == ("Жуков Пётр", won.version)
    assert "Жуков Пётр" in lost.detail and ticket.number in lost.detail
    kept = await block.tickets.get(ticket.number)
    assert kept.executor == won.executor
    assert [event.what for event in kept.history].count("assign") == 1


async def test_of_twenty_who_accept_at_once_one_wins(block: Block) -> None:
    ticket = await block.open()
    done = await asyncio.gather(*(outcome(block.move(ticket, "zhukov", "accept")) for _ in range(20)))
    assert sum(isinstance(one, Ticket) for one in done) == 1
    assert sum(isinstance(one, Conflict) for one in done) == 19
    assert (await block.tickets.get(ticket.number)).version == 1


async def test_who_saw_an_older_version_is_told_so(block: Block) -> None:
    ticket = await block.to(S.NO_EXECUTOR)
    await block.move(ticket, "zhukov", "assign", executor_id=6, version=ticket.version)
    with pytest.raises(Conflict, match="executor_assigned"):
        await block.move(ticket, "zhukov", "assign", executor_id=7, version=ticket.version)


async def test_a_move_that_does_not_lead_on_from_there_is_a_conflict(one: Block) -> None:
    ticket = await one.to(S.NO_EXECUTOR)
    with pytest.raises(Conflict) as caught:
        await one.move(ticket, "zhukov", "accept")
    assert caught.value.extra["ticket_status"] == "no_executor"
    assert caught.value.extra["move"] == "accept"


# --- the same thing twice -------------------------------------------------------------------------------------


async def test_the_same_key_again_gives_the_same_ticket(block: Block) -> None:
    ticket = await block.open()
    first = await block.move(ticket, "zhukov", "accept", key="k1")
    assert await block.move(ticket, "zhukov", "accept", key="k1") == first
    at_once = await asyncio.gather(
        *(outcome(block.move(ticket, "zhukov", "assign", executor_id=6, key="k2")) for _ in range(5))
    )
    assert all(isinstance(one, Ticket) and one.version == 2 for one in at_once), at_once
    assert [e.what for e in (await block.tickets.get(ticket.number)).history][-2:] == ["accept", "assign"]


async def test_the_same_key_sent_many_times_at_once_is_one_move(block: Block) -> None:
    ticket = await block.open()
    moves = (block.move(ticket, "zhukov", "accept", key="k-1", version=ticket.version) for _ in range(8))
    done = await asyncio.gather(*map(outcome, moves))
    assert [type(one) for one in done] == [Ticket] * 8, done
    assert {(one.status, one.version) for one in done if isinstance(one, Ticket)} == {(S.NO_EXECUTOR, 1)}
    assert [event.what for event in (await block.tickets.get(ticket.number)).history].count("accept") == 1


async def test_another_move_under_a_used_key_is_a_conflict(block: Block) -> None:
    ticket = await block.open()
    await block.move(ticket, "zhukov", "accept", key="k")
    with pytest.raises(Conflict, match="Idempotency-Key"):
        await block.move(ticket, "zhukov", "assign", executor_id=6, key="k")
    await block.move(ticket, "zhukov", "assign", executor_id=6, key="k2")
    with pytest.raises(Conflict, match="Idempotency-Key"):
        await block.move(ticket, "zhukov", "assign", executor_id=7, key="k2")
    with pytest.raises(Conflict, match="Idempotency-Key"):
        await block.moves.comment(ticket.number, block.who("zhukov"), "слова", key="k")


async def test_a_comment_sent_twice_stands_once(block: Block) -> None:
    ticket = await block.open()
    for _ in range(2):
        said = await block.moves.comment(ticket.number, block.who("zhukov"), "выехали", public=True, key="c")
    assert [(e.what, e.reason, e.public) for e in said.history[2:]] == [("comment", "выехали", True)]
    with pytest.raises(Conflict):
        await block.moves.comment(ticket.number, block.who("zhukov"), "другое", key="c")


async def test_two_acts_that_come_at_once_close_it_once(block: Block) -> None:
    ticket = await block.move(await late(block), "petrova", "mark", mark=5)
    done = await asyncio.gather(block.sign(ticket), block.sign(ticket))
    assert done == [None, None]
    closed = await block.tickets.get(ticket.number)
    assert [event.what for event in closed.history].count("close") == 1


# --- who may --------------------------------------------------------------------------------------------------


async def test_what_one_does_not_see_is_not_found(one: Block) -> None:
    ticket = await one.to(S.EXECUTOR_ASSIGNED)
    for login in ("lapin", "ryabov", "kotov"):
        with pytest.raises(NotFound):
            await one.move(ticket, login, "start")
        with pytest.raises(NotFound):
            await one.moves.comment(ticket.number, one.who(login), "слова")
        with pytest.raises(NotFound):
            await one.moves.read(ticket.number, one.who(login))
    with pytest.raises(NotFound):
        await one.move(replace(ticket, number="26-999999"), "petrova", "confirm")


async def test_an_organisation_sees_what_it_declined_but_moves_it_no_more(one: Block) -> None:
    ticket = await one.move(await one.open(), "zhukov", "decline", "не наш дом")
    ticket = await one.move(ticket, "petrova", "route", organisation_id=2)
    page, offers = await one.moves.read(ticket.number, one.who("zhukov"))
    assert page.ticket.number == ticket.number
    assert {offer.forbidden for offer in offers} == {"not_yours"}
    with pytest.raises(Forbidden) as caught:
        await one.move(ticket, "zhukov", "accept")
    assert caught.value.extra["forbidden"] == "not_yours"


@pytest.mark.parametrize("routed", [False, True])
async def test_an_organisation_that_no_longer_answers_writes_nothing(one: Block, routed: bool) -> None:
    ticket = await one.move(await one.open(), "zhukov", "decline", "не наш дом")
    if routed:
        ticket = await one.move(ticket, "petrova", "route", organisation_id=2)
    for public in (False, True):
        with pytest.raises(Forbidden) as caught:
            await one.moves.comment(ticket.number, one.who("zhukov"), "мы приедем", public=public)
        assert caught.value.extra["forbidden"] == "not_yours"
    assert (await one.tickets.get(ticket.number)).history == ticket.history


async def test_a_comment_that_was_kept_is_the_same_answer_after_a_decline(one: Block) -> None:
    ticket = await one.open()
    await one.moves.comment(ticket.number, one.who("zhukov"), "не наш дом", key="c-1")
    await one.move(ticket, "zhukov", "decline", "не наш дом")
    again = await one.moves.comment(ticket.number, one.who("zhukov"), "не наш дом", key="c-1")
    assert [event.what for event in again.history].count("comment") == 1


async def test_an_organisation_from_which_a_ticket_was_taken_sees_it_no_more(one: Block) -> None:
    ticket = await one.to(S.NO_EXECUTOR)
    ticket = await one.move(ticket, "orlova", "route", "не справляются", organisation_id=2)
    with pytest.raises(NotFound):
        await one.moves.read(ticket.number, one.who("zhukov"))
    with pytest.raises(NotFound):
        await one.moves.comment(ticket.number, one.who("zhukov"), "слова")


@pytest.mark.parametrize("declined", [False, True])
async def test_what_is_in_an_organisation_s_list_is_what_it_may_open(block: Block, declined: bool) -> None:
    own, ticket = await block.open(), await block.open()
    if declined:
        ticket = await block.move(ticket, "zhukov", "decline", "не наш дом")
    ticket = await block.move(ticket, "orlova", "route", "другим", organisation_id=2)
    who = block.who("zhukov")
    listed, _ = await JournalService(block.store, block.clock).page(JournalFilter(), who)
    async with block.store.read() as conn:
        inside = select(tickets.c.number).where(within(scope_of(who))).order_by(tickets.c.id.desc())
        scoped = list((await conn.execute(inside)).scalars())
    opened = []
    for number in (ticket.number, own.number):
        with contextlib.suppress(NotFound):
            opened.append((await block.moves.read(number, who))[0].ticket.number)
    assert [row.number for row in listed] == scoped == opened == ([ticket.number] if declined else []) + [own.number]


async def test_moves_that_are_never_of_a_role_are_forbidden(one: Block) -> None:
    ticket = await one.to(S.AWAITING_CLIENT)
    for login, move in (("nadzor", "mark"), ("zhukov", "mark"), ("ivanov", "cancel"), ("petrova", "move")):
        with pytest.raises(Forbidden):
            await one.move(ticket, login, move, "так надо", mark=5, status=S.CLOSED)
    with pytest.raises(Forbidden):
        await one.moves.comment(ticket.number, one.who("nadzor"), "слова")
    assert (await one.tickets.get(ticket.number)).version == ticket.version


async def test_buttons_are_what_the_moves_then_do(one: Block) -> None:
    """Every button that is not forbidden works, and no other move does."""
    for status in (S.AWAITING_ACCEPTANCE, S.NO_EXECUTOR, S.IN_PROGRESS, S.AWAITING_CENTRE, S.AWAITING_CLIENT):
        for login in ("petrova", "orlova", "zhukov", "ivanov"):
            ticket = await one.to(status)
            for move in Move:
                asked = Asked(
                    move, reason="так вышло", organisation_id=2, executor_id=7, status=S.CLOSED,
                    until=one.clock.now() + timedelta(days=1), mark=5 if move is Move.MARK else None,
                )  # fmt: skip
                try:
                    _, offers = await one.moves.read(ticket.number, one.who(login))
                except NotFound:
                    continue
                offered = {offer.move for offer in offers if not offer.forbidden}
                done = await outcome(one.moves.move(ticket.number, one.who(login), asked))
                assert isinstance(done, Ticket) == (move in offered), (status, login, move, done)
                if isinstance(done, Ticket):
                    ticket = await one.to(status)


# --- what a move needs ----------------------------------------------------------------------------------------


def pointers(error: Refused) -> set[str]:
    return {mistake["pointer"] for mistake in error.extra["errors"]}


NEEDS: tuple[tuple[Status, str, str, dict[str, Any], set[str]], ...] = (
    (S.AWAITING_ACCEPTANCE, "zhukov", "decline", {}, {"#/reason"}),
    (S.AWAITING_ACCEPTANCE, "zhukov", "decline", {"reason": " \n"}, {"#/reason"}),
    (S.AWAITING_ACCEPTANCE, "petrova", "accept", {}, {"#/reason"}),
    (S.AWAITING_ACCEPTANCE, "orlova", "route", {}, {"#/reason", "#/organisation_id"}),
    (S.AWAITING_ACCEPTANCE, "orlova", "route", {"reason": "ошибка", "organisation_id": 99}, {"#/organisation_id"}),
    (S.AWAITING_ACCEPTANCE, "orlova", "route", {"reason": "ошибка", "organisation_id": 1}, {"#/organisation_id"}),
    (S.AWAITING_ACCEPTANCE, "orlova", "cancel", {}, {"#/reason"}),
    (S.NO_EXECUTOR, "zhukov", "assign", {}, {"#/executor_id"}),
    (S.NO_EXECUTOR, "zhukov", "assign", {"executor_id": 8}, {"#/executor_id"}),  # of another organisation
    (S.NO_EXECUTOR, "zhukov", "assign", {"executor_id": 99}, {"#/executor_id"}),
    (S.NO_EXECUTOR, "petrova", "assign", {"executor_id": 1}, {"#/executor_id"}),  # an operator
    (S.EXECUTOR_ASSIGNED, "zhukov", "assign", {"executor_id": 6}, {"#/executor_id"}),  # he has it already
    (S.IN_PROGRESS, "zhukov", "assign", {"executor_id": 7}, {"#/reason"}),
    (S.IN_PROGRESS, "ivanov", "postpone", {}, {"#/until", "#/reason"}),
    (S.IN_PROGRESS, "ivanov", "report_done", {"mark": 5}, {"#/mark"}),
    (S.AWAITING_CLIENT, "petrova", "mark", {}, {"#/mark"}),
    (S.AWAITING_CLIENT, "petrova", "mark", {"mark": 6}, {"#/mark"}),
    (S.AWAITING_CLIENT, "belova", "move", {}, {"#/status", "#/reason"}),
    (S.CLOSED, "petrova", "reopen", {}, {"#/reason"}),
)


@pytest.mark.parametrize(("status", "login", "move", "brings", "wrong"), NEEDS)
async def test_what_a_move_needs_is_asked_for_by_its_pointer(
    one: Block, status: Status, login: str, move: str, brings: dict[str, Any], wrong: set[str]
) -> None:
    ticket = await one.to(status)
    with pytest.raises(Refused) as caught:
        await one.move(ticket, login, move, **brings)
    assert pointers(caught.value) == wrong
    assert (await one.tickets.get(ticket.number)).version == ticket.version


async def test_an_executor_who_works_there_no_more_is_not_assigned(one: Block) -> None:
    ticket = await one.to(S.NO_EXECUTOR)
    async with one.store.begin() as tx:
        await tx.conn.execute(update(staff).where(staff.c.id == 6).values(active=False))
    with pytest.raises(Refused, match="any more"):
        await one.move(ticket, "zhukov", "assign", executor_id=6)


# --- what each move leaves behind -----------------------------------------------------------------------------


async def test_a_decline_is_counted_for_the_matrix_and_who_took_it_is_learnt(block: Block, store: Store) -> None:
    ticket = await block.move(await block.open(), "zhukov", "decline", "сети водоканала")
    assert (ticket.declined_count, ticket.organisation and ticket.organisation.id) == (1, 1)
    (line,) = await rows_of(store, ticket_declines)
    assert (line["classifier_code"], line["house_id"], line["organisation_id"]) == ("HVS-01", 1, 1)
    assert (line["contract_code"], line["reason"], line["accepted_by"]) == ("К-1", "сети водоканала", None)
    ticket = await block.move(ticket, "petrova", "route", "по письму", organisation_id=2)
    assert ticket.organisation_reason == "Петрова Наталья: по письму" and ticket.contract_code == ""
    await block.move(ticket, "lapin", "accept")
    (line,) = await rows_of(store, ticket_declines)
    assert line["accepted_by"] == 2
    answered = {row["organisation_id"]: row["decline_reason"] for row in await rows_of(store, ticket_organisations)}
    assert answered == {1: "сети водоканала", 2: ""}


async def test_routing_anew_asks_the_new_one_from_now_and_leaves_the_legal_term(
    block: Block, clock: ManualClock
) -> None:
    ticket = await block.move(await block.open(), "zhukov", "decline", "не наш дом")
    clock.advance(seconds=1800)
    routed = await block.move(ticket, "petrova", "route", organisation_id=2)
    assert routed.deadlines.accept_by == clock.now() + timedelta(minutes=5)
    assert routed.deadlines.fix_by == ticket.deadlines.fix_by
    assert (routed.accepted_at, routed.due_at) == (None, routed.deadlines.accept_by)


async def test_routing_resets_the_acceptance_and_takes_the_executor_off(one: Block) -> None:
    ticket = await one.to(S.IN_PROGRESS)
    routed = await one.move(ticket, "orlova", "route", "не те сети", organisation_id=2)
    assert (routed.status, routed.accepted_at, routed.executor) == (S.AWAITING_ACCEPTANCE, None, None)
    with pytest.raises(NotFound):
        await one.moves.read(ticket.number, one.who("ivanov"))


async def test_a_routing_gives_the_organisation_s_own_urgency_and_terms_as_a_registration_does(
    one: Block, sqlite_store: Store
) -> None:
    async with sqlite_store.begin() as tx:
        own = {"organisation_id": 2, "branch": "KRO", "urgency": "emergency", "fix_minutes": 600, "reason": "договор 7"}
        await tx.conn.execute(insert(classifier_overrides).values(**own))
    born = await one.open("KRO-05", organisation_id=2)
    ticket = await one.move(await one.open("KRO-05"), "orlova", "route", "их договор", organisation_id=2)
    assert (born.urgency, ticket.urgency) == ("emergency", "emergency")
    assert ticket.deadlines.fix_by == born.deadlines.fix_by == born.created_at + timedelta(minutes=600)
    ticket = await one.move(ticket, "orlova", "route", "нет, не их", organisation_id=1)
    assert ticket.urgency == "normal", "what one organisation agreed on binds no other"


async def test_a_routing_may_say_that_the_problem_is_another_one(one: Block, clock: ManualClock) -> None:
    ticket = await one.move(await one.open(), "zhukov", "decline", "это кровля")
    routed = await one.move(ticket, "petrova", "route", organisation_id=1, classifier="KRO-05")
    assert (routed.classifier.code, routed.urgency) == ("KRO-05", "normal")
    assert routed.deadlines.fix_by == ticket.created_at + timedelta(days=1)
    assert routed.deadlines.localise_by is None
    assert routed.history[-1].data["classifier_before"] == "HVS-01"
    assert (await one.tickets.get(ticket.number)).classifier.code == "KRO-05"
    with pytest.raises(Refused) as caught:
        await one.move(
            await one.move(routed, "zhukov", "decline", "нет"),
            "petrova",
            "route",
            organisation_id=1,
            classifier="NO-99",
        )
    assert pointers(caught.value) == {"#/classifier"}


async def test_a_postponement_is_shown_counted_and_never_moves_the_deadline(one: Block, clock: ManualClock) -> None:
    ticket = await one.to(S.IN_PROGRESS)
    terms = ticket.deadlines
    for n, days in enumerate((1, 2), start=1):
        until = clock.now() + timedelta(days=days)
        ticket = await one.move(ticket, "ivanov", "postpone", "ждём деталь", until=until)
        assert (ticket.status, ticket.postponed_until, ticket.postpone_reason) == (S.IN_PROGRESS, until, "ждём деталь")
        assert ticket.history[-1].data["count"] == n
        assert ticket.deadlines == terms
    for wrong in (clock.now(), clock.now() - timedelta(hours=1), clock.now() + timedelta(days=30, seconds=1)):
        with pytest.raises(Refused) as caught:
            await one.move(ticket, "ivanov", "postpone", "ещё", until=wrong)
        assert pointers(caught.value) == {"#/until"}
    done = await one.move(ticket, "ivanov", "report_done")
    assert (done.postponed_until, done.postpone_reason) == (None, "")


async def test_a_bad_mark_makes_a_conflict_and_the_supervisor_sends_it_back(one: Block) -> None:
    ticket = await one.to(S.CONFLICT)
    assert ticket.mark == 1
    with pytest.raises(Forbidden):
        await one.move(ticket, "petrova", "rework", "переделать")
    ticket = await one.move(ticket, "orlova", "rework", "переделать")
    assert (ticket.status, ticket.mark, ticket.marked_at, ticket.fixed_at) == (S.NEEDS_REWORK, None, None, None)


async def test_not_done_is_a_conflict_without_a_mark(one: Block) -> None:
    ticket = await one.move(await one.to(S.AWAITING_CLIENT), "petrova", "mark", not_done=True)
    assert (ticket.status, ticket.mark) == (S.CONFLICT, None)
    assert ticket.history[-1].data["not_done"] is True


async def test_what_was_settled_in_the_call_is_closed_by_the_centre_or_routed_after_all(one: Block) -> None:
    ticket = await one.open("SPR-01")
    assert ticket.accepted_at == ticket.created_at
    closed = await one.move(ticket, "petrova", "close", "график приёма назван")
    assert (closed.status, closed.close_reason) == (S.CLOSED, "график приёма назван")
    again = await one.move(closed, "petrova", "reopen", "позвонил снова")
    assert again.status is S.UNASSIGNED
    other = await one.open("SPR-01")
    routed = await one.move(other, "petrova", "route", organisation_id=1)
    assert routed.status is S.AWAITING_ACCEPTANCE
    busy = await one.to(S.AWAITING_CENTRE)
    with pytest.raises(Refused) as caught:
        await one.move(busy, "petrova", "close", "и так сойдёт")
    assert caught.value.extra["forbidden"] == "has_organisation"


async def test_an_organisation_without_a_computer_works_by_telephone(one: Block) -> None:
    """The centre writes down what it was told, and by whom."""
    ticket = await one.open()
    for move, needs in (("accept", {}), ("start", {}), ("report_done", {})):
        with pytest.raises(Refused):
            await one.move(ticket, "petrova", move, **needs)
        ticket = await one.move(ticket, "petrova", move, "сказал по телефону Сидоров", **needs)
    assert (ticket.status, ticket.executor) == (S.AWAITING_CENTRE, None)


# --- late -----------------------------------------------------------------------------------------------------


async def late(block: Block, status: Status = S.AWAITING_CLIENT) -> Ticket:
    """A ticket done after its term."""
    ticket = await block.to(S.IN_PROGRESS)
    await block.pass_time(days=3, seconds=1)
    ticket = await block.tickets.get(ticket.number)
    assert ticket.late_at == ticket.deadlines.fix_by
    for reached, login, move in ((S.IN_PROGRESS, "ivanov", "report_done"), (S.AWAITING_CENTRE, "petrova", "confirm")):
        if ticket.status is reached and ticket.status is not status:
            ticket = await block.move(ticket, login, move)
    return ticket


async def test_a_late_ticket_with_a_good_mark_waits_for_its_act_and_closes_by_itself(block: Block) -> None:
    ticket = await late(block)
    ticket = await block.move(ticket, "petrova", "mark", mark=5)
    assert (ticket.status, ticket.mark) == (S.AWAITING_CLIENT, 5)
    for login in ("orlova", "belova"):
        with pytest.raises(Refused) as caught:
            await block.move(ticket, login, "close", "закрываем")
        assert caught.value.extra["forbidden"] == "act_required"
    with pytest.raises(Refused):
        await block.move(ticket, "belova", "move", "закрываем", status=S.CLOSED)
    await block.sign(ticket, kind="document")
    assert (await block.tickets.get(ticket.number)).status is S.AWAITING_CLIENT
    await block.sign(ticket)
    closed = await block.tickets.get(ticket.number)
    assert (closed.status, closed.late_at) == (S.CLOSED, ticket.deadlines.fix_by)
    assert (closed.history[-1].what, closed.history[-1].role) == ("close", "system")


async def test_an_act_before_the_mark_lets_the_mark_close_it(one: Block) -> None:
    ticket = await late(one)
    await one.sign(ticket)
    assert (await one.tickets.get(ticket.number)).status is S.AWAITING_CLIENT
    assert (await one.move(ticket, "petrova", "mark", mark=3)).status is S.CLOSED


async def test_the_act_of_one_ticket_closes_no_other(block: Block) -> None:
    first, second = await late(block), await block.to(S.IN_PROGRESS, house_id=2)
    await block.sign(first)
    await block.pass_time(days=3, seconds=1)  # the first closes in silence on its act; the second is late as well
    assert (await block.tickets.get(first.number)).status is S.CLOSED
    for login, move in (("ivanov", "report_done"), ("petrova", "confirm")):
        second = await block.move(second, login, move)
    assert second.late_at == second.deadlines.fix_by
    second = await block.move(second, "petrova", "mark", mark=5)
    assert second.status is S.AWAITING_CLIENT
    with pytest.raises(Refused) as caught:
        await block.move(second, "orlova", "close", "закрываем")
    assert caught.value.extra["forbidden"] == "act_required"
    async with block.store.begin() as tx:  # whatever wakes it, it has no act of its own
        await block.moves.act_added(tx, second.id)
    assert (await block.tickets.get(second.number)).status is S.AWAITING_CLIENT


async def test_an_act_ends_no_conflict(one: Block) -> None:
    ticket = await one.move(await late(one), "petrova", "mark", mark=1)
    await one.sign(ticket)
    assert (await one.tickets.get(ticket.number)).status is S.CONFLICT
    assert (await one.move(ticket, "orlova", "close", "акт подписан")).status is S.CLOSED


async def test_only_a_supervisor_cancels_what_is_late(one: Block) -> None:
    ticket = await late(one, S.IN_PROGRESS)
    with pytest.raises(Refused) as caught:
        await one.move(ticket, "petrova", "cancel", "не нужно")
    assert caught.value.extra["forbidden"] == "late_needs_supervisor"
    gone = await one.move(ticket, "orlova", "cancel", "заявлено дважды")
    assert (gone.status, gone.late_at) == (S.CANCELLED, ticket.late_at)
    assert gone.history[-1].data["late"] is True


async def test_lateness_is_seen_by_a_move_before_its_timer_has_fired(one: Block, clock: ManualClock) -> None:
    ticket = await one.to(S.IN_PROGRESS)
    clock.advance(seconds=3 * 86_400 + 1)
    done = await one.move(ticket, "ivanov", "report_done")
    assert done.late_at == ticket.deadlines.fix_by


async def test_a_rework_after_the_term_is_late_though_the_first_report_was_in_time(
    one: Block, clock: ManualClock
) -> None:
    ticket = await one.to(S.AWAITING_CENTRE)
    await one.pass_time(days=3, seconds=1)
    assert (await one.tickets.get(ticket.number)).late_at is None
    returned = await one.move(ticket, "petrova", "return", "не сделано")
    assert returned.late_at is None  # known at the next look: the report had stopped the clock until now
    await one.pass_time(seconds=1)
    assert (await one.tickets.get(ticket.number)).late_at == ticket.deadlines.fix_by


# --- again ----------------------------------------------------------------------------------------------------


async def test_a_closed_ticket_is_reopened_within_its_period_with_new_terms(one: Block, clock: ManualClock) -> None:
    ticket = await one.to(S.CLOSED)
    clock.advance(seconds=14 * 86_400)
    again = await one.move(ticket, "petrova", "reopen", "снова течёт")
    assert (again.status, again.reopened_count, again.mark, again.closed_at) == (S.NEEDS_REWORK, 1, None, None)
    assert again.deadlines.fix_by == clock.now() + timedelta(days=3)
    assert again.late_at is None
    assert again.executor and again.executor.id == 6


async def test_a_reopened_ticket_keeps_its_new_terms_when_it_is_routed_again(one: Block, clock: ManualClock) -> None:
    ticket = await one.open("SPR-01")
    ticket = await one.move(ticket, "petrova", "close", "ответили в разговоре")
    clock.advance(seconds=5 * 86_400)
    ticket = await one.move(ticket, "petrova", "reopen", "вопрос остался")
    opened = clock.now()
    assert (ticket.status, ticket.deadlines.fix_by) == (S.UNASSIGNED, opened + timedelta(hours=1))
    clock.advance(seconds=60)
    ticket = await one.move(ticket, "petrova", "route", organisation_id=1)
    assert (ticket.deadlines.fix_by, ticket.late_at) == (opened + timedelta(hours=1), None)
    assert ticket.deadlines.accept_by == clock.now() + timedelta(minutes=1)
    clock.advance(seconds=60)
    ticket = await one.move(ticket, "orlova", "route", "другим", organisation_id=2)
    assert (ticket.deadlines.fix_by, ticket.late_at) == (opened + timedelta(hours=1), None)


async def test_the_second_reopening_begins_the_terms_once_more(one: Block, clock: ManualClock) -> None:
    ticket = await one.to(S.CLOSED)
    for _ in range(2):
        clock.advance(seconds=2 * 86_400)
        ticket = await one.move(ticket, "petrova", "reopen", "снова течёт")
        assert ticket.deadlines.fix_by == clock.now() + timedelta(days=3)
        for login, move in (("ivanov", "start"), ("ivanov", "report_done"), ("petrova", "confirm")):
            ticket = await one.move(ticket, login, move)
        ticket = await one.move(ticket, "petrova", "mark", mark=5)
    again = clock.now() + timedelta(days=3)
    ticket = await one.move(ticket, "petrova", "reopen", "и снова")
    clock.advance(seconds=3600)
    ticket = await one.move(ticket, "orlova", "route", "другим", organisation_id=2)
    assert (ticket.reopened_count, ticket.deadlines.fix_by, ticket.late_at) == (3, again, None)


async def test_after_the_period_it_is_repeated_not_reopened(one: Block, clock: ManualClock) -> None:
    ticket = await one.to(S.CLOSED)
    clock.advance(seconds=14 * 86_400 + 1)
    with pytest.raises(Refused) as caught:
        await one.move(ticket, "petrova", "reopen", "снова течёт")
    assert caught.value.extra["forbidden"] == "reopen_period_over"
    repeated = await one.open(parent=ticket.number)
    assert repeated.parent_id == ticket.id
    assert repeated.history[0].data["repeats"] == ticket.number
    page, _ = await one.moves.read(repeated.number, one.who("petrova"))
    assert page.repeat_of == ticket.number
    with pytest.raises(Refused) as caught:
        await one.open(parent="26-404404")
    assert caught.value.extra["pointer"] == "/parent"


async def test_the_administrator_moves_anything_anywhere_and_the_history_shows_it(one: Block) -> None:
    ticket = await one.to(S.CANCELLED)
    with pytest.raises(Refused):
        await one.move(await one.open(house_id=None), "belova", "move", "вернуть", status=S.IN_PROGRESS)
    back = await one.move(ticket, "belova", "move", "отменили по ошибке", status=S.UNASSIGNED)
    assert (back.status, back.organisation, back.closed_at, back.accepted_at) == (S.UNASSIGNED, None, None, None)
    on = await one.move(
        back, "belova", "move", "сразу в работу", status=S.IN_PROGRESS, organisation_id=1, executor_id=6
    )
    assert (on.status, on.executor and on.executor.id, on.organisation and on.organisation.id) == (S.IN_PROGRESS, 6, 1)
    assert (on.history[-1].role, on.history[-1].data["from"]) == ("administrator", "unassigned")


async def test_what_the_administrator_gives_to_another_organisation_keeps_nothing_of_the_one_before(one: Block) -> None:
    ticket = await one.to(S.IN_PROGRESS)
    assert ticket.contract_code and ticket.executor
    with pytest.raises(Refused) as caught:
        await one.move(ticket, "belova", "move", "другим", status=S.EXECUTOR_ASSIGNED, organisation_id=2)
    assert pointers(caught.value) == {"#/executor_id"}
    same = await one.move(ticket, "belova", "move", "ещё раз", status=S.IN_PROGRESS, organisation_id=1)
    assert (same.executor, same.contract_code) == (ticket.executor, ticket.contract_code)
    on = await one.move(same, "belova", "move", "ошиблись домом", status=S.AWAITING_CENTRE, organisation_id=2)
    assert (on.organisation and on.organisation.id, on.executor, on.contract_code) == (2, None, "")
    assert on.organisation_reason == "Белова Анна: ошиблись домом"
    assert await one.tickets.get(on.number) == on
    off = await one.move(on, "belova", "move", "чьё, неясно", status=S.UNASSIGNED)
    assert (off.organisation, off.contract_code, off.organisation_reason) == (None, "", "чьё, неясно")


async def test_a_paid_job_that_one_organisation_confirmed_is_asked_anew_of_another(
    one: Block, clock: ManualClock
) -> None:
    ticket = await one.move(await one.open("PLT-01", organisation_id=1), "zhukov", "confirm_paid")
    assert ticket.paid_confirmed_at is not None
    clock.advance(seconds=7200)
    on = await one.move(ticket, "belova", "move", "другим", status=S.AWAITING_ACCEPTANCE, organisation_id=2)
    assert (on.paid_confirmed_at, on.paid_confirm_by) == (None, clock.now() + timedelta(minutes=90))


async def test_the_administrator_is_asked_for_what_a_status_means(one: Block) -> None:
    ticket = await one.open(house_id=None)
    for status, needs in ((S.IN_PROGRESS, "#/organisation_id"), (S.AWAITING_ACCEPTANCE, "#/organisation_id")):
        with pytest.raises(Refused) as caught:
            await one.move(ticket, "belova", "move", "так надо", status=status)
        assert pointers(caught.value) == {needs}
    with pytest.raises(Refused) as caught:
        await one.move(ticket, "belova", "move", "так надо", status=S.EXECUTOR_ASSIGNED, organisation_id=1)
    assert pointers(caught.value) == {"#/executor_id"}


# --- the executor left ----------------------------------------------------------------------------------------


async def test_the_open_tickets_of_one_who_left_go_back_visibly(block: Block, store: Store) -> None:
    mine = [await block.to(status) for status in (S.EXECUTOR_ASSIGNED, S.IN_PROGRESS)]
    done = await block.to(S.AWAITING_CENTRE)
    async with store.begin() as tx:
        await tx.conn.execute(update(staff).where(staff.c.id == 6).values(active=False))
        numbers = await block.moves.executor_left(tx, 6)
    assert numbers == [ticket.number for ticket in mine]
    for ticket in mine:
        left = await block.tickets.get(ticket.number)
        assert (left.status, left.executor) == (S.NO_EXECUTOR, None)
        event = left.history[-1]
        assert (event.what, event.role, event.data["from"]) == ("executor_left", "system", ticket.status)
        assert "Иванов Семён" in event.reason
    kept = await block.tickets.get(done.number)
    assert (kept.status, kept.executor and kept.executor.name) == (S.AWAITING_CENTRE, "Иванов Семён")
    back = await block.move(kept, "petrova", "return", "не сделано")
    with pytest.raises(Refused) as caught:
        await block.move(back, "zhukov", "start")
    assert caught.value.extra["forbidden"] == "no_executor"


# --- comments and the ladder ----------------------------------------------------------------------------------


async def test_a_comment_of_who_must_act_begins_the_ladder_anew_and_another_s_does_not(
    one: Block, clock: ManualClock
) -> None:
    ticket = await one.to(S.IN_PROGRESS, "KRO-05")
    since = clock.now()
    clock.advance(seconds=3600)
    said = await one.moves.comment(ticket.number, one.who("petrova"), "житель спрашивает")
    assert (said.touched_at, said.version) == (since, ticket.version)
    said = await one.moves.comment(ticket.number, one.who("ivanov"), "еду", public=True)
    assert said.touched_at == clock.now()
    due = await one.timer()
    assert due and due[1] == clock.now() + timedelta(hours=12)


@pytest.mark.parametrize(("text", "pointer"), [("  \n ", "#/text"), ("я" * 10_001, "#/text")])
async def test_an_empty_or_endless_comment_is_refused(one: Block, text: str, pointer: str) -> None:
    ticket = await one.open()
    with pytest.raises(Refused) as caught:
        await one.moves.comment(ticket.number, one.who("petrova"), text)
    assert pointers(caught.value) == {pointer}


async def test_hostile_words_are_kept_as_they_are(block: Block) -> None:
    text = "'; DROP TABLE tickets; -- <b>\0\ud800😀"
    ticket = await block.open()
    said = await block.moves.comment(ticket.number, block.who("petrova"), text)
    assert said.history[-1].reason == "'; DROP TABLE tickets; -- <b>?😀"
    moved = await block.move(ticket, "zhukov", "decline", text)
    assert moved.history[-1].reason.startswith("'; DROP TABLE tickets")


# --- the load, the timer, the record --------------------------------------------------------------------------


async def test_the_load_of_an_organisation_is_counted_by_executor_and_status(block: Block) -> None:
    await block.to(S.NO_EXECUTOR)
    await block.to(S.IN_PROGRESS)
    await block.to(S.IN_PROGRESS)
    await block.to(S.CLOSED)
    await block.move(await block.open(), "zhukov", "decline", "не наш дом")
    await block.pass_time(days=3, seconds=1)
    lines = await block.moves.load(1, block.who("zhukov"))
    counted = {(line.executor, line.status): (line.count, line.late) for line in lines}
    assert counted == {("", "no_executor"): (1, 1), ("Иванов Семён", "in_progress"): (2, 2)}
    assert all(line.stalled == line.count for line in lines)
    for login, organisation in (("lapin", 1), ("ivanov", 1), ("petrova", 99)):
        with pytest.raises(NotFound):
            await block.moves.load(organisation, block.who(login))


async def test_an_open_ticket_has_one_timer_and_a_final_one_has_none(block: Block, store: Store) -> None:
    ticket = await block.open()
    for step in ("accept", "localise"):
        ticket = await block.move(ticket, "zhukov", step)
        assert [row["subject"] for row in await rows_of(store, timers)] == [str(ticket.id)]
    await block.move(ticket, "orlova", "cancel", "заявлено по ошибке")
    assert await rows_of(store, timers) == []


async def test_the_history_is_never_rewritten(block: Block, store: Store) -> None:
    await block.to(S.NO_EXECUTOR)
    for statement in (update(ticket_history).values(reason=""), ticket_history.delete()):
        with pytest.raises(Exception, match="append-only"):
            async with store.begin() as tx:
                await tx.conn.execute(statement)
    async with store.read() as conn:
        assert (await conn.execute(select(func.count()).select_from(ticket_history))).scalar_one() == 3


async def test_everybody_has_buttons_or_none_without_a_failure(one: Block) -> None:
    ticket = await one.to(S.IN_PROGRESS)
    for _, login, _, role, _ in STAFF:
        offers = one.moves.offers(ticket, one.who(login))
        assert (role == "inspector") == (offers == ()), login


async def test_who_leaves_by_an_import_or_while_no_engine_ran_is_found(block: Block, store: Store) -> None:
    store.within[StaffLeft] = [block.moves.on_staff_left]
    ticket = await block.to(S.IN_PROGRESS)
    imports = Imports(store, block.clock, ZONE)
    report = await imports.import_csv("staff", "login,name,role,organisation\nivanov,Иванов,executor,voda\n".encode())
    assert report.changed == 1
    assert (await block.tickets.get(ticket.number)).status is S.NO_EXECUTOR
    other = await block.move(ticket, "zhukov", "assign", executor_id=7)
    async with store.begin() as tx:
        await tx.conn.execute(update(staff).where(staff.c.id == 7).values(active=False))
    await block.watch.recover()
    assert (await block.tickets.get(other.number)).history[-1].what == "executor_left"
