"""The voice robot: who is next among a million, marks counted among a million, what thirty lines bring in."""

from __future__ import annotations

import asyncio
import heapq
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import asyncpg

from callengine import config
from callengine.callbacks.service import CallbacksService
from callengine.calls.events import CallArrived, CallEnded
from callengine.calls.model import CallKey, Conversation, Direction, State
from callengine.calls.model import Outcome as CallOutcome
from callengine.calls.service import CallsService
from callengine.clock import Clock, SystemClock
from callengine.menus.outcome import Outcome, Proof, Result
from callengine.outreach.dialer import Dialer
from callengine.outreach.followup import FollowUp
from callengine.outreach.model import CallKind, CallWish, Occupied
from callengine.outreach.optouts import OptOuts
from callengine.outreach.ratings import RatingsService, Sees
from callengine.outreach.scripts import ScriptsService
from callengine.outreach.service import OutreachService
from callengine.outreach.talks import Talks
from callengine.phone import parse
from callengine.speech.voice import Ahead
from callengine.store.database import Store
from callengine.store.migrate import migrate
from callengine.store.ratings import Wanted
from callengine.tasks import Tasks
from callengine.tickets.moves import MovesService
from tests.postgres import PostgresServer, binaries

MANY, FEW = 1_000_000, 1_000
CHOICES = 60
LINES, CALLS = 30, 180
# What becomes of a call, and how long it holds its line: from the first ring to the last word, in seconds.
BUSY, UNANSWERED, TALK = (1.0, 2.0), (5.0, 6.0), (5.0, 15.0)
SEED = 4


def run() -> list[tuple[str, float, str]]:
    """`CALLENGINE_BENCH_ONLY=rows` leaves the thirty lines out: their minute is of the clock, not of the processor."""
    found = [*_of("SQLite", _sqlite_pair)]
    if binaries() is not None:
        server = PostgresServer()
        server.start()
        try:
            found += _of("PostgreSQL", lambda folder: _postgres_pair(server))
        finally:
            server.stop()
    if os.environ.get("CALLENGINE_BENCH_ONLY") == "rows":
        return found
    share, waited = asyncio.run(_thirty_lines())
    return [
        *found,
        (f"robot: outcomes an hour at {LINES} lines / the most that these calls allow", share, ">=0.9"),
        ("robot: sentences that a call had to wait for", waited, "<=0.0"),
    ]


def _of(database: str, pair: Callable[[Path], list[str]]) -> list[tuple[str, float, str]]:
    with tempfile.TemporaryDirectory(prefix="bench-outreach-") as folder:
        urls = pair(Path(folder))
        chosen = asyncio.run(_side_by_side(urls, _choose_once))
        counted = asyncio.run(_side_by_side(urls, _sum_once))
        _tell(f"{database}: 30 days with {30 * FEW:,} marks", asyncio.run(_longest(urls[1])))
    return [
        (f"robot, {database}: choosing the next of {MANY:,} calls / of {FEW:,}", chosen, "<=2.0"),
        (f"robot, {database}: a day of {FEW:,} marks summed, of {MANY:,} in all / of {FEW:,}", counted, "<=2.0"),
    ]


def _tell(what: str, seconds: float) -> None:
    print(f"  {what}: {seconds * 1000:.1f} ms", file=sys.stderr, flush=True)


# --- who is next, and the marks of a day ---------------------------------------------------------------------------

DAY = datetime(2026, 11, 20, tzinfo=UTC)  # it has FEW marks in both databases; the large one has a year and more before
ORGANISATIONS, EXECUTORS, CODES = 130, 124, 104
SHOWN = Wanted(since=DAY, until=DAY + timedelta(days=1))


class _Undone(Exception):
    pass


