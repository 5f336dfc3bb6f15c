"""The table of moves, checked as a model: every state that it can bring a ticket into is visited, and looked at."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callengine.directory.model import Organisation, StaffMember
from callengine.tickets import clocks, effects, lifecycle
from callengine.tickets.clocks import Periods
from callengine.tickets.effects import Asked, Looked, Mover
from callengine.tickets.lifecycle import (
    ADMINISTRATOR,
    EXECUTOR,
    FORBIDDEN,
    MANAGER,
    MOVE_LABELS,
    OPERATOR,
    SUPERVISOR,
    SYSTEM,
    TABLE,
    Move,
    Situation,
    Transition,
)
from callengine.tickets.model import Applicant, Deadlines, Entry, Status, Ticket, TicketEvent, Urgency

S = Status
NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
PERIODS = Periods()
ZAR = Organisation(1, "zar", "УК «Заречье»", "management_company")
VODA = Organisation(2, "voda", "МУП «Водоканал»", "water_utility")
IVANOV = StaffMember(7, "ivanov", "Иванов", EXECUTOR, None, ZAR.id)
ENTRY = Entry("HVS-01", "ХВС", "Течь", "Leak", Urgency.EMERGENCY, "management_company")
TERMS = Deadlines(NOW + timedelta(minutes=5), NOW + timedelta(minutes=30), NOW + timedelta(days=3), "a\nb\nc")
ROLES = (OPERATOR, SUPERVISOR, MANAGER, EXECUTOR, SYSTEM)
FIRST = (S.FROM_CABINET, S.UNASSIGNED, S.AWAITING_ACCEPTANCE, S.AWAITING_CENTRE)


def born(status: Status, *, paid: bool = False) -> Ticket:
    """A ticket as registration makes it: with an organisation only where somebody was asked."""
    return Ticket(
        id=1,
        number="26-000001",
        status=status,
        urgency=Urgency.EMERGENCY,
        classifier=ENTRY,
        house=None,
        premise="",
        applicant=Applicant(),
        organisation=ZAR if status is S.AWAITING_ACCEPTANCE else None,
        organisation_reason="",
        deadlines=TERMS,
        created_at=NOW,
        accepted_at=None if status in lifecycle.BEFORE_ACCEPTANCE else NOW,
        touched_at=NOW,
        paid=paid,
        paid_confirm_by=NOW + timedelta(minutes=90) if paid and status is S.AWAITING_ACCEPTANCE else None,
    )


@dataclass(frozen=True)
class State:
    """A ticket and whether its signed act is there."""

    ticket: Ticket
    has_act: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """All that the guards can tell apart."""
        it = self.ticket
        return (
            it.status,
            it.organisation is not None,
            it.executor is not None,
            it.late_at is not None,
            self.has_act,
            it.localised_at is not None,
            it.paid and it.paid_confirmed_at is None,
            it.mark,
        )


@dataclass(frozen=True)
class Step:
    """One edge of the model: what was done by whom, and the row of the table that allowed it."""

    before: State
    after: State
    role: str
    row: Transition | None  # None: the world's own doing (a term passes, an act comes)


def mover(role: str, ticket: Ticket) -> Mover:
    """Somebody of the role who may: of the ticket's organisation, or its executor."""
    organisation = ticket.organisation.id if ticket.organisation else None
    return Mover(name=role, role=role, staff_id=IVANOV.id, organisation_id=organisation)


def wishes(row: Transition) -> list[Asked]:
    """What somebody may bring to a move: all that leads apart."""
    asked = Asked(row.move, reason="так вышло", organisation_id=2, executor_id=7, until=NOW + timedelta(days=2))
    if row.move is Move.MARK:
        return [replace(asked, mark=mark) for mark in (1, 3, 5)] + [replace(asked, not_done=True)]
    if row.move is Move.MOVE:
        return [replace(asked, status=status) for status in Status]
    return [asked]


def situation(state: State, role: str, asked: Asked | None = None) -> Situation:
    return effects.situation(state.ticket, mover(role, state.ticket), NOW, PERIODS, asked, has_act=state.has_act)


