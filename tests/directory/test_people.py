"""Cards made, changed and merged by hand, on both databases; a merging undone leaves everything as it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, delete, insert, select

from callengine.clock import ManualClock
from callengine.directory.imports import Imports
from callengine.directory.merges import MergesService
from callengine.directory.model import Person, Somebody
from callengine.directory.residents import Alike, Card, Home, ResidentsService
from callengine.directory.service import DirectoryService
from callengine.errors import Conflict, NotFound, Refused
from callengine.store.database import Store
from callengine.store.tables import (
    houses,
    notes,
    people,
    person_merges,
    person_numbers,
    reading_log,
    residences,
    search_words,
    ticket_applicants,
    tickets,
)
from callengine.tickets.classifier_service import ClassifierService
from tests.furnished import Furnishing
from tests.thorough import examples

PETROVA = Somebody("Петрова Наталья")
HOUSES = "code,street,number\nH-1,пр-т Мира,44\nH-2,ул. Чкалова,17А\n"
ANNA, BORIS = "Мельникова Анна", "Юсупов Борис"


@dataclass
class Town:
    """Two houses, the services that write cards, and the ids of the houses."""

    store: Store
    clock: ManualClock

    def __post_init__(self) -> None:
        self.cards = ResidentsService(self.store, self.clock)
        self.merges = MergesService(self.store, self.clock)
        self.directory = DirectoryService(self.store, self.clock)
        self.imports = Imports(self.store, self.clock, ZoneInfo("Europe/Moscow"))
        self.mira = self.chkalova = 0

    async def build(self) -> Town:
        await self.imports.import_csv("houses", HOUSES.encode())
        return await self.find()

    async def find(self) -> Town:
        """The houses that were built before."""
        async with self.store.read() as conn:
            ids = {row.code: row.id for row in await conn.execute(select(houses.c.code, houses.c.id))}
        self.mira, self.chkalova = ids["H-1"], ids["H-2"]
        return self

    async def add(self, name: str, *numbers: str, homes: Sequence[Home] = ()) -> Person:
        return await self.cards.create(Card(name, numbers, homes, anyway=True), PETROVA)

    async def ticket(self, number: str, person_id: int) -> None:
        """A ticket of the person, written past the services: only whose it is matters here."""
        now = self.clock.now()
        plain = {"status": "unassigned", "urgency": "normal", "premise": "", "applicant_name": "", "text": ""}
        texts = {"applicant_number": "", "organisation_reason": "", "deadline_reason": "", "answers": []}
        async with self.store.begin() as tx:
            values = {"number": number, "classifier_code": "HVS-02", "person_id": person_id, "created_at": now}
            await tx.conn.execute(insert(tickets).values(**values, **plain, **texts))

    async def applicant(self, person_id: int, **key: int) -> int:
        """A further applicant of the one ticket there is, written past the services."""
        async with self.store.begin() as tx:
            ticket_id = (await tx.conn.execute(select(tickets.c.id))).scalar_one()
            values = {"ticket_id": ticket_id, "person_id": person_id, "name": "", "number": "", **key}
            made = insert(ticket_applicants).values(**values, joined_at=self.clock.now())
            return int((await tx.conn.execute(made.returning(ticket_applicants.c.id))).scalar_one())


async def _fill(store: Store, clock: ManualClock) -> None:
    await ClassifierService(store, clock).begin()
    await Town(store, clock).build()


@pytest.fixture
def furnishing(request: pytest.FixtureRequest) -> Furnishing | None:
    return Furnishing("people", _fill) if "town" in request.fixturenames else None


@pytest.fixture
async def town(store: Store, clock: ManualClock) -> Town:
    return await Town(store, clock).find()


async def rows_of(store: Store, table: Table) -> list[dict[str, Any]]:
    async with store.read() as conn:
        found = [dict(row._mapping) for row in await conn.execute(select(table))]
    return sorted(found, key=repr)


PERSONAL = (people, person_numbers, residences, notes, tickets, search_words)


async def everything(store: Store) -> list[list[dict[str, Any]]]:
    return [await rows_of(store, table) for table in PERSONAL]


# --- writing a card -------------------------------------------------------------------------------------------


async def test_a_card_has_several_numbers_and_flats_and_is_found_by_each(town: Town) -> None:
    homes = [Home(town.mira, "кв. 61", "собственник"), Home(town.chkalova, "5", "")]
    card = Card("  Мельникова   Анна ", ["8 907 412-18-06", "+79076552091", "89076552091"], homes)
    anna = await town.cards.create(card, PETROVA)
    assert (anna.name, anna.numbers) == (ANNA, ("+79074121806", "+79076552091"))
    assert [(home.house.id, home.premise) for home in anna.residences] == [(town.mira, "61"), (town.chkalova, "5")]
    for typed in ("мельникова", "412-18-06", "+79076552091", "мира 44 кв 61", "чкалова 17а кв 5"):
        assert [person.id for person in await town.directory.people(typed)] == [anna.id], typed


async def test_who_is_alike_is_told_before_a_second_card_is_made(town: Town) -> None:
    anna = await town.add(ANNA, "+79074121806", homes=[Home(town.mira, "61")])
    with pytest.raises(Alike) as refused:
        await town.cards.create(Card("Кто-то другой", ["89074121806"]), PETROVA)
    assert refused.value.extra["people"] == [{"id": anna.id, "name": ANNA, "why": ["number"]}]
    with pytest.raises(Alike) as refused:
        await town.cards.create(Card("мельникова АННА", (), [Home(town.mira, "62")]), PETROVA)
    assert refused.value.extra["people"][0]["why"] == ["name"]
    son = await town.cards.create(Card("Мельников Пётр", ["89074121806"], anyway=True), PETROVA)
    assert len(await town.directory.candidates("+79074121806")) == 2
    again = await town.cards.change(son.id, Card("Мельников Пётр Ильич", son.numbers, revision=son.revision), PETROVA)
    assert again.name == "Мельников Пётр Ильич", "what is not new on a card is not told anew"


async def test_of_two_who_change_a_card_the_second_is_told(town: Town) -> None:
    anna = await town.add(ANNA, "+79074121806")
    await town.cards.change(anna.id, Card("Мельникова Анна Петровна", anna.numbers, revision=anna.revision), PETROVA)
    with pytest.raises(Conflict, match="meanwhile"):
        await town.cards.change(anna.id, Card(ANNA, (), revision=anna.revision), PETROVA)
    assert [person.name for person in await town.directory.people("петровна")] == ["Мельникова Анна Петровна"]


async def test_flats_and_numbers_taken_off_are_found_no_more(town: Town) -> None:
    anna = await town.add(ANNA, "+79074121806", homes=[Home(town.mira, "61"), Home(town.chkalova, "5", "хозяйка")])
    kept = [Home(town.chkalova, "5", "собственник")]
    now = await town.cards.change(anna.id, Card(ANNA, ["+79076552091"], kept), PETROVA)
    assert [(home.premise, home.relation) for home in now.residences] == [("5", "собственник")]
    assert await town.directory.people("мира 44 кв 61") == []
    assert await town.directory.people("4121806") == []


@pytest.mark.parametrize(
    ("card", "pointer"),
    [
        (Card("  "), "/name"),
        (Card("...."), "/name"),
        (Card(ANNA, ["мама"]), "/numbers/0"),
        (Card(ANNA, ["+79074121806", "-"]), "/numbers/1"),
        (Card(ANNA, (), [Home(999_999)]), "/residences/0/house_id"),
        (Card(ANNA, ["+79074121806"] * 21), "/numbers"),
    ],
)
async def test_a_mistake_on_a_card_is_pointed_at_and_nothing_is_written(town: Town, card: Card, pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        await town.cards.create(card, PETROVA)
    assert refused.value.extra["pointer"] == pointer
    assert await rows_of(town.store, people) == []


async def test_every_change_stands_in_the_log(town: Town) -> None:
    anna = await town.add(ANNA)
    await town.cards.change(anna.id, Card(BORIS), PETROVA)
    logged = [(row["who"], row["what"], row["subject"], row["why"]) for row in await rows_of(town.store, reading_log)]
    subject = f"person:{anna.id}"
    assert sorted(logged) == [
        (PETROVA.name, "edit", subject, "changed"),
        (PETROVA.name, "edit", subject, "created"),
    ]


async def test_a_tag_has_its_author_and_its_end_and_comes_back_when_taken_off_by_mistake(town: Town) -> None:
    anna = await town.add(ANNA)
    until = town.clock.now() + timedelta(days=2)
    tag = await town.directory.add_note(anna.id, "Плохо слышит", PETROVA, expires_at=until, kind="tag")
    await town.directory.add_note(anna.id, "Просит звонить после 18", PETROVA)
    (found,) = await town.directory.people("мельникова")
    assert [(note.kind, note.text, note.author) for note in found.notes] == [
        ("tag", "Плохо слышит", PETROVA.name),
        ("note", "Просит звонить после 18", PETROVA.name),
    ]
    await town.directory.remove_note(anna.id, tag.id)
    assert [note.kind for note in (await town.directory.people("мельникова"))[0].notes] == ["note"]
    await town.directory.restore_note(anna.id, tag.id)
    town.clock.advance(seconds=3 * 86_400)
    assert [note.kind for note in (await town.directory.people("мельникова"))[0].notes] == ["note"], "it has ended"


# --- merging --------------------------------------------------------------------------------------------------


async def test_a_merged_card_leads_to_the_kept_one_with_all_that_it_had(town: Town) -> None:
    anna = await town.add(ANNA, "+79074121806", homes=[Home(town.mira, "61", "собственник")])
    twin = await town.add("Мельникова А. П.", "+79076552091", homes=[Home(town.mira, "61"), Home(town.chkalova, "5")])
    await town.directory.add_note(twin.id, "Плохо слышит", PETROVA, kind="tag")
    await town.ticket("26-000001", twin.id)
    merge = await town.merges.merge(anna.id, twin.id, PETROVA)
    kept = await town.directory.person(twin.id, PETROVA, why="card")
    assert (kept.id, kept.numbers) == (anna.id, ("+79074121806", "+79076552091"))
    assert [(home.premise, home.relation) for home in kept.residences] == [("61", "собственник"), ("5", "")]
    assert [note.text for note in kept.notes] == ["Плохо слышит"]
    assert [row["person_id"] for row in await rows_of(town.store, tickets)] == [anna.id]
    for typed in ("6552091", "мельникова а п", "чкалова 17а кв 5"):
        assert [person.id for person in await town.directory.people(typed)] == [anna.id], typed
    assert [person.id for person in await town.directory.candidates("+79076552091")] == [anna.id]
    assert [one.id for one, name in await town.merges.of(anna.id) if name == "Мельникова А. П."] == [merge.id]


async def test_a_note_written_on_a_merged_card_stands_on_the_kept_one(town: Town) -> None:
    anna, twin = await town.add(ANNA), await town.add("Мельникова А.")
    await town.merges.merge(anna.id, twin.id, PETROVA)

    async def texts() -> list[str]:
        return [note.text for note in (await town.directory.person(anna.id, PETROVA, why="card")).notes]

    note = await town.directory.add_note(twin.id, "Плохо слышит", PETROVA)
    assert (note.person_id, await texts()) == (anna.id, ["Плохо слышит"])
    await town.directory.remove_note(twin.id, note.id)
    assert await texts() == []
    assert (await town.directory.restore_note(twin.id, note.id)).person_id == anna.id
    assert await texts() == ["Плохо слышит"]


async def test_an_undo_leaves_every_row_as_it_was(town: Town) -> None:
    anna = await town.add(ANNA, "+79074121806", "+79990000001", homes=[Home(town.mira, "61", "собственник")])
    twin = await town.add("Мельникова А.", "+79990000001", homes=[Home(town.mira, "61"), Home(town.chkalova, "5")])
    await town.directory.add_note(twin.id, "Плохо слышит", PETROVA)
    await town.ticket("26-000001", twin.id)
    await town.ticket("26-000002", anna.id)
    before = await everything(town.store)
    merge = await town.merges.merge(anna.id, twin.id, PETROVA)
    assert await everything(town.store) != before
    undone = await town.merges.undo(merge.id, Somebody("Орлова Тамара"))
    assert await everything(town.store) == before
    assert (undone.undone_by, undone.undone_at) == ("Орлова Тамара", town.clock.now())
    with pytest.raises(Conflict, match="undone already, by Орлова"):
        await town.merges.undo(merge.id, PETROVA)


async def test_a_merged_card_s_way_of_being_told_goes_over_where_the_kept_one_says_nothing_and_back_by_the_undo(
    town: Town,
) -> None:
    async def way(person: Person) -> tuple[str, str]:
        known = await town.directory.person(person.id, PETROVA, why="")
        return known.notify, known.email

    silent = await town.add(ANNA)
    told, other = [
        await town.cards.create(Card(name, anyway=True, notify="email", email=f"{n}@mail.test"), PETROVA)
        for n, name in enumerate(("Мельникова А.", BORIS))
    ]
    before = await everything(town.store)
    first = await town.merges.merge(silent.id, told.id, PETROVA)
    assert await way(silent) == ("email", "0@mail.test")
    second = await town.merges.merge(silent.id, other.id, PETROVA)
    assert await way(silent) == ("email", "0@mail.test"), "his own word stands above another's"
    await town.merges.undo(second.id, PETROVA)
    assert await way(silent) == ("email", "0@mail.test")
    await town.merges.undo(first.id, PETROVA)
    assert await everything(town.store) == before
    again = await town.merges.merge(silent.id, told.id, PETROVA)
    await town.cards.change(silent.id, Card(ANNA, anyway=True, notify="none"), PETROVA)
    await town.merges.undo(again.id, PETROVA)
    assert (await way(silent), await way(told)) == (("none", ""), ("email", "0@mail.test"))


async def test_what_the_kept_card_was_given_since_stays_with_it(town: Town) -> None:
    anna, twin = await town.add(ANNA, "+79074121806"), await town.add("Мельникова А.", "+79076552091")
    merge = await town.merges.merge(anna.id, twin.id, PETROVA)
    await town.cards.change(anna.id, Card(ANNA, ["+79074121806", "+79076552091", "+79990000001"], anyway=True), PETROVA)
    await town.ticket("26-000001", anna.id)
    await town.merges.undo(merge.id, PETROVA)
    ours, theirs = (
        await town.directory.person(anna.id, PETROVA, why=""),
        await town.directory.person(twin.id, PETROVA, why=""),
    )
    assert (ours.numbers, theirs.numbers) == (("+79074121806", "+79990000001"), ("+79076552091",))
    assert [row["person_id"] for row in await rows_of(town.store, tickets)] == [anna.id]


async def test_an_undo_leaves_a_flat_that_took_the_place_of_one_that_went_over(town: Town) -> None:
    anna = await town.add(ANNA)
    twin = await town.add("Мельникова А.", homes=[Home(town.mira, "5")])
    merge = await town.merges.merge(anna.id, twin.id, PETROVA)
    moved_out = Card(ANNA, homes=[Home(town.chkalova, "9")], anyway=True)
    await town.cards.change(anna.id, moved_out, PETROVA)  # on SQLite its row has the number of the one that went over
    await town.merges.undo(merge.id, PETROVA)
    flats = {row["person_id"]: (row["house_id"], row["premise"]) for row in await rows_of(town.store, residences)}
    assert flats == {anna.id: (town.chkalova, "9"), twin.id: (town.mira, "5")}


@pytest.mark.parametrize("first_release", [False, True])
async def test_an_undo_leaves_an_applicant_who_took_the_place_of_one_that_went_over(
    town: Town, first_release: bool
) -> None:
    anna, twin = await town.add(ANNA), await town.add("Мельникова А.")
    await town.ticket("26-000001", anna.id)
    gone, stays = await town.applicant(twin.id), await town.applicant(twin.id)
    merge = await town.merges.merge(anna.id, twin.id, PETROVA)
    async with town.store.begin() as tx:
        await tx.conn.execute(delete(ticket_applicants).where(ticket_applicants.c.id == gone))
        if first_release:  # which kept the numbers alone
            moved = {**merge.moved, "applicants": [stays]}
            await tx.conn.execute(person_merges.update().values(moved=moved))
    town.clock.advance(seconds=1)
    await town.applicant(anna.id, id=gone)
    await town.merges.undo(merge.id, PETROVA)
    whose = {row["id"]: row["person_id"] for row in await rows_of(town.store, ticket_applicants)}
    assert whose == {gone: anna.id, stays: twin.id}


async def test_a_card_merged_elsewhere_already_is_refused_and_so_are_nobody_and_oneself(town: Town) -> None:
    anna, twin, third = [await town.add(name) for name in (ANNA, BORIS, "Третьяк Олег")]
    await town.merges.merge(anna.id, twin.id, PETROVA)
    with pytest.raises(Conflict, match=f"merged into card {anna.id}"):
        await town.merges.merge(third.id, twin.id, PETROVA)
    with pytest.raises(Conflict, match="open that one"):
        await town.cards.change(twin.id, Card(BORIS), PETROVA)
    with pytest.raises(NotFound):
        await town.merges.merge(anna.id, 999_999, PETROVA)
    with pytest.raises(Refused, match="with itself"):
        await town.merges.merge(anna.id, anna.id, PETROVA)
    with pytest.raises(NotFound):
        await town.merges.undo(999_999, PETROVA)


async def test_mergings_are_undone_the_latest_first(town: Town) -> None:
    anna, twin, third = [await town.add(name, "+79074121806") for name in (ANNA, "Мельникова А.", "Мельникова")]
    before = await everything(town.store)
    first = await town.merges.merge(twin.id, third.id, PETROVA)
    second = await town.merges.merge(anna.id, twin.id, PETROVA)
    assert (await town.directory.person(third.id, PETROVA, why="")).id == anna.id, "two steps away"
    with pytest.raises(Conflict, match=f"later merging {second.id} first"):
        await town.merges.undo(first.id, PETROVA)
    await town.merges.undo(second.id, PETROVA)
    await town.merges.undo(first.id, PETROVA)
    assert await everything(town.store) == before


async def test_a_file_goes_on_with_a_merged_card_without_taking_it_apart(town: Town) -> None:
    file = (
        "code,name,phones,house,premise\nR-1,Мельникова Анна,89074121806,H-1,61\nR-2,Мельникова А.,89076552091,H-1,61\n"
    )
    await town.imports.import_csv("residents", file.encode())
    (anna,), (twin,) = await town.directory.people("4121806"), await town.directory.people("6552091")
    await town.merges.merge(anna.id, twin.id, PETROVA)
    again = await town.imports.import_csv("residents", file.replace("H-1,61\nR-2", "H-2,5\nR-2").encode())
    assert (again.taken, again.skipped) == (2, 0)
    kept = await town.directory.person(twin.id, PETROVA, why="")
    assert (kept.id, kept.name, kept.numbers) == (anna.id, ANNA, ("+79074121806", "+79076552091"))
    assert [home.premise for home in kept.residences] == ["61", "5"]
    assert len(await town.directory.people("мельникова")) == 1


async def test_likely_duplicates_share_a_number_or_a_name_at_one_house(town: Town) -> None:
    anna = await town.add(ANNA, "+79074121806", homes=[Home(town.mira, "61")])
    twin = await town.add("МЕЛЬНИКОВА Анна", homes=[Home(town.mira, "161")])
    other = await town.add(BORIS, "+79074121806")
    await town.add(ANNA, homes=[Home(town.chkalova, "1")])
    found = [(one.why, one.what, [person.id for person in one.people]) for one in await town.merges.duplicates(50)]
    assert found == [("name", ANNA, [anna.id, twin.id]), ("number", "+79074121806", [anna.id, other.id])]
    await town.merges.merge(anna.id, twin.id, PETROVA)
    assert [one.why for one in await town.merges.duplicates(50)] == ["number"]


NUMBERS = [f"+7907000000{n}" for n in range(5)]
CARD = st.tuples(
    st.sampled_from([ANNA, BORIS, "Мельникова А."]),
    st.lists(st.sampled_from(NUMBERS), max_size=4, unique=True),
    st.lists(st.tuples(st.booleans(), st.sampled_from(["1", "2", "подвал"])), max_size=4, unique=True),
    st.integers(0, 2),
    st.integers(0, 2),
)


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cards=st.lists(CARD, min_size=3, max_size=5), steps=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4))))
async def test_any_mergings_undone_backwards_change_nothing(
    sqlite_store: Store, clock: ManualClock, cards: list[Any], steps: list[tuple[int, int]]
) -> None:
    town = Town(sqlite_store, clock)
    async with sqlite_store.begin() as tx:
        for table in (person_merges, *reversed(PERSONAL)):
            await tx.conn.execute(delete(table))
    await ClassifierService(sqlite_store, clock).begin()
    await town.build()
    ids = []
    for n, (name, numbers, homes, noted, ticketed) in enumerate(cards):
        at = [Home(town.mira if here else town.chkalova, flat, str(n)) for here, flat in homes]
        person = await town.add(name, *numbers, homes=at)
        ids.append(person.id)
        for k in range(noted):
            await town.directory.add_note(person.id, f"{n} {k}", PETROVA)
        for k in range(ticketed):
            await town.ticket(f"26-{n}{k}", person.id)
    before, done = await everything(sqlite_store), []
    for kept, merged in steps:
        try:
            done.append(await town.merges.merge(ids[kept % len(ids)], ids[merged % len(ids)], PETROVA))
        except (Refused, Conflict):
            continue
        held = {number for row in cards for number in row[1]}
        numbers_now = {row["number"] for row in await rows_of(sqlite_store, person_numbers)}
        assert numbers_now == held, "no number is lost on the way"
    for merge in reversed(done):
        await town.merges.undo(merge.id, PETROVA)
    assert await everything(sqlite_store) == before
