"""What a timer is: a promise as a row, its owner by kind, and what is told when one is set."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

# Called with kind, subject and fence. Owners are idempotent: a crash between the act and its note runs them again.
Owner = Callable[[str, str, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Timer:
    """A claimed timer: `fence` grows with each claim, so that a late owner can be told from the present one."""

    id: int
    kind: str
    subject: str
    due_at: datetime
    fence: int
    tries: int


@dataclass(frozen=True, slots=True)
class TimerSet:
    """A timer was set; the worker of this process wakes when it is nearer than what it sleeps for."""

    due_at: datetime
