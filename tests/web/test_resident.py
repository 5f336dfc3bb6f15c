"""A resident's ticket by his link, on a telephone: what it says, his mark, his word, a link that ended; axe-core."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.tickets.test_files import photo
from tests.web.conftest import Served
from tests.web.test_axe import look

pytestmark = pytest.mark.asyncio(loop_scope="session")
PHONE = {"width": 390, "height": 844}


async def given(served: Served) -> tuple[str, str]:
    """A ticket with its link: the number and the path of the page."""
    ask = served.services.ask
    house = (await ask("GET", "/houses?q=Мира"))["items"][0]["id"]
    form = {"classifier": "HVS-02", "house_id": house, "premise": "61", "text": "Течёт в подвале"}
    number = (await ask("POST", "/tickets", json=form, status=201))["number"]
    link = await ask("POST", f"/tickets/{number}/links", status=201)
    return number, "/r/" + link["url"].rpartition("/r/")[2]


async def waits_for_the_client(served: Served, number: str) -> None:
    move = {"move": "move", "status": "awaiting_client", "reason": "проверка страницы"}
    await served.services.ask("POST", f"/tickets/{number}/moves", role="administrator", json=move)


async def opened(served: Served, path: str) -> Page:
    await served.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    return await served.open(path)


async def test_the_page_tells_the_state_the_terms_and_who_and_no_more(served: Served) -> None:
    number, path = await given(served)
    files = f"/tickets/{number}/files?public=true&moment=after&name=p.jpg"
    headers = {"Content-Type": "application/octet-stream"}
    await served.services.ask("POST", files, data=photo(), headers=headers, status=201)
    await served.services.ask("POST", f"/tickets/{number}/comments", json={"text": "тайное", "public": False})
    page = await opened(served, path)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.locator(".state")).to_have_text("Передана, ждём ответа организации")
    await expect(page.get_by_role("link", name="Открыть: после работы")).to_be_visible()
    await expect(page.get_by_text("Течёт в подвале")).to_be_visible()
    await expect(page.get_by_text("тайное")).to_have_count(0)
    await expect(page.get_by_role("heading", name="Работа сделана?")).to_have_count(0)
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


async def test_a_mark_closes_the_ticket_by_the_engine(served: Served) -> None:
    number, path = await given(served)
    await waits_for_the_client(served, number)
    page = await opened(served, path)
    await page.get_by_role("button", name="Да, сделана").click()
    await page.get_by_role("button", name="Отправить").click()
    await expect(page.get_by_text("Выберите оценку от 1 до 5")).to_be_visible()
    await page.get_by_role("radio", name="Оценка 5").click()
    await page.get_by_label("Несколько слов").fill("Спасибо мастеру")
    await page.get_by_role("button", name="Отправить").click()
    await expect(page.locator(".state")).to_have_text("Закрыта")
    await expect(page.get_by_text("Ваша оценка: 5")).to_be_visible()
    ticket = await served.services.ask("GET", f"/tickets/{number}")
    mark = next(event for event in ticket["history"] if event["what"] == "mark")
    assert (ticket["status"], ticket["mark"], mark["role"], mark["reason"]) == (
        "closed",
        5,
        "system",
        "Спасибо мастеру",
    )


async def test_not_done_is_a_conflict_for_a_person_to_settle(served: Served) -> None:
    number, path = await given(served)
    await waits_for_the_client(served, number)
    page = await opened(served, path)
    await page.get_by_role("button", name="Нет, не сделана").click()
    await page.get_by_role("button", name="Отправить").click()
    await expect(page.locator(".state")).to_have_text("Разбираемся с вашей жалобой")
    assert (await served.services.ask("GET", f"/tickets/{number}"))["status"] == "conflict"


async def test_a_word_is_added_to_the_ticket(served: Served) -> None:
    number, path = await given(served)
    page = await opened(served, path)
    await page.get_by_label("Добавить к заявке").fill("Дома после 18 ч")
    await page.get_by_role("button", name="Добавить").click()
    await expect(page.get_by_text("Записано.")).to_be_visible()
    await expect(page.locator(".way")).to_contain_text("Дома после 18 ч")
    history = (await served.services.ask("GET", f"/tickets/{number}"))["history"]
    assert [event["reason"] for event in history if event["role"] == "resident"] == ["Дома после 18 ч"]


async def test_a_link_that_ended_says_what_to_do(served: Served) -> None:
    page = await opened(served, "/r/" + "x" * 32)
    await expect(page.get_by_role("alert")).to_contain_text("Позвоните в диспетчерскую службу")


async def test_axe_finds_nothing_in_either_language_and_theme(served: Served) -> None:
    number, path = await given(served)
    await waits_for_the_client(served, number)
    page = await opened(served, path)
    wrong = []
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        for word in ("English", "Русский"):
            await (
                page.get_by_role("button", name="Да, сделана")
                .or_(page.get_by_role("button", name="Yes, it is done"))
                .click()
            )
            wrong += await look(page, f"resident {theme}")
            await page.get_by_role("button", name=word).click()
    assert wrong == []
