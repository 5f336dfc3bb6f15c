"""The workspace in a real browser: signing in, the pop-up, a ticket by keyboard, callbacks, the player, the board."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from playwright.async_api import Route, expect

from callengine.api import schemas as s
from tests.web import town
from tests.web.conftest import Desk
from tests.web.test_axe import look

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_one_click_on_a_sample_account_opens_the_desk_of_an_operator(desk: Desk) -> None:
    page = await desk.open("/", who=None)
    await page.get_by_role("button", name="Петрова Наталья").click()
    await expect(page.get_by_role("heading", name="Перезвонить")).to_be_visible()
    assert page.url.endswith("/desk")


async def test_a_supervisor_lands_on_the_callbacks(desk: Desk) -> None:
    page = await desk.open("/", who=None)
    await page.get_by_label("Имя").fill("supervisor")
    await page.get_by_label("Пароль", exact=True).first.fill("sandbox")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Перезвоны", level=1)).to_be_visible()


async def test_a_wrong_password_is_refused_in_words(desk: Desk) -> None:
    page = await desk.open("/", who=None)
    await page.get_by_label("Имя").fill("operator")
    await page.get_by_label("Пароль", exact=True).first.fill("wrong")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("Имя или пароль не подошли")


async def test_outside_the_sandbox_no_account_is_named(desk: Desk) -> None:
    desk.engine.sandbox = False
    page = await desk.open("/", who=None)
    await expect(page.get_by_role("button", name="Войти", exact=False)).to_have_count(1)


async def test_an_offer_pops_up_with_all_candidates_and_without_a_fetch(desk: Desk) -> None:
    page = await desk.open("/desk")
    await desk.engine.offer(town.offered())
    panel = page.get_by_role("complementary", name="Вызов")
    await expect(panel.get_by_role("heading", name="Входящий вызов")).to_be_visible()
    await expect(panel.get_by_text("+7 907 412-18-06").first).to_be_visible()
    await expect(panel.get_by_role("radio")).to_have_count(2)
    await expect(panel.get_by_role("radio", checked=True)).to_have_count(0)
    await expect(panel.get_by_text("Нет холодной воды во всём доме")).to_be_visible()
    await expect(panel.get_by_text("Плохо слышит")).to_be_visible()
    assert not [a for a in desk.engine.asked if a[1].endswith("/caller")]


async def test_the_call_stays_beside_the_work_when_the_operator_walks_to_another_room(desk: Desk) -> None:
    page = await desk.open("/desk")
    await desk.engine.offer(town.offered())
    await page.get_by_role("link", name="Вызовы").click()
    await expect(page.get_by_role("heading", name="Вызовы", level=1)).to_be_visible()
    await expect(page.get_by_role("heading", name="Входящий вызов")).to_be_visible()


async def test_a_pop_up_does_not_take_the_focus_of_who_is_typing(desk: Desk) -> None:
    page = await desk.open("/desk?new=1")
    await page.keyboard.type("ли")
    await desk.engine.offer(town.offered())
    await expect(page.get_by_role("heading", name="Входящий вызов")).to_be_visible()
    await page.keyboard.type("фт12")
    await expect(page.get_by_role("combobox", name="Что случилось")).to_have_value("лифт12")


async def test_a_ticket_from_a_call_is_registered_by_keyboard_alone(desk: Desk) -> None:
    page = await desk.open("/desk")
    call = town.offered()
    await desk.engine.offer(call)
    await page.get_by_role("heading", name="Входящий вызов").wait_for()
    talking = call.model_copy(update={"state": "talking", "operator": "101", "answered_at": datetime.now(UTC)})
    await desk.engine.tell("call", {**talking.model_dump(mode="json"), "fact": "answered"})
    await page.get_by_role("heading", name="Разговор").wait_for()
    press = page.keyboard.press
    await press("Digit1")
    await press("F3")
    await page.keyboard.type("прорыв")
    await press("Enter")
    await expect(page.get_by_label("Где именно (подъезд, отсек подвала)?")).to_be_focused()
    await page.keyboard.type("подъезд 5")
    await press("Enter")
    await press("ArrowRight")
    await press("Enter")
    await page.keyboard.type("ключ у заявителя")
    await press("Enter")
    await press("Space")
    await press("Enter")
    await page.keyboard.type("Шум воды в подвале")
    await expect(page.get_by_text("договор № 14-У; внутридомовая")).to_be_visible()
    await press("Control+Enter")
    await expect(page.get_by_role("heading", name="Заявка 26-118214 зарегистрирована")).to_be_visible()
    (body,) = desk.engine.bodies("POST", "/tickets")
    assert body["classifier"] == "HVS-02"
    assert (body["house_id"], body["premise"], body["call_id"]) == (1, "184", call.id)
    assert body["applicant"] == {"number": "+79074121806", "name": "Кузнецова Изольда Марковна", "person_id": 1}
    assert body["text"] == "Шум воды в подвале"
    assert [a["answer"] for a in body["answers"]] == ["подъезд 5", "струя", "ключ у заявителя", "да"]
    sent = next(
        headers for method, path, _, headers, _ in desk.engine.asked if (method, path) == ("POST", "/api/v1/tickets")
    )
    assert sent["Idempotency-Key"]


async def test_a_draft_is_kept_over_escape_and_reload(desk: Desk) -> None:
    page = await desk.open("/desk?new=1")
    await page.keyboard.type("прорыв")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Холодное водоснабжение · HVS-02")).to_be_visible()
    await page.get_by_role("textbox", name="Суть словами").fill("Вода на лестнице")
    await page.keyboard.press("Escape")
    await page.reload()
    await expect(page.get_by_text("Черновик: Прорыв трубы ХВС в подвале")).to_be_visible()
    await page.keyboard.press("F3")
    await expect(page.get_by_role("textbox", name="Суть словами")).to_have_value("Вода на лестнице")


async def test_f9_dials_the_most_urgent_duty_that_nobody_holds(desk: Desk) -> None:
    page = await desk.open("/desk")
    await page.keyboard.press("F9")
    await expect(page.get_by_text("Набираем +7 907 447-83-26")).to_be_visible()
    dialled = next(a for a in desk.engine.asked if a[1] == "/api/v1/callbacks/6/dial")
    assert dialled[3]["Idempotency-Key"]


async def test_a_single_key_works_in_the_russian_layout_and_never_while_typing(desk: Desk) -> None:
    page = await desk.open("/desk")
    # The key that prints D in the Latin layout prints "в" in the Russian one.
    await page.evaluate(
        "dispatchEvent(new KeyboardEvent('keydown', {key: 'в', code: 'KeyD', bubbles: true, cancelable: true}))"
    )
    await expect(page.get_by_text("Звонок поставлен")).to_be_visible()
    assert desk.engine.bodies("POST", "/demo/call") == [{"kind": "known"}]
    await page.keyboard.press("F3")
    await page.keyboard.press("KeyD")
    await expect(page.get_by_role("combobox", name="Что случилось")).to_have_value("d")
    assert len(desk.engine.bodies("POST", "/demo/call")) == 1


async def test_f8_takes_a_break_and_comes_back(desk: Desk) -> None:
    page = await desk.open("/desk")
    await page.keyboard.press("F8")
    await expect(page.get_by_role("button", name="Перерыв")).to_be_visible()
    await page.keyboard.press("F8")
    await expect(page.get_by_role("button", name="На линии")).to_be_visible()


async def test_a_duty_that_another_claims_loses_its_button_at_once(desk: Desk) -> None:
    page = await desk.open("/desk")
    duty = desk.engine.duties[1]
    row = page.locator(f"[data-duty='{duty.id}']")
    await expect(row.get_by_role("button", name="Позвонить")).to_be_visible()
    claimed = {"state": "claimed", "claimed_by": 8, "claimed_by_name": "Гусев Иван", "claimed_at": datetime.now(UTC)}
    desk.engine.duties[1] = duty.model_copy(update={**claimed, "attempts": [town.trying()]})
    await desk.engine.tell("duty", desk.engine.duties[1])
    await expect(row.get_by_text("Гусев И. набирает")).to_be_visible()
    await expect(row.get_by_role("button", name="Позвонить")).to_have_count(0)


async def test_the_live_line_resumes_where_it_was_cut(desk: Desk) -> None:
    page = await desk.open("/desk")
    await page.get_by_text("АТС на связи").wait_for()
    await desk.engine.tell("duty", desk.engine.duties[0])
    await desk.engine.cut()
    async with asyncio.timeout(10):
        while len(desk.engine.afters) < 2 or not desk.engine.sockets:
            await asyncio.sleep(0.02)
    assert desk.engine.afters == [None, "1001"]
    await desk.engine.offer(town.offered())
    await expect(page.get_by_role("heading", name="Входящий вызов")).to_be_visible()


async def test_a_call_opens_to_its_player_by_enter_and_plays_by_space(desk: Desk) -> None:
    page = await desk.open("/calls")
    await page.locator("tbody tr").first.wait_for()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Слушать")).to_be_visible()
    await expect(page.get_by_text("0:06 из 0:06 разговора")).to_be_visible()
    await expect(page.get_by_text("Орлова Т.,")).to_be_visible()
    await page.keyboard.press("Space")
    await expect(page.get_by_role("button", name="Пауза")).to_be_visible()
    await page.keyboard.press("Space")
    await page.keyboard.press("ArrowRight")
    assert await page.locator("audio").evaluate("a => a.currentTime") >= 5
    await page.keyboard.press("BracketRight")
    assert await page.locator("audio").evaluate("a => a.playbackRate") == 1.25


async def test_a_supervisor_holds_a_recording_with_a_reason(desk: Desk) -> None:
    page = await desk.open("/calls?open=1", who="supervisor")
    await page.get_by_role("button", name="Не удалять").click()
    await page.get_by_label("Причина").fill("проверка")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("не удалять: проверка")).to_be_visible()
    assert desk.engine.bodies("PUT", "/recordings/1/hold") == [{"hold": True, "reason": "проверка"}]


async def test_the_journal_filters_by_the_slash_and_by_outcome(desk: Desk) -> None:
    page = await desk.open("/calls")
    await page.keyboard.press("Slash")
    await page.keyboard.type("кузнецова")
    await expect(page.locator("tbody tr")).to_have_count(6)
    await page.get_by_role("button", name="Без ответа").click()
    await expect(page.get_by_text("Вызовов по этому отбору нет")).to_be_visible()


async def test_the_board_says_every_share_with_its_numbers(desk: Desk) -> None:
    page = await desk.open("/callbacks", who="supervisor")
    await expect(page.get_by_text("55 из 57")).to_be_visible()
    await expect(page.get_by_text("49 из 57")).to_be_visible()
    await expect(page.get_by_text("нет данных 03:12–03:48")).to_be_visible()
    await page.get_by_role("button", name="Таблица").click()
    await expect(page.get_by_role("row", name="08:00")).to_be_visible()
    await page.get_by_role("button", name="Предыдущий день").click()
    async with asyncio.timeout(10):
        while len(days := {a[4] for a in desk.engine.asked if a[1].endswith("/compliance")}) < 2:
            await asyncio.sleep(0.02)
    today, yesterday = sorted(days, reverse=True)
    assert date.fromisoformat(today) - date.fromisoformat(yesterday) == timedelta(days=1)


async def test_an_exception_opens_its_calls_and_tries(desk: Desk) -> None:
    page = await desk.open("/callbacks", who="supervisor")
    await page.get_by_role("button", name="Позже на 2:14").press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_text("+7 907 218-65-03").first).to_be_visible()
    await expect(dialog.get_by_text("Гусев И.").first).to_be_visible()


async def test_a_supervisor_closes_a_duty_with_a_reason(desk: Desk) -> None:
    page = await desk.open("/callbacks", who="supervisor")
    await page.locator("[data-duty='6']").get_by_role("button", name="Закрыть").click()
    await page.get_by_label("Причина").fill("дозвонились на другой номер")
    await page.get_by_role("dialog").get_by_role("button", name="Закрыть", exact=False).last.press("Control+Enter")
    await expect(page.locator("[data-duty='6']")).to_have_count(0)
    assert desk.engine.bodies("POST", "/callbacks/close") == [{"ids": [6], "reason": "дозвонились на другой номер"}]
    await page.get_by_role("button", name="Вернуть").click()
    await expect(page.locator("[data-duty='6']")).to_have_count(1)
    assert desk.engine.bodies("POST", "/callbacks/reopen") == [{"ids": [6]}]


async def test_several_duties_are_chosen_by_keys_closed_with_one_reason_and_the_refused_are_told(desk: Desk) -> None:
    page = await desk.open("/callbacks", who="supervisor")
    press = page.keyboard.press
    await press("ArrowDown")
    await press("Space")
    await press("ArrowDown")
    await press("Shift+ArrowDown")
    await press("Shift+ArrowDown")
    await expect(page.get_by_text("Выбрано 4")).to_be_visible()
    await press("KeyX")
    await expect(page.get_by_role("dialog")).to_contain_text("Закрыть 4 перезвона")
    await page.get_by_label("Причина").fill("проверка линии")
    await press("Control+Enter")
    await expect(page.get_by_role("alert")).to_contain_text("+7 907 584-09-12 — сейчас набирает Гусев Иван")
    await expect(page.get_by_text("Закрыто 3 из 4")).to_be_visible()
    await expect(page.locator("[data-duty]")).to_have_count(3)
    assert desk.engine.bodies("POST", "/callbacks/close") == [{"ids": [6, 1, 2, 3], "reason": "проверка линии"}]
    await expect(page.get_by_label("Выбрать +7 907 584-09-12")).to_be_checked()
    await page.get_by_role("button", name="Вернуть").click()
    await expect(page.get_by_text("Вернулось 3 перезвона")).to_be_visible()
    await expect(page.locator("[data-duty]")).to_have_count(6)


async def test_the_mouse_chooses_one_a_stretch_and_all(desk: Desk) -> None:
    page = await desk.open("/callbacks", who="supervisor")
    await page.get_by_label("Выбрать +7 907 218-65-03").click()
    await page.get_by_label("Выбрать +7 907 771-30-58").click(modifiers=["Shift"])
    await expect(page.get_by_text("Выбрано 4")).to_be_visible()
    await page.get_by_label("Выбрать все").check()
    await expect(page.get_by_text("Выбрано 6")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("toolbar")).to_have_count(0)


async def test_an_operator_chooses_and_closes_nothing(desk: Desk) -> None:
    page = await desk.open("/callbacks")
    await expect(page.locator("[data-duty]").first).to_be_visible()
    await expect(page.get_by_role("checkbox")).to_have_count(0)
    await page.keyboard.press("KeyX")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_duty_is_given_by_two_keys_to_who_is_free_first(desk: Desk) -> None:
    page = await desk.open("/callbacks", who="supervisor")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("KeyA")
    options = page.get_by_role("dialog").get_by_role("option")
    await expect(options).to_have_count(3)
    await expect(options.first).to_contain_text("Петрова Наталья")
    await expect(options.nth(1)).to_contain_text("уже 1 перезвон")
    await expect(options.last).to_contain_text("Перерыв")
    await page.keyboard.press("Digit1")
    await expect(page.locator("[data-duty='6']")).to_contain_text("поручено: Петрова Н.")
    assert desk.engine.bodies("POST", "/callbacks/assign") == [{"ids": [6], "staff_id": 11}]


async def test_a_box_that_was_clicked_takes_no_key_but_its_own(desk: Desk) -> None:
    page = await desk.open("/callbacks", who="supervisor")
    box = page.locator("[data-duty='6'] input[type=checkbox]")
    await box.click()
    await expect(box).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("[data-duty='1'][aria-current=true]")).to_have_count(1)
    await page.keyboard.press("KeyX")
    await page.get_by_role("dialog").get_by_label("Причина").fill("проверка линии")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert [b["ids"] for b in desk.engine.bodies("POST", "/callbacks/close")] == [[6]]
    box = page.locator("[data-duty='1'] input[type=checkbox]")
    await box.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    for marked in (True, False):
        await page.keyboard.press("Space")
        await expect(box).to_be_checked(checked=marked)


async def test_an_answer_that_was_on_its_way_does_not_undo_what_was_told_meanwhile(desk: Desk) -> None:
    free = asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        await free.wait()
        await route.fulfill(response=answer)

    await desk.page.route(re.compile(r"/api/v1/callbacks\?"), late)
    page = await desk.open("/calls")
    duty = desk.engine.duties[4]
    given = {"state": "claimed", "claimed_by": 1, "claimed_by_name": "Петрова Наталья", "claimed_at": datetime.now(UTC)}
    desk.engine.duties[4] = duty.model_copy(update={**given, "assigned_by_name": "Орлова Тамара"})
    await desk.engine.tell("duty", desk.engine.duties[4])
    await expect(page.get_by_text("Вам поручен перезвон")).to_be_visible()
    free.set()
    await page.get_by_role("link", name="Стол").click()
    await expect(page.locator(f"[data-duty='{duty.id}']")).to_contain_text("поручено вам: Орлова Т.")
    await page.unroute_all(behavior="wait")


async def test_who_is_given_a_duty_sees_it_at_once_on_any_page_and_dials_it_first(desk: Desk) -> None:
    page = await desk.open("/calls")
    duty = desk.engine.duties[4]
    given = {"state": "claimed", "claimed_by": 1, "claimed_by_name": "Петрова Наталья", "claimed_at": datetime.now(UTC)}
    mine = duty.model_copy(update={**given, "assigned_by_name": "Орлова Тамара"})
    desk.engine.duties[4] = mine
    await desk.engine.tell("duty", mine)
    await expect(page.get_by_text("Вам поручен перезвон +7 907 771-30-58 (Орлова Т.)")).to_be_visible()
    await page.get_by_role("link", name="Стол").click()
    row = page.locator(f"[data-duty='{duty.id}']")
    await expect(row).to_contain_text("поручено вам: Орлова Т.")
    await page.keyboard.press("F9")
    await expect(page.get_by_text("Набираем +7 907 771-30-58")).to_be_visible()
    await row.get_by_role("button", name="Вернуть").click()
    await expect(row).not_to_contain_text("поручено вам")
    assert desk.engine.bodies("POST", f"/callbacks/{duty.id}/release") == [None]


async def talks(desk: Desk) -> s.Call:
    """101's operator talks at the desk."""
    call = town.offered()
    await desk.engine.offer(call)
    talking = call.model_copy(update={"state": "talking", "operator": "101", "answered_at": datetime.now(UTC)})
    await desk.engine.tell("call", talking)
    await desk.page.locator(".callhead.talking").wait_for()
    return talking


