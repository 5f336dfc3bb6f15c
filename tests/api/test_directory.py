"""Houses, people, staff, imports and the log of readings over HTTP: who may, what is refused, what is told."""

from __future__ import annotations

import asyncio
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from callengine.access.events import StaffLeft, StaffStateChanged
from callengine.access.service import AccessService
from callengine.api.listeners import Listeners
from callengine.api.live import SIGNED_OUT
from callengine.api.security import COOKIE
from callengine.directory.imports import Imports
from callengine.store.database import Store
from tests.api.conftest import Desk

CSV = {"Content-Type": "text/csv"}
HOUSE = {"street": "ул. Новая", "number": "1"}


async def house_of(desk: Desk, q: str = "Чкалова 17") -> dict[str, Any]:
    found: dict[str, Any] = (await desk.ask("GET", f"/houses?q={q}"))["items"][0]
    return found


async def colleague(desk: Desk, login: str) -> dict[str, Any]:
    staff = (await desk.ask("GET", "/staff", role="administrator"))["items"]
    return next(one for one in staff if one["login"] == login)


def form(card: dict[str, Any], **changes: Any) -> dict[str, Any]:
    names = ("login", "name", "role", "organisation_id", "phone", "trade", "districts", "language", "active")
    return {**{name: card[name] for name in names}, "extension": card["extension"] or "", **changes}


async def token_of(desk: Desk, login: str, role: str) -> str:
    """Lets `desk.ask` act as this person; gives the name of the role to ask with."""
    card = await colleague(desk, login)
    desk.tokens[login] = await desk.services.access.create_token(
        login, role, staff_id=card["id"], organisation_id=card["organisation_id"]
    )
    return login


async def session_of(desk: Desk, login: str) -> str:
    """The cookie of somebody who signed in."""
    await desk.set_password((await colleague(desk, login))["id"], "a-password")
    return (await desk.services.access.sign_in(login, "a-password"))[0]


async def closed(ws: ClientWebSocketResponse) -> None:
    """The engine has closed it: its holder is signed out, or somebody else by now."""
    async with asyncio.timeout(10):
        while (message := await ws.receive()).type is not WSMsgType.CLOSE:
            pass
    assert message.data == SIGNED_OUT


# --- houses ---------------------------------------------------------------------------------------------------


async def test_a_house_renamed_is_found_by_both_names_and_old_tickets_keep_theirs(desk: Desk) -> None:
    house = await house_of(desk)
    new = {"classifier": "HVS-02", "house_id": house["id"], "premise": "61", "text": "Течёт"}
    old_ticket = await desk.ask("POST", "/tickets", json=new, status=201)
    desk.clock.advance(seconds=3600)
    body = {**HOUSE, "street": "ул. Космонавта Леонова", "number": "17", "features": house["features"]}
    card = await desk.ask("PUT", f"/houses/{house['id']}", role="supervisor", json=body)
    assert (card["address"], card["former"]) == ("ул. Космонавта Леонова, 17", ["ул. Чкалова, 17"])
    assert [one["address"] for one in card["former_names"]] == ["ул. Чкалова, 17"]
    for q in ("чкалова 17", "леонова 17", "космон"):
        assert house["id"] in [one["id"] for one in (await desk.ask("GET", f"/houses?q={q}"))["items"]], q
    await desk.ask("POST", "/tickets", json={**new, "text": "Снова"}, status=201)
    kept = (await desk.ask("GET", f"/tickets/{old_ticket['number']}"))["house"]
    assert (kept["address"], kept["renamed_to"]) == ("ул. Чкалова, 17", "ул. Космонавта Леонова, 17")
    assert len(card["open_tickets"]) == 1


