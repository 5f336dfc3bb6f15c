"""Meters on the pages: readings written, doubted, corrected; a month to check and take away; who may what."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.web.conftest import Served
from tests.web.test_axe import look
from tests.web.test_directory import house_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def hung(served: Served, **changes: Any) -> dict[str, Any]:
    form = {"kind": "cold_water", "serial": "A-1", "premise": "5", "place": "кухня"}
    body = form | {"house_id": (await house_of(served))["id"]} | changes
    made: dict[str, Any] = await served.services.ask("POST", "/meters", role="supervisor", json=body, status=201)
    return made


async def read(served: Served, meter: dict[str, Any], value: str, period: str = "") -> None:
    body = {"value": value, "period": period, "confirmed": True}
    await served.services.ask("POST", f"/meters/{meter['id']}/readings", json=body, status=201)


async def values(served: Served, meter: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Each row that was ever written, the newest first: value, flag, note."""
    card = await served.services.ask("GET", f"/meters/{meter['id']}")
    return [(one["value"], one["flag"], one["note"]) for one in card["readings"]]


async def write(page: Page, value: str) -> None:
    await page.get_by_role("button", name="Записать показание").click()
    await page.get_by_role("dialog").get_by_label("Показание").fill(value)
    await page.keyboard.press("Control+Enter")


async def test_a_reading_is_written_doubted_and_corrected_with_a_reason_and_the_old_one_stays(served: Served) -> None:
    meter = await hung(served)
    await read(served, meter, "120,5", "2025-01")
    await served.sign_in("petrova")
    page = await served.open(f"/houses/{meter['house_id']}")
    line = page.locator(".meter")
    await expect(line).to_contain_text("120.5")
    await write(page, "119")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Показание")).to_have_accessible_description("Меньше прежнего показания: 120.5")
    await dialog.get_by_label("Показание").fill("90000")
    await page.keyboard.press("Control+Enter")
    await expect(dialog.get_by_role("alert")).to_contain_text("бывает редко")
    assert len(await values(served, meter)) == 1, "it asks before it writes"
    await page.keyboard.press("Control+Enter")
    await expect(line).to_contain_text("проверить")
    await page.get_by_role("button", name="Записать показание").click()
    await expect(dialog).to_contain_text("уже записано 90000")
    await dialog.get_by_label("Показание").fill("140")
    await expect(dialog.get_by_role("button", name="Исправить")).to_be_disabled()
    await dialog.get_by_label("Почему исправляем").fill("ошибка в цифре")
    await page.keyboard.press("Control+Enter")
    await expect(dialog).to_have_count(0)
    await line.get_by_role("button", name="История").click()
    await expect(line.locator("del")).to_have_text("90000")
    await expect(line.locator("tbody tr").first).to_contain_text("ошибка в цифре")
    kept = [("140", "", "ошибка в цифре"), ("90000", "jump", ""), ("120.5", "", "")]
    assert await values(served, meter) == kept


async def test_a_supervisor_hangs_replaces_and_takes_off_and_an_operator_is_not_offered_it(served: Served) -> None:
    house = await house_of(served)
    await served.sign_in("orlova")
    page = await served.open(f"/houses/{house['id']}")
    await expect(page.get_by_text("Счётчиков не записано")).to_be_visible()
    await page.get_by_role("button", name="Счётчик", exact=True).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Квартира")).to_be_focused()
    await dialog.get_by_label("Квартира").fill("5")
    await dialog.get_by_label("Номер").fill("A-1")
    await dialog.get_by_label("Цифр до запятой").fill("99")
    await page.keyboard.press("Control+Enter")
    await expect(dialog.get_by_label("Цифр до запятой")).to_have_attribute("aria-invalid", "true")
    await dialog.get_by_label("Цифр до запятой").fill("5")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".meter")).to_contain_text("№ A-1")
    await page.get_by_role("button", name="Заменить").click()
    await expect(dialog.get_by_label("Номер")).to_be_focused()
    await dialog.get_by_label("Номер").fill("B-2")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".meter")).to_have_count(1)
    await expect(page.locator(".meter")).to_contain_text("№ B-2")
    standing = (await served.services.ask("GET", f"/meters?house_id={house['id']}"))["items"]
    assert [one["serial"] for one in standing] == ["B-2"]
    await served.sign_in("petrova")
    page = await served.open(f"/houses/{house['id']}")
    await expect(page.get_by_role("button", name="Записать показание")).to_be_visible()
    for name in ("Счётчик", "Заменить", "Снять: Холодная вода B-2", "Изменить: Холодная вода B-2"):
        await expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    await page.goto(f"{served.base}/houses/meters")
    await expect(page.get_by_text("Проверять нечего")).to_be_visible()
    await expect(page.get_by_role("link", name="Выгрузить CSV")).to_have_count(0)
    await served.sign_in("orlova")
    page = await served.open(f"/houses/{house['id']}")
    await page.get_by_role("button", name="Снять: Холодная вода B-2").click()
    await page.get_by_role("button", name="Снять счётчик").click()
    await expect(page.get_by_text("Счётчиков не записано")).to_be_visible()


