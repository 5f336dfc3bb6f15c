"""How campaigns stand is told live: after the save, one message a second of each at most, resumable, to the desk."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from callengine.access.model import CAMPAIGNS, ROLES, Principal
from callengine.api import campaign_news
from callengine.api.routes.outreach import routes
from callengine.outreach.model import CallKind, CallWish
from tests.api.conftest import Desk

NUMBER = "+79073300001"
OUTAGE = {"kind": "outage", "name": "Вода", "numbers": [NUMBER], "job": {"what": "воды", "address": "Мира, 44"}}


async def told(ws: ClientWebSocketResponse, wanted: str) -> dict[str, Any]:
    """The next message of a type; others before it are passed over."""
    async with asyncio.timeout(10):
        while True:
            message = await ws.receive()
            assert message.type is WSMsgType.TEXT, message
            got: dict[str, Any] = orjson.loads(message.data)
            if got["type"] == wanted:
                return got


async def made(desk: Desk) -> int:
    answer = await desk.ask("POST", "/campaigns", role="supervisor", json=OUTAGE, status=201)
    return int(answer["campaign"]["id"])


async def asked(desk: Desk, *numbers: int) -> None:
    for n in numbers:
        async with desk.store.begin() as tx:
            wish = CallWish(f"+7907330{n:04}", f"test:{n}")
            assert await desk.services.outreach.ask_call(tx, CallKind.JOB, wish) is not None


async def test_a_campaign_that_is_made_paused_and_stopped_is_told_with_its_counts(desk: Desk) -> None:
    async with desk.client.ws_connect("/api/v1/live", headers=desk.headers()) as ws:
        await told(ws, "hello")
        campaign_id = await made(desk)
        news = (await told(ws, "campaign"))["data"]
        while news["state"] == "filling":
            news = (await told(ws, "campaign"))["data"]
        assert (news["campaign_id"], news["state"], news["progress"]["states"]) == (
            campaign_id,
            "running",
            {"waiting": 1},
        )
        await desk.ask("POST", f"/campaigns/{campaign_id}/stop", role="supervisor")
        news = (await told(ws, "campaign"))["data"]
        assert (news["state"], news["changed_by"]) == ("stopped", "Орлова Тамара")
        assert news["ended_at"] is not None
        seen = await desk.ask("GET", f"/campaigns/{campaign_id}")
        assert news["progress"] == seen["progress"]


async def test_a_hundred_changes_within_a_second_are_two_messages(desk: Desk) -> None:
    async with desk.client.ws_connect("/api/v1/live", headers=desk.headers()) as ws:
        await told(ws, "hello")
        await asked(desk, 0)
        first = await told(ws, "campaign")
        began = asyncio.get_running_loop().time()
        await asked(desk, *range(1, 101))
        totals: list[int] = []
        while not totals or totals[-1] < 101:
            totals.append((await told(ws, "campaign"))["data"]["progress"]["total"])
        waited = asyncio.get_running_loop().time() - began
    assert first["data"]["progress"]["total"] == 1
    assert waited > campaign_news.EVERY_SECONDS * 0.9, "the second was not over"
    assert len(totals) <= waited / (campaign_news.EVERY_SECONDS * 0.9), "one a second at most"


async def test_what_is_undone_is_not_told(desk: Desk) -> None:
    async with desk.client.ws_connect("/api/v1/live", headers=desk.headers()) as ws:
        await told(ws, "hello")
        with pytest.raises(RuntimeError, match="undone"):
            async with desk.store.begin() as tx:
                await desk.services.outreach.ask_call(tx, CallKind.JOB, CallWish(NUMBER, "test:undone"))
                raise RuntimeError("undone")
        await asked(desk, 7)
        assert (await told(ws, "campaign"))["data"]["progress"]["total"] == 1


async def test_who_comes_back_gets_what_he_missed(desk: Desk) -> None:
    async with desk.client.ws_connect("/api/v1/live", headers=desk.headers()) as ws:
        seq = (await told(ws, "hello"))["seq"]
    await asked(desk, 1)
    async with asyncio.timeout(10):
        while desk.services.live.seq == seq or not desk.screens.idle:
            await asyncio.sleep(0.005)
    async with desk.client.ws_connect(f"/api/v1/live?after={seq}", headers=desk.headers()) as ws:
        assert (await told(ws, "campaign"))["data"]["progress"]["states"] == {"waiting": 1}


async def test_who_may_not_read_campaigns_hears_nothing_of_them(desk: Desk) -> None:
    live = desk.services.live
    sockets = {role: live.attach(Principal(None, role, None, role, None), None) for role in ROLES}
    await asked(desk, 1)
    heard = {}
    async with asyncio.timeout(10):
        while len(sockets["operator"].waiting) < 2:  # hello, and the campaign
            await asyncio.sleep(0.005)
    for role, socket in sockets.items():
        heard[role] = [orjson.loads(raw)["type"] for raw in socket.waiting]
        live.detach(socket)
    assert {role for role, types in heard.items() if "campaign" in types} == CAMPAIGNS
    assert {"organisation_manager", "executor", "inspector"} <= ROLES - CAMPAIGNS


def test_pages_and_live_messages_have_the_same_readers() -> None:
    reads = {route.path: route.roles for route in routes.all if route.method == "GET" and "/campaigns" in route.path}
    assert len(reads) >= 4
    assert set(reads.values()) == {CAMPAIGNS}


async def test_campaigns_of_long_ago_are_not_remembered_for_ever(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign_news, "MOST_REMEMBERED", 3)
    monkeypatch.setattr(campaign_news, "EVERY_SECONDS", 0.0)
    news = desk.screens.campaigns
    for campaign_id in range(100):
        news._remember(campaign_id)
    assert len(news._told) <= 4
