"""What happened to a recording."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from callengine.recordings.model import Recording


@dataclass(frozen=True, slots=True)
class RecordingChanged:
    """It was announced, imported, found short, missing or broken, held, or deleted by retention."""

    at: datetime
    recording: Recording
