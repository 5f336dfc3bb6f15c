"""Queries of contracts: those that may answer at a house, the list of them, their houses, and the declines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, delete, func, insert, literal_column, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.directory.model import Organisation
from callengine.store.database import Tx
from callengine.store.prepared import Prepared, kept_on
from callengine.store.tables import (
    classifier,
    contract_houses,
    contracts,
    houses,
    organisations,
    ticket_declines,
    tickets,
)
from callengine.tickets.model import FINAL
from callengine.tickets.routing import Contract, next_turn

Conn = AsyncConnection
ENDED = 20  # contracts that ended, looked at for the reason
PART = 500  # of a long list of ids in one statement: SQLite counts its parameters

c = contracts.c
_join = contracts.join(organisations, organisations.c.id == c.organisation_id)
_columns: tuple[Any, ...] = (
    contracts,
    *(organisations.c[name].label(f"o_{name}") for name in organisations.c.keys()),
)
_of_house = _join.join(contract_houses, contract_houses.c.contract_id == c.id)


# --- what answers at a house ----------------------------------------------------------------------------------


async def serving(
    conn: Conn, house_id: int | None, kinds: Sequence[str], branches: Sequence[str], at: datetime
) -> list[Contract]:
    """What `decide` needs: the contracts in force or to come that cover a house, and why a kind has none.

    Two indexed readings, whatever the number of contracts: those that name the house and those that serve
    everywhere. Only for a kind that has none in force its last one that ended is looked for. Where things are kept
    (store/kept.py) the answer stands until one of them begins or ends; that of everywhere for all houses.
    """
    key = ("serving", house_id, *kinds, "", *branches)
    return list(await _standing(conn, key, at, lambda: _serving(conn, house_id, kinds, branches, at)))


@dataclass(frozen=True, slots=True)
class _Stands:
    """Contracts that were found, and from when till when they are what is to be found."""

    found: list[Contract]
    begins: datetime
    ends: datetime | None


async def _standing(
    conn: Conn, key: Any, at: datetime, read: Callable[[], Awaitable[list[Contract]]], also: Sequence[Contract] = ()
) -> list[Contract]:
    """What `read` gives, once for as long as none of it, nor of `also`, begins or ends. Nobody changes it."""
    kept = kept_on(conn)
    if kept is None:
        return await read()
    stands: _Stands | None = kept.get(key)
    if stands is None or not stands.begins <= at or (stands.ends is not None and stands.ends <= at):
        found = await read()
        stands = _Stands(found, at, next_turn((*found, *also), at))
        kept.put(key, stands)
    return stands.found


async def _serving(
    conn: Conn, house_id: int | None, kinds: Sequence[str], branches: Sequence[str], at: datetime
) -> list[Contract]:
    found = await _covering(conn, house_id, kinds, branches, at)
    able = {contract.kind for contract in found if contract.valid(at) and contract.organisation.active}
    first = next((place for place, kind in enumerate(kinds) if kind in able), len(kinds))
    if missing := kinds[:first]:
        found += await _covering(conn, house_id, missing, branches, at, last=True)
    return found


async def _covering(
    conn: Conn, house_id: int | None, kinds: Sequence[str], branches: Sequence[str], at: datetime, *, last: bool = False
) -> list[Contract]:
    """Those of everywhere, then those that name the house; each once."""
    found = {one.id: one for one in await _everywhere(conn, kinds, branches, at, last=last)}
    if house_id is not None:
        named = _prepared(True, len(kinds), len(branches), last)
        found |= {one.id: one for one in await named.made(conn, contract_of, **_values(house_id, kinds, branches, at))}
    return list(found.values())


async def _everywhere(
    conn: Conn, kinds: Sequence[str], branches: Sequence[str], at: datetime, *, last: bool
) -> Sequence[Contract]:
    statement = _prepared(False, len(kinds), len(branches), last)
    # One that is in force or to come has to end before it is among the last ended.
    also = await _everywhere(conn, kinds, branches, at, last=False) if last else ()
    key = ("everywhere", last, *kinds, "", *branches)
    return await _standing(
        conn, key, at, lambda: statement.made(conn, contract_of, **_values(None, kinds, branches, at)), also
    )


async def of_district(
    conn: Conn, district: str, kinds: Sequence[str], branches: Sequence[str], at: datetime
) -> list[Contract]:
    """The contracts in force or to come that name every house of a district: a place in it without a house is theirs.

    Only asked where a matter has no house; the houses of the district are counted.
    """
    within = select(houses.c.id).where(houses.c.district == district).subquery()
    total = select(func.count()).select_from(within).scalar_subquery()
    link = contract_houses.c
    named = select(link.contract_id).where(link.house_id.in_(select(within.c.id))).group_by(link.contract_id)
    query = select(*_columns).select_from(_join)
    query = query.where(
        c.id.in_(named.having(func.count() == total)),
        c.kind.in_(kinds),
        c.branch.in_(branches),
        ~c.everywhere,
        c.removed_at.is_(None),
        or_(c.valid_until.is_(None), c.valid_until > at),
    )
    return [contract_of(row) for row in await conn.execute(query)]


def queries_of(house_id: int, kinds: Sequence[str], branches: Sequence[str], at: datetime) -> list[Select[Any]]:
    """What `serving` asks, for a look at the plans."""
    values = _values(house_id, kinds, branches, at)
    shapes = [(named, len(kinds), len(branches), last) for last in (False, True) for named in (False, True)]
    return [_query(*shape).params(values) for shape in shapes]


def _values(house_id: int | None, kinds: Sequence[str], branches: Sequence[str], at: datetime) -> dict[str, Any]:
    some = {f"kind_{n}": kind for n, kind in enumerate(kinds)} | {f"branch_{n}": one for n, one in enumerate(branches)}
    return {"house_id": house_id, "at": at, **some}


def _query(named: bool, kinds: int, branches: int, last: bool) -> Select[Any]:
    """Those that name a house or those that serve everywhere; in force or to come, or the last that ended."""
    at = bindparam("at", type_=c.valid_until.type)
    matching = and_(
        c.kind.in_([bindparam(f"kind_{n}", type_=c.kind.type) for n in range(kinds)]),
        c.branch.in_([bindparam(f"branch_{n}", type_=c.branch.type) for n in range(branches)]),
        c.removed_at.is_(None),
        c.valid_until <= at if last else or_(c.valid_until.is_(None), c.valid_until > at),
    )
    query = select(*_columns)
    if named:
        query = query.select_from(_of_house).where(contract_houses.c.house_id == bindparam("house_id"), matching)
    else:
        query = query.select_from(_join).where(c.everywhere, matching)
    return query.order_by(c.valid_until.desc()).limit(literal_column(str(ENDED))) if last else query


@lru_cache(maxsize=256)
def _prepared(named: bool, kinds: int, branches: int, last: bool) -> Prepared:
    return Prepared(_query(named, kinds, branches, last))


def contract_of(row: Any) -> Contract:
    organisation = Organisation(row.o_id, row.o_code, row.o_name, row.o_kind, row.o_phone, row.o_email, row.o_active)
    return Contract(
        code=row.code,
        organisation=organisation,
        kind=row.kind,
        branch=row.branch,
        priority=row.priority,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        everywhere=row.everywhere,
        duty_hours=row.duty_hours,
        id=row.id,
    )


# --- the list -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """A contract as it is kept, with what routing does not ask about."""

    contract: Contract
    house_count: int
    note: str = ""
    author: str = ""
    changed_at: datetime | None = None
    removed_at: datetime | None = None
    house_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a list of contracts is narrowed by."""

    q: str = ""  # of the code or of the organisation's name
    organisation_id: int | None = None
    house_id: int | None = None
    kind: str = ""
    branch: str = ""
    valid_at: datetime | None = None
    removed: bool = False


