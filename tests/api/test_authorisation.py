"""Who may do what: every route of the router is walked as every role; nothing of another's is seen or moved.

MAY says by hand who is let in where: a route that is not in it fails, and so does one that lets in anybody else.
Strangers: another organisation's manager and executor, a colleague whose job it is not, another area's inspector.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import update

from callengine.access.model import Principal
from callengine.api.core import Route
from callengine.api.routes import all_routes
from callengine.store.tables import staff
from callengine.tickets.events import TicketReminded
from tests.api.conftest import Desk
from tests.api.test_live import heard, until
from tests.tickets.test_files import photo

ROLES = ("administrator", "supervisor", "operator", "organisation_manager", "executor", "inspector", "pbx")
# a administrator, s supervisor, o operator, m manager of an organisation, e executor, i inspector, p PBX
LETTERS = dict(zip("asomeip", ROLES, strict=True))
# Who is let in by which routes. Kept here by hand and never made from the routes: a new one needs a thought.
MAY = {
    "aso": """
        list_coverage start_demo_call set_state get_board get_shift get_caller search list_calls get_call_totals
        export_calls list_live_calls get_call dial answer_call hang_up_call transfer_call hold_call list_callbacks
        complete_transfer cancel_transfer join_transfer
        get_callback claim_callback release_callback dial_callback hear_callback
        machine_callback list_marks list_people list_duplicates get_person add_person
        put_person merge_people undo_merge add_note remove_note restore_note list_houses get_house
        list_house_residents list_house_tickets list_organisations get_calendar list_rules list_classifier
        preview_routing create_ticket list_applicants join_ticket withdraw_applicant create_link list_notice_templates
        preview_notice_template list_notices get_notice list_campaigns get_campaign list_campaign_calls
        get_campaign_results list_opt_outs add_opt_out get_robot get_script preview_script list_meters get_meter
        list_surveys get_survey list_survey_versions
        add_meter_reading list_meter_readings change_way list_ways
    """,
    "a": """
        import_csv list_imports import_file put_group delete_group import_classifier undo_version put_override
        delete_override
    """,
    "asomei": """
        get_me sign_out change_password live list_tickets count_tickets list_choices list_filters create_filter
        change_filter delete_filter restore_filter start_export list_exports get_export cancel_export get_export_file
        get_ticket get_file get_thumbnail list_my_notices subscribe unsubscribe
    """,
    "as": """
        close_callbacks reopen_callbacks assign_callbacks close_callback list_unclaimed hold_recording add_mark
        get_unclaimed claim_recording
        remove_mark restore_mark add_house put_house list_readings export_readings put_entry list_contracts
        create_contract get_contract change_contract remove_contract restore_contract list_declines suggest put_day
        drop_day revoke_links put_notice_template send_notice_again create_campaign pause_campaign resume_campaign
        stop_campaign preview_campaign remove_opt_out halt_robot resume_robot put_script add_meter put_meter
        add_survey put_survey put_survey_away put_script_options
        remove_meter export_meter_readings get_support
    """,
    "asoi": """
        get_compliance export_compliance get_recording get_audio
    """,
    "ap": """
        upload_recording get_robot_job
    """,
    "asom": """
        list_staff list_shifts get_tree get_entry export_classifier list_versions get_version list_overrides get_load
    """,
    "asm": """
        add_staff put_staff add_shift remove_shift list_reach
    """,
    "asome": """
        move_ticket comment_ticket upload_file remove_file restore_file list_ratings sum_ratings list_reminders
        take_reminder
    """,
    "asme": """
        acknowledge_notice
    """,
}
# The routes that need no sign-in: nothing is added here without a thought.
OPEN = {
    "get_health",
    "get_hints",
    "sign_in",
    "get_resident_ticket",
    "get_resident_file",
    "get_resident_thumbnail",
    "give_feedback",
    "add_resident_comment",
    "change_resident_way",
    "get_resident_meters",
    "hand_in_reading",
    "get_push_key",  # the public half of the key that signs pushes: any browser has to have it
    "subscribe_resident",
    "unsubscribe_resident",
}
# What the router has besides: the API's description, figures of the engine, the pages and their files.
BESIDE = {"/api/openapi.json", "/metrics", "/{name}"}
# What each person has for himself; a stranger's number of it leads nowhere.
OWN = {
    "change_filter",
    "delete_filter",
    "restore_filter",
    "get_export",
    "cancel_export",
    "get_export_file",
    "take_reminder",
}
# They end what the walk itself needs: a sign-in.
LAST = ("change_password", "sign_out")
# What a valid body of each route of one ticket is: without one the answer would be about the body.
BODIES: dict[str, dict[str, Any]] = {
    "move_ticket": {"move": "postpone", "until": "2026-12-01T10:00:00Z", "reason": "нет деталей"},
    "comment_ticket": {"text": "слово"},
    "join_ticket": {"name": "Иванов", "number": "+79075550101"},
    "change_filter": {"name": "Чужое", "filter": {"status": "open"}},
    "start_export": {"filter": {"q": "Юсупов"}, "columns": ["number", "applicant"]},
}
SECRET = "тайна заявки"
NUMBER, FAMILY = "+79075840912", "Юсупов"


def path_of(route: Route, values: dict[str, Any]) -> str:
    """The path with something in every slot; what does not matter is 1."""
    parts = []
    for part in route.path.strip("/").split("/"):
        name = part[1:-1].partition(":")[0] if part.startswith("{") else ""
        parts.append(str(values.get(name, "1" if name != "day" else "2026-11-20")) if name else part)
    return "/" + "/".join(parts)


class Town:
    """Two organisations, each with a manager and two executors, and one ticket in work at the first."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.number, self.file_id, self.staff = "", 0, dict[str, int]()
        self.own: dict[str, int] = {}  # the number of what lavrov has for himself, by the first part of its path

    async def build(self) -> None:
        await self._people()
        house = (await self.desk.ask("GET", "/houses?q=Мира 12"))["items"][0]
        self.district = house["district"]
        form = {
            "classifier": "HVS-01",
            "house_id": house["id"],
            "premise": "9",
            "text": SECRET,
            "applicant": {"name": f"{FAMILY} Рашид", "number": NUMBER},
        }
        ticket = await self.desk.ask("POST", "/tickets", json=form, status=201)
        self.number, self.ours = ticket["number"], self.organisations["zarechye"]
        for move in (
            {"move": "move", "status": "awaiting_acceptance", "organisation_id": self.ours, "reason": "тест"},
            {"move": "accept", "reason": "тест"},
            {"move": "assign", "executor_id": self.staff["fomin"]},
        ):
            await self.desk.ask("POST", f"/tickets/{self.number}/moves", role="administrator", json=move)
        await self.desk.ask("POST", f"/tickets/{self.number}/comments", json={"text": "внутреннее", "public": False})
        files = f"/tickets/{self.number}/files?name=p.jpg"
        binary = {"Content-Type": "application/octet-stream"}
        self.file_id = (await self.desk.ask("POST", files, data=photo(), headers=binary, status=201))["id"]
        wanted = {"name": FAMILY, "filter": {"q": FAMILY}}
        for path, form in (("filters", wanted), ("exports", {"filter": {"q": FAMILY}, "columns": ["number"]})):
            made = await self.desk.ask("POST", f"/{path}", role="lavrov", json=form, status=201)
            self.own[path] = made["id"]
        await self._remind()

    async def _remind(self) -> None:
        """A reminder of the ticket to all sides; lavrov's is the one that no stranger may take."""
        ticket = await self.desk.services.tickets.get(self.number)
        now = self.desk.clock.now()
        fact = TicketReminded(ticket, "fix", 0, now, frozenset({"organisation_manager", "executor", "operator"}))
        async with self.desk.store.begin() as tx:
            await self.desk.services.reminders.on_reminded(tx, fact)
        self.own["reminders"] = (await self.desk.ask("GET", "/reminders", role="lavrov"))["items"][0]["id"]

    async def _people(self) -> None:
        access = self.desk.services.access
        for member in await access.members():
            self.staff[member.login] = member.id
            token = await access.create_token(
                member.login, member.role, staff_id=member.id, organisation_id=member.organisation_id
            )
            self.desk.tokens[member.login] = token
        async with self.desk.store.begin() as tx:  # the inspector of another area
            await tx.conn.execute(update(staff).where(staff.c.login == "sobolev").values(districts=["Другой"]))
        every = (await self.desk.ask("GET", "/organisations"))["items"]
        self.organisations = {one["name"]: one["id"] for one in every}
        members = {m.login: m.organisation_id for m in await access.members()}
        self.organisations |= {"zarechye": members["lavrov"] or 0, "zhilkomfort": members["krylova"] or 0}

    async def status(self, route: Route, who: str | None) -> int:
        return (await self.answer(route, who))[0]

    async def answer(self, route: Route, who: str | None) -> tuple[int, str]:
        """Status and text of what one asker gets for one route."""
        id = self.own.get(route.path.split("/")[1], self.file_id)
        values = {"number": self.number, "id": id, "token": "x" * 32, "kind": "houses"}
        headers = self.desk.headers(who) if who else {}
        more: dict[str, Any] = {}
        if route.takes != "application/json":
            more["data"] = photo()
            headers["Content-Type"] = route.takes
        elif route.body is not None:
            more["json"] = BODIES.get(route.name, {})
        path = "/api/v1" + path_of(route, values)
        async with self.desk.client.request(route.method, path, headers=headers, **more) as response:
            return response.status, (await response.read()).decode("utf-8", "replace")


