"""Queries on callback duties: the rows, their calls, attempts and history; lists by keyset; the rows of a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.callbacks.model import Attempt, Duty, DutyFilter, DutyState, HistoryEntry, StoredDuty
from callengine.callbacks.rules import MissedCall
from callengine.calls.model import CallKey, Conversation, Direction, Outcome, State, Talk
from callengine.clock import parse_rfc3339
from callengine.errors import Refused
from callengine.phone import stored
from callengine.store.database import Tx
from callengine.store.tables import (
    calls,
    duties,
    duty_attempts,
    duty_calls,
    duty_history,
    outreach_attempts,
    outreach_calls,
    recordings,
    staff,
    staff_states,
    tickets,
)

OWED = (DutyState.OPEN, DutyState.CLAIMED, DutyState.ATTEMPTED)
CONTACTED = (DutyState.REACHED, DutyState.SUPERSEDED)
# The parts of a call for which something is owed: he missed us, or asked the voice robot for an operator in vain.
OWING = ("missed", "asked")
# A call back may have begun before the call that it fulfils arrived; no ringing lasts longer.
RINGING_AT_MOST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """An attempt with its key."""

    id: int
    duty_id: int
    staff_id: int | None
    call_id: int | None
    request_id: str
    result: str
    at: datetime


# --- locks and look-ups ------------------------------------------------------------------------------------


_lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:n, 40516))")


async def lock_number(tx: Tx, number: str) -> None:
    """PostgreSQL: one transaction at a time per number, so that a miss and a contact never pass each other unseen."""
    if tx.is_postgres:
        await tx.conn.execute(_lock, {"n": number})


_linked = (
    select(calls.c.id, duty_calls.c.duty_id)
    .select_from(calls.outerjoin(duty_calls, and_(duty_calls.c.call_id == calls.c.id, duty_calls.c.part.in_(OWING))))
    .where(calls.c.pbx == bindparam("pbx"), calls.c.linkedid == bindparam("linkedid"))
)


async def call_and_duty(tx: Tx, key: CallKey) -> tuple[int, int | None] | None:
    """A call's row id, and the duty that answers for it."""
    row = (await tx.conn.execute(_linked, {"pbx": key.pbx, "linkedid": key.linkedid})).one_or_none()
    return (row.id, row.duty_id) if row else None


_CONVERSATION = (
    calls.c.id,
    calls.c.pbx,
    calls.c.linkedid,
    calls.c.direction,
    calls.c.number_kind,
    calls.c.number,
    calls.c.did,
    calls.c.outcome,
    calls.c.arrived_at,
    calls.c.answered_at,
    calls.c.ended_at,
    calls.c.operator,
    calls.c.talks,
    calls.c.robot,
    calls.c.request_id,
)


def _conversation(row: Any) -> Conversation:
    return Conversation(
        key=CallKey(row.pbx, row.linkedid),
        direction=Direction(row.direction),
        arrived_at=row.arrived_at,
        number=stored(row.number_kind, row.number),
        did=row.did,
        state=State.ENDED if row.ended_at else State.TALKING if row.answered_at else State.MENU,
        outcome=Outcome(row.outcome) if row.outcome else None,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        operator=row.operator,
        talks=tuple(
            Talk(
                talk["operator"],
                parse_rfc3339(talk["began_at"]),
                parse_rfc3339(talk["ended_at"]) if talk.get("ended_at") else None,
            )
            for talk in row.talks
        ),
        robot=row.robot,
        request_id=row.request_id,
    )


_of_number = select(*_CONVERSATION).where(
    calls.c.number == bindparam("number"),
    calls.c.arrived_at >= bindparam("since"),
    calls.c.id != bindparam("besides"),
    calls.c.robot.is_(False),
    or_(calls.c.direction == Direction.OUTBOUND.value, calls.c.answered_at.is_not(None)),
)


async def talks_with(tx: Tx, number: str, since: datetime, besides: int) -> list[tuple[int, Conversation]]:
    """Calls to the number, and answered calls from it, that may settle a call missed at `since`."""
    values = {"number": number, "since": since - RINGING_AT_MOST, "besides": besides}
    return [(row.id, _conversation(row)) for row in (await tx.conn.execute(_of_number, values)).all()]


