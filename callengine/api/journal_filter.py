"""What is written behind the question mark of GET /tickets, as a filter of the journal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from callengine.api.problems import Invalid
from callengine.api.queries import TicketsFilter
from callengine.tickets.listing import JournalFilter
from callengine.tickets.model import Status, Urgency


def filter_of(asked: TicketsFilter, now: datetime, zone: ZoneInfo) -> JournalFilter:
    """Raises Invalid for a status or an urgency that there is not."""
    since = asked.from_
    if asked.days is not None:
        today = now.astimezone(zone).date()
        since = datetime.combine(today - timedelta(days=asked.days - 1), time(), zone)
    return JournalFilter(
        q=asked.q,
        status=_known("status", asked.status, {*Status, "open"}),
        urgency=_known("urgency", asked.urgency, set(Urgency)),
        accident=asked.accident,
        paid=asked.paid,
        overdue=asked.overdue,
        late=asked.late,
        unassigned=asked.unassigned,
        organisation_id=asked.organisation_id,
        house_id=asked.house_id,
        houseless=asked.houseless,
        district=asked.district or None,
        executor_id=asked.executor_id,
        classifier=asked.classifier,
        mark=tuple(int(mark) for mark in asked.mark.split(",") if mark),
        level=tuple(sorted({int(level) for level in asked.level.split(",") if level})),
        since=since,
        until=asked.to,
    )


def _known(name: str, written: str, words: set[str]) -> tuple[str, ...]:
    asked = tuple(part for part in written.split(",") if part)
    for part in asked:
        if part not in words:
            raise Invalid([{"parameter": name, "detail": f"there is no {name} {part!r}: {', '.join(sorted(words))}"}])
    return asked


def parsed(written: Mapping[str, str]) -> TicketsFilter:
    """A filter that was written as the parameters of GET /tickets. Raises Invalid with a pointer into `filter`."""
    try:
        return TicketsFilter.model_validate(written)
    except ValidationError as error:
        raise Invalid([{"pointer": f"#/filter/{e['loc'][0]}", "detail": e["msg"]} for e in error.errors()]) from None


def kept(written: Mapping[str, str]) -> TicketsFilter:
    """A kept one, perhaps of an older release: what it no longer knows narrows nothing."""
    try:
        return TicketsFilter.model_validate({name: v for name, v in written.items() if name in _PARAMETERS})
    except ValidationError:
        return TicketsFilter()


_PARAMETERS = {field.alias or name for name, field in TicketsFilter.model_fields.items()}


def written(parameters: Mapping[str, str], now: datetime, zone: ZoneInfo) -> JournalFilter:
    """A filter out of kept parameters, at this moment."""
    return filter_of(kept(parameters), now, zone)
