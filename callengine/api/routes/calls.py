"""Calls: the journal, the live ones, dialling and control."""

from __future__ import annotations

from aiohttp import web

from callengine.access.model import DESK
from callengine.api.core import Ask, Routes
from callengine.api.queries import CallsFilter, CallsList
from callengine.api.schemas import Call, CallDetail, CallTotals, Dial, Dialled, Page, Transfer

routes = Routes("calls")


@routes.get("/calls", roles=DESK, summary="The journal, newest first")
async def list_calls(ask: Ask[None, CallsList]) -> Page[Call]:
    raise NotImplementedError


@routes.get("/calls/totals", roles=DESK, summary="Counts of the same filter")
async def get_call_totals(ask: Ask[None, CallsFilter]) -> CallTotals:
    raise NotImplementedError


@routes.get("/calls.csv", roles=DESK, summary="The same filter as CSV; the export is logged", media="text/csv")
async def export_calls(ask: Ask[None, CallsFilter]) -> web.StreamResponse:
    raise NotImplementedError


@routes.get("/calls/live", roles=DESK, summary="Calls that have not ended")
async def list_live_calls(ask: Ask[None, None]) -> Page[Call]:
    raise NotImplementedError


@routes.get("/calls/{id:int}", roles=DESK, summary="One call with its offers and talks")
async def get_call(ask: Ask[None, None]) -> CallDetail:
    raise NotImplementedError


@routes.post("/calls", roles=DESK, summary="Click to call; never dials twice", status=202, idempotent=True)
async def dial(ask: Ask[Dial, None]) -> Dialled:
    raise NotImplementedError


@routes.post("/calls/{id:int}/answer", roles=DESK, summary="Answer on my own phone, where the PBX can")
async def answer_call(ask: Ask[None, None]) -> None:
    raise NotImplementedError


@routes.post("/calls/{id:int}/hangup", roles=DESK, summary="Hang up")
async def hang_up_call(ask: Ask[None, None]) -> None:
    raise NotImplementedError


@routes.post("/calls/{id:int}/transfer", roles=DESK, summary="Blind transfer")
async def transfer_call(ask: Ask[Transfer, None]) -> None:
    raise NotImplementedError
