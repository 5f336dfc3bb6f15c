"""Statements compiled once and given to the driver with plain values.

SQLAlchemy builds, keys and wraps a statement anew at each run: 0.2 to 0.5 ms, where SQLite needs 0.02 ms for the rows.
What runs for every ticket and every page is compiled here once for each database, from the same Core constructs, so
that tables, types and dialects keep their one home. Values come by the names of their `bindparam`s and nothing else
does: no value of one run can stay for the next.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeVar
from weakref import ref

from sqlalchemy import JSON, Boolean, Float
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.store import jsons
from callengine.store.kept import Kept
from callengine.store.postgres import Glance
from callengine.store.sqlite import HintingCompiler, InThread, LeanConnection, WriterConnection

# What a statement is run on: a transaction's or a reader's connection, or the driver's own for a glance.
Reader = AsyncConnection | InThread | Glance
Process = Callable[[Any], Any]
Made = TypeVar("Made")
SEEN = 10_000  # rows of one statement whose things are kept

_named: Any = namedtuple  # of columns that are known at the start of the program, not to the type checker
_DIALECTS: Any = (sqlite.dialect, asyncpg.dialect)
_SQLITE, _POSTGRES = (dialect(**jsons.HOW) for dialect in _DIALECTS)
_SQLITE.statement_compiler = HintingCompiler


def is_postgres(conn: Reader) -> bool:
    if isinstance(conn, AsyncConnection):
        return conn.dialect.name == "postgresql"
    return isinstance(conn, Glance)


def kept_on(conn: Reader) -> Kept | None:
    """What is kept where the statements of this connection run; None where nothing is: readers, and PostgreSQL."""
    driver = _driver(conn) if isinstance(conn, AsyncConnection) else None
    return driver.kept if isinstance(driver, WriterConnection) else None


async def together(conn: Reader) -> None:
    """From now on one consistent view; where a reader has a transaction, or a thread of its own, it is so already."""
    if isinstance(conn, Glance):
        await conn.together()


async def keep(conn: Reader, key: Any, read: Callable[[], Awaitable[Made]]) -> Made:
    """What `read` gives, of the tables of store/kept.py alone; where things are kept it is read once.

    It belongs to all: nobody changes it.
    """
    kept = kept_on(conn)
    return await (read() if kept is None else kept.keep(key, read))


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as one database takes it."""

    text: str
    pick: Callable[[Mapping[str, Any]], tuple[Any, ...]]  # the values in the order of their places
    bind: tuple[tuple[int, Process], ...]  # which values are written differently from what they are
    constants: Mapping[str, Any]
    read: tuple[tuple[int, Process], ...]  # and which columns are read so
    row: Callable[[Sequence[Any]], Any] | None  # makes the row with its names

    def values(self, given: Mapping[str, Any]) -> tuple[Any, ...]:
        picked = self.pick({**self.constants, **given} if self.constants else given)
        if not self.bind:
            return picked
        values = list(picked)
        for at, process in self.bind:
            values[at] = process(values[at])
        return tuple(values)

    def rows(self, raw: Sequence[Sequence[Any]]) -> list[Any]:
        if self.row is None:
            return list(raw)
        if not self.read:
            return [self.row(row) for row in raw]
        made = []
        for row in raw:
            values = list(row)
            for at, process in self.read:
                values[at] = process(values[at])
            made.append(self.row(values))
        return made


class Prepared:
    """One statement for both databases. It may be a function of the dialect's module, for that dialect's own insert."""

    def __init__(self, statement: Any, *, raw: bool = False) -> None:
        """`raw`: rows come as the driver gives them, without names and types."""
        self._statement, self._raw = statement, raw
        self._compiled: dict[bool, _Compiled] = {}
        self._seen: dict[tuple[Any, ...], Any] = {}

    def on(self, postgres: bool) -> _Compiled:
        found = self._compiled.get(postgres)
        if found is None:
            made = self._statement
            if not hasattr(made, "compile"):
                made = made(postgresql if postgres else sqlite)
            found = self._compiled[postgres] = _compile(made, _POSTGRES if postgres else _SQLITE, self._raw)
        return found

    async def rows(self, conn: Reader, **given: Any) -> list[Any]:
        """Run it; its rows, with the names of their columns."""
        it, raw = await self._run(conn, given)
        return it.rows(raw)

    async def _run(self, conn: Reader, given: Mapping[str, Any]) -> tuple[_Compiled, Sequence[Sequence[Any]]]:
        if isinstance(conn, AsyncConnection):
            driver = _driver(conn)
            if isinstance(driver, LeanConnection):
                it = self.on(False)
                return it, await driver.rows(it.text, it.values(given))
        it = self.on(is_postgres(conn))
        return it, await run(conn, it.text, it.values(given))

    async def made(self, conn: Reader, make: Callable[[Any], Made], **given: Any) -> list[Made]:
        """Run it; what `make` makes of its rows. Of a row that was seen before it is the same thing once more.

        For rows that many tickets share and few people change. `make` is one function for one statement, its things
        are never changed; the whole row as the driver gave it is the key, so what was changed is made anew.
        """
        it, raw = await self._run(conn, given)
        found = []
        for row in raw:
            key = tuple(repr(value) if isinstance(value, list | dict) else value for value in row)  # JSON of asyncpg
            one = self._seen.get(key)
            if one is None:
                if len(self._seen) >= SEEN:
                    self._seen.clear()
                one = self._seen[key] = make(it.rows([row])[0])
            found.append(one)
        return found

    async def first(self, conn: Reader, **given: Any) -> Any:
        """The first row; None when there is none."""
        found = await self.rows(conn, **given)
        return found[0] if found else None

    async def scalar(self, conn: Reader, **given: Any) -> Any:
        """The first column of the first row; None when there is none."""
        it, raw = await self._run(conn, given)
        if not raw:
            return None
        value = raw[0][0]
        return it.read[0][1](value) if it.read and it.read[0][0] == 0 else value

    async def added(self, conn: AsyncConnection, **given: Any) -> int:
        """Insert one row; its id, which the statement for PostgreSQL returns and the one for SQLite does not.

        SQLite makes a trigger of RETURNING: for a ticket that took 0.1 ms, three times the insert.
        """
        driver = _driver(conn)
        if isinstance(driver, WriterConnection):
            it = self.on(False)
            return int(driver.change(it.text, it.values(given)).lastrowid or 0)
        return int(await self.scalar(conn, **given))

    async def changed(self, conn: AsyncConnection, **given: Any) -> int:
        """Run it; how many rows it changed."""
        driver = _driver(conn)
        if isinstance(driver, WriterConnection):
            it = self.on(False)
            return driver.change(it.text, it.values(given)).rowcount
        it = self.on(is_postgres(conn))
        return (await conn.exec_driver_sql(it.text, it.values(given))).rowcount

    async def many(self, conn: AsyncConnection, given: Sequence[Mapping[str, Any]]) -> None:
        """Run it once for each; gives no rows."""
        driver = _driver(conn)
        if isinstance(driver, LeanConnection):
            it = self.on(False)
            await driver.many(it.text, [it.values(one) for one in given])
        else:
            it = self.on(is_postgres(conn))
            await run_many(conn, it.text, [it.values(one) for one in given])