async def test_after_a_call_the_bar_says_what_the_engine_says_and_f8_ends_it(desk: Desk) -> None:
    page = await desk.open("/desk")
    talking = await talks(desk)
    desk.engine.state = "after_call"
    await desk.engine.tell("state", town.member(1, "Петрова Наталья", "101", "after_call"))
    over = {"state": "ended", "outcome": "answered", "ended_at": datetime.now(UTC)}
    await desk.engine.tell("call", talking.model_copy(update=over))
    await expect(page.locator(".statebox.after_call")).to_be_visible()
    await page.keyboard.press("F8")
    await expect(page.locator(".statebox.ready")).to_be_visible()
    await expect(page.locator(".callhead.after")).to_have_count(0)
    assert desk.engine.state == "ready"


async def test_f4_holds_and_takes_back_even_while_the_operator_writes(desk: Desk) -> None:
    page = await desk.open("/desk?new=1")
    talking = await talks(desk)
    await page.get_by_role("combobox", name="Что случилось").focus()
    await page.keyboard.press("F4")
    await desk.engine.tell("call", talking.model_copy(update={"state": "held"}))
    await expect(page.get_by_role("heading", name="Удержание")).to_be_visible()
    await page.keyboard.press("F4")
    await desk.engine.tell("call", talking)
    await expect(page.get_by_role("heading", name="Разговор")).to_be_visible()
    assert desk.engine.bodies("POST", f"/calls/{talking.id}/hold") == [{"hold": True}, {"hold": False}]


