"""Health, coverage, imports, demo calls."""

from __future__ import annotations

from typing import Literal

from callengine.access.model import ADMINISTRATOR, DESK
from callengine.api.core import Ask, Routes
from callengine.api.queries import Between, Trial
from callengine.api.schemas import DemoCall, Health, ImportReport, Interval, Page, Started
from callengine.errors import NotFound

routes = Routes("system")
ImportKind = Literal["residents", "houses", "organisations", "contracts", "staff", "classifier"]
IMPORT_KINDS = frozenset({"residents", "houses", "organisations", "contracts", "staff", "classifier"})
MOST_IMPORT_BYTES = 50 * 1024 * 1024


@routes.get("/health", roles=None, summary="Is the engine well, and which PBXs it hears")
async def get_health(ask: Ask[None, None]) -> Health:
    return await ask.services.health()


@routes.get("/coverage", roles=DESK, summary="Intervals in which each PBX was seen")
async def list_coverage(ask: Ask[None, Between]) -> Page[Interval]:
    raise NotImplementedError


@routes.post("/import/{kind}", roles=frozenset({ADMINISTRATOR}), summary="Import a CSV", takes="text/csv")
async def import_csv(ask: Ask[None, Trial]) -> ImportReport:
    raise NotImplementedError


@routes.post("/demo/call", roles=DESK, summary="Place a demo call (sandbox only)", status=202)
async def start_demo_call(ask: Ask[DemoCall, None]) -> Started:
    if not ask.services.sandbox:
        raise NotFound("demo calls are placed in sandbox mode only")
    await ask.services.phone.demo(ask.body.kind)
    return Started(started=True)
