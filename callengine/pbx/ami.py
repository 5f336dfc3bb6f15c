"""One safe AMI connection per PBX: ordered batches of events, a snapshot after each reconnect, and safe actions.

The rules: events reach the consumer in order or the link is dropped and the state is asked for anew; an action on a
broken link ends as "outcome unknown" and is never sent again; a silent peer is noticed; a wrong password is told aloud.
"""

from __future__ import annotations

import asyncio
import logging
import random
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from panoramisk.actions import Action
from panoramisk.manager import Manager

from callengine.clock import Clock
from callengine.config import OnePbx
from callengine.errors import OutcomeUnknown, PbxLost, PbxRefused
from callengine.pbx.skew import PbxClock
from callengine.pbx.wire import WANTED, AmiWire, RawEvent, Reply, parse, pbx_time
from callengine.tasks import Tasks, within

log = logging.getLogger(__name__)


class LinkState(StrEnum):
    CONNECTING = "connecting"
    UP = "up"
    DOWN = "down"
    REFUSED = "refused"  # the PBX does not accept our name and password


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """Everything that is bounded, in one place."""

    connect_seconds: float = 10.0
    action_seconds: float = 10.0
    ping_seconds: float = 5.0  # a silent peer is noticed after at most twice this
    unanswered_pings: int = 3
    backoff_seconds: float = 0.5
    backoff_cap_seconds: float = 30.0
    refused_seconds: float = 60.0
    stable_seconds: float = 10.0  # a link that lived shorter does not reset the backoff
    queue_blocks: int = 50_000
    batch_blocks: int = 1000
    actions_at_once: int = 8
    drain_seconds: float = 5.0
    resync_seconds: float = 5.0  # between two resyncs of one link, after a failed batch


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the PBX said of itself right after a reconnect; a channel missing here has ended meanwhile."""

    pbx: str
    at: datetime  # our time, when it was asked for
    pbx_at: datetime | None  # the same moment by the PBX's clock, if it tells
    channels: tuple[Mapping[str, str], ...] | None  # CoreShowChannel; None: not readable, conclude nothing from it
    queues: tuple[Mapping[str, str], ...] = ()  # QueueParams
    members: tuple[Mapping[str, str], ...] = ()  # QueueMember
    callers: tuple[Mapping[str, str], ...] = ()  # QueueEntry
    problems: tuple[str, ...] = ()  # what could not be read, and why


@dataclass(slots=True)
class LinkFigures:
    """Counters for /metrics and the doctor."""

    connected: int = 0
    events: int = 0
    dropped_links: int = 0
    overflows: int = 0
    oversized: int = 0
    failed_batches: int = 0
    lag_seconds: float | None = None  # from the PBX's clock to the consumer, skew taken out
    skew_seconds: float | None = None  # PBX clock minus ours
    seen_at: datetime | None = None  # the last proof of life
    queue_high: int = 0


@dataclass(frozen=True, slots=True)
class _Chunk:
    blocks: list[bytes]
    received_at: datetime
    received_monotonic: float


@dataclass(frozen=True, slots=True)
class _ResyncAsked:
    wire: AmiWire
    at: datetime


# Every difference is taken out of the PBX's times (pbx/skew.py); from here on people should hear of it.
CLOCK_TOLERANCE_SECONDS = 30.0

OnEvents = Callable[[list[RawEvent]], Awaitable[None]]
OnResync = Callable[[Snapshot], Awaitable[None]]
OnState = Callable[[LinkState, datetime, str], Awaitable[None]]


class _Dropped(Exception):
    """This session is over; the text says why."""


class _Refused(_Dropped):
    """The PBX knows neither this name nor this password."""


class _Manager(Manager):  # type: ignore[misc]
    """panoramisk's Manager with its own reconnect, replay and ping taken out: AmiLink decides all three."""

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self.patterns.clear()  # it had registered the replay of waiting actions at FullyBooted
        self.callbacks.clear()

    def connection_made(self, connecting: asyncio.Future[tuple[Any, AmiWire]]) -> None:
        if not connecting.cancelled() and connecting.exception() is None:
            self.protocol = connecting.result()[1]

    def connection_lost(self, exc: BaseException | None) -> None:
        """Nothing: the wire has told its `ended` already."""


async def _ignore(*_: object) -> None:
    pass


