"""The word index of tickets: each word once, and per word its tickets in the order of their registration.

A word's tickets lie in the order of the journal, so the newest that have a word are read without reading the others;
beginnings of words and slips are looked for among the words, never among the tickets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.dialects import postgresql

from callengine.directory import search
from callengine.store import words
from callengine.store.database import Tx, microseconds
from callengine.store.prepared import Prepared, Reader, is_postgres, kept_on, run_many
from callengine.store.tables import ticket_counters, tickets
from callengine.store.tables import ticket_postings as postings
from callengine.store.tables import ticket_words as vocabulary
from callengine.tickets.classifier import problem_words
from callengine.tickets.model import Ticket

TEXT_WORDS = 60  # of a ticket's text, for search
FORMS = 24  # of a word, that are read side by side
RARE = 1_500  # a word with fewer tickets leads the search: all of them are looked at
WEIGHED = RARE + 1  # counting stops here: it only tells the rare word from the common one
LISTED = 200  # words of one beginning that are named by their ids; more are a range
SIZES = (50, 100, 200, 400)  # so many words has a statement that names more than FORMS
SHORTEST = 3  # letters that are taken for the beginning of a longer word
NEAR = 400  # words beginning alike that are compared with a mistyped one
TELEPHONE = "~"  # before the digits of a telephone, backwards: found by its end
TELEPHONE_DIGITS = 4
FEW = 6  # words that are looked for one by one: sooner done than a list of them
COUNT_DIGITS = 9  # of a ticket's number after the year
KNOWN_WORDS = 50_000  # of the vocabulary, that the writer need not look for
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Term:
    """One typed word: the words that it may mean, and tickets that bear it as their number."""

    word_ids: tuple[int, ...] = ()
    beyond: tuple[tuple[str, str], ...] = ()  # ranges [low, high) of words, when they are too many to be named
    numbers: tuple[str, ...] = ()
    weight: int | None = 0  # its postings, counted up to WEIGHED; None: nobody counted yet
    name: str = ""  # of its values in a statement that is compiled once; without one the values are the statement's own

    @property
    def single(self) -> bool:
        """One list in one order: it can be read from any place on without sorting."""
        return len(self.word_ids) == 1 and not self.beyond and not self.numbers

    @property
    def listed(self) -> bool:
        """So few forms that each is read along its own list."""
        return 0 < len(self.word_ids) <= FORMS and not self.beyond and not self.numbers

    @property
    def rare(self) -> bool:
        """All its tickets may be looked at."""
        return (self.weight or 0) < RARE or not (self.word_ids or self.beyond)

    def words(self, column: ColumnElement[int] = postings.c.word_id) -> ColumnElement[bool]:
        """The posting's word is one of these."""
        its = self.ids()
        if not self.beyond:
            return column.in_(its) if len(its) != 1 else column == its[0]
        many = column.in_(select(vocabulary.c.id).where(_within(self.beyond, name=self.name)))
        return or_(column.in_(its), many) if its else many

    def ids(self) -> list[BindParameter[int]]:
        """The ids of its words, each as a value of the statement."""
        return _bound(self.name, "id", self.word_ids, postings.c.word_id)

    def shape(self) -> Term:
        """The term without its values: all that a statement is built by."""
        ids, beyond, numbers = len(self.word_ids), len(self.beyond), len(self.numbers)
        return Term((0,) * ids, (("", ""),) * beyond, ("",) * numbers, 0 if self.rare else RARE, self.name)

    def values(self) -> dict[str, Any]:
        """Its values by the names that they have in a statement."""
        return {
            **{f"{self.name}_id_{n}": id for n, id in enumerate(self.word_ids)},
            **{f"{self.name}_number_{n}": number for n, number in enumerate(self.numbers)},
            **_values(self.beyond, (), self.name),
        }

    def named(self, name: str) -> Term:
        """The term for a statement that is compiled once; of many words the count is rounded up, by the last again."""
        more = next((size for size in SIZES if size >= len(self.word_ids)), 0) if len(self.word_ids) > FORMS else 0
        ids = self.word_ids + self.word_ids[-1:] * (more - len(self.word_ids))
        return Term(ids, self.beyond, self.numbers, self.weight, name)


