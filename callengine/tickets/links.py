"""LinksService: a resident follows his ticket by a link from a message: he sees it whole but for what is internal.

He moves nothing himself (DOMAIN.md). What he says through his page (a mark, "not done", a word) is written down as
his, and the engine, in the role `system`, makes the move that follows from a mark.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from callengine import config
from callengine.access.model import DESK
from callengine.access.throttle import Throttle
from callengine.clock import Clock
from callengine.directory.search import storable
from callengine.directory.ways import checked
from callengine.errors import Conflict, Forbidden, NotFound, Refused
from callengine.store import moves as move_rows
from callengine.store import ticket_files as file_rows
from callengine.store import ticket_links as rows
from callengine.store import tickets as ticket_rows
from callengine.store.database import Store
from callengine.tickets.effects import Asked, Mover
from callengine.tickets.events import TicketCommented
from callengine.tickets.lifecycle import SYSTEM, Move
from callengine.tickets.model import Status, Ticket, TicketEvent, TicketFile
from callengine.tickets.moves import MovesService
from callengine.tickets.visibility import Person
from callengine.tickets.ways import change_way

RESIDENT = "resident"
MOST_TEXT = 2000
# A guesser of links has no chance anyway (192 bits); this keeps the log calm. A link that lives is never held up:
# behind a proxy all residents have one address.
GUESSES, GUESS_SECONDS = 30, 600.0
WORDS, WORDS_SECONDS = 20, 3600.0


@dataclass(frozen=True, slots=True)
class Link:
    """The token stands here once and is never kept; the page is /r/TOKEN."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a resident says of the job: a mark from 1 to 5, or that it is not done."""

    mark: int | None = None
    not_done: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class ResidentView:
    """All that a resident may see; `ticket.history` holds public events only."""

    ticket: Ticket
    files: tuple[TicketFile, ...]
    may_mark: bool


# The engine's own move after a mark: (number, feedback, key) -> the ticket as it then stands.
MarkMove = Callable[[str, Feedback, str], Awaitable[Ticket]]


def mark_by(moves: MovesService) -> MarkMove:
    """The move that follows from a resident's mark: made by the engine, signed with his name."""

    async def mark(number: str, given: Feedback, key: str) -> Ticket:
        asked = Asked(Move.MARK, reason=given.text, mark=given.mark, not_done=given.not_done, key=key)
        return await moves.move(number, Mover(name=RESIDENT, role=SYSTEM), asked)

    return mark


