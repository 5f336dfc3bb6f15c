"""Queries of the journal: keys in an order by the best index, then the lines of one page in one reading.

Each order is one or more parts, each read along an index; a page goes on from its place in a part, so it never shifts
when new tickets come. On SQLite the index is named (it has no statistics to choose by); PostgreSQL chooses by its own.
"""

from __future__ import annotations

import functools
import itertools
import json
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.directory.model import House, Organisation
from callengine.store import tables, ticket_words, unnamed
from callengine.store.levels import is_at
from callengine.store.postgres import Glance
from callengine.store.prepared import Prepared, is_postgres
from callengine.store.prepared import Reader as Reader
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
from callengine.store.visibility import NOBODY, parts_of, shape_of, values_of, within
from callengine.tickets import listing
from callengine.tickets.listing import JournalFilter, JournalRow, Life, Place, Sort
from callengine.tickets.model import FINAL, REPORTED, Entry, Status
from callengine.tickets.visibility import Scope

Weights = ticket_words.Weights
Conn = AsyncConnection  # so that services can name it without SQLAlchemy
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_WINDOW = 4_096  # tickets: so many of the newest are looked through first for a word with many forms
WINDOW_GROWS = 8
WALKED = 2_000  # tickets in the order of danger or term: so many of the first are looked through for common words
PROBES = 4  # looking a word's ticket up takes a quarter of looking a ticket through for its words
COUNTED_ON = 4  # so many times further common words are counted when all have more
COUNTED = 128_000  # of a word's tickets: whatever has more is as common as any
MET = 20_000  # tickets that have all words are kept for the parts of an order; more are sorted where they lie
ID_SIZES = (1, 8, 64, 256)  # so many ids a statement names
IDS = ID_SIZES[-1]
LOOKED = 256  # tickets that are looked at together for those who read no names
c = tickets.c
ENDED = frozenset(FINAL)
# The conditions of the partial indexes, word for word: with bound values SQLite would not know them.
OPEN, LATE, MARKED = (cast("ColumnElement[bool]", one) for one in (tables.OPEN, tables.LATE, tables.MARKED))


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One part of an order: a condition, the columns that it is sorted by, and which way."""

    open: bool | None  # of these tickets only; None: of all
    columns: tuple[ColumnElement[Any], ...]
    descending: bool = False
    where: tuple[ColumnElement[bool], ...] = ()
    index: str = "ix_tickets_created_at"

    @property
    def shape(self) -> tuple[type, ...]:
        return _shape_of_part(self)

    @property
    def key(self) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
        """What a row of `_LINES` is sorted by, as the driver gives it."""
        return _key_of_part(self)


@lru_cache(maxsize=32)
def _shape_of_part(part: Part) -> tuple[type, ...]:
    return tuple(datetime if column.name in ("due_at", "created_at") else int for column in part.columns)


@lru_cache(maxsize=32)
def _key_of_part(part: Part) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    return itemgetter(*(_LINE.index(f"t.{column.name}") for column in part.columns))


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
class Shape:
    """A filter without its values: with the scope's shape, all that a statement is built by."""

    wanted: JournalFilter
    statuses: frozenset[str]
    codes: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A filter made ready: its shape, its values by their names, and its words."""

    shape: Shape
    values: Mapping[str, Any]
    terms: tuple[ticket_words.Term, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    nothing: bool = False
    weights: Weights = field(default_factory=dict)
    # The ids of the open tickets that have all words, once they were looked for: every part of an order needs them.
    met: list[list[int]] = field(default_factory=list)
    # Of a reader who sees no names: the words as they may be meant, and what else a ticket is found by.
    meant: tuple[unnamed.Meant, ...] = ()
    known: unnamed.Known | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A shape's conditions within a scope, and the indexes that could lead."""

    statuses: frozenset[str]
    conditions: tuple[ColumnElement[bool], ...]
    # By name, each with its condition; the first is the narrowest as a rule. `of all` lead any order by date.
    lead_open: tuple[tuple[str, ColumnElement[bool]], ...]
    lead_all: tuple[tuple[str, ColumnElement[bool]], ...]
    since: bool
    until: bool


@dataclass(frozen=True, slots=True)
class Way:
    """How the keys of a part are read: along an index, by a rare word's ids, or along words' own lists."""

    # index; first: along it, but only its first tickets; rare; together: by the ids that have all words; met: by
    # those that were found to have them; word; posted
    kind: str
    index: str = ""  # of `index`; without one by the ids that a condition names
    terms: tuple[ticket_words.Term, ...] = ()  # shapes
    older: bool = False  # `posted` is bounded by a moment from above,
    newer: bool = False  # and from below
    distinct: bool = False
    walked: int = 0  # so many tickets are the first of `first`


# --- what is asked ----------------------------------------------------------------------------------------


async def prepare(
    conn: Reader,
    wanted: JournalFilter,
    number: str,
    codes: Sequence[str],
    now: datetime,
    *,
    known: unnamed.Known | None = None,
    weights: ticket_words.Weights | None = None,
) -> Asked:
    """`number` is a telephone number that the words may be.

    With `known` nothing is found by a telephone or by the name of an applicant. `codes` are those of the wanted
    classifier branch, `weights` how common words were found to be a while ago.
    """
    shape = Shape(_shape(wanted), wanted.statuses(), len(codes))
    values = _values(wanted, codes, now)
    terms: Sequence[ticket_words.Term] = ()
    if not shape.statuses or (wanted.classifier and not codes):
        return Asked(shape, values, nothing=True)
    if wanted.q.strip():
        found = await ticket_words.terms(conn, wanted.q, number, telephones=known is None, weights=weights)
        if not found:
            return Asked(shape, values, nothing=True)
        meant = [await _meant(conn, term) for term in found] if known else []
        terms = [term.named(f"w{n}") for n, term in enumerate(found)]
        for term in terms:
            values |= term.values()
        if meant:
            return Asked(shape, values, tuple(terms), wanted.since, wanted.until, meant=tuple(meant), known=known)
    return Asked(shape, values, tuple(terms), wanted.since, wanted.until, weights={} if weights is None else weights)


async def _meant(conn: Reader, term: ticket_words.Term) -> unnamed.Meant:
    words = await _of_ids(conn, unnamed.words_of, term.word_ids)
    return unnamed.Meant(frozenset(row[1] for row in words), term.beyond, term.numbers)


@lru_cache(maxsize=1_024)
def _shape(wanted: JournalFilter) -> JournalFilter:
    """The filter without its values: what it narrows by, and of how many."""
    return replace(
        wanted,
        q="",
        status=(),
        urgency=("",) * len(wanted.urgency),
        organisation_id=None if wanted.organisation_id is None else NOBODY,
        house_id=None if wanted.house_id is None else NOBODY,
        district=None if wanted.district is None else "",
        executor_id=None if wanted.executor_id is None else NOBODY,
        classifier="any" if wanted.classifier else "",
        mark=(0,) * len(wanted.mark),
        since=None if wanted.since is None else EPOCH,
        until=None if wanted.until is None else EPOCH,
    )


