"""The bridge after a cut: what the ledger says of calls is believed only for those that are surely gone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from callengine import bridge as module
from callengine.bridge import Bridge
from callengine.calls.coverage import CoverageService
from callengine.calls.events import CallAnswered, CallArrived, CallFact, RobotTold
from callengine.calls.model import CallKey, Conversation, Direction, State, Talk
from callengine.calls.service import CallsService
from callengine.clock import ManualClock
from callengine.config import Locale, OnePbx
from callengine.pbx import ledger
from callengine.pbx.ami import LinkState, Snapshot
from callengine.pbx.wire import Reply
from callengine.store.database import Store, StoreBusy


async def nothing(*_: object) -> None:
    pass


class Pbx:
    """Stands for the link's actions: a ledger, and what was deleted from it."""

    def __init__(self, bridge: Bridge, rows: dict[str, str]) -> None:
        self.rows, self.deleted = rows, list[str]()
        bridge.link.action = self.action  # type: ignore[method-assign]

    async def action(self, name: str, headers: Mapping[str, str] | None = None, **_: object) -> Reply:
        if name == "DBDelTree":
            self.deleted.append((headers or {})["Key"])
            return Reply({"Response": "Success"})
        events = [{"Key": key, "Val": value} for key, value in self.rows.items()]
        return Reply({"Response": "Success"}, events)


@pytest.fixture
def bridge(store: Store, clock: ManualClock) -> Bridge:
    return Bridge(
        OnePbx(name="main"),
        clock,
        locale=Locale(),
        calls=CallsService(store=store, clock=clock),
        coverage=CoverageService(store=store, clock=clock),
        on_state=nothing,
        on_resynced=nothing,
        on_dialled=nothing,
    )


def arrival(clock: ManualClock, *, seconds: float) -> str:
    at = (clock.now() + timedelta(seconds=seconds)).timestamp()
    return f"v1|{at:.3f}|allowed_not_screened|%2B79074121806||115|inbound"


async def test_a_call_that_vanished_in_the_cut_is_missed_and_then_cleared(
    bridge: Bridge, store: Store, clock: ManualClock
) -> None:
    pbx = Pbx(bridge, {"/callengine/1.1/arrival": arrival(clock, seconds=-30)})
    await bridge._resync(Snapshot(pbx="main", at=clock.now(), pbx_at=clock.now(), channels=()))
    found = await CallsService(store=store, clock=clock).by_key(CallKey("main", "1.1"))
    assert found is not None and found.call.outcome == "missed"
    assert pbx.deleted == ["1.1"]


async def test_a_call_that_arrived_after_the_channels_were_listed_is_alive(
    bridge: Bridge, store: Store, clock: ManualClock
) -> None:
    pbx = Pbx(bridge, {"/callengine/1.2/arrival": arrival(clock, seconds=0.01)})
    await bridge._resync(Snapshot(pbx="main", at=clock.now(), pbx_at=clock.now(), channels=()))
    assert await CallsService(store=store, clock=clock).by_key(CallKey("main", "1.2")) is None
    assert pbx.deleted == []


