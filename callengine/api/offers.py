"""The offer of a call: read and rendered once while the greeting plays, then written to its operator in place.

What is known of a caller takes some fifteen queries; a phone that rings waits for none of them. When thirty phones ring
at once the last of them is told a millisecond after the commit, not after the readings for the other twenty-nine.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from callengine.access.model import DESK, Principal
from callengine.api import render, schemas
from callengine.api.services import Services
from callengine.calls.model import CallKey, Conversation, Direction, StoredCall
from callengine.phone import Phone
from callengine.store import views as rows
from callengine.tasks import Tasks

ENGINE = Principal(None, "", None, "screen-pop", None)
MOST_PREPARED = 2_000
# Readings that go on at once: they must not take all connections from those who wait for an answer.
READINGS = 2


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call as it was seen at its arrival, with all that hangs on it, and its caller's card as JSON."""

    seen: schemas.Call
    number: Phone
    card: bytes


class Offers:
    """`prepare` at a call's arrival, `tell` when a phone rings; close `tasks` at the end."""

    def __init__(self, services: Services) -> None:
        self._its = services
        self._prepared: OrderedDict[CallKey, asyncio.Task[Prepared]] = OrderedDict()
        self._numbers: dict[CallKey, Phone] = {}
        self._readings = asyncio.Semaphore(READINGS)
        self.tasks = Tasks()

    @property
    def preparing(self) -> int:
        """Readings that have not ended."""
        return sum(not task.done() for task in self._prepared.values())

    def prepare(self, call: Conversation) -> None:
        """Begin to read, once for each number that the call has shown. Never waits."""
        if call.robot or call.direction is Direction.OUTBOUND or call.answered_at or call.ended_at:
            return
        if self._numbers.get(call.key) == call.number:
            return
        self._numbers[call.key] = call.number
        self._prepared[call.key] = self.tasks.start(self._read(call), name="caller card")
        while len(self._prepared) > MOST_PREPARED:
            self.forget(next(iter(self._prepared)))

    def forget(self, key: CallKey) -> None:
        self._prepared.pop(key, None)
        self._numbers.pop(key, None)

    def tell(self, call: Conversation, operator: str) -> bool:
        """Tell the operator now; False when the reading has not ended: then `tell_late` must."""
        known = self._known(call)
        if known is None:
            return False
        self._publish(call, operator, known)
        return True

    async def tell_late(self, offers: Mapping[tuple[CallKey, str], Conversation]) -> None:
        """Offers of calls that rang before they could be read, or that came from another operator."""
        for call in offers.values():
            self.prepare(call)
        for (_, operator), call in offers.items():
            self._publish(call, operator, await self._awaited(call))

    def call_id(self, key: CallKey) -> int | None:
        """The id in the store, when it was read already."""
        task = self._prepared.get(key)
        return task.result().seen.id if task and _succeeded(task) else None

    def _known(self, call: Conversation) -> Prepared | None:
        task = self._prepared.get(call.key)
        if task is None or not _succeeded(task) or call.answered_at:
            return None
        found = task.result()
        return found if found.number == call.number else None

    async def _awaited(self, call: Conversation) -> Prepared:
        task = self._prepared.get(call.key)
        if task is not None and not call.answered_at:
            await asyncio.wait({task})
        return self._known(call) or await self._read(call)

    async def _read(self, call: Conversation) -> Prepared:
        async with self._readings:
            async with self._its.store.read() as conn:
                ids = await rows.call_ids(conn, [call.key])
            (seen,) = await self._its.views.calls([StoredCall(ids[call.key], call)])
            card = await self._its.views.card(call.number, ENGINE, why="screen-pop")
        return Prepared(seen, call.number, render.json(card))

    def _publish(self, call: Conversation, operator: str, known: Prepared) -> None:
        raw = render.offer(call, known.seen, known.card)
        self._its.live.publish("call", raw, to_extension=operator, roles=DESK)


def _succeeded(task: asyncio.Task[Prepared]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None
