"""Tickets, the classifier and routing."""

from __future__ import annotations

from callengine.access.model import DESK
from callengine.api.core import Ask, Routes
from callengine.api.queries import FindProblem, TicketsList
from callengine.api.schemas import ClassifierEntry, NewTicket, Page, RoutingAsk, RoutingPreview, Ticket, TicketRow

routes = Routes("tickets")


@routes.get("/classifier", roles=DESK, summary="Search problems; what a house cannot have is marked unavailable")
async def list_classifier(ask: Ask[None, FindProblem]) -> Page[ClassifierEntry]:
    raise NotImplementedError


@routes.post("/routing/preview", roles=DESK, summary="Which organisation, why, and by when")
async def preview_routing(ask: Ask[RoutingAsk, None]) -> RoutingPreview:
    raise NotImplementedError


@routes.get("/tickets", roles=DESK, summary="Tickets, newest first")
async def list_tickets(ask: Ask[None, TicketsList]) -> Page[TicketRow]:
    raise NotImplementedError


@routes.post("/tickets", roles=DESK, summary="A new ticket, routed, with deadlines", status=201, idempotent=True)
async def create_ticket(ask: Ask[NewTicket, None]) -> Ticket:
    raise NotImplementedError


@routes.get("/tickets/{number}", roles=DESK, summary="One ticket with its history")
async def get_ticket(ask: Ask[None, None]) -> Ticket:
    raise NotImplementedError