async def test_a_house_tells_its_doors_who_serves_it_and_what_is_open(desk: Desk) -> None:
    house = await house_of(desk)
    rows = f"дом;квартира;вид;подъезд;этаж\n{house['code']};кв. 61;;2;3\n{house['code']};подвал;общее;1;-1\n"
    await desk.ask("POST", "/imports/premises?apply=true", role="administrator", data=rows.encode(), headers=CSV)
    card = await desk.ask("GET", f"/houses/{house['id']}")
    assert [(p["number"], p["kind"], p["entrance"], p["floor"]) for p in card["premises"]] == [
        ("подвал", "common", 1, -1),
        ("61", "flat", 2, 3),
    ]
    assert "УК «Заречье»" in [one["organisation"]["name"] for one in card["services"]]
    assert [one["kind"] for one in card["incidents"]] == ["accident", "planned"]
    logged = len((await desk.ask("GET", "/readings?what=card", role="supervisor"))["items"])
    people = (await desk.ask("GET", f"/houses/{house['id']}/residents?premise=184"))["items"]
    assert any(person["name"].startswith("Кузнецова") for person in people)
    assert 0 < len(people) < card["people"]
    seen = (await desk.ask("GET", "/readings?what=card", role="supervisor"))["items"]
    assert (len(seen), seen[0]["subject"], seen[0]["why"]) == (logged + 1, f"house:{house['id']}:184", "house")


async def test_the_people_of_a_house_go_on_page_by_page_and_none_is_left_out(desk: Desk) -> None:
    house = (await desk.ask("GET", "/houses?q=Чкалова 17"))["items"][0]["id"]
    path = f"/houses/{house}/residents"
    whole = await desk.ask("GET", path)
    assert whole["next"] is None and len(whole["items"]) > 6
    first = await desk.ask("GET", f"{path}?limit=3")
    people, following = first["items"], first["next"]
    while following:
        page = await desk.ask("GET", f"{path}?limit=3&cursor={following}")
        people, following = people + page["items"], page["next"]
    assert people == whole["items"]
    all_but_one = len(people) - 1
    assert (await desk.ask("GET", f"{path}?limit={all_but_one}"))["next"]
    assert (await desk.ask("GET", f"{path}?limit={len(people)}"))["next"] is None


async def test_two_houses_are_not_called_alike_and_a_door_stands_once(desk: Desk) -> None:
    made = await desk.ask("POST", "/houses", role="supervisor", json=HOUSE, status=201)
    again = await desk.ask("POST", "/houses", role="supervisor", json={**HOUSE, "street": "улица новая"}, status=409)
    assert again["house_id"] == made["id"]
    doors = [{"number": "кв. 1"}, {"number": "1"}]
    twice = {**HOUSE, "premises": doors}
    problem = await desk.ask("PUT", f"/houses/{made['id']}", role="supervisor", json=twice, status=422)
    assert problem["errors"][0]["pointer"] == "#/premises/1/number"
    beyond = {**HOUSE, "entrances": 2, "premises": [{"number": "1", "entrance": 3}]}
    problem = await desk.ask("PUT", f"/houses/{made['id']}", role="supervisor", json=beyond, status=422)
    assert problem["errors"][0]["pointer"] == "#/premises/0/entrance"
    await desk.ask("PUT", f"/houses/{made['id']}", json=HOUSE, status=403)
    await desk.ask("PUT", "/houses/999999", role="supervisor", json=HOUSE, status=404)


# --- people ---------------------------------------------------------------------------------------------------


async def test_people_are_made_told_alike_merged_and_parted(desk: Desk) -> None:
    anna = await desk.ask(
        "POST", "/people", json={"name": "Мельничук Анна", "numbers": ["8 999 000-11-22"]}, status=201
    )
    problem = await desk.ask("POST", "/people", json={"name": "Другая", "numbers": ["+79990001122"]}, status=409)
    assert problem["code"] == "alike"
    assert problem["people"] == [{"id": anna["id"], "name": "Мельничук Анна", "why": ["number"]}]
    body = {"name": "Мельничук А.", "numbers": ["+79990001122", "+79990003344"], "anyway": True}
    twin = await desk.ask("POST", "/people", json=body, status=201)
    merge = await desk.ask("POST", f"/people/{anna['id']}/merge", json={"other": twin["id"]})
    card = await desk.ask("GET", f"/people/{twin['id']}")
    assert (card["id"], card["led_from"]) == (anna["id"], twin["id"])
    assert [one["merged_name"] for one in card["merges"]] == ["Мельничук А."]
    await desk.ask("POST", f"/people/{anna['id']}/merge", json={"other": twin["id"]}, status=409)
    await desk.ask("POST", f"/merges/{merge['id']}/undo")
    await desk.ask("POST", f"/merges/{merge['id']}/undo", status=409)
    parted = await desk.ask("GET", f"/people/{twin['id']}")
    assert (parted["id"], parted["numbers"]) == (twin["id"], ["+79990001122", "+79990003344"])
    pairs = [[p["id"] for p in one["people"]] for one in (await desk.ask("GET", "/people/duplicates"))["items"]]
    assert [anna["id"], twin["id"]] in pairs


