"""Queries of the journal: keys in an order by the best index, then the lines of one page in one reading.

Each order is one or more parts, each read along an index; a page goes on from its place in a part, so it never shifts
when new tickets come. On SQLite the index is named (it has no statistics to choose by); PostgreSQL chooses by its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, literal_column, or_, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.directory.model import House, Organisation
from callengine.store import tables, ticket_words
from callengine.store.tables import (
    houses,
    organisations,
    recordings,
    staff,
    ticket_calls,
    ticket_history,
    tickets,
)
from callengine.store.tables import ticket_postings as postings
from callengine.store.visibility import parts_of, within
from callengine.tickets import listing
from callengine.tickets.listing import JournalFilter, JournalRow, Place, Sort
from callengine.tickets.model import REPORTED, Entry, Status
from callengine.tickets.visibility import Scope

Conn = AsyncConnection  # so that services can name it without SQLAlchemy
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_WINDOW = 4_096  # tickets: so many of the newest are looked through first for a word with many forms
WINDOW_GROWS = 8
c = tickets.c
# The conditions of the partial indexes, word for word: with bound values SQLite would not know them.
OPEN, LATE, MARKED = (cast("ColumnElement[bool]", one) for one in (tables.OPEN, tables.LATE, tables.MARKED))


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an order: a condition, the columns that it is sorted by, and which way."""

    open: bool | None  # of these tickets only; None: of all
    columns: tuple[ColumnElement[Any], ...]
    descending: bool = False
    where: tuple[ColumnElement[bool], ...] = ()
    index: str = "ix_tickets_created_at"

    @property
    def shape(self) -> tuple[type, ...]:
        return tuple(datetime if column in (c.due_at, c.created_at) else int for column in self.columns)


_NEWEST = Part(None, (c.created_at, c.id), descending=True)
_FINAL = replace(_NEWEST, open=False)
_NO_TERM = Part(True, (c.rank, c.id), where=(c.due_at.is_(None),), index="ix_tickets_open")
_TERM = (c.due_at.is_not(None),)
ORDERS: dict[Sort, tuple[Part, ...]] = {
    Sort.NEWEST: (_NEWEST,),
    Sort.DANGER: (Part(True, (c.rank, c.due_at, c.id), where=_TERM, index="ix_tickets_open"), _NO_TERM, _FINAL),
    Sort.DUE: (Part(True, (c.due_at, c.id), where=_TERM, index="ix_tickets_open_due"), _NO_TERM, _FINAL),
}
SHAPES = {sort: tuple(part.shape for part in parts) for sort, parts in ORDERS.items()}


