"""A ticket's page as the public shape: the ticket, its clocks, the buttons of one's role, all masked by the scope."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from callengine.api import render, schemas
from callengine.clock import Clock
from callengine.log import masked
from callengine.store.moves import LoadRow
from callengine.store.ticket_pages import CallOfTicket, FurtherApplicant, TicketPage
from callengine.tickets import clocks, effects
from callengine.tickets.lifecycle import MOVE_LABELS, Offer
from callengine.tickets.model import Applicant, Ticket, TicketEvent
from callengine.tickets.translations import ticket_in
from callengine.tickets.visibility import Scope, masked_applicant, shown


def whole(
    page: TicketPage, offers: Sequence[Offer], scope: Scope, clock: Clock, periods: clocks.Periods, language: str
) -> schemas.Ticket:
    """One ticket with all that its page shows."""
    now, it = clock.now(), ticket_in(shown(page.ticket, scope), language)
    return schemas.Ticket(
        **dict(render.ticket_row(it, now)),
        version=it.version,
        executor=render.executor(it.executor) if it.executor else None,
        executor_phone=it.executor.phone if it.executor and _rings(scope, it) else "",
        text=it.text,
        answers=[schemas.Answer(question=one.question, answer=one.answer) for one in it.answers],
        organisation_reason=it.organisation_reason,
        **{name: getattr(it, name) for name in _PLAIN},
        late_at=clocks.late_since(it, now),
        postponed=postponed(it),
        interim=render.interim(it),
        notify=_way(it, scope),
        links=_links(page) if scope.everything else None,
        classifier_version=page.version.id if page.version else None,
        classifier_since=page.version.applied_at if page.version else None,
        repeat_of=page.repeat_of,
        moves=[offer(one, language) for one in offers],
        clocks=[term_clock(one) for one in clocks.clocks(it, now, periods)],
        applicants=[_applicant(one, scope) for one in page.applicants],
        calls=[_call(one, scope) for one in page.calls],
        files=[render.ticket_file(one) for one in page.files if scope.internal or one.public],
        call_ids=list(it.call_ids),
        recordings=[render.recording_ref(one) for one in it.recordings],
        history=[event(one) for one in it.history],
    )


def _rings(scope: Scope, it: Ticket) -> bool:
    """Who may ring its executor on his own telephone: the desk, and his manager while they answer for it."""
    own = it.organisation.id if it.organisation else None
    return scope.everything or (scope.organisation_id is not None and scope.organisation_id == own)


# What the shape and the ticket call by the same name.
_PLAIN = (
    "marked_at damage_at closed_at close_reason stall_level declined_count reopened_count paid_confirm_by "
    "paid_confirmed_at"
).split()


def offer(it: Offer, language: str) -> schemas.MoveOffer:
    return schemas.MoveOffer(
        move=it.move,
        label=MOVE_LABELS[it.move][0 if language == "ru" else 1],
        target=it.target,
        needs=sorted(it.needs),
        forbidden=it.forbidden,
        forbidden_words=it.forbidden_in_words(language),
    )


def term_clock(it: clocks.TermClock) -> schemas.TermClock:
    return schemas.TermClock(
        name=cast(Any, it.name), due_at=it.due_at, met_at=it.met_at, state=cast(Any, it.state), why=it.why
    )


def event(it: TicketEvent) -> schemas.TicketEvent:
    return schemas.TicketEvent(
        at=it.at, what=it.what, author=it.author, role=it.role, reason=it.reason, data=it.data, public=it.public
    )


def postponed(it: Ticket) -> schemas.Postponed | None:
    if it.postponed_until is None:
        return None
    count = effects.postponed_count(it)
    return schemas.Postponed(until=it.postponed_until, reason=it.postpone_reason, count=count)


def _way(it: Ticket, scope: Scope) -> schemas.NotifyWay | None:
    """For the desk alone, which changes it."""
    who = it.applicant
    return schemas.NotifyWay(notify=cast(Any, who.notify), email=who.email) if scope.everything else None


def _links(page: TicketPage) -> schemas.LinksGiven | None:
    it = page.links
    return schemas.LinksGiven.model_validate(it, from_attributes=True) if it else None


def _applicant(it: FurtherApplicant, scope: Scope) -> schemas.FurtherApplicant:
    who = Applicant(it.number, it.name)
    who = who if scope.personal else masked_applicant(who)
    return schemas.FurtherApplicant(
        name=who.name,
        number=who.number,
        premise=it.premise,
        text=it.text,
        call_id=it.call_id,
        joined_at=it.joined_at,
        joined_by=it.joined_by,
    )


def _call(it: CallOfTicket, scope: Scope) -> schemas.TicketCall:
    return schemas.TicketCall(
        id=it.id,
        at=it.at,
        direction=it.direction,
        number=it.number if scope.personal else masked(it.number),
        talk_seconds=it.talk_seconds,
        recording=render.recording_ref(it.recording) if it.recording else None,
    )


def reminder(it: Ticket, about: str, level: int, due_at: datetime) -> schemas.TicketReminder:
    return schemas.TicketReminder(
        number=it.number,
        about=cast(Any, about),
        level=level,
        due_at=due_at,
        status=it.status,
        urgency=it.urgency,
        problem_ru=it.classifier.problem_ru,
        problem_en=it.classifier.problem_en,
        address=it.address,
    )


def load(rows: Sequence[LoadRow]) -> schemas.OrganisationLoad:
    return schemas.OrganisationLoad(
        open=sum(row.count for row in rows),
        late=sum(row.late for row in rows),
        stalled=sum(row.stalled for row in rows),
        lines=[schemas.LoadLine.model_validate(row, from_attributes=True) for row in rows],
    )
