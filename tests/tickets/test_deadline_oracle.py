"""The deadline oracle: each case worked out by hand on paper, with the rule that it shows.

Minutes of the shipped classifier stand beside each group. 2026-11-20 is a Friday. Days off in Russia around the cases:
4 November 2026; 31 December 2026 to 10 January 2027; 22 and 23 February 2027, while Saturday 20 February works; 1
and 11 May 2026; 3 and 4 November 2025, while Saturday 1 November 2025 works. In Belarus 20 and 21 April 2026, while
Saturday 25 April works. In Kazakhstan 16 December. Moscow has no summer time; Berlin moves on 29 March and 25 October.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callengine.tickets.calendar import Calendar, LocalDay, Workdays
from callengine.tickets.classifier import Override, entry_of, for_organisation, shipped
from callengine.tickets.deadlines import Matter, postponed_in_words, recompute, terms
from callengine.tickets.model import Applicant, Deadlines, Entry, Status, Ticket
from callengine.tickets.rulepacks import Pack, PackError, pack_for, parse, script_of
from callengine.tickets.rulepacks import shipped as packs
from callengine.tickets.script import CONDITIONS

ENTRIES = {row["code"]: entry_of(row) for row in shipped()}
ZONES = {
    "RU": ZoneInfo("Europe/Moscow"),
    "KZ": ZoneInfo("Asia/Almaty"),
    "BY": ZoneInfo("Europe/Minsk"),
    "DE": ZoneInfo("Europe/Berlin"),
}
OFF, ON = LocalDay(False, "день города"), LocalDay(True, "отработка")


@dataclass(frozen=True)
class Case:
    """Wall times of the case's country; `-` is a clock that there is not. `due` is accept, localise, fix."""

    rule: str
    code: str
    registered: str
    due: tuple[str, str, str]
    damage: str = ""
    told: dict[str, Any] = field(default_factory=dict)
    own: Override | None = None
    local: dict[date, LocalDay] = field(default_factory=dict)
    country: str = "RU"
    pack: str = ""
    paid: str = ""
    interim: str = ""  # by when an interim answer is given (R80)
    fold: int = 0


def own(branch: str, **its: Any) -> Override:
    return Override(1, branch, reason="договор № 14-У, п. 3", **its)


