"""Queries about staff, their states, sessions and tokens, and the log of who read what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.access.model import Member, Principal
from callengine.store.database import Tx
from callengine.store.tables import organisations, reading_log, sessions, staff, staff_states

ROBOT_PREFIX = "token:"
ASKED = 200  # tokens a statement names


def _members() -> Select[Any]:
    now = and_(staff_states.c.staff_id == staff.c.id, staff_states.c.ended_at.is_(None))
    return select(
        staff.c.id,
        staff.c.login,
        staff.c.name,
        staff.c.role,
        staff.c.extension,
        staff.c.organisation_id,
        staff.c.active,
        staff.c.language,
        func.coalesce(staff_states.c.state, "offline").label("state"),
        func.coalesce(staff_states.c.reason, "").label("state_reason"),
        staff_states.c.began_at.label("state_since"),
    ).select_from(staff.outerjoin(staff_states, now))


async def members(conn: AsyncConnection) -> list[Member]:
    """The people; tokens that belong to nobody are none."""
    people = ~staff.c.login.startswith(ROBOT_PREFIX)
    rows = await conn.execute(_members().where(people).order_by(staff.c.name, staff.c.id))
    return [Member(**row._mapping) for row in rows]


async def member(conn: AsyncConnection, staff_id: int) -> Member | None:
    row = (await conn.execute(_members().where(staff.c.id == staff_id))).first()
    return Member(**row._mapping) if row else None


async def at_extension(conn: AsyncConnection, extension: str) -> Member | None:
    row = (await conn.execute(_members().where(staff.c.extension == extension, staff.c.active))).first()
    return Member(**row._mapping) if row else None


async def secret_of(conn: AsyncConnection, login: str) -> tuple[int, str | None] | None:
    """(id, password hash) of an active person."""
    query = select(staff.c.id, staff.c.password_hash).where(staff.c.login == login, staff.c.active)
    row = (await conn.execute(query)).first()
    return (row.id, row.password_hash) if row else None


async def set_password(tx: Tx, staff_id: int, password_hash: str) -> None:
    await tx.conn.execute(update(staff).where(staff.c.id == staff_id).values(password_hash=password_hash))


async def add_staff(tx: Tx, **values: Any) -> int:
    done = await tx.conn.execute(insert(staff).values(**values).returning(staff.c.id))
    return int(done.scalar_one())


async def robot_of(tx: Tx, name: str, role: str) -> int:
    """The row of a token that belongs to no person; tokens of one name share it."""
    login = ROBOT_PREFIX + name
    found = (await tx.conn.execute(select(staff.c.id).where(staff.c.login == login))).scalar_one_or_none()
    return int(found) if found is not None else await add_staff(tx, login=login, name=name, role=role)


async def add_session(tx: Tx, **values: Any) -> None:
    await tx.conn.execute(insert(sessions).values(**values))


async def end_session(tx: Tx, token_hash: bytes) -> None:
    await tx.conn.execute(sessions.delete().where(sessions.c.token_hash == token_hash))


async def end_other_sessions(tx: Tx, staff_id: int, keep: bytes) -> list[bytes]:
    """Ends a person's cookie sessions but one. Returns what was ended."""
    gone = sessions.delete().where(
        sessions.c.staff_id == staff_id, sessions.c.kind == "session", sessions.c.token_hash != keep
    )
    return list((await tx.conn.execute(gone.returning(sessions.c.token_hash))).scalars())


async def end_tokens(tx: Tx, staff_id: int) -> list[bytes]:
    """Ends the tokens that a person's programs have. Returns what was ended."""
    gone = sessions.delete().where(sessions.c.staff_id == staff_id, sessions.c.kind == "token")
    return list((await tx.conn.execute(gone.returning(sessions.c.token_hash))).scalars())


async def tokens_of(conn: AsyncConnection, staff_id: int) -> list[bytes]:
    """The hashes of the tokens that a person's programs have."""
    query = select(sessions.c.token_hash).where(sessions.c.staff_id == staff_id, sessions.c.kind == "token")
    return list((await conn.execute(query)).scalars())


