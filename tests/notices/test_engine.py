"""The notices of a whole engine as app.py wires it, over its own API: the mail and the SMS arrive by themselves."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from callengine.app import Engine
from callengine.clock import ManualClock
from callengine.config import load
from tests.notices.servers import HttpServer, MailServer
from tests.pbx_fixture import free_ports
from tests.test_app import Running, town_template

__all__ = ["town_template"]
RESIDENT = "+79075840912"


@pytest.fixture
async def running(
    town_template: Path, tmp_path: Path, clock: ManualClock, mail: MailServer, gateway: HttpServer
) -> AsyncIterator[Running]:
    shutil.copyfile(town_template, tmp_path / "town.db")
    ami, fastagi = free_ports(2)
    env = {
        "CALLENGINE_STORE__URL": f"sqlite:///{tmp_path}/town.db",
        "CALLENGINE_HTTP__PORT": "0",
        "CALLENGINE_RECORDINGS__DIR": str(tmp_path / "recordings"),
        "CALLENGINE_FILES__DIR": str(tmp_path / "files"),
        "CALLENGINE_EXPORTS__DIR": str(tmp_path / "exports"),
        "CALLENGINE_PBX__MODE": "external",
        "CALLENGINE_PBX__AMI_PORT": str(ami),
        "CALLENGINE_PBX__FASTAGI_PORT": str(fastagi),
        "CALLENGINE_NOTICES__PUBLIC_URL": "https://desk.test/",
        "CALLENGINE_NOTICES__MUNICIPALITY": '["duty@city.test"]',
        "CALLENGINE_NOTICES__EMAIL_FROM": "desk@callengine.test",
        "CALLENGINE_NOTICES__SMTP_HOST": "127.0.0.1",
        "CALLENGINE_NOTICES__SMTP_PORT": str(mail.port),
        "CALLENGINE_NOTICES__SMTP_SECURITY": "none",
        "CALLENGINE_NOTICES__SMS": "http",
        "CALLENGINE_NOTICES__SMS_URL": f"http://127.0.0.1:{gateway.port}/send",
    }
    engine = Engine(load(env=env), clock)
    found = Running(engine, clock)
    try:
        await engine.start()
        await found.sign_in()
        yield found
        await found.http.close()
    finally:
        await engine.stop()
    assert not engine.failed.done(), engine.failed.exception()


async def test_an_accident_from_its_registration_to_its_mark_is_told_to_all_whom_it_concerns(
    running: Running, mail: MailServer, gateway: HttpServer
) -> None:
    number = (await running.ticket())["number"]

    async def history(what: str) -> list[Any]:
        seen = await running.ask("GET", f"/tickets/{number}")
        return [one for one in seen["history"] if one["what"] == what]

    async def sms(to: str) -> list[str]:
        sent = [json.loads(asked["body"]) for asked in gateway.asked]
        return [one["text"] for one in sent if one["to"] == to and number in one["text"]]

    [told] = await running.until(lambda: history("notified"), "the letter's receipt stands in the ticket's history")
    assert told["reason"] == "250 2.0.0 Ok: queued as 00001"
    assert mail.letter()["To"] == "duty@city.test" and number in mail.letter()["Subject"]

    members = {m.login: m for m in await running.engine.access.members()}
    async with running.engine.store.begin() as tx:
        await tx.conn.exec_driver_sql("UPDATE staff SET phone = '+79070000042' WHERE login = 'fomin'")
    for move in (
        {
            "move": "move",
            "status": "awaiting_acceptance",
            "organisation_id": members["lavrov"].organisation_id,
            "reason": "тест",
        },
        {"move": "accept", "reason": "тест"},
        {"move": "assign", "executor_id": members["fomin"].id},
    ):
        await running.ask("POST", f"/tickets/{number}/moves", role="administrator", json=move)
    [job] = await running.until(lambda: sms("+79070000042"), "the executor has his SMS, for he takes no pushes")
    assert "Мира" in job

    for move in ({"move": "start"}, {"move": "report_done"}, {"move": "confirm"}):
        await running.ask(
            "POST", f"/tickets/{number}/moves", role="administrator", json={**move, "reason": "по телефону"}
        )

    async def both() -> list[str]:
        found = await sms(RESIDENT)
        return found if len(found) > 1 else []

    [registered, text] = await running.until(both, "the resident knows his number and term, and that it is done")
    assert "принята. Срок:" in registered and "выполнено" in text
    found = re.search(r"https://desk\.test/r/(\S+)", text)
    assert found
    page = json.loads(await running.raw("GET", f"/api/v1/public/tickets/{found[1]}", role=""))
    assert page["number"] == number and page["may_mark"]
    outbox = await running.ask("GET", f"/notices?ticket={number}")
    assert found[1] not in json.dumps(outbox)
    assert {one["kind"]: one["state"] for one in outbox["items"] if one["channel"] in ("sms", "email")} == {
        "critical": "sent",
        "job": "sent",
        "registered": "sent",
        "routed": "suppressed",  # the administrator moved it on before the organisation's SMS was due
        "done": "sent",
    }
