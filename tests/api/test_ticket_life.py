"""Moves, comments, loads and a ticket's page over HTTP: shapes, refusals, masks, the log of readings, the live push."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import ClientWebSocketResponse
from sqlalchemy import select, update

from callengine.store.tables import reading_log, staff
from callengine.tickets.rulebook import Rulebook
from callengine.tickets.watch import TicketWatch
from tests.api.conftest import Desk

NAME, NUMBER = "Мельникова Анна", "+79073304177"


class People:
    """The desk of the sample town with tokens of its other people, by their logins."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def enter(self, *logins: str) -> None:
        members = {member.login: member for member in await self.desk.services.access.members()}
        for login in logins:
            who = members[login]
            self.desk.tokens[login] = await self.desk.services.access.create_token(
                login, who.role, staff_id=who.id, organisation_id=who.organisation_id
            )

    async def id(self, login: str) -> int:
        found = await self.desk.staff_id(login)
        assert found is not None
        return found

    async def open(self, classifier: str = "HVS-02") -> dict[str, Any]:
        """A ticket of a house that УК «Заречье» manages."""
        houses = (await self.desk.ask("GET", "/houses?q=&limit=200"))["items"]
        for house in houses:
            body = {"classifier": classifier, "house_id": house["id"]}
            said = await self.desk.ask("POST", "/routing/preview", json=body)
            if said["organisation"] and said["organisation"]["code"] == "zarechye":
                form = {**body, "applicant": {"name": NAME, "number": NUMBER}}
                made: dict[str, Any] = await self.desk.ask("POST", "/tickets", json=form, status=201)
                return made
        raise AssertionError("no such house in the town")

    def watch(self) -> TicketWatch:
        its = self.desk.services
        return TicketWatch(store=its.store, clock=its.clock, moves=its.moves, book=Rulebook(ZoneInfo("Europe/Moscow")))

    async def move(self, ticket: dict[str, Any], role: str, move: str, status: int = 200, **more: Any) -> Any:
        headers = more.pop("headers", {})
        path = f"/tickets/{ticket['number']}/moves"
        return await self.desk.ask("POST", path, role=role, status=status, json={"move": move, **more}, headers=headers)


@pytest.fixture
async def people(desk: Desk) -> People:
    one = People(desk)
    await one.enter("lavrov", "fomin", "krylova", "akimov", "sobolev")
    return one


async def test_a_ticket_s_page_says_all_that_stands(people: People, desk: Desk) -> None:
    made = await people.open()
    seen = await desk.ask("GET", f"/tickets/{made['number']}")
    assert seen == made
    assert (seen["status"], seen["version"]) == ("awaiting_acceptance", 0)
    assert (seen["postponed"], seen["repeat_of"]) == (None, None)
    clocks = {clock["name"]: clock for clock in seen["clocks"]}
    assert [clock["name"] for clock in seen["clocks"]] == ["accept", "localise", "fix", "interim", "check", "paid"]
    assert clocks["accept"]["state"] == "running" and clocks["accept"]["due_at"] == seen["deadlines"]["accept_by"]
    assert clocks["accept"]["why"].startswith("Принять")
    assert (clocks["check"]["state"], clocks["paid"]["due_at"]) == ("none", None)
    offered = {one["move"]: one for one in seen["moves"]}
    assert offered["accept"]["needs"] == ["reason"] and offered["accept"]["target"] == "no_executor"
    assert offered["cancel"]["label"] == "Отменить"
    assert [event["what"] for event in seen["history"]] == ["registered", "routed"]
    assert seen["history"][0]["role"] == "operator" and seen["history"][0]["public"] is True
    assert (seen["files"], seen["applicants"], seen["calls"]) == ([], [], [])


async def test_the_words_follow_the_reader_s_language(people: People, desk: Desk) -> None:
    made = await people.open()
    english = await desk.ask("GET", f"/tickets/{made['number']}", headers={"Accept-Language": "en"})
    assert {one["move"]: one["label"] for one in english["moves"]}["cancel"] == "Cancel"


