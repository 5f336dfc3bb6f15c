"""The warm transfer in the dock: to whom, who is on the line, and the keys of each moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from callengine.calls import events as calls
from callengine.calls.handover import HandoverTold
from callengine.calls.model import CallKey, Conversation, Direction, State, Talk
from callengine.phone import parse
from tests.api.conftest import ISOLDA
from tests.web import town
from tests.web.conftest import Desk, Served

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


async def test_what_was_missed_of_a_transfer_is_asked_for_when_the_line_begins_anew(desk: Desk) -> None:
    page, call = await talking(desk)
    await told(desk, call, "ringing")
    head = page.locator(DOCK)
    await expect(head).to_contain_text("Звоним: 112")

    async def as_it_is(route: Route) -> None:
        now = datetime.now(UTC).isoformat()
        one = {"id": "a", "call_id": call, "number": "112", "operator": "101", "state": "talking", "began_at": now,
               "answered_at": now, "ended_at": None, "why": ""}  # fmt: skip
        answer = await route.fetch()
        await route.fulfill(json={**await answer.json(), "handovers": [one]})

    await page.route(f"**/api/v1/calls/{call}", as_it_is)
    await desk.engine.tell("reset", None)
    await expect(head).to_contain_text("Вы говорите: 112")


async def test_colleagues_and_organisations_are_offered_and_one_of_them_is_rung(served: Served) -> None:
    its, now = served.services, served.services.clock.now()
    call = Conversation(
        CallKey("main", "7.1"), Direction.INBOUND, now, parse(ISOLDA), state=State.TALKING, operator="101",
        answered_at=now, talks=(Talk("101", now),),
    )  # fmt: skip
    await its.services.calls.save([calls.CallArrived(now, call), calls.CallAnswered(now, call, "101")])

    async def rings(call: Conversation, to: str, attempt: str) -> None:
        await its.services.handovers.on_told(HandoverTold(its.clock.now(), "main", "7.1", "ringing", attempt, to))

    its.consulting.told = rings
    people, houses = [(await its.ask("GET", path))["items"] for path in ("/staff", "/organisations")]
    known = {one["extension"]: one["name"] for one in people if one["extension"]}
    known |= {one["phone"]: one["name"] for one in houses if one["phone"]}
    number = next(one["phone"] for one in houses if one["phone"])
    await served.sign_in("petrova")
    page = await served.open("/desk")
    await page.get_by_role("heading", name="Разговор").wait_for()
    await page.keyboard.press("Shift+F4")
    offers = page.locator("#give-known option")
    await expect(offers).to_have_count(len(known))
    each = "(all) => Object.fromEntries(all.map((one) => [one.value, one.textContent]))"
    assert await offers.evaluate_all(each) == known
    assert known["102"] and known[number]
    await page.locator("#give-to").fill(number)
    await page.locator("#give-to").press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.locator(DOCK)).to_contain_text("Звоним")
    assert its.consulting.asked == [("consult", number)]
