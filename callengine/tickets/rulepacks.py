"""Rule packs: what a country's law, or a service's own order, gives for a term, as dated data; pure.

A pack is a file of data/rules (or one of the service's own). A rule names the clock, the limit, when the clock starts,
the branches of the classifier and the conditions under which it holds. Rules of one `family` are variants of one duty:
the one whose conditions hold applies; while they are not known, the `default` one, and the answer says what to ask.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from callengine.errors import EngineError
from callengine.tickets.calendar import DAY_MINUTES, is_clock
from callengine.tickets.model import AnswerType, Entry, Question, Urgency

Found = TypeVar("Found")
KNOWN = 10_000  # answers of a pack that are kept
CLOCK_NAMES = ("accept", "localise", "fix", "interim", "paid")
STARTS = ("registration", "damage", "outage")
_LIMIT = re.compile(r"(\d+) (s|min|h|d|working days?|calendar days?)")
_UNITS = {"min": 1, "h": 60, "d": DAY_MINUTES, "working day": DAY_MINUTES, "calendar day": DAY_MINUTES}


# Conditions by the ends of their names: a number of these, and a moment of "_at".
NUMBERS = ("_celsius", "_minutes", "_feeds", "_hours")
SEASONS = {"зима": "winter", "winter": "winter", "лето": "summer", "summer": "summer"}


class BadCondition(ValueError):
    """A condition that is not of its kind; the text says what to write."""


class PackError(EngineError):
    """A rule pack cannot be read."""

    code = "rules"


@dataclass(frozen=True, slots=True)
class Bound:
    """What a condition must be: a value, or a number from (included) and below (not)."""

    equals: Any = None
    from_: float | None = None
    below: float | None = None

    def holds(self, value: Any) -> bool:
        if self.equals is not None:
            return bool(_plain(value) == _plain(self.equals))
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return (self.from_ is None or value >= self.from_) and (self.below is None or value < self.below)


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One duty with a limit. `minutes` count by `window`; dates are days of the service's zone, the last included."""

    id: str
    clock: str
    minutes: int
    window: str
    start: str
    words_ru: str
    words_en: str
    source_ru: str
    source_en: str
    branches: tuple[str, ...] = ()
    urgencies: tuple[Urgency, ...] = ()
    when: tuple[tuple[str, Bound], ...] = ()
    family: str = ""
    default: bool = False
    monthly_minutes: int | None = None
    valid_from: date | None = None
    valid_until: date | None = None

    def concerns(self, entry: Entry, day: date) -> bool:
        """Whether the duty is about such a matter on that day, whatever the conditions are."""
        # Asked of every rule for every ticket: what rules out most of them comes first.
        if self.urgencies and entry.urgency not in self.urgencies:
            return False
        if self.branches and not _in_branches(entry.code, self.branches):
            return False
        return _in_force(self.valid_from, self.valid_until, day)

    def holds(self, conditions: Mapping[str, Any]) -> bool:
        return all(name in conditions and bound.holds(conditions[name]) for name, bound in self.when)

    def unknown(self, conditions: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(name for name, _ in self.when if name not in conditions)

    def words(self, language: str) -> str:
        return self.words_ru if language == "ru" else self.words_en

    def source(self, language: str) -> str:
        return self.source_ru if language == "ru" else self.source_en


@dataclass(frozen=True, slots=True)
class Duty:
    """What the pack asks of the service besides tickets' terms; for people to read, other rooms keep it."""

    limit: str
    words_ru: str
    words_en: str
    source_ru: str
    source_en: str
    verified: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    id: str
    title_ru: str
    title_en: str
    source_ru: str
    source_en: str
    countries: tuple[str, ...]
    rules: tuple[Rule, ...]
    read_on: date | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    opens: time = time(8)
    closes: time = time(17)
    winter: tuple[str, str] | None = None  # "10-15", "04-14": month and day, both in winter
    questions: tuple[Question, ...] = ()
    duties: tuple[Duty, ...] = ()
    # What was worked out of the rules before, for the same entries and the same day; a pack never changes.
    _known: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def season(self, day: date) -> str:
        """winter or summer; "" where the pack names no seasons."""
        if self.winter is None:
            return ""
        first, last = self.winter
        today = f"{day:%m-%d}"
        inside = first <= today <= last if first <= last else today >= first or today <= last
        return "winter" if inside else "summer"

    def chosen(self, entry: Entry, day: date, conditions: Mapping[str, Any]) -> list[tuple[Rule, tuple[str, ...]]]:
        """The rule of each family that applies, with the conditions that nobody has asked about yet."""
        if not _in_force(self.valid_from, self.valid_until, day):
            return []
        known = dict(conditions)
        found: list[tuple[Rule, tuple[str, ...]]] = []
        season, families = self._families(entry, day)
        known.setdefault("season", season)
        for rules in families:
            held = max((r for r in rules if r.holds(known)), key=lambda r: len(r.when), default=None)
            if held is not None:
                found.append((held, ()))
            else:
                found += [(rule, rule.unknown(known)) for rule in rules if rule.default][:1]
        return found

    def _families(self, entry: Entry, day: date) -> tuple[str, list[list[Rule]]]:
        """The season, and the rules that concern such a matter on the day, by their families."""

        def work_out() -> tuple[str, list[list[Rule]]]:
            families: dict[str, list[Rule]] = {}
            for rule in self.rules:
                if rule.concerns(entry, day):
                    families.setdefault(rule.family or rule.id, []).append(rule)
            return self.season(day), list(families.values())

        return self.once(("families", entry.code, entry.urgency, day), work_out)

    def once(self, key: Any, work_out: Callable[[], Found]) -> Found:
        """What follows from the rules for such a key, worked out the first time. It is everybody's: never changed."""
        found: Found | None = self._known.get(key)
        if found is None:
            if len(self._known) >= KNOWN:
                self._known.clear()
            found = self._known[key] = work_out()
        return found

    def variants(self, rule: Rule) -> Sequence[Rule]:
        family = rule.family or rule.id
        return self.once(("variants", family), lambda: [one for one in self.rules if (one.family or one.id) == family])

    def asks(self, entry: Entry, day: date) -> tuple[Question, ...]:
        """What the pack wants to know at intake about such a matter, in the order of its questions."""
        if not _in_force(self.valid_from, self.valid_until, day):
            return ()

        def work_out() -> tuple[Question, ...]:
            about = [rule for rules in self._families(entry, day)[1] for rule in rules]
            wanted = {name for rule in about for name, _ in rule.when}
            wanted |= {f"{rule.start}_at" for rule in about if rule.start != "registration"}
            return tuple(question for question in self.questions if question.condition in wanted)

        return self.once(("asks", entry.code, entry.urgency, day), work_out)

    def question(self, condition: str) -> Question | None:
        return next((one for one in self.questions if one.condition == condition), None)


NO_PACK = Pack(
    id="", title_ru="", title_en="", source_ru="", source_en="", countries=(), rules=()
)  # a country without rules of its own: the classifier's terms stand alone


def _in_force(first: date | None, last: date | None, day: date) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)


