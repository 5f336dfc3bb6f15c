"""Residents, houses and organisations; mergings; imports of CSV with a preview."""

from __future__ import annotations

from typing import Any

from callengine.access.model import ADMINISTRATOR, DESK, LEADERS
from callengine.api import directory_shapes as shapes
from callengine.api import render, uploads
from callengine.api.core import Ask, Routes, clear, opaque
from callengine.api.queries import Cursor, Find, Limit, Query, Words
from callengine.api.schemas import House, NoteBody, OpenTicket, Organisation, Page, Person, TagNote
from callengine.directory.imports import FILE_KINDS, columns
from callengine.directory.model import Person as KnownPerson

routes = Routes("directory")


class Behind(Query):
    """`premise` asks for one flat; empty is the whole house."""

    premise: Words = ""
    limit: Limit = 200
    cursor: Cursor = ""


class Apply(Query):
    """`apply` false shows what the file would change, and writes nothing."""

    apply: bool = False


class Most(Query):
    limit: Limit = 50


# --- people ---------------------------------------------------------------------------------------------


@routes.get("/people", roles=DESK, summary="Search residents by name, number or address")
async def list_people(ask: Ask[None, Find]) -> Page[Person]:
    found = await ask.services.directory.people(ask.query.q, limit=ask.query.limit)
    if found:
        await ask.services.access.log_reading(ask.who, "card", f"search:{ask.query.q}")
    return Page(items=[render.person(person) for person in found])


@routes.get("/people/duplicates", roles=DESK, summary="Cards that may be one person's: same number, or name and house")
async def list_duplicates(ask: Ask[None, Most]) -> Page[shapes.DuplicatesView]:
    found = await ask.services.merges.duplicates(ask.query.limit)
    if found:
        await ask.services.access.log_reading(ask.who, "card", "duplicates", "likely duplicates")
    return Page(items=[shapes.duplicates(one) for one in found])


@routes.get("/people/{id:int}", roles=DESK, summary="One resident, or whom his card leads to; the reading is logged")
async def get_person(ask: Ask[None, None]) -> shapes.PersonCard:
    return await _card(ask, await ask.services.directory.person(ask.id, ask.who, why="card"), ask.id)


@routes.post("/people", roles=DESK, summary="Make a card; 409 tells who is alike", status=201)
async def add_person(ask: Ask[shapes.PersonForm, None]) -> shapes.PersonCard:
    person = await ask.services.residents.create(shapes.person_form(ask.body), ask.who)
    return await _card(ask, person, person.id)


@routes.put("/people/{id:int}", roles=DESK, summary="Write a card; 409 when it changed since, or tells who is alike")
async def put_person(ask: Ask[shapes.PersonForm, None]) -> shapes.PersonCard:
    return await _card(ask, await ask.services.residents.change(ask.id, shapes.person_form(ask.body), ask.who), ask.id)


async def _card(ask: Ask[Any, None], person: KnownPerson, asked: int) -> shapes.PersonCard:
    now, open_tickets = ask.services.clock.now(), {}
    for number in person.numbers:
        for ticket in await ask.services.tickets.open_tickets(number=ask.services.views.number(number), limit=10):
            open_tickets[ticket.number] = render.open_ticket(ticket, now)
    return shapes.person_card(person, asked, await ask.services.merges.of(person.id), list(open_tickets.values()))


@routes.post("/people/{id:int}/merge", roles=DESK, summary="Merge a duplicate into this card; see /merges/{id}/undo")
async def merge_people(ask: Ask[shapes.MergeForm, None]) -> shapes.MergeView:
    """409 when one of the cards was merged meanwhile."""
    return shapes.merge(await ask.services.merges.merge(ask.id, ask.body.other, ask.who))


@routes.post("/merges/{id:int}/undo", roles=DESK, summary="Two cards again: exactly what went over goes back")
async def undo_merge(ask: Ask[None, None]) -> shapes.MergeView:
    """409 when it is undone already, or names the later merging that goes first."""
    return shapes.merge(await ask.services.merges.undo(ask.id, ask.who))


@routes.post("/people/{id:int}/notes", roles=DESK, summary="Add a note or a tag", status=201)
async def add_note(ask: Ask[NoteBody, None]) -> TagNote:
    body = ask.body
    note = await ask.services.directory.add_note(ask.id, body.text, ask.who, expires_at=body.expires_at, kind=body.kind)
    return render.note(note)


