"""RatingsService: what residents say by telephone of jobs: by organisation, executor, branch and period, and listed.

No mean stands alone: beside it is who was asked, who answered and who said that nothing was done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from callengine import config
from callengine.clock import Clock
from callengine.errors import Forbidden, Refused
from callengine.store import ratings as rows
from callengine.store.database import Store
from callengine.store.ratings import Counted, Rating, Wanted

LONGEST = timedelta(days=400)
YEARS = range(1970, 9999)
MOST_SLICES = 62  # of a period: days of two months, weeks of a year, months
BY = ("", "organisation", "executor", "classifier", "branch")
SLICES = ("", "day", "week", "month")


@dataclass(frozen=True, slots=True)
class Figures:
    """Calls that were over, counted: `asked` is everybody who was called for a mark and not withdrawn before.

    Shares are None where nobody is counted: no mean of nothing, no rate of nobody.
    """

    asked: int = 0
    marks: Mapping[int, int] = field(default_factory=dict)  # 1 to 5
    not_done: int = 0
    no_mark: int = 0  # done, and no mark given

    @property
    def marked(self) -> int:
        return sum(self.marks.values())

    @property
    def answered(self) -> int:
        """Who said anything of the job."""
        return self.marked + self.not_done + self.no_mark

    @property
    def mean(self) -> float | None:
        total = sum(mark * count for mark, count in self.marks.items())
        return total / self.marked if self.marked else None

    @property
    def response_rate(self) -> float | None:
        return self.answered / self.asked if self.asked else None

    @property
    def not_done_share(self) -> float | None:
        return self.not_done / self.answered if self.answered else None


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one organisation, executor, code, branch, or slice of the period."""

    key: str
    name: str
    figures: Figures
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    since: datetime
    until: datetime
    whole: Figures
    rows: tuple[Row, ...]  # those with most calls first
    slices: tuple[Row, ...]  # in their order


@dataclass(frozen=True, slots=True)
class Sees:
    """Whose ratings somebody may see: all, an organisation's, or his own jobs'."""

    everything: bool = False
    organisation_id: int | None = None
    executor_id: int | None = None

    def narrows(self, wanted: Wanted) -> Wanted:
        """Raises Forbidden for another's."""
        if self.everything:
            return wanted
        if self.organisation_id is None and self.executor_id is None:
            raise Forbidden("no ratings are yours to see")
        for name in ("organisation_id", "executor_id"):
            own, asked = getattr(self, name), getattr(wanted, name)
            if own is not None and asked not in (None, own):
                raise Forbidden("these ratings are another's")
            if own is not None:
                wanted = replace(wanted, **{name: own})
        return wanted


class RatingsService:
    def __init__(self, store: Store, clock: Clock, locale: config.Locale) -> None:
        self._store, self._clock, self._zone = store, clock, ZoneInfo(locale.timezone)

    async def summary(self, wanted: Wanted, sees: Sees, *, by: str = "", slices: str = "") -> Summary:
        """Figures of a period (the last 30 days when none is given), together, by `by` and by slices of it.

        Raises Refused for a period that is too long, Forbidden for another's.
        """
        for name, bound in (("from", wanted.since), ("to", wanted.until)):
            if bound is not None and bound.year not in YEARS:  # a day more or less must be a day yet
                raise Refused(f"there are no ratings of the year {bound.year}", pointer=f"/{name}")
        until = wanted.until or self._clock.now() + timedelta(seconds=1)  # a bound is left out
        since = wanted.since or until - timedelta(days=30)
        if not timedelta() < until - since <= LONGEST:
            raise Refused(f"take a period that ends after it begins, of at most {LONGEST.days} days", pointer="/from")
        wanted = sees.narrows(replace(wanted, since=since, until=until))
        bounds = list(self._slices(since, until, slices)) if slices else []
        if len(bounds) > MOST_SLICES:
            raise Refused(f"{len(bounds)} slices are too many to look at: take longer ones", pointer="/slices")
        async with self._store.read() as conn:
            found = await rows.counted(conn, wanted, "classifier" if by == "branch" else by)
            whole = _figures(found)  # the groups together: the rows are read once
            grouped = await self._rows(conn, found, by) if by else []
            parts = []
            for begins, ends in bounds:
                one = _figures(await rows.counted(conn, replace(wanted, since=begins, until=ends)))
                day = begins.astimezone(self._zone).date().isoformat()
                parts.append(Row(day, day, one, begins, ends))
        return Summary(since, until, whole, tuple(grouped), tuple(parts))

    async def _rows(self, conn: rows.Conn, found: Sequence[Counted], by: str) -> list[Row]:
        groups: dict[Any, list[Counted]] = {}
        for one in found:
            groups.setdefault(_branch(one.key) if by == "branch" else one.key, []).append(one)
        if by in ("organisation", "executor"):
            known: Mapping[Any, str] = await rows.names(conn, by, [key for key in groups if key is not None])
        else:
            told = await rows.names_of_codes(conn, [one.key for one in found])
            known = {_branch(code): category for code, (category, _) in told.items()}
            known = known if by == "branch" else {code: problem for code, (_, problem) in told.items()}
        made = [
            Row("" if key is None else str(key), known.get(key, ""), _figures(some)) for key, some in groups.items()
        ]
        return sorted(made, key=lambda row: (-row.figures.asked, row.key))

    def _slices(self, since: datetime, until: datetime, size: str) -> Iterable[tuple[datetime, datetime]]:
        """Days, weeks or months of the service's clock, cut at the ends of the period."""
        day = _first_day(since.astimezone(self._zone).date(), size)
        while True:
            after = _next_day(day, size)
            begins, ends = (datetime(d.year, d.month, d.day, tzinfo=self._zone) for d in (day, after))
            if begins >= until:
                return
            yield max(begins, since), min(ends, until)
            day = after

    async def find(
        self, wanted: Wanted, sees: Sees, *, limit: int = 50, cursor: str | None = None
    ) -> tuple[list[Rating], str | None]:
        """One page of calls, newest first, and the cursor of the next. Raises Forbidden for another's."""
        wanted = sees.narrows(wanted)
        async with self._store.read() as conn:
            return await rows.listed(conn, wanted, limit, cursor)


def _figures(counted: Sequence[Counted]) -> Figures:
    marks: Counter[int] = Counter()
    results: Counter[str] = Counter()
    for one in counted:
        results[one.result] += one.calls
        if one.result == "marked" and one.mark:
            marks[one.mark] += one.calls
    return Figures(results.total(), dict(sorted(marks.items())), results["not_done"], results["done_no_mark"])


def _branch(code: str) -> str:
    """What the codes of a branch begin with: HVS of HVS-01."""
    return code.partition("-")[0]


def _first_day(day: date, size: str) -> date:
    if size == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if size == "week" else day


def _next_day(day: date, size: str) -> date:
    if size == "month":
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return day + timedelta(days=7 if size == "week" else 1)
