"""The lookup at the start of a call: who is calling and where to send him, or nothing, but always in time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from callengine.menus.line import Caller, HungUp, Line

log = logging.getLogger(__name__)

DEADLINE_SECONDS = 1.5  # the dialplan waits 2 s in all
NAME_LIMIT = 80


@dataclass(frozen=True, slots=True)
class Known:
    """What the dialplan is told. `queue` "" leaves the line's own queue; `accident` is what the caller should hear."""

    known: bool = False
    name: str = ""
    queue: str = ""
    accident: str = ""


Find = Callable[[Caller], Awaitable[Known]]


async def lookup(line: Line, find: Find, *, deadline_seconds: float = DEADLINE_SECONDS) -> None:
    """Set CE_KNOWN, CE_NAME, CE_QUEUE and CE_ACCIDENT. An engine that is late or broken leaves the caller unknown."""
    try:
        async with asyncio.timeout(deadline_seconds):
            found = await find(line.caller)
            await line.set_all(
                {
                    "CE_NAME": found.name[:NAME_LIMIT],
                    "CE_QUEUE": found.queue,
                    "CE_ACCIDENT": found.accident,
                    "CE_KNOWN": "1" if found.known else "0",
                }
            )
    except TimeoutError:
        log.warning("lookup was late", extra={"action": "lookup_late", "seconds": deadline_seconds})
    except HungUp:
        log.debug("caller hung up during the lookup", extra={"action": "lookup_hung_up"})
    except Exception:
        log.exception("lookup failed", extra={"action": "lookup_failed"})
