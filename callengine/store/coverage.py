"""Queries on coverage: the stretches in which each PBX was seen."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.calls.intervals import EVENTS, LEDGER, Interval
from callengine.store.database import Tx
from callengine.store.tables import coverage

_OPEN = (coverage.c.source == EVENTS, coverage.c.ended_at.is_(None))


async def open_interval(tx: Tx, pbx: str, at: datetime) -> None:
    await tx.conn.execute(coverage.insert().values(pbx=pbx, source=EVENTS, began_at=at, seen_at=at))


async def is_open(conn: AsyncConnection, pbx: str) -> bool:
    query = select(coverage.c.id).where(coverage.c.pbx == pbx, *_OPEN).limit(1)
    return (await conn.execute(query)).first() is not None


async def seen(tx: Tx, pbx: str, at: datetime) -> None:
    await tx.conn.execute(
        update(coverage).where(coverage.c.pbx == pbx, *_OPEN, coverage.c.seen_at < at).values(seen_at=at)
    )


async def close(tx: Tx, pbx: str, at: datetime) -> None:
    """The link went down: the last sign of life is the end, or `at` where that is later."""
    await seen(tx, pbx, at)
    await close_at_seen(tx, pbx)


async def close_at_seen(tx: Tx, pbx: str) -> None:
    await tx.conn.execute(update(coverage).where(coverage.c.pbx == pbx, *_OPEN).values(ended_at=coverage.c.seen_at))


async def last_seen(conn: AsyncConnection, pbx: str) -> datetime | None:
    query = select(func.max(coverage.c.seen_at)).where(coverage.c.pbx == pbx, coverage.c.source == EVENTS)
    found: datetime | None = (await conn.execute(query)).scalar_one_or_none()
    return found


async def add_recovered(tx: Tx, pbx: str, began_at: datetime, ended_at: datetime) -> None:
    same = select(coverage.c.id).where(
        coverage.c.pbx == pbx,
        coverage.c.source == LEDGER,
        coverage.c.began_at <= began_at,
        coverage.c.ended_at >= ended_at,
    )
    if (await tx.conn.execute(same.limit(1))).first() is None:
        await tx.conn.execute(
            coverage.insert().values(pbx=pbx, source=LEDGER, began_at=began_at, seen_at=ended_at, ended_at=ended_at)
        )


async def intervals(conn: AsyncConnection, since: datetime, until: datetime) -> list[Interval]:
    """All that touch [since, until), oldest first, uncut."""
    query = (
        select(coverage)
        .where(coverage.c.began_at < until, or_(coverage.c.ended_at.is_(None), coverage.c.ended_at > since))
        .order_by(coverage.c.began_at, coverage.c.id)
    )
    return [Interval(row.pbx, row.source, row.began_at, row.ended_at, row.seen_at) for row in await conn.execute(query)]
