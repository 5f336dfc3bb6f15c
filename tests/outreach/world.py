"""A town with a robot: tickets that people move, a PBX that remembers what it was asked, residents who press keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from callengine import config
from callengine.callbacks.service import CallbacksService
from callengine.calls.events import CallArrived, CallEnded, RobotTold
from callengine.calls.model import CallKey, Conversation, Direction, State
from callengine.calls.model import Outcome as CallOutcome
from callengine.calls.service import CallsService
from callengine.clock import ManualClock
from callengine.errors import EngineError
from callengine.menus.outcome import Outcome, Proof, Result
from callengine.outreach.campaigns import CampaignsService, Made, NewCampaign
from callengine.outreach.dialer import Dialer
from callengine.outreach.events import OutreachSettled
from callengine.outreach.followup import FollowUp
from callengine.outreach.model import CallKind, Occupied, OutreachAttempt, OutreachCall
from callengine.outreach.optouts import OptOuts
from callengine.outreach.service import OutreachService
from callengine.outreach.switch import Switch
from callengine.phone import parse
from callengine.store import outreach as rows
from callengine.store.database import Store
from callengine.store.tables import duties, outreach_calls
from callengine.tickets.events import TicketMoved, TicketWayChanged
from callengine.tickets.model import Status, Ticket
from tests.tickets import block

RESIDENT = "+79073304177"  # the applicant of the block's tickets
SERVICE_LINE = "+73072240000"


def number(n: int) -> str:
    return f"+7907330{n:04}"


@dataclass
class FakeRobot:
    """A PBX's way out: what it was asked for, in order; `refuses` is raised instead of taking the call."""

    in_step: bool = True
    asked: list[tuple[str, str]] = field(default_factory=list)
    variables: list[Mapping[str, str]] = field(default_factory=list)
    refuses: EngineError | None = None
    alive: set[str] = field(default_factory=set)  # what channels and the ledger hold
    deaf: EngineError | None = None  # asked for its traces

    async def call_robot(
        self,
        request_id: str,
        number: str,
        *,
        ring_seconds: float,
        variables: Mapping[str, str] | None = None,
        shown: str = "",
    ) -> None:
        if self.refuses is not None:
            raise self.refuses
        assert request_id not in self.alive, "a second channel of one id"
        self.asked.append((request_id, number))
        self.variables.append(variables or {})
        self.alive.add(request_id)

    async def traces(self) -> set[str]:
        if self.deaf is not None:
            raise self.deaf
        return set(self.alive)

    @property
    def numbers(self) -> list[str]:
        return [number for _, number in self.asked]


@dataclass
class FakeLines:
    now: Occupied = field(default_factory=Occupied)

    def occupied(self) -> Occupied:
        return self.now


