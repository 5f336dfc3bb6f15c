"""The clocks of a ticket and the promises that its timer keeps: what runs, what was met, what is due next; pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter

from callengine.clock import rfc3339
from callengine.config import Tickets as TicketSettings
from callengine.tickets.lifecycle import (
    ADMINISTRATOR,
    BEFORE_ACCEPTANCE,
    CENTRE,
    EXECUTOR,
    MANAGER,
    PROMISED,
    SUPERVISOR,
    Move,
)
from callengine.tickets.model import Deadlines, Status, Ticket, TicketEvent

TIMER = "ticket"  # the one timer of a ticket: its subject is the row's id
REMINDER = "reminder"
MUNICIPALITY = "inspector"
S = Status
# A job is reported done in these; in the others its fix term runs.
DONE = frozenset({S.AWAITING_CENTRE, S.AWAITING_CLIENT, S.CONFLICT, S.CLOSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """The periods of a ticket's life, as [tickets] of the configuration names them."""

    reopen: timedelta = timedelta(days=14)
    stall_shares: tuple[float, ...] = (0.5, 0.75, 1.0)
    plain_term: timedelta = timedelta(hours=72)
    check: timedelta = timedelta(minutes=60)
    paid_confirm: timedelta = timedelta(minutes=90)
    client: timedelta = timedelta(days=3)
    postpone: timedelta = timedelta(days=30)


def periods_of(settings: TicketSettings) -> Periods:
    return Periods(
        reopen=timedelta(days=settings.reopen_days),
        stall_shares=tuple(settings.stall_shares),
        plain_term=timedelta(hours=settings.plain_hours),
        check=timedelta(minutes=settings.check_minutes),
        paid_confirm=timedelta(minutes=settings.paid_confirm_minutes),
        client=timedelta(days=settings.client_days),
        postpone=timedelta(days=settings.postpone_days),
    )


@dataclass(frozen=True, slots=True)
class TermClock:
    """One clock: `state` is running, met, late or none (there is no such term, or it stopped unmet)."""

    name: str
    due_at: datetime | None
    met_at: datetime | None
    state: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Promise:
    """What the timer does at the moment: `about` accept, localise, fix, stall, check, client, paid, postponed, interim
    (an interim answer is due) or promised (the date that one promised has come)."""

    at: datetime
    about: str
    level: int = 0  # the rung, of a stall


_AT: Callable[[Promise], datetime] = attrgetter("at")


# --- what stands now ----------------------------------------------------------------------------------------


def due_at(ticket: Ticket) -> datetime | None:
    """The nearest term that still runs: accept, then localise, then fix; None when the job is reported done."""
    return nearest(
        ticket.status, ticket.deadlines, localised=ticket.localised_at is not None, fixed=bool(ticket.fixed_at)
    )


def nearest(status: Status, terms: Deadlines, *, localised: bool = False, fixed: bool = False) -> datetime | None:
    """The same of a ticket that is not yet made."""
    if status.final or status is S.AWAITING_CLIENT:
        return None
    if status in BEFORE_ACCEPTANCE and terms.accept_by:
        return terms.accept_by
    if fixed:
        return None
    if terms.localise_by and not localised:
        return terms.localise_by
    return terms.fix_by


def late_since(ticket: Ticket, now: datetime) -> datetime | None:
    """When its fix term passed unfinished; None while it has not. Once late, a ticket stays late."""
    fix_by = ticket.deadlines.fix_by
    if ticket.late_at or fix_by is None:
        return ticket.late_at
    end = ticket.fixed_at or ticket.closed_at or now
    return fix_by if fix_by < end else None


def entered_at(ticket: Ticket) -> datetime:
    """When the ticket came into its status, by its history."""
    for event in reversed(ticket.history):
        if event.data.get("to") == ticket.status and event.data.get("from") != ticket.status:
            return event.at
    return ticket.created_at