async def test_where_the_pbx_cannot_hold_the_page_says_how_and_shows_what_the_phone_does(desk: Desk) -> None:
    desk.engine.can_hold = False
    page = await desk.open("/desk")
    talking = await talks(desk)
    await page.get_by_role("button", name="Удержать").click()
    await expect(page.get_by_text("нажмите удержание на телефоне 101")).to_be_visible()
    await desk.engine.tell("call", talking.model_copy(update={"state": "held"}))
    await expect(page.get_by_role("heading", name="Удержание")).to_be_visible()


async def test_shift_f3_joins_the_call_to_the_open_accident_and_the_ticket_shows_who_joined(desk: Desk) -> None:
    page = await desk.open("/desk")
    talking = await talks(desk)
    await page.keyboard.press("Digit2")
    await expect(page.get_by_text("Авария 26-118204")).to_be_visible()
    await page.keyboard.press("Shift+F3")
    options = page.get_by_role("dialog").get_by_role("option")
    await expect(options.first).to_contain_text("26-118204")
    await page.keyboard.press("Digit1")
    await expect(page.get_by_text("Вызов присоединён к 26-118204")).to_be_visible()
    (body,) = desk.engine.bodies("POST", "/tickets/26-118204/applicants")
    assert (body["call_id"], body["applicant"]["number"]) == (talking.id, talking.number)
    assert body["applicant"]["person_id"] == desk.engine.card.candidates[1].id
    await desk.open("/tickets/26-118204")
    await expect(page.get_by_role("region", name="Ещё 1 заявитель")).to_be_visible()
    await page.get_by_role("button", name="Снять с заявки").click()
    await expect(page.get_by_role("region", name="Ещё 1 заявитель")).to_have_count(0)
    await page.get_by_role("button", name="Вернуть").click()
    await expect(page.get_by_role("region", name="Ещё 1 заявитель")).to_be_visible()


