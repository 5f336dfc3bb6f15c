"""Units of work that share one COMMIT: what was acknowledged stays, what was not leaves nothing and tells nothing.

The same tests run on PostgreSQL, which groups its commits itself.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from callengine.clock import ManualClock
from callengine.store import group
from callengine.store.database import Store, StoreFull
from callengine.store.group import Turns
from callengine.store.prepared import Prepared
from callengine.store.sqlite import Readers, WriterConnection
from callengine.store.tables import organisations, ticket_history, ticket_postings, tickets
from callengine.tasks import Tasks
from callengine.tickets.classifier_service import ClassifierService


def organisation(code: str) -> dict[str, str]:
    return {"code": code, "name": f"УК {code}", "kind": "management_company"}


async def add(store: Store, code: str, *, shared: bool = True) -> None:
    async with store.begin(shared=shared) as tx:
        await tx.conn.execute(insert(organisations), organisation(code))
        await tx.tell(code)


async def add_after(store: Store, code: str, passes: int) -> None:
    for _ in range(passes):
        await asyncio.sleep(0)
    await add(store, code)


_CODES = Prepared(select(organisations.c.code).order_by(organisations.c.id))


async def all_codes(conn: Any) -> list[Any]:
    return await _CODES.rows(conn)


async def codes(store: Store) -> list[str]:
    async with store.read() as conn:
        return list((await conn.execute(select(organisations.c.code).order_by(organisations.c.id))).scalars())


@pytest.fixture
async def commits(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> Commits:
    async with sqlite_store.begin():  # opens the writer: others would come along meanwhile
        pass
    return Commits(monkeypatch)


class Commits:
    """Counts SQLite's commits, and makes some of them fail or wait."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.failing: set[int] = set()
        self.gate: asyncio.Event | None = None
        real = WriterConnection.commit_to_disk

        async def commit(lean: WriterConnection) -> asyncio.CancelledError | None:
            number, self.count = self.count, self.count + 1
            cancelled = None
            while self.gate is not None and not self.gate.is_set():
                try:
                    await self.gate.wait()
                except asyncio.CancelledError as error:
                    cancelled = error
            if number in self.failing:
                full = sqlite3.OperationalError("database or disk is full")
                full.sqlite_errorcode = sqlite3.SQLITE_FULL
                raise full
            return await real(lean) or cancelled

        monkeypatch.setattr(WriterConnection, "commit_to_disk", commit)


async def at_once(store: Store, *units: Any) -> list[Any]:
    """Run the units so that all ask for a turn before the first has it, and give what each ended with."""
    tasks = Tasks()
    started = [tasks.start(unit, name="unit") for unit in units]
    ended = await asyncio.gather(*started, return_exceptions=True)
    await tasks.close()
    return ended


async def failing(store: Store, code: str) -> None:
    async with store.begin(shared=True) as tx:
        await tx.conn.execute(insert(organisations), organisation(code))
        await tx.tell(code)
        raise ValueError(code)


# --- one commit for many --------------------------------------------------------------------------------------


async def test_units_that_come_at_once_share_a_commit_and_are_told_after_it(
    sqlite_store: Store, commits: Commits
) -> None:
    told: list[tuple[str, list[str]]] = []

    async def after(code: str) -> None:
        told.append((code, await codes(sqlite_store)))

    sqlite_store.after[str] = [after]
    await at_once(sqlite_store, *(add(sqlite_store, f"o{n}") for n in range(9)))
    everything = [f"o{n}" for n in range(9)]
    assert await codes(sqlite_store) == everything
    assert commits.count == 2, "the first found nobody in line and waited for nobody; the others waited for its commit"
    assert all(code in seen for code, seen in told), "nothing is told before it is durable"
    assert [seen for code, seen in told if code != "o0"] == [everything] * 8


