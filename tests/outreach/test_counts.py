"""What campaigns came to is read from counts beside the calls: the same whatever was written, at the same cost."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import delete, event, func, insert, select, update

from callengine.calls.model import Outcome as CallOutcome
from callengine.outreach import service as service_module
from callengine.store import campaigns as rows
from callengine.store.tables import campaign_counts, outreach_calls
from tests.outreach.world import HEARD, World, number

c = outreach_calls.c


async def counted(world: World) -> Counter[tuple[Any, ...]]:
    """By reading every call."""
    keys = (c.campaign_id, c.state, c.result, c.mark)
    async with world.store.read() as conn:
        found = await conn.execute(select(*keys, func.count()).group_by(*keys))
        return Counter({tuple(row[:4]): row[4] for row in found.all()})


async def told(world: World) -> Counter[tuple[Any, ...]]:
    """As the pages have it."""
    async with world.store.read() as conn:
        ids = list((await conn.execute(select(c.campaign_id).distinct())).scalars())
        groups = await rows.groups(conn, ids)
    return Counter({(one.campaign_id, one.state, one.result, one.mark): one.count for one in groups})


async def test_the_counts_are_those_of_the_calls_whatever_becomes_of_them(both: World) -> None:
    world = both
    await world.survey([number(n) for n in range(6)])
    await world.done_job()
    assert await told(world) == await counted(world)
    (first, second) = await world.dial()
    await world.answers(first[0], HEARD)
    await world.unanswered(second[0], CallOutcome.BUSY)
    assert await told(world) == await counted(world)
    async with world.store.begin() as tx:
        await tx.conn.execute(update(outreach_calls).where(c.id <= 3).values(state="done", result="marked", mark=4))
        await tx.conn.execute(update(outreach_calls).where(c.id <= 3).values(mark=5))
        await tx.conn.execute(update(outreach_calls).values(name="Жилец"))  # nothing that is counted
    found = await told(world)
    assert found == await counted(world) and sum(found.values()) == 7


async def test_counts_are_merged_and_stay_the_same(both: World) -> None:
    world, many = both, service_module.MOST_COUNTS + 3
    made = await world.survey([number(n) for n in range(3)])
    for n in range(many):
        async with world.store.begin() as tx:
            await tx.conn.execute(update(outreach_calls).where(c.id == 1).values(mark=n % 5 + 1))
    before = await told(world)
    await world.service.merge_counts()
    async with world.store.read() as conn:
        kept = (await conn.execute(select(func.count()).select_from(campaign_counts))).scalar_one()
    assert kept == 2 and await told(world) == before == await counted(world)
    async with world.store.begin() as tx:
        await tx.conn.execute(delete(outreach_calls).where(c.id == 2))
    assert (await world.campaigns.progress([made.campaign.id]))[made.campaign.id].total == 2


async def test_the_list_of_campaigns_reads_no_call(both: World) -> None:
    """It counted a million calls of a standing campaign at each look."""
    world = both
    made = await world.survey([number(1)])
    row = {
        "campaign_id": made.campaign.id, "zone": "Europe/Moscow", "language": "ru", "state": "done", "result": "heard",
        "due_at": world.clock.now(), "created_at": world.clock.now(),
    }  # fmt: skip
    async with world.store.begin() as tx:
        many = [row | {"key": f"k{n}", "number": number(n)} for n in range(3_000)]
        await tx.conn.execute(insert(outreach_calls), many)
    await world.service.merge_counts()
    asked: list[str] = []

    def statement(conn: Any, cursor: Any, text: str, *_: Any) -> None:
        asked.append(text)

    engine = world.store._reader.sync_engine
    event.listen(engine, "before_cursor_execute", statement)
    try:
        progress = (await world.campaigns.progress([made.campaign.id]))[made.campaign.id]
    finally:
        event.remove(engine, "before_cursor_execute", statement)
    assert (progress.total, progress.states["done"]) == (3_001, 3_000)
    assert asked and not any("outreach_calls" in text for text in asked), "the calls themselves are not read"
    async with world.store.read() as conn:
        kept = (await conn.execute(select(func.count()).select_from(campaign_counts))).scalar_one()
    assert kept <= service_module.MOST_COUNTS
