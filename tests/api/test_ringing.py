"""Who rings is said before it is durable: to him alone, and nothing of it outlives what the store says."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import orjson
import pytest
from aiohttp import ClientWebSocketResponse

from callengine import bridge as module
from callengine.api.live import LiveHub
from callengine.api.ringing import _message
from callengine.api.schemas import PersonRef, Ringing
from callengine.bridge import Bridge
from callengine.calls.events import CallFact
from callengine.calls.model import CallKey, Conversation, Direction
from callengine.calls.signals import Signal
from callengine.calls.signals import Snapshot as ChannelsAlive
from callengine.clock import ManualClock
from callengine.config import Locale, OnePbx
from callengine.pbx.wire import RawEvent
from callengine.phone import WITHHELD
from callengine.store.database import StoreFull, sqlite_path
from tests.api.conftest import Desk
from tests.api.test_live import OPERATOR, OTHER, drained, heard, until
from tests.calls.dsl import Line, Story


async def nothing(*_: object) -> None:
    pass


class Pbx:
    """A bridge at the desk's own services, fed with what a story says; `ahead` wired as app.py does."""

    def __init__(self, desk: Desk) -> None:
        services = desk.services
        self.bridge = Bridge(
            OnePbx(name="main"),
            desk.clock,
            locale=Locale(),
            calls=services.calls,
            coverage=services.coverage,
            on_state=nothing,
            on_resynced=nothing,
            on_dialled=nothing,
        )
        self.bridge.ahead = desk.screens.ringing
        self.bridge._signals = lambda batch: iter(self._drain)  # type: ignore[method-assign]
        self.story = Story()
        self._drain: Sequence[Signal] = ()
        self._fed = 0
        self._now = desk.clock.now()

    async def says(self) -> None:
        """All that the story has got since, in one drain of the link's queue."""
        self._drain = self.story.signals[self._fed :]
        self._fed = len(self.story.signals)
        await self.bridge._events([RawEvent({}, self._now, 0.0)])


@pytest.fixture
async def pbx(desk: Desk) -> AsyncIterator[Pbx]:
    made = Pbx(desk)
    yield made
    await made.bridge.close()


@contextmanager
def locked(desk: Desk) -> Iterator[sqlite3.Connection]:
    """Another program holds the database's write lock; the test gives it back by `rollback`."""
    path = sqlite_path(desk.store.url)
    assert path is not None
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        other.close()


@asynccontextmanager
async def screen(desk: Desk, after: int | None = None, login: str = "") -> AsyncIterator[ClientWebSocketResponse]:
    headers = desk.headers()
    if login:
        token = await desk.services.access.create_token(login, "operator", staff_id=await desk.staff_id(login))
        headers = {"Authorization": f"Bearer {token}"}
    path = "/api/v1/live" + (f"?after={after}" if after is not None else "")
    async with desk.client.ws_connect(path, headers=headers) as ws:
        yield ws


def of_calls(some: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(m["type"], m["data"]["state"] if m["type"] == "call" else m["data"]["rings"]) for m in some if m["data"]]


async def test_with_the_database_locked_its_operator_sees_at_once_who_rings(desk: Desk, pbx: Pbx) -> None:
    async with screen(desk) as ws:
        await heard(ws, "hello")
        with locked(desk) as other:
            caller = pbx.story.arrives("+79074121806")
            await pbx.says()
            caller.joins()
            ring = caller.rings("101")
            await pbx.says()
            got = await heard(ws, "ringing")
            assert len(got) == 1, "nothing else of it is told"
            said = Ringing.model_validate(got[0]["data"])
            assert (said.rings, said.number, said.pbx) == (True, "+79074121806", "main")
            assert await desk.services.calls.live() == [], "nothing is durable, not even that he called"
            assert pbx.bridge._backlog.facts >= 2
            other.rollback()
        got += await heard(ws, "board")
        ring.answers()
        await pbx.says()
        got += await heard(ws, "board")
        pbx.story.end_all()
        await pbx.says()
        got += await heard(ws, "board")
    states = [state for _, state in of_calls([m for m in got if m["type"] in ("ringing", "call")])]
    assert states[0] is True
    assert [state for n, state in enumerate(states) if n == 0 or state != states[n - 1]][1:] == [
        "offered",
        "talking",
        "ended",
    ]
    numbers = [m["seq"] for m in got]
    assert numbers == sorted(set(numbers))
    (call,) = {m["data"]["linkedid"] for m in got if m["type"] in ("ringing", "call")}
    assert call == said.linkedid, "the durable message is of the same call"


