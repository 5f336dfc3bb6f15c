"""The rules of callback duties, pure: the two clocks, what counts as contact or attempt, when a person is unreachable.

The operator's clock runs from the END of the missed call, the law's from its ARRIVAL (menu and queue count).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from callengine.calls.model import Conversation, Direction, Outcome
from callengine.config import Callbacks

# An attempt counts towards "unreachable" when the network was asked for the person and he was not reached.
COUNTED = frozenset({"no_answer", "busy", "rejected", "machine", "short", "failed"})
RESULTS = {
    Outcome.NO_ANSWER: "no_answer",
    Outcome.BUSY: "busy",
    Outcome.REJECTED: "rejected",
    Outcome.FAILED: "failed",
}


@dataclass(frozen=True, slots=True)
class MissedCall:
    """One missed call that a duty answers for."""

    call_id: int
    arrived_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Clocks:
    arrived_at: datetime
    due_at: datetime
    legal_due_at: datetime


@dataclass(frozen=True, slots=True)
class Contact:
    """A human of ours and the person talked, from `at` on."""

    call_id: int
    at: datetime
    inbound: bool  # he got through himself
    operator: str


@dataclass(frozen=True, slots=True)
class Tried:
    """A call to the person that ended without contact."""

    call_id: int
    at: datetime
    ended_at: datetime
    operator: str
    result: str


def operator_due(missed: MissedCall, settings: Callbacks) -> datetime:
    return missed.ended_at + timedelta(seconds=settings.operator_seconds)


def legal_due(missed: MissedCall, settings: Callbacks) -> datetime:
    return missed.arrived_at + timedelta(seconds=settings.legal_seconds)


def clocks(missed: Iterable[MissedCall], settings: Callbacks) -> Clocks:
    """The earliest of each clock over all missed calls that the duty answers for."""
    calls = list(missed)
    return Clocks(
        arrived_at=min(call.arrived_at for call in calls),
        due_at=min(operator_due(call, settings) for call in calls),
        legal_due_at=min(legal_due(call, settings) for call in calls),
    )


def owes_callback(call: Conversation) -> bool:
    """An outside caller's conversation; whether it was missed the fact says."""
    return call.direction is Direction.INBOUND and not call.robot


def classify(
    call: Conversation, call_id: int, *, contact_seconds: float, now: datetime, machine: bool = False
) -> Contact | Tried | None:
    """What a conversation means for the duties of its number; None: nothing, or not yet known.

    The robot's calls never count. A human's bridge shorter than `contact_seconds`, and a machine that answered,
    are attempts. Somebody who calls and is answered has got through, however short it was.
    """
    if call.robot or call.direction is Direction.INTERNAL:
        return None
    if call.direction is Direction.INBOUND:
        return Contact(call_id, call.answered_at, True, call.operator) if call.answered_at else None
    if call.answered_at and not machine and _bridged_seconds(call, now) >= contact_seconds:
        return Contact(call_id, call.answered_at, False, call.operator)
    if call.ended_at is None:
        return None
    result = "machine" if machine else "short" if call.answered_at else _result(call.outcome)
    return Tried(call_id, call.arrived_at, call.ended_at, call.operator, result)


def _result(outcome: Outcome | None) -> str:
    return RESULTS.get(outcome, "unknown") if outcome else "unknown"


def _bridged_seconds(call: Conversation, now: datetime) -> float:
    if call.answered_at is None:
        return 0.0
    if call.talks:
        running = sum((now - talk.began_at).total_seconds() for talk in call.talks if talk.ended_at is None)
        return call.talk_seconds + (running if call.ended_at is None else 0.0)
    return ((call.ended_at or now) - call.answered_at).total_seconds()


def first_contact(verdicts: Iterable[Contact | Tried | None], since: datetime) -> Contact | None:
    """The earliest contact at or after `since`: what fulfils a call that was missed then."""
    found = [verdict for verdict in verdicts if isinstance(verdict, Contact) and verdict.at >= since]
    return min(found, key=lambda contact: contact.at, default=None)


def is_unreachable(results: Iterable[str], settings: Callbacks) -> bool:
    """True after as many counted attempts as the settings allow."""
    return sum(result in COUNTED for result in results) >= settings.attempts
