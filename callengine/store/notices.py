"""Queries of the outbox: a row once by its key, claimed under a lease, settled; receipts, templates, browsers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    String,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.notices import reasons
from callengine.notices.model import (
    WAITING,
    Channel,
    Kind,
    Notice,
    NoticeEvent,
    NoticeQueued,
    Recipient,
    State,
    Subscription,
    Until,
)
from callengine.notices.templates import Text
from callengine.store.database import Tx
from callengine.store.tables import (
    calls,
    notice_events,
    notice_keys,
    notice_parts,
    notice_templates,
    notices,
    opt_outs,
    organisations,
    push_subscriptions,
    staff,
    tickets,
)

Conn = AsyncConnection  # so that services can name it without SQLAlchemy
CHANNEL = "callengine_notices"
_c = notices.c
CALLED_OFF = "called off"
# A newer release, which works beside us while an upgrade rolls, may queue what we do not know: it sends that itself.
_KNOWN = _c.kind.in_([kind.value for kind in Kind]) & _c.until.in_([until.value for until in Until])
_TO_ACKNOWLEDGE = and_(_c.ladder != "", _c.until == Until.ACKNOWLEDGED)
# Taken by him, or taken from him: a ladder that was called off has its mark on every rung.
_SETTLED = case((or_(_c.state == State.ACKNOWLEDGED, _c.problem == CALLED_OFF), 1), else_=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """What a list of notices is narrowed by; "" is everything."""

    state: str = ""
    channel: str = ""
    kind: str = ""
    ticket_number: str = ""
    staff_id: int | None = None


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        id=row.id,
        key=row.key,
        kind=Kind(row.kind),
        channel=Channel(row.channel),
        state=State(row.state),
        to=Recipient(
            staff_id=row.staff_id,
            role=row.role,
            number=row.number,
            email=row.email,
            name=row.name,
            language=row.language,
        ),
        subject=row.subject,
        text=row.text,
        ticket_number=row.ticket_number,
        danger=row.rank == 0,
        ladder=row.ladder,
        rung=row.rung,
        until=Until(row.until),
        created_at=row.created_at,
        next_at=row.next_at,
        expires_at=row.expires_at,
        tries=row.tries,
        fence=row.fence,
        sent_at=row.sent_at,
        settled_at=row.settled_at,
        problem=reasons.read(row.problem),
        receipt=row.receipt,
    )


def _dialect(tx: Tx) -> Any:
    return postgresql if tx.is_postgres else sqlite


async def wake(tx: Tx, channel: Channel, next_at: datetime) -> None:
    """Let the worker of the channel look, here and, on PostgreSQL, on the other machines, once it is committed."""
    if tx.is_postgres and not any(isinstance(fact, NoticeQueued) for fact in tx.told):
        await tx.conn.execute(text(f"NOTIFY {CHANNEL}"))
    await tx.tell(NoticeQueued(channel, next_at))


def _kept(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """With the code of a reason before its words (notices/reasons.py)."""
    return {**values, "problem": reasons.stored(values["problem"])} if "problem" in values else values


async def talked(conn: AsyncConnection, number: str, since: datetime, at: datetime) -> bool:
    """Whether somebody of the number and one of us talked between the moments, or do so still."""
    c = calls.c
    recent = (c.number == number, c.arrived_at > since - timedelta(days=1), c.arrived_at <= at)
    talk = (c.answered_at.is_not(None), c.robot.is_(False), or_(c.ended_at.is_(None), c.ended_at >= since))
    return bool((await conn.execute(select(exists().where(*recent, *talk)))).scalar_one())


# --- the outbox ---------------------------------------------------------------------------------------------


async def add(tx: Tx, values: Mapping[str, Any]) -> int | None:
    """The id of the new row; None when its key was told before."""
    query = _dialect(tx).insert(notices).values(**_kept(values)).on_conflict_do_nothing(index_elements=["key"])
    found = (await tx.conn.execute(query.returning(_c.id))).scalar_one_or_none()
    return int(found) if found is not None else None


async def add_events(tx: Tx, lines: Iterable[tuple[int, NoticeEvent]]) -> None:
    rows = [
        {"notice_id": notice_id, "at": one.at, "what": one.what, "detail": reasons.stored(one.detail), "who": one.who}
        for notice_id, one in lines
    ]
    if rows:
        await tx.conn.execute(insert(notice_events), rows)


async def claim(tx: Tx, channel: Channel, now: datetime, *, lease_seconds: float, limit: int) -> list[Notice]:
    """Claim what is due of one channel, danger first; nobody else gets the same row while the lease lasts."""
    due = (
        select(_c.id)
        .where(_c.channel == channel, _c.state == State.QUEUED, _c.next_at <= now, _KNOWN)
        .order_by(_c.rank, _c.next_at)
        .limit(limit)
    )
    if tx.is_postgres:
        due = due.with_for_update(skip_locked=True)
    taken = (
        update(notices)
        .where(_c.id.in_(due.scalar_subquery()))
        .values(
            state=State.SENDING,
            lease_until=now + timedelta(seconds=lease_seconds),
            fence=_c.fence + 1,
            tries=_c.tries + 1,
        )
        .returning(notices)
    )
    rows = (await tx.conn.execute(taken)).all()
    return sorted(map(_notice, rows), key=lambda one: (not one.danger, one.next_at))


async def abandoned(tx: Tx, channel: Channel, now: datetime, *, all: bool = False) -> list[Notice]:
    """What an engine was sending when it died: its lease ran out (or, with `all`, whatever its lease)."""
    query = select(notices).where(_c.channel == channel, _c.state == State.SENDING, _KNOWN)
    if not all:
        query = query.where(_c.lease_until <= now)
    if tx.is_postgres:
        query = query.with_for_update(skip_locked=True)
    return [_notice(row) for row in await tx.conn.execute(query.order_by(_c.id).limit(500))]


async def nearest(conn: AsyncConnection, channel: Channel) -> datetime | None:
    """When the next of a channel can be claimed; two looks at an index, however many rows."""
    # One rank at a time: the index has the rank before the moment.
    looks = [
        select(func.min(_c.next_at))
        .where(_c.channel == channel, _c.state == State.QUEUED, _c.rank == rank)
        .scalar_subquery()
        for rank in (0, 1)
    ]
    leased = select(func.min(_c.lease_until)).where(_c.channel == channel, _c.state == State.SENDING).scalar_subquery()
    row = (await conn.execute(select(*looks, leased))).one()
    return min((at for at in row if at is not None), default=None)


async def settle(tx: Tx, one: Notice, values: Mapping[str, Any]) -> bool:
    """Write what became of a row, only where our claim still holds: whoever lost its lease changes nothing."""
    query = update(notices).where(_c.id == one.id, _c.fence == one.fence, _c.state == State.SENDING)
    return bool((await tx.conn.execute(query.values(lease_until=None, **_kept(values)))).rowcount)


async def renew(tx: Tx, one: Notice, until: datetime) -> bool:
    """Our claim lasts until then; False when it holds no more."""
    query = update(notices).where(_c.id == one.id, _c.fence == one.fence, _c.state == State.SENDING)
    return bool((await tx.conn.execute(query.values(lease_until=until))).rowcount)


async def change(tx: Tx, notice_id: int, states: Collection[State], values: Mapping[str, Any]) -> bool:
    """Write to a row that stands in one of the states; False when it does not."""
    query = update(notices).where(_c.id == notice_id, _c.state.in_([state.value for state in states]))
    return bool((await tx.conn.execute(query.values(**_kept(values)))).rowcount)


async def locked(tx: Tx, notice_id: int) -> Notice | None:
    """A row, held until the commit."""
    query = select(notices).where(_c.id == notice_id)
    if tx.is_postgres:
        query = query.with_for_update()
    row = (await tx.conn.execute(query)).one_or_none()
    return _notice(row) if row else None


async def get(conn: AsyncConnection, notice_id: int) -> Notice | None:
    row = (await conn.execute(select(notices).where(_c.id == notice_id))).one_or_none()
    return _notice(row) if row else None


async def by_key(conn: AsyncConnection, key: str) -> Notice | None:
    row = (await conn.execute(select(notices).where(_c.key == key))).one_or_none()
    return _notice(row) if row else None


async def of_ladder(tx: Tx, ladder: str) -> list[Notice]:
    """The rungs in their order, held until the commit."""
    query = select(notices).where(_c.ladder == ladder, _c.ladder != "").order_by(_c.rung, _c.id)
    if tx.is_postgres:
        query = query.with_for_update()
    return [_notice(row) for row in await tx.conn.execute(query)]


async def open_ladders(conn: AsyncConnection, ticket_number: str, kind: Kind) -> list[str]:
    """The ladders of a ticket's notices of a kind that nobody has acknowledged or called off yet."""
    query = select(_c.ladder).where(_c.ticket_number == ticket_number, _c.kind == kind, _TO_ACKNOWLEDGE)
    query = query.group_by(_c.ladder).having(func.max(_SETTLED) == 0)
    return sorted((await conn.execute(query)).scalars())


