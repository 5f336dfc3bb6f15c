"""Raw AMI events to typed signals, pure and fast: it stands in the ingest path. Spellings of Asterisk 16 to 22."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from operator import itemgetter

from callengine.calls import signals as s

Headers = Mapping[str, str]

# Where AMI has nothing to say it writes this.
_NOTHING = "<unknown>"


def translate(headers: Headers, received_at: datetime) -> s.Signal | None:
    """The signal in this event; None when it is not for the tracker. Never raises: bad headers make poor signals."""
    make = _MAKERS.get(headers.get("Event", ""))
    if make is None:
        return None
    try:
        at = datetime.fromtimestamp(float(headers["Timestamp"]), UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        at = received_at
    return make(headers, at)


def snapshot(events: Iterable[Headers], at: datetime) -> s.Snapshot:
    """The answer to CoreShowChannels, asked at `at` by the PBX's clock."""
    return s.Snapshot(at, tuple(live for e in events if (live := _live_channel(e)) is not None))


# AMI writes names, and only names, as C would: O\'Brien. A line end or a tab in a name is a space to us.
_ESCAPED = re.compile(r"\\(.)")


def _unescape(name: str) -> str:
    return _ESCAPED.sub(lambda found: " " if found[1] in "abfnrtv" else found[1], name)


class _Names:
    """The headers of one of an event's channels."""

    def __init__(self, prefix: str) -> None:
        plain = ("Uniqueid", "Linkedid", "Channel", "ChannelState", "CallerIDNum", "CallerIDName", "Exten", "Context")
        self.each = tuple(prefix + name for name in plain)
        self.take: Callable[[Headers], tuple[str, ...]] = itemgetter(*self.each)
        self.variables = prefix + "ChanVariable"


_THIS = _Names("")
_OTHERS = {
    prefix: _Names(prefix)
    for prefix in (
        "Dest", "Target", "Transferer", "Transferee", "OrigTransferer", "SecondTransferer", "TransferTarget"
    )
}  # fmt: skip
_STATES = {str(number): number for number in range(16)}
# A named tuple's own constructor is a call more; a leg is made for every event, for some two.
_make_leg = partial(tuple.__new__, s.Leg)


def _leg(h: Headers, names: _Names = _THIS) -> s.Leg | None:
    try:
        uniqueid, linkedid, channel, state, number, caller, exten, context = names.take(h)
    except KeyError:
        get = h.get
        uniqueid, linkedid, channel, state, number, caller, exten, context = (get(name, "") for name in names.each)
    if not uniqueid:
        return None
    return _make_leg(
        (
            uniqueid,
            linkedid or uniqueid,
            channel,
            _STATES.get(state, -1),
            "" if number == _NOTHING else number,
            "" if caller == _NOTHING else _unescape(caller) if "\\" in caller else caller,
            exten,
            context,
            _variables(h[names.variables]) if names.variables in h else (),
        )
    )


def _other_leg(h: Headers, prefix: str) -> s.Leg | None:
    return _leg(h, _OTHERS[prefix])


