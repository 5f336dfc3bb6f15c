"""Timers are promises as rows: they fire at their moment, after a restart too, and a failing owner never loses one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from callengine.clock import ManualClock, SystemClock
from callengine.store import timers as rows
from callengine.store.database import Store
from callengine.tasks import Tasks
from callengine.timers.worker import LEASE_SECONDS, TimerWorker


class Owner:
    """Notes what it was called with, and fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.calls: list[tuple[str, str, int]] = []
        self.failures = failures

    async def __call__(self, kind: str, subject: str, fence: int) -> None:
        self.calls.append((kind, subject, fence))
        if self.failures:
            self.failures -= 1
            raise RuntimeError("the owner stumbles")

    @property
    def subjects(self) -> list[str]:
        return [subject for _, subject, _ in self.calls]


async def set_timer(store: Store, clock: ManualClock | SystemClock, subject: str, *, seconds: float) -> None:
    async with store.begin() as tx:
        await rows.set_timer(tx, "call-back", subject, clock.now() + timedelta(seconds=seconds))


async def left(store: Store) -> int:
    async with store.read() as conn:
        return sum((await rows.pending(conn)).values())


@asynccontextmanager
async def running(worker: TimerWorker) -> AsyncIterator[None]:
    tasks = Tasks()
    tasks.start(worker.run(), name="timers")
    try:
        yield
    finally:
        await tasks.close()


