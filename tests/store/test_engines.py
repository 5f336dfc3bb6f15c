"""One database, one engine: the second is refused by name, a dead one's place is taken at once."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from callengine.clock import ManualClock
from callengine.store.database import Store, StoreFull
from callengine.store.engines import LEASE_SECONDS, AlreadyRunning, EngineLease, EngineLeases, is_dead, owner_name


async def test_a_second_engine_is_refused_and_told_who_runs(store: Store, clock: ManualClock) -> None:
    first = EngineLease(store, clock, owner="dispatch-1/4711/abc/00")
    await first.acquire()
    second = EngineLease(store, clock)
    with pytest.raises(AlreadyRunning, match="process 4711 on host dispatch-1"):
        await second.acquire()
    await first.release()
    await second.acquire()


async def test_a_crashed_engine_of_another_host_is_replaced_after_its_lease(store: Store, clock: ManualClock) -> None:
    await EngineLease(store, clock, owner="elsewhere/4711/abc/00").acquire()
    clock.advance(seconds=LEASE_SECONDS)
    await EngineLease(store, clock).acquire()


@pytest.fixture(scope="module")
def dead_process() -> str:
    script = "from callengine.store.engines import owner_name; print(owner_name())"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


async def test_an_engine_killed_on_this_host_is_replaced_at_once(
    store: Store, clock: ManualClock, dead_process: str
) -> None:
    await EngineLease(store, clock, owner=dead_process).acquire()
    await EngineLease(store, clock).acquire()


async def test_a_living_engine_of_this_host_keeps_its_place(store: Store, clock: ManualClock) -> None:
    await EngineLease(store, clock).acquire()
    with pytest.raises(AlreadyRunning):
        await EngineLease(store, clock).acquire()


async def test_renewing_holds_the_place(store: Store, clock: ManualClock) -> None:
    first = EngineLease(store, clock, owner="dispatch-1/4711/abc/00")
    for _ in range(3):
        await first.acquire()
        clock.advance(seconds=LEASE_SECONDS - 1)
    with pytest.raises(AlreadyRunning):
        await EngineLease(store, clock).acquire()


@pytest.mark.postgres
async def test_engines_of_different_pbxs_share_a_postgresql_and_the_same_pbx_is_never_served_twice(
    postgres_store: Store, clock: ManualClock
) -> None:
    store = postgres_store
    north = EngineLeases(store, clock, ["north", "east"], owner="dispatch-1/4711/abc/00")
    await north.acquire()
    south = EngineLeases(store, clock, ["south"])
    await south.acquire()
    both = EngineLeases(store, clock, ["centre", "east"])
    with pytest.raises(AlreadyRunning, match="serves the PBX east on this database: process 4711 on host dispatch-1"):
        await both.acquire()
    await EngineLeases(store, clock, ["centre"]).acquire()  # what was refused holds nothing back
    await north.release()
    await EngineLeases(store, clock, ["east"]).acquire()


async def test_an_sqlite_file_belongs_to_one_engine_whatever_pbxs_it_serves(
    sqlite_store: Store, clock: ManualClock
) -> None:
    await EngineLeases(sqlite_store, clock, ["north"]).acquire()
    with pytest.raises(AlreadyRunning, match="already runs on this database"):
        await EngineLeases(sqlite_store, clock, ["south"]).acquire()


async def test_an_engine_whose_place_was_taken_is_told_when_it_renews(store: Store, clock: ManualClock) -> None:
    first = EngineLease(store, clock, owner="dispatch-1/4711/abc/00")
    await first.acquire()
    clock.advance(seconds=LEASE_SECONDS)
    await EngineLease(store, clock).acquire()
    with pytest.raises(AlreadyRunning, match="took the place"):
        await first.renew()


def test_a_process_id_used_again_is_not_taken_for_the_old_process() -> None:
    host, pid, began, tail = owner_name().split("/")
    assert not is_dead(f"{host}/{pid}/{began}/{tail}")
    assert is_dead(f"{host}/{pid}/another-start/{tail}")
    assert not is_dead(f"not-{socket.gethostname()}/{pid}/another-start/{tail}")


async def test_the_lease_is_held_from_its_renewal_and_not_by_who_was_stopped_meanwhile(
    store: Store, clock: ManualClock
) -> None:
    first = EngineLeases(store, clock, ["north"], owner="dispatch-1/4711/abc/00")
    assert not first.holds("north")
    await first.acquire()
    assert first.holds("north")
    clock.advance(seconds=LEASE_SECONDS)  # its machine slept
    assert not first.holds("north")
    second = EngineLeases(store, clock, ["north"], owner="dispatch-2/4711/abc/00")
    await second.acquire()
    assert second.holds("north")
    with pytest.raises(AlreadyRunning):
        await first._leases[0].renew()
    assert not first.holds("north")
    await second.release()
    assert not second.holds("north")


async def test_a_machine_that_slept_is_not_sure_though_its_monotonic_clock_stood_still(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = EngineLeases(store, clock, ["north"])
    await lease.acquire()
    monkeypatch.setattr(clock, "monotonic", lambda: 0.0)
    clock.advance(seconds=LEASE_SECONDS - 1)
    assert lease.holds("north")
    clock.advance(seconds=1)
    assert not lease.holds("north")
    await lease._leases[0].renew()
    assert lease.holds("north")


async def test_a_store_that_takes_no_renewal_leaves_the_lease_to_whom_its_row_names(
    sqlite_store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = EngineLeases(sqlite_store, clock, ["main"], owner="dispatch-1/4711/abc/00")
    await lease.acquire()

    async def full(*_: object) -> None:
        raise StoreFull()

    with monkeypatch.context() as locked:
        locked.setattr(sqlite_store, "transact", full)
        for _ in range(5):
            clock.advance(seconds=LEASE_SECONDS)
            await lease._leases[0].renew()
            assert lease.holds("main"), "nobody can have taken it"
    clock.advance(seconds=LEASE_SECONDS)
    await EngineLeases(sqlite_store, clock, ["main"], owner="dispatch-2/4711/abc/00").acquire()
    with monkeypatch.context() as locked:
        locked.setattr(sqlite_store, "transact", full)
        await lease._leases[0].renew()
    assert not lease.holds("main"), "the row names another"
