"""The prompts: spoken once, fit for a telephone, in both languages."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from callengine.sandbox import prompts
from callengine.sandbox.prompts import NoVoice
from callengine.speech import voice


@pytest.fixture
def two_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "TEXTS", {"ru": {"greeting": "Здравствуйте!"}, "en": {"greeting": "Hello!"}})


def test_prompts_are_spoken_once_as_8_khz_mono(
    two_texts: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts.render_all(tmp_path / "sounds", tmp_path / "cache")
    for language in ("ru", "en"):
        with wave.open(str(tmp_path / f"sounds/{language}/callengine/greeting.wav")) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
            assert file.getnframes() > 4000

    def no_more(*_: object) -> None:
        raise AssertionError("spoken twice")

    monkeypatch.setattr(voice, "execute", no_more)
    prompts.render_all(tmp_path / "other", tmp_path / "cache")
    assert (tmp_path / "other/ru/callengine/tone.wav").exists()


def test_without_a_voice_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice.shutil, "which", lambda _: None)
    with pytest.raises(NoVoice, match="apt-get install espeak-ng"):
        prompts.render_all(tmp_path / "sounds", tmp_path / "cache")


def test_both_languages_have_the_same_prompts() -> None:
    assert prompts.TEXTS["ru"].keys() == prompts.TEXTS["en"].keys()
