"""What is known of one conversation so far, and how it reads: pure, and the same whatever order the signals came in.

Evidence only grows: sets, minima and maxima by the PBX's own time, never "the last one wins". `Evidence.read` makes
the snapshot. Which conversation a channel belongs to, and what is told to whom, is the tracker's business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import lru_cache

from callengine import phone
from callengine.calls.model import (
    ASKED_FOR_OPERATOR,
    CallKey,
    Conversation,
    Direction,
    Missed,
    Offer,
    Outcome,
    State,
    Talk,
)
from callengine.calls.signals import RING, RINGING, UP, Leg
from callengine.calls.talks import LOCAL, OPERATOR, OUTSIDE, Move, talks

# Inner workings of Asterisk that are nobody's telephone.
_PLUMBING = ("Message/", "Announcer/", "Recorder/", "CBAnn/", "CBRec/", "Snoop/", "MulticastRTP/", "UnicastRTP/")
# While a masquerade is under way the telephone hides behind these.
_WRAPPERS = ("AsyncGoto/", "Surrogate/", "Transfered/", "Bridge/")
NO_NUMBER = frozenset({"", "s", "h", "i", "t", "T"})

_BUSY, _REJECTED, _ELSEWHERE, _LOST_MEDIA = 17, 21, 26, 44
_DEAD_CAUSES = frozenset({3, 18, 20, 27, 38, 102})
_FAILED_CAUSES = frozenset({1, 2, 3, 6, 20, 22, 25, 27, 28, 29, 34, 38, 41, 42, 44, 50, 55, 57, 58, 65, 79, 88, 102})
# A phone that did not even say 180 within this time is dead, not slow.
DEAD_AFTER = timedelta(seconds=3)
# The PBX ends the other rings in the same moment in which one phone answers, or the caller hangs up.
SAME_MOMENT = timedelta(seconds=0.25)
# A phone that died at the answer is bridged until Asterisk's rtp_timeout (30 s in our dialplan): nobody spoke.
DEAD_AIR = timedelta(seconds=35)

_STATUS_RANK = {"CANCEL": 1, "NOANSWER": 2, "CHANUNAVAIL": 3, "CONGESTION": 4, "BUSY": 5, "ANSWER": 6}

_REASONS = {
    "no_operators": Missed.NO_OPERATORS,
    "after_hours": Missed.AFTER_HOURS,
    "timeout": Missed.TIMEOUT,
    "refused": Missed.REFUSED,
    "phone_dead": Missed.PHONE_DEAD,
}
_PLACES = {
    "greeting": Missed.GREETING,
    "menu": Missed.MENU,
    "status": Missed.MENU,
    "announcement": Missed.ANNOUNCEMENT,
    "ringing": Missed.RINGING,
}


@lru_cache(maxsize=8192)
def telephone(name: str) -> tuple[str, str]:
    """The kind of channel and who it is: PJSIP/101-0000002a is ("phone", "101"), Local/1@x-2;1 is (LOCAL, "1@x-2").

    ("", "") is plumbing; a zombie or half a masquerade is ("zombie", "").
    """
    if name.endswith((">", "<ZOMBIE>")):
        return "zombie", ""
    if name.startswith(_PLUMBING):
        return "", ""
    while name.startswith(_WRAPPERS):
        name = name.split("/", 1)[1]
    if name.startswith("Local/"):
        return LOCAL, name[6:].split(";", 1)[0]
    return "phone", name.partition("/")[2].rpartition("-")[0] or name


def age(linkedid: str) -> tuple[int, int, str]:
    """Sorts linkedids (and uniqueids) from the oldest: 1732266000.12, or desk-1732266000.12 with a system name."""
    seconds, _, count = linkedid.rpartition("-")[2].partition(".")
    try:
        return int(seconds), int(count or 0), linkedid
    except ValueError:
        return 0, 0, linkedid


class Channel:
    """One channel's evidence. A masquerade may put another telephone behind it: roles are read at each moment."""

    __slots__ = (
        "appeared",
        "asked_at",
        "asked_cause",
        "caller",
        "came_in",
        "cause",
        "connected_at",
        "context",
        "dial_at",
        "dial_end_at",
        "dial_status",
        "dialled",
        "evidence",
        "exten",
        "exten_at",
        "first_at",
        "gone_at",
        "holds",
        "last_at",
        "last_exten",
        "linkedid",
        "member",
        "moves",
        "name",
        "name_at",
        "number",
        "number_at",
        "offer_at",
        "offer_to",
        "picked_at",
        "rang_at",
        "role",
        "state",
        "uid",
        "up_at",
        "went_out",
        "who",
        "withheld",
    )  # fmt: skip

    def __init__(self, evidence: Evidence, leg: Leg, at: datetime, role: str, who: str) -> None:
        self.evidence = evidence
        self.uid = leg.uniqueid
        self.linkedid = leg.linkedid
        self.name = leg.name
        self.role = role
        self.who = who
        self.first_at = self.last_at = self.name_at = self.number_at = self.exten_at = at
        self.number = leg.number
        self.caller = leg.caller
        self.exten = self.last_exten = leg.exten
        self.context = leg.context
        self.state = -1
        self.appeared = self.came_in = self.went_out = False
        self.withheld: bool | None = None
        self.up_at: datetime | None = None
        self.rang_at: datetime | None = None
        self.dial_at: datetime | None = None
        self.dialled = ""
        self.dial_end_at: datetime | None = None
        self.dial_status = ""
        self.offer_at: datetime | None = None
        self.offer_to = ""
        self.member = ""
        self.connected_at: datetime | None = None
        self.picked_at: datetime | None = None
        self.gone_at: datetime | None = None
        self.cause = 0
        self.asked_at: datetime | None = None
        self.asked_cause = 0
        self.moves: list[Move] = []
        self.holds: list[tuple[datetime, bool]] = []

    def became(self, state: int, at: datetime) -> bool:
        """True when this state is news."""
        if state == UP:
            if self.up_at is None or at < self.up_at:
                self.up_at = at
        elif state == RINGING:
            if self.rang_at is None or at < self.rang_at:
                self.rang_at = at
        elif state == RING:
            self.came_in = True
        if state <= self.state:
            return False
        self.state = state
        return True

    def caller_was(self, leg: Leg, at: datetime) -> bool:
        """The network's own caller id is the earliest one: later ones are the dialplan's or a transfer's (F24)."""
        changed = False
        if leg.number and (not self.number or at < self.number_at):
            changed = self.number != leg.number
            self.number, self.number_at, self.caller = leg.number, at, leg.caller or self.caller
        if leg.exten and at < self.exten_at:
            changed |= self.exten != leg.exten
            self.exten, self.exten_at, self.context = leg.exten, at, leg.context
        return changed

    def moved(self, at: datetime, bridge: str, role: str, who: str) -> bool:
        move = (at, bridge, role, who)
        if move in self.moves:
            return False
        if self.moves and self.moves[-1][0] > at:
            self.moves.append(move)
            self.moves.sort(key=lambda m: m[0])
        else:
            self.moves.append(move)
        return True

    def dial_ended(self, status: str, at: datetime) -> bool:
        """Asterisk may say NOANSWER and CANCEL of one dialling: the first moment and the plainest word count."""
        changed = False
        if self.dial_end_at is None or at < self.dial_end_at:
            self.dial_end_at = at
            changed = True
        if _STATUS_RANK.get(status, 0) > _STATUS_RANK.get(self.dial_status, -1):
            self.dial_status = status
            changed = True
        return changed

    @property
    def why_gone(self) -> int:
        """Q.850 of the far side where it said one. Asterisk writes 26 on every leg that a queue hangs up."""
        return self.asked_cause or (0 if self.cause == _ELSEWHERE else self.cause)

    @property
    def bridge(self) -> str:
        return self.moves[-1][1] if self.moves and self.gone_at is None else ""

    @property
    def offer_ended_at(self) -> datetime | None:
        end = self.moves[0][0] if self.moves else None
        for at in (self.dial_end_at, self.picked_at, self.gone_at):
            if at is not None and (end is None or at < end):
                end = at
        return end

    @property
    def offer_settled(self) -> bool:
        """No later signal will change how the ring ended."""
        return (
            self.gone_at is not None
            or bool(self.moves)
            or self.picked_at is not None
            or self.dial_status in ("BUSY", "CONGESTION", "CHANUNAVAIL")
        )