# How common words were found to be: it only tells which of them leads, so a minute's age does no harm.
# By the words that are meant; also by what was typed, where that meant one word alone.
# `posted` keeps its own, which go further, and the journal how many tickets there are.
Weights = dict[tuple[Any, ...] | str, int]


# --- writing ----------------------------------------------------------------------------------------------


async def add(tx: Tx, ticket_id: int, created_at: datetime, found: Iterable[str]) -> None:
    """Let a ticket be found by words; those that it has already stay as they are."""
    kept = {word for word in found if word}
    if not kept:
        return
    known = _known_words(tx)
    if known is None:
        # In one order always: two transactions with the same new words then never wait for one another in a circle.
        given = _given(tx, sorted(kept))
        await _NEW_WORDS.changed(tx.conn, words=given)
        await _POST.changed(tx.conn, words=given, created_at=created_at, ticket_id=ticket_id)
        return
    if lacking := sorted(kept.difference(known)):
        known.update(await _ids_of(tx, lacking))
    at = microseconds(created_at)
    await run_many(tx.conn, _POST_KNOWN, [(id, at, ticket_id) for id in sorted(map(known.__getitem__, kept))])


async def _ids_of(tx: Tx, lacking: list[str]) -> dict[str, int]:
    """The ids of words on SQLite, of those that are new too."""
    if len(lacking) <= FEW:
        return {word: await _ID.scalar(tx.conn, word=word) or await _ADD.added(tx.conn, word=word) for word in lacking}
    await _NEW_WORDS.changed(tx.conn, words=_given(tx, lacking))
    return {word: id for id, word in await _IDS.rows(tx.conn, words=_given(tx, lacking))}


def _known_words(tx: Tx) -> dict[str, int] | None:
    """The ids of words that the vocabulary has for certain: nobody takes one out of it. None where nothing is kept."""
    kept = kept_on(tx.conn)
    if kept is None:
        return None
    known: dict[str, int] | None = kept.get("ticket_words")
    if known is None or len(known) > KNOWN_WORDS:
        known = {}
        kept.put("ticket_words", known)
    return known


def _given(tx: Tx, these: list[str]) -> Any:
    return these if tx.is_postgres else _JSON(these)


_JSON = json.JSONEncoder(ensure_ascii=False).encode
_TYPED: tuple[BindParameter[Any], ...] = (
    bindparam("created_at", type_=postings.c.created_at.type),
    bindparam("ticket_id"),
)
_ARRAY = bindparam("words", type_=postgresql.ARRAY(postgresql.TEXT))
_POSTGRES = (
    text(
        "INSERT INTO ticket_words (word) SELECT one FROM unnest(:words) one "
        'WHERE NOT EXISTS (SELECT 1 FROM ticket_words WHERE word = one) ORDER BY one COLLATE "C" ON CONFLICT DO NOTHING'
    ).bindparams(_ARRAY),
    text(
        "INSERT INTO ticket_postings (word_id, created_at, ticket_id) SELECT id, :created_at, :ticket_id "
        "FROM ticket_words WHERE word = ANY(:words) ON CONFLICT DO NOTHING"
    ).bindparams(_ARRAY, *_TYPED),
)
_SQLITE = (
    text("INSERT OR IGNORE INTO ticket_words (word) SELECT value FROM json_each(:words)"),
    text(
        "INSERT OR IGNORE INTO ticket_postings (word_id, created_at, ticket_id) SELECT id, :created_at, :ticket_id "
        "FROM ticket_words WHERE word IN (SELECT value FROM json_each(:words))"
    ).bindparams(*_TYPED),
)


