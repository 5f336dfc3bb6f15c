"""The rows of one day for the compliance figures: missed calls with their duties, attempts, coverage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.callbacks.compliance import AttemptOfDay, Covered, MessageLine, MissedRow, heard
from callengine.callbacks.model import DutyState
from callengine.phone import stored
from callengine.store.tables import calls, coverage, duties, duty_attempts, duty_calls, duty_history, staff


async def missed_of_day(conn: AsyncConnection, began: datetime, ended: datetime) -> list[MissedRow]:
    """Missed calls that arrived in [began, ended), each with what became of its duty.

    A contact by a phone that belongs to nobody in the staff list is named by its extension.
    """
    contact = calls.alias("contact")
    query = (
        select(
            calls.c.id.label("call_id"),
            calls.c.arrived_at,
            calls.c.ended_at,
            duties.c.id.label("duty_id"),
            duties.c.number_kind,
            duties.c.number,
            duties.c.state,
            duties.c.settled_at,
            duties.c.settled_by,
            duties.c.close_reason,
            staff.c.name,
            contact.c.operator,
        )
        .join(duty_calls, duty_calls.c.call_id == calls.c.id)
        .join(duties, duties.c.id == duty_calls.c.duty_id)
        .join(staff, staff.c.id == duties.c.settled_by, isouter=True)
        .join(contact, contact.c.id == duties.c.settled_call_id, isouter=True)
        .where(calls.c.arrived_at >= began, calls.c.arrived_at < ended, duty_calls.c.part == "missed")
        .order_by(calls.c.arrived_at, calls.c.id)
    )
    found = []
    heard_at = await _heard_of_day(conn, began, ended)
    for row in (await conn.execute(query)).all():
        state = DutyState(row.state)
        by_hand = row.operator or "" if state is DutyState.REACHED and row.settled_by is None else ""
        found.append(
            MissedRow(
                call_id=row.call_id,
                arrived_at=row.arrived_at,
                ended_at=row.ended_at,
                number=row.number,
                can_be_called=stored(row.number_kind, row.number).can_be_called,
                duty_id=row.duty_id,
                state=state,
                settled_at=row.settled_at,
                heard_at=heard_at.get(row.call_id),
                staff_id=row.settled_by,
                staff_name=row.name or by_hand,
                close_reason=row.close_reason,
            )
        )
    return found


async def _heard_of_day(conn: AsyncConnection, began: datetime, ended: datetime) -> dict[int, datetime]:
    """By call that arrived in [began, ended): when the message that it left was considered."""
    query = (
        select(duty_calls.c.duty_id)
        .join(calls, calls.c.id == duty_calls.c.call_id)
        .where(calls.c.arrived_at >= began, calls.c.arrived_at < ended, calls.c.message_file != "")
        .where(duty_calls.c.part == "missed")
        .distinct()
    )
    return await heard_by_call(conn, (await conn.execute(query)).scalars().all())


async def heard_by_call(conn: AsyncConnection, duty_ids: Sequence[int]) -> dict[int, datetime]:
    """By call of these duties: when the message that it left was considered, as the history tells it."""
    return heard(await message_lines(conn, duty_ids))


async def message_lines(conn: AsyncConnection, duty_ids: Sequence[int]) -> list[MessageLine]:
    """What the history tells of the messages of these duties, and of those that they were split from, as written."""
    lines: dict[int, MessageLine] = {}
    seen: set[int] = set()
    # What was split off has its message in the history of the duty that it was split from.
    while wanted := {*duty_ids, *(line.origin for line in lines.values() if line.origin is not None)} - seen:
        lines |= await _message_lines(conn, sorted(wanted))
        seen |= wanted
    return [lines[line_id] for line_id in sorted(lines)]


async def _message_lines(conn: AsyncConnection, duty_ids: Sequence[int]) -> dict[int, MessageLine]:
    query = select(duty_history).where(
        duty_history.c.duty_id.in_(duty_ids), duty_history.c.what.in_(("message", "heard", "split_from"))
    )
    return {
        row.id: MessageLine(
            row.duty_id, row.at, row.what, row.call_id, row.data.get("duty"), tuple(row.data.get("calls", ()))
        )
        for row in (await conn.execute(query)).all()
    }


async def attempts_of_day(conn: AsyncConnection, began: datetime, ended: datetime) -> list[AttemptOfDay]:
    """Attempts on the duties of the calls missed in [began, ended), whenever they were made."""
    of_day = (
        select(duty_calls.c.duty_id)
        .join(calls, calls.c.id == duty_calls.c.call_id)
        .where(calls.c.arrived_at >= began, calls.c.arrived_at < ended, duty_calls.c.part == "missed")
    )
    query = (
        select(duty_attempts, staff.c.name)
        .join(staff, staff.c.id == duty_attempts.c.staff_id, isouter=True)
        .where(duty_attempts.c.duty_id.in_(of_day), duty_attempts.c.call_id.is_not(None))
        .order_by(duty_attempts.c.at)
    )
    return [
        AttemptOfDay(row.duty_id, row.at, row.staff_id, row.name or row.operator, row.result)
        for row in (await conn.execute(query)).all()
    ]


async def coverage_of_day(conn: AsyncConnection, began: datetime, ended: datetime) -> list[Covered]:
    """Stretches of coverage that touch [began, ended); a PBX seen only earlier counts too: it is all gap."""
    touching = select(coverage).where(
        coverage.c.began_at < ended, or_(coverage.c.ended_at.is_(None), coverage.c.ended_at >= began)
    )
    before = (
        select(coverage.c.pbx, func.max(coverage.c.seen_at).label("seen_at"))
        .where(coverage.c.began_at < began)
        .group_by(coverage.c.pbx)
    )
    found = [
        Covered(row.pbx, row.source, row.began_at, row.seen_at, row.ended_at)
        for row in (await conn.execute(touching)).all()
    ]
    known = {stretch.pbx for stretch in found}
    for row in (await conn.execute(before)).all():
        if row.pbx not in known:
            found.append(Covered(row.pbx, "events", row.seen_at, row.seen_at, row.seen_at))
    return found
