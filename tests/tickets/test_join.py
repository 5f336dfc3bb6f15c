"""One more applicant of a known matter: what lists show of him is counted as he comes and goes."""

from __future__ import annotations

import asyncio

import pytest

from callengine.clock import ManualClock
from callengine.store.database import Store
from callengine.tickets.join import Joining, JoinService
from callengine.tickets.journal import JournalService
from callengine.tickets.listing import JournalFilter
from callengine.tickets.model import Applicant
from tests.tickets.block import Block, build


@pytest.fixture
async def block(store: Store, clock: ManualClock) -> Block:
    return await build(store, clock)


@pytest.fixture
def joins(store: Store, clock: ManualClock) -> JoinService:
    return JoinService(store, clock)


def neighbour(n: int) -> Joining:
    return Joining(Applicant(f"+7915000110{n}", f"Сосед {n}"))


async def shown(block: Block) -> dict[str, int]:
    """The number of applicants by ticket, as the journal has it."""
    lines, _ = await JournalService(block.store, block.clock).page(JournalFilter(), block.who("petrova"))
    return {line.number: line.applicant_count for line in lines}


async def test_lists_count_those_who_joined_and_no_longer_those_taken_off(block: Block, joins: JoinService) -> None:
    ticket, other = await block.open(), await block.open("KRO-05", house_id=2)
    assert await shown(block) == {ticket.number: 1, other.number: 1}
    who = block.who("petrova")
    made = await asyncio.gather(*(joins.join(ticket.number, neighbour(n), who) for n in range(4)))
    assert await joins.join(ticket.number, neighbour(2), who) is None, "he is one of them already"
    assert await shown(block) == {ticket.number: 5, other.number: 1}
    gone = made[1]
    assert gone is not None
    await joins.withdraw(ticket.number, gone.id, who)
    assert await shown(block) == {ticket.number: 4, other.number: 1}
    assert (await block.tickets.get(ticket.number)).applicant_count == 4
