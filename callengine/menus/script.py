"""A dialogue as data: steps, texts in every language, keys and where they lead; read, checked, drawn as a graph.

The shipped ones lie in scripts/*.toml. An administrator changes their words; a survey is his altogether. What walks
along the steps is in walk.py.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from callengine.errors import EngineError
from callengine.menus.outcome import Result
from callengine.speech.words import sentences

LANGUAGES = ("ru", "en")
MOST_STEPS, MOST_TEXT, MOST_DIGITS, MOST_TITLE = (
    30,
    600,
    12,
    80,
)  # an outcome must fit into one line of the PBX's ledger
ENTERED = "entered"  # the field of every script: the keys that were just pressed
OPERATOR_KEY, REPEAT_KEY = "0", "*"

SUBJECT, LAST_WORDS = "enter", "bye"  # where an end with then = "next" goes on: the next meter, or all are told

_ID = re.compile(r"[a-z][a-z0-9_-]{0,19}")
_FIELD = re.compile(r"\{([^{}]*)\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")


class Kind(StrEnum):
    """The kinds of dialogues."""

    RATING = "rating"
    RESULT = "result"
    JOB = "job"
    OUTAGE = "outage"
    SURVEY = "survey"
    METER = "meter"
    STATUS = "status"


class StepKind(StrEnum):
    SAY = "say"  # says it and goes on
    KEY = "key"  # one key
    DIGITS = "digits"  # a number, ended by # or by a pause
    RECORD = "record"  # the resident speaks
    END = "end"


class Then(StrEnum):
    """What follows an end."""

    HANG_UP = "hang_up"
    OPERATOR = "operator"
    NEXT = "next"  # the dialogue goes on with its next subject (the next meter)


class ScriptWrong(EngineError):
    """The script of the dialogue has mistakes."""

    code, status = "script-wrong", 422

    def __init__(self, kind: str, problems: Iterable[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        listed = "; ".join(f"{where}: {what}" for where, what in self.problems)
        told = [{"step": where, "problem": what} for where, what in self.problems]
        super().__init__(f"the script {kind!r} has mistakes: {listed}", problems=told)


Texts = Mapping[str, str]  # language -> text


@dataclass(frozen=True, slots=True)
class Choice:
    """One key: where it leads, and what it means for the outcome."""

    next: str
    result: Result | None = None
    label: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    id: str
    kind: StepKind
    say: Texts
    choices: Mapping[str, Choice] = field(default_factory=dict)
    next: str = ""  # after say, digits, record
    silent: str = ""  # where silence or wrong keys lead after all tries; "" ends the dialogue
    marks: bool = False  # its keys 1 to 5 are the mark
    records: bool = False  # its key or number is an answer, kept under the step's id
    seconds: float = 6.0  # of waiting for a key; of a record: its longest
    tries: int = 3
    digits: int = 8
    lowest: int | None = None
    highest: int | None = None
    result: Result | None = None  # of an end
    then: Then = Then.HANG_UP
    title: Texts = field(default_factory=dict)  # what people call it on the pages; never spoken


@dataclass(frozen=True, slots=True)
class Script:
    """A checked dialogue: `read` and `shipped` make them."""

    kind: Kind
    start: str
    steps: Mapping[str, Step]
    fields: tuple[str, ...]
    title: Texts
    told: Mapping[str, Texts]  # wrong, too_low, too_high: said before the question is asked again
    languages: tuple[str, ...] = LANGUAGES

    def texts(self, language: str) -> Iterator[str]:
        """Every text of one language, fields unfilled."""
        for step in self.steps.values():
            yield step.say.get(language, "")
        for said in self.told.values():
            yield said.get(language, "")

    def static_sentences(self, language: str) -> Iterator[str]:
        """What can be spoken once for everybody: sentences without a field."""
        for text in self.texts(language):
            for sentence in sentences(text, language):
                if not _FIELD.search(sentence):
                    yield sentence


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its fields. A part in [brackets] whose field is empty is left out."""

    def part(match: re.Match[str]) -> str:
        inside = match[1]
        return "" if any(not values.get(name, "").strip() for name in _FIELD.findall(inside)) else inside

    return _FIELD.sub(lambda m: values.get(m[1], ""), _OPTIONAL.sub(part, text))


def fields_in(text: str) -> list[str]:
    return _FIELD.findall(text)


# --- reading ---------------------------------------------------------------------------------------------


@cache
def shipped(kind: Kind) -> Script:
    """The dialogue as it comes with the engine."""
    return read(shipped_raw(kind))


