"""MetersService: meters of flats and their readings: told by a resident on the telephone, an operator, or a file.

A reading is never overwritten: a correction is another row of the month, and the newest holds.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from callengine import config
from callengine.clock import Clock
from callengine.directory import metering
from callengine.directory.metering import CHECKED, JUMP, Limits, Meter, MeterKind, Reading, Source
from callengine.directory.search import premise_of
from callengine.errors import Conflict, NotFound, Refused
from callengine.outreach.events import OutreachSettled
from callengine.store import meters as rows
from callengine.store.database import Store, Tx
from callengine.store.directory import houses_by_id
from callengine.store.meters import Line

log = logging.getLogger(__name__)

ROBOT = "robot"
MOST_SERIAL, MOST_PLACE, MOST_NOTE = 60, 80, 500
_OTHER_KEY = "this Idempotency-Key was used for something else: send a new key"
EXPORT_PAGE = 500


class ReadingDoubted(Conflict):
    """It is far above what a month brings; ask again, and send it confirmed when it is right."""

    code = "reading-doubted"


@dataclass(frozen=True, slots=True)
class MeterForm:
    kind: str
    serial: str
    digits: int = 5
    place: str = ""
    most: int | None = None
    verified_until: date | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """A meter of somebody's flat: `before` is the last reading of an earlier month, `now` what holds for this one."""

    meter: Meter
    address: str
    limits: Limits
    before: Reading | None
    now: Reading | None


