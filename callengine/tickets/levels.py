"""The four levels of support (R48), read off a ticket's status and whose hands it is in; pure.

109 of Astana has «четырехуровневую модель поддержки» and says no more of it; docs/decisions.md says how it is read
here. The level is never kept: status and organisation are the only truth, and store/levels.py says the same in SQL.
"""

from __future__ import annotations

from enum import IntEnum

from callengine.tickets.model import Status, Ticket


class Level(IntEnum):
    """Who settles it, or has settled it."""

    OPERATOR = 1  # in the call itself: a standard answer, a referral, a transfer
    DISPATCHER = 2  # the centre has to decide: who answers for it, or who is right
    ORGANISATION = 3
    AUTHORITY = 4  # the municipality or the inspectorate


AUTHORITIES = frozenset({"municipality", "inspectorate"})  # kinds of organisations
# Answered in the call, if no organisation answers for it.
SETTLED = frozenset({Status.AWAITING_CENTRE, Status.AWAITING_CLIENT, Status.CLOSED})
# With the centre, though an organisation is still named.
DISPUTED = frozenset({Status.DECLINED, Status.CONFLICT})


def level(status: str, organisation_kind: str | None) -> Level:
    """`organisation_kind` is None where no organisation answers for it."""
    if organisation_kind is None:
        return Level.OPERATOR if status in SETTLED else Level.DISPATCHER
    if status in DISPUTED:
        return Level.DISPATCHER
    return Level.AUTHORITY if organisation_kind in AUTHORITIES else Level.ORGANISATION


def of_ticket(ticket: Ticket) -> Level:
    return level(ticket.status, ticket.organisation.kind if ticket.organisation else None)
