"""Lines of the journal into their public shape; they are made by the hundred, so nothing is checked twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from callengine.api import render, schemas
from callengine.tickets.listing import Count, JournalRow
from callengine.tickets.model import Entry
from callengine.tickets.translations import entry_in


def lines(found: Sequence[JournalRow], now: datetime, language: str) -> list[schemas.TicketRow]:
    """Each entry, house and organisation is rendered once for the whole page."""
    entries: dict[str, schemas.ClassifierEntry] = {}
    organisations: dict[int, schemas.Organisation] = {}
    return [_line(row, now, language, entries, organisations) for row in found]


def _line(
    row: JournalRow,
    now: datetime,
    language: str,
    entries: dict[str, schemas.ClassifierEntry],
    organisations: dict[int, schemas.Organisation],
) -> schemas.TicketRow:
    its = row.organisation
    if its is not None and its.id not in organisations:
        organisations[its.id] = render.organisation(its)
    # Our own values, typed already: pydantic need not look at them again.
    return schemas.TicketRow.model_construct(
        number=row.number,
        status=row.status,
        urgency=row.urgency,
        classifier=_entry(row.entry, language, entries),
        house=render.house(row.house) if row.house else None,
        premise=row.premise if row.house else "",
        place="" if row.house else row.premise,
        organisation=organisations[its.id] if its is not None else None,
        applicant=schemas.TicketApplicant.model_construct(
            number=row.applicant_number, name=row.applicant_name, person_id=row.person_id
        ),
        created_at=row.created_at,
        deadlines=schemas.Deadlines.model_construct(
            accept_by=row.accept_by, localise_by=row.localise_by, fix_by=row.fix_by, why=row.why
        ),
        overdue=row.overdue(now),
        due_at=row.due_at,
        late=row.late,
        district=row.district,
        executor_id=row.executor_id,
        executor_name=row.executor,
        mark=row.mark,
        paid=row.paid,
        level=row.level,
        postponed_until=row.postponed_until,
        applicant_count=row.applicant_count,
        comment=row.comment,
        recording_id=row.recording_id,
        life=schemas.TicketLife.model_construct(**asdict(row.life)) if row.life else None,
    )


def _entry(it: Entry, language: str, known: dict[str, schemas.ClassifierEntry]) -> schemas.ClassifierEntry:
    if it.code not in known:
        known[it.code] = render.entry(entry_in(it, language))
    return known[it.code]


def count(it: Count) -> schemas.TicketCount:
    return schemas.TicketCount(count=it.count, more=it.more)
