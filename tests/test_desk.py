"""The desk and the telephones: what a change of somebody's state does to his place in the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
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


@pytest.mark.parametrize("away", [0, 1])
async def test_a_pbx_that_is_away_or_does_not_know_him_keeps_no_other_from_hearing(away: int) -> None:
    both = [Phones(away=away == n) for n in (0, 1)]
    bridges: Any = [SimpleNamespace(name=f"pbx{n}", phones=phones) for n, phones in enumerate(both)]
    calls: Any = None
    desk = Desk(bridges, calls)
    await desk.pause("101", paused=True, reason="")
    assert both[1 - away].paused == [("101", True)]
    both[1 - away].away = True
    with pytest.raises(PbxLost):
        await desk.pause("101", paused=False, reason="")


async def test_what_the_engine_makes_of_his_state_is_told_to_the_queue_and_his_own_word_is_the_last() -> None:
    """F8 in the very moment in which after-call work begins: its unpausing may have been sent first."""
    phones, now = Phones(), changed("after_call").member
    states = [replace(now, state="ready"), replace(now, state="ready")]

    async def member(staff_id: int) -> Member:
        return states.pop()

    bridge: Any = SimpleNamespace(name="main", phones=phones)
    calls: Any = None
    desk = Desk([bridge], calls, member=member)
    await told(desk, replace(changed("after_call"), by_engine=True), lambda: not states)
    assert phones.paused == [("101", True), ("101", False)]
