"""Two engines on one PostgreSQL: each serves a PBX of its own, and no PBX is ever served twice."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from callengine.clock import SystemClock
from tests.pbx.fake_ami import FakeAmi, event, listing
from tests.pbx_fixture import free_ports
from tests.stories.engine import EngineProcess

pytestmark = [pytest.mark.postgres]


@pytest.fixture
async def pbxs() -> AsyncIterator[dict[str, FakeAmi]]:
    """Each has noted a call in its ledger."""
    made = {name: FakeAmi() for name in ("north", "south")}
    at = SystemClock().now().timestamp() - 60
    for number, pbx in enumerate(made.values()):
        rows = {
            "arrival": f"v1|{at:.3f}|allowed|%2B7907550000{number}||115|inbound",
            "end": f"{at + 20:.3f}|0||TRUE|16||",
        }
        noted = [event("DBGetTreeResponse", Key=f"/callengine/1.1/{part}", Val=text) for part, text in rows.items()]
        pbx.answers["DBGetTree"] = lambda action, noted=noted: listing(action, *noted)  # type: ignore[misc]
        await pbx.start()
    yield made
    for pbx in made.values():
        await pbx.stop()


def engine_of(name: str, pbx: FakeAmi, folder: Path, store_url: str) -> EngineProcess:
    place: Any = SimpleNamespace(
        ami_user="callengine", ami_secret="secret", fastagi_port=free_ports(1)[0], recordings_dir=""
    )
    more = {"CALLENGINE_PBX__NAME": name, "CALLENGINE_STORE__URL": store_url}
    made = EngineProcess(place, folder, pbx.port, more=more)
    made.store_url = store_url
    folder.mkdir()
    return made


async def test_two_engines_serve_two_pbxs_and_a_third_is_refused_the_pbx_that_is_taken(
    pbxs: dict[str, FakeAmi], postgres_url: str, tmp_path: Path
) -> None:
    north = engine_of("north", pbxs["north"], tmp_path / "north", postgres_url)
    south = engine_of("south", pbxs["south"], tmp_path / "south", postgres_url)
    again = engine_of("north", pbxs["north"], tmp_path / "again", postgres_url)
    await north.furnish()
    south.tokens = again.tokens = north.tokens
    try:
        await north.start()
        await south.start()
        for engine in (north, south):  # the database is one: each shows the calls of both
            calls = await engine.until_ended(2)
            assert sorted(call["number"] for call in calls) == ["+79075500000", "+79075500001"]
            assert {call["missed"] for call in calls} == {"unknown"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "callengine.cli", "run", cwd=again.folder, env=again._env,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 1
        assert north.process is not None
        assert (
            f"another engine already serves the PBX north on this database: process {north.process.pid} on host"
            in said.decode()
        )
        assert (await south.get("/health"))["status"] == "ok"
        await north.kill()
        await again.start()  # a dead engine's PBX is free at once
        assert len(await south.duties()) == 2
    finally:
        for engine in (north, south, again):
            await engine.stop()