async def waiting(tx: Tx, ticket_number: str, kind: Kind) -> list[Notice]:
    """A ticket's notices of a kind that are still to be sent, held until the commit."""
    query = select(notices).where(_c.ticket_number == ticket_number, _c.kind == kind, _c.state == State.QUEUED)
    if tx.is_postgres:
        query = query.with_for_update()
    return [_notice(row) for row in await tx.conn.execute(query.order_by(_c.id))]


async def take_back(tx: Tx, prefix: str, problem: str, now: datetime) -> list[int]:
    """What is queued of all whose keys begin so is suppressed, and its key is free; the ids."""
    begins = _c.key.startswith(prefix, autoescape=True)
    values = {"state": State.SUPPRESSED.value, "settled_at": now, "problem": problem}
    query = update(notices).where(_c.state == State.QUEUED, begins)
    query = query.values(**_kept(values), key=_c.key + ":taken back:" + cast(_c.id, String))
    return list((await tx.conn.execute(query.returning(_c.id))).scalars())


async def untold(conn: AsyncConnection, ticket_number: str) -> bool:
    """Whether a letter of this ticket to a municipality did not go, and has not gone since."""
    lost = _c.state.in_([State.FAILED.value, State.SUPPRESSED.value])
    query = select(_c.id).where(_c.ticket_number == ticket_number, _c.kind == Kind.CRITICAL, lost).limit(1)
    return (await conn.execute(query)).first() is not None


