"""Recordings: announced at the hang-up, imported by a worker of their own, checked, kept, played, deleted by retention.

The state is a row and each next step is a timer, so a crash at any point loses nothing: the source is deleted only
when what we keep was decoded again, its length compared, and the row committed.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from callengine import config
from callengine.access.model import Principal
from callengine.calls.events import CallFact
from callengine.calls.model import Conversation, Outcome
from callengine.clock import Clock
from callengine.errors import Conflict, NotFound, Refused
from callengine.recordings import audio, leftovers, rules
from callengine.recordings.events import RecordingChanged
from callengine.recordings.model import PLAYABLE, Kind, Listening, MachineText, Recording, RecordingState
from callengine.recordings.sources import OutsideFolder, Sources
from callengine.store import calls as call_rows
from callengine.store import recordings as rows
from callengine.store import transcripts
from callengine.store.access import log_reading
from callengine.store.database import Store, Tx
from callengine.store.timers import cancel_timer, set_timer

log = logging.getLogger(__name__)

IMPORT, RETENTION = "recording.import", "recording.retention"
# The timer while the worker is at it: after a crash the file is looked at again then at the latest.
IN_WORK = timedelta(minutes=10)
SWEEP_EVERY = timedelta(hours=1)
SWEEP_BATCH = 200
ONE_LISTENING = timedelta(minutes=10)
WORKERS = 2
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Sound:
    """What is played: the file and its format."""

    path: Path
    format: str


@dataclass(frozen=True, slots=True)
class _Taken:
    """What one import made of the sources."""

    wav: audio.Wav
    sha256: str
    kept: audio.Kept | None
    path: str
    peaks: bytes


class RecordingsService:
    """`pbx_folders` says by PBX name where it writes on this machine; None where it uploads."""

    def __init__(
        self, store: Store, clock: Clock, settings: config.Recordings, pbx_folders: Mapping[str, Path | None]
    ) -> None:
        self._store, self._clock, self._settings = store, clock, settings
        self.folder = settings.dir.resolve()
        self.sources = Sources(self.folder, pbx_folders)
        self._looks: dict[int, rules.Look] = {}
        self._queue: asyncio.Queue[int] = asyncio.Queue()
        self._queued: set[int] = set()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="recordings")

    # --- reactions --------------------------------------------------------------------------------------

    async def on_ended(self, tx: Tx, fact: CallFact) -> None:
        """Within the transaction of a call's end: its recording becomes a row that must be fetched."""
        call = fact.call
        if call.outcome is Outcome.ANSWERED and call.ended_at and call.recording_file:
            await self._announce(tx, call, Kind.CONVERSATION, call.recording_file, call.talk_seconds or None)
        if call.message_file and call.ended_at:
            await self._announce(tx, call, Kind.MESSAGE, call.message_file, None)

    async def on_message(self, tx: Tx, fact: CallFact) -> None:
        """Within: a voice message is a recording too; it has its row before the duty joins it."""
        if fact.call.message_file:
            await self._announce(tx, fact.call, Kind.MESSAGE, fact.call.message_file, None)

    async def announce_comment(self, tx: Tx, *, pbx: str, call_id: int, file_name: str) -> None:
        """What a resident said to the voice robot after its tone is a recording of that call; told twice, it is one."""
        await self._expect(tx, pbx, call_id, Kind.MESSAGE, file_name, None)

    async def _announce(self, tx: Tx, call: Conversation, kind: Kind, file_name: str, expected: float | None) -> None:
        call_id = await rows.call_id(tx.conn, call.key)
        await self._expect(tx, call.key.pbx, call_id, kind, file_name, expected)

    async def _expect(
        self, tx: Tx, pbx: str, call_id: int | None, kind: Kind, file_name: str, expected: float | None
    ) -> None:
        now = self._clock.now()
        made = await rows.announce(
            tx,
            call_id=call_id,
            pbx=pbx,
            kind=kind,
            file_name=file_name,
            state=RecordingState.RECORDING,
            expected_seconds=expected,
            created_at=now,
            delete_after=now + timedelta(days=self._settings.retention_days),
        )
        if made is None:
            return
        await set_timer(tx, IMPORT, str(made), now + rules.FIRST_LOOK)
        await self._tell(tx, made)

    async def _tell(self, tx: Tx, recording_id: int) -> Recording | None:
        recording = await rows.get(tx.conn, recording_id)
        if recording is not None:
            await tx.tell(RecordingChanged(self._clock.now(), recording))
        return recording

    # --- timers and the worker --------------------------------------------------------------------------

    async def recover(self) -> None:
        """At the start: everything that waits is looked at now, and retention has its timer."""
        now = self._clock.now()
        async with self._store.begin() as tx:
            for recording_id in await rows.waiting(tx.conn):
                await set_timer(tx, IMPORT, str(recording_id), now)
            await set_timer(tx, RETENTION, "sweep", now + timedelta(seconds=10))

    async def on_timer(self, kind: str, subject: str, fence: int) -> None:
        """Owner of both kinds. An import goes to its own worker, so that no other timer waits for an encoder."""
        now = self._clock.now()
        if kind == RETENTION:
            await self.sweep()
            async with self._store.begin() as tx:
                await set_timer(tx, RETENTION, subject, now + SWEEP_EVERY)
            return
        async with self._store.begin() as tx:
            await set_timer(tx, IMPORT, subject, now + IN_WORK)
        self._enqueue(int(subject))

    def _enqueue(self, recording_id: int) -> None:
        if recording_id not in self._queued:
            self._queued.add(recording_id)
            self._queue.put_nowait(recording_id)

    async def run(self) -> None:
        """Imports what the timers bring, until cancelled."""
        async with asyncio.TaskGroup() as workers:
            for _ in range(WORKERS):
                workers.create_task(self._work())

    async def _work(self) -> None:
        while True:
            recording_id = await self._queue.get()
            self._queued.discard(recording_id)
            try:
                await self.import_one(recording_id)
            except Exception:
                # Its timer stands still: it is tried again.
                log.exception("import failed", extra={"action": "import_failed", "recording_id": recording_id})

    async def import_one(self, recording_id: int) -> datetime | None:
        """One look at one recording: keeps it, or says when to look again. None: done."""
        async with self._store.read() as conn:
            recording = await rows.get(conn, recording_id)
        if recording is None or recording.state is RecordingState.EXPIRED:
            await self._finish(recording_id)
            return None
        now = self._clock.now()
        if recording.pbx not in self.sources.folders and now - recording.created_at < rules.MISSING_REMOTE:
            # Another engine on this database serves that PBX: its timer will find the file.
            return await self._later(recording, now + rules.NOT_OURS_PAUSE, recording.problem)
        try:
            paths = self.sources.find(recording.pbx, recording.file_name)
        except OutsideFolder:
            return await self._lost(recording, RecordingState.BROKEN, "the PBX named a file outside its folder")
        if recording.state in PLAYABLE and recording.path:
            return await self._tidy(recording, paths)
        if not paths:
            return await self._absent(recording)
        return await self._look(recording, paths)

    async def _absent(self, recording: Recording) -> datetime | None:
        now = self._clock.now()
        local = self.sources.is_local(recording.pbx)
        again = rules.look_again(recording.created_at, now, local=local)
        if again is None:
            what = "did not write" if local else "did not send"
            text = f"the PBX {what} {recording.file_name}; look at MixMonitor, [pbx] recordings_dir and rights"
            return await self._lost(recording, RecordingState.MISSING, text)
        return await self._later(recording, again, recording.problem)

    async def _look(self, recording: Recording, paths: list[Path]) -> datetime | None:
        now = self._clock.now()
        size = sum(path.stat().st_size for path in paths)
        look = self._looks.get(recording.id)
        if look is None or look.size != size:
            look = self._looks[recording.id] = rules.Look(size, now)
        try:
            wavs = [await self._in_thread(audio.probe, path) for path in paths]
        except audio.NotAudio as error:
            if not rules.is_settled(look, now, whole=False, covers=False):
                return await self._later(recording, now + rules.STEADY_WHEN_SHORT, recording.problem)
            return await self._lost(recording, RecordingState.BROKEN, str(error))
        whole = all(wav.whole for wav in wavs)
        long_enough = rules.covers(max(wav.seconds for wav in wavs), recording.expected_seconds)
        if not rules.is_settled(look, now, whole=whole, covers=long_enough):
            return await self._later(recording, now + rules.STEADY, recording.problem)
        return await self._take(recording, paths, whole=whole)

    async def _take(self, recording: Recording, paths: list[Path], *, whole: bool) -> datetime | None:
        now = self._clock.now()
        try:
            taken = await self._in_thread(self._keep, recording, paths)
        except (audio.DiskFull, OSError) as error:
            if isinstance(error, OSError) and error.errno not in (errno.ENOSPC, errno.EDQUOT):
                text = f"the file cannot be read or kept: {error.strerror}; see the rights of the folders"
                return await self._later(recording, now + rules.FAILED_PAUSE, text)
            text = f"no room under {self.folder}: make room; the PBX's file is kept and the import goes on by itself"
            return await self._later(recording, now + rules.DISK_FULL_PAUSE, text)
        except audio.EncodeFailed as error:
            return await self._later(recording, now + rules.FAILED_PAUSE, f"{error}; the PBX's file is kept")
        except audio.NotAudio as error:
            return await self._lost(recording, RecordingState.BROKEN, str(error))
        await self._commit(recording, taken, whole=whole)
        await self._remove(paths)
        await self._finish(recording.id)
        return None

    def _keep(self, recording: Recording, paths: list[Path]) -> _Taken:
        """Blocking: merge, peaks, encode, verify."""
        day = self.folder / f"{recording.created_at:%Y-%m-%d}"
        day.mkdir(parents=True, exist_ok=True)
        merged = day / f"{recording.id}.merged.wav"
        try:
            source = paths[0]
            if len(paths) > 1:
                audio.merge(paths, merged)
                source = merged
            wav = audio.probe(source)
            digest = ",".join(audio.sha256(path) for path in paths)
            if wav.length < wav.frame:
                return _Taken(wav, digest, None, "", b"")
            target = day / f"{recording.id}.{'opus' if self._settings.opus else 'wav'}"
            kept = audio.keep_opus(source, wav, target) if self._settings.opus else audio.keep_wav(source, target)
            return _Taken(wav, digest, kept, str(target.relative_to(self.folder)), audio.peaks(source, wav))
        finally:
            merged.unlink(missing_ok=True)

    async def _commit(self, recording: Recording, taken: _Taken, *, whole: bool) -> None:
        state, problem = rules.verdict(taken.wav.seconds, recording.expected_seconds, whole=whole)
        if taken.kept is None:
            state, problem = RecordingState.SHORT, problem or "it holds no sound"
        async with self._store.begin() as tx:
            await rows.change(
                tx,
                recording.id,
                state=state,
                problem=problem,
                path=taken.path,
                format=taken.kept.format if taken.kept else "",
                bytes=taken.kept.bytes if taken.kept else 0,
                seconds=round(taken.wav.seconds, 3),
                sha256=taken.sha256,
                stored_sha256=taken.kept.sha256 if taken.kept else "",
                peaks=taken.peaks,
                ready_at=self._clock.now(),
            )
            await self._tell(tx, recording.id)
        fields = {"recording_id": recording.id, "state": str(state)}
        log.info("recording kept", extra={"action": "recording_kept", **fields})

    async def _tidy(self, recording: Recording, paths: list[Path]) -> datetime | None:
        """It was kept already, but we died before the source was deleted; a different file is left alone."""
        if paths:
            digests = [await self._in_thread(audio.sha256, path) for path in paths]
            if ",".join(digests) == recording.sha256:
                await self._remove(paths)
        await self._finish(recording.id)
        return None

    async def _remove(self, paths: list[Path]) -> None:
        for path in paths:
            try:
                await self._in_thread(partial(path.unlink, missing_ok=True))
            except OSError as error:
                fields = {"action": "source_stays", "problem": error.strerror}
                log.warning("the PBX's file could not be deleted", extra=fields)

    async def _later(self, recording: Recording, at: datetime, problem: str) -> datetime:
        async with self._store.begin() as tx:
            await set_timer(tx, IMPORT, str(recording.id), at)
            if problem != recording.problem:
                await rows.change(tx, recording.id, problem=problem)
                await self._tell(tx, recording.id)
        return at

    async def _lost(self, recording: Recording, state: RecordingState, problem: str) -> datetime | None:
        async with self._store.begin() as tx:
            await rows.change(tx, recording.id, state=state, problem=problem)
            await self._tell(tx, recording.id)
        fields = {"recording_id": recording.id, "state": str(state), "problem": problem}
        log.warning("recording not kept", extra={"action": "recording_lost", **fields})
        await self._finish(recording.id)
        return None

    async def _finish(self, recording_id: int) -> None:
        self._looks.pop(recording_id, None)
        async with self._store.begin() as tx:
            await cancel_timer(tx, IMPORT, str(recording_id))

    async def _in_thread(self, work: Callable[..., Result], *args: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, partial(work, *args))

    # --- uploads ----------------------------------------------------------------------------------------

    async def arrived(self, pbx: str, name: str) -> str:
        """An upload is complete in the folder of uploads. Returns the state of its recording, or "kept"."""
        async with self._store.begin() as tx:
            found = await rows.of_file(tx.conn, pbx, name)
            for recording in found:
                if recording.state is RecordingState.EXPIRED:
                    continue
                if recording.state not in PLAYABLE or not recording.path:
                    await rows.change(tx, recording.id, state=RecordingState.RECORDING, problem="")
                await set_timer(tx, IMPORT, str(recording.id), self._clock.now())
        return str(found[0].state) if found else "kept"

    async def already_kept(self, pbx: str, name: str, sha256: str) -> bool:
        """True when this very file was imported before: the script may delete its copy."""
        async with self._store.read() as conn:
            found = await rows.of_file(conn, pbx, name)
        return any(sha256 in recording.sha256.split(",") and recording.ready_at for recording in found)

    # --- reading ----------------------------------------------------------------------------------------

    async def get(self, recording_id: int) -> Recording:
        async with self._store.read() as conn:
            found = await rows.get(conn, recording_id)
        if found is None:
            raise NotFound(f"there is no recording {recording_id}")
        return found

    async def heard(self, recording_id: int) -> MachineText | None:
        """What a machine heard in it, or that it waits for one; None: nobody asked."""
        async with self._store.read() as conn:
            return await transcripts.get(conn, recording_id)

    async def listenings(self, recording_id: int) -> list[Listening]:
        async with self._store.read() as conn:
            return await rows.listened(conn, recording_id)

    async def ticket_numbers(self, recording: Recording) -> list[str]:
        async with self._store.read() as conn:
            return await rows.ticket_numbers(conn, recording.call_id)

    async def sound(self, recording_id: int) -> Sound:
        """What can be played. Raises NotFound with the reason in words."""
        recording = await self.get(recording_id)
        path = self.folder / recording.path
        if recording.state is RecordingState.EXPIRED or not recording.path or not path.is_file():
            raise NotFound(recording.problem or f"there is nothing to play: the recording is {recording.state}")
        return Sound(path, recording.format)

    async def log_listening(self, recording_id: int, who: Principal, why: str) -> None:
        """Once per listener in ten minutes: a player that seeks asks for many ranges."""
        now = self._clock.now()
        async with self._store.begin() as tx:
            since = now - ONE_LISTENING
            if await rows.listened_since(tx, recording_id, who.staff_id, who.name, since):
                return
            values = {"recording_id": recording_id, "staff_id": who.staff_id, "who": who.name, "at": now, "why": why}
            await rows.add_listening(tx, **values)
            await log_reading(tx, at=now, who=who, what="recording", subject=str(recording_id), why=why)

    # --- retention --------------------------------------------------------------------------------------

    async def hold(self, recording_id: int, hold: bool, reason: str, who: Principal) -> Recording:
        """A legal hold keeps a recording beyond its retention until it is lifted; both are logged with the reason."""
        async with self._store.begin() as tx:
            found = await rows.get(tx.conn, recording_id)
            if found is None:
                raise NotFound(f"there is no recording {recording_id}")
            if found.state is RecordingState.EXPIRED:
                raise Refused("it was deleted by retention already")
            await rows.change(tx, recording_id, legal_hold=hold, hold_reason=reason if hold else "")
            what = "hold" if hold else "hold lifted"
            await log_reading(tx, at=self._clock.now(), who=who, what=what, subject=str(recording_id), why=reason)
            changed = await self._tell(tx, recording_id)
        return changed or found

    async def sweep(self) -> int:
        """Delete what outlived its retention; the row stays and says so. Returns how many.

        With it go the leftovers: uploads without a call are kept aside, empty legs of unanswered calls are deleted.
        """
        for pbx, folder in self.sources.folders.items():
            await self._sweep_uploads(pbx)
            if folder is not None:
                await self._sweep_empty_legs(pbx, folder)
        async with self._store.read() as conn:
            for recording in await rows.undeleted(conn, self._clock.now()):
                await self._delete(recording)
        swept = 0
        while True:
            async with self._store.read() as conn:
                old = await rows.outlived(conn, self._clock.now(), SWEEP_BATCH)
            for recording in old:
                await self._expire(recording)
            swept += len(old)
            if len(old) < SWEEP_BATCH:
                return swept

    async def _sweep_uploads(self, pbx: str) -> None:
        now, aside = self._clock.now(), self.sources.aside(pbx)
        term = now - timedelta(days=self._settings.unclaimed_days)
        for path in await self._in_thread(leftovers.older, self.sources.incoming(pbx), term):
            if await self._is_awaited(pbx, path.name):
                continue
            try:
                kept = await self._in_thread(leftovers.set_aside, path, aside)
            except OSError as error:
                fields = {"action": "upload_stays", "pbx": pbx, "file": path.name, "problem": error.strerror}
                log.warning("an upload without a call could not be set aside", extra=fields)
                continue
            fields = {"action": "upload_unclaimed", "pbx": pbx, "file": str(kept)}
            log.warning("no call names this upload: it is kept aside", extra=fields)
        outlived = now - timedelta(days=self._settings.retention_days)
        for path in await self._in_thread(leftovers.older, aside, outlived):
            log.warning("deleted by retention", extra={"action": "unclaimed_expired", "pbx": pbx, "file": path.name})
            await self._remove([path])

    async def _is_awaited(self, pbx: str, name: str) -> bool:
        async with self._store.read() as conn:
            found = await rows.of_file(conn, pbx, name)
        return any(recording.state is RecordingState.RECORDING for recording in found)

    async def _sweep_empty_legs(self, pbx: str, folder: Path) -> None:
        for path in await self._in_thread(leftovers.empty_legs, folder, self._clock.now()):
            if not await self._is_awaited(pbx, path.name):
                await self._remove([path])

    async def unclaimed(self) -> list[leftovers.Unclaimed]:
        """Uploads that came for no known call, newest first. They become their call's should it still come."""
        found: list[leftovers.Unclaimed] = []
        for pbx in self.sources.folders:
            found += await self._in_thread(leftovers.unclaimed, self.sources.aside(pbx), pbx)
        return sorted(found, key=lambda one: one.set_aside_at, reverse=True)

    async def unclaimed_sound(self, pbx: str, file_name: str, who: Principal) -> Path:
        """A file that lies aside, to be heard; the hearing is logged. Raises NotFound."""
        path = await self._aside(pbx, file_name)
        async with self._store.begin() as tx:
            await log_reading(tx, at=self._clock.now(), who=who, what="recording aside", subject=f"{pbx}/{file_name}")
        return path

    async def claim(self, pbx: str, file_name: str, call_id: int, who: Principal, reason: str) -> None:
        """Hang a file that lies aside on a call, both sides of it when both lie there; logged with the reason.

        Raises NotFound, and Conflict when the call has a recording already, or another call has this file: none is
        replaced, and none is taken twice.
        """
        await self._aside(pbx, file_name)
        sides = [file_name]
        other = _other_side(file_name)
        if other and other in await self._set_aside(pbx):
            sides = sorted([file_name, other])  # "caller" before "operator", as the dialplan names them
        async with self._store.begin() as tx:
            found = await call_rows.by_ids(tx.conn, [call_id])
            if not found or found[0].call.key.pbx != pbx:
                raise NotFound(f"there is no call {call_id} of this PBX")
            known = (await rows.of_calls(tx.conn, [call_id])).get(call_id)
            for side in sides:
                for taken in await rows.of_file(tx.conn, pbx, side):
                    if known is None or taken.id != known.id:
                        raise Conflict(f"call {taken.call_id} has the file {side} already")
            if known is None:
                await self._expect(tx, pbx, call_id, Kind.CONVERSATION, ",".join(sides), None)
            elif known.state is RecordingState.MISSING:
                waits = {"file_name": ",".join(sides), "state": RecordingState.RECORDING, "problem": ""}
                await rows.change(tx, known.id, **waits)
                await set_timer(tx, IMPORT, str(known.id), self._clock.now())
                await self._tell(tx, known.id)
            else:
                raise Conflict("this call has a recording already")
            subject = f"{pbx}/{','.join(sides)} to call {call_id}"
            await log_reading(tx, at=self._clock.now(), who=who, what="recording claimed", subject=subject, why=reason)

    async def _aside(self, pbx: str, file_name: str) -> Path:
        if file_name not in await self._set_aside(pbx):
            raise NotFound("no such file lies aside")
        return self.sources.aside(pbx) / file_name

    async def _set_aside(self, pbx: str) -> set[str]:
        return {one.file_name for one in await self.unclaimed() if one.pbx == pbx}

    async def _expire(self, recording: Recording) -> None:
        # The row first: nobody hears or holds it any more. It names the file until that is gone: see `undeleted`.
        async with self._store.begin() as tx:
            now_there = await rows.get(tx.conn, recording.id)
            if now_there is None or now_there.legal_hold:
                return
            values = {"state": RecordingState.EXPIRED, "problem": "deleted by retention", "peaks": None}
            await rows.change(tx, recording.id, **values)
            await transcripts.forget(tx, recording.id)
            await self._tell(tx, recording.id)
        await self._delete(recording)

    async def _delete(self, recording: Recording) -> None:
        """The file of an expired recording; what cannot be deleted now is tried again with each sweep."""
        problem, path = "deleted by retention", recording.path
        try:
            if path:
                await self._in_thread(partial((self.folder / path).unlink, missing_ok=True))
        except OSError as error:
            problem = f"its term is over, and the file could not be deleted: {error.strerror}; look at {path}"
            fields = {"action": "expired_stays", "recording_id": recording.id, "problem": error.strerror}
            log.error("a recording past its term could not be deleted", extra=fields)
        else:
            path = ""
        async with self._store.begin() as tx:
            await rows.change(tx, recording.id, path=path, problem=problem)
            await self._tell(tx, recording.id)

    async def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _other_side(file_name: str) -> str:
    """MixMonitor writes each side to a file of its own; "" for any other file."""
    for one, other in (("-caller.wav", "-operator.wav"), ("-operator.wav", "-caller.wav")):
        if file_name.endswith(one):
            return file_name.removesuffix(one) + other
    return ""
