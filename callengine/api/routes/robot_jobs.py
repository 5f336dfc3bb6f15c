"""What a script beside a PBX needs to hold a dialogue itself, when the PBX cannot reach our FastAGI port."""

from __future__ import annotations

from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from callengine.access.model import ADMINISTRATOR, PBX
from callengine.api.core import Ask, Routes
from callengine.api.queries import Query, Words
from callengine.api.schemas import View
from callengine.errors import NotFound, Refused, Unavailable
from callengine.menus.jobs import Job, to_raw
from callengine.menus.line import Caller
from callengine.tickets.by_phone import StatusByPhone

routes = Routes("robot")


class WhichJob(Query):
    request_id: Words = ""
    kind: Literal["", "status"] = ""
    number: Words = ""


class RobotJob(View):
    """`job` is read by callengine.menus.jobs.from_raw."""

    kind: str
    job: dict[str, JsonValue]


@routes.get(
    "/robot/job",
    roles=frozenset({ADMINISTRATOR, PBX}),
    summary="The dialogue of a call: of one that the robot placed (request_id), or kind=status for a number that rings",
)
async def get_robot_job(ask: Ask[None, WhichJob]) -> RobotJob:
    job = await (_status(ask) if ask.query.kind else _placed(ask))
    raw: dict[str, Any] = to_raw(job)
    return RobotJob(kind=job.kind.value, job=raw)


async def _status(ask: Ask[None, WhichJob]) -> Job:
    settings = ask.services.settings
    services = ask.services

    async def people(number: str) -> int:
        return len(await services.directory.candidates(number))

    by_phone = StatusByPhone(
        services.tickets,
        ZoneInfo(settings.locale.timezone),
        service=settings.outreach.service,
        people=people,
        shared_in_full=settings.status.shared_in_full,
    )
    job = await by_phone.job(Caller(number=ask.query.number), settings.locale.language)
    if job is None:
        raise Refused("give the number that rings: who hides it hears nothing of any ticket")
    return job


async def _placed(ask: Ask[None, WhichJob]) -> Job:
    if not ask.query.request_id:
        raise Refused("give request_id, or kind=status with a number")
    if ask.services.robot_job is None:
        raise Unavailable("this engine places no calls of the robot")
    job = await ask.services.robot_job(ask.query.request_id)
    if job is None:
        raise NotFound("the robot placed no such call, or it is over")
    return job