async def conversation(conn: AsyncConnection, call_id: int) -> Conversation | None:
    row = (await conn.execute(select(*_CONVERSATION).where(calls.c.id == call_id))).one_or_none()
    return _conversation(row) if row else None


async def staff_of_extension(tx: Tx, extension: str) -> int | None:
    if not extension:
        return None
    found: int | None = (
        await tx.conn.execute(select(staff.c.id).where(staff.c.extension == extension))
    ).scalar_one_or_none()
    return found


async def staff_name(conn: AsyncConnection, staff_id: int | None) -> str:
    if staff_id is None:
        return ""
    return (await conn.execute(select(staff.c.name).where(staff.c.id == staff_id))).scalar_one_or_none() or ""


async def ticket_numbers(conn: AsyncConnection, ids: Iterable[int | None]) -> dict[int, str]:
    """The numbers of the tickets that duties are about."""
    if not (known := {one for one in ids if one is not None}):
        return {}
    query = select(tickets.c.id, tickets.c.number).where(tickets.c.id.in_(sorted(known)))
    return {row.id: row.number for row in (await conn.execute(query)).all()}


async def extension_of(conn: AsyncConnection, staff_id: int) -> str:
    found = await conn.execute(select(staff.c.extension).where(staff.c.id == staff_id))
    return found.scalar_one_or_none() or ""


@dataclass(frozen=True, slots=True)
class Assignee:
    """Somebody to whom a duty may be given."""

    id: int
    name: str
    extension: str | None
    active: bool
    state: str


async def assignee(conn: AsyncConnection, staff_id: int) -> Assignee | None:
    now = and_(staff_states.c.staff_id == staff.c.id, staff_states.c.ended_at.is_(None))
    query = (
        select(staff.c.id, staff.c.name, staff.c.extension, staff.c.active)
        .add_columns(func.coalesce(staff_states.c.state, "offline").label("state"))
        .select_from(staff.outerjoin(staff_states, now))
        .where(staff.c.id == staff_id)
    )
    row = (await conn.execute(query)).first()
    return Assignee(**row._mapping) if row else None


# --- duties ------------------------------------------------------------------------------------------------


def _duty(row: Any) -> Duty:
    values = {name: getattr(row, name) for name in Duty.__dataclass_fields__ if name not in ("number", "state")}
    return Duty(number=stored(row.number_kind, row.number), state=DutyState(row.state), **values)


def _columns(duty: Duty) -> dict[str, Any]:
    values = {name: getattr(duty, name) for name in Duty.__dataclass_fields__ if name not in ("id", "number", "state")}
    return values | {"number_kind": duty.number.kind.value, "number": duty.number.value, "state": duty.state.value}


_insert_duty = insert(duties).returning(duties.c.id)


async def insert_duty(tx: Tx, duty: Duty) -> int:
    return int((await tx.conn.execute(_insert_duty, _columns(duty))).scalar_one())


_save_duty = update(duties).where(duties.c.id == bindparam("duty_id"))


async def save_duty(tx: Tx, duty: Duty) -> None:
    await tx.conn.execute(_save_duty, _columns(duty) | {"duty_id": duty.id})


async def duty_for_update(tx: Tx, duty_id: int) -> Duty | None:
    row = (await tx.conn.execute(select(duties).where(duties.c.id == duty_id).with_for_update())).one_or_none()
    return _duty(row) if row else None


async def numbers_of(tx: Tx, ids: Sequence[int]) -> list[str]:
    query = select(duties.c.number).where(duties.c.id.in_(ids)).distinct().order_by(duties.c.number)
    return list((await tx.conn.execute(query)).scalars())


async def duties_for_update(tx: Tx, ids: Sequence[int]) -> list[Duty]:
    query = select(duties).where(duties.c.id.in_(ids)).order_by(duties.c.id).with_for_update()
    return [_duty(row) for row in (await tx.conn.execute(query)).all()]


_joinable = (
    select(duties)
    .where(
        duties.c.line == bindparam("line"),
        duties.c.number == bindparam("number"),
        or_(
            duties.c.state.in_([state.value for state in OWED]),
            and_(
                duties.c.state == DutyState.UNREACHABLE.value,
                duties.c.settled_at >= bindparam("since"),
            ),
        ),
    )
    .order_by(duties.c.settled_at.desc(), duties.c.id)
    .with_for_update()
)


