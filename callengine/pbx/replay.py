"""A recorded AMI tape through translate and tracker: for `callengine replay` and for looking at what a PBX did."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from callengine.calls.events import CallFact
from callengine.calls.tracker import Tracker
from callengine.clock import parse_rfc3339
from callengine.config import Locale
from callengine.errors import Refused
from callengine.pbx.translate import translate

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def facts_of_tape(lines: Iterable[str], locale: Locale) -> Iterator[CallFact]:
    """One JSON object a line: a header, then {"received_at": …, "event": {…}}. Raises Refused naming the line."""
    tracker = Tracker("tape", country=locale.country, city_code=locale.city_code)
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            event = row.get("event")
            received_at = parse_rfc3339(row["received_at"]) if event else EPOCH
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise Refused(f"line {number} of the tape is no row of a recording: {error}") from None
        if event is not None and (signal := translate(event, received_at)) is not None:
            yield from tracker.feed(signal)
    yield from tracker.settle()
