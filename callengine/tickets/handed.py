"""To whom the resident of a ticket was handed over, when, and whether somebody answered: one line of its history (R8).

A life ticket is often registered after the transfer: then the line is written at its registration.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from callengine.access.model import OPERATOR
from callengine.calls.handover import Handover, HandoverChanged, HandoverState
from callengine.calls.model import Direction, StoredCall, Talk
from callengine.clock import rfc3339
from callengine.store import calls as call_rows
from callengine.store import moves as rows
from callengine.store import tickets as ticket_rows
from callengine.store import views
from callengine.store.database import Tx
from callengine.tickets.events import TicketFact, TicketOpened
from callengine.tickets.lifecycle import SYSTEM
from callengine.tickets.model import Ticket, TicketEvent, Urgency

HANDED = "handed_over"
_ENGINE = "callengine"


class TicketHanded(TicketFact):
    """The history tells to whom the resident was handed over."""


class HandedOver:
    """Reactions within the transaction of what they hear. `of_call` gives the handovers of a call, oldest first."""

    def __init__(self, of_call: Callable[[int], list[Handover]]) -> None:
        self._of_call = of_call

    async def on_changed(self, tx: Tx, fact: HandoverChanged) -> None:
        one = fact.handover
        if not _counts(one):
            return
        numbers = await ticket_rows.numbers_of_calls(tx.conn, [one.call_id])
        for number in numbers.get(one.call_id, []):
            ticket = await ticket_rows.get(tx.conn, number)
            if ticket is not None and ticket.urgency is Urgency.LIFE:
                await self._note(tx, ticket, one)

    async def on_opened(self, tx: Tx, fact: TicketOpened) -> None:
        """What came of the call before it had a ticket; by the call itself, when no engine remembers it."""
        if fact.ticket.urgency is not Urgency.LIFE:
            return
        for call_id in fact.ticket.call_ids:
            seen = self._of_call(call_id)
            for one in filter(_counts, seen):
                await self._note(tx, fact.ticket, one)
            if not seen:
                await self._note_talks(tx, fact.ticket, call_id)

    async def _note_talks(self, tx: Tx, ticket: Ticket, call_id: int) -> None:
        for call in await call_rows.by_ids(tx.conn, [call_id]):
            own = await views.names_by_extension(tx.conn, {talk.operator for talk in call.call.talks})
            for talk in _strangers(call, own):
                data = _data(talk.operator, call_id, "done", talk.began_at, talk.began_at)
                await self._write(tx, ticket, data, talk.began_at, _ENGINE, None, f"{call_id}-{talk.operator}")

    async def _note(self, tx: Tx, ticket: Ticket, one: Handover) -> None:
        result = one.why if one.state is HandoverState.FAILED else one.state.value
        data = _data(one.number, one.call_id, result, one.began_at, one.answered_at)
        author = one.author or _ENGINE
        await self._write(tx, ticket, data, one.ended_at or one.began_at, author, one.staff_id, one.id)

    async def _write(
        self, tx: Tx, ticket: Ticket, data: dict[str, Any], at: datetime, author: str, staff_id: int | None, key: str
    ) -> None:
        await rows.locked(tx, ticket.id)  # two engines hear of it at once
        key = f"{HANDED}:{key}"
        if await rows.by_key(tx.conn, ticket.id, key) is not None:
            return
        role = SYSTEM if author == _ENGINE else OPERATOR
        event = TicketEvent(at, HANDED, author, "", data, role, public=False)
        await rows.add_event(tx, ticket.id, staff_id, event, key)
        await tx.tell(TicketHanded(ticket))


def _counts(one: Handover) -> bool:
    """It is settled, and somebody was asked: what the PBX did not even take rang at nobody."""
    return not one.state.lasts and one.why != "not_taken"


def _strangers(call: StoredCall, own: dict[str, str]) -> list[Talk]:
    """Who talked with the resident and is no operator of ours."""
    if call.call.direction is not Direction.INBOUND:
        return []
    return [talk for talk in call.call.talks if talk.operator not in own]


def _data(number: str, call_id: int, result: str, began_at: datetime, answered_at: datetime | None) -> dict[str, Any]:
    return {
        "number": number,
        "call_id": call_id,
        "result": result,
        "began_at": rfc3339(began_at),
        "answered_at": rfc3339(answered_at) if answered_at else None,
        "answered": answered_at is not None,
    }
