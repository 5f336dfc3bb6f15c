"""The sentences that are the same in every call, spoken before any call needs them: slowly, one at a time, for ever."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Protocol

from callengine.errors import EngineError
from callengine.menus import ears as aloud
from callengine.menus.script import LANGUAGES, Kind
from callengine.menus.walk import digit_words
from callengine.outreach.scripts import ScriptsService
from callengine.speech import words
from callengine.speech.voice import EngineRests, NoRoomForVoice, NoVoice

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0  # until changed words, or a prompt that somebody deleted, are seen
REST = 1.0  # after each prompt as long as it took: other work on this machine comes first
MOST_RETRIES = 3  # of a text that no engine speaks, one each look; after that its call says so


class StaticVoice(Protocol):
    """What of speech/voice.Voice is needed."""

    def missing(self, texts: Iterable[tuple[str, str]]) -> list[tuple[str, str]]: ...

    async def prepare(self, language: str, text: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Standing:
    """How the static prompts stand; `missing` is None while nobody has looked yet."""

    total: int = 0
    missing: int | None = None
    failed: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """One more prompt is done; `problem` says why it could not be spoken, "" when it was."""

    done: int
    of: int
    language: str
    text: str
    problem: str = ""


class StaticPrompts:
    """Keeps every static sentence of every dialogue, in the service's own words, ready in its voice."""

    def __init__(self, voice: StaticVoice, scripts: ScriptsService) -> None:
        self.standing = Standing()
        self._voice, self._scripts = voice, scripts
        self._tried: dict[tuple[str, str], int] = {}

    async def texts(self) -> list[tuple[str, str]]:
        """Language and text of all of them, as they are worded now."""
        found: dict[tuple[str, str], None] = {}
        for kind in Kind:
            script = await self._scripts.script(kind)
            for language in LANGUAGES:
                for sentence in script.static_sentences(language):
                    said = words.normalise(sentence, language)
                    if any(c.isalnum() for c in said):
                        found[language, said] = None
        for language in LANGUAGES:
            found |= dict.fromkeys((language, said) for said in [*digit_words(language), *aloud.texts(language)])
        return list(found)

    async def missing(self) -> list[tuple[str, str]]:
        """What a call would wait for. Raises NoVoice without any engine."""
        texts = await self.texts()
        found = await asyncio.to_thread(self._voice.missing, texts)
        self.standing = Standing(len(texts), len(found), self.standing.failed)
        return found

    async def speak(self) -> AsyncIterator[Progress]:
        """Speak what is missing, one at a time. Raises NoVoice without an engine, EngineRests, NoRoomForVoice."""
        todo = await self.missing()
        loop, failed = asyncio.get_running_loop(), 0
        for done, (language, text) in enumerate(todo, start=1):
            problem, began = "", loop.time()
            try:
                if self._tried.get((language, text), 0) >= MOST_RETRIES:
                    problem = "no engine speaks it"
                else:
                    await self._voice.prepare(language, text)
                    self._tried.pop((language, text), None)
            except (EngineRests, NoRoomForVoice):
                raise  # nothing is said of this text: all of them wait
            except NoVoice as error:
                problem = error.detail
                self._tried[language, text] = self._tried.get((language, text), 0) + 1
                log.warning("a prompt cannot be spoken: %s", error.detail, extra={"action": "prompt_failed"})
            failed += bool(problem)
            self.standing = Standing(self.standing.total, len(todo) - done + failed, failed, problem)
            yield Progress(done, len(todo), language, text, problem)
            await asyncio.sleep(REST * (loop.time() - began))

    async def run(self) -> None:
        """For ever: at the start, and whenever words or files have changed. No trouble of a voice ends it."""
        while True:
            try:
                spoken = [one async for one in self.speak()]
                if spoken:
                    told = {"action": "prompts_ready", "spoken": len(spoken), "failed": self.standing.failed}
                    log.info("static prompts were spoken ahead", extra=told)
            except (EngineError, OSError) as error:
                why = getattr(error, "detail", str(error))
                if why != self.standing.problem:
                    log.warning("static prompts wait: %s", why, extra={"action": "prompts_wait"})
                self.standing = Standing(self.standing.total, self.standing.missing, self.standing.failed, why)
            await asyncio.sleep(LOOK_SECONDS)
