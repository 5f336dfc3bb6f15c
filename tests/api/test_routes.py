"""Every route as every role, and the shapes of refusals."""

from __future__ import annotations

import json
import re

import pytest
from openapi_spec_validator import validate

from callengine.access.model import DESK
from callengine.api.core import PREFIX
from callengine.api.openapi import document
from callengine.api.routes import all_routes
from tests.api.conftest import ROLES, Desk


def _path(path: str) -> str:
    """With something in every slot."""
    known = {"kind": "houses", "pbx": "main", "file_name": "1.wav", "number": "26-000999", "day": "2026-11-20"}
    filled = re.sub(r"{\w+:int}", "999999", path)
    return re.sub(r"{(\w+)}", lambda slot: known.get(slot[1], "nothing"), filled)


async def test_every_route_admits_its_roles_and_nobody_else(desk: Desk) -> None:
    for route in all_routes():
        url = PREFIX + _path(route.path)
        async with desk.client.request(route.method, url) as response:
            if route.roles is None:
                assert response.status not in (401, 403), route.name
                continue
            assert response.status == 401, route.name
            assert response.headers["WWW-Authenticate"] == "Bearer"
        for role in ROLES:
            if route.name == "sign_out":
                continue
            async with desk.client.request(route.method, url, headers=desk.headers(role)) as response:
                refused = response.status == 403
                assert refused == (role not in route.roles), f"{route.name} as {role}: {response.status}"
                assert response.status != 500, f"{route.name} as {role}: {await response.text()}"


