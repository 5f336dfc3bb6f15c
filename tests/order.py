"""The order of the tests: what takes minutes begins first, for at the end it would keep one worker busy alone.

xdist gives each worker one part of the list and lets who is done take from the end of another's. So the first part
begins with all that speaks to a real Asterisk: people who ring and talk, 20 s a test and hardly any work for the
processor. One worker waits for them from the beginning on, and its other tests go to those who are done. The second
part begins with the tests that keep a core busy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

WAITING = ("pbx", "pbx16")  # marks
FIRST = ("tests/stories/",)  # of those that wait: the longest
DEAR = (
    "tests/web/test_axe.py",
    "tests/tickets/test_day.py",
    "tests/api/test_fuzz.py",
    "tests/directory/test_typed.py",
    "tests/callbacks/test_machine.py",
    "tests/tickets/test_life.py",
)


class Named(Protocol):
    @property
    def nodeid(self) -> str: ...

    def get_closest_marker(self, name: str) -> object | None: ...


Item = TypeVar("Item", bound=Named)


def in_order(items: Sequence[Item], workers: int) -> list[Item]:
    """All of them, for so many workers; what neither waits nor is dear stays in the order in which it came."""
    waiting = [item for item in items if _waits(item)]
    waiting.sort(key=lambda item: not item.nodeid.startswith(FIRST))
    dear = sorted((item for item in items if item.nodeid.startswith(DEAR) and not _waits(item)), key=_place)
    rest = [item for item in items if not _waits(item) and not item.nodeid.startswith(DEAR)]
    first = max(0, len(items) // workers - len(waiting)) if workers > 1 else 0
    return [*waiting, *rest[:first], *dear, *rest[first:]]


def _waits(item: Named) -> bool:
    return item.nodeid.startswith(FIRST) or any(item.get_closest_marker(mark) for mark in WAITING)


def _place(item: Named) -> int:
    return next(n for n, path in enumerate(DEAR) if item.nodeid.startswith(path))
