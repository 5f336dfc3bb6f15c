"""What organisations and those who watch over them are told of a ticket: that it is theirs, that it is late."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from callengine import config, phone
from callengine.access.model import ADMINISTRATOR, INSPECTOR, MANAGER
from callengine.clock import Clock, rfc3339
from callengine.notices import rules
from callengine.notices.model import REACHED, Channel, Kind, Notice, Recipient, State, Until, Wanted
from callengine.notices.outbox import Outbox
from callengine.notices.reasons import reason
from callengine.store import notices as rows
from callengine.store import tickets as ticket_rows
from callengine.store.database import Tx
from callengine.tickets.lifecycle import SYSTEM, Move
from callengine.tickets.model import Status, Ticket, TicketEvent
from callengine.tickets.remind import ENGINE

INSPECTORATE, MUNICIPALITY = "inspectorate", "municipality"
# What is written on the ticket of a letter or an SMS: that it went, and that it did not.
LINES: Mapping[Kind, tuple[str, str]] = {
    Kind.CRITICAL: ("notified", "not_notified"),
    Kind.ROUTED: ("organisation_notified", "organisation_not_notified"),
    Kind.OVERDUE: ("overdue_sent", "overdue_not_sent"),
}

Fields = Callable[[Ticket, str], dict[str, str]]
Climbing = Callable[[Sequence[float], bool], list[datetime]]


class OrganisationNotices:
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
    ) -> None:
        self._outbox, self._clock, self._settings, self._language = outbox, clock, settings, language
        self._fields, self._climbing = fields, climbing

    # --- it is theirs -------------------------------------------------------------------------------------------

    async def routed(self, tx: Tx, ticket: Ticket) -> None:
        """A letter and pushes to its managers at once, and of danger an SMS, until somebody takes it or declines."""
        it = ticket.organisation
        if it is None or ticket.status is not Status.AWAITING_ACCEPTANCE:
            return
        danger = ticket.urgency in rules.DANGER
        key = f"routed:{ticket.number}:{ticket.history[-1].id if ticket.history else ticket.version}"
        # What the release before imported stands as it was typed: +7 (3072) 24-51-00.
        number = phone.parse(it.phone)
        by_sms = it.phone.startswith("+") and number.kind is phone.Kind.E164
        office = Recipient(number=number.value if by_sms else it.phone, email=it.email, name=it.name)
        at_once, later = self._climbing((0, self._settings.ladder_seconds[1]), danger)
        wanted: list[tuple[str, Channel, Recipient, datetime]] = []
        if "@" in it.email and Channel.EMAIL in self._outbox.channels:
            wanted.append(("email", Channel.EMAIL, office, self._clock.now()))
        for person in await rows.with_browsers(tx.conn, MANAGER, it.id):
            wanted.append((f"push:{person.staff_id}", Channel.PUSH, person, at_once))
        if danger and by_sms and Channel.SMS in self._outbox.channels:
            wanted.append(("sms", Channel.SMS, office, later))
        rungs = [
            Wanted(
                key=f"{key}:{word}",
                kind=Kind.ROUTED,
                channel=channel,
                to=to,
                fields=self._fields(ticket, to.language if to.staff_id else self._language),
                ticket_number=ticket.number,
                danger=danger,
                not_before=moment,
                ladder=key,
                rung=place,
                until=Until.ACKNOWLEDGED,
            )
            for place, (word, channel, to, moment) in enumerate(wanted)
        ]
        if rungs:
            await self._outbox.climb(tx, rungs)

    async def settle_routed(self, tx: Tx, ticket: Ticket, move: str) -> None:
        """Somebody took it or declined it, so they know of it; or it is another's by now, or over."""
        waits = ticket.status is Status.AWAITING_ACCEPTANCE and move not in (Move.ROUTE, Move.MOVE)
        ladders = [] if waits else await rows.open_ladders(tx.conn, ticket.number, Kind.ROUTED)
        for ladder in ladders:
            rungs = await rows.of_ladder(tx, ladder)
            if move in (Move.ACCEPT, Move.DECLINE):
                told = next((rung for rung in rungs if rung.state in REACHED), rungs[0])
                author = ticket.history[-1].author if ticket.history else ENGINE
                await self._outbox.acknowledge(tx, told, who=author, how="work")
            else:
                await self._outbox.call_off(tx, ladder, reason("ticket_moved", move=move))

    # --- it is an accident, it is late --------------------------------------------------------------------------

    async def critical(self, tx: Tx, ticket: Ticket) -> None:
        """A letter to the municipality; to each address once in the life of the ticket."""
        for name, email in await self._addresses(tx, MUNICIPALITY):
            wanted = Wanted(
                key=f"critical:{ticket.number}:{email.lower()}",
                kind=Kind.CRITICAL,
                channel=Channel.EMAIL,
                to=Recipient(email=email, name=name, language=self._language),
                fields=self._fields(ticket, self._language),
                ticket_number=ticket.number,
                danger=True,
            )
            await self._outbox.tell(tx, wanted)

    async def overdue(self, tx: Tx, ticket: Ticket, about: str, words: tuple[str, str], due_at: datetime) -> None:
        """Letters to the inspectorate and, of danger and of what nobody touches, to the municipality; pushes to the
        inspectors of the district and, of what nobody touches, to the administrators."""
        danger = ticket.urgency in rules.DANGER
        key = f"overdue:{ticket.number}:{about}:{rfc3339(due_at)}"
        addresses = await self._addresses(tx, INSPECTORATE)
        if danger or about == "stall":
            addresses += await self._addresses(tx, MUNICIPALITY)  # an address of both has one letter, by its key
        people = await rows.with_browsers(tx.conn, INSPECTOR, district=ticket.district)
        people += await rows.with_browsers(tx.conn, ADMINISTRATOR) if about == "stall" else []
        letters = [Recipient(email=email, name=name, language=self._language) for name, email in addresses]
        for to in [*letters, *people]:
            wanted = Wanted(
                key=f"{key}:{to.staff_id or to.email.lower()}",
                kind=Kind.OVERDUE,
                channel=Channel.PUSH if to.staff_id else Channel.EMAIL,
                to=to,
                fields={**self._fields(ticket, to.language), "about": words[0 if to.language == "ru" else 1]},
                ticket_number=ticket.number,
                danger=danger,
            )
            await self._outbox.tell(tx, wanted)

    async def _addresses(self, tx: Tx, kind: str) -> list[tuple[str, str]]:
        found = await rows.organisations_of(tx.conn, kind)
        known = {email.lower() for _, email in found}
        own = self._settings.municipality if kind == MUNICIPALITY else self._settings.inspectorate
        return found + [("", email) for email in own if email.lower() not in known]

    # --- what became of it --------------------------------------------------------------------------------------

    async def settled(self, tx: Tx, one: Notice) -> tuple[Ticket, bool] | None:
        """The line of the ticket's history: it went, with its receipt, or it did not, and why.

        Gives the ticket and whether it went; None when there is nothing to write, as of a push.
        """
        lines = LINES.get(one.kind)
        if lines is None or one.channel is Channel.PUSH:
            return None
        went = one.state in REACHED
        # What was taken or taken away before it was told was needed no more; of danger everybody is to know.
        if not went and one.state is not State.FAILED and not (one.problem and one.kind is not Kind.ROUTED):
            return None
        ticket = await ticket_rows.get(tx.conn, one.ticket_number)
        if ticket is None:
            return None
        now, to = self._clock.now(), one.to.email if one.channel is Channel.EMAIL else one.to.number
        data = {"channel": one.channel.value, "to": to, "notice": one.id, "kind": one.kind.value}
        if one.to.name:
            data["organisation"] = one.to.name
        if went:
            data |= {"receipt": one.receipt, "at": rfc3339(one.sent_at or now)}
        words = one.receipt if went else one.problem
        event = TicketEvent(now, lines[0 if went else 1], ENGINE, words, data, SYSTEM, public=False)
        await ticket_rows.add_history(tx, ticket.id, None, [event])
        return ticket, went
