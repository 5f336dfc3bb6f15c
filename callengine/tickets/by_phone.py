"""What a number hears of its own tickets by telephone; no neighbour's, though the house is the same."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import tzinfo
from typing import Protocol

from callengine.errors import EngineError
from callengine.menus import dialogues
from callengine.menus.jobs import OpenTicket, StatusJob
from callengine.menus.line import KEYS_AT_ONCE, Caller, HungUp, Line
from callengine.menus.outcome import Outcome, Result
from callengine.menus.walk import Say, pieces
from callengine.speech import words
from callengine.tickets.service import TicketsService

log = logging.getLogger(__name__)

LOOKED_AT = 20  # their count is told in full, the nearest terms in words
DIALOGUE_SECONDS = 300  # then the dialplan takes him to the dispatchers, whatever became of the engine

People = Callable[[str], Awaitable[int]]
"""How many people have this number."""


class InboundLine(Line, Protocol):
    """A resident's own call (pbx/fastagi.AgiCall): it goes on in the dialplan when we have returned."""

    async def stage(self, name: str) -> None:
        """Where the call stands, in the PBX's ledger and in its events."""
        ...

    async def allow(self, seconds: int) -> None:
        """The longest that the dialplan waits for us from now on."""
        ...


class StatusByPhone:
    """Makes the job of the status dialogue, and holds it. `zone` is the service's, and so the resident's.

    A number that several people share hears numbers and states alone, unless `shared_in_full`: what is broken in
    whose flat is for the one who reported it, and a telephone does not say who holds it.
    """

    def __init__(
        self,
        tickets: TicketsService,
        zone: tzinfo,
        *,
        service: str = "",
        people: People | None = None,
        shared_in_full: bool = False,
    ) -> None:
        self._tickets, self._zone, self._service = tickets, zone, service
        self._people, self._shared_in_full = people, shared_in_full

    async def job(self, caller: Caller, language: str = "ru") -> StatusJob | None:
        """None for a withheld number: a name that somebody says is no proof."""
        if caller.withheld or not caller.number:
            return None
        found = await self._tickets.open_tickets(number=caller.number, limit=LOOKED_AT)
        in_full = self._shared_in_full or await self._count(caller.number) <= 1
        told = tuple(
            OpenTicket(
                number=one.number,
                work=(one.classifier.problem_ru if language == "ru" else one.classifier.problem_en) if in_full else "",
                status=one.status.label(language),
                due=one.deadlines.fix_by.astimezone(self._zone) if in_full and one.deadlines.fix_by else None,
            )
            for one in found
        )
        return StatusJob(language=language, service=self._service, tickets=told)

    async def _count(self, number: str) -> int:
        return await self._people(number) if self._people is not None else 1

    async def texts(self, caller: Caller, language: str = "ru") -> list[str]:
        """Every sentence that he may hear, to be spoken while he listens to the greeting; [] without tickets."""
        job = await self.job(caller, language)
        return job.texts() if job is not None and job.tickets else []

    async def hold(self, line: Line, say: Say, language: str = "ru") -> Outcome | None:
        """The dialogue by itself; None when the dialplan shall go on without it."""
        job = await self.job(line.caller, language)
        return None if job is None else await dialogues.status(line, say, job)

    async def answer(self, line: InboundLine, say: Say, language: str = "ru") -> Outcome | None:
        """Handler `status` of FastAGI: the dialogue within a resident's own call.

        Tells the dialplan by CE_STATUS_CAME how to go on: `served`, `unknown`, or `operator`. When it was not held for
        a fault of ours nothing is told, and the dialplan takes him to the dispatchers.
        """
        job = await self.job(line.caller, language)
        with suppress(HungUp):
            if job is None or (not job.tickets and not await self._count(line.caller.number)):
                await line.set("CE_STATUS_CAME", "unknown")
                return None
            talk = _Told(line, job)
            try:
                outcome = await dialogues.status(talk, talk.saying(say), job)
            except EngineError as error:
                log.error("the state of tickets could not be told: %s", error.detail, extra={"action": "status_failed"})
                return None
            if outcome.result in (Result.HEARD, Result.ACKNOWLEDGED):
                await talk.served()
                await line.set("CE_STATUS_CAME", "served")
            elif outcome.result is not Result.HUNG_UP:
                await line.set("CE_STATUS_CAME", "operator")
            return outcome
        return None


class _Told:
    """The line of a resident's own call: its end is the dialplan's, and it is noted when he has heard his tickets."""

    def __init__(self, line: InboundLine, job: StatusJob) -> None:
        self._line = line
        step = job.walked.steps[job.walked.start]
        sentences = words.sentences(step.say[job.language], job.language)
        self._tickets = {
            piece for one in sentences if "{tickets}" in one for piece in pieces(one, job.values(), job.language)[-1:]
        }
        self._prompts: set[str] = set()
        self._begun = self._served = False

    def saying(self, say: Say) -> Say:
        async def noted(language: str, text: str) -> str:
            prompt = await say(language, text)
            if text in self._tickets:
                self._prompts.add(prompt)
            return prompt

        return noted

    async def served(self) -> None:
        """Once: from now on he may hang up."""
        if not self._served:
            self._served = True
            await self._line.stage("served")

    @property
    def caller(self) -> Caller:
        return self._line.caller

    async def play(self, prompt: str, *, keys: str = "") -> str:
        if not self._begun:
            self._begun = True
            await self._line.allow(DIALOGUE_SECONDS)
        key = await self._line.play(prompt, keys=keys)
        if prompt in self._prompts and not key:
            await self.served()
        return key

    async def ask(self, prompt: str, *, digits: int = 1, seconds: float = 5.0) -> str:
        return await self._line.ask(prompt, digits=digits, seconds=seconds)

    async def set(self, name: str, value: str) -> None:
        await self._line.set(name, value)

    async def set_all(self, values: Mapping[str, str]) -> None:
        await self._line.set_all(values)

    async def more_keys(self, *, quiet_seconds: float, most: int = KEYS_AT_ONCE, until: str = "") -> str:
        return await self._line.more_keys(quiet_seconds=quiet_seconds, most=most, until=until)

    async def record(self, file: str, *, seconds: float, silence_seconds: float, beep: bool = True) -> bool:
        return await self._line.record(file, seconds=seconds, silence_seconds=silence_seconds, beep=beep)

    async def keep(self, facts: Mapping[str, str]) -> None:
        """Nothing: the entry `robot` of the ledger is of calls that the robot placed; this one has its stage."""

    async def transfer(self, context: str, exten: str = "s") -> None:
        """Nothing: the dialplan leads on, by CE_STATUS_CAME."""

    async def to_operator(self) -> None:
        """Nothing: as `transfer`."""

    async def alive(self) -> bool:
        return await self._line.alive()

    async def hang_up(self) -> None:
        """Nothing: as `transfer`."""