@routes.delete("/people/{id:int}/notes/{note_id:int}", roles=DESK, summary="Remove a note or a tag")
async def remove_note(ask: Ask[None, None]) -> None:
    await ask.services.directory.remove_note(ask.id, int(ask.path["note_id"]))


@routes.post("/people/{id:int}/notes/{note_id:int}/restore", roles=DESK, summary="Bring back a note that was removed")
async def restore_note(ask: Ask[None, None]) -> TagNote:
    return render.note(await ask.services.directory.restore_note(ask.id, int(ask.path["note_id"])))


# --- houses ---------------------------------------------------------------------------------------------


@routes.get("/houses", roles=DESK, summary="Search houses by address, also by a former one")
async def list_houses(ask: Ask[None, Find]) -> Page[House]:
    found = await ask.services.directory.houses(ask.query.q, limit=ask.query.limit)
    return Page(items=[render.house(hit.house) for hit in found])


@routes.get("/houses/{id:int}", roles=DESK, summary="One house: doors, former names, who serves it, what is open")
async def get_house(ask: Ask[None, None]) -> shapes.HouseCard:
    return await _house(ask, ask.id)


@routes.post("/houses", roles=LEADERS, summary="Add a house", status=201)
async def add_house(ask: Ask[shapes.HouseForm, None]) -> shapes.HouseCard:
    return await _house(ask, (await ask.services.houses.create(shapes.house_form(ask.body))).id)


@routes.put("/houses/{id:int}", roles=LEADERS, summary="Write a house; a former name stays findable")
async def put_house(ask: Ask[shapes.HouseForm, None]) -> shapes.HouseCard:
    await ask.services.houses.change(ask.id, shapes.house_form(ask.body))
    return await _house(ask, ask.id)


async def _house(ask: Ask[Any, None], house_id: int) -> shapes.HouseCard:
    card, now = await ask.services.houses.card(house_id), ask.services.clock.now()
    tickets = await ask.services.tickets.open_tickets(house_id=house_id)
    return shapes.house_card(card, [render.open_ticket(ticket, now) for ticket in tickets])


@routes.get("/houses/{id:int}/residents", roles=DESK, summary="The people of a house or a flat; the reading is logged")
async def list_house_residents(ask: Ask[None, Behind]) -> Page[Person]:
    asked, cursor = ask.query, clear(ask.query.cursor)
    found, following = await ask.services.houses.residents(
        ask.id, ask.who, premise=asked.premise, limit=asked.limit, cursor=cursor
    )
    return Page(items=[render.person(person) for person in found], next=opaque(following))


@routes.get("/houses/{id:int}/tickets", roles=DESK, summary="Open tickets of a house")
async def list_house_tickets(ask: Ask[None, None]) -> Page[OpenTicket]:
    await ask.services.directory.house(ask.id)
    found, now = await ask.services.tickets.open_tickets(house_id=ask.id), ask.services.clock.now()
    return Page(items=[render.open_ticket(ticket, now) for ticket in found])


@routes.get("/organisations", roles=DESK, summary="All organisations")
async def list_organisations(ask: Ask[None, None]) -> Page[Organisation]:
    return Page(items=[render.organisation(one) for one in await ask.services.directory.organisations()])


# --- imports --------------------------------------------------------------------------------------------


@routes.get("/imports", roles=frozenset({ADMINISTRATOR}), summary="Kinds of files that can be imported, their columns")
async def list_imports(ask: Ask[None, None]) -> Page[shapes.ImportKind]:
    return Page(items=[shapes.ImportKind(kind=kind, **columns(kind)._asdict()) for kind in FILE_KINDS])


@routes.post(
    "/imports/{kind}",
    roles=frozenset({ADMINISTRATOR}),
    summary="What a CSV would change, before and after; with apply, change it",
    takes="text/csv",
)
async def import_file(ask: Ask[None, Apply]) -> shapes.ImportPlan:
    """UTF-8 with or without a mark, or cp1251; commas, semicolons or tabs. A bad row is told and left out.

    The classifier is refused: see POST /classifier/imports.
    """
    kind, dry = uploads.kind_of(ask), not ask.query.apply
    found = await ask.services.imports.import_csv(kind, uploads.csv_of(ask), dry, by=ask.who.staff_id)
    return shapes.import_plan(kind, found, applied=ask.query.apply)
