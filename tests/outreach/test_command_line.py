"""`callengine robot`: the kill switch from the command line, beside whatever engine runs."""

from __future__ import annotations

import asyncio

import pytest

from callengine.cli import main
from callengine.clock import ManualClock
from callengine.outreach.switch import Switch
from callengine.store.database import Store


@pytest.fixture
def database(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("CALLENGINE_STORE__URL", sqlite_url)
    return sqlite_url


def test_the_robot_is_halted_and_resumed_from_the_command_line(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = []
    for words in (["state"], ["halt", "--reason", "жалоба"], ["halt"], ["state"], ["resume"], ["resume"], ["state"]):
        assert main(["robot", *words]) == 0
        said.append(capsys.readouterr().out.strip())
    assert said[0] == said[6] == "the robot may call"
    assert "halted by command line: жалоба" in said[1] and said[1] == said[2] == said[3]
    assert said[4] == "the robot may call again" and said[5] == "the robot was not halted"


def test_what_the_command_line_halted_holds_for_the_running_engine(database: str) -> None:
    async def halted_by() -> str:
        store = Store(database)
        try:
            halt = await Switch(store, ManualClock()).state()
        finally:
            await store.close()
        return halt.halted_by if halt else ""

    assert main(["robot", "halt"]) == 0
    assert asyncio.run(halted_by()) == "command line"
