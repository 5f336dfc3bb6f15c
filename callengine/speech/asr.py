"""Sound becomes words: an optional adapter (extra `asr`, off by default), on this machine and nowhere else.

Speech is a help to a human who reads the comment, and a second way to say a digit; a mark stays a key (menus/).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import exp
from pathlib import Path
from typing import Any, Protocol

from callengine.errors import Unavailable

_SURE = 0.6  # mean probability under which no digit is taken out of speech


class NoAsr(Unavailable):
    """Speech cannot be read here: pip install 'callengine[asr]', and let [speech] asr_model name a model's folder."""

    code = "no-asr"


@dataclass(frozen=True, slots=True)
class Transcript:
    """`certainty` 0 to 1 is the model's own: a help to the reader, no proof. Empty text: nobody spoke."""

    text: str
    certainty: float


class Transcriber(Protocol):
    """What reads a recording."""

    async def transcribe(self, recording: Path, language: str) -> Transcript:
        """Raises NoAsr when the recording cannot be read."""
        ...


def open_asr(model: str) -> Transcriber | None:
    """The adapter for a model's folder, or None for "": switched off. Raises NoAsr, with what to install."""
    return FasterWhisper(Path(model)) if model else None


class FasterWhisper:
    """faster-whisper with a model that lies on this disk; nothing is downloaded. One recording at a time."""

    def __init__(self, model: Path) -> None:
        try:
            from faster_whisper import WhisperModel
        except ImportError:
            raise NoAsr from None
        if not (model / "model.bin").is_file():
            raise NoAsr(f"there is no model of faster-whisper in {model}: it needs model.bin and its tables")
        try:
            self._model: Any = WhisperModel(str(model), device="cpu", compute_type="int8", local_files_only=True)
        except (RuntimeError, ValueError, OSError) as error:
            raise NoAsr(f"the model in {model} cannot be loaded: {error}") from None
        self._one = asyncio.Lock()

    async def transcribe(self, recording: Path, language: str) -> Transcript:
        async with self._one:
            try:
                return await asyncio.to_thread(self._read, recording, language)
            except (RuntimeError, ValueError, OSError) as error:
                raise NoAsr(f"{recording.name} cannot be read: {error}") from None

    def _read(self, recording: Path, language: str) -> Transcript:
        segments, _ = self._model.transcribe(
            str(recording), language=language, beam_size=1, vad_filter=True, condition_on_previous_text=False
        )
        return _joined(segments)


def _joined(segments: Iterable[Any]) -> Transcript:
    said = [one for one in segments if one.no_speech_prob < 0.6 and one.text.strip()]
    if not said:
        return Transcript("", 0.0)
    certainty = sum(exp(one.avg_logprob) for one in said) / len(said)
    return Transcript(" ".join(one.text.strip() for one in said), min(1.0, certainty))


_DIGITS = {
    "ru": (
        *("ноль нуль", "один одна раз единица", "два две двойка", "три тройка", "четыре четвёрка четверка"),
        *("пять пятёрка пятерка", "шесть", "семь", "восемь", "девять"),
    ),
    "en": ("zero oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
}
_BY_WORD = {
    language: {word: str(digit) for digit, words in enumerate(rows) for word in words.split()}
    for language, rows in _DIGITS.items()
}
_NOT = {"ru": {"не", "ни"}, "en": {"not", "no"}}


def digit_in(transcript: Transcript, language: str) -> str:
    """The one digit that was said, or "": several, a doubtful one or «не пять» are none."""
    if transcript.certainty < _SURE:
        return ""
    words = re.findall(r"\d+|[^\W\d_]+", transcript.text.lower())
    if set(words) & _NOT.get(language, set()):
        return ""
    found = {w if len(w) == 1 else "?" for w in words if w.isdecimal()}
    found |= {_BY_WORD[language][w] for w in words if w in _BY_WORD.get(language, {})}
    return found.pop() if len(found) == 1 and "?" not in found else ""
