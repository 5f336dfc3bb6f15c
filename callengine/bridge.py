"""One PBX's way into the engine: events to facts in order, resync, ledger, coverage. Wiring, no rules of its own.

What the tracker tells is first said to `ahead`, the one that speaks before anything is durable, and of ringing phones
alone; then it goes to the backlog, which saves it in order. A store that refuses for a while holds up neither.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from callengine.calls.backlog import Backlog, Then
from callengine.calls.coverage import CoverageService
from callengine.calls.events import CallFact, RobotTold
from callengine.calls.handover import HandoverTold
from callengine.calls.model import CallKey, Conversation
from callengine.calls.service import CallsService
from callengine.calls.signals import Signal
from callengine.calls.signals import Snapshot as ChannelsAlive
from callengine.calls.tracker import Tracker
from callengine.clock import Clock
from callengine.config import Locale, OnePbx
from callengine.errors import EngineError
from callengine.pbx import ledger
from callengine.pbx.ami import AmiLink, LinkState, Snapshot
from callengine.pbx.consult import told_of
from callengine.pbx.ledger import Ledger, LedgerCall
from callengine.pbx.originate import AmiOriginator, Response, response_of
from callengine.pbx.skew import TOLERANCE
from callengine.pbx.translate import WANTED_EVENTS, translate
from callengine.pbx.translate import snapshot as channels_alive
from callengine.pbx.wire import RawEvent

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0
SEEN_EVERY = timedelta(seconds=5)
LEDGER_SECONDS = 60.0
# Events are given this long to tell an end by themselves before the ledger's word is taken.
LEDGER_GRACE = timedelta(seconds=10)
# So long the events wait for what they told to become durable; then they go on, for somebody's phone may ring.
STORE_PATIENCE_SECONDS = 0.1
# Facts that may wait for the store. Above it the events wait too, and the link's own queue fills up.
MOST_UNSAVED = 10_000


class Ahead(Protocol):
    """Hears what the tracker told before it is durable, in order, and of each fact once when that is settled."""

    def told(self, facts: Sequence[CallFact]) -> None: ...

    def settled(self, facts: Sequence[CallFact]) -> None: ...


class Bridge:
    """Owns the link, the tracker and the ledger of one PBX. `prime` first, then `run` and `watch` beside each other."""

    def __init__(
        self,
        settings: OnePbx,
        clock: Clock,
        *,
        locale: Locale,
        calls: CallsService,
        coverage: CoverageService,
        on_state: Callable[[Bridge], Awaitable[None]],
        on_resynced: Callable[[Bridge], Awaitable[None]],
        on_dialled: Callable[[Response], Awaitable[None]],
        on_handover: Callable[[HandoverTold], Awaitable[None]] | None = None,
    ) -> None:
        self.name = settings.name
        self.settings = settings
        self._clock, self._calls, self._coverage, self._locale = clock, calls, coverage, locale
        self._on_state, self._on_resynced, self._on_dialled = on_state, on_resynced, on_dialled
        self._on_handover = on_handover
        self.tracker = Tracker(settings.name, country=locale.country, city_code=locale.city_code)
        self.link = AmiLink(
            settings,
            clock,
            on_events=self._events,
            on_resync=self._resync,
            on_state=self._state,
            wanted=frozenset(WANTED_EVENTS),  # the rest is dropped by name before it costs anything
        )
        self.phones = AmiOriginator(self.link, settings)
        self.ahead: Ahead | None = None  # app.py sets it: see its reaction tables
        # The consumer and the watch both feed the tracker: what it told first is put first, and saved first.
        self._backlog = Backlog(settings.name, calls.save, self._settled)
        self._fed_at = clock.monotonic()
        self._seen_told: datetime | None = None
        self._blind_since: datetime | None = None  # since then no event came; the ledger may cover it

    async def prime(self) -> None:
        """Give the tracker what was alive when the engine stopped, and close the coverage that a crash left open."""
        self._blind_since = alive_at = await self._coverage.crashed(self.name)
        now = self._clock.now()
        self.tracker.prime([_not_ahead(call, now) for call in await self._calls.open_calls(self.name)], alive_at)

    async def run(self) -> None:
        await self.link.run()

    async def close(self) -> None:
        """The link first, then what it told: it is given a moment to become durable."""
        await self.link.close()
        await self._backlog.close()

    # --- what the link tells -------------------------------------------------------------------------------

    async def _events(self, batch: list[RawEvent]) -> None:
        self._fed_at = self._clock.monotonic()
        facts = self.tracker.feed_many(self._signals(batch))
        responses = [response for raw in batch if (response := response_of(raw)) is not None]
        handed = list(self._handovers(batch))
        if facts or responses or handed:
            then = partial(self._answer, responses, handed) if responses or handed else None
            await self._patiently(self.take(facts, then))

    def take(self, facts: Sequence[CallFact], then: Then | None = None) -> asyncio.Future[None]:
        """What the tracker has told: ahead to the phone that rings, and then into the store, all in order.

        Done when it is durable and `then` has run. While the store refuses, the backlog asks it again.
        """
        if self.ahead is not None and facts:
            self._say(self.ahead.told, facts)
        return self._backlog.put(facts, then)

    def _settled(self, facts: Sequence[CallFact]) -> None:
        if self.ahead is not None:
            self._say(self.ahead.settled, facts)

    def _say(self, hear: Callable[[Sequence[CallFact]], None], facts: Sequence[CallFact]) -> None:
        """A fact is told once: the passing message about it, however that fails, costs no fact its place."""
        try:
            hear(facts)
        except Exception:
            log.exception("what is said ahead failed; the facts go on", extra={"action": "ahead_failed"})

    async def _patiently(self, kept: asyncio.Future[None]) -> None:
        """Events and their facts go through together, as long as the store takes them."""
        if self._backlog.facts > MOST_UNSAVED:
            await asyncio.shield(kept)
        elif not self._backlog.stuck:
            await asyncio.wait({kept}, timeout=STORE_PATIENCE_SECONDS)
            self._backlog.stuck = not kept.done()
        if kept.done():
            kept.result()

    async def _answer(self, responses: Sequence[Response], handed: Sequence[HandoverTold]) -> None:
        for response in responses:
            await self._on_dialled(response)
        for told in handed:
            if self._on_handover is not None:
                await self._on_handover(told)

    def _handovers(self, batch: list[RawEvent]) -> Iterator[HandoverTold]:
        ours = self.link.pbx_clock.of_event
        for raw in batch:
            if (told := told_of(self.name, raw)) is not None:
                yield replace(told, at=ours(told.at, raw.received_at))

    def _signals(self, batch: list[RawEvent]) -> Iterator[Signal]:
        """In our time: what the PBX's clock is off goes no further than here."""
        ours = self.link.pbx_clock.of_event
        for raw in batch:
            signal = translate(raw.headers, raw.received_at)
            if signal is None:
                continue
            if signal.at is not raw.received_at:  # else the PBX did not say when
                at = ours(signal.at, raw.received_at)
                if at is not signal.at:
                    signal = replace(signal, at=at)
            yield signal

    async def _save(self, facts: Sequence[CallFact]) -> None:
        """Until it is durable: the tracker tells a fact once."""
        if facts:
            await asyncio.shield(self.take(facts))

    async def _state(self, state: LinkState, at: datetime, problem: str) -> None:
        if state is LinkState.UP:
            await self._coverage.opened(self.name, at)
            self._seen_told = at
        elif self._seen_told is not None:
            self._seen_told = None
            self._blind_since = self.link.figures.seen_at or at
            self.tracker.lost()
            await self._coverage.closed(self.name, self._blind_since)
        await self._on_state(self)

    async def _resync(self, snapshot: Snapshot) -> None:
        read = await self._read_ledger()
        if snapshot.channels is None:
            return
        noted = read or Ledger()
        alive = self._alive(snapshot)
        known = {call.key.linkedid: call for call in self.tracker.live()}
        await self._save(self.tracker.resync(alive, self._endings(noted, known)))
        await self._reconcile(noted, alive)
        if read is not None and self._blind_since is not None and self._blind_since < snapshot.at:
            # The ledger has told what came while we were blind: that stretch is covered after all.
            await self._coverage.recovered(self.name, self._blind_since, snapshot.at)
            self._blind_since = None
        await self._on_resynced(self)

    def _alive(self, snapshot: Snapshot) -> ChannelsAlive:
        clock = self.link.pbx_clock
        asked_at = clock.of_reply(snapshot.pbx_at, self._clock.now()) if snapshot.pbx_at else snapshot.at
        return replace(channels_alive(snapshot.channels or (), asked_at), ahead=clock.ahead)

    # --- the ledger ------------------------------------------------------------------------------------------

    async def _read_ledger(self) -> Ledger | None:
        try:
            return await ledger.read(self.link)
        except EngineError as error:
            told = {"action": "ledger_unread", "pbx": self.name, "problem": error.detail}
            log.warning("the PBX-side ledger could not be read", extra=told)
            return None

    def _in_our_time(self, call: LedgerCall, known: Conversation | None) -> LedgerCall:
        now, since = self._clock.now(), known.arrived_at if known else self._blind_since
        clock = self.link.pbx_clock
        return ledger.in_our_time(call, lambda at: clock.of_record(at, since, now), known.arrived_at if known else None)

    def _facts_of(self, call: LedgerCall, known: Conversation | None, *, gone: bool) -> list[CallFact]:
        country, city_code = self._locale.country, self._locale.city_code
        return ledger.reconcile(call, known, gone=gone, country=country, city_code=city_code)

    def _endings(self, read: Ledger, known: Mapping[str, Conversation]) -> dict[str, Conversation]:
        """How calls that the tracker holds for alive ended by the ledger."""
        endings = {}
        for linkedid, call in known.items():
            if (noted := read.calls.get(linkedid)) is None:
                continue
            if facts := self._facts_of(self._in_our_time(noted, call), call, gone=False):
                endings[linkedid] = facts[-1].call
        return endings

    async def _reconcile(self, read: Ledger, alive: ChannelsAlive | None) -> None:
        """Save what only the ledger knows; clear from it what is durable. `alive` None: nothing is known to be gone."""
        living = {live.leg.linkedid for live in alive.channels} if alive else set()
        now, followed = self._clock.now(), {call.key.linkedid for call in self.tracker.live()}
        done: list[str] = []
        for linkedid, noted in read.calls.items():
            if linkedid in followed:
                continue
            stored = await self._calls.by_key(CallKey(self.name, linkedid))
            known = stored.call if stored else None
            if known is None or known.ended_at is None:
                call = self._in_our_time(noted, known)
                ended_at = call.end.at if call.end else None
                if ended_at and alive is None and now - ended_at < LEDGER_GRACE:
                    continue
                # The ledger is read after the channels: who arrived in between is missing there, and lives.
                asked_later = alive is not None and call.arrived_at is not None and call.arrived_at < alive.at
                facts = self._facts_of(call, known, gone=asked_later and linkedid not in living)
                if not facts:
                    continue
                await self._save(facts)
                known = facts[-1].call
            if noted.robot_facts:
                await self._save([RobotTold(now, known, noted.robot_facts)])
            done.append(linkedid)
        if done:
            await ledger.forget(self.link, done)
            log.info("ledger cleared", extra={"action": "ledger_cleared", "pbx": self.name, "calls": len(done)})

    async def watch(self) -> None:
        """Every second what is held back, every few the proof of life, every minute the ledger; until cancelled."""
        next_ledger = self._clock.monotonic() + LEDGER_SECONDS
        while True:
            await asyncio.sleep(TICK_SECONDS)
            try:
                await self._tick()
                if self.link.state is LinkState.UP and self._clock.monotonic() >= next_ledger:
                    next_ledger = self._clock.monotonic() + LEDGER_SECONDS
                    await self._look_at_ledger()
            except EngineError as error:
                told = {"action": "bridge_tick_failed", "pbx": self.name, "problem": error.detail}
                log.warning("the bridge's watch failed; it goes on", extra=told)

    async def _tick(self) -> None:
        if self._clock.monotonic() - self._fed_at >= TICK_SECONDS:
            if facts := self.tracker.settle():
                # As of the events: a store that refuses must not keep the next end that is held back from being said.
                await self._patiently(self.take(facts))
        seen = self.link.figures.seen_at
        if self._seen_told is None and self.link.state is LinkState.UP and seen is not None:
            # The store did not take it when the link came up: coverage begins now, not at the next reconnect.
            await self._coverage.opened(self.name, seen)
            self._seen_told = seen
        if self._seen_told is not None and seen is not None and seen - self._seen_told >= SEEN_EVERY:
            self._seen_told = seen
            await self._coverage.seen(self.name, seen)

    async def _look_at_ledger(self) -> None:
        if (read := await self._read_ledger()) is None:
            return
        now, live = self._clock.now(), {call.key.linkedid: call for call in self.tracker.live()}
        ended = [self._in_our_time(noted, live[key]).end for key, noted in read.calls.items() if key in live]
        if any(end is not None and now - end.at > LEDGER_GRACE for end in ended):
            # It ended, and no event told us: something was lost on the way.
            log.warning("events were lost; asking for the state anew", extra={"action": "resync", "pbx": self.name})
            await self.link.resync()
        await self._reconcile(read, alive=None)


def _not_ahead(call: Conversation, now: datetime) -> Conversation:
    """A stored call that lies in the future was told before its clock (the PBX's, or ours) was put right: moved back,
    or it would end before it began."""
    moments = [call.arrived_at, call.queued_at, call.offered_at, call.answered_at]
    moments += [at for offer in call.offers for at in (offer.began_at, offer.ended_at)]
    moments += [at for talk in call.talks for at in (talk.began_at, talk.ended_at)]
    ahead = max(at for at in moments if at is not None) - now
    if ahead <= TOLERANCE:
        return call

    def back(at: datetime | None) -> datetime | None:
        return at - ahead if at else None

    return call.evolve(
        arrived_at=call.arrived_at - ahead,
        queued_at=back(call.queued_at),
        offered_at=back(call.offered_at),
        answered_at=back(call.answered_at),
        offers=tuple(replace(o, began_at=o.began_at - ahead, ended_at=back(o.ended_at)) for o in call.offers),
        talks=tuple(replace(t, began_at=t.began_at - ahead, ended_at=back(t.ended_at)) for t in call.talks),
    )