async def test_one_open_accident_is_joined_by_one_press_and_undone_by_another(desk: Desk) -> None:
    desk.engine.card = desk.engine.card.model_copy(update={"open_tickets": []})
    page = await desk.open("/desk")
    await talks(desk)
    await page.keyboard.press("Shift+F3")
    await expect(page.get_by_text("Вызов присоединён к 26-118204")).to_be_visible()
    await page.get_by_role("button", name="Вернуть").click()
    await expect(page.get_by_text("Вызов снят с 26-118204")).to_be_visible()
    assert desk.engine.joined == {}


async def test_a_house_without_open_matters_offers_no_joining(desk: Desk) -> None:
    desk.engine.card = desk.engine.card.model_copy(update={"open_tickets": [], "incidents": []})
    page = await desk.open("/desk")
    await talks(desk)
    await page.keyboard.press("Shift+F3")
    await expect(page.locator(".joinbar")).to_have_count(0)
    await expect(page.get_by_role("dialog")).to_have_count(0)
    # Nobody can write down planned works: nothing is said of them.
    await expect(page.get_by_text("Открытых аварий нет")).to_be_visible()
    await expect(page.get_by_text("лановых работ")).to_have_count(0)


async def test_a_supervisor_marks_a_moment_where_the_sound_stands_and_takes_it_away(desk: Desk) -> None:
    page = await desk.open("/calls?open=1", who="supervisor")
    await page.locator(".wave").wait_for()
    marks = page.get_by_role("group", name="Отметки")
    await expect(marks.get_by_role("listitem")).to_have_count(1)
    await page.get_by_role("slider").fill("2")
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("KeyM")
    await expect(page.get_by_label("Отметка на 0:02")).to_be_focused()
    await page.keyboard.type("перебил жителя")
    await page.keyboard.press("Enter")
    await expect(marks.get_by_role("listitem").first).to_contain_text("перебил жителя")
    assert desk.engine.bodies("POST", "/recordings/1/marks") == [{"at_seconds": 2, "text": "перебил жителя"}]
    await marks.get_by_role("button", name="К отметке 0:04").click()
    assert await page.locator("audio").evaluate("a => a.currentTime") == pytest.approx(4.2, abs=0.1)
    await marks.get_by_role("button", name="Убрать отметку «перебил жителя»").click()
    await expect(marks.get_by_role("listitem")).to_have_count(1)
    await page.get_by_role("button", name="Вернуть").click()
    await expect(marks.get_by_role("listitem")).to_have_count(2)