async def _side_by_side(urls: Sequence[str], once: Callable[[Store], Awaitable[float]]) -> float:
    stores = [Store(url) for url in urls]
    took: list[list[float]] = [[] for _ in stores]
    for number in range(CHOICES + 5):
        for side, store in enumerate(stores):
            seconds = await once(store)
            if number >= 5:  # the first ones warm up
                took[side].append(seconds)
    for store in stores:
        await store.close()
    few, many = (median(one) * 1000 for one in took)
    print(f"  {once.__name__}: {many:.2f} ms / {few:.2f} ms", file=sys.stderr, flush=True)
    return float(median(many / few for few, many in zip(*took, strict=True)))


async def _choose_once(store: Store) -> float:
    """One choice of four calls, planned and taken back."""
    service = _service(store, SystemClock(), config.Outreach(lines=30))
    began = time.perf_counter()
    ended = began
    with suppress(_Undone):
        async with store.begin() as tx:
            began = time.perf_counter()
            planned = await service._choose(tx, Counter(main=4))
            ended = time.perf_counter()
            assert len(planned) == 4
            raise _Undone
    return ended - began


async def _sum_once(store: Store) -> float:
    """The page of ratings for one day: in all, by organisation and by slices."""
    service = RatingsService(store, SystemClock(), config.Locale())
    began = time.perf_counter()
    found = await service.summary(SHOWN, Sees(everything=True), by="organisation", slices="day")
    took = time.perf_counter() - began
    assert found.whole.asked == FEW, found.whole
    return took


async def _longest(url: str) -> float:
    """The page as it opens, thirty days of the large one, by organisation and by days; the median of ten."""
    store = Store(url)
    service = RatingsService(store, SystemClock(), config.Locale())
    month = Wanted(since=DAY - timedelta(days=29), until=DAY + timedelta(days=1))
    took = []
    for _ in range(10):
        began = time.perf_counter()
        await service.summary(month, Sees(everything=True), by="organisation", slices="day")
        took.append(time.perf_counter() - began)
    await store.close()
    return median(took)


