"""The columns that the journal goes out with: their titles, and what stands in each cell; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from callengine.tickets.listing import JournalRow
from callengine.tickets.model import Status, Urgency

Cell = str | int | float | None
LANGUAGES = ("ru", "en")


@dataclass(frozen=True, slots=True)
class Context:
    """In which language and zone cells are written, and what time it is."""

    language: str
    zone: ZoneInfo
    now: datetime


@dataclass(frozen=True, slots=True)
class Column:
    """`kind` is text, number or moment; a moment is seconds since 1970 as the clocks of the zone showed them."""

    titles: tuple[str, str]
    value: Callable[[JournalRow, Context], Cell]
    kind: str = "text"
    width: int = 14


def _moment(at: datetime | None, context: Context) -> float | None:
    if at is None:
        return None
    offset = at.astimezone(context.zone).utcoffset()
    return at.timestamp() + (offset.total_seconds() if offset else 0)


def _where(row: JournalRow, context: Context) -> str:
    if row.house is None:
        return row.premise
    flat = ("кв. " if context.language == "ru" else "flat ") + row.premise if row.premise else ""
    return ", ".join(part for part in (row.house.address, flat) if part)


LEVELS = {
    1: ("1 — оператор", "1 — operator"),
    2: ("2 — диспетчер", "2 — dispatcher"),
    3: ("3 — организация", "3 — organisation"),
    4: ("4 — орган власти", "4 — authority"),
}


def _level(level: int, context: Context) -> str:
    return LEVELS[level][0 if context.language == "ru" else 1]


def _yes(said: bool, context: Context) -> str:
    return ("да" if context.language == "ru" else "yes") if said else ""


def _when(ru: str, en: str, name: str) -> Column:
    """A moment of the ticket's life."""
    return Column((ru, en), lambda r, c: _moment(getattr(r.life, name) if r.life else None, c), "moment", 17)


COLUMNS: dict[str, Column] = {
    "number": Column(("№", "No."), lambda r, _: r.number),
    "what": Column(("Что", "What"), lambda r, c: r.entry.problem(c.language), width=42),
    "urgency": Column(("Срочность", "Urgency"), lambda r, c: Urgency(r.urgency).label(c.language)),
    "where": Column(("Где", "Where"), _where, width=32),
    "status": Column(("Статус", "Status"), lambda r, c: Status(r.status).label(c.language), width=28),
    "organisation": Column(
        ("Организация", "Organisation"), lambda r, _: r.organisation.name if r.organisation else "", width=26
    ),
    "created": Column(("Принята", "Registered"), lambda r, c: _moment(r.created_at, c), "moment", 17),
    "due": Column(("Срок", "Term"), lambda r, c: _moment(r.due_at or r.fix_by, c), "moment", 17),
    "overdue": Column(("Просрочена", "Overdue"), lambda r, c: _yes(r.overdue(c.now) or r.late, c)),
    "executor": Column(("Исполнитель", "Executor"), lambda r, _: r.executor, width=24),
    "applicant": Column(("Заявитель", "Applicant"), lambda r, _: r.applicant_name, width=26),
    "telephone": Column(("Телефон", "Telephone"), lambda r, _: r.applicant_number, width=16),
    "applicants": Column(("Заявителей", "Applicants"), lambda r, _: r.applicant_count, "number", 11),
    "district": Column(("Участок", "Section"), lambda r, _: r.district, width=18),
    "mark": Column(("Оценка", "Mark"), lambda r, _: r.mark, "number", 9),
    "paid": Column(("Платная", "Paid"), lambda r, c: _yes(r.paid, c), width=10),
    "level": Column(("Уровень поддержки", "Level of support"), lambda r, c: _level(r.level, c), width=20),
    "recording": Column(("Запись", "Recording"), lambda r, c: _yes(r.recording_id is not None, c), width=10),
    "comment": Column(("Комментарий", "Comment"), lambda r, _: r.comment, width=40),
    "damage": _when("Начало аварии", "Damage began", "damage_at"),
    "accepted": _when("Принята в работу", "Accepted", "accepted_at"),
    "localised": _when("Локализована", "Localised", "localised_at"),
    "fixed": _when("Устранена", "Fixed", "fixed_at"),
    "closed": _when("Закрыта", "Closed", "closed_at"),
    "late": _when("Срок нарушен", "Term passed", "late_at"),
    "text": Column(("Суть словами", "In words"), lambda r, _: r.life.text if r.life else "", width=48),
    "close_reason": Column(
        ("Причина закрытия", "Why closed"), lambda r, _: r.life.close_reason if r.life else "", width=40
    ),
}
LIFE = frozenset({"damage", "accepted", "localised", "fixed", "closed", "late", "text", "close_reason"})
EXTRAS = ("comment", "recording", *sorted(LIFE))


def chosen(names: Sequence[str]) -> list[str]:
    """The columns as they were asked for; none is all but those that cost a look of their own."""
    known = [name for name in dict.fromkeys(names) if name in COLUMNS]
    return known or [name for name in COLUMNS if name not in EXTRAS]


def head(names: Sequence[str], language: str) -> list[dict[str, str | int]]:
    """What the writer is told of each column."""
    at = LANGUAGES.index(language) if language in LANGUAGES else 0
    return [{"title": COLUMNS[n].titles[at], "kind": COLUMNS[n].kind, "width": COLUMNS[n].width} for n in names]


def cells(rows: Sequence[JournalRow], names: Sequence[str], context: Context) -> list[list[Cell]]:
    values = [COLUMNS[name].value for name in names]
    return [[value(row, context) for value in values] for row in rows]