def _values(wanted: JournalFilter, codes: Sequence[str], now: datetime) -> dict[str, Any]:
    return {
        "house_id": wanted.house_id,
        "executor_id": wanted.executor_id,
        "organisation_id": wanted.organisation_id,
        "district": wanted.district,
        "since": wanted.since,
        "until": wanted.until,
        "now": now,
        **{f"urgency_{n}": one for n, one in enumerate(wanted.urgency)},
        **{f"mark_{n}": one for n, one in enumerate(wanted.mark)},
        **{f"code_{n}": one for n, one in enumerate(codes)},
    }


def _value(name: str, column: ColumnElement[Any]) -> BindParameter[Any]:
    return bindparam(name, type_=column.type)


def _some(name: str, count: int, column: ColumnElement[Any]) -> list[BindParameter[Any]]:
    return [_value(f"{name}_{n}", column) for n in range(count)]


def _number(value: int) -> ColumnElement[int]:
    """A number that belongs to the shape: PostgreSQL plans by a limit only when it stands in the statement."""
    return literal_column(str(value))


def _named(statuses: Iterable[str]) -> list[ColumnElement[str]]:
    """Statuses as words of the statement: they belong to its shape. What is no status has no ticket."""
    return [literal_column(f"'{status}'", c.status.type) for status in Status if status in statuses]


@lru_cache(maxsize=1_024)
def _branches(shape: Shape, scope: Scope) -> tuple[Branch, ...]:
    """The shape within a scope's shape; an organisation's own tickets and those that it left are read apart."""
    leads = _leads(shape.wanted, shape.codes)
    lead_all = tuple((name, condition) for name, condition in leads if name in _OF_ALL)
    lead_open = tuple((_OF_OPEN[name], condition) for name, condition in leads if name in _OF_OPEN)
    if len(shape.statuses) == 1 and not shape.statuses & ENDED:
        lead_open += (("ix_tickets_open_status", c.status == _named(shape.statuses)[0]),)
    conditions = (*(condition for _, condition in leads), *_narrowed(shape.wanted, shape.codes))
    since, until = shape.wanted.since is not None, shape.wanted.until is not None
    return tuple(_within(Branch(shape.statuses, conditions, lead_open, lead_all, since, until), scope))


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


def _leads(wanted: JournalFilter, codes: int) -> list[tuple[str, ColumnElement[bool]]]:
    """What has an index in the order of registration, the narrowest as a rule first."""
    found: list[tuple[str, ColumnElement[bool]]] = []
    if wanted.house_id is not None:
        found.append(("ix_tickets_house_created", c.house_id == _value("house_id", c.house_id)))
    if wanted.executor_id is not None:
        found.append(("ix_tickets_executor_created", c.executor_id == _value("executor_id", c.executor_id)))
    if wanted.late:
        found.append(("ix_tickets_late", LATE))
    if len(wanted.mark) == 1:
        found.append(("ix_tickets_mark", and_(c.mark == _value("mark_0", c.mark), MARKED)))
    if wanted.paid:
        found.append(("ix_tickets_paid", c.paid))
    if wanted.classifier and codes == 1:
        found.append(("ix_tickets_classifier_created", c.classifier_code == _value("code_0", c.classifier_code)))
    if wanted.organisation_id is not None:
        its = c.organisation_id == _value("organisation_id", c.organisation_id)
        found.append(("ix_tickets_organisation_created", its))
    if wanted.district is not None:
        found.append(("ix_tickets_district_created", c.district == _value("district", c.district)))
    return found


def _narrowed(wanted: JournalFilter, codes: int) -> list[ColumnElement[bool]]:
    """What has no index of its own: it is asked of each ticket on the way."""
    found: list[ColumnElement[bool]] = []
    if wanted.urgency:
        found.append(c.urgency.in_(_some("urgency", len(wanted.urgency), c.urgency)))
    if wanted.accident is not None:
        accident = c.rank <= _number(listing.ACCIDENT_RANK)
        found.append(accident if wanted.accident else ~accident)
    if wanted.paid is False:
        found.append(~c.paid)
    if wanted.late is False:
        found.append(c.late_at.is_(None))
    if wanted.overdue is not None:
        found.append(_overdue() if wanted.overdue else ~func.coalesce(_overdue(), false()))
    if wanted.unassigned is not None:
        found.append(c.organisation_id.is_(None) if wanted.unassigned else c.organisation_id.is_not(None))
    if wanted.houseless is not None:
        found.append(c.house_id.is_(None) if wanted.houseless else c.house_id.is_not(None))
    if wanted.classifier and codes > 1:
        found.append(c.classifier_code.in_(_some("code", codes, c.classifier_code)))
    if wanted.level:
        found.append(or_(*(is_at(level) for level in wanted.level)))
    if len(wanted.mark) > 1:
        found.append(c.mark.in_(_some("mark", len(wanted.mark), c.mark)))
    return found


def _overdue() -> ColumnElement[bool]:
    """As model.Ticket.overdue, without asking whether it is final."""
    now = _value("now", c.fix_by)
    unaccepted = and_(c.status.in_(_named(listing.WAITING)), c.accept_by < now)
    return or_(c.late_at.is_not(None), and_(c.fix_by < now, c.status.not_in(_named(REPORTED))), unaccepted)


# --- keys in an order -------------------------------------------------------------------------------------


def _meets(part: Part, statuses: frozenset[str]) -> bool:
    """Whether the part can have tickets in any of the statuses."""
    return bool(part.open is None or (statuses - ENDED if part.open else statuses & ENDED))


def _within(branch: Branch, scope: Scope) -> list[Branch]:
    if scope.everything:
        return [branch]
    if scope.organisation_id is not None:
        own, left = parts_of(scope)
        by_id = (("", left),)
        return [
            _led(branch, own, "ix_tickets_organisation_created", "ix_tickets_open_organisation"),
            replace(branch, conditions=(*branch.conditions, left), lead_all=by_id, lead_open=by_id),
        ]
    if scope.executor_id is not None:
        return [_led(branch, within(scope), "ix_tickets_executor_created", "ix_tickets_executor")]
    if scope.districts is not None and len(scope.districts) == 1:
        return [_led(branch, within(scope), "ix_tickets_district_created", "")]
    if scope.districts is None:  # nothing at all
        return []
    return [replace(branch, conditions=(*branch.conditions, within(scope)))]


