"""Spoken comments read by a machine: beside the recording, one at a time, gone with it; off unless asked for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from callengine.recordings.events import RecordingChanged
from callengine.recordings.model import MachineText, RecordingState
from callengine.recordings.transcripts import MOST_TRIES, Transcripts
from callengine.speech.asr import AsrProcess, NoAsr, Transcriber, Transcript
from callengine.store import transcripts as rows
from callengine.store.database import Store
from tests.recordings.conftest import Archive, write_wav

COMMENT = "callengine/robot-1-comment.wav"


class Reader:
    """What is heard is what the test says."""

    def __init__(self) -> None:
        self.heard: Transcript | Exception = Transcript("Кран опять течёт.", 0.71)
        self.asked: list[tuple[str, str]] = []
        self.missing: NoAsr | None = None

    def __call__(self) -> Transcriber:
        if self.missing:
            raise self.missing
        return self

    async def transcribe(self, recording: Path, language: str) -> Transcript:
        self.asked.append((recording.suffix, language))
        assert recording.is_file()
        await asyncio.sleep(0)
        if isinstance(self.heard, Exception):
            raise self.heard
        return self.heard


def listening(archive: Archive, reader: Reader, model: str = "base") -> Transcripts:
    made = Transcripts(archive.store, archive.clock, archive.service.folder, model=model, language="ru", reader=reader)
    archive.store.within[RecordingChanged] = [made.on_recording]
    archive.store.after[RecordingChanged] = [made.wake]
    return made


async def kept(archive: Archive, name: str = COMMENT, linkedid: str = "1.1") -> int:
    write_wav(archive.pbx / name, 3.0, channels=1)
    recording_id = await archive.call("", message=name, linkedid=linkedid)
    assert (await archive.settle(recording_id)).state is RecordingState.READY
    return recording_id


async def heard(store: Store, recording_id: int) -> MachineText | None:
    async with store.read() as conn:
        return await rows.get(conn, recording_id)


async def test_a_comment_is_read_and_kept_with_its_model_and_certainty(archive: Archive) -> None:
    reader = Reader()
    transcripts = listening(archive, reader)
    recording_id = await kept(archive)
    waiting = await heard(archive.store, recording_id)
    assert waiting is not None and (waiting.state, waiting.text) == ("waiting", "")
    told: list[RecordingChanged] = []
    archive.store.after[RecordingChanged] = [told.append]  # type: ignore[list-item]
    assert await transcripts.read_all() == 1
    found = await heard(archive.store, recording_id)
    assert found is not None
    assert (found.state, found.text, found.certainty, found.model) == ("ready", "Кран опять течёт.", 0.71, "base")
    assert found.done_at == archive.clock.now()
    assert reader.asked == [(".opus", "ru")]
    assert [one.recording.id for one in told] == [recording_id], "an open page sees it come"
    assert await transcripts.read_all() == 0, "once is enough"
    assert await archive.service.heard(recording_id) == found


async def test_without_a_model_nothing_is_asked_and_nothing_breaks(archive: Archive) -> None:
    transcripts = listening(archive, Reader(), model="")
    recording_id = await kept(archive)
    assert await heard(archive.store, recording_id) is None
    assert not transcripts.is_on and transcripts.problem == ""


async def test_conversations_and_voice_messages_are_nobodys_comment(archive: Archive) -> None:
    listening(archive, Reader())
    write_wav(archive.pbx / "1.wav", 5.0)
    conversation = await archive.call("1.wav", talk=5.0, linkedid="2.2")
    await archive.settle(conversation)
    message = await kept(archive, "callengine/message-7.wav", "3.3")
    assert await heard(archive.store, conversation) is None
    assert await heard(archive.store, message) is None


async def test_silence_is_said_to_be_silence(archive: Archive) -> None:
    reader = Reader()
    reader.heard = Transcript("", 0.0)
    transcripts = listening(archive, reader)
    recording_id = await kept(archive)
    await transcripts.read_all()
    found = await heard(archive.store, recording_id)
    assert found is not None and (found.state, found.certainty) == ("silent", None)


async def test_what_fails_is_tried_again_some_times_and_keeps_no_other(archive: Archive) -> None:
    reader = Reader()
    transcripts = listening(archive, reader)
    first = await kept(archive)
    reader.heard = NoAsr("was not read within 300 s")
    for _ in range(MOST_TRIES + 1):
        await transcripts.read_all()
    found = await heard(archive.store, first)
    assert found is not None
    assert (found.state, found.tries, found.problem) == ("failed", MOST_TRIES, "was not read within 300 s")
    assert len(reader.asked) == MOST_TRIES
    assert (await archive.service.get(first)).state is RecordingState.READY, "the sound is as it was"
    reader.heard = Transcript("Спасибо.", 0.9)
    second = await kept(archive, "callengine/robot-2-comment.wav", "2.2")
    await transcripts.read_all()
    other = await heard(archive.store, second)
    assert other is not None and other.text == "Спасибо."


async def test_without_the_extra_comments_wait_and_the_reason_is_told(archive: Archive) -> None:
    reader = Reader()
    transcripts = listening(archive, reader)
    recording_id = await kept(archive)
    reader.missing = NoAsr("there is no model of faster-whisper in /m: it needs model.bin")
    assert await transcripts.read_all() == 0
    assert "needs model.bin" in transcripts.problem
    waiting = await heard(archive.store, recording_id)
    assert waiting is not None and (waiting.state, waiting.tries) == ("waiting", 0)
    reader.missing = None
    assert await transcripts.read_all() == 1
    assert transcripts.problem == ""


async def test_at_the_start_a_missing_model_is_known_before_any_comment(archive: Archive, tmp_path: Path) -> None:
    made = Transcripts(
        archive.store,
        archive.clock,
        tmp_path,
        model="none",
        language="ru",
        reader=lambda: AsrProcess(tmp_path / "none"),
    )
    running = asyncio.ensure_future(made.run())
    async with asyncio.timeout(20):
        while not made.problem:
            await asyncio.sleep(0.01)
    assert "it needs model.bin, config.json, tokenizer.json" in made.problem
    assert not running.done()
    running.cancel()


async def test_the_words_go_with_the_sound(archive: Archive) -> None:
    transcripts = listening(archive, Reader())
    recording_id = await kept(archive)
    await transcripts.read_all()
    archive.clock.advance(seconds=91 * 86_400)
    assert await archive.service.sweep() == 1
    assert (await archive.service.get(recording_id)).state is RecordingState.EXPIRED
    assert await heard(archive.store, recording_id) is None


async def test_a_comment_that_was_deleted_while_it_was_read_leaves_no_words(archive: Archive) -> None:
    reader = Reader()
    transcripts = listening(archive, reader)
    recording_id = await kept(archive)

    class Slow(Reader):
        async def transcribe(self, recording: Path, language: str) -> Transcript:
            archive.clock.advance(seconds=91 * 86_400)
            await archive.service.sweep()
            return Transcript("Кран опять течёт.", 0.7)

    transcripts._reader = Slow()
    await transcripts.read_all()
    assert await heard(archive.store, recording_id) is None


async def test_it_reads_by_itself_when_a_comment_comes(archive: Archive) -> None:
    transcripts = listening(archive, Reader())
    running = asyncio.ensure_future(transcripts.run())
    recording_id = await kept(archive)
    async with asyncio.timeout(20):
        while (found := await heard(archive.store, recording_id)) is None or found.state == "waiting":
            await asyncio.sleep(0.01)
    assert found.text == "Кран опять течёт."
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
