"""The journal: lists of tickets, their counts, saved filters, exports; each within the reader's scope."""

from __future__ import annotations

from typing import Any, cast
from zoneinfo import ZoneInfo

from aiohttp import web

from callengine.access.model import LEADERS, TICKETS
from callengine.api import journal_lines
from callengine.api.core import PREFIX, Ask, Routes, clear, opaque
from callengine.api.journal_filter import filter_of, kept, parsed
from callengine.api.language import language_of
from callengine.api.problems import Invalid
from callengine.api.queries import Between, TicketsList
from callengine.api.schemas import (
    Branch,
    Export,
    JournalChoices,
    Named,
    NewExport,
    Page,
    SavedFilter,
    SavedFilterBody,
    SupportFigures,
    TicketCounts,
    TicketRow,
)
from callengine.errors import Refused
from callengine.store.exports import Export as KeptExport
from callengine.tickets import columns
from callengine.tickets.exports import Wanted
from callengine.tickets.listing import SavedFilter as Kept
from callengine.tickets.listing import Sort

routes = Routes("journal")


@routes.get("/tickets", roles=TICKETS, summary="Tickets of one's scope: newest first, or by danger, or by term")
async def list_tickets(ask: Ask[None, TicketsList]) -> Page[TicketRow]:
    asked, now = ask.query, ask.services.clock.now()
    found, cursor = await ask.services.journal.page(
        filter_of(asked, now, ZoneInfo(ask.services.settings.locale.timezone)),
        ask.who,
        sort=Sort(asked.sort),
        limit=asked.limit,
        cursor=clear(asked.cursor),
        extras=asked.extras.split(","),
    )
    items = journal_lines.lines(found, now, language_of(ask))
    return Page[TicketRow].model_construct(items=items, next=opaque(cursor))


@routes.get("/tickets/counts", roles=TICKETS, summary="How many stand in each filter of the rail, counted to 1000")
async def count_tickets(ask: Ask[None, None]) -> TicketCounts:
    now, zone = ask.services.clock.now(), ZoneInfo(ask.services.settings.locale.timezone)
    saved = {str(one.id): one for one in await ask.services.filters.all(ask.who)}
    asked = {id: filter_of(kept(one.filter), now, zone) for id, one in saved.items()}
    found = {
        name: journal_lines.count(one) for name, one in (await ask.services.journal.counts(ask.who, asked)).items()
    }
    own = {name: found.pop(name) for name in saved}
    return TicketCounts(**found, filters=own)


@routes.get("/tickets/support", roles=LEADERS, summary="A period by the four levels of support, and interim answers")
async def get_support(ask: Ask[None, Between]) -> SupportFigures:
    since, until = ask.query.from_, ask.query.to or ask.services.clock.now()
    if since is None:
        raise Refused("say since when", pointer="/from")
    found = await ask.services.support.figures(since, until)
    return SupportFigures.model_validate(found, from_attributes=True)


@routes.get("/tickets/choices", roles=TICKETS, summary="Organisations, sections, executors, branches to narrow by")
async def list_choices(ask: Ask[None, None]) -> JournalChoices:
    found = await ask.services.journal.choices(ask.who)
    return JournalChoices(
        organisations=[Named(id=id, name=name) for id, name in found.organisations],
        districts=found.districts,
        executors=[Named(id=id, name=name) for id, name in found.executors],
        branches=[Branch(code=code, name=name) for code, name in found.branches],
    )


@routes.get("/filters", roles=TICKETS, summary="One's own saved filters and everybody's")
async def list_filters(ask: Ask[None, None]) -> Page[SavedFilter]:
    return Page(items=[_saved(ask, one) for one in await ask.services.filters.all(ask.who)])


@routes.post("/filters", roles=TICKETS, summary="Save a filter; a supervisor's may be for everybody", status=201)
async def create_filter(ask: Ask[SavedFilterBody, None]) -> SavedFilter:
    return _saved(ask, await ask.services.filters.add(ask.who, _kept(ask.body)))


