"""TicketsService: a ticket from a call in one transaction, lists of tickets, the classifier, the routing preview."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from callengine import config, phone
from callengine.clock import Clock
from callengine.directory import ways
from callengine.directory.model import House, Organisation, Reader
from callengine.directory.search import premise_of, storable
from callengine.errors import Conflict, NotFound, Refused
from callengine.phone import Phone
from callengine.store import directory as directory_rows
from callengine.store import moves as move_rows
from callengine.store import residents, timers
from callengine.store import tickets as rows
from callengine.store.database import Store, Tx
from callengine.tickets import classifier, clocks, script
from callengine.tickets.clocks import TIMER, periods_of
from callengine.tickets.deadlines import Matter
from callengine.tickets.effects import confirm_by
from callengine.tickets.events import TicketOpened
from callengine.tickets.lifecycle import BEFORE_ACCEPTANCE
from callengine.tickets.model import (
    RANKS,
    Answer,
    Applicant,
    Deadlines,
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
from callengine.tickets.rulebook import Rulebook
from callengine.tickets.rulepacks import BadCondition, moment_told, told
from callengine.tickets.translations import entry_in

LIMIT = 50
MOST = 200
LEAST_PLACE = 3  # characters that say where something is
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
    parent_id: int | None = None


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
        book: Rulebook | None = None,
        settings: config.Tickets | None = None,
    ) -> None:
        self._periods = periods_of(settings or config.Tickets())
        self._book = book or Rulebook(zone, language=language, country=country)
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
            async with self._store.begin(shared=True) as tx:
                return await self._create(tx, new, author)
        except _Told:
            pass
        return await self._told_before(new)

    async def _create(self, tx: Tx, new: NewTicket, author: Reader) -> Ticket:
        now = self._clock.now()
        # The counter's row is locked first: two senders of one form stand in line here, and the second sees the first.
        number = await rows.next_number(tx, now.astimezone(self._zone).year)
        told, caller = await rows.before(tx.conn, new.key or None, new.call_id)
        if told:
            raise _Told
        form = await self._look_up(tx.conn, new, caller)
        found = await self._book.route(tx.conn, form.entry, new.house_id, now, district=new.district)
        route = self._from_cabinet(found) if new.cabinet else self._chosen(form, found)
        matter = self._matter(form.entry, new, now)
        organisation_id = route.organisation.id if route.organisation else None
        own = await self._book.entry_for(tx.conn, form.entry, organisation_id)
        form = form if own is form.entry else replace(form, entry=own)
        terms = await self._book.terms(tx.conn, form.entry, matter)
        values = self._draft(form, route, number, author, matter, terms)
        history = self._first_events(values, form, route, author)
        ticket = Ticket(id=await rows.add(tx, _columns(values, new.key)), history=history, **values)
        await rows.add_history(tx, ticket.id, author.staff_id, history)
        if ticket.organisation:
            await move_rows.answers_for(tx, ticket.id, ticket.organisation.id, now)
        if (due := clocks.next_at(ticket, self._periods)) is not None:
            await timers.set_timer(tx, TIMER, str(ticket.id), due)
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
        asked = ticket.history[0].data.get("asked")
        if asked is None:  # of the release before, which kept no print of the form
            same_house = (ticket.house.id if ticket.house else None) == new.house_id
            same = same_house and (ticket.classifier.code, ticket.text) == (new.classifier, new.text)
        else:
            same = asked in (_print_of(new), _print_before(new))
        if not same:
            raise Conflict(f"this Idempotency-Key made ticket {ticket.number} from another form: send a new key")
        return ticket

    async def _look_up(self, conn: rows.Conn, new: NewTicket, caller: str | None) -> _Form:
        entry = await rows.entry(conn, new.classifier)
        if entry is None or not entry.active:
            raise Refused(f"there is no classifier entry {new.classifier!r}", pointer="/classifier")
        house = None
        if new.house_id is not None:
            house = (await directory_rows.houses_by_id(conn, [new.house_id])).get(new.house_id)
            if house is None:
                raise Refused(f"there is no house {new.house_id}", pointer="/house_id")
        await self._check_place(conn, new, entry)
        chosen = None
        if new.organisation_id is not None:
            found = await directory_rows.organisations_by_id(conn, [new.organisation_id])
            chosen = found.get(new.organisation_id)
            if chosen is None or not chosen.active:
                raise Refused(f"there is no organisation {new.organisation_id}", pointer="/organisation_id")
        parent_id = await rows.id_of(conn, new.parent) if new.parent else None
        if new.parent and parent_id is None:
            raise Refused(f"there is no ticket {new.parent}", pointer="/parent")
        return _Form(new, entry, house, await self._applicant(conn, new, caller), chosen, parent_id)

    @staticmethod
    async def _check_place(conn: rows.Conn, new: NewTicket, entry: Entry) -> None:
        """What stands in the place of a house. Raises Refused that names the field."""
        if new.house_id is not None:
            if new.place or new.district:
                field = "place" if new.place else "district"
                raise Refused("a house is named: what is within it goes into `premise`", pointer=f"/{field}")
            return
        if new.premise:
            raise Refused("a flat without its house: name the house, or write it into `place`", pointer="/premise")
        if classifier.of_place(entry) and len(new.place) < LEAST_PLACE:
            told = "say where it is: the house, or the street, crossing or landmark in words (`place`)"
            raise Refused(told, pointer="/place")
        if new.district and not await directory_rows.has_district(conn, new.district):
            raise Refused(f"no house has the district {new.district!r}", pointer="/district")

    async def _applicant(self, conn: rows.Conn, new: NewTicket, caller: str | None) -> Applicant:
        """The form's own words first; the call and the card fill what it leaves empty, unless nobody is to be named."""
        if new.call_id is not None and caller is None:
            raise Refused(f"there is no call {new.call_id}", pointer="/call_id")
        if new.anonymous:
            return Applicant()
        number, name = self._phone(new.applicant.number).value, new.applicant.name
        notify, email = new.applicant.notify, new.applicant.email
        number = number or caller or ""
        if (person_id := new.applicant.person_id) is not None:
            # The card that was open on the desk may have been merged into another meanwhile.
            person_id = (await residents.kept_of(conn, [person_id])).get(person_id, person_id)
            found = await directory_rows.persons(conn, [person_id], self._clock.now())
            if not found:
                raise Refused(f"there is no person {person_id}", pointer="/applicant/person_id")
            name = name or found[0].name
            notify, email = notify or found[0].notify, email or found[0].email
        notify, email = ways.checked(notify, email, pointer="/applicant")
        return Applicant(number, name, person_id, notify, email)

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

    def _from_cabinet(self, found: Routing) -> Routing:
        """An operator reads it before anybody is asked; what the rule says waits for him among the candidates."""
        ru, en = "из кабинета жителя, направит оператор", "from the client's account, an operator will route it"
        rule = f"{found.organisation.name} — {found.reason}" if found.organisation else found.reason
        said = f"{ru}; по правилу: {rule}" if self._language == "ru" else f"{en}; by the rule: {rule}"
        return Routing(None, said, found.candidates)

    def _matter(self, entry: Entry, new: NewTicket, at: datetime) -> Matter:
        """What the rules are told; raises Refused that names the answer or the condition which cannot be read."""
        try:
            asked = script.conditions(self._book.script(entry, at), new.answers)
        except script.BadAnswer as bad:
            raise Refused(str(bad), pointer="/answers") from None
        try:
            conditions = told({**asked, **new.conditions}, self._zone)
            damage_at = new.damage_at
            if damage_at is None and "damage_at" in conditions:
                damage_at = moment_told("damage_at", conditions["damage_at"], self._zone)
        except BadCondition as bad:
            raise Refused(str(bad), pointer="/conditions") from None
        return Matter(registered_at=at, damage_at=damage_at, conditions=conditions, paid=new.paid or entry.paid)

    def _draft(
        self, form: _Form, route: Routing, number: str, author: Reader, matter: Matter, terms: Deadlines
    ) -> dict[str, Any]:
        """All of a ticket but its id and its history: the rows that are to come give these."""
        now, paid_by = matter.registered_at, None
        if matter.paid and route.organisation:
            paid_by = {clock.name: clock.due_at for clock in terms.clocks}.get("paid")
            paid_by = paid_by or confirm_by(form.entry, now, self._periods)
        status = Status.FROM_CABINET if form.new.cabinet else first_status(route)
        return dict(
            number=number,
            status=status,
            urgency=form.entry.urgency,
            classifier=form.entry,
            house=form.house,
            premise=premise_of(form.new.premise) if form.house else form.new.place,
            applicant=form.applicant,
            organisation=route.organisation,
            organisation_reason=route.reason,
            deadlines=terms,
            created_at=now,
            text=form.new.text,
            answers=form.new.answers,
            created_by=author.staff_id,
            damage_at=matter.damage_at,
            conditions=dict(matter.conditions),
            paid=matter.paid,
            paid_confirm_by=paid_by,
            district=form.house.district if form.house else form.new.district,
            touched_at=now,
            contract_code=route.contract_code,
            # What the centre settles in the call itself has been taken on with it.
            accepted_at=None if status in BEFORE_ACCEPTANCE else now,
            parent_id=form.parent_id,
            call_ids=() if form.new.call_id is None else (form.new.call_id,),
            due_at=clocks.nearest(status, terms),
        )

    def _first_events(
        self, draft: dict[str, Any], form: _Form, route: Routing, author: Reader
    ) -> tuple[TicketEvent, ...]:
        registered: dict[str, Any] = {
            "call_id": form.new.call_id,
            "status": draft["status"],
            "urgency": form.entry.urgency,
        }
        if form.new.key:
            registered["asked"] = _print_of(form.new)
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
        if form.new.parent:
            registered["repeats"] = form.new.parent
        at, who, role = draft["created_at"], author.name, getattr(author, "role", "")
        return (
            TicketEvent(at, "registered", who, "", registered, role),
            TicketEvent(at, what, who, route.reason, routed, role),
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
        self,
        code: str,
        house_id: int | None,
        at: datetime | None = None,
        language: str | None = None,
        *,
        form: NewTicket | None = None,
    ) -> Preview:
        """Who would answer and by when, explained to a reader of `language`, before anything is written.

        `form` is what the operator has so far: answers, conditions, the moment of the damage, whether the job is paid,
        the organisation that the operator chose, the district of a place without a house. Raises Refused that names
        what in it cannot be read.
        """
        at, language = at or self._clock.now(), language or self._language
        async with self._store.read() as conn:
            entry = await rows.entry(conn, storable(code))
            if entry is None:
                raise NotFound(f"there is no classifier entry {code!r}")
            house = await self._house(conn, house_id) if house_id is not None else None
            matter = self._matter(entry, form or NewTicket(code, house_id), at)
            district = form.district if form else ""
            route = await self._book.route(conn, entry, house_id, at, language=language, district=district)
            answers = form.organisation_id if form and form.organisation_id else None
            answers = answers or (route.organisation.id if route.organisation else None)
            entry = await self._book.entry_for(conn, entry, answers)
            terms = await self._book.terms(conn, entry, matter, language=language)
        impossible = self._unavailable(entry, house, language)
        asked = self._book.script(entry_in(entry, language), at)
        return Preview(route, terms, not impossible, impossible, entry, asked, matter.paid)

    async def _house(self, conn: rows.Conn, house_id: int) -> House:
        found = await directory_rows.houses_by_id(conn, [house_id])
        if house_id not in found:
            raise NotFound(f"there is no house {house_id}")
        return found[house_id]

    def _unavailable(self, entry: Entry, house: House | None, language: str | None = None) -> str:
        return classifier.unavailable(entry.code, house.features, language or self._language) if house else ""

    # --- reading ----------------------------------------------------------------------------------------

    async def get(self, number: str) -> Ticket:
        """A whole ticket: with its calls, recordings and history."""
        ticket = await self._store.glance(lambda conn: rows.get(conn, storable(number)))
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


