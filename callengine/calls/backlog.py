"""What the trackers told, on its way into the store: in order, and what waits together commits together.

A store that is locked or full holds up what is durable, and nothing else: whoever puts facts here may go on and look
at the next events meanwhile, which tell an operator whose phone rings.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from callengine.calls.events import CallFact
from callengine.errors import Unavailable
from callengine.tasks import Tasks

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
CLOSE_SECONDS = 5.0
Then = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class _Waiting:
    facts: Sequence[CallFact]
    then: Then | None
    kept: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def settle(self, error: Exception | None = None) -> None:
        if self.kept.done():
            return
        if error is None:
            self.kept.set_result(None)
        else:
            self.kept.set_exception(error)
            self.kept.exception()  # who waits hears of it; that nobody waits is no second error


class Backlog:
    """One saver for one PBX. `save` raises Unavailable while the store refuses: then it is asked again, without end.

    `settled` hears of facts once: they are durable and told, or no store will ever take them.
    """

    def __init__(
        self,
        pbx: str,
        save: Callable[[Sequence[CallFact]], Awaitable[None]],
        settled: Callable[[Sequence[CallFact]], None],
    ) -> None:
        self._pbx, self._save, self._settled = pbx, save, settled
        self._waiting: deque[_Waiting] = deque()
        self._taken: list[_Waiting] = []
        self._saver: asyncio.Task[None] | None = None
        self.stuck = False  # set by who has waited in vain; over when all is durable
        self._tasks = Tasks()

    @property
    def facts(self) -> int:
        """How many are not durable yet."""
        return sum(len(one.facts) for one in (*self._taken, *self._waiting))

    def put(self, facts: Sequence[CallFact], then: Then | None = None) -> asyncio.Future[None]:
        """Done when these facts are durable and `then` has run; what it raises, or a save that can never be, is in it.

        Wait for it by asyncio.wait or behind a shield: a cancellation of the waiter is none of the save.
        """
        one = _Waiting(facts, then)
        self._waiting.append(one)
        if self._saver is None or self._saver.done():
            self._saver = self._tasks.start(self._run(), name=f"facts of {self._pbx}")
        return one.kept

    async def _run(self) -> None:
        while self._waiting:
            self._taken = self._next()
            try:
                await self._keep(self._taken)
            except Exception:
                # One bad fact must not take with it what merely waited beside it.
                for one in self._taken:
                    await self._keep_alone(one)
            self._taken = []
        self.stuck = False

    def _next(self) -> list[_Waiting]:
        """What commits together: up to the first with a `then`, which must have run before what came later is told."""
        some = []
        while self._waiting:
            some.append(self._waiting.popleft())
            if some[-1].then is not None:
                break
        return some

    async def _keep(self, some: list[_Waiting]) -> None:
        facts = [fact for one in some for fact in one.facts]
        if len(some) == 1:
            return await self._keep_alone(some[0])
        await self._until_durable(facts)
        for one in some:
            await self._end(one)

    async def _keep_alone(self, one: _Waiting) -> None:
        if one.kept.done():
            return
        try:
            await self._until_durable(one.facts)
        except Exception as error:
            log.exception("facts cannot be saved", extra={"action": "facts_refused", "pbx": self._pbx})
            self._settled(one.facts)
            one.settle(error)
        else:
            await self._end(one)

    async def _end(self, one: _Waiting) -> None:
        if one.facts:
            self._settled(one.facts)
        try:
            if one.then is not None:
                await one.then()
        except Exception as error:
            log.warning("what follows on saved facts failed", exc_info=True, extra={"action": "facts_then"})
            one.settle(error)
        else:
            one.settle()

    async def _until_durable(self, facts: Sequence[CallFact]) -> None:
        while facts:
            try:
                await self._save(facts)
                return
            except Unavailable as error:
                told = {"action": "facts_wait", "pbx": self._pbx, "facts": len(facts), "problem": error.detail}
                log.error("the store does not take facts; trying again", extra=told)
                await asyncio.sleep(RETRY_SECONDS)

    async def close(self) -> None:
        """Give what waits a last moment; what the store does not take in it, the ledger tells at the next start."""
        if self._saver is not None and not self._saver.done():
            await asyncio.wait({self._saver}, timeout=CLOSE_SECONDS)
        await self._tasks.close()
        for one in (*self._taken, *self._waiting):
            one.kept.cancel()
