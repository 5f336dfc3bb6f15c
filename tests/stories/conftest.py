"""One PBX for all stories, with lines that differ only in their dialplan settings; an engine for each story."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from callengine.sandbox.pbx import SandboxPbx
from tests.pbx_fixture import apart, sandbox_settings
from tests.sipp.driver import Sipp
from tests.stories.engine import EngineProcess, Wire

# The number dialled chooses the line: the same dialplan, other settings.
LINES = {
    "CE_MENU_116": "yes",
    "CE_HOURS_117": "03:00-03:01,sun,29,feb",
    "CE_STATUS_119": "yes",
    "CE_STATUS_120": "yes",
    "CE_MENU_120": "yes",
    "CE_ANNOUNCEMENT_118": "menu",  # the longest prompt: long enough to hang up in its middle
    "CE_QUEUE_SECONDS": "25",
}


def versions() -> list[object]:
    both = [pytest.param("22", id="asterisk22")]
    return [*both, pytest.param("16", id="asterisk16", marks=pytest.mark.pbx16)]


@pytest.fixture(scope="session", params=versions())
def stories_pbx(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPbx]:
    """A running Asterisk with forty operators' extensions."""
    folder = tmp_path_factory.mktemp("stories-pbx")
    settings = sandbox_settings(folder, version=request.param, more={"CALLENGINE_SANDBOX__OPERATORS": "40"})
    instance = f"stories-{os.getpid()}-{settings.sandbox.sip_port}"
    pbx = SandboxPbx(settings, instance=instance, dialplan_settings=LINES)

    async def up() -> None:
        await pbx.prepare()
        await pbx.start()

    apart(up)
    try:
        yield pbx
    finally:
        apart(pbx.remove)


@pytest.fixture
async def sipp(stories_pbx: SandboxPbx, tmp_path: Path) -> AsyncIterator[Sipp]:
    player = Sipp(stories_pbx.sip_port, tmp_path / "sipp")
    try:
        yield player
    finally:
        await player.close()


@pytest.fixture
async def wire(stories_pbx: SandboxPbx) -> AsyncIterator[Wire]:
    relay = Wire(stories_pbx.ami_port)
    await relay.start()
    yield relay
    await relay.close()


async def quiet(pbx: SandboxPbx) -> bool:
    return "0 active channels" in await pbx.cli("core show channels count")


@pytest.fixture
async def engine(stories_pbx: SandboxPbx, wire: Wire, tmp_path: Path) -> AsyncIterator[EngineProcess]:
    """A furnished engine that sees the PBX through the wire."""
    process = EngineProcess(stories_pbx, tmp_path / "engine", wire.port)
    await process.furnish()
    # What another story left alive, or its engine had not cleared yet, would rightly become a call of this one.
    await stories_pbx.cli("channel request hangup all")
    await process.until(lambda: quiet(stories_pbx), "the PBX has no call left")
    await stories_pbx.cli("database deltree callengine")
    await process.start()
    try:
        yield process
    finally:
        await process.stop()
