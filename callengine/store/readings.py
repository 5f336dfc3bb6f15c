"""The log of readings of personal data, as a supervisor asks it: who, when, what, why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.directory import search
from callengine.store.directory import houses_by_id
from callengine.store.tables import people, reading_log


@dataclass(frozen=True, slots=True)
class Reading:
    """One line; `title` names the person of a subject person:N, the address of house:N."""

    id: int
    at: datetime
    staff_id: int | None
    who: str
    what: str
    subject: str
    why: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class ReadingFilter:
    since: datetime | None = None
    until: datetime | None = None
    staff_id: int | None = None
    what: str = ""
    subject: str = ""  # the whole subject or its beginning
    why: str = ""


async def find(
    conn: AsyncConnection, wanted: ReadingFilter, *, limit: int, before: tuple[datetime, int] | None = None
) -> list[Reading]:
    """The newest first."""
    c = reading_log.c
    query = select(reading_log).order_by(c.at.desc(), c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(or_(c.at < before[0], and_(c.at == before[0], c.id < before[1])))
    if wanted.since is not None:
        query = query.where(c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(c.at < wanted.until)
    if wanted.staff_id is not None:
        query = query.where(c.staff_id == wanted.staff_id)
    if wanted.what:
        query = query.where(c.what == wanted.what)
    if wanted.subject:
        query = query.where(c.subject.startswith(search.storable(wanted.subject), autoescape=True))
    if wanted.why:
        query = query.where(c.why.contains(search.storable(wanted.why), autoescape=True))
    rows = (await conn.execute(query)).all()
    ids = {int(row.subject[7:]) for row in rows if _names(row.subject, "person")}
    names: dict[str, str] = {}
    if ids:
        named = await conn.execute(select(people.c.id, people.c.name).where(people.c.id.in_(ids)))
        names = {f"person:{row.id}": row.name for row in named}
    at = {int(row.subject[6:]) for row in rows if _names(row.subject, "house")}
    names |= {f"house:{id}": house.address for id, house in (await houses_by_id(conn, at)).items()}
    return [
        Reading(row.id, row.at, row.staff_id, row.who, row.what, row.subject, row.why, names.get(row.subject, ""))
        for row in rows
    ]


def _names(subject: str, kind: str) -> bool:
    """True for a subject such as person:12."""
    head, _, id = subject.partition(":")
    return head == kind and id.isascii() and id.isdigit() and len(id) < 18
