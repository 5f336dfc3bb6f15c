"""What the desk shows beside its lists: the board, one's own shift, the caller's card, search, the live push."""

from __future__ import annotations

from aiohttp import web

from callengine.access.model import DESK, TICKETS
from callengine.api.core import Ask, Routes
from callengine.api.queries import After, Find, WhichCaller
from callengine.api.schemas import Board, CallerCard, Found, Page, ShiftFigures
from callengine.errors import Refused

routes = Routes("desk")


@routes.get("/board", roles=DESK, summary="What waits, who is there, the nearest callback, the PBX links")
async def get_board(ask: Ask[None, None]) -> Board:
    return await ask.services.views.board()


@routes.get("/shift", roles=DESK, summary="My own day so far")
async def get_shift(ask: Ask[None, None]) -> ShiftFigures:
    return await ask.services.views.shift(ask.who)


@routes.get("/caller", roles=DESK, summary="All that is known of a number, every candidate; the reading is logged")
async def get_caller(ask: Ask[None, WhichCaller]) -> CallerCard:
    asked, views = ask.query, ask.services.views
    if (asked.number is None) == (asked.call_id is None):
        raise Refused("give either number or call_id")
    if asked.call_id is not None:
        found = await ask.services.calls.get(asked.call_id)
        return await views.card(found.call.number, ask.who, why=f"call {asked.call_id}")
    return await views.card(views.number(asked.number or ""), ask.who, why="asked for the number")


@routes.get("/search", roles=DESK, summary="Any number, street, ticket or person")
async def search(ask: Ask[None, Find]) -> Page[Found]:
    return Page(items=await ask.services.views.search(ask.query.q, ask.query.limit))


@routes.get("/live", roles=TICKETS, summary="WebSocket of LiveMessage; ?after=SEQ resumes", status=101)
async def live(ask: Ask[None, After]) -> web.WebSocketResponse:
    return await ask.services.live.serve(ask.request, ask.who, ask.query.after)
