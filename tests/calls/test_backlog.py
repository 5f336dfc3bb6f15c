"""The backlog: what a refusing store does not take waits in order, and nobody else waits with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from callengine.calls import backlog as module
from callengine.calls.backlog import Backlog
from callengine.calls.events import CallArrived, CallFact
from callengine.calls.model import CallKey, Conversation, Direction
from callengine.store.database import StoreBusy

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def fact(name: str) -> CallFact:
    return CallArrived(NOW, Conversation(CallKey("main", name), Direction.INBOUND, NOW))


class Store:
    """Takes facts, unless it is closed; and never the one that is named `bad`."""

    def __init__(self) -> None:
        self.open, self.bad = True, ""
        self.saved: list[list[str]] = []
        self.settled: list[str] = []
        self.asked = asyncio.Event()

    async def save(self, facts: Sequence[CallFact]) -> None:
        self.asked.set()
        if not self.open:
            raise StoreBusy()
        names = [one.call.key.linkedid for one in facts]
        if self.bad in names:
            raise ValueError("it breaks a constraint")
        self.saved.append(names)

    def settle(self, facts: Sequence[CallFact]) -> None:
        self.settled += [one.call.key.linkedid for one in facts]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.001)
    return Store()


async def test_what_waited_for_the_store_commits_together_and_in_order(store: Store) -> None:
    backlog, store.open = Backlog("main", store.save, store.settle), False
    first = backlog.put([fact("1")])
    await store.asked.wait()
    rest = [backlog.put([fact("2"), fact("3")]), backlog.put([fact("4")])]
    assert (backlog.facts, first.done(), store.settled) == (4, False, [])
    store.open = True
    await asyncio.wait_for(asyncio.gather(first, *rest), 10)
    assert store.saved == [["1"], ["2", "3", "4"]]
    assert store.settled == ["1", "2", "3", "4"]
    assert backlog.facts == 0


async def test_a_fact_that_no_store_takes_does_not_take_its_neighbours_along(store: Store) -> None:
    backlog, store.open, store.bad = Backlog("main", store.save, store.settle), False, "3"
    first = backlog.put([fact("1")])
    await store.asked.wait()
    futures = [backlog.put([fact(name)]) for name in ("2", "3", "4")]
    store.open = True
    await asyncio.wait_for(asyncio.wait([first, *futures]), 10)
    assert store.saved == [["1"], ["2"], ["4"]]
    assert [isinstance(future.exception(), ValueError) for future in futures] == [False, True, False]
    assert store.settled == ["1", "2", "3", "4"], "each is settled once, the refused one too"


async def test_what_follows_comes_after_the_save_and_its_failure_is_told_to_who_waits(store: Store) -> None:
    backlog, told = Backlog("main", store.save, store.settle), list[int]()

    async def then() -> None:
        told.append(len(store.saved))

    async def broken() -> None:
        raise StoreBusy()

    await backlog.put([fact("1")], then)
    assert told == [1]
    with pytest.raises(StoreBusy):
        await backlog.put([], broken)
    await backlog.put([fact("2")])
    assert store.saved == [["1"], ["2"]], "the next ones go on"


async def test_what_follows_on_facts_is_heard_before_later_facts_are_told(store: Store) -> None:
    backlog, store.open = Backlog("main", store.save, store.settle), False
    heard = list[list[list[str]]]()

    async def then() -> None:
        heard.append(list(store.saved))

    first = backlog.put([fact("1")])
    await store.asked.wait()
    rest = [backlog.put([fact("2")]), backlog.put([fact("3")], then), backlog.put([fact("4")])]
    store.open = True
    await asyncio.wait_for(asyncio.gather(first, *rest), 10)
    assert heard == [[["1"], ["2", "3"]]], "the answer of a third party, before the end of that call"
    assert store.saved[2:] == [["4"]]


async def test_closing_gives_what_waits_a_moment_and_then_lets_go(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CLOSE_SECONDS", 0.05)
    taken = Backlog("main", store.save, store.settle)
    taken.put([fact("1")])
    await taken.close()
    assert store.saved == [["1"]]
    store.open = False
    never = Backlog("main", store.save, store.settle)
    waiting = never.put([fact("2")])
    await never.close()
    assert waiting.cancelled()
