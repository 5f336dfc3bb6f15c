"""Keeps the record of when each PBX was seen. What an interval and a gap are stands in `intervals`."""

from __future__ import annotations

from datetime import datetime

from callengine.calls.intervals import EVENTS, LEDGER, Gap, Interval, gaps
from callengine.clock import Clock
from callengine.store import coverage as rows
from callengine.store.database import Store

__all__ = ["EVENTS", "LEDGER", "CoverageService", "Gap", "Interval", "gaps"]


class CoverageService:
    """Keeps the intervals. Moments are the engine's own."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def opened(self, pbx: str, at: datetime) -> None:
        """The link is up and the PBX was read whole."""
        async with self._store.begin() as tx:
            if not await rows.is_open(tx.conn, pbx):
                await rows.open_interval(tx, pbx, at)

    async def seen(self, pbx: str, at: datetime) -> None:
        """A proof of life: after a crash the interval ends here."""
        async with self._store.begin() as tx:
            await rows.seen(tx, pbx, at)

    async def closed(self, pbx: str, at: datetime) -> None:
        """The link went down; `at` is the last proof of life."""
        async with self._store.begin() as tx:
            await rows.close(tx, pbx, at)

    async def crashed(self, pbx: str) -> datetime | None:
        """At start: close what a crash left open, at its last proof of life. The last moment this PBX was seen."""
        async with self._store.begin() as tx:
            await rows.close_at_seen(tx, pbx)
            return await rows.last_seen(tx.conn, pbx)

    async def recovered(self, pbx: str, began_at: datetime, ended_at: datetime) -> None:
        """The ledger has told what happened in this stretch."""
        if ended_at > began_at:
            async with self._store.begin() as tx:
                await rows.add_recovered(tx, pbx, began_at, ended_at)

    async def intervals(self, since: datetime, until: datetime) -> list[Interval]:
        """All that touch [since, until), oldest first, uncut."""
        async with self._store.read() as conn:
            return await rows.intervals(conn, since, until)
