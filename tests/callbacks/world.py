"""A small world for the tests of duties: calls are stored and told as the engine does, the clock is moved by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql, sqlite

from callengine.callbacks.model import Duty, DutyDetail, DutyFilter, DutyState
from callengine.callbacks.service import CallbacksService
from callengine.calls.events import CallAnswered, CallbackRequested, CallEnded, CallFact, CallMissed, MessageLeft
from callengine.calls.model import CallKey, Conversation, Direction, Missed, Outcome, State, Talk
from callengine.clock import ManualClock, rfc3339
from callengine.config import Callbacks
from callengine.phone import Phone, parse
from callengine.store.database import Store, Tx
from callengine.store.tables import calls, staff
from callengine.timers.worker import TimerWorker

RESIDENT = "+79074121806"
NEIGHBOUR = "+79161234567"
LINE = "+73072240000"


class World:
    """Calls happen, operators act, time passes."""

    def __init__(self, store: Store, clock: ManualClock, settings: Callbacks | None = None) -> None:
        self.store = store
        self.clock = clock
        self.settings = settings or Callbacks()
        self.service = CallbacksService(store, clock, self.settings)
        self.worker = TimerWorker(store, clock, self.service.timer_owners)
        self.told: list[Any] = []
        self._ids = count(1)
        store.within |= {
            CallMissed: [self.service.on_missed],
            CallAnswered: [self.service.on_answered],
            CallEnded: [self.service.on_ended],
            CallbackRequested: [self.service.on_callback_requested],
            MessageLeft: [self.service.on_message],
        }

    async def staff(self, extension: str, name: str = "") -> int:
        async with self.store.begin() as tx:
            values = {"login": f"op{extension}", "name": name or f"Оператор {extension}", "role": "operator"}
            made = await tx.conn.execute(insert(staff).values(**values, extension=extension).returning(staff.c.id))
            return int(made.scalar_one())

    # --- calls: what happened, as facts; `tell` is apart, so that tests can delay, repeat and reorder ----------

    def key(self) -> CallKey:
        return CallKey("main", f"1763625600.{next(self._ids)}")

    def missed(
        self,
        number: str | Phone = RESIDENT,
        *,
        line: str = LINE,
        at: datetime | None = None,
        lasted: float = 40,
        where: Missed = Missed.QUEUE,
        **changes: Any,
    ) -> list[CallFact]:
        """A resident calls, waits for `lasted` seconds and nobody answers."""
        arrived = at or self.clock.now()
        ended = arrived + timedelta(seconds=lasted)
        call = Conversation(
            key=self.key(),
            direction=Direction.INBOUND,
            arrived_at=arrived,
            number=number if isinstance(number, Phone) else parse(number),
            did=line,
            state=State.ENDED,
            outcome=Outcome.MISSED,
            missed=where,
            ended_at=ended,
            **changes,
        )
        return [CallMissed(ended, call), CallEnded(ended, call)]

    def call_back(
        self,
        number: str = RESIDENT,
        *,
        operator: str = "101",
        at: datetime | None = None,
        rang: float = 10,
        talked: float = 60,
        outcome: Outcome = Outcome.ANSWERED,
        **changes: Any,
    ) -> list[CallFact]:
        """An operator calls the number: from the desk with `request_id`, else by hand on his phone."""
        began = at or self.clock.now()
        answered = began + timedelta(seconds=rang)
        dialling = Conversation(
            key=self.key(),
            direction=Direction.OUTBOUND,
            arrived_at=began,
            number=parse(number),
            did=number,
            operator=operator,
            state=State.DIALLING,
            **changes,
        )
        if outcome is not Outcome.ANSWERED:
            ended = dialling.evolve(state=State.ENDED, outcome=outcome, ended_at=answered)
            return [CallEnded(answered, ended)]
        return self._talk(dialling, answered, talked, operator)

    def gets_through(
        self, number: str = RESIDENT, *, operator: str = "102", at: datetime | None = None, talked: float = 60
    ) -> list[CallFact]:
        """A resident calls and an operator answers."""
        arrived = at or self.clock.now()
        queued = Conversation(
            key=self.key(), direction=Direction.INBOUND, arrived_at=arrived, number=parse(number), did=LINE
        )
        return self._talk(queued, arrived + timedelta(seconds=15), talked, operator)

    def _talk(self, call: Conversation, answered: datetime, talked: float, operator: str) -> list[CallFact]:
        ended = answered + timedelta(seconds=talked)
        talking = call.evolve(
            state=State.TALKING, answered_at=answered, operator=operator, talks=(Talk(operator, answered),)
        )
        over = talking.evolve(
            state=State.ENDED, outcome=Outcome.ANSWERED, ended_at=ended, talks=(Talk(operator, answered, ended),)
        )
        return [CallAnswered(answered, talking, operator), CallEnded(ended, over)]

    async def tell(self, facts: Sequence[CallFact]) -> int:
        """Store the snapshots and tell the facts, one transaction, as the calls room does; gives the call's row id."""
        call_id = 0
        async with self.store.begin() as tx:
            for fact in facts:
                call_id = await self._save(tx, fact.call)
                await tx.tell(fact)
        self.told += [fact for fact in tx.told if type(fact).__module__ == "callengine.callbacks.events"]
        return call_id

    async def _save(self, tx: Tx, call: Conversation) -> int:
        module = postgresql if tx.is_postgres else sqlite
        values: dict[str, Any] = {
            "pbx": call.key.pbx,
            "linkedid": call.key.linkedid,
            "direction": call.direction.value,
            "number_kind": call.number.kind.value,
            "number": call.number.value,
            "name": call.name,
            "did": call.did,
            "queue": call.queue,
            "state": call.state.value,
            "outcome": call.outcome.value if call.outcome else None,
            "missed": call.missed.value if call.missed else None,
            "arrived_at": call.arrived_at,
            "answered_at": call.answered_at,
            "ended_at": call.ended_at,
            "operator": call.operator,
            "talk_seconds": call.talk_seconds,
            "held_seconds": call.held_seconds,
            "recording_file": call.recording_file,
            "message_file": call.message_file,
            "callback_requested": call.callback_requested,
            "robot": call.robot,
            "request_id": call.request_id,
            "source": call.source,
            "offers": [],
            "talks": [
                {
                    "operator": talk.operator,
                    "began_at": rfc3339(talk.began_at),
                    "ended_at": rfc3339(talk.ended_at) if talk.ended_at else None,
                }
                for talk in call.talks
            ],
        }
        upsert = module.insert(calls).values(**values)  # type: ignore[attr-defined]
        upsert = upsert.on_conflict_do_update(index_elements=["pbx", "linkedid"], set_=values)
        await tx.conn.execute(upsert)
        query = select(calls.c.id).where(calls.c.pbx == call.key.pbx, calls.c.linkedid == call.key.linkedid)
        return int((await tx.conn.execute(query)).scalar_one())

    # --- time --------------------------------------------------------------------------------------------------

    async def pass_time(self, *, seconds: float) -> None:
        """The clock moves and the due timers fire."""
        self.clock.advance(seconds=seconds)
        before = {kind: list(known) for kind, known in self.store.after.items()}
        from callengine.callbacks import events  # the facts that timers tell arrive by `after`

        for name in ("DutyDue", "DutyReleased", "DutySettled", "DutyAttempted"):
            kind = getattr(events, name)
            self.store.after.setdefault(kind, []).append(self.told.append)
        while await self.worker.fire_due():
            pass
        self.store.after.clear()
        self.store.after |= before

    # --- looking -----------------------------------------------------------------------------------------------

    async def duties(self, state: str | None = None) -> list[Duty]:
        found, _ = await self.service.find(DutyFilter(state=state), limit=1000)
        return sorted((stored.duty for stored in found), key=lambda duty: duty.id)

    async def the_duty(self) -> Duty:
        (duty,) = await self.duties()
        return duty

    async def detail(self, duty_id: int | None = None) -> DutyDetail:
        return await self.service.get(duty_id or (await self.the_duty()).id)

    async def states(self) -> list[DutyState]:
        return [duty.state for duty in await self.duties()]

    def facts(self) -> list[str]:
        return [type(fact).__name__ for fact in self.told]
