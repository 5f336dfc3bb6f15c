"""What a ticket is: its thirteen statuses, its urgency, the classifier's entry, and the ticket itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from callengine.directory.model import House, Organisation, StaffMember


class Status(StrEnum):
    """The thirteen statuses (DOMAIN.md); who moves a ticket on is the lifecycle's table."""

    FROM_CABINET = "from_cabinet"
    UNASSIGNED = "unassigned"
    AWAITING_ACCEPTANCE = "awaiting_acceptance"
    DECLINED = "declined"
    NO_EXECUTOR = "no_executor"
    EXECUTOR_ASSIGNED = "executor_assigned"
    IN_PROGRESS = "in_progress"
    AWAITING_CENTRE = "awaiting_centre"
    AWAITING_CLIENT = "awaiting_client"
    NEEDS_REWORK = "needs_rework"
    CONFLICT = "conflict"
    CLOSED = "closed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in (Status.CLOSED, Status.CANCELLED)

    def label(self, language: str = "ru") -> str:
        return STATUS_LABELS[self][0 if language == "ru" else 1]


STATUS_LABELS: dict[Status, tuple[str, str]] = {
    Status.FROM_CABINET: ("Из ЛК клиента", "From the client's account"),
    Status.UNASSIGNED: ("Нераспределенная", "Unassigned"),
    Status.AWAITING_ACCEPTANCE: ("Ожидает принятия ответственным", "Awaiting acceptance"),
    Status.DECLINED: ("Отклонена управляющим", "Declined by the manager"),
    Status.NO_EXECUTOR: ("Не назначен исполнитель", "No executor yet"),
    Status.EXECUTOR_ASSIGNED: ("Назначен исполнитель", "Executor assigned"),
    Status.IN_PROGRESS: ("В работе", "In progress"),
    Status.AWAITING_CENTRE: ("Ожидает подтверждения центром", "Awaiting the centre's confirmation"),
    Status.AWAITING_CLIENT: ("Ожидает подтверждения клиентом", "Awaiting the client's confirmation"),
    Status.NEEDS_REWORK: ("Требует доработки", "Needs rework"),
    Status.CONFLICT: ("Конфликтная", "In conflict"),
    Status.CLOSED: ("Закрыта", "Closed"),
    Status.CANCELLED: ("Отменена", "Cancelled"),
}

FINAL = tuple(status for status in Status if status.final)
# Nobody has taken it on yet: its term of acceptance runs.
UNACCEPTED = (Status.FROM_CABINET, Status.UNASSIGNED, Status.AWAITING_ACCEPTANCE, Status.DECLINED)
# The job is reported done: its fix term runs no more (one that passed before stays, as `late_at`).
REPORTED = (Status.AWAITING_CENTRE, Status.AWAITING_CLIENT, Status.CONFLICT)


class Urgency(StrEnum):
    """How it burns; `life` is spoken first (safety, warm transfer), `info` is answered at once."""

    LIFE = "life"
    EMERGENCY = "emergency"
    URGENT = "urgent"
    NORMAL = "normal"
    PLANNED = "planned"
    INFO = "info"

    def label(self, language: str = "ru") -> str:
        return URGENCY_LABELS[self][0 if language == "ru" else 1]


URGENCY_LABELS: dict[Urgency, tuple[str, str]] = {
    Urgency.LIFE: ("Угроза жизни", "Life"),
    Urgency.EMERGENCY: ("Авария", "Emergency"),
    Urgency.URGENT: ("Срочно", "Urgent"),
    Urgency.NORMAL: ("Обычная", "Normal"),
    Urgency.PLANNED: ("Плановая", "Planned"),
    Urgency.INFO: ("Справка", "Information"),
}

# The order of danger: accidents come first in every list.
RANKS: dict[Urgency, int] = {urgency: place for place, urgency in enumerate(Urgency)}

# Kinds of organisations: the words of the classifier's organisation_kind, in contracts too.
KINDS: dict[str, tuple[str, str]] = {
    "management_company": ("управляющая организация", "management company"),
    "water_utility": ("водоканал", "water utility"),
    "heat_utility": ("теплоснабжающая организация", "heat utility"),
    "power_utility": ("электросети", "power utility"),
    "gas_utility": ("газовая служба", "gas utility"),
    "utility": ("ресурсоснабжающая организация", "utility"),
    "lift_company": ("лифтовая организация", "lift company"),
    "intercom_company": ("домофонная организация", "intercom company"),
    "waste_operator": ("оператор ТКО", "waste operator"),
    "street_lighting": ("горсвет", "street lighting"),
    "road_service": ("дорожная служба", "road service"),
    "private_firm": ("частная организация", "private firm"),
    "municipality": ("муниципалитет", "municipality"),
    "inspectorate": ("жилищная инспекция", "housing inspectorate"),
    "contact_centre": ("контакт-центр", "contact centre"),
    "emergency_112": ("112", "112"),
    "gas_emergency_104": ("104", "104"),
    "police": ("полиция, 102", "police, 102"),
}