async def until(condition: Callable[[], bool], *, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_timer_fires_at_its_moment_and_is_gone(store: Store, clock: ManualClock) -> None:
    owner = Owner()
    worker = TimerWorker(store, clock, {"call-back": owner})
    await set_timer(store, clock, "7", seconds=300)
    assert await worker.fire_due() == 0
    clock.advance(seconds=300)
    assert await worker.fire_due() == 1
    assert owner.subjects == ["7"]
    assert await left(store) == 0


async def test_overdue_timers_fire_at_the_start_earliest_first(store: Store, clock: ManualClock) -> None:
    for subject, seconds in (("late", 20), ("later", 30), ("latest", 10)):
        await set_timer(store, clock, subject, seconds=seconds)
    clock.advance(seconds=86_400)
    owner = Owner()
    async with running(TimerWorker(store, clock, {"call-back": owner})):
        await until(lambda: len(owner.calls) == 3)
    assert owner.subjects == ["latest", "late", "later"]


async def test_setting_a_nearer_timer_wakes_the_sleeping_worker(store: Store) -> None:
    clock, owner = SystemClock(), Owner()
    await set_timer(store, clock, "far", seconds=3600)
    worker = TimerWorker(store, clock, {"call-back": owner})
    async with running(worker):
        await until(lambda: worker.rounds >= 1)
        await set_timer(store, clock, "near", seconds=0.1)
        await until(lambda: owner.subjects == ["near"])


@pytest.mark.postgres
async def test_a_timer_set_by_another_machine_wakes_the_worker(postgres_url: str) -> None:
    clock, owner = SystemClock(), Owner()
    here, there = Store(postgres_url), Store(postgres_url)
    worker = TimerWorker(here, clock, {"call-back": owner})
    async with running(worker):
        await until(lambda: worker.rounds >= 1)
        await set_timer(there, clock, "from there", seconds=0)
        await until(lambda: owner.subjects == ["from there"])
    await here.close()
    await there.close()


async def test_setting_a_timer_again_moves_it(store: Store, clock: ManualClock) -> None:
    owner = Owner()
    worker = TimerWorker(store, clock, {"call-back": owner})
    await set_timer(store, clock, "7", seconds=10)
    await set_timer(store, clock, "7", seconds=600)
    clock.advance(seconds=10)
    assert await worker.fire_due() == 0
    assert await left(store) == 1


async def test_a_cancelled_timer_never_fires(store: Store, clock: ManualClock) -> None:
    await set_timer(store, clock, "7", seconds=10)
    async with store.begin() as tx:
        await rows.cancel_timer(tx, "call-back", "7")
    clock.advance(seconds=10)
    assert await TimerWorker(store, clock, {"call-back": Owner()}).fire_due() == 0


async def test_a_failing_owner_is_called_again_with_growing_pauses(
    store: Store, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    owner = Owner(failures=2)
    worker = TimerWorker(store, clock, {"call-back": owner})
    await set_timer(store, clock, "7", seconds=0)
    pauses = []
    with caplog.at_level(logging.ERROR):
        while await left(store):
            await worker.fire_due()
            async with store.read() as conn:
                nearest = await rows.nearest(conn)
            if nearest is not None:
                pauses.append((nearest - clock.now()).total_seconds())
                clock.advance(seconds=pauses[-1])
    assert pauses == [1.0, 5.0]
    assert len(owner.calls) == 3
    assert [record.action for record in caplog.records] == ["timer_failed"] * 2  # type: ignore[attr-defined]


async def test_one_failing_timer_does_not_hold_up_the_others(store: Store, clock: ManualClock) -> None:
    bad, good = Owner(failures=99), Owner()
    worker = TimerWorker(store, clock, {"bad": bad, "call-back": good})
    async with store.begin() as tx:
        await rows.set_timer(tx, "bad", "1", clock.now() - timedelta(hours=1))
    await set_timer(store, clock, "2", seconds=0)
    await worker.fire_due()
    assert good.subjects == ["2"]
    assert await left(store) == 1


async def test_a_timer_without_an_owner_stays(store: Store, clock: ManualClock) -> None:
    await set_timer(store, clock, "7", seconds=0)
    await TimerWorker(store, clock, {}).fire_due()
    assert await left(store) == 1


async def test_an_owner_that_sets_its_own_timer_again_keeps_it(store: Store, clock: ManualClock) -> None:
    async def again(kind: str, subject: str, fence: int) -> None:
        await set_timer(store, clock, subject, seconds=60)

    await set_timer(store, clock, "7", seconds=0)
    await TimerWorker(store, clock, {"call-back": again}).fire_due()
    async with store.read() as conn:
        assert await rows.nearest(conn) == clock.now() + timedelta(seconds=60)


async def test_what_a_dead_worker_held_is_free_after_its_lease(store: Store, clock: ManualClock) -> None:
    await set_timer(store, clock, "7", seconds=0)
    async with store.begin() as tx:
        (dead,) = await rows.claim_due(tx, clock.now(), lease_seconds=LEASE_SECONDS, limit=10)
    worker = TimerWorker(store, clock, {"call-back": Owner()})
    assert await worker.fire_due() == 0
    clock.advance(seconds=LEASE_SECONDS)
    async with store.begin() as tx:
        (alive,) = await rows.claim_due(tx, clock.now(), lease_seconds=LEASE_SECONDS, limit=10)
    assert alive.fence == dead.fence + 1
    async with store.begin() as tx:
        await rows.finish(tx, [dead], [])  # the dead one wakes and thinks that it is done
    assert await left(store) == 1


async def test_many_workers_share_the_timers_and_fire_each_once(store: Store, clock: ManualClock) -> None:
    for subject in range(60):
        await set_timer(store, clock, str(subject), seconds=0)
    owner = Owner()
    workers = [TimerWorker(store, clock, {"call-back": owner}) for _ in range(4)]
    while await left(store):
        await asyncio.gather(*(worker.fire_due() for worker in workers))
    assert sorted(owner.subjects, key=int) == [str(n) for n in range(60)]


async def test_an_idle_worker_does_not_poll(store: Store, clock: ManualClock) -> None:
    await set_timer(store, clock, "far", seconds=86_400)
    worker = TimerWorker(store, clock, {"call-back": Owner()})
    async with running(worker):
        await until(lambda: worker.rounds >= 1)
        async with store.begin() as tx:  # other work of the store does not wake it
            await tx.tell("something else")
        await asyncio.sleep(0.3)
        assert worker.rounds == 1


async def test_stopping_in_the_middle_notes_what_is_done_and_frees_the_rest(store: Store, clock: ManualClock) -> None:
    reached, fired = asyncio.Event(), []

    async def slow(kind: str, subject: str, fence: int) -> None:
        fired.append(subject)
        if subject == "2":
            reached.set()
            await asyncio.Event().wait()

    for number in (1, 2, 3):
        await set_timer(store, clock, str(number), seconds=number)
    clock.advance(seconds=5)
    async with running(TimerWorker(store, clock, {"call-back": slow})):
        async with asyncio.timeout(10):
            await reached.wait()
    assert fired == ["1", "2"]
    owner = Owner()
    assert await TimerWorker(store, clock, {"call-back": owner}).fire_due() == 2
    assert owner.subjects == ["2", "3"]
