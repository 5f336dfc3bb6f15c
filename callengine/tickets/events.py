"""What happened to tickets, in the past tense, told with the ticket as it then stood."""

from __future__ import annotations

from dataclasses import dataclass

from callengine.tickets.model import Ticket


@dataclass(frozen=True, slots=True)
class TicketFact:
    ticket: Ticket


class TicketOpened(TicketFact):
    """A ticket was registered: it has its number, organisation and terms, or says why it has none."""


class TicketFiled(TicketFact):
    """A photo, an act or a document was hung on it, taken down or put back."""


class TicketCommented(TicketFact):
    """Somebody wrote on it: one of those who work on it, or the resident through his link."""
