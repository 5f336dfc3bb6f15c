"""What a move does to a ticket: its situation for the guards, the ticket afterwards, the line in the history; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from callengine.clock import rfc3339
from callengine.directory.model import House, Organisation, StaffMember
from callengine.tickets import clocks, lifecycle
from callengine.tickets.lifecycle import Field, Move, Situation, Transition
from callengine.tickets.model import Deadlines, Entry, Status, Ticket, TicketEvent

S = Status
MOST_REASON = 2000
MOST_PROMISED = timedelta(days=366)  # an interim answer may promise the next season, not the next decade


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for: a move with what it needs. `version` is the one he saw, `key` his Idempotency-Key."""

    move: Move
    reason: str = ""
    organisation_id: int | None = None
    executor_id: int | None = None
    until: datetime | None = None
    mark: int | None = None
    not_done: bool = False
    status: Status | None = None
    version: int | None = None
    key: str | None = None
    classifier: str = ""  # of a routing: the problem turned out to be another one
    # Of a routing: it is at this house, or at no house but there.
    house_id: int | None = None
    premise: str = ""
    place: str = ""

    @property
    def fingerprint(self) -> str:
        """The same for the same wish: by it a key that was used for another one is known."""
        wish = (self.move, self.reason, self.organisation_id, self.executor_id, self.until, self.mark, self.not_done)
        where = (self.house_id, self.premise, self.place)
        told = (*wish, self.status, self.classifier, *(where if any(where) else ()))
        return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Looked:
    """What a move names, looked up."""

    organisation: Organisation | None = None
    executor: StaffMember | None = None
    entry: Entry | None = None
    own: Entry | None = None  # the entry with the own terms of the organisation that is asked
    deadlines: Deadlines | None = None  # computed anew, when the move makes them new
    why_organisation: str = ""
    contract_code: str = ""
    where: Where | None = None  # when the move says that it is elsewhere


@dataclass(frozen=True, slots=True)
class Where:
    """Where a ticket is: a house and the flat in it, or the place in words."""

    house: House | None
    premise: str
    district: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """Who moves, as the guards see him."""

    name: str
    role: str
    staff_id: int | None = None
    organisation_id: int | None = None
    districts: tuple[str, ...] = field(default=())


def where_of(it: Ticket | Where) -> tuple[int | None, str]:
    """The same for the same place, whatever its house is called meanwhile."""
    return it.house.id if it.house else None, it.premise


def situation(
    ticket: Ticket, mover: Mover, now: datetime, periods: clocks.Periods, asked: Asked | None = None, *, has_act: bool
) -> Situation:
    """All that the guards of the table look at."""
    late = clocks.late_since(ticket, now) is not None
    executor = ticket.executor
    return Situation(
        status=ticket.status,
        role=mover.role,
        ours=ours(ticket, mover),
        late=late,
        has_act=has_act,
        has_organisation=ticket.organisation is not None,
        has_executor=executor is not None and executor.active,
        not_localised=ticket.deadlines.localise_by is not None and ticket.localised_at is None,
        paid_unconfirmed=ticket.paid and ticket.paid_confirmed_at is None,
        reopen_until=ticket.closed_at + periods.reopen if ticket.closed_at else None,
        now=now,
        mark=asked.mark if asked and asked.mark is not None else ticket.mark,
        not_done=bool(asked and asked.not_done),
        to=asked.status if asked else None,
    )


def ours(ticket: Ticket, mover: Mover) -> bool:
    """Whether the mover answers for it now: its organisation's manager, its own executor; others need not."""
    if mover.role == lifecycle.MANAGER:
        return ticket.organisation is not None and ticket.organisation.id == mover.organisation_id
    if mover.role == lifecycle.EXECUTOR:
        return ticket.executor is not None and ticket.executor.id == mover.staff_id
    return True


def answers(ticket: Ticket, mover: Mover) -> bool:
    """Whether the mover may write on it: it is his, and his organisation has not declined it."""
    declined = mover.role == lifecycle.MANAGER and ticket.status is Status.DECLINED
    return ours(ticket, mover) and not declined


# --- what is missing ------------------------------------------------------------------------------------------


def missing(row: Transition, asked: Asked, now: datetime, periods: clocks.Periods) -> list[tuple[str, str]]:
    """Pairs of pointer and what to do, for all that the move needs and did not bring."""
    checks = {
        Field.REASON: _no_reason,
        Field.ORGANISATION: _no_organisation,
        Field.EXECUTOR: _no_executor,
        Field.MARK: _no_mark,
        Field.STATUS: _no_status,
    }
    found = [(name, check(asked)) for name, check in checks.items() if name in row.needs]
    if Field.UNTIL in row.needs:
        found.append((Field.UNTIL, _no_until(row.move, asked, now, periods)))
    if Field.MARK not in row.needs and (asked.mark is not None or asked.not_done):
        found.append((Field.MARK, "only the move `mark` brings a mark"))
    return [(f"#/{name.value}", text) for name, text in found if text]


