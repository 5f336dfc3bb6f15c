"""CSV for spreadsheets: UTF-8 with a mark, semicolons, and no cell that a spreadsheet would take for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence

from aiohttp import web

from callengine.api import schemas

# Excel reads UTF-8 only with the mark, and in Russian settings takes semicolons.
MARK = "\ufeff"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
CALL_COLUMNS = (
    "id",
    "arrived_at",
    "direction",
    "number",
    "name",
    "did",
    "queue",
    "outcome",
    "missed",
    "operator",
    "operator_name",
    "wait_seconds",
    "talk_seconds",
    "answered_at",
    "ended_at",
    "recording_id",
    "ticket_numbers",
    "duty_id",
)


def lines(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> object:
    if value is None:
        return ""
    # A caller's name is whatever a stranger sent; a number in E.164 begins with + and stays one.
    if isinstance(value, str) and value.startswith(FORMULA) and not value[1:].isdigit():
        return "'" + value
    return value.isoformat() if hasattr(value, "isoformat") else value


def call_row(call: schemas.Call) -> Sequence[object]:
    beside = {
        "recording_id": call.recording.id if call.recording else None,
        "ticket_numbers": " ".join(call.ticket_numbers),
        "duty_id": call.duty.id if call.duty else None,
    }
    return [beside.get(name, getattr(call, name, None)) for name in CALL_COLUMNS]


async def stream(
    request: web.Request, name: str, header: Sequence[str], pages: AsyncIterator[Iterable[Sequence[object]]]
) -> web.StreamResponse:
    """However long: a page at a time."""
    response = web.StreamResponse(headers=_headers(name))
    await response.prepare(request)
    if request.method != "HEAD":
        await response.write(MARK.encode() + lines([header]))
        async for page in pages:
            await response.write(lines(page))
    await response.write_eof()
    return response


def compliance(found: schemas.Compliance) -> web.Response:
    """Three tables under one another: the day, its hours, its operators."""
    day = [[name, getattr(found, name)] for name in _DAY]
    hours = [[getattr(row, name) for name in schemas.HourRow.model_fields] for row in found.hours]
    operators = [[getattr(row, name) for name in schemas.OperatorRow.model_fields] for row in found.operators]
    rows = [*day, [], list(schemas.HourRow.model_fields), *hours]
    rows += [[], list(schemas.OperatorRow.model_fields), *operators]
    return web.Response(body=MARK.encode() + lines(rows), headers=_headers(f"callbacks-{found.day}.csv"))


_DAY = (
    "day",
    "now",
    "callable",
    "in_legal_time",
    "in_operator_time",
    "late",
    "owed",
    "attempts_without_contact",
    "duties_with_attempts",
    "withheld",
    "median_seconds",
    "covered_seconds",
    "elapsed_seconds",
)


def _headers(name: str) -> dict[str, str]:
    return {"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": f'attachment; filename="{name}"'}
