"""The sandbox's files: least rights, loopback only, and every event that the engine reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from callengine.pbx.translate import WANTED_EVENTS
from callengine.sandbox import config_files, pbx


def _plan(version: int = 22) -> config_files.Plan:
    return config_files.Plan(
        home="/srv/x", modules="/m", available=frozenset(config_files.MODULES) - {"res_monitor"}, version=version,
        sip_port=5070, trunk_port=5090, ami_port=5038, ami_user="callengine", ami_secret="s3cret",
        fastagi="127.0.0.1:4573", operators=3, operator_secret="sandbox", language="ru", timezone="Europe/Moscow",
        settings={"CE_MENU": "yes"},
    )  # fmt: skip


def _files(version: int = 22) -> dict[str, str]:
    return config_files.render(_plan(version), pbx.DIALPLAN, "[general]\n")


@pytest.mark.parametrize("version", [16, 22])
def test_the_filter_lets_through_every_event_that_the_engine_reads(version: int) -> None:
    text = _files(version)["callengine/manager.conf"]
    lines = [line for line in text.splitlines() if line.startswith("eventfilter")]
    if version == 16:
        (line,) = lines
        names = re.findall(r"\((.*)\)\[", line)[0].split("|")
    else:
        names = [re.findall(r"name\((\w+)\)", line)[0] for line in lines]
    assert set(WANTED_EVENTS) <= set(names)


def test_the_engine_gets_no_right_to_run_commands_or_to_change_files() -> None:
    text = _files()["callengine/manager.conf"]
    rights = {name for line in re.findall(r"^(?:read|write) = (.*)$", text, re.M) for name in line.split(",")}
    assert rights == {"system", "call", "agent", "user", "originate", "reporting"}


def test_nothing_listens_beyond_loopback() -> None:
    files = _files()
    assert "bind = 127.0.0.1:5070" in files["pjsip.conf"]
    assert "bindaddr = 127.0.0.1" in files["manager.conf"]
    assert "0.0.0.0" not in files["pjsip.conf"] + files["manager.conf"]


def test_only_modules_that_this_version_has_are_loaded() -> None:
    assert "load = res_monitor.so" not in _files()["modules.conf"]


def test_settings_come_after_the_administrators_file() -> None:
    text = _files()["extensions.conf"]
    assert text.index('#include "callengine/callengine.conf"') < text.index("CE_MENU=yes")


def test_callers_text_stands_only_where_it_cannot_break_out() -> None:
    text = "".join((pbx.DIALPLAN / name).read_text("utf-8") for name in config_files.OURS if name.endswith(".conf"))
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(";"))
    assert not re.search(r"\b(System|TrySystem|SHELL|EVAL)\(", code)
    for use in re.finditer(r"\$\{CALLERID\((?:num|name)\)\}", code):
        before = code[: use.start()]
        assert before.endswith(("Set(CE_NUMBER_SHOWN=", "Set(CE_NAME_SHOWN=", "${LEN(")), before[-60:]


def test_every_file_of_the_dialplan_is_installed() -> None:
    assert {path.name for path in Path(pbx.DIALPLAN).glob("*.conf")} == set(config_files.OURS)