def clocks(ticket: Ticket, now: datetime, periods: Periods) -> tuple[TermClock, ...]:
    """The six clocks; each term of the rules with its why."""
    terms = ticket.deadlines
    why = {one.name: one.why for one in terms.each()}
    accepted = None if ticket.status in BEFORE_ACCEPTANCE else ticket.accepted_at
    paid_by = ticket.paid_confirm_by if ticket.paid else None
    found = (
        _clock("accept", terms.accept_by, accepted, ticket, now, why),
        _clock("localise", terms.localise_by, ticket.localised_at, ticket, now, why),
        _clock("fix", terms.fix_by, ticket.fixed_at, ticket, now, why),
        # What is mended needs no answer of when it will be.
        _clock("interim", terms.interim_by, ticket.interim_at or ticket.fixed_at, ticket, now, why),
        _clock("check", *_check(ticket, periods), ticket, now, why),
        _clock("paid", paid_by, ticket.paid_confirmed_at, ticket, now, why),
    )
    return tuple(replace(one, state="late") if one.name == "fix" and ticket.late_at else one for one in found)


def _clock(
    name: str, due: datetime | None, met: datetime | None, ticket: Ticket, now: datetime, why: dict[str, str]
) -> TermClock:
    if due is None:
        return TermClock(name, None, met, "none", why.get(name, ""))
    end = met or ticket.closed_at or now
    state = "late" if due < end else "met" if met else "none" if ticket.status.final else "running"
    return TermClock(name, due, met, state, why.get(name, ""))


def _check(ticket: Ticket, periods: Periods) -> tuple[datetime | None, datetime | None]:
    """When the centre has to look at the reported job, and when it did."""
    if ticket.status is S.AWAITING_CENTRE:
        return entered_at(ticket) + periods.check, None
    looked: datetime | None = None  # backwards: the look first, then the report before it
    for event in reversed(ticket.history):
        before, after = event.data.get("from"), event.data.get("to")
        if looked is None and before == S.AWAITING_CENTRE and after != before:
            looked = event.at
        elif looked and after == S.AWAITING_CENTRE and after != before:
            return event.at + periods.check, looked
    return (ticket.created_at + periods.check, looked) if looked else (None, None)


WRONG_NUMBER = "wrong_number"  # the line of the history that the robot writes
OF_CLIENT = frozenset({"rating", "result"})  # the calls that are to the client himself


def stranger_asked(ticket: Ticket) -> bool:
    """Whether, since it waits for its client, somebody else was asked in his place: he has not been silent then."""
    if ticket.status is not S.AWAITING_CLIENT:
        return False
    for event in reversed(ticket.history):
        if event.what == WRONG_NUMBER and event.data.get("kind") in OF_CLIENT:
            return True
        if event.data.get("to") == ticket.status and event.data.get("from") != ticket.status:
            return False
    return False


# --- who holds it, and who is reminded ------------------------------------------------------------------------

_WITH_CENTRE = frozenset({S.FROM_CABINET, S.UNASSIGNED, S.DECLINED, S.AWAITING_CENTRE, S.AWAITING_CLIENT})


def holders(ticket: Ticket) -> frozenset[str]:
    """The roles that must act now."""
    if ticket.status is S.CONFLICT:
        return frozenset({SUPERVISOR})
    if ticket.status is S.AWAITING_CLIENT and ticket.late_at:
        return CENTRE | {MANAGER}  # it waits for the act that the organisation has to bring
    if ticket.status in _WITH_CENTRE:
        return CENTRE
    return frozenset({EXECUTOR, MANAGER}) if ticket.executor else frozenset({MANAGER})


def touches(ticket: Ticket, role: str) -> bool:
    """Whether a word of this role shows that the ticket is not forgotten."""
    return role in holders(ticket) or (role == ADMINISTRATOR and bool(holders(ticket) & CENTRE))


def addressed(ticket: Ticket, promise: Promise) -> frozenset[str]:
    """The roles that a reminder is for; of an organisation's people only its own, of executors only the one."""
    if promise.about == "stall":
        rungs = (holders(ticket), frozenset({SUPERVISOR}), frozenset({ADMINISTRATOR, MUNICIPALITY}))
        return rungs[min(promise.level, len(rungs)) - 1]
    if promise.about == "check":
        return CENTRE
    if promise.about in ("localise", "fix", "interim", "promised"):
        return holders(ticket) | CENTRE
    return holders(ticket) | {SUPERVISOR}


