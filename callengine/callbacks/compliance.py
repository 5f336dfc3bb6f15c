"""How the callbacks of one day went, pure: rows in, figures out; numerators and denominators, never bare rates.

The unit is the missed call: the law counts from the arrival of THAT call. A day is the organisation's own.
callable = in_legal_time + late + owed; withheld numbers stand apart.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from callengine.callbacks.model import DutyState
from callengine.callbacks.rules import MissedCall, legal_due, operator_due
from callengine.config import Callbacks
from callengine.errors import Refused

RULE = "ru-416"
# An open stretch of coverage is taken on trust for so long after its last sign of life.
SILENCE = timedelta(seconds=120)
# Shorter holes are the edges of two stretches that meet, not missing data.
EDGE = timedelta(seconds=1)
YEARS = range(1970, 9999)


@dataclass(frozen=True, slots=True)
class MissedRow:
    """One missed call with the duty that answers for it."""

    call_id: int
    arrived_at: datetime
    ended_at: datetime | None
    number: str
    can_be_called: bool
    duty_id: int
    state: DutyState
    settled_at: datetime | None
    heard_at: datetime | None  # when the message was considered that this very call left
    staff_id: int | None
    staff_name: str
    close_reason: str = ""


@dataclass(frozen=True, slots=True)
class MessageLine:
    """A line of a duty's history about voice messages. `what`: message (of `call_id`), heard, or split_from.

    A split takes `moved` from the duty `origin` to this one.
    """

    duty_id: int
    at: datetime
    what: str
    call_id: int | None = None
    origin: int | None = None
    moved: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AttemptOfDay:
    duty_id: int
    at: datetime
    staff_id: int | None
    staff_name: str
    result: str


@dataclass(frozen=True, slots=True)
class Covered:
    pbx: str
    source: str
    began_at: datetime
    seen_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch that neither events nor the ledger cover."""

    pbx: str
    began_at: datetime
    ended_at: datetime


@dataclass(slots=True)
class Hour:
    hour: int
    in_operator_time: int = 0
    in_legal_time: int = 0
    late: int = 0
    owed: int = 0
    withheld: int = 0
    no_data: bool = False


@dataclass(slots=True)
class OperatorFigures:
    """`staff_id` None with name "" are those who got through themselves."""

    staff_id: int | None
    name: str
    total: int = 0
    in_operator_time: int = 0
    in_legal_time: int = 0
    late: int = 0
    attempts: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def median_seconds(self) -> float | None:
        return median(self.seconds) if self.seconds else None


