"""Real WAV files, and the service on a store with calls."""

from __future__ import annotations

import math
import wave
from array import array
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from callengine import config
from callengine.calls import events as told
from callengine.calls.model import CallKey, Conversation, Direction, Outcome, State, Talk
from callengine.calls.service import CallsService
from callengine.clock import ManualClock
from callengine.recordings.model import Recording
from callengine.recordings.service import RecordingsService
from callengine.store import recordings as rows
from callengine.store.database import Store

RATE = 8000


def write_wav(path: Path, seconds: float, *, channels: int = 2, silent: int | None = None) -> Path:
    """A tone on the left and another on the right; `silent` names a channel without one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = array("h")
    for number in range(int(seconds * RATE)):
        for channel in range(channels):
            tone = 0 if channel == silent else int(9000 * math.sin(number * (0.2 + 0.3 * channel)))
            samples.append(tone)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return path


class Archive:
    """The service, the folder that the PBX writes to, and a clock to move."""

    def __init__(self, store: Store, clock: ManualClock, folder: Path, *, opus: bool = True) -> None:
        self.store, self.clock = store, clock
        self.pbx = folder / "monitor"
        self.pbx.mkdir(parents=True, exist_ok=True)
        self.kept = folder / "kept"
        settings = config.Recordings(dir=self.kept, opus=opus, retention_days=90)
        self.service = RecordingsService(store, clock, settings, {"main": self.pbx, "far": None})
        self.calls = CallsService(store=store, clock=clock)
        store.within |= {
            told.CallEnded: [self.service.on_ended],
            told.MessageLeft: [self.service.on_message],
        }

    async def call(
        self, file: str, *, talk: float = 5.0, pbx: str = "main", linkedid: str = "1.1", message: str = ""
    ) -> int:
        """A call that ended and names its recording. Returns the recording's id."""
        began: datetime = self.clock.now()
        ended = began + timedelta(seconds=talk)
        call = Conversation(
            key=CallKey(pbx, linkedid),
            direction=Direction.INBOUND,
            arrived_at=began,
            state=State.ENDED,
            outcome=Outcome.MISSED if message else Outcome.ANSWERED,
            answered_at=None if message else began,
            ended_at=ended,
            talks=() if message else (Talk("101", began, ended),),
            recording_file=file,
            message_file=message,
        )
        await self.calls.save([told.CallEnded(ended, call)])
        async with self.store.read() as conn:
            found = await rows.id_of(conn, pbx, message or file)
        assert found is not None
        return found

    async def settle(self, recording_id: int, *, most: int = 400) -> Recording:
        """Look as often as the service asks for, moving the clock, until it is done."""
        for _ in range(most):
            again = await self.service.import_one(recording_id)
            if again is None:
                break
            self.clock.advance(seconds=max(0.0, (again - self.clock.now()).total_seconds()))
        return await self.service.get(recording_id)


@pytest.fixture
async def archive(sqlite_store: Store, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Archive]:
    opened = Archive(sqlite_store, clock, tmp_path)
    yield opened
    await opened.service.close()
