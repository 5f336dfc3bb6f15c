"""Queries on timers: set, cancel, claim with a lease and a fence, finish, and the nearest moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.store.database import Tx
from callengine.store.prepared import Prepared
from callengine.store.tables import timers
from callengine.timers.model import Timer, TimerSet

CHANNEL = "callengine_timers"


def _upsert(dialect: Any) -> Any:
    made = dialect.insert(timers).values(
        kind=bindparam("kind"), subject=bindparam("subject"), due_at=bindparam("due_at")
    )
    return made.on_conflict_do_update(
        index_elements=["kind", "subject"],
        # The fence moves on: an owner that works on the old promise does not delete the new one.
        set_={
            "due_at": made.excluded.due_at,
            "lease_until": None,
            "tries": 0,
            "fence": timers.c.fence + 1,
        },
    )


_UPSERT = Prepared(_upsert)


async def set_timer(tx: Tx, kind: str, subject: str, due_at: datetime) -> None:
    """Promise to call the owner of `kind` at `due_at`; one promise per kind and subject, the newest holds."""
    await _UPSERT.rows(tx.conn, kind=kind, subject=subject, due_at=due_at)
    if tx.is_postgres and not any(isinstance(fact, TimerSet) for fact in tx.told):
        # Sent at the commit, and once however many timers were set: wakes the workers of the other machines.
        await tx.conn.execute(text(f"NOTIFY {CHANNEL}"))
    await tx.tell(TimerSet(due_at))


_cancel = delete(timers).where(timers.c.kind == bindparam("k"), timers.c.subject == bindparam("s"))


async def cancel_timer(tx: Tx, kind: str, subject: str) -> None:
    """Take the promise back; nothing happens when there is none."""
    await tx.conn.execute(_cancel, {"k": kind, "s": subject})


async def claim_due(tx: Tx, now: datetime, *, lease_seconds: float, limit: int) -> list[Timer]:
    """Claim what is due and not leased by somebody who still lives; the earliest first."""
    due = (
        select(timers.c.id)
        .where(
            or_(
                and_(timers.c.lease_until.is_(None), timers.c.due_at <= now),
                and_(timers.c.lease_until.is_not(None), timers.c.lease_until <= now),
            )
        )
        .order_by(timers.c.due_at)
        .limit(limit)
    )
    if tx.is_postgres:
        due = due.with_for_update(skip_locked=True)
    claimed = (
        update(timers)
        .where(timers.c.id.in_(due.scalar_subquery()))
        .values(
            lease_until=now + timedelta(seconds=lease_seconds),
            fence=timers.c.fence + 1,
            tries=timers.c.tries + 1,
        )
        .returning(timers.c.id, timers.c.kind, timers.c.subject, timers.c.due_at, timers.c.fence, timers.c.tries)
    )
    rows = (await tx.conn.execute(claimed)).all()
    return sorted((Timer(*row) for row in rows), key=lambda timer: timer.due_at)


async def finish(tx: Tx, done: Sequence[Timer], failed: Sequence[tuple[Timer, datetime]]) -> None:
    """Delete what its owner did, and put off what he failed at; only where our claim still holds."""
    if done:
        statement = delete(timers).where(timers.c.id == bindparam("i"), timers.c.fence == bindparam("f"))
        await tx.conn.execute(statement, [{"i": timer.id, "f": timer.fence} for timer in done])
    if failed:
        again = (
            update(timers)
            .where(timers.c.id == bindparam("i"), timers.c.fence == bindparam("f"))
            .values(lease_until=bindparam("u", type_=timers.c.lease_until.type))
        )
        await tx.conn.execute(again, [{"i": timer.id, "f": timer.fence, "u": at} for timer, at in failed])


async def free_all(tx: Tx) -> None:
    """Let go of every lease: only for the one engine of a database, at its start."""
    await tx.conn.execute(update(timers).where(timers.c.lease_until.is_not(None)).values(lease_until=None))


async def nearest(conn: AsyncConnection) -> datetime | None:
    """When the next timer can be claimed; None when there is none. Two looks at an index, however many rows."""
    waiting = select(func.min(timers.c.due_at)).where(timers.c.lease_until.is_(None)).scalar_subquery()
    leased = select(func.min(timers.c.lease_until)).where(timers.c.lease_until.is_not(None)).scalar_subquery()
    row = (await conn.execute(select(waiting, leased))).one()
    return min((at for at in row if at is not None), default=None)


async def pending(conn: AsyncConnection) -> dict[str, int]:
    """How many timers of each kind wait, for the figures."""
    counted = select(timers.c.kind, func.count()).group_by(timers.c.kind)
    return {kind: count for kind, count in (await conn.execute(counted)).all()}
