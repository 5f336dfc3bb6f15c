"""The life of a ticket as one table: who moves it from where to where, what the move needs and what forbids it; pure.

The source is DOMAIN.md (13 statuses, moves by key); where the table goes further, docs/decisions.md says why. The
diagram in docs/ and the buttons on the pages are made of this table, and so is the check before each move: there is
no other way for a status to change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from callengine.tickets.model import UNACCEPTED, Status


class Move(StrEnum):
    """The moves by key. `localise`, `confirm_paid`, `postpone` and `interim` keep the status; `move` is the
    administrator's.

    `release` and `executor_left` are the engine's own: nobody confirmed a paid job, or its executor works here no more.
    """

    ROUTE = "route"
    ACCEPT = "accept"
    DECLINE = "decline"
    ASSIGN = "assign"
    START = "start"
    LOCALISE = "localise"
    POSTPONE = "postpone"
    INTERIM = "interim"  # an answer to the applicant that promises the date of the fix (R80)
    REPORT_DONE = "report_done"
    CONFIRM = "confirm"
    RETURN = "return"
    MARK = "mark"
    REWORK = "rework"
    CLOSE = "close"
    REOPEN = "reopen"
    CANCEL = "cancel"
    CONFIRM_PAID = "confirm_paid"
    RELEASE = "release"
    EXECUTOR_LEFT = "executor_left"
    MOVE = "move"


class Field(StrEnum):
    """What a move has to bring."""

    REASON = "reason"
    ORGANISATION = "organisation_id"
    EXECUTOR = "executor_id"
    UNTIL = "until"
    MARK = "mark"  # 1 to 5, or not_done
    STATUS = "status"


OPERATOR, SUPERVISOR, ADMINISTRATOR = "operator", "supervisor", "administrator"
MANAGER, EXECUTOR, SYSTEM = "organisation_manager", "executor", "system"
CENTRE = frozenset({OPERATOR, SUPERVISOR})


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a guard may look at."""

    status: Status
    role: str
    ours: bool = True  # the mover's organisation answers for it (a manager), or he is its executor
    late: bool = False  # its fix term has passed, whether or not it was done since
    has_act: bool = False  # a signed act is among its files
    has_organisation: bool = True
    has_executor: bool = True  # one who still works there
    not_localised: bool = False  # a localisation term runs
    paid_unconfirmed: bool = False
    reopen_until: datetime | None = None
    now: datetime | None = None
    mark: int | None = None  # of the move itself, else the one already kept
    not_done: bool = False
    to: Status | None = None  # where the administrator wants it


Guard = Callable[[Situation], str]


def _act(s: Situation) -> str:
    return "act_required" if s.late and not s.has_act else ""


def _within_period(s: Situation) -> str:
    over = s.reopen_until is not None and s.now is not None and s.now > s.reopen_until
    return "reopen_period_over" if over else ""


def _settled_in_call(s: Situation) -> str:
    return "has_organisation" if s.has_organisation else _act(s)


def _unheld(s: Situation) -> str:
    return "has_organisation" if s.has_organisation else ""


def _executor(s: Situation) -> str:
    return "" if s.has_executor else "no_executor"


def _moving(s: Situation) -> str:
    """The administrator moves anything anywhere, but what is late ends only with its act or cancelled."""
    return _act(s) if s.to is Status.CLOSED else ""


def _organisation(s: Situation) -> str:
    return "" if s.has_organisation else "no_organisation"


def _cancelling(s: Situation) -> str:
    return "late_needs_supervisor" if s.late and s.role == OPERATOR else ""


def _localising(s: Situation) -> str:
    return "" if s.not_localised else "nothing_to_localise"


def _paid(s: Situation) -> str:
    return "" if s.paid_unconfirmed else "nothing_to_confirm"


