"""The journal over both databases, each list against the same list made by hand from all tickets."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select, update

from callengine.clock import ManualClock
from callengine.directory import search
from callengine.directory.imports import Imports
from callengine.errors import Refused
from callengine.store import journal as rows
from callengine.store import ticket_words
from callengine.store.database import Store
from callengine.store.tables import (
    classifier,
    house_names,
    houses,
    organisations,
    staff,
    ticket_applicants,
    ticket_counters,
    ticket_history,
    ticket_organisations,
    tickets,
)
from callengine.tickets.journal import JournalService
from callengine.tickets.listing import WAITING, Count, JournalFilter, Sort
from callengine.tickets.model import RANKS, REPORTED, Status, Urgency
from callengine.tickets.visibility import Scope, scope_of
from tests.furnished import Furnishing, import_classifier

ZONE = ZoneInfo("Europe/Moscow")
TICKETS = 160
STREETS = ("ул. Чкалова", "пр-т Мира", "Речной пер.")
TEXTS = ("шум воды в подвале", "капает с потолка", "нет света", "")
NAMES = ("Мельникова Анна", "Белых Олег", "Мельников Пётр", "")
CODES = ("HVS-01", "HVS-02", "LIF-02", "ELE-02")
# What finds somebody by his name or number alone.
MASKED = ("8 907 330-41-77", "330-41-77", "4177", "мельник", "мельник шум", "мелньиков")


@dataclass(frozen=True)
class Who:
    role: str = "supervisor"
    staff_id: int | None = None
    organisation_id: int | None = None
    districts: tuple[str, ...] = ()


DESK = Who()
Row = dict[str, Any]


@pytest.fixture
def journal(store: Store, clock: ManualClock) -> JournalService:
    return JournalService(store, clock)


async def _fill(store: Store, clock: ManualClock) -> None:
    await import_classifier(Imports(store, clock, ZONE))
    async with store.begin() as tx:
        kind = "management_company"
        some = [{"code": f"o{n}", "name": f"УК «Район {n}»", "kind": kind} for n in (1, 2, 3)]
        await tx.conn.execute(insert(organisations), some)
        await tx.conn.execute(
            insert(houses),
            [
                {"code": f"h{n}", "street": STREETS[n % 3], "number": str(n), "search": "", "features": ["lift"]}
                for n in range(1, 7)
            ],
        )
        people = [{"login": f"e{n}", "name": f"Слесарь {n}", "role": "executor", "organisation_id": n} for n in (1, 2)]
        await tx.conn.execute(insert(staff), people)
        await tx.conn.execute(insert(ticket_counters), [{"year": 2026, "last": TICKETS}])
    await _insert(store, _tickets(clock))


CITY = Furnishing("city", _fill)


@pytest.fixture
def furnishing(request: pytest.FixtureRequest) -> Furnishing | None:
    return CITY if "city" in request.fixturenames else None


@pytest.fixture
def city(store: Store, clock: ManualClock) -> list[Row]:
    """Tickets of every kind, as rows."""
    return _tickets(clock)


def _tickets(clock: ManualClock) -> list[Row]:
    return [_ticket(n, random.Random(n), clock) for n in range(1, TICKETS + 1)]


def _ticket(n: int, rng: random.Random, clock: ManualClock) -> Row:
    now = clock.now()
    status = rng.choice([*Status, Status.CLOSED, Status.CLOSED])
    urgency = rng.choice([*Urgency])
    house = rng.choice((None, 1, 2, 3, 4, 5, 6))
    created = now - timedelta(hours=rng.randrange(200))  # several at one moment
    accept_by = rng.choice((None, now + timedelta(minutes=rng.randrange(-200, 200))))
    fix_by = rng.choice((None, now + timedelta(minutes=rng.randrange(-600, 600, 60))))
    return {
        "id": n,
        "number": f"26-{n:06d}",
        "status": status,
        "urgency": urgency,
        "rank": RANKS[urgency],
        "classifier_code": rng.choice(CODES),
        "house_id": house,
        "premise": rng.choice(("", "61", "подвал")),
        "applicant_name": rng.choice(NAMES),
        "applicant_number": rng.choice(("", "+79073304177", "+79074121806")),
        "text": rng.choice(TEXTS),
        "answers": [],
        "organisation_id": rng.choice((None, 1, 2, 3)),
        "organisation_reason": "",
        "executor_id": rng.choice((None, 1, 2)),
        "accept_by": accept_by,
        "localise_by": None,
        "fix_by": fix_by,
        "due_at": None if status.final or rng.random() < 0.3 else fix_by,
        "deadline_reason": "",
        "created_at": created,
        "district": rng.choice(("", "Центр", "Заречье")),
        "mark": rng.choice((None, 1, 4, 5)),
        "paid": rng.random() < 0.2,
        "late_at": rng.choice((None, None, now)),
    }


async def _insert(store: Store, made: Sequence[Row]) -> None:
    async with store.begin() as tx:
        await tx.conn.execute(insert(tickets), list(made))
        for row in made:
            await ticket_words.add(tx, row["id"], row["created_at"], words_of(row))


def words_of(row: Row) -> list[str]:
    found = search.words_of(f"{row['classifier_code']} {row['text']}")
    if row["house_id"]:
        found += search.house_words(STREETS[row["house_id"] % 3], str(row["house_id"]))
    found += [row["premise"]] if row["premise"] else []
    return found + ticket_words.of_applicant(row["applicant_name"], row["applicant_number"])


# --- the same by hand ---------------------------------------------------------------------------------------


def in_order(some: Sequence[Row], sort: Sort) -> list[int]:
    """Ids in the order that the page shows."""
    newest = sorted(some, key=lambda r: (r["created_at"], r["id"]), reverse=True)
    if sort is Sort.NEWEST:
        return [r["id"] for r in newest]
    unfinished = [r for r in some if not r["status"].final]
    running = [r for r in unfinished if r["due_at"] is not None]
    by_danger: Callable[[Row], Any] = lambda r: (r["rank"], r["due_at"], r["id"])  # noqa: E731
    running.sort(key=by_danger if sort is Sort.DANGER else lambda r: (r["due_at"], r["id"]))
    idle = sorted((r for r in unfinished if r["due_at"] is None), key=lambda r: (r["rank"], r["id"]))
    return [r["id"] for r in [*running, *idle, *(r for r in newest if r["status"].final)]]


def overdue(row: Row, clock: ManualClock) -> bool:
    if row["status"].final:
        return False
    unaccepted = row["status"] in WAITING and row["accept_by"] is not None and row["accept_by"] < clock.now()
    undone = row["status"] not in REPORTED and row["fix_by"] is not None and row["fix_by"] < clock.now()
    return bool(unaccepted or undone or row["late_at"])


def by_name(row: Row) -> bool:
    return bool(row["applicant_name"].startswith("Мельник"))


def is_open(row: Row) -> bool:
    return not row["status"].final


def cases(clock: ManualClock) -> list[tuple[JournalFilter, Callable[[Row], bool]]]:
    """Every filter, with the same said in Python."""
    now = clock.now()
    since, until = now - timedelta(hours=90), now - timedelta(hours=30)
    return [
        (JournalFilter(), lambda r: True),
        (JournalFilter(status=("open",)), lambda r: is_open(r)),
        (JournalFilter(status=("closed",)), lambda r: r["status"] == "closed"),
        (JournalFilter(status=("conflict",)), lambda r: r["status"] == "conflict"),
        (JournalFilter(status=("conflict", "cancelled")), lambda r: r["status"] in ("conflict", "cancelled")),
        (JournalFilter(status=("open", "cancelled")), lambda r: r["status"] != "closed"),
        (JournalFilter(urgency=("life", "normal")), lambda r: r["urgency"] in ("life", "normal")),
        (JournalFilter(accident=True), lambda r: r["urgency"] in ("life", "emergency")),
        (JournalFilter(accident=False), lambda r: r["urgency"] not in ("life", "emergency")),
        (JournalFilter(paid=True), lambda r: r["paid"]),
        (JournalFilter(paid=False), lambda r: not r["paid"]),
        (JournalFilter(overdue=True), lambda r: overdue(r, clock)),
        (JournalFilter(overdue=False, status=("open",)), lambda r: is_open(r) and not overdue(r, clock)),
        (JournalFilter(late=True), lambda r: r["late_at"] is not None),
        (JournalFilter(late=False), lambda r: r["late_at"] is None),
        (JournalFilter(unassigned=True), lambda r: is_open(r) and r["organisation_id"] is None),
        (JournalFilter(organisation_id=2), lambda r: r["organisation_id"] == 2),
        (JournalFilter(organisation_id=2, status=("open",)), lambda r: r["organisation_id"] == 2 and is_open(r)),
        (JournalFilter(house_id=4), lambda r: r["house_id"] == 4),
        (JournalFilter(house_id=4, status=("open",)), lambda r: r["house_id"] == 4 and is_open(r)),
        (JournalFilter(district="Заречье"), lambda r: r["district"] == "Заречье"),
        (JournalFilter(district="Заречье", status=("open",)), lambda r: r["district"] == "Заречье" and is_open(r)),
        (JournalFilter(executor_id=1), lambda r: r["executor_id"] == 1),
        (JournalFilter(executor_id=1, status=("open",)), lambda r: r["executor_id"] == 1 and is_open(r)),
        (JournalFilter(classifier="HVS"), lambda r: r["classifier_code"].startswith("HVS")),
        (JournalFilter(classifier="HVS-02"), lambda r: r["classifier_code"] == "HVS-02"),
        (JournalFilter(classifier="NONE"), lambda r: False),
        (JournalFilter(mark=(1,)), lambda r: r["mark"] == 1),
        (JournalFilter(mark=(4, 5)), lambda r: r["mark"] in (4, 5)),
        (JournalFilter(since=since, until=until), lambda r: since <= r["created_at"] < until),
        (JournalFilter(since=since, paid=True), lambda r: since <= r["created_at"] and r["paid"]),
        (JournalFilter(q="чкалова"), lambda r: "чкалова" in words_of(r)),
        (JournalFilter(q="чкалова", status=("open",)), lambda r: "чкалова" in words_of(r) and is_open(r)),
        (JournalFilter(q="мельник"), by_name),
        (JournalFilter(q="мельник шум"), lambda r: by_name(r) and "шум" in r["text"]),
        (JournalFilter(q="подвал"), lambda r: "подвал" in r["text"] or r["premise"] == "подвал"),
        (JournalFilter(q="мелньиков"), by_name),  # a slip
        (
            JournalFilter(q="мира 61", organisation_id=1, status=("open", "closed")),
            lambda r: {"мира", "61"} <= set(words_of(r)) and r["organisation_id"] == 1 and r["status"] != "cancelled",
        ),
        (JournalFilter(q="шум", since=since), lambda r: "шум" in r["text"] and since <= r["created_at"]),
        (JournalFilter(q="шум", until=until), lambda r: "шум" in r["text"] and r["created_at"] < until),
        (JournalFilter(q="мельник", house_id=3), lambda r: by_name(r) and r["house_id"] == 3),
        (JournalFilter(q="8 907 330-41-77"), lambda r: r["applicant_number"] == "+79073304177"),
        (JournalFilter(q="330-41-77"), lambda r: r["applicant_number"] == "+79073304177"),
        (JournalFilter(q="4177"), lambda r: r["applicant_number"] == "+79073304177"),
        (JournalFilter(q="26-17"), lambda r: r["id"] == 17),
        (JournalFilter(q="000117"), lambda r: r["id"] == 117),
        (JournalFilter(q="61"), lambda r: r["premise"] == "61" or r["id"] == 61),
        (JournalFilter(q="шум 61"), lambda r: "шум" in r["text"] and (r["premise"] == "61" or r["id"] == 61)),
        (JournalFilter(q="такогонетнигде"), lambda r: False),
        (JournalFilter(q="чкалова к"), lambda r: "чкалова" in words_of(r)),  # he still types
    ]  # fmt: skip


async def whole(journal: JournalService, wanted: JournalFilter, who: Who, sort: Sort, limit: int) -> list[int]:
    """All pages, one after another."""
    seen: list[int] = []
    cursor: str | None = None
    while True:
        page, cursor = await journal.page(wanted, who, sort=sort, limit=limit, cursor=cursor)
        assert len(page) <= limit
        seen += [row.id for row in page]
        if cursor is None:
            return seen


@pytest.mark.parametrize("common", [False, True], ids=["rare words", "common words"])
async def test_each_filter_in_each_order_gives_what_the_same_words_give_by_hand(
    journal: JournalService, city: list[Row], clock: ManualClock, common: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if common:  # the ways that only a large city takes
        monkeypatch.setattr(ticket_words, "RARE", 0)
        monkeypatch.setattr(rows, "FIRST_WINDOW", 5)
        monkeypatch.setattr(rows, "WALKED", 3)
    for (wanted, fits), sort in itertools.product(cases(clock), Sort):
        expected = in_order([row for row in city if fits(row)], sort)
        assert await whole(journal, wanted, DESK, sort, 23) == expected, (wanted, sort)
        counted = await journal.count(wanted, Scope(everything=True), 10_000)
        assert counted == Count(len(expected)), wanted


async def test_common_words_by_danger_give_the_same_by_every_way(
    journal: JournalService, city: list[Row], clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(*_: Any) -> int:  # so that words always seem to fill the page with the first tickets
        return 0

    monkeypatch.setattr(ticket_words, "RARE", 0)
    monkeypatch.setattr(rows, "WALKED", 3)
    monkeypatch.setattr(rows, "_all_tickets", none)
    for met, counted_to in ((2, 4), (1_000, 1_000)):  # sorted where they lie; kept for the parts of the order
        monkeypatch.setattr(rows, "MET", met)
        monkeypatch.setattr(rows, "COUNTED", counted_to)
        rows._met_of.cache_clear()
        for wanted, fits in cases(clock):
            if wanted.q:
                expected = in_order([row for row in city if fits(row)], Sort.DANGER)
                assert await whole(journal, wanted, DESK, Sort.DANGER, 9) == expected, (wanted, met)
                assert await journal.count(wanted, Scope(everything=True), 5) == Count(
                    min(len(expected), 5), more=len(expected) > 5
                ), wanted
    rows._met_of.cache_clear()


async def test_everybody_sees_only_his_own_in_every_order(
    journal: JournalService, store: Store, city: list[Row], clock: ManualClock
) -> None:
    declined = [row["id"] for row in city if row["id"] % 9 == 0]
    left = [row["id"] for row in city if row["id"] % 10 == 0]
    async with store.begin() as tx:
        some = [
            {"organisation_id": 2, "ticket_id": id, "since": clock.now(), "declined_at": clock.now()} for id in declined
        ]
        await tx.conn.execute(insert(ticket_organisations), some)
        some = [{"organisation_id": 3, "ticket_id": id, "since": clock.now()} for id in left]
        await tx.conn.execute(insert(ticket_organisations), some)
    own: list[tuple[Who, Callable[[Row], bool]]] = [
        (Who("organisation_manager", organisation_id=2), lambda r: r["organisation_id"] == 2 or r["id"] in declined),
        (Who("organisation_manager", organisation_id=3), lambda r: r["organisation_id"] == 3),
        (Who("organisation_manager"), lambda r: False),
        (Who("executor", staff_id=1), lambda r: r["executor_id"] == 1),
        (Who("executor"), lambda r: False),
        (Who("inspector"), lambda r: True),
        (Who("inspector", districts=("Центр",)), lambda r: r["district"] == "Центр"),
        (Who("inspector", districts=("Центр", "")), lambda r: r["district"] in ("Центр", "")),
        (Who("pbx"), lambda r: False),
    ]
    for (who, sees), (wanted, fits), sort in itertools.product(own, cases(clock)[::2], (Sort.NEWEST, Sort.DANGER)):
        expected = in_order([row for row in city if fits(row) and sees(row)], sort)
        if who.role == "inspector" and wanted.q in MASKED:
            expected = []  # masked for him: what is found by a number or a name would tell whose it is
        page, cursor = await journal.page(wanted, who, sort=sort, limit=5)
        seen = [row.id for row in page]
        if cursor:
            page, _ = await journal.page(wanted, who, sort=sort, limit=200, cursor=cursor)
            seen += [row.id for row in page]
        assert seen == expected[: len(seen)] and len(seen) == min(len(expected), 205), (who, wanted, sort)
        counted = await journal.counts(who, {"it": wanted})
        assert counted["it"].count == len(expected), (who, wanted)


@pytest.mark.parametrize("common", [False, True], ids=["rare words", "common words"])
async def test_who_reads_no_names_finds_nobody_by_one_and_every_other_word_that_he_may_read(
    journal: JournalService, store: Store, city: list[Row], common: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if common:
        monkeypatch.setattr(ticket_words, "RARE", 0)
        monkeypatch.setattr(rows, "FIRST_WINDOW", 5)
    monkeypatch.setattr(rows, "LOOKED", 7)  # several looks to a page
    inspector = Who("inspector")
    bearers = {3, 5, 20, 21}  # a name that is a street too, and another's words
    async with store.begin() as tx:
        for id in bearers:
            row = city[id - 1]
            row["house_id"] = 1 + id % 3 * 2  # some of them live in that street
            named = {"house_id": row["house_id"], "applicant_name": "Чкалова Мария"}
            await tx.conn.execute(update(tickets).where(tickets.c.id == id).values(**named))
            await ticket_words.add(tx, id, row["created_at"], search.words_of("Чкалова Мария"))
        said = {"text": "сосед Белых не открывает"}
        await tx.conn.execute(update(tickets).where(tickets.c.id == 9).values(**said))
        await ticket_words.add(tx, 9, city[8]["created_at"], search.words_of(said["text"]))
        row = {"ticket_id": 7, "name": "Юнусова Лейла", "number": "+79150001122", "joined_at": city[6]["created_at"]}
        await tx.conn.execute(insert(ticket_applicants), [row])
        joined = ticket_words.of_applicant("Юнусова Лейла", "+79150001122")
        await ticket_words.add(tx, 7, city[6]["created_at"], joined)
    for q, sort in itertools.product((*MASKED, "мария", "чкалова мария", "юнусова", "1122"), Sort):
        wanted = JournalFilter(q=q)
        assert await whole(journal, wanted, DESK, sort, 50), q
        assert await journal.page(wanted, inspector, sort=sort, limit=3) == ([], None), (q, sort)
        assert (await journal.counts(inspector, {"it": wanted}))["it"] == Count(0), q
        assert [page async for page in journal.pages(wanted, scope_of(inspector), sort, each=3)] == [], q
    street = {r["id"] for r in city if r["house_id"] and STREETS[r["house_id"] % 3] == "ул. Чкалова"}
    found = await whole(journal, JournalFilter(q="чкалова"), DESK, Sort.NEWEST, 50)
    assert set(found) > street & set(found) and not bearers <= street
    for sort in Sort:
        assert set(await whole(journal, JournalFilter(q="чкал"), inspector, sort, 5)) == street & set(found), sort
        assert await whole(journal, JournalFilter(q="белых"), inspector, sort, 5) == [9], sort
        assert await whole(journal, JournalFilter(q="26-9"), inspector, sort, 5) == [9], sort


async def test_a_page_never_shifts_when_new_tickets_come(
    journal: JournalService, store: Store, city: list[Row], clock: ManualClock
) -> None:
    for sort, wanted in itertools.product(Sort, (JournalFilter(), JournalFilter(q="шум"), JournalFilter(house_id=2))):
        before = await whole(journal, wanted, DESK, sort, 200)
        seen: list[int] = []
        cursor = None
        while True:
            page, cursor = await journal.page(wanted, DESK, sort=sort, limit=11, cursor=cursor)
            seen += [row.id for row in page]
            if cursor is None:
                break
            clock.advance(seconds=1)
            id = TICKETS + 1000 + clock.now().second + 60 * clock.now().minute + 3600 * list(Sort).index(sort)
            fresh = _ticket(id, random.Random(5), clock) | {"text": "шум", "house_id": 2, "created_at": clock.now()}
            async with store.begin() as tx:
                if not (await tx.conn.execute(select(tickets.c.id).where(tickets.c.id == id))).first():
                    await tx.conn.execute(insert(tickets), [fresh])
        assert [id for id in seen if id in before] == before, (sort, wanted)
        assert len(set(seen)) == len(seen)


async def test_a_cursor_of_another_order_or_of_nobody_is_refused(journal: JournalService, city: list[Row]) -> None:
    _, of_danger = await journal.page(JournalFilter(), DESK, sort=Sort.DANGER, limit=3)
    for cursor in [of_danger, "x", "!!!", "MTIz", "8J-YgA", "biwwLDk5OTk5OTk5OTk5OTk5OTk5OXQsMQ", "biwtMSwxdCwx"]:
        with pytest.raises(Refused, match="cursor"):
            await journal.page(JournalFilter(), DESK, sort=Sort.NEWEST, cursor=cursor)


async def test_how_a_ticket_went_is_looked_up_only_when_it_is_asked_for(
    journal: JournalService, store: Store, city: list[Row], clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with store.begin() as tx:
        went = {"fixed_at": clock.now(), "damage_at": None, "close_reason": "заменён кран"}
        await tx.conn.execute(update(tickets).where(tickets.c.id == 5).values(**went))
    looks: list[int] = []
    true_look = rows.lives

    async def look(conn: Any, ids: Any) -> Any:
        looks.append(len(ids))
        return await true_look(conn, ids)

    monkeypatch.setattr(rows, "lives", look)
    (line,), _ = await journal.page(JournalFilter(q="26-5"), DESK, extras=("comment", "recording"))
    assert (line.life, looks) == (None, [])
    (line,), _ = await journal.page(JournalFilter(q="26-5"), DESK, extras=("fixed",))
    assert line.life and looks == [1]
    assert (line.life.fixed_at, line.life.damage_at, line.life.close_reason) == (clock.now(), None, "заменён кран")


async def test_a_line_tells_all_that_a_list_shows(
    journal: JournalService, store: Store, city: list[Row], clock: ManualClock
) -> None:
    async with store.begin() as tx:
        mine = {"house_id": 2, "organisation_id": 1, "executor_id": 2, "applicant_count": 14, "status": "in_progress"}
        await tx.conn.execute(update(tickets).where(tickets.c.id == 5).values(**mine, applicant_name="Белых Олег"))
        said = {"ticket_id": 5, "at": clock.now(), "author": "Слесарь 2", "data": {}, "what": "comment"}
        await tx.conn.execute(insert(ticket_history), [said | {"reason": "Едем", "public": True}])
        await tx.conn.execute(insert(ticket_history), [said | {"reason": "Насос взять", "public": False}])
    (line,), _ = await journal.page(JournalFilter(q="26-5"), DESK, extras=("comment", "recording"))
    assert line.house and line.house.address == "Речной пер., 2" and line.house.features == ("lift",)
    assert line.organisation and line.organisation.name == "УК «Район 1»"
    assert (line.executor, line.applicant_count, line.comment) == ("Слесарь 2", 14, "Едем")
    assert line.entry.code == city[4]["classifier_code"] and line.recording_id is None
    (masked,), _ = await journal.page(JournalFilter(q="26-5"), Who("inspector"))
    assert (masked.applicant_name, masked.person_id) == ("Б. О.", None)
    assert not masked.applicant_number.startswith("+")


async def test_one_who_joined_later_is_found_too(journal: JournalService, store: Store, city: list[Row]) -> None:
    async with store.begin() as tx:
        row = {"ticket_id": 7, "name": "Юнусова Лейла", "number": "+79150001122", "joined_at": city[6]["created_at"]}
        await tx.conn.execute(insert(ticket_applicants), [row])
        found = ticket_words.of_applicant("Юнусова Лейла", "+79150001122")
        await ticket_words.add(tx, 7, city[6]["created_at"], found)
    for q in ("юнусова", "1122", "+7 915 000 11 22"):
        page, _ = await journal.page(JournalFilter(q=q), DESK)
        assert [row.id for row in page] == [7], q


async def test_the_rail_counts_to_its_limit_and_says_so(
    journal: JournalService, city: list[Row], clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from callengine.tickets import journal as module

    counts = await journal.counts(DESK)
    unfinished = [row for row in city if not row["status"].final]
    assert counts["open"] == Count(len(unfinished))
    assert counts["accidents"] == Count(sum(row["rank"] <= 1 for row in unfinished))
    assert counts["overdue"] == Count(sum(overdue(row, clock) for row in city))
    assert counts["conflict"] == Count(sum(row["status"] == "conflict" for row in city))
    monkeypatch.setattr(module, "COUNTED", 10)
    clock.advance(seconds=3)
    assert (await journal.counts(DESK))["open"] == Count(10, more=True)


async def test_a_wide_beginning_of_words_still_finds(
    journal: JournalService, city: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticket_words, "LISTED", 1)
    expected = in_order([row for row in city if row["applicant_name"].startswith("Мельник")], Sort.NEWEST)
    assert await whole(journal, JournalFilter(q="мельник"), DESK, Sort.NEWEST, 9) == expected
    monkeypatch.setattr(ticket_words, "RARE", 0)
    assert await whole(journal, JournalFilter(q="мельник"), DESK, Sort.NEWEST, 9) == expected


async def test_a_ticket_of_an_entry_that_has_just_come_is_listed(
    journal: JournalService, store: Store, city: list[Row], clock: ManualClock
) -> None:
    before = await whole(journal, JournalFilter(), DESK, Sort.NEWEST, 200)  # the entries are known now
    async with store.begin() as tx:
        like = (await tx.conn.execute(select(classifier).where(classifier.c.code == "HVS-01"))).one()
        await tx.conn.execute(insert(classifier), [{**like._mapping, "code": "HVS-99", "problem_ru": "Гейзер"}])
        fresh = _ticket(500, random.Random(5), clock) | {"classifier_code": "HVS-99", "created_at": clock.now()}
        await tx.conn.execute(insert(tickets), [fresh | {"number": "26-000500"}])
    page, _ = await journal.page(JournalFilter(), DESK, limit=5)
    assert (page[0].id, page[0].entry.problem_ru) == (500, "Гейзер")
    assert await whole(journal, JournalFilter(), DESK, Sort.NEWEST, 200) == [500, *before]


async def test_a_long_export_makes_nobody_read_old_names(
    journal: JournalService, store: Store, city: list[Row], clock: ManualClock
) -> None:
    exporting = journal.pages(JournalFilter(), Scope(everything=True), Sort.NEWEST, each=40)
    names = {line.entry.problem_ru for line in await anext(exporting) if line.entry.code == "HVS-01"}
    async with store.begin() as tx:
        renamed = update(classifier).where(classifier.c.code == "HVS-01").values(problem_ru="Иначе названа")
        await tx.conn.execute(renamed)
    clock.advance(seconds=6)
    names |= {line.entry.problem_ru for line in await anext(exporting) if line.entry.code == "HVS-01"}
    assert len(names) == 1 and names != {"Иначе названа"}, "it goes out as it stood when it began"
    page, _ = await journal.page(JournalFilter(classifier="HVS-01"), DESK, limit=5)
    assert {line.entry.problem_ru for line in page} == {"Иначе названа"}
    assert [len(rest) async for rest in exporting] == [40, 40]


async def test_a_ticket_of_a_renamed_house_keeps_the_address_it_was_registered_at(
    journal: JournalService, store: Store, city: list[Row], clock: ManualClock
) -> None:
    day = timedelta(hours=24)
    renamings = [("Старая ул.", clock.now() - 6 * day), ("Средняя ул.", clock.now() - 3 * day)]
    async with store.begin() as tx:
        some = [{"house_id": 4, "street": street, "number": "40", "until": until} for street, until in renamings]
        await tx.conn.execute(insert(house_names), some)

    def address(row: Row) -> str:
        if row["house_id"] is None:
            return ""
        now = f"{STREETS[row['house_id'] % 3]}, {row['house_id']}"
        then = next((street for street, until in renamings if until > row["created_at"]), None)
        return f"{then}, 40" if row["house_id"] == 4 and then else now

    expected = {row["id"]: address(row) for row in city}
    assert {"Старая ул., 40", "Средняя ул., 40", "пр-т Мира, 4"} <= {*expected.values()}
    page, _ = await journal.page(JournalFilter(), DESK, limit=200)
    assert {line.id: line.house.address if line.house else "" for line in page} == expected
    assert {line.house.renamed_to for line in page if line.house and line.house.number == "40"} == {"пр-т Мира, 4"}
    everything = Scope(everything=True)
    pages = [page async for page in journal.pages(JournalFilter(), everything, Sort.DUE, each=90)]
    exported = itertools.chain.from_iterable(pages)
    assert {line.id: line.house.address if line.house else "" for line in exported} == expected


async def test_a_word_that_has_just_come_is_found_by_what_was_asked_a_moment_ago(
    journal: JournalService, store: Store, city: list[Row], clock: ManualClock
) -> None:
    """Several typed words are looked up with their tickets in one statement, when each was known as one word."""
    asked = JournalFilter(q="воды шум")
    before = [row["id"] for row in city if "шум воды" in row["text"]]
    for _ in range(3):
        assert sorted(await whole(journal, asked, DESK, Sort.NEWEST, 7)) == before
    fresh = _ticket(500, random.Random(5), clock) | {"text": "", "created_at": clock.now(), "number": "26-000500"}
    async with store.begin() as tx:
        await tx.conn.execute(insert(tickets), [fresh])
        await ticket_words.add(tx, 500, clock.now(), ["шумит", "водыка"])
    for _ in range(2):
        found = await whole(journal, asked, DESK, Sort.NEWEST, 7)
        assert (found[0], sorted(found[1:])) == (500, before)
    assert await whole(journal, JournalFilter(q="водык"), DESK, Sort.NEWEST, 7) == [500]


async def test_a_word_of_a_ticket_that_was_undone_is_written_anew_with_the_next(
    journal: JournalService, store: Store, city: list[Row], clock: ManualClock
) -> None:
    """SQLite's writer keeps the ids of words: one that was never committed may be another word's by then."""

    async def register(id: int, word: str, fails: bool = False) -> None:
        row = _ticket(id, random.Random(5), clock) | {"text": "", "created_at": clock.now(), "number": f"26-000{id}"}
        async with store.begin() as tx:
            await tx.conn.execute(insert(tickets), [row])
            await ticket_words.add(tx, id, clock.now(), [word])
            if fails:
                raise ValueError

    with pytest.raises(ValueError):
        await register(500, "брызжет", fails=True)
    await register(501, "парит")
    await register(502, "брызжет")
    assert await whole(journal, JournalFilter(q="брызжет"), DESK, Sort.NEWEST, 7) == [502]
    assert await whole(journal, JournalFilter(q="парит"), DESK, Sort.NEWEST, 7) == [501]
