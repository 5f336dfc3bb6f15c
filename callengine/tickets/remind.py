"""A reminder that something happened to a ticket: a line of its history and a word to those whom it concerns.

The reminders of its clocks are the watch's (watch.py); these come of what people and the robot said.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from callengine.clock import rfc3339
from callengine.store import moves as rows
from callengine.store.database import Tx
from callengine.tickets.clocks import REMINDER, WRONG_NUMBER
from callengine.tickets.events import TicketReminded
from callengine.tickets.lifecycle import SYSTEM
from callengine.tickets.model import Ticket, TicketEvent

__all__ = ["ENGINE", "REFUSED", "RESIDENT_WORD", "UNACKNOWLEDGED", "UNTOLD", "WRONG_NUMBER", "remind"]

ENGINE = "callengine"
UNACKNOWLEDGED, UNTOLD = "unacknowledged", "untold"
REFUSED = "refused"  # the executor said no to the robot
RESIDENT_WORD = "resident_word"  # the resident wrote through his link


async def remind(
    tx: Tx,
    ticket: Ticket,
    about: str,
    to: Collection[str],
    now: datetime,
    *,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
    key: str | None = None,
) -> bool:
    """Write it down and tell it to the roles `to`, of its own people. False: it was told before, by its `key`."""
    if key is not None and await rows.by_key(tx.conn, ticket.id, key) is not None:
        return False
    kept = {"about": about, "level": 0, "due_at": rfc3339(now), "to": sorted(to), **(data or {})}
    event = TicketEvent(now, REMINDER, ENGINE, reason, kept, SYSTEM, public=False)
    await rows.add_event(tx, ticket.id, None, event, key)
    await tx.tell(TicketReminded(ticket, about, 0, now, frozenset(to)))
    return True
