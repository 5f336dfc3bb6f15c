"""Leases on what only one engine may hold: a second engine on one database is refused, a dead one's place is taken."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, insert, or_, select, update

from callengine.clock import Clock, rfc3339
from callengine.errors import Conflict, Unavailable
from callengine.store.database import Store, Tx
from callengine.store.tables import engines

log = logging.getLogger(__name__)

LEASE_SECONDS = 15.0
RENEW_SECONDS = 4.0


class AlreadyRunning(Conflict):
    """Another engine runs on this database."""

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


class EngineLease:
    """Our place as the only engine of `name`: `acquire` at the start, `run` beside everything, `release` at the end."""

    def __init__(self, store: Store, clock: Clock, name: str = "engine", owner: str | None = None) -> None:
        self._store = store
        self._clock = clock
        self.name = name
        self.owner = owner or owner_name()

    async def acquire(self) -> None:
        """Raises AlreadyRunning, which names the owner and how long to wait if it died on another host."""
        if await self._renew():
            return
        async with self._store.read() as conn:
            found = (await conn.execute(select(engines).where(engines.c.name == self.name))).one_or_none()
        owner: str = found.owner if found else "?/?"
        until = rfc3339(found.lease_until) if found else "now"
        host, pid = [*owner.split("/"), "?"][:2]
        raise AlreadyRunning(
            f"another engine ({self.name}) already runs on this database: process {pid} on host {host}. "
            f"Stop it, or give this one a [store] url of its own; if it crashed, its place is free after {until}.",
            owner=owner,
        )

    async def run(self) -> None:
        """Renew until cancelled. Raises AlreadyRunning when another engine took the place: then stop everything."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                held = await self._renew()
            except Unavailable as error:
                log.warning("lease not renewed: %s", error, extra={"action": "lease_not_renewed"})
                continue
            if not held:
                raise AlreadyRunning(f"another engine took the place of {self.name}; this one stops")

    async def _renew(self) -> bool:
        async def work(tx: Tx) -> bool:
            now = self._clock.now()
            return await hold_lease(tx, self.name, self.owner, now + timedelta(seconds=LEASE_SECONDS), now)

        return await self._store.transact(work)

    async def release(self) -> None:
        async with self._store.begin() as tx:
            await release_lease(tx, self.name, self.owner)
