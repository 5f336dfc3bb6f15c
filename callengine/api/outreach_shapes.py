"""The shapes of the voice robot: campaigns, calls, marks, opt-outs, the kill switch, dialogues."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from callengine.api.queries import Between, Listed, Words
from callengine.api.schemas import NO_NUL, Body, Id, Moment, RecordingRef, ShortText, View

CampaignKind = Literal["rating", "result", "job", "outage", "survey", "meter"]
CampaignStateName = Literal["filling", "running", "paused", "stopped", "finished"]
CallStateName = Literal["waiting", "calling", "done", "given_up", "suppressed", "cancelled"]
DialogueKind = Literal["rating", "result", "job", "outage", "survey", "meter", "status"]
Language = Literal["ru", "en"]
StepText = Annotated[str, Field(max_length=600, pattern=NO_NUL)]
StepName = Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[a-z][a-z0-9_-]*$")]


class CampaignsList(Listed):
    state: Literal["", "filling", "running", "paused", "stopped", "finished"] = ""
    kind: Literal["", "rating", "result", "job", "outage", "survey", "meter"] = ""


class CampaignCallsList(Listed):
    state: Literal["", "waiting", "calling", "done", "given_up", "suppressed", "cancelled"] = ""
    result: Words = ""


class RatingsList(Between, Listed):
    mark: Annotated[int, Field(ge=1, le=5)] | None = None


class OptOutsList(Listed):
    number: Words = ""


class CampaignProgress(View):
    """Calls counted. The mean is `mark_total / marked`; beside it the response rate, `marked / settled`."""

    total: int
    settled: int
    reached: int
    marked: int
    mark_total: int
    states: dict[str, int]
    results: dict[str, int]
    marks: dict[str, int]


class Campaign(View):
    """`standing` ones follow from tickets and notices by themselves: they are paused, never stopped."""

    id: int
    kind: CampaignKind
    name: str
    state: CampaignStateName
    standing: bool
    danger: bool
    language: str
    hours: str
    days: Literal["each", "no_holidays", "workdays"]
    zones: list[str]
    lines: int
    attempts: int
    priority: int
    begins_at: datetime | None
    ends_at: datetime | None
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    ended_at: datetime | None
    progress: CampaignProgress


class NewCampaign(Body):
    """Whom: `numbers`, and who lives in the houses. `job` are the fields of the dialogue, `dialogue` a survey's own.

    What is left out is as configured.
    """

    kind: CampaignKind
    name: ShortText
    numbers: Annotated[list[ShortText], Field(max_length=10_000, default_factory=list)]
    house_ids: Annotated[list[Id], Field(max_length=5_000, default_factory=list)]
    job: Annotated[dict[str, Any], Field(default_factory=dict)]
    dialogue: dict[str, Any] | None = None
    language: Language | Literal[""] = ""
    zone: ShortText = ""
    hours: ShortText = ""
    days: Literal["", "each", "no_holidays", "workdays"] = ""
    lines: Annotated[int, Field(ge=1, le=300)] | None = None
    attempts: Annotated[int, Field(ge=1, le=20)] | None = None
    begins_at: Moment | None = None
    ends_at: Moment | None = None


class NotCalled(View):
    number: str
    why: str


class CampaignMade(View):
    campaign: Campaign
    calls: int
    left_out: list[NotCalled]


class CallAttempt(View):
    """`proof` is what shows a person: key, speech or none; `call_id` is the conversation with its recording."""

    id: str
    state: str
    planned_at: datetime
    answered_at: datetime | None
    settled_at: datetime | None
    result: str
    reason: str
    mark: int | None
    proof: str
    keys: str
    call_id: int | None
    recording: RecordingRef | None
    applied: str


class CampaignCall(View):
    id: int
    number: str
    name: str
    state: CallStateName
    ticket_number: str
    due_at: datetime
    attempts: int
    result: str
    mark: int | None
    settled_at: datetime | None
    tries: list[CallAttempt]


class AnswersOfStep(View):
    step: str
    answers: dict[str, int]


class CampaignResults(View):
    campaign: Campaign
    answers: list[AnswersOfStep]


class Rating(View):
    """A mark by telephone, or "not done": with its certainty (`proof`), call, recording and time."""

    request_id: str
    ticket_number: str
    number: str
    at: datetime
    result: str
    mark: int | None
    proof: str
    keys: str
    comment: bool
    comment_recording: RecordingRef | None
    call_id: int | None
    recording: RecordingRef | None
    applied: str


class OptOut(View):
    id: int
    number: str
    kind: str
    since: datetime
    how: str
    who: str
    note: str


class NewOptOut(Body):
    """`kind` is that of a campaign, a channel of notices (call, sms, push, email), or "" for all."""

    number: ShortText
    kind: ShortText = ""
    note: ShortText = ""


class Halting(Body):
    reason: ShortText = ""


class RobotState(View):
    """Whether the robot may call, and what it does now."""

    halted: bool
    halted_at: datetime | None
    halted_by: str
    reason: str
    under_way: int


class ScriptNode(View):
    id: str
    kind: str
    say: dict[str, str]
    result: str
    start: bool
    own: list[str]  # languages in which the words are the service's own


class ScriptEdge(View):
    """`key` is the key, "silent", "next" and "done" of a dialogue over several, "" for going on."""

    source: str
    target: str
    key: str
    label: dict[str, str]
    result: str


class Script(View):
    """A dialogue as a graph, with the words of its steps; `told` are said before a question is asked again."""

    kind: DialogueKind
    title: dict[str, str]
    fields: list[str]
    languages: list[str]
    nodes: list[ScriptNode]
    edges: list[ScriptEdge]
    told: dict[str, dict[str, str]]
    changed_at: datetime | None
    changed_by: str


class ScriptTexts(Body):
    """Step (or wrong, too_low, too_high) -> language -> text; an empty text brings the shipped one back."""

    texts: Annotated[dict[StepName, dict[Language, StepText]], Field(min_length=1, max_length=60)]


class ScriptPreview(Body):
    """`text` instead of the step's own, to hear it before it is kept."""

    step: StepName
    language: Language = "ru"
    text: StepText = ""
