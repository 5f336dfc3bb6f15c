"""A house as it is written by hand, and what stands on its card: premises, who serves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.directory import search
from callengine.directory.model import Organisation, Premise, Service
from callengine.store.database import Tx
from callengine.store.imports import index_houses
from callengine.store.tables import contract_houses, contracts, houses, organisations, premises, residences


async def premises_of(conn: AsyncConnection, house_id: int) -> list[Premise]:
    query = select(premises).where(premises.c.house_id == house_id)
    found = [Premise(row.id, row.number, row.kind, row.entrance, row.floor) for row in await conn.execute(query)]
    return sorted(found, key=lambda one: (one.entrance or 0, search.house_number_key(one.number)))


async def residents_of(conn: AsyncConnection, house_id: int) -> dict[str, list[int]]:
    """Who lives behind which door: {premise: people}."""
    query = select(residences.c.premise, residences.c.person_id).where(residences.c.house_id == house_id)
    found: dict[str, list[int]] = {}
    for row in await conn.execute(query.order_by(residences.c.id)):
        found.setdefault(row.premise, []).append(row.person_id)
    return found


async def services_of(conn: AsyncConnection, house_id: int, at: datetime) -> list[Service]:
    """Contracts of the moment on this house or on all, the house's own first, then by priority."""
    c = contracts.c
    own = select(contract_houses.c.contract_id).where(contract_houses.c.house_id == house_id)
    valid = (
        or_(c.id.in_(own), c.everywhere),
        or_(c.valid_from.is_(None), c.valid_from <= at),
        or_(c.valid_until.is_(None), c.valid_until > at),
        c.removed_at.is_(None),
        organisations.c.active,
    )
    query = (
        select(contracts, *(organisations.c[name].label(f"o_{name}") for name in organisations.c.keys()))
        .select_from(contracts.join(organisations, organisations.c.id == c.organisation_id))
        .where(*valid)
        .order_by(c.everywhere, c.kind, c.priority, c.code)
    )
    found = []
    for row in await conn.execute(query):
        its = Organisation(**{name: row._mapping[f"o_{name}"] for name in organisations.c.keys()})
        found.append(Service(its, row.kind, row.code, row.branch, row.everywhere, row.priority, row.valid_until))
    return found


async def at_address(conn: AsyncConnection, street: str, number: str) -> list[int]:
    """Houses called exactly so."""
    query = select(houses.c.id).where(houses.c.search == " ".join(search.house_words(street, number)))
    return list((await conn.execute(query)).scalars())


async def add(tx: Tx, values: Mapping[str, Any]) -> int:
    id = int((await tx.conn.execute(insert(houses).values(**_searched(values)).returning(houses.c.id))).scalar_one())
    await index_houses(tx.conn, [id])
    return id


async def save(tx: Tx, house_id: int, values: Mapping[str, Any]) -> None:
    """Write a house; the caller kept its former name before."""
    await tx.conn.execute(update(houses).where(houses.c.id == house_id).values(**_searched(values)))
    await index_houses(tx.conn, [house_id])


def _searched(values: Mapping[str, Any]) -> dict[str, Any]:
    return {**values, "search": " ".join(search.house_words(values["street"], values["number"]))}


async def put_premises(tx: Tx, house_id: int, wanted: Sequence[Premise]) -> None:
    """Set the doors of a house; those that stay keep their rows."""
    have = {one.number: one for one in await premises_of(tx.conn, house_id)}
    names = {one.number for one in wanted}
    if gone := [one.id for number, one in have.items() if number not in names]:
        await tx.conn.execute(delete(premises).where(premises.c.id.in_(gone)))
    for one in wanted:
        about = {"kind": one.kind, "entrance": one.entrance, "floor": one.floor}
        old = have.get(one.number)
        if old is None:
            await tx.conn.execute(insert(premises).values(house_id=house_id, number=one.number, **about))
        elif about != {"kind": old.kind, "entrance": old.entrance, "floor": old.floor}:
            await tx.conn.execute(update(premises).where(premises.c.id == old.id).values(**about))
