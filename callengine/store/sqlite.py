"""SQLite connections that go to their thread only for what may block: a lock, a commit's fsync, a long query.

aiosqlite takes each step of a statement (cursor, execute, fetch, close) to a thread and back: four trips of about
0.1 ms for an insert of 0.02 ms. The writer's small statements run in place, between BEGIN IMMEDIATE, which may wait
for a lock, and COMMIT, which waits for the disk. A reader's statement is one trip with its rows.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import aiosqlite
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler

from callengine.store.kept import Kept

STATEMENTS_CACHED = 256
MANY_IN_PLACE = 50
# The writer's statements that may wait; BEGIN, COMMIT and ROLLBACK are methods of their own.
_WAITS = ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "VACUUM", "ANALYZE")
_TRIVIAL = ("BEGIN", "ROLLBACK")


class LeanConnection(aiosqlite.Connection):
    """aiosqlite's connection; `_execute` is the one door to its thread, and this one looks at what comes."""

    _closing = False
    _stopped = False

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not self._running or self._connection is None:
            raise ValueError("Connection closed")
        if self._in_place(fn.__name__, args):
            return fn(*args, **kwargs)
        return await self._in_thread(partial(fn, *args, **kwargs))

    def _in_thread(self, work: Callable[[], Any]) -> asyncio.Future[Any]:
        if self._stopped:
            raise ValueError("Connection closed")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._tx.put_nowait((future, work))
        return future

    def _in_place(self, name: str, args: tuple[Any, ...]) -> bool:
        raise NotImplementedError

    async def rows(self, text: str, values: tuple[Any, ...]) -> list[Any]:
        """Run one statement in one trip or none; raises the driver's own errors."""
        raise NotImplementedError

    async def many(self, text: str, values: Sequence[tuple[Any, ...]]) -> None:
        """Run one statement once for each of the values."""
        await self._in_thread(partial(self._conn.executemany, text, values))

    async def close(self) -> None:
        self._closing = True
        await super().close()

    def stop(self) -> asyncio.Future[Any] | None:
        """Ends the thread; a second time it is nothing, for nobody is there to answer, and its future stays for ever.

        SQLAlchemy's `terminate` stops a connection amid its own `close` when who gives it back is cancelled.
        """
        if self._stopped:
            return None
        self._stopped = True
        return super().stop()


class WriterConnection(LeanConnection):
    """Runs the statements of a transaction in place; very many rows at once, and all that waits, in the thread."""

    kept: Kept | None = None

    def keep(self) -> None:
        """From now on keep what is made of tables that seldom change."""
        kept = Kept()
        if kept.watch(self._conn):
            self.kept = kept

    def _in_place(self, name: str, args: tuple[Any, ...]) -> bool:
        if name == "execute":
            return not str(args[0]).lstrip()[:8].upper().startswith(_WAITS)
        return name in ("cursor", "fetchall", "fetchmany", "fetchone") or (name == "close" and not self._closing)

    async def rows(self, text: str, values: tuple[Any, ...]) -> list[Any]:
        return self._conn.execute(text, values).fetchall()

    def change(self, text: str, values: tuple[Any, ...]) -> sqlite3.Cursor:
        """Run one statement that gives no rows, in place: the id of the row it made, how many it changed."""
        return self._conn.execute(text, values)

    async def many(self, text: str, values: Sequence[tuple[Any, ...]]) -> None:
        """A few in place: the rows of a ticket or of thirty calls are written sooner than a thread is asked to."""
        if len(values) > MANY_IN_PLACE:
            await super().many(text, values)
        else:
            self._conn.executemany(text, values)

    async def begin(self, busy_milliseconds: int) -> None:
        """BEGIN IMMEDIATE: at once when nobody holds the lock, else in the thread until he lets go."""
        try:
            self._conn.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            await self._in_thread(partial(self._begin_patiently, busy_milliseconds))
        if self.kept is not None:
            self.kept.look(self._conn)

    def _begin_patiently(self, busy_milliseconds: int) -> None:
        self._conn.execute(f"PRAGMA busy_timeout={busy_milliseconds}")
        try:
            self._conn.execute("BEGIN IMMEDIATE")
        finally:
            self._conn.execute("PRAGMA busy_timeout=0")

    async def commit_to_disk(self) -> asyncio.CancelledError | None:
        """COMMIT, to its end even when we are cancelled meanwhile; gives the cancellation back for later."""
        cancelled: asyncio.CancelledError | None = None
        ended: list[BaseException | None] = []
        work: Callable[[], object] = partial(self._commit, ended)
        while not ended:
            try:
                await self._in_thread(work)
            except asyncio.CancelledError as error:
                cancelled = error
                work = int  # nothing, behind the COMMIT in the thread's line: done when that is
        if ended[0] is not None:
            raise ended[0]
        return cancelled

    def _commit(self, ended: list[BaseException | None]) -> None:
        try:
            self._conn.execute("COMMIT")
        except BaseException as error:
            ended.append(error)
        else:
            ended.append(None)

    def at_once(self, statement: str) -> None:
        """A savepoint or its release: in place, for neither waits."""
        self._conn.execute(statement)

    async def undo(self, savepoint: str) -> bool:
        """Go back to the savepoint, after whatever the thread still does; False when none is open any more."""
        try:
            return bool(await self._in_thread(partial(self._undo, savepoint)))
        finally:
            self._forget()

    def _undo(self, savepoint: str) -> bool:
        if not self._conn.in_transaction:  # a full disk has rolled back by itself
            return False
        self._conn.execute(f"ROLLBACK TO {savepoint}")
        self._conn.execute(f"RELEASE {savepoint}")
        return True

    async def roll_back(self) -> None:
        """End what is open, after whatever the thread still does."""
        try:
            await self._in_thread(self._roll_back)
        finally:
            self._forget()

    def _forget(self) -> None:
        if self.kept is not None:
            self.kept.forget()

    def _roll_back(self) -> None:
        if self._conn.in_transaction:  # a full disk has rolled back by itself
            self._conn.execute("ROLLBACK")


