"""Queries of moves: the ticket under its lock, the difference that a move makes, its event, declines and timers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Text, and_, bindparam, case, cast, exists, func, insert, literal, or_, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.access.model import EXECUTOR, MANAGER
from callengine.store import directory as directory_rows
from callengine.store import tickets as ticket_rows
from callengine.store.database import Tx
from callengine.store.prepared import Prepared, Reader
from callengine.store.tables import (
    staff,
    ticket_declines,
    ticket_files,
    ticket_history,
    ticket_organisations,
    tickets,
    timers,
)
from callengine.tickets.model import FINAL, RANKS, Status, Ticket, TicketEvent

Conn = AsyncConnection  # so that services can name it without SQLAlchemy
_h = ticket_history.c
WORKED_ON = (Status.EXECUTOR_ASSIGNED, Status.IN_PROGRESS, Status.NEEDS_REWORK)

# Columns that a ticket keeps under their own names, of those that a move may change.
_PLAIN = (
    "status urgency mark version due_at accepted_at localised_at fixed_at closed_at close_reason late_at "
    "postponed_until postpone_reason touched_at stall_level declined_count reopened_count applicant_count paid "
    "paid_confirm_by paid_confirmed_at marked_at contract_code organisation_reason premise district "
    "interim_at interim_until interim_text"
).split()


@dataclass(frozen=True, slots=True)
class Kept:
    """A line of the history that an Idempotency-Key already wrote."""

    what: str
    data: Mapping[str, Any]
    reason: str


# --- reading --------------------------------------------------------------------------------------------------


ticket_of = ticket_rows.get_by_id
_VERSION = select(tickets.c.version).where(tickets.c.id == bindparam("id"))
# NO KEY UPDATE: two that have each hung something on it (a file, a line) do not wait for each other crosswise.
_LOCKED = Prepared(lambda dialect: _VERSION.with_for_update(key_share=True) if dialect is postgresql else _VERSION)
_f = ticket_files.c
_ACT = Prepared(
    select(_f.id).where(_f.ticket_id == bindparam("ticket_id"), _f.kind == "act", _f.removed_at.is_(None)).limit(1)
)
_LINE_BY_KEY = Prepared(
    select(_h.what, _h.data, _h.reason).where(_h.ticket_id == bindparam("ticket_id"), _h.key == bindparam("key"))
)


async def locked(tx: Tx, ticket_id: int) -> int | None:
    """The version of a ticket, its row held until the commit; None when there is no such ticket."""
    version: int | None = await _LOCKED.scalar(tx.conn, id=ticket_id)
    return version


async def has_act(conn: AsyncConnection, ticket_id: int) -> bool:
    """Whether a signed act is among its files."""
    return await _ACT.scalar(conn, ticket_id=ticket_id) is not None


async def by_key(conn: Reader, ticket_id: int, key: str) -> Kept | None:
    row = await _LINE_BY_KEY.first(conn, ticket_id=ticket_id, key=key)
    return Kept(*row) if row else None


async def open_of_executor(conn: AsyncConnection, staff_id: int) -> list[int]:
    """Ids of the tickets that somebody has in hand."""
    c = tickets.c
    query = select(c.id).where(c.executor_id == staff_id, c.status.in_(WORKED_ON)).order_by(c.id)
    return list((await conn.execute(query)).scalars())


async def idle_executors(conn: AsyncConnection) -> list[int]:
    """Who has tickets in hand and is no executor of their organisation any more."""
    c = tickets.c
    gone = or_(
        ~staff.c.active,
        staff.c.organisation_id.is_distinct_from(c.organisation_id),
        staff.c.role.not_in((EXECUTOR, MANAGER)),
    )
    query = select(c.executor_id).distinct().select_from(tickets.join(staff, staff.c.id == c.executor_id))
    return list((await conn.execute(query.where(c.status.in_(WORKED_ON), gone))).scalars())


# --- writing --------------------------------------------------------------------------------------------------


def columns(ticket: Ticket) -> dict[str, Any]:
    """What a move may change, as the table keeps it."""
    terms = ticket.deadlines
    return {
        "house_id": ticket.house.id if ticket.house else None,
        **{name: getattr(ticket, name) for name in _PLAIN},
        "classifier_code": ticket.classifier.code,
        "organisation_id": ticket.organisation.id if ticket.organisation else None,
        "executor_id": ticket.executor.id if ticket.executor else None,
        "accept_by": terms.accept_by,
        "localise_by": terms.localise_by,
        "fix_by": terms.fix_by,
        "deadline_reason": terms.why,
        "interim_by": terms.interim_by,
        "rank": RANKS[ticket.urgency],
    }


# Made once for the columns that change: there are a few dozen such sets.
@lru_cache(maxsize=256)
def _change(names: tuple[str, ...]) -> Prepared:
    new = {name: bindparam(f"new_{name}", type_=tickets.c[name].type) for name in names}
    mine = (tickets.c.id == bindparam("ticket_id"), tickets.c.version == bindparam("seen"))
    return Prepared(update(tickets).where(*mine).values(**new))


async def save(tx: Tx, before: Ticket, after: Ticket) -> bool:
    """Write the difference; False when somebody else has moved the ticket since `before` was read."""
    old, new = columns(before), columns(after)
    changed = {name: value for name, value in new.items() if value != old[name]}
    if not changed:
        return True
    values = {f"new_{name}": value for name, value in changed.items()}
    statement = _change(tuple(changed))
    return bool(await statement.changed(tx.conn, ticket_id=before.id, seen=before.version, **values))


_LINE = "ticket_id at what author staff_id reason data role public key".split()
_add = insert(ticket_history).values(**{name: bindparam(name) for name in _LINE})
_ADD_EVENT = Prepared(lambda dialect: _add.returning(_h.id) if dialect is postgresql else _add)


async def add_event(tx: Tx, ticket_id: int, staff_id: int | None, event: TicketEvent, key: str | None = None) -> int:
    return await _ADD_EVENT.added(
        tx.conn,
        ticket_id=ticket_id,
        at=event.at,
        what=event.what,
        author=event.author,
        staff_id=staff_id,
        reason=event.reason,
        data=event.data,
        role=event.role,
        public=event.public,
        key=key,
    )


def _answers(dialect: Any) -> Any:
    names = ("ticket_id", "organisation_id", "since")
    made = dialect.insert(ticket_organisations).values(**{name: bindparam(name) for name in names})
    again = {"since": made.excluded.since, "declined_at": None, "decline_reason": ""}
    return made.on_conflict_do_update(index_elements=["organisation_id", "ticket_id"], set_=again)


_ANSWERS = Prepared(_answers)


async def answers_for(tx: Tx, ticket_id: int, organisation_id: int, at: datetime) -> None:
    """An organisation answers for the ticket from now on, perhaps once more."""
    await _ANSWERS.changed(tx.conn, ticket_id=ticket_id, organisation_id=organisation_id, since=at)


async def add_decline(tx: Tx, ticket: Ticket, organisation_id: int, reason: str, at: datetime) -> None:
    """A line of the matrix of declines, and what the organisation itself sees of it."""
    c = ticket_organisations.c
    await tx.conn.execute(
        update(ticket_organisations)
        .where(c.ticket_id == ticket.id, c.organisation_id == organisation_id)
        .values(declined_at=at, decline_reason=reason)
    )
    await tx.conn.execute(
        insert(ticket_declines).values(
            ticket_id=ticket.id,
            classifier_code=ticket.classifier.code,
            house_id=ticket.house.id if ticket.house else None,
            organisation_id=organisation_id,
            contract_code=ticket.contract_code,
            reason=reason,
            at=at,
        )
    )


async def taken_by(tx: Tx, ticket_id: int, organisation_id: int) -> None:
    """Who took in the end what others had declined: the matrix learns from it."""
    c = ticket_declines.c
    await tx.conn.execute(
        update(ticket_declines)
        .where(c.ticket_id == ticket_id, c.accepted_by.is_(None), c.organisation_id != organisation_id)
        .values(accepted_by=organisation_id)
    )


async def touch(tx: Tx, ticket: Ticket) -> None:
    """Write that it was touched, without a new version: a word does not stand in the way of a move."""
    values = {"touched_at": ticket.touched_at, "stall_level": ticket.stall_level}
    await tx.conn.execute(update(tickets).where(tickets.c.id == ticket.id).values(**values))


async def put_way(tx: Tx, ticket_id: int, notify: str, email: str) -> None:
    """How its applicant is told; a word of how does not stand in the way of a move: no new version."""
    values = {"notify": notify, "applicant_email": email}
    await tx.conn.execute(update(tickets).where(tickets.c.id == ticket_id).values(**values))


async def promise_all(tx: Tx, kind: str, now: datetime) -> int:
    """A timer for each open ticket that has none: those of the release before, or of a copied database."""
    subject = cast(tickets.c.id, Text)
    has_one = exists().where(timers.c.kind == kind, timers.c.subject == subject)
    moment = literal(now, timers.c.due_at.type)
    lacking = select(literal(kind), subject, moment).where(tickets.c.status.not_in(FINAL), ~has_one)
    made = insert(timers).from_select(["kind", "subject", "due_at"], lacking)
    return int((await tx.conn.execute(made)).rowcount)


# --- the load of an organisation ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LoadRow:
    """The open tickets of one executor (None: of nobody yet) in one status."""

    executor_id: int | None
    executor: str
    status: str
    count: int
    late: int
    stalled: int


async def load(conn: AsyncConnection, organisation_id: int, now: datetime) -> Sequence[LoadRow]:
    """Open tickets of an organisation by executor and status; late are those past their fix term unfinished."""
    c = tickets.c
    past = and_(c.fix_by < literal(now, c.fix_by.type), c.fixed_at.is_(None))
    late = func.sum(case((or_(c.late_at.is_not(None), past), 1), else_=0))
    stalled = func.sum(case((c.stall_level > 0, 1), else_=0))
    query = (
        select(c.executor_id, staff.c.name, c.status, func.count(), late, stalled)
        .select_from(tickets.outerjoin(staff, staff.c.id == c.executor_id))
        .where(c.organisation_id == organisation_id, c.status.not_in((*FINAL, Status.DECLINED)))
        .group_by(c.executor_id, staff.c.name, c.status)
        .order_by(staff.c.name, c.status)
    )
    return [LoadRow(r[0], r[1] or "", r[2], int(r[3]), int(r[4]), int(r[5])) for r in await conn.execute(query)]


organisations_by_id, staff_by_id = directory_rows.organisations_by_id, directory_rows.staff_by_id