def shipped_raw(kind: Kind) -> dict[str, Any]:
    """The same as plain data, to start a script of one's own from."""
    text = files("callengine.menus").joinpath("scripts", f"{kind.value}.toml").read_text("utf-8")
    return tomllib.loads(text)


def read(raw: Mapping[str, Any]) -> Script:
    """A script out of plain data (TOML or JSON). Raises ScriptWrong, which lists every mistake with its step."""
    problems: list[tuple[str, str]] = []
    kind = str(raw.get("kind", ""))
    script = _read(raw, problems)
    if script is not None:
        problems += _mistakes(script)
    if problems or script is None:
        raise ScriptWrong(kind, problems)
    return script


def reworded(script: Script, said: Mapping[str, Texts]) -> Script:
    """The same dialogue in other words: step (or wrong, too_low, too_high) -> language -> text. Raises ScriptWrong."""
    unknown = [
        (where, "there is no such step") for where in said if where not in script.steps and where not in script.told
    ]
    if unknown:
        raise ScriptWrong(script.kind, unknown)
    changed = replace(
        script,
        steps={i: replace(s, say={**s.say, **said.get(i, {})}) for i, s in script.steps.items()},
        told={i: {**t, **said.get(i, {})} for i, t in script.told.items()},
    )
    if problems := _mistakes(changed):
        raise ScriptWrong(script.kind, problems)
    return changed


def raw_of(script: Script) -> dict[str, Any]:
    """Plain data that `read` reads back equal."""
    return {
        "kind": script.kind.value,
        "start": script.start,
        "fields": list(script.fields),
        "languages": list(script.languages),
        "title": dict(script.title),
        "told": {name: dict(texts) for name, texts in script.told.items()},
        "steps": {step.id: _raw_step(step) for step in script.steps.values()},
    }


def graph(script: Script) -> dict[str, list[dict[str, Any]]]:
    """The dialogue as nodes and edges, for a picture.

    `key` of an edge: the key, "silent", "next" and "done" (of a dialogue over several subjects), "" for going on.
    """
    nodes = [
        {
            "id": s.id,
            "kind": s.kind.value,
            "say": dict(s.say),
            "result": s.result.value if s.result else "",
            "start": s.id == script.start,
            "title": dict(s.title),
        }
        for s in script.steps.values()
    ]
    edges = [
        {"from": s.id, "to": to, "key": key, "label": dict(label), "result": result.value if result else ""}
        for s in script.steps.values()
        for to, key, label, result in _ways(s)
    ]
    return {"nodes": nodes, "edges": edges}


def _ways(step: Step) -> Iterator[tuple[str, str, Texts, Result | None]]:
    for key, choice in step.choices.items():
        yield choice.next, key, choice.label, choice.result
    if step.next:
        yield step.next, "", {}, None
    if step.silent:
        yield step.silent, "silent", {}, None
    if step.then is Then.NEXT:
        yield SUBJECT, "next", {}, None
        yield LAST_WORDS, "done", {}, None


def _raw_step(step: Step) -> dict[str, Any]:
    raw: dict[str, Any] = {"kind": step.kind.value, "say": dict(step.say)}
    if step.title:
        raw["title"] = dict(step.title)
    blank = Step(step.id, step.kind, {})
    for name in (
        "next",
        "silent",
        "marks",
        "records",
        "seconds",
        "tries",
        "digits",
        "lowest",
        "highest",
        "result",
        "then",
    ):
        value = getattr(step, name)
        if value != getattr(blank, name):
            raw[name] = value.value if isinstance(value, StrEnum) else value
    if step.choices:
        raw["keys"] = {
            key: {
                "next": c.next,
                **({"result": c.result.value} if c.result else {}),
                **({"label": dict(c.label)} if c.label else {}),
            }
            for key, c in step.choices.items()
        }
    return raw


_STEP_KEYS = {
    "kind", "say", "keys", "next", "silent", "marks", "records", "seconds", "tries", "digits", "lowest", "highest",
    "result", "then", "title",
}  # fmt: skip


