"""What a dialogue must know before it rings: one frozen job per kind, with the fields that its texts may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar

from callengine.errors import Refused
from callengine.menus import script as scripts
from callengine.menus.script import Kind, Script
from callengine.menus.walk import texts_of
from callengine.speech import words

FIELD_LIMIT = 200  # characters of one field: nobody listens to more
MOST_TOLD = 5  # tickets in one call


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Common to all. Moments are aware and in the zone of the resident; texts are as people write them."""

    kind: ClassVar[Kind]

    language: str = "ru"
    service: str = ""  # who calls, as it is said: «диспетчерская служба города»
    machine: bool = False  # the PBX heard an answering machine: a hint, no proof
    comment_file: str = ""  # relative to the PBX's monitor folder, without ending; "": no comment is asked for
    script: Script | None = None  # None: the shipped one

    @property
    def walked(self) -> Script:
        return self.script or scripts.shipped(self.kind)

    def values(self) -> dict[str, str]:
        """The fields of the texts, ready to be filled in."""
        return {"service": self.service[:FIELD_LIMIT]}

    def texts(self) -> list[str]:
        """Every sentence that this call may need, for `Say`: to be spoken before it rings."""
        return texts_of(self.walked, self.values(), self.language)


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfTicket(Job):
    ticket: str = ""  # its number
    work: str = ""  # what was to be done
    address: str = ""

    def values(self) -> dict[str, str]:
        return _base(self) | {
            "ticket": words.ticket_number(self.ticket, self.language),
            "work": self.work[:FIELD_LIMIT],
            "address": words.address(self.address[:FIELD_LIMIT], self.language),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingJob(_OfTicket):
    """Was it done, and how well? The only dialogue that gives a mark."""

    kind = Kind.RATING


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultJob(_OfTicket):
    """A result is told: done, declined with a reason, postponed."""

    kind = Kind.RESULT

    result: str = ""

    def values(self) -> dict[str, str]:
        return _OfTicket.values(self) | {"result": self.result[:FIELD_LIMIT]}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorJob(_OfTicket):
    """An executor hears of a new job and takes it by a key."""

    kind = Kind.JOB

    due: datetime | None = None

    def values(self) -> dict[str, str]:
        return _OfTicket.values(self) | {"due": words.moment(self.due, self.language) if self.due else ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageJob(Job):
    """No water, no power: what, where, from when, until when."""

    kind = Kind.OUTAGE

    what: str = ""
    address: str = ""
    begins: datetime | None = None
    ends: datetime | None = None

    def values(self) -> dict[str, str]:
        return _base(self) | {
            "what": self.what[:FIELD_LIMIT],
            "address": words.address(self.address[:FIELD_LIMIT], self.language),
            "begins": words.moment(self.begins, self.language, case="g") if self.begins else "",
            "ends": words.moment(self.ends, self.language, case="g") if self.ends else "",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyJob(Job):
    """A poll: its script is the organisation's own."""

    kind = Kind.SURVEY

    extra: Mapping[str, str] = field(default_factory=dict)  # the script's own fields

    def values(self) -> dict[str, str]:
        return _base(self) | {name: text[:FIELD_LIMIT] for name, text in self.extra.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """One meter: `last` reading, and the most that is expected since.

    More than that, up to `highest` in all, is taken from who enters the very same number once more.
    """

    id: str
    title: str  # «холодная вода, кухня»
    last: int = 0
    most: int = 1_000
    highest: int = 99_999_999


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterJob(Job):
    """Readings by keys; `answers` of the outcome are by meter id."""

    kind = Kind.METER

    address: str = ""
    meters: tuple[Meter, ...] = ()

    def values(self) -> dict[str, str]:
        return self.values_of(self.meters[0]) if self.meters else self._known()

    def values_of(self, meter: Meter) -> dict[str, str]:
        return self._known() | {
            "meter": meter.title[:FIELD_LIMIT],
            "last": words.number(meter.last, self.language),
            "lowest": words.number(meter.last, self.language),
            "highest": words.number(meter.last + meter.most, self.language),
        }

    def _known(self) -> dict[str, str]:
        return _base(self) | {"address": words.address(self.address[:FIELD_LIMIT], self.language)}

    def texts(self) -> list[str]:
        found: dict[str, None] = {}
        for values in [self.values_of(meter) for meter in self.meters] or [self.values()]:
            found |= dict.fromkeys(texts_of(self.walked, values, self.language))
        return list(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTicket:
    """One line of the status dialogue; `status` in the words of the page."""

    number: str
    work: str
    status: str
    due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusJob(Job):
    """A known number hears its open tickets without an operator."""

    kind = Kind.STATUS

    tickets: tuple[OpenTicket, ...] = ()

    def values(self) -> dict[str, str]:
        told = [words.ticket_status(t.number, t.work, t.status, t.due, self.language) for t in self.tickets[:MOST_TOLD]]
        return _base(self) | {
            "count": words.number(len(self.tickets), self.language, gender="f") if self.tickets else "",
            "tickets": (" ".join(told) or words.no_tickets(self.language)).removesuffix("."),
        }


def _base(job: Job) -> dict[str, str]:
    return Job.values(job)


AnyJob = RatingJob | ResultJob | ExecutorJob | OutageJob | SurveyJob | MeterJob | StatusJob
JOBS: Mapping[Kind, type[Job]] = {
    one.kind: one for one in (RatingJob, ResultJob, ExecutorJob, OutageJob, SurveyJob, MeterJob, StatusJob)
}


# --- as plain data, for a PBX whose scripts ask by HTTP -------------------------------------------------------


def to_raw(job: Job) -> dict[str, Any]:
    """JSON-able; `from_raw` reads it back equal."""
    raw: dict[str, Any] = {"kind": job.kind.value}
    for one in fields(job):
        value = getattr(job, one.name)
        if isinstance(value, Script):
            value = scripts.raw_of(value)
        elif isinstance(value, datetime):
            value = value.isoformat()
        elif isinstance(value, tuple):
            value = [_plain(part) for part in value]
        elif isinstance(value, Mapping):
            value = dict(value)
        raw[one.name] = value
    return raw


def from_raw(raw: Mapping[str, Any]) -> Job:
    """The job of `to_raw`. Raises Refused for what is none, ScriptWrong for a wrong script."""
    try:
        kind = JOBS[Kind(raw.get("kind", ""))]
        given = {key: value for key, value in raw.items() if key != "kind" and value is not None}
        for name in ("due", "begins", "ends"):
            if name in given:
                given[name] = datetime.fromisoformat(given[name])
        if "script" in given:
            given["script"] = scripts.read(given["script"])
        if "meters" in given:
            given["meters"] = tuple(Meter(**row) for row in given["meters"])
        if "tickets" in given:
            given["tickets"] = tuple(_open_ticket(row) for row in given["tickets"])
        return kind(**given)
    except (ValueError, TypeError, KeyError) as error:
        raise Refused(f"no job of the robot: {error}") from None


def _plain(part: Meter | OpenTicket) -> dict[str, Any]:
    row = {one.name: getattr(part, one.name) for one in fields(part)}
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()}


def _open_ticket(row: Mapping[str, Any]) -> OpenTicket:
    due = row.get("due")
    return OpenTicket(**{**row, "due": datetime.fromisoformat(due) if due else None})
