"""Exports: the workbook as Excel reads it, formulas that never are, cancelled, resumed, deleted, masked."""

# ruff: noqa: F811 (the city and its database are fixtures of the journal's tests)

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from sqlalchemy import update

from callengine.api.journal_filter import written
from callengine.clock import ManualClock
from callengine.config import Exports
from callengine.errors import Conflict, Forbidden, NotFound
from callengine.store.database import Store
from callengine.store.exports import Export
from callengine.store.tables import exports, tickets
from callengine.tasks import Tasks
from callengine.tickets.exports import ExportsService, Wanted
from callengine.tickets.journal import JournalService
from callengine.tickets.listing import Sort
from callengine.tickets.visibility import EVERYTHING, NOTHING, Scope, covers
from tests.tickets.test_journal import TICKETS, Who, city, furnishing, in_order  # noqa: F401

ZONE = ZoneInfo("Europe/Moscow")


class Person(Who):
    name = "Орлова Тамара"


ORLOVA = Person("supervisor")
INSPECTOR = Person("inspector")


@pytest.fixture
def service(store: Store, clock: ManualClock, tmp_path: Path) -> ExportsService:
    settings = Exports(dir=tmp_path / "exports", keep_hours=24)
    journal = JournalService(store, clock)
    return ExportsService(store, clock, journal, settings, ZONE, lambda asked, now: written(asked, now, ZONE))


def all_of(**more: Any) -> Wanted:
    return Wanted(**({"parameters": {}, "sort": Sort.NEWEST} | more))


def sheet(path: Path) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(path)
    assert len(book.worksheets) == 1
    return [tuple(row) for row in book.worksheets[0].iter_rows()]


async def test_the_workbook_has_every_ticket_in_the_order_of_the_page(
    service: ExportsService, city: list[dict[str, Any]], clock: ManualClock
) -> None:
    asked = all_of(parameters={"status": "open"}, sort=Sort.DANGER, columns=("number", "where", "created", "mark"))
    made = await service.start(ORLOVA, asked)
    assert (made.state, made.rows_done) == ("queued", 0)
    assert await service.write_next() and not await service.write_next()
    done = await service.get(ORLOVA, made.id)
    expected = in_order([row for row in city if not row["status"].final], Sort.DANGER)
    assert (done.state, done.rows_done, done.rows_total) == ("done", len(expected), len(expected))
    header, *lines = sheet(await service.file(ORLOVA, made.id))
    assert [cell.value for cell in header] == ["№", "Где", "Принята", "Оценка"]
    assert [int(line[0].value[3:]) for line in lines] == expected
    by_id = {row["id"]: row for row in city}
    for line, id in zip(lines, expected, strict=True):
        assert line[2].value.replace(tzinfo=ZONE) == by_id[id]["created_at"]
        assert line[3].value == by_id[id]["mark"]


MOMENTS = ("damage", "accepted", "localised", "fixed", "closed", "late")


async def test_how_a_ticket_went_stands_in_columns_of_its_own(
    service: ExportsService, store: Store, city: list[dict[str, Any]], clock: ManualClock
) -> None:
    at = {name: clock.now() - timedelta(hours=hours) for hours, name in enumerate(MOMENTS)}
    went: dict[str, Any] = {f"{name}_at": moment for name, moment in at.items()}
    async with store.begin() as tx:
        words = {"text": "Льёт с потолка", "close_reason": "заменён участок трубы"}
        await tx.conn.execute(update(tickets).where(tickets.c.id == 5).values(**went, **words))
        await tx.conn.execute(update(tickets).where(tickets.c.id == 6).values(**dict.fromkeys(went)))
    made = await service.start(ORLOVA, all_of(columns=("number", *MOMENTS, "text", "close_reason")))
    await service.write_next()
    header, *lines = sheet(await service.file(ORLOVA, made.id))
    assert [cell.value for cell in header[1:]] == [
        "Начало аварии", "Принята в работу", "Локализована", "Устранена", "Закрыта", "Срок нарушен",
        "Суть словами", "Причина закрытия",
    ]  # fmt: skip
    by_id = {int(line[0].value[3:]): [cell.value for cell in line[1:]] for line in lines}
    told = [moment.replace(tzinfo=ZONE).astimezone(clock.now().tzinfo) for moment in by_id[5][:6]]
    assert told == list(at.values())
    assert by_id[5][6:] == ["Льёт с потолка", "заменён участок трубы"]
    assert by_id[6][:6] == [None] * 6
    usual = await service.start(ORLOVA, all_of())
    assert not set(usual.columns) & {*MOMENTS, "text", "close_reason"}


@pytest.mark.parametrize("text", ["=1+1", "+7 900", "-2", "@SUM(A1)", '=HYPERLINK("http://x","y")', "http://x", "\t=1"])
async def test_a_formula_in_a_cell_never_becomes_one(
    service: ExportsService, store: Store, city: list[dict[str, Any]], text: str
) -> None:
    async with store.begin() as tx:
        await tx.conn.execute(update(tickets).where(tickets.c.id == 5).values(applicant_name=text))
    made = await service.start(ORLOVA, all_of(parameters={"q": "26-5"}, columns=("applicant",)))
    await service.write_next()
    _, (cell,) = sheet(await service.file(ORLOVA, made.id))
    assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)


