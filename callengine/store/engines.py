"""Leases on what only one engine may hold: a dead engine's place is taken, a living one's never.

An SQLite file belongs to one engine, whole. On PostgreSQL each PBX has a lease of its own: two engines may serve
different PBXs on one database, and the same PBX never twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import socket
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, insert, or_, select, update

from callengine.clock import Clock, rfc3339
from callengine.errors import Conflict, Unavailable
from callengine.store.database import Store, Tx
from callengine.store.tables import engines
from callengine.tasks import Tasks

log = logging.getLogger(__name__)

WHOLE = "engine"
PBX = "pbx:"
LEASE_SECONDS = 15.0
RENEW_SECONDS = 4.0
# While a locked or full store takes no renewal it is looked every RENEW_SECONDS who holds the lease: good for so long.
LOOK_SECONDS = 2 * RENEW_SECONDS


class AlreadyRunning(Conflict):
    """Another engine runs on this database, or serves this PBX."""

    code = "already-running"


def owner_name() -> str:
    """Who we are: host, process id, when the process began (ids are used again), and a random part."""
    pid = os.getpid()
    return f"{socket.gethostname()}/{pid}/{_began(pid)}/{secrets.token_hex(4)}"


def is_dead(owner: str) -> bool:
    """True when `owner` is a process of this host that certainly runs no more."""
    host, _, rest = owner.partition("/")
    pid, _, rest = rest.partition("/")
    began = rest.partition("/")[0]
    if host != socket.gethostname() or not pid.isdigit() or not began:
        return False
    return _began(int(pid)) != began


def _began(pid: int) -> str:
    """The kernel's start time of a process, with the boot; "" when it does not run."""
    try:
        # The name in brackets may hold spaces and brackets of its own: read after the last one. 19: starttime.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return ""
    return "" if fields[0] == "Z" else f"{boot}-{fields[19]}"


async def hold_lease(tx: Tx, name: str, owner: str, until: datetime, now: datetime) -> bool:
    """Take or renew the lease `name`; False when another living owner holds it."""
    renewed = (
        update(engines)
        .where(engines.c.name == name, or_(engines.c.owner == owner, engines.c.lease_until <= now))
        .values(owner=owner, lease_until=until)
    )
    if (await tx.conn.execute(renewed)).rowcount:
        return True
    holder = await _holder(tx, name)
    if holder is not None:
        if not is_dead(holder):
            return False
        log.warning("a dead engine's place is taken", extra={"action": "lease_taken", "owner": holder})
        seized = update(engines).where(engines.c.name == name, engines.c.owner == holder)
        return bool((await tx.conn.execute(seized.values(owner=owner, lease_until=until))).rowcount)
    await tx.conn.execute(insert(engines).values(name=name, owner=owner, lease_until=until))
    return True


async def release_lease(tx: Tx, name: str, owner: str) -> None:
    """Give the lease back, if it is ours."""
    await tx.conn.execute(delete(engines).where(engines.c.name == name, engines.c.owner == owner))


async def _holder(tx: Tx, name: str) -> str | None:
    query = select(engines.c.owner).where(engines.c.name == name)
    owner: str | None = (await tx.conn.execute(query)).scalar_one_or_none()
    return owner


