"""What the PBX told us, typed: the only input of the tracker. How AMI spells it is known to pbx/translate alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from callengine.values import value_class

# Channel states as Asterisk numbers them; a far side that calls us starts at RING, one that we call at DOWN.
DOWN, RING, RINGING, UP = 0, 4, 5, 6


class Leg(NamedTuple):
    """A channel as it stood when the PBX spoke of it."""

    uniqueid: str
    linkedid: str
    name: str  # PJSIP/101-0000002a
    state: int = -1
    number: str = ""  # caller id, as the network or the dialplan wrote it
    caller: str = ""  # caller name, hostile
    exten: str = ""
    context: str = ""
    variables: tuple[tuple[str, str], ...] = ()  # what manager.conf's `channelvars` adds

    def variable(self, name: str) -> str:
        for key, value in self.variables:
            if key == name:
                return value
        return ""


@value_class(frozen=True, slots=True)
class Signal:
    """The root: the PBX said something at `at` (UTC; the bridge has taken out what the PBX's clock was off)."""

    at: datetime


@value_class(frozen=True, slots=True)
class LegSignal(Signal):
    """The root of all that is about one channel."""

    leg: Leg


class ChannelAppeared(LegSignal):
    """A channel was made."""

    __slots__ = ()


class ChannelState(LegSignal):
    """It rings, or is up."""

    __slots__ = ()


@value_class(frozen=True, slots=True)
class CallerIdChanged(LegSignal):
    """The caller id became known or changed; `withheld` None when the PBX did not say."""

    withheld: bool | None = None


@value_class(frozen=True, slots=True)
class ChannelRenamed(Signal):
    """A masquerade: another telephone now sits behind this unique id."""

    uniqueid: str
    name: str


@value_class(frozen=True, slots=True)
class ChannelGone(LegSignal):
    """Hangup; `cause` is Q.850."""

    cause: int = 0


@value_class(frozen=True, slots=True)
class HangupAsked(LegSignal):
    """The far side itself ended it; `cause` is 0 where the PBX did not pass it on (16)."""

    cause: int = 0


@value_class(frozen=True, slots=True)
class DialBegan(Signal):
    """A telephone is being called. `source` is None when the engine or the PBX itself dials (Originate)."""

    dest: Leg
    source: Leg | None = None
    dialled: str = ""  # 101, +79074121806@trunk


@value_class(frozen=True, slots=True)
class DialEnded(Signal):
    """The dialling ended; `status`: ANSWER, BUSY, NOANSWER, CANCEL, CONGESTION, CHANUNAVAIL, …"""

    dest: Leg
    source: Leg | None = None
    status: str = ""


@value_class(frozen=True, slots=True)
class BridgeEntered(LegSignal):
    bridge: str = ""


@value_class(frozen=True, slots=True)
class BridgeLeft(LegSignal):
    bridge: str = ""


class Held(LegSignal):
    """This party put the other on hold."""

    __slots__ = ()


class Resumed(LegSignal):
    """The party took the other off hold."""

    __slots__ = ()


@value_class(frozen=True, slots=True)
class QueueJoined(LegSignal):
    queue: str = ""


@value_class(frozen=True, slots=True)
class QueueLeft(LegSignal):
    queue: str = ""


@value_class(frozen=True, slots=True)
class QueueAbandoned(LegSignal):
    queue: str = ""


@value_class(frozen=True, slots=True)
class MemberSignal(LegSignal):
    """The root of what a queue says about one member: `leg` is the caller's, `dest` the member's."""

    dest: Leg
    queue: str = ""
    member: str = ""


class MemberOffered(MemberSignal):
    """The queue asks this member."""

    __slots__ = ()


class MemberRefused(MemberSignal):
    """The member did not take it: busy, refused or rang out."""

    __slots__ = ()


class MemberConnected(MemberSignal):
    """The queue is about to bridge the member with the caller."""

    __slots__ = ()


@value_class(frozen=True, slots=True)
class Transferred(Signal):
    """`kind` is blind or attended. All legs of one transfer belong to one conversation."""

    kind: str
    legs: tuple[Leg, ...]
    succeeded: bool = True


@value_class(frozen=True, slots=True)
class PickedUp(LegSignal):
    """`leg` took the call that rang at `target`."""

    target: Leg


@value_class(frozen=True, slots=True)
class DialplanFact(LegSignal):
    """Our own dialplan speaks (UserEvent Callengine): stage, callback, message, recording, member, originated, …

    `unrecorded`: the recorder did not begin, or somebody stopped it (the PBX's own event).
    """

    fact: str = ""
    value: str = ""


@value_class(frozen=True, slots=True)
class Originated(Signal):
    """What became of our Originate: `request_id` is the action's id. `uniqueid` is empty when nothing was dialled."""

    request_id: str
    uniqueid: str = ""
    succeeded: bool = True


@value_class(frozen=True, slots=True)
class LiveChannel:
    """One line of CoreShowChannels."""

    leg: Leg
    bridge: str = ""
    application: str = ""
    data: str = ""
    age_seconds: float | None = None


@value_class(frozen=True, slots=True)
class Snapshot:
    """Resync: every channel alive at `at`, the moment of asking (Ping tells it).

    `ahead` is what the PBX's clock was ahead of ours and is taken out of `at` already: unique ids carry its seconds.
    """

    at: datetime
    channels: tuple[LiveChannel, ...] = ()
    ahead: timedelta = timedelta()
