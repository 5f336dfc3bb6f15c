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
    outcome: Literal["", "answered", "missed", "no_answer", "busy", "rejected", "failed"] = ""
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


class TicketsList(Between, Listed):
    q: Words = ""
    status: Words = ""
    house_id: Id | None = None


class Trial(Query):
    dry_run: bool = False


class After(Query):
    after: Annotated[int | None, Field(ge=0, le=2**53 - 1)] = None


class UploadAbout(Query):
    name: Words = ""
    kind: Literal["photo", "act", "document"] = "photo"
    public: bool = False
    moment: Literal["", "before", "after"] = ""