def _print_of(new: NewTicket) -> str:
    """The same for the same form: by it a key that was used for another one is known."""
    said = (_SAID(new), _WHO(new.applicant), [_ANSWER(one) for one in new.answers], sorted(new.conditions.items()))
    try:
        told = orjson.dumps(said, default=repr)
    except TypeError:  # a number beyond 64 bits, half of a character
        told = repr(said).encode("utf-8", "backslashreplace")
    return "2:" + hashlib.blake2b(told, digest_size=8).hexdigest()


_SAID = attrgetter(
    *(one.name for one in fields(NewTicket) if one.name not in ("key", "applicant", "answers", "conditions"))
)
_WHO = attrgetter(*(one.name for one in fields(Applicant)))
_ANSWER = attrgetter(*(one.name for one in fields(Answer)))


def _print_before(new: NewTicket) -> str:
    """The print that the release before kept, for a form that was sent to it and is sent again to this one."""
    wish = replace(new, key=None, conditions=dict(sorted(new.conditions.items())))
    where = repr((new.place, new.district)) if new.place or new.district else ""
    who = new.applicant
    where += repr((who.notify, who.email)) if who.notify or who.email else ""
    return hashlib.sha256((repr(wish) + where).encode()).hexdigest()[:16]


_TEXTS = attrgetter("classifier", "parent", "premise", "place", "district", "text")
_NAMES = attrgetter("name", "email")


