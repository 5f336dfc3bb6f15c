"""The shipped classifier in English: its texts by code; what a reader of English sees of an entry or a ticket; pure.

The Russian text is the one that is kept: answers are stored beside their Russian question, so that a ticket reads the
same for everybody and is shown in the reader's language. What an administrator has reworded stands as he wrote it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources

from callengine.tickets.model import Answer, Entry, Ticket

LANGUAGES = ("ru", "en")
_BRACKETS = re.compile(r"(\s*\[[^\]]*\])+\s*$")


@dataclass(frozen=True, slots=True)
class Texts:
    """One entry's texts in English; `questions` stand in the order of the Russian ones."""

    category: str
    problem: str
    responsible: str
    questions: tuple[str, ...]
    source: str


@lru_cache(maxsize=1)
def english() -> Mapping[str, Texts]:
    """The texts of every shipped entry, by its code; from data/classifier.en.csv."""
    return {
        row["code"]: Texts(row["category"], row["problem"], row["responsible"], _parts(row["questions"]), row["source"])
        for row in _rows("classifier.en.csv")
    }


@lru_cache(maxsize=1)
def _russian() -> Mapping[str, Texts]:
    """The texts that the English ones translate."""
    return {
        row["code"]: Texts(
            row["category"].strip(),
            row["problem_ru"].strip(),
            row["responsible"].strip(),
            _parts(row["questions_ru"]),
            row["source"].strip(),
        )
        for row in _rows("classifier.csv")
    }


def _rows(name: str) -> Iterable[Mapping[str, str]]:
    text = resources.files("callengine.data").joinpath(name).read_text("utf-8-sig")
    return csv.DictReader(io.StringIO(text))


def _parts(text: str) -> tuple[str, ...]:
    """The questions alone: what a bracket at the end says of the answer is the script's business."""
    return tuple(_BRACKETS.sub("", part).strip() for part in text.split("|") if part.strip())


@lru_cache(maxsize=1)
def _categories() -> Mapping[str, str]:
    known = english()
    return {texts.category: known[code].category for code, texts in _russian().items() if code in known}


def _pairs(code: str) -> Sequence[tuple[str, str]]:
    """The questions of a shipped entry: Russian and English."""
    ru, en = _russian().get(code), english().get(code)
    if ru is None or en is None or len(ru.questions) != len(en.questions):
        return ()
    return tuple(zip(ru.questions, en.questions, strict=True))


def entry_in(entry: Entry, language: str) -> Entry:
    """The entry as a reader of `language` sees it; each text without a translation stays Russian."""
    if language != "en":
        return entry
    into = dict(_pairs(entry.code))
    return replace(
        entry,
        category=_categories().get(entry.category, entry.category),
        responsible=_text(entry.code, "responsible", entry.responsible),
        questions=tuple(into.get(question, question) for question in entry.questions),
        source=_text(entry.code, "source", entry.source),
        script=tuple(replace(one, text_en=one.text_en or into.get(one.text_ru, "")) for one in entry.script),
    )


def _text(code: str, field: str, written: str) -> str:
    """The translation of one field, as long as the Russian is still the shipped one."""
    ru, en = _russian().get(code), english().get(code)
    return str(getattr(en, field)) if ru and en and getattr(ru, field) == written else written


def ticket_in(ticket: Ticket, language: str) -> Ticket:
    """The ticket with its classifier entry and its questions in `language`; what people said stays as they said it."""
    if language != "en":
        return ticket
    into = dict(_pairs(ticket.classifier.code))
    answers = tuple(replace(one, question=into.get(one.question, one.question)) for one in ticket.answers)
    return replace(ticket, classifier=entry_in(ticket.classifier, language), answers=answers)


def kept(code: str, answers: Iterable[Answer]) -> tuple[Answer, ...]:
    """Answers as they are kept: beside the Russian question, in whatever language it was asked."""
    back = {en: ru for ru, en in _pairs(code)}
    return tuple(replace(one, question=back.get(one.question, one.question)) for one in answers)
