"""What recognisers write, and the answer that it is: an oracle, for a mark that was misheard is worse than none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callengine.speech.answers import (
    FAR_BELOW,
    FORMS,
    GAIN_SURE,
    NO,
    TEXT_SURE,
    YES,
    Heard,
    Understood,
    assent_in,
    digit_in,
    understood,
)

MARKS = "12345"


@pytest.mark.parametrize(
    ("text", "digit"),
    [
        # As Whisper writes one word: with a full stop, a capital letter, a figure.
        ("5.", "5"),
        (" 5", "5"),
        ("Пять.", "5"),
        ("пять", "5"),
        ("Пять!", "5"),
        ("на пятёрку", "5"),
        ("На пятерку.", "5"),
        ("Пятерка.", "5"),
        ("пятёрочка", "5"),
        ("Ну, пять, наверное.", "5"),
        ("пять баллов", "5"),
        ("пять, пять", "5"),
        ("Пять, 5.", "5"),
        ("ну четыре наверное", "4"),
        ("Четвёрка.", "4"),
        ("на четверку", "4"),
        ("На тройку", "3"),
        ("три", "3"),
        ("двойка вам", "2"),
        ("Два.", "2"),
        ("один", "1"),
        ("Единица", "1"),
        ("кол", "1"),
        # Nothing is taken from these.
        ("не пять", ""),
        ("ну не пять же", ""),
        ("ни одного", ""),
        ("пять или четыре", ""),
        ("четыре, пять", ""),
        ("четыре из пяти", ""),  # two digits, whatever he meant: he is asked by key
        ("4.5", ""),
        ("4,5", ""),
        ("4-5", ""),
        ("четыре с половиной", ""),
        ("полтора", ""),
        ("десять", ""),
        ("десятка", ""),
        ("10", ""),
        ("25", ""),
        ("55", ""),
        ("пятнадцать", ""),
        ("пятьдесят", ""),
        ("двадцать пять", ""),
        ("минус пять", ""),
        ("сто", ""),
        ("шесть", ""),
        ("7", ""),
        ("восемь", ""),
        ("девятка", ""),
        ("ноль", ""),
        ("0", ""),
        ("опять", ""),
        ("пятница", ""),
        ("тридевятое царство", ""),
        ("отлично", ""),
        ("алло", ""),
        ("что?", ""),
        ("Продолжение следует...", ""),
        ("Субтитры сделал DimaTorzok", ""),
        ("ещё раз", ""),
        ("", ""),
        ("...", ""),
    ],
)
def test_a_mark_is_taken_from_words_only_when_it_is_clear(text: str, digit: str) -> None:
    assert digit_in(text, "ru", MARKS) == digit


@pytest.mark.parametrize(
    ("text", "digit"),
    [
        ("Five.", "5"),
        ("five, please", "5"),
        ("I'd say four", "4"),
        ("not five", ""),
        ("it isn't five", ""),
        ("four or five", ""),
        ("four and a half", ""),
        ("ten", ""),
        ("fifteen", ""),
        ("forty", ""),
        ("nine", ""),
        ("alive", ""),
        ("Thank you.", ""),
    ],
)
def test_so_it_is_in_english(text: str, digit: str) -> None:
    assert digit_in(text, "en", MARKS) == digit


def test_a_digit_that_the_question_has_is_taken_above_five_too() -> None:
    assert digit_in("восьмёрка", "ru", "78") == "8"
    assert digit_in("пять", "ru", "78") == ""


@pytest.mark.parametrize(
    ("text", "language", "assent"),
    [
        ("Да.", "ru", YES),
        ("да-да", "ru", YES),
        ("Да, выполнена.", "ru", YES),
        ("всё сделали", "ru", YES),
        ("угу", "ru", YES),
        ("верно", "ru", YES),
        ("Нет.", "ru", NO),
        ("нет, не сделали", "ru", NO),
        ("не выполнена", "ru", NO),
        ("неверно", "ru", NO),
        ("не верно", "ru", NO),
        ("да нет", "ru", ""),
        ("нет, да", "ru", ""),
        ("не знаю", "ru", ""),
        ("да я не знаю", "ru", ""),
        ("да не сделали", "ru", ""),
        ("алло", "ru", ""),
        ("дай", "ru", ""),
        ("нету", "ru", ""),
        ("", "ru", ""),
        ("Yes.", "en", YES),
        ("yeah, right", "en", YES),
        ("No.", "en", NO),
        ("not done", "en", NO),
        ("yes and no", "en", ""),
        ("I do not know", "en", ""),
    ],
)
def test_yes_and_no_are_told_apart_or_are_neither(text: str, language: str, assent: str) -> None:
    assert assent_in(text, language) == assent


def test_words_that_the_recogniser_is_unsure_of_are_none() -> None:
    assert understood(Heard("Пять.", TEXT_SURE), "ru", MARKS).meaning == "5"
    assert understood(Heard("Пять.", TEXT_SURE - 0.01), "ru", MARKS).meaning == ""


def test_yes_and_a_digit_that_says_otherwise_are_no_answer() -> None:
    wanted = (YES, NO, "1", "2")
    assert understood(Heard("да", 0.9), "ru", wanted).meaning == YES
    assert understood(Heard("один", 0.9), "ru", wanted).meaning == "1"
    assert understood(Heard("да, два", 0.9), "ru", wanted).meaning == ""
    assert understood(Heard("да, пять", 0.9), "ru", MARKS).meaning == "5", "yes is no answer to this question"


def of_sound(text: str = "Держи!", *, best: float = 4.0, other: float = 0.0, behind: float = 0.0) -> Heard:
    gains = {"5": best, "4": other, YES: 9.0}
    return Heard(text, 0.2, text, 0.2, gains, {"5": behind, "4": behind, YES: 0.0})


def test_a_word_that_was_written_wrongly_is_weighed_against_the_answers_that_are_wanted() -> None:
    it = understood(of_sound(), "ru", MARKS)
    assert (it.meaning, 0.9 < it.certainty < 1.0) == ("5", True)


def test_a_sound_that_fits_two_answers_or_none_is_no_answer() -> None:
    assert understood(of_sound(best=4.0, other=3.9), "ru", MARKS).meaning == "", "either"
    assert understood(of_sound(best=GAIN_SURE - 0.1, other=-5.0), "ru", MARKS).meaning == "", "as silence"
    assert understood(of_sound(behind=FAR_BELOW + 0.1), "ru", MARKS).meaning == "", "his own words fit far better"
    assert understood(Heard(), "ru", MARKS).meaning == ""


def test_the_words_that_were_expected_count_where_the_sound_decides_nothing() -> None:
    phrase = Heard("Ну что ты, наверное", 0.4, "ну четыре наверное", 0.7, {"4": 0.2, "5": -1.0}, {"4": 9.0, "5": 9.0})
    assert understood(phrase, "ru", MARKS) == Understood("4", 0.7)
    led = replace(phrase, gains={"3": 7.3, "4": 3.9}, behind={"3": 3.0, "4": 6.0})
    assert understood(led, "ru", MARKS).meaning == "3", "a hint puts words into his mouth: the sound comes first"


def test_a_sound_and_words_that_contradict_each_other_are_no_answer() -> None:
    assert understood(replace(of_sound("Четыре."), certainty=0.9), "ru", MARKS).meaning == ""


@pytest.mark.parametrize("text", ["не пять", "четыре, пять", "десять", "10", "семь", "нет"])
def test_clear_words_that_are_no_answer_are_not_overruled_by_the_sound(text: str) -> None:
    assert understood(of_sound(text), "ru", MARKS).meaning == ""
    assert understood(replace(of_sound(text), certainty=0.9), "ru", MARKS).meaning == ""
    assert understood(Heard(text, 0.9, "пять", 0.9), "ru", MARKS).meaning == "", "nor by a hint"


def test_each_answer_is_understood_as_it_is_expected() -> None:
    for language, forms in FORMS.items():
        for meaning, form in forms.items():
            assert understood(Heard(form.capitalize() + ".", 0.9), language, list(forms)).meaning == meaning


def test_a_language_that_nobody_taught_it_has_no_answers() -> None:
    assert understood(Heard("fünf", 0.9), "de", MARKS).meaning == ""
