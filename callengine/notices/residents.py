"""What residents are told of their ticket: who registered it with its link, who joined it by SMS without one.

Who registered it is told by the way that he chose (R177), else in the service's order: his browser, SMS, the robot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import phonenumbers

from callengine import config
from callengine.clock import Clock
from callengine.directory.ways import Way
from callengine.notices import rules
from callengine.notices.model import REACHED, WAITING, Channel, Kind, Notice, Recipient, Wanted
from callengine.notices.organisations import Climbing, Fields
from callengine.notices.outbox import Outbox
from callengine.notices.reasons import reason
from callengine.notices.templates import LINK
from callengine.store import notices as rows
from callengine.store import ticket_joins
from callengine.store import tickets as ticket_rows
from callengine.store.database import Tx
from callengine.tickets.lifecycle import SYSTEM, Move
from callengine.tickets.model import Status, Ticket, TicketEvent
from callengine.tickets.remind import ENGINE

# What is new, for those who joined; {due}, {until} and {why} are filled in.
NEWS: dict[Kind, tuple[str, str]] = {
    Kind.REGISTERED: ("Вы присоединены к заявке. Срок: {due}", "You were joined to the ticket. Due: {due}"),
    Kind.POSTPONED: ("Работы отложены до {until}: {why}", "The job is put off until {until}: {why}"),
    Kind.INTERIM: ("Ответ: {why}. Обещанный срок: {until}", "An answer: {why}. Promised by {until}"),
    Kind.DONE: ("Сообщили, что работа выполнена", "The job is reported done"),
    Kind.CLOSED: ("Заявка закрыта", "The ticket is closed"),
    Kind.CANCELLED: ("Заявка отменена: {why}", "The ticket is cancelled: {why}"),
}


# What is told of a ticket's own life; an outage is another matter.
OF_TICKET = (Kind.REGISTERED, Kind.POSTPONED, Kind.INTERIM, Kind.DONE, Kind.CLOSED, Kind.CANCELLED)
ANSWERED, UNANSWERED = "interim_sent", "interim_not_sent"


def fixed_line(number: str) -> bool:
    """Whether the E.164 number is surely of a fixed line."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.number_type(parsed) is phonenumbers.PhoneNumberType.FIXED_LINE


