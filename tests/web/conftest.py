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
from playwright.async_api import Browser, Page, Response, async_playwright, expect

from callengine import bootstrap
from callengine.clock import ManualClock
from callengine.store.database import Store
from tests.api.conftest import Desk as Services
from tests.api.conftest import tokens_of, town_template
from tests.web.fake_engine import DIST, FakeEngine

__all__ = ["town_template"]

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
# A second --disable-features takes the place of the first, so Playwright's own list stands here too.
NEEDLESS = (
    # Two pages of the browser's own address bar, made anew for each window: 0.6 s of processor time for every test.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(NEEDLESS)}",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and {"desk", "served"} & set(getattr(item, "fixturenames", ())):
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
            await expect(self.page.locator(".bone")).to_have_count(0, timeout=10_000)
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
    assert engine.strange == [], "the real engine would refuse what the page asks"


class Served:
    """A browser at the real services on the sample town; only the PBX is a stand-in."""

    def __init__(self, services: Services, page: Page, base: str) -> None:
        self.services, self.page, self.base = services, page, base
        self.mistakes: list[str] = []
        page.on("pageerror", lambda error: self.mistakes.append(str(error)))
        page.on("response", self._mind)

    def _mind(self, answer: Response) -> None:
        """A question of the page's own that the engine does not understand is the page's mistake."""
        if answer.request.method == "GET" and answer.status in (400, 422):
            self.mistakes.append(f"{answer.status} {answer.url}")

    async def sign_in(self, login: str, password: str = "sandbox-1") -> Page:
        """Signs a person of the town in, as the gate does; the next `open` is his."""
        staff_id = await self.services.staff_id(login)
        assert staff_id is not None, login
        await self.services.set_password(staff_id, password)
        await self.page.context.clear_cookies()
        answer = await self.page.context.request.post(
            f"{self.base}/api/v1/session", data={"login": login, "password": password}
        )
        assert answer.ok, await answer.text()
        return self.page

    async def open(self, path: str) -> Page:
        await self.page.goto(self.base + path)
        await self.page.locator("main, nav.rail").first.wait_for()
        await expect(self.page.locator(".bone")).to_have_count(0)
        return self.page


@pytest_asyncio.fixture(loop_scope="session")
async def served(browser: Browser, town_template: Path, tmp_path: Path, database_dir: Path) -> AsyncIterator[Served]:
    shutil.copyfile(town_template, database_dir / "town.db")
    store = Store(f"sqlite+aiosqlite:///{database_dir / 'town.db'}")
    services = Services(store, ManualClock(), tmp_path)
    services.services.web_dir = DIST
    await services.open(tokens_of(town_template))
    context = await browser.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme="light", locale="ru-RU", reduced_motion="reduce"
    )
    context.set_default_timeout(10_000)
    page = await context.new_page()
    opened = Served(services, page, str(services.client.make_url("/")).rstrip("/"))
    yield opened
    await context.close()
    await services.close()
    await store.close()
    assert opened.mistakes == []
