"""XLSX of 100 000 tickets against XlsxWriter alone on the same rows, in turn; memory does not grow with them."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import xlsxwriter

from callengine.access.model import Principal
from callengine.api.journal_filter import written
from callengine.clock import ManualClock
from callengine.config import Exports
from callengine.store.database import Store
from callengine.tickets import columns
from callengine.tickets.exports import ExportsService, Wanted
from callengine.tickets.journal import JournalService
from callengine.tickets.listing import JournalFilter, Sort
from callengine.tickets.visibility import EVERYTHING
from callengine.tickets.workbook import NICENESS
from tests.bench import journal_data as data

ROWS, FEW = 100_000, 20_000
ROUNDS = int(os.environ.get("CALLENGINE_BENCH_ROUNDS", "3"))
SPAWN = multiprocessing.get_context("spawn")
ZONE = ZoneInfo("Europe/Moscow")
ORLOVA = Principal(1, "supervisor", None, "Орлова Тамара", None)
NAMES = columns.chosen([])


async def the_rows(url: str, count: int) -> list[list[Any]]:
    """The same cells that the export writes."""
    store = Store(url)
    context = columns.Context("ru", ZONE, data.NOW)
    found: list[list[Any]] = []
    try:
        pages = JournalService(store, ManualClock(data.NOW)).pages(JournalFilter(), EVERYTHING, Sort.NEWEST, each=1_000)
        async for page in pages:
            found += columns.cells(page, NAMES, context)
            if len(found) >= count:
                break
        await pages.aclose()  # type: ignore[attr-defined]
    finally:
        await store.close()
    return found[:count]


def alone(path: Path, kept: Path) -> float:
    """XlsxWriter as its manual says for many rows, which are read before the time begins; seconds."""
    rows: list[list[Any]] = orjson.loads(kept.read_bytes())
    began = time.perf_counter()
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet()
    moment = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
    kinds = [columns.COLUMNS[name].kind for name in NAMES]
    for number, row in enumerate(rows, 1):
        for at, value in enumerate(row):
            if value is None or value == "":
                continue
            if kinds[at] == "text":
                sheet.write_string(number, at, value)
            elif kinds[at] == "moment":
                sheet.write_number(number, at, value / 86_400 + 25_569, moment)
            else:
                sheet.write_number(number, at, value)
    book.close()
    return time.perf_counter() - began


async def exported(url: str, folder: Path, count: int) -> float:
    """From the asking to the finished file; seconds."""
    store, clock = Store(url), ManualClock(data.NOW)
    settings = Exports(dir=folder, most_rows=count)
    journal = JournalService(store, clock)
    service = ExportsService(store, clock, journal, settings, ZONE, lambda asked, now: written(asked, now, ZONE))
    try:
        began = time.perf_counter()
        made = await service.start(ORLOVA, Wanted({}, Sort.NEWEST))
        while (one := await service.get(ORLOVA, made.id)).state == "queued":
            await service.write_next()
        seconds = time.perf_counter() - began
        assert one.state == "done" and one.rows_done == count, one
        return seconds
    finally:
        await store.close()


def peak_mib(url: str, count: int) -> float:
    """The peak of the engine's process and its writer's together, of an export of so many rows."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(exported(url, Path(folder), count))
    own, child = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return (own + child) / 1024


def apart(url: str, count: int) -> float:
    with ProcessPoolExecutor(1, SPAWN) as pool:
        return pool.submit(peak_mib, url, count).result()


def run() -> list[tuple[str, float, str]]:
    data.build()
    url = data.sqlite(data.LARGE)
    # First, while this process is small: Linux counts what a process was before exec into its peak.
    few, many = apart(url, FEW), apart(url, ROWS)
    rows = asyncio.run(the_rows(url, ROWS))
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(ROUNDS):  # in turn, so that a noisy neighbour disturbs both
        with tempfile.TemporaryDirectory() as name:
            kept = Path(name) / "rows.json"
            kept.write_bytes(orjson.dumps(rows))
            # As calm a process as the export's own writer: both give way to the rest of the machine.
            with ProcessPoolExecutor(1, SPAWN, initializer=os.nice, initargs=(NICENESS,)) as pool:
                bare.append(pool.submit(alone, Path(name) / "bare.xlsx", kept).result())
            ours.append(asyncio.run(exported(url, Path(name), ROWS)))
    seconds = [statistics.median(some) for some in (ours, bare)]
    print(f"  export {seconds[0]:.1f} s, XlsxWriter alone {seconds[1]:.1f} s", file=sys.stderr)
    print(f"  peak {few:.0f} MiB at {FEW} rows, {many:.0f} MiB at {ROWS}", file=sys.stderr)
    return [
        (f"XLSX of {ROWS} tickets / XlsxWriter alone on the same rows", seconds[0] / seconds[1], "<=1.3"),
        (f"XLSX: peak memory at {ROWS} rows / at {FEW}", many / few, "<=1.1"),
    ]
