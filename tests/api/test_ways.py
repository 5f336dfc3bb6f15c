"""How an applicant is told (R177), interim answers (R80) and the levels of support (R48) over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.conftest import Desk
from tests.api.test_ticket_life import NAME, NUMBER, People

WORDS = "насос заказан, поставим в четверг"


@pytest.fixture
async def people(desk: Desk) -> People:
    one = People(desk)
    await one.enter("lavrov", "fomin")
    return one


async def test_the_desk_chooses_a_way_on_the_form_and_on_the_ticket_and_others_do_not_read_it(
    people: People, desk: Desk
) -> None:
    made = await people.open()
    assert made["notify"] == {"notify": "", "email": ""}
    path = f"/tickets/{made['number']}"
    ways = (await desk.ask("GET", "/notify/ways"))["ways"]
    assert "push" in ways and "call" in ways and "none" not in ways
    said = await desk.ask("PUT", f"{path}/notify", json={"notify": "email", "email": "anna@mail.test"})
    assert said["notify"] == {"notify": "email", "email": "anna@mail.test"}
    assert [e["data"]["after"] for e in said["history"] if e["what"] == "way_changed"] == ["email"]
    wrong = await desk.ask("PUT", f"{path}/notify", status=422, json={"notify": "email", "email": "nobody"})
    assert [one["pointer"] for one in wrong["errors"]] == ["#/email"]
    await desk.ask("PUT", f"{path}/notify", status=422, json={"notify": "pigeon"})
    seen = await desk.ask("GET", path, role="lavrov")
    assert seen["notify"] is None and "anna@mail.test" not in str(seen)
    house = made["house"]["id"]
    his = {"name": NAME, "number": NUMBER, "notify": "sms"}
    form = {"classifier": "HVS-02", "house_id": house, "applicant": his}
    assert (await desk.ask("POST", "/tickets", json=form, status=201))["notify"]["notify"] == "sms"


async def test_a_card_keeps_his_way_and_his_next_ticket_has_it(people: People, desk: Desk) -> None:
    card = {"name": "Новикова Вера", "numbers": ["+79071112233"], "notify": "email", "email": "vera@mail.test"}
    person = await desk.ask("POST", "/people", status=201, json=card)
    assert (person["notify"], person["email"]) == ("email", "vera@mail.test")
    changed = {**card, "notify": "none", "email": "", "revision": person["revision"]}
    person = await desk.ask("PUT", f"/people/{person['id']}", json=changed)
    assert (person["notify"], person["email"]) == ("none", "")
    house = (await people.open())["house"]["id"]
    form = {"classifier": "HVS-02", "house_id": house, "applicant": {"person_id": person["id"]}}
    assert (await desk.ask("POST", "/tickets", json=form, status=201))["notify"]["notify"] == "none"


async def test_a_resident_reads_the_interim_answer_and_chooses_his_way_and_the_desk_sees_that_he_opened_it(
    people: People, desk: Desk
) -> None:
    made = await people.open()
    until = (desk.services.clock.now() + timedelta(days=3)).isoformat()
    said = await people.move(
        made, "lavrov", "interim", reason=WORDS, until=until, headers={"Idempotency-Key": "answer-001"}
    )
    again = await people.move(
        made, "lavrov", "interim", reason=WORDS, until=until, headers={"Idempotency-Key": "answer-001"}
    )
    assert said["interim"]["text"] == WORDS and said["interim"]["done_at"] is None
    assert [e["what"] for e in again["history"]].count("interim") == 1
    assert (said["status"], said["deadlines"]) == (made["status"], made["deadlines"])
    assert said["links"] is None
    link = await desk.ask("POST", f"/tickets/{made['number']}/links", status=201)
    token = link["url"].rpartition("/")[2]
    unopened = (await desk.ask("GET", f"/tickets/{made['number']}"))["links"]
    assert (unopened["given"], unopened["living"], unopened["opened_at"], unopened["views"]) == (1, 1, None, 0)
    page = await desk.ask("GET", f"/public/tickets/{token}")
    assert (page["interim"]["text"], page["notify"], page["email"]) == (WORDS, "", "")
    [step] = [one for one in page["steps"] if one["what"] == "interim"]
    assert (step["text"], step["until"][:10]) == (WORDS, until[:10])
    opened = (await desk.ask("GET", f"/tickets/{made['number']}"))["links"]
    assert opened["opened_at"] and opened["views"] == 1
    path = f"/public/tickets/{token}/notify"
    page = await desk.ask("PUT", path, json={"notify": "email", "email": "anna@mail.test"})
    assert (page["notify"], page["email"]) == ("email", "a…@mail.test")
    page = await desk.ask("PUT", path, json={"notify": "none"})
    assert (page["notify"], page["email"]) == ("none", "a…@mail.test")
    await desk.ask("PUT", path, status=422, json={"notify": "email", "email": "nobody"})


async def test_a_period_says_how_much_the_first_line_settled_and_the_journal_shows_each_level(
    people: People, desk: Desk
) -> None:
    clock = desk.services.clock
    since = clock.now().isoformat()
    held = await people.open()
    later = (clock.now() + timedelta(seconds=1)).isoformat()
    found: dict[str, Any] = await desk.ask(
        "GET", "/tickets/support", role="supervisor", params={"from": since, "to": later}
    )
    assert [row["registered"] for row in found["levels"]] == [0, 0, 1, 0]
    assert (found["registered"], found["closed"], found["first_line"], found["interim"]["given"]) == (1, 0, 0, 0)
    for params in ({}, {"from": later, "to": since}):
        await desk.ask("GET", "/tickets/support", role="supervisor", params=params, status=422)
    listed = await desk.ask("GET", "/tickets", params={"level": "3", "from": since})
    assert [(row["number"], row["level"]) for row in listed["items"]] == [(held["number"], 3)]
    assert (await desk.ask("GET", "/tickets", params={"level": "1,4", "from": since}))["items"] == []
    await desk.ask("GET", "/tickets", params={"level": "5"}, status=422)
    seen = await desk.ask("GET", f"/tickets/{held['number']}")
    assert (seen["level"], seen["classifier_version"] is not None) == (3, seen["classifier_since"] is not None)
