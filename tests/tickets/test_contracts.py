"""Contracts by hand, routing by index, and misroutes, over both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select

from callengine.clock import ManualClock
from callengine.directory.imports import Imports
from callengine.directory.model import Somebody
from callengine.errors import Conflict, NotFound, Refused
from callengine.store.contracts import Wanted
from callengine.store.database import Store
from callengine.store.tables import organisations, ticket_declines, tickets
from callengine.tickets.calendar_service import CalendarService
from callengine.tickets.contracts import ContractForm, ContractsService
from callengine.tickets.deadlines import Matter
from callengine.tickets.misroutes import MisroutesService, Place
from callengine.tickets.model import Entry, NewTicket, Routing
from callengine.tickets.rulebook import Rulebook
from callengine.tickets.service import TicketsService
from tests.furnished import Furnishing, import_classifier

ZONE = ZoneInfo("Europe/Moscow")
ORLOVA = Somebody("Орлова Вера")
HOUSES = (
    "code,street,number,district,features\nH-1,пр-т Мира,44,Центр,lift|hot_water\nH-2,пр-т Мира,46,Центр,\n"
    "H-3,Речной пер.,3,Заречье,\n"
)
ORGANISATIONS = (
    "code,name,kind\nzar,УК «Заречье»,management_company\nkom,ЖилКомфорт,management_company\n"
    "voda,МУП «Водоканал»,water_utility\n"
)
CONTRACTS = "code,organisation,kind,houses\n14-У,zar,management_company,H-1|H-2|H-3\n7-В,voda,water_utility,*\n"
ZAR, KOM, VODA = 1, 2, 3


class World:
    """Three houses, three organisations, two contracts, the shipped classifier."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store, self.clock = store, clock
        self.book = Rulebook(ZONE)
        self.contracts = ContractsService(store=store, clock=clock)
        self.misroutes = MisroutesService(store=store, clock=clock, book=self.book, contracts=self.contracts)
        self.calendar = CalendarService(store=store, clock=clock, book=self.book)
        self.tickets = TicketsService(store, clock, ZONE, book=self.book)

    async def route(self, code: str, house_id: int | None) -> Routing:
        entry = await self.entry(code)
        async with self.store.read() as conn:
            return await self.book.route(conn, entry, house_id, self.clock.now())

    async def entry(self, code: str) -> Entry:
        found = await self.tickets.classifier_search(code)
        return next(hit.entry for hit in found if hit.entry.code == code)

    async def close(self, organisation_id: int) -> None:
        async with self.store.begin() as tx:
            mine = organisations.update().where(organisations.c.id == organisation_id)
            await tx.conn.execute(mine.values(active=False))

    async def declined(
        self, code: str, house_id: int, by: int, accepted_by: int | None, contract: str = "14-У", days_ago: int = 0
    ) -> None:
        ticket = await self.tickets.create(NewTicket(code, house_id), ORLOVA)
        row = {
            "ticket_id": ticket.id,
            "classifier_code": code,
            "house_id": house_id,
            "organisation_id": by,
            "contract_code": contract,
            "reason": "не наши сети",
            "at": self.clock.now() - timedelta(days=days_ago),
            "accepted_by": accepted_by,
        }
        async with self.store.begin() as tx:
            await tx.conn.execute(insert(ticket_declines).values(**row))


async def _fill(store: Store, clock: ManualClock) -> None:
    imports = Imports(store, clock, ZONE)
    for kind, text in {"houses": HOUSES, "organisations": ORGANISATIONS, "contracts": CONTRACTS}.items():
        assert not (await imports.import_csv(kind, text.encode())).skipped
    await import_classifier(imports)


@pytest.fixture
def furnishing(request: pytest.FixtureRequest) -> Furnishing | None:
    return Furnishing("contracts", _fill) if "world" in request.fixturenames else None


@pytest.fixture
def world(store: Store, clock: ManualClock) -> World:
    return World(store, clock)


def form(code: str = "22-У", organisation_id: int = KOM, **its: Any) -> ContractForm:
    plain: dict[str, Any] = {"kind": "management_company", "house_ids": (1,)}
    return ContractForm(code=code, organisation_id=organisation_id, **{**plain, **its})