def _of(dialect: Any, place: int) -> Any:
    return (_POSTGRES if dialect is postgresql else _SQLITE)[place]


# Of words whose ids are known, on SQLite's writer: a row each costs half of what it takes to look them all up.
_POST_KNOWN = "INSERT OR IGNORE INTO ticket_postings (word_id, created_at, ticket_id) VALUES (?, ?, ?)"
_ID = Prepared(text("SELECT id FROM ticket_words WHERE word = :word"))
_ADD = Prepared(text("INSERT INTO ticket_words (word) VALUES (:word)"))
_IDS = Prepared(text("SELECT id, word FROM ticket_words WHERE word IN (SELECT value FROM json_each(:words))"))
_NEW_WORDS, _POST = Prepared(lambda dialect: _of(dialect, 0)), Prepared(lambda dialect: _of(dialect, 1))


def of_ticket(ticket: Ticket) -> list[str]:
    """What a ticket is found by: the problem, the address, the applicant and his telephone, the words of the text."""
    entry, house, applicant = ticket.classifier, ticket.house, ticket.applicant
    found = list(problem_words(entry))
    found += search.house_words(house.street, house.number) if house else []
    found += [ticket.flat] if ticket.flat else []
    found += search.words_of(ticket.place)
    found += search.words_of(ticket.text)[:TEXT_WORDS]
    return found + of_applicant(applicant.name, applicant.number)


def of_applicant(name: str, number: str) -> list[str]:
    """The words of one applicant, also of one who joined later."""
    digits = re.sub(r"\D", "", number) if number else ""
    return [*search.words_of(name), *([TELEPHONE + digits[::-1]] if digits else [])]


# --- what was typed ---------------------------------------------------------------------------------------


async def terms(
    conn: Reader, q: str, number: str, *, telephones: bool = True, weights: Weights | None = None
) -> list[Term] | None:
    """What a ticket must have to answer the query, the rarest first; None when nothing can.

    `number` is a whole telephone number that the query may be, in E.164; without `telephones` nothing is found by one.
    """
    if ticket_number := number_typed(q):
        return [Term(numbers=(ticket_number,))]
    if telephones and (telephone := await _telephone(conn, q, number)):
        return [telephone]
    typed = search.address_words(q)[: search.MAX_WORDS]
    if not typed:
        return None
    alone = len(typed) == 1
    begun = await _known(conn, [_asked(word) for word in typed])
    known = [
        await _term(conn, word, its, alone=alone, telephones=telephones, weights=weights)
        for word, its in zip(typed, begun, strict=True)
    ]
    # A last letter or two that begin nothing yet: he still types the word.
    if len(known) > 1 and known[-1] is None and len(typed[-1]) < SHORTEST and not typed[-1][0].isdigit():
        known.pop()
    if None in known:
        return None
    return sorted((term for term in known if term is not None), key=lambda term: term.weight or 0)


def number_typed(q: str) -> str:
    """«26-118204», «26-1» as a whole number of a ticket, or ""."""
    year, dash, count = q.strip().partition("-")
    if dash and len(year) == 2 and year.isdecimal() and count.isdecimal() and len(count) <= COUNT_DIGITS:
        return f"{year}-{int(count):06d}"
    return ""


async def _telephone(conn: Reader, q: str, number: str) -> Term | None:
    """A whole number, or the last digits of one when that is all that was typed."""
    whole = re.sub(r"\D", "", number)
    if whole and (found := (await _known(conn, [words.Term(exact=(TELEPHONE + whole[::-1],))]))[0]).word_ids:
        return await weighed(conn, found)
    if not _DIGIT.search(q) or not search.looks_like_number(q):
        return None
    digits = re.sub(r"\D", "", q)
    if len(digits) <= TELEPHONE_DIGITS:
        return None
    (ends,) = await _known(conn, [words.beginning(TELEPHONE + digits[::-1])])
    if not ends.word_ids and not ends.beyond:
        return None
    return await weighed(conn, replace(ends, numbers=await _by_count(conn, q.strip())))


