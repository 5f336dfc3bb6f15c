"""Staff, shifts, and the log of who read personal data."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from aiohttp import web

from callengine.access.model import DESK, LEADERS, MANAGER
from callengine.api import directory_shapes as shapes
from callengine.api import export
from callengine.api.core import Ask, Routes, clear, opaque
from callengine.api.queries import Between, Listed, Words
from callengine.api.schemas import Id, Page
from callengine.store.readings import ReadingFilter

routes = Routes("staff")
KEEPERS = LEADERS | {MANAGER}
EVERYBODY = DESK | {MANAGER}
READING_COLUMNS = ("at", "who", "what", "subject", "title", "why")


class ShiftsFilter(Between):
    """From now on for two weeks, unless told otherwise."""

    staff_id: Id | None = None


class ReadingsFilter(Between):
    """`subject` is a whole one (person:12, house:3, a number) or its beginning."""

    staff_id: Id | None = None
    what: Words = ""
    subject: Words = ""
    why: Words = ""


class ReadingsList(ReadingsFilter, Listed):
    pass


@routes.get("/staff", roles=EVERYBODY, summary="All staff with their states; for a manager, his organisation's")
async def list_staff(ask: Ask[None, None]) -> Page[shapes.StaffCard]:
    return Page(items=[shapes.staff_card(one) for one in await ask.services.staff.cards(ask.who)])


@routes.post("/staff", roles=KEEPERS, summary="Add a colleague; a manager, an executor of his own", status=201)
async def add_staff(ask: Ask[shapes.StaffForm, None]) -> shapes.StaffSaved:
    return shapes.staff_saved(await ask.services.staff.create(shapes.staff_form(ask.body), ask.who))


@routes.put("/staff/{id:int}", roles=KEEPERS, summary="Write a colleague; who is deactivated gives his tickets back")
async def put_staff(ask: Ask[shapes.StaffForm, None]) -> shapes.StaffSaved:
    return shapes.staff_saved(await ask.services.staff.change(ask.id, shapes.staff_form(ask.body), ask.who))


@routes.get("/shifts", roles=EVERYBODY, summary="Shifts that touch a stretch of time")
async def list_shifts(ask: Ask[None, ShiftsFilter]) -> Page[shapes.ShiftView]:
    since = ask.query.from_ or ask.services.clock.now()
    until = ask.query.to or since + timedelta(days=14)
    found = await ask.services.staff.shifts(since, until, ask.who, ask.query.staff_id)
    return Page(items=[shapes.shift(one) for one in found])


@routes.post("/shifts", roles=KEEPERS, summary="Plan a shift", status=201)
async def add_shift(ask: Ask[shapes.ShiftForm, None]) -> shapes.ShiftView:
    body = ask.body
    return shapes.shift(
        await ask.services.staff.add_shift(body.staff_id, body.begins_at, body.ends_at, body.note, ask.who)
    )


@routes.delete("/shifts/{id:int}", roles=KEEPERS, summary="Take a shift off the plan")
async def remove_shift(ask: Ask[None, None]) -> None:
    await ask.services.staff.remove_shift(ask.id, ask.who)


# --- who read what --------------------------------------------------------------------------------------


@routes.get("/readings", roles=LEADERS, summary="The log of readings of personal data, the newest first")
async def list_readings(ask: Ask[None, ReadingsList]) -> Page[shapes.ReadingView]:
    found, following = await ask.services.readings.find(
        _wanted(ask.query), limit=ask.query.limit, cursor=clear(ask.query.cursor)
    )
    return Page(items=[shapes.reading(one) for one in found], next=opaque(following))


@routes.get("/readings.csv", roles=LEADERS, summary="The same for a spreadsheet; logged itself", media="text/csv")
async def export_readings(ask: Ask[None, ReadingsFilter]) -> web.StreamResponse:
    wanted = _wanted(ask.query)
    await ask.services.access.log_reading(ask.who, "export", f"readings?{ask.request.query_string}"[:500])

    async def pages() -> AsyncIterator[Sequence[Sequence[object]]]:
        async for page in ask.services.readings.pages(wanted):
            yield [[getattr(one, name) for name in READING_COLUMNS] for one in page]

    return await export.stream(ask.request, "readings.csv", READING_COLUMNS, pages())


def _wanted(query: ReadingsFilter) -> ReadingFilter:
    return ReadingFilter(query.from_, query.to, query.staff_id, query.what, query.subject, query.why)
