"""JSON of the columns: what is written is read again as it was, number for number."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from callengine.store import jsons
from callengine.store.database import Store
from callengine.store.tables import calls

plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
ODD = [2**64 + 1, -(2**63) - 1, "half \ud83d", {"a": ["\udc00", 2**70 + 3]}]


@given(values)
def test_any_value_comes_back_as_it_was(value: Any) -> None:
    assert repr(json.loads(jsons.written(value))) == repr(value)  # a whole number is no rounded one


@pytest.mark.parametrize("odd", ODD, ids=["big", "low", "half", "within"])
def test_what_the_quick_writer_refuses_is_kept_all_the_same(odd: Any) -> None:
    assert repr(json.loads(jsons.written(odd))) == repr(odd)


async def test_a_column_gives_back_what_it_was_given(store: Store) -> None:
    row: dict[str, Any] = {column.name: "" for column in calls.c if not column.nullable and column.name != "id"}
    row |= {"arrived_at": datetime(2026, 11, 22, tzinfo=UTC), "talk_seconds": 0.0, "held_seconds": 0.0}
    row |= {"callback_requested": False, "robot": False, "talks": []}
    offers = [{"улица": "Мира", "number": 2**64 + 1}]
    async with store.begin() as tx:
        await tx.conn.execute(insert(calls), [row | {"linkedid": "1", "offers": offers}])
    async with store.read() as conn:
        assert repr((await conn.execute(select(calls.c.offers))).scalar_one()) == repr(offers)


def test_what_is_no_json_is_an_error_and_not_some_text() -> None:
    with pytest.raises(TypeError):
        jsons.written({"at": datetime(2026, 11, 22, tzinfo=UTC)})


def test_cyrillic_is_written_as_it_is() -> None:
    assert jsons.written({"улица": "Мира"}) == '{"улица":"Мира"}'
