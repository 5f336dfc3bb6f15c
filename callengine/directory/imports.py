"""CSV in: residents, houses, organisations, contracts, staff, classifier; bad rows reported, the rest taken.

docs/reference/imports.md names the columns. Rows are read as a stream and written in batches, so a file of
two million rows needs no more memory than one of two thousand, and live calls find the writer free in between.
"""

from __future__ import annotations

import inspect
import re
import sqlite3
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, BinaryIO, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from callengine import phone
from callengine.access.events import StaffLeft
from callengine.clock import Clock
from callengine.directory import ways
from callengine.directory.csvrows import CsvRow, CsvRows, Mistake
from callengine.directory.metering import (
    LEAST_DIGITS,
    MOST_DIGITS,
    MeterKind,
    months_between,
    period_of,
    thousandths_of,
)
from callengine.directory.model import Somebody
from callengine.directory.search import premise_of
from callengine.directory.staff import EndSessions
from callengine.directory.ways import Way
from callengine.errors import Refused
from callengine.store import imports as rows
from callengine.store import staff as staff_rows
from callengine.store.database import Store, Tx
from callengine.store.imports import (
    MOST_CHANGES,
    Change,
    ContractRow,
    HouseRow,
    OrganisationRow,
    PremiseRow,
    ResidentRow,
    StaffRow,
)
from callengine.store.meter_imports import put_meters
from callengine.store.meters import MeterRow
from callengine.tickets import classifier, classifier_csv, classifier_diff
from callengine.tickets.calendar import is_clock
from callengine.tickets.classifier import BadRow
from callengine.tickets.classifier_service import ClassifierService
from callengine.tickets.model import KINDS

BATCH = 1000
CHUNK = 1 << 16
MOST_MISTAKES = 1000  # told by number and reason; further ones are only counted
MOST_LETTERS = 500
ROLES = ("administrator", "supervisor", "operator", "organisation_manager", "executor", "inspector")

Hasher = Callable[[str], "str | Awaitable[str]"]


class Readable(Protocol):
    """A file, or aiohttp's request.content."""

    def read(self, size: int = -1, /) -> Any: ...


Stream = bytes | BinaryIO | Readable | AsyncIterable[bytes]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """`taken` rows were good, `changed` of them altered something (`added` of those something new), `skipped` were
    refused; `changes` are the first of them, field by field.
    """

    taken: int
    changed: int
    skipped: int
    mistakes: tuple[Mistake, ...]
    added: int = 0
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file: its columns, how a row is read and where the batch goes."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    read: Callable[[Mapping[str, str], Imports], Any]
    key: Callable[[Any], tuple[str, str]]  # what must not come twice, and what its other rows must repeat
    put: Callable[..., Awaitable[rows.Outcome]]


