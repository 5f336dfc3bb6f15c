"""Queries on what a machine heard in recordings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.recordings.model import MachineText
from callengine.store.database import Tx
from callengine.store.tables import outreach_attempts, outreach_calls, transcripts

WAITING = "waiting"


async def await_one(tx: Tx, recording_id: int, language: str, now: datetime) -> bool:
    """A new row that waits; False when the recording has one already."""
    dialect = postgresql.insert if tx.is_postgres else sqlite.insert
    row = dialect(transcripts).values(recording_id=recording_id, state=WAITING, language=language, created_at=now)
    made = await tx.conn.execute(row.on_conflict_do_nothing().returning(transcripts.c.recording_id))
    return made.scalar_one_or_none() is not None


async def language_of(tx: Tx, comment: str) -> str | None:
    """In what language the robot asked for this comment (its name as the dialogue gave it)."""
    query = select(outreach_calls.c.language).join(
        outreach_attempts, outreach_attempts.c.outreach_call_id == outreach_calls.c.id
    )
    return (await tx.conn.execute(query.where(outreach_attempts.c.comment == comment).limit(1))).scalar_one_or_none()


async def oldest_waiting(conn: AsyncConnection, after: datetime | None = None) -> MachineText | None:
    query = select(transcripts).where(transcripts.c.state == WAITING)
    if after is not None:
        query = query.where(transcripts.c.created_at > after)
    row = (await conn.execute(query.order_by(transcripts.c.created_at, transcripts.c.recording_id).limit(1))).first()
    return MachineText(**row._mapping) if row else None


async def waiting(conn: AsyncConnection) -> int:
    query = select(func.count()).select_from(transcripts).where(transcripts.c.state == WAITING)
    return int((await conn.execute(query)).scalar_one())


async def get(conn: AsyncConnection, recording_id: int) -> MachineText | None:
    row = (await conn.execute(select(transcripts).where(transcripts.c.recording_id == recording_id))).first()
    return MachineText(**row._mapping) if row else None


async def change(tx: Tx, recording_id: int, **values: Any) -> bool:
    """Settle one that waits; False when it waits no longer (another engine was quicker, or it was deleted)."""
    query = update(transcripts).where(transcripts.c.recording_id == recording_id, transcripts.c.state == WAITING)
    return bool((await tx.conn.execute(query.values(**values))).rowcount)


async def forget(tx: Tx, recording_id: int) -> None:
    """The words go with the sound."""
    await tx.conn.execute(delete(transcripts).where(transcripts.c.recording_id == recording_id))
