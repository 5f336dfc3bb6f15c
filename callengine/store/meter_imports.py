"""A batch of a file of meters against the tables: what is new, what changed, which readings cannot be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.directory.metering import JUMP, Limits, Meter, MeterKind, Reading, Source, limits, shown
from callengine.store import meters as rows
from callengine.store.imports import NONE, Absent, Change, Outcome
from callengine.store.meters import MeterRow
from callengine.store.tables import houses, meter_readings, meters

WHO = "import"
Place = tuple[int, str, str, str]  # house, flat, kind, serial number
FIELDS = ("place", "digits", "most", "verified_until")


async def put_meters(
    conn: AsyncConnection, batch: Sequence[MeterRow], *, write: bool, at: datetime, absent: Absent = NONE
) -> Outcome:
    """Meters by house, flat, kind and serial number; a reading that cannot be refuses its row, one that is far above
    the last is kept and flagged. What stands there already is not written again.
    """
    known = await _houses(conn, {row.house for row in batch})
    hanging = await rows.hanging(conn, set(known.values()))
    outcome = Outcome()
    for index, row in enumerate(batch):
        if row.house not in known:
            outcome.refused.append((index, f"unknown house {row.house!r}"))
            continue
        place = known[row.house], row.premise, row.kind, row.serial
        before = hanging.get(place)
        values = {name: getattr(row, name) for name in FIELDS if before is None or name not in absent}
        meter = before or _new(place, values)
        wrong, told = await _reading(conn, row, meter if before else None, values)
        if wrong:
            outcome.refused.append((index, wrong))
            continue
        changed = {n: v for n, v in values.items() if before is None or getattr(before, n) != v}
        if write and (before is None or changed):
            meter = await _put(conn, before, place, values, at)
            hanging[place] = meter
        if write and told is not None:
            await conn.execute(insert(meter_readings).values(meter_id=meter.id, at=at, who=WHO, **told))
        if before is None or changed or told is not None:
            fields = [(name, getattr(before, name) if before else None, value) for name, value in changed.items()]
            if told is not None:
                fields.append((row.period, None, shown(told["thousandths"])))
            title = f"{row.house}, {row.premise}: {row.kind} {row.serial}"
            outcome.tell([Change(title, title, tuple(fields), new=before is None)])
    return outcome


async def _houses(conn: AsyncConnection, codes: set[str]) -> dict[str, int]:
    query = select(houses.c.code, houses.c.id).where(houses.c.code.in_(sorted(codes)))
    return {row.code: row.id for row in (await conn.execute(query)).all()}


def _new(place: Place, values: Mapping[str, Any]) -> Meter:
    house_id, premise, kind, serial = place
    return Meter(0, house_id, premise, MeterKind(kind), serial, **values)


async def _put(
    conn: AsyncConnection,
    before: Meter | None,
    place: tuple[int, str, str, str],
    values: Mapping[str, Any],
    at: datetime,
) -> Meter:
    if before is not None:
        await conn.execute(update(meters).where(meters.c.id == before.id).values(**values))
        found = before.id
    else:
        named = dict(zip(("house_id", "premise", "kind", "serial"), place, strict=True))
        made = insert(meters).values(**named, **values, created_at=at, created_by=WHO).returning(meters.c.id)
        found = (await conn.execute(made)).scalar_one()
    meter = await rows.get(conn, found)
    assert meter is not None
    return meter


async def _reading(
    conn: AsyncConnection, row: MeterRow, meter: Meter | None, values: Mapping[str, Any]
) -> tuple[str, dict[str, Any] | None]:
    """(why the row is refused, or ""; the reading to write, None when there is none or it stands there already)."""
    if row.thousandths is None:
        return "", None
    # As the row has it: digits that it brings hold for its own reading.
    own = replace(meter, **values) if meter else _new((0, row.premise, row.kind, row.serial), values)
    before: Reading | None = None
    after: Reading | None = None
    if meter is not None:
        before, after = await rows.around(conn, meter.id, row.period)
        now = {one.period: one for one in await rows.months(conn, meter.id)}.get(row.period)
        if now is not None and now.thousandths == row.thousandths:
            return "", None
    known: Limits = limits(own, row.period, before, after)
    if row.thousandths < known.lowest:
        return f"value {shown(row.thousandths)} is below the last reading, {shown(known.lowest)}", None
    if row.thousandths > known.highest:
        return f"value {shown(row.thousandths)} is more than it can be: at most {shown(known.highest)}", None
    flag = JUMP if row.thousandths > known.doubted else ""
    told = {"period": row.period, "thousandths": row.thousandths, "source": Source.IMPORT.value, "flag": flag}
    return "", told