def _variables(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (line.partition("=") for line in text.split("\n"))
    return tuple((name, value) for name, equals, value in pairs if equals and value)


def _about_leg(kind: Callable[[datetime, s.Leg], s.Signal]) -> Callable[[Headers, datetime], s.Signal | None]:
    def make(h: Headers, at: datetime) -> s.Signal | None:
        leg = _leg(h)
        return kind(at, leg) if leg is not None else None

    return make


def _with_text(
    kind: Callable[[datetime, s.Leg, str], s.Signal], header: str
) -> Callable[[Headers, datetime], s.Signal | None]:
    def make(h: Headers, at: datetime) -> s.Signal | None:
        leg = _leg(h)
        return kind(at, leg, h.get(header, "")) if leg is not None else None

    return make


def _about_member(
    kind: Callable[[datetime, s.Leg, s.Leg, str, str], s.Signal],
) -> Callable[[Headers, datetime], s.Signal | None]:
    def make(h: Headers, at: datetime) -> s.Signal | None:
        leg, dest = _leg(h), _other_leg(h, "Dest")
        if leg is None or dest is None:
            return None
        return kind(at, leg, dest, h.get("Queue", ""), h.get("MemberName") or h.get("Interface", ""))

    return make


def _caller_id(h: Headers, at: datetime) -> s.Signal | None:
    leg = _leg(h)
    if leg is None:
        return None
    return s.CallerIdChanged(at, leg, is_withheld(h.get("CID-CallingPres", "")))


def is_withheld(presentation: str) -> bool | None:
    """What a presentation says, as AMI writes it ("0 (Presentation Allowed, Not Screened)") or as the dialplan does."""
    if not presentation:
        return None
    text = presentation.strip()
    number = text.split(" ", 1)[0]
    if number.isdecimal():
        # Bits 6 and 7: allowed 0x00, restricted 0x20, unavailable 0x40.
        return bool(int(number) & 0x20)
    return text.startswith("prohib")


def _gone(h: Headers, at: datetime) -> s.Signal | None:
    leg = _leg(h)
    cause = h.get("Cause", "")
    return s.ChannelGone(at, leg, int(cause) if cause.isdecimal() else 0) if leg is not None else None


def _hangup_asked(h: Headers, at: datetime) -> s.Signal | None:
    leg = _leg(h)
    cause = h.get("Cause", "")
    return s.HangupAsked(at, leg, int(cause) if cause.isdecimal() else 0) if leg is not None else None


def _renamed(h: Headers, at: datetime) -> s.Signal | None:
    uniqueid, name = h.get("Uniqueid"), h.get("Newname")
    return s.ChannelRenamed(at, uniqueid, name) if uniqueid and name else None


def _dial_began(h: Headers, at: datetime) -> s.Signal | None:
    dest = _other_leg(h, "Dest")
    return s.DialBegan(at, dest, _leg(h), h.get("DialString", "")) if dest is not None else None


def _dial_ended(h: Headers, at: datetime) -> s.Signal | None:
    dest = _other_leg(h, "Dest")
    return s.DialEnded(at, dest, _leg(h), h.get("DialStatus", "")) if dest is not None else None


def _picked_up(h: Headers, at: datetime) -> s.Signal | None:
    leg, target = _leg(h), _other_leg(h, "Target")
    return s.PickedUp(at, leg, target) if leg is not None and target is not None else None


def _blind_transfer(h: Headers, at: datetime) -> s.Signal | None:
    legs = (_other_leg(h, "Transferer"), _other_leg(h, "Transferee"))
    return s.Transferred(at, "blind", tuple(x for x in legs if x), h.get("Result") == "Success")


def _attended_transfer(h: Headers, at: datetime) -> s.Signal | None:
    legs = (_other_leg(h, p) for p in ("OrigTransferer", "SecondTransferer", "Transferee", "TransferTarget"))
    return s.Transferred(at, "attended", tuple(x for x in legs if x), h.get("Result") == "Success")


def _user_event(h: Headers, at: datetime) -> s.Signal | None:
    if h.get("UserEvent") != "Callengine":
        return None
    leg = _leg(h)
    return s.DialplanFact(at, leg, h.get("Fact", "").lower(), h.get("Value", "")) if leg is not None else None


def _recorder_stopped(h: Headers, at: datetime) -> s.Signal | None:
    """Somebody stopped it while the channel lives; a hang-up says nothing of it (heard on 16.28 and 22.10)."""
    leg = _leg(h)
    return s.DialplanFact(at, leg, "unrecorded") if leg is not None else None


def _originated(h: Headers, at: datetime) -> s.Signal | None:
    request = h.get("ActionID", "")
    uniqueid = h.get("Uniqueid", "")
    if not request:
        return None
    return s.Originated(at, request, "" if uniqueid == _NOTHING else uniqueid, h.get("Response") == "Success")


def _live_channel(h: Headers) -> s.LiveChannel | None:
    if h.get("Event") != "CoreShowChannel":
        return None
    leg = _leg(h)
    if leg is None:
        return None
    return s.LiveChannel(
        leg, h.get("BridgeId", ""), h.get("Application", ""), h.get("ApplicationData", ""), _age(h.get("Duration", ""))
    )


def _age(text: str) -> float | None:
    try:
        hours, minutes, seconds = (int(part) for part in text.split(":"))
    except ValueError:
        return None
    return hours * 3600.0 + minutes * 60 + seconds


_MAKERS: dict[str, Callable[[Headers, datetime], s.Signal | None]] = {
    "Newchannel": _about_leg(s.ChannelAppeared),
    "Newstate": _about_leg(s.ChannelState),
    "NewCallerid": _caller_id,
    "Rename": _renamed,
    "Hangup": _gone,
    "HangupRequest": _hangup_asked,
    "DialBegin": _dial_began,
    "DialEnd": _dial_ended,
    "BridgeEnter": _with_text(s.BridgeEntered, "BridgeUniqueid"),
    "BridgeLeave": _with_text(s.BridgeLeft, "BridgeUniqueid"),
    "Hold": _about_leg(s.Held),
    "Unhold": _about_leg(s.Resumed),
    "QueueCallerJoin": _with_text(s.QueueJoined, "Queue"),
    "QueueCallerLeave": _with_text(s.QueueLeft, "Queue"),
    "QueueCallerAbandon": _with_text(s.QueueAbandoned, "Queue"),
    "AgentCalled": _about_member(s.MemberOffered),
    "AgentRingNoAnswer": _about_member(s.MemberRefused),
    "AgentConnect": _about_member(s.MemberConnected),
    "AgentComplete": _about_member(s.MemberConnected),
    "Pickup": _picked_up,
    "BlindTransfer": _blind_transfer,
    "AttendedTransfer": _attended_transfer,
    "UserEvent": _user_event,
    "MixMonitorStop": _recorder_stopped,
    "OriginateResponse": _originated,
}

WANTED_EVENTS = tuple(_MAKERS)
"""The names that the link's filter must let through."""
