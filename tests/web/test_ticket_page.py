"""A ticket's page at the real services: story, own moves and their needs, who was first, files, links, masks."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import FilePayload, Page, expect

from tests.tickets.test_files import photo
from tests.web.conftest import Served
from tests.web.test_axe import look
from tests.web.test_executor import given, status_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
NAME, NUMBER = "Юсупов Рашид", "+79075840912"


def payload(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": content}


async def at(served: Served, login: str, number: str) -> Page:
    await served.sign_in(login)
    return await served.open(f"/tickets/{number}")


async def moved(served: Served, number: str, *moves: dict[str, Any]) -> None:
    """Moves of an administrator, who may stand in for everybody."""
    for move in moves:
        wish = {"reason": "по телефону", **move}
        await served.services.ask("POST", f"/tickets/{number}/moves", role="administrator", json=wish)


async def reported(served: Served) -> str:
    """A ticket whose job is reported done: it waits for the centre."""
    number = await given(served)
    await moved(served, number, {"move": "start"}, {"move": "report_done"})
    return number


async def test_the_operator_confirms_by_enter_and_the_mark_closes(served: Served) -> None:
    number = await reported(served)
    page = await at(served, "petrova", number)
    await expect(page.get_by_role("button", name="Подтвердить")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("«Подтвердить»: сделано")).to_be_visible()
    assert await status_of(served, number) == "awaiting_client"
    await page.get_by_role("button", name="Оценка…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Оценка").click()
    await expect(dialog.get_by_role("alert")).to_have_text("Выберите оценку от 1 до 5 или «Не сделано»")
    await dialog.get_by_text("5", exact=True).click()
    await dialog.get_by_role("button", name="Оценка").click()
    await expect(
        page.get_by_text("Заявка закончена.").or_(page.get_by_role("button", name="Возобновить…"))
    ).to_be_visible()
    ticket = await served.services.ask("GET", f"/tickets/{number}")
    assert (ticket["status"], ticket["mark"]) == ("closed", 5)


async def test_a_return_asks_for_its_reason_and_the_story_shows_it(served: Served) -> None:
    number = await reported(served)
    page = await at(served, "petrova", number)
    await expect(page.get_by_role("button", name="Вернуть…")).to_be_visible()
    await page.keyboard.press("KeyR")
    dialog = page.get_by_role("dialog", name=f"Вернуть: заявка {number}")
    await expect(dialog.get_by_role("textbox")).to_be_focused()
    await page.keyboard.press("Control+Enter")
    await expect(dialog.get_by_role("alert")).to_have_text("Напишите причину, не короче трёх знаков")
    await page.keyboard.type("Капает снова")
    await page.keyboard.press("Control+Enter")
    await expect(dialog).to_have_count(0)
    line = page.locator(".event").filter(has_text="Возвращена на доработку")
    await expect(line).to_contain_text("Капает снова")
    await expect(page.locator("[aria-current=step]")).to_contain_text("Требует доработки")


async def test_who_was_outrun_reads_who_was_first_and_loses_no_word(served: Served) -> None:
    number = await reported(served)
    page = await at(served, "petrova", number)
    await page.route("**/live**", lambda route: route.abort())
    await page.keyboard.press("KeyR")
    await page.get_by_role("dialog").get_by_label("Причина").fill("Капает снова")
    await served.services.ask("POST", f"/tickets/{number}/moves", role="supervisor", json={"move": "confirm"})
    await page.get_by_role("dialog").get_by_role("button", name="Вернуть").click()
    told = page.get_by_role("alert").filter(has_text="Вас опередили")
    await expect(told).to_contain_text("Орлова Тамара")
    await expect(told).to_contain_text("Заявка теперь «Ожидает подтверждения клиентом»")
    await expect(told).to_contain_text("Ваш текст сохранён")
    await expect(page.get_by_role("button", name="Оценка…")).to_be_visible()
    assert await status_of(served, number) == "awaiting_client"


async def test_pressing_again_after_a_lost_answer_makes_the_move_once(served: Served) -> None:
    number = await reported(served)
    page = await at(served, "petrova", number)
    lost: list[str] = []

    async def lose(route: Any) -> None:
        if lost:
            await route.continue_()
            return
        lost.append((await route.request.all_headers())["idempotency-key"])
        await route.fetch()
        await route.abort()

    await page.route("**/moves", lose)
    await page.keyboard.press("Enter")
    # The live line may tell of the move before the lost answer is said; then nothing is left to be pressed again.
    refused, done = page.get_by_text("Двигатель не отвечает"), page.get_by_text("Подтверждена центром")
    await expect(refused.or_(done).first).to_be_visible()
    if await refused.count():
        await page.keyboard.press("Enter")
    await expect(done.first).to_be_visible()
    ticket = await served.services.ask("GET", f"/tickets/{number}")
    assert [event["what"] for event in ticket["history"]].count("confirm") == 1


async def test_the_supervisor_routes_by_the_routers_candidates_with_their_why(served: Served) -> None:
    number = await given(served)
    await moved(served, number, {"move": "move", "status": "unassigned"})
    page = await at(served, "orlova", number)
    await page.get_by_role("button", name="Направить…").click()
    dialog = page.get_by_role("dialog")
    group = dialog.get_by_role("radiogroup", name="Предлагает маршрут")
    await expect(group.get_by_role("radio").first).to_be_visible()
    await expect(group.locator("label .t2").first).not_to_be_empty()
    await dialog.get_by_label("Другая организация").select_option(label="МУП «Водоканал»")
    await dialog.get_by_label("Заметка").fill("Авария на вводе")
    await dialog.get_by_role("button", name="Направить").click()
    await expect(page.locator(".event").filter(has_text="Направлена в МУП «Водоканал»")).to_be_visible()
    ticket = await served.services.ask("GET", f"/tickets/{number}")
    assert (ticket["status"], ticket["organisation"]["code"]) == ("awaiting_acceptance", "vodokanal")


async def test_a_route_that_did_not_load_says_so_and_is_repeated(served: Served) -> None:
    number = await given(served)
    await moved(served, number, {"move": "move", "status": "unassigned"})
    page = await at(served, "orlova", number)
    preview = "**/api/v1/routing/preview"
    await page.route(preview, lambda route: route.fulfill(status=500, json={"detail": "сбой", "code": "x"}))
    await page.get_by_role("button", name="Направить…").click()
    dialog = page.get_by_role("dialog")
    failed = dialog.get_by_role("alert")
    await expect(failed).to_contain_text("сбой")
    await expect(dialog.get_by_text("подходящих организаций нет")).to_have_count(0)
    await page.unroute(preview)
    await failed.get_by_role("button", name="Повторить").click()
    await expect(dialog.get_by_role("radio").first).to_be_visible()


async def test_the_tab_is_named_by_the_ticket_and_by_the_room_after_it(served: Served) -> None:
    number = await given(served)
    await served.sign_in("petrova")
    page = await served.open("/tickets")
    await expect(page).to_have_title(re.compile("^Заявки · "))
    await page.get_by_role("link", name=number).click()
    await expect(page.locator(".tickethead")).to_be_visible()
    await expect(page).to_have_title(re.compile(f"^{number} · "))
    await page.go_back()
    await expect(page).to_have_title(re.compile("^Заявки · "))


async def test_assigning_offers_the_organisations_own_people_with_their_load(served: Served) -> None:
    await given(served)
    number = await given(served)
    await moved(served, number, {"move": "move", "status": "no_executor"})
    page = await at(served, "petrova", number)
    await page.get_by_role("button", name="Назначить исполнителя…").click()
    dialog = page.get_by_role("dialog")
    people = dialog.get_by_role("radiogroup", name="Кого назначить").locator("label")
    await expect(people.filter(has_text="Фомин Артём")).to_contain_text("заявк")
    await expect(people.filter(has_text="Громов Николай")).to_contain_text("свободен")
    await expect(people.filter(has_text="Акимов")).to_have_count(0)
    await people.filter(has_text="Громов Николай").click()
    await dialog.get_by_role("button", name="Назначить исполнителя").click()
    await expect(page.locator(".event").filter(has_text="Назначен исполнитель: Громов Николай")).to_be_visible()


async def test_the_administrator_names_a_status_and_its_reason(served: Served) -> None:
    number = await given(served)
    page = await at(served, "admin", number)
    await page.get_by_role("button", name="Переставить…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Переставить").click()
    await expect(dialog.get_by_role("alert")).to_have_text("Выберите статус")
    await dialog.get_by_label("В какой статус").select_option("conflict")
    await dialog.get_by_label("Причина").fill("Спор о счёте")
    await dialog.get_by_role("button", name="Переставить").click()
    line = page.locator(".event").filter(has_text="Переставлена администратором").first
    await expect(line).to_contain_text("Спор о счёте")
    assert await status_of(served, number) == "conflict"


async def test_putting_off_needs_a_moment_and_the_page_says_until_when(served: Served) -> None:
    number = await given(served)
    page = await at(served, "lavrov", number)
    await page.keyboard.press("KeyP")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Причина").fill("Нужен вентиль")
    await dialog.get_by_role("button", name="Отложить").click()
    await expect(dialog.get_by_role("alert")).to_have_text("Выберите время позже, чем сейчас")
    await dialog.get_by_role("button", name="+2 часа").click()
    await dialog.get_by_role("button", name="Отложить").click()
    await expect(page.locator(".pagehead")).to_contain_text("отложена до")
    ticket = await served.services.ask("GET", f"/tickets/{number}")
    assert (ticket["status"], ticket["postponed"]["reason"]) == ("executor_assigned", "Нужен вентиль")


async def test_a_late_ticket_says_why_it_does_not_close_and_the_act_opens_the_way(served: Served) -> None:
    number = await given(served)
    served.services.clock.advance(seconds=30 * 86_400)
    await moved(served, number, {"move": "start"}, {"move": "report_done"}, {"move": "move", "status": "conflict"})
    page = await at(served, "orlova", number)
    refused = page.get_by_role("list", name="Сейчас нельзя")
    await expect(refused).to_contain_text("приложите акт, подписанный жителем")
    await page.get_by_role("button", name="Акт", exact=True).click()
    await page.get_by_test_id("act").set_input_files([payload("акт.jpg", photo())])
    await expect(page.get_by_role("button", name="Закрыть…")).to_be_visible()
    await expect(refused).to_have_count(0)
    await expect(page.locator(".thumbs")).to_contain_text("подписанный акт")


async def test_words_for_the_staff_and_for_the_resident_are_told_apart(served: Served) -> None:
    number = await given(served)
    page = await at(served, "petrova", number)
    field = page.get_by_role("textbox", name="Запись в ход дела")
    await field.fill("Второй раз за год")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".event").filter(has_text="Второй раз за год")).to_contain_text("житель не видит")
    await page.get_by_text("Жителю", exact=True).first.click()
    await field.fill("Мастер будет после 18")
    await page.get_by_role("button", name="Записать").click()
    words = page.locator(".event").filter(has_text="Мастер будет после 18")
    await expect(words).not_to_contain_text("житель не видит")
    ticket = await served.services.ask("GET", f"/tickets/{number}")
    said = [(event["reason"], event["public"]) for event in ticket["history"] if event["what"] == "comment"]
    assert said == [("Второй раз за год", False), ("Мастер будет после 18", True)]


async def test_words_that_were_not_sent_stand_there_after_a_reload(served: Served) -> None:
    number = await given(served)
    page = await at(served, "petrova", number)
    field = page.get_by_role("textbox", name="Запись в ход дела")
    await page.route("**/comments", lambda route: route.abort())
    await field.fill("Ключ у старшей по дому")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("Двигатель не отвечает")).to_be_visible()
    await page.unroute("**/comments")
    await page.reload()
    await expect(field).to_have_value("Ключ у старшей по дому")


async def test_a_photo_is_picked_removed_and_put_back(served: Served) -> None:
    number = await given(served)
    page = await at(served, "petrova", number)
    await page.get_by_test_id("file").set_input_files([payload("кран.jpg", photo())])
    shown = page.get_by_role("link", name="Открыть файл: кран.jpg")
    await expect(shown.locator("img")).to_be_visible()
    await page.get_by_role("button", name="Убрать файл кран.jpg").click()
    await expect(shown).to_have_count(0)
    await page.get_by_role("button", name="Вернуть", exact=True).click()
    await expect(shown).to_be_visible()


async def test_a_photo_is_dropped_and_another_pasted(served: Served) -> None:
    number = await given(served)
    page = await at(served, "petrova", number)
    drop = """([bytes, how]) => {
        const carried = new DataTransfer();
        carried.items.add(new File([new Uint8Array(bytes)], `${how}.jpg`, {type: 'image/jpeg'}));
        const made = how === 'paste' ? new ClipboardEvent('paste', {clipboardData: carried, bubbles: true})
            : new DragEvent('drop', {dataTransfer: carried, bubbles: true, cancelable: true});
        document.querySelector('.ticketpage').dispatchEvent(made);
    }"""
    for how in ("drop", "paste"):
        await page.evaluate(drop, [list(photo()), how])
        await expect(page.get_by_role("link", name=f"Открыть файл: {how}.jpg")).to_be_visible()


async def test_a_file_that_was_refused_stays_with_its_why(served: Served) -> None:
    number = await given(served)
    page = await at(served, "petrova", number)
    await page.get_by_test_id("file").set_input_files([payload("кран.jpg", b"MZ" + bytes(200))])
    line = page.get_by_role("status").filter(has_text="кран.jpg не отправлен")
    await expect(line).to_be_visible()
    await line.get_by_role("button", name="Не отправлять").click()
    await expect(line).to_have_count(0)


async def test_the_residents_link_opens_the_residents_page(served: Served) -> None:
    number = await given(served)
    page = await at(served, "petrova", number)
    await page.get_by_role("button", name="Ссылка жителю").click()
    field = page.get_by_role("dialog").get_by_role("textbox", name="Ссылка жителю")
    await expect(field).to_have_value(re.compile("^http"))
    await page.goto(await field.input_value())
    await expect(page.get_by_role("main").get_by_text(number)).to_be_visible()


async def test_tabs_show_one_kind_of_the_story(served: Served) -> None:
    number = await given(served)
    await served.services.ask("POST", f"/tickets/{number}/comments", json={"text": "Ключ у соседа", "public": False})
    page = await at(served, "petrova", number)
    tabs = page.get_by_role("group", name="Что показать")
    await tabs.get_by_role("button", name="Внутреннее").click()
    await expect(page.locator(".event")).to_have_count(1)
    await expect(page.locator(".event")).to_contain_text("Ключ у соседа")
    await tabs.get_by_role("button", name="Ходы").click()
    await expect(page.locator(".event").filter(has_text="Ключ у соседа")).to_have_count(0)
    await expect(page.locator(".event").filter(has_text="Зарегистрирована")).to_have_count(1)
    await tabs.get_by_role("button", name="Файлы").click()
    await expect(page.get_by_text("Файлов нет")).to_be_visible()


async def test_what_another_does_appears_by_itself(served: Served) -> None:
    number = await reported(served)
    page = await at(served, "petrova", number)
    await expect(page.get_by_role("button", name="Подтвердить")).to_be_visible()
    wish = {"move": "return", "reason": "Капает снова"}
    await served.services.ask("POST", f"/tickets/{number}/moves", role="supervisor", json=wish)
    await expect(page.locator(".event").filter(has_text="Капает снова")).to_be_visible()
    await expect(page.get_by_role("button", name="Подтвердить")).to_have_count(0)


async def test_each_clock_says_by_when_and_why(served: Served) -> None:
    number = await given(served)
    ticket = await served.services.ask("GET", f"/tickets/{number}")
    page = await at(served, "petrova", number)
    terms = page.get_by_role("region", name="Сроки")
    due = [clock for clock in ticket["clocks"] if clock["due_at"]]
    await expect(terms.locator(".term")).to_have_count(len(due))
    for clock in due:
        if clock["why"]:
            await expect(terms).to_contain_text(clock["why"].splitlines()[0].partition(": ")[2])
    assert any(clock["why"] for clock in due)


async def test_an_inspector_reads_masked_and_writes_nothing(served: Served) -> None:
    number = await given(served)
    await served.services.ask("POST", f"/tickets/{number}/comments", json={"text": "Хозяин скандалит", "public": False})
    page = await at(served, "sobolev", number)
    await expect(page.locator(".event").filter(has_text="Зарегистрирована")).to_be_visible()
    await expect(page.get_by_role("region", name="Кто")).to_contain_text("Ю. Р.")
    whole = await page.content()
    for hidden in (NAME, NUMBER, "Юсупов", "907 584-09-12"):
        assert hidden not in whole
    assert "Хозяин скандалит" in whole  # he reads everything in his area, internal words too
    for tool in ("Записать", "Файл", "Акт", "Ссылка жителю"):
        await expect(page.get_by_role("button", name=tool, exact=True)).to_have_count(0)
    await expect(page.get_by_role("region", name="Ваш ход")).to_have_count(0)
    await served.open("/tickets")
    await expect(page.locator("tbody tr").first).to_be_visible()
    assert "Юсупов" not in await page.content()


async def test_a_ticket_that_is_not_there_says_so_and_tries_again(served: Served) -> None:
    page = await at(served, "petrova", "26-404404")
    await expect(page.get_by_role("alert")).to_contain_text("Этого больше нет")
    await expect(page.get_by_role("button", name="Повторить")).to_be_visible()


@pytest.mark.parametrize(
    ("width", "theme", "language"),
    [
        (1440, "light", "ru"),
        (390, "dark", "en"),
        pytest.param(1280, "dark", "en", marks=pytest.mark.long),
        pytest.param(390, "light", "en", marks=pytest.mark.long),
    ],
)
async def test_axe_finds_nothing_for_any_role(served: Served, width: int, theme: Any, language: str) -> None:
    number = await reported(served)
    await served.services.ask("POST", f"/tickets/{number}/comments", json={"text": "Ключ у соседа", "public": False})
    page = served.page
    await page.add_init_script(f"localStorage.setItem('callengine.language', '{language}')")
    await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    await page.set_viewport_size({"width": width, "height": 844})
    wrong = []
    for login in ("orlova", "lavrov", "sobolev"):
        await at(served, login, number)
        wrong += await look(page, f"ticket {login}")
    for key, move in (("KeyR", "return"), ("Enter", "route")):
        if move == "route":
            await moved(served, number, {"move": "move", "status": "unassigned"})
        await at(served, "orlova", number)
        await expect(page.locator(".movegrid button").first).to_be_visible()
        await page.keyboard.press(key)
        await page.get_by_role("dialog").wait_for()
        wrong += await look(page, f"dialog {move}")
        await page.keyboard.press("Escape")
        await page.get_by_role("dialog").wait_for(state="detached")
    assert wrong == []
    assert await page.evaluate("document.documentElement.scrollWidth") == width
