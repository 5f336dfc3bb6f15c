"""Health, coverage, imports, demo calls."""

from __future__ import annotations

from datetime import timedelta

from callengine.access.model import ADMINISTRATOR, DESK
from callengine.api import render, uploads
from callengine.api.core import Ask, Routes
from callengine.api.queries import Between, Trial
from callengine.api.schemas import DemoCall, Health, ImportMistake, ImportReport, Interval, Page, Started
from callengine.errors import NotFound

routes = Routes("system")


@routes.get("/health", roles=None, summary="Is the engine well, and which PBXs it hears")
async def get_health(ask: Ask[None, None]) -> Health:
    return await ask.services.health()


@routes.get("/coverage", roles=DESK, summary="Intervals in which each PBX was seen")
async def list_coverage(ask: Ask[None, Between]) -> Page[Interval]:
    """Of the last day unless told otherwise."""
    now = ask.services.clock.now()
    until = ask.query.to or now
    since = ask.query.from_ or until - timedelta(days=1)
    found = await ask.services.coverage.intervals(since, until)
    return Page(items=[render.interval(one) for one in found])


@routes.post("/import/{kind}", roles=frozenset({ADMINISTRATOR}), summary="Import a CSV", takes="text/csv")
async def import_csv(ask: Ask[None, Trial]) -> ImportReport:
    kind, dry = uploads.kind_of(ask), ask.query.dry_run
    found = await ask.services.imports.import_csv(kind, uploads.csv_of(ask), dry, by=ask.who.staff_id)
    mistakes = [ImportMistake(row=one.row, reason=one.reason) for one in found.mistakes]
    return ImportReport(taken=found.taken, changed=found.changed, skipped=found.skipped, mistakes=mistakes)


@routes.post("/demo/call", roles=DESK, summary="Place a demo call (sandbox only)", status=202)
async def start_demo_call(ask: Ask[DemoCall, None]) -> Started:
    if not ask.services.sandbox:
        raise NotFound("demo calls are placed in sandbox mode only")
    await ask.services.phone.demo(ask.body.kind)
    return Started(started=True)
