"""A warm transfer by the API (R8): one press is one, refusals have their type, and a life ticket tells to whom."""

from __future__ import annotations

from typing import Any

import pytest

from callengine.calls import events as told
from callengine.calls.handover import HandoverChanged, HandoverTold
from callengine.calls.model import CallKey, Conversation, Direction, State, Talk
from callengine.phone import parse
from callengine.tickets.events import TicketOpened
from callengine.tickets.handed import HandedOver
from tests.api.conftest import ISOLDA, Desk

LIFE, PLAIN = "ELE-01", "LIF-02"


@pytest.fixture
def handing(desk: Desk) -> Desk:
    """The desk with the history's reactions, and a PBX that rings what it is asked to."""
    handed = HandedOver(desk.services.handovers.of_call)
    desk.store.within.setdefault(HandoverChanged, []).append(handed.on_changed)
    desk.store.within.setdefault(TicketOpened, []).append(handed.on_opened)

    async def rings(call: Conversation, to: str, attempt: str) -> None:
        await says(desk, "ringing", attempt, to)

    desk.consulting.told = rings
    return desk


async def says(desk: Desk, what: str, attempt: str = "", number: str = "112") -> None:
    found = desk.services.handovers.newest(await desk.call_id("3.1"))
    mine = attempt or (found.id if found else "")
    await desk.services.handovers.on_told(HandoverTold(desk.clock.now(), "main", "3.1", what, mine, number))


async def talking(desk: Desk) -> int:
    """A call that operator 101 (petrova) is in."""
    now = desk.clock.now()
    call = Conversation(
        CallKey("main", "3.1"), Direction.INBOUND, now, parse(ISOLDA), state=State.TALKING, operator="101",
        answered_at=now, talks=(Talk("101", now),),
    )  # fmt: skip
    await desk.services.calls.save([told.CallArrived(now, call), told.CallAnswered(now, call, "101")])
    return await desk.call_id("3.1")


async def register(desk: Desk, classifier: str, call_id: int) -> Any:
    (house,) = (await desk.ask("GET", "/houses?q=чкалова 17&limit=1"))["items"]
    body = {"classifier": classifier, "house_id": house["id"], "premise": "1", "text": "Горит", "call_id": call_id}
    return await desk.ask("POST", "/tickets", json=body, status=201)


async def history(desk: Desk, number: str) -> list[dict[str, Any]]:
    ticket = await desk.ask("GET", f"/tickets/{number}")
    return [one for one in ticket["history"] if one["what"] == "handed_over"]


async def test_it_is_begun_once_shown_in_the_call_and_ended_by_its_keys(handing: Desk) -> None:
    call_id = await talking(handing)
    path = f"/calls/{call_id}/transfer"
    for _ in range(2):
        await handing.ask("POST", path, json={"to": "112", "warm": True}, status=204)
    (seen,) = (await handing.ask("GET", f"/calls/{call_id}"))["handovers"]
    assert (seen["state"], seen["number"], seen["operator"]) == ("ringing", "112", "101")
    early = await handing.ask("POST", f"{path}/complete", status=409)
    assert early["code"] == "not-answered-yet"
    await handing.ask("POST", f"{path}/cancel", status=204)
    await handing.ask("POST", f"{path}/cancel", status=204)
    (seen,) = (await handing.ask("GET", f"/calls/{call_id}"))["handovers"]
    assert seen["state"] == "cancelled"
    assert handing.consulting.asked == [("consult", "112"), ("cancel",)]


async def test_who_does_not_talk_in_it_is_refused(handing: Desk) -> None:
    call_id = await talking(handing)
    body = {"to": "112", "warm": True}
    refused = await handing.ask("POST", f"/calls/{call_id}/transfer", json=body, role="administrator", status=422)
    assert refused["code"] == "not-your-call"
    await handing.ask("POST", f"/calls/{call_id}/transfer/join", status=409)
    assert handing.consulting.asked == []


async def test_the_story_of_a_life_ticket_tells_to_whom_and_that_he_answered_in_one_line(handing: Desk) -> None:
    call_id = await talking(handing)
    ticket = await register(handing, LIFE, call_id)
    assert ticket["urgency"] == "life"
    await handing.ask("POST", f"/calls/{call_id}/transfer", json={"to": "112", "warm": True}, status=204)
    handing.clock.advance(seconds=4)
    await says(handing, "answered")
    assert await history(handing, ticket["number"]) == [], "nothing is settled yet"
    await says(handing, "transferred")
    await says(handing, "gone")
    (line,) = await history(handing, ticket["number"])
    assert line["author"] == "Петрова Наталья"
    assert line["public"] is False
    told_of = {name: line["data"][name] for name in ("number", "call_id", "result", "answered")}
    assert told_of == {"number": "112", "call_id": call_id, "result": "done", "answered": True}
    assert line["data"]["answered_at"] > line["data"]["began_at"]


async def test_a_ticket_that_is_registered_after_the_transfer_tells_it_too(handing: Desk) -> None:
    call_id = await talking(handing)
    await handing.ask("POST", f"/calls/{call_id}/transfer", json={"to": "112", "warm": True}, status=204)
    await says(handing, "BUSY")
    await handing.ask("POST", f"/calls/{call_id}/transfer", json={"to": "112"}, status=204)
    ticket = await register(handing, LIFE, call_id)
    lines = await history(handing, ticket["number"])
    assert [(one["data"]["result"], one["data"]["answered"]) for one in lines] == [("busy", False), ("blind", False)]


async def test_what_no_engine_remembers_is_read_from_the_conversation(handing: Desk) -> None:
    call_id = await talking(handing)
    now = handing.clock.now()
    stored = await handing.services.calls.get(call_id)
    parted = (Talk("101", now, now), Talk("112", now))
    await handing.services.calls.save([told.CallChanged(now, stored.call.evolve(talks=parted, operator="112"))])
    ticket = await register(handing, LIFE, call_id)
    (line,) = await history(handing, ticket["number"])
    assert (line["data"]["number"], line["data"]["answered"]) == ("112", True)


async def test_an_ordinary_ticket_says_nothing_of_it(handing: Desk) -> None:
    call_id = await talking(handing)
    ticket = await register(handing, PLAIN, call_id)
    assert ticket["urgency"] != "life"
    await handing.ask("POST", f"/calls/{call_id}/transfer", json={"to": "102"}, status=204)
    assert await history(handing, ticket["number"]) == []
