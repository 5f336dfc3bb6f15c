"""Numbers as networks and people write them (F33, F35)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callengine import phone
from callengine.phone import RAW_LIMIT, WITHHELD, Kind, Phone, parse, stored


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("89074121806", "+79074121806"),
        ("+79074121806", "+79074121806"),
        ("79074121806", "+79074121806"),
        ("+7 (907) 412-18-06", "+79074121806"),
        ("8/907/412/18/06", "+79074121806"),
        ("375291234567", "+375291234567"),
        ("+998 90 123-45-67", "+998901234567"),
        ("sip:+79074121806@10.0.0.1;user=phone", "+79074121806"),
        ("tel:+79074121806", "+79074121806"),
    ],
)
def test_a_number_becomes_e164_however_it_is_written(text: str, expected: str) -> None:
    assert parse(text) == Phone(Kind.E164, expected)


@pytest.mark.parametrize("text", ["109", "112", "101", "5005"])
def test_a_short_number_stays_short(text: str) -> None:
    assert parse(text) == Phone(Kind.SHORT, text)


def test_a_city_local_number_is_completed_with_the_citys_code() -> None:
    assert parse("24-51-83", city_code="3072") == Phone(Kind.E164, "+73072245183")


@pytest.mark.parametrize("text", ["", None, "anonymous", "Anonymous", "unknown", "  ", "Restricted", "<unknown>"])
def test_a_withheld_number_is_withheld_and_cannot_be_called(text: str | None) -> None:
    assert parse(text) == WITHHELD
    assert not parse(text).can_be_called


@pytest.mark.parametrize("text", ["Иванова", "sip:alice@example", "'; DROP TABLE calls;--", "1" * 40])
def test_what_is_no_number_is_kept_as_text_and_never_ignored(text: str) -> None:
    phone = parse(text)
    assert phone.kind is Kind.OTHER
    assert phone.value
    assert not phone.can_be_called


@given(st.text(max_size=300))
def test_no_text_whatever_breaks_the_parser(text: str) -> None:
    phone = parse(text)
    assert len(phone.value) <= max(RAW_LIMIT, 16)
    assert phone.value.isprintable()
    assert stored(phone.kind, phone.value) == phone


@given(st.text(max_size=40))
def test_reading_a_read_number_again_changes_nothing(text: str) -> None:
    once = parse(text)
    if once.can_be_called:
        assert parse(once.value) == once


@pytest.mark.parametrize("area", ["300", "383", "495", "499", "800", "865", "907", "999"])
@pytest.mark.parametrize("country", ["RU", "US"])
def test_the_short_way_of_a_russian_number_ends_where_the_library_ends(area: str, country: str) -> None:
    text = f"+7{area}4121806"

    assert parse(text, country=country) == phone._international(text, country, "")
    assert parse(text, country=country) == Phone(Kind.E164, text)
