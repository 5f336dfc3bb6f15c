"""100 000 open duties: what the idle worker costs, and how much later timers fire than with ten duties."""

from __future__ import annotations

import asyncio
import resource
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert

from callengine.callbacks.service import CLOCK, CallbacksService
from callengine.clock import SystemClock
from callengine.config import Callbacks
from callengine.store import timers as rows
from callengine.store.database import Store
from callengine.store.migrate import migrate
from callengine.store.tables import duties, timers
from callengine.tasks import Tasks
from callengine.timers.worker import TimerWorker

MANY, FEW = 100_000, 10
IDLE_SECONDS = 10.0
FIRINGS = 200
SPACING_SECONDS = 0.02


def run() -> list[tuple[str, float, str]]:
    few, _ = asyncio.run(_measure(FEW))
    many, idle = asyncio.run(_measure(MANY))
    return [
        ("timers: share of a core while 100 000 open duties idle", idle, "<=0.02"),
        (f"timers: lateness p99 with 100 000 duties / with 10 ({few * 1000:.1f} ms)", many / few, "<=2.0"),
    ]


async def _measure(count: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="bench-timers-") as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}"
        await asyncio.to_thread(migrate, url)
        store, clock, tasks = Store(url), SystemClock(), Tasks()
        service = CallbacksService(store, clock, Callbacks())
        await _fill(store, clock, count)
        lateness: list[float] = []
        probes: dict[str, float] = {}

        async def probe(kind: str, subject: str, fence: int) -> None:
            lateness.append(time.monotonic() - probes[subject])

        worker = TimerWorker(store, clock, {**service.timer_owners, "probe": probe})
        tasks.start(worker.run(), name="timers")
        await asyncio.sleep(0.5)
        idle = await _cpu_share(IDLE_SECONDS if count == MANY else 0.0)
        async with store.begin() as tx:
            for number in range(FIRINGS):
                ahead = 0.5 + number * SPACING_SECONDS
                probes[str(number)] = time.monotonic() + ahead
                await rows.set_timer(tx, "probe", str(number), clock.now() + timedelta(seconds=ahead))
        async with asyncio.timeout(60):
            while len(lateness) < FIRINGS:
                await asyncio.sleep(0.05)
        await tasks.close()
        await store.close()
    return statistics.quantiles(lateness, n=100)[98], idle


async def _fill(store: Store, clock: SystemClock, count: int) -> None:
    """Open duties, each with its clock, due from an hour on."""
    due = clock.now() + timedelta(hours=1)
    for first in range(0, count, 5000):
        numbers = range(first, min(first + 5000, count))
        async with store.begin() as tx:
            await tx.conn.execute(
                insert(duties),
                [
                    {
                        "line": "+73072240000",
                        "number_kind": "e164",
                        "number": f"+7907{number:07}",
                        "state": "open",
                        "arrived_at": clock.now(),
                        "due_at": due + timedelta(milliseconds=number),
                        "legal_due_at": due + timedelta(minutes=5),
                        "missed_count": 1,
                    }
                    for number in numbers
                ],
            )
            await tx.conn.execute(
                insert(timers),
                [
                    {"kind": CLOCK, "subject": str(number + 1), "due_at": due + timedelta(milliseconds=number)}
                    for number in numbers
                ],
            )


async def _cpu_share(seconds: float) -> float:
    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime

    if not seconds:
        return 0.0
    before = used()
    await asyncio.sleep(seconds)
    return (used() - before) / seconds