class ResidentNotices:
    """`fields` are what a template may say of a ticket; `climbing` gives the moments of a ladder's rungs."""

    def __init__(
        self,
        outbox: Outbox,
        clock: Clock,
        settings: config.Notices,
        language: str,
        *,
        fields: Fields,
        climbing: Climbing,
        moment: Callable[[datetime | None], str],
        ratings: bool,
    ) -> None:
        # Who is called for his mark hears there that it is done.
        self._calls, self._ratings = settings.result_calls, ratings
        self._outbox, self._clock, self._settings, self._language = outbox, clock, settings, language
        self._fields, self._climbing, self._moment = fields, climbing, moment

    async def registered(self, tx: Tx, ticket: Ticket) -> None:
        """The number and the term, which the rule wants within 30 minutes (ПП РФ 416)."""
        await self._tell(tx, ticket, Kind.REGISTERED, "registered")

    async def joined(self, tx: Tx, ticket: Ticket, applicant_id: int) -> None:
        """The same to him who joined just now: who joined long ago knows it."""
        if Kind.REGISTERED.value in self._settings.tell_resident:
            values = self._values(ticket, "", Kind.REGISTERED)
            await self._tell_joined(tx, ticket, Kind.REGISTERED, "registered", values, only=applicant_id)

    async def left(self, tx: Tx, ticket: Ticket) -> None:
        """Somebody was joined by mistake and taken off: what waits for the morning is none of his business."""
        still = {row.number for row in await ticket_joins.of_ticket(tx.conn, ticket.id)}
        for one in await rows.waiting(tx, ticket.number, Kind.JOINED):
            if one.to.number not in still:
                await self._outbox.forgo(tx, one, reason("joined_by_mistake"))

    async def moved(self, tx: Tx, ticket: Ticket, move: str, before: Status) -> None:
        """Put off, done, closed or cancelled; `before` is where it stood."""
        event = ticket.history[-1] if ticket.history else None
        mark, why = event.id if event else 0, event.reason if event else ""
        if move == Move.POSTPONE:
            await self._tell(tx, ticket, Kind.POSTPONED, f"postponed:{mark}", why)
        if move == Move.INTERIM:
            await self._tell(tx, ticket, Kind.INTERIM, f"interim:{mark}", why)
        if ticket.status is before:
            return
        if ticket.status is Status.AWAITING_CLIENT:
            await self._tell(tx, ticket, Kind.DONE, f"done:{mark}", by_call=not self._ratings)
        elif ticket.status is Status.CLOSED:
            # Who has just given his mark knows that it is closed, those who joined do not. Who was asked for a mark in
            # vain was called often enough, and what was settled in a call is no news to who made it.
            told = before is Status.CONFLICT or (before is Status.AWAITING_CLIENT and not self._ratings)
            await self._tell(tx, ticket, Kind.CLOSED, f"closed:{mark}", first=move != Move.MARK, by_call=told)
        elif ticket.status is Status.CANCELLED:
            await self._tell(tx, ticket, Kind.CANCELLED, f"cancelled:{mark}", why)

    async def _tell(
        self,
        tx: Tx,
        ticket: Ticket,
        kind: Kind,
        what: str,
        why: str = "",
        *,
        first: bool = True,
        by_call: bool = False,
    ) -> None:
        # An interim answer is somebody's word to him, not news that the service may leave out.
        if kind is not Kind.INTERIM and kind.value not in self._settings.tell_resident:
            return
        values = self._values(ticket, why, kind)
        alone = ticket.applicant_count <= 1
        if first:
            await self._tell_first(tx, ticket, kind, what, values, by_call=by_call and self._calls)
        if not alone:
            await self._tell_joined(tx, ticket, kind, what, values)

    def _values(self, ticket: Ticket, why: str, kind: Kind) -> dict[str, str]:
        until = self._moment(ticket.interim_until if kind is Kind.INTERIM else ticket.postponed_until)
        return {**self._fields(ticket, self._language), "until": until or "—", "why": why or "—"}

    async def _tell_first(
        self, tx: Tx, ticket: Ticket, kind: Kind, what: str, values: dict[str, str], *, by_call: bool
    ) -> None:
        """By his own way; else through his browser where he asked for it, by SMS with the link to his ticket, or the
        robot calls. What cannot be told his way is told in that order, and danger always is."""
        sms = self._sms(ticket, kind, what, values)
        if kind is Kind.REGISTERED:
            sms = replace(sms, answer=await self._outbox.awake(tx, sms.to.number))
        number, danger, key = sms.to.number, sms.danger, sms.ladder
        way = "" if danger else ticket.applicant.notify
        if way == Way.NONE or (way == Way.CALL and not self._worth_a_call(ticket, kind, by_call=by_call)):
            return
        if await self._can(tx, ticket, way):
            await self._outbox.climb(tx, [self._by(way, sms)])
            return
        rungs = [replace(sms, key=f"{key}:push", channel=Channel.PUSH, rung=0)]
        if not await rows.has_browser(tx.conn, ticket_id=ticket.id):
            rungs = []
        called = by_call and Channel.CALL in self._outbox.channels and number.startswith("+")
        # A fixed line reads no SMS; where nobody calls it the gateway may yet speak it.
        by_sms = number.startswith("+") and Channel.SMS in self._outbox.channels and not (called and fixed_line(number))
        if by_sms or (rungs and not called):
            rungs.append(sms)
        if called:
            rungs.append(replace(self._by(Way.CALL, sms), rung=2))
        if not rungs and kind is Kind.INTERIM:
            rungs.append(sms)  # it goes nowhere: that stands in the outbox and on the ticket
        patience = self._settings.ladder_seconds[-1]
        moments = self._climbing([place * patience for place in range(len(rungs))], danger or sms.answer)
        if rungs:
            await self._outbox.climb(
                tx, [replace(rung, not_before=at) for rung, at in zip(rungs, moments, strict=True)]
            )

    def _sms(self, ticket: Ticket, kind: Kind, what: str, values: dict[str, str]) -> Wanted:
        """What he is told, as the SMS that the other ways are made of."""
        who, key = ticket.applicant, f"resident:{ticket.number}:{what}"
        return Wanted(
            key=f"{key}:sms",
            kind=kind,
            channel=Channel.SMS,
            to=Recipient(number=who.number, email=who.email, name=who.name, language=self._language),
            fields={**values, "link": LINK},
            ticket_number=ticket.number,
            danger=kind is Kind.REGISTERED and ticket.urgency in rules.DANGER,  # he who waits in danger is awake
            ladder=key,
            rung=1,
        )

    @staticmethod
    def _by(way: str, sms: Wanted) -> Wanted:
        """The same by one way alone; a call has no link in it."""
        fields = {**sms.fields, "link": "—"} if way == Way.CALL else sms.fields
        return replace(sms, key=f"{sms.ladder}:{way}", channel=Channel(way), rung=0, fields=fields)

    def _worth_a_call(self, ticket: Ticket, kind: Kind, *, by_call: bool) -> bool:
        """Who wants calls is not called of what he has just heard: in the call that registered it, or by the robot that
        asks for his mark."""
        if kind is Kind.REGISTERED:
            return not ticket.call_ids
        return by_call or kind not in (Kind.DONE, Kind.CLOSED)

    async def _can(self, tx: Tx, ticket: Ticket, way: str) -> bool:
        """Whether he can be told by the way that he chose, as far as is known now."""
        number, channels = ticket.applicant.number, self._outbox.channels
        if way == Way.PUSH:
            return await rows.has_browser(tx.conn, ticket_id=ticket.id)
        if way == Way.EMAIL:
            return Channel.EMAIL in channels and "@" in ticket.applicant.email
        if way == Way.SMS:
            return Channel.SMS in channels and number.startswith("+") and not fixed_line(number)
        return way == Way.CALL and Channel.CALL in channels and number.startswith("+")

    async def way_changed(self, tx: Tx, ticket: Ticket) -> None:
        """What is queued for him and not of danger goes by his new way; nothing when he wants none."""
        way = ticket.applicant.notify
        can = await self._can(tx, ticket, way)
        if not can and way != Way.NONE:
            return  # as it was planned
        begins = f"resident:{ticket.number}:"
        for kind in OF_TICKET:
            its = [one for one in await rows.waiting(tx, ticket.number, kind) if one.ladder.startswith(begins)]
            others = [one for one in its if one.channel != way and not one.danger]
            for one in others:
                await self._outbox.forgo(tx, one, reason("another_way"))
            if can and others:
                what = others[0].ladder.removeprefix(begins)
                its_line = next((line for line in ticket.history if what.endswith(f":{line.id}")), None)
                values = self._values(ticket, its_line.reason if its_line else "", kind)
                await self._outbox.tell(tx, self._by(way, self._sms(ticket, kind, what, values)))

    async def settled(self, tx: Tx, one: Notice) -> None:
        """Whether an interim answer reached its applicant is a line of the ticket; a call of the robot has its own."""
        if one.kind is not Kind.INTERIM or one.channel is Channel.CALL:
            return
        went = one.state in REACHED
        others = await rows.of_ladder(tx, one.ladder)
        if not went and any(rung.state in (*WAITING, *REACHED) for rung in others if rung.id != one.id):
            return
        ticket_id = await ticket_rows.id_of(tx.conn, one.ticket_number)
        if ticket_id is None or (not went and not one.problem):
            return
        data = {"channel": one.channel.value, "notice": one.id}
        what, why = (ANSWERED, "") if went else (UNANSWERED, one.problem)
        event = TicketEvent(self._clock.now(), what, ENGINE, why, data, SYSTEM, public=False)
        await ticket_rows.add_history(tx, ticket_id, None, [event])

    async def _tell_joined(
        self, tx: Tx, ticket: Ticket, kind: Kind, what: str, values: dict[str, str], *, only: int | None = None
    ) -> None:
        """By SMS, or the e-mail of his card, and without the link: neighbours do not read each other's words and flats.

        A browser takes news by a link, which he has none of, and a call would be one to each flat of a house. Whose
        card says nothing is told nothing but of danger.
        """
        news = NEWS[kind][0 if self._language == "ru" else 1].format_map(values)
        told = {ticket.applicant.number}
        for row in await ticket_joins.of_ticket(tx.conn, ticket.id):
            if only not in (None, row.id) or not row.number.startswith("+") or row.number in told:
                continue
            told.add(row.number)
            danger = kind is Kind.REGISTERED and ticket.urgency in rules.DANGER
            channel = self._of_joined("" if danger else row.notify or "", row.email or "")
            if channel is None:
                continue
            key = f"joined:{ticket.number}:{what}:{row.number}"
            wanted = Wanted(
                key=key if channel is Channel.SMS else f"{key}:{channel}",
                kind=Kind.JOINED,
                channel=channel,
                to=Recipient(number=row.number, email=row.email or "", name=row.name, language=self._language),
                fields={**values, "news": news},
                ticket_number=ticket.number,
                danger=danger,
                answer=kind is Kind.REGISTERED and await self._outbox.awake(tx, row.number),
            )
            await self._outbox.tell(tx, wanted)

    def _of_joined(self, way: str, email: str) -> Channel | None:
        """How one who joined is told; None when he is not."""
        if way == Way.NONE:
            return None
        if way == Way.EMAIL and Channel.EMAIL in self._outbox.channels and "@" in email:
            return Channel.EMAIL
        return Channel.SMS if Channel.SMS in self._outbox.channels else None
