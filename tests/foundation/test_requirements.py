"""docs/reference/requirements.md: a row each, and what it names is there. Only names are read: nothing is run here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from callengine import docs

ROOT = docs.REFERENCE.parent.parent
ROW = re.compile(r"^\| ([RF])(\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.M)
TEXT = (docs.REFERENCE / "requirements.md").read_text("utf-8")
ROWS = {f"{kind}{number}": (state, where, tests) for kind, number, _, state, where, tests in ROW.findall(TEXT)}
NEVER_GIVEN = {20, 28, 36, 37, 38, 41}  # numbers that the list of complaints does not have


@cache
def written(path: Path) -> frozenset[str]:
    """The names of the tests in a file, which is read and not run."""
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text("utf-8"))
    return frozenset(n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def faults(row: str, state: str, where: str, tests: str) -> Iterator[str]:
    if state not in ("built", "partly", "not built", "context"):
        yield f"{row}: {state!r} is no state"
    for path in re.findall(r"`((?:callengine|dialplan)/[^`]+)`", where):
        if not (ROOT / path).exists():
            yield f"{row}: {path} is not there"
    named = re.findall(r"`([^`]+)`", tests)
    for path, _, name in (one.partition("::") for one in named):
        if name not in written(ROOT / path):
            yield f"{row}: {path} has no {name}: was it renamed?"
    if state in ("built", "partly"):
        if bool(named) is (tests == "**no test**"):
            yield f"{row}: name the test that shows it, or write **no test**"
        if "`" not in where:
            yield f"{row}: say where it is"
    elif tests != "—":
        yield f"{row} is {state}: a test of it says that it is built"


def test_every_row_stands_there_once_and_in_order() -> None:
    told = re.findall(r"^\| ([RF]\d+) \|", TEXT, re.M)
    assert told == [f"R{n}" for n in range(1, 206)] + [f"F{n}" for n in range(1, 45) if n not in NEVER_GIVEN]
    assert told == list(ROWS), "a row of another shape: five cells, no upright stroke within"


def test_what_each_row_names_is_there() -> None:
    assert [fault for row, said in ROWS.items() for fault in faults(row, *said)] == []


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (("done", "—", "—"), "no state"),
        (("built", "`callengine/gone.py`", "**no test**"), "is not there"),
        (("built", "`callengine/app.py`", "`tests/test_app.py::test_nothing_of_the_sort`"), "renamed"),
        (("built", "`callengine/app.py`", "`tests/test_gone.py::test_it`"), "renamed"),
        (("built", "`callengine/app.py`", "—"), "name the test"),
        (("partly", "somewhere", "**no test**"), "say where"),
        (("not built", "—", "`tests/test_app.py::test_x`"), "says that it is built"),
    ],
)
def test_what_is_not_so_is_told(said: tuple[str, str, str], fault: str) -> None:
    assert any(fault in one for one in faults("R0", *said))
