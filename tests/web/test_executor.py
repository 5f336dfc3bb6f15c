"""An executor's telephone: his jobs, a job from start to done with photos, more time, and a day without a network."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.tickets.test_files import photo
from tests.web.conftest import Served
from tests.web.test_axe import look

pytestmark = pytest.mark.asyncio(loop_scope="session")
PHONE = {"width": 390, "height": 844}
PHOTO = {"name": "кран.jpg", "mimeType": "image/jpeg", "buffer": photo()}


async def given(served: Served, *, login: str = "fomin", **form: Any) -> str:
    """A ticket that the executor's company accepted and gave to him: its number."""
    ask = served.services.ask
    house = (await ask("GET", "/houses?q=Мира 12"))["items"][0]["id"]
    applicant = {"name": "Юсупов Рашид", "number": "+79075840912"}
    whole = {"classifier": "HVS-01", "house_id": house, "premise": "9", "text": "Капает в руку", "applicant": applicant}
    ticket = await ask("POST", "/tickets", json={**whole, **form}, status=201)
    staff_id = await served.services.staff_id(login)
    member = next(m for m in await served.services.services.access.members() if m.id == staff_id)
    number = str(ticket["number"])
    for move in (
        {"move": "move", "status": "awaiting_acceptance", "organisation_id": member.organisation_id, "reason": "тест"},
        {"move": "accept", "reason": "по телефону"},
        {"move": "assign", "executor_id": staff_id},
    ):
        await ask("POST", f"/tickets/{number}/moves", role="administrator", json=move)
    return number


async def at_work(served: Served, path: str = "/work", login: str = "fomin") -> Page:
    await served.sign_in(login)
    await served.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    return await served.open(path)


async def status_of(served: Served, number: str) -> str:
    return str((await served.services.ask("GET", f"/tickets/{number}"))["status"])


async def test_a_job_goes_from_start_to_done_with_its_photos(served: Served) -> None:
    number = await given(served)
    page = await at_work(served)
    await expect(page.get_by_role("button", name="Сейчас 1")).to_be_visible()
    await page.get_by_role("link", name="Капает").or_(page.locator(".job a")).first.click()
    await expect(page.get_by_text("Юсупов Рашид")).to_be_visible()
    await expect(page.get_by_role("link", name="Позвонить: Юсупов Рашид")).to_have_attribute("href", "tel:+79075840912")
    await page.get_by_role("button", name="Начать").click()
    await expect(page.get_by_role("button", name="Сделано")).to_be_visible()
    await page.get_by_test_id("camera").set_input_files([PHOTO])  # type: ignore[list-item]
    await expect(page.get_by_role("link", name="Открыть фото: кран.jpg")).to_be_visible()
    await expect(page.get_by_role("status").filter(has_text="в сети")).to_be_visible()
    await page.get_by_role("button", name="Сделано").click()
    await page.get_by_label("Что сделано").fill("Заменён вентиль")
    await page.get_by_role("button", name="Сообщить").click()
    await page.get_by_role("button", name="Сделано 1").click()
    await expect(page.locator(".job")).to_contain_text("Ждёт центр")
    ticket = await served.services.ask("GET", f"/tickets/{number}")
    assert ticket["status"] == "awaiting_centre"
    assert [(file["name"], file["public"]) for file in ticket["files"]] == [("кран.jpg", True)]
    done = next(event for event in ticket["history"] if event["what"] == "report_done")
    assert (done["author"], done["reason"]) == ("Фомин Артём", "Заменён вентиль")


async def test_without_a_network_all_is_kept_and_goes_once_when_it_is_back(served: Served) -> None:
    number = await given(served)
    page = await at_work(served, f"/work/{number}")
    await expect(page.get_by_role("button", name="Начать")).to_be_visible()
    await page.context.set_offline(True)
    await page.get_by_role("button", name="Начать").click()
    await page.get_by_test_id("camera").set_input_files([PHOTO])  # type: ignore[list-item]
    await page.get_by_role("button", name="Написать").click()
    await page.get_by_label("Текст").fill("Нужен новый вентиль")
    await page.get_by_role("button", name="Отправить").click()
    await expect(page.get_by_role("status").filter(has_text="3 ждут сети")).to_be_visible()
    assert await status_of(served, number) == "executor_assigned"
    await page.context.set_offline(False)
    await expect(page.get_by_role("status").filter(has_text="в сети")).to_be_visible()
    ticket = await served.services.ask("GET", f"/tickets/{number}")
    what = [event["what"] for event in ticket["history"]]
    assert ticket["status"] == "in_progress"
    assert [what.count(one) for one in ("start", "file_added", "comment")] == [1, 1, 1]


async def test_without_a_network_a_job_is_begun_once_even_from_the_list(served: Served) -> None:
    number = await given(served)
    page = await at_work(served)
    await expect(page.get_by_role("button", name="Начать")).to_be_visible()
    await page.context.set_offline(True)
    await page.get_by_role("button", name="Начать").click()
    await expect(page.get_by_role("status").filter(has_text="1 ждёт сети")).to_be_visible()
    await expect(page.get_by_role("button", name="Начать")).to_have_count(0)
    await page.context.set_offline(False)
    await expect(page.get_by_role("status").filter(has_text="в сети")).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_count(0)
    assert await status_of(served, number) == "in_progress"


