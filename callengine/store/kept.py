"""What was made of tables that seldom change, kept at SQLite's one writer until one of them is written.

Every registration reads the same entries, groups, contracts and houses. On SQLite all that is written goes over one
connection: temporary triggers on it notice each row of these tables, also one that a hand-written
statement changes; `PRAGMA data_version` notices what another process committed; a rollback, of a savepoint too,
empties it. So what is found here is what the tables would give. Readers keep nothing, nor does PostgreSQL, where
another engine may write between two statements.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

log = logging.getLogger(__name__)

Made = TypeVar("Made")
TABLES = (
    "classifier",
    "classifier_groups",
    "classifier_overrides",
    "contracts",
    "contract_houses",
    "organisations",
    "houses",
    "house_names",
    "calendar_days",
)
MOST = 20_000  # things; then it begins anew
_NOTHING: Any = object()


class Kept:
    """Things by their keys. They belong to all: nobody changes one."""

    def __init__(self) -> None:
        self._things: dict[Any, Any] = {}
        self._seen = -1

    def get(self, key: Any) -> Any:
        return self._things.get(key)

    def put(self, key: Any, thing: Any) -> None:
        if len(self._things) >= MOST:
            self._things.clear()
        self._things[key] = thing

    def forget(self) -> None:
        self._things.clear()

    async def keep(self, key: Any, read: Callable[[], Awaitable[Made]]) -> Made:
        """The thing; read and kept when it is not there."""
        found: Made = self._things.get(key, _NOTHING)
        if found is _NOTHING:
            found = await read()
            self.put(key, found)
        return found

    def watch(self, connection: sqlite3.Connection) -> bool:
        """Notice what this connection writes; False when the tables are not there (a database not yet made)."""
        connection.create_function("kept_forget", 0, self.forget)
        try:
            for table in TABLES:
                for what in ("INSERT", "UPDATE", "DELETE"):
                    connection.execute(
                        f"CREATE TEMP TRIGGER kept_{table}_{what} AFTER {what} ON main.{table} "
                        "BEGIN SELECT kept_forget(); END"
                    )
        except sqlite3.OperationalError as error:
            log.info("nothing is kept at the writer: %s", error, extra={"action": "nothing_kept"})
            return False
        return True

    def look(self, connection: sqlite3.Connection) -> None:
        """At the beginning of a transaction: forget all when somebody else has written since the last one."""
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        if version != self._seen:
            self._seen = version
            self.forget()
