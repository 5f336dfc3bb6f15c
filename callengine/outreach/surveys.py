"""Surveys of the service's own: questions with answers that branch, kept by versions, checked before they are kept.

A campaign takes a copy of the dialogue that its questions make and goes on with it, whatever is written later.

Versions are rows of `script_texts`: kind "survey:ID", step "version", language the number; nothing is overwritten.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from callengine.clock import Clock
from callengine.directory.search import storable
from callengine.errors import Conflict, NotFound, Refused
from callengine.menus.script import LANGUAGES, Script, StepKind
from callengine.store import campaigns as rows
from callengine.store.campaigns import ScriptText
from callengine.store.database import Store

MOST_SURVEYS, MOST_QUESTIONS, MOST_ANSWERS = 200, 12, 7
MOST_NAME, MOST_TEXT, MOST_LABEL = 200, 300, 60
END = "end"
KEYS = "1234567"  # 8, 9 and 0 are the same in every dialogue: not me, never call me, an operator
PREFIX, VERSION = "survey:", "version"
_ID = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Answer:
    """A key and what it means. `to`: "" the next question, "end", or the number of a question, from 1."""

    key: str
    label: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """What a person writes; the words around the questions are the pages' (web/src/robot/survey.ts)."""

    name: str
    language: str
    intro: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """One version of a survey; without one it was put away."""

    id: str
    version: int
    survey: Survey | None
    at: datetime
    who: str


# --- the rules (pure) ---------------------------------------------------------------------------------------------


def mistakes(survey: Survey) -> list[tuple[str, str]]:
    """Pointers and what is wrong there: nobody is rung by a survey that has any."""
    wrong: list[tuple[str, str]] = []
    if not 0 < len(survey.name.strip()) <= MOST_NAME:
        wrong.append(("/name", f"give it a name of at most {MOST_NAME} characters"))
    if survey.language not in LANGUAGES:
        wrong.append(("/language", f"one of {', '.join(LANGUAGES)}"))
    if not 0 < len(survey.intro.strip()) <= MOST_TEXT:
        wrong.append(("/intro", f"say who calls and why in at most {MOST_TEXT} characters"))
    if not 1 <= len(survey.questions) <= MOST_QUESTIONS:
        return [*wrong, ("/questions", f"a survey has 1 to {MOST_QUESTIONS} questions")]
    for n, question in enumerate(survey.questions):
        wrong += _in_question(n, question, len(survey.questions))
    return wrong or list(_in_ways(survey.questions))


def _in_question(n: int, question: Question, count: int) -> Iterator[tuple[str, str]]:
    if not 0 < len(question.text.strip()) <= MOST_TEXT:
        yield f"/questions/{n}/text", f"ask it in at most {MOST_TEXT} characters"
    if not 1 <= len(question.answers) <= MOST_ANSWERS:
        yield f"/questions/{n}/answers", f"a question has 1 to {MOST_ANSWERS} answers"
    keys = [answer.key for answer in question.answers]
    for k, answer in enumerate(question.answers):
        at = f"/questions/{n}/answers/{k}"
        if answer.key not in KEYS or len(answer.key) != 1:
            yield f"{at}/key", "a key of an answer is 1 to 7: 8, 9 and 0 are the same in every dialogue"
        elif keys.index(answer.key) != k:
            yield f"{at}/key", f"key {answer.key} stands for another answer already"
        if not 0 < len(answer.label.strip()) <= MOST_LABEL:
            yield f"{at}/label", f"name the answer in at most {MOST_LABEL} characters"
        if answer.to not in ("", END) and not (
            answer.to.isascii() and answer.to.isdecimal() and 1 <= int(answer.to) <= count
        ):
            yield f"{at}/to", "it leads to no question that there is"


def _in_ways(questions: Sequence[Question]) -> Iterator[tuple[str, str]]:
    """No way goes round, so that each ends in the goodbye; and one leads to every question."""
    out = [{_next(n, answer.to, len(questions)) for answer in one.answers} for n, one in enumerate(questions)]
    reached, todo = {0}, [0]
    while todo:
        for to in out[todo.pop()] - {None} - reached:
            assert to is not None
            reached.add(to)
            todo.append(to)
    for n in range(len(questions)):
        if n not in reached:
            yield f"/questions/{n}", "no answer leads to this question"
    for n, question in enumerate(questions):
        for k, answer in enumerate(question.answers):
            to = _next(n, answer.to, len(questions))
            if to is not None and n in _behind(to, out):
                yield f"/questions/{n}/answers/{k}/to", "this way comes back to the same question"


def _next(n: int, to: str, count: int) -> int | None:
    """The place of the next question; None: the goodbye."""
    if to == END or (to == "" and n + 1 == count):
        return None
    return n + 1 if to == "" else int(to) - 1


def _behind(start: int, out: Sequence[set[int | None]]) -> set[int]:
    seen, todo = {start}, [start]
    while todo:
        for to in out[todo.pop()]:
            if to is not None and to not in seen:
                seen.add(to)
                todo.append(to)
    return seen


