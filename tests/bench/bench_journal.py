"""The journal and its search at 10 000 and at 3 000 000 tickets, and against the best bare SQL for the same rows.

"Two words rare together": a street and a surname, common each, hardly ever in one open ticket, in the order of danger.

The databases are built once and kept (journal_data.py). The two sizes and the bare query run in turn, so that a noisy
neighbour disturbs all; figures are medians, and the p95 stands on standard error.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import asyncpg

from callengine.access.model import Principal
from callengine.clock import ManualClock
from callengine.store import journal as rows
from callengine.store.database import Store
from callengine.tickets.journal import JournalService
from callengine.tickets.listing import JournalFilter, Sort
from tests.bench import journal_data as data

ROUNDS = int(os.environ.get("CALLENGINE_BENCH_ROUNDS", "60"))
WARM = 3
LIMIT = 50
Run = Callable[[], Awaitable[list[int]]]
DESK = Principal(1, "supervisor", None, "Орлова Тамара", None)


@dataclass(frozen=True)
class Case:
    name: str
    wanted: JournalFilter
    sort: Sort
    keys: str  # the bare query's: ids in the order of the page
    words: tuple[str, ...] = ()
    full: bool = True  # it fills its page


def cases() -> list[Case]:
    """Each fills its page at both sizes."""
    city = data.City()
    street = city.words_of_house[0][0]
    common, another = city.text[0], city.text[1]
    surname = city.people[0].split()[0]
    is_open = "status NOT IN ('closed','cancelled') AND due_at IS NOT NULL"
    by_danger = f"SELECT id FROM tickets WHERE {is_open} ORDER BY rank, due_at, id LIMIT 51"
    newest = "ORDER BY created_at DESC, {} DESC LIMIT 51"
    word = "SELECT ticket_id FROM ticket_postings a WHERE a.word_id = {0} " + newest.format("ticket_id")
    both = (
        "SELECT ticket_id FROM ticket_postings a WHERE a.word_id = {0} AND EXISTS (SELECT 1 FROM ticket_postings b "
        "WHERE b.word_id = {1} AND b.created_at = a.created_at AND b.ticket_id = a.ticket_id) "
    ) + newest.format("ticket_id")
    together = both.partition(" ORDER BY")[0]
    return [
        Case("page", JournalFilter(status=("open",)), Sort.DANGER, by_danger),
        Case("page", JournalFilter(), Sort.NEWEST, "SELECT id FROM tickets " + newest.format("id")),
        Case(
            "page",
            JournalFilter(organisation_id=1),
            Sort.NEWEST,
            "SELECT id FROM tickets WHERE organisation_id = 1 " + newest.format("id"),
        ),
        Case("search", JournalFilter(q=street), Sort.NEWEST, word, (street,)),
        Case("search", JournalFilter(q=common), Sort.NEWEST, word, (common,)),
        Case("search", JournalFilter(q=surname), Sort.NEWEST, word, (surname,)),
        Case("search", JournalFilter(q=f"{common} {another}"), Sort.NEWEST, both, (common, another)),
        Case(
            "apart",
            JournalFilter(q=f"{street} {surname}", status=("open",)),
            Sort.DANGER,
            f"SELECT id FROM tickets WHERE {is_open.partition(' AND ')[0]} AND id IN ({together}) "
            "ORDER BY due_at IS NULL, rank, due_at, id LIMIT 51",
            (street, surname),
            full=False,
        ),
    ]


# The columns of a line and no others.
LINE = (
    f"SELECT {', '.join(rows._RAW)} FROM tickets t LEFT JOIN houses h ON h.id = t.house_id "
    "LEFT JOIN organisations o ON o.id = t.organisation_id LEFT JOIN staff s ON s.id = t.executor_id "
    "WHERE t.id IN ({})"
)


WORD = "SELECT id FROM ticket_words WHERE word = ?"


async def bare_sqlite(path: str, case: Case) -> Run:
    """`sqlite3` in a thread of its own, as any server with one loop must have it."""
    connection = sqlite3.connect(path, check_same_thread=False)
    thread = ThreadPoolExecutor(1)
    loop = asyncio.get_running_loop()

    def words() -> list[int]:
        return [connection.execute(WORD, (word,)).fetchone()[0] for word in case.words]

    query, alone = LINE.format(case.keys.format(*words())), LINE.format(case.keys.format(*_looked_up(case)))

    def read() -> list[Any]:
        words()
        return connection.execute(query).fetchall()

    def read_alone() -> list[Any]:
        return connection.execute(alone).fetchall()

    def told(work: Callable[[], list[Any]]) -> Run:
        async def run() -> list[int]:
            return [row[0] for row in await loop.run_in_executor(thread, work)]

        return run

    return await _best(told(read), told(read_alone))


def _looked_up(case: Case) -> list[str]:
    return [f"(SELECT id FROM ticket_words WHERE word = '{word}')" for word in case.words]


async def _best(*ways: Run) -> Run:
    """The quickest of the ways to ask for the same."""
    found = [(min([(await timed(way))[0] for _ in range(9)]), n) for n, way in enumerate(ways)]
    return ways[min(found)[1]]


async def bare_postgres(dsn: str, case: Case) -> Run:
    connection = await asyncpg.connect(dsn)
    word_id = await connection.prepare(WORD.replace("?", "$1"))
    ids = [await word_id.fetchval(word) for word in case.words]
    # What the planner knows of two words leads it astray; when it does not know them it looks each ticket up, and the
    # words with them: one trip.
    known, alone = [await connection.prepare(LINE.format(case.keys.format(*some))) for some in (ids, _looked_up(case))]

    async def run() -> list[int]:
        for word in case.words:
            await word_id.fetchval(word)
        return [row[0] for row in await known.fetch()]

    async def run_alone() -> list[int]:
        return [row[0] for row in await alone.fetch()]

    return await _best(run, run_alone)


async def timed(work: Callable[[], Awaitable[Any]]) -> tuple[float, Any]:
    began = time.perf_counter()
    given = await work()
    return time.perf_counter() - began, given


@dataclass
class Measured:
    small: list[float]
    large: list[float]
    bare: list[float]


async def measure(case: Case, urls: Sequence[str]) -> Measured:
    stores = [Store(url) for url in urls]
    services = [JournalService(store, ManualClock(data.NOW)) for store in stores]

    def ours(service: JournalService) -> Callable[[], Awaitable[Any]]:
        return lambda: service.page(case.wanted, DESK, sort=case.sort, limit=LIMIT)

    large = urls[1]
    if large.startswith("sqlite"):
        bare = await bare_sqlite(large.removeprefix("sqlite+aiosqlite:///"), case)
    else:
        bare = await bare_postgres(large.replace("+asyncpg", ""), case)
    found = Measured([], [], [])
    try:
        for turn in range(ROUNDS + WARM):
            small, (page, _) = await timed(ours(services[0]))
            big, (lines, _) = await timed(ours(services[1]))
            plain, ids = await timed(bare)
            if case.full:
                assert len(page) == len(lines) == LIMIT, (case, len(page), len(lines))
                assert {line.id for line in lines} <= set(ids), case
            else:
                assert {line.id for line in lines} == set(ids), (case, ids)
            if turn >= WARM:
                found.small.append(small)
                found.large.append(big)
                found.bare.append(plain)
    finally:
        for store in stores:
            await store.close()
    return found


def of(where: str, urls: Sequence[str]) -> list[tuple[str, float, str]]:
    """Growth and distance of pages and searches on one database: of the sums of medians."""
    ratios: list[tuple[str, float, str]] = []
    for name in ("page", "search", "apart"):
        sums = [0.0, 0.0, 0.0]
        for case in cases():
            if case.name != name:
                continue
            its = asyncio.run(measure(case, urls))
            medians = [statistics.median(some) for some in (its.small, its.large, its.bare)]
            sums = [a + b for a, b in zip(sums, medians, strict=True)]
            p95 = statistics.quantiles(its.large, n=20)[-1]
            said = " ".join(f"{seconds * 1000:.2f}" for seconds in medians)
            what = case.wanted.q or case.sort
            print(f"  {where} {name} {what}: {said} ms (small, large, bare), p95 {p95 * 1000:.2f}", file=sys.stderr)
        if name == "apart":  # common at 3 000 000 alone, so there is nothing to compare it with but the bare query
            ratios.append((f"two words rare together, by danger, {where}: ours / bare SQL", sums[1] / sums[2], "<=1.5"))
            continue
        ratios.append((f"journal {name}, {where}: 3 000 000 tickets / 10 000", sums[1] / sums[0], "<=2.0"))
        ratios.append((f"journal {name}, {where}: 3 000 000 tickets / bare SQL", sums[1] / sums[2], "<=1.5"))
    return ratios


def run() -> list[tuple[str, float, str]]:
    data.build()
    ratios = of("SQLite", [data.sqlite(data.SMALL), data.sqlite(data.LARGE)])
    server = data.KeptPostgres()
    server.start()
    try:
        ratios += of("PostgreSQL", [data.postgres(server, data.SMALL), data.postgres(server, data.LARGE)])
    finally:
        server.stop()
    return ratios
