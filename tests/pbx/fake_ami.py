"""An AMI server that misbehaves on request: it splits, floods, falls silent, cuts, lies about passwords, boots late."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

from callengine.clock import SystemClock
from callengine.config import OnePbx
from callengine.pbx.ami import AmiLink, LinkLimits, LinkState, Snapshot
from callengine.pbx.wire import RawEvent
from callengine.tasks import Tasks

DEADLINE = 10.0
QUICK = LinkLimits(
    connect_seconds=2,
    action_seconds=2,
    ping_seconds=0.05,
    backoff_seconds=0.01,
    backoff_cap_seconds=0.05,
    refused_seconds=0.05,
    resync_seconds=0,
)

# A real Asterisk on a machine that is busy with other tests may take its time.
PATIENT = replace(QUICK, action_seconds=15, ping_seconds=2)

Answer = Callable[[dict[str, str]], "bytes | None"]


def block(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode()


def event(name: str, **headers: str) -> bytes:
    return block(f"Event: {name}", "Privilege: call,all", *(f"{key}: {value}" for key, value in headers.items()))


def response(action: dict[str, str], *lines: str, ok: bool = True) -> bytes:
    return block(f"Response: {'Success' if ok else 'Error'}", f"ActionID: {action['ActionID']}", *lines)


def listing(action: dict[str, str], *events: bytes) -> bytes:
    """A list answer: start, the events each with our ActionID, complete."""
    tag = f"\r\nActionID: {action['ActionID']}\r\n\r\n".encode()
    middle = b"".join(one.removesuffix(b"\r\n\r\n") + tag for one in events)
    end = block("Event: ListComplete", "EventList: Complete", "ListItems: 1").removesuffix(b"\r\n\r\n") + tag
    return response(action, "EventList: start", "Message: list will follow") + middle + end


class FakeAmi:
    """One fake PBX. `answers` maps action names to what is sent back; None is silence."""

    def __init__(self) -> None:
        self.secret = "secret"
        self.greeting = b"Asterisk Call Manager/9.0.0\r\n"
        self.boots = True
        self.silent = False
        self.cut_after: set[str] = set()
        self.actions: list[dict[str, str]] = []
        self.raw = b""
        self.connections = 0
        self.channels: list[bytes] = []
        self.queues: list[bytes] = []
        self.answers: dict[str, Answer] = {}
        self.changed = asyncio.Condition()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self.cut()
            await self._server.wait_closed()
            self._server = None

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def names(self) -> list[str]:
        return [action["Action"] for action in self.actions if action["Action"] != "Ping"]

    async def push(self, data: bytes, *, pieces: Iterable[int] = ()) -> None:
        """Send raw bytes to everybody, cut at the given offsets."""
        cuts = [0, *pieces, len(data)]
        for begin, end in itertools.pairwise(cuts):
            for writer in list(self._writers):
                writer.write(data[begin:end])
                await writer.drain()
            await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            writer.write(self.greeting)
            while True:
                data = await reader.readuntil(b"\r\n\r\n")
                self.raw += data
                lines = [line.partition(": ") for line in data.decode().split("\r\n") if line]
                action = {key: value for key, _, value in lines}
                action["Variables"] = "\n".join(value for key, _, value in lines if key == "Variable")
                self.actions.append(action)
                async with self.changed:
                    self.changed.notify_all()
                if action["Action"] in self.cut_after:
                    writer.transport.abort()
                    return
                if not self.silent:
                    writer.write(self._answer(action) or b"")
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, action: dict[str, str]) -> bytes | None:
        name = action["Action"]
        if name in self.answers:
            return self.answers[name](action)
        if name == "Login":
            if action["Secret"] != self.secret:
                return response(action, "Message: Authentication failed", ok=False)
            booted = event("FullyBooted", Status="Fully Booted") if self.boots else b""
            return response(action, "Message: Authentication accepted") + booted
        if name == "Ping":
            return response(action, "Ping: Pong", f"Timestamp: {SystemClock().now().timestamp():.6f}")
        if name == "CoreShowChannels":
            return listing(action, *self.channels)
        if name == "QueueStatus":
            return listing(action, *self.queues)
        if name == "DBGetTree":
            return listing(action)
        return response(action, "Message: done")

    async def saw(self, name: str, times: int = 1) -> None:
        """Wait until an action of that name came so many times."""
        async with asyncio.timeout(DEADLINE), self.changed:
            await self.changed.wait_for(lambda: sum(a["Action"] == name for a in self.actions) >= times)


class Heard:
    """Everything that a link told, in order, and a way to wait for it."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.events: list[RawEvent] = []
        self.batches: list[int] = []
        self.snapshots: list[Snapshot] = []
        self.states: list[tuple[LinkState, str]] = []
        self.changed = asyncio.Condition()
        self.hook: Callable[[list[RawEvent]], Awaitable[None]] | None = None

    async def on_events(self, events: list[RawEvent]) -> None:
        if self.hook is not None:
            await self.hook(events)
        self.events += [event for event in events if event.name != "FullyBooted"]
        self.batches.append(len(events))
        await self._noted(*(event.name for event in events))

    async def on_resync(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)
        await self._noted("<resync>")

    async def on_state(self, state: LinkState, at: object, problem: str) -> None:
        self.states.append((state, problem))
        await self._noted(f"<{state}>")

    async def _noted(self, *what: str) -> None:
        self.log += what
        async with self.changed:
            self.changed.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE), self.changed:
            await self.changed.wait_for(condition)

    def names(self) -> list[str]:
        return [event.name for event in self.events]


@asynccontextmanager
async def running(
    fake: FakeAmi, heard: Heard, *, limits: LinkLimits = QUICK, secret: str = "secret", up: bool = True
) -> AsyncIterator[AmiLink]:
    """A link to the fake, up and resynced, closed at the end."""
    settings = OnePbx(ami_port=fake.port, ami_secret=secret)
    link = AmiLink(
        settings,
        SystemClock(),
        on_events=heard.on_events,
        on_resync=heard.on_resync,
        on_state=heard.on_state,
        limits=limits,
    )
    tasks = Tasks()
    tasks.start(link.run(), name="link")
    try:
        if up:
            await link.wait_for(LinkState.UP, DEADLINE)
            await heard.until(lambda: bool(heard.snapshots))
        yield link
    finally:
        async with asyncio.timeout(DEADLINE):
            await link.close()
        await tasks.close()
