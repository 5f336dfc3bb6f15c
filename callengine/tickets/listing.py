"""What the journal is asked for and what one of its lines tells; pure."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from callengine.directory.model import House, Organisation
from callengine.errors import Refused
from callengine.tickets.levels import level
from callengine.tickets.model import RANKS, REPORTED, UNACCEPTED, Entry, Status, Urgency

ACCIDENTS = (Urgency.LIFE, Urgency.EMERGENCY)
ACCIDENT_RANK = max(RANKS[urgency] for urgency in ACCIDENTS)
OPEN = tuple(status for status in Status if not status.final)
# Nobody accepted yet: the term of acceptance runs (model.Ticket.overdue).
WAITING = UNACCEPTED
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Sort(StrEnum):
    """`danger`: accidents first, then the least time left; what has no running term after them, the final last."""

    NEWEST = "newest"
    DANGER = "danger"
    DUE = "due"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFilter:
    """What the journal is narrowed by; what is None or empty narrows nothing. `status` may have "open" among them."""

    q: str = ""
    status: tuple[str, ...] = ()
    urgency: tuple[str, ...] = ()
    accident: bool | None = None
    paid: bool | None = None
    overdue: bool | None = None  # now, while it is not final
    late: bool | None = None  # its fix term passed unfinished, whatever came later
    unassigned: bool | None = None  # open, and no organisation answers for it
    organisation_id: int | None = None
    house_id: int | None = None
    houseless: bool | None = None  # a place in words, or nothing, instead of a house
    district: str | None = None
    executor_id: int | None = None
    classifier: str = ""  # a code or the beginning of one: a branch
    mark: tuple[int, ...] = ()
    level: tuple[int, ...] = ()  # of support (tickets/levels.py)
    since: datetime | None = None  # registered at or after
    until: datetime | None = None  # registered before

    def statuses(self) -> frozenset[str]:
        """All statuses that it lets through."""
        return _statuses(self.status, bool(self.overdue or self.unassigned))


@lru_cache(maxsize=1_024)
def _statuses(status: tuple[str, ...], only_open: bool) -> frozenset[str]:
    named = set(status) or set(Status)
    if "open" in named:
        named = (named - {"open"}) | set(OPEN)
    if only_open:
        named &= set(OPEN)
    return frozenset(named)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the order: after which line the next page begins. `part` is the part of a compound order."""

    part: int
    values: tuple[int | datetime, ...]


@dataclass(frozen=True, slots=True)
class Life:
    """How a ticket went: what a line tells only when it is asked for. As the moments of model.Ticket."""

    damage_at: datetime | None
    accepted_at: datetime | None
    localised_at: datetime | None
    fixed_at: datetime | None
    closed_at: datetime | None
    late_at: datetime | None
    text: str
    close_reason: str


@dataclass(slots=True)
class JournalRow:
    """One line of the journal: what a list shows, without a second look at anything."""

    id: int
    number: str
    status: str
    urgency: str
    entry: Entry
    house: House | None
    premise: str  # without a house the place in words, as model.Ticket
    organisation: Organisation | None
    executor_id: int | None
    executor: str
    applicant_name: str
    applicant_number: str
    person_id: int | None
    created_at: datetime
    accept_by: datetime | None
    localise_by: datetime | None
    fix_by: datetime | None
    why: str  # of the terms
    due_at: datetime | None
    district: str
    mark: int | None
    paid: bool
    postponed_until: datetime | None
    late_at: datetime | None
    applicant_count: int
    version: int
    comment: str = ""  # the last public one, when asked for
    recording_id: int | None = None  # of its first call, when asked for
    life: Life | None = None  # when one of its columns is asked for

    @property
    def late(self) -> bool:
        return self.late_at is not None

    @property
    def level(self) -> int:
        """Of support, as tickets/levels.py has it."""
        return level(self.status, self.organisation.kind if self.organisation else None).value

    def overdue(self, now: datetime) -> bool:
        """As model.Ticket.overdue."""
        if self.status in ("closed", "cancelled"):
            return False
        if self.late or (self.fix_by is not None and self.fix_by < now and self.status not in REPORTED):
            return True
        return self.status in WAITING and self.accept_by is not None and self.accept_by < now


def cursor_of(place: Place, sort: Sort) -> str:
    """A place as a word; moments are microseconds since 1970."""
    told = [str((v - _EPOCH) // _MICROSECOND) + "t" if isinstance(v, datetime) else str(v) for v in place.values]
    return base64.urlsafe_b64encode(",".join([sort[0], str(place.part), *told]).encode()).decode().rstrip("=")


def place_of(cursor: str | None, sort: Sort, shapes: tuple[tuple[type, ...], ...]) -> Place | None:
    """The reverse; `shapes` are the kinds of values of each part. Raises Refused on what is none of ours."""
    if not cursor:
        return None
    try:
        letter, part, *told = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").split(",")
        values = tuple(_value(one) for one in told)
        if letter == sort[0] and tuple(type(value) for value in values) == shapes[int(part)] and int(part) >= 0:
            return Place(int(part), values)
    except (ValueError, OverflowError, IndexError, binascii.Error):
        pass
    raise Refused("this cursor is none of ours: begin without one", pointer="/cursor") from None


def _value(told: str) -> int | datetime:
    if told.endswith("t"):
        return _EPOCH + int(told[:-1]) * _MICROSECOND
    value = int(told)
    if not 0 <= value < 2**53:
        raise ValueError(told)
    return value


@dataclass(frozen=True, slots=True)
class Count:
    """How many, counted up to a limit: beyond it `more` says that there are more than `count`."""

    count: int
    more: bool = False


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """A named filter with the columns that it shows; without `staff_id` it is everybody's."""

    id: int
    staff_id: int | None
    name: str
    filter: dict[str, Any]
    columns: tuple[str, ...]
    position: int

    @property
    def shared(self) -> bool:
        return self.staff_id is None
