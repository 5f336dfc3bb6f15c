"""A resident hears the state of his tickets without a dispatcher, on a real Asterisk; each call has one outcome."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from callengine.sandbox.pbx import SandboxPbx
from callengine.sandbox.useragent import Call
from tests.sandbox.ami_client import RawAmi, ami
from tests.sandbox.phones import VOICE, Phones, phones
from tests.stories.engine import Wire
from tests.stories.test_lookup_script import numbers_of_every_kind
from tests.stories.test_robot import RobotEngine, running

pytestmark = [pytest.mark.pbx]

OFFER, MENU = "119", "120"  # lines of the stories' PBX: the state is offered to who is known; in the menu to everybody
KNOWN, STRANGER = "+79074123901", "+79991230000"
SHIPPED_SECONDS = 8  # CE_STATUS_SECONDS in dialplan/callengine.conf


@pytest.fixture
async def engine(stories_pbx: SandboxPbx, wire: Wire, tmp_path: Path) -> AsyncIterator[RobotEngine]:
    async with running(stories_pbx, RobotEngine(stories_pbx, tmp_path / "engine", wire.port)) as process:
        yield process


async def rings(house: Phones, link: RawAmi, line: str, number: str, key: str) -> tuple[Call, str]:
    """He calls, waits until he is asked and presses a key; his call and its linkedid."""
    call, linkedid = await asked(house, link, line, number)
    call.press(key)
    return call, linkedid


async def asked(house: Phones, link: RawAmi, line: str, number: str) -> tuple[Call, str]:
    """As `rings`, before the key."""
    street = await house.outside()
    call = await street.call(line, sender=number)
    await asyncio.wait_for(call.answered.wait(), 20)
    call.say(VOICE)
    menu = await link.event("UserEvent", 40, Fact="stage", Value="menu")
    return call, menu["Call"]


async def stage(link: RawAmi, linkedid: str, name: str) -> float:
    """When it was reached, by Asterisk's clock, in seconds."""
    return float((await link.event("UserEvent", 60, Fact="stage", Value=name, Call=linkedid))["Timestamp"])


async def together(link: RawAmi, **of: str) -> None:
    """He and the dispatcher are in one bridge: who hangs up between her answer and that has been answered by nobody."""
    await link.event("BridgeEnter", 60, BridgeNumChannels="2", **of)


async def only_call(engine: RobotEngine) -> dict[str, Any]:
    (call,) = await engine.until_ended(1)
    return call


async def in_the_menu(engine: RobotEngine, number: str) -> str:
    """The ticket that is told, of a number without a person in the directory: his line must have a menu."""
    return (await engine.done([number]))[number]


async def test_he_hears_his_open_ticket_and_hangs_up_and_nobody_owes_him_a_call(
    engine: RobotEngine, stories_pbx: SandboxPbx
) -> None:
    await in_the_menu(engine, KNOWN)
    async with phones(stories_pbx) as house, ami(stories_pbx) as link:
        desk = await house.operator("101", house.answers())
        call, linkedid = await rings(house, link, MENU, KNOWN, "3")
        await stage(link, linkedid, "status")
        await stage(link, linkedid, "served")
        call.hang_up()
        one = await only_call(engine)
        assert not desk.calls, "no dispatcher was asked"
    assert (one["outcome"], one["missed"], one["number"]) == ("served", None, KNOWN)
    assert await engine.duties() == []
    assert [c["id"] for c in await engine.every("/calls?outcome=served")] == [one["id"]]


async def test_zero_leads_him_from_his_ticket_to_a_dispatcher_in_the_same_call(
    engine: RobotEngine, stories_pbx: SandboxPbx
) -> None:
    await in_the_menu(engine, KNOWN)
    async with phones(stories_pbx) as house, ami(stories_pbx) as link:
        await house.operator("101", house.answers())
        call, linkedid = await rings(house, link, MENU, KNOWN, "3")
        await stage(link, linkedid, "served")
        call.press("0")
        await together(link, Linkedid=linkedid)
        call.hang_up()
        one = await only_call(engine)
    assert (one["outcome"], one["operator"]) == ("answered", "101")


