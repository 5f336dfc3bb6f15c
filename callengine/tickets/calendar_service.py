"""CalendarService: the year's working days as terms count them, and the service's own exceptions to the country's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from callengine.clock import Clock
from callengine.directory.model import Reader
from callengine.directory.search import storable
from callengine.errors import NotFound, Refused
from callengine.store import calendar as rows
from callengine.store.database import Store
from callengine.tickets.calendar import LocalDay, Workdays
from callengine.tickets.rulebook import Rulebook

FIRST_YEAR, LAST_YEAR = 2000, 2100
MOST_NAME = 200


@dataclass(frozen=True, slots=True)
class Day:
    """A day that is not as its weekday says, or that has a name; `local` is the service's own word on it."""

    day: date
    working: bool
    name: str
    local: LocalDay | None = None


@dataclass(frozen=True, slots=True)
class Year:
    """`moves_known` tells whether the days that the government moves are decreed and known for that year."""

    year: int
    country: str
    moves_known: bool
    opens: str
    closes: str
    days: tuple[Day, ...]


class CalendarService:
    """Working days."""

    def __init__(self, *, store: Store, clock: Clock, book: Rulebook) -> None:
        self._store, self._clock, self._book = store, clock, book

    async def year(self, year: int | None = None, language: str = "") -> Year:
        """The special days of a year, this one when none is named. Raises Refused."""
        year = year or self._clock.now().astimezone(self._book.zone).year
        _check(year)
        async with self._store.read() as conn:
            local = await rows.days(conn, date(year, 1, 1), date(year, 12, 31))
        book = self._book
        days = Workdays(book.country, local, language or book.language)
        found = tuple(Day(day, days.working(day), days.name(day), local.get(day)) for day in days.special(year))
        hours = f"{book.pack.opens:%H:%M}", f"{book.pack.closes:%H:%M}"
        return Year(year, book.country, days.moves_known(year), *hours, found)

    async def put(self, day: date, working: bool, name: str, author: Reader) -> Day:
        """Make a day work or rest, whatever the country says; terms that begin from now on count it so."""
        _check(day.year)
        name = storable(name).strip()
        if len(name) > MOST_NAME:
            raise Refused(f"a name of {MOST_NAME} characters at most", pointer="/name")
        kept = LocalDay(working, name, author.name)
        async with self._store.begin() as tx:
            await rows.put(tx, day, kept)
        return Day(day, working, name, kept)

    async def drop(self, day: date) -> None:
        """The country's own word on the day again. Raises NotFound when there was no other."""
        async with self._store.begin() as tx:
            if not await rows.drop(tx, day):
                raise NotFound(f"{day.isoformat()} is as the country has it")


def _check(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Refused(f"a year from {FIRST_YEAR} to {LAST_YEAR}", pointer="/year")
