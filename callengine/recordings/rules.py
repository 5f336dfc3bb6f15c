"""When a file is whole, when it is short, and how long to wait for it; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from callengine.recordings.model import RecordingState

TOLERANCE_SECONDS = 2.0
# MixMonitor writes its last frames and its header a moment after the hang-up.
FIRST_LOOK = timedelta(seconds=1)
STEADY = timedelta(seconds=1)
STEADY_WHEN_SHORT = timedelta(seconds=10)
MISSING_LOCAL = timedelta(minutes=10)
# The upload script's spool survives a day without a network.
MISSING_REMOTE = timedelta(hours=24)
# Engines that share a database draw each other's timers too.
NOT_OURS_PAUSE = timedelta(seconds=2)
DISK_FULL_PAUSE = timedelta(seconds=60)
FAILED_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a file: its size, and since when it has not changed."""

    size: int
    since: datetime


def is_settled(look: Look, now: datetime, *, whole: bool, covers: bool) -> bool:
    """True when nobody writes the file any more. What looks cut off gets more patience."""
    return now - look.since >= (STEADY if whole and covers else STEADY_WHEN_SHORT)


def covers(seconds: float, expected: float | None) -> bool:
    """More sound than bridged time is no loss; less is."""
    return expected is None or seconds >= expected - TOLERANCE_SECONDS


def look_again(since: datetime, now: datetime, *, local: bool) -> datetime | None:
    """When to look again for a file that is not there; None when it is given up."""
    waited = now - since
    if waited >= (MISSING_LOCAL if local else MISSING_REMOTE):
        return None
    for limit, pause in ((30, 2), (300, 15), (3600, 60)):
        if waited < timedelta(seconds=limit):
            return now + timedelta(seconds=pause)
    return now + timedelta(minutes=10)


def verdict(seconds: float, expected: float | None, *, whole: bool) -> tuple[RecordingState, str]:
    """The state of a kept file and what is wrong with it, in words."""
    if not covers(seconds, expected):
        heard = "it holds no sound" if seconds == 0 else f"it holds {seconds:.1f} s"
        text = f"{heard} of {expected:.1f} s of conversation; look at MixMonitor and the disk of the PBX"
        return RecordingState.SHORT, text
    if not whole:
        return RecordingState.READY, "its header was never finished; the sound that is there covers the conversation"
    return RecordingState.READY, ""
