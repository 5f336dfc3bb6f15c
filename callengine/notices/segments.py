"""An SMS in parts, as 3GPP TS 23.038 and 23.040 count them; pure."""

from __future__ import annotations

from dataclasses import dataclass

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM = {char: code for code, char in enumerate(_BASIC) if char != "\x1b"}
# After an escape; each takes two places.
GSM_MORE = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
ESCAPE = 0x1B
GSM_ONE, GSM_EACH = 160, 153  # septets; a header of six octets takes seven of them
LATIN1_ONE, LATIN1_EACH = 140, 134
UCS2_ONE, UCS2_EACH = 70, 67  # UTF-16 units
MOST_PARTS = 255


@dataclass(frozen=True, slots=True)
class Sms:
    """A text as it goes over the air. `parts` are the user data of each part, without the header."""

    coding: str  # gsm, latin1 or ucs2
    parts: tuple[bytes, ...]
    units: int  # septets or UTF-16 units, of all


def split(text: str, *, plain: str = "gsm") -> Sms:
    """The text in the plain alphabet where it fits, else in UCS-2: 70 UTF-16 units, or 67 in each part.

    `plain` is gsm (160 septets, one octet each as SMPP has them; 153 in each part), latin1 (140 octets, 134), or ucs2.
    """
    if plain == "gsm" and all(char in GSM or char in GSM_MORE for char in text):
        units = [bytes([GSM[char]]) if char in GSM else bytes([ESCAPE, GSM_MORE[char]]) for char in text]
        return Sms("gsm", _pack(units, 1, GSM_ONE, GSM_EACH), sum(len(unit) for unit in units))
    if plain == "latin1" and all(ord(char) < 256 for char in text):
        units = [char.encode("latin-1") for char in text]
        return Sms("latin1", _pack(units, 1, LATIN1_ONE, LATIN1_EACH), len(units))
    # A surrogate pair stands together: half a smiling face is no character.
    units = [char.encode("utf-16-be", "replace") for char in text]
    return Sms("ucs2", _pack(units, 2, UCS2_ONE, UCS2_EACH), sum(len(unit) for unit in units) // 2)


def _pack(units: list[bytes], size: int, one: int, each: int) -> tuple[bytes, ...]:
    if sum(len(unit) for unit in units) <= one * size:
        return (b"".join(units),)
    parts: list[bytes] = []
    part = bytearray()
    for unit in units:
        if len(part) + len(unit) > each * size:
            parts.append(bytes(part))
            part.clear()
        part += unit
    return (*parts, bytes(part))
