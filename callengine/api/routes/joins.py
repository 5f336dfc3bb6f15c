"""A call that joins an open ticket: one more applicant in place of a new ticket."""

from __future__ import annotations

from callengine.access.model import DESK
from callengine.api.core import Ask, Routes
from callengine.api.schemas import JoinTicket, Page, TicketApplicant, TicketJoined
from callengine.tickets.join import Joined, Joining
from callengine.tickets.model import Applicant

routes = Routes("tickets")


@routes.get("/tickets/{number}/applicants", roles=DESK, summary="Who joined it after its first applicant")
async def list_applicants(ask: Ask[None, None]) -> Page[TicketJoined]:
    return Page(items=[_joined(one) for one in await ask.services.joins.of(ask.path["number"])])


@routes.post("/tickets/{number}/applicants", roles=DESK, summary="Join a call to it; who is on it gets no second place")
async def join_ticket(ask: Ask[JoinTicket, None]) -> Page[TicketJoined]:
    form, number = ask.body, ask.path["number"]
    who = Applicant(form.applicant.number, form.applicant.name, form.applicant.person_id)
    made = await ask.services.joins.join(number, Joining(who, form.premise, form.text, form.call_id), ask.who)
    return Page(items=[_joined(made)] if made else [])


@routes.delete("/tickets/{number}/applicants/{id:int}", roles=DESK, summary="Take a joining back, with its call")
async def withdraw_applicant(ask: Ask[None, None]) -> None:
    await ask.services.joins.withdraw(ask.path["number"], ask.id, ask.who)


def _joined(it: Joined) -> TicketJoined:
    who = it.applicant
    return TicketJoined(
        id=it.id,
        applicant=TicketApplicant(number=who.number, name=who.name, person_id=who.person_id),
        premise=it.premise,
        text=it.text,
        call_id=it.call_id,
        joined_at=it.joined_at,
        joined_by=it.joined_by,
    )
