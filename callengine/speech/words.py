"""What is written becomes what is said: the one door to the renderers, in Russian and English. Pure.

Numbers go through num2words; why no library for free text is used stands in docs/decisions.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date as Date
from datetime import datetime
from datetime import time as Time
from decimal import Decimal
from functools import lru_cache

from callengine.errors import Refused
from callengine.speech import english, numerals, russian
from callengine.speech.numerals import Case, Gender

LANGUAGES = ("ru", "en")
Language = str
_NO_END = {
    "ru": frozenset(
        "ул д кв г пр пер пл тел корп к стр руб коп обл наб ш мкр им эт т пос п с под пом оф мин ч сек чел гр р лит вл "
        "бул просп дер туп ком".split()
    ),
    "en": frozenset("st ave no apt mr mrs ms dr rd bldg approx tel fl sq e g i etc".split()),
}


@lru_cache(4096)
def normalise(text: str, language: str) -> str:
    """The text in words, as far as it is known how; other signs stay for the voice. Idempotent. Raises Refused."""
    once = _of(language, russian.normalise, english.normalise)
    for _ in range(5):
        # What one pass has said may be what another looks for: «31.02 XIV».
        if (said := once(text)) == text:
            break
        text = said
    return text


def sentences(text: str, language: str) -> list[str]:
    """Cut after . ! and ?, not after abbreviations: «ул. Ленина» stays whole."""
    found, begun = [], 0
    for match in re.finditer(r"[.!?]+]?(?=\s)", text):
        word = re.search(r"([^\W\d_]+)$", text[begun : match.start()])
        if match[0] == "." and word and word[1].lower() in _NO_END.get(language, ()):
            continue
        # A bracket that is open belongs to one sentence.
        if (part := text[begun : match.end()]).count("[") > part.count("]"):
            continue
        found.append(part.strip())
        begun = match.end()
    return [one for one in [*found, text[begun:].strip()] if one]


def number(value: int, language: str, *, case: Case = "n", gender: Gender = "m") -> str:
    return numerals.cardinal(value, _known(language), case=case, gender=gender)


def counted(value: int, noun: str, language: str, *, case: Case = "n") -> str:
    """«пять заявок», "five tickets"; nouns are those of numerals.NOUNS."""
    return numerals.counted(value, noun, _known(language), case=case)


def digits(text: str, language: str) -> str:
    """One by one."""
    return _of(language, russian.digits, english.digits)(text)


def time_of_day(at: Time, language: str, *, case: Case = "n") -> str:
    if _known(language) == "ru":
        return russian.time(at.hour, at.minute, case)
    return english.time(at.hour, at.minute)


def day(at: Date, language: str, *, case: Case = "g", year: bool = False) -> str:
    """«двадцать второго ноября»; in the genitive it says when."""
    if _known(language) == "ru":
        return russian.date(at.day, at.month, at.year if year else None, case)
    return english.date(at.day, at.month, at.year if year else None)


def moment(at: datetime, language: str, *, case: Case | None = None) -> str:
    """Day and hour in the zone of `at`: «двадцать второго ноября, девять часов пять минут»."""
    if _known(language) == "ru":
        # After «с» and «до» both stand in the genitive; alone the day says when, the hour just is.
        return f"{russian.date(at.day, at.month, None, case or 'g')}, {russian.time(at.hour, at.minute, case or 'n')}"
    return f"{english.date(at.day, at.month)}, {english.time(at.hour, at.minute)}"


def ticket_number(text: str, language: str) -> str:
    return _of(language, russian.ticket_number, english.ticket_number)(text)


def telephone(text: str, language: str) -> str:
    """A number as it is written (+74965751212, 8 (800) 555-35-35, 115) or withheld ("")."""
    return _of(language, russian.telephone, english.telephone)(text)


def address(text: str, language: str) -> str:
    return normalise(text, language)


def money(amount: Decimal, language: str) -> str:
    """Roubles and kopecks. Raises Refused for a part of a kopeck or a negative sum."""
    kopecks = amount * 100
    if amount < 0 or kopecks != kopecks.to_integral_value():
        raise Refused(f"{amount} is no sum of roubles and kopecks")
    whole, part = divmod(int(kopecks), 100)
    return russian.money(whole, part) if _known(language) == "ru" else english.money(whole, part)


def ticket_status(ticket: str, work: str, status: str, due: datetime | None, language: str) -> str:
    """One line of the status by phone."""
    said = ticket_number(ticket, language)
    about = f": {normalise(work, language)}" if work else ""
    state = normalise(status, language).rstrip(".")
    if _known(language) == "ru":
        until = f" Срок: {moment(due, language)}." if due else ""
        return f"Заявка номер {said}{about}. Состояние: {state.lower()}.{until}"
    until = f" Due: {moment(due, language)}." if due else ""
    return f"Ticket number {said}{about}. State: {state.lower()}.{until}"


def no_tickets(language: str) -> str:
    ru, en = "По вашему номеру открытых заявок нет.", "There are no open tickets for your number."
    return ru if _known(language) == "ru" else en


def _known(language: str) -> str:
    if language not in LANGUAGES:
        raise Refused(f"there is no voice for the language {language[:20]!r}; write one of {', '.join(LANGUAGES)}")
    return language


def _of(language: str, ru: Callable[[str], str], en: Callable[[str], str]) -> Callable[[str], str]:
    return ru if _known(language) == "ru" else en