class LinksService:
    """Links to tickets for residents, and what comes back through them."""

    def __init__(self, store: Store, clock: Clock, settings: config.Files, mark: MarkMove) -> None:
        self._store, self._clock, self._mark = store, clock, mark
        self._life = timedelta(days=settings.link_days)
        self._guesses = Throttle(clock, limit=GUESSES, seconds=GUESS_SECONDS)
        self._words = Throttle(clock, limit=WORDS, seconds=WORDS_SECONDS)

    # --- for the desk -------------------------------------------------------------------------------------

    async def create(self, number: str, who: Person) -> Link:
        """A new link; those given before go on. Raises Forbidden for all but the desk and the engine, NotFound."""
        if who.role not in DESK and who.role != SYSTEM:
            raise Forbidden()
        token, now = secrets.token_urlsafe(24), self._clock.now()
        async with self._store.begin() as tx:
            ticket = await ticket_rows.get(tx.conn, storable(number))
            if ticket is None:
                raise NotFound(f"there is no ticket {number}")
            expires_at = now + self._life
            await rows.add(tx, _hash(token), ticket.id, at=now, by=who.name, expires_at=expires_at)
            event = TicketEvent(now, "link_given", who.name, role=who.role, public=False)
            await ticket_rows.add_history(tx, ticket.id, who.staff_id, [event])
        return Link(token, expires_at)

    async def revoke(self, number: str, who: Person) -> int:
        """End all links of a ticket; how many lived."""
        if who.role not in DESK:
            raise Forbidden()
        now = self._clock.now()
        async with self._store.begin() as tx:
            ticket = await ticket_rows.get(tx.conn, storable(number))
            if ticket is None:
                raise NotFound(f"there is no ticket {number}")
            ended = await rows.revoke(tx, ticket.id, now)
            if ended:
                event = TicketEvent(now, "links_ended", who.name, "", {"links": ended}, role=who.role, public=False)
                await ticket_rows.add_history(tx, ticket.id, who.staff_id, [event])
        return ended

    # --- for the resident ---------------------------------------------------------------------------------

    async def view(self, token: str, remote: str) -> ResidentView:
        """The resident's page. Raises NotFound for a link that ended or never was, TooMany for a guesser."""
        number = await self._number(token, remote)
        async with self._store.begin() as tx:
            await rows.opened(tx, _hash(token), self._clock.now())
        return await self._view(number)

    async def ticket(self, token: str, remote: str) -> Ticket:
        """The link's ticket, for what else its page asks: that is no opening of it. Raises as `view`."""
        return (await self._view(await self._number(token, remote))).ticket

    async def _view(self, number: str) -> ResidentView:
        async with self._store.read() as conn:
            ticket = await ticket_rows.get(conn, number)
            assert ticket is not None
            files = await file_rows.of_ticket(conn, ticket.id)
        shown = replace(ticket, history=tuple(event for event in ticket.history if event.public))
        return ResidentView(shown, tuple(file for file in files if file.public), _may_mark(ticket))

    async def file(self, token: str, file_id: int, remote: str) -> TicketFile:
        """A public file of the link's ticket."""
        found = await self._view(await self._number(token, remote))
        for file in found.files:
            if file.id == file_id:
                return file
        raise NotFound("there is no such file")

    async def feedback(self, token: str, given: Feedback, remote: str) -> ResidentView:
        """The resident's mark or his "not done": kept as his word, and the engine makes the move that follows."""
        number = await self._number(token, remote)
        if given.mark is None and not given.not_done:
            raise Refused("give a mark from 1 to 5, or say that it is not done", pointer="/mark")
        if given.mark is not None and not 1 <= given.mark <= 5:
            raise Refused("a mark is from 1 to 5", pointer="/mark")
        before = await self._view(number)
        if not before.may_mark:
            raise Refused("the job was marked already, or is not yet done", pointer="/mark")
        await self._mark(number, replace(given, text=_text(given.text)), f"link:{_hash(token).hex()}:{_round(before)}")
        return await self._view(number)

    async def comment(self, token: str, text: str, remote: str, key: str | None = None) -> ResidentView:
        """A word of the resident, for all who work on the ticket; the same `key` again writes nothing.

        Raises Refused when empty, Conflict for a key that stands for other words, TooMany.
        """
        number = await self._number(token, remote)
        text = _text(text)
        if not text:
            raise Refused("write something", pointer="/text")
        whose = _hash(token).hex()
        key = f"word:{whose}:{key}" if key else None
        async with self._store.begin() as tx:
            seen = await ticket_rows.get(tx.conn, number)
            assert seen is not None
            await move_rows.locked(tx, seen.id)  # of two that are sent at once the second sees the first
            ticket = await ticket_rows.get(tx.conn, number) or seen
            kept = await move_rows.by_key(tx.conn, ticket.id, key) if key else None
            if kept is not None and kept.reason != text:
                raise Conflict("this Idempotency-Key was used for something else: send a new key")
            if kept is None:
                self._words.check(whose)
                self._words.failed(whose)
                event = TicketEvent(self._clock.now(), "comment", ticket.applicant.name, text, {}, role=RESIDENT)
                event = replace(event, id=await move_rows.add_event(tx, ticket.id, None, event, key))
                await tx.tell(TicketCommented(replace(ticket, history=(*ticket.history, event))))
        return await self._view(number)

    async def way(self, token: str, notify: str, email: str | None, remote: str) -> ResidentView:
        """How he wants to be told from now on; `email` None keeps the known address. Raises Refused, TooMany."""
        number = await self._number(token, remote)
        whose = _hash(token).hex()
        async with self._store.begin() as tx:
            seen = await ticket_rows.get(tx.conn, number)
            assert seen is not None
            await move_rows.locked(tx, seen.id)
            ticket = await ticket_rows.get(tx.conn, number) or seen
            who = ticket.applicant
            notify, email = checked(notify, who.email if email is None else storable(email))
            if (notify, email) != (who.notify, who.email):
                self._words.check(whose)
                self._words.failed(whose)
            await change_way(tx, ticket, notify, email, who.name, RESIDENT, None, self._clock.now())
        return await self._view(number)

    async def _number(self, token: str, remote: str) -> str:
        async with self._store.read() as conn:
            number = await rows.number_of(conn, _hash(token), self._clock.now())
        if number is None:
            self._guesses.check(remote)
            self._guesses.failed(remote)
            raise NotFound("this link has ended: ask the dispatch service for a new one")
        return number


def _may_mark(ticket: Ticket) -> bool:
    return ticket.status is Status.AWAITING_CLIENT and ticket.marked_at is None


def _round(view: ResidentView) -> int:
    """A reopened ticket may be marked anew: the key of the mark names the round."""
    return view.ticket.reopened_count + len([e for e in view.ticket.history if e.what == "mark"])


def _text(text: str) -> str:
    return storable(text).strip()[:MOST_TEXT]


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