class Imports:
    """Reads CSV into the directory and the classifier.

    `end_sessions` signs out whose rights a file of staff changes.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        *,
        country: str = "RU",
        city_code: str = "",
        hash_password: Hasher | None = None,
        end_sessions: EndSessions | None = None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.zone = zone
        self.country = country
        self.city_code = city_code
        self.hash_password = hash_password
        self.end_sessions = end_sessions

    async def import_csv(
        self, kind: str, stream: Stream, dry_run: bool = False, *, by: int | None = None
    ) -> ImportReport:
        """Take the good rows of a file, report the bad ones; `dry_run` reports alone. `by` is the importer's staff id.

        Raises Refused when nothing can be taken at all: an unknown kind, an empty file, a column missing.
        """
        if kind not in FILE_KINDS:
            raise Refused(f"unknown kind {kind!r}: one of {', '.join(FILE_KINDS)}")
        if kind == CLASSIFIER:
            return await self._classifier(stream, dry_run)
        run = _Run(self, KIND[kind], dry_run, by)
        try:
            async for chunk in _chunks(stream):
                for item in run.source.feed(chunk):
                    await run.take(item)
            for item in run.source.close():
                await run.take(item)
            return await run.end()
        finally:
            run.seen.close()

    async def _classifier(self, stream: Stream, dry_run: bool) -> ImportReport:
        """The classifier changes as a whole, by one version that can be undone; what the file lacks stays."""
        data = bytearray()
        async for chunk in _chunks(stream):
            data += chunk
            if len(data) > classifier_csv.MOST_BYTES:
                break  # the reader says how large it may be
        service = ClassifierService(self.store, self.clock)
        if dry_run:
            plan = await service.preview(bytes(data), retire_missing=False)
        else:
            plan = await service.apply(bytes(data), Somebody("import"), retire_missing=False)
        refused = len({mistake.row for mistake in plan.mistakes if mistake.row > 1})
        changed = sum(change.kind == "entry" for change in plan.changes)
        added = sum(change.kind == "entry" and change.before is None for change in plan.changes)
        shown = tuple(_told(change) for change in plan.changes[:MOST_CHANGES])
        return ImportReport(plan.rows - refused, changed, refused, plan.mistakes, added, shown)


def _told(change: classifier_diff.Change) -> Change:
    before, after = change.before or {}, change.after or {}
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    title = str(after.get("problem_ru") or after.get("name_ru") or change.code)
    return Change(
        change.code,
        title,
        tuple((name, before.get(name), after.get(name)) for name in names if after.get(name) or before.get(name)),
        new=change.before is None,
    )


async def _chunks(stream: Stream) -> AsyncIterator[bytes]:
    if isinstance(stream, bytes):
        for start in range(0, len(stream), CHUNK):
            yield stream[start : start + CHUNK]
    elif read := getattr(stream, "read", None):
        while chunk := read(CHUNK):
            if inspect.isawaitable(chunk) and not (chunk := await chunk):
                return
            yield chunk
    else:
        async for chunk in stream:  # type: ignore[union-attr]
            yield chunk


class _Seen:
    """The keys of the rows so far, in a temporary file of SQLite's: memory stays flat over any number."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, row INTEGER, value TEXT) WITHOUT ROWID")
        self._db.execute("BEGIN")

    def get(self, key: str) -> tuple[int, str] | None:
        found = self._db.execute("SELECT row, value FROM seen WHERE key = ?", (key,)).fetchone()
        return (found[0], found[1]) if found else None

    def add(self, key: str, row: int, value: str = "") -> None:
        self._db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (key, row, value))

    def close(self) -> None:
        self._db.close()


