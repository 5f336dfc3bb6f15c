"""Queries that look across rooms for one screen: what hangs on a page of calls, and the figures of the board."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.calls.model import CallKey
from callengine.store.tables import calls, duties, duty_calls, recordings, staff, staff_states, timers

OWED = ("open", "claimed", "attempted")
WAITING = ("menu", "queued", "offered")


@dataclass(frozen=True, slots=True)
class DutyOfCall:
    id: int
    state: str
    due_at: datetime
    legal_due_at: datetime


@dataclass(frozen=True, slots=True)
class BoardFigures:
    waiting: int
    longest_wait_since: datetime | None
    ready: int
    signed_in: int
    duties: int
    nearest_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What /metrics tells."""

    calls: dict[tuple[str, str], int]
    live: int
    duties: int
    nearest_due_at: datetime | None
    recordings: dict[str, int]
    timers_due: int


@dataclass(frozen=True, slots=True)
class ShiftFigures:
    calls: int
    talk_seconds: float
    callbacks: int
    callbacks_in_time: int
    tickets: int = 0


async def call_ids(conn: AsyncConnection, keys: Collection[CallKey]) -> dict[CallKey, int]:
    """The ids of stored calls; a key that is not stored is left out."""
    found: dict[CallKey, int] = {}
    for pbx in {key.pbx for key in keys}:
        linkedids = [key.linkedid for key in keys if key.pbx == pbx]
        query = select(calls.c.id, calls.c.linkedid).where(calls.c.pbx == pbx, calls.c.linkedid.in_(linkedids))
        found |= {CallKey(pbx, linkedid): call_id for call_id, linkedid in await conn.execute(query)}
    return found


async def duties_of_calls(conn: AsyncConnection, call_ids: Sequence[int]) -> dict[int, DutyOfCall]:
    """The newest duty that each call is part of."""
    query = (
        select(duty_calls.c.call_id, duties.c.id, duties.c.state, duties.c.due_at, duties.c.legal_due_at)
        .join(duties, duties.c.id == duty_calls.c.duty_id)
        .where(duty_calls.c.call_id.in_(call_ids))
        .order_by(duties.c.id)
    )
    return {
        row.call_id: DutyOfCall(row.id, row.state, row.due_at, row.legal_due_at) for row in await conn.execute(query)
    }


async def names_by_extension(conn: AsyncConnection, extensions: Collection[str]) -> dict[str, str]:
    query = select(staff.c.extension, staff.c.name).where(staff.c.extension.in_(set(extensions)))
    return {row.extension: row.name for row in await conn.execute(query)}


async def names_of_staff(conn: AsyncConnection, ids: Collection[int]) -> dict[int, str]:
    query = select(staff.c.id, staff.c.name).where(staff.c.id.in_(set(ids)))
    return {row.id: row.name for row in await conn.execute(query)}


async def board(conn: AsyncConnection) -> BoardFigures:
    waiting = select(func.count(), func.min(calls.c.arrived_at)).where(
        calls.c.ended_at.is_(None), calls.c.direction == "inbound", calls.c.state.in_(WAITING)
    )
    count, since = (await conn.execute(waiting)).one()
    states = (
        select(staff_states.c.state, func.count())
        .join(staff, staff.c.id == staff_states.c.staff_id)
        .where(staff_states.c.ended_at.is_(None), staff_states.c.state != "offline", staff.c.extension.is_not(None))
        .group_by(staff_states.c.state)
    )
    by_state = {state: number for state, number in (await conn.execute(states)).all()}
    owed, nearest = await _owed(conn)
    return BoardFigures(count, since, by_state.get("ready", 0), sum(by_state.values()), owed, nearest)


async def _owed(conn: AsyncConnection) -> tuple[int, datetime | None]:
    query = select(func.count(), func.min(duties.c.due_at)).where(duties.c.state.in_(OWED))
    row = (await conn.execute(query)).one()
    return row[0], row[1]


async def shift(conn: AsyncConnection, staff_id: int | None, extension: str, since: datetime) -> ShiftFigures:
    own = select(func.count(), func.coalesce(func.sum(calls.c.talk_seconds), 0.0)).where(
        calls.c.operator == extension, calls.c.answered_at >= since
    )
    count, talked = (await conn.execute(own)).one() if extension else (0, 0.0)
    settled = select(func.count(), func.count().filter(duties.c.settled_at <= duties.c.legal_due_at)).where(
        duties.c.settled_by == staff_id, duties.c.settled_at >= since, duties.c.state == "reached"
    )
    callbacks, in_time = (await conn.execute(settled)).one()
    return ShiftFigures(count, float(talked), callbacks, in_time)


async def shift_began(conn: AsyncConnection, staff_id: int) -> datetime | None:
    """When the present shift began: the first state since the person was last offline."""
    gone = select(func.max(staff_states.c.ended_at)).where(
        staff_states.c.staff_id == staff_id, staff_states.c.state == "offline"
    )
    last_offline = (await conn.execute(gone)).scalar_one()
    query = select(func.min(staff_states.c.began_at)).where(
        staff_states.c.staff_id == staff_id,
        staff_states.c.state != "offline",
        *([staff_states.c.began_at >= last_offline] if last_offline else []),
    )
    began: datetime | None = (await conn.execute(query)).scalar_one()
    return began


async def figures(conn: AsyncConnection, now: datetime) -> Figures:
    ended = (
        select(calls.c.direction, calls.c.outcome, func.count())
        .where(calls.c.outcome.is_not(None))
        .group_by(calls.c.direction, calls.c.outcome)
    )
    by_outcome = {(direction, outcome): count for direction, outcome, count in (await conn.execute(ended)).all()}
    live = (await conn.execute(select(func.count()).where(calls.c.ended_at.is_(None)))).scalar_one()
    owed, nearest = await _owed(conn)
    kept = select(recordings.c.state, func.count()).group_by(recordings.c.state)
    by_state = {state: count for state, count in (await conn.execute(kept)).all()}
    leased = and_(timers.c.lease_until.is_not(None), timers.c.lease_until > now)
    due = select(func.count()).where(timers.c.due_at <= now, or_(timers.c.lease_until.is_(None), ~leased))
    return Figures(by_outcome, live, owed, nearest, by_state, (await conn.execute(due)).scalar_one())
