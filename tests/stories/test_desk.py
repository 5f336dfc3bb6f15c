"""A newcomer's first minutes: `make run`, a browser, one sign-in; a call becomes a ticket, a missed one a callback."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from callengine import bootstrap
from tests.pbx_fixture import free_ports, sandbox_settings
from tests.stories.conftest import versions
from tests.stories.engine import HOME
from tests.web.conftest import ARGS, CHROMIUM
from tests.web.test_axe import AXE, look

pytestmark = [pytest.mark.pbx, pytest.mark.browser]

READY = re.compile(r"^callengine ready (http://\S+)$", re.MULTILINE)
DEADLINE_MS = 20_000


class SandboxEngine:
    """`callengine run` as `make run` starts it: in sandbox mode, with an Asterisk of its own."""

    def __init__(self, folder: Path, version: str, *, more: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.log = folder / "engine.log"
        self.url = ""
        (http,) = free_ports(1)
        self._settings = sandbox_settings(folder / "sandbox", version=version)
        sandbox, pbx = self._settings.sandbox, self._settings.pbx
        self._env = {
            **os.environ,
            "PYTHONPATH": str(HOME),
            "CALLENGINE_HTTP__PORT": str(http),
            "CALLENGINE_STORE__URL": f"sqlite:///{folder}/engine.db",
            "CALLENGINE_RECORDINGS__DIR": str(folder / "recordings"),
            "CALLENGINE_PBX__MODE": "sandbox",
            "CALLENGINE_PBX__AMI_PORT": str(pbx.ami_port),
            "CALLENGINE_PBX__FASTAGI_PORT": str(pbx.fastagi_port),
            "CALLENGINE_SANDBOX__DIR": str(sandbox.dir),
            "CALLENGINE_SANDBOX__ROOT": sandbox.root,
            "CALLENGINE_SANDBOX__ASTERISK": version,
            "CALLENGINE_SANDBOX__SIP_PORT": str(sandbox.sip_port),
            "CALLENGINE_SANDBOX__TRUNK_PORT": str(sandbox.trunk_port),
            **(more or {}),
        }
        self.sip_port = sandbox.sip_port
        self._instance = f"pbx-{sandbox.sip_port}"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Until it prints its one line."""
        spoken = HOME / "var/sandbox/prompts"  # every run would speak the same prompts again
        spoken.mkdir(parents=True, exist_ok=True)
        self._settings.sandbox.dir.mkdir(parents=True)
        (self._settings.sandbox.dir / "prompts").symlink_to(spoken)
        with await asyncio.to_thread(open, self.log, "ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "callengine.cli", "--log-style", "brief", "run",
                cwd=self.folder, env=self._env, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.url = await self.until(self._said_ready, "the line `callengine ready`", seconds=120)

    async def _said_ready(self) -> str:
        assert self._process is not None
        assert self._process.returncode is None, f"it ended with {self._process.returncode}:\n{self.tail()}"
        found = READY.search(self.log.read_text("utf-8", "replace"))
        return found[1] if found else ""

    async def stop(self) -> int | None:
        """SIGTERM; the exit status."""
        if self._process is None:
            return None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self._process.wait(), 40)

    def asterisks(self) -> list[int]:
        """The processes of this instance's Asterisk."""
        ours = f"{self._instance}/etc/asterisk.conf".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes()
            except OSError:
                continue
            if ours in command:
                found.append(int(process.name))
        return found

    def forget(self) -> None:
        """The instance's files lie in the root that all runs share."""
        root = self._settings.sandbox.root
        shutil.rmtree((Path(root) if root else self._settings.sandbox.dir) / "srv" / self._instance, ignore_errors=True)

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])

    async def until(self, fact: Callable[[], Awaitable[Any]], words: str, *, seconds: float = 30) -> Any:
        """Poll until the fact holds; the answer that held."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not (answer := await fact()):
            assert loop.time() < deadline, f"not within {seconds} s: {words}\n{self.tail()}"
            await asyncio.sleep(0.1)
        return answer


@pytest.fixture(params=versions())
async def running(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SandboxEngine]:
    """A fresh sandbox engine; SIGTERM ends it, and it leaves nothing running."""
    bootstrap.web()
    engine = SandboxEngine(tmp_path, request.param)
    try:
        await engine.start()
        assert engine.asterisks(), "it started an Asterisk"
        yield engine
    finally:
        status = await engine.stop()
        left = engine.asterisks()
        engine.forget()
    assert status == 0, engine.tail()
    assert left == [], "no Asterisk outlives the engine"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser whose expectations are patient: a real PBX stands behind its pages. Other tests keep their own term."""
    expect.set_options(timeout=DEADLINE_MS)
    try:
        async with async_playwright() as playwright:
            chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
            yield chromium
            await chromium.close()
    finally:
        expect.set_options(timeout=None)


async def visitor(browser: Browser) -> BrowserContext:
    context = await browser.new_context(
        viewport={"width": 1280, "height": 900}, color_scheme="light", locale="ru-RU", reduced_motion="reduce"
    )
    context.set_default_timeout(DEADLINE_MS)
    return context


async def sign_in(page: Page, engine: SandboxEngine, account: str) -> None:
    """One click on a sample account; a telephone is on the operator's desk then."""
    await page.goto(engine.url)
    await page.locator("button.account", has_text=account).click()
    await page.locator("nav.rail").wait_for()


async def ask(page: Page, path: str) -> Any:
    """The API, with the session of who signed in."""
    answer = await page.request.get(f"{page.url.split('/', 3)[0]}//{page.url.split('/', 3)[2]}/api/v1{path}")
    assert answer.ok, (path, answer.status, await answer.text())
    return await answer.json()


