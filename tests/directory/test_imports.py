"""Imports into both databases: bad rows reported by number and reason, the rest taken, repeating changes nothing."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from callengine.clock import ManualClock
from callengine.directory.imports import FILE_KINDS, Imports, columns
from callengine.directory.service import DirectoryService
from callengine.errors import Refused
from callengine.store.database import Store
from callengine.store.tables import contract_houses, contracts, organisations, people, person_numbers, residences, staff
from callengine.tickets.model import FoundEntry
from callengine.tickets.service import TicketsService

ZONE = ZoneInfo("Europe/Moscow")
HOUSES = "code,street,number,district,floors,entrances,features\n"
TWO_HOUSES = HOUSES + "H-1,пр-т Мира,44,Центр,9,6,lift|chute\nH-2,ул. Чкалова,17А,,5,,\n"
RESIDENTS = "code,name,phones,house,premise,relation\n"
ORGANISATIONS = "code,name,kind\nzar,УК «Заречье»,management_company\nvoda,Водоканал,water_utility\n"
CONTRACTS = "code,organisation,kind,branch,priority,valid_from,valid_until,houses\n"


@pytest.fixture
def imports(store: Store, clock: ManualClock) -> Imports:
    return Imports(store, clock, ZONE, hash_password=lambda password: f"hash of {password}")


@pytest.fixture
async def town(imports: Imports) -> Imports:
    """Two houses and two organisations."""
    await imports.import_csv("houses", TWO_HOUSES.encode())
    await imports.import_csv("organisations", ORGANISATIONS.encode())
    return imports


async def told(imports: Imports, kind: str, text: str | bytes) -> list[tuple[int, str]]:
    report = await imports.import_csv(kind, text if isinstance(text, bytes) else text.encode())
    assert report.skipped == len([m for m in report.mistakes if "not read" not in m.reason])
    return [(mistake.row, mistake.reason) for mistake in report.mistakes]


async def test_a_file_is_taken_and_taken_again_without_a_change(imports: Imports) -> None:
    first = await imports.import_csv("houses", TWO_HOUSES.encode())
    again = await imports.import_csv("houses", TWO_HOUSES.encode())
    assert (first.taken, first.changed, first.skipped) == (2, 2, 0)
    assert (again.taken, again.changed, again.skipped) == (2, 0, 0)


async def test_a_house_renamed_is_found_by_both_names_and_by_no_mixture_of_them(
    imports: Imports, store: Store, clock: ManualClock
) -> None:
    await imports.import_csv("houses", TWO_HOUSES.encode())
    report = await imports.import_csv("houses", TWO_HOUSES.replace("Чкалова", "Гагарина").encode())
    assert report.changed == 1
    directory = DirectoryService(store, clock)
    for typed in ("гагарина 17а", "чкалова 17а"):
        (hit,) = await directory.houses(typed)
        assert (hit.house.code, hit.house.former_addresses) == ("H-2", ("ул. Чкалова, 17А",)), typed
    assert await directory.houses("гагарина чкалова") == []
    spelt_otherwise = TWO_HOUSES.replace("ул. Чкалова", "улица  ГАГАРИНА").encode()
    await imports.import_csv("houses", spelt_otherwise)
    (hit,) = await directory.houses("гагарина 17а")
    assert hit.house.former_addresses == ("ул. Чкалова, 17А",), "another spelling is no other name"


async def test_a_column_that_the_file_lacks_leaves_what_stands(imports: Imports, store: Store) -> None:
    await imports.import_csv("houses", TWO_HOUSES.encode())
    fewer = b"code,street,number,floors\n" + "H-1,пр-т Мира,44,12\n".encode()
    report = await imports.import_csv("houses", fewer)
    assert [(one.key, one.fields) for one in report.changes] == [("H-1", (("floors", 9, 12),))]
    (hit,) = await DirectoryService(store, imports.clock).houses("мира 44")
    assert (hit.house.floors, hit.house.entrances, hit.house.features) == (12, 6, ("chute", "lift"))


async def test_premises_are_taken_with_their_entrance_and_floor(town: Imports) -> None:
    file = "дом;помещение;вид;подъезд;этаж\nH-1;кв. 61;;2;3\nH-1;подвал;общее;;-1\n"
    first = await town.import_csv("premises", file.encode("cp1251"))
    assert (first.taken, first.changed, first.added, first.mistakes) == (2, 2, 2, ())
    again = await town.import_csv("premises", file.replace(";2;3", ";2;4").encode())
    assert [(one.key, one.fields) for one in again.changes] == [("H-1 61", (("floor", 3, 4),))]
    bad = "H-9,1,,,\nH-1,,,,\nH-1,2,замок,,\nH-1,3,,0,\nH-1,4,,,вверху\nH-1,61,,,\nH-1,кв 61,,,\n"
    bad = f"house,premise,kind,entrance,floor\n{bad}"
    assert [row for row, _ in await told(town, "premises", bad)] == [2, 3, 4, 5, 6, 8]


async def test_a_dry_run_reports_and_writes_nothing(imports: Imports, store: Store, clock: ManualClock) -> None:
    report = await imports.import_csv("houses", TWO_HOUSES.encode() + b"H-3,,1,,,,\n", dry_run=True)
    assert (report.taken, report.changed, report.skipped) == (2, 2, 1)
    assert await DirectoryService(store, clock).houses("") == []


async def test_every_honest_file_reads_alike(imports: Imports) -> None:
    for encoding in ("utf-8", "utf-8-sig", "cp1251"):
        for delimiter in (",", ";"):
            report = await imports.import_csv("houses", TWO_HOUSES.replace(",", delimiter).encode(encoding))
            assert (report.taken, report.mistakes) == (2, ()), (encoding, delimiter)


async def test_russian_column_names_are_known(imports: Imports) -> None:
    text = "Код;Улица;Номер;Район\nH-1;ул. Мира;44;Центр\n"
    assert (await imports.import_csv("houses", text.encode("cp1251"))).taken == 1


async def test_a_bad_row_costs_only_itself(imports: Imports) -> None:
    text = HOUSES + (
        "H-1,ул. Мира,1,,,,\n"
        "H-2,ул. Мира\n"  # 3: wrong column count
        "H-3,ул. Мира,3,,девять,,\n"  # 4
        ",ул. Мира,4,,,,\n"  # 5
        "H-1,ул. Мира,5,,,,\n"  # 6: a duplicate code
        'H-6,"ул. Мира,6,,,,\n'  # 7: a broken quote
        "H-7,ул. Мира,7,,,,\n"
        f"H-8,{'x' * 600},8,,,,\n"  # 9
    )
    assert await told(imports, "houses", text) == [
        (3, "2 cells, the header has 7"),
        (4, "floors 'девять': a whole number from 1 to 200, or empty"),
        (5, "code is empty"),
        (6, "the same as row 2: H-1"),
        (7, "a quote is never closed"),
        (9, "street is longer than 500 characters"),
    ]


async def test_duplicates_are_seen_across_batches(imports: Imports) -> None:
    rows = "".join(f"H-{n},ул. Мира,{n},,,,\n" for n in range(2500))
    assert await told(imports, "houses", HOUSES + rows + "H-7,ул. Мира,7,,,,\n") == [(2502, "the same as row 9: H-7")]


async def test_a_cell_of_ten_megabytes_is_reported(imports: Imports) -> None:
    text = HOUSES + "H-1," + "x" * 10_000_000 + ",1,,,,\nH-2,ул. Мира,2,,,,\n"
    assert await told(imports, "houses", text) == [(2, "the line is longer than 1048576 bytes")]


@pytest.mark.parametrize(
    "cell", ["=cmd|'/c calc'!A1", "<script>alert(1)</script>", "'; DROP TABLE houses; --", "😀 \u202e"]
)
async def test_a_hostile_cell_stays_text(imports: Imports, store: Store, clock: ManualClock, cell: str) -> None:
    await imports.import_csv("houses", f'{HOUSES}H-1,"{cell}",1,,,,\n'.encode())
    (hit,) = await DirectoryService(store, clock).houses("")
    assert hit.house.street == cell.strip()


async def test_an_unknown_column_is_mentioned_and_not_read(imports: Imports) -> None:
    text = "code,street,number,colour\nH-1,ул. Мира,1,red\n"
    assert await told(imports, "houses", text) == [(1, "unknown column 'colour': not read")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("code,street\nH-1,x\n", "columns missing: number"),
        ("code,street,number,code\n", "columns named twice: code"),
    ],
)
async def test_a_file_that_cannot_be_taken_at_all_is_refused(imports: Imports, text: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        await imports.import_csv("houses", text.encode())


async def test_an_unknown_kind_is_refused(imports: Imports) -> None:
    with pytest.raises(Refused, match="one of houses"):
        await imports.import_csv("pets", b"")


async def test_a_stream_may_be_bytes_a_file_a_reader_or_an_iterator(imports: Imports) -> None:
    data = TWO_HOUSES.encode()
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 5):
            yield data[start : start + 5]

    for stream in (data, io.BytesIO(data), reader, pieces()):
        assert (await imports.import_csv("houses", stream, dry_run=True)).taken == 2


# --- residents --------------------------------------------------------------------------------------------


async def test_a_person_may_have_several_numbers_and_several_flats(
    town: Imports, store: Store, clock: ManualClock
) -> None:
    text = RESIDENTS + (
        "R-1,Кузнецова Изольда,8 (907) 412-18-06|+7 907 000-00-01,H-1,кв. 61,собственник\n"
        "R-1,Кузнецова Изольда,,H-2,3,собственник\n"
        "R-2,Кузнецов Глеб,89074121806,H-1,61,сын\n"
    )
    assert await told(town, "residents", text) == []
    both = await DirectoryService(store, clock).candidates("+79074121806")
    assert [person.name for person in both] == ["Кузнецова Изольда", "Кузнецов Глеб"]
    assert both[0].numbers == ("+79070000001", "+79074121806")
    assert [(home.house.code, home.premise) for home in both[0].residences] == [("H-1", "61"), ("H-2", "3")]
    again = await town.import_csv("residents", text.encode())
    assert (again.taken, again.changed) == (3, 0)


async def test_what_changed_of_a_person_is_changed(town: Imports, store: Store, clock: ManualClock) -> None:
    await told(town, "residents", RESIDENTS + "R-1,Иванова Анна,+79070000001,H-1,61,наниматель\n")
    report = await town.import_csv(
        "residents", (RESIDENTS + "R-1,Петрова Анна,+79070000002,H-1,61,собственник\n").encode()
    )
    assert report.changed == 1
    directory = DirectoryService(store, clock)
    assert await directory.candidates("+79070000001") == []
    (person,) = await directory.candidates("+79070000002")
    assert (person.name, person.residences[0].relation) == ("Петрова Анна", "собственник")
    assert [p.name for p in await directory.people("петрова")] == ["Петрова Анна"]
    assert await directory.people("иванова") == []
    async with store.read() as conn:
        for table in (people, person_numbers, residences):
            assert len((await conn.execute(select(table))).all()) == 1


async def ways(store: Store) -> dict[str, tuple[str, str]]:
    async with store.read() as conn:
        return {row.code: (row.notify, row.email) for row in await conn.execute(select(people))}


async def test_a_file_brings_addresses_and_how_people_are_told_and_takes_neither_back(
    town: Imports, store: Store
) -> None:
    head = RESIDENTS.replace("relation", "relation,почта,извещать")
    text = head + (
        "R-1,Иванова Анна,+79070000001,H-1,61,,anna@mail.ru,Почта\n"
        "R-1,Иванова Анна,,H-2,3,,,\n"  # a further flat need not repeat them
        "R-2,Петров Пётр,,H-1,62,,,none\n"
        "R-3,Сидоров Олег,,H-1,63,,oleg@mail.ru,\n"
    )
    preview = await town.import_csv("residents", text.encode(), dry_run=True)
    assert ("email", None, "anna@mail.ru") in preview.changes[0].fields
    assert ("notify", None, "email") in preview.changes[0].fields and await ways(store) == {}
    assert await told(town, "residents", text) == []
    stands = {"R-1": ("email", "anna@mail.ru"), "R-2": ("none", ""), "R-3": ("", "oleg@mail.ru")}
    assert await ways(store) == stands
    assert (await town.import_csv("residents", text.encode())).changed == 0
    silent = RESIDENTS + "R-1,Иванова Анна,+79070000001,H-1,61,\nR-2,Петров Пётр,,H-1,62,\n"
    assert await told(town, "residents", silent) == [] and await ways(store) == stands
    empty = head + "R-1,Иванова Анна,+79070000001,H-1,61,,,\nR-2,Петров Пётр,,H-1,62,,,обычно\n"
    assert await told(town, "residents", empty) == []
    assert await ways(store) == stands | {"R-2": ("", "")}


async def test_a_bad_address_or_way_is_told_with_its_row(town: Imports, store: Store) -> None:
    text = RESIDENTS.replace("relation", "relation,email,notify") + (
        "R-1,Иванова Анна,,H-1,61,,anna@mail,\n"
        "R-2,Петров Пётр,,H-1,62,,,pigeon\n"
        "R-3,Сидоров Олег,,H-1,63,,,email\n"
        "R-4,Белых Яна,,H-1,64,,yana@mail.ru,sms\n"
        "R-4,Белых Яна,,H-2,1,,jana@mail.ru,\n"
        "R-4,Белых Яна,,H-2,2,,,call\n"
    )
    assert await told(town, "residents", text) == [
        (2, "'anna@mail' is no e-mail address"),
        (3, "notify 'pigeon': one of none, sms, push, call, email, default, or empty"),
        (4, "notify is email: write the e-mail address that he is told at"),
        (6, "email of R-4 differs from row 5"),
        (7, "notify of R-4 differs from row 5"),
    ]
    assert await ways(store) == {"R-4": ("sms", "yana@mail.ru")}


async def test_bad_residents_are_told_why(town: Imports) -> None:
    text = RESIDENTS + (
        "R-1,Иванова Анна,+79070000001,H-1,61,\n"
        "R-2,Петров Пётр,нет телефона,H-1,62,\n"
        "R-3,Сидоров Олег,,H-9,1,\n"
        "R-1,Иванова Анна,,H-1,61,\n"
        "R-1,Другая Анна,,H-2,1,\n"
        "R-1,Иванова Анна,+79070000002,H-2,1,\n"
        "R-4,Без Дома,+79070000004,,12,\n"
        "R-5,,+79070000005,H-1,5,\n"
    )
    assert await told(town, "residents", text) == [
        (3, "phone 'нет телефона' is no number"),
        (4, "unknown house 'H-9'"),
        (5, "the same as row 2: R-1 H-1 61"),
        (6, "code R-1 is another person in row 2"),
        (7, "phones of R-1 differ from row 2"),
        (8, "premise without a house"),
        (9, "name is empty"),
    ]


# --- contracts, staff, classifier -------------------------------------------------------------------------


async def test_contracts_name_their_houses_or_serve_everywhere(town: Imports, store: Store) -> None:
    text = (
        CONTRACTS + "14-У,zar,management_company,,10,2026-01-01,31.12.2026,H-1|H-2\n7-В,voda,water_utility,HVS,,,,*\n"
    )
    assert await told(town, "contracts", text) == []
    assert (await town.import_csv("contracts", text.encode())).changed == 0
    async with store.read() as conn:
        rows = {row.code: row for row in await conn.execute(select(contracts))}
        served = (await conn.execute(select(contract_houses))).all()
    assert rows["7-В"].everywhere and rows["7-В"].priority == 100 and len(served) == 2
    # The last day counts whole: in force until the midnight after it, in the service's zone.
    assert rows["14-У"].valid_until.isoformat() == "2026-12-31T21:00:00+00:00"


async def test_a_contract_loses_a_house_that_its_row_no_longer_names(town: Imports, store: Store) -> None:
    await told(town, "contracts", CONTRACTS + "14-У,zar,management_company,,,,,H-1|H-2\n")
    report = await town.import_csv("contracts", (CONTRACTS + "14-У,zar,management_company,,,,,H-2\n").encode())
    assert report.changed == 1
    async with store.read() as conn:
        assert len((await conn.execute(select(contract_houses))).all()) == 1


async def test_bad_contracts_are_told_why(town: Imports) -> None:
    text = CONTRACTS + (
        "1,zar,management_company,,,,,\n"
        "2,nobody,management_company,,,,,*\n"
        "3,zar,managment,,,,,*\n"
        "4,zar,management_company,,,,,H-1|H-8|H-9\n"
        "5,zar,management_company,,,soon,,*\n"
        "6,zar,management_company,,,2026-05-01,2026-04-01,*\n"
        "7,zar,management_company,,high,,,*\n"
    )
    reasons = dict(await told(town, "contracts", text))
    assert reasons[2].startswith("a contract without houses")
    assert reasons[3] == "unknown organisation 'nobody'"
    assert reasons[4].startswith("kind 'managment': one of")
    assert reasons[5] == "unknown house 'H-8', 'H-9'"
    assert reasons[6].startswith("valid_from 'soon'")
    assert reasons[7] == "valid_until is before valid_from"
    assert reasons[8].startswith("priority 'high'")


STAFF = "login,name,role,extension,organisation,password\n"


async def test_a_password_is_hashed_once_and_never_replaced_by_an_import(town: Imports, store: Store) -> None:
    await told(town, "staff", STAFF + "petrova,Петрова Наталья,operator,101,,first\nakimov,Акимов,executor,,zar,\n")
    report = await town.import_csv("staff", (STAFF + "petrova,Петрова Н.,operator,101,,second\n").encode())
    assert report.changed == 1
    async with store.read() as conn:
        rows = {row.login: row for row in await conn.execute(select(staff))}
    assert (rows["petrova"].password_hash, rows["petrova"].name) == ("hash of first", "Петрова Н.")
    assert rows["akimov"].password_hash is None and rows["akimov"].organisation_id is not None


async def test_bad_staff_is_told_why(town: Imports) -> None:
    text = STAFF + (
        "petrova,Петрова,operator,101,,\n"
        "gusev,Гусев,operator,101,,\n"
        "orlova,Орлова,boss,,,\n"
        "zhukov,Жуков,operator,1O1,,\n"
        "with space,Имя,operator,,,\n"
        "belov,Белов,executor,,nobody,\n"
    )
    reasons = dict(await told(town, "staff", text))
    assert reasons[3] == "extension 101 belongs to petrova"
    assert reasons[4].startswith("role 'boss': one of administrator")
    assert reasons[5].startswith("extension '1O1'")
    assert reasons[6].startswith("login 'with space'")
    assert reasons[7] == "unknown organisation 'nobody'"


BOSSES = "severin,Северин,administrator,,,a-password\norlova,Орлова,administrator,,,a-password\n"


@pytest.mark.parametrize("dry_run", [True, False])
async def test_the_last_administrator_stays_one_whatever_a_file_says(town: Imports, dry_run: bool) -> None:
    async def refused(rows: str) -> list[tuple[int, str]]:
        report = await town.import_csv("staff", (STAFF + rows).encode(), dry_run)
        return [(mistake.row, mistake.reason) for mistake in report.mistakes]

    reason = "the last active administrator stays one: make another first"
    await told(town, "staff", STAFF + BOSSES)
    down = "severin,Северин,supervisor,,,\norlova,Орлова,operator,,,\n"
    assert await refused(down) == [(3, reason)]
    await told(town, "staff", STAFF + "severin,Северин,supervisor,,,\n")
    assert await refused("orlova,Орлова,operator,,,\n") == [(2, reason)]
    assert await refused("nobody,Без пароля,administrator,,,\norlova,Орлова,operator,,,\n") == [(3, reason)]
    assert await refused("belov,Белов,administrator,,,a-password\norlova,Орлова,operator,,,\n") == []


async def test_nobody_deactivates_himself_by_a_file(town: Imports, store: Store) -> None:
    await told(town, "staff", STAFF + BOSSES)
    async with store.read() as conn:
        orlova = (await conn.execute(select(staff.c.id).where(staff.c.login == "orlova"))).scalar_one()
    file = b"login,name,role,active\norlova,O,administrator,no\nseverin,S,administrator,no\n"
    report = await town.import_csv("staff", file, by=orlova)
    assert [mistake.reason for mistake in report.mistakes] == [
        "nobody deactivates himself: ask a colleague",
    ]
    async with store.read() as conn:
        active = (await conn.execute(select(staff.c.login).where(staff.c.active))).scalars().all()
    assert active == ["orlova"]


@pytest.mark.parametrize("role", ["executor", "organisation_manager"])
async def test_an_executor_or_a_manager_works_for_an_organisation(town: Imports, role: str) -> None:
    reason = f"the role {role} needs an organisation: write its code"
    assert await told(town, "staff", STAFF + f"belov,Белов,{role},,,\n") == [(2, reason)]
    assert await told(town, "staff", STAFF + f"belov,Белов,{role},,zar,\n") == []
    assert await told(town, "staff", f"login,name,role\nbelov,Белов Б.,{role}\n") == [], "it stays as it is"


async def test_a_password_without_a_hasher_is_refused(store: Store, clock: ManualClock) -> None:
    imports = Imports(store, clock, ZONE)
    assert await told(imports, "staff", STAFF + "petrova,Петрова,operator,101,,secret\n") == [
        (2, "passwords cannot be set here: leave the column empty")
    ]


async def test_a_changed_copy_of_the_shipped_classifier_is_taken(
    imports: Imports, store: Store, clock: ManualClock
) -> None:
    from callengine.directory import town

    shipped = town.build(residents=10).csv("classifier")
    assert (await imports.import_csv("classifier", shipped)).changed == 104
    assert (await imports.import_csv("classifier", shipped)).changed == 0
    changed = shipped.replace(b",5,30,4320,", b",7,30,4320,", 1)
    empty = b"," * (shipped.splitlines()[0].count(b",") - 9)
    changed += b"HVS-01,x,y,,life,police,,,,5" + empty + b"\nNEW-01,x,y,,life,police,,,,soon" + empty + b"\n"
    report = await imports.import_csv("classifier", changed)
    assert (report.taken, report.changed, report.skipped) == (104, 1, 2)
    assert report.mistakes[0].reason == "the same as row 2: HVS-01"
    found: list[FoundEntry] = await TicketsService(store, clock, ZONE).classifier_search("HVS-01")
    assert found[0].entry.accept_minutes == 7


def test_the_reference_names_every_column() -> None:
    from pathlib import Path

    page = (Path(__file__).parents[2] / "docs/reference/imports.md").read_text("utf-8")
    for kind in FILE_KINDS:
        section = page.split(f"## {kind}")[1].split("\n## ")[0]
        for column in sum(columns(kind), ()):
            assert f"`{column}`" in section, (kind, column)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+7 (3072) 24-51-00", "+73072245100"),
        ("8 3072 24-51-00", "+73072245100"),
        ("115", "115"),
        ("24-51-00, 24-51-01", "24-51-00, 24-51-01"),
        ("спросить Анну", "спросить Анну"),
        ("", ""),
    ],
)
async def test_the_number_of_an_organisation_is_kept_as_it_is_dialled(
    imports: Imports, store: Store, typed: str, kept: str
) -> None:
    rows = f'code,name,kind,phone\nzar,УК,management_company,"{typed}"\n'
    assert await told(imports, "organisations", rows) == []
    async with store.read() as conn:
        assert (await conn.execute(select(organisations.c.phone))).scalars().all() == [kept]
    assert (await imports.import_csv("organisations", rows.encode())).changed == 0
