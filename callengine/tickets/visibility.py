"""Who sees which tickets and how much of them: the one place where roles become scopes (DOMAIN.md, "Who sees what")."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from callengine.access.model import DESK, INSPECTOR
from callengine.log import masked
from callengine.tickets.model import Applicant, Ticket, TicketEvent

RESIDENT = "resident"
_ABOUT_APPLICANTS = frozenset({"applicant_joined", "called_again", "applicant_withdrawn"})


class Seer(Protocol):
    """Who looks: an access Principal fits."""

    @property
    def role(self) -> str: ...

    @property
    def staff_id(self) -> int | None: ...

    @property
    def organisation_id(self) -> int | None: ...

    @property
    def districts(self) -> tuple[str, ...]: ...


class Person(Seer, Protocol):
    """Who acts, under his name: an access Principal fits, and a Mover."""

    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Scope:
    """What of all tickets one may see. Exactly one of the four; none of them sees nothing."""

    everything: bool = False
    organisation_id: int | None = None  # its own, also those that it declined
    executor_id: int | None = None  # his own
    districts: tuple[str, ...] | None = None  # an inspector's area; () is the whole city
    internal: bool = True  # internal comments and files are shown
    personal: bool = True  # names and numbers are shown whole, else masked


EVERYTHING = Scope(everything=True)
NOTHING = Scope(internal=False, personal=False)


def scope_of(who: Seer) -> Scope:
    """The scope of a role. A manager without an organisation and an executor without a person see nothing."""
    if who.role in DESK:
        return EVERYTHING
    if who.role == "organisation_manager" and who.organisation_id is not None:
        return Scope(organisation_id=who.organisation_id)
    if who.role == "executor" and who.staff_id is not None:
        return Scope(executor_id=who.staff_id)
    if who.role == INSPECTOR:
        return Scope(districts=who.districts, personal=False)
    return NOTHING


def covers(now: Scope, then: Scope) -> bool:
    """Whether one who sees `now` may read what was written for one who saw `then`."""
    if (then.internal and not now.internal) or (then.personal and not now.personal):
        return False
    if now.everything or then.everything:
        return now.everything
    if now.districts is not None and then.districts is not None:
        inside = bool(then.districts) and set(then.districts) <= set(now.districts)
        return not now.districts or inside
    whose = (now.organisation_id, now.executor_id, now.districts)
    return whose == (then.organisation_id, then.executor_id, then.districts)


def sees(scope: Scope, ticket: Ticket, past_organisations: frozenset[int] = frozenset()) -> bool:
    """Whether a ticket is in the scope; `past_organisations` are those that declined it.

    From whom it was taken without a decline, that organisation sees it no more.
    """
    if scope.everything:
        return True
    if scope.organisation_id is not None:
        now = ticket.organisation.id if ticket.organisation else None
        return scope.organisation_id == now or scope.organisation_id in past_organisations
    if scope.executor_id is not None:
        return ticket.executor is not None and ticket.executor.id == scope.executor_id
    if scope.districts is not None:
        return not scope.districts or ticket.district in scope.districts
    return False


def shown(ticket: Ticket, scope: Scope) -> Ticket:
    """The ticket as the scope lets it be read: names and numbers masked, internal lines of the history left out."""
    if not scope.personal:
        history = tuple(_unnamed(event) for event in ticket.history)
        ticket = replace(ticket, applicant=masked_applicant(ticket.applicant), history=history)
    if not scope.internal:
        ticket = replace(ticket, history=tuple(event for event in ticket.history if event.public))
    return ticket


def _unnamed(event: TicketEvent) -> TicketEvent:
    """A line without the names of residents: its author, when he wrote it himself, and who joined by it."""
    if "name" in event.data and event.what in _ABOUT_APPLICANTS:
        event = replace(event, data={**event.data, "name": _initials(event.data["name"])})
    return replace(event, author=_initials(event.author)) if event.role == RESIDENT else event


def _initials(name: str) -> str:
    return " ".join(f"{word[0].upper()}." for word in name.split())


def masked_applicant(it: Applicant) -> Applicant:
    """«Мельникова Анна» as «М. А.», a number by its last two digits; the card behind it is out of sight."""
    return Applicant(masked(it.number) if it.number else "", _initials(it.name), None)
