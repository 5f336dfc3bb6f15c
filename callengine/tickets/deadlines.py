"""By when a ticket is accepted, localised and fixed, each clock with its why: the classifier's term, an organisation's
own, and the rule pack's, put together; pure.

Of the service's term and the law's the earlier one stands. A term of the classifier that equals one of the law's
variants is a copy of it: then the variant that the conditions name stands, were it the longer one. An organisation's
own term is never a copy: longer than the law it does not help, shorter it binds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from callengine.tickets import clocks as ticket_clocks
from callengine.tickets.calendar import Calendar, term_in_words
from callengine.tickets.model import Clock, Deadlines, Entry, Ticket
from callengine.tickets.rulepacks import NO_PACK, BadCondition, Pack, Rule, moment_told

NAMES: dict[str, tuple[str, str]] = {
    "accept": ("Принять", "Accept"),
    "localise": ("Локализовать", "Localise"),
    "fix": ("Устранить", "Fix"),
    "interim": ("Дать промежуточный ответ", "Give an interim answer"),
    "paid": ("Подтвердить платную работу", "Confirm the paid job"),
}
# The field of an entry that holds the clock's minutes; an interim answer is the rules' alone.
FIELDS = {
    "accept": "accept_minutes",
    "localise": "localize_minutes",
    "fix": "fix_minutes",
    "paid": "confirm_minutes",
}
UNPAID = tuple(name for name in NAMES if name != "paid")
Chosen = Sequence[tuple[Rule, tuple[str, ...]]]
# All of an entry that its terms and their words are made of.
_TERMS = attrgetter("code", *FIELDS.values(), "clock", "source", "overridden")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What terms depend on, besides the classifier's entry.

    `accept_from` is when the organisation was asked (its clock to accept starts anew with it); the others never move.
    """

    registered_at: datetime
    damage_at: datetime | None = None
    conditions: Mapping[str, Any] = field(default_factory=dict)
    paid: bool = False
    accept_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Said:
    """One possible term of one clock: all of it but its end. `start` is None for the registration."""

    minutes: int
    window: str
    why: str
    rule: str
    start: datetime | None = None


# A clock with its service's own term and the laws'.
_Side = tuple[str, _Said | None, tuple[_Said, ...]]


def terms(
    entry: Entry,
    matter: Matter,
    calendar: Calendar,
    pack: Pack = NO_PACK,
    language: str = "ru",
    *,
    chosen: Chosen | None = None,
) -> Deadlines:
    """The clocks of a ticket. `entry` comes with its organisation's own terms in it (`for_organisation`).

    `chosen` are the rules that the pack chose for it, when they are known already.
    """
    if chosen is None:
        day = matter.registered_at.astimezone(calendar.zone).date()
        chosen = pack.chosen(entry, day, matter.conditions)
    desk = _Desk(entry, matter, calendar, pack, "ru" if language == "ru" else "en")
    return _together([desk.clock(*side) for side in desk.sides(chosen)])


def _together(clocks: list[Clock]) -> Deadlines:
    ends = {clock.name: clock.due_at for clock in clocks}
    why = "\n".join(clock.why for clock in clocks if clock.name != "paid")
    three = (ends.get("accept"), ends.get("localise"), ends.get("fix"))
    return Deadlines(*three, why, tuple(clocks), ends.get("interim"))


def recompute(
    ticket: Ticket,
    entry: Entry,
    calendar: Calendar,
    pack: Pack = NO_PACK,
    *,
    accept_from: datetime | None = None,
    language: str = "ru",
) -> Deadlines:
    """The terms anew after the classifier, the organisation or the conditions changed.

    A clock that was answered stays as it was: nothing fires after its answer. `accept_from` is given when another
    organisation was asked: acceptance then starts with it, and the others still run from registration or damage.
    A reopened ticket (its history says so) has the terms of a matter registered on the day of its last reopening.
    """
    matter = matter_of(ticket, calendar.zone, accept_from=accept_from)
    fresh, old = terms(entry, matter, calendar, pack, language), ticket.deadlines
    met = {"accept": ticket.accepted_at, "localise": ticket.localised_at, "fix": ticket.fixed_at}
    met["interim"] = ticket.interim_at
    if accept_from is not None:
        met["accept"] = None
    kept = {clock.name: clock for clock in old.each() if met.get(clock.name)}
    clocks = []
    for name in NAMES:
        if name in kept:
            clocks.append(kept[name])
        elif not met.get(name):
            clocks += [clock for clock in fresh.each() if clock.name == name]
    return _together(clocks)


