"""The routes of the notices: who reads, who writes, what is refused, browsers, and pages that meet without a gap."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest
from sqlalchemy import select

from callengine.notices.model import Channel, Kind, Recipient, State, Wanted
from callengine.store.tables import push_subscriptions
from tests.api.conftest import Desk
from tests.notices.servers import Browser

ENDPOINT = "https://fcm.googleapis.com/fcm/send/abc"


async def tell(desk: Desk, key: str, **more: Any) -> int:
    wanted = Wanted(
        key=key,
        kind=more.pop("kind", Kind.CLOSED),
        channel=more.pop("channel", Channel.PUSH),
        to=more.pop("to", Recipient(number="+79073304177", name="Мельникова Анна")),
        fields={"number": "26-000001", "link": "x", "place": "Мира, 12", "problem": "течь", "due": "—"},
        ticket_number="26-000001",
        **more,
    )
    async with desk.store.begin() as tx:
        found = await desk.services.notices.outbox.tell(tx, wanted)
    assert found is not None
    return found


async def test_the_outbox_is_read_page_by_page_and_narrowed(desk: Desk) -> None:
    for n in range(7):
        await tell(desk, f"closed:{n}")
        desk.clock.advance(seconds=0.000001)
    await tell(desk, "sms:1", channel=Channel.SMS)
    seen: list[int] = []
    path = "/notices?limit=3"
    while path:
        page = await desk.ask("GET", path)
        seen += [one["id"] for one in page["items"]]
        path = f"/notices?limit=3&cursor={page['next']}" if page["next"] else ""
    assert seen == sorted(seen, reverse=True) and len(seen) == 8
    suppressed = (await desk.ask("GET", "/notices?state=suppressed&ticket=26-000001"))["items"]
    assert [one["problem"] for one in suppressed] == ["sms is not configured"]
    assert (await desk.ask("GET", "/notices?kind=job"))["items"] == []
    await desk.ask("GET", "/notices?cursor=bm9uc2Vuc2U", status=422)
    story = await desk.ask("GET", f"/notices/{seen[0]}")
    assert [event["what"] for event in story["events"]] == ["suppressed"]
    await desk.ask("GET", "/notices/99999", status=404)


@pytest.mark.parametrize(("name", "words"), [("kind", Kind), ("channel", Channel), ("state", State)])
async def test_each_kind_channel_and_state_may_be_asked_for(desk: Desk, name: str, words: type[StrEnum]) -> None:
    for word in words:
        await desk.ask("GET", f"/notices?{name}={word}", role="operator")
    await desk.ask("GET", f"/notices?{name}=pigeon", role="operator", status=422)


async def test_what_waits_is_counted(desk: Desk) -> None:
    await tell(desk, "closed:1")
    async with desk.client.get("/metrics", headers=desk.headers()) as response:
        assert 'callengine_notices_waiting{channel="push",state="queued"} 1.0' in await response.text()


async def test_a_template_is_written_refused_in_words_and_taken_back(desk: Desk) -> None:
    every = (await desk.ask("GET", "/notices/templates"))["items"]
    done = next(one for one in every if (one["kind"], one["channel"], one["language"]) == ("done", "sms", "ru"))
    assert {one["name"] for one in done["fields"] if one["required"]} == {"number", "link"}
    body = {"kind": "done", "channel": "sms", "language": "ru", "text": "Готово: {numbr}"}
    await desk.ask("PUT", "/notices/templates", json=body, status=403)
    ru = {"Accept-Language": "ru"}
    refused = await desk.ask("PUT", "/notices/templates", role="supervisor", json=body, headers=ru, status=422)
    assert refused["code"] == "refused"
    assert any("поля {numbr} нет" in one["detail"] for one in refused["errors"])
    shown = await desk.ask("POST", "/notices/templates/preview", json=body, headers={"Accept-Language": "en"})
    assert shown["text"] == "Готово: {numbr}" and any("no field {numbr}" in one["detail"] for one in shown["problems"])
    body["text"] = "Готово: {number} {link}"
    kept = await desk.ask("PUT", "/notices/templates", role="supervisor", json=body)
    assert kept["own"] and kept["text"] == body["text"] and kept["changed_by"]
    body["text"] = ""
    back = await desk.ask("PUT", "/notices/templates", role="supervisor", json=body)
    assert not back["own"] and back["text"] == done["text"]
    for language, word in (("ru", "Работа выполнена"), ("en", "The job is done")):
        trial = {"kind": "done", "channel": "push", "language": language}
        assert (await desk.ask("POST", "/notices/templates/preview", json=trial))["subject"] == word


async def test_ones_own_job_is_acknowledged_by_oneself(desk: Desk) -> None:
    members = {m.login: m for m in await desk.services.access.members()}
    for login in ("fomin", "akimov"):
        member = members[login]
        desk.tokens[login] = await desk.services.access.create_token(
            login, member.role, staff_id=member.id, organisation_id=member.organisation_id
        )
    to = Recipient(staff_id=members["fomin"].id, name="Фомин")
    from callengine.notices.model import Until

    made = await tell(desk, "job:1:push", kind=Kind.JOB, to=to, ladder="job:1", until=Until.ACKNOWLEDGED)
    assert [one["id"] for one in (await desk.ask("GET", "/notices/mine", role="fomin"))["items"]] == [made]
    assert (await desk.ask("GET", "/notices/mine", role="akimov"))["items"] == []
    await desk.ask("POST", f"/notices/{made}/acknowledge", role="akimov", json={}, status=404)
    done = await desk.ask("POST", f"/notices/{made}/acknowledge", role="fomin", json={"how": "push"})
    assert done["state"] == "acknowledged"
    assert (await desk.ask("GET", "/notices/mine", role="fomin"))["items"] == []
    await desk.ask("POST", f"/notices/{made}/again", role="supervisor", status=409)


async def test_a_browser_is_subscribed_once_and_only_its_owner_ends_it(desk: Desk) -> None:
    key = (await desk.ask("GET", "/push/key"))["key"]
    assert len(key) == 87 and key == (await desk.ask("GET", "/push/key"))["key"]
    body = Browser().subscription(ENDPOINT) | {"expirationTime": None}
    first = await desk.ask("POST", "/push/subscriptions", json=body, status=201)
    assert first == await desk.ask("POST", "/push/subscriptions", json=body, status=201)
    await desk.ask("DELETE", f"/push/subscriptions/{first['id']}", role="supervisor", status=404)
    await desk.ask("DELETE", f"/push/subscriptions/{first['id']}", status=204)
    await desk.ask("DELETE", f"/push/subscriptions/{first['id']}", status=404)


async def test_the_next_who_signs_in_at_a_browser_has_its_pushes(desk: Desk) -> None:
    body = Browser().subscription(ENDPOINT)
    first = await desk.ask("POST", "/push/subscriptions", json=body, status=201)
    second = await desk.ask("POST", "/push/subscriptions", role="supervisor", json=body, status=201)
    assert first == second
    await desk.ask("DELETE", f"/push/subscriptions/{first['id']}", status=404)
    await desk.ask("DELETE", f"/push/subscriptions/{first['id']}", role="supervisor", status=204)


async def test_an_eleventh_browser_takes_the_place_of_the_first(desk: Desk) -> None:
    made = []
    for n in range(11):
        body = Browser().subscription(f"{ENDPOINT}{n}")
        made.append((await desk.ask("POST", "/push/subscriptions", json=body, status=201))["id"])
        desk.clock.advance(seconds=1)
    await desk.ask("DELETE", f"/push/subscriptions/{made[0]}", status=404)
    await desk.ask("DELETE", f"/push/subscriptions/{made[10]}", status=204)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"endpoint": "https://127.0.0.1:5038/"}, "no push service"),
        ({"endpoint": "https://metadata.google.internal/"}, "no push service"),
        ({"keys": {"p256dh": "A" * 87, "auth": "A" * 22}}, "public key"),
        ({"endpoint": "ftp://fcm.googleapis.com/x"}, "pattern"),
    ],
)
async def test_what_is_no_subscription_is_refused(desk: Desk, change: dict[str, Any], words: str) -> None:
    body = Browser().subscription(ENDPOINT) | change
    refused = await desk.ask("POST", "/push/subscriptions", json=body, status=422)
    assert words in str(refused)


async def test_a_resident_subscribes_by_his_link_alone(desk: Desk) -> None:
    house = (await desk.ask("GET", "/houses?q=Мира 12"))["items"][0]
    form = {"classifier": "HVS-01", "house_id": house["id"], "applicant": {"number": "+79075840912"}}
    number = (await desk.ask("POST", "/tickets", json=form, status=201))["number"]
    token = (await desk.ask("POST", f"/tickets/{number}/links", status=201))["url"].rpartition("/")[2]
    body = Browser().subscription(ENDPOINT)
    async with desk.client.post(f"/api/v1/public/tickets/{token}/push", json=body) as response:
        assert response.status == 201
    async with desk.client.post("/api/v1/public/tickets/guess/push", json=body) as response:
        assert response.status == 404
    async with desk.client.post("/api/v1/public/tickets/guess/push/end", json={"endpoint": ENDPOINT}) as response:
        assert response.status == 404
    staff = await desk.ask("POST", "/push/subscriptions", json=Browser().subscription(ENDPOINT + "2"), status=201)
    for endpoint in (ENDPOINT, ENDPOINT + "2"):  # another's browser is not ended by a ticket's link
        ended = {"endpoint": endpoint}
        async with desk.client.post(f"/api/v1/public/tickets/{token}/push/end", json=ended) as response:
            assert response.status == 204
    async with desk.store.read() as conn:
        left = (await conn.execute(select(push_subscriptions.c.id))).scalars().all()
    assert left == [staff["id"]]
