"""Queries on calls: saving many snapshots with few statements, and reading them back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, bindparam, case, exists, func, or_, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.calls.model import (
    CallFilter,
    CallKey,
    CallTotals,
    Conversation,
    Direction,
    Missed,
    Offer,
    Outcome,
    State,
    StoredCall,
    Talk,
)
from callengine.clock import parse_rfc3339
from callengine.errors import Refused
from callengine.phone import stored
from callengine.store import jsons, prepared
from callengine.store.database import Tx, microseconds
from callengine.store.tables import calls, person_numbers, recordings, residences, ticket_calls, tickets

# SQLite takes 32 766 values in one statement, asyncpg 32 767; the list of keys stays far below.
KEYS_AT_ONCE = 500
_COLUMNS = tuple(c.name for c in calls.columns if c.name != "id")


def _upsert(insert: Any) -> Any:
    statement = insert(calls)
    return statement.on_conflict_do_update(
        index_elements=["pbx", "linkedid"],
        set_={name: statement.excluded[name] for name in _COLUMNS if name not in ("pbx", "linkedid")},
        # The last guard: nothing that is still going on replaces what has ended.
        where=or_(calls.c.ended_at.is_(None), statement.excluded.ended_at.is_not(None)),
    )


_UPSERT_POSTGRES = _upsert(postgresql.insert)
# SQLite gets the text and plain values: it takes a row in a fifth of the time that SQLAlchemy needs to prepare it.
_UPSERT_SQLITE = str(_upsert(sqlite.insert).compile(dialect=sqlite.dialect(), column_keys=_COLUMNS))


class Known(NamedTuple):
    """As much of a stored call as decides what may still be said of it."""

    answered: bool
    ended: bool
    source: str


_KNOWN = select(calls.c.linkedid, calls.c.answered_at, calls.c.ended_at, calls.c.source).where(
    calls.c.pbx == bindparam("pbx"), calls.c.linkedid.in_(bindparam("linkedids", expanding=True))
)
# One statement for any number of keys; written out with so many marks each number is a statement of its own.
_KNOWN_SQLITE = (
    "SELECT linkedid, answered_at, ended_at, source FROM calls "
    "WHERE pbx = ? AND linkedid IN (SELECT value FROM json_each(?))"
)


async def known(tx: Tx, keys: Iterable[CallKey]) -> dict[CallKey, Known]:
    """What the store has of these keys; on PostgreSQL their rows are locked until the end of the transaction."""
    by_pbx: dict[str, list[str]] = {}
    for key in keys:
        by_pbx.setdefault(key.pbx, []).append(key.linkedid)
    found: dict[CallKey, Known] = {}
    for pbx, linkedids in by_pbx.items():
        linkedids.sort()
        for start in range(0, len(linkedids), KEYS_AT_ONCE):
            for linkedid, answered_at, ended_at, source in await _look_up(
                tx, pbx, linkedids[start : start + KEYS_AT_ONCE]
            ):
                found[CallKey(pbx, linkedid)] = Known(answered_at is not None, ended_at is not None, source)
    return found


async def _look_up(tx: Tx, pbx: str, linkedids: list[str]) -> Iterable[Any]:
    if tx.is_postgres:
        return await tx.conn.execute(_KNOWN.with_for_update(), {"pbx": pbx, "linkedids": linkedids})
    return await prepared.run(tx.conn, _KNOWN_SQLITE, (pbx, jsons.written(linkedids)))


async def upsert_many(tx: Tx, conversations: Sequence[Conversation]) -> None:
    if not conversations:
        return
    if tx.is_postgres:
        await tx.conn.execute(_UPSERT_POSTGRES, [columns(call) for call in conversations])
    else:
        rows = [_values(call, microseconds, _json) for call in conversations]
        await prepared.run_many(tx.conn, _UPSERT_SQLITE, rows)


async def upsert(tx: Tx, call: Conversation) -> int:
    """Save one snapshot; its row id."""
    await upsert_many(tx, [call])
    row_id = await call_id(tx.conn, call.key)
    assert row_id is not None
    return row_id


_ID = select(calls.c.id).where(calls.c.pbx == bindparam("pbx"), calls.c.linkedid == bindparam("linkedid"))
_BY_KEY = select(calls).where(calls.c.pbx == bindparam("pbx"), calls.c.linkedid == bindparam("linkedid"))


async def call_id(conn: AsyncConnection, key: CallKey) -> int | None:
    found: int | None = (await conn.execute(_ID, {"pbx": key.pbx, "linkedid": key.linkedid})).scalar_one_or_none()
    return found


async def by_key(conn: AsyncConnection, key: CallKey) -> StoredCall | None:
    row = (await conn.execute(_BY_KEY, {"pbx": key.pbx, "linkedid": key.linkedid})).one_or_none()
    return _stored(row) if row else None


async def by_id(conn: AsyncConnection, row_id: int) -> StoredCall | None:
    row = (await conn.execute(select(calls).where(calls.c.id == row_id))).one_or_none()
    return _stored(row) if row else None


async def by_ids(conn: AsyncConnection, ids: Sequence[int]) -> list[StoredCall]:
    """In the order of their arrival, newest first."""
    query = select(calls).where(calls.c.id.in_(ids)).order_by(calls.c.arrived_at.desc(), calls.c.id.desc())
    return [_stored(row) for row in await conn.execute(query)]


async def open_calls(conn: AsyncConnection, pbx: str | None = None) -> list[StoredCall]:
    """What has not ended, oldest first."""
    query = select(calls).where(calls.c.ended_at.is_(None), calls.c.pbx == pbx if pbx is not None else true())
    return [_stored(row) for row in await conn.execute(query.order_by(calls.c.arrived_at, calls.c.id))]


# --- lists -------------------------------------------------------------------------------------------------


async def find(
    conn: AsyncConnection, wanted: CallFilter, *, limit: int, cursor: str | None
) -> tuple[list[StoredCall], str | None]:
    """One page, newest first, and the cursor of the next."""
    query = select(calls).where(*_conditions(wanted))
    if cursor:
        at, row_id = _read_cursor(cursor)
        # Written out and not as a row value: SQLite then walks the index from here.
        query = query.where(
            calls.c.arrived_at <= at, or_(calls.c.arrived_at < at, and_(calls.c.arrived_at == at, calls.c.id < row_id))
        )
    query = query.order_by(calls.c.arrived_at.desc(), calls.c.id.desc()).limit(limit + 1)
    rows = (await conn.execute(query)).all()
    page = [_stored(row) for row in rows[:limit]]
    more = len(rows) > limit and page
    return page, f"{page[-1].call.arrived_at.isoformat()}~{page[-1].id}" if more else None


async def totals(conn: AsyncConnection, wanted: CallFilter) -> CallTotals:
    ready = exists().where(
        recordings.c.call_id == calls.c.id, recordings.c.kind == "conversation", recordings.c.state == "ready"
    )
    # A robot talks too, but these are the conversations that people held.
    human = and_(calls.c.outcome == Outcome.ANSWERED.value, calls.c.robot.is_(False))
    query = select(
        func.count(),
        _count(calls.c.outcome == Outcome.MISSED.value),
        _count(human),
        _count(and_(human, ready)),
    ).where(*_conditions(wanted))
    row = (await conn.execute(query.select_from(calls))).one()
    return CallTotals(*(int(n or 0) for n in row))


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _conditions(wanted: CallFilter) -> Iterable[ColumnElement[bool]]:
    for column, value in (
        (calls.c.number, wanted.number),
        (calls.c.state, wanted.state),
        (calls.c.outcome, wanted.outcome),
        (calls.c.direction, wanted.direction),
        (calls.c.operator, wanted.operator),
    ):
        if value is not None:
            yield column == value
    if wanted.robot is not None:
        yield calls.c.robot.is_(wanted.robot)
    if wanted.since is not None:
        yield calls.c.arrived_at >= wanted.since
    if wanted.until is not None:
        yield calls.c.arrived_at < wanted.until
    if wanted.recording == "none":
        yield ~exists().where(recordings.c.call_id == calls.c.id)
    elif wanted.recording is not None:
        yield exists().where(recordings.c.call_id == calls.c.id, recordings.c.state == wanted.recording)
    if wanted.house_id is not None:
        yield _of_house(wanted.house_id)
    if wanted.q is not None and wanted.q.strip():
        yield _holds(wanted.q.strip())


def _of_house(house_id: int) -> ColumnElement[bool]:
    """Calls of those who live there, and calls about it."""
    numbers = select(person_numbers.c.number).join(residences, residences.c.person_id == person_numbers.c.person_id)
    about = select(ticket_calls.c.call_id).join(tickets, tickets.c.id == ticket_calls.c.ticket_id)
    return or_(
        calls.c.number.in_(numbers.where(residences.c.house_id == house_id)),
        calls.c.id.in_(about.where(tickets.c.house_id == house_id)),
    )


def _holds(text: str) -> ColumnElement[bool]:
    digits = "".join(c for c in text if c.isdigit())
    # 8 907 … and +7 907 … are one number: its national part is what people type and remember.
    national = digits[1:] if len(digits) == 11 and digits[0] in "78" else digits
    parts = [calls.c.name.icontains(text, autoescape=True)]
    if len(national) >= 2 and not any(c.isalpha() for c in text):
        parts += [calls.c.number.contains(national, autoescape=True), calls.c.did == digits]
    return or_(*parts)


def _read_cursor(cursor: str) -> tuple[datetime, int]:
    try:
        at, row_id = cursor.split("~")
        return parse_rfc3339(at), int(row_id)
    except ValueError:
        raise Refused("the cursor is not one of ours: take `next` of the page before") from None


# --- rows --------------------------------------------------------------------------------------------------


def columns(call: Conversation) -> dict[str, Any]:
    """The row as SQLAlchemy takes it: column to datetime, list or plain value."""
    return dict(zip(_COLUMNS, _values(call, _as_it_is, _as_it_is), strict=True))


def _values(
    call: Conversation, moment: Callable[[datetime | None], Any], listed: Callable[[list[Any]], Any]
) -> tuple[Any, ...]:
    """In the order of the table's columns, without the id."""
    return (
        call.key.pbx,
        call.key.linkedid,
        str(call.direction),
        str(call.number.kind),
        call.number.value,
        call.name.replace("\0", ""),
        call.did.replace("\0", ""),
        call.queue,
        str(call.state),
        str(call.outcome) if call.outcome else None,
        str(call.missed) if call.missed else None,
        moment(call.arrived_at),
        moment(call.queued_at),
        moment(call.offered_at),
        moment(call.answered_at),
        moment(call.ended_at),
        call.operator,
        call.wait_seconds,
        call.talk_seconds,
        call.held_seconds,
        call.recording_file,
        call.message_file,
        call.callback_requested,
        call.robot,
        call.request_id,
        call.source,
        listed(
            [
                {
                    "operator": o.operator,
                    "began_at": o.began_at.isoformat(),
                    "ended_at": _text(o.ended_at),
                    "result": o.result,
                }
                for o in call.offers
            ]
        ),
        listed(_talks(call)),
    )


