"""The store: one writer's transaction with its reactions, and readers beside it.

    async with store.begin() as tx:
        await tx.tell(CallMissed(...))     # reactions `within` run now, in this transaction

What `after` reactions do (push to screens) happens when the commit has returned, never before.
The network is never awaited inside `begin()`: SQLite has one writer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, event
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.types import TypeDecorator

log = logging.getLogger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SQLITE_BUSY_MILLISECONDS = 15_000

Within = Callable[["Tx", Any], Awaitable[None]]
After = Callable[[Any], Awaitable[None] | None]


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime: timestamptz on PostgreSQL, microseconds since 1970 on SQLite (sorts, compares, small)."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        delta = value - _EPOCH
        return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return datetime.fromtimestamp(value // 1_000_000, UTC).replace(microsecond=value % 1_000_000)


class Tx:
    """One open transaction: `conn` for the queries, `tell` for the facts."""

    def __init__(self, conn: AsyncConnection, within: Mapping[type, Sequence[Within]]) -> None:
        self.conn = conn
        self.told: list[Any] = []
        self._within = within

    @property
    def is_postgres(self) -> bool:
        return self.conn.dialect.name == "postgresql"

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
        self._write_lock = asyncio.Lock()
        self._writer = self._engine(pool_size=1 if self.is_sqlite else 5)
        self._reader = self._engine(pool_size=4) if self.is_sqlite else self._writer

    def _engine(self, *, pool_size: int) -> AsyncEngine:
        engine = create_async_engine(self.url, pool_size=pool_size, max_overflow=0 if self.is_sqlite else 10)
        if self.is_sqlite:
            event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        return engine

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Tx]:
        """A write transaction; commits at the end, rolls back on any error, then runs the `after` reactions."""
        if self.is_sqlite:
            async with self._write_lock:
                tx = await self._run_begin_sqlite()
                try:
                    yield tx
                    await tx.conn.exec_driver_sql("COMMIT")
                except BaseException:
                    await asyncio.shield(_rollback(tx.conn))
                    raise
                finally:
                    await asyncio.shield(tx.conn.close())
        else:
            async with self._writer.begin() as conn:
                tx = Tx(conn, self.within)
                yield tx
        await self._tell_after(tx)

    async def _run_begin_sqlite(self) -> Tx:
        conn = await self._writer.connect()
        try:
            await conn.exec_driver_sql("BEGIN IMMEDIATE")
        except BaseException:
            await conn.close()
            raise
        return Tx(conn, self.within)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading: one consistent view, never behind the writer's lock."""
        async with self._reader.connect() as conn:
            if self.is_sqlite:
                await conn.exec_driver_sql("BEGIN")
            try:
                yield conn
            finally:
                if self.is_sqlite:
                    await _rollback(conn)

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

    async def close(self) -> None:
        await self._reader.dispose()
        await self._writer.dispose()


async def _rollback(conn: AsyncConnection) -> None:
    try:
        await conn.exec_driver_sql("ROLLBACK")
    except Exception:  # the transaction may be gone already (a full disk rolls back by itself)
        log.debug("rollback found no transaction", exc_info=True)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # We say BEGIN ourselves: the driver's own implicit transactions begin too late and not IMMEDIATE.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={SQLITE_BUSY_MILLISECONDS}",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
