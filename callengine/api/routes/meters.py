"""Meters of flats and their readings; a month of them as a file. Files of meters come in by /imports/meters."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import orjson
from aiohttp import web

from callengine.access.model import DESK, LEADERS
from callengine.api import export
from callengine.api import meter_shapes as shapes
from callengine.api.core import Ask, Routes, clear, opaque
from callengine.api.schemas import Page
from callengine.directory.meters import MeterForm
from callengine.store.meters import Line
from callengine.tickets import workbook

routes = Routes("meters")
COLUMNS = (
    "period",
    "address",
    "premise",
    "kind",
    "serial",
    "place",
    "value",
    "source",
    "at",
    "who",
    "flag",
    "note",
    "call_id",
)
VALUE = COLUMNS.index("value")
WIDE = {"address": 32, "at": 26, "who": 24, "note": 32, "serial": 18}


@routes.get("/meters", roles=DESK, summary="Meters of a house or a flat, each with its newest reading")
async def list_meters(ask: Ask[None, shapes.MetersList]) -> Page[shapes.Meter]:
    asked = ask.query
    found, cursor = await ask.services.meters.find(
        house_id=asked.house_id, premise=asked.premise, limit=asked.limit, cursor=clear(asked.cursor)
    )
    return Page(items=[shapes.meter(one) for one in found], next=opaque(cursor))


@routes.post("/meters", roles=LEADERS, summary="A meter is hung", status=201)
async def add_meter(ask: Ask[shapes.NewMeter, None]) -> shapes.Meter:
    form = ask.body
    return shapes.meter(await ask.services.meters.add(form.house_id, form.premise, _form(form), ask.who.name))


@routes.get("/meters/{id:int}", roles=DESK, summary="One meter with all that was ever read from it")
async def get_meter(ask: Ask[None, None]) -> shapes.MeterCard:
    found, history = await ask.services.meters.get(ask.id)
    return shapes.MeterCard(meter=shapes.meter(found), readings=[shapes.reading(one) for one in history])


@routes.put("/meters/{id:int}", roles=LEADERS, summary="Its place, digits, limit and day of verification")
async def put_meter(ask: Ask[shapes.MeterForm, None]) -> shapes.Meter:
    return shapes.meter(await ask.services.meters.change(ask.id, _form(ask.body)))


@routes.delete("/meters/{id:int}", roles=LEADERS, summary="It is taken off; its readings stay")
async def remove_meter(ask: Ask[None, None]) -> None:
    await ask.services.meters.take_off(ask.id, ask.who.name)


@routes.post("/meters/{id:int}/readings", roles=DESK, summary="A reading, or a correction of that month", status=201)
async def add_meter_reading(ask: Ask[shapes.NewReading, None]) -> shapes.MeterReading:
    form = ask.body
    written = await ask.services.meters.record(
        ask.id,
        form.value,
        ask.who.name,
        period=form.period,
        confirmed=form.confirmed,
        staff_id=ask.who.staff_id,
        note=form.note,
    )
    return shapes.reading(written)


@routes.get("/meter-readings", roles=DESK, summary="What holds for a month, by meter; flag=jump is to be looked at")
async def list_meter_readings(ask: Ask[None, shapes.MeterReadingsList]) -> Page[shapes.MeterLine]:
    asked = ask.query
    found, cursor = await ask.services.meters.of_period(
        asked.period, house_id=asked.house_id, flag=asked.flag, limit=asked.limit, cursor=clear(asked.cursor)
    )
    items = [
        shapes.MeterLine(reading=shapes.reading(one.reading), meter=shapes.meter(one.meter), address=one.address)
        for one in found
    ]
    return Page(items=items, next=opaque(cursor))


@routes.get(
    "/meter-readings/export",
    roles=LEADERS,
    summary="A month as CSV or, with format=xlsx, as XLSX; logged like any export",
    media="text/csv",
)
async def export_meter_readings(ask: Ask[None, shapes.MeterReadingsExport]) -> web.StreamResponse:
    asked = ask.query
    period = ask.services.meters.month(asked.period)  # refused here: a stream that has begun cannot say so any more
    await ask.services.access.log_reading(ask.who, "export", f"meter-readings?{ask.request.query_string}"[:500])
    pages = ask.services.meters.pages(period, house_id=asked.house_id)
    if asked.format == "csv":
        return await export.stream(ask.request, f"meter-readings-{period}.csv", COLUMNS, _rows(pages))
    return await _workbook(period, pages)


async def _rows(pages: AsyncIterator[Sequence[Line]]) -> AsyncIterator[list[list[object]]]:
    async for page in pages:
        yield [_row(one) for one in page]


def _row(it: Line) -> list[object]:
    told, hung = it.reading, it.meter
    place = [it.address, hung.premise, hung.kind.value, hung.serial, hung.place]
    how = [told.source.value, told.at.isoformat(timespec="seconds"), told.who, told.flag, told.note, told.call_id]
    return [told.period, *place, told.value, *how]


async def _workbook(period: str, pages: AsyncIterator[Sequence[Line]]) -> web.Response:
    numbers = ("value", "call_id")
    columns = [
        {"title": name, "kind": "number" if name in numbers else "text", "width": WIDE.get(name, 14)}
        for name in COLUMNS
    ]
    lines = [orjson.dumps({"title": period, "columns": columns})]
    async for page in _rows(pages):
        for row in page:
            row[VALUE] = float(str(row[VALUE]))
        lines.append(orjson.dumps(page))
    with tempfile.TemporaryDirectory(prefix="callengine-readings-") as folder:
        path = Path(folder) / "readings.xlsx"
        await asyncio.to_thread(workbook.write, str(path), lines)
        data = await asyncio.to_thread(path.read_bytes)
    return web.Response(
        body=data,
        headers={
            "Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "Content-Disposition": f'attachment; filename="meter-readings-{period}.xlsx"',
        },
    )


def _form(form: shapes.MeterForm) -> MeterForm:
    return MeterForm(form.kind, form.serial, form.digits, form.place, form.most, form.verified_until)
