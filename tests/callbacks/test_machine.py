"""Anything in any order: a duty is never lost, never claimed twice, never reopened; its history only grows."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from callengine.callbacks.model import Duty, DutyState
from callengine.calls.events import CallFact
from callengine.calls.model import Outcome
from callengine.clock import ManualClock
from callengine.config import Callbacks
from callengine.errors import EngineError
from callengine.store.database import Store
from tests.callbacks.world import World
from tests.thorough import examples

NUMBERS = ("+79074121806", "+79161234567")
OPERATORS = ("101", "102", "103")
numbers = st.sampled_from(NUMBERS)
operators = st.integers(0, len(OPERATORS) - 1)
TEMPLATE: list[Path] = []


class Duties(RuleBasedStateMachine):
    """Residents call, operators claim and dial, supervisors close, time passes, old facts come late."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="duties-"))
        shutil.copyfile(TEMPLATE[0], self.folder / "db")
        self.settled: dict[int, DutyState] = {}
        self.histories: dict[int, int] = {}
        self.missed: set[int] = set()
        self.late: list[list[CallFact]] = []
        self.told: list[list[CallFact]] = []
        self.requests = 0

    @initialize()
    def open(self) -> None:
        async def work() -> None:
            store = Store(f"sqlite+aiosqlite:///{self.folder / 'db'}")
            self.world = World(store, ManualClock(), Callbacks(attempts=3))
            self.staff = [await self.world.staff(extension) for extension in OPERATORS]

        self.runner.run(work())

    def tell(self, facts: list[CallFact]) -> None:
        self.told.append(facts)
        call_id = self.runner.run(self.world.tell(facts))
        if facts[0].call.outcome is Outcome.MISSED:
            self.missed.add(call_id)

    def duties(self) -> list[Duty]:
        return self.runner.run(self.world.duties())

    @rule(number=numbers)
    def a_resident_is_missed(self, number: str) -> None:
        self.tell(self.world.missed(number))

    @rule(number=numbers, ago=st.integers(60, 900))
    def a_missed_call_stays_in_the_ledger(self, number: str, ago: int) -> None:
        self.late.append(self.world.missed(number, at=self.world.clock.now() - timedelta(seconds=ago)))

    @rule()
    def the_ledger_is_read(self) -> None:
        while self.late:
            self.tell(self.late.pop())

    @rule(number=numbers)
    def a_resident_gets_through(self, number: str) -> None:
        self.tell(self.world.gets_through(number))

    @rule(number=numbers, operator=operators, outcome=st.sampled_from([Outcome.ANSWERED, Outcome.BUSY]))
    def an_operator_dials_by_hand(self, number: str, operator: int, outcome: Outcome) -> None:
        self.tell(self.world.call_back(number, operator=OPERATORS[operator], outcome=outcome))

    @rule(pick=st.integers(0, 9), operator=operators, outcome=st.sampled_from([Outcome.ANSWERED, Outcome.NO_ANSWER]))
    def an_operator_dials_from_the_desk(self, pick: int, operator: int, outcome: Outcome) -> None:
        if not (duties := self.duties()):
            return
        duty = duties[pick % len(duties)]
        self.requests += 1
        try:
            self.runner.run(self.world.service.begin_attempt(duty.id, self.staff[operator], f"r{self.requests}"))
        except EngineError:
            assert not duty.state.owed or duty.state is DutyState.CLAIMED
            return
        request = {"operator": OPERATORS[operator], "request_id": f"r{self.requests}"}
        self.tell(self.world.call_back(duty.number.value, outcome=outcome, **request))

    @rule(pick=st.integers(0, 9), operator=operators)
    def an_operator_claims(self, pick: int, operator: int) -> None:
        if not (duties := self.duties()):
            return
        duty = duties[pick % len(duties)]
        free = duty.state in (DutyState.OPEN, DutyState.ATTEMPTED) or (
            duty.state is DutyState.CLAIMED and duty.claimed_by == self.staff[operator]
        )
        try:
            self.runner.run(self.world.service.claim(duty.id, self.staff[operator]))
        except EngineError:
            assert not free
        else:
            assert free

    @rule(pick=st.integers(0, 9), operator=operators)
    def a_supervisor_closes(self, pick: int, operator: int) -> None:
        if duties := self.duties():
            duty = duties[pick % len(duties)]
            (done,) = self.runner.run(self.world.service.close([duty.id], self.staff[operator], "проверка"))
            if done.problem:
                detail = self.runner.run(self.world.service.get(duty.id))
                dialling = any(attempt.result == "" for attempt in detail.stored.attempts)
                assert dialling or not (duty.state.owed or duty.state is DutyState.IMPOSSIBLE)

    @rule(pick=st.integers(0, 99))
    def something_is_told_again(self, pick: int) -> None:
        if self.told:
            before = self.duties()
            self.runner.run(self.world.tell(self.told[pick % len(self.told)]))
            assert self.duties() == before

    @rule(seconds=st.integers(1, 400))
    def time_passes(self, seconds: int) -> None:
        self.runner.run(self.world.pass_time(seconds=seconds))

    @invariant()
    def nothing_is_lost_claimed_twice_or_reopened(self) -> None:
        if not hasattr(self, "world"):
            return
        duties = self.duties()
        owed = [(duty.line, duty.number) for duty in duties if duty.state.owed]
        assert len(owed) == len(set(owed))
        answered = self.runner.run(self.world.service.of_calls(sorted(self.missed)))
        assert set(answered) == self.missed
        assert sum(duty.missed_count for duty in duties) == len(self.missed)
        for duty in duties:
            assert (duty.claimed_by is not None) == (duty.state is DutyState.CLAIMED)
            assert (duty.settled_at is not None) != duty.state.owed
            if duty.id in self.settled:
                assert not duty.state.owed
            if not duty.state.owed:
                self.settled[duty.id] = duty.state
            length = len(self.runner.run(self.world.service.get(duty.id)).history)
            assert length >= self.histories.get(duty.id, 1)
            self.histories[duty.id] = length

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.runner.run(self.world.store.close())
        self.runner.close()
        shutil.rmtree(self.folder)


@pytest.mark.once
def test_a_duty_is_never_lost_never_claimed_twice_never_reopened(sqlite_template: Path) -> None:
    TEMPLATE[:] = [sqlite_template]
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Duties,
        settings=settings(
            max_examples=examples(25),
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
