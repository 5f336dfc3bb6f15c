"""Signing in and out, states, foreign pages, and how guessing is slowed down."""

from __future__ import annotations

from aiohttp import CookieJar
from aiohttp.test_utils import TestClient

from callengine.api.security import COOKIE
from tests.api.conftest import Desk

SIGN_IN = {"login": "gusev", "password": "desk-102"}


async def give_password(desk: Desk, login: str = "gusev", password: str = "desk-102") -> int:
    staff_id = await desk.staff_id(login)
    assert staff_id is not None
    await desk.set_password(staff_id, password)
    return staff_id


def browser(desk: Desk) -> TestClient:  # type: ignore[type-arg]
    return TestClient(desk.client.server, cookie_jar=CookieJar(unsafe=True))


async def test_signing_in_sets_a_cookie_that_scripts_cannot_read_and_starts_the_shift(desk: Desk) -> None:
    await give_password(desk)
    client = browser(desk)
    async with client.post("/api/v1/session", json=SIGN_IN) as response:
        cookie = response.headers["Set-Cookie"]
        me = await response.json()
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie
    assert (me["name"], me["role"], me["extension"], me["state"]) == ("Гусев Игорь", "operator", "102", "ready")
    assert ("pause", "102", False) in desk.phone.asked
    async with client.get("/api/v1/session") as response:
        assert (await response.json())["login"] == "gusev"
    async with client.delete("/api/v1/session") as response:
        assert response.status == 204
    async with client.get("/api/v1/session") as response:
        assert response.status == 401
    assert (await desk.services.access.member(me["id"])).state == "offline"
    # Once: the desk hears of every end of a shift, and passes over the telephone itself (tests/test_desk.py).
    assert ("pause", "102", True) not in desk.phone.asked
    await client.session.close()


async def test_behind_tls_the_cookie_is_secure(desk: Desk) -> None:
    await give_password(desk)
    headers = {"Origin": "https://desk.example"}
    async with desk.client.post("/api/v1/session", json=SIGN_IN, headers=headers) as response:
        assert "Secure" in response.headers["Set-Cookie"]


async def test_a_wrong_login_and_a_wrong_password_look_the_same(desk: Desk) -> None:
    await give_password(desk)
    answers = []
    for body in ({"login": "gusev", "password": "wrong"}, {"login": "nobody", "password": "wrong"}):
        async with desk.client.post("/api/v1/session", json=body) as response:
            answers.append((response.status, await response.json(content_type=None)))
    assert answers[0] == answers[1]
    assert answers[0][0] == 401


async def test_guessing_is_slowed_down_and_a_wait_helps(desk: Desk) -> None:
    await give_password(desk)
    for _ in range(5):
        async with desk.client.post("/api/v1/session", json={**SIGN_IN, "password": "wrong"}) as response:
            assert response.status == 401
    async with desk.client.post("/api/v1/session", json=SIGN_IN) as response:
        assert response.status == 429
        assert int(response.headers["Retry-After"]) > 0
    desk.clock.advance(seconds=301)
    async with desk.client.post("/api/v1/session", json=SIGN_IN) as response:
        assert response.status == 200


async def test_a_foreign_page_cannot_act_with_the_cookie(desk: Desk) -> None:
    await give_password(desk)
    client = browser(desk)
    async with client.post("/api/v1/session", json=SIGN_IN):
        pass
    own = f"http://{desk.client.host}:{desk.client.port}"
    for headers, status in (
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": own}, 200),
        ({}, 200),
    ):
        async with client.put("/api/v1/session/state", json={"state": "ready"}, headers=headers) as response:
            assert response.status == status, headers
    upgrade = {"Origin": "https://evil.example", "Upgrade": "websocket", "Connection": "Upgrade"}
    async with client.get("/api/v1/live", headers=upgrade) as response:
        assert response.status == 403
    await client.session.close()


async def test_a_session_ends_after_its_time_and_a_token_does_not(desk: Desk) -> None:
    await give_password(desk)
    client = browser(desk)
    async with client.post("/api/v1/session", json=SIGN_IN):
        pass
    desk.clock.advance(seconds=17 * 3600)
    async with client.get("/api/v1/session") as response:
        assert response.status == 401
    await desk.ask("GET", "/session")
    await client.session.close()


async def test_the_state_is_told_to_the_pbx_and_kept(desk: Desk) -> None:
    me = await desk.ask("PUT", "/session/state", json={"state": "pause", "reason": "обед"})
    assert (me["state"], me["state_reason"]) == ("pause", "обед")
    assert desk.phone.asked[-1] == ("pause", "101", True)
    staff = (await desk.ask("GET", "/staff"))["items"]
    assert next(s for s in staff if s["login"] == "petrova")["state"] == "pause"
    await desk.ask("PUT", "/session/state", json={"state": "offline"}, status=422)


async def test_a_new_password_ends_the_other_sessions(desk: Desk) -> None:
    await give_password(desk)
    first, second = browser(desk), browser(desk)
    for client in (first, second):
        async with client.post("/api/v1/session", json=SIGN_IN):
            pass
    body = {"old": "desk-102", "new": "another-one"}
    async with first.post("/api/v1/session/password", json=body) as response:
        assert response.status == 204
    async with second.get("/api/v1/session") as response:
        assert response.status == 401
    async with first.get("/api/v1/session") as response:
        assert response.status == 200
    await desk.ask("POST", "/session/password", json=body, status=422)
    for client in (first, second):
        await client.session.close()


async def test_the_sign_in_page_is_told_the_sample_accounts_in_sandbox_mode_only(desk: Desk) -> None:
    assert (await desk.ask("GET", "/session/hints"))["accounts"]
    desk.services.sandbox = False
    assert not (await desk.ask("GET", "/session/hints"))["accounts"]
    await desk.ask("POST", "/demo/call", json={"kind": "known"}, status=404)


async def test_an_empty_cookie_is_nobody(desk: Desk) -> None:
    async with desk.client.get("/api/v1/session", headers={"Cookie": f"{COOKIE}="}) as response:
        assert response.status == 401
    for token in ("", "x" * 5000, "\u00e9"):
        async with desk.client.get("/api/v1/session", headers={"Authorization": f"Bearer {token}"}) as response:
            assert response.status == 401
