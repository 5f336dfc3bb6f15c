"""The classifier: the shipped rows, search by words, and what is impossible for a house."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callengine.tickets.classifier import BadRow, entry_of, find, needs, shipped, unavailable
from callengine.tickets.model import STATUS_LABELS, URGENCY_LABELS, Status, Urgency, kind_label

ROWS = list(shipped())
ENTRIES = [entry_of(row) for row in ROWS]
GOOD = ROWS[0]


def test_the_shipped_classifier_has_104_entries_in_15_categories() -> None:
    assert len(ENTRIES) == len({entry.code for entry in ENTRIES}) == 104
    assert len({entry.category for entry in ENTRIES}) == 15


def test_a_shipped_row_is_read_whole() -> None:
    burst = next(entry for entry in ENTRIES if entry.code == "HVS-02")
    assert (burst.urgency, burst.accept_minutes, burst.localize_minutes, burst.fix_minutes) == (
        "emergency",
        5,
        30,
        4320,
    )
    assert burst.notify_municipality and len(burst.questions) == 4


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"code": ""}, "code is empty"),
        ({"code": "HVS 02"}, "letters, digits"),
        ({"problem_ru": " "}, "problem_ru is empty"),
        ({"urgency": "сейчас же"}, "one of life"),
        ({"organisation_kind": "managment_company"}, "one of management_company"),
        ({"organisation_kinds_next": "utility|nobody"}, "'nobody'"),
        ({"accept_minutes": "немедленно"}, "whole minutes"),
        ({"fix_minutes": "-5"}, "whole minutes"),
        ({"fix_minutes": "99999999"}, "whole minutes"),
        ({"fix_minutes": "²"}, "whole minutes"),
        ({"clock": "8-23"}, "a window such as"),
        ({"clock": "08:00-08:00"}, "a window such as"),
        ({"clock": "25:00-26:00"}, "a window such as"),
        ({"notify_municipality": "maybe"}, "yes or no"),
    ],
)
def test_a_wrong_cell_is_named_with_what_to_write(change: dict[str, str], reason: str) -> None:
    with pytest.raises(BadRow, match=reason):
        entry_of(GOOD | change)


FOUND = [
    ("прорыв подв", "HVS-02"),
    ("подвал хвс", "HVS-02"),
    ("застрял лифт", "LIF-01"),
    ("застрял в лифте", "LIF-01"),
    ("запах газа", "GAZ-01"),
    ("зопах газа", "GAZ-01"),
    ("нет гарячей воды", "GVS-02"),
    ("burst basement", "HVS-02"),
    ("smell of gas", "GAZ-01"),
    ("trapped lift", "LIF-01"),
    ("street light", "ELE-12"),
    ("hvs-02", "HVS-02"),
    ("HVS 02", "HVS-02"),
    ("сосульки", "KRO-03"),
    ("сосулька", "KRO-03"),
    ("засор мусоропровода", "TKO-01"),
    ("pfgf[ ufpf", "GAZ-01"),  # the keyboard was not switched
]


@pytest.mark.parametrize(("typed", "code"), FOUND)
def test_words_find_the_entry_first(typed: str, code: str) -> None:
    assert find(ENTRIES, typed)[0].code == code


def test_a_category_finds_all_that_is_in_it() -> None:
    assert {entry.code[:3] for entry in find(ENTRIES, "лифтовое")} == {"LIF"}


def test_no_words_give_all_and_nonsense_gives_none() -> None:
    assert find(ENTRIES, "  ") == ENTRIES
    assert find(ENTRIES, "абракадабра") == []


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_text_breaks_the_search(typed: str) -> None:
    assert set(map(id, find(ENTRIES, typed))) <= set(map(id, ENTRIES))


HOUSES = [
    ("LIF-01", ("gas",), "в доме нет лифта"),
    ("LIF-01", ("lift",), ""),
    ("GAZ-02", ("lift",), "дом не газифицирован"),
    ("GAZ-01", ("lift",), ""),  # the smell of gas is always offered: life first
    ("GVS-02", ("gas",), "в доме нет централизованной горячей воды"),
    ("OTO-02", ("gas",), "в доме нет центрального отопления"),
    ("OTO-07", ("gas",), ""),  # a main in the street has nothing to do with the house
    ("TKO-01", ("lift",), "в доме нет мусоропровода"),
    ("ELE-09", ("gas",), "дом газифицирован, электроплита не общедомовая"),
    ("ELE-09", ("lift",), ""),
    ("VEN-03", ("central_heating",), "дом с центральным отоплением, печей нет"),
    ("HVS-02", ("none",), ""),
    ("LIF-01", ("none",), "в доме нет лифта"),
    ("LIF-01", (), ""),  # nothing is known of the house: everything is offered
]


@pytest.mark.parametrize(("code", "features", "reason"), HOUSES)
def test_what_is_impossible_for_a_house_has_its_reason(code: str, features: tuple[str, ...], reason: str) -> None:
    assert unavailable(code, features) == reason
    assert bool(unavailable(code, features, "en")) is bool(reason)


def test_every_need_speaks_of_a_branch_that_exists() -> None:
    codes = [entry.code for entry in ENTRIES]
    assert all(any(code.startswith(need.branch) for code in codes) for need in needs())


def test_thirteen_statuses_and_every_urgency_have_names_in_both_languages() -> None:
    assert len(Status) == 13
    assert set(STATUS_LABELS) == set(Status) and set(URGENCY_LABELS) == set(Urgency)
    assert Status.AWAITING_CENTRE.label("ru") == "Ожидает подтверждения центром"
    assert all(status.label("ru") and status.label("en") for status in Status)
    assert [status for status in Status if status.final] == [Status.CLOSED, Status.CANCELLED]
    assert kind_label("management_company", "en") == "management company"
