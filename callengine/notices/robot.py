"""The voice robot as the last way to tell of a job: the call is a row of outreach, its key here and there the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from callengine.notices.model import Kind, Message, Notice
from callengine.notices.outbox import Outbox
from callengine.notices.reasons import reason
from callengine.outreach.events import OutreachSettled
from callengine.outreach.model import CallerByPhone, CallKind, CallWish
from callengine.store import tickets as ticket_rows
from callengine.store.database import Store, Tx
from callengine.tickets.model import Ticket

ACKNOWLEDGED, DECLINED, WITHDRAWN = "acknowledged", "declined", "withdrawn"
# The dialogue of each kind that the robot can tell, and what it says became of a ticket.
DIALOGUES = {
    Kind.JOB: CallKind.JOB,
    Kind.DONE: CallKind.RESULT,
    Kind.CLOSED: CallKind.RESULT,
    # Of these who chose to be called (R177) alone is told so.
    Kind.REGISTERED: CallKind.RESULT,
    Kind.POSTPONED: CallKind.RESULT,
    Kind.INTERIM: CallKind.RESULT,
    Kind.CANCELLED: CallKind.RESULT,
}
RESULTS = {
    Kind.REGISTERED: ("Заявка зарегистрирована, срок {due}", "The ticket is registered, due {due}"),
    Kind.POSTPONED: ("Работы отложены до {until}: {why}", "The job is put off until {until}: {why}"),
    Kind.INTERIM: ("{why}. Обещанный срок {until}", "{why}. Promised by {until}"),
    Kind.CANCELLED: ("Заявка отменена: {why}", "The ticket is cancelled: {why}"),
    Kind.DONE: ("Организация сообщила, что работа выполнена", "The organisation reports that the job is done"),
    Kind.CLOSED: ("Заявка закрыта", "The ticket is closed"),
}
# Somebody was there and heard it, but said neither yes nor no.
HEARD = frozenset({"heard", "silent"})


class RobotCalls:
    """`Calls` of the notices over outreach."""

    def __init__(self, store: Store, caller: CallerByPhone, zone: ZoneInfo) -> None:
        self._store, self._caller, self._zone = store, caller, zone

    async def ask(self, message: Message) -> str:
        """A call about a job, with its ticket's own words. Gives why nobody is called, "" when somebody is."""
        if message.kind not in DIALOGUES:
            return reason("no_dialogue", kind=message.kind)
        kind = DIALOGUES[Kind(message.kind)]
        async with self._store.begin() as tx:
            ticket = await ticket_rows.get(tx.conn, message.ticket_number)
            if ticket is None:
                return reason("no_ticket", ticket=message.ticket_number)
            facts = {
                "ticket": ticket.number,
                "work": ticket.classifier.problem(message.language),
                "address": ticket.address,
                "due": ticket.deadlines.fix_by.isoformat() if ticket.deadlines.fix_by else None,
            }
            if kind is CallKind.RESULT:
                told = RESULTS[Kind(message.kind)][0 if message.language == "ru" else 1]
                if not ticket.deadlines.fix_by:
                    told = told.partition(", ")[0] if message.kind == Kind.REGISTERED else told
                facts = {**facts, "result": told.format_map(self._said(Kind(message.kind), ticket))}
                del facts["due"]
            wish = CallWish(
                number=message.number,
                key=message.key,
                facts=facts,
                ticket_id=ticket.id,
                name=message.name,
                language=message.language,
            )
            call = await self._caller.ask_call(tx, kind, wish, danger=message.danger)
        return "" if call is not None else reason("robot_number")

    def _said(self, kind: Kind, ticket: Ticket) -> dict[str, str]:
        """The values of the words above, as the ticket stands when the call is planned."""
        interim = kind is Kind.INTERIM
        until = ticket.interim_until if interim else ticket.postponed_until
        why = ticket.interim_text if interim else ticket.close_reason or ticket.postpone_reason
        return {"due": self._moment(ticket.deadlines.fix_by), "until": self._moment(until), "why": why.rstrip(".")}

    def _moment(self, at: datetime | None) -> str:
        return at.astimezone(self._zone).strftime("%d.%m.%Y %H:%M") if at else "—"

    async def withdraw(self, tx: Any, key: str) -> None:
        await self._caller.withdraw(tx, key)


async def settled(outbox: Outbox, tx: Tx, fact: OutreachSettled) -> Notice | None:
    """What became of the robot's call, told to its notice: a key is an acknowledgement, no key is none.

    Gives the notice of a job that its executor refused.
    """
    call = fact.call
    if fact.kind not in (CallKind.JOB, CallKind.RESULT) or call.result == WITHDRAWN:
        return None
    job = fact.kind == CallKind.JOB
    if job and call.result == DECLINED:
        return await outbox.refused(tx, call.key, reason("key_refused"), call=_name(fact))
    await outbox.call_settled(
        tx,
        call.key,
        acknowledged=job and call.result == ACKNOWLEDGED,
        heard=call.result in (HEARD if job else {*HEARD, ACKNOWLEDGED}),
        detail=reason("robot_call", result=call.result or call.state.value),
        call=_name(fact),
    )
    return None


def _name(fact: OutreachSettled) -> str:
    return f"call {fact.attempt.id}" if fact.attempt else "call"
