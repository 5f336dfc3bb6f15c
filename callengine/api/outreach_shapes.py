"""The shapes of the voice robot: campaigns, calls, marks, opt-outs, the kill switch, dialogues."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from callengine.api.queries import Between, Listed, Query, Words
from callengine.api.schemas import NO_NUL, Body, CampaignProgress, Id, Moment, RecordingRef, ShortText, View

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


class RatingsFilter(Between):
    """`classifier` is an entry's code, or how those of a branch begin. What is not his, a manager may not ask for."""

    organisation_id: Id | None = None
    executor_id: Id | None = None
    classifier: Words = ""


class RatingsList(RatingsFilter, Listed):
    """`answered=false` lists who said nothing too."""

    mark: Annotated[int, Field(ge=1, le=5)] | None = None
    result: Words = ""
    answered: bool = True


class RatingsSummed(RatingsFilter):
    """Without `from` and `to` the last 30 days; at most 400 days, and at most 62 slices."""

    by: Literal["", "organisation", "executor", "classifier", "branch"] = ""
    slices: Literal["", "day", "week", "month"] = ""


class OptOutsList(Listed):
    number: Words = ""


class CampaignChoice(View):
    """Which tickets the campaign is about; what is null, "" or empty narrows nothing."""

    classifier: str
    organisation_id: int | None
    district: str
    house_ids: list[int]
    urgency: list[str]
    paid: bool | None
    status: list[str]
    since: datetime | None
    until: datetime | None
    others: bool


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
    choice: CampaignChoice
    spacing: dict[str, int]
    channels: list[Literal["call", "sms", "push"]]
    progress: CampaignProgress


class TicketsChoice(Body):
    """Which tickets, all of it together. `classifier` is an entry's code, or how the codes of a branch begin.

    Results, surveys and outages take tickets that exist: registered from `since` to `until`, standing at `status`.
    Ratings wait for their tickets: they say none of the three. `others`, of ratings alone: who joined a ticket is asked
    too, one after another, when who called first said nothing of the job.
    """

    classifier: ShortText = ""
    organisation_id: Id | None = None
    district: ShortText = ""
    house_ids: Annotated[list[Id], Field(max_length=5_000, default_factory=list)]
    urgency: Annotated[list[ShortText], Field(max_length=10, default_factory=list)]
    paid: bool | None = None
    status: Annotated[list[ShortText], Field(max_length=20, default_factory=list)]
    since: Moment | None = None
    until: Moment | None = None
    others: bool = False


SpacedResult = Literal["busy", "no_answer", "rejected", "failed", "machine", "silent", "hung_up"]


