"""The store: one writer's transaction with its reactions, and readers beside it.

    async with store.begin() as tx:
        await tx.tell(CallMissed(...))     # reactions `within` run now, in this transaction

What `after` reactions do (push to screens) happens when the commit has returned, never before.
The network is never awaited inside `begin()`: SQLite has one writer.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sqlite3
from asyncio import sleep
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import BigInteger, event, exc
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.engine import Dialect, ExceptionContext, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.types import TypeDecorator

from callengine.errors import Unavailable
from callengine.store import jsons
from callengine.store.group import Group, Turns
from callengine.store.postgres import LOST, Glances
from callengine.store.prepared import Reader, remember
from callengine.store.sqlite import HintingCompiler, Readers, WriterConnection, connector, open_file
from callengine.tasks import Tasks

log = logging.getLogger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SQLITE_BUSY_MILLISECONDS = 15_000
SQLITE_READERS = 4
POSTGRES_GLANCES = 4
TRIES_ON_CONFLICT = 5
PAUSE_ON_CONFLICT = 0.01  # seconds before the second try, twice as long before each next one; at random half of it

Within = Callable[["Tx", Any], Awaitable[None]]
After = Callable[[Any], Awaitable[None] | None]
Result = TypeVar("Result")


class StoreBusy(Unavailable):
    """The database was held by somebody else for too long; nothing was changed, do it again."""

    code = "store-busy"


class PoolBusy(StoreBusy):
    """Every connection to the database was in use for too long; nothing was changed, do it again."""


class StoreFull(Unavailable):
    """The disk of the database is full; nothing was changed. Make room: the engine goes on by itself."""

    code = "store-full"


class StoreLost(Unavailable):
    """The database does not answer, or its file cannot be read or written."""

    code = "store-lost"


def microseconds(at: datetime | None) -> int | None:
    """A moment as SQLite keeps it: microseconds since 1970."""
    if at is None:
        return None
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime: timestamptz on PostgreSQL, microseconds since 1970 on SQLite (sorts, compares, small)."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def bind_processor(self, dialect: Dialect) -> Any:
        """What SQLAlchemy would make of `process_bind_param`, without the calls between: every row has moments."""
        return None if dialect.name == "postgresql" else microseconds

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return value if dialect.name == "postgresql" else microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return datetime.fromtimestamp(value // 1_000_000, UTC).replace(microsecond=value % 1_000_000)


class Tx:
    """One open transaction: `conn` for the queries, `tell` for the facts."""

    def __init__(self, conn: AsyncConnection, within: Mapping[type, Sequence[Within]], *, is_postgres: bool) -> None:
        self.conn = conn
        self.is_postgres = is_postgres
        self.told: list[Any] = []
        self.cancelled: asyncio.CancelledError | None = None  # came during the commit: raised when all is told
        self._within = within

    async def tell(self, fact: Any) -> None:
        """Record a fact: run its `within` reactions here, and its `after` reactions once committed."""
        self.told.append(fact)
        for react in self._within.get(type(fact), ()):
            await react(self, fact)


class Store:
    """The database. `within` and `after` are the two reaction tables, filled by app.py."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self.within: dict[type, list[Within]] = {}
        self.after: dict[type, list[After]] = {}
        self._tasks = Tasks()
        self._turns = Turns()  # at SQLite's one writer
        self._group: Group | None = None  # the units in its open transaction
        self._crowded = False  # others came along with the last one
        self._held: AsyncConnection | None = None  # SQLite's one writer, kept open between transactions
        self._lean: WriterConnection | None = None  # and its driver's connection
        if self.is_sqlite:
            self._writer = _sqlite_engine(url, pool_size=1, read_only=False)
            self._reader = _sqlite_engine(url, pool_size=SQLITE_READERS, read_only=True)
            self._glances: Readers | Glances = Readers(partial(_sqlite_reader, url), SQLITE_READERS)
        else:
            self._writer = create_async_engine(url, pool_size=5, max_overflow=10, pool_pre_ping=True, **jsons.HOW)
            translate_errors(self._writer)
            self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            self._glances = Glances(url, POSTGRES_GLANCES)
            translate_errors(self._glances.engine)

    def begin(self, *, shared: bool = False) -> AbstractAsyncContextManager[Tx]:
        """A write transaction; commits at the end, rolls back on any error, then runs the `after` reactions.

        With `shared` the unit may share its COMMIT with others that follow it at once (SQLite; store/group.py): for
        small writes that people wait for. Such a unit awaits nothing but its statements, and no lock that another holds
        around its own `begin`. What it sees and what it undoes by an error is as without; when the COMMIT fails, it
        fails for all who share it.

        A cancellation rolls back before the commit began, and waits for the commit after: what is durable is
        always told. Raises StoreBusy, StoreFull or StoreLost; nothing is half done.
        """
        return _Unit(self, shared) if self.is_sqlite else self._begin_postgres()

    async def _tell(self, tx: Tx) -> None:
        """What was done is durable: run the `after` reactions, then let a cancellation have its way."""
        cancelled = tx.cancelled
        if any(self.after.get(type(fact)) for fact in tx.told):
            cancelled = await self._insist(self._tell_after(tx)) or cancelled
        if cancelled:
            raise cancelled

    async def transact(self, work: Callable[[Tx], Awaitable[Result]], *, shared: bool = False) -> Result:
        """Run `work` in a transaction, again from the start when another transaction got in its way (StoreBusy).

        Not after a pool without a free connection (PoolBusy): that has been waited for long enough.
        """
        for attempt in range(TRIES_ON_CONFLICT):
            try:
                async with self.begin(shared=shared) as tx:
                    return await work(tx)
            except PoolBusy:
                raise
            except StoreBusy:
                if attempt == TRIES_ON_CONFLICT - 1:
                    raise
                log.info("transaction runs again", extra={"action": "transaction_again", "attempt": attempt + 1})
                # Its connection is given back: at once it would take the rows that the other waits for, and stand in
                # the same deadlock again.
                await sleep(PAUSE_ON_CONFLICT * 2**attempt * random.uniform(0.5, 1))
        raise AssertionError("unreachable")

    async def _give_up(self, error: BaseException, marked: bool) -> BaseException:
        """Undo a unit that failed, and hand the turn on; what its owner is to be told: mostly the error itself."""
        turn = self._turns.given
        try:
            cancelled = await self._insist(self._undo(error, marked))
        finally:
            if self._turns.given == turn:  # the store closes: it was not even begun
                self._end_group(StoreLost("the store was closed"))
        if cancelled and not isinstance(error, asyncio.CancelledError):
            return cancelled
        return (_sqlite_trouble(error) or error) if isinstance(error, sqlite3.Error) else error

    async def _open_sqlite(self) -> tuple[Tx, bool]:
        """A transaction of our own, or a savepoint (True) behind the units that wait for the COMMIT."""
        if self._group is not None:
            assert self._held is not None
            self._writing("SAVEPOINT unit")
            return Tx(self._held, self.within, is_postgres=False), True
        conn = self._held or await self._hold_writer()
        assert self._lean is not None
        await self._lean.begin(SQLITE_BUSY_MILLISECONDS)
        self._group = Group()
        return Tx(conn, self.within, is_postgres=False), False

    def _writing(self, statement: str) -> None:
        assert self._lean is not None
        self._lean.at_once(statement)

    async def _finish(self, shared: bool) -> tuple[BaseException | None, asyncio.CancelledError | None]:
        """A unit is done: leave the COMMIT to the next in line, or commit for all; when it is over, how it ended."""
        group = self._group
        assert group is not None
        group.join()
        if shared and self._turns.next_shares() and not group.full:
            self._turns.give()
            return await group.outcome()
        cancelled = await self._commit_sqlite()
        cancelled = await group.last() or cancelled
        return group.error, cancelled

    async def _commit_sqlite(self) -> asyncio.CancelledError | None:
        """COMMIT for the group, let its members know, and end the turn."""
        assert self._lean is not None
        failed: BaseException | None = StoreLost("the commit was broken off")
        try:
            cancelled = await self._lean.commit_to_disk()
            failed = None
        except Exception as error:
            failed = error
            cancelled = await self._insist(self._rollback_sqlite())
        finally:
            self._end_group(failed)
        return cancelled

    def _end_group(self, failed: BaseException | None = None) -> None:
        group, self._group = self._group, None
        self._crowded = self._turns.waiting or (group is not None and group.done > 1)
        if group is not None:
            group.end(failed)
        self._turns.give()

    async def _undo(self, error: BaseException, marked: bool) -> None:
        """A unit failed: undo it alone, hand the turn on, and see that the COMMIT for the others comes."""
        group = self._group
        if group is not None and group.done and (not marked or await self._undo_unit()):
            if self._turns.next_shares() and not group.full:
                self._turns.give()
            else:
                await self._commit_sqlite()
            return
        try:  # alone, or with it all went
            await self._rollback_sqlite()
        finally:
            self._end_group(error if isinstance(error, sqlite3.Error | Unavailable) else StoreLost())

    async def _undo_unit(self) -> bool:
        """Go back to the unit's savepoint; False when the transaction of all is gone (a full disk ends it)."""
        if self._held is None or self._held.invalidated or self._lean is None:
            return False
        try:
            return await self._lean.undo("unit")
        except BaseException:
            log.warning("rollback of a unit failed; its group is undone", exc_info=True, extra={"action": "rollback"})
            return False

    async def _hold_writer(self) -> AsyncConnection:
        """Open SQLite's one writer; it stays open between the transactions."""
        self._held = await _connected(self._writer)
        raw = (await self._held.get_raw_connection()).driver_connection
        assert isinstance(raw, WriterConnection)
        raw.keep()
        remember(self._held, raw)
        self._lean = raw
        return self._held

    async def _rollback_sqlite(self) -> None:
        conn, self._held = self._held, None
        if conn is None:
            return
        try:
            if self._lean is not None and not conn.invalidated:
                await self._lean.roll_back()
                self._held = conn
                return
        except asyncio.CancelledError:  # the store closes; the thread rolls back all the same
            self._held = conn
            raise
        except Exception:
            log.warning("rollback failed; the connection is replaced", exc_info=True, extra={"action": "rollback"})
        await _discard(conn)

    @asynccontextmanager
    async def _begin_postgres(self) -> AsyncIterator[Tx]:
        conn = await _connected(self._writer)
        tx, durable = Tx(conn, self.within, is_postgres=True), False
        try:
            yield tx
            tx.cancelled = await self._insist(conn.commit())
            durable = True
        finally:
            # It rolls back what was not committed. A cancellation kept to ourselves would leave its task running; after
            # the commit it waits until what is durable has been told.
            cancelled = await self._give_back(conn, conn.close())
            tx.cancelled = tx.cancelled or cancelled
            if cancelled and not durable:
                raise cancelled
        await self._tell(tx)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading: one consistent view, never behind the writer's lock, unable to write."""
        conn = await _connected(self._reader)
        try:
            if self.is_sqlite:
                await conn.exec_driver_sql("BEGIN")
            yield conn
        except sqlite3.Error as error:  # of a prepared statement, which SQLAlchemy does not see
            raise _sqlite_trouble(error) or error from error
        finally:
            if cancelled := await self._give_back(conn, _end_read(conn)):
                raise cancelled

    async def glance(self, work: Callable[[Reader], Coroutine[Any, Any, Result]]) -> Result:
        """A short piece of reading that is made of prepared statements alone, in one trip where the driver allows it.

        On PostgreSQL it may run twice, when a kept connection was dead. Raises StoreBusy, StoreLost.
        """
        try:
            found: Result = await self._glances.run(work)
            return found
        except sqlite3.Error as error:
            raise _sqlite_trouble(error) or error from error
        except LOST as error:
            raise StoreLost(f"the PostgreSQL server does not answer: {error}") from error
        except asyncpg.PostgresError as error:
            raise _postgres_trouble(error) or error from error

    async def _tell_after(self, tx: Tx) -> None:
        for fact in tx.told:
            for react in self.after.get(type(fact), ()):
                try:
                    done = react(fact)
                    if done is not None:
                        await done
                except Exception:
                    # It is durable already: a screen that could not be told must not undo a fact.
                    log.exception("reaction failed", extra={"action": "reaction_failed", "fact": type(fact).__name__})

    async def _give_back(self, conn: AsyncConnection, work: Coroutine[Any, Any, Any]) -> asyncio.CancelledError | None:
        """`_insist` on a connection's end; when the store closes before that has begun, the connection goes too."""
        try:
            return await self._insist(work)
        except asyncio.CancelledError:
            await _discard(conn)  # else nobody would, and the collector finds it open
            raise

    async def _insist(self, work: Coroutine[Any, Any, Any]) -> asyncio.CancelledError | None:
        """Run to the end even when we are cancelled meanwhile; gives the cancellation back for later."""
        cancelled: asyncio.CancelledError | None = None
        task = self._tasks.start(work, name="store-finish")
        while not task.done():
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError as error:
                if task.cancelled():
                    raise
                cancelled = error
        task.result()
        return cancelled

    async def listen(
        self, channel: str, heard: Callable[[], None], lost: Callable[[], None]
    ) -> Callable[[], Awaitable[None]] | None:
        """PostgreSQL: call `heard` at each NOTIFY on `channel`, `lost` when the connection breaks.

        Gives back what stops it; None on SQLite, where one process is all. Raises StoreBusy, StoreLost.
        """
        if self.is_sqlite:
            return None

        def on_notify(*_: Any) -> None:
            heard()

        def on_end(*_: Any) -> None:
            lost()

        conn = await _connected(self._writer)
        try:
            raw: Any = (await conn.get_raw_connection()).driver_connection
            await raw.add_listener(channel, on_notify)
            raw.add_termination_listener(on_end)
        except BaseException as error:
            if cancelled := await self._insist(_discard(conn)):
                raise cancelled from error
            if isinstance(error, LOST):
                raise StoreLost(f"the PostgreSQL server does not answer: {error}") from error
            if isinstance(error, asyncpg.PostgresError):
                raise _postgres_trouble(error) or error from error
            raise

        async def stop() -> None:
            try:
                raw.remove_termination_listener(on_end)
                if not raw.is_closed():
                    await raw.remove_listener(channel, on_notify)
            except LOST:
                log.debug("a listener's connection broke as it stopped", exc_info=True)
            finally:
                await _discard(conn)

        return stop

    async def close(self) -> None:
        await self._tasks.close()
        cancelled = await self._turns.take()
        try:
            if cancelled:
                raise cancelled
            if self._held is not None:
                await self._held.close()
                self._held = None
            # Before the turn goes on: who still comes must not be given the connection that is being closed.
            await self._writer.dispose()
        finally:
            self._turns.give()
        await self._glances.close()
        await self._reader.dispose()


