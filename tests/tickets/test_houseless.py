"""A matter without a house, over both databases: its place in words, who answers for it, and a house named later."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, insert, update

from callengine.clock import ManualClock
from callengine.errors import Refused
from callengine.outreach.service import _of_ticket
from callengine.store.database import Store
from callengine.store.tables import classifier, contract_houses, contracts
from callengine.tickets.columns import COLUMNS, Context
from callengine.tickets.journal import JournalService
from callengine.tickets.listing import JournalFilter
from callengine.tickets.model import NewTicket, Status, TicketFilter, Urgency
from callengine.tickets.visibility import scope_of, sees
from tests.tickets.block import Block, build

PLACE = "перекрёсток Мира и Ленина, у светофора"


@pytest.fixture
async def block(store: Store, clock: ManualClock) -> Block:
    return await build(store, clock)


@pytest.fixture
async def one(sqlite_store: Store, clock: ManualClock) -> Block:
    return await build(sqlite_store, clock)


async def everywhere(block: Block, contract: int) -> None:
    async with block.store.begin() as tx:
        await tx.conn.execute(delete(contract_houses).where(contract_houses.c.contract_id == contract))
        await tx.conn.execute(update(contracts).where(contracts.c.id == contract).values(everywhere=True))


async def test_a_pothole_becomes_a_ticket_with_its_place_in_words(block: Block) -> None:
    async with block.store.begin() as tx:
        pothole = {"code": "GOR-01", "category": "Город", "problem_ru": "Яма на дороге", "problem_en": "Pothole"}
        pothole |= {"search": "gor-01", "urgency": "normal", "organisation_kind": "road_service", "trade": ""}
        pothole |= {
            "organisation_kinds_next": [],
            "responsible": "",
            "questions": [],
            "source": "",
            "notify_municipality": False,
        }
        await tx.conn.execute(insert(classifier).values(**pothole, accept_minutes=240, fix_minutes=14400, clock="24x7"))
    ticket = await block.open("GOR-01", house_id=None, place=f"  {PLACE} ")
    assert (ticket.house, ticket.place, ticket.flat, ticket.address) == (None, PLACE, "", PLACE)
    assert ticket.status is Status.UNASSIGNED and ticket.organisation is None
    assert ticket.organisation_reason == (
        "дорожная служба: дом не указан, договора на весь город нет; организацию назначит диспетчер"
    )
    assert ticket.deadlines.fix_by is not None and ticket.deadlines.accept_by is not None
    found, _ = await block.tickets.find(TicketFilter(q="ленина светофора"))
    assert [hit.number for hit in found] == [ticket.number]


async def test_a_contract_of_the_whole_city_answers_where_there_is_no_house(block: Block) -> None:
    nobody = await block.open(house_id=None)
    assert nobody.status is Status.UNASSIGNED and nobody.district == ""
    await everywhere(block, 1)
    ticket = await block.open(house_id=None)
    assert ticket.status is Status.AWAITING_ACCEPTANCE
    assert ticket.organisation is not None and ticket.organisation.code == "zar"
    assert ticket.organisation_reason.endswith("договор № К-1 на весь город")
    same = await block.open()
    assert ticket.deadlines.fix_by == same.deadlines.fix_by


async def test_a_district_brings_who_serves_all_its_houses_and_nobody_who_serves_a_part(block: Block) -> None:
    ticket = await block.open(house_id=None, district="Север")
    assert ticket.organisation is not None and ticket.organisation.code == "zar"
    assert ticket.organisation_reason.endswith("договор № К-1 на весь участок Север")
    async with block.store.begin() as tx:
        await tx.conn.execute(delete(contract_houses).where(contract_houses.c.house_id == 2))
    part = await block.open(house_id=None, district="Юг")
    assert part.status is Status.UNASSIGNED
    assert "договора на весь город или на весь участок Юг нет" in part.organisation_reason


async def test_the_preview_says_the_same_before_anything_is_written(one: Block) -> None:
    said = await one.tickets.preview("HVS-01", None, language="en")
    assert said.routing.organisation is None
    assert "no house is named, no contract for the whole city" in said.routing.reason
    assert said.deadlines.fix_by is not None
    form = NewTicket("HVS-01", None, district="Север")
    assert (await one.tickets.preview("HVS-01", None, form=form)).routing.organisation is not None


@pytest.mark.parametrize(
    ("code", "form", "pointer"),
    [
        ("HVS-01", {"place": ""}, "/place"),
        ("HVS-01", {"place": " я "}, "/place"),
        ("HVS-01", {"place": PLACE, "premise": "9"}, "/premise"),
        ("HVS-01", {"place": PLACE, "district": "Луна"}, "/district"),
        ("HVS-01", {"place": PLACE, "house_id": 1}, "/place"),
        ("HVS-01", {"district": "Юг", "house_id": 1}, "/district"),
    ],
)
async def test_what_is_not_said_of_a_place_is_asked_for_by_its_field(
    one: Block, code: str, form: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(Refused) as told:
        await one.tickets.create(NewTicket(**{"classifier": code, "house_id": None, **form}), one.who("petrova"))
    assert told.value.extra["pointer"] == pointer


async def test_information_needs_no_place(one: Block) -> None:
    ticket = await one.tickets.create(NewTicket("SPR-01", None), one.who("petrova"))
    assert (ticket.urgency, ticket.place, ticket.status) == (Urgency.INFO, "", Status.AWAITING_CENTRE)


async def test_the_same_form_gives_the_same_ticket_and_another_place_is_another_form(one: Block) -> None:
    form = NewTicket("HVS-01", None, place=PLACE, key="k-1")
    made = await one.tickets.create(form, one.who("petrova"))
    assert (await one.tickets.create(form, one.who("petrova"))).number == made.number
    with pytest.raises(Exception, match=made.number):
        await one.tickets.create(NewTicket("HVS-01", None, place="мост", key="k-1"), one.who("petrova"))


async def test_a_house_is_named_later_and_taken_back(block: Block) -> None:
    ticket = await block.open(house_id=None, place=PLACE)
    with pytest.raises(Refused, match="no house 77"):
        await block.move(ticket, "petrova", "route", organisation_id=2, house_id=77)
    there = await block.move(ticket, "petrova", "route", organisation_id=2, house_id=2, premise="кв. 9")
    assert there.house is not None and (there.house.id, there.flat, there.place) == (2, "9", "")
    assert there.district == "Юг"
    line = there.history[-1].data
    assert (line["address_before"], line["address"], line["premise"]) == (PLACE, there.address, "9")
    kept = await block.tickets.get(ticket.number)
    assert (kept.house and kept.house.id, kept.premise, kept.district) == (2, "9", "Юг")
    found, _ = await block.tickets.find(TicketFilter(q="чкалова"))
    assert [hit.number for hit in found] == [ticket.number]
    back = await block.move(kept, "orlova", "route", "дом назвали не тот", organisation_id=2, place=PLACE)
    assert (back.house, back.place, back.district) == (None, PLACE, "")
    same = {"organisation_id": 2, "place": PLACE}
    with pytest.raises(Refused, match="answers for it already"):
        await block.move(back, "orlova", "route", "ещё раз туда же", **same)


async def test_lists_show_the_place_and_are_narrowed_to_what_has_no_house(block: Block, clock: ManualClock) -> None:
    ticket = await block.open(house_id=None, place=PLACE)
    await block.open(premise="9")
    journal = JournalService(block.store, clock)
    found, _ = await journal.page(JournalFilter(houseless=True), block.who("petrova"))
    assert [row.number for row in found] == [ticket.number]
    housed, _ = await journal.page(JournalFilter(houseless=False), block.who("petrova"))
    context = Context("ru", ZoneInfo("Europe/Moscow"), clock.now())
    where = COLUMNS["where"].value
    assert where(found[0], context) == PLACE
    assert str(where(housed[0], context)).endswith("44, кв. 9")


async def test_an_inspector_of_a_section_sees_it_only_when_its_section_was_named(
    block: Block, clock: ManualClock
) -> None:
    nadzor = block.who("nadzor")
    nowhere = await block.open(house_id=None, place=PLACE)
    north = await block.open(house_id=None, place=PLACE, district="Север")
    assert [sees(scope_of(nadzor), one) for one in (nowhere, north)] == [False, True]
    found, _ = await JournalService(block.store, clock).page(JournalFilter(), nadzor)
    assert [row.number for row in found] == [north.number]


async def test_the_robot_says_the_place(one: Block) -> None:
    ticket = await one.open(house_id=None, place=PLACE)
    assert _of_ticket(ticket, "ru")["address"] == PLACE
