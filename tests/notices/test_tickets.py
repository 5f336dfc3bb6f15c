"""What people are told of tickets: the executor's ladder and its end, the resident's news, the municipality at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from callengine import config
from callengine.callbacks.service import CallbacksService
from callengine.clock import ManualClock
from callengine.errors import Conflict, NotFound, Unavailable
from callengine.menus import jobs
from callengine.notices.model import Channel
from callengine.notices.templates import LINK
from callengine.notices.worker import NoticesWorker
from callengine.outreach.events import OutreachSettled
from callengine.outreach.model import CallState, OutreachCall
from callengine.outreach.service import OutreachService
from callengine.store import outreach as outreach_rows
from callengine.store.database import Store
from callengine.store.tables import duties, organisations, people, staff, tickets
from callengine.tickets.events import TicketJoined, TicketReminded
from callengine.tickets.join import Joining, JoinService
from callengine.tickets.model import Status, Ticket
from tests.notices.office import PHONE, RESIDENT, Office, open_office
from tests.notices.servers import Browser, HttpServer, MailServer, Smsc
from tests.tickets.test_service import a_call

S = Status


@pytest.fixture
async def office(
    sqlite_store: Store, clock: ManualClock, mail: MailServer, smsc: Smsc, pushes: HttpServer
) -> AsyncIterator[Office]:
    made = await opened(sqlite_store, clock, mail, smsc)
    yield made
    await made.close()


async def opened(store: Store, clock: ManualClock, mail: MailServer, smsc: Smsc, **more: Any) -> Office:
    settings = {
        "tell_resident": ["done", "closed"],
        "sms": "smpp",
        "smpp_host": "127.0.0.1",
        "smpp_port": smsc.port,
        "smpp_user": "desk",
        "smtp_host": "127.0.0.1",
        "smtp_port": mail.port,
        "smtp_security": "none",
        "email_from": "desk@callengine.test",
    }
    return await open_office(store, clock, **{**settings, **more})


async def subscribed(office: Office, pushes: HttpServer, staff_id: int | None, ticket_id: int | None = None) -> Browser:
    browser = Browser()
    given = browser.subscription(f"http://127.0.0.1:{pushes.port}/send/{staff_id}-{ticket_id}")
    keys = given["keys"]
    await office.service.subscribe(
        given["endpoint"], keys["p256dh"], keys["auth"], language="ru", staff_id=staff_id, ticket_id=ticket_id
    )
    return browser


async def assigned(office: Office, code: str = "KRO-05") -> Ticket:
    return await office.block.to(S.EXECUTOR_ASSIGNED, code)


async def job(office: Office, channel: str = "push") -> str:
    """The key of the one job's rung."""
    keys = [one.key for one in await office.all() if one.key.startswith("job:")]
    [found] = [key for key in keys if key.endswith(":" + channel)]
    return found


async def history(office: Office, ticket: Ticket, what: str) -> list[dict[str, Any]]:
    kept = await office.block.tickets.get(ticket.number)
    return [event.data for event in kept.history if event.what == what]


# --- the executor -------------------------------------------------------------------------------------------


async def test_a_job_that_nobody_acknowledges_climbs_from_push_to_sms_to_call_to_the_supervisor(
    office: Office, pushes: HttpServer, smsc: Smsc
) -> None:
    told: list[TicketReminded] = []
    office.store.after[TicketReminded] = [told.append]
    executor, supervisor = await subscribed(office, pushes, 6), await subscribed(office, pushes, 2)
    ticket = await assigned(office)
    worker = await office.worker()
    await worker.work_off()
    [asked] = pushes.asked
    shown = executor.read(asked)
    assert shown["title"] == f"Новая заявка {ticket.number}" and shown["acknowledge"] and "Мира, 44" in shown["body"]
    assert (smsc.submits, office.robot.asked) == ([], [])
    await office.pass_time(worker, seconds=119)
    assert smsc.submits == []
    await office.pass_time(worker, seconds=1)
    assert [one["number"] for one in smsc.submits] == [PHONE.lstrip("+")] * len(smsc.submits) and smsc.submits
    await office.pass_time(worker, minutes=3)
    assert [message.number for message in office.robot.asked] == [PHONE]
    assert ticket.number in office.robot.asked[0].text and len(pushes.asked) == 1
    await office.pass_time(worker, minutes=5)
    assert supervisor.read(pushes.asked[1])["title"] == f"Не подтверждена заявка {ticket.number}"
    assert "Иванов Семён" in supervisor.read(pushes.asked[1])["body"]
    assert [(fact.about, fact.to) for fact in told] == [("unacknowledged", frozenset({"supervisor"}))]
    assert [one["about"] for one in await history(office, ticket, "reminder")] == ["unacknowledged"]
    assert await office.states() == {"push": "sent", "sms": "sent", "call": "sent", "supervisor": "sent"}


@pytest.mark.parametrize(("minutes", "reached"), [(0, 1), (2, 2), (5, 3), (10, 4)])
async def test_an_acknowledgement_stops_the_ladder_wherever_it_stands(
    office: Office, pushes: HttpServer, smsc: Smsc, minutes: int, reached: int
) -> None:
    await subscribed(office, pushes, 6)
    await subscribed(office, pushes, 2)
    ticket = await assigned(office)
    worker = await office.worker()
    for minute in range(minutes + 1):
        await office.pass_time(worker, minutes=1 if minute else 0)
    states = list((await office.states()).values())
    assert states.count("sent") == reached
    one = await office.one(await job(office))
    assert [mine.id for mine in await office.service.mine(office.block.who("ivanov"))] == [one.id]
    await office.service.acknowledge(one.id, office.block.who("ivanov"), how="push")
    before = (len(pushes.asked), len(smsc.submits), len(office.robot.asked))
    await office.pass_time(worker, hours=3)
    assert (len(pushes.asked), len(smsc.submits), len(office.robot.asked)) == before
    states = list((await office.states()).values())
    planned = int(reached >= 3)  # a call that was asked for and not yet made is taken back
    assert states.count("acknowledged") == 1 and states.count("suppressed") == 4 - reached + planned
    assert len(office.robot.withdrawn) == planned
    assert await office.service.mine(office.block.who("ivanov")) == []
    [line] = await history(office, ticket, "acknowledged")
    assert line["how"] == "push"
    await office.service.acknowledge(one.id, office.block.who("ivanov"), how="push")  # twice is once
    assert len(await history(office, ticket, "acknowledged")) == 1


async def test_nobody_acknowledges_for_another_but_a_supervisor(office: Office) -> None:
    await assigned(office)
    one = await office.one(await job(office))
    for stranger in ("kotov", "ryabov", "zhukov", "lapin"):
        with pytest.raises(NotFound):
            await office.service.acknowledge(one.id, office.block.who(stranger), how="page")
    done = await office.service.acknowledge(one.id, office.block.who("orlova"), how="page")
    assert done.state.value == "acknowledged"
    assert (await office.story(one.key))[-1] == ("acknowledged", "supervisor")