class _Run:
    """One import as it goes."""

    def __init__(self, imports: Imports, kind: Kind, dry_run: bool, by: int | None) -> None:
        self.source = CsvRows()
        self.seen = _Seen()
        self._imports = imports
        self._kind = kind
        self._dry_run = dry_run
        self._by = by
        self._columns: list[str] | None = None
        self._absent: tuple[str, ...] = ()
        self._batch: list[tuple[int, Any]] = []
        self._taken = self._changed = self._skipped = self._added = 0
        self._changes: list[Change] = []
        self._mistakes: list[Mistake] = []

    async def take(self, item: CsvRow | Mistake) -> None:
        if self._columns is None and self.source.header is not None:
            self._columns = self._checked(self.source.header)
        if isinstance(item, Mistake):
            self._refuse(item.row, item.reason)
            return
        try:
            record = self._read(item)
        except BadRow as bad:
            self._refuse(item.row, str(bad))
            return
        self._batch.append((item.row, record))
        if len(self._batch) >= BATCH:
            await self._put()

    async def end(self) -> ImportReport:
        if self.source.header is None:
            raise Refused(f"the file is empty: its first line names the columns {', '.join(self._kind.required)}")
        if self._columns is None:
            self._columns = self._checked(self.source.header)
        await self._put()
        told = sorted(self._mistakes, key=lambda mistake: mistake.row)
        return ImportReport(self._taken, self._changed, self._skipped, tuple(told), self._added, tuple(self._changes))

    def _checked(self, header: Sequence[str]) -> list[str]:
        columns = [ALIASES.get(name, name) for name in header]
        known = {*self._kind.required, *self._kind.optional}
        self._absent = tuple(name for name in self._kind.optional if name not in columns)
        if missing := [name for name in self._kind.required if name not in columns]:
            raise Refused(f"columns missing: {', '.join(missing)}; the file has: {', '.join(header)[:300]}")
        if twice := sorted({name for name in columns if name in known and columns.count(name) > 1}):
            raise Refused(f"columns named twice: {', '.join(twice)}")
        for name, column in zip(header, columns, strict=True):
            if column not in known and name:
                self._tell(1, f"unknown column {name[:60]!r}: not read")
        return columns

    def _read(self, item: CsvRow) -> Any:
        columns = self._columns or []
        if len(item.cells) != len(columns):
            raise BadRow(f"{len(item.cells)} cells, the header has {len(columns)}")
        cells = {name: cell.strip() for name, cell in zip(columns, item.cells, strict=True)}
        record = self._kind.read(cells, self._imports)
        key, value = self._kind.key(record)
        return self._first_or_agreeing(item.row, record, key, value)

    def _first_or_agreeing(self, row: int, record: Any, key: str, value: str) -> Any:
        if before := self.seen.get(key):
            raise BadRow(f"the same as row {before[0]}: {key.replace(SEPARATOR, ' ').strip()}")
        if isinstance(record, ResidentRow):
            record = self._same_person(row, record, value)
        self.seen.add(key, row)
        return record

    def _same_person(self, row: int, record: ResidentRow, value: str) -> ResidentRow:
        """Further rows of a person name further flats: they repeat the name and the phones, or leave those empty."""
        person = f"{SEPARATOR}{record.code}"
        before = self.seen.get(person)
        if before is None:
            self.seen.add(person, row, value)
            return record
        name, numbers, email, notify = before[1].split(SEPARATOR)
        if record.name != name:
            raise BadRow(f"code {record.code} is another person in row {before[0]}")
        if record.numbers and "|".join(record.numbers) != numbers:
            raise BadRow(f"phones of {record.code} differ from row {before[0]}")
        if record.email and record.email != email:
            raise BadRow(f"email of {record.code} differs from row {before[0]}")
        way = None if notify == UNSAID else notify
        if record.notify is not None and record.notify != way:
            raise BadRow(f"notify of {record.code} differs from row {before[0]}")
        return replace(record, numbers=tuple(numbers.split("|")) if numbers else (), email=email, notify=way)

    async def _put(self) -> None:
        if not self._batch:
            return
        batch, self._batch = self._batch, []
        lines, records = [row for row, _ in batch], [record for _, record in batch]
        put, staff = self._kind.put, self._kind.put is rows.put_staff
        if staff:
            records, put = await self._with_hashes(records), partial(rows.put_staff, by=self._by)
        now = self._imports.clock.now()
        if self._dry_run:
            async with self._imports.store.read() as conn:
                outcome = await put(conn, records, write=False, at=now, absent=self._absent)
        else:
            async with self._imports.store.begin() as tx:
                if staff:
                    await self._sign_out(tx, records)
                outcome = await put(tx.conn, records, write=True, at=now, absent=self._absent)
                if outcome.changed and staff:
                    await tx.tell(StaffLeft())  # perhaps: who has tickets in hand is looked at
        for index, reason in outcome.refused:
            self._refuse(lines[index], reason)
        self._taken += len(records) - len(outcome.refused)
        self._changed += outcome.changed
        self._added += outcome.added
        self._changes += outcome.changes[: MOST_CHANGES - len(self._changes)]

    async def _sign_out(self, tx: Tx, records: Sequence[StaffRow]) -> None:
        """Before the rows are written: it is the old extension that calls must pass over."""
        await staff_rows.administrators(tx)  # one at a time changes who may what, as by hand
        if self._imports.end_sessions is None:
            return
        plan = await rows.plan_staff(tx.conn, records, absent=self._absent, by=self._by)
        for staff_id, tokens in plan.ends.items():
            await self._imports.end_sessions(tx, staff_id, tokens=tokens)

    async def _with_hashes(self, records: list[StaffRow]) -> list[StaffRow]:
        """Passwords of those who have none yet: outside of the transaction, for a hash is slow on purpose."""
        async with self._imports.store.read() as conn:
            have = await rows.logins_with_password(conn, [record.login for record in records])
        ready = []
        for record in records:
            hashed = None
            if record.password and record.login not in have and self._imports.hash_password:
                # A dry run only says that there will be one.
                made = "planned" if self._dry_run else self._imports.hash_password(record.password)
                hashed = await made if inspect.isawaitable(made) else made
            ready.append(replace(record, password="", password_hash=hashed))
        return ready

    def _refuse(self, row: int, reason: str) -> None:
        self._skipped += 1
        self._tell(row, reason)

    def _tell(self, row: int, reason: str) -> None:
        if len(self._mistakes) < MOST_MISTAKES:
            self._mistakes.append(Mistake(row, reason))


# --- reading one row of each kind ---------------------------------------------------------------------------

SEPARATOR = "\x1f"

