"""A matter without a house over HTTP: the form, the preview, lists, the resident's page, a house named later."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import Desk

PLACE = "перекрёсток Мира и Ленина, у светофора"
POTHOLE: dict[str, Any] = {"classifier": "GOR-01", "place": PLACE, "text": "Яма во всю полосу"}


async def test_a_pothole_is_registered_without_a_house_and_every_answer_names_its_place(desk: Desk) -> None:
    said = await desk.ask("POST", "/routing/preview", json={"classifier": "GOR-01"})
    assert said["deadlines"]["fix_by"] and said["reason"]
    made = await desk.ask("POST", "/tickets", json=POTHOLE, status=201)
    assert (made["house"], made["premise"], made["place"]) == (None, "", PLACE)
    assert made["organisation_reason"] == said["reason"]
    number = made["number"]
    rows = (await desk.ask("GET", "/tickets?houseless=true&classifier=GOR-01"))["items"]
    assert [(row["number"], row["house"], row["premise"], row["place"]) for row in rows] == [(number, None, "", PLACE)]
    assert (await desk.ask("GET", "/tickets?houseless=false&classifier=GOR-01"))["items"] == []
    found = (await desk.ask("GET", "/search?q=светофора"))["items"]
    assert [(one["id"], one["subtitle"]) for one in found] == [(number, PLACE)]


async def test_without_a_house_and_a_place_the_refusal_points_at_the_place(desk: Desk) -> None:
    for form, pointer in (
        ({**POTHOLE, "place": ""}, "place"),
        ({**POTHOLE, "premise": "9"}, "premise"),
        ({**POTHOLE, "district": "Луна"}, "district"),
    ):
        problem = await desk.ask("POST", "/tickets", json=form, status=422)
        assert [one["pointer"] for one in problem["errors"]] == [f"#/{pointer}"], problem


async def test_a_house_that_is_found_later_is_put_on_the_ticket_by_routing_it(desk: Desk) -> None:
    made = await desk.ask("POST", "/tickets", json=POTHOLE, status=201)
    house = (await desk.ask("GET", "/houses?q=Мира 12"))["items"][0]
    organisation = (await desk.ask("GET", "/organisations"))["items"][0]["id"]
    move = {"move": "route", "organisation_id": organisation, "house_id": house["id"], "premise": "9"}
    if made["organisation"]:
        move |= {"reason": "это у дома, не на дороге", "organisation_id": made["organisation"]["id"]}
    moved = await desk.ask("POST", f"/tickets/{made['number']}/moves", role="supervisor", json=move)
    assert (moved["house"]["id"], moved["premise"], moved["place"]) == (house["id"], "9", "")
    assert moved["district"] == house["district"]
    line = moved["history"][-1]["data"]
    assert (line["address_before"], line["address"]) == (PLACE, house["address"])


async def test_the_resident_s_page_names_the_place(desk: Desk) -> None:
    form = {**POTHOLE, "applicant": {"number": "+79073304177", "name": "Мельникова Анна"}}
    made = await desk.ask("POST", "/tickets", json=form, status=201)
    url = (await desk.ask("POST", f"/tickets/{made['number']}/links", status=201))["url"]
    async with desk.client.get(f"/api/v1/public/tickets/{url.rpartition('/r/')[2]}") as response:
        page = await response.json()
    assert (page["address"], page["premise"]) == (PLACE, "")