def only_words(q: str) -> list[str]:
    """The typed words, when each can only be the beginning of words: no number, no letter or two; else none."""
    if q.isalpha() and (word := search.fold(q)).isalpha():  # most that is typed: nothing to take apart
        typed = [word[: search.MAX_WORD]]
    else:
        typed = [] if _DIGIT.search(q) else search.address_words(q)[: search.MAX_WORDS]
    return typed if all(len(word) >= SHORTEST for word in typed) else []


def _asked(word: str) -> words.Term:
    short = len(word) < SHORTEST and not word[0].isdigit()
    return words.Term(exact=(word,)) if short else words.beginning(word)


async def _term(
    conn: Reader, word: str, found: Term, *, alone: bool, telephones: bool, weights: Weights | None = None
) -> Term | None:
    """What was found as typed; when nothing begins so, the words a slip away; None when there are none either."""
    if numbers := await _by_count(conn, word):
        found = replace(found, numbers=numbers)
    if telephones and word.isdigit() and len(word) == TELEPHONE_DIGITS:  # a flat, a year, or the end of a telephone
        (ends,) = await _known(conn, [words.beginning(TELEPHONE + word[::-1])])
        found = replace(found, word_ids=found.word_ids + ends.word_ids, beyond=found.beyond + ends.beyond)
    if not found.word_ids and not found.beyond and not found.numbers:
        found = Term(word_ids=await _near(conn, word))
    if not found.word_ids and not found.beyond and not found.numbers:
        return None
    # Alone, and with few forms: its newest are read without asking how many there are.
    if alone and found.listed:
        return Term(found.word_ids, found.beyond, found.numbers, None)
    found = await weighed(conn, found, weights)
    if found.single and weights is not None:
        weights[word] = found.weight or 0
    return found


# Of each year that has numbers: «26» and «-118204» are the number of one ticket.
_year = func.substr(cast(ticket_counters.c.year, Text), 3, type_=Text)
_OF_COUNT = Prepared(
    select(tickets.c.number).join(
        ticket_counters, tickets.c.number == _year + bindparam("count", type_=tickets.c.number.type)
    )
)


async def _by_count(conn: Reader, word: str) -> tuple[str, ...]:
    """Tickets of any year whose number ends in the typed count: «118204» is 26-118204 and 25-118204."""
    if not word.isdecimal() or len(word) > COUNT_DIGITS:
        return ()
    count = f"-{int(word):06d}"
    return tuple([row[0] for row in await _OF_COUNT.rows(conn, count=count)])


def _bound(name: str, kind: str, values: Sequence[Any], column: ColumnElement[Any]) -> list[BindParameter[Any]]:
    """Values of a statement: under names of their own, or as constants when there is no name."""
    return [
        bindparam(f"{name}_{kind}_{n}" if name else None, value, type_=column.type, unique=not name)
        for n, value in enumerate(values)
    ]


def _within(ranges: Sequence[tuple[str, str]], exact: Sequence[str] = (), *, name: str = "") -> ColumnElement[bool]:
    word = vocabulary.c.word
    lows = _bound(name, "low", [low for low, _ in ranges], word)
    highs = _bound(name, "high", [high for _, high in ranges], word)
    parts = [and_(word >= low, word < high) for low, high in zip(lows, highs, strict=True)]
    return or_(*parts, *([word.in_(_bound(name, "exact", exact, word))] if exact else []))


def _values(ranges: Sequence[tuple[str, str]], exact: Sequence[str], name: str) -> dict[str, Any]:
    return {
        **{f"{name}_low_{n}": low for n, (low, _) in enumerate(ranges)},
        **{f"{name}_high_{n}": high for n, (_, high) in enumerate(ranges)},
        **{f"{name}_exact_{n}": word for n, word in enumerate(exact)},
    }


