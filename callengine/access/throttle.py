"""Sign-in throttling: counts failures per key in a window; bounded, in memory, forgets at a restart."""

from __future__ import annotations

from collections import OrderedDict, deque

from callengine.clock import Clock
from callengine.errors import TooMany

MOST_KEYS = 10_000


class Throttle:
    """After `limit` failures within `seconds` a key must wait until the oldest of them is out of the window."""

    def __init__(self, clock: Clock, *, limit: int, seconds: float) -> None:
        self._clock, self._limit, self._seconds = clock, limit, seconds
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, key: str) -> None:
        """Raises TooMany with `retry_after` in seconds."""
        failures = self._fresh(key)
        if len(failures) >= self._limit:
            wait = self._seconds - (self._clock.monotonic() - failures[0])
            raise TooMany(retry_after=max(1, round(wait)))

    def failed(self, key: str) -> None:
        self._failures.setdefault(key, deque(maxlen=self._limit)).append(self._clock.monotonic())
        self._failures.move_to_end(key)
        while len(self._failures) > MOST_KEYS:
            self._failures.popitem(last=False)

    def succeeded(self, key: str) -> None:
        self._failures.pop(key, None)

    def _fresh(self, key: str) -> deque[float]:
        failures = self._failures.get(key, deque())
        while failures and self._clock.monotonic() - failures[0] >= self._seconds:
            failures.popleft()
        return failures
