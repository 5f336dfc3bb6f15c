"""The PBX-side ledger: reading it, what it means for calls that events never told, and clearing it after the commit.

The dialplan writes `callengine/<linkedid>/<part>` into Asterisk's own database; see dialplan/common.conf. Here is no
database of ours and no decision about what is saved.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import NamedTuple, Protocol
from urllib.parse import unquote

from callengine import phone
from callengine.calls.events import (
    CallAnswered,
    CallArrived,
    CallbackRequested,
    CallChanged,
    CallEnded,
    CallFact,
    CallMissed,
    MessageLeft,
)
from callengine.calls.model import (
    ASKED_FOR_OPERATOR,
    ROBOT_REQUEST,
    CallKey,
    Conversation,
    Direction,
    Missed,
    Outcome,
    State,
    Talk,
)
from callengine.errors import PbxRefused
from callengine.menus.line import ledger_facts
from callengine.pbx.wire import Reply
from callengine.phone import WITHHELD, Phone

log = logging.getLogger(__name__)

FAMILY = "callengine"
_LINKEDID = re.compile(r"[A-Za-z0-9_.:\-]{1,150}")
_OUTCOMES = {17: Outcome.BUSY, 21: Outcome.REJECTED}
_FAILURES = {"BUSY": Outcome.BUSY, "CONGESTION": Outcome.FAILED, "CHANUNAVAIL": Outcome.FAILED}


class BadRow(NamedTuple):
    """A row that could not be read; it stays in the PBX until its call is cleared."""

    key: str
    value: str
    problem: str


@dataclass(frozen=True, slots=True)
class LedgerEnd:
    """The hang-up handler's line."""

    at: datetime
    talked_seconds: int = 0
    member: str = ""
    abandoned: bool = False
    cause: int = 0
    dial_status: str = ""
    queue_status: str = ""


