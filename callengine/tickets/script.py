"""The script of a classifier's entry as text: questions with the types of their answers, and answers read; pure.

    Какая температура в комнате? [число °C -> indoor_celsius] [обязательно]|Весь дом? [да/нет]

Questions stand one after another between `|`. What is in square brackets behind a question types its answer:

    [текст]  [да/нет]  [число]  [число °C]  [варианты: капает; струя]  [когда]  [обязательно]

and in English [text] [yes/no] [number °C] [choices: a; b] [when] [required]. `-> name` inside a bracket names the
condition that a rule pack is told by the answer. A question without a type asks for free text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from callengine.clock import parse_rfc3339
from callengine.tickets.model import Answer, AnswerType, Question

MOST_QUESTIONS = 30
MOST_LETTERS = 300
MOST_CHOICES = 20
Value = bool | float | str | datetime

_TYPES = {
    "текст": AnswerType.TEXT,
    "text": AnswerType.TEXT,
    "да/нет": AnswerType.YESNO,
    "yes/no": AnswerType.YESNO,
    "число": AnswerType.NUMBER,
    "number": AnswerType.NUMBER,
    "варианты": AnswerType.CHOICE,
    "choices": AnswerType.CHOICE,
    "choice": AnswerType.CHOICE,
    "когда": AnswerType.MOMENT,
    "момент": AnswerType.MOMENT,
    "when": AnswerType.MOMENT,
    "moment": AnswerType.MOMENT,
}
_WRITTEN = {
    AnswerType.TEXT: "текст",
    AnswerType.YESNO: "да/нет",
    AnswerType.NUMBER: "число",
    AnswerType.CHOICE: "варианты",
    AnswerType.MOMENT: "когда",
}
_REQUIRED = ("обязательно", "required")
_QUESTION = re.compile(r"([^\[\]]*?)\s*((?:\[[^\[\]]*\]\s*)*)")
_CONDITION = re.compile(r"[a-z][a-z0-9_]{0,39}")
_YES = frozenset("да yes true 1 есть".split())
_NO = frozenset("нет no false 0".split())
_UNKNOWN = frozenset(("", "?", "не знаю", "не знает", "неизвестно", "unknown", "don't know"))
# What a rule pack expects of each condition that it knows; other names are free.
CONDITIONS = {
    "indoor_celsius": AnswerType.NUMBER,
    "outdoor_celsius": AnswerType.NUMBER,
    "damage_at": AnswerType.MOMENT,
    "outage_at": AnswerType.MOMENT,
    "power_feeds": AnswerType.NUMBER,
    "season": AnswerType.CHOICE,
    "whole_house": AnswerType.YESNO,
    "dead_end_main": AnswerType.YESNO,
    "blocked_sewer": AnswerType.YESNO,
}


class BadRow(ValueError):
    """A row of the classifier that cannot be taken; the text says why."""


class BadAnswer(ValueError):
    """An answer that is not of its question's type; the text says what is asked for."""


# --- from text and to text --------------------------------------------------------------------------------


def read(cell: str, known: Iterable[Question] = ()) -> tuple[Question, ...]:
    """The questions of a cell. One without a type keeps what a `known` question of the same words has.

    Raises BadRow that names the question.
    """
    before = {question.text_ru: question for question in known}
    found = []
    for part in cell.split("|"):
        if not part.strip():
            continue
        question, typed = _read_one(" ".join(part.split()))
        old = before.get(question.text_ru)
        if old is not None:
            question = replace(question, text_en=old.text_en)
            if not typed:
                required = question.required or old.required
                question = replace(old, required=required)
            elif question.choices == old.choices:
                question = replace(question, choices_en=old.choices_en)
        found.append(question)
    return check(found)


def _read_one(part: str) -> tuple[Question, bool]:
    match = _QUESTION.fullmatch(part)
    if match is None:
        raise BadRow(f"question {part[:60]!r}: square brackets stand behind the words, each closed")
    question, typed = Question(match[1]), False
    for mark in re.findall(r"\[([^\[\]]*)\]", match[2]):
        if mark.strip().lower() in _REQUIRED:
            question = replace(question, required=True)
        elif typed:
            raise BadRow(f"question {part[:60]!r} has two types")
        else:
            question, typed = _typed(question, mark.strip()), True
    return question, typed


