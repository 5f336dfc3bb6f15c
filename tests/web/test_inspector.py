"""What an inspector sees of the callbacks and hears of a ticket, in Chromium (R15, R20)."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.api.conftest import ISOLDA
from tests.api.test_desk import kept
from tests.web.conftest import Served
from tests.web.test_axe import look

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_board_is_his_to_read_and_nothing_on_it_is_to_be_pressed(served: Served) -> None:
    await served.services.missed()
    served.services.clock.advance(seconds=3600)
    refused: list[str] = []
    served.page.on("response", lambda answer: refused.append(answer.url) if answer.status == 403 else None)
    await served.sign_in("sobolev")
    day = served.services.clock.now().date().isoformat()
    # The board opens at the browser's own day; the engine of the test lives on another.
    asked = re.compile(r"compliance\?day=")
    await served.page.route(asked, lambda r: r.continue_(url=re.sub(r"day=[\d-]+", f"day={day}", r.request.url)))
    page = await served.open("/callbacks")
    exceptions = page.get_by_role("region", name="Исключения")
    await expect(exceptions).to_contain_text("…06")
    await expect(exceptions.get_by_role("button")).to_have_count(0)
    await expect(page.get_by_text("Открыты сейчас")).to_have_count(0)
    width = (await exceptions.bounding_box() or {}).get("width", 0)
    chart = await page.get_by_role("region", name="Пропущенные по часу прихода").bounding_box()
    assert chart and chart["width"] > width, "the board is as wide as the page, the chart the widest of it"
    await page.wait_for_load_state("networkidle")
    assert ISOLDA not in await page.content() and refused == [] and served.mistakes == []
    assert await look(page, "the board of an inspector") == []


async def test_he_hears_the_recording_on_the_ticket(served: Served) -> None:
    call_id, recording = await kept(served.services)
    house = (await served.services.ask("GET", "/houses?q=Мира 12"))["items"][0]
    form = {"classifier": "HVS-02", "house_id": house["id"], "call_id": call_id}
    number = (await served.services.ask("POST", "/tickets", json=form, status=201))["number"]
    refused: list[str] = []
    served.page.on("response", lambda answer: refused.append(answer.url) if answer.status == 403 else None)
    await served.sign_in("sobolev")
    page = await served.open(f"/tickets/{number}")
    await page.get_by_role("button", name="Слушать").first.click()
    await expect(page.locator("audio").first).to_be_attached()
    async with asyncio.timeout(10):
        while not (await served.services.ask("GET", f"/recordings/{recording}"))["listenings"]:
            await asyncio.sleep(0.05)
    assert refused == [] and served.mistakes == []
