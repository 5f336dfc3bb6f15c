"""SMS through a real HTTP gateway that is slow, down, busy, refuses, lies with 200, and repeats our key to us."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from callengine.config import Notices
from callengine.notices.channels import sms_http
from callengine.notices.channels.sms_http import HttpGateway
from callengine.notices.model import Later, Message, Rejected, Sent, Unknown
from tests.notices.servers import HttpServer

KEY = "s3cr3t-key-of-the-gateway"
MESSAGE = Message(id=42, key="k", kind="done", subject="", text='Заявка {id} "готова"\n\\', number="+79073304177")
Make = Callable[..., HttpGateway]


@pytest.fixture
async def make(gateway: HttpServer) -> AsyncIterator[Make]:
    made: list[HttpGateway] = []

    def one(**more: object) -> HttpGateway:
        given = {"sms": "http", "sms_url": f"http://127.0.0.1:{gateway.port}/send?key={KEY}", "sms_sender": "DESK"}
        made.append(HttpGateway(Notices.model_validate({**given, **more})))
        return made[-1]

    yield one
    for it in made:
        await it.close()


async def test_the_message_stands_where_the_configuration_wants_it_whatever_is_in_it(
    gateway: HttpServer, make: Make
) -> None:
    body = '{"phones": ["{number}"], "m": {"text": "{text}", "from": "{sender}"}, "ref": "ce-{id}", "n": 1}'
    channel = make(sms_body=body, sms_headers=[f"Authorization: Bearer {KEY}"])
    assert isinstance(await channel.send(MESSAGE), Sent)
    assert gateway.json() == {
        "phones": ["+79073304177"],
        "m": {"text": MESSAGE.text, "from": "DESK"},
        "ref": "ce-42",
        "n": 1,
    }
    assert gateway.asked[0]["headers"]["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("form", ["form", "query"])
async def test_a_gateway_may_want_a_form_or_a_query(gateway: HttpServer, make: Make, form: str) -> None:
    channel = make(sms_format=form, sms_body='{"to": "{number}", "text": "{text}"}')
    assert isinstance(await channel.send(MESSAGE), Sent)
    asked = gateway.asked[0]
    if form == "query":
        assert asked["query"]["to"] == "+79073304177" and asked["query"]["text"] == MESSAGE.text
    else:
        assert b"to=%2B79073304177" in asked["body"]


async def test_the_name_that_the_gateway_gave_is_kept(gateway: HttpServer, make: Make) -> None:
    gateway.answer = '{"messages": [{"id": 9007}]}'
    assert (await make(sms_id="/messages/0/id").send(MESSAGE)) == Sent('200 {"messages": [{"id": 9007}]}', {0: "9007"})
    gateway.answer = "OK"
    assert await make().send(MESSAGE) == Sent("200 OK")


@pytest.mark.parametrize(
    ("status", "kind", "whole"),
    [
        (200, Sent, False),
        (202, Sent, False),
        (302, Rejected, False),
        (400, Rejected, False),
        (404, Rejected, False),
        (401, Later, True),
        (403, Later, True),
        (408, Later, False),
        (429, Later, True),
        (500, Later, False),
        (502, Later, False),
        (503, Later, True),
    ],
)
async def test_each_answer_has_its_consequence(
    gateway: HttpServer, make: Make, status: int, kind: type, whole: bool
) -> None:
    gateway.status, gateway.answer = status, "{}"
    gateway.headers = {"Retry-After": "17", "Location": "http://127.0.0.1:1/"}
    result = await make().send(MESSAGE)
    assert isinstance(result, kind)
    if isinstance(result, Later):
        assert result.whole_channel is whole and str(status) in result.problem
        assert (result.after_seconds == 17) is (status in (429, 503))
    assert len(gateway.asked) == 1


@pytest.mark.parametrize(
    ("said", "danger", "seconds"),
    [
        ("86400", False, 900),
        ("86400", True, 60),
        ("9" * 400, False, 900),
        ("9" * 5000, True, 60),
        ("soon", False, None),
    ],
)
async def test_a_gateway_holds_us_off_for_so_long_and_no_longer(
    gateway: HttpServer, make: Make, said: str, danger: bool, seconds: float | None
) -> None:
    gateway.status, gateway.headers = 429, {"Retry-After": said}
    result = await make().send(replace(MESSAGE, danger=danger))
    assert isinstance(result, Later) and result.after_seconds == seconds


@pytest.mark.parametrize(
    ("url", "headers", "said"),
    [
        (f"send?login=x&key={KEY}", [], KEY),
        ("send?key=s3cr3t%2Bkey+two", [], "s3cr3t+key two"),
        ("send?key=s3cr3t%2Bkey+two", [], "s3cr3t%2Bkey+two"),
        (f"send?{KEY}", [], KEY),
        (f"{KEY}/send", [], KEY),
        ("send", [f"Authorization: Bearer {KEY}"], KEY),
        ("send", [f'Authorization: App key="{KEY}"'], KEY),
    ],
)
async def test_a_gateway_that_repeats_the_bare_key_brings_it_into_no_result(
    gateway: HttpServer, make: Make, url: str, headers: list[str], said: str
) -> None:
    gateway.status, gateway.answer = 403, f"the key {said} is not known"
    result = await make(sms_url=f"http://127.0.0.1:{gateway.port}/{url}", sms_headers=headers).send(MESSAGE)
    assert isinstance(result, Later) and said not in result.problem
    assert result.problem.endswith("••• is not known")


async def test_an_error_that_comes_with_200_is_an_error(gateway: HttpServer, make: Make) -> None:
    gateway.answer = '{"error": "invalid number", "error_code": 7}'
    result = await make().send(MESSAGE)
    assert result == Rejected("the SMS gateway refused: invalid number")
    for fine in ('{"error": null, "id": 1}', '{"error": 0}', '{"error": ""}', "[]", "7", '"x"'):
        gateway.answer = fine
        assert isinstance(await make().send(MESSAGE), Sent), fine


async def test_a_gateway_that_is_down_was_surely_not_told(gateway: HttpServer, make: Make) -> None:
    await gateway.stop()
    result = await make().send(MESSAGE)
    assert isinstance(result, Later) and result.whole_channel


async def test_a_gateway_that_does_not_answer_leaves_the_message_unknown(
    gateway: HttpServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sms_http, "ANSWER_SECONDS", 0.2)
    gateway.hold = asyncio.Event()
    assert isinstance(await make().send(MESSAGE), Unknown)
    assert len(gateway.asked) == 1
    gateway.hold.set()


async def test_a_gateway_that_closes_the_link_leaves_the_message_unknown(gateway: HttpServer, make: Make) -> None:
    gateway.before = lambda request: request.transport.abort() if request.transport else None
    assert isinstance(await make().send(MESSAGE), Unknown)


@pytest.mark.parametrize("status", [200, 400, 403, 500])
async def test_our_key_is_in_no_result_and_no_log(
    gateway: HttpServer, make: Make, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    gateway.status = status
    gateway.answer = f'{{"error": "key {KEY} is wrong for Bearer {KEY}", "password": "pass-phrase"}}'
    body = '{"to": "{number}", "text": "{text}", "password": "pass-phrase"}'
    channel = make(sms_headers=[f"X-Key: {KEY}"], sms_body=body)
    with caplog.at_level(logging.DEBUG):
        result = await channel.send(MESSAGE)
    for secret in (KEY, "pass-phrase"):
        assert secret not in str(result) and secret not in caplog.text
    assert KEY not in repr(Notices(sms="http", sms_url=f"https://gate.test/{KEY}"))  # type: ignore[arg-type]
