"""The script's grammar: typed questions read, written and read again; answers by type; what rule packs are told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callengine.tickets import script
from callengine.tickets.model import Answer, AnswerType, Question
from callengine.tickets.script import BadAnswer, BadRow

TEMPERATURE = Question("Какая температура?", AnswerType.NUMBER, unit="°C", required=True, condition="indoor_celsius")
WAY = Question("Как течёт?", AnswerType.CHOICE, ("капает", "струя"), text_en="How?", choices_en=("drips", "a stream"))


def test_a_cell_becomes_typed_questions() -> None:
    cell = (
        "Какая температура? [число °C -> indoor_celsius] [обязательно]|Как течёт? [варианты: капает; струя]"
        "|Весь дом? [да/нет -> whole_house]|С какого времени? [когда -> outage_at]|Где именно?"
    )
    assert script.read(cell) == (
        TEMPERATURE,
        Question("Как течёт?", AnswerType.CHOICE, ("капает", "струя")),
        Question("Весь дом?", AnswerType.YESNO, condition="whole_house"),
        Question("С какого времени?", AnswerType.MOMENT, condition="outage_at"),
        Question("Где именно?"),
    )


def test_the_english_words_of_the_types_are_read_too() -> None:
    cell = "How warm? [number °C] [required]|How? [choices: drips; a stream]|All? [yes/no]|When? [when]"
    assert [q.type.value for q in script.read(cell)] == ["number", "choice", "yesno", "moment"]
    assert script.read(cell)[0].required


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("Где? [цвет]", r"\[цвет\] is no type; write one of \[текст\]"),
        ("Где? [да/нет] [число]", "has two types"),
        ("Где? [да/нет", "square brackets stand behind the words"),
        ("[да/нет]", "it has no words"),
        ("Как? [варианты: одно]", "lists from 2 to 20 different answers"),
        ("Как? [варианты: а; а]", "lists from 2 to 20 different answers"),
        ("Когда? [когда вчера]", "takes nothing more"),
        ("Тепло? [да/нет -> Indoor C]", "named in small Latin letters"),
        ("Тепло? [да/нет -> indoor_celsius]", r"indoor_celsius is told by \[число\]"),
        ("Где?|Когда?|Где?", "is asked twice"),
        ("х" * 301, "longer than 300"),
        ("|".join(f"Вопрос {n}?" for n in range(31)), "31 questions: 30 at most"),
    ],
)
def test_a_wrong_question_is_named_with_what_to_write(cell: str, reason: str) -> None:
    with pytest.raises(BadRow, match=reason):
        script.read(cell)


def test_a_question_without_a_type_keeps_what_is_known_of_the_same_words() -> None:
    known = (TEMPERATURE, WAY)
    assert script.read("Какая температура?|Как течёт?", known) == known
    assert script.read("Как течёт? [текст]", known) == (Question("Как течёт?", text_en="How?"),)
    assert script.read("Как теперь течёт?", known) == (Question("Как теперь течёт?"),)


def test_english_stands_in_the_same_order() -> None:
    asked = script.read("Какая температура? [число °C]|Как течёт? [варианты: капает; струя]")
    english = script.read_english(asked, "How warm?|How? [choices: drips; a stream]")
    assert [(q.text_en, q.choices_en) for q in english] == [("How warm?", ()), ("How?", ("drips", "a stream"))]
    with pytest.raises(BadRow, match="questions_en has 1 questions, questions_ru 2"):
        script.read_english(asked, "How warm?")
    with pytest.raises(BadRow, match="as many English choices"):
        script.read_english(asked, "How warm?|How? [drips]")


# --- what is written is read again ------------------------------------------------------------------------

_WORDS = st.text(st.characters(codec="utf-8", exclude_characters="[]|;:", exclude_categories=("C", "Z")), min_size=1)
WORDS = _WORDS.map(lambda text: text[:40]).filter(lambda text: "->" not in text)
LISTS = st.lists(WORDS, min_size=2, max_size=5, unique=True).map(tuple)
NAMES = st.sampled_from(["", "dead_end", "has_pump"])


@st.composite
def questions(draw: st.DrawFn) -> Question:
    kind = draw(st.sampled_from(AnswerType))
    choices = draw(LISTS) if kind is AnswerType.CHOICE else ()
    english = draw(st.lists(WORDS, min_size=len(choices), max_size=len(choices)).map(tuple)) if choices else ()
    return Question(
        draw(WORDS),
        kind,
        choices,
        draw(WORDS | st.just("")) if kind is AnswerType.NUMBER else "",
        draw(st.booleans()),
        draw(NAMES),
        draw(WORDS | st.just("")),
        draw(st.sampled_from([(), english])),
    )


SCRIPTS = st.lists(questions(), max_size=6, unique_by=lambda question: question.text_ru).map(tuple)


@given(SCRIPTS)
def test_any_script_that_is_written_is_read_again(asked: tuple[Question, ...]) -> None:
    again = script.read_english(script.read(script.write(asked)), script.write_english(asked))
    assert again == script.check(asked)


@given(st.text(alphabet="а [];|->:да/нетчислокгв", max_size=60))
def test_a_cell_is_read_or_refused(cell: str) -> None:
    try:
        asked = script.read(cell)
    except BadRow:
        return
    assert script.read(script.write(asked)) == asked


# --- answers ----------------------------------------------------------------------------------------------

MOMENT = Question("Когда?", AnswerType.MOMENT, condition="damage_at")
YES = Question("Весь дом?", AnswerType.YESNO, condition="whole_house", text_en="The whole building?")


@pytest.mark.parametrize(
    ("question", "text", "value"),
    [
        (TEMPERATURE, "11,5", 11.5),
        (TEMPERATURE, "18 °C", 18.0),
        (TEMPERATURE, "−3", -3.0),
        (YES, "Да", True),
        (YES, "no", False),
        (YES, "не знаю", None),
        (WAY, "Струя", "струя"),
        (WAY, "drips", "капает"),
        (MOMENT, "2026-11-20T08:00:00+03:00", datetime(2026, 11, 20, 5, tzinfo=UTC)),
        (Question("Где?"), "  в подвале ", "в подвале"),
        (TEMPERATURE, "  ", None),
    ],
)
def test_an_answer_is_read_by_its_type(question: Question, text: str, value: object) -> None:
    assert script.read_answer(question, text) == value


@pytest.mark.parametrize(
    ("question", "text", "asks_for"),
    [
        (TEMPERATURE, "тепло", "a number, in °C"),
        (TEMPERATURE, "1e9999", "a number"),
        (YES, "наверное", "yes or no"),
        (WAY, "льёт", "one of капает; струя"),
        (MOMENT, "вчера", "a moment such as"),
        (MOMENT, "2026-11-20T08:00:00", "a moment such as"),
    ],
)
def test_an_answer_of_another_type_is_refused_with_what_to_write(question: Question, text: str, asks_for: str) -> None:
    with pytest.raises(BadAnswer, match=asks_for):
        script.read_answer(question, text)


def test_the_rule_packs_are_told_the_conditions_in_whichever_language_they_were_asked() -> None:
    asked = (TEMPERATURE, YES, WAY, MOMENT)
    answers = [
        Answer("Какая температура?", "9"),
        Answer("The whole building?", "yes"),
        Answer("How?", "drips"),
        Answer("Когда?", "не знаю"),
        Answer("Чужой вопрос?", "7"),
    ]
    assert script.conditions(asked, answers) == {"indoor_celsius": 9.0, "whole_house": True}


def test_a_required_question_is_open_until_it_is_answered_even_by_not_knowing() -> None:
    assert script.unanswered((TEMPERATURE, YES), []) == (TEMPERATURE,)
    assert script.unanswered((TEMPERATURE, YES), [Answer("Какая температура?", " ")]) == (TEMPERATURE,)
    assert script.unanswered((TEMPERATURE, YES), [Answer("Какая температура?", "не знаю")]) == ()
