"""HousesService: a house's card, written by hand: its name, its entrances and doors; a former name is never lost."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from callengine.clock import Clock
from callengine.directory import search
from callengine.directory.model import FormerName, House, Incident, Person, Premise, Reader, Service
from callengine.errors import Conflict, NotFound, Refused
from callengine.store import directory as reads
from callengine.store import houses as rows
from callengine.store import imports
from callengine.store.database import Store, Tx


@dataclass(frozen=True, slots=True)
class HouseForm:
    """What people write of a house. `premises` None leaves the doors as they are."""

    street: str
    number: str
    district: str = ""
    floors: int | None = None
    entrances: int | None = None
    features: Sequence[str] = ()
    premises: Sequence[Premise] | None = None


@dataclass(frozen=True, slots=True)
class HouseCard:
    """A house with its doors, who serves it now, and what is open there."""

    house: House
    premises: tuple[Premise, ...]
    services: tuple[Service, ...]
    incidents: tuple[Incident, ...]
    people: dict[str, int]  # how many are known behind each door


class HousesService:
    """Reads and writes houses; people of a house are read with a line in the log."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def card(self, house_id: int) -> HouseCard:
        async with self._store.read() as conn:
            house = (await reads.houses_by_id(conn, [house_id])).get(house_id)
            if house is None:
                raise NotFound(f"there is no house {house_id}")
            behind = await rows.residents_of(conn, house_id)
            return HouseCard(
                house,
                tuple(await rows.premises_of(conn, house_id)),
                tuple(await rows.services_of(conn, house_id, self._clock.now())),
                tuple(await reads.incidents_of(conn, [house_id])),
                {premise: len(its) for premise, its in behind.items()},
            )

    async def residents(
        self, house_id: int, who: Reader, *, premise: str = "", limit: int = 500, cursor: str | None = None
    ) -> tuple[list[Person], str | None]:
        """The people of a house, or of one flat, in the order of the flats, and the cursor of what comes after.

        Each reading is logged. Raises NotFound.
        """
        wanted = search.premise_of(premise)
        first = int(cursor) if cursor and cursor.isdecimal() else 0
        async with self._store.read() as conn:
            if not await reads.houses_by_id(conn, [house_id]):
                raise NotFound(f"there is no house {house_id}")
            behind = await rows.residents_of(conn, house_id)
            doors = sorted(behind, key=search.house_number_key)
            ids = list(dict.fromkeys(id for door in doors if not wanted or door == wanted for id in behind[door]))
            found = await reads.persons(conn, ids[first : first + limit], self._clock.now())
        if found:
            subject = f"house:{house_id}" + (f":{wanted}" if wanted else "")
            at = self._clock.now()
            async with self._store.begin() as tx:
                await reads.log_reading(
                    tx, at=at, staff_id=who.staff_id, who=who.name, what="card", subject=subject, why="house"
                )
        return found, str(first + limit) if len(ids) > first + limit else None

    async def create(self, form: HouseForm) -> House:
        """Raises Conflict when a house is called so already."""
        form = _checked(form)
        async with self._store.begin() as tx:
            await self._only(tx, form, None)
            id = await rows.add(tx, {"code": f"house-{secrets.token_hex(8)}", **_values(form)})
            if form.premises is not None:
                await rows.put_premises(tx, id, form.premises)
            return (await reads.houses_by_id(tx.conn, [id]))[id]

    async def change(self, house_id: int, form: HouseForm) -> House:
        """A new name leaves the former one to be found. Raises NotFound, Conflict, Refused."""
        form = _checked(form)
        async with self._store.begin() as tx:
            house = (await reads.houses_by_id(tx.conn, [house_id])).get(house_id)
            if house is None:
                raise NotFound(f"there is no house {house_id}")
            if imports.renamed(house.street, house.number, form.street, form.number):
                await self._only(tx, form, house_id)
                gone = {house_id: FormerName(house.street, house.number, self._clock.now())}
                await imports.keep_names(tx.conn, gone)
            await rows.save(tx, house_id, _values(form))
            if form.premises is not None:
                await rows.put_premises(tx, house_id, form.premises)
            return (await reads.houses_by_id(tx.conn, [house_id]))[house_id]

    async def _only(self, tx: Tx, form: HouseForm, but: int | None) -> None:
        others = [id for id in await rows.at_address(tx.conn, form.street, form.number) if id != but]
        if others:
            raise Conflict(f"{form.street}, {form.number} is house {others[0]} already", house_id=others[0])


def _checked(form: HouseForm) -> HouseForm:
    street, number = (" ".join(search.storable(text).split()) for text in (form.street, form.number))
    if not search.words_of(street):
        raise Refused("write the street", pointer="/street")
    if not search.words_of(number):
        raise Refused("write the number of the house", pointer="/number")
    premises = form.premises
    if premises is not None:
        premises = [_door(one, n, form.entrances) for n, one in enumerate(premises)]
        names = [one.number for one in premises]
        for n, name in enumerate(names):
            if name in names[:n]:
                raise Refused(f"{name} is there twice", pointer=f"/premises/{n}/number")
    features = sorted({search.fold(one) for one in form.features if one.strip()})
    return HouseForm(street, number, form.district.strip(), form.floors, form.entrances, features, premises)


def _door(one: Premise, place: int, entrances: int | None) -> Premise:
    number = search.premise_of(search.storable(one.number))
    if not number:
        raise Refused("write the number on the door", pointer=f"/premises/{place}/number")
    if one.entrance is not None and entrances is not None and one.entrance > entrances:
        raise Refused(f"the house has {entrances} entrances", pointer=f"/premises/{place}/entrance")
    return Premise(0, number, one.kind, one.entrance, one.floor)


def _values(form: HouseForm) -> dict[str, object]:
    return {
        "street": form.street,
        "number": form.number,
        "district": form.district,
        "floors": form.floors,
        "entrances": form.entrances,
        "features": list(form.features),
    }
