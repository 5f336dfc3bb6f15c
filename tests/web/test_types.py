"""The shapes of the pages are those of the engine."""

from __future__ import annotations

from callengine.web import generate_types


def test_the_written_types_are_those_of_the_schemas() -> None:
    assert generate_types.TARGET.read_text("utf-8") == generate_types.render(), (
        "run `npm run generate` in callengine/web"
    )