CONTRACT = """
GET /health · GET /coverage · POST /import/{kind} · POST /demo/call · GET /session/hints · POST /session
GET /session · DELETE /session · POST /session/password · PUT /session/state · GET /board · GET /shift · GET /caller
GET /search · GET /live · GET /calls · POST /calls · GET /calls/totals · GET /calls.csv · GET /calls/live
GET /calls/{id} · POST /calls/{id}/answer · POST /calls/{id}/hangup · POST /calls/{id}/transfer
GET /organisations/reach · POST /calls/{id}/transfer/complete · POST /calls/{id}/transfer/cancel
POST /calls/{id}/transfer/join
POST /calls/{id}/hold · GET /callbacks · GET /callbacks/compliance · GET /callbacks/compliance.csv
POST /callbacks/close · POST /callbacks/reopen · POST /callbacks/assign · GET /callbacks/{id}
POST /callbacks/{id}/claim · POST /callbacks/{id}/release · POST /callbacks/{id}/dial · POST /callbacks/{id}/heard
POST /callbacks/{id}/machine · POST /callbacks/{id}/close · GET /recordings/unclaimed · GET /recordings/{id}
GET /recordings/unclaimed/{pbx}/{file_name} · POST /recordings/unclaimed/{pbx}/{file_name}
GET /recordings/{id}/audio · PUT /recordings/{id}/hold · GET /recordings/{id}/marks · POST /recordings/{id}/marks
DELETE /recordings/{id}/marks/{mark} · POST /recordings/{id}/marks/{mark}/restore
POST /pbx/{pbx}/recordings/{file_name} · GET /people · POST /people · GET /people/duplicates · GET /people/{id}
PUT /people/{id} · POST /people/{id}/merge · POST /merges/{id}/undo · POST /people/{id}/notes
DELETE /people/{id}/notes/{note_id} · POST /people/{id}/notes/{note_id}/restore · GET /houses · POST /houses
GET /houses/{id} · PUT /houses/{id} · GET /houses/{id}/residents · GET /houses/{id}/tickets · GET /organisations
GET /imports · POST /imports/{kind} · GET /staff · POST /staff · PUT /staff/{id} · GET /shifts · POST /shifts
DELETE /shifts/{id} · GET /readings · GET /readings.csv · GET /classifier/tree · GET /classifier/entries/{code}
PUT /classifier/entries/{code} · PUT /classifier/groups/{code} · DELETE /classifier/groups/{code}
GET /classifier.csv · POST /classifier/imports · GET /classifier/versions · GET /classifier/versions/{id}
POST /classifier/versions/{id}/undo · GET /organisations/{id}/overrides · PUT /organisations/{id}/overrides/{branch}
DELETE /organisations/{id}/overrides/{branch} · GET /contracts · POST /contracts · GET /contracts/{id}
PUT /contracts/{id} · DELETE /contracts/{id} · POST /contracts/{id}/restore · GET /routing/declines
POST /routing/suggestions · GET /calendar · PUT /calendar/{day} · DELETE /calendar/{day} · GET /rules · GET /tickets
POST /tickets · GET /tickets/counts · GET /tickets/choices · GET /filters · POST /filters · PUT /filters/{id}
GET /tickets/support · DELETE /filters/{id} · POST /filters/{id}/restore · POST /exports · GET /exports
GET /exports/{id} · POST /exports/{id}/cancel · GET /exports/{id}/file · GET /classifier
POST /routing/preview · GET /tickets/{number}
POST /tickets/{number}/moves · POST /tickets/{number}/comments · GET /organisations/{id}/load
GET /tickets/{number}/applicants · POST /tickets/{number}/applicants · DELETE /tickets/{number}/applicants/{id}
POST /tickets/{number}/files · GET /tickets/{number}/files/{id} · DELETE /tickets/{number}/files/{id}
GET /tickets/{number}/files/{id}/thumbnail · POST /tickets/{number}/files/{id}/restore
POST /tickets/{number}/links · DELETE /tickets/{number}/links · GET /public/tickets/{token}
GET /public/tickets/{token}/files/{id} · GET /public/tickets/{token}/files/{id}/thumbnail
POST /public/tickets/{token}/feedback · POST /public/tickets/{token}/comments · PUT /public/tickets/{token}/notify
PUT /tickets/{number}/notify · GET /notify/ways
POST /public/tickets/{token}/push · POST /public/tickets/{token}/push/end
GET /public/tickets/{token}/meters · POST /public/tickets/{token}/meters/{id}/readings
GET /notices · GET /notices/{id} · GET /notices/mine
POST /notices/{id}/acknowledge · POST /notices/{id}/again · GET /notices/templates · PUT /notices/templates
POST /notices/templates/preview · GET /push/key · POST /push/subscriptions · DELETE /push/subscriptions/{id}
GET /campaigns · POST /campaigns · GET /campaigns/{id} · POST /campaigns/{id}/pause · POST /campaigns/{id}/resume
POST /campaigns/{id}/stop · GET /campaigns/{id}/calls · GET /campaigns/{id}/results · GET /ratings · GET /opt-outs
POST /opt-outs · DELETE /opt-outs/{id} · GET /outreach · POST /outreach/halt · POST /outreach/resume
GET /scripts/{kind} · PUT /scripts/{kind} · POST /scripts/{kind}/preview · GET /robot/job
POST /campaigns/preview · GET /surveys · POST /surveys · GET /surveys/{id} · PUT /surveys/{id}
DELETE /surveys/{id} · GET /surveys/{id}/versions · PUT /scripts/{kind}/options
GET /reminders · POST /reminders/{id}/take
DELETE /meters/{id} · GET /meter-readings · GET /meter-readings/export · GET /meters
GET /meters/{id} · POST /meters · POST /meters/{id}/readings · PUT /meters/{id}
GET /ratings/summary
"""


def test_the_document_tells_of_every_route_of_the_contract_and_of_no_other() -> None:
    promised = {one.strip() for line in CONTRACT.splitlines() for one in line.split("·") if one.strip()}
    paths = document()["paths"].items()
    told = {f"{method.upper()} {path.removeprefix(PREFIX)}" for path, methods in paths for method in methods}
    assert told == promised


def test_the_document_is_valid_openapi_3_1() -> None:
    validate(document())
    assert document()["openapi"] == "3.1.0"


