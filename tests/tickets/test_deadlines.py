"""Ends of terms by the calendar, each case worked out by hand; the terms of the classifier alone.

2026-11-20 is a Friday. Moscow has no summer time; Berlin moves its clocks on 29 March and 25 October 2026.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callengine.tickets.calendar import Calendar, LocalDay, Workdays
from callengine.tickets.classifier import entry_of, shipped
from callengine.tickets.deadlines import Matter, terms
from callengine.tickets.model import Deadlines, Entry
from callengine.tickets.rulepacks import pack_for

MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")
DAY, NIGHT, WORK, LAW = "08:00-23:00", "20:00-08:00", "work", "workdays"


def due(minutes: int, clock: str, begun: datetime, zone: ZoneInfo, days: Workdays | None = None) -> datetime:
    return Calendar(zone, days or Workdays()).due(minutes, clock, begun)


CASES = [
    # minutes, clock, registered, due, the rule
    (5, "24x7", "11-20 22:40", "11-20 22:45", "round the clock counts every minute"),
    (30, "24x7", "11-20 23:50", "11-21 00:20", "over midnight"),
    (240, "24x7", "11-20 21:00", "11-21 01:00", "ПП 354: water within 4 h"),
    (1440, "24x7", "11-20 10:00", "11-21 10:00", "a Saturday is a day like any other"),
    (4320, "24x7", "11-20 22:40", "11-23 22:40", "ПП РФ 416: three days"),
    (120, DAY, "11-20 10:00", "11-20 12:00", "ПП РФ 416: the chute within 2 h"),
    (120, DAY, "11-20 22:30", "11-21 09:30", "30 min before 23, 90 after 8"),
    (120, DAY, "11-20 21:00", "11-20 23:00", "the closing itself is in time"),
    (120, DAY, "11-20 21:01", "11-21 08:01", "a minute over goes on in the morning"),
    (120, DAY, "11-20 23:00", "11-21 10:00", "at closing nothing counts any more"),
    (120, DAY, "11-21 03:00", "11-21 10:00", "the night before opening does not count"),
    (30, DAY, "11-20 22:45", "11-21 08:15", "acceptance keeps to the window too"),
    (1440, DAY, "11-20 10:00", "11-21 10:00", "a whole day is the same time tomorrow"),
    (1440, "07:00-23:00", "11-20 23:30", "11-22 07:00", "begun at the opening, a day on"),
    (10080, "07:00-23:00", "11-20 12:00", "11-27 12:00", "bulky waste: 7 days"),
    (60, "07:00-23:00", "11-20 22:30", "11-21 07:30", "half an hour now, half in the morning"),
    (120, NIGHT, "11-20 23:00", "11-21 01:00", "a window over midnight"),
    (120, NIGHT, "11-21 07:00", "11-21 21:00", "one hour before 8, one after 20"),
    (60, NIGHT, "11-20 12:00", "11-20 21:00", "the day does not count"),
    (240, WORK, "11-20 10:00", "11-20 14:00", "within one working day"),
    (480, WORK, "11-20 15:00", "11-23 14:00", "2 h on Friday, 6 on Monday"),
    (480, WORK, "11-21 12:00", "11-23 16:00", "a Saturday does not count"),
    (240, WORK, "11-20 17:00", "11-23 12:00", "at the end of Friday begins Monday"),
    (240, WORK, "11-20 07:00", "11-20 12:00", "early hours wait for 8"),
    (960, WORK, "11-16 08:00", "11-17 15:00", "9 h on Monday, 7 on Tuesday"),
    (1440, WORK, "11-20 10:30", "11-23 10:30", "one working day from Friday is Monday"),
    (2880, WORK, "11-16 16:59", "11-18 16:59", "two working days"),
    (4320, WORK, "11-18 20:00", "11-24 08:00", "begun Thursday at 8, three working days on"),
    (14400, LAW, "11-20 10:00", "12-04 17:00", "ПП 416 п.36: 10 working days, the day itself not counted"),
    (1440, LAW, "11-21 10:00", "11-23 17:00", "from Saturday the first working day is Monday"),
    (1440, LAW, "11-20 00:10", "11-23 17:00", "the day of registration never counts"),
    (480, LAW, "11-20 16:00", "11-23 15:00", "hours of a law's clock are working hours"),
    (60, LAW, "11-22 09:00", "11-23 09:00", "Sunday waits for Monday"),
]


def at(text: str, zone: ZoneInfo = MOSCOW) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=zone)


@pytest.mark.parametrize(("minutes", "clock", "registered", "expected", "rule"), CASES, ids=[c[4] for c in CASES])
def test_a_term_ends_when_the_calendar_says(
    minutes: int, clock: str, registered: str, expected: str, rule: str
) -> None:
    assert due(minutes, clock, at(registered), MOSCOW).astimezone(MOSCOW) == at(expected), rule


NIGHTS = [
    (1440, "24x7", "03-28 12:00", "03-29 13:00", "24 real hours over the short night"),
    (1440, "24x7", "10-24 12:00", "10-25 11:00", "24 real hours over the long night"),
    (180, "00:00-06:00", "03-29 01:00", "03-29 05:00", "the hour that does not come is not counted"),
    (180, "00:00-06:00", "10-25 01:00", "10-25 03:00", "the hour that comes twice is counted twice"),
    (350, "00:00-06:00", "03-29 00:00", "03-30 00:50", "the short night has 5 h: 50 min go on in the next"),
    (1440, "00:00-04:00", "03-28 02:30", "03-29 03:30", "02:30 does not come that night: the moment after the skip"),
    (1440, WORK, "03-27 16:00", "03-30 16:00", "the wall clock rules a working day"),
    (540, WORK, "10-23 16:00", "10-26 16:00", "an hour on Friday, eight on Monday, in winter time"),
]


@pytest.mark.parametrize(("minutes", "clock", "registered", "expected", "rule"), NIGHTS, ids=[c[4] for c in NIGHTS])
def test_a_term_over_a_change_of_the_clock(minutes: int, clock: str, registered: str, expected: str, rule: str) -> None:
    assert due(minutes, clock, at(registered, BERLIN), BERLIN) == at(expected, BERLIN).astimezone(UTC), rule


def test_in_the_hour_that_comes_twice_both_are_told_apart() -> None:
    first, second = (at("10-25 02:30", BERLIN).replace(fold=fold) for fold in (0, 1))
    assert due(60, "24x7", second, BERLIN) - due(60, "24x7", first, BERLIN) == timedelta(hours=1)


def test_a_holiday_is_no_working_day() -> None:
    closed = Workdays(local={date(2026, 11, 23): LocalDay(False, "день города")})
    assert due(1440, WORK, at("11-20 10:00"), MOSCOW, closed) == at("11-24 10:00")
    assert due(1440, LAW, at("11-20 10:00"), MOSCOW, closed) == at("11-24 17:00")


# By the decrees of the government (№ 1314 of 2023, № 1335 of 2024, № 1466 of 2025): the weekdays off, the weekend days
# at work, and the working days of the five-day week that the production calendar counts.
RUSSIA = {
    2024: (
        "01-01 01-02 01-03 01-04 01-05 01-08 02-23 03-08 04-29 04-30 05-01 05-09 05-10 06-12 11-04 12-30 12-31",
        "04-27 11-02 12-28",
        248,
    ),
    2025: (
        "01-01 01-02 01-03 01-06 01-07 01-08 05-01 05-02 05-08 05-09 06-12 06-13 11-03 11-04 12-31",
        "11-01",
        247,
    ),
    2026: (
        "01-01 01-02 01-05 01-06 01-07 01-08 01-09 02-23 03-09 05-01 05-11 06-12 11-04 12-31",
        "",
        247,
    ),
}


@pytest.mark.parametrize("year", RUSSIA)
def test_the_year_of_russia_is_the_government_s(year: int) -> None:
    off, at_work, count = RUSSIA[year]
    days, first = Workdays("RU"), date(year, 1, 1)
    whole = [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]
    assert " ".join(f"{day:%m-%d}" for day in whole if day.weekday() < 5 and not days.working(day)) == off
    assert " ".join(f"{day:%m-%d}" for day in whole if day.weekday() >= 5 and days.working(day)) == at_work
    assert sum(map(days.working, whole)) == count and days.moves_known(year)


ENTRIES = {row["code"]: entry_of(row) for row in shipped()}


def deadlines(entry: Entry, registered_at: datetime, *, language: str = "ru") -> Deadlines:
    """The terms of the classifier and of no law."""
    return terms(entry, Matter(registered_at=registered_at), Calendar(MOSCOW), language=language)


def test_the_three_terms_of_a_burst_pipe_with_their_why() -> None:
    found = deadlines(ENTRIES["HVS-02"], at("11-21 14:12"))
    assert (found.accept_by, found.localise_by, found.fix_by) == (
        at("11-21 14:17"),
        at("11-21 14:42"),
        at("11-24 14:12"),
    )
    assert found.why.splitlines() == [
        "Принять: 5 мин с регистрации, круглосуточно (HVS-02)",
        "Локализовать: 30 мин с регистрации, круглосуточно (HVS-02, ПП РФ 416 п.13)",
        "Устранить: 3 сут с регистрации, круглосуточно (HVS-02, ПП РФ 416 п.13)",
    ]


def test_what_needs_no_localising_has_no_such_term() -> None:
    found = deadlines(ENTRIES["KAN-02"], at("11-21 14:12"))
    assert found.localise_by is None and "Локализовать" not in found.why


def test_an_entry_without_minutes_has_no_terms_and_nothing_to_explain() -> None:
    entry = replace(ENTRIES["HVS-02"], accept_minutes=None, localize_minutes=None, fix_minutes=None)
    assert deadlines(entry, at("11-21 14:12")).why == ""


def test_the_why_is_told_in_english_too() -> None:
    why = deadlines(ENTRIES["TKO-01"], at("11-21 14:12"), language="en").why
    assert why.splitlines()[-1] == "Fix: 2 h from registration, within 08:00-23:00 (TKO-01, ПП РФ 416 п.13)"


@pytest.mark.parametrize("code", sorted(ENTRIES))
def test_every_shipped_entry_has_terms_in_order(code: str) -> None:
    for registered in (at("11-20 03:00"), at("11-20 16:59"), at("11-21 23:30")):
        found = deadlines(ENTRIES[code], registered)
        assert found.accept_by and found.fix_by
        assert registered <= found.accept_by <= found.fix_by
        assert found.localise_by is None or found.localise_by <= found.fix_by


MOMENTS = st.integers(0, 365 * 86_400).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
CLOCKS = st.sampled_from(["24x7", DAY, NIGHT, "00:00-06:00", "01:30-03:30", WORK, LAW])
ZONES = st.sampled_from([MOSCOW, BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Asia/Almaty")])
MINUTES = st.integers(1, 20_000)


@settings(deadline=None)
@given(MOMENTS, CLOCKS, ZONES, MINUTES)
def test_a_term_never_ends_before_it_begins(begun: datetime, clock: str, zone: ZoneInfo, minutes: int) -> None:
    assert due(minutes, clock, begun, zone) > begun


@settings(deadline=None)
@given(MOMENTS, CLOCKS, ZONES, st.integers(1, 1439), st.integers(0, 3000))
def test_registered_later_is_never_due_earlier(
    begun: datetime, clock: str, zone: ZoneInfo, minutes: int, later: int
) -> None:
    assert due(minutes, clock, begun + timedelta(minutes=later), zone) >= due(minutes, clock, begun, zone)


@settings(deadline=None)
@given(MOMENTS, CLOCKS.filter(lambda clock: clock != "24x7"), ZONES, MINUTES)
def test_a_term_ends_while_somebody_works(begun: datetime, clock: str, zone: ZoneInfo, minutes: int) -> None:
    calendar = Calendar(zone).hours(clock)
    assert calendar
    end = due(minutes, clock, begun, zone)
    days = (end.astimezone(zone).date() - timedelta(days=back) for back in (0, 1))
    assert any(opens <= end <= closes for opens, closes in (calendar.hours(d) for d in days if calendar.is_open_on(d)))


@settings(max_examples=40, deadline=None)
@given(MOMENTS, st.sampled_from([DAY, NIGHT, "00:00-06:00", WORK]), ZONES, st.integers(1, 700))
def test_open_minutes_agree_with_counting_them_one_by_one(
    begun: datetime, clock: str, zone: ZoneInfo, minutes: int
) -> None:
    begun = begun.replace(second=0, microsecond=0)
    calendar = Calendar(zone).hours(clock)
    assert calendar
    moment, left = begun, minutes
    while left:
        wall = moment.astimezone(zone)
        days = [wall.date(), wall.date() - timedelta(days=1)]
        spans = [calendar.hours(day) for day in days if calendar.is_open_on(day)]
        left -= any(opens <= moment < closes for opens, closes in spans)
        moment += timedelta(minutes=1)
    assert due(minutes, clock, begun, zone) == moment


@pytest.mark.parametrize("code", ["HVS-02", "KAN-02", "TKO-01"])
def test_words_that_were_worked_out_before_are_those_of_this_entry_and_this_matter(code: str) -> None:
    """One pack for all of these, against one for each: nothing of one answers for another."""
    shared, entry = pack_for("ru-416", "RU"), replace(ENTRIES[code], confirm_minutes=90)
    entries = [
        entry,
        replace(entry, clock="08:00-20:00"),
        replace(entry, clock="work"),
        replace(entry, source="СП 1"),
        replace(entry, fix_minutes=15),
    ]
    entries.append(replace(entry, overridden=(("fix_minutes", "договор № 1"),)))
    late, now = Calendar(MOSCOW, opens=time(10), closes=time(19)), at("11-20 12:00")
    matters = [Matter(registered_at=now), Matter(registered_at=now, paid=True), Matter(registered_at=at("11-20 12:30"))]
    matters.append(Matter(registered_at=now, damage_at=at("11-20 09:00")))
    matters.append(Matter(registered_at=now, accept_from=at("11-20 13:00")))
    for one, matter, calendar, language in product(entries, matters, [Calendar(MOSCOW), late], ["ru", "en"]):
        had = terms(one, matter, calendar, shared, language)
        anew = terms(one, matter, calendar, replace(shared), language)
        assert (had, had.clocks) == (anew, anew.clocks)
