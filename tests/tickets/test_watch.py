"""The one timer of a ticket over both databases: terms, the ladder, checks, silent clients, unconfirmed paid jobs."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from callengine import config
from callengine.app import import_file
from callengine.clock import ManualClock, SystemClock
from callengine.store.database import Store
from callengine.store.tables import contracts, tickets, timers
from callengine.tickets.clocks import REMINDER
from callengine.tickets.events import TicketMoved, TicketReminded
from callengine.tickets.files import FilesService, NewFile
from callengine.tickets.join import Joining, JoinService
from callengine.tickets.model import Applicant, Status, Ticket
from callengine.timers.worker import TimerWorker
from tests.tickets.block import Block, build
from tests.tickets.test_files import in_chunks, photo

S = Status
Told = list[tuple[str, int, tuple[str, ...]]]


@pytest.fixture
async def block(store: Store, clock: ManualClock) -> Block:
    return await build(store, clock)


@pytest.fixture
async def one(sqlite_store: Store, clock: ManualClock) -> Block:
    return await build(sqlite_store, clock)


async def reminded(block: Block, ticket: Ticket) -> Told:
    """What its history says of reminders: about what, which rung, whom."""
    kept = await block.tickets.get(ticket.number)
    return [
        (e.data["about"], e.data["level"], tuple(e.data["to"])) for e in kept.history if e.what == REMINDER
    ]  # fmt: skip


async def about(block: Block, ticket: Ticket) -> list[str]:
    return [what for what, _, _ in await reminded(block, ticket)]


# --- terms ------------------------------------------------------------------------------------------------------


async def test_each_term_that_passes_reminds_those_it_concerns_once(block: Block, store: Store) -> None:
    told: list[TicketReminded] = []
    store.after[TicketReminded] = [told.append]
    ticket = await block.open()
    await block.pass_time(minutes=5)
    assert await reminded(block, ticket) == [("accept", 0, ("organisation_manager", "supervisor"))]
    await block.pass_time(minutes=25)
    assert await about(block, ticket) == ["accept", "localise"]
    await block.pass_time(days=4)
    assert sorted(await about(block, ticket)) == ["accept", "fix", "localise", "stall", "stall", "stall"]
    assert [fact.about for fact in told] == await about(block, ticket)
    kept = await block.tickets.get(ticket.number)
    assert kept.late_at == ticket.deadlines.fix_by
    assert all(not e.public and e.role == "system" for e in kept.history if e.what == REMINDER)
    assert kept.version == 0  # a reminder stands in nobody's way
    before = await reminded(block, ticket)
    await block.watch.on_timer("ticket", str(ticket.id), 9)  # as after a crash between the act and its note
    assert await reminded(block, ticket) == before


async def test_nothing_fires_after_its_answer(one: Block) -> None:
    ticket = await one.open()
    await one.pass_time(minutes=4)
    await one.move(ticket, "zhukov", "accept")
    await one.move(ticket, "zhukov", "localise")
    await one.move(ticket, "zhukov", "assign", executor_id=6)
    await one.move(ticket, "ivanov", "start")
    await one.move(ticket, "ivanov", "report_done")
    await one.move(ticket, "petrova", "confirm")
    await one.move(ticket, "petrova", "mark", mark=5)
    await one.pass_time(days=30)
    assert await about(one, ticket) == []
    assert (await one.tickets.get(ticket.number)).late_at is None
    assert await one.timer() is None


async def test_a_term_that_was_answered_at_its_very_moment_is_kept(one: Block, clock: ManualClock) -> None:
    ticket = await one.to(S.IN_PROGRESS)
    fix_by = ticket.deadlines.fix_by
    assert fix_by
    clock.advance(seconds=(fix_by - clock.now()).total_seconds())
    done = await one.move(ticket, "ivanov", "report_done")
    assert done.late_at is None


async def test_the_centre_is_reminded_of_a_report_that_it_did_not_look_at(one: Block) -> None:
    ticket = await one.to(S.AWAITING_CENTRE)
    await one.pass_time(minutes=59)
    assert await about(one, ticket) == []
    await one.pass_time(minutes=1)
    assert await reminded(one, ticket) == [("check", 0, ("operator", "supervisor"))]


async def test_a_postponement_ends_and_the_term_passes_all_the_same(one: Block, clock: ManualClock) -> None:
    ticket = await one.to(S.IN_PROGRESS, "KRO-05")
    await one.move(ticket, "ivanov", "postpone", "ждём деталь", until=clock.now() + timedelta(hours=30))
    await one.pass_time(hours=30)
    assert await about(one, ticket) == ["fix", "postponed"]
    assert (await one.tickets.get(ticket.number)).late_at == ticket.deadlines.fix_by


# --- the ladder -------------------------------------------------------------------------------------------------


async def test_a_forgotten_ticket_climbs_the_ladder_and_a_move_begins_it_anew(block: Block) -> None:
    ticket = await block.to(S.EXECUTOR_ASSIGNED, "KRO-05")  # a term of 24 hours
    await block.pass_time(hours=12)
    assert await reminded(block, ticket) == [("stall", 1, ("executor", "organisation_manager"))]
    await block.pass_time(hours=6)
    assert (await reminded(block, ticket))[1:] == [("stall", 2, ("supervisor",))]
    assert (await block.tickets.get(ticket.number)).stall_level == 2
    started = await block.move(ticket, "ivanov", "start")
    assert started.stall_level == 0
    await block.pass_time(hours=12)
    assert (await reminded(block, ticket))[-1] == ("stall", 1, ("executor", "organisation_manager"))


async def test_the_third_rung_is_for_the_administrator_and_the_inspector_and_claims_no_letter(one: Block) -> None:
    ticket = await one.to(S.EXECUTOR_ASSIGNED, "KRO-05")
    await one.pass_time(hours=24)
    kept = await one.tickets.get(ticket.number)
    last = next(e for e in reversed(kept.history) if e.data.get("about") == "stall")
    # That the municipality was told stands there when a letter went, and not before (notices/organisations.py).
    assert last.data["level"] == 3 and "municipality" not in last.data
    assert last.data["to"] == ["administrator", "inspector"]
    assert kept.stall_level == 3


async def test_the_shares_of_the_ladder_are_the_service_s_own(sqlite_store: Store, clock: ManualClock) -> None:
    one = await build(sqlite_store, clock, stall_shares=[0.1], check_minutes=5, client_days=1)
    ticket = await one.to(S.EXECUTOR_ASSIGNED, "KRO-05")
    await one.pass_time(minutes=144)
    assert await reminded(one, ticket) == [("stall", 1, ("executor", "organisation_manager"))]


async def test_what_nobody_was_asked_about_reminds_the_centre(one: Block) -> None:
    ticket = await one.open("KRO-05", house_id=None)
    await one.pass_time(hours=1)
    assert await reminded(one, ticket) == [("accept", 0, ("operator", "supervisor"))]


# --- the client says nothing ------------------------------------------------------------------------------------


async def test_without_a_mark_it_closes_after_the_client_s_days_and_says_so(block: Block) -> None:
    ticket = await block.to(S.AWAITING_CLIENT)
    await block.pass_time(days=2, hours=23)
    assert (await block.tickets.get(ticket.number)).status is S.AWAITING_CLIENT
    await block.pass_time(hours=1)
    closed = await block.tickets.get(ticket.number)
    assert (closed.status, closed.mark) == (S.CLOSED, None)
    assert "не ответил" in closed.close_reason
    assert (closed.history[-1].what, closed.history[-1].role) == ("close", "system")


async def test_what_is_late_does_not_close_in_silence_but_when_its_act_comes(block: Block) -> None:
    ticket = await block.to(S.IN_PROGRESS)
    await block.pass_time(days=3, seconds=1)
    await block.move(ticket, "ivanov", "report_done")
    await block.move(ticket, "petrova", "confirm")
    await block.pass_time(days=3)
    kept = await block.tickets.get(ticket.number)
    assert kept.status is S.AWAITING_CLIENT
    assert "client" in await about(block, ticket)
    await block.sign(ticket)
    assert (await block.tickets.get(ticket.number)).status is S.CLOSED


async def test_what_is_late_and_waits_for_its_act_stays_under_control(one: Block) -> None:
    ticket = await one.to(S.IN_PROGRESS, "KRO-05")
    await one.pass_time(days=1, seconds=1)
    await one.move(ticket, "ivanov", "report_done")
    await one.move(ticket, "petrova", "confirm")
    await one.move(ticket, "petrova", "mark", mark=5)
    before = len(await reminded(one, ticket))
    await one.pass_time(days=1)
    later = (await reminded(one, ticket))[before:]
    assert [level for what, level, _ in later if what == "stall"] == [1, 2, 3]
    assert later[0][2] == ("operator", "organisation_manager", "supervisor")


# --- paid jobs --------------------------------------------------------------------------------------------------


async def test_a_paid_job_that_nobody_confirms_goes_to_a_private_firm_then_to_a_person(block: Block) -> None:
    ticket = await block.open("PLT-01")
    assert ticket.paid and ticket.paid_confirm_by == ticket.created_at + timedelta(minutes=90)
    await block.move(ticket, "zhukov", "accept")
    await block.pass_time(minutes=90)
    routed = await block.tickets.get(ticket.number)
    assert routed.organisation and routed.organisation.code == "firm"
    assert (routed.status, routed.accepted_at) == (S.AWAITING_ACCEPTANCE, None)
    assert "не подтверждена" in routed.history[-1].reason and "УК «Заречье»" in routed.history[-1].reason
    await block.pass_time(minutes=90)
    back = await block.tickets.get(ticket.number)
    assert (back.status, back.organisation) == (S.UNASSIGNED, None)
    assert "ООО «Мастер»" in back.organisation_reason
    assert back.paid_confirm_by is None


async def test_without_a_private_firm_it_goes_back_to_a_person_at_once(one: Block, sqlite_store: Store) -> None:
    async with sqlite_store.begin() as tx:
        await tx.conn.execute(update(contracts).where(contracts.c.id == 3).values(kind="police"))
    ticket = await one.open("PLT-01")
    await one.pass_time(minutes=90)
    assert (await one.tickets.get(ticket.number)).status is S.UNASSIGNED


@pytest.mark.parametrize("how", ["confirm_paid", "start"])
async def test_a_confirmed_paid_job_stays(one: Block, how: str) -> None:
    ticket = await one.to(S.EXECUTOR_ASSIGNED, "PLT-01")
    confirmed = await one.move(ticket, "zhukov", how)
    assert confirmed.paid_confirmed_at == confirmed.touched_at
    await one.pass_time(minutes=120)
    kept = await one.tickets.get(ticket.number)
    assert kept.organisation == ticket.organisation


async def test_a_person_may_say_that_a_job_is_paid(one: Block) -> None:
    ticket = await one.open("KRO-05", paid=True)
    assert ticket.paid and ticket.paid_confirm_by is not None


# --- the start, the worker, two at once ---------------------------------------------------------------------------


async def test_at_the_start_each_open_ticket_without_a_timer_gets_one(block: Block, store: Store) -> None:
    first, second, closed = await block.open(), await block.open(), await block.to(S.CLOSED)
    async with store.begin() as tx:
        await tx.conn.execute(delete(timers))
    await block.open()
    assert await block.watch.recover() == 2
    assert await block.watch.recover() == 0
    async with store.read() as conn:
        subjects = set((await conn.execute(select(timers.c.subject))).scalars())
    assert subjects == {str(first.id), str(second.id), "4"}
    assert str(closed.id) not in subjects
    await block.pass_time(seconds=0)
    due = await block.timer()
    assert due and due[1] == first.deadlines.accept_by


async def test_a_file_of_staff_taken_beside_the_engine_gives_tickets_back_by_the_engine(
    one: Block, sqlite_store: Store, tmp_path: Path
) -> None:
    ticket = await one.to(S.IN_PROGRESS)
    told: list[TicketMoved] = []
    sqlite_store.after.setdefault(TicketMoved, []).append(told.append)
    file = tmp_path / "staff.csv"
    file.write_text("login,name,role,organisation,active\nivanov,Иванов Семён,executor,zar,no\n")
    settings = config.Settings(store=config.StoreSettings(url=sqlite_store.url))
    assert (await import_file(settings, "staff", file, dry_run=True)).changed == 1
    worker = TimerWorker(sqlite_store, one.clock, one.watch.timer_owners)
    one.clock.advance(seconds=(SystemClock().now() - one.clock.now()).total_seconds() + 1)
    await worker.fire_due()
    assert (await one.tickets.get(ticket.number)).executor, "a look changes nothing"
    assert (await import_file(settings, "staff", file, dry_run=False)).changed == 1
    one.clock.advance(seconds=60)
    await worker.fire_due()
    after = await one.tickets.get(ticket.number)
    assert (after.status, after.executor) == (S.NO_EXECUTOR, None)
    assert ticket.number in [fact.ticket.number for fact in told], "the engine tells it, and so its screens and notices"


async def test_the_worker_fires_what_passed_while_the_engine_was_down(block: Block, store: Store) -> None:
    ticket = await block.open()
    block.clock.advance(seconds=4 * 86_400)
    worker = TimerWorker(store, block.clock, block.watch.timer_owners)
    assert await worker.fire_due() == 1
    assert sorted(await about(block, ticket)) == ["accept", "fix", "localise", "stall", "stall", "stall"]
    async with store.read() as conn:
        assert (await conn.execute(select(timers.c.id))).all() == []  # all was told: nothing more to promise
    await block.move(ticket, "zhukov", "accept")
    assert await block.timer() is not None


async def test_a_timer_and_a_move_at_once_lose_nothing(block: Block, store: Store) -> None:
    opened = [await block.open() for _ in range(10)]
    block.clock.advance(seconds=300)
    await asyncio.gather(
        *(block.move(ticket, "zhukov", "accept") for ticket in opened),
        *(block.watch.on_timer("ticket", str(ticket.id), 1) for ticket in opened),
    )
    for ticket in opened:
        kept = await block.tickets.get(ticket.number)
        assert (kept.status, kept.version, kept.stall_level) == (S.NO_EXECUTOR, 1, 0)
        assert (await about(block, ticket)).count("accept") <= 1
    async with store.read() as conn:
        assert len((await conn.execute(select(tickets.c.id))).all()) == 10


async def test_a_timer_of_a_ticket_that_is_gone_does_nothing(one: Block) -> None:
    await one.watch.on_timer("ticket", "404", 1)
    closed: Any = await one.to(S.CLOSED)
    await one.watch.on_timer("ticket", str(closed.id), 1)
    assert await about(one, closed) == []


# --- what calms the ladder down, and what does not -----------------------------------------------------------------


async def climbed(block: Block, number: str) -> int:
    return (await block.tickets.get(number)).stall_level


async def test_a_photo_of_those_who_must_act_begins_the_ladder_anew_and_nobody_elses(
    block: Block, store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    files = FilesService(store, clock, config.Files(dir=tmp_path), touched=block.moves.touched)
    ticket = await block.to(S.IN_PROGRESS)
    await block.pass_time(days=2)
    assert await climbed(block, ticket.number) == 1
    for login, level in (("petrova", 1), ("ivanov", 0)):
        await files.receive(ticket.number, block.who(login), NewFile("p.jpg"), in_chunks(photo()))
        assert await climbed(block, ticket.number) == level
    await block.pass_time(days=2)
    assert await climbed(block, ticket.number) == 1, "and it climbs again from the photo on"


async def test_a_neighbour_who_calls_about_the_same_does_not_calm_the_ladder_down(
    block: Block, store: Store, clock: ManualClock
) -> None:
    ticket = await block.to(S.IN_PROGRESS)
    await block.pass_time(days=2)
    before = await climbed(block, ticket.number)
    joins = JoinService(store, clock)
    assert await joins.join(ticket.number, Joining(Applicant("+79075550101", "Соседов")), block.who("petrova"))
    assert await climbed(block, ticket.number) == before == 1
