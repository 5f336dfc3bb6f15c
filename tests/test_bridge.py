"""The bridge after a cut: what the ledger says of calls is believed only for those that are surely gone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from callengine.bridge import Bridge
from callengine.calls.coverage import CoverageService
from callengine.calls.model import CallKey
from callengine.calls.service import CallsService
from callengine.clock import ManualClock
from callengine.config import Locale, OnePbx
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
