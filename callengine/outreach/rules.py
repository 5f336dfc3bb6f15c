"""The rules of the robot's calls, pure: when, to whom, how many at once, what follows from a result, when it is over.

"By day" and "night" are of the clock on the wall of who is called.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import PhoneNumberType
from phonenumbers import timezone as zones_of_numbers

from callengine.config import Outreach, called_by_day
from callengine.menus.outcome import Outcome, Result
from callengine.outreach.model import CallKind, CallState, NoAnswer, Occupied
from callengine.phone import Kind, Phone

EACH_DAY, NO_HOLIDAYS, WORKDAYS = "each", "no_holidays", "workdays"
DAYS = (EACH_DAY, NO_HOLIDAYS, WORKDAYS)
YEAR_DAYS = 400


class Calendar(Protocol):
    """Which days work, with their names (tickets/calendar.py: Workdays)."""

    def working(self, day: date) -> bool: ...

    def name(self, day: date) -> str: ...


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a kind of call is, where nobody says otherwise. A lower priority calls first."""

    priority: int
    days: str


KINDS: dict[CallKind, Defaults] = {
    CallKind.JOB: Defaults(10, EACH_DAY),
    CallKind.OUTAGE: Defaults(20, EACH_DAY),
    CallKind.RATING: Defaults(30, NO_HOLIDAYS),
    CallKind.RESULT: Defaults(40, NO_HOLIDAYS),
    CallKind.METER: Defaults(50, NO_HOLIDAYS),
    CallKind.SURVEY: Defaults(60, NO_HOLIDAYS),
}
DANGER_PRIORITY = 0


# --- when ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Window:
    """From `opens` to before `closes`, on the days that `days` names."""

    opens: time
    closes: time
    days: str = EACH_DAY


def window(hours: str, days: str = EACH_DAY) -> Window:
    """The hours as configured, without what of them is night. Raises ValueError when nothing is left, or no hours."""
    if days not in DAYS:
        raise ValueError(f"no days of calls: {days!r}")
    return Window(*called_by_day(hours), days)


def hours_of(kind: CallKind, settings: Outreach) -> str:
    return settings.hours_of.get(kind.value, settings.hours)


def is_open(at: datetime, span: Window, zone: ZoneInfo, calendar: Calendar) -> bool:
    """Whether somebody in that zone may be called at the moment."""
    local = at.astimezone(zone)
    return span.opens <= local.time() < span.closes and _is_day(local.date(), span.days, calendar)


def opens_next(at: datetime, span: Window, zone: ZoneInfo, calendar: Calendar) -> datetime:
    """The first moment, from `at` on, at which he may be called; `at` itself when it is open. In UTC."""
    if is_open(at, span, zone, calendar):
        return at
    day = at.astimezone(zone).date()
    for _ in range(YEAR_DAYS):
        opening = datetime.combine(day, span.opens, tzinfo=zone).astimezone(UTC)
        if opening > at and is_open(opening, span, zone, calendar):
            return opening
        day += timedelta(days=1)
    raise ValueError("this calendar has no day of calls within a year")


def _is_day(day: date, days: str, calendar: Calendar) -> bool:
    """A holiday is a day off that has a name; a plain Sunday has none."""
    if days == EACH_DAY or calendar.working(day):
        return True
    return days == NO_HOLIDAYS and not calendar.name(day)


# --- to whom ------------------------------------------------------------------------------------------------

_NO_PERSON = {
    PhoneNumberType.PREMIUM_RATE: "a premium-rate number",
    PhoneNumberType.SHARED_COST: "a shared-cost number",
    PhoneNumberType.TOLL_FREE: "a toll-free number of a service",
    PhoneNumberType.PAGER: "a pager",
    PhoneNumberType.VOICEMAIL: "a voice mailbox",
    PhoneNumberType.UAN: "a number of a service",
}


def no_number_to_call(number: Phone) -> str:
    """Why the robot does not call it, or "". Short numbers are services, and so are 8 800 and premium ones."""
    if number.kind is Kind.SHORT:
        return "a short number belongs to a service"
    if number.kind is not Kind.E164:
        return "no telephone number"
    try:
        parsed = phonenumbers.parse(number.value, None)
    except phonenumbers.NumberParseException:
        return "no telephone number"
    if not phonenumbers.is_possible_number(parsed):
        return "no telephone number"
    return _NO_PERSON.get(phonenumbers.number_type(parsed), "")


# Google's data has the zones of a country by one city an offset: +7 and the clock of Bucharest is Kaliningrad, which
# has no summer time.
_OF_RUSSIA = {"Europe/Bucharest": "Europe/Kaliningrad"}