async def test_a_ticket_goes_through_all_hands(people: People, desk: Desk) -> None:
    made = await people.open()
    moved = await people.move(made, "lavrov", "accept", version=0)
    assert (moved["status"], moved["version"]) == ("no_executor", 1)
    assert {one["state"] for one in moved["clocks"] if one["name"] == "accept"} == {"met"}
    moved = await people.move(made, "lavrov", "assign", executor_id=await people.id("fomin"))
    assert moved["executor"]["name"] == "Фомин Артём"
    moved = await people.move(made, "fomin", "start")
    until = "2026-11-21T08:00:00+03:00"
    moved = await people.move(made, "fomin", "postpone", until=until, reason="ждём деталь")
    assert moved["postponed"] == {"until": "2026-11-21T05:00:00Z", "reason": "ждём деталь", "count": 1}
    desk.clock.advance(seconds=600)
    moved = await people.move(made, "fomin", "report_done")
    clocks = {clock["name"]: clock for clock in moved["clocks"]}
    assert (clocks["fix"]["state"], clocks["check"]["state"]) == ("met", "running")
    moved = await people.move(made, "operator", "confirm")
    assert {clock["name"]: clock["state"] for clock in moved["clocks"]}["check"] == "met"
    moved = await people.move(made, "operator", "mark", mark=5)
    assert (moved["status"], moved["mark"], moved["moves"][0]["move"]) == ("closed", 5, "reopen")


async def test_two_who_accept_at_once_get_one_winner_and_one_clear_conflict(people: People, desk: Desk) -> None:
    made = await people.open()

    async def accept() -> tuple[int, dict[str, Any]]:
        path = f"/api/v1/tickets/{made['number']}/moves"
        async with desk.client.post(path, headers=desk.headers("lavrov"), json={"move": "accept"}) as response:
            return response.status, json.loads(await response.text())

    both = sorted(await asyncio.gather(accept(), accept()), key=lambda one: one[0])
    assert [status for status, _ in both] == [200, 409]
    lost = both[1][1]
    assert (lost["code"], lost["ticket_status"], lost["version"]) == ("conflict", "no_executor", 1)
    assert (lost["moved_by"], lost["move"]) == ("Лавров Сергей", "accept")
    assert lost["type"] == "urn:callengine:problem:conflict"


async def test_the_same_key_moves_once(people: People) -> None:
    made = await people.open()
    key = {"Idempotency-Key": "abc"}
    first = await people.move(made, "lavrov", "accept", headers=key)
    assert await people.move(made, "lavrov", "accept", headers=key) == first
    await people.move(made, "lavrov", "assign", headers=key, status=409, executor_id=await people.id("fomin"))


@pytest.mark.parametrize(
    ("body", "status", "pointers"),
    [
        ({"move": "decline"}, 422, ["#/reason"]),
        ({"move": "hide"}, 422, ["#/move"]),
        ({"move": "accept", "version": 3}, 409, []),
        ({"move": "cancel", "reason": "так надо"}, 403, []),
        ({"move": "assign", "executor_id": 1}, 409, []),
        ({"move": "mark", "mark": 9}, 422, ["#/mark"]),
        ({"move": "accept", "price": 5}, 422, ["#/price"]),
        ({"move": "accept", "until": "tomorrow"}, 422, ["#/until"]),
        ({"move": "accept", "reason": "а\0б"}, 422, ["#/reason"]),
        ({}, 422, ["#/move"]),
    ],
)
async def test_a_refused_move_says_what_is_wrong(
    people: People, desk: Desk, body: dict[str, Any], status: int, pointers: list[str]
) -> None:
    made = await people.open()
    said = await desk.ask("POST", f"/tickets/{made['number']}/moves", role="lavrov", status=status, json=body)
    assert [mistake["pointer"] for mistake in said["errors"]] == pointers
    assert (await desk.ask("GET", f"/tickets/{made['number']}"))["version"] == 0


