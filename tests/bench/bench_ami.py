"""AMI ingest against bare panoramisk with a `*` no-op: the same bytes of recorded calls, in the same run."""

from __future__ import annotations

import asyncio
import json
import logging
import multiprocessing
import re
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from panoramisk.manager import Manager

from callengine.bridge import Bridge
from callengine.calls.tracker import Tracker
from callengine.clock import SystemClock
from callengine.config import OnePbx
from callengine.pbx.ami import AmiLink, LinkState
from callengine.pbx.translate import WANTED_EVENTS
from callengine.pbx.wire import WANTED, RawEvent
from tests.bench.rounds import median_ratio

TAPE = Path(__file__).parents[1] / "tapes" / "22" / "queue_answered.jsonl"
CALLS = 1500
CHUNK = 65_536
MILLION = 1_000_000
# The calls lie a thousand seconds apart and none of them in the future, which no PBX with a right clock tells of.
PAST_SECONDS = 90_000_000
GREETING = b"Asterisk Call Manager/11.0.0\r\n"


def calls(count: int, *, first: int = 1, varsets: int = 0) -> list[bytes]:
    """That many calls as Asterisk writes them, each with ids and times of its own; VarSet as without our filter."""
    events = [row["event"] for row in map(json.loads, TAPE.read_text("utf-8").splitlines()) if "event" in row]
    blocks = ["\r\n".join(f"{key}: {value}" for key, value in event.items()) + "\r\n\r\n" for event in events]
    noise = (
        blocks[0].replace("Event: Newchannel", "Event: VarSet").removesuffix("\r\n") + "Variable: X\r\nValue: y\r\n\r\n"
    )
    each = varsets // len(blocks) + 1 if varsets else 0
    text = "".join(block + noise * each for block in blocks)
    seconds = sorted(set(re.findall(r"\b(\d{10})\.", text)))
    made = []
    for n in range(first, first + count):
        call = text
        for second in seconds:  # ids begin with the second too: each call gets its own
            call = call.replace(second + ".", f"{int(second) - PAST_SECONDS + 1000 * n}.")
        made.append(call.encode())
    return made


def panoramisk_seconds(data: bytes) -> float:
    async def run() -> float:
        manager = Manager(loop=asyncio.get_running_loop())
        manager.register_event("*", lambda *_: None)
        protocol = manager.config["protocol_factory"]()
        protocol.connection_made(None)
        protocol.factory, protocol.encoding = manager, "utf8"
        protocol.data_received(GREETING)
        began = time.process_time()
        for at in range(0, len(data), CHUNK):
            protocol.data_received(data[at : at + CHUNK])
        return time.process_time() - began

    return asyncio.run(run())


class Ingest:
    """Our link without a socket; tracked: filtered, translated, put on our clock and fed by bridge.py's own code."""

    def __init__(self, *, tracked: bool) -> None:
        self.tracker = Tracker("bench")
        self.seen = self.facts = 0
        on_events = self._track if tracked else self._count
        wanted = frozenset(WANTED_EVENTS) if tracked else WANTED
        self.link = AmiLink(OnePbx(), SystemClock(), on_events=on_events, wanted=wanted)
        self.link.state = LinkState.UP
        self.wire = self.link._new_wire()
        self.wire.data_received(GREETING)

    async def _count(self, events: list[RawEvent]) -> None:
        self.seen += len(events)

    async def _track(self, events: list[RawEvent]) -> None:
        self.seen += len(events)
        self.facts += len(self.tracker.feed_many(Bridge._signals(self, events)))  # type: ignore[arg-type]

    async def feed(self, data: bytes) -> None:
        for at in range(0, len(data), CHUNK):
            self.wire.data_received(data[at : at + CHUNK])
            await asyncio.sleep(0)
        await self.link._idle.wait()


def ours_seconds(data: bytes, *, tracked: bool) -> float:
    async def run() -> float:
        ingest = Ingest(tracked=tracked)
        consumer = asyncio.ensure_future(ingest.link._consume())
        began = time.process_time()
        await ingest.feed(data)
        seconds = time.process_time() - began
        consumer.cancel()
        assert ingest.seen > 0
        assert not tracked or ingest.facts > 0
        return seconds

    return asyncio.run(run())


def rss_ratio() -> float:
    """The resident set after a million events over that after a tenth of them, ingested and tracked."""

    async def run() -> float:
        ingest = Ingest(tracked=True)
        consumer = asyncio.ensure_future(ingest.link._consume())
        n, warm = 1, 0.0
        while ingest.seen < MILLION:
            await ingest.feed(b"".join(calls(250, first=n)))
            n += 250
            if not warm and ingest.seen >= MILLION // 10:
                warm = rss_mib()
        consumer.cancel()
        return rss_mib() / warm

    return asyncio.run(run())


def apart(measure: Callable[[], float]) -> float:
    """In a process of its own: what the rows before left in this one would hide a growth."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure).result()


def rss_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / (1 << 20)


def ratio(data: bytes, *, tracked: bool) -> float:
    return median_ratio(lambda: panoramisk_seconds(data), lambda: ours_seconds(data, tracked=tracked))


def run() -> list[tuple[str, float, str]]:
    logging.getLogger("panoramisk").setLevel(logging.ERROR)
    filtered = b"".join(calls(CALLS))
    whole = b"".join(calls(CALLS, varsets=38))
    count = filtered.count(b"\r\n\r\n")
    return [
        (
            f"AMI ingest, {count} events all wanted, to the consumer / panoramisk",
            ratio(filtered, tracked=False),
            ">=2.0",
        ),
        (
            "AMI ingest, events as Asterisk sends them unfiltered, to the tracker / panoramisk",
            ratio(whole, tracked=True),
            ">=2.0",
        ),
        (
            "AMI ingest, events all wanted, to the tracker / panoramisk",
            ratio(filtered, tracked=True),
            ">=2.0",
        ),
        (
            "RSS after 1 000 000 events, tracked / after 100 000",
            apart(rss_ratio),
            "<=1.1",
        ),
    ]
