"""ReadingsByLink: a resident hands in his meters on the page of his ticket, on the days of the month for it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from callengine import config
from callengine.access.throttle import Throttle
from callengine.clock import Clock
from callengine.directory.metering import Reading
from callengine.directory.meters import MetersService, Owed
from callengine.errors import Conflict, NotFound
from callengine.tickets.links import LinksService

# Each wrong try counts too: nobody walks through the numbers of a meter by a link.
TRIES, TRIES_SECONDS = 30, 3600.0


class ReadingsClosed(Conflict):
    """Readings are taken on other days of the month."""

    code = "readings-closed"


@dataclass(frozen=True, slots=True)
class Asked:
    """What his page shows: `first` and `last` are the days of each month on which readings are taken."""

    period: str
    open: bool
    first: int
    last: int
    meters: tuple[Owed, ...]


class ReadingsByLink:
    """Whose the meters are says the number of the link's applicant, as it does when the robot asks."""

    def __init__(
        self, clock: Clock, settings: config.Meters, locale: config.Locale, links: LinksService, meters: MetersService
    ) -> None:
        self._clock, self._settings, self._links, self._meters = clock, settings, links, meters
        self._zone = ZoneInfo(locale.timezone)
        self._tries = Throttle(clock, limit=TRIES, seconds=TRIES_SECONDS)

    async def view(self, token: str, remote: str) -> Asked:
        """Raises NotFound for a link that ended or never was, TooMany for a guesser."""
        ticket = await self._links.ticket(token, remote)
        first, last = self._settings.days
        found = await self._meters.of_resident(ticket.applicant.number) if self._settings.link else []
        return Asked(self._meters.this_month(), self._open, first, last, tuple(found))

    async def hand_in(
        self, token: str, meter_id: int, value: str, remote: str, *, key: str | None = None, confirmed: bool = False
    ) -> Reading:
        """Raises NotFound, ReadingsClosed, Refused, ReadingDoubted, Conflict, TooMany."""
        ticket = await self._links.ticket(token, remote)
        if not self._settings.link:
            raise NotFound("readings are not taken here")
        if not self._open:
            first, last = self._settings.days
            raise ReadingsClosed(f"readings are taken from the {first}. to the {last}. of a month")
        whose = hashlib.sha256(token.encode()).hexdigest()
        self._tries.check(whose)
        self._tries.failed(whose)
        return await self._meters.hand_in(
            ticket.applicant.number,
            meter_id,
            value,
            who=ticket.applicant.name or "resident",
            note=f"by the link of {ticket.number}",
            key=f"link:{whose}:{key}" if key else "",
            confirmed=confirmed,
        )

    @property
    def _open(self) -> bool:
        first, last = self._settings.days
        return first <= self._clock.now().astimezone(self._zone).day <= last
