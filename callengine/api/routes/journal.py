"""The journal: lists of tickets, their counts, saved filters, exports; each within the reader's scope."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from callengine.access.model import TICKETS
from callengine.api import journal_lines
from callengine.api.core import Ask, Routes, clear, opaque
from callengine.api.language import language_of
from callengine.api.problems import Invalid
from callengine.api.queries import TicketsFilter, TicketsList
from callengine.api.schemas import Page, SavedFilter, SavedFilterBody, TicketCounts, TicketRow
from callengine.tickets.listing import JournalFilter, Sort
from callengine.tickets.listing import SavedFilter as Kept
from callengine.tickets.model import Status, Urgency

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
    asked = {id: filter_of(_parsed(one.filter), now, zone) for id, one in saved.items()}
    found = {
        name: journal_lines.count(one) for name, one in (await ask.services.journal.counts(ask.who, asked)).items()
    }
    own = {name: found.pop(name) for name in saved}
    return TicketCounts(**found, filters=own)


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


def filter_of(asked: TicketsFilter, now: datetime, zone: ZoneInfo) -> JournalFilter:
    """Raises Invalid for a status or an urgency that there is not."""
    since = asked.from_
    if asked.days is not None:
        today = now.astimezone(zone).date()
        since = datetime.combine(today - timedelta(days=asked.days - 1), time(), zone)
    return JournalFilter(
        q=asked.q,
        status=_known("status", asked.status, {*Status, "open"}),
        urgency=_known("urgency", asked.urgency, set(Urgency)),
        accident=asked.accident,
        paid=asked.paid,
        overdue=asked.overdue,
        late=asked.late,
        unassigned=asked.unassigned,
        organisation_id=asked.organisation_id,
        house_id=asked.house_id,
        district=asked.district or None,
        executor_id=asked.executor_id,
        classifier=asked.classifier,
        mark=tuple(int(mark) for mark in asked.mark.split(",") if mark),
        since=since,
        until=asked.to,
    )


def _known(name: str, written: str, words: set[str]) -> tuple[str, ...]:
    asked = tuple(part for part in written.split(",") if part)
    for part in asked:
        if part not in words:
            raise Invalid([{"parameter": name, "detail": f"there is no {name} {part!r}: {', '.join(sorted(words))}"}])
    return asked


def parsed(written: Mapping[str, str]) -> TicketsFilter:
    """A filter that was written as the parameters of GET /tickets. Raises Invalid with a pointer into `filter`."""
    try:
        return TicketsFilter.model_validate(written)
    except ValidationError as error:
        raise Invalid([{"pointer": f"#/filter/{e['loc'][0]}", "detail": e["msg"]} for e in error.errors()]) from None


def _parsed(written: Mapping[str, str]) -> TicketsFilter:
    """A kept one, perhaps of an older release: what it no longer knows narrows nothing."""
    try:
        return TicketsFilter.model_validate({name: v for name, v in written.items() if name in _PARAMETERS})
    except ValidationError:
        return TicketsFilter()


_PARAMETERS = {field.alias or name for name, field in TicketsFilter.model_fields.items()}


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