async def test_what_a_guard_forbids_is_said_in_words(people: People) -> None:
    made = await people.open()
    said = await people.move(made, "operator", "confirm_paid", status=422)
    assert said["forbidden"] == "nothing_to_confirm"


async def test_comments_are_internal_or_public(people: People, desk: Desk) -> None:
    made = await people.open()
    path = f"/tickets/{made['number']}/comments"
    await desk.ask("POST", path, role="lavrov", json={"text": "жилец скандалит", "public": False})
    said = await desk.ask("POST", path, role="operator", json={"text": "мастер едет", "public": True})
    assert [(e["reason"], e["public"], e["role"]) for e in said["history"] if e["what"] == "comment"] == [
        ("жилец скандалит", False, "organisation_manager"),
        ("мастер едет", True, "operator"),
    ]
    await desk.ask("POST", path, role="sobolev", json={"text": "вижу"}, status=403)
    await desk.ask("POST", path, role="krylova", json={"text": "вижу"}, status=404)
    await desk.ask("POST", path, role="operator", json={"text": ""}, status=422)


async def test_another_organisation_sees_nothing_and_moves_nothing(people: People, desk: Desk) -> None:
    made = await people.open()
    for login in ("krylova", "akimov", "fomin"):
        await desk.ask("GET", f"/tickets/{made['number']}", role=login, status=404)
        await people.move(made, login, "accept", status=404)


async def test_an_inspector_reads_masked_and_every_reading_outside_the_desk_is_logged_once(
    people: People, desk: Desk
) -> None:
    made = await people.open()
    path = f"/tickets/{made['number']}"
    whole = await desk.ask("GET", path, role="lavrov")
    assert (whole["applicant"]["name"], whole["applicant"]["number"]) == (NAME, NUMBER)
    hidden = await desk.ask("GET", path, role="sobolev")
    assert hidden["applicant"] == {"name": "М. А.", "number": "…77", "person_id": None}
    assert NUMBER not in json.dumps(hidden, ensure_ascii=False) and NAME not in json.dumps(hidden, ensure_ascii=False)
    assert hidden["moves"] == []
    await desk.ask("GET", path)
    async with desk.store.read() as conn:
        query = select(reading_log.c.who, reading_log.c.what, reading_log.c.subject)
        logged = [tuple(row) for row in await conn.execute(query.where(reading_log.c.what == "ticket"))]
    assert logged == [("Лавров Сергей", "ticket", made["number"]), ("Соболев Павел", "ticket", made["number"])]


async def test_an_organisation_reads_its_own_load_and_no_other(people: People, desk: Desk) -> None:
    made = await people.open()
    await people.move(made, "lavrov", "accept")
    own = made["organisation"]["id"]
    load = await desk.ask("GET", f"/organisations/{own}/load", role="lavrov")
    assert load["lines"] == [
        {"executor_id": None, "executor": "", "status": "no_executor", "count": 1, "late": 0, "stalled": 0}
    ]
    assert (load["open"], load["late"], load["stalled"]) == (1, 0, 0)
    assert await desk.ask("GET", f"/organisations/{own}/load") == load
    await desk.ask("GET", f"/organisations/{own}/load", role="krylova", status=404)
    await desk.ask("GET", f"/organisations/{own}/load", role="fomin", status=403)


async def test_a_repeated_ticket_names_the_one_before_and_one_from_the_cabinet_waits_for_the_desk(
    people: People, desk: Desk
) -> None:
    made = await people.open()
    form = {"classifier": "HVS-02", "house_id": made["house"]["id"]}
    again = await desk.ask("POST", "/tickets", json={**form, "parent": made["number"]}, status=201)
    assert again["repeat_of"] == made["number"]
    await desk.ask("POST", "/tickets", json={**form, "parent": "26-404404"}, status=422)
    own = await desk.ask("POST", "/tickets", json={**form, "cabinet": True}, status=201)
    assert (own["status"], own["organisation"]) == ("from_cabinet", None)
    assert "Заречье" in own["organisation_reason"]


