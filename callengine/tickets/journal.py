"""JournalService: the lists of tickets, their counts and saved filters, each within the reader's scope."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from callengine import phone
from callengine.clock import Clock
from callengine.directory.model import FormerName
from callengine.directory.search import storable
from callengine.store import directory as directory_rows
from callengine.store import journal as rows
from callengine.store import tickets as ticket_rows
from callengine.store.database import Store
from callengine.store.unnamed import Known
from callengine.tickets.columns import LIFE
from callengine.tickets.listing import Count, JournalFilter, JournalRow, Place, Sort, cursor_of, place_of
from callengine.tickets.model import Applicant, Entry
from callengine.tickets.visibility import Scope, Seer, masked_applicant, scope_of

LIMIT = 50
MOST = 200
COUNTED = 1_000  # the rail says "1000+" beyond
FRESH_SECONDS = 2.0  # so long the counts of one scope are told again without counting
KNOWN_SECONDS = 5.0  # so long a renamed entry or house may stand under its old name in lists
WEIGHTS_SECONDS = 60.0  # so long a word is as common as it was: it only tells which word leads a search
WEIGHTS = 10_000

# The rail's own filters: what each counts, over and above the reader's scope.
RAIL: dict[str, JournalFilter] = {
    "open": JournalFilter(status=("open",)),
    "accidents": JournalFilter(status=("open",), accident=True),
    "overdue": JournalFilter(overdue=True),
    "awaiting_centre": JournalFilter(status=("awaiting_centre",)),
    "unassigned": JournalFilter(unassigned=True),
    "paid": JournalFilter(status=("open",), paid=True),
    "conflict": JournalFilter(status=("conflict",)),
}


@dataclass(slots=True)
class _Kept:
    """Counts of one scope as they were a moment ago."""

    at: datetime
    counts: dict[str, Count]


class _NewEntry(LookupError):
    """A ticket has an entry of the classifier that came since the entries were read."""


class _Entries(dict[str, Entry]):
    """The classifier's entries by code, also the retired ones."""

    def __missing__(self, code: str) -> Entry:
        raise _NewEntry(code)


@dataclass(frozen=True, slots=True)
class _Known:
    """What many lines share and few people change: it is not read anew for each page."""

    entries: _Entries
    former: dict[int, tuple[FormerName, ...]]  # the former addresses of the houses that have any


@dataclass(frozen=True, slots=True)
class Choices:
    """Pairs of an id or a code with its name."""

    organisations: list[tuple[int, str]]
    districts: list[str]
    executors: list[tuple[int, str]]
    branches: list[tuple[str, str]]