def begun(most: int, n: int = 0, *, hidden: bool = False) -> Select[tuple[int]]:
    """The ids of the words from `low_N` to before `high_N`; `hidden` from PostgreSQL's planner.

    What it knows of the values is nothing to a statement that goes by the first words anyhow, but for it the statement
    would be planned anew at each run, which takes longer than its rows.
    """
    word = vocabulary.c.word
    low, high = (bindparam(f"{name}_{n}", type_=word.type) for name in ("low", "high"))
    ends = [select(low).scalar_subquery(), select(high).scalar_subquery()] if hidden else [low, high]
    return select(vocabulary.c.id).where(word >= ends[0], word < ends[1]).limit(literal_column(str(most)))


def ends_of(typed: Sequence[str]) -> dict[str, str]:
    """The values of `begun` for each typed word."""
    lows = {f"low_{n}": word for n, word in enumerate(typed)}
    return lows | {f"high_{n}": words.after(word) for n, word in enumerate(typed)}


Counts = tuple[tuple[int, int], ...]  # of ranges and of exact words, for each typed word


@lru_cache(maxsize=256)
def _vocabulary(asked: Counts) -> Prepared:
    """One statement for all that was typed: each row says which of the words it is of."""
    of_each = []
    for n, (ranges, exact) in enumerate(asked):
        meant = _within((("", ""),) * ranges, ("",) * exact, name=f"w{n}")
        its = select(literal_column(str(n)).label("n"), vocabulary.c.id).where(meant)
        of_each.append(its.limit(literal_column(str(LISTED + 1))))
    if len(of_each) == 1:
        return Prepared(of_each[0], raw=True)
    return Prepared(union_all(*(select(its.subquery()) for its in of_each)), raw=True)


async def _known(conn: Reader, asked: Sequence[words.Term]) -> list[Term]:
    """The words of the index that each typed one may mean."""
    values: dict[str, Any] = {}
    for n, one in enumerate(asked):
        values |= _values(one.ranges, one.exact, f"w{n}")
    found: list[list[int]] = [[] for _ in asked]
    for n, id in await _vocabulary(tuple((len(a.ranges), len(a.exact)) for a in asked)).rows(conn, **values):
        found[n].append(id)
    return [
        Term(word_ids=tuple(ids))
        if len(ids) <= LISTED
        else Term(beyond=one.ranges + tuple((word, word + "\0") for word in one.exact))
        for one, ids in zip(asked, found, strict=True)
    ]


@lru_cache(maxsize=256)
def _weight(shape: Term) -> Prepared:
    some = select(postings.c.ticket_id).where(shape.words()).limit(literal_column(str(WEIGHED)))
    return Prepared(select(func.count()).select_from(some.subquery()))


async def weighed(conn: Reader, term: Term, known: Weights | None = None) -> Term:
    """The term with its weight; `known` are weights that were found a while ago, and takes the new ones."""
    if not term.word_ids and not term.beyond:
        return replace(term, weight=len(term.numbers))
    count = known.get((term.word_ids, term.beyond)) if known is not None else None
    if count is None:
        its = replace(term, numbers=(), weight=None).named("w")
        count = int(await _weight(its.shape()).scalar(conn, **its.values()))
        if known is not None:
            known[term.word_ids, term.beyond] = count
    return replace(term, weight=count + len(term.numbers))


async def posted(conn: Reader, term: Term, most: int, known: Weights) -> int:
    """How many tickets the term has, counted up to `most`: each posting is a step of an index."""
    least, whole = ((kind, term.word_ids, term.beyond) for kind in ("at least", "in all"))
    count = known.get(whole, known.get(least, 0))
    if whole not in known and count < most:
        its = replace(term, numbers=(), weight=None).named("w")
        count = int(await _posted(its.shape()).scalar(conn, **its.values(), most=most))
        known[whole if count < most else least] = count
    return min(count, most) + len(term.numbers)


