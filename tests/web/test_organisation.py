"""An organisation's room at the real services: accept, decline, assign by a key or many, load, phone width."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.web.conftest import Served
from tests.web.test_axe import look
from tests.web.test_executor import given, status_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def stands(served: Served, status: str, **form: Any) -> str:
    """A ticket of «Заречье» that stands at the status: its number."""
    number = await given(served, **form)
    if status != "executor_assigned":
        wish = {"move": "move", "status": status, "reason": "тест"}
        await served.services.ask("POST", f"/tickets/{number}/moves", role="administrator", json=wish)
    return number


async def room(served: Served, path: str = "/organisation", login: str = "lavrov") -> Page:
    await served.sign_in(login)
    return await served.open(path)


def row(page: Page, number: str) -> Any:
    return page.locator(f"[data-number='{number}']")


async def test_it_is_the_home_of_a_manager_with_the_countdown_to_accept(served: Served) -> None:
    number = await stands(served, "awaiting_acceptance")
    page = await room(served, "/")
    await expect(page).to_have_url(f"{served.base}/organisation")
    await expect(page.get_by_role("heading", name="УК «Заречье»")).to_be_visible()
    await expect(page.get_by_role("button", name="Принять 1")).to_have_attribute("aria-pressed", "true")
    await expect(row(page, number).locator(".when")).to_contain_text("принять:")
    await expect(page.get_by_role("link", name="Заявки")).to_be_visible()


async def test_he_accepts_by_a_key_and_assigns_by_a_digit(served: Served) -> None:
    number = await stands(served, "awaiting_acceptance")
    page = await room(served)
    await expect(row(page, number)).to_be_visible()
    await page.keyboard.press("KeyA")
    await expect(page.get_by_text("Новых заявок нет")).to_be_visible()
    await page.get_by_role("button", name="Дальше: назначить исполнителя").click()
    await expect(row(page, number)).to_be_visible()
    gromov = page.get_by_role("button", name="Назначить Громов Николай")
    await page.keyboard.press(f"Digit{await gromov.get_attribute('aria-keyshortcuts')}")
    await expect(page.get_by_text("У каждой заявки есть исполнитель")).to_be_visible()
    ticket = await served.services.ask("GET", f"/tickets/{number}")
    assert (ticket["status"], ticket["executor"]["name"]) == ("executor_assigned", "Громов Николай")
    assert [e["author"] for e in ticket["history"] if e["what"] in ("accept", "assign")][-2:] == ["Лавров Сергей"] * 2


async def test_a_decline_needs_a_reason_and_a_usual_one_is_one_press(served: Served) -> None:
    number = await stands(served, "awaiting_acceptance")
    page = await room(served)
    await row(page, number).get_by_role("button", name="Отклонить…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Отклонить").click()
    await expect(dialog.get_by_role("alert")).to_have_text("Напишите причину, не короче трёх знаков")
    await dialog.get_by_role("button", name="Дом не наш").click()
    await dialog.get_by_role("button", name="Отклонить").click()
    await expect(row(page, number)).to_have_count(0)
    ticket = await served.services.ask("GET", f"/tickets/{number}")
    assert (ticket["status"], ticket["history"][-1]["reason"]) == ("declined", "Дом не наш")


async def test_many_are_assigned_at_once_and_what_failed_is_told_by_its_number(served: Served) -> None:
    numbers = [await stands(served, "no_executor") for _ in range(3)]
    page = await room(served, "/organisation?list=free")
    await expect(page.locator(".orgrow")).to_have_count(3)
    await page.route("**/live**", lambda route: route.abort())
    await page.keyboard.press("Control+KeyA")
    bar = page.get_by_role("toolbar", name="Отмечено 3")
    await bar.get_by_role("button", name="Назначить…").click()
    dialog = page.get_by_role("dialog", name="Назначить: 3 заявки")
    await dialog.get_by_role("button", name="Назначить").click()
    await expect(dialog.get_by_role("alert")).to_have_text("Выберите исполнителя")
    cancel = {"move": "cancel", "reason": "повтор"}
    await served.services.ask("POST", f"/tickets/{numbers[1]}/moves", json=cancel)
    await dialog.get_by_text("Фомин Артём").click()
    await dialog.get_by_role("button", name="Назначить").click()
    await expect(page.get_by_text("Назначено 2 заявки")).to_be_visible()
    told = page.get_by_role("alert").filter(has_text="Не получилось")
    await expect(told).to_contain_text(numbers[1])
    assert [await status_of(served, n) for n in numbers] == ["executor_assigned", "cancelled", "executor_assigned"]


async def test_a_move_while_another_is_on_its_way_says_so(served: Served) -> None:
    numbers = [await stands(served, "awaiting_acceptance") for _ in range(2)]
    page = await room(served)
    await expect(page.locator(".orgrow")).to_have_count(2)
    free = asyncio.Event()

    async def hold(route: Route) -> None:
        await free.wait()
        await route.continue_()

    await page.route("**/moves", hold)
    await page.keyboard.press("KeyA")
    await expect(page.get_by_role("button", name="Принять", exact=True).last).to_be_disabled()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("KeyA")
    await expect(page.get_by_text("Прошлый ход ещё записывается")).to_be_visible()
    free.set()
    await expect(page.locator(".orgrow")).to_have_count(1)
    await page.unroute_all(behavior="wait")
    assert sorted([await status_of(served, n) for n in numbers]) == ["awaiting_acceptance", "no_executor"]


async def test_many_moves_are_read_anew_once(served: Served) -> None:
    for _ in range(3):
        await stands(served, "awaiting_acceptance")
    page = await room(served)
    await expect(page.locator(".orgrow")).to_have_count(3)
    await page.route("**/live**", lambda route: route.abort())
    await page.reload()
    await expect(page.locator(".orgrow")).to_have_count(3)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/load" in request.url else None)
    await page.keyboard.press("Control+KeyA")
    await page.keyboard.press("KeyA")
    await expect(page.get_by_text("Принято 3 заявки")).to_be_visible()
    await expect(page.get_by_text("Новых заявок нет")).to_be_visible()
    assert len(asked) == 1


@pytest.mark.parametrize(("login", "path"), [("lavrov", "/organisation"), ("sobolev", "/tickets")])
async def test_nobody_is_asked_for_what_his_role_may_not_read(served: Served, login: str, path: str) -> None:
    await stands(served, "awaiting_acceptance")
    refused: list[str] = []
    served.page.on("response", lambda answer: refused.append(answer.url) if answer.status == 403 else None)
    page = await room(served, path, login)
    await expect(page.locator(".orgrow, tbody tr").first).to_be_visible()
    await page.wait_for_load_state("networkidle")
    assert refused == []


async def test_a_job_that_has_begun_changes_hands_with_a_reason_alone(served: Served) -> None:
    number = await stands(served, "in_progress")
    page = await room(served, "/organisation?list=work")
    await expect(row(page, number)).to_be_visible()
    await page.get_by_role("button", name="Назначить Громов Николай").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("radio", name="Громов Николай")).to_be_checked()
    await dialog.get_by_role("button", name="Назначить").click()
    await expect(dialog.get_by_role("alert")).to_have_text("Напишите причину, не короче трёх знаков")
    await dialog.get_by_label("Причина").fill("Фомин заболел")
    await dialog.get_by_role("button", name="Назначить").click()
    await expect(row(page, number)).to_contain_text("Громов Н.")


async def test_putting_off_stands_on_the_line(served: Served) -> None:
    number = await stands(served, "in_progress")
    page = await room(served, "/organisation?list=work")
    await row(page, number).get_by_role("button", name="Отложить").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="+1 час").click()
    await dialog.get_by_label("Причина").fill("Нужен вентиль")
    await dialog.get_by_role("button", name="Отложить").click()
    await expect(row(page, number)).to_contain_text("отложена до")


async def test_the_lists_hold_what_their_names_say(served: Served) -> None:
    late = await stands(served, "in_progress")
    served.services.clock.advance(seconds=30 * 86_400)
    returned = await stands(served, "needs_rework")
    checked = await stands(served, "awaiting_centre")
    page = await room(served)
    for name, number in (("Просрочены", late), ("Вернули", returned), ("На проверке", checked)):
        await page.get_by_role("group", name="Списки заявок").get_by_role("button", name=name).click()
        await expect(row(page, number)).to_be_visible()
    await expect(page.locator(".orgrow")).to_have_count(1)
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("button", name="Принять")).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_text("Новых заявок нет")).to_be_visible()


async def test_the_load_shows_everybody_the_idle_one_too(served: Served) -> None:
    await stands(served, "in_progress")
    await stands(served, "executor_assigned")
    page = await room(served)
    load = page.get_by_role("region", name="Загрузка исполнителей")
    await expect(load.get_by_role("listitem").filter(has_text="Фомин А.")).to_contain_text("назначено 1 · в работе 1")
    await expect(load.get_by_role("listitem").filter(has_text="Громов Н.")).to_contain_text("свободен")
    await expect(load.get_by_role("listitem").filter(has_text="Акимов")).to_have_count(0)


async def test_a_new_ticket_appears_by_itself_and_anothers_never(served: Served) -> None:
    page = await room(served)
    await expect(page.get_by_text("Новых заявок нет")).to_be_visible()
    foreign = await stands(served, "awaiting_acceptance", login="akimov")
    own = await stands(served, "awaiting_acceptance")
    await expect(row(page, own)).to_be_visible()
    await expect(row(page, foreign)).to_have_count(0)


async def test_enter_opens_the_ticket_and_he_answers_for_it_there(served: Served) -> None:
    number = await stands(served, "awaiting_acceptance")
    page = await room(served)
    await expect(row(page, number)).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{served.base}/tickets/{number}")
    await expect(
        page.get_by_role("region", name="Кто").get_by_role("link", name="Позвонить: Юсупов Рашид")
    ).to_have_attribute("href", "tel:+79075840912")
    await page.get_by_role("button", name="Принять").click()
    await expect(page.locator("[aria-current=step]")).to_contain_text("Не назначен исполнитель")


async def test_a_failed_list_says_why_and_repeats(served: Served) -> None:
    number = await stands(served, "awaiting_acceptance")
    await served.sign_in("lavrov")
    page = served.page
    await page.route(
        "**/api/v1/tickets?**", lambda route: route.fulfill(status=500, json={"detail": "сбой", "code": "x"})
    )
    await page.goto(f"{served.base}/organisation")
    failed = page.locator(".orglist").get_by_role("alert")
    await expect(failed).to_contain_text("сбой")
    await page.unroute("**/api/v1/tickets?**")
    await failed.get_by_role("button", name="Повторить").click()
    await expect(row(page, number)).to_be_visible()


@pytest.mark.parametrize(
    ("width", "theme", "language"),
    [
        (1440, "light", "ru"),
        (390, "dark", "en"),
        pytest.param(1280, "dark", "en", marks=pytest.mark.long),
        pytest.param(390, "light", "ru", marks=pytest.mark.long),
    ],
)
async def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    served: Served, width: int, theme: Any, language: str
) -> None:
    await stands(served, "awaiting_acceptance")
    await stands(served, "in_progress")
    page = served.page
    await page.add_init_script(f"localStorage.setItem('callengine.language', '{language}')")
    await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    await page.set_viewport_size({"width": width, "height": 844})
    wrong = []
    for tab in ("accept", "work", "free"):
        await room(served, f"/organisation?list={tab}")
        wrong += await look(page, tab)
    await served.open("/organisation?list=work")
    await page.keyboard.press("Space")
    await page.get_by_role("toolbar").wait_for()
    wrong += await look(page, "marked")
    for key in ("KeyA", "KeyP"):
        await page.keyboard.press(key)
        await page.get_by_role("dialog").wait_for()
        wrong += await look(page, f"dialog {key}")
        await page.keyboard.press("Escape")
        await page.get_by_role("dialog").wait_for(state="detached")
    assert wrong == []
    assert await page.evaluate("document.documentElement.scrollWidth") == width
