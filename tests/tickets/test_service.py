"""Tickets over both databases: one transaction, one number, one organisation or a reason, terms, history, call."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, insert, select, update

from callengine.clock import ManualClock
from callengine.directory.imports import Imports
from callengine.directory.model import Somebody
from callengine.directory.service import DirectoryService
from callengine.errors import Conflict, NotFound, Refused
from callengine.store.database import Store, Tx
from callengine.store.tables import calls, recordings, ticket_counters, ticket_history, tickets
from callengine.tickets.events import TicketOpened
from callengine.tickets.model import Answer, Applicant, NewTicket, Status, TicketFilter
from callengine.tickets.service import TicketsService, _print_before
from tests.furnished import Furnishing, import_classifier

ZONE = ZoneInfo("Europe/Moscow")
PETROVA = Somebody("Петрова Наталья")
NUMBER = "+79073304177"
HOUSES = (
    "code,street,number,features\nH-1,пр-т Мира,44,lift|chute|central_heating|hot_water\n"
    "H-2,ул. Чкалова,17А,gas\nH-3,Речной пер.,3,\n"
)
ORGANISATIONS = "code,name,kind\nzar,УК «Заречье»,management_company\nvoda,МУП «Водоканал»,water_utility\n"
CONTRACTS = "code,organisation,kind,houses\n14-У,zar,management_company,H-1|H-2\n7-В,voda,water_utility,*\n"
RESIDENTS = "code,name,phones,house,premise\nR-1,Мельникова Анна,+79073304177,H-1,61\n"


async def _fill(store: Store, clock: ManualClock) -> None:
    """Three houses, a management company of two of them, the water utility of all, the shipped classifier."""
    imports = Imports(store, clock, ZONE)
    files = {"houses": HOUSES, "organisations": ORGANISATIONS, "contracts": CONTRACTS, "residents": RESIDENTS}
    for kind, text in files.items():
        assert not (await imports.import_csv(kind, text.encode())).skipped
    await import_classifier(imports)


@pytest.fixture
def furnishing(request: pytest.FixtureRequest) -> Furnishing | None:
    return Furnishing("tickets", _fill) if "service" in request.fixturenames else None


@pytest.fixture
def service(store: Store, clock: ManualClock) -> TicketsService:
    return TicketsService(store, clock, ZONE)


def form(classifier: str = "HVS-02", house_id: int | None = 1, **more: Any) -> NewTicket:
    if house_id is None:  # a matter of a place says where it is
        more.setdefault("place", "у дома на Мира")
    return NewTicket(classifier, house_id, **more)


async def a_call(store: Store, number: str = NUMBER) -> int:
    row = {column.name: "" for column in calls.c if not column.nullable and column.name != "id"}
    row |= {
        "pbx": "main",
        "linkedid": str(id(row)),
        "number": number,
        "arrived_at": datetime(2026, 11, 20, 8, tzinfo=UTC),
    }
    row |= {
        "talk_seconds": 0.0,
        "held_seconds": 0.0,
        "callback_requested": False,
        "robot": False,
        "offers": [],
        "talks": [],
    }
    async with store.begin() as tx:
        return int((await tx.conn.execute(insert(calls).values(**row).returning(calls.c.id))).scalar_one())


async def count(store: Store, table: Any) -> int:
    async with store.read() as conn:
        return int((await conn.execute(select(func.count()).select_from(table))).scalar_one())


async def test_a_ticket_from_a_call_is_whole(service: TicketsService, store: Store, clock: ManualClock) -> None:
    told: list[TicketOpened] = []
    store.after[TicketOpened] = [told.append]
    call_id = await a_call(store)
    answers = (Answer("Интенсивность течи?", "струя"),)
    made = await service.create(
        form(premise="кв. 61", applicant=Applicant(person_id=1), text=" Шум воды ", call_id=call_id, answers=answers),
        PETROVA,
    )
    ticket = await service.get(made.number)
    assert ticket == replace(made, recordings=ticket.recordings)
    assert (ticket.number, ticket.status, ticket.urgency) == ("26-000001", Status.AWAITING_ACCEPTANCE, "emergency")
    assert ticket.house and ticket.house.address == "пр-т Мира, 44" and ticket.premise == "61"
    assert (ticket.applicant.name, ticket.applicant.number) == ("Мельникова Анна", NUMBER)
    assert ticket.organisation and ticket.organisation.name == "УК «Заречье»"
    assert "договор № 14-У" in ticket.organisation_reason
    assert ticket.deadlines.localise_by == clock.now() + timedelta(minutes=30)
    assert "ПП РФ 416" in ticket.deadlines.why
    assert (ticket.text, ticket.answers, ticket.call_ids) == ("Шум воды", answers, (call_id,))
    assert [(e.what, e.author) for e in ticket.history] == [("registered", PETROVA.name), ("routed", PETROVA.name)]
    assert ticket.history[1].reason == ticket.organisation_reason
    assert [fact.ticket for fact in told] == [made]
    assert await service.numbers_of_calls([call_id, 999]) == {call_id: ["26-000001"]}


async def test_the_recording_of_the_call_hangs_on_the_ticket(
    service: TicketsService, store: Store, clock: ManualClock
) -> None:
    call_id = await a_call(store)
    ticket = await service.create(form(call_id=call_id), PETROVA)
    row = {
        "call_id": call_id,
        "pbx": "main",
        "kind": "conversation",
        "file_name": "x.wav",
        "state": "ready",
        "seconds": 7.5,
    }
    async with store.begin() as tx:
        await tx.conn.execute(insert(recordings).values(**row, created_at=clock.now()))
    assert [(r.state, r.seconds) for r in (await service.get(ticket.number)).recordings] == [("ready", 7.5)]


async def test_nothing_is_left_when_a_reaction_fails(service: TicketsService, store: Store) -> None:
    async def fail(tx: Tx, fact: TicketOpened) -> None:
        raise RuntimeError(fact.ticket.number)

    store.within[TicketOpened] = [fail]
    with pytest.raises(RuntimeError, match="26-000001"):
        await service.create(form(), PETROVA)
    store.within.clear()
    assert [await count(store, table) for table in (tickets, ticket_history, ticket_counters)] == [0, 0, 0]
    assert (await service.create(form(), PETROVA)).number == "26-000001"


# --- numbers ----------------------------------------------------------------------------------------------


async def test_numbers_have_no_gap_and_no_double_under_concurrency(service: TicketsService, store: Store) -> None:
    async def one(n: int) -> str | None:
        try:
            return (await service.create(form(house_id=1 if n % 4 else 999), PETROVA)).number
        except Refused:
            return None

    made = [number for number in await asyncio.gather(*map(one, range(24))) if number]
    assert sorted(made) == [f"26-{n:06d}" for n in range(1, 19)]


async def test_the_year_of_a_number_is_that_of_the_services_zone(service: TicketsService, clock: ManualClock) -> None:
    clock.advance(seconds=(datetime(2026, 12, 31, 20, 59, tzinfo=UTC) - clock.now()).total_seconds())
    assert (await service.create(form(), PETROVA)).number == "26-000001"
    clock.advance(seconds=60)  # midnight in Moscow, 21:00 UTC
    assert (await service.create(form(), PETROVA)).number == "27-000001"


async def test_a_counter_that_somebody_moved_is_counted_on_from_where_it_stands(
    service: TicketsService, store: Store
) -> None:
    assert (await service.create(form(), PETROVA)).number == "26-000001"
    async with store.begin() as tx:
        await tx.conn.execute(update(ticket_counters).values(last=41))
    assert [(await service.create(form(), PETROVA)).number for _ in range(2)] == ["26-000042", "26-000043"]


async def test_one_form_sent_twice_is_one_ticket(service: TicketsService, store: Store) -> None:
    told: list[TicketOpened] = []
    store.after[TicketOpened] = [told.append]
    sent = form(key="form-1", text="течёт")
    made = await asyncio.gather(*(service.create(sent, PETROVA) for _ in range(8)))
    assert {ticket.number for ticket in made} == {"26-000001"}
    assert len(told) == 1 and await count(store, tickets) == 1
    assert (await service.create(form(key="form-2"), PETROVA)).number == "26-000002"


@pytest.mark.parametrize(
    "other",
    [
        {"classifier": "HVS-01"},
        {"house_id": 2},
        {"text": "x"},
        {"premise": "61"},
        {"applicant": Applicant("+79074121806", "Белых Олег")},
        {"answers": (Answer("Где течёт?", "в подвале"),)},
        {"organisation_id": 2},
        {"damage_at": datetime(2026, 11, 19, 8, tzinfo=UTC)},
        {"conditions": {"outage_month_minutes": 30}},
        {"paid": True},
        {"cabinet": True},
        {"anonymous": True},
        {"applicant": Applicant(email="anna@example.org")},
        {"house_id": None, "place": "у дома на Мира"},
    ],
    ids=lambda other: " ".join(other),
)
async def test_another_form_under_a_used_key_is_a_conflict(service: TicketsService, other: dict[str, Any]) -> None:
    sent = form(key="form-1", conditions={"floor": 3, "outdoor_celsius": -7.5})
    made = await service.create(sent, PETROVA)
    again = replace(sent, conditions=dict(reversed(sent.conditions.items())))
    assert (await service.create(again, PETROVA)).number == made.number
    with pytest.raises(Conflict, match="26-000001"):
        await service.create(replace(sent, **other), PETROVA)


async def test_a_form_that_the_release_before_took_is_known_by_its_print(
    service: TicketsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = form(key="form-1", text="течёт", conditions={"floor": 3}, answers=(Answer("Где?", "в ванной"),))
    assert _print_before(sent) == "9e7a1286f4dae6ea"  # as that release wrote it
    with monkeypatch.context() as before:
        before.setattr("callengine.tickets.service._print_of", _print_before)
        made = await service.create(sent, PETROVA)
    assert (await service.create(sent, PETROVA)).number == made.number
    with pytest.raises(Conflict):
        await service.create(replace(sent, premise="5"), PETROVA)


async def test_a_form_that_an_earlier_release_took_is_known_by_its_matter(
    service: TicketsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr("callengine.tickets.service._print_of", lambda new: None)
        made = await service.create(form(key="form-1"), PETROVA)
    assert (await service.create(form(key="form-1"), PETROVA)).number == made.number
    with pytest.raises(Conflict):
        await service.create(form(key="form-1", text="x"), PETROVA)


# --- where it goes ----------------------------------------------------------------------------------------


BEGINNINGS = [
    ("HVS-03", 3, "awaiting_acceptance", "на весь город"),
    ("HVS-02", 3, "unassigned", "нет договора на этот дом"),
    ("ELE-02", 1, "unassigned", "электросети"),
    ("GAZ-01", 2, "awaiting_centre", "104"),
    ("ORG-05", 1, "awaiting_centre", "отвечает сам"),
    ("ORG-08", 1, "unassigned", "диспетчер"),
    ("ELE-01", 1, "awaiting_acceptance", "112: перевести вызов"),
    ("HVS-03", None, "awaiting_acceptance", "на весь город"),
]


async def test_a_ticket_begins_where_it_belongs_with_a_reason(service: TicketsService) -> None:
    for code, house_id, status, words in BEGINNINGS:
        ticket = await service.create(form(code, house_id), PETROVA)
        assert ticket.status == status, code
        assert words in ticket.organisation_reason, code
        assert (ticket.organisation is None) is (status != "awaiting_acceptance"), code


async def test_an_operator_may_choose_another_organisation_and_the_reason_says_so(service: TicketsService) -> None:
    ticket = await service.create(form(organisation_id=2), PETROVA)
    assert ticket.organisation and ticket.organisation.code == "voda"
    assert ticket.organisation_reason.startswith("выбрал оператор: МУП «Водоканал»; по правилу: УК «Заречье»")
    by_rule = await service.create(form(organisation_id=1), PETROVA)
    assert by_rule.organisation_reason.startswith("управляющая организация")


async def test_what_the_house_data_call_impossible_is_registered_all_the_same(service: TicketsService) -> None:
    ticket = await service.create(form("LIF-01", 2), PETROVA)
    assert ticket.history[0].data["impossible_for_house"] == "в доме нет лифта"


WRONG = [
    (form("NO-01"), "no classifier entry 'NO-01'"),
    (form(house_id=99), "no house 99"),
    (form(call_id=99, anonymous=True), "no call 99"),
    (form(call_id=99), "no call 99"),
    (form(organisation_id=99), "no organisation 99"),
    (form(applicant=Applicant(person_id=99)), "no person 99"),
]


async def test_a_form_that_names_nothing_real_is_refused_whole(service: TicketsService, store: Store) -> None:
    for wrong, reason in WRONG:
        with pytest.raises(Refused, match=reason):
            await service.create(wrong, PETROVA)
    assert await count(store, ticket_counters) == 0


async def test_a_preview_explains_and_writes_nothing(service: TicketsService, store: Store, clock: ManualClock) -> None:
    found = await service.preview("HVS-05", 1)
    assert found.possible and found.routing.organisation and found.routing.organisation.code == "zar"
    assert [c.organisation.code for c in found.routing.candidates] == ["zar", "voda"]
    assert found.deadlines.accept_by == clock.now() + timedelta(minutes=60)
    impossible = await service.preview("LIF-01", 2)
    assert (impossible.possible, impossible.impossible_reason) == (False, "в доме нет лифта")
    assert await count(store, tickets) == 0
    for code, house_id in (("NO-01", 1), ("HVS-01", 99)):
        with pytest.raises(NotFound):
            await service.preview(code, house_id)


async def test_the_classifier_is_searched_for_a_house(service: TicketsService) -> None:
    assert len(await service.classifier_search()) == 104
    lifts = await service.classifier_search("лифт", 2)
    assert lifts and all(hit.unavailable_reason == "в доме нет лифта" for hit in lifts)
    assert all(hit.available for hit in await service.classifier_search("лифт", 1))
    everything = await service.classifier_search("", 2)
    assert [hit.available for hit in everything] == sorted((hit.available for hit in everything), reverse=True)


# --- lists ------------------------------------------------------------------------------------------------


async def numbers(service: TicketsService, **wanted: Any) -> list[str]:
    return [ticket.number[-1] for ticket in (await service.find(TicketFilter(**wanted)))[0]]


async def test_tickets_are_found_by_words_number_address_phone_and_status(
    service: TicketsService, clock: ManualClock
) -> None:
    begun = clock.now()
    await service.create(form(text="Из подвала шум воды", premise="61"), PETROVA)
    clock.advance(seconds=60)
    await service.create(form("LIF-02", 1, applicant=Applicant("8 907 330-41-77", "Белых Олег")), PETROVA)
    clock.advance(seconds=60)
    await service.create(form("ELE-02", 2), PETROVA)
    found = {
        "26-000002": ["2"],
        "26-2": ["2"],
        "мира 44": ["2", "1"],
        "чкалова 17а": ["3"],
        "подвале": ["1"],
        "шум": ["1"],
        "белых": ["2"],
        "+7 907 330 41 77": ["2"],
        "HVS-02": ["1"],
        "шум лифт": [],
        "%": [],
        "' OR 1=1": [],
    }
    for q, expected in found.items():
        assert await numbers(service, q=q) == expected, q
    assert await numbers(service) == ["3", "2", "1"]
    assert await numbers(service, status=("unassigned",)) == ["3", "2"]
    assert await numbers(service, status=("open",)) == ["3", "2", "1"]
    assert await numbers(service, status=("closed",)) == []
    assert await numbers(service, house_id=2) == ["3"]
    assert await numbers(service, organisation_id=1) == ["1"]
    assert await numbers(service, since=begun + timedelta(seconds=60)) == ["3", "2"]
    assert await numbers(service, until=begun + timedelta(seconds=60)) == ["1"]


async def test_pages_join_without_a_gap_while_new_tickets_come(service: TicketsService) -> None:
    for _ in range(5):  # one moment for all: the id tells them apart
        await service.create(form(), PETROVA)
    seen, cursor = [], None
    while True:
        page, cursor = await service.find(TicketFilter(q="мира"), limit=2, cursor=cursor)
        seen += [ticket.number for ticket in page]
        if cursor is None:
            break
        await service.create(form(), PETROVA)
    assert seen == [f"26-00000{n}" for n in (5, 4, 3, 2, 1)]


async def test_a_cursor_that_is_none_of_ours_is_refused(service: TicketsService) -> None:
    for cursor in ["x", "!!!", "MTIz", "8J-YgA", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5LDE"]:
        with pytest.raises(Refused, match="cursor"):
            await service.find(TicketFilter(), cursor=cursor)


async def test_open_tickets_of_a_house_and_of_a_number(service: TicketsService, clock: ManualClock) -> None:
    await service.create(form("KRO-05", 1), PETROVA)
    await service.create(form("HVS-03", 1, applicant=Applicant(NUMBER)), PETROVA)
    await service.create(form("HVS-03", 2), PETROVA)
    of_house = await service.open_tickets(house_id=1)
    assert [ticket.number for ticket in of_house] == ["26-000002", "26-000001"]  # the nearest term first
    assert [ticket.number for ticket in await service.open_tickets(number="8 907 330-41-77")] == ["26-000002"]
    assert await service.open_tickets(number="anonymous") == []
    assert await service.open_tickets() == []


async def test_a_ticket_is_overdue_when_its_term_is_past(service: TicketsService, clock: ManualClock) -> None:
    ticket = await service.create(form(), PETROVA)
    assert not ticket.overdue(clock.now() + timedelta(minutes=5))
    assert ticket.overdue(clock.now() + timedelta(minutes=5, seconds=1))  # nobody accepted it
    accepted = replace(ticket, status=Status.IN_PROGRESS)
    assert not accepted.overdue(clock.now() + timedelta(days=3))
    assert accepted.overdue(clock.now() + timedelta(days=3, seconds=1))
    assert not replace(ticket, status=Status.CLOSED).overdue(clock.now() + timedelta(days=30))


async def test_what_is_not_there_is_not_found(service: TicketsService) -> None:
    with pytest.raises(NotFound):
        await service.get("26-000404")


async def test_hostile_text_is_kept_as_it_is(service: TicketsService) -> None:
    text = "<img src=x onerror=alert(1)> '; DROP TABLE tickets; -- =1+1 😀"
    made = await service.create(form(text=text, applicant=Applicant("sip:evil@x", "<b>")), PETROVA)
    ticket = await service.get(made.number)
    assert (ticket.text, ticket.applicant.name) == (text, "<b>")


async def test_bytes_that_a_database_refuses_never_reach_it(service: TicketsService) -> None:
    broken = "те\0чёт \ud800"
    answers = (Answer(broken, broken),)
    made = await service.create(
        form(text=broken, premise=broken, applicant=Applicant("\0", broken), answers=answers), PETROVA
    )
    assert (await service.get(made.number)).text == "течёт ?"
    assert await numbers(service, q=broken) == ["1"]
    with pytest.raises(Refused):
        await service.create(form("\0"), PETROVA)
    with pytest.raises(NotFound):
        await service.get("\0")
    with pytest.raises(NotFound):
        await service.preview("\0", 1)


async def test_the_managers_of_houses_come_from_their_contracts(
    service: TicketsService, store: Store, clock: ManualClock
) -> None:
    directory = DirectoryService(store, clock)
    assert {hit.house.code: hit.organisation for hit in await directory.houses("")} == {
        "H-1": "УК «Заречье»",
        "H-2": "УК «Заречье»",
        "H-3": "",
    }


async def test_an_anonymous_applicant_leaves_neither_name_nor_number_on_the_ticket(
    service: TicketsService, store: Store
) -> None:
    call_id = await a_call(store)
    named = Applicant(number=NUMBER, name="Мельникова Анна", person_id=1)
    ticket = await service.create(form(applicant=named, call_id=call_id, anonymous=True), PETROVA)
    kept = await service.get(ticket.number)
    assert kept.applicant == Applicant("", "", None)
    assert kept.call_ids == (call_id,)


async def test_an_open_emergency_is_an_accident_of_its_house_until_it_is_mended(
    service: TicketsService, store: Store, clock: ManualClock
) -> None:
    directory = DirectoryService(store, clock)
    assert await directory.incidents(1) == []
    began = clock.now() - timedelta(hours=1)
    await service.create(form("DVR-01"), PETROVA)  # nothing burns
    first = await service.create(form("HVS-01", damage_at=began), PETROVA)
    await service.create(form("HVS-01"), PETROVA)  # the same accident
    await service.create(form("HVS-01", house_id=3), PETROVA)
    (accident,) = await directory.incidents(1)
    assert (accident.kind, accident.ticket_number, accident.began_at) == ("accident", first.number, began)
    assert accident.promised_at == first.deadlines.fix_by and first.deadlines.fix_by is not None
    assert (accident.title, accident.title_en) == (first.classifier.problem_ru, first.classifier.problem_en)
    card = await directory.card(NUMBER, PETROVA, why="incoming call")
    assert [one.ticket_number for one in card.incidents] == [first.number]
    for changes in ({"fixed_at": clock.now()}, {"status": Status.CANCELLED}):
        async with store.begin() as tx:
            await tx.conn.execute(update(tickets).where(tickets.c.house_id == 1).values(**changes))
        assert await directory.incidents(1) == []
        async with store.begin() as tx:
            await tx.conn.execute(update(tickets).values(fixed_at=None))
    assert len(await directory.incidents(3)) == 1