@dataclass(frozen=True, slots=True)
class LedgerCall:
    """All that the PBX noted of one conversation. Without `arrived_at` only part of its rows could be read."""

    key: CallKey
    arrived_at: datetime | None = None
    withheld: bool = False
    number: str = ""
    name: str = ""
    did: str = ""
    direction: Direction = Direction.INBOUND
    stage: str = ""
    stage_at: datetime | None = None
    answered_at: datetime | None = None
    answered_by: str = ""
    recording: str = ""
    callback_at: datetime | None = None
    message_at: datetime | None = None
    message_file: str = ""
    end: LedgerEnd | None = None
    request_id: str = ""
    consulted: str = ""  # what became of the last warm transfer: ringing, answered, or a DIALSTATUS
    robot_facts: tuple[tuple[str, str], ...] = ()  # name and value: what the robot's dialogue came to (menus.outcome)

    @property
    def robot(self) -> bool:
        return self.stage == "robot" or self.request_id.startswith(ROBOT_REQUEST)

    @property
    def last_known_at(self) -> datetime | None:
        """The newest moment that the ledger proves."""
        end = self.end.at if self.end else None
        moments = (self.arrived_at, self.stage_at, self.answered_at, self.callback_at, self.message_at, end)
        return max((at for at in moments if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class Ledger:
    """One reading of the tree."""

    calls: Mapping[str, LedgerCall] = field(default_factory=dict)  # by linkedid
    bad: tuple[BadRow, ...] = ()


def parse_tree(pbx: str, rows: Iterable[tuple[str, str]]) -> Ledger:
    """Rows of DBGetTree, key and value. Never raises: what cannot be read is in `bad`, the rest of the call counts."""
    found: dict[str, dict[str, object]] = {}
    bad: list[BadRow] = []
    for key, value in rows:
        family, _, rest = key.removeprefix("/").partition("/")
        linkedid, _, part = rest.partition("/")
        if family != FAMILY or not _LINKEDID.fullmatch(linkedid):
            bad.append(BadRow(key, value, "no row of a call"))
            continue
        fields = found.setdefault(linkedid, {})
        read = _PARTS.get(part)
        if read is None:
            bad.append(BadRow(key, value, "unknown part"))
            continue
        try:
            fields |= read(value)
        except (ValueError, OverflowError, OSError) as error:
            bad.append(BadRow(key, value, str(error)))
    calls = {one: LedgerCall(key=CallKey(pbx, one), **fields) for one, fields in found.items()}  # type: ignore[arg-type]
    return Ledger(calls, tuple(bad))


def _moment(text: str) -> datetime:
    seconds = float(text)
    if not 946_684_800 <= seconds < 4_102_444_800:  # 2000 to 2100: nan and infinity fail too
        raise ValueError(f"no moment of this century: {text[:40]!r}")
    return datetime.fromtimestamp(seconds, UTC)


def _arrival(value: str) -> dict[str, object]:
    version, at, presentation, number, name, did, direction = value.split("|")
    if version != "v1":
        raise ValueError(f"arrival of version {version[:20]!r}: is the dialplan newer than the engine?")
    return {
        "arrived_at": _moment(at),
        "withheld": presentation.startswith("prohib") or presentation == "unavailable",
        "number": unquote(number, errors="replace"),
        "name": unquote(name, errors="replace"),
        "did": did,
        "direction": Direction(direction),
    }


def _stage(value: str) -> dict[str, object]:
    at, stage = value.split("|", 1)
    return {"stage_at": _moment(at), "stage": stage}


def _answered(value: str) -> dict[str, object]:
    at, member = value.split("|", 1)
    return {"answered_at": _moment(at), "answered_by": member}


def _message(value: str) -> dict[str, object]:
    at, file_name = value.split("|", 1)
    return {"message_at": _moment(at), "message_file": file_name}


def _consult(value: str) -> dict[str, object]:
    at, _, state = value.split("|")
    _moment(at)
    return {"consulted": state}


def _robot(value: str) -> dict[str, object]:
    return {"robot_facts": tuple(ledger_facts(value).items())}


def _end(value: str) -> dict[str, object]:
    at, talked, member, abandoned, cause, dial_status, queue_status = (value.split("|") + [""] * 6)[:7]
    seconds = float(talked) if talked.strip().replace(".", "", 1).isdecimal() else 0.0
    return {
        "end": LedgerEnd(
            at=_moment(at),
            talked_seconds=int(min(seconds, 1e9)),
            member=member,
            abandoned=abandoned.upper() == "TRUE",
            cause=int(cause) if cause.isascii() and cause.isdecimal() else 0,
            dial_status=dial_status,
            queue_status=queue_status,
        )
    }


_PARTS: Mapping[str, Callable[[str], dict[str, object]]] = {
    "arrival": _arrival,
    "stage": _stage,
    "answered": _answered,
    "recording": lambda value: {"recording": value},
    "consult": _consult,
    "callback": lambda value: {"callback_at": _moment(value)},
    "message": _message,
    "end": _end,
    "request": lambda value: {"request_id": value},
    "robot": _robot,
}


def in_our_time(call: LedgerCall, ours: Callable[[datetime], datetime], arrived_at: datetime | None) -> LedgerCall:
    """The same with every moment as `ours` makes it of the PBX's.

    `arrived_at` is the arrival where it is known already, in our time: it stands, and nothing that followed is older.
    """
    arrived_at = arrived_at or (ours(call.arrived_at) if call.arrived_at else None)

    def moment(at: datetime) -> datetime:
        return ours(at) if arrived_at is None else max(ours(at), arrived_at)

    return replace(
        call,
        arrived_at=arrived_at,
        stage_at=moment(call.stage_at) if call.stage_at else None,
        answered_at=moment(call.answered_at) if call.answered_at else None,
        callback_at=moment(call.callback_at) if call.callback_at else None,
        message_at=moment(call.message_at) if call.message_at else None,
        end=replace(call.end, at=moment(call.end.at)) if call.end else None,
    )


# --- what it means --------------------------------------------------------------------------------------


def reconcile(
    call: LedgerCall,
    known: Conversation | None,
    *,
    gone: bool = False,
    country: str = "RU",
    city_code: str = "",
) -> list[CallFact]:
    """The facts that events never told, in order; none when the call is known to its end, or lives on.

    `known` is the stored conversation, `gone` says that the call has no channel left though no end was written (the PBX
    died under it): it then ended at the last moment that the ledger proves.
    """
    if (call.end is None and not gone) or (known is not None and known.state is State.ENDED):
        return []
    ended_at = call.end.at if call.end else call.last_known_at
    before = known or _arrived(call, country, city_code)
    if before is None or ended_at is None:
        return []
    ended_at = max(ended_at, before.arrived_at)
    facts: list[CallFact] = [] if known else [CallArrived(before.arrived_at, before)]
    now = before
    if call.callback_at and not now.callback_requested:
        now = now.evolve(callback_requested=True)
        facts.append(CallbackRequested(call.callback_at, now))
    if call.message_at and not now.message_file:
        now = now.evolve(message_file=call.message_file)
        facts.append(MessageLeft(call.message_at, now))
    if call.answered_at and now.answered_at is None:
        now = _answered_now(call, now)
        facts.append(CallAnswered(call.answered_at, now, operator=call.answered_by))
    elif call.recording and not now.recording_file:
        now = now.evolve(recording_file=call.recording)
        facts.append(CallChanged(ended_at, now))
    if call.robot:
        now = _handed_over(call, now)
    now = _ended(call, now, ended_at)
    if now.outcome is Outcome.MISSED:
        facts.append(CallMissed(ended_at, now))
    facts.append(CallEnded(ended_at, now))
    return facts


def _arrived(call: LedgerCall, country: str, city_code: str) -> Conversation | None:
    if call.arrived_at is None:
        return None
    inbound = call.direction is Direction.INBOUND
    # Who arrives is outside; when we dial out, the outside party is the number that was dialled.
    outside = call.number if inbound else call.did
    number: Phone = (
        WITHHELD if inbound and call.withheld else phone.parse(outside, country=country, city_code=city_code)
    )
    return Conversation(
        key=call.key,
        direction=call.direction,
        arrived_at=call.arrived_at,
        number=number,
        name=call.name if inbound else "",
        did=call.did if inbound else "",
        state=State.MENU if inbound else State.DIALLING,
        robot=call.robot,
        request_id=call.request_id,
        source="ledger",
    )


def _answered_now(call: LedgerCall, now: Conversation) -> Conversation:
    assert call.answered_at is not None
    return now.evolve(
        state=State.TALKING,
        answered_at=call.answered_at,
        operator=call.answered_by,
        recording_file=now.recording_file or call.recording,
        talks=(*now.talks, Talk(call.answered_by, call.answered_at)),
    )


def _handed_over(call: LedgerCall, now: Conversation) -> Conversation:
    """A robot's call whose resident asked for an operator: since when, and who took it."""
    if now.queued_at is None and call.stage in ASKED_FOR_OPERATOR:
        now = now.evolve(queued_at=call.stage_at)
    if call.answered_at is not None and call.answered_by and not now.talks:
        now = now.evolve(operator=call.answered_by, talks=(Talk(call.answered_by, call.answered_at),))
    return now


def _ended(call: LedgerCall, now: Conversation, ended_at: datetime) -> Conversation:
    talks = tuple(t if t.ended_at else Talk(t.operator, t.began_at, max(t.began_at, ended_at)) for t in now.talks)
    outcome = _outcome(call, now)
    missed = _where(call, now) if outcome is Outcome.MISSED else None
    return now.evolve(state=State.ENDED, ended_at=ended_at, talks=talks, outcome=outcome, missed=missed)


def _outcome(call: LedgerCall, now: Conversation) -> Outcome:
    if now.answered_at is not None:
        return Outcome.ANSWERED
    if now.direction is Direction.INBOUND:
        return Outcome.SERVED if call.stage == "served" else Outcome.MISSED
    if call.robot:
        return Outcome.ANSWERED  # the robot's entry begins when the resident has picked up
    end = call.end
    if end is None:
        return Outcome.NO_ANSWER
    return _FAILURES.get(end.dial_status) or _OUTCOMES.get(end.cause, Outcome.NO_ANSWER)


_STAGES = {
    "greeting": Missed.GREETING,
    "menu": Missed.MENU,
    "status": Missed.MENU,
    "announcement": Missed.ANNOUNCEMENT,
    "queue": Missed.QUEUE,
    "no_operators": Missed.NO_OPERATORS,
    "after_hours": Missed.AFTER_HOURS,
    "timeout": Missed.TIMEOUT,
}


def _where(call: LedgerCall, now: Conversation) -> Missed:
    if now.callback_requested:
        return Missed.CALLBACK_REQUESTED
    if now.message_file:
        return Missed.MESSAGE
    where = _STAGES.get(call.stage, Missed.UNKNOWN)
    if where is Missed.QUEUE and now.state is State.OFFERED:
        return Missed.RINGING  # events had told that a phone rang
    return where


# --- the PBX ---------------------------------------------------------------------------------------------


class Asks(Protocol):
    """What reading needs of a link."""

    name: str

    async def action(self, name: str, headers: Mapping[str, str] | None = None) -> Reply: ...


async def read(link: Asks) -> Ledger:
    """The whole tree of one PBX."""
    reply = await link.action("DBGetTree", {"Family": FAMILY})
    ledger = parse_tree(link.name, ((row.get("Key", ""), row.get("Val", "")) for row in reply.events))
    for row in ledger.bad:
        told = {"action": "ledger_bad_row", "pbx": link.name, "key": row.key[:200], "problem": row.problem}
        log.warning("a ledger row cannot be read", extra=told)
    return ledger


async def forget(link: Asks, linkedids: Iterable[str]) -> None:
    """Clear calls whose facts are committed. A call that is cleared already is no error."""
    for linkedid in linkedids:
        try:
            await link.action("DBDelTree", {"Family": FAMILY, "Key": linkedid})
        except PbxRefused as error:
            log.debug("ledger entry not cleared", extra={"action": "ledger_forget", "reason": error.detail})