# --- what the timer has to do ---------------------------------------------------------------------------------


def promises(ticket: Ticket, periods: Periods) -> list[Promise]:
    """All that is still to come or to be done for a ticket as it stands, done reminders left out, nearest first."""
    return sorted(_to_come(ticket, periods), key=_AT)


def _to_come(ticket: Ticket, periods: Periods) -> list[Promise]:
    if ticket.status.final:
        return []
    found = [*_terms(ticket), *_ladder(ticket, periods), *_waits(ticket, periods)]
    told = {_told(event) for event in ticket.history if event.what == REMINDER}
    return [one for one in found if identity(one) not in told] if told else found


def identity(promise: Promise) -> tuple[str, int, str]:
    """What makes a promise itself: the same one is never kept twice."""
    return promise.about, promise.level, rfc3339(promise.at)


def _told(event: TicketEvent) -> tuple[str, int, str]:
    return event.data.get("about", ""), event.data.get("level", 0), event.data.get("due_at", "")


def _terms(ticket: Ticket) -> list[Promise]:
    terms = ticket.deadlines
    found: list[Promise] = []
    if ticket.status in BEFORE_ACCEPTANCE and terms.accept_by:
        found.append(Promise(terms.accept_by, "accept"))
    if ticket.status in DONE and ticket.fixed_at:
        return found
    if terms.localise_by and ticket.localised_at is None:
        found.append(Promise(terms.localise_by, "localise"))
    if terms.fix_by:
        found.append(Promise(terms.fix_by, "fix"))
    return found


def _ladder(ticket: Ticket, periods: Periods) -> list[Promise]:
    """Rungs not yet climbed. A postponed ticket is not forgotten before its day; its deadline stands all the same.

    The client may take his time with the mark, but what is late stays under control until its act has come.
    """
    if ticket.status is S.AWAITING_CLIENT and not ticket.late_at:
        return []
    since = ticket.touched_at or ticket.created_at
    if ticket.postponed_until:
        since = max(since, ticket.postponed_until)
    fix_by, began = ticket.deadlines.fix_by, began_at(ticket)
    term = fix_by - began if fix_by and fix_by > began else periods.plain_term
    rungs = enumerate(periods.stall_shares, start=1)
    return [Promise(since + term * share, "stall", level) for level, share in rungs if level > ticket.stall_level]


def reopened_at(ticket: Ticket) -> datetime | None:
    """The moment of its last reopening; None when it never was. Its history has to be read."""
    return next((event.at for event in reversed(ticket.history) if event.what == Move.REOPEN), None)


def began_at(ticket: Ticket) -> datetime:
    """Since when its present terms count: its registration, or its last reopening."""
    return reopened_at(ticket) or ticket.created_at


def _waits(ticket: Ticket, periods: Periods) -> list[Promise]:
    found: list[Promise] = []
    if ticket.status is S.AWAITING_CENTRE:
        found.append(Promise(entered_at(ticket) + periods.check, "check"))
    if ticket.status is S.AWAITING_CLIENT and ticket.mark is None:
        found.append(Promise(entered_at(ticket) + periods.client, "client"))
    unconfirmed = ticket.paid and ticket.organisation and not ticket.paid_confirmed_at
    if ticket.paid_confirm_by and unconfirmed and ticket.status in PROMISED:
        found.append(Promise(ticket.paid_confirm_by, "paid"))
    if ticket.postponed_until and not ticket.fixed_at:
        found.append(Promise(ticket.postponed_until, "postponed"))
    if ticket.deadlines.interim_by and not (ticket.interim_at or ticket.fixed_at):
        found.append(Promise(ticket.deadlines.interim_by, "interim"))
    if ticket.interim_until and not ticket.fixed_at:
        found.append(Promise(ticket.interim_until, "promised"))
    return found


def next_at(ticket: Ticket, periods: Periods) -> datetime | None:
    """When the timer has to fire next; None when there is nothing more to promise."""
    return min(map(_AT, _to_come(ticket, periods)), default=None)