def steps(state: State, roles: tuple[str, ...] = ROLES) -> Iterator[Step]:
    """Everything that can happen next."""
    for role in roles:
        for move in Move:
            row = lifecycle.find(move, situation(state, role))
            for asked in wishes(row) if row else ():
                s = situation(state, role, asked)
                if not row or row.forbidden(s):
                    continue
                looked = Looked(organisation=VODA, executor=IVANOV, deadlines=TERMS)
                after = effects.moved(state.ticket, row, asked, s, looked, NOW, PERIODS)
                if whole(after):
                    yield Step(state, replace(state, ticket=after), role, row)
    it = state.ticket
    if not it.status.final and not it.fixed_at and it.late_at is None:
        yield Step(state, replace(state, ticket=replace(it, late_at=TERMS.fix_by)), "time", None)
    if not state.has_act and it.organisation:
        yield Step(state, replace(state, has_act=True), "file", None)


def whole(ticket: Ticket) -> bool:
    """What the service lets through: a status that needs an organisation or an executor has one."""
    organised = ticket.organisation is not None or ticket.status not in lifecycle.NEEDS_ORGANISATION
    return organised and (ticket.executor is not None or ticket.status not in lifecycle.NEEDS_EXECUTOR)


Model = tuple[dict[object, State], list[Step]]


def explore(roles: tuple[str, ...]) -> Model:
    found = {
        state.key: state for status in FIRST for paid in (False, True) for state in [State(born(status, paid=paid))]
    }
    edges: list[Step] = []
    queue = deque(found.values())
    while queue:
        for step in steps(queue.popleft(), roles):
            edges.append(step)
            if step.after.key not in found:
                found[step.after.key] = step.after
                queue.append(step.after)
    return found, edges


@pytest.fixture(scope="module")
def model() -> Model:
    """All that people and the engine can bring about, the administrator's free hand left out."""
    return explore(ROLES)


@pytest.fixture(scope="module")
def freely() -> Model:
    """And with the administrator, who may move anything anywhere."""
    return explore((*ROLES, ADMINISTRATOR))


def test_every_status_is_reached_without_the_administrator(model: Model) -> None:
    assert {state.ticket.status for state in model[0].values()} == set(Status)
    assert len(Status) == 13


def test_every_row_of_the_table_is_used(freely: Model) -> None:
    used = {id(step.row) for step in freely[1] if step.row}
    assert [row for row in TABLE if id(row) not in used] == []


def stuck(model: Model, edges: list[Step]) -> set[object]:
    """The states, cancelled ones aside, from which these steps lead to no closing."""
    back: dict[object, set[object]] = {}
    for step in edges:
        back.setdefault(step.after.key, set()).add(step.before.key)
    closable = {key for key, state in model[0].items() if state.ticket.status is S.CLOSED}
    queue = deque(closable)
    while queue:
        for key in back.get(queue.popleft(), set()) - closable:
            closable.add(key)
            queue.append(key)
    return {key for key, state in model[0].items() if key not in closable and state.ticket.status is not S.CANCELLED}


def test_no_state_is_a_dead_end(model: Model) -> None:
    """From wherever a ticket stands, people can bring it to its end; an act may have to be signed on the way."""
    assert stuck(model, model[1]) == set()


def test_the_centre_alone_can_bring_every_ticket_to_its_end(model: Model) -> None:
    """An organisation without a computer, an executor who is ill: operator and supervisor still lead it on."""
    assert stuck(model, [step for step in model[1] if step.role in (OPERATOR, SUPERVISOR, "file")]) == set()


def test_a_resident_and_an_inspector_move_nothing(model: Model) -> None:
    for role in ("resident", "inspector", "pbx", ""):
        assert not any(lifecycle.knows(move, role) for move in Move)
        assert not [step for state in model[0].values() for step in steps(state, (role,)) if step.row]
    assert all("resident" not in row.roles for row in TABLE)


