"""OutreachService: the life of the robot's calls and attempts: wished, chosen, sent, answered, settled, followed up.

One call per key is the table's word, one attempt at a time per call and per number too. What was sent is never sent
again: an attempt in doubt is looked for on the PBX and in its ledger, and doubt is never a retry.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from callengine import config, phone
from callengine.calls.events import CallEnded, CallFact, RobotTold
from callengine.calls.model import ROBOT_REQUEST, Conversation
from callengine.calls.model import Outcome as CallOutcome
from callengine.clock import Clock
from callengine.directory.ways import Way
from callengine.errors import EngineError
from callengine.log import masked
from callengine.menus.outcome import Outcome, Proof, Result
from callengine.outreach import rules
from callengine.outreach.choice import fits
from callengine.outreach.choice import from_raw as choice_of
from callengine.outreach.events import CampaignChanged, OutreachAsked, OutreachDue, OutreachSettled, RobotCalled
from callengine.outreach.followup import UNWANTED, FollowUp, round_key
from callengine.outreach.model import (
    AttemptState,
    CallKind,
    CallState,
    CallWish,
    Campaign,
    CampaignState,
    NoAnswer,
    OutreachAttempt,
    OutreachCall,
)
from callengine.outreach.optouts import OptOuts
from callengine.store import calendar as calendar_rows
from callengine.store import campaigns as campaign_rows
from callengine.store import moves as ticket_rows
from callengine.store import originations, ticket_joins
from callengine.store import outreach as rows
from callengine.store import ratings as rating_rows
from callengine.store.database import Store, Tx
from callengine.tickets.calendar import Workdays
from callengine.tickets.events import TicketMoved, TicketWayChanged
from callengine.tickets.model import Status, Ticket

log = logging.getLogger(__name__)

ENGINE = "callengine"
PLANNED_LEASE = timedelta(seconds=60)
DIALOGUE_LEASE = timedelta(minutes=20)  # no dialogue is longer: every step has an end
GRACE = timedelta(seconds=15)  # the dialogue's own word may come after the end of the call
DOUBT_LEASE = timedelta(seconds=30)
# A PBX that is never seen again: after so long what was in doubt is over, and nobody is called again about it.
DOUBT_ENDS = timedelta(hours=24)
SIFTED_AT_ONCE, ROUNDS = 200, 5
MOST_COUNTS = 500  # rows of counts of one campaign, before they are merged
_BY_NETWORK = {
    CallOutcome.BUSY: NoAnswer.BUSY,
    CallOutcome.REJECTED: NoAnswer.REJECTED,
    CallOutcome.FAILED: NoAnswer.FAILED,
    CallOutcome.NO_ANSWER: NoAnswer.NO_ANSWER,
}


@dataclass(frozen=True, slots=True)
class Planned:
    """An attempt with all that is needed to make it."""

    attempt: OutreachAttempt
    call: OutreachCall
    campaign: Campaign


class Traces(Protocol):
    async def traces(self) -> Any: ...


class OutreachService:
    """The one place that changes the robot's calls and attempts."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: config.Outreach,
        locale: config.Locale,
        *,
        follow_up: FollowUp,
        opt_outs: OptOuts,
    ) -> None:
        self._store, self._clock, self._settings, self._locale = store, clock, settings, locale
        self._follow_up, self._opt_outs = follow_up, opt_outs
        self._talking: set[str] = set()  # dialogues of this process

    # --- who is to be called -------------------------------------------------------------------------------------

    async def on_ticket_moved(self, tx: Tx, fact: TicketMoved) -> None:
        """Within the move: a job confirmed as done is followed by a call for a mark; what settles it ends the call."""
        ticket = fact.ticket
        awaits = ticket.status is Status.AWAITING_CLIENT and ticket.marked_at is None
        awaited = fact.from_status is Status.AWAITING_CLIENT
        if awaited and not awaits:
            await self._withdraw(tx, ticket)
        elif awaits and not awaited and self._settings.ratings:
            await self._wish_rating(tx, ticket)

    async def on_way_changed(self, tx: Tx, fact: TicketWayChanged) -> None:
        """Within the change: who wants to be told nothing from now on is not called for his mark (R177)."""
        ticket = fact.ticket
        if ticket.applicant.notify != Way.NONE or ticket.status is not Status.AWAITING_CLIENT or ticket.marked_at:
            return
        number = self._parsed(ticket.applicant.number).value
        for call in await rows.open_of_ticket(tx, ticket.id):
            if call.number == number and call.state is CallState.WAITING and call.key.startswith("rating:"):
                await self._over(tx, call, CallKind.RATING, CallState.CANCELLED, "withdrawn", None)
                held = await campaign_rows.locked(tx, call.campaign_id)
                if held is None or held.state.over or not await self._ask_another(tx, held, ticket, self._clock.now()):
                    await self._follow_up.note(tx, ticket.id, UNWANTED, "")

    async def _wish_rating(self, tx: Tx, ticket: Ticket) -> None:
        campaign = await self._waiting_for(tx, ticket)
        due_at = self._clock.now() + timedelta(seconds=self._settings.rating_after_seconds)
        number = self._parsed(ticket.applicant.number)
        why = rules.no_number_to_call(number)
        unwanted = ticket.applicant.notify == Way.NONE
        if not why and not unwanted:
            wish = _about(ticket, number.value, ticket.applicant.name, due_at, self._locale.language)
            if await self.ask_call(tx, CallKind.RATING, wish, campaign=campaign) is not None:
                return
        if campaign and await self._ask_another(tx, campaign, ticket, due_at):
            return
        if unwanted:
            await self._follow_up.note(tx, ticket.id, UNWANTED, "")
        elif why:
            await self._follow_up.note(tx, ticket.id, "robot_no_number", why)

    def _parsed(self, number: str) -> phone.Phone:
        return phone.parse(number, country=self._locale.country, city_code=self._locale.city_code)

    async def _ask_another(self, tx: Tx, campaign: Campaign, ticket: Ticket, due_at: datetime) -> bool:
        """One of those who joined the ticket, in the order of their joining, where the campaign asks them too.

        One call per ticket and number: who was asked of this round is not asked again. False when nobody is left.
        """
        if not choice_of(campaign.choice).others:
            return False
        for row in await ticket_joins.of_ticket(tx.conn, ticket.id):
            number = self._parsed(row.number)
            wish = _about(ticket, number.value, row.name, due_at, self._locale.language)
            if rules.no_number_to_call(number) or row.notify == Way.NONE:
                continue
            if await rows.call_by_key(tx.conn, wish.key) is not None:
                continue
            if await self.ask_call(tx, CallKind.RATING, wish, campaign=campaign) is not None:
                return True
        return False

    async def _ask_next(self, tx: Tx, campaign: Campaign, call: OutreachCall) -> bool:
        """After a call for a mark that came to no word of the job: whether another applicant is asked instead."""
        silent = call.result not in rating_rows.SAID and call.result != Result.TO_OPERATOR
        if campaign.kind is not CallKind.RATING or call.ticket_id is None or call.state.open or not silent:
            return False
        held = await campaign_rows.locked(tx, campaign.id)
        ticket = await ticket_rows.ticket_of(tx.conn, call.ticket_id)
        if held is None or held.state.over or ticket is None or call.state is CallState.CANCELLED:
            return False
        if ticket.status is not Status.AWAITING_CLIENT or not call.key.startswith(round_key(ticket)):
            return False
        return await self._ask_another(tx, held, ticket, self._clock.now())

    async def _waiting_for(self, tx: Tx, ticket: Ticket) -> Campaign | None:
        """The campaign by hand that waits for such tickets; None: the standing one calls."""
        now = self._clock.now()
        for one in await campaign_rows.waiting_for_tickets(tx.conn):
            if not _in_period(one, now) or not fits(choice_of(one.choice), ticket):
                continue
            held = await campaign_rows.locked(tx, one.id)
            if held is not None and not held.state.over:  # nobody stopped it meanwhile
                return held
        return None

    async def _withdraw(self, tx: Tx, ticket: Ticket) -> None:
        """Nobody needs the mark any more: who is not being called is not called, who is being called not again."""
        for call in await rows.open_of_ticket(tx, ticket.id):
            if call.key.startswith("rating:"):
                await self._over(tx, call, CallKind.RATING, CallState.CANCELLED, "withdrawn", None)

    async def ask_call(
        self, tx: Tx, kind: CallKind, wish: CallWish, *, danger: bool = False, campaign: Campaign | None = None
    ) -> int | None:
        """A call of a standing campaign, or of `campaign`, as a row of this transaction; the same key is the same call.

        Gives its id, or None when he opted out or the number is no number to call. `danger` calls at night, in spite
        of an opt-out, and before all others.
        """
        number = phone.parse(wish.number, country=self._locale.country, city_code=self._locale.city_code)
        if rules.no_number_to_call(number):
            return None
        if not danger and await campaign_rows.opted_out(tx.conn, [number.value], kind.value):
            return None
        campaign = campaign or await self._standing(tx, kind, danger=danger)
        zone = wish.zone or rules.zone_of(number.value) or self._locale.timezone
        if zone not in campaign.zones:
            campaign = campaign.evolve(zones=(*campaign.zones, zone))
            await campaign_rows.save(tx, campaign)
        now = self._clock.now()
        call = await rows.add_call(tx, row_of(wish, campaign, number.value, zone, now))
        if call is None:
            known = await rows.call_by_key(tx.conn, wish.key)
            return known.id if known else None
        await tx.tell(OutreachAsked(now, call))
        await tx.tell(OutreachDue(call.due_at))
        return call.id

    async def withdraw(self, tx: Tx, key: str) -> None:
        """The call of this key is not needed any more: who is not being called is not called."""
        known = await rows.call_by_key(tx.conn, key)
        call = await rows.locked_call(tx, known.id) if known else None
        if call is None or call.state is not CallState.WAITING:
            return
        campaign = await campaign_rows.get(tx.conn, call.campaign_id)
        assert campaign is not None
        await self._over(tx, call, campaign.kind, CallState.CANCELLED, "withdrawn", None)

    async def _standing(self, tx: Tx, kind: CallKind, *, danger: bool) -> Campaign:
        now, defaults = self._clock.now(), rules.KINDS[kind]
        wanted = Campaign(
            id=0,
            code=f"{kind.value}-danger" if danger else kind.value,
            kind=kind,
            name=kind.value,
            state=CampaignState.RUNNING,
            created_at=now,
            created_by=ENGINE,
            changed_at=now,
            changed_by=ENGINE,
            priority=rules.DANGER_PRIORITY if danger else defaults.priority,
            danger=danger,
            language=self._locale.language,
            hours=rules.hours_of(kind, self._settings),
            days=defaults.days,
            most_lines=self._settings.lines,
            most_attempts=self._settings.attempts,
            zones=(self._locale.timezone,),
        )
        standing = await campaign_rows.standing(tx, wanted)
        own = ("hours", "days", "most_lines", "most_attempts")
        if any(getattr(standing, name) != getattr(wanted, name) for name in own):
            # What the configuration says now holds for the standing ones.
            standing = standing.evolve(**{name: getattr(wanted, name) for name in own})
            await campaign_rows.save(tx, standing)
        return standing

    # --- who is next ---------------------------------------------------------------------------------------------

    async def next_due(self) -> datetime | None:
        """When somebody is to be called next, as far as hours and days go; None: nobody waits."""
        now = self._clock.now()
        moments = []
        async with self._store.read() as conn:
            calendar = await self._calendar(conn, now)
            for campaign in await campaign_rows.running(conn):
                for zone in campaign.zones:
                    due = await rows.nearest(conn, campaign.id, zone)
                    if due is not None:
                        moments.append(self._opens(campaign, zone, max(due, now, campaign.begins_at or due), calendar))
        return min(moments, default=None)

    async def choose(self, rooms: Mapping[str, int]) -> list[Planned]:
        """Plan attempts, at most as many per PBX as there is room; each is a durable row, and nothing was sent yet."""
        if not any(rooms.values()):
            return []
        return await self._store.transact(lambda tx: self._choose(tx, Counter(rooms)))

    async def _choose(self, tx: Tx, rooms: Counter[str]) -> list[Planned]:
        if await campaign_rows.halted(tx.conn) is not None:
            return []
        now = self._clock.now()
        calendar = await self._calendar(tx.conn, now)
        going = Counter(attempt.campaign_id for attempt in await rows.under_way(tx.conn))
        planned: list[Planned] = []
        for campaign in await campaign_rows.running(tx.conn):
            if not _in_period(campaign, now):
                continue
            for zone in campaign.zones:
                most = min(rooms.total(), campaign.most_lines - going[campaign.id])
                if most > 0 and self._opens(campaign, zone, now, calendar) == now:
                    made = await self._plan(tx, campaign, zone, now, most, rooms)
                    going[campaign.id] += len(made)
                    planned += made
        return planned

    def _opens(self, campaign: Campaign, zone: str, at: datetime, calendar: rules.Calendar) -> datetime:
        if campaign.danger:
            return at
        return rules.opens_next(at, rules.window(campaign.hours, campaign.days), ZoneInfo(zone), calendar)

    async def _calendar(self, conn: Any, now: datetime) -> Workdays:
        day = now.date()
        local = await calendar_rows.days(conn, day - timedelta(days=2), day + timedelta(days=60))
        return Workdays(self._locale.country, local, self._locale.language)

    async def _plan(
        self, tx: Tx, campaign: Campaign, zone: str, now: datetime, most: int, rooms: Counter[str]
    ) -> list[Planned]:
        planned: list[Planned] = []
        for _ in range(ROUNDS):
            found = await rows.next_waiting(tx, campaign.id, zone, now, most - len(planned))
            for call in await self._sift(tx, campaign, found, now):
                pbx = max(rooms, key=lambda name: rooms[name])
                if (one := await self._plan_one(tx, campaign, call, pbx, now)) is not None:
                    rooms[pbx] -= 1
                    planned.append(one)
            if not found or len(planned) >= most:
                break
        if not planned:
            await self._finish(tx, campaign, now)  # those that were left wanted no call
        return planned

    async def _plan_one(
        self, tx: Tx, campaign: Campaign, call: OutreachCall, pbx: str, now: datetime
    ) -> Planned | None:
        placed = call.placed + 1
        attempt = OutreachAttempt(
            # Of the row and the number of the try alone, with a word that no other database has: whoever would send
            # it twice is refused by Asterisk itself, for the channel's id is there already.
            id=f"{ROBOT_REQUEST}{call.id}-{placed}-{_word_of(call)}",
            outreach_call_id=call.id,
            campaign_id=campaign.id,
            number=call.number,
            pbx=pbx,
            state=AttemptState.PLANNED,
            lease_until=now + PLANNED_LEASE,
            planned_at=now,
        )
        if not await rows.plan(tx, attempt):
            # Somebody calls this number just now, about something else.
            await rows.save_call(tx, call.id, due_at=now + timedelta(seconds=60))
            return None
        call = await rows.save_call(tx, call.id, state=CallState.CALLING.value, placed=placed)
        await tx.tell(RobotCalled(now, attempt))
        return Planned(attempt, call, campaign)

    async def _sift(
        self, tx: Tx, campaign: Campaign, found: Sequence[OutreachCall], now: datetime
    ) -> list[OutreachCall]:
        """Of those that are due, whom to call now: the others opted out, are not needed, or were called just before."""
        if not found or campaign.danger:
            return list(found)
        numbers = {call.number for call in found}
        unwilling = await campaign_rows.opted_out(tx.conn, numbers, campaign.kind.value)
        gap = timedelta(seconds=self._settings.same_number_seconds)
        called = await rows.called_since(tx.conn, numbers, now - gap)
        wanted = await self._follow_up.wanted(tx, campaign.kind, found)
        kept: list[OutreachCall] = []
        for call in found:
            elsewhere = [one.at for one in called if one.number == call.number and one.call_id != call.id]
            if call.number in unwilling:
                await self._over(tx, call, campaign.kind, CallState.SUPPRESSED, "opted_out", None)
                await self._ask_next(tx, campaign, await rows.locked_call(tx, call.id))
            elif call.id not in wanted:
                await self._over(tx, call, campaign.kind, CallState.CANCELLED, "withdrawn", None)
            elif elsewhere:
                await rows.save_call(tx, call.id, due_at=max(elsewhere) + gap)
            else:
                kept.append(call)
        return kept

    # --- what becomes of an attempt ----------------------------------------------------------------------------------

    async def send(self, planned: Sequence[Planned]) -> list[Planned]:
        """The last gate before the PBX hears of them: those that may be sent.

        A halt or a pause stops the rest, an opt-out or a reason that went away since they were planned stops one.
        """
        return await self._store.transact(lambda tx: self._send(tx, planned))

    async def _send(self, tx: Tx, planned: Sequence[Planned]) -> list[Planned]:
        now, sent = self._clock.now(), []
        # Both held before they are read: what is read before may be halted by the time that this commits.
        await campaign_rows.hold_switch(tx)
        campaigns = await campaign_rows.by_ids(tx.conn, {one.campaign.id for one in planned}, hold=True)
        halted = await campaign_rows.halted(tx.conn) is not None
        lease = now + timedelta(seconds=self._settings.ring_seconds) + DOUBT_LEASE
        for one in planned:
            if halted or campaigns[one.campaign.id].state is not CampaignState.RUNNING:
                await self._settle(tx, one.attempt.id, NoAnswer.NOT_PLACED, reason="halted or paused")
                continue
            if why := await self._unwanted(tx, one):
                await self._settle(tx, one.attempt.id, NoAnswer.NOT_PLACED, reason=why)
                continue
            moved = await rows.move(tx, one.attempt.id, AttemptState.SENT, sent_at=now, lease_until=lease)
            if moved is not None:
                await tx.tell(RobotCalled(now, moved))
                sent.append(replace(one, attempt=moved))
        return sent

    async def _unwanted(self, tx: Tx, one: Planned) -> str:
        """Why a planned call is not to be made any more, or "": its prompts may have taken minutes."""
        call = await rows.call(tx.conn, one.call.id)
        if call is None or not call.state.open:
            return "withdrawn"
        if one.campaign.danger:
            return ""
        kind = one.campaign.kind
        if await campaign_rows.opted_out(tx.conn, [call.number], kind.value):
            return "opted out"
        return "" if call.id in await self._follow_up.wanted(tx, kind, [call]) else "withdrawn"

    async def not_placed(self, request_id: str, reason: str) -> None:
        """The PBX did not take it: nobody's telephone rang."""
        await self._store.transact(lambda tx: self._settle(tx, request_id, NoAnswer.NOT_PLACED, reason=reason))

    async def unknown(self, request_id: str, reason: str) -> None:
        """The link broke after it was sent: there may be a call. Its traces are looked for, it is never sent again."""
        async with self._store.begin() as tx:
            await rows.move(tx, request_id, AttemptState.UNKNOWN, reason=reason, lease_until=self._clock.now())

    async def on_response(self, request_id: str, *, succeeded: bool, reason: str = "") -> None:
        """The PBX's answer to an Originate that came to nothing; the end of the call itself says more, if it comes."""
        if succeeded or not request_id.startswith(ROBOT_REQUEST):
            return
        async with self._store.begin() as tx:
            attempt = await rows.locked_attempt(tx, request_id)
            if attempt is not None and attempt.state in (AttemptState.SENT, AttemptState.UNKNOWN):
                soon = self._clock.now() + timedelta(seconds=3)
                await rows.amend(tx, request_id, reason=reason or "not answered", lease_until=soon)

    async def on_call(self, tx: Tx, fact: CallFact) -> None:
        """Within CallArrived and CallEnded: the conversation of an attempt exists, or is over."""
        call = fact.call
        if not call.request_id.startswith(ROBOT_REQUEST):
            return
        attempt = await rows.attempt(tx.conn, call.request_id)
        if attempt is None:
            return
        await self._link(tx, attempt, call)
        if not isinstance(fact, CallEnded) or attempt.state is AttemptState.SETTLED:
            return
        # The ledger of a robot's call says that it was answered, and not when.
        if call.answered_at is None and attempt.answered_at is None and call.outcome is not CallOutcome.ANSWERED:
            result = _BY_NETWORK.get(call.outcome, NoAnswer.NO_ANSWER) if call.outcome else NoAnswer.NO_ANSWER
            await self._settle(tx, attempt.id, result)
        else:
            # The dialogue's own word, or the ledger's, comes a moment later.
            now = self._clock.now()
            await rows.move(tx, attempt.id, AttemptState.ENDED, lease_until=now + GRACE)
            await tx.tell(OutreachDue(now))

    async def _link(self, tx: Tx, attempt: OutreachAttempt, call: Conversation) -> None:
        if attempt.pbx_call_id is not None:
            return
        pbx_call_id = await originations.call_id(tx.conn, call.key)
        if pbx_call_id is None:
            return
        linked = await rows.amend(tx, attempt.id, pbx_call_id=pbx_call_id)
        await tx.tell(RobotCalled(self._clock.now(), linked))
        made = await rows.call(tx.conn, attempt.outreach_call_id)
        if made is not None and made.ticket_id is not None:
            await ticket_joins.link_call(tx, made.ticket_id, pbx_call_id)

    async def on_robot_told(self, tx: Tx, fact: RobotTold) -> None:
        """Within the PBX-side ledger's word of a dialogue: it counts where the engine did not hear the end itself.

        That is also where its connection broke, and the PBX went on asking alone.
        """
        request_id = fact.call.request_id
        attempt = await rows.attempt(tx.conn, request_id) if request_id.startswith(ROBOT_REQUEST) else None
        if attempt is None:
            return
        try:
            outcome = Outcome.from_facts(dict(fact.facts))
        except ValueError as error:
            told = {"action": "robot_facts_bad", "request_id": request_id, "problem": str(error)}
            log.error("the ledger's word of a robot's call cannot be read", extra=told)
            return
        if attempt.told_at is not None:
            if rules.knows_more(outcome, Outcome.from_facts(attempt.facts)):
                await self._settle(tx, request_id, result_of(outcome), outcome=outcome, anew=True)
            return
        await self._link(tx, attempt, fact.call)
        ended = fact.call.ended_at is not None or attempt.state in (AttemptState.ENDED, AttemptState.SETTLED)
        if (outcome.final or ended) and request_id not in self._talking:
            await self._tell(tx, request_id, outcome)
        else:
            # The ledger is cleared after this: it is kept for the dialogue's own end, and for an engine that dies.
            await rows.amend(tx, request_id, facts=outcome.to_facts())

    # --- the dialogue -----------------------------------------------------------------------------------------------

    async def begin_dialogue(self, request_id: str) -> Planned | None:
        """The number answered and the PBX asks what to say. None: no attempt of ours, or one that is over."""
        now = self._clock.now()
        async with self._store.begin() as tx:
            answered = {"answered_at": now, "lease_until": now + DIALOGUE_LEASE}
            attempt = await rows.move(tx, request_id, AttemptState.ANSWERED, **answered)
            if attempt is None:
                return None
            call = await rows.call(tx.conn, attempt.outreach_call_id)
            campaign = await campaign_rows.get(tx.conn, attempt.campaign_id)
            assert call is not None and campaign is not None
            await tx.tell(RobotCalled(now, attempt))
        self._talking.add(request_id)
        return Planned(attempt, call, campaign)

    async def told(self, request_id: str, outcome: Outcome | None, problem: str = "") -> None:
        """The dialogue is over; None: it broke before it knew anything. Told twice it counts once."""
        try:
            await self._store.transact(lambda tx: self._heard(tx, request_id, outcome, problem))
        finally:
            self._talking.discard(request_id)

    def forget(self, request_id: str) -> None:
        """The engine stops under the dialogue: the PBX-side ledger, and what the PBX then asks alone, tell its end."""
        self._talking.discard(request_id)

    async def _heard(self, tx: Tx, request_id: str, outcome: Outcome | None, problem: str) -> None:
        attempt = await rows.attempt(tx.conn, request_id)
        if attempt is not None and attempt.told_at is None and attempt.facts:
            kept = Outcome.from_facts(attempt.facts)  # what the ledger told meanwhile
            if outcome is None or rules.knows_more(kept, outcome):
                outcome = kept
        if outcome is not None:
            await self._tell(tx, request_id, outcome)
            return
        await self._settle(tx, request_id, NoAnswer.INTERRUPTED, reason=problem)

    async def _tell(self, tx: Tx, request_id: str, outcome: Outcome) -> None:
        attempt = await rows.attempt(tx.conn, request_id)
        if attempt is None or attempt.told_at is not None:
            return
        await self._settle(tx, request_id, result_of(outcome), outcome=outcome)

    async def _settle(
        self,
        tx: Tx,
        request_id: str,
        result: str,
        *,
        reason: str = "",
        outcome: Outcome | None = None,
        anew: bool = False,
    ) -> None:
        """The end of an attempt, with all that follows from it, in one transaction. Settled twice, it is settled once;
        but a dialogue's word stands over a guess, and `anew` over the dialogue's word that was told before."""
        now = self._clock.now()
        attempt = await rows.attempt(tx.conn, request_id)
        if attempt is None:
            return
        before = await rows.call(tx.conn, attempt.outreach_call_id)
        assert before is not None
        if before.ticket_id is not None:
            await self._follow_up.lock(tx, before.ticket_id)  # the ticket first, as whoever moves it does
        changes: dict[str, Any] = {"result": str(result), "settled_at": now}
        changes |= {"reason": reason} if reason else {}
        if outcome is not None:
            changes |= {"told_at": now, "mark": outcome.mark, "proof": outcome.proof.value, "keys": outcome.keys}
            changes |= {"comment": outcome.comment, "facts": outcome.to_facts()}
        settled = await rows.move(tx, request_id, AttemptState.SETTLED, **changes)
        if settled is None:
            if outcome is None or (attempt.told_at is not None and not anew):
                return
            settled = await rows.amend(tx, request_id, **changes)
        campaign = await campaign_rows.get(tx.conn, attempt.campaign_id)
        assert campaign is not None
        call = await self._judge(tx, campaign, settled, now)
        await self._rated(tx, campaign, call, settled)
        another = await self._ask_next(tx, campaign, call)
        applied = await self._follow_up.apply(tx, campaign, call, settled, outcome, another=another)
        if applied:
            settled = await rows.amend(tx, request_id, applied=applied)
        if outcome is not None and (outcome.never_again or outcome.result is Result.NEVER_AGAIN):
            who = f"robot, {settled.keys}"
            await self._opt_outs.write(tx, call.number, "", who, how="robot", at=now, request_id=request_id)
        await tx.tell(RobotCalled(now, settled))
        if not call.state.open:
            await tx.tell(OutreachSettled(now, call, campaign.kind.value, settled))
            await self._finish(tx, campaign, now)
        await tx.tell(OutreachDue(now))
        told = {"action": "robot_called", "request_id": request_id, "result": str(result), "kind": campaign.kind.value}
        log.info("the robot called", extra=told | {"number": masked(call.number), "state": call.state.value})

    @staticmethod
    async def _rated(tx: Tx, campaign: Campaign, call: OutreachCall, attempt: OutreachAttempt) -> None:
        """Who was asked for a mark and is not asked any more counts, whatever he said: no mean without its rate."""
        over = call.state in (CallState.DONE, CallState.GIVEN_UP) and call.settled_at is not None
        if campaign.kind is not CallKind.RATING or not over:
            return
        assert call.settled_at is not None
        await rating_rows.put(
            tx,
            call_id=call.id,
            attempt_id=attempt.id,
            ticket_id=call.ticket_id,
            at=call.settled_at,
            result=attempt.result,
            mark=attempt.mark,
        )

    async def _judge(self, tx: Tx, campaign: Campaign, attempt: OutreachAttempt, now: datetime) -> OutreachCall:
        call = await rows.locked_call(tx, attempt.outreach_call_id)
        results = await rows.results_of(tx, call.id)
        # The newest is this one, whatever was settled meanwhile.
        results = [*results[:-1], attempt.result] if results else [attempt.result]
        said = rules.verdict(
            campaign.kind,
            results,
            now,
            self._settings,
            most_attempts=campaign.most_attempts,
            proof=attempt.proof or Proof.NONE.value,
            spacing=campaign.spacing,
        )
        counted = sum(one not in rules.UNCOUNTED for one in results)
        changes: dict[str, Any] = {"attempts": counted}
        if call.state.open or attempt.result not in rules.UNCOUNTED:  # who was withdrawn before it rang is withdrawn
            changes["result"] = attempt.result
        if attempt.mark is not None:
            changes["mark"] = attempt.mark
        if call.state.open or said.state is CallState.DONE:
            changes["state"] = said.state.value
            changes |= {"due_at": said.due_at} if said.due_at else {"settled_at": now}
        return await rows.save_call(tx, call.id, **changes)

    async def _over(
        self,
        tx: Tx,
        call: OutreachCall,
        kind: CallKind,
        state: CallState,
        result: str,
        attempt: OutreachAttempt | None,
    ) -> None:
        now = self._clock.now()
        call = await rows.save_call(tx, call.id, state=state.value, result=result, settled_at=now)
        await tx.tell(OutreachSettled(now, call, kind.value, attempt))

    async def _finish(self, tx: Tx, campaign: Campaign, now: datetime) -> None:
        """A campaign by hand ends with its last call."""
        if (
            campaign.code is not None
            or campaign.waits
            or campaign.state.over
            or campaign.state is CampaignState.FILLING
        ):
            return
        if await rows.anything_open(tx.conn, campaign.id, campaign.zones):
            return
        held = await campaign_rows.locked(tx, campaign.id)
        if held is None or held.state is not campaign.state:
            return  # somebody stopped or paused it meanwhile: his word stands
        ended = held.evolve(state=CampaignState.FINISHED, changed_at=now, changed_by=ENGINE, ended_at=now)
        await campaign_rows.save(tx, ended)
        await tx.tell(CampaignChanged(now, ended))

    # --- doubt --------------------------------------------------------------------------------------------------------

    async def recover(self, pbxs: Sequence[str]) -> None:
        """At the start, before the links: what was planned was never sent; what was sent is in doubt."""
        async with self._store.read() as conn:
            left = [one for one in await rows.under_way(conn) if one.pbx in pbxs]
        for one in left:
            if one.state is AttemptState.PLANNED:
                await self.not_placed(one.id, "the engine stopped before it was sent")
            elif one.state in (AttemptState.SENT, AttemptState.ANSWERED):
                await self.unknown(one.id, "the engine stopped during the call")

    async def lapsed(self) -> dict[str, list[OutreachAttempt]]:
        """Attempts that nobody looks after, by PBX: for `settle_doubtful`."""
        found: dict[str, list[OutreachAttempt]] = {}
        async with self._store.read() as conn:
            for one in await rows.lapsed(conn, self._clock.now()):
                if one.id not in self._talking:
                    found.setdefault(one.pbx, []).append(one)
        return found

    async def settle_unknown(self, pbx: str, robot: Traces) -> None:
        """When the link is back: look for each doubtful attempt on the PBX."""
        async with self._store.read() as conn:
            doubtful = [
                one
                for one in await rows.under_way(conn)
                if one.pbx == pbx and one.state is AttemptState.UNKNOWN and one.id not in self._talking
            ]
        await self.settle_doubtful(pbx, doubtful, robot)

    async def settle_doubtful(self, pbx: str, doubtful: Sequence[OutreachAttempt], robot: Traces | None) -> None:
        """What left no trace on the PBX is over; what has one goes on, or the ledger will tell.

        `robot` None: there is no link to that PBX now, so the doubt stays.
        """
        never_sent = [one for one in doubtful if one.state is AttemptState.PLANNED]
        for one in never_sent:
            await self.not_placed(one.id, "planned, and never sent")
        doubtful = [one for one in doubtful if one.state is not AttemptState.PLANNED]
        if not doubtful:
            return
        traces = await self._traces(pbx, robot) if robot is not None else None
        now = self._clock.now()
        for one in doubtful:
            if now - one.planned_at < DOUBT_ENDS and (traces is None or one.id in traces):
                async with self._store.begin() as tx:
                    await rows.amend(tx, one.id, lease_until=now + DOUBT_LEASE)
            else:
                await self._store.transact(lambda tx, one=one: self._without_trace(tx, one.id))  # type: ignore[misc]

    async def _traces(self, pbx: str, robot: Traces) -> Any:
        try:
            return await robot.traces()
        except EngineError as error:
            told = {"action": "robot_doubt", "pbx": pbx, "problem": error.detail}
            log.warning("the PBX could not be searched for the robot's calls: doubt stays", extra=told)
            return None

    async def _without_trace(self, tx: Tx, request_id: str) -> None:
        attempt = await rows.attempt(tx.conn, request_id)
        if attempt is None or attempt.settled_at is not None:
            return
        answered = attempt.answered_at is not None or attempt.state is AttemptState.ENDED
        if attempt.facts:  # kept on the way, before the engine or the call broke off
            await self._settle(tx, request_id, result_of(kept := Outcome.from_facts(attempt.facts)), outcome=kept)
        elif answered:
            await self._settle(tx, request_id, NoAnswer.INTERRUPTED)
        else:
            refused = attempt.state is AttemptState.SENT and attempt.reason  # the PBX's own answer to the Originate
            await self._settle(tx, request_id, NoAnswer.FAILED if refused else NoAnswer.LOST)

    async def end_expired(self) -> None:
        """Campaigns whose last day is over end by themselves."""
        now = self._clock.now()
        async with self._store.read() as conn:
            over = [one for one in await campaign_rows.running(conn) if one.ends_at is not None and one.ends_at <= now]
        for campaign in over:
            async with self._store.begin() as tx:
                held = await campaign_rows.locked(tx, campaign.id)
                if held is None or held.state is not CampaignState.RUNNING:
                    continue
                ended = held.evolve(state=CampaignState.FINISHED, changed_at=now, changed_by=ENGINE, ended_at=now)
                await campaign_rows.save(tx, ended)
                await tx.tell(CampaignChanged(now, ended))

    async def merge_counts(self) -> None:
        """Keep the counts of campaigns few: each change of a call adds a row to them."""
        async with self._store.read() as conn:
            crowded = await campaign_rows.crowded_counts(conn, MOST_COUNTS)
        for campaign_id in crowded:
            await self._store.transact(lambda tx, one=campaign_id: campaign_rows.merge_counts(tx, one))  # type: ignore[misc]

    async def under_way(self) -> list[OutreachAttempt]:
        """The robot's calls of now, on every PBX."""
        async with self._store.read() as conn:
            return await rows.under_way(conn)


