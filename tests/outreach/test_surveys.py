"""Surveys of one's own: what may not be asked, versions that nobody overwrites, a campaign that keeps its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from callengine.errors import Conflict, NotFound, Refused
from callengine.menus import script as scripts
from callengine.menus.script import Kind, ScriptWrong
from callengine.outreach import surveys
from callengine.outreach.campaigns import NewCampaign
from callengine.outreach.model import CallKind
from callengine.outreach.surveys import Answer, Question, Survey, SurveysService, mistakes, wrong_dialogue
from tests.outreach.world import World, number


def question(*ways: str) -> Question:
    return Question("Чисто?", tuple(Answer(str(k + 1), "да", to) for k, to in enumerate(ways)))


def survey(*questions: Question, **more: Any) -> Survey:
    return Survey("Двор", "ru", "Здравствуйте!", questions or (question("", ""),), **more)


GOOD = survey(question("2", "end"), question("end", ""), question(""))


@pytest.mark.parametrize(
    ("wrong", "at"),
    [
        (survey(question("end", "end"), question("")), ["/questions/1"]),  # nothing leads to it
        (survey(question("3"), question(""), question("2")), [f"/questions/{n}/answers/0/to" for n in (1, 2)]),
        (survey(question("1")), ["/questions/0/answers/0/to"]),
        (survey(question("", "9")), ["/questions/0/answers/1/to"]),
        (survey(question("²")), ["/questions/0/answers/0/to"]),
        (survey(*[question("")] * 13), ["/questions"]),
        (replace(GOOD, questions=()), ["/questions"]),
        (survey(question()), ["/questions/0/answers"]),
        (survey(question(*[""] * 8)), ["/questions/0/answers", "/questions/0/answers/7/key"]),
        (survey(Question("?", (Answer("1", "да"), Answer("1", "нет")))), ["/questions/0/answers/1/key"]),
        (
            survey(Question("?", (Answer("0", "а"), Answer("12", "б")))),
            ["/questions/0/answers/0/key", "/questions/0/answers/1/key"],
        ),
        (survey(Question(" ", (Answer("1", " "),))), ["/questions/0/text", "/questions/0/answers/0/label"]),
        (replace(GOOD, name=" ", language="de", intro=""), ["/name", "/language", "/intro"]),
    ],
)  # fmt: skip
def test_what_no_survey_may_be_is_told_at_its_place(wrong: Survey, at: list[str]) -> None:
    assert [pointer for pointer, _ in mistakes(wrong)] == at


def test_a_survey_that_branches_and_ends_is_right() -> None:
    assert mistakes(GOOD) == []
    assert surveys.from_raw(surveys.to_raw(GOOD)) == GOOD


def test_the_shipped_survey_is_one_that_may_be_asked() -> None:
    assert wrong_dialogue(scripts.shipped(Kind.SURVEY)) == []


def looping(raw: dict[str, Any]) -> None:
    raw["steps"]["satisfied"]["keys"]["1"]["next"] = "clean"


def crowded(raw: dict[str, Any]) -> None:
    for n in range(10):
        raw["steps"][f"q{n}"] = raw["steps"]["dirty"]
        raw["steps"]["clean"]["keys"][str(n % 5 + 3)] = {"next": f"q{n}"}


@pytest.mark.parametrize(("spoil", "problem"), [(looping, "leads back here"), (crowded, "questions|no way leads")])
async def test_a_campaign_asks_no_dialogue_that_goes_round_or_has_too_many_questions(
    world: World, spoil: Callable[[dict[str, Any]], None], problem: str
) -> None:
    raw = scripts.shipped_raw(Kind.SURVEY)
    spoil(raw)
    with pytest.raises(ScriptWrong, match=problem):
        await world.campaigns.create(NewCampaign(CallKind.SURVEY, "Двор", [number(1)], dialogue=raw), "Орлова", 2)


async def test_each_change_is_another_version_and_the_earlier_ones_stay(both: World) -> None:
    service = SurveysService(both.store, both.clock)
    first = await service.add(GOOD, "Орлова")
    both.clock.advance(seconds=60)
    second = await service.put(first.id, replace(GOOD, name="Двор и подъезд"), "Северин", after=1)
    assert (second.version, (await service.get(first.id)).survey) == (2, replace(GOOD, name="Двор и подъезд"))
    assert (await service.get(first.id, 1)).survey == GOOD
    assert [(one.version, one.who) for one in await service.versions(first.id)] == [(2, "Северин"), (1, "Орлова")]
    assert [one.id for one in await service.all()] == [first.id]


async def test_of_two_who_change_the_same_version_one_is_told_that_he_was_late(both: World) -> None:
    service = SurveysService(both.store, both.clock)
    kept = await service.add(GOOD, "Орлова")
    await service.put(kept.id, replace(GOOD, name="Первая"), "Орлова", after=1)
    with pytest.raises(Conflict, match="meanwhile"):
        await service.put(kept.id, replace(GOOD, name="Вторая"), "Северин", after=1)
    survey_now = (await service.get(kept.id)).survey
    assert survey_now is not None and survey_now.name == "Первая"
    for after in (0, 5):
        with pytest.raises(Conflict):
            await service.put(kept.id, GOOD, "Северин", after=after)


async def test_what_is_wrong_is_not_kept_and_what_is_put_away_is_offered_no_more(world: World) -> None:
    service = SurveysService(world.store, world.clock)
    with pytest.raises(Refused) as refused:
        await service.add(survey(question("1")), "Орлова")
    assert refused.value.extra["errors"][0]["pointer"] == "#/questions/0/answers/0/to"
    assert await service.all() == []
    kept = await service.add(GOOD, "Орлова")
    await service.put_away(kept.id, "Орлова")
    assert await service.all() == []
    for ask in (
        service.get(kept.id),
        service.get("nothing"),
        service.get("0000\x000"),
        service.put(kept.id, GOOD, "Орлова", after=2),
    ):
        with pytest.raises(NotFound):
            await ask
    assert (await service.get(kept.id, 1)).survey == GOOD, "its history stays"
    assert (await world.campaigns.get((await world.survey([number(1)])).campaign.id)).kind is CallKind.OUTAGE


async def test_a_campaign_that_runs_keeps_the_dialogue_that_it_began_with(world: World) -> None:
    raw = scripts.shipped_raw(Kind.SURVEY)
    wish = NewCampaign(CallKind.SURVEY, "Двор", [number(1)], dialogue=raw)
    made = (await world.campaigns.create(wish, "Орлова", 2)).campaign
    service = SurveysService(world.store, world.clock)
    kept = await service.add(GOOD, "Орлова")
    await service.put(kept.id, replace(GOOD, intro="Другие слова"), "Орлова", after=1)
    await service.put_away(kept.id, "Орлова")
    asked = scripts.read((await world.campaigns.get(made.id)).script["dialogue"])
    assert asked == scripts.shipped(Kind.SURVEY)
