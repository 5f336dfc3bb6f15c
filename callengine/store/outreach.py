"""Queries on the robot's calls and their attempts: who is next, what is under way, what became of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.outreach.model import REACHED_FROM, AttemptState, CallState, OutreachAttempt, OutreachCall
from callengine.store.database import Tx
from callengine.store.tables import UNSETTLED, WAITING, outreach_attempts, outreach_calls, tickets

c, a = outreach_calls.c, outreach_attempts.c
CALL_FIELDS = tuple(OutreachCall.__dataclass_fields__)
ATTEMPT_FIELDS = tuple(OutreachAttempt.__dataclass_fields__)
OPEN_STATES = [state.value for state in CallState if state.open]
ROWS = 1000


def call_of(row: Row[Any]) -> OutreachCall:
    values = {name: getattr(row, name) for name in CALL_FIELDS}
    return OutreachCall(**values | {"state": CallState(row.state)})


def attempt_of(row: Row[Any]) -> OutreachAttempt:
    values = {name: getattr(row, name) for name in ATTEMPT_FIELDS}
    return OutreachAttempt(**values | {"state": AttemptState(row.state)})


# --- calls to make --------------------------------------------------------------------------------------------


async def add_calls(tx: Tx, calls: Iterable[Mapping[str, Any]]) -> int:
    """Write calls; one whose key is there already is left as it stands. Gives how many are new."""
    made = postgresql.insert(outreach_calls) if tx.is_postgres else sqlite.insert(outreach_calls)
    values, added = list(calls), 0
    for first in range(0, len(values), ROWS):
        some = made.values([dict(one) for one in values[first : first + ROWS]])
        added += (await tx.conn.execute(some.on_conflict_do_nothing(index_elements=["key"]))).rowcount
    return added


async def add_call(tx: Tx, values: Mapping[str, Any]) -> OutreachCall | None:
    """The new call, or None when its key is there already."""
    made = postgresql.insert(outreach_calls) if tx.is_postgres else sqlite.insert(outreach_calls)
    one = made.values(dict(values)).on_conflict_do_nothing(index_elements=["key"]).returning(outreach_calls)
    row = (await tx.conn.execute(one)).one_or_none()
    return call_of(row) if row else None


async def call(conn: AsyncConnection, call_id: int) -> OutreachCall | None:
    row = (await conn.execute(select(outreach_calls).where(c.id == call_id))).one_or_none()
    return call_of(row) if row else None


async def call_by_key(conn: AsyncConnection, key: str) -> OutreachCall | None:
    row = (await conn.execute(select(outreach_calls).where(c.key == key))).one_or_none()
    return call_of(row) if row else None


async def locked_call(tx: Tx, call_id: int) -> OutreachCall:
    return call_of((await tx.conn.execute(select(outreach_calls).where(c.id == call_id).with_for_update())).one())


_save_call = update(outreach_calls).where(c.id == bindparam("call_id"))


async def save_call(tx: Tx, call_id: int, **changes: Any) -> OutreachCall:
    query = update(outreach_calls).where(c.id == call_id).values(**changes).returning(outreach_calls)
    return call_of((await tx.conn.execute(query)).one())


async def open_of_ticket(tx: Tx, ticket_id: int) -> list[OutreachCall]:
    """The calls about a ticket that are still to be made or under way."""
    query = select(outreach_calls).where(c.ticket_id == ticket_id, c.state.in_(OPEN_STATES)).with_for_update()
    return [call_of(row) for row in (await tx.conn.execute(query.order_by(c.id))).all()]


async def calls_of_ticket(conn: AsyncConnection, ticket_id: int) -> list[OutreachCall]:
    query = select(outreach_calls).where(c.ticket_id == ticket_id).order_by(c.id)
    return [call_of(row) for row in (await conn.execute(query)).all()]


# --- who is next ----------------------------------------------------------------------------------------------

# The state stands in the text: an index of one state alone is found by nothing else.
_next = (
    select(outreach_calls)
    .where(WAITING, c.campaign_id == bindparam("campaign"), c.zone == bindparam("zone"), c.due_at <= bindparam("now"))
    .order_by(c.due_at, c.id)
    .limit(bindparam("most"))
)
_next_skipping = _next.with_for_update(skip_locked=True)


async def next_waiting(tx: Tx, campaign_id: int, zone: str, now: datetime, most: int) -> list[OutreachCall]:
    """The earliest that are due, locked; on PostgreSQL those that another engine looks at are left out."""
    values = {"campaign": campaign_id, "zone": zone, "now": now, "most": most}
    rows = await tx.conn.execute(_next_skipping if tx.is_postgres else _next, values)
    return [call_of(row) for row in rows.all()]


_nearest = (
    select(c.due_at)
    .where(WAITING, c.campaign_id == bindparam("campaign"), c.zone == bindparam("zone"))
    .order_by(c.due_at, c.id)
    .limit(1)
)


async def nearest(conn: AsyncConnection, campaign_id: int, zone: str) -> datetime | None:
    """When the earliest of a campaign's calls in a zone is due; None when none waits there."""
    found: datetime | None = (
        await conn.execute(_nearest, {"campaign": campaign_id, "zone": zone})
    ).scalar_one_or_none()
    return found


