"""ExportsService: the journal as XLSX in the background, one at a time, with progress; cancelled, resumed, deleted."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import orjson

from callengine import config
from callengine.clock import Clock
from callengine.errors import Conflict, EngineError, Forbidden, NotFound
from callengine.store import exports as rows
from callengine.store.database import Store
from callengine.store.exports import Export
from callengine.tickets import columns
from callengine.tickets.journal import JournalService
from callengine.tickets.listing import JournalFilter, JournalRow, Sort
from callengine.tickets.visibility import Scope, Seer, covers, scope_of

log = logging.getLogger(__name__)

EACH = 200  # lines a page: some milliseconds of the loop, then others have their turn
GOING = 3  # of one person at once
LISTED = 10
TRIES = 3  # engines that died over it
LEASE = timedelta(seconds=60)
TELL_SECONDS = 0.5  # how often the progress is kept
PAUSE_SECONDS = 30.0  # without a wake-up: exports of an engine that died, files to be deleted
TITLES = {"ru": "Заявки", "en": "Tickets"}
NAMED = re.compile(r"tickets-(\d+)-[0-9a-f]{16}\.xlsx")


class Asker(Seer, Protocol):
    """Who exports: an access Principal fits."""

    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What goes out: `parameters` as they were written, to be read anew by `read` when the writing begins."""

    parameters: dict[str, str]
    sort: Sort
    columns: tuple[str, ...] = ()
    language: str = "ru"


class _Ended(Exception):
    """Somebody cancelled it."""


