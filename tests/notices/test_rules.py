"""When a notice may be heard, how long it waits between tries, and an SMS in parts as the standard counts them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callengine.notices.model import Channel
from callengine.notices.rules import allowed_at, backoff, hours, quiet_until
from callengine.notices.segments import ESCAPE, split

MOSCOW = ZoneInfo("Europe/Moscow")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "quiet", "ends"),
    [
        ("2026-11-20 21:59", "22-08", None),
        ("2026-11-20 22:00", "22-08", "2026-11-21 08:00"),
        ("2026-11-20 23:30", "22-08", "2026-11-21 08:00"),
        ("2026-11-21 07:59", "22-08", "2026-11-21 08:00"),
        ("2026-11-21 08:00", "22-08", None),
        ("2026-11-21 13:10", "13:00-14:30", "2026-11-21 14:30"),
        ("2026-11-21 14:30", "13:00-14:30", None),
        ("2026-11-21 23:00", "", None),
        ("2026-11-21 23:00", "10-10", None),
        ("2026-12-31 23:59", "22-24", "2027-01-01 00:00"),
    ],
)
def test_quiet_hours_end_at_their_hour_of_the_right_day(now: str, quiet: str, ends: str | None) -> None:
    assert quiet_until(at(now), quiet, MOSCOW) == (at(ends) if ends else None)


def test_quiet_hours_are_those_of_the_clock_on_the_wall_when_it_is_set() -> None:
    paris = ZoneInfo("Europe/Paris")
    night = datetime(2026, 10, 24, 23, 0, tzinfo=paris)  # at 3 the clock goes back to 2
    ends = quiet_until(night.astimezone(UTC), "22-08", paris)
    assert ends == datetime(2026, 10, 25, 8, 0, tzinfo=paris).astimezone(UTC)
    assert (ends - night.astimezone(UTC)).total_seconds() == 10 * 3600


def test_a_letter_and_danger_wait_for_no_morning() -> None:
    night = at("2026-11-20 23:00")
    for channel in Channel:
        assert allowed_at(night, channel, danger=True, quiet="22-08", zone=MOSCOW) == night
    assert allowed_at(night, Channel.EMAIL, danger=False, quiet="22-08", zone=MOSCOW) == night
    morning = at("2026-11-21 08:00")
    for channel in (Channel.PUSH, Channel.SMS, Channel.CALL):
        assert allowed_at(night, channel, danger=False, quiet="22-08", zone=MOSCOW) == morning


def test_waits_grow_and_those_of_danger_are_shorter() -> None:
    plain = [backoff(tries) for tries in range(1, 9)]
    assert plain == sorted(plain)
    assert all(backoff(tries, danger=True) < backoff(tries) for tries in range(1, 9))


@pytest.mark.parametrize("text", ["22", "22-8x", "-", "a-b"])
def test_hours_that_are_none_are_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="write it as"):
        hours(text)


# --- SMS ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "coding", "parts"),
    [
        ("a" * 160, "gsm", 1),
        ("a" * 161, "gsm", 2),
        ("a" * 306, "gsm", 2),
        ("a" * 307, "gsm", 3),
        ("[" * 80, "gsm", 1),
        ("[" * 81, "gsm", 2),
        ("ж" * 70, "ucs2", 1),
        ("ж" * 71, "ucs2", 2),
        ("ж" * 134, "ucs2", 2),
        ("ж" * 135, "ucs2", 3),
        ("🔥" * 35, "ucs2", 1),
        ("🔥" * 36, "ucs2", 2),
        ("«", "ucs2", 1),
        ("Ticket 26-000001: €5 @ {x}", "gsm", 1),
    ],
)
def test_an_sms_has_as_many_parts_as_the_standard_says(text: str, coding: str, parts: int) -> None:
    sms = split(text)
    assert (sms.coding, len(sms.parts)) == (coding, parts)


def test_a_pair_of_octets_that_belong_together_is_never_torn() -> None:
    odd = split("a" * 152 + "[" * 10)
    assert all(not part.endswith(bytes([ESCAPE])) for part in odd.parts)
    faces = split("ж" * 66 + "🔥" * 5)
    for part in faces.parts:
        part.decode("utf-16-be")  # half a pair would raise


@given(st.text(max_size=400))
def test_the_parts_of_any_text_hold_all_of_it_and_none_is_too_long(text: str) -> None:
    sms = split(text, plain="ucs2")
    joined = b"".join(sms.parts).decode("utf-16-be", "replace")
    assert joined == text.encode("utf-16-be", "replace").decode("utf-16-be", "replace")
    most = 140 if len(sms.parts) == 1 else 134
    assert all(len(part) <= most for part in sms.parts)


def test_a_message_centre_whose_plain_alphabet_is_latin1_gets_latin1() -> None:
    assert split("Zürich {5}", plain="latin1").parts == ("Zürich {5}".encode("latin-1"),)
    assert split("[5]", plain="ucs2").coding == "ucs2"
