"""Structured logging: one JSON object a line, with an `action` and people masked."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON; `extra` fields stand beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class Brief(logging.Formatter):
    """Formats a record for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        extra = {k: v for k, v in vars(record).items() if k not in _STANDARD and k != "action"}
        tail = "  " + " ".join(f"{k}={v}" for k, v in extra.items()) if extra else ""
        text = f"{self.formatTime(record, '%H:%M:%S')} {record.levelname.lower():7} {record.getMessage()}{tail}"
        return text + ("\n" + self.formatException(record.exc_info) if record.exc_info else "")


def configure(*, level: str = "INFO", style: str = "auto") -> None:
    """Send all logs to stderr; `style` is json, brief, or auto (brief on a terminal)."""
    handler = logging.StreamHandler(sys.stderr)
    brief = style == "brief" or (style == "auto" and sys.stderr.isatty())
    handler.setFormatter(Brief() if brief else JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of its plugins at every start


def masked(number: str | None) -> str:
    """A telephone number fit for a log: the last two digits only."""
    if not number:
        return "withheld"
    return "…" + number[-2:]
