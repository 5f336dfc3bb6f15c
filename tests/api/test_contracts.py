"""Contracts, misroutes, the calendar and the rules over HTTP; who may, and what a mistake looks like."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert

from callengine.directory.model import Somebody
from callengine.store.tables import ticket_declines
from callengine.tickets.model import NewTicket
from tests.api.conftest import Desk

LEADER = "supervisor"


async def organisation(desk: Desk, code: str) -> Any:
    found = (await desk.ask("GET", "/organisations"))["items"]
    return next(one for one in found if one["code"] == code)


async def body(desk: Desk, **its: Any) -> dict[str, Any]:
    own = await organisation(desk, "zhilkomfort")
    plain = {"code": "99-У", "organisation_id": own["id"], "kind": "management_company", "house_ids": [1]}
    return {**plain, **its}


async def test_a_contract_is_made_read_changed_taken_away_and_brought_back(desk: Desk) -> None:
    made = await desk.ask("POST", "/contracts", role=LEADER, status=201, json=await body(desk, branch="HVS-02"))
    assert (made["code"], made["house_count"], made["warnings"]) == ("99-У", 1, [])
    assert [house["id"] for house in made["houses"]] == [1]
    path = f"/contracts/{made['id']}"
    assert (await desk.ask("GET", path, role=LEADER))["author"] == made["author"] != ""
    changed = await body(desk, branch="HVS-02", duty_hours="20:00-08:00", house_ids=[1, 2, 2])
    assert (await desk.ask("PUT", path, role=LEADER, json=changed))["house_count"] == 2
    await desk.ask("DELETE", path, role=LEADER, status=204)
    listed = await desk.ask("GET", "/contracts?q=99-", role=LEADER)
    assert listed["items"] == []
    gone = await desk.ask("GET", "/contracts?removed=true", role=LEADER)
    assert [one["code"] for one in gone["items"]] == ["99-У"]
    back = await desk.ask("POST", f"{path}/restore", role=LEADER)
    assert back["removed_at"] is None and back["duty_hours"] == "20:00-08:00"


async def test_the_list_of_contracts_goes_on_page_by_page_with_russian_codes(desk: Desk) -> None:
    first = await desk.ask("GET", "/contracts?limit=3", role=LEADER)
    codes, following = [one["code"] for one in first["items"]], first["next"]
    while following:
        page = await desk.ask("GET", f"/contracts?limit=3&cursor={following}", role=LEADER)
        codes, following = codes + [one["code"] for one in page["items"]], page["next"]
    whole = await desk.ask("GET", "/contracts?limit=200", role=LEADER)
    assert codes == [one["code"] for one in whole["items"]] and len(codes) > 6


@pytest.mark.parametrize(
    ("its", "status", "pointer"),
    [
        ({"house_ids": []}, 422, "/house_ids"),
        ({"organisation_id": 4096}, 422, "/organisation_id"),
        ({"branch": "нет"}, 422, "/branch"),
        ({"duty_hours": "днём"}, 422, "/duty_hours"),
        ({"code": "14-У"}, 409, ""),
    ],
)
async def test_a_wrong_contract_is_a_problem_with_its_pointer(
    desk: Desk, its: dict[str, Any], status: int, pointer: str
) -> None:
    told = await desk.ask("POST", "/contracts", role=LEADER, status=status, json=await body(desk, **its))
    if pointer:
        assert told["errors"][0]["pointer"] == f"#{pointer}" and told["errors"][0]["detail"]
    assert told["detail"]


async def test_warnings_speak_the_readers_language(desk: Desk) -> None:
    sent = await body(desk, house_ids=[1], kind="road_service", branch="GOR-01")
    english = {"Accept-Language": "en"}
    made = await desk.ask("POST", "/contracts", role=LEADER, status=201, json=sent, headers=english)
    assert "serves here as road service" in made["warnings"][0]


@pytest.mark.parametrize("role", ["operator", "inspector", "pbx"])
async def test_others_than_leaders_neither_read_nor_write_contracts(desk: Desk, role: str) -> None:
    sent = await body(desk)
    for method, path in (("GET", "/contracts"), ("POST", "/contracts"), ("GET", "/routing/declines")):
        more = {"json": sent} if method == "POST" else {}
        await desk.ask(method, path, role=role, status=403, **more)
    await desk.ask("PUT", "/calendar/2026-12-05", role=role, status=403, json={"working": True})


async def test_the_calendar_of_a_year_with_an_exception(desk: Desk) -> None:
    put = await desk.ask("PUT", "/calendar/2026-09-05", role=LEADER, json={"working": False, "name": "День города"})
    assert put["local"] and put["day"] == "2026-09-05"
    year = await desk.ask("GET", "/calendar?year=2026")
    days = {one["day"]: one for one in year["days"]}
    assert days["2026-09-05"]["name"] == "День города" and days["2026-09-05"]["author"] == put["author"]
    assert not days["2026-05-11"]["working"] and year["moves_known"]
    english = await desk.ask("GET", "/calendar?year=2026&lang=en")
    assert "Victory Day" in {one["day"]: one for one in english["days"]}["2026-05-09"]["name"]
    await desk.ask("DELETE", "/calendar/2026-09-05", role=LEADER, status=204)
    await desk.ask("DELETE", "/calendar/2026-09-05", role=LEADER, status=404)
    await desk.ask("PUT", "/calendar/2026-02-30", role=LEADER, status=422, json={"working": False})


async def test_the_rules_are_told_in_words_with_the_active_pack_first(desk: Desk) -> None:
    packs = (await desk.ask("GET", "/rules"))["items"]
    assert [(pack["id"], pack["active"]) for pack in packs] == [("ru-416", True), ("by-115", False), ("kz-109", False)]
    rules = {rule["id"]: rule for rule in packs[0]["rules"]}
    assert rules["354-heating-10"]["when"] == ["Сколько градусов в комнате? 10…12 °C"]
    assert rules["416-13-chute"]["window"] == "08:00-23:00" and rules["416-13-chute"]["limit"] == "2 ч"
    english = (await desk.ask("GET", "/rules?lang=en"))["items"][0]
    assert "within 30 minutes of registration" in english["rules"][0]["words"]
    assert [duty["verified"] for duty in english["duties"]].count(False) == 1


async def test_the_preview_tells_clocks_script_and_safety(desk: Desk) -> None:
    asked = {"classifier": "OTO-02", "house_id": 1, "at": "2026-11-20T12:00:00+03:00"}
    plain = await desk.ask("POST", "/routing/preview", json=asked)
    assert [clock["name"] for clock in plain["clocks"]] == ["accept", "fix"]
    question = next(one for one in plain["script"] if one["condition"] == "indoor_celsius")
    answers = [{"question": question["text_ru"], "answer": "9"}]
    cold = await desk.ask("POST", "/routing/preview", json={**asked, "answers": answers})
    assert cold["deadlines"]["fix_by"] == "2026-11-20T13:00:00Z"
    told = await desk.ask("POST", "/routing/preview", json={**asked, "conditions": {"indoor_celsius": 11}})
    assert told["deadlines"]["fix_by"] == "2026-11-20T17:00:00Z"
    gas = await desk.ask("POST", "/routing/preview", json={"classifier": "GAZ-01", "house_id": 1})
    assert gas["urgency"] == "life" and gas["spoken"] and gas["transfer_to"] == "104" and gas["safety"]
    billing = await desk.ask("POST", "/routing/preview", json={"classifier": "NAC-01", "house_id": 1})
    assert "Госуслуги" in billing["referral"] and not gas["referral"], "R45: whom else to turn to, and how"


async def test_an_answer_that_cannot_be_read_is_told_where(desk: Desk) -> None:
    asked = {"classifier": "OTO-02", "house_id": 1, "conditions": {"outage_at": "вчера"}}
    told = await desk.ask("POST", "/routing/preview", status=422, json=asked)
    assert told["errors"][0]["pointer"] == "#/conditions"


async def test_a_misroute_is_suggested_made_and_undone(desk: Desk) -> None:
    own, other = await organisation(desk, "vodokanal"), await organisation(desk, "zarechye")
    for _ in range(3):
        ticket = await desk.services.tickets.create(NewTicket("HVS-08", 1), Somebody("Орлова"))
        assert ticket.organisation and ticket.organisation.id == own["id"]
        row = {
            "ticket_id": ticket.id,
            "classifier_code": "HVS-08",
            "house_id": 1,
            "organisation_id": own["id"],
            "contract_code": ticket.contract_code,
            "reason": "не наш участок",
            "at": desk.clock.now(),
            "accepted_by": other["id"],
        }
        async with desk.store.begin() as tx:
            await tx.conn.execute(insert(ticket_declines).values(**row))
    (cell,) = (await desk.ask("GET", "/routing/declines", role=LEADER))["items"]
    assert (cell["classifier"], cell["count"], cell["suggested"]["code"]) == ("HVS-08", 3, "zarechye")
    asked = {"classifier": "HVS-08", "by": "house", "house_id": 1}
    seen = await desk.ask("POST", "/routing/suggestions", role=LEADER, json=asked)
    assert seen["contract"] is None and seen["changes"][0]["after"]["code"] == "zarechye"
    await desk.ask("POST", "/routing/suggestions", role=LEADER, status=422, json={**asked, "apply": True})
    applied = {**asked, "apply": True, "organisation_id": other["id"]}
    made = await desk.ask("POST", "/routing/suggestions", role=LEADER, json=applied)
    preview = await desk.ask("POST", "/routing/preview", json={"classifier": "HVS-08", "house_id": 1})
    assert preview["organisation"]["code"] == "zarechye" and made["contract"]["code"] in preview["reason"]
    await desk.ask("DELETE", f"/contracts/{made['contract']['id']}", role=LEADER, status=204)
    again = await desk.ask("POST", "/routing/preview", json={"classifier": "HVS-08", "house_id": 1})
    assert again["organisation"]["code"] == own["code"]
