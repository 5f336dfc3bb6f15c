"""The live push: addressed offers with a card, numbers that grow, resuming, and slow clients that harm nobody."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from callengine.access.model import Principal
from callengine.api.live import LiveHub
from callengine.clock import ManualClock
from tests.api.conftest import ISOLDA, Desk

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


async def test_the_addressed_operator_alone_gets_the_card(desk: Desk) -> None:
    other_token = await desk.services.access.create_token("102", "operator", staff_id=await desk.staff_id("gusev"))
    other = {"Authorization": f"Bearer {other_token}"}
    async with (
        desk.client.ws_connect("/api/v1/live", headers=desk.headers()) as mine,
        desk.client.ws_connect("/api/v1/live", headers=other) as theirs,
    ):
        await heard(mine, "hello")
        await heard(theirs, "hello")
        await desk.answered(ISOLDA)
        got = {"mine": await heard(mine, "board"), "theirs": await heard(theirs, "board")}
    offers = {who: [m for m in some if m["type"] == "call" and m["data"]["card"]] for who, some in got.items()}
    assert not offers["theirs"]
    (offer,) = offers["mine"]
    assert offer["data"]["fact"] == "offered"
    assert [p["name"] for p in offer["data"]["card"]["candidates"]] == [
        "Кузнецова Изольда Марковна",
        "Кузнецов Глеб Андреевич",
    ]
    numbers = [m["seq"] for m in got["mine"]]
    assert numbers == sorted(set(numbers))


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