async def test_rungs_that_cannot_be_told_let_the_next_one_come_at_once(office: Office, smsc: Smsc) -> None:
    """No browser, and then no telephone: nobody waits for what cannot come."""
    await assigned(office)
    worker = await office.worker()
    await worker.work_off()
    assert smsc.submits and (await office.states())["push"] == "failed"
    smsc.statuses = [0x0B]
    other = await office.block.to(S.NO_EXECUTOR, "KRO-05")
    await office.block.move(other, "zhukov", "assign", executor_id=7)
    await worker.work_off()
    keys = [one.key for one in await office.all() if f":{other.number}:" in one.key]
    states = {key.rpartition(":")[2]: (await office.one(key)).state.value for key in keys}
    assert states == {"push": "failed", "sms": "failed", "call": "sent", "supervisor": "queued"}


async def test_an_executor_whose_only_browser_is_gone_is_the_supervisors_at_once(
    office: Office, pushes: HttpServer
) -> None:
    await subscribed(office, pushes, 6)
    pushes.status = 410
    async with office.store.begin() as tx:
        await tx.conn.execute(update(staff).values(phone=""))
    ticket = await assigned(office)
    worker = await office.worker()
    await worker.work_off()
    await worker.work_off()
    states = await office.states()
    assert (states["push"], states["sms"], states["call"]) == ("failed", "suppressed", "suppressed")
    assert [one["about"] for one in await history(office, ticket, "reminder")] == ["unacknowledged"]


async def test_who_has_neither_a_browser_nor_a_telephone_is_told_by_his_organisation_and_troubles_nobody(
    office: Office,
) -> None:
    async with office.store.begin() as tx:
        await tx.conn.execute(update(staff).values(phone=""))
    await assigned(office, "HVS-01")
    assert [one for one in await office.all() if one.kind.value in ("job", "unacknowledged")] == []


async def test_a_rung_that_cannot_be_told_gives_its_place_to_the_next_one(office: Office, pushes: HttpServer) -> None:
    """He has his push: that he has no telephone for an SMS makes nobody call the supervisor in the same second."""
    await subscribed(office, pushes, 6)
    async with office.store.begin() as tx:
        await tx.conn.execute(update(staff).values(phone=""))
    ticket = await assigned(office)
    worker = await office.worker()
    await office.pass_time(worker, seconds=119)
    assert await history(office, ticket, "reminder") == []
    await office.pass_time(worker, seconds=1)
    assert [one["about"] for one in await history(office, ticket, "reminder")] == ["unacknowledged"]


async def test_beginning_the_job_acknowledges_it(office: Office) -> None:
    ticket = await assigned(office)
    await office.block.move(ticket, "ivanov", "start")
    assert sorted((await office.states()).values()) == ["acknowledged", "suppressed", "suppressed", "suppressed"]
    assert await history(office, ticket, "acknowledged") == []  # his own move says it


async def test_a_job_that_is_given_to_another_is_called_off_and_told_to_him(office: Office) -> None:
    ticket = await assigned(office)
    await office.block.move(ticket, "zhukov", "assign", executor_id=7)
    first, second = sorted({one.ladder for one in await office.all() if one.ladder})
    states = {one.key: (one.state.value, one.problem) for one in await office.all()}
    assert {state for key, state in states.items() if key.startswith(first + ":")} == {("suppressed", "called off")}
    assert {state for key, state in states.items() if key.startswith(second + ":")} == {("queued", "")}
    assert await office.service.mine(office.block.who("ivanov")) == []
    assert len(await office.service.mine(office.block.who("kotov"))) == 1
    with pytest.raises(Conflict):
        await office.service.acknowledge((await office.all())[0].id, office.block.who("ivanov"), how="page")


async def test_a_cancelled_ticket_calls_nobody(office: Office) -> None:
    ticket = await assigned(office)
    await office.block.move(ticket, "orlova", "cancel", "заявлено по ошибке")
    worker = await office.worker()
    await office.pass_time(worker, hours=1)
    assert office.robot.asked == []
    assert {one.state.value for one in await office.all() if one.kind.value == "job"} == {"suppressed"}


async def test_a_job_by_night_waits_for_the_morning_and_an_accident_does_not(office: Office, smsc: Smsc) -> None:
    office.clock.advance(seconds=12 * 3600)
    worker = await office.worker()
    await assigned(office)
    await office.pass_time(worker, minutes=20)
    assert smsc.submits == [] and office.robot.asked == []
    await assigned(office, "HVS-01")
    await worker.work_off()
    assert smsc.submits
    before = len(smsc.submits)
    await office.pass_time(worker, hours=9)
    assert len(smsc.submits) > before


async def test_a_ladder_that_the_night_interrupts_keeps_its_gaps_in_the_morning(
    office: Office, pushes: HttpServer
) -> None:
    await subscribed(office, pushes, 6)
    office.clock.advance(seconds=11 * 3600 - 120)  # 21:58 in Moscow
    began = office.clock.now()
    await assigned(office)
    after = {one.key.rpartition(":")[2]: (one.next_at - began).total_seconds() for one in await office.all()}
    morning = 120 + 10 * 3600  # 08:00
    assert after == {"push": 0, "sms": morning, "call": morning + 180, "supervisor": morning + 480}


async def test_a_job_that_is_called_off_while_a_rung_is_on_its_way_is_told_no_more(office: Office) -> None:
    ticket = await assigned(office)
    worker = await office.worker()
    office.robot.error = Unavailable("halted")
    true = office.robot.ask

    async def ask(message: Any) -> str:
        await office.block.move(ticket, "orlova", "cancel", "заявлено по ошибке")
        return await true(message)

    office.robot.ask = ask  # type: ignore[method-assign]
    await office.pass_time(worker, minutes=5)
    kept = await office.one(await job(office, "call"))
    assert (kept.state.value, kept.problem) == ("suppressed", "called off")
    office.robot.error = None
    await office.pass_time(worker, minutes=30)
    assert office.robot.asked == [] and await office.service.mine(office.block.who("ivanov")) == []


async def test_a_call_that_is_planned_as_the_job_is_called_off_is_withdrawn(office: Office) -> None:
    ticket = await assigned(office)
    worker = await office.worker()
    true = office.robot.ask

    async def ask(message: Any) -> str:
        await office.block.move(ticket, "orlova", "cancel", "заявлено по ошибке")
        return await true(message)

    office.robot.ask = ask  # type: ignore[method-assign]
    await office.pass_time(worker, minutes=5)
    kept = await office.one(await job(office, "call"))
    assert (kept.state.value, kept.problem) == ("suppressed", "called off")
    assert office.robot.withdrawn == [kept.key]
    assert await office.service.mine(office.block.who("ivanov")) == []


