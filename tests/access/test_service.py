"""Who may come in: tokens, sessions, states with their history."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from callengine.access.events import SessionsEnded, StaffStateChanged
from callengine.access.model import ADMINISTRATOR, Principal
from callengine.access.passwords import Passwords
from callengine.access.service import AFTER_CALL, SESSION, SHIFT, AccessService, WrongPassword, digest
from callengine.access.throttle import Throttle
from callengine.calls.events import CallChanged, CallEnded, CallFact
from callengine.calls.model import CallKey, Conversation, Direction, Outcome, State, Talk
from callengine.clock import ManualClock
from callengine.directory.staff import StaffForm, StaffService
from callengine.errors import NotFound, Refused, TooMany
from callengine.store.database import Store
from callengine.store.tables import staff, staff_states, timers
from callengine.timers.worker import TimerWorker


@pytest.fixture
async def access(store: Store, clock: ManualClock) -> AsyncIterator[AccessService]:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    service = AccessService(store, clock, passwords=Passwords(cheap))
    yield service
    service.close()


async def test_only_the_hash_of_a_token_is_stored(access: AccessService, store: Store) -> None:
    token = await access.create_token("монитор", "supervisor")
    async with store.read() as conn:
        (kept,) = (await conn.exec_driver_sql("SELECT token_hash FROM sessions")).scalars()
    assert bytes(kept) == digest(token)
    who = await access.identify(token)
    assert who is not None and (who.role, who.name) == ("supervisor", "монитор")
    assert await access.identify(token + "x") is None


async def test_a_token_of_nobody_answers_for_itself_but_is_no_colleague(access: AccessService) -> None:
    for _ in range(2):
        who = await access.identify(await access.create_token("мост", "operator"))
        assert who is not None and who.staff_id is not None
    assert await access.members() == []


async def test_a_pbx_token_belongs_to_no_person(access: AccessService) -> None:
    who = await access.identify(await access.create_token("far", "pbx"))
    assert who is not None and (who.staff_id, who.role) == (None, "pbx")


async def test_what_does_not_exist_gets_no_token(access: AccessService) -> None:
    for role, more in (("king", {}), ("operator", {"staff_id": 99}), ("operator", {"organisation_id": 99})):
        with pytest.raises(Refused):
            await access.create_token("x", role, **more)


async def test_each_state_is_a_row_with_its_end_and_is_told(
    access: AccessService, store: Store, clock: ManualClock
) -> None:
    told: list[StaffStateChanged] = []
    store.after[StaffStateChanged] = [told.append]
    staff_id = await access.add_staff("petrova", "Петрова", "operator", password="secret-1", extension="101")
    for state in ("ready", "pause", "pause", "after_call"):
        await access.set_state(staff_id, state)
        clock.advance(seconds=60)
    assert [fact.member.state for fact in told] == ["ready", "pause", "after_call"]
    async with store.read() as conn:
        ended = (await conn.exec_driver_sql("SELECT count(*) FROM staff_states WHERE ended_at IS NOT NULL")).scalar()
    assert ended == 2
    with pytest.raises(NotFound):
        await access.set_state(staff_id + 1, "ready")


async def test_a_second_tab_keeps_the_state_and_the_last_one_to_leave_ends_the_shift(access: AccessService) -> None:
    staff_id = await access.add_staff("petrova", "Петрова", "operator", password="secret-1", extension="101")
    _, first = await access.sign_in("petrova", "secret-1")
    await access.set_state(staff_id, "pause")
    _, second = await access.sign_in("petrova", "secret-1")
    assert (await access.member(staff_id)).state == "pause"
    await access.sign_out(first)
    assert (await access.member(staff_id)).state == "pause"
    await access.sign_out(second)
    assert (await access.member(staff_id)).state == "offline"


# --- the shift ends with the session, however that ends ----------------------------------------------------


@pytest.fixture
def told(store: Store) -> list[object]:
    """The states and ended sessions that were told after a commit, in order."""
    heard: list[object] = []
    for kind in (StaffStateChanged, SessionsEnded):
        store.after[kind] = [heard.append]
    return heard


@pytest.fixture
def worker(access: AccessService, store: Store, clock: ManualClock) -> TimerWorker:
    return TimerWorker(store, clock, {SHIFT: access.on_timer})


async def petrova(access: AccessService) -> int:
    return await access.add_staff("petrova", "Петрова", "operator", password="secret-1", extension="101")


def states(told: list[object]) -> list[str]:
    return [fact.member.state for fact in told if isinstance(fact, StaffStateChanged)]


async def test_a_session_that_runs_out_ends_the_shift_and_its_live_lines(
    access: AccessService, worker: TimerWorker, clock: ManualClock, told: list[object]
) -> None:
    staff_id = await petrova(access)
    token, _ = await access.sign_in("petrova", "secret-1")
    clock.advance(seconds=SESSION.total_seconds() - 1)
    await worker.fire_due()
    assert (await access.member(staff_id)).state == "ready"
    clock.advance(seconds=1)
    await worker.fire_due()
    assert (await access.member(staff_id)).state == "offline"
    assert states(told) == ["ready", "offline"]
    assert [fact.token_hashes for fact in told if isinstance(fact, SessionsEnded)] == [(digest(token),)]


async def test_the_shift_goes_on_while_another_session_lives(
    access: AccessService, worker: TimerWorker, clock: ManualClock
) -> None:
    staff_id = await petrova(access)
    await access.sign_in("petrova", "secret-1")
    clock.advance(seconds=3600)
    _, second = await access.sign_in("petrova", "secret-1")
    clock.advance(seconds=SESSION.total_seconds() - 3600)
    await worker.fire_due()
    assert (await access.member(staff_id)).state == "ready"
    third_token, _ = await access.sign_in("petrova", "secret-1")
    await access.sign_out(second)
    assert (await access.member(staff_id)).state == "ready"
    assert await access.identify(third_token) is not None
    clock.advance(seconds=SESSION.total_seconds())
    await worker.fire_due()
    assert (await access.member(staff_id)).state == "offline"


async def test_a_session_that_runs_out_during_a_pause_ends_the_shift_too(
    access: AccessService, worker: TimerWorker, clock: ManualClock
) -> None:
    staff_id = await petrova(access)
    await access.sign_in("petrova", "secret-1")
    await access.set_state(staff_id, "pause", "обед")
    clock.advance(seconds=SESSION.total_seconds())
    await worker.fire_due()
    assert (await access.member(staff_id)).state == "offline"


async def test_ones_own_new_password_keeps_the_shift_and_ends_the_other_sessions(
    access: AccessService, told: list[object]
) -> None:
    staff_id = await petrova(access)
    other, _ = await access.sign_in("petrova", "secret-1")
    _, mine = await access.sign_in("petrova", "secret-1")
    await access.change_password(mine, "secret-1", "secret-2")
    assert [fact.token_hashes for fact in told if isinstance(fact, SessionsEnded)] == [(digest(other),)]
    assert (await access.member(staff_id)).state == "ready"
    assert await access.identify(other) is None


async def test_a_password_set_by_an_administrator_ends_the_sessions_and_the_shift(
    access: AccessService, store: Store, clock: ManualClock, told: list[object]
) -> None:
    staff_id = await petrova(access)
    token, _ = await access.sign_in("petrova", "secret-1")
    severin = Principal(None, ADMINISTRATOR, None, "Северин", None)
    keeping = StaffService(store, clock, hash_password=access.hash_password, end_sessions=access.end_sessions)
    await keeping.change(staff_id, StaffForm("petrova", "Петрова", "operator", "101", password="secret-2"), severin)
    assert await access.identify(token) is None
    assert (await access.member(staff_id)).state == "offline"
    assert states(told) == ["ready", "offline"]
    assert [fact.token_hashes for fact in told if isinstance(fact, SessionsEnded)] == [(digest(token),)]


async def test_what_ran_out_while_no_engine_ran_is_settled_at_the_start(
    access: AccessService, store: Store, clock: ManualClock
) -> None:
    gone, here = (
        await petrova(access),
        await access.add_staff("gusev", "Гусев", "operator", password="p", extension="2"),
    )
    await access.sign_in("petrova", "secret-1")
    clock.advance(seconds=SESSION.total_seconds())
    await access.sign_in("gusev", "p")
    program = await access.add_staff("sayapina", "Саяпина", "operator", extension="103")
    await access.create_token("табло", "operator", staff_id=program)
    await access.set_state(program, "ready")
    dismissed = await access.add_staff("bely", "Белый", "operator", password="p", extension="104")
    await access.sign_in("bely", "p")
    async with store.begin() as tx:
        await tx.conn.execute(update(staff).where(staff.c.id == dismissed).values(active=False))
    await access.recover()
    found = {member.id: member.state for member in await access.members()}
    assert found == {gone: "offline", here: "ready", program: "ready", dismissed: "offline"}


async def test_somebody_without_a_password_cannot_sign_in(access: AccessService) -> None:
    await access.add_staff("silent", "Молчун", "executor")
    with pytest.raises(WrongPassword):
        await access.sign_in("silent", "")


def test_a_throttle_forgets_with_time(clock: ManualClock) -> None:
    throttle = Throttle(clock, limit=2, seconds=60)
    throttle.failed("a")
    clock.advance(seconds=30)
    throttle.failed("a")
    with pytest.raises(TooMany):
        throttle.check("a")
    throttle.check("b")
    clock.advance(seconds=31)
    throttle.check("a")


# --- after-call work -----------------------------------------------------------------------------------------


@pytest.fixture
def at_phone(store: Store, clock: ManualClock) -> Iterator[AccessService]:
    """An engine with after-call work of a minute, which hears of calls."""
    service = AccessService(store, clock, after_call_seconds=60)
    for kind in (CallEnded, CallChanged):
        store.within[kind] = [service.on_call]
    yield service
    service.close()


def talked(clock: ManualClock, *talks: Talk, over: bool = True, **changes: Any) -> CallFact:
    now = clock.now()
    call = Conversation(
        key=CallKey("main", "1763625600.1"),
        direction=Direction.INBOUND,
        arrived_at=now - timedelta(seconds=90),
        state=State.ENDED if over else State.TALKING,
        outcome=Outcome.ANSWERED if over else None,
        answered_at=now - timedelta(seconds=60),
        ended_at=now if over else None,
        talks=talks or (Talk("101", now - timedelta(seconds=60), now),),
    ).evolve(**changes)
    return CallEnded(now, call) if over else CallChanged(now, call)


async def hear(store: Store, *facts: CallFact) -> None:
    async with store.begin() as tx:
        for fact in facts:
            await tx.tell(fact)


async def test_after_a_call_he_writes_until_he_says_or_until_the_term(
    at_phone: AccessService, store: Store, clock: ManualClock, told: list[object]
) -> None:
    worker = TimerWorker(store, clock, {AFTER_CALL: at_phone.on_timer})
    staff_id = await petrova(at_phone)
    await at_phone.set_state(staff_id, "ready")
    clock.advance(seconds=100)
    fact = talked(clock)
    await hear(store, fact, fact)
    assert (await at_phone.member(staff_id)).state == "after_call"
    clock.advance(seconds=20)
    await at_phone.set_state(staff_id, "ready")  # F8
    await hear(store, fact)  # told again, late
    clock.advance(seconds=100)
    await worker.fire_due()
    assert (await at_phone.member(staff_id)).state == "ready"
    await hear(store, talked(clock))
    clock.advance(seconds=59)
    await worker.fire_due()
    assert (await at_phone.member(staff_id)).state == "after_call"
    clock.advance(seconds=1)
    await worker.fire_due()
    assert states(told) == ["ready", "after_call", "ready", "after_call", "ready"]
    mine = [fact.by_engine for fact in told if isinstance(fact, StaffStateChanged)]
    assert mine == [False, True, False, True, True]
    async with store.read() as conn:
        rows = (await conn.execute(select(staff_states).where(staff_states.c.state == "after_call"))).all()
    assert sorted((row.ended_at - row.began_at).total_seconds() for row in rows) == [20, 60]


class MovingClock(ManualClock):
    """Time goes on while the engine works: each look at the clock is a millisecond later."""

    step_seconds = 0.001

    def now(self) -> datetime:
        self.advance(seconds=self.step_seconds)
        return super().now()


async def test_the_term_ends_by_its_timer_however_punctual_it_is(store: Store) -> None:
    clock = MovingClock()
    service = AccessService(store, clock, after_call_seconds=60)
    store.within[CallEnded] = [service.on_call]
    staff_id = await petrova(service)
    await service.set_state(staff_id, "ready")
    await hear(store, talked(clock))
    async with store.read() as conn:
        due_at = (await conn.execute(select(timers.c.due_at).where(timers.c.kind == AFTER_CALL))).scalar_one()
    clock.step_seconds = 0.0
    clock.advance(seconds=(due_at - clock.now()).total_seconds())
    assert await TimerWorker(store, clock, {AFTER_CALL: service.on_timer}).fire_due() == 1
    assert (await service.member(staff_id)).state == "ready"
    service.close()


async def test_a_break_stays_a_break_and_a_call_among_colleagues_is_none(
    at_phone: AccessService, store: Store, clock: ManualClock
) -> None:
    staff_id = await petrova(at_phone)
    await at_phone.set_state(staff_id, "ready")
    clock.advance(seconds=100)
    await hear(store, talked(clock, direction=Direction.INTERNAL))
    old = talked(clock)
    clock.advance(seconds=60)
    await hear(store, old)  # the ledger tells it only now
    assert (await at_phone.member(staff_id)).state == "ready"
    await at_phone.set_state(staff_id, "pause")
    clock.advance(seconds=100)
    await hear(store, talked(clock))
    assert (await at_phone.member(staff_id)).state == "pause"


async def test_who_gave_the_caller_away_writes_while_his_colleague_talks_and_who_holds_him_does_not(
    at_phone: AccessService, store: Store, clock: ManualClock
) -> None:
    first = await petrova(at_phone)
    second = await at_phone.add_staff("smirnova", "Смирнова", "operator", extension="102")
    for staff_id in (first, second):
        await at_phone.set_state(staff_id, "ready")
    clock.advance(seconds=100)
    began, now = clock.now() - timedelta(seconds=60), clock.now()
    await hear(store, talked(clock, Talk("101", began, now), over=False))
    assert (await at_phone.member(first)).state == "ready"
    await hear(store, talked(clock, Talk("101", began, now), Talk("102", now), over=False))
    assert [(await at_phone.member(one)).state for one in (first, second)] == ["after_call", "ready"]
