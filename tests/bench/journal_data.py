"""A city's tickets for the journal's benches, built once and kept under var/bench: the same from the same seed.

97 of 100 are closed, and the open ones are mostly young; houses, organisations, problems and words follow Zipf. All
sizes have the same 20 000 houses and 130 organisations and the same 400 000 tickets a year: only the years differ.
"""

from __future__ import annotations

import asyncio
import fcntl
import itertools
import math
import os
import random
import sqlite3
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
from sqlalchemy import create_engine
from sqlalchemy.schema import CreateIndex, DropIndex

from callengine.clock import ManualClock
from callengine.directory import search, town
from callengine.directory.imports import Imports
from callengine.store.database import Store, microseconds
from callengine.store.migrate import migrate
from callengine.store.tables import tickets
from callengine.store.ticket_words import TELEPHONE, of_applicant
from callengine.tickets.model import RANKS, Urgency
from tests.postgres import PostgresServer

KEPT = Path(os.environ.get("CALLENGINE_BENCH_DIR") or Path(__file__).parents[2] / "var" / "bench")
EDITION = 1  # a new number throws away what was built before
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
STEP = timedelta(days=365) / 400_000  # between two tickets
SMALL, LARGE = 10_000, 3_000_000
HOUSES, ORGANISATIONS, EXECUTORS, SECTIONS = 20_000, 130, 1_500, 24
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = ("accept_by", "fix_by", "due_at", "created_at", "late_at", "closed_at")
OPEN = (
    ("awaiting_acceptance", 12),
    ("no_executor", 8),
    ("executor_assigned", 14),
    ("in_progress", 38),
    ("awaiting_centre", 8),
    ("awaiting_client", 14),
    ("needs_rework", 2),
    ("declined", 1),
    ("unassigned", 1),
    ("from_cabinet", 1.5),
    ("conflict", 0.5),
)
_POSTGRES = create_engine("postgresql+asyncpg://").dialect
_SYLLABLES = "ба ве ги до жу за ки ло ма не пи ро са ту фе ха це чи ша эл ря го ва ды му".split()


def cumulative(count: int, power: float = 1.0) -> list[float]:
    return list(itertools.accumulate(1 / (rank + 3) ** power for rank in range(count)))


def names(count: int, seed: int, ending: str) -> list[str]:
    rng = random.Random(seed)
    made: dict[str, None] = {}
    while len(made) < count:
        made["".join(rng.choices(_SYLLABLES, k=rng.choice((2, 3, 3, 4)))) + ending] = None
    return list(made)


class City:
    """What does not depend on the number of tickets."""

    def __init__(self) -> None:
        streets = names(400, 1, "ская")
        self.houses = [
            (f"ул. {streets[n // 50].capitalize()}", f"{n % 50 * 2 + 1}{'АБ'[n % 2] if n % 17 == 0 else ''}")
            for n in range(HOUSES)
        ]
        random.Random(2).shuffle(self.houses)
        self.words_of_house = [search.house_words(*house) for house in self.houses]
        self.text = names(3_000, 3, "")
        self.people = [
            f"{a} {b} {d}"
            for a, b, d in itertools.product(names(150, 4, "ова"), names(40, 5, "на"), names(25, 6, "вна"))
        ]