def _no_reason(asked: Asked) -> str:
    if len(asked.reason.strip()) < 3:
        return "write the reason: it stays in the history"
    return "the reason is too long" if len(asked.reason) > MOST_REASON else ""


def _no_organisation(asked: Asked) -> str:
    return "" if asked.organisation_id is not None else "name the organisation"


def _no_executor(asked: Asked) -> str:
    return "" if asked.executor_id is not None else "name the executor"


def _no_status(asked: Asked) -> str:
    return "" if asked.status is not None else "name the status"


def _no_mark(asked: Asked) -> str:
    if asked.mark is None:
        return "" if asked.not_done else "give a mark from 1 to 5, or say that it is not done"
    return "" if 1 <= asked.mark <= 5 else "a mark is 1 to 5"


def _no_until(move: Move, asked: Asked, now: datetime, periods: clocks.Periods) -> str:
    if asked.until is None:
        return "say until when"
    if asked.until <= now:
        return "this moment is past: name a later one"
    if move is Move.INTERIM:
        late = asked.until > now + MOST_PROMISED
        return f"an answer promises a date within {MOST_PROMISED.days} days: name an earlier one" if late else ""
    if asked.until > now + periods.postpone:
        return f"it cannot be put off by more than {periods.postpone.days} days at once"
    return ""


# --- the ticket afterwards ------------------------------------------------------------------------------------


def target(ticket: Ticket, row: Transition, asked: Asked, s: Situation) -> Status:
    """Where the move leads."""
    if row.move is Move.MARK:
        return lifecycle.after_mark(s)
    if row.move is Move.MOVE:
        return asked.status or ticket.status
    return row.target or ticket.status


def moved(
    ticket: Ticket, row: Transition, asked: Asked, s: Situation, looked: Looked, now: datetime, periods: clocks.Periods
) -> Ticket:
    """The ticket after the move, all its moments kept up; its history is still the old one."""
    to = target(ticket, row, asked, s)
    after = replace(
        ticket,
        status=to,
        version=ticket.version + 1,
        touched_at=now,
        stall_level=0,
        late_at=clocks.late_since(ticket, now),
    )
    if row.move in _EFFECTS:
        after = _EFFECTS[row.move](_Act(after, asked, looked, now, periods))
    after = _kept_up(ticket, after, asked, now)
    return replace(after, due_at=clocks.due_at(after))


@dataclass(frozen=True, slots=True)
class _Act:
    ticket: Ticket
    asked: Asked
    looked: Looked
    now: datetime
    periods: clocks.Periods


def _route(act: _Act) -> Ticket:
    it, looked = act.ticket, act.looked
    entry = looked.entry or it.classifier
    own = looked.own or entry
    paid = it.paid or own.paid
    if (where := looked.where) is not None:
        it = replace(it, house=where.house, premise=where.premise, district=where.district)
    return replace(
        _fresh_terms(it, looked),
        organisation=looked.organisation,
        organisation_reason=looked.why_organisation,
        contract_code=looked.contract_code,
        executor=None,
        classifier=entry,
        urgency=own.urgency,
        paid=paid,
        paid_confirm_by=confirm_by(own, act.now, act.periods) if paid else None,
        paid_confirmed_at=None,
        postponed_until=None,
        postpone_reason="",
        accepted_at=None,
    )


def confirm_by(entry: Entry, now: datetime, periods: clocks.Periods) -> datetime:
    """Until when the organisation confirms a paid job (by-115: 90 minutes)."""
    minutes = entry.confirm_minutes
    return now + (periods.paid_confirm if minutes is None else timedelta(minutes=minutes))


def _fresh_terms(it: Ticket, looked: Looked) -> Ticket:
    return replace(it, deadlines=looked.deadlines) if looked.deadlines else it


def _assign(act: _Act) -> Ticket:
    return replace(act.ticket, executor=act.looked.executor)


def _decline(act: _Act) -> Ticket:
    return replace(act.ticket, declined_count=act.ticket.declined_count + 1)


def _start(act: _Act) -> Ticket:
    """Who begins a paid job has confirmed it."""
    it = act.ticket
    return replace(it, paid_confirmed_at=act.now) if it.paid and it.paid_confirmed_at is None else it


def _localise(act: _Act) -> Ticket:
    return replace(act.ticket, localised_at=act.now)


def _postpone(act: _Act) -> Ticket:
    return replace(act.ticket, postponed_until=act.asked.until, postpone_reason=act.asked.reason)


def _interim(act: _Act) -> Ticket:
    return replace(act.ticket, interim_at=act.now, interim_until=act.asked.until, interim_text=act.asked.reason)


def _confirm_paid(act: _Act) -> Ticket:
    return replace(act.ticket, paid_confirmed_at=act.now)


def _mark(act: _Act) -> Ticket:
    return replace(act.ticket, mark=act.asked.mark, marked_at=act.now)


def _again(act: _Act) -> Ticket:
    """To be done once more: the mark of the first time stays in the history alone."""
    return replace(act.ticket, mark=None, marked_at=None, fixed_at=None)


