"""When a PBX was seen: stretches covered by events or by the ledger, and the gaps between them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

EVENTS, LEDGER = "events", "ledger"


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch in which calls of this PBX could not escape us. `ended_at` None: it goes on."""

    pbx: str
    source: str
    began_at: datetime
    ended_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of which nothing is known."""

    pbx: str
    began_at: datetime
    ended_at: datetime


def gaps(intervals: Iterable[Interval], pbx: str, since: datetime, until: datetime) -> list[Gap]:
    """The parts of [since, until) that neither events nor ledger cover. No interval at all: one gap, the whole."""
    found: list[Gap] = []
    reach = since
    for one in sorted((i for i in intervals if i.pbx == pbx), key=lambda i: i.began_at):
        if one.began_at >= until:
            break
        if one.began_at > reach:
            found.append(Gap(pbx, reach, one.began_at))
        reach = max(reach, one.ended_at or until)
    if reach < until:
        found.append(Gap(pbx, reach, until))
    return found