def kind_label(kind: str, language: str = "ru") -> str:
    return KINDS[kind][0 if language == "ru" else 1] if kind in KINDS else kind


class AnswerType(StrEnum):
    """What an answer to a script question is."""

    YESNO = "yesno"
    CHOICE = "choice"
    NUMBER = "number"
    TEXT = "text"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Question:
    """One question of an entry's script. `condition` names what a rule pack is told by the answer."""

    text_ru: str
    type: AnswerType = AnswerType.TEXT
    choices: tuple[str, ...] = ()
    unit: str = ""  # of a number: °C, floor
    required: bool = False
    condition: str = ""  # indoor_celsius, damage_at, single_feed, …; "" when no rule asks
    text_en: str = ""
    choices_en: tuple[str, ...] = ()  # as many as `choices`, or none

    def text(self, language: str = "ru") -> str:
        return self.text_ru if language == "ru" else self.text_en or self.text_ru


@dataclass(frozen=True, slots=True)
class Group:
    """A node of the classifier's tree above the entries."""

    code: str
    name_ru: str
    name_en: str = ""
    parent: str = ""
    position: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the classifier; minutes count by `clock`: 24x7, a window, work or workdays."""

    code: str
    category: str
    problem_ru: str
    problem_en: str
    urgency: Urgency
    organisation_kind: str
    organisation_kinds_next: tuple[str, ...] = ()
    trade: str = ""
    responsible: str = ""
    accept_minutes: int | None = None
    localize_minutes: int | None = None
    fix_minutes: int | None = None
    clock: str = "24x7"
    notify_municipality: bool = False
    questions: tuple[str, ...] = ()
    source: str = ""
    active: bool = True  # false: retired; tickets that have it go on
    parent: str = ""
    script: tuple[Question, ...] = ()
    paid: bool = False
    confirm_minutes: int | None = None
    safety_ru: str = ""
    safety_en: str = ""
    transfer_to: str = ""  # the number of the warm transfer: 112, 104
    referral_ru: str = ""
    referral_en: str = ""
    answer_ru: str = ""
    answer_en: str = ""
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    # Terms that an organisation's override changed: (accept_minutes, the paper that allows it), …
    overridden: tuple[tuple[str, str], ...] = ()

    def problem(self, language: str = "ru") -> str:
        return self.problem_ru if language == "ru" else self.problem_en or self.problem_ru


@dataclass(frozen=True, slots=True)
class FoundEntry:
    """A classifier hit; an impossible one carries its reason and is not offered."""

    entry: Entry
    unavailable_reason: str = ""

    @property
    def available(self) -> bool:
        return not self.unavailable_reason


@dataclass(frozen=True, slots=True)
class Clock:
    """One term: accept, localise, fix, interim or paid; `rule` is the rule's id, or the classifier's code."""

    name: str
    due_at: datetime
    why: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Up to four moments and why: one line in words for each moment that there is, in this order; interim the last."""

    accept_by: datetime | None = None
    localise_by: datetime | None = None
    fix_by: datetime | None = None
    why: str = ""
    clocks: tuple[Clock, ...] = field(default=(), compare=False)  # as worked out; a stored ticket has the lines
    interim_by: datetime | None = None  # by when the rules want an interim answer

    def each(self) -> tuple[Clock, ...]:
        """The clocks one by one, of a stored ticket too."""
        if self.clocks:
            return self.clocks
        named = (
            ("accept", self.accept_by),
            ("localise", self.localise_by),
            ("fix", self.fix_by),
            ("interim", self.interim_by),
        )
        there, lines = [(name, due) for name, due in named if due], self.why.splitlines()
        if len(lines) != len(there):
            lines = [self.why] * len(there)
        return tuple(Clock(name, due, why) for (name, due), why in zip(there, lines, strict=True))


@dataclass(frozen=True, slots=True)
class Candidate:
    organisation: Organisation
    reason: str


@dataclass(frozen=True, slots=True)
class Routing:
    """Who answers, and why, in words; without an organisation the reason says why there is none."""

    organisation: Organisation | None
    reason: str
    candidates: tuple[Candidate, ...] = ()
    contract_code: str = ""
    spoken: bool = False  # the centre itself settles it in the call: an answer, or a transfer to 112