def test_a_late_ticket_never_closes_without_its_signed_act_whoever_moves_it(freely: Model) -> None:
    for step in freely[1]:
        if step.before.ticket.late_at and not step.before.has_act:
            reached = step.after.ticket.status
            assert reached is not S.CLOSED or step.before.ticket.status is S.CLOSED, (step.role, step.row)


def test_only_a_leader_takes_a_late_ticket_out_of_control_and_only_by_cancelling(freely: Model) -> None:
    for step in freely[1]:
        if step.before.ticket.late_at and step.after.ticket.status is S.CANCELLED and step.row:
            assert step.role in (SUPERVISOR, ADMINISTRATOR)


def test_once_late_always_late(freely: Model) -> None:
    for step in freely[1]:
        if step.before.ticket.late_at:
            assert step.after.ticket.late_at == step.before.ticket.late_at


def test_no_move_but_a_new_routing_or_a_reopening_touches_a_deadline(freely: Model) -> None:
    for step in freely[1]:
        if step.row and step.row.move not in (Move.ROUTE, Move.REOPEN):
            assert step.after.ticket.deadlines == step.before.ticket.deadlines


def test_what_keeps_the_status_keeps_it(freely: Model) -> None:
    for step in freely[1]:
        if step.row and step.row.move in (Move.POSTPONE, Move.LOCALISE, Move.CONFIRM_PAID):
            assert step.after.ticket.status is step.before.ticket.status


def test_every_move_grows_the_version_by_one_and_begins_the_ladder_anew(freely: Model) -> None:
    for step in freely[1]:
        if step.row:
            assert step.after.ticket.version == step.before.ticket.version + 1
            assert step.after.ticket.stall_level == 0


def test_the_moments_agree_with_the_status(freely: Model) -> None:
    for state in freely[0].values():
        it = state.ticket
        assert (it.closed_at is not None) == it.status.final, state.key
        if it.status is not S.CANCELLED:
            assert (it.fixed_at is not None) <= (it.status in clocks.DONE), state.key
            assert (it.accepted_at is None) == (it.status in lifecycle.BEFORE_ACCEPTANCE), state.key
        if it.status in (S.FROM_CABINET, S.UNASSIGNED):
            assert it.organisation is None
        if it.status in lifecycle.NEEDS_ORGANISATION:
            assert it.organisation is not None
        if it.status in (S.CLOSED, S.CANCELLED, S.AWAITING_CLIENT):
            assert it.due_at is None


def test_one_role_has_one_row_for_a_move_from_a_status() -> None:
    seen: set[tuple[object, ...]] = set()
    for row in TABLE:
        for source in row.sources:
            for role in row.roles:
                for organised in (True, False) if row.organised is None else (row.organised,):
                    key = (row.move, source, role, organised)
                    assert key not in seen, key
                    seen.add(key)


def test_the_administrator_may_do_what_a_supervisor_and_an_operator_may(model: Model) -> None:
    for state in model[0].values():

        def may(role: str, state: State = state) -> set[Move]:
            return {offer.move for offer in lifecycle.offers(situation(state, role))}

        assert may(ADMINISTRATOR) == may(SUPERVISOR) | may(OPERATOR) | {Move.MOVE}


def test_every_key_and_every_move_has_its_words() -> None:
    assert set(MOVE_LABELS) == set(Move)
    guards = {row.guard for row in TABLE if row.guard}
    worst = Situation(
        S.CLOSED, OPERATOR, ours=False, late=True, has_organisation=False, has_executor=False,
        reopen_until=NOW, now=NOW + timedelta(days=1), to=S.CLOSED,
    )  # fmt: skip
    best = replace(worst, has_organisation=True, late=False)
    keys = {guard(s) for guard in guards for s in (worst, best)} - {""}
    assert keys | {"not_yours"} == set(FORBIDDEN)
    for row in TABLE:
        said = {row.guard(s) for s in (worst, best, replace(best, late=True))} - {""} if row.guard else set()
        assert said <= set(lifecycle.guards_of(row, OPERATOR)) <= set(FORBIDDEN)
    assert all(ru and en for ru, en in [*FORBIDDEN.values(), *MOVE_LABELS.values()])


