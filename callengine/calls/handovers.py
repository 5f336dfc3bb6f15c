"""Warm transfers under way: one at a time per conversation, never asked for twice, each state told after its commit.

They live in memory, for a PBX that is asked anew knows which still last. What came of one is durable: a line in the
ticket's history (tickets/handed.py), and the conversation itself.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Protocol

from callengine.calls.events import CallEnded
from callengine.calls.handover import NOT_TAKEN, Handover, HandoverChanged, HandoverState, HandoverTold, Lasting
from callengine.calls.model import CallKey, Conversation, StoredCall
from callengine.clock import Clock
from callengine.errors import (
    Conflict,
    EngineError,
    NotAnsweredYet,
    NotFound,
    NoTransfer,
    NotYourCall,
    NoWarmTransfer,
    OutcomeUnknown,
    TransferLasts,
    Unavailable,
)
from callengine.store.database import Store
from callengine.tasks import Tasks

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
# From the asking until the PBX says that it dials: it presses some digits itself, 0.6 s when it is idle.
TAKEN_SECONDS = 8.0
# From pressing "join" or "back" until the bridges say so.
DONE_SECONDS = 5.0
KEPT = 2_000  # handovers remembered for tickets that are registered later
_S = HandoverState


class Consulting(Protocol):
    """One PBX. Each raises PbxLost (nothing was sent), PbxRefused, OutcomeUnknown, Refused or NoWarmTransfer."""

    async def consult(self, call: Conversation, to: str, attempt: str) -> None: ...

    async def complete(self, call: Conversation) -> None: ...

    async def cancel(self, call: Conversation) -> None: ...

    async def join(self, call: Conversation) -> None: ...

    async def lasting(self) -> list[Lasting]: ...


class Author(Protocol):
    """Who presses."""

    @property
    def staff_id(self) -> int | None: ...

    @property
    def name(self) -> str: ...

    @property
    def extension(self) -> str | None: ...


class HandoversService:
    """`on_told` and `resynced` hear the PBX, the others are the operator's keys."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        phones: Mapping[str, Consulting],
        by_key: Callable[[CallKey], Awaitable[StoredCall | None]],
    ) -> None:
        self._store, self._clock, self._phones, self._by_key = store, clock, phones, by_key
        self._of_call: OrderedDict[int, list[Handover]] = OrderedDict()
        self._call_ids: dict[CallKey, int] = {}
        self._taking_back: set[str] = set()  # attempts whose end the operator himself has asked for
        self._changed = asyncio.Condition()
        self._tasks = Tasks()

    async def close(self) -> None:
        await self._tasks.close()

    def of_call(self, call_id: int) -> list[Handover]:
        """Oldest first; those that this engine has seen."""
        return list(self._of_call.get(call_id, ()))

    def newest(self, call_id: int) -> Handover | None:
        found = self._of_call.get(call_id)
        return found[-1] if found else None

    # --- the operator's keys ----------------------------------------------------------------------------

    async def begin(self, call: StoredCall, to: str, who: Author) -> Handover:
        """Ring the third party while the resident waits; returns when it rings.

        Pressed again for the same number while it lasts: the same handover, nothing is sent. Raises Conflict when
        another one lasts, Refused, PbxLost (nothing was sent), NoWarmTransfer (the PBX does not take it), and
        OutcomeUnknown (the link broke: look at the telephone; it is never asked again by itself).
        """
        now = self.newest(call.id)
        if now is not None and now.state.holds_operator:
            if now.state is _S.UNKNOWN:
                raise OutcomeUnknown("whether the transfer began is not known yet: look at your telephone")
            if now.number != to:
                raise TransferLasts(
                    f"a warm transfer to {now.number} lasts: complete it or take the resident back first"
                )
            return now
        self._own(call, who)
        new = self._new(call, to, who, _S.ASKED)
        self._keep(new)  # from here on a second press finds it
        # A browser that goes away must not leave it half begun.
        failed = await asyncio.shield(self._tasks.start(self._ask(call, new), name="warm transfer"))
        if failed is not None:
            raise failed
        return self._current(new)

    async def _ask(self, call: StoredCall, new: Handover) -> EngineError | None:
        try:
            await self._phone(call).consult(call.call, new.number, new.id)
            await self._until(new, lambda one: one.state is not _S.ASKED, TAKEN_SECONDS)
        except OutcomeUnknown as error:
            await self._move(new, lambda one: replace(one, state=_S.UNKNOWN) if one.state is _S.ASKED else one)
            return error
        except TimeoutError:
            await self._move(new, lambda one: self._over(one, NOT_TAKEN) if one.state is _S.ASKED else one)
            return NoWarmTransfer()
        except TransferLasts as error:
            self._forget(new)  # nothing was sent: the earlier one, of which the PBX has not told yet, is the newest
            return error
        except EngineError as error:
            await self._move(new, lambda one: self._over(one, NOT_TAKEN) if one.state is _S.ASKED else one)
            return error
        return None

    async def sent_blind(self, call: StoredCall, to: str, who: Author) -> None:
        """Note that the resident was sent on without waiting."""
        new = self._new(call, to, who, _S.BLIND)
        self._keep(new)
        await self._tell(new)

    def _new(self, call: StoredCall, to: str, who: Author, state: HandoverState) -> Handover:
        now = self._clock.now()
        return Handover(
            id=uuid.uuid4().hex[:12],
            key=call.call.key,
            call_id=call.id,
            number=to,
            extension=who.extension or "",
            author=who.name,
            staff_id=who.staff_id,
            state=state,
            began_at=now,
            ended_at=now if state is _S.BLIND else None,
        )

    async def complete(self, call: StoredCall, who: Author) -> None:
        """The resident and the third party are together, the operator is out. Pressed again: nothing more."""
        now = self._lasting(call, who)
        if now is None or now.state is _S.DONE:
            return
        self._answered(now, _S.TALKING, _S.JOINED)
        await self._phone(call).complete(call.call)
        if now.state is _S.TALKING:
            await self._seen(now, _S.DONE)

    async def cancel(self, call: StoredCall, who: Author) -> None:
        """The operator has the resident back. Pressed again, or when it failed meanwhile: nothing more."""
        now = self._lasting(call, who)
        if now is None or not now.state.lasts:
            return
        self._taking_back.add(now.id)  # the third party's end may be told before the PBX has answered us
        try:
            await self._take_back(call, now)
        except EngineError:
            self._taking_back.discard(now.id)
            raise
        await self._move(now, lambda one: self._taken_back(one) if one.state.lasts else one)

    async def _take_back(self, call: StoredCall, now: Handover) -> None:
        phone = self._phone(call)
        try:
            await phone.cancel(call.call)
        except NoTransfer:
            # By a key of his telephone he may have him back already: the PBX does not tell it, but shows none.
            rang = self._current(now).state is not _S.ASKED
            if not rang or any(one.attempt == now.id for one in await phone.lasting()):
                raise

    async def join(self, call: StoredCall, who: Author) -> None:
        """All three together. Pressed again: nothing more."""
        now = self._lasting(call, who)
        if now is None or now.state is _S.JOINED:
            return
        self._answered(now, _S.TALKING)
        await self._phone(call).join(call.call)
        await self._seen(now, _S.JOINED)

    def _lasting(self, call: StoredCall, who: Author) -> Handover | None:
        now = self.newest(call.id)
        if now is None:
            raise NoTransfer()
        if who.extension != now.extension:
            raise NotYourCall("only who began the warm transfer can end it")
        if now.state is _S.UNKNOWN:
            raise OutcomeUnknown("whether the transfer began is not known yet: look at your telephone")
        return now

    @staticmethod
    def _answered(now: Handover, *wanted: HandoverState) -> None:
        if now.state not in wanted:
            raise NotAnsweredYet() if now.state.lasts else NoTransfer()

    async def _seen(self, one: Handover, state: HandoverState) -> None:
        try:
            await self._until(one, lambda now: not now.state.lasts, DONE_SECONDS)
        except TimeoutError:
            raise OutcomeUnknown("the PBX took it and has not said that it is done: look at your telephone") from None
        if (now := self._current(one)).state is not state:
            raise NoTransfer(f"the warm transfer ended otherwise: {now.state.value}")

    @staticmethod
    def _own(call: StoredCall, who: Author) -> None:
        if call.call.ended_at is not None:
            raise Conflict("this call is over")
        if not who.extension or call.call.operator != who.extension or not call.call.talks:
            raise NotYourCall("only who talks in this call can transfer it warmly")

    def _phone(self, call: StoredCall) -> Consulting:
        if call.call.key.pbx not in self._phones:
            raise NotFound("this call's PBX is not configured any more")
        return self._phones[call.call.key.pbx]

    # --- what the PBX tells -----------------------------------------------------------------------------

    async def on_told(self, told: HandoverTold) -> None:
        found = self._meant(told)
        if found is None and told.what in ("ringing", "answered"):
            found = await self._adopted(told)
        if found is None:
            return
        if found.id in self._taking_back and told.what not in ("ringing", "answered", "transferred", "threeway"):
            await self._move(found, lambda one: self._taken_back(one) if one.state.lasts else one)
        else:
            await self._move(found, lambda one: one.after(told))

    async def resynced(self, pbx: str) -> None:
        """The link is back: what lasts on the PBX lasts here, and what does not is over."""
        mine = [found[-1] for found in self._of_call.values() if found[-1].key.pbx == pbx and found[-1].state.lasts]
        try:
            there = {(one.linkedid, one.attempt): one for one in await self._phones[pbx].lasting()}
        except EngineError:
            return  # the next resync asks again
        now = self._clock.now()
        for one in mine:
            if (one.key.linkedid, one.id) not in there and one.began_at < now:
                await self._move(one, lambda old: self._over(old, "unknown") if old.state.lasts else old)
        for alive in there.values():
            what = "answered" if alive.answered else "ringing"
            await self.on_told(HandoverTold(now, pbx, alive.linkedid, what, alive.attempt, alive.number))

    async def on_ended(self, fact: CallEnded) -> None:
        """After the commit: a conversation that is over has no transfer under way."""
        call_id = self._call_ids.get(fact.call.key)
        if call_id is not None and (now := self.newest(call_id)) is not None and now.state.lasts:
            await self._move(now, lambda one: self._over(one, "hung_up") if one.state.lasts else one)

    def _meant(self, told: HandoverTold) -> Handover | None:
        for found in reversed(self._of_call.values()):
            one = found[-1]
            if one.key.pbx != told.pbx:
                continue
            if one.id == told.attempt or (not told.attempt and one.key.linkedid == told.linkedid):
                return one
        return None

    async def _adopted(self, told: HandoverTold) -> Handover | None:
        """Begun by another engine, or by this one before it was started anew."""
        call = await self._by_key(CallKey(told.pbx, told.linkedid))
        if call is None or not told.attempt or call.call.ended_at is not None:
            return None
        one = Handover(
            id=told.attempt,
            key=call.call.key,
            call_id=call.id,
            number=told.number,
            extension=call.call.operator,
            author="",
            staff_id=None,
            state=_S.ASKED,
            began_at=told.at,
        )
        self._keep(one)
        return one

    # --- one change -------------------------------------------------------------------------------------

    def _over(self, one: Handover, why: str) -> Handover:
        state = _S.FAILED if why == NOT_TAKEN else _S.OVER
        return one.ended(state, self._clock.now(), why)

    def _taken_back(self, one: Handover) -> Handover:
        self._taking_back.discard(one.id)
        return one.ended(_S.CANCELLED, self._clock.now())

    def _current(self, one: Handover) -> Handover:
        return next((x for x in self._of_call.get(one.call_id, ()) if x.id == one.id), one)

    def _keep(self, one: Handover) -> None:
        found = self._of_call.setdefault(one.call_id, [])
        for place, old in enumerate(found):
            if old.id == one.id:
                found[place] = one
                return
        found.append(one)
        self._call_ids[one.key] = one.call_id
        while len(self._of_call) > KEPT:
            _, old_ones = self._of_call.popitem(last=False)
            del self._call_ids[old_ones[0].key]

    def _forget(self, one: Handover) -> None:
        self._of_call[one.call_id] = [x for x in self._of_call[one.call_id] if x.id != one.id]
        if not self._of_call[one.call_id]:
            del self._of_call[one.call_id], self._call_ids[one.key]

    async def _move(self, one: Handover, change: Callable[[Handover], Handover]) -> None:
        """In memory at once, so that a second press sees it; told when it is durable."""
        old = self._current(one)
        new = change(old)
        if new is old:
            return
        self._keep(new)
        async with self._changed:
            self._changed.notify_all()
        await self._tell(new)

    async def _tell(self, new: Handover) -> None:
        """A store that refuses for a while loses no line of a ticket's history."""
        while True:
            try:
                async with self._store.begin() as tx:
                    await tx.tell(HandoverChanged(self._clock.now(), new))
                return
            except Unavailable:
                log.warning("the store does not take a transfer; trying again", extra={"action": "handover_waits"})
                await asyncio.sleep(RETRY_SECONDS)

    async def _until(self, one: Handover, fulfilled: Callable[[Handover], bool], seconds: float) -> None:
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: fulfilled(self._current(one)))
