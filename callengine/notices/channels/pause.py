"""How long a gateway may hold us off: what its Retry-After says, within bounds; pure."""

from __future__ import annotations

MOST_SECONDS, MOST_DANGER_SECONDS = 900.0, 60.0


def retry_after(value: str, *, danger: bool) -> float | None:
    """Seconds of a Retry-After, at most 15 minutes, or a minute for danger; None where it has no plain number.

    RFC 9110, 10.2.3; its other form, a date, is not read: our own backoff holds then.
    """
    if not (value.isascii() and value.isdigit()):
        return None
    return min(float(value), MOST_DANGER_SECONDS if danger else MOST_SECONDS)