class AmiLink:
    """The connection to one PBX. `run()` keeps it up until `close()`; all callbacks come in order, one at a time."""

    def __init__(
        self,
        settings: OnePbx,
        clock: Clock,
        *,
        on_events: OnEvents = _ignore,
        on_resync: OnResync = _ignore,
        on_state: OnState = _ignore,
        wanted: frozenset[str] = WANTED,
        limits: LinkLimits | None = None,
    ) -> None:
        self.settings = settings
        self.name = settings.name
        self.limits = limits or LinkLimits()
        self.state = LinkState.DOWN
        self.since = clock.now()
        self.problem = ""
        self.version = ""
        self.figures = LinkFigures()
        self.pbx_clock = PbxClock()
        self._clock = clock
        self._on_events, self._on_resync, self._on_state = on_events, on_resync, on_state
        self._wanted = wanted | {"FullyBooted", "Shutdown"}
        self._manager: _Manager | None = None
        self._wire: AmiWire | None = None
        self._queue: deque[_Chunk | _ResyncAsked] = deque()
        self._queued = 0
        self._early: list[_Chunk] | None = None  # of a session whose snapshot is not asked for yet
        self._awake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._roomy = asyncio.Event()  # cleared by an overflow until half of the queue is free again
        self._roomy.set()
        self._closing = asyncio.Event()
        self._synced: AmiWire | None = None  # the session whose first resync was taken in
        self._ended = asyncio.Event()
        self._ended.set()
        self._budget = asyncio.Semaphore(self.limits.actions_at_once)
        self._tasks = Tasks()
        self._prefix = f"ce-{uuid.uuid4().hex[:12]}"
        self._count = 0
        self._waiters: dict[LinkState, list[asyncio.Future[None]]] = {}

    # --- life --------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep the link up until `close()` or cancellation."""
        self._ended.clear()
        consumer = self._tasks.start(self._consume(), name=f"ami-consumer-{self.name}")
        try:
            await self._keep_connected()
            await self._drain(consumer)
        finally:
            self._abandon("closed by us")
            await self._tasks.close()
            self._ended.set()
            if self.state is not LinkState.DOWN:
                await self._tell(LinkState.DOWN, "closed by us")

    async def close(self) -> None:
        """End the link for good; returns when `run()` has ended and nothing of it is left."""
        self._closing.set()
        self._roomy.set()
        self._abandon("closed by us")
        await self._ended.wait()

    async def _keep_connected(self) -> None:
        tries = 0
        while not self._closing.is_set():
            began = self._clock.monotonic()
            state, problem = await self._live_once()
            if self._closing.is_set():
                return
            await self._tell(state, problem)
            tries = 0 if self._clock.monotonic() - began >= self.limits.stable_seconds else tries + 1
            await self._pause(state, tries)
            await self._roomy.wait()

    async def _live_once(self) -> tuple[LinkState, str]:
        if self.state is not LinkState.REFUSED:
            # A refused name stays refused on the screen while we try it again now and then.
            await self._tell(LinkState.CONNECTING, self.problem)
        try:
            await self._session()
        except _Refused as refused:
            return LinkState.REFUSED, str(refused)
        except _Dropped as dropped:
            return LinkState.DOWN, str(dropped)
        except OSError as error:
            where = f"{self.settings.ami_host}:{self.settings.ami_port}"
            return LinkState.DOWN, f"cannot connect to {where}: {error.strerror or error}"
        finally:
            self._abandon("the session is over")
        return LinkState.DOWN, "the session ended"

    async def _pause(self, state: LinkState, tries: int) -> None:
        limits = self.limits
        if state is LinkState.REFUSED:
            most = limits.refused_seconds
        else:
            most = min(limits.backoff_cap_seconds, limits.backoff_seconds * 2 ** min(tries, 16))
        seconds = most * random.uniform(0.5, 1.0)  # jitter: many engines must not come back in step
        log.info("next try", extra={"action": "ami_retry", "pbx": self.name, "seconds": round(seconds, 2)})
        try:
            await within(seconds, self._closing.wait())
        except TimeoutError:
            return

    async def _tell(self, state: LinkState, problem: str, at: datetime | None = None) -> None:
        if (state, problem) == (self.state, self.problem):
            return
        self.state, self.problem, self.since = state, problem, at or self._clock.now()
        bad = state in (LinkState.DOWN, LinkState.REFUSED) and not self._closing.is_set()
        level = logging.WARNING if bad else logging.INFO
        told = {"action": "ami_state", "pbx": self.name, "state": state.value, "problem": problem}
        log.log(level, "PBX link %s", state.value, extra=told)
        for waiter in self._waiters.pop(state, []):
            if not waiter.done():
                waiter.set_result(None)
        try:
            await self._on_state(state, self.since, problem)
        except Exception:
            log.exception("state listener failed", extra={"action": "ami_listener_failed", "pbx": self.name})

    async def wait_for(self, state: LinkState, timeout: float) -> None:
        """Return once the link is in that state. Raises TimeoutError."""
        if self.state is not state:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.setdefault(state, []).append(waiter)
            await within(timeout, waiter)

    # --- one session -------------------------------------------------------------------------------------

    async def _session(self) -> None:
        self._early = []
        wire = await self._connect()
        await self._login(wire)
        self.figures.connected += 1
        self._seen()
        self._ask_resync(wire)
        for chunk in self._early or ():
            self._put(chunk, len(chunk.blocks))
        self._early = None
        await self._tell(LinkState.UP, "")
        pinging = self._tasks.start(self._watch(wire), name=f"ami-watchdog-{self.name}")
        try:
            raise _Dropped(await wire.ended)
        finally:
            self.figures.dropped_links += 1
            pinging.cancel()

    async def _connect(self) -> AmiWire:
        if self._closing.is_set():
            raise _Dropped("closed by us")
        self._manager = _Manager(
            host=self.settings.ami_host,
            port=self.settings.ami_port,
            loop=asyncio.get_running_loop(),
            protocol_factory=self._new_wire,
        )
        try:
            await within(self.limits.connect_seconds, self._manager.connect())
        except TimeoutError:
            raise _Dropped(f"{self.settings.ami_host}:{self.settings.ami_port} does not answer") from None
        wire: AmiWire = self._manager.protocol
        done, _ = await asyncio.wait(
            (wire.greeted, wire.ended), timeout=self.limits.connect_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        if wire.ended in done:
            raise _Dropped(wire.ended.result())
        if not done:
            raise _Dropped("the PBX accepted the connection but did not greet: is this the AMI port?")
        self.version = wire.greeted.result()
        return wire

    def _new_wire(self) -> AmiWire:
        self._wire = AmiWire(on_blocks=self._received, on_oversized=self._oversized, wanted=self._wanted)
        return self._wire

    async def _login(self, wire: AmiWire) -> None:
        ask = {"Username": self.settings.ami_user, "Secret": self.settings.ami_secret, "Events": "on"}
        try:
            reply = await self._ask(wire, "Login", ask, self.limits.action_seconds)
        except PbxLost:
            raise _Dropped("the PBX closed the connection at the login") from None
        except OutcomeUnknown:
            # Asterisk hangs up at once on some refusals (an ACL); without an answer we cannot call it a wrong password.
            raise _Dropped("no answer to the login: is this address permitted in manager.conf?") from None
        if not reply.ok:
            raise _Refused(
                f"the PBX refused the login of {self.settings.ami_user!r} ({reply.message or 'no reason given'}): mend "
                f"[pbx] ami_user and ami_secret, or that user's secret and permit lines in the PBX's manager.conf"
            )

    async def _watch(self, wire: AmiWire) -> None:
        """Ping: the answer proves life and tells the PBX's clock; a peer that says nothing is dropped."""
        unanswered = 0
        while not wire.ended.done():
            chunks, sent_at = wire.received, self._clock.now()
            try:
                reply = await self._ask(wire, "Ping", {}, self.limits.ping_seconds)
            except (PbxLost, OutcomeUnknown):
                # A flood may hold the answer back: bytes are life, but not for ever.
                unanswered += 1
                if wire.received == chunks or unanswered >= self.limits.unanswered_pings:
                    wire.close(f"the PBX said nothing for {self.limits.ping_seconds * unanswered:g} s")
                    return
                continue
            unanswered = 0
            self._seen()
            self._measure_skew(reply, sent_at)
            await asyncio.sleep(self.limits.ping_seconds)

    def _measure_skew(self, reply: Reply, sent_at: datetime) -> None:
        if (theirs := pbx_time(reply.headers)) is not None:
            before = self.pbx_clock.ahead
            self.pbx_clock.measured(theirs, sent_at, self._clock.now())
            self.figures.skew_seconds = self.pbx_clock.skew_seconds
            if self.pbx_clock.ahead != before:
                told = {"action": "pbx_clock", "pbx": self.name, "corrected_seconds": self.pbx_clock.corrected_seconds}
                log.warning("the PBX's clock differs from ours; its times are corrected", extra=told)

    def _seen(self) -> None:
        self.figures.seen_at = self._clock.now()

    def _abandon(self, problem: str) -> None:
        if self._wire is not None:
            self._wire.close(problem)
        self._manager = self._wire = None

    # --- events ------------------------------------------------------------------------------------------

    def _received(self, blocks: list[bytes]) -> None:
        wire = self._wire
        if wire is None or wire.ended.done():
            return
        early = sum(len(chunk.blocks) for chunk in self._early or ())
        if self._queued + early + len(blocks) > self.limits.queue_blocks:
            self.figures.overflows += 1
            if self._queued > self.limits.queue_blocks // 2:
                self._roomy.clear()
            wire.close(f"more than {self.limits.queue_blocks} events wait: dropped the link to ask for the state anew")
            return
        at, monotonic, most = self._clock.now(), self._clock.monotonic(), self.limits.batch_blocks
        chunks = [_Chunk(blocks[i : i + most], at, monotonic) for i in range(0, len(blocks), most)]
        if self._early is not None:
            self._early += chunks
            return
        for chunk in chunks:
            self._put(chunk, len(chunk.blocks))
        if any(block.startswith(b"Event: FullyBooted") for block in blocks) and self.state is LinkState.UP:
            # The PBX let us in before it had loaded everything: what we asked for at the login was too early.
            self._ask_resync(wire)

    def _oversized(self) -> None:
        self.figures.oversized += 1
        if self._wire is not None:
            log.warning("a giant AMI block was left out", extra={"action": "ami_oversized", "pbx": self.name})
            self._ask_resync(self._wire)

    def _ask_resync(self, wire: AmiWire) -> None:
        self._put(_ResyncAsked(wire, self._clock.now()), 0)

    def _put(self, item: _Chunk | _ResyncAsked, blocks: int) -> None:
        self._queue.append(item)
        self._queued += blocks
        self.figures.queue_high = max(self.figures.queue_high, self._queued)
        self._idle.clear()
        self._awake.set()

    @property
    def in_step(self) -> bool:
        """The link is up, and what was alive on the PBX then has been taken in: who holds a line is known."""
        return self.state is LinkState.UP and self._wire is not None and self._synced is self._wire

    @property
    def clock_problem(self) -> str:
        """In words, when the PBX's clock is so far off that its times mislead people; "" when it is right."""
        skew = self.figures.skew_seconds
        if skew is None or abs(skew) < CLOCK_TOLERANCE_SECONDS:
            return ""
        return (
            f"the PBX's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} ours: the times of calls are "
            f"corrected by that, its own opening hours are not; let both machines keep time (chrony or "
            f"systemd-timesyncd)"
        )

    @property
    def own_address(self) -> str:
        """Our address as the PBX sees it; "" while there is no link."""
        if self._wire is None or self._wire.transport is None:
            return ""
        name = self._wire.transport.get_extra_info("sockname")
        return str(name[0]) if name else ""

    async def resync(self) -> None:
        """Ask for the state anew, in order with the events. Does nothing while the link is down."""
        if self._wire is not None and self.state is LinkState.UP:
            self._ask_resync(self._wire)

    async def _consume(self) -> None:
        failed_at: float | None = None
        while True:
            if not self._queue:
                self._idle.set()
                self._awake.clear()
                await self._awake.wait()
            try:
                await self._take()
            except Exception:
                # The batch may have half arrived: only the PBX's own state can mend that. Not in a tight loop.
                self.figures.failed_batches += 1
                log.exception("events listener failed", extra={"action": "ami_listener_failed", "pbx": self.name})
                now = self._clock.monotonic()
                if failed_at is None or now - failed_at >= self.limits.resync_seconds:
                    failed_at = now
                    await self.resync()

    async def _take(self) -> None:
        if isinstance(first := self._queue[0], _ResyncAsked):
            self._queue.popleft()
            if not first.wire.ended.done() and (snapshot := await self._snapshot(first.wire, first.at)) is not None:
                await self._on_resync(snapshot)
                if snapshot.channels is not None:
                    self._synced = first.wire
            return
        batch: list[RawEvent] = []
        while self._queue and isinstance(chunk := self._queue[0], _Chunk):
            if batch and len(batch) + len(chunk.blocks) > self.limits.batch_blocks:
                break
            self._queue.popleft()
            self._queued -= len(chunk.blocks)
            if self._queued <= self.limits.queue_blocks // 2:
                self._roomy.set()
            at, monotonic = chunk.received_at, chunk.received_monotonic
            batch += [RawEvent(parse(block), at, monotonic) for block in chunk.blocks]
        self.figures.events += len(batch)
        self._measure_lag(batch[-1])
        await self._on_events(batch)

    def _measure_lag(self, newest: RawEvent) -> None:
        self.figures.seen_at = newest.received_at
        if (theirs := newest.pbx_at) is not None:
            skew = timedelta(seconds=self.figures.skew_seconds or 0.0)
            self.figures.lag_seconds = max(0.0, (self._clock.now() - (theirs - skew)).total_seconds())

    async def _snapshot(self, wire: AmiWire, at: datetime) -> Snapshot | None:
        """The PBX's state, or None when the link broke meanwhile: the next session asks again."""
        try:
            sent_at = self._clock.now()
            ping = await self._ask(wire, "Ping", {}, self.limits.action_seconds)
            self._measure_skew(ping, sent_at)
            channels = await self._ask(wire, "CoreShowChannels", {}, self.limits.action_seconds)
            queues = await self._ask(wire, "QueueStatus", {}, self.limits.action_seconds)
        except (PbxLost, OutcomeUnknown) as error:
            wire.close(f"the PBX's state could not be read: {error.detail}")
            return None
        refused = {"CoreShowChannels": channels, "QueueStatus": queues}
        problems = tuple(f"{name}: {reply.message}" for name, reply in refused.items() if not reply.ok)
        if problems:
            told = {"action": "ami_resync_incomplete", "pbx": self.name, "problems": problems}
            log.warning("the PBX's state could not be read whole", extra=told)

        def named(name: str) -> tuple[Mapping[str, str], ...]:
            return tuple(event for event in queues.events if event.get("Event") == name)

        return Snapshot(
            pbx=self.name,
            at=at,
            pbx_at=pbx_time(ping.headers),
            channels=tuple(channels.events) if channels.ok else None,
            queues=named("QueueParams"),
            members=named("QueueMember"),
            callers=named("QueueEntry"),
            problems=problems,
        )

    async def _drain(self, consumer: asyncio.Task[None]) -> None:
        """Let the consumer finish what was received, but not for ever."""
        idle = self._tasks.start(self._idle_forever(), name="ami-drain")
        await asyncio.wait((idle, consumer), timeout=self.limits.drain_seconds, return_when=asyncio.FIRST_COMPLETED)

    async def _idle_forever(self) -> None:
        await self._idle.wait()

    # --- actions -----------------------------------------------------------------------------------------

    async def action(
        self,
        name: str,
        headers: Mapping[str, str | Sequence[str]] | None = None,
        *,
        timeout: float | None = None,
        action_id: str | None = None,
    ) -> Reply:
        """Ask the PBX for something.

        Raises PbxLost when nothing was sent, PbxRefused when the PBX said no, and OutcomeUnknown when the link broke or
        the time ran out after it was sent. It is never sent again.
        """
        async with self._budget:
            if self._wire is None or self.state is not LinkState.UP:
                raise PbxLost()
            seconds = self.limits.action_seconds if timeout is None else timeout
            reply = await self._ask(self._wire, name, headers or {}, seconds, action_id)
        if not reply.ok:
            raise PbxRefused(f"the PBX refused {name}: {reply.message or 'no reason given'}")
        return reply

    async def _ask(
        self,
        wire: AmiWire,
        name: str,
        headers: Mapping[str, str | Sequence[str]],
        timeout: float,
        action_id: str | None = None,
    ) -> Reply:
        self._count += 1
        ask: dict[str, Any] = {"Action": name, "ActionID": action_id or f"{self._prefix}-{self._count}"}
        ask |= {key: list(value) if not isinstance(value, str) else value for key, value in headers.items()}
        try:
            return await within(timeout, wire.send(Action(ask)))
        except TimeoutError:
            raise OutcomeUnknown(f"the PBX did not answer {name} within {timeout:g} s") from None