async def anything_open(conn: AsyncConnection, campaign_id: int, zones: Collection[str]) -> bool:
    """Whether a campaign has calls to make or under way."""
    under_way = select(exists().where(UNSETTLED, a.campaign_id == campaign_id))
    if (await conn.execute(under_way)).scalar_one():
        return True
    return any([await nearest(conn, campaign_id, zone) is not None for zone in zones])


@dataclass(frozen=True, slots=True)
class Called:
    """When the robot last called a number about one of its calls."""

    number: str
    call_id: int
    at: datetime


_last = (
    select(a.number, a.outreach_call_id, func.max(a.planned_at))
    .where(a.number.in_(bindparam("numbers", expanding=True)), a.planned_at > bindparam("since"))
    .where(a.result != "not_placed")
    .group_by(a.number, a.outreach_call_id)
)


async def called_since(conn: AsyncConnection, numbers: Collection[str], since: datetime) -> list[Called]:
    """The robot's calls to these numbers after the moment."""
    if not numbers:
        return []
    rows = await conn.execute(_last, {"numbers": sorted(numbers), "since": since})
    return [Called(*row) for row in rows.all()]


async def awaiting_mark(conn: AsyncConnection, ticket_ids: Collection[int]) -> set[int]:
    """Of these tickets those whose client is still asked for his mark."""
    t = tickets.c
    query = select(t.id).where(t.id.in_(sorted(ticket_ids)), t.status == "awaiting_client", t.marked_at.is_(None))
    return set((await conn.execute(query)).scalars())


# --- attempts ---------------------------------------------------------------------------------------------------


async def plan(tx: Tx, attempt: OutreachAttempt) -> bool:
    """False when this call, or this number, has an attempt under way already: the database's own word."""
    values = {name: getattr(attempt, name) for name in ATTEMPT_FIELDS} | {"state": attempt.state.value}
    made = postgresql.insert(outreach_attempts) if tx.is_postgres else sqlite.insert(outreach_attempts)
    return bool((await tx.conn.execute(made.values(values).on_conflict_do_nothing())).rowcount)


async def attempt(conn: AsyncConnection, request_id: str) -> OutreachAttempt | None:
    row = (await conn.execute(select(outreach_attempts).where(a.id == request_id))).one_or_none()
    return attempt_of(row) if row else None


async def locked_attempt(tx: Tx, request_id: str) -> OutreachAttempt | None:
    query = select(outreach_attempts).where(a.id == request_id).with_for_update()
    row = (await tx.conn.execute(query)).one_or_none()
    return attempt_of(row) if row else None


async def move(tx: Tx, request_id: str, state: AttemptState, **changes: Any) -> OutreachAttempt | None:
    """Take an attempt to `state`; None when it cannot go there from where it is."""
    before = [one.value for one in REACHED_FROM[state]]
    query = update(outreach_attempts).where(a.id == request_id, a.state.in_(before))
    row = (await tx.conn.execute(query.values(state=state.value, **changes).returning(outreach_attempts))).one_or_none()
    return attempt_of(row) if row else None


async def amend(tx: Tx, request_id: str, **changes: Any) -> OutreachAttempt:
    """Write down more of an attempt, wherever it stands."""
    query = update(outreach_attempts).where(a.id == request_id).values(**changes).returning(outreach_attempts)
    return attempt_of((await tx.conn.execute(query)).one())


async def under_way(conn: AsyncConnection) -> list[OutreachAttempt]:
    """Every attempt that is not settled, the oldest first: as many as the robot has lines, and some in doubt."""
    query = select(outreach_attempts).where(UNSETTLED).order_by(a.planned_at)
    return [attempt_of(row) for row in (await conn.execute(query)).all()]


async def lapsed(conn: AsyncConnection, now: datetime) -> list[OutreachAttempt]:
    """Attempts that nobody looks after any more."""
    query = select(outreach_attempts).where(UNSETTLED, a.lease_until <= now).order_by(a.lease_until)
    return [attempt_of(row) for row in (await conn.execute(query)).all()]


async def attempts_of(conn: AsyncConnection, call_ids: Sequence[int]) -> list[OutreachAttempt]:
    """All attempts of these calls, in their order."""
    query = select(outreach_attempts).where(a.outreach_call_id.in_(call_ids)).order_by(a.planned_at, a.id)
    return [attempt_of(row) for row in (await conn.execute(query)).all()]


async def results_of(tx: Tx, call_id: int) -> list[str]:
    """The results of a call's settled attempts, the newest last."""
    query = select(a.result).where(a.outreach_call_id == call_id, a.settled_at.is_not(None))
    return list((await tx.conn.execute(query.order_by(a.planned_at, a.id))).scalars())
