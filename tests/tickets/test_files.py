"""Files of tickets over both databases: what is taken, what is refused with what reason, and what stays on the disk."""

from __future__ import annotations

import asyncio
import errno
import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import insert, select

from callengine import config
from callengine.access.model import Principal
from callengine.clock import ManualClock
from callengine.errors import Conflict, Forbidden, NoRoom, NotFound, Refused, TooLarge
from callengine.store.database import Store, Tx
from callengine.store.tables import classifier, organisations, ticket_files, ticket_history, tickets
from callengine.tickets.events import TicketFiled
from callengine.tickets.files import FilesService, NewFile

OPERATOR = Principal(None, "operator", None, "Петрова", "101")
EXECUTOR = Principal(None, "executor", None, "Акимов", None)
INSPECTOR = Principal(None, "inspector", None, "Орлов", None)
MANAGER = Principal(None, "organisation_manager", 1, "Крылова", None)
STRANGER = Principal(None, "organisation_manager", 2, "Чужая", None)
NUMBER, SECOND = "26-000001", "26-000002"


def photo(width: int = 640, height: int = 480, kind: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (120, 90, 60)).save(out, kind)
    return out.getvalue()


def archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in names:
            made.writestr(name, "x")
    return out.getvalue()


async def in_chunks(content: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.fixture
async def ticket(store: Store, clock: ManualClock) -> int:
    """One ticket of the first of two organisations."""
    empty = {c.name: "" for c in classifier.c if not c.nullable and c.server_default is None}
    entry = empty | {"code": "HVS-09", "urgency": "emergency", "clock": "24x7"}
    entry |= {"notify_municipality": False, "questions": [], "organisation_kinds_next": []}
    row = {c.name: "" for c in tickets.c if not c.nullable and c.server_default is None and c.name != "id"}
    row |= {"number": NUMBER, "status": "in_progress", "urgency": "emergency", "classifier_code": "HVS-09"}
    row |= {"answers": [], "organisation_id": 1, "created_at": clock.now()}
    async with store.begin() as tx:
        for code in ("zar", "voda"):
            await tx.conn.execute(insert(organisations).values(code=code, name=code, kind="management_company"))
        await tx.conn.execute(insert(classifier).values(**entry))
        return int((await tx.conn.execute(insert(tickets).values(**row).returning(tickets.c.id))).scalar_one())


@pytest.fixture
async def second(store: Store, ticket: int) -> int:
    """Another ticket of the same organisation: whatever is done to the first is not done to it."""
    async with store.begin() as tx:
        first = (await tx.conn.execute(select(tickets).where(tickets.c.id == ticket))).one()
        row = dict(first._mapping) | {"id": ticket + 1, "number": SECOND}
        return int((await tx.conn.execute(insert(tickets).values(**row).returning(tickets.c.id))).scalar_one())


@pytest.fixture
def service(store: Store, clock: ManualClock, tmp_path: Path, ticket: int) -> FilesService:
    return FilesService(store, clock, config.Files(dir=tmp_path / "files", most_megabytes=1))


def on_disk(service: FilesService) -> list[Path]:
    return sorted(path for path in service.folder.rglob("*") if path.is_file()) if service.folder.exists() else []


async def kept(store: Store) -> list[Any]:
    async with store.read() as conn:
        return list(await conn.execute(select(ticket_files)))


async def test_a_photo_is_kept_with_its_thumbnail_and_told(service: FilesService, store: Store) -> None:
    told: list[TicketFiled] = []
    store.after[TicketFiled] = [told.append]
    content = photo(2000, 1500)
    new = NewFile("C:\\photos\\течь.jpg", "photo", public=True, moment="before")
    file = await service.receive(NUMBER, OPERATOR, new, in_chunks(content))
    assert (file.name, file.media_type, file.bytes) == ("течь.jpg", "image/jpeg", len(content))
    assert (file.width, file.height, file.public, file.moment) == (2000, 1500, True, "before")
    assert service.path_of(file).read_bytes() == content
    with Image.open(service.path_of(file, thumbnail=True)) as small:
        assert small.size == (480, 360)
    assert [fact.ticket.number for fact in told] == [NUMBER]
    assert [event.what for event in told[0].ticket.history] == ["file_added"]


async def test_the_thumbnail_stands_upright_and_says_nothing_of_the_place(service: FilesService) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif.get_ifd(0x8825)[1] = "N"
    out = io.BytesIO()
    Image.new("RGB", (600, 300)).save(out, "JPEG", exif=exif)
    file = await service.receive(NUMBER, OPERATOR, NewFile("p.jpg"), in_chunks(out.getvalue()))
    with Image.open(service.path_of(file, thumbnail=True)) as small:
        assert small.size == (240, 480)
        assert not small.getexif()


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("photo.jpg", b"MZ\x90\x00" + b"\x00" * 200, "none of the files"),
        ("photo.jpg", b"\x7fELF" + b"\x00" * 200, "none of the files"),
        ("photo.jpg", b"#!/bin/sh\nrm -rf /\n", "none of the files"),
        ("act.pdf", b"<html><script>alert(1)</script>", "none of the files"),
        ("photo.svg", b"<svg onload='alert(1)'/>", "none of the files"),
        ("photo.jpg", b"\xff\xd8\xff" + b"\x00" * 500, "photo is broken"),
        ("photo.png", photo(kind="PNG")[:60], "photo is broken"),
        ("photo.jpg", b"", "empty"),
        ("all.zip", archive("virus.exe"), "none of the files"),
        ("act.docx", archive("word/document.xml", "word/vbaProject.bin"), "macros"),
        ("act.docx", archive("word/document.xml")[:50], "none of the files"),
    ],
    ids="exe elf script html svg broken-jpeg cut-png empty zip macros cut-docx".split(),
)
async def test_what_is_no_file_of_ours_is_refused_and_leaves_nothing(
    service: FilesService, store: Store, name: str, content: bytes, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        await service.receive(NUMBER, OPERATOR, NewFile(name), in_chunks(content))
    assert on_disk(service) == []
    assert await kept(store) == []


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (photo(kind="PNG"), "image/png"),
        (photo(kind="WEBP"), "image/webp"),
        (b"%PDF-1.7\n%...", "application/pdf"),
        (archive("word/document.xml"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"\x00\x00\x00\x18ftypisom" + b"\x00" * 40, "video/mp4"),
        (b"OggS" + b"\x00" * 40, "audio/ogg"),
        ("Показания: 123,4 м³\n".encode(), "text/plain"),
    ],
    ids="png webp pdf docx mp4 ogg text".split(),
)
async def test_the_type_is_told_by_the_content_whatever_the_name(
    service: FilesService, content: bytes, media: str
) -> None:
    file = await service.receive(NUMBER, OPERATOR, NewFile("setup.exe", "document"), in_chunks(content, 7))
    assert file.media_type == media
    assert not service.path_of(file).name.endswith(".exe")


