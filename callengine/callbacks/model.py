"""What a callback duty is: who must be called back, by when, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from callengine.errors import EngineError
from callengine.phone import Phone


class DutyState(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"  # one operator dials
    ATTEMPTED = "attempted"  # tried without contact; still owed
    REACHED = "reached"
    SUPERSEDED = "superseded"  # the caller got through himself
    UNREACHABLE = "unreachable"  # after N attempts
    IMPOSSIBLE = "impossible"  # withheld number
    CLOSED = "closed"  # by a supervisor with a reason

    @property
    def owed(self) -> bool:
        """True while somebody still must call."""
        return self in (DutyState.OPEN, DutyState.CLAIMED, DutyState.ATTEMPTED)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to reach the person.

    `result`: "" while it goes on; answered, no_answer, busy, rejected, failed, machine, short (bridged for less
    than a conversation takes), unknown.
    """

    at: datetime
    staff_id: int | None
    operator: str
    call_id: int | None
    result: str
    ended_at: datetime | None = None
    staff_name: str = ""


@dataclass(frozen=True, slots=True)
class Duty:
    """A callback duty as it stands. `due_at` is the operator's clock, `legal_due_at` the law's."""

    id: int
    line: str  # the line-owner (the number dialled): one open duty per line and number
    number: Phone
    state: DutyState
    arrived_at: datetime  # of the earliest missed call
    due_at: datetime
    legal_due_at: datetime
    missed_count: int
    claimed_by: int | None = None
    claimed_at: datetime | None = None
    claim_token: int = 0  # a fencing token: grows with each claim
    settled_at: datetime | None = None  # contact, supersession or closure
    settled_by: int | None = None
    settled_call_id: int | None = None
    close_reason: str = ""
    callback_requested: bool = False
    message_recording_id: int | None = None
    message_heard_at: datetime | None = None
    reason: str = ""  # "": calls were missed; else why a call is owed though none was: rating
    wanted_by: datetime | None = None  # of a reason: until then
    ticket_id: int | None = None

    @property
    def in_time(self) -> bool | None:
        """Contact (or the voice message considered) within the legal limit; None while it is open or impossible.

        A message speaks for the call that left it: of a duty for several calls, or for a reason, contact alone
        counts here, and compliance judges call by call.
        """
        if self.state.owed or self.state is DutyState.IMPOSSIBLE:
            return None
        contacted = self.state in (DutyState.REACHED, DutyState.SUPERSEDED)
        for_itself = self.missed_count == 1 and not self.reason
        moments = (self.settled_at if contacted else None, self.message_heard_at if for_itself else None)
        return any(at is not None and at <= self.legal_due_at for at in moments)


@dataclass(frozen=True, slots=True)
class StoredDuty:
    """A duty with what a list shows beside it: `where` is the stage at which the last missed call ended."""

    duty: Duty
    call_ids: tuple[int, ...]
    attempts: tuple[Attempt, ...]
    where: str
    claimed_by_name: str = ""
    settled_by_name: str = ""
    assigned_by_name: str = ""  # who gave it to him that holds it; "" when he took it himself


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one duty among several: it as it now stands, and why it was left alone if it was."""

    duty_id: int
    duty: Duty | None
    problem: EngineError | None = None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of the evidence; never changed, never deleted."""

    at: datetime
    what: str
    staff_id: int | None
    staff_name: str
    call_id: int | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DutyDetail:
    stored: StoredDuty
    history: tuple[HistoryEntry, ...]


@dataclass(frozen=True, slots=True)
class DutyFilter:
    """Which duties: `state` is "owed" (still to be called), one state, or None for all; times are of arrival."""

    state: str | None = "owed"
    since: datetime | None = None
    until: datetime | None = None
    number: str | None = None
    line: str | None = None
