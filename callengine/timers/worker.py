"""Fires timers: sleeps until the nearest or a wake-up, claims by lease, hands to the owner; tries failures again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from callengine.clock import Clock
from callengine.errors import Unavailable
from callengine.store import timers as rows
from callengine.store.database import Store
from callengine.timers.model import Owner, Timer, TimerSet

log = logging.getLogger(__name__)

BATCH = 50
OWNER_SECONDS = 20.0  # longer than SQLite may wait for a lock
LEASE_SECONDS = 60.0
BACKOFF_SECONDS = (1.0, 5.0, 15.0, 60.0, 300.0)
# A sleep is never longer: the machine's clock may be set, and PostgreSQL's wake-up may be lost with its connection.
LONGEST_SLEEP_SECONDS = 60.0
STORE_TROUBLE_SECONDS = 1.0


def backoff(tries: int) -> timedelta:
    """How long after the try number `tries` failed the next one comes."""
    return timedelta(seconds=BACKOFF_SECONDS[min(tries, len(BACKOFF_SECONDS)) - 1])


class TimerWorker:
    """One per process. `owners` says by kind who is called with (kind, subject, fence)."""

    def __init__(self, store: Store, clock: Clock, owners: Mapping[str, Owner]) -> None:
        self._store = store
        self._clock = clock
        self._owners = owners
        self._woken = asyncio.Event()
        self._sleeps_until: datetime | None = None
        self._stop_listening: Callable[[], Awaitable[None]] | None = None
        self._deaf = not store.is_sqlite
        self.rounds = 0  # how often it woke: the idle test counts it
        store.after.setdefault(TimerSet, []).append(self._noticed)

    def wake(self) -> None:
        """Look again now."""
        self._woken.set()

    def _noticed(self, fact: TimerSet) -> None:
        if self._sleeps_until is None or fact.due_at < self._sleeps_until:
            self._woken.set()

    async def run(self) -> None:
        """Fire timers until cancelled; overdue ones at once. A trouble of the store is logged and waited out."""
        # On SQLite we are the only engine (its lease says so): what a dead one held is free, without waiting.
        freed = not self._store.is_sqlite
        try:
            while True:
                try:
                    if not freed:
                        async with self._store.begin() as tx:
                            await rows.free_all(tx)
                        freed = True
                    await self._listen()
                    self._woken.clear()
                    until = await self._fire_all()
                except Unavailable as error:
                    log.warning("timers wait: %s", error, extra={"action": "timers_wait"})
                    until = self._clock.now() + timedelta(seconds=STORE_TROUBLE_SECONDS)
                await self._sleep(until)
        finally:
            if self._stop_listening is not None:
                await self._stop_listening()

    async def _listen(self) -> None:
        if not self._deaf:
            return
        if self._stop_listening is not None:
            await self._stop_listening()
            self._stop_listening = None
        self._stop_listening = await self._store.listen(rows.CHANNEL, self.wake, self._deafened)
        self._deaf = False

    def _deafened(self) -> None:
        self._deaf = True
        self._woken.set()

    async def _sleep(self, until: datetime) -> None:
        self._sleeps_until = until
        seconds = min((until - self._clock.now()).total_seconds(), LONGEST_SLEEP_SECONDS)
        if seconds > 0 and not self._woken.is_set():
            try:
                async with asyncio.timeout(seconds):
                    await self._woken.wait()
            except TimeoutError:
                pass
        self._sleeps_until = None

    async def _fire_all(self) -> datetime:
        """Fire what is due; gives the moment to sleep until."""
        while True:
            self.rounds += 1
            async with self._store.read() as conn:
                nearest = await rows.nearest(conn)
            now = self._clock.now()
            if nearest is None or nearest > now:
                return nearest or now + timedelta(seconds=LONGEST_SLEEP_SECONDS)
            if not await self.fire_due():
                # Another machine's worker holds them just now; it finishes, or its lease runs out.
                return now + timedelta(seconds=STORE_TROUBLE_SECONDS)

    async def fire_due(self) -> int:
        """Claim one batch of what is due now and hand it to the owners; gives how many were claimed."""
        async with self._store.begin() as tx:
            claimed = await rows.claim_due(tx, self._clock.now(), lease_seconds=LEASE_SECONDS, limit=BATCH)
        # A timer begins only while its lease covers its whole run: nobody else has it then.
        last_start = self._clock.monotonic() + LEASE_SECONDS - OWNER_SECONDS
        done: list[Timer] = []
        later = {timer: self._clock.now() for timer in claimed}
        try:
            for timer in claimed:
                if self._clock.monotonic() > last_start:
                    break
                if await self._hand_over(timer):
                    done.append(timer)
                    del later[timer]
                else:
                    later[timer] = self._clock.now() + backoff(timer.tries)
        finally:  # when we are stopped too: what is done is noted, the rest is free at once
            if claimed:
                async with self._store.begin() as tx:
                    await rows.finish(tx, done, list(later.items()))
        return len(claimed)

    async def _hand_over(self, timer: Timer) -> bool:
        owner = self._owners.get(timer.kind)
        fields = {"kind": timer.kind, "subject": timer.subject, "tries": timer.tries}
        if owner is None:
            log.error("timer without an owner", extra={"action": "timer_unowned", **fields})
            return False
        try:
            async with asyncio.timeout(OWNER_SECONDS):
                await owner(timer.kind, timer.subject, timer.fence)
        except Exception:
            log.exception("timer failed; it is tried again", extra={"action": "timer_failed", **fields})
            return False
        return True
