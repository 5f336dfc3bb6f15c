"""The robot's room on a bad day: late answers, broken links, two leaders at once, a narrow screen."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from callengine.menus.outcome import Outcome, Proof, Result
from callengine.menus.script import Kind, shipped_raw
from callengine.outreach.model import CallKind, CallWish
from tests.web.conftest import Served
from tests.web.test_robot import NUMBERS, answer, as_leader, outage, robot

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Held:
    """One request whose answer waits until it is let go: taken from the engine before, and so old by then."""

    def __init__(self, method: str) -> None:
        self.method, self.taken, self.go = method, asyncio.Event(), asyncio.Event()

    async def __call__(self, route: Route) -> None:
        if route.request.method != self.method or self.taken.is_set():
            return await route.fallback()
        answered = await route.fetch()
        self.taken.set()
        await self.go.wait()
        await route.fulfill(response=answered)


async def in_english(page: Page) -> None:
    await page.locator(".bar .last").click()
    await page.get_by_role("menuitem", name="English").click()


async def painted(page: Page) -> None:
    """What has come is on the screen."""
    await page.evaluate("new Promise((r) => requestAnimationFrame(() => setTimeout(r)))")


async def test_an_answer_from_before_the_switch_was_turned_does_not_turn_it_back(served: Served) -> None:
    page = await as_leader(served, "/robot")
    switch = page.get_by_role("region", name="Выключатель робота")
    held = Held("GET")
    await page.route("**/api/v1/outreach", held)
    await outage(served)  # news of a campaign: the page asks how the robot stands
    async with asyncio.timeout(15):
        await held.taken.wait()
    await switch.get_by_role("button", name="Остановить робота").click()
    await expect(switch).to_contain_text("Никому не звонит")
    async with page.expect_response(lambda r: r.url.endswith("/api/v1/outreach") and r.request.method == "GET"):
        held.go.set()
    await painted(page)
    assert "Никому не звонит" in await switch.inner_text()
    assert (await robot(served))["halted"]


async def test_news_that_do_not_come_take_nothing_off_the_screen(served: Served) -> None:
    campaign = await outage(served)
    page = await as_leader(served, f"/robot/campaigns/{campaign}")
    await page.locator(".rbcalls tbody tr.pick").first.click()
    await expect(page.locator(".rbtries")).to_be_visible()
    await page.route("**/api/v1/campaigns/**", lambda route: route.fulfill(status=500, json={"detail": "беда"}))
    stale = page.locator(".rbstale")
    await served.services.ask("POST", f"/campaigns/{campaign}/pause", role="supervisor")  # its calls are asked for anew
    await expect(stale.first).to_contain_text("Новости не пришли", timeout=15_000)
    await expect(page.locator(".rbtries")).to_be_visible()
    await page.unroute_all()
    await stale.first.get_by_role("button", name="Повторить").click()
    await expect(stale).to_have_count(0, timeout=15_000)


async def test_words_that_are_being_written_outlive_a_language_and_an_answer_that_failed(served: Served) -> None:
    page = await as_leader(served, "/robot/scripts/rating")
    await page.locator("#rbwords-ru").fill("Здравствуйте, это проверка.")
    await page.route("**/api/v1/scripts/*", lambda route: route.fulfill(status=500, json={"detail": "беда"}))
    await in_english(page)
    await expect(page.locator(".rbstale")).to_be_visible()
    await expect(page.locator("#rbwords-ru")).to_have_value("Здравствуйте, это проверка.")


async def test_a_template_that_is_being_written_outlives_the_language_and_its_own_saving(served: Served) -> None:
    page = await as_leader(served, "/robot/templates/job/sms")
    text = page.locator("#template-ru-text")
    await text.fill("Первое {number}: {place}")
    await in_english(page)
    await expect(page.get_by_role("heading", name="Russian")).to_be_visible()
    await expect(text).to_have_value("Первое {number}: {place}")
    held = Held("PUT")
    await page.route("**/api/v1/notices/templates", held)
    side = page.get_by_role("region", name="Russian")
    await side.get_by_role("button", name="Save").click()
    await held.taken.wait()
    await text.fill("Второе {number}: {place}")
    held.go.set()
    await expect(page.get_by_text("Template saved")).to_be_visible()
    await expect(text).to_have_value("Второе {number}: {place}")
    await expect(side.get_by_text("not saved")).to_be_visible()


async def write_outage(page: Page, name: str) -> None:
    await page.get_by_label("Название").fill(name)
    await page.get_by_label("Номера", exact=True).fill(NUMBERS[0])
    await page.get_by_label("Что отключают").fill("нет воды")


async def test_a_question_alone_is_not_left_without_a_question(served: Served) -> None:
    page = await as_leader(served, "/robot/campaigns/new")
    await page.get_by_text("Опрос", exact=True).click()
    await page.get_by_label("Вопрос 1", exact=True).fill("Чисто ли в подъезде?")
    asked: list[str] = []

    async def stay(dialog: Any) -> None:
        asked.append(dialog.message)
        await dialog.dismiss()

    page.on("dialog", stay)
    await page.keyboard.press("Escape")
    await expect(page.get_by_label("Вопрос 1", exact=True)).to_have_value("Чисто ли в подъезде?")
    assert len(asked) == 1


async def test_who_left_while_a_campaign_was_being_made_is_told_and_not_led_back(served: Served) -> None:
    page = await as_leader(served, "/robot/campaigns/new")
    await write_outage(page, "Опрессовка")
    held = Held("POST")
    await page.route("**/api/v1/campaigns", held)
    await page.keyboard.press("Control+Enter")
    await held.taken.wait()
    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="Отказы").click()
    await expect(page.get_by_text("Отказов нет")).to_be_visible()
    held.go.set()
    toast = page.locator(".toast", has_text="Кампания идёт")
    await expect(toast).to_be_visible()
    assert page.url.endswith("/robot/optouts")
    await toast.get_by_role("button", name="Открыть").click()
    await expect(page.get_by_role("heading", name="Опрессовка")).to_be_visible()


async def test_a_link_that_broke_after_the_engine_took_a_campaign_makes_no_second_one(served: Served) -> None:
    page = await as_leader(served, "/robot/campaigns/new")
    await write_outage(page, "Опрессовка")

    async def broken(route: Route) -> None:
        if route.request.method != "POST":
            return await route.fallback()
        await route.fetch()
        await route.abort()

    await page.route("**/api/v1/campaigns", broken)
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("heading", name="Опрессовка")).to_be_visible()
    await expect(page.locator(".toast")).to_contain_text("кампания начата")
    assert len((await served.services.ask("GET", "/campaigns"))["items"]) == 1


async def test_a_survey_with_a_nameless_answer_is_not_begun(served: Served) -> None:
    page = await as_leader(served, "/robot/campaigns/new")
    await page.get_by_text("Опрос", exact=True).click()
    await page.get_by_label("Название").fill("Подъезды")
    await page.get_by_label("Номера", exact=True).fill(NUMBERS[0])
    await page.get_by_label("Вопрос 1", exact=True).fill("Чисто?")
    await page.get_by_label("Вопрос 1, ответ 1", exact=True).fill("Да")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("alert")).to_have_text("Вопрос 1: ответ 2 не назван")
    assert (await served.services.ask("GET", "/campaigns"))["items"] == []


async def test_a_mistake_of_a_survey_is_told_in_words(served: Served) -> None:
    page = await as_leader(served, "/robot/campaigns/new")
    await page.get_by_text("Опрос", exact=True).click()
    await page.get_by_label("Название").fill("Подъезды")
    await page.get_by_label("Номера", exact=True).fill(NUMBERS[0])
    await page.get_by_label("Вопрос 1", exact=True).fill("Чисто в {дом}?")
    await page.get_by_label("Вопрос 1, ответ 1", exact=True).fill("Да")
    await page.get_by_role("button", name="Убрать ответ 2 вопроса 1").click()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Вопрос 1: Поля {дом} нет. Есть: service, entered")


async def test_escape_closes_an_open_row_first_also_on_the_way_back(served: Served) -> None:
    campaign = await outage(served)
    page = await as_leader(served, "/robot")
    for _ in range(2):  # the second time the page comes from what is known already
        await page.locator("tbody a", has_text="Нет воды").click()
        await page.locator(".rbcalls tbody tr.pick").first.click()
        await expect(page.locator(".rbtries")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.locator(".rbtries")).to_have_count(0)
        assert page.url.endswith(f"/robot/campaigns/{campaign}")
        await page.keyboard.press("Escape")
        await expect(page.locator("tbody a", has_text="Нет воды")).to_be_visible()


async def test_who_is_about_to_stop_a_campaign_is_told_that_another_did(served: Served) -> None:
    campaign = await outage(served)
    page = await as_leader(served, f"/robot/campaigns/{campaign}")
    await page.get_by_role("button", name="Остановить…").click()
    await served.services.ask("POST", f"/campaigns/{campaign}/stop", role="administrator")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Уже остановлена", timeout=15_000)
    await expect(dialog.get_by_role("button", name="Остановить насовсем")).to_have_count(0)
    await dialog.get_by_role("button", name="Закрыть", exact=True).last.click()
    await expect(dialog).to_have_count(0)


async def test_a_campaign_that_there_is_not_leads_back_to_the_list(served: Served) -> None:
    page = await as_leader(served, "/robot/campaigns/4711")
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_role("button", name="Все кампании").click()
    await expect(page.get_by_text("Кампаний ещё нет")).to_be_visible()


async def test_a_mean_of_one_mark_is_said_as_people_say_it(served: Served) -> None:
    async with served.services.store.begin() as tx:
        assert await served.services.services.outreach.ask_call(tx, CallKind.RATING, CallWish(NUMBERS[0], "rating 1"))
    await answer(served, Outcome(Result.MARKED, mark=4, keys="14", proof=Proof.KEY))
    page = await as_leader(served, "/robot")
    await page.locator("tbody").get_by_role("link", name="Оценка работы").click()
    await expect(page.locator(".stat", has_text="Средняя оценка")).to_contain_text("по 1 оценке, ответили")
    # A mark that nobody gave has no bar.
    await expect(page.locator(".rbbars li", has_text=re.compile("^5")).locator("i")).to_have_count(0)


@pytest.mark.parametrize("kind", [one.value for one in Kind])
async def test_no_step_of_a_dialogue_is_called_by_its_code(served: Served, kind: str) -> None:
    page = await as_leader(served, f"/robot/scripts/{kind}")
    names = page.locator(".rbnodehead b")
    await expect(names.first).to_be_visible()
    assert [name for name in await names.all_inner_texts() if re.search("[a-z_]{3}", name)] == []
    await expect(page.locator("#rbstep-title")).to_have_text(await names.first.inner_text())
    assert [t for t in await page.locator(".rbways .link").all_inner_texts() if re.search("[a-z_]{3}", t)] == []


async def test_the_results_of_a_survey_are_in_its_own_words(served: Served) -> None:
    body = {"kind": "survey", "name": "Подъезды", "numbers": NUMBERS[:1], "dialogue": shipped_raw(Kind.SURVEY)}
    made = await served.services.ask("POST", "/campaigns", role="supervisor", json=body, status=201)
    given = {"clean": "1", "warm": "22", "satisfied": "4"}
    await answer(served, Outcome(Result.ANSWERED, answers=given, keys="11224", proof=Proof.KEY))
    page = await as_leader(served, f"/robot/campaigns/{made['campaign']['id']}")
    heads = page.locator(".rbbars figcaption")
    await expect(heads).to_have_text(["Итог", "Чисто ли в подъезде", "Тепло ли в квартире", "Оценка компании"])
    await expect(page.locator(".rbbars", has_text="Чисто").locator("li")).to_contain_text("да")


@pytest.mark.parametrize("path", ["campaigns", "scripts/survey", "notices", "templates/job/sms", "optouts"])
async def test_on_a_narrow_screen_nothing_lies_over_another(served: Served, path: str) -> None:
    await served.page.set_viewport_size({"width": 390, "height": 844})
    page = await as_leader(served, f"/robot/{path}")
    words = await page.locator(".rbswitch .grow").bounding_box()
    press = await page.get_by_role("button", name="Остановить робота").bounding_box()
    assert words and press and (words["x"] + words["width"] <= press["x"] or words["y"] + words["height"] <= press["y"])
    beyond = """() => [...document.querySelectorAll('.pagehead button, .filters button, .rbscript header button')]
        .filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.textContent)"""
    assert await page.evaluate(beyond) == []