def _led(branch: Branch, condition: ColumnElement[bool], of_all: str, of_open: str) -> Branch:
    return replace(
        branch,
        conditions=(*branch.conditions, condition),
        lead_all=(*branch.lead_all, (of_all, condition)),
        lead_open=(*branch.lead_open, *([(of_open, condition)] if of_open else [])),
    )


async def _plan(
    conn: Reader, asked: Asked, branch: Branch, part: Part, start: tuple[Any, ...] | None, limit: int
) -> Way | list[Any]:
    """How to read the keys; or the keys themselves, where it took several statements to find them."""
    by_date = part.columns[0] is c.created_at
    leads = branch.lead_all if by_date else branch.lead_open
    if not asked.terms:
        return Way("index", await _lead(conn, asked, branch, part, leads))
    rarest, *rest = asked.terms
    if by_date and not rest and rarest.listed and not _asks_more(branch, part):
        return Way("word", terms=_shapes((rarest,)))
    if rarest.weight is None:
        rarest = await ticket_words.weighed(conn, rarest)
        asked = replace(asked, terms=(rarest, *rest))
    if rarest.rare:
        return Way("rare", terms=_shapes(asked.terms))
    if not by_date:
        return await _by_counts(conn, asked, branch, part, start, limit)
    narrow = await _narrowest(conn, asked, branch, leads, rarest.weight or 0)
    if narrow is not None:
        return Way("index", narrow, _shapes(asked.terms))
    return await _by_word(conn, asked, branch, part, start, limit)


def _shapes(terms: Iterable[ticket_words.Term]) -> tuple[ticket_words.Term, ...]:
    return tuple(term.shape() for term in terms)


async def _read(
    conn: Reader, asked: Asked, branch: Branch, part: Part, start: tuple[Any, ...] | None, limit: int
) -> list[Any]:
    plan = await _plan(conn, asked, branch, part, start, limit)
    return plan if isinstance(plan, list) else await _keys(conn, plan, asked, branch, part, start, limit)


async def _keys(
    conn: Reader,
    way: Way,
    asked: Asked,
    branch: Branch,
    part: Part,
    start: tuple[Any, ...] | None,
    limit: int,
    **more: Any,
) -> list[Any]:
    statement = _statement(way, branch, part, start is not None, limit, False)
    return await statement.rows(conn, **_given(conn, asked), **_placed(start), **more)


def _given(conn: Reader, asked: Asked) -> Mapping[str, Any]:
    if not asked.met:
        return asked.values
    return {**asked.values, "met": asked.met[0] if is_postgres(conn) else json.dumps(asked.met[0])}


def _placed(start: tuple[Any, ...] | None) -> dict[str, Any]:
    return {f"start_{n}": value for n, value in enumerate(start or ())}


@lru_cache(maxsize=2_048)
def _statement(way: Way, branch: Branch, part: Part, started: bool, limit: int, lines: bool) -> Prepared:
    """The keys of a part, or at once the lines of those keys; compiled once for a shape."""
    if way.kind == "word":
        query = _of_word(way.terms[0], started, limit)
    elif way.kind == "posted":
        query = _posted(way, branch, part, started, limit)
    elif way.kind == "first":
        query = _of_first(way, branch, part, started, limit)
    elif way.kind == "together":
        return Prepared(
            lambda dialect: _finished(_of_together(way, branch, part, started, limit, dialect), part, lines), raw=lines
        )
    elif way.kind == "met":
        return Prepared(
            lambda dialect: _finished(_of_met(branch, part, started, limit, dialect), part, lines), raw=lines
        )
    else:
        query = _ordered(branch, part, started).limit(_number(limit))
        terms = way.terms
        if way.kind == "rare":
            query, terms = query.where(c.id.in_(ticket_words.ids_of(terms[0]))), terms[1:]
        has = [ticket_words.has(term, joined=way.kind == "rare") for term in terms]
        query = _along(query.where(*has), way.index)
    return Prepared(_finished(query, part, lines), raw=lines)


def _finished(keys: Select[Any], part: Part, lines: bool) -> Select[Any]:
    """The keys themselves, or the lines of them."""
    if not lines:
        return keys
    only = keys.subquery()
    found: Select[Any] = _LINES.where(_t.c.id.in_(select(only.c[len(part.columns) - 1])))
    return found


async def _lead(
    conn: Reader, asked: Asked, branch: Branch, part: Part, leads: Sequence[tuple[str, ColumnElement[bool]]]
) -> str:
    """The index to read along when there are no words."""
    if leads:
        return leads[0][0]
    only = branch.statuses
    if part.open is None and len(only) == 1 and not only & ENDED:  # a rare status is sorted; a common one is met soon
        if int(await _few(next(iter(only))).scalar(conn)) < ticket_words.RARE:
            return "ix_tickets_open_status"
    return part.index


async def _narrowest(
    conn: Reader, asked: Asked, branch: Branch, leads: Sequence[tuple[str, ColumnElement[bool]]], weight: int
) -> str | None:
    """The index with fewer tickets than the rarest word has, or none."""
    best = None
    for place, (name, _) in enumerate(leads):
        its = int(await _weight(branch, place).scalar(conn, **asked.values))
        if its < weight:
            best, weight = name, its
    return best


@lru_cache(maxsize=1_024)
def _weight(branch: Branch, place: int) -> Prepared:
    return _counting(branch.lead_all[place][1])


# --- common words in an order that is not theirs ----------------------------------------------------------


async def _by_counts(
    conn: Reader, asked: Asked, branch: Branch, part: Part, start: tuple[Any, ...] | None, limit: int
) -> Way | list[Any]:
    """Words that are common apart. The fewer are looked at: the tickets of the order, or those of the rarest word.

    Where the words would fill the page with the first tickets of the order, these are looked through before.
    """
    if asked.met:  # for another part of the order
        return Way("met") if asked.met[0] else []
    leads = branch.lead_open
    index = leads[0][0] if leads else part.index
    most = WALKED * PROBES
    fewest, least = await _fewest(conn, asked, most)
    if least >= most:
        filling = limit * await _all_tickets(conn, asked) // WALKED
        if (await _fewest(conn, asked, filling + 1))[1] >= filling:
            first = Way("first", index, _shapes(asked.terms), walked=WALKED)
            found = await _keys(conn, first, asked, branch, part, start, limit)
            if len(found) >= limit:
                return found
    while least >= most:
        if await _is_short(conn, asked, branch, part.where, most):
            return Way("index", index, _shapes(asked.terms))
        most *= COUNTED_ON
        fewest, least = await _fewest(conn, asked, most)
    return await _meeting(conn, asked, fewest)


