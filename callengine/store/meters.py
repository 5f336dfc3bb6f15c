"""Queries on meters and their readings: the newest row of a month is what holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, exists, func, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.directory.metering import Meter, MeterKind, Reading, Source
from callengine.store.database import Tx
from callengine.store.tables import houses, meter_readings, meters, people, person_numbers, residences

Conn = AsyncConnection  # so that services can name it without SQLAlchemy
m, d = meters.c, meter_readings.c
_newer = meter_readings.alias("newer")
# A correction is another row of the same month.
_HOLDS = ~exists().where(_newer.c.meter_id == d.meter_id, _newer.c.period == d.period, _newer.c.id > d.id)
MOST_IN = 1_000


def _meter(row: Any) -> Meter:
    return Meter(
        id=row.id,
        house_id=row.house_id,
        premise=row.premise,
        kind=MeterKind(row.kind),
        serial=row.serial,
        digits=row.digits,
        place=row.place,
        most=row.most,
        verified_until=row.verified_until,
        removed_at=row.removed_at,
    )


def _reading(row: Any) -> Reading:
    return Reading(
        id=row.id,
        meter_id=row.meter_id,
        period=row.period,
        thousandths=row.thousandths,
        source=Source(row.source),
        at=row.at,
        who=row.who,
        flag=row.flag,
        note=row.note,
        call_id=row.call_id,
    )


async def get(conn: AsyncConnection, meter_id: int) -> Meter | None:
    row = (await conn.execute(select(meters).where(m.id == meter_id))).one_or_none()
    return _meter(row) if row else None


async def locked(tx: Tx, meter_id: int) -> Meter | None:
    """Nobody else writes a reading of it before this transaction is over."""
    row = (await tx.conn.execute(select(meters).where(m.id == meter_id).with_for_update())).one_or_none()
    return _meter(row) if row else None


async def add(tx: Tx, values: Mapping[str, Any]) -> Meter | None:
    """None when that meter hangs there already."""
    made = (postgresql.insert if tx.is_postgres else sqlite.insert)(meters).values(dict(values))
    row = (await tx.conn.execute(made.on_conflict_do_nothing().returning(meters))).one_or_none()
    return _meter(row) if row else None


async def change(tx: Tx, meter_id: int, values: Mapping[str, Any]) -> Meter:
    query = update(meters).where(m.id == meter_id).values(dict(values)).returning(meters)
    return _meter((await tx.conn.execute(query)).one())


async def find(
    conn: AsyncConnection, *, house_id: int | None, premise: str, limit: int, after: int
) -> tuple[list[Meter], int | None]:
    """One page of what hangs there, each with its newest reading, and the id after which the next one begins."""
    query = select(meters).where(m.removed_at.is_(None), m.id > after)
    if house_id is not None:
        query = query.where(m.house_id == house_id)
    if premise:
        query = query.where(m.premise == premise)
    rows = (await conn.execute(query.order_by(m.id).limit(limit + 1))).all()
    page = await with_last(conn, [_meter(row) for row in rows[:limit]])
    return page, page[-1].id if len(rows) > limit else None


async def with_last(conn: AsyncConnection, page: Sequence[Meter]) -> list[Meter]:
    last = await newest(conn, [one.id for one in page])
    return [replace(one, last=last.get(one.id)) for one in page]


async def newest(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, Reading]:
    """What holds for the last month of each."""
    if not ids:
        return {}
    latest = select(d.meter_id, func.max(d.period)).where(d.meter_id.in_(ids)).group_by(d.meter_id)
    query = select(meter_readings).where(tuple_(d.meter_id, d.period).in_(latest), _HOLDS)
    return {row.meter_id: _reading(row) for row in (await conn.execute(query)).all()}


async def around(conn: AsyncConnection, meter_id: int, period: str) -> tuple[Reading | None, Reading | None]:
    """What holds for the nearest month before the period, and for the nearest one after it."""

    async def one(query: Select[Any]) -> Reading | None:
        row = (await conn.execute(query.limit(1))).one_or_none()
        return _reading(row) if row else None

    own = select(meter_readings).where(d.meter_id == meter_id)
    before = own.where(d.period < period).order_by(d.period.desc(), d.id.desc())
    after = own.where(d.period > period).order_by(d.period, d.id.desc())
    return await one(before), await one(after)


async def write(tx: Tx, values: Mapping[str, Any]) -> Reading | None:
    """None when a reading of that key was written before."""
    made = (postgresql.insert if tx.is_postgres else sqlite.insert)(meter_readings).values(dict(values))
    query = made.on_conflict_do_nothing(index_elements=["key"]).returning(meter_readings)
    row = (await tx.conn.execute(query)).one_or_none()
    return _reading(row) if row else None


async def by_key(conn: AsyncConnection, key: str) -> Reading | None:
    """What was written by this key."""
    row = (await conn.execute(select(meter_readings).where(d.key == key))).one_or_none()
    return _reading(row) if row else None


async def history(conn: AsyncConnection, meter_id: int, limit: int) -> list[Reading]:
    """Every row that was ever written, the newest first."""
    query = select(meter_readings).where(d.meter_id == meter_id).order_by(d.id.desc()).limit(limit)
    return [_reading(row) for row in (await conn.execute(query)).all()]


async def months(conn: AsyncConnection, meter_id: int) -> list[Reading]:
    query = select(meter_readings).where(d.meter_id == meter_id, _HOLDS).order_by(d.period)
    return [_reading(row) for row in (await conn.execute(query)).all()]


@dataclass(frozen=True, slots=True)
class Line:
    """A reading that holds, with its meter and address."""

    reading: Reading
    meter: Meter
    address: str


async def of_period(
    conn: AsyncConnection, period: str, *, house_id: int | None, flag: str, limit: int, after: int
) -> tuple[list[Line], int | None]:
    """One page of what holds for a month, by meter, and the id of the meter after which the next one begins."""
    query = (
        select(meter_readings, m.house_id, m.premise, houses.c.street, houses.c.number.label("no"))
        .join(meters, m.id == d.meter_id)
        .join(houses, houses.c.id == m.house_id)
        .where(d.period == period, d.meter_id > after, _HOLDS)
    )
    if house_id is not None:
        query = query.where(m.house_id == house_id)
    if flag:
        query = query.where(d.flag == flag)
    rows = (await conn.execute(query.order_by(d.meter_id).limit(limit + 1))).all()
    ids = [row.meter_id for row in rows[:limit]]
    found = {row.id: _meter(row) for row in (await conn.execute(select(meters).where(m.id.in_(ids)))).all()}
    page = [Line(_reading(row), found[row.meter_id], f"{row.street}, {row.no}") for row in rows[:limit]]
    return page, ids[-1] if len(rows) > limit else None


async def of_number(conn: AsyncConnection, number: str) -> list[tuple[Meter, str]]:
    """The meters of the flats in which the owner of a number lives, each with its address and newest reading."""
    query = (
        select(meters, houses.c.street, houses.c.number.label("no"))
        .join(houses, houses.c.id == m.house_id)
        .where(m.removed_at.is_(None), exists().where(*_lives(), person_numbers.c.number == number))
        .order_by(m.house_id, m.premise, m.id)
    )
    rows = (await conn.execute(query)).all()
    page = await with_last(conn, [_meter(row) for row in rows])
    return [(one, f"{row.street}, {row.no}") for one, row in zip(page, rows, strict=True)]


async def who_has_meters(conn: AsyncConnection, numbers: Collection[str]) -> set[str]:
    """Those of the numbers whose owners have a meter to read."""
    found: set[str] = set()
    every = sorted(numbers)
    for first in range(0, len(every), MOST_IN):
        some = person_numbers.c.number.in_(every[first : first + MOST_IN])
        query = select(person_numbers.c.number).distinct()
        query = query.where(some, exists().where(*_lives(), m.removed_at.is_(None)))
        found |= set((await conn.execute(query)).scalars())
    return found


def _lives() -> tuple[Any, ...]:
    return (
        residences.c.house_id == m.house_id,
        residences.c.premise == m.premise,
        residences.c.person_id == person_numbers.c.person_id,
        people.c.id == residences.c.person_id,
        people.c.merged_into.is_(None),
    )


@dataclass(frozen=True, slots=True)
class MeterRow:
    """One row of a file of meters; `value` is its reading of `period`, when the file has any."""

    house: str
    premise: str
    kind: str
    serial: str
    place: str = ""
    digits: int = 5
    most: int | None = None
    verified_until: str | None = None
    period: str = ""
    thousandths: int | None = None


async def hanging(conn: AsyncConnection, house_ids: Collection[int]) -> dict[tuple[int, str, str, str], Meter]:
    """By house, flat, kind and serial number."""
    found: dict[tuple[int, str, str, str], Meter] = {}
    ids = sorted(house_ids)
    for first in range(0, len(ids), MOST_IN):
        query = select(meters).where(m.removed_at.is_(None), m.house_id.in_(ids[first : first + MOST_IN]))
        found |= {(r.house_id, r.premise, r.kind, r.serial): _meter(r) for r in (await conn.execute(query)).all()}
    return found


async def add_many(conn: AsyncConnection, values: Sequence[Mapping[str, Any]]) -> None:
    if values:
        await conn.execute(insert(meters), [dict(one) for one in values])
