"""From a SIP call to a closed ticket, in Chromium, through everybody's hands: a decline and a rework on the way."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, FilePayload, Locator, Page, expect

from callengine.directory import town
from tests.stories.test_desk import (
    DEADLINE_MS,
    SandboxEngine,
    answer_the_questions,
    ask,
    browser,
    examine,
    panel,
    running,
)
from tests.tickets.test_files import photo

__all__ = ["browser", "running"]
pytestmark = [pytest.mark.pbx, pytest.mark.browser]
PHOTO: FilePayload = {"name": "after.jpg", "mimeType": "image/jpeg", "buffer": photo()}


@dataclass(frozen=True)
class Words:
    """What the hands press, in one language."""

    language: str
    other: str  # the button that leads to the other language at the gate
    incoming: str
    talk: str
    registered: str
    decline: str
    route: str
    accept: str
    assign: str
    confirm: str
    back: str
    start: str
    done: str
    report: str
    link: str
    yes: str
    mark: str
    send: str
    closed: str
    say: str
    what: str


RU = Words(
    "ru", "Русский", "Входящий вызов", "Разговор", "зарегистрирована", "Отклонить", "Направить", "Принять", "Назначить",
    "Подтвердить", "Вернуть", "Начать", "Сделано", "Сообщить", "Ссылка жителю", "Да, сделана", "Оценка 5", "Отправить",
    "Закрыта", "Суть словами", "прорыв",
)  # fmt: skip
EN = Words(
    "en", "English", "Incoming call", "Talking", "is registered", "Decline", "Route", "Accept", "Assign",
    "Confirm", "Return", "Start", "Done", "Report", "Link for the resident", "Yes, it is done", "Mark 5", "Send",
    "Closed", "In words", "burst",
)  # fmt: skip


class Hands:
    """The people of the story, each with a browser of his own."""

    def __init__(self, engine: SandboxEngine, browser: Browser, words: Words) -> None:
        self.engine, self.browser, self.words = engine, browser, words
        self.contexts: list[BrowserContext] = []
        self.wrong: list[str] = []

    async def page(self, *, phone: bool = False) -> Page:
        context = await self.browser.new_context(
            viewport={"width": 390, "height": 844} if phone else {"width": 1440, "height": 900},
            color_scheme="light",
            locale="ru-RU" if self.words is RU else "en-GB",
            reduced_motion="reduce",
        )
        await context.add_init_script(f"localStorage.setItem('callengine.language', '{self.words.language}')")
        context.set_default_timeout(DEADLINE_MS)
        self.contexts.append(context)
        return await context.new_page()

    async def person(self, login: str, *, phone: bool = False) -> Page:
        """Signs one of the town in; he has his own language, which is that of the story."""
        page = await self.page(phone=phone)
        await page.goto(self.engine.url)
        credentials = {"login": login, "password": town.PASSWORD}
        answer = await page.request.post(f"{self.engine.url}/api/v1/session", data=credentials)
        assert answer.ok, await answer.text()
        await page.goto(self.engine.url)
        await page.locator("nav.rail, .worker").first.wait_for()
        return page

    async def look(self, page: Page, where: str) -> None:
        await page.get_by_role("heading", level=1).first.wait_for()
        await expect(page.locator(".bone")).to_have_count(0)
        self.wrong += await examine(page, f"{where}, {self.words.language}")

    async def close(self) -> None:
        for context in self.contexts:
            await context.close()


async def status(page: Page, number: str) -> str:
    return str((await ask(page, f"/tickets/{number}"))["status"])


def move(page: Page, label: str) -> Locator:
    return page.locator(".yourmove").get_by_role("button", name=re.compile(f"^{label}")).first


async def reason(page: Page, text: str) -> None:
    """The dialog of a move: its reason, and sent by the keys."""
    await page.get_by_role("dialog").locator("textarea").fill(text)
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)


def people_of(organisation: str) -> tuple[str, str]:
    """The manager and the executor of an organisation of the town, by its name."""
    code = next(one["code"] for one in town.ORGANISATIONS if one["name"] == organisation)
    ours = [one for one in town.STAFF if one.organisation == code]
    manager = next(one.login for one in ours if one.role == "organisation_manager")
    return manager, next(one.login for one in ours if one.role == "executor")


async def from_a_call(hands: Hands) -> tuple[Page, str]:
    """The operator answers a call and writes the ticket; the page of the desk and the number."""
    words = hands.words
    desk = await hands.person("petrova")
    await desk.goto(f"{hands.engine.url}/desk")
    await desk.locator("nav.rail").wait_for()
    await desk.keyboard.press("KeyD")
    await expect(panel(desk).get_by_role("heading", name=words.incoming)).to_be_visible()
    await desk.keyboard.press("F2")
    await expect(panel(desk).get_by_role("heading", name=words.talk)).to_be_visible()
    await desk.keyboard.press("Digit1")
    await desk.keyboard.press("F3")
    await desk.keyboard.type(words.what)
    await desk.get_by_role("option").first.wait_for()
    await desk.keyboard.press("Enter")
    await desk.get_by_role("textbox", name=words.say).fill("Шум воды в подвале")
    await hands.look(desk, "the form in a call")
    await answer_the_questions(desk)
    await desk.keyboard.press("Control+Enter")
    await expect(desk.get_by_role("heading", name=re.compile(words.registered))).to_be_visible()
    await desk.keyboard.press("Shift+F2")
    (ticket,) = (await ask(desk, "/tickets"))["items"]
    return desk, str(ticket["number"])


async def at_the_organisation(hands: Hands, number: str, organisation: str, executor: str) -> Page:
    """The manager accepts and gives it to his executor."""
    words = hands.words
    manager = await hands.person(people_of(organisation)[0])
    await hands.look(manager, "the organisation's room")
    await manager.goto(f"{hands.engine.url}/tickets/{number}")
    await move(manager, words.accept).click()
    await move(manager, words.assign).click()
    dialog = manager.get_by_role("dialog")
    name = next(one.name for one in town.STAFF if one.login == executor)
    await dialog.get_by_role("radio", name=re.compile(name)).check()
    await manager.keyboard.press("Control+Enter")
    await expect(dialog).to_have_count(0)
    await hands.look(manager, "the ticket at the manager")
    return manager


async def done_by(hands: Hands, worker: Page, number: str, *, with_photo: bool) -> None:
    """The executor starts, takes a photo and reports."""
    words = hands.words
    await worker.goto(f"{hands.engine.url}/work/{number}")
    await worker.get_by_role("button", name=words.start).click()
    await expect(worker.get_by_role("button", name=words.done)).to_be_visible()
    if with_photo:
        await worker.get_by_test_id("camera").set_input_files([PHOTO])
        await expect(worker.locator(".photos a")).to_have_count(1)
        await hands.look(worker, "the executor's job")
    await worker.get_by_role("button", name=words.done).click()
    await worker.get_by_role("dialog").locator("textarea").fill("Заменён участок трубы")
    await worker.get_by_role("button", name=words.report).click()

    async def told() -> bool:
        return await status(worker, number) == "awaiting_centre"

    await hands.engine.until(told, "the centre knows that it is done")


@pytest.mark.parametrize("words", [RU, EN], ids=["in Russian", "in English"])
async def test_a_ticket_lives_from_the_call_to_the_mark(running: SandboxEngine, browser: Browser, words: Words) -> None:
    hands = Hands(running, browser, words)
    desk, number = await from_a_call(hands)
    ticket: dict[str, Any] = await ask(desk, f"/tickets/{number}")
    first = ticket["organisation"]["name"]

    # It is not theirs: they decline it, and the centre routes it again.
    manager = await hands.person(people_of(first)[0])
    await manager.goto(f"{running.url}/tickets/{number}")
    await move(manager, words.decline).click()
    await reason(manager, "дом обслуживает другая организация")
    assert await status(desk, number) == "declined"
    second = "УК «Заречье»" if first != "УК «Заречье»" else "ООО «ЖилКомфорт-Сервис»"
    await desk.goto(f"{running.url}/tickets/{number}")
    await move(desk, words.route).click()
    dialog = desk.get_by_role("dialog")
    radio = dialog.get_by_role("radio", name=re.compile(re.escape(second)))
    await dialog.get_by_role("radio").or_(dialog.locator("select")).first.wait_for()
    if await radio.count():
        await radio.check()
    else:
        await dialog.locator("select").select_option(label=second)
    await desk.keyboard.press("Control+Enter")
    await expect(dialog).to_have_count(0)

    # The second one takes it; the executor does it; the centre is not content; he does it again.
    executor = people_of(second)[1]
    await at_the_organisation(hands, number, second, executor)
    worker = await hands.person(executor, phone=True)
    await hands.look(worker, "the executor's jobs")
    await done_by(hands, worker, number, with_photo=True)
    await desk.reload()
    await move(desk, words.back).click()
    await reason(desk, "под мойкой всё ещё капает")
    assert await status(desk, number) == "needs_rework"
    await done_by(hands, worker, number, with_photo=False)
    await desk.reload()
    await hands.look(desk, "the ticket at the desk")
    await move(desk, words.confirm).click()

    async def waits() -> bool:
        return await status(desk, number) == "awaiting_client"

    await running.until(waits, "the client is asked")

    # The resident looks by his link and gives his mark; the engine closes it.
    link = await desk.request.post(f"{running.url}/api/v1/tickets/{number}/links")
    resident = await hands.page(phone=True)
    await resident.goto((await link.json())["url"])
    await expect(resident.get_by_role("heading", level=1)).to_be_visible()
    await hands.look(resident, "the resident's page")
    await resident.get_by_role("button", name=words.yes).click()
    await resident.get_by_role("radio", name=words.mark).click()
    await resident.get_by_role("button", name=words.send).click()
    await expect(resident.locator(".state")).to_have_text(words.closed)

    ticket = await ask(desk, f"/tickets/{number}")
    assert (ticket["status"], ticket["mark"], ticket["organisation"]["name"]) == ("closed", 5, second)
    moves = [event["what"] for event in ticket["history"]]
    wanted = "registered routed decline route accept assign start report_done return start report_done confirm mark"
    assert [what for what in moves if what in wanted.split()] == wanted.split()
    assert ticket["recordings"], "the conversation hangs on the ticket"
    assert [file["name"] for file in ticket["files"]] == ["after.jpg"]
    await desk.goto(f"{running.url}/tickets")
    await hands.look(desk, "the journal")
    await hands.close()
    assert hands.wrong == []
