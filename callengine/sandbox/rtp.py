"""Real sound on the wire: RTP streams of G.711 with RFC 4733 keys, all paced by one ticker."""

from __future__ import annotations

import asyncio
import random
import struct
from collections import deque
from typing import cast

from callengine.sandbox.sip import PCMU, Sound
from callengine.sandbox.speech import SILENCE, to_ulaw

FRAME = 160  # samples of 20 ms at 8 kHz
_TICK = 0.02
_KEYS = "0123456789*#ABCD"
_KEY_FRAMES = 6  # 120 ms a key: Asterisk drops what is shorter than 80
_GAP_FRAMES = 4


class Stream(asyncio.DatagramProtocol):
    """One call's sound: sends what it was told to say, else silence, and counts what it hears."""

    def __init__(self, *, keep: bool = False) -> None:
        self.heard_packets = 0
        self.heard_voice = 0  # packets that were not silence
        self.heard = bytearray()  # all payloads, when `keep`
        self.muted = False
        self._keep = keep
        self._transport: asyncio.DatagramTransport | None = None
        self._there: Sound | None = None
        self._source = b""
        self._position = 0
        self._loop_it = True
        self._keys: deque[tuple[bytes, int] | None] = deque()
        self._sequence = random.randrange(1, 30_000)
        self._timestamp = random.randrange(1_000, 1_000_000)
        self._ssrc = random.getrandbits(32)
        self._marker = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        if len(data) <= 12 or data[1] & 0x7F > 8:
            return
        self.heard_packets += 1
        payload = data[12:]
        if payload.count(payload[0]) < len(payload) // 2:
            self.heard_voice += 1
        if self._keep:
            self.heard += payload

    def error_received(self, exc: Exception) -> None:
        """The other side closed its port first: what SIP says decides, not this."""

    @property
    def port(self) -> int:
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    def send_to(self, sound: Sound) -> None:
        self._there = sound

    def say(self, audio: bytes, *, again: bool = True) -> None:
        """Play A-law audio from now on, over and over when `again`."""
        self._source, self._position, self._loop_it = audio, 0, again

    def press(self, keys: str) -> None:
        """Send keys as RFC 4733 events, in order, no sound inside an event."""
        for key in keys:
            code = _KEYS.index(key.upper())
            for frame in range(1, _KEY_FRAMES + 1):
                last = frame == _KEY_FRAMES
                event = struct.pack("!BBH", code, (0x80 if last else 0) | 10, frame * FRAME)
                self._keys.extend([(event, frame)] * (3 if last else 1))
            self._keys.extend([None] * _GAP_FRAMES)

    def tick(self) -> None:
        """One 20 ms step."""
        if self._there is None or self._transport is None or self._transport.is_closing() or self.muted:
            self._timestamp += FRAME
            return
        if self._keys and self._keys[0] is not None:
            self._send_key()
            return
        if self._keys:
            self._keys.popleft()
        payload = self._next_frame()
        self._send(payload if self._there.codec != PCMU else payload.translate(to_ulaw()), self._there.codec)
        self._timestamp += FRAME

    def _send_key(self) -> None:
        # Every packet of one event carries the timestamp of its beginning; the clock goes on after the last.
        item = self._keys.popleft()
        assert item is not None and self._there is not None
        event, frame = item
        self._marker = frame == 1
        self._send(event, self._there.events)
        if event[1] & 0x80 and (not self._keys or self._keys[0] is None):
            self._timestamp += FRAME * (_KEY_FRAMES + 2)  # two repeats of the last packet

    def _send(self, payload: bytes, kind: int) -> None:
        assert self._transport is not None and self._there is not None
        second = kind | (0x80 if self._marker else 0)
        self._marker = False
        header = struct.pack("!BBHII", 0x80, second, self._sequence, self._timestamp & 0xFFFFFFFF, self._ssrc)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._transport.sendto(header + payload, (self._there.host, self._there.port))

    def _next_frame(self) -> bytes:
        if self._position >= len(self._source):
            self._position = 0
            if not self._loop_it:
                self._source = b""
        frame = self._source[self._position : self._position + FRAME]
        self._position += FRAME
        return frame.ljust(FRAME, SILENCE)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Ticker:
    """Paces every open stream from one task, so that a hundred calls cost one timer."""

    def __init__(self) -> None:
        self._streams: set[Stream] = set()
        self._wanted = asyncio.Event()

    async def open(self, host: str = "127.0.0.1", *, keep: bool = False) -> Stream:
        loop = asyncio.get_running_loop()
        _, stream = await loop.create_datagram_endpoint(lambda: Stream(keep=keep), local_addr=(host, 0))
        self._streams.add(stream)
        self._wanted.set()
        return stream

    def close(self, stream: Stream) -> None:
        self._streams.discard(stream)
        stream.close()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            if not self._streams:  # an idle street costs nothing
                self._wanted.clear()
                await self._wanted.wait()
                due = loop.time()
            for stream in tuple(self._streams):
                stream.tick()
            due += _TICK
            late = loop.time() - due
            if late > 1.0:
                due = loop.time()  # the machine slept: do not flood to catch up
            await asyncio.sleep(max(0.0, -late))
