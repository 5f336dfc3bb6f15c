"""Who listens on the live line and is not any more who he was: another process of the same database has said so.

What this engine does itself closes its sockets at once (access/events.py, SessionsEnded). `callengine import staff` and
another engine on the same PostgreSQL end sessions in the database alone, so whoever listens is looked up now and then:
a row that is gone or has other rights closes the socket, and the queue is told who left.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from callengine.access.events import StaffStateChanged
from callengine.access.model import Principal
from callengine.access.service import AccessService
from callengine.api.live import LiveHub
from callengine.clock import Clock
from callengine.errors import EngineError

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0


class Listeners:
    """Run `run()` beside the engine. `left` hears of each whose chair may be empty, by the telephone that he had."""

    def __init__(
        self, live: LiveHub, access: AccessService, clock: Clock, left: Callable[[StaffStateChanged], None]
    ) -> None:
        self._live, self._access, self._clock, self._left = live, access, clock, left

    async def run(self) -> None:
        """Look every LOOK_SECONDS until cancelled; a store that does not answer is asked again."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except EngineError as error:
                log.warning("listeners not looked up", extra={"action": "listeners", "problem": error.detail})

    async def look(self) -> None:
        """Close the sockets of those who are somebody else by now."""
        known = self._live.holders()
        if not known:
            return
        for who in await self._access.others_now(known):
            self._live.sign_out(who.token_hash)
            await self._pass_over(who)

    async def _pass_over(self, who: Principal) -> None:
        """Calls must not be offered to an empty chair, nor to the telephone that he has no more."""
        if who.staff_id is None or not who.extension:
            return
        person = await self._access.find(who.staff_id)
        if person is not None and (person.state == "offline" or person.extension != who.extension):
            gone = replace(person, extension=who.extension, state="offline", state_reason="")
            self._left(StaffStateChanged(self._clock.now(), gone))
