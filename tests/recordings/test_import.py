"""From the hang-up to what is kept: whole, short, missing, broken, foreign, on a full disk, after a crash."""

from __future__ import annotations

import asyncio
import errno
import os
from datetime import timedelta
from itertools import groupby
from pathlib import Path

import pytest

from callengine.errors import NotFound
from callengine.recordings import audio, rules
from callengine.recordings.events import RecordingChanged
from callengine.recordings.model import Recording, RecordingState
from callengine.recordings.service import IMPORT, RETENTION
from callengine.store import timers
from callengine.store.database import Store
from tests.recordings.conftest import Archive, write_wav


async def due(store: Store) -> dict[str, int]:
    async with store.read() as conn:
        return await timers.pending(conn)


async def test_a_whole_recording_is_kept_as_opus_and_the_wav_goes(archive: Archive) -> None:
    source = write_wav(archive.pbx / "callengine" / "1.1.wav", 5.0)
    digest = audio.sha256(source)
    found = await archive.settle(await archive.call("callengine/1.1.wav", talk=5.0))
    assert (found.state, found.problem, found.format, found.seconds) == (RecordingState.READY, "", "opus", 5.0)
    assert found.sha256 == digest
    kept = archive.kept / found.path
    assert (kept.stat().st_size, audio.sha256(kept)) == (found.size, found.stored_sha256)
    assert found.peaks and len(found.peaks) == 1600
    assert not source.exists()
    assert IMPORT not in await due(archive.store)


async def test_the_file_is_not_taken_while_it_grows(archive: Archive) -> None:
    path = write_wav(archive.pbx / "1.wav", 5.0)
    recording_id = await archive.call("1.wav", talk=5.0)
    assert await archive.service.import_one(recording_id) is not None
    write_wav(path, 6.0)
    archive.clock.advance(seconds=1)
    assert await archive.service.import_one(recording_id) is not None
    archive.clock.advance(seconds=1)
    assert await archive.service.import_one(recording_id) is None
    assert (await archive.service.get(recording_id)).seconds == 6.0


async def test_two_seconds_are_forgiven_and_more_is_short(archive: Archive) -> None:
    for name, seconds, state in (("a", 8.2, RecordingState.READY), ("b", 7.5, RecordingState.SHORT)):
        write_wav(archive.pbx / f"{name}.wav", seconds)
        found = await archive.settle(await archive.call(f"{name}.wav", talk=10.0, linkedid=name))
        assert found.state is state
        assert bool(found.problem) == (state is RecordingState.SHORT)
        assert found.path


async def test_44_bytes_are_short_and_say_so(archive: Archive) -> None:
    write_wav(archive.pbx / "1.wav", 0)
    found = await archive.settle(await archive.call("1.wav", talk=30.0))
    assert (found.state, found.seconds, found.path) == (RecordingState.SHORT, 0.0, "")
    assert "no sound" in found.problem


async def test_a_header_that_was_never_finished_loses_nothing(archive: Archive) -> None:
    path = write_wav(archive.pbx / "1.wav", 5.0)
    raw = bytearray(path.read_bytes())
    raw[40:44] = bytes(4)
    path.write_bytes(raw)
    found = await archive.settle(await archive.call("1.wav", talk=5.0))
    assert (found.state, found.seconds) == (RecordingState.READY, 5.0)
    assert "never finished" in found.problem


async def test_rubbish_is_broken_and_stays_where_it_is(archive: Archive) -> None:
    path = archive.pbx / "1.wav"
    path.write_bytes(b"not a sound at all, sorry")
    found = await archive.settle(await archive.call("1.wav"))
    assert found.state is RecordingState.BROKEN
    assert path.exists()


async def test_a_file_that_never_comes_is_missing_with_what_to_do(archive: Archive) -> None:
    began = archive.clock.now()
    found = await archive.settle(await archive.call("1.wav"))
    assert found.state is RecordingState.MISSING
    assert "MixMonitor" in found.problem
    assert archive.clock.now() - began >= rules.MISSING_LOCAL


