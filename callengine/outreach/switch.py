"""The kill switch: one row stands, and no engine's robot calls anybody. What is being said is said to its end."""

from __future__ import annotations

from callengine.clock import Clock
from callengine.errors import Refused
from callengine.outreach.events import OutreachDue, OutreachSwitched
from callengine.outreach.model import Halt
from callengine.store import campaigns as rows
from callengine.store.database import Store, Tx

MOST_REASON = 500


class Switch:
    """For the page and for the CLI, which has a database and no engine."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def state(self) -> Halt | None:
        """The halt of now; None: the robot may call."""
        async with self._store.read() as conn:
            return await rows.halted(conn)

    async def halt(self, who: str, reason: str = "") -> Halt:
        """From now on nobody is called, by whichever engine; pulled twice it is pulled once. Raises Refused."""
        reason = " ".join(reason.split())
        if len(reason) > MOST_REASON:
            raise Refused(f"the reason has at most {MOST_REASON} characters", pointer="/reason")
        return await self._store.transact(lambda tx: self._halt(tx, who, reason))

    async def _halt(self, tx: Tx, who: str, reason: str) -> Halt:
        # Who is sending a call just now has read that he may: it is waited for, and is a call from before the halt.
        await rows.hold_switch(tx, alone=True)
        standing = await rows.halted(tx.conn)
        if standing is None:
            now = self._clock.now()
            await rows.halt(tx, now, who, reason)
            await tx.tell(OutreachSwitched(now, True, who, reason))
            standing = await rows.halted(tx.conn)
        assert standing is not None
        return standing

    async def resume(self, who: str) -> bool:
        """The robot may call again; False when it always might."""
        async with self._store.begin() as tx:
            now = self._clock.now()
            lifted = await rows.lift(tx, now, who)
            if lifted:
                await tx.tell(OutreachSwitched(now, False, who))
                await tx.tell(OutreachDue(now))
        return bool(lifted)