# --- the live push ----------------------------------------------------------------------------------------------


async def heard(ws: ClientWebSocketResponse, wanted: str, number: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            message: dict[str, Any] = await ws.receive_json()
            if message["type"] == wanted and message["data"]["number"] == number:
                return message


async def until_reset(ws: ClientWebSocketResponse) -> list[str]:
    """The kinds of all messages up to the reset, which everybody hears."""
    kinds: list[str] = []
    async with asyncio.timeout(10):
        while "reset" not in kinds:
            kinds.append((await ws.receive_json())["type"])
    return kinds


async def test_news_of_a_ticket_reach_those_who_may_see_it_and_nobody_else(people: People, desk: Desk) -> None:
    made = await people.open()
    connect = desk.client.ws_connect
    async with (
        connect("/api/v1/live", headers=desk.headers("lavrov")) as own,
        connect("/api/v1/live", headers=desk.headers("krylova")) as other,
        connect("/api/v1/live", headers=desk.headers("sobolev")) as inspector,
    ):
        await people.move(made, "lavrov", "accept")
        told = await heard(own, "ticket", made["number"])
        assert (told["data"]["status"], told["data"]["applicant"]["name"]) == ("no_executor", NAME)
        masked = await heard(inspector, "ticket", made["number"])
        assert masked["data"]["applicant"]["name"] == "М. А."
        desk.services.live.reset()  # the last thing that the other one hears, and all that he heard
        assert await until_reset(other) == ["hello", "reset"]


async def test_a_reminder_is_pushed_to_those_it_is_for(people: People, desk: Desk) -> None:
    made = await people.open()
    ticket = await desk.services.tickets.get(made["number"])
    connect = desk.client.ws_connect
    async with (
        connect("/api/v1/live", headers=desk.headers("lavrov")) as manager,
        connect("/api/v1/live", headers=desk.headers("supervisor")) as supervisor,
        connect("/api/v1/live", headers=desk.headers("operator")) as operator,
        connect("/api/v1/live", headers=desk.headers("krylova")) as other_manager,
    ):
        desk.clock.advance(seconds=301)
        await people.watch().on_timer("ticket", str(ticket.id), 1)
        for ws in (manager, supervisor):
            told = await heard(ws, "reminder", made["number"])
            assert (told["data"]["about"], told["data"]["level"]) == ("accept", 0)
        desk.services.live.reset()
        heard_by_operator = await until_reset(operator)
        assert "reminder" not in heard_by_operator and "ticket" in heard_by_operator
        assert await until_reset(other_manager) == ["hello", "reset"]


async def test_the_desk_and_his_manager_have_the_executor_s_telephone(people: People, desk: Desk) -> None:
    ticket = await people.open()
    await people.move(ticket, "lavrov", "accept")
    fomin = await people.id("fomin")
    async with desk.store.begin() as tx:
        await tx.conn.execute(update(staff).where(staff.c.id == fomin).values(phone="+79073305511"))
    assigned = await people.move(ticket, "lavrov", "assign", executor_id=fomin)
    assert (assigned["executor"]["id"], assigned["executor_phone"]) == (fomin, "+79073305511")
    path = f"/tickets/{ticket['number']}"
    seen = {role: await desk.ask("GET", path, role=role) for role in ("operator", "lavrov", "fomin", "inspector")}
    told = {role: one["executor_phone"] for role, one in seen.items()}
    assert told == {"operator": "+79073305511", "lavrov": "+79073305511", "fomin": "", "inspector": ""}
    assert "+79073305511" not in str(seen["inspector"]) and "+79073305511" not in str(seen["fomin"])