def result_of(outcome: Outcome) -> str:
    """The outcome's result; a mark stands over what became of the rest of the call."""
    if outcome.mark is not None and outcome.result is not Result.NOT_DONE:
        return Result.MARKED.value
    return outcome.result.value


def row_of(wish: CallWish, campaign: Campaign, number: str, zone: str, now: datetime) -> dict[str, Any]:
    """The columns of a call that is wished for."""
    return {
        "campaign_id": campaign.id,
        "key": wish.key,
        "ticket_id": wish.ticket_id,
        "number": number,
        "name": wish.name,
        "zone": zone,
        "language": wish.language or campaign.language,
        "facts": dict(wish.facts),
        "state": CallState.WAITING.value,
        "due_at": wish.due_at or now,
        "created_at": now,
    }


def _word_of(call: OutreachCall) -> str:
    return hashlib.sha256(f"{call.key}|{call.created_at.isoformat()}".encode()).hexdigest()[:12]


def _in_period(campaign: Campaign, now: datetime) -> bool:
    begun = campaign.begins_at is None or campaign.begins_at <= now
    return begun and (campaign.ends_at is None or now < campaign.ends_at)


def _about(ticket: Ticket, number: str, name: str, due_at: datetime, language: str) -> CallWish:
    """A call for a mark: one per ticket, round of its job and number."""
    return CallWish(
        number=number,
        key=f"{round_key(ticket)}{number}",
        facts=_of_ticket(ticket, language),
        ticket_id=ticket.id,
        name=name,
        due_at=due_at,
    )


def _of_ticket(ticket: Ticket, language: str) -> dict[str, Any]:
    """What the dialogue says of a ticket (menus/jobs.py)."""
    house = ticket.house
    address = f"{house.street}, {house.number}" if house else ticket.place
    return {"ticket": ticket.number, "work": ticket.classifier.problem(language), "address": address}