CASES = [
    # --- ПП РФ 416: localise in 30 min of registration, remove in 3 days of the damage. Accept 5, ELE-01 1 min.
    Case("416: 30 min and 3 d", "HVS-02", "2026-11-21 14:12", ("11-21 14:17", "11-21 14:42", "11-24 14:12")),
    Case(
        "416: the date of the damage, not of the registration",
        "HVS-02",
        "2026-11-21 14:12",
        ("11-21 14:17", "11-21 14:42", "11-23 09:00"),
        damage="2026-11-20 09:00",
    ),
    Case(
        "416: the damage told as an answer of the script",
        "HVS-01",
        "2026-11-21 14:12",
        ("11-21 14:17", "11-21 14:42", "11-23 09:00"),
        told={"damage_at": "2026-11-20T09:00:00+03:00"},
    ),
    Case(
        "416: damage of four days ago is late when it is registered",
        "HVS-09",
        "2026-11-21 14:12",
        ("11-21 14:17", "11-21 14:42", "11-20 10:00"),
        damage="2026-11-17 10:00",
    ),
    Case(
        "416: damage after the registration is a slip, registration counts",
        "HVS-02",
        "2026-11-21 14:12",
        ("11-21 14:17", "11-21 14:42", "11-24 14:12"),
        damage="2026-11-21 15:00",
    ),
    Case(
        "416: holidays stop nothing",
        "GVS-01",
        "2026-12-30 22:00",
        ("12-30 22:05", "12-30 22:30", "2027-01-02 22:00"),
    ),
    Case("416: over midnight", "KAN-03", "2026-11-20 23:50", ("11-20 23:55", "11-21 00:20", "11-23 23:50")),
    Case("416: a Sunday night", "OTO-01", "2026-11-22 03:00", ("11-22 03:05", "11-22 03:30", "11-25 03:00")),
    Case("416: a burning switchboard", "ELE-01", "2026-11-20 12:00", ("11-20 12:01", "11-20 12:30", "11-23 12:00")),
    Case("416: a short circuit", "ELE-05", "2026-11-20 12:00", ("11-20 12:05", "11-20 12:30", "11-23 12:00")),
    Case(
        "416 is in force since 1 March 2019: the day before, the classifier alone",
        "HVS-02",
        "2019-02-28 12:00",
        ("2019-02-28 12:05", "2019-02-28 12:30", "2019-03-03 12:00"),
        damage="2019-02-27 12:00",
    ),
    Case(
        "416 is in force since 1 March 2019: on that day the damage counts",
        "HVS-02",
        "2019-03-01 00:00",
        ("2019-03-01 00:05", "2019-03-01 00:30", "2019-03-02 12:00"),
        damage="2019-02-27 12:00",
    ),
    # --- a blocked sewer: 2 h of registration (416), and 4 h of the outage (354), the earlier. Accept 5 min.
    Case("416: a blocked sewer in 2 h", "KAN-01", "2026-11-20 12:00", ("11-20 12:05", "-", "11-20 14:00")),
    Case(
        "354: a sewer that stands since 9 is due before the 2 h are over",
        "KAN-01",
        "2026-11-20 12:00",
        ("11-20 12:05", "-", "11-20 13:00"),
        told={"outage_at": "2026-11-20T09:00:00+03:00"},
    ),
    Case(
        "416 is the earlier one when the sewer stands for an hour",
        "KAN-01",
        "2026-11-20 12:00",
        ("11-20 12:05", "-", "11-20 14:00"),
        told={"outage_at": "2026-11-20T11:00:00+03:00"},
    ),
    Case(
        "354: four hours of outage are over with the registration",
        "KAN-04",
        "2026-11-20 12:00",
        ("11-20 12:05", "-", "11-20 12:00"),
        damage="2026-11-20 08:00",
    ),
    # --- sewage in the cellar: of a blocked sewer as above; of a damaged pipe 30 min and 3 days of the damage (416),
    # and 4 h of the outage (354) all the same, the earlier. Accept 5 min.
    Case(
        "416: sewage in the cellar, not asked: blocked",
        "KAN-04",
        "2026-11-20 12:00",
        ("11-20 12:05", "-", "11-20 14:00"),
    ),
    Case(
        "416: sewage in the cellar of a blocked sewer",
        "KAN-04",
        "2026-11-20 12:00",
        ("11-20 12:05", "-", "11-20 14:00"),
        told={"blocked_sewer": True},
    ),
    Case(
        "416: sewage in the cellar of a damaged pipe is localised in 30 min, and 354 gives 4 h",
        "KAN-04",
        "2026-11-20 12:00",
        ("11-20 12:05", "11-20 12:30", "11-20 16:00"),
        told={"blocked_sewer": False},
    ),
    Case(
        "416: a pipe that was damaged three days ago has an hour left, while 354 gives three",
        "KAN-04",
        "2026-11-20 12:00",
        ("11-20 12:05", "11-20 12:30", "11-20 13:00"),
        damage="2026-11-17 13:00",
        told={"blocked_sewer": False, "outage_at": "2026-11-20T11:00:00+03:00"},
    ),
    # --- a blocked chute: 2 h between 8 and 23. Accept 30 min of the same window.
    Case("416: the chute in 2 h", "TKO-01", "2026-11-20 10:00", ("11-20 10:30", "-", "11-20 12:00")),
    Case("chute: 30 min before 23, 90 after 8", "TKO-01", "2026-11-20 22:30", ("11-20 23:00", "-", "11-21 09:30")),
    Case("chute: the closing itself is in time", "TKO-01", "2026-11-20 21:00", ("11-20 21:30", "-", "11-20 23:00")),
    Case("chute: a minute over waits for 8", "TKO-01", "2026-11-20 21:01", ("11-20 21:31", "-", "11-21 08:01")),
    Case("chute: at 23 nothing counts any more", "TKO-01", "2026-11-20 23:00", ("11-21 08:30", "-", "11-21 10:00")),
    Case("chute: the night does not count", "TKO-01", "2026-11-21 03:00", ("11-21 08:30", "-", "11-21 10:00")),
    Case("chute: New Year is a day", "TKO-01", "2027-01-01 10:00", ("2027-01-01 10:30", "-", "2027-01-01 12:00")),
    # --- 354, water and gas: 4 h at once of the outage, 8 h (gas 4 h) a month. Accept 15 min.
    Case("354: water in 4 h", "HVS-03", "2026-11-20 12:00", ("11-20 12:15", "-", "11-20 16:00")),
    Case(
        "354: water of the start of the outage",
        "HVS-03",
        "2026-11-20 12:00",
        ("11-20 12:15", "-", "11-20 13:30"),
        told={"outage_at": "2026-11-20T09:30:00+03:00"},
    ),
    Case(
        "354: six of the month's eight hours are gone, two are left",
        "HVS-03",
        "2026-11-20 12:00",
        ("11-20 12:15", "-", "11-20 14:00"),
        told={"outage_month_minutes": 360.0},
    ),
    Case(
        "354: the month's eight hours are gone",
        "HVS-03",
        "2026-11-20 12:00",
        ("11-20 12:15", "-", "11-20 12:00"),
        told={"outage_month_minutes": 480.0},
    ),
    Case(
        "354: with six hours left in the month, four at once stand",
        "HVS-04",
        "2026-11-20 12:00",
        ("11-20 12:15", "-", "11-20 16:00"),
        told={"outage_month_minutes": 120.0},
    ),
    Case("354: hot water in 4 h", "GVS-02", "2026-11-20 12:00", ("11-20 12:15", "-", "11-20 16:00")),
    Case(
        "354: hot water, a dead-end main: 24 h",
        "GVS-02",
        "2026-11-20 12:00",
        ("11-20 12:15", "-", "11-21 12:00"),
        told={"dead_end_main": True},
    ),
    Case(
        "354: hot water, no dead end: 4 h",
        "GVS-02",
        "2026-11-20 12:00",
        ("11-20 12:15", "-", "11-20 16:00"),
        told={"dead_end_main": False},
    ),
    Case("354: gas in 4 h", "GAZ-02", "2026-11-20 12:00", ("11-20 12:15", "-", "11-20 16:00")),
    Case(
        "354: gas, three hours of the month's four are gone",
        "GAZ-02",
        "2026-11-20 12:00",
        ("11-20 12:15", "-", "11-20 13:00"),
        told={"outage_month_minutes": 180.0},
    ),
    # --- 354, power: 2 h with two feeds, 24 h with one. Accept 10, ELE-07 5 min.
    Case("354: feeds not asked, two are taken", "ELE-02", "2026-11-20 12:00", ("11-20 12:10", "-", "11-20 14:00")),
    Case(
        "354: two feeds, 2 h",
        "ELE-02",
        "2026-11-20 12:00",
        ("11-20 12:10", "-", "11-20 14:00"),
        told={"power_feeds": 2.0},
    ),
    Case(
        "354: one feed, 24 h, though the classifier writes 2 h",
        "ELE-02",
        "2026-11-20 12:00",
        ("11-20 12:10", "-", "11-21 12:00"),
        told={"power_feeds": 1.0},
    ),
    Case(
        "354: one feed, of the start of the outage",
        "ELE-02",
        "2026-11-20 12:00",
        ("11-20 12:10", "-", "11-21 08:00"),
        told={"power_feeds": 1, "outage_at": "2026-11-20T05:00:00Z"},
    ),
    Case(
        "354: a damaged cable, one feed",
        "ELE-07",
        "2026-11-20 12:00",
        ("11-20 12:05", "-", "11-21 12:00"),
        told={"power_feeds": 1.0},
    ),
    # --- 354, heating: 16 h at 12 °C, 8 h at 10-12, 4 h at 8-10. Accept 10 min.
    Case("354: not asked, 16 h", "OTO-02", "2026-11-20 12:00", ("11-20 12:10", "-", "11-21 04:00")),
    *(
        Case(f"354: {celsius} °C, {hours} h", "OTO-02", "2026-11-20 12:00", ("11-20 12:10", "-", due), told=told)
        for celsius, hours, due, told in (
            (20, 16, "11-21 04:00", {"indoor_celsius": 20.0}),
            (12, 16, "11-21 04:00", {"indoor_celsius": 12.0}),
            (11.9, 8, "11-20 20:00", {"indoor_celsius": 11.9}),
            (10, 8, "11-20 20:00", {"indoor_celsius": 10.0}),
            (9.9, 4, "11-20 16:00", {"indoor_celsius": 9.9}),
            (8, 4, "11-20 16:00", {"indoor_celsius": 8.0}),
            (5, 4, "11-20 16:00", {"indoor_celsius": 5.0}),
        )
    ),
    Case(
        "354: 9 °C since 6 in the morning is over before the registration",
        "OTO-02",
        "2026-11-20 12:00",
        ("11-20 12:10", "-", "11-20 10:00"),
        told={"indoor_celsius": 9.0, "outage_at": "2026-11-20T06:00:00+03:00"},
    ),
    Case(
        "354: twenty of the month's 24 hours without heating are gone",
        "OTO-02",
        "2026-11-20 12:00",
        ("11-20 12:10", "-", "11-20 16:00"),
        told={"indoor_celsius": 20.0, "outage_month_minutes": 1200.0},
    ),
    # --- Rules 170: a pane, 1 day in winter (15 October to 14 April), 3 in summer. POD-01 accept 60, POD-02 240 min.
    Case("170: winter", "POD-02", "2027-01-15 12:00", ("2027-01-15 16:00", "-", "2027-01-16 12:00")),
    Case("170: summer", "POD-02", "2026-07-15 12:00", ("07-15 16:00", "-", "07-18 12:00")),
    Case("170: the winter's entry in summer", "POD-01", "2026-07-15 12:00", ("07-15 13:00", "-", "07-18 12:00")),
    Case("170: the last day of summer", "POD-01", "2026-10-14 22:59", ("10-14 23:59", "-", "10-17 22:59")),
    Case("170: the first day of winter", "POD-01", "2026-10-15 00:00", ("10-15 01:00", "-", "10-16 00:00")),
    Case("170: the last day of winter", "POD-01", "2026-04-14 12:00", ("04-14 13:00", "-", "04-15 12:00")),
    Case(
        "170: the operator says that it is summer",
        "POD-01",
        "2026-10-15 12:00",
        ("10-15 13:00", "-", "10-18 12:00"),
        told={"season": "summer"},
    ),
    # --- waste by the weather, 07-23: TKO-03 accept 60 min, TKO-04 240 min.
    Case("3684: waste daily", "TKO-03", "2026-11-20 12:00", ("11-20 13:00", "-", "11-21 12:00")),
    Case(
        "3684: waste at +5 °C daily",
        "TKO-03",
        "2026-11-20 12:00",
        ("11-20 13:00", "-", "11-21 12:00"),
        told={"outdoor_celsius": 5.0},
    ),
    Case(
        "3684: waste at +4 °C once in 3 days",
        "TKO-03",
        "2026-11-20 12:00",
        ("11-20 13:00", "-", "11-23 12:00"),
        told={"outdoor_celsius": 4.0},
    ),
    Case("3684: begun at the opening, a day on", "TKO-03", "2026-11-20 23:30", ("11-21 08:00", "-", "11-22 07:00")),
    Case(
        "3684: bulky waste in the cold, 10 days",
        "TKO-04",
        "2026-11-20 12:00",
        ("11-20 16:00", "-", "11-30 12:00"),
        told={"outdoor_celsius": -3.0},
    ),
    # --- R76: a company answers in one working day. POD-07: accept 16 working hours, fix 14 working days.
    Case("R76: 16 working hours and a working day", "POD-07", "2026-11-16 10:00", ("11-17 17:00", "-", "12-04 10:00")),
    Case("R76: the working day ends earlier", "POD-07", "2026-11-16 16:00", ("11-17 17:00", "-", "12-04 16:00")),
    Case("R76: Friday's working day is Monday", "POD-07", "2026-11-20 16:00", ("11-23 17:00", "-", "12-10 16:00")),
    Case(
        "R76: over the New Year's holidays",
        "POD-07",
        "2026-12-30 12:00",
        ("2027-01-11 17:00", "-", "2027-01-28 12:00"),
    ),
    Case(
        "a Saturday that the government made work",
        "POD-07",
        "2027-02-19 16:00",
        ("2027-02-20 17:00", "-", "2027-03-15 16:00"),
    ),
    Case(
        "a moved Monday off after a working Saturday",
        "POD-07",
        "2025-10-31 10:00",
        ("2025-11-01 17:00", "-", "2025-11-21 10:00"),
    ),
    # --- working days of a law: the day itself does not count. NAC-01: accept 8 working hours, fix 10 working days.
    Case("416 п.36: 10 working days", "NAC-01", "2026-11-20 10:00", ("11-23 09:00", "-", "12-04 17:00")),
    Case("ten working days over May", "NAC-01", "2026-04-30 10:00", ("05-04 09:00", "-", "05-18 17:00")),
    Case(
        "the city's own day off",
        "NAC-01",
        "2026-11-20 10:00",
        ("11-24 09:00", "-", "12-07 17:00"),
        local={date(2026, 11, 23): OFF},
    ),
    Case(
        "the service's own working Saturday",
        "NAC-01",
        "2026-11-20 10:00",
        ("11-21 09:00", "-", "12-03 17:00"),
        local={date(2026, 11, 21): ON},
    ),
    # --- working hours: TKO-05 accept 8 working hours, fix 3 working days.
    Case("a holiday in the week", "TKO-05", "2026-11-03 15:00", ("11-05 14:00", "-", "11-09 15:00")),
    Case("registered on a Saturday", "TKO-05", "2026-11-21 12:00", ("11-23 16:00", "-", "11-26 08:00")),
    # --- the classifier alone: HVS-07 accept 60 min, fix 1 day.
    Case("no rule: the classifier", "HVS-07", "2026-11-20 12:00", ("11-20 13:00", "-", "11-21 12:00")),
    # --- an organisation's own terms.
    Case(
        "own: shorter than the law binds",
        "HVS-02",
        "2026-11-21 14:12",
        ("11-21 14:17", "11-21 14:42", "11-22 14:12"),
        own=own("HVS", fix_minutes=1440),
    ),
    Case(
        "own: longer than the law does not help",
        "HVS-02",
        "2026-11-21 14:12",
        ("11-21 14:17", "11-21 14:42", "11-24 14:12"),
        own=own("HVS-02", fix_minutes=7200),
    ),
    Case(
        "own: its time to accept",
        "HVS-02",
        "2026-11-21 14:12",
        ("11-21 14:27", "11-21 14:42", "11-24 14:12"),
        own=own("", accept_minutes=15),
    ),
    Case(
        "own: an hour to localise is longer than the law's half",
        "HVS-02",
        "2026-11-21 14:12",
        ("11-21 14:17", "11-21 14:42", "11-24 14:12"),
        own=own("HVS", localize_minutes=60),
    ),
    Case(
        "own: never a copy of the law, 2 h stand with one feed too",
        "ELE-02",
        "2026-11-20 12:00",
        ("11-20 12:10", "-", "11-20 14:00"),
        told={"power_feeds": 1.0},
        own=own("ELE-02", fix_minutes=120),
    ),
    Case(
        "own: working hours, 15 min on Friday and 15 on Monday",
        "KAN-02",
        "2026-11-20 16:45",
        ("11-23 08:15", "-", "11-23 16:45"),
        own=own("KAN", clock="work"),
    ),
    # --- Kazakhstan, 109: a reply in 7 calendar days, 30 when it is studied. GOR-07: 8 working hours, 7 working days.
    Case(
        "109: 7 calendar days, to the end of the last",
        "GOR-07",
        "2026-11-20 10:00",
        ("11-23 09:00", "-", "11-28 00:00"),
        country="KZ",
    ),
    Case(
        "109: 30 calendar days with an interim answer",
        "GOR-07",
        "2026-11-20 10:00",
        ("11-23 09:00", "-", "12-21 00:00"),
        told={"long_study": True},
        country="KZ",
        interim="11-28 00:00",
    ),
    Case(
        "109: a minute before midnight the day is over all the same",
        "GOR-07",
        "2026-11-20 23:59",
        ("11-23 16:00", "-", "11-28 00:00"),
        country="KZ",
    ),
    Case(
        "109: the service's own three days are earlier",
        "DVR-07",
        "2026-11-20 10:00",
        ("11-20 11:00", "-", "11-23 10:00"),
        country="KZ",
    ),
    Case(
        "109: Independence Day is no working day",
        "TKO-05",
        "2026-12-15 16:00",
        ("12-17 15:00", "-", "12-21 16:00"),
        country="KZ",
    ),
    Case(
        "109: no 416 there: a burst pipe by the classifier",
        "HVS-02",
        "2026-11-21 14:12",
        ("11-21 14:17", "11-21 14:42", "11-24 14:12"),
        damage="2026-11-20 09:00",
        country="KZ",
    ),
    # --- Belarus, 115: a paid job is confirmed in 90 min. ORG-01: accept 90 working min, fix 2 working days.
    Case(
        "115: a paid job in 90 min",
        "ORG-01",
        "2026-11-20 12:00",
        ("11-20 13:30", "-", "11-24 12:00"),
        country="BY",
        paid="11-20 13:30",
    ),
    Case(
        "115: Radunitsa and the Monday before it",
        "TKO-05",
        "2026-04-17 16:00",
        ("04-22 15:00", "-", "04-24 16:00"),
        country="BY",
    ),
    Case(
        "115: the Saturday that pays for it",
        "TKO-05",
        "2026-04-24 16:00",
        ("04-25 15:00", "-", "04-28 16:00"),
        country="BY",
    ),
    # --- the night when the clock moves.
    Case(
        "four real hours over the long night",
        "OTO-02",
        "2026-10-25 01:00",
        ("10-25 01:10", "-", "10-25 04:00"),
        told={"indoor_celsius": 9.0},
        country="DE",
        pack="ru-416",
    ),
    Case(
        "the first of two 02:30",
        "KAN-01",
        "2026-10-25 02:30",
        ("10-25 02:35", "-", "10-25 03:30"),
        country="DE",
        pack="ru-416",
    ),
    Case(
        "the second of two 02:30",
        "KAN-01",
        "2026-10-25 02:30",
        ("10-25 02:35", "-", "10-25 04:30"),
        country="DE",
        pack="ru-416",
        fold=1,
    ),
    Case(
        "two real hours over the short night",
        "KAN-01",
        "2026-03-29 01:30",
        ("03-29 01:35", "-", "03-29 04:30"),
        country="DE",
        pack="ru-416",
    ),
    Case(
        "the chute's window after the long night",
        "TKO-01",
        "2026-10-24 22:30",
        ("10-24 23:00", "-", "10-25 09:30"),
        country="DE",
        pack="ru-416",
    ),
]