# Why a move is forbidden now, in words for people; the key goes to programs.
FORBIDDEN: dict[str, tuple[str, str]] = {
    "act_required": (
        "срок нарушен: приложите акт, подписанный жителем, и закройте",
        "it is late: add the act signed by the resident, then close",
    ),
    "reopen_period_over": (
        "срок для возобновления прошёл: зарегистрируйте повторную заявку",
        "the period for reopening is over: register a repeated ticket",
    ),
    "has_organisation": (
        "за заявку отвечает организация: подтвердите её работу или верните",
        "an organisation answers for it: confirm its work or return it",
    ),
    "no_executor": (
        "исполнителя нет или он больше не работает: сначала назначьте",
        "it has no executor, or he works there no more: assign one first",
    ),
    "no_organisation": ("у заявки нет организации: сначала направьте её", "it has no organisation: route it first"),
    "late_needs_supervisor": (
        "просроченную заявку отменяет только старший смены",
        "only a supervisor cancels an overdue ticket",
    ),
    "nothing_to_localise": ("локализовать нечего", "there is nothing to localise"),
    "nothing_to_confirm": ("платной работы на подтверждении нет", "there is no paid job to confirm"),
    "not_yours": ("заявка не ваша", "the ticket is not yours"),
}


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: from any of `sources`, by any of `roles`, to `target` (None keeps the status)."""

    move: Move
    sources: frozenset[Status]
    roles: frozenset[str]
    target: Status | None
    needs: frozenset[Field] = frozenset()
    guard: Guard | None = None
    organised: bool | None = None  # only for tickets with (True) or without (False) an organisation

    def serves(self, move: Move, role: str, s: Situation) -> bool:
        """Whether this is the row for the role's move from here."""
        fits = self.organised is None or self.organised == s.has_organisation
        return self.move is move and s.status in self.sources and role in self.roles and fits

    def forbidden(self, s: Situation) -> str:
        """The key of the reason against it, or ""."""
        if s.role in (MANAGER, EXECUTOR) and not s.ours:
            return "not_yours"
        return self.guard(s) if self.guard else ""


def _row(
    move: Move,
    sources: Status | set[Status] | frozenset[Status],
    roles: set[str] | frozenset[str],
    target: Status | None,
    *needs: Field,
    guard: Guard | None = None,
    organised: bool | None = None,
) -> Transition:
    many = frozenset({sources}) if isinstance(sources, Status) else frozenset(sources)
    return Transition(move, many, frozenset(roles), target, frozenset(needs), guard, organised)


S = Status
_WORKED_ON = {S.NO_EXECUTOR, S.EXECUTOR_ASSIGNED, S.IN_PROGRESS, S.NEEDS_REWORK}
# Somebody answers for it, nobody has begun.
PROMISED = frozenset({S.AWAITING_ACCEPTANCE, S.NO_EXECUTOR, S.EXECUTOR_ASSIGNED})
_OPEN = {status for status in Status if not status.final}
NEEDS_ORGANISATION = frozenset({S.AWAITING_ACCEPTANCE, S.DECLINED, *_WORKED_ON})
NEEDS_EXECUTOR = frozenset({S.EXECUTOR_ASSIGNED})
# Nobody has taken it on yet: its acceptance clock runs.
BEFORE_ACCEPTANCE = frozenset(UNACCEPTED)

