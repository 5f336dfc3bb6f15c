"""The tapes themselves: each story is there from both versions, whole, and recorded by the shipped rights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.record_tapes import STORIES, TAPES

RECORDED = sorted(TAPES.glob("*/*.jsonl"))


def _read(path: Path) -> tuple[dict[str, str], list[dict[str, Any]]]:
    header, *lines = path.read_text("utf-8").splitlines()
    return json.loads(header), [json.loads(line) for line in lines]


@pytest.mark.parametrize("version", ["16", "22"])
def test_each_story_is_on_tape(version: str) -> None:
    there = {path.stem for path in (TAPES / version).glob("*.jsonl")}
    assert there == set(STORIES)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_tape_is_whole(path: Path) -> None:
    header, lines = _read(path)
    assert header["story"] == path.stem
    assert header["asterisk"].startswith(path.parent.name)
    assert header["expected"] == STORIES[path.stem][0]
    events = [line["event"] for line in lines]
    assert all("Timestamp" in event for event in events), "timestampevents is on"
    assert not any(event["Event"] == "VarSet" for event in events), "the filter works"
    began = {event["Uniqueid"] for event in events if event["Event"] == "Newchannel"}
    ended = {event["Uniqueid"] for event in events if event["Event"] == "Hangup"}
    assert began and began == ended
    assert [line["received_at"] for line in lines] == sorted(line["received_at"] for line in lines)
