"""Offered to painted in Chromium, 30 calls at once, against a bare WebSocket message to paint, in the same run.

Ours: CallsService.save with thirty CallOffered on SQLite, the reactions, the card, the hub, the built page with its
dock; until the frame after the caller's number stands in the dock. Bare: one text by aiohttp's WebSocket to
a page that writes it down. Both in one browser and measured by one clock.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, async_playwright

from callengine import bootstrap
from callengine.calls import events as told
from callengine.calls.events import CallFact
from callengine.calls.model import CallKey, Conversation, Direction, Offer, Outcome, State, Talk
from callengine.clock import SystemClock
from callengine.directory.town import PASSWORD, load_town
from callengine.phone import parse
from callengine.store.database import Store
from callengine.store.migrate import migrate
from tests.api.conftest import CHEAP, ORIGIN_LINE, Desk
from tests.web.conftest import ARGS, CHROMIUM

AT_ONCE = 30
SAMPLES = 24
BLOCKS = 2
WARM = 2
PATIENCE = 10.0
PLACE = "aside.dock p.number"
WEB = Path(bootstrap.__file__).parent / "web" / "dist"

# Tells each number that comes to stand in the place, with the time of the frame after it was written.
WATCH = r"""(place) => {
  let last = "";
  const look = () => {
    const digits = (document.querySelector(place)?.textContent ?? "").replace(/\D/g, "");
    if (digits === last) return;
    last = digits;
    if (digits) requestAnimationFrame(() => painted(digits, performance.timeOrigin + performance.now()));
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""
BARE_PAGE = """<!doctype html><meta charset="utf-8"><p id="number"></p><script>
const number = document.getElementById("number");
new WebSocket(`ws://${location.host}/live`).onmessage = (e) => { number.textContent = e.data; };
</script>"""


class Watched:
    """A page that tells when a number was painted, by our clock."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._painted: dict[str, asyncio.Future[float]] = {}
        self._ahead = 0.0

    async def watch(self, place: str) -> None:
        await self.page.expose_binding("painted", lambda _, digits, at: self._told(digits, at))
        await self.page.evaluate(WATCH, place)
        readings = [await self._reading() for _ in range(30)]
        self._ahead = min(readings)[1]

    async def _reading(self) -> tuple[float, float]:
        """How long it took to ask the page's clock, and how far it stands before ours."""
        began = time.time()
        there = await self.page.evaluate("performance.timeOrigin + performance.now()")
        ended = time.time()
        return ended - began, there / 1000 - (began + ended) / 2

    def _told(self, digits: str, at: float) -> None:
        if (waiting := self._painted.get(digits)) is not None and not waiting.done():
            waiting.set_result(at / 1000 - self._ahead)

    def expect(self, number: str) -> asyncio.Future[float]:
        self._painted[number.lstrip("+")] = future = asyncio.get_running_loop().create_future()
        return future


class Ours:
    """The engine's web side as app.py wires it, on SQLite with the sample town, and the built page."""

    def __init__(self, desk: Desk, watched: Watched, operator: str) -> None:
        self._desk, self._watched, self._operator = desk, watched, operator
        self._clock = SystemClock()
        self._count = 0

    async def sample(self) -> float:
        """Seconds from the save of thirty offers to the paint of the one that is for this desk."""
        self._count += 1
        mine = self._count * 7 % AT_ONCE  # its place among the thirty changes
        arrived = [self._arrived(n) for n in range(AT_ONCE)]
        await self._save([told.CallArrived(call.arrived_at, call) for call in arrived])
        await self._quiet()
        now = self._clock.now()
        operators = [self._operator if n == mine else str(201 + n) for n in range(AT_ONCE)]
        pairs = zip(arrived, operators, strict=True)
        ringing = [c.evolve(state=State.OFFERED, offered_at=now, offers=(Offer(who, now),)) for c, who in pairs]
        offers = zip(ringing, operators, strict=True)
        facts: list[CallFact] = [told.CallOffered(now, call, who) for call, who in offers]
        painted = self._watched.expect(ringing[mine].number.value)
        began = time.time()
        await self._save(facts)
        seconds = await asyncio.wait_for(painted, PATIENCE) - began
        await self._end(ringing)
        return seconds

    def _arrived(self, n: int) -> Conversation:
        now = self._clock.now()
        number = parse(f"+7907{self._count:04d}{n:03d}")
        key = CallKey("main", f"{self._count}.{n}")
        return Conversation(key, Direction.INBOUND, now, number, did=ORIGIN_LINE, state=State.QUEUED, queued_at=now)

    async def _end(self, ringing: list[Conversation]) -> None:
        now = self._clock.now()
        facts: list[CallFact] = []
        for call in ringing:
            who = call.offers[0].operator
            took = call.evolve(
                state=State.ENDED,
                outcome=Outcome.ANSWERED,
                answered_at=now,
                ended_at=now,
                operator="199",
                offers=(Offer(who, call.offers[0].began_at, now, "elsewhere"),),
                talks=(Talk("199", now, now),),
            )
            facts += [told.OfferEnded(now, took, who, "elsewhere"), told.CallEnded(now, took)]
        await self._save(facts)
        await self._watched.page.locator(PLACE).wait_for(state="detached")
        await self._quiet()

    async def _save(self, facts: list[CallFact]) -> None:
        await self._desk.services.calls.save(facts)

    async def _quiet(self) -> None:
        """Every message is out: what is measured is this burst, and not the one before."""
        async with asyncio.timeout(PATIENCE):
            while self._desk.screens._waiting or self._desk.services.live.longest_queue:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)


class Bare:
    """One message to a page that writes it down."""

    def __init__(self, watched: Watched, socket: web.WebSocketResponse) -> None:
        self._watched, self._socket = watched, socket
        self._count = 0

    async def sample(self) -> float:
        self._count += 1
        number = f"7908{self._count:07d}"
        painted = self._watched.expect(number)
        await asyncio.sleep(0.1 + self._count * 7 % 30 / 1000)  # not in step with the frames
        began = time.time()
        await self._socket.send_str(number)
        return await asyncio.wait_for(painted, PATIENCE) - began


@asynccontextmanager
async def ours(browser: Browser, folder: Path) -> AsyncIterator[Ours]:
    url = f"sqlite+aiosqlite:///{folder / 'town.db'}"
    await asyncio.to_thread(migrate, url)
    store, clock = Store(url), SystemClock()
    await load_town(store, clock, CHEAP.hash)
    shutil.copytree(WEB, folder / "dist")
    desk = Desk(store, clock, folder)  # type: ignore[arg-type]
    await desk.open()
    page = await _page(browser, str(desk.client.make_url("/")))
    credentials = {"login": "petrova", "password": PASSWORD}
    await page.evaluate(
        """async (who) => { const r = await fetch("/api/v1/session", { method: "POST", body: JSON.stringify(who),
            headers: { "Content-Type": "application/json" } }); if (!r.ok) throw new Error(await r.text()); }""",
        credentials,
    )
    await page.goto(str(desk.client.make_url("/")))
    await page.locator("aside.dock").wait_for()
    async with asyncio.timeout(PATIENCE):
        while not desk.services.live.sockets:
            await asyncio.sleep(0.01)
    watched = Watched(page)
    await watched.watch(PLACE)
    member = next(m for m in await desk.services.access.members() if m.login == "petrova")
    assert member.extension
    yield Ours(desk, watched, member.extension)
    await page.context.close()
    await desk.close()
    await store.close()


@asynccontextmanager
async def bare(browser: Browser) -> AsyncIterator[Bare]:
    opened: asyncio.Future[web.WebSocketResponse] = asyncio.get_running_loop().create_future()

    async def show(request: web.Request) -> web.Response:
        return web.Response(text=BARE_PAGE, content_type="text/html")

    async def live(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        opened.set_result(socket)
        async for _ in socket:
            pass
        return socket

    application = web.Application()
    application.add_routes([web.get("/", show), web.get("/live", live)])
    server = TestServer(application)
    await server.start_server()
    page = await _page(browser, str(server.make_url("/")))
    watched = Watched(page)
    await watched.watch("#number")
    yield Bare(watched, await opened)
    await page.context.close()
    await server.close()


async def _page(browser: Browser, url: str) -> Page:
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, locale="ru-RU")
    page = await context.new_page()
    await page.goto(url)
    return page


async def _measure() -> tuple[list[float], list[float]]:
    painted: list[float] = []
    plain: list[float] = []
    with tempfile.TemporaryDirectory(prefix="bench-screen-") as folder:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
            async with ours(browser, Path(folder)) as our, bare(browser) as other:
                for _ in range(BLOCKS):  # in turn, so that a noisy neighbour disturbs both
                    for side, kept in ((our, painted), (other, plain)):
                        await side._watched.page.bring_to_front()
                        for n in range(WARM + SAMPLES // BLOCKS):
                            seconds = await side.sample()
                            if n >= WARM:
                                kept.append(seconds)
            await browser.close()
    return sorted(painted), sorted(plain)


def p99(ordered: list[float]) -> float:
    return ordered[round(0.99 * (len(ordered) - 1))]


def run() -> list[tuple[str, float, str]]:
    logging.disable(logging.WARNING)
    bootstrap.web()
    painted, plain = asyncio.run(_measure())
    logging.disable(logging.NOTSET)
    told_ms = f"({p99(painted) * 1000:.0f} ms / {p99(plain) * 1000:.0f} ms)"
    middle = len(painted) // 2
    return [
        (f"offered to painted, 30 calls at once, p99, / bare message {told_ms}", p99(painted) / p99(plain), "<=2.0"),
        ("offered to painted, 30 calls at once, median / bare message", painted[middle] / plain[middle], "<=2.0"),
    ]