# --- contracts by hand ---------------------------------------------------------------------------------------


async def test_a_contract_made_by_hand_routes_at_once(world: World, clock: ManualClock) -> None:
    made = await world.contracts.create(form(branch="HVS-02"), ORLOVA)
    assert made.warnings == ()
    assert (made.kept.house_count, made.kept.author, made.kept.changed_at) == (1, "Орлова Вера", clock.now())
    route = await world.route("HVS-02", 1)
    assert route.organisation and route.organisation.id == KOM and route.contract_code == "22-У"
    assert "раздел HVS-02" in route.reason
    other = await world.route("HVS-02", 2)
    assert other.organisation and other.organisation.id == ZAR


async def test_a_contract_taken_away_routes_nothing_and_comes_back(world: World) -> None:
    made = await world.contracts.create(form(priority=1), ORLOVA)
    id = made.kept.contract.id
    for _ in range(2):
        await world.contracts.remove(id, ORLOVA)
    assert (await world.route("HVS-02", 1)).contract_code == "14-У"
    assert [one.contract.code for one in (await world.contracts.find(Wanted(removed=True)))[0]] == ["22-У"]
    assert "22-У" not in [one.contract.code for one in (await world.contracts.find(Wanted()))[0]]
    await world.contracts.restore(id, ORLOVA)
    assert (await world.route("HVS-02", 1)).contract_code == "22-У"


async def test_a_changed_contract_has_its_new_houses_and_no_old_ones(world: World) -> None:
    made = await world.contracts.create(form(priority=1, house_ids=(1, 2)), ORLOVA)
    await world.contracts.change(made.kept.contract.id, form(priority=1, house_ids=(3,)), ORLOVA)
    assert [(await world.route("HVS-02", house)).contract_code for house in (1, 2, 3)] == ["14-У", "14-У", "22-У"]


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"house_ids": ()}, "/house_ids", "without houses"),
    ({"everywhere": True}, "/house_ids", "not both"),
    ({"house_ids": (1, 99)}, "/house_ids", "no such houses: 99"),
    ({"kind": "плотник"}, "/kind", "one of management_company"),
    ({"branch": "XXX"}, "/branch", "no branch"),
    ({"organisation_id": 99}, "/organisation_id", "no organisation 99"),
    ({"code": " "}, "/code", "has a code"),
    ({"code": "a\nb"}, "/code", "has a code"),
    ({"priority": -1}, "/priority", "from 0"),
    ({"duty_hours": "ночью"}, "/duty_hours", "20:00-08:00"),
    ({"duty_hours": "workdays"}, "/duty_hours", "20:00-08:00"),
    (
        {"valid_from": datetime(2027, 1, 1, tzinfo=UTC), "valid_until": datetime(2027, 1, 1, tzinfo=UTC)},
        "/valid_until",
        "before it begins",
    ),
]


async def test_a_contract_that_cannot_be_is_refused_with_its_field(world: World) -> None:
    for its, pointer, says in REFUSED:
        with pytest.raises(Refused) as refused:
            await world.contracts.create(replace(form(), **its), ORLOVA)
        assert refused.value.extra["pointer"] == pointer and says in refused.value.detail


async def test_a_closed_organisation_gets_no_contract(world: World) -> None:
    await world.close(KOM)
    with pytest.raises(Refused, match="ЖилКомфорт is closed"):
        await world.contracts.create(form(), ORLOVA)


async def test_a_code_is_given_once_and_one_taken_away_is_named(world: World) -> None:
    made = await world.contracts.create(form(), ORLOVA)
    with pytest.raises(Conflict, match="write another code"):
        await world.contracts.create(form(), ORLOVA)
    await world.contracts.remove(made.kept.contract.id, ORLOVA)
    with pytest.raises(Conflict, match="restore it"):
        await world.contracts.create(form(), ORLOVA)
    with pytest.raises(NotFound):
        await world.contracts.change(99, form("99"), ORLOVA)
    with pytest.raises(NotFound):
        await world.contracts.remove(99, ORLOVA)


