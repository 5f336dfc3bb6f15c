"""When a notice goes out, how long it is tried, what makes a ticket critical; pure: moments in, moments out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from callengine.notices.model import LOUD, Channel, Kind
from callengine.tickets.model import Ticket, Urgency

BACKOFF_SECONDS = (5.0, 30.0, 120.0, 600.0, 900.0)
DANGER_BACKOFF_SECONDS = (2.0, 5.0, 15.0, 30.0, 60.0)
# How long it is worth telling: a job that nobody took by then climbed its ladder long ago; a letter to the
# municipality is tried for three days and then told to people.
LIVES = {
    Kind.JOB: timedelta(hours=2),
    Kind.UNACKNOWLEDGED: timedelta(hours=2),
    Kind.REMINDER: timedelta(hours=12),
    Kind.CRITICAL: timedelta(days=3),
    Kind.OUTAGE: timedelta(hours=6),
    Kind.ROUTED: timedelta(hours=24),
    Kind.OVERDUE: timedelta(days=3),
}
LIFE = timedelta(days=2)
# DOMAIN.md: what threatens life or is an accident is told at once, by night too.
DANGER = frozenset({Urgency.LIFE, Urgency.EMERGENCY})


def critical(ticket: Ticket) -> bool:
    """Whether the municipality is written to at once: life, an accident, or an entry that says so (ПП РФ 416)."""
    return ticket.urgency in DANGER or ticket.classifier.notify_municipality


def backoff(tries: int, *, danger: bool = False) -> timedelta:
    """How long after the try number `tries` failed the next one comes."""
    steps = DANGER_BACKOFF_SECONDS if danger else BACKOFF_SECONDS
    return timedelta(seconds=steps[min(max(tries, 1), len(steps)) - 1])


def life(kind: Kind) -> timedelta:
    return LIVES.get(kind, LIFE)


def hours(text: str) -> tuple[time, time]:
    """ "22-08" as two times of day. Raises ValueError."""
    begins, dash, ends = text.partition("-")
    if not dash:
        raise ValueError(f"{text!r} is no stretch of the day: write it as 22-08")
    return _hour(begins), _hour(ends)


def _hour(text: str) -> time:
    hour, colon, minute = text.strip().partition(":")
    if not (hour.isascii() and hour.isdigit() and (not colon or (minute.isascii() and minute.isdigit()))):
        raise ValueError(f"{text!r} is no time of day: write it as 22 or 22:30")
    return time(int(hour) % 24 if int(hour) == 24 else int(hour), int(minute or 0))


def quiet_until(at: datetime, quiet: str, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours that `at` falls into end; None when it falls into none, or there are none ('')."""
    if not quiet:
        return None
    begins, ends = hours(quiet)
    local = at.astimezone(zone)
    now = local.timetz().replace(tzinfo=None)
    if begins == ends or not (begins <= now < ends if begins < ends else now >= begins or now < ends):
        return None
    day = local.date() if now < ends else local.date() + timedelta(days=1)
    return datetime.combine(day, ends, zone).astimezone(at.tzinfo)


def climbing(
    begins: datetime, after_seconds: Sequence[float], *, danger: bool, quiet: str, zone: ZoneInfo
) -> list[datetime]:
    """The moments of a ladder's rungs, each so many seconds after `begins`.

    The first one that falls into quiet hours waits for their end, and those after it wait as long: the gaps between
    them stay, so that nobody is told by three ways at once in the morning.
    """
    moments, shift = [], timedelta()
    for seconds in after_seconds:
        at = begins + shift + timedelta(seconds=seconds)
        allowed = (None if danger else quiet_until(at, quiet, zone)) or at
        shift += allowed - at
        moments.append(allowed)
    return moments


def allowed_at(at: datetime, channel: Channel, *, danger: bool, quiet: str, zone: ZoneInfo) -> datetime:
    """The first moment not before `at` when the channel may be heard."""
    if danger or channel not in LOUD:
        return at
    return quiet_until(at, quiet, zone) or at
