"""After-call work on a real PBX: while an operator writes down what was said, the queue offers him nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callengine.sandbox.pbx import SandboxPbx
from tests.sipp.driver import Operator, Sipp
from tests.stories.conftest import quiet
from tests.stories.engine import EngineProcess, Wire

pytestmark = [pytest.mark.pbx]


@pytest.fixture
async def engine(stories_pbx: SandboxPbx, wire: Wire, tmp_path: Path) -> AsyncIterator[EngineProcess]:
    """An engine whose after-call work lasts eight seconds."""
    more = {"CALLENGINE_DESK__AFTER_CALL_SECONDS": "8"}
    process = EngineProcess(stories_pbx, tmp_path / "engine", wire.port, more=more)
    await process.furnish()
    await stories_pbx.cli("channel request hangup all")
    await process.until(lambda: quiet(stories_pbx), "the PBX has no call left")
    await stories_pbx.cli("database deltree callengine")
    await process.start()
    try:
        yield process
    finally:
        await process.stop()


async def test_after_a_call_the_queue_passes_over_him_until_the_term_or_his_key(
    engine: EngineProcess, stories_pbx: SandboxPbx, sipp: Sipp
) -> None:
    async def stands(state: str, *, paused: bool) -> bool:
        if (await engine.get("/session", who="petrova"))["state"] != state:
            return False
        seen = [one for one in (await engine.get("/staff"))["items"] if one["login"] == "petrova"]
        if [one["state"] for one in seen] != [state]:
            return False
        (line,) = [one for one in (await stories_pbx.cli("queue show desk")).splitlines() if "PJSIP/101" in one]
        return ("(paused" in line) is paused

    await sipp.operators(["101"], Operator(ring_seconds=0.2))
    assert (await engine.ask("PUT", "/session/state", {"state": "ready"}, who="petrova"))[0] == 200
    await engine.until(lambda: stands("ready", paused=False), "she is on the line")
    for ended_by in ("the term", "her key"):
        await (await sipp.residents(["+79074121806"], hang_up_after_seconds=20)).wait()
        await engine.until(lambda: stands("after_call", paused=True), "the queue passes over her")
        if ended_by == "her key":
            assert (await engine.ask("PUT", "/session/state", {"state": "ready"}, who="petrova"))[0] == 200
        await engine.until(lambda: stands("ready", paused=False), f"{ended_by} ended it", seconds=20)