# What services call their columns; the English names are the documented ones.
ALIASES = {
    "код": "code",
    "улица": "street",
    "дом": "house",
    "номер": "number",
    "район": "district",
    "этажей": "floors",
    "подъездов": "entrances",
    "оснащение": "features",
    "фио": "name",
    "название": "name",
    "имя": "name",
    "телефоны": "phones",
    "телефон": "phone",
    "квартира": "premise",
    "кто": "relation",
    "вид": "kind",
    "почта": "email",
    "извещать": "notify",
    "организация": "organisation",
    "дома": "houses",
    "логин": "login",
    "роль": "role",
    "пароль": "password",
    "подъезд": "entrance",
    "этаж": "floor",
    "помещение": "premise",
    "заводской номер": "serial",
    "место": "place",
    "разрядов": "digits",
    "поверка до": "verified_until",
    "период": "period",
    "показание": "value",
}


def _text(cells: Mapping[str, str], name: str, *, needed: bool = False, most: int = MOST_LETTERS) -> str:
    text = cells.get(name, "")
    if needed and not text:
        raise BadRow(f"{name} is empty")
    if len(text) > most:
        raise BadRow(f"{name} is longer than {most} characters")
    return text


def _code(cells: Mapping[str, str], name: str = "code") -> str:
    text = _text(cells, name, needed=True, most=80)
    if not text.isprintable():
        raise BadRow(f"{name} {text!r}: printable characters only")
    return text


def _whole(cells: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    text = cells.get(name, "")
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,6}", text) or not least <= int(text) <= most:
        raise BadRow(f"{name} {text[:40]!r}: a whole number from {least} to {most}, or empty")
    return int(text)


def _yes(cells: Mapping[str, str], name: str) -> bool:
    text = cells.get(name, "").lower()
    if text not in ("", "yes", "no", "да", "нет", "true", "false", "1", "0"):
        raise BadRow(f"{name} {text[:40]!r}: yes or no")
    return text in ("", "yes", "да", "true", "1")


def _one_of(cells: Mapping[str, str], name: str, known: Sequence[str]) -> str:
    text = cells.get(name, "")
    if text not in known:
        raise BadRow(f"{name} {text[:40]!r}: one of {', '.join(known)}")
    return text


def _list(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split("|") if part.strip()))


def _day(cells: Mapping[str, str], name: str) -> date | None:
    text = cells.get(name, "")
    if not text:
        return None
    russian = re.fullmatch(r"(\d\d)\.(\d\d)\.(\d{4})", text)
    try:
        return date.fromisoformat(f"{russian[3]}-{russian[2]}-{russian[1]}" if russian else text)
    except ValueError:
        raise BadRow(f"{name} {text[:40]!r}: a date such as 2026-11-20 or 20.11.2026") from None


def _house(cells: Mapping[str, str], _: Imports) -> HouseRow:
    return HouseRow(
        code=_code(cells),
        street=_text(cells, "street", needed=True),
        number=_text(cells, "number", needed=True, most=40),
        district=_text(cells, "district"),
        floors=_whole(cells, "floors", 1, 200),
        entrances=_whole(cells, "entrances", 1, 200),
        features=tuple(sorted(_list(_text(cells, "features").lower()))),
    )


PREMISE_KINDS = {
    "": "flat",
    "flat": "flat",
    "квартира": "flat",
    "office": "office",
    "офис": "office",
    "нежилое": "office",
    "common": "common",
    "общее": "common",
}


def _premise(cells: Mapping[str, str], _: Imports) -> PremiseRow:
    kind = cells.get("kind", "").lower()
    if kind not in PREMISE_KINDS:
        raise BadRow(f"kind {kind[:40]!r}: one of flat, office, common")
    return PremiseRow(
        house=_code(cells, "house"),
        number=premise_of(_text(cells, "premise", needed=True, most=80)),
        kind=PREMISE_KINDS[kind],
        entrance=_whole(cells, "entrance", 1, 200),
        floor=_floor(cells),
    )


def _floor(cells: Mapping[str, str]) -> int | None:
    """Cellars are below zero."""
    text = cells.get("floor", "")
    if text and (not re.fullmatch(r"-?[0-9]{1,3}", text) or not -10 <= int(text) <= 200):
        raise BadRow(f"floor {text[:40]!r}: a whole number from -10 to 200, or empty")
    return int(text) if text else None


def _organisation(cells: Mapping[str, str], imports: Imports) -> OrganisationRow:
    # As people write it, kept as it is dialled and written to; two numbers, or words, stay what they are.
    number = phone.read(_text(cells, "phone"), country=imports.country, city_code=imports.city_code)
    return OrganisationRow(
        code=_code(cells),
        name=_text(cells, "name", needed=True),
        kind=_one_of(cells, "kind", tuple(KINDS)),
        phone=number.value if number.can_be_called else _text(cells, "phone"),
        email=_text(cells, "email"),
        active=_yes(cells, "active"),
    )


