"""MergesService: two cards of one person become one, and can become two again."""

from __future__ import annotations

from dataclasses import dataclass

from callengine.clock import Clock
from callengine.directory.model import Person, Reader
from callengine.errors import Conflict, NotFound, Refused
from callengine.store import directory as people_rows
from callengine.store import merges as rows
from callengine.store import residents
from callengine.store.database import Store, Tx
from callengine.store.merges import Merge


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Cards that may be one person's, whole; `why` is number or name, `what` is what they share."""

    why: str
    what: str
    people: tuple[Person, ...]


class MergesService:
    """Numbers, flats, notes and tickets go over in one transaction; the undo brings exactly those back."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def merge(self, kept_id: int, merged_id: int, who: Reader) -> Merge:
        """Raises NotFound, Refused for one and the same card, Conflict when one of them leads elsewhere already."""
        if kept_id == merged_id:
            raise Refused("a card cannot be merged with itself", pointer="/other")
        async with self._store.begin() as tx:
            cards = await residents.locked(tx, [kept_id, merged_id])
            for id in (kept_id, merged_id):
                if id not in cards:
                    raise NotFound(f"there is no person {id}")
                name, leads = cards[id]
                if leads is not None:
                    raise Conflict(f"{name} was merged into card {leads} meanwhile: open that one")
            moved = await rows.move(tx, kept_id, merged_id)
            id = await rows.add(
                tx,
                kept_id=kept_id,
                merged_id=merged_id,
                at=self._clock.now(),
                author=who.name,
                staff_id=who.staff_id,
                moved=moved,
            )
            return await self._found(tx, id)

    async def undo(self, merge_id: int, who: Reader) -> Merge:
        """Raises NotFound; Conflict when it is undone already, or when a later merging of these cards goes first."""
        async with self._store.begin() as tx:
            merge = await self._found(tx, merge_id)
            await residents.locked(tx, [merge.kept_id, merge.merged_id])
            merge = await self._found(tx, merge_id)
            if merge.undone_at is not None:
                raise Conflict(f"this merging was undone already, by {merge.undone_by}")
            latest = await rows.of_person(tx.conn, merge.kept_id)
            if latest and latest[0].id != merge.id:
                raise Conflict(f"undo the later merging {latest[0].id} first", merge_id=latest[0].id)
            await rows.move_back(tx, merge)
            await rows.set_undone(tx, merge_id, self._clock.now(), who.name)
            return await self._found(tx, merge_id)

    async def _found(self, tx: Tx, merge_id: int) -> Merge:
        merge = await rows.get(tx.conn, merge_id)
        if merge is None:
            raise NotFound(f"there is no merging {merge_id}")
        return merge

    async def of(self, person_id: int) -> list[tuple[Merge, str]]:
        """The mergings into a card that stand, the newest first, each with the name of the card that came."""
        async with self._store.read() as conn:
            found = [merge for merge in await rows.of_person(conn, person_id) if merge.kept_id == person_id]
            names = await rows.names_of(conn, [merge.merged_id for merge in found])
        return [(merge, names.get(merge.merged_id, "")) for merge in found]

    async def duplicates(self, limit: int) -> list[Duplicates]:
        """Likely duplicates: the same name at one house, or the same number."""
        async with self._store.read() as conn:
            found = await rows.duplicates(conn, limit)
            ids = list(dict.fromkeys(id for one in found for id in one.person_ids))
            known = {person.id: person for person in await people_rows.persons(conn, ids, self._clock.now())}
        return [
            Duplicates(one.why, one.what, tuple(known[id] for id in one.person_ids if id in known)) for one in found
        ]
