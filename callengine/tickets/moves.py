"""MovesService: every move and comment of a ticket, checked by the table, written once, told to the screens.

A move is read with all that it names, then written in one transaction under the version that was read: of two people
who move at once one wins, and the other is told who was first and where the ticket stands now.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NoReturn, Protocol
from zoneinfo import ZoneInfo

from callengine import config
from callengine.access.events import StaffLeft
from callengine.access.model import PEOPLE
from callengine.clock import Clock
from callengine.directory.search import premise_of, storable
from callengine.errors import Conflict, Forbidden, NotFound, Refused
from callengine.store import directory as directory_rows
from callengine.store import moves as rows
from callengine.store import ticket_pages as pages
from callengine.store import tickets as ticket_rows
from callengine.store import timers
from callengine.store.database import Store, Tx
from callengine.store.prepared import Reader as Glanced
from callengine.store.ticket_pages import TicketPage
from callengine.tickets import clocks, effects, lifecycle
from callengine.tickets.calendar import Calendar
from callengine.tickets.clocks import TIMER, periods_of
from callengine.tickets.deadlines import recompute
from callengine.tickets.effects import Asked, Looked, Mover, Where, where_of
from callengine.tickets.events import TicketCommented, TicketMoved
from callengine.tickets.lifecycle import FORBIDDEN, SYSTEM, Field, Move, Offer, Situation, Transition
from callengine.tickets.model import Deadlines, Entry, Status, Ticket, TicketEvent
from callengine.tickets.visibility import EVERYTHING, Person, Scope, scope_of, sees

ENGINE = Mover(name="callengine", role=SYSTEM)
MOST_COMMENT = 10_000
WRITERS = PEOPLE - {"inspector"} | {SYSTEM}


class Terms(Protocol):
    """Works the terms of a ticket out anew, with its organisation's own terms and the calendar."""

    async def recompute(self, conn: rows.Conn, ticket: Ticket, *, accept_from: datetime | None = None) -> Deadlines: ...

    async def entry_for(self, conn: rows.Conn, entry: Entry, organisation_id: int | None) -> Entry: ...


@dataclass(frozen=True, slots=True)
class PlainTerms:
    """By the classifier alone."""

    zone: ZoneInfo
    language: str = "ru"

    async def recompute(self, conn: rows.Conn, ticket: Ticket, *, accept_from: datetime | None = None) -> Deadlines:
        calendar = Calendar(self.zone)
        return recompute(ticket, ticket.classifier, calendar, accept_from=accept_from, language=self.language)

    async def entry_for(self, conn: rows.Conn, entry: Entry, organisation_id: int | None) -> Entry:
        return entry


@dataclass(frozen=True, slots=True)
class _Plan:
    """A move, read and checked; only the transaction is to come."""

    ticket: Ticket
    mover: Mover
    asked: Asked
    now: datetime


