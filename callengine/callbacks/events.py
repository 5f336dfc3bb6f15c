"""What happened to a callback duty; each fact carries the duty as it then stood."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from callengine.callbacks.model import Duty


@dataclass(frozen=True, slots=True)
class DutyFact:
    at: datetime
    duty: Duty


class DutyOpened(DutyFact):
    """A missed call opened a duty."""


class DutyJoined(DutyFact):
    """Another missed call, a message or a request joined an open duty."""


class DutyClaimed(DutyFact):
    """An operator took the duty."""


class DutyReleased(DutyFact):
    """The claim lapsed or was given up; the duty is owed again."""


class DutyAttempted(DutyFact):
    """A try ended without contact."""


class MessageHeard(DutyFact):
    """Somebody listened to the voice message: it is considered; the person is still owed a call."""


class DutySettled(DutyFact):
    """The duty is over: reached, superseded, unreachable, impossible or closed."""


@dataclass(frozen=True, slots=True)
class DutyDue(DutyFact):
    """A clock of the duty ran out; `which` is "operator" or "legal"."""

    which: str = "operator"
