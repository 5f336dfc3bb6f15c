"""The engine as app.py wires it, in this process: what the tickets set going comes when it is due, by itself."""

from __future__ import annotations

import asyncio
import importlib
import io
import json
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import openpyxl
import pytest

from callengine.app import Engine
from callengine.clock import ManualClock, rfc3339
from callengine.config import load
from callengine.tickets.clocks import REMINDER
from tests.api.conftest import town_template
from tests.pbx_fixture import free_ports

__all__ = ["town_template"]

HOME = Path(__file__).resolve().parents[1]
SET = re.compile(r"\bset_timer\(\s*\w+,\s*([A-Z_]+)\b")


class Running:
    """An engine on a copy of the sample town, and a client of its API. Its PBX does not answer, which it bears."""

    def __init__(self, engine: Engine, clock: ManualClock) -> None:
        self.engine, self.clock = engine, clock
        self.tokens: dict[str, str] = {}
        self.http: aiohttp.ClientSession

    async def sign_in(self) -> None:
        for role in ("operator", "administrator"):
            self.tokens[role] = await self.engine.access.create_token(f"test {role}", role)
        self.http = aiohttp.ClientSession(f"http://127.0.0.1:{self.engine.port}")

    async def raw(self, method: str, path: str, *, role: str = "operator", status: int = 200, **more: Any) -> bytes:
        headers = {"Authorization": f"Bearer {self.tokens[role]}"} if role else {}
        async with self.http.request(method, path, headers=headers, **more) as answer:
            said = await answer.read()
            assert answer.status == status, (path, answer.status, said[:500])
            return said

    async def ask(self, method: str, path: str, **more: Any) -> Any:
        return json.loads(await self.raw(method, f"/api/v1{path}", **more) or b"null")

    async def ticket(self) -> dict[str, Any]:
        house = (await self.ask("GET", "/houses?q=Мира 12"))["items"][0]
        person = {"name": "Юсупов Рашид", "number": "+79075840912"}
        form = {"classifier": "HVS-01", "house_id": house["id"], "premise": "9", "text": "Течёт", "applicant": person}
        made: dict[str, Any] = await self.ask("POST", "/tickets", json=form, status=201)
        return made

    async def pass_time(self, span: timedelta) -> None:
        """The clock is set by hand, so the sleeper is told to look at it."""
        self.clock.advance(seconds=span.total_seconds())
        self.engine.timers.wake()

    async def until(self, fact: Callable[[], Awaitable[Any]], words: str) -> Any:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + 30
        while not (answer := await fact()):
            assert not self.engine.failed.done(), self.engine.failed.exception()
            assert loop.time() < deadline, f"not within 30 s: {words}"
            await asyncio.sleep(0.02)
        return answer

    async def timers_looked(self) -> None:
        """The worker has been awake once more, and sleeps again."""
        before = self.engine.timers.rounds
        self.engine.timers.wake()

        async def looked() -> bool:
            return self.engine.timers.rounds > before

        await self.until(looked, "the timers were looked at")


@pytest.fixture
async def running(town_template: Path, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Running]:
    shutil.copyfile(town_template, tmp_path / "town.db")
    ami, fastagi = free_ports(2)
    settings = load(
        env={
            "CALLENGINE_STORE__URL": f"sqlite:///{tmp_path}/town.db",
            "CALLENGINE_HTTP__PORT": "0",
            "CALLENGINE_RECORDINGS__DIR": str(tmp_path / "recordings"),
            "CALLENGINE_FILES__DIR": str(tmp_path / "files"),
            "CALLENGINE_EXPORTS__DIR": str(tmp_path / "exports"),
            "CALLENGINE_PBX__MODE": "external",
            "CALLENGINE_PBX__AMI_PORT": str(ami),
            "CALLENGINE_PBX__FASTAGI_PORT": str(fastagi),
        }
    )
    engine = Engine(settings, clock)
    found = Running(engine, clock)
    try:
        await engine.start()
        await found.sign_in()
        yield found
        await found.http.close()
    finally:
        await engine.stop()
    assert not engine.failed.done(), engine.failed.exception()


