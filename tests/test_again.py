"""What `make test` makes of a failure: it never goes green for anything but tests that passed when they ran alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.again import AGAIN, FAILED, HOME

FLAKY = """
from pathlib import Path
def test_flaky():
    seen = Path(__file__).with_name("seen")
    first = not seen.exists()
    seen.touch()
    assert not first
"""
ONCE = FLAKY.replace("def test_flaky", "import pytest\n@pytest.mark.once\ndef test_never_twice")
# What a module of tests holds -> pytest's code, how often pytest runs.
CASES = {
    "passes": ("def test_good(): pass", 0, 1),
    "flaky": (f"def test_good(): pass\n{FLAKY}", 0, 2),
    "wrong": (f"def test_wrong(): assert 0\n{FLAKY}", 1, 2),
    "broken": ("def test_good(): pass\nthis is no Python", 2, 1),
    "interrupted": ("def test_stop():\n    raise KeyboardInterrupt", 2, 1),
    "nothing": ("", 5, 1),
    "skipped": (FLAKY.replace("assert not first", "import pytest\n    first or pytest.skip('no')\n    assert 0"), 1, 2),
    "fixture": (
        "import pytest\n@pytest.fixture\ndef broken():\n    yield\n    assert 0\ndef test_it(broken): pass", 1, 2,
    ),
}  # fmt: skip


def again(folder: Path, text: str, *more: str) -> tuple[int, str]:
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -ra -p no:cacheprovider\nmarkers = once: not again\n")
    (folder / "test_one.py").write_text(text)
    outside = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_") and k not in (FAILED, AGAIN)}
    outside |= {"PYTHONPATH": HOME, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # they take seconds to load
    command = [sys.executable, "-m", "tests.again", "--rootdir", str(folder), *more]
    done = subprocess.run(
        [*command, "test_one.py"], cwd=folder, env=outside, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("case", CASES)
def test_only_failed_tests_are_looked_at_again_and_only_passing_ones_forgive(case: str, tmp_path: Path) -> None:
    text, code, runs = CASES[case]
    status, said = again(tmp_path, text)
    assert status == code, said
    assert said.count("test session starts") == runs, said
    flaky = [line for line in said.splitlines() if line.startswith("flaky: passed alone at the second try: ")]
    assert [line.rpartition(" ")[2] for line in flaky] == (
        ["test_one.py::test_flaky"] if case in ("flaky", "wrong") else []
    )
    if runs == 2:
        assert "each runs once more, by itself:\n  test_one.py::" in said
    if case != "interrupted":  # whose words stand below the line
        assert said.rstrip().splitlines()[-1].startswith("==="), said


@pytest.mark.parametrize("beside", ["", FLAKY.replace('"seen"', '"other"')])
def test_what_is_marked_once_is_never_forgiven_whatever_else_is(beside: str, tmp_path: Path) -> None:
    status, said = again(tmp_path, ONCE + beside)
    assert status == 1, said
    assert "is not tried again, for it is marked once: test_one.py::test_never_twice" in said
    assert ("flaky: passed alone at the second try: test_one.py::test_flaky" in said) is bool(beside)
    assert "did not run at the second try" not in said


def test_what_is_marked_once_is_not_forgiven_either_when_it_killed_its_worker(tmp_path: Path) -> None:
    text = ONCE.replace("assert not first", "import os\n    first and os._exit(3)")
    status, said = again(tmp_path, text, "-p", "xdist", "-n", "1")
    assert "crashed while running" in said
    assert "is not tried again, for it is marked once: test_one.py::test_never_twice" in said
    assert status == 1


def test_a_test_that_kills_its_worker_is_run_again_like_one_that_failed(tmp_path: Path) -> None:
    text = FLAKY.replace("assert not first", "import os\n    first and os._exit(3)")
    status, said = again(tmp_path, text, "-p", "xdist", "-n", "1")
    assert "crashed while running" in said
    assert "flaky: passed alone at the second try: test_one.py::test_flaky" in said
    assert status == 0


@pytest.mark.parametrize("option", ["-x", "--maxfail=1"])
def test_a_run_that_stopped_at_its_first_failure_has_not_run_the_rest_and_is_not_forgiven(
    option: str, tmp_path: Path
) -> None:
    status, said = again(tmp_path, f"{FLAKY}\ndef test_wrong(): assert 0", option)
    assert (status, said.count("test session starts")) == (1, 1), said


def test_wrong_options_are_no_failed_tests(tmp_path: Path) -> None:
    status, said = again(tmp_path, FLAKY, "--no-such-option")
    assert (status, said.count("test session starts")) == (4, 0)
