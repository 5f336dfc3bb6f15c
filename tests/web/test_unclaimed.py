"""Recordings without a call: a supervisor hears each, attaches it to its call, and finds them after they were news."""

from __future__ import annotations

import os
import time

import pytest
from playwright.async_api import expect
from sqlalchemy import select

from callengine.store.tables import reading_log
from tests.api.test_unclaimed import aside
from tests.web.conftest import Served
from tests.web.test_axe import look

pytestmark = pytest.mark.asyncio(loop_scope="session")
WHY = "имя файла сбито"


async def logged(served: Served) -> list[tuple[str, str, str]]:
    async with served.services.store.read() as conn:
        rows = (await conn.execute(select(reading_log).order_by(reading_log.c.id))).all()
    return [(row.what, row.subject, row.why) for row in rows if row.what.startswith("recording ")]


async def test_one_is_heard_refused_for_a_wrong_call_and_attached_to_its_own(served: Served) -> None:
    call_id = await served.services.answered(seconds=2)
    for side in ("operator", "caller"):
        aside(served.services, f"9.9-{side}.wav")
    await served.sign_in("orlova")
    page = await served.open("/callbacks")
    await page.get_by_role("button", name="Разобрать").click()
    dialog = page.get_by_role("dialog", name="Записи без вызова")
    one = dialog.get_by_role("listitem").filter(has_text="9.9-caller.wav")
    await one.get_by_role("button", name="Слушать").click()
    await expect(page.locator("audio")).not_to_have_js_property("readyState", 0)
    attach = one.get_by_role("button", name="Прикрепить")
    await one.get_by_label("Вызов №").fill(str(call_id + 99))
    await expect(attach).to_be_disabled()
    await one.get_by_label("Почему к этому вызову").fill(WHY)
    await attach.click()
    await expect(page.locator(".toast")).to_be_visible()
    await one.get_by_label("Вызов №").fill(str(call_id))
    await one.get_by_label("Вызов №").press("Enter")
    await expect(one.get_by_role("status")).to_have_text(f"Запись прикрепится к вызову № {call_id}")
    await expect(attach).to_have_count(0)
    heard, attached = await logged(served)
    assert heard == ("recording aside", "main/9.9-caller.wav", "")
    assert attached == ("recording claimed", f"main/9.9-caller.wav,9.9-operator.wav to call {call_id}", WHY)
    page = await served.open("/admin/readings")
    lines = page.locator("tbody tr")
    await expect(lines.filter(has_text="запись прикреплена")).to_contain_text(WHY)
    await page.get_by_label("Что", exact=True).select_option(label="запись без вызова")
    await expect(lines).to_have_count(1)
    await expect(lines).to_contain_text("main/9.9-caller.wav")


async def test_who_leads_finds_them_among_the_calls_and_an_operator_does_not(served: Served) -> None:
    path = aside(served.services, "8.8.wav")
    os.utime(path, (time.time() - 30 * 86_400,) * 2)
    await served.page.set_viewport_size({"width": 1280, "height": 900})
    await served.page.add_init_script("localStorage.setItem('callengine.language', 'en')")
    await served.sign_in("orlova")
    page = await served.open("/calls")
    await page.get_by_role("button", name="Recordings without a call: 1").click()
    dialog = page.get_by_role("dialog", name="Recordings without a call")
    await expect(dialog.get_by_role("listitem")).to_contain_text("main/8.8.wav")
    assert await look(page, "recordings without a call") == []
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    assert await look(page, "calls") == []
    await served.sign_in("petrova")
    page = await served.open("/calls")
    await expect(page.get_by_role("link", name="Export")).to_be_visible()
    await expect(page.get_by_role("button", name="Recordings without a call")).to_have_count(0)