async def test_photos_taken_without_a_network_know_before_from_after(served: Served) -> None:
    number = await given(served)
    page = await at_work(served, f"/work/{number}")
    await expect(page.get_by_role("button", name="Начать")).to_be_visible()
    await page.context.set_offline(True)
    await page.get_by_role("button", name="Начать").click()
    await page.get_by_test_id("camera").set_input_files([PHOTO])  # type: ignore[list-item]
    await expect(page.locator(".photos img")).to_have_count(1)
    await page.get_by_role("button", name="Сделано").click()
    ask = page.get_by_text("Приложите фото после работы")
    await expect(ask).to_be_visible()
    await page.keyboard.press("Escape")
    await page.get_by_test_id("camera").set_input_files([{**PHOTO, "name": "после.jpg"}])  # type: ignore[list-item]
    await expect(page.locator(".photos img")).to_have_count(2)
    await page.get_by_role("button", name="Сделано").click()
    await expect(page.get_by_label("Что сделано")).to_be_visible()
    await expect(ask).to_have_count(0)
    await page.keyboard.press("Escape")
    await page.context.set_offline(False)
    await expect(page.get_by_role("status").filter(has_text="в сети")).to_be_visible()
    files = (await served.services.ask("GET", f"/tickets/{number}"))["files"]
    assert {file["name"]: file["moment"] for file in files} == {"кран.jpg": "before", "после.jpg": "after"}


@pytest.mark.parametrize(("language", "words"), [("ru", "Назначен исполнитель"), ("en", "Executor assigned")])
async def test_the_story_of_a_job_is_told_in_words(served: Served, language: str, words: str) -> None:
    number = await given(served)
    move = {"move": "assign", "executor_id": await served.services.staff_id("fomin"), "reason": "он ближе"}
    for staff in ("gromov", "fomin"):
        again = {**move, "executor_id": await served.services.staff_id(staff)}
        await served.services.ask("POST", f"/tickets/{number}/moves", role="administrator", json=again)
    await served.page.add_init_script(f"localStorage.setItem('callengine.language', '{language}')")
    page = await at_work(served, f"/work/{number}")
    line = page.locator(".words li").filter(has_text="он ближе").first
    await expect(line.locator("b")).to_have_text(words)
    codes = await page.locator(".words li b").all_inner_texts()
    assert [code for code in codes if code.islower() or "_" in code] == []


async def test_what_was_kept_survives_a_closed_page(served: Served) -> None:
    number = await given(served)
    page = await at_work(served, f"/work/{number}")
    await expect(page.get_by_role("button", name="Начать")).to_be_visible()
    await page.route("**/moves", lambda route: route.abort())
    await page.get_by_role("button", name="Начать").click()
    await expect(page.get_by_role("status").filter(has_text="1 ждёт сети")).to_be_visible()
    await page.unroute("**/moves")
    await page.reload()
    await expect(page.get_by_role("status").filter(has_text="в сети")).to_be_visible()
    await expect(page.get_by_role("button", name="Сделано")).to_be_visible()
    # The page shows what is kept as done; it goes a moment later.
    async with asyncio.timeout(10):
        while await status_of(served, number) != "in_progress":
            await asyncio.sleep(0.05)


async def test_what_the_engine_refuses_stays_with_its_reason(served: Served) -> None:
    number = await given(served)
    page = await at_work(served, f"/work/{number}")
    await expect(page.get_by_role("button", name="Начать")).to_be_visible()
    cancel = {"move": "cancel", "reason": "ошибочная"}
    await page.context.set_offline(True)
    await page.get_by_role("button", name="Начать").click()
    await served.services.ask("POST", f"/tickets/{number}/moves", json=cancel)
    await page.context.set_offline(False)
    refused = page.get_by_role("alert").filter(has_text="Не принято")
    await expect(refused).to_contain_text("Отметка: Начать")
    await refused.get_by_role("button", name="Убрать").click()
    await expect(refused).to_have_count(0)


async def test_more_time_needs_a_time_and_a_reason_that_the_resident_reads(served: Served) -> None:
    number = await given(served)
    page = await at_work(served, f"/work/{number}")
    await page.get_by_role("button", name="Начать").click()
    await page.get_by_role("button", name="Ещё время").click()
    await page.get_by_role("button", name="Отложить").click()
    await expect(page.get_by_role("alert")).to_have_text("Выберите время позже, чем сейчас")
    await page.get_by_role("button", name="+2 часа").click()
    await page.get_by_role("button", name="Отложить").click()
    await expect(page.get_by_role("alert")).to_contain_text("не короче трёх знаков")
    await page.get_by_label("Почему").fill("Нужен вентиль со склада")
    await page.get_by_role("button", name="Отложить").click()
    await expect(page.locator(".postponed")).to_contain_text("Нужен вентиль со склада")
    ticket = await served.services.ask("GET", f"/tickets/{number}")
    assert (ticket["status"], ticket["postponed"]["reason"]) == ("in_progress", "Нужен вентиль со склада")


async def test_he_sees_his_own_jobs_only_and_an_empty_list_says_what_will_come(served: Served) -> None:
    number = await given(served, login="gromov")
    page = await at_work(served)
    await expect(page.get_by_text("Сейчас работ нет")).to_be_visible()
    await served.open(f"/work/{number}")
    await expect(page.get_by_role("alert")).to_be_visible()


async def test_axe_finds_nothing_in_either_language_and_theme(served: Served) -> None:
    number = await given(served)
    page = await at_work(served)
    wrong = []
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        for word in ("English", "Русский"):
            await served.open("/work")
            await page.locator(".job").wait_for()
            wrong += await look(page, f"jobs {theme}")
            await page.get_by_role("button", name=word).click()
            await served.open(f"/work/{number}")
            await page.locator(".photos").wait_for()
            wrong += await look(page, f"job {theme}")
    assert wrong == []
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
