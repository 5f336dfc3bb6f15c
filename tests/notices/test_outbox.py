"""The outbox over both databases: nothing twice, nothing lost, silence kept, an engine that dies, two that work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from callengine.clock import ManualClock, SystemClock
from callengine.notices import worker as worker_module
from callengine.notices.channels import pdu
from callengine.notices.model import Channel, Kind, Later, Message, Notice, Recipient, Rejected, Result, Sent, Unknown
from callengine.notices.worker import LEASE_SECONDS, NoticesWorker
from callengine.store.database import Store, StoreLost
from callengine.store.tables import notice_events, notices
from tests.notices.office import DEADLINE, RESIDENT, Office, open_office, until
from tests.notices.servers import HttpServer, MailServer, Smsc


class Gateway:
    """A channel whose other side does what a test says; it counts what it was given."""

    at_once = 8

    def __init__(self, channel: Channel = Channel.SMS, *, repeatable: bool = False) -> None:
        self.channel, self.repeatable = channel, repeatable
        self.given: list[Message] = []
        self.next: list[Result | Exception] = []
        self.hold: asyncio.Event | None = None

    async def send(self, message: Message) -> Result:
        self.given.append(message)
        if self.hold is not None:
            await self.hold.wait()
        result = self.next.pop(0) if self.next else Sent(f"ok {len(self.given)}")
        if isinstance(result, Exception):
            raise result
        return result

    async def close(self) -> None:
        return None


SMS = {"sms": "smpp", "smpp_host": "127.0.0.1", "smpp_user": "x"}


@pytest.fixture
async def office(store: Store, clock: ManualClock) -> AsyncIterator[Office]:
    made = await open_office(store, clock, **SMS)
    yield made
    await made.close()


@pytest.fixture
async def one(sqlite_store: Store, clock: ManualClock) -> AsyncIterator[Office]:
    made = await open_office(sqlite_store, clock, **SMS)
    yield made
    await made.close()


async def working(office: Office, gateway: Gateway) -> NoticesWorker:
    return await office.worker({gateway.channel: gateway})


# --- nothing twice ------------------------------------------------------------------------------------------


@pytest.mark.once
async def test_the_same_key_is_told_once_however_many_ask_at_the_same_moment(office: Office) -> None:
    ids = await asyncio.gather(*[office.tell("closed:1") for _ in range(12)])
    assert len([found for found in ids if found is not None]) == 1
    gateway = Gateway()
    await (await working(office, gateway)).work_off()
    assert len(gateway.given) == 1
    assert await office.tell("closed:1") is None  # nor later, when it was sent long ago


@pytest.mark.once
async def test_two_workers_send_each_notice_once(office: Office) -> None:
    for n in range(40):
        await office.tell(f"closed:{n}")
    gateway = Gateway()
    workers = [await working(office, gateway) for _ in range(2)]
    await asyncio.gather(*[worker.work_off() for worker in workers])
    assert len(gateway.given) == 40 == len({message.key for message in gateway.given})
    assert {one.state.value for one in await office.all()} == {"sent"}
    assert {one.tries for one in await office.all()} == {1}


async def test_a_worker_that_lost_its_lease_changes_nothing_any_more(office: Office) -> None:
    await office.tell("closed:1")
    slow = Gateway(repeatable=True)
    slow.hold = asyncio.Event()
    first = await working(office, slow)
    sending = asyncio.ensure_future(first.work_off())
    await until(lambda: slow.given)
    office.clock.advance(seconds=LEASE_SECONDS + 1)
    quick = Gateway(repeatable=True)
    second = await working(office, quick)
    await second.work_off()  # finds it abandoned, and puts it back
    office.clock.advance(seconds=60)
    await second.work_off()
    assert (await office.one("closed:1")).receipt == "ok 1"
    slow.next = [Rejected("no such number")]
    slow.hold.set()
    await sending
    kept = await office.one("closed:1")
    assert (kept.state.value, kept.problem) == ("sent", "")


async def test_whose_lease_ran_out_before_he_began_sends_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store may keep him waiting longer than his lease lasts: by then the notice is another's."""
    await office.tell("closed:1")
    slow, quick = Gateway(repeatable=True), Gateway(repeatable=True)
    first, second = await working(office, slow), await working(office, quick)
    true = office.outbox.may_go

    async def late(*given: Any, **more: Any) -> bool:
        monkeypatch.setattr(office.outbox, "may_go", true)
        office.clock.advance(seconds=LEASE_SECONDS + 1)
        await second.work_off()  # finds it abandoned, and puts it back
        office.clock.advance(seconds=60)
        await second.work_off()
        return await true(*given, **more)

    monkeypatch.setattr(office.outbox, "may_go", late)
    await first.work_off()
    assert (len(quick.given), len(slow.given)) == (1, 0)


