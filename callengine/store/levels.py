"""Queries of the four levels of support (tickets/levels.py) and of interim answers: what a filter asks, and counts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, literal_column, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.store.tables import organisations, tickets
from callengine.tickets.levels import AUTHORITIES, DISPUTED, SETTLED, Level
from callengine.tickets.model import FINAL, Status

c = tickets.c


def is_at(level: int) -> ColumnElement[bool]:
    """Whether a ticket is at the level: as `levels.level` has it."""
    nobody, somebody = c.organisation_id.is_(None), c.organisation_id.is_not(None)
    if level == Level.OPERATOR:
        return and_(nobody, c.status.in_(_words(SETTLED)))
    if level == Level.DISPATCHER:
        return or_(and_(nobody, c.status.not_in(_words(SETTLED))), and_(somebody, c.status.in_(_words(DISPUTED))))
    kinds = [literal_column(f"'{kind}'", organisations.c.kind.type) for kind in sorted(AUTHORITIES)]
    authorities = select(organisations.c.id).where(organisations.c.kind.in_(kinds))
    its = c.organisation_id.in_(authorities)
    its = its if level == Level.AUTHORITY else not_(its)
    return and_(somebody, c.status.not_in(_words(DISPUTED)), its)


def _words(statuses: Collection[Status]) -> list[ColumnElement[str]]:
    """Words of the statement itself: the journal compiles its statements once."""
    return [literal_column(f"'{status.value}'", c.status.type) for status in Status if status in statuses]


@dataclass(frozen=True, slots=True)
class LevelRow:
    """Tickets registered in a period that are at a level now: how many, of them open, and closed (not cancelled)."""

    level: int
    registered: int
    open: int
    closed: int


@dataclass(frozen=True, slots=True)
class Interim:
    """Interim answers. `given`: tickets whose last one was given in the period; of them the date was kept, has passed
    without a fix, or is still to come. `due`: tickets registered in it of which the rules want one by now; `missed`: of
    them nobody gave it in its term."""

    given: int
    kept: int
    passed: int
    waiting: int
    due: int
    missed: int


async def by_level(conn: AsyncConnection, since: datetime, until: datetime) -> list[LevelRow]:
    """All four levels, also those without a ticket."""
    where = case(*((is_at(one), one.value) for one in Level), else_=0).label("level")
    counted = (
        func.count(),
        func.sum(case((c.status.not_in(_words(FINAL)), 1), else_=0)),
        func.sum(case((c.status == Status.CLOSED.value, 1), else_=0)),
    )
    query = select(where, *counted).where(*_registered(since, until)).group_by("level")
    found = {row[0]: row for row in await conn.execute(query)}
    return [
        LevelRow(one, *(int(n) for n in found[one][1:])) if one in found else LevelRow(one, 0, 0, 0) for one in Level
    ]


async def interim(conn: AsyncConnection, since: datetime, until: datetime, now: datetime) -> Interim:
    moment = literal(now, c.interim_at.type)
    done = func.coalesce(c.fixed_at, c.closed_at)  # as a ticket's page has it
    kept, past = done <= c.interim_until, and_(c.interim_until < moment, or_(done.is_(None), done > c.interim_until))
    query = select(func.count(), _sum(kept), _sum(past))
    query = query.where(c.interim_at.is_not(None), *_within(c.interim_at, since, until))
    given, were_kept, passed = (int(n or 0) for n in (await conn.execute(query)).one())
    due = and_(c.interim_by.is_not(None), c.interim_by < moment, or_(done.is_(None), done > c.interim_by))
    missed = and_(due, or_(c.interim_at.is_(None), c.interim_at > c.interim_by))
    query = select(_sum(due), _sum(missed)).where(*_registered(since, until))
    wanted, lacking = (int(n or 0) for n in (await conn.execute(query)).one())
    return Interim(given, were_kept, passed, given - were_kept - passed, wanted, lacking)


def _sum(condition: ColumnElement[bool]) -> Any:
    return func.sum(case((condition, 1), else_=0))


def _registered(since: datetime, until: datetime) -> list[ColumnElement[bool]]:
    return _within(c.created_at, since, until)


def _within(column: ColumnElement[Any], since: datetime, until: datetime) -> list[ColumnElement[bool]]:
    return [column >= literal(since, column.type), column < literal(until, column.type)]
