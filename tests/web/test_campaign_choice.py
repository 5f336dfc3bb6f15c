"""Campaigns by a choice of tickets, their spacing, an outage in writing, what would happen before it does."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from callengine.notices.model import Channel
from tests.web.conftest import Served
from tests.web.test_axe import look
from tests.web.test_robot import NUMBERS, as_leader

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def ticket(served: Served, number: str, classifier: str = "HVS-01") -> dict[str, Any]:
    house = (await served.services.ask("GET", "/houses?q=Мира 12"))["items"][0]
    who = {"number": number, "name": "Мельничук Анна"}
    form = {"classifier": classifier, "house_id": house["id"], "text": "Нет воды", "applicant": who}
    made: dict[str, Any] = await served.services.ask("POST", "/tickets", json=form, status=201)
    return made


async def campaigns(served: Served) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await served.services.ask("GET", "/campaigns"))["items"]
    return found


async def new(served: Served, kind: str, name: str) -> Page:
    page = await as_leader(served, "/robot/campaigns/new")
    await page.get_by_role("radio", name=kind).check()
    await page.get_by_label("Название").fill(name)
    return page


async def test_an_outage_of_chosen_tickets_is_counted_before_it_begins_and_its_page_says_what_was_chosen(
    served: Served,
) -> None:
    for number, code in ((NUMBERS[0], "HVS-01"), (NUMBERS[1], "HVS-01"), (NUMBERS[2], "ELE-01")):
        await ticket(served, number, code)
    page = await new(served, "Отключение", "Опрессовка")
    await page.get_by_label("Что отключают").fill("нет воды")
    await page.get_by_label("Клиентам заявок по отбору").check()
    whom = page.get_by_role("group", name="Отбор заявок")
    branch = whom.get_by_label("Раздел")
    await branch.select_option("HVS")
    await page.get_by_label("занято").fill("7")
    await page.keyboard.press("Control+Shift+Enter")
    foreseen = page.get_by_role("status", name="Что будет, если начать сейчас")
    await expect(foreseen).to_contain_text("Звонков: 2Подходит заявок: 2")
    await expect(foreseen).to_contain_text("занято 7 мин")
    assert [one for one in await campaigns(served) if one["name"] == "Опрессовка"] == [], "nothing is written yet"
    await branch.select_option("ELE")
    await expect(foreseen).to_have_count(0)  # it was counted for another choice
    await branch.select_option("HVS")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".rbcampaign").get_by_role("heading", name="Опрессовка")).to_be_visible()
    rules = page.get_by_role("region", name="Условия")
    await expect(rules).to_contain_text("Холодн")
    await expect(rules).to_contain_text("занято 7 мин")
    await expect(rules).to_contain_text("Способызвонок")
    made = (await campaigns(served))[0]
    assert (made["choice"]["classifier"], made["spacing"], made["progress"]["total"]) == ("HVS", {"busy": 420}, 2)


async def test_what_the_engine_refuses_stands_at_its_field_in_the_readers_words(served: Served) -> None:
    page = await new(served, "Отключение", "Авария")
    await page.get_by_label("Номера", exact=True).fill(NUMBERS[0])
    await page.get_by_label("Что отключают").fill("нет воды")
    await page.get_by_label("сброшено").fill("0.1")
    await page.get_by_label("Линий сразу").fill("500")
    await page.keyboard.press("Control+Shift+Enter")
    spacing = page.get_by_label("сброшено")
    await expect(spacing).to_have_attribute("aria-invalid", "true")
    await expect(spacing).to_have_accessible_description("Промежуток — от 1 минуты до 14 суток")
    lines = page.get_by_label("Линий сразу")
    await expect(lines).to_have_accessible_description("Линий — от 1 до 300")
    await expect(lines).to_be_focused()
    await spacing.fill("")
    await lines.fill("")
    await page.get_by_label("Клиентам заявок по отбору").check()
    await page.get_by_label("По день").fill("2020-01-01")
    await page.keyboard.press("Control+Shift+Enter")
    await expect(page.get_by_label("По день")).to_have_accessible_description(
        "Последний день — не раньше первого и не дальше 366 дней от него"
    )


async def test_an_outage_is_written_instead_of_called_when_its_words_are_there(served: Served) -> None:
    page = await new(served, "Отключение", "Ремонт")
    await page.get_by_label("Номера", exact=True).fill(NUMBERS[0])
    await page.get_by_label("звонок").uncheck()
    await page.get_by_label("СМС", exact=True).check()
    await page.get_by_label("Что отключают").fill("нет воды")
    await page.get_by_label("По", exact=True).fill("")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("group", name="Как сообщить")).to_contain_text("СМС: этот способ здесь не настроен")
    served.services.services.notices.outbox.channels = frozenset({Channel.SMS})
    words = page.get_by_label("Слова сообщения")
    await expect(words).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_label("Где", exact=True)).to_have_accessible_description(
        "В сообщении стоит адрес: напишите, где"
    )
    await words.fill("Не будет воды")
    await page.get_by_label("Где", exact=True).fill("ул. Чкалова, 17")
    await page.get_by_label("По", exact=True).fill("2030-01-01T18:00")
    await page.keyboard.press("Control+Shift+Enter")
    await expect(page.get_by_role("status", name="Что будет")).to_contain_text("Звонков: 0Людям напишем: 1")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("region", name="Условия")).to_contain_text("СпособыСМС")
    assert (await campaigns(served))[0]["channels"] == ["sms"]


async def test_a_campaign_of_marks_waits_for_its_tickets_and_asks_for_no_numbers(served: Served) -> None:
    page = await new(served, "Оценка работы", "Оценки УК")
    await expect(page.get_by_label("Номера", exact=True)).to_have_count(0)
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Скажите, каких заявок ждать")
    await page.get_by_label("Срочная").check()
    await page.get_by_label("Оплата").select_option("no")
    await page.keyboard.press("Control+Enter")
    rules = page.get_by_role("region", name="Условия")
    await expect(rules).to_contain_text("Срочная · бесплатные")
    made = (await campaigns(served))[0]
    assert (made["kind"], made["choice"]["urgency"], made["choice"]["paid"]) == ("rating", ["urgent"], False)


async def test_readings_are_asked_of_the_meters_on_record(served: Served) -> None:
    page = await new(served, "Показания счётчиков", "Ноябрь")
    await page.get_by_label("Номера", exact=True).fill(NUMBERS[0])
    await expect(page.get_by_label("О счётчиках, записанных за квартирой")).to_be_checked()
    await page.keyboard.press("Control+Shift+Enter")
    await expect(page.get_by_role("status", name="Что будет")).to_contain_text("счётчиков за ним не записано: +7 999")


async def test_an_administrator_reads_how_many_phrases_are_missing_and_an_operator_does_not(served: Served) -> None:
    voice = {"engine": "rhvoice", "prompts": 40, "missing": 3, "failed": 0, "problem": ""}
    voice |= {"transcripts": "off", "transcripts_problem": ""}
    health = {"status": "ok", "version": "1", "pbx": [], "store": "ok", "speech": voice}
    await served.page.route("**/api/v1/health", lambda route: route.fulfill(json=health))
    await served.sign_in("admin")
    page = await served.open("/robot")
    await expect(page.get_by_text("Не озвучено постоянных фраз робота: 3 из 40.")).to_be_visible()
    await served.sign_in("petrova")
    page = await served.open("/robot")
    await expect(page.get_by_role("region", name="Выключатель робота")).to_be_visible()
    await expect(page.get_by_text("Не озвучено")).to_have_count(0)


@pytest.mark.parametrize(("width", "scheme", "language"), [(1280, "dark", "en"), (1600, "light", "ru")])
async def test_axe_finds_nothing(served: Served, width: int, scheme: Any, language: str) -> None:
    await ticket(served, NUMBERS[0])
    await served.page.set_viewport_size({"width": width, "height": 900})
    await served.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await served.page.add_init_script(f"localStorage.setItem('callengine.language', '{language}')")
    await served.sign_in("orlova")
    page = await served.open("/robot/campaigns/new")
    await page.locator(".rbform input[type=text]").first.fill("Опрессовка")
    await page.locator(".rbseveral input").nth(1).check()  # SMS
    await page.locator(".rbnew .rbform > .checkline input").last.check()  # tickets
    await page.locator(".rbchoice select").first.select_option("HVS")
    await page.locator(".rbspacing input").first.fill("0.1")
    await page.keyboard.press("Control+Enter")
    await page.locator("[aria-invalid=true]").first.wait_for()
    wrong = await look(page, "a new campaign with mistakes")
    await page.locator(".rbspacing input").first.fill("9")
    await page.locator(".rbseveral input").nth(1).uncheck()
    await page.locator(".rbform input[maxlength='300']").first.fill("нет воды")
    await page.keyboard.press("Control+Shift+Enter")
    await page.locator(".rbforeseen").wait_for()
    wrong += await look(page, "a new campaign, counted")
    assert wrong == []
