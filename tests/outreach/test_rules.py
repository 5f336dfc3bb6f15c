"""The rules of the robot's calls: never at night, holidays by the calendar, spacing by result, when it is over."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callengine.config import Outreach, Settings
from callengine.outreach import rules
from callengine.outreach.model import CallKind, CallState, NoAnswer, Occupied
from callengine.phone import parse
from callengine.tickets.calendar import LocalDay, Workdays

MOSCOW, VLADIVOSTOK = ZoneInfo("Europe/Moscow"), ZoneInfo("Asia/Vladivostok")
RUSSIA = Workdays("RU")
SETTINGS = Outreach()


def moscow(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW)


def opens(at: datetime, hours: str = "09-20", days: str = rules.EACH_DAY, zone: ZoneInfo = MOSCOW) -> datetime:
    return rules.opens_next(at, rules.window(hours, days), zone, RUSSIA)


# --- when ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-20T08:59:59", "2026-11-20T09:00:00"),
        ("2026-11-20T09:00:00", "2026-11-20T09:00:00"),
        ("2026-11-20T19:59:59", "2026-11-20T19:59:59"),
        ("2026-11-20T20:00:00", "2026-11-21T09:00:00"),
        ("2026-11-20T23:30:00", "2026-11-21T09:00:00"),
        ("2026-11-21T00:10:00", "2026-11-21T09:00:00"),
    ],
)
def test_a_call_waits_for_the_hours(at: str, expected: str) -> None:
    assert opens(moscow(at)) == moscow(expected)


def test_the_hours_are_of_the_clock_of_who_is_called() -> None:
    at = moscow("2026-11-20T10:00:00")
    assert opens(at) == at
    assert opens(at, zone=VLADIVOSTOK) == at  # 17:00 there
    later = moscow("2026-11-20T14:00:00")  # 21:00 there
    assert opens(later) == later
    assert opens(later, zone=VLADIVOSTOK) == datetime(2026, 11, 21, 9, tzinfo=VLADIVOSTOK)


@pytest.mark.parametrize("hours", ["00-23", "06-23", "07:30-22:00", "08-22"])
def test_no_configured_hours_reach_into_the_night(hours: str) -> None:
    span = rules.window(hours)
    assert span.opens == time(8) and span.closes == time(21, 55)


@pytest.mark.parametrize(
    "hours", ["22-23", "00-08", "20-09", "12-12", "9-20", "09-24", "morning", "23:10-23:50", "21:56-22"]
)
def test_hours_of_the_night_or_no_hours_are_refused(hours: str) -> None:
    with pytest.raises(ValueError, match="hours"):
        rules.window(hours)
    with pytest.raises(ValueError, match="hours"):
        Settings.model_validate({"outreach": {"hours": hours}})
    with pytest.raises(ValueError, match="hours"):
        Settings.model_validate({"outreach": {"hours_of": {"survey": hours}}})


@settings(deadline=None)
@given(
    at=st.integers(1_767_225_600, 1_814_400_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    zone=st.sampled_from(
        ["Europe/Moscow", "Asia/Vladivostok", "Asia/Kathmandu", "America/New_York", "Africa/Cairo", "Europe/Lisbon"]
    ),
    first=st.integers(0, 23 * 60 + 59),
    last=st.integers(0, 23 * 60 + 59),
    days=st.sampled_from(rules.DAYS),
)
def test_never_at_night_whatever_the_hours_the_zone_and_the_moment(
    at: datetime, zone: str, first: int, last: int, days: str
) -> None:
    hours = f"{first // 60:02}:{first % 60:02}-{last // 60:02}:{last % 60:02}"
    try:
        span = rules.window(hours, days)
    except ValueError:
        return
    there = ZoneInfo(zone)
    opening = rules.opens_next(at, span, there, RUSSIA)
    wall = opening.astimezone(there)
    assert opening >= at
    assert time(8) <= wall.time() < time(22)
    assert span.opens <= wall.time() < span.closes
    if days == rules.WORKDAYS:
        assert RUSSIA.working(wall.date())
    if rules.is_open(at, span, there, RUSSIA):
        assert opening == at


def test_a_plain_sunday_is_no_holiday_and_the_new_year_is() -> None:
    sunday, new_year = moscow("2026-11-22T10:00:00"), moscow("2027-01-01T10:00:00")
    assert opens(sunday, days=rules.NO_HOLIDAYS) == sunday
    assert opens(sunday, days=rules.WORKDAYS) == moscow("2026-11-23T09:00:00")
    assert opens(new_year, days=rules.EACH_DAY) == new_year
    after = opens(new_year, days=rules.NO_HOLIDAYS).astimezone(MOSCOW)
    assert after.date() >= date(2027, 1, 9) and after.time() == time(9)


def test_the_services_own_holiday_is_kept_too() -> None:
    town_day = Workdays("RU", {date(2026, 11, 20): LocalDay(working=False, name="День города")})
    span = rules.window("09-20", rules.NO_HOLIDAYS)
    assert rules.opens_next(moscow("2026-11-20T10:00:00"), span, MOSCOW, town_day) == moscow("2026-11-21T09:00:00")


def test_a_kind_has_the_hours_of_its_own() -> None:
    assert rules.hours_of(CallKind.SURVEY, SETTINGS) == "10-19"
    assert rules.hours_of(CallKind.RATING, SETTINGS) == "09-20"


# --- to whom ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["+79073304177", "8 (3072) 24-51-83", "+77012345678"])
def test_a_residents_number_is_called(number: str) -> None:
    assert rules.no_number_to_call(parse(number)) == ""


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("109", "short"),
        ("*8101", "short"),
        ("", "no telephone"),
        ("anonymous", "no telephone"),
        ("сосед", "no telephone"),
        ("88002000600", "toll-free"),
        ("+78091234567", "premium"),
    ],
)
def test_services_and_what_is_no_number_are_not(number: str, why: str) -> None:
    assert why in rules.no_number_to_call(parse(number))


# --- how many at once -------------------------------------------------------------------------------------------


def test_the_robot_never_takes_the_last_free_line() -> None:
    chosen = Outreach(lines=30, trunk_lines=5)
    assert rules.room(chosen, Occupied(lines=0), []) == 4
    assert rules.room(chosen, Occupied(lines=3), []) == 1
    assert rules.room(chosen, Occupied(lines=4), []) == 0
    assert rules.room(chosen, Occupied(lines=9), []) == 0


def test_its_own_calls_take_lines_whether_the_pbx_shows_them_yet_or_not() -> None:
    chosen = Outreach(lines=30, trunk_lines=6)
    assert rules.room(chosen, Occupied(lines=2, robots=frozenset({"a"})), ["a", "b"]) == 2


def test_a_call_that_was_handed_to_an_operator_still_counts() -> None:
    chosen = Outreach(lines=1, trunk_lines=6)
    assert rules.room(chosen, Occupied(lines=1, robots=frozenset({"a"})), []) == 0


def test_as_many_lines_stay_free_as_callers_wait() -> None:
    chosen = Outreach(lines=30, trunk_lines=10)
    assert rules.room(chosen, Occupied(lines=2, waiting=2), []) == 6
    assert rules.room(chosen, Occupied(lines=5, waiting=5), []) == 0


@settings(deadline=None)
@given(
    lines=st.integers(1, 40),
    trunk=st.integers(1, 40),
    free=st.integers(1, 5),
    busy=st.integers(0, 45),
    waiting=st.integers(0, 45),
    own=st.integers(0, 40),
    seen=st.integers(0, 40),
)
def test_after_every_allowed_call_a_line_is_free(
    lines: int, trunk: int, free: int, busy: int, waiting: int, own: int, seen: int
) -> None:
    chosen = Outreach(lines=lines, trunk_lines=trunk, free_lines=free)
    mine = [f"robot-{n}" for n in range(own)]
    shown = frozenset(mine[:seen])
    occupied = Occupied(lines=busy + len(shown), waiting=waiting, robots=shown)
    begins = rules.room(chosen, occupied, mine)
    assert begins >= 0
    if begins:
        assert trunk - (busy + own + begins) >= max(free, waiting)
        assert own + begins <= lines


# --- what follows from a result ------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def judged(*results: str, kind: CallKind = CallKind.RATING, proof: str = "none", attempts: int = 3) -> rules.Verdict:
    return rules.verdict(kind, results, NOW, SETTINGS, most_attempts=attempts, proof=proof)


@pytest.mark.parametrize(
    ("result", "seconds"),
    [
        ("busy", 600),
        ("no_answer", 3600),
        ("rejected", 14_400),
        ("failed", 1800),
        ("lost", 3600),
        ("machine", 14_400),
        ("silent", 14_400),
        ("hung_up", 86_400),
    ],
)
def test_each_result_has_its_spacing(result: str, seconds: int) -> None:
    assert judged(result) == rules.Verdict(CallState.WAITING, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("result", sorted(rules.CAME_TO_SOMETHING))
def test_who_said_something_is_not_called_again(result: str) -> None:
    assert judged("busy", result) == rules.Verdict(CallState.DONE)


def test_after_the_last_attempt_nobody_calls_any_more() -> None:
    assert judged("no_answer", "busy").state is CallState.WAITING
    assert judged("no_answer", "busy", "machine").state is CallState.GIVEN_UP


def test_a_machine_is_an_attempt_and_no_contact() -> None:
    assert judged("machine", attempts=1).state is CallState.GIVEN_UP


def test_what_was_heard_to_its_end_is_told_where_nothing_was_asked() -> None:
    assert judged("heard", kind=CallKind.OUTAGE).state is CallState.DONE
    assert judged("heard", kind=CallKind.RESULT).state is CallState.DONE
    assert judged("heard", kind=CallKind.JOB).state is CallState.WAITING


def test_a_hang_up_after_a_key_is_a_persons_word_and_so_is_the_second_one() -> None:
    assert judged("hung_up").state is CallState.WAITING
    assert judged("hung_up", proof="key").state is CallState.DONE
    assert judged("hung_up", "busy", "hung_up", attempts=9).state is CallState.DONE


def test_what_broke_off_after_the_answer_is_never_tried_again() -> None:
    assert judged("interrupted", attempts=9).state is CallState.GIVEN_UP


def test_a_call_that_was_never_placed_counts_for_nothing_and_is_tried_more_and_more_rarely() -> None:
    assert judged("not_placed", attempts=1).due_at == NOW + timedelta(seconds=15)
    assert judged("busy", *["not_placed"] * 20, attempts=2).due_at == NOW + timedelta(seconds=900)
    assert judged(*["not_placed"] * 3, "busy", attempts=2).state is CallState.WAITING


@settings(deadline=None)
@given(
    results=st.lists(
        st.sampled_from([*NoAnswer, "machine", "silent", "hung_up", "heard", "marked", "partial"]).map(str), min_size=1
    ),
    attempts=st.integers(1, 20),
    kind=st.sampled_from(CallKind),
)
def test_no_number_is_tried_more_often_than_allowed_and_never_at_once(
    results: list[str], attempts: int, kind: CallKind
) -> None:
    said = rules.verdict(kind, results, NOW, SETTINGS, most_attempts=attempts)
    counted = sum(one not in rules.UNCOUNTED for one in results)
    if said.state is CallState.WAITING:
        assert said.due_at is not None and said.due_at > NOW
        assert counted < attempts or results[-1] in rules.UNCOUNTED
    else:
        assert said.due_at is None


@pytest.mark.parametrize(
    ("code", "result"), [("5", "busy"), ("3", "no_answer"), ("1", "rejected"), ("0", "failed"), ("8", "failed")]
)
def test_the_pbxs_answer_to_an_originate_has_a_meaning(code: str, result: str) -> None:
    assert rules.of_originate(code) == result


def test_one_and_two_and_not_done_are_unhappy() -> None:
    assert [rules.unhappy("marked", mark) for mark in (1, 2, 3, 4, 5)] == [True, True, False, False, False]
    assert rules.unhappy("not_done", None) and not rules.unhappy("done_no_mark", None)


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        ("+74012345678", "Europe/Kaliningrad"),
        ("+78112345678", "Europe/Moscow"),
        ("+74232345678", "Asia/Vladivostok"),
        ("+4930123456", "Europe/Berlin"),
        ("+79073304177", ""),  # a mobile is anywhere
        ("+73072240000", ""),  # no such code
        ("112", ""),
        ("", ""),
    ],
)
def test_the_clock_of_a_number_is_known_where_its_digits_tell_one(number: str, zone: str) -> None:
    assert rules.zone_of(number) == zone
