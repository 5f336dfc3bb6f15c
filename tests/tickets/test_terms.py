"""Terms as people write them: counted in minutes, or refused with what to write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callengine.tickets.calendar import term_in_words
from callengine.tickets.terms import MOST_MINUTES, BadTerm, minutes_of


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("", None),
        ("4320", 4320),
        ("3 суток", 4320),
        ("2 ч", 120),
        ("30 мин", 30),
        ("30 мин.", 30),
        ("3 days", 4320),
        ("1 ч 30 мин", 90),
        ("1 час, 5 минут", 65),
        ("1,5 часа", 90),
        ("сутки", 1440),
        ("полчаса", 30),
        ("2 недели", 20160),
        ("2\u00a0ч", 120),
        ("  4 Hours ", 240),
    ],
)
def test_words_and_figures_are_counted_in_minutes(text: str, minutes: int | None) -> None:
    assert minutes_of(text) == minutes


@pytest.mark.parametrize(
    "text",
    ["немедленно", "-5", "0", "²", "3 попугая", "2 часа ночи", "99999999", "1.333 ч", "до вечера", "3 месяца", "1 2"],
)
def test_what_cannot_be_counted_is_refused(text: str) -> None:
    with pytest.raises(BadTerm, match=f"whole minutes from 1 to {MOST_MINUTES}, or words such as"):
        minutes_of(text)


def test_working_days_need_a_working_clock() -> None:
    assert minutes_of("10 рабочих дней", "workdays") == minutes_of("10 working days", "work") == 14400
    with pytest.raises(BadTerm, match="working days need the clock"):
        minutes_of("10 раб. дней")
    with pytest.raises(BadTerm, match="only days can be working ones"):
        minutes_of("2 рабочих часа", "work")


@given(st.integers(1, MOST_MINUTES), st.sampled_from(["24x7", "work", "workdays"]), st.sampled_from(["ru", "en"]))
def test_a_term_that_a_deadline_tells_is_read_back(minutes: int, clock: str, language: str) -> None:
    assert minutes_of(term_in_words(minutes, clock, language), clock) == minutes
