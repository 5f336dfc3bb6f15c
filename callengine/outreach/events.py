"""What happened to the robot's campaigns and calls, in the past tense."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from callengine.outreach.model import Campaign, OptOut, OutreachAttempt, OutreachCall


@dataclass(frozen=True, slots=True)
class CampaignChanged:
    """It began, was paused, resumed, stopped, or came to its end."""

    at: datetime
    campaign: Campaign


@dataclass(frozen=True, slots=True)
class OutreachAsked:
    """A campaign that runs already has one call more to make."""

    at: datetime
    call: OutreachCall


@dataclass(frozen=True, slots=True)
class RobotCalled:
    """An attempt went on: planned, sent, answered, settled."""

    at: datetime
    attempt: OutreachAttempt


@dataclass(frozen=True, slots=True)
class OutreachSettled:
    """A call is over, with its last attempt (None: nobody was called): notices learn here who acknowledged."""

    at: datetime
    call: OutreachCall
    kind: str
    attempt: OutreachAttempt | None


@dataclass(frozen=True, slots=True)
class OptedOut:
    """Somebody wants no more calls, or (`optout.removed_at`) wants them again."""

    at: datetime
    optout: OptOut


@dataclass(frozen=True, slots=True)
class OutreachSwitched:
    """The kill switch: `halted` is how it stands now."""

    at: datetime
    halted: bool
    who: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OutreachDue:
    """A call became due, or something opened the way for one: the dialler of this process looks again."""

    at: datetime
