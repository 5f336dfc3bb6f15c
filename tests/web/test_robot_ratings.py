"""Marks by telephone on the robot's page: each mean beside its rate and count, the marks with what was said."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from callengine.menus.outcome import Outcome, Proof, Result, Spoken
from callengine.outreach.model import CallKind, CallWish
from tests.web.conftest import Served
from tests.web.test_axe import look
from tests.web.test_robot import NUMBERS, answer, as_leader

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def marked(served: Served) -> None:
    """Three were called: one said 5 aloud and confirmed it by a key, one pressed 2, one is another."""
    outreach = served.services.services.outreach
    for number in NUMBERS:
        async with served.services.store.begin() as tx:
            assert await outreach.ask_call(tx, CallKind.RATING, CallWish(number, f"rating {number}"))
    said = {"mark": Spoken("5", 83, Proof.KEY)}
    aloud = Outcome(Result.MARKED, mark=5, keys="11", proof=Proof.KEY, spoken=said, rests_on="mark")
    await answer(
        served,
        aloud,
        Outcome(Result.MARKED, mark=2, keys="12", proof=Proof.KEY),
        Outcome(Result.NOT_ME, keys="8", proof=Proof.KEY),
    )


async def opened(served: Served) -> Any:
    """The page on the day of the engine's own clock, which stands still in these tests."""
    page = await as_leader(served, "/robot/ratings")
    day = served.services.services.clock.now().date().isoformat()
    for end in ("С", "По"):
        await page.get_by_label(end, exact=True).fill(day)
    return page


async def test_no_mean_stands_without_its_rate_and_its_count(served: Served) -> None:
    await marked(served)
    page = await opened(served)
    whole = page.locator(".rbratings tfoot")
    await expect(whole).to_contain_text("3,50")
    await expect(whole).to_contain_text("2 из 3")
    assert (await whole.inner_text()).split("\t")[3].strip() == "2"
    await expect(whole.locator(".rbspread i")).to_have_text(["5", "2"])


async def test_marks_are_listed_narrowed_and_opened_with_their_keys(served: Served) -> None:
    await marked(served)
    page = await opened(served)
    rows = page.locator(".rbcalls tbody tr.pick")
    await expect(rows).to_have_count(2)  # who said nothing of the job has no row
    await page.get_by_label("Оценка", exact=True).select_option("2")
    await expect(rows).to_have_count(1)
    await rows.first.click()
    await expect(page.locator(".rbtry")).to_contain_text("клавиши 12 · нажата клавиша")
    await page.keyboard.press("Escape")
    await expect(page.locator(".rbtry")).to_have_count(0)
    await page.get_by_label("Оценка", exact=True).select_option("5")
    await rows.first.click()
    said = "клавиши 11 · сказано вслух, подтверждено клавишей (распознано на 83 %)"
    await expect(page.locator(".rbtry")).to_contain_text(said)


async def test_a_time_without_marks_and_one_that_is_upside_down_say_so(served: Served) -> None:
    page = await as_leader(served, "/robot/ratings")
    await page.get_by_label("С", exact=True).fill("2026-01-10")
    await page.get_by_label("По", exact=True).fill("2026-01-20")
    await expect(page.get_by_text("Оценок за это время нет")).to_be_visible()
    await page.get_by_label("По", exact=True).fill("2026-01-01")
    await expect(page.get_by_role("alert")).to_have_text("Начало позже конца")


async def test_a_sum_that_does_not_come_is_asked_for_again(served: Served) -> None:
    await marked(served)
    await served.page.route("**/api/v1/ratings/summary*", lambda r: r.fulfill(status=500, json={"detail": "беда"}))
    await served.sign_in("orlova")
    await served.page.goto(f"{served.base}/robot/ratings")
    await expect(served.page.get_by_role("alert")).to_contain_text("беда")
    await served.page.unroute_all()
    await served.page.get_by_role("button", name="Повторить").click()
    await expect(served.page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize(("width", "scheme", "language"), [(1280, "dark", "en"), (1600, "light", "ru")])
async def test_axe_finds_nothing(served: Served, width: int, scheme: Any, language: str) -> None:
    await served.page.set_viewport_size({"width": width, "height": 900})
    await served.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await served.page.add_init_script(f"localStorage.setItem('callengine.language', '{language}')")
    await marked(served)
    page = await as_leader(served, "/robot/ratings")
    day = served.services.services.clock.now().date().isoformat()
    for field in await page.locator("input[type=date]").all():
        await field.fill(day)
    await page.locator(".rbcalls tbody tr.pick").first.click()
    assert await look(page, "ratings") == []
