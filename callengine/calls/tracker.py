"""The tracker: signals in, facts out. Pure: no clock, no I/O; it can be replayed from a tape.

One conversation is all channels of one linkedid, and of all linkedids that ever join it; its identity is the oldest.
It ends when its last channel is gone. What the signals mean is read by `evidence`; here is decided which conversation
a channel belongs to, what is told, and when it is final: an outcome once told never changes.

A PBX's events can be shuffled, doubled and lost. An end that does not add up yet (a channel hung up that never
appeared, a phone answered that never entered a bridge) is held back until it does, until the PBX's clock has moved on
by HOLD_BACK, or until the glue says with `settle()` that the stream is quiet. In an orderly stream nothing is held.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from callengine import phone
from callengine.calls import events, signals
from callengine.calls.events import CallFact
from callengine.calls.evidence import NO_NUMBER, Channel, Evidence, age, telephone
from callengine.calls.model import (
    ROBOT_REQUEST,
    Conversation,
    Direction,
    Missed,
    Offer,
    Outcome,
    State,
    Talk,
    completed,
)
from callengine.calls.signals import Leg, Signal
from callengine.calls.talks import LOCAL, OPERATOR, OUTSIDE

# PBX time that an incomplete end waits for its stragglers.
HOLD_BACK = timedelta(seconds=2)
# Ended conversations stay for late signals so long, and at most so many; then only their names are kept.
LINGER = timedelta(seconds=30)
LINGER_LIMIT = 1_000
REMEMBER = timedelta(hours=1)
REMEMBER_LIMIT = 20_000

_ROBOT_CONTEXT = "callengine-robot"


def looks_like_an_extension(peer: str) -> bool:
    """Where nobody says better: PJSIP/101-… is an operator, PJSIP/trunk-… is the outside world."""
    return _EXTENSION(peer) is not None


_EXTENSION = re.compile(r"[1-9]\d{1,4}").fullmatch


class Tracker:
    """Follows the conversations of one PBX.

    `is_operator` is asked about the peer of a channel name (PJSIP/101-0000002a: "101") and about dialled extensions.
    """

    def __init__(
        self,
        pbx_name: str,
        *,
        country: str = "RU",
        city_code: str = "",
        is_operator: Callable[[str], bool] = looks_like_an_extension,
    ) -> None:
        self.pbx = pbx_name
        self._is_operator = is_operator
        self._parse: Callable[[str], phone.Phone] = partial(phone.parse, country=country, city_code=city_code)
        self._now: datetime | None = None
        self._alive_at: datetime | None = None
        self._pbx_ahead = timedelta()
        self._channels: dict[str, Channel] = {}
        self._conversations: dict[str, Evidence] = {}
        self._held_back: dict[str, Evidence] = {}
        self._ended: OrderedDict[str, Evidence] = OrderedDict()
        self._forgotten: OrderedDict[str, datetime] = OrderedDict()
        self._forget_at: datetime | None = None  # when the next of both is due
        self._requests: OrderedDict[str, str] = OrderedDict()  # uniqueid -> request id, said before its channel
        self._handlers: dict[type[Signal], Callable[..., Evidence | None]] = {
            signals.ChannelAppeared: self._appeared,
            signals.ChannelState: self._state,
            signals.CallerIdChanged: self._caller_id,
            signals.ChannelRenamed: self._renamed,
            signals.ChannelGone: self._gone,
            signals.HangupAsked: self._hangup_asked,
            signals.DialBegan: self._dial_began,
            signals.DialEnded: self._dial_ended,
            signals.BridgeEntered: self._entered,
            signals.BridgeLeft: self._left,
            signals.Held: self._held,
            signals.Resumed: self._held,
            signals.QueueJoined: self._joined,
            signals.QueueLeft: self._queue_left,
            signals.QueueAbandoned: self._abandoned,
            signals.MemberOffered: self._member_offered,
            signals.MemberRefused: self._member_offered,
            signals.MemberConnected: self._member_connected,
            signals.Transferred: self._transferred,
            signals.PickedUp: self._picked_up,
            signals.DialplanFact: self._dialplan,
            signals.Originated: self._originated,
        }
        self._facts: list[CallFact] = []
        self._touched: dict[Evidence, datetime] = {}  # in this drain: to be read anew at its end

    # --- what the glue calls -------------------------------------------------------------------------------

    def feed(self, signal: Signal) -> list[CallFact]:
        """One signal; the facts that follow from it, in order."""
        evidence = self._take(signal)
        if evidence is not None:
            self._tell(evidence, signal.at)
        return self._told()

    def feed_many(self, drain: Iterable[Signal]) -> list[CallFact]:
        """What one drain of the queue brought: each conversation is read once, after all of it was taken.

        Under load this is several times cheaper than signal by signal, and tells the same: every arrival, offer,
        answer and end, in order. Only what came and went within the drain (a short hold) goes untold.
        """
        self._touched = touched = {}
        handlers = self._handlers
        for signal in drain:
            at = signal.at
            if self._now is None or at > self._now:
                self._advance(at)
            handler = handlers.get(type(signal))
            if handler is not None and (evidence := handler(signal)) is not None:
                touched[evidence] = at
        self._touched = {}
        for evidence, at in touched.items():
            if evidence.channels:  # else it was merged into another one meanwhile
                self._tell(evidence, at)
        return self._told()

    def _take(self, signal: Signal) -> Evidence | None:
        """Note what the signal says; the conversation that must be read anew."""
        if self._now is None or signal.at > self._now:
            self._advance(signal.at)
        handler = self._handlers.get(type(signal))
        return handler(signal) if handler is not None else None

    def _advance(self, now: datetime) -> None:
        self._now = now
        if self._held_back:
            self._release(now - HOLD_BACK)
        if self._forget_at is not None and now >= self._forget_at:
            self._forget(now)

    def _told(self) -> list[CallFact]:
        if not self._facts:
            return []
        facts, self._facts = self._facts, []
        return facts

    def settle(self) -> list[CallFact]:
        """The stream has been quiet for a second or two: what was held back is final."""
        self._release(None)
        return self._told()

    def lost(self) -> None:
        """The link is cut: what was alive at the last signal is the last thing known until `resync`."""
        if self._alive_at is None:
            self._alive_at = self._now

    def prime(self, conversations: Iterable[Conversation], alive_at: datetime | None = None) -> None:
        """After a restart: what the store holds as not ended. Call `resync` next; it ends what is gone.

        `alive_at` is when this PBX was last seen (coverage); else each conversation's own last moment counts.
        """
        for call in conversations:
            if call.key.pbx != self.pbx or call.ended_at is not None or call.key.linkedid in self._conversations:
                continue
            evidence = self._new_evidence(call.key.linkedid)
            evidence.base = evidence.told = call
            evidence.talk_cache = call.talks
            evidence.robot, evidence.request_id = call.robot, call.request_id
            evidence.moves_dirty = True
        if alive_at is not None and (self._alive_at is None or alive_at > self._alive_at):
            self._alive_at = alive_at

    def resync(self, snapshot: signals.Snapshot, ledger: Mapping[str, Conversation] | None = None) -> list[CallFact]:
        """All channels alive now. What vanished meanwhile ends at the last time it was known to be alive,
        or as the `ledger` (by linkedid) says how it ended."""
        alive_at = self._alive_at or self._now
        self._alive_at = None
        at = snapshot.at
        self._pbx_ahead = snapshot.ahead
        touched = dict.fromkeys(e for live in snapshot.channels if (e := self._live(live, at, alive_at)) is not None)
        listed = {live.leg.uniqueid for live in snapshot.channels}
        for channel in list(self._channels.values()):
            # A channel that spoke after the question was asked may well be missing in the answer.
            if channel.gone_at is None and channel.uid not in listed and channel.last_at < at:
                self._vanish(channel, max(channel.last_at, alive_at or channel.last_at))
                touched[channel.evidence] = None
        for evidence in dict.fromkeys(self._conversations.values()):
            if evidence.ended_at is None and not evidence.alive:
                self._end_vanished(evidence, alive_at, (ledger or {}).get(evidence.linkedid))
            elif evidence in touched:
                self._tell(evidence, at)
        if self._now is None or at > self._now:
            self._now = at
        return self._told()

    def live(self) -> list[Conversation]:
        """The conversations that go on, as last told."""
        return [e.told for e in dict.fromkeys(self._conversations.values()) if e.told and e.ended_at is None]

    @property
    def size(self) -> int:
        """How much is remembered, for the metrics and the test that it is bounded."""
        return len(self._channels) + len(self._conversations) + len(self._forgotten)

    # --- identity ------------------------------------------------------------------------------------------

    def _new_evidence(self, linkedid: str) -> Evidence:
        evidence = Evidence(self.pbx, linkedid, self._is_operator, self._parse)
        self._conversations[linkedid] = evidence
        return evidence

    def _channel(self, leg: Leg, at: datetime) -> Channel | None:
        """The channel's evidence, brought up to date with what every signal says of its channel."""
        uniqueid, linkedid, name, _, _, _, exten, context, variables = leg
        channel = self._channels.get(uniqueid)
        if channel is None:
            channel = self._new_channel(leg, at)
            if channel is None:
                return None
        elif channel.linkedid != linkedid:
            self._linked(channel, linkedid)
        if at > channel.last_at:
            channel.last_at = at
        elif at < channel.first_at:
            channel.first_at = at
            channel.evidence.moves_dirty = True
        if name != channel.name and at >= channel.name_at:
            self._name(channel, name, at)
        if exten != channel.last_exten and exten not in NO_NUMBER:
            channel.last_exten = exten
        if context == _ROBOT_CONTEXT:
            channel.evidence.robot = True
        if variables:
            self._variables(channel, leg)
        return channel

    def _new_channel(self, leg: Leg, at: datetime) -> Channel | None:
        role, who = self._role(leg.name)
        if not role or leg.linkedid in self._forgotten:
            return None
        evidence = self._conversations.get(leg.linkedid) or self._new_evidence(leg.linkedid)
        channel = Channel(evidence, leg, at, role, who)
        evidence.channels[leg.uniqueid] = self._channels[leg.uniqueid] = channel
        evidence.alive += 1
        if self._requests and (request := self._requests.pop(leg.uniqueid, "")):
            evidence.request_id = request
        if leg.uniqueid.startswith(ROBOT_REQUEST):
            evidence.robot, evidence.request_id = True, leg.uniqueid
        return channel

    def _role(self, name: str) -> tuple[str, str]:
        kind, who = telephone(name)
        if kind != "phone":
            return (kind, who) if kind == LOCAL else ("", "")
        return (OPERATOR, who) if self._is_operator(who) else (OUTSIDE, who)

    def _name(self, channel: Channel, name: str, at: datetime) -> None:
        role, who = self._role(name)
        if role:
            channel.name, channel.name_at, channel.role, channel.who = name, at, role, who

    def _variables(self, channel: Channel, leg: Leg) -> None:
        evidence = channel.evidence
        for name, value in leg.variables:
            if name == "CE_REQUEST" and not evidence.request_id:
                evidence.request_id = value
            elif name == "CE_ROBOT" and value == "1":
                evidence.robot = True
            elif name == "CALLERID(num-pres)":
                channel.withheld = value.startswith("prohib") or bool(channel.withheld)

    def _linked(self, channel: Channel, linkedid: str) -> None:
        """The PBX joined two conversations: the oldest gives the name."""
        mine = channel.evidence
        if linkedid in mine.ids or linkedid in self._forgotten:
            return
        other = self._conversations.get(linkedid)
        channel.linkedid = max(channel.linkedid, linkedid, key=age)
        if other is None:
            # The other conversation is known only by name, yet it may be the older one.
            other = self._new_evidence(linkedid)
        self._merge(mine, other)

    def _merge(self, one: Evidence, two: Evidence) -> None:
        if one is two or one.ended_at is not None or two.ended_at is not None:
            return
        older, younger = sorted((one, two), key=lambda e: age(e.linkedid))
        if younger.told is not None and not older.channels and older.told is None:
            # Nothing was told under the older name, and much under the younger: screens keep the name they know.
            older.linkedid, younger.linkedid = younger.linkedid, older.linkedid
            older.told, younger.told = younger.told, None
            older.told_offers |= younger.told_offers
            older.told_offers_ended |= younger.told_offers_ended
            older.base, younger.base = younger.base, None
        elif younger.told is not None:
            self._absorbed(younger)
        for channel in younger.channels.values():
            channel.evidence = older
        older.channels.update(younger.channels)
        older.alive += younger.alive
        older.ids |= younger.ids
        older.joined += younger.joined
        older.left += younger.left
        older.abandoned += younger.abandoned
        older.stages += younger.stages
        older.recordings += younger.recordings
        older.unrecorded += younger.unrecorded
        older.messages += younger.messages
        older.request_id = older.request_id or younger.request_id
        older.callback_at = older.callback_at or younger.callback_at
        older.moves_dirty = True
        younger.channels = {}
        younger.alive = 0
        self._held_back.pop(younger.linkedid, None)
        for linkedid in older.ids:
            self._conversations[linkedid] = older
        self._tell(older, self._now or min(c.first_at for c in older.channels.values()))

    def _absorbed(self, younger: Evidence) -> None:
        """What was told of the younger one ends here; the people in it talk on under the older name."""
        at = self._now
        call = younger.read()
        if at is None or call is None or younger.told is None:
            return
        talked = bool(call.talks) or call.answered_at is not None or call.direction is Direction.INBOUND
        call = call.evolve(
            state=State.ENDED,
            outcome=Outcome.ANSWERED if talked else Outcome.NO_ANSWER,
            ended_at=max(at, call.arrived_at),
            offers=tuple(o if o.ended_at else _ended_offer(o, at) for o in call.offers),
            talks=tuple(t if t.ended_at else Talk(t.operator, t.began_at, at) for t in call.talks),
        )
        younger.told = call
        self._facts.append(events.CallEnded(at, call))

    # --- signals -------------------------------------------------------------------------------------------

    def _appeared(self, signal: signals.ChannelAppeared) -> Evidence | None:
        leg, at = signal.leg, signal.at
        channel = self._channel(leg, at)
        if channel is None or channel.appeared:
            return None
        channel.appeared = True
        # The network's own words: whatever arrived earlier out of turn was said later.
        channel.number, channel.number_at, channel.caller = leg.number, at, leg.caller
        channel.exten, channel.exten_at, channel.context = leg.exten, at, leg.context
        if leg.state == signals.DOWN:
            channel.went_out = True
        channel.became(leg.state, at)
        return _if_visible(channel.evidence, leg.uniqueid in channel.evidence.ids)

    def _state(self, signal: signals.ChannelState) -> Evidence | None:
        channel = self._channel(signal.leg, signal.at)
        if channel is None or not channel.became(signal.leg.state, signal.at):
            return None
        before = channel.offer_at
        if channel.role == OPERATOR and signal.leg.state == signals.RINGING:
            channel.went_out = True
            self._offer(channel, signal.at)
        # Up alone changes nothing that a screen shows, but for the robot, whose answer it is.
        return _if_visible(channel.evidence, channel.offer_at != before or channel.evidence.robot)

    def _caller_id(self, signal: signals.CallerIdChanged) -> Evidence | None:
        channel = self._channel(signal.leg, signal.at)
        if channel is None:
            return None
        changed = channel.caller_was(signal.leg, signal.at)
        if signal.withheld is not None and signal.withheld and not channel.withheld:
            channel.withheld = changed = True
        return channel.evidence if changed else None

    def _renamed(self, signal: signals.ChannelRenamed) -> Evidence | None:
        channel = self._channels.get(signal.uniqueid)
        if channel is not None and signal.at >= channel.name_at:
            self._name(channel, signal.name, signal.at)
        return None

    def _gone(self, signal: signals.ChannelGone) -> Evidence | None:
        channel = self._channel(signal.leg, signal.at)
        if channel is None or channel.gone_at is not None:
            return None
        channel.gone_at = signal.at
        channel.cause = signal.cause
        channel.caller_was(signal.leg, signal.at)
        if signal.leg.state == signals.UP and channel.up_at is None:
            channel.up_at = signal.at
        elif signal.leg.state == signals.RINGING and channel.rang_at is None:
            channel.rang_at = signal.at
        evidence = channel.evidence
        evidence.alive -= 1
        in_bridge = bool(channel.moves) and bool(channel.moves[-1][1])
        if in_bridge:
            evidence.moves_dirty = True
        rang = channel.offer_at is not None and not channel.moves
        return _if_visible(evidence, in_bridge or rang or bool(channel.holds))

    def _hangup_asked(self, signal: signals.HangupAsked) -> Evidence | None:
        channel = self._channel(signal.leg, signal.at)
        if channel is None or channel.asked_at is not None:
            return None
        channel.asked_at = signal.at
        channel.asked_cause = signal.cause
        return channel.evidence if channel.gone_at is not None else None

    def _dial_began(self, signal: signals.DialBegan) -> Evidence | None:
        if signal.source is not None:
            self._channel(signal.source, signal.at)
        channel = self._channel(signal.dest, signal.at)
        if channel is None:
            return None
        channel.went_out = True
        if channel.dial_at is None or signal.at < channel.dial_at:
            channel.dial_at = signal.at
        channel.dialled = channel.dialled or signal.dialled
        before = channel.offer_at
        if signal.source is not None:
            self._offer(channel, signal.at, signal.dest.name)
        return _if_visible(channel.evidence, channel.offer_at != before or channel.role == OUTSIDE)

    def _offer(self, channel: Channel, at: datetime, name: str = "") -> None:
        """An operator's phone is asked. Who it was then counts, whoever picks the call up later."""
        role, who = self._role(name) if name else (channel.role, channel.who)
        if role != OPERATOR and not channel.member:
            return
        if channel.offer_at is None or at < channel.offer_at:
            channel.offer_at = at
            channel.offer_to = who if role == OPERATOR else channel.member

    def _dial_ended(self, signal: signals.DialEnded) -> Evidence | None:
        if signal.source is not None:
            self._channel(signal.source, signal.at)
        channel = self._channel(signal.dest, signal.at)
        if channel is None:
            return None
        channel.went_out = True
        if signal.status == "ANSWER":
            channel.became(signals.UP, signal.at)
        if not channel.dial_ended(signal.status, signal.at):
            return None
        return _if_visible(channel.evidence, channel.offer_at is not None and channel.offer_settled)

    def _entered(self, signal: signals.BridgeEntered) -> Evidence | None:
        return self._move(signal.leg, signal.at, signal.bridge)

    def _left(self, signal: signals.BridgeLeft) -> Evidence | None:
        return self._move(signal.leg, signal.at, "")

    def _move(self, leg: Leg, at: datetime, bridge: str) -> Evidence | None:
        channel = self._channel(leg, at)
        if channel is None:
            return None
        role, who = (channel.role, channel.who) if leg.name == channel.name else self._role(leg.name)
        if not channel.moved(at, bridge, role or channel.role, who or channel.who):
            return None
        evidence = channel.evidence
        before, evidence.moves_dirty = evidence.talk_cache, True
        if evidence.told is None or evidence in self._touched:
            return evidence  # it will be read anyhow
        asked = channel.offer_at is not None and len(channel.moves) == 1
        return _if_visible(evidence, asked or evidence.talks() != before)

    def _held(self, signal: signals.Held | signals.Resumed) -> Evidence | None:
        channel = self._channel(signal.leg, signal.at)
        hold = (signal.at, isinstance(signal, signals.Held))
        if channel is None or hold in channel.holds:
            return None
        channel.holds.append(hold)
        return channel.evidence

    def _joined(self, signal: signals.QueueJoined) -> Evidence | None:
        return self._note(signal.leg, signal.at, "joined", (signal.at, signal.queue))

    def _queue_left(self, signal: signals.QueueLeft) -> Evidence | None:
        return self._note(signal.leg, signal.at, "left", signal.at)

    def _abandoned(self, signal: signals.QueueAbandoned) -> Evidence | None:
        return self._note(signal.leg, signal.at, "abandoned", signal.at)

    def _note(self, leg: Leg, at: datetime, where: str, what: object) -> Evidence | None:
        channel = self._channel(leg, at)
        if channel is None:
            return None
        notes = getattr(channel.evidence, where)
        if what in notes:
            return None
        notes.append(what)
        return channel.evidence

    def _member_offered(self, signal: signals.MemberSignal) -> Evidence | None:
        caller = self._channel(signal.leg, signal.at)
        channel = self._channel(signal.dest, signal.at)
        if channel is None or caller is None:
            return None
        if channel.role == OUTSIDE and not channel.member:
            channel.member = signal.member
            channel.evidence.moves_dirty = True
        if channel.role == LOCAL or channel.came_in:
            return None  # who came in by himself picked the call up: he was not asked
        channel.went_out = True
        before = channel.offer_at
        if before is None or isinstance(signal, signals.MemberOffered):
            self._offer(channel, signal.at)
        return channel.evidence if channel.offer_at != before else None

    def _member_connected(self, signal: signals.MemberConnected) -> Evidence | None:
        evidence = self._member_offered(signal)
        channel = self._channels.get(signal.dest.uniqueid)
        if channel is None or channel.connected_at is not None:
            return evidence
        channel.connected_at = signal.at
        return evidence or _if_visible(channel.evidence, False)

    def _transferred(self, signal: signals.Transferred) -> Evidence | None:
        channels = [c for leg in signal.legs if (c := self._channel(leg, signal.at)) is not None]
        if not signal.succeeded or not channels:
            return None
        if signal.kind == "attended" and channels[0].holds and max(channels[0].holds)[1]:
            # Of three who talk together nobody waits: Asterisk says nothing of it.
            channels[0].holds.append((signal.at, False))
        for other in channels[1:]:
            self._merge(channels[0].evidence, other.evidence)
        return channels[0].evidence

    def _picked_up(self, signal: signals.PickedUp) -> Evidence | None:
        picker, target = self._channel(signal.leg, signal.at), self._channel(signal.target, signal.at)
        if target is None:
            return None
        if target.picked_at is None or signal.at < target.picked_at:
            target.picked_at = signal.at
        if picker is not None:
            self._merge(picker.evidence, target.evidence)
        return target.evidence

    def _dialplan(self, signal: signals.DialplanFact) -> Evidence | None:
        channel = self._channel(signal.leg, signal.at)
        if channel is None:
            return None
        evidence, at, value = channel.evidence, signal.at, signal.value
        match signal.fact:
            case "stage":
                evidence.robot |= value == "robot"
                noted = self._note(signal.leg, at, "stages", (at, value))
                # Before the queue a stage shows nowhere; it will say why a call was missed.
                return noted and _if_visible(noted, bool(noted.joined) or noted.robot)
            case "recording" if value:
                return self._note(signal.leg, at, "recordings", (at, value))
            case "unrecorded":
                return self._note(signal.leg, at, "unrecorded", at)
            case "message":
                return self._note(signal.leg, at, "messages", (at, value or "message"))
            case "callback":
                if evidence.callback_at is not None:
                    return None
                evidence.callback_at = at
            case "originated" if value:
                evidence.request_id = evidence.request_id or value
            case "robot":
                evidence.robot = True
            case "pres" | "arrival":
                # "prohib…" alone, or the ledger's arrival line, whose third part it is.
                parts = value.split("|")
                if not (parts[2] if len(parts) > 2 else value).startswith("prohib"):
                    return None
                channel.withheld = True
            case _:
                return None
        return evidence

    def _originated(self, signal: signals.Originated) -> Evidence | None:
        channel = self._channels.get(signal.uniqueid)
        if channel is not None:
            if channel.evidence.request_id:
                return None
            channel.evidence.request_id = signal.request_id
            return channel.evidence
        if signal.uniqueid and signal.succeeded:
            self._requests[signal.uniqueid] = signal.request_id
            while len(self._requests) > LINGER_LIMIT:
                self._requests.popitem(last=False)
        return None

    # --- resync --------------------------------------------------------------------------------------------

    def _live(self, live: signals.LiveChannel, at: datetime, alive_at: datetime | None) -> Evidence | None:
        leg = live.leg
        known = self._channels.get(leg.uniqueid)
        if known is not None and known.gone_at is not None:
            return None
        channel = self._channel(leg, known.last_at if known is not None else self._began(live, at, self._pbx_ahead))
        if channel is None:
            return None
        channel.appeared = True
        if at > channel.last_at:
            channel.last_at = at
        dialled = live.application.startswith(("AppDial", "AppQueue"))
        if known is None and (dialled or leg.state in (signals.DOWN, signals.RINGING)):
            channel.went_out = True
        elif known is None and leg.uniqueid in channel.evidence.ids:
            channel.came_in = True
        channel.became(leg.state, channel.last_at if known is not None else channel.first_at)
        if channel.went_out and leg.state == signals.RINGING:
            self._offer(channel, at)
        if live.bridge != channel.bridge:
            if channel.bridge and alive_at is not None:
                channel.moved(max(alive_at, channel.moves[-1][0]), "", channel.role, channel.who)
            if live.bridge:
                channel.moved(at, live.bridge, channel.role, channel.who)
            channel.evidence.moves_dirty = True
        evidence = channel.evidence
        queued = evidence.joined or (evidence.base and evidence.base.queued_at)
        if live.application == "Queue" and not queued:
            evidence.joined.append((at, live.data.split(",", 1)[0]))
        return evidence

    @staticmethod
    def _began(live: signals.LiveChannel, at: datetime, pbx_ahead: timedelta) -> datetime:
        """When a channel that we only now see began: its unique id is the second of its birth, by the PBX's clock."""
        born = age(live.leg.uniqueid)[0] - pbx_ahead.total_seconds()
        seconds = at.timestamp() - born
        if 0 <= seconds < 7 * 86_400:
            return at - timedelta(seconds=seconds)
        return at - timedelta(seconds=live.age_seconds or 0.0)

    def _vanish(self, channel: Channel, at: datetime) -> None:
        channel.gone_at = at
        channel.appeared = True
        channel.evidence.alive -= 1
        channel.evidence.vanished = True
        channel.evidence.moves_dirty = True

    def _end_vanished(self, evidence: Evidence, alive_at: datetime | None, ledger: Conversation | None) -> None:
        at = evidence.last_gone()
        if at is None:
            call = evidence.base
            at = _last_moment(call) if call is not None else alive_at or self._now
            if alive_at is not None and at is not None and alive_at > at:
                at = alive_at
        if at is not None:
            evidence.vanished = True
            self._end(evidence, at, ledger)

    # --- telling -------------------------------------------------------------------------------------------

    def _tell(self, evidence: Evidence, at: datetime) -> None:
        """Compare what is known with what was told."""
        if evidence.ended_at is not None:
            self._tell_late(evidence, at)
        elif evidence.alive > 0:
            if self._held_back and evidence.linkedid in self._held_back:
                del self._held_back[evidence.linkedid]
            if (call := self._readable(evidence)) is not None and call != evidence.told:
                self._tell_changes(evidence, call, at)
        elif not evidence.channels:
            return
        elif evidence.is_whole() or (evidence.told is not None and evidence.told.answered_at is not None):
            self._end(evidence, evidence.last_gone() or at)
        else:
            self._held_back[evidence.linkedid] = evidence

    def _readable(self, evidence: Evidence) -> Conversation | None:
        if evidence.told is None and evidence.linkedid not in evidence.channels and not self._late_start(evidence):
            return None  # the first channel is still on its way: it says who called whom
        return evidence.read()

    def _late_start(self, evidence: Evidence) -> bool:
        oldest = min(c.first_at for c in evidence.channels.values())
        return self._now is not None and self._now - oldest > HOLD_BACK

    def _tell_changes(self, evidence: Evidence, call: Conversation, at: datetime) -> None:
        before, facts = evidence.told, self._facts
        count = len(facts)
        evidence.told = call
        if before is None:
            facts.append(events.CallArrived(call.arrived_at, call))
        if call.queued_at is not None and (before is None or before.queued_at is None):
            facts.append(events.CallQueued(call.queued_at, call))
        if call.offers and (before is None or before.offers != call.offers):
            self._tell_offers(evidence, call)
        if call.answered_at is not None and (before is None or before.answered_at is None) and call.talks:
            facts.append(events.CallAnswered(call.answered_at, call, self._who_answered(evidence, call)))
        if call.callback_requested and (before is None or not before.callback_requested):
            facts.append(events.CallbackRequested(evidence.callback_at or at, call))
        if call.message_file and (before is None or not before.message_file):
            facts.append(events.MessageLeft(at, call))
        if len(facts) == count:
            facts.append(events.CallChanged(at, call))

    def _tell_offers(self, evidence: Evidence, call: Conversation) -> None:
        first = evidence.first()
        for channel in evidence.channels.values():
            if channel.offer_at is None or channel is first:
                continue
            if channel.uid not in evidence.told_offers:
                evidence.told_offers.add(channel.uid)
                self._facts.append(events.CallOffered(channel.offer_at, call, channel.offer_to))
            if channel.offer_settled and channel.uid not in evidence.told_offers_ended:
                evidence.told_offers_ended.add(channel.uid)
                self._facts.append(self._offer_ended(channel, call))

    @staticmethod
    def _offer_ended(channel: Channel, call: Conversation) -> CallFact:
        at = channel.offer_ended_at or channel.last_at
        for offer in call.offers:
            if offer.result and offer.operator == channel.offer_to and offer.began_at == channel.offer_at:
                return events.OfferEnded(at, call, channel.offer_to, offer.result)
        return events.OfferEnded(at, call, channel.offer_to, "no_answer")

    @staticmethod
    def _who_answered(evidence: Evidence, call: Conversation) -> str:
        first = evidence.first()
        mine = first.who if first is not None and first.role == OPERATOR else ""
        if call.direction is Direction.OUTBOUND:
            return mine or call.talks[0].operator
        return next((t.operator for t in call.talks if t.operator != mine), call.talks[0].operator)

    def _release(self, until: datetime | None) -> None:
        for linkedid, evidence in list(self._held_back.items()):
            ended_at = evidence.last_gone()
            if ended_at is None or (until is not None and ended_at > until):
                continue
            del self._held_back[linkedid]
            if evidence.ended_at is None and not evidence.alive:
                self._end(evidence, ended_at)

    def _end(self, evidence: Evidence, at: datetime, ledger: Conversation | None = None) -> None:
        """The last channel is gone: one outcome, once."""
        evidence.believe_member_events()
        call = evidence.read()
        if call is None and evidence.told is not None:
            call = evidence.told
        if call is None:
            self._linger(evidence, at)
            return
        before = evidence.told
        if before != call:
            self._tell_changes(evidence, call, at)
            if isinstance(self._facts[-1], events.CallChanged):
                self._facts.pop()  # the end itself carries the snapshot
        outcome, missed = evidence.outcome(call)
        call = _closed(call, at, outcome, missed)
        if ledger is not None:
            call = completed(call, ledger)
        ended_at = call.ended_at or at
        if call.outcome is Outcome.MISSED:
            self._facts.append(events.CallMissed(ended_at, call))
        self._facts.append(events.CallEnded(ended_at, call))
        evidence.told = call
        self._linger(evidence, ended_at)

    def _tell_late(self, evidence: Evidence, at: datetime) -> None:
        """Stragglers may refine an ended conversation (why it was missed, a file, a talk), never its outcome."""
        told, call = evidence.told, evidence.read()
        if told is None or call is None or told.ended_at is None or evidence.vanished:
            return
        ended_at = max(told.ended_at, evidence.last_gone() or told.ended_at)
        arrived_at = min(told.arrived_at, call.arrived_at)
        missed = evidence.outcome(call)[1] or told.missed if told.outcome is Outcome.MISSED else None
        call = _closed(call, ended_at, told.outcome, missed, arrived_at)
        if call == told:
            return
        evidence.told = call
        if call.callback_requested and not told.callback_requested:
            self._facts.append(events.CallbackRequested(evidence.callback_at or at, call))
        if call.message_file and not told.message_file:
            self._facts.append(events.MessageLeft(at, call))
        self._facts.append(events.CallChanged(at, call))

    # --- forgetting ----------------------------------------------------------------------------------------

    def _linger(self, evidence: Evidence, at: datetime) -> None:
        evidence.ended_at = at
        self._held_back.pop(evidence.linkedid, None)
        self._ended[evidence.linkedid] = evidence
        self._forget_at = min(self._forget_at or at + LINGER, at + LINGER)
        while len(self._ended) > LINGER_LIMIT:
            self._drop(self._ended.popitem(last=False)[1])

    def _forget(self, now: datetime) -> None:
        while self._ended:
            evidence = next(iter(self._ended.values()))
            if evidence.ended_at is not None and now - evidence.ended_at < LINGER:
                break
            self._ended.popitem(last=False)
            self._drop(evidence)
        while self._forgotten:
            linkedid, at = next(iter(self._forgotten.items()))
            if now - at < REMEMBER:
                break
            del self._forgotten[linkedid]
        dues = [e.ended_at + LINGER for e in islice(self._ended.values(), 1) if e.ended_at is not None]
        dues += [at + REMEMBER for at in islice(self._forgotten.values(), 1)]
        self._forget_at = min(dues, default=None)

    def _drop(self, evidence: Evidence) -> None:
        for uid in evidence.channels:
            self._channels.pop(uid, None)
        evidence.channels.clear()
        for linkedid in evidence.ids:
            self._conversations.pop(linkedid, None)
            if evidence.ended_at is not None:
                self._forgotten[linkedid] = evidence.ended_at
        while len(self._forgotten) > REMEMBER_LIMIT:
            self._forgotten.popitem(last=False)


