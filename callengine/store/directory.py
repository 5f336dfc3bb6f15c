"""Queries of the directory: people of a number, houses, notes, incidents, organisations, staff, the reading log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.directory import search
from callengine.directory.model import FormerName, House, Incident, Note, Organisation, Person, Residence, StaffMember
from callengine.store import words
from callengine.store.database import Tx
from callengine.store.prepared import Prepared, Reader, keep
from callengine.store.tables import (
    classifier,
    contract_houses,
    contracts,
    house_names,
    houses,
    incidents,
    notes,
    organisations,
    people,
    person_numbers,
    reading_log,
    residences,
    search_words,
    staff,
    tickets,
)
from callengine.tickets.model import FINAL, Urgency

Conn = AsyncConnection  # so that services can name it without SQLAlchemy
HOUSE, PERSON, NUMBER, NUMBER_END = "house", "person", "number", "number_end"
MANAGER = "management_company"
SCREENFUL = 60


# --- houses -----------------------------------------------------------------------------------------------


def house_of(row: Any) -> House:
    """Without its former names."""
    return House(
        row.id, row.code, row.street, row.number, row.district, row.floors, row.entrances, tuple(row.features or ())
    )


_HOUSES = (
    select(
        houses, house_names.c.street.label("old_street"), house_names.c.number.label("old_number"), house_names.c.until
    )
    .select_from(houses.outerjoin(house_names, house_names.c.house_id == houses.c.id))
    .order_by(house_names.c.until)
)
_ONE_HOUSE = Prepared(_HOUSES.where(houses.c.id == bindparam("id")))


async def houses_by_id(conn: Reader, ids: Collection[int]) -> dict[int, House]:
    """Houses with their former names."""
    if not ids:
        return {}
    if len(ids) == 1:  # a ticket's
        (id,) = ids

        async def read() -> House | None:
            return _houses_of(await _ONE_HOUSE.rows(conn, id=id)).get(id)

        one = await keep(conn, ("house", id), read)
        return {} if one is None else {id: one}
    assert isinstance(conn, AsyncConnection)  # many at once are no statement of a glance
    return _houses_of(await conn.execute(_HOUSES.where(houses.c.id.in_(ids))))


def _houses_of(rows: Iterable[Any]) -> dict[int, House]:
    found: dict[int, House] = {}
    for row in rows:
        house = found.get(row.id) or house_of(row)
        if row.until is not None:
            house = replace(house, former=(*house.former, FormerName(row.old_street, row.old_number, row.until)))
        found[row.id] = house
    return found


async def former_names(conn: AsyncConnection) -> dict[int, tuple[FormerName, ...]]:
    """The former names of all houses that have any, the oldest first."""
    found: dict[int, list[FormerName]] = defaultdict(list)
    for row in await conn.execute(select(house_names).order_by(house_names.c.until)):
        found[row.house_id].append(FormerName(row.street, row.number, row.until))
    return {house_id: tuple(names) for house_id, names in found.items()}


@dataclass(frozen=True, slots=True)
class Named:
    """A house as a search looks at it: its name of today, and the folded words of every name that it ever had."""

    id: int
    street: str
    number: str
    words: tuple[tuple[str, ...], ...]


async def houses_with(conn: AsyncConnection, typed: Sequence[str], *, begun: str = "") -> list[Named]:
    """Houses that have every typed word, and a word that begins with `begun`; not ranked, and not read whole."""
    # One word alone, such as the beginning of a street, names more houses the larger the town: a screenful is enough.
    few = len(typed) + bool(begun) == 1
    ids = await words.subjects(conn, HOUSE, typed, SCREENFUL if few else words.ENOUGH, begun=begun)
    if not ids:
        return []
    c = houses.c
    rows = await conn.execute(select(c.id, c.street, c.number, c.search).where(c.id.in_(ids)))
    former: dict[int, list[tuple[str, ...]]] = defaultdict(list)
    for row in await conn.execute(select(house_names).where(house_names.c.house_id.in_(ids))):
        former[row.house_id].append(tuple(search.house_words(row.street, row.number)))
    return [Named(r.id, r.street, r.number, (tuple(r.search.split()), *former[r.id])) for r in rows]


async def first_houses(conn: AsyncConnection, limit: int) -> list[House]:
    ids = list((await conn.execute(select(houses.c.id).order_by(houses.c.id).limit(limit))).scalars())
    return list((await houses_by_id(conn, ids)).values())


async def has_district(conn: AsyncConnection, district: str) -> bool:
    """Whether any house is in the district."""
    query = select(houses.c.id).where(houses.c.district == district).limit(1)
    return (await conn.execute(query)).scalar_one_or_none() is not None


async def managers(conn: AsyncConnection, house_ids: Collection[int], at: datetime) -> dict[int, str]:
    """Who manages each house at the moment: a contract on the house before one on all, then by priority."""
    if not house_ids:
        return {}
    serving = _valid(at) & (contracts.c.kind == MANAGER) & (contracts.c.branch == "") & organisations.c.active
    join = contracts.join(organisations, organisations.c.id == contracts.c.organisation_id)
    own = (
        select(contract_houses.c.house_id, organisations.c.name, contracts.c.priority, contracts.c.code)
        .select_from(join.join(contract_houses, contract_houses.c.contract_id == contracts.c.id))
        .where(serving, contract_houses.c.house_id.in_(house_ids))
        .order_by(contracts.c.priority, contracts.c.code)
    )
    found: dict[int, str] = {}
    for row in await conn.execute(own):
        found.setdefault(row.house_id, row.name)
    if missing := [house for house in house_ids if house not in found]:
        everywhere = select(organisations.c.name).select_from(join).where(serving, contracts.c.everywhere)
        name = (await conn.execute(everywhere.order_by(contracts.c.priority).limit(1))).scalar()
        found |= dict.fromkeys(missing, name) if name else {}
    return found


def _valid(at: datetime) -> ColumnElement[bool]:
    return and_(
        contracts.c.removed_at.is_(None),
        or_(contracts.c.valid_from.is_(None), contracts.c.valid_from <= at),
        or_(contracts.c.valid_until.is_(None), contracts.c.valid_until > at),
    )


_accidents = (
    select(
        *(tickets.c[name] for name in "id number house_id premise classifier_code created_at damage_at fix_by".split()),
        classifier.c.problem_ru,
        classifier.c.problem_en,
    )
    .join(classifier, classifier.c.code == tickets.c.classifier_code)
    .where(
        tickets.c.status.not_in(FINAL),
        tickets.c.urgency.in_((Urgency.LIFE, Urgency.EMERGENCY)),
        tickets.c.fixed_at.is_(None),
    )
    .order_by(tickets.c.id)
)


async def incidents_of(conn: AsyncConnection, house_ids: Collection[int]) -> list[Incident]:
    """What is open or planned at the houses, accidents first.

    An accident is what was written as one, and each matter of life or emergency that a ticket tells and nobody has
    mended yet: the oldest of several about one matter behind one door.
    """
    if not house_ids:
        return []
    query = select(incidents).where(incidents.c.house_id.in_(house_ids), incidents.c.ended_at.is_(None))
    written = [Incident(**row._mapping) for row in await conn.execute(query)]
    told = {incident.ticket_number for incident in written}
    found: dict[tuple[int, str, str], Incident] = {}
    for row in await conn.execute(_accidents.where(tickets.c.house_id.in_(house_ids))):
        accident = Incident(
            id=-row.id,
            house_id=row.house_id,
            kind="accident",
            title=row.problem_ru,
            cause="",
            began_at=row.damage_at or row.created_at,
            promised_at=row.fix_by,
            ticket_number=row.number,
            title_en=row.problem_en,
        )
        if row.number not in told:
            found.setdefault((row.house_id, row.premise, row.classifier_code), accident)
    return sorted([*written, *found.values()], key=lambda incident: (incident.kind, incident.began_at))


async def add_incidents(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await tx.conn.execute(insert(incidents), list(rows))


# --- people -----------------------------------------------------------------------------------------------


async def people_of_number(conn: AsyncConnection, number: str) -> list[int]:
    query = select(person_numbers.c.person_id).where(person_numbers.c.number == number)
    return list((await conn.execute(query.order_by(person_numbers.c.person_id))).scalars())


async def sample_numbers(conn: Conn, limit: int) -> list[str]:
    """Some numbers that residents have, for demo calls."""
    query = select(person_numbers.c.number).distinct().order_by(person_numbers.c.number).limit(limit)
    return list((await conn.execute(query)).scalars())


async def people_of_numbers(conn: AsyncConnection, numbers: Collection[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    if numbers:
        query = select(person_numbers).where(person_numbers.c.number.in_(set(numbers)))
        for row in await conn.execute(query.order_by(person_numbers.c.person_id)):
            found[row.number].append(row.person_id)
    return found


async def people_with_words(conn: AsyncConnection, typed: Sequence[str]) -> list[tuple[int, str]]:
    ids = await words.subjects(conn, PERSON, typed)
    if not ids:
        return []
    rows = await conn.execute(select(people.c.id, people.c.search).where(people.c.id.in_(ids)))
    return [(row.id, row.search) for row in rows]


async def people_with_number(conn: AsyncConnection, prefixes: Sequence[str], digits: str, limit: int) -> list[int]:
    """Whose number begins so, or ends so."""
    w = search_words.c
    begins = or_(*(and_(w.word >= p, w.word < words.after(p)) for p in prefixes))
    ends = and_(w.word >= digits[::-1], w.word < words.after(digits[::-1]))
    first = select(w.subject_id).where(w.kind == NUMBER, begins).limit(limit)
    last = select(w.subject_id).where(w.kind == NUMBER_END, ends).limit(limit)
    found = [*(await conn.execute(first)).scalars(), *(await conn.execute(last)).scalars()]
    return list(dict.fromkeys(found))[:limit]


async def residents(conn: AsyncConnection, house_ids: Sequence[int], premise: str, limit: int) -> list[int]:
    if not house_ids:
        return []
    query = select(residences.c.person_id).distinct().where(residences.c.house_id.in_(house_ids))
    if premise:
        query = query.where(residences.c.premise == premise)
    return list((await conn.execute(query.order_by(residences.c.person_id).limit(limit))).scalars())


async def persons(conn: AsyncConnection, ids: Sequence[int], at: datetime) -> list[Person]:
    """Whole persons, in the order of the ids."""
    if not ids:
        return []
    rows = {row.id: row for row in await conn.execute(select(people).where(people.c.id.in_(ids)))}
    numbers: dict[int, list[str]] = defaultdict(list)
    query = select(person_numbers).where(person_numbers.c.person_id.in_(ids))
    for row in await conn.execute(query.order_by(person_numbers.c.number)):
        numbers[row.person_id].append(row.number)
    homes = await _residences(conn, ids, at)
    tags = await _notes(conn, ids, at)
    return [
        Person(
            row.id,
            row.code,
            row.name,
            tuple(numbers[row.id]),
            tuple(homes[row.id]),
            tuple(tags[row.id]),
            row.notify,
            row.email,
        )
        for row in (rows[id] for id in ids if id in rows)
    ]


async def _residences(conn: AsyncConnection, ids: Sequence[int], at: datetime) -> dict[int, list[Residence]]:
    query = select(residences).where(residences.c.person_id.in_(ids)).order_by(residences.c.id)
    rows = (await conn.execute(query)).all()
    at_house = {row.house_id for row in rows}
    known, managed = await houses_by_id(conn, at_house), await managers(conn, at_house, at)
    homes: dict[int, list[Residence]] = defaultdict(list)
    for row in rows:
        home = Residence(known[row.house_id], row.premise, row.relation, managed.get(row.house_id, ""))
        homes[row.person_id].append(home)
    return homes


# --- notes ------------------------------------------------------------------------------------------------


def note_of(row: Row[Any]) -> Note:
    return Note(row.id, row.person_id, row.text, row.author, row.created_at, row.expires_at, row.kind)


async def _notes(conn: AsyncConnection, ids: Sequence[int], at: datetime) -> dict[int, list[Note]]:
    current = or_(notes.c.expires_at.is_(None), notes.c.expires_at > at)
    query = select(notes).where(notes.c.person_id.in_(ids), notes.c.removed_at.is_(None), current)
    found: dict[int, list[Note]] = defaultdict(list)
    for row in await conn.execute(query.order_by(notes.c.id)):
        found[row.person_id].append(note_of(row))
    return found


async def add_note(tx: Tx, values: Mapping[str, Any]) -> int:
    return int((await tx.conn.execute(insert(notes).values(**values).returning(notes.c.id))).scalar_one())


async def note(conn: AsyncConnection, person_id: int, note_id: int) -> Note | None:
    query = select(notes).where(notes.c.id == note_id, notes.c.person_id == person_id)
    row = (await conn.execute(query)).one_or_none()
    return note_of(row) if row else None


async def set_removed(tx: Tx, note_id: int, at: datetime | None) -> None:
    await tx.conn.execute(update(notes).where(notes.c.id == note_id).values(removed_at=at))


async def has_notes(conn: AsyncConnection) -> bool:
    return (await conn.execute(select(notes.c.id).limit(1))).first() is not None


# --- organisations, staff, the log ------------------------------------------------------------------------


async def all_organisations(conn: AsyncConnection, *, active_only: bool = False) -> list[Organisation]:
    query = select(organisations).order_by(organisations.c.name)
    rows = await conn.execute(query.where(organisations.c.active) if active_only else query)
    return [Organisation(**row._mapping) for row in rows]


_ONE_ORGANISATION = Prepared(select(organisations).where(organisations.c.id == bindparam("id")))


def _organisation_of(row: Any) -> Organisation:
    return Organisation(**row._asdict())


async def organisations_by_id(conn: Reader, ids: Collection[int]) -> dict[int, Organisation]:
    if not ids:
        return {}
    if len(ids) == 1:  # a ticket's
        (id,) = ids

        async def read() -> Organisation | None:
            return next(iter(await _ONE_ORGANISATION.made(conn, _organisation_of, id=id)), None)

        one = await keep(conn, ("organisation", id), read)
        return {} if one is None else {id: one}
    assert isinstance(conn, AsyncConnection)  # many at once are no statement of a glance
    rows = await conn.execute(select(organisations).where(organisations.c.id.in_(ids)))
    return {row.id: Organisation(**row._mapping) for row in rows}


_STAFF = tuple(staff.c[name] for name in "id login name role extension organisation_id phone".split())


async def all_staff(conn: AsyncConnection) -> list[StaffMember]:
    rows = await conn.execute(select(*_STAFF, staff.c.active).order_by(staff.c.name))
    return [StaffMember(**row._mapping) for row in rows]


_ONE_OF_STAFF = Prepared(select(*_STAFF, staff.c.active).where(staff.c.id == bindparam("id")))


async def staff_by_id(conn: Reader, ids: Collection[int]) -> dict[int, StaffMember]:
    if not ids:
        return {}
    if len(ids) == 1:  # a ticket's
        (id,) = ids
        return {row.id: StaffMember(**row._asdict()) for row in await _ONE_OF_STAFF.rows(conn, id=id)}
    assert isinstance(conn, AsyncConnection)  # many at once are no statement of a glance
    rows = await conn.execute(select(*_STAFF, staff.c.active).where(staff.c.id.in_(ids)))
    return {row.id: StaffMember(**row._mapping) for row in rows}


async def log_reading(
    tx: Tx, *, at: datetime, staff_id: int | None, who: str, what: str, subject: str, why: str
) -> None:
    values = {"at": at, "staff_id": staff_id, "who": who, "what": what, "subject": subject, "why": why}
    await tx.conn.execute(insert(reading_log).values(**values))


async def people_by_code(conn: AsyncConnection, codes: Collection[str]) -> dict[str, int]:
    rows = await conn.execute(select(people.c.code, people.c.id).where(people.c.code.in_(codes)))
    return {row.code: row.id for row in rows}
