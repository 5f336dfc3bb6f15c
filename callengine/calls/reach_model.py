"""How often somebody was called and answered; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reach:
    """Settled calls of one period: `attempted`, of those `answered`, and when the last of each was."""

    attempted: int = 0
    answered: int = 0
    last_at: datetime | None = None
    last_answered_at: datetime | None = None

    @property
    def unanswered(self) -> int:
        return self.attempted - self.answered


def together(some: Iterable[Reach]) -> Reach:
    """Of several numbers of one party."""
    all_of = list(some)
    return Reach(
        sum(one.attempted for one in all_of),
        sum(one.answered for one in all_of),
        max((one.last_at for one in all_of if one.last_at), default=None),
        max((one.last_answered_at for one in all_of if one.last_answered_at), default=None),
    )
