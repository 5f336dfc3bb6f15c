"""Queries of the service's own exceptions to the country's calendar of working days."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.store.database import Tx
from callengine.store.prepared import Prepared
from callengine.store.tables import calendar_days
from callengine.tickets.calendar import LocalDay

Conn = AsyncConnection

_BETWEEN = Prepared(
    select(calendar_days)
    .where(calendar_days.c.day >= bindparam("first"), calendar_days.c.day <= bindparam("last"))
    .order_by(calendar_days.c.day)
)


async def days(conn: Conn, first: date, last: date) -> dict[date, LocalDay]:
    """The exceptions from the first day to the last, both included."""
    rows = await _BETWEEN.rows(conn, first=first.isoformat(), last=last.isoformat())
    return {date.fromisoformat(row.day): LocalDay(row.working, row.name, row.author) for row in rows}


async def put(tx: Tx, day: date, it: LocalDay) -> None:
    dialect: Any = postgresql if tx.is_postgres else sqlite
    values = {"working": it.working, "name": it.name, "author": it.author}
    query = dialect.insert(calendar_days).values(day=day.isoformat(), **values)
    await tx.conn.execute(query.on_conflict_do_update(index_elements=[calendar_days.c.day], set_=values))


async def drop(tx: Tx, day: date) -> bool:
    query = delete(calendar_days).where(calendar_days.c.day == day.isoformat())
    return bool((await tx.conn.execute(query)).rowcount)
