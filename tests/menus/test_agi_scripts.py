"""agi_scripts/robot.py as Asterisk starts it: the same dialogues over pyst2, whose faults do not hurt."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from callengine.menus.jobs import Job, to_raw
from callengine.menus.line import ledger_facts
from callengine.menus.outcome import Outcome, Proof, Result
from tests.menus.jobs import RATING, STATUS
from tests.pbx.fake_agi import HEAD
from tests.speech.test_voice import write_wav

HOME = Path(__file__).parents[2]
SCRIPT = HOME / "agi_scripts" / "robot.py"
# A short one: what is tested is the line, not the words.
JOB = replace(RATING, work="", address="", service="", language="en")


@dataclass
class Engine:
    """Answers GET /api/v1/robot/job."""

    job: Job = JOB
    status: int = 200
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def engine() -> Iterator[Engine]:
    it = Engine()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.headers["Authorization"] == "Bearer secret"
            it.asked.append(parse_qs(urlsplit(self.path).query))
            body = json.dumps({"kind": it.job.kind.value, "job": to_raw(it.job)}).encode()
            self.send_response(it.status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    it.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield it
    server.shutdown()
    thread.join()
    server.server_close()


class Asterisk:
    """One call as res_agi serves it to a process: `keys` are what WAIT FOR DIGIT hears, one after the other."""

    def __init__(
        self, keys: str = "", *, gone_at: str = "", record: str = "200 result=0 (timeout) endpos=64000"
    ) -> None:
        self.keys = list(keys)
        self.gone_at, self.gone, self.record = gone_at, False, record
        self.asked: list[str] = []

    def answer(self, command: str, process: asyncio.subprocess.Process) -> str:
        self.asked.append(command)
        if self.gone_at and self.gone_at in command and not self.gone:
            self.gone = True
            process.send_signal(signal.SIGHUP)  # so Asterisk tells a process that the caller has gone
            return "200 result=-1 endpos=0"
        if command.startswith("DATABASE PUT"):
            return "200 result=1"
        if command.startswith("GET VARIABLE"):
            return "200 result=1 (1795334400.7)" if "CE_KEY" in command else "200 result=1 (/spool)"
        if self.gone:
            return "511 Command Not Permitted on a dead channel or intercept routine"
        if command.startswith("WAIT FOR DIGIT"):
            key = self.keys.pop(0) if self.keys else " "
            return f"200 result={ord(key) if key != ' ' else 0}"
        if command.startswith("RECORD FILE"):
            return self.record
        return "200 result=0 endpos=800" if command.startswith("STREAM") else "200 result=1"

    @property
    def kept(self) -> list[Outcome]:
        puts = [shlex.split(one) for one in self.asked if one.startswith("DATABASE PUT")]
        assert all(one[2:4] == ["callengine", "1795334400.7/robot"] for one in puts)
        return [Outcome.from_facts(ledger_facts(one[4])) for one in puts]


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An espeak-ng that says a short or a long tone, at once; what was spoken is kept for all tests here."""
    place = tmp_path_factory.mktemp("agi")
    write_wav(place / "short.wav", 2.0, 9000)
    write_wav(place / "long.wav", 6.0, 9000)
    folder = place / "bin"
    folder.mkdir()
    script = folder / "espeak-ng"
    script.write_text(
        '#!/bin/sh\nwhile [ "$1" != -w ]; do shift; done\nread -r text\nlength=short\n'
        f'[ "${{#text}}" -gt 90 ] && length=long\ncp {place}/$length.wav "$2"\n'
    )
    script.chmod(0o755)
    return folder


async def call(engine: Engine, tools: Path, asterisk: Asterisk, *arguments: str, status: int = 0, **env: str) -> str:
    """Run the script as Asterisk does; what it wrote to the console."""
    path = f"{tools}:{os.environ['PATH']}"
    more = {
        "CALLENGINE_URL": engine.url,
        "CALLENGINE_TOKEN": "secret",
        "CALLENGINE_PROMPTS": str(tools.parent / "kept"),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(SCRIPT), *arguments),
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(HOME), "PATH": path, **more, **env},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin and process.stdout and process.stderr
    head = "".join(f"{key}: {value}\n" for key, value in (HEAD | {"agi_network": "no"}).items())
    process.stdin.write(head.encode() + b"\n")
    async with asyncio.timeout(40):
        while command := (await process.stdout.readline()).decode().rstrip("\n"):
            process.stdin.write(asterisk.answer(command, process).encode() + b"\n")
        process.stdin.close()
        said = (await process.stderr.read()).decode()
        assert await process.wait() == status, said
    return said


