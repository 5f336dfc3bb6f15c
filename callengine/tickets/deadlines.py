"""By when a ticket is accepted, localised and fixed, each with its why; pure, safe over changes of the clock.

Minutes of a `24x7` term are real minutes. Of a window (`08:00-23:00`) and of `work` (Monday to Friday, 08-17)
only the open ones count, in the zone of the service. Whole days of such a term are days of that calendar:
the same time of day, so many open days on, held within the opening hours. Whole days of `workdays` are those of
a law: the next working day is the first, and the term ends with the last one's closing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from callengine.tickets.model import Deadlines, Entry

DAY_MINUTES = 1440
WORK_OPENS, WORK_CLOSES = time(8), time(17)
WEEKDAYS = frozenset(range(5))
EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a kind of work goes on: opening hours on some days of the week, but not on `closed_on`."""

    zone: ZoneInfo
    opens: time
    closes: time  # not after `opens`: the next day, so 00:00-00:00 and 20:00-08:00 are sayable
    weekdays: frozenset[int] = EVERY_DAY
    closed_on: frozenset[date] = frozenset()

    def is_open_on(self, day: date) -> bool:
        return day.weekday() in self.weekdays and day not in self.closed_on

    def hours(self, day: date) -> tuple[datetime, datetime]:
        """The opening hours that begin on the day, in UTC: real minutes, whatever the zone does that night."""
        until = day if self.closes > self.opens else day + timedelta(days=1)
        return moment(day, self.opens, self.zone), moment(until, self.closes, self.zone)

    def spans(self, at: datetime) -> Iterator[tuple[date, datetime, datetime]]:
        """Open stretches that end after the moment, in order, without end."""
        day = at.astimezone(self.zone).date() - timedelta(days=1)
        for _ in range(366 * 50):
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
        for _ in range(366 * 50):
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


def working(zone: ZoneInfo, closed_on: frozenset[date] = frozenset()) -> Calendar:
    """Monday to Friday, 08-17."""
    return Calendar(zone, WORK_OPENS, WORK_CLOSES, WEEKDAYS, closed_on)


def calendar_of(clock: str, zone: ZoneInfo, closed_on: frozenset[date] = frozenset()) -> Calendar | None:
    """The calendar of a classifier's clock; None is round the clock."""
    if clock == "24x7":
        return None
    if clock in ("work", "workdays"):
        return working(zone, closed_on)
    match = re.fullmatch(r"(\d\d):(\d\d)-(\d\d):(\d\d)", clock)
    if not match:
        raise ValueError(f"unknown clock {clock!r}")
    opens_hour, opens_minute, closes_hour, closes_minute = map(int, match.groups())
    return Calendar(zone, time(opens_hour, opens_minute), time(closes_hour % 24, closes_minute))


def due(minutes: int, clock: str, at: datetime, zone: ZoneInfo, closed_on: frozenset[date] = frozenset()) -> datetime:
    """The end of a term of so many minutes that begins at the moment."""
    at = at.astimezone(UTC)
    calendar = calendar_of(clock, zone, closed_on)
    if calendar is None:
        return at + timedelta(minutes=minutes)
    days, rest = divmod(minutes, DAY_MINUTES)
    if rest:
        return calendar.after_minutes(at, minutes)
    return calendar.end_of_day(at, days) if clock == "workdays" else calendar.after_days(at, days)


def deadlines(
    entry: Entry,
    registered_at: datetime,
    zone: ZoneInfo,
    *,
    damage_at: datetime | None = None,
    closed_on: frozenset[date] = frozenset(),
    language: str = "ru",
) -> Deadlines:
    """The three terms of a ticket. Damage under ПП РФ 416 is removed by the date of the damage, when it is known."""
    since_damage = damage_at is not None and damage_at <= registered_at and removes_damage(entry)
    fix_from = damage_at if since_damage and damage_at is not None else registered_at
    terms = (
        ("accept", entry.accept_minutes, registered_at, False),
        ("localise", entry.localize_minutes, registered_at, False),
        ("fix", entry.fix_minutes, fix_from, since_damage),
    )
    ends: dict[str, datetime | None] = {}
    lines = []
    for name, minutes, start, from_damage in terms:
        ends[name] = due(minutes, entry.clock, start, zone, closed_on) if minutes is not None else None
        if minutes is not None:
            lines.append(_why(name, minutes, entry, start, from_damage, zone, language))
    return Deadlines(ends["accept"], ends["localise"], ends["fix"], "\n".join(lines))


def removes_damage(entry: Entry) -> bool:
    """The rule of ru-416: three days from the date of the DAMAGE, for what must be localised at once."""
    return "416" in entry.source.split(":")[0] and entry.localize_minutes is not None and entry.fix_minutes == 4320


def basis(source: str) -> str:
    """The rule's short name out of a source note: «ПП РФ 416 п.13»; "" when it is but common knowledge."""
    name = re.split(r"[:;,\[(]", source)[0].strip()
    return "" if name.startswith("общее знание") else name


_NAMES = {
    "ru": {"accept": "Принять", "localise": "Локализовать", "fix": "Устранить"},
    "en": {"accept": "Accept", "localise": "Localise", "fix": "Fix"},
}


def _why(
    name: str, minutes: int, entry: Entry, start: datetime, from_damage: bool, zone: ZoneInfo, language: str
) -> str:
    language = language if language in _NAMES else "en"
    rule = entry.code
    # Acceptance times are the service's own; the others quote what the classifier stands on.
    if name != "accept" and basis(entry.source):
        rule = f"{entry.code}, {basis(entry.source)}"
    day = f"{start.astimezone(zone):%d.%m.%Y}"
    if language == "ru":
        start_words = f"от даты повреждения {day}" if from_damage else "с регистрации"
    else:
        start_words = f"from the date of damage {day}" if from_damage else "from registration"
    span, hours = term_in_words(minutes, entry.clock, language), clock_in_words(entry.clock, language)
    return f"{_NAMES[language][name]}: {span} {start_words}, {hours} ({rule})"


def term_in_words(minutes: int, clock: str, language: str = "ru") -> str:
    """4320 is «3 сут», with a working clock «3 раб. дн.»; 240 is «4 ч»; 90 is «90 мин»."""
    ru = language == "ru"
    if minutes % DAY_MINUTES == 0:
        days = minutes // DAY_MINUTES
        if clock in ("work", "workdays"):
            return f"{days} раб. дн." if ru else f"{days} working d"
        return f"{days} сут" if ru else f"{days} d"
    if minutes % 60 == 0:
        return f"{minutes // 60} ч" if ru else f"{minutes // 60} h"
    return f"{minutes} мин" if ru else f"{minutes} min"


def clock_in_words(clock: str, language: str = "ru") -> str:
    ru = language == "ru"
    if clock == "24x7":
        return "круглосуточно" if ru else "round the clock"
    if clock == "work":
        return "в рабочие часы пн–пт 08–17" if ru else "in working hours, Mon-Fri 08-17"
    if clock == "workdays":
        return "по рабочим дням пн–пт 08–17" if ru else "by working days, Mon-Fri 08-17"
    return f"в часы {clock}" if ru else f"within {clock}"