async def test_a_remote_pbx_has_a_day_to_send(archive: Archive) -> None:
    began = archive.clock.now()
    found = await archive.settle(await archive.call("1.wav", pbx="far"))
    assert found.state is RecordingState.MISSING
    assert archive.clock.now() - began >= timedelta(hours=24)


@pytest.mark.parametrize(
    "name", ["../secret.wav", "/etc/passwd", "a/../../secret.wav", "x\x00.wav", "dir/", "link.wav"]
)
async def test_a_file_outside_the_folder_is_never_read(archive: Archive, name: str, tmp_path: Path) -> None:
    secret = write_wav(tmp_path / "secret.wav", 2.0)
    (archive.pbx / "link.wav").symlink_to(secret)
    found = await archive.settle(await archive.call(name, talk=2.0))
    assert found.state is RecordingState.BROKEN
    assert "outside" in found.problem
    assert secret.exists()


async def test_two_mono_legs_become_one_stereo_recording(archive: Archive) -> None:
    write_wav(archive.pbx / "1-caller.wav", 4.0, channels=1)
    write_wav(archive.pbx / "1-operator.wav", 4.0, channels=1, silent=0)
    found = await archive.settle(await archive.call("1-caller.wav,1-operator.wav", talk=4.0))
    assert found.state is RecordingState.READY
    assert found.peaks and max(found.peaks[1::2]) == 0 < max(found.peaks[0::2])
    assert not list(archive.pbx.glob("*.wav"))


async def test_a_voice_message_is_kept_too(archive: Archive) -> None:
    write_wav(archive.pbx / "msg.wav", 3.0, channels=1)
    found = await archive.settle(await archive.call("", message="msg.wav"))
    assert (found.kind, found.state, found.seconds) == ("message", RecordingState.READY, 3.0)