async def test_the_members_of_a_group_tell_in_the_order_in_which_they_wrote(
    sqlite_store: Store, commits: Commits
) -> None:
    told: list[str] = []
    sqlite_store.after[str] = [told.append]
    names = [f"o{n}" for n in range(9)]
    await at_once(sqlite_store, *(add(sqlite_store, name) for name in names))
    assert (told, commits.count) == (names, 2)


async def test_a_lone_unit_commits_at_once(sqlite_store: Store, commits: Commits) -> None:
    for n in range(5):
        await add(sqlite_store, f"o{n}")
        assert commits.count == n + 1


async def test_a_unit_alone_takes_no_savepoint(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(WriterConnection, "at_once", lambda _, statement: said.append(statement))
    for n in range(3):
        await add(sqlite_store, f"o{n}")
    assert said == []


async def test_a_group_has_a_bound_of_units(
    sqlite_store: Store, commits: Commits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group, "GROUP_UNITS", 3)
    monkeypatch.setattr(group, "GROUP_SECONDS", 60.0)
    await at_once(sqlite_store, *(add(sqlite_store, f"o{n}") for n in range(10)))
    assert commits.count == 4  # 1 and three times 3
    assert len(await codes(sqlite_store)) == 10


async def test_a_group_has_a_bound_of_time(
    sqlite_store: Store, commits: Commits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group, "GROUP_SECONDS", 0.0)
    await at_once(sqlite_store, *(add(sqlite_store, f"o{n}") for n in range(5)))
    assert commits.count == 5


async def test_a_unit_that_shares_with_nobody_ends_the_group_before_it_begins(
    sqlite_store: Store, commits: Commits
) -> None:
    """A long import in line does not hold up the acknowledgement of those before it."""
    done: list[str] = []
    release = asyncio.Event()

    async def noted(code: str) -> None:
        await add(sqlite_store, code)
        done.append(code)

    async def long_import() -> None:
        async with sqlite_store.begin() as tx:
            await tx.conn.execute(insert(organisations), organisation("import"))
            done.append("import began")
            await release.wait()
        done.append("import")

    async def freed() -> None:
        async with asyncio.timeout(5):
            while not {"o1", "o2", "import began"} <= set(done):
                await asyncio.sleep(0)
        release.set()

    units = [noted("o0"), noted("o1"), noted("o2"), long_import(), noted("o3"), freed()]
    assert await at_once(sqlite_store, *units) == [None] * 6
    assert done.index("o3") > done.index("import began")
    assert commits.count == 4  # o0; o1 and o2; the import; o3
    assert await codes(sqlite_store) == ["o0", "o1", "o2", "import", "o3"]


async def test_a_unit_sees_what_those_before_it_wrote_and_a_reader_does_not(
    sqlite_store: Store, commits: Commits
) -> None:
    commits.gate = asyncio.Event()
    seen: list[list[str]] = []

    async def looking(code: str) -> None:
        async with sqlite_store.begin(shared=True) as tx:
            seen.append(list((await tx.conn.execute(select(organisations.c.code))).scalars()))
            await tx.conn.execute(insert(organisations), organisation(code))

    async def reader() -> None:
        assert await codes(sqlite_store) == []
        assert commits.gate is not None
        commits.gate.set()

    assert await at_once(sqlite_store, looking("a"), looking("b"), looking("c"), reader()) == [None] * 4
    assert seen == [[], ["a"], ["a", "b"]]


# --- errors ---------------------------------------------------------------------------------------------------


async def test_a_unit_that_raises_is_undone_alone(store: Store) -> None:
    told: list[str] = []
    store.after[str] = [told.append]
    ended = await at_once(store, add(store, "a"), add(store, "b"), failing(store, "x"), add(store, "c"))
    assert [type(one) for one in ended] == [type(None), type(None), ValueError, type(None)]
    assert sorted(await codes(store)) == sorted(told) == ["a", "b", "c"]


async def test_the_last_of_a_group_raises_and_the_others_are_committed(sqlite_store: Store, commits: Commits) -> None:
    ended = await at_once(sqlite_store, add(sqlite_store, "a"), add(sqlite_store, "b"), failing(sqlite_store, "x"))
    assert [type(one) for one in ended] == [type(None), type(None), ValueError]
    assert await codes(sqlite_store) == ["a", "b"]
    assert commits.count == 2


async def test_a_commit_that_fails_fails_every_member_and_tells_nothing(sqlite_store: Store, commits: Commits) -> None:
    told: list[str] = []
    sqlite_store.after[str] = [told.append]
    commits.failing = {1}
    ended = await at_once(sqlite_store, *(add(sqlite_store, f"o{n}") for n in range(5)))
    assert ended[0] is None
    assert all(isinstance(one, StoreFull) and "Make room" in str(one) for one in ended[1:])
    assert len({id(one) for one in ended[1:]}) == 4, "each has an error of its own"
    assert await codes(sqlite_store) == told == ["o0"]
    await add(sqlite_store, "after")
    assert await codes(sqlite_store) == told == ["o0", "after"]


async def test_a_disk_that_gets_full_in_one_unit_undoes_the_whole_group_and_says_so(sqlite_store: Store) -> None:
    async with sqlite_store.begin() as tx:
        pages = (await tx.conn.exec_driver_sql("PRAGMA page_count")).scalar_one()
        await tx.conn.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")

    async def big() -> None:
        async with sqlite_store.begin(shared=True) as tx:
            for n in range(2000):
                await tx.conn.execute(insert(organisations), organisation(f"x{n}" * 20))

    told: list[str] = []
    sqlite_store.after[str] = [told.append]
    ended = await at_once(sqlite_store, add(sqlite_store, "a"), add(sqlite_store, "b"), big(), add(sqlite_store, "c"))
    kept = await codes(sqlite_store)
    assert isinstance(ended[2], StoreFull)
    assert kept == told
    acknowledged = [code for code, one in zip("ab c", ended, strict=True) if one is None]
    assert kept == acknowledged
    assert all(one is None or isinstance(one, StoreFull) for one in ended)


# --- cancellation ---------------------------------------------------------------------------------------------


async def test_cancelled_while_it_waits_for_the_shared_commit_is_told_when_it_is_durable(
    sqlite_store: Store, commits: Commits
) -> None:
    told: list[str] = []
    sqlite_store.after[str] = [told.append]
    commits.gate = asyncio.Event()
    tasks = Tasks()
    first = tasks.start(add(sqlite_store, "a"), name="a")
    await until(lambda: commits.count == 1)
    others = [tasks.start(add(sqlite_store, code), name=code) for code in "bcd"]
    await asyncio.sleep(0)
    commits.gate.set()
    await first
    commits.gate = asyncio.Event()
    await until(lambda: commits.count == 2)
    others[0].cancel()
    await asyncio.sleep(0)
    assert not others[0].done() and told == ["a"], "nobody knows yet whether it is durable"
    commits.gate.set()
    ended = await asyncio.gather(*others, return_exceptions=True)
    assert [type(one) for one in ended] == [asyncio.CancelledError, type(None), type(None)]
    assert await codes(sqlite_store) == told == ["a", "b", "c", "d"]


async def test_cancelled_while_the_shared_commit_fails_is_cancelled(sqlite_store: Store, commits: Commits) -> None:
    told: list[str] = []
    sqlite_store.after[str] = [told.append]
    commits.gate, commits.failing = asyncio.Event(), {1}
    tasks = Tasks()
    first = tasks.start(add(sqlite_store, "a"), name="a")
    await until(lambda: commits.count == 1)
    others = [tasks.start(add(sqlite_store, code), name=code) for code in "bc"]
    await asyncio.sleep(0)
    commits.gate.set()
    await first
    commits.gate = asyncio.Event()
    await until(lambda: commits.count == 2)
    others[0].cancel()
    commits.gate.set()
    ended = await asyncio.gather(*others, return_exceptions=True)
    assert [type(one) for one in ended] == [asyncio.CancelledError, StoreFull]
    assert await codes(sqlite_store) == told == ["a"]


async def test_cancelled_as_the_turn_comes_the_group_is_committed_all_the_same(
    sqlite_store: Store, commits: Commits
) -> None:
    tasks = Tasks()
    names = "abcd"
    units = {code: tasks.start(add(sqlite_store, code), name=code) for code in names}
    give = Turns.give

    def give_and_cancel(turns: Turns) -> None:
        give(turns)
        if sqlite_store._group is not None and sqlite_store._group.done == 2:
            units["d"].cancel()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Turns, "give", give_and_cancel)
        async with asyncio.timeout(5):
            ended = await asyncio.gather(*units.values(), return_exceptions=True)
    assert [type(one) for one in ended] == [type(None)] * 3 + [asyncio.CancelledError]
    assert await codes(sqlite_store) == ["a", "b", "c"]