async def _fewest(conn: Reader, asked: Asked, most: int) -> tuple[ticket_words.Term, int]:
    """The least common word and how many tickets it has, counted up to so many."""
    counts = [await ticket_words.posted(conn, term, most, asked.weights) for term in asked.terms]
    least = min(counts)
    return asked.terms[counts.index(least)], least


async def _all_tickets(conn: Reader, asked: Asked) -> int:
    """How many there are, about."""
    if _ALL not in asked.weights:
        asked.weights[_ALL] = int(await _GREATEST_ID.scalar(conn) or 0)
    return asked.weights[_ALL]


_ALL = ("all",)
_GREATEST_ID = Prepared(select(func.max(c.id)))


async def _is_short(
    conn: Reader, asked: Asked, branch: Branch, where: tuple[ColumnElement[bool], ...], most: int
) -> bool:
    """To look the order's tickets through takes no longer than so many of a word's."""
    enough = most // max(PROBES, 1) + 1
    index = branch.lead_open[0][0] if branch.lead_open else "ix_tickets_open"
    return int(await _walked(branch, where, index).scalar(conn, **asked.values, enough=enough)) * PROBES <= most


@lru_cache(maxsize=1_024)
def _walked(branch: Branch, where: tuple[ColumnElement[bool], ...], index: str) -> Prepared:
    """How many tickets the order has by its index, whatever else is asked of them; counted until it is enough."""
    its = branch.lead_open[0][1] if branch.lead_open else true()
    some: Any = select(_number(1)).select_from(tickets).where(*where, OPEN, its)
    some = _along(some.limit(bindparam("enough", type_=c.id.type)), index)
    return Prepared(select(func.count()).select_from(some.subquery()))


async def _meeting(conn: Reader, asked: Asked, fewest: ticket_words.Term) -> Way | list[Any]:
    """The open tickets where all words meet, found along the least common one's list."""
    if isinstance(conn, Glance):
        await conn.together()  # several statements on one moment
    terms = _shapes((fewest, *(term for term in asked.terms if term is not fewest)))
    found = [row[0] for row in await _met_of(terms).rows(conn, **asked.values)]
    if len(found) > MET:
        return Way("together", terms=terms)
    asked.met.append(found)
    return Way("met") if found else []


@lru_cache(maxsize=256)
def _met_of(terms: tuple[ticket_words.Term, ...]) -> Prepared:
    query = select(c.id).where(OPEN).limit(_number(MET + 1))
    return Prepared(lambda dialect: _along(query.where(*_meet(terms, dialect)), ""), raw=True)


def _of_first(way: Way, branch: Branch, part: Part, started: bool, limit: int) -> Select[Any]:
    """Along the index as `index`, but the words are asked of its first tickets only."""
    of_words = [column for column in (c.created_at, c.id, c.number) if column not in part.columns]
    walked = _along(_ordered(branch, part, started), way.index).add_columns(*of_words).limit(_number(way.walked))
    its = walked.subquery("walked").c
    has = (ticket_words.has(term, its.created_at, its.id, its.number, joined=False) for term in way.terms)
    columns = [its[column.name] for column in part.columns]
    return select(*columns).where(*has).order_by(*columns).limit(_number(limit))


def _of_together(way: Way, branch: Branch, part: Part, started: bool, limit: int, dialect: Any) -> Select[Any]:
    """By the ids of the tickets that have all words; they are found before a ticket is looked at."""
    return _along(_ordered(branch, part, started).where(*_meet(way.terms, dialect)).limit(_number(limit)), "")


def _meet(terms: Sequence[ticket_words.Term], dialect: Any) -> list[ColumnElement[bool]]:
    ids = ticket_words.ids_of_all(terms)
    # As an array PostgreSQL finds them first; as a set it would walk the order and ask whether each is in it.
    meant = c.id == func.any(func.array(ids.scalar_subquery())) if dialect is postgresql else c.id.in_(ids)
    return [meant, *(ticket_words.has(term) for term in terms[1:] if term.numbers)]


def _of_met(branch: Branch, part: Part, started: bool, limit: int, dialect: Any) -> Select[Any]:
    if dialect is postgresql:
        meant = c.id == func.any(bindparam("met", type_=postgresql.ARRAY(c.id.type)))
    else:
        meant = c.id.in_(select(func.json_each(bindparam("met")).table_valued("value").c.value))
    return _along(_ordered(branch, part, started).where(meant).limit(_number(limit)), "")


@lru_cache(maxsize=32)
def _few(status: str) -> Prepared:
    return _counting(and_(OPEN, c.status.in_(_named([status]))))


def _counting(condition: ColumnElement[bool]) -> Prepared:
    some: Any = select(_number(1)).select_from(tickets).where(condition)
    some = some.limit(_number(ticket_words.WEIGHED))
    return Prepared(select(func.count()).select_from(some.subquery()))


def _along(query: Select[Any], index: str) -> Select[Any]:
    """Read along the index; without one by the ids that the query names."""
    return query.with_hint(tickets, f"INDEXED BY {index}" if index else "NOT INDEXED", "sqlite")


def _ordered(branch: Branch, part: Part, started: bool) -> Select[Any]:
    query = select(*part.columns).where(*part.where, *_all_of(branch, part.open))
    if started:
        query = query.where(_beyond(part.columns, part.descending))
    return query.order_by(*(column.desc() if part.descending else column for column in part.columns))


def _beyond(columns: Sequence[ColumnElement[Any]], descending: bool) -> ColumnElement[bool]:
    place = tuple_(*(_value(f"start_{n}", column) for n, column in enumerate(columns)))
    return tuple_(*columns) < place if descending else tuple_(*columns) > place


def _all_of(branch: Branch, is_open: bool | None, *, dates: bool = True) -> list[ColumnElement[bool]]:
    """Every condition on a ticket but its words; the words of the partial indexes stand as they were written."""
    found = [*_status(branch.statuses, is_open), *branch.conditions]
    return found + (_dates(branch, c.created_at) if dates else [])


