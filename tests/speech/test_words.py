"""What is written becomes what is said: an oracle of hard phrases, worked by hand, and what must hold for any text."""

from __future__ import annotations

import re
import time as time_module
import unicodedata
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callengine.errors import Refused
from callengine.speech import words
from callengine.speech.numerals import NOUNS, form
from callengine.speech.russian import roman

HERE = Path(__file__).parent


def oracle(language: str) -> list[tuple[str, str]]:
    rows = (HERE / f"oracle_{language}.tsv").read_text("utf-8").splitlines()
    pairs = [row.split("\t") for row in rows if row and not row.startswith("#")]
    return [(written, said) for written, said in pairs]


RU, EN = oracle("ru"), oracle("en")


@pytest.mark.parametrize(("written", "said"), RU, ids=[written for written, _ in RU])
def test_russian_is_said_as_people_say_it(written: str, said: str) -> None:
    assert words.normalise(written, "ru") == said


@pytest.mark.parametrize(("written", "said"), EN, ids=[written for written, _ in EN])
def test_english_is_said_as_people_say_it(written: str, said: str) -> None:
    assert words.normalise(written, "en") == said


def test_the_oracle_has_its_hundred_and_fifty_phrases_and_none_twice() -> None:
    assert len(RU) + len(EN) >= 150
    assert len({written for written, _ in RU}) == len(RU)


@pytest.mark.parametrize(("language", "rows"), [("ru", RU), ("en", EN)])
def test_what_is_said_has_no_figures_and_saying_it_again_changes_nothing(
    language: str, rows: list[tuple[str, str]]
) -> None:
    for _, said in rows:
        assert not any(c.isdecimal() for c in said), said
        assert words.normalise(said, language) == said


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.sampled_from(words.LANGUAGES))
def test_no_text_is_too_strange_for_it(text: str, language: str) -> None:
    said = words.normalise(text, language)
    assert not set(said) & set("0123456789")


def test_the_oracles_are_long_enough_for_a_voice_of_each_language() -> None:
    assert len(RU) >= 250
    assert len(EN) >= 75


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_sum_that_nobody_can_count_is_dictated_and_breaks_nothing(language: str) -> None:
    for text in (
        "9999999999999999 руб.",
        "1 000 000 000 000 000 руб.",
        "5000000000000000 заявок",
        "9" * 5000,
        "$" + "9" * 20,
    ):
        said = words.normalise(text, language)
        assert not any(c.isdecimal() for c in said), text[:40]


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("part", ["1 ", "1,", "9:05-", "ул. ", "ГВС и ", "+7(", "1", "А", "[[", "1.1"])
def test_a_long_text_is_said_in_time_that_grows_with_it(language: str, part: str) -> None:
    def seconds(length: int) -> float:
        text = (part * length)[:length]
        started = time_module.process_time()
        words.normalise.__wrapped__(text, language)
        return time_module.process_time() - started

    assert seconds(2000) < 0.5 + 24 * seconds(500), "four times as long, not sixteen times as slow"


def test_letters_of_two_signs_are_the_same_letters() -> None:
    # A Mac writes «й» and «ё» so.
    for text in ("3-й подъезд", "посёлок, 5-й корпус", "ул. Чайковского, 9 этаж"):
        assert words.normalise(unicodedata.normalize("NFD", text), "ru") == words.normalise(text, "ru")


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize(
    "hostile",
    [
        "<speak><break time='9s'/>Hi</speak>", "[[pe'4t4]] &lt;", "${EXTEN} | `reboot` $(rm) \\ ^ ~ {x} =",
        "a\nHANGUP\r\nSET VARIABLE x y", "a\x00b\x1b[31m", "\ud800", "\u202eПривет\u200b", "😀👍🏽",
    ],
)  # fmt: skip
def test_no_engine_is_given_markup_phonemes_or_commands(hostile: str, language: str) -> None:
    said = words.normalise(hostile, language)
    assert not set(said) & set("<>[]{}|\\^~`=_\n\r\x00\x1b\u202e\u200b😀👍")
    said.encode()


@given(st.text("abcdefghijklmnopqrstuvwxyz ", max_size=30))
def test_a_russian_voice_gets_no_latin_letters(text: str) -> None:
    assert not re.search("[A-Za-z]", words.normalise(text, "ru"))


