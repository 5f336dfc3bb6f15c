"""Cards of people as they are written: names, numbers, flats, and where a merged card leads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.directory import search
from callengine.store import words
from callengine.store.database import Tx
from callengine.store.directory import NUMBER, NUMBER_END, PERSON
from callengine.store.tables import people, person_numbers, residences

Home = tuple[int, str, str]  # house id, premise, relation


async def kept_of(conn: AsyncConnection, ids: Collection[int]) -> dict[int, int]:
    """Where the merged ones of these cards lead in the end, however many steps away."""
    leads: dict[int, int] = {}
    asked = set(ids)
    while asked:
        query = select(people.c.id, people.c.merged_into).where(
            people.c.id.in_(asked), people.c.merged_into.is_not(None)
        )
        step = {row.id: row.merged_into for row in await conn.execute(query)}
        leads |= step
        asked = set(step.values()) - set(leads)
    return {id: _end(leads, id) for id in ids if id in leads}


def _end(leads: Mapping[int, int], id: int) -> int:
    while id in leads:
        id = leads[id]
    return id


async def led_to(conn: AsyncConnection, ids: Collection[int]) -> dict[int, list[int]]:
    """The cards merged into each, near and far, and itself."""
    found = {id: [id] for id in ids}
    at = {id: id for id in ids}  # a card -> whose it is
    while at:
        query = select(people.c.id, people.c.merged_into).where(people.c.merged_into.in_(list(at)))
        at = {row.id: at[row.merged_into] for row in await conn.execute(query)}
        for id, kept in at.items():
            found[kept].append(id)
    return found


async def index_names(conn: AsyncConnection, ids: Sequence[int]) -> None:
    """Let people be found by their names and by those of the cards merged into theirs."""
    if not ids:
        return
    cards = await led_to(conn, ids)
    every = [id for its in cards.values() for id in its]
    names = {
        row.id: row.name for row in await conn.execute(select(people.c.id, people.c.name).where(people.c.id.in_(every)))
    }
    await words.replace(
        conn, PERSON, {id: [word for one in its for word in search.words_of(names[one])] for id, its in cards.items()}
    )


async def put_numbers(conn: AsyncConnection, by_person: Mapping[int, Iterable[str]]) -> None:
    """Set the numbers of some people, E.164 or short."""
    if not by_person:
        return
    kept = {id: sorted(set(numbers)) for id, numbers in by_person.items()}
    await conn.execute(delete(person_numbers).where(person_numbers.c.person_id.in_(list(kept))))
    rows = [{"person_id": id, "number": number} for id, numbers in kept.items() for number in numbers]
    if rows:
        await conn.execute(insert(person_numbers), rows)
    ends = {id: [search.number_words(number) for number in numbers] for id, numbers in kept.items()}
    await words.replace(conn, NUMBER, {id: [begin for begin, _ in its] for id, its in ends.items()})
    await words.replace(conn, NUMBER_END, {id: [end for _, end in its] for id, its in ends.items()})


async def add(tx: Tx, code: str, name: str) -> int:
    values = {"code": code, "name": name, "search": " ".join(search.words_of(name))}
    id = int((await tx.conn.execute(insert(people).values(**values).returning(people.c.id))).scalar_one())
    await index_names(tx.conn, [id])
    return id


async def rename(tx: Tx, id: int, name: str) -> None:
    values = {"name": name, "search": " ".join(search.words_of(name))}
    await tx.conn.execute(update(people).where(people.c.id == id).values(**values))
    await index_names(tx.conn, [id])


async def put_way(tx: Tx, id: int, notify: str, email: str) -> None:
    """How a person is told, and where he is written to."""
    await tx.conn.execute(update(people).where(people.c.id == id).values(notify=notify, email=email))


async def put_homes(tx: Tx, id: int, homes: Sequence[Home]) -> None:
    """Set a person's flats; those that stay keep their rows."""
    have = {
        (row.house_id, row.premise): row
        for row in await tx.conn.execute(select(residences).where(residences.c.person_id == id))
    }
    wanted = {(house_id, premise): relation for house_id, premise, relation in homes}
    gone = [row.id for place, row in have.items() if place not in wanted]
    if gone:
        await tx.conn.execute(delete(residences).where(residences.c.id.in_(gone)))
    for place, relation in wanted.items():
        if place not in have:
            values = {"person_id": id, "house_id": place[0], "premise": place[1], "relation": relation}
            await tx.conn.execute(insert(residences).values(**values))
        elif have[place].relation != relation:
            await tx.conn.execute(update(residences).where(residences.c.id == have[place].id).values(relation=relation))


async def locked(tx: Tx, ids: Collection[int]) -> dict[int, tuple[str, int | None]]:
    """Name and where it leads of each card, held until the end of the transaction (SQLite has one writer anyway)."""
    query = select(people.c.id, people.c.name, people.c.merged_into).where(people.c.id.in_(ids)).order_by(people.c.id)
    rows = await tx.conn.execute(query.with_for_update() if tx.is_postgres else query)
    return {row.id: (row.name, row.merged_into) for row in rows}


async def alike(
    conn: AsyncConnection, *, numbers: Collection[str], name: str, house_ids: Collection[int], but: int | None = None
) -> dict[int, list[str]]:
    """Who has one of the numbers, or the same name at one of the houses: {person: why ("number", "name")}."""
    found: dict[int, list[str]] = defaultdict(list)
    if numbers:
        query = select(person_numbers.c.person_id).distinct().where(person_numbers.c.number.in_(numbers))
        for id in (await conn.execute(query)).scalars():
            found[id].append("number")
    if house_ids:
        folded = " ".join(search.words_of(name))
        join = residences.join(people, people.c.id == residences.c.person_id)
        query = select(people.c.id).distinct().select_from(join)
        query = query.where(
            residences.c.house_id.in_(house_ids), people.c.search == folded, people.c.merged_into.is_(None)
        )
        for id in (await conn.execute(query)).scalars():
            found[id].append("name")
    found.pop(but or 0, None)
    return dict(found)
