"""Staff and shifts as they are kept by hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.access.model import ADMINISTRATOR
from callengine.store.access import ROBOT_PREFIX
from callengine.store.database import Tx
from callengine.store.tables import OPEN, organisations, shifts, staff, staff_states, tickets


@dataclass(frozen=True, slots=True)
class StaffCard:
    """One of the staff, whole; `password_set` says whether he can sign in at all."""

    id: int
    login: str
    name: str
    role: str
    extension: str | None = None
    organisation_id: int | None = None
    organisation: str = ""
    phone: str = ""
    trade: str = ""
    districts: tuple[str, ...] = ()
    language: str = "ru"
    active: bool = True
    password_set: bool = False
    state: str = "offline"
    open_tickets: int = 0


@dataclass(frozen=True, slots=True)
class Shift:
    id: int
    staff_id: int
    name: str
    begins_at: datetime
    ends_at: datetime
    note: str = ""


_PLAIN = ("id", "login", "name", "role", "extension", "organisation_id", "phone", "trade", "language", "active")


def _cards() -> Select[Any]:
    now = (staff_states.c.staff_id == staff.c.id) & staff_states.c.ended_at.is_(None)
    held = select(func.count()).where(tickets.c.executor_id == staff.c.id, OPEN).scalar_subquery()
    return select(
        *(staff.c[name] for name in _PLAIN),
        staff.c.districts,
        staff.c.password_hash.is_not(None).label("password_set"),
        func.coalesce(organisations.c.name, "").label("organisation"),
        func.coalesce(staff_states.c.state, "offline").label("state"),
        held.label("open_tickets"),
    ).select_from(
        staff.outerjoin(organisations, organisations.c.id == staff.c.organisation_id).outerjoin(staff_states, now)
    )


def _card(row: Row[Any]) -> StaffCard:
    about = {name: row._mapping[name] for name in (*_PLAIN, "organisation", "state", "open_tickets")}
    return StaffCard(**about, districts=tuple(row.districts or ()), password_set=bool(row.password_set))


def _people() -> ColumnElement[bool]:
    return ~staff.c.login.startswith(ROBOT_PREFIX)


async def cards(conn: AsyncConnection, *, organisation_id: int | None = None) -> list[StaffCard]:
    """The people, of one organisation or all; tokens that belong to nobody are none."""
    query = _cards().where(_people()).order_by(staff.c.active.desc(), staff.c.name, staff.c.id)
    if organisation_id is not None:
        query = query.where(staff.c.organisation_id == organisation_id)
    return [_card(row) for row in await conn.execute(query)]


async def card(conn: AsyncConnection, staff_id: int) -> StaffCard | None:
    row = (await conn.execute(_cards().where(_people(), staff.c.id == staff_id))).first()
    return _card(row) if row else None


def _ruling() -> Select[Any]:
    rules = (staff.c.role == ADMINISTRATOR, staff.c.active, staff.c.password_hash.is_not(None), _people())
    return select(staff.c.id, staff.c.login).where(*rules)


async def administrators(tx: Tx) -> set[int]:
    """Active administrators who can sign in, held until the end of the transaction: two cannot depose each other."""
    return set((await tx.conn.execute(_ruling().with_for_update() if tx.is_postgres else _ruling())).scalars())


async def administrators_logins(conn: AsyncConnection) -> set[str]:
    """The same by their logins, and nobody is held."""
    return {row.login for row in await conn.execute(_ruling())}


async def who_has(conn: AsyncConnection, *, login: str = "", extension: str = "") -> tuple[int, str] | None:
    """(id, name) of who has this login or this extension."""
    wanted = staff.c.login == login if login else staff.c.extension == extension
    row = (await conn.execute(select(staff.c.id, staff.c.name).where(wanted))).first()
    return (row.id, row.name) if row else None


async def add(tx: Tx, values: Mapping[str, Any]) -> int:
    return int((await tx.conn.execute(insert(staff).values(**values).returning(staff.c.id))).scalar_one())


async def save(tx: Tx, staff_id: int, values: Mapping[str, Any]) -> None:
    await tx.conn.execute(update(staff).where(staff.c.id == staff_id).values(**values))


async def open_numbers(conn: AsyncConnection, staff_id: int) -> list[str]:
    """The tickets that an executor has in hand."""
    query = select(tickets.c.number).where(tickets.c.executor_id == staff_id, OPEN).order_by(tickets.c.id)
    return list((await conn.execute(query)).scalars())


# --- shifts -----------------------------------------------------------------------------------------------


async def shifts_between(
    conn: AsyncConnection,
    since: datetime,
    until: datetime,
    *,
    staff_ids: Collection[int] | None = None,
    organisation_id: int | None = None,
) -> list[Shift]:
    """Shifts that touch the stretch, in their order."""
    query = select(shifts, staff.c.name).select_from(shifts.join(staff, staff.c.id == shifts.c.staff_id))
    query = query.where(shifts.c.begins_at < until, shifts.c.ends_at > since)
    if staff_ids is not None:
        query = query.where(shifts.c.staff_id.in_(staff_ids))
    if organisation_id is not None:
        query = query.where(staff.c.organisation_id == organisation_id)
    rows = await conn.execute(query.order_by(shifts.c.begins_at, staff.c.name, shifts.c.id))
    return [_shift(row) for row in rows]


async def shift(conn: AsyncConnection, shift_id: int) -> Shift | None:
    query = select(shifts, staff.c.name).select_from(shifts.join(staff, staff.c.id == shifts.c.staff_id))
    row = (await conn.execute(query.where(shifts.c.id == shift_id))).first()
    return _shift(row) if row else None


def _shift(row: Row[Any]) -> Shift:
    return Shift(row.id, row.staff_id, row.name, row.begins_at, row.ends_at, row.note)


async def add_shift(tx: Tx, values: Mapping[str, Any]) -> int:
    return int((await tx.conn.execute(insert(shifts).values(**values).returning(shifts.c.id))).scalar_one())


async def remove_shift(tx: Tx, shift_id: int) -> None:
    await tx.conn.execute(delete(shifts).where(shifts.c.id == shift_id))