async def test_an_operator_reads_marks_goes_to_them_and_writes_none(desk: Desk) -> None:
    page = await desk.open("/calls?open=1")
    marks = page.get_by_role("group", name="Отметки")
    await expect(marks.get_by_text("не назвал номер заявки")).to_be_visible()
    await page.locator(".flag").click()
    assert await page.locator("audio").evaluate("a => a.currentTime") == pytest.approx(4.2, abs=0.1)
    await expect(marks.get_by_role("button")).to_have_count(1)


@pytest.mark.parametrize("height", [640, 720, 800])
async def test_the_chart_of_hours_is_whole_on_small_screens(desk: Desk, height: int) -> None:
    await desk.page.set_viewport_size({"width": 1280, "height": height})
    page = await desk.open("/callbacks", who="supervisor")
    await page.locator(".hourchart svg").wait_for()
    room = """() => {
        const of = (e) => e.getBoundingClientRect(), svg = document.querySelector('.hourchart svg');
        const box = svg.closest('.card'), card = of(box), it = of(svg);
        const line = of(svg.querySelector('rect:last-of-type'));
        return {below: card.bottom - it.bottom, left: it.left - card.left, right: card.right - it.right,
                height: it.height, cut: box.scrollHeight - box.clientHeight, bar: card.bottom - line.bottom};
    }"""
    async with asyncio.timeout(10):
        while (seen := await page.evaluate(room))["height"] < 150:
            await page.evaluate("() => new Promise(requestAnimationFrame)")
    assert min(seen["below"], seen["left"], seen["right"], seen["bar"]) >= 0, seen
    assert seen["cut"] == 0, seen


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("width", [390, 768, 1280])
async def test_nothing_in_the_bar_lies_over_another_thing(desk: Desk, width: int, language: str) -> None:
    await desk.page.add_init_script(f"localStorage.setItem('callengine.language', '{language}')")
    await desk.page.set_viewport_size({"width": width, "height": 844})
    page = await desk.open("/desk")
    # The last cell stays in sight while the others are scrolled under it.
    overlaps = await page.locator(".bar").evaluate("""(bar) => {
        const cells = [...bar.querySelectorAll(":scope > .cell:not(.last)")];
        const spilt = cells.filter((cell) => [...cell.querySelectorAll("*")].some((part) =>
            part.getBoundingClientRect().right > cell.getBoundingClientRect().right + 1));
        return [cells.length >= 4, spilt.map((cell) => cell.textContent)];
    }""")
    assert overlaps == [True, []]
    await page.locator(".bar .cell.last").click()
    await expect(page.get_by_role("menuitem").first).to_be_visible()


