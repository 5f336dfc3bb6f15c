"""Queries of saved filters; a deleted one stays, so that the deletion can be undone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.store.database import Tx
from callengine.store.tables import saved_filters
from callengine.tickets.listing import SavedFilter

c = saved_filters.c


def _filter_of(row: Row[Any]) -> SavedFilter:
    return SavedFilter(row.id, row.staff_id, row.name, dict(row.filter), tuple(row.columns), row.position)


async def all_for(conn: AsyncConnection, staff_id: int | None) -> list[SavedFilter]:
    """Everybody's first, then one's own; without those that were deleted."""
    own: ColumnElement[bool] = c.staff_id.is_(None)
    if staff_id is not None:
        own = or_(own, c.staff_id == staff_id)
    query = select(saved_filters).where(own, c.removed_at.is_(None))
    rows = await conn.execute(query.order_by(c.staff_id.is_not(None), c.position, c.id))
    return [_filter_of(row) for row in rows]


async def get(conn: AsyncConnection, id: int) -> SavedFilter | None:
    """Also a deleted one."""
    row = (await conn.execute(select(saved_filters).where(c.id == id))).one_or_none()
    return _filter_of(row) if row else None


async def how_many(conn: AsyncConnection, staff_id: int | None) -> int:
    own = c.staff_id.is_(None) if staff_id is None else c.staff_id == staff_id
    query = select(func.count()).select_from(saved_filters).where(own, c.removed_at.is_(None))
    return int((await conn.execute(query)).scalar_one())


async def add(tx: Tx, values: Mapping[str, Any]) -> int:
    return int((await tx.conn.execute(insert(saved_filters).values(**values).returning(c.id))).scalar_one())


async def change(tx: Tx, id: int, values: Mapping[str, Any]) -> None:
    await tx.conn.execute(update(saved_filters).where(c.id == id).values(**values))


async def set_removed(tx: Tx, id: int, at: datetime | None) -> None:
    await tx.conn.execute(update(saved_filters).where(c.id == id).values(removed_at=at))