def matter_of(ticket: Ticket, zone: ZoneInfo, *, accept_from: datetime | None = None) -> Matter:
    """What the terms of a ticket depend on now. What was damaged before its reopening was mended once: it counts no
    more."""
    began, damage_at, conditions = ticket_clocks.reopened_at(ticket), ticket.damage_at, ticket.conditions
    if began is not None:
        damage_at = damage_at if damage_at is not None and damage_at >= began else None
        conditions = {name: value for name, value in conditions.items() if not _before(began, name, value, zone)}
    return Matter(
        registered_at=ticket_clocks.began_at(ticket),
        damage_at=damage_at,
        conditions=conditions,
        paid=ticket.paid,
        accept_from=accept_from,
    )


def _before(began: datetime, name: str, value: Any, zone: ZoneInfo) -> bool:
    """Whether a condition is a moment before `began`."""
    if not name.endswith("_at"):
        return False
    try:
        return moment_told(name, value, zone) < began
    except BadCondition:
        return False


class _Desk:
    """One entry, one matter: the ends of each clock and the words for them."""

    def __init__(self, entry: Entry, matter: Matter, calendar: Calendar, pack: Pack, language: str) -> None:
        self.entry, self.matter, self.calendar, self.pack = entry, matter, calendar, pack
        self.language, self.ru = language, language == "ru"

    def sides(self, chosen: Chosen) -> Sequence[_Side]:
        """Each clock with what could stand, in words. Of a matter without moments of its own it is worked out once."""
        if not self._plain():
            return self._sides(chosen)
        entry = self.entry
        key = ("said", self.language, self.calendar.opens, self.calendar.closes, self.matter.paid, *_TERMS(entry))
        return self.pack.once((*key, *[(rule.id, unknown) for rule, unknown in chosen]), lambda: self._sides(chosen))

    def _plain(self) -> bool:
        matter = self.matter
        if matter.accept_from is not None or matter.damage_at is not None:
            return False
        return not any(name == "outage_month_minutes" or name.endswith("_at") for name in matter.conditions)

    def _sides(self, chosen: Chosen) -> list[_Side]:
        found: list[_Side] = []
        for name in NAMES if self.matter.paid else UNPAID:
            rules = [(rule, unknown) for rule, unknown in chosen if rule.clock == name]
            own = self._own(name, [rule for rule, _ in rules])
            if own or rules:
                found.append((name, own, tuple(self._law(name, rule, unknown) for rule, unknown in rules)))
        return found

    def clock(self, name: str, own: _Said | None, laws: tuple[_Said, ...]) -> Clock:
        """The earlier of the two; `own` or a law is there."""
        due_own = self._due(own) if own else None
        if not laws:
            assert own is not None and due_own is not None
            return Clock(name, due_own, own.why, own.rule)
        law, due = laws[0], self._due(laws[0])
        for other in laws[1:]:
            if (ends := self._due(other)) < due:
                law, due = other, ends
        why = law.why
        if due <= self.matter.registered_at:
            why += "; истекло ещё до регистрации" if self.ru else "; over before registration already"
        if own is None or due_own is None:
            return Clock(name, due, why, law.rule)
        paper = FIELDS[name] in dict(self.entry.overridden)
        if due_own < due:
            return Clock(name, due_own, own.why + self._instead(False, law, due, paper), own.rule)
        return Clock(name, due, why + self._instead(True, own, due_own, paper), law.rule)

    def _due(self, said: _Said) -> datetime:
        return self.calendar.due(said.minutes, said.window, said.start or self.matter.registered_at)

    # --- the service's own term ---------------------------------------------------------------------------

    def _own(self, name: str, rules: list[Rule]) -> _Said | None:
        entry, field_name = self.entry, FIELDS.get(name, "")
        minutes: int | None = getattr(entry, field_name) if field_name else None
        paper = dict(entry.overridden).get(field_name, "")
        if minutes is None or (not paper and self._copied(minutes, rules)):
            return None
        start = self.matter.accept_from if name == "accept" else None
        words = "с регистрации" if self.ru else "from registration"
        if start is not None and start != self.matter.registered_at:
            words = self._since("с направления" if self.ru else "from the routing", start)
        window = "24x7" if name == "paid" else entry.clock
        return _Said(
            minutes, window, self._why(name, minutes, window, words, self._own_source(name, paper)), entry.code, start
        )

    def _copied(self, minutes: int, rules: list[Rule]) -> bool:
        return any(minutes == one.minutes for rule in rules for one in self.pack.variants(rule))

    def _own_source(self, name: str, paper: str) -> str:
        if paper:
            label = "условие организации" if self.ru else "the organisation's own term"
            return f"{self.entry.code}, {label}: {paper}"
        # Acceptance times are the service's own; the others quote what the classifier stands on.
        rule = basis(self.entry.source) if name in ("localise", "fix") else ""
        return f"{self.entry.code}, {rule}" if rule else self.entry.code

    # --- the rule's ---------------------------------------------------------------------------------------

    def _law(self, name: str, rule: Rule, unknown: tuple[str, ...]) -> _Said:
        start, words = self._start(rule, name)
        minutes, used = self._left(rule)
        why = self._why(
            name, minutes, rule.window, words, f"{rule.source(self.language)} — {rule.words(self.language)}"
        )
        # Nothing is left: it ends where it begins, whatever is open then.
        return _Said(minutes, rule.window if minutes else "24x7", why + used + self._unasked(unknown), rule.id, start)

    def _start(self, rule: Rule, name: str) -> tuple[datetime | None, str]:
        registered = self.matter.registered_at
        if name == "accept" and self.matter.accept_from is not None:
            return self.matter.accept_from, self._since(
                "с направления" if self.ru else "from the routing", self.matter.accept_from
            )
        if rule.start != "registration":
            began = self._began(rule.start)
            if began is not None and began <= registered:
                ru, en = ("от даты повреждения", "from the date of damage")
                if rule.start == "outage":
                    ru, en = ("с начала перерыва", "from the start of the outage")
                return began, self._since(ru if self.ru else en, began)
        return None, "с регистрации" if self.ru else "from registration"

    def _began(self, start: str) -> datetime | None:
        """When the damage was done, or the service stopped; a form may have said either as a condition."""
        told = self.matter.conditions.get(f"{start}_at")
        if told is None:
            return self.matter.damage_at
        try:
            return moment_told(f"{start}_at", told, self.calendar.zone)
        except BadCondition:
            return self.matter.damage_at

    def _since(self, words: str, at: datetime) -> str:
        return f"{words} {at.astimezone(self.calendar.zone):%d.%m.%Y %H:%M}"

    def _left(self, rule: Rule) -> tuple[int, str]:
        """The limit in minutes; less when the month's sum is nearly used up, and the words for that."""
        used = self.matter.conditions.get("outage_month_minutes")
        if rule.monthly_minutes is None or not isinstance(used, int | float) or isinstance(used, bool):
            return rule.minutes, ""
        left = max(0, int(rule.monthly_minutes - used))
        if left >= rule.minutes:
            return rule.minutes, ""
        spent = term_in_words(int(used), "24x7", self.language)
        ru, en = f"; за месяц уже {spent} перерыва", f"; {spent} of outage this month already"
        return left, ru if self.ru else en

    # --- words --------------------------------------------------------------------------------------------

    def _why(self, name: str, minutes: int, clock: str, since: str, source: str) -> str:
        title = NAMES[name][0 if self.ru else 1]
        span = term_in_words(minutes, clock, self.language)
        return f"{title}: {span} {since}, {self.calendar.clock_in_words(clock, self.language)} ({source})"

    def _unasked(self, unknown: tuple[str, ...]) -> str:
        questions = [one.text(self.language) for name in unknown if (one := self.pack.question(name))]
        if not questions:
            return ""
        return ("; не спрошено: " if self.ru else "; not asked yet: ") + " ".join(questions)

    def _instead(self, rule_stands: bool, other: _Said, due: datetime, paper: bool) -> str:
        """What the other side would have given: always when an organisation's own term is concerned."""
        if rule_stands:
            span = term_in_words(other.minutes, other.window, self.language)
            whose = ("у организации", "of the organisation") if paper else ("в классификаторе", "in the classifier")
            ru, en = (
                f"; {whose[0]} {span}, но это дольше правила",
                f"; {span} {whose[1]}, which is longer than the rule",
            )
            return ru if self.ru else en
        if not paper:
            return ""
        until = due.astimezone(self.calendar.zone)
        return f"; по правилу было бы до {until:%d.%m %H:%M}" if self.ru else f"; by the rule till {until:%d.%m %H:%M}"


@lru_cache(maxsize=4096)
def basis(source: str) -> str:
    """The rule's short name out of a source note: «ПП РФ 416 п.13»; "" when it is but common knowledge."""
    name = re.split(r"[:;,\[(]", source)[0].strip()
    return "" if name.startswith("общее знание") else name


def postponed_in_words(until: datetime, fix_by: datetime | None, zone: ZoneInfo, language: str = "ru") -> str:
    """What a postponement means for the law: it moves nothing, and one beyond the term says that it will be late."""
    ru, day = language == "ru", until.astimezone(zone)
    head = f"отложено до {day:%d.%m.%Y %H:%M}" if ru else f"postponed till {day:%d.%m.%Y %H:%M}"
    if fix_by is None:
        return head
    term = fix_by.astimezone(zone)
    if until > fix_by:
        if ru:
            return f"{head}; законный срок {term:%d.%m.%Y %H:%M} не сдвигается: заявка станет просроченной"
        return f"{head}; the legal term {term:%d.%m.%Y %H:%M} does not move: the ticket will be late"
    return (
        f"{head}; срок {term:%d.%m.%Y %H:%M} не сдвигается" if ru else f"{head}; the term {term:%d.%m.%Y %H:%M} stands"
    )