@lru_cache(maxsize=10_000)
def _in_branches(code: str, branches: tuple[str, ...]) -> bool:
    return any(_in_branch(code, one) for one in branches)


def _in_branch(code: str, branch: str) -> bool:
    return not branch or code == branch or code.startswith(branch + "-")


# --- reading ------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def shipped() -> tuple[Pack, ...]:
    """The packs that come with the engine, by their ids."""
    folder = resources.files("callengine.data").joinpath("rules")
    files = sorted((one for one in folder.iterdir() if one.name.endswith(".toml")), key=lambda one: one.name)
    return tuple(parse(one.read_text("utf-8"), one.name) for one in files)


def pack_for(name: str, country: str) -> Pack:
    """The pack by its id, by the path of a .toml of the service's own, or ("") that of the country.

    Raises PackError that says what may be written.
    """
    if name.endswith(".toml"):
        try:
            return parse(Path(name).read_text("utf-8"), name)
        except (OSError, UnicodeDecodeError) as error:
            raise PackError(f"[locale] rules: {name}: {error}") from error
    for pack in shipped():
        if pack.id == name or (not name and country in pack.countries):
            return pack
    if not name or name == "none":
        return NO_PACK
    names = ", ".join(pack.id for pack in shipped())
    raise PackError(f"[locale] rules = {name!r}: write one of {names}, none, or the path of a .toml of your own")


