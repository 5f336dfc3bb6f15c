"""Queries on the marks of recordings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.store.database import Tx
from callengine.store.tables import recording_marks


async def of_recording(conn: AsyncConnection, recording_id: int) -> Sequence[Any]:
    """Rows that stand, by their moment."""
    query = select(recording_marks).where(
        recording_marks.c.recording_id == recording_id, recording_marks.c.removed_at.is_(None)
    )
    return (await conn.execute(query.order_by(recording_marks.c.at_seconds, recording_marks.c.id))).all()


async def add(tx: Tx, **values: Any) -> int:
    return int(
        (await tx.conn.execute(insert(recording_marks).values(**values).returning(recording_marks.c.id))).scalar_one()
    )


async def set_removed(tx: Tx, recording_id: int, mark_id: int, removed_at: datetime | None) -> bool:
    """False when the recording has no such mark."""
    where = (recording_marks.c.id == mark_id) & (recording_marks.c.recording_id == recording_id)
    done = await tx.conn.execute(update(recording_marks).where(where).values(removed_at=removed_at))
    return bool(done.rowcount)
