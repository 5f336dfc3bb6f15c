"""The order in which the tests are handed out."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from tests.again import HOME
from tests.order import DEAR, FIRST, WAITING, in_order


@dataclass(frozen=True)
class Item:
    nodeid: str
    mark: str = ""

    def get_closest_marker(self, name: str) -> object | None:
        return name if name == self.mark else None


PLAIN = [Item(f"tests/access/test_{n}.py::test") for n in range(20)]
STORIES = [Item(f"{FIRST[0]}test_{n}.py::test", WAITING[0] if n else "") for n in range(4)]
CALLS = [Item(f"tests/pbx/test_{n}.py::test", mark) for n, mark in enumerate(WAITING)]
LONG = [Item(f"{path}::test") for path in DEAR]
ALL = [*PLAIN[:10], *reversed(LONG), *CALLS, *PLAIN[10:], *STORIES]


def test_the_first_workers_part_begins_with_what_waits_and_the_seconds_with_what_is_dear() -> None:
    ordered = in_order(ALL, 3)
    part = len(ALL) // 3
    assert ordered[: 4 + len(CALLS)] == [*STORIES, *CALLS], "the stories first: they are the longest"
    assert ordered[part : part + len(LONG)] == LONG
    assert [item for item in ordered if item in PLAIN] == PLAIN, "the others stay as they came"


def test_no_test_is_lost_or_doubled_however_many_workers_there_are() -> None:
    for workers in range(1, 40):
        assert sorted(item.nodeid for item in in_order(ALL, workers)) == sorted(item.nodeid for item in ALL)
    assert in_order(PLAIN, 3) == PLAIN


def test_what_is_named_dear_is_there() -> None:
    assert all((Path(HOME) / path).exists() for path in (*DEAR, *FIRST))
    settings = tomllib.loads((Path(HOME) / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]
    assert set(WAITING) <= {mark.partition(":")[0] for mark in settings["markers"]}
