"""Queries of the residents' links to their tickets; only the SHA-256 of a token is kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.store.database import Tx
from callengine.store.tables import ticket_links, tickets

_c = ticket_links.c


async def add(tx: Tx, token_hash: bytes, ticket_id: int, *, at: datetime, by: str, expires_at: datetime) -> None:
    row = {"token_hash": token_hash, "ticket_id": ticket_id, "created_at": at, "created_by": by}
    await tx.conn.execute(insert(ticket_links).values(**row, expires_at=expires_at))


async def number_of(conn: AsyncConnection, token_hash: bytes, now: datetime) -> str | None:
    """The number of the ticket that a living link opens."""
    query = select(tickets.c.number).select_from(ticket_links.join(tickets, tickets.c.id == _c.ticket_id))
    query = query.where(_c.token_hash == token_hash, _c.revoked_at.is_(None), _c.expires_at > now)
    return (await conn.execute(query)).scalar_one_or_none()


async def opened(tx: Tx, token_hash: bytes, at: datetime) -> None:
    values = {"views": _c.views + 1, "opened_at": at}
    await tx.conn.execute(update(ticket_links).where(_c.token_hash == token_hash).values(**values))


async def revoke(tx: Tx, ticket_id: int, at: datetime) -> int:
    """How many living links were ended."""
    query = update(ticket_links).where(_c.ticket_id == ticket_id, _c.revoked_at.is_(None)).values(revoked_at=at)
    return int((await tx.conn.execute(query)).rowcount)