@routes.put("/filters/{id:int}", roles=TICKETS, summary="Rename it, change what it narrows by, its columns, its place")
async def change_filter(ask: Ask[SavedFilterBody, None]) -> SavedFilter:
    return _saved(ask, await ask.services.filters.change(ask.who, ask.id, _kept(ask.body)))


@routes.delete("/filters/{id:int}", roles=TICKETS, summary="Delete it; it can be brought back")
async def delete_filter(ask: Ask[None, None]) -> None:
    await ask.services.filters.remove(ask.who, ask.id)


@routes.post("/filters/{id:int}/restore", roles=TICKETS, summary="Bring a deleted filter back")
async def restore_filter(ask: Ask[None, None]) -> SavedFilter:
    return _saved(ask, await ask.services.filters.restore(ask.who, ask.id))


def _kept(body: SavedFilterBody) -> Kept:
    parsed(body.filter)
    shared = None if body.shared else 0
    return Kept(0, shared, body.name, dict(body.filter), tuple(body.columns), body.position)


def _saved(ask: Ask[Any, Any], one: Kept) -> SavedFilter:
    return SavedFilter(
        id=one.id,
        name=one.name,
        shared=one.shared,
        changeable=ask.services.filters.may_change(ask.who, one),
        filter=one.filter,
        columns=list(one.columns),
        position=one.position,
    )


# --- exports ----------------------------------------------------------------------------------------------

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@routes.post("/exports", roles=TICKETS, summary="Write the journal as XLSX in the background", status=201)
async def start_export(ask: Ask[NewExport, None]) -> Export:
    asked = parsed(ask.body.filter)
    filter_of(asked, ask.services.clock.now(), ZoneInfo(ask.services.settings.locale.timezone))  # mistakes are told now
    unknown = [name for name in ask.body.columns if name not in columns.COLUMNS]
    if unknown:
        raise Invalid([{"pointer": "#/columns", "detail": f"there is no column {unknown[0]!r}"}])
    wanted = Wanted(dict(ask.body.filter), Sort(asked.sort), tuple(ask.body.columns), language_of(ask))
    return _export(await ask.services.exports.start(ask.who, wanted))


@routes.get("/exports", roles=TICKETS, summary="One's own exports, newest first")
async def list_exports(ask: Ask[None, None]) -> Page[Export]:
    return Page(items=[_export(one) for one in await ask.services.exports.mine(ask.who)])


@routes.get("/exports/{id:int}", roles=TICKETS, summary="How far an export is")
async def get_export(ask: Ask[None, None]) -> Export:
    return _export(await ask.services.exports.get(ask.who, ask.id))


@routes.post("/exports/{id:int}/cancel", roles=TICKETS, summary="End an export that is not done")
async def cancel_export(ask: Ask[None, None]) -> Export:
    return _export(await ask.services.exports.cancel(ask.who, ask.id))


@routes.get("/exports/{id:int}/file", roles=TICKETS, summary="The XLSX; the download is logged", media=XLSX)
async def get_export_file(ask: Ask[None, None]) -> web.StreamResponse:
    path = await ask.services.exports.file(ask.who, ask.id)
    if ask.request.method != "HEAD":
        await ask.services.access.log_reading(ask.who, "export", f"export:{ask.id}", "tickets as XLSX")
    name = f"tickets-{ask.id}.xlsx"
    headers = {"Content-Type": XLSX, "Content-Disposition": f'attachment; filename="{name}"'}
    return web.FileResponse(path, headers=headers)


def _export(one: KeptExport) -> Export:
    return Export(
        id=one.id,
        state=cast(Any, one.state),
        rows_done=one.rows_done,
        rows_total=one.rows_total,
        problem=one.problem,
        created_at=one.created_at,
        finished_at=one.finished_at,
        delete_after=one.delete_after,
        file=f"{PREFIX}/exports/{one.id}/file" if one.path else None,
    )
