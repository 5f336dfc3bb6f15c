"""Tickets, the classifier and routing."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar, cast

from callengine.access.model import DESK, EXECUTOR, MANAGER, TICKETS
from callengine.api import render, ticket_pages
from callengine.api.classifier_shapes import ClassifierProblem, problem
from callengine.api.core import Ask, Routes, idempotency_key
from callengine.api.language import language_of
from callengine.api.queries import FindProblem
from callengine.api.schemas import (
    NewTicket,
    NotifyWay,
    OrganisationLoad,
    Page,
    RoutingAsk,
    RoutingPreview,
    Ticket,
    TicketComment,
    TicketMove,
    WaysThere,
)
from callengine.errors import NotFound, Refused
from callengine.store.ticket_pages import TicketPage
from callengine.tickets import model
from callengine.tickets.clocks import Periods
from callengine.tickets.effects import Asked
from callengine.tickets.lifecycle import Move
from callengine.tickets.translations import entry_in, kept
from callengine.tickets.visibility import NOTHING, scope_of

routes = Routes("tickets")
MOVERS = DESK | {MANAGER, EXECUTOR}
Key = TypeVar("Key", bound=StrEnum)


@routes.get("/classifier", roles=DESK, summary="Search problems; what a house cannot have is marked unavailable")
async def list_classifier(ask: Ask[None, FindProblem]) -> Page[ClassifierProblem]:
    language = language_of(ask)
    found = await ask.services.tickets.classifier_search(ask.query.q, ask.query.house_id, language)
    lean = [render.entry(entry_in(hit.entry, language), hit.unavailable_reason) for hit in found]
    return Page(items=[problem(hit.entry, one) for hit, one in zip(found, lean, strict=True)])


@routes.post("/routing/preview", roles=DESK, summary="Which organisation, why, and by when")
async def preview_routing(ask: Ask[RoutingAsk, None]) -> RoutingPreview:
    wanted, language = ask.body, language_of(ask)
    form = model.NewTicket(
        wanted.classifier,
        wanted.house_id,
        answers=kept(wanted.classifier, (model.Answer(one.question, one.answer) for one in wanted.answers)),
        organisation_id=wanted.organisation_id,
        damage_at=wanted.damage_at,
        paid=wanted.paid,
        district=wanted.district,
        conditions=dict(wanted.conditions),
    )
    said = await ask.services.tickets.preview(wanted.classifier, wanted.house_id, wanted.at, language, form=form)
    return render.preview(said, language)


@routes.post("/tickets", roles=DESK, summary="A new ticket, routed, with deadlines", status=201, idempotent=True)
async def create_ticket(ask: Ask[NewTicket, None]) -> Ticket:
    form = ask.body
    his = form.applicant
    applicant = model.Applicant(his.number, his.name, his.person_id, his.notify, his.email)
    new = model.NewTicket(
        classifier=form.classifier,
        house_id=form.house_id,
        premise=form.premise,
        place=form.place,
        district=form.district,
        applicant=applicant,
        text=form.text,
        call_id=form.call_id,
        answers=kept(form.classifier, [model.Answer(one.question, one.answer) for one in form.answers]),
        organisation_id=form.organisation_id,
        damage_at=form.damage_at,
        conditions=dict(form.conditions),
        paid=form.paid,
        parent=form.parent,
        cabinet=form.cabinet,
        anonymous=form.anonymous,
        key=idempotency_key(ask),
    )
    created = await ask.services.tickets.create(new, ask.who)
    # Read anew: with its recordings, and the same for a form that was sent twice.
    return await _ticket(ask, created.number)


@routes.get("/tickets/{number}", roles=TICKETS, summary="One ticket with its history; outside the desk it is logged")
async def get_ticket(ask: Ask[None, None]) -> Ticket:
    return await _ticket(ask, ask.path["number"])


@routes.post(
    "/tickets/{number}/moves",
    roles=MOVERS,
    summary="Move a ticket on; 409 says who was first, 422 what is missing",
    idempotent=True,
)
async def move_ticket(ask: Ask[TicketMove, None]) -> Ticket:
    it = ask.body
    asked = Asked(
        move=_one_of(Move, it.move, "/move"),
        reason=it.reason,
        organisation_id=it.organisation_id,
        executor_id=it.executor_id,
        until=it.until,
        mark=it.mark,
        not_done=it.not_done,
        status=_one_of(model.Status, it.status, "/status") if it.status else None,
        classifier=it.classifier,
        house_id=it.house_id,
        premise=it.premise,
        place=it.place,
        version=it.version,
        key=idempotency_key(ask),
    )
    moved = await ask.services.moves.move(ask.path["number"], ask.who, asked)
    return await _after(ask, moved)


@routes.post(
    "/tickets/{number}/comments",
    roles=MOVERS,
    summary="Write a comment: internal, or public for the applicant too",
    idempotent=True,
)
async def comment_ticket(ask: Ask[TicketComment, None]) -> Ticket:
    number, it = ask.path["number"], ask.body
    written = await ask.services.moves.comment(number, ask.who, it.text, public=it.public, key=idempotency_key(ask))
    return await _after(ask, written)


@routes.put("/tickets/{number}/notify", roles=DESK, summary="How its applicant is told of it, and his e-mail address")
async def change_way(ask: Ask[NotifyWay, None]) -> Ticket:
    await ask.services.ways.change(ask.path["number"], ask.body.notify, ask.body.email, ask.who)
    return await _ticket(ask, ask.path["number"])


@routes.get("/notify/ways", roles=DESK, summary="The ways that this service can tell an applicant by")
async def list_ways(ask: Ask[None, None]) -> WaysThere:
    return WaysThere(ways=cast(Any, ask.services.notices.ways))


@routes.get(
    "/organisations/{id:int}/load",
    roles=DESK | {MANAGER},
    summary="Open tickets of an organisation by executor and status; late and stalled ones",
)
async def get_load(ask: Ask[None, None]) -> OrganisationLoad:
    return ticket_pages.load(await ask.services.moves.load(ask.id, ask.who))


def _one_of(kind: type[Key], word: str, pointer: str) -> Key:
    try:
        return kind(word)
    except ValueError:
        raise Refused(f"write one of {', '.join(kind)}", pointer=pointer) from None


async def _after(ask: Ask[Any, None], ticket: model.Ticket) -> Ticket:
    """The ticket after somebody's act.

    It may have left his sight with it: then he gets it once more as one to whom it is nobody's, names and numbers
    masked, without the internal lines and without a button.
    """
    try:
        return await _shown(ask, ticket.number)
    except NotFound:
        return ticket_pages.whole(TicketPage(ticket), (), NOTHING, ask.services.clock, _periods(ask), language_of(ask))


async def _ticket(ask: Ask[Any, None], number: str) -> Ticket:
    said = await _shown(ask, number)
    if ask.who.role not in DESK:
        await ask.services.access.log_reading(ask.who, "ticket", said.number)
    return said


async def _shown(ask: Ask[Any, None], number: str) -> Ticket:
    page, offers = await ask.services.moves.read(number, ask.who)
    scope = scope_of(ask.who)
    return ticket_pages.whole(page, offers, scope, ask.services.clock, _periods(ask), language_of(ask))


def _periods(ask: Ask[Any, None]) -> Periods:
    return ask.services.moves.periods
