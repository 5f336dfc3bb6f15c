"""The voice robot through a real Asterisk: each way a call for a mark can go, on the ticket, in the calls, and once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
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

    def __init__(self, pbx: SandboxPbx, folder: Path, ami_port: int, *, lines: int = 10, trunk: int = 100) -> None:
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
                "CALLENGINE_OUTREACH__TRUNK_LINES": str(trunk),
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


@asynccontextmanager
async def running(pbx: SandboxPbx, process: RobotEngine) -> AsyncIterator[RobotEngine]:
    """A furnished engine on a PBX that was swept clean."""
    await process.furnish()
    await pbx.cli("channel request hangup all")
    await process.until(lambda: quiet(pbx), "the PBX has no call left")
    await pbx.cli("database deltree callengine")
    try:
        await process.start(seconds=90)
        yield process
    finally:
        await process.stop()


@pytest.fixture
async def robot(stories_pbx: SandboxPbx, wire: Wire, tmp_path: Path) -> AsyncIterator[RobotEngine]:
    async with running(stories_pbx, RobotEngine(stories_pbx, tmp_path / "engine", wire.port, lines=20)) as engine:
        yield engine


TRUNK = 42  # lines outside: thirty callers leave the robot eleven, and one stays free


@pytest.fixture
async def crowded(stories_pbx: SandboxPbx, wire: Wire, tmp_path: Path) -> AsyncIterator[RobotEngine]:
    process = RobotEngine(stories_pbx, tmp_path / "engine", wire.port, lines=20, trunk=TRUNK)
    async with running(stories_pbx, process) as engine:
        yield engine


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


@pytest.mark.once
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


CALLERS = [f"+790551{n:05d}" for n in range(30)]


async def crowd_of_callers(engine: RobotEngine, sipp: Sipp, before: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same thirty call, five a second; their calls, in the order of the callers."""
    results = await (await sipp.residents(CALLERS, hang_up_after_seconds=25, per_second=5)).wait()
    assert {one.result for one in results} == {"hung_up"}
    known = {call["id"] for call in before}

    async def talked() -> list[dict[str, Any]] | None:
        found = [call for call in await engine.calls() if call["direction"] == "inbound" and call["id"] not in known]
        return found if len(found) == 30 and all(call["state"] == "ended" for call in found) else None

    calls: list[dict[str, Any]] = await engine.until(talked, "all live calls are known", seconds=60)
    assert Counter(call["outcome"] for call in calls) == {"answered": 30}
    return sorted(calls, key=lambda call: call["number"])


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def lives(call: dict[str, Any], at: float, *, known_for: float) -> bool:
    return moment(call["arrived_at"]) <= at - known_for and moment(call["ended_at"]) > at


@pytest.mark.long  # three times the same minutes
@pytest.mark.timeout(900)
async def test_thirty_live_callers_wait_no_longer_while_a_campaign_runs_and_it_takes_no_line_of_theirs(
    crowded: RobotEngine, street: Street, sipp: Sipp
) -> None:
    """Each has an operator who lets it ring for six seconds: the wait is the greeting and the script, not the machine.

    The tolerance is what the same crowd differs by between two runs without a campaign, twice over (a third run has the
    right to be as far from one as they are from each other, on either side), and one second: the queue looks for a
    free operator once a second. Who had to wait for a line or an operator of the robot's would wait for the
    rest of a dialogue.
    """
    await sipp.operators([str(101 + n) for n in range(30)], Operator(ring_seconds=6))
    first = await crowd_of_callers(crowded, sipp, [])
    second = await crowd_of_callers(crowded, sipp, first)
    numbers = [f"+79074122{n:03d}" for n in range(150) if n % 10 in (6, 7, 9)]  # each answers and gives a mark
    await crowded.call_for_marks((await crowded.done(numbers)).values())

    async def calling() -> bool:
        return bool((await crowded.get("/outreach"))["under_way"] >= 10)

    await crowded.until(calling, "the robot calls", seconds=60)
    third = await crowd_of_callers(crowded, sipp, [*first, *second])
    assert (await crowded.get("/outreach"))["under_way"] > 0, "the campaign outlasts the crowd"
    waits = [[call["wait_seconds"] for call in run] for run in (first, second, third)]
    tolerance = 2 * max(abs(one - other) for one, other in zip(waits[0], waits[1], strict=True)) + 1
    longer = [c - max(a, b) for a, b, c in zip(*waits, strict=True)]
    assert max(longer) <= tolerance, (sorted(longer), tolerance)
    assert tolerance < 6, "no run of these would tell a caller who waited for a dialogue to end"

    # No call of the robot was placed into a line that a caller had, or would have needed.
    robots = [call for call in await crowded.calls() if call["robot"] and call["state"] == "ended"]
    for call in robots:
        at = moment(call["arrived_at"])
        here = [one for one in third if lives(one, at, known_for=2)]
        waiting = [one for one in here if moment(one["answered_at"]) > at]
        others = [one for one in robots if one is not call and lives(one, at, known_for=2)]
        assert len(here) + len(others) + max(1, len(waiting)) < TRUNK, (call["arrived_at"], len(here), len(others))
