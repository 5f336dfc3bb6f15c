"""Who rings stands in the dock in the first frame; the panel follows, and nothing of the first frame stays."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.web import town
from tests.web.conftest import Desk
from tests.web.fake_engine import plain

pytestmark = pytest.mark.asyncio(loop_scope="session")

NUMBER = "aside.dock p.number"
# What stands in the dock each time it changes, as the browser paints it.
FILM = """() => { window.film = []; const look = () => requestAnimationFrame(() => {
  const dock = document.querySelector("aside.dock"), number = dock.querySelector("p.number");
  window.film.push([number?.textContent ?? "", dock.querySelectorAll(".dockbody .person").length]);
}); new MutationObserver(look).observe(document.querySelector("aside.dock"), { childList: true, subtree: true }); }"""


async def filmed(page: Page) -> list[list[Any]]:
    frames: list[list[Any]] = await page.evaluate("window.film")
    return [frame for n, frame in enumerate(frames) if n == 0 or frame != frames[n - 1]]


async def test_the_number_is_painted_before_the_panel_and_once(desk: Desk) -> None:
    page = await desk.open("/desk")
    await page.evaluate(FILM)
    await desk.engine.offer(town.offered())
    await expect(page.locator("aside.dock .person")).to_have_count(2)
    # A change is filmed in the frame after it.
    await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert await filmed(page) == [["+7 907 412-18-06", 0], ["+7 907 412-18-06", 2]]
    await expect(page.locator(NUMBER)).to_have_count(1)


async def test_the_next_call_covers_the_one_that_is_being_finished(desk: Desk) -> None:
    page = await desk.open("/desk")
    call = town.offered()
    await desk.engine.offer(call)
    now = datetime.now(UTC)
    over = call.model_copy(update={"state": "ended", "operator": "101", "answered_at": now, "ended_at": now})
    await desk.engine.tell("call", {**plain(over), "fact": "ended"})
    await page.get_by_role("heading", name="Запись итога").wait_for()
    await page.evaluate(FILM)
    await desk.engine.offer(call.model_copy(update={"id": call.id + 1, "number": "+79074121807"}))
    await page.get_by_role("heading", name="Входящий вызов").wait_for()
    await expect(page.locator(NUMBER)).to_have_text("+7 907 412-18-07")
    await expect(page.locator(NUMBER)).to_have_count(1)


async def test_what_rings_at_another_phone_is_not_shown(desk: Desk) -> None:
    page = await desk.open("/desk")
    await page.evaluate(FILM)
    for n, offers in enumerate([None, [{"operator": "102", "began_at": "2026-11-21T19:46:00Z", "ended_at": None}]]):
        theirs = {**plain(town.offered(9_000 + n)), "number": "+79074120000"}
        await desk.engine.tell("call", {**theirs, "fact": "offered", "card": None, "offers": offers})
    await desk.engine.offer(town.offered())
    await expect(page.locator("aside.dock .person")).to_have_count(2)
    assert {number for number, _ in await filmed(page)} == {"+7 907 412-18-06"}


async def test_an_offer_that_goes_before_its_card_shows_who_rings_and_reads_the_card(desk: Desk) -> None:
    page = await desk.open("/desk")
    offers = [{"operator": "101", "began_at": "2026-11-21T19:46:00Z", "ended_at": None, "result": None}]
    await desk.engine.tell("call", {**plain(town.offered()), "fact": "offered", "card": None, "offers": offers})
    await page.get_by_role("heading", name="Входящий вызов").wait_for()
    await expect(page.locator("aside.dock .person")).to_have_count(2)
    assert [a for a in desk.engine.asked if a[1].endswith("/caller")]
