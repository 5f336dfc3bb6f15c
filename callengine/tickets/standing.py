"""RemindersService: the reminders that stand on screens, until a move settles them or somebody takes them.

One state for all who share a side: the centre, the organisation, the executor. What one of the centre has taken, no
other of the centre is called to; but nobody takes for another side, so that who is watched cannot silence the watch.
The clocks do not stop for it: who took a thing and left it lying is reminded by the next rung.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from callengine.access.model import DESK, EXECUTOR, MANAGER
from callengine.clock import Clock, rfc3339
from callengine.errors import Conflict, NotFound
from callengine.notices.model import REACHED, Kind, NoticeAcknowledged, NoticeSettled
from callengine.store import moves as move_rows
from callengine.store import notices as notice_rows
from callengine.store import reminders as rows
from callengine.store import tickets as ticket_rows
from callengine.store.database import Store, Tx
from callengine.store.reminders import Shown, Standing, Whose
from callengine.tickets.clocks import DONE
from callengine.tickets.events import TicketCommented, TicketFiled, TicketMoved, TicketReminded, TicketReminderEnded
from callengine.tickets.lifecycle import BEFORE_ACCEPTANCE, SYSTEM
from callengine.tickets.model import Status, Ticket, TicketEvent
from callengine.tickets.visibility import RESIDENT, Person, scope_of

SIDES = {"centre": DESK, "organisation": frozenset({MANAGER}), "executor": frozenset({EXECUTOR})}
READERS = DESK | {MANAGER, EXECUTOR}
MOST = 100
TAKEN = "reminder_taken"
# Not of the ticket's own way: no move settles them, somebody has to say that he took it.
BESIDE = frozenset({"untold", "wrong_number"})
RESIDENT_WORD, UNACKNOWLEDGED, UNTOLD = "resident_word", "unacknowledged", "untold"


@dataclass(frozen=True, slots=True)
class Open:
    """What stands open for somebody: at most MOST lines, and how many there are in all and of danger."""

    items: Sequence[Shown]
    count: int
    danger: int


class RemindersService:
    """Reads, takes and settles the open reminders."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    @property
    def within(self) -> dict[type, Callable[[Tx, Any], Awaitable[None]]]:
        """The reactions by their facts, each within the fact's own transaction."""
        return {
            TicketReminded: self.on_reminded,
            TicketMoved: self.on_moved,
            TicketCommented: self.on_commented,
            TicketFiled: self.on_filed,
            NoticeAcknowledged: self.on_acknowledged,
            NoticeSettled: self.on_settled,
        }

    # --- people -------------------------------------------------------------------------------------------------

    async def open(self, who: Person) -> Open:
        """What stands open for this person, dangers first, then the newest."""
        whose = whose_of(who)
        if whose is None:
            return Open((), 0, 0)
        async with self._store.read() as conn:
            count, danger = await rows.count(conn, whose)
            return Open(await rows.listed(conn, whose, MOST) if count else (), count, danger)

    async def take(self, id: int, who: Person) -> None:
        """He sees to it: gone from the screens of his side, with his name in the history. Once more changes nothing.

        Raises NotFound for what is not his to see, Conflict when a colleague was first.
        """
        async with self._store.begin(shared=True) as tx:
            one, *_ = await self._his(tx, id, who)
            await move_rows.locked(tx, one.ticket_id)
            # Once more: while he stood in line the ticket may have become another's.
            one, ended_by, taken_by, number = await self._his(tx, id, who)
            if ended_by == "taken" and taken_by != who.name:
                raise Conflict(f"{taken_by} has taken it already")
            if ended_by:
                return
            now = self._clock.now()
            await rows.end(tx, [one.id], now, "taken", taken_by=who.name)
            data = {"about": one.about, "level": one.level, "due_at": rfc3339(one.due_at)}
            event = TicketEvent(now, TAKEN, who.name, "", data, who.role, public=False)
            await move_rows.add_event(tx, one.ticket_id, who.staff_id, event)
            await self._tell(tx, number)

    @staticmethod
    async def _his(tx: Tx, id: int, who: Person) -> tuple[Standing, str, str, str]:
        whose = whose_of(who)
        found = await rows.one(tx.conn, id, whose) if whose else None
        if found is None:
            raise NotFound(f"there is no reminder {id}")
        return found

    # --- facts ----------------------------------------------------------------------------------------------------

    async def on_reminded(self, tx: Tx, fact: TicketReminded) -> None:
        for side, roles in SIDES.items():
            if to := roles & fact.to:
                await rows.raise_one(
                    tx, fact.ticket.id, fact.about, fact.level, side, to, due_at=fact.due_at, at=self._clock.now()
                )

    async def on_moved(self, tx: Tx, fact: TicketMoved) -> None:
        await self._settle(tx, fact.ticket, fact.move, lambda one: stands(one, fact.ticket, moved=True))

    async def on_commented(self, tx: Tx, fact: TicketCommented) -> None:
        """A word of who must act begins the ladder anew; any word but the resident's own answers his."""
        last = fact.ticket.history[-1] if fact.ticket.history else None
        answered = last is not None and last.what == "comment" and last.role not in (RESIDENT, SYSTEM)

        def still(one: Standing) -> bool:
            if one.about == RESIDENT_WORD:
                return not (answered and last is not None and last.at >= one.at)
            return stands(one, fact.ticket)

        await self._settle(tx, fact.ticket, "comment", still)

    async def on_filed(self, tx: Tx, fact: TicketFiled) -> None:
        """A photo of who must act shows that it is not forgotten."""
        await self._settle(tx, fact.ticket, "file", lambda one: stands(one, fact.ticket))

    async def on_acknowledged(self, tx: Tx, fact: NoticeAcknowledged) -> None:
        if fact.notice.kind is Kind.JOB:
            await self._end(tx, fact.notice.ticket_number, UNACKNOWLEDGED, "acknowledged")

    async def on_settled(self, tx: Tx, fact: NoticeSettled) -> None:
        """The municipality was told after all, by a second try: none of its letters is left that did not go."""
        one = fact.notice
        if one.kind is not Kind.CRITICAL or one.state not in REACHED:
            return
        if not await notice_rows.untold(tx.conn, one.ticket_number):
            await self._end(tx, one.ticket_number, UNTOLD, "notified")

    async def _settle(self, tx: Tx, ticket: Ticket, by: str, still: Callable[[Standing], bool]) -> None:
        over = [one.id for one in await rows.standing(tx.conn, ticket.id) if not still(one)]
        if over:
            await rows.end(tx, over, self._clock.now(), by)

    async def _end(self, tx: Tx, number: str, about: str, by: str) -> None:
        ticket_id = await ticket_rows.id_of(tx.conn, number)
        found = await rows.standing(tx.conn, ticket_id) if ticket_id is not None else []
        over = [one.id for one in found if one.about == about]
        if over:
            await rows.end(tx, over, self._clock.now(), by)
            await self._tell(tx, number)

    @staticmethod
    async def _tell(tx: Tx, number: str) -> None:
        ticket = await ticket_rows.get(tx.conn, number)
        assert ticket is not None
        await tx.tell(TicketReminderEnded(ticket))