@dataclass
class World:
    store: Store
    clock: ManualClock
    block: block.Block
    calls: CallsService
    callbacks: CallbacksService
    service: OutreachService
    campaigns: CampaignsService
    opt_outs: OptOuts
    switch: Switch
    robot: FakeRobot
    lines: FakeLines
    dialer: Dialer
    settings: config.Outreach
    settled: list[OutreachSettled] = field(default_factory=list)

    # --- tickets --------------------------------------------------------------------------------------------

    async def done_job(self, **more: Any) -> Ticket:
        """A ticket whose job the centre has confirmed: its client is to be asked."""
        return await self.block.to(Status.AWAITING_CLIENT, **more)

    async def ticket(self, ticket: Ticket) -> Ticket:
        return await self.block.tickets.get(ticket.number)

    async def history(self, ticket: Ticket) -> list[str]:
        return [event.what for event in (await self.ticket(ticket)).history]

    # --- the dialler and its PBX -----------------------------------------------------------------------------

    async def dial(self, *, after: float = 0) -> list[tuple[str, str]]:
        """Let so many seconds pass and the dialler look once; what the PBX was asked for since."""
        self.clock.advance(seconds=after)
        before = len(self.robot.asked)
        for one in await self._choose():
            await self.dialer.place(one)
        return self.robot.asked[before:]

    async def _choose(self) -> list[Any]:
        await self.dialer.sweep()
        return await self.service.choose(await self.dialer.rooms())

    async def dial_one(self, *, after: float = 3600) -> str:
        (asked,) = await self.dial(after=after)
        return asked[0]

    def conversation(self, request_id: str, **changes: Any) -> Conversation:
        number = dict(self.robot.asked)[request_id]
        return Conversation(
            key=CallKey("main", request_id),
            direction=Direction.OUTBOUND,
            arrived_at=changes.pop("arrived_at", self.clock.now()),
            number=parse(number),
            state=State.DIALLING,
            robot=True,
            request_id=request_id,
            **changes,
        )

    async def rings(self, request_id: str) -> Conversation:
        call = self.conversation(request_id)
        await self.calls.save([CallArrived(self.clock.now(), call)])
        return call

    async def ends(self, request_id: str, outcome: CallOutcome, *, answered: bool = False) -> None:
        """The conversation is over, as the tracker tells it; the PBX has no channel of it any more."""
        now = self.clock.now()
        call = self.conversation(request_id, arrived_at=now - timedelta(seconds=20))
        over = call.evolve(
            state=State.ENDED,
            outcome=outcome,
            answered_at=now - timedelta(seconds=10) if answered else None,
            ended_at=now,
        )
        await self.calls.save([CallArrived(call.arrived_at, call), CallEnded(now, over)])
        self.robot.alive.discard(request_id)

    async def unanswered(self, request_id: str, outcome: CallOutcome = CallOutcome.NO_ANSWER) -> None:
        await self.ends(request_id, outcome)

    async def answers(self, request_id: str, outcome: Outcome) -> None:
        """Somebody picks up, the dialogue is held to its end, and the call is over."""
        await self.rings(request_id)
        assert await self.service.begin_dialogue(request_id) is not None
        await self.service.told(request_id, outcome)
        await self.ends(request_id, CallOutcome.ANSWERED, answered=True)

    async def ledger_tells(self, request_id: str, outcome: Outcome) -> None:
        """The PBX-side ledger's word, after the end of the call."""
        now = self.clock.now()
        call = self.conversation(request_id).evolve(state=State.ENDED, answered_at=now, ended_at=now)
        await self.calls.save([RobotTold(now, call, tuple(outcome.to_facts().items()))])

    # --- looking ----------------------------------------------------------------------------------------------

    async def made(self) -> list[OutreachCall]:
        async with self.store.read() as conn:
            found = (await conn.execute(select(outreach_calls).order_by(outreach_calls.c.id))).all()
        return [rows.call_of(row) for row in found]

    async def the_call(self) -> OutreachCall:
        (call,) = await self.made()
        return call

    async def attempts(self) -> list[OutreachAttempt]:
        made = await self.made()
        async with self.store.read() as conn:
            return await rows.attempts_of(conn, [call.id for call in made])

    async def duties(self) -> list[Any]:
        async with self.store.read() as conn:
            return list((await conn.execute(select(duties).order_by(duties.c.id))).all())

    async def survey(self, numbers: Iterable[str], **more: Any) -> Made:
        """An outage notice to these numbers, made by hand."""
        job = {"what": "холодной воды", "address": "Мира, 44"}
        wish = NewCampaign(CallKind.OUTAGE, "Вода", numbers=tuple(numbers), job=job, **more)
        return await self.campaigns.create(wish, "Орлова", 2)


async def build(store: Store, clock: ManualClock, **settings: Any) -> World:
    town = await block.build(store, clock)
    return join(store, clock, town, **settings)


def join(store: Store, clock: ManualClock, town: block.Block, **settings: Any) -> World:
    """The robot's services over a database that has its people already: another engine, or the same one again."""
    chosen = config.Outreach(**settings)
    locale = config.Locale()
    callbacks = CallbacksService(store, clock, config.Callbacks())
    opt_outs = OptOuts(store, clock)
    follow_up = FollowUp(clock, chosen, town.moves, callbacks)
    service = OutreachService(store, clock, chosen, locale, follow_up=follow_up, opt_outs=opt_outs)
    robot, lines = FakeRobot(), FakeLines()
    dialer = Dialer(store, clock, chosen, service, robots={"main": robot}, lines={"main": lines})
    world = World(
        store=store,
        clock=clock,
        block=town,
        calls=CallsService(store=store, clock=clock),
        callbacks=callbacks,
        service=service,
        campaigns=CampaignsService(store, clock, chosen, locale),
        opt_outs=opt_outs,
        switch=Switch(store, clock),
        robot=robot,
        lines=lines,
        dialer=dialer,
        settings=chosen,
    )
    store.within |= {
        TicketMoved: [service.on_ticket_moved],
        TicketWayChanged: [service.on_way_changed],
        CallArrived: [service.on_call],
        CallEnded: [service.on_call, callbacks.on_ended],
        RobotTold: [service.on_robot_told],
    }
    store.after.setdefault(OutreachSettled, []).append(world.settled.append)
    return world


# --- what residents do ------------------------------------------------------------------------------------------


def mark(n: int, **more: Any) -> Outcome:
    return Outcome(Result.MARKED, mark=n, keys=f"1{n}", proof=Proof.KEY, step="comment", **more)


NOT_DONE = Outcome(Result.NOT_DONE, keys="2", proof=Proof.KEY, step="not_done")
DONE_NO_MARK = Outcome(Result.DONE_NO_MARK, keys="1", proof=Proof.KEY, step="mark")
SILENT = Outcome(Result.SILENT, step="hello")
HUNG_UP = Outcome(Result.HUNG_UP, step="hello")
MACHINE = Outcome(Result.MACHINE, step="hello")
NEVER_AGAIN = Outcome(Result.NEVER_AGAIN, keys="9", proof=Proof.KEY, step="never")
HEARD = Outcome(Result.HEARD, step="bye")


def hour(clock: ManualClock, at: datetime) -> None:
    """Let time pass until the moment."""
    clock.advance(seconds=(at - clock.now()).total_seconds())
