"""Offered to painted in Chromium, 30 calls at once, against a bare WebSocket message to paint, in the same run.

Ours: thirty operators are connected, thirty phones begin to ring in one drain of a bridge, on SQLite: from the
tracker's facts through the bridge (what is said ahead, the commit, the reactions, the hub) and the built page, until
the frame in which the caller's number stands in the dock is made; beside it, until the card of the message after the
commit stands there too. The
watched operator has a changing place among the thirty, and a resident of the town calls him. The callers arrived before
that and were read meanwhile, as while the greeting plays. Bare: a WebSocket server without anything else sends
thirty messages as long as the first one of ours to thirty sockets, the watched page among them at a changing place, and
the page writes the text down. Both in one browser, in turn, measured by one clock; the other 29 sockets are of another
process.
Neighbours on the machine: a sample of either side begins when the processors were mostly idle for a moment. That is
asked before it, never after: no sample is left out. How many began on a busy machine all the same stands in the row.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, async_playwright
from sqlalchemy import insert
from yarl import URL

from callengine import bootstrap
from callengine.bridge import Bridge
from callengine.calls import events as told
from callengine.calls.events import CallFact
from callengine.calls.model import CallKey, Conversation, Direction, Offer, Outcome, State, Talk
from callengine.clock import SystemClock
from callengine.config import Locale, OnePbx
from callengine.directory.town import PASSWORD, load_town
from callengine.phone import parse
from callengine.store.database import Store
from callengine.store.migrate import migrate
from callengine.store.tables import staff
from tests.api.conftest import CHEAP, ORIGIN_LINE, Desk
from tests.web.conftest import ARGS, CHROMIUM

AT_ONCE = 30
SAMPLES = 120
BLOCKS = 10
WARM = 2
PATIENCE = 30.0
PLACE = "aside.dock p.number"
CARD = "aside.dock .dockbody .person"
READINGS = 100
LOOK_SECONDS, CALM_SECONDS, IDLE = 0.04, 1.0, 0.7
FIRST = 201  # the other operators' extensions begin here
WEB = Path(bootstrap.__file__).parent / "web" / "dist"

# Tells each number that comes to stand in the place, and then that the rest stands too: each with the moment at which
# the frame that shows it was made. A task posted from the frame's callback runs after its style, layout and paint.
WATCH = r"""([place, rest]) => {
  let number = "", whole = "";
  const tell = (what, digits) => requestAnimationFrame(() => {
    const after = new MessageChannel();
    after.port1.onmessage = () => painted(what, digits, performance.timeOrigin + performance.now());
    after.port2.postMessage(0);
  });
  const look = () => {
    const digits = (document.querySelector(place)?.textContent ?? "").replace(/\D/g, "");
    if (digits !== number) { number = digits; if (digits) tell("number", digits); }
    if (digits && digits !== whole && document.querySelector(rest)) tell("rest", (whole = digits));
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""
BARE_PAGE = """<!doctype html><meta charset="utf-8"><p id="number"></p><script>
const number = document.getElementById("number");
new WebSocket(`ws://${location.host}/live`).onmessage = (e) => { number.textContent = e.data; };
</script>"""


@dataclass
class Sample:
    """Seconds until the number, and until all that comes with it; whether it began on a calm machine."""

    number: float
    rest: float
    calm: bool = False


async def _calm() -> bool:
    """Wait until the processors were mostly idle for a moment; False: they were not for so long."""
    ends = time.monotonic() + CALM_SECONDS
    before = _processors()
    while time.monotonic() < ends:
        await asyncio.sleep(LOOK_SECONDS)
        after = _processors()
        idle, passed = after[0] - before[0], after[1] - before[1]
        if idle >= IDLE * passed:
            return True
        before = after
    return False


def _processors() -> tuple[int, int]:
    """Idle time of all processors, and all their time, in the kernel's ticks since it started (proc_stat(5))."""
    times = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return times[3] + times[4], sum(times)


async def _nothing(*_: object) -> None:
    pass


class Watched:
    """A page that tells when a number was painted, by our clock."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._painted: dict[tuple[str, str], asyncio.Future[float]] = {}
        self._ahead = 0.0

    async def watch(self, place: str, rest: str) -> None:
        await self.page.expose_binding("painted", lambda _, what, digits, at: self._told(what, digits, at))
        await self.page.evaluate(WATCH, [place, rest])

    async def to_front(self) -> None:
        await self.page.bring_to_front()
        readings = [await self._reading() for _ in range(READINGS)]
        self._ahead = min(readings)[1]

    async def _reading(self) -> tuple[float, float]:
        """How long it took to ask the page's clock, and how far it stands before ours."""
        began = time.time()
        there = await self.page.evaluate("performance.timeOrigin + performance.now()")
        ended = time.time()
        return ended - began, there / 1000 - (began + ended) / 2

    def _told(self, what: str, digits: str, at: float) -> None:
        if (waiting := self._painted.get((what, digits))) is not None and not waiting.done():
            waiting.set_result(at / 1000 - self._ahead)

    def expect(self, number: str) -> Callable[[float], Awaitable[Sample]]:
        """Before the number is sent; what comes back waits for its paints, given when it began."""
        loop, digits = asyncio.get_running_loop(), number.lstrip("+")
        painted = [loop.create_future(), loop.create_future()]
        self._painted = dict(zip((("number", digits), ("rest", digits)), painted, strict=True))

        async def sample(began: float) -> Sample:
            async with asyncio.timeout(PATIENCE):
                return Sample(*[await one - began for one in painted])

        return sample


class Ours:
    """The engine's web side as app.py wires it, on SQLite with the sample town, and the built page."""

    def __init__(self, desk: Desk, watched: Watched, operator: str, residents: list[str]) -> None:
        self._desk, self.watched, self._operator = desk, watched, operator
        self._residents = residents
        self._clock = SystemClock()
        self._count = 0
        self.bytes = 0  # of the first message of the last offer to the watched page
        self._written: list[int] = []
        self.bridge = Bridge(
            OnePbx(name="main"),
            self._clock,
            locale=Locale(),
            calls=desk.services.calls,
            coverage=desk.services.coverage,
            on_state=_nothing,
            on_resynced=_nothing,
            on_dialled=_nothing,
        )
        self.bridge.ahead = desk.screens.ringing

    def weigh(self) -> None:
        """Note how long the messages are that the watched page's socket gets in place."""
        (socket,) = self._desk.services.live._of_extension[self._operator]
        at_once = socket._at_once
        assert at_once

        def noted(raw: bytes) -> bool:
            self._written.append(len(raw))
            return at_once(raw)

        socket._at_once = noted

    async def sample(self) -> Sample:
        """From the tracker's thirty offers to the paint of the one that is for this desk."""
        self._count += 1
        mine = self._count * 7 % AT_ONCE  # its place among the thirty changes
        arrived = [self._arrived(n, n == mine) for n in range(AT_ONCE)]
        await self._save([told.CallArrived(call.arrived_at, call) for call in arrived])
        await self._quiet()
        now = self._clock.now()
        operators = [self._operator if n == mine else str(FIRST + n) for n in range(AT_ONCE)]
        pairs = zip(arrived, operators, strict=True)
        ringing = [c.evolve(state=State.OFFERED, offered_at=now, offers=(Offer(who, now),)) for c, who in pairs]
        offers = zip(ringing, operators, strict=True)
        facts: list[CallFact] = [told.CallOffered(now, call, who) for call, who in offers]
        calm = await _calm()
        self._written.clear()
        painted = self.watched.expect(ringing[mine].number.value)
        began = time.time()
        await self._save(facts)
        sample = replace(await painted(began), calm=calm)
        self.bytes = self._written[0]
        await self._end(ringing)
        return sample

    def _arrived(self, n: int, mine: bool) -> Conversation:
        now = self._clock.now()
        resident = self._residents[self._count % len(self._residents)]
        number = parse(resident if mine else f"+7907{self._count:04d}{n:03d}")
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
        await self.watched.page.locator(PLACE).wait_for(state="detached")
        await self._quiet()

    async def _save(self, facts: list[CallFact]) -> None:
        await self.bridge.take(facts)

    async def _quiet(self) -> None:
        """Every caller is read, every message is out: what is measured is this burst, and not the one before."""
        screens, hub = self._desk.screens, self._desk.services.live
        async with asyncio.timeout(PATIENCE):
            while not screens.idle or screens.offers.preparing or hub.longest_queue:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1 + self._count * 7 % 30 / 1000)  # not in step with the frames


class Bare:
    """As many messages, as long, to as many sockets; one page writes its own down."""

    def __init__(self, watched: Watched, sockets: list[web.WebSocketResponse]) -> None:
        self.watched, self._sockets = watched, sockets
        self._count = 0
        self.bytes = 0

    async def sample(self) -> Sample:
        self._count += 1
        mine = self._count * 7 % AT_ONCE
        numbers = [f"7908{self._count:05d}{n:02d}" for n in range(AT_ONCE)]
        texts = [f"{number} ".ljust(self.bytes, "-") for number in numbers]
        watched, *others = self._sockets
        sockets = [*others[:mine], watched, *others[mine:]]
        await asyncio.sleep(0.1 + self._count * 7 % 30 / 1000)
        calm = await _calm()
        painted = self.watched.expect(numbers[mine])
        began = time.time()
        for socket, text in zip(sockets, texts, strict=True):
            await socket.send_str(text)
        return replace(await painted(began), calm=calm)


@asynccontextmanager
async def listening(url: URL, tokens: list[str]) -> AsyncIterator[None]:
    """The other operators' screens."""
    command = [sys.executable, "-m", "tests.bench.listeners", str(url.host), str(url.port), url.path]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdin and process.stdout
    process.stdin.write("\n".join(tokens).encode())
    process.stdin.close()
    assert await asyncio.wait_for(process.stdout.readline(), PATIENCE) == b"ready\n"
    try:
        yield
    finally:
        process.kill()
        await process.wait()


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
    await watched.watch(PLACE, CARD)
    member = next(m for m in await desk.services.access.members() if m.login == "petrova")
    assert member.extension
    residents = await desk.services.directory.sample_numbers(500)
    live = desk.client.make_url("/api/v1/live")
    async with listening(live, [await _operator(desk, str(FIRST + n)) for n in range(AT_ONCE - 1)]):
        our = Ours(desk, watched, member.extension, residents)
        our.weigh()
        yield our
        await our.bridge.close()
        assert desk.services.live.sockets == AT_ONCE, "all heard all"
    await page.context.close()
    await desk.close()
    await store.close()


async def _operator(desk: Desk, extension: str) -> str:
    """One more operator; his token."""
    person = {"login": f"operator{extension}", "name": f"Operator {extension}", "role": "operator"}
    async with desk.store.begin() as tx:
        made = await tx.conn.execute(insert(staff).values(**person, extension=extension).returning(staff.c.id))
        staff_id = made.scalar_one()
    return await desk.services.access.create_token(person["name"], "operator", staff_id=staff_id)


@asynccontextmanager
async def bare(browser: Browser) -> AsyncIterator[Bare]:
    sockets: list[web.WebSocketResponse] = []

    async def show(request: web.Request) -> web.Response:
        return web.Response(text=BARE_PAGE, content_type="text/html")

    async def live(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        sockets.append(socket)
        async for _ in socket:
            pass
        return socket

    application = web.Application()
    application.add_routes([web.get("/", show), web.get("/live", live)])
    server = TestServer(application)
    await server.start_server()
    page = await _page(browser, str(server.make_url("/")))
    watched = Watched(page)
    await watched.watch("#number", "#number")
    async with asyncio.timeout(PATIENCE):
        while not sockets:
            await asyncio.sleep(0.01)
    async with listening(server.make_url("/live"), [""] * (AT_ONCE - 1)):
        yield Bare(watched, sockets)
    await page.context.close()
    await server.close()


async def _page(browser: Browser, url: str) -> Page:
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, locale="ru-RU")
    page = await context.new_page()
    await page.goto(url)
    return page


async def _measure() -> tuple[list[Sample], list[Sample]]:
    painted: list[Sample] = []
    plain: list[Sample] = []
    with tempfile.TemporaryDirectory(prefix="bench-screen-") as folder:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
            async with ours(browser, Path(folder)) as our, bare(browser) as other:
                for _ in range(BLOCKS):  # in turn, so that a noisy neighbour disturbs both
                    painted += await _block(our)
                    other.bytes = our.bytes
                    plain += await _block(other)
            await browser.close()
    return painted, plain


async def _block(side: Ours | Bare) -> list[Sample]:
    await side.watched.to_front()
    return [await side.sample() for _ in range(WARM + SAMPLES // BLOCKS)][WARM:]


def _at(share: float, seconds: list[float]) -> float:
    return sorted(seconds)[round(share * (len(seconds) - 1))]


def run() -> list[tuple[str, float, str]]:
    logging.disable(logging.WARNING)
    bootstrap.web()
    painted, plain = asyncio.run(_measure())
    logging.disable(logging.NOTSET)
    busy = sum(not one.calm for one in painted + plain)
    noise = f"; {busy} of {len(painted + plain)} began on a busy machine" if busy else ""
    return [_row(name, share, painted, plain, noise) for name, share in (("p99", 0.99), ("median", 0.5))]


def _row(name: str, share: float, painted: list[Sample], plain: list[Sample], noise: str) -> tuple[str, float, str]:
    number, bare_number = _at(share, [it.number for it in painted]), _at(share, [it.number for it in plain])
    card = _at(share, [it.rest for it in painted])
    took = f"({number * 1000:.1f} ms / {bare_number * 1000:.1f} ms; the whole card {card * 1000:.1f} ms{noise})"
    return f"offered to painted, 30 calls at once, {name}, / bare messages {took}", number / bare_number, "<=2.0"
