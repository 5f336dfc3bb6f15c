"""The life of the sandbox's Asterisk: start, take-over, stop, kill, neighbours, and what stands in its way."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callengine.sandbox import pbx as pbx_module
from callengine.sandbox.pbx import SandboxFailed, SandboxPbx
from callengine.tasks import Tasks
from tests.pbx_fixture import new_sandbox

pytestmark = pytest.mark.pbx


@pytest.fixture
async def pbx(tmp_path: Path) -> AsyncIterator[SandboxPbx]:
    made = new_sandbox(tmp_path)
    await made.prepare()
    yield made
    await made.remove()


def _next_engine(of: SandboxPbx) -> SandboxPbx:
    """As a new engine after the old one was killed: the same settings, nothing remembered."""
    of._release()
    return SandboxPbx(of._settings, instance=of._name)


async def _booted(pbx: SandboxPbx) -> bool:
    try:
        return "fully booted" in await pbx.cli("core waitfullybooted")
    except SandboxFailed:
        return False


async def test_it_starts_with_our_dialplan_and_the_operators_and_stops(pbx: SandboxPbx) -> None:
    await pbx.start()
    assert "callengine-inbound" in await pbx.cli("dialplan show callengine-inbound")
    assert "PJSIP/110" in await pbx.cli("queue show desk")
    assert pbx.running
    await pbx.stop()
    assert not pbx.running
    await pbx.stop()


async def test_an_engine_that_comes_back_takes_over_the_running_one(pbx: SandboxPbx) -> None:
    await pbx.start()
    before = await pbx.cli("core show channels")
    pid = pbx._running_pid()
    again = _next_engine(pbx)
    await again.prepare()
    await again.start()
    assert again._running_pid() == pid and before
    assert again.ami_secret == pbx.ami_secret
    await again.stop()


async def test_other_settings_restart_it(pbx: SandboxPbx) -> None:
    await pbx.start()
    pid = pbx._running_pid()
    again = _next_engine(pbx)
    again._globals = {"CE_MENU": "yes"}
    await again.prepare()
    await again.start()
    assert again._running_pid() != pid
    assert "CE_MENU=yes" in await again.cli("dialplan show globals")
    await again.stop()


async def test_a_process_whose_first_thread_ended_is_alive_while_others_run(pbx: SandboxPbx) -> None:
    code = "import ctypes, threading; threading.Thread(target=input).start(); ctypes.CDLL(None).pthread_exit(None)"
    left = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdin=asyncio.subprocess.PIPE)
    async with asyncio.timeout(10):
        while ") Z " not in Path(f"/proc/{left.pid}/stat").read_text():
            await asyncio.sleep(0.02)
    assert pbx._alive(left.pid)
    left.kill()
    await left.wait()
    assert not pbx._alive(left.pid)


async def test_a_second_engine_on_the_same_sandbox_is_refused(pbx: SandboxPbx) -> None:
    await pbx.start()
    second = SandboxPbx(pbx._settings, instance=pbx._name)
    await second.prepare()
    with pytest.raises(SandboxFailed, match="another engine already runs"):
        await second.start()
    assert pbx.running


async def test_two_sandboxes_live_in_one_root(pbx: SandboxPbx, tmp_path: Path) -> None:
    other = new_sandbox(tmp_path / "other")
    await other.prepare()
    try:
        await pbx.start()
        await other.start()
        assert pbx.running and other.running
        await other.stop()
        assert "up" in await pbx.cli("core show uptime") or pbx.running
    finally:
        await other.remove()


async def test_after_a_kill_it_starts_again(pbx: SandboxPbx) -> None:
    await pbx.start()
    await pbx.kill()
    assert not pbx.running
    await pbx.start()
    assert pbx.running


async def test_one_that_dies_by_itself_is_started_again(pbx: SandboxPbx) -> None:
    await pbx.start()
    pid = pbx._running_pid()
    assert pid
    tasks = Tasks()
    tasks.start(pbx.watch(), name="watch")
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(30):
        while pbx._running_pid() in (None, pid) or not await _booted(pbx):
            await asyncio.sleep(0.1)
    await tasks.close()


async def test_a_taken_port_is_named(pbx: SandboxPbx) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", pbx.sip_port))
        with pytest.raises(SandboxFailed, match=rf"port {pbx.sip_port} is taken.*sip_port"):
            await pbx.start()


async def test_an_asterisk_that_ends_at_once_shows_its_log(pbx: SandboxPbx) -> None:
    conf = pbx.instance_dir / "etc/asterisk.conf"
    conf.write_text(conf.read_text().replace("astdbdir => ", "astdbdir => /nonexistent"))
    with pytest.raises(SandboxFailed, match="ended; its log ends"):
        await pbx.start()
    assert not pbx.running


async def test_one_that_never_boots_is_given_up(pbx: SandboxPbx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pbx_module, "BOOT_SECONDS", 0.0)
    with pytest.raises(SandboxFailed, match="was not up within"):
        await pbx.start()
    assert not pbx.running


async def test_the_secret_is_nobodys_to_read(pbx: SandboxPbx) -> None:
    assert (pbx.instance_dir / "etc/callengine/manager.conf").stat().st_mode & 0o077 == 0
    assert pbx.instance_dir.stat().st_mode & 0o077 == 0
    assert len(pbx.ami_secret) >= 32