class EngineLeases:
    """All that this engine needs to itself: `acquire` at the start, `run` beside everything, `release` at the end."""

    def __init__(self, store: Store, clock: Clock, pbxs: Iterable[str], owner: str | None = None) -> None:
        names = [WHOLE] if store.is_sqlite else [PBX + name for name in sorted(set(pbxs))]
        owner = owner or owner_name()
        self._whole = store.is_sqlite
        self._leases = [EngineLease(store, clock, name, owner) for name in names]

    def holds(self, pbx: str) -> bool:
        """Whether this engine serves that PBX now, by the last that it knows of its lease."""
        name = WHOLE if self._whole else PBX + pbx
        return any(lease.name == name and lease.held for lease in self._leases)

    async def acquire(self) -> None:
        """All of them or none. Raises AlreadyRunning, which names what is held by whom, and what to do."""
        held: list[EngineLease] = []
        try:
            for lease in self._leases:
                await lease.acquire()
                held.append(lease)
        except AlreadyRunning:
            for lease in held:
                await lease.release()
            raise

    async def run(self) -> None:
        """Renew until cancelled. Raises AlreadyRunning when another engine took one of the places."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            for lease in self._leases:
                await lease.renew()

    async def release(self) -> None:
        for lease in self._leases:
            await lease.release()


class EngineLease:
    """One place that only one engine may have."""

    def __init__(self, store: Store, clock: Clock, name: str = WHOLE, owner: str | None = None) -> None:
        self._store = store
        self._clock = clock
        self.name = name
        self.owner = owner or owner_name()
        self._tasks = Tasks()
        # By both clocks: Linux's monotonic one stands still while the machine sleeps, the other may be set back.
        self._sure_until: tuple[float, datetime] | None = None

    @property
    def held(self) -> bool:
        """Surely ours: renewed in time, or read to be ours while the store takes no renewal.

        An engine that was stopped for a while (a suspended machine) is not sure until it has asked.
        """
        if self._sure_until is None:
            return False
        monotonic, wall = self._sure_until
        return self._clock.monotonic() < monotonic and self._clock.now() < wall

    def _sure_for(self, seconds: float) -> tuple[float, datetime]:
        return self._clock.monotonic() + seconds, self._clock.now() + timedelta(seconds=seconds)

    async def acquire(self) -> None:
        """Raises AlreadyRunning, which names the owner and how long to wait if it died on another host."""
        if await self._renew():
            return
        async with self._store.read() as conn:
            found = (await conn.execute(select(engines).where(engines.c.name == self.name))).one_or_none()
        owner: str = found.owner if found else "?/?"
        until = rfc3339(found.lease_until) if found else "now"
        host, pid = [*owner.split("/"), "?"][:2]
        pbx = self.name.removeprefix(PBX)
        if pbx == self.name:
            what = f"another engine ({self.name}) already runs on this database"
            instead = "give this one a [store] url of its own"
        else:
            what = f"another engine already serves the PBX {pbx} on this database"
            instead = f"take {pbx} out of this one's [pbx], or give it another name if it is another PBX"
        raise AlreadyRunning(
            f"{what}: process {pid} on host {host}. Stop it, or {instead}; if it crashed, its place is free "
            f"after {until}.",
            owner=owner,
        )

    async def renew(self) -> None:
        """Raises AlreadyRunning when another engine took the place: then stop everything."""
        renewal = self._tasks.start(self._try_to_renew(), name="lease renewal")
        try:
            while not renewal.done():
                await asyncio.wait({renewal}, timeout=RENEW_SECONDS)
                if not renewal.done():
                    await self._look()
        finally:
            renewal.cancel()
        if (held := renewal.result()) is None:
            await self._look()
            return
        if not held:
            raise AlreadyRunning(f"another engine took the place of {self.name}; this one stops")

    async def _renew(self) -> bool:
        async def work(tx: Tx) -> bool:
            now = self._clock.now()
            return await hold_lease(tx, self.name, self.owner, now + timedelta(seconds=LEASE_SECONDS), now)

        until = self._sure_for(LEASE_SECONDS)  # from the asking on
        held = await self._store.transact(work)
        self._sure_until = until if held else None
        return held

    async def _try_to_renew(self) -> bool | None:
        """None: the store takes nothing now."""
        try:
            return await self._renew()
        except Unavailable as error:
            log.warning("lease not renewed: %s", error, extra={"action": "lease_not_renewed"})
            return None

    async def _look(self) -> None:
        """A locked or full store takes nobody's lease either: while the row names us, it is ours."""
        until = self._sure_for(LOOK_SECONDS)
        with contextlib.suppress(Unavailable):
            async with self._store.read() as conn:
                owner = (await conn.execute(select(engines.c.owner).where(engines.c.name == self.name))).scalar()
            self._sure_until = max(self._sure_until or until, until) if owner == self.owner else None

    async def release(self) -> None:
        self._sure_until = None
        async with self._store.begin() as tx:
            await release_lease(tx, self.name, self.owner)