async def test_what_the_store_will_never_take_is_taken_back(
    desk: Desk, pbx: Pbx, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with screen(desk) as ws:
        await heard(ws, "hello")

        async def broken(facts: Sequence[CallFact]) -> None:
            raise ValueError("no such column")

        monkeypatch.setattr(pbx.bridge._backlog, "_save", broken)
        pbx.story.arrives("+79074121806").rings("101")
        with pytest.raises(ValueError, match="no such column"):
            await pbx.says()
        first, second = await heard(ws, "ringing"), await heard(ws, "ringing")
    assert [m["data"]["rings"] for m in (*first, *second)] == [True, False]
    late = await drained(desk.services.live, OPERATOR, None)
    assert [m["type"] for m in late] == ["hello"], "who connects now hears nothing of it"
    assert not desk.screens.ringing._said and not desk.screens.ringing._unsettled


async def test_a_full_disk_keeps_it_standing_until_the_store_takes_it(
    desk: Desk, pbx: Pbx, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, tried = desk.services.calls.save, list[int]()
    room = asyncio.Event()

    async def full(facts: Sequence[CallFact]) -> None:
        tried.append(len(facts))
        if not room.is_set():
            raise StoreFull()
        await save(facts)

    monkeypatch.setattr(pbx.bridge._backlog, "_save", full)
    monkeypatch.setattr("callengine.calls.backlog.RETRY_SECONDS", 0.01)
    pbx.story.arrives("+79074121806").rings("101")
    await pbx.says()
    await until(lambda: len(tried) > 2)
    assert [m["type"] for m in await drained(desk.services.live, OPERATOR, None)] == ["hello", "ringing"]
    room.set()
    await until(lambda: not pbx.bridge._backlog.facts)
    assert [m["type"] for m in await drained(desk.services.live, OPERATOR, None)] == ["hello"]
    assert [one.call.number.value for one in await desk.services.calls.live()] == ["+79074121806"]


async def test_nobody_else_hears_of_it(desk: Desk, pbx: Pbx) -> None:
    async with screen(desk) as mine, screen(desk, login="gusev") as theirs:
        await heard(mine, "hello")
        await heard(theirs, "hello")
        pbx.story.arrives("+79074121806").rings("101")
        await pbx.says()
        assert (await heard(mine, "board"))[0]["type"] == "ringing"
        assert "ringing" not in {m["type"] for m in await heard(theirs, "board")}
    with locked(desk):
        pbx.story.arrives("+79074121807").rings("101")
        await pbx.says()
        assert [m["type"] for m in await drained(desk.services.live, OTHER, None)] == ["hello"]


async def test_a_withheld_number_is_not_said_and_neither_is_a_name(desk: Desk, pbx: Pbx) -> None:
    async with screen(desk) as ws:
        await heard(ws, "hello")
        pbx.story.arrives("").rings("101")
        await pbx.says()
        (said,) = await heard(ws, "ringing")
    assert {k: said["data"][k] for k in ("number", "number_kind", "name", "people")} == {
        "number": "", "number_kind": "withheld", "name": "", "people": [],
    }  # fmt: skip


def test_what_the_network_sent_with_a_withheld_number_is_not_said_either(clock: ManualClock) -> None:
    isolda = PersonRef(id=1, name="Кузнецова Изольда Марковна", address="ул. Чкалова, 17", premise="184")
    hidden = Conversation(CallKey("main", "1.1"), Direction.INBOUND, clock.now(), number=WITHHELD, name="Кузнецова И.")
    said = _message(hidden, [isolda], rings=True)
    assert (said["number"], said["name"], said["people"]) == ("", "", [])


async def test_a_line_that_comes_back_hears_it_again_while_it_stands_and_then_the_stored_call(
    desk: Desk, pbx: Pbx
) -> None:
    async with screen(desk) as ws:
        await heard(ws, "hello")
        with locked(desk) as other:
            pbx.story.arrives("+79074121806").rings("101")
            await pbx.says()
            (said,) = await heard(ws, "ringing")
            async with screen(desk, said["seq"]) as back:
                again = await heard(back, "ringing")
                assert [m["type"] for m in again] == ["hello", "ringing"]
                assert again[1]["seq"] > said["seq"], "a client takes no number twice"
                assert again[1]["data"] == said["data"]
            other.rollback()
        await heard(ws, "board")
    async with screen(desk, said["seq"]) as back:
        missed = await heard(back, "board")
    assert "ringing" not in {m["type"] for m in missed}
    assert "call" in {m["type"] for m in missed}, "what confirms it is replayed"


async def test_a_phone_that_stops_ringing_is_taken_back_though_the_store_is_locked(desk: Desk, pbx: Pbx) -> None:
    async with screen(desk) as ws:
        await heard(ws, "hello")
        with locked(desk) as other:
            ring = pbx.story.arrives("+79074121806").rings("101")
            await pbx.says()
            await heard(ws, "ringing")
            ring.stops()
            await pbx.says()
            (over,) = await heard(ws, "ringing")
            assert over["data"]["rings"] is False
            other.rollback()
        await until(lambda: not pbx.bridge._backlog.facts)
    assert not desk.screens.ringing._said


def _caller_hangs_up(pbx: Pbx, caller: Line, ring: Line) -> None:
    ring.stops("CANCEL")
    caller.leaves().gone()


def _phone_refuses(pbx: Pbx, caller: Line, ring: Line) -> None:
    ring.refuses()


def _colleague_answers(pbx: Pbx, caller: Line, ring: Line) -> None:
    caller.rings("102").answers()
    ring.stops("ANSWERED_ELSEWHERE")


def _gone_behind_a_cut(pbx: Pbx, caller: Line, ring: Line) -> None:
    pbx.bridge.tracker.lost()
    at = pbx.story.passes(5).at
    pbx.bridge.take(pbx.bridge.tracker.resync(ChannelsAlive(at, ())))


@pytest.mark.parametrize("ends", [_caller_hangs_up, _phone_refuses, _colleague_answers, _gone_behind_a_cut])
async def test_however_it_ends_it_is_taken_back_though_the_store_is_locked(
    desk: Desk, pbx: Pbx, ends: Callable[[Pbx, Line, Line], None]
) -> None:
    ringing = desk.screens.ringing
    async with screen(desk) as ws:
        await heard(ws, "hello")
        with locked(desk) as other:
            caller = pbx.story.arrives("+79074121806").joins()
            ring = caller.rings("101")
            await pbx.says()
            assert [m["data"]["rings"] for m in await heard(ws, "ringing")] == [True]
            ends(pbx, caller, ring)
            await pbx.says()
            assert [m["data"]["rings"] for m in await heard(ws, "ringing")] == [False]
            assert not [key for key, operator in ringing._said if operator == "101"]
            other.rollback()
        await until(lambda: not pbx.bridge._backlog.facts)
    assert not ringing._said and not ringing._unsettled and not desk.services.live._standing


async def test_ends_that_are_held_back_take_it_back_on_a_quiet_line_though_the_store_is_locked(
    desk: Desk, pbx: Pbx
) -> None:
    async with screen(desk) as ws:
        await heard(ws, "hello")
        with locked(desk) as other:
            for _ in range(2):  # the second is not kept by the first, which waits for the store
                pbx.story.arrives("+79074121806").joins().rings("101")
                await pbx.says()
                assert [m["data"]["rings"] for m in await heard(ws, "ringing")] == [True]
                pbx.story.end_all()  # and no event says why: it does not add up
                await pbx.says()
                desk.clock.advance(seconds=module.TICK_SECONDS)
                await asyncio.wait_for(pbx.bridge._tick(), 10)
                assert [m["data"]["rings"] for m in await heard(ws, "ringing")] == [False]
            other.rollback()
        await until(lambda: not pbx.bridge._backlog.facts)
    assert not desk.screens.ringing._said and not desk.services.live._standing


async def test_that_he_answered_is_told_when_it_is_durable_and_not_before(desk: Desk, pbx: Pbx) -> None:
    async with screen(desk) as ws:
        await heard(ws, "hello")
        with locked(desk) as other:
            ring = pbx.story.arrives("+79074121806").rings("101")
            await pbx.says()
            await heard(ws, "ringing")
            seq = desk.services.live.seq
            ring.answers()
            await pbx.says()
            assert desk.services.live.seq == seq, "nothing was told"
            assert desk.services.live._standing, "who it is stays on the screen"
            other.rollback()
        got = await heard(ws, "board")
    assert {m["data"]["state"] for m in got if m["type"] == "call"} >= {"talking"}


async def test_an_engine_without_the_lease_says_nothing_ahead(desk: Desk, pbx: Pbx) -> None:
    asked = []

    def holds(name: str) -> bool:
        asked.append(name)
        return False

    desk.screens.ringing.holds = holds
    async with screen(desk) as ws:
        await heard(ws, "hello")
        pbx.story.arrives("+79074121806").rings("101")
        await pbx.says()
        got = await heard(ws, "board")
    assert asked == ["main"]
    assert {m["type"] for m in got} == {"call", "board"}


async def test_what_came_and_went_in_one_drain_is_not_said(desk: Desk, pbx: Pbx) -> None:
    async with screen(desk) as ws:
        await heard(ws, "hello")
        pbx.story.arrives("+79074121806").rings("101").stops()
        await pbx.says()
        got = await heard(ws, "board")
    assert "ringing" not in {m["type"] for m in got}


# --- the hub alone --------------------------------------------------------------------------------------


async def test_a_reset_says_anew_what_stands(clock: ManualClock) -> None:
    hub = LiveHub(clock)
    socket = hub.attach(OPERATOR, None)
    hub.publish("ringing", {"n": 1}, to_extension="101", standing="a")
    hub.publish("ringing", {"n": 2}, to_extension="101", standing="b")
    hub.withdraw("a")
    socket.waiting.clear()
    hub.reset()
    assert [orjson.loads(raw)["type"] for raw in socket.waiting] == ["reset", "ringing"]
