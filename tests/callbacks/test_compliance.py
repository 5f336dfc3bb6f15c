"""The compliance of a day: numerators and denominators, the zone's own day, and honesty where nothing was seen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from callengine.callbacks.compliance import Compliance, Covered, MessageLine, bounds, gaps, heard
from callengine.calls.events import MessageLeft
from callengine.calls.model import Missed, Outcome
from callengine.phone import WITHHELD
from callengine.store.tables import coverage
from tests.callbacks.world import World

MOSCOW = ZoneInfo("Europe/Moscow")
DAY = date(2026, 11, 20)
NINE = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)  # in Moscow
END_OF_DAY = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)


async def covered(world: World, began: datetime, ended: datetime | None, *, seen: datetime | None = None) -> None:
    values = {"pbx": "main", "source": "events", "began_at": began, "seen_at": seen or ended, "ended_at": ended}
    async with world.store.begin() as tx:
        await tx.conn.execute(insert(coverage).values(**values))


async def compliance(world: World, now: datetime = END_OF_DAY) -> Compliance:
    return await world.service.compliance(DAY, MOSCOW, now)


def at(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


async def test_a_day_in_figures(world: World) -> None:
    anna = await world.staff("101", "Анна")
    await covered(world, *bounds(DAY, MOSCOW))
    # in both clocks; in the law's only; late; he got through himself; unreachable so far; withheld
    await world.tell(world.missed("+79070000001", at=at(0)))
    await world.tell(world.call_back("+79070000001", at=at(3)))
    await world.tell(world.missed("+79070000002", at=at(0), lasted=10))
    await world.tell(world.call_back("+79070000002", at=at(8)))
    await world.tell(world.missed("+79070000003", at=at(60)))
    await world.tell(world.call_back("+79070000003", at=at(63), outcome=Outcome.BUSY))
    await world.tell(world.call_back("+79070000003", at=at(75)))
    await world.tell(world.missed("+79070000004", at=at(60)))
    await world.tell(world.gets_through("+79070000004", at=at(62)))
    await world.tell(world.missed("+79070000005", at=at(61)))
    await world.tell(world.missed(WITHHELD, at=at(61)))
    figures = await compliance(world)
    assert (figures.callable, figures.withheld) == (5, 1)
    assert (figures.in_operator_time, figures.in_legal_time, figures.late, figures.owed) == (2, 3, 2, 0)
    assert (figures.attempts_without_contact, figures.duties_with_attempts) == (1, 1)
    hours = {hour.hour: (hour.in_operator_time, hour.in_legal_time, hour.late, hour.withheld) for hour in figures.hours}
    assert hours[9] == (1, 2, 0, 0)
    assert hours[10] == (1, 1, 2, 1)
    operators = {
        row.name: (row.staff_id, row.total, row.in_legal_time, row.late, row.attempts) for row in figures.operators
    }
    assert operators == {"Анна": (anna, 3, 2, 1, 1), "": (None, 1, 1, 0, 0)}
    assert figures.gaps == ()
    assert figures.covered_seconds == figures.elapsed_seconds == 86_400
    assert figures.median_seconds is not None
    assert "ru-416" in figures.rule


async def test_the_law_counts_from_the_arrival_of_that_call(world: World) -> None:
    await world.tell(world.missed(at=at(0)))
    await world.tell(world.missed(at=at(8)))
    await world.tell(world.call_back(at=at(12)))
    figures = await compliance(world)
    assert (figures.callable, figures.in_legal_time, figures.late) == (2, 1, 1)


async def test_what_is_owed_is_not_late_before_the_law_says_so(world: World) -> None:
    await world.tell(world.missed(at=at(0)))
    assert (await compliance(world, at(9))).owed == 1
    late = await compliance(world, at(11))
    assert (late.owed, late.late) == (0, 1)
    assert [(row.kind, row.text, row.late_seconds) for row in late.exceptions if row.kind == "late"] == [
        ("late", "still owed", 60.0)
    ]


async def test_a_message_heard_in_time_is_considered_in_time(world: World) -> None:
    chief = await world.staff("110")
    world.clock.advance(seconds=(NINE - world.clock.now()).total_seconds())
    await world.tell(world.missed(where=Missed.MESSAGE, message_file="m.wav"))
    world.clock.advance(seconds=300)
    await world.service.heard((await world.the_duty()).id, chief)
    assert (await compliance(world)).in_legal_time == 1


async def message(world: World, minutes: float) -> int:
    """A resident leaves a voice message; the clock stands where his call ended."""
    world.clock.advance(seconds=(at(minutes + 1) - world.clock.now()).total_seconds())
    return await world.tell(world.missed(at=at(minutes), where=Missed.MESSAGE, message_file=f"{minutes}.wav"))


async def hear(world: World, minutes: float, staff_id: int, duty_id: int | None = None) -> None:
    world.clock.advance(seconds=(at(minutes) - world.clock.now()).total_seconds())
    await world.service.heard(duty_id or (await world.the_duty()).id, staff_id)


async def test_a_message_heard_answers_for_no_later_call(world: World) -> None:
    chief = await world.staff("110")
    await message(world, 0)
    await hear(world, 5, chief)
    await world.tell(world.missed(at=at(30)))
    figures = await compliance(world)
    assert (figures.callable, figures.in_legal_time, figures.late) == (2, 1, 1)
    await world.service.close([(await world.the_duty()).id], chief, "никто не звонил")
    assert (await world.the_duty()).in_time is False


async def test_a_message_heard_answers_for_no_earlier_call_that_left_none(world: World) -> None:
    await world.tell(world.missed(at=at(0)))
    await message(world, 4)
    await hear(world, 8, await world.staff("110"))
    figures = await compliance(world)
    assert (figures.callable, figures.in_legal_time, figures.late) == (2, 1, 1)


async def test_a_second_message_takes_nothing_from_the_first_that_was_heard_in_time(world: World) -> None:
    chief = await world.staff("110")
    await message(world, 0)
    await hear(world, 5, chief)
    await message(world, 30)
    assert (await compliance(world)).in_legal_time == 1
    await hear(world, 50, chief)
    figures = await compliance(world)
    assert (figures.callable, figures.in_legal_time, figures.late) == (2, 1, 1)


async def test_messages_heard_together_are_judged_each_by_its_own_clock(world: World) -> None:
    await message(world, 0)
    await message(world, 8)
    await hear(world, 15, await world.staff("110"))
    figures = await compliance(world)
    assert (figures.callable, figures.in_legal_time, figures.late) == (2, 1, 1)


async def test_a_message_goes_with_its_call_when_a_talk_is_known_late(world: World) -> None:
    chief = await world.staff("110")
    await message(world, 0)
    await hear(world, 5, chief)
    await world.tell(world.missed(at=at(30)))
    await world.tell(world.call_back(at=at(20)))  # the link was cut
    owed, reached = await world.duties()
    assert (owed.message_heard_at, reached.message_heard_at) == (None, at(5))
    assert (reached.in_time, (await compliance(world)).in_legal_time) == (True, 1)
    await world.service.close([owed.id], chief, "никто не звонил")
    assert (await world.duties())[0].in_time is False


async def test_a_message_that_is_told_again_after_its_call_was_split_off_stays_heard(world: World) -> None:
    chief = await world.staff("110")
    left = world.missed(at=at(0), where=Missed.MESSAGE, message_file="0.wav")
    await world.tell(left)
    await hear(world, 5, chief)
    await world.tell(world.missed(at=at(30)))
    await world.tell(world.call_back(at=at(20)))  # the link was cut
    _, reached = await world.duties()
    await world.tell([MessageLeft(left[0].at, left[0].call), *left])
    assert (await world.duties())[1] == reached
    assert (await compliance(world)).in_legal_time == 1


async def test_a_message_split_off_unheard_is_heard_where_it_is(world: World) -> None:
    chief = await world.staff("110")
    await message(world, 0)
    await message(world, 4)
    await world.tell(world.call_back(at=at(2), rang=5))
    owed, reached = await world.duties()
    await hear(world, 6, chief, owed.id)
    await hear(world, 7, chief, reached.id)
    assert [duty.message_heard_at for duty in await world.duties()] == [at(6), at(7)]
    assert (await compliance(world)).in_legal_time == 2


def test_who_hears_what_is_left_of_a_duty_has_not_heard_what_was_split_off_it() -> None:
    lines = [
        MessageLine(1, at(0), "message", call_id=10),
        MessageLine(1, at(1), "message", call_id=11),
        MessageLine(2, at(2), "split_from", origin=1, moved=(11,)),
        MessageLine(1, at(3), "heard"),
    ]
    assert heard(lines) == {10: at(3)}
    assert heard([*lines, MessageLine(2, at(9), "heard")]) == {10: at(3), 11: at(9)}


async def test_each_exception_opens_to_its_calls(world: World) -> None:
    chief = await world.staff("110")
    call_id = await world.tell(world.missed("+79070000001", at=at(0)))
    withheld_id = await world.tell(world.missed(WITHHELD, at=at(1)))
    closed_id = await world.tell(world.missed("+79070000003", at=at(2)))
    await world.service.close([(await world.duties())[2].id], chief, "звонок-проверка")
    await covered(world, *bounds(DAY, MOSCOW))
    rows = [(row.kind, row.call_ids) for row in (await compliance(world)).exceptions]
    assert rows == [("late", (call_id,)), ("withheld", (withheld_id,)), ("closed", (closed_id,))]


async def test_a_call_of_another_day_in_that_zone_is_not_counted(world: World) -> None:
    began, ended = bounds(DAY, MOSCOW)
    for moment in (began - timedelta(seconds=1), began, ended - timedelta(seconds=1), ended):
        await world.tell(world.missed(WITHHELD, at=moment))
    assert (await compliance(world)).withheld == 2


async def test_where_nothing_was_seen_the_day_says_no_data(world: World) -> None:
    began, ended = bounds(DAY, MOSCOW)
    await covered(world, began, at(0))
    await covered(world, at(90), ended)
    figures = await compliance(world)
    assert [(gap.began_at, gap.ended_at) for gap in figures.gaps] == [(at(0), at(90))]
    assert [hour.hour for hour in figures.hours if hour.no_data] == [9, 10]
    assert figures.elapsed_seconds - figures.covered_seconds == 5400
    assert [row.kind for row in figures.exceptions] == ["no_data"]


async def test_a_day_that_nobody_watched_is_one_gap(world: World) -> None:
    figures = await compliance(world)
    assert (figures.covered_seconds, len(figures.gaps)) == (0, 1)
    assert all(hour.no_data for hour in figures.hours)


async def test_a_pbx_that_fell_silent_yesterday_is_a_gap_today(world: World) -> None:
    began, ended = bounds(DAY, MOSCOW)
    await covered(world, began - timedelta(hours=5), began - timedelta(hours=2))
    async with world.store.begin() as tx:
        values = {"pbx": "second", "source": "events", "began_at": began, "seen_at": ended, "ended_at": ended}
        await tx.conn.execute(insert(coverage).values(**values))
    assert [(gap.pbx, gap.began_at, gap.ended_at) for gap in (await compliance(world)).gaps] == [("main", began, ended)]


def stretch(began: float, ended: float | None, *, seen: float = 0, **changes: Any) -> Covered:
    values = {"pbx": "main", "source": "events", "began_at": at(began), "seen_at": at(ended or seen)}
    return Covered(**values | {"ended_at": at(ended) if ended is not None else None} | changes)


def test_the_ledger_fills_what_the_events_missed() -> None:
    covered = [stretch(0, 10), stretch(10, 20, source="ledger"), stretch(20, 30)]
    assert gaps(covered, at(0), at(30), at(60)) == []


def test_an_open_stretch_reaches_to_now_only_while_it_gives_signs_of_life() -> None:
    assert gaps([stretch(0, None, seen=29)], at(0), at(30), at(30)) == []
    (gap,) = gaps([stretch(0, None, seen=20)], at(0), at(30), at(30))
    assert (gap.began_at, gap.ended_at) == (at(20), at(30))


def test_a_day_of_the_change_to_summer_time_has_its_own_length() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert [
        (ended - began) / timedelta(hours=1)
        for began, ended in (bounds(date(2026, 3, 29), berlin), bounds(date(2026, 10, 25), berlin))
    ] == [23, 25]