def _reopen(act: _Act) -> Ticket:
    it = replace(_again(act), reopened_count=act.ticket.reopened_count + 1, localised_at=None)
    it = replace(it, interim_at=None, interim_until=None, interim_text="")  # what was promised was of the first time
    return _fresh_terms(it, act.looked)


def _release(act: _Act) -> Ticket:
    return replace(
        act.ticket, organisation=None, organisation_reason=act.asked.reason, contract_code="", paid_confirm_by=None
    )


def _move(act: _Act) -> Ticket:
    it, looked = act.ticket, act.looked
    if looked.organisation is not None and looked.organisation != it.organisation:
        # Another one's executor, word on a paid job, and the contract that named the one before, are not its own.
        it = replace(it, organisation=looked.organisation, executor=None, paid_confirmed_at=None)
        it = replace(it, organisation_reason=looked.why_organisation, contract_code="")
        it = replace(it, paid_confirm_by=confirm_by(it.classifier, act.now, act.periods) if it.paid else None)
    it = replace(it, executor=looked.executor or it.executor)
    return replace(it, mark=None, marked_at=None) if it.status in lifecycle.NEEDS_ORGANISATION else it


_EFFECTS: dict[Move, Callable[[_Act], Ticket]] = {
    Move.ROUTE: _route,
    Move.ASSIGN: _assign,
    Move.DECLINE: _decline,
    Move.START: _start,
    Move.LOCALISE: _localise,
    Move.POSTPONE: _postpone,
    Move.INTERIM: _interim,
    Move.CONFIRM_PAID: _confirm_paid,
    Move.MARK: _mark,
    Move.RETURN: _again,
    Move.REWORK: _again,
    Move.REOPEN: _reopen,
    Move.RELEASE: _release,
    Move.MOVE: _move,
}
# In these nobody has the job in hand.
_WITHOUT_EXECUTOR = frozenset({*lifecycle.BEFORE_ACCEPTANCE, S.NO_EXECUTOR})
_WITHOUT_ORGANISATION = frozenset({S.FROM_CABINET, S.UNASSIGNED})


def _kept_up(before: Ticket, after: Ticket, asked: Asked, now: datetime) -> Ticket:
    """What each status says of the moments and of the people, however the ticket came into it."""
    to, changes = after.status, dict[str, Any]()
    if to is not S.CANCELLED:
        changes["accepted_at"] = None if to in lifecycle.BEFORE_ACCEPTANCE else after.accepted_at or now
        done = to in clocks.DONE
        changes["fixed_at"] = (after.fixed_at or now) if done else None
        if done:
            changes |= {"postponed_until": None, "postpone_reason": ""}
            if after.deadlines.localise_by and after.localised_at is None:
                changes["localised_at"] = now  # what is mended is stopped, too
    if to.final:
        changes["closed_at"] = before.closed_at if before.status.final and before.status is to else now
        changes["close_reason"] = asked.reason
    else:
        changes |= {"closed_at": None, "close_reason": ""}
    if to in _WITHOUT_EXECUTOR:
        changes["executor"] = None
    if to in _WITHOUT_ORGANISATION:
        changes |= {"organisation": None, "contract_code": ""}
        if before.organisation is not None:
            changes["organisation_reason"] = asked.reason
    return replace(after, **changes)


# --- the line in the history ----------------------------------------------------------------------------------


def event(before: Ticket, after: Ticket, row: Transition, asked: Asked, mover: Mover, now: datetime) -> TicketEvent:
    """One appended event: author, role, time, reason, from where to where, and what came with it."""
    data: dict[str, Any] = {"move": row.move, "from": before.status, "to": after.status}
    if asked.key:
        data["asked"] = asked.fingerprint
    if row.move is Move.MARK:
        data |= {"mark": asked.mark, "not_done": asked.not_done}
    if row.move is Move.POSTPONE and asked.until:
        data |= {"until": rfc3339(asked.until), "count": 1 + postponed_count(before)}
    if row.move is Move.INTERIM and asked.until:
        data["until"] = rfc3339(asked.until)
    if after.organisation != before.organisation:
        data |= {"organisation_id": after.organisation.id if after.organisation else None}
        data |= {"organisation": after.organisation.name if after.organisation else None}
    if after.executor != before.executor:
        data |= {"executor_id": after.executor.id if after.executor else None}
        data |= {"executor": after.executor.name if after.executor else None}
    if after.classifier.code != before.classifier.code:
        data |= {"classifier": after.classifier.code, "classifier_before": before.classifier.code}
    if where_of(after) != where_of(before):
        data |= {"house_id": after.house.id if after.house else None, "address": after.address, "premise": after.flat}
        data |= {"address_before": before.address, "premise_before": before.flat}
    if after.deadlines.fix_by != before.deadlines.fix_by:
        data["fix_by"] = rfc3339(after.deadlines.fix_by) if after.deadlines.fix_by else None
    if after.late_at:
        data["late"] = True
    return TicketEvent(now, row.move.value, mover.name, asked.reason, data, mover.role)


def postponed_count(ticket: Ticket) -> int:
    """How often it was put off."""
    return sum(1 for event in ticket.history if event.what == Move.POSTPONE)
