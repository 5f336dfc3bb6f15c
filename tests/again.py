"""One part of `make test`: pytest once, and what failed beside other tests once more by itself.

    python -m tests.again -n 3 -m "not alone"

Only a run that ended with "tests failed" (1) is looked at again: an interruption, a broken collection, wrong options or
an error of pytest itself end it at once with pytest's own code, and so does a run that stopped early (-x, --maxfail).
The second run takes exactly the tests that failed. What passes there is flaky and named so; it has to be mended all the
same. What fails again, is skipped or is not found fails the whole. Both runs end with pytest's own closing line.

A test marked `once` tells of what must never happen twice, or be lost: one failure of two is the bug itself. It is
not run again, and fails the whole.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

FAILED = "CALLENGINE_TESTS_FAILED"  # where the first run writes the ids of what failed, one a line
AGAIN = "CALLENGINE_TESTS_AGAIN"  # where the second run reads them
ONCE = "once"  # the mark of tests that are not forgiven


class FailedList:
    """Writes down every test of which any part failed, also its fixtures and a worker that died with it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._failed: dict[str, None] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed[report.nodeid] = None

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if session.shouldfail or session.shouldstop:  # -x, --maxfail: what did not run was not tested
            return
        self._path.write_text("".join(f"{name}\n" for name in self._failed), "utf-8")


class SecondTry:
    """Tells which of the first run's failures passed alone; passes only when all of them did."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._passed: set[str] = set()
        self._failed: set[str] = set()
        self._final: list[str] = []

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        final = [item for item in items if item.get_closest_marker(ONCE)]
        self._final = [item.nodeid for item in final]
        items[:] = [item for item in items if item not in final]
        config.hook.pytest_deselected(items=final)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.add(report.nodeid)
        elif report.when == "call" and report.passed:
            self._passed.add(report.nodeid)

    @property
    def _flaky(self) -> list[str]:
        return [name for name in self._names if name in self._passed - self._failed]

    @pytest.hookimpl(tryfirst=True)  # before the terminal, which prints the closing line by this status
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        ended = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        if ended and len(self._flaky) < len(self._names):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        flaky = self._flaky
        if flaky:
            terminalreporter.write_line(f"flaky: passed alone at the second try: {', '.join(flaky)}", yellow=True)
        for name in self._final:
            terminalreporter.write_line(f"failed, and is not tried again, for it is marked {ONCE}: {name}", red=True)
        for name in self._names:
            if name not in self._passed | self._failed and name not in self._final:
                terminalreporter.write_line(f"failed first and did not run at the second try: {name}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):  # xdist's workers tell their reports to the first process
        return
    if failed := os.environ.get(FAILED):
        config.pluginmanager.register(FailedList(Path(failed)))
    if again := os.environ.get(AGAIN):
        config.pluginmanager.register(SecondTry(Path(again).read_text("utf-8").splitlines()))


def run(arguments: list[str]) -> int:
    """pytest's exit code of the last run."""
    pytest_itself = [sys.executable, "-m", "pytest", "-p", "tests.again"]
    own = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (HOME, os.environ.get("PYTHONPATH"))))}
    own.pop(AGAIN, None)
    own.pop("PYTHONDONTWRITEBYTECODE", None)  # each engine of a story would compile its 290 files anew: 0.7 s or more
    with tempfile.TemporaryDirectory(prefix="callengine-again-") as folder:
        failed = Path(folder) / "failed"
        code = subprocess.run([*pytest_itself, *arguments], env=own | {FAILED: str(failed)}, check=False).returncode
        names = failed.read_text("utf-8").splitlines() if failed.exists() else []
        if code != pytest.ExitCode.TESTS_FAILED or not names:
            return code
        print(f"\n{len(names)} failed; each runs once more, by itself:", *names, sep="\n  ", flush=True)
        own.pop(FAILED, None)
        return subprocess.run([*pytest_itself, f"@{failed}"], env=own | {AGAIN: str(failed)}, check=False).returncode


HOME = str(Path(__file__).resolve().parents[1])

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
