"""Files that no call asks for: kept aside and told, or deleted when they hold nothing."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from callengine.recordings.model import RecordingState
from tests.recordings.conftest import Archive, write_wav

WEEK = timedelta(days=7)
HEAD = b"RIFF" + bytes(40)


def came(archive: Archive, path: Path, *, ago: timedelta = timedelta()) -> Path:
    at = (archive.clock.now() - ago).timestamp()
    os.utime(path, (at, at))
    return path


def upload(archive: Archive, name: str = "1.1-caller.wav", *, ago: timedelta = timedelta()) -> Path:
    return came(archive, write_wav(archive.kept / "incoming/far" / name, 2.0, channels=1), ago=ago)


async def test_an_upload_whose_call_never_comes_is_kept_aside_after_its_term_and_told(archive: Archive) -> None:
    sent = upload(archive)
    archive.clock.advance(seconds=WEEK.total_seconds() - 60)
    await archive.service.sweep()
    assert sent.exists()
    assert await archive.service.unclaimed() == []
    archive.clock.advance(seconds=61)
    size = sent.stat().st_size
    await archive.service.sweep()
    assert not sent.exists()
    (one,) = await archive.service.unclaimed()
    assert (one.pbx, one.file_name, one.bytes) == ("far", "1.1-caller.wav", size)
    assert abs(one.arrived_at - (archive.clock.now() - WEEK)) < timedelta(seconds=2)
    assert (archive.kept / "unclaimed/far/1.1-caller.wav").stat().st_size == size


async def test_a_call_that_comes_after_all_gets_its_recording_from_there(archive: Archive) -> None:
    for leg in ("caller", "operator"):
        upload(archive, f"1.1-{leg}.wav", ago=WEEK + timedelta(hours=1))
    await archive.service.sweep()
    made = await archive.call("callengine/1.1-caller.wav,callengine/1.1-operator.wav", talk=2.0, pbx="far")
    recording = await archive.settle(made)
    assert recording.state is RecordingState.READY
    assert await archive.service.unclaimed() == []


async def test_an_upload_that_a_recording_still_waits_for_stays_where_it_is(archive: Archive) -> None:
    await archive.call("callengine/1.1-caller.wav,callengine/1.1-operator.wav", pbx="far")
    first = upload(archive, ago=WEEK + timedelta(hours=1))  # the other leg is on its way
    await archive.service.sweep()
    assert first.exists()


async def test_two_files_of_one_name_are_both_kept(archive: Archive) -> None:
    for _ in range(2):
        upload(archive, ago=WEEK * 2)
        await archive.service.sweep()
    names = {one.file_name for one in await archive.service.unclaimed()}
    assert names == {"1.1-caller.wav", "1.1-caller~2.wav"}


async def test_a_half_of_an_upload_is_none(archive: Archive) -> None:
    half = came(archive, write_wav(archive.kept / "incoming/far/.1.1.wav.ab12.part", 1.0), ago=WEEK * 2)
    await archive.service.sweep()
    assert half.exists()
    assert await archive.service.unclaimed() == []


async def test_what_lies_aside_has_the_retention_of_every_recording(archive: Archive) -> None:
    upload(archive, ago=timedelta(days=89))
    await archive.service.sweep()
    assert len(await archive.service.unclaimed()) == 1
    archive.clock.advance(seconds=timedelta(days=2).total_seconds())
    await archive.service.sweep()
    assert await archive.service.unclaimed() == []


async def test_empty_legs_of_unanswered_calls_are_deleted_after_a_day_and_nothing_else(archive: Archive) -> None:
    ours = archive.pbx / "callengine"
    ours.mkdir(exist_ok=True)

    def leg(path: Path, sound: bytes = b"", *, hours: float = 25) -> Path:
        path.write_bytes(HEAD + sound)
        return came(archive, path, ago=timedelta(hours=hours))

    old = [leg(ours / f"1700000000.1-{who}.wav") for who in ("caller", "operator")]
    kept = [
        leg(ours / "1700000000.2-caller.wav", hours=23),
        leg(ours / "1700000000.3-caller.wav", b"\x00\x01"),
        leg(ours / "greeting.wav"),
        leg(archive.pbx / "1700000000.4-caller.wav"),
        leg(ours / "1700000000.5-caller.wav"),
    ]
    await archive.call("callengine/1700000000.5-caller.wav", linkedid="1700000000.5")  # its import says what is wrong
    await archive.service.sweep()
    assert [path.exists() for path in old] == [False, False]
    assert all(path.exists() for path in kept)


async def test_a_file_that_cannot_be_moved_stays_and_is_tried_again(archive: Archive) -> None:
    sent = upload(archive, ago=WEEK * 2)
    (archive.kept / "unclaimed").write_text("in the way")
    await archive.service.sweep()
    assert sent.exists()
    (archive.kept / "unclaimed").unlink()
    await archive.service.sweep()
    assert [one.file_name for one in await archive.service.unclaimed()] == [sent.name]