def line(entries: list[dict[str, Any]], city: City, count: int) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Each ticket as a row of `tickets`, and its words."""
    rng = random.Random(7)
    of_house, of_entry = cumulative(HOUSES, 0.6), cumulative(len(entries), 0.8)
    of_organisation, of_word = cumulative(ORGANISATIONS), cumulative(len(city.text))
    organisation_of_house = rng.choices(range(ORGANISATIONS), cum_weights=of_organisation, k=HOUSES)
    states, weights = [s for s, _ in OPEN], list(itertools.accumulate(w for _, w in OPEN))
    phones = [f"+7907{rng.randrange(10_000_000):07d}" for _ in range(300_000)]
    begun = NOW - STEP * count
    decay = 0.05 * count
    words_of = lru_cache(maxsize=len(city.people))(lambda person: of_applicant(person, ""))
    numbers: dict[int, int] = {}
    for first in range(0, count, 10_000):
        some = min(10_000, count - first)
        for n, house, kind, person, phone, texts in zip(
            range(first, first + some),
            rng.choices(range(HOUSES), cum_weights=of_house, k=some),
            rng.choices(range(len(entries)), cum_weights=of_entry, k=some),
            rng.choices(city.people, k=some),
            rng.choices(phones, k=some),
            zip(*(rng.choices(city.text, cum_weights=of_word, k=some) for _ in range(5)), strict=True),
            strict=True,
        ):
            created = begun + STEP * n
            entry = entries[kind]
            year = created.year % 100
            numbers[year] = numbers.get(year, 0) + 1
            chance = rng.random()
            is_open = chance < 0.6 * math.exp((n + 1 - count) / decay)
            status = (
                rng.choices(states, cum_weights=weights)[0] if is_open else "cancelled" if chance > 0.98 else "closed"
            )
            left = rng.expovariate(1 / 40_000) * (-1 if rng.random() < 0.06 else 1)
            fix_by = NOW + timedelta(seconds=left) if is_open else created + timedelta(hours=24)
            waits = status in ("awaiting_acceptance", "declined", "unassigned", "from_cabinet")
            nobody = status in ("unassigned", "from_cabinet")
            executor = None if nobody or waits else organisation_of_house[house] * EXECUTORS // ORGANISATIONS + 1
            premise = str(rng.randrange(1, 200)) if rng.random() < 0.7 else ""
            yield (
                {
                    "id": n + 1,
                    "number": f"{year:02d}-{numbers[year]:06d}",
                    "status": status,
                    "urgency": entry["urgency"],
                    "rank": RANKS[Urgency(entry["urgency"])],
                    "classifier_code": entry["code"],
                    "house_id": house + 1,
                    "premise": premise,
                    "applicant_name": person,
                    "applicant_number": phone,
                    "text": " ".join(texts),
                    "answers": "[]",
                    "organisation_id": None if nobody else organisation_of_house[house] + 1,
                    "organisation_reason": "договор № 14-У: дом и ветвь",
                    "executor_id": executor,
                    "accept_by": created + timedelta(minutes=30),
                    "fix_by": fix_by,
                    "due_at": (fix_by if status != "awaiting_client" else None) if is_open else None,
                    "deadline_reason": "ПП РФ 416, п. 13: с момента регистрации",
                    "created_at": created,
                    "district": f"Участок {house % SECTIONS + 1}",
                    "mark": rng.choices((5, 4, 3, 2, 1), (70, 15, 8, 4, 3))[0]
                    if status == "closed" and rng.random() < 0.3
                    else None,
                    "late_at": fix_by if chance > 0.9985 else None,
                    "closed_at": None if is_open else created + timedelta(hours=20),
                    "paid": rng.random() < 0.015,
                    "applicant_count": 1 if rng.random() < 0.97 else rng.randrange(2, 20),
                },
                [
                    *entry["words"],
                    *city.words_of_house[house],
                    premise,
                    *texts,
                    *words_of(person),
                    TELEPHONE + phone[:0:-1],
                ],
            )


class Postings:
    """Words with their tickets, kept small: four bytes each."""

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}
        self.tickets: list[array[int]] = []

    def add(self, ticket_id: int, words: list[str]) -> None:
        for word in dict.fromkeys(words):
            if word:
                at = self.ids.setdefault(word, len(self.ids))
                if at == len(self.tickets):
                    self.tickets.append(array("i"))
                self.tickets[at].append(ticket_id)


# --- building ---------------------------------------------------------------------------------------------


async def _lay_ground(url: str, city: City) -> list[dict[str, Any]]:
    """Classifier, houses, organisations and executors; gives the entries with their words."""
    store = Store(url)
    try:
        imports = Imports(store, ManualClock(), ZoneInfo("Europe/Moscow"))
        await imports.import_csv("classifier", town.build(residents=10).csv("classifier"))
        async with store.begin() as tx:
            await _fill(tx.conn, city)
        from callengine.store.tickets import entries

        async with store.read() as conn:
            known = await entries(conn)
        return [
            {
                "code": one.code,
                "urgency": one.urgency.value,
                "words": search.words_of(f"{one.code} {one.problem_ru} {one.problem_en}"),
            }
            for one in known
        ]
    finally:
        await store.close()


async def _fill(conn: Any, city: City) -> None:
    from sqlalchemy import insert

    from callengine.store.tables import houses, organisations, staff

    kind = "management_company"
    rows = [{"code": f"o{n}", "name": f"УК «Район {n}»", "kind": kind} for n in range(1, ORGANISATIONS + 1)]
    await conn.execute(insert(organisations), [{"id": n, **row} for n, row in enumerate(rows, 1)])
    some: list[dict[str, Any]] = [
        {
            "id": n,
            "code": f"h{n}",
            "street": street,
            "number": number,
            "search": "",
            "district": f"Участок {(n - 1) % SECTIONS + 1}",
            "features": ["lift", "gas"],
        }
        for n, (street, number) in enumerate(city.houses, 1)
    ]
    await conn.execute(insert(houses), some)
    people = [
        {
            "id": n,
            "login": f"e{n}",
            "name": f"Слесарь {n}",
            "role": "executor",
            "organisation_id": n % ORGANISATIONS + 1,
        }
        for n in range(1, EXECUTORS + 1)
    ]
    await conn.execute(insert(staff), people)


def _tell(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


def _made(entries: list[dict[str, Any]], city: City, count: int, postings: Postings) -> Iterator[dict[str, Any]]:
    began = time.monotonic()
    for row, words in line(entries, city, count):
        postings.add(row["id"], words)
        if row["id"] % 250_000 == 0:
            _tell(f"{row['id']} of {count} tickets, {time.monotonic() - began:.0f} s")
        yield row


def created_at(count: int, ticket_id: int) -> datetime:
    return NOW - STEP * count + STEP * (ticket_id - 1)


def sqlite(count: int) -> str:
    """The URL of the database with so many tickets on SQLite; built when absent."""
    path = KEPT / f"journal-{EDITION}-{count}.db"
    url = f"sqlite+aiosqlite:///{path}"
    if not path.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        _tell(f"building {path.name}: once, it is kept")
        half = path.with_suffix(".half")
        for left in KEPT.glob(half.name + "*"):
            left.unlink()
        half_url = f"sqlite+aiosqlite:///{half}"
        migrate(half_url)
        city = City()
        entries = asyncio.run(_lay_ground(half_url, city))
        _fill_sqlite(half, entries, city, count)
        half.rename(path)
    migrate(url)
    return url


def _fill_sqlite(path: Path, entries: list[dict[str, Any]], city: City, count: int) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000", "foreign_keys=OFF"):
        connection.execute(f"PRAGMA {pragma}")
    dialect = create_engine("sqlite://").dialect
    for index in tickets.indexes:
        connection.execute(str(DropIndex(index).compile(dialect=dialect)))
    connection.execute("BEGIN")
    postings = Postings()
    rows = _made(entries, city, count, postings)
    first = next(rows)
    sql = f"INSERT INTO tickets ({', '.join(first)}) VALUES ({', '.join('?' * len(first))})"
    connection.executemany(sql, map(_plain, itertools.chain([first], rows)))
    _tell("words")
    words = ((at + 1, word) for word, at in postings.ids.items())
    connection.executemany("INSERT INTO ticket_words (id, word) VALUES (?, ?)", words)
    step, base = STEP, NOW - STEP * count
    moments = array("q", (microseconds(base + step * n) or 0 for n in range(count)))
    listed = (
        (at + 1, moments[ticket_id - 1], ticket_id) for at, some in enumerate(postings.tickets) for ticket_id in some
    )
    connection.executemany("INSERT INTO ticket_postings (word_id, created_at, ticket_id) VALUES (?, ?, ?)", listed)
    connection.executemany("INSERT INTO ticket_counters VALUES (?, ?)", [(year, count) for year in range(2018, 2027)])
    _tell("indexes")
    for index in tickets.indexes:
        connection.execute(str(CreateIndex(index).compile(dialect=dialect)))
    connection.execute("COMMIT")
    connection.close()


def _plain(row: dict[str, Any]) -> list[Any]:
    for name in MOMENTS:
        row[name] = microseconds(row[name])
    return list(row.values())


class KeptPostgres(PostgresServer):
    """A server whose data stay under var/bench from one bench to the next."""

    settings = PostgresServer.settings | {
        "shared_buffers": "1GB",
        "maintenance_work_mem": "1GB",
        "max_wal_size": "8GB",
        # What is written into a table that was emptied in the same transaction is not written into the log as well.
        "wal_level": "minimal",
        "max_wal_senders": 0,
    }

    def __init__(self) -> None:
        super().__init__(KEPT / f"postgres-{EDITION}")


def postgres(server: PostgresServer, count: int) -> str:
    """The URL of the database with so many tickets on PostgreSQL; built when absent."""
    name = f"journal_{count}"
    url = server.url(name)
    if not server.has(name):
        _tell(f"building {name} on PostgreSQL: once, it is kept")
        if server.has("half"):
            server.drop("half")
        server.create("template0", name="half")
        half = server.url("half")
        migrate(half)
        city = City()
        entries = asyncio.run(_lay_ground(half, city))
        asyncio.run(_fill_postgres(half.replace("+asyncpg", ""), entries, city, count))
        server.rename("half", name)
    migrate(url)
    return url


async def _fill_postgres(dsn: str, entries: list[dict[str, Any]], city: City, count: int) -> None:
    conn = await asyncpg.connect(dsn)
    for index in tickets.indexes:
        await conn.execute(str(DropIndex(index).compile(dialect=_POSTGRES)))
    await conn.execute("ALTER TABLE ticket_postings DROP CONSTRAINT pk_ticket_postings")
    postings = Postings()
    rows = _made(entries, city, count, postings)
    while some := list(itertools.islice(rows, 50_000)):
        records = [tuple(row.values()) for row in some]
        await conn.copy_records_to_table("tickets", records=records, columns=list(some[0]))
    _tell("words")
    words = [(at + 1, word) for word, at in postings.ids.items()]
    await conn.copy_records_to_table("ticket_words", records=words, columns=["id", "word"])
    async with conn.transaction():
        await _post(conn, postings, created_at(count, 1))
    await conn.execute("SELECT setval('ticket_words_id_seq', $1)", len(words))
    await conn.execute("SELECT setval('tickets_id_seq', $1)", count)
    _tell("indexes")
    await conn.execute(
        "ALTER TABLE ticket_postings ADD CONSTRAINT pk_ticket_postings PRIMARY KEY (word_id, created_at, ticket_id)",
        timeout=7_200,
    )
    for index in tickets.indexes:
        await conn.execute(str(CreateIndex(index).compile(dialect=_POSTGRES)))
    await conn.executemany("INSERT INTO ticket_counters VALUES ($1, $2)", [(y, count) for y in range(2018, 2027)])
    await conn.execute("VACUUM ANALYZE", timeout=7_200)
    await conn.close()


async def _post(conn: Any, postings: Postings, begun: datetime) -> None:
    """The server makes the postings out of lists: fifty million rows would be long on their way."""
    await conn.execute("TRUNCATE ticket_postings")
    await conn.execute("CREATE TEMPORARY TABLE listed (word_id integer, ids integer[]) ON COMMIT DROP")
    chunks = (
        (at + 1, some[n : n + 50_000].tolist())
        for at, some in enumerate(postings.tickets)
        for n in range(0, len(some), 50_000)
    )
    while part := list(itertools.islice(chunks, 2_000)):
        await conn.copy_records_to_table("listed", records=part, columns=["word_id", "ids"])
    await conn.execute(
        "INSERT INTO ticket_postings (word_id, created_at, ticket_id) "
        f"SELECT word_id, '{begun.isoformat()}'::timestamptz + (one - 1) * $1::interval, one "
        "FROM listed CROSS JOIN LATERAL unnest(ids) one",
        STEP,
        timeout=7_200,
    )


# --- both at once -----------------------------------------------------------------------------------------


@contextmanager
def _alone(which: str) -> Iterator[None]:
    """Wait until nobody else builds the same: he would take our half for his."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f"{which}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build_sqlite() -> None:
    with _alone("sqlite"):
        for size in (SMALL, LARGE):
            sqlite(size)


def build_postgres() -> None:
    with _alone("postgres"):
        kept = KeptPostgres()
        kept.start()
        try:
            for size in (SMALL, LARGE):
                postgres(kept, size)
        finally:
            kept.stop()


BUILDERS = {"sqlite": build_sqlite, "postgres": build_postgres}


def build() -> None:
    """What is absent, for both databases at once, each in a process of its own. Raises CalledProcessError."""
    done = [KEPT / f"journal-{EDITION}-{size}.db" for size in (SMALL, LARGE)]
    done.append(KEPT / f"postgres-{EDITION}.built")
    if all(path.exists() for path in done):
        return
    began = time.monotonic()
    command = [sys.executable, "-m", "tests.bench.journal_data"]
    building = [subprocess.Popen([*command, which], cwd=Path(__file__).parents[2]) for which in BUILDERS]
    for process in building:
        process.wait()
    for process in building:
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, process.args)
    done[-1].touch()
    _tell(f"built in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":  # builds what is absent
    if sys.argv[1:]:
        BUILDERS[sys.argv[1]]()
    else:
        build()