def test_each_operation_has_a_name_of_its_own_and_says_who_may() -> None:
    operations = [operation for path in document()["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert {"token": []} in next(o for o in operations if o["operationId"] == "list_calls")["security"]
    assert set(next(o for o in operations if o["operationId"] == "list_calls")["x-roles"]) == DESK


async def test_the_document_is_served(desk: Desk) -> None:
    async with desk.client.get("/api/openapi.json") as response:
        assert response.status == 200
        assert "LiveMessage" in (await response.json())["components"]["schemas"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "bad-request"),
        (b"\xff\xfe", 400, "bad-request"),
        (b"[]", 422, "invalid"),
        (b'{"login": 5, "password": "x"}', 422, "invalid"),
        (b'{"login": "a", "password": "b", "more": 1}', 422, "invalid"),
        (b'{"login": "a\\u0000", "password": "b"}', 422, "invalid"),
        (b'{"login": "' + b"a" * 300_000 + b'"}', 413, "too-large"),
    ],
)
async def test_a_wrong_body_is_a_problem_with_its_reason(desk: Desk, body: bytes, status: int, code: str) -> None:
    headers = {"Content-Type": "application/json"}
    async with desk.client.post("/api/v1/session", data=body, headers=headers) as response:
        problem = await response.json(content_type="application/problem+json")
    assert (response.status, problem["code"], problem["status"]) == (status, code, status)


async def test_a_mistake_is_pointed_at(desk: Desk) -> None:
    body = {"classifier": "x", "house_id": 1, "applicant": {"number": 5}}
    problem = await desk.ask("POST", "/tickets", json=body, status=422)
    assert problem["errors"][0]["pointer"] == "#/applicant/number"
    problem = await desk.ask("POST", "/tickets", json={"classifier": "no-such", "house_id": 1}, status=422)
    assert problem["errors"][0]["pointer"] == "#/classifier"


async def test_a_wrong_query_names_its_parameter(desk: Desk) -> None:
    for query, name in (("limit=0", "limit"), ("from=yesterday", "from"), ("nothing=1", "nothing"), ("q=a&q=b", "q")):
        problem = await desk.ask("GET", f"/calls?{query}", status=422)
        assert problem["errors"][0]["parameter"] == name
    await desk.ask("GET", "/calls?cursor=rubbish", status=422)
    await desk.ask("GET", "/calls?cursor=!", status=422)


async def test_a_moment_without_a_zone_is_refused_and_a_plus_need_not_be_escaped(desk: Desk) -> None:
    await desk.ask("GET", "/calls?from=2026-11-20T08:00:00", status=422)
    await desk.ask("GET", "/calls?from=2026-11-20T08:00:00+03:00")


async def test_unknown_paths_and_methods_are_problems(desk: Desk) -> None:
    async with desk.client.get("/api/v1/nothing") as response:
        assert (response.status, response.content_type) == (404, "application/problem+json")
    async with desk.client.patch("/api/v1/calls") as response:
        assert (response.status, response.content_type) == (405, "application/problem+json")
        assert "GET" in response.headers["Allow"]
    await desk.ask("GET", "/calls/0", status=404)
    await desk.ask("GET", "/calls/99999999999999999999", status=404)
    await desk.ask("GET", "/calls/abc", status=404)


async def test_an_unexpected_fault_tells_the_public_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(desk.services.calls, "live", broken)
    problem = await desk.ask("GET", "/calls/live", status=500)
    assert problem["code"] == "engine-error"
    assert "secret" not in json.dumps(problem)


async def test_every_answer_carries_the_guards(desk: Desk) -> None:
    for path in ("/", "/api/v1/health", "/api/v1/nothing", "/metrics"):
        async with desk.client.get(path) as response:
            assert "default-src 'self'" in response.headers["Content-Security-Policy"]
            assert response.headers["X-Content-Type-Options"] == "nosniff"
    async with desk.client.get("/api/v1/health") as response:
        assert response.headers["Cache-Control"] == "no-store"


async def test_moments_are_utc_with_a_z(desk: Desk) -> None:
    await desk.missed()
    (call,) = (await desk.ask("GET", "/calls"))["items"]
    assert call["arrived_at"] == "2026-11-20T08:00:00Z"
