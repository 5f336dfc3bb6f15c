"""What the robot's calls are: campaigns, the calls in them, attempts, opt-outs; and what the robot asks of a PBX."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class CallKind(StrEnum):
    """What a call is about: the kinds of dialogues that menus/script.py has, but for the one that a resident calls."""

    RATING = "rating"
    RESULT = "result"
    JOB = "job"
    OUTAGE = "outage"
    SURVEY = "survey"
    METER = "meter"


class CampaignState(StrEnum):
    FILLING = "filling"  # its calls are being written: nobody is called yet
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"  # for good, by a person
    FINISHED = "finished"  # nothing is left to call

    @property
    def over(self) -> bool:
        return self in (CampaignState.STOPPED, CampaignState.FINISHED)


class CallState(StrEnum):
    WAITING = "waiting"
    CALLING = "calling"  # it has an attempt under way
    DONE = "done"  # a dialogue came to something
    GIVEN_UP = "given_up"  # all attempts were in vain, or the number is no good
    SUPPRESSED = "suppressed"  # the person wants no such calls
    CANCELLED = "cancelled"  # the reason went away: marked otherwise, withdrawn, too late

    @property
    def open(self) -> bool:
        return self in (CallState.WAITING, CallState.CALLING)


class AttemptState(StrEnum):
    PLANNED = "planned"  # the row is durable, nothing was sent
    SENT = "sent"  # the PBX may have it
    UNKNOWN = "unknown"  # the link or the engine broke: there may be a call
    ANSWERED = "answered"  # the dialogue has begun
    ENDED = "ended"  # answered and over, and no dialogue has told how: the PBX-side ledger may
    SETTLED = "settled"


# Where each state is reached from. A dialogue may begin before the PBX's own answer is read.
REACHED_FROM: dict[AttemptState, frozenset[AttemptState]] = {
    AttemptState.SENT: frozenset({AttemptState.PLANNED}),
    AttemptState.UNKNOWN: frozenset({AttemptState.SENT, AttemptState.ANSWERED}),
    AttemptState.ANSWERED: frozenset({AttemptState.SENT, AttemptState.UNKNOWN}),
    AttemptState.ENDED: frozenset({AttemptState.SENT, AttemptState.UNKNOWN, AttemptState.ANSWERED}),
    AttemptState.SETTLED: frozenset(AttemptState) - {AttemptState.SETTLED},
}


class NoAnswer(StrEnum):
    """Results of attempts that no dialogue told; the others are `menus.outcome.Result`."""

    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    FAILED = "failed"  # the network could not put it through
    NOT_PLACED = "not_placed"  # the PBX did not take it: no telephone rang, it counts for nothing
    LOST = "lost"  # sent, and the PBX has no trace of it any more: it may have rung
    INTERRUPTED = "interrupted"  # answered, and neither the engine nor the ledger knows how it ended: never again


@dataclass(frozen=True, slots=True)
class Campaign:
    """`hours` ("09-20") are in the zone of who is called; `days` is each, no_holidays or workdays.

    `choice` says which tickets it is about (choice.py); `spacing` has seconds by result, where it is not as configured;
    `channels` are how it tells: call, sms, push.
    """

    id: int
    kind: CallKind
    name: str
    state: CampaignState
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    code: str | None = None  # of a standing one: it is never over
    priority: int = 50  # lower calls first
    danger: bool = False
    language: str = "ru"
    hours: str = "09-20"
    days: str = "no_holidays"
    most_lines: int = 2
    most_attempts: int = 3
    zones: tuple[str, ...] = ()
    script: Mapping[str, Any] = field(default_factory=dict)
    begins_at: datetime | None = None
    ends_at: datetime | None = None
    staff_id: int | None = None
    ended_at: datetime | None = None
    choice: Mapping[str, Any] = field(default_factory=dict)
    spacing: Mapping[str, int] = field(default_factory=dict)
    channels: tuple[str, ...] = ("call",)

    @property
    def waits(self) -> bool:
        """Ratings by hand: it calls about each job that fits its choice when that is confirmed, until it is stopped."""
        return self.kind is CallKind.RATING and self.code is None

    def evolve(self, **changes: Any) -> Campaign:
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class OutreachCall:
    """One call to make: one per ticket (or campaign) and number, by `key`. `facts` is what the dialogue is told."""

    id: int
    campaign_id: int
    key: str
    number: str  # E.164
    zone: str
    language: str
    state: CallState
    due_at: datetime
    created_at: datetime
    ticket_id: int | None = None
    name: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 0
    placed: int = 0
    result: str = ""
    mark: int | None = None
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OutreachAttempt:
    """One try. `id` is at once the row's key, the AMI ActionID, the channel's id and CE_REQUEST."""

    id: str
    outreach_call_id: int
    campaign_id: int
    number: str
    pbx: str
    state: AttemptState
    lease_until: datetime
    planned_at: datetime
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    told_at: datetime | None = None
    settled_at: datetime | None = None
    result: str = ""
    reason: str = ""
    mark: int | None = None
    proof: str = ""
    keys: str = ""
    comment: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    pbx_call_id: int | None = None
    applied: str = ""


@dataclass(frozen=True, slots=True)
class CallWish:
    """Somebody is to be called: by a campaign, a ticket's move, or the ladder of notices.

    `key` makes it one: the same key again is the same call. `facts` are the fields of the dialogue's job (menus/).
    """

    number: str  # E.164
    key: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    ticket_id: int | None = None
    name: str = ""
    zone: str = ""  # "": the service's
    language: str = ""
    due_at: datetime | None = None  # None: now


@dataclass(frozen=True, slots=True)
class OptOut:
    """He wants no such calls. `kind` is a CallKind, a channel of notices, or "" for all."""

    id: int
    number: str
    kind: str
    since: datetime
    how: str  # robot, desk, link or import
    who: str
    note: str = ""
    request_id: str = ""
    removed_at: datetime | None = None
    removed_by: str = ""


@dataclass(frozen=True, slots=True)
class Halt:
    """The kill switch was pulled; without `resumed_at` nobody is called now."""

    id: int
    halted_at: datetime
    halted_by: str
    reason: str = ""
    resumed_at: datetime | None = None
    resumed_by: str = ""


@dataclass(frozen=True, slots=True)
class Occupied:
    """What is on a PBX's outside lines now.

    `lines` is how many conversations hold one, the robot's too; `robots` are the request ids of the robot's among them;
    `waiting` is how many callers no human has answered yet.
    """

    lines: int = 0
    waiting: int = 0
    robots: frozenset[str] = frozenset()


class Robot(Protocol):
    """One PBX's way out for the robot (pbx/originate.py). Every request id begins with `ROBOT_REQUEST`."""

    @property
    def in_step(self) -> bool:
        """False while the link is down, and after that until it is known who holds a line: nothing is planned for it.

        Right after a reconnect `Lines` still tells what there was before: the last free line may be taken long since.
        """
        ...

    async def call_robot(
        self,
        request_id: str,
        number: str,
        *,
        ring_seconds: float,
        variables: Mapping[str, str] | None = None,
        shown: str = "",
    ) -> None:
        """Ring the number; when it answers, the dialplan asks FastAGI for `robot`. Returns when the PBX has taken it.

        Raises PbxLost (nothing was sent), PbxRefused, Refused, or OutcomeUnknown (there may be a call).
        """
        ...

    async def traces(self) -> Collection[str]:
        """Ids of the channels alive, and of the requests that the PBX-side ledger holds. Raises EngineError."""
        ...


class Lines(Protocol):
    """Who has the outside lines of a PBX now (bridge.py, from its tracker: no query, no wait)."""

    def occupied(self) -> Occupied: ...


class CallerByPhone(Protocol):
    """What the ladder of notices asks for (outreach/service.py): a call with acknowledgement by key, as a row.

    Within the transaction of the notice; gives the id of the call, or None when he opted out or the number is no
    number to call. `danger` calls at night and in spite of an opt-out, and goes before all else.
    """

    async def ask_call(self, tx: Any, kind: CallKind, wish: CallWish, *, danger: bool = False) -> int | None: ...

    async def withdraw(self, tx: Any, key: str) -> None:
        """He has it by another way: who is not being called is not called."""
        ...