def _storable(new: NewTicket) -> NewTicket:
    """The form as both databases take it: itself, when there is nothing to mend."""
    texts, names = _TEXTS(new), _NAMES(new.applicant)
    said = [*texts, *names, *(part for one in new.answers for part in (one.question, one.answer))]
    if "".join(said).isprintable() and [*map(str.strip, said)] == said:
        return new
    mended, called = tuple(map(storable, texts)), tuple(map(storable, names))
    answers = tuple(Answer(storable(a.question), storable(a.answer)) for a in new.answers)
    code, parent, premise, place, district, text = mended
    name, email = called
    return replace(
        new,
        classifier=code,
        parent=parent,
        premise=premise,
        place=place,
        district=district,
        text=text,
        applicant=replace(new.applicant, name=name, email=email),
        answers=answers,
    )


def first_status(route: Routing) -> Status:
    """Where a ticket begins. What the centre settles in the call itself waits for the centre's word alone."""
    if route.organisation is not None:
        return Status.AWAITING_ACCEPTANCE
    return Status.AWAITING_CENTRE if route.spoken else Status.UNASSIGNED


def _columns(draft: Mapping[str, Any], key: str | None) -> dict[str, object]:
    """A draft as its row: what is kept under its own name, and what is not."""
    terms, applicant, house, organisation = (
        draft["deadlines"],
        draft["applicant"],
        draft["house"],
        draft["organisation"],
    )
    return {
        **{name: draft[name] for name in _KEPT},
        "classifier_code": draft["classifier"].code,
        "house_id": house.id if house else None,
        "applicant_name": applicant.name,
        "applicant_number": applicant.number,
        "person_id": applicant.person_id,
        "answers": [{"question": one.question, "answer": one.answer} for one in draft["answers"]],
        "organisation_id": organisation.id if organisation else None,
        "accept_by": terms.accept_by,
        "localise_by": terms.localise_by,
        "fix_by": terms.fix_by,
        "deadline_reason": terms.why,
        "interim_by": terms.interim_by,
        "idempotency_key": key,
        "rank": RANKS[draft["urgency"]],
        "notify": applicant.notify,
        "applicant_email": applicant.email,
    }


# Columns of a draft under their own names.
_KEPT = (
    "number status urgency premise text organisation_reason created_by created_at due_at damage_at district touched_at "
    "contract_code conditions paid paid_confirm_by accepted_at parent_id"
).split()


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
