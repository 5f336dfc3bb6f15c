"""SupportService: a period by the four levels of support, and its interim answers: numerators and denominators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from callengine.clock import Clock
from callengine.errors import Refused
from callengine.store import levels as rows
from callengine.store.database import Store
from callengine.store.levels import Interim, LevelRow
from callengine.tickets.levels import Level


@dataclass(frozen=True, slots=True)
class Support:
    """Tickets registered from `since` on and before `until`, each at the level where it is now."""

    since: datetime
    until: datetime
    levels: Sequence[LevelRow]
    interim: Interim

    @property
    def registered(self) -> int:
        return sum(row.registered for row in self.levels)

    @property
    def closed(self) -> int:
        return sum(row.closed for row in self.levels)

    @property
    def first_line(self) -> int:
        """Of those closed: settled by the operator in the call."""
        return sum(row.closed for row in self.levels if row.level == Level.OPERATOR)


class SupportService:
    """Reads only."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def figures(self, since: datetime, until: datetime) -> Support:
        """Raises Refused for a period that ends before it begins."""
        if until <= since:
            raise Refused("the period ends before it begins", pointer="/to")
        async with self._store.read() as conn:
            found = await rows.by_level(conn, since, until)
            return Support(since, until, found, await rows.interim(conn, since, until, self._clock.now()))
