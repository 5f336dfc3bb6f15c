"""How a person wants to be told of his tickets, on his card and on each (R177), and where he is written to; pure."""

from __future__ import annotations

import re
from enum import StrEnum

from callengine.errors import Refused

MOST_EMAIL = 254  # characters of an address (RFC 5321)
_EMAIL = re.compile(r"[^\s@,;<>\x00-\x1f]+@[^\s@,;<>\x00-\x1f]+\.[^\s@,;<>\x00-\x1f]+")


class Way(StrEnum):
    """`AS_EVER` is the service's own order (browser, SMS, the robot); `NONE` leaves only what is of danger."""

    AS_EVER = ""
    NONE = "none"
    SMS = "sms"
    PUSH = "push"
    CALL = "call"
    EMAIL = "email"


_WAYS = frozenset(Way)


def checked(notify: str, email: str, *, pointer: str = "") -> tuple[str, str]:
    """A way and an address as they may be kept. Raises Refused with the pointer below `pointer`."""
    email = email.strip()
    if notify not in _WAYS:
        told = ", ".join(way for way in Way if way)
        raise Refused(f"there is no way {notify!r} to tell him: {told}, or nothing", pointer=f"{pointer}/notify")
    if email and (len(email) > MOST_EMAIL or not _EMAIL.fullmatch(email)):
        raise Refused(f"{email[:40]!r} is no e-mail address", pointer=f"{pointer}/email")
    if notify == Way.EMAIL and not email:
        raise Refused("write the e-mail address that he is told at", pointer=f"{pointer}/email")
    return notify, email


def hidden(email: str) -> str:
    """An address for somebody who knows it already: «a…@mail.ru»."""
    name, at, host = email.partition("@")
    return f"{name[:1]}…@{host}" if at else ""