def _dates(branch: Branch, column: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    found = [column >= _value("since", column)] if branch.since else []
    return found + ([column < _value("until", column)] if branch.until else [])


def _status(statuses: frozenset[str], is_open: bool | None) -> list[ColumnElement[bool]]:
    everything = frozenset(Status)
    if is_open is False:
        return [c.status.in_(_named(statuses & ENDED))]
    if is_open is None and statuses & ENDED:
        return [] if statuses == everything else [c.status.in_(_named(statuses))]
    named = statuses - ENDED
    if named == everything - ENDED:
        return [OPEN]
    words = _named(named)
    return [OPEN, c.status == words[0] if len(words) == 1 else c.status.in_(words)]


# --- along a word's tickets -------------------------------------------------------------------------------


def _asks_more(branch: Branch, part: Part) -> bool:
    """There is a condition besides the words."""
    return bool(branch.conditions or branch.since or branch.until or _status(branch.statuses, part.open))


def _of_word(term: ticket_words.Term, started: bool, limit: int) -> Select[Any]:
    """The newest of one typed word: those of each of its forms, each along its own list, and of them the newest."""
    lead, most = postings.c, _number(limit)
    columns = (lead.created_at, lead.ticket_id)
    forms = []
    for word_id in term.ids():
        query = select(*columns).where(lead.word_id == word_id)
        if started:
            query = query.where(_beyond(columns, True))
        forms.append(query.order_by(lead.created_at.desc(), lead.ticket_id.desc()).limit(most))
    if len(forms) == 1:
        return forms[0]
    every = union_all(*(select(form.subquery()) for form in forms)).subquery()
    return select(every).distinct().order_by(every.c[0].desc(), every.c[1].desc()).limit(most)


def _posted(way: Way, branch: Branch, part: Part, started: bool, limit: int) -> Select[Any]:
    """The newest with all words, along the first word's tickets; within a window when it is bounded."""
    first, *rest = way.terms
    lead = postings.alias("lead")
    at = lead.c.created_at
    query = select(at, lead.c.ticket_id).where(first.words(lead.c.word_id), *_each(branch, part, rest, lead))
    if started:
        query = query.where(_beyond((at, lead.c.ticket_id), True))
    query = query.where(*([at < _value("older", at)] if way.older else []))
    query = query.where(*([at >= _value("newer", at)] if way.newer else []))
    query = query.order_by(at.desc(), lead.c.ticket_id.desc()).limit(_number(limit))
    return query.distinct() if way.distinct else query


async def _by_word(
    conn: Reader, asked: Asked, branch: Branch, part: Part, start: tuple[Any, ...] | None, limit: int
) -> Way | list[Any]:
    """The newest with all words: the rarest word's own tickets, in windows of time when it has several forms."""
    rarest, *rest = asked.terms
    way = Way("posted", terms=_shapes(asked.terms), distinct=not rarest.single)
    if rarest.single:
        return way
    found = await _in_windows(conn, way, asked, branch, part, start, limit)
    if rarest.numbers:  # the few that bear it as their number
        its = replace(rarest, word_ids=(), beyond=(), weight=len(rarest.numbers))
        numbered = replace(asked, terms=(its, *rest), met=[])
        found = sorted({*found, *await _read(conn, numbered, branch, part, start, limit)}, key=tuple, reverse=True)
    return found[:limit]


def _each(branch: Branch, part: Part, rest: Sequence[ticket_words.Term], lead: Any) -> list[ColumnElement[bool]]:
    of_ticket = _all_of(branch, part.open, dates=False)
    numbered = [term for term in rest if term.numbers]
    posted = [ticket_words.has(term, lead.c.created_at, lead.c.ticket_id) for term in rest if not term.numbers]
    of_ticket += [ticket_words.has(term) for term in numbered]
    if of_ticket:
        its: Any = select(_number(1)).where(c.id == lead.c.ticket_id, *of_ticket).correlate(lead)
        posted.append(its.exists())
    return _dates(branch, lead.c.created_at) + posted


async def _in_windows(
    conn: Reader,
    way: Way,
    asked: Asked,
    branch: Branch,
    part: Part,
    start: tuple[Any, ...] | None,
    limit: int,
) -> list[Any]:
    """Back in time by windows that grow: what is common is met in the first, and only the rare is looked for long."""
    newest = await _newest(conn, start[0] if start else asked.until)
    oldest = await _newest(conn, newest, FIRST_WINDOW) if newest else None
    found: list[Any] = []
    until, since = None, oldest
    while len(found) < limit:
        windowed = replace(way, older=until is not None, newer=since is not None)
        found += await _keys(conn, windowed, asked, branch, part, start, limit, older=until, newer=since)
        if since is None or (asked.since and since <= asked.since):
            break
        assert newest is not None
        until, since = since, _further(newest, since)
    return found[:limit]


def _further(newest: datetime, since: datetime) -> datetime | None:
    """The window's next end; None at the beginning of time."""
    reach = (newest - since) * WINDOW_GROWS + timedelta(seconds=1)
    return None if reach > timedelta(days=36_500) else newest - reach


def _newest_of(bounded: bool) -> Prepared:
    query = select(c.created_at).order_by(c.created_at.desc(), c.id.desc()).offset(bindparam("skip")).limit(1)
    return Prepared(query.where(c.created_at <= _value("until", c.created_at)) if bounded else query)


_NEWEST_OF = {bounded: _newest_of(bounded) for bounded in (False, True)}


async def _newest(conn: Reader, until: datetime | None, skip: int = 0) -> datetime | None:
    at: datetime | None = await _NEWEST_OF[until is not None].scalar(conn, until=until, skip=skip)
    return at


# --- counting ---------------------------------------------------------------------------------------------


async def count(conn: Reader, asked: Asked, scope: Scope, limit: int) -> int:
    """How many there are, counted up to the limit."""
    if asked.nothing:
        return 0
    asked = _scoped(asked, scope)
    if asked.known:
        return len(await _looked_through(conn, asked, asked.known, scope, Sort.NEWEST, limit, None))
    total = 0
    for branch in _branches(asked.shape, shape_of(scope)):
        for is_open in (True, False):
            if not (branch.statuses - ENDED if is_open else branch.statuses & ENDED):
                continue
            total += await _count(conn, asked, branch, is_open, limit - total)
    return total


def _scoped(asked: Asked, scope: Scope) -> Asked:
    return replace(asked, values={**asked.values, **values_of(scope)})


async def _count(conn: Reader, asked: Asked, branch: Branch, is_open: bool, limit: int) -> int:
    if limit <= 0:
        return 0
    terms = asked.terms
    if terms and terms[0].weight is None:
        terms = (await ticket_words.weighed(conn, terms[0]), *terms[1:])
    leads = branch.lead_open if is_open else branch.lead_all
    index = leads[0][0] if leads else "ix_tickets_open" if is_open else "ix_tickets_status"
    statement = _count_of(branch, is_open, _shapes(terms), index)
    if terms and not terms[0].rare:
        lead, index = await _counted_by(conn, replace(asked, terms=terms), branch, is_open, index)
        if lead is not None:
            terms = (lead, *(term for term in terms if term is not lead))
            statement = _count_posted(branch, is_open, _shapes(terms))
        else:
            statement = _count_of(branch, is_open, _shapes(terms), index)
    return int(await statement.scalar(conn, **asked.values, limit=limit))


async def _counted_by(
    conn: Reader, asked: Asked, branch: Branch, is_open: bool, index: str
) -> tuple[ticket_words.Term | None, str]:
    """The word whose list is the shortest; or none, and an index that has still fewer tickets."""
    most = WALKED * PROBES
    while True:
        fewest, least = await _fewest(conn, asked, most)
        if is_open and (least >= COUNTED or (least >= most and await _is_short(conn, asked, branch, (), most))):
            return None, index
        if least < most or least >= COUNTED:
            break
        most = max(most * COUNTED_ON, 1)
    for place, (name, _) in enumerate(() if is_open else branch.lead_all):
        if int(await _counted_along(branch, place).scalar(conn, **asked.values, enough=least)) < least:
            return None, name
    return fewest, ""


@lru_cache(maxsize=1_024)
def _counted_along(branch: Branch, place: int) -> Prepared:
    name, condition = branch.lead_all[place]
    some: Any = select(_number(1)).select_from(tickets).where(condition).limit(bindparam("enough", type_=c.id.type))
    return Prepared(select(func.count()).select_from(_along(some, name).subquery()))


@lru_cache(maxsize=1_024)
def _count_posted(branch: Branch, is_open: bool, terms: tuple[ticket_words.Term, ...]) -> Prepared:
    """Along the first word's list, the newest first, and no further than the limit."""
    first, *rest = terms
    numbered = [ticket_words.has(term) for term in rest if term.numbers]
    of_ticket = [*_all_of(branch, is_open, dates=False), *numbered]
    some: Any
    if first.numbers:  # few words are, and tickets are found by two ways then
        ids = c.id.in_(ticket_words.ids_of_all(terms))
        some = _along(select(_number(1)).select_from(tickets).where(ids, *of_ticket, *_dates(branch, c.created_at)), "")
    else:
        lead = postings.alias("lead")
        at, id = lead.c.created_at, lead.c.ticket_id
        has = [ticket_words.has(term, at, id) for term in rest if not term.numbers]
        met: Any = select(id).where(first.words(lead.c.word_id), *has, *_dates(branch, at))
        met = met.order_by(at.desc(), id.desc()) if first.single else met.distinct()
        # Of the final each is asked by itself: PostgreSQL would else read them all to join them.
        its = (met if is_open else met.offset(_number(0))).subquery("met").c.ticket_id
        fits: Any = select(_number(1)).where(c.id == its, *of_ticket).correlate_except(tickets)
        some = select(its).where(fits.exists() if is_open else fits.scalar_subquery() == _number(1))
    some = some.limit(bindparam("limit", type_=c.id.type))
    return Prepared(select(func.count()).select_from(some.subquery()))


@lru_cache(maxsize=1_024)
def _count_of(branch: Branch, is_open: bool, terms: tuple[ticket_words.Term, ...], index: str) -> Prepared:
    some: Any = select(_number(1)).select_from(tickets).where(*_all_of(branch, is_open))
    if terms:
        rarest, *rest = terms
        led = c.id.in_(ticket_words.ids_of(rarest)) if rarest.rare else ticket_words.has(rarest, joined=False)
        some = some.where(led, *(ticket_words.has(term, joined=rarest.rare) for term in rest))
        index = "" if rarest.rare else index
    some = _along(some, index).limit(bindparam("limit", type_=c.id.type))
    return Prepared(select(func.count()).select_from(some.subquery()))


# --- lines ------------------------------------------------------------------------------------------------

# Read as the driver gives it: a page is made in the time of its SQL, not in that of its decoding. In the order of
# JournalRow; instead of the entry its code, instead of house and organisation their columns at the end, and the rank,
# which a page is sorted by.
_LINE = (
    "t.id t.number t.status t.urgency t.classifier_code t.premise t.executor_id s.name t.applicant_name "
    "t.applicant_number t.person_id t.created_at t.accept_by t.localise_by t.fix_by t.deadline_reason t.due_at "
    "t.district t.mark t.paid t.postponed_until t.late_at t.applicant_count t.version t.rank"
).split()
_HOUSE = ("id", "code", "street", "number", "district", "floors", "entrances")
_ORGANISATION = ("id", "code", "name", "kind", "phone", "email", "active")
_AT_HOUSE = len(_LINE)
_AT_FEATURES = _AT_HOUSE + len(_HOUSE)
_AT_ORGANISATION = _AT_FEATURES + 1
_AT_END = _AT_ORGANISATION + len(_ORGANISATION)
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
    conn: Reader,
    asked: Asked,
    scope: Scope,
    sort: Sort,
    limit: int,
    entries: Mapping[str, Entry],
    after: Place | None = None,
) -> tuple[list[JournalRow], Place | None]:
    """Up to `limit` lines from a place on, and the place of the next ones; mostly in one reading with their keys.

    `entries` has the classifier's entry of every code.
    """
    if asked.nothing:
        return [], None
    asked = _scoped(asked, scope)
    if asked.known:
        found = await _looked_through(conn, asked, asked.known, scope, sort, limit + 1, after)
    else:
        found = await _found(conn, asked, scope, sort, limit + 1, after)
    lines = _lines(map(itemgetter(1), found[:limit]), entries, on_sqlite=not is_postgres(conn))
    return lines, _place(*found[limit - 1], sort, conn) if len(found) > limit else None


