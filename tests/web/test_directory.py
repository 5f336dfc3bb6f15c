"""Houses, people, staff, imports and the log of readings at the real services; axe-core on each."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Dialog, FilePayload, Page, expect

from tests.web.conftest import Served
from tests.web.test_axe import look

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def house_of(served: Served, q: str = "Чкалова 17") -> dict[str, Any]:
    found: dict[str, Any] = (await served.services.ask("GET", f"/houses?q={q}"))["items"][0]
    return found


async def card_of(served: Served, name: str, **more: Any) -> dict[str, Any]:
    body = {"name": name, "anyway": True, **more}
    made: dict[str, Any] = await served.services.ask("POST", "/people", json=body, status=201)
    return made


async def test_a_house_is_found_by_its_former_name_and_shows_what_it_has(served: Served) -> None:
    house = await house_of(served)
    ask = served.services.ask
    new = {"classifier": "HVS-02", "house_id": house["id"], "text": "Течёт"}
    number = (await ask("POST", "/tickets", json=new, status=201))["number"]
    await served.sign_in("orlova")
    page = await served.open(f"/houses/{house['id']}")
    await page.get_by_role("button", name="Изменить").click()
    await page.get_by_label("Улица", exact=True).fill("ул. Космонавта Леонова")
    await page.get_by_role("button", name="Помещение", exact=True).click()
    await page.get_by_label("Помещение 1: Номер").fill("61")
    await page.get_by_label("Помещение 61: Подъезд").fill("2")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.get_by_role("heading", name="ул. Космонавта Леонова, 17")).to_be_visible()
    await expect(page.locator(".dirhead")).to_contain_text("бывш. ул. Чкалова, 17")
    await expect(page.get_by_role("heading", name="Подъезд 2")).to_be_visible()
    await expect(page.get_by_role("link", name=number)).to_be_visible()
    await expect(page.get_by_text("Нет холодной воды во всём доме")).to_be_visible()
    await expect(page.get_by_text("УК «Заречье»")).to_be_visible()
    await page.get_by_role("searchbox").fill("xrfkjdf 17")
    await expect(page.locator(".dirlist button").first).to_contain_text("ул. Космонавта Леонова, 17")
    await expect(page.locator(".dirlist button").first).to_contain_text("бывш. ул. Чкалова, 17")


async def test_all_tickets_of_a_house_are_its_finished_ones_too(served: Served) -> None:
    house = await house_of(served)
    ask = served.services.ask
    new = {"classifier": "HVS-02", "house_id": house["id"], "text": "Течёт"}
    number = (await ask("POST", "/tickets", json=new, status=201))["number"]
    await ask("POST", f"/tickets/{number}/moves", json={"move": "cancel", "reason": "ошибочная"})
    await served.sign_in("petrova")
    page = await served.open(f"/houses/{house['id']}")
    await page.get_by_role("button", name="Все заявки дома").click()
    await expect(page.get_by_role("link", name=number)).to_be_visible()


async def test_the_keyboard_alone_opens_a_house_and_its_people_and_the_log_knows(served: Served) -> None:
    await served.sign_in("petrova")
    page = await served.open("/houses")
    await page.keyboard.press("Slash")
    await page.keyboard.type("чкал 17")
    await expect(page.locator(".dirlist button").first).to_contain_text("ул. Чкалова, 17")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Показать жильцов").click()
    await expect(page.get_by_role("link", name="Кузнецова Изольда Марковна")).to_be_visible()
    seen = (await served.services.ask("GET", "/readings?what=card", role="supervisor"))["items"]
    assert (seen[0]["who"], seen[0]["why"]) == ("Петрова Наталья", "house")


async def test_a_house_of_many_shows_all_its_people_a_screenful_at_a_time(served: Served) -> None:
    house = await house_of(served)
    card = f"/houses/{house['id']}"
    for n in range((await served.services.ask("GET", card))["people"], 210):
        await card_of(served, f"Жилец {n:02d}", residences=[{"house_id": house["id"], "premise": str(100 + n)}])
    await served.sign_in("petrova")
    page = await served.open(card)
    await page.get_by_role("button", name="Показать жильцов").click()
    shown = page.get_by_role("region", name="Жильцы").get_by_role("link")
    await expect(shown).to_have_count(200)
    await page.get_by_role("button", name="Показать ещё").click()
    await expect(shown).to_have_count(210)
    await expect(page.get_by_role("button", name="Показать ещё")).to_have_count(0)


async def test_a_card_is_made_with_its_likeness_told_tagged_and_merged_and_parted(served: Served) -> None:
    old = await card_of(served, "Мельничук Анна", numbers=["+79990001122"])
    await served.sign_in("petrova")
    page = await served.open("/houses/people")
    await page.get_by_role("button", name="Новая карточка").click()
    await page.get_by_label("Фамилия, имя, отчество").fill("Мельничук А.")
    await page.get_by_label("Номер 1", exact=True).fill("8 999 000-11-22")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.get_by_role("alert")).to_contain_text("Мельничук Анна")
    await page.get_by_role("button", name="Это другой человек, сохранить").click()
    await expect(page.get_by_role("heading", name="Мельничук А.")).to_be_visible()
    await page.get_by_label("Что знать об этом человеке").fill("Собака")
    await page.get_by_role("button", name="Добавить").click()
    await expect(page.locator(".dirline", has_text="Собака")).to_contain_text("Петрова Наталья")
    twin = int(page.url.rpartition("/")[2])
    await page.goto(f"{served.base}/houses/people/{old['id']}")
    await page.get_by_role("button", name="Объединить…").click()
    await page.get_by_label("Кого присоединить: имя, номер или адрес").fill("Мельничук А.")
    await page.get_by_role("option", name="Мельничук А.").click()
    await page.get_by_role("button", name="Объединить", exact=False).last.click()
    await expect(page.locator(".dirline", has_text="Собака")).to_be_visible()
    await page.goto(f"{served.base}/houses/people/{twin}")
    await expect(page.get_by_role("heading", name="Мельничук Анна")).to_be_visible()
    assert page.url.endswith(f"/houses/people/{old['id']}")
    await page.get_by_role("button", name="Разъединить").click()
    await expect(page.locator(".dirline", has_text="Собака")).to_have_count(0)
    assert (await served.services.ask("GET", f"/people/{twin}"))["notes"][0]["text"] == "Собака"


async def test_a_family_of_one_number_is_never_merged_by_one_press(served: Served) -> None:
    anna = await card_of(served, "Мельничук Анна", numbers=["+79990001122"])
    await card_of(served, "Мельничук Борис", numbers=["+79990001122"])
    twin = await card_of(served, "Мельничук А.", numbers=["+79990001122"])
    await served.sign_in("petrova")
    page = await served.open("/houses/duplicates")
    group = page.locator("li.dirline", has_text="+7 999 000-11-22")
    await expect(group.get_by_role("button")).to_be_disabled()
    await group.get_by_role("checkbox", name="Мельничук А.").check()
    await group.get_by_role("button").click()
    await expect(page.get_by_text("Объединено: Мельничук А.")).to_be_visible()
    await expect(page.get_by_role("checkbox", name="Мельничук А.")).to_have_count(0)
    assert (await served.services.ask("GET", f"/people/{twin['id']}"))["id"] == anna["id"]


async def test_a_file_is_shown_before_it_applies(served: Served) -> None:
    house = await house_of(served)
    text = f"Код;Улица;Номер\n{house['code']};ул. Чкалова;19\nX-1;ул. Новая;1\nX-2;;3\n"
    await served.sign_in("admin")
    page = await served.open("/admin/import")
    file = FilePayload(name="houses.csv", mimeType="text/csv", buffer=text.encode("cp1251"))
    await page.set_input_files("input[type=file]", files=[file])
    await expect(page.get_by_text("строка 4")).to_be_visible()
    row = page.locator("tbody tr", has_text=house["code"])
    await expect(row).to_contain_text("number")
    await expect(row.locator("del")).to_have_text("17")
    assert (await house_of(served))["number"] == "17"
    assert await look(page, "import, a preview") == []
    await page.get_by_role("button", name="Применить 2 изменения").click()
    await expect(page.get_by_text("Применено: 2")).to_be_visible()
    assert (await served.services.ask("GET", f"/houses/{house['id']}"))["number"] == "19"


async def test_a_colleague_is_added_changed_and_the_last_administrator_stays(served: Served) -> None:
    await served.sign_in("admin")
    page = await served.open("/admin/staff/new")
    await page.get_by_label("Фамилия и имя").fill("Новикова Ольга")
    await page.get_by_label("Логин", exact=True).fill("novikova")
    await page.get_by_label("Новый пароль").fill("long-enough")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.get_by_role("heading", name="Новикова Ольга")).to_be_visible()
    await page.get_by_label("Внутренний номер").fill("101")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.get_by_role("alert")).to_contain_text("101")
    page.once("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("link", name="Северин Олег").click()
    await page.get_by_label("Работает").uncheck()
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.get_by_role("alert")).to_contain_text("last active administrator")


async def test_what_is_typed_about_a_colleague_outlives_news_of_him_and_leaving_is_asked(served: Served) -> None:
    fomin = await served.services.staff_id("fomin")
    await served.sign_in("admin")
    page = await served.open(f"/admin/staff/{fomin}")
    name = page.get_by_label("Фамилия и имя")
    await expect(name).to_have_value("Фомин Артём")
    await name.fill("Фомин Артём Ильич")
    members = (await served.services.ask("GET", "/staff", role="administrator"))["items"]
    known = next(one for one in members if one["id"] == fomin)
    fields = ("login", "name", "role", "organisation_id", "trade", "districts", "language", "active")
    body = {field: known[field] for field in fields} | {"extension": known["extension"] or "", "phone": "+79075550011"}
    await served.services.ask("PUT", f"/staff/{fomin}", role="administrator", json=body)
    await page.locator(".cell.last").click()
    await page.get_by_role("menuitem", name="English").click()
    await expect(page.get_by_label("Mobile")).to_have_value("+79075550011")
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Фомин Артём Ильич")
    asked: list[str] = []

    async def refuse(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await dialog.dismiss()

    page.on("dialog", refuse)
    await page.get_by_role("link", name="Громов Николай").click()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Фомин Артём Ильич")
    assert asked == ["Leave without saving?"]
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("heading", name="Фомин Артём Ильич")).to_be_visible()
    await page.get_by_role("link", name="Громов Николай").click()
    await expect(page.get_by_role("heading", name="Громов Николай")).to_be_visible()
    assert len(asked) == 1


async def test_a_supervisor_filters_the_log_of_readings(served: Served) -> None:
    anna = await card_of(served, "Мельничук Анна")
    await served.services.ask("GET", f"/people/{anna['id']}")
    await served.sign_in("orlova")
    page = await served.open("/admin/readings")
    await page.get_by_label("О ком или о чём").fill(f"person:{anna['id']}")
    await expect(page.locator("tbody tr")).to_have_count(2)
    await page.get_by_label("Что", exact=True).select_option("card")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await expect(page.locator("tbody tr").first).to_contain_text("Петрова Наталья")
    await page.get_by_role("link", name="Мельничук Анна").click()
    await expect(page.get_by_role("heading", name="Мельничук Анна")).to_be_visible()


async def test_what_does_not_load_says_so_and_is_repeated(served: Served) -> None:
    await served.sign_in("petrova")
    broken = {"detail": "сбой базы"}
    await served.page.route("**/api/v1/houses?*", lambda route: route.fulfill(status=500, json=broken))
    await served.page.goto(f"{served.base}/houses")
    await expect(served.page.get_by_role("alert")).to_contain_text("сбой базы")
    await served.page.unroute("**/api/v1/houses?*")
    await served.page.get_by_role("button", name="Повторить").click()
    await expect(served.page.locator(".dirlist button").first).to_be_visible()


async def _pages(served: Served) -> list[str]:
    house = await house_of(served)
    person = (await served.services.ask("GET", "/people?q=Кузнецова Изольда"))["items"][0]
    fomin = await served.services.staff_id("fomin")
    beside = ["/houses/people", "/houses/duplicates", f"/admin/staff/{fomin}", "/admin/import", "/admin/readings"]
    return [f"/houses/{house['id']}", f"/houses/people/{person['id']}", *beside]


@pytest.mark.parametrize(("width", "scheme", "language"), [(1280, "dark", "en"), (1600, "light", "ru")])
async def test_axe_finds_nothing(served: Served, width: int, scheme: Any, language: str) -> None:
    await served.page.set_viewport_size({"width": width, "height": 900})
    await served.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await served.page.add_init_script(f"localStorage.setItem('callengine.language', '{language}')")
    await served.sign_in("admin")
    wrong: list[str] = []
    for path in await _pages(served):
        page: Page = await served.open(path)
        wrong += await look(page, path)
    for path in (await _pages(served))[:2]:
        page = await served.open(path)
        await page.locator(".dirhead button").last.click()
        await page.get_by_role("dialog").wait_for()
        wrong += await look(page, f"{path}, its form")
    assert wrong == []