TABLE: tuple[Transition, ...] = (
    _row(Move.ROUTE, {S.FROM_CABINET, S.UNASSIGNED, S.DECLINED}, CENTRE, S.AWAITING_ACCEPTANCE, Field.ORGANISATION),
    # What the call did not settle after all: there is work to be done, so somebody answers for it.
    _row(Move.ROUTE, S.AWAITING_CENTRE, CENTRE, S.AWAITING_ACCEPTANCE, Field.ORGANISATION, guard=_unheld),
    # Sent to the wrong place, or the right one does not answer: another organisation, with the reason.
    _row(
        Move.ROUTE,
        {S.AWAITING_ACCEPTANCE, *_WORKED_ON, S.CONFLICT},
        {SUPERVISOR},
        S.AWAITING_ACCEPTANCE,
        Field.ORGANISATION,
        Field.REASON,
    ),
    # Nobody confirmed the paid job in its window: a private firm gets it, or a person chooses anew.
    _row(Move.ROUTE, PROMISED, {SYSTEM}, S.AWAITING_ACCEPTANCE, Field.ORGANISATION, Field.REASON),
    _row(Move.RELEASE, PROMISED, {SYSTEM}, S.UNASSIGNED, Field.REASON),
    _row(Move.ACCEPT, S.AWAITING_ACCEPTANCE, {MANAGER}, S.NO_EXECUTOR),
    # Accepted by telephone: the centre writes down by whom.
    _row(Move.ACCEPT, S.AWAITING_ACCEPTANCE, CENTRE, S.NO_EXECUTOR, Field.REASON),
    _row(Move.DECLINE, S.AWAITING_ACCEPTANCE, {MANAGER}, S.DECLINED, Field.REASON),
    # Declined by telephone, likewise.
    _row(Move.DECLINE, S.AWAITING_ACCEPTANCE, CENTRE, S.DECLINED, Field.REASON),
    _row(
        Move.ASSIGN,
        {S.NO_EXECUTOR, S.EXECUTOR_ASSIGNED, S.NEEDS_REWORK},
        {MANAGER, *CENTRE},
        S.EXECUTOR_ASSIGNED,
        Field.EXECUTOR,
        guard=_organisation,
    ),
    # The job has begun: another executor is a change that has its reason (he fell ill, he left the company).
    _row(Move.ASSIGN, S.IN_PROGRESS, {MANAGER, *CENTRE}, S.EXECUTOR_ASSIGNED, Field.EXECUTOR, Field.REASON),
    _row(Move.EXECUTOR_LEFT, _WORKED_ON - {S.NO_EXECUTOR}, {SYSTEM}, S.NO_EXECUTOR, Field.REASON),
    _row(Move.START, {S.EXECUTOR_ASSIGNED, S.NEEDS_REWORK}, {EXECUTOR, MANAGER}, S.IN_PROGRESS, guard=_executor),
    # An organisation that works by telephone alone: the centre writes down who began, and who reported.
    _row(
        Move.START,
        {S.NO_EXECUTOR, S.EXECUTOR_ASSIGNED, S.NEEDS_REWORK},
        CENTRE,
        S.IN_PROGRESS,
        Field.REASON,
        guard=_organisation,
    ),
    _row(
        Move.LOCALISE,
        {S.AWAITING_ACCEPTANCE, *_WORKED_ON},
        {EXECUTOR, MANAGER, *CENTRE},
        None,
        guard=_localising,
    ),
    _row(Move.POSTPONE, _WORKED_ON, {EXECUTOR, MANAGER, *CENTRE}, None, Field.UNTIL, Field.REASON),
    # Who answers for it writes to the applicant by when it will be; while nobody does, or it is disputed, the centre.
    _row(Move.INTERIM, {S.AWAITING_ACCEPTANCE, *_WORKED_ON}, {MANAGER, *CENTRE}, None, Field.UNTIL, Field.REASON),
    _row(
        Move.INTERIM,
        {S.FROM_CABINET, S.UNASSIGNED, S.DECLINED, S.CONFLICT},
        CENTRE,
        None,
        Field.UNTIL,
        Field.REASON,
    ),
    _row(Move.REPORT_DONE, S.IN_PROGRESS, {EXECUTOR, MANAGER}, S.AWAITING_CENTRE),
    _row(Move.REPORT_DONE, S.IN_PROGRESS, CENTRE, S.AWAITING_CENTRE, Field.REASON),
    _row(Move.CONFIRM, S.AWAITING_CENTRE, CENTRE, S.AWAITING_CLIENT),
    _row(Move.RETURN, S.AWAITING_CENTRE, CENTRE, S.NEEDS_REWORK, Field.REASON, guard=_organisation),
    # Where a mark leads is `after_mark`'s to say: closed, in conflict, or it waits for the act with the mark kept.
    _row(Move.MARK, S.AWAITING_CLIENT, {*CENTRE, SYSTEM}, S.CLOSED, Field.MARK),
    _row(Move.REWORK, S.CONFLICT, {SUPERVISOR}, S.NEEDS_REWORK, Field.REASON, guard=_organisation),
    _row(Move.CLOSE, S.CONFLICT, {SUPERVISOR}, S.CLOSED, Field.REASON, guard=_act),
    # No answer after so many attempts, or the act has come after the mark.
    _row(Move.CLOSE, S.AWAITING_CLIENT, {SUPERVISOR, SYSTEM}, S.CLOSED, Field.REASON, guard=_act),
    # What the centre settled in the call itself: an answer, a referral, a transfer to 112.
    _row(Move.CLOSE, S.AWAITING_CENTRE, CENTRE, S.CLOSED, Field.REASON, guard=_settled_in_call),
    _row(Move.REOPEN, S.CLOSED, CENTRE, S.NEEDS_REWORK, Field.REASON, guard=_within_period, organised=True),
    # It was settled in a call, and was not settled: nobody answers for it yet.
    _row(Move.REOPEN, S.CLOSED, CENTRE, S.UNASSIGNED, Field.REASON, guard=_within_period, organised=False),
    _row(Move.CANCEL, _OPEN, CENTRE, S.CANCELLED, Field.REASON, guard=_cancelling),
    # The organisation says whether it can do the job for money; by telephone too.
    _row(Move.CONFIRM_PAID, {*PROMISED, S.IN_PROGRESS, S.NEEDS_REWORK}, {MANAGER, *CENTRE}, None, guard=_paid),
    _row(Move.MOVE, set(Status), {ADMINISTRATOR}, None, Field.STATUS, Field.REASON, guard=_moving),
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A button: the move, what it needs, and why it is forbidden now ("" when it is not)."""

    move: Move
    target: Status | None
    needs: frozenset[Field]
    forbidden: str = ""

    def forbidden_in_words(self, language: str = "ru") -> str:
        return FORBIDDEN[self.forbidden][0 if language == "ru" else 1] if self.forbidden else ""


def find(move: Move, s: Situation) -> Transition | None:
    """The row that the role may use from here; None when there is none. An administrator acts as a supervisor too."""
    for role in acting_as(s.role):
        for row in TABLE:
            if row.serves(move, role, s):
                return row
    return None


def knows(move: Move, role: str) -> bool:
    """Whether the role may ever make the move, from wherever."""
    return any(row.move is move and one in row.roles for one in acting_as(role) for row in TABLE)


def offers(s: Situation) -> tuple[Offer, ...]:
    """The buttons of one role in one situation, in the order of the table; forbidden ones say why."""
    found: dict[Move, Offer] = {}
    for move in Move:
        row = find(move, s)
        if row:
            found[move] = Offer(move, row.target, row.needs, row.forbidden(s))
    return tuple(found.values())


def guards_of(row: Transition, role: str) -> tuple[str, ...]:
    """The keys of all that may forbid a row to a role, for the documents."""
    own = ("not_yours",) if role in (MANAGER, EXECUTOR) else ()
    return own + (_KEYS[row.guard] if row.guard else ())


_KEYS: dict[Guard, tuple[str, ...]] = {
    _act: ("act_required",),
    _moving: ("act_required",),
    _within_period: ("reopen_period_over",),
    _settled_in_call: ("has_organisation", "act_required"),
    _unheld: ("has_organisation",),
    _executor: ("no_executor",),
    _organisation: ("no_organisation",),
    _cancelling: ("late_needs_supervisor",),
    _localising: ("nothing_to_localise",),
    _paid: ("nothing_to_confirm",),
}


def after_mark(s: Situation) -> Status:
    """Where the client's mark leads (DOMAIN.md): 3 to 5 close, 1 to 2 or "not done" is a conflict.

    A late ticket without its signed act does not close: it waits, and the mark is kept.
    """
    if s.not_done or (s.mark is not None and s.mark <= 2):
        return Status.CONFLICT
    return Status.AWAITING_CLIENT if _act(s) else Status.CLOSED


def acting_as(role: str) -> tuple[str, ...]:
    return (SUPERVISOR, OPERATOR, ADMINISTRATOR) if role == ADMINISTRATOR else (role,)


MOVE_LABELS: dict[Move, tuple[str, str]] = {
    Move.ROUTE: ("Направить", "Route"),
    Move.ACCEPT: ("Принять", "Accept"),
    Move.DECLINE: ("Отклонить", "Decline"),
    Move.ASSIGN: ("Назначить исполнителя", "Assign an executor"),
    Move.START: ("Начать", "Start"),
    Move.LOCALISE: ("Локализовано", "Localised"),
    Move.POSTPONE: ("Отложить", "Postpone"),
    Move.INTERIM: ("Промежуточный ответ", "Interim answer"),
    Move.REPORT_DONE: ("Сделано", "Done"),
    Move.CONFIRM: ("Подтвердить", "Confirm"),
    Move.RETURN: ("Вернуть", "Return"),
    Move.MARK: ("Оценка", "Mark"),
    Move.REWORK: ("На доработку", "Rework"),
    Move.CLOSE: ("Закрыть", "Close"),
    Move.REOPEN: ("Возобновить", "Reopen"),
    Move.CANCEL: ("Отменить", "Cancel"),
    Move.CONFIRM_PAID: ("Платная работа подтверждена", "Paid job confirmed"),
    Move.RELEASE: ("Снять с организации", "Release"),
    Move.EXECUTOR_LEFT: ("Исполнитель выбыл", "Executor left"),
    Move.MOVE: ("Переставить", "Move anywhere"),
}
