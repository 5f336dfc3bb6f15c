"""A database of the release before (the bridge, schema 0001) with its data is upgraded, loses nothing, and serves.

`data/bridge.sql.gz` was written by the bridge's last commit: a small town, two calls, a duty, a recording, tickets.
"""

from __future__ import annotations

import asyncio
import gzip
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import BigInteger, Connection, create_engine, func, insert, inspect, select, text
from sqlalchemy.ext.asyncio import create_async_engine

from callengine.clock import ManualClock
from callengine.store import transcripts
from callengine.store.database import Store
from callengine.store.migrate import config, migrate
from callengine.store.tables import classifier, classifier_groups, houses, metadata, ticket_organisations, tickets
from callengine.tickets.model import RANKS, Urgency
from tests.api.conftest import Desk
from tests.postgres import PostgresServer

DUMP = Path(__file__).with_name("data") / "bridge.sql.gz"


def bridge_database(path: Path) -> Path:
    with sqlite3.connect(path) as conn:
        conn.executescript(gzip.decompress(DUMP.read_bytes()).decode())
    conn.close()
    return path


@pytest.fixture
def bridge(tmp_path: Path) -> Path:
    return bridge_database(tmp_path / "bridge.db")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def upgraded(request: pytest.FixtureRequest, bridge: Path) -> str:
    """The URL of the upgraded database."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{bridge}"
    else:
        url = request.getfixturevalue("empty_postgres")
        await _copy(bridge, url)
    await asyncio.to_thread(migrate, url)
    return url


@pytest.fixture
def empty_postgres(postgres_server: PostgresServer) -> Iterator[str]:
    name = postgres_server.create("template0")
    yield postgres_server.url(name)
    postgres_server.drop(name)


async def _copy(bridge: Path, url: str) -> None:
    """The same rows in PostgreSQL at the schema of the bridge."""
    source = create_engine(f"sqlite:///{bridge}")
    engine = create_async_engine(url)
    async with engine.begin() as conn:
        await conn.run_sync(lambda sync: command.upgrade(config(sync), "0001"))
        with source.connect() as old:
            had = inspect(old)
            for table in metadata.sorted_tables:
                if not had.has_table(table.name):
                    continue
                columns = [table.c[column["name"]] for column in had.get_columns(table.name)]
                rows = [dict(row._mapping) for row in old.execute(select(*columns))]
                if rows:
                    await conn.execute(insert(table), rows)
                if "id" in table.c and isinstance(table.c.id.type, BigInteger):
                    await conn.execute(
                        text(
                            f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "
                            f"(SELECT COALESCE(MAX(id), 0) + 1 FROM {table.name}), false)"
                        )
                    )
    source.dispose()
    await engine.dispose()


def counts(conn: Connection) -> dict[str, int]:
    return {
        name: conn.execute(text(f'SELECT COUNT(*) FROM "{name}"')).scalar_one()
        for name in inspect(conn).get_table_names()
        if name != "alembic_version"
    }


async def test_no_row_is_lost(bridge: Path, upgraded: str) -> None:
    with sqlite3.connect(bridge_database(bridge.with_name("as-it-was.db"))) as conn:
        named = [name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        before = {name: conn.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0] for name in named}
    conn.close()
    before.pop("alembic_version")
    assert before["tickets"] == 3 and before["duties"] == 1 and before["recordings"] == 1
    store = Store(upgraded)
    async with store.read() as now:
        after = await now.run_sync(counts)
    await store.close()
    # The words of tickets have an index of their own since 0003, and their applicants' numbers are words there too.
    of_tickets = before.pop("search_words") - after.pop("search_words")
    assert of_tickets == 64
    assert after["ticket_postings"] == of_tickets + before["tickets"]
    assert {name: after[name] for name in before} == before


async def test_old_tickets_get_what_the_new_columns_would_have_held(upgraded: str) -> None:
    store = Store(upgraded)
    async with store.read() as conn:
        rows = list(await conn.execute(select(tickets, houses.c.district.label("of_house")).join(houses)))
        past = set((await conn.execute(select(ticket_organisations.c.ticket_id))).scalars())
        groups = set((await conn.execute(select(classifier_groups.c.code))).scalars())
        parents = set((await conn.execute(select(classifier.c.parent))).scalars())
    await store.close()
    assert len(rows) == 3
    for row in rows:
        assert row.rank == RANKS[Urgency(row.urgency)]
        assert row.due_at == (row.accept_by or row.fix_by)
        assert row.district == row.of_house != ""
        assert row.touched_at == row.created_at
        assert (row.id in past) == (row.organisation_id is not None)
    assert parents == groups and "HVS" in groups


async def test_the_upgraded_database_serves_and_its_tickets_live_on(upgraded: str, tmp_path: Path) -> None:
    store = Store(upgraded)
    clock = ManualClock()
    desk = Desk(store, clock, tmp_path)
    await desk.open()
    try:
        rows = (await desk.ask("GET", "/tickets"))["items"]
        assert len(rows) == 3
        (found,) = (await desk.ask("GET", "/tickets?q=залив"))["items"]
        ticket: dict[str, Any] = await desk.ask("GET", f"/tickets/{found['number']}")
        assert ticket["recordings"] and [event["what"] for event in ticket["history"]] == ["registered", "routed"]
        move = {"move": "accept", "reason": "приняли по телефону", "version": ticket["version"]}
        accepted = await desk.ask("POST", f"/tickets/{ticket['number']}/moves", json=move)
        assert accepted["status"] == "no_executor"
        house_id = ticket["house"]["id"]
        new = {"classifier": "HVS-02", "house_id": house_id, "text": "после обновления"}
        fresh = await desk.ask("POST", "/tickets", json=new, status=201)
        assert fresh["number"] > max(row["number"] for row in rows)
        assert len((await desk.ask("GET", "/callbacks"))["items"]) == 1
    finally:
        await desk.close()
        await store.close()


async def test_every_history_is_still_append_only(upgraded: str) -> None:
    store = Store(upgraded)
    async with store.read() as conn:
        kept = (await conn.execute(select(func.count()).select_from(metadata.tables["ticket_history"]))).scalar_one()
    for table in ("ticket_history", "duty_history"):
        with pytest.raises(Exception, match="append-only"):
            async with store.begin() as tx:
                await tx.conn.execute(text(f"DELETE FROM {table}"))
    await store.close()
    assert kept >= 6


async def test_a_recording_of_before_has_no_transcript_and_may_get_one(upgraded: str) -> None:
    store = Store(upgraded)
    async with store.begin() as tx:
        recording_id = (await tx.conn.execute(select(metadata.tables["recordings"].c.id))).scalars().first()
        assert recording_id is not None
        assert await transcripts.get(tx.conn, recording_id) is None
        assert await transcripts.await_one(tx, recording_id, "ru", ManualClock().now())
        assert not await transcripts.await_one(tx, recording_id, "ru", ManualClock().now())
        assert await transcripts.change(tx, recording_id, state="ready", text="Течёт.", certainty=0.7)
        assert not await transcripts.change(tx, recording_id, state="failed"), "who is late changes nothing"
        assert await transcripts.language_of(tx, "callengine/robot-1-comment") is None
    await store.close()