async def test_a_card_changed_meanwhile_is_not_overwritten(desk: Desk) -> None:
    anna = await desk.ask("POST", "/people", json={"name": "Мельничук Анна"}, status=201)
    body = {"name": "Мельничук Анна Львовна", "revision": anna["revision"]}
    await desk.ask("PUT", f"/people/{anna['id']}", json=body)
    await desk.ask("PUT", f"/people/{anna['id']}", json={**body, "name": "Иное"}, status=409)
    assert (await desk.ask("GET", f"/people/{anna['id']}"))["name"] == "Мельничук Анна Львовна"


async def test_a_tag_is_taken_off_and_brought_back(desk: Desk) -> None:
    anna = await desk.ask("POST", "/people", json={"name": "Мельничук Анна"}, status=201)
    notes = f"/people/{anna['id']}/notes"
    tag = await desk.ask("POST", notes, json={"text": "Собака", "kind": "tag"}, status=201)
    assert (tag["kind"], tag["author"]) == ("tag", "Петрова Наталья")
    await desk.ask("DELETE", f"{notes}/{tag['id']}", status=204)
    assert (await desk.ask("GET", f"/people/{anna['id']}"))["notes"] == []
    await desk.ask("POST", f"{notes}/{tag['id']}/restore")
    assert [one["id"] for one in (await desk.ask("GET", f"/people/{anna['id']}"))["notes"]] == [tag["id"]]


# --- imports --------------------------------------------------------------------------------------------------


async def test_a_file_is_shown_before_it_applies_whatever_its_making(desk: Desk) -> None:
    house = await house_of(desk)
    text = f"Код;Улица;Номер\n{house['code']};ул. Чкалова;19\nX-1;ул. Новая;1\nX-2;;3\n"
    for encoded in (text.encode("cp1251"), text.encode("utf-8-sig"), text.replace(";", ",").encode()):
        plan = await desk.ask("POST", "/imports/houses?apply=false", role="administrator", data=encoded, headers=CSV)
        counts = [plan[name] for name in ("applied", "taken", "changed", "added", "skipped")]
        assert counts == [False, 2, 2, 1, 1]
        assert plan["mistakes"] == [{"row": 4, "reason": "street is empty"}]
        fields = {one["key"]: {f["field"]: (f["before"], f["after"]) for f in one["fields"]} for one in plan["changes"]}
        assert fields[house["code"]]["number"] == ("17", "19")
        assert fields["X-1"]["street"] == (None, "ул. Новая")
    assert (await desk.ask("GET", "/houses?q=новая 1"))["items"] == [], "nothing was written"
    done = await desk.ask("POST", "/imports/houses?apply=true", role="administrator", data=text.encode(), headers=CSV)
    assert (done["applied"], done["changed"]) == (True, 2)
    assert (await desk.ask("GET", f"/houses/{house['id']}"))["former"] == ["ул. Чкалова, 17"]
    again = await desk.ask("POST", "/imports/houses", role="administrator", data=text.encode(), headers=CSV)
    assert (again["changed"], again["changes"]) == (0, [])