class JournalService:
    """Reads only; whoever asks is put into a scope first (tickets/visibility.py)."""

    def __init__(self, store: Store, clock: Clock, *, country: str = "RU", city_code: str = "") -> None:
        self._store = store
        self._clock = clock
        self._country = country
        self._city_code = city_code
        self._shared: _Known | None = None
        self._shared_at: datetime = clock.now()
        self._weights: rows.Weights = {}
        self._weights_at: datetime = clock.now()
        self._counts: dict[Scope, _Kept] = {}
        self._counting = asyncio.Lock()

    # --- a page -----------------------------------------------------------------------------------------

    async def page(
        self,
        wanted: JournalFilter,
        who: Seer,
        *,
        sort: Sort = Sort.NEWEST,
        limit: int = LIMIT,
        cursor: str | None = None,
        extras: Sequence[str] = (),
    ) -> tuple[list[JournalRow], str | None]:
        """Up to `limit` lines (200 at most) and the cursor of the next page, None at the end.

        `extras` may have "comment", "recording" and the names of columns.LIFE. A page never shifts when new tickets
        come. Raises Refused on a cursor of another order.
        """
        limit = max(1, min(limit, MOST))
        scope = scope_of(who)
        after = place_of(cursor, sort, rows.SHAPES[sort])

        async def read(conn: rows.Reader, known: _Known) -> tuple[list[JournalRow], str | None]:
            page = None
            if wanted.q:
                weights = self._young_weights()
                page = await rows.at_once(conn, wanted, scope, sort, limit, known.entries, after, weights)
            if page is None:
                asked = await self._prepare(conn, wanted, scope, known)
                page = await rows.page(conn, asked, scope, sort, limit, known.entries, after)
            found, further = page
            found = await self._finish(conn, found, scope, known, extras)
            return found, cursor_of(further, sort) if further else None

        known = self._young_known() or await self._read_known()
        try:
            return await self._store.glance(lambda conn: read(conn, known))
        except _NewEntry:
            newer = await self._read_known()
        return await self._store.glance(lambda conn: read(conn, newer))

    async def pages(
        self, wanted: JournalFilter, scope: Scope, sort: Sort, *, each: int, extras: Sequence[str] = ()
    ) -> AsyncIterator[list[JournalRow]]:
        """The whole list in pages, as it stood at one moment, however long the reading takes."""
        async with self._store.read() as conn:
            # Of its own moment, which grows old: nobody else's lists are made with it.
            known = await _read_known(conn)
            asked = await self._prepare(conn, wanted, scope, known)
            after: Place | None = None
            while True:
                found, after = await rows.page(conn, asked, scope, sort, each, known.entries, after)
                if found:
                    yield await self._finish(conn, found, scope, known, extras)
                if after is None:
                    return

    async def count(self, wanted: JournalFilter, scope: Scope, limit: int = COUNTED) -> Count:
        """How many there are, counted up to the limit."""
        known = self._young_known() or await self._read_known()

        async def read(conn: rows.Reader) -> int:
            return await rows.count(conn, await self._prepare(conn, wanted, scope, known), scope, limit + 1)

        return _counted(await self._store.glance(read), limit)

    async def counts(self, who: Seer, more: Mapping[str, JournalFilter] | None = None) -> dict[str, Count]:
        """The rail's counts by name, and those of the filters in `more`; at most FRESH_SECONDS old."""
        scope = scope_of(who)
        async with self._counting:
            kept = self._counts.get(scope)
            if kept is None or (self._clock.now() - kept.at).total_seconds() > FRESH_SECONDS:
                kept = _Kept(self._clock.now(), {})
                self._counts = {s: k for s, k in self._counts.items() if _young(k, kept.at)} | {scope: kept}
            wanted = {**RAIL, **(more or {})}
            missing = {name: one for name, one in wanted.items() if f"{name}:{one}" not in kept.counts}
            for name, one in missing.items():
                kept.counts[f"{name}:{one}"] = await self.count(one, scope, COUNTED)
            return {name: kept.counts[f"{name}:{one}"] for name, one in wanted.items()}

    async def choices(self, who: Seer) -> Choices:
        """What the journal may be narrowed by, within the reader's scope."""
        async with self._store.read() as conn:
            found, sections, doers = await rows.choices(conn, scope_of(who))
        known = self._young_known() or await self._read_known()
        branches: dict[str, str] = {}
        for one in known.entries.values():
            if one.active:
                branches.setdefault(one.code.partition("-")[0], one.category)
        return Choices(found, sections, doers, list(branches.items()))

    async def _prepare(self, conn: rows.Reader, wanted: JournalFilter, scope: Scope, known: _Known) -> rows.Asked:
        codes, number = [], ""
        if wanted.classifier:
            codes = [code for code in known.entries if code.startswith(wanted.classifier)]
        if wanted.q:
            wanted = replace(wanted, q=storable(wanted.q))
            if any(map(str.isdigit, wanted.q)):
                parsed = phone.parse(wanted.q, country=self._country, city_code=self._city_code)
                number = parsed.value if parsed.kind is phone.Kind.E164 else ""
        # Masked for this reader: that something is found by a name or a number would tell whose it is.
        unnamed = None if scope.personal else Known(known.entries, known.former)
        return await rows.prepare(
            conn, wanted, number, codes, self._clock.now(), known=unnamed, weights=self._young_weights()
        )

    async def _finish(
        self, conn: rows.Reader, found: list[JournalRow], scope: Scope, known: _Known, extras: Sequence[str]
    ) -> list[JournalRow]:
        """What is asked for besides, each house as it was called then, and nothing that the scope hides."""
        for one in found if known.former else ():
            if one.house and (former := known.former.get(one.house.id)):
                one.house = replace(one.house, former=former).then(one.created_at)
        if "comment" in extras:
            said = await rows.last_comments(conn, [one.id for one in found])
            for one in found:
                one.comment = said.get(one.id, "")
        if "recording" in extras:
            heard = await rows.first_recordings(conn, [one.id for one in found])
            for one in found:
                one.recording_id = heard.get(one.id)
        if LIFE & set(extras):
            went = await rows.lives(conn, [one.id for one in found])
            for one in found:
                one.life = went.get(one.id)
        if not scope.personal:
            for one in found:
                hide(one)
        return found

    def _young_known(self) -> _Known | None:
        """What was read a moment ago."""
        return self._shared if (self._clock.now() - self._shared_at).total_seconds() <= KNOWN_SECONDS else None

    def _young_weights(self) -> rows.Weights:
        now = self._clock.now()
        if (now - self._weights_at).total_seconds() > WEIGHTS_SECONDS or len(self._weights) > WEIGHTS:
            self._weights, self._weights_at = {}, now
        return self._weights

    async def _read_known(self) -> _Known:
        async with self._store.read() as conn:
            self._shared = await _read_known(conn)
        self._shared_at = self._clock.now()
        return self._shared


async def _read_known(conn: rows.Conn) -> _Known:
    entries = _Entries(await ticket_rows.all_entries(conn))
    return _Known(entries, await directory_rows.former_names(conn))


def _young(kept: _Kept, now: datetime) -> bool:
    return (now - kept.at).total_seconds() <= FRESH_SECONDS


def _counted(count: int, limit: int) -> Count:
    return Count(min(count, limit), count > limit)


def hide(row: JournalRow) -> None:
    """Personal data for those who must not read it."""
    shown = masked_applicant(Applicant(row.applicant_number, row.applicant_name, row.person_id))
    row.applicant_name, row.applicant_number, row.person_id = shown.name, shown.number, None
