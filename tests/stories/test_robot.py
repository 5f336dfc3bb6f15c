"""The voice robot through a real Asterisk: each way a call for a mark can go, on the ticket, in the calls, and once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from callengine.config import Sandbox
from callengine.sandbox.pbx import SandboxPbx
from callengine.sandbox.street import Street
from tests.sipp.driver import Operator, Sipp
from tests.stories.conftest import quiet
from tests.stories.engine import EngineProcess, Wire

pytestmark = [pytest.mark.pbx]


def midday() -> str:
    """A zone in which it is day now: the robot calls nobody at night, whoever asks."""
    ahead = 13 - datetime.now(UTC).hour
    ahead += 24 if ahead < -12 else -24 if ahead > 14 else 0
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


class RobotEngine(EngineProcess):
    """An engine whose robot calls at once, on up to `lines` lines."""

    def __init__(self, pbx: SandboxPbx, folder: Path, ami_port: int, *, lines: int = 10) -> None:
        prompts, seen_as = pbx.speech_dir
        super().__init__(
            pbx,
            folder,
            ami_port,
            more={
                "CALLENGINE_LOCALE__TIMEZONE": midday(),
                "CALLENGINE_OUTREACH__RATING_AFTER_SECONDS": "0",
                "CALLENGINE_OUTREACH__HOURS": "08-22",
                "CALLENGINE_OUTREACH__LINES": str(lines),
                "CALLENGINE_OUTREACH__TRUNK_LINES": "100",
                "CALLENGINE_OUTREACH__RING_SECONDS": "6",
                "CALLENGINE_SPEECH__DIR": str(prompts),
                "CALLENGINE_SPEECH__PBX_DIR": seen_as,
            },
        )

    async def done(self, numbers: Iterable[str]) -> dict[str, str]:
        """A ticket of each number whose job was confirmed: the ticket's number by the applicant's."""
        tickets: dict[str, str] = {}
        house = (await self.get("/houses?q=", who="petrova"))["items"][0]["id"]
        for number in numbers:
            body = {
                "classifier": "HVS-02",
                "house_id": house,
                "premise": "1",
                "text": "Течёт",
                "applicant": {"number": number, "name": "Житель"},
            }
            status, made = await self.ask("POST", "/tickets", body, who="petrova")
            assert status == 201, made
            tickets[number] = made["number"]
        return tickets

    async def call_for_marks(self, tickets: Iterable[str]) -> None:
        """Bring them to where the client's mark is awaited: the robot has its reason."""
        for ticket in tickets:
            move = {"move": "move", "status": "awaiting_client", "reason": "сделано"}
            status, moved = await self.ask("POST", f"/tickets/{ticket}/moves", move, who="admin")
            assert (status, moved.get("status")) == (200, "awaiting_client"), moved

    async def robot_calls(self) -> list[dict[str, Any]]:
        campaigns = (await self.get("/campaigns"))["items"]
        ratings = [one["id"] for one in campaigns if one["kind"] == "rating"]
        return await self.every(f"/campaigns/{ratings[0]}/calls") if ratings else []

    async def tried(self, count: int) -> list[dict[str, Any]] | None:
        """So many calls with an attempt that is settled."""
        calls = await self.robot_calls()
        settled = [call for call in calls if any(one["settled_at"] for one in call["tries"])]
        return settled if len(settled) >= count else None


@pytest.fixture
async def robot(stories_pbx: SandboxPbx, wire: Wire, tmp_path: Path) -> AsyncIterator[RobotEngine]:
    process = RobotEngine(stories_pbx, tmp_path / "engine", wire.port, lines=20)
    await process.furnish()
    await stories_pbx.cli("channel request hangup all")
    await process.until(lambda: quiet(stories_pbx), "the PBX has no call left")
    await stories_pbx.cli("database deltree callengine")
    await process.start()
    try:
        yield process
    finally:
        await process.stop()


@pytest.fixture
async def street(stories_pbx: SandboxPbx) -> AsyncIterator[Street]:
    street = Street(Sandbox(sip_port=stories_pbx.sip_port, trunk_port=stories_pbx.trunk_port))
    await street.start()
    yield street
    await street.stop()


# The last digit says what a number does (sandbox/street.py): result, mark, the ticket's status then.
WAYS = {
    "+79074121900": ("busy", None, "awaiting_client"),
    "+79074121901": ("no_answer", None, "awaiting_client"),
    "+79074121902": ("rejected", None, "awaiting_client"),
    "+79074121903": ("hung_up", None, "awaiting_client"),
    "+79074121905": ("not_done", None, "conflict"),
    "+79074121906": ("marked", 2, "conflict"),
    "+79074121907": ("marked", 4, "closed"),
    "+79074121909": ("marked", 5, "closed"),
}