async def forget_expired(tx: Tx, now: datetime) -> list[bytes]:
    """Returns what was forgotten."""
    gone = sessions.delete().where(sessions.c.expires_at <= now)
    return list((await tx.conn.execute(gone.returning(sessions.c.token_hash))).scalars())


async def last_expiry(conn: AsyncConnection, staff_id: int, now: datetime) -> datetime | None:
    """When the last of a person's live sessions runs out; None when there is none, or he may not come in any more."""
    query = select(sessions.c.expires_at).select_from(sessions.join(staff, staff.c.id == sessions.c.staff_id))
    query = query.where(
        sessions.c.staff_id == staff_id, sessions.c.kind == "session", sessions.c.expires_at > now, staff.c.active
    )
    found: datetime | None = (await conn.execute(query.order_by(sessions.c.expires_at.desc()).limit(1))).scalar()
    return found


async def has_token(conn: AsyncConnection, staff_id: int) -> bool:
    """True when a program may act for this active person."""
    query = select(sessions.c.token_hash).select_from(sessions.join(staff, staff.c.id == sessions.c.staff_id))
    query = query.where(sessions.c.staff_id == staff_id, sessions.c.kind == "token", staff.c.active)
    return (await conn.execute(query.limit(1))).first() is not None


async def principal(conn: AsyncConnection, token_hash: bytes, now: datetime) -> Principal | None:
    """Who holds this token. A session has the person's role of today, a token the role that it was made with."""
    row = (await conn.execute(_holders().where(sessions.c.token_hash == token_hash))).first()
    return _principal(row, now) if row else None


async def principals(conn: AsyncConnection, token_hashes: Sequence[bytes], now: datetime) -> dict[bytes, Principal]:
    """Who holds these tokens, by them; those that let nobody in are left out."""
    found: dict[bytes, Principal] = {}
    for first in range(0, len(token_hashes), ASKED):
        query = _holders().where(sessions.c.token_hash.in_(token_hashes[first : first + ASKED]))
        for row in await conn.execute(query):
            if (who := _principal(row, now)) is not None:
                found[who.token_hash] = who
    return found


def _holders() -> Select[Any]:
    return (
        select(sessions, staff.c.id.label("person"), staff.c.name.label("person_name"), staff.c.role.label("own_role"))
        .add_columns(staff.c.extension, staff.c.login, staff.c.language, staff.c.active, staff.c.districts)
        .add_columns(staff.c.organisation_id.label("own_organisation_id"))
        .select_from(sessions.outerjoin(staff, staff.c.id == sessions.c.staff_id))
    )


def _principal(row: Any, now: datetime) -> Principal | None:
    if (row.expires_at and row.expires_at <= now) or (row.person and not row.active):
        return None
    of_person = row.kind == "session"
    return Principal(
        staff_id=row.person,
        role=row.own_role if of_person else row.role,
        organisation_id=row.own_organisation_id if of_person else row.organisation_id,
        name=row.person_name or row.name,
        extension=row.extension,
        login=row.login or "",
        language=row.language or "ru",
        token_hash=row.token_hash,
        districts=tuple(row.districts or ()),
    )


async def organisation_exists(conn: AsyncConnection, organisation_id: int) -> bool:
    query = select(organisations.c.id).where(organisations.c.id == organisation_id)
    return (await conn.execute(query)).first() is not None


async def change_state(tx: Tx, staff_id: int, state: str, reason: str, at: datetime) -> None:
    await tx.conn.execute(
        update(staff_states)
        .where(staff_states.c.staff_id == staff_id, staff_states.c.ended_at.is_(None))
        .values(ended_at=at)
    )
    await tx.conn.execute(insert(staff_states).values(staff_id=staff_id, state=state, reason=reason, began_at=at))


async def log_reading(tx: Tx, *, at: datetime, who: Principal, what: str, subject: str, why: str = "") -> None:
    row = {"at": at, "staff_id": who.staff_id, "who": who.name, "what": what, "subject": subject, "why": why}
    await tx.conn.execute(insert(reading_log).values(**row))
