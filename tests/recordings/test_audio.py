"""Sound files as they really are: whole, cut off, lying, empty; and Opus that keeps two people apart."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest

from callengine.recordings import audio
from tests.recordings.conftest import RATE, write_wav


def test_a_whole_file_tells_its_length(tmp_path: Path) -> None:
    wav = audio.probe(write_wav(tmp_path / "a.wav", 3.0))
    assert (wav.seconds, wav.channels, wav.rate, wav.whole) == (3.0, 2, RATE, True)


def test_a_cut_off_file_has_what_is_on_the_disk(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", 4.0)
    path.write_bytes(path.read_bytes()[: 44 + RATE * 4])
    wav = audio.probe(path)
    assert (wav.seconds, wav.whole) == (1.0, False)


@pytest.mark.parametrize("promise", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_header_that_lies_is_not_believed(tmp_path: Path, promise: int) -> None:
    path = write_wav(tmp_path / "a.wav", 2.0)
    raw = bytearray(path.read_bytes())
    raw[40:44] = struct.pack("<I", promise)
    path.write_bytes(raw)
    wav = audio.probe(path)
    assert (wav.seconds, wav.whole) == (2.0, False)


def test_what_follows_the_samples_is_no_sound(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", 2.0)
    path.write_bytes(path.read_bytes() + b"LIST" + struct.pack("<I", 4000) + bytes(4000))
    assert audio.probe(path).seconds == 2.0


def test_a_file_of_44_bytes_holds_no_sound(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", 0)
    assert path.stat().st_size == 44
    assert audio.probe(path).seconds == 0.0
    assert audio.peaks(path, audio.probe(path)) == b""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"ID3" * 20,
        b"RIFF\x00\x00\x00\x00WAVEfmt \x04\x00\x00\x00\x01\x00\x01\x00",
        b"RIFF\x00\x00\x00\x00WAVEdata\x04\x00\x00\x00abcd",
    ],
)
def test_rubbish_is_refused_with_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(audio.NotAudio, match=r"\w"):
        audio.probe(path)


def test_peaks_show_who_speaks(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", 3.0, silent=1)
    peaks = audio.peaks(path, audio.probe(path), 100)
    assert len(peaks) == 200
    assert min(peaks[0::2]) > 50
    assert max(peaks[1::2]) == 0


def test_a_mono_file_shows_the_same_twice(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", 1.0, channels=1)
    peaks = audio.peaks(path, audio.probe(path), 10)
    assert peaks[0::2] == peaks[1::2] != b""


def test_opus_keeps_both_sides_apart_and_its_length(tmp_path: Path) -> None:
    source = write_wav(tmp_path / "a.wav", 6.0, silent=1)
    wav = audio.probe(source)
    kept = audio.keep_opus(source, wav, tmp_path / "a.opus")
    assert kept.bytes == (tmp_path / "a.opus").stat().st_size < source.stat().st_size / 4
    assert kept.sha256 == audio.sha256(tmp_path / "a.opus")
    assert audio.decoded_seconds(tmp_path / "a.opus", 2) == pytest.approx(6.0, abs=0.05)
    command = [
        "opusdec",
        "--quiet",
        "--rate",
        str(RATE),
        "--force-wav",
        str(tmp_path / "a.opus"),
        str(tmp_path / "b.wav"),
    ]
    subprocess.run(command, check=True)
    # At 16 kbit/s Opus merges the channels: the silent side would speak with the other's voice.
    peaks = audio.peaks(tmp_path / "b.wav", audio.probe(tmp_path / "b.wav"), 50)
    assert sum(peaks[1::2]) < sum(peaks[0::2]) / 20


def test_an_encode_that_lost_sound_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_wav(tmp_path / "a.wav", 3.0)
    monkeypatch.setattr(audio, "decoded_seconds", lambda *_: 1.0)
    with pytest.raises(audio.EncodeFailed, match="instead of"):
        audio.keep_opus(source, audio.probe(source), tmp_path / "a.opus")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav"]


def test_a_missing_encoder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_wav(tmp_path / "a.wav", 1.0)
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "nice").symlink_to("/usr/bin/nice")
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(audio.EncodeFailed, match="opusenc failed"):
        audio.keep_opus(source, audio.probe(source), tmp_path / "a.opus")


def test_two_legs_become_left_and_right(tmp_path: Path) -> None:
    caller = write_wav(tmp_path / "caller.wav", 3.0, channels=1)
    operator = write_wav(tmp_path / "operator.wav", 2.0, channels=1, silent=0)
    audio.merge([caller, operator], tmp_path / "both.wav")
    wav = audio.probe(tmp_path / "both.wav")
    peaks = audio.peaks(tmp_path / "both.wav", wav, 20)
    assert (wav.channels, wav.seconds) == (2, 3.0)
    assert max(peaks[1::2]) == 0 < min(peaks[0::2])