@pytest.mark.parametrize(
    ("mark", "not_done", "late", "act", "leads"),
    [
        (5, False, False, False, S.CLOSED),
        (3, False, False, False, S.CLOSED),
        (2, False, False, False, S.CONFLICT),
        (1, False, True, True, S.CONFLICT),
        (None, True, False, False, S.CONFLICT),
        (5, True, False, False, S.CONFLICT),
        (5, False, True, False, S.AWAITING_CLIENT),
        (5, False, True, True, S.CLOSED),
    ],
)
def test_where_the_mark_leads(mark: int | None, not_done: bool, late: bool, act: bool, leads: Status) -> None:
    s = Situation(S.AWAITING_CLIENT, OPERATOR, late=late, has_act=act, mark=mark, not_done=not_done)
    assert lifecycle.after_mark(s) is leads


# --- the clocks ---------------------------------------------------------------------------------------------------


def test_the_running_term_is_accept_then_localise_then_fix_then_none() -> None:
    it = born(S.AWAITING_ACCEPTANCE)
    assert clocks.due_at(it) == TERMS.accept_by
    it = replace(it, status=S.NO_EXECUTOR, accepted_at=NOW)
    assert clocks.due_at(it) == TERMS.localise_by
    it = replace(it, localised_at=NOW)
    assert clocks.due_at(it) == TERMS.fix_by
    assert clocks.due_at(replace(it, status=S.AWAITING_CENTRE, fixed_at=NOW)) is None


def clock_of(it: Ticket, name: str, now: datetime) -> clocks.TermClock:
    return next(one for one in clocks.clocks(it, now, PERIODS) if one.name == name)


def test_the_accept_clock_is_late_when_nobody_accepted_in_time_and_stays_late_when_somebody_did_after() -> None:
    accept_by, second = NOW + timedelta(minutes=5), timedelta(seconds=1)
    it = born(S.AWAITING_ACCEPTANCE)
    assert clock_of(it, "accept", accept_by).state == "running"
    assert clock_of(it, "accept", accept_by + second).state == "late"
    accepted = replace(it, status=S.NO_EXECUTOR, accepted_at=accept_by)
    assert clock_of(accepted, "accept", NOW + timedelta(hours=1)) == clocks.TermClock(
        "accept", accept_by, accept_by, "met", clock_of(it, "accept", NOW).why
    )
    accepted = replace(accepted, accepted_at=accept_by + second)
    assert clock_of(accepted, "accept", NOW + timedelta(hours=1)).state == "late"


def test_the_fix_clock_is_late_from_the_moment_its_term_passes_and_for_ever_once_marked() -> None:
    fix_by, second = NOW + timedelta(days=3), timedelta(seconds=1)
    it = replace(born(S.IN_PROGRESS), organisation=ZAR)
    assert clock_of(it, "fix", fix_by).state == "running"
    assert clock_of(it, "fix", fix_by + second).state == "late"
    reported = replace(it, status=S.AWAITING_CENTRE, fixed_at=fix_by)
    assert clock_of(reported, "fix", fix_by + timedelta(days=1)).state == "met"
    reported = replace(reported, fixed_at=fix_by + second)
    assert clock_of(reported, "fix", fix_by + timedelta(days=1)).state == "late"
    # Reopened with a new term, which still runs: it was late once, and it stays under control.
    again = replace(it, late_at=NOW - timedelta(days=1))
    assert clock_of(again, "fix", NOW + timedelta(hours=1)).state == "late"


