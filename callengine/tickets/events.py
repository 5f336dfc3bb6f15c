"""What happened to tickets, in the past tense, told with the ticket as it then stood."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from callengine.tickets.model import Status, Ticket


@dataclass(frozen=True, slots=True)
class TicketFact:
    ticket: Ticket


class TicketOpened(TicketFact):
    """A ticket was registered: it has its number, organisation and terms, or says why it has none."""


class TicketFiled(TicketFact):
    """A photo, an act or a document was hung on it, taken down or put back."""


class TicketCommented(TicketFact):
    """Somebody wrote on it: one of those who work on it, or the resident through his link."""


class TicketJoined(TicketFact):
    """One more applicant and his call joined it, called again, or were taken off it."""


class TicketWayChanged(TicketFact):
    """Its applicant is to be told another way from now on."""


@dataclass(frozen=True, slots=True)
class TicketMoved(TicketFact):
    """Somebody moved it; `move` is the key of the move, `from_status` where it stood before."""

    move: str
    from_status: Status


@dataclass(frozen=True, slots=True)
class TicketReminded(TicketFact):
    """A term passed, or nobody touched it for too long; `to` are the roles that it is for, of its own people."""

    about: str
    level: int
    due_at: datetime
    to: frozenset[str]


class TicketReminderEnded(TicketFact):
    """A reminder stands no more though nobody moved the ticket: somebody took it, or a notice came through."""
