"""What a meter and its reading are, and which are believed: not below the last one, not far above it (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class MeterKind(StrEnum):
    COLD_WATER = "cold_water"
    HOT_WATER = "hot_water"
    HEAT = "heat"
    GAS = "gas"
    ELECTRICITY = "electricity"
    ELECTRICITY_DAY = "electricity_day"
    ELECTRICITY_NIGHT = "electricity_night"


class Source(StrEnum):
    ROBOT = "robot"
    OPERATOR = "operator"
    LINK = "link"
    IMPORT = "import"


# Units (m3, Gcal, kWh) that one household seldom uses in a month: above it a human looks. A meter may say otherwise.
MOST = {
    MeterKind.COLD_WATER: 50,
    MeterKind.HOT_WATER: 50,
    MeterKind.HEAT: 20,
    MeterKind.GAS: 1_000,
    MeterKind.ELECTRICITY: 3_000,
    MeterKind.ELECTRICITY_DAY: 2_000,
    MeterKind.ELECTRICITY_NIGHT: 2_000,
}
SPOKEN = {
    "ru": {
        MeterKind.COLD_WATER: "холодная вода",
        MeterKind.HOT_WATER: "горячая вода",
        MeterKind.HEAT: "отопление",
        MeterKind.GAS: "газ",
        MeterKind.ELECTRICITY: "электричество",
        MeterKind.ELECTRICITY_DAY: "электричество, день",
        MeterKind.ELECTRICITY_NIGHT: "электричество, ночь",
    },
    "en": {
        MeterKind.COLD_WATER: "cold water",
        MeterKind.HOT_WATER: "hot water",
        MeterKind.HEAT: "heating",
        MeterKind.GAS: "gas",
        MeterKind.ELECTRICITY: "electricity",
        MeterKind.ELECTRICITY_DAY: "electricity by day",
        MeterKind.ELECTRICITY_NIGHT: "electricity by night",
    },
}
JUMP, CHECKED = "jump", "checked"
LEAST_DIGITS, MOST_DIGITS = 3, 8
_VALUE = re.compile(r"([0-9]{1,8})(?:[.,]([0-9]{1,3}))?")
_PERIOD = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Meter:
    """`most` is what a month may bring before a human looks at it; None: as its kind. `last` is its newest reading."""

    id: int
    house_id: int
    premise: str
    kind: MeterKind
    serial: str
    digits: int
    place: str = ""
    most: int | None = None
    verified_until: str | None = None
    removed_at: datetime | None = None
    last: Reading | None = None

    @property
    def most_a_month(self) -> int:
        return self.most if self.most is not None else MOST[self.kind]


@dataclass(frozen=True, slots=True)
class Reading:
    id: int
    meter_id: int
    period: str  # 2026-11
    thousandths: int
    source: Source
    at: datetime
    who: str
    flag: str = ""
    note: str = ""
    call_id: int | None = None

    @property
    def value(self) -> str:
        return shown(self.thousandths)


def thousandths_of(text: str) -> int:
    """ "123,456" and "123.456" are 123456. Raises ValueError for what is no reading."""
    match = _VALUE.fullmatch(text.strip())
    if match is None:
        raise ValueError("a reading is a number with at most 8 digits, and at most 3 after the comma")
    return int(match[1]) * 1000 + int((match[2] or "").ljust(3, "0"))


def shown(thousandths: int) -> str:
    """As people write it: no zeros at the end."""
    return f"{(Decimal(thousandths) / 1000).normalize():f}"


def period_of(day: date) -> str:
    return f"{day.year}-{day.month:02}"


def months_between(earlier: str, later: str) -> int:
    """Raises ValueError for what is no period."""
    years = []
    for one in (earlier, later):
        match = _PERIOD.fullmatch(one)
        if match is None:
            raise ValueError("a period is a month: write it like 2026-11")
        years.append(int(match[1]) * 12 + int(match[2]))
    return years[1] - years[0]


@dataclass(frozen=True, slots=True)
class Limits:
    """In thousandths. Below `lowest` or above `highest` no reading is taken; above `doubted` it is asked again."""

    lowest: int
    doubted: int
    highest: int


def limits(meter: Meter, period: str, before: Reading | None, after: Reading | None = None) -> Limits:
    """`before` is what holds for the month before it that has a reading, `after` for the first month after it."""
    lowest = before.thousandths if before else 0
    months = max(1, months_between(before.period, period)) if before else 1
    top = 10**meter.digits * 1000 - 1
    highest = min(top, after.thousandths) if after else top
    # Nobody knows what stood there before the first reading: it is not doubted.
    return Limits(lowest, lowest + meter.most_a_month * months * 1000 if before else top, highest)
