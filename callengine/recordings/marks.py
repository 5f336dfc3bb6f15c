"""Marks in a recording: a supervisor's words at a moment, for all who may listen; taken away, put back, never lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from callengine.access.model import Principal
from callengine.clock import Clock
from callengine.errors import NotFound, Refused
from callengine.recordings.events import RecordingChanged
from callengine.recordings.model import PLAYABLE, Recording
from callengine.store import recording_marks as rows
from callengine.store import recordings as recording_rows
from callengine.store.database import Store, Tx


@dataclass(frozen=True, slots=True)
class Mark:
    """`at_seconds` counts from the beginning of the recording."""

    id: int
    at_seconds: float
    text: str
    author: str
    created_at: datetime


class MarksService:
    """Whoever may change marks is decided by the routes."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def of(self, recording_id: int) -> list[Mark]:
        """The marks that stand, in the order of their moments. Raises NotFound."""
        async with self._store.read() as conn:
            if await recording_rows.get(conn, recording_id) is None:
                raise NotFound(f"there is no recording {recording_id}")
            found = await rows.of_recording(conn, recording_id)
        return [Mark(row.id, row.at_seconds, row.text, row.author, row.created_at) for row in found]

    async def add(self, recording_id: int, at_seconds: float, text: str, who: Principal) -> Mark:
        """Raises Refused where there is no sound at that moment; NotFound."""
        now, text = self._clock.now(), text.strip()
        async with self._store.begin() as tx:
            recording = await self._recording(tx, recording_id)
            if recording.state not in PLAYABLE:
                raise Refused("this recording cannot be played: there is nothing to mark")
            if recording.seconds is not None and at_seconds > recording.seconds:
                raise Refused(f"the recording ends at {recording.seconds:.1f} s")
            mark_id = await rows.add(
                tx,
                recording_id=recording_id,
                at_seconds=at_seconds,
                text=text,
                staff_id=who.staff_id,
                author=who.name,
                created_at=now,
            )
            await tx.tell(RecordingChanged(now, recording))
        return Mark(mark_id, at_seconds, text, who.name, now)

    async def remove(self, recording_id: int, mark_id: int) -> None:
        """It is seen no more; the row stays, with the moment of the removal. Raises NotFound."""
        await self._change(recording_id, mark_id, self._clock.now())

    async def restore(self, recording_id: int, mark_id: int) -> None:
        """A removed mark is back as it was. Raises NotFound."""
        await self._change(recording_id, mark_id, None)

    async def _change(self, recording_id: int, mark_id: int, removed_at: datetime | None) -> None:
        async with self._store.begin() as tx:
            recording = await self._recording(tx, recording_id)
            if not await rows.set_removed(tx, recording_id, mark_id, removed_at):
                raise NotFound(f"recording {recording_id} has no mark {mark_id}")
            await tx.tell(RecordingChanged(self._clock.now(), recording))

    @staticmethod
    async def _recording(tx: Tx, recording_id: int) -> Recording:
        found = await recording_rows.get(tx.conn, recording_id)
        if found is None:
            raise NotFound(f"there is no recording {recording_id}")
        return found
