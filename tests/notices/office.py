"""The room of notices over one database, with the block of tickets around it and real servers on the other side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from sqlalchemy import insert, select, update

from callengine import config
from callengine.clock import ManualClock
from callengine.notices.model import Channel, Kind, Message, Notice, Recipient, Sender, State, Wanted
from callengine.notices.reasons import read
from callengine.notices.service import NoticesService
from callengine.notices.worker import NoticesWorker
from callengine.store import notices as rows
from callengine.store.database import Store
from callengine.store.tables import notice_events, notices, opt_outs, organisations, staff
from callengine.tickets.links import LinksService, mark_by
from callengine.tickets.moves import ENGINE
from tests.tickets.block import Block, build

DEADLINE = 10.0
PHONE, RESIDENT = "+79070000006", "+79073304177"


async def until(done: Callable[[], Any], *, seconds: float = DEADLINE) -> None:
    """Wait for a condition, never for a time."""
    async with asyncio.timeout(seconds):
        while True:
            found = done()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.005)


class Robot:
    """The voice robot's place: what it was asked to call."""

    def __init__(self) -> None:
        self.asked: list[Message] = []
        self.error: Exception | None = None
        self.refuses = ""
        self.withdrawn: list[str] = []

    async def ask(self, message: Message) -> str:
        if self.error is not None:
            raise self.error
        self.asked.append(message)
        return self.refuses

    async def withdraw(self, tx: Any, key: str) -> None:
        self.withdrawn.append(key)


class Office:
    def __init__(self, store: Store, clock: ManualClock, block: Block, settings: config.Settings) -> None:
        self.store, self.clock, self.block, self.settings = store, clock, block, settings
        self.service = NoticesService(store, clock, settings)
        self.outbox = self.service.outbox
        self.links = LinksService(store, clock, settings.files, mark_by(block.moves))
        self.robot = Robot()
        self.made: list[str] = []
        self.workers: list[NoticesWorker] = []

    def react(self) -> None:
        for fact, react in self.service.reactions.within.items():
            self.store.within.setdefault(fact, []).append(react)

    async def link(self, number: str) -> str:
        found = await self.links.create(number, ENGINE)
        self.made.append(found.token)
        return f"https://desk.test/r/{found.token}"

    async def worker(self, senders: dict[Channel, Sender] | None = None) -> NoticesWorker:
        found = senders if senders is not None else await self.service.senders()
        worker = NoticesWorker(self.store, self.clock, self.outbox, found, self.link)
        self.workers.append(worker)
        return worker

    async def close(self) -> None:
        for worker in self.workers:
            await worker.stop()

    # --- what there is ----------------------------------------------------------------------------------------

    async def all(self) -> list[Notice]:
        async with self.store.read() as conn:
            return list(reversed(await rows.find(conn, rows.Find(), limit=1000, after=None)))

    async def states(self) -> dict[str, str]:
        """Each notice by the end of its key."""
        return {one.key.rpartition(":")[2]: one.state.value for one in await self.all()}

    async def one(self, key: str) -> Notice:
        async with self.store.read() as conn:
            found = await rows.by_key(conn, key)
        assert found is not None, key
        return found

    async def story(self, key: str) -> list[tuple[str, str]]:
        found = await self.one(key)
        async with self.store.read() as conn:
            e = notice_events.c
            lines = await conn.execute(select(e.what, e.detail).where(e.notice_id == found.id).order_by(e.id))
            return [(row.what, read(row.detail)) for row in lines]

    async def tell(self, key: str, channel: Channel = Channel.SMS, **more: Any) -> int | None:
        """One notice by itself: of a closed ticket, to a resident."""
        more.setdefault("to", Recipient(number=RESIDENT, name="Мельникова Анна"))
        more.setdefault("kind", Kind.CLOSED)
        more.setdefault("fields", {"number": "26-000001", "link": "https://desk.test/r/x"})
        async with self.store.begin() as tx:
            return await self.outbox.tell(tx, Wanted(key=key, channel=channel, **more))

    async def pass_time(self, worker: NoticesWorker, **span: float) -> None:
        self.clock.advance(seconds=span.get("seconds", 0) + 60 * span.get("minutes", 0) + 3600 * span.get("hours", 0))
        await worker.work_off()

    async def opt_out(self, number: str, kind: str = "") -> None:
        row = {"number": number, "kind": kind, "since": self.clock.now(), "how": "desk", "who": "Орлова"}
        async with self.store.begin() as tx:
            await tx.conn.execute(insert(opt_outs).values(**row))

    async def municipality(self, email: str = "duty@city.test") -> None:
        row = {"code": "city", "name": "Администрация города", "kind": "municipality", "email": email}
        async with self.store.begin() as tx:
            await tx.conn.execute(insert(organisations).values(**row))

    async def leave_sending(self, key: str) -> None:
        """As an engine leaves it that dies while it sends."""
        async with self.store.begin() as tx:
            change = {"state": State.SENDING.value, "lease_until": self.clock.now(), "tries": 1, "fence": 1}
            await tx.conn.execute(update(notices).where(notices.c.key == key).values(**change))


async def open_office(
    store: Store, clock: ManualClock, *, robot: bool = True, ratings: bool = True, **settings: Any
) -> Office:
    """With `settings` of [notices]; executors have telephones."""
    block = await build(store, clock)
    async with store.begin() as tx:
        await tx.conn.execute(update(staff).where(staff.c.role == "executor").values(phone=PHONE))
    found = config.Settings.model_validate(
        {"notices": {"push_hosts": ["127.0.0.1"], **settings}, "outreach": {"ratings": ratings}}
    )
    office = Office(store, clock, block, found)
    if robot:
        office.service.attach_calls(office.robot)
    office.react()
    return office
