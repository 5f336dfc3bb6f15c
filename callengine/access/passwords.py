"""Password hashes: argon2id in a small executor of its own, so that sign-ins never stall calls."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from callengine.errors import TooMany

WORKERS = 2
MOST_WAITING = 32


class Passwords:
    """Hashes and verifies. A missing hash costs as much as a wrong password: timing names no login."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._decoy = self._hasher.hash("nobody has this password")
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="argon2")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._hasher.hash, password)

    async def fits(self, password: str, stored: str | None) -> bool:
        """Raises TooMany when more sign-ins wait than a service has people."""
        if self._waiting >= MOST_WAITING:
            raise TooMany()
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, self._fits, password, stored)
        finally:
            self._waiting -= 1

    def _fits(self, password: str, stored: str | None) -> bool:
        try:
            return self._hasher.verify(stored or self._decoy, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