_count: Any = select(func.count()).where(contract_houses.c.contract_id == c.id).scalar_subquery().label("house_count")


async def find(conn: Conn, wanted: Wanted, limit: int, after: str) -> list[Kept]:
    """By code, from one on."""
    query = select(*_columns, _count).select_from(_join).where(*_narrowed(wanted))
    if after:
        query = query.where(c.code > after)
    rows = await conn.execute(query.order_by(c.code).limit(limit))
    return [_kept(row) for row in rows]


def _narrowed(wanted: Wanted) -> list[Any]:
    found: list[Any] = [c.removed_at.is_not(None) if wanted.removed else c.removed_at.is_(None)]
    if wanted.q:
        found.append(or_(c.code.icontains(wanted.q, autoescape=True), c.organisation_id.in_(_named(wanted.q))))
    if wanted.organisation_id is not None:
        found.append(c.organisation_id == wanted.organisation_id)
    if wanted.house_id is not None:
        naming = select(contract_houses.c.contract_id).where(contract_houses.c.house_id == wanted.house_id)
        found.append(or_(c.everywhere, c.id.in_(naming)))
    if wanted.kind:
        found.append(c.kind == wanted.kind)
    if wanted.branch:
        found.append(c.branch == wanted.branch)
    if wanted.valid_at is not None:
        found.append(or_(c.valid_from.is_(None), c.valid_from <= wanted.valid_at))
        found.append(or_(c.valid_until.is_(None), c.valid_until > wanted.valid_at))
    return found