@pytest.fixture
async def town(desk: Desk) -> AsyncIterator[Town]:
    built = Town(desk)
    await built.build()
    yield built


def of_one_ticket() -> list[Route]:
    return [route for route in all_routes() if route.path.startswith("/tickets/{number}")]


def may(name: str) -> set[str]:
    """The roles that MAY lets in; none for a route that it does not name."""
    return {LETTERS[one] for letters, names in MAY.items() if name in names.split() for one in letters}


async def test_every_route_of_the_router_stands_in_the_table_with_its_roles(desk: Desk) -> None:
    """Whatever is mounted: a route that nobody thought about here is a failure."""
    app = desk.client.app
    assert app is not None
    plain = {re.sub(r"\{(\w+):\w+\}", r"{\1}", f"/api/v1{route.path}"): None for route in all_routes()}
    mounted = {route.resource.canonical for route in app.router.routes() if route.resource}
    assert mounted - set(plain) <= BESIDE
    named = [name for names in MAY.values() for name in names.split()]
    assert len(named) == len(set(named)), "each stands there once"
    assert {route.name for route in all_routes()} - set(named) - OPEN == set()
    wrong = {r.name: set(r.roles) ^ may(r.name) for r in all_routes() if r.roles is not None and r.roles != may(r.name)}
    assert wrong == {}


