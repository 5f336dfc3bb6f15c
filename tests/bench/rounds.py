"""How two sides are compared on a machine that others use too."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

ROUNDS = 9


def median_ratio(theirs: Callable[[], float], ours: Callable[[], float], rounds: int = ROUNDS) -> float:
    """Theirs over ours in seconds: both sides in turn, and the median of the rounds' ratios.

    A neighbour that works for a while slows both sides of a round; one that disturbs a single side spoils a single
    round, which the median leaves out. The first round warms up and does not count.
    """
    theirs(), ours()
    return median(theirs() / ours() for _ in range(rounds))
