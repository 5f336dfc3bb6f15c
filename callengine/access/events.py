"""What happened to the people who work here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from callengine.access.model import Member


@dataclass(frozen=True, slots=True)
class SessionsEnded:
    """These sessions are over without a word of their holders, and their open sockets must close.

    They ran out, or the password, the role, the extension or another thing of their holder is another one now. A
    person's tokens are among them when they end too, or when they must come back as who he is now.
    """

    at: datetime
    token_hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class StaffLeft:
    """Somebody works here no more, or in another part; None: several at once, by an import."""

    staff_id: int | None = None


@dataclass(frozen=True, slots=True)
class StaffStateChanged:
    """Somebody became ready, paused, does after-call work, or went home; `member` as of now.

    `by_engine`: nobody asked for it, so nobody has told the queue.
    """

    at: datetime
    member: Member
    by_engine: bool = False