def _mark_of(n: int) -> tuple[datetime, int, int, str, str, int]:
    """The n-th mark, the newest first: FEW a day; organisation, executor, code, result and mark."""
    chance = random.Random(n)
    at = DAY - timedelta(days=n // FEW) + timedelta(seconds=86 * (n % FEW))
    result = chance.choices(("marked", "no_answer", "not_done", "done_no_mark"), (50, 35, 5, 10))[0]
    mark = chance.randint(1, 5) if result == "marked" else 0
    return (
        at,
        1 + chance.randrange(ORGANISATIONS),
        1 + chance.randrange(EXECUTORS),
        f"HVS-{chance.randrange(CODES):03}",
        result,
        mark,
    )


async def _first_call(url: str) -> None:
    """The standing campaign of danger with one call: at night too, for the bench may be run then."""
    store, clock = Store(url), SystemClock()
    service = _service(store, clock, config.Outreach(lines=30))
    async with store.begin() as tx:
        await service.ask_call(tx, CallKind.OUTAGE, CallWish(_number(0), "first"), danger=True)
    await store.close()


def _sqlite_pair(folder: Path) -> list[str]:
    return [_sqlite(folder / f"{count}.db", count) for count in (FEW, MANY)]


def _sqlite(path: Path, count: int) -> str:
    """A running campaign with so many calls that are due, in no order of their ids, and so many marks."""
    url = f"sqlite+aiosqlite:///{path}"
    migrate(url)
    asyncio.run(_first_call(url))
    now = int(SystemClock().now().timestamp() * 1_000_000)
    shuffled = random.Random(SEED)
    calls = (
        (1, f"k{n}", _number(n), "", "Europe/Moscow", "ru", "{}", "waiting", now - shuffled.randrange(10**12), now)
        for n in range(1, count)
    )
    marks = (
        (n + 1, f"robot-{n}", org, who, code, int(at.timestamp() * 1_000_000), result, mark)
        for n in range(count)
        for at, org, who, code, result, mark in [_mark_of(n)]
    )
    with sqlite3.connect(path) as conn:
        conn.executemany(
            "INSERT INTO outreach_calls (campaign_id, key, number, name, zone, language, facts, state, due_at,"
            " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            calls,
        )
        conn.executemany(
            "INSERT INTO ratings (outreach_call_id, attempt_id, organisation_id, executor_id, classifier_code, at,"
            " result, mark) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            marks,
        )
    conn.close()
    return url


def _postgres_pair(server: PostgresServer) -> list[str]:
    urls = []
    for count in (FEW, MANY):
        url = server.url(server.create("template0", name=f"robot_{count}"))
        migrate(url)
        asyncio.run(_first_call(url))
        asyncio.run(_fill(url.replace("+asyncpg", ""), count))
        urls.append(url)
    return urls


async def _fill(dsn: str, count: int) -> None:
    """The same rows on PostgreSQL. What autovacuum would do by itself is done at the end: the server has none."""
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute("SET session_replication_role = replica")  # neither triggers nor foreign keys
        now, shuffled = SystemClock().now(), random.Random(SEED)
        calls = (
            (
                *(1, f"k{n}", _number(n), "", "Europe/Moscow", "ru", "{}", "waiting"),
                *(now - timedelta(microseconds=shuffled.randrange(10**12)), now),
            )
            for n in range(1, count)
        )
        columns = "campaign_id key number name zone language facts state due_at created_at".split()
        await conn.copy_records_to_table("outreach_calls", records=calls, columns=columns, timeout=1_800)
        marks = (
            (n + 1, f"robot-{n}", org, who, code, at, result, mark)
            for n in range(count)
            for at, org, who, code, result, mark in [_mark_of(n)]
        )
        columns = "outreach_call_id attempt_id organisation_id executor_id classifier_code at result mark".split()
        await conn.copy_records_to_table("ratings", records=marks, columns=columns, timeout=1_800)
        await conn.execute("VACUUM ANALYZE", timeout=1_800)
    finally:
        await conn.close()


# --- thirty lines ---------------------------------------------------------------------------------------------


class _Voice:
    """Speaks at once; knows which sentences were not ready when they were needed."""

    def __init__(self) -> None:
        self.ready: set[str] = set()
        self.waited = 0

    async def say(self, language: str, text: str) -> str:
        self.waited += text not in self.ready
        return "prompt"

    async def ahead(self, language: str, texts: Iterable[str]) -> Ahead:
        new = set(texts) - self.ready
        self.ready |= new
        return Ahead(len(new), 0, ())


class _Trunk:
    """A PBX whose residents are busy, do not answer, or talk, each for his own time; `over` when the last one is."""

    in_step = True

    def __init__(self, plan: Mapping[str, tuple[str, float]]) -> None:
        self.plan = plan
        self.service: OutreachService
        self.calls: CallsService
        self.talks: Talks
        self.voice: _Voice
        self.over = asyncio.Event()
        self.left = len(plan)
        self.most = self.now = 0
        self.tasks = Tasks()

    def occupied(self) -> Occupied:
        return Occupied()

    async def traces(self) -> set[str]:
        return set()

    async def call_robot(
        self,
        request_id: str,
        number: str,
        *,
        ring_seconds: float,
        variables: Mapping[str, str] | None = None,
        shown: str = "",
    ) -> None:
        self.tasks.start(self._call(request_id, number), name=request_id)

    async def _call(self, request_id: str, number: str) -> None:
        what, seconds = self.plan[number]
        self.now += 1
        self.most = max(self.most, self.now)
        clock = SystemClock()
        arrived = clock.now()
        if what == "talk":
            planned = await self.service.begin_dialogue(request_id)
            assert planned is not None
            for text in (await self.talks.job_of(planned)).texts():
                await self.voice.say("ru", text)
        await asyncio.sleep(max(0.0, seconds - (clock.now() - arrived).total_seconds()))
        self.now -= 1
        if what == "talk":
            await self.service.told(request_id, Outcome(Result.ACKNOWLEDGED, keys="1", proof=Proof.KEY))
        await self._ended(request_id, number, what, arrived, clock)
        self.left -= 1
        if not self.left:
            self.over.set()

    async def _ended(self, request_id: str, number: str, what: str, arrived: object, clock: Clock) -> None:
        now = clock.now()
        call = Conversation(
            key=CallKey("main", request_id),
            direction=Direction.OUTBOUND,
            arrived_at=now - timedelta(seconds=1),
            number=parse(number),
            robot=True,
            request_id=request_id,
        )
        outcome = {"busy": CallOutcome.BUSY, "unanswered": CallOutcome.NO_ANSWER, "talk": CallOutcome.ANSWERED}[what]
        answered_at = now if what == "talk" else None
        over = call.evolve(state=State.ENDED, outcome=outcome, answered_at=answered_at, ended_at=now)
        await self.calls.save([CallArrived(call.arrived_at, call), CallEnded(now, over)])


async def _thirty_lines() -> tuple[float, float]:
    plan = _plan()
    settings = config.Outreach(lines=LINES, trunk_lines=LINES + 1, attempts=1)
    with tempfile.TemporaryDirectory(prefix="bench-outreach-") as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}"
        await asyncio.to_thread(migrate, url)
        store, clock, tasks = Store(url), SystemClock(), Tasks()
        trunk, voice = _Trunk(plan), _Voice()
        service = _service(store, clock, settings)
        trunk.service, trunk.calls, trunk.voice = service, CallsService(store=store, clock=clock), voice
        trunk.talks = Talks(service, ScriptsService(store, clock), settings, say=voice.say, ahead=voice.ahead)
        store.within |= {CallArrived: [service.on_call], CallEnded: [service.on_call]}
        dialer = Dialer(
            store,
            clock,
            settings,
            service,
            robots={"main": trunk},
            lines={"main": trunk},
            prepare=trunk.talks.prepare,
        )
        async with store.begin() as tx:
            for number in plan:
                wish = CallWish(number, f"bench:{number}", facts={"what": "воды", "address": "Мира, 44"})
                await service.ask_call(tx, CallKind.OUTAGE, wish, danger=True)
        began = time.perf_counter()
        tasks.start(dialer.run(), name="dialler")
        async with asyncio.timeout(600):
            await trunk.over.wait()
        took = time.perf_counter() - began
        assert trunk.most <= LINES
        await tasks.close()
        await trunk.tasks.close()
        await store.close()
    return shortest([seconds for _, seconds in plan.values()], LINES) / took, float(voice.waited)


