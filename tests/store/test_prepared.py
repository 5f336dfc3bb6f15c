"""Prepared statements and glances: what a statement keeps from run to run, and what a reader of one trip may do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import bindparam, insert, select, text

from callengine.errors import Unavailable
from callengine.store.database import Store, StoreLost
from callengine.store.postgres import Glance
from callengine.store.prepared import Prepared, Reader
from callengine.store.tables import organisations, tickets
from callengine.store.visibility import shape_of, values_of, within
from callengine.tickets.visibility import Scope

AT = datetime(2026, 11, 20, 8, 0, 0, 123_457, tzinfo=UTC)
OTHERS_DIE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
o = organisations.c
NAMES = Prepared(select(o.id, o.name, o.active).where(o.kind == bindparam("kind", "firm")).order_by(o.id))


@pytest.fixture(autouse=True)
async def firms(store: Store) -> None:
    rows = [{"id": n, "code": f"o{n}", "name": f"УК {n}", "kind": ("firm", "city")[n % 2]} for n in range(1, 5)]
    async with store.begin() as tx:
        await tx.conn.execute(insert(organisations), rows)


async def test_rows_have_names_and_types_on_every_kind_of_connection(store: Store) -> None:
    async def read(conn: Reader) -> list[Any]:
        return await NAMES.rows(conn, kind="city")

    async with store.begin() as tx:
        in_transaction = await read(tx.conn)
    async with store.read() as conn:
        in_reading = await read(conn)
    for rows in (in_transaction, in_reading, await store.glance(read)):
        assert [(row.id, row.name, row.active) for row in rows] == [(1, "УК 1", True), (3, "УК 3", True)]
        assert isinstance(rows[0].active, bool)


async def test_a_named_value_is_asked_for_at_each_run_and_never_stays_from_the_building(store: Store) -> None:
    async with store.read() as conn:
        with pytest.raises(KeyError):
            await NAMES.rows(conn)


async def test_a_moment_comes_back_as_it_was_written(store: Store) -> None:
    told = Prepared(select(bindparam("at", type_=tickets.c.created_at.type).label("at")))
    async with store.read() as conn:
        assert await told.scalar(conn, at=AT) == AT


async def test_a_thing_made_of_a_row_is_made_anew_when_the_row_changes(store: Store) -> None:
    one = Prepared(select(o.id, o.name).where(o.id == bindparam("id")))
    async with store.begin() as tx:
        first = await one.made(tx.conn, lambda row: [row.name], id=1)
        again = await one.made(tx.conn, lambda row: [row.name], id=1)
        await tx.conn.execute(organisations.update().where(o.id == 1).values(name="ТСЖ"))
        changed = await one.made(tx.conn, lambda row: [row.name], id=1)
    assert first[0] is again[0]
    assert changed == [["ТСЖ"]]


@pytest.mark.parametrize(
    "scope",
    [Scope(organisation_id=7), Scope(executor_id=8), Scope(districts=("Центр", "Заречье"))],
    ids=["organisation", "executor", "districts"],
)
def test_the_shape_of_a_scope_has_none_of_its_values_and_names_every_one(scope: Scope) -> None:
    blank = select(tickets.c.id).where(within(shape_of(scope))).compile()
    named = values_of(scope)
    assert not {7, 8, "Центр", "Заречье"} & set(blank.params.values())
    assert set(blank.params) <= set(named)
    assert {7, 8, "Центр", "Заречье"} & set(named.values())


async def test_a_glance_cannot_write(store: Store) -> None:
    rename = Prepared(organisations.update().where(o.id == bindparam("one")).values(name="чужое"))

    with pytest.raises(Exception, match=r"read-?only"):
        await store.glance(lambda conn: rename.rows(conn, one=1))
    async with store.read() as conn:
        assert (await conn.execute(select(o.name).where(o.id == 1))).scalar_one() == "УК 1"


async def test_trouble_of_a_prepared_statement_comes_out_as_ours(sqlite_store: Store) -> None:
    rename = Prepared(organisations.update().where(o.id == bindparam("one")).values(name="чужое"))
    with pytest.raises(StoreLost):
        async with sqlite_store.read() as conn:
            await rename.rows(conn, one=1)
    with pytest.raises(StoreLost):
        await sqlite_store.glance(lambda conn: rename.rows(conn, one=1))


async def test_what_goes_wrong_in_a_glance_is_told_to_who_asked_and_the_next_one_reads(store: Store) -> None:
    async def fail(conn: Reader) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.glance(fail)
    assert len(await store.glance(lambda conn: NAMES.rows(conn, kind="firm"))) == 2


async def test_a_glance_together_sees_one_moment(store: Store) -> None:
    seen: list[int] = []

    async def read(conn: Reader) -> None:
        if isinstance(conn, Glance):
            await conn.together()
        seen.append(len(await NAMES.rows(conn, kind="firm")))
        if isinstance(conn, Glance):  # on SQLite the reader's thread waits for nobody, and nobody can write between
            async with store.begin() as tx:
                await tx.conn.execute(insert(organisations), [{"id": 9, "code": "o9", "name": "Новая", "kind": "firm"}])
        seen.append(len(await NAMES.rows(conn, kind="firm")))

    await store.glance(read)
    assert seen == [2, 2]


async def test_a_kept_connection_that_died_is_replaced(store: Store) -> None:
    if store.is_sqlite:
        pytest.skip("a file does not hang up")

    async def read(conn: Reader) -> int:
        return len(await NAMES.rows(conn, kind="firm"))

    assert await store.glance(read) == 2
    async with store.begin() as tx:
        await tx.conn.execute(text(OTHERS_DIE))
    assert await store.glance(read) == 2


async def test_a_store_that_cannot_be_read_says_so() -> None:
    store = Store("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(Unavailable):
        await store.glance(lambda conn: NAMES.rows(conn, kind="firm"))
    await store.close()