async def find(conn: AsyncConnection, wanted: Find, *, limit: int, after: tuple[datetime, int] | None) -> list[Notice]:
    """The newest first."""
    query = select(notices).where(*_narrowed(wanted))
    if after is not None:
        query = query.where(tuple_(_c.created_at, _c.id) < tuple_(*_after(after)))
    rows = await conn.execute(query.order_by(_c.created_at.desc(), _c.id.desc()).limit(limit))
    return [_notice(row) for row in rows]


def _after(after: tuple[datetime, int]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    at, notice_id = after
    return bindparam("after_at", at, type_=_c.created_at.type), bindparam("after_id", notice_id)


def _narrowed(wanted: Find) -> list[ColumnElement[bool]]:
    asked = {
        _c.state: wanted.state,
        _c.channel: wanted.channel,
        _c.kind: wanted.kind,
        _c.ticket_number: wanted.ticket_number,
    }
    found = [column == value for column, value in asked.items() if value]
    if wanted.staff_id is not None:
        found.append(_c.staff_id == wanted.staff_id)
    return found


async def unacknowledged(conn: AsyncConnection, staff_id: int) -> list[Notice]:
    """The jobs that one of the staff has not acknowledged, one rung of each, the newest first."""
    first = (
        select(func.min(_c.id))
        .where(_c.staff_id == staff_id, _c.kind == Kind.JOB, _TO_ACKNOWLEDGE)
        .group_by(_c.ladder)
        .having(func.max(_SETTLED) == 0)
    )
    query = select(notices).where(_c.id.in_(first.scalar_subquery())).order_by(_c.created_at.desc(), _c.id.desc())
    return [_notice(row) for row in await conn.execute(query.limit(100))]


async def events(conn: AsyncConnection, notice_id: int) -> list[NoticeEvent]:
    e = notice_events.c
    rows = await conn.execute(select(e.at, e.what, e.detail, e.who).where(e.notice_id == notice_id).order_by(e.id))
    return [NoticeEvent(at, what, reasons.read(detail), who) for at, what, detail, who in rows]


async def counts(conn: AsyncConnection) -> dict[tuple[str, str], int]:
    """How many wait, by channel and state, for the figures."""
    query = select(_c.channel, _c.state, func.count()).where(_c.state.in_([state.value for state in WAITING]))
    rows = await conn.execute(query.group_by(_c.channel, _c.state))
    return {(channel, state): count for channel, state, count in rows}


# --- receipts of SMS ----------------------------------------------------------------------------------------


async def add_parts(tx: Tx, notice_id: int, ids: Mapping[int, str], at: datetime) -> None:
    rows = [
        {"notice_id": notice_id, "part": part, "message_id": name, "state": "sent", "at": at}
        for part, name in ids.items()
    ]
    if rows:
        await tx.conn.execute(_dialect(tx).insert(notice_parts).on_conflict_do_nothing(), rows)


async def parts(conn: AsyncConnection, notice_id: int) -> dict[int, str]:
    """The state of each part that the gateway took."""
    p = notice_parts.c
    rows = await conn.execute(select(p.part, p.state).where(p.notice_id == notice_id))
    return {part: state for part, state in rows}


async def part_of(conn: AsyncConnection, names: Sequence[str]) -> tuple[int, int] | None:
    """(notice, part) of the latest message that a gateway gave one of the names: it may give a name again.

    The first name is the receipt's own: who has it goes before who has what else it may mean.
    """
    p = notice_parts.c
    other = case((p.message_id == names[0], 0), else_=1)
    query = select(p.notice_id, p.part).where(p.message_id.in_(names)).order_by(other, p.at.desc()).limit(1)
    row = (await conn.execute(query)).one_or_none()
    return (row.notice_id, row.part) if row else None


async def set_part(tx: Tx, notice_id: int, part: int, state: str, at: datetime) -> None:
    p = notice_parts.c
    query = update(notice_parts).where(p.notice_id == notice_id, p.part == part)
    await tx.conn.execute(query.values(state=state, at=at))


# --- templates ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Written:
    """An administrator's own text."""

    kind: Kind
    channel: Channel
    language: str
    text: Text
    changed_at: datetime
    changed_by: str


async def templates(conn: AsyncConnection, kind: Kind | None = None) -> list[Written]:
    t = notice_templates.c
    query = select(notice_templates)
    if kind is not None:
        query = query.where(t.kind == kind)
    return [
        Written(
            Kind(row.kind),
            Channel(row.channel),
            row.language,
            Text(row.subject, row.text),
            row.changed_at,
            row.changed_by,
        )
        for row in await conn.execute(query)
        if row.kind in set(Kind) and row.channel in set(Channel)
    ]


async def put_template(tx: Tx, one: Written) -> None:
    values = {
        "kind": one.kind.value,
        "channel": one.channel.value,
        "language": one.language,
        "subject": one.text.subject,
        "text": one.text.text,
        "changed_at": one.changed_at,
        "changed_by": one.changed_by,
    }
    keys = ("kind", "channel", "language")
    made = _dialect(tx).insert(notice_templates).values(**values)
    changed = {name: made.excluded[name] for name in values if name not in keys}
    await tx.conn.execute(made.on_conflict_do_update(index_elements=list(keys), set_=changed))


async def drop_template(tx: Tx, kind: Kind, channel: Channel, language: str) -> None:
    t = notice_templates.c
    query = delete(notice_templates).where(t.kind == kind, t.channel == channel, t.language == language)
    await tx.conn.execute(query)


# --- whom ---------------------------------------------------------------------------------------------------


async def staff_recipient(conn: AsyncConnection, staff_id: int) -> Recipient | None:
    """One of the staff who is at work, with his telephone and language."""
    s = staff.c
    row = (await conn.execute(select(s.name, s.phone, s.language, s.active).where(s.id == staff_id))).one_or_none()
    if row is None or not row.active:
        return None
    return Recipient(staff_id=staff_id, number=row.phone, name=row.name, language=row.language)


async def organisations_of(conn: AsyncConnection, kind: str) -> list[tuple[str, str]]:
    """(name, e-mail) of the organisations of a kind that have an address."""
    o = organisations.c
    query = select(o.name, o.email).where(o.kind == kind, o.active, o.email != "").order_by(o.id)
    return [(row.name, row.email) for row in await conn.execute(query)]


async def opted_out(conn: AsyncConnection, number: str, words: Collection[str]) -> bool:
    """Whether who has the number asked for silence: of everything, or of one of the words (a channel, a kind)."""
    o = opt_outs.c
    query = select(o.id).where(o.number == number, o.removed_at.is_(None), o.kind.in_(["", *words])).limit(1)
    return bool(number) and (await conn.execute(query)).scalar_one_or_none() is not None


async def with_browsers(
    conn: AsyncConnection, role: str, organisation_id: int | None = None, *, district: str | None = None
) -> list[Recipient]:
    """Of a role (of one organisation; of whose area the district is), those at work who take pushes."""
    s, p = staff.c, push_subscriptions.c
    query = select(s.id, s.name, s.phone, s.language, s.districts).where(s.role == role, s.active)
    query = query.where(s.id.in_(select(p.staff_id).where(p.staff_id.is_not(None))))
    if organisation_id is not None:
        query = query.where(s.organisation_id == organisation_id)
    rows = await conn.execute(query.order_by(s.id))
    return [
        Recipient(staff_id=row.id, number=row.phone, name=row.name, language=row.language)
        for row in rows
        if district is None or not row.districts or district in row.districts
    ]


# --- browsers -----------------------------------------------------------------------------------------------


def _subscription(row: Row[Any]) -> Subscription:
    return Subscription(
        id=row.id,
        endpoint=row.endpoint,
        p256dh=row.p256dh,
        auth=row.auth,
        language=row.language,
        staff_id=row.staff_id,
        ticket_id=row.ticket_id,
    )


async def subscribe(tx: Tx, one: Subscription, at: datetime) -> int:
    """One row an endpoint: a browser belongs to who signed in last. Gives its id."""
    values = {
        "endpoint": one.endpoint,
        "p256dh": one.p256dh,
        "auth": one.auth,
        "language": one.language,
        "staff_id": one.staff_id,
        "ticket_id": one.ticket_id,
        "created_at": at,
    }
    made = _dialect(tx).insert(push_subscriptions).values(**values)
    changed = {name: made.excluded[name] for name in values if name != "endpoint"}
    query = made.on_conflict_do_update(index_elements=["endpoint"], set_=changed)
    return int((await tx.conn.execute(query.returning(push_subscriptions.c.id))).scalar_one())


async def unsubscribe(tx: Tx, ids: Collection[int], *, staff_id: int | None = None) -> int:
    """How many there were; of `staff_id` alone when it is given."""
    p = push_subscriptions.c
    query = delete(push_subscriptions).where(p.id.in_(ids))
    if staff_id is not None:
        query = query.where(p.staff_id == staff_id)
    return int((await tx.conn.execute(query)).rowcount)


async def unsubscribe_of_ticket(tx: Tx, endpoint: str, ticket_id: int) -> int:
    """The browser of a resident, by its endpoint, which nobody else knows; how many there were."""
    p = push_subscriptions.c
    query = delete(push_subscriptions).where(p.endpoint == endpoint, p.ticket_id == ticket_id)
    return int((await tx.conn.execute(query)).rowcount)


async def how_many_of(conn: AsyncConnection, *, staff_id: int | None, ticket_id: int | None) -> int:
    p = push_subscriptions.c
    own = p.staff_id == staff_id if staff_id is not None else p.ticket_id == ticket_id
    query = select(func.count()).select_from(push_subscriptions).where(own)
    return int((await conn.execute(query)).scalar_one())


async def oldest_browser(conn: AsyncConnection, *, staff_id: int | None, ticket_id: int | None, but: str) -> int | None:
    """The one that makes room; None when `but` is one of them already."""
    p = push_subscriptions.c
    own = p.staff_id == staff_id if staff_id is not None else p.ticket_id == ticket_id
    query = select(p.id, p.endpoint).where(own).order_by(p.created_at, p.id)
    found = (await conn.execute(query)).all()
    return None if not found or any(row.endpoint == but for row in found) else int(found[0].id)


async def subscriptions_for(conn: AsyncConnection, one: Notice) -> list[Subscription]:
    """The browsers that a push goes to: of one of the staff, of all of a role, or of the ticket's resident."""
    p, s = push_subscriptions.c, staff.c
    query = select(push_subscriptions)
    if one.to.staff_id is not None:
        query = query.where(p.staff_id == one.to.staff_id)
        query = query.where(p.staff_id.in_(select(s.id).where(s.active)))
    elif one.to.role:
        query = query.where(p.staff_id.in_(select(s.id).where(s.role == one.to.role, s.active)))
    else:
        own = select(tickets.c.id).where(tickets.c.number == one.ticket_number)
        query = query.where(and_(p.ticket_id.is_not(None), p.ticket_id.in_(own)))
    return [_subscription(row) for row in await conn.execute(query.order_by(p.id))]


async def has_browser(conn: AsyncConnection, *, ticket_id: int) -> bool:
    return await how_many_of(conn, staff_id=None, ticket_id=ticket_id) > 0


# --- the key that signs pushes -----------------------------------------------------------------------------


async def key(conn: AsyncConnection, name: str) -> str | None:
    query = select(notice_keys.c.private).where(notice_keys.c.name == name)
    return (await conn.execute(query)).scalar_one_or_none()


async def add_key(tx: Tx, name: str, private: str, at: datetime) -> str:
    """Keep it; the one that was there before stays. Gives the one that holds."""
    values = {"name": name, "private": private, "created_at": at}
    await tx.conn.execute(_dialect(tx).insert(notice_keys).values(**values).on_conflict_do_nothing())
    kept = await key(tx.conn, name)
    assert kept is not None
    return kept


def newest_first(found: Sequence[Notice], limit: int) -> tuple[Sequence[Notice], tuple[datetime, int] | None]:
    """A page out of one row more than it has, and where the next begins."""
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], (last.created_at, last.id)
