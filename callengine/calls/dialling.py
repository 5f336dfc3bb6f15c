"""Click to call that never dials twice: the row is durable before the PBX hears of it, and doubt is never a retry."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import uuid
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Protocol

from callengine import phone
from callengine.calls.events import CallEnded, CallFact
from callengine.calls.origination import Origination, OriginationChanged, OriginationState
from callengine.clock import Clock
from callengine.config import Locale
from callengine.errors import Conflict, EngineError, NotFound, OutcomeUnknown, PbxLost, PbxRefused, Refused
from callengine.store import originations as rows
from callengine.store.database import Store, Tx
from callengine.tasks import Tasks

__all__ = ["DiallingService", "Origination", "Originator", "request_id_of"]

log = logging.getLogger(__name__)

# What the dialplan lets through into the ledger, and what a channel's id may be.
_SAFE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_EXTENSION = re.compile(r"[A-Za-z0-9_]{1,20}")
_DOUBTFUL = (OriginationState.SENT, OriginationState.ACCEPTED, OriginationState.UNKNOWN)


class Originator(Protocol):
    """The part of a PBX that places calls. Raises PbxLost when nothing was sent, PbxRefused, or OutcomeUnknown."""

    @property
    def ready(self) -> bool: ...

    async def originate(self, request_id: str, extension: str, to: str) -> None: ...

    async def traces(self) -> Collection[str]:
        """Ids of the channels alive, and of the requests that the ledger holds."""
        ...


def request_id_of(wish: str | None) -> str:
    """An id that fits an ActionID, a channel and the ledger: the wish itself if it does, else a lasting digest."""
    if wish is None:
        return uuid.uuid4().hex
    return wish if _SAFE_ID.fullmatch(wish) else hashlib.sha256(wish.encode()).hexdigest()[:40]


class DiallingService:
    """Places calls from operators' phones. One request is one call at most, whatever breaks."""

    def __init__(
        self, store: Store, clock: Clock, links: Mapping[str, Originator], *, locale: Locale | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._links = links
        self._locale = locale or Locale()
        self._tasks = Tasks()
        self._under_way: set[str] = set()  # between the row and the PBX's answer, in this process

    async def close(self) -> None:
        await self._tasks.close()

    async def recover(self) -> None:
        """At the start, before the links: what was planned was never sent, what was sent is unknown."""
        for pbx in self._links:
            async with self._store.read() as conn:
                left = await rows.open_on(conn, pbx)
            for one in left:
                if one.state is OriginationState.PLANNED:
                    await self._move(one.id, OriginationState.REFUSED, "the engine stopped before it was sent")
                elif one.state is OriginationState.SENT:
                    await self._move(one.id, OriginationState.UNKNOWN, "the engine stopped while it was sent")

    async def dial(
        self,
        staff_id: int | None,
        extension: str,
        to: str,
        duty_id: int | None = None,
        request_id: str | None = None,
        *,
        pbx: str | None = None,
    ) -> Origination:
        """Ring the operator's phone, then the number.

        The same `request_id` again gives the same call, never a second one. Raises Refused, Conflict, PbxLost (no call
        was placed), PbxRefused, OutcomeUnknown (there may be a call: look before trying again).
        """
        request_id = request_id_of(request_id)
        if (before := await self.get(request_id)) is not None:
            return _told_again(before)
        name, link = self._link(pbx)
        wish = Origination(
            id=request_id,
            pbx=name,
            extension=self._extension(extension),
            number=self._number(to),
            state=OriginationState.PLANNED,
            created_at=self._clock.now(),
            staff_id=staff_id,
            duty_id=duty_id,
        )
        if not link.ready:
            raise PbxLost()
        # A browser that goes away must not leave a call half noted: the work goes on without it.
        outcome: Origination | EngineError = await asyncio.shield(
            self._tasks.start(self._outcome(link, wish), name=f"dial-{request_id}")
        )
        if isinstance(outcome, EngineError):
            raise outcome
        return outcome

    async def _outcome(self, link: Originator, wish: Origination) -> Origination | EngineError:
        try:
            return await self._place(link, wish)
        except EngineError as error:
            return error  # told to whoever asked, if he is still there; no failure of the task

    async def _place(self, link: Originator, wish: Origination) -> Origination:
        async with self._store.begin() as tx:
            for other in await rows.unsettled_from(tx.conn, wish.pbx, wish.extension):
                if other.id != wish.id:
                    _refuse_beside(other)
            if not await rows.insert(tx, wish):
                before = await rows.get(tx.conn, wish.id)
                assert before is not None
                return _told_again(before)
        self._under_way.add(wish.id)
        try:
            await self._move(wish.id, OriginationState.SENT)
            await link.originate(wish.id, wish.extension, wish.number)
        except PbxLost as error:
            await self._move(wish.id, OriginationState.REFUSED, error.detail)
            raise
        except PbxRefused as error:
            await self._move(wish.id, OriginationState.REFUSED, error.detail)
            raise
        except OutcomeUnknown as error:
            await self._move(wish.id, OriginationState.UNKNOWN, error.detail)
            raise OutcomeUnknown(error.detail, request_id=wish.id) from None
        except BaseException as error:
            # Cancelled at shutdown, or a bug: it may have been sent.
            await asyncio.shield(self._move(wish.id, OriginationState.UNKNOWN, type(error).__name__))
            raise
        finally:
            self._under_way.discard(wish.id)
        moved = await self._move(wish.id, OriginationState.ACCEPTED)
        return moved or await self.get(wish.id) or replace(wish, state=OriginationState.ACCEPTED)

    async def get(self, request_id: str) -> Origination | None:
        async with self._store.read() as conn:
            return await rows.get(conn, request_id)

    # --- what the PBX tells afterwards -----------------------------------------------------------------

    async def on_response(self, request_id: str, *, succeeded: bool, reason: str = "") -> None:
        """OriginateResponse: a failure means that the operator's phone did not answer and nobody was called."""
        if not succeeded:
            await self._move(request_id, OriginationState.REFUSED, reason or "the operator's phone did not answer")

    async def on_call(self, tx: Tx, fact: CallFact) -> None:
        """Within reaction on CallArrived and CallEnded: the conversation of a request exists, or is over."""
        if not fact.call.request_id:
            return
        state = OriginationState.ENDED if isinstance(fact, CallEnded) else OriginationState.SEEN
        call_id = await rows.call_id(tx.conn, fact.call.key)
        if (moved := await rows.move(tx, fact.call.request_id, state, call_id=call_id)) is not None:
            await tx.tell(OriginationChanged(self._clock.now(), moved))

    async def settle_unknown(self, pbx: str) -> None:
        """When the link is back: look for each doubtful call on the PBX. What left no trace there is over."""
        asked_at = self._clock.now()
        async with self._store.read() as conn:
            doubtful = [one for one in await rows.open_on(conn, pbx) if one.state in _DOUBTFUL]
        if not doubtful:
            return
        try:
            traces = await self._links[pbx].traces()
        except EngineError as error:
            told = {"action": "origination_doubt", "pbx": pbx, "problem": error.detail}
            log.warning("the PBX could not be searched for our calls: doubt stays", extra=told)
            return
        for one in doubtful:
            if one.id in traces:
                await self._move(one.id, OriginationState.SEEN)
            elif one.id not in self._under_way and one.created_at <= asked_at:
                await self._move(one.id, OriginationState.ENDED, "the PBX has no trace of this call any more")

    # --- guards ----------------------------------------------------------------------------------------

    async def _move(self, request_id: str, state: OriginationState, reason: str = "") -> Origination | None:
        async with self._store.begin() as tx:
            moved = await rows.move(tx, request_id, state, reason=reason)
            if moved is not None:
                await tx.tell(OriginationChanged(self._clock.now(), moved))
        if moved is not None and reason:
            told = {"action": "origination_" + state, "request_id": request_id, "reason": reason}
            log.warning("click to call: %s", state, extra=told)
        return moved

    def _link(self, pbx: str | None) -> tuple[str, Originator]:
        name = pbx or next(iter(self._links), "")
        if name not in self._links:
            raise NotFound(f"there is no PBX {name!r}")
        return name, self._links[name]

    def _extension(self, extension: str) -> str:
        if not _EXTENSION.fullmatch(extension or ""):
            raise Refused("no phone to call from: your account has no extension, or not a valid one")
        return extension

    def _number(self, to: str) -> str:
        number = phone.parse(to, country=self._locale.country, city_code=self._locale.city_code)
        # Feature codes (*8 picks up somebody else's call) are no numbers to call.
        if not number.can_be_called or not number.value.lstrip("+").isdecimal():
            raise Refused("this is no number that can be called")
        return number.value


def _told_again(before: Origination) -> Origination:
    """The same request again is told what the first one was told."""
    match before.state:
        case OriginationState.REFUSED:
            raise PbxRefused(before.reason or None, request_id=before.id)
        case OriginationState.UNKNOWN:
            raise OutcomeUnknown(request_id=before.id)
        case _:
            return before


def _refuse_beside(other: Origination) -> None:
    if other.state is OriginationState.UNKNOWN:
        raise OutcomeUnknown(
            "whether the last call from this phone was placed is not known yet: wait until the link to the PBX is back",
            request_id=other.id,
        )
    raise Conflict("a call from this phone is being placed just now", request_id=other.id)
