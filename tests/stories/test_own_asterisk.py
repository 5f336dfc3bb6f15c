"""An administrator's own Asterisk, with Debian's stock configuration: dialplan/README.md is followed to the letter."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from callengine.sandbox.root import Root, find_or_make
from tests.pbx_fixture import apart, free_ports, sandbox_settings
from tests.sandbox.phones import RESIDENT, VOICE, phones, talking
from tests.stories.conftest import versions
from tests.stories.engine import HOME, EngineProcess

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(300)]

README = (HOME / "dialplan" / "README.md").read_text("utf-8")
SECRET = "a-secret-of-our-own"
HIDDEN = "+79161234500"
BYTES_PER_SECOND = 16_000  # of one side: 8 000 samples of two bytes

# What the README takes for granted: a trunk and two phones that work.
PJSIP = """
[global]
type = global
endpoint_identifier_order = username,ip

[udp]
type = transport
protocol = udp
bind = 127.0.0.1:{sip}

[trunk]
type = endpoint
transport = udp
context = from-trunk
disallow = all
allow = alaw
aors = trunk
trust_id_inbound = yes

[trunk]
type = aor
contact = sip:127.0.0.1:{trunk}

[trunk]
type = identify
endpoint = trunk
match = 127.0.0.1
"""
PHONE = """
[{number}]
type = endpoint
transport = udp
context = internal
disallow = all
allow = alaw
auth = {number}
aors = {number}
callerid = {number} <{number}>

[{number}]
type = auth
auth_type = userpass
username = {number}
password = sandbox

[{number}]
type = aor
max_contacts = 1
"""


def written(after: str) -> str:
    """The README's next indented block after these words, as an administrator copies it."""
    rest = README[README.index(after) :]
    lines: list[str] = []
    for line in rest.splitlines()[1:]:
        if line.startswith("    "):
            lines.append(line.strip())
        elif lines and line.strip():
            break
    assert lines, f"the README has no block after {after!r}"
    return "\n" + "\n".join(lines) + "\n"


class OwnAsterisk:
    """Debian's Asterisk with its stock /etc/asterisk, moved to free ports."""

    def __init__(self, root: Root, folder: Path) -> None:
        self.root = root
        self.home = folder if root.own else root.path / "srv" / f"own-{os.getpid()}"
        self.etc = self.home / "etc"
        self.sip_port, self.trunk_port, self.ami_port, self.fastagi_port, *self._others = free_ports(8)
        self.ami_user, self.ami_secret = "callengine", SECRET
        self.recordings_dir = self.home / "spool" / "monitor"
        self._process: subprocess.Popen[bytes] | None = None

    def install(self) -> None:
        for name in ("lib", "spool/monitor", "run", "log", "cache", "keys"):  # as Debian's package makes them
            (self.home / name).mkdir(parents=True)
        shutil.copytree(self.root.path / "etc/asterisk", self.etc)
        shutil.copytree(self.root.path / "var/lib/asterisk", self.home / "lib", dirs_exist_ok=True)
        home = self.root.inside(self.home)
        places = {
            "astetcdir": f"{home}/etc", "astmoddir": self.root.inside(self.root.modules), "astvarlibdir": f"{home}/lib",
            "astdbdir": f"{home}/lib", "astkeydir": f"{home}/lib", "astspooldir": f"{home}/spool",
            "astdatadir": self.root.inside(self.root.data),
            "astrundir": f"{home}/run", "astlogdir": f"{home}/log", "astcachedir": f"{home}/cache",
        }  # fmt: skip
        self.write("asterisk.conf", "[directories]\n" + "".join(f"{k} => {v}\n" for k, v in places.items()))
        phones = "".join(PHONE.format(number=number) for number in (101, 102))
        self.write("pjsip.conf", PJSIP.format(sip=self.sip_port, trunk=self.trunk_port) + phones)
        # Stock listeners that two Asterisks on one machine would fight for.
        modules = ("chan_sip", "chan_iax2", "chan_unistim", "chan_skinny", "chan_mgcp", "pbx_dundi", "chan_ooh323")
        self.append("modules.conf", "\n" + "".join(f"noload => {name}.so\n" for name in modules))
        manager = self.read("manager.conf")
        manager = re.sub(r"(?m)^;?port = \d+", f"port = {self.ami_port}", manager, count=1)
        self.write("manager.conf", manager)

    def read(self, name: str) -> str:
        return (self.etc / name).read_text("utf-8")

    def write(self, name: str, text: str) -> None:
        (self.etc / name).write_text(text, "utf-8")

    def append(self, name: str, text: str) -> None:
        self.write(name, self.read(name) + text)

    def replace(self, name: str, *pairs: tuple[str, str]) -> None:
        text = self.read(name)
        for old, new in pairs:
            assert old in text, (name, old)
            text = text.replace(old, new)
        self.write(name, text)

    def follow_the_readme(self) -> None:
        shutil.copytree(HOME / "dialplan", self.etc / "callengine")  # 1
        self.append("extensions.conf", written("2. **extensions.conf**"))
        fastagi = f"CE_FASTAGI=127.0.0.1:{self.fastagi_port}"
        self.replace("callengine/callengine.conf", ("CE_FASTAGI=127.0.0.1:4573", fastagi))
        self.append("queues.conf", written("3. **queues.conf**"))
        lines = ("enabled = yes", "timestampevents = yes", "channelvars = CALLERID(num-pres)")
        general = "".join(f"{line}\n" for line in lines)
        for line in lines:
            assert f"`{line}`" in README
        self.write("manager.conf", re.sub(r"(?m)^enabled = \w+\n", general, self.read("manager.conf"), count=1))
        self.append("manager.conf", written("4. **manager.conf**"))
        self.replace("callengine/manager.conf", ("CHANGE-ME", SECRET))
        media = "direct_media = no\nrtp_timeout = 30\n"
        for words in ("direct_media = no", "rtp_timeout = 30", "call_group = 1", "pickup_group = 1"):
            assert f"`{words}`" in README
        groups = "call_group = 1\npickup_group = 1\n"
        self.replace(
            "pjsip.conf",
            ("context = from-trunk\n", f"context = callengine-inbound\n{media}"),
            ("context = internal\n", f"context = callengine-operators\n{groups}{media}"),
        )
        self.append("features.conf", written("**Hold from the desk (F4)**"))

    def start(self) -> None:
        command = self.root.command("-C", self.root.inside(self.etc / "asterisk.conf"), "-f")
        with open(self.home / "log/console.log", "wb") as console:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True
            )

    def cli(self, command: str) -> str:
        line = self.root.command("-C", self.root.inside(self.etc / "asterisk.conf"), "-rx", command)
        return subprocess.run(line, capture_output=True, text=True, check=False, timeout=30).stdout

    async def booted(self) -> None:
        async with asyncio.timeout(90):
            while "fully booted" not in await asyncio.to_thread(self.cli, "core waitfullybooted"):
                await asyncio.sleep(0.2)

    def remove(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


@pytest.fixture(params=versions())
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OwnAsterisk]:
    settings = sandbox_settings(tmp_path / "unused", version=request.param)
    asterisk = OwnAsterisk(apart(lambda: find_or_make(settings.sandbox, lambda words: None)), tmp_path / "own")
    if not (asterisk.root.path / "etc/asterisk/extensions.conf").exists():
        pytest.skip("this Asterisk came without Debian's stock configuration")
    try:
        asterisk.install()
        asterisk.start()
        yield asterisk
    finally:
        asterisk.remove()


