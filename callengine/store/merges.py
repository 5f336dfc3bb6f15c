"""What a merging of two cards moves, and the way back; likely duplicates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, distinct, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.store import words
from callengine.store.database import Tx
from callengine.store.directory import NUMBER, NUMBER_END, PERSON
from callengine.store.residents import index_names, put_numbers, put_way
from callengine.store.tables import (
    notes,
    people,
    person_merges,
    person_numbers,
    residences,
    ticket_applicants,
    tickets,
)

MOST_SHARED = 5000  # numbers of several people that are looked through for the likeliest


@dataclass(frozen=True, slots=True)
class Merge:
    """One merging: `moved` is what went over, kept for the undo."""

    id: int
    kept_id: int
    merged_id: int
    at: datetime
    author: str
    moved: dict[str, Any]
    undone_at: datetime | None = None
    undone_by: str = ""


@dataclass(frozen=True, slots=True)
class Likeness:
    """Cards that may be one person's: `why` is number or name, `what` the number, or the name they share."""

    why: str
    what: str
    person_ids: tuple[int, ...]


def merge_of(row: Row[Any]) -> Merge:
    return Merge(row.id, row.kept_id, row.merged_id, row.at, row.author, dict(row.moved), row.undone_at, row.undone_by)


async def get(conn: AsyncConnection, merge_id: int) -> Merge | None:
    row = (await conn.execute(select(person_merges).where(person_merges.c.id == merge_id))).one_or_none()
    return merge_of(row) if row else None


async def of_person(conn: AsyncConnection, person_id: int) -> list[Merge]:
    """Mergings that stand, in which the card took part, the newest first."""
    c = person_merges.c
    query = select(person_merges).where(or_(c.kept_id == person_id, c.merged_id == person_id), c.undone_at.is_(None))
    return [merge_of(row) for row in await conn.execute(query.order_by(c.id.desc()))]


async def names_of(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, str]:
    rows = await conn.execute(select(people.c.id, people.c.name).where(people.c.id.in_(ids)))
    return {row.id: row.name for row in rows}


async def move(tx: Tx, kept_id: int, merged_id: int) -> dict[str, Any]:
    """Move all of one card to the other; gives what went, exactly."""
    moved: dict[str, Any] = {
        "numbers": await _numbers(tx.conn, merged_id),
        "kept_numbers": await _numbers(tx.conn, kept_id),
        "residences": [],
        "dropped_residences": [],
    }
    await put_numbers(tx.conn, {kept_id: [*moved["kept_numbers"], *moved["numbers"]], merged_id: []})
    await _move_homes(tx, kept_id, merged_id, moved)
    moved["way"] = await _take_way(tx, kept_id, merged_id)
    for name, table in (("notes", notes), ("tickets", tickets)):
        change = update(table).where(table.c.person_id == merged_id).values(person_id=kept_id)
        moved[name] = sorted((await tx.conn.execute(change.returning(table.c.id))).scalars())
    a = ticket_applicants.c
    joined = update(ticket_applicants).where(a.person_id == merged_id).values(person_id=kept_id)
    # With the moment: an applicant who is withdrawn leaves his number to the next one on SQLite.
    moved["applicants"] = sorted(
        [row.id, row.joined_at.isoformat()] for row in await tx.conn.execute(joined.returning(a.id, a.joined_at))
    )
    await tx.conn.execute(update(people).where(people.c.id == merged_id).values(merged_into=kept_id))
    for kind in (PERSON, NUMBER, NUMBER_END):
        await words.replace(tx.conn, kind, {merged_id: []})
    await index_names(tx.conn, [kept_id])
    return moved


async def _ways(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, list[str]]:
    rows = await conn.execute(select(people.c.id, people.c.notify, people.c.email).where(people.c.id.in_(ids)))
    return {row.id: [row.notify, row.email] for row in rows}