async def test_on_cancelling_at_any_moment_what_is_durable_is_told_and_nothing_else(store: Store) -> None:
    told: list[str] = []
    store.after[str] = [told.append]
    tasks = Tasks()
    for steps in range(25):
        units = [tasks.start(add(store, f"o{steps}-{n}"), name="add") for n in range(4)]
        for _ in range(steps):
            await asyncio.sleep(0)
        time.sleep(0.001 * (steps % 3))  # noqa: ASYNC251 - the database's thread goes on meanwhile
        units[steps % 4].cancel()
        async with asyncio.timeout(10):
            ended = await asyncio.gather(*units, return_exceptions=True)
        assert [n for n, one in enumerate(ended) if one is not None] in ([], [steps % 4])
    assert sorted(await codes(store)) == sorted(told)
    await add(store, "last")
    assert told[-1] == "last"


async def test_a_store_that_closes_while_units_are_undone_ends(sqlite_url: str) -> None:
    tasks = Tasks()
    for steps in range(1, 20):
        store = Store(sqlite_url)
        async with store.begin():
            pass
        units = [tasks.start(failing(store, f"x{n}"), name="x") for n in range(2)]
        units += [tasks.start(add(store, f"o{steps}-{n}"), name="o") for n in range(2)]
        for _ in range(steps):
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await store.close()
            await asyncio.gather(*units, return_exceptions=True)
            await store.close()