@dataclass(frozen=True, slots=True)
class Asked:
    """A filter made ready: its conditions, its words, and the indexes that could lead."""

    statuses: frozenset[str]
    conditions: tuple[ColumnElement[bool], ...] = ()
    terms: tuple[ticket_words.Term, ...] = ()
    # By name, each with its condition; the first is the narrowest as a rule. `of all` lead any order by date.
    lead_open: tuple[tuple[str, ColumnElement[bool]], ...] = ()
    lead_all: tuple[tuple[str, ColumnElement[bool]], ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    nothing: bool = False


# --- what is asked ----------------------------------------------------------------------------------------


async def prepare(
    conn: AsyncConnection,
    wanted: JournalFilter,
    number: str,
    codes: Sequence[str],
    now: datetime,
    *,
    telephones: bool = True,
) -> Asked:
    """`number` is a telephone number that the words may be, `telephones` whether anything is found by one.

    `codes` are those of the wanted classifier branch.
    """
    statuses = wanted.statuses()
    terms: Sequence[ticket_words.Term] = ()
    if wanted.q.strip():
        found = await ticket_words.terms(conn, wanted.q, number, telephones=telephones)
        if not found:
            return Asked(statuses, nothing=True)
        terms = found
    if not statuses or (wanted.classifier and not codes):
        return Asked(statuses, nothing=True)
    leads = _leads(wanted, codes)
    conditions = [*(condition for _, condition in leads), *_narrowed(wanted, codes, now)]
    lead_all = tuple((name, condition) for name, condition in leads if name in _OF_ALL)
    lead_open = tuple((_OF_OPEN[name], condition) for name, condition in leads if name in _OF_OPEN)
    if len(statuses) == 1 and not statuses & FINAL:
        lead_open += (("ix_tickets_open_status", c.status == next(iter(statuses))),)
    return Asked(statuses, tuple(conditions), tuple(terms), lead_open, lead_all, wanted.since, wanted.until)


FINAL = frozenset({"closed", "cancelled"})
_OF_ALL = (
    "ix_tickets_house_created",
    "ix_tickets_executor_created",
    "ix_tickets_late",
    "ix_tickets_mark",
    "ix_tickets_paid",
    "ix_tickets_classifier_created",
    "ix_tickets_organisation_created",
    "ix_tickets_district_created",
)
_OF_OPEN = {
    "ix_tickets_house_created": "ix_tickets_house",
    "ix_tickets_executor_created": "ix_tickets_executor",
    "ix_tickets_organisation_created": "ix_tickets_open_organisation",
}


def _leads(wanted: JournalFilter, codes: Sequence[str]) -> list[tuple[str, ColumnElement[bool]]]:
    """What has an index in the order of registration, the narrowest as a rule first."""
    found: list[tuple[str, ColumnElement[bool]]] = []
    if wanted.house_id is not None:
        found.append(("ix_tickets_house_created", c.house_id == wanted.house_id))
    if wanted.executor_id is not None:
        found.append(("ix_tickets_executor_created", c.executor_id == wanted.executor_id))
    if wanted.late:
        found.append(("ix_tickets_late", LATE))
    if len(wanted.mark) == 1:
        found.append(("ix_tickets_mark", and_(c.mark == wanted.mark[0], MARKED)))
    if wanted.paid:
        found.append(("ix_tickets_paid", c.paid))
    if wanted.classifier and len(codes) == 1:
        found.append(("ix_tickets_classifier_created", c.classifier_code == codes[0]))
    if wanted.organisation_id is not None:
        found.append(("ix_tickets_organisation_created", c.organisation_id == wanted.organisation_id))
    if wanted.district is not None:
        found.append(("ix_tickets_district_created", c.district == wanted.district))
    return found


def _narrowed(wanted: JournalFilter, codes: Sequence[str], now: datetime) -> list[ColumnElement[bool]]:
    """What has no index of its own: it is asked of each ticket on the way."""
    found: list[ColumnElement[bool]] = []
    if wanted.urgency:
        found.append(c.urgency.in_(wanted.urgency))
    if wanted.accident is not None:
        accident = c.rank <= listing.ACCIDENT_RANK
        found.append(accident if wanted.accident else ~accident)
    if wanted.paid is False:
        found.append(~c.paid)
    if wanted.late is False:
        found.append(c.late_at.is_(None))
    if wanted.overdue is not None:
        found.append(overdue(now) if wanted.overdue else ~func.coalesce(overdue(now), False))
    if wanted.unassigned is not None:
        found.append(c.organisation_id.is_(None) if wanted.unassigned else c.organisation_id.is_not(None))
    if wanted.classifier and len(codes) > 1:
        found.append(c.classifier_code.in_(codes))
    if len(wanted.mark) > 1:
        found.append(c.mark.in_(wanted.mark))
    return found


def overdue(now: datetime) -> ColumnElement[bool]:
    """As model.Ticket.overdue, without asking whether it is final."""
    unaccepted = and_(c.status.in_(listing.WAITING), c.accept_by < now)
    return or_(c.late_at.is_not(None), and_(c.fix_by < now, c.status.not_in(REPORTED)), unaccepted)


# --- keys in an order -------------------------------------------------------------------------------------


def _meets(part: Part, statuses: frozenset[str]) -> bool:
    """Whether the part can have tickets in any of the statuses."""
    return bool(part.open is None or (statuses - FINAL if part.open else statuses & FINAL))


def _branches(asked: Asked, scope: Scope) -> list[Asked]:
    """The scope as conditions; an organisation's own tickets and those that it left are read apart."""
    if scope.everything:
        return [asked]
    if scope.organisation_id is not None:
        own, left = parts_of(scope)
        by_id = (("", left),)
        return [
            _led(asked, own, "ix_tickets_organisation_created", "ix_tickets_open_organisation"),
            replace(asked, conditions=(*asked.conditions, left), lead_all=by_id, lead_open=by_id),
        ]
    if scope.executor_id is not None:
        return [_led(asked, within(scope), "ix_tickets_executor_created", "ix_tickets_executor")]
    if scope.districts is not None and len(scope.districts) == 1:
        return [_led(asked, within(scope), "ix_tickets_district_created", "")]
    if scope.districts is None:  # nothing at all
        return []
    return [replace(asked, conditions=(*asked.conditions, within(scope)))]


def _led(asked: Asked, condition: ColumnElement[bool], of_all: str, of_open: str) -> Asked:
    return replace(
        asked,
        conditions=(*asked.conditions, condition),
        lead_all=(*asked.lead_all, (of_all, condition)),
        lead_open=(*asked.lead_open, *([(of_open, condition)] if of_open else [])),
    )


async def _plan(
    conn: AsyncConnection, asked: Asked, part: Part, start: tuple[Any, ...] | None, limit: int
) -> Select[Any] | list[Row[Any]]:
    """The query of the keys; or the keys themselves, where it took several to find them."""
    by_date = part.columns[0] is c.created_at
    leads = asked.lead_all if by_date else asked.lead_open
    query = _ordered(asked, part, start).limit(limit)
    if not asked.terms:
        return _along(query, await _lead(conn, asked, part, leads))
    rarest, *rest = asked.terms
    if by_date and not rest and rarest.listed and not _asks_more(asked, part):
        return _of_word(rarest, start, limit)
    if rarest.weight is None:
        rarest = await ticket_words.weighed(conn, rarest)
        asked = replace(asked, terms=(rarest, *rest))
    if rarest.rare:
        query = query.where(c.id.in_(ticket_words.ids_of(rarest)), *map(ticket_words.has, rest))
        return _along(query, "")
    narrow = await _narrowest(conn, leads, rarest.weight or 0) if by_date else (leads[0][0] if leads else part.index)
    if narrow is not None:
        query = query.where(*map(ticket_words.has, asked.terms))
        return _along(query, narrow)
    return await _by_word(conn, asked, part, start, limit)


async def _read(
    conn: AsyncConnection, asked: Asked, part: Part, start: tuple[Any, ...] | None, limit: int
) -> list[Row[Any]]:
    plan = await _plan(conn, asked, part, start, limit)
    return plan if isinstance(plan, list) else await _all(conn, plan)


async def _all(conn: AsyncConnection, query: Select[Any]) -> list[Row[Any]]:
    return list(await conn.execute(query))


async def _lead(
    conn: AsyncConnection, asked: Asked, part: Part, leads: Sequence[tuple[str, ColumnElement[bool]]]
) -> str:
    """The index to read along when there are no words."""
    if leads:
        return leads[0][0]
    only = asked.statuses
    if part.open is None and len(only) == 1 and not only & FINAL:  # a rare status is sorted; a common one is met soon
        few = and_(OPEN, c.status == next(iter(only)))
        if await _weigh(conn, few) < ticket_words.RARE:
            return "ix_tickets_open_status"
    return part.index


async def _narrowest(
    conn: AsyncConnection, leads: Sequence[tuple[str, ColumnElement[bool]]], weight: int
) -> str | None:
    """The index with fewer tickets than the rarest word has, or none."""
    best = None
    for name, condition in leads:
        its = await _weigh(conn, condition)
        if its < weight:
            best, weight = name, its
    return best


async def _weigh(conn: AsyncConnection, condition: ColumnElement[bool]) -> int:
    some = select(literal(1)).select_from(tickets).where(condition).limit(ticket_words.WEIGHED)
    return int((await conn.execute(select(func.count()).select_from(some.subquery()))).scalar_one())


def _along(query: Select[Any], index: str) -> Select[Any]:
    """Read along the index; without one by the ids that the query names."""
    return query.with_hint(tickets, f"INDEXED BY {index}" if index else "NOT INDEXED", "sqlite")


def _ordered(asked: Asked, part: Part, start: tuple[Any, ...] | None) -> Select[Any]:
    query = select(*part.columns).where(*part.where, *_all_of(asked, part.open))
    if start is not None:
        query = query.where(_beyond(part.columns, start, part.descending))
    return query.order_by(*(column.desc() if part.descending else column for column in part.columns))


def _beyond(columns: Sequence[ColumnElement[Any]], start: Sequence[Any], descending: bool) -> ColumnElement[bool]:
    place = tuple_(*(literal(value, column.type) for value, column in zip(start, columns, strict=True)))
    return tuple_(*columns) < place if descending else tuple_(*columns) > place


def _all_of(asked: Asked, is_open: bool | None) -> list[ColumnElement[bool]]:
    """Every condition on a ticket but its words; the words of the partial indexes stand as they were written."""
    found = [*_status(asked.statuses, is_open), *asked.conditions]
    if asked.since is not None:
        found.append(c.created_at >= asked.since)
    if asked.until is not None:
        found.append(c.created_at < asked.until)
    return found


def _status(statuses: frozenset[str], is_open: bool | None) -> list[ColumnElement[bool]]:
    everything = frozenset(Status)
    if is_open is False:
        return [c.status.in_(sorted(statuses & FINAL))]
    if is_open is None and statuses & FINAL:
        return [] if statuses == everything else [c.status.in_(sorted(statuses))]
    named = statuses - FINAL
    if named == everything - FINAL:
        return [OPEN]
    return [OPEN, c.status == next(iter(named)) if len(named) == 1 else c.status.in_(sorted(named))]


# --- along a word's tickets -------------------------------------------------------------------------------


def _asks_more(asked: Asked, part: Part) -> bool:
    """There is a condition besides the words."""
    return bool(asked.conditions or asked.since or asked.until or _status(asked.statuses, part.open))


def _of_word(term: ticket_words.Term, start: tuple[Any, ...] | None, limit: int) -> Select[Any]:
    """The newest of one typed word: those of each of its forms, each along its own list, and of them the newest."""
    lead = postings.c
    columns = (lead.created_at, lead.ticket_id)
    forms = []
    for word_id in term.word_ids:
        query = select(*columns).where(lead.word_id == word_id)
        if start is not None:
            query = query.where(_beyond(columns, start, True))
        forms.append(query.order_by(lead.created_at.desc(), lead.ticket_id.desc()).limit(limit))
    if len(forms) == 1:
        return forms[0]
    every = union_all(*(select(form.subquery()) for form in forms)).subquery()
    return select(every).distinct().order_by(every.c[0].desc(), every.c[1].desc()).limit(limit)


async def _by_word(
    conn: AsyncConnection, asked: Asked, part: Part, start: tuple[Any, ...] | None, limit: int
) -> Select[Any] | list[Row[Any]]:
    """The newest with all words: the rarest word's own tickets, in windows of time when it has several forms."""
    rarest, *rest = asked.terms
    lead = postings.alias("lead")
    columns = (lead.c.created_at, lead.c.ticket_id)
    query = select(*columns).where(rarest.words(lead.c.word_id), *_each(asked, part, rest, lead))
    if start is not None:
        query = query.where(_beyond(columns, start, True))
    query = query.order_by(*(column.desc() for column in columns)).limit(limit)
    if rarest.single:
        return query
    found = await _in_windows(conn, query.distinct(), columns[0], asked, start, limit)
    if rarest.numbers:  # the few that bear it as their number
        numbered = replace(asked, terms=(ticket_words.Term(numbers=rarest.numbers), *rest))
        found = sorted({*found, *await _read(conn, numbered, part, start, limit)}, key=tuple, reverse=True)
    return found[:limit]


def _each(asked: Asked, part: Part, rest: Sequence[ticket_words.Term], lead: Any) -> list[ColumnElement[bool]]:
    of_ticket = _all_of(replace(asked, since=None, until=None), part.open)
    dates = []
    if asked.since is not None:
        dates.append(lead.c.created_at >= asked.since)
    if asked.until is not None:
        dates.append(lead.c.created_at < asked.until)
    numbered = [term for term in rest if term.numbers]
    posted = [ticket_words.has(term, lead.c.created_at, lead.c.ticket_id) for term in rest if not term.numbers]
    of_ticket += [ticket_words.has(term) for term in numbered]
    if of_ticket:
        posted.append(select(literal(1)).where(c.id == lead.c.ticket_id, *of_ticket).correlate(lead).exists())
    return dates + posted


async def _in_windows(
    conn: AsyncConnection,
    query: Select[Any],
    at: ColumnElement[Any],
    asked: Asked,
    start: tuple[Any, ...] | None,
    limit: int,
) -> list[Row[Any]]:
    """Back in time by windows that grow: what is common is met in the first, and only the rare is looked for long."""
    newest = await _newest(conn, start[0] if start else asked.until)
    oldest = await _newest(conn, newest, FIRST_WINDOW) if newest else None
    found: list[Row[Any]] = []
    until, since = None, oldest
    while len(found) < limit:
        windowed = query.where(*([at < until] if until else []), *([at >= since] if since else []))
        found += await _all(conn, windowed)
        if since is None or (asked.since and since <= asked.since):
            break
        assert newest is not None
        until, since = since, _further(newest, since)
    return found[:limit]


def _further(newest: datetime, since: datetime) -> datetime | None:
    """The window's next end; None at the beginning of time."""
    reach = (newest - since) * WINDOW_GROWS + timedelta(seconds=1)
    return None if reach > timedelta(days=36_500) else newest - reach


async def _newest(conn: AsyncConnection, until: datetime | None, skip: int = 0) -> datetime | None:
    query = select(c.created_at).order_by(c.created_at.desc(), c.id.desc()).offset(skip).limit(1)
    if until is not None:
        query = query.where(c.created_at <= until)
    at: datetime | None = (await conn.execute(query)).scalar_one_or_none()
    return at


# --- counting ---------------------------------------------------------------------------------------------


async def count(conn: AsyncConnection, asked: Asked, scope: Scope, limit: int) -> int:
    """How many there are, counted up to the limit."""
    if asked.nothing:
        return 0
    total = 0
    for branch in _branches(asked, scope):
        for is_open in (True, False):
            if not (branch.statuses - FINAL if is_open else branch.statuses & FINAL):
                continue
            total += await _count(conn, branch, is_open, limit - total)
    return total


async def _count(conn: AsyncConnection, asked: Asked, is_open: bool, limit: int) -> int:
    if limit <= 0:
        return 0
    leads = asked.lead_open if is_open else asked.lead_all
    index = leads[0][0] if leads else "ix_tickets_open" if is_open else "ix_tickets_status"
    some = select(literal(1)).select_from(tickets).where(*_all_of(asked, is_open))
    if asked.terms:
        rarest, *rest = asked.terms
        rarest = rarest if rarest.weight is not None else await ticket_words.weighed(conn, rarest)
        rare = rarest.rare
        some = some.where(c.id.in_(ticket_words.ids_of(rarest)) if rare else ticket_words.has(rarest))
        some = some.where(*map(ticket_words.has, rest))
        index = "" if rare else index
    query = select(func.count()).select_from(_along(some, index).limit(limit).subquery())
    return int((await conn.execute(query)).scalar_one())


# --- lines ------------------------------------------------------------------------------------------------

# Read as the driver gives it: a page is made in the time of its SQL, not in that of its decoding. In the order of
# JournalRow; instead of the entry its code, instead of house and organisation their columns at the end.
_LINE = (
    "t.id t.number t.status t.urgency t.classifier_code t.premise t.executor_id s.name t.applicant_name "
    "t.applicant_number t.person_id t.created_at t.accept_by t.localise_by t.fix_by t.deadline_reason t.due_at "
    "t.district t.mark t.paid t.postponed_until t.late_at t.applicant_count t.version t.rank"
).split()
_MOMENTS = [
    _LINE.index(f"t.{name}")
    for name in "created_at accept_by localise_by fix_by due_at postponed_until late_at".split()
]
_PAID = _LINE.index("t.paid")
_HOUSE = ("id", "code", "street", "number", "district", "floors", "entrances")
_ORGANISATION = ("id", "code", "name", "kind", "phone", "email", "active")
_AT_HOUSE = len(_LINE)
_AT_FEATURES = _AT_HOUSE + len(_HOUSE)
_AT_ORGANISATION = _AT_FEATURES + 1
_t, _h, _o, _s = (
    table.alias(name) for table, name in ((tickets, "t"), (houses, "h"), (organisations, "o"), (staff, "s"))
)
_RAW = [*_LINE, *(f"h.{name}" for name in _HOUSE), "CAST(h.features AS TEXT)", *(f"o.{name}" for name in _ORGANISATION)]
_LINES: Any = select(*(literal_column(name).label(f"c{at}") for at, name in enumerate(_RAW))).select_from(
    _t.outerjoin(_h, _h.c.id == _t.c.house_id)
    .outerjoin(_o, _o.c.id == _t.c.organisation_id)
    .outerjoin(_s, _s.c.id == _t.c.executor_id)
)


async def page(
    conn: AsyncConnection,
    asked: Asked,
    scope: Scope,
    sort: Sort,
    limit: int,
    entries: Mapping[str, Entry],
    after: Place | None = None,
) -> list[tuple[Place, JournalRow]]:
    """The next `limit` lines from a place on, each with its own place; mostly in one reading with their keys.

    `entries` has the classifier's entry of every code.
    """
    found: list[tuple[Place, JournalRow]] = []
    read = _Lines(entries, conn.dialect.name == "sqlite")
    for number, part in enumerate(ORDERS[sort]):
        if asked.nothing or len(found) >= limit:
            break
        if (after and number < after.part) or not _meets(part, asked.statuses):
            continue
        start = after.values if after and after.part == number else None
        some: list[tuple[tuple[Any, ...], JournalRow]] = []
        for branch in _branches(asked, scope):
            some += await _lines(conn, await _plan(conn, branch, part, start, limit - len(found)), part, read)
        some.sort(key=itemgetter(0), reverse=part.descending)
        found += [(Place(number, values), line) for values, line in some[: limit - len(found)]]
    return found


async def _lines(
    conn: AsyncConnection, plan: Select[Any] | list[Row[Any]], part: Part, read: _Lines
) -> list[tuple[tuple[Any, ...], JournalRow]]:
    if isinstance(plan, list):
        query = _LINES.where(_t.c.id.in_([row[-1] for row in plan]))
    else:
        only = plan.subquery()
        query = _LINES.where(_t.c.id.in_(select(only.c[len(part.columns) - 1])))
    made = [read.line(row) for row in await conn.execute(query)]
    names = [column.name for column in part.columns]
    return [(tuple(rank if name == "rank" else getattr(line, name) for name in names), line) for line, rank in made]


@lru_cache(maxsize=1_000)
def _features(written: str) -> tuple[str, ...]:
    """Of a house: thousands have the same."""
    return tuple(json.loads(written) or ())


class _Lines:
    """The driver's rows as lines; what several lines share is made once."""

    def __init__(self, entries: Mapping[str, Entry], on_sqlite: bool) -> None:
        self._entries = entries
        self._on_sqlite = on_sqlite
        self._houses: dict[int, House] = {}
        self._organisations: dict[int, Organisation] = {}

    def line(self, row: Sequence[Any]) -> tuple[JournalRow, int]:
        """The line, and its rank."""
        values = list(row[:_AT_HOUSE])
        if self._on_sqlite:
            for at in _MOMENTS:
                if values[at] is not None:
                    values[at] = EPOCH + timedelta(microseconds=values[at])
            values[_PAID] = bool(values[_PAID])
        id, number, status, urgency, code, premise, executor_id, executor, *rest, rank = values
        house, its, entry = self._house(row), self._organisation(row), self._entries[code]
        return (
            JournalRow(id, number, status, urgency, entry, house, premise, its, executor_id, executor or "", *rest),
            rank,
        )

    def _house(self, row: Sequence[Any]) -> House | None:
        id = row[_AT_HOUSE]
        if id is not None and id not in self._houses:
            features = _features(row[_AT_FEATURES] or "[]")
            self._houses[id] = House(**dict(zip(_HOUSE, row[_AT_HOUSE:_AT_FEATURES], strict=True)), features=features)
        return self._houses.get(id)

    def _organisation(self, row: Sequence[Any]) -> Organisation | None:
        id = row[_AT_ORGANISATION]
        if id is not None and id not in self._organisations:
            its = dict(zip(_ORGANISATION, row[_AT_ORGANISATION:], strict=True))
            self._organisations[id] = Organisation(**its | {"active": bool(its["active"])})
        return self._organisations.get(id)


async def last_comments(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, str]:
    """The newest public comment of each."""
    h = ticket_history.c
    newest = select(func.max(h.id)).where(h.ticket_id.in_(ids), h.what == "comment", h.public).group_by(h.ticket_id)
    query = select(h.ticket_id, h.reason).where(h.id.in_(newest))
    return {ticket_id: said for ticket_id, said in await conn.execute(query)}


async def first_recordings(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, int]:
    """The recording of the earliest linked call that has one to be heard."""
    join = ticket_calls.join(recordings, recordings.c.call_id == ticket_calls.c.call_id)
    query = select(ticket_calls.c.ticket_id, func.min(recordings.c.id)).select_from(join)
    query = query.where(ticket_calls.c.ticket_id.in_(ids), recordings.c.state.in_(("ready", "short")))
    return {ticket_id: first for ticket_id, first in await conn.execute(query.group_by(ticket_calls.c.ticket_id))}


# --- what it may be narrowed by ---------------------------------------------------------------------------


async def choices(
    conn: AsyncConnection, scope: Scope
) -> tuple[list[tuple[int, str]], list[str], list[tuple[int, str]]]:
    """Organisations, sections and executors that a reader may pick: of his organisation or his area only."""
    o, s, h = organisations.c, staff.c, houses.c
    of, by = scope.organisation_id, scope.executor_id
    named = select(o.id, o.name).where(o.id == of if of is not None else o.active).order_by(o.name)
    people = select(s.id, s.name).where(s.role == "executor", s.active).order_by(s.name)
    people = people.where(s.organisation_id == of) if of is not None else people
    sections = select(h.district).where(h.district != "").distinct().order_by(h.district)
    if scope.districts:
        sections = sections.where(h.district.in_(scope.districts))
    if by is not None or not (scope.everything or of is not None or scope.districts is not None):
        return [], [], []
    found = [(row.id, row.name) for row in await conn.execute(named)]
    doers = [(row.id, row.name) for row in await conn.execute(people.limit(500))]
    return found, list((await conn.execute(sections)).scalars()), doers