async def _take_way(tx: Tx, kept_id: int, merged_id: int) -> list[str]:
    """How the other card was told, where this one says nothing of it; what was taken, [] for nothing."""
    known = await _ways(tx.conn, [kept_id, merged_id])
    if any(known[kept_id]) or not any(known[merged_id]):
        return []
    await put_way(tx, kept_id, *known[merged_id])
    return known[merged_id]


async def _move_homes(tx: Tx, kept_id: int, merged_id: int, moved: dict[str, Any]) -> None:
    rows = (await tx.conn.execute(select(residences).where(residences.c.person_id.in_([kept_id, merged_id])))).all()
    ours = {(row.house_id, row.premise) for row in rows if row.person_id == kept_id}
    for row in sorted(rows, key=lambda row: row.id):
        if row.person_id != merged_id:
            continue
        about = {"id": row.id, "house_id": row.house_id, "premise": row.premise, "relation": row.relation}
        if (row.house_id, row.premise) in ours:
            moved["dropped_residences"].append(about)
            await tx.conn.execute(delete(residences).where(residences.c.id == row.id))
        else:
            moved["residences"].append(about)
            await tx.conn.execute(update(residences).where(residences.c.id == row.id).values(person_id=kept_id))


async def move_back(tx: Tx, it: Merge) -> None:
    """Give back exactly what went. What the kept card was given since stays there."""
    now = await _numbers(tx.conn, it.kept_id)
    brought = set(it.moved["numbers"]) - set(it.moved["kept_numbers"])
    await put_numbers(
        tx.conn, {it.kept_id: [number for number in now if number not in brought], it.merged_id: it.moved["numbers"]}
    )
    await _move_homes_back(tx, it)
    for name, table in (("notes", notes), ("tickets", tickets)):
        for start in range(0, len(it.moved[name]), 1000):
            ids = it.moved[name][start : start + 1000]
            change = update(table).where(table.c.id.in_(ids), table.c.person_id == it.kept_id)
            await tx.conn.execute(change.values(person_id=it.merged_id))
    await _move_applicants_back(tx, it)
    # Mergings of the release before knew of no ways.
    if (way := it.moved.get("way")) and (await _ways(tx.conn, [it.kept_id]))[it.kept_id] == way:
        await put_way(tx, it.kept_id, "", "")
    await tx.conn.execute(update(people).where(people.c.id == it.merged_id).values(merged_into=None))
    await index_names(tx.conn, [it.kept_id, it.merged_id])


async def _move_applicants_back(tx: Tx, it: Merge) -> None:
    a = ticket_applicants.c
    for one in it.moved["applicants"]:
        # Mergings of the first release kept the number alone.
        id, joined_at = one if isinstance(one, list) else (one, None)
        change = update(ticket_applicants).where(a.id == id, a.person_id == it.kept_id)
        if joined_at is not None:
            change = change.where(a.joined_at == datetime.fromisoformat(joined_at))
        await tx.conn.execute(change.values(person_id=it.merged_id))


async def _move_homes_back(tx: Tx, it: Merge) -> None:
    r = residences.c
    for about in it.moved["residences"]:
        # The flat too, not the number of its row alone: SQLite gives that to the next flat when this one is taken off.
        same = (r.id == about["id"], r.house_id == about["house_id"], r.premise == about["premise"])
        change = update(residences).where(r.person_id == it.kept_id, *same)
        done = await tx.conn.execute(change.values(person_id=it.merged_id))
        if done.rowcount == 0:  # taken off the kept card since: it was the merged one's all the same
            await _home_again(tx, it.merged_id, about)
    for about in it.moved["dropped_residences"]:
        await _home_again(tx, it.merged_id, about)


async def _home_again(tx: Tx, person_id: int, about: Mapping[str, Any]) -> None:
    taken = (await tx.conn.execute(select(residences.c.id).where(residences.c.id == about["id"]))).first()
    values = {name: about[name] for name in ("house_id", "premise", "relation")}
    key = {} if taken else {"id": about["id"]}  # SQLite gives the number of a row deleted last to the next one
    await tx.conn.execute(insert(residences).values(person_id=person_id, **values, **key))


