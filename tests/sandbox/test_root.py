"""Finding or making the root: each way in which it cannot be made has its own clear word, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from callengine.config import Sandbox
from callengine.sandbox import root
from callengine.sandbox.root import NoAsterisk, find_or_make


def _tool(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH whose debootstrap and chroot are the test's own; no asterisk on it."""
    tools = tmp_path / "bin"
    _tool(tools, "chroot", "echo Asterisk 22.10.1")
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    which = shutil.which
    monkeypatch.setattr(root.shutil, "which", lambda name, **more: None if name == "asterisk" else which(name, **more))
    return tools


GOOD = """
for last; do :; done
mkdir -p "$last/usr/sbin" "$last/etc"
touch "$last/usr/sbin/asterisk"
echo "I: Retrieving Release"
"""


async def test_a_root_is_made_once_and_found_the_second_time(path: Path, tmp_path: Path) -> None:
    _tool(path, "debootstrap", GOOD)
    told: list[str] = []
    made = await find_or_make(Sandbox(dir=tmp_path / "sandbox"), told.append)
    assert (made.path, made.version) == (tmp_path / "sandbox/asterisk-22", 22)
    assert any("500 MB" in line for line in told)
    (path / "debootstrap").unlink()
    told.clear()
    assert await find_or_make(Sandbox(dir=tmp_path / "sandbox"), told.append) == made
    assert told == []


async def test_the_root_knows_the_machines_own_name(path: Path, tmp_path: Path) -> None:
    _tool(path, "debootstrap", GOOD)
    made = await find_or_make(Sandbox(root=str(tmp_path / "mine")), lambda _: None)
    await find_or_make(Sandbox(root=str(tmp_path / "mine")), lambda _: None)
    hosts = (made.path / "etc/hosts").read_text().splitlines()
    assert sum(socket.gethostname() in line.split() for line in hosts) == 1


async def test_a_half_made_root_is_cleaned_away(path: Path, tmp_path: Path) -> None:
    _tool(
        path, "debootstrap", 'for last; do :; done; mkdir -p "$last/usr"; echo "E: Couldn\'t download packages"; exit 1'
    )
    with pytest.raises(NoAsterisk, match="is the network up"):
        await find_or_make(Sandbox(root=str(tmp_path / "mine")), lambda _: None)
    assert not (tmp_path / "mine").exists() and not (tmp_path / "mine.partial").exists()


async def test_a_disk_that_fills_up_is_named(path: Path, tmp_path: Path) -> None:
    _tool(path, "debootstrap", 'echo "tar: write error: No space left on device"; exit 1')
    with pytest.raises(NoAsterisk, match="disk is full"):
        await find_or_make(Sandbox(root=str(tmp_path / "mine")), lambda _: None)


async def test_too_little_room_is_said_before_anything_is_done(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _tool(path, "debootstrap", GOOD)
    monkeypatch.setattr(root.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1_000_000))  # type: ignore[attr-defined]
    with pytest.raises(NoAsterisk, match="has 1 MB free"):
        await find_or_make(Sandbox(root=str(tmp_path / "mine")), lambda _: None)


async def test_without_root_rights_the_way_out_is_named(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(NoAsterisk, match="run as root, or install"):
        await find_or_make(Sandbox(root=str(tmp_path / "mine")), lambda _: None)


async def test_a_folder_with_other_things_is_not_touched(path: Path, tmp_path: Path) -> None:
    _tool(path, "debootstrap", GOOD)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter").write_text("dear")
    with pytest.raises(NoAsterisk, match="not empty"):
        await find_or_make(Sandbox(root=str(tmp_path / "mine")), lambda _: None)
    assert (tmp_path / "mine/letter").read_text() == "dear"


async def test_an_asterisk_on_the_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _tool(tmp_path / "bin", "asterisk", "echo Asterisk 20.5.2~dfsg")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    found = await find_or_make(Sandbox(dir=tmp_path / "sandbox"), lambda _: None)
    assert (found.path, found.version) == (Path("/"), 20)
    assert found.command("-V") == [str(tmp_path / "bin/asterisk"), "-V"]
