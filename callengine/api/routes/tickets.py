"""Tickets, the classifier and routing."""

from __future__ import annotations

from typing import Any

from callengine.access.model import DESK
from callengine.api import render
from callengine.api.core import Ask, Routes, clear, idempotency_key, opaque
from callengine.api.language import language_of
from callengine.api.queries import FindProblem, TicketsList
from callengine.api.schemas import ClassifierEntry, NewTicket, Page, RoutingAsk, RoutingPreview, Ticket, TicketRow
from callengine.tickets import model
from callengine.tickets.translations import entry_in, kept, ticket_in

routes = Routes("tickets")


@routes.get("/classifier", roles=DESK, summary="Search problems; what a house cannot have is marked unavailable")
async def list_classifier(ask: Ask[None, FindProblem]) -> Page[ClassifierEntry]:
    language = language_of(ask)
    found = await ask.services.tickets.classifier_search(ask.query.q, ask.query.house_id, language)
    return Page(items=[render.entry(entry_in(hit.entry, language), hit.unavailable_reason) for hit in found])


@routes.post("/routing/preview", roles=DESK, summary="Which organisation, why, and by when")
async def preview_routing(ask: Ask[RoutingAsk, None]) -> RoutingPreview:
    wanted = ask.body
    said = await ask.services.tickets.preview(wanted.classifier, wanted.house_id, wanted.at, language_of(ask))
    return render.preview(said)


@routes.get("/tickets", roles=DESK, summary="Tickets, newest first")
async def list_tickets(ask: Ask[None, TicketsList]) -> Page[TicketRow]:
    asked, now = ask.query, ask.services.clock.now()
    wanted = model.TicketFilter(
        q=asked.q,
        status=tuple(part for part in asked.status.split(",") if part),
        house_id=asked.house_id,
        since=asked.from_,
        until=asked.to,
    )
    found, cursor = await ask.services.tickets.find(wanted, limit=asked.limit, cursor=clear(asked.cursor))
    return Page(
        items=[render.ticket_row(ticket_in(ticket, language_of(ask)), now) for ticket in found], next=opaque(cursor)
    )


@routes.post("/tickets", roles=DESK, summary="A new ticket, routed, with deadlines", status=201, idempotent=True)
async def create_ticket(ask: Ask[NewTicket, None]) -> Ticket:
    form = ask.body
    applicant = model.Applicant(form.applicant.number, form.applicant.name, form.applicant.person_id)
    new = model.NewTicket(
        classifier=form.classifier,
        house_id=form.house_id,
        premise=form.premise,
        applicant=applicant,
        text=form.text,
        call_id=form.call_id,
        answers=kept(form.classifier, [model.Answer(one.question, one.answer) for one in form.answers]),
        organisation_id=form.organisation_id,
        key=idempotency_key(ask),
    )
    created = await ask.services.tickets.create(new, ask.who)
    # Read anew: with its recordings, and the same for a form that was sent twice.
    return await _ticket(ask, created.number)


@routes.get("/tickets/{number}", roles=DESK, summary="One ticket with its history")
async def get_ticket(ask: Ask[None, None]) -> Ticket:
    return await _ticket(ask, ask.path["number"])


async def _ticket(ask: Ask[Any, None], number: str) -> Ticket:
    found = ticket_in(await ask.services.tickets.get(number), language_of(ask))
    return render.ticket(found, ask.services.clock.now())