async def test_what_is_asked_of_a_store_while_it_closes_comes_to_an_end(sqlite_url: str) -> None:
    tasks = Tasks()
    for steps in range(1, 40):
        told: list[str] = []
        store = Store(sqlite_url)
        store.after[str] = [told.append]
        async with store.begin():
            pass
        await store.glance(all_codes)
        names = [f"o{steps}-{n}" for n in range(6)]
        writing = [tasks.start(add_after(store, name, n * 4), name=name) for n, name in enumerate(names)]
        reading = [tasks.start(store.glance(all_codes), name="glance"), tasks.start(codes(store), name="codes")]
        for _ in range(steps):
            await asyncio.sleep(0)
        async with asyncio.timeout(10):
            await store.close()
            ended = await asyncio.gather(*writing, return_exceptions=True)
            await asyncio.gather(*reading, return_exceptions=True)
            kept = await codes(store)
            await store.close()
        assert {name for name, one in zip(names, ended, strict=True) if one is None} <= set(kept)
        assert set(told) <= set(kept)
    del store, writing, reading
    gc.collect()  # a connection that nobody closed says so, and fails this test


async def test_a_reading_that_ends_as_the_store_closes_leaves_no_connection_open(store: Store) -> None:
    reads, go_on = asyncio.Event(), asyncio.Event()

    async def reading() -> None:
        async with store.read():
            reads.set()
            await go_on.wait()

    tasks = Tasks()
    ending = tasks.start(reading(), name="reading")
    await reads.wait()
    go_on.set()
    closing = tasks.start(store.close(), name="close")  # its first step is before the first of the reading's end
    await asyncio.gather(ending, closing, return_exceptions=True)
    del ending, closing
    gc.collect()  # a connection that nobody closed says so, and fails this test