async def test_without_a_sign_in_only_the_named_routes_answer(town: Town) -> None:
    assert {route.name for route in all_routes() if route.roles is None} == OPEN
    wrong = {}
    for route in all_routes():
        if route.roles is not None and (status := await town.status(route, None)) != 401:
            wrong[f"{route.method} {route.path}"] = status
    assert wrong == {}


async def test_each_route_refuses_every_role_that_the_table_does_not_name(town: Town) -> None:
    people = {"organisation_manager": "krylova", "executor": "akimov"}
    wrong = {}
    for route, role in itertools.product(all_routes(), ROLES):
        if route.roles is None or role in may(route.name):
            continue
        status = await town.status(route, people.get(role, role))
        if status != 403:
            wrong[f"{role}: {route.method} {route.path}"] = status
    assert wrong == {}


STRANGERS = ["krylova", "akimov", "gromov", "sobolev"]


@pytest.mark.parametrize("stranger", STRANGERS)
async def test_no_route_shows_or_moves_anything_of_a_stranger_s(town: Town, stranger: str) -> None:
    """Every route that lets the stranger in, whatever it is about; what is somebody's own is not there for him."""
    desk = town.desk
    member = next(m for m in await desk.services.access.members() if m.login == stranger)
    routes = [r for r in all_routes() if member.role in may(r.name) and r.name != "live"]
    assert len(routes) > 20
    before = await desk.ask("GET", f"/tickets/{town.number}")
    wrong = {}
    for route in sorted(routes, key=lambda one: LAST.index(one.name) + 1 if one.name in LAST else 0):
        status, text = await town.answer(route, stranger)
        hidden = [NUMBER.lstrip("+"), SECRET]
        if "{number}" not in route.path:  # else he is told his own words again
            hidden.append(town.number)
        told = [word for word in hidden if word in text]
        if route.name != "start_export":  # the same
            told += re.findall(rf"{FAMILY}(?!а)", text)  # a colleague is called Юсупова
        if told or status == 401 or status >= 500 or (route.name in OWN and status != 404):
            wrong[f"{route.method} {route.path}"] = (status, told)
    assert wrong == {}
    after = await desk.ask("GET", f"/tickets/{town.number}")
    assert after == before
    for path, id in town.own.items():
        assert [one["id"] for one in (await desk.ask("GET", f"/{path}", role="lavrov"))["items"]] == [id]


