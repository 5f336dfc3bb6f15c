"""Queries on who was asked by telephone how a job was done, and what he said: counted without the rows, and listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.clock import parse_rfc3339
from callengine.errors import Refused
from callengine.outreach.model import OutreachAttempt
from callengine.store.database import Tx
from callengine.store.outreach import attempt_of
from callengine.store.tables import classifier, organisations, outreach_attempts, ratings, staff, tickets

Conn = AsyncConnection  # so that services can name it without SQLAlchemy
r = ratings.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is counted or listed; None and "" are everything. `codes` are those of a branch: how they begin."""

    since: datetime | None = None
    until: datetime | None = None
    organisation_id: int | None = None
    executor_id: int | None = None
    classifier: str = ""
    mark: int | None = None
    result: str = ""
    answered: bool = False  # only who said anything of the job


SAID = ("marked", "not_done", "done_no_mark")


@dataclass(frozen=True, slots=True)
class Counted:
    """So many calls of one key (an organisation, an executor, a code, None: of none) came to this."""

    key: Any
    result: str
    mark: int
    calls: int


@dataclass(frozen=True, slots=True)
class Rating:
    """One call that was over, with the attempt that told it (call, recording, time, certainty, comment)."""

    attempt: OutreachAttempt
    ticket_id: int | None
    ticket_number: str
    organisation_id: int | None
    organisation: str
    executor_id: int | None
    executor: str
    classifier: str
    at: datetime
    result: str
    mark: int


async def put(
    tx: Tx,
    *,
    call_id: int,
    attempt_id: str,
    ticket_id: int | None,
    at: datetime,
    result: str,
    mark: int | None,
) -> None:
    """Keep what a call came to, by who has the ticket now; told anew, who was asked stays, and so does what he said.

    An attempt in vain that is settled after another one was told says nothing.
    """
    t = tickets.c
    source = select(t.organisation_id, t.executor_id, t.classifier_code).where(t.id == ticket_id)
    found = (await tx.conn.execute(source)).one_or_none()
    whose = dict(found._mapping) if found else {"classifier_code": ""}
    insert = postgresql.insert(ratings) if tx.is_postgres else sqlite.insert(ratings)
    said = {"attempt_id": attempt_id, "at": at, "result": result, "mark": mark or 0}
    values = {"outreach_call_id": call_id, "ticket_id": ticket_id, **whose, **said}
    made, key = insert.values(values), ["outreach_call_id"]
    again = made.on_conflict_do_update(index_elements=key, set_=said)
    await tx.conn.execute(again if result in SAID else made.on_conflict_do_nothing(index_elements=key))


GROUPS: dict[str, ColumnElement[Any] | None] = {
    "": None,
    "organisation": r.organisation_id,
    "executor": r.executor_id,
    "classifier": r.classifier_code,
}


async def counted(conn: AsyncConnection, wanted: Wanted, by: str = "") -> list[Counted]:
    """The calls by result and mark, each group apart: read along one index, without the rows."""
    key = GROUPS[by]
    columns: list[ColumnElement[Any]] = [r.result, r.mark]
    columns = columns if key is None else [key, *columns]
    query = select(*columns, func.count()).where(*_narrowed(wanted)).group_by(*columns)
    rows = (await conn.execute(query)).all()
    return [Counted(None if key is None else row[0], *row[-3:]) for row in rows]


async def names(conn: AsyncConnection, by: str, ids: Sequence[int]) -> dict[int, str]:
    """Of organisations or of people, by their ids."""
    table = organisations if by == "organisation" else staff
    query = select(table.c.id, table.c.name).where(table.c.id.in_(sorted(ids)))
    return {row.id: row.name for row in (await conn.execute(query)).all()}


async def names_of_codes(conn: AsyncConnection, codes: Sequence[str]) -> dict[str, tuple[str, str]]:
    """(category, problem) of these entries of the classifier."""
    c = classifier.c
    query = select(c.code, c.category, c.problem_ru).where(c.code.in_(sorted(codes)))
    return {row.code: (row.category, row.problem_ru) for row in (await conn.execute(query)).all()}


async def listed(
    conn: AsyncConnection, wanted: Wanted, limit: int, cursor: str | None
) -> tuple[list[Rating], str | None]:
    """One page, newest first, and the cursor of the next."""
    keys: Select[Any] = select(r.outreach_call_id).where(*_narrowed(wanted))
    if cursor:
        at, call_id = _read_cursor(cursor)
        after: tuple[Any, Any] = (bindparam("after_at", at, type_=r.at.type), bindparam("after_id", call_id))
        keys = keys.where(tuple_(r.at, r.outreach_call_id) < tuple_(*after))
    keys = keys.order_by(r.at.desc(), r.outreach_call_id.desc()).limit(limit + 1)
    ids = list((await conn.execute(keys)).scalars())
    a = outreach_attempts
    query = (
        select(
            a,
            r.ticket_id,
            r.organisation_id,
            r.executor_id,
            r.classifier_code,
            tickets.c.number.label("ticket_number"),
            organisations.c.name.label("organisation"),
            staff.c.name.label("executor"),
            r.at.label("rated_at"),
            r.result.label("rated"),
            r.mark.label("rated_mark"),
        )
        .select_from(ratings)
        .join(a, a.c.id == r.attempt_id)
        .join(tickets, tickets.c.id == r.ticket_id, isouter=True)
        .join(organisations, organisations.c.id == r.organisation_id, isouter=True)
        .join(staff, staff.c.id == r.executor_id, isouter=True)
        .where(r.outreach_call_id.in_(ids[:limit]))
        .order_by(r.at.desc(), r.outreach_call_id.desc())
    )
    page = [_rating(row) for row in (await conn.execute(query)).all()]
    following = f"{page[-1].at.isoformat()}~{ids[limit - 1]}" if len(ids) > limit else None
    return page, following


def _rating(row: Any) -> Rating:
    return Rating(
        attempt=attempt_of(row),
        ticket_id=row.ticket_id,
        ticket_number=row.ticket_number or "",
        organisation_id=row.organisation_id,
        organisation=row.organisation or "",
        executor_id=row.executor_id,
        executor=row.executor or "",
        classifier=row.classifier_code,
        at=row.rated_at,
        result=row.rated,
        mark=row.rated_mark,
    )


def _narrowed(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        found.append(r.at >= wanted.since)
    if wanted.until is not None:
        found.append(r.at < wanted.until)
    if wanted.organisation_id is not None:
        found.append(r.organisation_id == wanted.organisation_id)
    if wanted.executor_id is not None:
        found.append(r.executor_id == wanted.executor_id)
    if wanted.classifier:
        found.append(r.classifier_code.startswith(wanted.classifier, autoescape=True))
    if wanted.mark is not None:
        found.append(r.mark == wanted.mark)
    if wanted.result:
        found.append(r.result == wanted.result)
    elif wanted.answered:
        found.append(r.result.in_(SAID))
    return found


def _read_cursor(cursor: str) -> tuple[datetime, int]:
    at, _, key = cursor.partition("~")
    try:
        return parse_rfc3339(at), int(key)
    except ValueError:
        raise Refused("the cursor is not one of ours: take `next` of the page before") from None
