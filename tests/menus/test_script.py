"""Scripts as data: what is shipped is right, and every mistake of an administrator is named with its step."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from callengine.menus.script import (
    MOST_STEPS,
    MOST_TEXT,
    MOST_TITLE,
    Kind,
    ScriptWrong,
    filled,
    graph,
    raw_of,
    read,
    reworded,
    shipped,
    shipped_raw,
)
from tests.menus.fake_line import FakeLine, say
from tests.menus.jobs import SURVEY

Raw = dict[str, Any]
kinds = pytest.mark.parametrize("kind", Kind)


def problems(change: Callable[[Raw], object], kind: Kind = Kind.SURVEY) -> str:
    raw = copy.deepcopy(shipped_raw(kind))
    change(raw)
    with pytest.raises(ScriptWrong) as wrong:
        read(raw)
    assert wrong.value.status == 422
    assert wrong.value.extra["problems"] == [{"step": s, "problem": p} for s, p in wrong.value.problems]
    return "; ".join(f"{where}: {what}" for where, what in wrong.value.problems)


@kinds
def test_what_is_shipped_is_right_and_reads_back_equal(kind: Kind) -> None:
    script = shipped(kind)
    assert script.kind is kind
    assert read(json.loads(json.dumps(raw_of(script)))) == script
    assert raw_of(script)["steps"].keys() == shipped_raw(kind)["steps"].keys()


@kinds
def test_the_graph_shows_every_step_and_every_way(kind: Kind) -> None:
    drawn = graph(shipped(kind))
    names = {node["id"] for node in drawn["nodes"]}
    assert names == shipped(kind).steps.keys()
    assert {edge["to"] for edge in drawn["edges"]} | {shipped(kind).start} == names, "each is led to"
    assert sum(node["start"] for node in drawn["nodes"]) == 1
    json.dumps(drawn)


def test_the_graph_of_the_rating_tells_what_keys_mean() -> None:
    edges = {(edge["from"], edge["key"]): edge for edge in graph(shipped(Kind.RATING))["edges"]}
    assert edges["hello", "2"]["to"] == "not_done"
    assert edges["hello", "2"]["result"] == "not_done"
    assert edges["mark", "5"]["label"] == {"ru": "оценка", "en": "mark"}
    assert edges["mark", "silent"]["to"] == "bye"
    assert edges["comment", ""]["to"] == "bye"


def test_a_missing_step_is_named() -> None:
    assert "clean: key 1 leads to 'nowhere', and there is no such step" in problems(
        lambda raw: raw["steps"]["clean"]["keys"]["1"].update(next="nowhere")
    )
    assert "start: there is no step 'hi' to start from" in problems(lambda raw: raw.update(start="hi"))
    assert "warm: next is missing" in problems(lambda raw: raw["steps"]["warm"].pop("next"))


def test_a_loop_without_a_way_out_is_named() -> None:
    def circle(raw: Raw) -> None:
        raw["keys"] = {}
        steps = raw["steps"]
        for name in ("clean", "dirty"):
            steps[name].pop("silent")
            steps[name]["keys"] = {"1": {"next": "dirty" if name == "clean" else "clean"}, "0": {"next": "clean"}}
        steps["hello"]["keys"]["1"]["next"] = "clean"

    told = problems(circle)
    assert "clean: a loop without a way out: no end can be reached from here" in told
    assert "dirty: a loop without a way out" in told


def test_a_loop_that_only_speaks_is_named() -> None:
    def circle(raw: Raw) -> None:
        for name, other in (("one", "two"), ("two", "one")):
            raw["steps"][name] = {"kind": "say", "say": {"ru": "Раз.", "en": "One."}, "next": other}
        raw["steps"]["clean"]["keys"]["1"]["next"] = "one"

    assert "one: a loop without a question: it would speak for ever" in problems(circle)


def test_a_missing_language_is_named() -> None:
    assert "warm: the text in 'en' is missing" in problems(lambda raw: raw["steps"]["warm"]["say"].pop("en"))
    assert "wrong: the text in 'ru' is missing" in problems(lambda raw: raw["told"]["wrong"].update(ru=" "))
    russian = shipped_raw(Kind.SURVEY) | {"languages": ["ru"]}
    for step in russian["steps"].values():
        step["say"].pop("en", None)
    for texts in russian["told"].values():
        texts.pop("en", None)
    assert read(russian).languages == ("ru",)
    assert "languages: write at least one of ru, en" in problems(lambda raw: raw.update(languages=["tt"]))


def test_a_step_that_nothing_leads_to_is_named() -> None:
    def lonely(raw: Raw) -> None:
        raw["steps"]["lonely"] = {"kind": "end", "say": {"ru": "Пока.", "en": "Bye."}}

    assert "lonely: no way leads here" in problems(lonely)


@pytest.mark.parametrize(
    ("where", "change", "told"),
    [
        ("hello", {"kind": "shout"}, "'shout' is not a valid StepKind"),
        ("hello", {"keys": {"1": {"next": "clean"}, "12": {"next": "clean"}}}, "key '12': write a digit"),
        ("hello", {"keys": {"*": {"next": "clean"}}}, "key '*': write a digit"),
        ("hello", {"keys": {"0": {"next": "clean"}}}, "key 0 must lead to an end"),
        ("hello", {"keys": {"1": {"next": "clean", "result": "won"}}}, "'won' is not a valid Result"),
        ("hello", {"keys": {"1": {"next": "clean", "result": "marked"}}}, "a mark is told by marks = true"),
        ("hello", {"keys": {"1": {"next": "clean", "result": "to_operator"}}}, "an operator is always at key 0"),
        ("hello", {"keys": {"1": "clean"}}, "key 1: write next = the step"),
        ("hello", {"keys": ["1"]}, "keys is a table"),
        ("hello", {"colour": "red"}, "'colour' is no setting of a step"),
        ("hello", {"seconds": 0}, "seconds 1 to 300"),
        ("hello", {"tries": 99}, "tries are 1 to 5"),
        ("hello", {"tries": "3"}, "tries: '3' does not fit"),
        ("hello", {"tries": True}, "tries: True does not fit"),
        ("hello", {"marks": True}, "a mark needs the keys 1 to 5"),
        ("hello", {"say": "Привет"}, "texts are a table"),
        ("hello", {"next": "clean"}, "a step of kind key has no next"),
        ("hello", {"say": {"ru": "Я {name}.", "en": "I"}}, "there is no field {name}; write one of service, entered"),
        ("hello", {"say": {"ru": "Я {service.", "en": "I"}}, "a bracket in 'ru' is not closed"),
        ("hello", {"say": {"ru": "Я [ты.", "en": "I"}}, "a bracket in 'ru' is not closed"),
        ("hello", {"say": {"ru": "а" * (MOST_TEXT + 1), "en": "I"}}, f"more than {MOST_TEXT}"),
        ("warm", {"digits": 40}, "digits are 1 to 12"),
        ("warm", {"lowest": 50}, "the lowest number 50 is above the highest 40"),
        ("bye", {"keys": {"1": {"next": "clean"}}}, "a step of kind end has no keys"),
        ("bye", {"then": "dance"}, "'dance' is not a valid Then"),
        ("bye", {"then": "next"}, "next leads to 'enter', and there is no such step"),
    ],
)
def test_each_mistake_is_named_with_its_step(where: str, change: Raw, told: str) -> None:
    found = problems(lambda raw: raw["steps"][where].update(change))
    assert told in found
    assert f"{where}: " in found


def test_a_script_that_is_none_is_an_error_and_not_a_crash() -> None:
    def many(raw: Raw) -> None:
        end = {"kind": "end", "say": {"ru": "Пока.", "en": "Bye."}}
        raw["steps"] |= {f"end{n}": end for n in range(MOST_STEPS)}

    assert "kind: write one of rating, result" in problems(lambda raw: raw.update(kind="fax"))
    assert f"steps: a script has 1 to {MOST_STEPS} steps" in problems(many)
    assert "steps: a script has" in problems(lambda raw: raw.update(steps=[]))
    assert "Bad Name: a step is named by" in problems(lambda raw: raw["steps"].update({"Bad Name": {}}))
    assert "x: a step is a table" in problems(lambda raw: raw["steps"].update(x=1))


def test_all_mistakes_are_told_at_once() -> None:
    def two(raw: Raw) -> None:
        raw["steps"]["warm"]["say"].pop("en")
        raw["steps"]["clean"]["keys"]["1"]["next"] = "nowhere"

    told = problems(two)
    assert "warm:" in told
    assert "clean:" in told


def test_words_are_changed_and_the_rest_stays() -> None:
    script = reworded(shipped(Kind.RATING), {"bye": {"ru": "Пока."}, "wrong": {"ru": "Нет такой."}})
    assert script.steps["bye"].say == {"ru": "Пока.", "en": "Thank you. Goodbye."}
    assert script.told["wrong"]["ru"] == "Нет такой."
    assert script.steps.keys() == shipped(Kind.RATING).steps.keys()
    assert shipped(Kind.RATING).steps["bye"].say["ru"] != "Пока.", "what is shipped stays"
    with pytest.raises(ScriptWrong, match="hallo: there is no such step"):
        reworded(script, {"hallo": {"ru": "Привет."}})
    with pytest.raises(ScriptWrong, match=r"no field \{name\}"):
        reworded(script, {"bye": {"ru": "Пока, {name}."}})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Заявка[ {ticket}][: {work}].", "Заявка 7: кран."),
        ("Заявка[ {none}][: {work}].", "Заявка: кран."),
        ("[{none} и {work}] да", " да"),
        ("{work} {work}", "кран кран"),
        ("{brace}", "{ticket} [x]"),
    ],
)
def test_a_part_in_brackets_is_left_out_when_its_field_is_empty(text: str, said: str) -> None:
    values = {"ticket": "7", "work": "кран", "none": "", "brace": "{ticket} [x]"}
    assert filled(text, values) == said, "and what a resident is called by is never read as a template"


async def test_a_survey_of_ones_own_is_walked() -> None:
    raw: Raw = {
        "kind": "survey",
        "start": "q",
        "languages": ["ru"],
        "fields": ["yard"],
        "told": {name: {"ru": "Нет."} for name in ("wrong", "too_low", "too_high")},
        "steps": {
            "q": {
                "kind": "key",
                "records": True,
                "say": {"ru": "Чист ли двор {yard}?"},
                "keys": {"1": {"next": "bye"}, "0": {"next": "op", "result": "to_operator"}},
            },
            "bye": {"kind": "end", "result": "answered", "say": {"ru": "Спасибо."}},
            "op": {"kind": "end", "then": "operator", "say": {"ru": "Ждите."}},
        },
    }
    from dataclasses import replace

    from callengine.menus import dialogues

    job = replace(SURVEY, script=read(raw), extra={"yard": "на ул. Мира"})
    line = FakeLine(after={"Мира?": "1"})
    outcome = await dialogues.hold(line, say, job)
    assert dict(outcome.answers) == {"q": "1"}
    assert line.heard == ["Чист ли двор на улице Мира?", "Спасибо."]


def test_each_shipped_step_has_a_name_in_words_in_both_languages() -> None:
    for kind in Kind:
        for step in shipped(kind).steps.values():
            assert step.title.keys() == {"ru", "en"}, (kind, step.id)
            assert all(0 < len(title) <= MOST_TITLE for title in step.title.values())


def test_a_name_that_is_too_long_is_told_at_its_step() -> None:
    raw = copy.deepcopy(shipped_raw(Kind.SURVEY))
    raw["steps"]["clean"]["title"] = {"ru": "я" * (MOST_TITLE + 1)}
    with pytest.raises(ScriptWrong) as told:
        read(raw)
    assert told.value.problems == (("clean", f"the title in 'ru' has more than {MOST_TITLE} characters"),)