def _contract(cells: Mapping[str, str], imports: Imports) -> ContractRow:
    served = _list(cells.get("houses", ""))
    if not served:
        raise BadRow("a contract without houses: write their codes separated by |, or * for all")
    began, until = _day(cells, "valid_from"), _day(cells, "valid_until")
    if began and until and until < began:
        raise BadRow("valid_until is before valid_from")
    priority = _whole(cells, "priority", 0, 999_999)
    duty_hours = cells["duty_hours"].strip() if "duty_hours" in cells else None
    if duty_hours in ("workdays", "days") or (duty_hours and not is_clock(duty_hours)):
        raise BadRow(f"duty_hours {duty_hours[:40]!r}: 24x7, work, or such as 20:00-08:00")
    return ContractRow(
        code=_code(cells),
        organisation=_code(cells, "organisation"),
        kind=_one_of(cells, "kind", tuple(KINDS)),
        branch=_text(cells, "branch", most=80),
        priority=100 if priority is None else priority,
        valid_from=_midnight(began, imports.zone),
        valid_until=_midnight(until + timedelta(days=1) if until else None, imports.zone),
        everywhere="*" in served,
        houses=() if "*" in served else served,
        duty_hours=duty_hours,
    )


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time(), tzinfo=zone) if day else None


def _staff(cells: Mapping[str, str], imports: Imports) -> StaffRow:
    login = _text(cells, "login", needed=True, most=80).lower()
    if not re.fullmatch(r"[\w.@+-]+", login):
        raise BadRow(f"login {login[:40]!r}: letters, digits and . _ @ + - only")
    extension = _text(cells, "extension", most=20)
    if extension and not re.fullmatch(r"[0-9]{2,10}", extension):
        raise BadRow(f"extension {extension!r}: 2 to 10 digits, or empty")
    if cells.get("password") and imports.hash_password is None:
        raise BadRow("passwords cannot be set here: leave the column empty")
    return StaffRow(
        login=login,
        name=_text(cells, "name", needed=True),
        role=_one_of(cells, "role", ROLES),
        extension=extension or None,
        organisation=_text(cells, "organisation", most=80),
        language=_one_of(cells, "language", ("ru", "en")) if cells.get("language") else "ru",
        active=_yes(cells, "active"),
        password=_text(cells, "password"),
    )


def _resident(cells: Mapping[str, str], imports: Imports) -> ResidentRow:
    numbers = []
    for part in re.split(r"[|,;]", _text(cells, "phones")):
        if not part.strip():
            continue
        parsed = phone.read(part, country=imports.country, city_code=imports.city_code)
        if not parsed.can_be_called:
            raise BadRow(f"phone {part.strip()[:40]!r} is no number")
        numbers.append(parsed.value)
    premise = _text(cells, "premise", most=80)
    if premise and not cells.get("house"):
        raise BadRow("premise without a house")
    return ResidentRow(
        code=_code(cells),
        name=_text(cells, "name", needed=True),
        numbers=tuple(sorted(set(numbers))),
        house=_text(cells, "house", most=80),
        premise=premise_of(premise),
        relation=_text(cells, "relation", most=80),
        email=_email(cells),
        notify=_notify(cells),
    )


WAYS = {
    **{way.value: way for way in Way if way},
    "default": Way.AS_EVER,
    "обычно": Way.AS_EVER,
    "никак": Way.NONE,
    "смс": Way.SMS,
    "браузер": Way.PUSH,
    "звонок": Way.CALL,
    "почта": Way.EMAIL,
}
UNSAID = "?"  # of a file that does not say how a person is told


def _email(cells: Mapping[str, str]) -> str:
    try:
        return ways.checked(Way.AS_EVER, cells.get("email", ""))[1]
    except Refused as refused:
        raise BadRow(refused.detail) from refused


def _notify(cells: Mapping[str, str]) -> str | None:
    """None for an empty cell: a file that does not know what he asked for does not take it back."""
    text = cells.get("notify", "").lower()
    if text and text not in WAYS:
        raise BadRow(f"notify {text[:40]!r}: one of {', '.join(way for way in Way if way)}, default, or empty")
    return WAYS[text].value if text else None