class Evidence:
    """One conversation's evidence."""

    __slots__ = (
        "abandoned", "alive", "base", "callback_at", "channels", "ended_at", "held_since", "ids", "is_operator",
        "joined", "left", "linkedid", "messages", "moves_dirty", "parse", "pbx", "recordings", "request_id", "robot",
        "stages", "talk_cache", "told", "told_offers", "told_offers_ended", "unrecorded", "vanished",
    )  # fmt: skip

    def __init__(
        self, pbx: str, linkedid: str, is_operator: Callable[[str], bool], parse: Callable[[str], phone.Phone]
    ) -> None:
        self.pbx = pbx
        self.linkedid = linkedid
        self.ids = {linkedid}
        self.is_operator = is_operator
        self.parse = parse
        self.channels: dict[str, Channel] = {}
        self.alive = 0
        self.request_id = ""
        self.robot = False
        self.joined: list[tuple[datetime, str]] = []
        self.left: list[datetime] = []
        self.abandoned: list[datetime] = []
        self.stages: list[tuple[datetime, str]] = []
        self.recordings: list[tuple[datetime, str]] = []
        self.unrecorded: list[datetime] = []
        self.messages: list[tuple[datetime, str]] = []
        self.callback_at: datetime | None = None
        self.moves_dirty = False
        self.talk_cache: tuple[Talk, ...] = ()
        self.base: Conversation | None = None  # what was known before this process, or before this stream, began
        self.told: Conversation | None = None
        self.told_offers: set[str] = set()
        self.told_offers_ended: set[str] = set()
        self.ended_at: datetime | None = None
        self.held_since: datetime | None = None
        self.vanished = False

    # --- who is who --------------------------------------------------------------------------------------

    @property
    def root(self) -> Channel | None:
        """The channel that began it. An outside caller counts even where colleagues' older talk took him in."""
        known = [c for i in self.ids if (c := self.channels.get(i)) is not None] if len(self.ids) > 1 else None
        if known:
            outside = [c for c in known if c.role == OUTSIDE and c.came_in]
            return min(outside or known, key=lambda c: age(c.uid))
        return self.channels.get(self.linkedid)

    def first(self) -> Channel | None:
        """The root, or the oldest telephone when the root was never seen or is only a Local channel."""
        root = self.channels.get(self.linkedid) if len(self.ids) == 1 else self.root
        if root is not None and root.role != LOCAL:
            return root
        phones = [c for c in self.channels.values() if c.role != LOCAL]
        return min(phones, key=lambda c: age(c.uid)) if phones else None

    def outside_legs(self, first: Channel) -> list[Channel]:
        """Telephones of the other world that were dialled, from the oldest."""
        legs = [c for c in self.channels.values() if c.role == OUTSIDE and not c.member and c is not first]
        return sorted(legs, key=lambda c: (c.dial_at or c.first_at, age(c.uid))) if len(legs) > 1 else legs

    def _direction(self, first: Channel | None) -> Direction | None:
        """None: not to be told yet."""
        if first is None:
            return self.base.direction if self.base else None
        if first.role == OUTSIDE:
            if self.robot or self.request_id or (first.went_out and not first.came_in):
                return Direction.OUTBOUND
            return Direction.INBOUND
        if self.base is not None and self.base.direction is not Direction.INTERNAL:
            return self.base.direction
        if any(c.role == OUTSIDE and not c.member for c in self.channels.values()):
            return Direction.OUTBOUND
        return self._direction_of_exten(first)

    def _direction_of_exten(self, first: Channel) -> Direction | None:
        exten = first.exten if first.came_in else first.last_exten
        if self.is_operator(exten):
            return Direction.INTERNAL
        dialling = len(self.channels) > 1 and any(c is not first and c.role != LOCAL for c in self.channels.values())
        if exten in NO_NUMBER or (not exten[0].isdigit() and exten[0] != "+"):
            # *8 and the like: a conversation only once somebody else's phone is in it.
            return Direction.INTERNAL if dialling and first.came_in else None
        return Direction.OUTBOUND if not dialling else Direction.INTERNAL

    # --- reading -------------------------------------------------------------------------------------------

    def _offers(self, first: Channel | None) -> tuple[Offer, ...]:
        """Operators' phones that rang for somebody else's call."""
        rung = [c for c in self.channels.values() if c.offer_at is not None]
        if not rung:
            return self.base.offers if self.base else ()
        answers = self._picked_up_at(rung) if len(rung) > 1 else []  # when another phone may have answered
        mine: list[Offer] = []
        for c in rung:
            if c is first or c.offer_at is None:
                continue
            if c.offer_settled:
                mine.append(Offer(c.offer_to, c.offer_at, c.offer_ended_at, self._result(c, answers)))
            else:
                mine.append(Offer(c.offer_to, c.offer_at))
        if len(mine) > 1:
            mine.sort(key=lambda o: (o.began_at, o.operator))
        return tuple(mine) if self.base is None else (*self._base_offers(self.base, mine), *mine)

    @staticmethod
    def _base_offers(base: Conversation, mine: list[Offer]) -> Iterable[Offer]:
        return (o for o in base.offers if not any(m.operator == o.operator and o.ended_at is None for m in mine))

    def _picked_up_at(self, rung: Iterable[Channel]) -> list[datetime]:
        return [
            min(t for t in (c.up_at, c.connected_at, c.moves[0][0] if c.moves else None) if t is not None)
            for c in rung
            if c.moves or c.connected_at is not None
        ]

    def _result(self, c: Channel, answers: list[datetime]) -> str:
        if c.picked_at is not None:
            return "elsewhere"
        if c.moves or c.connected_at:
            return "dead" if c.why_gone == _LOST_MEDIA and self._is_dead_air(c) else "answered"
        if c.dial_status == "BUSY" or c.why_gone in (_BUSY, _REJECTED):
            return "refused"
        if c.asked_at is not None and c.up_at is None and not c.why_gone:
            return "refused"  # Asterisk 16 does not say why the phone ended the ring, only that it did
        ended_at = c.offer_ended_at
        if c.offer_at is not None and ended_at is not None:
            if any(c.offer_at <= at <= ended_at + SAME_MOMENT for at in answers):
                return "elsewhere"
        if c.rang_at is None and c.up_at is None:
            slow = ended_at is not None and c.offer_at is not None and ended_at - c.offer_at >= DEAD_AFTER
            if slow or c.dial_status in ("CONGESTION", "CHANUNAVAIL") or c.why_gone in _DEAD_CAUSES:
                return "dead"
        return "no_answer"

    def talks(self) -> tuple[Talk, ...]:
        if self.moves_dirty:
            self.moves_dirty = False
            self.talk_cache = self._with_base(talks(self.channels.values()))
        return self.talk_cache

    def _with_base(self, mine: tuple[Talk, ...]) -> tuple[Talk, ...]:
        """Talks from before the restart go on: an open one is the same talk as the first that resync shows."""
        if self.base is None or not self.base.talks:
            return mine
        rest = list(mine)
        old: list[Talk] = []
        for talk in self.base.talks:
            same = next((m for m in rest if talk.ended_at is None and m.operator == talk.operator), None)
            if same is not None:
                rest.remove(same)
                old.append(Talk(talk.operator, talk.began_at, same.ended_at))
            else:
                old.append(talk)
        return (*old, *rest)

    def read(self) -> Conversation | None:
        """The snapshot as it stands; None while it is not known what this is."""
        first, base = self.first(), self.base
        direction = self._direction(first)
        if direction is None:
            return None
        found = self.talks()
        offers = self._offers(first)
        number, did = self._number(direction, first)
        answered_at = self._answered_at(found, direction, first)
        return Conversation(
            key=CallKey(self.pbx, self.linkedid),
            direction=direction,
            arrived_at=self._arrived_at(first, direction),
            number=number,
            name=self._name(direction, first),
            did=did,
            queue=max(self.joined)[1] if self.joined else (base.queue if base else ""),
            state=self._state(direction, found, offers),
            queued_at=(base.queued_at if base else None) or self._queued_at(),
            offered_at=(base.offered_at if base else None) or (offers[0].began_at if offers else None),
            answered_at=answered_at,
            operator=self._operator(direction, first, found),
            offers=offers,
            talks=found,
            held_seconds=self._held(),
            recording_file=_first(self.recordings) or (base.recording_file if base else ""),
            message_file=_first(self.messages) or (base.message_file if base else ""),
            callback_requested=self.callback_at is not None or (base is not None and base.callback_requested),
            robot=self.robot,
            request_id=self.request_id,
            unrecorded_at=self._unrecorded_at(),
        )

    def _unrecorded_at(self) -> datetime | None:
        """Somebody else's recorder on a call that we do not record is none of ours."""
        before = self.base.unrecorded_at if self.base else None
        if not self.unrecorded or not (self.recordings or (self.base and self.base.recording_file)):
            return before
        return min([*self.unrecorded, *([before] if before else [])])

    def _queued_at(self) -> datetime | None:
        moments = [at for at, _ in self.joined]
        if self.robot:
            # He asked for an operator, also where no queue took him for want of one.
            moments += [at for at, stage in self.stages if stage in ASKED_FOR_OPERATOR]
        return min(moments, default=None)

    def _arrived_at(self, first: Channel | None, direction: Direction) -> datetime:
        if self.base is not None:
            return self.base.arrived_at
        root = first if direction is Direction.INBOUND else None
        if root is not None:
            return root.first_at
        return min(c.first_at for c in self.channels.values())

    def _number(self, direction: Direction, first: Channel | None) -> tuple[phone.Phone, str]:
        """The other side, and the number dialled."""
        if first is None or (self.base is not None and self.base.direction is direction):
            base = self.base
            if base is None:
                return phone.WITHHELD, ""
            hidden = first is not None and first.withheld
            return (phone.WITHHELD if hidden else base.number), base.did
        if direction is Direction.INBOUND:
            return (phone.WITHHELD if first.withheld else self.parse(first.number)), first.exten
        dialled = self._dialled(direction, first)
        return self.parse(dialled), dialled

    def _dialled(self, direction: Direction, first: Channel) -> str:
        if direction is Direction.OUTBOUND:
            legs = [first] if first.role == OUTSIDE else self.outside_legs(first)
            for leg in legs:
                if text := _number_in(leg.dialled):
                    return text
            if first.role == OUTSIDE:
                return first.number
        exten = first.exten if first.came_in else first.last_exten
        if exten not in NO_NUMBER:
            return exten
        return next((c.offer_to for c in self.channels.values() if c.offer_at and c is not first), "")

    def _name(self, direction: Direction, first: Channel | None) -> str:
        if first is None or (self.base is not None and self.base.name):
            return self.base.name if self.base else ""
        return first.caller if direction is Direction.INBOUND and not first.withheld else ""

    def _answered_at(self, found: tuple[Talk, ...], direction: Direction, first: Channel | None) -> datetime | None:
        told = self.told.answered_at if self.told else (self.base.answered_at if self.base else None)
        seen = found[0].began_at if len(found) == 1 else min((t.began_at for t in found), default=None)
        if self.robot and seen is None and first is not None:
            legs = (first, *self.outside_legs(first))
            seen = min((c.up_at for c in legs if c.role == OUTSIDE and c.up_at is not None), default=None)
        return told if seen is None or (told is not None and told < seen) else seen

    def _operator(self, direction: Direction, first: Channel | None, found: tuple[Talk, ...]) -> str:
        mine = first.who if first is not None and first.role == OPERATOR else (self.base.operator if self.base else "")
        if direction is Direction.INTERNAL or not found:
            return mine if direction is not Direction.INBOUND or not found else found[-1].operator
        for talk in reversed(found):
            if talk.ended_at is None:
                return talk.operator
        return found[-1].operator

    def _state(self, direction: Direction, found: tuple[Talk, ...], offers: tuple[Offer, ...]) -> State:
        for talk in found:
            if talk.ended_at is None:
                return State.HELD if self._on_hold() else State.TALKING
        if direction is not Direction.INBOUND:
            return State.DIALLING if not found else State.MENU
        for offer in offers:
            if offer.ended_at is None:
                return State.OFFERED
        if self.joined:
            last = max(self.joined)[0]
            if not any(at >= last for at in self.left) and not any(
                at > last and stage != "queue" for at, stage in self.stages
            ):
                return State.QUEUED
        elif self.base is not None and self.base.state is State.QUEUED and not self.stages:
            return State.QUEUED
        return State.MENU

    def _on_hold(self) -> bool:
        return any(c.gone_at is None and c.holds and max(c.holds)[1] for c in self.channels.values())

    def _held(self) -> float:
        total = 0.0
        for c in self.channels.values():
            if not c.holds:
                continue
            since: datetime | None = None
            for at, on in sorted(c.holds):
                if on and since is None:
                    since = at
                elif not on and since is not None:
                    total += (at - since).total_seconds()
                    since = None
            if since is not None and c.gone_at is not None:
                total += max(0.0, (c.gone_at - since).total_seconds())
        return round(total, 3)

    # --- how it ended --------------------------------------------------------------------------------------

    def last_gone(self) -> datetime | None:
        gone = [c.gone_at for c in self.channels.values() if c.gone_at is not None]
        return max(gone) if gone else None

    def is_whole(self) -> bool:
        """Everything that must have been said before an end has been said: nothing hangs in a shuffled window."""
        first = self.first()
        for c in self.channels.values():
            if not c.appeared:
                return False  # its beginning is still on its way
            if c.moves and 2 * len([1 for _, bridge, _, _ in c.moves if bridge]) != len(c.moves):
                return False  # an entering or a leaving is still on its way, and so is perhaps who else was there
            if c.dial_at is not None and c.dial_end_at is None:
                return False
            if c.up_at is None or c.moves or not c.went_out or c is first or c.role == LOCAL or self.robot:
                continue
            return False  # it answered, and no bridge: that comes yet
        if not self.talks() and any(c.moves and c.went_out for c in self.channels.values()):
            return False  # it was in a bridge with nobody: who else was there is still on its way
        return self.linkedid in self.channels or self.base is not None

    def believe_member_events(self) -> None:
        """The bridge's own signals were lost: what the queue said of the member stands in for them."""
        if self.talks():
            return
        for c in self.channels.values():
            if c.offer_at is None or c.moves or c.up_at is None or c is self.first():
                continue
            if c.connected_at is not None and (c.gone_at or self.last_gone()):
                ended_at = c.gone_at or self.last_gone()
                self.talk_cache = (*self.talk_cache, Talk(c.offer_to, c.up_at, ended_at))

    def _is_dead_air(self, c: Channel) -> bool:
        """The phone's sound was lost so soon after the answer that nobody can have spoken into it."""
        return c.gone_at is not None and bool(c.moves) and c.gone_at - c.moves[0][0] <= DEAD_AIR

    def nobody_spoke(self, call: Conversation) -> bool:
        """Every phone that answered the caller was dead: he was bridged, and heard nobody."""
        if call.direction is not Direction.INBOUND or not call.talks:
            return False
        dead = False
        for c in self.channels.values():
            if c.moves and c.role == OPERATOR:
                if c.why_gone != _LOST_MEDIA or not self._is_dead_air(c):
                    return False
                dead = True
        return dead

    def outcome(self, call: Conversation) -> tuple[Outcome, Missed | None]:
        if self.nobody_spoke(call):
            return Outcome.MISSED, Missed.PHONE_DEAD
        if call.talks or call.answered_at is not None:
            return Outcome.ANSWERED, None
        if call.direction is Direction.INBOUND:
            if self.stages and max(self.stages)[1] == "served":
                return Outcome.SERVED, None
            return Outcome.MISSED, self._missed(call)
        return self._failed_dial(), None

    def _failed_dial(self) -> Outcome:
        first = self.first()
        if first is None:
            return Outcome.NO_ANSWER
        legs = [c for c in self.channels.values() if c is not first and c.role != LOCAL]
        if first.role == OUTSIDE:
            legs = [first]
        if not legs:
            # The far side was not heard of in time: the cause on the operator's own channel is the far side's.
            if first.cause in (_BUSY, _REJECTED):
                return Outcome.BUSY if first.cause == _BUSY else Outcome.REJECTED
            return Outcome.NO_ANSWER if first.came_in and first.cause in (16, 0) else Outcome.FAILED
        last = max(legs, key=lambda c: (c.dial_at or c.first_at, age(c.uid)))
        if (last.dial_status == "BUSY" and last.why_gone != _REJECTED) or last.why_gone == _BUSY:
            return Outcome.BUSY
        if last.why_gone == _REJECTED:
            return Outcome.REJECTED
        if last.dial_status in ("CONGESTION", "CHANUNAVAIL") or last.why_gone in _FAILED_CAUSES:
            return Outcome.FAILED
        return Outcome.NO_ANSWER

    def _missed(self, call: Conversation) -> Missed:
        if call.message_file or self.messages:
            return Missed.MESSAGE
        if call.callback_requested:
            return Missed.CALLBACK_REQUESTED
        last_join = max(self.joined)[0] if self.joined else None
        later = [(at, s) for at, s in self.stages if s != "queue" and (last_join is None or at >= last_join)]
        reason = next((_REASONS[s] for _, s in sorted(later, reverse=True) if s in _REASONS), None)
        if reason is not None:
            return self._silence(call) or reason if reason is Missed.TIMEOUT else reason
        waited = last_join is not None or any(s == "queue" for _, s in self.stages)
        place = _PLACES.get(max(later)[1]) if later else None
        if place is not None and not (call.offers and not waited):
            return place
        if waited:
            return self._missed_in_queue(call, last_join)
        if call.offers:
            return self._rang_at_the_end(call) or self._silence(call) or Missed.TIMEOUT
        if self.base is not None:
            return Missed.QUEUE if self.base.queued_at else Missed.UNKNOWN
        return Missed.UNKNOWN if self.vanished and not self.stages else Missed.GREETING

    def _missed_in_queue(self, call: Conversation, last_join: datetime | None) -> Missed:
        if ringing := self._rang_at_the_end(call):
            return ringing
        if silence := self._silence(call):
            return silence
        went_on = [at for at in self.left if last_join is not None and at >= last_join]
        if not went_on or any(last_join is not None and at >= last_join for at in self.abandoned):
            return Missed.QUEUE
        # The queue let him go and the dialplan said nothing of it.
        end = self.last_gone()
        return Missed.QUEUE if end is not None and end - max(went_on) <= SAME_MOMENT else Missed.TIMEOUT

    def _rang_at_the_end(self, call: Conversation) -> Missed | None:
        end = self.last_gone()
        for offer in call.offers:
            if offer.result == "no_answer" and end and offer.ended_at and end - offer.ended_at <= SAME_MOMENT:
                return Missed.RINGING
            if offer.ended_at is None:
                return Missed.RINGING
        return None

    @staticmethod
    def _silence(call: Conversation) -> Missed | None:
        results = {o.result for o in call.offers}
        if results == {"dead"}:
            return Missed.PHONE_DEAD
        if results and results <= {"dead", "refused"}:
            return Missed.REFUSED
        return None


def _first(said: list[tuple[datetime, str]]) -> str:
    return min(said)[1] if said else ""


_DIALLED = re.compile(r"(?:^|[/:])([+*#\d][\d*#()\- ]*)(?:@|$)")


def _number_in(dialled: str) -> str:
    """The number in a dial string: +79074121806@trunk, trunk/sip:+79074121806@host, 109."""
    match = _DIALLED.search(dialled)
    return match.group(1) if match else ""
