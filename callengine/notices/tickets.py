"""What follows for people from what happens to tickets: the executor's job, the resident's news, the municipality.

All of it within the transaction of the fact: a ticket that moved has its notices, or neither is durable.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from callengine import config, phone
from callengine.access.model import EXECUTOR, INSPECTOR, MANAGER, SUPERVISOR
from callengine.clock import Clock, rfc3339
from callengine.notices import robot, rules
from callengine.notices.model import (
    Channel,
    Duties,
    Kind,
    NoticeAcknowledged,
    NoticeSettled,
    NoticeTried,
    Recipient,
    Until,
    Wanted,
)
from callengine.notices.organisations import OrganisationNotices
from callengine.notices.outbox import Outbox
from callengine.notices.reasons import reason
from callengine.notices.residents import ResidentNotices
from callengine.outreach.events import OutreachSettled
from callengine.store import notices as rows
from callengine.store import tickets as ticket_rows
from callengine.store.database import Tx
from callengine.tickets.clocks import DONE
from callengine.tickets.events import (
    TicketCommented,
    TicketJoined,
    TicketMoved,
    TicketOpened,
    TicketReminded,
    TicketWayChanged,
)
from callengine.tickets.lifecycle import CENTRE, Move
from callengine.tickets.model import Status, Ticket, TicketEvent
from callengine.tickets.remind import REFUSED, RESIDENT_WORD, UNACKNOWLEDGED, UNTOLD, WRONG_NUMBER, remind
from callengine.tickets.visibility import RESIDENT

NOTHING = "—"
# The rungs of a job's ladder, each later than the one before it; the last one is the supervisor's.
JOB_RUNGS = (Channel.PUSH, Channel.SMS, Channel.CALL)
# The job is in hands when its executor did any of these.
BEGUN = frozenset({Move.START, Move.LOCALISE, Move.REPORT_DONE, Move.POSTPONE})
GRAVER = frozenset({Move.ROUTE, Move.REOPEN, Move.MOVE})  # they may bring another urgency, or an older one back
ABOUT = {
    "accept": ("срок принятия прошёл", "the term of acceptance passed"),
    "localise": ("срок локализации прошёл", "the localisation term passed"),
    "fix": ("срок устранения прошёл", "the fix term passed"),
    "stall": ("по заявке давно ничего не делается", "nobody has touched the ticket for long"),
    "check": ("выполнение ждёт подтверждения", "the job waits to be confirmed"),
    "client": ("житель не ответил", "the resident has not answered"),
    "paid": ("платная работа не подтверждена", "the paid job is not confirmed"),
    "interim": ("заявителю не дан промежуточный ответ", "the applicant has no interim answer"),
    "promised": ("наступил срок, обещанный заявителю", "the date that the applicant was promised has come"),
    "postponed": ("наступил день, до которого отложили", "the day it was put off to has come"),
    RESIDENT_WORD: ("житель написал по заявке", "the resident wrote on the ticket"),
    WRONG_NUMBER: ("по номеру заявителя ответил другой человек", "another person answers at the number"),
    REFUSED: ("исполнитель отказался от заявки", "the executor refused the job"),
}


class TicketNotices:
    """The reactions of the notices' room; app.py hangs them up."""

    def __init__(
        self,
        outbox: Outbox,
        clock: Clock,
        settings: config.Notices,
        zone: ZoneInfo,
        language: str,
        *,
        ratings: bool = True,
    ) -> None:
        self._outbox, self._clock, self._settings = outbox, clock, settings
        self._zone, self._language = zone, language
        self.duties: Duties | None = None
        self._organisations = OrganisationNotices(
            outbox, clock, settings, language, fields=self.fields, climbing=self._climbing
        )
        self._residents = ResidentNotices(
            outbox,
            clock,
            settings,
            language,
            fields=self.fields,
            climbing=self._climbing,
            moment=self._moment,
            ratings=ratings,
        )

    @property
    def within(self) -> dict[type, Callable[[Tx, Any], Awaitable[None]]]:
        """The reactions by their facts, each within the fact's own transaction."""
        return {
            TicketOpened: self.on_opened,
            TicketMoved: self.on_moved,
            TicketReminded: self.on_reminded,
            TicketJoined: self.on_joined,
            TicketWayChanged: self.on_way_changed,
            TicketCommented: self.on_commented,
            NoticeTried: self.on_tried,
            NoticeSettled: self.on_settled,
            NoticeAcknowledged: self.on_acknowledged,
            OutreachSettled: self.on_robot,
        }

    # --- facts of tickets -------------------------------------------------------------------------------------

    async def on_opened(self, tx: Tx, fact: TicketOpened) -> None:
        """A critical one is written to the municipality at once, its organisation knows that it is theirs, and the
        applicant is told his number and term."""
        ticket = fact.ticket
        if ticket.status.final:
            return
        if rules.critical(ticket):
            await self._organisations.critical(tx, ticket)
        await self._organisations.routed(tx, ticket)
        await self._residents.registered(tx, ticket)

    async def on_joined(self, tx: Tx, fact: TicketJoined) -> None:
        """Who joined a known matter is told its number and term, as who registered it was; nobody else is by that.

        The fact also is that one called again, or was taken off: to him what waits is not told any more.
        """
        ticket = fact.ticket
        event = ticket.history[-1] if ticket.history else None
        if event is None or ticket.status.final:
            return
        if event.what == "applicant_joined":
            await self._residents.joined(tx, ticket, event.data["applicant"])
        elif event.what == "applicant_withdrawn":
            await self._residents.left(tx, ticket)

    async def on_way_changed(self, tx: Tx, fact: TicketWayChanged) -> None:
        """What waits for the morning goes by the new way, or not at all."""
        await self._residents.way_changed(tx, fact.ticket)

    async def on_commented(self, tx: Tx, fact: TicketCommented) -> None:
        """A resident's word is for all who have the ticket in hand; on one that is over a human owes him a call."""
        ticket = fact.ticket
        word = ticket.history[-1] if ticket.history else None
        if word is None or (word.what, word.role) != ("comment", RESIDENT):
            return
        its = {MANAGER} if ticket.organisation else set()
        to = CENTRE | (set() if ticket.status.final else its | ({EXECUTOR} if ticket.executor else set()))
        now, data = self._clock.now(), {"comment": word.id}
        if not await remind(tx, ticket, RESIDENT_WORD, to, now, data=data, key=f"resident_word:{word.id}"):
            return
        number = phone.parse(ticket.applicant.number)
        if ticket.status.final and self.duties is not None and number.kind is phone.Kind.E164:
            due_at = now + timedelta(seconds=self._settings.word_seconds)
            told = {"ticket": ticket.number, "comment": word.id}
            await self.duties.owe(tx, number, reason=RESIDENT_WORD, due_at=due_at, ticket_id=ticket.id, data=told)

    async def on_moved(self, tx: Tx, fact: TicketMoved) -> None:
        """A ticket sent to an organisation; a job assigned, begun or taken away; a ticket done or closed."""
        ticket, move = fact.ticket, fact.move
        await self._settle_jobs(tx, ticket, move)
        await self._organisations.settle_routed(tx, ticket, move)
        if move in (Move.ROUTE, Move.MOVE) or ticket.status is not fact.from_status:
            await self._organisations.routed(tx, ticket)
        # It may have turned out to be an accident only now; who was written to of it is not written to again.
        if move in GRAVER and not ticket.status.final and rules.critical(ticket):
            await self._organisations.critical(tx, ticket)
        if ticket.executor is not None and self._newly_assigned(fact):
            await self._tell_executor(tx, ticket)
        await self._residents.moved(tx, ticket, move, fact.from_status)

    async def on_reminded(self, tx: Tx, fact: TicketReminded) -> None:
        """A rung of the ticket's own ladder: a push to those that it is for, where they take pushes.

        What is late, and what nobody touches any more, goes to those who watch over it too.
        """
        if fact.about not in ABOUT:  # our own: it has its own push
            return
        ticket = fact.ticket
        if fact.about == "fix" or INSPECTOR in fact.to:
            await self._organisations.overdue(tx, ticket, fact.about, ABOUT[fact.about], fact.due_at)
        people: list[Recipient] = []
        if EXECUTOR in fact.to and ticket.executor is not None:
            found = [one for one in await rows.with_browsers(tx.conn, EXECUTOR) if one.staff_id == ticket.executor.id]
            people += found
        if MANAGER in fact.to and ticket.organisation is not None:
            people += await rows.with_browsers(tx.conn, MANAGER, ticket.organisation.id)
        if SUPERVISOR in fact.to:
            people += await rows.with_browsers(tx.conn, SUPERVISOR)
        for person in people:
            about = ABOUT[fact.about][0 if person.language == "ru" else 1]
            wanted = Wanted(
                key=f"reminder:{ticket.number}:{fact.about}:{fact.level}:{rfc3339(fact.due_at)}:{person.staff_id}",
                kind=Kind.REMINDER,
                channel=Channel.PUSH,
                to=person,
                fields={**self.fields(ticket, person.language), "about": about[0].upper() + about[1:]},
                ticket_number=ticket.number,
                danger=ticket.urgency in rules.DANGER,
            )
            await self._outbox.tell(tx, wanted)

    @staticmethod
    def _newly_assigned(fact: TicketMoved) -> bool:
        """Whether this move put it into an executor's hands: an assignment, or a rework that goes back to him."""
        status = fact.ticket.status
        if fact.move in (Move.ASSIGN, Move.MOVE):
            return status is Status.EXECUTOR_ASSIGNED
        return status is Status.NEEDS_REWORK and fact.from_status is not status

    # --- the executor -------------------------------------------------------------------------------------------

    async def _tell_executor(self, tx: Tx, ticket: Ticket) -> None:
        """Push, SMS, a call, and then his supervisors, until he says that he has it."""
        assert ticket.executor is not None
        person = await rows.staff_recipient(tx.conn, ticket.executor.id)
        if person is None or not await self._reachable(tx, person):
            return
        key = f"job:{ticket.number}:{ticket.history[-1].id if ticket.history else ticket.version}"
        danger = ticket.urgency in rules.DANGER
        moments = self._climbing(self._settings.ladder_seconds, danger)
        rungs = [
            Wanted(
                key=f"{key}:{channel}",
                kind=Kind.JOB,
                channel=channel,
                to=person,
                fields=self.fields(ticket, person.language),
                ticket_number=ticket.number,
                danger=danger,
                not_before=moment,
                ladder=key,
                rung=place,
                until=Until.ACKNOWLEDGED,
            )
            for place, (channel, moment) in enumerate(zip(JOB_RUNGS, moments[:-1], strict=True))
        ]
        last = replace(
            rungs[0],
            key=f"{key}:supervisor",
            kind=Kind.UNACKNOWLEDGED,
            to=Recipient(role=SUPERVISOR, language=self._language),
            fields=self.fields(ticket, self._language),
            not_before=moments[-1],
            rung=len(rungs),
        )
        await self._outbox.climb(tx, [*rungs, last])

    def _climbing(self, after_seconds: Sequence[float], danger: bool) -> list[datetime]:
        quiet = self._settings.quiet_hours
        return rules.climbing(self._clock.now(), after_seconds, danger=danger, quiet=quiet, zone=self._zone)

    async def _reachable(self, tx: Tx, person: Recipient) -> bool:
        """Whether he may be told by any of our ways. Who may not is told by his organisation, as ever: a ladder of
        nothing would send each of his jobs to the supervisors."""
        by_telephone = {Channel.SMS, Channel.CALL} & self._outbox.channels
        if person.number.startswith("+") and by_telephone:
            return True
        return await rows.how_many_of(tx.conn, staff_id=person.staff_id, ticket_id=None) > 0

    async def _settle_jobs(self, tx: Tx, ticket: Ticket, move: str) -> None:
        """He began, so he has it; or the job is another's or over, and nobody need acknowledge it."""
        ladders = await rows.open_ladders(tx.conn, ticket.number, Kind.JOB)
        if not ladders:
            return
        last = ticket.history[-1] if ticket.history else None
        his_own = move in BEGUN and last is not None and last.role == EXECUTOR
        for ladder in ladders:
            rungs = await rows.of_ladder(tx, ladder)
            if his_own and ticket.executor is not None and rungs[0].to.staff_id == ticket.executor.id:
                await self._outbox.acknowledge(tx, rungs[0], who=ticket.executor.name, how="work")
            elif move not in (Move.CONFIRM_PAID, Move.ACCEPT, Move.INTERIM):
                await self._outbox.call_off(tx, ladder, reason("ticket_moved", move=move))

    # --- facts of notices --------------------------------------------------------------------------------------

    async def on_tried(self, tx: Tx, fact: NoticeTried) -> None:
        """The ladder has come to the supervisor: his screen tells him, whether or not he takes pushes."""
        one = fact.notice
        if one.kind is Kind.UNACKNOWLEDGED:
            await self._raise(tx, one.ticket_number, UNACKNOWLEDGED)

    async def on_settled(self, tx: Tx, fact: NoticeSettled) -> None:
        """Who was told stands on the ticket with the receipt; that the municipality was not, the supervisors know."""
        one = fact.notice
        await self._residents.settled(tx, one)
        written = await self._organisations.settled(tx, one)
        if written is not None and one.kind is Kind.CRITICAL:
            ticket, went = written
            if not went:
                await self._untold(tx, ticket, one.key, one.problem)

    async def _untold(self, tx: Tx, ticket: Ticket, key: str, reason: str) -> None:
        wanted = Wanted(
            key=f"untold:{key}",
            kind=Kind.UNTOLD,
            channel=Channel.PUSH,
            to=Recipient(role=SUPERVISOR, language=self._language),
            fields={**self.fields(ticket, self._language), "reason": reason or NOTHING},
            ticket_number=ticket.number,
            danger=True,
        )
        await self._outbox.tell(tx, wanted)
        await remind(tx, ticket, UNTOLD, (SUPERVISOR,), self._clock.now(), reason=reason)

    async def on_acknowledged(self, tx: Tx, fact: NoticeAcknowledged) -> None:
        """That the executor has the job is a line of the ticket's history; his own move says it by itself."""
        one = fact.notice
        ticket_id = await ticket_rows.id_of(tx.conn, one.ticket_number) if fact.how != "work" else None
        if ticket_id is None:
            return
        data = {"channel": one.channel.value, "how": fact.how, "notice": one.id}
        event = TicketEvent(self._clock.now(), "acknowledged", fact.who, "", data, EXECUTOR, public=False)
        await ticket_rows.add_history(tx, ticket_id, one.to.staff_id, [event])

    async def on_robot(self, tx: Tx, fact: OutreachSettled) -> None:
        """What the robot's call about a notice came to; a refusal is his manager's and the centre's at once."""
        refused = await robot.settled(self._outbox, tx, fact)
        ticket = await ticket_rows.get(tx.conn, refused.ticket_number) if refused else None
        if refused is None or ticket is None:
            return
        his = ticket.executor is not None and ticket.executor.id == refused.to.staff_id
        if not his or ticket.status.final or ticket.status in DONE:
            return  # it was taken from him meanwhile: that he refused stands with the call
        data = {"executor": refused.to.name, "notice": refused.id, "call": fact.call.id}
        to, now = {MANAGER, *CENTRE}, self._clock.now()
        await remind(tx, ticket, REFUSED, to, now, data=data, key=f"refused:{refused.key}")

    async def _raise(self, tx: Tx, number: str, about: str) -> None:
        ticket = await ticket_rows.get(tx.conn, number)
        if ticket is not None:
            await remind(tx, ticket, about, (SUPERVISOR,), self._clock.now())

    # --- the values of the templates --------------------------------------------------------------------------

    def fields(self, ticket: Ticket, language: str) -> dict[str, str]:
        """What a template may say of a ticket; what is not known is a dash."""
        ru = language == "ru"
        flat = f"{'кв. ' if ru else 'flat '}{ticket.flat}" if ticket.flat else ""
        address = ticket.address
        return {
            name: value or NOTHING
            for name, value in {
                "number": ticket.number,
                "address": address,
                "place": ", ".join(part for part in (address, flat) if part),
                "premise": flat,
                "problem": ticket.classifier.problem(language),
                "urgency": ticket.urgency.label(language),
                "due": self._moment(ticket.deadlines.fix_by),
                "accept": self._moment(ticket.deadlines.accept_by),
                "localise": self._moment(ticket.deadlines.localise_by),
                "registered": self._moment(ticket.created_at),
                "organisation": ticket.organisation.name if ticket.organisation else "",
                "executor": ticket.executor.name if ticket.executor else "",
            }.items()
        }

    def _moment(self, at: datetime | None) -> str:
        return at.astimezone(self._zone).strftime("%d.%m.%Y %H:%M") if at else ""
