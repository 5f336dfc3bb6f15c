"""A database of the release before (schema 0010) with a person and tickets is upgraded: told as ever, nothing lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from callengine.access.model import Principal
from callengine.clock import ManualClock
from callengine.store import directory
from callengine.store import tickets as ticket_rows
from callengine.store.database import Store, microseconds
from callengine.store.migrate import config, migrate
from callengine.tickets.support import SupportService
from callengine.tickets.ways import WaysService
from tests.postgres import PostgresServer

CLOCK = ManualClock()
ORLOVA = Principal(None, "supervisor", None, "Орлова Ирина", None, "orlova")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'before.db'}"
    found: str = request.getfixturevalue("fresh_postgres")
    return found


@pytest.fixture
def fresh_postgres(postgres_server: PostgresServer) -> Iterator[str]:
    name = postgres_server.create("template0")
    yield postgres_server.url(name)
    postgres_server.drop(name)


def _write(conn: Connection) -> None:
    command.upgrade(config(conn), "0010")
    now = CLOCK.now() if conn.dialect.name == "postgresql" else microseconds(CLOCK.now())

    def put(table: str, **values: object) -> None:
        names = ", ".join(values)
        conn.execute(text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in values)})"), values)

    put("organisations", id=1, code="zar", name="УК «Заречье»", kind="management_company")
    put("people", id=5, code="p5", name="Мельникова Анна", search="мельникова анна")
    put(
        "classifier", code="HVS-01", category="Вода", problem_ru="Течь", problem_en="Leak", search="", urgency="normal",
        organisation_kind="management_company", organisation_kinds_next="[]", trade="", responsible="", clock="24x7",
        notify_municipality=False, questions="[]", source="",
    )  # fmt: skip
    for id, status, organisation in ((7, "in_progress", 1), (8, "closed", None)):
        put(
            "tickets", id=id, number=f"26-00000{id}", status=status, urgency="normal", classifier_code="HVS-01",
            premise="5", applicant_name="Мельникова Анна", applicant_number="+79073300001", person_id=5, text="",
            answers="[]", organisation_id=organisation, organisation_reason="", deadline_reason="Устранить: 1 сут",
            fix_by=now, created_at=now, postponed_until=now,
        )  # fmt: skip
        put("ticket_history", id=id, ticket_id=id, at=now, what="registered", author="Петрова", data="{}")


async def test_people_and_tickets_of_before_are_told_as_ever_and_may_choose_from_now_on(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as conn:
        await conn.run_sync(_write)
    await engine.dispose()
    await asyncio.to_thread(migrate, url)
    store = Store(url)
    try:
        async with store.read() as conn:
            [person] = await directory.persons(conn, [5], CLOCK.now())
            ticket = await ticket_rows.get(conn, "26-000007")
        assert (person.notify, person.email, person.name) == ("", "", "Мельникова Анна")
        assert ticket is not None and len(ticket.history) == 1
        assert (ticket.applicant.notify, ticket.applicant.email, ticket.applicant.person_id) == ("", "", 5)
        assert (ticket.interim_at, ticket.interim_until, ticket.interim_text) == (None, None, "")
        assert ticket.deadlines.interim_by is None and ticket.postponed_until == CLOCK.now()
        changed = await WaysService(store, CLOCK).change("26-000007", "none", "", ORLOVA)
        assert changed.applicant.notify == "none"
        before = CLOCK.now()
        CLOCK.advance(seconds=1)
        found = await SupportService(store, CLOCK).figures(before, CLOCK.now())
        assert [(row.level, row.registered, row.closed) for row in found.levels] == [
            (1, 1, 1),
            (2, 0, 0),
            (3, 1, 0),
            (4, 0, 0),
        ]
    finally:
        await store.close()
