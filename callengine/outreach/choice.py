"""Which tickets a campaign is about: branch, organisation, district or houses, urgency, paid (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from callengine.clock import parse_rfc3339, rfc3339
from callengine.tickets.model import Status, Ticket, Urgency

MOST_HOUSES = 5_000
LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Choice:
    """Everything that is said must hold; what is left out narrows nothing.

    `classifier` is an entry's code or how the codes of a branch begin. `since` and `until` bound the registration of
    tickets that exist already, `status` is how they stand; a campaign of ratings has neither: it waits for its tickets.
    `others`, of ratings alone, is whom it asks of a ticket's applicants: not only who called first, but also those who
    joined him, one after another, until one says how it was done.
    """

    classifier: str = ""
    organisation_id: int | None = None
    district: str = ""
    house_ids: tuple[int, ...] = ()
    urgency: tuple[str, ...] = ()
    paid: bool | None = None
    status: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    others: bool = False

    def __bool__(self) -> bool:
        """Whether it says which tickets."""
        return replace(self, others=False) != Choice()


def fits(choice: Choice, ticket: Ticket) -> bool:
    """Whether a ticket is one of them, whenever it was registered and however it stands."""
    house_id = ticket.house.id if ticket.house else None
    organisation_id = ticket.organisation.id if ticket.organisation else None
    return (
        ticket.classifier.code.startswith(choice.classifier)
        and choice.organisation_id in (None, organisation_id)
        and choice.district in ("", ticket.district)
        and (not choice.house_ids or house_id in choice.house_ids)
        and (not choice.urgency or ticket.urgency.value in choice.urgency)
        and choice.paid in (None, ticket.paid)
    )


def mistakes(choice: Choice, *, waits: bool) -> list[tuple[str, str]]:
    """Pointers and what is wrong there. `waits`: for tickets to come (ratings), else among those that there are."""
    wrong: list[tuple[str, str]] = []
    for one in choice.urgency:
        if one not in set(Urgency):
            wrong.append(("/choice/urgency", f"there is no urgency {one[:40]!r}: {', '.join(Urgency)}"))
    for one in choice.status:
        if one not in set(Status):
            wrong.append(("/choice/status", f"there is no status {one[:40]!r}: {', '.join(Status)}"))
    if len(choice.house_ids) > MOST_HOUSES:
        wrong.append(("/choice/house_ids", f"at most {MOST_HOUSES} houses at once"))
    if choice.others and not waits:
        wrong.append(
            ("/choice/others", "only ratings are asked of one person: all else is told to each by his own number")
        )
    if waits:
        if choice.since or choice.until or choice.status:
            wrong.append(("/choice/since", "ratings wait for jobs to be confirmed: say begins_at and ends_at instead"))
    elif choice.since is None or choice.until is None:
        wrong.append(("/choice/since", "say from when to when the tickets were registered"))
    elif not timedelta() < choice.until - choice.since <= LONGEST:
        wrong.append(("/choice/until", f"after since, and at most {LONGEST.days} days later"))
    return wrong


def to_raw(choice: Choice) -> dict[str, Any]:
    """JSON-able; only what is said. `from_raw` reads it back equal."""
    raw: dict[str, Any] = {name: getattr(choice, name) for name in Choice.__dataclass_fields__}
    said = {name: value for name, value in raw.items() if value not in (None, "", ()) and (value or name != "others")}
    plain = {tuple: list, datetime: rfc3339}
    return {name: plain[type(value)](value) if type(value) in plain else value for name, value in said.items()}  # type: ignore[operator]


def from_raw(raw: Mapping[str, Any]) -> Choice:
    """What `to_raw` wrote; what a newer release wrote and we do not know raises ValueError, for it would widen it."""
    if unknown := raw.keys() - Choice.__dataclass_fields__.keys():
        raise ValueError(f"a choice of a newer release: {', '.join(sorted(unknown))}")
    lists = {name: tuple(raw[name]) for name in ("house_ids", "urgency", "status") if name in raw}
    moments = {name: parse_rfc3339(raw[name]) for name in ("since", "until") if name in raw}
    return Choice(**{**raw, **lists, **moments})