async def _looked_through(
    conn: Reader, asked: Asked, known: unnamed.Known, scope: Scope, sort: Sort, limit: int, after: Place | None
) -> list[tuple[int, Any]]:
    """As `_found`, without what has a typed word only in a name.

    However many have it so, none of them shows: not by a page that is shorter than the next one, nor by a cursor.
    """
    if isinstance(conn, Glance):
        await conn.together()
    kept: list[tuple[int, Any]] = []
    while len(kept) < limit:
        some = await _found(conn, asked, scope, sort, LOOKED, after)
        told = await _of_ids(conn, unnamed.told_of, [row[0] for _, row in some])
        its = {ticket[0] for ticket in told if known.finds(ticket, asked.meant)}
        kept += [one for one in some if one[1][0] in its]
        if len(some) < LOOKED:
            break
        after = _place(*some[-1], sort, conn)
    return kept[:limit]


async def _found(
    conn: Reader, asked: Asked, scope: Scope, sort: Sort, limit: int, after: Place | None
) -> list[tuple[int, Any]]:
    """Up to `limit` rows of `_LINES` from a place on, each with the number of its part."""
    parts = [one for one in enumerate(ORDERS[sort]) if _meets(one[1], asked.shape.statuses)]
    asked_parts = parts = [one for one in parts if after is None or one[0] >= after.part]
    branches = _branches(asked.shape, shape_of(scope))
    found: list[tuple[int, Any]] = []
    if isinstance(conn, Glance):
        # One statement is one view by itself; only where it takes several they are put into one transaction.
        if len(branches) == 1:
            found = await _parts(conn, asked, branches, parts[:1], limit, after)
            parts = parts[1:] if len(found) < limit else []
        if parts and await conn.together():  # else the first part needed several itself, and its tickets stand
            parts, found = asked_parts, []
    return found + await _parts(conn, asked, branches, parts, limit - len(found), after)