async def test_a_rung_that_is_called_off_between_its_claim_and_its_sending_does_not_go(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await assigned(office)
    worker = await office.worker()
    true = office.outbox.may_go

    async def late(*given: Any, **more: Any) -> bool:
        monkeypatch.setattr(office.outbox, "may_go", true)
        await office.block.move(ticket, "orlova", "cancel", "заявлено по ошибке")
        return await true(*given, **more)

    office.clock.advance(seconds=300)
    monkeypatch.setattr(office.outbox, "may_go", late)
    await worker._one(worker._lanes[Channel.CALL], (await worker._claim(worker._lanes[Channel.CALL], 1))[0])
    kept = await office.one(await job(office, "call"))
    assert (kept.state.value, kept.problem) == ("suppressed", "called off") and office.robot.asked == []


async def test_nobody_sends_again_what_was_called_off(office: Office, smsc: Smsc) -> None:
    ticket = await assigned(office)
    worker = await office.worker()
    smsc.statuses = [0x0B]
    await worker.work_off()  # no browser: the SMS comes at once, and is refused
    failed = await office.one(await job(office, "sms"))
    assert failed.state.value == "failed"
    await office.block.move(ticket, "orlova", "cancel", "заявлено по ошибке")
    with pytest.raises(Conflict, match="another's by now"):
        await office.service.again(failed.id, office.block.who("orlova"))
    await worker.work_off()
    assert (await office.one(failed.key)).state.value == "failed"


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ({"acknowledged": True, "heard": True}, "acknowledged"),
        ({"acknowledged": False, "heard": True}, "delivered"),
        ({"acknowledged": False, "heard": False}, "failed"),
    ],
)
async def test_what_became_of_the_call_is_kept_and_a_key_alone_acknowledges(
    office: Office, outcome: dict[str, bool], state: str
) -> None:
    ticket = await assigned(office)
    worker = await office.worker()
    await office.pass_time(worker, minutes=5)
    key = office.robot.asked[0].key
    async with office.store.begin() as tx:
        await office.outbox.call_settled(tx, key, **outcome, detail="no answer", call="call 17")
    states = await office.states()
    assert states["call"] == state
    assert states["supervisor"] == ("suppressed" if state == "acknowledged" else "queued")
    assert len(await history(office, ticket, "acknowledged")) == (state == "acknowledged")


async def test_a_robot_that_does_not_take_the_call_is_asked_again(office: Office) -> None:
    await assigned(office)
    worker = await office.worker()
    office.robot.error = Unavailable("halted")
    await office.pass_time(worker, minutes=5)
    assert (await office.states())["call"] == "queued"
    office.robot.error = None
    await office.pass_time(worker, minutes=1)
    assert (await office.states())["call"] == "sent" and len(office.robot.asked) == 1


async def test_a_number_that_the_robot_does_not_call_is_the_supervisors_at_once(office: Office) -> None:
    ticket = await assigned(office)
    worker = await office.worker()
    office.robot.refuses = "the robot does not call this number"
    await office.pass_time(worker, minutes=5)
    assert (await office.states())["call"] == "failed"
    await worker.work_off()
    assert [one["about"] for one in await history(office, ticket, "reminder")] == ["unacknowledged"]


async def test_the_robots_own_rows_and_ours_are_one_call_and_one_acknowledgement(
    sqlite_store: Store, clock: ManualClock, mail: MailServer, smsc: Smsc
) -> None:
    """Over the true outreach: a key there stops the ladder here, and an end here withdraws the call there."""
    office = await opened(sqlite_store, clock, mail, smsc, robot=False)
    outreach = OutreachService(
        sqlite_store,
        clock,
        config.Outreach(),
        config.Locale(),
        follow_up=None,  # type: ignore[arg-type]
        opt_outs=None,  # type: ignore[arg-type]
    )
    office.service.attach_robot(outreach)
    first, second = [await assigned(office) for _ in range(2)]
    worker = await office.worker()
    await office.pass_time(worker, minutes=5)
    keys = {one.ticket_number: one.key for one in await office.all() if one.channel is Channel.CALL}
    async with sqlite_store.read() as conn:
        calls = {number: await outreach_rows.call_by_key(conn, key) for number, key in keys.items()}
    call = calls[first.number]
    assert call is not None and call.number == PHONE and call.facts["ticket"] == first.number
    async with sqlite_store.begin() as tx:
        await tx.tell(OutreachSettled(clock.now(), replace(call, result="acknowledged"), "job", None))
    assert (await office.one(keys[first.number])).state.value == "acknowledged"
    await office.block.move(second, "ivanov", "start")
    async with sqlite_store.read() as conn:
        withdrawn = await outreach_rows.call_by_key(conn, keys[second.number])
    assert withdrawn is not None and (withdrawn.state.value, withdrawn.result) == ("cancelled", "withdrawn")
    assert (await office.one(keys[second.number])).state.value == "suppressed"
    await office.close()


async def test_an_executor_who_refuses_by_key_2_is_his_manager_s_and_the_centre_s_at_once(
    sqlite_store: Store, clock: ManualClock, mail: MailServer, smsc: Smsc, pushes: HttpServer
) -> None:
    """The robot told him that the dispatcher will find somebody else: so the dispatcher has to know."""
    office = await opened(sqlite_store, clock, mail, smsc, robot=False)
    rules, locale = config.Outreach(), config.Locale()
    # Nothing of a ticket follows from a call about a job but what the notices say of it.
    outreach = OutreachService(sqlite_store, clock, rules, locale, follow_up=None, opt_outs=None)  # type: ignore[arg-type]
    office.service.attach_robot(outreach)
    told: list[TicketReminded] = []
    sqlite_store.after[TicketReminded] = [told.append]
    manager = await subscribed(office, pushes, 4)
    ticket = await assigned(office)
    worker = await office.worker()
    await office.pass_time(worker, minutes=5)
    [key] = [one.key for one in await office.all() if one.channel is Channel.CALL]
    async with sqlite_store.read() as conn:
        call = await outreach_rows.call_by_key(conn, key)
    assert call is not None
    for _ in range(2):  # told twice it is told once
        async with sqlite_store.begin() as tx:
            await tx.tell(OutreachSettled(clock.now(), replace(call, result="declined"), "job", None))
    assert [(fact.about, fact.to) for fact in told] == [
        ("refused", frozenset({"organisation_manager", "operator", "supervisor"}))
    ]
    [line] = await history(office, ticket, "reminder")
    assert (line["about"], line["executor"]) == ("refused", "Иванов Семён")
    assert (await office.one(key)).state.value == "delivered" and ("called off", "refused by key 2") in (
        await office.story(key)
    )
    await office.pass_time(worker, minutes=30)
    assert manager.read(pushes.asked[-1])["body"].startswith("Исполнитель отказался от заявки")
    assert (await office.states())["supervisor"] == "suppressed"
    assert [one["about"] for one in await history(office, ticket, "reminder")] == ["refused"]
    assert await history(office, ticket, "acknowledged") == []
    assert await office.service.mine(office.block.who("ivanov")) == []
    await office.close()