def whose_of(who: Person) -> Whose | None:
    """Whose reminders one reads: those of his role, within what he may see; None when he sees no ticket."""
    scope = scope_of(who)
    side = next((side for side, roles in SIDES.items() if who.role in roles), None)
    if side is None or not (scope.everything or scope.organisation_id or scope.executor_id):
        return None
    return Whose(side, who.role, scope.organisation_id, scope.executor_id)


def stands(one: Standing, ticket: Ticket, *, moved: bool = False) -> bool:
    """Whether a reminder is still true of the ticket as it stands now; `moved`: by a move that was just made."""
    if ticket.status.final:
        return False
    term = _TERMS.get(one.about)
    if term is not None:
        return term(ticket, one.due_at)
    if one.about == "postponed":  # the day has come: any move shows that it was taken up again
        return ticket.postponed_until == one.due_at and not moved and not _reported(ticket)
    if one.about == "stall":
        return ticket.stall_level >= one.level
    if one.about == "check":
        return ticket.status is Status.AWAITING_CENTRE
    if one.about == "client":
        return ticket.status is Status.AWAITING_CLIENT
    return one.about in BESIDE or not moved


def _accept(ticket: Ticket, due_at: datetime) -> bool:
    return ticket.status in BEFORE_ACCEPTANCE and ticket.deadlines.accept_by == due_at


def _localise(ticket: Ticket, due_at: datetime) -> bool:
    unlocalised = ticket.localised_at is None and ticket.deadlines.localise_by == due_at
    return unlocalised and not _reported(ticket)


def _fix(ticket: Ticket, due_at: datetime) -> bool:
    return ticket.deadlines.fix_by == due_at and not _reported(ticket)


def _interim(ticket: Ticket, due_at: datetime) -> bool:
    return ticket.interim_at is None and ticket.deadlines.interim_by == due_at and not _reported(ticket)


def _promised(ticket: Ticket, due_at: datetime) -> bool:
    return ticket.interim_until == due_at and not _reported(ticket)


def _reported(ticket: Ticket) -> bool:
    return ticket.status in DONE and ticket.fixed_at is not None


_TERMS: dict[str, Callable[[Ticket, datetime], bool]] = {
    "accept": _accept,
    "localise": _localise,
    "fix": _fix,
    "interim": _interim,
    "promised": _promised,
}