async def test_who_begins_late_has_his_lease_anew(office: Office) -> None:
    await office.tell("closed:1")
    slow, quick = Gateway(repeatable=True), Gateway(repeatable=True)
    first, second = await working(office, slow), await working(office, quick)
    [claimed] = await first._claim(first._lanes[Channel.SMS], 1)
    office.clock.advance(seconds=LEASE_SECONDS - 1)
    assert await office.outbox.may_go(claimed, lease_seconds=LEASE_SECONDS)
    office.clock.advance(seconds=LEASE_SECONDS - 1)
    await second.work_off()
    assert (await office.one("closed:1")).state.value == "sending" and quick.given == []


# --- nothing lost -------------------------------------------------------------------------------------------


async def test_what_was_not_taken_waits_longer_each_time_and_is_sent_in_the_end(one: Office) -> None:
    gateway = Gateway()
    gateway.next = [Later("the gateway is down")] * 4
    worker = await working(one, gateway)
    await one.tell("closed:1")
    moments = []
    for _ in range(4):
        await worker.work_off()
        kept = await one.one("closed:1")
        moments.append((kept.next_at - one.clock.now()).total_seconds())
        one.clock.advance(seconds=moments[-1])
    assert moments == sorted(moments) and moments[0] < moments[-1]
    await worker.work_off()
    assert (await one.one("closed:1")).state.value == "sent"
    story = await one.story("closed:1")
    assert story == [("queued", ""), ("tried", "the gateway is down"), ("sent", "ok 5")]  # one line for one trouble


async def test_what_is_no_longer_worth_telling_fails_with_the_last_trouble(one: Office) -> None:
    gateway = Gateway()
    gateway.next = [Later("the gateway is down")] * 100
    worker = await working(one, gateway)
    await one.tell(
        "closed:1", kind=Kind.OUTAGE, fields={"address": "Мира, 44", "problem": "нет воды", "until": "18:00"}
    )
    for _ in range(100):
        kept = await one.one("closed:1")
        if kept.state.value == "failed":
            break
        one.clock.advance(seconds=max((kept.next_at - one.clock.now()).total_seconds(), 0))
        await worker.work_off()
    assert kept.state.value == "failed" and "the gateway is down" in kept.problem
    assert one.clock.now() - kept.created_at <= timedelta(hours=6)


async def test_a_gateway_that_is_down_is_not_asked_for_each_of_a_thousand_messages(one: Office) -> None:
    for n in range(30):
        await one.tell(f"closed:{n}")
    gateway = Gateway()
    gateway.next = [Later("down", whole_channel=True)]
    worker = await working(one, gateway)
    await worker.work_off()
    assert len(gateway.given) == 1
    one.clock.advance(seconds=30)
    await worker.work_off()
    assert len([kept for kept in await one.all() if kept.state.value == "sent"]) == 30


async def test_a_fault_of_our_own_loses_no_notice_and_stops_no_other(one: Office) -> None:
    gateway = Gateway(repeatable=True)
    gateway.next = [RuntimeError("a bug")]
    worker = await working(one, gateway)
    await one.tell("closed:1")
    await one.tell("closed:2")
    await worker.work_off()
    one.clock.advance(seconds=60)
    await worker.work_off()
    assert [kept.state.value for kept in await one.all()] == ["sent", "sent"]