@pytest.mark.parametrize(
    "moves", [[("zhukov", "assign", {"executor_id": 7})], [("ivanov", "start", {}), ("ivanov", "report_done", {})]]
)
async def test_a_refusal_of_a_job_that_is_another_s_or_done_by_now_troubles_nobody(
    office: Office, moves: list[tuple[str, str, dict[str, Any]]]
) -> None:
    told: list[TicketReminded] = []
    office.store.after[TicketReminded] = [told.append]
    ticket = await assigned(office)
    key = await job(office, "call")
    for login, move, needs in moves:
        ticket = await office.block.move(ticket, login, move, **needs)
    call = OutreachCall(
        id=1,
        campaign_id=1,
        key=key,
        number=PHONE,
        zone="Europe/Moscow",
        language="ru",
        state=CallState.DONE,
        due_at=office.clock.now(),
        created_at=office.clock.now(),
        result="declined",
    )
    async with office.store.begin() as tx:
        await tx.tell(OutreachSettled(office.clock.now(), call, "job", None))
    assert told == [] and await history(office, ticket, "reminder") == []


async def test_two_workers_and_an_acknowledgement_at_once_on_both_databases(
    store: Store, clock: ManualClock, mail: MailServer, smsc: Smsc
) -> None:
    """Whatever comes first: one acknowledgement, no rung twice, no two that wait for each other for ever."""
    office = await opened(store, clock, mail, smsc)
    tickets = [await assigned(office) for _ in range(3)]
    workers: list[NoticesWorker] = [await office.worker() for _ in range(2)]
    office.clock.advance(seconds=600)
    mine = await office.service.mine(office.block.who("ivanov"))
    assert len(mine) == 3
    await asyncio.gather(
        *[worker.work_off() for worker in workers],
        *[office.service.acknowledge(one.id, office.block.who("ivanov"), how="page") for one in mine for _ in range(2)],
    )
    for ticket in tickets:
        assert len(await history(office, ticket, "acknowledged")) == 1
    assert len({message.key for message in office.robot.asked}) == len(office.robot.asked)
    assert await office.service.mine(office.block.who("ivanov")) == []
    await office.close()


# --- the resident ---------------------------------------------------------------------------------------------


async def test_a_resident_is_told_that_it_is_done_with_a_link_that_opens_his_ticket(office: Office, smsc: Smsc) -> None:
    ticket = await office.block.to(S.AWAITING_CLIENT, "KRO-05")
    worker = await office.worker()
    await worker.work_off()
    text = "".join(one["text"] for one in smsc.submits if one["number"] == RESIDENT.lstrip("+"))
    [token] = office.made
    assert f"https://desk.test/r/{token}" in text and ticket.number in text
    assert (await office.links.view(token, "1.2.3.4")).ticket.number == ticket.number
    kept = await office.all()
    assert all(token not in str(one) for one in kept)  # the link is the resident's alone


async def test_the_link_of_a_second_try_is_the_same(office: Office, smsc: Smsc) -> None:
    smsc.statuses = [0x58]
    await office.block.to(S.AWAITING_CLIENT, "KRO-05")
    worker = await office.worker()
    for _ in range(6):
        await office.pass_time(worker, minutes=1)
    assert len(office.made) == 1


async def test_a_resident_who_took_pushes_has_one_and_no_sms(office: Office, pushes: HttpServer, smsc: Smsc) -> None:
    ticket = await office.block.open("KRO-05")
    browser = await subscribed(office, pushes, None, ticket.id)
    smsc.submits.clear()
    for _, login, move, needs in WAY:
        await office.block.move(await office.block.tickets.get(ticket.number), login, move, **needs)
    worker = await office.worker()
    await office.pass_time(worker, hours=1)
    read = [browser.read(asked) for asked in pushes.asked]
    assert [one["title"] for one in read] == ["Работа выполнена"]
    assert read[0]["link"] == f"https://desk.test/r/{office.made[0]}"
    assert not [one for one in smsc.submits if one["number"] == RESIDENT.lstrip("+")]
    assert (await office.states())["sms"] == "suppressed"


async def test_a_resident_whose_browser_is_gone_has_an_sms_and_the_browser_is_forgotten(
    office: Office, pushes: HttpServer, smsc: Smsc
) -> None:
    ticket = await office.block.open("KRO-05")
    await subscribed(office, pushes, None, ticket.id)
    pushes.status = 410
    for _, login, move, needs in WAY:
        await office.block.move(await office.block.tickets.get(ticket.number), login, move, **needs)
    worker = await office.worker()
    await worker.work_off()
    await worker.work_off()
    assert [one for one in smsc.submits if one["number"] == RESIDENT.lstrip("+")]
    async with office.store.read() as conn:
        from callengine.store import notices as rows

        assert not await rows.has_browser(conn, ticket_id=ticket.id)


WAY = (
    ("", "zhukov", "accept", {}),
    ("", "zhukov", "assign", {"executor_id": 6}),
    ("", "ivanov", "start", {}),
    ("", "ivanov", "report_done", {}),
    ("", "petrova", "confirm", {}),
)


async def test_a_residents_sms_comes_after_his_push_also_when_both_waited_for_the_morning(
    office: Office, pushes: HttpServer
) -> None:
    ticket = await office.block.to(S.IN_PROGRESS, "KRO-05")
    await subscribed(office, pushes, None, ticket.id)
    office.clock.advance(seconds=12 * 3600)
    await office.block.move(ticket, "ivanov", "report_done")
    await office.block.move(await office.block.tickets.get(ticket.number), "orlova", "confirm")
    moments = {one.channel: one.next_at for one in await office.all() if one.kind.value == "done"}
    assert (moments[Channel.SMS] - moments[Channel.PUSH]).total_seconds() == 600


async def test_who_gave_his_mark_is_not_told_that_it_is_closed_and_who_was_silent_is(office: Office) -> None:
    marked = await office.block.to(S.CLOSED, "KRO-05")
    silent = await office.block.to(S.AWAITING_CLIENT, "KRO-05")
    await office.block.pass_time(days=4)
    assert (await office.block.tickets.get(silent.number)).status is S.CLOSED
    closed = [one.ticket_number for one in await office.all() if one.kind.value == "closed"]
    assert closed == [silent.number] and marked.number not in closed


async def test_a_resident_is_told_his_number_and_term_where_the_service_wishes_it(
    sqlite_store: Store, clock: ManualClock, mail: MailServer, smsc: Smsc
) -> None:
    office = await opened(sqlite_store, clock, mail, smsc, tell_resident=["registered"])
    ticket = await office.block.open("KRO-05")
    [one] = await office.all()
    assert one.kind.value == "registered" and ticket.number in one.text and "21.11.2026 11:00" in one.text
    await office.close()


async def test_number_and_term_postponement_and_cancellation_are_told_unless_the_service_says_otherwise(
    sqlite_store: Store, clock: ManualClock, mail: MailServer, smsc: Smsc
) -> None:
    """Number and terms within 30 minutes are the rule's (ПП РФ 416), so they are told by default."""
    office = await opened(sqlite_store, clock, mail, smsc, tell_resident=config.Notices().tell_resident)
    ticket = await office.block.to(S.EXECUTOR_ASSIGNED, "KRO-05")
    day = clock.now() + timedelta(days=2)
    await office.block.move(ticket, "ivanov", "postpone", reason="ждём деталь", until=day)
    await office.block.move(ticket, "orlova", "cancel", reason="заявлено дважды")
    told = {one.kind.value: one for one in await office.all() if one.to.number == RESIDENT}
    assert set(told) == {"registered", "postponed", "cancelled"}
    assert "21.11.2026 11:00" in told["registered"].text and ticket.number in told["registered"].text
    assert "до 22.11.2026 11:00: ждём деталь" in told["postponed"].text
    assert "отменена: заявлено дважды" in told["cancelled"].text
    await (await office.worker()).work_off()
    assert len(office.made) == 3 and {one["number"] for one in smsc.submits} == {RESIDENT.lstrip("+")}
    await office.close()