async def _numbers(conn: AsyncConnection, person_id: int) -> list[str]:
    query = select(person_numbers.c.number).where(person_numbers.c.person_id == person_id)
    return sorted((await conn.execute(query)).scalars())


async def add(
    tx: Tx, *, kept_id: int, merged_id: int, at: datetime, author: str, staff_id: int | None, moved: Mapping[str, Any]
) -> int:
    values = {"kept_id": kept_id, "merged_id": merged_id, "at": at, "author": author, "staff_id": staff_id}
    made = insert(person_merges).values(**values, moved=dict(moved)).returning(person_merges.c.id)
    return int((await tx.conn.execute(made)).scalar_one())


async def set_undone(tx: Tx, merge_id: int, at: datetime, by: str) -> None:
    change = update(person_merges).where(person_merges.c.id == merge_id)
    await tx.conn.execute(change.values(undone_at=at, undone_by=by))


# --- likely duplicates --------------------------------------------------------------------------------------


async def duplicates(conn: AsyncConnection, limit: int) -> list[Likeness]:
    """People of one name at one house first, then those of one number, the alike in name before whole families."""
    return (await _by_name(conn, limit) + await _by_number(conn, limit))[:limit]


async def _by_name(conn: AsyncConnection, limit: int) -> list[Likeness]:
    join = residences.join(people, people.c.id == residences.c.person_id)
    several = (
        select(people.c.search, residences.c.house_id)
        .select_from(join)
        .where(people.c.search != "")
        .group_by(people.c.search, residences.c.house_id)
        .having(func.count(distinct(people.c.id)) > 1)
        .order_by(people.c.search)
        .limit(limit)
    )
    places = {(row.search, row.house_id) for row in await conn.execute(several)}
    if not places:
        return []
    query = select(people.c.id, people.c.name, people.c.search, residences.c.house_id).select_from(join)
    query = query.where(
        people.c.search.in_({name for name, _ in places}), residences.c.house_id.in_({house for _, house in places})
    )
    groups: dict[tuple[str, int], dict[int, str]] = defaultdict(dict)
    for row in await conn.execute(query.order_by(people.c.id)):
        if (row.search, row.house_id) in places:
            groups[row.search, row.house_id][row.id] = row.name
    unique = {tuple(its): next(iter(its.values())) for _, its in sorted(groups.items())}
    return [Likeness("name", name, ids) for ids, name in unique.items()]


async def _by_number(conn: AsyncConnection, limit: int) -> list[Likeness]:
    several = (
        select(person_numbers.c.number)
        .group_by(person_numbers.c.number)
        .having(func.count() > 1)
        .order_by(person_numbers.c.number)
        .limit(MOST_SHARED)
    )
    shared = list((await conn.execute(several)).scalars())
    groups: dict[str, dict[int, str]] = defaultdict(dict)
    join = person_numbers.join(people, people.c.id == person_numbers.c.person_id)
    for start in range(0, len(shared), 1000):
        query = select(person_numbers.c.number, people.c.id, people.c.search).select_from(join)
        query = query.where(person_numbers.c.number.in_(shared[start : start + 1000])).order_by(people.c.id)
        for row in await conn.execute(query):
            groups[row.number][row.id] = row.search
    ranked = sorted(groups.items(), key=lambda group: not _one_name_of_two(list(group[1].values())))
    unique = {tuple(its): number for number, its in reversed(ranked)}
    return [Likeness("number", number, ids) for ids, number in reversed(unique.items())][:limit]


def _one_name_of_two(names: Sequence[str]) -> bool:
    """«Мельникова А.» and «Мельникова Анна» may be one person's; «Мельников Пётр» is of her family."""
    short = [tuple(word if n == 0 else word[0] for n, word in enumerate(name.split()[:2])) for name in names]
    return len(set(short)) < len(short)
