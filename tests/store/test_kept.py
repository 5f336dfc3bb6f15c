"""What is kept at SQLite's writer is what the tables would give, whoever wrote to them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from callengine.store import contracts as contract_rows
from callengine.store import kept
from callengine.store.database import Store, Tx, sqlite_path
from callengine.store.kept import TABLES, Kept
from callengine.store.prepared import keep, kept_on
from callengine.store.tables import contract_houses, contracts, houses, metadata, organisations
from callengine.tickets.classifier import entry_of, shipped
from callengine.tickets.model import Entry
from callengine.tickets.routing import Contract
from callengine.tickets.rulebook import Rulebook

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def names(store: Store, seen: list[list[str]], *, then: Callable[[Any], Any] | None = None) -> None:
    """One transaction that reads the organisations' names twice, with something between."""
    async with store.begin(shared=True) as tx:

        async def read() -> list[str]:
            query = select(organisations.c.name).order_by(organisations.c.id)
            return list((await tx.conn.execute(query)).scalars())

        seen.append(await keep(tx.conn, "names", read))
        if then is not None:
            await then(tx)
            seen.append(await keep(tx.conn, "names", read))


def organisation(code: str) -> dict[str, str]:
    return {"code": code, "name": code, "kind": "management_company"}


async def adding(store: Store, code: str) -> None:
    async with store.begin() as tx:
        await tx.conn.execute(insert(organisations), organisation(code))


async def test_it_is_read_once_while_nothing_is_written(sqlite_store: Store) -> None:
    await adding(sqlite_store, "a")
    reads: list[None] = []

    async def read() -> str:
        reads.append(None)
        return "thing"

    for _ in range(3):
        async with sqlite_store.begin() as tx:
            assert await keep(tx.conn, "thing", read) == "thing"
    assert len(reads) == 1


async def test_what_is_written_is_seen_at_once_and_afterwards(sqlite_store: Store) -> None:
    seen: list[list[str]] = []
    await adding(sqlite_store, "a")
    await names(sqlite_store, seen, then=lambda tx: tx.conn.execute(insert(organisations), organisation("b")))
    await names(sqlite_store, seen, then=lambda tx: tx.conn.execute(update(organisations).values(name="c")))
    await names(sqlite_store, seen, then=lambda tx: tx.conn.execute(delete(organisations)))
    await names(sqlite_store, seen)
    assert seen == [["a"], ["a", "b"], ["a", "b"], ["c", "c"], ["c", "c"], [], []]


@pytest.mark.parametrize("alone", [True, False])
async def test_what_was_undone_is_not_kept(sqlite_store: Store, alone: bool) -> None:
    """The whole transaction, and a unit behind others that wait for the commit."""
    seen: list[list[str]] = []
    await adding(sqlite_store, "a")

    async def undone(tx: Any) -> None:
        await tx.conn.execute(insert(organisations), organisation("b"))
        await names_in(tx)
        raise ValueError

    async def names_in(tx: Any) -> None:
        async def read() -> list[str]:
            return list((await tx.conn.execute(select(organisations.c.name))).scalars())

        assert await keep(tx.conn, "names", read) == ["a", "b"]

    others = [] if alone else [names(sqlite_store, seen), names(sqlite_store, seen)]
    ended = await asyncio.gather(*others, names(sqlite_store, seen, then=undone), return_exceptions=True)
    assert isinstance(ended[-1], ValueError)
    seen.clear()
    await names(sqlite_store, seen)
    assert seen == [["a"]]


async def test_what_another_process_wrote_is_seen(sqlite_store: Store) -> None:
    seen: list[list[str]] = []
    await adding(sqlite_store, "a")
    await names(sqlite_store, seen)
    path = sqlite_path(sqlite_store.url)
    assert path is not None
    other = sqlite3.connect(path)
    other.execute("UPDATE organisations SET name = 'another'")
    other.commit()
    other.close()
    await names(sqlite_store, seen)
    assert seen == [["a"], ["another"]]


async def test_a_house_taken_from_a_contract_is_noticed(sqlite_store: Store) -> None:
    async with sqlite_store.begin() as tx:
        await tx.conn.execute(insert(organisations), organisation("a"))
        await tx.conn.execute(insert(houses).values(id=1, code="h", street="Мира", number="1", search="", features=[]))
        await tx.conn.execute(insert(contracts).values(id=1, code="c", organisation_id=1, kind="management_company"))
        await tx.conn.execute(insert(contract_houses).values(contract_id=1, house_id=1))

    async def covering() -> list[Contract]:
        async with sqlite_store.begin() as tx:
            return await contract_rows.serving(tx.conn, 1, ["management_company"], [""], NOW)

    assert [one.code for one in await covering()] == ["c"]
    async with sqlite_store.begin() as tx:
        await tx.conn.execute(delete(contract_houses))
    assert await covering() == []


