"""The warnings of the PBX above the work: who must know of them sees them, in plain words."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from callengine.api import schemas as s
from tests.web import town
from tests.web.conftest import Desk
from tests.web.test_axe import look

pytestmark = pytest.mark.asyncio(loop_scope="session")


def intervals(*spans: tuple[float, float | None]) -> list[s.Interval]:
    """Minutes ago, from and to."""
    return [
        s.Interval(
            pbx="main", source="events", began_at=town.ago(minutes=began), ended_at=ended and town.ago(minutes=ended)
        )
        for began, ended in spans
    ]


@pytest.mark.parametrize(
    ("skew", "words"),
    [(3600.4, "Часы АТС «main» спешат на 1 ч"), (-3600.4, "Часы АТС «main» отстают на 1 ч")],
)
async def test_a_supervisor_is_told_that_the_pbx_clock_is_off_and_what_is_corrected(
    desk: Desk, skew: float, words: str
) -> None:
    desk.engine.pbx_trouble = {"skew_seconds": skew, "corrected_seconds": skew}
    page = await desk.open("/callbacks", who="supervisor")
    notices = page.get_by_role("region", name="Предупреждения об АТС")
    await expect(notices).to_contain_text(words)
    await expect(notices).to_contain_text("сроки исправлены")


async def test_a_lost_link_and_a_stretch_unseen_are_told_with_their_times(desk: Desk) -> None:
    problem = "cannot connect to 127.0.0.1:5038"
    desk.engine.pbx_trouble = {"state": "down", "since": town.ago(minutes=4), "problem": problem}
    desk.engine.coverage = intervals((60, 30), (25, 4))
    page = await desk.open("/callbacks", who="supervisor")
    notices = page.get_by_role("region", name="Предупреждения об АТС")
    await expect(notices.get_by_role("status")).to_have_count(2)
    await expect(notices).to_contain_text("не на связи с")
    await expect(notices).to_contain_text(problem)
    await expect(notices).to_contain_text("не было видно")
    assert [one for one in await look(page, "notices") if "notice" in one.partition("<")[2]] == []


async def test_recordings_that_came_without_a_call_are_named(desk: Desk) -> None:
    desk.engine.unclaimed = [
        s.UnclaimedRecording(
            pbx="far", file_name=f"1795329270.{n}-caller.wav", bytes=90_000, arrived_at=town.ago(hours=180),
            set_aside_at=town.ago(hours=ago), reason="",
        )
        for n, ago in enumerate((1, 2, 100))
    ]  # fmt: skip
    page = await desk.open("/callbacks", who="supervisor")
    notices = page.get_by_role("region", name="Предупреждения об АТС")
    await expect(notices).to_contain_text("2 записи пришли без вызова и отложены.")
    await expect(notices).to_contain_text("far/1795329270.1-caller.wav")
    await expect(notices).not_to_contain_text("1795329270.2")


async def test_all_is_quiet_when_the_pbx_is_well_or_the_operator_works(desk: Desk) -> None:
    desk.engine.coverage = intervals((60, None))
    page = await desk.open("/callbacks", who="supervisor")
    await expect(page.locator(".cell.link")).to_contain_text("АТС на связи")
    await expect(page.locator(".notices")).to_have_count(0)
    desk.engine.pbx_trouble = {"skew_seconds": 3600.0}
    await desk.open("/desk", who="operator")
    await expect(page.locator(".notices")).to_have_count(0)


@pytest.mark.parametrize(("width", "language"), [(1280, "en"), (1600, "ru")])
async def test_the_work_below_the_warnings_stays_whole(desk: Desk, width: int, language: str) -> None:
    desk.engine.pbx_trouble = {"skew_seconds": 3600.0}
    desk.engine.coverage = intervals((60, 30), (25, None))
    await desk.page.set_viewport_size({"width": width, "height": 900})
    await desk.page.add_init_script(f"localStorage.setItem('callengine.language', '{language}')")
    page = await desk.open("/callbacks", who="supervisor")
    await expect(page.locator(".notice")).to_have_count(2)
    box: Any = await page.locator("main.work").bounding_box()
    last: Any = await page.locator(".notice").last.bounding_box()
    assert box["y"] >= last["y"] + last["height"]
    assert box["y"] + box["height"] <= 900
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
