"""`callengine speech prepare|state`: the static prompts beforehand, with progress, into the folder that calls use."""

from __future__ import annotations

from pathlib import Path

import pytest

from callengine import app
from callengine.cli import main
from callengine.config import Settings
from callengine.menus.dialogues import static_texts
from callengine.robot import voice_of
from callengine.speech.voice import Voice


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("CALLENGINE_STORE__URL", f"sqlite+aiosqlite:///{tmp_path}/speech.db")
    monkeypatch.setenv("CALLENGINE_SPEECH__DIR", str(tmp_path / "prompts"))
    monkeypatch.setenv("CALLENGINE_PBX__MODE", "external")
    monkeypatch.setenv("CALLENGINE_PBX__AMI_SECRET", "secret")
    raw = {"store": {"url": f"sqlite+aiosqlite:///{tmp_path}/speech.db"}, "speech": {"dir": tmp_path / "prompts"}}
    return Settings.model_validate({**raw, "pbx": {"mode": "external", "ami_secret": "secret"}})


def shorten(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """A sample: all of them would take a minute of a core."""
    real = app.StaticPrompts.texts

    async def some(self: app.StaticPrompts) -> list[tuple[str, str]]:
        found = await real(self)
        assert set(found) == set(static_texts())
        return sorted(found, key=lambda one: len(one[1]))[:most]

    monkeypatch.setattr(app.StaticPrompts, "texts", some)


async def test_what_is_missing_is_spoken_with_progress_and_then_none_is(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorten(monkeypatch, 4)
    state = [line async for line in app.speak_static(settings, only_look=True)]
    assert state[-1] == "0 of 4 static prompts are ready, 0 cannot be spoken"
    lines = [line async for line in app.speak_static(settings, only_look=False)]
    assert [line.split()[0] for line in lines[1:-1]] == ["1/4", "2/4", "3/4", "4/4"]
    assert lines[-1] == "4 of 4 static prompts are ready, 0 cannot be spoken"
    voice: Voice = voice_of(settings.speech)
    assert len(list(settings.speech.dir.rglob("*.wav"))) == 4
    assert voice.missing(static_texts()), "the rest is told to be missing"
    again = [line async for line in app.speak_static(settings, only_look=False)]
    assert len(again) == 2, "nothing is spoken twice"


def test_without_any_engine_it_says_what_to_install(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["speech", "prepare"]) == 1
    assert "apt-get install espeak-ng" in capsys.readouterr().err