def at(text: str, case: Case, year: str = "") -> datetime:
    """A wall time; a due one without its year is of the year of the registration."""
    whole = text if len(text) == 16 else f"{year}-{text}"
    return datetime.fromisoformat(whole).replace(tzinfo=ZONES[case.country], fold=case.fold).astimezone(UTC)


def worked_out(case: Case, language: str = "ru") -> Deadlines:
    entry = ENTRIES[case.code]
    if case.own:
        entry = for_organisation(entry, [case.own])
    matter = Matter(
        registered_at=at(case.registered, case),
        damage_at=at(case.damage, case) if case.damage else None,
        conditions=case.told,
        paid=bool(case.paid),
    )
    calendar = Calendar(ZONES[case.country], Workdays(case.country, case.local))
    return terms(entry, matter, calendar, pack_for(case.pack, case.country), language)


def test_the_oracle_has_its_sixty_cases_and_each_its_own_rule() -> None:
    assert len(CASES) >= 60
    assert len({case.rule for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=[case.rule for case in CASES])
def test_a_ticket_is_due_when_the_rule_says(case: Case) -> None:
    found = worked_out(case)
    expected = tuple(None if due == "-" else at(due, case, case.registered[:4]) for due in case.due)
    assert (found.accept_by, found.localise_by, found.fix_by) == expected, found.why
    assert found.interim_by == (at(case.interim, case, case.registered[:4]) if case.interim else None)
    paid = {clock.name: clock.due_at for clock in found.clocks}.get("paid")
    assert paid == (at(case.paid, case, case.registered[:4]) if case.paid else None)


@pytest.mark.parametrize("case", CASES, ids=[case.rule for case in CASES])
@pytest.mark.parametrize("language", ["ru", "en"])
def test_each_clock_has_its_own_line_of_why_and_its_rule(case: Case, language: str) -> None:
    found = worked_out(case, language)
    assert [clock.name for clock in found.each() if clock.name != "paid"] == [
        name
        for name, due in zip(("accept", "localise", "fix", "interim"), (*case.due, case.interim or "-"), strict=True)
        if due != "-"
    ]
    assert found.why.splitlines() == [clock.why for clock in found.clocks if clock.name != "paid"]
    assert all(clock.rule and clock.why for clock in found.clocks)
    stored = Deadlines(found.accept_by, found.localise_by, found.fix_by, found.why, interim_by=found.interim_by)
    assert [(c.name, c.due_at, c.why) for c in stored.each()] == [
        (c.name, c.due_at, c.why) for c in found.clocks if c.name != "paid"
    ]


# --- words ------------------------------------------------------------------------------------------------------

RU = pack_for("", "RU")
MOSCOW = ZONES["RU"]
CALENDAR = Calendar(MOSCOW, Workdays("RU"))


def why(rule: str, name: str = "fix") -> str:
    found = worked_out(next(case for case in CASES if case.rule == rule))
    return next(clock.why for clock in found.clocks if clock.name == name)


def test_the_why_names_the_rule_the_start_and_the_hours() -> None:
    assert why("416: the date of the damage, not of the registration") == (
        "Устранить: 3 сут от даты повреждения 20.11.2026 09:00, круглосуточно (ПП РФ 416, п. 13 — устранить аварийное "
        "повреждение за 3 суток с даты повреждения, а не с регистрации)"
    )
    assert "в часы 08:00-23:00" in why("416: the chute in 2 h")


def test_what_was_not_asked_is_said_with_the_question() -> None:
    assert why("354: not asked, 16 h").endswith("; не спрошено: Сколько градусов в комнате?")
    assert "не спрошено" not in why("354: 12 °C, 16 h")


def test_whatever_a_term_depends_on_is_asked_at_intake() -> None:
    day, depends = date(2026, 11, 20), set()
    for pack, entry in itertools.product(packs(), ENTRIES.values()):
        rules = [rule for rule in pack.rules if rule.concerns(entry, day)]
        names = {name for rule in rules for name, _ in rule.when} - {"season"}  # the calendar knows it
        asked = {question.condition for question in script_of(entry, pack, day)}
        assert names <= asked, (pack.id, entry.code)
        depends |= names | {f"{rule.start}_at" for rule in rules}
    unused = set(CONDITIONS) - depends
    # The calendar knows the season; whole_house tells the executor where to look.
    assert unused == {"season", "whole_house"}, "what is offered to authors of questions sets some term"


def test_who_reports_sewage_in_a_cellar_is_asked_whether_it_is_blocked_and_who_has_no_light_of_its_feeds() -> None:
    ru, day = pack_for("", "RU"), date(2026, 11, 20)
    for condition, codes in (("blocked_sewer", {"KAN-04"}), ("power_feeds", {"ELE-02", "ELE-07"})):
        asked = {
            code for code, entry in ENTRIES.items() if condition in {q.condition for q in script_of(entry, ru, day)}
        }
        assert asked == codes


def test_an_organisations_own_term_is_named_with_its_paper_and_with_what_the_rule_gives() -> None:
    assert "условие организации: договор № 14-У, п. 3" in why("own: shorter than the law binds")
    assert why("own: shorter than the law binds").endswith("; по правилу было бы до 24.11 14:12")
    assert why("own: longer than the law does not help").endswith("; у организации 5 сут, но это дольше правила")


def test_a_term_that_is_over_when_it_is_registered_says_so() -> None:
    assert "истекло ещё до регистрации" in why("416: damage of four days ago is late when it is registered")
    assert "за месяц уже 8 ч перерыва" in why("354: the month's eight hours are gone")


def test_a_postponement_never_moves_the_legal_term_and_says_so() -> None:
    fix_by = datetime(2026, 11, 24, 9, tzinfo=UTC)
    inside = postponed_in_words(fix_by - timedelta(hours=2), fix_by, MOSCOW)
    beyond = postponed_in_words(fix_by + timedelta(days=1), fix_by, MOSCOW)
    assert inside == "отложено до 24.11.2026 10:00; срок 24.11.2026 12:00 не сдвигается"
    assert beyond.endswith("законный срок 24.11.2026 12:00 не сдвигается: заявка станет просроченной")
    assert postponed_in_words(fix_by, None, MOSCOW, "en") == "postponed till 24.11.2026 12:00"


# --- terms anew --------------------------------------------------------------------------------------------------


def a_ticket(code: str, **its: Any) -> Ticket:
    created = datetime(2026, 11, 20, 9, tzinfo=UTC)
    entry = ENTRIES[code]
    found = terms(entry, Matter(registered_at=created), CALENDAR, RU)
    plain: dict[str, Any] = {"premise": "", "applicant": Applicant(), "organisation": None, "organisation_reason": ""}
    ticket = Ticket(
        id=1, number="26-1", status=Status.NO_EXECUTOR, urgency=entry.urgency, classifier=entry, house=None,
        deadlines=found, created_at=created, **plain,
    )  # fmt: skip
    return replace(ticket, **its)


def anew(ticket: Ticket, entry: Entry | None = None, accept_from: datetime | None = None) -> Deadlines:
    return recompute(ticket, entry or ticket.classifier, CALENDAR, RU, accept_from=accept_from)


def test_another_entry_gives_other_terms_from_the_same_registration() -> None:
    ticket = a_ticket("KAN-02")
    found = anew(ticket, ENTRIES["KAN-01"])
    assert found.fix_by == ticket.created_at + timedelta(hours=2)
    assert found.accept_by == ticket.created_at + timedelta(minutes=5)


def test_what_was_answered_keeps_its_term_and_its_why() -> None:
    accepted = a_ticket("KAN-02", accepted_at=datetime(2026, 11, 20, 9, 3, tzinfo=UTC))
    found = anew(accepted, ENTRIES["KAN-01"])
    assert found.accept_by == accepted.deadlines.accept_by
    assert found.each()[0].why == accepted.deadlines.each()[0].why
    done = replace(accepted, fixed_at=datetime(2026, 11, 20, 10, tzinfo=UTC))
    assert anew(done, ENTRIES["OTO-02"]) == done.deadlines


def test_no_clock_begins_after_its_answer() -> None:
    localised = a_ticket("KAN-02", localised_at=datetime(2026, 11, 20, 9, 3, tzinfo=UTC))
    assert anew(localised, ENTRIES["HVS-02"]).localise_by is None


def test_another_organisation_has_its_own_time_to_accept_and_no_more_to_fix() -> None:
    asked = datetime(2026, 11, 20, 11, tzinfo=UTC)
    ticket = a_ticket("HVS-02", accepted_at=datetime(2026, 11, 20, 9, 3, tzinfo=UTC))
    found = anew(ticket, accept_from=asked)
    assert found.accept_by == asked + timedelta(minutes=5)
    assert (found.localise_by, found.fix_by) == (ticket.deadlines.localise_by, ticket.deadlines.fix_by)
    assert "с направления 20.11.2026 14:00" in found.why


def test_what_was_told_later_changes_the_term() -> None:
    ticket = a_ticket("OTO-02")
    colder = replace(ticket, conditions={"indoor_celsius": 9.0})
    assert anew(colder).fix_by == ticket.created_at + timedelta(hours=4)


# --- packs ---------------------------------------------------------------------------------------------------------

TWO_DATES = """
id = "mine"
title_ru = "своё"
title_en = "mine"
source_ru = "приказ"
source_en = "order"
[[rules]]
id = "old"
clock = "fix"
limit = "2 h"
valid_until = 2026-12-31
source_ru = "приказ 1"
source_en = "order 1"
words_ru = "2 часа"
words_en = "2 hours"
[[rules]]
id = "new"
clock = "fix"
limit = "1 h"
valid_from = 2027-01-01
source_ru = "приказ 2"
source_en = "order 2"
words_ru = "1 час"
words_en = "1 hour"
"""


def fix_under(pack: Pack, registered: datetime) -> tuple[str, timedelta]:
    found = terms(replace(ENTRIES["HVS-07"], fix_minutes=None), Matter(registered_at=registered), CALENDAR, pack)
    clock = found.each()[-1]
    return clock.rule, clock.due_at - registered


def test_a_rule_holds_from_its_first_day_to_its_last_in_the_zone_of_the_service() -> None:
    pack = parse(TWO_DATES, "mine.toml")
    midnight = datetime(2026, 12, 31, 21, tzinfo=UTC)  # 00:00 in Moscow
    assert fix_under(pack, midnight - timedelta(seconds=1)) == ("old", timedelta(hours=2))
    assert fix_under(pack, midnight) == ("new", timedelta(hours=1))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('limit = "2 h"', 'limit = "2 hours"', "rule old: limit '2 hours'"),
        ('limit = "2 h"', 'limit = "0 h"', "rule old: limit '0 h'"),
        ('clock = "fix"', 'clock = "fixed"', "clock 'fixed': one of accept"),
        ('id = "old"', 'id = "new"', "two rules have one id"),
        ('source_ru = "приказ 1"', "", "rule old: source_ru is missing"),
        ('id = "mine"', "id = ", "rule pack mine.toml"),
        ('limit = "2 h"', 'limit = "2 h"\nwindow = "25:00-26:00"', "window '25:00-26:00'"),
        ('limit = "2 h"', 'limit = "2 h"\nwhen.indoor_celsius = { over = 3 }', "when.indoor_celsius"),
    ],
)
def test_a_pack_with_a_mistake_says_where_it_is(old: str, new: str, says: str) -> None:
    with pytest.raises(PackError, match=r".") as wrong:
        parse(TWO_DATES.replace(old, new, 1), "mine.toml")
    assert says in wrong.value.detail