async def test_who_joined_is_told_what_the_first_is_told_each_once_and_nobody_reads_the_other_s_page(
    sqlite_store: Store, clock: ManualClock, mail: MailServer, smsc: Smsc
) -> None:
    from callengine.tickets.model import Applicant

    office = await opened(sqlite_store, clock, mail, smsc, tell_resident=config.Notices().tell_resident)
    joins = JoinService(sqlite_store, clock)
    ticket = await office.block.open("KRO-05", premise="17", text="течёт у бабушки")
    neighbour, landline = "+79073305555", "+73072245678"
    for number in (neighbour, landline):
        await joins.join(ticket.number, Joining(Applicant(number, "Соседов Пётр")), office.block.who("petrova"))
    # Two people of one telephone, which hears of it once.
    async with sqlite_store.begin() as tx:
        await tx.conn.execute(
            insert(people), [{"id": n, "code": f"P{n}", "name": "Мельников", "search": ""} for n in (1, 2)]
        )
        await tx.conn.execute(update(tickets).values(person_id=1))
    son = Joining(Applicant(RESIDENT, "Мельников", person_id=2))
    assert await joins.join(ticket.number, son, office.block.who("petrova")) is not None
    await joins.join(ticket.number, Joining(Applicant("", "Без номера")), office.block.who("petrova"))
    for _, login, move, needs in WAY:
        ticket = await office.block.move(ticket, login, move, **needs)
    ticket = await office.block.move(ticket, "petrova", "mark", mark=5)
    of_him = [one for one in await office.all() if one.to.number == neighbour]
    assert [one.key.split(":")[2] for one in of_him] == ["registered", "done", "closed"]
    assert [one.kind.value for one in of_him] == ["joined"] * 3
    assert "Срок: 21.11.2026 11:00" in of_him[0].text and "Сообщили, что работа выполнена" in of_him[1].text
    for one in of_him:
        assert LINK not in one.text and "17" not in one.text and "бабушк" not in one.text
    of_first = [one.kind.value for one in await office.all() if one.to.number == RESIDENT]
    assert of_first == ["registered", "done"]  # he gave the mark himself
    await office.close()


async def test_who_joined_is_told_as_his_card_says_where_that_can_be_and_of_danger_in_any_case(
    sqlite_store: Store, clock: ManualClock, mail: MailServer, smsc: Smsc
) -> None:
    from callengine.tickets.model import Applicant

    office = await opened(sqlite_store, clock, mail, smsc, tell_resident=config.Notices().tell_resident)
    joins, ways = JoinService(sqlite_store, clock), ("none", "email", "call", "push", "")
    async with sqlite_store.begin() as tx:
        cards = [
            {"id": n, "code": f"P{n}", "name": "Сосед", "search": "", "notify": way, "email": f"s{n}@mail.ru"}
            for n, way in enumerate(ways, 1)
        ]
        await tx.conn.execute(insert(people), cards)
    for code, expected in (
        ("KRO-05", ["email", "sms", "sms", "sms"]),
        ("HVS-01", ["sms", "sms", "sms", "sms", "sms"]),
    ):
        ticket = await office.block.open(code)
        for n in range(1, len(ways) + 1):
            who = Applicant(f"+7907330555{n}", "Соседов Пётр", person_id=n)
            await joins.join(ticket.number, Joining(who), office.block.who("petrova"))
        told = [one for one in await office.all() if one.kind.value == "joined" and one.ticket_number == ticket.number]
        assert sorted(one.channel.value for one in told) == expected, code
        letters = [one.to.email for one in told if one.channel.value == "email"]
        assert letters == ["s2@mail.ru"] * expected.count("email")
    await office.close()


async def test_who_joined_before_the_upgrade_hears_nothing_of_it_when_another_joins_calls_again_or_is_taken_off(
    sqlite_store: Store, clock: ManualClock, mail: MailServer, smsc: Smsc
) -> None:
    from callengine.tickets.model import Applicant

    office = await opened(sqlite_store, clock, mail, smsc, tell_resident=config.Notices().tell_resident)
    joins, who = JoinService(sqlite_store, clock), office.block.who("petrova")
    ticket = await office.block.open("KRO-05", premise="17")
    hooks = sqlite_store.within.pop(TicketJoined)  # the release before told nobody who joined
    for last in range(3):
        await joins.join(ticket.number, Joining(Applicant(f"+7907330550{last}", "Давний")), who)
    sqlite_store.within[TicketJoined] = hooks
    again = Joining(Applicant("+79073305500", "Давний"), call_id=await a_call(sqlite_store, "+79073305500"))
    assert await joins.join(ticket.number, again, who) is None  # he called again
    made = await joins.join(ticket.number, Joining(Applicant("+79073305599", "Новый")), who)
    gone = (await joins.of(ticket.number))[0]
    await joins.withdraw(ticket.number, gone.id, who)
    told = [one.to.number for one in await office.all() if one.kind.value == "joined"]
    assert made is not None and told == ["+79073305599"]
    await office.close()


async def test_who_was_joined_at_night_by_mistake_is_not_told_in_the_morning(
    sqlite_store: Store, clock: ManualClock, mail: MailServer, smsc: Smsc
) -> None:
    from callengine.tickets.model import Applicant

    office = await opened(sqlite_store, clock, mail, smsc, tell_resident=config.Notices().tell_resident)
    joins, who = JoinService(sqlite_store, clock), office.block.who("petrova")
    clock.advance(seconds=14 * 3600)  # quiet hours
    ticket = await office.block.open("KRO-05", premise="17")
    numbers = ("+79073305501", "+79073305502")
    for number in numbers:
        await joins.join(ticket.number, Joining(Applicant(number, "Соседов Пётр")), who)
    worker = await office.worker()
    await worker.work_off()
    assert [one.state.value for one in await office.all() if one.kind.value == "joined"] == ["queued"] * 2
    wrong = next(one for one in await joins.of(ticket.number) if one.applicant.number == numbers[0])
    await joins.withdraw(ticket.number, wrong.id, who)
    await office.pass_time(worker, hours=10)
    states = {one.to.number: one.state.value for one in await office.all() if one.kind.value == "joined"}
    assert states == {numbers[0]: "suppressed", numbers[1]: "sent"}
    await office.close()


LANDLINE = "+74952245678"


