"""The classifier over both databases: version 1, import with a diff, undo, planned versions, edits, overrides."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select

from callengine.clock import ManualClock
from callengine.directory.imports import Imports
from callengine.directory.model import Somebody
from callengine.errors import Conflict, EngineError, Forbidden, NotFound, Refused
from callengine.store.database import Store
from callengine.store.tables import classifier, classifier_groups, classifier_versions, organisations, tickets
from callengine.tickets.classifier import Override, for_organisation
from callengine.tickets.classifier_csv import shipped_state
from callengine.tickets.classifier_service import ClassifierService, Plan
from callengine.tickets.model import AnswerType, Entry, Group, NewTicket, Question
from callengine.tickets.service import TicketsService
from callengine.timers.worker import TimerWorker
from tests.furnished import BEGUN, Furnishing

ZONE = ZoneInfo("Europe/Moscow")
SEVERIN = Somebody("Северин Олег")
DAY = timedelta(days=1)


@pytest.fixture
def furnishing(request: pytest.FixtureRequest) -> Furnishing | None:
    return BEGUN if "service" in request.fixturenames else None


@pytest.fixture
async def service(store: Store, clock: ManualClock) -> ClassifierService:
    """The shipped classifier as version 1."""
    return ClassifierService(store, clock)


async def changed(service: ClassifierService, *edits: tuple[str, str]) -> bytes:
    """The exported file with some of its text replaced."""
    file = await service.export()
    for old, new in edits:
        assert old in file
        file = file.replace(old, new)
    return file.encode()


async def take(service: ClassifierService, data: bytes, **more: object) -> Plan:
    plan = await service.preview(data)
    return await service.apply(data, SEVERIN, fingerprint=plan.fingerprint, **more)  # type: ignore[arg-type]


def told(plan: Plan) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    return [(change.code, change.what, change.fields) for change in plan.changes]


async def save(service: ClassifierService, code: str, **change: object) -> Plan:
    known = await service.entry(code)
    entry = replace(known.entry, **change)  # type: ignore[arg-type]
    return await service.save_entry(entry, SEVERIN, revision=known.revision)


# --- the first start --------------------------------------------------------------------------------------


async def test_the_first_start_writes_the_shipped_classifier_as_version_1(service: ClassifierService) -> None:
    tree = await service.tree()
    assert (len(tree.state.entries), len(tree.state.groups), tree.version) == (104, 19, 1)
    (head, count), *others = await service.versions()
    assert (head.source, head.author, head.state, count, others) == ("shipped", "callengine", "applied", 123, [])
    assert await service.begin() is None
    gas = (await service.entry("GAZ-01")).entry
    assert gas.transfer_to == "104" and gas.script[0].type is AnswerType.YESNO and gas.valid_from is not None


async def test_a_database_of_the_release_before_keeps_local_edits_and_gets_the_new_columns(
    store: Store, clock: ManualClock
) -> None:
    """Rows as schema 0001 wrote them and migration 0002 left them: no script, no texts, flat groups."""
    async with store.begin() as tx:
        for entry in shipped_state().entries.values():
            row = {name: getattr(entry, name) for name in OLD_COLUMNS}
            row |= {"organisation_kinds_next": list(entry.organisation_kinds_next), "questions": list(entry.questions)}
            row |= {"urgency": entry.urgency.value, "search": "", "parent": entry.parent}
            if entry.code == "HVS-01":
                row |= {"fix_minutes": 2880, "questions": [*entry.questions[:2], "Который этаж?"]}
            await tx.conn.execute(insert(classifier).values(**row))
        own: dict[str, Any] = dict.fromkeys(OLD_COLUMNS, "") | {"accept_minutes": None, "localize_minutes": None}
        own |= {"fix_minutes": 60, "notify_municipality": False, "organisation_kinds_next": [], "questions": ["Где?"]}
        own |= {"code": "OWN-1", "category": "Свой раздел", "problem_ru": "Своё", "urgency": "normal"}
        own |= {"organisation_kind": "police", "clock": "24x7", "search": "", "parent": "OWN"}
        await tx.conn.execute(insert(classifier).values(**own))
        for code in sorted({entry.parent for entry in shipped_state().entries.values()} | {"OWN"}):
            await tx.conn.execute(insert(classifier_groups).values(code=code, name_ru=f"имя {code}"))
    service = ClassifierService(store, clock)
    assert await service.begin() == 1
    state = (await service.tree()).state
    burst = state.entries["HVS-01"]
    assert burst.fix_minutes == 2880
    assert [q.type for q in burst.script] == [AnswerType.YESNO, AnswerType.CHOICE, AnswerType.TEXT]
    assert burst.questions[-1] == "Который этаж?"
    assert state.entries["GAZ-01"].safety_ru and state.entries["ORG-01"].confirm_minutes == 90
    assert state.entries["OWN-1"].script == (Question("Где?"),)
    assert (state.groups["HVS"].name_ru, state.groups["HVS"].parent) == ("имя HVS", "DOM")
    assert state.groups["DOM"].name_en == "Systems of the house" and state.groups["OWN"].parent == ""
    # What stood before is what stood before: the entry of the day before has no script.
    before = await service.entry_at("GAZ-01", clock.now() - DAY)
    assert before is not None and not before.safety_ru


OLD_COLUMNS = (
    "code category problem_ru problem_en urgency organisation_kind organisation_kinds_next trade responsible "
    "accept_minutes localize_minutes fix_minutes clock notify_municipality questions source"
).split()


# --- import ------------------------------------------------------------------------------------------------


async def test_import_of_the_shipped_classifier_then_of_a_changed_copy_the_diff_the_result_the_undo(
    service: ClassifierService, store: Store, clock: ManualClock
) -> None:
    shipped = (Path(__file__).parents[2] / "callengine/data/classifier.csv").read_bytes()
    assert (await take(service, shipped)).changes == ()  # version 1 is the shipped one

    lines = shipped.decode().splitlines(keepends=True)
    copy = "".join(line for line in lines if not line.startswith("POD-09,"))
    copy = copy.replace("Запах газа,Smell of gas", "Запах газа в доме,Smell of gas").replace(
        ",15,,240,24x7,", ",20 мин,,3 ч,24x7,"
    )
    copy += (
        "GAZ-05,Газоснабжение,Нет пломбы на счётчике газа,,planned,gas_utility" + "," * (lines[0].count(",") - 5) + "\n"
    )
    data = copy.encode("cp1251", "ignore")
    await open_ticket(store, clock, "GAZ-01")

    plan = await service.preview(data)
    assert plan.mistakes == ()
    by_code = {code: (what, [f for f in fields if f[0] != "source"]) for code, what, fields in told(plan)}
    assert by_code["GAZ-01"] == ("changed", [("problem_ru", "Запах газа", "Запах газа в доме")])
    assert by_code["HVS-03"] == ("changed", [("accept_minutes", "15", "20"), ("fix_minutes", "240", "180")])
    assert by_code["POD-09"] == ("retired", [("active", "yes", "no")])
    assert by_code["GAZ-05"][0] == "added"
    assert plan.open_tickets["GAZ-01"] == 1 and plan.open_tickets["HVS-03"] == 0
    assert (await service.entry("HVS-03")).entry.accept_minutes == 15  # nothing is changed yet

    before = (await service.tree()).state
    clock.advance(seconds=60)
    done = await service.apply(data, SEVERIN, fingerprint=plan.fingerprint, note="правка осени")
    assert done.version is not None and (done.version.id, done.version.note) == (2, "правка осени")
    assert told(done) == told(plan)
    state = (await service.tree()).state
    assert (state.entries["HVS-03"].accept_minutes, state.entries["HVS-03"].fix_minutes) == (20, 180)
    assert not state.entries["POD-09"].active and state.entries["POD-09"].valid_until == clock.now()
    assert state.entries["GAZ-05"].parent == "GAZ"
    found = await TicketsService(store, clock, ZONE).classifier_search("")
    assert {hit.entry.code for hit in found} == {code for code in state.entries if code != "POD-09"}

    clock.advance(seconds=60)
    back = await service.undo(2, SEVERIN)
    assert (back.id, back.source, back.note) == (3, "undo", "№ 2")
    after = (await service.tree()).state
    assert not after.entries["GAZ-05"].active  # never deleted: a ticket may have it already
    assert {
        code: replace(e, valid_from=None, valid_until=None) for code, e in after.entries.items() if code != "GAZ-05"
    } == {code: replace(e, valid_from=None, valid_until=None) for code, e in before.entries.items()}
    assert [head.state for head, _ in await service.versions()] == ["applied", "undone", "applied"]


async def test_the_same_file_again_changes_nothing_and_makes_no_version(service: ClassifierService) -> None:
    plan = await take(service, (await service.export()).encode())
    assert plan.changes == () and plan.version is None and len(await service.versions()) == 1


async def test_a_file_is_applied_only_to_the_classifier_that_it_was_compared_with(service: ClassifierService) -> None:
    data = await changed(service, ("Запах газа", "Запах газа в доме"))
    plan = await service.preview(data)
    await save(service, "LIF-05", accept_minutes=150)
    with pytest.raises(Conflict, match="changed since the preview"):
        await service.apply(data, SEVERIN, fingerprint=plan.fingerprint)
    again = await service.preview(data)
    with pytest.raises(Conflict, match="not the file that was previewed"):
        await service.apply(data + b"\n", SEVERIN, fingerprint=again.fingerprint)
    assert (await service.entry("GAZ-01")).entry.problem_ru == "Запах газа"


async def test_two_who_apply_at_once_get_one_winner_and_one_conflict(service: ClassifierService) -> None:
    files = [await changed(service, ("Запах газа", f"Запах газа {n}")) for n in (1, 2)]
    plans = [await service.preview(data) for data in files]
    tries = [
        service.apply(data, SEVERIN, fingerprint=plan.fingerprint) for data, plan in zip(files, plans, strict=True)
    ]
    ended = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(one).__name__ for one in ended) == ["Conflict", "Plan"]
    assert len(await service.versions()) == 2


async def test_rows_with_mistakes_are_left_out_and_the_rest_is_taken(service: ClassifierService) -> None:
    data = await changed(service, (";Запах газа;", ";Запах газа в доме;"), (";Лифт не работает;", ";;"))
    plan = await take(service, data)
    assert [mistake.reason for mistake in plan.mistakes] == ["problem_ru is empty"]
    assert [code for code, _, _ in told(plan)] == ["GAZ-01"]
    assert (await service.entry("LIF-02")).entry.active


async def test_the_old_way_of_importing_makes_a_version_too_and_retires_nothing(
    service: ClassifierService, store: Store, clock: ManualClock
) -> None:
    report = await Imports(store, clock, ZONE).import_csv(
        "classifier",
        "code,problem_ru,fix_minutes\nLIF-05,Не горит свет / не работают кнопки в лифте,2 суток\n".encode(),
    )
    assert (report.taken, report.changed, report.skipped) == (1, 1, 0)
    assert (await service.versions())[0][0].author == "import"
    assert (await service.entry("LIF-05")).entry.fix_minutes == 2880 and (await service.entry("LIF-01")).entry.active


# --- undo --------------------------------------------------------------------------------------------------


async def test_an_undo_is_refused_as_long_as_later_versions_changed_the_same_and_names_them(
    service: ClassifierService,
) -> None:
    await save(service, "HVS-01", accept_minutes=6)
    await save(service, "HVS-02", accept_minutes=6)
    await save(service, "HVS-01", accept_minutes=7)
    with pytest.raises(Conflict, match="by version 4: HVS-01") as refused:
        await service.undo(2, SEVERIN)
    assert refused.value.extra == {"later": [4], "codes": ["HVS-01"]}
    await service.undo(3, SEVERIN)  # another entry stands in nobody's way
    assert (await service.entry("HVS-02")).entry.accept_minutes == 5
    await service.undo(4, SEVERIN)
    await service.undo(2, SEVERIN)
    assert (await service.entry("HVS-01")).entry.accept_minutes == 5


async def test_what_was_undone_can_be_done_again_and_only_once_undone(service: ClassifierService) -> None:
    await save(service, "HVS-01", accept_minutes=6)
    undo = await service.undo(2, SEVERIN)
    with pytest.raises(Conflict, match="taken back already, by version 3"):
        await service.undo(2, SEVERIN)
    await service.undo(undo.id, SEVERIN)
    assert (await service.entry("HVS-01")).entry.accept_minutes == 6
    assert (await service.version(2)).state == "applied"
    with pytest.raises(NotFound):
        await service.undo(99, SEVERIN)


# --- moments -----------------------------------------------------------------------------------------------


async def test_an_entry_is_told_as_it_stood_at_any_moment(service: ClassifierService, clock: ManualClock) -> None:
    began = clock.now()
    clock.advance(seconds=3600)
    await save(service, "HVS-01", accept_minutes=6)
    clock.advance(seconds=3600)
    await save(service, "HVS-01", active=False)
    moments = (began - DAY, began, clock.now() - timedelta(minutes=1), clock.now())
    stood = [await service.entry_at("HVS-01", moment) for moment in moments]
    assert [entry and (entry.accept_minutes, entry.active) for entry in stood] == [
        None,
        (5, True),
        (6, True),
        (6, False),
    ]
    assert (await service.entry("HVS-01", began)).entry.accept_minutes == 5
    with pytest.raises(NotFound):
        await service.entry("HVS-01", began - DAY)


async def test_a_version_planned_for_a_moment_is_applied_by_a_timer_at_that_moment(
    service: ClassifierService, store: Store, clock: ManualClock
) -> None:
    worker = TimerWorker(store, clock, {"classifier": service.on_timer})
    starts = clock.now() + DAY
    data = await changed(service, (";Запах газа;", ";Запах газа в доме;"))
    plan = await take(service, data, valid_from=starts)
    assert plan.version is not None and plan.version.state == "planned"
    assert (await service.entry("GAZ-01")).entry.problem_ru == "Запах газа"
    assert [version.id for version in (await service.tree()).planned] == [2]
    assert await worker.fire_due() == 0
    await save(service, "GAZ-01", accept_minutes=2)  # somebody edits it while the version waits
    clock.advance(seconds=DAY.total_seconds())
    assert await worker.fire_due() == 1
    gas = (await service.entry("GAZ-01")).entry
    assert (gas.problem_ru, gas.accept_minutes) == ("Запах газа в доме", 2)
    version = await service.version(2)
    assert version.state == "applied" and version.applied_at == clock.now()
    assert version.changes[0].fields == [("problem_ru", "Запах газа", "Запах газа в доме")]
    await service.on_timer("classifier", "2", 1)  # idempotent
    await service.undo(2, SEVERIN)
    assert (await service.entry("GAZ-01")).entry.accept_minutes == 2


async def test_a_planned_version_that_is_taken_back_never_comes(
    service: ClassifierService, store: Store, clock: ManualClock
) -> None:
    worker = TimerWorker(store, clock, {"classifier": service.on_timer})
    known = await service.entry("GAZ-01")
    later = replace(known.entry, accept_minutes=3)
    await service.save_entry(later, SEVERIN, revision=known.revision, valid_from=clock.now() + DAY)
    undo = await service.undo(2, SEVERIN)
    assert undo.changes == ()
    clock.advance(seconds=DAY.total_seconds())
    assert await worker.fire_due() == 0
    assert (await service.entry("GAZ-01")).entry.accept_minutes == 1


@pytest.mark.parametrize("past", [False, True])
async def test_a_planned_version_whose_taking_back_was_taken_back_comes_all_the_same(
    service: ClassifierService, store: Store, clock: ManualClock, past: bool
) -> None:
    worker = TimerWorker(store, clock, {"classifier": service.on_timer})
    known = await service.entry("GAZ-01")
    later = replace(known.entry, accept_minutes=3)
    await service.save_entry(later, SEVERIN, revision=known.revision, valid_from=clock.now() + DAY)
    undo = await service.undo(2, SEVERIN)
    clock.advance(seconds=2 * DAY.total_seconds() if past else 60)
    await service.undo(undo.id, SEVERIN)
    if not past:
        assert await worker.fire_due() == 0, "its moment is still to come"
        clock.advance(seconds=DAY.total_seconds())
    assert await worker.fire_due() == 1
    assert (await service.entry("GAZ-01")).entry.accept_minutes == 3
    assert (await service.version(2)).state == "applied"


async def test_a_planned_entry_whose_group_is_gone_by_then_is_left_out_and_the_rest_comes(
    service: ClassifierService, store: Store, clock: ManualClock
) -> None:
    await service.save_group(Group("NEW", "Новое"), SEVERIN)
    head = "code,category,problem_ru,urgency,organisation_kind,parent\n"
    data = (head + "NEW-1,Новое,Первое,info,police,NEW\nHVS-91,Вода,Второе,info,police,HVS\n").encode()
    plan = await service.preview(data, retire_missing=False)
    starts = clock.now() + DAY
    await service.apply(data, SEVERIN, fingerprint=plan.fingerprint, retire_missing=False, valid_from=starts)
    await service.drop_group("NEW", SEVERIN)
    clock.advance(seconds=DAY.total_seconds())
    assert await TimerWorker(store, clock, {"classifier": service.on_timer}).fire_due() == 1
    state = (await service.tree()).state
    assert "HVS-91" in state.entries and "NEW-1" not in state.entries


# --- editing -----------------------------------------------------------------------------------------------


async def test_an_edit_is_a_version_with_its_author_and_one_that_changes_nothing_is_none(
    service: ClassifierService,
) -> None:
    plan = await save(service, "HVS-01", script=(Question("Этаж?", AnswerType.NUMBER, required=True),))
    assert plan.version is not None and (plan.version.source, plan.version.author) == ("edit", "Северин Олег")
    assert (await service.entry("HVS-01")).entry.questions == ("Этаж?",)
    assert (await save(service, "HVS-01")).version is None


async def test_two_editors_of_one_entry_get_one_winner_and_a_conflict(service: ClassifierService) -> None:
    known = await service.entry("HVS-01")
    await service.save_entry(replace(known.entry, accept_minutes=6), SEVERIN, revision=known.revision)
    with pytest.raises(Conflict, match="HVS-01 was changed since you opened it"):
        await service.save_entry(replace(known.entry, accept_minutes=7), SEVERIN, revision=known.revision)
    with pytest.raises(Conflict, match="there is an entry HVS-01 already"):
        await service.save_entry(known.entry, SEVERIN, revision=None)


async def test_a_supervisor_changes_the_standard_answer_and_nothing_else(service: ClassifierService) -> None:
    known = await service.entry("ORG-05")
    answer = replace(known.entry, answer_ru="Скажу, где заявка.")
    await service.save_entry(answer, SEVERIN, revision=known.revision, answers_only=True)
    again = await service.entry("ORG-05")
    assert again.entry.answer_ru == "Скажу, где заявка."
    with pytest.raises(Forbidden, match="the standard answers alone"):
        await service.save_entry(
            replace(again.entry, fix_minutes=5), SEVERIN, revision=again.revision, answers_only=True
        )


WRONG = [
    ({"urgency": "normal", "clock": "8-23"}, "/clock", "a window such as"),
    ({"parent": "NOPE"}, "/parent", "'NOPE' is no group"),
    ({"transfer_to": "сто двенадцать"}, "/transfer_to", "a number to dial"),
    ({"script": (Question("Как?", AnswerType.CHOICE, ("одно",)),)}, "/script", "from 2 to 20"),
    ({"script": (Question("Где?"), Question("Где?"))}, "/script", "asked twice"),
    ({"organisation_kind": "nobody"}, "/organisation_kind", "one of management_company"),
]


@pytest.mark.parametrize(("change", "pointer", "reason"), WRONG)
async def test_a_wrong_entry_is_refused_with_the_field_and_the_reason(
    service: ClassifierService, change: dict[str, object], pointer: str, reason: str
) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        await save(service, "HVS-01", **change)
    assert refused.value.extra["pointer"] == pointer


async def test_groups_are_moved_but_never_into_a_loop_and_removed_only_when_empty(service: ClassifierService) -> None:
    await service.save_group(Group("LUX", "Удобства", "Comforts", "DOM", 5), SEVERIN)
    await service.save_group(replace((await service.tree()).state.groups["LIF"], parent="LUX"), SEVERIN)
    assert (await service.entry("LIF-01")).path == ("DOM", "LUX", "LIF")
    with pytest.raises(Refused, match="a loop"):
        await service.save_group(replace((await service.tree()).state.groups["DOM"], parent="LUX"), SEVERIN)
    with pytest.raises(Refused, match="LUX is not empty: move LIF first"):
        await service.drop_group("LUX", SEVERIN)
    await service.save_group(replace((await service.tree()).state.groups["LIF"], parent="DOM"), SEVERIN)
    await service.drop_group("LUX", SEVERIN)
    assert "LUX" not in (await service.tree()).state.groups
    with pytest.raises(NotFound):
        await service.drop_group("LUX", SEVERIN)


# --- tickets -----------------------------------------------------------------------------------------------


async def open_ticket(store: Store, clock: ManualClock, code: str) -> str:
    ticket = await TicketsService(store, clock, ZONE).create(NewTicket(code, None, place="площадь Минина"), SEVERIN)
    return ticket.number


async def test_an_entry_that_is_retired_while_in_use_stays_on_its_tickets_and_is_not_offered(
    service: ClassifierService, store: Store, clock: ManualClock
) -> None:
    desk = TicketsService(store, clock, ZONE)
    number = await open_ticket(store, clock, "ORG-08")
    await save(service, "ORG-08", active=False)
    assert (await service.entry("ORG-08")).open_tickets == 1
    assert (await desk.get(number)).classifier.problem_ru == "Прочее (не классифицировано)"
    assert "ORG-08" not in {hit.entry.code for hit in await desk.classifier_search("")}
    with pytest.raises(Refused, match="no classifier entry 'ORG-08'"):
        await desk.create(NewTicket("ORG-08", None), SEVERIN)


async def test_a_ticket_remembers_the_version_that_it_was_registered_under(
    service: ClassifierService, store: Store, clock: ManualClock
) -> None:
    first = await open_ticket(store, clock, "ORG-08")
    await save(service, "ORG-08", fix_minutes=60)
    second = await open_ticket(store, clock, "ORG-08")
    async with store.read() as conn:
        kept = dict((await conn.execute(select(tickets.c.number, tickets.c.classifier_version))).all())
    assert kept == {first: 1, second: 2}


# --- overrides ---------------------------------------------------------------------------------------------


async def an_organisation(store: Store) -> int:
    async with store.begin() as tx:
        query = insert(organisations).values(code="zar", name="Заречье", kind="management_company")
        return int((await tx.conn.execute(query.returning(organisations.c.id))).scalar_one())


async def test_an_organisation_has_terms_of_its_own_by_branch(service: ClassifierService, store: Store) -> None:
    id = await an_organisation(store)
    await service.save_override(Override(id, "HVS", "доп. соглашение № 3", accept_minutes=10), SEVERIN)
    await service.save_override(Override(id, "HVS-01", "приказ № 7", fix_minutes=1440), SEVERIN)
    known = await service.entry("HVS-01")
    own = for_organisation(known.entry, await service.overrides(id), known.path)
    assert (own.accept_minutes, own.localize_minutes, own.fix_minutes) == (10, 30, 1440)
    assert dict(own.overridden) == {"accept_minutes": "доп. соглашение № 3", "fix_minutes": "приказ № 7"}
    await service.drop_override(id, "HVS", SEVERIN)
    assert [one.branch for one in await service.overrides(id)] == ["HVS-01"]


@pytest.mark.parametrize(
    ("written", "read"),
    [("рабочие часы", "work"), ("24/7", "24x7"), ("круглосуточно", "24x7"), (" 08:00-23:00 ", "08:00-23:00")],
)
async def test_the_clock_of_an_organisation_is_kept_as_it_is_read(
    service: ClassifierService, store: Store, written: str, read: str
) -> None:
    id = await an_organisation(store)
    override = Override(id, "HVS", "приказ № 7", fix_minutes=1440, clock=written)
    assert (await service.save_override(override, SEVERIN)).clock == read
    assert [one.clock for one in await service.overrides(id)] == [read]


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        (Override(1, "NOPE", "приказ", fix_minutes=60), "no branch 'NOPE'"),
        (Override(1, "HVS", " ", fix_minutes=60), "the paper that allows it"),
        (Override(1, "HVS", "приказ"), "at least one term"),
        (Override(1, "HVS", "приказ", clock=" "), "at least one term"),
        (Override(1, "HVS", "приказ", clock="8-23"), "a window such as"),
        (Override(1, "HVS", "приказ", urgency="soon"), "one of life"),
        (Override(77, "HVS", "приказ", fix_minutes=60), "no organisation 77"),
    ],
)
async def test_a_wrong_override_is_refused(
    service: ClassifierService, store: Store, override: Override, reason: str
) -> None:
    await an_organisation(store)
    with pytest.raises(EngineError, match=reason):
        await service.save_override(override, SEVERIN)


ENTRY = Entry("HVS-01", "Вода", "Прорыв", "", "normal", "utility", parent="HVS", fix_minutes=60)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("branches", "winner"),
    [
        (["", "HVS"], "HVS"),
        (["HVS-01", "HVS", ""], "HVS-01"),
        (["DOM", "HVS"], "HVS"),
        (["DOM", ""], "DOM"),
        (["GVS", "HVS-02"], None),
        (["HV"], None),
    ],
)
def test_the_longest_branch_wins(branches: list[str], winner: str | None) -> None:
    own = for_organisation(ENTRY, [Override(1, b, b or "все", fix_minutes=7) for b in branches], ("DOM", "HVS"))
    assert dict(own.overridden) == ({} if winner is None else {"fix_minutes": winner or "все"})
    assert own.fix_minutes == (60 if winner is None else 7)


async def test_what_a_version_keeps_is_plain_json(service: ClassifierService, store: Store) -> None:
    async with store.read() as conn:
        row = (await conn.execute(select(classifier_versions.c.changes))).scalar_one()
    assert json.loads(json.dumps(row)) == row and {"kind", "code", "before", "after"} == set(row[0])
