"""Answers that are said aloud: what a dialogue asks of the ears of a line, and what it says about them.

A recogniser is sure of wrong things, so whatever it understood is read back and confirmed before it counts (walk.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from callengine.errors import EngineError
from callengine.menus.outcome import Result
from callengine.menus.script import Step, StepKind, Texts
from callengine.speech import words
from callengine.speech.answers import FORMS, NO, YES, Heard, understood
from callengine.speech.asr import NoAsr

log = logging.getLogger(__name__)

SILENCE_SECONDS = 1.0  # after the last word; RECORD FILE knows whole seconds alone
CONFIRM_SECONDS = 5.0

SAY_IT: Texts = {"ru": "Ответ можно и сказать вслух.", "en": "You may also say your answer."}
YOU_SAID: Texts = {"ru": "Вы сказали:", "en": "You said:"}
IS_IT_RIGHT: Texts = {
    "ru": "Если верно, нажмите один или скажите да.",
    "en": "If this is right, press one or say yes.",
}
BY_KEYS: Texts = {
    "ru": "Ответ не разобран. Нажмите, пожалуйста, клавишу.",
    "en": "Your answer was not understood. Please press a key.",
}

_YES_WORDS, _NO_WORDS = {"да", "yes"}, {"нет", "no"}
_MEANS_YES = (Result.DONE_NO_MARK, Result.ACKNOWLEDGED)
_MEANS_NO = (Result.NOT_DONE, Result.DECLINED)


@dataclass(frozen=True, slots=True)
class Listened:
    """A key that was pressed, or what was said: `meaning` as answers.py has it, "" for nothing that was understood."""

    key: str = ""
    spoke: bool = False
    meaning: str = ""
    certainty: float = 0.0


SILENCE = Listened()


class Ears(Protocol):
    """Hears keys and speech at once, on one line."""

    said: str  # how the recordings of answers are named: Outcome.said

    @property
    def ready(self) -> bool:
        """Whether speech would be understood now; without it the dialogue asks by keys and does not offer more."""
        ...

    async def listen(self, name: str, wanted: Collection[str], *, seconds: float) -> Listened | None:
        """Until a key, until he has spoken, or so long. Raises HungUp; a recogniser in trouble understands nothing.

        What he said is kept as the recording `said`-`name`. None: the PBX cannot record, nobody has listened to him.
        """
        ...

    async def forget(self, name: str) -> None:
        """That recording led to nothing: it is nobody's."""
        ...


def meanings(step: Step) -> dict[str, str]:
    """What may be said at a step, as answers.py names it, and the key that it stands for; {} where only keys count.

    Marks, answers that are kept, and yes or no. Operator, "not me" and "never again" are keys alone.
    """
    if step.kind is not StepKind.KEY or step.tries < 2:
        return {}
    found: dict[str, str] = {}
    for key, choice in step.choices.items():
        label = {text.strip().lower() for text in choice.label.values()}
        yes = choice.result in _MEANS_YES or (step.records and not label.isdisjoint(_YES_WORDS))
        no = choice.result in _MEANS_NO or (step.records and not label.isdisjoint(_NO_WORDS))
        if yes or no:
            found[YES if yes else NO] = key
        if yes or no or ((step.marks or step.records) and choice.result is None):
            found[key] = key
    return {} if NO in found and YES not in found else found


def word_for(meaning: str, language: str) -> str:
    """How it is read back."""
    return FORMS[language][meaning] if meaning in (YES, NO) else words.digits(meaning, language)


def texts(language: str) -> list[str]:
    """Every sentence of this page: to be spoken ahead, the same in every call."""
    said = (SAY_IT, YOU_SAID, IS_IT_RIGHT, BY_KEYS)
    found = [words.normalise(one, language) for text in said for one in words.sentences(text[language], language)]
    return [*found, *(words.normalise(FORMS[language][one], language) for one in (YES, NO)), *digits(language)]


def digits(language: str) -> list[str]:
    return [words.digits(digit, language) for digit in "0123456789"]


# --- over a telephone line ---------------------------------------------------------------------------------


class Recogniser(Protocol):
    """speech/hearing.LiveAsr."""

    @property
    def ready(self) -> bool: ...

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
        return self._recogniser.ready and not self._deaf

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
            log.warning("an answer was not heard: %s", error.detail, extra={"action": "answer_unheard", "file": file})
            return Listened(spoke=True)
        it = understood(heard, self._language, wanted)
        return Listened(spoke=True, meaning=it.meaning, certainty=it.certainty)

    async def forget(self, name: str) -> None:
        # The PBX's own file: where we may not delete it, its administrator's term for the folder does.
        with contextlib.suppress(OSError):
            await asyncio.to_thread((self._folder / f"{self.said}-{name}.wav").unlink, missing_ok=True)
