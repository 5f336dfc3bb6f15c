"""The live push: addressed offers with a card, numbers that grow, resuming, and slow clients that harm nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import orjson
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from callengine.access.model import Principal
from callengine.api.live import LiveHub
from callengine.api.offers import READINGS
from callengine.api.schemas import CallMessage
from callengine.calls import events as told
from callengine.calls.model import CallKey, Conversation, Direction, Offer, State, StoredCall, Talk
from callengine.clock import ManualClock
from callengine.phone import parse
from tests.api.conftest import ISOLDA, ORIGIN_LINE, Desk

OPERATOR = Principal(1, "operator", None, "Петрова", "101")
OTHER = Principal(2, "operator", None, "Гусев", "102")


async def heard(ws: ClientWebSocketResponse, wanted: str) -> list[dict[str, Any]]:
    """Messages up to and with the first of a type."""
    got: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while not got or got[-1]["type"] != wanted:
            message = await ws.receive()
            assert message.type is WSMsgType.TEXT, message
            got.append(orjson.loads(message.data))
    return got


def ringing(call: Conversation, *operators: str) -> Conversation:
    offers = tuple(Offer(operator, call.arrived_at) for operator in operators)
    return call.evolve(state=State.OFFERED, offered_at=call.arrived_at, offers=offers)


async def arrived(desk: Desk, number: str = ISOLDA, linkedid: str = "7.1") -> Conversation:
    """A call in the queue whose caller has been read, as while the greeting plays."""
    now = desk.clock.now()
    key = CallKey("main", linkedid)
    call = Conversation(key, Direction.INBOUND, now, parse(number), did=ORIGIN_LINE, state=State.QUEUED, queued_at=now)
    await desk.services.calls.save([told.CallArrived(now, call)])
    await until(lambda: desk.screens.idle and not desk.screens.offers.preparing)
    return call


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.005)


async def test_the_addressed_operator_alone_gets_the_card(desk: Desk) -> None:
    call = await arrived(desk)
    other_token = await desk.services.access.create_token("102", "operator", staff_id=await desk.staff_id("gusev"))
    other = {"Authorization": f"Bearer {other_token}"}
    async with (
        desk.client.ws_connect("/api/v1/live", headers=desk.headers()) as mine,
        desk.client.ws_connect("/api/v1/live", headers=other) as theirs,
    ):
        await heard(mine, "hello")
        await heard(theirs, "hello")
        await desk.services.calls.save([told.CallOffered(call.arrived_at, ringing(call, "101"), "101")])
        got = {"mine": await heard(mine, "board"), "theirs": await heard(theirs, "board")}
    offers = {who: [m for m in some if m["type"] == "call" and m["data"]["card"]] for who, some in got.items()}
    assert not offers["theirs"]
    (offer,) = offers["mine"]
    assert offer is got["mine"][0], "before all lists"
    assert (offer["data"]["fact"], offer["data"]["state"]) == ("offered", "offered")
    assert [p["name"] for p in offer["data"]["people"]] == [p["name"] for p in offer["data"]["card"]["candidates"]]
    assert [p["name"] for p in offer["data"]["card"]["candidates"]] == [
        "Кузнецова Изольда Марковна",
        "Кузнецов Глеб Андреевич",
    ]
    numbers = [m["seq"] for m in got["mine"]]
    assert numbers == sorted(set(numbers))


async def test_an_offer_is_the_message_that_the_schema_tells(desk: Desk) -> None:
    call = await arrived(desk)
    async with desk.client.ws_connect("/api/v1/live", headers=desk.headers()) as ws:
        await heard(ws, "hello")
        await desk.services.calls.save([told.CallOffered(call.arrived_at, ringing(call, "101"), "101")])
        offer, *_ = await heard(ws, "call")
    assert CallMessage.model_validate(offer["data"]).model_dump(mode="json") == {**offer["data"], "offers": None}


async def test_a_phone_that_rings_before_its_caller_is_read_is_told_first_and_the_card_follows(desk: Desk) -> None:
    gate = desk.screens.offers._gate
    async with desk.client.ws_connect("/api/v1/live", headers=desk.headers()) as ws:
        await heard(ws, "hello")
        for _ in range(READINGS):
            await gate.acquire()  # other callers are being read
        now = desk.clock.now()
        key = CallKey("main", "7.2")
        call = Conversation(key, Direction.INBOUND, now, parse(ISOLDA), did=ORIGIN_LINE)
        facts = [told.CallArrived(now, call), told.CallOffered(now, ringing(call, "101"), "101")]
        await desk.services.calls.save(facts)
        first, *_ = await heard(ws, "call")
        assert [one["operator"] for one in first["data"]["offers"]] == ["101"]
        assert first["data"]["card"] is None
        assert len(first["data"]["people"]) == 2
        await heard(ws, "board")
        for _ in range(READINGS):
            gate.release()
        after, *_ = await heard(ws, "call")
    assert len(after["data"]["card"]["candidates"]) == 2
    assert after["data"]["id"] == first["data"]["id"]


async def test_a_call_that_is_given_on_rings_with_what_hangs_on_it_now(desk: Desk) -> None:
    call = await arrived(desk)
    now = call.arrived_at
    talking = call.evolve(state=State.TALKING, answered_at=now, operator="102", talks=(Talk("102", now),))
    await desk.services.calls.save([told.CallAnswered(now, talking, "102")])
    await until(lambda: desk.screens.idle)
    async with desk.client.ws_connect("/api/v1/live", headers=desk.headers()) as ws:
        await heard(ws, "hello")
        given = talking.evolve(offers=(Offer("101", now),))
        await desk.services.calls.save([told.CallOffered(now, given, "101")])
        got = [m["data"] for m in await heard(ws, "board") if m["type"] == "call" and m["data"]["fact"] == "offered"]
    assert [m["operator_name"] for m in got][:1] == ["Гусев Игорь"], got


async def test_thirty_phones_are_told_each_its_own_before_any_list(desk: Desk) -> None:
    calls = [await arrived(desk, linkedid=f"8.{n}") for n in range(30)]
    before = desk.services.live.seq
    facts = [told.CallOffered(c.arrived_at, ringing(c, str(101 + n)), str(101 + n)) for n, c in enumerate(calls)]
    await desk.services.calls.save(facts)
    sent = [m for m in desk.services.live._ring if m.seq > before]
    assert [m.to_extension for m in sent] == [str(101 + n) for n in range(30)], "when save returns all are told"
    assert [orjson.loads(m.raw)["data"]["linkedid"] for m in sent] == [c.key.linkedid for c in calls]


async def test_an_older_state_that_was_being_read_does_not_take_an_offer_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = await arrived(desk)
    views, reads, go_on = desk.services.views, asyncio.Event(), asyncio.Event()
    calls = views.calls

    async def slowly(found: Sequence[StoredCall]) -> list[Any]:
        reads.set()
        await go_on.wait()
        return await calls(found)

    monkeypatch.setattr(views, "calls", slowly)
    async with desk.client.ws_connect("/api/v1/live", headers=desk.headers()) as ws:
        await heard(ws, "hello")
        await desk.services.calls.save([told.CallQueued(call.arrived_at, call)])
        await asyncio.wait_for(reads.wait(), 10)
        await desk.services.calls.save([told.CallOffered(call.arrived_at, ringing(call, "101"), "101")])
        go_on.set()
        got = await heard(ws, "board")
    assert {m["data"]["state"] for m in got if m["type"] == "call"} == {"offered"}


async def test_a_client_that_comes_back_gets_what_it_missed(desk: Desk) -> None:
    async with desk.client.ws_connect("/api/v1/live", headers=desk.headers()) as ws:
        (hello,) = await heard(ws, "hello")
    await desk.missed()
    async with asyncio.timeout(10):
        while desk.services.live.seq < hello["seq"] + 3:
            await asyncio.sleep(0.01)
    async with desk.client.ws_connect(f"/api/v1/live?after={hello['seq']}", headers=desk.headers()) as ws:
        got = await heard(ws, "board")
    assert (got[0]["type"], {m["type"] for m in got[1:]}) == ("hello", {"duty", "call", "board"})


async def test_too_old_a_number_and_one_of_the_future_are_told_to_read_anew(desk: Desk) -> None:
    for after in (1, desk.services.live.seq + 1000):
        async with desk.client.ws_connect(f"/api/v1/live?after={after}", headers=desk.headers()) as ws:
            assert (await heard(ws, "reset"))[0]["seq"] == desk.services.live.seq


async def test_signing_out_closes_the_socket(desk: Desk) -> None:
    async with desk.client.ws_connect("/api/v1/live", headers=desk.headers()) as ws:
        await heard(ws, "hello")
        await desk.ask("DELETE", "/session", status=204)
        async with asyncio.timeout(10):
            assert (await ws.receive()).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)


async def test_a_plain_get_is_told_to_upgrade(desk: Desk) -> None:
    await desk.ask("GET", "/live", status=426)


# --- the hub alone --------------------------------------------------------------------------------------


async def drained(hub: LiveHub, who: Principal, after: int | None) -> list[dict[str, Any]]:
    socket = hub.attach(who, after)
    got = [orjson.loads(raw) for raw in socket.waiting]
    hub.detach(socket)
    return got


async def test_numbers_grow_over_a_restart(clock: ManualClock) -> None:
    hub = LiveHub(clock)
    last = [hub.publish("board", {}) for _ in range(100)][-1]
    clock.advance(seconds=1)
    assert LiveHub(clock).seq > last


async def test_the_ring_forgets_the_oldest_and_says_so(clock: ManualClock) -> None:
    hub = LiveHub(clock, ring=3)
    first = hub.publish("a", {})
    for _ in range(3):
        hub.publish("b", {})
    assert [m["type"] for m in await drained(hub, OPERATOR, first)] == ["hello", "b", "b", "b"]
    assert [m["type"] for m in await drained(hub, OPERATOR, first - 1)] == ["reset"]


async def test_what_was_for_another_is_not_replayed(clock: ManualClock) -> None:
    hub = LiveHub(clock)
    start = hub.seq
    hub.publish("call", {}, to_extension="101")
    hub.publish("board", {}, roles=["supervisor"])
    assert [m["type"] for m in await drained(hub, OPERATOR, start)] == ["hello", "call"]
    assert [m["type"] for m in await drained(hub, OTHER, start)] == ["hello"]


async def test_an_addressed_message_is_written_in_place_unless_something_waits_before_it(clock: ManualClock) -> None:
    hub, written = LiveHub(clock), list[bytes]()

    def write(raw: bytes) -> bool:
        written.append(raw)
        return True

    socket = hub.attach(OPERATOR, None, write)
    hub.publish("call", {}, to_extension="101")
    assert not written, "hello is still in the queue"
    while socket.waiting:
        await socket.next()
    hub.publish("call", b'{"card":1}', to_extension="101")
    hub.publish("call", {}, to_extension="102")
    hub.publish("board", {})
    assert [orjson.loads(raw)["data"] for raw in written] == [{"card": 1}]
    assert [orjson.loads(raw)["type"] for raw in socket.waiting] == ["board"]


async def test_a_client_that_cannot_take_a_message_in_place_gets_it_from_the_queue(clock: ManualClock) -> None:
    hub = LiveHub(clock)
    socket = hub.attach(OPERATOR, None, lambda _: False)
    hub.publish("call", {}, to_extension="101")
    assert [orjson.loads(raw)["type"] for raw in socket.waiting] == ["hello", "call"]
    hub.detach(socket)
    assert not hub._of_extension


async def test_a_slow_client_is_dropped_and_the_others_hear_all(clock: ManualClock) -> None:
    hub = LiveHub(clock, most_waiting=10)
    slow, quick = hub.attach(OPERATOR, None), hub.attach(OTHER, None)
    for _ in range(20):
        hub.publish("board", {})
        await quick.next()
    assert slow.dropped and "resume" in slow.dropped[1]
    assert await slow.next() is None
    assert quick.dropped is None


@pytest.mark.parametrize("sockets", [300])
async def test_a_message_is_encoded_once_for_all(
    clock: ManualClock, sockets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from callengine.api import live

    counted = []
    encode = live._encode
    monkeypatch.setattr(live, "_encode", lambda *some: counted.append(1) or encode(*some))  # type: ignore[func-returns-value]
    hub = LiveHub(clock)
    opened = [hub.attach(OPERATOR, None) for _ in range(sockets)]
    before = len(counted)
    hub.publish("board", {"waiting": 1})
    assert len(counted) - before == 1
    assert len({id(socket.waiting[-1]) for socket in opened}) == 1
