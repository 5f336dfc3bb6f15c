"""What stands on screens over both databases: raised by the ladder, ended by the move that settles it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from callengine.clock import ManualClock
from callengine.errors import NotFound
from callengine.store import moves as move_rows
from callengine.store import reminders as rows
from callengine.store.database import Store, Tx
from callengine.store.tables import tickets
from callengine.tickets.model import Status, Ticket
from callengine.tickets.standing import RemindersService
from tests.tickets.block import Block, build

S = Status


@pytest.fixture
async def block(store: Store, clock: ManualClock) -> Block:
    for fact, react in RemindersService(store, clock).within.items():
        store.within[fact] = [react]
    return await build(store, clock)


@pytest.fixture
def reminders(store: Store, clock: ManualClock) -> RemindersService:
    return RemindersService(store, clock)


async def standing(reminders: RemindersService, block: Block, login: str, ticket: Ticket) -> list[tuple[str, int]]:
    found = await reminders.open(block.who(login))
    assert found.count == len(found.items)
    return sorted((one.about, one.level) for one in found.items if one.number == ticket.number)


async def test_terms_stand_until_each_is_settled_by_its_own_move(block: Block, reminders: RemindersService) -> None:
    ticket = await block.open()
    await block.pass_time(minutes=30)
    assert await standing(reminders, block, "zhukov", ticket) == [("accept", 0), ("localise", 0)]
    await block.move(ticket, "zhukov", "accept")
    assert await standing(reminders, block, "zhukov", ticket) == [("localise", 0)]
    assert await standing(reminders, block, "petrova", ticket) == [("localise", 0)]  # the centre has its own
    await block.move(ticket, "zhukov", "localise")
    assert await standing(reminders, block, "zhukov", ticket) == []
    assert await standing(reminders, block, "petrova", ticket) == []


async def test_what_was_taken_comes_back_with_the_next_rung(block: Block, reminders: RemindersService) -> None:
    ticket = await block.to(S.AWAITING_CENTRE, "KRO-05")
    await block.pass_time(hours=12)
    found = await reminders.open(block.who("petrova"))
    assert sorted((one.about, one.level) for one in found.items) == [("check", 0), ("stall", 1)]
    for one in found.items:
        await reminders.take(one.id, block.who("petrova"))
    assert await standing(reminders, block, "petrova", ticket) == []
    kept = await block.tickets.get(ticket.number)
    assert [e.author for e in kept.history if e.what == "reminder_taken"] == [block.who("petrova").name] * 2
    await block.move(ticket, "petrova", "return", "не сделано")
    await block.move(ticket, "ivanov", "start")
    await block.move(ticket, "ivanov", "report_done")
    await block.pass_time(hours=12)  # reported again, and forgotten again
    assert await standing(reminders, block, "petrova", ticket) == [("check", 0), ("stall", 1)]


async def test_what_became_another_s_while_he_took_it_is_not_his_to_take(
    block: Block, reminders: RemindersService, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await block.open()
    await block.pass_time(minutes=6)
    (own,) = (await reminders.open(block.who("zhukov"))).items
    locked = move_rows.locked

    async def waits_for_who_gave_it_away(tx: Tx, ticket_id: int) -> None:
        await locked(tx, ticket_id)
        await tx.conn.execute(update(tickets).where(tickets.c.id == ticket_id).values(organisation_id=2))

    with monkeypatch.context() as patched:
        patched.setattr(move_rows, "locked", waits_for_who_gave_it_away)
        with pytest.raises(NotFound):
            await reminders.take(own.id, block.who("zhukov"))
    assert await standing(reminders, block, "zhukov", ticket) == [("accept", 0)]


@pytest.mark.parametrize(
    ("login", "move", "needs"),
    [("ivanov", "report_done", {}), ("zhukov", "assign", {"executor_id": 7, "reason": "Иванов на аварии"})],
)
async def test_the_day_of_a_postponement_is_settled_by_a_move_and_not_by_a_word(
    block: Block, reminders: RemindersService, clock: ManualClock, login: str, move: str, needs: dict[str, Any]
) -> None:
    ticket = await block.to(S.IN_PROGRESS, "KRO-05")
    await block.move(ticket, "ivanov", "postpone", "ждём деталь", until=clock.now() + timedelta(hours=5))
    await block.pass_time(hours=5)
    assert await standing(reminders, block, "ivanov", ticket) == [("postponed", 0)]
    await block.moves.comment(ticket.number, block.who("petrova"), "что с деталью?")
    assert await standing(reminders, block, "ivanov", ticket) == [("postponed", 0)]
    await block.move(ticket, login, move, **needs)
    async with block.store.read() as conn:
        assert [one for one in await rows.standing(conn, ticket.id) if one.about == "postponed"] == []
