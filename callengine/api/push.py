"""Facts into live messages: the `after` reactions, with one ordered writer that never holds up who tells the fact.

A message is rendered from the newest state; facts about one thing that wait together become one message. Only the
offer of a call is told each time, with the caller's card, to the addressed operator alone: at once, see offers.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from callengine.access.events import StaffStateChanged
from callengine.access.model import DESK, INSPECTOR, TICKETS, Principal
from callengine.api import campaign_news, render, schemas, ticket_pages
from callengine.api.offers import Offers
from callengine.api.ringing import Ringing
from callengine.api.services import Services
from callengine.callbacks import events as duty_events
from callengine.calls import events as call_events
from callengine.calls.handover import Handover, HandoverChanged
from callengine.calls.model import CallKey, Conversation, StoredCall
from callengine.outreach.events import CampaignChanged, OutreachAsked, OutreachSettled, OutreachSwitched, RobotCalled
from callengine.recordings.events import RecordingChanged
from callengine.recordings.model import Recording
from callengine.store import views as rows
from callengine.store.tickets import past_organisations
from callengine.tickets.events import (
    TicketCommented,
    TicketFact,
    TicketFiled,
    TicketJoined,
    TicketMoved,
    TicketOpened,
    TicketReminded,
    TicketReminderEnded,
)
from callengine.tickets.model import Ticket
from callengine.tickets.visibility import masked_applicant, scope_of, sees

log = logging.getLogger(__name__)

MOST_WAITING = 5_000
CALLS_AT_ONCE = 200
BOARD_SECONDS = 5.0
# A phone has just begun to ring: for so long the lists wait, so that nothing keeps its operator's screen from painting.
PAINT_SECONDS = 0.05
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
TICKET_FACTS = (
    TicketOpened,
    TicketMoved,
    TicketCommented,
    TicketFiled,
    TicketJoined,
    TicketReminded,
    TicketReminderEnded,
)
SHOWN = (
    HandoverChanged,
    *CALL_FACTS,
    *DUTY_FACTS,
    StaffStateChanged,
    RecordingChanged,
    *TICKET_FACTS,
    *campaign_news.FACTS,
)
Work = Callable[[], Awaitable[None]]


class Screens:
    """`tell` it every fact after its commit; run `run()` and `run_board()` beside the engine."""

    def __init__(self, services: Services) -> None:
        self._its = services
        self._waiting: OrderedDict[tuple[str, object], Work] = OrderedDict()
        self._late: dict[tuple[CallKey, str], Conversation] = {}
        self._calls: OrderedDict[CallKey, tuple[Conversation, str]] = OrderedDict()
        self._wake = asyncio.Event()
        self._busy = False
        self._hurry = asyncio.Event()  # set while an offer waits
        self._lists_at = 0.0  # on the loop's clock
        self.offers = Offers(services)
        self.ringing = Ringing(services, self.offers)
        self.campaigns = campaign_news.CampaignNews(services, self._put)

    @property
    def idle(self) -> bool:
        """Nothing waits to be told, and nothing is being told."""
        return not self._waiting and not self._busy

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
            case TicketReminded():
                self.on_ticket(fact)
                self._put(("reminder", (fact.ticket.number, fact.about, fact.level)), lambda: self._remind(fact))
            case TicketFact():
                self.on_ticket(fact)
            case HandoverChanged():
                self.on_handover(fact.handover)
            case CampaignChanged() | OutreachAsked() | RobotCalled() | OutreachSettled() | OutreachSwitched():
                self.campaigns.on_fact(fact)

    def on_call(self, fact: call_events.CallFact) -> None:
        call = fact.call
        self.offers.follow(call)
        if isinstance(fact, call_events.CallOffered):
            self._offer(call, fact.operator)
        # A missed call's end tells its screen all; what is said last about one call is what counts.
        self._calls[call.key] = call, CALL_FACTS[type(fact)]
        self._put(("calls", None), self._tell_calls)
        self.board()

    def _offer(self, call: Conversation, operator: str) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._lists_at:  # offers without end do not put the lists off for ever
            self._lists_at = now + PAINT_SECONDS
        if self.offers.tell(call, operator):
            self.ringing.confirmed(call.key, operator)
            return
        self.ringing.confirmed(call.key, operator)  # at once, or the reset of an overflow stands for it
        self._late[(call.key, operator)] = call
        self._hurry.set()
        self._put(("offers", None), self._tell_late)
        if ("offers", None) in self._waiting:  # else the queue has just overflowed
            self._waiting.move_to_end(("offers", None), last=False)

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

    def on_ticket(self, fact: TicketFact) -> None:
        ticket = fact.ticket
        self._put(("ticket", ticket.number), lambda: self._ticket(ticket))

    def on_handover(self, one: Handover) -> None:
        self._put(("handover", one.id), lambda: self._publish("handover", render.handover(one)))

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
        if len(self._waiting) + len(self._calls) > MOST_WAITING:
            log.warning("live messages dropped; clients read anew", extra={"action": "live_overflow"})
            self._waiting.clear()
            self._late.clear()
            self._hurry.clear()
            self._calls.clear()
            self._its.live.reset()
        self._wake.set()

    # --- the writer -------------------------------------------------------------------------------------

    async def run(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    await self._let_paint()
                    key, work = self._waiting.popitem(last=False)
                    await self._do(key[0], work)
        finally:
            self.campaigns.close()
            await self.offers.tasks.close()

    async def _let_paint(self) -> None:
        """Wait until the lists may be told, or an offer must."""
        loop = asyncio.get_running_loop()
        if self._lists_at > loop.time() and not self._hurry.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(self._lists_at):
                    await self._hurry.wait()

    async def run_board(self) -> None:
        """The age of the data goes on also when nothing happens."""
        while True:
            await asyncio.sleep(BOARD_SECONDS)
            if self._its.live.sockets:
                self.board()

    async def _do(self, kind: str, work: Work) -> None:
        self._busy = True
        try:
            await work()
        except Exception:
            # Screens that may have missed something read anew.
            log.exception("live message failed", extra={"action": "live_failed", "kind": kind})
            self._its.live.reset()
        finally:
            self._busy = False

    async def _publish(self, type: str, data: schemas.View) -> None:
        self._its.live.publish(type, data, roles=DESK)

    async def _tell_board(self) -> None:
        await self._publish("board", await self._its.views.board())

    async def _tell_late(self) -> None:
        late, self._late = self._late, {}
        self._hurry.clear()
        await self.offers.tell_late(late)

    async def _tell_calls(self) -> None:
        """All that wait in one reading."""
        some = [self._calls.popitem(last=False) for _ in range(min(CALLS_AT_ONCE, len(self._calls)))]
        if self._calls:
            self._put(("calls", None), self._tell_calls)
        ids = await self._ids([key for key, _ in some])
        known = [(StoredCall(ids[key], call), name) for key, (call, name) in some if key in ids]
        seen = await self._its.views.calls([one for one, _ in known])
        for (one, name), view in zip(known, seen, strict=True):
            # Something newer was told of it while we read: an offer, perhaps, that must not be taken back.
            if one.call.key not in self._calls:
                await self._publish("call", schemas.CallMessage(**dict(view), fact=name))

    async def _ids(self, keys: list[CallKey]) -> dict[CallKey, int]:
        ids = {key: known for key in keys if (known := self.offers.call_id(key)) is not None}
        if len(ids) < len(keys):
            async with self._its.store.read() as conn:
                ids |= await rows.call_ids(conn, [key for key in keys if key not in ids])
        return ids

    async def _duty(self, duty_id: int) -> None:
        detail = await self._its.callbacks.get(duty_id)
        await self._publish("duty", (await self._its.views.duties([detail.stored]))[0])

    async def _recording(self, recording: Recording) -> None:
        numbers = await self._its.recordings.ticket_numbers(recording)
        told = render.recording(recording, [], numbers).model_copy(update={"peaks": []})
        await self._publish("recording", told)

    async def _ticket(self, ticket: Ticket) -> None:
        """To each who may see it, as he may see it: an inspector's row is masked."""
        async with self._its.store.read() as conn:
            past = await past_organisations(conn, ticket.id)
        now, live = self._its.clock.now(), self._its.live

        def may(who: Principal, *, personal: bool) -> bool:
            scope = scope_of(who)
            return scope.personal is personal and sees(scope, ticket, past)

        live.publish("ticket", render.ticket_row(ticket, now), roles=TICKETS, only=partial(may, personal=True))
        hidden = render.ticket_row(replace(ticket, applicant=masked_applicant(ticket.applicant)), now)
        live.publish("ticket", hidden, roles={INSPECTOR}, only=partial(may, personal=False))

    async def _remind(self, fact: TicketReminded) -> None:
        """To those that it is for: of its organisation, of its executors and inspectors only the ticket's own."""
        told = ticket_pages.reminder(fact.ticket, fact.about, fact.level, fact.due_at)
        self._its.live.publish("reminder", told, roles=fact.to, only=lambda who: sees(scope_of(who), fact.ticket))