def _typed(question: Question, mark: str) -> Question:
    about, arrow, condition = mark.partition("->")
    condition = condition.strip()
    if arrow and not _CONDITION.fullmatch(condition):
        raise BadRow(f"question {question.text_ru[:60]!r}: a condition is named in small Latin letters, not {mark!r}")
    word, _, rest = about.strip().partition(":")
    if not rest:
        word, _, rest = about.strip().partition(" ")
    kind, rest = _TYPES.get(word.strip().lower()), rest.strip()
    if kind is None:
        known = ", ".join(f"[{word}]" for word in _WRITTEN.values())
        raise BadRow(f"question {question.text_ru[:60]!r}: [{mark[:40]}] is no type; write one of {known}")
    if kind is AnswerType.CHOICE:
        return replace(question, type=kind, choices=_listed(rest), condition=condition)
    if rest and kind is not AnswerType.NUMBER:
        raise BadRow(f"question {question.text_ru[:60]!r}: [{word}] takes nothing more")
    return replace(question, type=kind, unit=rest, condition=condition)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


def write(script: Sequence[Question]) -> str:
    """The cell that `read` makes the same questions of."""
    return "|".join(_write_one(question) for question in script)


def _write_one(question: Question) -> str:
    word = _WRITTEN[question.type]
    if question.type is AnswerType.CHOICE:
        word += ": " + "; ".join(question.choices)
    elif question.unit:
        word += " " + question.unit
    if question.condition:
        word += f" -> {question.condition}"
    return f"{question.text_ru} [{word}]" + (" [обязательно]" if question.required else "")


def read_english(script: Sequence[Question], cell: str) -> tuple[Question, ...]:
    """The same questions with their English words: as many, in the same order; a choice lists its own in brackets."""
    if not cell.replace("|", "").strip():
        return tuple(replace(question, text_en="", choices_en=()) for question in script)
    parts = [" ".join(part.split()) for part in cell.split("|")]
    if len(parts) != len(script):
        raise BadRow(f"questions_en has {len(parts)} questions, questions_ru {len(script)}: keep their order")
    return check([_in_english(question, part) for question, part in zip(script, parts, strict=True)])


def _in_english(question: Question, part: str) -> Question:
    match = _QUESTION.fullmatch(part)
    if match is None:
        raise BadRow(f"question {part[:60]!r}: square brackets stand behind the words, each closed")
    choices: tuple[str, ...] = ()
    for mark in re.findall(r"\[([^\[\]]*)\]", match[2]):
        if question.type is AnswerType.CHOICE and mark.strip().lower() not in _REQUIRED:
            head, colon, rest = mark.partition("->")[0].partition(":")
            choices = _listed(rest if colon else head)
    return replace(question, text_en=match[1], choices_en=choices)


def write_english(script: Sequence[Question]) -> str:
    if not any(question.text_en or question.choices_en for question in script):
        return ""
    return "|".join(q.text_en + (f" [choices: {'; '.join(q.choices_en)}]" if q.choices_en else "") for q in script)


def check(script: Sequence[Question]) -> tuple[Question, ...]:
    """The script itself when it can be written and read again. Raises BadRow."""
    if len(script) > MOST_QUESTIONS:
        raise BadRow(f"{len(script)} questions: {MOST_QUESTIONS} at most")
    for number, question in enumerate(script, 1):
        try:
            _check_one(question)
        except BadRow as bad:
            raise BadRow(f"question {number} {question.text_ru[:40]!r}: {bad}") from None
    words = [question.text_ru for question in script]
    if twice := sorted({text for text in words if words.count(text) > 1}):
        raise BadRow(f"question {twice[0][:60]!r} is asked twice")
    return tuple(script)