@lru_cache(maxsize=256)
def _posted(shape: Term) -> Prepared:
    some = select(postings.c.ticket_id).where(shape.words()).limit(bindparam("most", type_=postings.c.ticket_id.type))
    return Prepared(select(func.count()).select_from(some.subquery()))


_c = vocabulary.c
_SLIPS = Prepared(
    lambda dialect: (
        select(_c.id)
        .where(
            _c.word == func.any(bindparam("slips", type_=postgresql.ARRAY(postgresql.TEXT)))
            if dialect is postgresql
            else _c.word.in_(select(func.json_each(bindparam("slips")).table_valued("value").c.value))
        )
        .limit(literal_column(str(LISTED)))
    )
)


@lru_cache(maxsize=8)
def _alike(ranges: int, exact: int) -> Prepared:
    meant = _within((("", ""),) * ranges, ("",) * exact, name="w")
    return Prepared(select(_c.id, _c.word).where(meant).limit(literal_column(str(NEAR))))


async def _near(conn: Reader, word: str) -> tuple[int, ...]:
    limit = search.allowed_typos(word)
    if not limit:
        return ()
    slips = list(search.one_edit(word))
    given = slips if is_postgres(conn) else json.dumps(slips, ensure_ascii=False)
    found = {row[0] for row in await _SLIPS.rows(conn, slips=given)}
    alike = words.beginning(word[:3])
    its = _values(alike.ranges, alike.exact, "w")
    for known_id, known in await _alike(len(alike.ranges), len(alike.exact)).rows(conn, **its):
        if search.prefix_distance(word, known, limit) <= limit:
            found.add(known_id)
    return tuple(sorted(found)[:LISTED])


# --- conditions -------------------------------------------------------------------------------------------


def has(
    term: Term,
    created_at: ColumnElement[datetime] = tickets.c.created_at,
    id: ColumnElement[int] = tickets.c.id,
    number: ColumnElement[str] = tickets.c.number,
    *,
    joined: bool = True,
) -> ColumnElement[bool]:
    """The ticket of the outer query has the term: one look into the index for each word that it may mean.

    Where the outer query has few tickets it is not to be `joined`: PostgreSQL, which soon plans without knowing the
    words, would read all tickets of a common one.
    """
    parts: list[ColumnElement[bool]] = []
    if term.word_ids or term.beyond:
        its = and_(postings.c.created_at == created_at, postings.c.ticket_id == id)
        one: Any = select(literal(1)).where(term.words(), its).correlate_except(postings)
        parts.append(one.exists() if joined else one.limit(literal_column("1")).scalar_subquery().is_not(None))
    if term.numbers:
        parts.append(number.in_(_bound(term.name, "number", term.numbers, tickets.c.number)))
    return or_(*parts)


def ids_of_all(terms: Sequence[Term]) -> Select[tuple[int]]:
    """The ids of the tickets that have all terms, along the first's list; those with numbers are asked of elsewhere."""
    first, *rest = terms
    lead = postings.alias("lead")
    others = [has(term, lead.c.created_at, lead.c.ticket_id) for term in rest if not term.numbers]
    posted = select(lead.c.ticket_id).where(first.words(lead.c.word_id), *others)
    if not first.numbers:
        return posted
    its = _bound(first.name, "number", first.numbers, tickets.c.number)
    t = tickets.alias("numbered")
    with_number = select(t.c.id).where(
        t.c.number.in_(its), *(has(one, t.c.created_at, t.c.id) for one in rest if not one.numbers)
    )
    return select(posted.union_all(with_number).subquery().c[0])


def ids_of(term: Term) -> Select[tuple[int]]:
    """The ids of all tickets that have the term: only for a rare one."""
    its = _bound(term.name, "number", term.numbers, tickets.c.number)
    numbered = select(tickets.c.id).where(tickets.c.number.in_(its))
    if not term.word_ids and not term.beyond:
        return numbered
    posted = select(postings.c.ticket_id).where(term.words())
    return select(posted.union_all(numbered).subquery().c[0]) if term.numbers else posted
