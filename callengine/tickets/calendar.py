"""Working days, opening hours and the ends of terms; pure, safe over changes of the clock.

Minutes of a `24x7` term are real minutes. Of a window (`08:00-23:00`) and of `work` (working days, 08-17) only the
open ones count, in the zone of the service. Whole days of such a term are days of that calendar: the same time of
day, so many open days on, held within the opening hours. Whole days of `workdays` are those of a law: the next
working day is the first, and the term ends with the last one's closing (ГК РФ, ст. 191). Days of `days` are those
of the wall calendar: the day itself does not count, and the term ends with the last one's midnight (ст. 194).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

DAY_MINUTES = 1440
WORK_OPENS, WORK_CLOSES = time(8), time(17)
WEEKDAYS = frozenset(range(5))
CLOCKS = ("24x7", "work", "workdays", "days")
FIFTY_YEARS = 366 * 50


@dataclass(frozen=True, slots=True)
class LocalDay:
    """An exception that the service made itself: a day that works, or does not, whatever the country says."""

    working: bool
    name: str = ""
    author: str = ""


@lru_cache(maxsize=16)
def _country(code: str, language: str) -> holidays.HolidayBase | None:
    """The country's days off with those that its government moved; None where the library knows no such country."""
    if code not in holidays.list_supported_countries(include_aliases=False):
        return None
    spoken = holidays.country_holidays(code).supported_languages
    return holidays.country_holidays(code, language=language if language in spoken else "en_US")


@lru_cache(maxsize=4096)  # each term counts them, and the library takes its time
def _works(country: str, day: date) -> bool:
    known = _country(country, "en_US")
    return known.is_working_day(day) if known is not None else day.weekday() in WEEKDAYS


@dataclass(frozen=True)
class Workdays:
    """Which days work: the country's calendar (`holidays`), and over it the service's own exceptions.

    A country that the library does not know has Monday to Friday. A pre-holiday day is a whole one.
    """

    country: str = ""
    local: Mapping[date, LocalDay] = field(default_factory=dict)
    language: str = "ru"

    def working(self, day: date) -> bool:
        own = self.local.get(day)
        if own is not None:
            return own.working
        return _works(self.country, day)

    def name(self, day: date) -> str:
        """What the day is called: the service's own name first, then the holiday's; "" for a plain one."""
        own = self.local.get(day)
        if own is not None and own.name:
            return own.name
        known = _country(self.country, self.language)
        return str(known.get(day, "")) if known is not None else ""

    def moves_known(self, year: int) -> bool:
        """Whether the library has the days that the government moved in that year (they are decreed year by year)."""
        known = _country(self.country, self.language)
        return known is not None and year in getattr(known, "special_public_holidays", {})

    def special(self, year: int) -> list[date]:
        """The days of a year that are not as their weekday says, or that have a name."""
        known = _country(self.country, self.language)
        days = {day for day in self.local if day.year == year}
        first = date(year, 1, 1)
        for n in range(366 if _leap(year) else 365):
            day = first + timedelta(days=n)
            off = known is not None and day in known
            if off or self.working(day) != (day.weekday() in WEEKDAYS):
                days.add(day)
        return sorted(days)


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


MON_TO_FRI = Workdays()


@dataclass(frozen=True, slots=True)
class Hours:
    """When a kind of work goes on: opening hours, on each day or on the working ones."""

    zone: ZoneInfo
    opens: time
    closes: time  # not after `opens`: the next day, so 00:00-00:00 and 20:00-08:00 are sayable
    days: Workdays | None = None  # None: each day

    def is_open_on(self, day: date) -> bool:
        return self.days is None or self.days.working(day)

    def hours(self, day: date) -> tuple[datetime, datetime]:
        """The opening hours that begin on the day, in UTC: real minutes, whatever the zone does that night."""
        until = day if self.closes > self.opens else day + timedelta(days=1)
        return moment(day, self.opens, self.zone), moment(until, self.closes, self.zone)

    def open_at(self, at: datetime) -> bool:
        _, began, _ = next(self.spans(at))
        return began <= at

    def opens_next(self, at: datetime) -> datetime:
        """When it opens; the moment itself when it is open."""
        return max(next(self.spans(at))[1], at)

    def spans(self, at: datetime) -> Iterator[tuple[date, datetime, datetime]]:
        """Open stretches that end after the moment, in order, without end."""
        day = at.astimezone(self.zone).date()
        if self.closes <= self.opens:  # last night's hours may go on
            day -= timedelta(days=1)
        for _ in range(FIFTY_YEARS):
            if self.is_open_on(day):
                began, ended = self.hours(day)
                if ended > at and ended > began:
                    yield day, began, ended
            day += timedelta(days=1)
        raise ValueError("this calendar is never open")

    def after_minutes(self, at: datetime, minutes: int) -> datetime:
        """The moment when so many open minutes have passed."""
        left = timedelta(minutes=minutes)
        for _, began, ended in self.spans(at):
            start = max(began, at)
            if ended - start >= left:
                return start + left
            left -= ended - start
        raise AssertionError("spans never ends")  # pragma: no cover

    def after_days(self, at: datetime, days: int) -> datetime:
        """The same time of day so many open days on, within that day's hours; counting begins when it is open."""
        spans = self.spans(at)
        _, began, _ = next(spans)
        start = max(began, at)
        for _ in range(days):
            day, began, ended = next(spans)
        into_the_day = _wall_minutes(start.astimezone(self.zone).time(), self.opens)
        due = moment_after(day, self.opens, into_the_day, self.zone)
        return min(max(due, began), ended)

    def end_of_day(self, at: datetime, days: int) -> datetime:
        """The closing of the so-manieth open day after today (ГК РФ, ст. 191: the day itself does not count)."""
        day = at.astimezone(self.zone).date()
        for _ in range(FIFTY_YEARS):
            day += timedelta(days=1)
            days -= self.is_open_on(day)
            if days == 0:
                return self.hours(day)[1]
        raise ValueError("this calendar is never open")


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A wall time in UTC. One that a spring night skips is the moment after the skip; of two, the first."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def moment_after(day: date, opens: time, minutes: float, zone: ZoneInfo) -> datetime:
    """The wall time so many wall minutes after the opening, in UTC."""
    wall = datetime.combine(day, opens) + timedelta(minutes=minutes)
    return wall.replace(tzinfo=zone).astimezone(UTC)


