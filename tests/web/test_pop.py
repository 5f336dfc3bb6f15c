"""Who rings stands in the dock in the first frame; the panel follows, and nothing of the first frame stays."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Page, expect

from callengine.api import schemas as s
from tests.web import town
from tests.web.conftest import Desk
from tests.web.fake_engine import plain

pytestmark = pytest.mark.asyncio(loop_scope="session")

NUMBER = "aside.dock p.number"
# What stands in the dock each time it changes, as the browser paints it.
FILM = """() => { window.film = []; const look = () => requestAnimationFrame(() => {
  const dock = document.querySelector("aside.dock"), number = dock.querySelector("p.number");
  window.film.push([number?.textContent ?? "", dock.querySelectorAll(".dockbody .person").length]);
}); new MutationObserver(look).observe(document.querySelector("aside.dock"), { childList: true, subtree: true }); }"""


async def filmed(page: Page) -> list[list[Any]]:
    frames: list[list[Any]] = await page.evaluate("window.film")
    return [frame for n, frame in enumerate(frames) if n == 0 or frame != frames[n - 1]]


async def test_the_number_is_painted_before_the_panel_and_once(desk: Desk) -> None:
    page = await desk.open("/desk")
    await page.evaluate(FILM)
    await desk.engine.offer(town.offered())
    await expect(page.locator("aside.dock .person")).to_have_count(2)
    # A change is filmed in the frame after it.
    await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert await filmed(page) == [["+7 907 412-18-06", 0], ["+7 907 412-18-06", 2]]
    await expect(page.locator(NUMBER)).to_have_count(1)


async def test_the_next_call_covers_the_one_that_is_being_finished(desk: Desk) -> None:
    page = await desk.open("/desk")
    call = town.offered()
    await desk.engine.offer(call)
    now = datetime.now(UTC)
    over = call.model_copy(update={"state": "ended", "operator": "101", "answered_at": now, "ended_at": now})
    await desk.engine.tell("call", {**plain(over), "fact": "ended"})
    await page.get_by_role("heading", name="Запись итога").wait_for()
    await page.evaluate(FILM)
    await desk.engine.offer(call.model_copy(update={"id": call.id + 1, "number": "+79074121807"}))
    await page.get_by_role("heading", name="Входящий вызов").wait_for()
    await expect(page.locator(NUMBER)).to_have_text("+7 907 412-18-07")
    await expect(page.locator(NUMBER)).to_have_count(1)


@pytest.mark.parametrize(
    ("known", "state", "words"),
    [(False, None, "Запись не идёт"), (True, None, "Запись идёт"), (True, "broken", "Запись не идёт")],
)
async def test_recording_is_said_only_when_the_pbx_said_it(desk: Desk, known: bool, state: Any, words: str) -> None:
    page = await desk.open("/desk")
    call = town.offered()
    await desk.engine.offer(call)
    row = s.RecordingRef(id=1, seconds=None, state=state) if state else None
    talk = {"state": "talking", "operator": "101", "answered_at": town.ago(seconds=30), "recorded": known}
    await desk.engine.tell("call", call.model_copy(update={**talk, "recording": row}))
    await expect(page.locator(".callhead.talking")).to_contain_text(words)


async def test_right_after_the_answer_nothing_is_claimed_of_the_recording(desk: Desk) -> None:
    page = await desk.open("/desk")
    call = town.offered()
    await desk.engine.offer(call)
    talk = {"state": "talking", "operator": "101", "answered_at": datetime.now(UTC), "recorded": False}
    await desk.engine.tell("call", call.model_copy(update=talk))
    await page.get_by_role("heading", name="Разговор").wait_for()
    await expect(page.locator(".callhead.talking")).not_to_contain_text("Запись")
    await desk.engine.tell("call", call.model_copy(update={**talk, "recorded": True}))
    await expect(page.locator(".callhead.talking")).to_contain_text("Запись идёт")


async def test_what_rings_at_another_phone_is_not_shown(desk: Desk) -> None:
    page = await desk.open("/desk")
    await page.evaluate(FILM)
    for n, offers in enumerate([None, [{"operator": "102", "began_at": "2026-11-21T19:46:00Z", "ended_at": None}]]):
        theirs = {**plain(town.offered(9_000 + n)), "number": "+79074120000"}
        await desk.engine.tell("call", {**theirs, "fact": "offered", "card": None, "offers": offers})
    await desk.engine.offer(town.offered())
    await expect(page.locator("aside.dock .person")).to_have_count(2)
    assert {number for number, _ in await filmed(page)} == {"+7 907 412-18-06"}


async def test_an_offer_that_goes_before_its_card_shows_who_rings_and_reads_the_card(desk: Desk) -> None:
    page = await desk.open("/desk")
    offers = [{"operator": "101", "began_at": "2026-11-21T19:46:00Z", "ended_at": None, "result": None}]
    await desk.engine.tell("call", {**plain(town.offered()), "fact": "offered", "card": None, "offers": offers})
    await page.get_by_role("heading", name="Входящий вызов").wait_for()
    await expect(page.locator("aside.dock .person")).to_have_count(2)
    assert [a for a in desk.engine.asked if a[1].endswith("/caller")]


# --- said ahead of the save -----------------------------------------------------------------------------------


def said(call: s.Call, *, rings: bool = True) -> s.Ringing:
    shared = call.model_dump(
        include={"pbx", "linkedid", "number", "number_kind", "name", "did", "arrived_at", "people"}
    )
    return s.Ringing(rings=rings, **shared)


async def answers(desk: Desk) -> list[str]:
    return [path for method, path, *_ in desk.engine.asked if method == "POST" and path.endswith("/answer")]


async def test_who_is_said_to_ring_stands_there_until_the_stored_call_takes_his_place_once(desk: Desk) -> None:
    page = await desk.open("/desk")
    call = town.offered()
    await page.evaluate(FILM)
    await desk.engine.tell("ringing", said(call))
    await expect(page.get_by_role("button", name="Ответить")).to_be_visible()
    await expect(page.get_by_text("Вызов ещё записывается: карточка появится следом.")).to_be_visible()
    await expect(page.locator(NUMBER)).to_have_count(1)
    await desk.engine.offer(call)
    await expect(page.locator("aside.dock .person")).to_have_count(2)
    await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert await filmed(page) == [["+7 907 412-18-06", 0], ["+7 907 412-18-06", 2]], "never gone in between"
    await expect(page.locator(NUMBER)).to_have_count(1)
    now = datetime.now(UTC)
    talk = {**plain(call), "state": "talking", "operator": "101", "answered_at": now.isoformat(), "fact": "answered"}
    await desk.engine.tell("call", talk)
    await page.get_by_role("heading", name="Разговор").wait_for()


async def test_what_is_taken_back_leaves_what_the_store_says(desk: Desk) -> None:
    page = await desk.open("/desk")
    call = town.offered()
    await desk.engine.tell("ringing", said(call))
    await page.get_by_role("heading", name="Входящий вызов").wait_for()
    await desk.engine.tell("ringing", said(call.model_copy(update={"linkedid": "another"}), rings=False))
    await expect(page.locator(NUMBER)).to_have_count(1)
    await desk.engine.tell("ringing", said(call, rings=False))
    await page.get_by_role("heading", name="Вызова нет").wait_for()
    await expect(page.locator(NUMBER)).to_have_count(0)


async def test_a_reset_of_the_line_forgets_it(desk: Desk) -> None:
    page = await desk.open("/desk")
    await desk.engine.tell("ringing", said(town.offered()))
    await page.get_by_role("heading", name="Входящий вызов").wait_for()
    await desk.engine.tell("reset", None)
    await page.get_by_role("heading", name="Вызова нет").wait_for()


async def test_a_list_that_lags_behind_does_not_take_it_away_and_a_talk_is_not_covered(desk: Desk) -> None:
    page = await desk.open("/desk")
    call = town.offered()
    await desk.engine.tell("ringing", said(call))
    await page.get_by_role("heading", name="Входящий вызов").wait_for()
    await desk.engine.tell("call", {**plain(call), "state": "queued", "fact": "queued"})
    await expect(page.locator(NUMBER)).to_have_text("+7 907 412-18-06")
    now = datetime.now(UTC).isoformat()
    await desk.engine.tell(
        "call", {**plain(call), "state": "talking", "operator": "101", "answered_at": now, "fact": "answered"}
    )
    await page.get_by_role("heading", name="Разговор").wait_for()
    await desk.engine.tell("ringing", said(call.model_copy(update={"linkedid": "next", "number": "+79074121807"})))
    await desk.engine.tell("call", {**plain(call), "state": "held", "operator": "101", "fact": "changed"})
    await page.get_by_role("heading", name="Удержание").wait_for()
    await expect(page.locator(NUMBER)).to_have_text("+7 907 412-18-06")


async def test_answering_waits_for_the_stored_call_and_is_asked_once(desk: Desk) -> None:
    page = await desk.open("/desk")
    call = town.offered()
    await desk.engine.tell("ringing", said(call))
    await page.get_by_role("heading", name="Входящий вызов").wait_for()
    await page.keyboard.press("F2")
    await page.get_by_text("Вызов ещё записывается: ответим, как только он запишется.").wait_for()
    await page.keyboard.press("F2")
    assert await answers(desk) == []
    async with page.expect_request("**/answer"):
        await desk.engine.offer(call)
    assert await answers(desk) == [f"/api/v1/calls/{call.id}/answer"]


@pytest.mark.parametrize(
    "language, words",
    [
        ("ru", "Вызов так и не записался: ответьте на телефоне 101"),
        ("en", "The call was never saved: answer on the phone 101"),
    ],
)
async def test_a_call_that_never_came_is_answered_at_the_telephone(desk: Desk, language: str, words: str) -> None:
    await desk.page.add_init_script(f"localStorage.setItem('callengine.language', '{language}')")
    page = await desk.open("/desk")
    call = town.offered()
    await desk.engine.tell("ringing", said(call))
    await page.locator(NUMBER).wait_for()
    await page.get_by_role("button", name="Ответить" if language == "ru" else "Answer").wait_for()
    await page.keyboard.press("F2")
    await desk.engine.tell("ringing", said(call, rings=False))
    await page.get_by_text(words).wait_for()
    assert await answers(desk) == []


async def test_a_withheld_number_rings_without_one(desk: Desk) -> None:
    page = await desk.open("/desk")
    call = town.offered().model_copy(update={"number": "", "number_kind": "withheld", "people": []})
    await desk.engine.tell("ringing", said(call))
    await page.get_by_role("heading", name="Входящий вызов").wait_for()
    await expect(page.locator(NUMBER)).to_have_text("Номер скрыт")


async def test_it_is_shown_in_every_room(desk: Desk) -> None:
    page = await desk.open("/tickets")
    await desk.engine.tell("ringing", said(town.offered()))
    await expect(page.locator(NUMBER)).to_have_text("+7 907 412-18-06")
