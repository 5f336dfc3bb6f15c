"""Callback duties: the open list, claims, dialling, closing, and the day's compliance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from callengine.access.model import DESK, INSPECTED, LEADERS
from callengine.api import render
from callengine.api.core import Ask, Routes, clear, opaque, person_of
from callengine.api.dialling import place_callback
from callengine.api.export import compliance as compliance_csv
from callengine.api.queries import CallbacksList, Day
from callengine.api.schemas import (
    AssignDuties,
    CloseDuties,
    CloseDuty,
    Compliance,
    Dialled,
    DutiesDone,
    Duty,
    DutyDetail,
    DutyIds,
    DutyLeft,
    Page,
)
from callengine.callbacks import compliance
from callengine.callbacks.model import Done, DutyFilter
from callengine.errors import EngineError

routes = Routes("callbacks")


@routes.get("/callbacks", roles=DESK, summary="Duties; by default those owed, the nearest first")
async def list_callbacks(ask: Ask[None, CallbacksList]) -> Page[Duty]:
    asked = ask.query
    wanted = DutyFilter(
        state=None if asked.state == "all" else asked.state,
        since=asked.from_,
        until=asked.to,
        number=ask.services.views.number(asked.number).value if asked.number else None,
    )
    found, cursor = await ask.services.callbacks.find(wanted, limit=asked.limit, cursor=clear(asked.cursor))
    return Page(items=await ask.services.views.duties(found), next=opaque(cursor))


@routes.get("/callbacks/compliance", roles=INSPECTED, summary="How a day's duties were kept, by both clocks")
async def get_compliance(ask: Ask[None, Day]) -> Compliance:
    return render.compliance(await _compliance(ask), personal=ask.who.role in DESK)


@routes.get("/callbacks/compliance.csv", roles=INSPECTED, summary="The same as CSV", media="text/csv")
async def export_compliance(ask: Ask[None, Day]) -> web.StreamResponse:
    found = await _compliance(ask)
    await ask.services.access.log_reading(ask.who, "export", f"compliance {found.day}")
    return compliance_csv(render.compliance(found, personal=ask.who.role in DESK))


async def _compliance(ask: Ask[None, Day]) -> compliance.Compliance:
    zone = ZoneInfo(ask.services.settings.locale.timezone)
    today: date = ask.services.clock.now().astimezone(zone).date()
    return await ask.services.callbacks.compliance(ask.query.day or today, zone)


@routes.post("/callbacks/close", roles=LEADERS, summary="Close several with one reason; each is answered for itself")
async def close_callbacks(ask: Ask[CloseDuties, None]) -> DutiesDone:
    return await _done(ask, await ask.services.callbacks.close(ask.body.ids, person_of(ask), ask.body.reason))


@routes.post("/callbacks/reopen", roles=LEADERS, summary="Take closings back where nothing newer stands against it")
async def reopen_callbacks(ask: Ask[DutyIds, None]) -> DutiesDone:
    return await _done(ask, await ask.services.callbacks.reopen(ask.body.ids, person_of(ask)))


@routes.post("/callbacks/assign", roles=LEADERS, summary="Give duties to an operator, who sees it at once")
async def assign_callbacks(ask: Ask[AssignDuties, None]) -> DutiesDone:
    return await _done(ask, await ask.services.callbacks.assign(ask.body.ids, ask.body.staff_id, person_of(ask)))


async def _done(ask: Ask[Any, None], done: Sequence[Done]) -> DutiesDone:
    stored = await ask.services.callbacks.of_ids([one.duty_id for one in done])
    return DutiesDone(
        items=await ask.services.views.duties(stored),
        refused=[_left(one.duty_id, one.problem) for one in done if one.problem],
    )


def _left(duty_id: int, problem: EngineError) -> DutyLeft:
    said = problem.extra
    return DutyLeft(id=duty_id, why=said.get("why", "missing"), who=said.get("who", ""), detail=problem.detail)


@routes.get("/callbacks/{id:int}", roles=DESK, summary="One duty with its whole history")
async def get_callback(ask: Ask[None, None]) -> DutyDetail:
    return await ask.services.views.duty(ask.id)


@routes.post("/callbacks/{id:int}/claim", roles=DESK, summary="Take a duty; 409 names who has it")
async def claim_callback(ask: Ask[None, None]) -> Duty:
    await ask.services.callbacks.claim(ask.id, person_of(ask))
    return await _duty(ask)


@routes.post("/callbacks/{id:int}/release", roles=DESK, summary="Give a duty back; a supervisor also another's")
async def release_callback(ask: Ask[None, None]) -> Duty:
    await ask.services.callbacks.release(ask.id, person_of(ask), anyone=ask.who.role in LEADERS)
    return await _duty(ask)


@routes.post("/callbacks/{id:int}/dial", roles=DESK, summary="Call back; claims when free", status=202, idempotent=True)
async def dial_callback(ask: Ask[None, None]) -> Dialled:
    return await place_callback(ask, ask.id)


@routes.post("/callbacks/{id:int}/heard", roles=DESK, summary="The voice message was heard and considered")
async def hear_callback(ask: Ask[None, None]) -> Duty:
    await ask.services.callbacks.heard(ask.id, person_of(ask))
    return await _duty(ask)


@routes.post("/callbacks/{id:int}/machine", roles=DESK, summary="An answering machine answered: a try, no contact")
async def machine_callback(ask: Ask[None, None]) -> Duty:
    await ask.services.callbacks.machine(ask.id, person_of(ask))
    return await _duty(ask)


@routes.post("/callbacks/{id:int}/close", roles=LEADERS, summary="Close with a reason")
async def close_callback(ask: Ask[CloseDuty, None]) -> Duty:
    (done,) = await ask.services.callbacks.close([ask.id], person_of(ask), ask.body.reason)
    if done.problem:
        raise done.problem
    return await _duty(ask)


async def _duty(ask: Ask[None, None] | Ask[CloseDuty, None]) -> Duty:
    detail = await ask.services.callbacks.get(ask.id)
    return (await ask.services.views.duties([detail.stored]))[0]
