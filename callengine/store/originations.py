"""Queries on originations: one row per wish to call, and moves that only ever go forward."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.calls.model import CallKey
from callengine.calls.origination import REACHED_FROM, Origination, OriginationState
from callengine.store.database import Tx
from callengine.store.tables import calls, originations

_UNSETTLED = [state.value for state in OriginationState if state.unsettled]
_OPEN = [*_UNSETTLED, OriginationState.ACCEPTED.value]


async def insert(tx: Tx, origination: Origination) -> bool:
    """False when this request has its row already."""
    made = postgresql.insert(originations) if tx.is_postgres else sqlite.insert(originations)
    values = {
        "id": origination.id,
        "pbx": origination.pbx,
        "staff_id": origination.staff_id,
        "extension": origination.extension,
        "number": origination.number,
        "duty_id": origination.duty_id,
        "state": origination.state.value,
        "reason": origination.reason,
        "created_at": origination.created_at,
    }
    done = await tx.conn.execute(made.values(values).on_conflict_do_nothing(index_elements=["id"]))
    return bool(done.rowcount)


async def get(conn: AsyncConnection, request_id: str) -> Origination | None:
    row = (await conn.execute(select(originations).where(originations.c.id == request_id))).first()
    return None if row is None else _origination(row)


async def move(
    tx: Tx, request_id: str, state: OriginationState, *, reason: str = "", call_id: int | None = None
) -> Origination | None:
    """Take the row to `state`; None when it cannot go there from where it is."""
    changes: dict[str, Any] = {"state": state.value}
    if reason:
        changes["reason"] = reason
    if call_id is not None:
        changes["call_id"] = call_id
    before = [s.value for s in REACHED_FROM[state]]
    where = (originations.c.id == request_id) & originations.c.state.in_(before)
    row = (await tx.conn.execute(update(originations).where(where).values(changes).returning(originations))).first()
    return None if row is None else _origination(row)


async def unsettled_from(conn: AsyncConnection, pbx: str, extension: str) -> list[Origination]:
    """What may still be, or become, a call from this phone."""
    where = (originations.c.pbx == pbx) & (originations.c.extension == extension)
    rows = await conn.execute(select(originations).where(where & originations.c.state.in_(_UNSETTLED)))
    return [_origination(row) for row in rows]


async def open_on(conn: AsyncConnection, pbx: str) -> list[Origination]:
    """What was asked of this PBX and is neither refused nor seen yet, the oldest first."""
    where = (originations.c.pbx == pbx) & originations.c.state.in_(_OPEN)
    rows = await conn.execute(select(originations).where(where).order_by(originations.c.created_at))
    return [_origination(row) for row in rows]


async def call_id(conn: AsyncConnection, key: CallKey) -> int | None:
    where = (calls.c.pbx == key.pbx) & (calls.c.linkedid == key.linkedid)
    found: int | None = (await conn.execute(select(calls.c.id).where(where))).scalar()
    return found


def _origination(row: Row[Any]) -> Origination:
    return Origination(
        id=row.id,
        pbx=row.pbx,
        extension=row.extension,
        number=row.number,
        state=OriginationState(row.state),
        created_at=row.created_at,
        staff_id=row.staff_id,
        duty_id=row.duty_id,
        call_id=row.call_id,
        reason=row.reason,
    )