async def test_every_kind_is_previewed_and_what_is_no_csv_is_refused(desk: Desk) -> None:
    kinds = (await desk.ask("GET", "/imports", role="administrator"))["items"]
    assert {one["kind"] for one in kinds} >= {"houses", "premises", "residents", "staff", "contracts", "classifier"}
    for one in kinds:
        if one["kind"] == "classifier":
            continue  # the test after this
        path = f"/imports/{one['kind']}"
        header = ",".join(one["required"]).encode() + b"\n"
        plan = await desk.ask("POST", path, role="administrator", data=header, headers=CSV)
        assert (plan["kind"], plan["taken"], plan["changed"]) == (one["kind"], 0, 0)
        await desk.ask("POST", path, role="administrator", data=b"PK\x03\x04", headers=CSV, status=422)
        await desk.ask("POST", path, role="supervisor", data=header, headers=CSV, status=403)
    await desk.ask("POST", "/imports/nothing", role="administrator", data=b"", headers=CSV, status=404)
    json = {"Content-Type": "application/json"}
    await desk.ask("POST", "/imports/houses", role="administrator", data=b"{}", headers=json, status=415)


@pytest.mark.parametrize("path", ["/imports/classifier", "/imports/classifier?apply=true", "/import/classifier"])
async def test_a_classifier_goes_to_its_own_import_where_it_is_looked_at_first(desk: Desk, path: str) -> None:
    row = "code,problem_ru,fix_minutes\nLIF-05,Не горит свет,2 суток\n".encode()
    told = await desk.ask("POST", path, role="administrator", data=row, headers=CSV, status=422)
    assert "POST /api/v1/classifier/imports" in told["detail"]
    assert (await desk.ask("GET", "/classifier/versions"))["items"][0]["source"] == "shipped"


# --- staff ----------------------------------------------------------------------------------------------------


async def test_a_colleague_is_added_signs_in_and_gets_another_password(desk: Desk) -> None:
    body = {
        "login": "Novikova",
        "name": "Новикова Ольга",
        "role": "operator",
        "password": "first-one",
        "extension": "150",
    }
    made = await desk.ask("POST", "/staff", role="supervisor", json=body, status=201)
    assert (made["login"], made["can_sign_in"], made["extension"]) == ("novikova", True, "150")
    await desk.services.access.sign_in("novikova", "first-one")
    changed = form(made, password="second-one", phone="8 907 412-18-06")
    saved = await desk.ask("PUT", f"/staff/{made['id']}", role="supervisor", json=changed)
    assert saved["phone"] == "+79074121806"
    token, _ = await desk.services.access.sign_in("novikova", "second-one")
    await desk.ask("PUT", f"/staff/{made['id']}", role="supervisor", json=form(saved, active=False))
    assert await desk.services.access.identify(token) is None, "who left is out at once"
    assert (await desk.services.access.member(made["id"])).state == "offline"
    taken = await desk.ask("POST", "/staff", role="supervisor", json={**body, "login": "other"}, status=409)
    assert "150" in taken["detail"]


async def test_nobody_rises_above_his_own_role_and_one_administrator_stays(desk: Desk) -> None:
    admin = await colleague(desk, "admin")
    orlova = await colleague(desk, "orlova")
    await desk.ask("PUT", f"/staff/{admin['id']}", role="supervisor", json=form(admin), status=403)
    risen = form(orlova, role="administrator")
    await desk.ask("PUT", f"/staff/{orlova['id']}", role="supervisor", json=risen, status=403)
    for changes in ({"active": False}, {"role": "operator"}):
        path, body = f"/staff/{admin['id']}", form(admin, **changes)
        problem = await desk.ask("PUT", path, role="administrator", json=body, status=422)
        assert "last active administrator" in problem["detail"]
    second = {"login": "second", "name": "Второй", "role": "administrator", "password": "long-enough"}
    await desk.ask("POST", "/staff", role="administrator", json=second, status=201)
    await desk.ask("PUT", f"/staff/{admin['id']}", role="administrator", json=form(admin, active=False))