@dataclass(frozen=True, slots=True)
class Exception_:
    """What a supervisor must look at. `kind`: late, unreachable, withheld, machine, closed, no_data."""

    kind: str
    duty_id: int | None
    number: str
    at: datetime
    until: datetime | None
    late_seconds: float | None
    call_ids: tuple[int, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Compliance:
    day: date
    now: datetime
    callable: int
    in_legal_time: int
    in_operator_time: int
    late: int
    owed: int
    attempts_without_contact: int
    duties_with_attempts: int
    withheld: int
    median_seconds: float | None
    covered_seconds: float
    elapsed_seconds: float
    gaps: tuple[Gap, ...]
    hours: tuple[Hour, ...]
    operators: tuple[OperatorFigures, ...]
    exceptions: tuple[Exception_, ...]
    rule: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one missed call went. `verdict`: in_time, late, owed or withheld."""

    verdict: str
    in_operator_time: bool
    contact_seconds: float | None
    late_seconds: float | None


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first moment of the day in that zone and of the next, in UTC: 23, 24 or 25 hours.

    Raises Refused for a year that has no calls, whose days may have no place in the calendar of every zone.
    """
    if day.year not in YEARS:
        raise Refused(f"there are no calls of the year {day.year}: name a day such as 2026-11-22", pointer="/day")
    first, last = (datetime.combine(at, time(), zone) for at in (day, day + timedelta(days=1)))
    return first.astimezone(UTC), last.astimezone(UTC)


def heard(lines: Iterable[MessageLine]) -> dict[int, datetime]:
    """By call: when the message that it left was considered; `lines` as they were written.

    Who listens considers what was left until then: not what comes later, and not calls that left nothing.
    """
    waiting: dict[int, set[int]] = defaultdict(set)
    found: dict[int, datetime] = {}
    for line in lines:
        if line.what == "message" and line.call_id is not None:
            waiting[line.duty_id].add(line.call_id)
        elif line.what == "split_from" and line.origin is not None:
            moved = waiting[line.origin].intersection(line.moved)
            waiting[line.origin] -= moved
            waiting[line.duty_id] |= moved
        elif line.what == "heard":
            found |= dict.fromkeys(waiting.pop(line.duty_id, ()), line.at)
    return found


def judge(row: MissedRow, settings: Callbacks, now: datetime) -> Verdict:
    """In time is contact, or the voice message of that very call considered, within the law's clock of that call."""
    if not row.can_be_called:
        return Verdict("withheld", False, None, None)
    call = MissedCall(row.call_id, row.arrived_at, row.ended_at or row.arrived_at)
    legal, operator = legal_due(call, settings), operator_due(call, settings)
    reached = row.state in (DutyState.REACHED, DutyState.SUPERSEDED)
    contact_at = row.settled_at if reached else None
    done_at = min((at for at in (contact_at, row.heard_at) if at is not None), default=None)
    seconds = (contact_at - row.arrived_at).total_seconds() if contact_at else None
    if done_at is not None and done_at <= legal:
        return Verdict("in_time", contact_at is not None and contact_at <= operator, seconds, None)
    if row.state.owed and now <= legal:
        return Verdict("owed", False, None, None)
    until = done_at or row.settled_at or now
    return Verdict("late", False, seconds, max((until - legal).total_seconds(), 0.0))


def gaps(covered: Iterable[Covered], began: datetime, ended: datetime, now: datetime) -> list[Gap]:
    """The stretches of [began, ended) that nothing covers, per PBX; with no coverage at all, the whole."""
    if ended <= began:
        return []
    by_pbx: dict[str, list[Covered]] = defaultdict(list)
    for stretch in covered:
        by_pbx[stretch.pbx].append(stretch)
    found = []
    for pbx, stretches in sorted(by_pbx.items()) or [("", [])]:
        reach = began
        for stretch in sorted(stretches, key=lambda s: s.began_at):
            if stretch.began_at - reach >= EDGE and stretch.began_at > began:
                found.append(Gap(pbx, reach, min(stretch.began_at, ended)))
            reach = max(reach, _until(stretch, now))
            if reach >= ended:
                break
        if ended - reach >= EDGE:
            found.append(Gap(pbx, reach, ended))
    return found


def _until(stretch: Covered, now: datetime) -> datetime:
    if stretch.ended_at is not None:
        return stretch.ended_at
    return now if now - stretch.seen_at <= SILENCE else stretch.seen_at


def _uncovered_seconds(found: Sequence[Gap]) -> float:
    """The length of all gaps, what several PBXs miss at once counted once."""
    total, reach = 0.0, None
    for gap in sorted(found, key=lambda g: g.began_at):
        began = gap.began_at if reach is None else max(gap.began_at, reach)
        if gap.ended_at > began:
            total += (gap.ended_at - began).total_seconds()
            reach = gap.ended_at
    return total


def figure(
    day: date,
    zone: ZoneInfo,
    now: datetime,
    settings: Callbacks,
    *,
    missed: Sequence[MissedRow],
    attempts: Sequence[AttemptOfDay],
    covered: Sequence[Covered],
) -> Compliance:
    """All figures of a day."""
    began, ended = bounds(day, zone)
    elapsed_until = max(began, min(ended, now))
    holes = gaps(covered, began, elapsed_until, now)
    verdicts = [(row, judge(row, settings, now)) for row in missed]
    count = Counter(verdict.verdict for _, verdict in verdicts)
    tries = [attempt for attempt in attempts if attempt.result not in ("", "answered")]
    contacts = [verdict.contact_seconds for _, verdict in verdicts if verdict.contact_seconds is not None]
    elapsed = (elapsed_until - began).total_seconds()
    return Compliance(
        day=day,
        now=now,
        callable=len(verdicts) - count["withheld"],
        in_legal_time=count["in_time"],
        in_operator_time=sum(verdict.in_operator_time for _, verdict in verdicts),
        late=count["late"],
        owed=count["owed"],
        attempts_without_contact=len(tries),
        duties_with_attempts=len({attempt.duty_id for attempt in tries}),
        withheld=count["withheld"],
        median_seconds=median(contacts) if contacts else None,
        covered_seconds=elapsed - _uncovered_seconds(holes),
        elapsed_seconds=elapsed,
        gaps=tuple(holes),
        hours=tuple(_hours(zone, verdicts, holes)),
        operators=tuple(_operators(verdicts, tries)),
        exceptions=tuple(_exceptions(verdicts, tries, holes)),
        rule=f"{RULE}: {settings.legal_seconds} s from arrival; operator: {settings.operator_seconds} s from the end",
    )


def _hours(zone: ZoneInfo, verdicts: Sequence[tuple[MissedRow, Verdict]], holes: Sequence[Gap]) -> list[Hour]:
    hours = [Hour(number) for number in range(24)]
    for row, verdict in verdicts:
        hour = hours[row.arrived_at.astimezone(zone).hour]
        hour.in_operator_time += verdict.in_operator_time
        hour.in_legal_time += verdict.verdict == "in_time"
        hour.late += verdict.verdict == "late"
        hour.owed += verdict.verdict == "owed"
        hour.withheld += verdict.verdict == "withheld"
    for hole in holes:
        at = hole.began_at
        while at < hole.ended_at:
            local = at.astimezone(zone)
            hours[local.hour].no_data = True
            past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
            at += timedelta(hours=1) - past
    return hours


def _operators(verdicts: Sequence[tuple[MissedRow, Verdict]], tries: Sequence[AttemptOfDay]) -> list[OperatorFigures]:
    found: dict[tuple[int | None, str], OperatorFigures] = {}

    def of(staff_id: int | None, name: str) -> OperatorFigures:
        return found.setdefault((staff_id, name), OperatorFigures(staff_id, name))

    for row, verdict in verdicts:
        if verdict.contact_seconds is None:
            continue
        figures = of(row.staff_id, row.staff_name)
        figures.total += 1
        figures.in_operator_time += verdict.in_operator_time
        figures.in_legal_time += verdict.verdict == "in_time"
        figures.late += verdict.verdict == "late"
        figures.seconds.append(verdict.contact_seconds)
    for attempt in tries:
        of(attempt.staff_id, attempt.staff_name).attempts += 1
    return sorted(found.values(), key=lambda figures: (figures.staff_id is None, figures.name))


def _exceptions(
    verdicts: Sequence[tuple[MissedRow, Verdict]], tries: Sequence[AttemptOfDay], holes: Sequence[Gap]
) -> list[Exception_]:
    by_duty: dict[int, list[tuple[MissedRow, Verdict]]] = defaultdict(list)
    for row, verdict in verdicts:
        by_duty[row.duty_id].append((row, verdict))
    machines = {attempt.duty_id for attempt in tries if attempt.result == "machine"}
    made = [
        Exception_("no_data", None, "", hole.began_at, hole.ended_at, None, (), f"no data from {hole.pbx or 'any PBX'}")
        for hole in holes
    ]
    for duty_id, members in by_duty.items():
        for kind, text in _kinds(members, is_machine=duty_id in machines):
            first = members[0][0]
            made.append(
                Exception_(
                    kind=kind,
                    duty_id=duty_id,
                    number=first.number,
                    at=min(row.arrived_at for row, _ in members),
                    until=first.settled_at,
                    late_seconds=max((verdict.late_seconds or 0.0 for _, verdict in members), default=0.0) or None,
                    call_ids=tuple(row.call_id for row, _ in members),
                    text=text,
                )
            )
    return sorted(made, key=lambda exception: exception.at)


def _kinds(members: Sequence[tuple[MissedRow, Verdict]], *, is_machine: bool) -> Iterable[tuple[str, str]]:
    row = members[0][0]
    if any(verdict.verdict == "withheld" for _, verdict in members):
        yield "withheld", "the number was withheld: nobody can be called back"
    elif row.state is DutyState.UNREACHABLE:
        yield "unreachable", "given up after all attempts"
    elif row.state is DutyState.CLOSED:
        yield "closed", row.close_reason
    elif any(verdict.verdict == "late" for _, verdict in members):
        yield "late", "still owed" if row.state.owed else "contact after the legal limit"
    if is_machine:
        yield "machine", "a machine answered: an attempt, not a contact"
