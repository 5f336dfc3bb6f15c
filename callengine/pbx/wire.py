"""AMI bytes to blocks to headers: our fast parser inside panoramisk's protocol. No policy lives here: see ami.py.

Asterisk ends a block with an empty line (CR LF CR LF) and says in the first line what it is. Only blocks whose name
somebody wants are kept, and they are turned into headers later, by the one consumer.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol

from callengine.errors import OutcomeUnknown, PbxLost, Refused

log = logging.getLogger(__name__)

GREETING = b"Asterisk Call Manager/"
BLOCK_LIMIT = 1 << 20
GREETING_LIMIT = 4096
LAYOUTS_LIMIT = 200
LAYOUTS_EACH = 6

# What the tracker, the dialling and the desk live on; the rest is dropped by name before it costs anything.
WANTED = frozenset(
    """Newchannel Newstate NewCallerid NewConnectedLine Rename Hangup HangupRequest SoftHangupRequest
    DialBegin DialState DialEnd BridgeCreate BridgeEnter BridgeLeave BridgeDestroy BridgeMerge
    LocalBridge LocalOptimizationBegin LocalOptimizationEnd Hold Unhold Pickup BlindTransfer AttendedTransfer
    ParkedCall ParkedCallTimeOut ParkedCallGiveUp UnParkedCall
    QueueCallerJoin QueueCallerLeave QueueCallerAbandon AgentCalled AgentConnect AgentComplete AgentRingNoAnswer
    AgentDump QueueMemberStatus QueueMemberPause QueueMemberAdded QueueMemberRemoved QueueMemberRinginuse
    MixMonitorStart MixMonitorStop UserEvent OriginateResponse FullyBooted Shutdown""".split()
)

_END = b"\r\n\r\n"
_EVENT = b"Event: "
_RESPONSE = b"Response: "
_ACTION_ID = b"\r\nActionID: "
# Asterisk repeats these on purpose: their values are joined by a line feed. Of all others the first one counts:
# a second `Event:` can only come from outside, through the dialplan's UserEvent.
_REPEATED = ("Output", "ChanVariable", "Variable")


class RawEvent(NamedTuple):
    """One AMI event: its headers as Asterisk wrote them, and when our process received the bytes."""

    headers: Mapping[str, str]
    received_at: datetime
    received_monotonic: float

    @property
    def name(self) -> str:
        return self.headers.get("Event", "")

    @property
    def pbx_at(self) -> datetime | None:
        """The PBX's own time; None when manager.conf lacks `timestampevents = yes`."""
        return pbx_time(self.headers)


def pbx_time(headers: Mapping[str, str]) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(headers["Timestamp"]), UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def parse(block: bytes) -> dict[str, str]:
    """The headers of one block. Never raises: lines that are no headers are left out."""
    text = block.decode("utf-8", "replace")
    head = text[: text.find("\r")]
    for names, match in _layouts.get(head, ()):
        if (values := match(text)) is not None:
            headers = names.copy()  # it has the room already: filling a new one grows it four times
            headers.update(zip(names, values.groups(), strict=False))
            return headers
    lines = text.split("\r\n")
    try:
        headers = dict([line.split(": ", 1) for line in lines])
    except ValueError:
        return _parse_slowly(lines)
    if len(headers) != len(lines):
        return _parse_slowly(lines)
    _learn(head, headers)
    return headers


# By first line, which headers such a block had and a pattern of them: Asterisk writes an event always alike, and one
# match is half the price of cutting every line. What is unlike is read line by line, and may be learnt.
_layouts: dict[str, list[tuple[dict[str, str], Callable[[str], re.Match[str] | None]]]] = {}


def _learn(head: str, headers: Mapping[str, str]) -> None:
    known = _layouts.get(head, [])
    if head.startswith("Event: ") and len(known) < LAYOUTS_EACH and len(_layouts) < LAYOUTS_LIMIT:
        pattern = "\r\n".join(re.escape(name) + r": ([^\r]*+)" for name in headers)
        _layouts[head] = [*known, (dict.fromkeys(headers, ""), re.compile(pattern).fullmatch)]


