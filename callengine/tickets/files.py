"""FilesService: photos, signed acts and documents of tickets, streamed to disk and checked before they count."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from callengine import config
from callengine.access.model import DESK, EXECUTOR, MANAGER
from callengine.clock import Clock
from callengine.directory.search import storable
from callengine.errors import Conflict, Forbidden, NoRoom, NotFound, Refused, TooLarge
from callengine.store import moves as move_rows
from callengine.store import ticket_files as rows
from callengine.store import tickets as ticket_rows
from callengine.store.database import Store, Tx
from callengine.tickets import effects
from callengine.tickets.events import TicketFiled
from callengine.tickets.filetypes import FileType, type_of
from callengine.tickets.model import Ticket, TicketEvent, TicketFile
from callengine.tickets.moves import mover_of, not_answering
from callengine.tickets.visibility import Person, Seer, scope_of, sees

log = logging.getLogger(__name__)

KINDS = ("photo", "act", "document")
MOMENTS = ("", "before", "after")
SENDERS = DESK | {MANAGER, EXECUTOR}
THUMBNAIL_PIXELS = 480
# A photo of a telephone has 12 to 108 million pixels; a "photo" of a billion is made to eat our memory.
MOST_PIXELS = 120_000_000
MOST_NAME = 150

OnAct = Callable[[Tx, int], Awaitable[None]]
Touched = Callable[[Tx, int, Person, datetime], Awaitable[Ticket | None]]


@dataclass(frozen=True, slots=True)
class NewFile:
    """What is said of a file before its bytes come; `key` is the Idempotency-Key of the upload."""

    name: str
    kind: str = "photo"
    public: bool = False
    moment: str = ""
    key: str | None = None


@dataclass(frozen=True, slots=True)
class _Received:
    path: Path
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class _Looked:
    """What a look into the file found."""

    type: FileType
    thumbnail: bool = False
    width: int | None = None
    height: int | None = None


class _Kept(Exception):
    """The same upload, sent twice at once, was kept by the other one."""


class FilesService:
    """Files under [files] dir, two levels deep by random names; what a person called a file is only ever shown.

    `on_act` runs in the transaction that adds a signed act: a late ticket with its mark may close then. `touched` is
    told of each file's sender and moment: of those who must act it begins the ladder of reminders anew.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: config.Files,
        *,
        on_act: OnAct | None = None,
        touched: Touched | None = None,
    ) -> None:
        self._store, self._clock = store, clock
        self.folder = settings.dir.resolve()
        self.most_bytes = settings.most_megabytes * 1024 * 1024
        self._on_act, self._touched = on_act, touched

    # --- taking -------------------------------------------------------------------------------------------

    async def receive(self, number: str, who: Person, new: NewFile, chunks: AsyncIterator[bytes]) -> TicketFile:
        """Stream a file to disk, find out what it is, and hang it on the ticket.

        Raises NotFound for a ticket that the sender does not see, Forbidden for a role that sends none and for an
        organisation that no longer answers for the ticket, TooLarge, NoRoom, and Refused for what is no file of ours.
        The same key again gives the file of the first time.
        """
        new = _checked(new, who)
        ticket = await self._ticket(number, who)
        if known := await self._known(new, ticket):
            async for _ in chunks:
                pass
            return known
        _check_answers(ticket, who)
        received = await self._stream(chunks)
        try:
            looked = await asyncio.to_thread(self._look, received.path)
            return await self._keep(ticket, who, new, received, looked)
        except BaseException:
            received.path.unlink(missing_ok=True)
            raise

    async def _known(self, new: NewFile, ticket: Ticket) -> TicketFile | None:
        if new.key is None:
            return None
        async with self._store.read() as conn:
            found = await rows.by_key(conn, new.key)
        if found and found.ticket_id != ticket.id:
            raise Conflict("this Idempotency-Key sent a file to another ticket: send a new key")
        return found

    async def _stream(self, chunks: AsyncIterator[bytes]) -> _Received:
        part = self.folder / "incoming" / f"{secrets.token_hex(16)}.part"
        digest, size = hashlib.sha256(), 0
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            with part.open("xb") as file:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > self.most_bytes:
                        raise TooLarge(f"a file may have {self.most_bytes // 1024 // 1024} MB")
                    digest.update(chunk)
                    await asyncio.to_thread(file.write, chunk)
        except BaseException as error:
            part.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise NoRoom() from error
            raise
        return _Received(part, size, digest.hexdigest())

    def _look(self, path: Path) -> _Looked:
        """Find out what the file is; a photo is decoded, since only then it is one, and gets its thumbnail."""
        found = type_of(path)
        if not found.photo:
            return _Looked(found)
        try:
            with Image.open(path) as image:
                width, height = image.size
                if width * height > MOST_PIXELS:
                    raise Refused(f"the photo has {width} × {height} pixels: send a smaller one", pointer="/file")
                small = ImageOps.exif_transpose(image)
                small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
                # Without EXIF: where the photo was taken is not for everybody who may see the thumbnail.
                small.convert("RGB").save(path.with_suffix(".thumb"), "JPEG", quality=82)
        except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise NoRoom() from error
            raise Refused("the photo is broken: take it anew or send it as another format", pointer="/file") from error
        return _Looked(found, True, width, height)

    async def _keep(
        self, ticket: Ticket, who: Person, new: NewFile, received: _Received, looked: _Looked
    ) -> TicketFile:
        place = Path(f"{self._clock.now():%Y-%m}") / f"{received.path.stem}{looked.type.suffix}"
        target = self.folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        thumbnail = place.with_suffix(".thumb.jpg") if looked.thumbnail else None
        received.path.replace(target)
        if thumbnail:
            received.path.with_suffix(".thumb").replace(self.folder / thumbnail)
        try:
            return await self._write(ticket, who, new, received, looked, place, thumbnail)
        except Exception as error:
            # Not of a cancellation: it may come after the commit, and then the file is the ticket's.
            target.unlink(missing_ok=True)
            if thumbnail:
                (self.folder / thumbnail).unlink(missing_ok=True)
            if isinstance(error, _Kept) and (known := await self._known(new, ticket)):
                return known
            raise

    async def _write(
        self,
        ticket: Ticket,
        who: Person,
        new: NewFile,
        received: _Received,
        looked: _Looked,
        place: Path,
        thumbnail: Path | None,
    ) -> TicketFile:
        now = self._clock.now()
        async with self._store.begin() as tx:
            _check_answers(await self._locked(tx, ticket), who)  # somebody may have routed it while the bytes came
            id = await rows.add(
                tx,
                ticket_id=ticket.id,
                kind=new.kind,
                name=new.name,
                path=str(place),
                media_type=looked.type.media_type,
                bytes=received.bytes,
                sha256=received.sha256,
                thumbnail=str(thumbnail or ""),
                width=looked.width,
                height=looked.height,
                public=new.public,
                moment=new.moment,
                author=who.name,
                staff_id=who.staff_id,
                created_at=now,
                key=new.key,
            )
            if id is None:
                raise _Kept
            await self._tell(tx, ticket, who, "file_added", id, new)
            if new.kind == "act" and self._on_act:
                await self._on_act(tx, ticket.id)
            kept = await rows.get(tx.conn, ticket.id, id)
        assert kept
        return kept

    async def _tell(self, tx: Tx, ticket: Ticket, who: Person, what: str, id: int, new: NewFile | TicketFile) -> None:
        data = {"file_id": id, "kind": new.kind, "name": new.name, "moment": new.moment}
        event = TicketEvent(self._clock.now(), what, who.name, "", data, role=who.role, public=new.public)
        await ticket_rows.add_history(tx, ticket.id, who.staff_id, [event])
        if self._touched:
            await self._touched(tx, ticket.id, who, event.at)
        told = await ticket_rows.get(tx.conn, ticket.number)
        assert told
        await tx.tell(TicketFiled(told))

    # --- showing ------------------------------------------------------------------------------------------

    async def files(self, ticket_id: int) -> tuple[TicketFile, ...]:
        """What hangs on a ticket; who may see it was asked before."""
        async with self._store.read() as conn:
            return await rows.of_ticket(conn, ticket_id)

    async def get(self, number: str, file_id: int, who: Seer) -> TicketFile:
        ticket = await self._ticket(number, who)
        async with self._store.read() as conn:
            found = await rows.get(conn, ticket.id, file_id)
        if found is None or found.removed_at:
            raise NotFound(f"ticket {number} has no file {file_id}")
        if not found.public and not scope_of(who).internal:
            raise NotFound(f"ticket {number} has no file {file_id}")
        return found

    def path_of(self, file: TicketFile, *, thumbnail: bool = False) -> Path:
        """Where it lies. Raises NotFound when it has no thumbnail or somebody took it away from the disk."""
        name = file.thumbnail if thumbnail else file.path
        path = self.folder / name
        if not name or not path.is_file():
            raise NotFound(
                "this file is not on the disk: restore [files] dir from the copy" if name else "no thumbnail"
            )
        return path

    # --- taking down --------------------------------------------------------------------------------------

    async def remove(self, number: str, file_id: int, who: Person) -> None:
        """Take a file down; its bytes stay, it can be put back. Its sender may while he answers for the ticket, and
        the desk.

        Raises NotFound, Forbidden, and Refused for the act on which the ticket was closed.
        """
        await self._put(number, file_id, who, removed=True)

    async def restore(self, number: str, file_id: int, who: Person) -> None:
        await self._put(number, file_id, who, removed=False)

    async def _put(self, number: str, file_id: int, who: Person, *, removed: bool) -> None:
        ticket = await self._ticket(number, who)
        async with self._store.begin() as tx:
            ticket = await self._locked(tx, ticket)
            found = await rows.get(tx.conn, ticket.id, file_id)
            if found is None:
                raise NotFound(f"ticket {number} has no file {file_id}")
            if who.role not in DESK and not (who.role in SENDERS and found.author == who.name):
                raise Forbidden("a file is taken down by its sender or by the desk")
            _check_answers(ticket, who)
            if removed and found.kind == "act" and ticket.status.final:
                raise Refused("the ticket was closed on this act: it stays")
            if await rows.remove(tx, file_id, self._clock.now() if removed else None, who.name if removed else ""):
                await self._tell(tx, ticket, who, "file_removed" if removed else "file_restored", file_id, found)

    async def _ticket(self, number: str, who: Seer) -> Ticket:
        async with self._store.read() as conn:
            ticket = await ticket_rows.get(conn, storable(number))
            past = await ticket_rows.past_organisations(conn, ticket.id) if ticket else frozenset()
        if ticket is None or not sees(scope_of(who), ticket, past):
            raise NotFound(f"there is no ticket {number}")
        return ticket

    @staticmethod
    async def _locked(tx: Tx, ticket: Ticket) -> Ticket:
        """As it stands now, and stays until the commit."""
        await move_rows.locked(tx, ticket.id)
        return await ticket_rows.get(tx.conn, ticket.number) or ticket

    async def tidy(self) -> None:
        """Uploads that a crash cut off: nobody can name them any more."""
        for part in await asyncio.to_thread(lambda: list((self.folder / "incoming").glob("*"))):
            with contextlib.suppress(OSError):
                part.unlink()


def _check_answers(ticket: Ticket, who: Person) -> None:
    if not effects.answers(ticket, mover_of(who)):
        raise not_answering()


def _checked(new: NewFile, who: Person) -> NewFile:
    if who.role not in SENDERS:
        raise Forbidden()
    if new.kind not in KINDS:
        raise Refused(f"kind is one of {', '.join(KINDS)}", pointer="/kind")
    if new.moment not in MOMENTS:
        raise Refused("moment is before, after or empty", pointer="/moment")
    name = storable(new.name).replace("\\", "/").rsplit("/", 1)[-1].strip()
    name = "".join(ch for ch in name if ch.isprintable())[-MOST_NAME:]
    return NewFile(name or "file", new.kind, new.public, new.moment, new.key)
