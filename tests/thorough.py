"""How many examples a dear property gets: `make test` takes new ones each time, `make test-all` all of them at once."""

from __future__ import annotations

import os

THOROUGH = bool(os.environ.get("CALLENGINE_TESTS_THOROUGH"))


def examples(whole: int) -> int:
    """`whole` in `make test-all`; a third in `make test`, which is run oftener and must end within twenty minutes."""
    return whole if THOROUGH else max(8, whole // 3)
