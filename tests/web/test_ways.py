"""How to tell the applicant (R177), interim answers (R80) and levels of support (R48), as people see them; axe."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.web.conftest import Served
from tests.web.test_axe import look
from tests.web.test_executor import given
from tests.web.test_resident import PHONE

pytestmark = pytest.mark.asyncio(loop_scope="session")
WORDS = "Насос заказан, поставим в четверг"


async def test_the_way_and_the_interim_answer_go_from_the_desk_to_the_resident_and_back(served: Served) -> None:
    number = await given(served)
    link = await served.services.ask("POST", f"/tickets/{number}/links", status=201)
    await served.sign_in("petrova")
    page = await served.open(f"/tickets/{number}")
    await page.get_by_role("button", name="Изменить", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Как сообщать заявителю").select_option(label="не сообщать")
    await expect(dialog.get_by_text("Об опасном сообщат всё равно.")).to_be_visible()
    await dialog.get_by_role("button", name="Сохранить").click()
    await expect(page.get_by_text("Как сообщать: не сообщать").first).to_be_visible()
    await expect(page.get_by_text("её ещё не открывали")).to_be_visible()
    await page.keyboard.press("KeyI")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Промежуточный ответ").click()
    await expect(dialog.get_by_role("alert")).to_have_text("Выберите время позже, чем сейчас")
    await dialog.get_by_role("button", name="через 7 дней").click()
    await dialog.get_by_label("Ответ заявителю: он получит эти слова").fill(WORDS)
    await dialog.get_by_role("button", name="Промежуточный ответ").click()
    await expect(page.locator(".headend").get_by_text(re.compile("обещано до"))).to_be_visible()
    await expect(page.get_by_text(re.compile("Промежуточный ответ: обещано до"))).to_be_visible()
    assert await look(page, "/tickets/* (interim answer)") == []
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page = await served.open("/r/" + link["url"].rpartition("/r/")[2])
    await expect(page.get_by_text(re.compile("Обещают сделать до"))).to_be_visible()
    await expect(page.get_by_text(WORDS).first).to_be_visible()
    way = page.get_by_role("combobox", name="Как вам сообщать")
    await expect(way).to_have_value("none")
    await way.select_option(value="")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.get_by_text("Записано.")).to_be_visible()
    assert await look(page, "/r/* (ways)") == []
    ticket = await served.services.ask("GET", f"/tickets/{number}")
    assert (ticket["notify"]["notify"], ticket["interim"]["text"], ticket["links"]["views"] > 0) == ("", WORDS, True)


async def test_an_address_half_written_does_not_bar_another_way(served: Served) -> None:
    number = await given(served)
    await served.sign_in("petrova")
    await served.page.route("**/api/v1/notify/ways", lambda route: route.fulfill(json={"ways": ["email", "call"]}))
    page = await served.open(f"/tickets/{number}")
    await page.get_by_role("button", name="Изменить", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Как сообщать заявителю").select_option(label="письмо")
    await dialog.get_by_label("Адрес для писем").fill("anna@")
    await dialog.get_by_role("button", name="Сохранить").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("Напишите адрес")
    await dialog.get_by_label("Как сообщать заявителю").select_option(label="не сообщать")
    await dialog.get_by_role("button", name="Сохранить").click()
    await expect(page.get_by_text("Как сообщать: не сообщать").first).to_be_visible()


async def test_the_journal_is_narrowed_by_a_level_and_a_supervisor_reads_the_first_line(served: Served) -> None:
    number = await given(served)
    await served.sign_in("orlova")
    page = await served.open("/tickets?level=3&status=all")
    await expect(page.locator(f'[data-number="{number}"]')).to_be_visible()
    await expect(page.get_by_role("button", name=re.compile("3 организация"))).to_be_visible()
    await page.get_by_role("button", name="Уровни поддержки").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_text(re.compile(r"решено на первой линии: \d+ из \d+ закрытых"))).to_be_visible()
    await expect(dialog.get_by_role("row")).to_have_count(5)
    assert await look(page, "/tickets (levels of support)") == []
    await dialog.get_by_role("link", name="1 — оператор: ответ в разговоре").click()
    await expect(page).to_have_url(re.compile(r"level=1"))
