"""Calls: the journal, the live ones, dialling and control."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import timedelta

from aiohttp import web

from callengine.access.model import DESK, LEADERS, MANAGER
from callengine.api import export, render
from callengine.api.core import Ask, Routes, clear, opaque
from callengine.api.dialling import place_call
from callengine.api.queries import Between, CallsFilter, CallsList
from callengine.api.schemas import (
    Call,
    CallDetail,
    CallTotals,
    Dial,
    Dialled,
    HoldCall,
    OrganisationReach,
    Page,
    Transfer,
)
from callengine.calls.model import CallFilter
from callengine.errors import Refused

routes = Routes("calls")
EXPORT_PAGE = 200


def _filter(ask: Ask[None, CallsList] | Ask[None, CallsFilter]) -> CallFilter:
    asked = ask.query
    return CallFilter(
        number=ask.services.views.number(asked.number).value if asked.number else None,
        state=asked.state or None,
        outcome=asked.outcome or None,
        direction=asked.direction or None,
        operator=asked.operator or None,
        house_id=asked.house_id,
        recording=asked.recording or None,
        robot=asked.robot,
        since=asked.from_,
        until=asked.to,
        q=asked.q or None,
    )


@routes.get("/calls", roles=DESK, summary="The journal, newest first")
async def list_calls(ask: Ask[None, CallsList]) -> Page[Call]:
    asked = ask.query
    found, cursor = await ask.services.calls.find(_filter(ask), limit=asked.limit, cursor=clear(asked.cursor))
    return Page(items=await ask.services.views.calls(found), next=opaque(cursor))


@routes.get("/calls/totals", roles=DESK, summary="Counts of the same filter")
async def get_call_totals(ask: Ask[None, CallsFilter]) -> CallTotals:
    totals = await ask.services.calls.totals(_filter(ask))
    return CallTotals(
        calls=totals.calls, missed=totals.missed, conversations=totals.conversations, recorded=totals.recorded
    )


@routes.get("/calls.csv", roles=DESK, summary="The same filter as CSV; the export is logged", media="text/csv")
async def export_calls(ask: Ask[None, CallsFilter]) -> web.StreamResponse:
    await ask.services.access.log_reading(ask.who, "export", f"calls?{ask.request.query_string}"[:500])
    return await export.stream(ask.request, "calls.csv", export.CALL_COLUMNS, _pages(ask))


async def _pages(ask: Ask[None, CallsFilter]) -> AsyncIterator[Iterable[Sequence[object]]]:
    wanted, cursor = _filter(ask), None
    while True:
        found, cursor = await ask.services.calls.find(wanted, limit=EXPORT_PAGE, cursor=cursor)
        yield [export.call_row(call) for call in await ask.services.views.calls(found)]
        if cursor is None:
            return


@routes.get("/calls/live", roles=DESK, summary="Calls that have not ended")
async def list_live_calls(ask: Ask[None, None]) -> Page[Call]:
    return Page(items=await ask.services.views.calls(await ask.services.calls.live()))


@routes.get("/calls/{id:int}", roles=DESK, summary="One call with its offers and talks")
async def get_call(ask: Ask[None, None]) -> CallDetail:
    return await ask.services.views.call(await ask.services.calls.get(ask.id))


@routes.get(
    "/organisations/reach",
    roles=LEADERS | {MANAGER},
    summary="Which organisation answers when the desk calls it; for a manager, his own. Without a period: 30 days",
)
async def list_reach(ask: Ask[None, Between]) -> Page[OrganisationReach]:
    until = ask.query.to or ask.services.clock.now()
    since = ask.query.from_ or until - timedelta(days=30)
    known = [one for one in await ask.services.directory.organisations() if one.active]
    if ask.who.role == MANAGER:
        known = [one for one in known if one.id == ask.who.organisation_id]
    found = await ask.services.reach.of(known, since, until)
    return Page(items=[render.reach(one) for one in found], next=None)


@routes.post("/calls", roles=DESK, summary="Click to call; never dials twice", status=202, idempotent=True)
async def dial(ask: Ask[Dial, None]) -> Dialled:
    return await place_call(ask)


@routes.post("/calls/{id:int}/answer", roles=DESK, summary="Answer on my own phone, where the PBX can")
async def answer_call(ask: Ask[None, None]) -> None:
    if not ask.who.extension:
        raise Refused("you have no phone: ask the administrator for an extension")
    await ask.services.calls.get(ask.id)
    await ask.services.phone.answer(ask.id, ask.who.extension)


@routes.post("/calls/{id:int}/hangup", roles=DESK, summary="Hang up")
async def hang_up_call(ask: Ask[None, None]) -> None:
    await ask.services.calls.get(ask.id)
    await ask.services.phone.hang_up(ask.id)


@routes.post("/calls/{id:int}/transfer", roles=DESK, summary="Transfer: warm (consulted) or blind")
async def transfer_call(ask: Ask[Transfer, None]) -> None:
    found = await ask.services.calls.get(ask.id)
    if ask.body.warm:
        await ask.services.handovers.begin(found, ask.body.to, ask.who)
    else:
        await ask.services.phone.transfer(ask.id, ask.body.to)
        await ask.services.handovers.sent_blind(found, ask.body.to, ask.who)


@routes.post("/calls/{id:int}/transfer/complete", roles=DESK, summary="Warm transfer: join the two and leave them")
async def complete_transfer(ask: Ask[None, None]) -> None:
    await ask.services.handovers.complete(await ask.services.calls.get(ask.id), ask.who)


@routes.post("/calls/{id:int}/transfer/cancel", roles=DESK, summary="Warm transfer: take the resident back")
async def cancel_transfer(ask: Ask[None, None]) -> None:
    await ask.services.handovers.cancel(await ask.services.calls.get(ask.id), ask.who)


@routes.post("/calls/{id:int}/transfer/join", roles=DESK, summary="Warm transfer: all three together")
async def join_transfer(ask: Ask[None, None]) -> None:
    await ask.services.handovers.join(await ask.services.calls.get(ask.id), ask.who)


@routes.post("/calls/{id:int}/hold", roles=DESK, summary="Put the other side on hold, or take it back; only who talks")
async def hold_call(ask: Ask[HoldCall, None]) -> None:
    found = await ask.services.calls.get(ask.id)
    if not ask.who.extension or found.call.operator != ask.who.extension:
        raise Refused("only who talks in this call can put it on hold")
    await ask.services.phone.hold(ask.id, on=ask.body.hold)
