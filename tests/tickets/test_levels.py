"""R48: the four levels of support are read off status and organisation, the same in Python and in both databases."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import insert, select, update

from callengine.clock import ManualClock
from callengine.store.database import Store
from callengine.store.levels import is_at
from callengine.store.tables import organisations, tickets
from callengine.tickets.columns import COLUMNS, Context
from callengine.tickets.journal import JournalService
from callengine.tickets.levels import Level, level, of_ticket
from callengine.tickets.listing import JournalFilter
from callengine.tickets.model import KINDS, Status
from callengine.tickets.support import SupportService
from tests.tickets.block import ZONE, Block, build

S = Status


@pytest.fixture
async def block(store: Store, clock: ManualClock) -> Block:
    return await build(store, clock)


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        (S.CLOSED, None, Level.OPERATOR),  # answered in the call
        (S.AWAITING_CENTRE, None, Level.OPERATOR),
        (S.UNASSIGNED, None, Level.DISPATCHER),
        (S.FROM_CABINET, None, Level.DISPATCHER),
        (S.CANCELLED, None, Level.DISPATCHER),
        (S.DECLINED, "management_company", Level.DISPATCHER),
        (S.CONFLICT, "municipality", Level.DISPATCHER),
        (S.IN_PROGRESS, "water_utility", Level.ORGANISATION),
        (S.AWAITING_CENTRE, "private_firm", Level.ORGANISATION),
        (S.CLOSED, "management_company", Level.ORGANISATION),
        (S.AWAITING_ACCEPTANCE, "municipality", Level.AUTHORITY),
        (S.CLOSED, "inspectorate", Level.AUTHORITY),
    ],
)
def test_a_level_is_whoever_has_to_settle_it(status: Status, kind: str | None, expected: Level) -> None:
    assert level(status, kind) is expected


async def test_every_status_with_every_kind_of_organisation_is_at_one_level_and_the_database_says_the_same(
    block: Block, store: Store
) -> None:
    """Also of a kind that nobody heard of."""
    kinds = [None, *KINDS, "boat_club"]
    sample = await block.open("KRO-05")
    async with store.begin() as tx:
        row = dict((await tx.conn.execute(select(tickets).where(tickets.c.id == sample.id))).one()._mapping)
        many = [
            {"id": 100 + n, "code": f"k-{n}", "name": kind or "", "kind": kind or ""} for n, kind in enumerate(kinds)
        ]
        await tx.conn.execute(insert(organisations), many)
        made = []
        for n, (status, (k, kind)) in enumerate(product(Status, enumerate(kinds))):
            new = {"id": 1000 + n, "number": f"26-9{n:05}", "idempotency_key": f"k{n}", "status": status.value}
            made.append(row | new | {"organisation_id": 100 + k if kind else None})
        await tx.conn.execute(insert(tickets), made)
    expected = {
        1000 + n: int(level(status, kind)) for n, (status, (_, kind)) in enumerate(product(Status, enumerate(kinds)))
    }
    found: dict[int, list[int]] = {}
    async with store.read() as conn:
        for one in Level:
            query = select(tickets.c.id).where(is_at(one), tickets.c.id >= 1000)
            for id in (await conn.execute(query)).scalars():
                found.setdefault(id, []).append(int(one))
    assert found == {id: [its] for id, its in expected.items()}


async def test_the_journal_is_narrowed_by_levels_and_each_line_and_its_column_say_the_level(
    block: Block, clock: ManualClock
) -> None:
    spoken, held = await block.open("SPR-01"), await block.to(S.IN_PROGRESS, "KRO-05")
    declined = await block.open("KRO-05")
    await block.move(declined, "zhukov", "decline", "не наш дом")
    journal, who = JournalService(block.store, clock), block.who("orlova")

    async def numbers(*levels: int, **more: object) -> set[str]:
        rows, _ = await journal.page(JournalFilter(level=levels, **more), who)  # type: ignore[arg-type]
        assert all(row.level in levels for row in rows)
        return {row.number for row in rows}

    assert await numbers(1) == {spoken.number}
    assert await numbers(2) == {declined.number}
    assert await numbers(3) == {held.number}
    assert await numbers(4) == set()
    assert await numbers(1, 3) == {spoken.number, held.number}
    assert await numbers(1, 3, status=("open",), q="Мира 44") == {spoken.number, held.number}
    rows, _ = await journal.page(JournalFilter(level=(1,)), who)
    told = COLUMNS["level"].value
    assert [told(row, Context("ru", ZONE, clock.now())) for row in rows] == ["1 — оператор"]
    assert of_ticket(await block.tickets.get(declined.number)) is Level.DISPATCHER


async def test_a_period_says_how_much_was_settled_on_the_first_line_with_both_numbers(
    block: Block, store: Store, clock: ManualClock
) -> None:
    before = await block.open("SPR-01")
    await block.move(before, "petrova", "close", "ответ дан")
    clock.advance(seconds=3600)
    began = clock.now()
    for _ in range(3):
        answered = await block.open("SPR-01")
        await block.move(answered, "petrova", "close", "ответ дан")
    await block.to(S.CLOSED, "KRO-05")
    await block.to(S.IN_PROGRESS, "KRO-05")
    held = await block.open("KRO-05")
    async with store.begin() as tx:  # the municipality has it in hand
        row = {"id": 50, "code": "city", "name": "Администрация", "kind": "municipality"}
        await tx.conn.execute(insert(organisations).values(**row))
        await tx.conn.execute(update(tickets).where(tickets.c.id == held.id).values(organisation_id=50))
    found = await SupportService(store, clock).figures(began, clock.now() + timedelta(seconds=1))
    assert [(row.level, row.registered, row.open, row.closed) for row in found.levels] == [
        (1, 3, 0, 3),
        (2, 0, 0, 0),
        (3, 2, 1, 1),
        (4, 1, 1, 0),
    ]
    assert (found.first_line, found.closed, found.registered) == (3, 4, 6)
