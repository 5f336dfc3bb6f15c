"""Fixtures of the notices: the other sides of the channels, each on a port of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.notices.servers import HttpServer, MailServer, Smsc


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    server = MailServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def gateway() -> AsyncIterator[HttpServer]:
    server = HttpServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def pushes() -> AsyncIterator[HttpServer]:
    server = HttpServer(status=201, answer="")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def smsc() -> AsyncIterator[Smsc]:
    server = Smsc()
    await server.start()
    yield server
    await server.stop()
