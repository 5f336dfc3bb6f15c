"""TicketsService: a ticket from a call in one transaction, lists of tickets, the classifier, the routing preview."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from callengine import phone
from callengine.clock import Clock
from callengine.directory.model import House, Organisation, Reader
from callengine.directory.search import premise_of, storable
from callengine.errors import Conflict, NotFound, Refused
from callengine.phone import Phone
from callengine.store import directory as directory_rows
from callengine.store import tickets as rows
from callengine.store.database import Store, Tx
from callengine.tickets import classifier, routing
from callengine.tickets.deadlines import deadlines
from callengine.tickets.events import TicketOpened
from callengine.tickets.model import (
    RANKS,
    Answer,
    Applicant,
    Entry,
    FoundEntry,
    NewTicket,
    Preview,
    Routing,
    Status,
    Ticket,
    TicketEvent,
    TicketFilter,
)
from callengine.tickets.translations import entry_in

LIMIT = 50
MOST = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Told(Exception):
    """The form was sent before; leaves the transaction so that the number taken goes back."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A new ticket with all that it names looked up."""

    new: NewTicket
    entry: Entry
    house: House | None
    applicant: Applicant
    chosen: Organisation | None


class TicketsService:
    """Tickets of one service, numbered by the year of its zone, explained in its language."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        *,
        language: str = "ru",
        country: str = "RU",
        city_code: str = "",
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._language = language
        self._country = country
        self._city_code = city_code

    # --- a new ticket -----------------------------------------------------------------------------------

    async def create(self, new: NewTicket, author: Reader) -> Ticket:
        """Register a ticket: number, organisation with its reason, terms, history and call, all or nothing.

        The same form sent twice (one `key`) gives the same ticket; another form under a used key is a Conflict.
        """
        new = _storable(new)
        try:
            async with self._store.begin() as tx:
                return await self._create(tx, new, author)
        except _Told:
            pass
        return await self._told_before(new)

    async def _create(self, tx: Tx, new: NewTicket, author: Reader) -> Ticket:
        now = self._clock.now()
        # The counter's row is locked first: two senders of one form stand in line here, and the second sees the first.
        number = await rows.next_number(tx, now.astimezone(self._zone).year)
        if new.key and await rows.by_key(tx.conn, new.key):
            raise _Told
        form = await self._look_up(tx.conn, new)
        route = self._chosen(form, await self._route(tx.conn, form.entry, new.house_id, now))
        draft = self._draft(form, route, number, author, now)
        ticket = replace(draft, id=await rows.add(tx, _columns(draft, new.key)))
        ticket = replace(ticket, history=self._first_events(ticket, form, route, author))
        await rows.add_history(tx, ticket.id, author.staff_id, ticket.history)
        await rows.add_words(tx, ticket)
        if new.call_id is not None:
            await rows.link_call(tx, ticket.id, new.call_id)
        await tx.tell(TicketOpened(ticket))
        return ticket

    async def _told_before(self, new: NewTicket) -> Ticket:
        async with self._store.read() as conn:
            number = await rows.by_key(conn, new.key or "")
            ticket = await rows.get(conn, number) if number else None
        if ticket is None:
            raise Conflict
        same_house = (ticket.house.id if ticket.house else None) == new.house_id
        if (ticket.classifier.code, ticket.text) != (new.classifier, new.text) or not same_house:
            raise Conflict(f"this Idempotency-Key made ticket {ticket.number} from another form: send a new key")
        return ticket

    async def _look_up(self, conn: rows.Conn, new: NewTicket) -> _Form:
        entry = await rows.entry(conn, new.classifier)
        if entry is None or not entry.active:
            raise Refused(f"there is no classifier entry {new.classifier!r}", pointer="/classifier")
        house = None
        if new.house_id is not None:
            house = (await directory_rows.houses_by_id(conn, [new.house_id])).get(new.house_id)
            if house is None:
                raise Refused(f"there is no house {new.house_id}", pointer="/house_id")
        chosen = None
        if new.organisation_id is not None:
            found = await directory_rows.organisations_by_id(conn, [new.organisation_id])
            chosen = found.get(new.organisation_id)
            if chosen is None or not chosen.active:
                raise Refused(f"there is no organisation {new.organisation_id}", pointer="/organisation_id")
        return _Form(new, entry, house, await self._applicant(conn, new), chosen)

    async def _applicant(self, conn: rows.Conn, new: NewTicket) -> Applicant:
        """The form's own words first; the call and the card fill what it leaves empty."""
        number, name = self._phone(new.applicant.number).value, new.applicant.name
        if new.call_id is not None:
            called_from = await rows.call_number(conn, new.call_id)
            if called_from is None:
                raise Refused(f"there is no call {new.call_id}", pointer="/call_id")
            number = number or called_from
        if new.applicant.person_id is not None:
            found = await directory_rows.persons(conn, [new.applicant.person_id], self._clock.now())
            if not found:
                raise Refused(f"there is no person {new.applicant.person_id}", pointer="/applicant/person_id")
            name = name or found[0].name
        return Applicant(number, name, new.applicant.person_id)

    def _phone(self, number: Phone | str) -> Phone:
        if isinstance(number, Phone):
            return number
        return phone.parse(number, country=self._country, city_code=self._city_code)

    def _chosen(self, form: _Form, found: Routing) -> Routing:
        """The operator may name another organisation; the reason says so, and what the rule had said."""
        chosen = form.chosen
        if chosen is None or (found.organisation is not None and found.organisation.id == chosen.id):
            return found
        rule = f"{found.organisation.name} — {found.reason}" if found.organisation else found.reason
        ru = f"выбрал оператор: {chosen.name}; по правилу: {rule}"
        en = f"chosen by the operator: {chosen.name}; by the rule: {rule}"
        return Routing(chosen, ru if self._language == "ru" else en, found.candidates)

    def _draft(self, form: _Form, route: Routing, number: str, author: Reader, now: datetime) -> Ticket:
        terms = deadlines(form.entry, now, self._zone, damage_at=form.new.damage_at, language=self._language)
        return Ticket(
            id=0,
            number=number,
            status=first_status(route),
            urgency=form.entry.urgency,
            classifier=form.entry,
            house=form.house,
            premise=premise_of(form.new.premise),
            applicant=form.applicant,
            organisation=route.organisation,
            organisation_reason=route.reason,
            deadlines=terms,
            created_at=now,
            text=form.new.text,
            answers=form.new.answers,
            created_by=author.staff_id,
            damage_at=form.new.damage_at,
            district=form.house.district if form.house else "",
            touched_at=now,
            contract_code=route.contract_code,
            due_at=terms.accept_by or terms.fix_by,
            call_ids=() if form.new.call_id is None else (form.new.call_id,),
        )

    def _first_events(self, ticket: Ticket, form: _Form, route: Routing, author: Reader) -> tuple[TicketEvent, ...]:
        registered: dict[str, Any] = {"call_id": form.new.call_id, "status": ticket.status, "urgency": ticket.urgency}
        impossible = self._unavailable(form.entry, form.house)
        if impossible:  # the operator insisted: the data on the house may be wrong, the ticket is kept
            registered["impossible_for_house"] = impossible
        routed = {
            "organisation_id": route.organisation.id if route.organisation else None,
            "organisation": route.organisation.name if route.organisation else None,
            "contract": route.contract_code,
            "candidates": [c.organisation.name for c in route.candidates],
        }
        what = "routed" if route.organisation else "spoken" if route.spoken else "unassigned"
        at, who = ticket.created_at, author.name
        return (
            TicketEvent(at, "registered", who, "", registered),
            TicketEvent(at, what, who, route.reason, routed),
        )

    # --- the classifier and the preview -----------------------------------------------------------------

    async def classifier_search(
        self, q: str = "", house_id: int | None = None, language: str | None = None
    ) -> list[FoundEntry]:
        """Entries by words, code or category; the impossible for the house come last, each with its reason."""
        async with self._store.read() as conn:
            known = await rows.entries(conn)
            house = await self._house(conn, house_id) if house_id is not None else None
        hits = [FoundEntry(entry, self._unavailable(entry, house, language)) for entry in classifier.find(known, q)]
        return sorted(hits, key=lambda hit: not hit.available)

    async def preview(
        self, code: str, house_id: int, at: datetime | None = None, language: str | None = None
    ) -> Preview:
        """Who would answer and by when, explained to a reader of `language`, before anything is written."""
        at, language = at or self._clock.now(), language or self._language
        async with self._store.read() as conn:
            entry = await rows.entry(conn, storable(code))
            if entry is None:
                raise NotFound(f"there is no classifier entry {code!r}")
            house = await self._house(conn, house_id)
            route = await self._route(conn, entry, house_id, at, language)
        impossible = self._unavailable(entry, house, language)
        terms = deadlines(entry_in(entry, language), at, self._zone, language=language)
        return Preview(route, terms, not impossible, impossible)

    async def _house(self, conn: rows.Conn, house_id: int) -> House:
        found = await directory_rows.houses_by_id(conn, [house_id])
        if house_id not in found:
            raise NotFound(f"there is no house {house_id}")
        return found[house_id]

    async def _route(
        self, conn: rows.Conn, entry: Entry, house_id: int | None, at: datetime, language: str | None = None
    ) -> Routing:
        serving = await rows.contracts_for(conn, house_id, routing.kinds_of(entry))
        return routing.decide(entry, serving, at.astimezone(self._zone), language or self._language)

    def _unavailable(self, entry: Entry, house: House | None, language: str | None = None) -> str:
        return classifier.unavailable(entry.code, house.features, language or self._language) if house else ""

    # --- reading ----------------------------------------------------------------------------------------

    async def get(self, number: str) -> Ticket:
        """A whole ticket: with its calls, recordings and history."""
        async with self._store.read() as conn:
            ticket = await rows.get(conn, storable(number))
        if ticket is None:
            raise NotFound(f"there is no ticket {number}")
        return ticket

    async def find(
        self, wanted: TicketFilter, *, limit: int = LIMIT, cursor: str | None = None
    ) -> tuple[list[Ticket], str | None]:
        """The newest first, with the cursor of the next page; a page never shifts when new tickets come."""
        limit = max(1, min(limit, MOST))
        wanted = replace(wanted, q=storable(wanted.q))
        parsed = self._phone(wanted.q)
        number = parsed.value if parsed.kind is phone.Kind.E164 else ""
        async with self._store.read() as conn:
            found = await rows.find(conn, wanted, number, limit + 1, place_of(cursor))
        page = found[:limit]
        return page, cursor_of(page[-1]) if len(found) > limit else None

    async def open_tickets(
        self, *, house_id: int | None = None, number: Phone | str | None = None, limit: int = LIMIT
    ) -> list[Ticket]:
        """Not final tickets of a house or of a number, the nearest term first."""
        parsed = self._phone(number).value if number is not None else None
        if house_id is None and not parsed:
            return []
        async with self._store.read() as conn:
            return await rows.open_tickets(conn, house_id=house_id, number=parsed, limit=limit)

    async def numbers_of_calls(self, call_ids: Collection[int]) -> dict[int, list[str]]:
        async with self._store.read() as conn:
            return await rows.numbers_of_calls(conn, call_ids)

    async def count_by(self, staff_id: int, since: datetime) -> int:
        async with self._store.read() as conn:
            return await rows.count_by(conn, staff_id, since)

    async def link_call(self, number: str, call_id: int, author: Reader) -> Ticket:
        """Hang another call on a ticket; doing it twice changes nothing."""
        async with self._store.begin() as tx:
            ticket = await rows.get(tx.conn, number)
            if ticket is None:
                raise NotFound(f"there is no ticket {number}")
            if await rows.call_number(tx.conn, call_id) is None:
                raise Refused(f"there is no call {call_id}", pointer="/call_id")
            if await rows.link_call(tx, ticket.id, call_id):
                event = TicketEvent(self._clock.now(), "call_linked", author.name, "", {"call_id": call_id})
                await rows.add_history(tx, ticket.id, author.staff_id, [event])
        return await self.get(number)