async def test_a_list_that_failed_says_why_and_repeats(desk: Desk) -> None:
    desk.engine.failing.add("/tickets")
    page = await desk.open("/tickets")
    await expect(page.get_by_role("alert")).to_contain_text("the store does not answer")
    desk.engine.failing.clear()
    await page.get_by_role("button", name="Повторить").click()
    await expect(page.get_by_role("link", name="26-118213")).to_be_visible()


async def test_ctrl_k_finds_a_ticket_and_goes_there(desk: Desk) -> None:
    page = await desk.open("/desk")
    await page.keyboard.press("Control+KeyK")
    await expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
    await page.keyboard.type("26-118")
    await page.get_by_role("option").first.wait_for()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Прорыв трубы ХВС в подвале", level=1)).to_be_visible()


async def test_hostile_text_of_a_caller_is_shown_as_text(desk: Desk) -> None:
    page = await desk.open("/desk")
    evil = "<img src=x onerror=document.title='owned'>"
    person = town.IZOLDA.model_copy(update={"name": evil})
    desk.engine.card = town.card().model_copy(update={"candidates": [person]})
    await desk.engine.offer(town.offered())
    await expect(page.get_by_text(evil).first).to_be_visible()
    assert "owned" not in await page.title()


async def test_more_duties_than_one_answer_holds_are_all_counted_and_can_be_reached_and_closed(desk: Desk) -> None:
    numbers = [f"+7907{n:07}" for n in range(230)]
    desk.engine.duties = [town.duty(n + 1, 60 + n, number) for n, number in enumerate(numbers)]
    page = await desk.open("/callbacks", who="supervisor")
    await expect(page.get_by_role("heading", name="Открыты сейчас 230")).to_be_visible()
    await expect(page.locator("[data-duty]")).to_have_count(60)
    for more, drawn in ((60, 120), (60, 180), (50, 230)):
        await page.get_by_role("button", name=f"Показать ещё {more}").click()
        await expect(page.locator("[data-duty]")).to_have_count(drawn)
    await page.get_by_label("Выбрать все").check()
    await page.get_by_role("toolbar").get_by_role("button", name="Закрыть").click()
    await page.get_by_label("Причина").fill("проверка линии")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("Закрыто 230 из 230")).to_be_visible()
    assert [len(b["ids"]) for b in desk.engine.bodies("POST", "/callbacks/close")] == [200, 30]


