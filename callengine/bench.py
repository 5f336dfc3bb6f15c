"""`callengine bench`: hands over to the benches, which live with the tests in a checkout."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from callengine.errors import EngineError

HOME = Path(__file__).resolve().parent.parent


def report(only: Sequence[str]) -> int:
    """Run the benches (all, or those named); 1 when a target was missed. Raises EngineError outside a checkout."""
    if not (HOME / "tests" / "bench").is_dir():
        raise EngineError("the benches are not part of the installed package: run `make bench` in a checkout")
    return subprocess.run([sys.executable, "-m", "tests.bench", *only], cwd=HOME, check=False).returncode