def _parse_slowly(lines: Sequence[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        key, colon, value = line.partition(":")
        if not colon or not key:
            continue
        value = value.removeprefix(" ")
        if key not in headers:
            headers[key] = value
        elif key.endswith(_REPEATED):  # DestChanVariable too
            headers[key] += "\n" + value
    return headers


class Blocks:
    """Cuts a stream of bytes into blocks, however it was split on the way; holds back at most BLOCK_LIMIT bytes."""

    def __init__(self) -> None:
        self._tail = b""
        self._skipping = False
        self.oversized = 0

    def feed(self, data: bytes) -> list[bytes]:
        if self._tail:
            data = self._tail + data
        blocks = data.split(_END)
        self._tail = blocks.pop()
        if blocks and self._skipping:
            del blocks[0]
            self._skipping = False
        if len(self._tail) > BLOCK_LIMIT:
            if not self._skipping:
                self.oversized += 1
            self._skipping = True
        if self._skipping:
            self._tail = self._tail[-3:]  # an end may be split here
        return blocks


@dataclass(slots=True)
class Reply:
    """What the PBX answered: the response's headers and, for a list action, its events."""

    headers: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, str]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.headers.get("Response") in ("Success", "Follows", "Goodbye", "Pong")

    @property
    def message(self) -> str:
        return self.headers.get("Message", "")

    @property
    def output(self) -> str:
        """What a Command printed (Asterisk 14 and newer)."""
        return self.headers.get("Output", "")


class _Pending:
    __slots__ = ("future", "name", "reply", "wants_list")

    def __init__(self, name: str, future: asyncio.Future[Reply]) -> None:
        self.name = name
        self.future = future
        self.reply: Reply = Reply()
        self.wants_list = False


class AmiWire(AMIProtocol):  # type: ignore[misc]
    """panoramisk's protocol with our parser, and without its replays, its callbacks and its endless futures."""

    def __init__(
        self,
        *,
        on_blocks: Callable[[list[bytes]], None],
        on_oversized: Callable[[], None],
        wanted: frozenset[str] = WANTED,
    ) -> None:
        self._on_blocks = on_blocks
        self._on_oversized = on_oversized
        self._wanted = frozenset(_EVENT + name.encode() for name in wanted)
        self._blocks = Blocks()
        self._greeting = b""
        self._pending: dict[str, _Pending] = {}
        self._lists = 0
        self.garbage = 0
        self.received = 0  # chunks: proof of life
        self.version: str | None = None
        loop = asyncio.get_running_loop()
        self.greeted: asyncio.Future[str] = loop.create_future()
        self.ended: asyncio.Future[str] = loop.create_future()
        self.transport: asyncio.Transport | None = None

    # --- what the loop calls ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += 1
        if self.version is None:
            data = self._greet(data)
            if not data:
                return
        kept: list[bytes] = []
        oversized = self._blocks.oversized
        wanted = self._wanted
        for block in self._blocks.feed(data):
            if self._lists and _ACTION_ID in block and block.startswith(_EVENT) and self._collect(block):
                continue
            end = block.find(b"\r\n")
            if (block[:end] if end >= 0 else block) in wanted:
                kept.append(block)
            elif not block.startswith(_EVENT):
                self._other(block, kept)
        if kept:
            self._on_blocks(kept)
        if self._blocks.oversized != oversized:
            self._on_oversized()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._end("the PBX closed the connection" if exc is None else f"the connection broke: {exc}")

    def close(self, problem: str = "closed by us") -> None:
        """End the connection now: pending actions fail and nothing is kept for later."""
        self._end(problem)
        if self.transport is not None:
            self.transport.abort()

    # --- actions ---------------------------------------------------------------------------------------

    def send(self, data: Any, as_list: bool | None = None) -> asyncio.Future[Reply]:
        """Write an action; the future gives its Reply. Nothing is ever sent a second time."""
        action = data if isinstance(data, Action) else Action(data)
        _refuse_injection(action)
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        if self.ended.done() or self.transport is None or self.transport.is_closing():
            future.set_exception(PbxLost())
            return future
        action_id = str(action["ActionID"])
        if action_id in self._pending:
            raise Refused(f"an action with the id {action_id} is already under way")
        self._pending[action_id] = _Pending(str(action["Action"]), future)
        # However it ends (answered, timed out, cancelled), nothing stays behind.
        future.add_done_callback(lambda _: self._forget(action_id))
        self.transport.write(str(action).encode("utf-8"))
        return future

    @property
    def pending(self) -> int:
        return len(self._pending)

    def _forget(self, action_id: str) -> None:
        pending = self._pending.pop(action_id, None)
        if pending is not None and pending.wants_list:
            self._lists -= 1

    # --- blocks ----------------------------------------------------------------------------------------

    def _greet(self, data: bytes) -> bytes:
        self._greeting += data
        line, end, rest = self._greeting.partition(b"\r\n")
        if not (end or len(line) > GREETING_LIMIT or not GREETING.startswith(line[: len(GREETING)])):
            return b""
        if not line.startswith(GREETING):
            self.close("this port does not speak AMI: check ami_host and ami_port")
            return b""
        self._greeting = b""
        self.version = line.removeprefix(GREETING).decode("ascii", "replace").strip()
        if not self.greeted.done():
            self.greeted.set_result(self.version)
        return rest

    def _other(self, block: bytes, kept: list[bytes]) -> None:
        block = block.strip(b"\r\n \x00")
        if block.startswith(_RESPONSE):
            self._respond(block)
            return
        if not block.startswith(_EVENT):
            # Rubbish, or a good block glued to the end of rubbish: the good part still counts.
            self.garbage += 1
            at = min((i for i in (block.find(b"\r\n" + _EVENT), block.find(b"\r\n" + _RESPONSE)) if i >= 0), default=-1)
            if at >= 0:
                self._other(block[at + 2 :], kept)
            return
        if not (self._lists and _ACTION_ID in block and self._collect(block)) and _first_line(block) in self._wanted:
            kept.append(block)

    def _respond(self, block: bytes) -> None:
        headers = parse(block)
        pending = self._pending.get(headers.get("ActionID", ""))
        if pending is None or pending.future.done():
            return  # of an action that timed out
        pending.reply.headers = headers
        if headers.get("Response") == "Success" and headers.get("EventList", "").lower() == "start":
            pending.wants_list = True
            self._lists += 1
        else:
            pending.future.set_result(pending.reply)

    def _collect(self, block: bytes) -> bool:
        headers = parse(block)
        pending = self._pending.get(headers.get("ActionID", ""))
        if pending is None or not pending.wants_list:
            return False
        if headers.get("EventList", "").lower() in ("complete", "cancelled"):
            if not pending.future.done():
                pending.future.set_result(pending.reply)
        else:
            pending.reply.events.append(headers)
        return True

    def _end(self, problem: str) -> None:
        if not self.ended.done():
            self.ended.set_result(problem)
        for pending in list(self._pending.values()):
            if not pending.future.done():
                pending.future.set_exception(OutcomeUnknown(f"the link to the PBX broke during {pending.name}"))


def _first_line(block: bytes) -> bytes:
    return block.partition(b"\r\n")[0]


def _refuse_injection(action: Action) -> None:
    """A CR or LF in a value would begin a second action."""
    for key, value in action.items():
        for text in (key, *value) if isinstance(value, list | tuple) else (key, value):
            if any(c in str(text) for c in "\r\n\0"):
                raise Refused(f"{action['Action']}: {key} holds a line break or a NUL")