async def test_who_can_be_told_by_neither_push_nor_sms_is_called_that_it_is_done(
    sqlite_store: Store, clock: ManualClock, mail: MailServer, smsc: Smsc
) -> None:
    from callengine.tickets.model import Applicant

    office = await opened(sqlite_store, clock, mail, smsc, robot=False, ratings=False)
    rules, locale = config.Outreach(), config.Locale()
    outreach = OutreachService(sqlite_store, clock, rules, locale, follow_up=None, opt_outs=None)  # type: ignore[arg-type]
    office.service.attach_robot(outreach)
    ticket = await office.block.to(S.AWAITING_CLIENT, "KRO-05", applicant=Applicant(LANDLINE, "Мельникова Анна"))
    worker = await office.worker()
    await worker.work_off()
    [one] = [kept for kept in await office.all() if kept.kind.value == "done"]
    assert (one.channel, one.state.value, smsc.submits, office.made) == (Channel.CALL, "sent", [], [])
    async with sqlite_store.read() as conn:
        call = await outreach_rows.call_by_key(conn, one.key)
    assert call is not None and (call.number, call.facts["ticket"]) == (LANDLINE, ticket.number)
    assert call.facts["result"] == "Организация сообщила, что работа выполнена"
    assert jobs.from_raw({"kind": "result", **call.facts}).kind.value == "result"
    async with sqlite_store.begin() as tx:
        await tx.tell(OutreachSettled(clock.now(), replace(call, result="acknowledged"), "result", None))
    assert (await office.one(one.key)).state.value == "delivered"
    assert await history(office, ticket, "acknowledged") == []  # that is an executor's word
    await office.close()


async def test_the_call_comes_where_the_sms_does_not_go_and_not_where_it_goes(
    sqlite_store: Store, clock: ManualClock, mail: MailServer, smsc: Smsc
) -> None:
    office = await opened(sqlite_store, clock, mail, smsc, ratings=False)
    await office.block.to(S.AWAITING_CLIENT, "KRO-05")
    worker = await office.worker()
    await office.pass_time(worker, minutes=30)
    assert office.robot.asked == []
    smsc.statuses = [0x0B]
    await office.block.to(S.AWAITING_CLIENT, "KRO-05")
    await office.pass_time(worker, minutes=1)
    await worker.work_off()
    assert [message.number for message in office.robot.asked if message.kind == "done"] == [RESIDENT]
    await office.close()


@pytest.mark.parametrize("off", [{"ratings": True}, {"result_calls": False, "ratings": False}])
async def test_where_calls_for_marks_are_made_or_nobody_wishes_it_the_robot_tells_no_results(
    sqlite_store: Store, clock: ManualClock, mail: MailServer, smsc: Smsc, off: dict[str, bool]
) -> None:
    from callengine.tickets.model import Applicant

    office = await opened(sqlite_store, clock, mail, smsc, **off)
    await office.block.to(S.AWAITING_CLIENT, "KRO-05", applicant=Applicant(LANDLINE, "Мельникова Анна"))
    await office.block.pass_time(days=4)
    assert [one.channel for one in await office.all() if one.to.number == LANDLINE] == [Channel.SMS] * 2
    await office.close()


async def test_a_ticket_without_a_number_bothers_nobody(office: Office) -> None:
    from callengine.tickets.model import Applicant

    await office.block.to(S.AWAITING_CLIENT, "KRO-05", applicant=Applicant("", "Аноним"))
    assert [one for one in await office.all() if one.kind.value == "done"] == []


# --- the resident's word ----------------------------------------------------------------------------------------


async def token_of(office: Office, ticket: Ticket) -> str:
    await office.link(ticket.number)
    return office.made[-1]


async def owed(office: Office) -> list[Any]:
    async with office.store.read() as conn:
        return list((await conn.execute(select(duties))).all())


async def test_a_resident_s_word_wakes_his_executor_the_manager_and_the_desk_and_sent_twice_it_stands_once(
    office: Office, pushes: HttpServer
) -> None:
    office.service.attach_duties(CallbacksService(office.store, office.clock, config.Callbacks()))
    told: list[TicketReminded] = []
    office.store.after[TicketReminded] = [told.append]
    executor = await subscribed(office, pushes, 6)
    ticket = await assigned(office)
    token = await token_of(office, ticket)
    for _ in range(2):
        await office.links.comment(token, "Меня не будет дома до шести", "1.2.3.4", "phone-1")
    kept = await office.block.tickets.get(ticket.number)
    assert [e.reason for e in kept.history if e.what == "comment"] == ["Меня не будет дома до шести"]
    assert [(fact.about, fact.to) for fact in told] == [
        ("resident_word", frozenset({"executor", "organisation_manager", "operator", "supervisor"}))
    ]
    await (await office.worker()).work_off()
    assert executor.read(pushes.asked[-1])["body"].startswith("Житель написал по заявке")
    await office.links.comment(token, "Меня не будет дома до шести", "1.2.3.4", "phone-2")
    assert len(told) == 2 and await owed(office) == []
    with pytest.raises(Conflict):
        await office.links.comment(token, "Уже дома", "1.2.3.4", "phone-1")


async def test_a_word_of_those_who_work_on_it_is_no_resident_s(office: Office) -> None:
    told: list[TicketReminded] = []
    office.store.after[TicketReminded] = [told.append]
    ticket = await assigned(office)
    await office.links.comment(await token_of(office, ticket), "Когда придут?", "1.2.3.4")
    await office.block.moves.comment(ticket.number, office.block.who("petrova"), "После обеда", public=True)
    assert [fact.about for fact in told] == ["resident_word"]


async def test_a_word_on_a_closed_ticket_is_owed_a_call_by_a_human(office: Office) -> None:
    office.service.attach_duties(CallbacksService(office.store, office.clock, config.Callbacks()))
    told: list[TicketReminded] = []
    office.store.after[TicketReminded] = [told.append]
    ticket = await office.block.to(S.CLOSED, "KRO-05")
    token = await token_of(office, ticket)
    for _ in range(2):
        await office.links.comment(token, "Снова течёт", "1.2.3.4", "phone-1")
    [duty] = await owed(office)
    assert (duty.number, duty.reason, duty.ticket_id) == (RESIDENT, "resident_word", ticket.id)
    assert (duty.due_at - office.clock.now()).total_seconds() == 3600
    assert [(fact.about, fact.to) for fact in told] == [("resident_word", frozenset({"operator", "supervisor"}))]


# --- the municipality ------------------------------------------------------------------------------------------


async def test_a_critical_ticket_is_written_to_the_municipality_at_once_and_the_receipt_is_kept(
    office: Office, mail: MailServer
) -> None:
    await office.municipality()
    office.clock.advance(seconds=14 * 3600)  # by night: a letter wakes nobody
    ticket = await office.block.open("HVS-01", premise="17")
    worker = await office.worker()
    await worker.work_off()
    letter = mail.letter()
    assert letter["To"] == "Администрация города <duty@city.test>"
    assert letter["Subject"] == f"Авария: Беда HVS-01, Мира, 44 (заявка {ticket.number})"
    text = letter.get_content()
    assert "Локализовать до: 21.11.2026 01:30" in text and "УК «Заречье»" in text
    [line] = await history(office, ticket, "notified")
    assert line["receipt"] == "250 2.0.0 Ok: queued as 00001" and line["to"] == "duty@city.test"
    assert (await office.all())[0].receipt == line["receipt"]


