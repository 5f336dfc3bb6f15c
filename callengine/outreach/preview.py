"""How a step of a dialogue sounds: its words with sample values, spoken by the robot's own voice, as one WAV."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypedDict
from zoneinfo import ZoneInfo

from callengine.clock import Clock
from callengine.config import Locale, Outreach
from callengine.errors import Refused
from callengine.menus import walk
from callengine.menus.jobs import (
    ExecutorJob,
    Job,
    Meter,
    MeterJob,
    OpenTicket,
    OutageJob,
    RatingJob,
    ResultJob,
    StatusJob,
    SurveyJob,
)
from callengine.menus.script import ENTERED, LANGUAGES, Kind
from callengine.outreach.scripts import ScriptsService
from callengine.outreach.talks import service_name
from callengine.speech import words
from callengine.speech.voice import NoVoice, Voice

MOST_TEXT = 600
SAMPLE_KEYS = "5"


class _Common(TypedDict):
    language: str
    service: str


class Previews:
    """`voice` None: this engine has no voice, and says so."""

    def __init__(
        self, scripts: ScriptsService, clock: Clock, settings: Outreach, locale: Locale, voice: Voice | None = None
    ) -> None:
        self._scripts, self._clock, self._settings, self._locale = scripts, clock, settings, locale
        self.voice = voice

    async def audio(self, kind: str, step: str, language: str, text: str = "") -> bytes:
        """The step as one WAV (8 kHz, mono); `text` instead of its own words, to hear them before they are kept.

        Raises NotFound, Refused, NoVoice.
        """
        if language not in LANGUAGES:
            raise Refused(f"one of {', '.join(LANGUAGES)}", pointer="/language")
        if len(text) > MOST_TEXT:
            raise Refused(f"at most {MOST_TEXT} characters", pointer="/text")
        _, own = await self._scripts.step_text(kind, step, language)
        values = self.sample(Kind(kind), language).values()
        spoken: list[str] = []
        for piece in walk.pieces(text or own, values, language):
            spoken += [words.digits(key, language) for key in SAMPLE_KEYS] if piece == ENTERED else [piece]
        if not spoken:
            raise Refused("there is nothing to say in this text", pointer="/text")
        if self.voice is None:
            raise NoVoice("this engine has no voice")
        files = [await asyncio.to_thread(self.voice.render, language, one) for one in spoken]
        return await asyncio.to_thread(joined, files)

    def sample(self, kind: Kind, language: str) -> Job:
        """A job with values as they might be."""
        ru = language == "ru"
        now = self._clock.now().astimezone(ZoneInfo(self._locale.timezone))
        at: datetime = now.replace(minute=0, second=0, microsecond=0)
        service = service_name(self._settings, language)
        address = "улица Мира, 44" if ru else "Mira street, 44"
        work = "нет холодной воды" if ru else "no cold water"
        water = "холодная вода" if ru else "cold water"
        told = "работа выполнена" if ru else "the job is done"
        ticket, common = "26-000123", _Common(language=language, service=service)
        meter = Meter(id="1", title=water, last=120)
        opened = OpenTicket(number=ticket, work=work, status="в работе" if ru else "in work")
        made: Mapping[Kind, Job] = {
            Kind.RATING: RatingJob(**common, ticket=ticket, work=work, address=address),
            Kind.RESULT: ResultJob(**common, ticket=ticket, work=work, address=address, result=told),
            Kind.JOB: ExecutorJob(**common, ticket=ticket, work=work, address=address, due=at),
            Kind.OUTAGE: OutageJob(**common, what=water, address=address, begins=at, ends=at),
            Kind.SURVEY: SurveyJob(**common),
            Kind.METER: MeterJob(**common, address=address, meters=(meter,)),
            Kind.STATUS: StatusJob(**common, tickets=(opened,)),
        }
        return made[kind]


def joined(files: Sequence[Path]) -> bytes:
    """Several WAV files of one format as one."""
    whole = io.BytesIO()
    with wave.open(whole, "wb") as out:
        for number, path in enumerate(files):
            with wave.open(str(path), "rb") as part:
                if number == 0:
                    out.setparams(part.getparams())
                out.writeframes(part.readframes(part.getnframes()))
    return whole.getvalue()
