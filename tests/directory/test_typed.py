"""An address as it is typed, letter by letter, in every spelling: the house itself is always among what is found."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callengine.clock import ManualClock
from callengine.directory import search
from callengine.directory.imports import Imports
from callengine.directory.service import DirectoryService
from callengine.store.database import Store
from tests.thorough import examples

NAMES = ["Мира", "Чкалова", "Зелёная", "40 лет Октября", "1-я Садовая", "Речной", "Космонавта Леонова", "Бульварная"]
KINDS = ["ул. {}", "пр-т {}", "пр. {}", "{} пер.", "{} бульвар", "улица {}", "{} проезд", "б-р {}"]
NUMBERS = ["1", "7", "17", "17А", "170", "8к2", "1/2", "44", "12с3"]
STREETS = st.builds(lambda kind, name: kind.format(name), st.sampled_from(KINDS), st.sampled_from(NAMES))
HOUSES = st.lists(st.tuples(STREETS, st.sampled_from(NUMBERS)), min_size=1, max_size=12, unique=True)


async def town(store: Store, clock: ManualClock, houses: list[Any]) -> DirectoryService:
    rows = "".join(f"H-{n},{street},{number}\n" for n, (street, number) in enumerate(houses))
    imports = Imports(store, clock, ZoneInfo("Europe/Moscow"))
    await imports.import_csv("houses", ("code,street,number\n" + rows).encode())
    return DirectoryService(store, clock)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(houses=HOUSES, data=st.data())
async def test_a_typed_beginning_of_a_houses_own_address_always_finds_it(
    sqlite_url: str, clock: ManualClock, houses: list[Any], data: st.DataObject
) -> None:
    store = Store(sqlite_url)
    try:
        directory = await town(store, clock, houses)
        n = data.draw(st.integers(0, len(houses) - 1))
        address = ", ".join(houses[n])
        for end in range(1, len(address) + 1):
            typed = address[:end]
            found = [hit.house.code for hit in await directory.houses(typed, limit=200)]
            assert f"H-{n}" in found, typed
    finally:
        await store.close()


HOUSE = [
    ("ул. Чкалова", "17"),
    ("ул. Чкалова", "17А"),
    ("ул. Чкалова", "170"),
    ("пр-т Мира", "44"),
    ("ул. Мира", "8к2"),
]
TYPED = [
    ("чкалова 17 а", 1),
    ("чкалова 17a", 1),
    ("чк 17", 0),
    ("чкалвоа 17", 0),
    ("xrfkjdf 17", 0),
    ("ул чкалова д 17", 0),
    ("пр. мира 44", 3),
    ("пр-т мира, 44", 3),
    ("просп мира 44", 3),
    ("vbhf 44", 3),
    ("мира 8 корп 2", 4),
    ("мира 8 к 2", 4),
    ("мира 8 корпус", 4),
]


@pytest.mark.parametrize(("typed", "expected"), TYPED)
async def test_spellings_slips_and_the_wrong_keyboard_name_the_house_first(
    sqlite_store: Store, clock: ManualClock, typed: str, expected: int
) -> None:
    directory = await town(sqlite_store, clock, HOUSE)
    found = [hit.house.code for hit in await directory.houses(typed)]
    assert found[:1] == [f"H-{expected}"]


def test_a_kind_of_street_is_known_before_it_is_typed_to_its_end() -> None:
    assert search.may_become_kind("бульв") and search.may_become_kind("корп")
    assert not search.may_become_kind("чкалов")
