"""The shapes of the public contract: what each route takes and gives, typed once, served as OpenAPI."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from callengine.clock import parse_rfc3339

Item = TypeVar("Item")
Role = Literal["administrator", "supervisor", "operator", "organisation_manager", "executor", "inspector"]
OperatorState = Literal["offline", "ready", "pause", "after_call"]
# PostgreSQL keeps no NUL in a text; a browser keeps whole numbers only up to 2**53.
NO_NUL = r"^[^\x00]*$"
ShortText = Annotated[str, Field(max_length=200, pattern=NO_NUL)]
LongText = Annotated[str, Field(max_length=10_000, pattern=NO_NUL)]
Id = Annotated[int, Field(ge=1, le=2**53 - 1)]

YEARS = range(1970, 2200)


def _with_zone(value: object) -> object:
    # pydantic alone would take "5" as seconds since 1970; a "+" that nobody escaped arrives as a space.
    if not isinstance(value, str):
        return value
    at = parse_rfc3339(value.replace(" ", "+"))
    if at.year not in YEARS:
        # Terms, months and working days are counted from it, and must find a calendar on both sides.
        raise ValueError(f"a moment of the years {YEARS[0]} to {YEARS[-1]}, not of {at.year}")
    return at


Moment = Annotated[AwareDatetime, BeforeValidator(_with_zone)]
"""A moment that we are sent: RFC 3339 with its zone."""


class Body(BaseModel):
    """A body that we are sent: strict, nothing unknown."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class View(BaseModel):
    """A shape that we send: every field is always there."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Page(View, Generic[Item]):
    items: list[Item]
    next: str | None = None


class Problem(View):
    """RFC 9457 problem+json."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, Any]] = []


# --- health, session ------------------------------------------------------------------------------------


class PbxHealth(View):
    name: str
    state: Literal["connecting", "up", "down", "refused"]
    since: datetime
    seen_at: datetime | None = None
    lag_seconds: float | None = None
    skew_seconds: float | None = None
    corrected_seconds: float = 0.0
    problem: str = ""


class SpeechHealth(View):
    """The robot's voice: how many of its static `prompts` are `missing` (null: not looked yet); who reads comments."""

    engine: str
    prompts: int
    missing: int | None
    failed: int
    problem: str
    transcripts: Literal["off", "on", "failed"]
    transcripts_problem: str


class Health(View):
    status: Literal["ok", "degraded"]
    version: str
    pbx: list[PbxHealth]
    store: Literal["ok", "failed"]
    speech: SpeechHealth | None = None


class SignIn(Body):
    login: ShortText
    password: ShortText


class SampleAccount(View):
    login: str
    password: str
    role: Role
    name: str


class SignInHints(View):
    """No auth: what the sign-in page needs before anybody signed in."""

    sandbox: bool
    language: Literal["ru", "en"]
    timezone: str
    accounts: list[SampleAccount]


class Me(View):
    id: int | None
    login: str
    name: str
    role: Role
    extension: str | None
    language: str
    state: OperatorState
    state_reason: str
    state_since: datetime | None
    sandbox: bool
    timezone: str


class StateChange(Body):
    state: Literal["ready", "pause", "after_call"]
    reason: ShortText = ""


class PasswordChange(Body):
    old: ShortText
    new: Annotated[str, Field(min_length=8, max_length=200, pattern=NO_NUL)]


# --- calls ----------------------------------------------------------------------------------------------


class RecordingRef(View):
    id: int
    seconds: float | None
    state: str


class PersonRef(View):
    id: int
    name: str
    address: str
    premise: str


class OfferView(View):
    operator: str
    began_at: datetime
    ended_at: datetime | None
    result: str | None


class TalkView(View):
    operator: str
    began_at: datetime
    ended_at: datetime | None


class DutyRef(View):
    id: int
    state: str
    due_at: datetime
    legal_due_at: datetime


class Call(View):
    id: int
    pbx: str
    linkedid: str
    direction: str
    number: str
    number_kind: str
    name: str
    did: str
    queue: str
    state: str
    outcome: str | None
    missed: str | None
    arrived_at: datetime
    queued_at: datetime | None
    offered_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    operator: str
    operator_name: str
    wait_seconds: float | None
    talk_seconds: float
    held_seconds: float
    robot: bool
    source: str
    recorded: bool = False  # the PBX said that it records this talk, and nothing since; `recording` follows its end
    recording: RecordingRef | None
    ticket_numbers: list[str]
    duty: DutyRef | None
    people: list[PersonRef]