async def test_a_voice_message_that_was_heard_says_so_and_is_not_asked_for_again(desk: Desk) -> None:
    message = s.RecordingRef(id=5, seconds=19.0, state="ready")
    heard = town.duty(1, 60, "+79072186503", message=message, message_heard_at=town.ago(minutes=2))
    desk.engine.duties = [heard, town.duty(2, 90, "+79072186504", message=message)]
    page = await desk.open("/callbacks")
    first, second = page.locator("[data-duty='1']"), page.locator("[data-duty='2']")
    await first.get_by_role("button", name=re.compile("прослушано")).click()
    await second.get_by_role("button", name=re.compile("сообщение", re.IGNORECASE)).click()
    await expect(second.get_by_role("button", name="Прослушано")).to_be_visible()
    await expect(first.get_by_role("button", name="Прослушано", exact=True)).to_have_count(0)


async def test_a_pbx_that_has_been_silent_for_minutes_makes_the_data_old(desk: Desk) -> None:
    desk.engine.pbx_trouble = {"seen_at": datetime.now(UTC) - timedelta(minutes=4)}
    page = await desk.open("/desk")
    await expect(page.get_by_text(re.compile(r"^данные 4 мин.* назад"))).to_be_visible()


async def test_the_menu_of_one_s_name_is_clean_worked_by_keys_and_gives_the_focus_back(desk: Desk) -> None:
    page = await desk.open("/desk")
    name = page.get_by_role("button", name=re.compile("Петрова Наталья"))
    await name.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem", name="Выйти")).to_be_in_viewport()
    assert await look(page, "the menu of one's name") == []
    await expect(page.get_by_role("menuitem", name="English")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("menuitem", name="Сменить пароль")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Пароль сейчас")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(name).to_be_focused()


async def test_a_person_changes_his_own_password_and_is_told_what_is_wrong_with_it(desk: Desk) -> None:
    page = await desk.open("/desk")
    await page.get_by_role("button", name=re.compile("Петрова Наталья")).click()
    await page.get_by_role("menuitem", name="Сменить пароль").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Пароль сейчас").fill("wrong")
    await dialog.get_by_label("Новый пароль", exact=True).fill("long enough")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_have_text("Новые пароли различаются")
    await dialog.get_by_label("Новый пароль ещё раз").fill("long enough")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_have_text("Нынешний пароль не подошёл")
    await dialog.get_by_label("Пароль сейчас").fill("sandbox")
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_text("Пароль сменён")).to_be_visible()
    assert desk.engine.bodies("POST", "/session/password")[-1] == {"old": "sandbox", "new": "long enough"}


async def test_the_call_that_goes_on_is_none_of_the_last_calls(desk: Desk) -> None:
    call = town.offered()
    desk.engine.card = desk.engine.card.model_copy(update={"last_calls": [town.call(call.id)], "calls_in_year": 1})
    page = await desk.open("/desk")
    await desk.engine.offer(call)
    last = page.locator("section").filter(has=page.get_by_role("heading", name="Последние вызовы")).last
    await expect(last).to_contain_text("Раньше не звонили")
    await expect(last).not_to_contain_text("за год")
