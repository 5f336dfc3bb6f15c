"""What happened to the people who work here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from callengine.access.model import Member


@dataclass(frozen=True, slots=True)
class StaffStateChanged:
    """Somebody became ready, paused, does after-call work, or went home; `member` as of now."""

    at: datetime
    member: Member