@pytest.mark.parametrize("stranger", STRANGERS)
async def test_a_ticket_of_others_does_not_exist_whatever_the_route(town: Town, stranger: str) -> None:
    """Another organisation's manager and executor, a colleague whose job it is not, another area's inspector."""
    wrong = {}
    for route in of_one_ticket():
        member = next(m for m in await town.desk.services.access.members() if m.login == stranger)
        if route.roles is not None and member.role not in route.roles:
            continue
        status = await town.status(route, stranger)
        if status != 404:
            wrong[f"{route.method} {route.path}"] = status
    assert wrong == {}
    history = (await town.desk.ask("GET", f"/tickets/{town.number}"))["history"]
    assert stranger not in str(history)


@pytest.mark.parametrize("own", ["lavrov", "fomin"])
async def test_those_who_answer_for_it_are_let_in_by_every_route_of_theirs(town: Town, own: str) -> None:
    member = next(m for m in await town.desk.services.access.members() if m.login == own)
    wrong = {}
    for route in of_one_ticket():
        # The desk's photo is the desk's to take down and to put back.
        of_the_sender = route.name in ("remove_file", "restore_file")
        if route.roles is None or member.role not in route.roles or of_the_sender:
            continue
        status = await town.status(route, own)
        if status in (401, 403, 404, 500):
            wrong[f"{route.method} {route.path}"] = status
    assert wrong == {}


@pytest.mark.parametrize("stranger", STRANGERS)
async def test_lists_counts_search_and_filters_of_others_hold_nothing_of_it(town: Town, stranger: str) -> None:
    desk = town.desk
    assert (await desk.ask("GET", "/tickets", role=stranger))["items"] == []
    assert (await desk.ask("GET", f"/tickets?q={town.number}", role=stranger))["items"] == []
    assert (await desk.ask("GET", f"/tickets?q={FAMILY}", role=stranger))["items"] == []
    assert (await desk.ask("GET", f"/tickets?organisation_id={town.ours}", role=stranger))["items"] == []
    counts = await desk.ask("GET", "/tickets/counts", role=stranger)
    assert [one["count"] for one in counts.values() if "count" in one] == [0] * 7


async def test_lists_of_those_who_answer_for_it_hold_it(town: Town) -> None:
    for own in ("lavrov", "fomin", "operator", "supervisor", "inspector"):
        rows = (await town.desk.ask("GET", "/tickets", role=own))["items"]
        assert [row["number"] for row in rows] == [town.number], own


