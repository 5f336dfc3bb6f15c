"""PostgreSQL connections for a glance: a statement or two by the driver itself, without the pool's own trips.

A connection of SQLAlchemy's pool is asked whether it lives (three trips), then told BEGIN and ROLLBACK (two more): as
long as the page of a list takes. Here a connection is kept, found dead by its first statement, and replaced.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

PREPARED = 300  # statements of one connection
Work = Callable[["Glance"], Awaitable[Any]]
# How the driver says that a connection is dead; the last one when the server's farewell came just as we asked.
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.AdminShutdownError,
    asyncpg.InternalClientError,
    asyncpg.InvalidCachedStatementError,  # the tables were changed under a statement that was prepared before
    OSError,
)


class Glance:
    """One reader's connection. Each statement sees what is committed; all after `together` see one moment."""

    def __init__(self, held: AsyncConnection, driver: Any) -> None:
        self._held, self._driver = held, driver
        self._open = False
        self._prepared: dict[str, Any] = {}

    async def rows(self, text: str, values: tuple[Any, ...]) -> list[Any]:
        statement = self._prepared.get(text)
        if statement is None:
            if len(self._prepared) >= PREPARED:
                self._prepared.clear()
            statement = self._prepared[text] = await self._driver.prepare(text)
        found: list[Any] = await statement.fetch(*values)
        return found

    async def together(self) -> bool:
        """From now on one consistent view; False when it was so already."""
        if self._open:
            return False
        await self._driver.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self._open = True
        return True

    async def end(self) -> None:
        if self._open:
            await self._driver.execute("ROLLBACK")
            self._open = False

    async def discard(self) -> None:
        self._driver.terminate()
        await self._held.invalidate()
        await self._held.close()


class Glances:
    """The kept connections, `most` at once. `engine` opens them: whoever holds us hears of its errors there."""

    def __init__(self, url: str, most: int) -> None:
        self.engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._free: list[Glance] = []
        self._room = asyncio.Semaphore(most)

    async def run(self, work: Work) -> Any:
        """What the work gives; once more on a new connection when a kept one was dead. Raises the driver's errors."""
        async with self._room:
            while self._free:
                kept = self._free.pop()
                try:
                    return await self._with(kept, work)
                except LOST:
                    continue
            return await self._with(await self._open(), work)

    async def close(self) -> None:
        free, self._free = self._free, []
        for kept in free:
            await kept.discard()
        await self.engine.dispose()

    async def _open(self) -> Glance:
        held = await self.engine.connect()
        driver: Any = (await held.get_raw_connection()).driver_connection
        await driver.execute("SET default_transaction_read_only = on")
        return Glance(held, driver)

    async def _with(self, kept: Glance, work: Work) -> Any:
        try:
            found = await work(kept)
            await kept.end()
        except BaseException:
            await kept.discard()
            raise
        self._free.append(kept)
        return found
