"""A survey of one's own: written, put in order, walked by keys, kept by versions, and then asked; axe-core."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.web.conftest import Served
from tests.web.test_axe import look
from tests.web.test_robot import NUMBERS, as_leader

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_survey_is_written_ordered_walked_kept_and_asked(served: Served) -> None:
    page = await as_leader(served, "/robot/surveys")
    await expect(page.get_by_text("Своих опросов ещё нет")).to_be_visible()
    await page.keyboard.press("n")
    picture = page.get_by_role("region", name="Схема диалога")
    await expect(picture.get_by_title("Вопрос 1", exact=True)).to_be_visible()  # not yet written, and no "q1"
    await page.get_by_label("Название").fill("Двор")
    await page.get_by_label("Вопрос 1", exact=True).fill("Что хуже всего?")
    for key, label in ((1, "Лифт"), (2, "Двор")):
        await page.get_by_label(f"Вопрос 1, ответ {key}", exact=True).fill(label)
    await page.get_by_role("button", name="Вопрос", exact=True).click()
    await page.get_by_label("Вопрос 2", exact=True).fill("Чисто ли в подъезде?")
    for key, label in ((1, "Да"), (2, "Нет")):
        await page.get_by_label(f"Вопрос 2, ответ {key}", exact=True).fill(label)
    await page.get_by_label("Дальше: вопрос 2, ответ 2").select_option("1")
    await expect(page.get_by_text("Этот ответ возвращает к тому же вопросу").first).to_be_visible()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("alert")).to_contain_text("возвращает к тому же вопросу")
    await page.get_by_label("Вопрос 2", exact=True).press("Alt+ArrowUp")
    await expect(page.get_by_label("Вопрос 1", exact=True)).to_be_focused()
    await expect(page.get_by_label("Вопрос 1", exact=True)).to_have_value("Чисто ли в подъезде?")
    await page.get_by_label("Дальше: вопрос 1, ответ 1").select_option("end")
    await expect(page.get_by_text("Этот ответ возвращает")).to_have_count(0)
    await page.get_by_role("button", name="Пройти").click()
    talk = page.get_by_role("list", name="Разговор")
    await page.keyboard.press("1")
    await expect(talk).to_contain_text("Чисто ли в подъезде? Да: нажмите 1. Нет: нажмите 2.")
    await page.keyboard.press("2")
    await expect(talk).to_contain_text("Что хуже всего?")
    assert await look(page, "/robot/surveys/new") == []
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("heading", name="Двор, версия 1")).to_be_visible()
    await page.get_by_label("Название").fill("Двор и подъезд")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("heading", name="Двор и подъезд, версия 2")).to_be_visible()
    (survey,) = (await served.services.ask("GET", "/surveys"))["items"]
    body = {key: survey[key] for key in ("language", "intro", "questions")} | {"name": "Двор и подъезд", "after": 2}
    await served.services.ask("PUT", f"/surveys/{survey['id']}", role="supervisor", json=body)
    await page.get_by_label("Название").fill("Мой двор")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("alert")).to_contain_text("откройте его заново")
    page.once("dialog", lambda asked: asked.accept())
    await page.get_by_role("button", name="Все опросы").click()
    await page.get_by_role("link", name="Двор и подъезд").click()
    await expect(page.get_by_role("heading", name="Двор и подъезд, версия 3")).to_be_visible()
    await page.get_by_role("button", name="Обзвонить").click()
    await expect(page.get_by_label("Вопрос 1", exact=True)).to_have_value("Чисто ли в подъезде?")
    await page.get_by_label("Номера", exact=True).fill(NUMBERS[0])
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("heading", name="Двор и подъезд", exact=True)).to_be_visible()
    (made,) = (await served.services.ask("GET", "/campaigns?kind=survey"))["items"]
    assert (made["name"], made["progress"]["total"]) == ("Двор и подъезд", 1)
