"""ReadingsService: who read whose data, when and why; for those who answer for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from callengine.clock import parse_rfc3339
from callengine.errors import Refused
from callengine.store import readings as rows
from callengine.store.database import Store
from callengine.store.readings import Reading, ReadingFilter

PAGE = 1000


class ReadingsService:
    """Pages of the log, and all of it for an export."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(
        self, wanted: ReadingFilter, *, limit: int, cursor: str | None = None
    ) -> tuple[list[Reading], str | None]:
        """A page, the newest first, and the cursor of the next one. Raises Refused for a cursor that is none."""
        async with self._store.read() as conn:
            found = await rows.find(conn, wanted, limit=limit + 1, before=_place(cursor))
        page = found[:limit]
        following = f"{page[-1].at.isoformat()}|{page[-1].id}" if len(found) > limit else None
        return page, following

    async def pages(self, wanted: ReadingFilter) -> AsyncIterator[list[Reading]]:
        cursor: str | None = None
        while True:
            page, cursor = await self.find(wanted, limit=PAGE, cursor=cursor)
            if page:
                yield page
            if cursor is None:
                return


def _place(cursor: str | None) -> tuple[datetime, int] | None:
    if not cursor:
        return None
    at, _, id = cursor.partition("|")
    try:
        return parse_rfc3339(at), int(id)
    except ValueError:
        raise Refused("the cursor is not one of ours: take `next` of the page before") from None
