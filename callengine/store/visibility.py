"""A scope as a condition on tickets: the same words as tickets/visibility.py, for the database to keep."""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, or_, select, true

from callengine.store.tables import ticket_organisations, tickets
from callengine.tickets.visibility import Scope


def within(scope: Scope) -> ColumnElement[bool]:
    """The condition that a ticket is in the scope."""
    c = tickets.c
    if scope.everything:
        return true()
    if scope.organisation_id is not None:
        past = select(ticket_organisations.c.ticket_id).where(
            ticket_organisations.c.organisation_id == scope.organisation_id
        )
        return or_(c.organisation_id == scope.organisation_id, c.id.in_(past))
    if scope.executor_id is not None:
        return c.executor_id == scope.executor_id
    if scope.districts is not None:
        return c.district.in_(scope.districts) if scope.districts else true()
    return false()