async def test_what_an_organisation_declined_it_still_sees_and_no_longer_moves(town: Town) -> None:
    desk, path = town.desk, f"/tickets/{town.number}"
    back = {"move": "move", "status": "awaiting_acceptance", "organisation_id": town.ours, "reason": "тест"}
    await desk.ask("POST", f"{path}/moves", role="administrator", json=back)
    await desk.ask("POST", f"{path}/moves", role="lavrov", json={"move": "decline", "reason": "не наш дом"})
    other = {"move": "route", "organisation_id": town.organisations["zhilkomfort"]}
    await desk.ask("POST", f"{path}/moves", json=other)
    assert (await desk.ask("GET", path, role="lavrov"))["number"] == town.number
    assert (await desk.ask("GET", path, role="krylova"))["number"] == town.number
    refused = await desk.ask("POST", f"{path}/moves", role="lavrov", json={"move": "accept"}, status=403)
    assert refused["code"] == "forbidden"
    await desk.ask("POST", f"{path}/moves", role="krylova", json={"move": "accept"})


async def test_the_load_and_the_terms_of_another_organisation_are_not_told(town: Town) -> None:
    for path in (f"/organisations/{town.ours}/load", f"/organisations/{town.ours}/overrides"):
        await town.desk.ask("GET", path, role="lavrov")
        await town.desk.ask("GET", path, role="supervisor")
        told = await town.desk.ask("GET", path, role="krylova", status=404)
        assert told["code"] == "not-found"


async def test_an_inspector_reads_of_his_districts_alone_with_personal_data_masked(town: Town) -> None:
    desk = town.desk
    seen = await desk.ask("GET", f"/tickets/{town.number}", role="inspector")
    assert FAMILY not in str(seen) and NUMBER not in str(seen)
    assert "внутреннее" in str(seen)  # an inspector reads everything in his area
    assert FAMILY not in str(await desk.ask("GET", "/tickets", role="inspector"))
    assert (await desk.ask("GET", "/tickets?q=79075840912", role="inspector"))["items"] == []  # no fishing by number
    access = desk.services.access
    for districts, status in (((town.district,), 200), (("Другой",), 404)):
        principal = Principal(None, "inspector", None, "Соболев", None, districts=districts)
        access.identify = _always(principal)  # type: ignore[method-assign]
        async with desk.client.get(f"/api/v1/tickets/{town.number}", headers=desk.headers("inspector")) as response:
            assert response.status == status


def _always(principal: Principal) -> Any:
    async def identify(_token: str) -> Principal:
        return principal

    return identify


async def test_live_messages_of_a_ticket_go_to_those_who_may_see_it(town: Town) -> None:
    desk = town.desk
    async with contextlib.AsyncExitStack() as stack:
        sockets = {}
        for who in ("lavrov", "fomin", "krylova", "akimov", "gromov", "operator"):
            opened = desk.client.ws_connect("/api/v1/live", headers=desk.headers(who))
            sockets[who] = await stack.enter_async_context(opened)
            await heard(sockets[who], "hello")
        await desk.ask("POST", f"/tickets/{town.number}/comments", json={"text": "новость"})
        await until(lambda: desk.screens.idle)
        desk.services.live.publish(
            "reset", None
        )  # everybody hears it, so nothing came before it to those who have none
        types = {who: [one["type"] for one in await heard(socket, "reset")] for who, socket in sockets.items()}
    assert {who for who, got in types.items() if "ticket" in got} == {"lavrov", "fomin", "operator"}


async def test_a_resident_link_opens_its_own_ticket_only(town: Town) -> None:
    link = await town.desk.ask("POST", f"/tickets/{town.number}/links", status=201)
    token = link["url"].rpartition("/")[2]
    for path in (f"/api/v1/tickets/{town.number}", "/api/v1/tickets", "/api/v1/session"):
        async with town.desk.client.get(path, headers={"Authorization": f"Bearer {token}"}) as response:
            assert response.status == 401
    async with town.desk.client.get(f"/api/v1/public/tickets/{token}") as response:
        seen = await response.text()
    assert NUMBER not in seen and "внутреннее" not in seen