async def test_an_ordinary_ticket_writes_to_nobody_unless_its_entry_says_so(office: Office) -> None:
    from callengine.store.tables import classifier

    await office.municipality()
    await office.block.open("KRO-05")
    assert await office.all() == []
    async with office.store.begin() as tx:
        await tx.conn.execute(update(classifier).where(classifier.c.code == "KRO-05").values(notify_municipality=True))
    await office.block.open("KRO-05")
    assert [one.kind.value for one in await office.all()] == ["critical"]


async def test_what_turns_out_to_be_an_accident_is_written_to_the_municipality_once(
    office: Office, mail: MailServer
) -> None:
    await office.municipality()
    ticket = await office.block.open("KRO-05")
    worker = await office.worker()
    await worker.work_off()
    assert mail.letters == []
    again = {"reason": "прорвало трубу", "organisation_id": 2, "classifier": "HVS-01"}
    ticket = await office.block.move(ticket, "orlova", "route", **again)
    await worker.work_off()
    assert mail.letter()["Subject"].startswith("Авария: Беда HVS-01")
    assert [one["to"] for one in await history(office, ticket, "notified")] == ["duty@city.test"]
    back = await office.block.move(ticket, "orlova", "route", reason="их сеть", organisation_id=1)
    await office.block.move(back, "zhukov", "accept")
    await worker.work_off()
    assert len(mail.letters) == 1


async def test_every_address_is_written_to_once(
    sqlite_store: Store, clock: ManualClock, mail: MailServer, smsc: Smsc
) -> None:
    office = await opened(sqlite_store, clock, mail, smsc, municipality=["Duty@city.test", "second@city.test"])
    await office.municipality()
    await office.block.open("HVS-01")
    assert sorted(one.to.email for one in await office.all()) == ["duty@city.test", "second@city.test"]
    await office.close()


async def test_a_letter_that_is_refused_is_the_supervisors_to_tell_by_telephone(
    office: Office, mail: MailServer, pushes: HttpServer
) -> None:
    told: list[TicketReminded] = []
    office.store.after[TicketReminded] = [told.append]
    supervisor = await subscribed(office, pushes, 2)
    await office.municipality()
    mail.says["RCPT"] = "550 5.1.1 no such user"
    ticket = await office.block.open("HVS-01")
    worker = await office.worker()
    await worker.work_off()
    await worker.work_off()
    assert [fact.about for fact in told] == ["untold"]
    assert "no such user" in supervisor.read(pushes.asked[-1])["body"]
    [line] = await history(office, ticket, "not_notified")
    assert line["to"] == "duty@city.test"


async def test_a_mail_server_that_is_down_delays_the_letter_and_loses_none(office: Office, mail: MailServer) -> None:
    await office.municipality()
    port = mail.port
    await mail.stop()
    await office.block.open("HVS-01")
    worker = await office.worker()
    await worker.work_off()
    [one] = [kept for kept in await office.all() if kept.kind.value == "critical"]
    assert one.state.value == "queued" and "cannot be used" in one.problem
    mail.port = port
    await mail.start()
    await office.pass_time(worker, minutes=2)
    assert len(mail.letters) == 1


async def test_without_a_mail_server_the_supervisors_know_that_nobody_was_written_to(
    sqlite_store: Store, clock: ManualClock
) -> None:
    told: list[TicketReminded] = []
    office = await open_office(sqlite_store, clock)
    office.store.after[TicketReminded] = [told.append]
    await office.municipality()
    await office.block.open("HVS-01")
    assert [fact.about for fact in told] == ["untold"]
    async with office.store.begin() as tx:
        await tx.conn.execute(update(organisations).where(organisations.c.code == "city").values(active=False))
    await office.block.open("HVS-01")
    assert len(told) == 1  # there is nobody to write to


# --- the organisation ------------------------------------------------------------------------------------------


async def with_office(office: Office, id: int = 1, **values: Any) -> None:
    values = values or {"email": "zar@uk.test", "phone": "+73072240001"}
    async with office.store.begin() as tx:
        await tx.conn.execute(update(organisations).where(organisations.c.id == id).values(**values))


async def routed(office: Office) -> list[str]:
    """What came of each notice of the routings."""
    return sorted(one.state.value for one in await office.all() if one.kind.value == "routed")


async def test_an_organisation_has_a_letter_and_its_managers_a_push_when_a_ticket_is_theirs(
    office: Office, mail: MailServer, pushes: HttpServer, smsc: Smsc
) -> None:
    await with_office(office)
    manager, _ = await subscribed(office, pushes, 4), await subscribed(office, pushes, 5)
    ticket = await office.block.open("KRO-05", premise="17")
    worker = await office.worker()
    await worker.work_off()
    [letter] = mail.letters
    assert mail.letter()["To"] == "УК «Заречье» <zar@uk.test>" and letter is not None
    assert mail.letter()["Subject"] == f"Вам направлена заявка {ticket.number}: Беда KRO-05"
    text = mail.letter().get_content()
    assert "Мира, 44, кв. 17" in text and "Принять до 20.11.2026 12:00" in text
    [asked] = pushes.asked
    assert manager.read(asked)["title"] == f"Вам направлена заявка {ticket.number}: Беда KRO-05"
    assert not manager.read(asked)["acknowledge"]
    await office.pass_time(worker, minutes=30)
    assert smsc.submits == []  # an SMS is for danger alone
    [line] = await history(office, ticket, "organisation_notified")
    assert (line["to"], line["organisation"]) == ("zar@uk.test", "УК «Заречье»") and "queued as" in line["receipt"]
    # It is his to accept, and not to acknowledge.
    assert await office.service.mine(office.block.who("zhukov")) == []


@pytest.mark.parametrize("move", ["accept", "decline"])
async def test_of_danger_the_organisation_has_an_sms_too_unless_somebody_took_it_or_declined_it_before(
    office: Office, mail: MailServer, smsc: Smsc, move: str
) -> None:
    await with_office(office)
    office.clock.advance(seconds=14 * 3600)  # by night
    ticket = await office.block.open("HVS-01")
    worker = await office.worker()
    await worker.work_off()
    assert (len(mail.letters), smsc.submits) == (1, [])
    await office.pass_time(worker, minutes=2)
    assert {one["number"] for one in smsc.submits} == {"73072240001"}
    sent = len(smsc.submits)
    other = await office.block.open("HVS-01")
    await worker.work_off()
    await office.block.move(other, "zhukov", move, reason="не наше")
    await office.pass_time(worker, minutes=10)
    assert len(smsc.submits) == sent
    assert len(mail.letters) == 2 and await history(office, ticket, "organisation_notified") != []
    assert await routed(office) == ["acknowledged", "sent", "sent", "suppressed"]


async def test_the_number_of_an_organisation_is_written_to_however_it_was_typed(office: Office, smsc: Smsc) -> None:
    await with_office(office, phone="+7 (3072) 24-00-01, доб. 5")
    await office.block.open("HVS-01")
    await with_office(office, phone="+7 (3072) 24-00-01")
    await office.block.open("HVS-01")
    await office.pass_time(await office.worker(), minutes=2)
    assert {one["number"] for one in smsc.submits} == {"73072240001"}
    assert [one.to.number for one in await office.all() if one.channel is Channel.SMS] == ["+73072240001"]


