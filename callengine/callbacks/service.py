"""Callback duties as they live: reactions to facts of calls, claims of operators, clocks that run out.

Reactions run in the caller's transaction and are idempotent: a fact told twice, or later than what followed it
(the ledger recovers a missed call after somebody has called back), leaves the same duties.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from callengine.callbacks import compliance, leading, rules
from callengine.callbacks.events import (
    DutyAttempted,
    DutyClaimed,
    DutyDue,
    DutyJoined,
    DutyOpened,
    DutyReleased,
    DutySettled,
    MessageHeard,
)
from callengine.callbacks.leading import CLAIM, CLOCK
from callengine.callbacks.model import Done, Duty, DutyDetail, DutyFilter, DutyState, StoredDuty
from callengine.callbacks.rules import Contact, MissedCall, Tried
from callengine.calls.events import CallAnswered, CallbackRequested, CallEnded, CallFact, CallMissed, MessageLeft
from callengine.calls.model import Conversation, Direction
from callengine.clock import Clock, rfc3339
from callengine.config import Callbacks
from callengine.errors import Conflict, EngineError, NotFound, Refused
from callengine.log import masked
from callengine.phone import Phone
from callengine.store import callbacks as rows
from callengine.store import compliance as day_rows
from callengine.store import ticket_joins, timers
from callengine.store.database import Store, Tx
from callengine.timers.model import Owner

log = logging.getLogger(__name__)

CONTACT = "duty-contact"  # a call back has lasted as long as a conversation; subject: the call
# An attempt whose call never showed up (the link broke while it was placed) does not hold the claim for longer.
SILENT_ATTEMPT = timedelta(seconds=120)
ASKED_OPERATOR = "asked_operator"  # the voice robot's resident asked for an operator and had none


class CallbacksService:
    """The one place that changes duties."""

    def __init__(self, store: Store, clock: Clock, settings: Callbacks) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings

    @property
    def timer_owners(self) -> Mapping[str, Owner]:
        """What the timer worker hands to us."""
        return {CLOCK: self.on_timer, CLAIM: self.on_timer, CONTACT: self.on_timer}

    # --- reactions, in the transaction of the fact -----------------------------------------------------------

    async def on_missed(self, tx: Tx, fact: CallMissed) -> None:
        """A missed call opens its duty or joins the open one; or was fulfilled already before we heard of it."""
        await self._missed(tx, fact, "missed")

    async def on_callback_requested(self, tx: Tx, fact: CallbackRequested) -> None:
        """The key in the queue: the duty stands at once, whatever becomes of the rest of the call."""
        await self._missed(tx, fact, "callback_requested")

    async def on_message(self, tx: Tx, fact: MessageLeft) -> None:
        """A voice message hangs on the duty and must be heard."""
        await self._missed(tx, fact, "message")

    async def on_answered(self, tx: Tx, fact: CallAnswered) -> None:
        """He got through himself; or we reached him, which counts when it has lasted for a conversation."""
        call = fact.call
        if call.robot or call.direction is Direction.INTERNAL:
            return
        if call.direction is Direction.INBOUND:
            await self._settle_by(tx, call, fact.at)
            return
        if call.answered_at is None or not await self._concerns_duty(tx, call):
            return
        if (found := await rows.call_and_duty(tx, call.key)) is not None:
            lasts = call.answered_at + timedelta(seconds=self._settings.contact_seconds)
            await timers.set_timer(tx, CONTACT, str(found[0]), lasts)

    async def on_ended(self, tx: Tx, fact: CallEnded) -> None:
        """The outcome is final: a contact, an attempt, or nothing to us."""
        call = fact.call
        if call.robot and call.queued_at is not None and not call.talks:
            await self._asked(tx, fact)
        if call.robot or call.direction is Direction.INTERNAL:
            return
        if call.direction is Direction.OUTBOUND or call.answered_at is not None:
            await self._settle_by(tx, call, fact.at)

    async def _concerns_duty(self, tx: Tx, call: Conversation) -> bool:
        at = call.answered_at or call.arrived_at
        if call.number.value and await rows.owed_to(tx, call.number.value, at):
            return True
        return bool(await rows.attempts_of_request(tx, call.request_id))

    async def _missed(self, tx: Tx, fact: CallFact, what: str) -> None:
        call = fact.call
        if call.robot and what != "missed":
            await self._asked(tx, fact)
            return
        if not rules.owes_callback(call) or (found := await rows.call_and_duty(tx, call.key)) is None:
            return
        call_id, duty_id = found
        await rows.lock_number(tx, call.number.value)
        if duty_id is None:
            duty_id = await self._owe(tx, fact, call_id)
        elif what == "missed":
            await self._end_known(tx, duty_id, fact.at)
        await self._wishes(tx, fact, call_id, duty_id, what)

    async def _wishes(self, tx: Tx, fact: CallFact, call_id: int, duty_id: int, what: str = "") -> None:
        """What he asked for with a key of the queue, on the duty of his call."""
        call = fact.call
        if what == "callback_requested" or call.callback_requested:
            await self._mark_requested(tx, duty_id, call_id, fact.at)
        if what == "message" or call.message_file:
            await self._mark_message(tx, duty_id, call_id, call.message_file, fact.at)

    async def _asked(self, tx: Tx, fact: CallFact) -> None:
        """He pressed "to an operator" in the robot's call and nobody took it: he has missed nobody, and is owed a call.

        Once for each call of the robot, however often and late it is told.
        """
        call = fact.call
        if not call.number.can_be_called or (found := await rows.call_and_duty(tx, call.key)) is None:
            return
        call_id, duty_id = found
        if duty_id is None:
            due_at = self._clock.now() + timedelta(seconds=self._settings.operator_seconds)
            ticket_id = await rows.ticket_of_request(tx, call.request_id)
            data = {"request_id": call.request_id, "call_id": call_id}
            duty_id = await self.owe(
                tx, call.number, reason=ASKED_OPERATOR, due_at=due_at, ticket_id=ticket_id, data=data
            )
            await rows.link(tx, duty_id, call_id, "asked")
        await self._wishes(tx, fact, call_id, duty_id)

    async def _owe(self, tx: Tx, fact: CallFact, call_id: int) -> int:
        call = fact.call
        missed = MissedCall(call_id, call.arrived_at, call.ended_at or fact.at)
        if not call.number.can_be_called:
            return await self._open(tx, call, missed, DutyState.IMPOSSIBLE, fact.at)
        talks = await rows.talks_with(tx, call.number.value, call.arrived_at, besides=call_id)
        verdicts = [self._classify(talk, talk_id) for talk_id, talk in talks]
        contact = rules.first_contact(verdicts, call.arrived_at)
        if contact is not None:
            return await self._fulfilled_already(tx, call, missed, contact, fact.at)
        duty = await rows.joinable(tx, call.did, call.number.value, call.arrived_at)
        if duty is not None:
            await self._join(tx, duty, missed, fact.at)
            duty_id = duty.id
        else:
            duty_id = await self._open(tx, call, missed, DutyState.OPEN, fact.at)
        tries = [verdict for verdict in verdicts if isinstance(verdict, Tried) and verdict.at >= call.arrived_at]
        for tried in sorted(tries, key=lambda tried: tried.at):
            await self._tried(tx, duty_id, tried, request_id="", at=tried.ended_at)
        return duty_id

    def _classify(self, call: Conversation, call_id: int, *, machine: bool = False) -> Contact | Tried | None:
        return rules.classify(
            call, call_id, contact_seconds=self._settings.contact_seconds, now=self._clock.now(), machine=machine
        )

    async def _open(self, tx: Tx, call: Conversation, missed: MissedCall, state: DutyState, at: datetime) -> int:
        duty = self._new(call.did, call, missed, state)
        duty = replace(duty, id=await rows.insert_duty(tx, duty))
        await rows.link_missed(tx, duty.id, missed.call_id)
        what = "impossible" if state is DutyState.IMPOSSIBLE else "opened"
        await rows.append_history(tx, duty.id, at, what, call_id=missed.call_id, data=_clock_data(duty))
        if state.owed:
            await timers.set_timer(tx, CLOCK, str(duty.id), duty.due_at)
        await tx.tell(DutyOpened(at, duty))
        return duty.id

    def _new(self, line: str, call: Conversation, missed: MissedCall, state: DutyState) -> Duty:
        clocks = rules.clocks([missed], self._settings)
        return Duty(
            id=0,
            line=line,
            number=call.number,
            state=state,
            arrived_at=clocks.arrived_at,
            due_at=clocks.due_at,
            legal_due_at=clocks.legal_due_at,
            missed_count=1,
        )

    async def _fulfilled_already(
        self, tx: Tx, call: Conversation, missed: MissedCall, contact: Contact, at: datetime
    ) -> int:
        """The call comes to light after the contact: it joins what that contact settled, or is settled at once."""
        settled = await rows.settled_by_call(tx, call.did, call.number.value, contact.call_id)
        if settled is not None:
            await self._join(tx, settled, missed, at)
            return settled.id
        # Never through an owed state: a duty of the same number may be owed, for a later call.
        state = DutyState.SUPERSEDED if contact.inbound else DutyState.REACHED
        duty = self._new(call.did, call, missed, state)
        duty = replace(duty, id=await rows.insert_duty(tx, duty))
        await rows.link_missed(tx, duty.id, missed.call_id)
        await rows.append_history(tx, duty.id, at, "opened", call_id=missed.call_id, data=_clock_data(duty))
        await self._settle(tx, duty, contact, at)
        return duty.id

    async def _join(self, tx: Tx, duty: Duty, missed: MissedCall, at: datetime) -> None:
        await rows.link_missed(tx, duty.id, missed.call_id)
        joined = await self._with_clocks(tx, duty, at)
        await rows.append_history(tx, duty.id, at, "joined", call_id=missed.call_id, data=_clock_data(joined))
        await tx.tell(DutyJoined(at, joined))

    async def _end_known(self, tx: Tx, duty_id: int, at: datetime) -> None:
        duty = await self._get(tx, duty_id)
        await self._with_clocks(tx, duty, at)

    async def _with_clocks(self, tx: Tx, duty: Duty, at: datetime) -> Duty:
        """The duty with its clocks and count as its missed calls say; saved, and its timer moved."""
        missed = await rows.missed_calls(tx, duty.id, at)
        if not missed:
            return duty  # owed for its reason alone
        clocks = rules.clocks(missed, self._settings)
        fresh = replace(
            duty,
            arrived_at=min(clocks.arrived_at, duty.arrived_at) if duty.reason else clocks.arrived_at,
            due_at=min(clocks.due_at, duty.wanted_by or clocks.due_at),
            legal_due_at=clocks.legal_due_at,
            missed_count=len(missed),
        )
        if fresh != duty:
            await rows.save_duty(tx, fresh)
            if fresh.state.owed:
                await timers.set_timer(tx, CLOCK, str(duty.id), min(fresh.due_at, fresh.legal_due_at))
        return fresh

    async def _mark_requested(self, tx: Tx, duty_id: int, call_id: int, at: datetime) -> None:
        duty = await self._get(tx, duty_id)
        if duty.callback_requested:
            return
        duty = replace(duty, callback_requested=True)
        await rows.save_duty(tx, duty)
        await rows.append_history(tx, duty_id, at, "callback_requested", call_id=call_id)
        await tx.tell(DutyJoined(at, duty))

    async def _mark_message(self, tx: Tx, duty_id: int, call_id: int, file_name: str, at: datetime) -> None:
        lines = await day_rows.message_lines(tx.conn, [duty_id])
        if any(line.what == "message" and line.call_id == call_id for line in lines):
            return  # told again, perhaps after a split
        duty = await self._get(tx, duty_id)
        recording = duty.message_recording_id or await rows.message_recording(tx, call_id)
        # A new message wants new ears, though somebody heard the one before.
        duty = replace(duty, message_recording_id=recording, message_heard_at=None)
        await rows.save_duty(tx, duty)
        await rows.append_history(tx, duty_id, at, "message", call_id=call_id, data={"file": file_name})
        await tx.tell(DutyJoined(at, duty))

    # --- contact and attempts --------------------------------------------------------------------------------

    async def _settle_by(self, tx: Tx, call: Conversation, at: datetime) -> None:
        number = call.number.value if call.number.can_be_called else ""
        await rows.lock_number(tx, number)
        # Most conversations concern no duty: one look at an index, and no more.
        if not call.request_id and not (number and await rows.may_concern(tx, number, call.arrived_at)):
            return
        found = await rows.call_and_duty(tx, call.key)
        if found is None:
            return
        call_id = found[0]
        ours = await rows.attempts_about(tx, call_id, call.request_id)
        machine = any(attempt.result == "machine" for attempt in ours)
        verdict = self._classify(call, call_id, machine=machine)
        if call.ended_at is not None and call.direction is Direction.OUTBOUND:
            await timers.cancel_timer(tx, CONTACT, str(call_id))
        if verdict is None:
            return
        if isinstance(verdict, Contact):
            await self._contacted(tx, number, verdict, call.request_id, [a.duty_id for a in ours], at)
            return
        owed = {duty.id for duty in await rows.owed_to(tx, number, verdict.at)} if number else set()
        for duty_id in sorted(owed | {attempt.duty_id for attempt in ours}):
            await self._tried(tx, duty_id, verdict, request_id=call.request_id, at=at)

    async def _contacted(
        self, tx: Tx, number: str, contact: Contact, request_id: str, ours: Sequence[int], at: datetime
    ) -> None:
        found = await rows.settled_or_owed_at(tx, number, contact.at) if number else []
        known = {duty.id for duty in found}
        # A desk's call back belongs to its duty, even if the network wrote the number in another way.
        if others := sorted(set(ours) - known):
            found += [duty for duty in await rows.duties_for_update(tx, others) if duty.state.owed]
        for duty in found:
            await self._settle_what_was_missed_before(tx, duty, contact, request_id, at)

    async def _settle_what_was_missed_before(
        self, tx: Tx, duty: Duty, contact: Contact, request_id: str, at: datetime
    ) -> None:
        """A contact fulfils the calls missed before it; later ones stay owed: then the earlier part is split off."""
        missed = await rows.missed_calls(tx, duty.id, at)
        later = [call for call in missed if call.arrived_at > contact.at]
        earlier = [call for call in missed if call.arrived_at <= contact.at]
        wished = bool(duty.reason) and duty.arrived_at <= contact.at
        if not earlier and not wished:
            return
        if wished and not earlier and later:
            await self._wish_kept(tx, duty, contact, at)
            return
        if not later:
            await self._settle(tx, duty, contact, at, request_id=request_id)
            return
        state = DutyState.SUPERSEDED if contact.inbound else DutyState.REACHED
        clocks = rules.clocks(earlier, self._settings)
        part = Duty(
            id=0,
            line=duty.line,
            number=duty.number,
            state=state,
            arrived_at=clocks.arrived_at,
            due_at=clocks.due_at,
            legal_due_at=clocks.legal_due_at,
            missed_count=len(earlier),
        )
        part = await self._with_message_of(tx, part, duty, earlier)
        duty = await self._with_message_of(tx, duty, duty, later)
        part = replace(part, id=await rows.insert_duty(tx, part))
        await rows.save_duty(tx, duty)
        await rows.move_missed(tx, duty.id, part.id, [call.call_id for call in earlier])
        moved = {"calls": [call.call_id for call in earlier]}
        await rows.append_history(tx, part.id, at, "split_from", data=moved | {"duty": duty.id})
        await self._settle(tx, part, contact, at, request_id=request_id)
        duty = await self._with_clocks(tx, duty, at)
        await rows.append_history(tx, duty.id, at, "split_to", data=moved | {"duty": part.id})
        await tx.tell(DutyJoined(at, duty))

    @staticmethod
    async def _with_message_of(tx: Tx, part: Duty, whole: Duty, missed: Sequence[MissedCall]) -> Duty:
        """A part of a duty with the messages that its own calls left: heard when all of them were."""
        noted = await rows.calls_with_message(tx, [call.call_id for call in missed])
        heard = await day_rows.heard_by_call(tx.conn, [whole.id])
        recordings = [await rows.message_recording(tx, call_id) for call_id in noted]
        moments = [heard.get(call_id) for call_id in noted]
        return replace(
            part,
            message_recording_id=next((found for found in recordings if found is not None), None),
            message_heard_at=max((at for at in moments if at is not None), default=None) if all(moments) else None,
        )

    async def _wish_kept(self, tx: Tx, duty: Duty, contact: Contact, at: datetime) -> None:
        """Somebody talked to him before the calls were missed that the duty also answers for: those are still owed."""
        duty = await self._with_clocks(tx, replace(duty, reason="", wanted_by=None, ticket_id=None), at)
        await rows.append_history(tx, duty.id, at, "wish_kept", call_id=contact.call_id)
        await tx.tell(DutyJoined(at, duty))

    # --- what other rooms ask for --------------------------------------------------------------------------------

    async def owe(
        self, tx: Tx, number: Phone, *, reason: str, due_at: datetime, ticket_id: int | None, data: Mapping[str, Any]
    ) -> int:
        """A human is to call the number by `due_at`, though it missed nobody: a bad mark for the robot, for example.

        Inside the caller's transaction; a conversation with an operator fulfils it. One that is owed already keeps its
        earlier clock. Gives the id of the duty.
        """
        now = self._clock.now()
        await rows.lock_number(tx, number.value)
        duty = await rows.joinable(tx, "", number.value, now)
        if duty is not None and duty.state.owed:
            due_at = min(due_at, duty.due_at)
            other = duty.ticket_id is not None and duty.ticket_id != ticket_id
            if duty.reason and (other or reason == ASKED_OPERATOR):
                reason = duty.reason  # a bad mark weighs more; and the reason is one of the ticket that it names
            duty = replace(duty, reason=reason, wanted_by=due_at, due_at=due_at, ticket_id=duty.ticket_id or ticket_id)
            await rows.save_duty(tx, duty)
        else:
            duty = Duty(
                id=0,
                line="",
                number=number,
                state=DutyState.OPEN,
                arrived_at=now,
                due_at=due_at,
                legal_due_at=due_at,
                missed_count=0,
                reason=reason,
                wanted_by=due_at,
                ticket_id=ticket_id,
            )
            duty = replace(duty, id=await rows.insert_duty(tx, duty))
        await timers.set_timer(tx, CLOCK, str(duty.id), duty.due_at)
        await rows.append_history(tx, duty.id, now, "owed", data={"reason": reason, **data} | _clock_data(duty))
        await tx.tell(DutyOpened(now, duty))
        return duty.id

    async def _settle(self, tx: Tx, duty: Duty, contact: Contact, at: datetime, *, request_id: str = "") -> None:
        staff_id = None
        if not contact.inbound:
            staff_id = await self._note_attempt(
                tx,
                duty,
                Tried(contact.call_id, contact.at, at, contact.operator, "answered"),
                request_id=request_id,
                ended_at=None,
            )
        before = duty.state
        duty = replace(
            duty,
            state=DutyState.SUPERSEDED if contact.inbound else DutyState.REACHED,
            claimed_by=None,
            claimed_at=None,
            settled_at=contact.at,
            settled_by=staff_id,
            settled_call_id=contact.call_id,
        )
        await rows.save_duty(tx, duty)
        await rows.link(tx, duty.id, contact.call_id, "contact")
        await self._on_ticket(tx, duty, contact.call_id)
        await self._forget_timers(tx, duty.id)
        data = {
            "from": before.value,
            "contact_at": rfc3339(contact.at),
            "operator": contact.operator,
            "in_time": duty.in_time,
        }
        await rows.append_history(
            tx, duty.id, at, duty.state.value, staff_id=staff_id, call_id=contact.call_id, data=data
        )
        await tx.tell(DutySettled(at, duty))

    @staticmethod
    async def _on_ticket(tx: Tx, duty: Duty, call_id: int) -> None:
        """What was said about a ticket, a bad mark for example, is heard where the ticket is read."""
        if duty.ticket_id is not None:
            await ticket_joins.link_call(tx, duty.ticket_id, call_id)

    async def _tried(self, tx: Tx, duty_id: int, tried: Tried, *, request_id: str, at: datetime) -> None:
        duty = await self._get(tx, duty_id)
        if any(a.call_id == tried.call_id and a.result == tried.result for a in await rows.attempts_of(tx, duty_id)):
            return  # told twice
        staff_id = await self._note_attempt(tx, duty, tried, request_id=request_id, ended_at=tried.ended_at)
        await rows.link(tx, duty_id, tried.call_id, "attempt")
        await self._on_ticket(tx, duty, tried.call_id)
        data = {"result": tried.result, "operator": tried.operator}
        await rows.append_history(tx, duty_id, at, "attempt", staff_id=staff_id, call_id=tried.call_id, data=data)
        if duty.state.owed:
            await self._after_attempt(tx, duty, staff_id, tried, at)

    async def _after_attempt(self, tx: Tx, duty: Duty, staff_id: int | None, tried: Tried, at: datetime) -> None:
        attempts = await rows.attempts_of(tx, duty.id)
        running = any(attempt.result == "" for attempt in attempts)
        if rules.is_unreachable((attempt.result for attempt in attempts), self._settings) and not running:
            await self._give_up(tx, duty, tried, at)
            return
        if duty.state is not DutyState.CLAIMED or (duty.claimed_by == staff_id and not running):
            duty = replace(duty, state=DutyState.ATTEMPTED, claimed_by=None, claimed_at=None)
            await rows.save_duty(tx, duty)
            await timers.cancel_timer(tx, CLAIM, str(duty.id))
        await tx.tell(DutyAttempted(at, duty))

    async def _give_up(self, tx: Tx, duty: Duty, tried: Tried, at: datetime) -> None:
        duty = replace(duty, state=DutyState.UNREACHABLE, claimed_by=None, claimed_at=None, settled_at=tried.ended_at)
        await rows.save_duty(tx, duty)
        await self._forget_timers(tx, duty.id)
        await rows.append_history(tx, duty.id, at, "unreachable", data={"attempts": self._settings.attempts})
        await tx.tell(DutySettled(at, duty))

    async def _note_attempt(
        self, tx: Tx, duty: Duty, tried: Tried, *, request_id: str, ended_at: datetime | None
    ) -> int | None:
        """Write the attempt or complete the row that the desk began; gives whose it is."""
        attempts = await rows.attempts_of(tx, duty.id)
        known = next((a for a in attempts if a.call_id == tried.call_id), None) or next(
            (a for a in attempts if request_id and a.request_id == request_id), None
        )
        values: dict[str, Any] = {"call_id": tried.call_id, "result": tried.result, "ended_at": ended_at}
        if known is not None:
            await rows.update_attempt(tx, known.id, values)
            return known.staff_id
        staff_id = await rows.staff_of_extension(tx, tried.operator)
        values |= {"duty_id": duty.id, "staff_id": staff_id, "operator": tried.operator, "at": tried.at}
        await rows.insert_attempt(tx, values | {"request_id": request_id})
        return staff_id

    # --- what operators and supervisors do -------------------------------------------------------------------

    async def claim(self, duty_id: int, staff_id: int) -> Duty:
        """Take the duty. Raises Conflict, naming who has it, or what became of it; NotFound."""
        async with self._store.begin() as tx:
            return await self._claim(tx, duty_id, staff_id)

    async def _claim(self, tx: Tx, duty_id: int, staff_id: int) -> Duty:
        duty = await self._get(tx, duty_id)
        if not duty.state.owed:
            raise Conflict(f"this callback is over: {duty.state.value}", state=duty.state.value)
        now = self._clock.now()
        if duty.state is DutyState.CLAIMED and duty.claimed_by != staff_id:
            name = await rows.staff_name(tx.conn, duty.claimed_by)
            raise Conflict(
                f"{name or 'another operator'} has taken this callback already",
                claimed_by=duty.claimed_by,
                claimed_by_name=name,
            )
        await timers.set_timer(tx, CLAIM, str(duty_id), now + timedelta(seconds=self._settings.claim_seconds))
        if duty.state is DutyState.CLAIMED:
            return duty
        duty = replace(
            duty,
            state=DutyState.CLAIMED,
            claimed_by=staff_id,
            claimed_at=now,
            claim_token=duty.claim_token + 1,
        )
        await rows.save_duty(tx, duty)
        await rows.append_history(tx, duty_id, now, "claimed", staff_id=staff_id, data={"token": duty.claim_token})
        await tx.tell(DutyClaimed(now, duty))
        return duty

    async def release(self, duty_id: int, staff_id: int, *, anyone: bool = False) -> Duty:
        """Give the duty back; a supervisor (`anyone`) may take it from its operator. Raises Conflict."""
        async with self._store.begin() as tx:
            duty = await self._get(tx, duty_id)
            if duty.state is not DutyState.CLAIMED:
                return duty
            if duty.claimed_by != staff_id and not anyone:
                name = await rows.staff_name(tx.conn, duty.claimed_by)
                raise Conflict(f"{name or 'another operator'} has taken this callback", claimed_by=duty.claimed_by)
            if any(attempt.result == "" for attempt in await rows.attempts_of(tx, duty_id)):
                raise Conflict("a call back is under way; it ends the claim by itself")
            return await self._release(tx, duty, "released", staff_id)

    async def _release(self, tx: Tx, duty: Duty, what: str, staff_id: int | None) -> Duty:
        now = self._clock.now()
        duty = replace(duty, state=await leading.free_state(tx, duty.id), claimed_by=None, claimed_at=None)
        await rows.save_duty(tx, duty)
        await timers.cancel_timer(tx, CLAIM, str(duty.id))
        await rows.append_history(tx, duty.id, now, what, staff_id=staff_id)
        await tx.tell(DutyReleased(now, duty))
        return duty

    async def begin_attempt(self, duty_id: int, staff_id: int, request_id: str) -> Duty:
        """Before the desk dials: claims the duty when it is free, and notes the attempt. Raises Conflict.

        One call at a time: a second press, by whomever, is refused while the first goes on.
        """
        async with self._store.begin() as tx:
            duty = await self._claim(tx, duty_id, staff_id)
            for attempt in await rows.attempts_of(tx, duty_id):
                if attempt.request_id == request_id:
                    return duty
                if attempt.result == "":
                    raise Conflict("this number is being called back just now", request_id=attempt.request_id)
            now = self._clock.now()
            await rows.insert_attempt(
                tx,
                {
                    "duty_id": duty_id,
                    "staff_id": staff_id,
                    "operator": await rows.extension_of(tx.conn, staff_id),
                    "request_id": request_id,
                    "at": now,
                    "result": "",
                },
            )
            data = {"request_id": request_id, "token": duty.claim_token}
            await rows.append_history(tx, duty_id, now, "dialling", staff_id=staff_id, data=data)
            return duty

    async def end_attempt(self, request_id: str, result: str = "failed") -> None:
        """The desk's call was not placed (refused, the link is down): the attempt is over and does not count."""
        async with self._store.begin() as tx:
            now = self._clock.now()
            for attempt in await rows.attempts_of_request(tx, request_id):
                if attempt.result != "":
                    continue
                duty = await self._get(tx, attempt.duty_id)
                await rows.update_attempt(tx, attempt.id, {"result": "unknown", "ended_at": now})
                data = {"request_id": request_id, "result": result}
                await rows.append_history(tx, duty.id, now, "not_placed", staff_id=attempt.staff_id, data=data)
                await tx.tell(DutyAttempted(now, duty))

    async def machine(self, duty_id: int, staff_id: int) -> Duty:
        """The operator says that a machine answered the last call: an attempt, not a contact. Raises Conflict."""
        async with self._store.begin() as tx:
            duty = await self._get(tx, duty_id)
            answered = [a for a in await rows.attempts_of(tx, duty_id) if a.result in ("", "answered") and a.call_id]
            if not answered:
                raise Conflict("there is no answered call back that could have been a machine")
            last = answered[-1]
            reopens = duty.state is DutyState.REACHED and duty.settled_call_id == last.call_id
            if reopens and await rows.joinable(tx, duty.line, duty.number.value, self._clock.now()):
                raise Conflict("the number has a newer duty, which is owed: call that one back")
            now = self._clock.now()
            await rows.update_attempt(tx, last.id, {"result": "machine"})
            if reopens:
                duty = replace(duty, state=DutyState.ATTEMPTED, settled_at=None, settled_by=None, settled_call_id=None)
                await rows.save_duty(tx, duty)
                await timers.set_timer(tx, CLOCK, str(duty_id), duty.due_at)
            await rows.append_history(tx, duty_id, now, "machine", staff_id=staff_id, call_id=last.call_id)
            await tx.tell(DutyAttempted(now, duty))
            return duty

    async def heard(self, duty_id: int, staff_id: int) -> Duty:
        """Somebody listened to the voice message: considered in the sense of the law, still to be answered."""
        async with self._store.begin() as tx:
            duty = await self._get(tx, duty_id)
            if duty.message_heard_at is not None:
                return duty
            if not await rows.has_message(tx, duty_id):
                raise Refused("this callback has no voice message")
            now = self._clock.now()
            duty = replace(duty, message_heard_at=now)
            await rows.save_duty(tx, duty)
            await rows.append_history(tx, duty_id, now, "heard", staff_id=staff_id)
            await tx.tell(MessageHeard(now, duty))
            return duty

    async def attach_message(self, tx: Tx, call_id: int, recording_id: int) -> None:
        """The recording of a voice message was imported: hang it on the duty of its call."""
        duty_id = await rows.duty_of_missed(tx, call_id)
        if duty_id is None or await rows.message_recording(tx, call_id) != recording_id:
            return
        duty = await self._get(tx, duty_id)
        if duty.message_recording_id == recording_id:
            return
        duty = replace(duty, message_recording_id=recording_id)
        await rows.save_duty(tx, duty)
        await tx.tell(DutyJoined(self._clock.now(), duty))

    async def close(self, ids: Sequence[int], staff_id: int, reason: str) -> list[Done]:
        """A supervisor closes duties with one reason; each is answered for itself. Raises Refused without a reason."""
        reason = reason.strip()
        if len(reason) < 3:
            raise Refused("write the reason: it is kept as evidence")
        now = self._clock.now()
        return await self._each(ids, lambda tx, duty: leading.close(tx, duty, staff_id, reason, now))

    async def reopen(self, ids: Sequence[int], staff_id: int) -> list[Done]:
        """A supervisor takes closings back; each is answered for itself."""

        async def one(tx: Tx, duty: Duty) -> Duty:
            talked = duty.number.can_be_called and await self._talked_since(tx, duty)
            return await leading.reopen(tx, duty, staff_id, self._clock.now(), talked=talked)

        return await self._each(ids, one, lock_numbers=True)

    async def assign(self, ids: Sequence[int], to: int, staff_id: int) -> list[Done]:
        """A supervisor gives duties to the operator `to`; each is answered for itself. Raises Refused for him."""
        async with self._store.read() as conn:
            whom = leading.check_assignee(await rows.assignee(conn, to))
        now, lasts = self._clock.now(), self._settings.claim_seconds
        return await self._each(ids, lambda tx, duty: leading.assign(tx, duty, whom, staff_id, now, lasts))

    async def _each(
        self, ids: Sequence[int], act: Callable[[Tx, Duty], Awaitable[Duty]], *, lock_numbers: bool = False
    ) -> list[Done]:
        """All in one transaction, in the order asked; what one duty refuses does not hold up the others."""
        wanted = list(dict.fromkeys(ids))
        async with self._store.begin() as tx:
            # As reactions do it: the number first, then the row; so they never wait for each other crosswise.
            for number in await rows.numbers_of(tx, wanted) if lock_numbers else ():
                await rows.lock_number(tx, number)
            found = {duty.id: duty for duty in await rows.duties_for_update(tx, sorted(wanted))}
            return [await self._one(tx, duty_id, found.get(duty_id), act) for duty_id in wanted]

    @staticmethod
    async def _one(tx: Tx, duty_id: int, duty: Duty | None, act: Callable[[Tx, Duty], Awaitable[Duty]]) -> Done:
        if duty is None:
            return Done(duty_id, None, NotFound(f"there is no callback {duty_id}"))
        try:
            return Done(duty_id, await act(tx, duty))
        except EngineError as problem:
            return Done(duty_id, duty, problem)

    async def _talked_since(self, tx: Tx, duty: Duty) -> bool:
        talks = await rows.talks_with(tx, duty.number.value, duty.arrived_at, besides=0)
        verdicts = [self._classify(talk, talk_id) for talk_id, talk in talks]
        return rules.first_contact(verdicts, duty.arrived_at) is not None

    # --- timers ----------------------------------------------------------------------------------------------

    async def on_timer(self, kind: str, subject: str, fence: int) -> None:
        """The owner of our three kinds of timers; safe to call again."""
        async with self._store.begin() as tx:
            match kind:
                case "duty-clock":
                    await self._clock_ran_out(tx, int(subject))
                case "duty-claim":
                    await self._claim_lapsed(tx, int(subject))
                case "duty-contact":
                    await self._lasted(tx, int(subject))
                case _:
                    log.error("not our timer", extra={"action": "timer_unowned", "kind": kind})

    async def _clock_ran_out(self, tx: Tx, duty_id: int) -> None:
        duty = await rows.duty_for_update(tx, duty_id)
        if duty is None or not duty.state.owed:
            return
        now = self._clock.now()
        moment = timedelta(seconds=max(self._settings.contact_seconds, 1.0))
        if await rows.talks_since(tx, duty.number.value, now - 2 * moment):
            # Somebody talks to him just now: whether that is contact shows in a moment, before anybody is alarmed.
            again = now + moment
            await timers.set_timer(tx, CLOCK, str(duty_id), again)
            return
        ahead: list[datetime] = []
        for which, due_at in (("operator", duty.due_at), ("legal", duty.legal_due_at)):
            if due_at > now:
                ahead.append(due_at)
            elif not await rows.was_written(tx, duty_id, f"due_{which}", due_at):
                await rows.append_history(tx, duty_id, due_at, f"due_{which}")
                await tx.tell(DutyDue(due_at, duty, which))
                log.info(
                    "callback is late",
                    extra={"action": f"due_{which}", "duty_id": duty_id, "number": masked(duty.number.value)},
                )
        if ahead:
            await timers.set_timer(tx, CLOCK, str(duty_id), min(ahead))

    async def _claim_lapsed(self, tx: Tx, duty_id: int) -> None:
        duty = await rows.duty_for_update(tx, duty_id)
        if duty is None or duty.state is not DutyState.CLAIMED:
            return
        now = self._clock.now()
        for attempt in await rows.attempts_of(tx, duty_id):
            if attempt.result != "":
                continue
            goes_on = await rows.request_lives(tx, attempt.request_id, attempt.at)
            if goes_on or (goes_on is None and now - attempt.at < SILENT_ATTEMPT):
                again = now + timedelta(seconds=self._settings.claim_seconds)
                await timers.set_timer(tx, CLAIM, str(duty_id), again)
                return
            await rows.update_attempt(tx, attempt.id, {"result": "unknown", "ended_at": now})
        await self._release(tx, duty, "claim_lapsed", duty.claimed_by)

    async def _lasted(self, tx: Tx, call_id: int) -> None:
        call = await rows.conversation(tx.conn, call_id)
        if call is not None and call.ended_at is None:
            await self._settle_by(tx, call, self._clock.now())

    async def _forget_timers(self, tx: Tx, duty_id: int) -> None:
        for kind in (CLOCK, CLAIM):
            await timers.cancel_timer(tx, kind, str(duty_id))

    # --- queries ---------------------------------------------------------------------------------------------

    async def find(
        self, wanted: DutyFilter | None = None, *, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[StoredDuty], str | None]:
        """One page of duties, owed ones by the operator's clock, others newest first; and the next cursor."""
        async with self._store.read() as conn:
            return await rows.find(conn, wanted or DutyFilter(), limit=limit, cursor=cursor)

    async def get(self, duty_id: int) -> DutyDetail:
        """One duty with its attempts, calls and history. Raises NotFound."""
        async with self._store.read() as conn:
            duty = await rows.duty_by_id(conn, duty_id)
            if duty is None:
                raise NotFound(f"there is no callback {duty_id}")
            (stored,) = await rows.with_surroundings(conn, [duty])
            return DutyDetail(stored, await rows.history(conn, duty_id))

    async def of_ids(self, ids: Sequence[int]) -> list[StoredDuty]:
        """These duties as a list shows them, in the order asked; those that are not there are left out."""
        async with self._store.read() as conn:
            found = {duty.id: duty for duty in await rows.duties_by_ids(conn, ids)}
            return await rows.with_surroundings(conn, [found[one] for one in dict.fromkeys(ids) if one in found])

    async def of_calls(self, call_ids: Sequence[int]) -> dict[int, Duty]:
        """The duty that answers for each missed call."""
        async with self._store.read() as conn:
            return await rows.duties_of_calls(conn, call_ids)

    async def compliance(self, day: date, zone: ZoneInfo, now: datetime | None = None) -> compliance.Compliance:
        """How the callbacks of a day's missed calls went, by hour and by operator; numerators and denominators."""
        now = now or self._clock.now()
        began, ended = compliance.bounds(day, zone)
        async with self._store.read() as conn:
            return compliance.figure(
                day,
                zone,
                now,
                self._settings,
                missed=await day_rows.missed_of_day(conn, began, ended),
                attempts=await day_rows.attempts_of_day(conn, began, ended),
                covered=await day_rows.coverage_of_day(conn, began, ended),
            )

    async def _get(self, tx: Tx, duty_id: int) -> Duty:
        duty = await rows.duty_for_update(tx, duty_id)
        if duty is None:
            raise NotFound(f"there is no callback {duty_id}")
        return duty


def _clock_data(duty: Duty) -> dict[str, Any]:
    return {
        "arrived_at": rfc3339(duty.arrived_at),
        "due_at": rfc3339(duty.due_at),
        "legal_due_at": rfc3339(duty.legal_due_at),
        "missed_count": duty.missed_count,
    }
