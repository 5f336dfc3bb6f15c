"""Residents, houses, organisations and staff."""

from __future__ import annotations

from callengine.access.model import DESK
from callengine.api import render
from callengine.api.core import Ask, Routes
from callengine.api.queries import Find
from callengine.api.schemas import House, NoteBody, OpenTicket, Organisation, Page, Person, StaffMember, TagNote

routes = Routes("directory")


@routes.get("/people", roles=DESK, summary="Search residents by name, number or address")
async def list_people(ask: Ask[None, Find]) -> Page[Person]:
    found = await ask.services.directory.people(ask.query.q, limit=ask.query.limit)
    if found:
        await ask.services.access.log_reading(ask.who, "card", f"search:{ask.query.q}")
    return Page(items=[render.person(person) for person in found])


@routes.get("/people/{id:int}", roles=DESK, summary="One resident; the reading is logged")
async def get_person(ask: Ask[None, None]) -> Person:
    return render.person(await ask.services.directory.person(ask.id, ask.who, why="card"))


@routes.post("/people/{id:int}/notes", roles=DESK, summary="Add a note", status=201)
async def add_note(ask: Ask[NoteBody, None]) -> TagNote:
    note = await ask.services.directory.add_note(ask.id, ask.body.text, ask.who, expires_at=ask.body.expires_at)
    return render.note(note)


@routes.delete("/people/{id:int}/notes/{note_id:int}", roles=DESK, summary="Remove a note")
async def remove_note(ask: Ask[None, None]) -> None:
    await ask.services.directory.remove_note(ask.id, int(ask.path["note_id"]))


@routes.get("/houses", roles=DESK, summary="Search houses by address")
async def list_houses(ask: Ask[None, Find]) -> Page[House]:
    found = await ask.services.directory.houses(ask.query.q, limit=ask.query.limit)
    return Page(items=[render.house(hit.house) for hit in found])


@routes.get("/houses/{id:int}", roles=DESK, summary="One house")
async def get_house(ask: Ask[None, None]) -> House:
    return render.house((await ask.services.directory.house(ask.id)).house)


@routes.get("/houses/{id:int}/tickets", roles=DESK, summary="Open tickets of a house")
async def list_house_tickets(ask: Ask[None, None]) -> Page[OpenTicket]:
    await ask.services.directory.house(ask.id)
    found, now = await ask.services.tickets.open_tickets(house_id=ask.id), ask.services.clock.now()
    return Page(items=[render.open_ticket(ticket, now) for ticket in found])


@routes.get("/organisations", roles=DESK, summary="All organisations")
async def list_organisations(ask: Ask[None, None]) -> Page[Organisation]:
    return Page(items=[render.organisation(one) for one in await ask.services.directory.organisations()])


@routes.get("/staff", roles=DESK, summary="All staff with their states")
async def list_staff(ask: Ask[None, None]) -> Page[StaffMember]:
    return Page(items=[render.staff_member(member) for member in await ask.services.access.members()])
