"""A ticket from a call, registered whole, against the same rows committed bare by sqlite3 in the same run."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from callengine.clock import SystemClock
from callengine.directory.model import Somebody
from callengine.directory.town import load_town
from callengine.store.database import Store
from callengine.store.migrate import migrate
from callengine.store.tables import calls
from callengine.tickets.model import Answer, Applicant, NewTicket
from callengine.tickets.service import TicketsService

TICKETS, ROUNDS = 304, 21
OPERATORS = 8
ZONE = ZoneInfo("Europe/Moscow")
PETROVA = Somebody("Петрова Наталья")
CODES = ("HVS-01", "OTO-02", "ELE-01", "LIF-02", "POD-03", "TKO-01")
# What a registration writes, beside the counter; each row names its ticket by this column.
WRITTEN = {
    "tickets": "id",
    "ticket_history": "ticket_id",
    "ticket_calls": "ticket_id",
    "ticket_organisations": "ticket_id",
    "ticket_postings": "ticket_id",
    "timers": "subject",
}


def run() -> list[tuple[str, float, str]]:
    with tempfile.TemporaryDirectory() as name:
        base = Path(name) / "base.db"
        migrate(f"sqlite+aiosqlite:///{base}")
        asyncio.run(_fill(base))
        rounds = [_round(base, Path(name) / f"{n}") for n in range(ROUNDS + 1)][1:]  # the first warms up
    desk, alone = (median(one) for one in zip(*rounds, strict=True))
    return [
        (f"Tickets from calls, {OPERATORS} operators at once, SQLite: ours / committed bare (rate)", desk, ">=0.5"),
        ("One ticket from a call after another, SQLite: ours / committed bare (rate)", alone, ">=0.5"),
    ]


def _round(base: Path, folder: Path) -> tuple[float, float]:
    """Ours against bare: operators at once, and one registration after another; bare in between."""
    folder.mkdir()
    desk, bare, alone = (folder / f"{name}.db" for name in ("desk", "bare", "alone"))
    for path in (desk, bare, alone):
        shutil.copyfile(base, path)
    together = asyncio.run(_register(desk, OPERATORS))
    committed = _commit_bare(bare, _rows_of(desk, base))
    return committed / together, committed / asyncio.run(_register(alone, 1))


async def _fill(path: Path) -> None:
    store = Store(f"sqlite+aiosqlite:///{path}")
    await load_town(store, SystemClock(), None, residents=200)
    row: dict[str, Any] = {column.name: "" for column in calls.c if not column.nullable and column.name != "id"}
    row |= {"pbx": "main", "number": "+79073304177", "arrived_at": datetime(2026, 11, 20, 8, tzinfo=UTC)}
    row |= {"talk_seconds": 0.0, "held_seconds": 0.0, "callback_requested": False, "robot": False}
    row |= {"offers": [], "talks": []}
    async with store.begin() as tx:
        await tx.conn.execute(insert(calls), [row | {"linkedid": str(n)} for n in range(TICKETS)])
    await store.close()


async def _register(path: Path, operators: int) -> float:
    """Seconds for all; each operator sends his next form when the one before is acknowledged."""
    store = Store(f"sqlite+aiosqlite:///{path}")
    service = TicketsService(store, SystemClock(), ZONE)
    forms = [
        NewTicket(
            CODES[n % len(CODES)],
            n % 40 + 1,
            premise=str(n % 90 + 1),
            applicant=Applicant("", "Мельникова Анна"),
            text="Течёт стояк в ванной, заливает соседей снизу",
            call_id=n + 1,
            answers=(Answer("Перекрыт ли кран?", "да"),),
            key=f"form-{n}",
        )
        for n in range(TICKETS)
    ]
    await service.classifier_search()
    async with store.begin():  # the engine's writer is open, as bare's connection is
        pass
    began = time.perf_counter()
    await asyncio.gather(*(_desk(service, forms[n::operators]) for n in range(operators)))
    took = time.perf_counter() - began
    await store.close()
    return took


async def _desk(service: TicketsService, forms: Sequence[NewTicket]) -> None:
    for form in forms:
        await service.create(form, PETROVA)


def _rows_of(ours: Path, base: Path) -> list[list[tuple[str, tuple[Any, ...]]]]:
    """What each ticket wrote: (statement, values) in order, ready for sqlite3."""
    found: dict[int, list[tuple[str, tuple[Any, ...]]]] = {}
    with sqlite3.connect(ours) as conn, sqlite3.connect(base) as before:
        words = conn.execute("SELECT id, word FROM ticket_words").fetchall()
        known = {id for (id,) in before.execute("SELECT id FROM ticket_words")}
        new_words = {id: word for id, word in words if id not in known}
        for table, by in WRITTEN.items():
            cursor = conn.execute(f"SELECT * FROM {table}" + (" WHERE kind = 'ticket'" if table == "timers" else ""))
            names = [column[0] for column in cursor.description]
            statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
            for values in cursor:
                rows = found.setdefault(int(values[names.index(by)]), [])
                if table == "ticket_postings":  # a word of the index comes with the first ticket that has it
                    word = values[names.index("word_id")]
                    if word in new_words:
                        rows.append(("INSERT INTO ticket_words (id, word) VALUES (?, ?)", (word, new_words.pop(word))))
                rows.append((statement, values))
    before.close()
    conn.close()
    return [found[id] for id in sorted(found)]


def _commit_bare(path: Path, tickets: list[list[tuple[str, tuple[Any, ...]]]]) -> float:
    """Seconds for the bare thing: the same rows into the same tables and indexes, one COMMIT a ticket."""
    assert len(tickets) == TICKETS
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    began = time.perf_counter()
    for rows in tickets:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "INSERT INTO ticket_counters (year, last) VALUES (2026, 1) "
            "ON CONFLICT (year) DO UPDATE SET last = ticket_counters.last + 1"
        )
        for statement, values in rows:
            connection.execute(statement, values)
        connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.close()
    return took