class MovesService:
    """The one door through which the status of a ticket changes."""

    def __init__(
        self, *, store: Store, clock: Clock, settings: config.Tickets, zone: ZoneInfo, terms: Terms | None = None
    ) -> None:
        self._store, self._clock = store, clock
        self.periods = periods_of(settings)
        self._terms = terms or PlainTerms(zone)

    # --- a person moves ---------------------------------------------------------------------------------------

    async def move(self, number: str, who: Person, asked: Asked) -> Ticket:
        """Make the move. Gives the ticket as it stands afterwards, with its history.

        Raises NotFound for a ticket that the person does not see, Forbidden for a move that is not his, Refused for
        what is missing or wrong (with pointers) and for what a guard forbids, Conflict when somebody was first or the
        move does not lead on from where the ticket stands. The same key again gives the same ticket.
        """
        asked = replace(asked, reason=storable(asked.reason).strip())
        mover = mover_of(who)
        ticket, kept = await self._store.glance(lambda conn: self._look_before(conn, number, mover, asked))
        if kept is not None:
            _same(kept, asked)
            return ticket
        async with self._store.begin(shared=True) as tx:
            # The ticket was read outside: whoever has moved it since is found out by the version. Locked before the
            # key is looked for: of two that are sent at once the second sees the first.
            await rows.locked(tx, ticket.id)
            if asked.key and (kept := await rows.by_key(tx.conn, ticket.id, asked.key)):
                _same(kept, asked)
            else:
                if asked.version is not None and asked.version != ticket.version:
                    raise _outrun(ticket)
                return await self.act(tx, ticket, mover, asked)
        return await self._read(number)

    async def _look_before(
        self, conn: Glanced, number: str, mover: Mover, asked: Asked
    ) -> tuple[Ticket, rows.Kept | None]:
        """The ticket, and the line of its history that the key has written already."""
        ticket = await self._seen(conn, number, mover)
        return ticket, await rows.by_key(conn, ticket.id, asked.key) if asked.key else None

    async def act(self, tx: Tx, ticket: Ticket, mover: Mover, asked: Asked) -> Ticket:
        """One move inside a transaction, by a person or by the engine; `ticket` is whole, with its history."""
        version = await rows.locked(tx, ticket.id)
        if version != ticket.version:
            raise _outrun(await rows.ticket_of(tx.conn, ticket.id) or ticket)
        now = self._clock.now()
        plan = _Plan(ticket, mover, asked, now)
        situation = effects.situation(
            ticket, mover, now, self.periods, asked, has_act=await rows.has_act(tx.conn, ticket.id)
        )
        row = self._row(plan, situation)
        looked = await self._look(tx.conn, plan, row, situation)
        after = effects.moved(ticket, row, asked, situation, looked, now, self.periods)
        _check_whole(after)
        event = effects.event(ticket, after, row, asked, mover, now)
        if not await rows.save(tx, ticket, after):
            raise _outrun(await rows.ticket_of(tx.conn, ticket.id) or ticket)
        event = replace(event, id=await rows.add_event(tx, ticket.id, mover.staff_id, event, asked.key))
        after = replace(after, history=(*ticket.history, event))
        await self._write_down(tx, row.move, ticket, after, asked)
        await self.keep_promise(tx, after)
        await tx.tell(TicketMoved(after, row.move, ticket.status))
        return after

    def _row(self, plan: _Plan, s: Situation) -> Transition:
        """The row of the table for this move, allowed and with all that it needs."""
        asked, role = plan.asked, plan.mover.role
        if not lifecycle.knows(asked.move, role):
            raise Forbidden(f"the move {asked.move} is not for your role")
        row = lifecycle.find(asked.move, s)
        if row is None:
            raise _stands(plan.ticket, f"the move {asked.move} does not lead on from there")
        if key := row.forbidden(s):
            _forbid(key, plan.ticket)
        wrong = effects.missing(row, asked, plan.now, self.periods)
        if wrong:
            _refuse(wrong)
        return row

    async def _look(self, conn: rows.Conn, plan: _Plan, row: Transition, s: Situation) -> Looked:
        """All that the move names, looked up and fit for it. Raises Refused with the pointer."""
        asked, ticket = plan.asked, plan.ticket
        looked = Looked()
        if asked.organisation_id is not None and row.move in (Move.ROUTE, Move.MOVE):
            organisation = (await rows.organisations_by_id(conn, [asked.organisation_id])).get(asked.organisation_id)
            if organisation is None or not organisation.active:
                _refuse([("#/organisation_id", f"there is no organisation {asked.organisation_id} at work")])
            why = f"{plan.mover.name}: {asked.reason}" if asked.reason else plan.mover.name
            looked = replace(looked, organisation=organisation, why_organisation=why)
        if row.move is Move.ROUTE:
            looked = await self._look_route(conn, plan, looked)
        if asked.executor_id is not None and row.move in (Move.ASSIGN, Move.MOVE):
            looked = await self._look_executor(conn, plan, looked)
        if row.move is Move.REOPEN:
            # With the line that it will have: any later computing reads the same new beginning there.
            line = TicketEvent(plan.now, Move.REOPEN.value, plan.mover.name)
            again = replace(ticket, fixed_at=None, localised_at=None, interim_at=None, history=(*ticket.history, line))
            again = replace(again, accepted_at=None if row.target is Status.UNASSIGNED else ticket.accepted_at)
            looked = replace(looked, deadlines=await self._terms.recompute(conn, again))
        return looked

    async def _look_route(self, conn: rows.Conn, plan: _Plan, looked: Looked) -> Looked:
        asked, ticket = plan.asked, plan.ticket
        assert looked.organisation is not None
        entry = ticket.classifier
        if asked.classifier and asked.classifier != entry.code:
            found = await ticket_rows.entry(conn, storable(asked.classifier))
            if found is None or not found.active:
                _refuse([("#/classifier", f"there is no classifier entry {asked.classifier!r}")])
            entry = found
        where = await self._look_where(conn, asked)
        elsewhere = where is not None and where_of(where) != where_of(ticket)
        answers_now = ticket.organisation == looked.organisation and ticket.status is not Status.DECLINED
        if answers_now and entry is ticket.classifier and not elsewhere:
            _refuse([("#/organisation_id", "this organisation answers for it already")])
        draft = replace(ticket, organisation=looked.organisation, classifier=entry, accepted_at=None)
        terms = await self._terms.recompute(conn, draft, accept_from=plan.now)
        own = await self._terms.entry_for(conn, entry, looked.organisation.id)
        return replace(looked, entry=entry, own=own, deadlines=terms, where=where)

    @staticmethod
    async def _look_where(conn: rows.Conn, asked: Asked) -> Where | None:
        """The house, or the place in words, that a routing names; None when it names neither."""
        place, premise = storable(asked.place).strip(), storable(asked.premise)
        if asked.house_id is None:
            if premise:
                _refuse([("#/premise", "a flat without its house: name the house, or write it into `place`")])
            return Where(None, place, "") if place else None
        if place:
            _refuse([("#/place", "a house is named: what is within it goes into `premise`")])
        house = (await directory_rows.houses_by_id(conn, [asked.house_id])).get(asked.house_id)
        if house is None:
            _refuse([("#/house_id", f"there is no house {asked.house_id}")])
        return Where(house, premise_of(premise), house.district)

    async def _look_executor(self, conn: rows.Conn, plan: _Plan, looked: Looked) -> Looked:
        asked, ticket = plan.asked, plan.ticket
        assert asked.executor_id is not None
        executor = (await rows.staff_by_id(conn, [asked.executor_id])).get(asked.executor_id)
        organisation = looked.organisation or ticket.organisation
        if executor is None or organisation is None or executor.organisation_id != organisation.id:
            _refuse([("#/executor_id", "he is not among the staff of the organisation that answers for the ticket")])
        if not executor.active:
            _refuse([("#/executor_id", f"{executor.name} does not work there any more")])
        if executor.role not in (lifecycle.EXECUTOR, lifecycle.MANAGER):
            _refuse([("#/executor_id", f"{executor.name} is no executor")])
        if ticket.status is Status.EXECUTOR_ASSIGNED and ticket.executor and ticket.executor.id == executor.id:
            _refuse([("#/executor_id", f"{executor.name} is its executor already")])
        return replace(looked, executor=executor)

    async def _write_down(self, tx: Tx, move: Move, before: Ticket, after: Ticket, asked: Asked) -> None:
        """What other tables keep of a move: who ever answered for it, who declined, who took it in the end."""
        now = after.touched_at or after.created_at
        if where_of(after) != where_of(before):
            await ticket_rows.add_words(tx, after)
        to = after.organisation
        if to is not None and (to != before.organisation or move is Move.ROUTE):
            await rows.answers_for(tx, after.id, to.id, now)
        if move is Move.DECLINE and before.organisation:
            await rows.add_decline(tx, before, before.organisation.id, asked.reason, now)
        accepted = before.accepted_at is None and after.accepted_at is not None
        if accepted and to is not None and after.declined_count:
            await rows.taken_by(tx, after.id, to.id)

    # --- comments ---------------------------------------------------------------------------------------------

    async def comment(
        self, number: str, who: Person, text: str, *, public: bool = False, key: str | None = None
    ) -> Ticket:
        """Append a comment: an internal one, or one that the applicant reads.

        Raises NotFound, Refused, and Forbidden for who only reads: an inspector, or an organisation that no longer
        answers for the ticket. The same key again writes nothing.
        """
        text, mover = storable(text).strip(), mover_of(who)
        if mover.role not in WRITERS:
            raise Forbidden("your role reads, it does not write")
        if not text:
            _refuse([("#/text", "write something")])
        if len(text) > MOST_COMMENT:
            _refuse([("#/text", f"a comment has at most {MOST_COMMENT} characters")])
        ticket = await self._store.glance(lambda conn: self._seen(conn, number, mover))
        now = self._clock.now()
        event = TicketEvent(now, "comment", mover.name, text, {}, mover.role, public)
        async with self._store.begin(shared=True) as tx:
            await rows.locked(tx, ticket.id)
            kept = await rows.by_key(tx.conn, ticket.id, key) if key else None
            if kept and (kept.what, kept.reason) != ("comment", text):
                raise Conflict("this Idempotency-Key was used for something else: send a new key")
            if not kept:
                await self._check_answers(tx, ticket.id, mover)
                await self._add_comment(tx, ticket, mover, event, key)
        return await self._read(number)

    async def _add_comment(self, tx: Tx, ticket: Ticket, mover: Mover, event: TicketEvent, key: str | None) -> None:
        event = replace(event, id=await rows.add_event(tx, ticket.id, mover.staff_id, event, key))
        # Somebody may have moved it while the words were typed: they hang on the ticket as it is now.
        newest = await self.touched(tx, ticket.id, mover, event.at)
        await tx.tell(TicketCommented(newest or ticket))

    @staticmethod
    async def _check_answers(tx: Tx, ticket_id: int, mover: Mover) -> None:
        """Under the ticket's lock. Raises Forbidden."""
        ticket = await rows.ticket_of(tx.conn, ticket_id)
        if ticket is not None and not effects.answers(ticket, mover):
            raise not_answering()

    async def touched(self, tx: Tx, ticket_id: int, who: Person, at: datetime) -> Ticket | None:
        """Somebody wrote on it or hung a file: of those who must act, that begins the ladder of reminders anew.

        A word of anybody else does not, nor of an organisation that no longer answers for it: a resident who calls
        for the third time must not calm the ladder down.
        """
        await rows.locked(tx, ticket_id)
        ticket = await rows.ticket_of(tx.conn, ticket_id)
        if ticket is None or ticket.status.final or not clocks.touches(ticket, who.role):
            return ticket
        if not effects.ours(ticket, mover_of(who)):
            return ticket
        ticket = replace(ticket, touched_at=at, stall_level=0)
        await rows.touch(tx, ticket)
        await self.keep_promise(tx, ticket)
        return ticket

    # --- buttons ----------------------------------------------------------------------------------------------

    def offers(self, ticket: Ticket, who: Person, *, has_act: bool = False) -> tuple[Offer, ...]:
        """The moves as buttons of one's role; forbidden ones say why."""
        situation = effects.situation(ticket, mover_of(who), self._clock.now(), self.periods, has_act=has_act)
        return lifecycle.offers(situation)

    async def read(self, number: str, who: Person) -> tuple[TicketPage, tuple[Offer, ...]]:
        """A ticket with all that its page shows, and the buttons of this person. Raises NotFound."""
        mover = mover_of(who)
        async with self._store.read() as conn:
            page = await pages.page(conn, await self._seen(conn, number, mover), self._clock.now())
        return page, self.offers(page.ticket, mover, has_act=page.has_act)

    async def sees(self, number: str, who: Person) -> bool:
        """Whether the ticket is his to see."""
        async with self._store.read() as conn:
            try:
                await self._seen(conn, number, mover_of(who))
            except NotFound:
                return False
        return True

    async def load(self, organisation_id: int, who: Person) -> list[rows.LoadRow]:
        """The open tickets of an organisation by executor and status. Raises NotFound for what is not his to see."""
        scope = scope_of(who)
        if not scope.everything and scope.organisation_id != organisation_id:
            raise NotFound(f"there is no organisation {organisation_id}")
        async with self._store.read() as conn:
            if organisation_id not in await rows.organisations_by_id(conn, [organisation_id]):
                raise NotFound(f"there is no organisation {organisation_id}")
            return list(await rows.load(conn, organisation_id, self._clock.now()))

    # --- what follows from other rooms ----------------------------------------------------------------------------

    async def executor_left(self, tx: Tx, staff_id: int) -> list[str]:
        """Somebody works there no more, or is no executor now: his open tickets go back to his organisation, visibly.

        For whoever deactivates staff, inside that transaction. Gives the numbers of the tickets.
        """
        reason = await self._why_left(tx, staff_id)
        numbers = []
        for ticket_id in await rows.open_of_executor(tx.conn, staff_id):
            await rows.locked(tx, ticket_id)
            ticket = await rows.ticket_of(tx.conn, ticket_id)
            if ticket and ticket.executor and ticket.executor.id == staff_id and ticket.status in rows.WORKED_ON:
                await self.act(tx, ticket, ENGINE, Asked(Move.EXECUTOR_LEFT, reason=reason))
                numbers.append(ticket.number)
        return numbers

    async def on_staff_left(self, tx: Tx, fact: StaffLeft) -> None:
        """Within the transaction in which somebody left, or in which an import may have changed many."""
        gone = [fact.staff_id] if fact.staff_id is not None else await rows.idle_executors(tx.conn)
        for staff_id in gone:
            await self.executor_left(tx, staff_id)

    async def _why_left(self, tx: Tx, staff_id: int) -> str:
        person = (await rows.staff_by_id(tx.conn, [staff_id])).get(staff_id)
        name = person.name if person else str(staff_id)
        return f"{name}: больше не исполнитель / no executor any more"

    async def act_added(self, tx: Tx, ticket_id: int) -> None:
        """A signed act came: a late ticket that waited for nothing else closes by itself. Inside the act's transaction.

        It waited for the act alone when its client gave a good mark, or none within his days.
        """
        await rows.locked(tx, ticket_id)
        ticket = await rows.ticket_of(tx.conn, ticket_id)
        if ticket is None or ticket.status is not Status.AWAITING_CLIENT:
            return
        if not await rows.has_act(tx.conn, ticket_id):
            return
        reason = self.silent_end(ticket)
        if ticket.mark is not None and ticket.mark > 2:
            reason = f"оценка {ticket.mark}, акт получен / mark {ticket.mark}, the act has come"
        if reason:
            await self.act(tx, ticket, ENGINE, Asked(Move.CLOSE, reason=reason))

    def silent_end(self, ticket: Ticket) -> str:
        """Why a ticket without a mark may end now; "" while its client has time left."""
        days = self.periods.client.days
        if clocks.stranger_asked(ticket):
            return ""
        if ticket.mark is not None or self._clock.now() < clocks.entered_at(ticket) + self.periods.client:
            return ""
        return f"клиент не ответил за {days} дн. / no answer from the client in {days} d"

    async def keep_promise(self, tx: Tx, ticket: Ticket) -> None:
        """Set the one timer of a ticket to what comes next, or take it back."""
        due = clocks.next_at(ticket, self.periods)
        if due is None:
            await timers.cancel_timer(tx, TIMER, str(ticket.id))
        else:
            await timers.set_timer(tx, TIMER, str(ticket.id), due)

    # --- reading ------------------------------------------------------------------------------------------------

    async def _seen(self, conn: Glanced, number: str, mover: Mover) -> Ticket:
        ticket = await ticket_rows.get(conn, storable(number))
        scope = EVERYTHING if mover.role == SYSTEM else scope_of(mover)
        if ticket is None or not await self._sees(conn, scope, ticket):
            raise NotFound(f"there is no ticket {number}")
        return ticket

    @staticmethod
    async def _sees(conn: Glanced, scope: Scope, ticket: Ticket) -> bool:
        if sees(scope, ticket):
            return True
        if scope.organisation_id is None:
            return False
        return sees(scope, ticket, await ticket_rows.past_organisations(conn, ticket.id))

    async def _read(self, number: str) -> Ticket:
        ticket = await self._store.glance(lambda conn: ticket_rows.get(conn, number))
        if ticket is None:
            raise NotFound(f"there is no ticket {number}")
        return ticket