async def test_coverage_that_the_store_refused_at_first_begins_as_soon_as_it_can(
    bridge: Bridge, store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    coverage = CoverageService(store=store, clock=clock)

    async def busy(*_: object) -> None:
        raise StoreBusy()

    with monkeypatch.context() as locked:
        locked.setattr(bridge._coverage, "opened", busy)
        with pytest.raises(StoreBusy):
            await bridge._state(LinkState.UP, clock.now(), "")
    bridge.link.state, bridge.link.figures.seen_at = LinkState.UP, clock.now()
    await bridge._tick()
    day = timedelta(days=1)
    assert [one.pbx for one in await coverage.intervals(clock.now() - day, clock.now() + day)] == ["main"]


# --- the PBX's clock is an hour off ----------------------------------------------------------------------

HOUR = timedelta(hours=1)


def measured(bridge: Bridge, clock: ManualClock, ahead: timedelta) -> None:
    bridge.link.pbx_clock.measured(clock.now() + ahead, clock.now(), clock.now())


@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
async def test_a_call_that_is_first_seen_after_a_restart_began_when_its_id_says_in_our_time(
    bridge: Bridge, store: Store, clock: ManualClock, ahead: timedelta
) -> None:
    Pbx(bridge, {})
    measured(bridge, clock, ahead)
    born = f"{int((clock.now() - timedelta(seconds=40) + ahead).timestamp())}.1"
    channel = {
        "Event": "CoreShowChannel", "Uniqueid": born, "Linkedid": born, "Channel": "PJSIP/trunk-00000001",
        "ChannelState": "6", "CallerIDNum": "+79074121806", "Exten": "115", "Context": "callengine-inbound",
        "Application": "Playback", "Duration": "00:00:40",
    }  # fmt: skip
    await bridge._resync(Snapshot(pbx="main", at=clock.now(), pbx_at=clock.now() + ahead, channels=(channel,)))
    found = await CallsService(store=store, clock=clock).by_key(CallKey("main", born))
    assert found is not None
    assert abs(found.call.arrived_at - (clock.now() - timedelta(seconds=40))) <= timedelta(seconds=1)


@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
async def test_a_call_known_from_the_ledger_alone_has_our_time(
    bridge: Bridge, store: Store, clock: ManualClock, ahead: timedelta
) -> None:
    pbx = Pbx(bridge, {"/callengine/1.1/arrival": arrival(clock, seconds=-30 + ahead.total_seconds())})
    measured(bridge, clock, ahead)
    await bridge._resync(Snapshot(pbx="main", at=clock.now(), pbx_at=clock.now() + ahead, channels=()))
    found = await CallsService(store=store, clock=clock).by_key(CallKey("main", "1.1"))
    assert found is not None
    assert abs(found.call.arrived_at - (clock.now() - timedelta(seconds=30))) < timedelta(milliseconds=2)
    assert pbx.deleted == ["1.1"]


async def test_a_ledger_end_in_our_time_is_not_younger_than_the_arrival_that_events_told(
    bridge: Bridge, store: Store, clock: ManualClock
) -> None:
    service = CallsService(store=store, clock=clock)
    Pbx(bridge, {
        "/callengine/1.1/arrival": arrival(clock, seconds=-30 - 3600),
        "/callengine/1.1/end": f"{clock.now().timestamp() - 3600 - 29:.3f}|0||TRUE|16||",
    })  # fmt: skip
    told = Conversation(CallKey("main", "1.1"), Direction.INBOUND, clock.now() - timedelta(seconds=10))
    await service.save([CallArrived(told.arrived_at, told)])
    measured(bridge, clock, -HOUR)
    await bridge._reconcile(await ledger.read(bridge.link), alive=None)
    found = await service.by_key(CallKey("main", "1.1"))
    assert found is not None and found.call.wait_seconds == 0


async def test_a_stored_call_of_the_future_is_moved_back_and_ends_after_its_arrival(
    bridge: Bridge, store: Store, clock: ManualClock
) -> None:
    """It was stored in the PBX's time, by an engine that did not correct it."""
    service = CallsService(store=store, clock=clock)
    at = clock.now() + HOUR
    told = Conversation(
        CallKey("main", "1.1"), Direction.INBOUND, at - timedelta(seconds=20),
        answered_at=at, operator="101", talks=(Talk("101", at),), state=State.TALKING,
    )  # fmt: skip
    await service.save([CallArrived(told.arrived_at, told), CallAnswered(at, told, "101")])
    Pbx(bridge, {})
    await bridge.prime()
    clock.advance(seconds=5)
    measured(bridge, clock, HOUR)
    await bridge._resync(Snapshot(pbx="main", at=clock.now(), pbx_at=clock.now() + HOUR, channels=()))
    found = await service.by_key(CallKey("main", "1.1"))
    assert found is not None and found.call.ended_at is not None
    assert found.call.arrived_at <= (found.call.answered_at or at) <= found.call.ended_at <= clock.now()
    assert found.call.wait_seconds == 20


# --- the robot's dialogue, kept by the PBX -----------------------------------------------------------------


@pytest.mark.parametrize("ended_before", [False, True], ids=["the ledger tells its end too", "events told its end"])
async def test_what_a_robots_dialogue_came_to_is_told_before_the_ledger_is_cleared(
    bridge: Bridge, store: Store, clock: ManualClock, ended_before: bool
) -> None:
    told: list[RobotTold] = []

    async def hear(tx: object, fact: RobotTold) -> None:
        assert not pbx.deleted
        told.append(fact)

    store.within[RobotTold] = [hear]
    at = (clock.now() - timedelta(seconds=40)).timestamp()
    rows = {
        "arrival": f"v1|{at:.3f}|||%7C|+79074121806|outbound",
        "stage": f"{at:.3f}|robot",
        "request": "robot-7",
        "robot": "v1|result=marked&mark=4&keys=4&final=1",
        "end": f"{at + 20:.3f}|0|||16||",
    }
    pbx = Pbx(bridge, {f"/callengine/robot-7/{part}": value for part, value in rows.items()})
    if ended_before:
        (noted,) = (await ledger.read(bridge.link)).calls.values()
        await CallsService(store=store, clock=clock).save(ledger.reconcile(noted, None))
    await bridge._look_at_ledger()
    assert [(fact.call.request_id, dict(fact.facts)["mark"]) for fact in told] == [("robot-7", "4")]
    assert pbx.deleted == ["robot-7"]
    found = await CallsService(store=store, clock=clock).by_key(CallKey("main", "robot-7"))
    assert found is not None and (found.call.robot, found.call.outcome) == (True, "answered")


# --- what is said ahead, and the measure of what waits ----------------------------------------------------------


def arrived(clock: ManualClock, linkedid: str) -> CallArrived:
    return CallArrived(clock.now(), Conversation(CallKey("main", linkedid), Direction.INBOUND, clock.now()))


async def test_an_early_message_that_fails_costs_no_fact(
    bridge: Bridge, store: Store, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    class Mute:
        def told(self, facts: Sequence[CallFact]) -> None:
            raise TypeError("str is not valid UTF-8")

        settled = told

    bridge.ahead = Mute()
    for linkedid in ("1.1", "1.2"):
        await asyncio.wait_for(bridge.take([arrived(clock, linkedid)]), 10)
    for linkedid in ("1.1", "1.2"):
        assert await CallsService(store=store, clock=clock).by_key(CallKey("main", linkedid)) is not None
    assert caplog.text.count("what is said ahead failed") == 4
    await bridge.close()


async def test_above_the_measure_of_what_waits_for_the_store_the_events_wait_too(
    bridge: Bridge, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a store which refuses for hours does not fill the memory."""
    monkeypatch.setattr(module, "MOST_UNSAVED", 3)
    monkeypatch.setattr(module, "STORE_PATIENCE_SECONDS", 0.01)
    room, saved = asyncio.Event(), list[str]()

    async def save(facts: Sequence[CallFact]) -> None:
        await room.wait()
        saved.extend(fact.call.key.linkedid for fact in facts)

    monkeypatch.setattr(bridge._backlog, "_save", save)
    for n in range(3):
        await asyncio.wait_for(bridge._patiently(bridge.take([arrived(clock, f"1.{n}")])), 10)
    fourth = asyncio.ensure_future(bridge._patiently(bridge.take([arrived(clock, "1.3")])))
    await asyncio.wait({fourth}, timeout=0.1)
    assert not fourth.done() and not saved
    room.set()
    await asyncio.wait_for(fourth, 10)
    assert saved == ["1.0", "1.1", "1.2", "1.3"]
    await bridge.close()
