"""What residents are told of their ticket: who registered it with its link, who joined it by SMS without one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import phonenumbers

from callengine import config
from callengine.clock import Clock
from callengine.notices import rules
from callengine.notices.model import Channel, Kind, Recipient, Wanted
from callengine.notices.organisations import Climbing, Fields
from callengine.notices.outbox import Outbox
from callengine.notices.templates import LINK
from callengine.store import notices as rows
from callengine.store import ticket_joins
from callengine.store.database import Tx
from callengine.tickets.lifecycle import Move
from callengine.tickets.model import Status, Ticket

# What is new, for those who joined; {due}, {until} and {why} are filled in.
NEWS: dict[Kind, tuple[str, str]] = {
    Kind.REGISTERED: ("Вы присоединены к заявке. Срок: {due}", "You were joined to the ticket. Due: {due}"),
    Kind.POSTPONED: ("Работы отложены до {until}: {why}", "The job is put off until {until}: {why}"),
    Kind.DONE: ("Сообщили, что работа выполнена", "The job is reported done"),
    Kind.CLOSED: ("Заявка закрыта", "The ticket is closed"),
    Kind.CANCELLED: ("Заявка отменена: {why}", "The ticket is cancelled: {why}"),
}


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
            values = self._values(ticket, "")
            await self._tell_joined(tx, ticket, Kind.REGISTERED, "registered", values, only=applicant_id)

    async def left(self, tx: Tx, ticket: Ticket) -> None:
        """Somebody was joined by mistake and taken off: what waits for the morning is none of his business."""
        still = {row.number for row in await ticket_joins.of_ticket(tx.conn, ticket.id)}
        for one in await rows.waiting(tx, ticket.number, Kind.JOINED):
            if one.to.number not in still:
                await self._outbox.forgo(tx, one, "he was joined by mistake")

    async def moved(self, tx: Tx, ticket: Ticket, move: str, before: Status) -> None:
        """Put off, done, closed or cancelled; `before` is where it stood."""
        event = ticket.history[-1] if ticket.history else None
        mark, why = event.id if event else 0, event.reason if event else ""
        if move == Move.POSTPONE:
            await self._tell(tx, ticket, Kind.POSTPONED, f"postponed:{mark}", why)
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
        if kind.value not in self._settings.tell_resident:
            return
        values = self._values(ticket, why)
        alone = ticket.applicant_count <= 1
        if first:
            await self._tell_first(tx, ticket, kind, what, values, by_call=by_call and self._calls)
        if not alone:
            await self._tell_joined(tx, ticket, kind, what, values)

    def _values(self, ticket: Ticket, why: str) -> dict[str, str]:
        until = self._moment(ticket.postponed_until)
        return {**self._fields(ticket, self._language), "until": until or "—", "why": why or "—"}

    async def _tell_first(
        self, tx: Tx, ticket: Ticket, kind: Kind, what: str, values: dict[str, str], *, by_call: bool
    ) -> None:
        """Through his browser where he asked for it, else by SMS, with the link to his ticket; else the robot calls."""
        number = ticket.applicant.number
        danger = kind is Kind.REGISTERED and ticket.urgency in rules.DANGER  # he who waits in danger is awake
        key = f"resident:{ticket.number}:{what}"
        sms = Wanted(
            key=f"{key}:sms",
            kind=kind,
            channel=Channel.SMS,
            to=Recipient(number=number, name=ticket.applicant.name, language=self._language),
            fields={**values, "link": LINK},
            ticket_number=ticket.number,
            danger=danger,
            ladder=key,
            rung=1,
        )
        rungs = [replace(sms, key=f"{key}:push", channel=Channel.PUSH, rung=0)]
        if not await rows.has_browser(tx.conn, ticket_id=ticket.id):
            rungs = []
        called = by_call and Channel.CALL in self._outbox.channels and number.startswith("+")
        # A fixed line reads no SMS; where nobody calls it the gateway may yet speak it.
        by_sms = number.startswith("+") and Channel.SMS in self._outbox.channels and not (called and fixed_line(number))
        if by_sms or (rungs and not called):
            rungs.append(sms)
        if called:
            rungs.append(replace(sms, key=f"{key}:call", channel=Channel.CALL, rung=2, fields=values | {"link": "—"}))
        patience = self._settings.ladder_seconds[-1]
        moments = self._climbing([place * patience for place in range(len(rungs))], danger)
        if rungs:
            await self._outbox.climb(
                tx, [replace(rung, not_before=at) for rung, at in zip(rungs, moments, strict=True)]
            )

    async def _tell_joined(
        self, tx: Tx, ticket: Ticket, kind: Kind, what: str, values: dict[str, str], *, only: int | None = None
    ) -> None:
        """By SMS and without the link: neighbours do not read each other's words and flats."""
        if Channel.SMS not in self._outbox.channels:
            return
        news = NEWS[kind][0 if self._language == "ru" else 1].format_map(values)
        told = {ticket.applicant.number}
        for row in await ticket_joins.of_ticket(tx.conn, ticket.id):
            if only not in (None, row.id) or not row.number.startswith("+") or row.number in told:
                continue
            told.add(row.number)
            wanted = Wanted(
                key=f"joined:{ticket.number}:{what}:{row.number}",
                kind=Kind.JOINED,
                channel=Channel.SMS,
                to=Recipient(number=row.number, name=row.name, language=self._language),
                fields={**values, "news": news},
                ticket_number=ticket.number,
                danger=kind is Kind.REGISTERED and ticket.urgency in rules.DANGER,
            )
            await self._outbox.tell(tx, wanted)