async def test_a_message_that_is_never_ready_gives_its_place_to_the_next(
    one: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that waits for ever for the store held its place in the lane, and its claim ran out under it."""
    monkeypatch.setattr(worker_module, "MESSAGE_SECONDS", 0.01)
    gateway = Gateway()
    gateway.at_once = 1
    worker = await working(one, gateway)
    await one.tell("closed:1")
    await one.tell("closed:2")
    true, stuck = worker._message, ["closed:1"]

    async def message(notice: Notice) -> Message:
        if notice.key in stuck:
            stuck.remove(notice.key)
            monkeypatch.setattr(worker_module, "MESSAGE_SECONDS", DEADLINE)  # the next one may take its time
            await asyncio.Event().wait()
        return await true(notice)

    monkeypatch.setattr(worker, "_message", message)
    async with asyncio.timeout(DEADLINE):
        await worker.work_off()
    assert [given.key for given in gateway.given] == ["closed:2"]
    assert "was not ready within" in (await one.one("closed:1")).problem
    one.clock.advance(seconds=60)
    await worker.work_off()
    assert [given.key for given in gateway.given] == ["closed:2", "closed:1"], "nothing was lost, nothing told twice"


def test_a_claim_lasts_longer_than_a_message_and_its_channel_may_take() -> None:
    assert worker_module.MESSAGE_SECONDS + worker_module.SEND_SECONDS < LEASE_SECONDS


async def test_a_store_that_is_away_for_a_moment_makes_nothing_unknown(
    one: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "STORE_TROUBLE_SECONDS", 0)
    gateway = Gateway()
    worker = await working(one, gateway)
    await one.tell("closed:1")
    true, away = one.outbox.settle, [StoreLost(), StoreLost()]

    async def settle(*given: Any, **more: Any) -> None:
        if away:
            raise away.pop()
        await true(*given, **more)

    monkeypatch.setattr(one.outbox, "settle", settle)
    await worker.work_off()
    assert (await one.one("closed:1")).state.value == "sent" and len(gateway.given) == 1 and not away


async def test_no_fault_of_the_store_or_of_a_row_ends_the_worker(
    live: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker_module, "STORE_TROUBLE_SECONDS", 0)
    gateway = Gateway()
    worker = await working(live, gateway)
    true, faults = worker._nearest, [ValueError("'poem' is not a valid Kind"), StoreLost(), OSError("broken pipe")]

    async def nearest(lane: Any) -> Any:
        if faults:
            raise faults.pop()
        return await true(lane)

    monkeypatch.setattr(worker, "_nearest", nearest)
    await live.tell("danger:1", danger=True)
    running = asyncio.ensure_future(worker.run())
    try:
        await until(lambda: gateway.given or running.done())
        assert gateway.given and not running.done() and not faults
        assert "is not a valid Kind" in caplog.text
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_worker_that_cannot_listen_tries_again(live: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "STORE_TROUBLE_SECONDS", 0)
    asked = 0

    async def broken_stop() -> None:
        raise RuntimeError("the connection is in another operation")

    async def listen(_: str, __: Any, lost: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise RuntimeError("a driver's own fault")
        if asked == 2:
            lost()
        return broken_stop

    worker = await working(live, Gateway())
    monkeypatch.setattr(live.store, "listen", listen)
    running = asyncio.ensure_future(worker._listen())
    try:
        await until(lambda: asked == 3 or running.done())
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_what_a_newer_release_queued_is_left_to_it_and_holds_nobody_up(office: Office) -> None:
    for n in range(3):
        await office.tell(f"closed:{n}")
    async with office.store.begin() as tx:
        await tx.conn.execute(update(notices).where(notices.c.key == "closed:0").values(kind="poem"))
        await tx.conn.execute(update(notices).where(notices.c.key == "closed:1").values(kind="poem", state="sending"))
    gateway = Gateway()
    await (await working(office, gateway)).work_off()
    assert [message.key for message in gateway.given] == ["closed:2"]


# --- an engine that dies --------------------------------------------------------------------------------------


@pytest.mark.once
async def test_what_an_engine_was_sending_when_it_died_is_not_sent_twice(one: Office) -> None:
    await one.tell("closed:1")
    await one.leave_sending("closed:1")
    gateway = Gateway()
    worker = await working(one, gateway)
    await worker.work_off()
    kept = await one.one("closed:1")
    assert kept.state.value == "failed" and "nobody knows whether it arrived" in kept.problem
    assert gateway.given == []


@pytest.mark.parametrize("why", ["repeatable", "danger"])
async def test_it_is_sent_again_where_the_other_side_knows_it_or_lives_are_at_stake(one: Office, why: str) -> None:
    await one.tell("closed:1", danger=why == "danger")
    await one.leave_sending("closed:1")
    gateway = Gateway(repeatable=why == "repeatable")
    worker = await working(one, gateway)
    await worker.work_off()
    one.clock.advance(seconds=60)
    await worker.work_off()
    assert (await one.one("closed:1")).state.value == "sent" and len(gateway.given) == 1


async def test_even_danger_is_not_sent_into_the_unknown_for_ever(one: Office) -> None:
    gateway = Gateway()
    gateway.next = [Unknown("no answer")] * 50
    worker = await working(one, gateway)
    await one.tell("closed:1", danger=True)
    for _ in range(20):
        await worker.work_off()
        one.clock.advance(seconds=120)
    assert len(gateway.given) == 5 and (await one.one("closed:1")).state.value == "failed"


async def test_a_dead_sqlite_engines_claims_are_known_at_once_and_a_postgres_ones_after_the_lease(
    office: Office,
) -> None:
    await office.tell("closed:1", danger=True)
    async with office.store.begin() as tx:
        lease = office.clock.now() + timedelta(seconds=LEASE_SECONDS)
        change = {"state": "sending", "lease_until": lease, "tries": 1, "fence": 1}
        await tx.conn.execute(update(notices).values(**change))
    gateway = Gateway()
    worker = await working(office, gateway)
    running = asyncio.ensure_future(worker.run())
    try:
        if office.store.is_sqlite:
            await until(lambda: worker._lanes[Channel.SMS].sleeps_until is not None)
            assert (await office.one("closed:1")).state.value == "queued"
        else:
            await until(lambda: worker._lanes[Channel.SMS].sleeps_until is not None)
            assert (await office.one("closed:1")).state.value == "sending"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


# --- silence ------------------------------------------------------------------------------------------------


async def test_by_night_nothing_is_heard_but_danger(one: Office) -> None:
    one.clock.advance(seconds=12 * 3600)  # 23:00 in Moscow
    await one.tell("closed:1")
    await one.tell("danger:1", danger=True)
    gateway = Gateway()
    worker = await working(one, gateway)
    await worker.work_off()
    assert [message.key for message in gateway.given] == ["danger:1"]
    await one.pass_time(worker, hours=8.9)
    assert len(gateway.given) == 1
    await one.pass_time(worker, hours=0.2)
    assert [message.key for message in gateway.given] == ["danger:1", "closed:1"]


async def test_what_was_due_by_day_and_is_late_does_not_wake_people(one: Office) -> None:
    await one.tell("closed:1")
    one.clock.advance(seconds=12 * 3600)  # no engine ran meanwhile
    gateway = Gateway()
    worker = await working(one, gateway)
    await worker.work_off()
    assert gateway.given == [] and (await one.one("closed:1")).tries == 0
    await one.pass_time(worker, hours=9.1)
    assert len(gateway.given) == 1


async def test_quiet_hours_take_nothing_from_the_time_in_which_a_notice_is_worth_telling(one: Office) -> None:
    """An outage is worth telling for six hours, and the night has ten."""
    gateway = Gateway()
    worker = await working(one, gateway)
    await tell_of_outage(one, "claimed")
    one.clock.advance(seconds=10.9 * 3600)  # 21:54 in Moscow
    await tell_of_outage(one, "tried")
    await tell_of_outage(one, "late")
    gateway.next = [Later("busy", 600), Sent("ok")]
    await worker.work_off()
    assert {key: state for key, state in (await one.states()).items()} == {
        "claimed": "failed",  # its six hours went by day
        "tried": "queued",
        "late": "sent",
    }
    await tell_of_outage(one, "evening")
    one.clock.advance(seconds=360)  # 22:00
    await worker.work_off()
    await one.pass_time(worker, hours=10)
    assert (await one.states())["tried"] == (await one.states())["evening"] == "sent"


async def tell_of_outage(one: Office, key: str) -> None:
    fields = {"address": "Мира, 44", "problem": "нет воды", "until": "18:00"}
    await one.tell(f"outage:{key}", kind=Kind.OUTAGE, fields=fields)


@pytest.mark.parametrize(("kind", "silent"), [("", True), ("sms", True), ("closed", True), ("call", False)])
async def test_who_asked_for_silence_has_it(one: Office, kind: str, silent: bool) -> None:
    await one.opt_out(RESIDENT, kind)
    await one.tell("closed:1")
    gateway = Gateway()
    await (await working(one, gateway)).work_off()
    assert bool(gateway.given) is not silent
    kept = await one.one("closed:1")
    assert kept.state.value == ("suppressed" if silent else "sent")
    if silent:
        assert "asked not to be told" in kept.problem


async def test_who_asks_for_silence_after_it_was_queued_has_it_too_but_danger_is_told(office: Office) -> None:
    await office.tell("closed:1")
    await office.tell("danger:1", danger=True)
    await office.opt_out(RESIDENT)
    gateway = Gateway()
    await (await working(office, gateway)).work_off()
    assert [message.key for message in gateway.given] == ["danger:1"]
    assert (await office.one("closed:1")).state.value == "suppressed"


async def test_what_cannot_be_told_says_why(one: Office) -> None:
    await one.tell("a:1", Channel.EMAIL, kind=Kind.CRITICAL, to=Recipient(email="a@b.test"), fields=FIELDS)
    await one.tell("b:1", to=Recipient(number="109"))
    await one.tell("c:1", fields={"number": "26-000001"})
    assert (await one.one("a:1")).problem == "email is not configured"
    assert "no telephone number" in (await one.one("b:1")).problem
    bare = await one.one("c:1")
    assert bare.state.value == "failed" and "{link}" in bare.problem


FIELDS = {
    name: "x"
    for name in "number address premise place problem urgency organisation registered due localise".split()
}  # fmt: skip


# --- receipts of an SMS ----------------------------------------------------------------------------------------


async def test_a_message_is_delivered_when_each_of_its_parts_is(office: Office) -> None:
    gateway = Gateway()
    gateway.next = [Sent("taken", {0: "m0", 1: "m1"})]
    await office.tell("closed:1")
    await (await working(office, gateway)).work_off()
    assert await office.outbox.receipt(["m0"], delivered=True, detail="DELIVRD")
    assert (await office.one("closed:1")).state.value == "sent"
    assert await office.outbox.receipt(["none", "m1"], delivered=True, detail="DELIVRD")
    assert (await office.one("closed:1")).state.value == "delivered"
    assert await office.outbox.receipt(["m1"], delivered=True, detail="DELIVRD")  # a receipt may come twice
    assert (await office.one("closed:1")).state.value == "delivered"


async def test_a_part_that_did_not_arrive_fails_the_message(one: Office) -> None:
    gateway = Gateway()
    gateway.next = [Sent("taken", {0: "m0", 1: "m1"})]
    await one.tell("closed:1")
    await (await working(one, gateway)).work_off()
    await one.outbox.receipt(["m1"], delivered=False, detail="UNDELIV")
    kept = await one.one("closed:1")
    assert kept.state.value == "failed" and "UNDELIV" in kept.problem


async def test_a_receipt_that_overtakes_its_answer_is_not_lost(one: Office) -> None:
    assert not await one.outbox.receipt(["m0"], delivered=True, detail="DELIVRD")
    gateway = Gateway()
    gateway.next = [Sent("taken", {0: "m0"})]
    await one.tell("closed:1")
    await (await working(one, gateway)).work_off()
    assert (await one.one("closed:1")).state.value == "delivered"


async def test_a_name_that_the_gateway_gives_again_is_the_latest_message(one: Office) -> None:
    gateway = Gateway()
    worker = await working(one, gateway)
    for n in (1, 2):
        gateway.next = [Sent("taken", {0: "m0"})]
        await one.tell(f"closed:{n}")
        await worker.work_off()
        one.clock.advance(seconds=3600)
    await one.outbox.receipt(["m0"], delivered=True, detail="DELIVRD")
    assert [kept.state.value for kept in await one.all()] == ["sent", "delivered"]


async def test_a_receipt_is_of_who_has_its_very_name_before_who_has_it_in_another_notation(office: Office) -> None:
    gateway = Gateway()
    worker = await working(office, gateway)
    for name in ("1234", "4660"):  # 0x1234 is 4660
        gateway.next = [Sent("taken", {0: name})]
        await office.tell(f"closed:{name}")
        await worker.work_off()
        office.clock.advance(seconds=60)
    await office.outbox.receipt(pdu.names("1234"), delivered=True, detail="DELIVRD")
    assert await office.states() == {"1234": "delivered", "4660": "sent"}


async def test_a_gateway_that_asks_for_a_day_holds_danger_up_for_a_minute(one: Office) -> None:
    gateway = Gateway()
    gateway.next = [Later("busy", 86400, whole_channel=True)]
    worker = await working(one, gateway)
    await one.tell("closed:1")
    await worker.work_off()
    await one.tell("danger:1", danger=True)
    await one.pass_time(worker, seconds=61)
    assert (await one.states())["1"] and (await one.one("danger:1")).state.value == "sent"


async def test_parts_that_were_taken_are_not_sent_again(one: Office) -> None:
    gateway = Gateway()
    gateway.next = [Later("throttled", ids={0: "m0"}), Sent("taken", {1: "m1"})]
    worker = await working(one, gateway)
    await one.tell("closed:1")
    await worker.work_off()
    one.clock.advance(seconds=60)
    await worker.work_off()
    assert [message.parts for message in gateway.given] == [frozenset(), frozenset({0})]


# --- the story ------------------------------------------------------------------------------------------------


async def test_the_story_of_a_notice_refuses_to_be_changed(office: Office) -> None:
    await office.tell("closed:1")
    for statement in (update(notice_events).values(detail="x"), delete(notice_events)):
        with pytest.raises(Exception, match="append-only"):
            async with office.store.begin() as tx:
                await tx.conn.execute(statement)


# --- the whole worker, on its own clock -------------------------------------------------------------------------


@pytest.fixture
async def live(sqlite_store: Store) -> AsyncIterator[Office]:
    made = await open_office(sqlite_store, SystemClock(), **SMS)  # type: ignore[arg-type]
    yield made
    await made.close()


async def test_a_notice_goes_out_as_soon_as_it_is_committed_and_danger_overtakes(live: Office) -> None:
    gateway = Gateway()
    gateway.at_once = 1
    worker = await working(live, gateway)
    running = asyncio.ensure_future(worker.run())
    try:
        await until(lambda: worker._lanes[Channel.SMS].sleeps_until is not None)
        gateway.hold = asyncio.Event()
        await live.tell("danger:0", danger=True)
        await until(lambda: gateway.given)
        for n in range(5):
            await live.tell(f"plain:{n}", kind=Kind.CLOSED)
        await live.tell("danger:1", danger=True)
        gateway.hold.set()
        await until(lambda: len(gateway.given) >= 2)
        assert gateway.given[1].key == "danger:1"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_slow_channel_keeps_no_other_waiting(live: Office) -> None:
    sms, call = Gateway(), Gateway(Channel.CALL)
    sms.hold = asyncio.Event()
    worker = await live.worker({Channel.SMS: sms, Channel.CALL: call})
    running = asyncio.ensure_future(worker.run())
    try:
        for n in range(12):
            await live.tell(f"sms:{n}", danger=True)
        await live.tell("call:1", Channel.CALL, danger=True)
        await until(lambda: call.given)
        await until(lambda: len(sms.given) == sms.at_once)
        sms.hold.set()
        await until(lambda: len(sms.given) == 12)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_another_engines_notice_wakes_this_one_on_postgres(postgres_url: str) -> None:
    stores = [Store(postgres_url), Store(postgres_url)]
    clock: Any = SystemClock()
    offices = [await open_office(stores[0], clock, **SMS)]
    second = Office(stores[1], clock, offices[0].block, offices[0].settings)
    gateway = Gateway()
    worker = await working(second, gateway)
    running = asyncio.ensure_future(worker.run())
    try:
        await until(lambda: worker._stop_listening is not None)
        await until(lambda: worker._lanes[Channel.SMS].sleeps_until is not None)
        await offices[0].tell("danger:1", danger=True)
        await until(lambda: gateway.given)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        for store in stores:
            await store.close()


async def test_stopping_waits_for_what_is_being_sent(live: Office) -> None:
    gateway = Gateway()
    gateway.hold = asyncio.Event()
    worker = await working(live, gateway)
    running = asyncio.ensure_future(worker.run())
    await live.tell("danger:1", danger=True)
    await until(lambda: gateway.given)
    stopping = asyncio.ensure_future(worker.stop())
    await asyncio.sleep(0)
    gateway.hold.set()
    await stopping
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (await live.one("danger:1")).state.value == "sent"


# --- through the real channels --------------------------------------------------------------------------------


async def test_a_letter_an_sms_and_its_receipt_through_real_servers(
    sqlite_store: Store, clock: ManualClock, mail: MailServer, smsc: Smsc
) -> None:
    settings = {
        "sms": "smpp",
        "smpp_host": "127.0.0.1",
        "smpp_port": smsc.port,
        "smpp_user": "desk",
        "smtp_host": "127.0.0.1",
        "smtp_port": mail.port,
        "smtp_security": "none",
        "email_from": "desk@callengine.test",
    }
    one = await open_office(sqlite_store, clock, **settings)
    smsc.receipt_first = True
    worker = await one.worker()
    await one.tell("critical:1", Channel.EMAIL, kind=Kind.CRITICAL, to=Recipient(email="a@b.test"), fields=FIELDS)
    await one.tell("closed:1")
    await worker.work_off()
    assert (await one.one("critical:1")).receipt == "250 2.0.0 Ok: queued as 00001"
    await until(lambda: _is(one, "closed:1", "delivered"))
    assert smsc.submits[0]["number"] == RESIDENT.lstrip("+")
    await one.close()


async def _is(one: Office, key: str, state: str) -> bool:
    return (await one.one(key)).state.value == state


async def test_the_secrets_of_a_gateway_reach_no_row(
    sqlite_store: Store, clock: ManualClock, gateway: HttpServer
) -> None:
    settings = {"sms": "http", "sms_url": f"http://127.0.0.1:{gateway.port}/?key=top-secret-key"}
    gateway.status, gateway.answer = 403, "bad top-secret-key at ?key=top-secret-key"
    settings["sms_headers"] = ["X-Key: top-secret-key"]  # type: ignore[assignment]
    office = await open_office(sqlite_store, clock, **settings)
    await office.tell("closed:1")
    await (await office.worker()).work_off()
    async with sqlite_store.read() as conn:
        kept = str((await conn.execute(select(notices))).all()) + str((await conn.execute(select(notice_events))).all())
    assert "refused our key" in kept and "top-secret" not in kept
    await office.close()