def _if_visible(evidence: Evidence, visible: bool) -> Evidence | None:
    """Reading a conversation anew costs more than all else: not for what no screen shows."""
    return evidence if visible or evidence.told is None or evidence.alive == 0 else None


def _ended_offer(offer: Offer, at: datetime) -> Offer:
    return Offer(offer.operator, offer.began_at, at, "no_answer")


def _closed(
    call: Conversation,
    at: datetime,
    outcome: Outcome | None,
    missed: Missed | None,
    arrived_at: datetime | None = None,
) -> Conversation:
    """Nothing goes on in an ended conversation, and a missed one was never answered: dead air is no talk."""
    was_missed = outcome is Outcome.MISSED
    talks, offers = call.talks, call.offers
    if was_missed:
        talks = ()
    elif any(t.ended_at is None for t in talks):
        talks = tuple(t if t.ended_at else Talk(t.operator, t.began_at, max(at, t.began_at)) for t in talks)
    if any(o.ended_at is None for o in offers):
        offers = tuple(o if o.ended_at else _ended_offer(o, max(at, o.began_at)) for o in offers)
    return call.evolve(
        state=State.ENDED,
        ended_at=at,
        outcome=outcome,
        missed=missed,
        arrived_at=arrived_at or call.arrived_at,
        answered_at=None if was_missed else call.answered_at,
        operator="" if was_missed else call.operator,
        talks=talks,
        offers=offers,
    )


def _last_moment(call: Conversation) -> datetime:
    moments = [call.arrived_at, call.queued_at, call.offered_at, call.answered_at]
    moments += [o.ended_at or o.began_at for o in call.offers] + [t.ended_at or t.began_at for t in call.talks]
    return max(m for m in moments if m is not None)