def zone_of(number: str) -> str:
    """The time zone of an E.164 number; "" where its digits do not tell exactly one, as those of most mobiles."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return ""
    found = zones_of_numbers.time_zones_for_number(parsed)
    if len(found) != 1:
        return ""
    zone = _OF_RUSSIA.get(found[0], found[0]) if parsed.country_code == 7 else found[0]
    try:
        ZoneInfo(zone)
    except (ValueError, ZoneInfoNotFoundError):  # Etc/Unknown, or a name that this machine does not know
        return ""
    return str(zone)


# --- how many at once -------------------------------------------------------------------------------------------


def room(settings: Outreach, occupied: Occupied, own: Collection[str]) -> int:
    """How many calls may begin now on a PBX; `own` are the request ids of the robot's attempts under way there.

    Never the last free line. Live callers come first: as many lines stay free as callers wait for a human, and at least
    `free_lines`; they ring in bursts, and whoever finds no line is lost without a trace. A call of the robot that was
    handed to an operator holds its line for as long as it lasts.
    """
    mine = {*own, *occupied.robots}
    in_use = occupied.lines + len(mine - occupied.robots)
    kept = max(settings.free_lines, occupied.waiting)
    return max(0, min(settings.lines - len(mine), settings.trunk_lines - kept - in_use))


# --- what follows from a result ------------------------------------------------------------------------------------

# With these a dialogue came to something: nobody calls again about it.
CAME_TO_SOMETHING = frozenset(
    {
        "marked",
        "not_done",
        "done_no_mark",
        "acknowledged",
        "declined",
        "answered",
        "partial",
        "not_me",
        "never_again",
        "to_operator",
    }
)
# What was heard to its end is delivered, where nothing was asked.
NOTICES = frozenset({CallKind.OUTAGE, CallKind.RESULT})
UNCOUNTED = frozenset({NoAnswer.NOT_PLACED.value})
ALONE = "alone"  # the step of what the PBX asks without the engine (dialplan/robot.conf)
HANG_UPS = 2  # the second one says that he does not want it
NOT_PLACED_SECONDS = (15, 60, 300, 900)
# What a campaign may say of its own, in seconds; a result that is not here waits as `no_answer`.
SPACED = ("busy", "no_answer", "rejected", "failed", "machine", "silent", "hung_up")
LEAST_SPACING, MOST_SPACING = 60, 14 * 86_400
_SPACING = {
    NoAnswer.BUSY: "busy_seconds",
    NoAnswer.NO_ANSWER: "no_answer_seconds",
    NoAnswer.REJECTED: "rejected_seconds",
    NoAnswer.FAILED: "failed_seconds",
    NoAnswer.LOST: "no_answer_seconds",
    "machine": "machine_seconds",
    "silent": "silent_seconds",
    "heard": "silent_seconds",
    "hung_up": "hung_up_seconds",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a call after an attempt: its state, and when it is tried again if it waits."""

    state: CallState
    due_at: datetime | None = None


def verdict(
    kind: CallKind,
    results: Sequence[str],
    now: datetime,
    settings: Outreach,
    *,
    most_attempts: int,
    proof: str = "none",
    spacing: Mapping[str, int] | None = None,
) -> Verdict:
    """`results` are those of all attempts so far, the newest last; `proof` is that of the newest.

    `spacing` is the campaign's own, over the configured one.

    Answered is not human: silence and a machine are attempts. A hang-up after a key is a person's word.
    """
    newest = results[-1]
    if newest in CAME_TO_SOMETHING or (newest == "heard" and kind in NOTICES):
        return Verdict(CallState.DONE)
    if newest == NoAnswer.INTERRUPTED:
        return Verdict(CallState.GIVEN_UP)  # somebody picked up once: whatever he said, he is not called twice
    if newest in UNCOUNTED:
        # Nobody's telephone rang: it is tried again without counting, for as long as the PBX refuses.
        in_a_row = next((n for n, one in enumerate(reversed(results)) if one not in UNCOUNTED), len(results))
        seconds = NOT_PLACED_SECONDS[min(in_a_row, len(NOT_PLACED_SECONDS)) - 1]
        return Verdict(CallState.WAITING, now + timedelta(seconds=seconds))
    if newest == "hung_up" and (proof != "none" or list(results).count("hung_up") >= HANG_UPS):
        return Verdict(CallState.DONE)
    if sum(one not in UNCOUNTED for one in results) >= most_attempts:
        return Verdict(CallState.GIVEN_UP)
    return Verdict(CallState.WAITING, now + timedelta(seconds=spacing_of(newest, settings, spacing or {})))


def spacing_of(result: str, settings: Outreach, own: Mapping[str, int]) -> int:
    """Seconds until the next attempt after this result."""
    name = _SPACING.get(result, "no_answer_seconds")
    configured: int = getattr(settings, name)
    return own.get(name.removesuffix("_seconds"), configured)


_CAME_TO_LITTLE = frozenset({Result.HUNG_UP, Result.SILENT, Result.MACHINE, Result.DONE_NO_MARK})


def knows_more(later: Outcome, told: Outcome) -> bool:
    """Whether another word of the same call has a mark, or "not done", that the one told has not.

    A dialogue whose connection breaks takes it for a hang-up, and the PBX goes on asking alone. What was kept on the
    way, before keys that the told one has heard, is no news.
    """
    if told.mark is not None or told.result not in _CAME_TO_LITTLE:
        return False
    if later.mark is None and later.result is not Result.NOT_DONE:
        return False
    return later.step == ALONE or not told.keys.startswith(later.keys)


# The Reason of OriginateResponse: AST_CONTROL_ codes. 0 and 8 are what a trunk says that cannot be reached.
_ORIGINATE = {"1": NoAnswer.REJECTED, "3": NoAnswer.NO_ANSWER, "5": NoAnswer.BUSY}


def of_originate(code: str) -> NoAnswer:
    """What the PBX's own answer to an Originate says of a number that did not answer."""
    return _ORIGINATE.get(code, NoAnswer.FAILED)


# --- what follows for a ticket ---------------------------------------------------------------------------------


def unhappy(result: str, mark: int | None) -> bool:
    """He says that it is not done, or gives 1 or 2: a human calls him."""
    return result == "not_done" or (mark is not None and mark <= 2)
