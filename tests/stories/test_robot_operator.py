"""Key 0 in the robot's call, and nobody there: what the resident asks for then is owed to him, once."""

from __future__ import annotations

from typing import Any

import pytest

from callengine.sandbox.pbx import SandboxPbx
from tests.sipp.driver import Operator, Sipp
from tests.stories.test_robot import RobotEngine, robot

__all__ = ["robot"]
pytestmark = [pytest.mark.pbx]

RESIDENT = "+79074122107"


async def test_who_asks_the_robot_for_an_operator_finds_none_and_presses_one_is_owed_one_call(
    robot: RobotEngine,
    stories_pbx: SandboxPbx,
    sipp: Sipp,
) -> None:
    presses = [(6.0, "0"), (9.0, "1"), (12.0, "1"), (15.0, "1")]
    await sipp.outside(stories_pbx.trunk_port, Operator(ring_seconds=0.5), presses=presses)
    tickets = await robot.done([RESIDENT])
    await robot.call_for_marks(tickets.values())

    async def over() -> list[dict[str, Any]] | None:
        return [call for call in await robot.calls() if call["robot"] and call["state"] == "ended"] or None

    (call,) = await robot.until(over, "the robot's call is over", seconds=90)
    assert call["queued_at"] is not None, "he asked for an operator"
    (tried,) = await robot.until(lambda: robot.tried(1), "the attempt is settled", seconds=30)
    assert tried["tries"][0]["result"] == "to_operator"
    (duty,) = [one for one in await robot.duties() if one["number"] == RESIDENT]
    assert (duty["state"], duty["reason"], duty["callback_requested"]) == ("open", "asked_operator", True)
    assert (duty["ticket_number"], duty["call_ids"]) == (tickets[RESIDENT], [call["id"]])
