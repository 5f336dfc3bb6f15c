"""The store's transaction on bad days: a locked file, a full disk, a cancellation at any point, a lost server."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import exc, func, insert, select, text, update

from callengine.store import database
from callengine.store.database import PoolBusy, Store, StoreBusy, StoreFull, StoreLost, Tx, sqlite_path
from callengine.store.tables import organisations
from callengine.tasks import Tasks


def organisation(code: str) -> dict[str, str]:
    return {"code": code, "name": f"УК {code}", "kind": "management_company"}


async def add(store: Store, code: str) -> None:
    async with store.begin() as tx:
        await tx.conn.execute(insert(organisations), organisation(code))
        await tx.tell(code)


async def codes(store: Store) -> list[str]:
    async with store.read() as conn:
        return list((await conn.execute(select(organisations.c.code).order_by(organisations.c.id))).scalars())


# --- facts ---------------------------------------------------------------------------------------------------


async def test_facts_are_told_within_the_transaction_and_after_the_commit(store: Store) -> None:
    seen: list[object] = []

    async def within(tx: Tx, fact: str) -> None:
        await tx.conn.execute(insert(organisations), organisation(f"{fact}-too"))
        seen.append("within")

    async def after(fact: str) -> None:
        seen.append(await codes(store))

    store.within[str], store.after[str] = [within], [after]
    async with store.begin() as tx:
        await tx.conn.execute(insert(organisations), organisation("a"))
        await tx.tell("a")
        seen.append("still open")
    assert seen == ["within", "still open", ["a", "a-too"]]


async def test_a_failure_undoes_all_and_tells_nothing(store: Store) -> None:
    told: list[str] = []
    store.after[str] = [told.append]
    with pytest.raises(RuntimeError):
        async with store.begin() as tx:
            await tx.conn.execute(insert(organisations), organisation("a"))
            await tx.tell("a")
            raise RuntimeError
    assert (await codes(store), told) == ([], [])
    await add(store, "b")
    assert (await codes(store), told) == (["b"], ["b"])


async def test_a_failing_listener_undoes_nothing_and_does_not_silence_the_others(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []

    def broken(fact: str) -> None:
        raise RuntimeError("the screen is gone")

    store.after[str] = [broken, told.append]
    await add(store, "a")
    assert (await codes(store), told) == (["a"], ["a"])
    assert [record.action for record in caplog.records] == ["reaction_failed"]  # type: ignore[attr-defined]


async def test_a_reader_sees_one_moment_and_cannot_write(store: Store) -> None:
    await add(store, "a")
    async with store.read() as conn:
        count = select(func.count()).select_from(organisations)
        before = (await conn.execute(count)).scalar_one()
        await add(store, "b")
        assert (await conn.execute(count)).scalar_one() == before
    with pytest.raises(Exception, match=r"readonly|read-only"):
        async with store.read() as conn:
            await conn.execute(insert(organisations), organisation("c"))
    assert await codes(store) == ["a", "b"]


async def test_many_writers_at_once_each_get_their_turn(store: Store) -> None:
    await asyncio.gather(*(add(store, f"o{number}") for number in range(40)))
    assert len(await codes(store)) == 40


# --- cancellation --------------------------------------------------------------------------------------------


async def test_a_cancelled_transaction_is_undone_and_the_next_one_works(store: Store) -> None:
    entered = asyncio.Event()

    async def work() -> None:
        async with store.begin() as tx:
            await tx.conn.execute(insert(organisations), organisation("cancelled"))
            entered.set()
            await asyncio.Event().wait()

    tasks = Tasks()
    task = tasks.start(work(), name="work")
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await add(store, "next")
    assert await codes(store) == ["next"]


async def test_cancelling_at_any_moment_leaves_all_or_nothing_and_what_is_durable_is_told(store: Store) -> None:
    told: list[str] = []
    store.after[str] = [told.append]
    tasks = Tasks()
    for steps in range(30):
        task = tasks.start(add(store, f"o{steps}"), name="add")
        for _ in range(steps * 3):
            await asyncio.sleep(0)
        time.sleep(0.001 * (steps % 4))  # noqa: ASYNC251 - the database's thread goes on meanwhile
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await codes(store) == told
    await add(store, "last")
    assert (await codes(store))[-1] == "last"
    assert told[-1] == "last"


async def test_a_cancelled_reader_gives_its_connection_back(store: Store) -> None:
    async def work() -> None:
        async with store.read() as conn:
            await conn.execute(text("SELECT 1"))
            await asyncio.Event().wait()

    tasks = Tasks()
    for _ in range(20):  # more than there are connections
        task = tasks.start(work(), name="read")
        await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(5):
        assert await codes(store) == []


# --- SQLite on bad days --------------------------------------------------------------------------------------


@contextmanager
def locked_by_another_process(store: Store, *, seconds: float | None = None) -> Iterator[None]:
    path = sqlite_path(store.url)
    assert path is not None
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    timer = threading.Timer(seconds, other.rollback) if seconds else None
    if timer:
        timer.start()
    try:
        yield
    finally:
        if timer:
            timer.join()
        else:
            other.rollback()
        other.close()


async def test_a_database_locked_for_ten_seconds_is_waited_for(sqlite_store: Store) -> None:
    await add(sqlite_store, "before")
    with locked_by_another_process(sqlite_store, seconds=10):
        started = time.monotonic()
        adding = asyncio.gather(add(sqlite_store, "a"), add(sqlite_store, "b"))
        assert await codes(sqlite_store) == ["before"]  # readers do not wait
        assert time.monotonic() - started < 5
        await adding
        assert time.monotonic() - started > 9
    assert await codes(sqlite_store) == ["before", "a", "b"]


async def test_a_database_locked_for_too_long_is_told_clearly_and_nothing_is_half_done(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "SQLITE_BUSY_MILLISECONDS", 50)
    store = Store(sqlite_url)
    with locked_by_another_process(store):
        with pytest.raises(StoreBusy, match="do it again"):
            await add(store, "a")
    await add(store, "b")
    assert await codes(store) == ["b"]
    await store.close()


async def test_cancelled_while_waiting_for_the_lock_leaves_no_lock_behind(sqlite_store: Store) -> None:
    tasks = Tasks()
    with locked_by_another_process(sqlite_store, seconds=0.5):
        task = tasks.start(add(sqlite_store, "a"), name="add")
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await add(sqlite_store, "b")
    assert await codes(sqlite_store) == ["b"]


async def test_a_full_disk_is_told_clearly_and_the_engine_goes_on_when_there_is_room(sqlite_store: Store) -> None:
    await add(sqlite_store, "before")
    async with sqlite_store.begin() as tx:
        pages = (await tx.conn.exec_driver_sql("PRAGMA page_count")).scalar_one()
        await tx.conn.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreFull, match="Make room"):
        async with sqlite_store.begin() as tx:
            for number in range(2000):
                await tx.conn.execute(insert(organisations), organisation(f"x{number}" * 20))
    assert await codes(sqlite_store) == ["before"]
    async with sqlite_store.begin() as tx:
        await tx.conn.exec_driver_sql("PRAGMA max_page_count=1000000")
    await add(sqlite_store, "after")
    assert await codes(sqlite_store) == ["before", "after"]


async def test_a_file_that_is_no_database_is_told_clearly(tmp_path: object) -> None:
    path = f"{tmp_path}/junk.db"
    with open(path, "w") as out:  # noqa: ASYNC230
        out.write("this is no database at all " * 100)
    store = Store(f"sqlite+aiosqlite:///{path}")
    with pytest.raises(StoreLost):
        await add(store, "a")
    await store.close()


# --- PostgreSQL on bad days ----------------------------------------------------------------------------------


@pytest.mark.postgres
async def test_a_lost_server_is_told_clearly() -> None:
    store = Store("postgresql+asyncpg://callengine@127.0.0.1:1/nothing")
    with pytest.raises(StoreLost, match="PostgreSQL"):
        await add(store, "a")
    await store.close()


@pytest.mark.postgres
async def test_after_the_server_ended_our_connections_the_next_transaction_works(postgres_store: Store) -> None:
    store, other = postgres_store, Store(postgres_store.url)
    await add(store, "a")
    async with other.begin() as tx:
        await tx.conn.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                "AND datname = current_database()"
            )
        )
    await other.close()
    await add(store, "b")
    assert await codes(store) == ["a", "b"]


@pytest.mark.postgres
async def test_a_deadlock_runs_the_transaction_again(postgres_store: Store) -> None:
    store = postgres_store
    for code in ("a", "b"):
        await add(store, code)
    met, through = asyncio.Barrier(2), asyncio.Event()
    runs: list[str] = []

    async def both(first: str, second: str) -> None:
        async def work(tx: Tx) -> None:
            runs.append(first)
            if len(runs) > 2:  # the one that was undone: the other needs the row for which it waited
                await through.wait()
            await tx.conn.execute(update(organisations).where(organisations.c.code == first).values(name=first))
            if len(runs) <= 2:
                await met.wait()
            await tx.conn.execute(update(organisations).where(organisations.c.code == second).values(name=first))

        await store.transact(work)
        through.set()

    async with asyncio.timeout(20):
        await asyncio.gather(both("a", "b"), both("b", "a"))
    assert sorted(runs[:2]) == ["a", "b"]
    assert len(runs) == 3
    async with store.read() as conn:
        names = set((await conn.execute(select(organisations.c.name))).scalars())
    assert names == {runs[2]}, "the one that ran again came last, and wholly"


@pytest.mark.parametrize(
    ("error", "family"),
    [(asyncpg.CannotConnectNowError, StoreLost), (asyncpg.TooManyConnectionsError, StoreBusy)],
)
async def test_a_server_that_starts_or_is_full_is_told_clearly_to_all_who_connect(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception], family: type[Exception]
) -> None:
    async def refuse(*_: Any, **__: Any) -> None:
        raise error("not now")

    async def nothing(_: Any) -> None:
        raise AssertionError("there is no connection")

    monkeypatch.setattr(asyncpg, "connect", refuse)
    store = Store("postgresql+asyncpg://callengine@127.0.0.1:1/nothing")
    with pytest.raises(family):
        await add(store, "a")
    with pytest.raises(family):
        await codes(store)
    with pytest.raises(family):
        await store.glance(nothing)
    await store.close()


async def test_a_pool_without_a_free_connection_is_busy(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async def crowded() -> None:
        raise exc.TimeoutError("QueuePool limit reached")

    with monkeypatch.context() as patched:
        patched.setattr(type(sqlite_store._reader), "connect", lambda _: crowded())
        with pytest.raises(StoreBusy):
            await codes(sqlite_store)
    assert await codes(sqlite_store) == []


async def test_a_pool_that_was_waited_for_once_is_not_waited_for_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Thirty seconds for a connection are long enough; five times thirty held its caller up for minutes."""
    tries: list[None] = []

    async def crowded() -> None:
        tries.append(None)
        raise exc.TimeoutError("QueuePool limit reached")

    async def nothing(tx: Tx) -> None:
        pass

    store = Store("postgresql+asyncpg://callengine@127.0.0.1:1/nothing")
    monkeypatch.setattr(type(store._writer), "connect", lambda _: crowded())
    with pytest.raises(PoolBusy) as refused:
        await store.transact(nothing)
    assert len(tries) == 1 and refused.value.code == "store-busy"
    await store.close()


@pytest.mark.postgres
async def test_a_listener_that_cannot_begin_gives_its_connection_back(
    postgres_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    pool: Any = postgres_store._writer.pool
    with monkeypatch.context() as patched:
        patched.setattr(asyncpg.Connection, "add_listener", broken)
        for _ in range(2):
            with pytest.raises(StoreLost):
                await postgres_store.listen("room", lambda: None, lambda: None)
            assert pool.checkedout() == 0
    stop = await postgres_store.listen("room", lambda: None, lambda: None)
    assert stop is not None
    await stop()


async def test_a_transaction_that_others_got_in_the_way_of_lets_them_pass_before_it_runs_again(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once it would take the rows that the others wait for, and stand in the same deadlock again."""
    pauses: list[float] = []
    tries: list[None] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def crowded(tx: Tx) -> None:
        tries.append(None)
        if len(tries) % database.TRIES_ON_CONFLICT:
            raise StoreBusy

    monkeypatch.setattr(database, "sleep", pause)
    for _ in range(2):
        await sqlite_store.transact(crowded)
    assert len(pauses) == len(set(pauses)) == 2 * (database.TRIES_ON_CONFLICT - 1), "two that met do not meet again"
    assert all(0 < seconds < 0.2 for seconds in pauses)
