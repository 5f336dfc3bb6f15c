"""Queries of how often an outside number was called and answered."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import case, false, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.calls.model import Direction, Outcome
from callengine.calls.reach_model import Reach
from callengine.store.tables import calls

_c = calls.c


async def by_number(
    conn: AsyncConnection, numbers: Collection[str], since: datetime, until: datetime
) -> dict[str, Reach]:
    """Of each number (E.164 or short) that was called by a person from `since` to before `until`: settled calls.

    A conversation is one row of calls, so a transfer in it counts nothing twice. ix_calls_number bears it.
    """
    answered = case((_c.outcome == Outcome.ANSWERED, 1), else_=0)
    query = (
        select(
            _c.number,
            func.count().label("attempted"),
            func.sum(answered).label("answered"),
            func.max(_c.arrived_at).label("last_at"),
            func.max(case((_c.outcome == Outcome.ANSWERED, _c.arrived_at))).label("last_answered_at"),
        )
        .where(
            _c.number.in_(set(numbers)),
            _c.arrived_at >= since,
            _c.arrived_at < until,
            _c.direction == Direction.OUTBOUND,
            _c.robot == false(),
            _c.ended_at.is_not(None),
        )
        .group_by(_c.number)
    )
    rows = (await conn.execute(query)).all()
    return {row.number: Reach(row.attempted, int(row.answered), row.last_at, row.last_answered_at) for row in rows}
