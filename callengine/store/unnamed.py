"""What those find tickets by who read no names: every word of a ticket but its applicants' (tickets/visibility.py).

The word index does not know whether a word is a name, a street or both: «Мельникова» is found as a street and not as
its caller. So what the index gives is looked at once more, ticket by ticket, for words that such a reader may see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, select

from callengine.directory import search
from callengine.directory.model import FormerName
from callengine.store.prepared import Prepared
from callengine.store.tables import houses, tickets
from callengine.store.tables import ticket_words as vocabulary
from callengine.tickets.classifier import problem_words
from callengine.tickets.model import Entry


@dataclass(frozen=True, slots=True)
class Meant:
    """The words that one typed word may mean, written out, and the tickets that bear it as their number."""

    words: frozenset[str]
    ranges: tuple[tuple[str, str], ...]  # [low, high)
    numbers: tuple[str, ...]

    def any_of(self, number: str, words: set[str]) -> bool:
        """Whether the ticket of this number with these words has one of them."""
        if number in self.numbers or not self.words.isdisjoint(words):
            return True
        return any(low <= word < high for low, high in self.ranges for word in words)


@dataclass(frozen=True, slots=True)
class Known:
    """What a ticket names only by a code or an id: entries by their codes, former addresses by the ids of houses."""

    entries: Mapping[str, Entry]
    former: Mapping[int, Sequence[FormerName]]

    def finds(self, ticket: Sequence[Any], meant: Sequence[Meant]) -> bool:
        """Whether a row of `told_of` has every typed word in what is no name and no telephone."""
        _, number, code, text, premise, house_id, street, house = ticket
        entry = self.entries.get(code)
        words = {premise, *search.words_of(premise), *search.words_of(text)}
        words.update(problem_words(entry) if entry else ())
        if house_id is not None:
            words.update(search.house_words(street, house))
            for once in self.former.get(house_id, ()):
                words.update(search.house_words(once.street, once.number))
        return all(one.any_of(number, words) for one in meant)


@lru_cache(maxsize=32)
def told_of(count: int) -> Prepared:
    """Of so many tickets, by `id_N`: what `Known.finds` looks at."""
    t, h = tickets.c, houses.c
    found = select(t.id, t.number, t.classifier_code, t.text, t.premise, t.house_id, h.street, h.number.label("house"))
    both = tickets.outerjoin(houses, h.id == t.house_id)
    return Prepared(found.select_from(both).where(t.id.in_(_ids(count, t.id))))


@lru_cache(maxsize=32)
def words_of(count: int) -> Prepared:
    """So many words of the index, by `id_N`."""
    word = vocabulary.c
    return Prepared(select(word.id, word.word).where(word.id.in_(_ids(count, word.id))))


def _ids(count: int, column: Any) -> list[Any]:
    return [bindparam(f"id_{n}", type_=column.type) for n in range(count)]