class HandoverView(View):
    """One transfer of this call. `state` is asked, unknown (the link broke after the asking), ringing, talking (the
    operator with the third party, the resident waits), left (the operator hung up while it rang), done, joined (all
    three together), failed, ended (the third party hung up, the operator has him back), cancelled, blind, over.

    `why` of a failed one is busy, no_answer, rejected, unreachable, cancelled or not_taken (the PBX did not begin it).
    """

    id: str
    call_id: int
    number: str
    operator: str
    state: str
    began_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    why: str


class CallDetail(Call):
    offers: list[OfferView]
    talks: list[TalkView]
    handovers: list[HandoverView] = []


class CallTotals(View):
    """Of the same filter as the list: numerators and denominators, never bare percentages."""

    calls: int
    missed: int
    conversations: int
    recorded: int


class Dial(Body):
    to: ShortText
    extension: ShortText | None = None
    duty_id: Id | None = None


class Transfer(Body):
    """`warm`: the operator speaks with `to` first, while the resident waits; else the resident is sent on at once."""

    to: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[0-9*#+]+$")]
    warm: bool = False


class HoldCall(Body):
    """`hold` false takes the call back."""

    hold: bool


class DemoCall(Body):
    kind: Literal["known", "unknown", "withheld", "hangup", "busy_day"] = "known"


class Started(View):
    """The wish was taken; what comes of it is told over /live."""

    started: bool


class Dialled(View):
    request_id: str
    state: Literal["sent", "accepted", "unknown"]


class TagNote(View):
    id: int
    text: str
    author: str
    created_at: datetime
    expires_at: datetime | None
    kind: Literal["note", "tag"] = "note"


class NoteBody(Body):
    text: Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
    expires_at: Moment | None = None
    kind: Literal["note", "tag"] = "note"


class OpenTicket(View):
    number: str
    urgency: str
    problem_ru: str
    problem_en: str
    premise: str
    place: str = ""  # in words, where there is no house
    status: str
    fix_by: datetime | None
    overdue: bool


class Incident(View):
    id: int
    kind: Literal["accident", "planned"]
    title: str
    title_en: str = ""  # "" where there is one title for all
    cause: str
    began_at: datetime
    promised_at: datetime | None
    ticket_number: str | None


class House(View):
    id: int
    code: str
    address: str
    street: str
    number: str
    district: str
    floors: int | None
    entrances: int | None
    features: list[str]
    former: list[str] = []
    renamed_to: str = ""


Way = Literal["", "none", "sms", "push", "call", "email"]
"""How somebody is told of his tickets: "" as the service does, "none" of danger alone."""


class Residence(View):
    house: House
    premise: str
    relation: str
    organisation: str


class Person(View):
    id: int
    name: str
    numbers: list[str]
    residences: list[Residence]
    notes: list[TagNote]
    notify: Way = ""
    email: str = ""


class CallerCard(View):
    """GET /api/v1/caller?number=: all that is known before the phone is picked up. All candidates, no silent choice."""

    number: str
    number_kind: str
    candidates: list[Person]
    incidents: list[Incident]
    open_tickets: list[OpenTicket]
    last_calls: list[Call]
    calls_in_year: int


# --- callbacks ------------------------------------------------------------------------------------------


class AttemptView(View):
    at: datetime
    ended_at: datetime | None
    operator: str
    staff_name: str
    call_id: int | None
    result: str


class Duty(View):
    id: int
    line: str
    number: str
    number_kind: str
    state: str
    missed_count: int
    call_ids: list[int]
    arrived_at: datetime
    due_at: datetime
    legal_due_at: datetime
    in_time: bool | None
    where: str
    claimed_by: int | None
    claimed_by_name: str
    assigned_by_name: str
    claimed_at: datetime | None
    settled_at: datetime | None
    settled_by_name: str
    settled_call_id: int | None
    close_reason: str
    callback_requested: bool
    message: RecordingRef | None
    message_heard_at: datetime | None
    attempts: list[AttemptView]
    people: list[PersonRef]
    reason: str = ""  # "": calls were missed; rating: a bad mark; asked_operator: the robot found him none
    ticket_number: str = ""


class DutyEvent(View):
    at: datetime
    what: str
    staff_name: str
    call_id: int | None
    data: dict[str, Any]


class DutyDetail(Duty):
    history: list[DutyEvent]


class CloseDuty(Body):
    reason: Annotated[str, Field(min_length=3, max_length=500, pattern=NO_NUL)]


class CloseDuties(CloseDuty):
    ids: Annotated[list[Id], Field(min_length=1, max_length=200)]


class DutyIds(Body):
    ids: Annotated[list[Id], Field(min_length=1, max_length=200)]


class AssignDuties(DutyIds):
    """`staff_id`: an operator who is on shift."""

    staff_id: Id


class DutyLeft(View):
    """A duty that was left alone, and why; `who` is calling the number just now."""

    id: int
    why: Literal["over", "dialling", "not-closed", "newer", "talked", "missing"]
    who: str
    detail: str


class DutiesDone(View):
    """What became of several duties: `items` as they now stand, `refused` those of them that were left alone."""

    items: list[Duty]
    refused: list[DutyLeft]


class HourRow(View):
    hour: int
    in_operator_time: int
    in_legal_time: int
    late: int
    owed: int
    withheld: int
    no_data: bool


class OperatorRow(View):
    """`staff_id` null and `name` "" is the row of those who got through themselves."""

    staff_id: int | None
    name: str
    total: int
    in_operator_time: int
    in_legal_time: int
    late: int
    attempts: int
    median_seconds: float | None


class ExceptionRow(View):
    kind: Literal["late", "unreachable", "withheld", "machine", "closed", "no_data"]
    duty_id: int | None
    number: str
    at: datetime
    until: datetime | None
    late_seconds: float | None
    call_ids: list[int]
    text: str


class Interval(View):
    pbx: str
    source: str
    began_at: datetime
    ended_at: datetime | None


class Compliance(View):
    """GET /api/v1/callbacks/compliance?day=2026-11-20: every rate as numerator and denominator; null says no data."""

    day: date
    now: datetime
    callable: int
    in_legal_time: int
    in_operator_time: int
    late: int
    owed: int
    attempts_without_contact: int
    duties_with_attempts: int
    withheld: int
    median_seconds: float | None
    covered_seconds: float
    elapsed_seconds: float
    gaps: list[Interval]
    hours: list[HourRow]
    operators: list[OperatorRow]
    exceptions: list[ExceptionRow]
    rule: str


# --- recordings -----------------------------------------------------------------------------------------


class ListeningView(View):
    at: datetime
    who: str
    why: str


class TranscriptView(View):
    """By a machine: a help to the reader, no proof. `state` waiting, ready, silent (nobody spoke) or failed."""

    state: Literal["waiting", "ready", "silent", "failed"]
    text: str
    certainty: float | None
    model: str
    language: str
    problem: str
    done_at: datetime | None


class Recording(View):
    id: int
    call_id: int | None
    kind: str
    state: str
    problem: str
    format: str
    bytes: int
    seconds: float | None
    expected_seconds: float | None
    sha256: str
    stored_sha256: str
    created_at: datetime
    delete_after: datetime | None
    legal_hold: bool
    hold_reason: str
    peaks: list[list[int]]
    listenings: list[ListeningView]
    ticket_numbers: list[str]
    transcript: TranscriptView | None


class UnclaimedRecording(View):
    """A file that a remote PBX sent and no call names; it lies under [recordings] dir, in unclaimed/PBX."""

    pbx: str
    file_name: str
    bytes: int
    arrived_at: datetime
    set_aside_at: datetime
    reason: str


class ClaimRecording(Body):
    """Hang an upload that lies aside on a call that has none; both sides of it, when both lie there."""

    call_id: Id
    reason: Annotated[str, Field(min_length=3, max_length=500, pattern=NO_NUL)]


class Hold(Body):
    hold: bool
    reason: Annotated[str, Field(min_length=3, max_length=500, pattern=NO_NUL)]


class NewMark(Body):
    """`at_seconds` counts from the beginning of the recording."""

    at_seconds: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
    text: Annotated[str, Field(min_length=1, max_length=500, pattern=NO_NUL)]


class RecordingMark(View):
    """A supervisor's words at a moment of a recording; who may listen sees them."""

    id: int
    at_seconds: float
    text: str
    author: str
    created_at: datetime


class Uploaded(View):
    """What the PBX-side script is told; `state` as in Recording, or "kept" while its call is not known yet."""

    file_name: str
    bytes: int
    sha256: str
    state: str


# --- directory, classifier, tickets ---------------------------------------------------------------------


class Organisation(View):
    id: int
    code: str
    name: str
    kind: str
    phone: str
    email: str
    active: bool


class StaffMember(View):
    id: int
    login: str
    name: str
    role: Role
    extension: str | None
    organisation_id: int | None
    state: OperatorState
    active: bool


class ClassifierEntry(View):
    code: str
    category: str
    problem_ru: str
    problem_en: str
    urgency: str
    organisation_kind: str
    accept_minutes: int | None
    localize_minutes: int | None
    fix_minutes: int | None
    clock: str
    questions: list[str]
    source: str
    available: bool
    unavailable_reason: str


class Answer(Body):
    question: Annotated[str, Field(max_length=500, pattern=NO_NUL)]
    answer: Annotated[str, Field(max_length=1000, pattern=NO_NUL)]


ConditionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Conditions = Annotated[dict[ConditionName, bool | float | ShortText], Field(max_length=30)]
"""What the rules are told at intake by name: indoor_celsius, power_feeds, outage_at (RFC 3339), …"""


class RoutingAsk(Body):
    """What the form has so far; `organisation_id` is the one that the operator chose himself.

    Without a house those who serve the whole city answer, and those of all houses of `district`.
    """

    classifier: ShortText
    house_id: Id | None = None
    district: ShortText = ""
    at: Moment | None = None
    answers: Annotated[list[Answer], Field(max_length=50)] = []
    conditions: Conditions = {}
    damage_at: Moment | None = None
    paid: bool = False
    organisation_id: Id | None = None


class RoutingCandidate(View):
    organisation: Organisation
    reason: str


class Deadlines(View):
    accept_by: datetime | None
    localise_by: datetime | None
    fix_by: datetime | None
    why: str


class PreviewClock(View):
    """One term with its why; `rule` is the rule's id, or the classifier's code."""

    name: Literal["accept", "localise", "fix", "interim", "paid"]
    due_at: datetime
    why: str
    rule: str


class ScriptQuestion(View):
    """One question in the reader's language; `text_ru` is what the answer is kept beside."""

    text: str
    text_ru: str
    type: Literal["yesno", "choice", "number", "text", "moment"]
    choices: list[str]
    unit: str
    required: bool
    condition: str


class RoutingPreview(View):
    """Texts are in the reader's language, "" where there is none. `spoken`: the centre settles it in the call."""

    organisation: Organisation | None
    candidates: list[RoutingCandidate]
    reason: str
    spoken: bool
    deadlines: Deadlines
    clocks: list[PreviewClock]
    possible: bool
    urgency: str
    safety: str
    transfer_to: str
    referral: str
    answer: str
    paid: bool
    script: list[ScriptQuestion]


class Applicant(Body):
    number: ShortText = ""
    name: ShortText = ""
    person_id: Id | None = None


class NewApplicant(Applicant):
    """`notify` and `email`: how he is told of this ticket; left out, as his card says."""

    notify: Way = ""
    email: ShortText = ""


class NewTicket(Body):
    """`parent` is the number of the ticket that this one repeats; `cabinet`: it came from the client's account.

    `anonymous`: neither the call's number nor a name goes into the ticket. Without a `house_id` (a road, a crossing, a
    house that is not in the directory) `place` says in words where it is; it may be left out only for information and
    for what the centre itself or a service called by voice answers. `district` is the section of such a place.
    """

    classifier: ShortText
    house_id: Id | None = None
    premise: ShortText = ""
    place: ShortText = ""
    district: ShortText = ""
    applicant: NewApplicant = NewApplicant()
    text: LongText = ""
    call_id: Id | None = None
    answers: Annotated[list[Answer], Field(max_length=50)] = []
    organisation_id: Id | None = None
    damage_at: Moment | None = None
    conditions: Conditions = {}
    paid: bool = False
    parent: ShortText = ""
    cabinet: bool = False
    anonymous: bool = False


class TicketEvent(View):
    at: datetime
    what: str
    author: str
    role: str
    reason: str
    data: dict[str, Any]
    public: bool


class TicketMove(Body):
    """A move by its key with what it needs; `version` is the one that the page shows.

    `route` may also say where it is after all: `house_id` with `premise`, or `place` in words instead of a house.
    """

    move: ShortText
    reason: Annotated[str, Field(max_length=2000, pattern=NO_NUL)] = ""
    organisation_id: Id | None = None
    executor_id: Id | None = None
    until: Moment | None = None
    mark: Annotated[int | None, Field(ge=1, le=5)] = None
    not_done: bool = False
    status: ShortText = ""
    classifier: ShortText = ""
    house_id: Id | None = None
    premise: ShortText = ""
    place: ShortText = ""
    version: Annotated[int | None, Field(ge=0)] = None


class TicketComment(Body):
    text: Annotated[str, Field(min_length=1, max_length=10_000, pattern=NO_NUL)]
    public: bool = False


class MoveOffer(View):
    """A button of one's role; `forbidden` is the key of what stands against it now, "" when nothing does."""

    move: str
    label: str
    target: str | None
    needs: list[str]
    forbidden: str
    forbidden_words: str


class TermClock(View):
    name: Literal["accept", "localise", "fix", "interim", "check", "paid"]
    due_at: datetime | None
    met_at: datetime | None
    state: Literal["running", "met", "late", "none"]
    why: str


class Postponed(View):
    until: datetime
    reason: str
    count: int


class InterimAnswer(View):
    """The last one: when it was given, the date that it promised, its words; `done_at` when the job was done since."""

    at: datetime
    until: datetime
    text: str
    done_at: datetime | None


class NotifyWay(Body):
    """How the applicant is told of this ticket, and his e-mail address."""

    notify: Way = ""
    email: ShortText = ""


class ResidentWay(Body):
    """How he wants to be told; `email` null keeps the address that is known."""

    notify: Way
    email: ShortText | None = None


class WaysThere(View):
    """The ways that this service can tell somebody by, besides `none`."""

    ways: list[Way]


class LinksGiven(View):
    """The resident's links of a ticket: how many were given and live, whether any was ever opened."""

    given: int
    living: int
    given_at: datetime
    opened_at: datetime | None
    views: int


class FurtherApplicant(View):
    name: str
    number: str
    premise: str
    text: str
    call_id: int | None
    joined_at: datetime
    joined_by: str = ""


class TicketCall(View):
    id: int
    at: datetime
    direction: str
    number: str
    talk_seconds: float
    recording: RecordingRef | None


class LoadLine(View):
    """The open tickets of one executor in one status; `executor` is null for those that nobody has yet."""

    executor_id: int | None
    executor: str
    status: str
    count: int
    late: int
    stalled: int


class OrganisationLoad(View):
    open: int
    late: int
    stalled: int
    lines: list[LoadLine]


class OrganisationReach(View):
    """Calls from the desk to the telephones of one organisation: settled ones, of people and not of the robot.

    `numbers` is empty when its card has no telephone that can be called.
    """

    organisation_id: int
    name: str
    numbers: list[str]
    attempted: int
    answered: int
    last_at: datetime | None
    last_answered_at: datetime | None


class TicketFile(View):
    id: int
    kind: Literal["photo", "act", "document"]
    name: str
    media_type: str
    bytes: int
    width: int | None
    height: int | None
    has_thumbnail: bool
    public: bool
    moment: Literal["", "before", "after"]
    author: str
    created_at: datetime


class TicketLink(View):
    url: str
    expires_at: datetime


class LinksEnded(View):
    ended: int


class FeedbackBody(Body):
    mark: Annotated[int | None, Field(ge=1, le=5)] = None
    not_done: bool = False
    text: Annotated[str, Field(max_length=2000, pattern=NO_NUL)] = ""


class ResidentComment(Body):
    text: Annotated[str, Field(min_length=1, max_length=2000, pattern=NO_NUL)]


class ResidentStep(View):
    """One public event of a ticket, without whatever is internal in it."""

    at: datetime
    what: str
    author: str
    role: str
    text: str
    status: str
    until: datetime | None
    file_id: int | None
    mark: int | None


class ResidentTicket(View):
    """A ticket as the resident sees it through his link."""

    number: str
    status: str
    urgency: str
    problem_ru: str
    problem_en: str
    text: str
    address: str
    premise: str
    organisation: str
    organisation_phone: str
    executor: str
    created_at: datetime
    deadlines: Deadlines
    overdue: bool
    postponed_until: datetime | None
    postpone_reason: str
    interim: InterimAnswer | None = None
    notify: Way = ""
    email: str = ""  # masked: he knows it
    ways: list[Way] = []  # that this service has
    mark: int | None
    may_mark: bool
    steps: list[ResidentStep]
    files: list[TicketFile]


class TicketApplicant(View):
    number: str
    name: str
    person_id: int | None


class JoinTicket(Body):
    """One more applicant of a known matter."""

    applicant: Applicant = Applicant()
    premise: ShortText = ""
    text: LongText = ""
    call_id: Id | None = None


class TicketJoined(View):
    """One who joined a ticket after its first applicant."""

    id: int
    applicant: TicketApplicant
    premise: str
    text: str
    call_id: int | None
    joined_at: datetime
    joined_by: str


class TicketLife(View):
    """How a ticket went: when the damage began, it was accepted, stopped, mended and closed, or its term passed."""

    damage_at: datetime | None
    accepted_at: datetime | None
    localised_at: datetime | None
    fixed_at: datetime | None
    closed_at: datetime | None
    late_at: datetime | None
    text: str
    close_reason: str


class TicketRow(View):
    number: str
    status: str
    urgency: str
    classifier: ClassifierEntry
    house: House | None
    premise: str
    organisation: Organisation | None
    applicant: TicketApplicant
    created_at: datetime
    deadlines: Deadlines
    overdue: bool
    place: str = ""  # where it is in words, when there is no house; else ""
    due_at: datetime | None = None  # the nearest term that still runs
    late: bool = False  # its fix term passed unfinished, whatever came later
    district: str = ""
    executor_id: int | None = None
    executor_name: str = ""
    mark: int | None = None
    paid: bool = False
    level: int = 3  # of support: 1 operator, 2 dispatcher, 3 organisation, 4 authority
    postponed_until: datetime | None = None
    applicant_count: int = 1
    comment: str = ""  # the last public one, where asked for
    recording_id: int | None = None  # of its first call, where asked for
    life: TicketLife | None = None  # where one of its columns is asked for


class TicketCount(View):
    """Counted up to a limit: with `more` there are more than `count`, and nobody counted how many."""

    count: int
    more: bool


class TicketCounts(View):
    open: TicketCount
    accidents: TicketCount
    overdue: TicketCount
    awaiting_centre: TicketCount
    unassigned: TicketCount
    paid: TicketCount
    conflict: TicketCount
    filters: dict[str, TicketCount]  # by the id of the saved filter


class Named(View):
    id: int
    name: str


class Branch(View):
    code: str
    name: str


class JournalChoices(View):
    """What the journal may be narrowed by, within the reader's scope."""

    organisations: list[Named]
    districts: list[str]
    executors: list[Named]
    branches: list[Branch]


class SupportLevel(View):
    """Tickets registered in the period that are at this level now."""

    level: int
    registered: int
    open: int
    closed: int


class InterimFigures(View):
    """`given`: tickets whose last interim answer was given in the period; of them its date was kept, has passed without
    a fix, or is to come. `due`: tickets registered in it whose term for one has passed; `missed`: not given in it."""

    given: int
    kept: int
    passed: int
    waiting: int
    due: int
    missed: int


class SupportFigures(View):
    """`first_line` of `closed` were settled by the operator in the call."""

    since: datetime
    until: datetime
    registered: int
    closed: int
    first_line: int
    levels: list[SupportLevel]
    interim: InterimFigures


class SavedFilter(View):
    """A named selection of the journal; `filter` has the parameters of GET /tickets."""

    id: int
    name: str
    shared: bool  # for everybody; else the reader's own
    changeable: bool
    filter: dict[str, str]
    columns: list[str]
    position: int


class SavedFilterBody(Body):
    name: Annotated[str, Field(min_length=1, max_length=80, pattern=NO_NUL)]
    filter: dict[ShortText, ShortText]
    columns: Annotated[list[ShortText], Field(max_length=20)] = []
    shared: bool = False
    position: Annotated[int, Field(ge=0, le=10_000)] = 0


class NewExport(Body):
    filter: dict[ShortText, ShortText] = {}  # the parameters of GET /tickets
    columns: Annotated[list[ShortText], Field(max_length=20)] = []  # in their order; none: all


class Export(View):
    id: int
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    rows_done: int
    rows_total: int
    problem: str
    created_at: datetime
    finished_at: datetime | None
    delete_after: datetime | None
    file: str | None  # where to fetch it, once done


class Ticket(TicketRow):
    version: int
    executor: StaffMember | None
    executor_phone: str = ""  # E.164, "" where there is none, or for who has no business to ring him
    text: str
    answers: list[Answer]
    organisation_reason: str
    mark: int | None
    marked_at: datetime | None
    damage_at: datetime | None
    due_at: datetime | None
    late_at: datetime | None
    closed_at: datetime | None
    close_reason: str
    stall_level: int
    declined_count: int
    reopened_count: int
    paid: bool
    paid_confirm_by: datetime | None
    paid_confirmed_at: datetime | None
    postponed: Postponed | None
    interim: InterimAnswer | None = None
    notify: NotifyWay | None = None  # for the desk
    links: LinksGiven | None = None  # for the desk; null when none was ever given
    classifier_version: int | None = None  # by which it was registered
    classifier_since: datetime | None = None
    repeat_of: str | None
    moves: list[MoveOffer]
    clocks: list[TermClock]
    applicants: list[FurtherApplicant]
    calls: list[TicketCall]
    files: list[TicketFile]
    call_ids: list[int]
    recordings: list[RecordingRef]
    history: list[TicketEvent]


class Found(View):
    """One line of Ctrl+K."""

    kind: Literal["call", "ticket", "person", "house", "duty"]
    id: str
    title: str
    subtitle: str


class ImportMistake(View):
    row: int
    reason: str


class ImportReport(View):
    taken: int
    changed: int
    skipped: int
    mistakes: list[ImportMistake]


class ShiftFigures(View):
    """The operator's own day so far."""

    since: datetime | None
    calls: int
    talk_seconds: float
    callbacks_in_time: int
    callbacks: int
    tickets: int


class Board(View):
    """GET /api/v1/board: what the bar shows; also pushed as the live message `board`."""

    waiting: int
    longest_wait_since: datetime | None
    ready: int
    signed_in: int
    duties: int
    nearest_due_at: datetime | None
    pbx: list[PbxHealth]
    data_at: datetime


# --- what /live pushes -----------------------------------------------------------------------------------


class CallMessage(Call):
    """`fact` is offered, answered, …; `card` comes with an offer, to the addressed operator only.

    An offer whose card was not read yet carries `offers` in its place, and the card follows in a second message.
    """

    fact: str
    card: CallerCard | None = None
    offers: list[OfferView] | None = None


class Ringing(View):
    """Said before anything is durable, to the addressed operator alone: a phone of his rings, or (`rings` false) what
    was said so is taken back. It leaves no trace; the CallMessage of the same pbx and linkedid confirms it.
    """

    pbx: str
    linkedid: str
    rings: bool
    number: str
    number_kind: str
    name: str
    did: str
    arrived_at: datetime
    people: list[PersonRef]


class DialMessage(View):
    request_id: str
    state: str
    reason: str


class TicketReminder(View):
    """A term of a ticket passed, or nobody touched it for too long (`stall`, with its rung).

    `about` is accept, localise, fix, stall, check, client, postponed, unacknowledged, untold, resident_word, refused,
    wrong_number; whoever reads it must bear another word.
    """

    number: str
    about: str
    level: int
    due_at: datetime
    status: str
    urgency: str
    problem_ru: str
    problem_en: str
    address: str


class Reminder(TicketReminder):
    """One that stands open for who asks; `at` is when it was told last."""

    id: int
    at: datetime


class Reminders(View):
    """Dangers first, of them and of the others the newest; `count` is of all, `danger` of life and emergency."""

    items: list[Reminder]
    count: int
    danger: int


class RobotMessage(View):
    """The kill switch: halted, or resumed."""

    state: Literal["halted", "resumed"]


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


class CampaignMessage(View):
    """How a campaign stands now, saved already: at most one a second of each, with all that happened meanwhile."""

    campaign_id: int
    state: Literal["filling", "running", "paused", "stopped", "finished"]
    changed_at: datetime
    changed_by: str
    ended_at: datetime | None
    progress: CampaignProgress


class LiveMessage(View):
    """One message of the WebSocket. `hello` and `reset` have no data; after `reset` read everything anew."""

    seq: int
    type: Literal[
        "hello",
        "reset",
        "ringing",
        "call",
        "duty",
        "state",
        "board",
        "recording",
        "ticket",
        "reminder",
        "pbx",
        "dial",
        "handover",
        "robot",
        "campaign",
    ]
    at: datetime
    data: (
        CallMessage
        | Ringing
        | Duty
        | StaffMember
        | Board
        | Recording
        | TicketRow
        | TicketReminder
        | PbxHealth
        | DialMessage
        | HandoverView
        | RobotMessage
        | CampaignMessage
        | None
    ) = None


# --- contracts, the working calendar, the rules --------------------------------------------------------------

ContractText = Annotated[str, Field(max_length=120, pattern=NO_NUL)]


class ContractBody(Body):
    """A contract: houses by their ids, or `everywhere`. `duty_hours`: "" is always, else 24x7, work, 20:00-08:00."""

    code: Annotated[str, Field(min_length=1, max_length=120, pattern=NO_NUL)]
    organisation_id: Id
    kind: ContractText
    branch: ContractText = ""
    house_ids: Annotated[list[Id], Field(max_length=20_000)] = []
    everywhere: bool = False
    priority: Annotated[int, Field(ge=0, le=999_999)] = 100
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    duty_hours: Annotated[str, Field(max_length=20, pattern=NO_NUL)] = ""
    note: Annotated[str, Field(max_length=2000, pattern=NO_NUL)] = ""


class ContractRow(View):
    id: int
    code: str
    organisation: Organisation
    kind: str
    branch: str
    everywhere: bool
    house_count: int
    priority: int
    valid_from: datetime | None
    valid_until: datetime | None
    duty_hours: str
    note: str
    author: str
    changed_at: datetime | None
    removed_at: datetime | None


class Contract(ContractRow):
    """`warnings` are what is odd about it, in words: it was taken all the same."""

    houses: list[House]
    warnings: list[str]


class Share(View):
    organisation: Organisation
    count: int


class MisroutePlace(View):
    by: Literal["house", "street", "district"]
    label: str
    house_id: int | None
    street: str
    district: str


class Misroute(View):
    """A cell of the matrix classifier × address. Without a `suggestion` its words say why there is none."""

    classifier: str
    problem: str
    place: MisroutePlace
    count: int
    declined_by: list[Share]
    accepted_by: list[Share]
    last_at: datetime
    houses: int
    suggested: Organisation | None
    suggestion: str
    contract_id: int | None


class SuggestionAsk(Body):
    """Which cell of the matrix; `apply` makes the contract, and needs the organisation that was shown."""

    classifier: ShortText
    by: Literal["house", "street", "district"] = "house"
    house_id: Id | None = None
    street: ShortText = ""
    district: ShortText = ""
    days: Annotated[int, Field(ge=1, le=1100)] = 90
    apply: bool = False
    organisation_id: Id | None = None


class SuggestionChange(View):
    house: House
    before: Organisation | None
    before_reason: str
    after: Organisation | None
    after_reason: str
    changes: bool


class Suggestion(View):
    """What a suggested contract would change. `contract` is there when it was made: DELETE it to undo."""

    words: str
    organisation: Organisation
    code: str
    kind: str
    branch: str
    priority: int
    houses: int
    note: str
    changes: list[SuggestionChange]
    more_houses: int
    waiting: int
    reasons: list[str]
    warnings: list[str]
    contract: Contract | None


class CalendarDay(View):
    """`local` is the service's own exception; else it is the country's."""

    day: date
    working: bool
    name: str
    local: bool
    author: str


class CalendarYear(View):
    """The days that are not as their weekday says, or that have a name; the others work from Monday to Friday."""

    year: int
    country: str
    moves_known: bool
    opens: str
    closes: str
    days: list[CalendarDay]


class CalendarDayBody(Body):
    working: bool
    name: ShortText = ""


class RuleView(View):
    """`when` says the conditions in words; `limit` the term."""

    id: str
    clock: Literal["accept", "localise", "fix", "interim", "paid"]
    limit: str
    start: Literal["registration", "damage", "outage"]
    window: str
    words: str
    source: str
    branches: list[str]
    urgencies: list[str]
    when: list[str]
    default: bool
    monthly: str
    valid_from: date | None
    valid_until: date | None


class DutyView(View):
    words: str
    limit: str
    source: str
    verified: bool


class RulePack(View):
    """`active` is the one that this service works by."""

    id: str
    active: bool
    title: str
    source: str
    countries: list[str]
    valid_from: date | None
    valid_until: date | None
    read_on: date | None
    work: str
    rules: list[RuleView]
    duties: list[DutyView]
    questions: list[ScriptQuestion]