def wrong_dialogue(script: Script) -> list[tuple[str, str]]:
    """What a survey's dialogue may not be, beyond what no dialogue may (menus/script.py): step and what is wrong."""
    asked = [step for step in script.steps.values() if step.records]
    wrong = []
    if not 1 <= len(asked) <= MOST_QUESTIONS:
        wrong.append(("steps", f"a survey has 1 to {MOST_QUESTIONS} questions"))
    out = {
        step.id: {choice.next for choice in step.choices.values()} | ({step.next} if step.next else set())
        for step in script.steps.values()
    }
    for step in script.steps.values():
        if step.kind is not StepKind.END and step.id in _reached(out[step.id], out):
            wrong.append((step.id, "a survey comes to no question twice: a way leads back here"))
    return wrong


def _reached(start: set[str], out: Mapping[str, set[str]]) -> set[str]:
    seen, todo = set(start), list(start)
    while todo:
        for other in out.get(todo.pop(), set()) - seen:
            seen.add(other)
            todo.append(other)
    return seen


# --- keeping them ----------------------------------------------------------------------------------------------------


class SurveysService:
    """For those who lead; the desk reads."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def all(self) -> list[Kept]:
        """The newest version of each that was not put away, the last changed first."""
        async with self._store.read() as conn:
            found = await rows.script_texts_like(conn, PREFIX)
        newest: dict[str, ScriptText] = {}
        for one in found:
            if one.kind not in newest or int(one.language) > int(newest[one.kind].language):
                newest[one.kind] = one
        kept = [one for one in map(_kept, newest.values()) if one.survey is not None]
        return sorted(kept, key=lambda one: one.at, reverse=True)

    async def versions(self, survey_id: str) -> list[Kept]:
        """Every version, the newest first. Raises NotFound."""
        found: list[ScriptText] = []
        if _ID.fullmatch(survey_id):  # a path may hold what no database takes for a text
            async with self._store.read() as conn:
                found = await rows.script_texts_of(conn, PREFIX + survey_id)
        if not found:
            raise NotFound("there is no such survey")
        return sorted(map(_kept, found), key=lambda one: -one.version)

    async def get(self, survey_id: str, version: int | None = None) -> Kept:
        """That version, or the newest. Raises NotFound for one that there is not, or that was put away."""
        for one in await self.versions(survey_id):
            if one.survey is not None and version in (None, one.version):
                return one
            if version is None:
                break
        raise NotFound(f"there is no survey {survey_id[:20]}" + (f" of version {version}" if version else ""))

    async def add(self, survey: Survey, who: str) -> Kept:
        """Raises Refused with a pointer to each mistake."""
        if len(await self.all()) >= MOST_SURVEYS:
            raise Refused(f"there are {MOST_SURVEYS} surveys: put one away first")
        return await self._write(secrets.token_hex(4), 1, survey, who)

    async def put(self, survey_id: str, survey: Survey, who: str, *, after: int) -> Kept:
        """Another version, after the one that its writer saw. Raises NotFound, Refused, Conflict."""
        await self.get(survey_id)
        return await self._write(survey_id, after + 1, survey, who)

    async def put_away(self, survey_id: str, who: str) -> None:
        """It is offered no more; its versions stay, and so do the campaigns that ask it. Raises NotFound."""
        newest = await self.get(survey_id)
        await self._write(survey_id, newest.version + 1, None, who)

    async def _write(self, survey_id: str, version: int, survey: Survey | None, who: str) -> Kept:
        if survey is not None and (wrong := mistakes(survey)):
            errors = [{"pointer": f"#{pointer}", "detail": detail} for pointer, detail in wrong]
            raise Refused("; ".join(detail for _, detail in wrong), errors=errors)
        text = json.dumps(to_raw(survey), ensure_ascii=False) if survey is not None else ""
        one = ScriptText(PREFIX + survey_id, str(version), VERSION, storable(text), self._clock.now(), who)
        async with self._store.begin() as tx:
            newest = max((int(row.language) for row in await rows.script_texts_of(tx.conn, one.kind)), default=0)
            if newest != version - 1 or not await rows.add_script_text(tx, one):
                raise Conflict("somebody has changed this survey meanwhile: read it again", version=newest)
        return _kept(one)


def to_raw(survey: Survey) -> dict[str, Any]:
    """JSON-able; `from_raw` reads it back equal."""
    questions = [
        {"text": one.text, "answers": [{"key": a.key, "label": a.label, "to": a.to} for a in one.answers]}
        for one in survey.questions
    ]
    return {"name": survey.name, "language": survey.language, "intro": survey.intro, "questions": questions}


def from_raw(raw: Mapping[str, Any]) -> Survey:
    questions = tuple(
        Question(one["text"], tuple(Answer(a["key"], a["label"], a["to"]) for a in one["answers"]))
        for one in raw["questions"]
    )
    return Survey(raw["name"], raw["language"], raw["intro"], questions)


def _kept(row: ScriptText) -> Kept:
    survey = from_raw(json.loads(row.text)) if row.text else None
    return Kept(row.kind.removeprefix(PREFIX), int(row.language), survey, row.changed_at, row.changed_by)
