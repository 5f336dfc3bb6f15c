"""The generated pages say what the code says."""

from __future__ import annotations

import pytest

from callengine import docs


@pytest.mark.parametrize("name", ["schema.md", "settings.md", "routes.md", "lifecycle.md"])
def test_a_generated_page_is_as_new_as_the_code(name: str) -> None:
    assert (docs.REFERENCE / name).read_text("utf-8") == docs.pages()[name], "run `make docs` and commit"