async def joinable(tx: Tx, line: str, number: str, since: datetime) -> Duty | None:
    """The duty that a call missed at `since` joins: the owed one, or one given up only after that call came."""
    rows = (await tx.conn.execute(_joinable, {"line": line, "number": number, "since": since})).all()
    found = sorted((_duty(row) for row in rows), key=lambda duty: not duty.state.owed)
    return found[0] if found else None


async def settled_by_call(tx: Tx, line: str, number: str, call_id: int) -> Duty | None:
    query = select(duties).where(duties.c.settled_call_id == call_id, duties.c.line == line, duties.c.number == number)
    row = (await tx.conn.execute(query.order_by(duties.c.id).limit(1).with_for_update())).one_or_none()
    return _duty(row) if row else None


_contactable = (
    select(duties)
    .where(
        duties.c.number == bindparam("number"),
        duties.c.arrived_at <= bindparam("at"),
        or_(
            duties.c.state.in_([state.value for state in OWED]),
            and_(
                duties.c.state.in_([*(state.value for state in CONTACTED), DutyState.UNREACHABLE.value]),
                duties.c.settled_at > bindparam("at"),
            ),
        ),
    )
    .order_by(duties.c.id)
    .with_for_update()
)


_concerned = (
    select(duties.c.id)
    .where(
        duties.c.number == bindparam("number"),
        or_(duties.c.state.in_([state.value for state in OWED]), duties.c.settled_at > bindparam("since")),
    )
    .limit(1)
)


async def may_concern(tx: Tx, number: str, since: datetime) -> bool:
    """False when no duty of the number was owed at `since` or later."""
    return (await tx.conn.execute(_concerned, {"number": number, "since": since})).first() is not None


async def settled_or_owed_at(tx: Tx, number: str, at: datetime) -> list[Duty]:
    """Duties that a contact at `at` settles: the owed ones, and those that a later event settled."""
    rows = (await tx.conn.execute(_contactable, {"number": number, "at": at})).all()
    return [_duty(row) for row in rows]


async def owed_to(tx: Tx, number: str, at: datetime) -> list[Duty]:
    return [duty for duty in await settled_or_owed_at(tx, number, at) if duty.state.owed]


# --- their calls -------------------------------------------------------------------------------------------


_insert_link = insert(duty_calls)


async def link(tx: Tx, duty_id: int, call_id: int, part: str) -> None:
    """Hang a call on a duty; its part may grow (an attempt turns out to be the contact)."""
    known = select(duty_calls.c.part).where(duty_calls.c.duty_id == duty_id, duty_calls.c.call_id == call_id)
    old = (await tx.conn.execute(known)).scalar_one_or_none()
    if old is None:
        await tx.conn.execute(_insert_link, {"duty_id": duty_id, "call_id": call_id, "part": part})
    elif old != part and old not in OWING:
        where = and_(duty_calls.c.duty_id == duty_id, duty_calls.c.call_id == call_id)
        await tx.conn.execute(update(duty_calls).where(where).values(part=part))


async def link_missed(tx: Tx, duty_id: int, call_id: int) -> None:
    """The same for a missed call that is known to hang on no duty yet."""
    await tx.conn.execute(_insert_link, {"duty_id": duty_id, "call_id": call_id, "part": "missed"})


async def move_missed(tx: Tx, from_duty: int, to_duty: int, call_ids: Sequence[int]) -> None:
    where = and_(duty_calls.c.duty_id == from_duty, duty_calls.c.call_id.in_(call_ids), duty_calls.c.part == "missed")
    await tx.conn.execute(update(duty_calls).where(where).values(duty_id=to_duty))


async def missed_calls(tx: Tx, duty_id: int, now: datetime) -> list[MissedCall]:
    """What the duty answers for; a call that still runs (he asked for a callback) ends now, for the clock."""
    query = (
        select(calls.c.id, calls.c.arrived_at, calls.c.ended_at)
        .join(duty_calls, duty_calls.c.call_id == calls.c.id)
        .where(duty_calls.c.duty_id == duty_id, duty_calls.c.part == "missed")
    )
    rows = (await tx.conn.execute(query)).all()
    return [MissedCall(row.id, row.arrived_at, row.ended_at or now) for row in rows]


# What he said to the voice robot is a message too, and none for a duty: the call names the one of the queue.
_IS_MESSAGE = and_(
    calls.c.id == recordings.c.call_id, recordings.c.kind == "message", recordings.c.file_name == calls.c.message_file
)