def _named(q: str) -> Any:
    return select(organisations.c.id).where(organisations.c.name.icontains(q, autoescape=True))


async def get(conn: Conn, id: int) -> Kept | None:
    """One contract with the ids of its houses, one taken away too."""
    query = select(*_columns, _count).select_from(_join).where(c.id == id)
    row = (await conn.execute(query)).one_or_none()
    if row is None:
        return None
    named = select(contract_houses.c.house_id).where(contract_houses.c.contract_id == id)
    ids = tuple((await conn.execute(named.order_by(contract_houses.c.house_id))).scalars())
    return _kept(row, ids)


def _kept(row: Any, ids: tuple[int, ...] = ()) -> Kept:
    return Kept(contract_of(row), row.house_count, row.note, row.author, row.changed_at, row.removed_at, ids)


async def by_code(conn: Conn, code: str) -> tuple[int, bool] | None:
    """The id of a contract and whether it was taken away."""
    row = (await conn.execute(select(c.id, c.removed_at).where(c.code == code))).one_or_none()
    return (row.id, row.removed_at is not None) if row else None


async def rivals(
    conn: Conn, it: Contract, house_ids: Collection[int], *, but: int | None, limit: int = 5
) -> list[Contract]:
    """Contracts of other organisations that answer for the same at the same place with the same priority."""
    same = [
        c.kind == it.kind,
        c.branch == it.branch,
        c.priority == it.priority,
        c.everywhere == it.everywhere,
        c.duty_hours == it.duty_hours,
        c.organisation_id != it.organisation.id,
        c.removed_at.is_(None),
        organisations.c.active,
        c.id != but if but is not None else true(),
        or_(c.valid_until.is_(None), c.valid_until > it.valid_from) if it.valid_from else true(),
        or_(c.valid_from.is_(None), c.valid_from < it.valid_until) if it.valid_until else true(),
    ]
    if it.everywhere:
        rows = list(await conn.execute(select(*_columns).select_from(_join).where(*same).limit(limit)))
        return [contract_of(row) for row in rows]
    found: dict[int, Contract] = {}
    ids = sorted(house_ids)
    for start in range(0, len(ids), PART):
        here = contract_houses.c.house_id.in_(ids[start : start + PART])
        query = select(*_columns).select_from(_of_house).where(here, *same).distinct().limit(limit)
        found |= {row.id: contract_of(row) for row in await conn.execute(query)}
        if len(found) >= limit:
            break
    return list(found.values())[:limit]


async def missing_houses(conn: Conn, house_ids: Collection[int]) -> list[int]:
    """Those of the ids that no house has."""
    known: set[int] = set()
    ids = sorted(house_ids)
    for start in range(0, len(ids), PART):
        query = select(houses.c.id).where(houses.c.id.in_(ids[start : start + PART]))
        known |= set((await conn.execute(query)).scalars())
    return [id for id in ids if id not in known]


async def houses_of(conn: Conn, *, street: str = "", district: str = "") -> list[int]:
    """The ids of the houses of a street or of a district."""
    where = houses.c.street == street if street else houses.c.district == district
    return list((await conn.execute(select(houses.c.id).where(where).order_by(houses.c.id))).scalars())


# --- writing ------------------------------------------------------------------------------------------------------


async def add(tx: Tx, values: Mapping[str, Any], house_ids: Collection[int]) -> int:
    id = int((await tx.conn.execute(insert(contracts).values(**values).returning(c.id))).scalar_one())
    await _name_houses(tx, id, house_ids)
    return id


async def change(tx: Tx, id: int, values: Mapping[str, Any], house_ids: Collection[int] | None = None) -> bool:
    """Write the columns, and the houses when they are given; False when there is no such contract."""
    if not (await tx.conn.execute(update(contracts).where(c.id == id).values(**values))).rowcount:
        return False
    if house_ids is not None:
        await tx.conn.execute(delete(contract_houses).where(contract_houses.c.contract_id == id))
        await _name_houses(tx, id, house_ids)
    return True


