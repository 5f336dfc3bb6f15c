"""The journal's page at the real services: the address bar holds the filter, keys, columns, saved filters, export."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from callengine.access.model import Principal
from callengine.tasks import Tasks
from callengine.tickets import model
from tests.web.conftest import Served
from tests.web.test_axe import look

pytestmark = pytest.mark.asyncio(loop_scope="session")
OPERATOR = Principal(1, "operator", None, "Петрова", "101")


@pytest_asyncio.fixture(loop_scope="session")
async def made(served: Served) -> AsyncIterator[list[str]]:
    """Seventy tickets of four houses: every seventh is an accident."""
    its = served.services
    numbers = []
    for n in range(70):
        code = "HVS-02" if n % 7 == 0 else "LIF-02" if n % 2 else "HVS-05"
        its.clock.advance(seconds=60)
        who = model.Applicant("+79073304177", "Мельникова Анна" if n % 5 else "Белых Олег")
        form = model.NewTicket(code, n % 4 + 1, text=f"случай {n}", applicant=who)
        numbers.append((await its.services.tickets.create(form, OPERATOR)).number)
    yield numbers


async def journal(served: Served, path: str = "/tickets") -> Page:
    await served.sign_in("orlova")
    page = await served.open(path)
    await expect(page.get_by_role("heading", name="Заявки", level=1)).to_be_visible()
    return page


async def first(page: Page) -> str:
    return str(await page.locator("tbody tr").first.get_attribute("data-number"))


async def test_accidents_stand_first_each_with_a_picture_and_all_pages_come(served: Served, made: list[str]) -> None:
    page = await journal(served)
    await expect(page.locator("tbody tr")).to_have_count(50)
    assert await page.locator("tbody tr.hot").count() == 10
    assert await page.locator("tbody tr.hot [role=img][aria-label]").count() >= 10  # never the colour alone
    assert "hot" in str(await page.locator("tbody tr").first.get_attribute("class"))
    await page.keyboard.press("End")
    await expect(page.locator("tbody tr")).to_have_count(70)
    await expect(page.get_by_text("это все")).to_be_visible()
    await expect(page.locator("nav.rails a[aria-current]")).to_contain_text("70")


async def test_the_address_bar_holds_the_filter_and_back_takes_it_off(served: Served, made: list[str]) -> None:
    page = await journal(served)
    await page.get_by_role("link", name="Аварии").click()
    await expect(page.locator("tbody tr")).to_have_count(10)
    assert "accident=true" in page.url
    await page.keyboard.press("Slash")
    await page.keyboard.type("белых")
    await expect(page.locator("tbody tr")).to_have_count(2)
    shared = page.url
    await page.go_back()
    await expect(page.locator("tbody tr")).to_have_count(50)
    await page.goto(shared)
    await expect(page.locator("tbody tr")).to_have_count(2)
    await page.get_by_role("button", name="Снять: Аварии").click()
    await expect(page.locator("tbody tr")).to_have_count(14)


async def test_the_keys_walk_the_list_and_open_a_ticket(served: Served, made: list[str]) -> None:
    page = await journal(served)
    await page.locator("tbody tr").first.wait_for()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("tbody tr").nth(1)).to_have_attribute("aria-current", "true")
    await page.keyboard.press("Home")
    await expect(page.locator("tbody tr").first).to_have_attribute("aria-current", "true")
    number = await first(page)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/tickets/{number}")


async def test_columns_are_chosen_ordered_by_keys_and_kept(served: Served, made: list[str]) -> None:
    page = await journal(served)
    await page.get_by_role("button", name="Колонки").click()
    await page.get_by_label("Заявитель").check()
    await expect(page.locator("thead th").last).to_have_text("Заявитель")
    await page.get_by_label("Где").focus()
    await page.keyboard.press("Shift+ArrowUp")
    await expect(page.locator("thead th").nth(1)).to_have_text("Где")
    await page.reload()
    await expect(page.locator("thead th").nth(1)).to_have_text("Где")
    await expect(page.locator("thead th").last).to_have_text("Заявитель")


async def test_how_a_ticket_went_is_chosen_as_columns(served: Served, made: list[str]) -> None:
    page = await journal(served)
    async with page.expect_response("**/api/v1/tickets?*extras=close_reason%2Cdamage%2Ctext*") as asked:
        await page.get_by_role("button", name="Колонки").click()
        for name in ("Начало аварии", "Суть словами", "Причина закрытия"):
            await page.get_by_label(name).check()
    (first, *_) = (await (await asked.value).json())["items"]
    assert set(first["life"]) >= {"damage_at", "closed_at", "text"} and first["life"]["text"]
    cells = page.locator(f"tr[data-number='{first['number']}'] td")
    await expect(cells.nth(-2)).to_have_text(first["life"]["text"])
    await expect(cells.last).to_have_text("—")
    await page.get_by_label("Начало аварии").uncheck()
    await expect(page.locator("thead th").last).to_have_text("Причина закрытия")
    assert served.mistakes == []


async def test_a_filter_is_saved_counted_deleted_and_brought_back(served: Served, made: list[str]) -> None:
    page = await journal(served, "/tickets?q=белых")
    await expect(page.locator("tbody tr")).to_have_count(14)
    await page.get_by_role("button", name="Сохранить отбор").click()
    await page.get_by_label("Название").fill("Белых")
    await page.keyboard.press("Enter")
    line = page.locator("nav.rails .line", has_text="Белых")
    await expect(line.locator("a")).to_contain_text("14")
    await line.hover()
    await page.get_by_role("button", name="Удалить отбор «Белых»").click()
    await expect(line).to_have_count(0)
    await page.get_by_role("button", name="Вернуть").click()
    await expect(line).to_have_count(1)


async def test_news_change_a_line_in_its_place_and_the_list_does_not_jump(served: Served, made: list[str]) -> None:
    page = await journal(served, "/tickets?sort=newest&status=all")
    await page.locator("tbody tr").nth(49).wait_for()
    # Until the pages' own letters are there the head of the table wraps, and every row stands lower.
    await page.evaluate("document.fonts.ready.then(() => null)")
    assert await page.evaluate("document.fonts.check('600 13px \"Golos Text Variable\"', 'Заявки 1')")
    body = page.get_by_role("group", name="Заявки")
    await body.evaluate("(b) => { b.scrollTop = 500; }")
    top = "() => document.querySelectorAll('tbody tr')[20].getBoundingClientRect().top"
    before = await page.evaluate(top)
    form = model.NewTicket("LIF-02", 1, text="ещё один", applicant=model.Applicant("", "Новый"))
    await served.services.services.tickets.create(form, OPERATOR)
    await expect(page.get_by_role("button", name="1 изменение: показать")).to_be_visible()
    assert await page.evaluate(top) == before
    await page.get_by_role("button", name="1 изменение: показать").click()
    await body.evaluate("(b) => { b.scrollTop = 0; }")
    await expect(page.locator("tbody tr").first).not_to_have_attribute("data-number", made[-1])


async def test_an_export_shows_its_end_and_is_found_again_after_a_reload(served: Served, made: list[str]) -> None:
    tasks = Tasks()
    page = await journal(served)
    await page.locator("tbody tr").first.wait_for()
    await page.keyboard.press("KeyE")
    await expect(page.get_by_text("ждёт своей очереди")).to_be_visible()
    tasks.start(served.services.services.exports.run(), name="exports")
    await expect(page.get_by_text("Файл готов")).to_be_visible(timeout=30_000)
    await page.reload()
    async with page.expect_download() as waiting:
        await page.get_by_role("link", name="Скачать").click()
    assert (await waiting.value).suggested_filename.endswith(".xlsx")
    await page.get_by_role("button", name="Убрать").click()
    await expect(page.locator(".exportbar")).to_have_count(0)
    await tasks.close()


async def test_an_export_is_cancelled_from_its_bar(served: Served, made: list[str]) -> None:
    page = await journal(served)
    await page.locator("tbody tr").first.wait_for()
    await page.keyboard.press("KeyE")
    await page.get_by_role("button", name="Отменить").click()
    await expect(page.locator(".exportbar")).to_have_count(0)


async def test_an_empty_list_says_what_to_do(served: Served, made: list[str]) -> None:
    page = await journal(served, "/tickets?q=такогонет")
    await expect(page.get_by_text("Заявок по этому отбору нет")).to_be_visible()
    await page.get_by_role("button", name="Искать среди всех").click()
    assert "status=all" in page.url


async def test_axe_finds_nothing_wrong_with_its_panels(served: Served, made: list[str]) -> None:
    page = await journal(served)
    await page.locator("tbody tr").first.wait_for()
    await page.get_by_role("button", name="Колонки").click()
    await page.get_by_role("button", name="Ещё отборы").click()
    assert await look(page, "journal with its panels") == []
