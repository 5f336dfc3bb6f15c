"""The town with its robot: on SQLite for the rules of the room, on both databases for what the database must keep."""

from __future__ import annotations

import pytest

from callengine.clock import ManualClock
from callengine.store.database import Store
from tests.outreach.world import World, build


@pytest.fixture
async def world(sqlite_store: Store, clock: ManualClock) -> World:
    """Friday, 11:00 in Moscow."""
    return await build(sqlite_store, clock)


@pytest.fixture
async def both(store: Store, clock: ManualClock) -> World:
    """The same, once on SQLite and once on PostgreSQL."""
    return await build(store, clock)