async def test_a_person_s_page_has_the_meters_of_his_flat_alone(served: Served) -> None:
    person = (await served.services.ask("GET", "/people?q=Кузнецова Изольда"))["items"][0]
    home = next(one for one in person["residences"] if one["premise"])
    at = {"house_id": home["house"]["id"]}
    await hung(served, serial="HERS", premise=home["premise"], **at)
    await hung(served, serial="OTHER", premise="999", **at)
    await served.sign_in("petrova")
    page = await served.open(f"/houses/people/{person['id']}")
    await expect(page.locator(".meter")).to_have_count(1)
    await expect(page.locator(".meter")).to_contain_text("№ HERS")


async def test_flagged_readings_are_checked_and_a_month_goes_out_in_both_forms(served: Served) -> None:
    meter = await hung(served)
    await read(served, meter, "10", "2025-01")
    await read(served, meter, "90000")
    await served.sign_in("orlova")
    page = await served.open("/houses/meters")
    row = page.locator("tbody tr")
    await expect(row).to_contain_text("ул. Чкалова, 17, кв. 5")
    for name, end in (("CSV", "csv"), ("XLSX", "xlsx")):
        async with page.expect_download() as download:
            await page.get_by_role("link", name=f"Выгрузить {name}").click()
        assert (await download.value).suggested_filename.endswith(f".{end}")
    await row.get_by_role("button", name="Верно").click()
    await expect(page.get_by_text("Проверять нечего")).to_be_visible()
    await page.get_by_role("button", name="Проверенные").click()
    await expect(row).to_contain_text("90000")
    assert [one[:2] for one in await values(served, meter)] == [("90000", "checked"), ("90000", "jump"), ("10", "")]


async def test_meters_that_do_not_load_say_so_and_come_when_asked_again(served: Served) -> None:
    await hung(served)
    house = await house_of(served)
    await served.sign_in("petrova")
    await served.page.route("**/api/v1/meters?*", lambda route: route.fulfill(status=500, json={"detail": "сбой базы"}))
    await served.page.goto(f"{served.base}/houses/{house['id']}")
    await expect(served.page.get_by_role("alert")).to_contain_text("сбой базы")
    await served.page.unroute_all()
    await served.page.get_by_role("button", name="Повторить").click()
    await expect(served.page.locator(".meter")).to_contain_text("№ A-1")


async def test_the_import_page_names_meters(served: Served) -> None:
    await served.sign_in("admin")
    page = await served.open("/admin/import")
    kind = page.get_by_label("Что в файле")
    await kind.select_option("meters")
    await expect(kind.locator("option:checked")).to_have_text("Счётчики")


@pytest.mark.parametrize(("width", "scheme", "language"), [(1280, "dark", "en"), (1600, "light", "ru")])
async def test_axe_finds_nothing(served: Served, width: int, scheme: Any, language: str) -> None:
    meter = await hung(served)
    await read(served, meter, "10", "2025-01")
    await read(served, meter, "90000")
    await read(served, meter, "90001")
    await served.page.set_viewport_size({"width": width, "height": 900})
    await served.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await served.page.add_init_script(f"localStorage.setItem('callengine.language', '{language}')")
    await served.sign_in("orlova")
    page = await served.open("/houses/meters")
    await page.locator("tbody button[aria-expanded]").first.click()
    await page.locator(".meterhistory").wait_for()
    wrong = await look(page, "a month, a history open")
    page = await served.open(f"/houses/{meter['house_id']}")
    await page.locator(".meter button[aria-expanded]").click()
    await page.locator(".meterhistory").wait_for()
    wrong += await look(page, "a house with its meters")
    buttons = page.locator(".meter .dirline button")
    for n in (0, 2, 3, 4):
        await buttons.nth(n).click()
        await page.get_by_role("dialog").wait_for()
        wrong += await look(page, f"a meter, dialog {n}")
        await page.keyboard.press("Escape")
        await page.get_by_role("dialog").wait_for(state="detached")
    assert wrong == []
