"""The desk and the telephones: what a change of somebody's state does to his place in the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from callengine.access.events import StaffStateChanged
from callengine.access.model import Member
from callengine.clock import ManualClock
from callengine.desk import Desk
from callengine.errors import PbxLost


class Phones:
    def __init__(self, *, away: bool = False) -> None:
        self.away, self.paused = away, list[tuple[str, bool]]()

    async def pause(self, extension: str, *, paused: bool, reason: str) -> None:
        if self.away:
            raise PbxLost()
        self.paused.append((extension, paused))


def desk_with(phones: Phones) -> Desk:
    bridge: Any = SimpleNamespace(name="main", phones=phones)
    calls: Any = None
    return Desk([bridge], calls)


def changed(state: str, extension: str | None = "101") -> StaffStateChanged:
    clock = ManualClock()
    member = Member(
        id=1, login="petrova", name="Петрова", role="operator", extension=extension, organisation_id=None, active=True,
        language="ru", state=state, state_reason="", state_since=clock.now(),
    )  # fmt: skip
    return StaffStateChanged(clock.now(), member)


async def told(desk: Desk, fact: StaffStateChanged, until: Callable[[], bool]) -> None:
    desk.staff_changed(fact)
    async with asyncio.timeout(5):
        while not until():
            await asyncio.sleep(0)
    await desk.close()


async def test_whose_shift_ends_is_passed_over_by_the_queue_however_it_ended() -> None:
    phones = Phones()
    await told(desk_with(phones), changed("offline"), lambda: bool(phones.paused))
    assert phones.paused == [("101", True)]


@pytest.mark.parametrize("fact", [changed("ready"), changed("pause"), changed("offline", extension=None)])
async def test_other_changes_are_told_to_the_queue_by_whoever_makes_them(fact: StaffStateChanged) -> None:
    phones = Phones()
    desk = desk_with(phones)
    desk.staff_changed(fact)
    await desk.close()
    assert phones.paused == []


async def test_a_pbx_that_is_away_is_told_again_later_and_nothing_breaks(caplog: pytest.LogCaptureFixture) -> None:
    await told(desk_with(Phones(away=True)), changed("offline"), lambda: "not paused" in caplog.text)
