"""Chromium, the built pages and a fake engine for each test of the web workspace."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright

from callengine import bootstrap
from tests.web.fake_engine import FakeEngine

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and "desk" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def built() -> None:
    """The pages as they stand in src/."""
    bootstrap.web()


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser(built: None) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield chromium
        await chromium.close()


class Desk:
    """A browser page at a fake engine."""

    def __init__(self, engine: FakeEngine, page: Page, base: str) -> None:
        self.engine, self.page, self.base = engine, page, base
        self.mistakes: list[str] = []
        page.on("pageerror", lambda error: self.mistakes.append(str(error)))

    async def open(self, path: str = "/", *, who: str | None = "operator") -> Page:
        self.engine.who = who
        await self.page.goto(self.base + path)
        if who:
            await self.page.locator("nav.rail").wait_for()
            await self.page.wait_for_function("document.querySelectorAll('.bone').length === 0")
            # What is told before the live line stands would not be heard.
            async with asyncio.timeout(10):
                while not self.engine.sockets:
                    await asyncio.sleep(0.01)
        return self.page


@pytest_asyncio.fixture(loop_scope="session")
async def desk(browser: Browser) -> AsyncIterator[Desk]:
    engine = FakeEngine()
    runner = web.AppRunner(engine.app(), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    context = await browser.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme="light", locale="ru-RU", reduced_motion="reduce"
    )
    context.set_default_timeout(10_000)
    page = await context.new_page()
    desk = Desk(engine, page, f"http://127.0.0.1:{port}")
    yield desk
    await context.close()
    await runner.cleanup()
    assert desk.mistakes == []
