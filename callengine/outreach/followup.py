"""What the robot's calls mean for tickets: the mark moves them, a bad one owes a human's call, silence is noted."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from callengine import config, phone
from callengine.clock import Clock, rfc3339
from callengine.directory.ways import Way
from callengine.errors import Conflict, Forbidden, Refused
from callengine.menus.outcome import Outcome, Result
from callengine.outreach import rules
from callengine.outreach.model import CallKind, CallState, Campaign, OutreachAttempt, OutreachCall
from callengine.phone import Phone
from callengine.store import moves as ticket_rows
from callengine.store import outreach as rows
from callengine.store.database import Tx
from callengine.tickets.effects import Asked, Mover
from callengine.tickets.lifecycle import CENTRE, SYSTEM, Move
from callengine.tickets.model import Status, Ticket, TicketEvent
from callengine.tickets.remind import WRONG_NUMBER, remind

log = logging.getLogger(__name__)

ROBOT = Mover(name="robot", role=SYSTEM)
MOVED, UNMOVED = "moved", "not moved"
RATING_DUTY = "rating"
UNWANTED = "robot_unwanted"  # in a ticket's history: its applicant is not asked, for he wants to be told nothing


class Moves(Protocol):
    """The one door to a status (tickets/moves.py)."""

    async def act(self, tx: Tx, ticket: Ticket, mover: Mover, asked: Asked) -> Ticket: ...


class Duties(Protocol):
    """Who is owed a call by a human (callbacks/service.py)."""

    async def owe(
        self, tx: Tx, number: Phone, *, reason: str, due_at: datetime, ticket_id: int | None, data: Mapping[str, Any]
    ) -> int: ...


class FollowUp:
    """Everything here runs inside the transaction in which an attempt is settled."""

    def __init__(self, clock: Clock, settings: config.Outreach, moves: Moves, duties: Duties) -> None:
        self._clock, self._settings, self._moves, self._duties = clock, settings, moves, duties

    async def lock(self, tx: Tx, ticket_id: int) -> None:
        await ticket_rows.locked(tx, ticket_id)

    async def wanted(self, tx: Tx, kind: CallKind, calls: Sequence[OutreachCall]) -> set[int]:
        """Those of the calls whose reason stands: a ticket that nobody's mark is awaited for needs no call.

        Of a job that was done again, only the call about its last round is wanted, and none to who wants to be told
        nothing.
        """
        if kind is not CallKind.RATING:
            return {call.id for call in calls}
        ids = {call.ticket_id for call in calls if call.ticket_id is not None}
        rounds, unwilling = {}, set()
        for ticket_id in await rows.awaiting_mark(tx.conn, ids):
            ticket = await ticket_rows.ticket_of(tx.conn, ticket_id)
            assert ticket is not None
            rounds[ticket_id] = round_key(ticket)
            if ticket.applicant.notify == Way.NONE:
                unwilling.add((ticket_id, ticket.applicant.number))
        return {
            call.id
            for call in calls
            if (call.ticket_id, call.number) not in unwilling
            and (call.ticket_id is None or (call.ticket_id in rounds and call.key.startswith(rounds[call.ticket_id])))
        }

    async def apply(
        self,
        tx: Tx,
        campaign: Campaign,
        call: OutreachCall,
        attempt: OutreachAttempt,
        outcome: Outcome | None,
        *,
        another: bool = False,
    ) -> str:
        """What follows for the ticket of the call; gives what became of a mark: moved, or why not; "" without one.

        `another`: the next of its applicants is asked now.
        """
        if call.ticket_id is None:
            return ""
        await self._write(tx, campaign, call, attempt, another=another)
        if attempt.result == Result.NOT_ME:
            await self._another(tx, campaign, call, attempt)
        if campaign.kind is not CallKind.RATING or outcome is None:
            return ""
        if outcome.mark is None and outcome.result is not Result.NOT_DONE:
            return ""  # no key is no mark
        applied = await self._mark(tx, call, attempt, outcome)
        if rules.unhappy(outcome.result.value, outcome.mark):
            await self._owe(tx, call, attempt, outcome)
        return applied

    async def _write(
        self, tx: Tx, campaign: Campaign, call: OutreachCall, attempt: OutreachAttempt, *, another: bool
    ) -> None:
        """Each attempt is a line of the ticket's history; the last one in vain says that nobody tries again."""
        if attempt.result in rules.UNCOUNTED:
            return
        data: dict[str, Any] = {
            "kind": campaign.kind.value,
            "result": attempt.result,
            "attempt": call.attempts,
            "of": campaign.most_attempts,
            "request_id": attempt.id,
            "call_id": attempt.pbx_call_id,
            "proof": attempt.proof,
        }
        if attempt.mark is not None:
            data["mark"] = attempt.mark
        if attempt.comment:
            data["comment"] = attempt.comment
        if call.state is CallState.WAITING:
            data["again_at"] = rfc3339(call.due_at)
        await self.note(tx, call.ticket_id, "robot_call", "", data)
        if call.state is CallState.GIVEN_UP and not another:
            # The client's own term goes on.
            await self.note(tx, call.ticket_id, "robot_gave_up", "", {"attempts": call.attempts})

    async def _another(self, tx: Tx, campaign: Campaign, call: OutreachCall, attempt: OutreachAttempt) -> None:
        """Somebody else answers at the number: the centre is to find the right one, and no client was silent."""
        assert call.ticket_id is not None
        ticket = await ticket_rows.ticket_of(tx.conn, call.ticket_id)
        key = f"{WRONG_NUMBER}:{attempt.id}"
        if ticket is None or await ticket_rows.by_key(tx.conn, ticket.id, key):
            return
        data = {"kind": campaign.kind.value, "request_id": attempt.id}  # inspectors read it: no number, no name
        now = self._clock.now()
        event = TicketEvent(now, WRONG_NUMBER, ROBOT.name, "", data, ROBOT.role, public=False)
        await ticket_rows.add_event(tx, ticket.id, None, event, key)
        if not ticket.status.final:
            await remind(tx, ticket, WRONG_NUMBER, CENTRE, now, data=data)

    async def note(
        self, tx: Tx, ticket_id: int | None, what: str, reason: str, data: Mapping[str, Any] | None = None
    ) -> None:
        """A line of the ticket's history, for those who work on it."""
        if ticket_id is None:
            return
        event = TicketEvent(self._clock.now(), what, ROBOT.name, reason, dict(data or {}), ROBOT.role, public=False)
        await ticket_rows.add_event(tx, ticket_id, None, event)

    async def _mark(self, tx: Tx, call: OutreachCall, attempt: OutreachAttempt, outcome: Outcome) -> str:
        """The move that follows from the mark, once: its key is the attempt's. Refused, it stays with the attempt."""
        assert call.ticket_id is not None
        ticket = await ticket_rows.ticket_of(tx.conn, call.ticket_id)
        if ticket is None:
            return UNMOVED
        if await ticket_rows.by_key(tx.conn, ticket.id, attempt.id):
            return MOVED
        not_done = outcome.result is Result.NOT_DONE
        asked = Asked(Move.MARK, mark=None if not_done else outcome.mark, not_done=not_done, key=attempt.id)
        if not call.key.startswith(round_key(ticket)):
            why = "it is about an earlier round of the job, which was done again since"
        elif ticket.status is Status.AWAITING_CLIENT and ticket.marked_at is None:
            try:
                await self._moves.act(tx, ticket, ROBOT, asked)
            except (Conflict, Refused, Forbidden) as error:
                why = error.detail
            else:
                return MOVED
        else:
            why = f"the ticket stands at {ticket.status}" if ticket.marked_at is None else "it has a mark already"
        data = {"mark": outcome.mark, "not_done": not_done, "request_id": attempt.id}
        await self.note(tx, ticket.id, "robot_mark_unused", why, data)
        log.warning("the robot's mark moved nothing", extra={"action": "mark_unused", "request_id": attempt.id})
        return why

    async def _owe(self, tx: Tx, call: OutreachCall, attempt: OutreachAttempt, outcome: Outcome) -> None:
        assert call.ticket_id is not None
        ticket = await ticket_rows.ticket_of(tx.conn, call.ticket_id)
        due_at = self._clock.now() + timedelta(seconds=self._settings.unhappy_seconds)
        data = {
            "ticket": ticket.number if ticket else "",
            "mark": outcome.mark,
            "not_done": outcome.result is Result.NOT_DONE,
            "request_id": attempt.id,
        }
        number = phone.parse(call.number)
        await self._duties.owe(tx, number, reason=RATING_DUTY, due_at=due_at, ticket_id=call.ticket_id, data=data)


def round_key(ticket: Ticket) -> str:
    """How the keys of calls about the ticket's present round begin: a job that is done again is asked about anew."""
    rounds = sum(1 for event in ticket.history if event.data.get("to") == Status.AWAITING_CLIENT)
    return f"rating:{ticket.id}:{max(rounds, 1)}:"