def _check_one(question: Question) -> None:
    if not question.text_ru:
        raise BadRow("it has no words")
    for text in (question.text_ru, question.text_en, question.unit, *question.choices, *question.choices_en):
        if len(text) > MOST_LETTERS:
            raise BadRow(f"longer than {MOST_LETTERS} characters")
        if re.search(r"[\[\]|]", text) or text != " ".join(text.split()):
            raise BadRow("the signs [ ] | mark types and ends, and the words are one line without spaces at its ends")
    for text in (question.unit, *question.choices, *question.choices_en):
        if re.search("->|[;:]", text):
            raise BadRow("no ; : or -> inside a choice or a unit")
    if question.condition and not _CONDITION.fullmatch(question.condition):
        raise BadRow("a condition is named in small Latin letters")
    _check_type(question)


def _check_type(question: Question) -> None:
    if question.type is AnswerType.CHOICE:
        if not 2 <= len(question.choices) <= MOST_CHOICES or len(set(question.choices)) < len(question.choices):
            raise BadRow(f"[варианты: …] lists from 2 to {MOST_CHOICES} different answers, separated by ;")
        if question.choices_en and len(question.choices_en) != len(question.choices):
            raise BadRow("as many English choices as Russian ones")
    elif question.choices or question.choices_en:
        raise BadRow("only [варианты: …] has choices")
    if question.unit and question.type is not AnswerType.NUMBER:
        raise BadRow("only a number has a unit")
    wanted = CONDITIONS.get(question.condition)
    if wanted is not None and question.type is not wanted:
        raise BadRow(f"the condition {question.condition} is told by [{_WRITTEN[wanted]}]")


# --- answers ----------------------------------------------------------------------------------------------


def read_answer(question: Question, text: str) -> Value | None:
    """The typed answer; None when the applicant does not know. Raises BadAnswer that says what is asked for.

    A number may have its unit and a decimal comma; a moment is RFC 3339; a choice comes back in Russian.
    """
    text = " ".join(text.split())
    if text.lower() in _UNKNOWN:
        return None
    if question.type is AnswerType.YESNO:
        return _yes(question, text)
    if question.type is AnswerType.NUMBER:
        return _number(question, text)
    if question.type is AnswerType.CHOICE:
        return _choice(question, text)
    if question.type is AnswerType.MOMENT:
        try:
            return parse_rfc3339(text)
        except ValueError:
            raise BadAnswer(f"{question.text_ru}: a moment such as 2026-11-22T08:30:00+03:00") from None
    return text


def _yes(question: Question, text: str) -> bool:
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise BadAnswer(f"{question.text_ru}: yes or no")


def _number(question: Question, text: str) -> float:
    bare = text.removesuffix(question.unit).strip().replace(",", ".").replace("−", "-").replace("+", "")
    if not re.fullmatch(r"-?\d{1,9}(\.\d{1,6})?", bare, re.ASCII):
        raise BadAnswer(f"{question.text_ru}: a number" + (f", in {question.unit}" if question.unit else ""))
    return float(bare)


def _choice(question: Question, text: str) -> str:
    for listed in (question.choices, question.choices_en):
        for place, choice in enumerate(listed):
            if choice.casefold() == text.casefold():
                return question.choices[place]
    raise BadAnswer(f"{question.text_ru}: one of {'; '.join(question.choices)}")


def answered(script: Iterable[Question], answers: Iterable[Answer]) -> dict[str, str]:
    """The answers by the Russian words of their questions, whichever language asked."""
    names = {words: q.text_ru for q in script for words in (q.text_en, q.text_ru) if words}
    return {names.get(one.question, one.question): one.answer for one in answers if one.answer.strip()}


def conditions(script: Sequence[Question], answers: Iterable[Answer]) -> dict[str, Value]:
    """What the rule packs are told: by the name of each condition its typed answer. Raises BadAnswer."""
    given: Mapping[str, str] = answered(script, answers)
    told: dict[str, Value] = {}
    for question in script:
        if question.condition and question.text_ru in given:
            value = read_answer(question, given[question.text_ru])
            if value is not None:
                told[question.condition] = value
    return told


def unanswered(script: Sequence[Question], answers: Iterable[Answer]) -> tuple[Question, ...]:
    """The required questions that have no answer yet; «не знаю» is one."""
    given = answered(script, answers)
    return tuple(question for question in script if question.required and question.text_ru not in given)