@pytest.fixture
async def engine(own: OwnAsterisk, tmp_path: Path) -> AsyncIterator[EngineProcess]:
    for key in ("mode", "ami_host", "ami_secret", "fastagi_host", "recordings_dir"):
        assert f"{key} = " in written("On the engine's machine, in `config.toml`")
    place: Any = SimpleNamespace(
        ami_user=own.ami_user, ami_secret=own.ami_secret, fastagi_port=own.fastagi_port,
        recordings_dir=own.recordings_dir,
    )  # fmt: skip
    made = EngineProcess(place, tmp_path / "engine", own.ami_port)
    await own.booted()
    own.follow_the_readme()
    for command in ("core reload", "module reload res_pjsip.so"):
        assert f"`{command}`" in README
        await asyncio.to_thread(own.cli, command)
    await made.furnish()
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


async def doctor(engine: EngineProcess) -> list[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "callengine.cli", "doctor", cwd=engine.folder, env=engine._env,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    return said.decode().splitlines()


async def test_the_readme_leads_to_a_working_bridge(own: OwnAsterisk, engine: EngineProcess) -> None:
    async with phones(own) as house:  # type: ignore[arg-type]  # it asks for the two ports alone
        first = await house.operator("101", house.answers())
        findings = [line for line in await doctor(engine) if line.startswith("[")]
        # A better voice is Debian's non-free, and advice only: not each machine has it.
        wanting = [line for line in findings if not line.startswith("[  ok  ]") and "speaks by espeak-ng" not in line]
        assert wanting == []
        assert len(findings) >= 11
        street = await house.outside()
        answered = await street.call("115", sender=RESIDENT, name="Иванова")
        await asyncio.wait_for(answered.answered.wait(), 10)
        answered.say(VOICE)
        talk = await talking(first)

        async def three_seconds() -> bool:
            files = [path for path in own.recordings_dir.rglob("*") if path.is_file()]
            return any(path.stat().st_size >= 3 * BYTES_PER_SECOND for path in files)

        await engine.until(three_seconds, "three seconds of talk are recorded")
        second = await house.operator("102", house.answers())
        await talk.transfer("102")
        await talking(second)
        answered.hang_up()
        await engine.until_ended(1)
        # Before the dialplan begins, and when the line has answered him and looks for an operator.
        for once_answered in (False, True):
            gave_up = await street.call("115", sender=HIDDEN, withheld=True)
            if once_answered:
                await asyncio.wait_for(gave_up.answered.wait(), 10)
            gave_up.hang_up()
        calls = await engine.until_ended(3)

        async def recorded() -> Any:
            (call,) = [call for call in await engine.calls() if call["outcome"] == "answered"]
            return call if call["recording"] and call["recording"]["state"] == "ready" else None

        call = await engine.until(recorded, "the recording is ready", seconds=30)
    assert (call["number"], call["name"], call["did"], call["source"]) == (RESIDENT, "Иванова", "115", "events")
    assert call["operator"] in ("101", "102")
    assert call["recording"]["seconds"] >= 2.5
    missed = [call["id"] for call in calls if call["outcome"] == "missed"]
    assert len(missed) == 2

    async def settled() -> Any:
        duties = await engine.duties()
        return duties if all(duty["state"] != "open" for duty in duties) and len(duties) == 2 else None

    duties = await engine.until(settled, "each of the two has a duty, and it is not open")
    assert sorted(id for duty in duties for id in duty["call_ids"]) == sorted(missed)
    assert {duty["state"] for duty in duties} == {"impossible"}, "who hides his number cannot be called back"
    assert HIDDEN.lstrip("+") not in str([calls, duties]), "and is never seen with it"
