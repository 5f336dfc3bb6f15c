"""The PBX's clock against ours: measured by Ping, and taken out of every time that the PBX tells. Pure; no sockets.

All times inside the engine are the engine's own, whatever the PBX believes the time to be. A difference below
TOLERANCE is left alone: both clocks are right then. One correction is kept until it is proven wrong, so that the times
of one call fit each other; and a clock that is set while calls go on never makes an end before a start, for no event is
told older than the one before it. Only when our own clock is set back by more than TOLERANCE do times follow it: else
they would stand still until it has caught up.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import NamedTuple

TOLERANCE = timedelta(seconds=1.5)
# An event is younger than the answer to a Ping that came before it, but for the time it lay in the PBX's own queue.
PBX_LAG = timedelta(seconds=5)
# Events that were received so soon after the clock was seen to be set may have been written before.
CHANGING = timedelta(seconds=10)
# A measurement whose moment is known worse than this gives way to a better one.
ROUGH = timedelta(seconds=0.2)
REMEMBERED = 16
_NONE = timedelta()


class _Reading(NamedTuple):
    """From `since` (our time) on the PBX's clock was ahead of ours by `ahead`, known within `rough`."""

    since: datetime
    ahead: timedelta
    rough: timedelta


class PbxClock:
    """One PBX's clock. `measured` tells it an answer to a Ping; the others translate the PBX's time to ours."""

    def __init__(self) -> None:
        self.skew_seconds: float | None = None  # as measured last: the PBX's clock minus ours
        self._readings: deque[_Reading] = deque(maxlen=REMEMBERED)
        self._ahead = _NONE
        self._pinged: tuple[datetime, datetime] | None = None  # the last answer, by the PBX's clock and by ours
        self._newest: datetime | None = None  # the newest stamp on an event since the clock was set, by the PBX's clock
        self._told: datetime | None = None  # the newest moment that was told, by ours
        self._changing_until: datetime | None = None

    @property
    def ahead(self) -> timedelta:
        """What is taken from the PBX's times now; zero while its clock is right."""
        return self._ahead

    @property
    def corrected_seconds(self) -> float:
        """The same in seconds, for people."""
        return round(self._ahead.total_seconds(), 3)

    def measured(self, theirs: datetime, sent_at: datetime, received_at: datetime) -> None:
        """A Ping that was sent and answered at our times was stamped `theirs`."""
        if received_at < sent_at:
            return  # our own clock was set in between: this says nothing
        # The stamp lies somewhere between the two moments: only what no moment between them explains is a difference.
        least, most = theirs - received_at, theirs - sent_at
        middle, rough = least + (most - least) / 2, most - least
        self.skew_seconds = middle.total_seconds()
        self._pinged = theirs, received_at
        if not self._readings:
            fits = least - TOLERANCE <= _NONE <= most + TOLERANCE
            self._read(_Reading(received_at, _NONE if fits else middle, rough))
        elif not least - TOLERANCE <= self._ahead <= most + TOLERANCE:
            self._set(_Reading(received_at, middle, rough))
        elif self._ahead and (last := self._readings[-1]).rough > max(ROUGH, 2 * rough):
            self._readings.pop()
            self._read(_Reading(last.since, middle, rough))

    def _set(self, reading: _Reading) -> None:
        """The PBX's clock (or ours) was set, or has drifted so far."""
        self._read(reading._replace(ahead=_NONE) if abs(reading.ahead) <= TOLERANCE else reading)
        self._newest = None
        self._changing_until = reading.since + CHANGING

    def _read(self, reading: _Reading) -> None:
        self._readings.append(reading)
        self._ahead = reading.ahead

    def of_event(self, theirs: datetime, received_at: datetime) -> datetime:
        """Our time of an event stamped `theirs`, read from the wire at `received_at`. Give them in the order received.

        An event that cannot be true by the known correction says that the clock was set, before any Ping does.
        """
        at = theirs - self._ahead if self._ahead else theirs
        if at - received_at > TOLERANCE or self._went_back(theirs, received_at):
            at = self._unlikely(theirs, received_at)
        elif self._changing_until is not None:
            at = self._while_changing(theirs, received_at)
        elif self._newest is None or theirs > self._newest:
            self._newest = theirs
        if self._told is not None and self._told - received_at > TOLERANCE:
            self._told = None  # our own clock was set back: what was told lies in the future, and we follow our clock
        if self._told is None or at >= self._told:
            self._told = at
            return at
        return self._told

    def _went_back(self, theirs: datetime, received_at: datetime) -> bool:
        if self._newest is not None and theirs < self._newest - TOLERANCE:
            return True
        return self._pinged is not None and received_at >= self._pinged[1] and theirs < self._pinged[0] - PBX_LAG

    def _unlikely(self, theirs: datetime, received_at: datetime) -> datetime:
        if (at := self._before_it_was_set(theirs, received_at)) is not None:
            return at
        self._set(_Reading(received_at, theirs - received_at, PBX_LAG))
        self._newest = theirs
        return min(theirs - self._ahead, received_at)

    def _while_changing(self, theirs: datetime, received_at: datetime) -> datetime:
        at = theirs - self._ahead
        if self._changing_until is not None and received_at >= self._changing_until:
            self._changing_until = None
        elif received_at - at > PBX_LAG and (before := self._before_it_was_set(theirs, received_at)) is not None:
            return before
        return at

    def _before_it_was_set(self, theirs: datetime, received_at: datetime) -> datetime | None:
        """By which earlier correction the event would just have come in, if it came soon after a change."""
        if self._changing_until is None or received_at >= self._changing_until:
            return None
        fitting = (theirs - reading.ahead for reading in reversed(self._readings))
        return next((at for at in fitting if -TOLERANCE <= received_at - at <= PBX_LAG), None)

    def of_reply(self, theirs: datetime, now: datetime) -> datetime:
        """Our time of an answer that has just come in."""
        at = theirs - self._ahead
        return min(at, now) if self._ahead else at

    def of_record(self, theirs: datetime, since: datetime | None, until: datetime) -> datetime:
        """Our time of what the PBX noted at `theirs`: not after `until`, and as far as we know not before `since`.

        The correction of now is tried first, then those before it: the clock may have been set since it was written.
        """
        moments = [theirs - reading.ahead for reading in reversed(self._readings)] or [theirs]
        past = [at for at in moments if at <= until + TOLERANCE]
        likely = (at for at in past if since is None or at >= since - TOLERANCE)
        return next(likely, past[0] if past else until)
