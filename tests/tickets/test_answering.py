"""Files of a ticket by those who answer for it and by those who no longer do, the ladder of reminders with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from callengine import config
from callengine.clock import ManualClock
from callengine.errors import Forbidden, NotFound
from callengine.store.database import Store
from callengine.tasks import Tasks
from callengine.tickets.files import FilesService, NewFile
from callengine.tickets.model import Status, Ticket
from tests.tickets.block import Block, build
from tests.tickets.test_files import in_chunks, on_disk, photo

ACT = NewFile("акт.pdf", "act")
PDF = b"%PDF-1.4"


@pytest.fixture
async def block(store: Store, clock: ManualClock) -> Block:
    return await build(store, clock)


@pytest.fixture
def files(block: Block, tmp_path: Path) -> FilesService:
    settings = config.Files(dir=tmp_path / "files", most_megabytes=1)
    return FilesService(block.store, block.clock, settings, on_act=block.moves.act_added, touched=block.moves.touched)


async def declined(block: Block, *, routed: bool) -> Ticket:
    ticket = await block.move(await block.open(), "zhukov", "decline", "не наш дом")
    return await block.move(ticket, "petrova", "route", organisation_id=2) if routed else ticket


@pytest.mark.parametrize("routed", [False, True])
async def test_an_organisation_that_declined_hangs_nothing_on_it_and_calms_no_reminder(
    block: Block, files: FilesService, routed: bool
) -> None:
    ticket = await declined(block, routed=routed)
    before = await block.tickets.get(ticket.number), await block.timer()
    block.clock.advance(seconds=600)
    for new in (ACT, NewFile("фото.jpg", "photo")):
        bytes_sent = in_chunks(PDF)
        with pytest.raises(Forbidden) as caught:
            await files.receive(ticket.number, block.who("zhukov"), new, bytes_sent)
        assert caught.value.extra["forbidden"] == "not_yours"
        assert [part async for part in bytes_sent] == [PDF], "he is told before he has sent it all"
    async with block.store.begin() as tx:  # whatever else of his comes to the ladder
        await block.moves.touched(tx, ticket.id, block.who("zhukov"), block.clock.now())
    assert (await block.tickets.get(ticket.number), await block.timer()) == before
    assert on_disk(files) == []


async def test_the_new_organisation_begins_the_ladder_anew_with_a_file(block: Block, files: FilesService) -> None:
    ticket = await declined(block, routed=True)
    block.clock.advance(seconds=600)
    await files.receive(ticket.number, block.who("lapin"), ACT, in_chunks(PDF))
    assert (await block.tickets.get(ticket.number)).touched_at == block.clock.now()


async def test_what_it_sent_before_it_declined_it_takes_down_no_more(block: Block, files: FilesService) -> None:
    ticket = await block.open()
    sent = await files.receive(ticket.number, block.who("zhukov"), ACT, in_chunks(PDF))
    await block.move(ticket, "zhukov", "decline", "не наш дом")
    for put in (files.remove, files.restore):
        with pytest.raises(Forbidden):
            await put(ticket.number, sent.id, block.who("zhukov"))
    assert [file.id for file in await files.files(ticket.id)] == [sent.id]
    await files.remove(ticket.number, sent.id, block.who("petrova"))
    assert await files.files(ticket.id) == ()


async def test_the_same_upload_after_a_decline_is_the_file_of_the_first_time(block: Block, files: FilesService) -> None:
    ticket = await block.open()
    new = NewFile("акт.pdf", "act", key="4:one")
    sent = await files.receive(ticket.number, block.who("zhukov"), new, in_chunks(PDF))
    await block.move(ticket, "zhukov", "decline", "не наш дом")
    assert await files.receive(ticket.number, block.who("zhukov"), new, in_chunks(PDF)) == sent


async def test_a_ticket_that_was_routed_while_the_bytes_came_takes_no_file(block: Block, files: FilesService) -> None:
    ticket = await block.open()

    async def slowly() -> AsyncIterator[bytes]:
        yield PDF
        await block.move(ticket, "zhukov", "decline", "не наш дом")
        await block.move(ticket, "petrova", "route", organisation_id=2)
        yield b"\n"

    with pytest.raises(Forbidden):
        await files.receive(ticket.number, block.who("zhukov"), ACT, slowly())
    assert on_disk(files) == [] and await files.files(ticket.id) == ()


async def test_from_whom_it_was_taken_he_finds_it_no_more(block: Block, files: FilesService) -> None:
    ticket = await block.to(Status.NO_EXECUTOR)
    sent = await files.receive(ticket.number, block.who("zhukov"), ACT, in_chunks(PDF))
    await block.move(ticket, "orlova", "route", "не справляются", organisation_id=2)
    with pytest.raises(NotFound):
        await files.get(ticket.number, sent.id, block.who("zhukov"))
    with pytest.raises(NotFound):
        await files.receive(ticket.number, block.who("zhukov"), ACT, in_chunks(PDF))


async def test_files_words_and_moves_of_one_ticket_at_once_stand_in_line(block: Block, files: FilesService) -> None:
    """Each holds the ticket from the beginning of its transaction: on PostgreSQL two would end as a deadlock else."""
    ticket = await block.to(Status.IN_PROGRESS)
    ivanov, zhukov = block.who("ivanov"), block.who("zhukov")
    sent = await files.receive(ticket.number, zhukov, NewFile("смета.pdf", "document"), in_chunks(PDF))
    many: list[Any] = []
    for n in range(4):
        many.append(files.receive(ticket.number, ivanov, NewFile(f"{n}.pdf", "act"), in_chunks(PDF)))
        many.append(block.moves.comment(ticket.number, ivanov, f"слово {n}"))
        many.append((files.remove if n % 2 else files.restore)(ticket.number, sent.id, zhukov))
    async with asyncio.timeout(60):
        await asyncio.gather(*many, block.move(ticket, "ivanov", "report_done"))
    now = await block.tickets.get(ticket.number)
    said = [event.what for event in now.history]
    assert (said.count("comment"), said.count("file_added")) == (4, 5)
    assert now.status is Status.AWAITING_CENTRE
    assert said.count("file_removed") - said.count("file_restored") in (0, 1)


async def test_an_upload_that_is_cancelled_after_its_commit_keeps_its_file(
    block: Block, files: FilesService, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket, committed = await block.open(), asyncio.Event()
    write = files._write

    async def written(*given: Any) -> Any:
        await write(*given)
        committed.set()
        await asyncio.Event().wait()  # the engine stops in this moment

    monkeypatch.setattr(files, "_write", written)
    tasks = Tasks()
    sending = tasks.start(
        files.receive(ticket.number, block.who("zhukov"), NewFile("фото.jpg"), in_chunks(photo())), name="sending"
    )
    await asyncio.wait_for(committed.wait(), 20)
    sending.cancel()
    await asyncio.wait([sending], timeout=20)
    assert sending.cancelled()
    (file,) = await files.files(ticket.id)
    assert files.path_of(file).read_bytes() == photo() and files.path_of(file, thumbnail=True).is_file()
    await tasks.close()
