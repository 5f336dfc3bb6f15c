"""Queries of exports: a line each, claimed by a lease, so that one engine writes it and a dead one's is found."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.store.database import Tx
from callengine.store.tables import exports

c = exports.c
QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
GOING = (QUEUED, RUNNING)
UNFINISHED = "?"  # no name of a file


@dataclass(frozen=True, slots=True)
class Export:
    """One export as it stands; `asked` has the filter, the order, the scope and the language."""

    id: int
    staff_id: int | None
    who: str
    asked: dict[str, Any]
    columns: tuple[str, ...]
    state: str
    rows_done: int
    rows_total: int
    path: str
    problem: str
    created_at: datetime
    finished_at: datetime | None
    delete_after: datetime | None
    tries: int


def _export_of(row: Row[Any]) -> Export:
    return Export(
        row.id,
        row.staff_id,
        row.who,
        row.filter,
        tuple(row.columns),
        row.state,
        row.rows_done,
        row.rows_total,
        row.path,
        row.problem,
        row.created_at,
        row.finished_at,
        row.delete_after,
        row.tries,
    )


async def get(conn: AsyncConnection, id: int) -> Export | None:
    row = (await conn.execute(select(exports).where(c.id == id))).one_or_none()
    return _export_of(row) if row else None


async def newest_of(conn: AsyncConnection, who: str, staff_id: int | None, limit: int) -> list[Export]:
    """One's own, the newest first."""
    own = c.staff_id == staff_id if staff_id is not None else and_(c.staff_id.is_(None), c.who == who)
    query = select(exports).where(own).order_by(c.id.desc()).limit(limit)
    return [_export_of(row) for row in await conn.execute(query)]


async def going_of(conn: AsyncConnection, who: str, staff_id: int | None) -> int:
    own = c.staff_id == staff_id if staff_id is not None else and_(c.staff_id.is_(None), c.who == who)
    query = select(func.count()).select_from(exports).where(own, c.state.in_(GOING))
    return int((await conn.execute(query)).scalar_one())


async def add(tx: Tx, values: Mapping[str, Any]) -> int:
    return int((await tx.conn.execute(insert(exports).values(**values).returning(c.id))).scalar_one())


async def claim(tx: Tx, now: datetime, until: datetime) -> Export | None:
    """The oldest that waits, or whose engine died; it is ours until the lease ends."""
    free = or_(c.state == QUEUED, and_(c.state == RUNNING, or_(c.lease_until.is_(None), c.lease_until < now)))
    query = select(exports).where(free).order_by(c.id).limit(1).with_for_update(skip_locked=True)
    row = (await tx.conn.execute(query)).one_or_none()
    if row is None:
        return None
    taken = {"state": RUNNING, "lease_until": until, "tries": row.tries + 1, "rows_done": 0}
    await tx.conn.execute(update(exports).where(c.id == row.id).values(**taken))
    return _export_of(row)


async def change(tx: Tx, id: int, values: Mapping[str, Any]) -> bool:
    """Only while it runs or waits; False when somebody ended it meanwhile."""
    query = update(exports).where(c.id == id, c.state.in_(GOING)).values(**values)
    return bool((await tx.conn.execute(query)).rowcount)


async def overdue_files(conn: AsyncConnection, now: datetime) -> list[Export]:
    """Whose files are to be deleted."""
    query = select(exports).where(c.path != "", c.delete_after.is_not(None), c.delete_after <= now)
    return [_export_of(row) for row in await conn.execute(query)]


async def kept_files(conn: AsyncConnection, ids: Collection[int]) -> dict[int, str]:
    """The file that each export has ("" is none), UNFINISHED while it waits or is written."""
    if not ids:
        return {}
    query = select(c.id, c.state, c.path).where(c.id.in_(ids))
    return {row.id: UNFINISHED if row.state in GOING else row.path for row in await conn.execute(query)}


async def forget_file(tx: Tx, id: int) -> None:
    await tx.conn.execute(update(exports).where(c.id == id).values(path=""))


async def free_all(tx: Tx) -> None:
    """What runs is nobody's: the engine that wrote it is gone."""
    await tx.conn.execute(update(exports).where(c.state == RUNNING).values(lease_until=None))