async def test_each_way_a_call_for_a_mark_can_go_is_right_in_the_calls_and_on_the_ticket(
    robot: RobotEngine, street: Street
) -> None:
    tickets = await robot.done(WAYS)
    await robot.call_for_marks(tickets.values())
    calls = await robot.until(lambda: robot.tried(len(WAYS)), "every number was tried", seconds=150)
    came_to = {call["number"]: (call["tries"][0]["result"], call["tries"][0]["mark"]) for call in calls}
    assert came_to == {number: (result, mark) for number, (result, mark, _) in WAYS.items()}
    for number, (result, mark, status) in WAYS.items():
        ticket = await robot.get(f"/tickets/{tickets[number]}")
        assert (ticket["status"], ticket["mark"]) == (status, mark), number
        lines = [event for event in ticket["history"] if event["what"] == "robot_call"]
        assert [line["data"]["result"] for line in lines] == [result], number
    unhappy = {duty["number"] for duty in await robot.duties() if duty["state"] == "open"}
    assert unhappy == {"+79074121905", "+79074121906"}, "a human calls these back, and nobody else"
    # A mark is kept with its call and the recording of it.
    marked = [call for call in calls if call["tries"][0]["mark"]]
    assert all(call["tries"][0]["call_id"] and call["tries"][0]["proof"] == "key" for call in marked)

    async def recorded() -> bool:
        ratings = (await robot.get("/ratings"))["items"]
        return len(ratings) == 4 and all((one["recording"] or {}).get("state") == "ready" for one in ratings)

    await robot.until(recorded, "the recordings of the dialogues are ready", seconds=60)


async def test_the_engine_killed_amid_twenty_dialogues_calls_nobody_twice_and_loses_no_mark(
    robot: RobotEngine, stories_pbx: SandboxPbx, sipp: Sipp
) -> None:
    numbers = [f"+790741220{n:02d}" for n in range(20)]
    # Whoever's key fell into the very moment of the death presses the two again.
    presses = [(6.0, "1"), (12.0, "4"), (18.0, "1"), (24.0, "4")]
    crowd = await sipp.outside(stories_pbx.trunk_port, Operator(ring_seconds=0.5), presses=presses)
    tickets = await robot.done(numbers)
    await robot.call_for_marks(tickets.values())

    async def talking() -> bool:
        return (await robot.get("/outreach"))["under_way"] >= 20 and await on_the_phone(stories_pbx) >= 20

    await robot.until(talking, "twenty dialogues go on", seconds=60)
    await robot.kill()
    await asyncio.wait_for(until_quiet(stories_pbx), 90)
    await robot.start()
    calls = await robot.until(lambda: robot.tried(20), "each is settled", seconds=120)
    assert Counter(len(call["tries"]) for call in calls) == {1: 20}
    assert len(crowd.results()) == 20, "SIPp's residents were rung once each"
    assert Counter(call["mark"] for call in calls) == {4: 20}
    for ticket in tickets.values():
        assert (await robot.get(f"/tickets/{ticket}"))["status"] == "closed"


async def on_the_phone(pbx: SandboxPbx) -> int:
    lines = (await pbx.cli("core show channels concise")).splitlines()
    return sum("!Up!" in line for line in lines)


async def until_quiet(pbx: SandboxPbx) -> None:
    while not await quiet(pbx):
        await asyncio.sleep(0.2)


async def test_thirty_live_callers_never_wait_for_a_line_while_the_robot_calls(
    robot: RobotEngine, stories_pbx: SandboxPbx, street: Street, sipp: Sipp
) -> None:
    numbers = [f"+790741221{n:02d}" for n in range(30) if n % 10 > 4]
    await robot.call_for_marks((await robot.done(numbers)).values())

    async def calling() -> bool:
        return bool((await robot.get("/outreach"))["under_way"] >= 5)

    await robot.until(calling, "the robot calls", seconds=60)
    await sipp.operators([str(101 + n) for n in range(30)], Operator(ring_seconds=0.5))
    callers = [f"+790551{n:05d}" for n in range(30)]
    results = await (await sipp.residents(callers, hang_up_after_seconds=25, per_second=5)).wait()
    assert {one.result for one in results} == {"hung_up"}

    async def talked() -> list[dict[str, Any]] | None:
        found = [call for call in await robot.calls() if call["direction"] == "inbound" and call["state"] == "ended"]
        return found if len(found) >= 30 else None

    inbound = await robot.until(talked, "all live calls are known", seconds=60)
    assert Counter(call["outcome"] for call in inbound) == {"answered": 30}