def _read(raw: Mapping[str, Any], problems: list[tuple[str, str]]) -> Script | None:
    try:
        kind = Kind(raw.get("kind", ""))
    except ValueError:
        problems.append(("kind", f"write one of {', '.join(Kind)}"))
        return None
    rows = raw.get("steps")
    if not isinstance(rows, Mapping) or not 1 <= len(rows) <= MOST_STEPS:
        problems.append(("steps", f"a script has 1 to {MOST_STEPS} steps"))
        return None
    common = _choices("keys", raw.get("keys", {}), problems)
    steps: dict[str, Step] = {}
    for name, row in rows.items():
        if not isinstance(name, str) or not _ID.fullmatch(name):
            problems.append(
                (str(name), "a step is named by 1 to 20 small Latin letters, digits, - or _, a letter first")
            )
        elif not isinstance(row, Mapping):
            problems.append((name, "a step is a table"))
        elif step := _step(name, row, common, problems):
            steps[name] = step
    told = raw.get("told", {})
    return Script(
        kind=kind,
        start=str(raw.get("start", "")),
        steps=steps,
        fields=tuple(str(one) for one in raw.get("fields", ())),
        title=_texts("title", raw.get("title", {}), problems),
        told={str(n): _texts(str(n), t, problems) for n, t in told.items()} if isinstance(told, Mapping) else {},
        languages=tuple(str(one) for one in raw.get("languages", LANGUAGES)),
    )


def _step(
    name: str, row: Mapping[str, Any], common: Mapping[str, Choice], problems: list[tuple[str, str]]
) -> Step | None:
    problems += [(name, f"{unknown!r} is no setting of a step") for unknown in row.keys() - _STEP_KEYS]
    try:
        kind = StepKind(row.get("kind", ""))
        result = Result(row["result"]) if row.get("result") else None
        then = Then(row.get("then", "hang_up"))
    except ValueError as error:
        problems.append((name, str(error)))
        return None
    asks = kind in (StepKind.KEY, StepKind.DIGITS)
    choices = {**(common if kind is StepKind.KEY else {}), **_choices(name, row.get("keys", {}), problems)}
    # A step that is led to by a common key would lead to itself.
    step = Step(
        name, kind, _texts(name, row.get("say", {}), problems), choices if asks else {}, result=result, then=then
    )
    changes: dict[str, Any] = {}
    for key, kinds in _TYPES.items():
        if key not in row or row[key] is None:
            continue
        if not isinstance(row[key], kinds) or (isinstance(row[key], bool) and kinds is not bool):
            problems.append((name, f"{key}: {row[key]!r} does not fit"))
        else:
            changes[key] = row[key]
    if not asks and row.get("keys"):
        problems.append((name, f"a step of kind {kind.value} has no keys"))
    return replace(step, title=_texts(name, row.get("title", {}), problems), **changes)


_TYPES: Mapping[str, Any] = {
    "next": str, "silent": str, "marks": bool, "records": bool, "seconds": (int, float), "tries": int, "digits": int,
    "lowest": int, "highest": int,
}  # fmt: skip


def _choices(where: str, raw: Any, problems: list[tuple[str, str]]) -> dict[str, Choice]:
    found: dict[str, Choice] = {}
    if not isinstance(raw, Mapping):
        problems.append((where, "keys is a table: key = {next = …}"))
        return found
    for key, row in raw.items():
        if not isinstance(row, Mapping) or not isinstance(row.get("next"), str):
            problems.append((where, f"key {key}: write next = the step that it leads to"))
            continue
        try:
            result = Result(row["result"]) if row.get("result") else None
        except ValueError as error:
            problems.append((where, f"key {key}: {error}"))
            continue
        found[str(key)] = Choice(row["next"], result, _texts(where, row.get("label", {}), problems))
    return found


def _texts(where: str, raw: Any, problems: list[tuple[str, str]]) -> dict[str, str]:
    if not isinstance(raw, Mapping) or not all(isinstance(text, str) for text in raw.values()):
        problems.append((where, "texts are a table: ru = …, en = …"))
        return {}
    return {str(language): text.strip() for language, text in raw.items()}


# --- checking --------------------------------------------------------------------------------------------


def _mistakes(script: Script) -> list[tuple[str, str]]:
    found = [problem for step in script.steps.values() for problem in _in_step(script, step)]
    if not script.languages or not set(script.languages) <= set(LANGUAGES):
        found.append(("languages", f"write at least one of {', '.join(LANGUAGES)}"))
    for name in ("wrong", "too_low", "too_high"):
        found += _in_texts(script, name, script.told.get(name, {}))
    if script.start not in script.steps:
        return [*found, ("start", f"there is no step {script.start!r} to start from")]
    return [*found, *_in_ways(script)]


