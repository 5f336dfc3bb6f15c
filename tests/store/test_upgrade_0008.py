"""A database of the release before (schema 0007) with campaigns and marks is upgraded: counted, rated, nothing lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import create_async_engine

from callengine import config as settings
from callengine.clock import ManualClock
from callengine.outreach.campaigns import CampaignsService
from callengine.outreach.ratings import RatingsService, Sees
from callengine.store.database import Store, microseconds
from callengine.store.migrate import config, migrate
from callengine.store.ratings import Wanted
from tests.postgres import PostgresServer

CLOCK = ManualClock()
# id, state, result, mark, settled
CALLS = (
    (1, "done", "marked", 5, True),
    (2, "done", "not_done", None, True),
    (3, "given_up", "no_answer", None, True),
    (4, "waiting", "", None, False),
    (5, "cancelled", "withdrawn", None, True),
)
# id, call, result, mark
ATTEMPTS = (
    ("robot-1", 1, "no_answer", None),
    ("robot-2", 1, "marked", 5),
    ("robot-3", 2, "not_done", None),
    ("robot-4", 2, "no_answer", None),  # settled later than the one that was told
    ("robot-5", 3, "busy", None),
    ("robot-6", 3, "no_answer", None),
)


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
    command.upgrade(config(conn), "0007")
    now = CLOCK.now() if conn.dialect.name == "postgresql" else microseconds(CLOCK.now())

    def put(table: str, **values: object) -> None:
        names = ", ".join(values)
        conn.execute(text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in values)})"), values)

    put("organisations", id=1, code="zar", name="УК «Заречье»", kind="management_company")
    put(
        "classifier", code="HVS-01", category="Вода", problem_ru="Течь", problem_en="Leak", search="", urgency="normal",
        organisation_kind="management_company", organisation_kinds_next="[]", trade="", responsible="", clock="24x7",
        notify_municipality=False, questions="[]", source="",
    )  # fmt: skip
    put(
        "tickets", id=7, number="26-000007", status="closed", urgency="normal", classifier_code="HVS-01", premise="5",
        applicant_name="Жилец", applicant_number="+79073300001", text="", answers="[]", organisation_id=1,
        organisation_reason="", deadline_reason="", created_at=now,
    )  # fmt: skip
    put(
        "campaigns", id=1, code="rating", kind="rating", name="rating", state="running", priority=30, language="ru",
        hours="09-20", days="no_holidays", most_lines=2, most_attempts=3, zones='["Europe/Moscow"]', created_at=now,
        created_by="callengine", changed_at=now, changed_by="callengine",
    )  # fmt: skip
    for id, state, result, mark, settled in CALLS:
        put(
            "outreach_calls", id=id, campaign_id=1, key=f"rating:7:{id}", ticket_id=7, number=f"+7907330000{id}",
            zone="Europe/Moscow", language="ru", state=state, due_at=now, result=result, mark=mark, created_at=now,
            settled_at=now if settled else None,
        )  # fmt: skip
    for n, (name, call, result, mark) in enumerate(ATTEMPTS):
        put(
            "outreach_attempts", id=name, outreach_call_id=call, campaign_id=1, number=f"+7907330{n:04}", pbx="main",
            state="settled", lease_until=now, planned_at=now, settled_at=now, result=result, mark=mark,
        )  # fmt: skip


async def test_old_campaigns_are_counted_and_old_marks_are_in_the_figures(url: str) -> None:
    engine = create_async_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys=ON").close())
    async with engine.begin() as conn:
        await conn.run_sync(_write)
    await engine.dispose()
    await asyncio.to_thread(migrate, url)
    store, locale = Store(url), settings.Locale()
    try:
        campaigns = CampaignsService(store, CLOCK, settings.Outreach(), locale)
        ((campaign,), _) = await campaigns.find()
        assert (campaign.choice, campaign.spacing, campaign.channels) == ({}, {}, ("call",))
        progress = (await campaigns.progress([1]))[1]
        assert (progress.total, progress.settled, progress.marks) == (5, 3, {5: 1})
        assert progress.results == {"marked": 1, "not_done": 1, "no_answer": 1, "withdrawn": 1}
        found = await RatingsService(store, CLOCK, locale).summary(Wanted(), Sees(everything=True), by="organisation")
        assert (found.whole.asked, found.whole.marks, found.whole.not_done) == (3, {5: 1}, 1)
        assert [(row.key, row.name) for row in found.rows] == [("1", "УК «Заречье»")]
        listed, _ = await RatingsService(store, CLOCK, locale).find(Wanted(), Sees(everything=True))
        told = {one.attempt.outreach_call_id: (one.attempt.id, one.result) for one in listed}
        assert told == {1: ("robot-2", "marked"), 2: ("robot-3", "not_done"), 3: ("robot-6", "no_answer")}
        async with store.begin() as tx:
            await tx.conn.execute(
                text("UPDATE outreach_calls SET state = 'done', result = 'marked', mark = 3 WHERE id = 4")
            )
        assert (await campaigns.progress([1]))[1].marks == {5: 1, 3: 1}, "what comes after is counted too"
    finally:
        await store.close()


@pytest.mark.postgres
async def test_a_call_that_another_engine_settles_while_the_upgrade_runs_is_counted_as_it_is(
    fresh_postgres: str,
) -> None:
    engine = create_async_engine(fresh_postgres)
    async with engine.begin() as conn:
        await conn.run_sync(_write)
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with engine.connect() as conn, engine.connect() as looks:
        await conn.execute(text("UPDATE outreach_calls SET state = 'done', result = 'marked', mark = 4 WHERE id = 4"))
        upgrade = asyncio.create_task(asyncio.to_thread(migrate, fresh_postgres))
        async with asyncio.timeout(60):
            while not (await looks.execute(waiting)).scalar_one() and not upgrade.done():
                await looks.commit()
                await asyncio.sleep(0.01)
        await conn.commit()
        await upgrade
    await engine.dispose()
    store = Store(fresh_postgres)
    try:
        progress = (await CampaignsService(store, CLOCK, settings.Outreach(), settings.Locale()).progress([1]))[1]
        assert (progress.total, progress.settled, progress.marks) == (5, 4, {4: 1, 5: 1})
    finally:
        await store.close()
