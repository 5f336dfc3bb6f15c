"""JSON of the columns: what is written is read again, and what the releases before wrote too."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callengine.store import jsons

plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(values)
def test_any_value_comes_back_as_it_was_and_so_does_what_the_standard_library_wrote(value: Any) -> None:
    assert jsons.read(jsons.written(value)) == value
    assert jsons.read(json.dumps(value)) == value


@pytest.mark.parametrize(
    "odd", [2**70, -(2**64), "half \ud83d", {"a": ["\udc00", 2**65]}], ids=["big", "low", "half", "in"]
)
def test_what_the_quick_writer_refuses_is_kept_all_the_same(odd: Any) -> None:
    assert jsons.read(jsons.written(odd)) == odd


def test_what_is_no_json_is_an_error_and_not_some_text() -> None:
    with pytest.raises(TypeError):
        jsons.written({"at": datetime(2026, 11, 22, tzinfo=UTC)})
    with pytest.raises(ValueError):
        jsons.read("{")


def test_cyrillic_is_written_as_it_is() -> None:
    assert jsons.written({"улица": "Мира"}) == '{"улица":"Мира"}'
