"""A scope as a condition on tickets: the same words as tickets/visibility.py, for the database to keep."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, false, or_, select, true

from callengine.store.tables import ticket_organisations, tickets
from callengine.tickets.visibility import Scope

ORGANISATION, EXECUTOR, DISTRICT = "scope_organisation", "scope_executor", "scope_district"
NOBODY = 0  # no row has this id


def within(scope: Scope) -> ColumnElement[bool]:
    """The condition that a ticket is in the scope."""
    c = tickets.c
    if scope.everything:
        return true()
    if scope.organisation_id is not None:
        return or_(c.organisation_id == _organisation(scope), c.id.in_(_declined(scope)))
    if scope.executor_id is not None:
        return c.executor_id == bindparam(EXECUTOR, scope.executor_id, type_=c.executor_id.type)
    if scope.districts is not None:
        named = enumerate(scope.districts)
        own = [bindparam(f"{DISTRICT}_{n}", district, type_=c.district.type) for n, district in named]
        return c.district.in_(own) if own else true()
    return false()


def parts_of(scope: Scope) -> list[ColumnElement[bool]]:
    """The scope for lists, as conditions that exclude one another: each is read along an index of its own.

    An organisation's lists have what it may open: its own tickets and those that it declined (DOMAIN.md), none that
    was taken from it.
    """
    if scope.everything or scope.organisation_id is None:
        return [within(scope)]
    c, organisation = tickets.c, _organisation(scope)
    own = c.organisation_id == organisation
    left = and_(c.id.in_(_declined(scope)), or_(c.organisation_id.is_(None), c.organisation_id != organisation))
    return [own, left]


@lru_cache(maxsize=1_024)
def shape_of(scope: Scope) -> Scope:
    """The scope without its values: what a statement that is compiled once is made from. It sees nothing by itself."""
    return replace(
        scope,
        organisation_id=None if scope.organisation_id is None else NOBODY,
        executor_id=None if scope.executor_id is None else NOBODY,
        districts=None if scope.districts is None else ("",) * len(scope.districts),
    )


def values_of(scope: Scope) -> dict[str, Any]:
    """The values of the scope, by the names that `within` and `parts_of` give them."""
    named = {f"{DISTRICT}_{n}": district for n, district in enumerate(scope.districts or ())}
    return {ORGANISATION: scope.organisation_id, EXECUTOR: scope.executor_id, **named}


def _organisation(scope: Scope) -> BindParameter[int]:
    return bindparam(ORGANISATION, scope.organisation_id, type_=tickets.c.organisation_id.type)


def _declined(scope: Scope) -> Select[tuple[int]]:
    """The ids of the tickets that the organisation declined."""
    past = ticket_organisations.c
    return select(past.ticket_id).where(past.organisation_id == _organisation(scope), past.declined_at.is_not(None))
