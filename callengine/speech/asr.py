"""Sound becomes words: an optional adapter (extra `asr`, off by default), on this machine and nowhere else.

Here recordings that nobody waits for, with a process for each; answers while a caller waits are in hearing.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from math import exp
from pathlib import Path
from typing import Any, Protocol

from callengine.errors import Unavailable

_REPEATS = 2.4  # text that packs better than so says one thing again and again: the model's own limit
_NEEDED = ("model.bin", "config.json", "tokenizer.json")
_NICE = 15
_GRACE_SECONDS = 5.0  # beyond its term the process ends itself: nobody else does when the engine was killed meanwhile
_SILENT = 0.6  # probability of no speech from which a segment is none


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


def open_asr(model: str, *, seconds: float = 300.0) -> Transcriber | None:
    """The adapter for a model's folder, or None for "": switched off. Raises NoAsr, with what to install."""
    return AsrProcess(Path(model), seconds=seconds) if model else None


class AsrProcess:
    """Reads each recording in a process of its own, one at a time, at low priority, within `seconds`.

    A model takes hundreds of megabytes and may break the process that holds it: neither is the engine's.
    """

    def __init__(self, model: Path, *, seconds: float = 300.0, python: str = sys.executable) -> None:
        check_model(model)
        if python == sys.executable and find_spec("faster_whisper") is None:
            raise NoAsr
        self._model, self._seconds, self._python = model, seconds, python
        self._one = asyncio.Lock()

    async def transcribe(self, recording: Path, language: str) -> Transcript:
        async with self._one:
            return self._told(recording, *await self._asked(recording, language))

    async def _asked(self, recording: Path, language: str) -> tuple[int, bytes, bytes]:
        most = f"{self._seconds + _GRACE_SECONDS:g}"
        command = (self._python, "-m", "callengine.speech.asr", str(self._model), str(recording), language, most)
        # Nothing is fetched, whatever a model's folder lacks; and one core is enough for what nobody waits for.
        env = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=env, start_new_session=True
            )
        except OSError as error:
            raise NoAsr(f"speech cannot be read: {error.strerror or error}") from None
        try:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
            said, complaint = await asyncio.wait_for(process.communicate(), self._seconds)
        except TimeoutError:
            raise NoAsr(f"{recording.name} was not read within {self._seconds:g} s") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        return process.returncode or 0, said, complaint

    def _told(self, recording: Path, status: int, said: bytes, complaint: bytes) -> Transcript:
        try:
            answer = json.loads(said.splitlines()[-1])
            if "problem" in answer:
                raise NoAsr(answer["problem"])
            return Transcript(str(answer["text"]), float(answer["certainty"]))
        except (ValueError, KeyError, TypeError, IndexError):
            why = complaint.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
            raise NoAsr(f"{recording.name} was not read, the process ended with {status}: {why[0][-200:]}") from None


def check_model(model: Path) -> None:
    """Raises NoAsr, which names the files that are missing, without loading anything."""
    # Without its tokenizer the library would fetch one from a hub: nothing leaves or enters this machine for speech.
    if missing := [name for name in _NEEDED if not (model / name).is_file()]:
        raise NoAsr(f"there is no model of faster-whisper in {model}: it needs {', '.join(missing)}")


def loaded(model: Path) -> Any:
    """A WhisperModel, in this process. Raises NoAsr."""
    try:
        from faster_whisper import WhisperModel
    except ImportError:
        raise NoAsr from None
    try:
        return WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)
    except (RuntimeError, ValueError, OSError) as error:
        raise NoAsr(f"the model in {model} cannot be loaded: {error}") from None


def refuse_language(model: Path, whisper: Any, language: str) -> None:
    """Raises NoAsr for a language that the model does not know."""
    if language != "en" and not whisper.model.is_multilingual:
        # It would hear English words in Russian speech, and be sure of them.
        raise NoAsr(f"the model in {model} knows English alone, and this was said in {language!r}")


def read(model: Path, recording: Path, language: str) -> Transcript:
    """faster-whisper itself, in this process. Raises NoAsr."""
    whisper = loaded(model)
    refuse_language(model, whisper, language)
    try:
        # One temperature: a second and a third try at what is noise take as long again and invent text.
        segments, _ = whisper.transcribe(
            str(recording), language=language, beam_size=5, temperature=0.0, vad_filter=True,
            condition_on_previous_text=False,
        )  # fmt: skip
        return _joined(segments)
    except Exception as error:  # the decoder's own errors have no common class
        raise NoAsr(f"{recording.name} cannot be read: {error}") from None


def _joined(segments: Iterable[Any]) -> Transcript:
    said = [one for one in segments if one.text.strip() and not _is_noise(one)]
    if not said:
        return Transcript("", 0.0)
    letters = [len(one.text.strip()) for one in said]
    certainty = sum(exp(one.avg_logprob) * long for one, long in zip(said, letters, strict=True)) / sum(letters)
    return Transcript(" ".join(one.text.strip() for one in said), min(1.0, certainty))


def _is_noise(one: Any) -> bool:
    return bool(one.no_speech_prob >= _SILENT or one.compression_ratio > _REPEATS)


def end_first() -> None:
    """When memory runs out the kernel is to end this process, and not the engine or its database."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def main(arguments: Sequence[str]) -> int:
    """`python -m callengine.speech.asr MODEL RECORDING LANGUAGE SECONDS` prints one line of JSON, or is ended."""
    model, recording, language, most = arguments
    signal.setitimer(signal.ITIMER_REAL, float(most))  # SIGALRM ends it in the middle of the decoder too
    end_first()
    try:
        heard = read(Path(model), Path(recording), language)
        print(json.dumps({"text": heard.text, "certainty": heard.certainty}))
    except NoAsr as error:
        print(json.dumps({"problem": error.detail}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