def test_a_reading_that_begins_while_the_store_closes_stops_neither_it_nor_the_engine(sqlite_url: str) -> None:
    """The end of `close` waits for its threads: in the loop's own, where one that never ends would stop everything."""
    engine = threading.Thread(target=lambda: asyncio.run(_read_and_close(Store(sqlite_url))), daemon=True)
    engine.start()
    engine.join(20)
    assert not engine.is_alive()


async def _read_and_close(store: Store) -> None:
    reads, go_on = threading.Event(), threading.Event()

    async def slow(conn: Any) -> list[Any]:
        reads.set()
        go_on.wait(20)
        return await all_codes(conn)

    readers = store._glances
    assert isinstance(readers, Readers)
    tasks = Tasks()
    first = tasks.start(store.glance(slow), name="first")
    await until(reads.is_set)
    closing = tasks.start(store.close(), name="close")
    await until(lambda: not readers._threads)
    second = tasks.start(store.glance(all_codes), name="second")
    await until(lambda: second.done() or (bool(readers._threads) and not readers._threads[0].is_alive()))
    go_on.set()
    await asyncio.gather(first, closing, second)
    await store.close()


async def test_turns_pass_over_those_who_went_away() -> None:
    turns = Turns()
    await turns.take()
    tasks = Tasks()
    waiting = [tasks.start(turns.take(shared=shared), name="turn") for shared in (True, False, True)]
    await asyncio.sleep(0)
    assert turns.next_shares()
    waiting[0].cancel()
    await asyncio.sleep(0)
    assert not turns.next_shares()
    waiting[1].cancel()  # and before it has heard of it
    turns.give()
    await waiting[2]
    assert not turns.waiting
    turns.give()
    await turns.take()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0)


# --- any interleaving -----------------------------------------------------------------------------------------


@dataclass
class Unit:
    """What one unit does, and what became of it."""

    fails: bool
    shared: bool
    pauses: int  # inside it, before its end
    starts: int  # passes of the loop before it asks for its turn
    cancel: int | None  # passes of the loop after which it is cancelled
    code: str = ""
    ended: BaseException | None = field(default=None, compare=False)
    acknowledged: bool = False


units = st.lists(
    st.builds(
        Unit,
        fails=st.booleans() | st.just(False),
        shared=st.booleans() | st.just(True),
        pauses=st.integers(0, 3),
        starts=st.integers(0, 12),
        cancel=st.none() | st.none() | st.integers(0, 30),
    ),
    min_size=1,
    max_size=8,
)


