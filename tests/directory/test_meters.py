"""Meters and their readings: what is believed, what is asked again, corrections, files, what the robot hears."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, text

from callengine import config
from callengine.clock import ManualClock
from callengine.directory.imports import Imports
from callengine.directory.metering import MeterKind, period_of, shown, thousandths_of
from callengine.directory.meters import MeterForm, MetersService, ReadingDoubted
from callengine.errors import Conflict, NotFound, Refused
from callengine.menus.outcome import Outcome, Proof, Result
from callengine.outreach.campaigns import NewCampaign
from callengine.outreach.events import OutreachSettled
from callengine.outreach.model import CallKind
from callengine.outreach.scripts import ScriptsService
from callengine.outreach.talks import Talks
from callengine.store.database import Store
from callengine.store.tables import people, person_numbers, residences
from tests.outreach.test_talks import FakeVoice
from tests.outreach.world import World, build, number

COLD = MeterForm("cold_water", "A-1", place="кухня")


@pytest.fixture
async def world(store: Store, clock: ManualClock) -> World:
    """20 November 2026."""
    return await build(store, clock)


@pytest.fixture
def meters(world: World) -> MetersService:
    return MetersService(world.store, world.clock, config.Locale())


async def resident(world: World, n: int = 1, house_id: int = 1, premise: str = "5") -> None:
    async with world.store.begin() as tx:
        await tx.conn.execute(insert(people).values(id=n, code=f"P{n}", name=f"Жилец {n}", search=""))
        await tx.conn.execute(insert(person_numbers).values(person_id=n, number=number(n)))
        row = {"person_id": n, "house_id": house_id, "premise": premise, "relation": "owner"}
        await tx.conn.execute(insert(residences).values(row))


# --- values -------------------------------------------------------------------------------------------------------


@given(st.integers(0, 99_999_999_999))
def test_a_value_is_exact_whatever_it_is(thousandths: int) -> None:
    assert thousandths_of(shown(thousandths)) == thousandths


@pytest.mark.parametrize(
    ("text", "thousandths"), [("123", 123_000), ("123,4", 123_400), ("0.005", 5), ("00120.050", 120_050)]
)
def test_a_value_is_read_as_people_write_it(text: str, thousandths: int) -> None:
    assert thousandths_of(text) == thousandths


@pytest.mark.parametrize("text", ["", "-1", "1e3", "12.3456", "много", "1.2.3", "123456789"])
def test_what_is_no_reading_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a reading is a number"):
        thousandths_of(text)


# --- readings -----------------------------------------------------------------------------------------------------


async def test_a_reading_is_kept_with_its_month_its_source_and_who_wrote_it(meters: MetersService) -> None:
    meter = await meters.add(1, "кв. 5", COLD, "Орлова")
    assert (meter.premise, meter.kind, meter.most_a_month) == ("5", MeterKind.COLD_WATER, 50)
    told = await meters.record(meter.id, "120,5", "Петрова", staff_id=1, note="по телефону")
    assert (told.value, told.period, told.source, told.who, told.flag) == (
        "120.5",
        "2026-11",
        "operator",
        "Петрова",
        "",
    )
    ((found,), _) = await meters.find(house_id=1, premise="5")
    assert found.last == told


async def test_below_the_last_one_is_refused_and_so_is_what_the_meter_cannot_show(meters: MetersService) -> None:
    meter = await meters.add(1, "5", COLD, "Орлова")
    await meters.record(meter.id, "120", "Петрова", period="2026-10")
    for value, why in (
        ("119.999", "below the last reading, 120"),
        ("100000", "more than it can be: at most 99999.999"),
    ):
        with pytest.raises(Refused, match=why):
            await meters.record(meter.id, value, "Петрова")
    with pytest.raises(Refused, match="has not begun"):
        await meters.record(meter.id, "130", "Петрова", period="2026-12")
    with pytest.raises(Refused, match="at most 120"):
        await meters.record(meter.id, "121", "Петрова", period="2026-09")  # the month before knew less
    assert (await meters.record(meter.id, "120", "Петрова")).value == "120", "nothing was used"


async def test_far_above_is_asked_again_and_then_kept_for_a_human_to_look_at(meters: MetersService) -> None:
    meter = await meters.add(1, "5", COLD, "Орлова")
    await meters.record(meter.id, "100", "Петрова", period="2026-09")
    await meters.record(meter.id, "200", "Петрова")  # two months may bring 100
    with pytest.raises(ReadingDoubted) as doubted:
        await meters.record(meter.id, "200.001", "Петрова")
    assert (doubted.value.status, doubted.value.extra["doubted_above"]) == (409, "200")
    assert (await meters.record(meter.id, "300", "Петрова", confirmed=True)).flag == "jump"
    ((line,), _) = await meters.of_period("", flag="jump")
    assert (line.reading.value, line.meter.serial) == ("300", "A-1") and line.address
    assert (await meters.record(meter.id, "300", "Орлова", confirmed=True)).flag == "checked", "somebody looked at it"
    assert (await meters.of_period("", flag="jump"))[0] == []


async def test_a_correction_is_another_row_and_the_newest_holds(meters: MetersService, store: Store) -> None:
    meter = await meters.add(1, "5", COLD, "Орлова")
    await meters.record(meter.id, "130", "Петрова")
    await meters.record(meter.id, "113", "Петрова", note="перепутаны цифры")
    ((line,), _) = await meters.of_period("2026-11")
    assert line.reading.value == "113"
    assert [one.value for one in (await meters.get(meter.id))[1]] == ["113", "130"]
    for act in ("UPDATE meter_readings SET thousandths = 1", "DELETE FROM meter_readings"):
        with pytest.raises(Exception, match="append-only"):
            async with store.begin() as tx:
                await tx.conn.execute(text(act))


async def test_a_meter_that_is_taken_off_keeps_its_readings_and_makes_room_for_another(meters: MetersService) -> None:
    meter = await meters.add(1, "5", COLD, "Орлова")
    with pytest.raises(Conflict, match="hangs there already"):
        await meters.add(1, "5", COLD, "Орлова")
    await meters.record(meter.id, "130", "Петрова")
    await meters.take_off(meter.id, "Орлова")
    with pytest.raises(NotFound):
        await meters.record(meter.id, "131", "Петрова")
    again = await meters.add(1, "5", COLD, "Орлова")
    assert again.id != meter.id and len((await meters.get(meter.id))[1]) == 1
    assert (await meters.change(again.id, MeterForm("cold_water", "A-1", most=7))).most_a_month == 7
    with pytest.raises(Refused, match="take this one off"):
        await meters.change(again.id, MeterForm("gas", "A-1"))


@pytest.mark.parametrize(
    ("form", "pointer"),
    [
        (MeterForm("steam", "1"), "#/kind"),
        (MeterForm("gas", " "), "#/serial"),
        (MeterForm("gas", "1", digits=2), "#/digits"),
        (MeterForm("gas", "1", most=0), "#/most"),
    ],
)
async def test_a_mistake_is_told_at_its_place(meters: MetersService, form: MeterForm, pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        await meters.add(1, "5", form, "Орлова")
    assert [one["pointer"] for one in refused.value.extra["errors"]] == [pointer]


async def test_the_readings_of_a_month_are_paged(meters: MetersService) -> None:
    for n in range(5):
        meter = await meters.add(1, str(n + 1), COLD, "Орлова")
        await meters.record(meter.id, str(n), "Петрова")
    first, cursor = await meters.of_period("", limit=3)
    rest, end = await meters.of_period("", limit=3, cursor=cursor)
    assert [one.reading.value for one in (*first, *rest)] == ["0", "1", "2", "3", "4"] and end is None
    assert (await meters.of_period("", house_id=2))[0] == []
    assert [len(page) async for page in meters.pages("2026-11")] == [5]


# --- the robot ----------------------------------------------------------------------------------------------------


async def test_the_robot_asks_by_the_residents_own_meters_and_keeps_what_he_confirmed(
    world: World, meters: MetersService
) -> None:
    await resident(world)
    cold = await meters.add(1, "5", COLD, "Орлова")
    await meters.record(cold.id, "120.7", "Петрова", period="2026-10")
    gas = await meters.add(1, "5", MeterForm("gas", "G-1"), "Орлова")
    await meters.add(1, "6", COLD, "Орлова")  # a neighbour's
    world.store.within.setdefault(OutreachSettled, []).append(meters.on_called)
    wish = NewCampaign(CallKind.METER, "Ноябрь", numbers=(number(1), number(2)))
    made = await world.campaigns.create(wish, "Орлова", 2)
    assert (made.calls, [(one.number, one.why) for one in made.left]) == (1, [(number(2), "no meter of his is known")])
    (planned,) = await world.service.choose({"main": 1})
    voice = FakeVoice()
    scripts = ScriptsService(world.store, world.clock)
    talks = Talks(world.service, scripts, world.settings, say=voice.say, ahead=voice.ahead, meters=meters.spoken)
    job: Any = await talks.job_of(planned)
    assert [(one.id, one.title, one.last, one.most, one.highest) for one in job.meters] == [
        (str(cold.id), "холодная вода, кухня", 120, 50, 99_999),
        (str(gas.id), "газ", 0, 99_999, 99_999),
    ]
    assert job.address
    await world.dialer.place(planned)
    answers = {str(cold.id): "00190", str(gas.id): "5"}
    said = Outcome(Result.ANSWERED, answers=answers, keys="1", proof=Proof.KEY)
    await world.answers(planned.attempt.id, said)
    told = {line.meter.id: line.reading for line in (await meters.of_period("2026-11"))[0]}
    assert (told[cold.id].value, told[cold.id].flag, told[gas.id].value) == ("190", "jump", "5")
    assert told[cold.id].source == "robot" and told[cold.id].call_id is not None
    await world.ledger_tells(planned.attempt.id, said)
    assert len((await meters.get(cold.id))[1]) == 2, "told twice it is one"


async def test_whole_units_of_the_last_reading_are_not_below_it(world: World, meters: MetersService) -> None:
    await resident(world)
    cold = await meters.add(1, "5", COLD, "Орлова")
    await meters.record(cold.id, "120.7", "Петрова", period="2026-10")
    world.store.within.setdefault(OutreachSettled, []).append(meters.on_called)
    await world.campaigns.create(NewCampaign(CallKind.METER, "Ноябрь", numbers=(number(1),)), "Орлова", 2)
    request_id = await world.dial_one(after=0)
    await world.answers(request_id, Outcome(Result.ANSWERED, answers={str(cold.id): "120"}, keys="1", proof=Proof.KEY))
    assert [one.value for one in (await meters.get(cold.id))[1]] == ["120.7", "120.7"], "nothing was used"


async def test_a_reading_that_no_longer_fits_stays_with_its_call(world: World, meters: MetersService) -> None:
    await resident(world)
    cold = await meters.add(1, "5", COLD, "Орлова")
    world.store.within.setdefault(OutreachSettled, []).append(meters.on_called)
    made = await world.campaigns.create(NewCampaign(CallKind.METER, "Ноябрь", numbers=(number(1),)), "Орлова", 2)
    request_id = await world.dial_one(after=0)
    await meters.record(cold.id, "500", "Петрова", period="2026-10")
    await world.answers(request_id, Outcome(Result.PARTIAL, answers={str(cold.id): "400"}, keys="1", proof=Proof.KEY))
    assert [one.value for one in (await meters.get(cold.id))[1]] == ["500"]
    assert (await world.campaigns.results(made.campaign.id)).answers == {str(cold.id): {"400": 1}}


async def test_what_is_told_of_meters_that_were_written_by_hand_is_read_from_nobodys(
    world: World, meters: MetersService
) -> None:
    await resident(world)
    cold = await meters.add(1, "5", COLD, "Орлова")
    world.store.within.setdefault(OutreachSettled, []).append(meters.on_called)
    by_hand = [
        {"id": str(cold.id), "title": "вода", "last": 0, "most": 50},
        {"id": "9" * 30, "title": "газ", "last": 0, "most": 50},
    ]
    wish = NewCampaign(CallKind.METER, "Ноябрь", numbers=(number(2),), job={"address": "Мира, 44", "meters": by_hand})
    made = await world.campaigns.create(wish, "Орлова", 2)
    answers = {str(cold.id): "7", "9" * 30: "8"}
    await world.answers(
        await world.dial_one(after=0), Outcome(Result.ANSWERED, answers=answers, keys="1", proof=Proof.KEY)
    )
    assert (await meters.get(cold.id))[1] == [], "a stranger's reading is no reading of this meter"
    assert (await world.campaigns.results(made.campaign.id)).answers == {one: {n: 1} for one, n in answers.items()}


# --- files --------------------------------------------------------------------------------------------------------

FILE = """дом;квартира;вид;заводской номер;место;разрядов;поверка до;период;показание
zar-1;кв. 5;ХВС;A-1;кухня;5;31.05.2030;2026-10;120,5
zar-1;5;ГВС;B-1;;;;;
nowhere;5;ХВС;C-1;;;;;
zar-1;5;пар;D-1;;;;;
zar-1;5;газ;E-1;;;;2026-10;
zar-1;5;газ;E-2;;;;2027-01;5
zar-1;5;газ;E-3;;;;2026-10;много
"""


async def test_a_file_of_meters_is_taken_and_its_bad_rows_are_told_by_number_and_reason(
    world: World, meters: MetersService, store: Store
) -> None:
    async with store.begin() as tx:
        await tx.conn.execute(text("UPDATE houses SET code = 'zar-1' WHERE id = 1"))
    imports = Imports(store, world.clock, ZoneInfo("Europe/Moscow"))
    seen = await imports.import_csv("meters", FILE.encode(), dry_run=True)
    assert (seen.taken, seen.added, seen.skipped) == (2, 2, 5) and (await meters.find())[0] == []
    done = await imports.import_csv("meters", FILE.encode())
    assert (done.taken, done.added, done.skipped) == (2, 2, 5)
    reasons = {one.row: one.reason for one in done.mistakes}
    assert "unknown house 'nowhere'" in reasons[4] and "kind 'пар'" in reasons[5]
    assert "both value and period" in reasons[6] and "has not begun" in reasons[7] and "a reading is" in reasons[8]
    cold, hot = (await meters.find(house_id=1))[0]
    assert (cold.place, cold.verified_until, cold.last and cold.last.value) == ("кухня", "2030-05-31", "120.5")
    assert cold.last and (cold.last.source, cold.last.period) == ("import", "2026-10") and hot.last is None
    again = await imports.import_csv("meters", FILE.encode())
    assert (again.taken, again.changed) == (2, 0), "a file that comes twice changes nothing"
    low, high = (f"house;premise;kind;serial;period;value\nzar-1;5;cold_water;A-1;2026-11;{n}" for n in (119, 9999))
    assert "below the last reading, 120.5" in (await imports.import_csv("meters", low.encode())).mistakes[0].reason
    assert (await imports.import_csv("meters", high.encode())).changed == 1
    (kept,) = (await meters.of_period("2026-11", flag="jump"))[0]
    assert (kept.reading.value, kept.meter.place) == ("9999", "кухня"), "a column that the file lacks stays"


async def test_digits_that_a_row_brings_hold_for_its_own_reading(
    world: World, meters: MetersService, store: Store
) -> None:
    async with store.begin() as tx:
        await tx.conn.execute(text("UPDATE houses SET code = 'zar-1' WHERE id = 1"))
    await meters.add(1, "5", COLD, "Орлова")
    imports = Imports(store, world.clock, ZoneInfo("Europe/Moscow"))
    row = "house;premise;kind;serial;digits;period;value\nzar-1;5;cold_water;A-1;6;2026-11;123456\n"
    done = await imports.import_csv("meters", row.encode())
    assert (done.mistakes, done.changed) == ((), 1)
    assert [one.reading.value for one in (await meters.of_period("2026-11"))[0]] == ["123456"]


async def test_the_month_is_the_services_own(meters: MetersService, world: World) -> None:
    world.clock.advance(
        seconds=timedelta(days=10, hours=13).total_seconds()
    )  # 30 November, 21:00 UTC is 1 December there
    assert meters.this_month() == period_of(date(2026, 12, 1))
