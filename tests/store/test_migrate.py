"""The migrations make exactly the schema of tables.py, keep data, and guard the histories."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Column, Connection, delete, insert, select, text, update

from callengine.clock import ManualClock
from callengine.store.database import Store
from callengine.store.migrate import config, migrate
from callengine.store.tables import duties, duty_history, metadata, organisations
from tests.postgres import PostgresServer


def newest() -> str:
    head = ScriptDirectory.from_config(config()).get_current_head()
    assert head
    return head


async def test_migrating_makes_exactly_the_schema_of_tables(store: Store) -> None:
    on_postgres = store.url.startswith("postgresql")  # Alembic misreads SQLite's empty-string defaults

    def differences(connection: Connection) -> list[object]:
        defaults = _other_default if on_postgres else False
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": defaults}
        )
        found: list[object] = compare_metadata(context, metadata)
        return found

    async with store.read() as conn:
        assert await conn.run_sync(differences) == []


def _other_default(
    _context: object, _found: object, column: Column[Any], found: str | None, _wanted: object, wanted: str | None
) -> bool | None:
    """Alembic would ask PostgreSQL whether two JSON are equal, which it cannot say; None leaves it to Alembic."""
    if not isinstance(column.type, JSON):
        return None
    return (found or "").split("::")[0] != (wanted or "")


async def test_migrating_again_keeps_the_data(store: Store) -> None:
    async with store.begin() as tx:
        await tx.conn.execute(insert(organisations).values(code="uk1", name="УК «Центр»", kind="management_company"))
    await asyncio.to_thread(migrate, store.url)
    async with store.read() as conn:
        assert (await conn.execute(select(organisations.c.name))).scalar_one() == "УК «Центр»"


async def test_the_history_of_a_duty_refuses_to_be_changed(store: Store, clock: ManualClock) -> None:
    async with store.begin() as tx:
        duty_id = (
            await tx.conn.execute(
                insert(duties)
                .values(
                    line="109",
                    number_kind="e164",
                    number="+79074121806",
                    state="open",
                    arrived_at=clock.now(),
                    due_at=clock.now(),
                    legal_due_at=clock.now(),
                    missed_count=1,
                )
                .returning(duties.c.id)
            )
        ).scalar_one()
        await tx.conn.execute(insert(duty_history).values(duty_id=duty_id, at=clock.now(), what="opened", data={}))
    for change in (update(duty_history).values(what="forged"), delete(duty_history)):
        with pytest.raises(Exception, match="append-only"):
            async with store.begin() as tx:
                await tx.conn.execute(change)
    async with store.read() as conn:
        assert (await conn.execute(select(duty_history.c.what))).scalars().all() == ["opened"]


def test_a_fresh_folder_gets_its_database(tmp_path: Path) -> None:
    path = tmp_path / "var" / "new.db"
    migrate(f"sqlite+aiosqlite:///{path}")
    with sqlite3.connect(path) as conn:
        assert conn.execute("SELECT version_num FROM alembic_version").fetchall() == [(newest(),)]
    conn.close()


def test_two_engines_migrating_at_once_do_it_once(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'new.db'}"
    _migrate_from_two_threads(url)


@pytest.mark.postgres
def test_two_engines_migrating_at_once_do_it_once_on_postgres(postgres_server: PostgresServer) -> None:
    name = postgres_server.create("template0")
    _migrate_from_two_threads(postgres_server.url(name))
    postgres_server.drop(name)


def _migrate_from_two_threads(url: str) -> None:
    mistakes: list[BaseException] = []

    def work() -> None:
        try:
            migrate(url)
        except BaseException as error:
            mistakes.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mistakes == []


async def test_the_schema_holds_a_truth_value_by_default(store: Store) -> None:
    async with store.begin() as tx:
        await tx.conn.execute(text("INSERT INTO organisations (code, name, kind) VALUES ('a', 'b', 'c')"))
    async with store.read() as conn:
        assert (await conn.execute(select(organisations.c.active))).scalar_one() is True
