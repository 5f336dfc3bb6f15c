"""The optional adapter for speech: off by default, honest about what it cannot read."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from callengine.speech.asr import NoAsr, Transcript, digit_in, open_asr
from callengine.speech.voice import Voice


class FakeModel:
    """faster_whisper.WhisperModel as far as we use it."""

    said: ClassVar[list[Any]] = []
    fails: ClassVar[bool] = False
    at_once = most = 0

    def __init__(self, path: str, *, device: str, compute_type: str, local_files_only: bool) -> None:
        assert local_files_only, "nothing is fetched from anywhere"
        assert (device, compute_type) == ("cpu", "int8")
        if "broken" in path:
            raise RuntimeError("unsupported model version")

    def transcribe(self, audio: str, *, language: str, **more: Any) -> tuple[Any, None]:
        if self.fails:
            raise ValueError("no audio stream")
        FakeModel.at_once += 1
        FakeModel.most = max(FakeModel.most, FakeModel.at_once)

        def segments() -> Any:
            yield from self.said
            FakeModel.at_once -= 1

        return segments(), None


def segment(text: str, logprob: float = -0.1, silence: float = 0.01) -> Any:
    return SimpleNamespace(text=text, avg_logprob=logprob, no_speech_prob=silence)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(WhisperModel=FakeModel))
    monkeypatch.setattr(FakeModel, "said", [segment(" Течёт кран. "), segment("Мастера не было.", -0.3)])
    (tmp_path / "model").mkdir()
    (tmp_path / "model/model.bin").write_bytes(b"x")
    return tmp_path / "model"


def test_it_is_off_by_default() -> None:
    assert open_asr("") is None


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(NoAsr, match=r"pip install 'callengine\[asr\]'"):
        open_asr("/models/small")


def test_a_folder_without_a_model_and_a_broken_model_are_named(model: Path, tmp_path: Path) -> None:
    with pytest.raises(NoAsr, match=r"needs model\.bin"):
        open_asr(str(tmp_path))
    broken = model.rename(tmp_path / "broken")
    with pytest.raises(NoAsr, match="unsupported model version"):
        open_asr(str(broken))


async def test_a_comment_becomes_text_with_its_certainty(model: Path, tmp_path: Path) -> None:
    asr = open_asr(str(model))
    assert asr is not None
    heard = await asr.transcribe(tmp_path / "comment.wav", "ru")
    assert heard.text == "Течёт кран. Мастера не было."
    assert 0.7 < heard.certainty < 0.9


async def test_noise_is_no_text(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeModel, "said", [segment("Продолжение следует...", silence=0.9), segment("  ")])
    asr = open_asr(str(model))
    assert asr is not None
    assert await asr.transcribe(tmp_path / "noise.wav", "ru") == Transcript("", 0.0)


async def test_a_recording_that_cannot_be_read_is_an_error(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeModel, "fails", True)
    asr = open_asr(str(model))
    assert asr is not None
    with pytest.raises(NoAsr, match=r"comment\.wav cannot be read: no audio stream"):
        await asr.transcribe(tmp_path / "comment.wav", "ru")


async def test_one_recording_at_a_time(model: Path, tmp_path: Path) -> None:
    asr = open_asr(str(model))
    assert asr is not None
    await asyncio.gather(*(asr.transcribe(tmp_path / "comment.wav", "ru") for _ in range(8)))
    assert FakeModel.most == 1


@pytest.mark.parametrize(
    ("text", "certainty", "language", "digit"),
    [
        ("Пять.", 0.9, "ru", "5"),
        ("ну, пятёрка", 0.9, "ru", "5"),
        ("5", 0.9, "ru", "5"),
        ("five, please", 0.9, "en", "5"),
        ("пять", 0.3, "ru", ""),
        ("не пять", 0.9, "ru", ""),
        ("пять или четыре", 0.9, "ru", ""),
        ("пять, пять", 0.9, "ru", "5"),
        ("10", 0.9, "ru", ""),
        ("25", 0.9, "ru", ""),
        ("отлично", 0.9, "ru", ""),
        ("", 0.0, "ru", ""),
        ("fünf", 0.9, "de", ""),
    ],
)
def test_a_digit_is_taken_from_speech_only_when_it_is_clear(
    text: str, certainty: float, language: str, digit: str
) -> None:
    assert digit_in(Transcript(text, certainty), language) == digit


async def test_the_words_of_a_prompt_are_heard_again(tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper", reason="the extra [asr] is not installed")
    folder = os.environ.get("CALLENGINE_TEST_ASR_MODEL", "")
    if not folder:
        pytest.skip("CALLENGINE_TEST_ASR_MODEL names no model")
    asr = open_asr(folder)
    assert asr is not None
    prompt = await Voice(tmp_path).say("en", "To speak to a dispatcher, press one.")
    heard = (await asr.transcribe(Path(prompt + ".wav"), "en")).text.lower()
    assert "dispatcher" in heard
    assert "press" in heard