def parse(text: str, name: str) -> Pack:
    """A pack out of TOML; raises PackError that names the file, the rule and what is wrong with it."""
    try:
        raw = tomllib.loads(text)
        return _pack(raw)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{error.args[0]} is missing" if isinstance(error, KeyError) and error.args else str(error)
        raise PackError(f"rule pack {name}: {what}") from error


def _pack(raw: Mapping[str, Any]) -> Pack:
    opens, closes = (time.fromisoformat(part) for part in str(raw.get("work", "08:00-17:00")).split("-"))
    winter = raw.get("seasons", {}).get("winter")
    rules = tuple(_rule(one) for one in raw.get("rules", []))
    if len({rule.id for rule in rules}) < len(rules):
        raise ValueError("two rules have one id")
    return Pack(
        id=raw["id"],
        title_ru=raw["title_ru"],
        title_en=raw["title_en"],
        source_ru=raw["source_ru"],
        source_en=raw["source_en"],
        countries=tuple(raw.get("countries", [])),
        rules=rules,
        read_on=raw.get("read_on"),
        valid_from=raw.get("valid_from"),
        valid_until=raw.get("valid_until"),
        opens=opens,
        closes=closes,
        winter=(str(winter[0]), str(winter[1])) if winter else None,
        questions=tuple(_question(one) for one in raw.get("questions", [])),
        duties=tuple(_duty(one) for one in raw.get("duties", [])),
    )


def _rule(raw: Mapping[str, Any]) -> Rule:
    try:
        return _rule_of(raw)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        what = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"rule {raw.get('id', '?')}: {what}") from error


def _rule_of(raw: Mapping[str, Any]) -> Rule:
    minutes, window = _limit(raw["limit"])
    if "window" in raw:
        window = raw["window"]
    if not is_clock(window):
        raise ValueError(f"window {window!r}: 24x7, work, or such as 08:00-23:00")
    clock, start = raw["clock"], raw.get("start", "registration")
    if clock not in CLOCK_NAMES:
        raise ValueError(f"clock {clock!r}: one of {', '.join(CLOCK_NAMES)}")
    if start not in STARTS:
        raise ValueError(f"start {start!r}: one of {', '.join(STARTS)}")
    return Rule(
        id=raw["id"],
        clock=clock,
        minutes=minutes,
        window=window,
        start=start,
        words_ru=raw["words_ru"],
        words_en=raw["words_en"],
        source_ru=raw["source_ru"],
        source_en=raw["source_en"],
        branches=tuple(raw.get("branches", [])),
        urgencies=tuple(Urgency(one) for one in raw.get("urgencies", [])),
        when=tuple((name, _bound(name, one)) for name, one in raw.get("when", {}).items()),
        family=raw.get("family", ""),
        default=raw.get("default", False),
        monthly_minutes=_limit(raw["monthly"])[0] if "monthly" in raw else None,
        valid_from=raw.get("valid_from"),
        valid_until=raw.get("valid_until"),
    )


