"""The voice out of non-free: only when it is allowed, beside the machine's own sources, and never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from callengine import bootstrap


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A false apt-get that writes down what it was asked; without the file `broken` it succeeds."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "apt-get"
    script.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n'
        'if [ "$1" = indextargets ]; then\n'
        "  echo 'http://mirror.example/debian/ bookworm-updates main'\n"
        "  echo 'http://mirror.example/debian/ bookworm main'\n"
        f"elif [ -e {tmp_path}/broken ]; then echo 'no such component'; exit 100; fi\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(bootstrap, "HOME", tmp_path)
    monkeypatch.setattr(bootstrap, "_present", lambda tool: False)
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 0)
    return tmp_path


def asked(apt: Path) -> list[str]:
    return (apt / "asked").read_text().splitlines() if (apt / "asked").exists() else []


@pytest.mark.parametrize("said", ["", "no", "0"])
def test_it_is_not_installed_unasked(apt: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("CALLENGINE_NONFREE_VOICE", said)
    bootstrap.good_voice()
    assert asked(apt) == []


def test_it_is_installed_beside_the_machines_own_sources(apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLENGINE_NONFREE_VOICE", "yes")
    bootstrap.good_voice()
    _, update, install = asked(apt)
    assert update.endswith("update")
    assert install.endswith("rhvoice rhvoice-russian rhvoice-english")
    for line in (update, install):
        assert f"Dir::Etc::sourcelist={apt}/var/apt/nonfree.list" in line
        assert f"Dir::State::Lists={apt}/var/apt/lists" in line
        assert "Dir::Etc::sourceparts=-" in line
    source = (apt / "var/apt/nonfree.list").read_text()
    assert source.endswith("http://mirror.example/debian/ bookworm main contrib non-free\n")


def test_without_non_free_the_set_up_goes_on(
    apt: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CALLENGINE_NONFREE_VOICE", "yes")
    (apt / "broken").touch()
    bootstrap.good_voice()
    said = capsys.readouterr().out
    assert "espeak-ng speaks instead" in said
    assert "no such component" in said


def test_what_is_there_is_not_installed_again(apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLENGINE_NONFREE_VOICE", "yes")
    monkeypatch.setattr(bootstrap, "_present", lambda tool: tool == "RHVoice-test")
    bootstrap.good_voice()
    assert asked(apt) == []
