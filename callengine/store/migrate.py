"""Brings a database to the newest schema: `callengine migrate`, the start of the engine, and the tests."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from callengine.errors import EngineError
from callengine.store.database import SQLITE_BUSY_MILLISECONDS, sqlite_path, translate_errors

# Two engines that start at once migrate one after the other: any number, the same in all versions.
_ADVISORY_LOCK = 0x63616C6C


def migrate(url: str) -> None:
    """Upgrade the database at `url`, all or nothing; safe to run twice and by two processes at once.

    Not to be called where an event loop runs: there use `await asyncio.to_thread(migrate, url)`.
    """
    if path := sqlite_path(url):
        path.parent.mkdir(parents=True, exist_ok=True)
    asyncio.run(_migrate(url))


def scripts() -> Path:
    """Where the migrations live: inside an installed wheel, or at the top of the source tree."""
    installed = Path(__file__).with_name("migrations")
    source = Path(__file__).resolve().parents[2] / "migrations"
    for place in (installed, source):
        if (place / "env.py").is_file():
            return place
    raise EngineError(f"the migrations are missing: neither {installed} nor {source} holds them; install again")


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without any ini file."""
    made = Config()
    made.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


async def _migrate(url: str) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    translate_errors(engine)
    try:
        if engine.dialect.name == "sqlite":
            _begin_immediate(engine)
        async with engine.begin() as conn:
            if engine.dialect.name == "postgresql":
                await conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            await conn.run_sync(lambda sync: command.upgrade(config(sync), "head"))
    finally:
        await engine.dispose()


def _begin_immediate(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        # Off while tables are rebuilt (SQLite's own advice); the store's connections put it on.
        cursor.execute("PRAGMA foreign_keys=OFF")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
