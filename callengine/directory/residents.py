"""ResidentsService: cards of people made and changed by hand; who is alike is told before a second card is made."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from callengine import phone
from callengine.clock import Clock
from callengine.directory import search, ways
from callengine.directory.model import Person, Reader
from callengine.errors import Conflict, NotFound, Refused
from callengine.store import directory as reads
from callengine.store import residents as rows
from callengine.store.database import Store, Tx

MOST_NUMBERS, MOST_HOMES = 20, 50


@dataclass(frozen=True, slots=True)
class Home:
    house_id: int
    premise: str = ""
    relation: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """What people write on a card. `anyway`: whoever asks has seen those who are alike."""

    name: str
    numbers: Sequence[str] = ()
    homes: Sequence[Home] = ()
    anyway: bool = False
    revision: str = ""  # of the card as it was read
    notify: str = ""  # of his tickets to come: those that stand keep their own
    email: str = ""


class Alike(Conflict):
    """Somebody like that is known already: open that card, or say that this is another person."""

    code = "alike"


class ResidentsService:
    """Writes cards. Every change is logged among the readings: who, when, which card."""

    def __init__(self, store: Store, clock: Clock, *, country: str = "RU", city_code: str = "") -> None:
        self._store, self._clock = store, clock
        self._country, self._city_code = country, city_code

    async def create(self, card: Card, who: Reader) -> Person:
        """Raises Alike with `people`: [{id, name, why}], Refused."""
        card = self._checked(card)
        async with self._store.begin() as tx:
            await self._warn(tx, card, None)
            id = await rows.add(tx, f"card-{secrets.token_hex(8)}", card.name)
            return await self._write(tx, id, card, who, "created")

    async def change(self, person_id: int, card: Card, who: Reader) -> Person:
        """Raises NotFound; Conflict when somebody changed the card since, or merged it; Alike for a new likeness."""
        card = self._checked(card)
        async with self._store.begin() as tx:
            found = (await rows.locked(tx, [person_id])).get(person_id)
            if found is None:
                raise NotFound(f"there is no person {person_id}")
            if found[1] is not None:
                raise Conflict(f"this card was merged into card {found[1]}: open that one", person_id=found[1])
            (before,) = await reads.persons(tx.conn, [person_id], self._clock.now())
            if card.revision and card.revision != before.revision:
                raise Conflict("somebody changed this card meanwhile: look at it anew and decide again")
            await self._warn(tx, card, before)
            if card.name != before.name:
                await rows.rename(tx, person_id, card.name)
            return await self._write(tx, person_id, card, who, "changed")

    async def _write(self, tx: Tx, id: int, card: Card, who: Reader, why: str) -> Person:
        known = await reads.houses_by_id(tx.conn, {home.house_id for home in card.homes})
        for n, home in enumerate(card.homes):
            if home.house_id not in known:
                raise Refused(f"there is no house {home.house_id}", pointer=f"/residences/{n}/house_id")
        await rows.put_numbers(tx.conn, {id: card.numbers})
        await rows.put_way(tx, id, card.notify, card.email)
        await rows.put_homes(tx, id, [(home.house_id, home.premise, home.relation) for home in card.homes])
        await reads.log_reading(
            tx,
            at=self._clock.now(),
            staff_id=who.staff_id,
            who=who.name,
            what="edit",
            subject=f"person:{id}",
            why=why,
        )
        (person,) = await reads.persons(tx.conn, [id], self._clock.now())
        return person

    async def _warn(self, tx: Tx, card: Card, before: Person | None) -> None:
        """Of a card that stands, only what is new on it can be alike anew."""
        if card.anyway:
            return
        numbers = set(card.numbers) - set(before.numbers if before else ())
        houses = {home.house_id for home in card.homes}
        if before is not None and before.name == card.name:
            houses -= {home.house.id for home in before.residences}
        its = before.id if before else None
        found = await rows.alike(tx.conn, numbers=numbers, name=card.name, house_ids=houses, but=its)
        if not found:
            return
        people = await reads.persons(tx.conn, sorted(found), self._clock.now())
        told = [{"id": person.id, "name": person.name, "why": found[person.id]} for person in people]
        names = ", ".join(person.name for person in people[:3])
        raise Alike(f"already known: {names}. Open that card, or save this one as another person's", people=told)

    def _checked(self, card: Card) -> Card:
        name = " ".join(search.storable(card.name).split())
        if not search.words_of(name):
            raise Refused("write the name", pointer="/name")
        if len(card.numbers) > MOST_NUMBERS:
            raise Refused(f"at most {MOST_NUMBERS} numbers", pointer="/numbers")
        if len(card.homes) > MOST_HOMES:
            raise Refused(f"at most {MOST_HOMES} flats", pointer="/residences")
        numbers = [self._number(text, n) for n, text in enumerate(card.numbers)]
        homes = [
            Home(home.house_id, search.premise_of(search.storable(home.premise)), search.storable(home.relation))
            for home in card.homes
        ]
        unique = {(home.house_id, home.premise): home for home in homes}
        notify, email = ways.checked(card.notify, search.storable(card.email))
        return Card(name, sorted(set(numbers)), list(unique.values()), card.anyway, card.revision, notify, email)

    def _number(self, text: str, place: int) -> str:
        read = phone.read(text, country=self._country, city_code=self._city_code)
        if not read.can_be_called:
            raise Refused(f"{text[:40]!r} is no telephone number", pointer=f"/numbers/{place}")
        return read.value
