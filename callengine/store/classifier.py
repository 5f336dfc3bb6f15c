"""Queries of the classifier: its state, its versions, and the terms that organisations have of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.store.database import Tx
from callengine.store.prepared import Prepared
from callengine.store.tables import (
    classifier,
    classifier_groups,
    classifier_overrides,
    classifier_versions,
    organisations,
    tickets,
)
from callengine.store.tickets import entry_of
from callengine.tickets.classifier import Override, searchable
from callengine.tickets.classifier_diff import Change, Classifier, change_of, entry_from, group_from, snapshot
from callengine.tickets.model import FINAL, Entry, Group

Conn = AsyncConnection


@dataclass(frozen=True, slots=True)
class Version:
    """One change of the classifier: shipped, import, edit or undo. Lists leave `changes` empty."""

    id: int
    created_at: datetime
    valid_from: datetime
    applied_at: datetime | None
    source: str
    author: str
    staff_id: int | None
    note: str
    undone_by: int | None
    fingerprint: str
    changes: tuple[Change, ...] = ()

    @property
    def state(self) -> str:
        """planned until its moment; applied; undone when another version took it back."""
        if self.undone_by is not None:
            return "undone"
        return "planned" if self.applied_at is None else "applied"


# --- the state --------------------------------------------------------------------------------------------


async def lock(tx: Tx) -> None:
    """Nobody else changes the classifier until our commit; reading goes on. SQLite has one writer anyway."""
    if tx.is_postgres:
        await tx.conn.execute(text("LOCK TABLE classifier_versions IN EXCLUSIVE MODE"))


async def state(conn: AsyncConnection) -> Classifier:
    """All groups and all entries, the retired ones too."""
    above = {row.code: _group_of(row) for row in await conn.execute(select(classifier_groups))}
    below = {row.code: entry_of(row) for row in await conn.execute(select(classifier).order_by(classifier.c.code))}
    return Classifier(above, below)


async def groups(conn: AsyncConnection) -> dict[str, Group]:
    return {row.code: _group_of(row) for row in await conn.execute(select(classifier_groups))}


def _above() -> Any:
    c = classifier_groups.c
    way = select(c.code, c.parent).where(c.code == bindparam("code")).cte("way", recursive=True)
    # UNION, not UNION ALL: a loop, which nobody can write, would end all the same.
    way = way.union(select(c.code, c.parent).join(way, c.code == way.c.parent))
    return select(classifier_groups).join(way, way.c.code == c.code)


_ABOVE = Prepared(_above())


async def groups_above(conn: AsyncConnection, code: str) -> dict[str, Group]:
    """A group and those above it."""
    return {group.code: group for group in await _ABOVE.made(conn, _group_of, code=code)}


def _group_of(row: Any) -> Group:
    return Group(row.code, row.name_ru, row.name_en, row.parent, row.position)


async def put(tx: Tx, changes: Iterable[Change], at: datetime) -> None:
    """Write what the changes make: an entry that comes in is valid from `at`, one that is retired until then."""
    for change in changes:
        if change.kind == "group":
            await _put_group(tx, change)
        elif change.after is not None:
            await _put_entry(tx, change, entry_from(change.after), at)


async def _put_group(tx: Tx, change: Change) -> None:
    if change.after is None:
        await tx.conn.execute(delete(classifier_groups).where(classifier_groups.c.code == change.code))
        return
    group = group_from(change.after)
    values = {"parent": group.parent, "name_ru": group.name_ru, "name_en": group.name_en, "position": group.position}
    await _upsert(tx, classifier_groups, ["code"], {"code": group.code}, values)


async def _put_entry(tx: Tx, change: Change, entry: Entry, at: datetime) -> None:
    values = {name: value for name, value in snapshot(entry).items() if name != "code"}
    values |= {"questions": list(entry.questions), "search": searchable(entry)}
    was_active = change.before is not None and change.before["active"]
    if entry.active and not was_active:
        values |= {"valid_from": at, "valid_until": None}
    elif was_active and not entry.active:
        values |= {"valid_until": at}
    await _upsert(tx, classifier, ["code"], {"code": entry.code}, values)


async def _upsert(tx: Tx, table: Any, keys: list[str], key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    dialect: Any = postgresql if tx.is_postgres else sqlite
    query = dialect.insert(table).values(**key, **values)
    await tx.conn.execute(query.on_conflict_do_update(index_elements=keys, set_=values))


async def open_counts(conn: AsyncConnection) -> dict[str, int]:
    """How many tickets that are not final each entry has. An entry without one is left out."""
    c = tickets.c
    query = select(c.classifier_code, func.count()).where(c.status.not_in(FINAL)).group_by(c.classifier_code)
    return {code: count for code, count in (await conn.execute(query)).all()}


# --- versions ---------------------------------------------------------------------------------------------

_HEAD = [column for column in classifier_versions.c if column.name != "changes"]


async def add_version(
    tx: Tx,
    *,
    created_at: datetime,
    valid_from: datetime,
    applied_at: datetime | None,
    source: str,
    author: str,
    staff_id: int | None,
    note: str,
    changes: Sequence[Change],
    fingerprint: str = "",
) -> int:
    query = insert(classifier_versions).values(
        created_at=created_at,
        valid_from=valid_from,
        applied_at=applied_at,
        source=source,
        author=author,
        staff_id=staff_id,
        note=note,
        changes=[change.kept() for change in changes],
        fingerprint=fingerprint,
    )
    return int((await tx.conn.execute(query.returning(classifier_versions.c.id))).scalar_one())


async def version(conn: AsyncConnection, id: int) -> Version | None:
    row = (await conn.execute(select(classifier_versions).where(classifier_versions.c.id == id))).one_or_none()
    return _version_of(row, row.changes) if row else None


async def versions(conn: AsyncConnection, limit: int, before: int | None = None) -> list[tuple[Version, int]]:
    """The newest first, each with how many entries and groups it changed."""
    c = classifier_versions.c
    query = select(*_HEAD, func.json_array_length(c.changes).label("many")).order_by(c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(c.id < before)
    return [(_version_of(row, ()), int(row.many)) for row in await conn.execute(query)]


def _version_of(row: Any, changes: Iterable[Mapping[str, Any]]) -> Version:
    head = {name: row._mapping[name] for name in Version.__dataclass_fields__ if name != "changes"}
    return Version(**head, changes=tuple(change_of(change) for change in changes))


async def any_version(conn: AsyncConnection) -> bool:
    return (await conn.execute(select(classifier_versions.c.id).limit(1))).first() is not None


async def current_version(conn: AsyncConnection) -> int | None:
    """The version that stands: of those that were applied the last one."""
    c = classifier_versions.c
    query = select(c.id).where(c.applied_at.is_not(None)).order_by(c.applied_at.desc(), c.id.desc()).limit(1)
    return (await conn.execute(query)).scalar_one_or_none()


async def applied_after(conn: AsyncConnection, moment: datetime) -> list[Version]:
    """The versions that came into force after a moment, in their order, whole."""
    c = classifier_versions.c
    query = select(classifier_versions).where(c.applied_at > moment).order_by(c.applied_at, c.id)
    return [_version_of(row, row.changes) for row in await conn.execute(query)]


async def applied_since(conn: AsyncConnection, of: Version) -> list[Version]:
    """The versions that came into force after another one, in their order, whole."""
    assert of.applied_at is not None
    c = classifier_versions.c
    later = (c.applied_at > of.applied_at) | ((c.applied_at == of.applied_at) & (c.id > of.id))
    query = select(classifier_versions).where(later).order_by(c.applied_at, c.id)
    return [_version_of(row, row.changes) for row in await conn.execute(query)]


async def planned(conn: AsyncConnection) -> list[Version]:
    """The versions that wait for their moment, the nearest first."""
    c = classifier_versions.c
    waiting = c.applied_at.is_(None) & c.undone_by.is_(None)
    query = select(classifier_versions).where(waiting).order_by(c.valid_from, c.id)
    return [_version_of(row, row.changes) for row in await conn.execute(query)]


async def set_applied(tx: Tx, id: int, at: datetime, changes: Sequence[Change]) -> None:
    query = update(classifier_versions).where(classifier_versions.c.id == id)
    await tx.conn.execute(query.values(applied_at=at, changes=[change.kept() for change in changes]))


async def set_undone(tx: Tx, id: int, by: int) -> None:
    query = update(classifier_versions).where(classifier_versions.c.id == id)
    await tx.conn.execute(query.values(undone_by=by))


async def revive(tx: Tx, undo: int) -> list[tuple[int, datetime]]:
    """The version that `undo` had taken back stands again: its undo was taken back itself.

    Returns its id and its moment when it is one that still waits for it.
    """
    c = classifier_versions.c
    change = update(classifier_versions).where(c.undone_by == undo).values(undone_by=None)
    revived = await tx.conn.execute(change.returning(c.id, c.valid_from, c.applied_at))
    return [(row.id, row.valid_from) for row in revived if row.applied_at is None]


# --- overrides --------------------------------------------------------------------------------------------

_TERMS = ("accept_minutes", "localize_minutes", "fix_minutes", "clock", "urgency", "reason")
_OF_ORGANISATION = Prepared(
    select(classifier_overrides)
    .where(classifier_overrides.c.organisation_id == bindparam("organisation"))
    .order_by(classifier_overrides.c.branch)
)


async def overrides_of(conn: AsyncConnection, organisation_id: int) -> list[Override]:
    """What one organisation has of its own, by branch."""
    rows = await _OF_ORGANISATION.rows(conn, organisation=organisation_id)
    return [Override(row.organisation_id, row.branch, **{name: getattr(row, name) for name in _TERMS}) for row in rows]


async def put_override(tx: Tx, override: Override) -> None:
    key = {"organisation_id": override.organisation_id, "branch": override.branch}
    values = {name: getattr(override, name) for name in _TERMS}
    await _upsert(tx, classifier_overrides, ["organisation_id", "branch"], key, values)


async def drop_override(tx: Tx, organisation_id: int, branch: str) -> bool:
    c = classifier_overrides.c
    query = delete(classifier_overrides).where(c.organisation_id == organisation_id, c.branch == branch)
    return bool((await tx.conn.execute(query)).rowcount)


async def has_organisation(conn: AsyncConnection, organisation_id: int) -> bool:
    query = select(organisations.c.id).where(organisations.c.id == organisation_id)
    return (await conn.execute(query)).first() is not None
