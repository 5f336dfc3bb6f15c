"""The sentences that every call needs lie there before it: spoken one at a time, again when words change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from callengine.clock import ManualClock
from callengine.menus.dialogues import static_texts
from callengine.outreach import prompts as module
from callengine.outreach.prompts import StaticPrompts
from callengine.outreach.scripts import ScriptsService
from callengine.speech.voice import EngineRests, NoRoomForVoice, NoVoice
from callengine.store.database import Store
from callengine.store.migrate import migrate


class FakeVoice:
    """Remembers what it said; `fails` are parts of texts that it cannot say."""

    def __init__(self) -> None:
        self.spoken: list[tuple[str, str]] = []
        self.tries: list[str] = []
        self.fails: set[str] = set()
        self.error: Exception | None = None
        self.rests = False
        self.at_once = self.most = 0

    def missing(self, texts: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        if self.error:
            raise self.error
        return [one for one in texts if one not in self.spoken]

    async def prepare(self, language: str, text: str) -> bool:
        self.tries.append(text)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if self.rests:
            raise EngineRests("RHVoice was late 3 times in a row: left in peace a while")
        if any(part in text for part in self.fails):
            raise NoVoice("no engine speaks it")
        self.spoken.append((language, text))
        return True


@pytest.fixture
async def scripts(tmp_path: Path) -> AsyncIterator[ScriptsService]:
    url = f"sqlite+aiosqlite:///{tmp_path}/prompts.db"
    await asyncio.to_thread(migrate, url)
    store = Store(url)
    yield ScriptsService(store, ManualClock())
    await store.close()


async def test_all_of_both_languages_are_spoken_one_at_a_time(scripts: ScriptsService) -> None:
    voice = FakeVoice()
    prompts = StaticPrompts(voice, scripts)
    assert prompts.standing.missing is None, "nobody has looked yet"
    steps = [one async for one in prompts.speak()]
    assert set(voice.spoken) == set(static_texts())
    assert [one.done for one in steps] == list(range(1, len(voice.spoken) + 1))
    assert {one.of for one in steps} == {len(voice.spoken)}
    assert voice.most == 1
    assert (prompts.standing.total, prompts.standing.missing) == (len(voice.spoken), 0)


async def test_changed_words_are_spoken_and_nothing_else(scripts: ScriptsService) -> None:
    voice = FakeVoice()
    prompts = StaticPrompts(voice, scripts)
    assert [one async for one in prompts.speak()]
    before = len(voice.spoken)
    await scripts.put("rating", {"mark": {"ru": "Как вам наша работа? Нажмите от 1 до 5."}}, "Иванова")
    assert await prompts.missing() != []
    assert [one async for one in prompts.speak()]
    assert voice.spoken[before:] == [("ru", "Как вам наша работа?"), ("ru", "Нажмите от одного до пяти.")]


async def test_a_text_that_no_engine_speaks_keeps_no_other_and_is_not_tried_for_ever(scripts: ScriptsService) -> None:
    voice = FakeVoice()
    voice.fails = {"Оцените работу"}
    prompts = StaticPrompts(voice, scripts)
    for _ in range(module.MOST_RETRIES + 2):
        assert [one async for one in prompts.speak()]
    assert len(voice.spoken) == prompts.standing.total - 1
    assert (prompts.standing.missing, prompts.standing.failed) == (1, 1)
    assert prompts.standing.problem == "no engine speaks it"
    assert sum("Оцените работу" in one for one in voice.tries) == module.MOST_RETRIES


async def test_an_engine_that_is_left_in_peace_a_while_costs_no_text_its_tries(scripts: ScriptsService) -> None:
    voice = FakeVoice()
    prompts = StaticPrompts(voice, scripts)
    voice.rests = True
    for _ in range(module.MOST_RETRIES + 1):
        with pytest.raises(EngineRests):
            assert [one async for one in prompts.speak()]
    voice.rests = False
    assert [one async for one in prompts.speak()]
    assert (prompts.standing.missing, prompts.standing.failed) == (0, 0)
    assert set(voice.spoken) == set(static_texts())


@pytest.mark.parametrize("error", [NoVoice("apt-get install espeak-ng"), NoRoomForVoice("full"), OSError(5, "I/O")])
async def test_no_trouble_of_the_voice_ends_it_and_it_goes_on_by_itself(
    error: Exception, scripts: ScriptsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    voice = FakeVoice()
    voice.error = error
    prompts = StaticPrompts(voice, scripts)
    running = asyncio.ensure_future(prompts.run())
    try:
        async with asyncio.timeout(20):
            while not prompts.standing.problem:
                await asyncio.sleep(0.01)
            assert not running.done()
            voice.error = None
            while prompts.standing.missing != 0:
                await asyncio.sleep(0.01)
        assert set(voice.spoken) == set(static_texts())
    finally:
        running.cancel()
