"""WaysService: how an applicant is told of his ticket (R177), changed by the desk or by himself.

What is of danger reaches him regardless, and an opt-out of his number stands above whatever is chosen here
(notices/residents.py, notices/outbox.py).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from callengine.clock import Clock
from callengine.directory.search import storable
from callengine.directory.ways import checked
from callengine.errors import NotFound
from callengine.store import moves as move_rows
from callengine.store import tickets as ticket_rows
from callengine.store.database import Store, Tx
from callengine.tickets.events import TicketWayChanged
from callengine.tickets.model import Ticket, TicketEvent
from callengine.tickets.visibility import Person

CHANGED = "way_changed"


class WaysService:
    """Writes the way of a ticket's applicant."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def change(self, number: str, notify: str, email: str, who: Person) -> Ticket:
        """The ticket as it now stands; the same once more changes nothing. Raises NotFound, Refused."""
        notify, email = checked(notify, storable(email))
        async with self._store.begin(shared=True) as tx:
            ticket = await ticket_rows.get(tx.conn, storable(number))
            if ticket is None:
                raise NotFound(f"there is no ticket {number}")
            await move_rows.locked(tx, ticket.id)
            ticket = await ticket_rows.get(tx.conn, ticket.number) or ticket
            return await change_way(tx, ticket, notify, email, who.name, who.role, who.staff_id, self._clock.now())


async def change_way(
    tx: Tx, ticket: Ticket, notify: str, email: str, name: str, role: str, staff_id: int | None, now: datetime
) -> Ticket:
    """Under the ticket's lock. The address itself does not go into the history, which others read too."""
    before = ticket.applicant
    if (before.notify, before.email) == (notify, email):
        return ticket
    await move_rows.put_way(tx, ticket.id, notify, email)
    data = {"before": before.notify, "after": notify, "address": before.email != email}
    event = TicketEvent(now, CHANGED, name, "", data, role)
    event = replace(event, id=await move_rows.add_event(tx, ticket.id, staff_id, event))
    after = replace(ticket, applicant=replace(before, notify=notify, email=email), history=(*ticket.history, event))
    await tx.tell(TicketWayChanged(after))
    return after
