"""What a resident reaches by his link, without signing in."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from callengine.api import meter_shapes, render
from callengine.api.core import Ask, Routes, given_key
from callengine.api.routes.files import send
from callengine.api.schemas import FeedbackBody, ResidentComment, ResidentTicket, ResidentWay
from callengine.tickets.links import Feedback, ResidentView

routes = Routes("public")


def _remote(ask: Ask[Any, Any]) -> str:
    return ask.request.remote or ""


def _shown(ask: Ask[Any, Any], found: ResidentView) -> ResidentTicket:
    return render.resident_ticket(found, ask.services.clock.now(), ask.services.notices.ways)


@routes.get("/public/tickets/{token}", roles=None, summary="A resident's ticket, by his link")
async def get_resident_ticket(ask: Ask[None, None]) -> ResidentTicket:
    found = await ask.services.links.view(ask.path["token"], _remote(ask))
    return _shown(ask, found)


@routes.get("/public/tickets/{token}/files/{id:int}", roles=None, summary="A public file of it", media="*/*")
async def get_resident_file(ask: Ask[None, None]) -> web.StreamResponse:
    found = await ask.services.links.file(ask.path["token"], ask.id, _remote(ask))
    return send(ask.services.files, found)


@routes.get("/public/tickets/{token}/files/{id:int}/thumbnail", roles=None, summary="Its thumbnail", media="image/jpeg")
async def get_resident_thumbnail(ask: Ask[None, None]) -> web.StreamResponse:
    found = await ask.services.links.file(ask.path["token"], ask.id, _remote(ask))
    return send(ask.services.files, found, thumbnail=True)


@routes.post(
    "/public/tickets/{token}/feedback", roles=None, summary="The resident's mark; the engine makes the move after it"
)
async def give_feedback(ask: Ask[FeedbackBody, None]) -> ResidentTicket:
    given = Feedback(ask.body.mark, ask.body.not_done, ask.body.text)
    found = await ask.services.links.feedback(ask.path["token"], given, _remote(ask))
    return _shown(ask, found)


@routes.post("/public/tickets/{token}/comments", roles=None, summary="The resident's word on his ticket")
async def add_resident_comment(ask: Ask[ResidentComment, None]) -> ResidentTicket:
    found = await ask.services.links.comment(ask.path["token"], ask.body.text, _remote(ask), given_key(ask))
    return _shown(ask, found)


@routes.put("/public/tickets/{token}/notify", roles=None, summary="How the resident wants to be told of it")
async def change_resident_way(ask: Ask[ResidentWay, None]) -> ResidentTicket:
    found = await ask.services.links.way(ask.path["token"], ask.body.notify, ask.body.email, _remote(ask))
    return _shown(ask, found)


@routes.get("/public/tickets/{token}/meters", roles=None, summary="The resident's meters, and what they may show now")
async def get_resident_meters(ask: Ask[None, None]) -> meter_shapes.ResidentMeters:
    return meter_shapes.resident_meters(await ask.services.by_link.view(ask.path["token"], _remote(ask)))


@routes.post(
    "/public/tickets/{token}/meters/{id:int}/readings",
    roles=None,
    summary="He hands a reading in; 409 reading-doubted asks him again, readings-closed says on which days",
    status=201,
    idempotent=True,
)
async def hand_in_reading(ask: Ask[meter_shapes.ResidentReading, None]) -> meter_shapes.ResidentMeterReading:
    form = ask.body
    written = await ask.services.by_link.hand_in(
        ask.path["token"], ask.id, form.value, _remote(ask), key=given_key(ask), confirmed=form.confirmed
    )
    return meter_shapes.resident_reading(written)
