"""What an answer of routing costs at 100 000 contracts of 20 000 houses against 1 000 of 200, on both databases."""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, text

from callengine.store import contracts as rows
from callengine.store.database import Store
from callengine.store.migrate import migrate
from callengine.store.tables import contract_houses, contracts, houses, organisations
from callengine.tickets import routing
from callengine.tickets.classifier import entry_of, shipped
from callengine.tickets.model import Entry
from callengine.tickets.rulebook import Rulebook
from tests.postgres import TEMPLATE, PostgresServer, binaries

ZONE = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
ORGANISATIONS = 130
HOUSES = 20_000
KINDS = ("management_company", "heat_utility", "water_utility", "lift_company", "intercom_company")
SMALL, LARGE = 1_000, 100_000
EVERYWHERE = 20
ASKED = 400
ROUNDS = 7
PART = 2_000
CODES = ("HVS-02", "OTO-02", "LIF-01", "ELE-02", "KAN-02", "GOR-01")


async def fill(store: Store, count: int) -> int:
    """So many contracts, five for each house; a tenth of them ended. Returns the number of houses."""
    dice, of_houses = random.Random(7), HOUSES * count // LARGE
    named = [{"code": f"o{n}", "name": f"Организация {n}", "kind": KINDS[n % 5]} for n in range(1, ORGANISATIONS + 1)]
    homes = [
        {"code": f"h{n}", "street": f"улица {n % 400}", "number": f"{n}", "search": "", "features": []}
        for n in range(1, of_houses + 1)
    ]
    made = [_contract(n, dice, everywhere=n <= EVERYWHERE) for n in range(1, count + 1)]
    served = [{"contract_id": n, "house_id": 1 + n % of_houses} for n in range(EVERYWHERE + 1, count + 1)]
    async with store.begin() as tx:
        for table, values in ((organisations, named), (houses, homes), (contracts, made), (contract_houses, served)):
            for start in range(0, len(values), PART):
                await tx.conn.execute(insert(table), values[start : start + PART])
    async with store.begin() as tx:
        await tx.conn.execute(text("ANALYZE"))
    return of_houses


def _contract(n: int, dice: random.Random, *, everywhere: bool) -> dict[str, Any]:
    return {
        "code": f"{n}-Д",
        "organisation_id": dice.randint(1, ORGANISATIONS),
        "kind": KINDS[n * 5 // 7 % 5],
        "branch": dice.choice(("", "", "HVS", "OTO", "HVS-02")),
        "priority": dice.randint(1, 900),
        "valid_until": NOW - timedelta(days=30) if n % 10 == 0 else None,
        "everywhere": everywhere,
    }


async def ask(store: Store, book: Rulebook, entries: Sequence[Entry], places: Sequence[int]) -> float:
    """Seconds of one answer: the median over the houses asked."""
    took = []
    async with store.read() as conn:
        for n, house_id in enumerate(places):
            began = time.perf_counter()
            found = await book.route(conn, entries[n % len(entries)], house_id, NOW)
            took.append(time.perf_counter() - began)
            assert found.reason
    return statistics.median(took)


async def ratio(urls: tuple[str, str]) -> float:
    """Large against small, in turn, the best of the rounds."""
    known = {row["code"]: entry_of(row) for row in shipped()}
    entries, book, dice = [known[code] for code in CODES], Rulebook(ZONE), random.Random(3)
    stores = [Store(url) for url in urls]
    try:
        counts = [await fill(store, count) for store, count in zip(stores, (SMALL, LARGE), strict=True)]
        await no_whole_table_is_read(stores[1])
        best = [float("inf"), float("inf")]
        for _ in range(ROUNDS):
            for side, store in enumerate(stores):
                places = [dice.randint(1, counts[side]) for _ in range(ASKED)]
                best[side] = min(best[side], await ask(store, book, entries, places))
        return best[1] / best[0]
    finally:
        for store in stores:
            await store.close()


async def no_whole_table_is_read(store: Store) -> None:
    """The plan of what routing asks never scans the contracts or their houses."""
    known = {row["code"]: entry_of(row) for row in shipped()}
    entry = known["OTO-02"]
    async with store.read() as conn:
        for query in rows.queries_of(1, routing.kinds_of(entry), routing.branches_of(entry), NOW):
            plan = await explained(conn, query)
            assert "Seq Scan on contract" not in plan and "SCAN contract" not in plan, plan


async def explained(conn: rows.Conn, query: Any) -> str:
    literal = query.compile(dialect=conn.dialect, compile_kwargs={"literal_binds": True})
    head = "EXPLAIN" if conn.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    found = await conn.exec_driver_sql(f"{head} {literal}")
    return "\n".join(" ".join(str(cell) for cell in row) for row in found)


@asynccontextmanager
async def sqlite() -> AsyncIterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as name:
        urls = (f"sqlite+aiosqlite:///{Path(name) / 'small.db'}", f"sqlite+aiosqlite:///{Path(name) / 'large.db'}")
        for url in urls:
            await asyncio.to_thread(migrate, url)
        yield urls


@asynccontextmanager
async def postgres() -> AsyncIterator[tuple[str, str]]:
    server = PostgresServer()
    try:
        await asyncio.to_thread(server.start)
        await asyncio.to_thread(lambda: migrate(server.url(server.create("template0", name=TEMPLATE))))
        names = [await asyncio.to_thread(server.create) for _ in range(2)]
        yield server.url(names[0]), server.url(names[1])
    finally:
        await asyncio.to_thread(server.stop)


async def _measure(databases: Any) -> float:
    async with databases() as urls:
        return await ratio(urls)


def run() -> list[tuple[str, float, str]]:
    found = [("routing at 100 000 contracts / at 1 000 (SQLite)", asyncio.run(_measure(sqlite)), "<=1.5")]
    if binaries() is not None:
        name = "routing at 100 000 contracts / at 1 000 (PostgreSQL)"
        found.append((name, asyncio.run(_measure(postgres)), "<=1.5"))
    return found
