"""The world of duties on each database."""

from __future__ import annotations

import pytest

from callengine.clock import ManualClock
from callengine.store.database import Store
from tests.callbacks.world import World


@pytest.fixture
def world(store: Store, clock: ManualClock) -> World:
    return World(store, clock)
