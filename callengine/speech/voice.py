"""Words become sound: RHVoice, espeak-ng or festival as a subprocess, 8 kHz mono WAV for a telephone, kept by hash.

What is kept is heard by residents, so a file is taken only after its sound was looked at: an engine may end with 0 and
have said nothing (RHVoice does so when a disk is full, when the text is none, when it has no language).
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import hashlib
import logging
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from os import stat
from pathlib import Path
from typing import Literal, NamedTuple

from callengine.errors import Unavailable

log = logging.getLogger(__name__)

RATE = 8000  # samples a second: what a telephone carries
SHORTEST_SECONDS, QUIETEST_PEAK, LOUDEST_PEAK = 0.1, 2_000, 32_000
# Nobody speaks so fast or so slowly, whatever the rate: letters a second.
FASTEST, SLOWEST = 60.0, 1.5
EngineName = Literal["auto", "rhvoice", "espeak-ng", "festival"]
_PROGRAMS: Mapping[str, str] = {"rhvoice": "RHVoice-test", "espeak-ng": "espeak-ng", "festival": "text2wave"}
_AUTOMATIC = ("rhvoice", "espeak-ng")  # festival takes 5 s a sentence: by choice alone
_RHVOICE_VOICES = Path("/usr/share/RHVoice/voices")
VOICES: Mapping[str, Mapping[str, str]] = {
    # RHVoice's other voices are not for commercial use.
    "rhvoice": {"ru": "elena", "en": "slt"},
    "espeak-ng": {"ru": "ru", "en": "en"},
    "festival": {"ru": "voice_msu_ru_nsh_clunits"},
}
_DAY_SECONDS = 86_400
_NICE = 10  # of what nobody waits for
_VERSION = 4  # of the rendering: another number speaks everything anew


class NoVoice(Unavailable):
    """The text could not be spoken."""

    code = "no-voice"


class TooSlow(NoVoice):
    """An engine did not end by its deadline."""


class EngineRests(NoVoice):
    """An engine was late too often in a row and is left in peace for a while: no word of it against this text."""


class NoRoomForVoice(NoVoice):
    """The disk of the prompts is full: free some room, the next call tries again."""

    code = "no-room-for-voice"


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """`rate` is percent of the voice's own; `voices` names a voice per language, "" or none takes the engine's."""

    engine: EngineName = "auto"
    voices: Mapping[str, str] = field(default_factory=dict)
    rate: int = 100
    deadline_seconds: float = 20.0
    at_once: int = 2


class Sound(NamedTuple):
    """What a prompt is as sound; `peak` of 32 767."""

    seconds: float
    peak: int
    mean: float  # mean of the absolute values: a file of clicks has a peak and no mean


def sound_of(path: Path) -> Sound:
    """Raises NoVoice when it is no 8 kHz mono 16 bit WAV."""
    try:
        with wave.open(str(path)) as file:
            form = (file.getframerate(), file.getnchannels(), file.getsampwidth())
            data = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise NoVoice(f"{path.name} is no sound: {error or 'it is empty'}") from None
    if form != (RATE, 1, 2):
        raise NoVoice(f"{path.name} has {form[0]} Hz, {form[1]} channels, {form[2] * 8} bits, not {RATE}, 1, 16")
    samples = array.array("h", data[: len(data) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    if not samples:
        return Sound(0.0, 0, 0.0)
    return Sound(len(samples) / RATE, max(max(samples), -min(samples)), sum(map(abs, samples)) / len(samples))


def fault_of(sound: Sound, text: str) -> str:
    """Why this cannot be the text, or ""."""
    letters = sum(c.isalpha() for c in text)
    if sound.seconds - _PADDING < max(SHORTEST_SECONDS, letters / FASTEST):
        return f"{sound.seconds:.2f} s are too short for {letters} letters"
    if sound.seconds > 3 + letters / SLOWEST:
        return f"{sound.seconds:.1f} s are too long for {letters} letters"
    if sound.peak < QUIETEST_PEAK or sound.mean < 50:
        return "it is silent"
    if sound.peak > LOUDEST_PEAK:
        return "it is clipped"
    return ""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What speaking ahead came to; `failed` are the texts that no engine speaks."""

    spoken: int = 0
    kept: int = 0
    failed: tuple[str, ...] = ()


