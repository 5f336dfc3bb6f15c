"""Settings: a file, the environment over it, and every mistake told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from callengine.config import ConfigError, load


def written(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_shipped_file_is_valid_and_says_what_the_defaults_are() -> None:
    shipped = load(Path(__file__).parents[2] / "config.toml", env={})
    assert shipped.callbacks.operator_seconds == 300
    assert shipped.callbacks.legal_seconds == 600
    assert shipped.pbx.mode == "sandbox"


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "[http]\nport = 1\n")
    settings = load(path, env={"CALLENGINE_HTTP__PORT": "9001", "CALLENGINE_PBX__AMI_SECRET": "s=1;x"})
    assert settings.http.port == 9001
    assert settings.pbx.ami_secret == "s=1;x"


def test_a_list_in_the_environment_is_written_as_toml() -> None:
    settings = load(env={"CALLENGINE_HTTP__PUBLIC_ORIGINS": '["https://desk.example"]'})
    assert settings.http.public_origins == ["https://desk.example"]


def test_every_mistake_is_reported_at_once_with_its_section_and_key(tmp_path: Path) -> None:
    path = written(tmp_path, '[http]\nport = "many"\n[locale]\ntimezone = "Mars/Olympus"\n[pbx]\nmod = "x"\n')
    with pytest.raises(ConfigError) as caught:
        load(path, env={})
    for part in ("[http] port", "[locale] timezone", "Mars/Olympus", "[pbx] mod"):
        assert part in str(caught.value)


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="CALLENGINE_CONFIG"):
        load(env={"CALLENGINE_CONFIG": str(tmp_path / "nowhere.toml")})


def test_a_broken_file_says_where(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="line 1"):
        load(written(tmp_path, "[http\n"), env={})


@pytest.mark.parametrize(
    ("short", "full"),
    [("sqlite:///x.db", "sqlite+aiosqlite:///x.db"), ("postgresql://u@h/d", "postgresql+asyncpg://u@h/d")],
)
def test_a_plain_store_address_is_enough(short: str, full: str) -> None:
    assert load(env={"CALLENGINE_STORE__URL": short}).store.url == full


def test_more_pbxs_are_tables_of_their_own(tmp_path: Path) -> None:
    path = written(tmp_path, '[pbx]\nname = "a"\n[[pbx.more]]\nname = "b"\nami_port = 5039\n')
    assert [(p.name, p.ami_port) for p in load(path, env={}).pbxs] == [("a", 5038), ("b", 5039)]