def mover_of(who: Person) -> Mover:
    """A person as the guards see him."""
    return Mover(
        name=who.name,
        role=who.role,
        staff_id=who.staff_id,
        organisation_id=who.organisation_id,
        districts=who.districts,
    )


def not_answering() -> Forbidden:
    """Why somebody who sees the ticket writes nothing on it."""
    ru, en = FORBIDDEN["not_yours"]
    return Forbidden(en, forbidden="not_yours", forbidden_words=ru)


# --- refusals ---------------------------------------------------------------------------------------------------


def _same(kept: rows.Kept, asked: Asked) -> None:
    if kept.data.get("asked") != asked.fingerprint:
        raise Conflict("this Idempotency-Key made another move: send a new key")


def _outrun(ticket: Ticket) -> Conflict:
    return _stands(ticket, "somebody moved it before you")


def _stands(ticket: Ticket, why: str) -> Conflict:
    """A Conflict that says who moved the ticket last, and where it stands."""
    last = next((event for event in reversed(ticket.history) if "move" in event.data), None)
    by = f"; {last.author} moved it last ({last.data['move']})" if last else ""
    return Conflict(
        f"{why}: the ticket {ticket.number} stands at {ticket.status}{by}",
        number=ticket.number,
        ticket_status=ticket.status.value,
        version=ticket.version,
        moved_by=last.author if last else None,
        moved_at=last.at if last else None,
        move=last.data["move"] if last else None,
    )


def _refuse(wrong: list[tuple[str, str]]) -> NoReturn:
    errors = [{"pointer": pointer, "detail": detail} for pointer, detail in wrong]
    raise Refused("; ".join(detail for _, detail in wrong), errors=errors)


def _forbid(key: str, ticket: Ticket) -> NoReturn:
    ru, en = FORBIDDEN[key]
    if key == "not_yours":
        raise not_answering()
    raise Refused(en, forbidden=key, forbidden_words=ru, number=ticket.number, ticket_status=ticket.status.value)


def _check_whole(after: Ticket) -> None:
    """The administrator may name any status, but not one that means nothing without its organisation or executor."""
    if after.status in lifecycle.NEEDS_ORGANISATION and after.organisation is None:
        _refuse([(f"#/{Field.ORGANISATION.value}", f"{after.status} needs an organisation: name it")])
    if after.status in lifecycle.NEEDS_EXECUTOR and after.executor is None:
        _refuse([(f"#/{Field.EXECUTOR.value}", f"{after.status} needs an executor: name him")])