def _limit(text: str) -> tuple[int, str]:
    """Minutes and the clock that counts them: "30 min", "2 h", "3 d", "1 working day", "7 calendar days"."""
    match = _LIMIT.fullmatch(text)
    unit = match[2].removesuffix("s") if match else ""
    if match is None or unit not in _UNITS or not int(match[1]):
        raise ValueError(f"limit {text!r}: write such as 30 min, 2 h, 3 d, 1 working day, 7 calendar days")
    clock = {"working day": "workdays", "calendar day": "days"}.get(unit, "24x7")
    return int(match[1]) * _UNITS[unit], clock


def _bound(name: str, raw: Mapping[str, Any]) -> Bound:
    unknown = set(raw) - {"is", "from", "below"}
    if unknown or not raw:
        raise ValueError(f"when.{name}: is, from or below")
    return Bound(raw.get("is"), raw.get("from"), raw.get("below"))


def _question(raw: Mapping[str, Any]) -> Question:
    return Question(
        text_ru=raw["text_ru"],
        text_en=raw["text_en"],
        type=AnswerType(raw["type"]),
        choices=tuple(raw.get("choices", [])),
        unit=raw.get("unit", ""),
        condition=raw["condition"],
    )


def _duty(raw: Mapping[str, Any]) -> Duty:
    return Duty(
        raw.get("limit", ""),
        raw["words_ru"],
        raw["words_en"],
        raw["source_ru"],
        raw["source_en"],
        raw.get("verified", True),
    )


_SEASON_WORDS = {"winter": ("зима", "winter"), "summer": ("лето", "summer")}


def in_words(pack: Pack, name: str, bound: Bound, language: str) -> str:
    """A condition for people: «Сколько градусов в комнате? 10…12 °C»."""
    ru, question = language == "ru", pack.question(name)
    unit = f" {question.unit}" if question and question.unit else ""
    if bound.equals is not None:
        said = _said(bound.equals, ru)
    elif bound.from_ is not None and bound.below is not None:
        said = f"{bound.from_:g}…{bound.below:g}"
    elif bound.from_ is not None:
        said = f"≥ {bound.from_:g}"
    else:
        said = f"< {bound.below:g}"
    label = question.text(language) if question else ("время года:" if ru else "season:") if name == "season" else name
    return f"{label} {said}{unit}"


def _said(value: Any, ru: bool) -> str:
    if isinstance(value, bool):
        return ("да" if value else "нет") if ru else ("yes" if value else "no")
    return _SEASON_WORDS[value][0 if ru else 1] if value in _SEASON_WORDS else f"{value}"


# --- what was answered at intake ------------------------------------------------------------------------------


def script_of(entry: Entry, pack: Pack, day: date) -> tuple[Question, ...]:
    """What the operator asks: the entry's script, then what the rules want to know and the script does not ask."""
    own = entry.script or tuple(Question(text) for text in entry.questions)
    asked = {question.condition for question in own if question.condition}
    return (*own, *(question for question in pack.asks(entry, day) if question.condition not in asked))


def told(conditions: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """Conditions as they are kept on a ticket (JSON): numbers, yes or no, words, moments as RFC 3339 text.

    Raises BadCondition that names the one at fault.
    """
    found: dict[str, Any] = {}
    for name, value in conditions.items():
        if value is None or value == "":
            continue
        found[name] = _told(name, value, zone)
    return found


def _told(name: str, value: Any, zone: ZoneInfo) -> Any:
    if name.endswith("_at"):
        return moment_told(name, value, zone).isoformat()
    if name.endswith(NUMBERS):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise BadCondition(f"{name}: a number")
        return float(value)
    if isinstance(value, str):
        return SEASONS.get(value.casefold(), value) if name == "season" else value
    if isinstance(value, bool | int | float):
        return value
    raise BadCondition(f"{name}: a number, yes or no, or a word")


def moment_told(name: str, value: Any, zone: ZoneInfo) -> datetime:
    """A moment that a condition tells; one without a zone is of the service's own. Raises BadCondition."""
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise BadCondition(f"{name}: a moment such as 2026-11-20T08:00:00+03:00") from None
