"""Contracts, misroutes, the calendar and the rules in a real browser at the real services: keys, refusals, undo."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest
from playwright.async_api import Route, expect
from sqlalchemy import insert

from callengine.directory.model import Somebody
from callengine.store.contracts import Wanted
from callengine.store.tables import ticket_declines
from callengine.tickets.model import NewTicket
from tests.web.conftest import Served
from tests.web.test_axe import look

pytestmark = pytest.mark.asyncio(loop_scope="session")
PAGES = ("contracts", "contracts/new", "calendar", "misroutes", "rules")


async def declined(served: Served, times: int = 3) -> None:
    """The water utility declined a matter at one house, and a management company took it."""
    its = served.services.services
    everyone = {one.code: one for one in await its.directory.organisations()}
    for _ in range(times):
        ticket = await its.tickets.create(NewTicket("HVS-08", 1), Somebody("Орлова"))
        assert ticket.organisation
        row = {
            "ticket_id": ticket.id,
            "classifier_code": "HVS-08",
            "house_id": 1,
            "organisation_id": ticket.organisation.id,
            "contract_code": ticket.contract_code,
            "reason": "не наш участок",
            "at": served.services.clock.now(),
            "accepted_by": everyone["zarechye"].id,
        }
        async with served.services.store.begin() as tx:
            await tx.conn.execute(insert(ticket_declines).values(**row))


async def codes(served: Served, q: str) -> list[str]:
    found, _ = await served.services.services.contracts.find(Wanted(q=q))
    return [one.contract.code for one in found]


async def test_a_contract_is_written_by_keyboard_and_its_removal_undone(served: Served) -> None:
    page = await served.sign_in("orlova")
    await served.open("/admin/contracts")
    await page.locator("tbody tr").first.wait_for()
    await page.keyboard.press("KeyN")
    await expect(page.get_by_label("Номер", exact=True)).to_be_focused()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("Договор без домов")).to_be_visible()
    await page.keyboard.type("99-У")
    await page.get_by_label("Организация", exact=True).select_option(label="ООО «ЖилКомфорт-Сервис»")
    await expect(page.get_by_label("Служит как")).to_have_value("management_company")
    await page.get_by_label("Добавить дом").fill("Чкалова 9")
    await page.locator(".suggest [role=option]").first.wait_for()
    await page.keyboard.press("Enter")
    await expect(page.locator(".housechips li")).to_have_count(1)
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("note")).to_contain_text("отвечает за то же с тем же приоритетом")
    assert await codes(served, "99-У") == ["99-У"]
    await page.get_by_role("button", name="Убрать", exact=True).click()
    await expect(page.get_by_text("Договор № 99-У убран")).to_be_visible()
    assert await codes(served, "99-У") == []
    await page.locator(".toast").get_by_role("button", name="Вернуть").click()
    await expect(page.get_by_text("снова действует")).to_be_visible()
    assert await codes(served, "99-У") == ["99-У"]


async def test_what_is_typed_into_a_contract_outlives_a_new_reading_and_leaving_is_asked(served: Served) -> None:
    page = await served.sign_in("orlova")
    await served.open("/admin/contracts")
    await page.locator("tbody tr").first.click()
    await page.get_by_label("Заметка").fill("Продлён на год")
    async with page.expect_response("**/api/v1/contracts/*"):
        await page.locator(".cell.last").click()
        await page.get_by_role("menuitem", name="English").click()
    note = page.get_by_label("Note")
    await expect(note).to_have_value("Продлён на год")
    stands = page.url
    page.once("dialog", lambda dialog: dialog.dismiss())
    await page.locator("tbody tr").nth(1).click()
    await expect(page).to_have_url(stands)
    await expect(note).to_have_value("Продлён на год")
    page.once("dialog", lambda dialog: dialog.accept())
    await page.locator("tbody tr").nth(1).click()
    await expect(page).not_to_have_url(stands)
    await expect(note).not_to_have_value("Продлён на год")


async def test_what_the_engine_refuses_stands_at_its_field(served: Served) -> None:
    page = await served.sign_in("orlova")
    await served.open("/admin/contracts/new")
    await page.get_by_label("Номер", exact=True).fill("98-У")
    await page.get_by_label("Организация", exact=True).select_option(label="ООО «ЖилКомфорт-Сервис»")
    await page.get_by_label("Весь город").check(force=True)
    await page.get_by_role("textbox", name="Раздел").fill("нет")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("label", has_text="Раздел").get_by_role("alert")).to_contain_text("no branch")


async def test_a_day_is_made_free_by_arrows_and_enter_and_the_undo_takes_it_back(served: Served) -> None:
    page = await served.sign_in("orlova")
    await served.open("/admin/calendar")
    first = page.locator("[data-day='2026-11-20']")
    await first.click()
    for key in ("ArrowDown", "ArrowLeft", "Enter"):
        await page.keyboard.press(key)
    await expect(page.get_by_role("heading", name="четверг, 26 ноября")).to_be_visible()
    await page.get_by_label("Название").fill("День города")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-day='2026-11-26']")).to_have_class("day own")
    calendar = served.services.services.calendar
    days = {day.day: day for day in (await calendar.year(2026)).days}
    assert days[date(2026, 11, 26)].name == "День города" and not days[date(2026, 11, 26)].working
    await page.locator(".toast").get_by_role("button", name="Вернуть").click()
    await expect(page.locator("[data-day='2026-11-26']")).to_have_class("day ")
    assert date(2026, 11, 26) not in {day.day for day in (await calendar.year(2026)).days}


async def test_a_misroute_becomes_a_contract_and_the_undo_takes_it_away(served: Served) -> None:
    await declined(served)
    page = await served.sign_in("orlova")
    await served.open("/admin/misroutes")
    await page.get_by_role("button", name="HVS-08").wait_for()
    await page.keyboard.press("ArrowDown")
    await expect(page.locator(".changes")).to_contain_text("УК «Заречье»")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("heading", name="Предложения нет")).to_be_visible()
    assert len(await codes(served, "HVS-08")) == 1
    await page.locator(".toast").get_by_role("button", name="Отменить").click()
    await expect(page.get_by_role("heading", name="Что изменится")).to_be_visible()
    assert await codes(served, "HVS-08") == []


async def test_a_misroute_is_not_accepted_before_its_effect_is_seen(served: Served) -> None:
    await declined(served)
    page = await served.sign_in("orlova")
    free = asyncio.Event()
    accepted: list[str] = []

    async def hold(route: Route) -> None:
        if '"apply":true' in (route.request.post_data or ""):
            accepted.append(route.request.url)
        else:
            await free.wait()
        await route.continue_()

    await page.route("**/api/v1/routing/suggestions", hold)
    await served.open("/admin/misroutes")
    await page.get_by_role("button", name="HVS-08").wait_for()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("heading", name="Что изменится")).to_be_visible()
    await page.keyboard.press("Control+Enter")
    free.set()
    await expect(page.locator(".changes")).to_contain_text("УК «Заречье»")
    assert accepted == []
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("heading", name="Предложения нет")).to_be_visible()
    await page.unroute_all(behavior="wait")


@pytest.mark.parametrize(
    ("scheme", "language"),
    [
        ("light", "ru"),
        ("dark", "en"),
        pytest.param("dark", "ru", marks=pytest.mark.long),
        pytest.param("light", "en", marks=pytest.mark.long),
    ],
)
async def test_axe_finds_nothing_on_any_of_the_pages(served: Served, language: str, scheme: str) -> None:
    await declined(served)
    page = await served.sign_in("orlova")
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await page.add_init_script(f"localStorage.setItem('callengine.language', '{language}')")
    wrong: list[str] = []
    for width in (1280, 1600):
        await page.set_viewport_size({"width": width, "height": 900})
        for name in PAGES:
            await served.open(f"/admin/{name}")
            await page.locator("tbody tr, .day").first.wait_for()
            if name == "misroutes":
                await page.keyboard.press("ArrowDown")
                await page.locator(".changes").wait_for()
            wrong += await look(page, f"{name} {width}")
    assert wrong == []


async def test_each_page_says_that_it_failed_and_repeats(served: Served) -> None:
    page = await served.sign_in("orlova")
    paths = {"contracts": "contracts?", "calendar": "calendar?", "misroutes": "routing/declines", "rules": "rules"}
    for name, path in paths.items():
        await page.route(f"**/api/v1/{path}*", lambda route: route.fulfill(status=500, json={"detail": "сбой базы"}))
        await page.goto(f"{served.base}/admin/{name}")
        await expect(page.get_by_role("alert").filter(has_text="сбой базы").first).to_be_visible()
        again = page.get_by_role("button", name="Повторить")
        async with page.expect_request(f"**/api/v1/{path}*"):
            await again.click()
        await page.unroute(f"**/api/v1/{path}*")
        # Whatever else asks anew may bring the page back first, and the button is gone then.
        async with asyncio.timeout(10):
            while await again.count():
                await again.evaluate_all("(buttons) => buttons.forEach((one) => one.click())")
                await asyncio.sleep(0.05)
