"""What a notice is: its kind, channel and state, whom it is for, what a channel answers; no store, no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from callengine.phone import Phone


class Channel(StrEnum):
    """How a notice goes out. `call` is the voice robot's: it is handed over to outreach."""

    PUSH = "push"
    SMS = "sms"
    EMAIL = "email"
    CALL = "call"


LOUD = frozenset({Channel.PUSH, Channel.SMS, Channel.CALL})  # they wake people; a letter does not


class State(StrEnum):
    """The life of one row of the outbox."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


WAITING = (State.QUEUED, State.SENDING)
REACHED = (State.SENT, State.DELIVERED, State.ACKNOWLEDGED)


class Kind(StrEnum):
    """What a notice tells."""

    JOB = "job"
    UNACKNOWLEDGED = "unacknowledged"
    REMINDER = "reminder"
    REGISTERED = "registered"
    DONE = "done"
    CLOSED = "closed"
    CRITICAL = "critical"
    UNTOLD = "untold"
    OUTAGE = "outage"
    ROUTED = "routed"
    OVERDUE = "overdue"
    POSTPONED = "postponed"
    INTERIM = "interim"
    CANCELLED = "cancelled"
    JOINED = "joined"


class Until(StrEnum):
    """What ends a ladder: that somebody acknowledged, or that one rung went out."""

    ACKNOWLEDGED = "acknowledged"
    SENT = "sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Whom a notice is for: one of the staff, all of a role (`role`), a telephone or an address."""

    staff_id: int | None = None
    role: str = ""
    number: str = ""  # E.164
    email: str = ""
    name: str = ""
    language: str = "ru"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be told. `key` makes it itself: the same key is never told twice.

    `fields` are the values of the template; `not_before` puts it off; `danger` is told by night and to those who
    asked for silence too. `answer`: it answers his own talk with us just now, and does not wait for the morning.
    """

    key: str
    kind: Kind
    channel: Channel
    to: Recipient
    fields: Mapping[str, str]
    ticket_number: str = ""
    danger: bool = False
    not_before: datetime | None = None
    ladder: str = ""
    rung: int = 0
    until: Until = Until.SENT
    answer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One row of the outbox. `text` has LINK where the resident's link comes at the sending."""

    id: int
    key: str
    kind: Kind
    channel: Channel
    state: State
    to: Recipient
    subject: str
    text: str
    ticket_number: str
    danger: bool
    ladder: str
    rung: int
    until: Until
    created_at: datetime
    next_at: datetime
    expires_at: datetime
    tries: int
    fence: int
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    problem: str = ""
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class NoticeEvent:
    """One line of a notice's own story; append-only."""

    at: datetime
    what: str
    detail: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A browser that takes pushes: of one of the staff, or of the resident of one ticket."""

    id: int
    endpoint: str
    p256dh: str
    auth: str
    language: str
    staff_id: int | None = None
    ticket_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a channel is given: a notice with its link in it. `parts` are those of an SMS that were taken before."""

    id: int
    key: str
    kind: str
    subject: str
    text: str
    number: str = ""
    email: str = ""
    name: str = ""
    language: str = "ru"
    ticket_number: str = ""
    danger: bool = False
    acknowledge: bool = False
    link: str = ""  # the resident's, where the text has it
    subscriptions: tuple[Subscription, ...] = ()
    parts: frozenset[int] = frozenset()


# --- what a channel answers ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sent:
    """It was taken. `receipt` is what the other side said; `ids` the names of its parts there, by their place."""

    receipt: str = ""
    ids: Mapping[int, str] = field(default_factory=dict)
    gone: tuple[int, ...] = ()  # subscriptions that are no more


@dataclass(frozen=True, slots=True)
class Later:
    """Surely not taken (but for `ids`), and may be tried again. `whole_channel`: nobody else's would be either."""

    problem: str
    after_seconds: float | None = None
    whole_channel: bool = False
    ids: Mapping[int, str] = field(default_factory=dict)
    gone: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """It was refused for good; the words say why."""

    problem: str
    gone: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """The link broke after it was given away: nobody knows whether it was taken."""

    problem: str
    ids: Mapping[int, str] = field(default_factory=dict)


Result = Sent | Later | Rejected | Unknown


class Sender(Protocol):
    """A channel. `at_once` messages go side by side; `repeatable`: the other side knows a message that comes twice."""

    channel: Channel
    at_once: int
    repeatable: bool

    async def send(self, message: Message) -> Result:
        """Never raises for what the other side does; a cancellation goes through."""
        ...

    async def close(self) -> None: ...


class Calls(Protocol):
    """The voice robot, as the notices see it (robot.py). What becomes of a call is told to `Outbox.call_settled`."""

    async def ask(self, message: Message) -> str:
        """Plan a call; durable when it returns. The same `key` again is the same call.

        Gives "" or, in words, why nobody will be called.
        """
        ...

    async def withdraw(self, tx: Any, key: str) -> None:
        """Nobody need be called any more; a call that is under way goes on."""
        ...


class Duties(Protocol):
    """Who is owed a call by a human (callbacks/service.py)."""

    async def owe(
        self, tx: Any, number: Phone, *, reason: str, due_at: datetime, ticket_id: int | None, data: Mapping[str, Any]
    ) -> int: ...


# --- facts --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NoticeQueued:
    """A row came into the outbox, or is due earlier than it was; its channel's worker wakes."""

    channel: Channel
    next_at: datetime


@dataclass(frozen=True, slots=True)
class NoticeTried:
    """A notice is tried for the first time: its moment has come, whatever becomes of it."""

    notice: Notice


@dataclass(frozen=True, slots=True)
class NoticeSettled:
    """It is known what became of a notice: its `state` is no longer queued or sending."""

    notice: Notice


@dataclass(frozen=True, slots=True)
class NoticeAcknowledged:
    """Somebody said that he has it; `how`: page, push, call or work (he began)."""

    notice: Notice
    who: str
    how: str
