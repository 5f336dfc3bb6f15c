"""A bad mark, seen from the desk: the robot calls after the job, a human calls back, and all is on one timeline."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from callengine import bootstrap
from callengine.config import Sandbox
from callengine.directory import town
from callengine.sandbox.street import Behaviour, Street
from tests.stories.test_desk import SandboxEngine, answer_the_questions, ask, browser, examine, panel, sign_in, visitor
from tests.stories.test_robot import midday

__all__ = ["browser"]
pytestmark = [pytest.mark.pbx, pytest.mark.browser]

# By its last digit it gives the robot a two (sandbox/street.py).
RESIDENT = "+79074121806"


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[SandboxEngine]:
    """A sandbox engine whose robot calls a few seconds after a job was confirmed."""
    bootstrap.web()
    engine = SandboxEngine(
        tmp_path,
        "22",
        more={
            "CALLENGINE_LOCALE__TIMEZONE": midday(),
            "CALLENGINE_OUTREACH__RATING_AFTER_SECONDS": "1",
            "CALLENGINE_OUTREACH__HOURS": "08-22",
        },
    )
    try:
        await engine.start()
        yield engine
    finally:
        await engine.stop()
        engine.forget()


@pytest.fixture
async def resident(engine: SandboxEngine) -> AsyncIterator[Street]:
    street = Street(Sandbox(sip_port=engine.sip_port, trunk_port=1), outside=False)
    await street.start()
    yield street
    await street.stop()


async def test_a_two_becomes_a_conflict_a_human_calls_back_and_one_timeline_has_all_three_recordings(
    engine: SandboxEngine, resident: Street, browser: Browser
) -> None:
    context = await visitor(browser)
    desk = await context.new_page()
    await sign_in(desk, engine, "petrova")
    await resident.call_in(RESIDENT, behaviour=Behaviour(talk_seconds=None))
    await expect(panel(desk).get_by_role("heading", name="Входящий вызов")).to_be_visible()
    await desk.keyboard.press("F2")
    await expect(panel(desk).get_by_role("heading", name="Разговор")).to_be_visible()
    await desk.keyboard.press("Digit1")
    await desk.keyboard.press("F3")
    await desk.keyboard.type("HVS-05")
    await desk.get_by_role("option").first.wait_for()
    await desk.keyboard.press("Enter")
    await answer_the_questions(desk)
    await desk.keyboard.press("Control+Enter")
    await expect(desk.get_by_role("heading", name=re.compile("зарегистрирована"))).to_be_visible()
    await desk.keyboard.press("Shift+F2")
    (ticket,) = (await ask(desk, "/tickets"))["items"]
    number = ticket["number"]

    # The job is reported as done; the operator confirms it, and the robot calls.
    supervisor = await (await visitor(browser)).new_page()
    await sign_in(supervisor, engine, "orlova")
    admin = await browser.new_context()
    signed = await admin.request.post(
        f"{engine.url}/api/v1/session", data={"login": "admin", "password": town.PASSWORD}
    )
    assert signed.ok
    body = {"move": "move", "status": "awaiting_centre", "reason": "сделано"}
    moved = await admin.request.post(f"{engine.url}/api/v1/tickets/{number}/moves", data=body)
    assert moved.ok, await moved.text()
    await desk.goto(f"{engine.url}/tickets/{number}")
    await desk.locator(".yourmove").get_by_role("button", name=re.compile("^Подтвердить")).first.click()
    await supervisor.goto(f"{engine.url}/tickets/{number}")
    await expect(supervisor.locator(".beside.here")).to_have_text(re.compile("^Конфликтная"), timeout=90_000)
    after = await ask(desk, f"/tickets/{number}")
    assert (after["status"], after["mark"]) == ("conflict", 2)

    # A human calls back within the hour.
    (owed,) = (await ask(desk, "/callbacks"))["items"]
    assert (owed["number"], owed["state"]) == (RESIDENT, "open")
    await desk.goto(f"{engine.url}/desk")
    await desk.locator("li.duty").wait_for()
    wrong = await examine(desk, "the desk with a bad mark")
    await desk.keyboard.press("F9")
    await expect(panel(desk).get_by_role("heading", name="Разговор")).to_be_visible()
    await expect(panel(desk).locator(".timer")).to_have_text(re.compile(r"0:(0[7-9]|[1-5]\d)"))
    await desk.keyboard.press("Shift+F2")

    async def reached() -> bool:
        return any(one["id"] == owed["id"] for one in (await ask(desk, "/callbacks?state=reached"))["items"])

    await engine.until(reached, "the human's call is the contact")
    await supervisor.locator(".yourmove").get_by_role("button", name=re.compile("^Закрыть")).first.click()
    await supervisor.get_by_role("dialog").locator("textarea").fill("Договорились: переделано при жителе")
    await supervisor.keyboard.press("Control+Enter")
    await expect(supervisor.locator("[aria-current=step]")).to_contain_text("Закрыта")

    async def heard() -> Any:
        found = (await ask(desk, f"/tickets/{number}"))["recordings"]
        return len(found) == 3 and all(one["state"] == "ready" for one in found)

    await engine.until(heard, "three recordings hang on the ticket", seconds=60)
    await supervisor.reload()
    await expect(supervisor.locator(".bone")).to_have_count(0)
    story = supervisor.locator(".card.story")
    await expect(story.get_by_text("Звонил робот: Оценка 2")).to_be_visible()
    await expect(story.locator(".heard")).to_have_count(3)
    wrong += await examine(supervisor, "the ticket that a robot called about")
    assert wrong == []
