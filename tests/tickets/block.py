"""A small block for tests of tickets: three organisations with their people, two houses, four problems."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select

from callengine import config
from callengine.access.model import Principal
from callengine.clock import ManualClock
from callengine.store.database import Store
from callengine.store.tables import (
    classifier,
    contract_houses,
    contracts,
    houses,
    organisations,
    staff,
    ticket_files,
    timers,
)
from callengine.tickets.effects import Asked
from callengine.tickets.lifecycle import Move
from callengine.tickets.model import Applicant, NewTicket, Status, Ticket
from callengine.tickets.moves import MovesService
from callengine.tickets.rulebook import Rulebook
from callengine.tickets.service import TicketsService
from callengine.tickets.watch import TicketWatch

ZONE = ZoneInfo("Europe/Moscow")
ORGANISATIONS = (
    (1, "zar", "УК «Заречье»", "management_company"),
    (2, "voda", "МУП «Водоканал»", "water_utility"),
    (3, "firm", "ООО «Мастер»", "private_firm"),
)
STAFF = (
    (1, "petrova", "Петрова Наталья", "operator", None),
    (2, "orlova", "Орлова Ирина", "supervisor", None),
    (3, "belova", "Белова Анна", "administrator", None),
    (4, "zhukov", "Жуков Пётр", "organisation_manager", 1),
    (5, "lapin", "Лапин Олег", "organisation_manager", 2),
    (6, "ivanov", "Иванов Семён", "executor", 1),
    (7, "kotov", "Котов Глеб", "executor", 1),
    (8, "ryabov", "Рябов Юрий", "executor", 2),
    (9, "nadzor", "Инспектор Северный", "inspector", None),
)
# code, urgency, accept, localise, fix in minutes, paid
PROBLEMS = (
    ("HVS-01", "emergency", 5, 30, 4320, False),
    ("KRO-05", "normal", 60, None, 1440, False),
    ("PLT-01", "normal", 60, None, 2880, True),
    ("SPR-01", "info", 1, None, 60, False),
)


@dataclass
class Block:
    """The services over one database, and its people by their logins."""

    store: Store
    clock: ManualClock
    tickets: TicketsService
    moves: MovesService
    watch: TicketWatch

    def who(self, login: str) -> Principal:
        id, _, name, role, organisation = next(one for one in STAFF if one[1] == login)
        districts = ("Север",) if role == "inspector" else ()
        return Principal(id, role, organisation, name, None, login, districts=districts)

    async def open(self, code: str = "HVS-01", house_id: int | None = 1, **more: Any) -> Ticket:
        more.setdefault("applicant", Applicant("+79073304177", "Мельникова Анна"))
        if house_id is None:
            more.setdefault("place", "у остановки на площади Минина")
        made = await self.tickets.create(NewTicket(code, house_id, **more), self.who("petrova"))
        return await self.tickets.get(made.number)

    async def move(self, ticket: Ticket, login: str, move: str, reason: str = "", **more: Any) -> Ticket:
        asked = Asked(Move(move), reason=reason, **more)
        return await self.moves.move(ticket.number, self.who(login), asked)

    async def to(self, status: Status, code: str = "HVS-01", **more: Any) -> Ticket:
        """A ticket that people brought into the status."""
        ticket = await self.open(code, **more)
        for reached, login, move, needs in WAY:
            if ticket.status is status:
                return ticket
            if ticket.status is reached:
                ticket = await self.move(ticket, login, move, **needs)
        if status in ENDS:
            login, move, needs = ENDS[status]
            ticket = await self.move(ticket, login, move, **needs)
        assert ticket.status is status, ticket.status
        return ticket

    async def sign(self, ticket: Ticket, kind: str = "act") -> None:
        """A signed act comes, as the room of files does it."""
        row = {
            "ticket_id": ticket.id,
            "kind": kind,
            "name": "акт.pdf",
            "path": "x",
            "media_type": "application/pdf",
            "bytes": 1,
            "sha256": "0",
            "public": False,
            "author": "Жуков",
            "created_at": self.clock.now(),
        }
        async with self.store.begin() as tx:
            await tx.conn.execute(insert(ticket_files).values(**row))
            await self.moves.act_added(tx, ticket.id)

    async def pass_time(self, *, until: timedelta | None = None, **span: float) -> None:
        """Time passes, and each timer fires at its moment, as the worker has it."""
        end = self.clock.now() + (until or timedelta(**span))
        while (due := await self.timer()) is not None and due[1] <= end:
            subject, at = due
            self.clock.advance(seconds=max((at - self.clock.now()).total_seconds(), 0))
            async with self.store.begin() as tx:
                await tx.conn.execute(timers.delete().where(timers.c.kind == "ticket", timers.c.subject == subject))
            await self.watch.on_timer("ticket", subject, 1)
        self.clock.advance(seconds=(end - self.clock.now()).total_seconds())

    async def timer(self) -> tuple[str, Any] | None:
        async with self.store.read() as conn:
            query = select(timers.c.subject, timers.c.due_at).where(timers.c.kind == "ticket")
            row = (await conn.execute(query.order_by(timers.c.due_at).limit(1))).one_or_none()
        return (row.subject, row.due_at) if row else None


WAY: tuple[tuple[Status, str, str, dict[str, Any]], ...] = (
    (Status.AWAITING_ACCEPTANCE, "zhukov", "accept", {}),
    (Status.NO_EXECUTOR, "zhukov", "assign", {"executor_id": 6}),
    (Status.EXECUTOR_ASSIGNED, "ivanov", "start", {}),
    (Status.IN_PROGRESS, "ivanov", "report_done", {}),
    (Status.AWAITING_CENTRE, "petrova", "confirm", {}),
)
ENDS: dict[Status, tuple[str, str, dict[str, Any]]] = {
    Status.CLOSED: ("petrova", "mark", {"mark": 5}),
    Status.CONFLICT: ("petrova", "mark", {"mark": 1}),
    Status.CANCELLED: ("orlova", "cancel", {"reason": "заявлено по ошибке"}),
}


async def build(store: Store, clock: ManualClock, **settings: Any) -> Block:
    async with store.begin() as tx:
        conn = tx.conn
        keys = ("id", "code", "name", "kind")
        await conn.execute(insert(organisations), [dict(zip(keys, one, strict=True)) for one in ORGANISATIONS])
        keys = ("id", "login", "name", "role", "organisation_id")
        await conn.execute(insert(staff), [dict(zip(keys, one, strict=True)) for one in STAFF])
        await conn.execute(insert(houses), [_house(1, "Мира", "44", "Север"), _house(2, "Чкалова", "17А", "Юг")])
        await conn.execute(insert(contracts), [_contract(1, 1), _contract(2, 2), _contract(3, 3)])
        covered = [{"contract_id": contract, "house_id": house} for contract in (1, 2, 3) for house in (1, 2)]
        await conn.execute(insert(contract_houses), covered)
        await conn.execute(insert(classifier), [_problem(*one) for one in PROBLEMS])
    book, chosen = Rulebook(ZONE, rules="none"), config.Tickets(**settings)
    tickets = TicketsService(store, clock, ZONE, book=book, settings=chosen)
    moves = MovesService(store=store, clock=clock, settings=chosen, zone=ZONE, terms=book)
    return Block(store, clock, tickets, moves, TicketWatch(store=store, clock=clock, moves=moves, book=book))


def _house(id: int, street: str, number: str, district: str) -> dict[str, Any]:
    return {
        "id": id,
        "code": f"H-{id}",
        "street": street,
        "number": number,
        "search": f"{street} {number}".lower(),
        "district": district,
        "features": [],
    }


def _contract(id: int, organisation_id: int) -> dict[str, Any]:
    kind = ORGANISATIONS[organisation_id - 1][3]
    return {"id": id, "code": f"К-{id}", "organisation_id": organisation_id, "kind": kind}


def _problem(
    code: str, urgency: str, accept: int, localise: int | None, fix: int, paid: bool
) -> dict[str, Any]:  # fmt: skip
    return {
        "code": code,
        "category": code[:3],
        "problem_ru": f"Беда {code}",
        "problem_en": f"Trouble {code}",
        "search": code.lower(),
        "urgency": urgency,
        "organisation_kind": "contact_centre" if urgency == "info" else "management_company",
        "organisation_kinds_next": [],
        "trade": "",
        "responsible": "",
        "accept_minutes": accept,
        "localize_minutes": localise,
        "fix_minutes": fix,
        "clock": "24x7",
        "notify_municipality": False,
        "questions": [],
        "source": "",
        "paid": paid,
        "confirm_minutes": 90 if paid else None,
    }
