"""Queries on timers: set, cancel, claim with a lease and a fence, finish, and the nearest moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, and_, bindparam, delete, func, or_, select, text, update
from sqlalchemy.dialects import postgresql
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
    await _UPSERT.changed(tx.conn, kind=kind, subject=subject, due_at=due_at)
    if tx.is_postgres and not any(isinstance(fact, TimerSet) for fact in tx.told):
        # Sent at the commit, and once however many timers were set: wakes the workers of the other machines.
        await tx.conn.execute(text(f"NOTIFY {CHANNEL}"))
    await tx.tell(TimerSet(due_at))


_CANCEL = Prepared(delete(timers).where(timers.c.kind == bindparam("k"), timers.c.subject == bindparam("s")))


async def cancel_timer(tx: Tx, kind: str, subject: str) -> None:
    """Take the promise back; nothing happens when there is none."""
    await _CANCEL.changed(tx.conn, k=kind, s=subject)


def _claim(dialect: Any) -> Any:
    c = timers.c
    now = bindparam("now", type_=c.due_at.type)
    free = or_(and_(c.lease_until.is_(None), c.due_at <= now), and_(c.lease_until.is_not(None), c.lease_until <= now))
    due = select(c.id).where(free).order_by(c.due_at).limit(bindparam("most", type_=Integer))
    if dialect is postgresql:
        due = due.with_for_update(skip_locked=True)
    lease = bindparam("until", type_=c.lease_until.type)
    claimed = update(timers).where(c.id.in_(due.scalar_subquery()))
    return claimed.values(lease_until=lease, fence=c.fence + 1, tries=c.tries + 1).returning(
        c.id, c.kind, c.subject, c.due_at, c.fence, c.tries
    )


_CLAIM = Prepared(_claim)


async def claim_due(tx: Tx, now: datetime, *, lease_seconds: float, limit: int) -> list[Timer]:
    """Claim what is due and not leased by somebody who still lives; the earliest first."""
    rows = await _CLAIM.rows(tx.conn, now=now, until=now + timedelta(seconds=lease_seconds), most=limit)
    return sorted((Timer(*row) for row in rows), key=lambda timer: timer.due_at)


_OURS = (timers.c.id == bindparam("i"), timers.c.fence == bindparam("f"))
_DONE = Prepared(delete(timers).where(*_OURS))
_AGAIN = Prepared(update(timers).where(*_OURS).values(lease_until=bindparam("u", type_=timers.c.lease_until.type)))


async def finish(tx: Tx, done: Sequence[Timer], failed: Sequence[tuple[Timer, datetime]]) -> None:
    """Delete what its owner did, and put off what he failed at; only where our claim still holds."""
    if done:
        await _DONE.many(tx.conn, [{"i": timer.id, "f": timer.fence} for timer in done])
    if failed:
        await _AGAIN.many(tx.conn, [{"i": timer.id, "f": timer.fence, "u": at} for timer, at in failed])


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
