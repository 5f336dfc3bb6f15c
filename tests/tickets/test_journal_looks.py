"""How much a search looks at, in steps of SQLite's machine: counts, not time."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, update

from callengine.clock import ManualClock
from callengine.directory import town
from callengine.directory.imports import Imports
from callengine.store import journal as rows
from callengine.store import ticket_words
from callengine.store.database import Store
from callengine.store.sqlite import InThread
from callengine.store.tables import ticket_counters, tickets
from callengine.tickets.journal import JournalService
from callengine.tickets.listing import JournalFilter, Sort
from callengine.tickets.model import RANKS, Status, Urgency
from callengine.tickets.visibility import Scope
from tests.tickets.test_journal import DESK
from tests.tickets.test_journal import _ticket as some_ticket

COMMON = 60  # tickets that have a word
WALKED = 20


class Steps:
    """The steps of every reader's statement."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.taken = 0
        plain = InThread.rows

        def counted(thread: InThread, text: str, values: tuple[Any, ...]) -> list[Any]:
            connection: sqlite3.Connection = thread._connection
            connection.set_progress_handler(self._one, 1)
            try:
                return plain(thread, text, values)
            finally:
                connection.set_progress_handler(None, 1)

        monkeypatch.setattr(InThread, "rows", counted)

    def _one(self) -> int:
        self.taken += 1
        return 0


@pytest.fixture
async def journal(sqlite_store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> JournalService:
    """A town whose searches take the ways of a large city."""
    monkeypatch.setattr(ticket_words, "RARE", 0)
    monkeypatch.setattr(rows, "WALKED", WALKED)
    imports = Imports(sqlite_store, clock, ZoneInfo("Europe/Moscow"))
    await imports.import_csv("classifier", town.build(residents=10).csv("classifier"))
    async with sqlite_store.begin() as tx:
        await tx.conn.execute(insert(ticket_counters), [{"year": 2026, "last": 100_000}])
    return JournalService(sqlite_store, clock)


async def _open(store: Store, clock: ManualClock, first: int, some: Sequence[Sequence[str]]) -> None:
    """Open tickets with these words each, the first the most dangerous."""
    made = [
        some_ticket(first + n, random.Random(1), clock)
        | {
            "status": Status.NO_EXECUTOR,
            "urgency": Urgency.NORMAL,
            "rank": RANKS[Urgency.NORMAL],
            "house_id": None,
            "organisation_id": None,
            "executor_id": None,
            "due_at": clock.now() + timedelta(seconds=first + n),
            "created_at": clock.now() - timedelta(seconds=(first + n) * 7_919 % 100_000),
            "number": f"26-{first + n:06d}",
        }
        for n in range(len(some))
    ]
    async with store.begin() as tx:
        await tx.conn.execute(insert(tickets), made)
        for row, words in zip(made, some, strict=True):
            await ticket_words.add(tx, row["id"], row["created_at"], words)


def apart(count: int) -> list[list[str]]:
    """Two words, each of COMMON tickets, and the two last have both."""
    its = [["подвал"]] * (COMMON - 2) + [["крыша"]] * (COMMON - 2)
    return its + [["прочее"]] * (count - len(its) - 2) + [["подвал", "крыша"]] * 2


async def _found(journal: JournalService, **wanted: Any) -> list[int]:
    asked = JournalFilter(q="подвал крыша", status=("open",), **wanted)
    page, _ = await journal.page(asked, DESK, sort=Sort.DANGER, limit=10)
    return [row.id for row in page]


@pytest.mark.parametrize("first", [WALKED, 5], ids=["at once", "after the first tickets"])
async def test_words_common_apart_and_rare_together_are_looked_for_among_their_own_tickets(
    journal: JournalService, sqlite_store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    monkeypatch.setattr(rows, "WALKED", first)
    await _open(sqlite_store, clock, 1, apart(2_000))
    steps = Steps(monkeypatch)
    assert await _found(journal) == [1_999, 2_000]
    by_counts, steps.taken = steps.taken, 0
    monkeypatch.setattr(rows, "PROBES", 0)  # no word is ever rarer than that: all open tickets are walked
    assert await _found(journal) == [1_999, 2_000]
    walked = steps.taken
    assert by_counts < walked * 0.2, (by_counts, walked)


@pytest.mark.parametrize("first", [WALKED, 5], ids=["at once", "after the first tickets"])
async def test_more_open_tickets_cost_such_a_search_nothing(
    journal: JournalService, sqlite_store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    monkeypatch.setattr(rows, "WALKED", first)
    await _open(sqlite_store, clock, 1, apart(1_000))
    steps = Steps(monkeypatch)
    assert await _found(journal) == [999, 1_000]
    few, steps.taken = steps.taken, 0
    await _open(sqlite_store, clock, 1_001, [["прочее"]] * 2_000)
    assert await _found(journal) == [999, 1_000]
    assert steps.taken <= few, (few, steps.taken)


async def test_words_common_together_are_met_among_the_first_of_the_order(
    journal: JournalService, sqlite_store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _open(sqlite_store, clock, 1, [["подвал", "крыша"]] * 200)
    steps = Steps(monkeypatch)
    await _found(journal)  # how common the words are is remembered
    steps.taken = 0
    assert await _found(journal) == list(range(1, 11))
    few, steps.taken = steps.taken, 0
    await _open(sqlite_store, clock, 201, [["подвал", "крыша"]] * 1_000)
    assert await _found(journal) == list(range(1, 11))
    assert steps.taken == few


@pytest.mark.parametrize("status", [(), ("open",)], ids=["of all", "of the open"])
async def test_counting_words_rare_together_looks_at_their_own_tickets_only(
    journal: JournalService,
    sqlite_store: Store,
    clock: ManualClock,
    status: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = JournalFilter(q="подвал крыша", status=status)
    await _open(sqlite_store, clock, 1, apart(1_000))
    async with sqlite_store.begin() as tx:  # as many are closed as are open, also of the two that have both
        await tx.conn.execute(update(tickets).where(tickets.c.id % 2 == 0).values(status=Status.CLOSED, due_at=None))
    steps = Steps(monkeypatch)
    its = 1 if status else 2
    assert (await journal.count(wanted, Scope(everything=True))).count == its
    # With both words' tickets counted too; to ask a ticket for its words takes twenty steps.
    assert steps.taken <= 5_000, steps.taken
    steps.taken = 0
    assert (await journal.count(wanted, Scope(everything=True))).count == its
    few, steps.taken = steps.taken, 0
    await _open(sqlite_store, clock, 1_001, [["прочее"]] * 1_000)
    assert (await journal.count(wanted, Scope(everything=True))).count == its
    assert steps.taken == few
