"""How a telephone line listens to keys and speech at once: a short recording that a key or a second of silence ends.

EAGI, where a script hears the caller, is not there for FastAGI; so the PBX records, and the engine reads the file.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from callengine.errors import EngineError
from callengine.menus.ears import SILENCE, Listened
from callengine.speech.answers import Heard, understood
from callengine.speech.asr import NoAsr

log = logging.getLogger(__name__)

SILENCE_SECONDS = 1.0  # after the last word; RECORD FILE knows whole seconds alone


class Recogniser(Protocol):
    """speech/hearing.LiveAsr."""

    @property
    def ready(self) -> bool: ...

    def knows(self, language: str) -> bool: ...

    async def hear(self, recording: Path, language: str, wanted: Collection[str]) -> Heard: ...


class SpokenLine(Protocol):
    """A line that records without deafness for keys (pbx/fastagi.AgiCall)."""

    async def record_or_key(self, file: str, *, seconds: float, silence_seconds: float) -> tuple[str, bool]:
        """A key, or whether there is sound in the recording, as `Line.record` has it. Raises HungUp, EngineError."""
        ...


class LineEars:
    """Ears of one call. `folder` is the PBX's monitor folder as the engine sees it."""

    def __init__(self, line: SpokenLine, recogniser: Recogniser, folder: Path, said: str, language: str) -> None:
        self.said = said
        self._line, self._recogniser, self._folder, self._language = line, recogniser, folder, language
        self._deaf = False

    @property
    def ready(self) -> bool:
        return self._recogniser.ready and not self._deaf and self._recogniser.knows(self._language)

    async def listen(self, name: str, wanted: Collection[str], *, seconds: float) -> Listened | None:
        file = f"{self.said}-{name}"
        left = seconds
        while left > 0:
            # It ends at the first second of silence, before he has said a word too.
            try:
                key, sound = await self._line.record_or_key(file, seconds=left, silence_seconds=SILENCE_SECONDS)
            except EngineError as error:
                self._deaf = True
                log.error("answers cannot be recorded: %s", error.detail, extra={"action": "answer_unrecorded"})
                return None
            if key or sound:
                return Listened(key=key) if key else await self._understood(file, wanted)
            left -= SILENCE_SECONDS
        await self.forget(name)
        return SILENCE

    async def _understood(self, file: str, wanted: Collection[str]) -> Listened:
        try:
            heard = await self._recogniser.hear(self._folder / f"{file}.wav", self._language, wanted)
        except NoAsr as error:
            self._deaf = True  # whatever it was, he is not to speak in vain twice
            log.warning("an answer was not heard: %s", error.detail, extra={"action": "answer_unheard", "file": file})
            return Listened(spoke=True)
        it = understood(heard, self._language, wanted)
        return Listened(spoke=True, meaning=it.meaning, certainty=it.certainty)

    async def forget(self, name: str) -> None:
        # The PBX's own file: where we may not delete it, its administrator's term for the folder does.
        with contextlib.suppress(OSError):
            await asyncio.to_thread((self._folder / f"{self.said}-{name}.wav").unlink, missing_ok=True)
