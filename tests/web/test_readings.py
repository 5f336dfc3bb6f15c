"""A resident hands in his meters on his telephone: read back before they go, asked again when they leap; axe-core."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.api.test_readings_by_link import hung, link
from tests.web.conftest import Served
from tests.web.test_axe import look
from tests.web.test_resident import PHONE, opened

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_reading_is_read_back_and_one_that_leaps_is_typed_again(served: Served) -> None:
    meter_id = await hung(served.services)
    path = "/r/" + (await link(served.services)).split("/")[3]
    page = await opened(served, path)
    meters = page.get_by_role("region", name="Показания за ноябрь 2026")
    await expect(meters).to_contain_text("Холодная вода, кухня")
    value = meters.get_by_label("Показание: Холодная вода, кухня")
    await value.fill("120")
    await value.press("Enter")
    await expect(meters.get_by_role("alert")).to_have_text("Меньше прошлого показания: 120,5")
    await value.fill("400")
    await value.press("Enter")
    await expect(meters).to_contain_text("Вы передаёте 400. С прошлого раза: 279,5.")
    await meters.get_by_label("Это намного больше обычного").fill("401")
    await meters.get_by_role("button", name="Передать").click()
    await expect(meters.get_by_role("alert")).to_contain_text("Числа не совпали")
    await meters.get_by_role("button", name="Исправить число").click()
    await expect(value).to_be_focused()
    await value.fill("131,25")
    await value.press("Enter")
    await expect(meters.get_by_role("button", name="Передать")).to_be_focused()
    assert await look(page, "/r/* (readings)") == []
    await page.keyboard.press("Enter")
    await expect(meters).to_contain_text("Передано: 131,25")
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    card = await served.services.ask("GET", f"/meters/{meter_id}")
    assert next((one["value"], one["source"]) for one in card["readings"]) == ("131.25", "link")
