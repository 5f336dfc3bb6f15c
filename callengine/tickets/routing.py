"""Which organisation answers for a ticket, and why, in words: a pure decision over the contracts of a house.

The kinds of the classifier are asked in order; of a kind the narrower branch wins, then the priority, then the house
named before everywhere. A contract outside its duty hours is passed over for the next one, of the same kind or of the
next kinds. When nobody is on duty, a matter that can wait goes to the first of them all the same; one that burns is
nobody's, and the reason says whom the dispatcher has to call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from callengine.directory.model import Organisation
from callengine.tickets.calendar import Calendar, Hours
from callengine.tickets.model import KINDS, Candidate, Entry, Routing, Urgency, kind_label

# Services that are called, not sent a ticket: a warm transfer settles it, contracts with them are rare.
SPOKEN = frozenset({"emergency_112", "gas_emergency_104", "police"})
CENTRE = "contact_centre"
BURNING = frozenset({Urgency.LIFE, Urgency.EMERGENCY, Urgency.URGENT})

# What "utility" means in a branch of the classifier; elsewhere any utility may be meant.
UTILITY_OF_BRANCH = {
    "HVS": "water_utility",
    "KAN": "water_utility",
    "GVS": "heat_utility",
    "OTO": "heat_utility",
    "ELE": "power_utility",
    "GAZ": "gas_utility",
}


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract that covers the house: by name, or because it serves everywhere.

    `duty_hours` is 24x7 or "" (always), work, or a window such as 20:00-08:00, in the zone of the service.
    """

    code: str
    organisation: Organisation
    kind: str
    branch: str = ""
    priority: int = 100
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    everywhere: bool = False
    duty_hours: str = ""
    id: int = 0

    def valid(self, at: datetime) -> bool:
        began = self.valid_from is None or self.valid_from <= at
        return began and (self.valid_until is None or at < self.valid_until)

    @property
    def always(self) -> bool:
        """On duty round the clock."""
        return self.duty_hours in ("", "24x7")

    def hours(self, calendar: Calendar) -> Hours | None:
        """Its opening hours; None is round the clock."""
        return calendar.hours("work" if self.duty_hours in ("work", "workdays") else self.duty_hours)

    def on_duty(self, at: datetime, calendar: Calendar) -> bool:
        hours = self.hours(calendar)
        return hours is None or hours.open_at(at)


def next_turn(contracts: Iterable[Contract], at: datetime) -> datetime | None:
    """The first moment after `at` when one of them begins or ends; None when none will."""
    moments = [moment for one in contracts for moment in (one.valid_from, one.valid_until)]
    return min((moment for moment in moments if moment is not None and moment > at), default=None)


def kinds_of(entry: Entry) -> list[str]:
    """The kinds that answer, in order, with "utility" made plain where the branch says which."""
    return list(_kinds(entry.code, entry.organisation_kind, entry.organisation_kinds_next))


@lru_cache(maxsize=4096)
def _kinds(code: str, first: str, following: tuple[str, ...]) -> tuple[str, ...]:
    plain: list[str] = []
    for kind in (first, *following):
        for meant in [kind] if kind != "utility" else utilities_of(code):
            if meant not in plain:
                plain.append(meant)
    return tuple(plain)


def utilities_of(code: str) -> list[str]:
    one = UTILITY_OF_BRANCH.get(code.split("-")[0])
    return [one] if one else [kind for kind in KINDS if kind.endswith("_utility")]


def decide(
    entry: Entry,
    contracts: Iterable[Contract],
    at: datetime,
    language: str = "ru",
    *,
    calendar: Calendar | None = None,
    path: Sequence[str] = (),
    houseless: bool = False,
    district: str = "",
) -> Routing:
    """The organisation for an entry at a house at a moment.

    `contracts` are those that cover the house; `path` are the groups of the classifier above the entry, a contract's
    branch may be one of them. Two equal contracts are nobody's: a person decides among the candidates. `houseless`
    is a place without a house: its contracts serve everywhere, or all houses of `district`, and the reasons say so.
    """
    calendar = calendar or Calendar(zone_of(at))
    say = _Words(language, calendar, houseless=houseless, district=district)
    rank = ranking(entry, path)
    branches = branches_of(entry, path)
    about = [c for c in contracts if c.branch in branches]
    serving = [c for c in about if c.organisation.active]
    valid = [c for c in serving if c.valid(at)]
    candidates, passed, asleep = _candidates(entry, valid, rank, say), [], []
    for kind in kinds_of(entry):
        asked = sorted((c for c in valid if c.kind == kind), key=lambda c: (rank(c), c.code))
        awake = [c for c in asked if c.on_duty(at, calendar)]
        passed += [say.off_duty(c, at) for c in asked if c not in awake and (not awake or rank(c) < rank(awake[0]))]
        if awake:
            return _answer(entry, awake, rank, candidates, passed, say)
        asleep += [asked] if asked else []
        if not asked:
            passed.append(_absent(kind, [c for c in about if c.kind == kind], at, say))
    if not asleep:
        return _nobody(entry, passed, say)
    if entry.urgency in BURNING:
        return Routing(None, say.join([*passed, say.nobody_on_duty()]), candidates)
    return _answer(entry, asleep[0], rank, candidates, [*passed, say.can_wait()], say)


