"""The worker of the outbox: per channel it claims what is due, lets the channel send it, and keeps what came of it.

A slow or dead channel keeps nobody waiting but itself. An engine that dies leaves its claims: what it was sending is
unknown, and is sent again only where the other side knows a message that comes twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from callengine.clock import Clock
from callengine.errors import Unavailable
from callengine.notices import rules
from callengine.notices.model import (
    Channel,
    Kind,
    Later,
    Message,
    Notice,
    NoticeQueued,
    NoticeTried,
    Result,
    Sender,
    Unknown,
    Until,
)
from callengine.notices.outbox import Outbox
from callengine.notices.reasons import reason
from callengine.notices.templates import LINK, with_link
from callengine.store import notices as rows
from callengine.store.database import Store
from callengine.tasks import Tasks

log = logging.getLogger(__name__)

MESSAGE_SECONDS = 20.0  # to read what a message needs, and to make its link
SEND_SECONDS = 45.0  # longer than any channel waits for its other side
LEASE_SECONDS = 90.0  # more than both
LONGEST_SLEEP_SECONDS = 60.0
STORE_TROUBLE_SECONDS = 1.0
MOST_PAUSE_SECONDS = 60.0  # of a whole channel
INSIST_TIMES = 20
LAST_SECONDS = 5.0  # at the end, for what is being sent

Done = TypeVar("Done")
LinkOf = Callable[[str], Awaitable[str]]  # the address of a resident's page, by the number of his ticket


class NoticesWorker:
    """One per process. `senders` are the channels that are configured; `link` makes a resident's link."""

    def __init__(
        self, store: Store, clock: Clock, outbox: Outbox, senders: Mapping[Channel, Sender], link: LinkOf
    ) -> None:
        self._store, self._clock, self._outbox, self._senders, self._link = store, clock, outbox, senders, link
        self._tasks = Tasks()
        self._lanes = {channel: _Lane(sender) for channel, sender in senders.items()}
        self._links: dict[int, str] = {}
        self._deaf = not store.is_sqlite
        self._stop_listening: Callable[[], Awaitable[None]] | None = None
        store.after.setdefault(NoticeQueued, []).append(self._noticed)

    def wake(self) -> None:
        """Look again now, on all channels."""
        for lane in self._lanes.values():
            lane.woken.set()

    def _noticed(self, fact: NoticeQueued) -> None:
        lane = self._lanes.get(fact.channel)
        if lane is not None and (lane.sleeps_until is None or fact.next_at < lane.sleeps_until):
            lane.woken.set()

    # --- for ever ---------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Send until cancelled; any trouble is logged and waited out: no fault of a notice ends the engine."""
        try:
            async with asyncio.TaskGroup() as group:
                if not self._store.is_sqlite:
                    group.create_task(self._listen(), name="notices listen")
                for channel, lane in self._lanes.items():
                    group.create_task(self._serve(lane), name=f"notices {channel}")
        finally:
            if self._stop_listening is not None:
                await self._stop_listening()

    async def _serve(self, lane: _Lane) -> None:
        # On SQLite we are the only engine: what a dead one was sending is known to be unknown, without waiting.
        first = self._store.is_sqlite
        while True:
            lane.woken.clear()
            try:
                if first:
                    await self._settle_abandoned(lane, all=True)
                    first = False
                until = await self._fill(lane)
            except Exception as error:
                _log_trouble("notices wait", error, "notices_wait")
                until = self._clock.now() + timedelta(seconds=STORE_TROUBLE_SECONDS)
            await lane.sleep(until, self._clock)

    async def _listen(self) -> None:
        """PostgreSQL: another machine queued something."""
        while True:
            lost = asyncio.Event()
            try:
                stop, self._stop_listening = self._stop_listening, None
                if stop is not None:
                    await stop()
                self._stop_listening = await self._store.listen(rows.CHANNEL, self.wake, lost.set)
                self.wake()
                await lost.wait()
            except Exception as error:
                _log_trouble("notices do not hear", error, "notices_deaf")
                await asyncio.sleep(STORE_TROUBLE_SECONDS)

    async def stop(self) -> None:
        """Claim no more; wait a little for what is being sent."""
        for lane in self._lanes.values():
            lane.stopped = True
        busy = [task for lane in self._lanes.values() for task in lane.busy]
        if busy:
            await asyncio.wait(busy, timeout=LAST_SECONDS)
        await self._tasks.close()
        for sender in self._senders.values():
            await sender.close()

    # --- one channel ------------------------------------------------------------------------------------------

    async def _settle_abandoned(self, lane: _Lane, *, all: bool = False) -> None:
        async with self._store.begin() as tx:
            lost = await rows.abandoned(tx, lane.sender.channel, self._clock.now(), all=all)
        for one in lost:
            why = Unknown(reason("engine_stopped"))
            await self._outbox.settle(one, why, repeatable=self._repeatable(lane.sender, one))

    async def _fill(self, lane: _Lane) -> datetime:
        """Claim as many as there is room for and begin with them; gives the moment to sleep until."""
        now = self._clock.now()
        longest = now + timedelta(seconds=LONGEST_SLEEP_SECONDS)
        if lane.paused_until is not None and lane.paused_until > now:
            return lane.paused_until
        room = lane.sender.at_once - len(lane.busy)
        if lane.stopped or room <= 0:
            return longest  # the first that is done wakes us
        nearest = await self._nearest(lane)
        if nearest is None or nearest > now:  # nothing is written where nothing is due
            return min(nearest or longest, longest)
        await self._settle_abandoned(lane)
        claimed = await self._claim(lane, room)
        for one in claimed:
            task = self._tasks.start(self._one(lane, one), name=f"notice {one.id}")
            lane.busy.add(task)
            task.add_done_callback(lane.done)
        # Nothing claimed of what is due: another machine's worker holds it just now.
        return now if claimed else now + timedelta(seconds=STORE_TROUBLE_SECONDS)

    async def _nearest(self, lane: _Lane) -> datetime | None:
        async with self._store.read() as conn:
            return await rows.nearest(conn, lane.sender.channel)

    async def _claim(self, lane: _Lane, limit: int) -> list[Notice]:
        channel = lane.sender.channel
        async with self._store.begin() as tx:
            found = await rows.claim(tx, channel, self._clock.now(), lease_seconds=LEASE_SECONDS, limit=limit)
            for one in found:
                if one.tries == 1:
                    await tx.tell(NoticeTried(one))
        return found

    async def work_off(self) -> int:
        """Send all that is due now, one after another; gives how many were tried. For tests and for the end."""
        tried = 0
        for lane in self._lanes.values():
            await self._settle_abandoned(lane)
            while lane.paused_until is None or lane.paused_until <= self._clock.now():
                claimed = await self._claim(lane, 1)
                if not claimed:
                    break
                await self._one(lane, claimed[0])
                tried += 1
        return tried

    async def _one(self, lane: _Lane, one: Notice) -> None:
        """One notice on its way; whatever happens is kept as its result."""
        if not await self._insist(lambda: self._outbox.may_go(one, lease_seconds=LEASE_SECONDS)):
            return
        result = await self._sent(lane.sender, one)
        lane.heard(result, self._clock)
        repeatable = self._repeatable(lane.sender, one)
        await self._insist(lambda: self._outbox.settle(one, result, repeatable=repeatable))
        if not isinstance(result, Later):
            self._links.pop(one.id, None)

    async def _insist(self, work: Callable[[], Awaitable[Done]]) -> Done:
        """Again while the store is in trouble and the lease lasts: what was sent and is not written down is unknown."""
        for _ in range(INSIST_TIMES):
            try:
                return await work()
            except Unavailable as error:
                log.warning("a notice waits for the store: %s", error, extra={"action": "notice_waits"})
                await asyncio.sleep(STORE_TROUBLE_SECONDS)
        return await work()

    async def _sent(self, sender: Sender, one: Notice) -> Result:
        try:
            async with asyncio.timeout(MESSAGE_SECONDS):
                message = await self._message(one)
        except TimeoutError:
            # Without an end it would hold its place in the lane, and its claim would run out under it.
            log.warning("notice not made in time", extra={"action": "notice_not_made", "notice": one.id})
            return Later(reason("not_ready", seconds=f"{MESSAGE_SECONDS:g}"))
        except Exception as error:
            log.exception("notice not made", extra={"action": "notice_not_made", "notice": one.id})
            return Later(reason("not_made", said=type(error).__name__))
        try:
            async with asyncio.timeout(SEND_SECONDS):
                return await sender.send(message)
        except TimeoutError:
            return Unknown(reason("no_reply", seconds=f"{SEND_SECONDS:g}"))
        except Exception as error:
            # A channel answers for what the other side does; this is a fault of ours, and no reason to lose a notice.
            log.exception("channel failed", extra={"action": "channel_failed", "channel": sender.channel.value})
            return Unknown(reason("engine_fault", said=type(error).__name__))

    async def _message(self, one: Notice) -> Message:
        async with self._store.read() as conn:
            browsers = await rows.subscriptions_for(conn, one) if one.channel is Channel.PUSH else []
            parts = await rows.parts(conn, one.id) if one.tries > 1 else {}
        link = await self._link_of(one)
        return Message(
            id=one.id,
            key=one.key,
            kind=one.kind.value,
            subject=one.subject,
            text=with_link(one.text, link),
            number=one.to.number,
            email=one.to.email,
            name=one.to.name,
            language=one.to.language,
            ticket_number=one.ticket_number,
            danger=one.danger,
            acknowledge=one.until is Until.ACKNOWLEDGED and one.kind is Kind.JOB,
            link=link,
            subscriptions=tuple(browsers),
            parts=frozenset(parts),
        )

    async def _link_of(self, one: Notice) -> str:
        """The resident's link, the same for each try, for only its hash is kept elsewhere; "" where none is needed."""
        if LINK not in one.text:
            return ""
        if one.id not in self._links:
            self._links[one.id] = await self._link(one.ticket_number)
        return self._links[one.id]

    @staticmethod
    def _repeatable(sender: Sender, one: Notice) -> bool:
        """Losing word of danger is worse than telling it twice."""
        return sender.repeatable or one.danger


