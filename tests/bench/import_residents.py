"""Two million residents by CSV into SQLite, to the end: the price of a row, the memory, and whether all is there.

Not among the default benches (half an hour and more):

    nice -n 19 .venv/bin/python -m tests.bench.import_residents [--rows N] [--folder FOLDER]

It prints a line for each 200 000 rows and then looks at what the tables have; it ends with 1 when anything is wrong.
The folder should have 5 GB; in memory (/dev/shm) neighbours on the disk disturb nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from callengine.clock import SystemClock
from callengine.directory.imports import Imports
from callengine.directory.service import DirectoryService
from callengine.store.database import Store
from callengine.store.migrate import migrate
from tests.bench.journal_data import HOUSES, names

ROWS, STEP, CHUNK, AGAIN, SAMPLE = 2_000_000, 200_000, 500, 100_000, 500
HEADER = "code,name,phones,house,premise,relation\n"
FLATS = 100  # of a house
NUMBERS = 1_000_000_000
SPREAD = 618_033_989  # odd and no multiple of five: n * SPREAD % NUMBERS repeats nothing


@dataclass(frozen=True, slots=True)
class Resident:
    code: str
    name: str
    number: str  # E.164
    house: str
    premise: str


class Town:
    """Resident n, made from n alone: nothing is kept, so the memory that is measured is the import's."""

    def __init__(self) -> None:
        self._names = names(150, 4, "ова"), names(40, 5, "на"), names(25, 6, "вна")

    def resident(self, n: int) -> Resident:
        mixed = n * SPREAD % NUMBERS
        name = " ".join(some[mixed // 7**at % len(some)].capitalize() for at, some in enumerate(self._names))
        place = n * 7_919 % (HOUSES * FLATS)
        return Resident(f"r{n}", name, f"+79{mixed:09d}", f"h{place // FLATS}", str(place % FLATS + 1))

    def lines(self, count: int) -> Iterator[str]:
        for n in range(count):
            it = self.resident(n)
            yield f"{it.code},{it.name},{it.number},{it.house},{it.premise},\n"


class Watched:
    """The file as a stream; at each STEP it tells what the rows before took."""

    def __init__(self, town: Town, rows: int) -> None:
        self._town, self._rows = town, rows
        self._wall, self._cpu = time.monotonic(), time.process_time()

    async def chunks(self) -> AsyncIterator[bytes]:
        _say(f"{'rows':>10} {'RSS MiB':>8} {'rows/s of CPU':>14} {'rows/s':>8}")
        _say(f"{0:>10} {_rss_mib():>8.1f}")
        lines = self._town.lines(self._rows)
        yield HEADER.encode()
        for first in range(0, self._rows, CHUNK):
            count = min(CHUNK, self._rows - first)
            yield "".join(next(lines) for _ in range(count)).encode()
            if (first + count) % STEP == 0:
                self._tell(first + count)

    def _tell(self, done: int) -> None:
        wall, cpu = time.monotonic(), time.process_time()
        _say(f"{done:>10} {_rss_mib():>8.1f} {STEP / (cpu - self._cpu):>14.0f} {STEP / (wall - self._wall):>8.0f}")
        self._wall, self._cpu = wall, cpu


def _rss_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _say(line: str) -> None:
    print(line, flush=True)


def _houses() -> bytes:
    rows = (f"h{n},ул. {street.capitalize()},{n % 50 + 1}\n" for n, street in _streets())
    return ("code,street,number\n" + "".join(rows)).encode()


def _streets() -> Iterator[tuple[int, str]]:
    streets = names(400, 1, "ская")
    return ((n, streets[n // 50]) for n in range(HOUSES))


async def _counts(store: Store) -> dict[str, int]:
    """How many rows there are, and the sum of their ids: a row written anew would change it."""
    found = {}
    async with store.read() as conn:
        for table in ("people", "person_numbers", "residences"):
            found[table] = int((await conn.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())
        for kind in ("person", "number", "number_end"):
            count = text("SELECT count(*) FROM search_words WHERE kind = :kind")
            found[kind] = int((await conn.execute(count, {"kind": kind})).scalar_one())
        for table in ("people", "residences"):
            total = text(f"SELECT coalesce(sum(id), 0) FROM {table}")
            found[f"ids of {table}"] = int((await conn.execute(total)).scalar_one())
    return found


async def _sample(directory: DirectoryService, town: Town, rows: int) -> list[str]:
    """Who is not found by his number, with his name and flat."""
    wrong = []
    for n in random.Random(1).sample(range(rows), min(SAMPLE, rows)):
        it = town.resident(n)
        people = await directory.candidates(it.number)
        told = [(one.name, [(home.house.code, home.premise) for home in one.residences]) for one in people]
        if told != [(it.name, [(it.house, it.premise)])]:
            wrong.append(f"{it}: {told}")
    return wrong


async def _run(url: str, rows: int) -> list[str]:
    town, store = Town(), Store(url)
    wrong: list[str] = []
    try:
        clock = SystemClock()
        imports = Imports(store, clock, ZoneInfo("Europe/Moscow"))
        await imports.import_csv("houses", _houses())
        began = time.monotonic()
        report = await imports.import_csv("residents", Watched(town, rows).chunks())
        _say(f"{rows} rows in {time.monotonic() - began:.0f} s; RSS at the end {_rss_mib():.1f} MiB")
        if (report.taken, report.added, report.skipped) != (rows, rows, 0):
            wrong.append(f"the report: {report.taken} taken, {report.added} added, {report.skipped} skipped")
        counts = await _counts(store)
        _say(f"counts: {counts}")
        expected: dict[str, Any] = dict.fromkeys(
            ("people", "person_numbers", "residences", "number", "number_end"), rows
        )
        wrong += [
            f"{name}: {counts[name]}, expected {count}" for name, count in expected.items() if counts[name] != count
        ]
        if counts["person"] != 3 * rows:
            wrong.append(f"words of names: {counts['person']}, expected {3 * rows}")
        began = time.monotonic()
        wrong += await _sample(DirectoryService(store, clock), town, rows)
        _say(f"{min(SAMPLE, rows)} numbers asked, {(time.monotonic() - began) / min(SAMPLE, rows) * 1000:.2f} ms each")
        again = min(AGAIN, rows)
        report = await imports.import_csv("residents", Watched(town, again).chunks())
        if (report.taken, report.changed, report.skipped) != (again, 0, 0) or await _counts(store) != counts:
            wrong.append(f"the same file once more: {report.changed} changed, {await _counts(store)}")
    finally:
        await store.close()
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--folder", type=Path, help="where the database lies meanwhile; a temporary one when absent")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="callengine-import-", dir=asked.folder) as folder:
        url = f"sqlite+aiosqlite:///{folder}/town.db"
        migrate(url)
        wrong = asyncio.run(_run(url, asked.rows))
        size = sum(one.stat().st_size for one in Path(folder).iterdir())
        _say(f"on the disk: {size / 2**20:.0f} MiB")
    for one in wrong[:20]:
        _say(f"WRONG: {one}")
    _say("all is there" if not wrong else f"{len(wrong)} things are wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