async def message_recording(tx: Tx, call_id: int) -> int | None:
    query = select(recordings.c.id).join(calls, _IS_MESSAGE).where(recordings.c.call_id == call_id)
    found: int | None = (await tx.conn.execute(query.order_by(recordings.c.id).limit(1))).scalar_one_or_none()
    return found


async def duty_of_missed(tx: Tx, call_id: int) -> int | None:
    query = select(duty_calls.c.duty_id).where(duty_calls.c.call_id == call_id, duty_calls.c.part.in_(OWING))
    found: int | None = (await tx.conn.execute(query)).scalar_one_or_none()
    return found


async def duties_of_calls(conn: AsyncConnection, call_ids: Sequence[int]) -> dict[int, Duty]:
    """The duty that answers for each missed call."""
    if not call_ids:
        return {}
    query = select(duty_calls.c.call_id, duties).join(duties, duties.c.id == duty_calls.c.duty_id)
    rows = await conn.execute(query.where(duty_calls.c.call_id.in_(call_ids), duty_calls.c.part == "missed"))
    return {row.call_id: _duty(row) for row in rows.all()}


async def ticket_of_request(tx: Tx, request_id: str) -> int | None:
    """The ticket about which the voice robot called."""
    query = (
        select(outreach_calls.c.ticket_id)
        .join(outreach_attempts, outreach_attempts.c.outreach_call_id == outreach_calls.c.id)
        .where(outreach_attempts.c.id == request_id)
    )
    found: int | None = (await tx.conn.execute(query)).scalar_one_or_none()
    return found


# --- attempts and history ----------------------------------------------------------------------------------


def _attempt_row(row: Any) -> AttemptRow:
    return AttemptRow(row.id, row.duty_id, row.staff_id, row.call_id, row.request_id, row.result, row.at)


async def attempts_of(tx: Tx, duty_id: int) -> list[AttemptRow]:
    query = select(duty_attempts).where(duty_attempts.c.duty_id == duty_id).order_by(duty_attempts.c.at)
    return [_attempt_row(row) for row in (await tx.conn.execute(query)).all()]


async def attempts_of_request(tx: Tx, request_id: str) -> list[AttemptRow]:
    if not request_id:
        return []
    query = select(duty_attempts).where(duty_attempts.c.request_id == request_id)
    return [_attempt_row(row) for row in (await tx.conn.execute(query)).all()]


async def attempts_about(tx: Tx, call_id: int, request_id: str) -> list[AttemptRow]:
    """Attempts that are this call, known by the call itself or by the desk's request."""
    about: ColumnElement[bool] = duty_attempts.c.call_id == call_id
    if request_id:
        about = or_(about, duty_attempts.c.request_id == request_id)
    return [_attempt_row(row) for row in (await tx.conn.execute(select(duty_attempts).where(about))).all()]


async def request_lives(tx: Tx, request_id: str, since: datetime) -> bool | None:
    """Whether the desk's call goes on; None when no call of that request has shown up."""
    query = select(calls.c.ended_at).where(
        calls.c.arrived_at >= since - RINGING_AT_MOST, calls.c.request_id == request_id
    )
    row = (await tx.conn.execute(query.limit(1))).first()
    return row.ended_at is None if row else None


async def talks_since(tx: Tx, number: str, since: datetime) -> bool:
    """True when a call back to the number was answered after `since` and goes on."""
    query = select(calls.c.id).where(
        calls.c.number == number,
        calls.c.arrived_at >= since - RINGING_AT_MOST,
        calls.c.answered_at >= since,
        calls.c.ended_at.is_(None),
        calls.c.robot.is_(False),
    )
    return (await tx.conn.execute(query.limit(1))).first() is not None


async def insert_attempt(tx: Tx, values: dict[str, Any]) -> None:
    await tx.conn.execute(insert(duty_attempts).values(**values))


async def update_attempt(tx: Tx, attempt_id: int, values: dict[str, Any]) -> None:
    await tx.conn.execute(update(duty_attempts).where(duty_attempts.c.id == attempt_id).values(**values))


_insert_history = insert(duty_history)


