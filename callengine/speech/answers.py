"""What a short answer means (pure): from words that a recogniser wrote, or from its doubt between the wanted answers.

Everything here is read back to who said it before it counts (menus/walk.py); still nothing is guessed at: «не пять»,
two digits, ten, five and a half are no answer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import exp

YES, NO = "yes", "no"
TEXT_SURE = 0.3  # mean probability of the words under which they are no answer; it is asked back all the same
SHARE_SURE = 0.6  # of all doubt between the wanted answers: what one of them needs
GAIN_SURE = 1.0  # nats by which the sound must make an answer likelier than silence does
FAR_BELOW = 6.0  # nats that an answer may be less likely than the recogniser's own words


@dataclass(frozen=True, slots=True)
class Heard:
    """What a recogniser made of one short recording. Certainties are 0 to 1; logarithms are natural ones.

    `text` is what it wrote by itself, `hinted` what it wrote when it was told which answers are expected: that finds
    more, and invents more. `gains`: wanted meaning -> by how much the sound makes it likelier than silence does;
    `behind`: by how much it is less likely than `text`.
    """

    text: str = ""
    certainty: float = 0.0
    hinted: str = ""
    hinted_certainty: float = 0.0
    gains: Mapping[str, float] = field(default_factory=dict)
    behind: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Understood:
    """`meaning` is a digit, "yes" or "no"; "" for none. `certainty` 0 to 1 is the recogniser's own."""

    meaning: str = ""
    certainty: float = 0.0


NOTHING = Understood()

# How each answer is said by itself: what a recogniser is told to expect, and what it scores the sound against.
FORMS: Mapping[str, Mapping[str, str]] = {
    "ru": dict(zip("0123456789", "ноль один два три четыре пять шесть семь восемь девять".split(), strict=True))
    | {YES: "да", NO: "нет"},
    "en": dict(zip("0123456789", "zero one two three four five six seven eight nine".split(), strict=True))
    | {YES: "yes", NO: "no"},
}

