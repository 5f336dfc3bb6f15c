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
# A phone that rang before its caller was read: so long the offer waits for the card, then it goes before it.
CARD_SECONDS = 0.05

# What was read is good for one number, and until another operator takes the call.
Stage = tuple[Phone, str]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call as it was seen, with all that hangs on it, and its caller's card as JSON."""

    seen: schemas.Call
    card: bytes


class Offers:
    """`follow` every call's newest state; `tell` when a phone rings. Close `tasks` at the end."""

    def __init__(self, services: Services) -> None:
        self._its = services
        self._newest: OrderedDict[CallKey, Conversation] = OrderedDict()
        self._readings: dict[CallKey, tuple[Stage, asyncio.Task[Prepared]]] = {}
        self._gate = asyncio.Semaphore(READINGS)
        self.tasks = Tasks()

    @property
    def preparing(self) -> int:
        """Readings that have not ended."""
        return sum(not task.done() for _, task in self._readings.values())

    def follow(self, call: Conversation) -> None:
        """Begin to read who calls as soon as it is known; forget the call at its end. Never waits."""
        if call.ended_at:
            self._forget(call.key)
            return
        self._newest[call.key] = call
        if not call.answered_at and not call.robot and call.direction is not Direction.OUTBOUND:
            self._prepare(call)
        while len(self._newest) > MOST_PREPARED:
            self._forget(next(iter(self._newest)))

    def tell(self, call: Conversation, operator: str) -> bool:
        """Tell the operator now; False when the reading has not ended: then `tell_late` must."""
        known = self._known(call)
        if known is not None:
            self._publish(operator, render.offer(call, known.seen, known.card))
        return known is not None

    async def tell_late(self, offers: Mapping[tuple[CallKey, str], Conversation]) -> None:
        """Offers of calls that rang before they were read, or that another operator gives: soon, if need be without
        the card, which then follows by itself.
        """
        readings = {key: self._prepare(call) for (key, _), call in offers.items()}
        await asyncio.wait(readings.values(), timeout=CARD_SECONDS)
        late = {(key, who): call for (key, who), call in offers.items() if not self.tell(call, who)}
        if not late:
            return
        for (_, operator), view in zip(late, await self._seen(list(late.values())), strict=True):
            if view is not None:
                self._publish(operator, render.json(view))
        for key, operator in late:
            self.tasks.start(self._card_follows(key, operator, readings[key]), name="late card")

    def call_id(self, key: CallKey) -> int | None:
        """The id in the store, when it was read already."""
        _, task = self._readings.get(key, (None, None))
        return task.result().seen.id if task and _succeeded(task) else None

    def people_of(self, call: Conversation) -> list[schemas.PersonRef]:
        """Who the number belongs to, as far as it was read already."""
        stage, task = self._readings.get(call.key, (None, None))
        return task.result().seen.people if task and stage and stage[0] == call.number and _succeeded(task) else []

    def _known(self, call: Conversation) -> Prepared | None:
        stage, task = self._readings.get(call.key, (None, None))
        return task.result() if task and stage == _stage(call) and _succeeded(task) else None

    def _forget(self, key: CallKey) -> None:
        self._newest.pop(key, None)
        self._readings.pop(key, None)

    def _prepare(self, call: Conversation) -> asyncio.Task[Prepared]:
        stage, task = self._readings.get(call.key, (None, None))
        if task is None or stage != _stage(call) or (task.done() and not _succeeded(task)):
            task = self.tasks.start(self._read(call), name="caller card")
            self._readings[call.key] = _stage(call), task
        return task

    async def _read(self, call: Conversation) -> Prepared:
        async with self._gate:
            (seen,) = await self._seen([call])
            if seen is None:
                raise LookupError(f"a call was told before it was stored: {call.key}")
            card = await self._its.views.card(call.number, ENGINE, why="screen-pop")
        return Prepared(seen, render.json(card))

    async def _seen(self, some: list[Conversation]) -> list[schemas.CallMessage | None]:
        """The calls with all that hangs on them but the card, in one reading."""
        async with self._its.store.read() as conn:
            ids = await rows.call_ids(conn, [call.key for call in some])
        seen = await self._its.views.calls([StoredCall(ids[call.key], call) for call in some if call.key in ids])
        by_id = {view.id: view for view in seen}
        return [render.offer_without_card(call, by_id[ids[call.key]]) if call.key in ids else None for call in some]

    async def _card_follows(self, key: CallKey, operator: str, reading: asyncio.Task[Prepared]) -> None:
        await asyncio.wait({reading})
        call = self._newest.get(key)
        if call is None or not _is_of(call, operator):
            return
        if self._known(call) is None:  # answered meanwhile
            await asyncio.wait({self._prepare(call)})
        self.tell(self._newest.get(key, call), operator)

    def _publish(self, operator: str, raw: bytes) -> None:
        self._its.live.publish("call", raw, to_extension=operator, roles=DESK)


def _is_of(call: Conversation, operator: str) -> bool:
    """It rings at this operator's, or he has answered it."""
    return call.operator == operator or any(o.operator == operator and o.ended_at is None for o in call.offers)


def _stage(call: Conversation) -> Stage:
    return call.number, call.operator


def _succeeded(task: asyncio.Task[Prepared]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None
