"""The classifier: rows read and checked, entries searched by words, and what is impossible for a house; pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from callengine.directory import search
from callengine.tickets.model import KINDS, Entry, FoundEntry, Urgency

COLUMNS = (
    "code category problem_ru problem_en urgency organisation_kind organisation_kinds_next trade responsible "
    "accept_minutes localize_minutes fix_minutes clock notify_municipality questions_ru source"
).split()
_CODE = re.compile(r"[\w.]+(?:-[\w.]+)*")
_WINDOW = re.compile(r"([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)")
_SMALL = frozenset("в во на у и не из с со к по до при нет the a an of in on at no not to or".split())
NOWHERE = 1000
MOST_MINUTES = 60 * 24 * 366


class BadRow(ValueError):
    """A row of the classifier that cannot be taken; the text says why."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a branch of the classifier asks of a house; `feature` with "!" must be absent."""

    branch: str
    feature: str
    reason_ru: str
    reason_en: str


def shipped() -> Iterable[dict[str, str]]:
    """The rows of the shipped classifier."""
    text = resources.files("callengine.data").joinpath("classifier.csv").read_text("utf-8-sig")
    return csv.DictReader(io.StringIO(text))


def entry_of(row: Mapping[str, str]) -> Entry:
    """An entry from a row of text; raises BadRow naming the column and what to write."""
    cell = {key: (row.get(key) or "").strip() for key in COLUMNS}
    for key in ("code", "category", "problem_ru"):
        if not cell[key]:
            raise BadRow(f"{key} is empty")
    if not _CODE.fullmatch(cell["code"]):
        raise BadRow(f"code {cell['code'][:40]!r}: letters, digits, dots and hyphens only")
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
        accept_minutes=_minutes("accept_minutes", cell),
        localize_minutes=_minutes("localize_minutes", cell),
        fix_minutes=_minutes("fix_minutes", cell),
        clock=_clock(cell["clock"]),
        notify_municipality=_yes("notify_municipality", cell),
        questions=tuple(_parts(cell["questions_ru"])),
        source=cell["source"],
    )


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split("|") if part.strip()]


def _urgency(text: str) -> Urgency:
    try:
        return Urgency(text)
    except ValueError:
        raise BadRow(f"urgency {text[:40]!r}: one of {', '.join(Urgency)}") from None


def _kind(text: str) -> str:
    if text not in KINDS:
        raise BadRow(f"organisation_kind {text[:40]!r}: one of {', '.join(KINDS)}")
    return text


def _minutes(key: str, cell: Mapping[str, str]) -> int | None:
    text = cell[key]
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,7}", text) or not 0 < int(text) <= MOST_MINUTES:
        raise BadRow(f"{key} {text[:40]!r}: whole minutes from 1 to {MOST_MINUTES}, or empty")
    return int(text)


def _clock(text: str) -> str:
    text = text or "24x7"
    if text not in ("24x7", "work", "workdays") and not (_WINDOW.fullmatch(text) and text[:5] != text[6:]):
        raise BadRow(f"clock {text[:40]!r}: 24x7, work, workdays, or a window such as 08:00-23:00")
    return text


def _yes(key: str, cell: Mapping[str, str]) -> bool:
    text = cell[key].lower()
    if text not in ("", "yes", "no", "да", "нет", "true", "false", "1", "0"):
        raise BadRow(f"{key} {text[:40]!r}: yes or no")
    return text in ("yes", "да", "true", "1")


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
    if not has:
        return ""
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
    problems = [_words(f"{entry.code} {entry.problem_ru} {entry.problem_en}") for entry in entries]
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


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    return tuple(search.words_of(text))


def _stem(word: str) -> str:
    return re.sub(
        r"(?:ами|ями|ого|его|ому|ему|ыми|ими|ой|ей|ая|яя|ое|ее|ые|ие|ый|ий|ом|ем|ов|ев|ах|ях|[аеиоуыэюяьй])$", "", word
    )


def grouped(found: Iterable[FoundEntry]) -> dict[str, list[FoundEntry]]:
    """By category, in the order of the classifier."""
    tree: dict[str, list[FoundEntry]] = {}
    for hit in found:
        tree.setdefault(hit.entry.category, []).append(hit)
    return tree
