"""Residents, houses, organisations and staff."""

from __future__ import annotations

from callengine.access.model import DESK
from callengine.api.core import Ask, Routes
from callengine.api.queries import Find
from callengine.api.schemas import House, NoteBody, OpenTicket, Organisation, Page, Person, StaffMember, TagNote

routes = Routes("directory")


@routes.get("/people", roles=DESK, summary="Search residents by name, number or address")
async def list_people(ask: Ask[None, Find]) -> Page[Person]:
    raise NotImplementedError


@routes.get("/people/{id:int}", roles=DESK, summary="One resident")
async def get_person(ask: Ask[None, None]) -> Person:
    raise NotImplementedError


@routes.post("/people/{id:int}/notes", roles=DESK, summary="Add a note", status=201)
async def add_note(ask: Ask[NoteBody, None]) -> TagNote:
    raise NotImplementedError


@routes.delete("/people/{id:int}/notes/{note_id:int}", roles=DESK, summary="Remove a note")
async def remove_note(ask: Ask[None, None]) -> None:
    raise NotImplementedError


@routes.get("/houses", roles=DESK, summary="Search houses by address")
async def list_houses(ask: Ask[None, Find]) -> Page[House]:
    raise NotImplementedError


@routes.get("/houses/{id:int}", roles=DESK, summary="One house")
async def get_house(ask: Ask[None, None]) -> House:
    raise NotImplementedError


@routes.get("/houses/{id:int}/tickets", roles=DESK, summary="Open tickets of a house")
async def list_house_tickets(ask: Ask[None, None]) -> Page[OpenTicket]:
    raise NotImplementedError


@routes.get("/organisations", roles=DESK, summary="All organisations")
async def list_organisations(ask: Ask[None, None]) -> Page[Organisation]:
    raise NotImplementedError


@routes.get("/staff", roles=DESK, summary="All staff with their states")
async def list_staff(ask: Ask[None, None]) -> Page[StaffMember]:
    raise NotImplementedError