class MetersService:
    def __init__(self, store: Store, clock: Clock, locale: config.Locale) -> None:
        self._store, self._clock, self._zone = store, clock, ZoneInfo(locale.timezone)

    def this_month(self) -> str:
        return metering.period_of(self._clock.now().astimezone(self._zone).date())

    # --- meters ---------------------------------------------------------------------------------------------------

    async def add(self, house_id: int, premise: str, form: MeterForm, who: str) -> Meter:
        """Raises Refused with a pointer, NotFound (no such house), Conflict (it hangs there already)."""
        values = _checked(form) | {"house_id": house_id, "premise": premise_of(premise)}
        if not values["premise"]:
            raise Refused("say which flat", pointer="/premise")
        async with self._store.begin() as tx:
            if house_id not in await houses_by_id(tx.conn, [house_id]):
                raise NotFound(f"there is no house {house_id}")
            made = await rows.add(tx, values | {"created_at": self._clock.now(), "created_by": who})
        if made is None:
            raise Conflict("a meter of this kind and serial number hangs there already")
        return made

    async def change(self, meter_id: int, form: MeterForm) -> Meter:
        """Its kind and serial number stay: another meter is another row. Raises Refused, NotFound."""
        values = _checked(form)
        async with self._store.begin() as tx:
            meter = await self._hanging(tx, meter_id)
            if (values["kind"], values["serial"]) != (meter.kind.value, meter.serial):
                raise Refused("another meter hangs there: take this one off and add that one", pointer="/serial")
            return await rows.change(tx, meter_id, values)

    async def take_off(self, meter_id: int, who: str) -> None:
        """It hangs there no more; its readings stay. Raises NotFound."""
        async with self._store.begin() as tx:
            await self._hanging(tx, meter_id)
            await rows.change(tx, meter_id, {"removed_at": self._clock.now(), "removed_by": who})

    async def find(
        self, *, house_id: int | None = None, premise: str = "", limit: int = 50, cursor: str | None = None
    ) -> tuple[list[Meter], str | None]:
        """One page of meters with their newest readings, and the cursor of the next."""
        wanted = premise_of(premise) if premise else ""
        async with self._store.read() as conn:
            page, following = await rows.find(
                conn, house_id=house_id, premise=wanted, limit=limit, after=_number(cursor)
            )
        return page, None if following is None else str(following)

    async def get(self, meter_id: int) -> tuple[Meter, list[Reading]]:
        """A meter with every row of its readings, the newest first. Raises NotFound."""
        async with self._store.read() as conn:
            meter = await rows.get(conn, meter_id)
            if meter is None:
                raise NotFound(f"there is no meter {meter_id}")
            (meter,) = await rows.with_last(conn, [meter])
            return meter, await rows.history(conn, meter_id, 500)

    # --- readings -------------------------------------------------------------------------------------------------

    async def record(
        self,
        meter_id: int,
        value: str,
        who: str,
        *,
        period: str = "",
        confirmed: bool = False,
        staff_id: int | None = None,
        note: str = "",
    ) -> Reading:
        """Write down what an operator was told. Raises Refused, NotFound, ReadingDoubted unless it is `confirmed`.

        What is confirmed though it is doubted stays flagged until somebody confirms the very same value once more.
        """
        try:
            told = metering.thousandths_of(value)
        except ValueError as error:
            raise Refused(str(error), pointer="/value") from None
        period = self.month(period)
        if len(note) > MOST_NOTE:
            raise Refused(f"at most {MOST_NOTE} characters", pointer="/note")
        async with self._store.begin() as tx:
            meter = await self._hanging(tx, meter_id)
            flag = await self._flag(tx, meter, period, told, confirmed)
            if flag and await self._looked_at(tx, meter, period, told):
                flag = CHECKED
            values = {"who": who, "staff_id": staff_id, "note": note, "source": Source.OPERATOR.value, "flag": flag}
            written = await rows.write(tx, self._row(meter, period, told) | values)
        assert written is not None
        return written

    # --- by a resident's link -----------------------------------------------------------------------------------

    async def of_resident(self, number: str) -> list[Owed]:
        """The meters of the flats of who has the number, as the robot asks him for them (`spoken`)."""
        period, found = self.this_month(), []
        async with self._store.read() as conn:
            for meter, address in await rows.of_number(conn, number):
                known = metering.limits(meter, period, *await rows.around(conn, meter.id, period))
                months = {one.period: one for one in await rows.months(conn, meter.id)}
                before = max((month for month in months if month < period), default="")
                found.append(Owed(meter, address, known, months.get(before), months.get(period)))
        return found

    async def hand_in(
        self, number: str, meter_id: int, value: str, *, who: str, note: str, key: str = "", confirmed: bool = False
    ) -> Reading:
        """A reading that its resident hands in himself, of this month; with the limits of the call by keys.

        The same key again, or the very value that stands there, is the same reading. Raises NotFound for a meter that
        is none of his, Refused, Conflict for a key of another value, ReadingDoubted unless it is `confirmed`: he is
        asked again, and what he repeats is kept flagged for a human to look at.
        """
        try:
            told = metering.thousandths_of(value)
        except ValueError as error:
            raise Refused(str(error), pointer="/value") from None
        async with self._store.begin() as tx:
            if meter_id not in {meter.id for meter, _ in await rows.of_number(tx.conn, number)}:
                raise NotFound("no such meter hangs in a flat of yours")
            meter, period = await self._hanging(tx, meter_id), self.this_month()
            kept = await rows.by_key(tx.conn, key) if key else None
            if kept is not None and (kept.thousandths, kept.meter_id) != (told, meter_id):
                raise Conflict(_OTHER_KEY)
            now = {one.period: one for one in await rows.months(tx.conn, meter.id)}.get(period)
            again = kept or (now if now is not None and now.thousandths == told else None)
            if again is not None:
                return again
            flag = await self._flag(tx, meter, period, told, confirmed)
            how = {"source": Source.LINK.value, "flag": flag, "key": key or None}
            values = {"who": who, "note": note[:MOST_NOTE], **how}
            written = await rows.write(tx, self._row(meter, period, told) | values)
        if written is None:  # this meter is held, but by the same key another one was written meanwhile
            raise Conflict(_OTHER_KEY)
        return written

    async def _flag(self, tx: Tx, meter: Meter, period: str, told: int, confirmed: bool) -> str:
        """JUMP for what is doubted and told again all the same. Raises Refused, ReadingDoubted."""
        known = await self._limits(tx, meter, period)
        _within(told, known)
        if told <= known.doubted:
            return ""
        if not confirmed:
            raise ReadingDoubted(doubted_above=metering.shown(known.doubted))
        return JUMP

    @staticmethod
    async def _looked_at(tx: Tx, meter: Meter, period: str, told: int) -> bool:
        """Whether the doubted value stands there already: who writes it again has looked at it."""
        months = {one.period: one for one in await rows.months(tx.conn, meter.id)}
        now = months.get(period)
        return now is not None and now.flag != "" and now.thousandths == told

    async def on_called(self, tx: Tx, fact: OutreachSettled) -> None:
        """Within the end of a call of readings: each confirmed answer becomes a reading, once by its call and meter.

        Of the meters of who was called alone: the ids of a campaign's own list, written by hand, are no ids of ours.
        """
        attempt = fact.attempt
        if fact.kind != "meter" or attempt is None:
            return
        own = {f"a.{meter.id}": meter.id for meter, _ in await rows.of_number(tx.conn, fact.call.number)}
        for name, keys in attempt.facts.items():
            if name in own and keys.isdecimal():
                await self._heard(tx, own[name], keys, attempt.id, attempt.pbx_call_id)

    async def _heard(self, tx: Tx, meter_id: int, keys: str, request_id: str, call_id: int | None) -> None:
        meter = await rows.locked(tx, meter_id)
        if meter is None or meter.removed_at is not None:
            return  # taken off while he spoke
        period, told = self.this_month(), int(keys) * 1000
        known = await self._limits(tx, meter, period)
        lowest = known.lowest - known.lowest % 1000  # whole units are asked for
        if not lowest <= told <= known.highest:
            # Somebody wrote another one down meanwhile: the answer stays with its call.
            what = {"action": "reading_unused", "meter": meter_id, "request_id": request_id}
            log.warning("a reading told by telephone no longer fits", extra=what)
            return
        values = {
            "source": Source.ROBOT.value,
            "who": ROBOT,
            "call_id": call_id,
            "key": f"{request_id}:{meter_id}",
            "flag": JUMP if told > known.doubted else "",
        }
        await rows.write(tx, self._row(meter, period, max(told, known.lowest)) | values)

    async def spoken(self, number: str, language: str) -> dict[str, Any]:
        """What the dialogue of readings is told of the meters of who has this number (menus/jobs.py MeterJob)."""
        async with self._store.read() as conn:
            found = await rows.of_number(conn, number)
            period = self.this_month()
            told = []
            for meter, address in found:
                before, after = await rows.around(conn, meter.id, period)
                known = metering.limits(meter, period, before, after)
                title = ", ".join(part for part in (metering.SPOKEN[language][meter.kind], meter.place) if part)
                if len({address for _, address in found}) > 1:
                    title = f"{title}, {address}"
                last = known.lowest // 1000
                most = max(0, min(known.doubted, known.highest) // 1000 - last)
                told.append(
                    {"id": str(meter.id), "title": title, "last": last, "most": most, "highest": known.highest // 1000}
                )
        addresses = {address for _, address in found}
        return {"address": addresses.pop() if len(addresses) == 1 else "", "meters": told}

    async def of_period(
        self, period: str, *, house_id: int | None = None, flag: str = "", limit: int = 50, cursor: str | None = None
    ) -> tuple[list[Line], str | None]:
        """One page of what holds for a month ("": this one), by meter, and the cursor of the next. Raises Refused."""
        async with self._store.read() as conn:
            page, following = await rows.of_period(
                conn, self.month(period), house_id=house_id, flag=flag, limit=limit, after=_number(cursor)
            )
        return page, None if following is None else str(following)

    async def pages(self, period: str, *, house_id: int | None = None) -> AsyncIterator[Sequence[Line]]:
        """All of a month, a page at a time, however many there are."""
        cursor: str | None = None
        while True:
            page, cursor = await self.of_period(period, house_id=house_id, limit=EXPORT_PAGE, cursor=cursor)
            yield page
            if cursor is None:
                return

    # --- rules ----------------------------------------------------------------------------------------------------

    async def _hanging(self, tx: Tx, meter_id: int) -> Meter:
        meter = await rows.locked(tx, meter_id)
        if meter is None or meter.removed_at is not None:
            raise NotFound(f"no meter {meter_id} hangs anywhere")
        return meter

    async def _limits(self, tx: Tx, meter: Meter, period: str) -> Limits:
        return metering.limits(meter, period, *await rows.around(tx.conn, meter.id, period))

    def _row(self, meter: Meter, period: str, thousandths: int) -> dict[str, Any]:
        return {"meter_id": meter.id, "period": period, "thousandths": thousandths, "at": self._clock.now()}

    def month(self, text: str) -> str:
        """A month as it is written here ("": this one). Raises Refused for what is none and for one to come."""
        now = self.this_month()
        try:
            ahead = metering.months_between(now, text or now)
        except ValueError as error:
            raise Refused(str(error), pointer="/period") from None
        if ahead > 0:
            raise Refused("that month has not begun", pointer="/period")
        return text or now


def _within(told: int, known: Limits) -> None:
    if told < known.lowest:
        raise Refused(f"below the last reading, {metering.shown(known.lowest)}", pointer="/value")
    if told > known.highest:
        raise Refused(f"more than it can be: at most {metering.shown(known.highest)}", pointer="/value")


def _checked(form: MeterForm) -> dict[str, Any]:
    wrong = []
    serial, place = " ".join(form.serial.split()), " ".join(form.place.split())
    if form.kind not in set(MeterKind):
        wrong.append(("/kind", f"one of {', '.join(MeterKind)}"))
    if not 0 < len(serial) <= MOST_SERIAL or not serial.isprintable():
        wrong.append(("/serial", f"as it stands on the meter, at most {MOST_SERIAL} characters"))
    if len(place) > MOST_PLACE:
        wrong.append(("/place", f"at most {MOST_PLACE} characters"))
    if not metering.LEAST_DIGITS <= form.digits <= metering.MOST_DIGITS:
        wrong.append(("/digits", f"{metering.LEAST_DIGITS} to {metering.MOST_DIGITS} before the comma"))
    if form.most is not None and not 1 <= form.most <= 1_000_000:
        wrong.append(("/most", "1 to 1000000 units a month"))
    if wrong:
        errors = [{"pointer": f"#{pointer}", "detail": detail} for pointer, detail in wrong]
        raise Refused("; ".join(detail for _, detail in wrong), errors=errors)
    return {
        "kind": form.kind,
        "serial": serial,
        "digits": form.digits,
        "place": place,
        "most": form.most,
        "verified_until": form.verified_until.isoformat() if form.verified_until else None,
    }


def _number(cursor: str | None) -> int:
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 17):
        raise Refused("the cursor is not one of ours: take `next` of the page before")
    return int(cursor)
