"""The driver's connection: whoever closes it, and how often, nobody waits for a thread that has ended."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from callengine.store.sqlite import WriterConnection


async def opened(path: Path) -> WriterConnection:
    connection = WriterConnection(lambda: sqlite3.connect(path, check_same_thread=False), 64)
    await connection
    return connection


async def test_a_connection_that_is_stopped_amid_its_close_ends_all_the_same(tmp_path: Path) -> None:
    """As when a save is cancelled, and again while SQLAlchemy closes its connection: the engine could not stop then."""
    connection = await opened(tmp_path / "kept.db")
    closing = asyncio.ensure_future(connection.close())
    await asyncio.sleep(0)
    connection.stop()
    async with asyncio.timeout(5):
        await closing
    with pytest.raises(ValueError, match="no active connection"):
        await connection.begin(1)
    with pytest.raises(ValueError, match="closed"):
        await connection._in_thread(int)
    await connection.close()
