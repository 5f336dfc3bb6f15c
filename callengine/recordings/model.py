"""What a recording is, and in which states it can be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RecordingState(StrEnum):
    RECORDING = "recording"  # not kept yet: the call lasts, or the import waits for the file
    READY = "ready"
    SHORT = "short"  # kept, but it does not cover the conversation
    MISSING = "missing"  # the PBX never wrote or never sent it
    BROKEN = "broken"  # there is a file that is no sound
    EXPIRED = "expired"  # deleted by retention; the row stays


class Kind(StrEnum):
    CONVERSATION = "conversation"
    MESSAGE = "message"


PLAYABLE = frozenset({RecordingState.READY, RecordingState.SHORT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recording as it stands. `path` lies under [recordings] dir."""

    id: int
    call_id: int | None
    pbx: str
    kind: Kind
    file_name: str
    state: RecordingState
    problem: str
    path: str
    format: str
    size: int
    seconds: float | None
    expected_seconds: float | None
    sha256: str
    stored_sha256: str
    peaks: bytes | None
    created_at: datetime
    ready_at: datetime | None
    delete_after: datetime | None
    legal_hold: bool
    hold_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineText:
    """What a machine heard in a recording: `state` is waiting, ready, silent or failed; `certainty` 0 to 1 its own."""

    recording_id: int
    state: str
    language: str
    text: str
    certainty: float | None
    model: str
    problem: str
    tries: int
    created_at: datetime
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Listening:
    at: datetime
    who: str
    why: str