async def test_a_mark_given_to_the_script_stands_in_the_pbx(engine: Engine, tools: Path) -> None:
    asterisk = Asterisk("1 5 1")  # a space: nothing followed within the time of a burst
    said = await call(engine, tools, asterisk, "115", "robot-7", "HUMAN")
    assert said == "", "pyst2 prints every variable, personal data among them: not here"
    assert engine.asked == [{"request_id": ["robot-7"]}]
    last = asterisk.kept[-1]
    assert (last.result, last.mark, last.final, last.proof) == (Result.MARKED, 5, True, Proof.KEY)
    assert last.comment == "callengine/7-comment"
    assert [kept.mark for kept in asterisk.kept[:2]] == [None, 5], "kept at once, key by key"
    (record,) = [shlex.split(one) for one in asterisk.asked if one.startswith("RECORD")]
    assert record[2:4] == ["/spool/monitor/callengine/7-comment", "wav"]
    assert asterisk.asked[-2].startswith("HANGUP") or asterisk.asked[-1].startswith("HANGUP")
    played = [re.sub(r'.*"(.+)" ".*', r"\1", one) for one in asterisk.asked if one.startswith("STREAM")]
    assert all(Path(one + ".wav").is_file() for one in played)


@pytest.mark.parametrize("gone_at", ["STREAM", "WAIT FOR DIGIT", "RECORD"])
async def test_a_hangup_loses_nothing_of_what_was_pressed(engine: Engine, tools: Path, gone_at: str) -> None:
    asterisk = Asterisk("1 4 1", gone_at=gone_at)
    await call(engine, tools, asterisk, "115", "robot-7", "")
    last = asterisk.kept[-1]
    assert last.final, "the hang-up's signal makes pyst2 refuse commands: it is kept all the same"
    assert (last.result, last.mark) == ((Result.MARKED, 4) if gone_at == "RECORD" else (Result.HUNG_UP, None))


async def test_what_was_said_before_a_hangup_is_kept(engine: Engine, tools: Path) -> None:
    asterisk = Asterisk("1 4 1", record="200 result=-1 (hangup) endpos=56320")
    await call(engine, tools, asterisk, "115", "robot-7", "")
    assert (asterisk.kept[-1].mark, asterisk.kept[-1].comment) == (4, "callengine/7-comment")


async def test_an_operator_is_reached_from_the_script(engine: Engine, tools: Path) -> None:
    asterisk = Asterisk("0")
    await call(engine, tools, asterisk, "115", "robot-7", "")
    assert asterisk.kept[-1].result is Result.TO_OPERATOR
    assert [one for one in asterisk.asked if one.startswith("SET ")] == [
        'SET CONTEXT "callengine-robot-operator"',
        'SET EXTENSION "s"',
        'SET PRIORITY "1"',
    ]
    assert not any(one.startswith("HANGUP") for one in asterisk.asked)


async def test_a_machine_is_told_to_the_dialogue(engine: Engine, tools: Path) -> None:
    asterisk = Asterisk()
    await call(engine, tools, asterisk, "115", "robot-7", "MACHINE")
    assert (asterisk.kept[-1].result, asterisk.kept[-1].proof) == (Result.MACHINE, Proof.NONE)


async def test_a_number_that_rings_hears_its_tickets(engine: Engine, tools: Path) -> None:
    engine.job = replace(STATUS, language="en")
    asterisk = Asterisk("1")
    await call(engine, tools, asterisk, "115", "status")
    assert engine.asked == [{"kind": ["status"], "number": ["+79074121806"]}]
    assert asterisk.kept[-1].result is Result.ACKNOWLEDGED


async def test_a_mistake_of_the_set_up_stands_on_the_console_and_the_call_goes_on(engine: Engine, tools: Path) -> None:
    for env, told in (
        ({"CALLENGINE_TOKEN": ""}, "CALLENGINE_TOKEN"),
        ({"CALLENGINE_URL": "http://127.0.0.1:9"}, "refused"),
    ):
        asterisk = Asterisk()
        assert told in await call(engine, tools, asterisk, "115", "robot-7", "", status=1, **env)
        assert asterisk.asked == []
    engine.status = 404
    assert "404" in await call(engine, tools, Asterisk(), "115", "robot-7", "", status=1)
