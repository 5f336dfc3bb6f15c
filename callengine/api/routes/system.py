"""Health, coverage, imports, demo calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

from callengine.access.model import ADMINISTRATOR, DESK
from callengine.api import render
from callengine.api.core import Ask, Routes
from callengine.api.problems import TooLarge, WrongMedia
from callengine.api.queries import Between, Trial
from callengine.api.schemas import DemoCall, Health, ImportMistake, ImportReport, Interval, Page, Started
from callengine.directory.imports import KIND
from callengine.errors import NotFound

routes = Routes("system")
IMPORT_KINDS = frozenset(KIND)
MOST_IMPORT_BYTES = 500 * 1024 * 1024


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
    if ask.path["kind"] not in IMPORT_KINDS:
        raise NotFound(f"there are {', '.join(sorted(IMPORT_KINDS))}")
    if ask.request.content_type not in ("text/csv", "text/plain", "application/octet-stream"):
        raise WrongMedia("send the file as text/csv")
    found = await ask.services.imports.import_csv(ask.path["kind"], _file(ask), ask.query.dry_run)
    mistakes = [ImportMistake(row=one.row, reason=one.reason) for one in found.mistakes]
    return ImportReport(taken=found.taken, changed=found.changed, skipped=found.skipped, mistakes=mistakes)


async def _file(ask: Ask[None, Trial]) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in ask.request.content.iter_chunked(65_536):
        size += len(chunk)
        if size > MOST_IMPORT_BYTES:
            raise TooLarge("a file may have 500 MB")
        yield chunk


@routes.post("/demo/call", roles=DESK, summary="Place a demo call (sandbox only)", status=202)
async def start_demo_call(ask: Ask[DemoCall, None]) -> Started:
    if not ask.services.sandbox:
        raise NotFound("demo calls are placed in sandbox mode only")
    await ask.services.phone.demo(ask.body.kind)
    return Started(started=True)
