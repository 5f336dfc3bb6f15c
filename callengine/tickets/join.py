"""One more applicant of a matter that is known already: his call joins the open ticket in place of a new one.

A pipe bursts and forty flats call: one ticket, forty applicants, each with his call. Taken back, the applicant and his
call leave the ticket; its history tells of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from callengine import phone
from callengine.clock import Clock
from callengine.directory.model import Reader
from callengine.directory.search import storable
from callengine.errors import Conflict, NotFound, Refused
from callengine.store import moves as move_rows
from callengine.store import residents, ticket_words
from callengine.store import ticket_joins as rows
from callengine.store import tickets as ticket_rows
from callengine.store.database import Store, Tx
from callengine.tickets.events import TicketJoined
from callengine.tickets.model import Applicant, Ticket, TicketEvent


@dataclass(frozen=True, slots=True)
class Joining:
    """What an operator sends: who calls about the same, from which flat, by which call."""

    applicant: Applicant
    premise: str = ""
    text: str = ""
    call_id: int | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """One more applicant, as he stands on the ticket; `joined_by` names the operator."""

    id: int
    applicant: Applicant
    premise: str
    text: str
    call_id: int | None
    joined_at: datetime
    joined_by: str


class JoinService:
    """Joins calls to open tickets. `country` and `city_code` read the numbers that operators type."""

    def __init__(self, store: Store, clock: Clock, *, country: str = "RU", city_code: str = "") -> None:
        self._store, self._clock = store, clock
        self._country, self._city_code = country, city_code

    async def of(self, number: str) -> list[Joined]:
        """All who joined a ticket after its first applicant. Raises NotFound."""
        async with self._store.read() as conn:
            ticket = await ticket_rows.get(conn, storable(number))
            if ticket is None:
                raise NotFound(f"there is no ticket {number}")
            found = await rows.of_ticket(conn, ticket.id)
        return [
            Joined(
                row.id,
                Applicant(row.number, row.name, row.person_id),
                row.premise,
                row.text,
                row.call_id,
                row.joined_at,
                row.staff_name or "",
            )
            for row in found
        ]

    async def join(self, number: str, wish: Joining, author: Reader) -> Joined | None:
        """The call and its applicant are on the ticket; None when he is one of its applicants already.

        Then only his call is hung on it. The same call sent again changes nothing. Raises NotFound, Conflict when the
        ticket is over, Refused for an applicant of whom nothing is known or a call or person that is not there.
        """
        wish = self._cleaned(wish)
        async with self._store.begin(shared=True) as tx:
            ticket = await self._open_ticket(tx, number)
            wish = await self._checked(tx, wish)
            known = self._known(ticket, await rows.of_ticket(tx.conn, ticket.id), wish)
            fresh_call = wish.call_id is not None and await ticket_rows.link_call(tx, ticket.id, wish.call_id)
            if known:
                if fresh_call:
                    await self._note(tx, ticket, author, "called_again", wish)
                return None
            made = await self._add(tx, ticket, wish, author)
            await self._note(tx, ticket, author, "applicant_joined", wish, applicant_id=made.id)
            return made

    async def withdraw(self, number: str, applicant_id: int, author: Reader) -> None:
        """A joining made by mistake is taken back, with its call. Raises NotFound, Conflict when the ticket is over."""
        async with self._store.begin(shared=True) as tx:
            ticket = await self._open_ticket(tx, number)
            found = next((row for row in await rows.of_ticket(tx.conn, ticket.id) if row.id == applicant_id), None)
            if found is None:
                raise NotFound(f"ticket {number} has no such applicant")
            await rows.remove(tx, applicant_id)
            await rows.count(tx, ticket.id, -1)
            if found.call_id is not None:
                await rows.unlink_call(tx, ticket.id, found.call_id)
            who = Applicant(found.number, found.name, found.person_id)
            wish = Joining(who, found.premise, found.text, found.call_id)
            await self._note(tx, ticket, author, "applicant_withdrawn", wish, applicant_id=applicant_id)

    # --- steps -------------------------------------------------------------------------------------------

    def _cleaned(self, wish: Joining) -> Joining:
        who, typed = wish.applicant, wish.applicant.number.strip()
        parsed = phone.parse(typed, country=self._country, city_code=self._city_code).value if typed else ""
        name, text = storable(who.name).strip(), storable(wish.text).strip()
        if not (parsed or name or wish.call_id):
            raise Refused("name the applicant: a number, a name or the call")
        return Joining(Applicant(parsed, name, who.person_id), storable(wish.premise).strip(), text, wish.call_id)

    @staticmethod
    async def _open_ticket(tx: Tx, number: str) -> Ticket:
        ticket = await ticket_rows.get(tx.conn, storable(number))
        if ticket is None:
            raise NotFound(f"there is no ticket {number}")
        # Whoever closes or joins it in this moment stands in line; then it is read as it now stands.
        await move_rows.locked(tx, ticket.id)
        ticket = await ticket_rows.get(tx.conn, ticket.number) or ticket
        if ticket.status.final:
            raise Conflict(f"ticket {number} is over: register a new one", status=ticket.status.value)
        return ticket

    @staticmethod
    async def _checked(tx: Tx, wish: Joining) -> Joining:
        """The wish with the card that stands: the one on the desk may have been merged into another meanwhile."""
        if wish.call_id is not None and not await rows.call_exists(tx, wish.call_id):
            raise Refused(f"there is no call {wish.call_id}")
        if (person_id := wish.applicant.person_id) is None:
            return wish
        if not await rows.person_exists(tx, person_id):
            raise Refused(f"there is no person {person_id}")
        kept = (await residents.kept_of(tx.conn, [person_id])).get(person_id, person_id)
        return replace(wish, applicant=replace(wish.applicant, person_id=kept))

    @staticmethod
    def _known(ticket: Ticket, joined: Sequence[Any], wish: Joining) -> bool:
        """Somebody is an applicant once: the same person, else the same number, and any call only once."""
        if wish.call_id is not None and wish.call_id in ticket.call_ids:
            return True
        who = wish.applicant
        first = (ticket.applicant.person_id, ticket.applicant.number)
        for person_id, number in [first, *((row.person_id, row.number) for row in joined)]:
            # Two people may share a telephone: where both are known by name in the directory, that decides.
            if who.person_id is not None and person_id is not None:
                if who.person_id == person_id:
                    return True
            elif who.number and who.number == number:
                return True
        return False

    async def _add(self, tx: Tx, ticket: Ticket, wish: Joining, author: Reader) -> Joined:
        who, now = wish.applicant, self._clock.now()
        made = await rows.add(
            tx,
            ticket_id=ticket.id,
            person_id=who.person_id,
            name=who.name,
            number=who.number,
            premise=wish.premise,
            call_id=wish.call_id,
            text=wish.text,
            joined_at=now,
            staff_id=author.staff_id,
        )
        await rows.count(tx, ticket.id, 1)
        await ticket_words.add(tx, ticket.id, ticket.created_at, ticket_words.of_applicant(who.name, who.number))
        return Joined(made, who, wish.premise, wish.text, wish.call_id, now, author.name)

    async def _note(
        self, tx: Tx, ticket: Ticket, author: Reader, what: str, wish: Joining, *, applicant_id: int | None = None
    ) -> None:
        data: dict[str, Any] = {"name": wish.applicant.name, "premise": wish.premise, "call_id": wish.call_id}
        data["applicant"] = applicant_id
        # Neighbours do not read of each other: the resident's page leaves it out.
        event = TicketEvent(self._clock.now(), what, author.name, wish.text, data, public=False)
        await ticket_rows.add_history(tx, ticket.id, author.staff_id, [event])
        fresh = await ticket_rows.get(tx.conn, ticket.number)
        await tx.tell(TicketJoined(fresh or ticket))
