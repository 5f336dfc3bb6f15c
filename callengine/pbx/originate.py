"""What the desk does on a PBX: place a call, hang up, transfer, pause a queue member. Who may is decided elsewhere."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import NamedTuple

from callengine.calls.handover import Lasting
from callengine.calls.model import ROBOT_REQUEST, Conversation, State
from callengine.config import OnePbx
from callengine.errors import NoHold, NoTransfer, NoWarmTransfer, PbxLost, PbxRefused, Refused, TransferLasts
from callengine.pbx import consult, ledger
from callengine.pbx.ami import AmiLink, LinkState
from callengine.pbx.wire import RawEvent

TRANSFER_CONTEXT = "callengine-transfer"
ROBOT_CONTEXT = "callengine-robot"
RING_SECONDS = 30
# As dialplan/features.conf names the feature; any digit brings the call back.
HOLD_DIGITS, BACK_DIGIT = "*74", "1"
HOLD_LOOKS, HOLD_LOOK_SECONDS = 30, 0.1
_ROBOT_REQUEST = re.compile(re.escape(ROBOT_REQUEST) + r"[A-Za-z0-9_-]{1,58}")
_NAME, _VALUE = re.compile(r"(__?)?[A-Z][A-Z0-9_]{0,40}"), re.compile(r"[A-Za-z0-9_.:+-]{0,80}")
_DIALLED = re.compile(r"\+?[0-9]{2,20}")
# The Reason header of OriginateResponse: AST_CONTROL_ codes.
_REASONS = {
    "0": "the operator's phone cannot be reached: is it registered?",
    "1": "the operator's phone hung up",
    "3": "the operator's phone did not answer",
    "5": "the operator's phone is busy",
    "8": "the operator's phone cannot be reached: is it registered?",
}


class Response(NamedTuple):
    """OriginateResponse, for DiallingService.on_response."""

    request_id: str
    succeeded: bool
    reason: str


def response_of(event: RawEvent) -> Response | None:
    """What this event says of an Originate of ours; None for every other event."""
    if event.name != "OriginateResponse" or not (request_id := event.headers.get("ActionID")):
        return None
    succeeded = event.headers.get("Response") == "Success"
    code = event.headers.get("Reason", "")
    return Response(request_id, succeeded, "" if succeeded else _REASONS.get(code, f"not answered (reason {code})"))


class AmiOriginator:
    """Acts on one PBX over its link."""

    def __init__(self, link: AmiLink, settings: OnePbx) -> None:
        self._link = link
        self._settings = settings

    @property
    def ready(self) -> bool:
        return self._link.state is LinkState.UP

    @property
    def in_step(self) -> bool:
        return self._link.in_step

    async def originate(self, request_id: str, extension: str, to: str) -> None:
        """Ring the operator's phone; when he picks up the dialplan calls `to`. Returns when the PBX has taken it.

        The request is also the channel's id: Asterisk itself refuses a second channel of that id.
        """
        if not _DIALLED.fullmatch(to):
            raise Refused("this is no number that can be called")
        headers: dict[str, str | list[str]] = {
            "Channel": self._phone(extension),
            "ChannelId": request_id,
            "Context": self._settings.outbound_context,
            "Exten": to,
            "Priority": "1",
            "Timeout": str(RING_SECONDS * 1000),
            "Async": "true",
            "Variable": [
                f"__CE_REQUEST={request_id}",
                "__CE_DIRECTION=outbound",
                # The operator's phone shows whom it will call; the resident never sees this.
                f"CONNECTEDLINE(num,i)={to}",
            ],
        }
        await self._link.action("Originate", headers, action_id=request_id)

    async def call_robot(
        self,
        request_id: str,
        number: str,
        *,
        ring_seconds: float,
        variables: Mapping[str, str] | None = None,
        shown: str = "",
    ) -> None:
        """Ring an outside number; when it answers, the robot's dialplan has it. Returns when the PBX has taken it.

        `request_id` begins with ROBOT_REQUEST and is the channel's id. `shown` is the number that the resident sees,
        "" what the trunk sets. Raises Refused, PbxLost (nothing was sent), PbxRefused, OutcomeUnknown.
        """
        if not self.in_step:
            raise PbxLost(
                "the link came up just now: until the PBX has told what is alive, no line is known to be free"
            )
        if not _DIALLED.fullmatch(number):
            raise Refused("this is no number that can be called")
        if not _ROBOT_REQUEST.fullmatch(request_id):
            raise Refused(f"no request of the robot: {request_id[:80]!r}")
        told = {"CE_ROBOT": "1", "CE_NUMBER": number, "__CE_REQUEST": request_id, **(variables or {})}
        if wrong := [name for name, value in told.items() if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value))]:
            # A comma would begin another variable.
            raise Refused(f"a variable that the PBX cannot be told: {wrong[0][:80]!r}")
        headers: dict[str, str | list[str]] = {
            "Channel": self._settings.trunk_phone.replace("{number}", number),
            "ChannelId": request_id,
            "Context": ROBOT_CONTEXT,
            "Exten": "s",
            "Priority": "1",
            "Timeout": str(round(ring_seconds * 1000)),
            "Async": "true",
            "Variable": [f"{name}={value}" for name, value in told.items()],
        }
        if shown:
            headers["CallerID"] = shown
        await self._link.action("Originate", headers, action_id=request_id)

    async def traces(self) -> frozenset[str]:
        """Ids of the channels alive, and of the requests that the ledger holds."""
        channels = await self._link.action("CoreShowChannels")
        noted = await ledger.read(self._link)
        ids = {event.get(name, "") for event in channels.events for name in ("Uniqueid", "Linkedid")}
        return frozenset(ids | {call.request_id for call in noted.calls.values()} - {""})

    async def hang_up(self, call: Conversation) -> None:
        """End the conversation. Raises Refused when it has no channel any more."""
        channels = await self._channels(call)
        if not channels:
            raise Refused("this call is over already")
        last: PbxRefused | None = None
        ended = 0
        for channel in channels:
            try:
                await self._link.action("Hangup", {"Channel": channel["Channel"], "Cause": "16"})
                ended += 1
            except PbxRefused as error:
                last = error  # it went by itself meanwhile
        if not ended and last is not None:
            raise last

    async def transfer(self, call: Conversation, to: str) -> None:
        """Blind transfer of the outside party; the operator's own leg ends."""
        if not _DIALLED.fullmatch(to):
            raise Refused("this is no number that can be called")
        outside = [c for c in await self._channels(call) if not self._is_phone(c.get("Channel", ""), call.operator)]
        talking = [c for c in outside if c.get("BridgeId")]
        if not talking:
            raise Refused("nobody is talking in this call: there is nothing to transfer")
        await self._link.action(
            "Redirect",
            {"Channel": talking[0]["Channel"], "Context": TRANSFER_CONTEXT, "Exten": to, "Priority": "1"},
        )

    async def consult(self, call: Conversation, to: str, attempt: str) -> None:
        """Ring a third party while the resident waits; returns when the PBX has been told, before it rings.

        AMI's Atxfer presses the code of the feature on the operator's channel, and that code is also the one that ends
        a transfer: so it is asked only where none is under way. Raises Refused, Conflict, PbxLost, PbxRefused,
        OutcomeUnknown, and NoWarmTransfer when the PBX has no such feature.
        """
        if not _DIALLED.fullmatch(to):
            raise Refused("this is no number that can be called")
        channels = await self._channels(call)
        if any(consult.is_consult(c.get("Channel", "")) for c in channels):
            raise TransferLasts("a warm transfer of this call is under way already")
        channel = self._own(channels, call, "there is nothing to transfer")
        if await self._is_held(channel):
            await self.hold(call, on=False)
        await self._link.action("Setvar", {"Channel": channel, "Variable": "__CE_CONSULT", "Value": f"{to}-{attempt}"})
        try:
            await self._link.action("Atxfer", {"Channel": channel, "Exten": consult.EXTEN, "Context": consult.CONTEXT})
        except PbxRefused as error:
            raise NoWarmTransfer(f"{NoWarmTransfer().detail} ({error.detail})") from None

    async def complete(self, call: Conversation) -> None:
        """The operator leaves the two others together. Raises Refused when that would leave one alone."""
        channels = await self._channels(call)
        channel = self._own(channels, call, "there is nothing to complete")
        room = self._room(channels, channel)
        if not any(consult.is_consult(name) for name in room) and len(room) < 2:
            raise NoTransfer("the third party is gone: the resident would be left alone")
        await self._link.action("Hangup", {"Channel": channel, "Cause": "16"})

    async def cancel(self, call: Conversation) -> None:
        """The operator takes the resident back. Raises Refused when he has him back already."""
        channel = await self._consulting(call)
        try:
            await self._link.action("CancelAtxfer", {"Channel": channel})
        except PbxRefused as error:
            raise NoWarmTransfer(f"the PBX does not take the resident back ({error.detail})") from None

    async def join(self, call: Conversation) -> None:
        """All three together, by the code of Asterisk's own feature. Raises NoWarmTransfer where it has none."""
        channel = await self._consulting(call)
        reply = await self._link.action("Getvar", {"Channel": channel, "Variable": "FEATURE(atxferthreeway)"})
        if not (code := reply.headers.get("Value", "")):
            raise NoWarmTransfer("the PBX has no code for three: set atxferthreeway in its features.conf")
        for digit in code:
            await self._link.action("PlayDTMF", {"Channel": channel, "Digit": digit, "Receive": "true"})

    async def lasting(self) -> list[Lasting]:
        """The warm transfers that the PBX has under way."""
        reply = await self._link.action("CoreShowChannels")
        found = []
        for channel in reply.events:
            name = channel.get("Channel", "")
            if not consult.is_consult(name, "2"):
                continue
            told = await self._link.action("Getvar", {"Channel": name, "Variable": "CE_CONSULT"})
            number, attempt = consult.target(told.headers.get("Value", ""))
            answered = channel.get("ChannelState") == "6" and bool(channel.get("BridgeId"))
            found.append(Lasting(channel.get("Linkedid", ""), attempt, number, answered))
        return found

    async def _consulting(self, call: Conversation) -> str:
        channels = await self._channels(call)
        channel = self._own(channels, call, "there is no warm transfer")
        if not any(consult.is_consult(name) for name in self._room(channels, channel)):
            raise NoTransfer("the third party is gone: you talk with the resident already")
        return channel

    @staticmethod
    def _room(channels: list[Mapping[str, str]], channel: str) -> list[str]:
        """Who else is in the bridge of this channel."""
        bridge = next(c.get("BridgeId") for c in channels if c["Channel"] == channel)
        return [c["Channel"] for c in channels if c.get("BridgeId") == bridge and c["Channel"] != channel]

    async def hold(self, call: Conversation, *, on: bool) -> None:
        """Put the other side on hold with music, or take it back; the bridge stands, so nothing of the call changes.

        AMI has no hold of its own: the digits of a dynamic feature are pressed on the operator's channel, and
        CE_HELD tells whether the dialplan has taken them (dialplan/features.conf). Raises NoHold when it has not,
        Refused when nobody talks or the telephone itself holds.
        """
        channel = await self._talking_phone(call)
        if (held := await self._is_held(channel)) == on:
            if call.state is State.HELD and not held:
                raise Refused("the telephone itself holds: take the call back there")
            return
        for digit in HOLD_DIGITS if on else BACK_DIGIT:
            await self._link.action("PlayDTMF", {"Channel": channel, "Digit": digit, "Receive": "true"})
        for _ in range(HOLD_LOOKS):
            if (await self._is_held(channel)) == on:
                return
            await asyncio.sleep(HOLD_LOOK_SECONDS)
        raise NoHold()

    async def _talking_phone(self, call: Conversation) -> str:
        return self._own(await self._channels(call), call, "there is nothing to hold")

    def _own(self, channels: list[Mapping[str, str]], call: Conversation, otherwise: str) -> str:
        """The channel of the operator who talks in this call."""
        for channel in channels:
            if channel.get("BridgeId") and self._is_phone(channel.get("Channel", ""), call.operator):
                return channel["Channel"]
        raise Refused(f"nobody is talking in this call: {otherwise}")

    async def _is_held(self, channel: str) -> bool:
        reply = await self._link.action("Getvar", {"Channel": channel, "Variable": "CE_HELD"})
        return reply.headers.get("Value", "") == "1"

    async def pause(self, extension: str, *, paused: bool, reason: str = "") -> None:
        """Take the operator out of all his queues, or back in. Raises PbxRefused when he is in none."""
        words = {"Interface": self._phone(extension), "Paused": "true" if paused else "false"}
        if reason:
            words["Reason"] = " ".join(reason.split())[:80]
        await self._link.action("QueuePause", words)

    async def _channels(self, call: Conversation) -> list[Mapping[str, str]]:
        reply = await self._link.action("CoreShowChannels")
        return [event for event in reply.events if event.get("Linkedid") == call.key.linkedid]

    def _phone(self, extension: str) -> str:
        return self._settings.operator_phone.replace("{extension}", extension)

    def _is_phone(self, channel: str, extension: str) -> bool:
        return bool(extension) and channel.startswith(self._phone(extension).partition("@")[0] + "-")