async def test_a_full_disk_keeps_the_source_and_goes_on_by_itself(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_wav(archive.pbx / "1.wav", 5.0)
    recording_id = await archive.call("1.wav", talk=5.0)
    write = audio._write

    def full(path: Path, _: bytes) -> None:
        path.write_bytes(b"half")
        with audio._room():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(audio, "_write", full)
    await archive.service.import_one(recording_id)
    archive.clock.advance(seconds=1)
    again = await archive.service.import_one(recording_id)
    found = await archive.service.get(recording_id)
    assert again == archive.clock.now() + rules.DISK_FULL_PAUSE
    assert (found.state, "no room" in found.problem) == (RecordingState.RECORDING, True)
    assert source.exists() and not [p for p in archive.kept.rglob("*") if p.is_file()]
    monkeypatch.setattr(audio, "_write", write)
    assert (await archive.settle(recording_id)).state is RecordingState.READY


async def test_a_death_before_the_source_was_deleted_is_tidied_up(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_wav(archive.pbx / "1.wav", 5.0)
    recording_id = await archive.call("1.wav", talk=5.0)

    async def died(_: list[Path]) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch, pytest.raises(asyncio.CancelledError):
        patch.setattr(archive.service, "_remove", died)
        await archive.settle(recording_id)
    assert source.exists()
    before = await archive.service.get(recording_id)
    assert before.state is RecordingState.READY
    assert (await archive.settle(recording_id)).stored_sha256 == before.stored_sha256
    assert not source.exists()


async def test_the_same_end_told_twice_is_one_recording(archive: Archive) -> None:
    first = await archive.call("1.wav")
    assert await archive.call("1.wav") == first


async def test_wav_may_be_kept_as_it_is(sqlite_store: Store, archive: Archive, tmp_path: Path) -> None:
    plain = Archive(sqlite_store, archive.clock, tmp_path / "plain", opus=False)
    source = write_wav(plain.pbx / "1.wav", 3.0)
    digest = audio.sha256(source)
    found = await plain.settle(await plain.call("1.wav", talk=3.0))
    assert (found.format, found.stored_sha256) == ("wav", digest)
    await plain.service.close()


async def test_the_worker_imports_what_the_timers_bring(archive: Archive) -> None:
    write_wav(archive.pbx / "1.wav", 3.0)
    done = asyncio.Event()
    changed: list[Recording] = []

    def tell(fact: RecordingChanged) -> None:
        changed.append(fact.recording)
        if fact.recording.state is RecordingState.READY:
            done.set()

    archive.store.after[RecordingChanged] = [tell]
    recording_id = await archive.call("1.wav", talk=3.0)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(archive.service.run())
        async with asyncio.timeout(20):
            while not done.is_set():
                await archive.service.on_timer(IMPORT, str(recording_id), 1)
                await asyncio.sleep(0.01)
                archive.clock.advance(seconds=1)
        running.cancel()
    # How often it is looked at before the file is whole is the machine's affair.
    assert [state for state, _ in groupby(r.state for r in changed)] == [RecordingState.RECORDING, RecordingState.READY]


async def test_at_the_start_everything_that_waits_is_due(archive: Archive) -> None:
    await archive.call("1.wav")
    await archive.service.recover()
    waiting = await due(archive.store)
    assert (waiting[IMPORT], waiting[RETENTION]) == (1, 1)


async def test_retention_deletes_and_a_legal_hold_keeps(archive: Archive) -> None:
    from callengine.access.model import Principal

    judge = Principal(None, "supervisor", None, "Орлова", None)
    kept = []
    for name in ("a", "b"):
        write_wav(archive.pbx / f"{name}.wav", 2.0)
        kept.append(await archive.settle(await archive.call(f"{name}.wav", talk=2.0, linkedid=name)))
    await archive.service.hold(kept[1].id, True, "проверка ГЖИ", judge)
    archive.clock.advance(seconds=91 * 86400)
    await archive.service.on_timer(RETENTION, "sweep", 1)
    gone, held = [await archive.service.get(one.id) for one in kept]
    assert (gone.state, gone.path, gone.peaks) == (RecordingState.EXPIRED, "", None)
    assert not (archive.kept / kept[0].path).exists()
    assert (held.state, (archive.kept / held.path).exists()) == (RecordingState.READY, True)
    assert RETENTION in await due(archive.store)


async def test_a_recording_past_its_term_that_could_not_be_deleted_is_heard_by_nobody_and_deleted_later(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wav(archive.pbx / "a.wav", 2.0)
    kept = await archive.settle(await archive.call("a.wav", talk=2.0, linkedid="a"))
    file = archive.kept / kept.path
    archive.clock.advance(seconds=91 * 86400)
    with monkeypatch.context() as broken:

        def refuse(self: Path, missing_ok: bool = False) -> None:
            raise OSError(30, "Read-only file system")

        broken.setattr(Path, "unlink", refuse)
        await archive.service.sweep()
    gone = await archive.service.get(kept.id)
    assert (gone.state, "Read-only file system" in gone.problem, file.exists()) == (RecordingState.EXPIRED, True, True)
    with pytest.raises(NotFound):
        await archive.service.sound(kept.id)
    await archive.service.sweep()
    gone = await archive.service.get(kept.id)
    assert (gone.path, gone.problem, file.exists()) == ("", "deleted by retention", False)


async def test_an_engine_that_died_before_it_deleted_the_file_deletes_it_after_its_restart(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wav(archive.pbx / "a.wav", 2.0)
    kept = await archive.settle(await archive.call("a.wav", talk=2.0, linkedid="a"))
    archive.clock.advance(seconds=91 * 86400)

    class Killed(BaseException):
        pass

    def die(self: Path, missing_ok: bool = False) -> None:
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr(Path, "unlink", die)
        with pytest.raises(Killed):
            await archive.service.sweep()
    assert (await archive.service.get(kept.id)).state is RecordingState.EXPIRED
    await archive.service.sweep()
    assert not (archive.kept / kept.path).exists()
