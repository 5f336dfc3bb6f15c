"""What another side said, made fit to be kept: on one line, short, without our own secrets; pure."""

from __future__ import annotations

from collections.abc import Iterable

MOST = 200


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """At most 200 printable characters; a gateway that repeats our password to us does not bring it into a log."""
    for secret in sorted({one for one in secrets if len(one) >= 3}, key=len, reverse=True):
        text = text.replace(secret, "•••")
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:MOST]
