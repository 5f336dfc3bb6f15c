"""What may stand behind the question mark of each list."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from callengine.api.schemas import NO_NUL, Id, Moment

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=NO_NUL)]
Cursor = Annotated[str, Field(max_length=500, pattern=r"^[A-Za-z0-9_=-]*$")]
Limit = Annotated[int, Field(ge=1, le=200)]


class Query(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=False)


class Listed(Query):
    limit: Limit = 50
    cursor: Cursor = ""


class Between(Query):
    from_: Annotated[Moment | None, Field(alias="from")] = None
    to: Moment | None = None


class CallsFilter(Between):
    number: Words = ""
    state: Literal["", "menu", "queued", "offered", "dialling", "talking", "held", "ended"] = ""
    outcome: Literal["", "answered", "missed", "served", "no_answer", "busy", "rejected", "failed"] = ""
    direction: Literal["", "inbound", "outbound", "internal"] = ""
    operator: Words = ""
    house_id: Id | None = None
    recording: Literal["", "none", "recording", "ready", "short", "missing", "broken", "expired"] = ""
    robot: bool | None = None
    q: Words = ""


class CallsList(CallsFilter, Listed):
    pass


class CallbacksList(Between, Listed):
    state: Literal[
        "owed", "all", "open", "claimed", "attempted", "reached", "superseded", "unreachable", "impossible", "closed"
    ] = "owed"
    number: Words = ""


class Day(Query):
    day: date | None = None


class WhichCaller(Query):
    number: Words | None = None
    call_id: Id | None = None


class Listening(Query):
    why: Words = ""


class Find(Query):
    q: Words = ""
    limit: Limit = 20


class FindProblem(Query):
    q: Words = ""
    house_id: Id | None = None
    lang: Literal["ru", "en"] | None = None


Keys = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300, pattern=r"^[a-z_,]*$")]


class TicketsFilter(Between):
    """What the journal is narrowed by; lists are written with commas."""

    q: Words = ""
    status: Keys = ""
    urgency: Keys = ""
    accident: bool | None = None
    paid: bool | None = None
    overdue: bool | None = None
    late: bool | None = None
    unassigned: bool | None = None
    organisation_id: Id | None = None
    house_id: Id | None = None
    houseless: bool | None = None  # those of a place in words
    district: Words = ""
    executor_id: Id | None = None
    classifier: Words = ""
    mark: Annotated[str, Field(max_length=9, pattern=r"^([1-5](,[1-5])*)?$")] = ""
    level: Annotated[str, Field(max_length=7, pattern=r"^([1-4](,[1-4])*)?$")] = ""  # of support
    days: Annotated[int | None, Field(ge=1, le=3660)] = None  # the last so many, today among them
    sort: Literal["newest", "danger", "due"] = "newest"


class TicketsList(TicketsFilter, Listed):
    # "comment,recording", or columns of how a ticket went (damage, accepted, localised, fixed, closed, late, text,
    # close_reason): what costs a look of its own and is shown in columns of its own.
    extras: Keys = ""


class Trial(Query):
    dry_run: bool = False


class After(Query):
    after: Annotated[int | None, Field(ge=0, le=2**53 - 1)] = None


class UploadAbout(Query):
    name: Words = ""
    kind: Literal["photo", "act", "document"] = "photo"
    public: bool = False
    moment: Literal["", "before", "after"] = ""
