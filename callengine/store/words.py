"""The word index: folded words of houses, people, numbers and tickets, and how a typed word meets them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, exists, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.directory import search
from callengine.store.tables import search_words as words

ENOUGH = 200  # hits that are ranked; beyond them one types another letter
ESTIMATE = 1000  # counting stops here: it only tells the rare word from the common one
NEAR = 400  # words beginning alike that are compared with a mistyped one


@dataclass(frozen=True, slots=True)
class Term:
    """One typed word as what may stand in the index: ranges of words [low, high) or the words themselves."""

    ranges: tuple[tuple[str, str], ...] = ()
    exact: tuple[str, ...] = ()
    weight: int = 0  # how many postings it has, up to ESTIMATE

    def matches(self, column: ColumnElement[str]) -> ColumnElement[bool]:
        parts = [and_(column >= low, column < high) for low, high in self.ranges]
        if self.exact:
            parts.append(column.in_(self.exact))
        return or_(*parts)


def after(prefix: str) -> str:
    """The smallest word greater than all that begin with the prefix."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def beginning(word: str) -> Term:
    """What a typed word asks for: any word it begins; a house number only itself and its lettered kin (17, 17а)."""
    if word[-1].isdigit() and word[0].isdigit():
        return Term(ranges=((word + "/", word + "0"), (word + ":", after(word))), exact=(word,))
    return Term(ranges=((word, after(word)),))


async def term_for(conn: AsyncConnection, kind: str, word: str) -> Term | None:
    """The word as typed; when nothing begins so, the words a slip away; None when there are none either."""
    asked = beginning(word)
    if weight := await _weigh(conn, kind, asked):
        return Term(asked.ranges, asked.exact, weight)
    near = await _near(conn, kind, word)
    if not near:
        return None
    meant = Term(exact=tuple(near))
    return Term(exact=meant.exact, weight=await _weigh(conn, kind, meant))


async def terms_for(conn: AsyncConnection, kind: str, typed: Sequence[str]) -> list[Term] | None:
    """All words, the rarest first; None when one of them is nowhere."""
    terms = []
    for word in typed:
        term = await term_for(conn, kind, word)
        if term is None:
            return None
        terms.append(term)
    return sorted(terms, key=lambda term: term.weight)


async def subjects(
    conn: AsyncConnection, kind: str, typed: Sequence[str], limit: int = ENOUGH, *, begun: str = ""
) -> list[int]:
    """Ids of what has every typed word: the rarest word leads, the others are asked of its hits.

    `begun` is a word still being typed: any word of which it is the beginning will do, numbers too.
    """
    terms = await terms_for(conn, kind, typed) if typed else []
    if terms is None or not (typed or begun):
        return []
    if begun:
        # Never the rarest: it is asked of the others' hits, without being counted.
        terms.append(Term(ranges=((begun, after(begun)),), weight=ESTIMATE))
    first, *rest = terms
    query = select(words.c.subject_id).distinct().where(words.c.kind == kind, first.matches(words.c.word))
    query = query.where(*(has(kind, term, words.c.subject_id) for term in rest))
    return list((await conn.execute(query.limit(limit))).scalars())


def has(kind: str, term: Term, subject: ColumnElement[int]) -> ColumnElement[bool]:
    """The subject has the term among its words."""
    other = words.alias()
    return exists().where(other.c.kind == kind, other.c.subject_id == subject, term.matches(other.c.word))


async def _weigh(conn: AsyncConnection, kind: str, term: Term) -> int:
    some = select(words.c.subject_id).where(words.c.kind == kind, term.matches(words.c.word)).limit(ESTIMATE)
    return (await conn.execute(select(func.count()).select_from(some.subquery()))).scalar_one()


async def _near(conn: AsyncConnection, kind: str, word: str) -> list[str]:
    limit = search.allowed_typos(word)
    if not limit:
        return []
    slips = select(words.c.word).distinct().where(words.c.kind == kind, words.c.word.in_(search.one_edit(word)))
    found = set((await conn.execute(slips)).scalars())
    head = word[:3]
    alike = select(words.c.word).distinct().where(words.c.kind == kind, beginning(head).matches(words.c.word))
    for candidate in (await conn.execute(alike.limit(NEAR))).scalars():
        if search.prefix_distance(word, candidate, limit) <= limit:
            found.add(candidate)
    return sorted(found)


async def replace(conn: AsyncConnection, kind: str, by_subject: Mapping[int, Iterable[str]]) -> None:
    """Set the words of some subjects."""
    if not by_subject:
        return
    await conn.execute(delete(words).where(words.c.kind == kind, words.c.subject_id.in_(list(by_subject))))
    await add(conn, kind, by_subject)


async def add(conn: AsyncConnection, kind: str, by_subject: Mapping[int, Iterable[str]]) -> None:
    """Set the words of subjects that have none yet."""
    rows = [
        {"kind": kind, "word": word, "subject_id": subject}
        for subject, its in by_subject.items()
        for word in dict.fromkeys(its)
        if word
    ]
    if rows:
        await conn.execute(insert(words), rows)
