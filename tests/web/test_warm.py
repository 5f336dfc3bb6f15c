"""The warm transfer in the dock: to whom, who is on the line, and the keys of each moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.web import town
from tests.web.conftest import Desk

pytestmark = pytest.mark.asyncio(loop_scope="session")
DOCK = "aside.dock .callhead:not(.pop)"


async def talking(desk: Desk) -> tuple[Page, int]:
    page = await desk.open("/desk")
    call = town.offered()
    await desk.engine.offer(call)
    talk = {"state": "talking", "operator": "101", "answered_at": town.ago(seconds=30), "recorded": True}
    await desk.engine.tell("call", call.model_copy(update=talk))
    await page.get_by_role("heading", name="Разговор").wait_for()
    return page, call.id


async def told(desk: Desk, call: int, state: str, **more: Any) -> None:
    now = datetime.now(UTC).isoformat()
    one = {"id": "a", "call_id": call, "number": "112", "operator": "101", "state": state, "began_at": now,
           "answered_at": None, "ended_at": None, "why": "", **more}  # fmt: skip
    await desk.engine.tell("handover", one)


def pressed(desk: Desk) -> list[tuple[str, Any]]:
    return [(path.partition("/calls/")[2].partition("/")[2], body) for method, path, body, *_ in desk.engine.asked
            if method == "POST" and "/transfer" in path]  # fmt: skip


async def test_112_is_rung_first_joined_by_one_key_and_a_refusal_says_why(desk: Desk) -> None:
    page, call = await talking(desk)
    head = page.locator(DOCK)
    await page.keyboard.press("Shift+F4")
    await page.get_by_role("button", name="112").click()
    await page.locator("#give-to").press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert pressed(desk) == [("transfer", {"to": "112", "warm": True})]

    await told(desk, call, "ringing")
    await expect(head).to_contain_text("Звоним: 112")
    await expect(head.get_by_role("button", name="Соединить и выйти")).to_have_count(0)
    await expect(head.get_by_role("button", name="Положить")).to_have_count(0)
    await page.keyboard.press("F2")  # nobody is there yet: the key does nothing
    await page.keyboard.press("Shift+F2")
    await told(desk, call, "failed", why="busy")
    await expect(head).to_contain_text("112: занято. Житель снова с вами")
    await expect(head.get_by_role("button", name="Положить")).to_be_visible()

    await told(desk, call, "talking", id="b", answered_at=datetime.now(UTC).isoformat())
    await expect(head).to_contain_text("Вы говорите: 112")
    await expect(head).to_contain_text("житель слышит музыку")
    await page.keyboard.press("F4")
    await told(desk, call, "joined", id="b")
    await expect(head).to_contain_text("На линии трое")
    await page.keyboard.press("F2")
    await expect(page.get_by_text("Житель и 112 на линии вдвоём")).to_be_visible()
    assert [path for path, _ in pressed(desk)[1:]] == ["transfer/cancel", "transfer/join", "transfer/complete"]