Ranking = Callable[[Contract], tuple[int, int, bool]]


def ranking(entry: Entry, path: Sequence[str] = ()) -> Ranking:
    """Lower wins: the narrower branch, then the priority, then the house named before everywhere."""
    narrow = {branch: -place for place, branch in enumerate(branches_of(entry, path))}
    return lambda contract: (narrow.get(contract.branch, 1), contract.priority, contract.everywhere)


def branches_of(entry: Entry, path: Sequence[str] = ()) -> tuple[str, ...]:
    """The branches that an entry is in, the widest first: all, the groups above it, the beginnings of its code."""
    return _branches(entry.code, (*path, entry.parent))


@lru_cache(maxsize=4096)
def _branches(code: str, groups: tuple[str, ...]) -> tuple[str, ...]:
    parts = code.split("-")
    own = ["-".join(parts[:n]) for n in range(1, len(parts) + 1)]
    above = [group for group in groups if group and group not in own]
    return tuple(dict.fromkeys(["", *above, *own]))


def zone_of(at: datetime) -> ZoneInfo:
    """The zone that a moment carries; UTC when it is none of the named ones."""
    return at.tzinfo if isinstance(at.tzinfo, ZoneInfo) else ZoneInfo("UTC")


def _answer(
    entry: Entry,
    asked: Sequence[Contract],
    rank: Ranking,
    candidates: tuple[Candidate, ...],
    passed: list[str],
    say: _Words,
) -> Routing:
    best = asked[0]
    equal = {c.organisation.id: c for c in asked if rank(c) == rank(best)}
    if len(equal) > 1:
        names = ", ".join(f"{c.organisation.name} ({say.contract(c.code)})" for c in equal.values())
        return Routing(None, say.join([*passed, say.ambiguous(names)]), candidates)
    return Routing(best.organisation, say.join([*passed, say.why(entry, best)]), candidates, best.code)


def _candidates(entry: Entry, valid: Sequence[Contract], rank: Ranking, say: _Words) -> tuple[Candidate, ...]:
    order = kinds_of(entry)
    able = sorted((c for c in valid if c.kind in order), key=lambda c: (order.index(c.kind), rank(c), c.code))
    found: dict[int, Candidate] = {}
    for contract in able:
        found.setdefault(contract.organisation.id, Candidate(contract.organisation, say.why(entry, contract)))
    return tuple(found.values())


def _absent(kind: str, others: Sequence[Contract], at: datetime, say: _Words) -> str:
    if kind in SPOKEN:
        return say.spoken(kind)
    expired = [c for c in others if c.valid_until is not None and c.valid_until <= at]
    gone = [c for c in others if not c.organisation.active and c.valid(at)]
    if gone:
        return say.gone(kind, min(gone, key=lambda c: c.code))
    if expired:
        return say.expired(kind, max(expired, key=lambda c: c.valid_until or at), at)
    if others:
        return say.not_yet(kind, others[0])
    return say.no_contract(kind)


def _nobody(entry: Entry, passed: list[str], say: _Words) -> Routing:
    kinds = kinds_of(entry)
    if entry.urgency is Urgency.INFO and kinds[0] == CENTRE:
        return Routing(None, say.answered_at_once(entry), spoken=True)
    if all(kind in SPOKEN for kind in kinds):
        return Routing(None, say.join(passed), spoken=True)
    if kinds[0] == CENTRE:
        return Routing(None, say.centre_decides(entry))
    return Routing(None, say.join([*passed, say.unassigned()]))


