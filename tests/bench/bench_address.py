"""What a search by address costs at 300 000 residents against 3 000, as people type it, on both databases."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Table, insert, text

from callengine.clock import ManualClock
from callengine.directory import search
from callengine.directory.service import DirectoryService
from callengine.store.database import Store
from callengine.store.directory import HOUSE, NUMBER, NUMBER_END, PERSON
from callengine.store.tables import houses, people, person_numbers, residences, search_words
from tests.bench.bench_routing import postgres, sqlite
from tests.postgres import binaries

SMALL, LARGE = 3_000, 300_000
IN_HOUSE = 100  # residents of a house: 30 houses against 3 000
ON_STREET = 15
ROUNDS = 7
ASKED = 60  # houses a round, each typed in every way
PART = 5_000
ROOTS = (
    "Берёз Дубов Лугов Озёр Степн Горн Камен Соснов Полев Речн Садов Цветоч Клён Ветр Солнеч Гранит Липов Морск".split()
)
ENDS = "ая ецкая инская овская ичная одольская атьевская евая онная уховская ежская иловская".split()
KINDS = ("ул. {}", "{} ул.", "пр-т {}", "{} пер.", "б-р {}")
FAMILIES = "Мельник Кузнец Юсуп Дорох Орл Петр Иван Сидор Гус Лапт Сом Рябин Белян Жук Кисел Тарас Ермак Круг".split()
FIRSTS = "Анна Борис Виктор Глеб Дарья Елена Жанна Зоя Иван Кира Лев Мария Нина Олег Пётр Рустам Софья Тамара".split()


def street_of(house: int) -> str:
    """Streets grow with the town: 15 houses each."""
    n = house // ON_STREET
    name = f"{ROOTS[n % len(ROOTS)]}{ENDS[n // len(ROOTS) % len(ENDS)]}"
    return KINDS[n % len(KINDS)].format(name)


def number_of(house: int) -> str:
    n = house % ON_STREET
    return f"{n * 2 + 1}" if n % 5 else f"{n * 2 + 1}А"


async def fill(store: Store, residents: int) -> int:
    """A town of so many residents, written in bulk past the services. Returns the number of houses."""
    count = residents // IN_HOUSE
    homes = [{"id": n + 1, **_house(n)} for n in range(count)]
    dice = random.Random(11)
    persons = [
        {"id": n, "code": f"R-{n}", "name": name, "search": " ".join(search.words_of(name))}
        for n in range(1, residents + 1)
        for name in [f"{dice.choice(FAMILIES)}ов{dice.choice('аы')} {dice.choice(FIRSTS)}"]
    ]
    numbers = [{"person_id": n, "number": f"+79{n * 2_963 % 10**9:09d}"} for n in range(1, residents + 1)]
    flats = [_flat(n) for n in range(1, residents + 1)]
    for table, values in ((houses, homes), (people, persons), (person_numbers, numbers), (residences, flats)):
        await _pour(store, table, values)
    await _pour(store, search_words, list(_words(homes, persons, numbers)))
    async with store.begin() as tx:
        await tx.conn.execute(text("ANALYZE"))
    return count


def _house(n: int) -> dict[str, Any]:
    street, number = street_of(n), number_of(n)
    found = " ".join(search.house_words(street, number))
    return {"code": f"H-{n}", "street": street, "number": number, "search": found, "features": []}


def _flat(n: int) -> dict[str, Any]:
    return {"person_id": n, "house_id": 1 + (n - 1) // IN_HOUSE, "premise": f"{1 + n % IN_HOUSE}", "relation": ""}


def _words(homes: Sequence[Any], persons: Sequence[Any], numbers: Sequence[Any]) -> Iterator[dict[str, Any]]:
    for row in homes:
        yield from _of(HOUSE, row["id"], row["search"].split())
    for row in persons:
        yield from _of(PERSON, row["id"], row["search"].split())
    for row in numbers:
        begin, end = search.number_words(row["number"])
        yield from _of(NUMBER, row["person_id"], [begin])
        yield from _of(NUMBER_END, row["person_id"], [end])


def _of(kind: str, subject: int, its: Sequence[str]) -> list[dict[str, Any]]:
    return [{"kind": kind, "word": word, "subject_id": subject} for word in dict.fromkeys(its)]


async def _pour(store: Store, table: Table, values: Sequence[Any]) -> None:
    async with store.begin() as tx:
        for start in range(0, len(values), PART):
            await tx.conn.execute(insert(table), values[start : start + PART])


def typed(house: int) -> list[str]:
    """One address as people type it: unfinished, whole, with its kind, with a slip, on the wrong keyboard."""
    name = search.address_words(street_of(house))[0]
    number = number_of(house)
    slip = name[:3] + name[4] + name[3] + name[5:]
    wrong = name.translate(str.maketrans(search._KEYS_RU, search._KEYS_EN))
    return [name[:4], f"{name} {number[0]}", f"ул {name} {number}", f"{slip} {number}", f"{wrong} {number}"]


async def ask(directory: DirectoryService, places: Sequence[int]) -> float:
    """Seconds that a house and a flat of it take to be found: the median over the houses."""
    took = []
    for house in places:
        began = time.perf_counter()
        for q in typed(house):
            found = await directory.houses(q)
            assert found, q
        assert found[0].house.id == house + 1, "the whole address names its house first"
        assert await directory.people(f"{typed(house)[2]} кв 61")
        took.append(time.perf_counter() - began)
    return statistics.median(took)


async def ratio(urls: tuple[str, str]) -> float:
    """Large against small, in turn; the median of the rounds' ratios, the first one warms up."""
    stores, dice, found = [Store(url) for url in urls], random.Random(3), []
    try:
        counts = [await fill(store, size) for store, size in zip(stores, (SMALL, LARGE), strict=True)]
        asked = [DirectoryService(store, ManualClock()) for store in stores]
        for _ in range(ROUNDS + 1):
            few, many = [
                await ask(directory, [dice.randrange(count) for _ in range(ASKED)])
                for directory, count in zip(asked, counts, strict=True)
            ]
            found.append(many / few)
    finally:
        for store in stores:
            await store.close()
    return statistics.median(found[1:])


async def _measure(databases: Any) -> float:
    async with databases() as urls:
        return await ratio(urls)


def run() -> list[tuple[str, float, str]]:
    found = [("address search at 300 000 residents / at 3 000 (SQLite)", asyncio.run(_measure(sqlite)), "<=1.5")]
    if binaries() is not None:
        name = "address search at 300 000 residents / at 3 000 (PostgreSQL)"
        found.append((name, asyncio.run(_measure(postgres)), "<=1.5"))
    return found