def test_a_pack_is_found_by_its_id_its_country_or_its_file(tmp_path: Any) -> None:
    assert [pack_for("", country).id for country in ("RU", "KZ", "BY", "DE")] == ["ru-416", "kz-109", "by-115", ""]
    assert pack_for("kz-109", "RU").id == "kz-109"
    assert pack_for("none", "RU").id == ""
    file = tmp_path / "mine.toml"
    file.write_text(TWO_DATES)
    assert pack_for(str(file), "RU").id == "mine"
    for name, says in (("ru-417", "ru-416"), (str(tmp_path / "no.toml"), "no.toml")):
        with pytest.raises(PackError) as wrong:
            pack_for(name, "RU")
        assert says in wrong.value.detail


def test_every_shipped_rule_is_about_something_and_told_in_both_languages() -> None:
    for pack in packs():
        for rule in pack.rules:
            assert rule.words_ru and rule.words_en and rule.source_ru and rule.source_en
            about = [code for code, entry in ENTRIES.items() if rule.concerns(entry, date(2026, 11, 20))]
            assert about, f"{pack.id}: {rule.id} is about no entry of the shipped classifier"
        asked = {name for rule in pack.rules for name, _ in rule.when} - {"season"}
        assert asked <= {question.condition for question in pack.questions}
        families = {rule.family for rule in pack.rules if rule.family and "season" not in dict(rule.when)}
        assert families == {rule.family for rule in pack.rules if rule.family and rule.default}