async def test_a_manager_keeps_the_executors_of_his_own_organisation_alone(desk: Desk) -> None:
    krylova = await token_of(desk, "krylova", "organisation_manager")
    ours = (await colleague(desk, "krylova"))["organisation_id"]
    seen = (await desk.ask("GET", "/staff", role=krylova))["items"]
    assert {one["organisation_id"] for one in seen} == {ours}
    body = {"login": "slesar", "name": "Слесарь Иван", "role": "executor", "organisation_id": ours, "trade": "plumber"}
    made = await desk.ask("POST", "/staff", role=krylova, json=body, status=201)
    await desk.ask("PUT", f"/staff/{made['id']}", role=krylova, json=form(made, role="operator"), status=403)
    for changes in ({"role": "organisation_manager"}, {"organisation_id": ours + 1}):
        await desk.ask("POST", "/staff", role=krylova, json={**body, "login": "x", **changes}, status=403)
    stranger = await colleague(desk, "fomin")
    await desk.ask("PUT", f"/staff/{stranger['id']}", role=krylova, json=form(stranger), status=404)
    own = await colleague(desk, "krylova")
    await desk.ask("PUT", f"/staff/{own['id']}", role=krylova, json=form(own), status=403)


async def test_who_is_deactivated_gives_his_open_tickets_back(desk: Desk) -> None:
    desk.store.within[StaffLeft] = [desk.services.moves.on_staff_left]
    house, fomin = await house_of(desk), await colleague(desk, "fomin")
    new = {"classifier": "HVS-02", "house_id": house["id"], "text": "Течёт"}
    number = (await desk.ask("POST", "/tickets", json=new, status=201))["number"]
    path, reason = f"/tickets/{number}/moves", "для проверки"
    organisation = {"organisation_id": fomin["organisation_id"], "reason": reason}
    for move in (
        {"move": "move", "status": "no_executor", **organisation},
        {"move": "assign", "executor_id": fomin["id"], "reason": reason},
    ):
        await desk.ask("POST", path, role="administrator", json=move)
    saved = await desk.ask("PUT", f"/staff/{fomin['id']}", role="administrator", json=form(fomin, active=False))
    assert (saved["given_back"], saved["open_tickets"]) == ([number], 0)
    ticket = await desk.ask("GET", f"/tickets/{number}")
    assert (ticket["status"], ticket["executor"]) == ("no_executor", None)
    assert ticket["history"][-1]["what"] == "executor_left"


async def test_a_manager_who_had_a_ticket_in_hand_gives_it_back_too(desk: Desk) -> None:
    desk.store.within[StaffLeft] = [desk.services.moves.on_staff_left]
    house, krylova = await house_of(desk), await colleague(desk, "krylova")
    new = {"classifier": "HVS-02", "house_id": house["id"], "text": "Течёт"}
    number = (await desk.ask("POST", "/tickets", json=new, status=201))["number"]
    path, reason = f"/tickets/{number}/moves", "для проверки"
    organisation = {"organisation_id": krylova["organisation_id"], "reason": reason}
    for move in (
        {"move": "move", "status": "no_executor", **organisation},
        {"move": "assign", "executor_id": krylova["id"], "reason": reason},
    ):
        await desk.ask("POST", path, role="administrator", json=move)
    saved = await desk.ask("PUT", f"/staff/{krylova['id']}", role="administrator", json=form(krylova, active=False))
    assert (saved["given_back"], saved["open_tickets"]) == ([number], 0)
    assert (await desk.ask("GET", f"/tickets/{number}"))["status"] == "no_executor"


async def test_another_role_ends_sessions_and_tokens_and_closes_their_sockets(desk: Desk) -> None:
    gusev = await colleague(desk, "gusev")
    token = await token_of(desk, "gusev", "supervisor")
    headers = {"Authorization": f"Bearer {desk.tokens[token]}"}
    ws = await desk.client.ws_connect("/api/v1/live", headers=headers)
    risen = await desk.ask("PUT", f"/staff/{gusev['id']}", role="administrator", json=form(gusev, role="supervisor"))
    assert await desk.services.access.identify(desk.tokens[token]) is None, "his token is what he was"
    await closed(ws)
    token = await token_of(desk, "gusev", "supervisor")
    await desk.ask("PUT", f"/staff/{gusev['id']}", role="administrator", json=form(risen, name="Гусев И."))
    assert await desk.services.access.identify(desk.tokens[token]) is not None, "another name changes nothing"
    await desk.ask("PUT", f"/staff/{gusev['id']}", role="administrator", json=form(risen, active=False))
    await desk.ask("PUT", f"/staff/{gusev['id']}", role="administrator", json=form(risen))
    assert await desk.services.access.identify(desk.tokens[token]) is None, "who comes back gets a new one"


