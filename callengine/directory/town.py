"""A sample town, the same from the same seed: houses, organisations, contracts, residents, staff, notes, incidents.

Everything here is invented. It comes as the CSV that imports.py reads, so the sandbox walks the administrator's road.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

from callengine.clock import Clock
from callengine.directory.imports import Hasher, Imports
from callengine.store import directory as rows
from callengine.store.database import Store
from callengine.tickets.classifier_service import ClassifierService

NAME = "Верхнеозёрск"
SEED = 115
RESIDENTS = 2000
PASSWORD = "sandbox"
ORDER = ("organisations", "houses", "contracts", "staff", "residents", "classifier")

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Staff:
    login: str
    name: str
    role: str
    extension: str = ""
    organisation: str = ""
    shown: bool = True  # one click at the gate of the sandbox


STAFF = (
    Staff("admin", "Северин Олег", "administrator"),
    Staff("orlova", "Орлова Тамара", "supervisor"),
    Staff("petrova", "Петрова Наталья", "operator", "101"),
    Staff("gusev", "Гусев Игорь", "operator", "102"),
    Staff("krylova", "Крылова Мария", "organisation_manager", organisation="zhilkomfort"),
    Staff("akimov", "Акимов Руслан", "executor", organisation="zhilkomfort"),
    Staff("lavrov", "Лавров Сергей", "organisation_manager", organisation="zarechye"),
    Staff("fomin", "Фомин Артём", "executor", organisation="zarechye"),
    Staff("sobolev", "Соболев Павел", "inspector"),
    Staff("yusupova", "Юсупова Диана", "executor", organisation="zhilkomfort", shown=False),
    Staff("gromov", "Громов Николай", "executor", organisation="zarechye", shown=False),
    Staff("volkova", "Волкова Ирина", "organisation_manager", organisation="vodokanal", shown=False),
    Staff("sidorov", "Сидоров Глеб", "executor", organisation="vodokanal", shown=False),
    Staff("teplov", "Теплов Роман", "organisation_manager", organisation="teploset", shown=False),
    Staff("kotov", "Котов Иван", "executor", organisation="teploset", shown=False),
    Staff("liftov", "Лифанов Юрий", "organisation_manager", organisation="liftservis", shown=False),
    Staff("shahtin", "Шахтин Олег", "executor", organisation="liftservis", shown=False),
    Staff("gorodov", "Городов Антон", "organisation_manager", organisation="gorhoz", shown=False),
    Staff("dvornikov", "Дворников Лев", "executor", organisation="gorhoz", shown=False),
    Staff("lapteva", "Лаптева Ольга", "operator", "103", shown=False),
    Staff("somova", "Сомова Елена", "operator", "104", shown=False),
    Staff("ryabinin", "Рябинин Кирилл", "operator", "105", shown=False),
    Staff("belyaeva", "Беляева Светлана", "operator", "106", shown=False),
    Staff("zhukov", "Жуков Андрей", "operator", "107", shown=False),
    Staff("kiseleva", "Киселёва Марина", "operator", "108", shown=False),
    Staff("tarasov", "Тарасов Денис", "operator", "109", shown=False),
    Staff("ermakova", "Ермакова Юлия", "operator", "110", shown=False),
)

ORGANISATIONS: tuple[Row, ...] = (
    {"code": "zarechye", "name": "УК «Заречье»", "kind": "management_company", "phone": "+73072245100"},
    {"code": "zhilkomfort", "name": "ООО «ЖилКомфорт-Сервис»", "kind": "management_company", "phone": "+73072245200"},
    {"code": "vodokanal", "name": "МУП «Водоканал»", "kind": "water_utility", "phone": "+73072245300"},
    {"code": "teploset", "name": "АО «Теплосеть»", "kind": "heat_utility", "phone": "+73072245400"},
    {"code": "liftservis", "name": "ООО «ЛифтСервис»", "kind": "lift_company", "phone": "+73072245500"},
    {"code": "gorhoz", "name": "МКУ «Городское хозяйство»", "kind": "municipality", "phone": "+73072245600"},
)

# Streets of the town with the houses on each; the newer ones are tall, the lane is of private houses.
_STREETS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("ул. Чкалова", "Центр", ("9", "13", "15", "17", "17А", "21")),
    ("пр-т Мира", "Центр", ("12", "28", "36", "40", "44", "46", "48")),
    ("ул. Садовая", "Центр", ("8", "10", "15", "19", "23")),
    ("ул. Гагарина", "Северный", ("3", "7", "21", "23", "25", "27")),
    ("ул. Заводская", "Заводской", ("28", "30", "32", "34")),
    ("ул. 40 лет Октября", "Заводской", ("2", "4", "6", "8к2")),
    ("Речной пер.", "Заречье", ("3", "5", "7")),
    ("Чкаловский пер.", "Заречье", ("17", "19")),
    ("ул. Зелёная", "Северный", ("1", "1/2", "5")),
)
_TALL = {"Чкалова 17", "Мира 44", "Мира 46", "Мира 48", "Гагарина 25", "Гагарина 27", "40 лет Октября 8к2"}

_SURNAMES = (
    "Иванов Смирнов Кузнецов Попов Васильев Соколов Михайлов Новиков Фёдоров Морозов Волков Алексеев Лебедев Семёнов "
    "Егоров Павлов Козлов Степанов Николаев Орлов Андреев Макаров Никитин Захаров Зайцев Соловьёв Борисов Яковлев "
    "Григорьев Романов Воробьёв Сергеев Фролов Александров Дмитриев Королёв Гусев Киселёв Ильин Максимов Поляков "
    "Сорокин Виноградов Ковалёв Белов Медведев Антонов Тарасов Жуков Баранов Филиппов Комаров Давыдов Беляев Герасимов "
    "Богданов Осипов Сидоров Матвеев Титов Марков Миронов Крылов Куликов Карпов Власов Мельников Денисов Гаврилов "
    "Тихонов Казаков Афанасьев Данилов Савельев Тимофеев Фомин Чернов Абрамов Мартынов Ефимов Федотов Щербаков"
).split()
_MEN = (
    "Александр Сергей Алексей Андрей Дмитрий Михаил Иван Николай Владимир Евгений Павел Виктор Олег Юрий Игорь Роман "
    "Денис Константин Руслан Тимур Глеб Пётр Семён Артём Фёдор"
).split()
_WOMEN = (
    "Елена Ольга Наталья Ирина Татьяна Светлана Анна Мария Марина Людмила Галина Надежда Валентина Екатерина Юлия "
    "Лариса Тамара Нина Вера Раиса Зинаида Алёна Алла Софья Дарья"
).split()
_FATHERS = (
    "Александров Сергеев Алексеев Андреев Дмитриев Михайлов Иванов Николаев Владимиров Евгеньев Павлов Викторов "
    "Олегов Юрьев Игорев Романов Денисов Константинов Петров Семёнов Артёмов Фёдоров"
).split()
_RELATIONS = ("собственник", "собственник", "собственник", "наниматель", "супруга", "сын", "дочь", "родственник")


@dataclass(frozen=True, slots=True)
class Resident:
    """One flat of one person, as a row of the CSV."""

    code: str
    name: str
    phones: tuple[str, ...]
    house: str
    premise: str
    relation: str


# The people of the pictures in shared/mock: a shared number, a deaf lady, the keeper of the cellar's key.
_KNOWN = (
    ("Кузнецова Изольда Марковна", "+79074121806", "ул. Чкалова", "17", "184", "собственник"),
    ("Кузнецов Глеб Андреевич", "+79074121806", "ул. Садовая", "8", "12", "сын, звонит за мать"),
    ("Дорохов Виктор Сергеевич", "+79076552091", "ул. Чкалова", "17", "170", "старший по дому"),
    ("Мельникова Анна Петровна", "+79073304177", "пр-т Мира", "44", "61", "собственник"),
    ("Юсупов Рустам Тимурович", "+79075840912", "ул. Гагарина", "21", "9", "собственник"),
    ("Ивлева Светлана Николаевна", "+79077713058", "ул. Садовая", "8", "40", "наниматель"),
)
_NOTES = (  # person, text, author, days until it expires
    ("R-0001", "Плохо слышит", "Лаптева Ольга", 100),
    ("R-0001", "Спорит о тарифах", "Гусев Игорь", 40),
    ("R-0003", "Ключ от подвала у него", "Петрова Наталья", None),
    ("R-0004", "Просит звонить после 18", "Сомова Елена", 30),
)


@dataclass(frozen=True, slots=True)
class Town:
    """The rows of every import, and the residents for who plays them on the phone."""

    houses: tuple[Row, ...]
    contracts: tuple[Row, ...]
    residents: tuple[Resident, ...]

    def csv(self, kind: str, *, passwords: bool = True) -> bytes:
        """The file of a kind, as an administrator would bring it."""
        if kind == "classifier":
            return resources.files("callengine.data").joinpath("classifier.csv").read_bytes()
        rows: Iterable[Row]
        if kind == "residents":
            rows = map(_resident_row, self.residents)
        elif kind == "staff":
            rows = map(_staff_row, STAFF) if passwords else (_staff_row(member, "") for member in STAFF)
        else:
            rows = {"houses": self.houses, "organisations": ORGANISATIONS, "contracts": self.contracts}[kind]
        return _csv(list(rows))


def build(seed: int = SEED, residents: int = RESIDENTS) -> Town:
    """The town. The same seed gives the same people at the same doors."""
    chance = random.Random(seed)
    houses = _houses(chance)
    return Town(tuple(houses), tuple(_contracts(houses)), tuple(_residents(chance, houses, residents)))


def _houses(chance: random.Random) -> list[Row]:
    houses: list[Row] = []
    for street, district, numbers in _STREETS:
        for number in numbers:
            houses.append(_house(chance, f"H-{len(houses) + 1:03d}", street, district, number))
    return houses


def _house(chance: random.Random, code: str, street: str, district: str, number: str) -> Row:
    name = street.replace("ул. ", "").replace("пр-т ", "")
    if "пер." in street:
        floors, entrances, features = 1, 1, ["gas", "private"]
    elif f"{name} {number}" in _TALL:
        floors, entrances = 9, 6
        features = ["lift", "chute", "central_heating", "hot_water"]
    else:
        floors, entrances = 5, chance.randint(2, 5)
        features = ["gas", "central_heating", *(["hot_water"] if chance.random() < 0.7 else [])]
    return {
        "code": code,
        "street": street,
        "number": number,
        "district": district,
        "floors": str(floors),
        "entrances": str(entrances),
        "features": "|".join(features),
    }


def _contracts(houses: Sequence[Row]) -> list[Row]:
    """Who serves what. Nobody has the power grid and the gas: such tickets show what "unassigned" means."""
    blocks = [house for house in houses if "private" not in house["features"]]
    zarechye = [h["code"] for h in blocks if h["district"] in ("Центр", "Северный")]
    comfort = [h["code"] for h in blocks if h["district"] not in ("Центр", "Северный")]
    lifts = [h["code"] for h in houses if "lift" in h["features"]]
    heated = [h["code"] for h in houses if "central_heating" in h["features"]]
    return [
        _contract("14-У", "zarechye", "management_company", zarechye),
        _contract("22-У", "zhilkomfort", "management_company", comfort),
        _contract("7-В", "vodokanal", "water_utility", ["*"]),
        _contract("3-Т", "teploset", "heat_utility", heated),
        _contract("41-Л", "liftservis", "lift_company", lifts),
        _contract("42-Л", "liftservis", "intercom_company", [h["code"] for h in blocks]),
        _contract("1-М", "gorhoz", "municipality", ["*"]),
        _contract("2-М", "gorhoz", "road_service", ["*"]),
        _contract("3-М", "gorhoz", "street_lighting", ["*"]),
        _contract("4-М", "gorhoz", "waste_operator", ["*"]),
    ]


def _contract(code: str, organisation: str, kind: str, served: Sequence[str]) -> Row:
    return {
        "code": code,
        "organisation": organisation,
        "kind": kind,
        "branch": "",
        "priority": "100",
        "valid_from": "2024-01-01",
        "valid_until": "",
        "houses": "|".join(served),
    }


def _residents(chance: random.Random, houses: Sequence[Row], count: int) -> list[Resident]:
    by_address = {(house["street"], house["number"]): house["code"] for house in houses}
    found = [
        Resident(f"R-{n:04d}", name, (number,), by_address[street, house], flat, relation)
        for n, (name, number, street, house, flat, relation) in enumerate(_KNOWN, 1)
    ]
    free = _flats(chance, houses, {(r.house, r.premise) for r in found})
    numbers = _numbers(chance, {number for r in found for number in r.phones})
    while len(found) < count:
        found += _family(chance, len(found), count, free, numbers)
    return found + _second_flats(chance, found, free)


def _flats(chance: random.Random, houses: Sequence[Row], taken: set[tuple[str, str]]) -> list[tuple[str, str]]:
    doors = []
    for house in houses:
        each = int(house["floors"]) * int(house["entrances"]) * 4 if int(house["floors"]) > 1 else 1
        doors += [(house["code"], str(flat) if each > 1 else "") for flat in range(1, each + 1)]
    free = [door for door in doors if door not in taken]
    chance.shuffle(free)
    return free


def _numbers(chance: random.Random, taken: set[str]) -> Iterable[str]:
    while True:
        number = f"+7907{chance.randrange(10**7):07d}"
        if number not in taken:
            taken.add(number)
            yield number


def _family(
    chance: random.Random, have: int, count: int, free: list[tuple[str, str]], numbers: Iterable[str]
) -> list[Resident]:
    """One to three people behind one door; some share a telephone, some have two."""
    next_number = iter(numbers).__next__
    house, premise = free.pop()
    surname, shared = chance.choice(_SURNAMES), next_number()
    family = []
    for place in range(min(chance.choice((1, 1, 2, 2, 3)), count - have)):
        phones = [shared] if place == 0 or chance.random() < 0.35 else [next_number()]
        if chance.random() < 0.12:
            phones.append(next_number())
        relation = "собственник" if place == 0 else chance.choice(_RELATIONS)
        code = f"R-{have + place + 1:04d}"
        family.append(Resident(code, _name(chance, surname, relation), tuple(phones), house, premise, relation))
    return family


def _name(chance: random.Random, surname: str, relation: str) -> str:
    woman = relation in ("супруга", "дочь") or (relation != "сын" and chance.random() < 0.55)
    if woman:
        return f"{surname}а {chance.choice(_WOMEN)} {chance.choice(_FATHERS)}на"
    return f"{surname} {chance.choice(_MEN)} {chance.choice(_FATHERS)}ич"


def _second_flats(chance: random.Random, found: Sequence[Resident], free: list[tuple[str, str]]) -> list[Resident]:
    owners = [r for r in found[len(_KNOWN) :] if r.relation == "собственник"]
    second = chance.sample(owners, len(owners) // 25)
    return [Resident(r.code, r.name, r.phones, *free.pop(), "собственник") for r in second]


def _resident_row(r: Resident) -> Row:
    return {
        "code": r.code,
        "name": r.name,
        "phones": "|".join(r.phones),
        "house": r.house,
        "premise": r.premise,
        "relation": r.relation,
    }


def _staff_row(member: Staff, password: str = PASSWORD) -> Row:
    return {
        "login": member.login,
        "name": member.name,
        "role": member.role,
        "extension": member.extension,
        "organisation": member.organisation,
        "password": password,
    }


def _csv(rows: Sequence[Row]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


# --- into the database ------------------------------------------------------------------------------------


async def load_town(
    store: Store,
    clock: Clock,
    hash_password: Hasher | None,
    *,
    zone: ZoneInfo | None = None,
    seed: int = SEED,
    residents: int = RESIDENTS,
) -> bool:
    """Fill an empty database with the town; True when it did, False when it stands or somebody's own data do."""
    town = build(seed, residents)
    async with store.read() as conn:
        if await rows.has_notes(conn) or await _has_others(conn, town):
            return False
    await ClassifierService(store, clock).begin()
    imports = Imports(store, clock, zone or ZoneInfo("Europe/Moscow"), hash_password=hash_password)
    for kind in ORDER:
        report = await imports.import_csv(kind, town.csv(kind, passwords=hash_password is not None))
        if report.skipped:
            raise AssertionError(f"the sample town has mistakes: {kind}: {report.mistakes[:3]}")
    await _happenings(store, clock.now())
    return True