async def test_what_is_odd_is_said_and_taken(world: World, clock: ManualClock) -> None:
    rival = await world.contracts.create(form(), ORLOVA)
    assert len(rival.warnings) == 1 and "УК «Заречье» (№ 14-У) отвечает за то же" in rival.warnings[0]
    assert (await world.route("HVS-02", 1)).organisation is None  # as the warning said
    other = await world.contracts.create(form("1", VODA, branch="HVS-01"), ORLOVA)
    assert "водоканал, а по договору служит как управляющая организация" in other.warnings[0]
    past = await world.contracts.create(form("2", branch="HVS-03", valid_until=clock.now()), ORLOVA)
    assert past.warnings == ("срок договора уже прошёл",)


async def test_a_contract_that_differs_is_no_rival(world: World) -> None:
    different: list[dict[str, Any]] = [
        {"priority": 99},
        {"branch": "HVS"},
        {"duty_hours": "20:00-08:00"},
        {"organisation_id": ZAR},
        {"everywhere": True, "house_ids": ()},
    ]
    for n, its in enumerate(different):
        assert (await world.contracts.create(replace(form(f"{n}"), **its), ORLOVA)).warnings == ()


async def test_contracts_one_after_the_other_are_no_rivals(world: World, clock: ManualClock) -> None:
    until = clock.now() + timedelta(days=30)
    first = await world.contracts.create(form("1", branch="HVS", valid_until=until), ORLOVA)
    after = await world.contracts.create(form("2", ZAR, branch="HVS", valid_from=until), ORLOVA)
    assert (first.warnings, after.warnings) == ((), ())
    before = until - timedelta(seconds=1)
    overlapping = await world.contracts.create(form("3", ZAR, branch="HVS", valid_from=before), ORLOVA)
    assert len(overlapping.warnings) == 1


async def test_contracts_are_found_by_code_organisation_house_and_day(world: World, clock: ManualClock) -> None:
    until = clock.now() + timedelta(days=1)
    await world.contracts.create(form(branch="HVS", valid_until=until, house_ids=(2,)), ORLOVA)

    async def codes(**its: Any) -> list[str]:
        return [one.contract.code for one in (await world.contracts.find(Wanted(**its)))[0]]

    assert await codes() == ["14-У", "22-У", "7-В"]
    assert await codes(q="22") == ["22-У"]
    assert await codes(q="100%") == []
    assert await codes(organisation_id=KOM) == ["22-У"]
    assert await codes(house_id=1) == ["14-У", "7-В"]
    assert await codes(house_id=2) == ["14-У", "22-У", "7-В"]
    assert await codes(kind="water_utility") == ["7-В"]
    assert await codes(branch="HVS") == ["22-У"]
    assert await codes(valid_at=until) == ["14-У", "7-В"]
    for typed in ("ЖилКомфорт", "жилкомф", "ЖИЛКОМФОРТ", "22-у"):
        assert await codes(q=typed) == ["22-У"], typed
    first, after = await world.contracts.find(Wanted(), limit=2)
    assert [one.contract.code for one in first] == ["14-У", "22-У"] and after == "22-У"
    assert [one.contract.code for one in (await world.contracts.find(Wanted(), after=after))[0]] == ["7-В"]


# --- routing by index ----------------------------------------------------------------------------------------


async def test_why_a_kind_has_nobody_is_read_only_for_that_kind(world: World, clock: ManualClock) -> None:
    ended = clock.now() - timedelta(days=3)
    for n in range(3):
        its = {"kind": "heat_utility", "valid_until": ended - timedelta(days=n), "house_ids": (1,)}
        await world.contracts.create(form(f"Т-{n}", VODA, **its), ORLOVA)
    route = await world.route("OTO-02", 1)
    assert route.contract_code == "14-У"
    assert "договор № Т-0" in route.reason and "истёк 17.11.2026" in route.reason
    assert "Т-1" not in route.reason


async def test_duty_hours_are_heard_with_the_calendar_of_the_service(world: World, clock: ManualClock) -> None:
    await world.contracts.create(form(priority=1, duty_hours="work"), ORLOVA)  # a Friday, 11:00
    assert (await world.route("HVS-02", 1)).contract_code == "22-У"
    await world.calendar.put(date(2026, 11, 20), False, "день города", ORLOVA)
    route = await world.route("HVS-02", 1)
    assert route.contract_code == "14-У" and "ЖилКомфорт (договор № 22-У) дежурит" in route.reason


