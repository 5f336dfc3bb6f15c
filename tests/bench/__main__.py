"""Runs the benches and prints one table of ratios; each against the bare thing in the same run."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import tests.bench


def main(only: list[str]) -> int:
    """Each module `bench_NAME` has `run() -> list[(name, ratio, target)]`; a target like ">=2.0" or "<=0.02"."""
    names = sorted(m.name for m in pkgutil.iter_modules(tests.bench.__path__) if m.name.startswith("bench_"))
    chosen = [name for name in names if not only or name.removeprefix("bench_") in only]
    if not chosen:
        print(f"no such bench; there are: {', '.join(n.removeprefix('bench_') for n in names)}", file=sys.stderr)
        return 2
    failed = 0
    print(f"{'what':72} {'ratio':>10} {'target':>10}  ", flush=True)
    for module in chosen:
        for name, ratio, target in importlib.import_module(f"tests.bench.{module}").run():
            held = _holds(ratio, str(target))
            failed += not held
            print(f"{name:72} {ratio:>10.3f} {target!s:>10}  {'ok' if held else 'MISSED'}", flush=True)
    return 1 if failed else 0


def _holds(ratio: float, target: str) -> bool:
    if target.startswith("<="):
        return ratio <= float(target[2:])
    return ratio >= float(target.removeprefix(">="))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
