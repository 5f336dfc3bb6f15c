"""The live push: each message is encoded once, numbered, kept in a ring for resuming; no slow client holds it up.

A message for one extension goes to its sockets in place, when nothing waits before it: no task, no turn of the loop.
What is for many goes through each socket's queue, so that a crowd of sockets never keeps the loop for itself.

What is `standing` is said before it is durable (see ringing.py): the ring does not keep it, it is withdrawn, and
whoever connects meanwhile hears it by a number of its own.

A client gets `hello` with the newest number. Coming back with ?after=SEQ it gets what it missed, or `reset` when that
is no longer in the ring: then it reads its lists anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import BaseModel

from callengine.access.model import Principal
from callengine.api import render
from callengine.clock import Clock, rfc3339
from callengine.tasks import Tasks

log = logging.getLogger(__name__)

RING = 4_000
MOST_WAITING = 500
SEND_SECONDS = 10.0
PING_SECONDS = 20.0
TOO_SLOW = 4000
SIGNED_OUT = 4001


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it goes on the wire, and who may see it."""

    seq: int
    raw: bytes
    to_extension: str | None
    roles: frozenset[str] | None
    only: Callable[[Principal], bool] | None = None

    def is_for(self, who: Principal) -> bool:
        if self.roles is not None and who.role not in self.roles:
            return False
        if self.only is not None and not self.only(who):
            return False
        return self.to_extension is None or who.extension == self.to_extension


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds for now: as it was said, and what it is made anew of."""

    message: Message
    type: str
    data: BaseModel | Mapping[str, Any] | bytes | None


class Socket:
    """One client: a bounded queue and a place that tells why it was dropped."""

    def __init__(self, who: Principal, most_waiting: int, at_once: Callable[[bytes], bool] | None = None) -> None:
        self.who = who
        self._at_once = at_once
        self.waiting: deque[bytes] = deque()
        self.dropped: tuple[int, str] | None = None
        self._most = most_waiting
        self._wake = asyncio.Event()

    def put_at_once(self, raw: bytes) -> None:
        """Write it in place when nothing stands before it; else into the queue."""
        if self.dropped or self.waiting or self._at_once is None or not self._at_once(raw):
            self.put(raw)

    def put(self, raw: bytes) -> None:
        if self.dropped:
            return
        if len(self.waiting) >= self._most:
            self.drop(TOO_SLOW, "too slow: resume with ?after=SEQ")
            return
        self.waiting.append(raw)
        self._wake.set()

    def drop(self, code: int, why: str) -> None:
        if self.dropped is None:
            self.dropped = (code, why)
            self.waiting.clear()
            self._wake.set()

    async def next(self) -> bytes | None:
        """The next message, or None when the socket was dropped."""
        while not self.waiting:
            if self.dropped:
                return None
            self._wake.clear()
            await self._wake.wait()
        return self.waiting.popleft()


class LiveHub:
    """Publishes to all sockets. Numbers grow over restarts: they start from the clock's milliseconds."""

    def __init__(self, clock: Clock, *, ring: int = RING, most_waiting: int = MOST_WAITING) -> None:
        self._clock = clock
        self.seq = int(clock.now().timestamp() * 1000)
        self._floor = self.seq  # what came before this number is not in the ring
        self._ring: deque[Message] = deque(maxlen=ring)
        self._most_waiting = most_waiting
        self._standing: dict[Hashable, Standing] = {}
        self._sockets: set[Socket] = set()
        self._of_extension: dict[str, set[Socket]] = {}
        self._tasks = Tasks()
        self._senders: set[asyncio.Task[None]] = set()

    def publish(
        self,
        type: str,
        data: BaseModel | Mapping[str, Any] | bytes | None,
        *,
        to_extension: str | None = None,
        roles: Iterable[str] | None = None,
        only: Callable[[Principal], bool] | None = None,
        standing: Hashable = None,
    ) -> int:
        """Returns the number of the message; `data` as bytes is JSON already, `only` says who of the roles may see it.

        `standing` names what is not kept for resuming but holds until `withdraw`. Never waits, never fails because of
        a client.
        """
        self.seq += 1
        raw = _encode(self.seq, type, self._clock.now(), data)
        message = Message(self.seq, raw, to_extension, frozenset(roles) if roles is not None else None, only)
        if standing is not None:
            self._standing[standing] = Standing(message, type, data)
        else:
            if len(self._ring) == self._ring.maxlen and self._ring:
                self._floor = self._ring[0].seq
            self._ring.append(message)
        if to_extension is not None:
            for socket in tuple(self._of_extension.get(to_extension, ())):
                if message.is_for(socket.who):
                    socket.put_at_once(raw)
            return self.seq
        for socket in tuple(self._sockets):
            if message.is_for(socket.who):
                socket.put(raw)
        return self.seq

    def withdraw(self, standing: Hashable) -> None:
        """It holds no longer. Nobody is told by this: the message that takes its place says so."""
        self._standing.pop(standing, None)

    def _say_standing(self, socket: Socket) -> None:
        for one in self._standing.values():
            if one.message.is_for(socket.who):
                self.seq += 1  # of its own: the client takes no number twice
                socket.put(_encode(self.seq, one.type, self._clock.now(), one.data))

    def reset(self) -> None:
        """Tell everybody to read anew: something was left out."""
        self.seq += 1
        self._ring.clear()
        self._floor = self.seq
        raw = _encode(self.seq, "reset", self._clock.now(), None)
        for socket in tuple(self._sockets):
            socket.put(raw)
            self._say_standing(socket)

    def attach(self, who: Principal, after: int | None, at_once: Callable[[bytes], bool] | None = None) -> Socket:
        """A socket that already holds its first message and all that it missed.

        `at_once` writes a message to the client if that needs no waiting, and tells whether it did.
        """
        socket = Socket(who, self._most_waiting, at_once)
        missed = [m for m in self._ring if after is not None and m.seq > after and m.is_for(who)]
        lost = after is not None and not (self._floor <= after <= self.seq)
        if lost or len(missed) >= self._most_waiting:
            socket.put(_encode(self.seq, "reset", self._clock.now(), None))
        else:
            socket.put(_encode(self.seq, "hello", self._clock.now(), None))
            for message in missed:
                socket.put(message.raw)
        self._say_standing(socket)
        self._sockets.add(socket)
        if who.extension:
            self._of_extension.setdefault(who.extension, set()).add(socket)
        return socket

    def detach(self, socket: Socket) -> None:
        self._sockets.discard(socket)
        if (of := self._of_extension.get(socket.who.extension or "")) is not None:
            of.discard(socket)
            if not of:
                del self._of_extension[socket.who.extension or ""]

    def sign_out(self, token_hash: bytes) -> None:
        """Who signed out hears nothing more."""
        for socket in tuple(self._sockets):
            if socket.who.token_hash == token_hash:
                socket.drop(SIGNED_OUT, "signed out")

    def holders(self) -> dict[bytes, Principal]:
        """Who listens now, each by the hash of what he came in with."""
        return {socket.who.token_hash: socket.who for socket in self._sockets}

    @property
    def sockets(self) -> int:
        return len(self._sockets)

    @property
    def longest_queue(self) -> int:
        return max((len(socket.waiting) for socket in self._sockets), default=0)

    async def serve(self, request: web.Request, who: Principal, after: int | None) -> web.WebSocketResponse:
        """One client from handshake to close."""
        ws = web.WebSocketResponse(heartbeat=PING_SECONDS, max_msg_size=4096, compress=False)
        if not ws.can_prepare(request).ok:
            raise web.HTTPUpgradeRequired(headers={"Upgrade": "websocket", "Connection": "Upgrade"})
        await ws.prepare(request)
        socket = self.attach(who, after, partial(_write_at_once, ws, request.transport))
        sender = self._tasks.start(self._send(ws, socket), name="live sender")
        self._senders.add(sender)
        sender.add_done_callback(self._senders.discard)
        try:
            async for _ in ws:  # clients have nothing to say; reading keeps pings and closing alive
                pass
        finally:
            self.detach(socket)
            sender.cancel()
        return ws

    async def _send(self, ws: web.WebSocketResponse, socket: Socket) -> None:
        try:
            while (raw := await socket.next()) is not None:
                async with asyncio.timeout(SEND_SECONDS):
                    await ws.send_frame(raw, WSMsgType.TEXT)
        except TimeoutError:
            socket.drop(TOO_SLOW, "too slow: resume with ?after=SEQ")
        except (ConnectionError, RuntimeError):
            return  # the client went away in the middle
        finally:
            self.detach(socket)
        code, why = socket.dropped or (WSCloseCode.GOING_AWAY, "")
        log.info("live client dropped", extra={"action": "live_dropped", "code": int(code), "who": socket.who.name})
        await _close(ws, code, why)

    async def close(self) -> None:
        for socket in tuple(self._sockets):
            socket.drop(WSCloseCode.GOING_AWAY, "the engine stops: resume with ?after=SEQ")
        if self._senders:
            await asyncio.wait(tuple(self._senders), timeout=2)
        await self._tasks.close()


def _write_at_once(ws: web.WebSocketResponse, transport: asyncio.Transport | None, raw: bytes) -> bool:
    """One frame in place. False: the client is slow, going or gone, and its sender must see to it."""
    if transport is None or transport.is_closing() or transport.get_write_buffer_size():
        return False
    frame = ws.send_frame(raw, WSMsgType.TEXT)
    try:
        frame.send(None)  # it writes in its first step, and goes on only to wait for a full buffer to empty
    except StopIteration:
        return True
    except (ConnectionError, RuntimeError):
        return False
    frame.close()
    return True


async def _close(ws: web.WebSocketResponse, code: int, why: str) -> None:
    try:
        async with asyncio.timeout(2):
            await ws.close(code=code, message=why.encode())
    except (TimeoutError, ConnectionError):
        if ws._req is not None and ws._req.transport is not None:
            ws._req.transport.abort()


def _encode(seq: int, type: str, at: datetime, data: BaseModel | Mapping[str, Any] | bytes | None) -> bytes:
    if isinstance(data, BaseModel):
        data = render.json(data)
    body: Any = orjson.Fragment(data) if isinstance(data, bytes) else data
    return orjson.dumps({"seq": seq, "type": type, "at": rfc3339(at), "data": body})