async def test_a_number_that_nobody_knows_is_told_so_and_comes_to_a_dispatcher(
    engine: RobotEngine, stories_pbx: SandboxPbx
) -> None:
    async with phones(stories_pbx) as house, ami(stories_pbx) as link:
        await house.operator("101", house.answers())
        call, linkedid = await rings(house, link, MENU, STRANGER, "3")
        await stage(link, linkedid, "status")
        await together(link, Linkedid=linkedid)
        call.hang_up()
        one = await only_call(engine)
    assert (one["outcome"], one["operator"]) == ("answered", "101")


async def test_an_engine_killed_in_the_middle_leaves_him_to_the_dispatchers(
    engine: RobotEngine, stories_pbx: SandboxPbx
) -> None:
    await in_the_menu(engine, KNOWN)
    async with phones(stories_pbx) as house, ami(stories_pbx) as link:
        await house.operator("101", house.answers())
        call, linkedid = await rings(house, link, MENU, KNOWN, "3")
        await stage(link, linkedid, "served")
        await engine.kill()
        await together(link, Linkedid=linkedid)
        call.hang_up()
        await link.ended(linkedid)
    await engine.start()
    one = await only_call(engine)
    assert (one["outcome"], one["operator"]) == ("answered", "101")


async def test_an_engine_that_hangs_leaves_him_to_the_dispatchers_when_its_seconds_are_over(
    engine: RobotEngine, stories_pbx: SandboxPbx
) -> None:
    await in_the_menu(engine, KNOWN)
    assert engine.process is not None
    seconds = 3
    await stories_pbx.cli(f"dialplan set global CE_STATUS_SECONDS {seconds}")
    try:
        async with phones(stories_pbx) as house, ami(stories_pbx) as link:
            await house.operator("101", house.answers())
            call, linkedid = await asked(house, link, MENU, KNOWN)
            # The kernel takes his connection to FastAGI, and nobody ever reads from it.
            engine.process.send_signal(signal.SIGSTOP)
            try:
                call.press("3")
                # By Asterisk's clock: its link may tell two events at one moment.
                began = await stage(link, linkedid, "status")
                waited = await stage(link, linkedid, "queue") - began
                await together(link, Linkedid=linkedid)
            finally:
                engine.process.send_signal(signal.SIGCONT)
            # Awake again it finds a call that has long gone on: it says nothing of having served it.
            call.hang_up()
            one = await only_call(engine)
    finally:
        await stories_pbx.cli(f"dialplan set global CE_STATUS_SECONDS {SHIPPED_SECONDS}")
    assert waited > seconds - 0.5, "he was left to the dispatchers by the clock, not by an engine that was gone"
    assert (one["outcome"], one["operator"]) == ("answered", "101")
    stages = [e["Value"] for e in link.heard if e.get("Event") == "UserEvent" and e.get("Fact") == "stage"]
    assert "served" not in stages, stages


async def test_without_an_engine_key_three_is_a_dispatcher(engine: RobotEngine, stories_pbx: SandboxPbx) -> None:
    await engine.kill()
    async with phones(stories_pbx) as house, ami(stories_pbx) as link:
        await house.operator("101", house.answers())
        call, linkedid = await rings(house, link, MENU, KNOWN, "3")
        await together(link, Linkedid=linkedid)
        call.hang_up()
        await link.ended(linkedid)


async def test_without_a_menu_only_who_is_known_is_asked(engine: RobotEngine, stories_pbx: SandboxPbx) -> None:
    number = (await numbers_of_every_kind(engine))["one, quiet"]
    async with phones(stories_pbx) as house, ami(stories_pbx) as link:
        await house.operator("101", house.answers())
        call, linkedid = await rings(house, link, OFFER, number, "3")
        await stage(link, linkedid, "served")
        call.hang_up()
        await link.ended(linkedid)
        street = await house.outside()
        stranger = await street.call(OFFER, sender=STRANGER)
        await together(link)
        stranger.hang_up()
        calls = await engine.until_ended(2)
    assert sorted(one["outcome"] for one in calls) == ["answered", "served"]
    asked = [e["Call"] for e in link.heard if e.get("Event") == "UserEvent" and e.get("Value") == "menu"]
    assert asked == [linkedid]
