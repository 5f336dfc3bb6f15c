"""What a number hears of its own tickets by telephone; no neighbour's, though the house is the same."""

from __future__ import annotations

from datetime import tzinfo

from callengine.menus import dialogues
from callengine.menus.jobs import OpenTicket, StatusJob
from callengine.menus.line import Caller, Line
from callengine.menus.outcome import Outcome
from callengine.menus.walk import Say
from callengine.tickets.service import TicketsService

LOOKED_AT = 20  # their count is told in full, the nearest terms in words


class StatusByPhone:
    """Makes the job of the status dialogue. `zone` is the service's, and so the resident's."""

    def __init__(self, tickets: TicketsService, zone: tzinfo, *, service: str = "") -> None:
        self._tickets, self._zone, self._service = tickets, zone, service

    async def job(self, caller: Caller, language: str = "ru") -> StatusJob | None:
        """None for a withheld number: a name that somebody says is no proof."""
        if caller.withheld or not caller.number:
            return None
        found = await self._tickets.open_tickets(number=caller.number, limit=LOOKED_AT)
        told = tuple(
            OpenTicket(
                number=one.number,
                work=one.classifier.problem_ru if language == "ru" else one.classifier.problem_en,
                status=one.status.label(language),
                due=one.deadlines.fix_by.astimezone(self._zone) if one.deadlines.fix_by else None,
            )
            for one in found
        )
        return StatusJob(language=language, service=self._service, tickets=told)

    async def hold(self, line: Line, say: Say, language: str = "ru") -> Outcome | None:
        """The dialogue of a line that rings (a handler of FastAGI); None when the dialplan shall go on without it."""
        job = await self.job(line.caller, language)
        return None if job is None else await dialogues.status(line, say, job)