class _Unit:
    """A unit of work on SQLite: its turn at the one writer, and a transaction or a savepoint. For one `async with`.

    A class, for a generator and what contextlib lays around it take 0.03 ms of each ticket.
    """

    __slots__ = ("_marked", "_shared", "_store", "_tx")

    def __init__(self, store: Store, shared: bool) -> None:
        self._store, self._shared, self._marked = store, shared, False

    async def __aenter__(self) -> Tx:
        store = self._store
        came_with_turn = await store._turns.take(shared=self._shared)
        try:
            if came_with_turn:
                raise came_with_turn
            self._tx, self._marked = await store._open_sqlite()
        except BaseException as error:
            told = await store._give_up(error, self._marked)
            if told is error:
                raise
            raise told from error
        return self._tx

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        store, tx, wrong = self._store, self._tx, error
        if wrong is None:
            try:
                if self._shared and store._crowded and not store._turns.waiting:
                    await asyncio.sleep(0)  # who is about to ask for a turn does so now; it is no waiting for company
                if self._marked:
                    store._writing("RELEASE unit")
            except BaseException as late:
                wrong = late
        if wrong is not None:
            told = await store._give_up(wrong, self._marked)
            if told is error:
                return  # it goes on from where it was raised
            if told is wrong:
                raise told
            raise told from wrong
        failed, tx.cancelled = await store._finish(self._shared)
        if failed:
            raise tx.cancelled or _trouble_of(failed) from failed
        await store._tell(tx)


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite URL; None for PostgreSQL."""
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


async def _connected(engine: AsyncEngine) -> AsyncConnection:
    try:
        return await engine.connect()
    except OSError as error:  # the driver lets the network's own errors through
        raise StoreLost(f"the PostgreSQL server does not answer: {error}") from error
    except exc.TimeoutError as error:  # the pool's own: no connection came free
        raise PoolBusy() from error


async def _end_read(conn: AsyncConnection) -> None:
    """End the reader's transaction (PostgreSQL's ends with the return to the pool) and give the connection back."""
    try:
        if conn.dialect.name == "sqlite" and not conn.invalidated:
            await conn.exec_driver_sql("ROLLBACK")
    finally:
        await conn.close()


async def _discard(conn: AsyncConnection) -> None:
    try:
        await conn.invalidate()
        await conn.close()
    except Exception:
        log.debug("a broken connection did not close", exc_info=True)


def _pragmas(*, read_only: bool) -> Sequence[str]:
    return (
        f"busy_timeout={SQLITE_BUSY_MILLISECONDS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-16000",
        f"query_only={'ON' if read_only else 'OFF'}",
        # The writer waits in BEGIN alone, and that in a thread: see WriterConnection.begin.
        f"busy_timeout={SQLITE_BUSY_MILLISECONDS if read_only else 0}",
    )


def _sqlite_reader(url: str) -> sqlite3.Connection:
    path = sqlite_path(url)
    assert path is not None  # its engine was made before
    connection = open_file(path)
    connection.isolation_level = None
    for pragma in _pragmas(read_only=True):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _sqlite_engine(url: str, *, pool_size: int, read_only: bool) -> AsyncEngine:
    path = sqlite_path(url)
    if path is None:
        raise StoreLost("a SQLite store needs a file: write [store] url as sqlite:///FILE")
    engine = create_async_engine(
        url,
        async_creator=connector(path, writer=not read_only),
        pool_size=pool_size,
        max_overflow=0,
        pool_reset_on_return=None,  # we end each transaction ourselves; a reset would be one more trip to the thread
        **jsons.HOW,
        isolation_level="AUTOCOMMIT",  # we say BEGIN ourselves: the driver's own begins late and not IMMEDIATE
    )

    engine.dialect.statement_compiler = HintingCompiler

    def prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in _pragmas(read_only=read_only):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine.sync_engine, "connect", prepare)
    translate_errors(engine)
    return engine


def translate_errors(engine: AsyncEngine) -> None:
    """Let the database's own troubles come out as our family of errors, each with what to do."""

    def translate(context: ExceptionContext) -> Unavailable | None:
        if context.is_pre_ping:  # the pool finds a dead connection out, and replaces it
            return None
        error = context.original_exception
        return _sqlite_trouble(error) if isinstance(error, sqlite3.Error) else _postgres_trouble(error)

    event.listen(engine.sync_engine, "handle_error", translate)


def _trouble_of(error: BaseException) -> BaseException:
    """What a member of a group is told; one of its own where it can be, for each adds its frames to it."""
    if isinstance(error, sqlite3.Error):
        return _sqlite_trouble(error) or error
    return type(error)(*error.args)


def _sqlite_trouble(error: sqlite3.Error) -> Unavailable | None:
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusy()
    if code == sqlite3.SQLITE_FULL:
        return StoreFull()
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOTADB):
        return StoreLost(f"the database file cannot be used: {error}")
    return None


# SQLSTATE of PostgreSQL: 40001 serialization failure, 40P01 deadlock, 55P03 lock not available; 53100 disk full;
# class 08 connection trouble, 57P01-57P03 the server goes down or starts; 53300 it takes no more connections.
def _postgres_trouble(error: BaseException | None) -> Unavailable | None:
    state = str(getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or "")
    if state in ("40001", "40P01", "55P03", "53300"):
        return StoreBusy()
    if state == "53100":
        return StoreFull()
    if state.startswith("08") or state in ("57P01", "57P02", "57P03") or isinstance(error, ConnectionError):
        return StoreLost("the PostgreSQL server does not answer; see that it runs and that [store] url is right")
    return None
