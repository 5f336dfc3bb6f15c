"""Calls made durable: a batch of facts in one transaction, each outcome told once, whoever says it how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from callengine.calls.events import (
    CallAnswered,
    CallArrived,
    CallbackRequested,
    CallChanged,
    CallEnded,
    CallFact,
    CallMissed,
    MessageLeft,
    RobotTold,
)
from callengine.calls.model import (
    CallFilter,
    CallKey,
    CallTotals,
    Conversation,
    Missed,
    Outcome,
    State,
    StoredCall,
    completed,
)
from callengine.clock import Clock
from callengine.errors import NotFound
from callengine.store import calls as rows
from callengine.store.database import Store, Tx

FROM_LEDGER = "ledger"
# What may still be learnt of a conversation that has ended.
_LATE = (CallbackRequested, MessageLeft, CallChanged)


class CallsService:
    """Saves what the trackers and the ledgers tell, and answers questions about it."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def save(self, facts: Sequence[CallFact]) -> None:
        """One transaction: the newest snapshot of each conversation, then every fact told once.

        Events and the ledger may both tell of one conversation, in any order, and a crash may make either repeat
        itself. The first end that was saved stands; a call that was answered is never missed as well.
        """
        if not facts:
            return
        async with self._store.begin() as tx:
            gate = _Gate(await rows.known(tx, {fact.call.key for fact in facts}))
            accepted = [kept for fact in facts if (kept := await gate.pass_on(tx, fact)) is not None]
            await rows.upsert_many(tx, list(gate.newest.values()))
            for fact in accepted:
                await tx.tell(fact)

    async def get(self, call_id: int) -> StoredCall:
        async with self._store.read() as conn:
            found = await rows.by_id(conn, call_id)
        if found is None:
            raise NotFound(f"there is no call {call_id}")
        return found

    async def by_key(self, key: CallKey) -> StoredCall | None:
        async with self._store.read() as conn:
            return await rows.by_key(conn, key)

    async def by_ids(self, ids: Sequence[int]) -> list[StoredCall]:
        async with self._store.read() as conn:
            return await rows.by_ids(conn, ids)

    async def find(
        self, wanted: CallFilter, *, limit: int = 50, cursor: str | None = None
    ) -> tuple[list[StoredCall], str | None]:
        """One page, newest first, and the cursor of the next page (None: this was the last)."""
        async with self._store.read() as conn:
            return await rows.find(conn, wanted, limit=limit, cursor=cursor)

    async def totals(self, wanted: CallFilter) -> CallTotals:
        async with self._store.read() as conn:
            return await rows.totals(conn, wanted)

    async def live(self) -> list[StoredCall]:
        """The conversations that have not ended, oldest first."""
        async with self._store.read() as conn:
            return await rows.open_calls(conn)

    async def open_calls(self, pbx: str) -> list[Conversation]:
        """What the store holds of this PBX as not ended: `Tracker.prime` wants it after a restart."""
        async with self._store.read() as conn:
            return [found.call for found in await rows.open_calls(conn, pbx)]


def _was_dead(call: Conversation) -> bool:
    """The one answer that is taken back: a phone that died at the answer, seen by the events."""
    return call.missed is Missed.PHONE_DEAD and call.source != FROM_LEDGER


class _Gate:
    """What of a batch is news: the rules of "one conversation, one outcome" against the store."""

    def __init__(self, known: dict[CallKey, rows.Known]) -> None:
        self._known = known
        self.newest: dict[CallKey, Conversation] = {}

    async def pass_on(self, tx: Tx, fact: CallFact) -> CallFact | None:
        """The fact as it may be told, with the snapshot as it will be stored; None: it is old, or untrue by now."""
        key = fact.call.key
        if isinstance(fact, RobotTold):
            return fact  # nothing of the call itself; who hears it knows what he was told before
        before = self._known.get(key)
        if before is not None:
            if isinstance(fact, CallArrived):
                return None
            if before.ended:
                return await self._of_ended(tx, fact, before)
            if (
                fact.call.source == FROM_LEDGER
                or before.source == FROM_LEDGER
                or (before.answered and fact.call.answered_at is None and not _was_dead(fact.call))
            ):
                fact = replace(fact, call=await self._merged(tx, fact.call))
            if isinstance(fact, CallAnswered) and before.answered:
                fact = CallChanged(fact.at, fact.call)
            elif isinstance(fact, CallMissed) and before.answered and not _was_dead(fact.call):
                return None
        call = fact.call
        self.newest[key] = call
        # What counts as told is the fact, not the snapshot: one snapshot carries several facts.
        answered = isinstance(fact, CallAnswered) or (before is not None and before.answered)
        self._known[key] = rows.Known(answered, isinstance(fact, CallEnded), call.source)
        return fact

    async def _of_ended(self, tx: Tx, fact: CallFact, before: rows.Known) -> CallFact | None:
        """Stragglers may add to an ended call, never change how it ended."""
        if fact.call.ended_at is None or not isinstance(fact, (*_LATE, CallEnded)):
            return None
        stored = await self._stored(tx, fact.call.key)
        if fact.call.source == FROM_LEDGER:
            call = completed(stored, fact.call)
        else:
            call = completed(fact.call, stored)
        call = call.evolve(
            outcome=stored.outcome,
            missed=(fact.call.missed or stored.missed) if stored.outcome is Outcome.MISSED else None,
            answered_at=stored.answered_at,
            talks=call.talks if stored.outcome is not Outcome.MISSED else (),
            ended_at=stored.ended_at,
            source=stored.source if fact.call.source == FROM_LEDGER else fact.call.source,
        )
        if call == stored:
            return None
        self.newest[fact.call.key] = call
        # The end itself was told already: this is only more of the same call.
        return CallChanged(fact.at, call) if isinstance(fact, CallEnded) else replace(fact, call=call)

    async def _merged(self, tx: Tx, call: Conversation) -> Conversation:
        stored = await self._stored(tx, call.key)
        if call.source != FROM_LEDGER:
            # The events speak again, after a gap that they do not know of.
            talks = call.talks or stored.talks
            merged = completed(call.evolve(talks=talks, answered_at=call.answered_at or stored.answered_at), stored)
            return merged.evolve(state=call.state, ended_at=call.ended_at) if call.ended_at is None else merged
        merged = completed(stored, call)
        state = State.ENDED if merged.ended_at else call.state
        return merged.evolve(state=state)

    async def _stored(self, tx: Tx, key: CallKey) -> Conversation:
        if key in self.newest:
            return self.newest[key]
        found = await rows.by_key(tx.conn, key)
        assert found is not None
        return found.call