@pytest.mark.parametrize(
    ("login", "role", "change"),
    [("gusev", "operator", {"extension": "177"}), ("sobolev", "inspector", {"districts": ["Заречный"]})],
)
async def test_another_extension_or_districts_reach_the_open_screens(
    desk: Desk, login: str, role: str, change: dict[str, object]
) -> None:
    card = await colleague(desk, login)
    cookie = await session_of(desk, login)
    token = await token_of(desk, login, role)
    told: list[StaffStateChanged] = []
    desk.store.after[StaffStateChanged].append(told.append)
    sockets = [
        await desk.client.ws_connect("/api/v1/live", headers=headers)
        for headers in ({"Cookie": f"{COOKIE}={cookie}"}, {"Authorization": f"Bearer {desk.tokens[token]}"})
    ]
    await desk.ask("PUT", f"/staff/{card['id']}", role="administrator", json=form(card, **change))
    for ws in sockets:
        await closed(ws)
    assert await desk.services.access.identify(cookie) is None
    assert await desk.services.access.identify(desk.tokens[token]) is not None, "a program goes on, as who he is now"
    if card["extension"]:
        last = told[-1].member
        assert (last.extension, last.state) == (card["extension"], "offline"), "the old telephone is passed over"


STAFF = "login,name,role,extension\n"


@pytest.mark.parametrize(
    ("row", "session", "token"),
    [
        ("gusev,Гусев Игорь,operator,102", True, True),
        ("gusev,Гусев И.,operator,102", True, True),
        ("gusev,Гусев Игорь,operator,177", False, True),
        ("gusev,Гусев Игорь,operator,", False, True),
        ("gusev,Гусев Игорь,supervisor,102", False, False),
    ],
)
async def test_a_file_of_staff_signs_out_whom_it_changes_as_a_form_does(
    desk: Desk, row: str, session: bool, token: bool
) -> None:
    cookie = await session_of(desk, "gusev")
    name = await token_of(desk, "gusev", "operator")
    told: list[StaffStateChanged] = []
    desk.store.after[StaffStateChanged].append(told.append)
    ws = await desk.client.ws_connect("/api/v1/live", headers={"Cookie": f"{COOKIE}={cookie}"})
    file = (STAFF + row + "\n").encode()
    await desk.ask("POST", "/imports/staff", role="administrator", data=file, headers=CSV)
    assert await desk.services.access.identify(cookie) is not None, "a look at what would change ends nothing"
    await desk.ask("POST", "/imports/staff?apply=true", role="administrator", data=file, headers=CSV)
    assert (await desk.services.access.identify(cookie) is not None) is session
    assert (await desk.services.access.identify(desk.tokens[name]) is not None) is token
    if session:
        assert told == []
    else:
        await closed(ws)
        last = told[-1].member
        assert (last.extension, last.state) == ("102", "offline"), "the old telephone is passed over"


@pytest.mark.parametrize(
    ("row", "closes", "passed_over"),
    [
        ("gusev,Гусев И.,operator,102", False, []),
        ("gusev,Гусев Игорь,operator,177", True, ["102"]),
        ("gusev,Гусев Игорь,supervisor,102", True, ["102"]),
    ],
)
async def test_what_another_process_says_of_the_staff_reaches_the_open_screens(
    desk: Desk, row: str, closes: bool, passed_over: list[str]
) -> None:
    """`callengine import staff` beside the running engine, or another engine of the same database."""
    cookie = await session_of(desk, "gusev")
    name = await token_of(desk, "gusev", "operator")
    sockets = [
        await desk.client.ws_connect("/api/v1/live", headers=headers)
        for headers in ({"Cookie": f"{COOKIE}={cookie}"}, desk.headers(name))
    ]
    its, left = desk.services, list[StaffStateChanged]()
    listeners = Listeners(its.live, its.access, desk.clock, left.append)
    other = Store(desk.store.url)
    access = AccessService(other, desk.clock)
    imports = Imports(other, desk.clock, ZoneInfo("Europe/Moscow"), end_sessions=access.end_sessions)
    report = await imports.import_csv("staff", (STAFF + row + "\n").encode())
    access.close()
    await other.close()
    await listeners.look()
    assert report.changed == 1
    for ws in sockets if closes else ():
        await closed(ws)
    assert sorted({fact.member.extension for fact in left}) == passed_over
    assert all(fact.member.state == "offline" for fact in left)
    await listeners.look()
    assert len(left) == 2 * len(passed_over), "once for each of his screens"


