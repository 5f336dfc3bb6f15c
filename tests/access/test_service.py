"""Who may come in: tokens, sessions, states with their history."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from argon2 import PasswordHasher

from callengine.access.events import StaffStateChanged
from callengine.access.passwords import Passwords
from callengine.access.service import AccessService, WrongPassword, digest
from callengine.access.throttle import Throttle
from callengine.clock import ManualClock
from callengine.errors import NotFound, Refused, TooMany
from callengine.store.database import Store


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
