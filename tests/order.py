"""The order of the tests: what takes minutes begins first, for at the end it would keep one worker busy alone.

xdist gives each worker one part of the list and lets who is done take from the end of another's. So the first part
begins with the stories, which mostly wait, and the second one with the tests that keep a core busy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

WAITING = ("tests/stories/",)
DEAR = (
    "tests/tickets/test_day.py",
    "tests/api/test_fuzz.py",
    "tests/directory/test_typed.py",
    "tests/callbacks/test_machine.py",
    "tests/tickets/test_life.py",
)


class Named(Protocol):
    @property
    def nodeid(self) -> str: ...


Item = TypeVar("Item", bound=Named)


def in_order(items: Sequence[Item], workers: int) -> list[Item]:
    """All of them, for so many workers; what is not named stays in the order in which it came."""
    waiting = [item for item in items if item.nodeid.startswith(WAITING)]
    dear = sorted((item for item in items if item.nodeid.startswith(DEAR)), key=_place)
    rest = [item for item in items if not item.nodeid.startswith((*WAITING, *DEAR))]
    first = max(0, len(items) // workers - len(waiting)) if workers > 1 else 0
    return [*waiting, *rest[:first], *dear, *rest[first:]]


def _place(item: Named) -> int:
    return next(n for n, path in enumerate(DEAR) if item.nodeid.startswith(path))
