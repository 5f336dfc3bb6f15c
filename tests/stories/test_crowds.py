"""Thirty and a hundred calls at once, with sound: every one once, with the right outcome and a whole recording."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.sipp.driver import Operator, Sipp
from tests.stories.engine import EngineProcess

pytestmark = [pytest.mark.pbx, pytest.mark.alone, pytest.mark.timeout(600)]


@pytest.mark.parametrize(("crowd", "operators"), [(30, 30), (100, 40)])
async def test_a_crowd_at_once_is_known_one_by_one(
    engine: EngineProcess, sipp: Sipp, crowd: int, operators: int
) -> None:
    numbers = [f"+7908{crowd:03d}{n:04d}" for n in range(crowd)]
    await sipp.operators([str(101 + n) for n in range(operators)], Operator(ring_seconds=0.3, talk_seconds=6))
    # All are on the line before the first is helped; nobody hangs up by himself.
    residents = await sipp.residents(numbers, per_second=20, hang_up_after_seconds=150)
    ended = Counter(call.result for call in await residents.wait(300))
    calls = await engine.until_ended(crowd, seconds=90)
    assert sorted(call["number"] for call in calls) == numbers, "each call once"
    outcomes = Counter(call["outcome"] for call in calls)
    assert set(outcomes) <= {"answered", "missed"}, ended
    answered = [call for call in calls if call["outcome"] == "answered"]
    assert len(answered) >= operators, (outcomes, ended)
    missed = sorted(call["number"] for call in calls if call["outcome"] == "missed")
    assert sorted(duty["number"] for duty in await engine.duties()) == missed, "one duty for each missed call"
    assert all(call["operator"] and call["talk_seconds"] > 0 for call in answered)

    async def recorded() -> list[dict[str, Any]] | None:
        now = [call for call in await engine.calls() if call["outcome"] == "answered"]
        done = all(call["recording"] and call["recording"]["state"] != "recording" for call in now)
        return now if done else None

    whole = await engine.until(recorded, "every recording is imported", seconds=180)
    short = [(call["recording"], call["talk_seconds"]) for call in whole if call["recording"]["state"] != "ready"]
    assert not short, short
    for call in whole:
        assert abs(call["recording"]["seconds"] - call["talk_seconds"]) <= 2
