"""What the tracker tells: facts in the past tense, each with the whole conversation as it then stood."""

from __future__ import annotations

from datetime import datetime

from callengine.calls.model import Conversation
from callengine.values import value_class


@value_class(frozen=True, slots=True)
class CallFact:
    """The root: something happened to a conversation at `at` (PBX time, UTC)."""

    at: datetime
    call: Conversation


class CallArrived(CallFact):
    """A conversation began: an outside caller arrived, or somebody dials out."""

    __slots__ = ()


class CallQueued(CallFact):
    """The caller joined a queue."""

    __slots__ = ()


@value_class(frozen=True, slots=True)
class CallOffered(CallFact):
    """An operator's phone rings."""

    operator: str = ""


@value_class(frozen=True, slots=True)
class OfferEnded(CallFact):
    """An operator's phone stopped ringing; `result` as in Offer."""

    operator: str = ""
    result: str = ""


@value_class(frozen=True, slots=True)
class CallAnswered(CallFact):
    """A human operator and the other side are bridged for the first time."""

    operator: str = ""


class CallChanged(CallFact):
    """Hold, resume, transfer, another operator, a queue, a late caller number: read the snapshot."""

    __slots__ = ()


class CallbackRequested(CallFact):
    """The caller pressed the key that asks for a callback."""

    __slots__ = ()


class MessageLeft(CallFact):
    """The caller left a voice message."""

    __slots__ = ()


@value_class(frozen=True, slots=True)
class RobotTold(CallFact):
    """What the PBX-side ledger kept of a robot's dialogue; it may follow CallEnded, and be told twice.

    `facts` are name and value, as menus.outcome writes them: they count when the engine that held the dialogue did not
    live to its end.
    """

    facts: tuple[tuple[str, str], ...] = ()


class CallMissed(CallFact):
    """An inbound conversation ended without a human answer. CallEnded follows it.

    CallAnswered may stand before it in one case: the phone that answered was dead (Missed.PHONE_DEAD), nobody spoke.
    """

    __slots__ = ()


class CallEnded(CallFact):
    """The conversation is over; its outcome is final."""
