"""A ticket lives at random: Hypothesis moves it, lets time pass, signs acts, dismisses people; the promises hold."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from callengine.clock import ManualClock
from callengine.errors import Conflict, Forbidden, NotFound, Refused
from callengine.store.database import Store
from callengine.store.tables import tickets, timers
from callengine.tickets import clocks
from callengine.tickets.effects import Asked
from callengine.tickets.lifecycle import Move
from callengine.tickets.model import Status, Ticket
from tests.tickets.block import STAFF, Block, build

S = Status
Result = TypeVar("Result")
PEOPLE = [login for _, login, *_ in STAFF]
TEMPLATE: list[Path] = []


class Life(RuleBasedStateMachine):
    """One ticket over SQLite, everybody's hands on it."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="callengine-life-"))
        shutil.copyfile(TEMPLATE[0], self.folder / "life.db")
        self.clock = ManualClock()
        self.store = Store(f"sqlite+aiosqlite:///{self.folder / 'life.db'}")
        self.block: Block = self.run(build(self.store, self.clock))

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.store.close())
        self.runner.close()
        shutil.rmtree(self.folder)

    @initialize(
        code=st.sampled_from(["HVS-01", "KRO-05", "PLT-01", "SPR-01"]),
        house_id=st.sampled_from([1, None]),
        cabinet=st.booleans(),
    )
    def register(self, code: str, house_id: int | None, cabinet: bool) -> None:
        self.ticket = self.run(self.block.open(code, house_id, cabinet=cabinet))
        self.seen = self.ticket
        self.acts = 0

    @rule(
        login=st.sampled_from(PEOPLE),
        move=st.sampled_from(list(Move)),
        organisation_id=st.sampled_from([1, 2, None]),
        executor_id=st.sampled_from([6, 7, 8]),
        mark=st.sampled_from([1, 2, 3, 5]),
        status=st.sampled_from(list(Status)),
        stale=st.booleans(),
    )
    def ask(
        self, login: str, move: Move, organisation_id: int, executor_id: int, mark: int, status: Status, stale: bool
    ) -> None:
        """Whatever is asked, by whomever: done or refused, never half done."""
        asked = Asked(
            move,
            reason="так вышло",
            organisation_id=organisation_id,
            executor_id=executor_id,
            until=self.clock.now() + timedelta(hours=30),
            mark=mark if move is Move.MARK else None,
            status=status,
            version=self.seen.version if stale else None,
        )
        before = self.now()
        try:
            after = self.run(self.block.moves.move(self.ticket.number, self.block.who(login), asked))
        except (Refused, Forbidden, Conflict, NotFound):
            assert self.now() == before
            return
        assert after == self.now()
        assert after.version == before.version + 1
        assert len(after.history) == len(before.history) + 1
        assert not stale or self.seen.version == before.version
        role = self.block.who(login).role
        assert role not in ("inspector", "resident")
        if before.late_at and not self.acts and after.status is S.CLOSED:
            assert before.status is S.CLOSED

    @rule(login=st.sampled_from(PEOPLE), step=st.sampled_from(range(20)))
    def press(self, login: str, step: int) -> None:
        """A button that is offered and not forbidden works, with what it says it needs."""
        try:
            _, offers = self.run(self.block.moves.read(self.ticket.number, self.block.who(login)))
        except NotFound:
            return
        ready = [offer for offer in offers if not offer.forbidden and offer.move is not Move.MOVE]
        if not ready:
            return
        offer, before = ready[step % len(ready)], self.now()
        organisation = before.organisation.id if before.organisation else 1
        brings: dict[str, Any] = {
            "reason": "так вышло",
            "organisation_id": 2 if organisation == 1 else 1,
            "executor_id": {1: 6, 2: 8}.get(organisation, 6),
            "until": self.clock.now() + timedelta(hours=3),
            "mark": 1 + step % 5,
        }
        if offer.move is Move.ASSIGN and before.executor and before.executor.id == brings["executor_id"]:
            return
        if organisation == 3 and offer.move is Move.ASSIGN:
            return  # the private firm has nobody among the staff
        asked = Asked(offer.move, **{need.value: brings[need.value] for need in offer.needs})
        after = self.run(self.block.moves.move(self.ticket.number, self.block.who(login), asked))
        assert after.version == before.version + 1

    @rule()
    def look(self) -> None:
        self.seen = self.now()

    @rule(login=st.sampled_from(PEOPLE), public=st.booleans())
    def write(self, login: str, public: bool) -> None:
        before = self.now()
        try:
            self.run(self.block.moves.comment(self.ticket.number, self.block.who(login), "слова", public=public))
        except (Forbidden, NotFound):
            return
        assert self.now().version == before.version

    @rule(minutes=st.sampled_from([1, 30, 90, 600, 1500, 4400]))
    def wait(self, minutes: int) -> None:
        self.run(self.block.pass_time(minutes=minutes))

    @precondition(lambda self: self.acts == 0)
    @rule()
    def sign(self) -> None:
        self.acts += 1
        self.run(self.block.sign(self.ticket))

    @rule(staff_id=st.sampled_from([6, 7, 8]))
    def leave(self, staff_id: int) -> None:
        async def left() -> None:
            async with self.store.begin() as tx:
                await self.block.moves.executor_left(tx, staff_id)

        self.run(left())
        kept = self.now()
        assert kept.executor is None or kept.executor.id != staff_id or kept.status in {*clocks.DONE, S.CANCELLED}

    def now(self) -> Ticket:
        return self.run(self.block.tickets.get(self.ticket.number))

    @invariant()
    def one_line_a_move_and_the_last_one_says_where_it_stands(self) -> None:
        kept = self.now()
        moves = [event for event in kept.history if "move" in event.data]
        assert len(moves) == kept.version
        assert not moves or moves[-1].data["to"] == kept.status
        for earlier, later in pairwise(moves):
            assert earlier.data["to"] == later.data["from"] and earlier.at <= later.at

    @invariant()
    def late_is_late_for_ever(self) -> None:
        kept = self.now()
        if self.seen.late_at:
            assert kept.late_at == self.seen.late_at

    @invariant()
    def an_open_ticket_is_watched_and_nothing_that_is_due_waits(self) -> None:
        async def look() -> tuple[Any, Any]:
            async with self.store.read() as conn:
                timer = select(timers.c.due_at).where(timers.c.kind == "ticket")
                row = select(tickets.c.due_at, tickets.c.rank, tickets.c.status)
                return (await conn.execute(timer)).scalar_one_or_none(), (await conn.execute(row)).one()

        due, row = self.run(look())
        kept = self.now()
        promised = clocks.next_at(kept, self.block.moves.periods)
        assert due == promised
        assert row.due_at == clocks.due_at(kept)
        if kept.status.final:
            assert due is None and kept.closed_at is not None


def test_a_ticket_may_live_as_it_will(sqlite_template: Path) -> None:
    TEMPLATE[:] = [sqlite_template]
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Life,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
