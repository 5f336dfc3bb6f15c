"""The recogniser while a caller waits: one process that keeps its model, and an answer soon or never.

Whatever it is, dead, slow, busy or not there, says so at once: the dialogue then asks by keys. What an answer means is
in answers.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Collection
from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec
from math import exp, log
from pathlib import Path
from typing import Any

from callengine.speech.answers import FORMS, Heard
from callengine.speech.asr import NoAsr, check_model, end_first, loaded, refuse_language
from callengine.tasks import Tasks

journal = logging.getLogger(__name__)

LOAD_SECONDS = 60.0  # of a model, on a machine that has other work
IDLE_SECONDS = 900.0  # without a call the model's memory is given back
REST_SECONDS = 60.0  # after it was slow or died: the calls of the next minute are asked by keys
MOST_IN_LINE = 2  # one is read and one waits: a third would only lose time
_NICE = 5
_GRACE_SECONDS = 5.0
# Of Whisper's 30 s only so much is looked at: an answer is short, and the caller waits a tenth of the time.
FRAMES = 800
_FRAME_SAMPLES, _RATE = 160, 16_000
_MOST_TOKENS = 16
_LEAST = 1e-9  # a probability is never nought


class LiveAsr:
    """Hears one answer at a time, each within `seconds`. `warm` before the call, for a model takes seconds to load.

    `seconds` counts from the question to the answer, waiting for another caller's included.
    """

    def __init__(
        self,
        model: Path,
        *,
        seconds: float = 4.0,
        idle_seconds: float = IDLE_SECONDS,
        rest_seconds: float = REST_SECONDS,
        python: str = sys.executable,
    ) -> None:
        """Raises NoAsr when there is no model there, or no library."""
        check_model(model)
        if python == sys.executable and find_spec("faster_whisper") is None:
            raise NoAsr
        self.problem = ""  # why it does not hear, for the log and /health
        self._model, self._seconds, self._python = model, seconds, python
        self._idle, self._rest = idle_seconds, rest_seconds
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._one = asyncio.Lock()
        self._in_line = self._asked = 0
        self._multilingual = True
        self._used = self._rests_until = 0.0
        self._tasks = Tasks()

    @property
    def ready(self) -> bool:
        """Whether an answer that is said now would be heard."""
        process = self._process
        return process is not None and process.returncode is None and self._in_line < MOST_IN_LINE

    def knows(self, language: str) -> bool:
        """Whether the model that is loaded was taught that language; one that knows English alone says so."""
        return self._multilingual or language == "en"

    def warm(self) -> None:
        """A call is about to be made: have the model in memory by then. Returns at once."""
        now = asyncio.get_running_loop().time()
        self._used = now
        if (self._keeping is None or self._keeping.done()) and now >= self._rests_until:
            self._keeping = self._tasks.start(self._keep(), name="asr-live")

    async def hear(self, recording: Path, language: str, wanted: Collection[str]) -> Heard:
        """What was said, with the wanted meanings weighed against the sound. Raises NoAsr, within `seconds`."""
        process = self._process
        if process is None or not self.ready:
            raise NoAsr(self.problem or "no recogniser is ready")
        loop = asyncio.get_running_loop()
        self._used, turn_at = loop.time(), None
        self._in_line += 1
        try:
            async with asyncio.timeout(self._seconds):
                async with self._one:
                    turn_at = loop.time()
                    return await self._answer(process, recording, language, wanted)
        except TimeoutError:
            why = f"{recording.name} was not understood within {self._seconds:g} s"
            if turn_at is not None and loop.time() - turn_at >= self._seconds / 2:
                self._give_up(process, why)  # it was not the one before who took the time
            raise NoAsr(why) from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            self._give_up(process, f"its answer cannot be read: {error or type(error).__name__}")
            raise NoAsr(self.problem) from None
        finally:
            self._in_line -= 1

    async def close(self) -> None:
        await self._tasks.close()

    async def _answer(
        self, process: asyncio.subprocess.Process, recording: Path, language: str, wanted: Collection[str]
    ) -> Heard:
        assert process.stdin is not None and process.stdout is not None
        self._asked += 1
        asked = {"id": self._asked, "recording": str(recording), "language": language, "wanted": list(wanted)}
        process.stdin.write(json.dumps(asked | {"seconds": self._seconds + _GRACE_SECONDS}).encode() + b"\n")
        await process.stdin.drain()
        told: dict[str, Any] = {}
        # What a caller who hung up did not wait for comes first.
        while told.get("id") != asked["id"]:
            if not (line := await process.stdout.readline()):
                raise ValueError("it has ended")
            told = json.loads(line)
        if "problem" in told:
            raise NoAsr(str(told["problem"]))
        return Heard(
            str(told["text"]),
            float(told["certainty"]),
            str(told["hinted"]),
            float(told["hinted_certainty"]),
            _numbers(told["gains"]),
            _numbers(told["behind"]),
        )

    def _give_up(self, process: asyncio.subprocess.Process, why: str) -> None:
        """End it and leave it in peace a while: who is slow now is slow for the next caller too."""
        self.problem = why
        self._rests_until = asyncio.get_running_loop().time() + self._rest
        if self._process is process:
            self._process = None
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        journal.warning("answers are not heard for a while: %s", why, extra={"action": "asr_rests"})

    async def _keep(self) -> None:
        """The life of one process: until nobody has called for long, or it ends."""
        loop = asyncio.get_running_loop()
        process: asyncio.subprocess.Process | None = None
        try:
            process = await self._start()
            async with asyncio.timeout(LOAD_SECONDS):
                assert process.stdout is not None
                told = json.loads(await process.stdout.readline() or b'{"problem": "it ended while it was loading"}')
            if "problem" in told:
                raise NoAsr(str(told["problem"]))
            self._multilingual = bool(told["multilingual"])
            self._process, self.problem = process, ""
            while (left := self._used + self._idle - loop.time()) > 0 and process.returncode is None:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), left)
            if left > 0 and self._process is process:
                raise NoAsr(f"it ended with {process.returncode}")
        except (NoAsr, OSError, ValueError, KeyError, TypeError, TimeoutError) as error:
            self.problem = error.detail if isinstance(error, NoAsr) else f"no recogniser: {error or 'it did not load'}"
            self._rests_until = loop.time() + self._rest
            journal.warning("answers are not heard: %s", self.problem, extra={"action": "asr_off"})
        finally:
            self._process = None
            if process is not None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    async def _start(self) -> asyncio.subprocess.Process:
        env = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            *(self._python, "-m", "callengine.speech.hearing", str(self._model)),
            stdin=pipe, stdout=pipe, stderr=nothing, env=env, start_new_session=True,
        )  # fmt: skip
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
        return process


def _numbers(told: Any) -> dict[str, float]:
    return {str(name): float(value) for name, value in told.items()}


# --- in the process of the recogniser --------------------------------------------------------------------------


class Ear:
    """faster-whisper held for short answers: it is told what to expect, and each wanted answer is scored."""

    def __init__(self, model: Path) -> None:
        """Raises NoAsr."""
        self._numpy: Any = import_module("numpy")  # comes with the library
        self._model, self._whisper = model, loaded(model)
        self._silence = self._encoded(self._numpy.zeros(_RATE, dtype="float32"))
        self._in_silence: dict[tuple[str, str], float] = {}
        self._tokenizers: dict[str, Any] = {}

    @property
    def multilingual(self) -> bool:
        return bool(self._whisper.model.is_multilingual)

    def hear(self, recording: str, language: str, wanted: Collection[str]) -> Heard:
        """Raises NoAsr for a language that the model does not know, and the library's own errors for a bad file."""
        from faster_whisper import decode_audio

        refuse_language(self._model, self._whisper, language)
        sound = self._encoded(decode_audio(recording, sampling_rate=_RATE))
        forms = {one: FORMS[language][one] for one in wanted if one in FORMS.get(language, {})}
        text, own, tokens = self._words(sound, language, [])
        hinted, of_hinted, more = self._words(sound, language, list(forms.values()))
        gains, behind = {}, {}
        for meaning, form in forms.items():
            score = self._score(sound, language, form)
            gains[meaning], behind[meaning] = score - self._score_in_silence(language, form), own - score
        return Heard(text, exp(own / tokens), hinted, exp(of_hinted / more), gains, behind)

    def _encoded(self, audio: Any) -> Any:
        most = FRAMES * _FRAME_SAMPLES
        samples = self._numpy.pad(audio[:most], (0, max(0, most - len(audio))))
        return self._whisper.encode(self._whisper.feature_extractor(samples)[:, :FRAMES])

    def _tokenizer(self, language: str) -> Any:
        if language not in self._tokenizers:
            from faster_whisper.tokenizer import Tokenizer

            whisper = self._whisper
            self._tokenizers[language] = Tokenizer(
                whisper.hf_tokenizer, whisper.model.is_multilingual, task="transcribe", language=language
            )
        return self._tokenizers[language]

    def _words(self, sound: Any, language: str, expected: list[str]) -> tuple[str, float, int]:
        """The words, the logarithm of their probability together, and of how many tokens they are."""
        tokenizer = self._tokenizer(language)
        hint = [tokenizer.sot_prev, *tokenizer.encode(" " + " ".join(expected))] if expected else []
        prompt = [*hint, *tokenizer.sot_sequence, tokenizer.no_timestamps]
        made = self._whisper.model.generate(
            sound, [prompt], beam_size=5, max_length=len(prompt) + _MOST_TOKENS, return_scores=True, suppress_blank=True
        )[0]
        found = made.sequences_ids[0]
        return tokenizer.decode(found).strip(), float(made.scores[0]) * len(found), len(found) + 1

    def _score(self, sound: Any, language: str, form: str) -> float:
        tokenizer = self._tokenizer(language)
        told = self._whisper.model.align(
            sound, list(tokenizer.sot_sequence), [tokenizer.encode(f" {form.capitalize()}.")], [FRAMES]
        )[0]
        return sum(log(max(one, _LEAST)) for one in told.text_token_probs)

    def _score_in_silence(self, language: str, form: str) -> float:
        if (known := self._in_silence.get((language, form))) is None:
            known = self._in_silence[language, form] = self._score(self._silence, language, form)
        return known


def serve(model: Path) -> None:
    """One line of JSON per question on the standard input, one per answer on the output; until the input ends."""

    def tell(told: dict[str, Any]) -> None:
        print(json.dumps(told), flush=True)

    try:
        ear = Ear(model)
    except Exception as error:  # the library's own errors have no common class
        return tell({"problem": error.detail if isinstance(error, NoAsr) else f"{type(error).__name__}: {error}"})
    tell({"multilingual": ear.multilingual})
    for line in sys.stdin:
        asked = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, float(asked["seconds"]))  # nobody waits for it any more by then
        try:
            tell({"id": asked["id"]} | asdict(ear.hear(asked["recording"], asked["language"], asked["wanted"])))
        except Exception as error:
            why = error.detail if isinstance(error, NoAsr) else f"{type(error).__name__}: {error}"
            tell({"id": asked["id"], "problem": why[:300]})
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    end_first()
    serve(Path(sys.argv[1]))
