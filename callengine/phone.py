"""Telephone numbers: E.164, a short number, or withheld; three cases, one type.

What the network wrote is parsed at the wall. A text that is no number at all (a SIP URI, a name, rubbish)
is kept as `raw` with kind `other`, so that no call is ever ignored for its number (F33, F35).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import phonenumbers


class Kind(StrEnum):
    E164 = "e164"
    SHORT = "short"
    WITHHELD = "withheld"
    OTHER = "other"


_WITHHELD = {"", "anonymous", "unknown", "unavailable", "restricted", "private", "withheld", "<unknown>", "-"}
_SHORT = re.compile(r"[*#]?\d{2,6}")
_SIP_USER = re.compile(r"^(?:sips?|tel):([^@;]+)", re.IGNORECASE)
# What a Russian network writes of nearly every caller: the library would give it back unchanged, in 25 us.
_PLAIN = re.compile(r"\+7[3489][0-9]{9}")
_ORNAMENT = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]")
RAW_LIMIT = 80


@dataclass(frozen=True, slots=True)
class Phone:
    """A number as the engine keeps it: `value` is "+79074121806", "109", "" when withheld, else the raw text."""

    kind: Kind
    value: str

    def __str__(self) -> str:
        return self.value

    @property
    def can_be_called(self) -> bool:
        """True for what a trunk can dial back."""
        return self.kind in (Kind.E164, Kind.SHORT)


WITHHELD = Phone(Kind.WITHHELD, "")


def read(text: str | None, *, country: str = "RU", city_code: str = "") -> Phone:
    """Read what a network, a person or a CSV wrote.

    `country` is ISO 3166 alpha-2, for numbers written nationally; `city_code` completes city-local numbers
    ("24-51-83" with "3072" is +7 3072 245183). Never raises: what is no number keeps its text as kind OTHER.
    """
    raw = (text or "").strip()
    if raw.lower() in _WITHHELD:
        return WITHHELD
    if match := _SIP_USER.match(raw):
        raw = match.group(1)
    if _PLAIN.fullmatch(raw):
        return Phone(Kind.E164, raw)
    digits = _ORNAMENT.sub("", raw)
    if not re.fullmatch(r"[*#+]?\d+", digits):
        return Phone(Kind.OTHER, "".join(c for c in raw if c.isprintable())[:RAW_LIMIT])
    if _SHORT.fullmatch(digits) and not (city_code and len(digits) >= 5):
        return Phone(Kind.SHORT, digits)
    return _international(digits, country, city_code) or Phone(
        Kind.SHORT if _SHORT.fullmatch(digits) else Kind.OTHER, digits[:RAW_LIMIT]
    )


# For callers, who come back. A file of two million numbers is `read`: it would drive them all out, and keep 20 MiB.
parse = lru_cache(maxsize=65536)(read)


def _international(digits: str, country: str, city_code: str) -> Phone | None:
    candidates = [digits]
    if city_code and not digits.startswith("+"):
        candidates.insert(0, city_code + digits) if len(digits) <= 10 - len(city_code) else None
    if not digits.startswith("+"):
        candidates.append("+" + digits)
    for candidate in candidates:
        try:
            number = phonenumbers.parse(candidate, country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number) and len(candidate.lstrip("+")) >= 7:
            return Phone(Kind.E164, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return None


def stored(kind: str, value: str) -> Phone:
    """A Phone from its two columns."""
    return Phone(Kind(kind), value)
