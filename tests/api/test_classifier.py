"""The classifier's routes: the tree, an entry, import with a diff, versions and undo, overrides, and who may what."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Desk

CSV = {"Content-Type": "text/csv"}
FORM = {"problem_ru": "Запах газа в доме", "urgency": "life", "organisation_kind": "gas_emergency_104"}
TERMS = {"fix_minutes": 600, "reason": "доп. соглашение № 3"}


async def as_admin(desk: Desk, method: str, path: str, status: int = 200, **more: Any) -> Any:
    return await desk.ask(method, path, role="administrator", status=status, **more)


async def exported(desk: Desk) -> str:
    async with desk.client.get("/api/v1/classifier.csv", headers=desk.headers()) as answer:
        assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/csv")
        return await answer.text(encoding="utf-8")


async def test_the_tree_has_groups_entries_and_open_tickets(desk: Desk) -> None:
    tree = await desk.ask("GET", "/classifier/tree")
    assert (len(tree["groups"]), len(tree["entries"]), tree["version"]) == (19, 104, 1)
    assert tree["groups"][0] == {
        "code": "DOM",
        "parent": "",
        "name_ru": "Инженерные системы дома",
        "name_en": "Systems of the house",
        "position": 0,
    }
    assert next(one for one in tree["entries"] if one["code"] == "KAN-02")["paid"]


async def test_an_entry_comes_with_script_safety_transfer_and_revision(desk: Desk) -> None:
    gas = await desk.ask("GET", "/classifier/entries/GAZ-01")
    assert gas["transfer_to"] == "104" and "Перекройте кран" in gas["safety_ru"] and gas["path"] == ["DOM", "GAZ"]
    assert gas["script"][0] == {
        "text_ru": "Перекрыли ли кран на трубе?",
        "text_en": "Is the valve on the pipe closed?",
        "type": "yesno",
        "choices": [],
        "choices_en": [],
        "unit": "",
        "required": True,
        "condition": "",
    }
    await desk.ask("GET", "/classifier/entries/NOPE", status=404)


async def test_the_search_of_the_desk_brings_what_is_said_and_asked(desk: Desk) -> None:
    (first, *_) = (await desk.ask("GET", "/classifier?q=запах газа"))["items"]
    assert (first["code"], first["transfer_to"], first["parent"]) == ("GAZ-01", "104", "GAZ")
    assert [one["text_ru"] for one in first["script"]] == first["questions"]


async def test_an_entry_is_written_by_its_revision_and_a_stale_one_is_a_conflict(desk: Desk) -> None:
    gas = await desk.ask("GET", "/classifier/entries/GAZ-01")
    body = {**FORM, "revision": gas["revision"]}
    plan = await as_admin(desk, "PUT", "/classifier/entries/GAZ-01", json=body)
    assert plan["version"]["id"] == 2 and plan["version"]["source"] == "edit"
    assert {field["field"] for field in plan["changes"][0]["fields"]} >= {"problem_ru", "safety_ru", "questions_ru"}
    await as_admin(desk, "PUT", "/classifier/entries/GAZ-01", status=409, json=body)
    again = await desk.ask("GET", "/classifier/entries/GAZ-01?at=2026-11-20T08:00:00Z")
    assert again["problem_ru"] == "Запах газа в доме"  # the clock of the test stands still


async def test_a_wrong_entry_is_refused_with_a_pointer(desk: Desk) -> None:
    gas = await desk.ask("GET", "/classifier/entries/GAZ-01")
    for change, pointer in (
        ({"clock": "8-23"}, "#/clock"),
        ({"parent": "NOPE"}, "#/parent"),
        ({"script": [{"text_ru": "Как?", "type": "choice", "choices": ["одно"]}]}, "#/script"),
        ({"accept_minutes": 0}, "#/accept_minutes"),
    ):
        body = {**FORM, "revision": gas["revision"], **change}
        told = await as_admin(desk, "PUT", "/classifier/entries/GAZ-01", status=422, json=body)
        assert told["errors"][0]["pointer"] == pointer


async def test_a_file_is_compared_then_applied_by_its_fingerprint_then_undone(desk: Desk) -> None:
    text = (await exported(desk)).replace(";Запах газа;", ";Запах газа в доме;").replace(";Лифт не работает;", ";;")
    data = text.encode()
    plan = await as_admin(desk, "POST", "/classifier/imports", data=data, headers=CSV)
    assert [(one["code"], one["what"]) for one in plan["changes"]] == [("GAZ-01", "changed")]
    assert plan["changes"][0]["fields"] == [
        {"field": "problem_ru", "before": "Запах газа", "after": "Запах газа в доме"}
    ]
    assert [one["reason"] for one in plan["mistakes"]] == ["problem_ru is empty"] and plan["version"] is None
    await as_admin(desk, "POST", "/classifier/imports?apply=true", status=422, data=data, headers=CSV)
    mark = plan["fingerprint"]
    path = f"/classifier/imports?apply=true&note=осень&fingerprint={mark}"
    done = await as_admin(desk, "POST", path, data=data, headers=CSV)
    assert (done["version"]["id"], done["version"]["note"]) == (2, "осень")
    told = await as_admin(desk, "POST", path, status=409, data=data, headers=CSV)
    assert "changed since the preview" in told["detail"]

    back = await as_admin(desk, "POST", "/classifier/versions/2/undo")
    assert (back["id"], back["source"], back["changes"][0]["what"]) == (3, "undo", "changed")
    await as_admin(desk, "POST", "/classifier/versions/2/undo", status=409)
    listed = await desk.ask("GET", "/classifier/versions?limit=2")
    assert [(one["id"], one["state"], one["changed"]) for one in listed["items"]] == [
        (3, "applied", 1),
        (2, "undone", 1),
    ]
    older = await desk.ask("GET", f"/classifier/versions?limit=2&cursor={listed['next']}")
    assert [one["id"] for one in older["items"]] == [1] and older["next"] is None
    assert len((await desk.ask("GET", "/classifier/versions/1"))["changes"]) == 123


async def test_a_version_of_a_later_day_is_planned_and_can_be_called_off(desk: Desk) -> None:
    gas = await desk.ask("GET", "/classifier/entries/GAZ-01")
    body = {**FORM, "revision": gas["revision"], "valid_from": "2026-12-01T00:00:00+03:00", "note": "с декабря"}
    plan = await as_admin(desk, "PUT", "/classifier/entries/GAZ-01", json=body)
    assert plan["version"]["state"] == "planned"
    tree = await desk.ask("GET", "/classifier/tree")
    assert [one["id"] for one in tree["planned"]] == [2] and tree["version"] == 1
    await as_admin(desk, "POST", "/classifier/versions/2/undo")
    assert (await desk.ask("GET", "/classifier/tree"))["planned"] == []


async def test_groups_are_added_moved_and_removed(desk: Desk) -> None:
    body = {"name_ru": "Удобства", "parent": "DOM", "position": 5}
    await as_admin(desk, "PUT", "/classifier/groups/LUX", json=body)
    told = await as_admin(desk, "PUT", "/classifier/groups/DOM", status=422, json={"name_ru": "Дом", "parent": "LUX"})
    assert "a loop" in told["detail"]
    await as_admin(desk, "DELETE", "/classifier/groups/HVS", status=422)
    await as_admin(desk, "DELETE", "/classifier/groups/LUX")
    await as_admin(desk, "DELETE", "/classifier/groups/LUX", status=404)


async def test_an_organisation_has_terms_of_its_own(desk: Desk) -> None:
    first = (await desk.ask("GET", "/organisations"))["items"][0]["id"]
    saved = await as_admin(desk, "PUT", f"/organisations/{first}/overrides/HVS", json=TERMS)
    assert (saved["branch"], saved["fix_minutes"], saved["accept_minutes"]) == ("HVS", 600, None)
    await as_admin(desk, "PUT", f"/organisations/{first}/overrides/*", json={**TERMS, "clock": "work"})
    listed = await desk.ask("GET", f"/organisations/{first}/overrides")
    assert [one["branch"] for one in listed["items"]] == ["*", "HVS"]
    await as_admin(desk, "PUT", f"/organisations/{first}/overrides/NOPE", status=422, json=TERMS)
    await as_admin(desk, "PUT", f"/organisations/{first}/overrides/HVS", status=422, json={"reason": "приказ"})
    await as_admin(desk, "DELETE", f"/organisations/{first}/overrides/*", status=204)
    await as_admin(desk, "DELETE", f"/organisations/{first}/overrides/*", status=404)
    await desk.ask("GET", "/organisations/999999/overrides", status=404)


WRITES: list[tuple[str, str, dict[str, Any]]] = [
    ("PUT", "/classifier/entries/GAZ-01", {"json": FORM}),
    ("PUT", "/classifier/groups/LUX", {"json": {"name_ru": "Удобства"}}),
    ("DELETE", "/classifier/groups/LUX", {}),
    ("POST", "/classifier/imports", {"data": b"code,problem_ru\n", "headers": CSV}),
    ("POST", "/classifier/versions/1/undo", {}),
    ("PUT", "/organisations/1/overrides/HVS", {"json": TERMS}),
    ("DELETE", "/organisations/1/overrides/HVS", {}),
]


@pytest.mark.parametrize(("method", "path", "more"), WRITES)
async def test_operators_and_inspectors_change_nothing(
    desk: Desk, method: str, path: str, more: dict[str, Any]
) -> None:
    for role in ("operator", "inspector", "pbx"):
        await desk.ask(method, path, role=role, status=403, **more)


async def test_a_supervisor_changes_the_standard_answer_and_nothing_else(desk: Desk) -> None:
    card = await desk.ask("GET", "/classifier/entries/ORG-05", role="supervisor")
    left_out = ("code", "path", "valid_from", "valid_until", "open_tickets")
    same = {name: value for name, value in card.items() if name not in left_out}
    answer = {**same, "answer_ru": "Скажу, где заявка."}
    await desk.ask("PUT", "/classifier/entries/ORG-05", role="supervisor", json=answer)
    newer = await desk.ask("GET", "/classifier/entries/ORG-05", role="supervisor")
    assert newer["answer_ru"] == "Скажу, где заявка."
    more = {**answer, "revision": newer["revision"], "fix_minutes": 7}
    await desk.ask("PUT", "/classifier/entries/ORG-05", role="supervisor", status=403, json=more)
    for method, path, body in WRITES[1:]:
        await desk.ask(method, path, role="supervisor", status=403, **body)


async def test_a_manager_reads_the_classifier_and_the_terms_of_his_own_organisation_alone(desk: Desk) -> None:
    items = (await desk.ask("GET", "/organisations"))["items"]
    mine, other = items[0]["id"], items[1]["id"]
    access = desk.services.access
    desk.tokens["organisation_manager"] = await access.create_token("m", "organisation_manager", organisation_id=mine)
    await desk.ask("GET", "/classifier/tree", role="organisation_manager")
    await desk.ask("GET", f"/organisations/{mine}/overrides", role="organisation_manager")
    await desk.ask("GET", f"/organisations/{other}/overrides", role="organisation_manager", status=404)


async def test_what_is_no_csv_is_refused(desk: Desk) -> None:
    await as_admin(desk, "POST", "/classifier/imports", status=415, json={"code": "x"})
    told = await as_admin(desk, "POST", "/classifier/imports", status=422, data=b"", headers=CSV)
    assert "the file is empty" in told["detail"]
