"""A day of a large service (DOMAIN.md): 8 000 tickets, 130 organisations; none lost, each with somebody or a reason."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from callengine import config
from callengine.access.model import Principal
from callengine.clock import ManualClock
from callengine.directory import town
from callengine.directory.imports import Imports
from callengine.store.database import Store
from callengine.store.tables import (
    organisations,
    staff,
    ticket_declines,
    ticket_history,
    ticket_organisations,
    tickets,
    timers,
)
from callengine.tickets.effects import Asked
from callengine.tickets.events import TicketOpened
from callengine.tickets.lifecycle import Move
from callengine.tickets.model import Applicant, NewTicket, Status, Ticket
from callengine.tickets.moves import MovesService
from callengine.tickets.rulebook import Rulebook
from callengine.tickets.service import TicketsService
from callengine.tickets.watch import TicketWatch
from callengine.timers.worker import TimerWorker

ZONE = ZoneInfo("Europe/Moscow")
TICKETS, HOUSES, COMPANIES = 8_000, 1_200, 100
UTILITIES = (
    ("water_utility", 8),
    ("heat_utility", 8),
    ("power_utility", 4),
    ("lift_company", 4),
    ("waste_operator", 2),
    ("intercom_company", 2),
    ("municipality", 1),
    ("road_service", 1),
)
# How the appeals of a day fall on its hours; the peak hour has 11 %.
SHARES = (1, 1, 1, 1, 1, 2, 3, 6, 9, 11, 9, 8, 6, 5, 5, 5, 5, 6, 5, 4, 2, 2, 1, 1)
DECLINED, SILENT = 0.04, 0.10
OPERATOR = Principal(None, "operator", None, "Петрова Наталья", "101")


@dataclass
class City:
    """The services, the people of the organisations, and what the day brought."""

    tickets: TicketsService
    moves: MovesService
    worker: TimerWorker
    clock: ManualClock
    managers: dict[int, Principal] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    decided: Counter[str] = field(default_factory=Counter)


def files() -> dict[str, bytes]:
    """130 organisations; each house has its company and utilities, but every fortieth has nobody."""
    kinds = [("management_company", COMPANIES), *UTILITIES]
    every = [(f"{kind}-{n}", kind) for kind, count in kinds for n in range(count)]
    assert len(every) == 130
    houses = [f"H-{n},ул. {n // 20}-я Полевая,{n % 20 + 1},Участок {n % 12}" for n in range(HOUSES)]
    cared = [n for n in range(HOUSES) if n % 40]
    contracts = []
    for kind, count in kinds:
        for n in range(count):
            served = "|".join(f"H-{house}" for house in cared if house % count == n)
            contracts.append(f"{kind}-{n},{kind}-{n},{kind},{served}")
    people = [f"boss-{code},Управляющий {code},organisation_manager,{code}" for code, _ in every]
    return {
        "organisations": _csv("code,name,kind", [f"{code},ООО {code},{kind}" for code, kind in every]),
        "houses": _csv("code,street,number,district", houses),
        "contracts": _csv("code,organisation,kind,houses", contracts),
        "staff": _csv("login,name,role,organisation", people),
        "classifier": town.build(residents=10).csv("classifier"),
    }


def _csv(head: str, rows: list[str]) -> bytes:
    return "\n".join([head, *rows, ""]).encode()


async def build(store: Store, clock: ManualClock) -> City:
    for kind, content in files().items():
        report = await Imports(store, clock, ZONE).import_csv(kind, content)
        assert not report.skipped, report.mistakes[:3]
    book = Rulebook(ZONE)
    made = TicketsService(store, clock, ZONE, book=book)
    moves = MovesService(store=store, clock=clock, settings=config.Tickets(), zone=ZONE, terms=book)
    watch = TicketWatch(store=store, clock=clock, moves=moves, book=book)
    city = City(made, moves, TimerWorker(store, clock, watch.timer_owners), clock)
    async with store.read() as conn:
        query = select(staff.c.id, staff.c.name, staff.c.organisation_id).where(staff.c.organisation_id.is_not(None))
        for row in await conn.execute(query):
            who = Principal(row.id, "organisation_manager", row.organisation_id, row.name, None)
            city.managers[row.organisation_id] = who
    store.after[TicketOpened] = [lambda fact: city.told.append(fact.ticket.number)]
    return city


async def answer(city: City, ticket: Ticket, chance: random.Random) -> None:
    """What the organisation does with it within its minutes: takes it, sends it back, or nothing."""
    if ticket.organisation is None:
        return
    luck = chance.random()
    if luck < SILENT:
        city.decided["silent"] += 1
        return
    manager = city.managers[ticket.organisation.id]
    if luck > SILENT + DECLINED:
        city.decided["accepted"] += 1
        await city.moves.move(ticket.number, manager, Asked(Move.ACCEPT))
        return
    city.decided["declined"] += 1
    await city.moves.move(ticket.number, manager, Asked(Move.DECLINE, reason="дом не наш"))
    other = chance.choice([id for id in city.managers if id != ticket.organisation.id])
    await city.moves.move(ticket.number, OPERATOR, Asked(Move.ROUTE, organisation_id=other))


@pytest.mark.timeout(900)  # sixteen thousand transactions
async def test_a_day_of_8000_tickets_of_130_organisations_loses_none(sqlite_store: Store) -> None:
    chance = random.Random(109)
    midnight = datetime(2026, 11, 23, 0, 0, tzinfo=ZONE).astimezone(UTC)
    clock = ManualClock(midnight)
    city = await build(sqlite_store, clock)
    codes = [hit.entry.code for hit in await city.tickets.classifier_search()]
    waiting: list[Ticket] = []
    sent = 0
    for hour, share in enumerate(SHARES):
        count = round(TICKETS * share / 100)
        for n in range(count):
            at = midnight + timedelta(hours=hour, seconds=3600 * n / count)
            clock.advance(seconds=(at - clock.now()).total_seconds())
            house = 1 + min(int(chance.paretovariate(1.1) * 7), HOUSES - 1)  # some houses call much oftener
            form = NewTicket(
                chance.choice(codes), house, str(n % 200), Applicant("", "Аноним"), "так шумит", key=f"{hour}-{n}"
            )
            waiting.append(await city.tickets.create(form, OPERATOR))
            sent += 1
            if len(waiting) > 40:
                await answer(city, waiting.pop(0), chance)
        while await city.worker.fire_due():
            pass
    for ticket in waiting:
        await answer(city, ticket, chance)
    assert sent == TICKETS
    await none_is_lost(sqlite_store, city)


async def none_is_lost(store: Store, city: City) -> None:
    c = tickets.c
    async with store.read() as conn:
        rows = list(await conn.execute(select(tickets).order_by(c.id)))
        kinds = {row.id: row.kind for row in await conn.execute(select(organisations.c.id, organisations.c.kind))}
        histories = (await conn.execute(select(func.count(ticket_history.c.ticket_id.distinct())))).scalar_one()
        past = (
            await conn.execute(select(ticket_organisations.c.ticket_id, ticket_organisations.c.organisation_id))
        ).all()
        by_accepting = select(func.count()).where(ticket_history.c.what == "accept")
        accepted = (await conn.execute(by_accepting)).scalar_one()
        declines = (await conn.execute(select(func.count()).select_from(ticket_declines))).scalar_one()
        late = await conn.execute(select(timers.c.subject).where(timers.c.kind == "ticket"))
        watched = {int(subject) for subject in late.scalars()}
    assert [row.number for row in rows] == [f"26-{n:06d}" for n in range(1, TICKETS + 1)] == city.told
    assert histories == TICKETS
    nobody = [row for row in rows if row.organisation_id is None]
    assert all(row.organisation_reason for row in rows)
    assert {row.status for row in nobody} <= {Status.UNASSIGNED, Status.AWAITING_CENTRE}
    assert 0 < len(nobody) < TICKETS / 4, Counter(row.organisation_reason for row in nobody).most_common(5)
    answering = {(row.ticket_id, row.organisation_id) for row in past}
    assert all((row.id, row.organisation_id) in answering for row in rows if row.organisation_id)
    assert len({row.organisation_id for row in rows if row.organisation_id}) > 100
    assert declines == city.decided["declined"] > 0
    assert accepted == city.decided["accepted"]
    # Whoever owes something is watched by a timer until its term has passed and everybody was told: then it is late.
    owing = [row for row in rows if row.due_at is not None and row.status not in ("closed", "cancelled")]
    forgotten = [row.number for row in owing if row.id not in watched and row.due_at > city.clock.now()]
    assert forgotten == []
    assert {kinds[row.organisation_id] for row in rows if row.organisation_id} >= {kind for kind, _ in UTILITIES[:3]}
