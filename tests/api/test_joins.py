"""A call that joins an open ticket: one more applicant with his call and the history, and no second ticket."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.api.conftest import ISOLDA, Desk

NEIGHBOUR = "+79161234567"


async def accident(desk: Desk) -> tuple[str, dict[str, Any]]:
    """An open ticket of a house: its number, and the house."""
    (house,) = (await desk.ask("GET", "/houses?q=чкалова 17&limit=1"))["items"]
    form = {
        "classifier": "HVS-02",
        "house_id": house["id"],
        "applicant": {"number": ISOLDA, "name": "Кузнецова Изольда Марковна"},
        "call_id": await desk.answered(linkedid="3.1"),
    }
    made = await desk.ask("POST", "/tickets", json=form, status=201)
    return made["number"], house


def wish(call_id: int | None, **changes: Any) -> dict[str, Any]:
    who = {"number": "8 916 123-45-67", "name": "Сосед снизу"}
    return {"applicant": who, "premise": "181", "text": "У меня тоже вода", "call_id": call_id, **changes}


async def test_one_more_applicant_is_on_the_ticket_with_his_call_and_the_history(desk: Desk) -> None:
    number, house = await accident(desk)
    call_id = await desk.answered(NEIGHBOUR, "3.2")
    path = f"/tickets/{number}/applicants"
    (joined,) = (await desk.ask("POST", path, json=wish(call_id)))["items"]
    assert (joined["applicant"]["number"], joined["premise"], joined["joined_by"]) == (
        NEIGHBOUR,
        "181",
        "Петрова Наталья",
    )
    assert (await desk.ask("GET", path))["items"] == [joined]
    ticket = await desk.ask("GET", f"/tickets/{number}")
    assert call_id in ticket["call_ids"]
    assert ticket["history"][-1]["what"] == "applicant_joined"
    assert ticket["applicant"]["name"] == "Кузнецова Изольда Марковна", "the first stays the first"
    assert (await desk.ask("GET", f"/calls/{call_id}"))["ticket_numbers"] == [number]
    assert len((await desk.ask("GET", f"/tickets?house_id={house['id']}"))["items"]) == 1


async def test_the_same_call_sent_again_and_a_second_call_of_one_applicant_take_no_second_place(desk: Desk) -> None:
    number, _ = await accident(desk)
    path = f"/tickets/{number}/applicants"
    first, second = await desk.answered(NEIGHBOUR, "3.2"), await desk.answered(NEIGHBOUR, "3.3")
    await desk.ask("POST", path, json=wish(first))
    assert (await desk.ask("POST", path, json=wish(first)))["items"] == []
    assert (await desk.ask("POST", path, json=wish(second)))["items"] == []
    assert len((await desk.ask("GET", path))["items"]) == 1
    told = [event["what"] for event in (await desk.ask("GET", f"/tickets/{number}"))["history"]]
    assert told[-2:] == ["applicant_joined", "called_again"]
    again = await desk.answered(ISOLDA, "3.4")
    own = {"applicant": {"number": ISOLDA}, "call_id": again}
    assert (await desk.ask("POST", path, json=own))["items"] == [], "who reported it is on it already"


async def test_two_people_of_one_telephone_are_two_applicants(desk: Desk) -> None:
    number, _ = await accident(desk)
    card = await desk.ask("GET", f"/caller?number={ISOLDA[1:]}")
    one, two = (person["id"] for person in card["candidates"])
    path = f"/tickets/{number}/applicants"
    for person in (one, two):
        body = wish(None, applicant={"number": NEIGHBOUR, "name": "Жилец", "person_id": person})
        await desk.ask("POST", path, json=body)
    assert [row["applicant"]["person_id"] for row in (await desk.ask("GET", path))["items"]] == [one, two]


async def test_operators_that_join_at_once_give_one_place(desk: Desk) -> None:
    number, _ = await accident(desk)
    path = f"/tickets/{number}/applicants"
    call_id = await desk.answered(NEIGHBOUR, "3.2")
    await asyncio.gather(*(desk.ask("POST", path, json=wish(call_id)) for _ in range(4)))
    assert len((await desk.ask("GET", path))["items"]) == 1


async def test_a_joining_made_by_mistake_leaves_with_its_call_and_the_history_tells_of_both(desk: Desk) -> None:
    number, _ = await accident(desk)
    path = f"/tickets/{number}/applicants"
    call_id = await desk.answered(NEIGHBOUR, "3.2")
    (joined,) = (await desk.ask("POST", path, json=wish(call_id)))["items"]
    await desk.ask("DELETE", f"{path}/{joined['id']}", status=204)
    ticket = await desk.ask("GET", f"/tickets/{number}")
    assert call_id not in ticket["call_ids"]
    assert [event["what"] for event in ticket["history"]][-2:] == ["applicant_joined", "applicant_withdrawn"]
    assert (await desk.ask("GET", path))["items"] == []
    await desk.ask("DELETE", f"{path}/{joined['id']}", status=404)


async def test_a_ticket_is_found_by_who_joined_it(desk: Desk) -> None:
    number, _ = await accident(desk)
    await desk.ask("POST", f"/tickets/{number}/applicants", json=wish(None))
    found = (await desk.ask("GET", "/tickets?q=сосед"))["items"]
    assert [row["number"] for row in found] == [number]


async def test_a_card_that_was_merged_meanwhile_leads_to_the_one_that_stands(desk: Desk) -> None:
    """The desk had it open: the ticket hangs on the card that was kept, and one person is one applicant."""
    number, house = await accident(desk)
    kept, merged = [
        (await desk.ask("POST", "/people", json={"name": name}, status=201))["id"]
        for name in ("Мельничук Анна", "Мельничук А.")
    ]
    await desk.ask("POST", f"/people/{kept}/merge", json={"other": merged})
    about = {"name": "", "person_id": merged}
    form = {"classifier": "HVS-02", "house_id": house["id"], "applicant": about}
    made = await desk.ask("POST", "/tickets", json=form, status=201)
    assert (made["applicant"]["person_id"], made["applicant"]["name"]) == (kept, "Мельничук Анна")
    wishes = {"applicant": {"name": "Мельничук А.", "person_id": merged}}
    assert (await desk.ask("POST", f"/tickets/{made['number']}/applicants", json=wishes))["items"] == []
    (joined,) = (await desk.ask("POST", f"/tickets/{number}/applicants", json=wishes))["items"]
    assert joined["applicant"]["person_id"] == kept


async def test_what_cannot_be_joined_is_refused_in_words(desk: Desk) -> None:
    number, _ = await accident(desk)
    path = f"/tickets/{number}/applicants"
    problem = await desk.ask("POST", path, json={}, status=422)
    assert "name the applicant" in problem["detail"]
    await desk.ask("POST", path, json=wish(4711), status=422)
    await desk.ask("POST", path, json=wish(None, applicant={"name": "Кто-то", "person_id": 999_999}), status=422)
    await desk.ask("POST", "/tickets/26-999999/applicants", json=wish(None), status=404)
    await desk.ask("GET", path, role="inspector", status=403)


async def test_a_closed_ticket_takes_nobody_on(desk: Desk) -> None:
    number, _ = await accident(desk)
    async with desk.store.begin() as tx:
        await tx.conn.exec_driver_sql(f"UPDATE tickets SET status = 'cancelled' WHERE number = '{number}'")
    problem = await desk.ask("POST", f"/tickets/{number}/applicants", json=wish(None), status=409)
    assert "register a new one" in problem["detail"]


async def test_the_pages_hear_of_it(desk: Desk) -> None:
    number, _ = await accident(desk)
    async with desk.client.ws_connect("/api/v1/live", headers=desk.headers()) as line:
        assert (await line.receive_json(timeout=5))["type"] == "hello"
        await desk.ask("POST", f"/tickets/{number}/applicants", json=wish(None))
        told = await line.receive_json(timeout=5)
        while told["type"] != "ticket":
            told = await line.receive_json(timeout=5)
        assert told["data"]["number"] == number
