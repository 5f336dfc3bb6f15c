"""Facts into live messages: the `after` reactions, with one ordered writer that never holds up who tells the fact.

A message is rendered from the newest state; facts about one thing that wait together become one message. Only the
offer of a call is told each time, with the caller's card, to the addressed operator alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from callengine.access.events import StaffStateChanged
from callengine.access.model import DESK, Principal
from callengine.api import render, schemas
from callengine.api.services import Services
from callengine.callbacks import events as duty_events
from callengine.calls import events as call_events
from callengine.calls.model import CallKey, Conversation, StoredCall
from callengine.phone import Phone
from callengine.recordings.events import RecordingChanged
from callengine.recordings.model import Recording
from callengine.tasks import Tasks
from callengine.tickets.events import TicketOpened
from callengine.tickets.model import Ticket

log = logging.getLogger(__name__)

MOST_WAITING = 5_000
MOST_CARDS = 2_000
ENGINE = Principal(None, "", None, "screen-pop", None)
BOARD_SECONDS = 5.0
CALL_FACTS = {
    call_events.CallArrived: "arrived",
    call_events.CallQueued: "queued",
    call_events.CallOffered: "offered",
    call_events.OfferEnded: "offer_ended",
    call_events.CallAnswered: "answered",
    call_events.CallChanged: "changed",
    call_events.CallbackRequested: "callback_requested",
    call_events.MessageLeft: "message_left",
    call_events.CallMissed: "missed",
    call_events.CallEnded: "ended",
}
DUTY_FACTS = (
    duty_events.DutyOpened,
    duty_events.DutyJoined,
    duty_events.DutyClaimed,
    duty_events.DutyReleased,
    duty_events.DutyAttempted,
    duty_events.MessageHeard,
    duty_events.DutySettled,
    duty_events.DutyDue,
)
SHOWN = (*CALL_FACTS, *DUTY_FACTS, StaffStateChanged, RecordingChanged, TicketOpened)
Work = Callable[[], Awaitable[None]]


class Screens:
    """`tell` it every fact after its commit; run `run()` and `run_board()` beside the engine."""

    def __init__(self, services: Services) -> None:
        self._its = services
        self._waiting: OrderedDict[tuple[str, object], Work] = OrderedDict()
        self._offers: dict[tuple[CallKey, str], Conversation] = {}
        self._wake = asyncio.Event()
        self._cards: OrderedDict[CallKey, asyncio.Task[schemas.CallerCard]] = OrderedDict()
        self._tasks = Tasks()

    # --- reactions: quick, nothing awaited --------------------------------------------------------------

    def tell(self, fact: object) -> None:
        """The one reaction for the store's `after` table, for every kind in SHOWN."""
        match fact:
            case call_events.CallFact():
                self.on_call(fact)
            case duty_events.DutyFact():
                self.on_duty(fact)
            case StaffStateChanged():
                self.on_state(fact)
            case RecordingChanged():
                self.on_recording(fact)
            case TicketOpened():
                self.on_ticket(fact)

    def on_call(self, fact: call_events.CallFact) -> None:
        call, name = fact.call, CALL_FACTS[type(fact)]
        if isinstance(fact, call_events.CallArrived):
            self._prepare_card(call)
        if isinstance(fact, call_events.CallOffered):
            self._offers[(call.key, fact.operator)] = call
            # Somebody's phone rings: before all that can wait, and all that ring together in one reading.
            self._put(("offer", None), self._tell_offers)
            if ("offer", None) in self._waiting:  # else the queue has just overflowed
                self._waiting.move_to_end(("offer", None), last=False)
        if isinstance(fact, call_events.CallEnded):
            self._cards.pop(call.key, None)
        # A missed call's end tells its screen all; what is said last about one call is what counts.
        self._put(("call", call.key), lambda: self._call(call, name))
        self.board()

    def on_duty(self, fact: duty_events.DutyFact) -> None:
        duty_id = fact.duty.id
        self._put(("duty", duty_id), lambda: self._duty(duty_id))
        self.board()

    def on_state(self, fact: StaffStateChanged) -> None:
        member = fact.member
        self._put(("state", member.id), lambda: self._publish("state", render.staff_member(member)))
        self.board()

    def on_recording(self, fact: RecordingChanged) -> None:
        recording = fact.recording
        self._put(("recording", recording.id), lambda: self._recording(recording))

    def on_ticket(self, fact: TicketOpened) -> None:
        ticket = fact.ticket
        self._put(("ticket", ticket.number), lambda: self._ticket(ticket))

    def on_pbx(self, pbx: schemas.PbxHealth) -> None:
        """For app.py: a link went up or down."""
        self._put(("pbx", pbx.name), lambda: self._publish("pbx", pbx))
        self.board()

    def on_dial(self, request_id: str, state: str, reason: str = "") -> None:
        """For app.py: what became of a call that the desk asked for."""
        told = schemas.DialMessage(request_id=request_id, state=state, reason=reason)
        self._put(("dial", (request_id, state)), lambda: self._publish("dial", told))

    def board(self) -> None:
        # Always the last: it counts what the messages before it told.
        self._waiting.pop(("board", None), None)
        self._put(("board", None), self._tell_board)

    def _put(self, key: tuple[str, object], work: Work) -> None:
        self._waiting[key] = work
        if len(self._waiting) > MOST_WAITING:
            log.warning("live messages dropped; clients read anew", extra={"action": "live_overflow"})
            self._waiting.clear()
            self._offers.clear()
            self._its.live.reset()
        self._wake.set()

    # --- the writer -------------------------------------------------------------------------------------

    async def run(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    key, work = self._waiting.popitem(last=False)
                    await self._do(key[0], work)
        finally:
            await self._tasks.close()

    async def run_board(self) -> None:
        """The age of the data goes on also when nothing happens."""
        while True:
            await asyncio.sleep(BOARD_SECONDS)
            if self._its.live.sockets:
                self.board()

    async def _do(self, kind: str, work: Work) -> None:
        try:
            await work()
        except Exception:
            # Screens that may have missed something read anew.
            log.exception("live message failed", extra={"action": "live_failed", "kind": kind})
            self._its.live.reset()

    async def _publish(self, type: str, data: schemas.View) -> None:
        self._its.live.publish(type, data, roles=DESK)

    async def _tell_board(self) -> None:
        await self._publish("board", await self._its.views.board())

    def _prepare_card(self, call: Conversation) -> None:
        """While the greeting plays: when the phone rings the card is there."""
        if call.number.value and not call.robot:
            self._cards[call.key] = self._tasks.start(self._card(call.number), name="caller card")
            while len(self._cards) > MOST_CARDS:
                self._cards.popitem(last=False)

    async def _card(self, number: Phone) -> schemas.CallerCard:
        return await self._its.views.card(number, ENGINE, why="screen-pop")

    async def _card_of(self, call: Conversation) -> schemas.CallerCard:
        known = self._cards.get(call.key)
        # The number may have come later than the call.
        if known is not None and (not known.done() or known.exception() is None):
            card = await known
            if card.number == call.number.value:
                return card
        return await self._card(call.number)

    async def _seen(self, call: Conversation) -> schemas.Call | None:
        stored: StoredCall | None = await self._its.calls.by_key(call.key)
        if stored is None:
            return None
        return (await self._its.views.calls([StoredCall(stored.id, call)]))[0]

    async def _tell_offers(self) -> None:
        offers, self._offers = self._offers, {}
        known: list[tuple[StoredCall, str]] = []
        for (key, operator), call in offers.items():
            stored: StoredCall | None = await self._its.calls.by_key(key)
            if stored is not None:
                known.append((StoredCall(stored.id, call), operator))
        seen = await self._its.views.calls([one for one, _ in known])
        for (one, operator), view in zip(known, seen, strict=True):
            told = schemas.CallMessage(**dict(view), fact="offered", card=await self._card_of(one.call))
            self._its.live.publish("call", told, to_extension=operator, roles=DESK)

    async def _call(self, call: Conversation, fact: str) -> None:
        seen = await self._seen(call)
        if seen is not None:
            await self._publish("call", schemas.CallMessage(**dict(seen), fact=fact))

    async def _duty(self, duty_id: int) -> None:
        detail = await self._its.callbacks.get(duty_id)
        await self._publish("duty", (await self._its.views.duties([detail.stored]))[0])

    async def _recording(self, recording: Recording) -> None:
        numbers = await self._its.recordings.ticket_numbers(recording)
        told = render.recording(recording, [], numbers).model_copy(update={"peaks": []})
        await self._publish("recording", told)

    async def _ticket(self, ticket: Ticket) -> None:
        await self._publish("ticket", render.ticket_row(ticket, self._its.clock.now()))