METER_KINDS = {
    **{kind.value: kind for kind in MeterKind},
    "хвс": MeterKind.COLD_WATER,
    "гвс": MeterKind.HOT_WATER,
    "отопление": MeterKind.HEAT,
    "газ": MeterKind.GAS,
    "электричество": MeterKind.ELECTRICITY,
    "электричество день": MeterKind.ELECTRICITY_DAY,
    "электричество ночь": MeterKind.ELECTRICITY_NIGHT,
}


def _meter(cells: Mapping[str, str], imports: Imports) -> MeterRow:
    kind, value, period = cells.get("kind", "").lower(), cells.get("value", ""), cells.get("period", "")
    if kind not in METER_KINDS:
        raise BadRow(f"kind {kind[:40]!r}: one of {', '.join(MeterKind)}")
    if bool(value) != bool(period):
        raise BadRow("a reading needs both value and period")
    verified = _day(cells, "verified_until")
    return MeterRow(
        house=_code(cells, "house"),
        premise=premise_of(_text(cells, "premise", needed=True, most=80)),
        kind=METER_KINDS[kind].value,
        serial=_code(cells, "serial"),
        place=_text(cells, "place", most=80),
        digits=_whole(cells, "digits", LEAST_DIGITS, MOST_DIGITS) or 5,
        most=_whole(cells, "most", 1, 999_999),
        verified_until=verified.isoformat() if verified else None,
        period=_month(period, imports) if period else "",
        thousandths=_reading(value) if value else None,
    )


def _reading(text: str) -> int:
    try:
        return thousandths_of(text)
    except ValueError as error:
        raise BadRow(f"value {text[:40]!r}: {error}") from None


def _month(text: str, imports: Imports) -> str:
    now = period_of(imports.clock.now().astimezone(imports.zone).date())
    try:
        if months_between(now, text) > 0:
            raise BadRow(f"period {text!r} has not begun")
    except ValueError as error:
        raise BadRow(f"period {text[:40]!r}: {error}") from None
    return text


def _by_code(record: Any) -> tuple[str, str]:
    return record.code, ""


KIND = {
    "houses": Kind(
        ("code", "street", "number"), ("district", "floors", "entrances", "features"), _house, _by_code, rows.put_houses
    ),
    "premises": Kind(
        ("house", "premise"),
        ("kind", "entrance", "floor"),
        _premise,
        lambda record: (SEPARATOR.join((record.house, record.number)), ""),
        rows.put_premises,
    ),
    "organisations": Kind(
        ("code", "name", "kind"), ("phone", "email", "active"), _organisation, _by_code, rows.put_organisations
    ),
    "contracts": Kind(
        ("code", "organisation", "kind", "houses"),
        ("branch", "priority", "valid_from", "valid_until", "duty_hours"),
        _contract,
        _by_code,
        rows.put_contracts,
    ),
    "staff": Kind(
        ("login", "name", "role"),
        ("extension", "organisation", "language", "active", "password"),
        _staff,
        lambda record: (record.login, ""),
        rows.put_staff,
    ),
    "residents": Kind(
        ("code", "name", "phones", "house", "premise"),
        ("relation", "email", "notify"),
        _resident,
        lambda r: (
            SEPARATOR.join((r.code, r.house, r.premise)),
            SEPARATOR.join((r.name, "|".join(r.numbers), r.email, UNSAID if r.notify is None else r.notify)),
        ),
        rows.put_residents,
    ),
}
KIND["meters"] = Kind(
    ("house", "premise", "kind", "serial"),
    ("place", "digits", "most", "verified_until", "period", "value"),
    _meter,
    lambda r: (SEPARATOR.join((r.house, r.premise, r.kind, r.serial, r.period)), ""),
    put_meters,
)
CLASSIFIER = "classifier"  # it changes as a whole, by versions: read by tickets/classifier_csv.py
FILE_KINDS = (*KIND, CLASSIFIER)


class Columns(NamedTuple):
    required: tuple[str, ...]
    optional: tuple[str, ...]


def columns(kind: str) -> Columns:
    """What the files of a kind have. Of a known entry of the classifier a file may leave out all but the code."""
    if kind == CLASSIFIER:
        needed = ("code", "category", "problem_ru", "urgency", "organisation_kind")
        return Columns(needed, tuple(name for name in classifier.COLUMNS if name not in needed))
    return Columns(KIND[kind].required, KIND[kind].optional)