async def test_a_ticket_without_a_house_is_served_by_those_of_everywhere(world: World) -> None:
    route = await world.route("HVS-03", None)
    assert route.contract_code == "7-В"
    assert (await world.route("HVS-02", None)).organisation is None


# --- the calendar --------------------------------------------------------------------------------------------


async def test_the_year_has_its_holidays_moved_days_and_own_exceptions(world: World) -> None:
    await world.calendar.put(date(2027, 2, 20), False, "санитарный день", ORLOVA)
    await world.calendar.put(date(2027, 6, 15), False, "", ORLOVA)
    year = await world.calendar.year(2027)
    days = {day.day: day for day in year.days}
    assert (year.country, year.moves_known, year.opens, year.closes) == ("RU", True, "08:00", "17:00")
    assert not days[date(2027, 2, 22)].working and "перенесено" in days[date(2027, 2, 22)].name
    assert days[date(2027, 2, 20)].local and not days[date(2027, 2, 20)].working
    assert days[date(2027, 2, 20)].name == "санитарный день"
    assert date(2027, 6, 16) not in days
    await world.calendar.drop(date(2027, 2, 20))
    again = {day.day: day for day in (await world.calendar.year(2027)).days}
    assert again[date(2027, 2, 20)].working  # the Saturday that the government made work
    with pytest.raises(NotFound):
        await world.calendar.drop(date(2027, 2, 20))


async def test_a_day_put_twice_is_the_last_word(world: World) -> None:
    for working in (False, True):
        await world.calendar.put(date(2026, 12, 5), working, "", ORLOVA)
    days = {day.day: day.working for day in (await world.calendar.year()).days}
    assert days[date(2026, 12, 5)] is True


async def test_terms_count_the_services_own_days(world: World, clock: ManualClock) -> None:
    entry = await world.entry("NAC-01")
    matter = Matter(registered_at=clock.now())
    async with world.store.read() as conn:
        plain = await world.book.terms(conn, entry, matter)
    await world.calendar.put(date(2026, 11, 23), False, "день города", ORLOVA)
    async with world.store.read() as conn:
        later = await world.book.terms(conn, entry, matter)
    assert plain.fix_by and later.fix_by
    assert later.fix_by - plain.fix_by == timedelta(days=3)  # Friday the 4th became Monday the 7th


# --- misroutes -----------------------------------------------------------------------------------------------


async def three_declines(world: World) -> None:
    for _ in range(3):
        await world.declined("HVS-02", 1, ZAR, KOM)
    await world.declined("HVS-02", 2, ZAR, KOM)
    await world.declined("KAN-01", 3, ZAR, None)


async def test_declines_are_counted_by_matter_and_house(world: World) -> None:
    await three_declines(world)
    cells = await world.misroutes.matrix()
    assert [(cell.entry.code, cell.place.label, cell.count) for cell in cells] == [
        ("HVS-02", "пр-т Мира, 44", 3),
        ("HVS-02", "пр-т Мира, 46", 1),
        ("KAN-01", "Речной пер., 3", 1),
    ]
    assert [(share.organisation.id, share.count) for share in cells[0].accepted_by] == [(KOM, 3)]
    assert cells[0].suggestion and "приняла ЖилКомфорт" in cells[0].suggestion.words
    assert cells[1].suggestion is None and "один случай" in cells[1].why_none
    assert "никто ещё не принял" in cells[2].why_none


async def test_by_street_and_by_district_the_houses_are_joined(world: World) -> None:
    await three_declines(world)
    street, district = await world.misroutes.matrix("street"), await world.misroutes.matrix("district")
    assert [(cell.place.label, cell.count, cell.house_ids) for cell in street] == [
        ("пр-т Мира", 4, (1, 2)),
        ("Речной пер.", 1, (3,)),
    ]
    assert [(cell.place.label, cell.count) for cell in district] == [("Центр", 4), ("Заречье", 1)]
    with pytest.raises(Refused, match="one of house"):
        await world.misroutes.matrix("city")