async def _name_houses(tx: Tx, id: int, house_ids: Collection[int]) -> None:
    named = [{"contract_id": id, "house_id": house_id} for house_id in sorted(set(house_ids))]
    for start in range(0, len(named), PART):
        await tx.conn.execute(insert(contract_houses), named[start : start + PART])


# --- declines -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Declined:
    """Declines of one matter at one house by one organisation under one contract, by who took it afterwards."""

    classifier: str
    house_id: int | None
    street: str
    number: str
    district: str
    organisation_id: int
    contract_code: str
    accepted_by: int | None
    count: int
    last_at: datetime


MOST_GROUPS = 20_000


async def declines(
    conn: Conn, since: datetime, *, classifier: str = "", house_ids: Collection[int] | None = None
) -> list[Declined]:
    """Counted since the moment, the commonest first; at most MOST_GROUPS of them."""
    d = ticket_declines.c
    keys = (
        d.classifier_code,
        d.house_id,
        houses.c.street,
        houses.c.number,
        houses.c.district,
        d.organisation_id,
        d.contract_code,
        d.accepted_by,
    )
    query = select(*keys, func.count().label("many"), func.max(d.at).label("last_at"))
    query = query.select_from(ticket_declines.outerjoin(houses, houses.c.id == d.house_id)).where(d.at >= since)
    if classifier:
        query = query.where(d.classifier_code == classifier)
    if house_ids is not None:
        query = query.where(d.house_id.in_(sorted(house_ids)))
    query = query.group_by(*keys).order_by(func.count().desc(), func.max(d.at).desc()).limit(MOST_GROUPS)
    return [
        Declined(
            row.classifier_code,
            row.house_id,
            row.street or "",
            row.number or "",
            row.district or "",
            row.organisation_id,
            row.contract_code,
            row.accepted_by,
            row.many,
            row.last_at,
        )
        for row in await conn.execute(query)
    ]


async def reasons(conn: Conn, since: datetime, classifier: str, house_ids: Collection[int], limit: int) -> list[str]:
    """The newest reasons for declines of a matter at some houses, each once."""
    d = ticket_declines.c
    query = select(d.reason, func.max(d.at)).where(d.at >= since, d.classifier_code == classifier)
    query = query.where(d.house_id.in_(sorted(house_ids)))
    rows = await conn.execute(query.group_by(d.reason).order_by(func.max(d.at).desc()).limit(limit))
    return [row.reason for row in rows]


async def open_at(conn: Conn, classifier: str, house_ids: Collection[int], statuses: Collection[str]) -> int:
    """How many tickets of a matter stand at some houses in some statuses now."""
    t = tickets.c
    query = (
        select(func.count())
        .select_from(tickets)
        .where(
            t.house_id.in_(sorted(house_ids)),
            t.status.in_(statuses),
            t.status.not_in(FINAL),
            t.classifier_code == classifier,
        )
    )
    return int((await conn.execute(query)).scalar_one())


async def with_codes(conn: Conn, codes: Collection[str]) -> dict[str, Contract]:
    """Contracts by their codes, those taken away and ended too."""
    found: dict[str, Contract] = {}
    listed = sorted(set(codes))
    for start in range(0, len(listed), PART):
        query = select(*_columns).select_from(_join).where(c.code.in_(listed[start : start + PART]))
        found |= {row.code: contract_of(row) for row in await conn.execute(query)}
    return found


async def living(conn: Conn, codes: Collection[str]) -> dict[str, tuple[int, frozenset[int]]]:
    """The contracts of some codes that were not taken away: the id of each, and its houses."""
    query = select(c.id, c.code).where(c.code.in_(sorted(codes)), c.removed_at.is_(None))
    ids = {row.code: row.id for row in await conn.execute(query)} if codes else {}
    named: dict[int, set[int]] = {id: set() for id in ids.values()}
    if named:
        houses_named = select(contract_houses).where(contract_houses.c.contract_id.in_(list(named)))
        for row in await conn.execute(houses_named):
            named[row.contract_id].add(row.house_id)
    return {code: (id, frozenset(named[id])) for code, id in ids.items()}


async def has_branch(conn: Conn, branch: str) -> bool:
    """Whether some entry of the classifier, a retired one too, is in the branch."""
    code = classifier.c.code
    query = select(code).where(or_(code == branch, code.startswith(branch + "-", autoescape=True))).limit(1)
    return (await conn.execute(query)).first() is not None
