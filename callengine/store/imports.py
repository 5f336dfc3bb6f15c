"""Batches of imported rows against the tables: what is new, what changed, what cannot be taken.

Each `put_*` compares by code, writes only differences (nothing when `write` is False), and answers with
an Outcome; so an import repeated changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table, bindparam, delete, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.access.model import ADMINISTRATOR, EXECUTOR, MANAGER
from callengine.directory import search
from callengine.directory.model import FormerName
from callengine.directory.ways import Way
from callengine.store import words
from callengine.store.directory import HOUSE, houses_by_id
from callengine.store.residents import index_names, kept_of, put_numbers
from callengine.store.staff import administrators_logins
from callengine.store.tables import (
    contract_houses,
    contracts,
    house_names,
    houses,
    organisations,
    people,
    person_numbers,
    premises,
    residences,
    staff,
)

MOST_IN = 5000  # values in one IN: databases have their limits
MOST_CHANGES = 100  # shown of one import; all of them are counted
Absent = Collection[str]  # columns that the file lacks: what stands there stays
NONE: Absent = ()
SECRET = frozenset({"search", "password_hash"})  # fields that nobody needs to see before and after


@dataclass(frozen=True, slots=True)
class Change:
    """What a row does to one thing: each field with what stood there and what will; `before` None is something new."""

    key: str
    title: str
    fields: tuple[tuple[str, Any, Any], ...]
    new: bool = False


@dataclass(slots=True)
class Outcome:
    """How many rows altered something, how many of them brought something new, the first changes, and which rows
    (by place in the batch) were refused, why.
    """

    changed: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    added: int = 0
    changes: list[Change] = field(default_factory=list)

    def tell(self, changes: Sequence[Change]) -> None:
        self.changed += len(changes)
        self.added += sum(change.new for change in changes)
        self.changes += changes[: MOST_CHANGES - len(self.changes)]


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
class PremiseRow:
    """One door of a house: `house` is its code."""

    house: str
    number: str
    kind: str = "flat"
    entrance: int | None = None
    floor: int | None = None


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
    duty_hours: str | None = None  # None: the file has no such column, what is kept stays


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
    email: str = ""  # "": what the card has stays
    notify: str | None = None  # a Way; None: what the card has stays


async def put_houses(
    conn: AsyncConnection, rows: Sequence[HouseRow], *, write: bool, at: datetime, absent: Absent = NONE
) -> Outcome:
    """A house renamed keeps its former name: old tickets bear it, and people type it for years."""
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
    old = {row.code: row for row in await conn.execute(select(houses).where(houses.c.code.in_([r.code for r in rows])))}
    changed = await _put(conn, houses, "code", values, write=write, absent=absent)
    outcome = Outcome()
    outcome.tell(changed)
    if write and changed:
        ids = await _ids(conn, houses, {change.key for change in changed})
        by_code = {row.code: row for row in rows}
        gone = {
            ids[code]: FormerName(old[code].street, old[code].number, at)
            for code in ids
            if code in old and renamed(old[code].street, old[code].number, by_code[code].street, by_code[code].number)
        }
        await keep_names(conn, gone)
        await index_houses(conn, list(ids.values()))
    return outcome


def renamed(old_street: str, old_number: str, street: str, number: str) -> bool:
    """Another name, and not the same one spelt otherwise: «ул Мира» for «ул. Мира»."""
    return search.house_words(old_street, old_number) != search.house_words(street, number)


async def keep_names(conn: AsyncConnection, gone: Mapping[int, FormerName]) -> None:
    values = [{"house_id": id, "street": n.street, "number": n.number, "until": n.until} for id, n in gone.items()]
    if values:
        await conn.execute(insert(house_names), values)


async def index_houses(conn: AsyncConnection, ids: Sequence[int]) -> None:
    """Let houses be found by what they are called and were called."""
    found: dict[int, list[str]] = {}
    for part in _parts(ids):
        for house in (await houses_by_id(conn, part)).values():
            names = [(house.street, house.number), *((name.street, name.number) for name in house.former)]
            found[house.id] = [word for name in names for word in search.house_words(*name)]
    await words.replace(conn, HOUSE, found)


async def put_premises(
    conn: AsyncConnection, rows: Sequence[PremiseRow], *, write: bool, at: datetime, absent: Absent = NONE
) -> Outcome:
    known = await _ids(conn, houses, {row.house for row in rows})
    outcome, values = Outcome(), {}
    for index, row in enumerate(rows):
        if row.house not in known:
            outcome.refused.append((index, f"unknown house {row.house!r}"))
            continue
        place = known[row.house], row.number
        values[place] = {"kind": row.kind, "entrance": row.entrance, "floor": row.floor}, row
    have = {}
    for part in _parts(sorted({house_id for house_id, _ in values})):
        for old in await conn.execute(select(premises).where(premises.c.house_id.in_(part))):
            have[old.house_id, old.number] = {"kind": old.kind, "entrance": old.entrance, "floor": old.floor}
    for place, (value, _) in values.items():
        value.update({name: have[place][name] for name in absent if name in value and place in have})
    differing = [(place, value, row) for place, (value, row) in values.items() if have.get(place) != value]
    outcome.tell(
        [
            _change(f"{row.house} {row.number}", f"{row.house}, {row.number}", have.get(place), value)
            for place, value, row in differing
        ]
    )
    if write and differing:
        key = tuple_(premises.c.house_id, premises.c.number)
        for part in _parts([place for place, _, _ in differing if place in have]):
            await conn.execute(delete(premises).where(key.in_(part)))
        await conn.execute(insert(premises), [{"house_id": p[0], "number": p[1], **v} for p, v, _ in differing])
    return outcome


async def put_organisations(
    conn: AsyncConnection, rows: Sequence[OrganisationRow], *, write: bool, at: datetime, absent: Absent = NONE
) -> Outcome:
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
    outcome = Outcome()
    outcome.tell(await _put(conn, organisations, "code", values, write=write, absent=absent))
    return outcome


@dataclass(frozen=True, slots=True)
class StaffPlan:
    """What a batch of staff comes to: the rows to write, those refused (by place in the batch), and who is signed out
    before, each with whether his tokens end too: as when the same is written by hand (StaffService.change).
    """

    values: list[dict[str, Any]]
    refused: list[tuple[int, str]]
    ends: dict[int, bool]


async def plan_staff(
    conn: AsyncConnection, rows: Sequence[StaffRow], *, absent: Absent = NONE, by: int | None = None
) -> StaffPlan:
    """`by` is who imports: nobody deactivates himself."""
    employers = await _ids(conn, organisations, {row.organisation for row in rows if row.organisation})
    taken = await _extensions(conn, [row.extension for row in rows if row.extension])
    known = select(staff).where(staff.c.login.in_([row.login for row in rows]))
    have = {row.login: row for row in await conn.execute(known)}
    rulers = await administrators_logins(conn)
    gone = _staff_columns(absent)
    plan = StaffPlan([], [], {})
    for index, row in enumerate(rows):
        old = have.get(row.login)
        value = _staff_value(row, employers, old, gone)
        if row.organisation and row.organisation not in employers:
            plan.refused.append((index, f"unknown organisation {row.organisation!r}"))
        elif row.extension and taken.setdefault(row.extension, row.login) != row.login:
            plan.refused.append((index, f"extension {row.extension} belongs to {taken[row.extension]}"))
        elif reason := _staff_guard(value, old, rulers, by):
            plan.refused.append((index, reason))
        else:
            plan.values.append(value)
            if old and (tokens := _signs_out(value, old)) is not None:
                plan.ends[old.id] = tokens
    return plan


def _staff_columns(absent: Absent) -> set[str]:
    return {"organisation_id" if name == "organisation" else name for name in absent}


def _staff_value(row: StaffRow, employers: Mapping[str, int], old: Any, gone: Collection[str]) -> dict[str, Any]:
    """As it will stand: a column that the file lacks keeps what is there."""
    value = {
        "login": row.login,
        "name": row.name,
        "role": row.role,
        "extension": row.extension,
        "organisation_id": employers.get(row.organisation),
        "language": row.language,
        "active": row.active,
    }
    value |= {name: old._mapping[name] for name in gone if name in value and old}
    # A password once set is its owner's: an import gives one only to who has none.
    return value | ({"password_hash": row.password_hash} if row.password_hash else {})


def _staff_guard(value: Mapping[str, Any], old: Any, rulers: set[str], by: int | None) -> str:
    """Why the row is refused, or "". `rulers` are the logins of the administrators, and follow what is taken."""
    login, rules = value["login"], value["active"] and value["role"] == ADMINISTRATOR
    if value["role"] in (MANAGER, EXECUTOR) and value["organisation_id"] is None:
        return f"the role {value['role']} needs an organisation: write its code"
    if old and old.id == by and not value["active"]:
        return "nobody deactivates himself: ask a colleague"
    if rulers == {login} and not rules:
        return "the last active administrator stays one: make another first"
    if not rules:
        rulers.discard(login)
    elif "password_hash" in value or (old and old.password_hash):
        rulers.add(login)
    return ""


def _signs_out(value: Mapping[str, Any], old: Any) -> bool | None:
    """None when his sessions go on; else whether his tokens end too."""
    if any(old._mapping[name] != value[name] for name in ("active", "role", "organisation_id")):
        return True
    return False if old.extension != value["extension"] else None


async def put_staff(
    conn: AsyncConnection,
    rows: Sequence[StaffRow],
    *,
    write: bool,
    at: datetime,
    absent: Absent = NONE,
    by: int | None = None,
) -> Outcome:
    """See `plan_staff`; the sessions of whom it names are ended by the caller, before."""
    plan = await plan_staff(conn, rows, absent=absent, by=by)
    outcome = Outcome(refused=plan.refused)
    for group in (
        [value for value in plan.values if "password_hash" in value],
        [value for value in plan.values if "password_hash" not in value],
    ):
        outcome.tell(await _put(conn, staff, "login", group, write=write, absent=_staff_columns(absent)))
    return outcome


async def logins_with_password(conn: AsyncConnection, logins: Sequence[str]) -> set[str]:
    query = select(staff.c.login).where(staff.c.login.in_(logins), staff.c.password_hash.is_not(None))
    return set((await conn.execute(query)).scalars())


async def _extensions(conn: AsyncConnection, extensions: Collection[str]) -> dict[str, str]:
    query = select(staff.c.extension, staff.c.login).where(staff.c.extension.in_(extensions))
    return {row.extension: row.login for row in await conn.execute(query)}


# --- contracts --------------------------------------------------------------------------------------------


async def put_contracts(
    conn: AsyncConnection, rows: Sequence[ContractRow], *, write: bool, at: datetime, absent: Absent = NONE
) -> Outcome:
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
    changed = {change.key: change for change in await _put(conn, contracts, "code", values, write=write, absent=absent)}
    for change in await _put_contract_houses(conn, good, served, write=write):
        before = changed.get(change.key)
        changed[change.key] = replace(before, fields=before.fields + change.fields) if before else change
    outcome.tell(list(changed.values()))
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
        "removed_at": None,  # taken away by hand, it is in force again when a file has it
        **({} if row.duty_hours is None else {"duty_hours": row.duty_hours}),
    }


async def _put_contract_houses(
    conn: AsyncConnection, rows: Sequence[ContractRow], served: Mapping[str, int], *, write: bool
) -> list[Change]:
    ids = await _ids(conn, contracts, {row.code for row in rows})
    have: dict[int, set[int]] = defaultdict(set)
    for part in _parts(sorted(ids.values())):
        for pair in await conn.execute(select(contract_houses).where(contract_houses.c.contract_id.in_(part))):
            have[pair.contract_id].add(pair.house_id)
    changed: list[Change] = []
    gone: list[int] = []
    new: list[dict[str, int]] = []
    for row in rows:
        wanted = {served[code] for code in row.houses}
        id = ids.get(row.code)  # None in a dry run, of a contract that is new
        if id is None or wanted != have[id]:
            counts = (len(have[id]) if id is not None else None, len(wanted))
            changed.append(Change(row.code, row.code, (("houses", *counts),), new=id is None))
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
    code: str = ""
    email: str = ""
    notify: str = ""
    joined: bool = False  # other cards were merged into this one: what a file lacks of them stays


async def put_residents(
    conn: AsyncConnection, rows: Sequence[ResidentRow], *, write: bool, at: datetime, absent: Absent = NONE
) -> Outcome:
    """A row of a card that was merged adds to the kept one, and leaves its name and how he is told alone."""
    served = await _ids(conn, houses, {row.house for row in rows if row.house})
    known = await _known(conn, {row.code for row in rows})
    outcome = Outcome()
    for index, row in enumerate(rows):
        if row.house and row.house not in served:
            outcome.refused.append((index, f"unknown house {row.house!r}"))
            continue
        person = known.get(row.code)
        if row.notify == Way.EMAIL and not (row.email or (person and person.email)):
            outcome.refused.append((index, "notify is email: write the e-mail address that he is told at"))
            continue
        before = _looks(person) if person else None
        if person is None:
            known[row.code] = person = _Resident(None, row.name, "", set(), set(), {}, {}, row.code)
        if person.code == row.code:
            person.name, person.email = row.name, row.email or person.email
            person.notify = person.notify if row.notify is None else row.notify
        person.numbers = person.numbers | set(row.numbers) if person.joined else set(row.numbers)
        if row.house:
            home = served[row.house], row.premise
            person.homes[home] = person.homes.get(home, "") if "relation" in absent else row.relation
        if before != _looks(person):
            outcome.tell([_resident_change(row, before, person, served)])
    if write:
        await _write_residents(conn, known)
    return outcome


@dataclass(frozen=True, slots=True)
class _Looks:
    """What a preview compares of a card."""

    name: str = ""
    numbers: tuple[str, ...] = ()
    homes: tuple[tuple[tuple[int, str], str], ...] = ()
    email: str = ""
    notify: str = ""


def _looks(it: _Resident) -> _Looks:
    return _Looks(it.name, tuple(sorted(it.numbers)), tuple(sorted(it.homes.items())), it.email, it.notify)


def _resident_change(row: ResidentRow, before: _Looks | None, after: _Resident, served: Mapping[str, int]) -> Change:
    was = before or _Looks()
    name, numbers, homes = was.name, list(was.numbers), dict(was.homes)
    fields: list[tuple[str, Any, Any]] = []
    if name != after.name:
        fields.append(("name", name or None, after.name))
    if numbers != sorted(after.numbers):
        fields.append(("phones", numbers if before else None, sorted(after.numbers)))
    home = (served[row.house], row.premise) if row.house else None
    if home and homes.get(home) != after.homes[home]:
        where = ", ".join(part for part in (row.house, row.premise, after.homes[home]) if part)
        fields.append(("residence", homes.get(home), where))
    fields += [(what, old or None, new) for what, old, new in _told_how(was, after) if old != new]
    return Change(row.code, after.name, tuple(fields), new=before is None)


def _told_how(was: _Looks, after: _Resident) -> list[tuple[str, str, str]]:
    return [("email", was.email, after.email), ("notify", was.notify, after.notify)]


async def _known(conn: AsyncConnection, codes: Collection[str]) -> dict[str, _Resident]:
    """The card of each code; of a merged one, the card that it leads to."""
    asked = {row.code: row for row in await conn.execute(select(people).where(people.c.code.in_(codes)))}
    leads = await kept_of(conn, [row.id for row in asked.values() if row.merged_into is not None])
    kept = {row.id: row for row in asked.values()}
    if missing := set(leads.values()) - set(kept):
        kept |= {row.id: row for row in await conn.execute(select(people).where(people.c.id.in_(missing)))}
    by_id: dict[int, _Resident] = {}
    found: dict[str, _Resident] = {}
    for code, asked_row in asked.items():
        row = kept[leads.get(asked_row.id, asked_row.id)]
        card = _Resident(row.id, row.name, row.name, set(), set(), {}, {}, row.code, row.email, row.notify)
        person = by_id.setdefault(row.id, card)
        found[code] = person
    for row in await conn.execute(select(people.c.merged_into).where(people.c.merged_into.in_(list(by_id)))):
        by_id[row.merged_into].joined = True
    for row in await conn.execute(select(person_numbers).where(person_numbers.c.person_id.in_(list(by_id)))):
        by_id[row.person_id].numbers.add(row.number)
        by_id[row.person_id].old_numbers.add(row.number)
    for row in await conn.execute(select(residences).where(residences.c.person_id.in_(list(by_id)))):
        by_id[row.person_id].homes[row.house_id, row.premise] = row.relation
        by_id[row.person_id].old_homes[row.house_id, row.premise] = row.relation
    return found


async def _write_residents(conn: AsyncConnection, known: Mapping[str, _Resident]) -> None:
    cards = {person.code: person for person in known.values()}
    values = [
        {
            "code": code,
            "name": person.name,
            "search": " ".join(search.words_of(person.name)),
            "email": person.email,
            "notify": person.notify,
        }
        for code, person in cards.items()
    ]
    renamed_ones = {change.key for change in await _put(conn, people, "code", values, write=True)}
    ids = await _ids(conn, people, cards)
    by_id = {ids[code]: person for code, person in cards.items()}
    await index_names(conn, [ids[code] for code in renamed_ones])
    await _write_numbers(conn, {id: p for id, p in by_id.items() if p.numbers != p.old_numbers})
    await _write_homes(conn, by_id)


async def _write_numbers(conn: AsyncConnection, by_id: Mapping[int, _Resident]) -> None:
    if not by_id:
        return
    await put_numbers(conn, {id: person.numbers for id, person in by_id.items()})


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
    conn: AsyncConnection,
    table: Table,
    key: str,
    values: Sequence[Mapping[str, Any]],
    *,
    write: bool,
    absent: Absent = NONE,
) -> list[Change]:
    """Insert what is new, update what differs; answers with both."""
    if not values:
        return []
    column = table.c[key]
    names = list(values[0])
    query = select(*(table.c[name] for name in names)).where(column.in_([value[key] for value in values]))
    have = {row[key]: dict(row) for row in (await conn.execute(query)).mappings()}
    values = [
        {**value, **{n: have[value[key]][n] for n in absent if n in value and value[key] in have}} for value in values
    ]
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
    return [_change(value[key], _title(value, key), have.get(value[key]), value) for value in (*new, *differing)]


def _title(value: Mapping[str, Any], key: str) -> str:
    if "street" in value:
        return f"{value['street']}, {value['number']}"
    return str(value.get("name") or value.get("problem_ru") or value[key])


def _change(key: str, title: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> Change:
    fields = [
        (name, before[name] if before else None, value)
        for name, value in after.items()
        if name not in SECRET and (value not in ("", None, []) if before is None else before[name] != value)
    ]
    return Change(key, title, tuple(fields), new=before is None)


async def _ids(conn: AsyncConnection, table: Table, codes: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in _parts(sorted(codes)):
        rows = await conn.execute(select(table.c.code, table.c.id).where(table.c.code.in_(part)))
        found |= {row.code: row.id for row in rows}
    return found


def _parts(values: Sequence[Any]) -> list[Sequence[Any]]:
    return [values[start : start + MOST_IN] for start in range(0, len(values), MOST_IN)]
