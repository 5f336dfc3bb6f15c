"""The shapes of the notices: the outbox, templates and browsers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from callengine.api.schemas import NO_NUL, Body, View

NoticeKind = Literal[
    "job",
    "unacknowledged",
    "reminder",
    "registered",
    "done",
    "closed",
    "critical",
    "untold",
    "outage",
    "routed",
    "overdue",
    "postponed",
    "cancelled",
    "joined",
    "interim",
]
NoticeChannel = Literal["push", "sms", "email", "call"]
NoticeState = Literal["queued", "sending", "sent", "delivered", "acknowledged", "failed", "suppressed"]
Language = Literal["ru", "en"]
Key = Annotated[str, Field(min_length=8, max_length=200, pattern=r"^[A-Za-z0-9_-]+=*$")]


class NoticeReason(View):
    """Why, for pages: a code (notices/reasons.py) with the values of its words. "" has only `said`, another's words."""

    code: str
    values: dict[str, str]


class Notice(View):
    """One row of the outbox. The resident's link is never shown.

    `problem` is why it waits, failed or was not sent, in English; `reasons` are its codes, what it came of after it.
    """

    id: int
    kind: NoticeKind
    channel: NoticeChannel
    state: NoticeState
    to: str
    number: str
    email: str
    role: str
    staff_id: int | None
    language: Language
    subject: str
    text: str
    ticket_number: str
    danger: bool
    ladder: str
    rung: int
    created_at: datetime
    next_at: datetime
    expires_at: datetime
    tries: int
    sent_at: datetime | None
    settled_at: datetime | None
    problem: str
    reasons: list[NoticeReason]
    receipt: str


class NoticeEventView(View):
    at: datetime
    what: str
    detail: str
    reasons: list[NoticeReason]
    who: str


class NoticeDetail(Notice):
    events: list[NoticeEventView]


class Acknowledgement(Body):
    """`how`: from a push, or on the page."""

    how: Literal["page", "push"] = "page"


class TemplateField(View):
    name: str
    means: str
    sample: str
    required: bool


class NoticeTemplate(View):
    """`own` is false for the shipped text; `fields` are told in the reader's language."""

    kind: NoticeKind
    channel: NoticeChannel
    language: Language
    subject: str
    text: str
    own: bool
    changed_at: datetime | None
    changed_by: str
    fields: list[TemplateField]


class NoticeTemplateBody(Body):
    """An empty text and subject bring the shipped ones back."""

    kind: NoticeKind
    channel: NoticeChannel
    language: Language
    subject: Annotated[str, Field(max_length=1000, pattern=NO_NUL)] = ""
    text: Annotated[str, Field(max_length=10_000, pattern=NO_NUL)] = ""


class TemplateTrial(Body):
    """Without a text: the one that stands."""

    kind: NoticeKind
    channel: NoticeChannel
    language: Language
    subject: Annotated[str | None, Field(max_length=1000, pattern=NO_NUL)] = None
    text: Annotated[str | None, Field(max_length=10_000, pattern=NO_NUL)] = None


class TemplateProblem(View):
    pointer: str
    detail: str


class TemplatePreview(View):
    """With sample values. `coding` is gsm, latin1 or ucs2, `units` its places; of an SMS alone."""

    subject: str
    text: str
    coding: str
    parts: int
    units: int
    problems: list[TemplateProblem]


class PushKey(View):
    """What a browser subscribes with: applicationServerKey."""

    key: str


class BrowserKeys(Body):
    p256dh: Key
    auth: Key


class PushSubscriptionBody(Body):
    """As a browser's PushSubscription.toJSON gives it."""

    endpoint: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^https?://[^\s\x00]+$")]
    keys: BrowserKeys
    expirationTime: float | None = None
    language: Language = "ru"


class PushEnd(Body):
    """Which browser: the endpoint that it subscribed with."""

    endpoint: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^https?://[^\s\x00]+$")]


class PushSubscriptionView(View):
    id: int