async def test_a_photo_of_a_billion_pixels_is_refused_before_it_is_unpacked(
    service: FilesService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callengine.tickets.files.MOST_PIXELS", 10_000)
    with pytest.raises(Refused, match="640 × 480 pixels"):
        await service.receive(NUMBER, OPERATOR, NewFile("p.jpg"), in_chunks(photo()))
    assert on_disk(service) == []


async def test_a_file_beyond_the_limit_is_refused_as_soon_as_it_is_seen(service: FilesService) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"\xff\xd8\xff" + b"\x00" * 65_533

    with pytest.raises(TooLarge, match="1 MB"):
        await service.receive(NUMBER, OPERATOR, NewFile("p.jpg"), endless())
    assert taken == 17
    assert on_disk(service) == []


async def test_a_full_disk_is_told_and_leaves_nothing_half_written(
    service: FilesService, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("callengine.tickets.files.asyncio.to_thread", full)
    with pytest.raises(NoRoom):
        await service.receive(NUMBER, OPERATOR, NewFile("p.jpg"), in_chunks(photo()))
    assert on_disk(service) == []
    assert await kept(store) == []


async def test_a_connection_that_breaks_leaves_nothing(service: FilesService, store: Store) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield photo()[:100]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await service.receive(NUMBER, OPERATOR, NewFile("p.jpg"), broken())
    assert on_disk(service) == []
    assert await kept(store) == []


async def test_the_same_upload_sent_twice_even_at_once_is_one_file(service: FilesService, store: Store) -> None:
    async def send() -> int:
        new = NewFile("p.jpg", key="7:upload-1")
        return (await service.receive(NUMBER, OPERATOR, new, in_chunks(photo()))).id

    ids = await asyncio.gather(send(), send(), send())
    assert len(set(ids)) == 1
    assert len(await kept(store)) == 1
    assert len(on_disk(service)) == 2  # the photo and its thumbnail


async def test_a_key_used_for_another_ticket_is_a_conflict(service: FilesService, second: int) -> None:
    await service.receive(NUMBER, OPERATOR, NewFile("p.jpg", key="7:one"), in_chunks(photo()))
    with pytest.raises(Conflict, match="another ticket"):
        await service.receive(SECOND, OPERATOR, NewFile("p.jpg", key="7:one"), in_chunks(photo()))


async def test_a_file_hangs_on_its_own_ticket_alone(service: FilesService, ticket: int, second: int) -> None:
    """Who may see one ticket gets no other's files by their ids."""
    file = await service.receive(NUMBER, OPERATOR, NewFile("p.jpg"), in_chunks(photo()))
    other = await service.receive(SECOND, OPERATOR, NewFile("смета.pdf", "document"), in_chunks(b"%PDF-1.4"))
    assert [one.id for one in await service.files(ticket)] == [file.id]
    assert [one.id for one in await service.files(second)] == [other.id]
    with pytest.raises(NotFound):
        await service.get(NUMBER, other.id, OPERATOR)
    with pytest.raises(NotFound):
        await service.remove(NUMBER, other.id, OPERATOR)
    await service.remove(SECOND, other.id, OPERATOR)
    with pytest.raises(NotFound):
        await service.restore(NUMBER, other.id, OPERATOR)
    await service.restore(SECOND, other.id, OPERATOR)
    assert (await service.get(SECOND, other.id, OPERATOR)).name == "смета.pdf"


async def test_who_does_not_see_the_ticket_neither_sends_nor_reads(service: FilesService) -> None:
    file = await service.receive(NUMBER, MANAGER, NewFile("p.jpg"), in_chunks(photo()))
    for who in (STRANGER, EXECUTOR):
        with pytest.raises(NotFound):
            await service.receive(NUMBER, who, NewFile("p.jpg"), in_chunks(photo()))
        with pytest.raises(NotFound):
            await service.get(NUMBER, file.id, who)
    with pytest.raises(Forbidden):
        await service.receive(NUMBER, INSPECTOR, NewFile("p.jpg"), in_chunks(photo()))
    assert (await service.get(NUMBER, file.id, INSPECTOR)).id == file.id


async def test_a_signed_act_is_told_to_the_life_of_the_ticket(
    store: Store, clock: ManualClock, tmp_path: Path, ticket: int
) -> None:
    acts: list[int] = []

    async def on_act(_tx: Tx, ticket_id: int) -> None:
        acts.append(ticket_id)

    service = FilesService(store, clock, config.Files(dir=tmp_path / "files"), on_act=on_act)
    await service.receive(NUMBER, MANAGER, NewFile("p.jpg"), in_chunks(photo()))
    assert acts == []
    await service.receive(NUMBER, MANAGER, NewFile("act.pdf", "act"), in_chunks(b"%PDF-1.4"))
    assert acts == [ticket]


async def test_a_file_taken_down_can_be_put_back(service: FilesService, store: Store) -> None:
    file = await service.receive(NUMBER, MANAGER, NewFile("p.jpg"), in_chunks(photo()))
    with pytest.raises(NotFound):
        await service.remove(NUMBER, file.id, STRANGER)
    await service.remove(NUMBER, file.id, OPERATOR)
    await service.remove(NUMBER, file.id, OPERATOR)  # twice changes nothing
    with pytest.raises(NotFound):
        await service.get(NUMBER, file.id, OPERATOR)
    await service.restore(NUMBER, file.id, MANAGER)
    assert service.path_of(await service.get(NUMBER, file.id, OPERATOR)).is_file()
    async with store.read() as conn:
        what = (await conn.execute(select(ticket_history.c.what).order_by(ticket_history.c.id))).scalars().all()
    assert what == ["file_added", "file_removed", "file_restored"]


async def test_the_act_that_closed_a_ticket_stays(service: FilesService, store: Store) -> None:
    file = await service.receive(NUMBER, MANAGER, NewFile("act.pdf", "act"), in_chunks(b"%PDF-1.4"))
    async with store.begin() as tx:
        await tx.conn.execute(tickets.update().values(status="closed"))
    with pytest.raises(Refused, match="closed on this act"):
        await service.remove(NUMBER, file.id, OPERATOR)


async def test_what_a_crash_cut_off_is_cleared_away(service: FilesService) -> None:
    left = service.folder / "incoming" / "dead.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    await service.tidy()
    assert on_disk(service) == []