async def test_old_declines_are_forgotten(world: World) -> None:
    for _ in range(2):
        await world.declined("HVS-02", 1, ZAR, KOM, days_ago=100)
    assert await world.misroutes.matrix() == []
    assert len(await world.misroutes.matrix(days=120)) == 1


async def test_where_different_ones_accept_nothing_is_suggested(world: World) -> None:
    for accepted in (KOM, KOM, VODA, VODA):
        await world.declined("HVS-02", 1, ZAR, accepted)
    (cell,) = await world.misroutes.matrix()
    assert cell.suggestion is None and "разные организации" in cell.why_none


async def test_a_closed_organisation_is_not_suggested(world: World) -> None:
    await three_declines(world)
    await world.close(KOM)
    assert "закрыта" in (await world.misroutes.matrix())[0].why_none


async def test_the_effect_shows_each_house_before_and_after_and_changes_nothing(world: World) -> None:
    await three_declines(world)
    effect = await world.misroutes.effect("HVS-02", "street", Place("street", "", street="пр-т Мира"))
    assert [(c.house.number, c.before and c.before.id, c.after and c.after.id) for c in effect.changes] == [
        ("44", ZAR, KOM),
        ("46", ZAR, KOM),
    ]
    assert effect.words == "новые заявки пойдут в ЖилКомфорт: домов 2"
    assert effect.reasons == ("не наши сети",)
    assert (await world.route("HVS-02", 1)).contract_code == "14-У"


async def test_an_accepted_suggestion_is_a_contract_and_its_removal_the_undo(world: World) -> None:
    await three_declines(world)
    place = Place("house", "", 1)
    made = await world.misroutes.accept("HVS-02", "house", place, ORLOVA, organisation_id=KOM)
    contract = made.kept.contract
    assert (contract.branch, contract.priority, made.kept.house_ids) == ("HVS-02", 100, (1,))
    assert "УК «Заречье» — 3" in made.kept.note
    route = await world.route("HVS-02", 1)
    assert route.organisation and route.organisation.id == KOM
    cell = (await world.misroutes.matrix())[0]
    assert cell.suggestion is None and cell.contract_id == contract.id and "уже сделан" in cell.why_none
    with pytest.raises(Conflict, match="уже сделан"):
        await world.misroutes.accept("HVS-02", "house", place, ORLOVA, organisation_id=KOM)
    await world.contracts.remove(contract.id, ORLOVA)
    assert (await world.route("HVS-02", 1)).contract_code == "14-У"
    again = await world.misroutes.accept("HVS-02", "house", place, ORLOVA, organisation_id=KOM)
    assert again.kept.contract.code.endswith("/2")


async def test_a_suggestion_comes_before_the_contract_that_misrouted(world: World) -> None:
    await world.contracts.create(form("1-З", ZAR, branch="HVS-02", priority=10), ORLOVA)
    for _ in range(2):
        await world.declined("HVS-02", 1, ZAR, KOM, contract="1-З")
    (cell,) = await world.misroutes.matrix()
    assert cell.suggestion and cell.suggestion.form.priority == 9
    await world.misroutes.accept("HVS-02", "house", Place("house", "", 1), ORLOVA, organisation_id=KOM)
    route = await world.route("HVS-02", 1)
    assert route.organisation and route.organisation.id == KOM


async def test_the_highest_priority_is_not_outbid_but_named(world: World) -> None:
    await world.contracts.create(form("1-З", ZAR, branch="HVS-02", priority=0), ORLOVA)
    for _ in range(2):
        await world.declined("HVS-02", 1, ZAR, KOM, contract="1-З")
    (cell,) = await world.misroutes.matrix()
    assert cell.suggestion is None and "у договора № 1-З высший приоритет" in cell.why_none