async def test_every_row_of_a_watched_table_counts(sqlite_store: Store) -> None:
    """And all that reads with `keep` reads watched tables."""
    assert set(TABLES) <= set(metadata.tables)
    path = sqlite_path(sqlite_store.url)
    assert path is not None
    connection = sqlite3.connect(path, isolation_level=None)
    watching = Kept()
    assert watching.watch(connection)
    made = connection.execute("SELECT tbl_name FROM temp.sqlite_master WHERE type = 'trigger'").fetchall()
    assert sorted(made) == sorted((name,) for name in TABLES for _ in range(3))
    connection.close()


async def test_readers_and_postgres_keep_nothing(store: Store) -> None:
    async with store.read() as conn:
        assert kept_on(conn) is None
    async with store.begin() as tx:
        assert (kept_on(tx.conn) is None) == tx.is_postgres


def test_a_database_without_the_tables_keeps_nothing() -> None:
    connection = sqlite3.connect(":memory:")
    assert not Kept().watch(connection)
    connection.close()


def test_it_holds_no_more_than_its_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 3)
    things = Kept()
    for n in range(10):
        things.put(n, n)
        assert things.get(n) == n
        assert sum(things.get(one) is not None for one in range(10)) <= 3


# --- contracts: the answer stands until one begins or ends ------------------------------------------------------

moments = st.none() | st.integers(-3, 6)
KINDS = ["water_utility", "lift_company"]
covers = st.tuples(
    st.sampled_from(KINDS), moments, moments, st.sampled_from([0, 1, 2]), st.sampled_from(["", "08:00-16:00"])
)
ENTRY: Entry = replace(entry_of(next(iter(shipped()))), organisation_kind=KINDS[0], parent="")
Cover = tuple[str, int | None, int | None, int, str]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    made=st.lists(covers, max_size=5),
    asked=st.lists(st.tuples(st.integers(-4, 7), st.sampled_from([None, 1, 2])), min_size=1, max_size=8),
)
@example(made=[("water_utility", 0, 3, 0, "")], asked=[(-1, None), (5, None)])  # it was to come, and is over
def test_kept_contracts_and_decisions_are_those_that_a_fresh_reading_gives(
    made: list[Cover], asked: list[tuple[int, int | None]], sqlite_url: str
) -> None:
    asyncio.run(_ask(sqlite_url, made, asked))


async def _ask(url: str, made: list[Cover], asked: list[tuple[int, int | None]]) -> None:
    store = Store(url)
    async with store.begin() as tx:
        for table in (contract_houses, contracts, organisations, houses):
            await tx.conn.execute(delete(table))
        for n in (1, 2):
            await tx.conn.execute(insert(organisations).values(id=n, **organisation(f"o{n}")))
            house = {"id": n, "code": f"h{n}", "street": "Мира", "number": str(n), "search": "", "features": []}
            await tx.conn.execute(insert(houses).values(**house))
        for n, cover in enumerate(made, 1):
            await _contract(tx, n, cover)
    book, entry = Rulebook(ZoneInfo("UTC")), replace(ENTRY, organisation_kinds_next=(KINDS[1],))
    for hours, house_id in asked:
        at = NOW + HOUR * hours
        async with store.begin() as tx:
            had = await contract_rows.serving(tx.conn, house_id, KINDS, [""], at)
            decided = await book.route(tx.conn, entry, house_id, at)
        async with store.read() as conn:
            fresh = await contract_rows.serving(conn, house_id, KINDS, [""], at)
            anew = await Rulebook(ZoneInfo("UTC")).route(conn, entry, house_id, at)
        assert had == fresh
        assert decided == anew
    await store.close()


async def _contract(tx: Tx, n: int, cover: Cover) -> None:
    kind, begins, ends, house_id, duty = cover
    if begins is not None and ends is not None and begins >= ends:
        return
    one = {"id": n, "code": f"c{n}", "organisation_id": n % 2 + 1, "kind": kind, "everywhere": house_id == 0}
    one |= {"valid_from": NOW + HOUR * begins if begins is not None else None, "duty_hours": duty}
    one |= {"valid_until": NOW + HOUR * ends if ends is not None else None}
    await tx.conn.execute(insert(contracts).values(**one))
    if house_id:
        await tx.conn.execute(insert(contract_houses).values(contract_id=n, house_id=house_id))


async def test_a_decision_is_made_anew_when_its_contract_or_its_organisation_changes(sqlite_store: Store) -> None:
    book, entry = Rulebook(ZoneInfo("UTC")), replace(ENTRY, organisation_kinds_next=())
    async with sqlite_store.begin() as tx:
        await tx.conn.execute(insert(organisations).values(id=2, **organisation("a")))
        await _contract(tx, 1, (KINDS[0], None, 2, 0, ""))

    async def answers(at: datetime) -> str:
        async with sqlite_store.begin() as tx:
            found = await book.route(tx.conn, entry, None, at)
        return found.organisation.name if found.organisation else ""

    assert [await answers(NOW + HOUR * n) for n in (0, 1, 2, 1)] == ["a", "a", "", "a"]
    async with sqlite_store.begin() as tx:
        await tx.conn.execute(update(organisations).values(name="b"))
    assert await answers(NOW) == "b"
    async with sqlite_store.begin() as tx:
        await tx.conn.execute(update(organisations).values(active=False))
    assert await answers(NOW) == ""