async def test_a_ticket_that_goes_to_another_organisation_is_written_to_that_one_once(
    office: Office, mail: MailServer
) -> None:
    await with_office(office)
    await with_office(office, 2, email="water@voda.test")
    ticket = await office.block.open("KRO-05")
    worker = await office.worker()
    await worker.work_off()
    await office.block.move(ticket, "zhukov", "decline", reason="не наш дом")
    moved = await office.block.move(ticket, "petrova", "route", organisation_id=2)
    await worker.work_off()
    await office.pass_time(worker, minutes=20)
    assert [mail.letter(n)["To"] for n in range(len(mail.letters))] == [
        "УК «Заречье» <zar@uk.test>",
        "МУП «Водоканал» <water@voda.test>",
    ]
    await office.block.move(moved, "lapin", "accept")
    await worker.work_off()
    assert len(mail.letters) == 2


async def test_who_gets_it_by_the_administrator_s_hand_while_it_waits_for_acceptance_is_written_to(
    office: Office, mail: MailServer
) -> None:
    await with_office(office)
    await with_office(office, 2, email="water@voda.test")
    ticket = await office.block.open("KRO-05")
    worker = await office.worker()
    await worker.work_off()
    waits = S.AWAITING_ACCEPTANCE
    await office.block.move(ticket, "belova", "move", reason="не та", status=waits, organisation_id=2)
    await worker.work_off()
    assert [mail.letter(n)["To"] for n in range(len(mail.letters))] == [
        "УК «Заречье» <zar@uk.test>",
        "МУП «Водоканал» <water@voda.test>",
    ]


async def test_a_letter_that_the_organisation_s_server_refuses_is_no_letter_that_it_had(
    office: Office, mail: MailServer
) -> None:
    await with_office(office, email="zar@uk.test")
    mail.says["RCPT"] = "550 5.1.1 no such user"
    ticket = await office.block.open("KRO-05")
    worker = await office.worker()
    await worker.work_off()
    assert await history(office, ticket, "organisation_notified") == []
    [line] = await history(office, ticket, "organisation_not_notified")
    assert line["to"] == "zar@uk.test"


# --- the ladder of reminders ------------------------------------------------------------------------------------


async def test_a_reminder_is_pushed_to_those_it_is_for_where_they_take_pushes(
    office: Office, pushes: HttpServer
) -> None:
    manager, stranger = await subscribed(office, pushes, 4), await subscribed(office, pushes, 5)
    await office.block.open("KRO-05")
    await office.block.pass_time(minutes=61)
    worker = await office.worker()
    await worker.work_off()
    [opened, asked] = pushes.asked
    assert manager.read(opened)["title"].startswith("Вам направлена заявка")
    assert manager.read(asked)["body"].startswith("Срок принятия прошёл. Беда KRO-05")
    assert asked["path"] == "/send/4-None" and stranger is not manager
    assert {one.to.staff_id for one in await office.all() if one.kind.value == "reminder"} == {4}


async def watched_over(office: Office) -> None:
    """An inspectorate and a municipality with addresses."""
    await office.municipality()
    row = {"code": "gzhi", "name": "Госжилинспекция", "kind": "inspectorate", "email": "gzhi@oblast.test"}
    async with office.store.begin() as tx:
        await tx.conn.execute(insert(organisations).values(**row))


async def test_what_is_overdue_is_written_to_the_inspectorate_once_and_the_ticket_says_so_when_it_went(
    office: Office, mail: MailServer, pushes: HttpServer
) -> None:
    await watched_over(office)
    inspector = await subscribed(office, pushes, 9)
    ticket = await office.block.open("KRO-05")  # a term of 24 hours
    await office.block.move(ticket, "zhukov", "accept")
    await office.block.pass_time(hours=23, minutes=50)
    worker = await office.worker()
    await worker.work_off()
    assert mail.letters == [] and await history(office, ticket, "overdue_sent") == []
    await office.block.pass_time(minutes=11)
    assert await history(office, ticket, "overdue_sent") == []  # it has not gone yet
    await worker.work_off()
    late = [letter for letter in map(mail.letter, range(len(mail.letters))) if "срок устранения" in letter["Subject"]]
    assert [letter["To"] for letter in late] == ["Госжилинспекция <gzhi@oblast.test>"]
    text = late[0].get_content()
    assert "Мира, 44" in text and "Отвечает: УК «Заречье»" in text and "Срок устранения: 21.11.2026 11:00" in text
    assert "gzhi@oblast.test" in [one["to"] for one in await history(office, ticket, "overdue_sent")]
    assert any(inspector.read(asked)["title"].startswith(f"Заявка {ticket.number}") for asked in pushes.asked)
    sent = len(mail.letters)
    await office.pass_time(worker, hours=2)
    assert len(mail.letters) == sent


async def test_what_nobody_touches_is_written_to_the_municipality_and_pushed_to_the_administrators(
    office: Office, mail: MailServer, pushes: HttpServer
) -> None:
    await watched_over(office)
    administrator = await subscribed(office, pushes, 3)
    ticket = await assigned(office)
    await office.block.pass_time(hours=25)
    worker = await office.worker()
    await worker.work_off()
    stalled = [letter for letter in map(mail.letter, range(len(mail.letters))) if "давно" in letter["Subject"]]
    assert sorted(letter["To"] for letter in stalled) == [
        "Администрация города <duty@city.test>",
        "Госжилинспекция <gzhi@oblast.test>",
    ]
    assert ticket.number in administrator.read(pushes.asked[-1])["title"]


async def test_a_letter_to_the_inspectorate_that_did_not_go_is_not_said_to_have_gone(
    office: Office, mail: MailServer
) -> None:
    await watched_over(office)
    mail.says["RCPT"] = "550 5.1.1 no such user"
    ticket = await assigned(office)
    await office.block.pass_time(hours=25)
    await (await office.worker()).work_off()
    assert await history(office, ticket, "overdue_sent") == []
    assert {one["to"] for one in await history(office, ticket, "overdue_not_sent")} == {
        "gzhi@oblast.test",
        "duty@city.test",
    }


async def test_an_inspector_of_another_district_is_not_told(office: Office, pushes: HttpServer) -> None:
    await subscribed(office, pushes, 9)
    async with office.store.begin() as tx:
        await tx.conn.execute(update(staff).where(staff.c.id == 9).values(districts=["Юг"]))
    await assigned(office)
    await office.block.pass_time(hours=25)
    await (await office.worker()).work_off()
    assert pushes.asked == []


async def test_who_left_is_not_told_any_more(office: Office, pushes: HttpServer) -> None:
    await subscribed(office, pushes, 6)
    await assigned(office)
    async with office.store.begin() as tx:
        await tx.conn.execute(update(staff).where(staff.c.id == 6).values(active=False))
    worker = await office.worker()
    await worker.work_off()
    assert pushes.asked == []
