"""Turns at SQLite's one writer, and small units of work that share one COMMIT.

A commit waits for the disk, whatever it holds: eight operators who register at once would wait for eight. So a unit
that allows it (`Store.begin(shared=True)`) leaves the transaction open when the next in line allows it too: that one
runs in a savepoint behind it, and the last of them commits for all. Nobody waits for company: with none in line the
unit commits at once. Nobody's `begin()` returns, and nothing is told, before the COMMIT is on the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

# A group commits at the latest with so many units, and takes no more when its first has been waiting for so long.
GROUP_UNITS = 32
GROUP_SECONDS = 0.02


class Turns:
    """One at a time, in the order of asking; who has the turn knows who comes next."""

    def __init__(self) -> None:
        self.given = 0  # turns that have ended
        self._taken = False
        self._line: deque[tuple[asyncio.Future[None], bool]] = deque()

    async def take(self, *, shared: bool = False) -> asyncio.CancelledError | None:
        """Wait for one's turn; `give` ends it.

        A cancellation that came together with the turn is given back: the turn is ours all the same, and perhaps others
        wait for what we do with it.
        """
        if not self._taken:
            self._taken = True
            return None
        place = (asyncio.get_running_loop().create_future(), shared)
        self._line.append(place)
        try:
            await place[0]
        except asyncio.CancelledError as error:
            if not place[0].cancelled():
                return error
            with contextlib.suppress(ValueError):  # `give` has passed it over already
                self._line.remove(place)
            raise
        return None

    @property
    def waiting(self) -> bool:
        return any(not future.done() for future, _ in self._line)

    def next_shares(self) -> bool:
        """Whether somebody waits, and the first of them may share our transaction."""
        return next((shared for future, shared in self._line if not future.done()), False)

    def give(self) -> None:
        """End one's turn: the next in line has it."""
        self.given += 1
        while self._line:
            future, _ = self._line.popleft()
            if not future.done():
                future.set_result(None)
                return
        self._taken = False


class Group:
    """Units of work in one transaction: how many are done, and how it ended for all of them."""

    def __init__(self) -> None:
        self.done = 0
        self.error: BaseException | None = None  # that undid all of it
        self._since = 0.0
        self._over = False
        self._waiting: list[asyncio.Future[None]] = []

    def join(self) -> None:
        """One more unit is done and waits for the COMMIT."""
        if not self.done:
            self._since = asyncio.get_running_loop().time()
        self.done += 1

    @property
    def full(self) -> bool:
        """It has to be committed now, whoever is in line."""
        return self.done >= GROUP_UNITS or asyncio.get_running_loop().time() - self._since >= GROUP_SECONDS

    def end(self, error: BaseException | None = None) -> None:
        """The COMMIT is on the disk, or `error` undid everything: let the members know."""
        self._over, self.error = True, error
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def outcome(self) -> tuple[BaseException | None, asyncio.CancelledError | None]:
        """Wait for the end, also when cancelled meanwhile: why all was undone if it was, and that cancellation.

        The members hear of it in the order in which they came, so that they tell what they did in that order.
        """
        cancelled: asyncio.CancelledError | None = None
        place = len(self._waiting)
        while not self._over:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting[place : place + 1] = [future]
            try:
                await future
            except asyncio.CancelledError as error:
                cancelled = error
        return self.error, cancelled

    async def last(self) -> asyncio.CancelledError | None:
        """Let the others hear of the end before us, who committed; gives a cancellation back."""
        if self._waiting:
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError as error:
                return error
        return None