def _wall_minutes(at: time, since: time) -> float:
    seconds = (at.hour - since.hour) * 3600 + (at.minute - since.minute) * 60 + at.second + at.microsecond / 1e6
    return (seconds % 86_400) / 60


@dataclass(frozen=True)
class Calendar:
    """All that a term needs to know of time: the zone, which days work and from when till when."""

    zone: ZoneInfo
    days: Workdays = MON_TO_FRI
    opens: time = WORK_OPENS
    closes: time = WORK_CLOSES

    def hours(self, clock: str) -> Hours | None:
        """The hours of a classifier's or a contract's clock; None is round the clock. Raises ValueError."""
        if clock in ("24x7", "days", ""):
            return None
        if clock in ("work", "workdays"):
            return Hours(self.zone, self.opens, self.closes, self.days)
        return _window(self.zone, clock)

    def due(self, minutes: int, clock: str, at: datetime) -> datetime:
        """The end of a term of so many minutes that begins at the moment, in UTC."""
        at = at.astimezone(UTC)
        if clock == "days":
            day = at.astimezone(self.zone).date() + timedelta(days=minutes // DAY_MINUTES + 1)
            return moment(day, time(0), self.zone)
        hours = self.hours(clock)
        if hours is None:
            return at + timedelta(minutes=minutes)
        days, rest = divmod(minutes, DAY_MINUTES)
        if rest or not days:
            return hours.after_minutes(at, minutes)
        return hours.end_of_day(at, days) if clock == "workdays" else hours.after_days(at, days)

    def clock_in_words(self, clock: str, language: str = "ru") -> str:
        ru = language == "ru"
        if clock in ("24x7", ""):
            return "круглосуточно" if ru else "round the clock"
        if clock == "days":
            return "до конца последнего дня" if ru else "to the end of the last day"
        if clock == "work":
            span = f"{self.opens:%H}–{self.closes:%H}" if ru else f"{self.opens:%H}-{self.closes:%H}"
            return f"в рабочие часы {span}" if ru else f"in working hours {span}"
        if clock == "workdays":
            return f"по рабочим дням, до {self.closes:%H:%M}" if ru else f"by working days, till {self.closes:%H:%M}"
        return f"в часы {clock}" if ru else f"within {clock}"


@lru_cache(maxsize=256)
def _window(zone: ZoneInfo, clock: str) -> Hours:
    match = re.fullmatch(r"(\d\d):(\d\d)-(\d\d):(\d\d)", clock)
    if not match:
        raise ValueError(f"unknown clock {clock!r}")
    opens_hour, opens_minute, closes_hour, closes_minute = map(int, match.groups())
    return Hours(zone, time(opens_hour, opens_minute), time(closes_hour % 24, closes_minute))


def term_in_words(minutes: int, clock: str, language: str = "ru") -> str:
    """4320 is «3 сут», of working days «3 раб. дн.»; 240 is «4 ч»; 90 is «90 мин»."""
    ru = language == "ru"
    if minutes % DAY_MINUTES == 0 and minutes:
        days = minutes // DAY_MINUTES
        if clock in ("work", "workdays"):
            return f"{days} раб. дн." if ru else f"{days} working d"
        if clock == "days":
            return f"{days} кал. дн." if ru else f"{days} calendar d"
        return f"{days} сут" if ru else f"{days} d"
    if minutes % 60 == 0 and minutes:
        return f"{minutes // 60} ч" if ru else f"{minutes // 60} h"
    return f"{minutes} мин" if ru else f"{minutes} min"


def is_clock(text: str) -> bool:
    """Whether a classifier, an override, a contract or a rule may say so of its hours."""
    match = re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)", text)
    return text in CLOCKS or (match is not None and text[:5] != text[6:])
