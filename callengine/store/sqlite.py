"""SQLite connections that go to their thread only for what may block: a lock, a commit's fsync, a long query.

aiosqlite takes each step of a statement (cursor, execute, fetch, close) to a thread and back: four trips of about
0.1 ms for an insert of 0.02 ms. The writer's small statements run in place, between BEGIN IMMEDIATE, which may wait
for a lock, and COMMIT, which waits for the disk. A reader's statement is one trip with its rows.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler

STATEMENTS_CACHED = 256
# The writer's statements that may wait; BEGIN, COMMIT and ROLLBACK are methods of their own.
_WAITS = ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "VACUUM", "ANALYZE")
_TRIVIAL = ("BEGIN", "ROLLBACK")


class LeanConnection(aiosqlite.Connection):
    """aiosqlite's connection; `_execute` is the one door to its thread, and this one looks at what comes."""

    _closing = False

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not self._running or self._connection is None:
            raise ValueError("Connection closed")
        if self._in_place(fn.__name__, args):
            return fn(*args, **kwargs)
        return await self._in_thread(partial(fn, *args, **kwargs))

    def _in_thread(self, work: Callable[[], Any]) -> asyncio.Future[Any]:
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


class WriterConnection(LeanConnection):
    """Runs the statements of a transaction in place; many rows at once, and all that waits, in the thread."""

    def _in_place(self, name: str, args: tuple[Any, ...]) -> bool:
        if name == "execute":
            return not str(args[0]).lstrip()[:8].upper().startswith(_WAITS)
        return name in ("cursor", "fetchall", "fetchmany", "fetchone") or (name == "close" and not self._closing)

    async def rows(self, text: str, values: tuple[Any, ...]) -> list[Any]:
        return self._conn.execute(text, values).fetchall()

    async def many(self, text: str, values: Sequence[tuple[Any, ...]]) -> None:
        """In place: some rows of one ticket are written sooner than a thread is asked to."""
        self._conn.executemany(text, values)

    async def begin(self, busy_milliseconds: int) -> None:
        """BEGIN IMMEDIATE: at once when nobody holds the lock, else in the thread until he lets go."""
        try:
            self._conn.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            await self._in_thread(partial(self._begin_patiently, busy_milliseconds))

    def _begin_patiently(self, busy_milliseconds: int) -> None:
        self._conn.execute(f"PRAGMA busy_timeout={busy_milliseconds}")
        try:
            self._conn.execute("BEGIN IMMEDIATE")
        finally:
            self._conn.execute("PRAGMA busy_timeout=0")

    async def commit_to_disk(self) -> asyncio.CancelledError | None:
        """COMMIT, to its end even when we are cancelled meanwhile; gives the cancellation back for later."""
        cancelled = None
        done = self._in_thread(partial(self._conn.execute, "COMMIT"))
        while not done.done():
            try:
                await asyncio.shield(done)
            except asyncio.CancelledError as error:
                cancelled = error
        done.result()
        return cancelled

    async def roll_back(self) -> None:
        """End what is open, after whatever the thread still does."""
        await self._in_thread(self._roll_back)

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


def connector(path: Path, *, writer: bool) -> Callable[[], aiosqlite.Connection]:
    """What SQLAlchemy calls for a new connection; the pragmas are the store's."""

    def connect() -> sqlite3.Connection:
        # One user at a time is our pool's promise, but not always the same thread.
        made = sqlite3.connect(path, check_same_thread=False, cached_statements=STATEMENTS_CACHED)
        # SQLite's own lower() knows no letters but the Latin ones: «ЖИЛ» would never find «Жилкомфорт» (icontains).
        made.create_function("lower", 1, _lower, deterministic=True)
        return made

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