_NEWEST_PART = ORDERS[Sort.NEWEST].index(_NEWEST)


@lru_cache(maxsize=1_024)
def _only_words(wanted: JournalFilter) -> bool:
    return replace(wanted, q="") == JournalFilter()


async def at_once(
    conn: Reader,
    wanted: JournalFilter,
    scope: Scope,
    sort: Sort,
    limit: int,
    entries: Mapping[str, Entry],
    after: Place | None = None,
    weights: Weights | None = None,
) -> tuple[list[JournalRow], Place | None] | None:
    """The newest tickets of typed words: what is asked for most, with as little as can be between.

    On PostgreSQL the words are looked up in the very statement, a trip less; several words only when `weights` tells
    which of them leads. None where it does not do: another filter, a small scope, words that mean many, or none.
    """
    if not scope.everything or sort is not Sort.NEWEST or not _only_words(wanted):
        return None
    typed = ticket_words.only_words(wanted.q)
    start = after.values if after else None
    if len(typed) == 1:
        of_one = _of_one_word_in_one_trip if isinstance(conn, Glance) else _of_one_word
        raw = await of_one(conn, typed, start, limit + 1)
    else:
        raw = await _of_words(conn, typed, start, limit + 1, weights or {})
    if not raw:
        return None
    raw.sort(key=_NEWEST.key, reverse=True)
    lines = _lines(raw[:limit], entries, on_sqlite=not is_postgres(conn))
    return lines, _place(_NEWEST_PART, raw[limit - 1], sort, conn) if len(raw) > limit else None


async def _of_words(
    conn: Reader, typed: Sequence[str], start: tuple[Any, ...] | None, limit: int, weights: Weights
) -> list[Any]:
    if not typed or not all(word in weights for word in typed):
        return []
    typed = sorted(typed, key=weights.__getitem__)
    values = ticket_words.ends_of(typed) | _placed(start)
    raw = await _begun_together(len(typed), start is not None, limit).rows(conn, **values)
    return raw if raw and raw[0][_AT_END] == len(typed) else []  # each is still the beginning of one word


async def _of_one_word_in_one_trip(
    conn: Reader, typed: Sequence[str], start: tuple[Any, ...] | None, limit: int
) -> list[Any]:
    statement = _begun(start is not None, limit)
    raw = await statement.rows(conn, **ticket_words.ends_of(typed), **_placed(start))
    return raw if raw and raw[0][_AT_END] <= ticket_words.FORMS else []


async def _of_one_word(conn: Reader, typed: Sequence[str], start: tuple[Any, ...] | None, limit: int) -> list[Any]:
    ids = await _BEGUN_IDS.rows(conn, **ticket_words.ends_of(typed))
    if not 0 < len(ids) <= ticket_words.FORMS:
        return []
    values = {f"w_id_{n}": row[0] for n, row in enumerate(ids)} | _placed(start)
    return await _of_forms(len(ids), start is not None, limit).rows(conn, **values)


@lru_cache(maxsize=128)
def _begun_together(count: int, started: bool, limit: int) -> Prepared:
    """The newest that have a word of each beginning, the first leads; at the end of each row how many words there are.

    For beginnings of one word each: of several it would take one, and that is seen by their count.
    """
    meant = [ticket_words.begun(2, n, hidden=True).cte(f"meant_{n}") for n in range(count)]
    ids = [select(func.min(one.c.id)).scalar_subquery() for one in meant]
    lead = postings.alias("lead")
    at, id = lead.c.created_at, lead.c.ticket_id
    query = select(at, id).where(lead.c.word_id == ids[0])
    for n, its in enumerate(ids[1:], 1):
        other = postings.alias(f"other_{n}").c
        same = and_(other.word_id == its, other.created_at == at, other.ticket_id == id)
        query = query.where(select(_number(1)).where(same).correlate(lead).exists())
    if started:
        query = query.where(_beyond((at, id), True))
    keys = query.order_by(at.desc(), id.desc()).limit(_number(limit)).subquery()
    counts = [select(func.count()).select_from(one).scalar_subquery() for one in meant]
    total = functools.reduce(operator.add, counts)
    return Prepared(_LINES.add_columns(total.label("words")).where(_t.c.id.in_(select(keys.c.ticket_id))), raw=True)


_BEGUN_IDS = Prepared(ticket_words.begun(ticket_words.FORMS + 1), raw=True)


@lru_cache(maxsize=256)
def _of_forms(forms: int, started: bool, limit: int) -> Prepared:
    keys = _of_word(ticket_words.Term((0,) * forms, name="w"), started, limit)
    return Prepared(_finished(keys, _NEWEST, True), raw=True)


@lru_cache(maxsize=128)
def _begun(started: bool, limit: int) -> Prepared:
    """Of each word that begins so its newest, of those the newest; at the end of each row how many words there are."""
    meant = ticket_words.begun(ticket_words.FORMS + 1, hidden=True).cte("meant")
    its, most = postings.c, _number(limit)
    each: Any = select(its.created_at, its.ticket_id).where(its.word_id == meant.c.id)
    if started:
        each = each.where(_beyond((its.created_at, its.ticket_id), True))
    each = each.order_by(its.created_at.desc(), its.ticket_id.desc()).limit(most).lateral("each")
    keys = select(each.c.created_at, each.c.ticket_id).select_from(meant.join(each, true())).distinct()
    keys = keys.order_by(each.c.created_at.desc(), each.c.ticket_id.desc()).limit(most)
    count = select(func.count()).select_from(meant).scalar_subquery()
    return Prepared(_LINES.add_columns(count).where(_t.c.id.in_(select(keys.subquery().c.ticket_id))), raw=True)


def _place(number: int, row: Sequence[Any], sort: Sort, conn: Reader) -> Place:
    part, decode = ORDERS[sort][number], not is_postgres(conn)
    kept = zip(part.shape, part.key(row), strict=True)
    told = (EPOCH + timedelta(0, 0, one) if decode and kind is datetime else one for kind, one in kept)
    return Place(number, tuple(told))


async def _parts(
    conn: Reader,
    asked: Asked,
    branches: Sequence[Branch],
    parts: Sequence[tuple[int, Part]],
    limit: int,
    after: Place | None,
) -> list[tuple[int, Any]]:
    """Rows in their order, each with the number of its part."""
    found: list[tuple[int, Any]] = []
    for number, part in parts:
        if len(found) >= limit:
            break
        start = after.values if after and after.part == number else None
        some: list[Any] = []
        for branch in branches:
            some += await _rows(conn, asked, branch, part, start, limit - len(found))
        some.sort(key=part.key, reverse=part.descending)
        found += [(number, row) for row in some[: limit - len(found)]]
    return found


