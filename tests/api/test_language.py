"""The classifier speaks the asker's language: by a parameter, by Accept-Language, else the service's own."""

from __future__ import annotations

import re
from typing import Any

import pytest

from callengine.api.language import best
from tests.api.conftest import Desk

CYRILLIC = re.compile("[А-Яа-яЁё]")
ENGLISH = {"Accept-Language": "en-GB,en;q=0.9,ru;q=0.5"}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", ""),
        ("en", "en"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("de, en;q=0.3, ru;q=0.7", "ru"),
        ("fr-FR, de", ""),
        ("en;q=0, ru;q=0.1", "ru"),
        ("en;q=much, *", ""),
        ("EN-us ; q=1.0", "en"),
        (",;=,;q=", ""),
    ],
)
def test_the_best_liked_language_that_we_speak_wins(header: str, language: str) -> None:
    assert best(header) == language


async def one(desk: Desk, **more: Any) -> Any:
    return (await desk.ask("GET", f"/classifier?q=HVS-02{more.pop('query', '')}", **more))["items"][0]


async def test_questions_and_rules_come_in_english_for_who_asks_so(desk: Desk) -> None:
    assert (await one(desk))["questions"][1] == "Интенсивность течи?"
    for asked in (await one(desk, headers=ENGLISH), await one(desk, query="&lang=en")):
        assert asked["questions"][1] == "How strong is the leak?"
        assert (asked["category"], asked["source"][:22]) == ("Cold water", "RF Decree 416, item 13")
    assert (await one(desk, query="&lang=ru", headers=ENGLISH))["questions"][1] == "Интенсивность течи?"
    await desk.ask("GET", "/classifier?lang=de", status=422)


async def test_no_russian_word_of_ours_is_left_in_the_english_classifier(desk: Desk) -> None:
    found = (await desk.ask("GET", "/classifier", headers=ENGLISH))["items"]
    assert len(found) == 104
    for entry in found:
        for text in (entry["category"], entry["problem_en"], entry["source"], *entry["questions"]):
            assert not CYRILLIC.search(text), (entry["code"], text)


async def test_an_english_answer_is_kept_beside_its_russian_question_and_read_in_both(desk: Desk) -> None:
    (house,) = (await desk.ask("GET", "/houses?q=чкалова 17&limit=1"))["items"]
    answers = [{"question": "How strong is the leak?", "answer": "a stream"}]
    form = {"classifier": "HVS-02", "house_id": house["id"], "answers": answers}
    preview = await desk.ask(
        "POST", "/routing/preview", json={"classifier": "HVS-02", "house_id": house["id"]}, headers=ENGLISH
    )
    assert "Decree 416" in preview["deadlines"]["why"]
    assert not CYRILLIC.search(preview["deadlines"]["why"])
    made = await desk.ask("POST", "/tickets", json=form, headers=ENGLISH, status=201)
    assert made["answers"] == answers
    russian = await desk.ask("GET", f"/tickets/{made['number']}")
    assert russian["answers"] == [{"question": "Интенсивность течи?", "answer": "a stream"}]
    assert russian["classifier"]["category"] == "Холодное водоснабжение"
    (row,) = (await desk.ask("GET", "/tickets", headers=ENGLISH))["items"]
    assert row["classifier"]["category"] == "Cold water"
