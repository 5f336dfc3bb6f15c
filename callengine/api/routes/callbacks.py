"""Callback duties: the open list, claims, dialling, closing, and the day's compliance."""

from __future__ import annotations

from aiohttp import web

from callengine.access.model import DESK, LEADERS
from callengine.api.core import Ask, Routes
from callengine.api.queries import CallbacksList, Day
from callengine.api.schemas import CloseDuties, CloseDuty, Compliance, Dialled, Duty, DutyDetail, Page

routes = Routes("callbacks")


@routes.get("/callbacks", roles=DESK, summary="Duties; by default those owed, the nearest first")
async def list_callbacks(ask: Ask[None, CallbacksList]) -> Page[Duty]:
    raise NotImplementedError


@routes.get("/callbacks/compliance", roles=DESK, summary="How a day's duties were kept, by both clocks")
async def get_compliance(ask: Ask[None, Day]) -> Compliance:
    raise NotImplementedError


@routes.get("/callbacks/compliance.csv", roles=DESK, summary="The same as CSV", media="text/csv")
async def export_compliance(ask: Ask[None, Day]) -> web.StreamResponse:
    raise NotImplementedError


@routes.post("/callbacks/close", roles=LEADERS, summary="Close several with one reason")
async def close_callbacks(ask: Ask[CloseDuties, None]) -> Page[Duty]:
    raise NotImplementedError


@routes.get("/callbacks/{id:int}", roles=DESK, summary="One duty with its whole history")
async def get_callback(ask: Ask[None, None]) -> DutyDetail:
    raise NotImplementedError


@routes.post("/callbacks/{id:int}/claim", roles=DESK, summary="Take a duty; 409 names who has it")
async def claim_callback(ask: Ask[None, None]) -> Duty:
    raise NotImplementedError


@routes.post("/callbacks/{id:int}/release", roles=DESK, summary="Give a duty back")
async def release_callback(ask: Ask[None, None]) -> Duty:
    raise NotImplementedError


@routes.post("/callbacks/{id:int}/dial", roles=DESK, summary="Call back; claims when free", status=202, idempotent=True)
async def dial_callback(ask: Ask[None, None]) -> Dialled:
    raise NotImplementedError


@routes.post("/callbacks/{id:int}/heard", roles=DESK, summary="The voice message was heard and considered")
async def hear_callback(ask: Ask[None, None]) -> Duty:
    raise NotImplementedError


@routes.post("/callbacks/{id:int}/close", roles=LEADERS, summary="Close with a reason")
async def close_callback(ask: Ask[CloseDuty, None]) -> Duty:
    raise NotImplementedError