async def test_a_ticket_that_nobody_takes_is_reminded_of_when_its_term_has_passed(running: Running) -> None:
    ticket = await running.ticket()
    assert ticket["organisation"], "the routing is wired: somebody is to answer for it"

    async def reminders() -> list[Any]:
        seen = await running.ask("GET", f"/tickets/{ticket['number']}")
        return [one for one in seen["history"] if one["what"] == REMINDER]

    await running.timers_looked()
    assert await reminders() == []
    await running.pass_time(timedelta(hours=1))
    await running.until(reminders, "the reminder stands in the history")


async def test_a_planned_version_of_the_classifier_comes_at_its_moment(running: Running) -> None:
    old = await running.ask("GET", "/classifier/entries/GAZ-01")
    starts = running.clock.now() + timedelta(days=1)
    form = {"problem_ru": "Запах газа дома", "urgency": "life", "organisation_kind": "gas_emergency_104"}
    body = {**form, "revision": old["revision"], "valid_from": rfc3339(starts)}
    await running.ask("PUT", "/classifier/entries/GAZ-01", role="administrator", json=body)

    async def changed() -> bool:
        now = await running.ask("GET", "/classifier/entries/GAZ-01")
        return bool(now["problem_ru"] == "Запах газа дома")

    await running.pass_time(timedelta(hours=23))
    await running.timers_looked()
    assert not await changed()
    await running.pass_time(timedelta(hours=1))
    await running.until(changed, "the version has come")


async def test_an_export_is_written_beside_the_calls(running: Running) -> None:
    number = (await running.ticket())["number"]
    one = await running.ask("POST", "/exports", json={"filter": {}, "columns": ["number", "what"]}, status=201)

    async def written() -> Any:
        now = await running.ask("GET", f"/exports/{one['id']}")
        assert now["state"] in ("queued", "running", "done"), now
        return now if now["state"] == "done" else None

    done = await running.until(written, "the export is written")
    book = openpyxl.load_workbook(io.BytesIO(await running.raw("GET", done["file"])))
    assert [row[0].value for row in book.worksheets[0].iter_rows()][1:] == [number]


async def test_the_link_of_a_message_opens_the_ticket_and_its_mark_closes_it(running: Running) -> None:
    """The address that goes out with a resident's message is the page that he reads and marks."""
    number = (await running.ticket())["number"]
    token = (await running.engine._resident_link(number)).rpartition("/r/")[2]
    seen = await running.ask("GET", f"/public/tickets/{token}", role="")
    assert seen["number"] == number
    organisation = (await running.ask("GET", f"/tickets/{number}"))["organisation"]["id"]
    move = {"move": "move", "status": "awaiting_client", "organisation_id": organisation, "reason": "тест"}
    await running.ask("POST", f"/tickets/{number}/moves", role="administrator", json=move)
    await running.ask("POST", f"/public/tickets/{token}/feedback", role="", json={"mark": 5})
    closed = await running.ask("GET", f"/tickets/{number}")
    assert (closed["status"], closed["mark"]) == ("closed", 5)


async def test_every_kind_of_timer_that_is_set_has_somebody_who_keeps_it(running: Running) -> None:
    """What nobody owns would stay in the table for ever: the kinds that the sources set, and the engine's owners."""
    kinds = {}
    for path in (HOME / "callengine").rglob("*.py"):
        for name in SET.findall(path.read_text("utf-8")):
            module = importlib.import_module(".".join(path.relative_to(HOME).with_suffix("").parts))
            kinds[getattr(module, name)] = path.name
    assert {"ticket", "classifier"} <= set(kinds), "the sources set timers by the name of their kind"
    owners = set(running.engine.timers._owners)
    assert {kind: where for kind, where in kinds.items() if kind not in owners} == {}
