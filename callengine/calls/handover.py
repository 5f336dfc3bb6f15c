"""A warm transfer: the resident waits, the operator speaks with a third party first. Its states and moves; pure.

A life must not hang on whether 112 answers: see R8 and R9. What the PBX tells of one attempt carries its id, so a late
word of an earlier attempt moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from callengine.calls.model import CallKey


class HandoverState(StrEnum):
    ASKED = "asked"  # the PBX has been asked; nobody rings yet
    UNKNOWN = "unknown"  # the link broke after the asking: somebody may ring
    RINGING = "ringing"
    TALKING = "talking"  # the operator with the third party; the resident waits
    LEFT = "left"  # the operator hung up while it rang: the third party, or the queue
    DONE = "done"  # the resident and the third party are together, the operator is out
    JOINED = "joined"  # all three are together
    FAILED = "failed"  # not answered: see `why`
    ENDED = "ended"  # the third party hung up: the operator has the resident back
    CANCELLED = "cancelled"  # the operator took the resident back
    BLIND = "blind"  # sent on at once: whether somebody answered is in the conversation
    OVER = "over"  # the resident hung up, or the outcome was never told

    @property
    def lasts(self) -> bool:
        """Something still rings or talks on the operator's line."""
        return self in _LASTING

    @property
    def holds_operator(self) -> bool:
        """The desk shows its buttons, and no second one may begin."""
        return self in _LASTING and self is not HandoverState.LEFT


_S = HandoverState
_LASTING = frozenset({_S.ASKED, _S.UNKNOWN, _S.RINGING, _S.TALKING, _S.LEFT})
# What the dialplan says of a dialling that nobody answered, in the words of the API.
FAILURES = {
    "BUSY": "busy",
    "NOANSWER": "no_answer",
    "CHANUNAVAIL": "unreachable",
    "CONGESTION": "unreachable",
    "CANCEL": "cancelled",
}
NOT_TAKEN = "not_taken"  # why: the PBX refused, or did not dial in time
_REJECTED = 21  # Q.850; Asterisk calls such a dialling CHANUNAVAIL


@dataclass(frozen=True, slots=True)
class HandoverTold:
    """What the PBX said. `what`: ringing, answered, gone, a DIALSTATUS, transferred or threeway.

    `attempt` is empty where the PBX does not know it (its own transfer events): the one that lasts is meant.
    """

    at: datetime
    pbx: str
    linkedid: str
    what: str
    attempt: str = ""
    number: str = ""
    cause: int = 0

    @property
    def why(self) -> str:
        if self.cause == _REJECTED and self.what != "NOANSWER":
            return "rejected"
        return FAILURES.get(self.what, "unreachable")


@dataclass(frozen=True, slots=True)
class Handover:
    """One attempt. `extension` is the operator's; `answered_at` None: nobody has answered (yet)."""

    id: str
    key: CallKey
    call_id: int
    number: str
    extension: str
    author: str
    staff_id: int | None
    state: HandoverState
    began_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    why: str = ""

    def after(self, told: HandoverTold) -> Handover:
        """The same object when it is no news."""
        if self.why == NOT_TAKEN and told.what in ("ringing", "answered"):
            # The PBX was only slow, or its words waited for the store: somebody is called after all.
            return replace(self, state=_S.ASKED, ended_at=None, why="").after(told)
        if told.what == "answered":
            return self._answered(told.at)
        if not self.state.lasts:
            return self
        match told.what:
            case "ringing":
                return self._to(_S.RINGING) if self.state in (_S.ASKED, _S.UNKNOWN) else self
            case "transferred":
                return self.ended(_S.DONE, told.at) if self.answered_at else self._to(_S.LEFT)
            case "threeway":
                return self.ended(_S.JOINED, told.at)
            case "gone":
                return self.ended(_S.ENDED, told.at)
            case _:
                return self.ended(_S.FAILED, told.at, told.why)

    def _answered(self, at: datetime) -> Handover:
        if self.state in (_S.ASKED, _S.UNKNOWN, _S.RINGING):
            return replace(self, state=_S.TALKING, answered_at=at)
        if self.state is _S.LEFT:
            return replace(self, state=_S.DONE, answered_at=at, ended_at=at)
        return self

    def _to(self, state: HandoverState) -> Handover:
        return replace(self, state=state)

    def ended(self, state: HandoverState, at: datetime, why: str = "") -> Handover:
        return replace(self, state=state, ended_at=at, why=why)


@dataclass(frozen=True, slots=True)
class HandoverChanged:
    """A warm transfer went on; told in a transaction of its own."""

    at: datetime
    handover: Handover


class Lasting(NamedTuple):
    """A warm transfer that the PBX shows to be under way."""

    linkedid: str
    attempt: str
    number: str
    answered: bool