async def test_another_suggestion_than_the_one_shown_is_a_conflict(world: World) -> None:
    await three_declines(world)
    with pytest.raises(Conflict, match="ЖилКомфорт is suggested"):
        await world.misroutes.accept("HVS-02", "house", Place("house", "", 1), ORLOVA, organisation_id=VODA)
    with pytest.raises(NotFound, match="no declines"):
        await world.misroutes.effect("LIF-01", "house", Place("house", "", 1))
    with pytest.raises(Refused, match="name the street"):
        await world.misroutes.effect("HVS-02", "street", Place("street", ""))


async def test_waiting_tickets_of_the_matter_are_counted(world: World) -> None:
    await three_declines(world)
    async with world.store.begin() as tx:
        first = select(tickets.c.id).where(tickets.c.house_id == 1).limit(1).scalar_subquery()
        await tx.conn.execute(tickets.update().where(tickets.c.id == first).values(status="declined"))
    effect = await world.misroutes.effect("HVS-02", "house", Place("house", "", 1))
    assert effect.waiting == 1


# --- what the form told --------------------------------------------------------------------------------------


async def test_the_preview_hears_conditions_and_the_ticket_keeps_them(world: World, clock: ManualClock) -> None:
    told = NewTicket("OTO-02", 1, conditions={"indoor_celsius": 9, "outage_at": "2026-11-20T10:00:00+03:00"})
    seen = await world.tickets.preview("OTO-02", 1, form=told)
    assert seen.deadlines.fix_by == datetime(2026, 11, 20, 11, tzinfo=UTC)
    assert {clock.name: clock.rule for clock in seen.deadlines.clocks}["fix"] == "354-heating-8"
    assert "indoor_celsius" in [question.condition for question in seen.script]
    made = await world.tickets.create(told, ORLOVA)
    kept = await world.tickets.get(made.number)
    assert kept.conditions == {"indoor_celsius": 9.0, "outage_at": "2026-11-20T07:00:00+00:00"}
    assert kept.deadlines.fix_by == seen.deadlines.fix_by
    async with world.store.read() as conn:
        assert await world.book.recompute(conn, kept) == kept.deadlines


async def test_a_condition_that_cannot_be_read_is_refused(world: World) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"indoor_celsius": "тепло"}, "indoor_celsius: a number"),
        ({"indoor_celsius": True}, "indoor_celsius: a number"),
        ({"outage_at": "вчера"}, "outage_at: a moment"),
        ({"damage_at": 5}, "damage_at: a moment"),
    ]
    for conditions, says in wrong:
        with pytest.raises(Refused) as refused:
            await world.tickets.preview("OTO-02", 1, form=NewTicket("OTO-02", 1, conditions=conditions))
        assert refused.value.extra["pointer"] == "/conditions" and says in refused.value.detail


# --- contracts from a file ----------------------------------------------------------------------------------------


async def test_duty_hours_come_from_a_file_and_stay_when_the_next_one_does_not_name_them(
    world: World, store: Store, clock: ManualClock
) -> None:
    imports = Imports(store, clock, ZONE)
    head = "code,organisation,kind,houses"
    told = await imports.import_csv(
        "contracts", f"{head},duty_hours\n5-Н,kom,management_company,H-1,20:00-08:00\n".encode()
    )
    assert not told.skipped

    async def hours() -> list[str]:
        return [one.contract.duty_hours for one in (await world.contracts.find(Wanted(q="5-Н")))[0]]

    assert await hours() == ["20:00-08:00"]
    await imports.import_csv("contracts", f"{head}\n5-Н,kom,management_company,H-2\n".encode())
    assert await hours() == ["20:00-08:00"]
    wrong = await imports.import_csv("contracts", f"{head},duty_hours\n6-Н,kom,management_company,H-1,ночью\n".encode())
    assert wrong.skipped and "20:00-08:00" in str(wrong.mistakes[0])


async def test_a_contract_taken_away_is_in_force_again_when_a_file_has_it(
    world: World, store: Store, clock: ManualClock
) -> None:
    kept = (await world.contracts.find(Wanted(q="14-У")))[0][0]
    await world.contracts.remove(kept.contract.id, ORLOVA)
    assert (await world.route("HVS-02", 1)).organisation is None
    await Imports(store, clock, ZONE).import_csv("contracts", CONTRACTS.encode())
    assert (await world.route("HVS-02", 1)).contract_code == "14-У"