def shortest(lengths: Sequence[float], lines: int) -> float:
    """Seconds that these calls take when a line that comes free has its next call at the same instant."""
    free = [0.0] * lines
    for seconds in lengths:
        heapq.heapreplace(free, free[0] + seconds)
    return max(free)


def _plan() -> dict[str, tuple[str, float]]:
    """Of ten calls five talk, three do not answer and two are busy."""
    chance = random.Random(SEED)
    plan = {}
    for n in range(CALLS):
        what = "talk" if n % 10 < 5 else "unanswered" if n % 10 < 8 else "busy"
        shortest_one, longest = {"talk": TALK, "unanswered": UNANSWERED, "busy": BUSY}[what]
        plan[_number(n)] = (what, chance.uniform(shortest_one, longest))
    return plan


# --- both -----------------------------------------------------------------------------------------------------


def _service(store: Store, clock: Clock, settings: config.Outreach) -> OutreachService:
    moves = MovesService(store=store, clock=clock, settings=config.Tickets(), zone=ZoneInfo("Europe/Moscow"))
    callbacks = CallbacksService(store, clock, config.Callbacks())
    follow_up = FollowUp(clock, settings, moves, callbacks)
    opt_outs = OptOuts(store, clock)
    return OutreachService(store, clock, settings, config.Locale(), follow_up=follow_up, opt_outs=opt_outs)


def _number(n: int) -> str:
    return f"+7907{n:07}"