def _talks(call: Conversation) -> list[dict[str, str | None]]:
    """With the last of them since when its recorder does not run: it is the talk that people look at."""
    talks = [
        {"operator": t.operator, "began_at": t.began_at.isoformat(), "ended_at": _text(t.ended_at)} for t in call.talks
    ]
    if call.unrecorded_at and talks:
        talks[-1]["unrecorded_at"] = call.unrecorded_at.isoformat()
    return talks


def _as_it_is(value: Any) -> Any:
    return value


def _json(items: list[Any]) -> str:
    return jsons.written(items) if items else "[]"


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _moment(text: str | None) -> datetime | None:
    return parse_rfc3339(text) if text else None


def _stored(row: Row[Any]) -> StoredCall:
    return StoredCall(row.id, conversation(row))


def conversation(row: Row[Any]) -> Conversation:
    """A whole row of `calls` as its snapshot."""
    return Conversation(
        key=CallKey(row.pbx, row.linkedid),
        direction=Direction(row.direction),
        arrived_at=row.arrived_at,
        number=stored(row.number_kind, row.number),
        name=row.name,
        did=row.did,
        queue=row.queue,
        state=State(row.state),
        outcome=Outcome(row.outcome) if row.outcome else None,
        missed=Missed(row.missed) if row.missed else None,
        queued_at=row.queued_at,
        offered_at=row.offered_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        operator=row.operator,
        offers=tuple(
            Offer(o["operator"], parse_rfc3339(o["began_at"]), _moment(o.get("ended_at")), o.get("result"))
            for o in row.offers
        ),
        talks=tuple(Talk(t["operator"], parse_rfc3339(t["began_at"]), _moment(t.get("ended_at"))) for t in row.talks),
        held_seconds=row.held_seconds,
        recording_file=row.recording_file,
        message_file=row.message_file,
        callback_requested=row.callback_requested,
        robot=row.robot,
        request_id=row.request_id,
        source=row.source,
        unrecorded_at=_moment(next((t["unrecorded_at"] for t in row.talks if "unrecorded_at" in t), None)),
    )