async def examine(page: Page, where: str) -> list[str]:
    """axe-core, let in by the debugger: the engine's own pages forbid foreign scripts, and shall."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(f"() => {{ {AXE.read_text('utf-8')} }}")
    return await look(page, where)


async def answer_the_questions(page: Page) -> None:
    """Each question of the script by the field of its type: the first choice, a number, a word."""
    await page.locator(".qa [data-q]").first.wait_for()
    for field in await page.locator(".qa [data-q]").all():
        if await field.get_by_role("radio").count():
            await field.get_by_role("radio").first.check()
        elif await field.locator("input[inputmode=decimal]").count():
            await field.locator("input").fill("10")
        elif await field.locator("input[type=datetime-local]").count() == 0:
            await field.locator("input").fill("у стояка")


def panel(page: Page) -> Any:
    return page.locator("aside.dock")


async def test_a_newcomer_answers_a_demo_call_and_registers_a_ticket_with_its_recording(
    running: SandboxEngine, browser: Browser
) -> None:
    context = await visitor(browser)
    page = await context.new_page()
    press = page.keyboard.press
    await sign_in(page, running, "petrova")
    await page.locator(".demo").wait_for()
    wrong = await examine(page, "the first desk")

    await press("KeyD")
    await expect(panel(page).get_by_role("heading", name="Входящий вызов")).to_be_visible()
    name = await panel(page).get_by_role("radio").first.locator("span.b").inner_text()
    (call,) = (await ask(page, "/calls"))["items"]
    assert (call["state"], call["answered_at"]) == ("offered", None), "the name is there before the answer"
    assert name in [person["name"] for person in call["people"]]
    wrong += await examine(page, "the desk while it rings")

    await press("F2")
    await expect(panel(page).get_by_role("heading", name="Разговор")).to_be_visible()
    await press("Digit1")
    await press("F3")
    await page.keyboard.type("прорыв")
    await page.get_by_role("option").first.wait_for()
    await press("Enter")
    await answer_the_questions(page)
    await page.get_by_role("textbox", name="Суть словами").fill("Шум воды в подвале")
    await press("Control+Enter")
    await expect(page.get_by_role("heading", name=re.compile(r"Заявка \S+ зарегистрирована"))).to_be_visible()
    await press("Shift+F2")
    await expect(panel(page).get_by_role("heading", name="Вызов окончен").or_(
        panel(page).get_by_text("Разговор окончен"))).to_be_visible()  # fmt: skip

    async def kept() -> Any:
        (one,) = (await ask(page, "/calls"))["items"]
        return one if one["recording"] and one["recording"]["state"] == "ready" else None

    call = await running.until(kept, "the recording is ready")
    (number,) = call["ticket_numbers"]
    ticket = await ask(page, f"/tickets/{number}")
    assert [one["id"] for one in ticket["recordings"]] == [call["recording"]["id"]]
    assert ticket["recordings"][0]["state"] == "ready"
    assert ticket["applicant"]["name"] == name
    assert ticket["organisation"], "somebody is to answer for it"

    await page.goto(f"{running.url}/calls?open={call['id']}")
    await page.locator(".wave").wait_for()
    await expect(page.get_by_role("button", name="Слушать")).to_be_visible()
    await expect(page.get_by_role("link", name=number).first).to_be_visible()
    wrong += await examine(page, "calls")
    assert wrong == []
    await context.close()


async def test_a_caller_who_gave_up_stands_on_the_desk_with_a_clock_and_is_reached_by_one_key(
    running: SandboxEngine, browser: Browser
) -> None:
    context = await visitor(browser)
    page = await context.new_page()
    await sign_in(page, running, "petrova")
    await page.get_by_role("radio", name="Бросит трубку").click()
    await page.keyboard.press("KeyD")
    duty = page.locator("li.duty")
    await duty.wait_for()
    running_clock = duty.locator(".clock")
    before = await running_clock.inner_text()
    await expect(running_clock).not_to_have_text(before)
    (owed,) = (await ask(page, "/callbacks"))["items"]
    assert owed["state"] == "open"

    await page.keyboard.press("F9")
    await expect(panel(page).get_by_role("heading", name="Разговор")).to_be_visible()

    async def reached() -> Any:
        found = (await ask(page, "/callbacks?state=reached"))["items"]
        return found and found[0]["id"] == owed["id"]

    # A contact is a conversation of some seconds: we hang up when it has lasted.
    await expect(panel(page).locator(".timer")).to_have_text(re.compile(r"0:(0[7-9]|[1-5]\d)"))
    await page.keyboard.press("Shift+F2")
    await running.until(reached, "the duty is reached")
    await expect(duty).to_have_count(0)

    supervisor = await visitor(browser)
    board = await supervisor.new_page()
    await sign_in(board, running, "orlova")
    await board.goto(f"{running.url}/callbacks")
    await board.locator("h1").wait_for()
    await expect(board.locator(".bone")).to_have_count(0)
    assert await examine(board, "callbacks") == []
    await supervisor.close()
    await context.close()


async def test_the_pop_up_speaks_the_language_of_its_reader(running: SandboxEngine, browser: Browser) -> None:
    """Two operators with one engine: the queue rings at one, then at the other."""
    for account, language, word in (("petrova", "Русский", "Входящий вызов"), ("gusev", "English", "Incoming call")):
        context = await visitor(browser)
        page = await context.new_page()
        await page.goto(running.url)
        await page.get_by_role("button", name=language).click()
        await sign_in(page, running, account)
        await page.keyboard.press("KeyD")
        await expect(panel(page).get_by_role("heading", name=word)).to_be_visible()
        await context.close()