def _in_texts(script: Script, where: str, texts: Texts) -> Iterator[tuple[str, str]]:
    for language in script.languages:
        text = texts.get(language, "")
        if not text:
            yield where, f"the text in {language!r} is missing"
        elif len(text) > MOST_TEXT:
            yield where, f"the text in {language!r} has {len(text)} characters, more than {MOST_TEXT}"
        for name in fields_in(text):
            if name not in script.fields and name != ENTERED:
                yield where, f"there is no field {{{name}}}; write one of {', '.join((*script.fields, ENTERED))}"
        bare = _FIELD.sub("", text)
        if set(bare) & {"{", "}"} or set(_OPTIONAL.sub("", bare)) & {"[", "]"}:
            yield where, f"a bracket in {language!r} is not closed"


def _in_step(script: Script, step: Step) -> Iterator[tuple[str, str]]:
    yield from _in_texts(script, step.id, step.say)
    for language, title in step.title.items():
        if len(title) > MOST_TITLE:
            yield step.id, f"the title in {language!r} has more than {MOST_TITLE} characters"
    for to, key, _, _ in _ways(step):
        if to not in script.steps:
            yield (
                step.id,
                f"{'key ' + key if key.isdecimal() else key or 'next'} leads to {to!r}, and there is no such step",
            )
    if step.kind in (StepKind.SAY, StepKind.DIGITS, StepKind.RECORD) and not step.next:
        yield step.id, "next is missing: where does it go on?"
    if step.kind in (StepKind.END, StepKind.KEY) and step.next:
        yield step.id, f"a step of kind {step.kind.value} has no next"
    if not 1 <= step.tries <= 5 or not 1 <= step.seconds <= 300:
        yield step.id, "tries are 1 to 5, seconds 1 to 300"
    if step.kind is StepKind.KEY:
        yield from _in_keys(step)
    if step.kind is StepKind.DIGITS:
        if not 1 <= step.digits <= MOST_DIGITS:
            yield step.id, f"digits are 1 to {MOST_DIGITS}"
        if step.lowest is not None and step.highest is not None and step.lowest > step.highest:
            yield step.id, f"the lowest number {step.lowest} is above the highest {step.highest}"


def _in_keys(step: Step) -> Iterator[tuple[str, str]]:
    for key, choice in step.choices.items():
        if len(key) != 1 or key not in "0123456789":
            yield step.id, f"key {key!r}: write a digit (* says it again, # ends a number)"
        if choice.result is Result.MARKED:
            yield step.id, f"key {key}: a mark is told by marks = true and the keys 1 to 5"
        if choice.result is Result.TO_OPERATOR and key != OPERATOR_KEY:
            yield step.id, f"an operator is always at key {OPERATOR_KEY}"
    if OPERATOR_KEY not in step.choices:
        yield step.id, f"key {OPERATOR_KEY} must lead to an operator"
    if not set(step.choices) - {OPERATOR_KEY}:
        yield step.id, "there is no key to press"
    if step.marks and not set("12345") <= set(step.choices):
        yield step.id, "a mark needs the keys 1 to 5"


def _in_ways(script: Script) -> Iterator[tuple[str, str]]:
    out = {step.id: {to for to, *_ in _ways(step) if to in script.steps} for step in script.steps.values()}
    reached = _reach({script.start}, out)
    for name in script.steps.keys() - reached:
        yield name, "no way leads here"
    back: dict[str, set[str]] = {name: set() for name in script.steps}
    for name, others in out.items():
        for other in others:
            back[other].add(name)
    ends = {s.id for s in script.steps.values() if s.kind is StepKind.END}
    for name in reached - _reach(ends, back):
        yield name, "a loop without a way out: no end can be reached from here"
    for step in script.steps.values():
        end = script.steps.get(step.choices[OPERATOR_KEY].next) if OPERATOR_KEY in step.choices else None
        if step.kind is StepKind.KEY and end is not None and end.then is not Then.OPERATOR:
            yield step.id, f'key {OPERATOR_KEY} must lead to an end with then = "operator"'
    spoken = {n: {step.next} & script.steps.keys() for n, step in script.steps.items() if step.kind is StepKind.SAY}
    for name in spoken:
        if name in _reach(spoken[name], {n: spoken.get(n, set()) for n in script.steps}):
            yield name, "a loop without a question: it would speak for ever"


def _reach(start: set[str], ways: Mapping[str, set[str]]) -> set[str]:
    seen, todo = set(start), list(start)
    while todo:
        for other in ways.get(todo.pop(), ()):
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen
