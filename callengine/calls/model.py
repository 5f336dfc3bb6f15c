"""What a conversation is: its identity, its states, its outcome, and the snapshot that every fact carries."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple

from callengine.phone import WITHHELD, Phone
from callengine.values import value_class


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class State(StrEnum):
    """Where a conversation is now."""

    MENU = "menu"  # greeting, notice, menu, announcement: nobody is asked yet
    QUEUED = "queued"
    OFFERED = "offered"  # at least one operator's phone rings
    DIALLING = "dialling"  # outbound: the other side rings
    TALKING = "talking"
    HELD = "held"
    ENDED = "ended"


class Outcome(StrEnum):
    """How a conversation ended; None while it lives."""

    ANSWERED = "answered"  # a human operator and the other side were bridged
    MISSED = "missed"  # inbound, no human answered
    SERVED = "served"  # inbound, heard from the engine what he asked it for, and wanted nobody else
    NO_ANSWER = "no_answer"  # outbound
    BUSY = "busy"
    REJECTED = "rejected"
    FAILED = "failed"


class Missed(StrEnum):
    """Where an inbound conversation stood when it ended without a human."""

    GREETING = "greeting"
    MENU = "menu"
    QUEUE = "queue"
    RINGING = "ringing"
    ANNOUNCEMENT = "announcement"
    NO_OPERATORS = "no_operators"
    AFTER_HOURS = "after_hours"
    TIMEOUT = "timeout"
    REFUSED = "refused"  # every asked operator refused
    PHONE_DEAD = "phone_dead"  # the operator's phone does not answer SIP, or died at the answer
    CALLBACK_REQUESTED = "callback_requested"
    MESSAGE = "message"  # left a voice message
    UNKNOWN = "unknown"  # the ledger knows only that nobody answered


# The voice robot's request ids begin so. A request id is its channel's id too: so every event says whose call it is,
# also of a call that nobody answers.
ROBOT_REQUEST = "robot-"
# The stages of the dialplan that a robot's call reaches only when its resident asked for an operator.
ASKED_FOR_OPERATOR = frozenset({"queue", "no_operators", "timeout", "after_hours"})


class CallKey(NamedTuple):
    """A conversation's identity: several PBXs never mix."""

    pbx: str
    linkedid: str


@value_class(frozen=True, slots=True)
class Offer:
    """One operator's phone rang for this conversation. `result`: answered, no_answer, refused, elsewhere, dead."""

    operator: str
    began_at: datetime
    ended_at: datetime | None = None
    result: str | None = None


@value_class(frozen=True, slots=True)
class Talk:
    """One operator was bridged with the other side (by bridge intervals; hold is inside, and counted)."""

    operator: str
    began_at: datetime
    ended_at: datetime | None = None


@value_class(frozen=True, slots=True)
class Conversation:
    """A snapshot of one conversation. Later snapshots of one key replace earlier ones."""

    key: CallKey
    direction: Direction
    arrived_at: datetime
    number: Phone = WITHHELD  # the outside party
    name: str = ""  # the caller name as the network sent it: hostile text, never markup
    did: str = ""  # the number dialled (inbound: the service's line)
    queue: str = ""
    state: State = State.MENU
    outcome: Outcome | None = None
    missed: Missed | None = None
    queued_at: datetime | None = None
    offered_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    operator: str = ""  # extension of who answered (inbound), called (outbound), or talks now after a transfer
    offers: tuple[Offer, ...] = ()
    talks: tuple[Talk, ...] = ()
    held_seconds: float = 0.0
    recording_file: str = ""  # as the dialplan named it, relative to the PBX's recording directory
    message_file: str = ""
    callback_requested: bool = False
    robot: bool = False
    request_id: str = ""  # of our own Originate, when the engine placed the call
    source: str = "events"  # or "ledger": reconstructed from the PBX-side ledger
    unrecorded_at: datetime | None = None  # since then its recorder does not run, whatever `recording_file` named

    @property
    def recorded(self) -> bool:
        """The PBX said that it records this talk, and nothing else since."""
        return bool(self.recording_file) and self.unrecorded_at is None

    def evolve(self, **changes: Any) -> Conversation:
        """What dataclasses.replace does, at a quarter of its price."""
        values = list(_ALL(self))
        for name, value in changes.items():
            values[_PLACES[name]] = value
        return Conversation(*values)

    @property
    def wait_seconds(self) -> float | None:
        """From arrival to the answer, or to the end when nobody answered."""
        until = self.answered_at or self.ended_at
        return (until - self.arrived_at).total_seconds() if until else None

    @property
    def talk_seconds(self) -> float:
        """Bridged time of all finished talks, overlaps (a conference) counted once."""
        spans = [(t.began_at, t.ended_at) for t in self.talks if t.ended_at]
        if len(spans) > 1:
            spans.sort()
        total, reach = 0.0, None
        for began, ended in spans:
            if reach is None or began > reach:
                total, reach = total + (ended - began).total_seconds(), ended
            elif ended > reach:
                total, reach = total + (ended - reach).total_seconds(), ended
        return total


_PLACES = {f.name: place for place, f in enumerate(fields(Conversation))}
_ALL = attrgetter(*_PLACES)


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A conversation with its id in the store."""

    id: int
    call: Conversation


@dataclass(frozen=True, slots=True)
class CallFilter:
    """What a list of calls is narrowed by; None is "any". Times are of arrival; `house_id` is where the caller lives.

    `recording` is a recording's state, or "none"; `q` is a piece of a number or of the network's caller name.
    """

    number: str | None = None
    state: str | None = None
    outcome: str | None = None
    direction: str | None = None
    operator: str | None = None
    house_id: int | None = None
    recording: str | None = None
    robot: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True)
class CallTotals:
    """Of one filter: numerators and denominators."""

    calls: int
    missed: int
    conversations: int
    recorded: int


def completed(call: Conversation, ledger: Conversation) -> Conversation:
    """What the events saw, with the gaps filled from the ledger; what the events know is never overwritten."""
    answered_at = call.answered_at or ledger.answered_at
    ended_at = ledger.ended_at or call.ended_at
    talks = _ended_by(call.talks or ledger.talks, ended_at)
    answered = answered_at is not None or bool(talks)
    inbound = call.direction is Direction.INBOUND
    if answered:
        outcome, missed = Outcome.ANSWERED, None
    elif Outcome.SERVED in (call.outcome, ledger.outcome):
        outcome, missed = Outcome.SERVED, None  # either saw his last stage, the other did not
    else:
        outcome = call.outcome or ledger.outcome or (Outcome.MISSED if inbound else Outcome.NO_ANSWER)
        missed = _better_reason(call.missed, ledger.missed) if outcome is Outcome.MISSED else None
    return call.evolve(
        state=State.ENDED if ended_at else call.state,
        outcome=outcome if ended_at else None,
        missed=missed if ended_at else None,
        answered_at=answered_at,
        ended_at=ended_at,
        operator=call.operator or ledger.operator,
        queue=call.queue or ledger.queue,
        name=call.name or ledger.name,
        did=call.did or ledger.did,
        queued_at=call.queued_at or ledger.queued_at,
        offered_at=call.offered_at or ledger.offered_at,
        offers=call.offers or ledger.offers,
        talks=talks,
        recording_file=call.recording_file or ledger.recording_file,
        message_file=call.message_file or ledger.message_file,
        callback_requested=call.callback_requested or ledger.callback_requested,
        robot=call.robot or ledger.robot,
        request_id=call.request_id or ledger.request_id,
    )


def _better_reason(seen: Missed | None, ledger: Missed | None) -> Missed | None:
    """The ledger saw the end; the events perhaps only the beginning."""
    return ledger if ledger not in (None, Missed.UNKNOWN) else seen or ledger


def _ended_by(talks: tuple[Talk, ...], ended_at: datetime | None) -> tuple[Talk, ...]:
    if ended_at is None:
        return talks
    return tuple(t if t.ended_at else replace(t, ended_at=max(ended_at, t.began_at)) for t in talks)
