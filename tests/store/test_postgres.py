"""The tests' own PostgreSQL: what a killed run left behind is ended and removed by the next one."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from callengine.store.engines import owner_name
from tests.again import HOME
from tests.postgres import OWNER, PREFIX, PostgresServer, binaries, sweep

RUN = """
import time
from tests.postgres import PostgresServer
server = PostgresServer()
server.start()
print(server._dir, server._process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.postgres
@pytest.mark.skipif(binaries() is None, reason="PostgreSQL is not installed: make setup-test")
def test_the_server_of_a_killed_run_is_ended_and_its_folder_removed() -> None:
    process = subprocess.Popen([sys.executable, "-c", RUN], stdout=subprocess.PIPE, text=True, cwd=HOME)
    assert process.stdout is not None
    with process.stdout:
        folder, pid = process.stdout.readline().split()
        sweep()
        assert (Path(folder) / OWNER).exists(), "a living run's is left alone"
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert Path(f"/proc/{pid}").exists(), "the server outlives the run that started it"
    sweep()
    assert not Path(folder).exists()
    assert not _runs(pid)


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_folders_of_the_living_and_of_those_who_just_begin_are_left_alone(tmp_path: Path) -> None:
    living, young = tmp_path / f"{PREFIX}living", tmp_path / f"{PREFIX}young"
    for folder in (living, young):
        folder.mkdir()
    (living / OWNER).write_text(owner_name(), "utf-8")
    sweep(tmp_path)
    assert sorted(tmp_path.iterdir()) == [living, young]


@pytest.mark.postgres
def test_a_stopped_server_leaves_nothing(postgres_server: PostgresServer) -> None:
    """A second server beside the session's: its end removes its folder and nothing else."""
    second = PostgresServer()
    folder = second._dir
    second.start()
    second.stop()
    assert not folder.exists()
    assert postgres_server._dir.exists()
