"""Batches of imported rows against the tables: what is new, what changed, what cannot be taken.

Each `put_*` compares by code, writes only differences (nothing when `write` is False), and answers with
an Outcome; so an import repeated changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table, bindparam, delete, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.directory import search
from callengine.store import words
from callengine.store.directory import HOUSE, NUMBER, NUMBER_END, PERSON
from callengine.store.tables import (
    classifier,
    contract_houses,
    contracts,
    houses,
    organisations,
    people,
    person_numbers,
    residences,
    staff,
)
from callengine.tickets.classifier import searchable
from callengine.tickets.model import Entry

MOST_IN = 5000  # values in one IN: databases have their limits


@dataclass(slots=True)
class Outcome:
    """How many rows altered something, and which (by place in the batch) were refused, why."""

    changed: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class HouseRow:
    code: str
    street: str
    number: str
    district: str = ""
    floors: int | None = None
    entrances: int | None = None
    features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OrganisationRow:
    code: str
    name: str
    kind: str
    phone: str = ""
    email: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class ContractRow:
    code: str
    organisation: str
    kind: str
    branch: str = ""
    priority: int = 100
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    everywhere: bool = False
    houses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StaffRow:
    login: str
    name: str
    role: str
    extension: str | None = None
    organisation: str = ""
    language: str = "ru"
    active: bool = True
    password: str = field(default="", repr=False)
    password_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ResidentRow:
    """One flat of one person; a person with two flats has two rows."""

    code: str
    name: str
    numbers: tuple[str, ...] = ()
    house: str = ""
    premise: str = ""
    relation: str = ""


async def put_houses(conn: AsyncConnection, rows: Sequence[HouseRow], *, write: bool) -> Outcome:
    values: list[dict[str, Any]] = []
    for row in rows:
        folded = search.house_words(row.street, row.number)
        values.append(
            {
                "code": row.code,
                "street": row.street,
                "number": row.number,
                "search": " ".join(folded),
                "district": row.district,
                "floors": row.floors,
                "entrances": row.entrances,
                "features": list(row.features),
            }
        )
    changed = await _put(conn, houses, "code", values, write=write)
    if write and changed:
        ids = await _ids(conn, houses, changed)
        await words.replace(conn, HOUSE, {ids[v["code"]]: v["search"].split() for v in values if v["code"] in ids})
    return Outcome(len(changed))


async def put_organisations(conn: AsyncConnection, rows: Sequence[OrganisationRow], *, write: bool) -> Outcome:
    values = [
        {
            "code": row.code,
            "name": row.name,
            "kind": row.kind,
            "phone": row.phone,
            "email": row.email,
            "active": row.active,
        }
        for row in rows
    ]
    return Outcome(len(await _put(conn, organisations, "code", values, write=write)))


async def put_entries(conn: AsyncConnection, rows: Sequence[Entry], *, write: bool) -> Outcome:
    values = [
        {
            "code": row.code,
            "category": row.category,
            "problem_ru": row.problem_ru,
            "problem_en": row.problem_en,
            "search": searchable(row),
            "urgency": str(row.urgency),
            "organisation_kind": row.organisation_kind,
            "organisation_kinds_next": list(row.organisation_kinds_next),
            "trade": row.trade,
            "responsible": row.responsible,
            "accept_minutes": row.accept_minutes,
            "localize_minutes": row.localize_minutes,
            "fix_minutes": row.fix_minutes,
            "clock": row.clock,
            "notify_municipality": row.notify_municipality,
            "questions": list(row.questions),
            "source": row.source,
            "active": row.active,
        }
        for row in rows
    ]
    return Outcome(len(await _put(conn, classifier, "code", values, write=write)))


async def put_staff(conn: AsyncConnection, rows: Sequence[StaffRow], *, write: bool) -> Outcome:
    employers = await _ids(conn, organisations, {row.organisation for row in rows if row.organisation})
    taken = await _extensions(conn, [row.extension for row in rows if row.extension])
    outcome, values = Outcome(), []
    for index, row in enumerate(rows):
        if row.organisation and row.organisation not in employers:
            outcome.refused.append((index, f"unknown organisation {row.organisation!r}"))
            continue
        if row.extension and taken.setdefault(row.extension, row.login) != row.login:
            outcome.refused.append((index, f"extension {row.extension} belongs to {taken[row.extension]}"))
            continue
        value = {
            "login": row.login,
            "name": row.name,
            "role": row.role,
            "extension": row.extension,
            "organisation_id": employers.get(row.organisation),
            "language": row.language,
            "active": row.active,
        }
        # A password once set is its owner's: an import gives one only to who has none.
        values.append(value | ({"password_hash": row.password_hash} if row.password_hash else {}))
    changed: set[str] = set()
    for group in (
        [value for value in values if "password_hash" in value],
        [value for value in values if "password_hash" not in value],
    ):
        changed |= await _put(conn, staff, "login", group, write=write)
    outcome.changed = len(changed)
    return outcome


async def logins_with_password(conn: AsyncConnection, logins: Sequence[str]) -> set[str]:
    query = select(staff.c.login).where(staff.c.login.in_(logins), staff.c.password_hash.is_not(None))
    return set((await conn.execute(query)).scalars())


async def _extensions(conn: AsyncConnection, extensions: Collection[str]) -> dict[str, str]:
    query = select(staff.c.extension, staff.c.login).where(staff.c.extension.in_(extensions))
    return {row.extension: row.login for row in await conn.execute(query)}


# --- contracts --------------------------------------------------------------------------------------------


async def put_contracts(conn: AsyncConnection, rows: Sequence[ContractRow], *, write: bool) -> Outcome:
    parties = await _ids(conn, organisations, {row.organisation for row in rows})
    served = await _ids(conn, houses, {code for row in rows for code in row.houses})
    outcome, good = Outcome(), []
    for index, row in enumerate(rows):
        unknown = [code for code in row.houses if code not in served]
        if row.organisation not in parties:
            outcome.refused.append((index, f"unknown organisation {row.organisation!r}"))
        elif unknown:
            outcome.refused.append((index, f"unknown house {', '.join(map(repr, unknown[:5]))}"))
        else:
            good.append(row)
    values = [_contract_values(row, parties[row.organisation]) for row in good]
    changed = await _put(conn, contracts, "code", values, write=write)
    changed |= await _put_contract_houses(conn, good, served, write=write)
    outcome.changed = len(changed)
    return outcome


def _contract_values(row: ContractRow, organisation_id: int) -> dict[str, Any]:
    return {
        "code": row.code,
        "organisation_id": organisation_id,
        "kind": row.kind,
        "branch": row.branch,
        "priority": row.priority,
        "valid_from": row.valid_from.astimezone(UTC) if row.valid_from else None,
        "valid_until": row.valid_until.astimezone(UTC) if row.valid_until else None,
        "everywhere": row.everywhere,
    }


async def _put_contract_houses(
    conn: AsyncConnection, rows: Sequence[ContractRow], served: Mapping[str, int], *, write: bool
) -> set[str]:
    ids = await _ids(conn, contracts, {row.code for row in rows})
    have: dict[int, set[int]] = defaultdict(set)
    for part in _parts(sorted(ids.values())):
        for pair in await conn.execute(select(contract_houses).where(contract_houses.c.contract_id.in_(part))):
            have[pair.contract_id].add(pair.house_id)
    changed: set[str] = set()
    gone: list[int] = []
    new: list[dict[str, int]] = []
    for row in rows:
        wanted = {served[code] for code in row.houses}
        id = ids.get(row.code)  # None in a dry run, of a contract that is new
        if id is None or wanted != have[id]:
            changed.add(row.code)
        if id is not None and wanted != have[id]:
            gone.append(id)
            new += [{"contract_id": id, "house_id": house} for house in sorted(wanted)]
    if write and gone:
        await conn.execute(delete(contract_houses).where(contract_houses.c.contract_id.in_(gone)))
    if write and new:
        await conn.execute(insert(contract_houses), new)
    return changed


# --- residents --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Resident:
    """A person as the batch leaves him, beside what the tables have."""

    id: int | None
    name: str
    old_name: str
    numbers: set[str]
    old_numbers: set[str]
    homes: dict[tuple[int, str], str]
    old_homes: dict[tuple[int, str], str]


async def put_residents(conn: AsyncConnection, rows: Sequence[ResidentRow], *, write: bool) -> Outcome:
    at = await _ids(conn, houses, {row.house for row in rows if row.house})
    known = await _known(conn, {row.code for row in rows})
    outcome = Outcome()
    for index, row in enumerate(rows):
        if row.house and row.house not in at:
            outcome.refused.append((index, f"unknown house {row.house!r}"))
            continue
        person = known.get(row.code)
        if person is None:
            known[row.code] = person = _Resident(None, row.name, "", set(), set(), {}, {})
            altered = True
        else:
            altered = person.name != row.name or person.numbers != set(row.numbers)
        person.name, person.numbers = row.name, set(row.numbers)
        if row.house:
            home = (at[row.house], row.premise)
            altered |= person.homes.get(home) != row.relation
            person.homes[home] = row.relation
        outcome.changed += altered
    if write:
        await _write_residents(conn, known)
    return outcome


async def _known(conn: AsyncConnection, codes: Collection[str]) -> dict[str, _Resident]:
    found: dict[str, _Resident] = {}
    by_id: dict[int, _Resident] = {}
    for row in await conn.execute(select(people).where(people.c.code.in_(codes))):
        found[row.code] = by_id[row.id] = _Resident(row.id, row.name, row.name, set(), set(), {}, {})
    for row in await conn.execute(select(person_numbers).where(person_numbers.c.person_id.in_(list(by_id)))):
        by_id[row.person_id].numbers.add(row.number)
        by_id[row.person_id].old_numbers.add(row.number)
    for row in await conn.execute(select(residences).where(residences.c.person_id.in_(list(by_id)))):
        by_id[row.person_id].homes[row.house_id, row.premise] = row.relation
        by_id[row.person_id].old_homes[row.house_id, row.premise] = row.relation
    return found


async def _write_residents(conn: AsyncConnection, known: Mapping[str, _Resident]) -> None:
    values = [
        {"code": code, "name": person.name, "search": " ".join(search.words_of(person.name))}
        for code, person in known.items()
    ]
    renamed = await _put(conn, people, "code", values, write=True)
    ids = await _ids(conn, people, known)
    by_id = {ids[code]: person for code, person in known.items()}
    await words.replace(conn, PERSON, {ids[code]: search.words_of(known[code].name) for code in renamed})
    await _write_numbers(conn, {id: p for id, p in by_id.items() if p.numbers != p.old_numbers})
    await _write_homes(conn, by_id)


async def _write_numbers(conn: AsyncConnection, by_id: Mapping[int, _Resident]) -> None:
    if not by_id:
        return
    await conn.execute(delete(person_numbers).where(person_numbers.c.person_id.in_(list(by_id))))
    rows = [{"person_id": id, "number": number} for id, p in by_id.items() for number in sorted(p.numbers)]
    if rows:
        await conn.execute(insert(person_numbers), rows)
    ends = {id: [search.number_words(number) for number in p.numbers] for id, p in by_id.items()}
    await words.replace(conn, NUMBER, {id: [begin for begin, _ in its] for id, its in ends.items()})
    await words.replace(conn, NUMBER_END, {id: [end for _, end in its] for id, its in ends.items()})


async def _write_homes(conn: AsyncConnection, by_id: Mapping[int, _Resident]) -> None:
    stale: list[tuple[int, int, str]] = []
    rows: list[dict[str, Any]] = []
    for id, person in by_id.items():
        for (house_id, premise), relation in person.homes.items():
            if person.old_homes.get((house_id, premise)) == relation:
                continue
            if (house_id, premise) in person.old_homes:
                stale.append((id, house_id, premise))
            rows.append({"person_id": id, "house_id": house_id, "premise": premise, "relation": relation})
    if stale:
        key = tuple_(residences.c.person_id, residences.c.house_id, residences.c.premise)
        await conn.execute(delete(residences).where(key.in_(stale)))
    if rows:
        await conn.execute(insert(residences), rows)


# --- any table by its code ----------------------------------------------------------------------------------


async def _put(
    conn: AsyncConnection, table: Table, key: str, values: Sequence[Mapping[str, Any]], *, write: bool
) -> set[str]:
    """Insert what is new, update what differs; answers with the keys of both."""
    if not values:
        return set()
    column = table.c[key]
    names = list(values[0])
    query = select(*(table.c[name] for name in names)).where(column.in_([value[key] for value in values]))
    have = {row[key]: dict(row) for row in (await conn.execute(query)).mappings()}
    new = [dict(value) for value in values if value[key] not in have]
    differing = [value for value in values if value[key] in have and have[value[key]] != dict(value)]
    if write and new:
        await conn.execute(insert(table), new)
    if write and differing:
        change = update(table).where(column == bindparam("the_key"))
        change = change.values({name: bindparam(f"to_{name}") for name in names if name != key})
        await conn.execute(
            change, [{"the_key": v[key], **{f"to_{n}": v[n] for n in names if n != key}} for v in differing]
        )
    return {value[key] for value in (*new, *differing)}


async def _ids(conn: AsyncConnection, table: Table, codes: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in _parts(sorted(codes)):
        rows = await conn.execute(select(table.c.code, table.c.id).where(table.c.code.in_(part)))
        found |= {row.code: row.id for row in rows}
    return found


def _parts(values: Sequence[Any]) -> list[Sequence[Any]]:
    return [values[start : start + MOST_IN] for start in range(0, len(values), MOST_IN)]
