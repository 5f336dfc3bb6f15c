"""Conversations tracked and durable per second on SQLite, against the same number of bare commits in the same run."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from pathlib import Path

from callengine.calls.service import CallsService
from callengine.calls.signals import Signal
from callengine.calls.tracker import Tracker
from callengine.clock import SystemClock
from callengine.store.database import Store
from callengine.store.tables import metadata
from tests.calls.dsl import Story

CONVERSATIONS = 3_000
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
    """Seconds for one row and one COMMIT each, with the durability that the engine has."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE calls (id INTEGER PRIMARY KEY, linkedid TEXT UNIQUE, number TEXT, at INTEGER)")
    began = time.perf_counter()
    for n in range(count):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO calls (linkedid, number, at) VALUES (?, ?, ?)", (f"1.{n}", "+79074121806", n))
        connection.execute("COMMIT")
    seconds = time.perf_counter() - began
    connection.close()
    return seconds


async def tracked_and_durable(folder: Path, signals: list[Signal]) -> float:
    store = Store(f"sqlite+aiosqlite:///{folder}/calls.db")
    async with store.begin() as tx:
        await tx.conn.run_sync(metadata.create_all)
    service, tracker = CallsService(store=store, clock=SystemClock()), Tracker("main")
    began = time.perf_counter()
    for start in range(0, len(signals), DRAIN):
        facts = [fact for signal in signals[start : start + DRAIN] for fact in tracker.feed(signal)]
        await service.save(facts)
    await service.save(tracker.settle())
    seconds = time.perf_counter() - began
    await store.close()
    with sqlite3.connect(folder / "calls.db") as connection:
        (saved,) = connection.execute("SELECT count(*) FROM calls WHERE outcome = 'answered'").fetchone()
    assert saved == CONVERSATIONS, saved
    return seconds


def run() -> list[tuple[str, float, float]]:
    signals = busy_morning(CONVERSATIONS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bare = bare_commits(folder, CONVERSATIONS)
        ours = asyncio.run(tracked_and_durable(folder, signals))
    return [("conversations tracked and durable / bare commits (SQLite, FULL)", bare / ours, 0.5)]
