"""Queries of what a ticket's page shows beside the ticket itself: its calls, files, further applicants, its parent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.store import recordings as recording_rows
from callengine.store import ticket_files
from callengine.store.tables import calls, classifier_versions, staff, ticket_applicants, ticket_links, tickets
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
    joined_by: str  # the operator's name, "" where nobody kept it


@dataclass(frozen=True, slots=True)
class LinksOfTicket:
    """The resident's links: how many were given and live, whether any was ever opened."""

    given: int
    living: int
    given_at: datetime
    opened_at: datetime | None
    views: int


@dataclass(frozen=True, slots=True)
class VersionOfClassifier:
    """By which version of the classifier it was registered."""

    id: int
    applied_at: datetime | None


@dataclass(frozen=True, slots=True)
class TicketPage:
    ticket: Ticket
    calls: tuple[CallOfTicket, ...] = ()
    files: tuple[TicketFile, ...] = ()
    applicants: tuple[FurtherApplicant, ...] = ()
    repeat_of: str | None = None
    links: LinksOfTicket | None = None  # None: none was ever given
    version: VersionOfClassifier | None = None

    @property
    def has_act(self) -> bool:
        return any(file.kind == "act" for file in self.files)


async def page(conn: AsyncConnection, ticket: Ticket, now: datetime) -> TicketPage:
    """A fixed number of queries."""
    return TicketPage(
        ticket,
        await _calls(conn, ticket),
        await ticket_files.of_ticket(conn, ticket.id),
        await _applicants(conn, ticket),
        await _parent(conn, ticket),
        await _links(conn, ticket, now),
        await _version(conn, ticket),
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
    by = func.coalesce(staff.c.name, "").label("joined_by")
    columns = (c.name, c.number, c.premise, c.text, c.call_id, c.joined_at, by)
    its = ticket_applicants.outerjoin(staff, staff.c.id == c.staff_id)
    rows = await conn.execute(select(*columns).select_from(its).where(c.ticket_id == ticket.id).order_by(c.id))
    return tuple(FurtherApplicant(**row._mapping) for row in rows)


async def _parent(conn: AsyncConnection, ticket: Ticket) -> str | None:
    if ticket.parent_id is None:
        return None
    query = select(tickets.c.number).where(tickets.c.id == ticket.parent_id)
    return (await conn.execute(query)).scalar_one_or_none()


async def _links(conn: AsyncConnection, ticket: Ticket, now: datetime) -> LinksOfTicket | None:
    c = ticket_links.c
    lives = case((c.revoked_at.is_(None) & (c.expires_at > literal(now, c.expires_at.type)), 1), else_=0)
    counted = (func.count(), func.sum(lives), func.max(c.created_at), func.max(c.opened_at), func.sum(c.views))
    row = (await conn.execute(select(*counted).where(c.ticket_id == ticket.id))).one()
    return LinksOfTicket(row[0], int(row[1]), row[2], row[3], int(row[4])) if row[0] else None


async def _version(conn: AsyncConnection, ticket: Ticket) -> VersionOfClassifier | None:
    c = classifier_versions.c
    its = classifier_versions.join(tickets, tickets.c.classifier_version == c.id)
    row = (
        await conn.execute(select(c.id, c.applied_at).select_from(its).where(tickets.c.id == ticket.id))
    ).one_or_none()
    return VersionOfClassifier(row.id, row.applied_at) if row else None
