"""Queries on recordings and listenings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.calls.model import CallKey
from callengine.recordings.model import Kind, Listening, Recording, RecordingState
from callengine.store.database import Tx
from callengine.store.tables import calls, listenings, recordings, ticket_calls, tickets

_ENDED = (RecordingState.READY, RecordingState.SHORT, RecordingState.BROKEN)


def _recording(row: Row[Any]) -> Recording:
    values = {"peaks": None, **row._mapping, "kind": Kind(row.kind), "state": RecordingState(row.state)}
    return Recording(size=values.pop("bytes"), **values)


async def announce(tx: Tx, **values: Any) -> int | None:
    """A new row; None when this PBX's file is known already."""
    dialect = postgresql.insert if tx.is_postgres else sqlite.insert
    statement = dialect(recordings).values(**values).on_conflict_do_nothing(index_elements=["pbx", "file_name"])
    found = (await tx.conn.execute(statement.returning(recordings.c.id))).scalar_one_or_none()
    return int(found) if found is not None else None


async def change(tx: Tx, recording_id: int, **values: Any) -> None:
    await tx.conn.execute(update(recordings).where(recordings.c.id == recording_id).values(**values))


async def get(conn: AsyncConnection, recording_id: int) -> Recording | None:
    row = (await conn.execute(select(recordings).where(recordings.c.id == recording_id))).first()
    return _recording(row) if row else None


async def of_file(conn: AsyncConnection, pbx: str, name: str) -> list[Recording]:
    """Rows whose file, or one of whose two legs, bears this name, in whatever folder of the PBX."""
    query = select(recordings).where(recordings.c.pbx == pbx, recordings.c.file_name.contains(name, autoescape=True))
    found = [_recording(row) for row in await conn.execute(query)]
    return [one for one in found if name in (part.rpartition("/")[2] for part in one.file_name.split(","))]


async def id_of(conn: AsyncConnection, pbx: str, file_name: str) -> int | None:
    query = select(recordings.c.id).where(recordings.c.pbx == pbx, recordings.c.file_name == file_name)
    found = (await conn.execute(query)).scalar_one_or_none()
    return int(found) if found is not None else None


async def call_id(conn: AsyncConnection, key: CallKey) -> int | None:
    query = select(calls.c.id).where(calls.c.pbx == key.pbx, calls.c.linkedid == key.linkedid)
    found = (await conn.execute(query)).scalar_one_or_none()
    return int(found) if found is not None else None


async def waiting(conn: AsyncConnection) -> list[int]:
    query = select(recordings.c.id).where(recordings.c.state == RecordingState.RECORDING).order_by(recordings.c.id)
    return list((await conn.execute(query)).scalars())


async def outlived(conn: AsyncConnection, now: datetime, limit: int) -> list[Recording]:
    """Past their retention and not on legal hold."""
    query = (
        select(recordings)
        .where(recordings.c.delete_after <= now, ~recordings.c.legal_hold, recordings.c.state.in_(_ENDED))
        .order_by(recordings.c.delete_after)
        .limit(limit)
    )
    return [_recording(row) for row in await conn.execute(query)]


async def undeleted(conn: AsyncConnection, now: datetime) -> list[Recording]:
    """Past their retention by their row, while their file may still lie there."""
    query = select(recordings).where(
        recordings.c.delete_after <= now, recordings.c.state == RecordingState.EXPIRED, recordings.c.path != ""
    )
    return [_recording(row) for row in await conn.execute(query.order_by(recordings.c.id))]


async def of_calls(conn: AsyncConnection, call_ids: Sequence[int]) -> dict[int, Recording]:
    """The conversation's recording of each call, without its peaks."""
    columns = [column for column in recordings.c if column.name != "peaks"]
    query = select(*columns).where(recordings.c.call_id.in_(call_ids), recordings.c.kind == Kind.CONVERSATION)
    return {row.call_id: _recording(row) for row in await conn.execute(query.order_by(recordings.c.id))}


async def comments_of(conn: AsyncConnection, call_ids: Sequence[int]) -> dict[int, Recording]:
    """What residents said to the voice robot after its tone, by the call, without peaks.

    Who asked it for an operator may have left a message in the queue too: that one is a duty's.
    """
    columns = [column for column in recordings.c if column.name != "peaks"]
    query = select(*columns).join(calls, calls.c.id == recordings.c.call_id)
    query = query.where(recordings.c.call_id.in_(call_ids), recordings.c.kind == Kind.MESSAGE)
    query = query.where(recordings.c.file_name != calls.c.message_file)
    query = query.where(~recordings.c.file_name.contains("-said-", autoescape=True))  # answers, by outreach/talks.py
    return {row.call_id: _recording(row) for row in await conn.execute(query.order_by(recordings.c.id))}


async def answers_of(conn: AsyncConnection, files: Sequence[str]) -> dict[str, Recording]:
    """What residents answered the voice robot aloud, by the file's name as the PBX wrote it, without peaks."""
    columns = [column for column in recordings.c if column.name != "peaks"]
    query = select(*columns).where(recordings.c.file_name.in_(files), recordings.c.kind == Kind.MESSAGE)
    return {row.file_name: _recording(row) for row in await conn.execute(query)}


async def by_ids(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, Recording]:
    query = select(recordings).where(recordings.c.id.in_(ids))
    return {row.id: _recording(row) for row in await conn.execute(query)}


async def ticket_numbers(conn: AsyncConnection, call: int | None) -> list[str]:
    query = (
        select(tickets.c.number)
        .join(ticket_calls, ticket_calls.c.ticket_id == tickets.c.id)
        .where(ticket_calls.c.call_id == call)
        .order_by(tickets.c.id)
    )
    return list((await conn.execute(query)).scalars())


async def listened_since(tx: Tx, recording_id: int, staff_id: int | None, who: str, since: datetime) -> bool:
    query = select(func.count()).where(
        listenings.c.recording_id == recording_id,
        listenings.c.staff_id.is_not_distinct_from(staff_id),
        listenings.c.who == who,
        listenings.c.at > since,
    )
    return bool((await tx.conn.execute(query)).scalar_one())


async def add_listening(tx: Tx, **values: Any) -> None:
    await tx.conn.execute(insert(listenings).values(**values))


async def listened(conn: AsyncConnection, recording_id: int) -> list[Listening]:
    query = select(listenings).where(listenings.c.recording_id == recording_id).order_by(listenings.c.id)
    return [Listening(row.at, row.who, row.why) for row in await conn.execute(query)]
