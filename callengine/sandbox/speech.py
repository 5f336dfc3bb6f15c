"""Voices of the street: sentences spoken by espeak-ng as G.711 A-law, with a hum where it is not installed."""

from __future__ import annotations

import asyncio
import io
import math
import shutil
import struct
import wave
from collections.abc import Sequence
from functools import lru_cache

SILENCE = b"\xd5"
RATE = 8000

RESIDENT = {
    "ru": (
        "Здравствуйте! У нас в подвале прорвало трубу, вода поднимается. Приезжайте скорее, пожалуйста.",
        "Добрый день. Лифт стоит со вчерашнего вечера, второй подъезд, мы на девятом этаже.",
        "Алло, диспетчер? Нет горячей воды, батареи холодные, в квартире двенадцать градусов.",
        "У меня искрит розетка на кухне, и пахнет гарью. Что мне делать?",
        "Я звонила утром насчёт крыши. Мастер так и не пришёл, а потолок уже мокрый.",
        "Во дворе открыт канализационный люк, там играют дети. Поставьте хотя бы ограждение.",
    ),
    "en": (
        "Hello! A pipe has burst in our cellar and the water is rising. Please come quickly.",
        "Good afternoon. The lift has been stuck since last night, second entrance, we live on the ninth floor.",
        "Hello, is this the dispatcher? There is no hot water and the radiators are cold.",
        "The socket in my kitchen sparks and it smells of burning. What should I do?",
    ),
}
OPERATOR = {
    "ru": (
        "Диспетчерская служба, здравствуйте. Назовите, пожалуйста, адрес и номер квартиры.",
        "Понятно. Перекройте, пожалуйста, кран на стояке. Бригада выезжает, ждите в течение получаса.",
        "Заявка принята. Её номер придёт вам сообщением. Всего доброго.",
    ),
    "en": (
        "Dispatch service, good afternoon. Please tell me the address and the flat number.",
        "I see. Please close the valve on the riser. The crew is on its way.",
    ),
}
_VOICES = {"ru": ("ru", "ru+f2", "ru+m3", "ru+f4"), "en": ("en", "en+f3", "en+m2")}


async def say(text: str, *, language: str = "ru", voice: int = 0) -> bytes:
    """One sentence as A-law, half a second of silence after it. Cached for the life of the process."""
    if (key := (text, language, voice)) not in _spoken:
        _spoken[key] = await _espeak(text, language, voice) or hum(seconds=max(2.0, len(text) / 14))
    return _spoken[key]


async def conversation(sentences: Sequence[str], *, language: str = "ru", voice: int = 0) -> bytes:
    """Sentences with pauses between them, as one side of a talk sounds."""
    parts = [await say(sentence, language=language, voice=voice) for sentence in sentences]
    return (SILENCE * (RATE * 3 // 2)).join(parts)


_spoken: dict[tuple[str, str, int], bytes] = {}


async def _espeak(text: str, language: str, voice: int) -> bytes:
    if not shutil.which("espeak-ng"):
        return b""
    voices = _VOICES.get(language, _VOICES["en"])
    process = await asyncio.create_subprocess_exec(
        "espeak-ng", "-v", voices[voice % len(voices)], "-s", "150", "--stdout", text,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        out, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.communicate()  # or its pipe stays open behind us
        raise
    return await asyncio.to_thread(from_wav, out) if process.returncode == 0 and out else b""


def from_wav(wav: bytes) -> bytes:
    """A mono 16-bit WAV of any rate as A-law at 8 kHz."""
    # espeak-ng writes to a pipe and so cannot know the length that its header names: read to the end.
    with wave.open(io.BytesIO(wav)) as file:
        rate = file.getframerate()
    samples = memoryview(wav[44 : 44 + (len(wav) - 44) // 2 * 2]).cast("h")
    table = _alaw_table()
    step = rate / RATE
    width = max(1, round(step))
    out = bytearray()
    for index in range(int(len(samples) / step) - 1):
        start = int(index * step)
        # The mean over the step is a rough low-pass: good enough for a telephone.
        out.append(table[(sum(samples[start : start + width]) // width) & 0xFFFF])
    return bytes(out) + SILENCE * (RATE // 2)


def hum(*, seconds: float, pitch: float = 180.0) -> bytes:
    """A murmuring tone that is loud enough to be told from silence."""
    table = _alaw_table()
    return bytes(
        table[int(9000 * math.sin(2 * math.pi * pitch * n / RATE) * (0.6 + 0.4 * math.sin(n / 700))) & 0xFFFF]
        for n in range(int(seconds * RATE))
    )


@lru_cache(1)
def _alaw_table() -> bytes:
    """A-law of every 16-bit sample, indexed by its unsigned value (the standard library lost audioop in 3.13)."""
    return bytes(_alaw(sample if sample < 32768 else sample - 65536) for sample in range(65536))


def _alaw(sample: int) -> int:
    sign, value = (0x80, sample >> 3) if sample >= 0 else (0x00, (-sample - 1) >> 3)
    if value < 32:
        code = value >> 1
    else:
        segment = min(value.bit_length() - 5, 7)
        code = (segment << 4) | ((value >> segment) & 0x0F)
    return (code | sign) ^ 0x55


def _linear(code: int) -> int:
    code ^= 0x55
    segment, value = (code >> 4) & 7, (code & 0x0F) << 4
    value = value + 8 if segment == 0 else (value + 0x108) << (segment - 1)
    return value if code & 0x80 else -value


def _ulaw(sample: int) -> int:
    sign, value = (0x80, -sample) if sample < 0 else (0, sample)
    value = min(value, 32635) + 132
    segment = max(0, value.bit_length() - 8)
    return ~(sign | (segment << 4) | ((value >> (segment + 3)) & 0x0F)) & 0xFF


@lru_cache(1)
def to_ulaw() -> bytes:
    """The translation of A-law bytes to mu-law ones."""
    return bytes(_ulaw(_linear(code)) for code in range(256))


def wav_of(alaw: bytes) -> bytes:
    """The audio as an A-law WAV file, to listen to."""
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(alaw), b"WAVE", b"fmt ", 16, 6, 1, RATE, RATE, 1, 8,
                       b"data", len(alaw))  # fmt: skip
    return head + alaw
