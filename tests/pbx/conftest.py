"""The fake PBX, started and stopped."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.pbx.fake_ami import FakeAmi, Heard


@pytest.fixture
async def fake() -> AsyncIterator[FakeAmi]:
    fake = FakeAmi()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
def heard() -> Heard:
    return Heard()
