"""The PBX's clock against ours: what is off is taken out, and a clock that is set never turns time round."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callengine.clock import ManualClock
from callengine.pbx.skew import CHANGING, PBX_LAG, TOLERANCE, PbxClock

HOUR = timedelta(hours=1)
INSTANT = timedelta(milliseconds=2)


class World:
    """A true time, and a PBX whose clock is off by `off`."""

    def __init__(self, off: timedelta) -> None:
        self.off, self.time, self.pbx = off, ManualClock(), PbxClock()
        self.ping()

    @property
    def now(self) -> datetime:
        return self.time.now()

    def wait(self, seconds: float) -> None:
        self.time.advance(seconds=seconds)

    def ping(self, *, there: float = 0.001, back: float = 0.001) -> None:
        sent_at = self.now
        self.wait(there)
        theirs = self.now + self.off
        self.wait(back)
        self.pbx.measured(theirs, sent_at, self.now)

    def event(self, *, late: float = 0.0) -> datetime:
        """What the engine holds the moment of an event for that happened `late` seconds ago."""
        return self.pbx.of_event(self.now - timedelta(seconds=late) + self.off, self.now)


@pytest.mark.parametrize("off", [HOUR, -HOUR, 3 * TOLERANCE])
def test_an_event_comes_out_at_our_time(off: timedelta) -> None:
    world = World(off)
    for _ in range(3):
        world.wait(7)
        assert abs(world.event() - world.now) <= INSTANT
        world.ping()
    assert world.pbx.skew_seconds == pytest.approx(off.total_seconds(), abs=0.01)


def test_a_small_difference_is_left_alone() -> None:
    world = World(TOLERANCE * 0.9)
    world.wait(1)
    stamp = world.now + world.off
    assert world.pbx.of_event(stamp, world.now) is stamp
    assert world.pbx.ahead == timedelta()


def test_one_correction_is_kept_while_the_measurements_waver() -> None:
    world = World(HOUR)
    kept = world.pbx.ahead
    for there, back in ((0.5, 0.001), (0.001, 3.0), (2.0, 2.0)):
        world.ping(there=there, back=back)
    world.off += TOLERANCE / 2
    world.ping()
    assert world.pbx.ahead == kept


def test_a_first_measurement_that_took_long_gives_way_to_a_better_one() -> None:
    world = World.__new__(World)
    world.off, world.time, world.pbx = HOUR, ManualClock(), PbxClock()
    world.ping(there=0.001, back=2.0)
    assert abs(world.pbx.ahead - HOUR) > timedelta(seconds=0.5)
    world.ping()
    assert abs(world.pbx.ahead - HOUR) <= INSTANT


def test_our_own_clock_set_back_during_a_ping_says_nothing() -> None:
    world = World(HOUR)
    world.pbx.measured(world.now, world.now, world.now - HOUR)
    assert abs(world.pbx.ahead - HOUR) <= INSTANT


def test_times_follow_our_own_clock_when_it_is_set_back() -> None:
    """Our clock ran an hour fast, and then it is put right: nothing stands still in the future for that hour."""
    world = World(-HOUR)
    world.wait(5)
    fast = world.event()
    assert abs(fast - world.now) <= INSTANT
    world.time.advance(seconds=-HOUR.total_seconds())
    world.off = timedelta()
    for wait in (0.2, 3, 20, 600):
        world.wait(wait)
        assert abs(world.event() - world.now) <= INSTANT
        world.ping()
        assert abs(world.event() - world.now) <= INSTANT


def test_a_small_step_of_our_own_clock_makes_no_end_before_its_start() -> None:
    world = World(timedelta())
    world.wait(5)
    told = world.event()
    world.time.advance(seconds=-0.9 * TOLERANCE.total_seconds())
    assert world.pbx.of_event(world.now, world.now) == told
    world.wait(2)
    assert world.pbx.of_event(world.now, world.now) == world.now


def test_a_late_event_keeps_its_own_moment() -> None:
    world = World(HOUR)
    world.wait(60)
    assert abs(world.event(late=4) - (world.now - timedelta(seconds=4))) <= INSTANT


@pytest.mark.parametrize("step", [HOUR, -HOUR, timedelta(seconds=20), timedelta(seconds=-20)])
def test_an_event_right_after_the_clock_was_set_is_told_at_our_time_before_any_ping(step: timedelta) -> None:
    world = World(timedelta())
    world.wait(60)
    world.event()
    world.ping()
    world.off += step
    world.wait(0.5)
    assert abs(world.event() - world.now) <= INSTANT
    world.ping()
    world.wait(2)
    assert abs(world.event() - world.now) <= INSTANT
    assert abs(world.pbx.ahead - step) <= INSTANT


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_events_from_before_the_clock_was_set_that_are_read_after_the_ping(step: timedelta) -> None:
    world = World(timedelta())
    world.wait(60)
    happened, received = world.now, world.now + timedelta(seconds=0.1)
    world.wait(2)
    world.off += step
    world.ping()  # the consumer had not come to the event yet
    assert abs(world.pbx.of_event(happened, received) - happened) <= INSTANT
    world.wait(1)
    assert abs(world.event() - world.now) <= INSTANT


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("wait"), st.floats(0, 30)),
            st.tuples(st.just("set"), st.floats(-7200, 7200)),
            st.tuples(st.just("late"), st.floats(0, PBX_LAG.total_seconds())),
            st.tuples(st.just("ping"), st.floats(0.001, 3)),
        ),
        max_size=40,
    )
)
def test_whatever_is_done_to_the_clock_time_never_runs_back_nor_ahead(steps: list[tuple[str, float]]) -> None:
    world = World(timedelta())
    told = world.event()
    for what, amount in steps:
        if what == "wait":
            world.wait(amount)
        elif what == "set":
            world.off += timedelta(seconds=amount)
        elif what == "ping":
            world.ping(there=amount / 2, back=amount / 2)
        at = world.event(late=amount if what == "late" else 0)
        assert at >= told, "no end before its start"
        assert at <= world.now + TOLERANCE, "nothing happens in the future"
        told = at


@given(st.floats(-7200, 7200).filter(lambda off: abs(off) > 2), st.lists(st.floats(0.01, 30), min_size=1, max_size=20))
def test_spans_are_those_of_the_pbx(off: float, waits: list[float]) -> None:
    world = World(timedelta(seconds=off))
    first, began = world.event(), world.now
    for seconds in waits:
        world.wait(seconds)
        world.ping()
        assert world.event() - first == world.now - began


def test_a_record_from_before_the_clock_was_set_is_read_by_the_correction_of_then() -> None:
    world = World(HOUR)
    noted_at, stamp = world.now, world.now + world.off
    world.wait(60)
    world.off = timedelta()
    world.ping()
    world.wait(5)
    later_at, later = world.now, world.now + world.off
    world.wait(CHANGING.total_seconds())
    since = noted_at - timedelta(minutes=1)
    assert abs(world.pbx.of_record(stamp, since, world.now) - noted_at) <= INSTANT, "by now it lies in the future"
    assert abs(world.pbx.of_record(later, since, world.now) - later_at) <= INSTANT
    world.off = HOUR
    world.ping()
    assert abs(world.pbx.of_record(later, since, world.now) - later_at) <= INSTANT, "by now it lies too long ago"


def test_a_record_that_no_correction_explains_is_not_in_the_future() -> None:
    world = World(timedelta())
    assert world.pbx.of_record(world.now + HOUR, None, world.now) == world.now


def test_before_the_first_ping_times_are_taken_as_they_are() -> None:
    pbx, now = PbxClock(), ManualClock().now()
    assert pbx.of_event(now, now) == pbx.of_reply(now, now) == pbx.of_record(now, None, now) == now
