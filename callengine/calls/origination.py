"""What one click-to-call is: its states as one table, and the fact that tells each change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class OriginationState(StrEnum):
    PLANNED = "planned"  # the row is durable, nothing was sent
    SENT = "sent"  # the PBX may have it
    ACCEPTED = "accepted"  # the PBX rings the operator's phone
    REFUSED = "refused"  # no call: the PBX said no, the phone did not answer, or nothing was ever sent
    UNKNOWN = "unknown"  # the link broke after sending: there may be a call
    SEEN = "seen"  # the conversation exists
    ENDED = "ended"

    @property
    def unsettled(self) -> bool:
        """True while dialling again from the same phone could make a second call."""
        return self in (OriginationState.PLANNED, OriginationState.SENT, OriginationState.UNKNOWN)


_S = OriginationState

# Where each state can be reached from. SEEN may overtake the PBX's own answer.
REACHED_FROM: dict[OriginationState, frozenset[OriginationState]] = {
    _S.SENT: frozenset({_S.PLANNED}),
    _S.ACCEPTED: frozenset({_S.SENT}),
    _S.REFUSED: frozenset({_S.PLANNED, _S.SENT, _S.ACCEPTED, _S.UNKNOWN}),
    _S.UNKNOWN: frozenset({_S.SENT}),
    _S.SEEN: frozenset({_S.SENT, _S.ACCEPTED, _S.UNKNOWN}),
    _S.ENDED: frozenset({_S.SENT, _S.ACCEPTED, _S.UNKNOWN, _S.SEEN}),
}


@dataclass(frozen=True, slots=True)
class Origination:
    """One wish to call. `id` is at once the row's key, the AMI ActionID, the channel's id and CE_REQUEST."""

    id: str
    pbx: str
    extension: str
    number: str
    state: OriginationState
    created_at: datetime
    staff_id: int | None = None
    duty_id: int | None = None
    call_id: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OriginationChanged:
    """A click-to-call went on: read `origination.state` and `reason`."""

    at: datetime
    origination: Origination
