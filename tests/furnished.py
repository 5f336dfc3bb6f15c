"""Databases that are furnished once in a session: a test gets a copy, as it gets one of the bare schema.

To import the 104 entries of the shipped classifier anew takes a quarter of a second of the processor; a copy of the
file takes 1 ms, and of PostgreSQL's database 40. A module that wants its tests to begin in such a database has a
fixture `furnishing` that names one; it is asked test by test, so others of the module begin with the bare schema.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from callengine.clock import ManualClock
from callengine.directory import town
from callengine.directory.imports import Imports
from callengine.store.database import Store
from callengine.tickets.classifier_service import ClassifierService
from tests.postgres import PostgresServer, apart


@dataclass(frozen=True)
class Furnishing:
    """What stands in a database besides the schema; `fill` writes it, by a clock that stands where each test's begins.

    `name` is a part of the name of a database: small letters and underscores, no two alike.
    """

    name: str
    fill: Callable[[Store, ManualClock], Awaitable[None]]


async def _begun(store: Store, clock: ManualClock) -> None:
    assert await ClassifierService(store, clock).begin() == 1


BEGUN = Furnishing("begun", _begun)  # the shipped classifier as version 1, as an engine finds it after its first start


async def import_classifier(imports: Imports) -> None:
    """The shipped entries as a file, as a town brings them: without a version."""
    await imports.import_csv("classifier", town.build(residents=10).csv("classifier"))


class Furnished:
    """The session's furnished databases, each made when the first test asks for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Furnishing] = {}

    def sqlite(self, bare: Path, wanted: Furnishing) -> Path:
        """The file to copy; `bare` is one of the schema alone."""
        path = self._folder / f"{wanted.name}.db"
        if self._missing(str(path), wanted):
            new = path.with_suffix(".new")
            shutil.copyfile(bare, new)
            _fill(f"sqlite+aiosqlite:///{new}", wanted)
            new.rename(path)
            self._made[str(path)] = wanted
        return path

    def postgres(self, server: PostgresServer, wanted: Furnishing) -> str:
        """The name of the database to copy."""
        name = f"furnished_{wanted.name}"
        if self._missing(name, wanted):
            new = server.create()
            _fill(server.url(new), wanted)
            server.rename(new, name)
            self._made[name] = wanted
        return name

    def _missing(self, key: str, wanted: Furnishing) -> bool:
        """One that failed half-way is not there: the next test that asks fails in the same place, not later."""
        known = self._made.get(key)
        assert known in (None, wanted), f"two furnishings are called {wanted.name!r}"
        return known is None


def _fill(url: str, wanted: Furnishing) -> None:
    async def fill() -> None:
        store = Store(url)
        try:
            await wanted.fill(store, ManualClock())
        finally:
            await store.close()

    apart(lambda: asyncio.run(fill()))