async def test_personal_data_are_masked_in_the_file_as_on_the_screen(
    service: ExportsService, city: list[dict[str, Any]]
) -> None:
    made = await service.start(INSPECTOR, all_of(columns=("applicant", "telephone")))
    await service.write_next()
    _, *lines = sheet(await service.file(INSPECTOR, made.id))
    said = {cell.value for line in lines for cell in line if cell.value}
    assert said == {"М. А.", "Б. О.", "М. П.", "…77", "…06"}
    with pytest.raises(NotFound):
        await service.file(Person("executor", staff_id=1), made.id)


async def test_in_english_the_titles_and_the_statuses_are_english(
    service: ExportsService, city: list[dict[str, Any]]
) -> None:
    made = await service.start(ORLOVA, all_of(parameters={"status": "closed"}, columns=("status",), language="en"))
    await service.write_next()
    header, first, *_ = sheet(await service.file(ORLOVA, made.id))
    assert (header[0].value, first[0].value) == ("Status", "Closed")


async def test_one_that_is_cancelled_ends_at_once_and_leaves_no_file(
    service: ExportsService, store: Store, city: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await service.start(ORLOVA, all_of())
    begun = asyncio.Event()
    true_pages = service._pages

    async def slow(*given: Any) -> AsyncIterator[Any]:
        async for page in true_pages(*given):
            begun.set()
            yield page
            await asyncio.sleep(0)
        while not begun.is_set() or (service._writing and service._writing[1].returncode is None):
            yield []
            await asyncio.sleep(0.01)

    monkeypatch.setattr(service, "_pages", slow)
    tasks = Tasks()
    writing = tasks.start(service.write_next(), name="writing")
    await asyncio.wait_for(begun.wait(), 20)
    assert (await service.cancel(ORLOVA, made.id)).state == "cancelled"
    await asyncio.wait_for(writing, 20)
    assert (await service.get(ORLOVA, made.id)).state == "cancelled"
    assert list(service._settings.dir.iterdir()) == []
    with pytest.raises(NotFound):
        await service.file(ORLOVA, made.id)
    await tasks.close()


async def test_one_that_a_dead_engine_left_is_written_by_the_next(
    service: ExportsService, store: Store, clock: ManualClock, city: list[dict[str, Any]]
) -> None:
    made = await service.start(ORLOVA, all_of())
    async with store.begin() as tx:  # an engine began it and died
        lease = {"state": "running", "lease_until": clock.now() + timedelta(seconds=60), "tries": 1, "rows_done": 40}
        await tx.conn.execute(update(exports).values(**lease))
    assert not await service.write_next()
    clock.advance(seconds=61)
    assert await service.write_next()
    assert (await service.get(ORLOVA, made.id)).rows_done == TICKETS
    another = await service.start(ORLOVA, all_of())
    async with store.begin() as tx:
        await tx.conn.execute(update(exports).where(exports.c.id == another.id).values(tries=3))
    await service.write_next()
    failed = await service.get(ORLOVA, another.id)
    assert failed.state == "failed" and "narrow the filter" in failed.problem


async def test_a_file_is_deleted_when_its_term_is_over(
    service: ExportsService, store: Store, clock: ManualClock, city: list[dict[str, Any]]
) -> None:
    made = await service.start(ORLOVA, all_of())
    await service.write_next()
    path = await service.file(ORLOVA, made.id)
    clock.advance(seconds=24 * 3600 + 1)
    await service.delete_old()
    assert not path.exists()
    with pytest.raises(NotFound, match="export again"):
        await service.file(ORLOVA, made.id)


async def test_nobody_has_more_than_three_going(service: ExportsService, city: list[dict[str, Any]]) -> None:
    for _ in range(3):
        await service.start(ORLOVA, all_of())
    with pytest.raises(Conflict, match="wait for one"):
        await service.start(ORLOVA, all_of())
    await service.start(Person("supervisor", staff_id=1), all_of())
    assert len(await service.mine(ORLOVA)) == 3


async def test_the_worker_writes_what_comes_while_it_runs(
    service: ExportsService, store: Store, city: list[dict[str, Any]]
) -> None:
    tasks = Tasks()
    tasks.start(service.run(), name="exports")
    made = await service.start(ORLOVA, all_of(parameters={"q": "шум"}))
    done = await _ended(service, made.id)
    assert done.state == "done" and done.rows_done == sum("шум" in row["text"] for row in city)
    await tasks.close()


async def _ended(service: ExportsService, id: int) -> Export:
    deadline = time.monotonic() + 30
    while (found := await service.get(ORLOVA, id)).state in ("queued", "running"):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    return found


async def test_a_folder_that_takes_no_file_fails_the_export_in_words(
    service: ExportsService, city: list[dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "exports").write_text("a file stands where the folder should be")
    made = await service.start(ORLOVA, all_of())
    await service.write_next()
    failed = await service.get(ORLOVA, made.id)
    assert failed.state == "failed" and "mend [exports] dir" in failed.problem


async def test_a_file_that_the_disk_does_not_let_go_is_deleted_later(
    service: ExportsService, clock: ManualClock, city: list[dict[str, Any]]
) -> None:
    made, other = await service.start(ORLOVA, all_of()), await service.start(ORLOVA, all_of())
    while await service.write_next():
        pass
    stuck, path = await service.file(ORLOVA, made.id), await service.file(ORLOVA, other.id)
    stuck.unlink()
    stuck.mkdir()  # no file can be deleted there
    clock.advance(seconds=24 * 3600 + 1)
    await service.delete_old()
    assert not path.exists() and (await service.get(ORLOVA, other.id)).path == ""
    assert (await service.get(ORLOVA, made.id)).path == stuck.name, "it is not forgotten while it lies there"
    stuck.rmdir()
    stuck.touch()
    await service.delete_old()
    assert not stuck.exists() and (await service.get(ORLOVA, made.id)).path == ""


async def test_what_was_left_half_written_is_deleted_and_nothing_else(
    service: ExportsService, store: Store, city: list[dict[str, Any]]
) -> None:
    done, going = await service.start(ORLOVA, all_of()), await service.start(ORLOVA, all_of())
    await service.write_next()
    folder = service._settings.dir
    whole = await service.file(ORLOVA, done.id)
    left = [folder / f"tickets-{id}-{'ab' * 8}.xlsx" for id in (done.id, going.id, going.id + 7)]
    foreign = folder / "tickets-notes.xlsx"
    for path in (*left, foreign):
        path.touch()
    await service.delete_old()
    assert set(folder.iterdir()) == {whole, left[1], foreign}, "one that is being written is not ours to delete"
    await service.cancel(ORLOVA, going.id)
    await service.delete_old()
    assert set(folder.iterdir()) == {whole, foreign}


async def test_a_fault_of_one_export_fails_it_alone_and_the_worker_goes_on(
    service: ExportsService, city: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    true_pages, true_delete, faults = service._pages, service.delete_old, ["delete", "pages"]

    async def pages(*given: Any) -> AsyncIterator[Any]:
        async for page in true_pages(*given):
            yield page
            if "pages" in faults:
                faults.remove("pages")
                raise LookupError("a fault of ours")

    async def delete_old() -> None:
        if "delete" in faults:
            faults.remove("delete")
            service._wake.set()
            raise RuntimeError("another one")
        await true_delete()

    monkeypatch.setattr(service, "_pages", pages)
    monkeypatch.setattr(service, "delete_old", delete_old)
    first, second = await service.start(ORLOVA, all_of()), await service.start(ORLOVA, all_of())
    tasks = Tasks()
    tasks.start(service.run(), name="exports")
    failed, done = await _ended(service, first.id), await _ended(service, second.id)
    assert (failed.state, done.state, faults) == ("failed", "done", [])
    assert "LookupError" in failed.problem
    assert [path.name for path in service._settings.dir.iterdir()] == [done.path]
    await tasks.close()


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (Person("supervisor"), Person("inspector")),
        (Person("operator"), Person("organisation_manager", organisation_id=1)),
        (Person("organisation_manager", organisation_id=1), Person("organisation_manager", organisation_id=2)),
        (Person("inspector"), Person("inspector", districts=("Центр",))),
    ],
)
async def test_whose_sight_shrank_gets_no_file_of_before(
    service: ExportsService, city: list[dict[str, Any]], then: Person, now: Person
) -> None:
    made = await service.start(then, all_of())
    await service.write_next()
    assert (await service.file(then, made.id)).exists()
    with pytest.raises(Forbidden, match="export again"):
        await service.file(now, made.id)
    again = await service.start(now, all_of())
    await service.write_next()
    assert (await service.file(now, again.id)).exists()
    assert (await service.file(ORLOVA, again.id)).exists(), "who sees more than before has it still"


def test_one_scope_covers_another_when_it_hides_nothing_of_it() -> None:
    first, second = Scope(organisation_id=1), Scope(organisation_id=2)
    area = Scope(districts=("Центр", "Север"), personal=False)
    part, city = Scope(districts=("Центр",), personal=False), Scope(districts=(), personal=False)
    wider = {(EVERYTHING, one) for one in (EVERYTHING, NOTHING, first, second, area, part, city)}
    wider |= {(one, one) for one in (NOTHING, first, second, area, part, city)}
    wider |= {(city, area), (city, part), (area, part)}
    every = (EVERYTHING, NOTHING, first, second, area, part, city)
    assert {(now, then) for now in every for then in every if covers(now, then)} == wider
    assert not covers(Scope(organisation_id=1, internal=False), first)
    assert not covers(Scope(everything=True, personal=False), EVERYTHING)


def test_moments_are_what_the_clocks_showed() -> None:
    from callengine.tickets.columns import Context, _moment

    context = Context("ru", ZONE, datetime(2026, 11, 20, tzinfo=UTC))
    assert (
        _moment(datetime(2026, 1, 1, 21, 30, tzinfo=UTC), context)
        == datetime(2026, 1, 2, 0, 30, tzinfo=UTC).timestamp()
    )
