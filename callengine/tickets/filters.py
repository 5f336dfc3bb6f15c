"""FiltersService: named selections of the journal, one's own and, by supervisors, everybody's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from callengine.access.model import LEADERS
from callengine.clock import Clock
from callengine.directory.search import storable
from callengine.errors import Conflict, Forbidden, NotFound, Refused
from callengine.store import saved_filters as rows
from callengine.store.database import Store, Tx
from callengine.tickets.listing import SavedFilter
from callengine.tickets.visibility import Seer

MOST = 50  # of one person, and of all together: a rail that is read at a glance


class FiltersService:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def all(self, who: Seer) -> list[SavedFilter]:
        """Everybody's, then the reader's own, each in its order."""
        async with self._store.read() as conn:
            return await rows.all_for(conn, who.staff_id)

    async def add(self, who: Seer, wanted: SavedFilter) -> SavedFilter:
        """`wanted.shared` makes it everybody's. Raises Forbidden, Refused for a token of no person, Conflict."""
        owner = self._owner(who, shared=wanted.shared)
        async with self._store.begin() as tx:
            if await rows.how_many(tx.conn, owner) >= MOST:
                raise Conflict(f"there are {MOST} saved filters already: delete one first")
            values = {**_values(wanted), "staff_id": owner, "created_at": self._clock.now()}
            return replace(wanted, id=await rows.add(tx, values), staff_id=owner)

    async def change(self, who: Seer, id: int, wanted: SavedFilter) -> SavedFilter:
        """Raises NotFound, Forbidden."""
        async with self._store.begin() as tx:
            await self._own(tx, who, id)
            owner = self._owner(who, shared=wanted.shared)
            await rows.change(tx, id, {**_values(wanted), "staff_id": owner})
            return replace(wanted, id=id, staff_id=owner)

    async def remove(self, who: Seer, id: int) -> None:
        """Deleting it twice changes nothing. Raises NotFound, Forbidden."""
        async with self._store.begin() as tx:
            await self._own(tx, who, id)
            await rows.set_removed(tx, id, self._clock.now())

    async def restore(self, who: Seer, id: int) -> SavedFilter:
        """Bring a deleted one back. Raises NotFound, Forbidden."""
        async with self._store.begin() as tx:
            found = await self._own(tx, who, id)
            await rows.set_removed(tx, id, None)
            return found

    async def _own(self, tx: Tx, who: Seer, id: int) -> SavedFilter:
        found = await rows.get(tx.conn, id)
        if found is None or not (found.shared or found.staff_id == who.staff_id):
            raise NotFound
        if not self.may_change(who, found):
            raise Forbidden("a filter for everybody is changed by supervisors")
        return found

    def may_change(self, who: Seer, one: SavedFilter) -> bool:
        return who.role in LEADERS if one.shared else one.staff_id == who.staff_id

    def _owner(self, who: Seer, *, shared: bool) -> int | None:
        if shared:
            if who.role not in LEADERS:
                raise Forbidden("a filter for everybody is made by supervisors")
            return None
        if who.staff_id is None:
            raise Refused("this token belongs to no person: make one with --staff")
        return who.staff_id


def _values(wanted: SavedFilter) -> dict[str, Any]:
    return {
        "name": storable(wanted.name),
        "filter": {name: storable(value) for name, value in wanted.filter.items()},
        "columns": list(wanted.columns),
        "position": wanted.position,
    }
