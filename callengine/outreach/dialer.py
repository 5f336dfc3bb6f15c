"""The dialler: as often as there is room and somebody is due, it plans a call, has its prompts spoken, and places it.

It holds no truth: every step is a row (service.py). What is here may die at any line, and nobody is called twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from callengine.clock import Clock
from callengine.config import Outreach
from callengine.errors import EngineError, OutcomeUnknown, Unavailable
from callengine.outreach.events import OutreachDue, OutreachSwitched
from callengine.outreach.model import Lines, Robot
from callengine.outreach.rules import room
from callengine.outreach.service import OutreachService, Planned
from callengine.store.database import Store
from callengine.tasks import Tasks

log = logging.getLogger(__name__)

# Looked at again after so long at the latest: another engine's rows, the clock that was set, a link that came up.
LONGEST_SLEEP_SECONDS = 5.0
NO_ROOM_SECONDS = 1.0
SWEEP_SECONDS = 5.0
STORE_TROUBLE_SECONDS = 1.0

Prepare = Callable[[Planned], Awaitable[None]]
"""Has all that the call will say spoken and lying ready. Raises EngineError when it cannot be: nobody is rung."""


class Dialer:
    """One per process. `robots` and `lines` are by the name of the PBX; `prepare` may take seconds."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Outreach,
        service: OutreachService,
        *,
        robots: Mapping[str, Robot],
        lines: Mapping[str, Lines],
        prepare: Prepare | None = None,
    ) -> None:
        self._clock, self._settings, self._service = clock, settings, service
        self._robots, self._lines, self._prepare = robots, lines, prepare
        self._woken = asyncio.Event()
        self._tasks = Tasks()
        self._swept_at = -SWEEP_SECONDS
        self.placed = 0  # calls handed to a PBX since the start
        store.after.setdefault(OutreachDue, []).append(self._noticed)
        store.after.setdefault(OutreachSwitched, []).append(self._noticed)

    def wake(self) -> None:
        """Look again now."""
        self._woken.set()

    def _noticed(self, fact: OutreachDue | OutreachSwitched) -> None:
        if fact.at <= self._clock.now() + timedelta(seconds=LONGEST_SLEEP_SECONDS):
            self._woken.set()

    async def recover(self) -> None:
        """At the start, before the links are up."""
        await self._service.recover(sorted(self._robots))

    async def run(self) -> None:
        """Until cancelled. Whatever trouble there is, of the store or any other, is logged and waited out."""
        try:
            while True:
                self._woken.clear()
                try:
                    seconds = await self.round()
                except Unavailable as error:
                    log.warning("the dialler waits: %s", error.detail, extra={"action": "dialler_waits"})
                    seconds = STORE_TROUBLE_SECONDS
                except Exception:
                    # Whatever is wrong with the robot's calls, the engine goes on.
                    log.exception("the dialler failed, and tries again", extra={"action": "dialler_failed"})
                    seconds = LONGEST_SLEEP_SECONDS
                await self._sleep(seconds)
        finally:
            await self._tasks.close()

    async def close(self) -> None:
        await self._tasks.close()

    async def _sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        try:
            async with asyncio.timeout(min(seconds, LONGEST_SLEEP_SECONDS)):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def round(self) -> float:
        """One look: what is in doubt, who is due, where there is room. Gives how many seconds may be slept."""
        if self._clock.monotonic() - self._swept_at >= SWEEP_SECONDS:
            self._swept_at = self._clock.monotonic()
            await self.sweep()
        due = await self._service.next_due()
        now = self._clock.now()
        if due is None or due > now:
            return (due - now).total_seconds() if due else LONGEST_SLEEP_SECONDS
        rooms = await self.rooms()
        if not any(rooms.values()):
            return NO_ROOM_SECONDS
        planned = await self._service.choose(rooms)
        for one in planned:
            self._tasks.start(self.place(one), name=f"call-{one.attempt.id}")
        return NO_ROOM_SECONDS

    async def rooms(self) -> dict[str, int]:
        """How many calls may begin now, by PBX."""
        own: dict[str, set[str]] = {}
        for attempt in await self._service.under_way():
            own.setdefault(attempt.pbx, set()).add(attempt.id)
        return {
            name: room(self._settings, self._lines[name].occupied(), own.get(name, ()))
            for name, robot in self._robots.items()
            if robot.in_step
        }

    async def place(self, planned: Planned) -> None:
        """One call from its plan to the PBX's yes. Whatever happens on the way, it is sent once or not at all."""
        request_id, robot = planned.attempt.id, self._robots[planned.attempt.pbx]
        try:
            if self._prepare is not None:
                await self._prepare(planned)
        except EngineError as error:
            await self._service.not_placed(request_id, error.detail)
            return
        if not await self._still_room(planned):
            await self._service.not_placed(request_id, "the lines are wanted by callers")
            return
        if not await self._service.send([planned]):
            return
        try:
            await robot.call_robot(
                request_id,
                planned.call.number,
                ring_seconds=self._settings.ring_seconds,
                variables={"CE_ROBOT_KIND": planned.campaign.kind.value, "CE_LANGUAGE": planned.call.language},
            )
            self.placed += 1
        except OutcomeUnknown as error:
            await self._service.unknown(request_id, error.detail)
        except EngineError as error:
            await self._service.not_placed(request_id, error.detail)
        except BaseException as error:
            # Cancelled at shutdown, or a bug: it may have been sent.
            await asyncio.shield(self._service.unknown(request_id, type(error).__name__))
            raise

    async def _still_room(self, planned: Planned) -> bool:
        """The prompts took their time: callers may have come meanwhile, and the last free line is theirs."""
        pbx, request_id = planned.attempt.pbx, planned.attempt.id
        if not self._robots[pbx].in_step:
            return False
        own = {one.id for one in await self._service.under_way() if one.pbx == pbx and one.id != request_id}
        return room(self._settings, self._lines[pbx].occupied(), own) > 0

    async def sweep(self) -> None:
        """Attempts that nobody looks after any more, and campaigns whose last day is over."""
        for pbx, doubtful in (await self._service.lapsed()).items():
            robot = self._robots.get(pbx)
            await self._service.settle_doubtful(pbx, doubtful, robot if robot and robot.in_step else None)
        await self._service.end_expired()
        await self._service.merge_counts()

    async def settle_unknown(self, pbx: str) -> None:
        """When a link is back: look for what was in doubt."""
        if (robot := self._robots.get(pbx)) is not None:
            await self._service.settle_unknown(pbx, robot)