class Voice:
    """Speaks into `folder`, and tells prompts as the PBX sees that folder (`seen_as`, "" for the same path).

    `say` is what dialogues take. Safe for threads, and for two processes on one folder.
    """

    def __init__(self, folder: Path, settings: VoiceSettings | None = None, *, seen_as: str = "") -> None:
        self.settings = settings or VoiceSettings()
        self.waited = self.spoken = self.failed = self.fallen = 0  # waited: calls of `say` that were not spoken ahead
        self._folder = folder
        self._seen_as = seen_as or str(folder.absolute())
        self._engine = ""
        self._marks: dict[tuple[str, str, str], str] = {}
        self._told: dict[tuple[str, str], tuple[str, str]] = {}  # (language, text) -> the file, the prompt
        self._instead: dict[Path, Path] = {}  # spoken by another engine, since the first one fails on it
        self._room = threading.BoundedSemaphore(self.settings.at_once)
        self._wanted: dict[str, _Wanted] = {}
        # Of its own: who waits for an engine must not hold the threads that the rest of the house runs on.
        self._threads = ThreadPoolExecutor(self.settings.at_once, thread_name_prefix="voice")
        self._late = _Late()

    @property
    def engine(self) -> str:
        """The engine that speaks. Raises NoVoice, with the package to install."""
        if not self._engine:
            self._engine = self._found()
        return self._engine

    def path(self, language: str, text: str, engine: str = "") -> Path:
        """Where this text lies, or would lie. Raises NoVoice."""
        engine = engine or self.engine
        mark = self._marks.get((engine, language, text))
        if mark is None:
            parts = (_VERSION, engine, self._voice(engine, language), self.settings.rate, language, text)
            mark = hashlib.sha256("|".join(map(str, parts)).encode(errors="replace")).hexdigest()[:40]
            if len(self._marks) > 20_000:
                self._marks.clear()
            self._marks[engine, language, text] = mark
        return self._folder / mark[:2] / f"{mark}.wav"

    def ready(self, language: str, text: str) -> bool:
        """Whether a call would not wait for it."""
        return self._kept(self.path(language, text)) is not None

    def render(self, language: str, text: str, *, aside: bool = False) -> Path:
        """Speak it, or take what was spoken. `aside`: at low priority, nobody waits for it. Blocks. Raises NoVoice."""
        engine = self.engine
        path = self.path(language, text, engine)
        if kept := self._kept(path):
            return kept
        with self._room:
            try:
                if self._late.is_given_up():
                    raise EngineRests(
                        f"{_PROGRAMS[engine]} was late {_Late.MOST} times in a row: left in peace a while"
                    )
                self._speak(engine, language, text, path, aside)
                self._late.spoke()
                return path
            except NoRoomForVoice:
                raise
            except NoVoice as error:
                if isinstance(error, TooSlow):
                    self._late.was_late()
                return self._by_another(engine, language, text, path, error)

    def missing(self, texts: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Language and text of what a call would have to wait for. Raises NoVoice without any engine."""
        return [(language, text) for language, text in texts if not self.ready(language, text)]

    async def prepare(self, language: str, text: str) -> bool:
        """Speak what nobody waits for, at low priority. False when it is there already. Raises NoVoice."""
        if self.ready(language, text):
            return False
        await self._rendered(language, text, aside=True)
        return True

    async def say(self, language: str, text: str) -> str:
        """The prompt as the PBX plays it: a path without ending. Raises NoVoice."""
        if (told := self._told.get((language, text))) is not None:
            # A call looks for each of its forty sentences: whether the file lies there still, and was seen to be used
            # today. Only the disk knows: a person, the PBX or another engine on this folder may have removed it.
            try:
                found = stat(told[0])
                if found.st_size >= _SMALLEST and time.time() - found.st_mtime <= _DAY_SECONDS:
                    return told[1]
            except OSError:
                pass
        kept = self._kept(self.path(language, text))
        if kept is None:
            self.waited += 1
            kept = await self._rendered(language, text)
        prompt = f"{self._seen_as}/{kept.parent.name}/{kept.stem}"
        if len(self._told) > 20_000:
            self._told.clear()
        self._told[language, text] = str(kept), prompt
        return prompt

    async def ahead(self, language: str, texts: Iterable[str]) -> Ahead:
        """Speak what is not there yet; one failure does not keep the rest."""
        spoken, kept = 0, 0
        failed: list[str] = []
        for text in dict.fromkeys(texts):
            if self.ready(language, text):
                kept += 1
                continue
            try:
                await self._rendered(language, text)
                spoken += 1
            except NoRoomForVoice:
                raise
            except NoVoice as error:
                log.warning("a prompt cannot be spoken: %s", error.detail, extra={"action": "prompt_failed"})
                failed.append(text)
        return Ahead(spoken, kept, tuple(failed))

    def forget_unused(self, days: float, now: float | None = None) -> int:
        """Remove what nobody played for so long: addresses and names are in these files. How many went."""
        before, gone = (time.time() if now is None else now) - days * _DAY_SECONDS, 0
        for path in self._folder.glob("??/*.wav"):
            with contextlib.suppress(OSError):
                if path.name.startswith("."):
                    # Half-done, of an engine that was killed over it.
                    if path.stat().st_mtime < time.time() - _DAY_SECONDS:
                        path.unlink()
                elif path.stat().st_mtime < before:
                    path.unlink()
                    gone += 1
        return gone

    # --- one text -----------------------------------------------------------------------------------------

    def _found(self) -> str:
        asked = self.settings.engine
        for name in _AUTOMATIC if asked == "auto" else (asked,):
            if shutil.which(_PROGRAMS[name]):
                return name
        package = {
            "auto": "espeak-ng (or Debian's rhvoice, rhvoice-russian)",
            "rhvoice": "rhvoice rhvoice-russian rhvoice-english, from Debian's non-free",
            "festival": "festival festvox-ru",
        }.get(asked, asked)
        raise NoVoice(f"there is no voice for the prompts: apt-get install {package}")

    def _kept(self, path: Path) -> Path | None:
        kept = self._instead.get(path, path)
        try:
            found = kept.stat()
        except OSError:
            return None
        if found.st_size < _SMALLEST:
            return None  # a file whose content a power cut took is spoken again
        if time.time() - found.st_mtime > _DAY_SECONDS:
            with contextlib.suppress(OSError):
                os.utime(kept)  # whoever clears old prompts away looks at this time
        return kept

    async def _rendered(self, language: str, text: str, *, aside: bool = False) -> Path:
        """One rendering of a text at a time; who waited for one that failed is told so and does not try it again."""
        key = f"{language}|{text}"
        wanted = self._wanted.setdefault(key, _Wanted())
        wanted.by += 1
        try:
            async with wanted.lock:
                if wanted.failed is not None:
                    raise wanted.failed
                loop = asyncio.get_running_loop()
                try:
                    return await loop.run_in_executor(self._threads, partial(self.render, language, text, aside=aside))
                except NoVoice as error:
                    wanted.failed = error
                    raise
        finally:
            wanted.by -= 1
            if not wanted.by:
                self._wanted.pop(key, None)

    def _by_another(self, engine: str, language: str, text: str, path: Path, error: NoVoice) -> Path:
        """One strange voice is better than a silent robot; what failed is tried again after a restart."""
        others = [n for n in ("espeak-ng", "rhvoice") if n != engine and shutil.which(_PROGRAMS[n])]
        for other in others:
            instead = self.path(language, text, other)
            try:
                if self._kept(instead) is None:
                    self._speak(other, language, text, instead)
            except NoVoice:
                continue
            self.fallen += 1
            told = {"action": "voice_fallen_back", "engine": engine, "instead": other}
            log.warning("%s failed on a text, %s speaks it: %s", engine, other, error.detail, extra=told)
            self._instead[path] = instead
            return instead
        self.failed += 1
        raise error

    def _speak(self, engine: str, language: str, text: str, path: Path, aside: bool = False) -> None:
        if not any(c.isalnum() for c in text):
            raise NoVoice(f"there is nothing to say in {text[:40]!r}")
        # Two engines, a sandbox, or two threads may speak one text into one folder at the same time.
        own = f".{path.stem}.{secrets.token_hex(8)}"
        raw, fit = path.with_name(f"{own}.raw.wav"), path.with_name(f"{own}.part.wav")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._run(self._command(engine, language, raw), text, aside)
            self._run(_sox(str(raw), "-b", "16", str(fit), *_FIT), "", aside)
            if fault := fault_of(sound_of(fit), text):
                raise NoVoice(f"{_PROGRAMS[engine]} did not speak {text[:60]!r}: {fault}")
            _to_disk(fit)
            fit.replace(path)
            self.spoken += 1
        except OSError as error:
            raise NoVoice(f"{path.parent} takes no prompt: {error.strerror or error}") from error
        except NoVoice as error:
            if _is_full(path.parent):
                raise NoRoomForVoice from error
            raise
        finally:
            for left in (raw, fit):
                with contextlib.suppress(OSError):
                    left.unlink(missing_ok=True)

    def _command(self, engine: str, language: str, raw: Path) -> list[str]:
        voice, rate = self._voice(engine, language), self.settings.rate
        if engine == "rhvoice":
            # It takes an unknown voice for another one, in silence.
            if _RHVOICE_VOICES.is_dir() and not (_RHVOICE_VOICES / voice).is_dir():
                raise NoVoice(f"RHVoice has no voice {voice!r}: apt-get install rhvoice-russian rhvoice-english")
            return [_PROGRAMS[engine], "-p", voice, "-r", str(rate), "-o", str(raw)]
        if engine == "espeak-ng":
            return [_PROGRAMS[engine], "-v", voice, "-s", str(150 * rate // 100), "-w", str(raw), "--stdin"]
        if not voice:
            raise NoVoice(f"festival speaks no {language!r} here")
        slow = f"(Parameter.set 'Duration_Stretch {100 / rate:.2f})"
        return [_PROGRAMS[engine], "-eval", f"({voice})", "-eval", slow, "-o", str(raw)]

    def _voice(self, engine: str, language: str) -> str:
        # A voice of one engine is nobody to another: the setting is of the engine that was asked for.
        chosen = self.settings.voices.get(language, "")
        of_it = engine == (self.settings.engine if self.settings.engine != "auto" else _AUTOMATIC[0])
        return chosen if chosen and of_it else VOICES[engine].get(language, "")

    def _run(self, command: list[str], text: str, aside: bool = False) -> None:
        execute(command, text, self.settings.deadline_seconds, aside=aside)


# The level is set after the rate: what a telephone does not carry must not count as loudness.
_FIT = ("channels", "1", "rate", str(RATE), "gain", "-n", "-3", "pad", "0.1", "0.2")
_PADDING = 0.3
_SMALLEST = 44 + int(2 * RATE * SHORTEST_SECONDS)  # bytes of a WAV that may hold a word


@dataclass(slots=True)
class _Wanted:
    """One text that is being spoken, and how many wait for it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    by: int = 0
    failed: NoVoice | None = None


class _Late:
    """An engine that hangs on every text must not cost each call its deadline: after some in a row it is left alone."""

    MOST, PAUSE_SECONDS = 3, 600.0

    def __init__(self) -> None:
        self._times, self._until = 0, 0.0

    def was_late(self) -> None:
        self._times += 1
        if self._times >= self.MOST:
            self._until = time.monotonic() + self.PAUSE_SECONDS

    def spoke(self) -> None:
        self._times, self._until = 0, 0.0

    def is_given_up(self) -> bool:
        return time.monotonic() < self._until


def _to_disk(path: Path) -> None:
    """Before it gets its name: a name that outlives its content in a power cut would be silence for ever."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _is_full(folder: Path) -> bool:
    try:
        room = os.statvfs(folder)
    except OSError:
        return False
    no_names_left = room.f_files > 0 and room.f_favail == 0
    return no_names_left or room.f_bavail * room.f_frsize < 1 << 20


def execute(command: list[str], text: str, seconds: float, *, aside: bool = False) -> None:
    """Run an engine or sox with the text on its input. Raises NoVoice when it fails, TooSlow when it takes longer."""
    try:
        # A session of its own: festival's text2wave is a shell that starts another process, and both must end.
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
    except OSError as error:
        raise NoVoice(f"{command[0]} cannot be started: {error.strerror or error}") from None
    with process:
        if aside:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
        try:
            _, complaint = process.communicate(text.encode(errors="replace"), timeout=seconds)
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                # Somebody who left the session may hold the pipe for ever: the dead one is not waited for through it.
                process.communicate(timeout=1)
            if isinstance(error, subprocess.TimeoutExpired):
                raise TooSlow(f"{command[0]} took longer than {seconds:g} s") from None
            raise
    if process.returncode != 0:
        raise NoVoice(f"{command[0]} failed: {complaint.decode(errors='replace').strip()[-400:]}")


def tone(kept: Path, *effects: str) -> Path:
    """A signal made by sox, once. Raises NoVoice."""
    if not kept.exists():
        part = kept.with_suffix(f".{secrets.token_hex(8)}.part.wav")
        try:
            execute(_sox("-n", "-r", str(RATE), "-c", "1", "-b", "16", str(part), *effects), "", 60)
            part.replace(kept)
        finally:
            part.unlink(missing_ok=True)
    return kept


def _sox(*arguments: str) -> list[str]:
    if not shutil.which("sox"):
        raise NoVoice("sox makes the prompts fit for a telephone and is missing: apt-get install sox")
    return ["sox", "-V1", "-R", *arguments]
