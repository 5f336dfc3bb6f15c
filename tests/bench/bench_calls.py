"""Conversations tracked and durable per second on SQLite, against the same number of bare commits in the same run."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
import time
from datetime import datetime
from pathlib import Path

from callengine import phone
from callengine.calls.service import CallsService
from callengine.calls.signals import Signal
from callengine.calls.tracker import Tracker
from callengine.clock import SystemClock
from callengine.store.calls import columns
from callengine.store.database import Store
from callengine.store.tables import metadata
from tests.bench.rounds import median_ratio
from tests.calls.dsl import Story

CONVERSATIONS = 2_000
# What one drain of the link's queue brings on a busy morning: some dozens of calls at once.
DRAIN = 2_000


def busy_morning(conversations: int) -> list[Signal]:
    """Answered queue calls, a hundred at a time, interleaved as a PBX interleaves them."""
    signals: list[Signal] = []
    for start in range(0, conversations, 100):
        story = Story()
        story.passes(start * 2)
        callers = [story.arrives(f"+7907{start + n:07d}") for n in range(100)]
        story.passes(5)
        for caller in callers:
            caller.joins()
        rings = [caller.rings(str(101 + n)) for n, caller in enumerate(callers)]
        story.passes(3)
        for ring in rings:
            ring.answers()
        story.passes(60)
        story.end_all()
        signals += story.signals
    return signals


def bare_commits(folder: Path, count: int) -> float:
    """Seconds for the bare thing: the same row into the same table and indexes, by sqlite3, one COMMIT each."""
    path = folder / "bare.db"
    asyncio.run(_create(path))
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    row = ended_call()
    statement = f"INSERT INTO calls ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
    place = list(row).index("linkedid")
    values = list(row.values())
    began = time.perf_counter()
    for n in range(count):
        values[place] = f"1795161600.{n}"
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(statement, values)
        connection.execute("COMMIT")
    seconds = time.perf_counter() - began
    connection.close()
    path.unlink()
    return seconds


async def _create(path: Path) -> None:
    store = Store(f"sqlite+aiosqlite:///{path}")
    async with store.begin() as tx:
        await tx.conn.run_sync(metadata.create_all)
    await store.close()


def ended_call() -> dict[str, object]:
    """One answered call as a row of plain SQLite values."""
    tracker = Tracker("main")
    call = [fact.call for signal in busy_morning(100) for fact in tracker.feed(signal)][-1]
    plain: dict[str, object] = {}
    for name, value in columns(call).items():
        if isinstance(value, datetime):
            plain[name] = int(value.timestamp() * 1_000_000)
        else:
            plain[name] = json.dumps(value) if isinstance(value, list) else value
    return plain


async def tracked_and_durable(folder: Path, signals: list[Signal]) -> float:
    await _create(folder / "calls.db")
    store = Store(f"sqlite+aiosqlite:///{folder}/calls.db")
    service, tracker = CallsService(store=store, clock=SystemClock()), Tracker("main")
    began = time.perf_counter()
    for start in range(0, len(signals), DRAIN):
        await service.save(tracker.feed_many(signals[start : start + DRAIN]))
    await service.save(tracker.settle())
    seconds = time.perf_counter() - began
    await store.close()
    with sqlite3.connect(folder / "calls.db") as connection:
        (saved,) = connection.execute("SELECT count(*) FROM calls WHERE outcome = 'answered'").fetchone()
    assert saved == CONVERSATIONS, saved
    return seconds


def run() -> list[tuple[str, float, float]]:
    signals = busy_morning(CONVERSATIONS)

    def bare() -> float:
        with tempfile.TemporaryDirectory() as name:
            return bare_commits(Path(name), CONVERSATIONS)

    def ours() -> float:
        phone.parse.cache_clear()  # each number is new to us, as on the first morning
        with tempfile.TemporaryDirectory() as name:
            return asyncio.run(tracked_and_durable(Path(name), signals))

    ratio = median_ratio(bare, ours)
    return [("conversations tracked and durable / bare commits (SQLite, FULL)", ratio, 0.5)]