# --- the laws of terms ----------------------------------------------------------------------------------------------

MOMENTS = st.integers(0, 3 * 365 * 86_400).map(lambda s: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=s))
CODES = st.sampled_from(sorted(ENTRIES))
PLACES = st.sampled_from([("RU", ""), ("KZ", ""), ("BY", ""), ("DE", "ru-416")])
TOLD = st.fixed_dictionaries(
    {},
    optional={
        "indoor_celsius": st.floats(-30, 40),
        "outdoor_celsius": st.floats(-40, 40),
        "power_feeds": st.sampled_from([1.0, 2.0]),
        "dead_end_main": st.booleans(),
        "long_study": st.booleans(),
        "outage_month_minutes": st.floats(0, 2000),
        "nonsense": st.text(max_size=3),
    },
)


def found_for(code: str, begun: datetime, place: tuple[str, str], told: dict[str, Any]) -> Deadlines:
    country, name = place
    calendar = Calendar(ZONES[country], Workdays(country))
    matter = Matter(registered_at=begun, conditions=told)
    return terms(ENTRIES[code], matter, calendar, pack_for(name, country))


@settings(max_examples=300, deadline=None)
@given(CODES, MOMENTS, PLACES, TOLD)
def test_no_term_ends_before_the_registration_when_it_begins_with_it(
    code: str, begun: datetime, place: tuple[str, str], told: dict[str, Any]
) -> None:
    found = found_for(code, begun, place, told)
    assert found.accept_by is not None and found.accept_by > begun
    assert all(clock.due_at >= begun for clock in found.clocks)


