"""Queries of the reminders that stand open: who has still to take them, and what a move settles."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.store import directory as directory_rows
from callengine.store.database import Tx
from callengine.store.tables import classifier, ticket_reminders, tickets
from callengine.tickets.model import RANKS, Urgency

_c, _t = ticket_reminders.c, tickets.c
DANGER = RANKS[Urgency.EMERGENCY]  # this rank and those before it


@dataclass(frozen=True, slots=True)
class Standing:
    """A row that stands open."""

    id: int
    ticket_id: int
    about: str
    level: int
    side: str
    roles: frozenset[str]
    due_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """A reminder with what a line of a list says of its ticket."""

    id: int
    about: str
    level: int
    due_at: datetime
    at: datetime
    number: str
    status: str
    urgency: str
    problem_ru: str
    problem_en: str
    address: str


@dataclass(frozen=True, slots=True)
class Whose:
    """One person's reminders: of his side and role; of an organisation or an executor those of its tickets alone."""

    side: str
    role: str
    organisation_id: int | None = None
    executor_id: int | None = None


async def raise_one(
    tx: Tx, ticket_id: int, about: str, level: int, side: str, roles: Collection[str], *, due_at: datetime, at: datetime
) -> None:
    """Stand it up. One that stands already is told anew: its first moment stays, so that nobody reads less late."""
    dialect = postgresql if tx.is_postgres else sqlite
    words = "," + "".join(f"{role}," for role in sorted(roles))
    row = {"ticket_id": ticket_id, "about": about, "level": level, "side": side}
    made = dialect.insert(ticket_reminders).values(**row, roles=words, due_at=due_at, at=at)
    again = made.on_conflict_do_update(
        index_elements=list(row), index_where=_c.ended_at.is_(None), set_={"at": at, "roles": words}
    )
    await tx.conn.execute(again)


async def standing(conn: AsyncConnection, ticket_id: int) -> list[Standing]:
    """All that stand open of one ticket."""
    query = select(ticket_reminders).where(_c.ticket_id == ticket_id, _c.ended_at.is_(None)).order_by(_c.id)
    return [_standing(row) for row in await conn.execute(query)]


async def end(tx: Tx, ids: Collection[int], at: datetime, by: str, *, taken_by: str = "") -> None:
    query = update(ticket_reminders).where(_c.id.in_(ids), _c.ended_at.is_(None))
    await tx.conn.execute(query.values(ended_at=at, ended_by=by, taken_by=taken_by))


async def one(conn: AsyncConnection, id: int, whose: Whose) -> tuple[Standing, str, str, str] | None:
    """A row of this person with how it ended, who took it and the ticket's number; ended ones too."""
    query = _of(whose, select(ticket_reminders, _t.number)).where(_c.id == id)
    row = (await conn.execute(query)).one_or_none()
    return (_standing(row), row.ended_by, row.taken_by, row.number) if row else None


async def count(conn: AsyncConnection, whose: Whose) -> tuple[int, int]:
    """How many stand open for him, and how many of them are of danger."""
    dangers = func.sum(case((_t.rank <= DANGER, 1), else_=0))
    row = (await conn.execute(_of(whose, select(func.count(), dangers)).where(_c.ended_at.is_(None)))).one()
    return int(row[0]), int(row[1] or 0)


async def listed(conn: AsyncConnection, whose: Whose, limit: int) -> list[Shown]:
    """What stands open for him: dangers first, of them and of the others the newest first."""
    columns = (
        *(_c.id, _c.about, _c.level, _c.due_at, _c.at, _t.number, _t.status, _t.urgency, _t.house_id, _t.premise),
        *(classifier.c.problem_ru, classifier.c.problem_en),
    )
    query = _of(whose, select(*columns)).where(_c.ended_at.is_(None))
    query = query.order_by(case((_t.rank <= DANGER, 0), else_=1), _c.at.desc(), _c.id.desc()).limit(limit)
    rows = list(await conn.execute(query))
    houses = await directory_rows.houses_by_id(conn, [row.house_id for row in rows if row.house_id is not None])
    return [
        Shown(
            row.id,
            row.about,
            row.level,
            row.due_at,
            row.at,
            row.number,
            row.status,
            row.urgency,
            row.problem_ru,
            row.problem_en or row.problem_ru,
            houses[row.house_id].address if row.house_id in houses else row.premise,
        )
        for row in rows
    ]


def _of(whose: Whose, query: Any) -> Any:
    joined = ticket_reminders.join(tickets, _t.id == _c.ticket_id)
    joined = joined.join(classifier, classifier.c.code == _t.classifier_code)
    query = query.select_from(joined).where(_c.side == whose.side, _c.roles.contains(f",{whose.role},"))
    if whose.organisation_id is not None:
        query = query.where(_t.organisation_id == whose.organisation_id)
    if whose.executor_id is not None:
        query = query.where(_t.executor_id == whose.executor_id)
    return query


def _standing(row: Any) -> Standing:
    roles = frozenset(row.roles.strip(",").split(","))
    return Standing(row.id, row.ticket_id, row.about, row.level, row.side, roles, row.due_at, row.at)
