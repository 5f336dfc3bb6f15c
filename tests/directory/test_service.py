"""The directory over both databases: who calls, where he lives, what is known; and the sample town."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from callengine.clock import ManualClock
from callengine.directory import town
from callengine.directory.imports import Imports
from callengine.directory.model import Somebody
from callengine.directory.service import DirectoryService
from callengine.errors import NotFound, Refused
from callengine.phone import WITHHELD
from callengine.store.database import Store
from callengine.store.tables import classifier, contracts, houses, organisations, people, reading_log, staff
from tests.furnished import Furnishing

PETROVA = Somebody("Петрова Наталья")
SHARED = "+79074121806"


async def _fill(store: Store, clock: ManualClock) -> None:
    assert await town.load_town(store, clock, None, zone=ZoneInfo("Europe/Moscow"), residents=250)


@pytest.fixture
def furnishing(request: pytest.FixtureRequest) -> Furnishing | None:
    return Furnishing("small_town", _fill) if "directory" in request.fixturenames else None


@pytest.fixture
def directory(store: Store, clock: ManualClock) -> DirectoryService:
    """The directory of the sample town, of fewer people: each test has its own copy."""
    return DirectoryService(store, clock)


async def test_the_town_is_whole_and_is_not_built_twice(store: Store, clock: ManualClock) -> None:
    assert await town.load_town(store, clock, lambda password: f"hash of {password}") is True
    tables = (houses, organisations, people, staff, classifier)
    async with store.read() as conn:
        counts = [len((await conn.execute(select(table))).all()) for table in tables]
        admin = (await conn.execute(select(staff).where(staff.c.login == "admin"))).one()
    assert counts == [40, 6, 2000, 27, 104]
    assert (admin.role, admin.password_hash) == ("administrator", "hash of sandbox")
    assert await town.load_town(store, clock, None) is False


async def test_a_town_cut_short_is_finished_at_the_next_start(sqlite_store: Store, clock: ManualClock) -> None:
    half = town.build()
    imports = Imports(sqlite_store, clock, ZoneInfo("Europe/Moscow"))
    for kind in ("organisations", "houses"):
        await imports.import_csv(kind, half.csv(kind))
    began = perf_counter()
    assert await town.load_town(sqlite_store, clock, None) is True
    assert perf_counter() - began < 5
    assert len(await DirectoryService(sqlite_store, clock).candidates(SHARED)) == 2


async def test_the_sample_never_mixes_with_a_services_own_houses(sqlite_store: Store, clock: ManualClock) -> None:
    imports = Imports(sqlite_store, clock, ZoneInfo("Europe/Moscow"))
    await imports.import_csv("houses", "code,street,number\nOWN-1,ул. Своя,1\n".encode())
    assert await town.load_town(sqlite_store, clock, None) is False
    assert len(await DirectoryService(sqlite_store, clock).houses("")) == 1


async def test_f34_a_shared_number_gives_everybody_with_flats_notes_and_managers(directory: DirectoryService) -> None:
    isolda, gleb = await directory.candidates("8 907 412-18-06")
    assert [note.text for note in isolda.notes] == ["Плохо слышит", "Спорит о тарифах"]
    home = isolda.residences[0]
    assert (home.house.address, home.premise, home.organisation) == ("ул. Чкалова, 17", "184", "УК «Заречье»")
    assert gleb.residences[0].relation == "сын, звонит за мать"


async def test_a_contract_taken_away_manages_no_house_any_more(directory: DirectoryService, store: Store) -> None:
    async with store.begin() as tx:
        await tx.conn.execute(contracts.update().values(removed_at=datetime(2026, 1, 1, tzinfo=UTC)))
    isolda, _ = await directory.candidates(SHARED)
    assert isolda.residences[0].organisation == ""
    assert (await directory.houses("чкалова 17"))[0].organisation == ""


@pytest.mark.parametrize(
    "written",
    [
        "+79074121806",
        "89074121806",
        "8/907/412-18-06",
        "9074121806",
        "sip:+79074121806@10.0.0.1;user=phone",
        "7 907 4121806",
    ],
)
async def test_f33_f35_a_number_is_known_however_it_is_written(directory: DirectoryService, written: str) -> None:
    assert len(await directory.candidates(written)) == 2


@pytest.mark.parametrize(
    "written", ["", "anonymous", "мама", "sip:alice@example.org", "109", "+79990000000", "' OR 1=1 --"]
)
async def test_an_unknown_or_withheld_number_has_no_candidates(directory: DirectoryService, written: str) -> None:
    assert await directory.candidates(written) == []


async def test_a_card_shows_the_open_incidents_and_its_reading_is_logged(
    directory: DirectoryService, store: Store
) -> None:
    card = await directory.card(SHARED, PETROVA, why="incoming call")
    assert [incident.kind for incident in card.incidents] == ["accident", "planned"]
    assert len(card.candidates) == 2
    async with store.read() as conn:
        (row,) = (await conn.execute(select(reading_log))).all()
    assert (row.who, row.what, row.subject, row.why) == ("Петрова Наталья", "card", SHARED, "incoming call")


async def test_a_card_of_nobody_is_empty_and_not_logged(directory: DirectoryService, store: Store) -> None:
    assert (await directory.card(WITHHELD, PETROVA, why="incoming call")).candidates == ()
    async with store.read() as conn:
        assert (await conn.execute(select(reading_log))).all() == []


async def test_many_numbers_are_looked_up_at_once(directory: DirectoryService) -> None:
    found = await directory.names([SHARED, "", "+79990000000", "+79076552091"])
    assert {number: len(its) for number, its in found.items()} == {SHARED: 2, "+79076552091": 1}


ADDRESSES = [
    ("чкал 17", "ул. Чкалова, 17", ""),
    ("Чкалова 17А", "ул. Чкалова, 17А", ""),
    ("чкалва 17", "ул. Чкалова, 17", ""),
    ("ул.Чкалова,д.17", "ул. Чкалова, 17", ""),
    ("xrfkjdf 17", "ул. Чкалова, 17", ""),
    ("Мира 44 кв 61", "пр-т Мира, 44", "61"),
    ("проспект мира 44", "пр-т Мира, 44", ""),
    ("40 лет октября 8 корпус 2", "ул. 40 лет Октября, 8к2", ""),
    ("октебря 6", "ул. 40 лет Октября, 6", ""),
    ("зеленая 1/2", "ул. Зелёная, 1/2", ""),
    ("речной переулок 3", "Речной пер., 3", ""),
]


async def test_a_house_is_found_as_people_type_it(directory: DirectoryService) -> None:
    for typed, address, premise in ADDRESSES:
        hits = await directory.houses(typed)
        assert hits, typed
        assert (hits[0].house.address, hits[0].premise) == (address, premise), typed
    assert await directory.houses("несуществующая 5") == []
    assert len(await directory.houses("", limit=7)) == 7
    assert (await directory.houses("чкал 17"))[0].organisation == "УК «Заречье»"


async def test_house_17_is_not_house_170_and_brings_its_lettered_kin(directory: DirectoryService) -> None:
    numbers = {hit.house.number for hit in await directory.houses("чкалова 17")}
    assert numbers == {"17", "17А"}
    begun = [hit.house.number for hit in await directory.houses("чкалова 1")]
    assert begun == ["13", "15", "17", "17А"], "no house 1 there: those whose number begins so"
    assert await directory.people("чкалова 1") == [], "but nobody of another house"


PEOPLE = [
    ("кузнецова изольда", "Кузнецова Изольда Марковна"),
    ("кузнецва изольда", "Кузнецова Изольда Марковна"),
    ("Юсупов Р. Т.", "Юсупов Рустам Тимурович"),
    ("Мира 44 кв 61", "Мельникова Анна Петровна"),
    ("655-20-91", "Дорохов Виктор Сергеевич"),
    ("8 907 655", "Дорохов Виктор Сергеевич"),
    ("+79076552091", "Дорохов Виктор Сергеевич"),
]


async def test_a_person_is_found_by_name_number_or_flat(directory: DirectoryService) -> None:
    for typed, name in PEOPLE:
        assert name in [person.name for person in await directory.people(typed)], typed
    assert await directory.people("  ") == []
    assert await directory.people("абракадабра") == []
    assert len(await directory.people("иванов", limit=3)) == 3


async def test_a_note_is_written_expires_is_removed_and_comes_back(
    directory: DirectoryService, clock: ManualClock
) -> None:
    (person,) = await directory.candidates("+79076552091")

    async def texts() -> list[str]:
        return [note.text for note in (await directory.person(person.id, PETROVA, why="test")).notes]

    until = clock.now() + timedelta(hours=1)
    note = await directory.add_note(person.id, "  Собака во дворе ", PETROVA, expires_at=until)
    assert (note.author, note.text) == ("Петрова Наталья", "Собака во дворе")
    assert await texts() == ["Ключ от подвала у него", "Собака во дворе"]
    await directory.remove_note(person.id, note.id)
    assert await texts() == ["Ключ от подвала у него"]
    await directory.restore_note(person.id, note.id)
    assert len(await texts()) == 2
    clock.advance(seconds=3600)
    assert await texts() == ["Ключ от подвала у него"]


async def test_a_note_that_makes_no_sense_is_refused(directory: DirectoryService, clock: ManualClock) -> None:
    (person,) = await directory.candidates("+79076552091")
    for text, expires in (("", None), ("x" * 201, None), ("x", clock.now())):
        with pytest.raises(Refused):
            await directory.add_note(person.id, text, PETROVA, expires_at=expires)
    with pytest.raises(NotFound):
        await directory.add_note(999_999, "x", PETROVA)
    with pytest.raises(NotFound):
        await directory.remove_note(person.id, 999_999)


async def test_houses_organisations_and_staff_are_listed(directory: DirectoryService) -> None:
    (hit, *_) = await directory.houses("чкал 17")
    assert (await directory.house(hit.house.id)).organisation == "УК «Заречье»"
    assert len(await directory.incidents(hit.house.id)) == 2
    assert len(await directory.organisations()) == 6
    extensions = [member.extension for member in await directory.staff() if member.role == "operator"]
    assert sorted(filter(None, extensions)) == [str(n) for n in range(101, 111)]
    with pytest.raises(NotFound):
        await directory.house(999_999)
    with pytest.raises(NotFound):
        await directory.person(999_999, PETROVA, why="test")


def test_the_same_seed_builds_the_same_town_and_another_another() -> None:
    assert town.build() == town.build()
    assert town.build(1).residents != town.build(2).residents


def test_the_town_has_shared_numbers_several_numbers_and_several_flats() -> None:
    built = town.build()
    by_number: dict[str, set[str]] = {}
    for resident in built.residents:
        for number in resident.phones:
            by_number.setdefault(number, set()).add(resident.code)
    codes = [resident.code for resident in built.residents]
    assert len(set(codes)) == 2000 < len(codes)
    assert sum(len(its) > 1 for its in by_number.values()) > 50
    assert sum(len(resident.phones) > 1 for resident in built.residents) > 50
