"""Rulebook: who answers and by when, with all that the answer needs read in the caller's own transaction.

One is made at the start and shared: the tickets' services ask it within their transactions, so that what it reads and
what they write belong together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from callengine.store import calendar as calendar_rows
from callengine.store import classifier as classifier_rows
from callengine.store import contracts as rows
from callengine.store.prepared import keep
from callengine.tickets import deadlines, routing, rulepacks
from callengine.tickets.calendar import Calendar, Workdays
from callengine.tickets.classifier import for_organisation, path_of
from callengine.tickets.deadlines import Chosen, Matter
from callengine.tickets.model import Deadlines, Entry, Question, Routing, Ticket
from callengine.tickets.translations import entry_in

AHEAD = timedelta(days=750)  # of local days: no term of the classifier is longer
COUNTED = {"work", "workdays"}
BACK = timedelta(days=400)  # damage and outages begin before the registration
DECIDED = 10_000  # decisions that are kept


@dataclass(frozen=True, slots=True)
class _Decided:
    """A decision that stands while the same contracts do: from when till when, and what it was made of."""

    decision: Routing
    begins: datetime
    ends: datetime | None
    entry: Entry
    contracts: tuple[routing.Contract, ...]


class Rulebook:
    """The rule pack of the service, its calendar, and the way to its contracts."""

    def __init__(self, zone: ZoneInfo, *, language: str = "ru", country: str = "RU", rules: str = "") -> None:
        """Raises PackError when there is no such rule pack."""
        self.zone, self.language, self.country = zone, language, country
        self.pack = rulepacks.pack_for(rules, country)
        self._decided: dict[Any, _Decided] = {}
        self._plain = Calendar(zone, Workdays(country), self.pack.opens, self.pack.closes)

    async def calendar(self, conn: rows.Conn, at: datetime, language: str = "") -> Calendar:
        """Working days with the service's own exceptions, around a moment."""
        day = at.astimezone(self.zone).date()
        first, last = day - BACK, day + AHEAD
        local = await keep(conn, ("days", first, last), lambda: calendar_rows.days(conn, first, last))
        days = Workdays(self.country, local, language or self.language)
        return Calendar(self.zone, days, self.pack.opens, self.pack.closes)

    async def route(
        self,
        conn: rows.Conn,
        entry: Entry,
        house_id: int | None,
        at: datetime,
        *,
        language: str = "",
        calendar: Calendar | None = None,
        more: tuple[routing.Contract, ...] = (),
        district: str = "",
    ) -> Routing:
        """The organisation for an entry at a house, with the reason in words; `more` are contracts not yet made.

        Without a house those that serve everywhere answer, and those of all houses of `district`, when it is known.
        """
        path = await self._path(conn, entry)
        kinds, branches = routing.kinds_of(entry), routing.branches_of(entry, path)
        serving = [*await rows.serving(conn, house_id, kinds, branches, at), *more]
        houseless, district = house_id is None, "" if house_id is not None else district
        if district:
            serving += await rows.of_district(conn, district, kinds, branches, at)
        language = language or self.language
        # By the very contracts, which many houses share: what was made of the same rows is the same thing.
        key = (entry.code, language, houseless, district, *path, "", *map(id, serving))
        known = self._decided.get(key)
        if known and known.entry is entry and known.begins <= at and (known.ends is None or at < known.ends):
            return known.decision
        if calendar is None and any(contract.duty_hours == "work" for contract in serving):
            calendar = await self.calendar(conn, at)
        calendar, local = calendar or Calendar(self.zone), at.astimezone(self.zone)
        decided = routing.decide(
            entry, serving, local, language, calendar=calendar, path=path, houseless=houseless, district=district
        )
        if all(contract.always for contract in serving) and not more:
            if len(self._decided) >= DECIDED:
                self._decided.clear()
            ends = routing.next_turn(serving, at)
            self._decided[key] = _Decided(decided, at, ends, entry, tuple(serving))
        return decided

    async def terms(self, conn: rows.Conn, entry: Entry, matter: Matter, *, language: str = "") -> Deadlines:
        """The clocks of a matter; `entry` has the terms of the organisation that answers (`entry_for`)."""
        language = language or self.language
        rules = self.pack.chosen(entry, self._day(matter.registered_at), matter.conditions)
        calendar = await self._calendar_for(conn, entry, matter, rules, language)
        return deadlines.terms(entry_in(entry, language), matter, calendar, self.pack, language, chosen=rules)

    async def _calendar_for(
        self, conn: rows.Conn, entry: Entry, matter: Matter, rules: Chosen, language: str = ""
    ) -> Calendar:
        """The calendar; its local days are read only when some term counts in working days."""
        if COUNTED & {entry.clock, *(rule.window for rule, _ in rules)}:
            return await self.calendar(conn, matter.registered_at, language)
        return self._plain

    async def recompute(self, conn: rows.Conn, ticket: Ticket, *, accept_from: datetime | None = None) -> Deadlines:
        """The terms anew, by the classifier's entry and the organisation that the ticket now has.

        What was answered stays. `accept_from` is given when another organisation is asked. A reopened ticket's terms
        run from its reopening.
        """
        organisation_id = ticket.organisation.id if ticket.organisation else None
        entry = await self.entry_for(conn, ticket.classifier, organisation_id)
        matter = deadlines.matter_of(ticket, self.zone)
        rules = self.pack.chosen(entry, self._day(matter.registered_at), matter.conditions)
        calendar = await self._calendar_for(conn, entry, matter, rules)
        return deadlines.recompute(ticket, entry, calendar, self.pack, accept_from=accept_from, language=self.language)

    async def entry_for(self, conn: rows.Conn, entry: Entry, organisation_id: int | None) -> Entry:
        """The entry with the organisation's own terms in it."""
        if organisation_id is None:
            return entry
        overrides = await keep(
            conn, ("overrides", organisation_id), lambda: classifier_rows.overrides_of(conn, organisation_id)
        )
        return for_organisation(entry, overrides, await self._path(conn, entry)) if overrides else entry

    def script(self, entry: Entry, at: datetime) -> tuple[Question, ...]:
        """What the operator asks: the entry's own questions, then what the rules want to know."""
        return rulepacks.script_of(entry, self.pack, self._day(at))

    async def _path(self, conn: rows.Conn, entry: Entry) -> tuple[str, ...]:
        if not entry.parent:
            return ()

        async def read() -> tuple[str, ...]:
            return path_of(entry, await classifier_rows.groups_above(conn, entry.parent))

        return await keep(conn, ("path", entry.parent), read)

    def _day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()
