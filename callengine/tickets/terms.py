"""A term as people write it: «3 суток», «2 ч», «1 ч 30 мин», «3 раб. дня», "3 days", 4320; pure."""

from __future__ import annotations

import re

MOST_MINUTES = 60 * 24 * 366
_PART = re.compile(
    r"(\d{1,7}(?:[.,]\d{1,3})?)?\s*((?:раб(?:очих|очие|очий|очего|\.)?|working|business)\s*)?([^\W\d_]+)\.?"
)
_UNITS = {
    1: "м мин минут минута минуты минуту m min mins minute minutes",
    60: "ч час часа часов hour hours h hr hrs",
    1440: "сут сутки суток дн день дня дней day days d 24ч",
    10080: "нед неделя недели недель неделю week weeks w",
}
_MINUTES = {word: minutes for minutes, words in _UNITS.items() for word in words.split()}
_HALVES = {"полчаса": 30, "полсуток": 720, "полтора часа": 90}


class BadTerm(ValueError):
    """A term that cannot be counted; the text says what to write."""


def minutes_of(text: str, clock: str = "24x7") -> int | None:
    """Whole minutes from 1 to a year; None for an empty text. Working days need a working clock. Raises BadTerm."""
    words = " ".join(text.lower().replace("\u00a0", " ").split())
    if not words:
        return None
    minutes = int(words) if re.fullmatch(r"\d{1,7}", words, re.ASCII) else _in_words(words, clock)
    if minutes is None or not 0 < minutes <= MOST_MINUTES or minutes != int(minutes):
        raise BadTerm(f"{text[:40]!r}: whole minutes from 1 to {MOST_MINUTES}, or words such as «2 ч», «3 суток»")
    return int(minutes)


def _in_words(words: str, clock: str) -> float | None:
    if words in _HALVES:
        return _HALVES[words]
    total, place = 0.0, 0
    for match in _PART.finditer(words):
        if words[place : match.start()].strip(" ,и") or (match[1] is None and place):
            return None
        unit = _MINUTES.get(match[3])
        if unit is None:
            return None
        if match[2]:
            _check_working(match[3], unit, clock)
        total += float((match[1] or "1").replace(",", ".")) * unit
        place = match.end()
    return round(total, 6) if place and not words[place:].strip() else None


def _check_working(word: str, unit: int, clock: str) -> None:
    if unit != 1440:
        raise BadTerm(f"working {word!r}: only days can be working ones")
    if clock not in ("work", "workdays"):
        raise BadTerm("working days need the clock work or workdays in the same row")
