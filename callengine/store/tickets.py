"""Queries of tickets: the classifier, the contracts of a house, the counter of numbers, tickets and their history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, insert, literal, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.directory.model import House, Organisation, StaffMember
from callengine.store import directory as directory_rows
from callengine.store import ticket_words
from callengine.store.database import Tx
from callengine.store.prepared import Prepared, Reader, keep, kept_on, together
from callengine.store.tables import (
    calls,
    classifier,
    classifier_versions,
    recordings,
    ticket_calls,
    ticket_counters,
    ticket_history,
    ticket_organisations,
    tickets,
)
from callengine.tickets.model import (
    FINAL,
    Answer,
    AnswerType,
    Applicant,
    Deadlines,
    Entry,
    Question,
    RecordingRef,
    Status,
    Ticket,
    TicketEvent,
    TicketFilter,
    Urgency,
)

Conn = AsyncConnection  # so that services can name it without SQLAlchemy

# --- the classifier ---------------------------------------------------------------------------------------


def entry_of(row: Any) -> Entry:
    return Entry(
        code=row.code,
        category=row.category,
        problem_ru=row.problem_ru,
        problem_en=row.problem_en,
        urgency=Urgency(row.urgency),
        organisation_kind=row.organisation_kind,
        organisation_kinds_next=tuple(row.organisation_kinds_next),
        trade=row.trade,
        responsible=row.responsible,
        accept_minutes=row.accept_minutes,
        localize_minutes=row.localize_minutes,
        fix_minutes=row.fix_minutes,
        clock=row.clock,
        notify_municipality=row.notify_municipality,
        questions=tuple(row.questions),
        source=row.source,
        active=row.active,
        parent=row.parent,
        script=tuple(question_of(one) for one in row.script),
        paid=row.paid,
        confirm_minutes=row.confirm_minutes,
        safety_ru=row.safety_ru,
        safety_en=row.safety_en,
        transfer_to=row.transfer_to,
        referral_ru=row.referral_ru,
        referral_en=row.referral_en,
        answer_ru=row.answer_ru,
        answer_en=row.answer_en,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )


def question_of(kept: Mapping[str, Any]) -> Question:
    lists = {name: tuple(kept.get(name, ())) for name in ("choices", "choices_en")}
    return Question(**{**kept, "type": AnswerType(kept["type"]), **lists})


async def entries(conn: AsyncConnection) -> list[Entry]:
    """All active entries, in the order of their codes."""
    rows = await conn.execute(select(classifier).where(classifier.c.active).order_by(classifier.c.code))
    return [entry_of(row) for row in rows]


async def all_entries(conn: AsyncConnection) -> dict[str, Entry]:
    """Every entry by its code, the retired too: old tickets have them."""
    return {row.code: entry_of(row) for row in await conn.execute(select(classifier).order_by(classifier.c.code))}


_ENTRY = Prepared(select(classifier).where(classifier.c.code == bindparam("code")))


async def entry(conn: Reader, code: str) -> Entry | None:
    async def read() -> Entry | None:
        return next(iter(await _ENTRY.made(conn, entry_of, code=code)), None)

    return await keep(conn, ("entry", code), read)


async def entries_by_code(conn: AsyncConnection, codes: Collection[str]) -> dict[str, Entry]:
    rows = await conn.execute(select(classifier).where(classifier.c.code.in_(set(codes))))
    return {row.code: entry_of(row) for row in rows}


# --- writing ----------------------------------------------------------------------------------------------


def _next(dialect: Any) -> Any:
    c = ticket_counters.c
    query = dialect.insert(ticket_counters).values(year=bindparam("year"), last=1)
    return query.on_conflict_do_update(index_elements=[c.year], set_={"last": c.last + 1}).returning(c.last)


_NEXT = Prepared(_next)


_last = ticket_counters.c.last
_COUNTED = Prepared(
    update(ticket_counters)
    .where(ticket_counters.c.year == bindparam("of_year"), _last == bindparam("before"))
    .values(last=_last + 1)
)


async def next_number(tx: Tx, year: int) -> str:
    """The next number of the year. The row is locked until the commit: no gap, and none given twice."""
    kept, key = kept_on(tx.conn), ("last number", year)
    # The writer knows the last one: to count on from it takes a third of asking for it, and fails when it is another.
    before = kept.get(key) if kept is not None else None
    if before is not None and await _COUNTED.changed(tx.conn, of_year=year, before=before):
        count = before + 1
    else:
        count = await _NEXT.scalar(tx.conn, year=year)
    if kept is not None:
        kept.put(key, count)
    return f"{year % 100:02d}-{count:06d}"


# The version of the classifier that stands, read by the same statement that keeps it.
_STANDING = (
    select(classifier_versions.c.id)
    .where(classifier_versions.c.applied_at.is_not(None))
    .order_by(classifier_versions.c.applied_at.desc(), classifier_versions.c.id.desc())
    .limit(1)
    .scalar_subquery()
)


# Made once for the columns that come: to build an insert of forty costs more than to run it.
@lru_cache(maxsize=8)
def _add(names: tuple[str, ...]) -> Prepared:
    columns = {name: bindparam(name, type_=tickets.c[name].type) for name in names}
    made = insert(tickets).values(classifier_version=_STANDING, **columns)
    return Prepared(lambda dialect: made.returning(tickets.c.id) if dialect is postgresql else made)


_LINE = "ticket_id at what author staff_id reason data role public".split()
_ADD_HISTORY = Prepared(insert(ticket_history).values(**{name: bindparam(name) for name in _LINE}))


async def add(tx: Tx, values: Mapping[str, Any]) -> int:
    return await _add(tuple(values)).added(tx.conn, **values)


async def add_history(tx: Tx, ticket_id: int, staff_id: int | None, events: Sequence[TicketEvent]) -> None:
    rows = [
        {
            "ticket_id": ticket_id,
            "at": event.at,
            "what": event.what,
            "author": event.author,
            "staff_id": staff_id,
            "reason": event.reason,
            "data": event.data,
            "role": event.role,
            "public": event.public,
        }
        for event in events
    ]
    await _ADD_HISTORY.many(tx.conn, rows)


def _link(dialect: Any) -> Any:
    query = dialect.insert(ticket_calls).values(ticket_id=bindparam("ticket_id"), call_id=bindparam("call_id"))
    return query.on_conflict_do_nothing()


_LINK = Prepared(_link)


async def link_call(tx: Tx, ticket_id: int, call_id: int) -> bool:
    """Hang a call on a ticket; False when it hangs there already."""
    return bool(await _LINK.changed(tx.conn, ticket_id=ticket_id, call_id=call_id))


async def add_words(tx: Tx, ticket: Ticket) -> None:
    """Let the ticket be found by its words."""
    await ticket_words.add(tx, ticket.id, ticket.created_at, ticket_words.of_ticket(ticket))


_asked = ticket_organisations.c
_ASKED = select(_asked.organisation_id).where(_asked.ticket_id == bindparam("ticket_id"))
_EVER_ASKED, _DECLINED = Prepared(_ASKED), Prepared(_ASKED.where(_asked.declined_at.is_not(None)))


async def past_organisations(conn: Reader, ticket_id: int) -> frozenset[int]:
    """The ids of those that declined it, and so see it still; as store/visibility.py has it for lists."""
    return frozenset(one.organisation_id for one in await _DECLINED.rows(conn, ticket_id=ticket_id))


async def ever_asked(conn: Reader, ticket_id: int) -> frozenset[int]:
    """The ids of all that ever answered for it, also of those from which it was taken."""
    return frozenset(one.organisation_id for one in await _EVER_ASKED.rows(conn, ticket_id=ticket_id))


_CALL_NUMBER = select(calls.c.number).where(calls.c.id == bindparam("call_id")).scalar_subquery()
_OF_KEY = select(tickets.c.number).where(tickets.c.idempotency_key == bindparam("key")).scalar_subquery()
_BEFORE = Prepared(select(_OF_KEY.label("ticket"), _CALL_NUMBER.label("caller")))


async def before(conn: AsyncConnection, key: str | None, call_id: int | None) -> tuple[str | None, str | None]:
    """What stands before a form: the ticket that its key has made, and the number of its call; None where none is."""
    ticket, caller = await _BEFORE.first(conn, key=key, call_id=call_id)
    return ticket, caller


# --- reading ----------------------------------------------------------------------------------------------


_BY_KEY = Prepared(select(tickets.c.number).where(tickets.c.idempotency_key == bindparam("key")))


async def by_key(conn: AsyncConnection, key: str) -> str | None:
    number: str | None = await _BY_KEY.scalar(conn, key=key)
    return number


_ID = Prepared(select(tickets.c.id).where(tickets.c.number == bindparam("number")))
_BY_NUMBER = Prepared(select(tickets).where(tickets.c.number == bindparam("number")))
_BY_ID = Prepared(select(tickets).where(tickets.c.id == bindparam("id")))
_CALLS = select(ticket_calls.c.call_id).where(ticket_calls.c.ticket_id == bindparam("ticket_id"))
_CALL_IDS = Prepared(_CALLS.order_by(ticket_calls.c.call_id))
_HEARD = Prepared(
    select(*(recordings.c[name] for name in ("id", "seconds", "state")))
    .where(recordings.c.call_id.in_(_CALLS))
    .order_by(recordings.c.id)
)
_PAST = Prepared(
    select(*(ticket_history.c[name] for name in "at what author reason data role public id".split()))
    .where(ticket_history.c.ticket_id == bindparam("ticket_id"))
    .order_by(ticket_history.c.id)
)


async def id_of(conn: AsyncConnection, number: str) -> int | None:
    found: int | None = await _ID.scalar(conn, number=number)
    return found


async def get(conn: Reader, number: str) -> Ticket | None:
    """One whole ticket, as it stood at one moment: with its calls, their recordings and its history."""
    await together(conn)
    row = await _BY_NUMBER.first(conn, number=number)
    return None if row is None else await _whole(conn, row)


async def get_by_id(conn: Reader, ticket_id: int) -> Ticket | None:
    await together(conn)
    row = await _BY_ID.first(conn, id=ticket_id)
    return None if row is None else await _whole(conn, row)


async def _whole(conn: Reader, row: Any) -> Ticket:
    call_ids = tuple(one.call_id for one in await _CALL_IDS.rows(conn, ticket_id=row.id))
    heard = await _HEARD.rows(conn, ticket_id=row.id) if call_ids else ()
    events = tuple(TicketEvent(*one) for one in await _PAST.rows(conn, ticket_id=row.id))
    its = await entry(conn, row.classifier_code)
    assert its is not None  # a foreign key
    at = await directory_rows.houses_by_id(conn, [row.house_id] if row.house_id else ())
    answer = await directory_rows.organisations_by_id(conn, [row.organisation_id] if row.organisation_id else ())
    doers = await directory_rows.staff_by_id(conn, [row.executor_id] if row.executor_id else ())
    refs = tuple(RecordingRef(*one) for one in heard)
    return _ticket_of(row, {its.code: its}, at, answer, doers, call_ids, refs, events)


async def _tickets(conn: AsyncConnection, rows: Sequence[Any]) -> list[Ticket]:
    """Without what hangs on them."""
    if not rows:
        return []
    known = await entries_by_code(conn, {row.classifier_code for row in rows})
    at = await directory_rows.houses_by_id(conn, {row.house_id for row in rows if row.house_id})
    answer = await directory_rows.organisations_by_id(conn, {r.organisation_id for r in rows if r.organisation_id})
    doers = await directory_rows.staff_by_id(conn, {row.executor_id for row in rows if row.executor_id})
    return [_ticket_of(row, known, at, answer, doers) for row in rows]


# Columns that a ticket keeps under their own names.
_PLAIN = (
    "version due_at damage_at conditions district accepted_at localised_at fixed_at closed_at close_reason late_at "
    "postponed_until postpone_reason touched_at stall_level declined_count reopened_count applicant_count paid "
    "paid_confirm_by paid_confirmed_at marked_at contract_code parent_id interim_at interim_until interim_text"
).split()
_plain = attrgetter(*_PLAIN)


def _ticket_of(
    row: Any,
    known: Mapping[str, Entry],
    at: Mapping[int, House],
    answer: Mapping[int, Organisation],
    doers: Mapping[int, StaffMember],
    call_ids: tuple[int, ...] = (),
    refs: tuple[RecordingRef, ...] = (),
    events: tuple[TicketEvent, ...] = (),
) -> Ticket:
    return Ticket(
        id=row.id,
        number=row.number,
        status=Status(row.status),
        urgency=Urgency(row.urgency),
        classifier=known[row.classifier_code],
        house=house.then(row.created_at) if (house := at.get(row.house_id)) else None,
        premise=row.premise,
        applicant=Applicant(row.applicant_number, row.applicant_name, row.person_id, row.notify, row.applicant_email),
        organisation=answer.get(row.organisation_id),
        organisation_reason=row.organisation_reason,
        deadlines=Deadlines(row.accept_by, row.localise_by, row.fix_by, row.deadline_reason, interim_by=row.interim_by),
        created_at=row.created_at,
        text=row.text,
        answers=tuple(Answer(a["question"], a["answer"]) for a in row.answers),
        executor=doers.get(row.executor_id),
        mark=row.mark,
        created_by=row.created_by,
        **dict(zip(_PLAIN, _plain(row), strict=True)),
        call_ids=call_ids,
        recordings=refs,
        history=events,
    )


async def find(
    conn: AsyncConnection, wanted: TicketFilter, number: str, limit: int, before: tuple[datetime, int] | None
) -> list[Ticket]:
    """The newest first, from a place on. `number` is a telephone number that the query may be."""
    c = tickets.c
    query = select(tickets).where(*_narrowed(wanted))
    if wanted.q.strip():
        matching = await _matching(conn, wanted.q, number)
        if matching is None:
            return []
        query = query.where(matching)
    if before:
        query = query.where(tuple_(c.created_at, c.id) < tuple_(*_bound(before)))
    rows = (await conn.execute(query.order_by(c.created_at.desc(), c.id.desc()).limit(limit))).all()
    return await _tickets(conn, rows)


def _bound(before: tuple[datetime, int]) -> tuple[Any, Any]:
    return literal(before[0], tickets.c.created_at.type), literal(before[1], tickets.c.id.type)


def _narrowed(wanted: TicketFilter) -> list[ColumnElement[bool]]:
    c = tickets.c
    found: list[ColumnElement[bool]] = []
    if wanted.status:
        known = [status for status in wanted.status if status != "open"]
        either = [c.status.in_(known)] if known else []
        either += [c.status.not_in(FINAL)] if "open" in wanted.status else []
        found.append(or_(*either))
    if wanted.house_id is not None:
        found.append(c.house_id == wanted.house_id)
    if wanted.organisation_id is not None:
        found.append(c.organisation_id == wanted.organisation_id)
    if wanted.since is not None:
        found.append(c.created_at >= wanted.since)
    if wanted.until is not None:
        found.append(c.created_at < wanted.until)
    return found


async def _matching(conn: AsyncConnection, q: str, number: str) -> ColumnElement[bool] | None:
    """What a ticket must have to answer the query; None when nothing can."""
    terms = await ticket_words.terms(conn, q, number)
    if not terms:
        return None
    first, *rest = terms
    first = first if first.weight is not None else await ticket_words.weighed(conn, first)
    lead = tickets.c.id.in_(ticket_words.ids_of(first)) if first.rare else ticket_words.has(first)
    return and_(lead, *(ticket_words.has(term) for term in rest))


async def open_tickets(conn: AsyncConnection, *, house_id: int | None, number: str | None, limit: int) -> list[Ticket]:
    """Not final ones of a house or of a number, the nearest term first."""
    c = tickets.c
    query = select(tickets).where(c.status.not_in(FINAL))
    if house_id is not None:
        query = query.where(c.house_id == house_id)
    if number is not None:
        query = query.where(c.applicant_number == number)
    rows = (await conn.execute(query.order_by(c.fix_by.is_(None), c.fix_by, c.id).limit(limit))).all()
    return await _tickets(conn, rows)


async def numbers_of_calls(conn: AsyncConnection, call_ids: Collection[int]) -> dict[int, list[str]]:
    """The numbers of the tickets that hang on each call."""
    found: dict[int, list[str]] = defaultdict(list)
    if call_ids:
        join = ticket_calls.join(tickets, tickets.c.id == ticket_calls.c.ticket_id)
        query = select(ticket_calls.c.call_id, tickets.c.number).select_from(join)
        query = query.where(ticket_calls.c.call_id.in_(set(call_ids))).order_by(tickets.c.id)
        for row in await conn.execute(query):
            found[row.call_id].append(row.number)
    return dict(found)


async def count_by(conn: AsyncConnection, staff_id: int, since: datetime) -> int:
    """How many tickets a person registered since the moment."""
    c = tickets.c
    query = select(func.count()).select_from(tickets).where(c.created_by == staff_id, c.created_at >= since)
    return int((await conn.execute(query)).scalar_one())