_WORDS = (
    "д. 5к2 12/1 9:05 25:61 31.02 22.11 ул. ГВС и до № 007 99999999999999 - , XIV IIII руб. 1 000 % °C кв. 5-7 "
    "99:99-1:1 +7 8-800 1-й 0-го 26-000123 $ apt. November между х/в 12,5 г. с"
)
_HARD = st.lists(st.sampled_from(_WORDS.split()), max_size=8)


@given(_HARD, st.sampled_from(words.LANGUAGES))
def test_any_heap_of_hard_words_is_said_without_figures(parts: list[str], language: str) -> None:
    said = words.normalise(" ".join(parts), language)
    assert not any(c.isdecimal() for c in said)
    assert words.normalise(said, language) == said


@given(st.integers(0, 10**12))
def test_counting_follows_the_grammar(number: int) -> None:
    last, teen = number % 10, 11 <= number % 100 <= 14
    said = words.counted(number, "ticket", "ru")
    assert said.endswith("заявка" if last == 1 and not teen else "заявки" if 2 <= last <= 4 and not teen else "заявок")
    assert words.counted(number, "ticket", "ru", case="g").endswith("заявки" if last == 1 and not teen else "заявок")


def test_every_noun_has_its_twelve_forms() -> None:
    for noun in NOUNS.values():
        assert len(noun.singular) == len(noun.plural) == 6
        assert form(noun, 1) != "" != form(noun, 5)


@given(st.integers(1, 3999))
def test_roman_numerals_are_read_as_they_are_written(number: int) -> None:
    values = (
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
    )
    small = ((9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
    text, rest = "", number
    for value, sign in (*values, *small):
        text, rest = text + sign * (rest // value), rest % value
    assert roman(text) == number
    assert roman(text + "IIII") is None


AT = datetime(2026, 11, 22, 9, 5, tzinfo=timezone(timedelta(hours=3)))


def test_the_renderers_say_what_they_are_asked_for() -> None:
    assert words.moment(AT, "ru") == "двадцать второго ноября, девять часов пять минут"
    assert words.moment(AT, "ru", case="g") == "двадцать второго ноября, девяти часов пяти минут"
    assert words.moment(AT, "en") == "the twenty-second of November, nine oh five in the morning"
    assert words.time_of_day(time(21, 0), "ru", case="d") == "двадцати одному часу"
    assert words.time_of_day(time(6, 30), "en") == "six thirty in the morning"
    assert words.day(date(2027, 1, 1), "ru", year=True) == "первого января две тысячи двадцать седьмого года"
    assert words.day(date(2027, 1, 1), "en") == "the first of January"
    assert words.number(2, "ru", gender="f") == "две"
    assert words.digits("0071", "ru") == "ноль ноль семь один"
    assert words.digits("0071", "en") == "zero zero seven one"
    assert words.telephone("+74965751212", "ru").endswith("пятьсот семьдесят пять, двенадцать, двенадцать")
    assert words.telephone("115", "en") == "one one five"
    assert words.address("ул. Мира, 5к2", "ru") == "улица Мира, пять, корпус два"
    assert words.money(Decimal("1250.50"), "ru") == "одна тысяча двести пятьдесят рублей пятьдесят копеек"
    assert words.money(Decimal("1"), "en") == "one rouble"
    assert words.no_tickets("en") == "There are no open tickets for your number."


def test_a_sum_that_is_none_and_a_language_that_we_do_not_speak_are_refused() -> None:
    for amount in (Decimal("-1"), Decimal("0.001")):
        with pytest.raises(Refused):
            words.money(amount, "ru")
    with pytest.raises(Refused, match="language 'de'"):
        words.normalise("fünf", "de")


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Раз. Два! Три?", ["Раз.", "Два!", "Три?"]),
        ("Адрес: ул. Ленина, д. 5. Ждите.", ["Адрес: ул. Ленина, д. 5.", "Ждите."]),
        ("[Срок: {due}.] Нажмите один.", ["[Срок: {due}.]", "Нажмите один."]),
        ("Заявка[: {work}. Да] и нет. Всё.", ["Заявка[: {work}. Да] и нет.", "Всё."]),
        ("", []),
        ("Без точки", ["Без точки"]),
        ("12.5 и 3.", ["12.5 и 3."]),
    ],
)
def test_sentences_end_where_they_end(text: str, cut: list[str]) -> None:
    assert words.sentences(text, "ru") == cut
