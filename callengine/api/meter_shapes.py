"""The shapes of meters and their readings. Values are text, exact: "123.456"."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from callengine.api.queries import Listed, Query, Words
from callengine.api.schemas import Body, Id, ShortText, View
from callengine.directory import metering
from callengine.directory.by_link import Asked

MeterKindName = Literal["cold_water", "hot_water", "heat", "gas", "electricity", "electricity_day", "electricity_night"]
Period = Annotated[str, Field(pattern=r"^(20[0-9]{2}-(0[1-9]|1[0-2]))?$")]


class MetersList(Listed):
    """Of one house, or of one of its flats."""

    house_id: Id | None = None
    premise: Words = ""


class MeterReadingsFilter(Query):
    """`period` is a month, "2026-11"; "" is this one."""

    period: Period = ""
    house_id: Id | None = None


class MeterReadingsList(MeterReadingsFilter, Listed):
    """`flag=jump` are those that a human is to look at."""

    flag: Literal["", "jump", "checked"] = ""


class MeterReadingsExport(MeterReadingsFilter):
    format: Literal["csv", "xlsx"] = "csv"


class MeterForm(Body):
    """`most` units a month may bring before a human looks at it; null: as its kind."""

    kind: MeterKindName
    serial: ShortText
    digits: Annotated[int, Field(ge=3, le=8)] = 5
    place: ShortText = ""
    most: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    verified_until: Annotated[date, Field(strict=False)] | None = None


class NewMeter(MeterForm):
    house_id: Id
    premise: ShortText


class NewReading(Body):
    """`value` like "123.456" or "123,456". Far above the last one it is refused with 409 reading-doubted: ask again,
    and send it `confirmed`; then it is kept with the flag jump, until the same value is sent once more (checked).
    """

    value: ShortText
    period: Period = ""
    confirmed: bool = False
    note: ShortText = ""


class MeterReading(View):
    """`call_id` is the conversation in which the robot heard it. A correction is another one of the same period."""

    id: int
    meter_id: int
    period: str
    value: str
    source: Literal["robot", "operator", "link", "import"]
    at: datetime
    who: str
    flag: str
    note: str
    call_id: int | None


class Meter(View):
    id: int
    house_id: int
    premise: str
    kind: MeterKindName
    serial: str
    digits: int
    place: str
    most: int
    verified_until: str | None
    removed_at: datetime | None
    last: MeterReading | None


class MeterCard(View):
    """A meter with every reading that was ever written, the newest first."""

    meter: Meter
    readings: list[MeterReading]


class MeterLine(View):
    """A reading that holds for a month, with its meter."""

    reading: MeterReading
    meter: Meter
    address: str


class ResidentReading(Body):
    """`confirmed`: he was asked again (409 reading-doubted), and says the same."""

    value: ShortText
    confirmed: bool = False


class ResidentMeterReading(View):
    """`flag` jump: kept, and looked at by a human."""

    period: str
    value: str
    at: datetime
    flag: str


class ResidentMeter(View):
    """Below `lowest` and above `highest` no reading is taken; above `doubted_above` it is asked again."""

    id: int
    kind: MeterKindName
    serial: str
    place: str
    address: str
    premise: str
    lowest: str
    doubted_above: str
    highest: str
    before: ResidentMeterReading | None
    now: ResidentMeterReading | None


class ResidentMeters(View):
    """The meters of who has the number of the link's ticket. `open`: today is one of the days, `first` to `last`."""

    period: str
    open: bool
    first: int
    last: int
    meters: list[ResidentMeter]


def resident_meters(it: Asked) -> ResidentMeters:
    meters = [
        ResidentMeter(
            id=one.meter.id,
            kind=one.meter.kind.value,
            serial=one.meter.serial,
            place=one.meter.place,
            address=one.address,
            premise=one.meter.premise,
            lowest=metering.shown(one.limits.lowest),
            doubted_above=metering.shown(one.limits.doubted),
            highest=metering.shown(one.limits.highest),
            before=resident_reading(one.before) if one.before else None,
            now=resident_reading(one.now) if one.now else None,
        )
        for one in it.meters
    ]
    return ResidentMeters(period=it.period, open=it.open, first=it.first, last=it.last, meters=meters)


def resident_reading(it: metering.Reading) -> ResidentMeterReading:
    return ResidentMeterReading(period=it.period, value=it.value, at=it.at, flag=it.flag)


def reading(it: metering.Reading) -> MeterReading:
    return MeterReading(
        id=it.id,
        meter_id=it.meter_id,
        period=it.period,
        value=it.value,
        source=it.source.value,
        at=it.at,
        who=it.who,
        flag=it.flag,
        note=it.note,
        call_id=it.call_id,
    )


def meter(it: metering.Meter) -> Meter:
    return Meter(
        id=it.id,
        house_id=it.house_id,
        premise=it.premise,
        kind=it.kind.value,
        serial=it.serial,
        digits=it.digits,
        place=it.place,
        most=it.most_a_month,
        verified_until=it.verified_until,
        removed_at=it.removed_at,
        last=reading(it.last) if it.last else None,
    )
