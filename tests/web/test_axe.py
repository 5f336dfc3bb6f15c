"""axe-core finds no violation on any page, in both themes and both languages; no button's word is clipped."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.web import town
from tests.web.conftest import Desk

pytestmark = pytest.mark.asyncio(loop_scope="session")
AXE = Path(__file__).parents[2] / "callengine" / "web" / "node_modules" / "axe-core" / "axe.min.js"
CLIPPED = """() => [...document.querySelectorAll('button.btn, .chip, .segments > *, .rail a')]
    .filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflow !== 'visible'
        || e.offsetParent && [...e.childNodes].some(n => n.nodeType === 3) && e.scrollWidth > e.clientWidth + 1)
    .map(e => e.textContent)"""
# Words are as wide as their letters, and a colour on its way to another is neither of the two.
SETTLED = """async () => {
    await document.fonts.ready;
    const ends = (one) => one.effect.getComputedTiming().endTime !== Infinity;
    await Promise.allSettled(document.getAnimations().filter(ends).map((one) => one.finished));
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


async def look(page: Page, where: str) -> list[str]:
    """What axe-core and the eye for clipped words object to, when nothing moves any more."""
    await expect(page.locator(".bone")).to_have_count(0)
    await page.evaluate(SETTLED)
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text())  # not as a script of the page: its policy allows only our own
    found: dict[str, Any] = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    wrong = [
        f"{where}: {v['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for v in found["violations"]
        for node in v["nodes"][:3]
    ]
    return wrong + [f"{where}: clipped: {word}" for word in await page.evaluate(CLIPPED)]


async def walk(desk: Desk) -> list[str]:
    """Every page, once."""
    wrong: list[str] = []
    page = await desk.open("/", who=None)
    await page.locator(".account").first.wait_for()
    wrong += await look(page, "sign-in")
    desk.engine.new_to_town = True
    await desk.open("/desk")
    await page.locator(".demo").wait_for()
    wrong += await look(page, "first desk")
    desk.engine.new_to_town = False
    await desk.open("/desk")
    call = town.offered()
    await desk.engine.offer(call)
    await page.locator(".callhead.ringing:not(.pop)").wait_for()
    wrong += await look(page, "ringing")
    await page.keyboard.press("Digit1")
    await page.keyboard.press("F3")
    await page.keyboard.type("HVS")
    await page.get_by_role("option").first.wait_for()
    wrong += await look(page, "classifier search")
    await page.keyboard.press("Enter")
    await page.locator(".side .person").first.wait_for()
    talking = call.model_copy(update={"state": "talking", "operator": "101", "answered_at": datetime.now(UTC)})
    await desk.engine.tell("call", talking)
    await page.locator(".callhead.talking").wait_for()
    wrong += await look(page, "form in a talk")
    await page.keyboard.press("Control+Enter")
    await page.get_by_role("alert").wait_for()  # a question has no answer yet
    wrong += await look(page, "form that asks again")
    await page.keyboard.press("Control+Enter")
    await page.locator(".demo h2").wait_for()
    await desk.engine.tell("call", talking.model_copy(update={"state": "held"}))
    await page.locator(".callhead.hold").wait_for()
    wrong += await look(page, "registered, on hold")
    await page.keyboard.press("F1")
    await page.get_by_role("dialog").wait_for()
    wrong += await look(page, "keys")
    await page.keyboard.press("Escape")
    ended = {"state": "ended", "outcome": "answered", "ended_at": datetime.now(UTC)}
    await desk.engine.tell("call", talking.model_copy(update=ended))
    await page.locator(".callhead.after").wait_for()
    wrong += await look(page, "after the call")
    desk.engine.reach = town.reach()
    await desk.open("/callbacks", who="supervisor")
    await page.locator(".exception").first.wait_for()
    await page.locator(".reach li").first.wait_for()
    wrong += await look(page, "board")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Space")
    await page.get_by_role("toolbar").wait_for()
    wrong += await look(page, "board, a duty chosen")
    await page.keyboard.press("KeyA")
    await page.get_by_role("option").first.wait_for()
    wrong += await look(page, "board, to whom it is given")
    await page.keyboard.press("Escape")
    await page.get_by_role("dialog").wait_for(state="detached")
    await page.keyboard.press("Escape")
    await page.locator(".segments button").nth(1).click()
    await page.locator("button.exception").first.click()
    await page.get_by_role("dialog").locator("ol li").first.wait_for()
    wrong += await look(page, "board's table, calls of an exception")
    await desk.open("/calls?open=1", who="supervisor")
    await page.locator(".wave").wait_for()
    wrong += await look(page, "calls")
    await desk.open("/tickets")
    await page.locator("tbody tr").first.wait_for()
    wrong += await look(page, "tickets")
    await desk.open("/tickets/26-118204")
    await page.locator(".wave").wait_for()
    wrong += await look(page, "ticket")
    desk.engine.failing.add("/tickets")
    await desk.open("/tickets")
    await page.get_by_role("alert").wait_for()
    wrong += await look(page, "failed list")
    return wrong


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [
        (1440, "light", "ru"),
        (1280, "dark", "en"),
        pytest.param(1440, "dark", "ru", marks=pytest.mark.long),
        pytest.param(1280, "light", "ru", marks=pytest.mark.long),
        pytest.param(1920, "light", "en", marks=pytest.mark.long),
    ],
)
async def test_every_page_is_readable(desk: Desk, width: int, scheme: Any, language: str) -> None:
    await desk.page.set_viewport_size({"width": width, "height": 900})
    await desk.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await desk.page.add_init_script(f"localStorage.setItem('callengine.language', '{language}')")
    assert await walk(desk) == []
