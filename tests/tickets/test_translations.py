"""The English classifier: every shipped entry has all its texts, and what people reworded stays as they wrote it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from callengine.tickets import classifier
from callengine.tickets.model import Answer
from callengine.tickets.translations import english, entry_in, kept

ENTRIES = {entry.code: entry for entry in map(classifier.entry_of, classifier.shipped())}
CYRILLIC = re.compile("[А-Яа-яЁё]")


def test_the_translation_covers_the_shipped_classifier_and_nothing_else() -> None:
    assert set(english()) == set(ENTRIES)
    assert len(ENTRIES) == 104


@pytest.mark.parametrize("code", sorted(ENTRIES))
def test_every_shipped_entry_has_a_full_translation(code: str) -> None:
    entry, texts = ENTRIES[code], english()[code]
    assert len(texts.questions) == len(entry.questions) > 0
    assert texts.problem == entry.problem_en
    for text in (texts.category, texts.problem, texts.responsible, texts.source, *texts.questions):
        assert text.strip(), code
        assert not CYRILLIC.search(text), text
    asks = [question for question in texts.questions if question.endswith("?")]
    assert len(asks) >= len([question for question in entry.questions if question.endswith("?")])
    assert len(set(texts.questions)) == len(texts.questions), "an answer is known by its question"


def test_one_category_has_one_name() -> None:
    names = {(ENTRIES[code].category, texts.category) for code, texts in english().items()}
    assert len(names) == len({ru for ru, _ in names}) == len({en for _, en in names}) == 15


def test_an_entry_is_seen_in_the_readers_language_and_kept_in_russian() -> None:
    entry = ENTRIES["HVS-02"]
    seen = entry_in(entry, "en")
    assert seen.questions[1] == "How strong is the leak?"
    assert (seen.category, seen.problem_ru) == ("Cold water", entry.problem_ru)
    assert seen.source.startswith("RF Decree 416, item 13")
    assert entry_in(entry, "ru") is entry
    answered = kept("HVS-02", [Answer("How strong is the leak?", "a stream"), Answer("Anything else?", "no")])
    assert answered == (Answer("Интенсивность течи?", "a stream"), Answer("Anything else?", "no"))


def test_what_an_administrator_reworded_or_added_stays_as_he_wrote_it() -> None:
    entry = ENTRIES["HVS-02"]
    own = replace(entry, questions=("Свой вопрос?", entry.questions[1]), source="приказ № 5", category="Своя ветвь")
    seen = entry_in(own, "en")
    assert seen.questions == ("Свой вопрос?", "How strong is the leak?")
    assert (seen.source, seen.category) == ("приказ № 5", "Своя ветвь")
    assert entry_in(replace(entry, code="OWN-01"), "en").questions == entry.questions
