"""The classifier: rows read and checked, its tree, entries searched by words, what is impossible for a house; pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from typing import Any

from callengine.directory import search
from callengine.tickets import script
from callengine.tickets.model import KINDS, URGENCY_LABELS, Entry, Group, Question, Urgency
from callengine.tickets.routing import CENTRE, SPOKEN
from callengine.tickets.script import BadRow as BadRow
from callengine.tickets.terms import MOST_MINUTES as MOST_MINUTES
from callengine.tickets.terms import BadTerm, minutes_of

COLUMNS = (
    "code parent category problem_ru problem_en urgency organisation_kind organisation_kinds_next trade responsible "
    "accept_minutes localize_minutes fix_minutes clock notify_municipality questions_ru questions_en paid "
    "confirm_minutes safety_ru safety_en transfer_to referral_ru referral_en answer_ru answer_en source active"
).split()
TEXTS = frozenset("safety_ru safety_en referral_ru referral_en answer_ru answer_en source".split())
CONFIRM_MINUTES = 90  # by-115: a paid job that nobody confirmed in so long goes to private firms
MOST_LETTERS = 300
MOST_TEXT = 4000
_CODE = re.compile(r"[\w.]{1,40}(?:-[\w.]{1,40}){0,6}")
_WINDOW = re.compile(r"([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)")
_NUMBER = re.compile(r"\+?[0-9]{2,15}")
_CLOCKS = {
    "": "24x7",
    "круглосуточно": "24x7",
    "24/7": "24x7",
    "рабочие часы": "work",
    "рабочее время": "work",
    "рабочие дни": "workdays",
}
_SMALL = frozenset("в во на у и не из с со к по до при нет the a an of in on at no not to or".split())
NOWHERE = 1000


@dataclass(frozen=True, slots=True)
class Need:
    """What a branch of the classifier asks of a house; `feature` with "!" must be absent."""

    branch: str
    feature: str
    reason_ru: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class Override:
    """Terms of one organisation for a branch: a code of the tree, or "" for all. None and "" leave what stands."""

    organisation_id: int
    branch: str
    reason: str  # the paper that allows it
    accept_minutes: int | None = None
    localize_minutes: int | None = None
    fix_minutes: int | None = None
    clock: str = ""
    urgency: str = ""


def of_place(entry: Entry) -> bool:
    """Whether a ticket says where it is: not information, nor what the centre or a service called by voice answers."""
    return entry.urgency is not Urgency.INFO and entry.organisation_kind not in (CENTRE, *SPOKEN)


# --- the shipped set --------------------------------------------------------------------------------------


def shipped() -> Iterable[dict[str, str]]:
    """The rows of the shipped classifier, with their English."""
    english = {row["code"]: row for row in _data("classifier.en.csv")}
    for row in _data("classifier.csv"):
        yield row | {"questions_en": english.get(row["code"], {}).get("questions", "")}


def shipped_groups() -> tuple[Group, ...]:
    """The groups above the shipped entries."""
    return tuple(
        Group(row["code"], row["name_ru"], row["name_en"], row["parent"], place * 10)
        for place, row in enumerate(_data("groups.csv"))
    )


def _data(name: str) -> list[dict[str, str]]:
    file = resources.files("callengine.data").joinpath(name)
    return list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig")))) if file.is_file() else []


# --- one row ----------------------------------------------------------------------------------------------


def entry_of(row: Mapping[str, str], known: Entry | None = None) -> Entry:
    """An entry from a row of text. A column that the row lacks keeps what the `known` entry has.

    Raises BadRow naming the column and what to write.
    """
    given = {key: " ".join((row[key] or "").split()) for key in COLUMNS if key in row}
    cell = {**dict.fromkeys(COLUMNS, ""), **(cells_of(known) if known else {"active": "yes"}), **given}
    for key in ("code", "category", "problem_ru"):
        if not cell[key]:
            raise BadRow(f"{key} is empty")
    _check_lengths(cell)
    check_code(cell["code"])
    clock, paid = _clock(cell["clock"]), _yes("paid", cell)
    asked = _script(cell, given, known)
    return Entry(
        code=cell["code"],
        category=cell["category"],
        problem_ru=cell["problem_ru"],
        problem_en=cell["problem_en"],
        urgency=_urgency(cell["urgency"]),
        organisation_kind=_kind(cell["organisation_kind"]),
        organisation_kinds_next=tuple(_kind(kind) for kind in _parts(cell["organisation_kinds_next"])),
        trade=cell["trade"],
        responsible=cell["responsible"],
        accept_minutes=_minutes("accept_minutes", cell, clock),
        localize_minutes=_minutes("localize_minutes", cell, clock),
        fix_minutes=_minutes("fix_minutes", cell, clock),
        clock=clock,
        notify_municipality=_yes("notify_municipality", cell),
        questions=tuple(question.text_ru for question in asked),
        source=cell["source"],
        active=_yes("active", cell) if cell["active"] else True,
        parent=cell["parent"] or parent_of(cell["code"]),
        script=asked,
        paid=paid,
        confirm_minutes=(_minutes("confirm_minutes", cell) or CONFIRM_MINUTES) if paid else None,
        safety_ru=cell["safety_ru"],
        safety_en=cell["safety_en"],
        transfer_to=_number(cell["transfer_to"]),
        referral_ru=cell["referral_ru"],
        referral_en=cell["referral_en"],
        answer_ru=cell["answer_ru"],
        answer_en=cell["answer_en"],
        valid_from=known.valid_from if known else None,
        valid_until=known.valid_until if known else None,
    )


def check_code(code: str) -> None:
    """Raises BadRow when a code of an entry or a group cannot be one."""
    if not _CODE.fullmatch(code):
        raise BadRow(f"code {code[:40]!r}: letters, digits, dots and hyphens only" if code else "code is empty")


def cells_of(entry: Entry) -> dict[str, str]:
    """The row that `entry_of` makes the same entry of."""
    minutes = ("accept_minutes", "localize_minutes", "fix_minutes", "confirm_minutes")
    flags = ("notify_municipality", "paid", "active")
    plain = {key: getattr(entry, key) for key in COLUMNS if not key.startswith("questions")}
    return {
        **{key: str(value) for key, value in plain.items()},
        **{key: "" if plain[key] is None else str(plain[key]) for key in minutes},
        **{key: "yes" if plain[key] else "no" for key in flags},
        "organisation_kinds_next": "|".join(entry.organisation_kinds_next),
        "questions_ru": script.write(script_of(entry)),
        "questions_en": script.write_english(script_of(entry)),
    }


def script_of(entry: Entry) -> tuple[Question, ...]:
    """The typed script; of an entry of the release before, its questions as free text."""
    return entry.script or tuple(Question(text) for text in entry.questions)


def parent_of(code: str) -> str:
    """The group that a code itself names: HVS of HVS-01; "" of a code without a hyphen."""
    return code.rpartition("-")[0].partition("-")[0]


def _script(cell: Mapping[str, str], given: Mapping[str, str], known: Entry | None) -> tuple[Question, ...]:
    asked = script.read(cell["questions_ru"], known.script if known else ())
    # English that the file does not bring stays with the Russian words that it stood beside.
    return script.read_english(asked, given["questions_en"]) if "questions_en" in given else asked


def _check_lengths(cell: Mapping[str, str]) -> None:
    for key, text in cell.items():
        most = MOST_TEXT if key in TEXTS or key.startswith("questions") else MOST_LETTERS
        if len(text) > most:
            raise BadRow(f"{key} is longer than {most} characters")
        if "\x00" in text:
            raise BadRow(f"{key} has a zero character in it")


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split("|") if part.strip()]


def _urgency(text: str) -> Urgency:
    for urgency, labels in URGENCY_LABELS.items():
        if text.casefold() in (urgency.value, *(label.casefold() for label in labels)):
            return urgency
    raise BadRow(f"urgency {text[:40]!r}: one of {', '.join(Urgency)}")


def _kind(text: str) -> str:
    if text not in KINDS:
        raise BadRow(f"organisation_kind {text[:40]!r}: one of {', '.join(KINDS)}")
    return text


def _minutes(key: str, cell: Mapping[str, str], clock: str = "24x7") -> int | None:
    try:
        return minutes_of(cell[key], clock)
    except BadTerm as bad:
        raise BadRow(f"{key} {bad}") from None


def _clock(text: str) -> str:
    text = _CLOCKS.get(text.lower(), text)
    if text not in ("24x7", "work", "workdays") and not (_WINDOW.fullmatch(text) and text[:5] != text[6:]):
        raise BadRow(f"clock {text[:40]!r}: 24x7, work, workdays, or a window such as 08:00-23:00")
    return text


def _yes(key: str, cell: Mapping[str, str]) -> bool:
    text = cell[key].lower()
    if text not in ("", "yes", "no", "да", "нет", "true", "false", "1", "0"):
        raise BadRow(f"{key} {text[:40]!r}: yes or no")
    return text in ("yes", "да", "true", "1")


def _number(text: str) -> str:
    if text and not _NUMBER.fullmatch(text):
        raise BadRow(f"transfer_to {text[:40]!r}: a number to dial, such as 112 or +74951234567")
    return text


# --- the tree and overrides -------------------------------------------------------------------------------


def loop_of(code: str, parents: Mapping[str, str]) -> list[str]:
    """The groups of a loop that going up from a code meets, or [] when it ends at the top."""
    way: list[str] = []
    while code and code not in way:
        way.append(code)
        code = parents.get(code, "")
    return [*way[way.index(code) :], code] if code else []


def path_of(entry: Entry, groups: Mapping[str, Group]) -> tuple[str, ...]:
    """The codes of the groups above an entry, the top first."""
    way: list[str] = []
    code = entry.parent
    while code in groups and code not in way:
        way.append(code)
        code = groups[code].parent
    return tuple(reversed(way))


def for_organisation(entry: Entry, overrides: Iterable[Override], path: Sequence[str] = ()) -> Entry:
    """The entry with the terms that an organisation has agreed on; `overridden` keeps the paper behind each.

    `overrides` are those of the one organisation. Each term is taken from the longest branch that sets it.
    `path` are the groups above the entry: a branch may be one of them, or the beginning of the code.
    """
    reasons: dict[str, str] = {}
    for override in sorted(overrides, key=lambda one: _depth(one.branch, entry, path)):
        if _depth(override.branch, entry, path) < 0:
            continue
        for term in ("accept_minutes", "localize_minutes", "fix_minutes", "clock", "urgency"):
            value = getattr(override, term)
            if value not in (None, ""):
                reasons[term] = override.reason
                changed: dict[str, Any] = {term: Urgency(value) if term == "urgency" else value}
                entry = replace(entry, **changed)
    return replace(entry, overridden=tuple(sorted(reasons.items())))


def _depth(branch: str, entry: Entry, path: Sequence[str]) -> int:
    """How narrow a branch is for the entry; -1 when the entry is not in it."""
    if not branch:
        return 0
    if in_branch(entry.code, branch):
        return 100 + len(branch)
    above = (*path, entry.parent)
    return 1 + above.index(branch) if branch in above else -1


# --- availability -----------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def needs() -> tuple[Need, ...]:
    """The shipped table of what the branches ask of a house."""
    text = resources.files("callengine.data").joinpath("availability.csv").read_text("utf-8")
    rows = csv.DictReader(io.StringIO(text))
    return tuple(Need(r["branch"], r["requires"], r["reason_ru"], r["reason_en"]) for r in rows)


def in_branch(code: str, branch: str) -> bool:
    """HVS-02 is in HVS-02, in HVS and in "", not in HV."""
    return not branch or code == branch or code.startswith(branch + "-")


def unavailable(code: str, features: Iterable[str], language: str = "ru") -> str:
    """Why the entry is impossible for a house, or ""; a house of which nothing is known gets everything."""
    has = frozenset(features)
    return _unavailable(code, has, language) if has else ""


@lru_cache(maxsize=10_000)
def _unavailable(code: str, has: frozenset[str], language: str) -> str:
    for need in needs():
        wanted, feature = not need.feature.startswith("!"), need.feature.removeprefix("!")
        if in_branch(code, need.branch) and (feature in has) != wanted:
            return need.reason_ru if language == "ru" else need.reason_en
    return ""


# --- search -----------------------------------------------------------------------------------------------


def searchable(entry: Entry) -> str:
    """The folded words that an entry is found by; kept in its `search` column."""
    return " ".join(search.words_of(f"{entry.code} {entry.problem_ru} {entry.problem_en} {entry.category}"))


def find(entries: Iterable[Entry], q: str) -> list[Entry]:
    """Entries that have every typed word (in Russian or English, a slip forgiven), best first; all for no words."""
    entries = list(entries)
    typed = _typed(q)
    if not typed:
        return entries
    found = _find(entries, typed)
    if not found and re.search("[a-z]", search.fold(q)):
        found = _find(entries, _typed(search.as_if_russian_keys(q)))
    return found


def _typed(q: str) -> list[str]:
    words = search.words_of(q)[: search.MAX_WORDS]
    return [word for word in words if word not in _SMALL] or words


def _find(entries: list[Entry], typed: list[str]) -> list[Entry]:
    problems = [problem_words(entry) for entry in entries]
    categories = [_words(entry.category) for entry in entries]
    totals = [0] * len(entries)
    for word in typed:
        scores = _scores(word, problems, categories, _plain)
        if min(scores, default=NOWHERE) >= NOWHERE:  # slips are forgiven only where nothing is written so
            scores = _scores(word, problems, categories, _with_slips)
        totals = [total + score for total, score in zip(totals, scores, strict=True)]
    hits = [(total, place) for place, total in enumerate(totals) if total < NOWHERE]
    return [entries[place] for _, place in sorted(hits)]


def _scores(
    word: str,
    problems: Sequence[Sequence[str]],
    categories: Sequence[Sequence[str]],
    score: Callable[[str, Sequence[str]], int],
) -> list[int]:
    """How well each entry answers one word: its problem counts before its category; NOWHERE when neither does."""
    found = []
    for problem, category in zip(problems, categories, strict=True):
        best = min(score(word, problem), score(word, category) + 2)
        found.append(best if best < 9 else NOWHERE)
    return found


def _plain(typed: str, words: Sequence[str]) -> int:
    """The word itself, its beginning, or another form of it: «лифта» finds «лифт», «трубы» finds «труба»."""
    if typed in words:
        return 0
    if any(word.startswith(typed) for word in words):
        return 1
    inflected = len(typed) >= 4 and not typed.isdigit()
    stem = _stem(typed)
    return 2 if inflected and any(_stem(word) == stem for word in words if len(word) >= 4) else 9


def _with_slips(typed: str, words: Sequence[str]) -> int:
    return search.closeness([typed], words)


def problem_words(entry: Entry) -> tuple[str, ...]:
    """The words of its code and of the problem in both languages."""
    return _words(f"{entry.code} {entry.problem_ru} {entry.problem_en}")


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    return tuple(search.words_of(text))


def _stem(word: str) -> str:
    return re.sub(
        r"(?:ами|ями|ого|его|ому|ему|ыми|ими|ой|ей|ая|яя|ое|ее|ые|ие|ый|ий|ом|ем|ов|ев|ах|ях|[аеиоуыэюяьй])$", "", word
    )
