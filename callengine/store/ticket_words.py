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
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, func, literal, or_, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.directory import search
from callengine.store import words
from callengine.store.database import Tx
from callengine.store.prepared import Prepared
from callengine.store.tables import ticket_counters, tickets
from callengine.store.tables import ticket_postings as postings
from callengine.store.tables import ticket_words as vocabulary
from callengine.tickets.model import Ticket

TEXT_WORDS = 60  # of a ticket's text, for search
FORMS = 24  # of a word, that are read side by side
WEIGHED = 3_000  # counting stops here: it only tells the rare word from the common one
RARE = 1_500  # a word with fewer tickets leads the search: all of them are looked at
LISTED = 200  # words of one beginning that are named by their ids; more are a range
SHORTEST = 3  # letters that are taken for the beginning of a longer word
NEAR = 400  # words beginning alike that are compared with a mistyped one
TELEPHONE = "~"  # before the digits of a telephone, backwards: found by its end
TELEPHONE_DIGITS = 4
COUNT_DIGITS = 9  # of a ticket's number after the year


@dataclass(frozen=True, slots=True)
class Term:
    """One typed word: the words that it may mean, and tickets that bear it as their number."""

    word_ids: tuple[int, ...] = ()
    beyond: tuple[tuple[str, str], ...] = ()  # ranges [low, high) of words, when they are too many to be named
    numbers: tuple[str, ...] = ()
    weight: int | None = 0  # its postings, counted up to WEIGHED; None: nobody counted yet

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
        if not self.beyond:
            return column.in_(self.word_ids) if len(self.word_ids) != 1 else column == self.word_ids[0]
        many = column.in_(select(vocabulary.c.id).where(_within(self.beyond)))
        return or_(column.in_(self.word_ids), many) if self.word_ids else many


# --- writing ----------------------------------------------------------------------------------------------


async def add(tx: Tx, ticket_id: int, created_at: datetime, found: Iterable[str]) -> None:
    """Let a ticket be found by words; those that it has already stay as they are."""
    # In one order always: two transactions that bring the same new words then never wait for one another in a circle.
    kept = sorted({word for word in found if word})
    if not kept:
        return
    given = kept if tx.is_postgres else json.dumps(kept, ensure_ascii=False)
    await _NEW_WORDS.rows(tx.conn, words=given)
    await _POST.rows(tx.conn, words=given, created_at=created_at, ticket_id=ticket_id)


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


_NEW_WORDS, _POST = Prepared(lambda dialect: _of(dialect, 0)), Prepared(lambda dialect: _of(dialect, 1))


def of_ticket(ticket: Ticket) -> list[str]:
    """What a ticket is found by: the problem, the address, the applicant and his telephone, the words of the text."""
    entry, house, applicant = ticket.classifier, ticket.house, ticket.applicant
    found = search.words_of(f"{entry.code} {entry.problem_ru} {entry.problem_en}")
    found += search.house_words(house.street, house.number) if house else []
    found += [ticket.premise] if ticket.premise else []
    found += search.words_of(ticket.text)[:TEXT_WORDS]
    return found + of_applicant(applicant.name, applicant.number)


def of_applicant(name: str, number: str) -> list[str]:
    """The words of one applicant, also of one who joined later."""
    digits = re.sub(r"\D", "", number)
    return [*search.words_of(name), *([TELEPHONE + digits[::-1]] if digits else [])]


# --- what was typed ---------------------------------------------------------------------------------------


async def terms(conn: AsyncConnection, q: str, number: str, *, telephones: bool = True) -> list[Term] | None:
    """What a ticket must have to answer the query, the rarest first; None when nothing can.

    `number` is a whole telephone number that the query may be, in E.164; without `telephones` nothing is found by one.
    """
    if ticket_number := number_typed(q):
        return [Term(numbers=(ticket_number,))]
    if telephones and (telephone := await _telephone(conn, q, number)):
        return [telephone]
    typed = search.address_words(q)[: search.MAX_WORDS]
    alone = len(typed) == 1
    known = [await _term(conn, word, alone=alone, telephones=telephones) for word in typed]
    # A last letter or two that begin nothing yet: he still types the word.
    if len(known) > 1 and known[-1] is None and len(typed[-1]) < SHORTEST and not typed[-1][0].isdigit():
        known.pop()
    if not known or None in known:
        return None
    return sorted((term for term in known if term is not None), key=lambda term: term.weight or 0)


def number_typed(q: str) -> str:
    """«26-118204», «26-1» as a whole number of a ticket, or ""."""
    year, dash, count = q.strip().partition("-")
    if dash and len(year) == 2 and year.isdecimal() and count.isdecimal() and len(count) <= COUNT_DIGITS:
        return f"{year}-{int(count):06d}"
    return ""


