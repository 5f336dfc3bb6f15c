"""Queries on the second and further applicants of a ticket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.store.database import Tx
from callengine.store.tables import calls, people, staff, ticket_applicants, ticket_calls, tickets


async def of_ticket(conn: AsyncConnection, ticket_id: int) -> Sequence[Any]:
    """Rows in the order of their joining, with `staff_name`, who joined them, and `notify` and `email` of their cards.

    Both are None where nobody knows his card.
    """
    query = (
        select(ticket_applicants, staff.c.name.label("staff_name"), people.c.notify, people.c.email)
        .join(staff, staff.c.id == ticket_applicants.c.staff_id, isouter=True)
        .join(people, people.c.id == ticket_applicants.c.person_id, isouter=True)
        .where(ticket_applicants.c.ticket_id == ticket_id)
    )
    return (await conn.execute(query.order_by(ticket_applicants.c.id))).all()


async def add(tx: Tx, **values: Any) -> int:
    query = insert(ticket_applicants).values(**values).returning(ticket_applicants.c.id)
    return int((await tx.conn.execute(query)).scalar_one())


async def remove(tx: Tx, applicant_id: int) -> None:
    await tx.conn.execute(delete(ticket_applicants).where(ticket_applicants.c.id == applicant_id))


async def count(tx: Tx, ticket_id: int, by: int) -> None:
    """So many applicants more (or fewer, below 0): lists show the sum without reading the applicants."""
    more = tickets.c.applicant_count + by
    await tx.conn.execute(update(tickets).where(tickets.c.id == ticket_id).values(applicant_count=more))


async def link_call(tx: Tx, ticket_id: int, call_id: int) -> None:
    """The conversation stands on the ticket's timeline, with its recording. Told twice, it stands there once."""
    statement = text("INSERT INTO ticket_calls (ticket_id, call_id) VALUES (:ticket, :call) ON CONFLICT DO NOTHING")
    await tx.conn.execute(statement, {"ticket": ticket_id, "call": call_id})


async def unlink_call(tx: Tx, ticket_id: int, call_id: int) -> None:
    where = (ticket_calls.c.ticket_id == ticket_id) & (ticket_calls.c.call_id == call_id)
    await tx.conn.execute(delete(ticket_calls).where(where))


async def call_exists(tx: Tx, call_id: int) -> bool:
    return (await tx.conn.execute(select(calls.c.id).where(calls.c.id == call_id))).first() is not None


async def person_exists(tx: Tx, person_id: int) -> bool:
    return (await tx.conn.execute(select(people.c.id).where(people.c.id == person_id))).first() is not None
