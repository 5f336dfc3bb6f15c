"""The order in which the tests are handed out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.again import HOME
from tests.order import DEAR, WAITING, in_order


@dataclass(frozen=True)
class Item:
    nodeid: str


PLAIN = [Item(f"tests/access/test_{n}.py::test") for n in range(20)]
STORIES = [Item(f"{WAITING[0]}test_{n}.py::test") for n in range(4)]
LONG = [Item(f"{path}::test") for path in DEAR]
ALL = [*PLAIN[:10], *reversed(LONG), *PLAIN[10:], *STORIES]


def test_the_first_workers_part_begins_with_the_stories_and_the_seconds_with_what_is_dear() -> None:
    ordered = in_order(ALL, 3)
    part = len(ALL) // 3
    assert ordered[:4] == STORIES
    assert ordered[part : part + len(LONG)] == LONG
    assert [item for item in ordered if item in PLAIN] == PLAIN, "the others stay as they came"


def test_no_test_is_lost_or_doubled_however_many_workers_there_are() -> None:
    for workers in range(1, 40):
        assert sorted(item.nodeid for item in in_order(ALL, workers)) == sorted(item.nodeid for item in ALL)
    assert in_order(PLAIN, 3) == PLAIN


def test_what_is_named_dear_is_there() -> None:
    assert all((Path(HOME) / path).exists() for path in (*DEAR, *WAITING))
