"""Who wants no calls: asked by a key in a dialogue, at the desk, by a link; kept with how and by whom; removable."""

from __future__ import annotations

from datetime import datetime

from callengine import phone
from callengine.clock import Clock
from callengine.errors import Conflict, NotFound, Refused
from callengine.outreach.events import OptedOut
from callengine.outreach.model import CallKind, OptOut
from callengine.phone import Kind
from callengine.store import campaigns as rows
from callengine.store.database import Store, Tx

CHANNELS = ("call", "sms", "push", "email")  # of notices
KINDS = ("", *(kind.value for kind in CallKind), *CHANNELS)
WAYS = ("desk", "robot", "link", "import")
MOST_NOTE = 500


class OptOuts:
    """The list, for the pages and for the robot itself."""

    def __init__(self, store: Store, clock: Clock, *, country: str = "RU", city_code: str = "") -> None:
        self._store, self._clock = store, clock
        self._names = {"country": country, "city_code": city_code}

    async def find(
        self, *, number: str = "", limit: int = 50, cursor: str | None = None
    ) -> tuple[list[OptOut], str | None]:
        """One page, newest first, and the cursor of the next. Raises Refused."""
        wanted = phone.parse(number, **self._names).value if number else None
        async with self._store.read() as conn:
            return await rows.optouts(conn, number=wanted, limit=limit, cursor=cursor)

    async def add(self, number: str, kind: str, who: str, *, how: str = "desk", note: str = "") -> OptOut:
        """Write down that he wants no calls of the kind ("": none at all). Raises Refused, Conflict (he said so)."""
        parsed = phone.parse(number, **self._names)
        if parsed.kind is not Kind.E164:
            raise Refused("this is no telephone number", errors=[_at("/number", "write it as +79071234567")])
        if kind not in KINDS:
            raise Refused(
                "there is no such kind of calls", errors=[_at("/kind", f"one of {', '.join(KINDS[1:])}, or ''")]
            )
        if len(note) > MOST_NOTE:
            raise Refused("the note is too long", errors=[_at("/note", f"at most {MOST_NOTE} characters")])
        async with self._store.begin() as tx:
            made = await self.write(tx, parsed.value, kind, who, how=how, note=note, at=self._clock.now())
        if made is None:
            raise Conflict("this number has opted out already")
        return made

    async def write(
        self,
        tx: Tx,
        number: str,
        kind: str,
        who: str,
        *,
        how: str,
        at: datetime,
        note: str = "",
        request_id: str = "",
    ) -> OptOut | None:
        """The same within a transaction; None when it stands already."""
        wish = OptOut(0, number, kind, at, how, who, note, request_id)
        made = await rows.opt_out(tx, wish)
        if made is not None:
            await tx.tell(OptedOut(at, made))
        return made

    async def remove(self, optout_id: int, who: str) -> OptOut:
        """He wants to be called again; the row stays as history. Raises NotFound."""
        now = self._clock.now()
        async with self._store.begin() as tx:
            removed = await rows.remove_optout(tx, optout_id, now, who)
            if removed is None:
                raise NotFound("there is no such opt-out")
            await tx.tell(OptedOut(now, removed))
        return removed


def _at(pointer: str, detail: str) -> dict[str, str]:
    return {"pointer": f"#{pointer}", "detail": detail}
