"""TicketWatch: the one timer of each open ticket, that keeps its promises: terms, the ladder, checks, silent clients.

A promise kept is a line of the history, so it is kept once, whoever fires the timer again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from callengine.access.events import StaffLeft
from callengine.clock import Clock, rfc3339
from callengine.directory.model import Organisation
from callengine.errors import Refused
from callengine.store import moves as rows
from callengine.store import tickets as ticket_rows
from callengine.store.database import Store, Tx
from callengine.tickets import clocks
from callengine.tickets.clocks import TIMER, Promise
from callengine.tickets.effects import Asked
from callengine.tickets.events import TicketReminded
from callengine.tickets.lifecycle import Move
from callengine.tickets.model import Ticket, TicketEvent
from callengine.tickets.moves import ENGINE, MovesService
from callengine.tickets.rulebook import Rulebook
from callengine.timers.model import Owner

log = logging.getLogger(__name__)

PRIVATE = "private_firm"

# A timer that a command beside the engine sets: the engine then makes the moves and tells of them.
STAFF_LEFT = "staff_left"


class TicketWatch:
    """The owner of the timers of tickets."""

    def __init__(self, *, store: Store, clock: Clock, moves: MovesService, book: Rulebook) -> None:
        self._store, self._clock, self._moves, self._book = store, clock, moves, book

    @property
    def timer_owners(self) -> Mapping[str, Owner]:
        return {TIMER: self.on_timer, STAFF_LEFT: self.on_staff}

    async def recover(self) -> int:
        """At the start: each open ticket has its timer, those of the release before too. Gives how many lacked one.

        And what is in the hands of somebody who left while no engine ran goes back to his organisation.
        """
        async with self._store.begin() as tx:
            await self._moves.on_staff_left(tx, StaffLeft())
            return await rows.promise_all(tx, TIMER, self._clock.now())

    async def on_staff(self, kind: str, subject: str, fence: int) -> None:
        """Another process of this database changed the staff: what is in the hands of who left goes back."""
        async with self._store.begin() as tx:
            await self._moves.on_staff_left(tx, StaffLeft())

    async def on_timer(self, kind: str, subject: str, fence: int) -> None:
        """Keep what is due of one ticket, then set the timer to what comes next; safe to call again."""
        async with self._store.begin() as tx:
            ticket_id = int(subject)
            await rows.locked(tx, ticket_id)
            ticket = await rows.ticket_of(tx.conn, ticket_id)
            if ticket is None:
                return
            now = self._clock.now()
            while not ticket.status.final:
                due = next((one for one in clocks.promises(ticket, self._moves.periods) if one.at <= now), None)
                if due is None:
                    break
                ticket = await self._keep(tx, ticket, due, now)
            await self._moves.keep_promise(tx, ticket)

    async def _keep(self, tx: Tx, ticket: Ticket, promise: Promise, now: datetime) -> Ticket:
        if promise.about == "paid":
            return await self._unconfirmed(tx, ticket)
        if promise.about == "client":
            if clocks.stranger_asked(ticket):  # a person has to ask the client himself, or close it with his reason
                return await self._remind(tx, ticket, promise, now)
            try:
                return await self._moves.act(
                    tx, ticket, ENGINE, Asked(Move.CLOSE, reason=self._moves.silent_end(ticket))
                )
            except Refused:  # it was late and has no act yet: it stays, and closes when the act comes
                return await self._remind(tx, ticket, promise, now)
        return await self._remind(tx, ticket, promise, now)

    async def _remind(self, tx: Tx, ticket: Ticket, promise: Promise, now: datetime) -> Ticket:
        """A line of the history and a word to those it concerns. Whom letters reached is the notices' to say."""
        to = clocks.addressed(ticket, promise)
        data = {"about": promise.about, "level": promise.level, "due_at": rfc3339(promise.at), "to": sorted(to)}
        event = TicketEvent(now, clocks.REMINDER, ENGINE.name, "", data, ENGINE.role, public=False)
        event = replace(event, id=await rows.add_event(tx, ticket.id, None, event))
        after = replace(
            ticket,
            late_at=promise.at if promise.about == "fix" and not ticket.late_at else clocks.late_since(ticket, now),
            stall_level=max(ticket.stall_level, promise.level),
            history=(*ticket.history, event),
        )
        # The version stays: a reminder does not stand in the way of a move.
        await rows.save(tx, ticket, after)
        await tx.tell(TicketReminded(after, promise.about, promise.level, promise.at, to))
        log.info(
            "ticket is due",
            extra={"action": "ticket_due", "ticket": ticket.number, "about": promise.about, "level": promise.level},
        )
        return after

    async def _unconfirmed(self, tx: Tx, ticket: Ticket) -> Ticket:
        """Nobody confirmed the paid job in its window: a private firm that has not had it, else a person chooses."""
        firm = await self._private_firm(tx, ticket)
        name = ticket.organisation.name if ticket.organisation else ""
        why = f"{name}: платная работа не подтверждена в срок / the paid job was not confirmed in time"
        if firm is None:
            return await self._moves.act(tx, ticket, ENGINE, Asked(Move.RELEASE, reason=why))
        return await self._moves.act(tx, ticket, ENGINE, Asked(Move.ROUTE, reason=why, organisation_id=firm.id))

    async def _private_firm(self, tx: Tx, ticket: Ticket) -> Organisation | None:
        """The first of those that serve the house privately and have not had the ticket yet."""
        had = await ticket_rows.ever_asked(tx.conn, ticket.id)
        house_id = ticket.house.id if ticket.house else None
        entry = replace(ticket.classifier, organisation_kind=PRIVATE, organisation_kinds_next=())
        found = await self._book.route(tx.conn, entry, house_id, self._clock.now(), district=ticket.district)
        firms = [found.organisation, *(one.organisation for one in found.candidates)]
        return next((firm for firm in firms if firm and firm.id not in had), None)
