"""A scope as a condition on tickets: the same words as tickets/visibility.py, for the database to keep."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, false, or_, select, true

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


def parts_of(scope: Scope) -> list[ColumnElement[bool]]:
    """The scope for lists, as conditions that exclude one another: each is read along an index of its own.

    An organisation's lists have its own tickets and those that it declined (DOMAIN.md). A ticket that was taken from
    it without a decline, which only the administrator can do, it still opens by the number: `within`.
    """
    if scope.everything or scope.organisation_id is None:
        return [within(scope)]
    c, past = tickets.c, ticket_organisations.c
    own = c.organisation_id == scope.organisation_id
    declined = select(past.ticket_id).where(
        past.organisation_id == scope.organisation_id, past.declined_at.is_not(None)
    )
    return [own, and_(c.id.in_(declined), or_(c.organisation_id.is_(None), c.organisation_id != scope.organisation_id))]