def _log_trouble(what: str, error: Exception, action: str) -> None:
    """What passes by itself in a line; a fault of ours with where it came from."""
    if isinstance(error, Unavailable):
        log.warning("%s: %s", what, error, extra={"action": action})
    else:
        log.error(what, exc_info=error, extra={"action": action})


class _Lane:
    """One channel's place in the worker."""

    def __init__(self, sender: Sender) -> None:
        self.sender = sender
        self.woken = asyncio.Event()
        self.busy: set[asyncio.Task[None]] = set()
        self.sleeps_until: datetime | None = None
        self.paused_until: datetime | None = None
        self.stopped = False
        self._failures = 0

    def done(self, task: asyncio.Task[None]) -> None:
        self.busy.discard(task)
        self.woken.set()

    def heard(self, result: Result, clock: Clock) -> None:
        """A gateway that is down is not asked again for each message, but after a pause that grows."""
        if isinstance(result, Later) and result.whole_channel:
            self._failures += 1
            # Danger waits behind the same pause: whose own message is to wait longer waits by its row.
            seconds = min(result.after_seconds or 0, MOST_PAUSE_SECONDS)
            pause = max(rules.backoff(self._failures, danger=True), timedelta(seconds=seconds))
            self.paused_until = clock.now() + pause
        elif not isinstance(result, Later):
            self._failures, self.paused_until = 0, None

    async def sleep(self, until: datetime, clock: Clock) -> None:
        self.sleeps_until = until
        seconds = min((until - clock.now()).total_seconds(), LONGEST_SLEEP_SECONDS)
        if seconds > 0 and not self.woken.is_set():
            try:
                async with asyncio.timeout(seconds):
                    await self.woken.wait()
            except TimeoutError:
                pass
        self.sleeps_until = None
