"""Reminders on the screen: what has just come stays until it is taken, the bell holds the list, a reload keeps it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Page, expect

from callengine.api import schemas as s
from callengine.tickets.events import TicketReminded
from tests.web.conftest import Desk, Served
from tests.web.fake_engine import plain
from tests.web.test_axe import look
from tests.web.test_executor import at_work, given

pytestmark = pytest.mark.asyncio(loop_scope="session")
STAYS = ".toast.reminded"
# Longer than any passing message stays.
LATER_MS = 10_000


def reminder(id: int, about: str = "fix", urgency: str = "normal", minutes: float = 5.5, **more: Any) -> s.Reminder:
    said = datetime.now(UTC) - timedelta(minutes=minutes)  # the town's clock stood when its file was read
    whole: dict[str, Any] = {
        "number": f"26-11820{id}", "about": about, "level": 0, "due_at": said, "at": said, "status": "in_progress",
        "urgency": urgency, "problem_ru": "Холодный стояк", "problem_en": "Cold riser", "address": "ул. Чкалова, 17",
    }  # fmt: skip
    return s.Reminder(id=id, **{**whole, **more})


async def tell(desk: Desk, *found: s.Reminder) -> None:
    desk.engine.reminders += found
    for one in found:
        await desk.engine.tell("reminder", {k: v for k, v in plain(one).items() if k not in ("id", "at")})


def bell(page: Page, name: str | None = None) -> Any:
    return page.locator(".bell") if name is None else page.get_by_role("button", name=name, exact=True)


async def test_a_reminder_says_what_is_late_and_by_how_much_and_one_key_opens_the_ticket(desk: Desk) -> None:
    page = await desk.open("/calls")
    await tell(desk, reminder(4, "accept", "emergency"))
    told = page.locator(STAYS)
    await expect(told).to_contain_text("26-118204 не принята в срок · просрочено на 5 мин")
    await expect(told).to_contain_text("ул. Чкалова, 17 · Холодный стояк")
    await page.keyboard.press("F10")
    await expect(page).to_have_url(f"{desk.base}/tickets/26-118204")
    await expect(told).to_be_visible()  # opened is not taken


async def test_it_stays_until_it_is_taken_and_takes_the_focus_from_nobody(desk: Desk) -> None:
    await desk.page.clock.install()
    page = await desk.open("/calls")
    search = page.get_by_role("searchbox").or_(page.locator("main input")).first
    await search.focus()
    await page.keyboard.type("Куз")
    await tell(desk, reminder(4))
    told = page.locator(STAYS)
    await expect(told).to_be_visible()
    await page.keyboard.type("нецова")
    await expect(search).to_have_value("Кузнецова")
    await page.clock.run_for(LATER_MS)
    await expect(told).to_be_visible()
    await told.get_by_role("button", name="Беру: заявка 26-118204, не устранена в срок").click()
    await expect(told).to_have_count(0)
    assert desk.engine.bodies("POST", "/reminders/4/take") == [None]
    await expect(page.locator(".toasts")).to_contain_text("За вами: 26-118204")
    await expect(bell(page, "Напоминания")).to_be_visible()


async def test_what_a_colleague_takes_or_a_move_settles_leaves_the_screen(desk: Desk) -> None:
    page = await desk.open("/calls")
    first, second = reminder(4), reminder(5, "check")
    await tell(desk, first, second)
    await expect(page.locator(f"{STAYS} .reminder")).to_have_count(2)
    desk.engine.reminders = [second]
    await desk.engine.tell("ticket", {"number": first.number})
    await expect(page.locator(f"{STAYS} .reminder")).to_have_count(1)
    desk.engine.taken_by = "Гусев Иван"
    await page.locator(STAYS).get_by_role("button", name="Беру").click()
    await expect(page.locator(".toast.bad")).to_contain_text("Гусев Иван")
    await expect(page.locator(STAYS)).to_have_count(0)


async def test_several_stand_together_dangers_first_and_the_rest_is_in_the_list(desk: Desk) -> None:
    page = await desk.open("/calls")
    await tell(desk, *(reminder(n, "stall", "life" if n == 3 else "normal") for n in range(1, 6)))
    told = page.locator(STAYS)
    await expect(told).to_contain_text("5 напоминаний")
    await expect(told.locator(".reminder")).to_have_count(3)
    await expect(told.locator(".reminder").first).to_have_attribute("data-number", "26-118203")
    await told.get_by_role("button", name="Ещё 2, весь список").click()
    await expect(page.get_by_role("dialog").locator(".reminder")).to_have_count(5)
    await expect(told).to_have_count(0)  # the list says it all


async def test_folded_they_are_out_of_the_way_until_the_next_comes(desk: Desk) -> None:
    page = await desk.open("/calls")
    await tell(desk, reminder(1))
    told = page.locator(STAYS)
    await told.get_by_role("button", name="Свернуть напоминания").click()
    await expect(told).to_contain_text("1 напоминание")
    await expect(told.locator(".reminder")).to_have_count(0)
    await tell(desk, reminder(2))
    await expect(told.locator(".reminder")).to_have_count(2)


async def test_the_bell_keeps_them_over_a_reload_and_is_worked_with_the_keys(desk: Desk) -> None:
    desk.engine.reminders = [reminder(1, "unacknowledged"), reminder(2, "brand_new_kind"), reminder(3, urgency="life")]
    page = await desk.open("/callbacks", who="supervisor")
    await expect(bell(page, "Напоминания: 3, опасных: 1")).to_be_visible()
    await expect(page.locator(STAYS)).to_have_count(0)
    await page.reload()
    await expect(bell(page, "Напоминания: 3, опасных: 1")).to_be_visible()
    await page.keyboard.press("Control+b")
    lines = page.get_by_role("dialog", name="Напоминания").locator(".reminder")
    await expect(lines).to_have_count(3)
    await expect(lines.first).to_contain_text("26-118203 не устранена в срок · просрочено на 5 мин")
    await expect(lines.nth(1)).to_contain_text("исполнитель не подтвердил получение · 5 мин назад")
    await expect(lines.nth(2)).to_contain_text("заявка требует внимания")  # a kind of a later engine
    await lines.first.get_by_role("button", name="Открыть").focus()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{desk.base}/tickets/26-118203")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_an_empty_list_and_one_that_fails_say_so(desk: Desk) -> None:
    page = await desk.open("/calls")
    await bell(page, "Напоминания").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Напоминаний нет")
    desk.engine.failing.add("/reminders")
    await page.reload()
    await bell(page, "Напоминания не загрузились").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("the store does not answer")
    desk.engine.failing.clear()
    desk.engine.reminders = [reminder(4)]
    await dialog.get_by_role("button", name="Повторить").click()
    await expect(dialog.locator(".reminder")).to_have_count(1)


# What the page's speaker was asked to say: two tones a ring.
SPEAKER = """window.tones = 0; window.AudioContext = class {
  currentTime = 0; destination = {}; resume() { return Promise.resolve(); }
  createOscillator() { window.tones += 1; return { frequency: {}, connect: (to) => to, start() {}, stop() {} }; }
  createGain() { return { gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} }, connect: (to) => to }; }
};"""


async def test_only_dangers_sound_until_this_browser_is_told_otherwise(desk: Desk) -> None:
    await desk.page.add_init_script(SPEAKER)
    page = await desk.open("/calls")
    await tell(desk, reminder(1))
    await expect(page.locator(f"{STAYS} .reminder")).to_have_count(1)
    assert await page.evaluate("window.tones") == 0
    await tell(desk, reminder(2, urgency="emergency"))
    await expect(page.locator(f"{STAYS} .reminder")).to_have_count(2)
    assert await page.evaluate("window.tones") == 2
    await bell(page).click()
    await page.get_by_text("нет", exact=True).click()
    await page.reload()
    await expect(bell(page, "Напоминания: 2, опасных: 1")).to_be_visible()
    await tell(desk, reminder(3, urgency="life"))
    await expect(page.locator(f"{STAYS} .reminder")).to_have_count(1)
    assert await page.evaluate("window.tones") == 0


@pytest.mark.parametrize(("language", "scheme", "width"), [("ru", "dark", 1280), ("en", "light", 1600)])
async def test_nothing_of_it_offends_axe_or_is_clipped(desk: Desk, language: str, scheme: Any, width: int) -> None:
    await desk.page.emulate_media(color_scheme=scheme)
    await desk.page.set_viewport_size({"width": width, "height": 900})
    await desk.page.add_init_script(f"localStorage.setItem('callengine.language', '{language}')")
    page = await desk.open("/calls", who="supervisor")
    await tell(desk, *(reminder(n, about, "life" if n == 2 else "normal") for n, about in enumerate(("fix", "untold"))))
    await expect(page.locator(f"{STAYS} .reminder")).to_have_count(2)
    assert await look(page, "told") == []
    await bell(page).click()
    await expect(page.get_by_role("dialog").locator(".reminder")).to_have_count(2)
    assert await look(page, "list") == []


# --- with the real services -----------------------------------------------------------------------------------


async def remind(served: Served, number: str, about: str, *to: str) -> None:
    its = served.services.services
    fact = TicketReminded(await its.tickets.get(number), about, 0, its.clock.now(), frozenset(to))
    async with served.services.store.begin() as tx:
        await its.reminders.on_reminded(tx, fact)


async def test_an_executor_s_telephone_has_the_bell_and_leads_to_the_job(served: Served) -> None:
    number = await given(served)
    await remind(served, number, "fix", "executor")
    page = await at_work(served)
    await bell(page, "Напоминания: 1, опасных: 1").click()
    line = page.get_by_role("dialog").locator(".reminder")
    await expect(line).to_contain_text("не устранена в срок")
    assert await look(page, "executor's list") == []
    await line.get_by_role("button", name="Открыть").click()
    await expect(page).to_have_url(f"{served.base}/work/{number}")
    await bell(page).click()
    await line.get_by_role("button", name="Беру").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Напоминаний нет")
    history = (await served.services.ask("GET", f"/tickets/{number}"))["history"]
    assert [e["author"] for e in history if e["what"] == "reminder_taken"] == ["Фомин Артём"]


async def test_a_manager_has_the_bell_and_an_inspector_has_not(served: Served) -> None:
    number = await given(served)
    await remind(served, number, "fix", "organisation_manager")
    await served.sign_in("lavrov")
    page = await served.open("/organisation")
    await expect(bell(page, "Напоминания: 1, опасных: 1")).to_be_visible()
    await served.sign_in("sobolev")
    await served.open("/tickets")
    await expect(page.locator(".bar .cell.last")).to_be_visible()
    await expect(bell(page)).to_have_count(0)
