"""A small language for stories: who does what and when, as the signals that Asterisk would send.

story = Story()
resident = story.arrives("+79074121806")
ring = resident.rings("101")
ring.answers()
resident.hangs_up()
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

from callengine.calls import signals as s
from callengine.calls.events import CallAnswered, CallEnded, CallFact, CallMissed
from callengine.calls.model import Conversation, Missed
from callengine.calls.tracker import Tracker

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


class Line:
    """A channel and what it does."""

    def __init__(self, story: Story, name: str, *, linkedid: str = "", state: int = s.RING, number: str = "",
                 exten: str = "", context: str = "") -> None:  # fmt: skip
        self.story = story
        self.uid = story.new_id()
        self.linkedid = linkedid or self.uid
        self.name = f"{name}-{story.serial():08x}" if not name.startswith("Local/") else name
        self.state, self.number, self.exten, self.context = state, number, exten, context
        self.bridge = ""
        self.dialler: Line | None = None
        story.lines.append(self)
        story.say(s.ChannelAppeared(story.at, self.leg))

    @property
    def leg(self) -> s.Leg:
        return s.Leg(self.uid, self.linkedid, self.name, self.state, self.number, "", self.exten, self.context)

    def becomes(self, state: int) -> Line:
        self.state = state
        self.story.say(s.ChannelState(self.story.at, self.leg))
        return self

    def stage(self, name: str, fact: str = "stage") -> Line:
        self.story.say(s.DialplanFact(self.story.at, self.leg, fact, name))
        return self

    def joins(self, queue: str = "desk") -> Line:
        self.stage("queue")
        self.story.say(s.QueueJoined(self.story.at, self.leg, queue))
        return self

    def leaves(self, queue: str = "desk") -> Line:
        self.story.say(s.QueueLeft(self.story.at, self.leg, queue))
        return self

    def dials(self, name: str, dialled: str = "", *, rings: bool = True) -> Line:
        """The PBX calls a telephone for this channel."""
        dest = Line(self.story, name, linkedid=self.linkedid, state=s.DOWN)
        dest.dialler = self
        self.story.say(s.DialBegan(self.story.at, dest.leg, self.leg, dialled or name.split("/")[1]))
        return dest.becomes(s.RINGING) if rings else dest

    def rings(self, operator: str, *, rings: bool = True) -> Line:
        """The queue asks an operator."""
        dest = Line(self.story, f"PJSIP/{operator}", linkedid=self.linkedid, state=s.DOWN)
        dest.dialler = self
        self.story.say(s.MemberOffered(self.story.at, self.leg, dest.leg, "desk", f"PJSIP/{operator}"))
        self.story.say(s.DialBegan(self.story.at, dest.leg, self.leg, operator))
        return dest.becomes(s.RINGING) if rings else dest

    def stops(self, status: str = "NOANSWER", cause: int = 26) -> Line:
        """The ring ends without an answer."""
        assert self.dialler is not None
        self.story.say(s.DialEnded(self.story.at, self.leg, self.dialler.leg, status))
        return self.gone(cause)

    def refuses(self) -> Line:
        return self.stops("BUSY", 17)

    def answers(self, *, bridged: bool = True) -> Line:
        assert self.dialler is not None
        self.becomes(s.UP)
        self.story.say(s.DialEnded(self.story.at, self.leg, self.dialler.leg, "ANSWER"))
        if bridged:
            self.story.passes(0.02)
            self.meets(self.dialler)
        return self

    def meets(self, other: Line, bridge: str = "") -> Line:
        bridge = bridge or other.bridge or f"bridge-{self.story.serial()}"
        for line in (self, other):
            if line.bridge != bridge:
                line.enters(bridge)
        return self

    def enters(self, bridge: str) -> Line:
        if self.bridge:
            self.parts()
        self.bridge = bridge
        self.story.say(s.BridgeEntered(self.story.at, self.leg, bridge))
        return self

    def parts(self) -> Line:
        self.story.say(s.BridgeLeft(self.story.at, self.leg, self.bridge))
        self.bridge = ""
        return self

    def holds(self) -> Line:
        self.story.say(s.Held(self.story.at, self.leg))
        return self

    def resumes(self) -> Line:
        self.story.say(s.Resumed(self.story.at, self.leg))
        return self

    def gone(self, cause: int = 16) -> Line:
        if self.bridge:
            self.parts()
        self.story.say(s.ChannelGone(self.story.at, self.leg, cause))
        self.story.lines.remove(self)
        return self

    def live(self, application: str = "", data: str = "") -> s.LiveChannel:
        return s.LiveChannel(self.leg, self.bridge, application, data)


class Story:
    """Collects the signals; time passes a millisecond with each."""

    def __init__(self, start: datetime = START) -> None:
        self.at = start
        self.signals: list[s.Signal] = []
        self.lines: list[Line] = []
        self._serial = count(1)

    def serial(self) -> int:
        return next(self._serial)

    def new_id(self) -> str:
        return f"{int(self.at.timestamp())}.{self.serial()}"

    def say(self, signal: s.Signal) -> None:
        self.signals.append(signal)
        self.at += timedelta(milliseconds=1)

    def passes(self, seconds: float) -> Story:
        self.at += timedelta(seconds=seconds)
        return self

    def line(self, name: str, **about: object) -> Line:
        made = Line(self, name, **about)  # type: ignore[arg-type]
        return made

    def arrives(self, number: str = "+79074121806", did: str = "115") -> Line:
        """A resident calls the service's line."""
        caller = Line(self, "PJSIP/trunk", number=number, exten=did, context="callengine-inbound")
        caller.becomes(s.UP)
        return caller.stage("greeting")

    def lifts(self, operator: str, dials: str) -> Line:
        """An operator dials on his phone."""
        return Line(self, f"PJSIP/{operator}", number=operator, exten=dials, context="callengine-operators")

    def end_all(self) -> Story:
        for line in list(self.lines):
            line.gone()
        return self


def told(signals: Sequence[s.Signal], tracker: Tracker | None = None) -> list[CallFact]:
    """Everything that a tracker tells of these signals."""
    tracker = tracker or Tracker("main")
    return [fact for signal in signals for fact in tracker.feed(signal)] + tracker.settle()


def names(facts: Sequence[CallFact]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def last(facts: Sequence[CallFact]) -> Conversation:
    """The end of a story with one conversation."""
    ended = [fact.call for fact in facts if isinstance(fact, CallEnded)]
    assert len(ended) == 1, names(facts)
    return [fact.call for fact in facts if fact.call.key == ended[0].key][-1]


def outcomes_are_single(facts: Sequence[CallFact]) -> None:
    """One outcome a conversation, and never both answered and missed."""
    keys = {fact.call.key for fact in facts}
    for key in keys:
        mine = [fact for fact in facts if fact.call.key == key]
        ends = [fact for fact in mine if isinstance(fact, CallEnded)]
        missed = [fact for fact in mine if isinstance(fact, CallMissed)]
        answered = [fact for fact in mine if isinstance(fact, CallAnswered)]
        assert len(ends) == 1, (key, names(mine))
        assert len(missed) <= 1 and len(answered) <= 1, (key, names(mine))
        if missed and answered:
            assert missed[0].call.missed is Missed.PHONE_DEAD, (key, names(mine))
        finals = {fact.call.outcome for fact in mine if fact.call.ended_at is not None}
        assert len(finals) == 1 and None not in finals, (key, finals)