class ReaderConnection(LeanConnection):
    """Runs a query and fetches its rows in one trip to the thread."""

    _cursor: sqlite3.Cursor | None = None
    _rows: list[Any]

    async def rows(self, text: str, values: tuple[Any, ...]) -> list[Any]:
        found: list[Any] = await self._in_thread(lambda: self._conn.execute(text, values).fetchall())
        return found

    def _in_place(self, name: str, args: tuple[Any, ...]) -> bool:
        if name == "execute":
            return str(args[0]).startswith(_TRIVIAL)
        if name == "rollback":  # SQLAlchemy's own, after ours: nothing is open
            return not self._conn.in_transaction
        return name == "cursor" or (name == "close" and not self._closing)

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        cursor = getattr(fn, "__self__", None)
        if not isinstance(cursor, sqlite3.Cursor):
            return await super()._execute(fn, *args, **kwargs)
        name = fn.__name__
        if name == "execute" and not self._in_place(name, args):
            return await self._in_thread(partial(self._query, cursor, *args))
        if cursor is self._cursor and name.startswith("fetch"):
            return self._take(name, *args)
        return await super()._execute(fn, *args, **kwargs)

    def _query(self, cursor: sqlite3.Cursor, *args: Any) -> sqlite3.Cursor:
        cursor.execute(*args)
        self._cursor, self._rows = cursor, cursor.fetchall()
        return cursor

    def _take(self, name: str, size: int = 0) -> Any:
        if name == "fetchone":
            return self._rows.pop(0) if self._rows else None
        count = size if name == "fetchmany" and size else len(self._rows)
        taken, self._rows = self._rows[:count], self._rows[count:]
        return taken


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


class InThread:
    """The driver's own connection, for work that stays in a reader's thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, text: str, values: tuple[Any, ...]) -> list[Any]:
        return self._connection.execute(text, values).fetchall()


Work = Callable[[InThread], Coroutine[Any, Any, Any]]
_Job = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Work | None]


class Readers:
    """Threads with a connection each: a whole piece of reading goes there and back in one trip.

    The work is a coroutine, as for PostgreSQL, that awaits nothing but its statements; here these never wait, so that
    it runs through at once, in one transaction.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], most: int) -> None:
        self._connect, self._most = connect, most
        self._jobs: SimpleQueue[_Job] = SimpleQueue()  # of the threads below, and of no others
        self._threads: list[threading.Thread] = []
        self._at_work = 0

    async def run(self, work: Work) -> Any:
        """What the work gives; raises its errors and the driver's own."""
        if self._at_work >= len(self._threads) < self._most:
            thread = threading.Thread(target=self._serve, args=(self._jobs,), name="store-reader", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._at_work += 1
        try:
            return await self._ask(work)
        finally:
            self._at_work -= 1

    async def close(self) -> None:
        """Wait for what is being read, close the connections; a later `run`, also one meanwhile, begins anew."""
        threads, self._threads = self._threads, []
        asked = [self._ask(None) for _ in threads]
        # A thread that is begun meanwhile must not take the farewell of one of these: that one would never end.
        self._jobs = SimpleQueue()
        for farewell in asked:
            await farewell
        for thread in threads:
            thread.join()

    def _ask(self, work: Work | None) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._jobs.put((loop, future, work))
        return future

    def _serve(self, jobs: SimpleQueue[_Job]) -> None:
        connection: sqlite3.Connection | None = None
        while True:
            loop, future, work = jobs.get()
            result, error = None, None
            try:
                if work is not None:
                    connection = connection or self._connect()
                    result = _read_through(connection, work)
            except BaseException as raised:
                error = raised
            if connection is not None and (work is None or isinstance(error, sqlite3.Error)):
                connection.close()  # after trouble it is opened anew
                connection = None
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits
                loop.call_soon_threadsafe(_tell, future, result, error)
            if work is None:
                return


def _read_through(connection: sqlite3.Connection, work: Work) -> Any:
    connection.execute("BEGIN")
    try:
        work(InThread(connection)).send(None)
    except StopIteration as done:
        return done.value
    finally:
        connection.execute("ROLLBACK")
    raise AssertionError("a reader's work waits for nothing but its statements")


def _tell(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():  # cancelled
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


def open_file(path: Path) -> sqlite3.Connection:
    """A connection to the file; its pragmas are the store's."""
    # One user at a time is our pool's promise, but not always the same thread.
    made = sqlite3.connect(path, check_same_thread=False, cached_statements=STATEMENTS_CACHED)
    # SQLite's own lower() knows no letters but the Latin ones: «ЖИЛ» would never find «Жилкомфорт» (icontains).
    made.create_function("lower", 1, _lower, deterministic=True)
    return made


def connector(path: Path, *, writer: bool) -> Callable[[], aiosqlite.Connection]:
    """What SQLAlchemy calls for a new connection; the pragmas are the store's."""

    connect = partial(open_file, path)

    def make() -> aiosqlite.Connection:
        kind = WriterConnection if writer else ReaderConnection
        made = kind(connect, iter_chunk_size=64)
        made._thread.daemon = True
        return made

    return make


class HintingCompiler(SQLiteCompiler):
    """Writes `with_hint(table, "INDEXED BY …", "sqlite")`, which SQLAlchemy's own compiler of SQLite leaves out."""

    def get_from_hint_text(self, table: object, text: str | None) -> str | None:
        return text