class ExportsService:
    """Run `run()` beside the engine; `read` makes a filter of written parameters at a moment."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        journal: JournalService,
        settings: config.Exports,
        zone: ZoneInfo,
        read: Callable[[dict[str, str], datetime], JournalFilter],
    ) -> None:
        self._store = store
        self._clock = clock
        self._journal = journal
        self._settings = settings
        self._zone = zone
        self._read = read
        self._wake = asyncio.Event()
        self._writing: tuple[int, asyncio.subprocess.Process] | None = None

    # --- asking -----------------------------------------------------------------------------------------

    async def start(self, who: Asker, wanted: Wanted) -> Export:
        """Put it in the line. Raises Conflict when one has too many going."""
        asked = {
            "parameters": wanted.parameters,
            "sort": wanted.sort.value,
            "language": wanted.language,
            "scope": asdict(scope_of(who)),
        }
        async with self._store.begin() as tx:
            if await rows.going_of(tx.conn, who.name, who.staff_id) >= GOING:
                raise Conflict(f"{GOING} exports of yours are being written: wait for one, or cancel it")
            id = await rows.add(
                tx,
                {
                    "staff_id": who.staff_id,
                    "who": who.name,
                    "kind": "tickets",
                    "filter": asked,
                    "columns": columns.chosen(wanted.columns),
                    "state": rows.QUEUED,
                    "created_at": self._clock.now(),
                },
            )
            made = await rows.get(tx.conn, id)
        self._wake.set()
        assert made is not None
        return made

    async def mine(self, who: Asker) -> list[Export]:
        """The newest of one's own: the page finds again what it had begun."""
        async with self._store.read() as conn:
            return await rows.newest_of(conn, who.name, who.staff_id, LISTED)

    async def get(self, who: Asker, id: int) -> Export:
        """Raises NotFound for somebody else's."""
        async with self._store.read() as conn:
            found = await rows.get(conn, id)
        if found is None or (found.staff_id, found.who) != (who.staff_id, who.name):
            raise NotFound
        return found

    async def cancel(self, who: Asker, id: int) -> Export:
        """End it; an export that is done or failed stays as it is."""
        await self.get(who, id)
        async with self._store.begin() as tx:
            await rows.change(tx, id, {"state": rows.CANCELLED, "finished_at": self._clock.now()})
        if self._writing and self._writing[0] == id:
            self._kill()
        return await self.get(who, id)

    async def file(self, who: Asker, id: int) -> Path:
        """The file of a finished one.

        Raises NotFound, also when its term is over, Conflict while it is written, Forbidden when it has what its
        owner may not see any more.
        """
        found = await self.get(who, id)
        if not covers(scope_of(who), _scope(found.asked["scope"])):
            raise Forbidden("it was written when you saw other tickets than now: export again")
        if found.state in rows.GOING:
            raise Conflict("it is still being written")
        path = self._settings.dir / found.path
        if found.state != rows.DONE or not found.path or not path.is_file():
            raise NotFound("its file was deleted when its term was over: export again")
        return path

    # --- writing ----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Write what waits, one after another, until cancelled. No fault of an export ends it: the calls go on."""
        alone = self._store.is_sqlite  # one engine a database: what ran, ran in an engine that is no more
        while True:
            self._wake.clear()
            try:
                if alone:
                    async with self._store.begin() as tx:
                        await rows.free_all(tx)
                    alone = False
                await self.delete_old()
                while await self.write_next():
                    pass
            except EngineError as error:
                log.warning("exports wait", extra={"action": "exports_wait", "problem": error.detail})
            except Exception:
                log.exception("exports wait", extra={"action": "exports_wait"})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PAUSE_SECONDS):
                    await self._wake.wait()

    async def write_next(self) -> bool:
        """Write the oldest that waits; False when none does."""
        now = self._clock.now()
        async with self._store.begin() as tx:
            export = await rows.claim(tx, now, now + LEASE)
        if export is None:
            return False
        if export.tries >= TRIES:
            await self._fail(export.id, "the engine stopped while it was written, several times: narrow the filter")
            return True
        name = f"tickets-{export.id}-{secrets.token_hex(8)}.xlsx"
        path = self._settings.dir / name
        try:
            self._settings.dir.mkdir(parents=True, exist_ok=True)
            count = await self._write(export, path)
        except BaseException as error:
            self._drop(path)
            if not isinstance(error, Exception):  # the engine stops: the next one writes it
                raise
            if not isinstance(error, _Ended):
                await self._fail(export.id, _said(error, path), error)
            return True
        await self._done(export.id, name, count)
        return True

    def _drop(self, path: Path) -> bool:
        """Delete a file; False when the disk does not let it go."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("export stays", extra={"action": "export_stays", "path": str(path), "problem": error.strerror})
            return False
        return True

    async def _write(self, export: Export, path: Path) -> int:
        asked = export.asked
        context = columns.Context(asked["language"], self._zone, self._clock.now())
        wanted, scope = self._read(asked["parameters"], context.now), _scope(asked["scope"])
        total = (await self._journal.count(wanted, scope, self._settings.most_rows)).count
        await self._tell(export.id, {"rows_total": total})
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "callengine.tickets.workbook",
            str(path),
            stdin=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self._writing = export.id, process
        try:
            return await self._feed(export, process, self._pages(export, wanted, scope), context)
        finally:
            self._kill()
            await process.wait()
            self._writing = None

    def _pages(self, export: Export, wanted: JournalFilter, scope: Scope) -> AsyncIterator[list[JournalRow]]:
        extras = [name for name in columns.EXTRAS if name in export.columns]
        return self._journal.pages(wanted, scope, Sort(export.asked["sort"]), each=EACH, extras=extras)

    async def _feed(
        self,
        export: Export,
        process: asyncio.subprocess.Process,
        pages: AsyncIterator[list[JournalRow]],
        context: columns.Context,
    ) -> int:
        assert process.stdin is not None and process.stderr is not None
        names, most = export.columns, self._settings.most_rows
        head = {"title": TITLES[context.language], "columns": columns.head(names, context.language)}
        count, told_at = 0, self._now()
        try:
            process.stdin.write(orjson.dumps(head) + b"\n")
            async with contextlib.aclosing(pages):  # type: ignore[type-var]
                async for page in pages:
                    page = page[: most - count]
                    process.stdin.write(orjson.dumps(columns.cells(page, names, context)) + b"\n")
                    await process.stdin.drain()
                    count += len(page)
                    if self._now() - told_at > TELL_SECONDS:
                        told_at = self._now()
                        await self._tell(export.id, {"rows_done": count})
                    if count >= most:
                        break
            process.stdin.close()
        except (BrokenPipeError, ConnectionResetError):
            pass  # it ended before us: it says why
        said = (await process.stderr.read()).decode("utf-8", "replace")
        if await process.wait():
            await self._tell(export.id, {})  # cancelled?
            raise _why(said, self._settings.dir)
        return count

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _kill(self) -> None:
        if self._writing and self._writing[1].returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._writing[1].kill()

    async def _tell(self, id: int, values: dict[str, Any]) -> None:
        """Keep the progress and the lease. Raises _Ended when somebody cancelled it."""
        async with self._store.begin() as tx:
            if not await rows.change(tx, id, {"lease_until": self._clock.now() + LEASE, **values}):
                raise _Ended

    async def _done(self, id: int, name: str, count: int) -> None:
        now = self._clock.now()
        values = {
            "state": rows.DONE,
            "rows_done": count,
            "rows_total": count,
            "path": name,
            "finished_at": now,
            "delete_after": now + timedelta(hours=self._settings.keep_hours),
            "lease_until": None,
        }
        async with self._store.begin() as tx:
            kept = await rows.change(tx, id, values)
        if not kept:
            self._drop(self._settings.dir / name)
            return
        log.info("exported", extra={"action": "exported", "export_id": id, "rows": count})

    async def _fail(self, id: int, problem: str, error: Exception | None = None) -> None:
        values = {"state": rows.FAILED, "problem": problem, "finished_at": self._clock.now(), "lease_until": None}
        async with self._store.begin() as tx:
            await rows.change(tx, id, values)
        known = error is None or isinstance(error, (EngineError, OSError))
        extra = {"action": "export_failed", "export_id": id, "problem": problem}
        log.warning("export failed", extra=extra, exc_info=None if known else error)

    async def delete_old(self) -> None:
        """Files whose term is over, and what was left half written. What cannot be deleted now is tried again."""
        async with self._store.read() as conn:
            old = await rows.overdue_files(conn, self._clock.now())
        for export in old:
            if self._drop(self._settings.dir / export.path):
                async with self._store.begin() as tx:
                    await rows.forget_file(tx, export.id)
        await self._drop_left()

    async def _drop_left(self) -> None:
        """Files of no export that is done or being written: an engine died over them, or could not delete them."""
        try:
            left = {
                name: int(it[1]) for path in self._settings.dir.iterdir() if (it := NAMED.fullmatch(name := path.name))
            }
        except OSError:  # no folder, no file
            return
        async with self._store.read() as conn:
            kept = await rows.kept_files(conn, set(left.values()))
        for name, id in left.items():
            if kept.get(id, "") not in (name, rows.UNFINISHED):
                self._drop(self._settings.dir / name)


def _scope(kept: dict[str, Any]) -> Scope:
    districts = kept["districts"]
    return replace(Scope(**kept), districts=tuple(districts) if districts is not None else None)


def _said(error: Exception, path: Path) -> str:
    if isinstance(error, EngineError):
        return error.detail
    if isinstance(error, OSError):
        return f"{path.parent} takes no file ({error.strerror}): mend [exports] dir"
    return f"the engine could not write it ({type(error).__name__}): its log has the whole"


def _why(said: str, folder: Path) -> EngineError:
    """The writer's last words as ours."""
    if "No space left" in said:
        return EngineError(f"the disk is full: make room in {folder} and export again")
    last: Sequence[str] = said.strip().splitlines() or ["it ended without a word"]
    return EngineError(f"the file could not be written: {last[-1]}")
