"""Calling back: one duty, one call, whoever presses and whatever breaks (F4)."""

from __future__ import annotations

import asyncio

import pytest

from tests.sipp.driver import Operator, Sipp
from tests.stories.engine import EngineProcess, Wire

pytestmark = [pytest.mark.pbx, pytest.mark.once]

# Nobody is outside in these stories: that the call was placed can be counted all the same.
NUMBER = "+79074121806"


async def missed_call(engine: EngineProcess, sipp: Sipp) -> dict[str, object]:
    await (await sipp.residents([NUMBER], hang_up_after_seconds=2)).wait()
    (duty,) = await engine.until(engine.duties, "the duty is open")
    found: dict[str, object] = duty
    return found


async def outbound(engine: EngineProcess) -> list[dict[str, object]]:
    return [call for call in await engine.calls() if call["direction"] == "outbound"]


async def test_two_operators_press_call_back_at_once_and_one_call_is_placed(
    engine: EngineProcess, sipp: Sipp, wire: Wire
) -> None:
    phones = await sipp.operators(["101", "102"], Operator(ring_seconds=0.2))
    duty = await missed_call(engine, sipp)
    path = f"/callbacks/{duty['id']}/dial"
    answers = await asyncio.gather(*(engine.ask("POST", path, who=who) for who in ("petrova", "gusev")))
    assert sorted(status for status, _ in answers) == [202, 409]
    await engine.until(lambda: outbound(engine), "the call is seen")
    await phones.stop()
    assert wire.passed.count(b"Action: Originate") == 1
    assert len(await outbound(engine)) == 1


async def test_the_link_cut_right_after_originate_never_gives_a_second_call(
    engine: EngineProcess, sipp: Sipp, wire: Wire
) -> None:
    await sipp.operators(["101"], Operator(ring_seconds=0.2))
    duty = await missed_call(engine, sipp)
    wire.cut_after = b"Action: Originate"
    status, _ = await engine.ask("POST", f"/callbacks/{duty['id']}/dial", who="petrova")
    assert status in (202, 503), "the outcome is unknown, and is told so"
    again, _ = await engine.ask("POST", f"/callbacks/{duty['id']}/dial", who="petrova")
    assert again in (409, 503), "while it is unknown nobody dials again"
    await asyncio.sleep(1)
    wire.mend()
    await engine.until(engine._sees_pbx, "the link is back", seconds=60)
    await engine.until(lambda: outbound(engine), "the call that was placed is found", seconds=60)
    assert wire.passed.count(b"Action: Originate") == 1
    assert len(await outbound(engine)) == 1