async def test_a_shift_is_planned_once_and_taken_off(desk: Desk) -> None:
    petrova = await colleague(desk, "petrova")
    shift = {"staff_id": petrova["id"], "begins_at": "2026-11-21T05:00:00Z", "ends_at": "2026-11-21T17:00:00Z"}
    made = await desk.ask("POST", "/shifts", role="supervisor", json=shift, status=201)
    overlapping = {**shift, "begins_at": "2026-11-21T16:00:00Z", "ends_at": "2026-11-22T04:00:00Z"}
    await desk.ask("POST", "/shifts", role="supervisor", json=overlapping, status=409)
    await desk.ask(
        "POST", "/shifts", role="supervisor", json={**overlapping, "begins_at": shift["ends_at"]}, status=201
    )
    backwards = {**shift, "ends_at": "2026-11-21T04:00:00Z"}
    problem = await desk.ask("POST", "/shifts", role="supervisor", json=backwards, status=422)
    assert problem["errors"][0]["pointer"] == "#/ends_at"
    assert len((await desk.ask("GET", f"/shifts?staff_id={petrova['id']}"))["items"]) == 2
    await desk.ask("DELETE", f"/shifts/{made['id']}", status=403)
    await desk.ask("DELETE", f"/shifts/{made['id']}", role="supervisor", status=204)
    assert len((await desk.ask("GET", f"/shifts?staff_id={petrova['id']}"))["items"]) == 1


# --- readings -------------------------------------------------------------------------------------------------


async def test_the_log_says_who_read_whose_card_when_and_why_page_by_page(desk: Desk) -> None:
    anna = await desk.ask("POST", "/people", json={"name": "Мельничук Анна"}, status=201)
    for _ in range(3):
        await desk.ask("GET", f"/people/{anna['id']}")
        desk.clock.advance(seconds=0.0005)
    path = f"/readings?subject=person:{anna['id']}&what=card&limit=2"
    first = await desk.ask("GET", path, role="supervisor")
    second = await desk.ask("GET", f"{path}&cursor={first['next']}", role="supervisor")
    rows = first["items"] + second["items"]
    assert (len(rows), second["next"], len({row["id"] for row in rows})) == (3, None, 3)
    assert {(row["who"], row["title"], row["why"]) for row in rows} == {("Петрова Наталья", "Мельничук Анна", "card")}
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True), "the newest first"
    orlova = await colleague(desk, "orlova")
    assert (await desk.ask("GET", f"/readings?staff_id={orlova['id']}&what=card", role="supervisor"))["items"] == []
    await desk.ask("GET", "/readings", status=403)
    await desk.ask("GET", "/readings?cursor=AAAA", role="supervisor", status=422)


async def test_an_export_of_the_log_is_logged_and_runs_no_formula(desk: Desk) -> None:
    await desk.ask("GET", "/people?q=кузнецова")
    await desk.services.access.log_reading((await _who(desk)), "card", "=1+1", "@why")
    async with desk.client.get("/api/v1/readings.csv", headers=desk.headers("supervisor")) as response:
        text = (await response.read()).decode("utf-8-sig")
    assert text.startswith("at;who;what;subject;title;why")
    assert "'=1+1" in text and "'@why" in text
    (latest,) = (await desk.ask("GET", "/readings?what=export", role="supervisor"))["items"]
    assert (latest["who"], latest["subject"][:8]) == ("Орлова Тамара", "readings")


async def _who(desk: Desk) -> Any:
    who = await desk.services.access.identify(desk.tokens["operator"])
    assert who is not None
    return who
