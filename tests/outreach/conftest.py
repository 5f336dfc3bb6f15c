"""The town with its robot, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest

from callengine.clock import ManualClock
from callengine.store.database import Store
from tests.outreach.world import World, build


@pytest.fixture
async def world(store: Store, clock: ManualClock) -> World:
    """Friday, 11:00 in Moscow."""
    return await build(store, clock)