async def append_history(
    tx: Tx,
    duty_id: int,
    at: datetime,
    what: str,
    *,
    staff_id: int | None = None,
    call_id: int | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    values = {"duty_id": duty_id, "at": at, "what": what, "staff_id": staff_id, "call_id": call_id, "data": data or {}}
    await tx.conn.execute(_insert_history, values)


async def was_written(tx: Tx, duty_id: int, what: str, due_at: datetime) -> bool:
    """True when the history already tells that this very clock ran out."""
    query = select(duty_history.c.id).where(
        duty_history.c.duty_id == duty_id, duty_history.c.what == what, duty_history.c.at == due_at
    )
    return (await tx.conn.execute(query.limit(1))).first() is not None


async def calls_with_message(tx: Tx, call_ids: Sequence[int]) -> list[int]:
    """Those of the calls that left a voice message, in the order of their ids."""
    query = select(calls.c.id).where(calls.c.id.in_(call_ids), calls.c.message_file != "").order_by(calls.c.id)
    return list((await tx.conn.execute(query)).scalars())


async def has_message(tx: Tx, duty_id: int) -> bool:
    """True when a call that the duty answers for left a voice message."""
    query = (
        select(duty_calls.c.call_id)
        .join(calls, calls.c.id == duty_calls.c.call_id)
        .where(duty_calls.c.duty_id == duty_id, duty_calls.c.part.in_(OWING), calls.c.message_file != "")
    )
    return (await tx.conn.execute(query.limit(1))).first() is not None


async def history(conn: AsyncConnection, duty_id: int) -> tuple[HistoryEntry, ...]:
    query = (
        select(duty_history, staff.c.name)
        .join(staff, staff.c.id == duty_history.c.staff_id, isouter=True)
        .where(duty_history.c.duty_id == duty_id)
        .order_by(duty_history.c.id)
    )
    return tuple(
        HistoryEntry(row.at, row.what, row.staff_id, row.name or "", row.call_id, row.data)
        for row in (await conn.execute(query)).all()
    )


# --- lists -------------------------------------------------------------------------------------------------


async def find(
    conn: AsyncConnection, wanted: DutyFilter, *, limit: int, cursor: str | None
) -> tuple[list[StoredDuty], str | None]:
    """One page and the cursor of the next. Owed duties by the operator's clock, all others newest first."""
    by_clock = wanted.state == "owed"
    at = duties.c.due_at if by_clock else duties.c.arrived_at
    query = select(duties).where(*_conditions(wanted))
    if cursor:
        after = _read_cursor(cursor)
        key = tuple_(at, duties.c.id)
        query = query.where(key > tuple_(*_bound(after)) if by_clock else key < tuple_(*_bound(after)))
    order = (at, duties.c.id) if by_clock else (at.desc(), duties.c.id.desc())
    rows = (await conn.execute(query.order_by(*order).limit(limit + 1))).all()
    page = [_duty(row) for row in rows[:limit]]
    last = page[-1] if len(rows) > limit else None
    next_cursor = _write_cursor(last.due_at if by_clock else last.arrived_at, last.id) if last else None
    return await with_surroundings(conn, page), next_cursor


def _conditions(wanted: DutyFilter) -> Iterable[ColumnElement[bool]]:
    if wanted.state == "owed":
        yield duties.c.state.in_([state.value for state in OWED])
    elif wanted.state is not None:
        yield duties.c.state == wanted.state
    if wanted.since is not None:
        yield duties.c.arrived_at >= wanted.since
    if wanted.until is not None:
        yield duties.c.arrived_at < wanted.until
    if wanted.number is not None:
        yield duties.c.number == wanted.number
    if wanted.line is not None:
        yield duties.c.line == wanted.line


def _bound(after: tuple[datetime, int]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return bindparam("after_at", after[0], type_=duties.c.due_at.type), bindparam("after_id", after[1])


def _write_cursor(at: datetime, row_id: int) -> str:
    return f"{at.isoformat()}~{row_id}"


def _read_cursor(cursor: str) -> tuple[datetime, int]:
    try:
        at, row_id = cursor.split("~")
        return parse_rfc3339(at), int(row_id)
    except ValueError:
        raise Refused("the cursor is not one of ours: take `next` of the page before") from None


async def with_surroundings(conn: AsyncConnection, page: Sequence[Duty]) -> list[StoredDuty]:
    """The duties with their calls, attempts and names: six queries, however long the page."""
    if not page:
        return []
    ids = [duty.id for duty in page]
    linked = await _linked_calls(conn, ids)
    tried = await _attempts(conn, ids)
    messages = await _messages(conn, [call_id for found in linked.values() for call_id, _, _ in found])
    givers = await _givers(conn, [duty.id for duty in page if duty.state is DutyState.CLAIMED])
    names = await _names(conn, {staff_id for duty in page for staff_id in (duty.claimed_by, duty.settled_by)})
    return [
        StoredDuty(
            duty=_with_message(duty, (messages.get(call_id) for call_id, _, _ in linked[duty.id])),
            call_ids=tuple(call_id for call_id, _, _ in linked[duty.id]),
            attempts=tuple(tried[duty.id]),
            where=next((missed for _, part, missed in reversed(linked[duty.id]) if part == "missed" and missed), ""),
            claimed_by_name=names.get(duty.claimed_by, ""),
            settled_by_name=names.get(duty.settled_by, ""),
            assigned_by_name=givers.get(duty.id, ""),
        )
        for duty in page
    ]


async def _linked_calls(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, list[tuple[int, str, str | None]]]:
    query = (
        select(duty_calls.c.duty_id, duty_calls.c.call_id, duty_calls.c.part, calls.c.missed)
        .join(calls, calls.c.id == duty_calls.c.call_id)
        .where(duty_calls.c.duty_id.in_(ids))
        .order_by(calls.c.arrived_at, calls.c.id)
    )
    found: dict[int, list[tuple[int, str, str | None]]] = defaultdict(list)
    for row in (await conn.execute(query)).all():
        found[row.duty_id].append((row.call_id, row.part, row.missed))
    return found


async def _messages(conn: AsyncConnection, call_ids: Sequence[int]) -> dict[int, int]:
    """Voice messages by call: a message may be imported after its call hung on the duty."""
    query = select(recordings.c.call_id, recordings.c.id).join(calls, _IS_MESSAGE)
    rows = await conn.execute(query.where(recordings.c.call_id.in_(call_ids)))
    return {row.call_id: row.id for row in rows.all()}


def _with_message(duty: Duty, recording_ids: Iterable[int | None]) -> Duty:
    if duty.message_recording_id is not None:
        return duty
    return replace(duty, message_recording_id=next((found for found in recording_ids if found is not None), None))


async def _attempts(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, list[Attempt]]:
    query = (
        select(duty_attempts, staff.c.name)
        .join(staff, staff.c.id == duty_attempts.c.staff_id, isouter=True)
        .where(duty_attempts.c.duty_id.in_(ids))
        .order_by(duty_attempts.c.at, duty_attempts.c.id)
    )
    found: dict[int, list[Attempt]] = defaultdict(list)
    for row in (await conn.execute(query)).all():
        found[row.duty_id].append(
            Attempt(row.at, row.staff_id, row.operator, row.call_id, row.result, row.ended_at, row.name or "")
        )
    return found


async def _givers(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, str]:
    """Who gave each claimed duty to its holder; nobody for what he took himself."""
    if not ids:
        return {}
    query = (
        select(duty_history.c.duty_id, staff.c.name)
        .join(duties, and_(duties.c.id == duty_history.c.duty_id, duties.c.claimed_at == duty_history.c.at))
        .join(staff, staff.c.id == duty_history.c.staff_id)
        .where(duty_history.c.duty_id.in_(ids), duty_history.c.what == "assigned")
    )
    return {row.duty_id: row.name for row in (await conn.execute(query)).all()}


async def _names(conn: AsyncConnection, ids: set[int | None]) -> dict[int | None, str]:
    wanted = [staff_id for staff_id in ids if staff_id is not None]
    if not wanted:
        return {}
    rows = (await conn.execute(select(staff.c.id, staff.c.name).where(staff.c.id.in_(wanted)))).all()
    return {row.id: row.name for row in rows}


async def duty_by_id(conn: AsyncConnection, duty_id: int) -> Duty | None:
    row = (await conn.execute(select(duties).where(duties.c.id == duty_id))).one_or_none()
    return _duty(row) if row else None


async def duties_by_ids(conn: AsyncConnection, ids: Sequence[int]) -> list[Duty]:
    return [_duty(row) for row in (await conn.execute(select(duties).where(duties.c.id.in_(ids)))).all()]
