"""Pushes to a real endpoint: the browser alone reads them, its service knows from whom, and who is gone is deleted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import http_ece
import pytest

from callengine.clock import ManualClock
from callengine.config import Notices
from callengine.errors import Refused
from callengine.notices.channels.push import Push, SigningKey, check_endpoint, check_keys
from callengine.notices.model import Later, Message, Rejected, Sent, Subscription
from tests.notices.office import until
from tests.notices.servers import Browser, HttpServer, claims

HOSTS = Notices().push_hosts


def subscription(id: int, given: dict[str, Any]) -> Subscription:
    keys = given["keys"]
    return Subscription(id=id, endpoint=given["endpoint"], p256dh=keys["p256dh"], auth=keys["auth"], language="ru")


@pytest.fixture
async def channel() -> AsyncIterator[Push]:
    settings = Notices(push_hosts=["127.0.0.1"], push_contact="mailto:admin@desk.test")
    made = Push(settings, ManualClock(), SigningKey.read(SigningKey.make()))
    yield made
    await made.close()


def message(pushes: HttpServer, *browsers: Browser, text: str = "Заявка 26-000001", **more: Any) -> Message:
    found = [
        subscription(place, browser.subscription(f"http://127.0.0.1:{pushes.port}/send/{place}"))
        for place, browser in enumerate(browsers, start=1)
    ]
    made = Message(id=5, key="job:26-000001:9:push", kind="job", subject="Новая заявка", text=text)
    return replace(made, subscriptions=tuple(found), ticket_number="26-000001", **more)


async def test_the_browser_alone_reads_what_was_sent_and_its_service_knows_from_whom(
    channel: Push, pushes: HttpServer
) -> None:
    browser = Browser()
    assert await channel.send(message(pushes, browser, acknowledge=True, danger=True)) == Sent("1 of 1 browsers: 201")
    asked = pushes.asked[0]
    assert browser.read(asked) == {
        "id": 5,
        "kind": "job",
        "title": "Новая заявка",
        "body": "Заявка 26-000001",
        "ticket": "26-000001",
        "link": "",
        "language": "ru",
        "acknowledge": True,
        "danger": True,
    }
    assert "Заявка".encode() not in asked["body"]
    signed = claims(asked)
    assert signed["aud"] == f"http://127.0.0.1:{pushes.port}" and signed["sub"] == "mailto:admin@desk.test"
    assert 0 < signed["exp"] - ManualClock().now().timestamp() <= 24 * 3600
    assert (asked["headers"]["Urgency"], asked["headers"]["TTL"]) == ("high", "3600")
    with pytest.raises(http_ece.ECEException):
        Browser().read(asked)


async def test_a_second_try_has_the_same_topic_so_that_a_browser_shows_one(channel: Push, pushes: HttpServer) -> None:
    made = message(pushes, Browser())
    await channel.send(made)
    await channel.send(made)
    await channel.send(replace(made, key="another"))
    first, second, third = (one["headers"]["Topic"] for one in pushes.asked)
    assert first == second != third and len(first) <= 32


async def test_one_browser_of_several_is_enough_and_those_that_are_gone_are_named(
    channel: Push, pushes: HttpServer
) -> None:
    answers = {"/send/1": 410, "/send/2": 201, "/send/3": 404}

    def before(request: Any) -> None:
        pushes.status = answers[request.path]

    pushes.before = before
    result = await channel.send(message(pushes, Browser(), Browser(), Browser()))
    assert isinstance(result, Sent) and result.gone == (1, 3) and result.receipt.startswith("1 of 3")


@pytest.mark.parametrize(
    ("status", "kind", "gone"),
    [
        (410, Rejected, (1,)),
        (404, Rejected, (1,)),
        (429, Later, ()),
        (500, Later, ()),
        (400, Rejected, ()),
        (403, Rejected, ()),
    ],
)
async def test_each_answer_of_a_push_service_has_its_consequence(
    channel: Push, pushes: HttpServer, status: int, kind: type, gone: tuple[int, ...]
) -> None:
    pushes.status, pushes.headers = status, {"Retry-After": "9"}
    result = await channel.send(message(pushes, Browser()))
    assert isinstance(result, kind)
    assert isinstance(result, Rejected | Later) and result.gone == gone
    if status == 429:
        assert isinstance(result, Later) and result.after_seconds == 9


async def test_a_service_that_is_down_or_breaks_off_is_tried_again(channel: Push, pushes: HttpServer) -> None:
    pushes.before = lambda request: request.transport.abort()
    assert isinstance(await channel.send(message(pushes, Browser())), Later)
    await pushes.stop()
    assert isinstance(await channel.send(message(pushes, Browser())), Later)


async def test_a_browser_whose_service_is_mute_keeps_no_other_waiting(channel: Push, pushes: HttpServer) -> None:
    mute = HttpServer(status=201, answer="", hold=asyncio.Event())
    await mute.start()
    assert mute.hold is not None
    held, live = message(mute, Browser(), Browser()), message(pushes, Browser())
    made = replace(live, subscriptions=(*held.subscriptions, *live.subscriptions), danger=True)
    sending = asyncio.ensure_future(channel.send(made))
    try:
        await until(lambda: pushes.asked and len(mute.asked) == 2, seconds=5)
    finally:
        mute.hold.set()
        result = await sending
        await mute.stop()
    assert isinstance(result, Sent) and result.receipt.startswith("3 of 3")


async def test_a_push_service_holds_us_off_for_so_long_and_no_longer(channel: Push, pushes: HttpServer) -> None:
    pushes.status, pushes.headers = 429, {"Retry-After": "9" * 400}
    for danger, seconds in ((False, 900), (True, 60)):
        result = await channel.send(message(pushes, Browser(), danger=danger))
        assert isinstance(result, Later) and result.after_seconds == seconds


async def test_nobody_to_push_to_is_a_refusal_in_words(channel: Push, pushes: HttpServer) -> None:
    assert await channel.send(message(pushes)) == Rejected("no browser takes pushes for this recipient")


async def test_a_long_text_still_fits_a_push(channel: Push, pushes: HttpServer) -> None:
    browser = Browser()
    assert isinstance(await channel.send(message(pushes, browser, text="щ" * 5000)), Sent)
    assert len(pushes.asked[0]["body"]) <= 4096
    assert browser.read(pushes.asked[0])["body"] == "щ" * 900


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:5038/",
        "https://localhost/x",
        "https://169.254.169.254/latest/meta-data",
        "https://evil.test/fcm.googleapis.com",
        "https://fcm.googleapis.com.evil.test/x",
        "https://fcm.googleapis.com@evil.test/x",
        "https://user:pass@fcm.googleapis.com/x",
        "http://fcm.googleapis.com/x",
        "https://[::1]/x",
        "https://fcm.googleapis.com:99999/x",
        "https://",
        "file:///etc/passwd",
    ],
)
def test_the_engine_speaks_to_no_address_of_a_strangers_choice(endpoint: str) -> None:
    with pytest.raises(Refused):
        check_endpoint(endpoint, HOSTS)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:def",
        "https://updates.push.services.mozilla.com/wpush/v2/x",
        "https://db5p.notify.windows.com/w/?token=x",
        "https://web.push.apple.com/Qx",
    ],
)
def test_the_push_services_of_the_browsers_are_known(endpoint: str) -> None:
    check_endpoint(endpoint, HOSTS)


@pytest.mark.parametrize(("p256dh", "auth"), [("AAAA", "x" * 22), ("BB" * 44, "AAAA"), ("", ""), ("é", "é")])
def test_keys_that_no_browser_made_are_refused(p256dh: str, auth: str) -> None:
    with pytest.raises(Refused):
        check_keys(p256dh, auth)
    good = Browser().subscription("https://x.test")["keys"]
    check_keys(good["p256dh"], good["auth"])
    with pytest.raises(Refused, match="16 octets"):
        check_keys(good["p256dh"], "AAAA")