async def _has_others(conn: rows.Conn, town: Town) -> bool:
    """A service's own houses or organisations: the sample must never mix with them."""
    houses = {house.code for house in await rows.first_houses(conn, 100)}
    organisations = {organisation.code for organisation in await rows.all_organisations(conn)}
    ours = {house["code"] for house in town.houses}, {organisation["code"] for organisation in ORGANISATIONS}
    return not (houses <= ours[0] and organisations <= ours[1])


async def _happenings(store: Store, now: datetime) -> None:
    """Notes on people, an open accident and planned works: last and at once, so that they tell a whole town."""
    async with store.begin() as tx:
        people = await rows.people_by_code(tx.conn, [code for code, *_ in _NOTES])
        for code, text, author, days in _NOTES:
            note = {
                "person_id": people[code],
                "text": text,
                "author": author,
                "created_at": now - timedelta(days=20),
                "expires_at": now + timedelta(days=days) if days else None,
            }
            await rows.add_note(tx, note)
        tall = {house.address: house.id for house in await rows.first_houses(tx.conn, 100)}
        await rows.add_incidents(tx, _incidents(tall["ул. Чкалова, 17"], tall["пр-т Мира, 44"], now))


def _incidents(chkalova: int, mira: int, now: datetime) -> list[dict[str, object]]:
    def incident(house_id: int, kind: str, title: str, cause: str, began: float, promised: float) -> dict[str, object]:
        return {
            "house_id": house_id,
            "kind": kind,
            "title": title,
            "cause": cause,
            "began_at": now + timedelta(hours=began),
            "promised_at": now + timedelta(hours=promised),
        }

    return [
        incident(chkalova, "accident", "Нет холодной воды во всём доме", "порыв на вводе Ду 100, копают", -1, 1.5),
        incident(chkalova, "planned", "Плановые работы: лифты", "обслуживание лифтов", 36, 42),
        incident(mira, "accident", "Нет горячей воды в доме", "воздух в системе, спускают", -3, 2),
    ]
