"""Files that no call asks for: uploads whose call never came, and the empty legs that unanswered calls leave behind.

Only the file system is known here, and everything blocks: call it in a thread. What is deleted or moved is decided by
age and size alone; whether a recording still waits for a file is known to the service.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

EMPTY_BYTES = 44  # a head without sound
EMPTY_AGE = timedelta(days=1)  # the same day as in agi_scripts/upload_recording.py
# What our dialplan's MixMonitor writes, by linkedid; nothing else in the PBX's folder is ours.
OURS = "callengine"
_LEG = re.compile(r"[A-Za-z0-9_.\-]*\d+\.\d+-(caller|operator)\.wav")


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """A file that was kept aside. `arrived_at` is when it was sent, `set_aside_at` when its term was over."""

    pbx: str
    file_name: str
    bytes: int
    arrived_at: datetime
    set_aside_at: datetime


def older(folder: Path, than: datetime) -> list[Path]:
    """The finished uploads in a folder that came before that moment, oldest first; [] where there is no folder."""
    found = [(state.st_mtime, path) for path, state in _files(folder) if not path.name.startswith(".")]
    return [path for changed, path in sorted(found) if changed < than.timestamp()]


def set_aside(path: Path, aside: Path) -> Path:
    """Move it, keeping its date. A file of the same name from before keeps its place: the new one gets a number."""
    aside.mkdir(parents=True, exist_ok=True)
    target, number = aside / path.name, 1
    while target.exists():
        number += 1
        target = aside / f"{path.stem}~{number}{path.suffix}"
    os.replace(path, target)
    return target


def unclaimed(aside: Path, pbx: str) -> list[Unclaimed]:
    """What lies aside, newest first."""
    found = [
        Unclaimed(pbx, path.name, state.st_size, _moment(state.st_mtime), _moment(state.st_ctime))
        for path, state in _files(aside)
    ]
    return sorted(found, key=lambda one: one.set_aside_at, reverse=True)


def empty_legs(pbx_folder: Path, now: datetime) -> list[Path]:
    """Legs without sound that nobody has written to for a day: of calls that nobody answered."""
    until = (now - EMPTY_AGE).timestamp()
    return [
        path
        for path, state in _files(pbx_folder / OURS)
        if state.st_size <= EMPTY_BYTES and state.st_mtime < until and _LEG.fullmatch(path.name)
    ]


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        try:
            if entry.is_file(follow_symlinks=False):
                yield Path(entry.path), entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue  # it went meanwhile


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