_DIGITS: Mapping[str, tuple[str, ...]] = {
    "ru": (
        "ноль нуль ноля нуля нолик",
        "один одна одно одну единица единицу единичка единичку единицы кол",
        "два две двойка двойку двойки двоечка двоечку",
        "три тройка тройку тройки троечка троечку трояк",
        "четыре четвёрка четвёрку четвёрки четвёрочка четвёрочку",
        "пять пятёрка пятёрку пятёрки пятёрочка пятёрочку",
        "шесть шестёрка шестёрку",
        "семь семёрка семёрку",
        "восемь восьмёрка восьмёрку",
        "девять девятка девятку",
    ),
    "en": ("zero oh nought", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
}
_YES: Mapping[str, str] = {
    "ru": "да ага угу верно правильно точно конечно подтверждаю выполнена выполнено выполнили сделано сделали сделана "
    "готово",
    "en": "yes yeah yep yup right correct sure done",
}
_NO: Mapping[str, str] = {"ru": "нет неверно неправильно неправда", "en": "no nope wrong incorrect nah undone"}
_NOT: Mapping[str, str] = {"ru": "не ни без", "en": "not never isn wasn hasn don t without"}
# Numbers that are no digit, halves, and words that make another number of the digit beside them.
_OTHER_NUMBERS: Mapping[str, re.Pattern[str]] = {
    "ru": re.compile(
        r"\w+надцать\w*|десят\w*|двадцат\w*|тридцат\w*|сорок\w*|\w+десят\w*|девяност\w*|\w*сот\w*|сто|двести|триста|"
        r"тысяч\w*|минус|половин\w*|полтор\w*|пол|или|двух|трех|четырех|пяти|шести|семи|восьми|девяти"
    ),
    "en": re.compile(
        r"ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|minus|half|or"
    ),
}
_DIGIT_OF = {
    language: {_plain: str(digit) for digit, row in enumerate(rows) for _plain in row.replace("ё", "е").split()}
    for language, rows in _DIGITS.items()
}


def words_of(text: str) -> list[str]:
    """Small letters, «ё» as «е»: recognisers write either."""
    return re.findall(r"\d+|[^\W\d_]+", text.lower().replace("ё", "е"))


def digit_in(text: str, language: str, wanted: Collection[str] = "0123456789") -> str:
    """The one digit of these that was said; "" for none, for several, for another number, and for «не пять»."""
    said = words_of(text)
    if _has(said, _NOT, language) or any(_OTHER_NUMBERS[language].fullmatch(word) for word in said):
        return ""
    found = {word for word in said if word.isdecimal()}
    found |= {_DIGIT_OF[language][word] for word in said if word in _DIGIT_OF[language]}
    # "4.5" and "4,5" are cut into two digits, "45" is none of those wanted.
    digit = found.pop() if len(found) == 1 else ""
    return digit if digit in wanted else ""


def assent_in(text: str, language: str) -> str:
    """YES or NO; "" for neither, and for both."""
    said = words_of(text)
    no = _has(said, _NO, language)
    yes = _has(said, _YES, language)
    if _has(said, _NOT, language):
        # «не выполнена», "not done": all of its yes is denied; «не знаю» is neither.
        return NO if yes and not (set(said) & {"да", "yes"}) else (NO if no and not yes else "")
    if yes == no:
        return ""
    return YES if yes else NO


def understood(heard: Heard, language: str, wanted: Collection[str]) -> Understood:
    """Which of the wanted meanings it was: by how the sound fits each, else by the words that it was told to expect.

    What it wrote by itself may contradict: clear words that say another thing («не пять», «десять») are no answer.
    Measured (docs/decisions.md): a small model writes one word wrongly, and yet tells the wanted answers apart.
    """
    if language not in FORMS:
        return NOTHING
    plain = _in_words(heard.text, heard.certainty, language, wanted)
    if not _answer_in(heard.text, language, wanted) and _says_something_else(heard.text, language):
        return NOTHING
    sound = _by_sound(heard, wanted)
    if sound.meaning and plain.meaning and sound.meaning != plain.meaning:
        return NOTHING
    hinted = _in_words(heard.hinted, heard.hinted_certainty, language, wanted)
    return next((one for one in (sound, plain, hinted) if one.meaning), NOTHING)


def _in_words(text: str, certainty: float, language: str, wanted: Collection[str]) -> Understood:
    answer = _answer_in(text, language, wanted)
    return Understood(answer, certainty) if answer and certainty >= TEXT_SURE else NOTHING


def _answer_in(text: str, language: str, wanted: Collection[str]) -> str:
    digit = digit_in(text, language, [one for one in wanted if one.isdecimal()])
    assent = assent_in(text, language)
    assent = assent if assent in wanted else ""
    return "" if digit and assent else digit or assent


def _says_something_else(text: str, language: str) -> bool:
    """Words of answers are in it, and yet no clear answer is: «не пять», «три или четыре», «десять»."""
    said = words_of(text)
    known = _DIGIT_OF[language].keys() | set(_YES[language].split()) | set(_NO[language].split())
    others = any(word.isdecimal() or _OTHER_NUMBERS[language].fullmatch(word) for word in said)
    return others or bool(set(said) & known) or _has(said, _NOT, language)


def _by_sound(heard: Heard, wanted: Collection[str]) -> Understood:
    gains = {one: heard.gains[one] for one in wanted if one in heard.gains}
    if not gains:
        return NOTHING
    best = max(gains, key=lambda one: gains[one])
    share = 1 / sum(exp(gain - gains[best]) for gain in gains.values())
    if gains[best] < GAIN_SURE or share < SHARE_SURE or heard.behind.get(best, 0.0) > FAR_BELOW:
        return NOTHING
    return Understood(best, share)


def _has(said: list[str], of: Mapping[str, str], language: str) -> bool:
    return not set(of[language].split()).isdisjoint(said)
