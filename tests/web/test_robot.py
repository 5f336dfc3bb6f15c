"""The robot's room at the real services: the switch, campaigns, dialogues, notices, opt-outs; axe-core on each page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import Page, expect

from callengine.menus.outcome import Outcome, Proof, Result
from callengine.notices.model import Channel, Kind, Recipient, Wanted
from callengine.outreach.model import CallKind, CallWish
from tests.web.conftest import Served
from tests.web.test_axe import look

pytestmark = pytest.mark.asyncio(loop_scope="session")
NUMBERS = ["+79990001101", "+79990001102", "+79990001103"]


async def outage(served: Served, name: str = "Нет воды", numbers: list[str] = NUMBERS) -> int:
    """A running campaign; gives its id."""
    body = {
        "kind": "outage",
        "name": name,
        "numbers": numbers,
        "job": {"what": "нет воды", "address": "ул. Чкалова, 17"},
    }
    made = await served.services.ask("POST", "/campaigns", role="supervisor", json=body, status=201)
    return int(made["campaign"]["id"])


async def answer(served: Served, *outcomes: Outcome) -> None:
    """As many calls are made, one after the other, and come to these."""
    outreach = served.services.services.outreach
    for outcome in outcomes:
        planned = await outreach.send(await outreach.choose({"main": 1}))
        await outreach.begin_dialogue(planned[0].attempt.id)
        await outreach.told(planned[0].attempt.id, outcome)


async def talked(served: Served) -> None:
    """Two of the calls were made: one was acknowledged by a key, the other reached a machine."""
    await answer(served, Outcome(Result.ACKNOWLEDGED, keys="1", proof=Proof.KEY), Outcome(Result.MACHINE))


async def as_leader(served: Served, path: str) -> Page:
    await served.sign_in("orlova")
    return await served.open(path)


async def robot(served: Served) -> dict[str, Any]:
    state: dict[str, Any] = await served.services.ask("GET", "/outreach")
    return state


async def test_one_press_stops_the_robot_and_another_starts_it(served: Served) -> None:
    page = await as_leader(served, "/robot")
    switch = page.get_by_role("region", name="Выключатель робота")
    await expect(switch).to_contain_text("Робот включён")
    await switch.get_by_role("button", name="Остановить робота").click()
    await expect(switch).to_contain_text("Никому не звонит")
    state = await robot(served)
    assert (state["halted"], state["halted_by"]) == (True, "Орлова Тамара")
    await page.locator(".toast").get_by_role("button", name="Вернуть").click()
    await expect(switch).to_contain_text("Робот включён")
    assert not (await robot(served))["halted"]
    await page.goto(f"{served.base}/robot/optouts")
    await served.services.ask("POST", "/outreach/halt", role="supervisor", json={"reason": "жалобы"})
    await page.reload()
    await expect(switch).to_contain_text("жалобы")
    await switch.get_by_role("button", name="Запустить робота").click()
    await expect(switch).to_contain_text("Робот включён")


async def test_an_operator_sees_the_robot_and_cannot_turn_it(served: Served) -> None:
    campaign = await outage(served)
    await served.sign_in("petrova")
    page = await served.open(f"/robot/campaigns/{campaign}")
    await expect(page.get_by_role("heading", name="Нет воды")).to_be_visible()
    await expect(page.get_by_role("button", name="Остановить")).to_have_count(0)
    await page.goto(f"{served.base}/robot/scripts/rating")
    await expect(page.get_by_label("Русский", exact=True).last).to_be_disabled()


async def test_a_campaign_is_paused_and_goes_on_and_only_its_stop_is_asked_about(served: Served) -> None:
    campaign = await outage(served)
    page = await as_leader(served, "/robot")
    row = page.locator("tbody tr", has_text="Нет воды")
    await expect(row).to_contain_text("из 3")
    await row.get_by_role("button", name="Пауза").click()
    await expect(row).to_contain_text("на паузе")
    assert (await served.services.ask("GET", f"/campaigns/{campaign}"))["state"] == "paused"
    await page.locator(".toast").get_by_role("button", name="Вернуть").click()
    await expect(row).to_contain_text("идёт")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Остановить…").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Осталось обзвонить: 3")
    await page.get_by_role("button", name="Остановить насовсем").click()
    await expect(page.locator(".rbcampaign .chip", has_text="остановлена")).to_be_visible()
    assert (await served.services.ask("GET", f"/campaigns/{campaign}"))["state"] == "stopped"


async def test_a_campaign_shows_what_it_came_to_as_chart_and_table_and_each_attempt(served: Served) -> None:
    campaign = await outage(served)
    await talked(served)
    page = await as_leader(served, f"/robot/campaigns/{campaign}")
    await expect(page.locator(".rbbars li", has_text="подтверждено")).to_contain_text("1")
    await page.get_by_role("button", name="Таблица").click()
    await expect(page.get_by_role("row", name="подтверждено 1 100")).to_be_visible()
    call = page.locator(".rbcalls tbody tr", has_text="подтверждено")
    await call.click()
    await expect(page.locator(".rbtry")).to_contain_text("клавиши 1 · нажата клавиша")
    await page.get_by_label("Состояние вызова").select_option("waiting")
    await expect(page.locator(".rbcalls tbody tr.pick")).to_have_count(2)


async def test_a_campaign_counts_while_one_looks_and_is_not_asked_for_again(served: Served) -> None:
    campaign_id = await outage(served, "Живая")
    page = await as_leader(served, f"/robot/campaigns/{campaign_id}")
    await expect(page.locator(".rbstats")).to_contain_text("0 из 3")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await talked(served)
    await expect(page.locator(".rbstats")).to_contain_text("1 из 3")
    assert not [url for url in asked if url.endswith("/results")], "the live line told it"


async def test_the_response_rate_stands_beside_the_mean_mark(served: Served) -> None:
    outreach = served.services.services.outreach
    for number in NUMBERS:
        async with served.services.store.begin() as tx:
            assert await outreach.ask_call(tx, CallKind.RATING, CallWish(number, f"rating {number}"))
    marks = [Outcome(Result.MARKED, mark=m, keys=f"1{m}", proof=Proof.KEY) for m in (5, 2)]
    await answer(served, *marks, Outcome(Result.NOT_ME, keys="8", proof=Proof.KEY))
    page = await as_leader(served, "/robot")
    row = page.locator("tbody tr", has_text="Оценка работы")
    await expect(row).to_contain_text("постоянная")
    await expect(row.get_by_role("button", name="Остановить…")).to_have_count(0)
    await row.get_by_role("link").click()
    await expect(page.locator(".stat", has_text="Доля ответов")).to_contain_text("2 из 3")
    await expect(page.locator(".stat", has_text="Средняя оценка")).to_contain_text("3,50по 2 оценкам, ответили 67")
    await expect(page.locator(".rbcalls tbody tr", has_text="оценка 2").locator(".chip.danger")).to_be_visible()


async def test_a_campaign_begins_from_a_paste_and_a_refusal_loses_nothing(served: Served) -> None:
    page = await as_leader(served, "/robot")
    await page.keyboard.press("KeyN")
    await page.get_by_label("Название").fill("Опрессовка")
    await page.get_by_label("Номера", exact=True).fill("Имя\n8 999 000-11-01, +79990001102\n112345")
    await expect(page.get_by_text("номеров: 3")).to_be_visible()
    await expect(page.get_by_text("Не похоже на номер, звонить не будем: Имя")).to_be_visible()
    await page.get_by_label("Что отключают").fill("нет горячей воды")
    await page.get_by_label("Часы").fill("23-05")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("alert")).to_contain_text("и не ночью")
    await expect(page.get_by_label("Что отключают")).to_have_value("нет горячей воды")
    await page.get_by_label("Часы").fill("10-18")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("heading", name="Опрессовка")).to_be_visible()
    made = (await served.services.ask("GET", "/campaigns"))["items"][0]
    assert (made["hours"], made["progress"]["total"]) == ("10-18", 2)


async def test_a_survey_is_written_with_branches_and_asked_by_the_engine(served: Served) -> None:
    page = await as_leader(served, "/robot/campaigns/new")
    await page.get_by_text("Опрос", exact=True).click()
    await page.get_by_label("Название").fill("Подъезды")
    await page.get_by_label("Номера", exact=True).fill(NUMBERS[0])
    await page.get_by_label("Вопрос 1", exact=True).fill("Чисто ли в подъезде?")
    await page.get_by_label("Вопрос 1, ответ 1", exact=True).fill("Да")
    await page.get_by_label("Дальше: вопрос 1, ответ 1").select_option("end")
    await page.get_by_label("Вопрос 1, ответ 2", exact=True).fill("Нет")
    await page.get_by_role("button", name="Вопрос", exact=True).click()
    await page.get_by_label("Вопрос 2", exact=True).fill("Что хуже всего?")
    await page.get_by_label("Вопрос 2, ответ 1", exact=True).fill("Лестницы")
    await page.get_by_role("button", name="Убрать ответ 2 вопроса 2").click()
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".rbcampaign").get_by_role("heading", name="Подъезды")).to_be_visible()
    campaign = await served.services.services.campaigns.get(int(page.url.rpartition("/")[2]))
    steps = campaign.script["dialogue"]["steps"]
    assert (steps["q1"]["keys"]["1"]["next"], steps["q1"]["keys"]["2"]["next"]) == ("bye", "q2")


async def test_a_dialogue_is_a_graph_whose_words_are_kept_unless_they_are_wrong(served: Served) -> None:
    page = await as_leader(served, "/robot/scripts/rating")
    nodes = page.locator(".rbnode")
    await expect(nodes).to_have_count(10)
    await expect(page.locator(".rblabel", has_text="1–5")).to_be_visible()
    await page.locator("[data-step=mark]").click()
    words = page.locator("#rbwords-ru")
    await words.fill("Оцените {rabota}")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Поля {rabota} нет. Есть: service, ticket, work")
    await expect(page.locator("[data-step=mark]")).to_have_class("rbnode of-key on bad ")
    await words.fill("Поставьте оценку от одного до пяти.")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.locator("[data-step=mark]")).to_contain_text("Поставьте оценку")
    await expect(page.get_by_text("свой", exact=True)).to_be_visible()
    kept = await served.services.ask("GET", "/scripts/rating")
    said = {one["id"]: one["say"]["ru"] for one in kept["nodes"]}
    assert said["mark"] == "Поставьте оценку от одного до пяти."
    await page.locator(".toast").get_by_role("button", name="Вернуть").click()
    await expect(words).to_have_value("Оцените работу от одного до пяти. Пять: отлично. Один: очень плохо.")


async def test_a_comment_is_left_out_of_the_dialogue_and_taken_in_again(served: Served) -> None:
    page = await as_leader(served, "/robot/scripts/rating")
    graph = page.get_by_role("group", name="Схема диалога")
    await expect(graph.locator("[data-step=comment]")).to_have_count(1)
    await page.get_by_label("Предлагать отзыв голосом").click()
    await expect(graph.locator("[data-step=comment]")).to_have_count(0)
    assert (await served.services.ask("GET", "/scripts/rating"))["options"]["comment"] is False
    await page.get_by_role("button", name="Вернуть").click()
    await expect(graph.locator("[data-step=comment]")).to_have_count(1)


async def test_a_dialogue_is_walked_by_keys_to_its_end(served: Served) -> None:
    page = await as_leader(served, "/robot/scripts/rating")
    await page.get_by_role("button", name="Пройти").click()
    for key in ("Digit1", "Digit7", "Digit2"):
        await page.keyboard.press(key)
    await expect(page.locator("[data-step=marked]")).to_have_attribute("aria-pressed", "true")
    await expect(page.locator(".rbtalk")).to_contain_text("Такой клавиши здесь нет.")
    await page.keyboard.press("Digit0")
    await expect(page.locator(".rbover")).to_contain_text("Робот соединяет с диспетчером")
    await page.keyboard.press("Escape")
    await expect(page.locator("#rbwords-ru")).to_be_visible()


async def test_a_step_that_cannot_be_spoken_says_why(served: Served) -> None:
    page = await as_leader(served, "/robot/scripts/rating")
    await page.get_by_role("button", name="Послушать: Русский").click()
    await expect(page.get_by_role("alert")).to_contain_text("no voice")


async def test_a_template_is_shown_as_people_will_read_it_and_one_without_its_field_is_refused(served: Served) -> None:
    page = await as_leader(served, "/robot/templates/job/sms")
    side = page.get_by_role("region", name="Русский")
    text = side.get_by_label("Текст")
    await text.fill("Работа {number} ждёт")
    await expect(side.locator(".rbbubble")).to_contain_text("Работа 26-")
    await expect(side.get_by_role("alert")).to_contain_text("place")
    await side.get_by_role("button", name="Сохранить").click()
    await expect(side.get_by_text("не сохранено")).to_be_visible()
    await text.fill("Работа {number}: {place}")
    await side.get_by_role("button", name="Сохранить").click()
    await expect(page.get_by_text("Шаблон сохранён")).to_be_visible()
    await expect(side.get_by_text("не сохранено")).to_have_count(0)
    kept = (await served.services.ask("GET", "/notices/templates"))["items"]
    own = [one["text"] for one in kept if one["own"]]
    assert own == ["Работа {number}: {place}"]
    await side.get_by_role("button", name="Исходный текст").click()
    await expect(text).not_to_have_value("Работа {number}: {place}")


async def told(served: Served) -> None:
    """Two notices: one stands in the outbox, the other lacks a field and failed."""
    to = Recipient(number=NUMBERS[0], name="Мельничук Анна")
    fields = {"number": "26-000001", "link": "https://example.org/r/1"}
    whole = Wanted(key="1", kind=Kind.DONE, channel=Channel.SMS, to=to, fields=fields, ticket_number="26-000001")
    async with served.services.store.begin() as tx:
        for wanted in (whole, replace(whole, key="2", fields={})):
            assert await served.services.services.notices.outbox.tell(tx, wanted)


async def test_the_outbox_is_narrowed_and_tells_the_story_of_a_notice(served: Served) -> None:
    await told(served)
    page = await as_leader(served, "/robot/notices")
    rows = page.locator("tbody tr.pick")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("Мельничук Анна")
    await page.get_by_label("Состояние", exact=True).select_option("failed")
    await expect(rows).to_have_count(1)
    await page.get_by_role("group", name="Уведомления").focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator(".rbstory")).to_contain_text("не ушло")
    await expect(page.get_by_role("button", name="Отправить ещё раз")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator(".rbstory")).to_have_count(0)


async def test_an_opt_out_is_written_down_and_taken_off_and_both_are_undone(served: Served) -> None:
    page = await as_leader(served, "/robot/optouts")
    await expect(page.get_by_text("Отказов нет")).to_be_visible()
    number = page.get_by_label("Номер", exact=True)
    await number.fill("112")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_be_visible()
    await number.fill("8 999 000-11-01")
    await page.get_by_label("От чего").select_option("survey")
    await page.get_by_role("button", name="Записать").click()
    row = page.locator("tbody tr", has_text="+7 999 000-11-01")
    await expect(row).to_contain_text("Опрос")
    await row.get_by_role("button", name="Снять").click()
    await expect(row).to_have_count(0)
    await page.locator(".toast", has_text="Снято").get_by_role("button", name="Вернуть").click()
    await expect(row).to_have_count(1)
    standing = (await served.services.ask("GET", "/opt-outs"))["items"]
    assert [(one["number"], one["kind"]) for one in standing] == [(NUMBERS[0], "survey")]


async def test_a_list_that_does_not_come_says_why_and_comes_when_asked_again(served: Served) -> None:
    await served.sign_in("orlova")
    await served.page.route("**/api/v1/campaigns?*", lambda route: route.fulfill(status=500, json={"detail": "беда"}))
    await served.page.goto(f"{served.base}/robot")
    await expect(served.page.get_by_role("alert")).to_contain_text("беда")
    await served.page.unroute_all()
    await served.page.get_by_role("button", name="Повторить").click()
    await expect(served.page.get_by_text("Кампаний ещё нет")).to_be_visible()


async def _pages(served: Served) -> list[str]:
    campaign = await outage(served)
    await talked(served)
    await told(served)
    await served.services.ask("POST", "/opt-outs", json={"number": "+79990001109", "note": "просил"}, status=201)
    named = ["campaigns", f"campaigns/{campaign}", "campaigns/new", "scripts/rating", "scripts/meter", "notices"]
    return [f"/robot/{one}" for one in [*named, "templates/critical/email", "optouts"]]


@pytest.mark.parametrize(("width", "scheme", "language"), [(1280, "dark", "en"), (1600, "light", "ru")])
async def test_axe_finds_nothing(served: Served, width: int, scheme: Any, language: str) -> None:
    await served.page.set_viewport_size({"width": width, "height": 900})
    await served.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await served.page.add_init_script(f"localStorage.setItem('callengine.language', '{language}')")
    await served.sign_in("admin")
    wrong: list[str] = []
    for path in await _pages(served):
        wrong += await look(await served.open(path), path)
    await served.services.ask("POST", "/outreach/halt", role="supervisor", json={"reason": "test"})
    page = await served.open("/robot/scripts/survey")
    await page.locator(".rbscript header button.btn").click()
    await page.locator(".rbpad").wait_for()
    wrong += await look(page, "walking a dialogue, the robot stopped")
    assert wrong == []
