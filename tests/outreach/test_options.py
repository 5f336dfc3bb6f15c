"""What a service leaves out of a dialogue: it stays one that may be asked, a mark stays a mark, key 0 still works."""

from __future__ import annotations

from itertools import combinations

import pytest

from callengine.errors import NotFound, Refused
from callengine.menus import script as scripts
from callengine.menus.script import Kind
from callengine.outreach.options import ASK_DONE, COMMENT, OPERATOR, OPTIONS, varied
from callengine.outreach.scripts import ScriptsService
from tests.outreach.world import World

EVERY = [
    (kind, off) for kind, names in OPTIONS.items() for n in range(len(names) + 1) for off in combinations(names, n)
]


@pytest.mark.parametrize(("kind", "off"), EVERY)
def test_whatever_is_left_out_the_dialogue_may_be_asked(kind: Kind, off: tuple[str, ...]) -> None:
    made = varied(scripts.shipped(kind), off)
    assert scripts.read(scripts.raw_of(made)) == made
    asked = [step for step in made.steps.values() if step.choices]
    assert asked and all(made.steps[step.choices["0"].next].then is scripts.Then.OPERATOR for step in asked)
    named = [
        text for step in asked for text in step.say.values() if "Диспетчер: ноль" in text or "Dispatcher: z" in text
    ]
    assert bool(named) is (OPERATOR not in off)


def test_the_greeting_asks_for_the_mark_itself() -> None:
    made = varied(scripts.shipped(Kind.RATING), {ASK_DONE})
    hello = made.steps["hello"]
    assert hello.marks and {hello.choices[key].next for key in "12345"} == {"marked"}
    assert "Оцените работу от одного до пяти" in hello.say["ru"] and "выполнена, нажмите" not in hello.say["ru"]
    assert not {"not_done", "sorry"} & made.steps.keys()


def test_nobody_is_asked_to_speak() -> None:
    made = varied(scripts.shipped(Kind.RATING), {COMMENT})
    assert "comment" not in made.steps and "1" not in made.steps["marked"].choices
    assert not [step for step in made.steps.values() if "отзыв" in step.say["ru"] or "comment" in step.say["en"]]
    assert made.steps["hello"].choices["2"].next == "not_done", "and a human still calls him"


async def test_what_is_left_out_is_kept_and_taken_in_again_beside_ones_own_words(both: World) -> None:
    service = ScriptsService(both.store, both.clock)
    await service.put("rating", {"bye": {"ru": "До свидания."}}, "Орлова")
    made = await service.choose("rating", {COMMENT: False, OPERATOR: False}, "Орлова")
    assert made.options == {ASK_DONE: True, COMMENT: False, OPERATOR: False}
    assert "comment" not in made.script.steps and made.script.steps["bye"].say["ru"] == "До свидания."
    again = await service.choose("rating", {COMMENT: True}, "Северин")
    assert again.options == {ASK_DONE: True, COMMENT: True, OPERATOR: False}
    assert "comment" in (await service.script("rating")).steps
    await service.choose("rating", {OPERATOR: True}, "Северин")
    assert (await service.get("rating")).script.steps["hello"] == scripts.shipped(Kind.RATING).steps["hello"]


async def test_own_words_of_which_nothing_is_left_without_the_option_are_refused_like_the_other_way_round(
    world: World,
) -> None:
    service, words = ScriptsService(world.store, world.clock), {"hello": {"ru": "Диспетчер: ноль."}}
    await service.choose("outage", {OPERATOR: False}, "Орлова")
    with pytest.raises(scripts.ScriptWrong):
        await service.put("outage", words, "Орлова")
    assert (await service.get("outage")).own == {}
    await service.choose("outage", {OPERATOR: True}, "Орлова")
    await service.put("outage", words, "Орлова")
    with pytest.raises(scripts.ScriptWrong):
        await service.choose("outage", {OPERATOR: False}, "Орлова")


async def test_an_option_that_there_is_not_is_refused(world: World) -> None:
    service = ScriptsService(world.store, world.clock)
    with pytest.raises(Refused, match="no option"):
        await service.choose("outage", {COMMENT: False}, "Орлова")
    with pytest.raises(NotFound):
        await service.choose("nothing", {OPERATOR: False}, "Орлова")