@dataclass(frozen=True, slots=True)
class Preview:
    """All that the operator is told while he still talks; `entry` has the terms of the organisation that answers."""

    routing: Routing
    deadlines: Deadlines
    possible: bool
    impossible_reason: str = ""
    entry: Entry | None = None
    script: tuple[Question, ...] = ()
    paid: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Applicant:
    """`notify` is how he is told (directory/ways.py), "" as the service does; `email` where he is written to."""

    number: str = ""
    name: str = ""
    person_id: int | None = None
    # Out of the print of a form by which one that was sent twice is known: prints of the release before still fit.
    notify: str = field(default="", repr=False)
    email: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class NewTicket:
    """What an operator sends; `key` is his Idempotency-Key: one form, one ticket.

    Without a house `place` says in words where it is, and `district` in whose section, when that is known.
    """

    classifier: str
    house_id: int | None
    premise: str = ""
    applicant: Applicant = field(default_factory=Applicant)
    text: str = ""
    call_id: int | None = None
    answers: tuple[Answer, ...] = ()
    organisation_id: int | None = None
    damage_at: datetime | None = None
    key: str | None = None
    paid: bool = False
    parent: str = ""  # the number of the ticket that it repeats
    conditions: dict[str, Any] = field(default_factory=dict)  # what the rules ask and no question of the script told
    cabinet: bool = False  # from the client's account: an operator reads it before anybody is asked
    anonymous: bool = False  # who asks is not to be named, not even by the call's number
    # Out of the print of a form by which one that was sent twice is known: prints of the release before still fit.
    place: str = field(default="", repr=False)
    district: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class TicketFile:
    """A photo, a signed act or a document; `path` and `thumbnail` are under [files] dir."""

    id: int
    ticket_id: int
    kind: str
    name: str
    path: str
    media_type: str
    bytes: int
    sha256: str
    thumbnail: str
    width: int | None
    height: int | None
    public: bool
    moment: str
    author: str
    created_at: datetime
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class TicketEvent:
    at: datetime
    what: str
    author: str
    reason: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    role: str = ""
    public: bool = True  # the resident may read it
    id: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class RecordingRef:
    id: int
    seconds: float | None
    state: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as it stands. Lists leave `call_ids`, `recordings` and `history` empty."""

    id: int
    number: str
    status: Status
    urgency: Urgency
    classifier: Entry
    house: House | None
    premise: str  # the flat within the house; where there is no house, the place in words
    applicant: Applicant
    organisation: Organisation | None
    organisation_reason: str
    deadlines: Deadlines
    created_at: datetime
    text: str = ""
    answers: tuple[Answer, ...] = ()
    executor: StaffMember | None = None
    mark: int | None = None
    created_by: int | None = None
    version: int = 0
    due_at: datetime | None = None  # the nearest term that still runs
    damage_at: datetime | None = None
    conditions: dict[str, Any] = field(default_factory=dict)
    district: str = ""
    accepted_at: datetime | None = None
    localised_at: datetime | None = None
    fixed_at: datetime | None = None
    closed_at: datetime | None = None
    close_reason: str = ""
    late_at: datetime | None = None  # when its fix term passed unfinished; it stays for ever
    postponed_until: datetime | None = None
    postpone_reason: str = ""
    touched_at: datetime | None = None
    stall_level: int = 0
    declined_count: int = 0
    reopened_count: int = 0
    applicant_count: int = 1
    paid: bool = False
    paid_confirm_by: datetime | None = None
    paid_confirmed_at: datetime | None = None
    marked_at: datetime | None = None
    contract_code: str = ""
    parent_id: int | None = None
    interim_at: datetime | None = None  # when the last interim answer was given to its applicant
    interim_until: datetime | None = None  # the date of the fix that it promised
    interim_text: str = ""
    call_ids: tuple[int, ...] = ()
    recordings: tuple[RecordingRef, ...] = ()
    history: tuple[TicketEvent, ...] = ()

    @property
    def place(self) -> str:
        """Where it is, in words, when there is no house; else ""."""
        return "" if self.house else self.premise

    @property
    def flat(self) -> str:
        """The flat within the house; "" when there is no house."""
        return self.premise if self.house else ""

    @property
    def address(self) -> str:
        """The address of the house, or the place in words."""
        return self.house.address if self.house else self.premise

    def overdue(self, now: datetime) -> bool:
        """Late, past its fix term and not reported done, or past that of acceptance unaccepted; and not final."""
        if self.status.final:
            return False
        fix_by = None if self.status in REPORTED else self.deadlines.fix_by
        accept_by = self.deadlines.accept_by if self.status in UNACCEPTED else None
        return self.late_at is not None or any(term is not None and term < now for term in (fix_by, accept_by))


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """What a list of tickets is narrowed by; `status` may also be "open"."""

    q: str = ""
    status: tuple[str, ...] = ()
    house_id: int | None = None
    organisation_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
