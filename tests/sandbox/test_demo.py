"""The demo's stream without any telephone: whom it calls, how, and that a seed repeats it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from callengine.errors import Conflict, Refused
from callengine.sandbox.demo import KINDS, Demo
from callengine.sandbox.street import Behaviour, Street

DIRECTORY = [f"+7907412{n:04d}" for n in range(1800, 1850)]


class QuietStreet:
    """Keeps what it was asked to do."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Behaviour]] = []
        self.desks: list[str] = []
        self.taken: set[str] = set()

    async def call_in(self, number: str, *, behaviour: Behaviour) -> Any:
        self.calls.append((number, behaviour))
        return SimpleNamespace(number=number)

    async def plug_in(self, extension: str, **_: object) -> None:
        if extension in self.taken:
            raise Conflict
        self.desks.append(extension)


def demo_on(street: QuietStreet, seed: int = 1, **more: Any) -> Demo:
    return Demo(cast(Street, street), DIRECTORY, seed=seed, **more)


async def _stream(seed: int) -> list[tuple[str, Behaviour]]:
    street = QuietStreet()
    demo = demo_on(street, seed)
    for _ in range(12):
        for kind in ("known", "unknown", "withheld", "hangup"):
            await demo.one_call(kind)
    return street.calls


async def test_one_seed_is_one_stream() -> None:
    assert await _stream(1) == await _stream(1)
    assert await _stream(1) != await _stream(2)


async def test_each_kind_is_what_it_says() -> None:
    calls = await _stream(3)
    kinds = [calls[index::4] for index in range(4)]
    assert all(number in DIRECTORY and not how.withheld for number, how in kinds[0])
    assert not any(number in DIRECTORY for number, _ in kinds[1])
    assert all(how.withheld for _, how in kinds[2])
    assert all(how.hang_up_when_ringing or how.hang_up_after_seconds for _, how in kinds[3])


async def test_hang_ups_come_at_every_stage() -> None:
    ups = [how for _, how in (await _stream(4))[3::4]]
    assert any(how.hang_up_when_ringing for how in ups)
    assert any((how.hang_up_after_seconds or 99) < 3 for how in ups)
    assert any((how.hang_up_after_seconds or 0) > 7 for how in ups)


async def test_an_unknown_kind_is_refused_with_the_known_ones_named() -> None:
    with pytest.raises(Refused, match="busy_day"):
        await demo_on(QuietStreet()).one_call("nonsense")
    assert "withheld" in KINDS


async def test_an_operator_with_a_phone_of_his_own_keeps_it() -> None:
    street = QuietStreet()
    street.taken = {"102"}
    await demo_on(street, operators=("101", "102", "103")).staff()
    assert street.desks == ["101", "103"]


async def test_a_demo_without_a_directory_calls_from_strangers() -> None:
    street = QuietStreet()
    await Demo(cast(Street, street), []).one_call("known")
    assert street.calls[0][0].startswith("+7909")
