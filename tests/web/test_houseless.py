"""A matter without a house on the pages: the form by the keyboard alone, then every page that shows the ticket (B1)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import expect
from sqlalchemy import update

from callengine.store.tables import staff
from callengine.store.tables import tickets as ticket_rows
from tests.web.conftest import Served
from tests.web.test_axe import look
from tests.web.test_form import at_form, existing, tickets, whole

pytestmark = pytest.mark.asyncio(loop_scope="session")
PLACE = "Перекрёсток Мира и Ленина, у светофора"


async def pothole(served: Served, **form: Any) -> str:
    whole = {"classifier": "GOR-01", "place": PLACE, "text": "Яма", **form}
    return str((await served.services.ask("POST", "/tickets", json=whole, status=201))["number"])


async def test_a_pothole_is_registered_by_the_keyboard_alone(served: Served) -> None:
    page = await at_form(served)
    await page.keyboard.type("GOR-01")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("combobox", name="Где")).to_be_focused()
    await page.keyboard.type("Перекрёсток Мира и Ленина")
    await page.keyboard.press("Shift+F9")
    place = page.get_by_role("textbox", name="Где именно, словами")
    await expect(place).to_be_focused()
    await expect(place).to_have_value("Перекрёсток Мира и Ленина")
    await page.keyboard.press("End")
    await page.keyboard.type(", у светофора")
    await expect(page.get_by_role("region", name="Сроки")).to_contain_text("Устранить")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Control+Enter")
    status = page.get_by_role("status").locator("h2")
    if await page.locator(".formpart.refused").count():
        await page.keyboard.press("Control+Enter")
    await expect(status).to_contain_text("зарегистрирована")
    await expect(page.get_by_role("main").get_by_role("status")).to_contain_text(PLACE)
    ticket = await whole(served, page)
    assert (ticket["house"], ticket["place"], ticket["classifier"]["code"]) == (None, PLACE, "GOR-01")


async def test_the_choice_is_a_button_too_and_is_taken_back(served: Served) -> None:
    page = await at_form(served)
    await page.keyboard.type("GOR-01")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("combobox", name="Где")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Дома нет / в другом месте")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("textbox", name="Где именно, словами")).to_be_focused()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Скажите место словами")
    assert await tickets(served) == []
    assert await look(page, "the form without a house") == []
    await page.keyboard.press("Shift+F9")
    await expect(page.get_by_role("combobox", name="Где")).to_be_focused()


async def test_the_same_hole_is_told_before_it_is_written_twice(served: Served) -> None:
    far = await pothole(served, place="Автовокзал")
    near = await pothole(served)
    await pothole(served, place="Набережная")
    page = await at_form(served)
    await page.keyboard.type("GOR-01")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("combobox", name="Где")).to_be_focused()
    await page.keyboard.press("Shift+F9")
    await expect(page.get_by_role("textbox", name="Где именно, словами")).to_be_focused()
    await page.keyboard.type("мира, светофора")
    lines = page.locator(".similar li")
    await expect(lines).to_have_count(3)
    await expect(lines.first).to_contain_text(near)
    await expect(lines.first).to_contain_text(PLACE)
    await expect(page.locator(".similar")).to_contain_text(far)


async def test_every_page_of_the_desk_names_the_place(served: Served) -> None:
    number = await pothole(served)
    await served.sign_in("petrova")
    page = await served.open(f"/tickets/{number}")
    await expect(page.locator(".tickethead")).to_contain_text(PLACE)
    page = await served.open("/tickets")
    await expect(page.get_by_role("row").filter(has_text=number)).to_contain_text(PLACE)
    page = await served.open("/desk")
    await expect(page.get_by_text(number).locator("..")).to_contain_text(PLACE)
    assert served.mistakes == []


async def test_the_journal_is_narrowed_to_those_without_a_house(served: Served) -> None:
    number, housed = await pothole(served), await existing(served)
    await served.sign_in("petrova")
    page = await served.open("/tickets")
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(2)
    await page.get_by_role("button", name="Ещё отборы").click()
    await page.get_by_role("button", name="Без дома").click()
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text(number)
    await page.reload()
    await expect(rows).to_have_count(1)
    await page.get_by_role("button", name="Снять: Без дома").click()
    await expect(rows.filter(has_text=housed)).to_have_count(1)


async def test_the_pages_of_others_name_the_place(served: Served) -> None:
    number = await pothole(served, applicant={"number": "+79073304177", "name": "Мельникова Анна"})
    made = await served.services.ask("GET", f"/tickets/{number}")
    url = (await served.services.ask("POST", f"/tickets/{number}/links", status=201))["url"]
    page = await served.open("/r/" + url.rpartition("/r/")[2])
    await expect(page.get_by_text(PLACE)).to_be_visible()
    zarechye = next(o for o in (await served.services.ask("GET", "/organisations"))["items"] if o["code"] == "zarechye")
    if made["organisation"] is None or made["organisation"]["id"] != zarechye["id"]:
        move = {"move": "route", "organisation_id": zarechye["id"], "reason": "это их двор"}
        await served.services.ask("POST", f"/tickets/{number}/moves", role="supervisor", json=move)
    await served.sign_in("lavrov")
    page = await served.open("/")
    await expect(page.locator(f"[data-number='{number}']")).to_contain_text(PLACE)
    for move, more in (("accept", {}), ("assign", {"executor_id": await served.services.staff_id("fomin")})):
        answer = await page.context.request.post(
            f"{served.base}/api/v1/tickets/{number}/moves",
            data={"move": move, **more},
            headers={"Origin": served.base},
        )
        assert answer.ok, await answer.text()
    await served.sign_in("fomin")
    page = await served.open(f"/work/{number}")
    await expect(page.get_by_text(PLACE).first).to_be_visible()
    await expect(page.get_by_role("link", name="Маршрут").or_(page.locator("a[href^='geo:']")).first).to_be_visible()
    assert served.mistakes == []


async def test_the_house_is_named_later_on_the_ticket_s_page(served: Served) -> None:
    number = await pothole(served)
    made = await served.services.ask("GET", f"/tickets/{number}")
    await served.sign_in("petrova" if made["organisation"] is None else "orlova")
    page = await served.open(f"/tickets/{number}")
    await page.get_by_role("button", name="Направить").first.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text(PLACE)
    if await dialog.get_by_role("button", name="Другой дом").count():
        await dialog.get_by_role("button", name="Другой дом").click()
    await dialog.get_by_role("combobox", name="Назвать дом").fill("Мира 12 кв 9")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_label("Квартира или место")).to_have_value("9")
    choice = dialog.get_by_role("combobox").last
    await choice.select_option(index=1)
    await dialog.get_by_role("textbox").last.fill("это у дома")
    await page.keyboard.press("Control+Enter")
    await expect(dialog).to_have_count(0)
    await expect(page.locator(".tickethead")).to_contain_text("12, кв. 9")
    await expect(page.get_by_text(f"Место: {PLACE} →")).to_be_visible()
    now = await served.services.ask("GET", f"/tickets/{number}")
    assert now["house"] and (now["premise"], now["place"]) == ("9", "")


async def test_the_desk_rings_the_executor_on_his_own_telephone_from_the_ticket(served: Served) -> None:
    """R89, R90: and his manager has the number as a link of his own telephone."""
    number = await pothole(served)
    zarechye = next(o for o in (await served.services.ask("GET", "/organisations"))["items"] if o["code"] == "zarechye")
    fomin = await served.services.staff_id("fomin")
    async with served.services.store.begin() as tx:
        await tx.conn.execute(update(staff).where(staff.c.id == fomin).values(phone="+79073305511"))
        here = {"organisation_id": zarechye["id"], "executor_id": fomin, "status": "executor_assigned"}
        await tx.conn.execute(update(ticket_rows).where(ticket_rows.c.number == number).values(**here))
    await served.sign_in("petrova")
    page = await served.open(f"/tickets/{number}")
    await page.get_by_role("button", name="Позвонить: Фомин Артём").click()
    await expect(page.locator(".person-line").filter(has_text="Фомин Артём")).to_contain_text("+7 907 330-55-11")
    async with asyncio.timeout(5):
        while not served.services.dialling.placed:
            await asyncio.sleep(0.01)
    (placed,) = served.services.dialling.placed.values()
    assert placed[1:3] == ("101", "+79073305511")
    await served.sign_in("lavrov")
    page = await served.open(f"/tickets/{number}")
    link = page.get_by_role("link", name="Позвонить: Фомин Артём")
    assert await link.get_attribute("href") == "tel:+79073305511"