thorough = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(thorough, max_examples=150)
@given(plan=units, broken=st.sets(st.integers(0, 5), max_size=3), bound=st.integers(1, 6))
def test_any_interleaving_leaves_exactly_what_was_acknowledged(
    plan: list[Unit], broken: set[int], bound: int, sqlite_url: str
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(group, "GROUP_UNITS", bound)
        commits = Commits(patched)
        commits.failing = broken
        asyncio.run(_interleave(sqlite_url, plan))


@pytest.mark.postgres
@settings(thorough, max_examples=25)
@given(plan=units)
def test_any_interleaving_leaves_exactly_what_was_acknowledged_on_postgres(plan: list[Unit], postgres_url: str) -> None:
    asyncio.run(_interleave(postgres_url, plan))


async def _interleave(url: str, plan: list[Unit]) -> None:
    store = Store(url)
    before = set(await codes(store))  # of the examples before
    told: list[str] = []
    store.after[str] = [told.append]
    tasks = Tasks()
    for n, unit in enumerate(plan):
        unit.code, unit.acknowledged = f"u{len(before)}-{n}", False
    async with asyncio.timeout(20):
        running = [tasks.start(_live(store, unit), name=unit.code) for unit in plan]
        killers = [tasks.start(_kill(one, unit.cancel), name="kill") for one, unit in zip(running, plan, strict=True)]
        ended = await asyncio.gather(*running, return_exceptions=True)
        await asyncio.gather(*killers)
    kept = set(await codes(store)) - before
    assert sorted(told) == sorted(kept), "what is durable is told once, and nothing else is"
    for unit, one in zip(plan, ended, strict=True):
        if unit.acknowledged:
            assert unit.code in kept
        elif unit.code in kept:  # cancelled while the commit was on its way: it is durable, and was told
            assert isinstance(one, asyncio.CancelledError) and unit.cancel is not None
        if unit.fails:
            assert unit.code not in kept and one is not None
        if one is not None and not isinstance(one, ValueError | asyncio.CancelledError):
            assert isinstance(one, StoreFull), "a commit that failed is told clearly"
    # And the store works on, however it went.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(group, "GROUP_UNITS", 32)
        for _ in range(7):  # the commits that are to fail
            try:
                await add(store, f"last{len(before)}")
                break
            except StoreFull:
                pass
    assert f"last{len(before)}" in await codes(store)
    await store.close()


async def _live(store: Store, unit: Unit) -> None:
    for _ in range(unit.starts):
        await asyncio.sleep(0)
    async with store.begin(shared=unit.shared) as tx:
        await tx.conn.execute(insert(organisations), organisation(unit.code))
        await tx.tell(unit.code)
        for _ in range(unit.pauses):
            await asyncio.sleep(0)
        if unit.fails:
            raise ValueError(unit.code)
    unit.acknowledged = True


async def _kill(task: asyncio.Task[Any], passes: int | None) -> None:
    if passes is not None:
        for _ in range(passes):
            await asyncio.sleep(0)
        task.cancel()


# --- the process is killed ------------------------------------------------------------------------------------

OPERATORS = """
import asyncio, sys
from zoneinfo import ZoneInfo
from callengine.clock import SystemClock
from callengine.directory.model import Somebody
from callengine.store.database import Store
from callengine.tickets.model import Applicant, NewTicket
from callengine.tickets.service import TicketsService

async def operator(service, name):
    for n in range(100_000):
        form = NewTicket("HVS-01", None, applicant=Applicant("", name), text="Течёт", place="Мира", key=f"{name}-{n}")
        ticket = await service.create(form, Somebody(name))
        sys.stdout.write(ticket.number + "\\n")
        sys.stdout.flush()

async def main():
    service = TicketsService(Store(sys.argv[1]), SystemClock(), ZoneInfo("Europe/Moscow"))
    await asyncio.gather(*(operator(service, f"o{n}") for n in range(8)))

asyncio.run(main())
"""


@pytest.mark.once
async def test_after_a_kill_every_acknowledged_ticket_is_there_and_whole(store: Store) -> None:
    await ClassifierService(store, ManualClock()).begin()
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OPERATORS, store.url, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert child.stdout is not None
    acknowledged: list[str] = []
    async with asyncio.timeout(60):
        while len(acknowledged) < 100:
            acknowledged.append((await child.stdout.readline()).decode().strip())
    os.kill(child.pid, signal.SIGKILL)
    rest = (await child.stdout.read()).decode()
    await child.wait()
    acknowledged += rest.splitlines()[: rest.count("\n")]
    assert all(acknowledged)
    async with store.read() as conn:
        kept = {number: id for id, number in await conn.execute(select(tickets.c.id, tickets.c.number))}
        lines = list((await conn.execute(select(ticket_history.c.ticket_id))).scalars())
        found = set((await conn.execute(select(ticket_postings.c.ticket_id))).scalars())
    assert set(acknowledged) <= set(kept)
    assert len(kept) - len(acknowledged) <= 8, "and no more than was on its way"
    assert sorted(lines) == sorted([*kept.values()] * 2) and found == set(kept.values()), "each is whole"
    assert sorted(kept) == [f"{one[:3]}{n:06d}" for n, one in enumerate(sorted(kept), start=1)], "no number is missing"