async def _rows(
    conn: Reader, asked: Asked, branch: Branch, part: Part, start: tuple[Any, ...] | None, limit: int
) -> list[Any]:
    plan = await _plan(conn, asked, branch, part, start, limit)
    if isinstance(plan, list):
        return await _of_ids(conn, _lines_of, [row[-1] for row in plan])
    statement = _statement(plan, branch, part, start is not None, limit, True)
    return await statement.rows(conn, **_given(conn, asked), **_placed(start))


@lru_cache(maxsize=32)
def _lines_of(count: int) -> Prepared:
    return Prepared(_LINES.where(_t.c.id.in_(_some("id", count, c.id))), raw=True)


async def _of_ids(conn: Reader, statement: Callable[[int], Prepared], ids: Sequence[int]) -> list[Any]:
    """Rows of ids; their count is rounded up, so that few statements serve all pages."""
    found: list[Any] = []
    for first in range(0, len(ids), IDS):
        some = ids[first : first + IDS]
        size = next(size for size in ID_SIZES if size >= len(some))
        filled = [*some, *itertools.repeat(some[-1], size - len(some))]
        found += await statement(size).rows(conn, **{f"id_{n}": id for n, id in enumerate(filled)})
    return found


def _moment(kept: int | None) -> datetime | None:
    """As SQLite keeps it. A float of seconds has its microseconds right until the year 2242."""
    return datetime.fromtimestamp(kept / 1e6, UTC) if kept is not None else None


def _lines(rows: Iterable[Any], entries: Mapping[str, Entry], *, on_sqlite: bool) -> list[JournalRow]:
    """The driver's rows as lines, in one loop: fifty of them with a few calls each take longer than many a query."""
    made, at, utc = [], datetime.fromtimestamp, UTC
    house_of, organisation_of = _HOUSES.of, _ORGANISATIONS.of
    for row in rows:
        id, number, status, urgency, code, premise, executor_id, executor, name, telephone, person_id = row[:11]
        created_at, accept_by, localise_by, fix_by, why, due_at, district, mark, paid, postponed_until = row[11:21]
        late_at = row[21]
        if on_sqlite:  # `_moment` written out
            fix = fix_by
            created_at, paid = at(created_at / 1e6, utc), bool(paid)
            accept_by = at(accept_by / 1e6, utc) if accept_by is not None else None
            localise_by = at(localise_by / 1e6, utc) if localise_by is not None else None
            fix_by = at(fix / 1e6, utc) if fix is not None else None
            due_at = fix_by if due_at == fix else _moment(due_at)  # as a rule it is due when it is to be fixed
            postponed_until = at(postponed_until / 1e6, utc) if postponed_until is not None else None
            late_at = at(late_at / 1e6, utc) if late_at is not None else None
        made.append(
            JournalRow(
                id,
                number,
                status,
                urgency,
                entries[code],
                house_of(row[_AT_HOUSE:_AT_ORGANISATION]),
                premise,
                organisation_of(row[_AT_ORGANISATION:_AT_END]),
                executor_id,
                executor or "",
                name,
                telephone,
                person_id,
                created_at,
                accept_by,
                localise_by,
                fix_by,
                why,
                due_at,
                district,
                mark,
                paid,
                postponed_until,
                late_at,
                row[22],
                row[23],
            )
        )
    return made


Thing = TypeVar("Thing")


class _Kept(Generic[Thing]):
    """What many lines share, by its id; made anew when a row of it looks otherwise."""

    def __init__(self, make: Callable[[tuple[Any, ...]], Thing], most: int) -> None:
        self._make, self._most = make, most
        self._kept: dict[int, tuple[tuple[Any, ...], Thing]] = {}

    def of(self, row: tuple[Any, ...]) -> Thing | None:
        id = row[0]
        if id is None:
            return None
        kept = self._kept.get(id)
        if kept is not None and kept[0] == row:
            return kept[1]
        if len(self._kept) >= self._most:
            self._kept.clear()
        made = self._make(row)
        self._kept[id] = row, made
        return made


def _house_of(row: tuple[Any, ...]) -> House:
    named = dict(zip(_HOUSE, row, strict=False))
    return House(**named, features=tuple(json.loads(row[-1] or "[]") or ()))


def _organisation_of(row: tuple[Any, ...]) -> Organisation:
    its = dict(zip(_ORGANISATION, row, strict=True))
    return Organisation(**its | {"active": bool(its["active"])})


_HOUSES, _ORGANISATIONS = _Kept(_house_of, 20_000), _Kept(_organisation_of, 2_000)


@lru_cache(maxsize=32)
def _comments_of(count: int) -> Prepared:
    h = ticket_history.c
    ids = _some("id", count, h.ticket_id)
    newest = select(func.max(h.id)).where(h.ticket_id.in_(ids), h.what == literal_column("'comment'"), h.public)
    return Prepared(select(h.ticket_id, h.reason).where(h.id.in_(newest.group_by(h.ticket_id))))


async def last_comments(conn: Reader, ids: Sequence[int]) -> dict[int, str]:
    """The newest public comment of each."""
    return {row.ticket_id: row.reason for row in await _of_ids(conn, _comments_of, ids)}


@lru_cache(maxsize=32)
def _recordings_of(count: int) -> Prepared:
    join = ticket_calls.join(recordings, recordings.c.call_id == ticket_calls.c.call_id)
    query = select(ticket_calls.c.ticket_id, func.min(recordings.c.id)).select_from(join)
    heard = recordings.c.state.in_([literal_column("'ready'"), literal_column("'short'")])
    query = query.where(ticket_calls.c.ticket_id.in_(_some("id", count, ticket_calls.c.ticket_id)), heard)
    return Prepared(query.group_by(ticket_calls.c.ticket_id))


async def first_recordings(conn: Reader, ids: Sequence[int]) -> dict[int, int]:
    """The recording of the earliest linked call that has one to be heard."""
    return {row[0]: row[1] for row in await _of_ids(conn, _recordings_of, ids)}


@lru_cache(maxsize=32)
def _lives_of(count: int) -> Prepared:
    named = (c[name] for name in Life.__dataclass_fields__)
    return Prepared(select(c.id, *named).where(c.id.in_(_some("id", count, c.id))))


async def lives(conn: Reader, ids: Sequence[int]) -> dict[int, Life]:
    """How each went, by their keys."""
    return {row[0]: Life(*row[1:]) for row in await _of_ids(conn, _lives_of, ids)}


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