def test_the_centre_has_an_hour_from_the_report_to_look_at_it() -> None:
    def moved(at: datetime, before: Status, after: Status) -> TicketEvent:
        return TicketEvent(at, "move", "", "", {"from": before, "to": after})

    reported_at = NOW + timedelta(hours=5)
    due, second = reported_at + timedelta(minutes=60), timedelta(seconds=1)
    history: tuple[TicketEvent, ...] = (moved(reported_at, S.IN_PROGRESS, S.AWAITING_CENTRE),)
    it = replace(born(S.AWAITING_CENTRE), organisation=ZAR, fixed_at=reported_at, history=history)
    assert clock_of(it, "check", due) == clocks.TermClock("check", due, None, "running")
    assert clock_of(it, "check", due + second).state == "late"
    assert [one.at for one in clocks.promises(it, PERIODS) if one.about == "check"] == [due]
    for looked_at, state in ((due, "met"), (due + second, "late")):
        looked = (*history, moved(looked_at, S.AWAITING_CENTRE, S.AWAITING_CLIENT))
        checked = replace(it, status=S.AWAITING_CLIENT, history=looked)
        assert clock_of(checked, "check", NOW + timedelta(days=2)) == clocks.TermClock("check", due, looked_at, state)
    assert clock_of(born(S.IN_PROGRESS), "check", due).due_at is None


@given(st.sampled_from(list(Status)), st.integers(0, 400), st.integers(0, 3))
def test_a_promise_is_never_kept_twice(status: Status, hours: int, level: int) -> None:
    it = replace(born(status), organisation=ZAR, stall_level=level, postponed_until=NOW + timedelta(hours=hours))
    for promise in clocks.promises(it, PERIODS):
        data = dict(zip(("about", "level", "due_at"), clocks.identity(promise), strict=True))
        told = TicketEvent(promise.at, clocks.REMINDER, "", "", data)
        left = clocks.promises(replace(it, history=(*it.history, told)), PERIODS)
        assert promise not in left and len(left) == len(clocks.promises(it, PERIODS)) - 1


def test_a_final_ticket_promises_nothing() -> None:
    for status in (S.CLOSED, S.CANCELLED):
        assert clocks.promises(replace(born(status), paid=True, postponed_until=NOW), PERIODS) == []


def test_an_answered_term_is_promised_no_more() -> None:
    it = replace(born(S.NO_EXECUTOR), organisation=ZAR, accepted_at=NOW)
    assert {one.about for one in clocks.promises(it, PERIODS)} == {"localise", "fix", "stall"}
    it = replace(it, localised_at=NOW)
    assert {one.about for one in clocks.promises(it, PERIODS)} == {"fix", "stall"}
    it = replace(it, status=S.AWAITING_CLIENT, fixed_at=NOW)
    assert {one.about for one in clocks.promises(it, PERIODS)} == {"client"}


def test_the_ladder_has_its_rungs_at_the_shares_of_the_term() -> None:
    it = replace(born(S.NO_EXECUTOR), organisation=ZAR, deadlines=Deadlines(fix_by=NOW + timedelta(hours=8)))
    rungs = [one for one in clocks.promises(it, PERIODS) if one.about == "stall"]
    assert [(one.level, one.at - NOW) for one in rungs] == [
        (1, timedelta(hours=4)), (2, timedelta(hours=6)), (3, timedelta(hours=8)),
    ]  # fmt: skip
    assert [sorted(clocks.addressed(it, one)) for one in rungs] == [
        ["organisation_manager"], ["supervisor"], ["administrator", "inspector"],
    ]  # fmt: skip
    assigned = replace(it, executor=IVANOV)
    assert sorted(clocks.addressed(assigned, rungs[0])) == ["executor", "organisation_manager"]


def test_a_postponed_ticket_is_not_forgotten_before_its_day_but_its_term_stands() -> None:
    it = replace(born(S.NO_EXECUTOR), organisation=ZAR, deadlines=Deadlines(fix_by=NOW + timedelta(hours=8)))
    put_off = replace(it, postponed_until=NOW + timedelta(hours=10))
    about = {one.about: one.at - NOW for one in clocks.promises(put_off, PERIODS) if one.level in (0, 1)}
    assert about == {"fix": timedelta(hours=8), "postponed": timedelta(hours=10), "stall": timedelta(hours=14)}
