"""A contractor who cannot be reached is a signal of quality (R150): counted by the calls themselves, each once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text, update

from callengine.calls import events as told
from callengine.calls.model import CallKey, Conversation, Direction, Outcome, State
from callengine.phone import parse
from callengine.store.tables import organisations
from tests.api.conftest import Desk

OURS, OTHER = "+79075550001", "+79075550002"


async def telephones(desk: Desk, *phones: str) -> list[int]:
    """The first organisations of the town get these telephones, all others none."""
    known = (await desk.ask("GET", "/organisations"))["items"]
    ids = sorted(one["id"] for one in known)[: len(phones)]
    async with desk.store.begin() as tx:
        await tx.conn.execute(update(organisations).values(phone=""))
        for id, phone in zip(ids, phones, strict=True):
            await tx.conn.execute(update(organisations).where(organisations.c.id == id).values(phone=phone))
    return ids


async def called(desk: Desk, number: str, outcome: Outcome | None, n: int, **more: Any) -> None:
    desk.clock.advance(seconds=60)
    now = desk.clock.now()
    call = Conversation(CallKey("main", f"9.{n}"), Direction.OUTBOUND, now, parse(number), operator="101")
    if outcome is not None:
        call = call.evolve(state=State.ENDED, outcome=outcome, ended_at=now + timedelta(seconds=20))
    call = call.evolve(**more)
    facts: list[told.CallFact] = [told.CallArrived(now, call)]
    await desk.services.calls.save([*facts, told.CallEnded(now, call)] if outcome is not None else facts)


async def reached(desk: Desk, query: str = "", role: str = "supervisor") -> dict[int, dict[str, Any]]:
    found = (await desk.ask("GET", f"/organisations/reach{query}", role=role))["items"]
    return {one["organisation_id"]: one for one in found}


async def test_tries_and_answers_are_counted_of_people_and_once_each(desk: Desk) -> None:
    ours, other = await telephones(desk, f"8 907 555-00-01; {OURS}", OTHER)
    await called(desk, OURS, Outcome.NO_ANSWER, 1)
    await called(desk, OURS, Outcome.BUSY, 2)
    await called(desk, OURS, Outcome.ANSWERED, 3)
    answered_at = desk.clock.now()
    await called(desk, OURS, Outcome.NO_ANSWER, 4)
    last_at = desk.clock.now()
    await called(desk, OURS, Outcome.NO_ANSWER, 5, robot=True)  # the robot asks executors by itself
    await called(desk, OURS, Outcome.MISSED, 6, direction=Direction.INBOUND)  # they called us
    await called(desk, OURS, None, 7)  # it still rings
    await called(desk, OTHER, Outcome.ANSWERED, 8)
    desk.clock.advance(seconds=60)
    found = await reached(desk)
    mine = found[ours]
    assert (mine["numbers"], mine["attempted"], mine["answered"]) == ([OURS], 4, 1)
    assert mine["last_at"] == last_at.isoformat().replace("+00:00", "Z")
    assert mine["last_answered_at"] == answered_at.isoformat().replace("+00:00", "Z")
    assert (found[other]["attempted"], found[other]["answered"]) == (1, 1)
    assert list(found)[:2] == [ours, other], "who does not answer stands first"
    nobody = list(found.values())[-1]
    assert (nobody["numbers"], nobody["attempted"], nobody["last_at"]) == ([], 0, None)


async def test_a_period_takes_its_own_calls_alone(desk: Desk) -> None:
    (ours,) = await telephones(desk, OURS)
    await called(desk, OURS, Outcome.NO_ANSWER, 1)
    desk.clock.advance(seconds=40 * 86_400)
    assert (await reached(desk))[ours]["attempted"] == 0, "thirty days, when nobody says otherwise"
    assert (await reached(desk, "?from=2026-01-01T00:00:00Z"))[ours]["attempted"] == 1
    for wrong in ("?from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z", "?from=2020-01-01T00:00:00Z"):
        await desk.ask("GET", f"/organisations/reach{wrong}", role="supervisor", status=422)


async def test_a_manager_reads_of_his_own_alone_and_an_operator_nothing(desk: Desk) -> None:
    ours, _ = await telephones(desk, OURS, OTHER)
    desk.tokens["manager"] = await desk.services.access.create_token(
        "manager", "organisation_manager", organisation_id=ours
    )
    assert list(await reached(desk, role="manager")) == [ours]
    await desk.ask("GET", "/organisations/reach", status=403)


async def test_the_count_walks_the_index_of_numbers(desk: Desk) -> None:
    async with desk.store.read() as conn:
        plan = await conn.execute(
            text(
                "EXPLAIN QUERY PLAN SELECT number, count(*) FROM calls WHERE number IN (:n) AND arrived_at >= 0 "
                "AND direction = 'outbound' GROUP BY number"
            ),
            {"n": OURS},
        )
        assert "ix_calls_number" in " ".join(str(row) for row in plan)