def _storable(new: NewTicket) -> NewTicket:
    return replace(
        new,
        classifier=storable(new.classifier),
        premise=storable(new.premise),
        text=storable(new.text),
        applicant=replace(new.applicant, name=storable(new.applicant.name)),
        answers=tuple(Answer(storable(a.question), storable(a.answer)) for a in new.answers),
    )


def first_status(route: Routing) -> Status:
    """Where a ticket begins. What the centre settles in the call itself waits for the centre's word alone."""
    if route.organisation is not None:
        return Status.AWAITING_ACCEPTANCE
    return Status.AWAITING_CENTRE if route.spoken else Status.UNASSIGNED


def _columns(ticket: Ticket, key: str | None) -> dict[str, object]:
    terms, applicant = ticket.deadlines, ticket.applicant
    return {
        "number": ticket.number,
        "status": ticket.status,
        "urgency": ticket.urgency,
        "classifier_code": ticket.classifier.code,
        "house_id": ticket.house.id if ticket.house else None,
        "premise": ticket.premise,
        "applicant_name": applicant.name,
        "applicant_number": applicant.number,
        "person_id": applicant.person_id,
        "text": ticket.text,
        "answers": [asdict(answer) for answer in ticket.answers],
        "organisation_id": ticket.organisation.id if ticket.organisation else None,
        "organisation_reason": ticket.organisation_reason,
        "accept_by": terms.accept_by,
        "localise_by": terms.localise_by,
        "fix_by": terms.fix_by,
        "deadline_reason": terms.why,
        "created_by": ticket.created_by,
        "created_at": ticket.created_at,
        "idempotency_key": key,
        "rank": RANKS[ticket.urgency],
        "due_at": terms.accept_by or terms.fix_by,
        "damage_at": ticket.damage_at,
        "district": ticket.district,
        "touched_at": ticket.created_at,
        "contract_code": ticket.contract_code,
    }


def cursor_of(ticket: Ticket) -> str:
    micros = (ticket.created_at - _EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(f"{micros},{ticket.id}".encode()).decode().rstrip("=")


def place_of(cursor: str | None) -> tuple[datetime, int] | None:
    """The reverse of `cursor_of`; raises Refused on what is none of ours."""
    if not cursor:
        return None
    try:
        micros, id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").split(",")
        return _EPOCH + timedelta(microseconds=int(micros)), int(id)
    except (ValueError, OverflowError, binascii.Error):
        raise Refused("this cursor is none of ours: begin without one", pointer="/cursor") from None
