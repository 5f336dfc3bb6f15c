"""What happened to tickets, in the past tense, told with the ticket as it then stood."""

from __future__ import annotations

from dataclasses import dataclass

from callengine.tickets.model import Ticket


@dataclass(frozen=True, slots=True)
class TicketFact:
    ticket: Ticket


class TicketOpened(TicketFact):
    """A ticket was registered: it has its number, organisation and terms, or says why it has none."""