class _Words:
    """The wording of reasons, in the service's language."""

    def __init__(self, language: str, calendar: Calendar, *, houseless: bool = False, district: str = "") -> None:
        self.language, self._calendar = language, calendar
        self._houseless, self._district = houseless, district
        self._ru = language == "ru"

    def join(self, parts: Sequence[str]) -> str:
        return "; ".join(part for part in parts if part)

    def contract(self, code: str) -> str:
        return f"договор № {code}" if self._ru else f"contract {code}"

    def why(self, entry: Entry, contract: Contract) -> str:
        kind = kind_label(contract.kind, self.language)
        if self._ru:
            scope = "на весь город" if contract.everywhere else self._narrow()
            part = f", раздел {contract.branch}" if contract.branch else ""
            return f"{kind} по {entry.code}: {self.contract(contract.code)} {scope}{part}"
        scope = "for the whole city" if contract.everywhere else self._narrow()
        part = f", branch {contract.branch}" if contract.branch else ""
        return f"{kind} for {entry.code}: {self.contract(contract.code)} {scope}{part}"

    def _narrow(self) -> str:
        """What a contract covers that does not serve everywhere."""
        if self._houseless:
            return f"на весь участок {self._district}" if self._ru else f"for the whole section {self._district}"
        return "на этот дом" if self._ru else "for this house"

    def ambiguous(self, names: str) -> str:
        return f"равные договоры, выбрать должен человек: {names}" if self._ru else f"equal contracts, choose: {names}"

    def spoken(self, kind: str) -> str:
        label = kind_label(kind, self.language)
        return f"{label}: перевести вызов голосом" if self._ru else f"{label}: transfer the call by voice"

    def expired(self, kind: str, contract: Contract, at: datetime) -> str:
        label, until = kind_label(kind, self.language), contract.valid_until or at
        # The last day in force, in the zone of the moment that was asked about.
        day = (until - timedelta(seconds=1)).astimezone(at.tzinfo).strftime("%d.%m.%Y")
        name = f"{self.contract(contract.code)} ({contract.organisation.name})"
        return f"{label}: {name} истёк {day}" if self._ru else f"{label}: {name} expired {day}"

    def gone(self, kind: str, contract: Contract) -> str:
        label, name = kind_label(kind, self.language), f"{self.contract(contract.code)} ({contract.organisation.name})"
        return f"{label}: {name}, но организация закрыта" if self._ru else f"{label}: {name}, which is closed"

    def off_duty(self, contract: Contract, at: datetime) -> str:
        hours = contract.hours(self._calendar)
        opens = (hours.opens_next(at) if hours else at).astimezone(self._calendar.zone)
        name, clock = self.contract(contract.code), self._calendar.clock_in_words(contract.duty_hours, self.language)
        if self._ru:
            return f"{contract.organisation.name} ({name}) дежурит {clock}, сейчас нет: до {opens:%d.%m %H:%M}"
        return f"{contract.organisation.name} ({name}) is on duty {clock}, not now: till {opens:%d.%m %H:%M}"

    def nobody_on_duty(self) -> str:
        if self._ru:
            return "срочное, а дежурных нет: диспетчер звонит и назначает организацию"
        return "it burns and nobody is on duty: a dispatcher calls and names the organisation"

    def can_wait(self) -> str:
        return "дежурных нет, дело ждёт открытия" if self._ru else "nobody is on duty, it waits for the opening"

    def not_yet(self, kind: str, contract: Contract) -> str:
        label, name = kind_label(kind, self.language), self.contract(contract.code)
        return f"{label}: {name} ещё не действует" if self._ru else f"{label}: {name} is not in force yet"

    def no_contract(self, kind: str) -> str:
        label = kind_label(kind, self.language)
        if not self._houseless:
            return f"{label}: нет договора на этот дом" if self._ru else f"{label}: no contract for this house"
        if not self._district:
            ru, en = "дом не указан, договора на весь город нет", "no house is named, no contract for the whole city"
        else:
            ru = f"дом не указан, договора на весь город или на весь участок {self._district} нет"
            en = f"no house is named, no contract for the whole city or the whole section {self._district}"
        return f"{label}: {ru if self._ru else en}"

    def unassigned(self) -> str:
        return "организацию назначит диспетчер" if self._ru else "a dispatcher will name the organisation"

    def answered_at_once(self, entry: Entry) -> str:
        if self._ru:
            return f"справка по {entry.code}: отвечает сам контакт-центр в разговоре"
        return f"information {entry.code}: the contact centre answers in the call"

    def centre_decides(self, entry: Entry) -> str:
        if self._ru:
            return f"{entry.code}: контакт-центр определяет вид работ, организацию назначит диспетчер"
        return f"{entry.code}: the contact centre classifies it, a dispatcher will name the organisation"
