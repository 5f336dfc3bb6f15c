"""Click to call: whatever breaks and whoever presses twice, one wish is one call at most."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from callengine.calls.dialling import DiallingService, request_id_of
from callengine.calls.events import CallArrived, CallEnded
from callengine.calls.model import CallKey, Conversation, Direction
from callengine.calls.origination import REACHED_FROM, Origination, OriginationChanged, OriginationState
from callengine.clock import SystemClock
from callengine.config import OnePbx
from callengine.errors import Conflict, NotFound, OutcomeUnknown, PbxLost, PbxRefused, Refused
from callengine.pbx.ami import AmiLink
from callengine.pbx.originate import AmiOriginator, response_of
from callengine.pbx.wire import RawEvent
from callengine.store import originations as rows
from callengine.store.database import Store
from tests.pbx.fake_ami import FakeAmi, Heard, event, listing, response, running

S = OriginationState
TO = "+79074121806"


@pytest.fixture
async def link(fake: FakeAmi, heard: Heard) -> AsyncIterator[AmiLink]:
    async with running(fake, heard) as link:
        yield link


@pytest.fixture
async def service(store: Store, link: AmiLink) -> AsyncIterator[DiallingService]:
    service = DiallingService(store, SystemClock(), {"main": AmiOriginator(link, OnePbx())})
    yield service
    await service.close()


def originates(fake: FakeAmi) -> list[dict[str, str]]:
    return [action for action in fake.actions if action["Action"] == "Originate"]


async def state_of(service: DiallingService, request_id: str) -> str:
    found = await service.get(request_id)
    assert found is not None
    return found.state.value


async def test_the_operators_phone_rings_first_and_the_request_is_written_everywhere(
    service: DiallingService, fake: FakeAmi
) -> None:
    made = await service.dial(None, "101", "8 (907) 412-18-06", request_id="req-1")
    assert (made.state, made.number) == (S.ACCEPTED, TO)
    (sent,) = originates(fake)
    assert (sent["ActionID"], sent["ChannelId"]) == ("req-1", "req-1")
    assert (sent["Channel"], sent["Context"], sent["Exten"], sent["Async"]) == (
        "PJSIP/101",
        "callengine-outbound",
        TO,
        "true",
    )
    assert "__CE_REQUEST=req-1" in sent["Variables"].split("\n")


async def test_the_row_is_durable_before_the_pbx_hears_of_it(
    service: DiallingService, fake: FakeAmi, store: Store
) -> None:
    gate = asyncio.Event()
    seen: list[str] = []

    class Slow:
        ready = True

        async def originate(self, request_id: str, extension: str, to: str) -> None:
            async with store.read() as conn:
                found = await rows.get(conn, request_id)
            seen.append(found.state.value if found else "nothing")
            gate.set()

        async def traces(self) -> list[str]:
            return []

    slow = DiallingService(store, SystemClock(), {"main": Slow()})
    await slow.dial(None, "101", TO)
    await slow.close()
    assert gate.is_set()
    assert seen == ["sent"]


async def test_two_presses_with_one_key_are_one_call(service: DiallingService, fake: FakeAmi) -> None:
    first, second = await asyncio.gather(
        service.dial(None, "101", TO, request_id="req-1"), service.dial(None, "101", TO, request_id="req-1")
    )
    third = await service.dial(None, "101", TO, request_id="req-1")
    assert len(originates(fake)) == 1
    assert first.id == second.id == third.id == "req-1"


async def test_two_wishes_from_one_phone_in_one_moment_are_one_call(service: DiallingService, fake: FakeAmi) -> None:
    fake.answers["Originate"] = lambda a: None
    first = asyncio.ensure_future(service.dial(None, "101", TO, request_id="req-1"))
    await fake.saw("Originate")
    with pytest.raises(Conflict):
        await service.dial(None, "101", TO, request_id="req-2")
    fake.cut()
    with pytest.raises(OutcomeUnknown):
        await first
    assert len(originates(fake)) == 1


async def test_a_link_cut_right_after_originate_never_makes_a_second_call(
    service: DiallingService, fake: FakeAmi, heard: Heard
) -> None:
    fake.cut_after = {"Originate"}
    with pytest.raises(OutcomeUnknown):
        await service.dial(None, "101", TO, request_id="req-1")
    assert await state_of(service, "req-1") == "unknown"
    await heard.until(lambda: len(heard.snapshots) == 2)
    with pytest.raises(OutcomeUnknown):  # the same press again
        await service.dial(None, "101", TO, request_id="req-1")
    with pytest.raises(OutcomeUnknown):  # a new press: doubt is no reason to dial
        await service.dial(None, "101", TO, request_id="req-2")
    assert len(originates(fake)) == 1
    fake.channels = [event("CoreShowChannel", Channel="PJSIP/101-1", Uniqueid="req-1", Linkedid="req-1")]
    await service.settle_unknown("main")
    assert await state_of(service, "req-1") == "seen"


async def test_a_call_found_in_the_ledger_alone_is_seen(service: DiallingService, fake: FakeAmi, heard: Heard) -> None:
    fake.cut_after = {"Originate"}
    with pytest.raises(OutcomeUnknown):
        await service.dial(None, "101", TO, request_id="req-1")
    await heard.until(lambda: len(heard.snapshots) == 2)
    fake.answers["DBGetTree"] = lambda a: listing(
        a, event("DBGetTreeResponse", Key="/callengine/1.7/request", Val="req-1")
    )
    await service.settle_unknown("main")
    assert await state_of(service, "req-1") == "seen"


async def test_a_call_without_a_trace_is_over_and_the_phone_is_free_again(
    service: DiallingService, fake: FakeAmi, heard: Heard
) -> None:
    fake.cut_after = {"Originate"}
    with pytest.raises(OutcomeUnknown):
        await service.dial(None, "101", TO, request_id="req-1")
    await heard.until(lambda: len(heard.snapshots) == 2)
    fake.answers["DBGetTree"] = lambda a: response(a, "Message: Permission denied", ok=False)
    await service.settle_unknown("main")
    assert await state_of(service, "req-1") == "unknown", "a ledger that cannot be read proves nothing"
    del fake.answers["DBGetTree"]
    await service.settle_unknown("main")
    assert await state_of(service, "req-1") == "ended"
    fake.cut_after = set()
    assert (await service.dial(None, "101", TO, request_id="req-2")).state is S.ACCEPTED


async def test_without_a_link_nothing_is_noted_and_the_same_wish_may_come_again(
    service: DiallingService, fake: FakeAmi, heard: Heard
) -> None:
    await fake.stop()
    await heard.until(lambda: "<down>" in heard.log)
    with pytest.raises(PbxLost):
        await service.dial(None, "101", TO, request_id="req-1")
    assert await service.get("req-1") is None
    await fake.start()
    await heard.until(lambda: len(heard.snapshots) == 2)
    assert (await service.dial(None, "101", TO, request_id="req-1")).state is S.ACCEPTED


async def test_a_refusal_is_told_with_its_reason_each_time(service: DiallingService, fake: FakeAmi) -> None:
    fake.answers["Originate"] = lambda a: response(a, "Message: Extension does not exist.", ok=False)
    for _ in range(2):
        with pytest.raises(PbxRefused, match="Extension does not exist"):
            await service.dial(None, "101", TO, request_id="req-1")
    assert len(originates(fake)) == 1


@pytest.mark.parametrize("to", ["", "anonymous", "*8", "*72123", "mama", "+7\r\nAction: Hangup", "sip:101@evil"])
async def test_what_is_no_number_is_not_dialled(service: DiallingService, fake: FakeAmi, to: str) -> None:
    if to == "sip:101@evil":
        to = "sip:evil@evil"
    with pytest.raises(Refused):
        await service.dial(None, "101", to)
    assert not originates(fake)


@pytest.mark.parametrize("extension", ["", "101/n", "101@x", "101\r\n", "1 1"])
async def test_what_is_no_phone_rings_nowhere(service: DiallingService, fake: FakeAmi, extension: str) -> None:
    with pytest.raises(Refused):
        await service.dial(None, extension, TO)
    assert not originates(fake)


async def test_an_unknown_pbx_is_not_found(service: DiallingService) -> None:
    with pytest.raises(NotFound):
        await service.dial(None, "101", TO, pbx="elsewhere")


async def test_a_browser_that_goes_away_leaves_no_call_half_noted(service: DiallingService, fake: FakeAmi) -> None:
    asked: list[dict[str, str]] = []

    def later(action: dict[str, str]) -> bytes | None:
        asked.append(action)
        return None

    fake.answers["Originate"] = later
    waiting = asyncio.ensure_future(service.dial(None, "101", TO, request_id="req-1"))
    await fake.saw("Originate")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await fake.push(response(asked[0], "Message: Originate successfully queued"))
    async with asyncio.timeout(10):
        while await state_of(service, "req-1") != "accepted":
            await asyncio.sleep(0)


async def test_what_a_dead_engine_left_is_judged_at_the_next_start(service: DiallingService, store: Store) -> None:
    now = SystemClock().now()
    async with store.begin() as tx:
        for name, state in (("planned", S.PLANNED), ("sent", S.SENT), ("accepted", S.ACCEPTED)):
            await rows.insert(tx, Origination(name, "main", "101", TO, state, now))
    await service.recover()
    assert [await state_of(service, name) for name in ("planned", "sent", "accepted")] == [
        "refused",
        "unknown",
        "accepted",
    ]


async def test_an_operator_who_does_not_pick_up_ends_the_wish(service: DiallingService, store: Store) -> None:
    """F44: an unanswered originate says what was not answered."""
    told: list[OriginationChanged] = []
    store.after[OriginationChanged] = [told.append]
    await service.dial(None, "101", TO, request_id="req-1")
    now = SystemClock().now()
    raw = RawEvent({"Event": "OriginateResponse", "ActionID": "req-1", "Response": "Failure", "Reason": "3"}, now, 0.0)
    answer = response_of(raw)
    assert answer is not None
    await service.on_response(answer.request_id, succeeded=answer.succeeded, reason=answer.reason)
    assert [change.origination.state.value for change in told] == ["sent", "accepted", "refused"]
    assert told[-1].origination.reason == "the operator's phone did not answer"


async def test_the_conversation_takes_the_wish_to_its_end(service: DiallingService, store: Store) -> None:
    await service.dial(None, "101", TO, request_id="req-1")
    now = SystemClock().now()
    call = Conversation(CallKey("main", "req-1"), Direction.OUTBOUND, now, request_id="req-1")
    for fact, state in (
        (CallArrived(now, call), "seen"),
        (CallArrived(now, call), "seen"),
        (CallEnded(now, call), "ended"),
    ):
        async with store.begin() as tx:
            await service.on_call(tx, fact)
        assert await state_of(service, "req-1") == state


def test_the_table_of_moves_never_leads_back() -> None:
    order = [S.PLANNED, S.SENT, S.UNKNOWN, S.ACCEPTED, S.SEEN, S.REFUSED, S.ENDED]
    assert not any(S.REFUSED in before or S.ENDED in before for before in REACHED_FROM.values())
    assert all(state not in before for state, before in REACHED_FROM.items())
    assert set(order) == set(S)


@pytest.mark.parametrize("wish", ["req-1", "7:a key with spaces", "кнопка", "x" * 200, "a/b"])
def test_any_wish_has_an_id_that_fits_the_ledger(wish: str) -> None:
    made = request_id_of(wish)
    assert made == request_id_of(wish) == request_id_of(made)
    assert len(made) <= 64
    assert "/" not in made


# --- hang up, transfer, pause ---------------------------------------------------------------------------

CALL = Conversation(CallKey("main", "1.1"), Direction.INBOUND, SystemClock().now(), operator="101")


def channel(name: str, linkedid: str = "1.1", bridge: str = "b1") -> bytes:
    return event("CoreShowChannel", Channel=name, Linkedid=linkedid, Uniqueid=name, BridgeId=bridge)


async def test_hanging_up_ends_every_channel_of_this_call_and_no_other(link: AmiLink, fake: FakeAmi) -> None:
    fake.channels = [channel("PJSIP/trunk-1"), channel("PJSIP/101-1"), channel("PJSIP/102-1", "2.2")]
    await AmiOriginator(link, OnePbx()).hang_up(CALL)
    assert [a["Channel"] for a in fake.actions if a["Action"] == "Hangup"] == ["PJSIP/trunk-1", "PJSIP/101-1"]


async def test_hanging_up_what_is_over_is_refused(link: AmiLink, fake: FakeAmi) -> None:
    with pytest.raises(Refused, match="over"):
        await AmiOriginator(link, OnePbx()).hang_up(CALL)


async def test_a_transfer_moves_the_resident_and_not_the_operator(link: AmiLink, fake: FakeAmi) -> None:
    fake.channels = [channel("PJSIP/101-1"), channel("PJSIP/trunk-1")]
    await AmiOriginator(link, OnePbx()).transfer(CALL, "102")
    (moved,) = [a for a in fake.actions if a["Action"] == "Redirect"]
    assert (moved["Channel"], moved["Context"], moved["Exten"]) == ("PJSIP/trunk-1", "callengine-transfer", "102")


async def test_a_transfer_of_a_call_that_only_rings_is_refused(link: AmiLink, fake: FakeAmi) -> None:
    fake.channels = [channel("PJSIP/101-1", bridge=""), channel("PJSIP/trunk-1", bridge="")]
    with pytest.raises(Refused):
        await AmiOriginator(link, OnePbx()).transfer(CALL, "102")
    with pytest.raises(Refused):
        await AmiOriginator(link, OnePbx()).transfer(CALL, "102\r\nX: y")


async def test_pausing_names_the_phone_and_the_reason(link: AmiLink, fake: FakeAmi) -> None:
    await AmiOriginator(link, OnePbx()).pause("101", paused=True, reason="tea\r\nand cake")
    (paused,) = [a for a in fake.actions if a["Action"] == "QueuePause"]
    assert (paused["Interface"], paused["Paused"], paused["Reason"]) == ("PJSIP/101", "true", "tea and cake")
