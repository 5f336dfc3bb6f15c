"""Queries of the files of tickets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.store.database import Tx
from callengine.store.tables import ticket_files
from callengine.tickets.model import TicketFile

_c = ticket_files.c


def _file_of(row: Row[Any]) -> TicketFile:
    return TicketFile(**{name: row._mapping[name] for name in TicketFile.__dataclass_fields__})


async def add(tx: Tx, **values: Any) -> int | None:
    """The id; None when the same upload (its key) was kept already."""
    dialect: Any = postgresql if tx.is_postgres else sqlite
    query = dialect.insert(ticket_files).values(**values).on_conflict_do_nothing(index_elements=[_c.key])
    found = (await tx.conn.execute(query.returning(_c.id))).scalar_one_or_none()
    return None if found is None else int(found)


async def get(conn: AsyncConnection, ticket_id: int, file_id: int) -> TicketFile | None:
    """Removed ones too: they can be restored."""
    query = select(ticket_files).where(_c.ticket_id == ticket_id, _c.id == file_id)
    row = (await conn.execute(query)).one_or_none()
    return _file_of(row) if row else None


async def by_key(conn: AsyncConnection, key: str) -> TicketFile | None:
    row = (await conn.execute(select(ticket_files).where(_c.key == key))).one_or_none()
    return _file_of(row) if row else None


async def of_ticket(conn: AsyncConnection, ticket_id: int) -> tuple[TicketFile, ...]:
    """What hangs on a ticket now, the oldest first."""
    query = select(ticket_files).where(_c.ticket_id == ticket_id, _c.removed_at.is_(None)).order_by(_c.id)
    return tuple(_file_of(row) for row in await conn.execute(query))


async def remove(tx: Tx, file_id: int, at: datetime | None, by: str) -> bool:
    """Take down (`at`) or put back (None); False when it stood so already."""
    now = _c.removed_at.is_(None) if at else _c.removed_at.is_not(None)
    query = update(ticket_files).where(_c.id == file_id, now).values(removed_at=at, removed_by=by)
    return bool((await tx.conn.execute(query)).rowcount)