class NewCampaign(Body):
    """Whom: `numbers`, who lives in the houses, the clients of the tickets of `choice`.

    A campaign of ratings has a choice alone: jobs that fit it are its own when they are confirmed, all others are the
    standing campaign's. `job` are the fields of the dialogue, `dialogue` a survey's own. `spacing` is seconds until the
    next attempt, by the result of the last one (60 to 1209600). What is left out is as configured.

    An outage may be written too, beside the call or instead of it: `channels`, with `text` (what is cut off, in a few
    words), and `address` and `ends` in `job`. `danger` tells it at night too, and to who asked for silence.
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
    choice: TicketsChoice | None = None
    spacing: Annotated[dict[SpacedResult, Annotated[int, Field(ge=60, le=1_209_600)]], Field(default_factory=dict)]
    channels: Annotated[
        list[Literal["call", "sms", "push"]], Field(min_length=1, max_length=3, default_factory=lambda: ["call"])
    ]
    text: ShortText = ""
    danger: bool = False


class NotCalled(View):
    number: str
    why: str


class CampaignPreview(View):
    """What the campaign would do if it were made now. `tickets`: how many the choice has (null: no choice was made).

    Of ratings it is how many of the last 30 days would have fitted, and `calls` is 0: it waits. `capped`: there are
    more than 10000, and such a campaign is refused. `spacing` and the rest are those that would hold.
    """

    calls: int
    tickets: int | None
    capped: bool
    left_out: list[NotCalled]
    left_out_count: int
    attempts: int
    spacing: dict[str, int]
    hours: str
    days: str
    texted: int


class CampaignMade(View):
    campaign: Campaign
    calls: int
    texts: int
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
    """How often each answer was given. `title` is what the question is called, `labels` what each key means; both by
    language, and empty where nobody wrote them."""

    step: str
    answers: dict[str, int]
    title: dict[str, str]
    labels: dict[str, dict[str, str]]


class CampaignResults(View):
    campaign: Campaign
    answers: list[AnswersOfStep]


class RatingFigures(View):
    """`asked` are all calls for a mark that are over, `answered` those of them who said anything of the job.

    Show no `mean` without `response_rate` and `marked` beside it. Shares are 0 to 1, null where nobody is counted.
    `no_mark`: done, and no mark given.
    """

    asked: int
    answered: int
    marked: int
    mean: float | None
    response_rate: float | None
    marks: dict[str, int]
    not_done: int
    not_done_share: float | None
    no_mark: int


class RatingsRow(View):
    """`key` is the id of an organisation or an executor ("": none), a code, a branch ("HVS"), or the first day."""

    key: str
    name: str
    since: datetime | None
    until: datetime | None
    figures: RatingFigures


class RatingsSummary(View):
    """`rows` by `by`, those with most calls first; `slices` of the period in their order."""

    since: datetime
    until: datetime
    whole: RatingFigures
    rows: list[RatingsRow]
    slices: list[RatingsRow]


class Rating(View):
    """A mark by telephone, or "not done": with its certainty (`proof`), call, recording and time.

    `way` is how the mark or the result was told: key; said_key (aloud, and confirmed by a key); said (aloud, confirmed
    aloud); "" where nothing was. `certainty_percent` is the recogniser's own of what was said, `said_recording` the
    sound of it. Recordings are for the desk: an organisation and an executor have null there.
    """

    request_id: str
    ticket_number: str
    organisation_id: int | None
    organisation: str
    executor_id: int | None
    executor: str
    classifier: str
    number: str
    at: datetime
    result: str
    mark: int | None
    proof: str
    keys: str
    way: Literal["", "key", "said_key", "said"]
    certainty_percent: int | None
    said_recording: RecordingRef | None
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
    title: dict[str, str]  # what the step is called on the pages, by language; never spoken


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
    options: dict[str, bool]
    changed_at: datetime | None
    changed_by: str


class ScriptOptions(Body):
    """false leaves it out, true takes it in again; what is not named stays as it is."""

    options: Annotated[dict[StepName, bool], Field(max_length=10)]


class ScriptTexts(Body):
    """Step (or wrong, too_low, too_high) -> language -> text; an empty text brings the shipped one back."""

    texts: Annotated[dict[StepName, dict[Language, StepText]], Field(min_length=1, max_length=60)]


class ScriptPreview(Body):
    """`text` instead of the step's own, to hear it before it is kept."""

    step: StepName
    language: Language = "ru"
    text: StepText = ""


class SurveyAnswer(Body):
    """`key` 1 to 7; `to`: "" the next question, "end", or the number of a question, from 1."""

    key: Annotated[str, Field(min_length=1, max_length=1, pattern=NO_NUL)]
    label: ShortText
    to: Annotated[str, Field(max_length=3, pattern=NO_NUL)] = ""


class SurveyQuestion(Body):
    text: Annotated[str, Field(max_length=600, pattern=NO_NUL)]
    answers: Annotated[list[SurveyAnswer], Field(max_length=20)]


class SurveyBody(Body):
    """At most 12 questions with 1 to 7 answers each, keys unique; no way comes back, one leads to every question."""

    name: ShortText
    language: Language
    intro: Annotated[str, Field(max_length=600, pattern=NO_NUL)]
    questions: Annotated[list[SurveyQuestion], Field(max_length=50)]


class SurveyChange(SurveyBody):
    """`after` is the version that its writer saw: 409 when there is a newer one."""

    after: Annotated[int, Field(ge=1, le=1_000_000)]


class SurveyAsked(Query):
    """Without a version the newest."""

    version: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class SurveyKept(View):
    """One version of a survey. A campaign takes a copy: what is written later changes nothing of it."""

    id: str
    version: int
    at: datetime
    who: str
    name: str
    language: Language
    intro: str
    questions: list[SurveyQuestion]


class SurveyVersion(View):
    """`gone`: it was put away then."""

    version: int
    at: datetime
    who: str
    name: str
    questions: int
    gone: bool
