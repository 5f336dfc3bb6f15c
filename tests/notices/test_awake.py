"""Who has just talked with us is told his ticket's number at once, at 23:10 too; nobody else is woken by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from callengine.calls.events import CallArrived, CallEnded
from callengine.calls.model import CallKey, Conversation, Direction, Outcome, State
from callengine.calls.service import CallsService
from callengine.clock import ManualClock
from callengine.notices.model import Later, Notice
from callengine.phone import parse
from callengine.store import ticket_joins
from callengine.store.database import Store
from callengine.tickets.events import TicketJoined
from callengine.tickets.model import TicketEvent
from tests.notices.office import RESIDENT, Office, open_office
from tests.notices.test_outbox import Gateway
from tests.outreach.world import number

NIGHT = timedelta(hours=12, minutes=10)  # from Friday, 11:00, to 23:10
LEAK = "HVS-01"


async def late(store: Store, clock: ManualClock) -> AsyncIterator[Office]:
    made = await open_office(store, clock, sms="smpp", smpp_host="127.0.0.1", smpp_user="x")
    made.react()
    clock.advance(seconds=NIGHT.total_seconds())
    yield made
    await made.close()


@pytest.fixture
async def office(sqlite_store: Store, clock: ManualClock) -> AsyncIterator[Office]:
    async for made in late(sqlite_store, clock):
        yield made


@pytest.fixture
async def both(store: Store, clock: ManualClock) -> AsyncIterator[Office]:
    async for made in late(store, clock):
        yield made


async def talked(
    office: Office, who: str = RESIDENT, *, ago: float = 60, robot: bool = False, over: bool = True
) -> None:
    """A conversation with somebody that ended so many seconds ago, or that goes on."""
    ended = office.clock.now() - timedelta(seconds=ago)
    began = ended - timedelta(minutes=3)
    call = Conversation(
        key=CallKey("main", f"{who}-{ago}"),
        direction=Direction.OUTBOUND if robot else Direction.INBOUND,
        arrived_at=began,
        number=parse(who),
        robot=robot,
        answered_at=began + timedelta(seconds=5),
        state=State.TALKING,
    )
    facts: list[CallArrived | CallEnded] = [CallArrived(began, call)]
    if over:
        facts.append(CallEnded(ended, call.evolve(state=State.ENDED, outcome=Outcome.ANSWERED, ended_at=ended)))
    await CallsService(store=office.store, clock=office.clock).save(facts)


async def registered(office: Office) -> Notice:
    """The SMS with the number of a ticket that is registered now, and is no danger."""
    ticket = await office.block.open("KRO-05")
    [found] = [one for one in await office.all() if one.key == f"resident:{ticket.number}:registered:sms"]
    assert not found.danger
    return found


def at_night(office: Office, one: Notice) -> bool:
    return one.next_at <= office.clock.now()


async def test_who_has_just_called_gets_his_number_at_once(both: Office) -> None:
    office = both
    await talked(office)
    one = await registered(office)
    assert at_night(office, one)
    gateway = Gateway()
    assert await (await office.worker({gateway.channel: gateway})).work_off() == 1
    assert [message.number for message in gateway.given] == [RESIDENT]


async def test_who_is_still_on_the_line_gets_it_too(office: Office) -> None:
    await talked(office, over=False)
    assert at_night(office, await registered(office))


@pytest.mark.parametrize(
    ("ago", "robot", "who"), [(601, False, RESIDENT), (60, True, RESIDENT), (60, False, number(9))]
)
async def test_who_did_not_talk_with_us_just_now_is_told_in_the_morning(
    office: Office, ago: float, robot: bool, who: str
) -> None:
    await talked(office, who, ago=ago, robot=robot)
    one = await registered(office)
    assert (one.next_at - office.clock.now()) == timedelta(hours=8, minutes=50)


async def test_what_is_no_answer_to_him_waits_for_the_morning(office: Office) -> None:
    ticket = await office.block.open("KRO-05")
    await talked(office)
    assert await office.block.move(ticket, "petrova", "cancel", reason="ошибка")
    [one] = [one for one in await office.all() if ":cancelled:" in one.key]
    assert not at_night(office, one)
    async with office.store.begin() as tx:  # whoever takes it up again before the morning
        assert await office.outbox._allowed_for(tx, one, office.clock.now()) == one.next_at


async def test_a_gateway_that_is_busy_is_tried_again_while_he_is_awake_and_then_in_the_morning(office: Office) -> None:
    await talked(office)
    one = await registered(office)
    gateway = Gateway()
    gateway.next = [Later("busy"), Later("busy", 3600)]
    worker = await office.worker({gateway.channel: gateway})
    await worker.work_off()
    office.clock.advance(seconds=30)
    await worker.work_off()
    assert len(gateway.given) == 2
    kept = await office.one(one.key)
    assert kept.next_at - kept.created_at == timedelta(hours=8, minutes=50), "an hour later he sleeps"
    assert kept.expires_at > kept.next_at


async def test_what_another_engine_takes_up_after_he_went_to_bed_waits(office: Office) -> None:
    await talked(office)
    one = await registered(office)
    office.clock.advance(seconds=3600)
    gateway = Gateway()
    await (await office.worker({gateway.channel: gateway})).work_off()
    assert gateway.given == [] and not at_night(office, await office.one(one.key))


async def test_a_neighbour_who_joins_by_his_own_call_gets_the_number_at_once(office: Office) -> None:
    ticket = await office.block.open("KRO-05")
    await talked(office, number(1))
    for who in (number(1), number(2)):
        now = office.clock.now()
        async with office.store.begin() as tx:
            joined = await ticket_joins.add(tx, ticket_id=ticket.id, name="Сосед", number=who, joined_at=now)
            event = TicketEvent(now, "applicant_joined", "Петрова", data={"applicant": joined})
            await tx.tell(TicketJoined(replace(ticket, history=(*ticket.history, event))))
    told = {one.to.number: at_night(office, one) for one in await office.all() if one.key.startswith("joined:")}
    assert told == {number(1): True, number(2): False}


async def test_a_service_that_wants_no_night_says_so(sqlite_store: Store, clock: ManualClock) -> None:
    settings = {"sms": "smpp", "smpp_host": "127.0.0.1", "smpp_user": "x", "awake_seconds": 0}
    office = await open_office(sqlite_store, clock, **settings)  # type: ignore[arg-type]
    office.react()
    clock.advance(seconds=NIGHT.total_seconds())
    await talked(office)
    assert not at_night(office, await registered(office))
    await office.close()
