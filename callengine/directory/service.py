"""DirectoryService: who is calling, where he lives, what is known of the house; every candidate, never a choice."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from callengine import phone
from callengine.clock import Clock
from callengine.directory import search
from callengine.directory.model import (
    Card,
    FoundHouse,
    Incident,
    Note,
    Organisation,
    Person,
    Reader,
    StaffMember,
)
from callengine.errors import NotFound, Refused
from callengine.phone import Phone
from callengine.store import directory as rows
from callengine.store import residents
from callengine.store.database import Store
from callengine.store.directory import Named

NOTE_LIMIT = 200
LIMIT = 20
UNFINISHED_NUMBER, UNFINISHED_KIND, ABSENT = 5, 6, 9  # what a word costs, see search.closeness


def _costs(typed: Sequence[str], house: Named) -> list[int]:
    """How well each word answers the house under its best name; nothing when only two names together would.

    A last word that may still become «бульвар» or «корпус» need not be there.
    """
    best: list[int] = []
    for words in house.words:
        costs = [search.closeness([word], words, begun=True) for word in typed]
        if costs and costs[-1] >= ABSENT and search.may_become_kind(typed[-1]):
            costs[-1] = UNFINISHED_KIND
        if all(cost < ABSENT for cost in costs) and (not best or sum(costs) < sum(best)):
            best = costs
    return best


def _only_begun(typed: Sequence[str]) -> bool:
    """Nothing yet, or «ул», «просп», «4»: every house may still be meant."""
    return not typed or (len(typed) == 1 and (typed[0].isdigit() or search.may_become_kind(typed[0])))


class DirectoryService:
    """Reads and notes of the directory; imports.py fills it."""

    def __init__(self, store: Store, clock: Clock, *, country: str = "RU", city_code: str = "") -> None:
        self._store = store
        self._clock = clock
        self._country = country
        self._city_code = city_code

    def _phone(self, number: Phone | str) -> Phone:
        if isinstance(number, Phone):
            return number
        return phone.parse(number, country=self._country, city_code=self._city_code)

    # --- a number ---------------------------------------------------------------------------------------

    async def candidates(self, number: Phone | str) -> list[Person]:
        """Everybody who has the number (F34); nobody for a withheld one."""
        parsed = self._phone(number)
        if not parsed.value:
            return []
        async with self._store.read() as conn:
            ids = await rows.people_of_number(conn, parsed.value)
            return await rows.persons(conn, ids, self._clock.now())

    async def names(self, numbers: Collection[str]) -> dict[str, list[Person]]:
        """The candidates of many numbers at once, for lists."""
        async with self._store.read() as conn:
            by_number = await rows.people_of_numbers(conn, [n for n in numbers if n])
            ids = list(dict.fromkeys(id for its in by_number.values() for id in its))
            found = {person.id: person for person in await rows.persons(conn, ids, self._clock.now())}
        return {number: [found[id] for id in its] for number, its in by_number.items()}

    async def sample_numbers(self, limit: int) -> list[str]:
        """Numbers of residents, for the sandbox's demo calls."""
        async with self._store.read() as conn:
            return await rows.sample_numbers(conn, limit)

    async def card(self, number: Phone | str, reader: Reader, *, why: str) -> Card:
        """The candidates with what is open at their houses; the reading is logged with who and why."""
        parsed = self._phone(number)
        people = await self.candidates(parsed)
        at_houses = {home.house.id for person in people for home in person.residences}
        async with self._store.read() as conn:
            incidents = await rows.incidents_of(conn, at_houses)
        if people:
            await self._log(reader, "card", parsed.value, why)
        return Card(parsed, tuple(people), tuple(incidents))

    async def person(self, person_id: int, reader: Reader, *, why: str) -> Person:
        """One person's card, or the one that his was merged into; the reading is logged."""
        async with self._store.read() as conn:
            person_id = await self._kept(conn, person_id)
            found = await rows.persons(conn, [person_id], self._clock.now())
        if not found:
            raise NotFound(f"there is no person {person_id}")
        await self._log(reader, "card", f"person:{person_id}", why)
        return found[0]

    @staticmethod
    async def _kept(conn: rows.Conn, person_id: int) -> int:
        """The card itself, or the one that it was merged into."""
        return (await residents.kept_of(conn, [person_id])).get(person_id, person_id)

    async def _log(self, reader: Reader, what: str, subject: str, why: str) -> None:
        async with self._store.begin() as tx:
            await rows.log_reading(
                tx,
                at=self._clock.now(),
                staff_id=reader.staff_id,
                who=reader.name,
                what=what,
                subject=subject,
                why=why,
            )

    # --- search -----------------------------------------------------------------------------------------

    async def houses(self, q: str, *, limit: int = LIMIT) -> list[FoundHouse]:
        """Houses by address as people type it: «мира 44», «чкал 17», «пр-т Мира, 44, кв. 61», with a slip or two."""
        async with self._store.read() as conn:
            query, ranked = await self._ranked(conn, q)
            known = await rows.houses_by_id(conn, [house.id for house in ranked[:limit]])
            found = [known[house.id] for house in ranked[:limit]]
            if len(found) < limit and _only_begun(query.words):
                found += [one for one in await rows.first_houses(conn, limit) if one.id not in known]
            found = found[:limit]
            managed = await rows.managers(conn, [house.id for house in found], self._clock.now())
        return [FoundHouse(house, managed.get(house.id, ""), query.premise) for house in found]

    async def _ranked(self, conn: rows.Conn, q: str) -> tuple[search.AddressQuery, list[Named]]:
        query = search.parse_address(q)
        hits = await self._hits(conn, query)
        if not hits and (apart := search.apart(query)):
            query = apart
            hits = await self._hits(conn, query)
        if not hits and re.search("[a-z]", search.fold(q)):
            query = search.parse_address(search.as_if_russian_keys(q))
            hits = await self._hits(conn, query)
        costs = {house.id: _costs(query.words, house) for house in hits}

        def order(house: Named) -> tuple[int, int, str, tuple[int, str]]:
            number = search.house_number_key(house.number)
            return sum(costs[house.id]), len(house.street), house.street, number

        return query, sorted((house for house in hits if costs[house.id]), key=order)

    async def _hits(self, conn: rows.Conn, query: search.AddressQuery) -> list[Named]:
        """What has all the words; then what would have them if the last one is not typed to its end yet."""
        found = {house.id: house for house in await rows.houses_with(conn, query.words)}
        *before, last = query.words or ("",)
        if query.premise or not last or len(found) >= LIMIT:
            return list(found.values())
        more: list[Named] = []
        if last[0].isdigit():
            more = await rows.houses_with(conn, before, begun=last)
        elif before and search.may_become_kind(last):
            more = await rows.houses_with(conn, before)
        return list((found | {house.id: house for house in more if house.id not in found}).values())

    async def people(self, q: str, *, limit: int = LIMIT) -> list[Person]:
        """People by name, by a number or a piece of one, by address and flat."""
        text = q.strip()
        if not text:
            return []
        async with self._store.read() as conn:
            if search.looks_like_number(text):
                ids = await self._by_number(conn, text, limit)
            else:
                ids = [*await self._by_name(conn, text), *await self._by_address(conn, text, limit)]
            return await rows.persons(conn, list(dict.fromkeys(ids))[:limit], self._clock.now())

    async def _by_number(self, conn: rows.Conn, text: str, limit: int) -> list[int]:
        whole = await rows.people_of_number(conn, self._phone(text).value)
        digits = re.sub(r"\D", "", text)
        pieces = await rows.people_with_number(conn, search.number_prefixes(text, self._country), digits, limit)
        return [*whole, *pieces]

    async def _by_name(self, conn: rows.Conn, text: str) -> list[int]:
        typed = search.words_of(text)[: search.MAX_WORDS]
        hits = await rows.people_with_words(conn, typed)
        if not hits and re.search("[a-z]", search.fold(text)):
            typed = search.words_of(search.as_if_russian_keys(text))[: search.MAX_WORDS]
            hits = await rows.people_with_words(conn, typed)
        ranked = sorted(hits, key=lambda hit: (search.closeness(typed, hit[1].split()), hit[1]))
        return [id for id, _ in ranked]

    async def _by_address(self, conn: rows.Conn, text: str, limit: int) -> list[int]:
        if not any(c.isdigit() for c in text):
            return []
        query, found = await self._ranked(conn, text)
        named = [house for house in found if UNFINISHED_NUMBER not in _costs(query.words, house)][:5]
        return await rows.residents(conn, [house.id for house in named], query.premise, limit)

    # --- houses -----------------------------------------------------------------------------------------

    async def house(self, house_id: int) -> FoundHouse:
        async with self._store.read() as conn:
            found = await rows.houses_by_id(conn, [house_id])
            if house_id not in found:
                raise NotFound(f"there is no house {house_id}")
            managed = await rows.managers(conn, [house_id], self._clock.now())
        return FoundHouse(found[house_id], managed.get(house_id, ""))

    async def incidents(self, house_id: int) -> list[Incident]:
        """What is open or planned at the house."""
        async with self._store.read() as conn:
            return await rows.incidents_of(conn, [house_id])

    # --- notes ------------------------------------------------------------------------------------------

    async def add_note(
        self, person_id: int, text: str, author: Reader, *, expires_at: datetime | None = None, kind: str = "note"
    ) -> Note:
        """«Плохо слышит»: a short note or a tag on a person, with its author and, if wanted, its end."""
        text, now = search.storable(text), self._clock.now()
        if not text or len(text) > NOTE_LIMIT:
            raise Refused(f"a note has 1 to {NOTE_LIMIT} characters")
        if expires_at is not None and expires_at <= now:
            raise Refused("the note would expire before it begins")
        async with self._store.begin() as tx:
            person_id = await self._kept(tx.conn, person_id)
            note = Note(0, person_id, text, author.name, now, expires_at, kind)
            if not await rows.persons(tx.conn, [person_id], now):
                raise NotFound(f"there is no person {person_id}")
            id = await rows.add_note(
                tx,
                {
                    "person_id": person_id,
                    "text": text,
                    "author": author.name,
                    "created_at": now,
                    "expires_at": expires_at,
                    "kind": kind,
                },
            )
        return replace(note, id=id)

    async def remove_note(self, person_id: int, note_id: int) -> Note:
        """Take a note off; `restore_note` undoes it, so nobody needs to be asked."""
        return await self._set_removed(person_id, note_id, self._clock.now())

    async def restore_note(self, person_id: int, note_id: int) -> Note:
        return await self._set_removed(person_id, note_id, None)

    async def _set_removed(self, person_id: int, note_id: int, at: datetime | None) -> Note:
        async with self._store.begin() as tx:
            person_id = await self._kept(tx.conn, person_id)
            note = await rows.note(tx.conn, person_id, note_id)
            if note is None:
                raise NotFound(f"there is no note {note_id} on person {person_id}")
            await rows.set_removed(tx, note_id, at)
        return note

    # --- who works here and for whom --------------------------------------------------------------------

    async def organisations(self) -> list[Organisation]:
        async with self._store.read() as conn:
            return await rows.all_organisations(conn)

    async def staff(self) -> list[StaffMember]:
        async with self._store.read() as conn:
            return await rows.all_staff(conn)