async def _telephone(conn: AsyncConnection, q: str, number: str) -> Term | None:
    """A whole number, or the last digits of one when that is all that was typed."""
    whole = re.sub(r"\D", "", number)
    if whole and (found := await _known(conn, words.Term(exact=(TELEPHONE + whole[::-1],)))).word_ids:
        return await weighed(conn, found)
    digits = re.sub(r"\D", "", q)
    if not search.looks_like_number(q) or len(digits) <= TELEPHONE_DIGITS:
        return None
    ends = await _known(conn, words.beginning(TELEPHONE + digits[::-1]))
    if not ends.word_ids and not ends.beyond:
        return None
    return await weighed(conn, replace(ends, numbers=await _by_count(conn, q.strip())))


async def _term(conn: AsyncConnection, word: str, *, alone: bool, telephones: bool) -> Term | None:
    """The word as typed; when nothing begins so, the words a slip away; None when there are none either."""
    short = len(word) < SHORTEST and not word[0].isdigit()
    asked = words.Term(exact=(word,)) if short else words.beginning(word)
    found = await _known(conn, asked)
    found = replace(found, numbers=await _by_count(conn, word))
    if telephones and word.isdigit() and len(word) == TELEPHONE_DIGITS:  # a flat, a year, or the end of a telephone
        ends = await _known(conn, words.beginning(TELEPHONE + word[::-1]))
        found = replace(found, word_ids=found.word_ids + ends.word_ids, beyond=found.beyond + ends.beyond)
    if not found.word_ids and not found.beyond and not found.numbers:
        found = Term(word_ids=await _near(conn, word))
    if not found.word_ids and not found.beyond and not found.numbers:
        return None
    # Alone, and with few forms: its newest are read without asking how many there are.
    return replace(found, weight=None) if alone and found.listed else await weighed(conn, found)


async def _by_count(conn: AsyncConnection, word: str) -> tuple[str, ...]:
    """Tickets of any year whose number ends in the typed count: «118204» is 26-118204 and 25-118204."""
    if not word.isdecimal() or len(word) > COUNT_DIGITS:
        return ()
    years = (await conn.execute(select(ticket_counters.c.year))).scalars()
    wanted = [f"{year % 100:02d}-{int(word):06d}" for year in years]
    query = select(tickets.c.number).where(tickets.c.number.in_(wanted))
    return tuple((await conn.execute(query)).scalars()) if wanted else ()


def _within(ranges: Sequence[tuple[str, str]], exact: Sequence[str] = ()) -> ColumnElement[bool]:
    return words.Term(tuple(ranges), tuple(exact)).matches(vocabulary.c.word)


async def _known(conn: AsyncConnection, asked: words.Term) -> Term:
    """The words of the index that the typed one may mean."""
    query = select(vocabulary.c.id).where(_within(asked.ranges, asked.exact)).limit(LISTED + 1)
    ids = tuple((await conn.execute(query)).scalars())
    if len(ids) <= LISTED:
        return Term(word_ids=ids)
    return Term(beyond=asked.ranges + tuple((word, word + "\0") for word in asked.exact))


async def weighed(conn: AsyncConnection, term: Term) -> Term:
    """The term with its weight."""
    if not term.word_ids and not term.beyond:
        return replace(term, weight=len(term.numbers))
    some = select(postings.c.ticket_id).where(term.words()).limit(WEIGHED)
    count: int = (await conn.execute(select(func.count()).select_from(some.subquery()))).scalar_one()
    return replace(term, weight=count + len(term.numbers))


async def _near(conn: AsyncConnection, word: str) -> tuple[int, ...]:
    limit = search.allowed_typos(word)
    if not limit:
        return ()
    c = vocabulary.c
    slips = select(c.id).where(c.word.in_(search.one_edit(word))).limit(LISTED)
    found = set((await conn.execute(slips)).scalars())
    alike = select(c.id, c.word).where(words.beginning(word[:3]).matches(c.word)).limit(NEAR)
    for known_id, known in await conn.execute(alike):
        if search.prefix_distance(word, known, limit) <= limit:
            found.add(known_id)
    return tuple(sorted(found)[:LISTED])


# --- conditions -------------------------------------------------------------------------------------------


def has(
    term: Term, created_at: ColumnElement[datetime] = tickets.c.created_at, id: ColumnElement[int] = tickets.c.id
) -> ColumnElement[bool]:
    """The ticket of the outer query has the term: one look into the index for each word that it may mean."""
    parts: list[ColumnElement[bool]] = []
    if term.word_ids or term.beyond:
        its = and_(postings.c.created_at == created_at, postings.c.ticket_id == id)
        parts.append(select(literal(1)).where(term.words(), its).correlate_except(postings).exists())
    if term.numbers:
        parts.append(tickets.c.number.in_(term.numbers))
    return or_(*parts)


def ids_of(term: Term) -> Select[tuple[int]]:
    """The ids of all tickets that have the term: only for a rare one."""
    numbered = select(tickets.c.id).where(tickets.c.number.in_(term.numbers))
    if not term.word_ids and not term.beyond:
        return numbered
    posted = select(postings.c.ticket_id).where(term.words())
    return select(posted.union_all(numbered).subquery().c[0]) if term.numbers else posted
