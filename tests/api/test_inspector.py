"""What an inspector may look into: the duties of a day, and the recordings of the tickets in his area (R15, R20)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from callengine.store.tables import listenings, staff
from tests.api.conftest import ISOLDA, Desk
from tests.api.test_desk import kept


async def inspector(desk: Desk, *districts: str) -> None:
    who = next(one for one in await desk.services.access.members() if one.role == "inspector")
    async with desk.store.begin() as tx:
        await tx.conn.execute(update(staff).where(staff.c.id == who.id).values(districts=list(districts)))
    token = await desk.services.access.create_token("sobolev", "inspector", staff_id=who.id)
    desk.tokens["sobolev"] = token


async def spoken(desk: Desk, address: str = "Мира 12") -> tuple[dict[str, Any], str, int]:
    """A ticket at a house with the recording of its call; the district of the house."""
    call_id, recording = await kept(desk)
    house = (await desk.ask("GET", f"/houses?q={address}"))["items"][0]
    form = {"classifier": "HVS-02", "house_id": house["id"], "premise": "9", "call_id": call_id}
    ticket = await desk.ask("POST", "/tickets", json=form, status=201)
    return ticket, house["district"], recording


async def test_he_reads_how_the_duties_were_kept_with_numbers_masked(desk: Desk) -> None:
    await inspector(desk)
    await desk.missed()
    desk.clock.advance(seconds=3600)
    whole = await desk.ask("GET", "/callbacks/compliance", role="supervisor")
    seen = await desk.ask("GET", "/callbacks/compliance", role="sobolev")
    assert whole["late"] + whole["owed"] > 0 and whole["exceptions"]
    for name in ("callable", "in_legal_time", "late", "owed", "hours"):
        assert seen[name] == whole[name]
    assert [one["number"] for one in whole["exceptions"] if one["number"]] == [ISOLDA]
    (line,) = (one for one in seen["exceptions"] if one["number"])
    assert (line["number"], line["call_ids"], line["duty_id"]) == ("…06", [], None)
    assert ISOLDA not in str(seen)
    await desk.ask("GET", "/callbacks", role="sobolev", status=403)


async def test_he_hears_the_recordings_of_tickets_in_his_area_and_it_is_logged(desk: Desk) -> None:
    ticket, district, recording = await spoken(desk)
    await inspector(desk, district)
    said = await desk.ask("GET", f"/recordings/{recording}", role="sobolev")
    assert said["ticket_numbers"] == [ticket["number"]]
    async with desk.client.get(f"/api/v1/recordings/{recording}/audio", headers=desk.headers("sobolev")) as answer:
        assert answer.status == 200 and await answer.read()
    async with desk.store.read() as conn:
        heard = (await conn.execute(select(listenings.c.who).where(listenings.c.recording_id == recording))).scalars()
        assert list(heard) == ["Соболев Павел"]
    await desk.ask("GET", f"/recordings/{recording}/marks", role="sobolev", status=403)


async def test_another_area_s_inspector_and_a_recording_without_a_ticket_are_not_there(desk: Desk) -> None:
    call_id, recording = await kept(desk)
    await inspector(desk)  # the whole city, but there is no ticket yet
    for path in (f"/recordings/{recording}", f"/recordings/{recording}/audio"):
        await desk.ask("GET", path, role="sobolev", status=404)
    house = (await desk.ask("GET", "/houses?q=Мира 12"))["items"][0]
    form = {"classifier": "HVS-02", "house_id": house["id"], "call_id": call_id}
    await desk.ask("POST", "/tickets", json=form, status=201)
    await desk.ask("GET", f"/recordings/{recording}", role="sobolev")
    await inspector(desk, "Другой")
    for path in (f"/recordings/{recording}", f"/recordings/{recording}/audio"):
        await desk.ask("GET", path, role="sobolev", status=404)