async def run(conn: Reader, text: str, values: tuple[Any, ...]) -> Sequence[Sequence[Any]]:
    """Text and values as the database's driver takes them; the rows as it gives them."""
    if isinstance(conn, InThread):
        return conn.rows(text, values)
    if isinstance(conn, Glance):
        return await conn.rows(text, values)
    driver = _driver(conn)
    if isinstance(driver, LeanConnection):
        return await driver.rows(text, values)
    result = await conn.exec_driver_sql(text, values)
    return result.all() if result.returns_rows else ()


async def run_many(conn: AsyncConnection, text: str, values: Sequence[tuple[Any, ...]]) -> None:
    """The same once for each of the values."""
    driver = _driver(conn)
    if isinstance(driver, LeanConnection):
        await driver.many(text, values)
    elif values:
        await conn.exec_driver_sql(text, list(values))


# SQLite's one writer, which is open as long as the store: to ask SQLAlchemy for it takes as long as a small statement.
# By the connection's id, for to compare connections takes SQLAlchemy half as long; it holds while the connection lives.
_WRITERS: dict[int, tuple[ref[AsyncConnection], WriterConnection]] = {}


def remember(conn: AsyncConnection, writer: WriterConnection) -> None:
    """Statements on this connection are run by this driver's, as long as it is used."""
    its = id(conn)
    _WRITERS[its] = ref(conn, lambda gone: _forget(its, gone)), writer


def _forget(its: int, gone: ref[AsyncConnection]) -> None:
    if its in _WRITERS and _WRITERS[its][0] is gone:  # else the id is another's by now
        del _WRITERS[its]


def _driver(conn: AsyncConnection) -> Any:
    found = _WRITERS.get(id(conn))
    if found is not None and found[0]() is conn:
        return found[1]
    assert conn.sync_connection is not None
    return conn.sync_connection.connection.driver_connection


def _compile(statement: Any, dialect: Any, raw: bool) -> _Compiled:
    compiled = statement.compile(dialect=dialect)
    names = tuple(compiled.positiontup)
    types = {name: _written(compiled.binds[name].type, dialect) for name in names}
    # A bindparam with a name of its own always gets its value at the run, also where the statement was built with one.
    constants = {name: compiled.binds[name].effective_value for name in names if compiled.binds[name].unique}
    read, row = [], None
    columns = [] if raw else list(getattr(statement, "exported_columns", ()))
    if columns:
        row = _named("Row", [getattr(column, "name", "_") for column in columns], rename=True)._make
        for at, column in enumerate(columns):
            if isinstance(column.type, Float):  # both drivers give a float
                continue
            process = column.type.dialect_impl(dialect).result_processor(dialect, None)
            if process is not None:
                read.append((at, process))
    bind = tuple((at, process) for at, name in enumerate(names) if (process := types[name]) is not None)
    return _Compiled(compiled.string, _picker(names), bind, constants, tuple(read), row)


def _written(type_: Any, dialect: Any) -> Process | None:
    """How a value of the type is written; None when the driver takes it as it is."""
    if isinstance(type_, Boolean):  # True is 1 for SQLite's driver too
        return None
    if type(type_) is JSON and not type_.none_as_null and dialect is _SQLITE:
        return jsons.written  # what SQLAlchemy would come to, without its question whether the value is a NULL of SQL
    process: Process | None = type_.dialect_impl(dialect).bind_processor(dialect)
    return process


def _picker(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda given: tuple(given[name] for name in names)
