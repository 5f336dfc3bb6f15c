"""Spoken comments read by a machine: rows that wait, one at a time, in a process apart, kept beside the recording.

Off without a model. What fails here fails alone: the recording, the mark and the call are as they were.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from callengine.clock import Clock
from callengine.errors import Unavailable
from callengine.recordings.events import RecordingChanged
from callengine.recordings.model import PLAYABLE, Kind, MachineText, Recording
from callengine.speech.asr import NoAsr, Transcriber
from callengine.store import recordings as recording_rows
from callengine.store import transcripts as rows
from callengine.store.database import Store, Tx
from callengine.tasks import within

log = logging.getLogger(__name__)

COMMENT_ENDING = "-comment.wav"  # outreach/talks.py names them so
MOST_TRIES = 3
LOOK_SECONDS = 60.0  # another engine, or an interrupted one, may have left work


class Transcripts:
    """`model` is what is written beside each text; `reader` makes the adapter, and raises NoAsr when it cannot."""

    def __init__(
        self, store: Store, clock: Clock, folder: Path, *, model: str, language: str, reader: Callable[[], Transcriber]
    ) -> None:
        self.problem = ""  # why nothing can be read here, for /health
        self._store, self._clock, self._folder = store, clock, folder
        self._model, self._language, self._reader = model, language, reader
        self._work = asyncio.Event()

    @property
    def is_on(self) -> bool:
        return bool(self._model)

    async def on_recording(self, tx: Tx, fact: RecordingChanged) -> None:
        """Within: a comment that was just kept gets a row that waits."""
        one = fact.recording
        comment = one.kind is Kind.MESSAGE and one.file_name.endswith(COMMENT_ENDING)
        if not self._model or not comment or one.state not in PLAYABLE or not one.path:
            return
        language = await rows.language_of(tx, one.file_name.removesuffix(".wav")) or self._language
        await rows.await_one(tx, one.id, language, self._clock.now())

    def wake(self, fact: RecordingChanged) -> None:
        """After the commit: only then is there a row to be found."""
        if fact.recording.kind is Kind.MESSAGE:
            self._work.set()

    async def run(self) -> None:
        """For ever, when switched on: reads what waits, oldest first."""
        if self._model:
            with contextlib.suppress(NoAsr):
                self._look()
        while self._model:
            self._work.clear()
            try:
                await self.read_all()
            except Unavailable as error:
                log.warning("transcripts wait for the store: %s", error.detail, extra={"action": "transcripts_wait"})
            try:
                await within(LOOK_SECONDS, self._work.wait())
            except TimeoutError:
                pass
        await asyncio.Event().wait()

    async def read_all(self) -> int:
        """Everything that waits now; how many were settled. One that failed is passed over until the next round."""
        settled, after = 0, None
        while True:
            async with self._store.read() as conn:
                one = await rows.oldest_waiting(conn, after)
                recording = await recording_rows.get(conn, one.recording_id) if one else None
            if one is None:
                return settled
            after = one.created_at
            if recording is not None and not await self._read(one, recording):
                return settled
            settled += 1

    async def _read(self, one: MachineText, recording: Recording) -> bool:
        """False when nothing can be read here at all: what waits goes on waiting, and /health says why."""
        path = self._folder / recording.path
        try:
            reader = self._look()
        except NoAsr:
            return False
        try:
            if not recording.path or not path.is_file():
                raise NoAsr("the recording is gone")
            heard = await reader.transcribe(path, one.language)
        except NoAsr as error:
            await self._failed(one, recording, error.detail)
            return True
        state = "ready" if heard.text else "silent"
        await self._settle(
            one, recording, state=state, text=heard.text, certainty=heard.certainty if heard.text else None
        )
        return True

    def _look(self) -> Transcriber:
        """The adapter; without it /health says why. Raises NoAsr."""
        try:
            reader = self._reader()
        except NoAsr as error:
            if error.detail != self.problem:
                log.error("comments cannot be read: %s", error.detail, extra={"action": "transcripts_off"})
            self.problem = error.detail
            raise
        self.problem = ""
        return reader

    async def _failed(self, one: MachineText, recording: Recording, why: str) -> None:
        told = {"action": "transcript_failed", "recording_id": recording.id, "try": one.tries + 1}
        log.warning("a comment could not be read: %s", why, extra=told)
        if one.tries + 1 >= MOST_TRIES:
            await self._settle(one, recording, state="failed", problem=why)
            return
        async with self._store.begin() as tx:
            await rows.change(tx, recording.id, tries=one.tries + 1, problem=why)

    async def _settle(
        self,
        one: MachineText,
        recording: Recording,
        *,
        state: str,
        text: str = "",
        certainty: float | None = None,
        problem: str = "",
    ) -> None:
        now: datetime = self._clock.now()
        async with self._store.begin() as tx:
            told = await rows.change(
                tx,
                one.recording_id,
                state=state,
                text=text,
                certainty=certainty,
                model=self._model,
                problem=problem,
                tries=one.tries + 1,
                done_at=now,
            )
            if told:
                await tx.tell(RecordingChanged(now, recording))