@settings(max_examples=300, deadline=None)
@given(CODES, MOMENTS, PLACES, TOLD, st.integers(0, 5000))
def test_what_is_registered_later_is_never_due_earlier(
    code: str, begun: datetime, place: tuple[str, str], told: dict[str, Any], later: int
) -> None:
    season = {"season": "winter", **told}  # with the season held: on its first day a term may well be shorter
    first = found_for(code, begun, place, season)
    second = found_for(code, begun + timedelta(minutes=later), place, season)
    for before, after in zip(first.clocks, second.clocks, strict=True):
        assert before.name == after.name and after.due_at >= before.due_at, (before, after)


@settings(max_examples=200, deadline=None)
@given(MOMENTS, st.floats(-20, 35), st.floats(0, 15))
def test_a_colder_room_never_has_more_time(begun: datetime, celsius: float, colder: float) -> None:
    warm = found_for("OTO-02", begun, ("RU", ""), {"indoor_celsius": celsius}).fix_by
    cold = found_for("OTO-02", begun, ("RU", ""), {"indoor_celsius": celsius - colder}).fix_by
    assert warm and cold and cold <= warm


@settings(max_examples=200, deadline=None)
@given(CODES, MOMENTS, st.integers(1, 50_000))
def test_an_organisations_own_term_never_gives_more_than_the_rule(code: str, begun: datetime, minutes: int) -> None:
    calendar = Calendar(MOSCOW, Workdays("RU"))
    entry = ENTRIES[code]
    mine = for_organisation(entry, [own("", fix_minutes=minutes)])
    by_rule = terms(replace(entry, fix_minutes=None), Matter(registered_at=begun), calendar, RU).fix_by
    found = terms(mine, Matter(registered_at=begun), calendar, RU).fix_by
    assert found is not None and (by_rule is None or found <= by_rule)
