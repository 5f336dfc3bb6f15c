"""Queries of what a ticket's page shows beside the ticket itself: its calls, files, further applicants, its parent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.store import recordings as recording_rows
from callengine.store import ticket_files
from callengine.store.tables import calls, ticket_applicants, tickets
from callengine.tickets.model import RecordingRef, Ticket, TicketFile


@dataclass(frozen=True, slots=True)
class CallOfTicket:
    id: int
    at: datetime
    direction: str
    number: str
    talk_seconds: float
    recording: RecordingRef | None


@dataclass(frozen=True, slots=True)
class FurtherApplicant:
    """The second and further ones of the same matter."""

    name: str
    number: str
    premise: str
    text: str
    call_id: int | None
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class TicketPage:
    ticket: Ticket
    calls: tuple[CallOfTicket, ...] = ()
    files: tuple[TicketFile, ...] = ()
    applicants: tuple[FurtherApplicant, ...] = ()
    repeat_of: str | None = None

    @property
    def has_act(self) -> bool:
        return any(file.kind == "act" for file in self.files)


async def page(conn: AsyncConnection, ticket: Ticket) -> TicketPage:
    """A fixed number of queries."""
    return TicketPage(
        ticket,
        await _calls(conn, ticket),
        await ticket_files.of_ticket(conn, ticket.id),
        await _applicants(conn, ticket),
        await _parent(conn, ticket),
    )


async def _calls(conn: AsyncConnection, ticket: Ticket) -> tuple[CallOfTicket, ...]:
    if not ticket.call_ids:
        return ()
    c = calls.c
    columns = (c.id, c.arrived_at, c.direction, c.number, c.talk_seconds)
    rows = (await conn.execute(select(*columns).where(c.id.in_(ticket.call_ids)).order_by(c.arrived_at))).all()
    heard = await recording_rows.of_calls(conn, list(ticket.call_ids))
    refs = {call_id: RecordingRef(one.id, one.seconds, one.state) for call_id, one in heard.items()}
    return tuple(CallOfTicket(r.id, r.arrived_at, r.direction, r.number, r.talk_seconds, refs.get(r.id)) for r in rows)


async def _applicants(conn: AsyncConnection, ticket: Ticket) -> tuple[FurtherApplicant, ...]:
    c = ticket_applicants.c
    columns = (c.name, c.number, c.premise, c.text, c.call_id, c.joined_at)
    rows = await conn.execute(select(*columns).where(c.ticket_id == ticket.id).order_by(c.id))
    return tuple(FurtherApplicant(**row._mapping) for row in rows)


async def _parent(conn: AsyncConnection, ticket: Ticket) -> str | None:
    if ticket.parent_id is None:
        return None
    query = select(tickets.c.number).where(tickets.c.id == ticket.parent_id)
    return (await conn.execute(query)).scalar_one_or_none()
