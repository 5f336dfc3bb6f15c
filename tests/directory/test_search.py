"""Folding: what people type, and the words it becomes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callengine.directory import search
from callengine.directory.search import AddressQuery

TYPED = [
    ("Мира 44 кв 61", ("мира", "44"), "61"),
    ("пр-т Мира, д. 44, кв. 61", ("мира", "44"), "61"),
    ("ПРОСПЕКТ МИРА 44 квартира 61", ("мира", "44"), "61"),
    ("Мира 44-61", ("мира", "44"), "61"),
    ("Мира 44 61", ("мира", "44"), "61"),
    ("мира, 44, оф. 3", ("мира", "44"), "3"),
    ("ул. Чкалова 17А", ("чкалова", "17а"), ""),
    ("чкалова 17 а", ("чкалова", "17а"), ""),
    ("Чкалова 17A", ("чкалова", "17а"), ""),  # a Latin A
    ("Чкалова 17 «А»", ("чкалова", "17а"), ""),
    ("Чкалова 17 корп. 2", ("чкалова", "17к2"), ""),
    ("Чкалова 17к2", ("чкалова", "17к2"), ""),
    ("Чкалова 17/2", ("чкалова", "17/2"), ""),
    ("Чкалова 17 стр 1", ("чкалова", "17с1"), ""),
    ("40 лет Октября 6", ("40", "лет", "октября", "6"), ""),
    ("1-я Садовая 5", ("1", "садовая", "5"), ""),
    ("г. Верхнеозёрск, ул.Садовая д.8 подъезд 2", ("садовая", "8"), ""),
    ("Садовая 8, 2 подъезд, 3 этаж", ("садовая", "8"), ""),
    ("зелёная 1", ("зеленая", "1"), ""),
    ("ул", ("ул",), ""),
    ("", (), ""),
    ("  ,.; ", (), ""),
]


@pytest.mark.parametrize(("typed", "words", "premise"), TYPED)
def test_an_address_becomes_its_telling_words_and_the_flat(typed: str, words: tuple[str, ...], premise: str) -> None:
    assert search.parse_address(typed) == AddressQuery(words, premise)


@pytest.mark.parametrize(
    ("street", "number", "words"),
    [
        ("пр-т Мира", "17 А", ["мира", "17а"]),
        ("Речной пер.", "3", ["речной", "3"]),
        ("ул. 40 лет Октября", "8 корп 2", ["40", "лет", "октября", "8к2"]),
        ("ул. Мира", "44-46", ["мира", "44-46"]),
    ],
)
def test_a_house_is_found_by_its_street_and_number(street: str, number: str, words: list[str]) -> None:
    assert search.house_words(street, number) == words


@pytest.mark.parametrize(("typed", "kept"), [("кв. 61", "61"), ("61", "61"), (" Подвал ", "подвал"), ("61 А", "61 а")])
def test_a_flat_is_kept_in_one_spelling(typed: str, kept: str) -> None:
    assert search.premise_of(typed) == kept


@pytest.mark.parametrize(
    ("typed", "word", "near"),
    [
        ("чкалва", "чкалова", True),
        ("чклаова", "чкалова", True),
        ("щкалова", "чкалова", True),
        ("чкалофа", "чкалова", True),
        ("садовоя", "садовая", True),
        ("гагариан", "гагарина", True),
        ("мила", "мира", True),
        ("мир", "пир", False),  # short words must be right
        ("44", "45", False),  # so must numbers
        ("ленина", "гагарина", False),
    ],
)
def test_a_slip_is_forgiven_to_a_bounded_degree(typed: str, word: str, near: bool) -> None:
    limit = search.allowed_typos(typed)
    assert (0 < limit >= search.distance(typed, word, limit)) is near


@pytest.mark.parametrize(
    ("typed", "country", "meant"),
    [
        ("8 907 412", "RU", "7907412"),
        ("+7 (907) 412", "RU", "7907412"),
        ("907412", "RU", "7907412"),
        ("8 701 5", "KZ", "77015"),
        ("29 123", "BY", "37529123"),
    ],
)
def test_the_beginning_of_a_number_is_understood_in_the_services_country(typed: str, country: str, meant: str) -> None:
    assert meant in search.number_prefixes(typed, country)


@pytest.mark.parametrize(
    ("text", "number"), [("412-18-06", True), ("+7 907", True), ("44", False), ("Мира 44", False), ("26-118204", True)]
)
def test_a_piece_of_a_number_is_told_from_an_address(text: str, number: bool) -> None:
    assert search.looks_like_number(text) is number


def test_a_forgotten_keyboard_switch_is_understood() -> None:
    assert search.as_if_russian_keys("xrfkjdf 17") == "чкалова 17"


TEXT = st.text(
    alphabet=st.sampled_from("абвгдеёжзийклмн АБЁЙ.,-/\"«»'0123456789abcXYZ\u0301\u00a0№\n\x00"), max_size=40
)


@settings(deadline=None)
@given(TEXT)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert search.fold(search.fold(text)) == search.fold(text)


@settings(deadline=None)
@given(TEXT)
def test_case_and_blanks_never_matter(text: str) -> None:
    spread = "  " + text.upper().replace(" ", "   ") + " "
    assert search.parse_address(spread) == search.parse_address(text.lower())


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_text_breaks_the_folding(text: str) -> None:
    query = search.parse_address(text)
    assert len(query.words) <= search.MAX_WORDS
    assert all(0 < len(word) <= search.MAX_WORD for word in query.words)
    search.words_of(text)
    search.premise_of(text)


WORD = st.text(alphabet="абвгд", min_size=1, max_size=8)


@settings(deadline=None)
@given(WORD, WORD)
def test_distance_is_symmetric_and_zero_only_for_equals(a: str, b: str) -> None:
    assert search.distance(a, b, 8) == search.distance(b, a, 8)
    assert (search.distance(a, b, 8) == 0) is (a == b)


@settings(deadline=None)
@given(WORD)
def test_every_word_one_edit_away_is_at_distance_one(word: str) -> None:
    assert all(search.distance(word, near, 2) == 1 for near in list(search.one_edit(word))[:50])


@settings(deadline=None)
@given(WORD, WORD, st.integers(0, 3))
def test_a_limit_only_cuts_the_distance_off(a: str, b: str, limit: int) -> None:
    assert search.distance(a, b, limit) == min(search.distance(a, b, 99), limit + 1)
