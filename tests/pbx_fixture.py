"""`sandbox_pbx`: a running private Asterisk on free ports for the whole session; it is installed when it must be.

tests/conftest.py names it, so every test may ask for it.
CALLENGINE_SANDBOX__ROOT says where the root with Asterisk is kept; the default is var/sandbox/asterisk-22.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import pytest

from callengine.config import Settings, load
from callengine.sandbox.pbx import SandboxPbx

T = TypeVar("T")


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that are free for UDP and TCP, all different."""
    probes: list[socket.socket] = []
    ports: list[int] = []
    try:
        while len(ports) < count:
            udp, tcp = socket.socket(type=socket.SOCK_DGRAM), socket.socket()
            probes += [udp, tcp]
            udp.bind(("127.0.0.1", 0))
            port = udp.getsockname()[1]
            try:
                tcp.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports.append(port)
    finally:
        for probe in probes:
            probe.close()
    return ports


def sandbox_settings(folder: Path, *, version: str = "22", more: Mapping[str, str] | None = None) -> Settings:
    """Settings for a sandbox on free ports, its files in `folder`; the root is the session's or the checkout's own."""
    sip, trunk, ami, fastagi = free_ports(4)
    own = "CALLENGINE_SANDBOX__ROOT" if version == "22" else f"CALLENGINE_TEST_ROOT_{version}"
    root = os.environ.get(own, "")
    if not root and not (version == "22" and shutil.which("asterisk")):
        root = str(Path("var/sandbox").absolute() / f"asterisk-{version}")
    env = {
        "CALLENGINE_SANDBOX__DIR": str(folder),
        "CALLENGINE_SANDBOX__ROOT": root,
        "CALLENGINE_SANDBOX__ASTERISK": version,
        "CALLENGINE_SANDBOX__SIP_PORT": str(sip),
        "CALLENGINE_SANDBOX__TRUNK_PORT": str(trunk),
        "CALLENGINE_PBX__AMI_PORT": str(ami),
        "CALLENGINE_PBX__FASTAGI_PORT": str(fastagi),
        **(more or {}),
    }
    return load(env=env)


def new_sandbox(folder: Path, *, version: str = "22", dialplan_settings: Mapping[str, str] | None = None) -> SandboxPbx:
    """A sandbox that is not started yet, with an instance directory of its own; call `remove` when done."""
    spoken = Path("var/sandbox/prompts").absolute()  # every run would speak the same prompts again
    spoken.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "prompts").exists():
        (folder / "prompts").symlink_to(spoken)
    settings = sandbox_settings(folder, version=version)
    instance = f"test-{os.getpid()}-{settings.sandbox.sip_port}"
    return SandboxPbx(settings, instance=instance, dialplan_settings=dialplan_settings)


def apart(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end on a thread of its own: session fixtures must not touch the test's loop."""
    results: list[T] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            results.append(asyncio.run(work()))
        except BaseException as error:
            errors.append(error)

    thread = Thread(target=body)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def _running(folder: Path, version: str) -> Iterator[SandboxPbx]:
    pbx = new_sandbox(folder, version=version)

    async def up() -> None:
        await pbx.prepare()
        await pbx.start()

    apart(up)
    try:
        yield pbx
    finally:
        apart(pbx.remove)


@pytest.fixture(scope="session")
def sandbox_pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPbx]:
    """A running Asterisk 22 with our dialplan, shared by the session: leave no call and no pause behind."""
    yield from _running(tmp_path_factory.mktemp("sandbox"), "22")


@pytest.fixture(scope="session")
def sandbox_pbx16(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPbx]:
    """The same on Asterisk 16.28."""
    yield from _running(tmp_path_factory.mktemp("sandbox16"), "16")
