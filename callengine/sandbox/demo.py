"""Life-like calls on the sandbox's line, as a seeded stream or one at a time: for `callengine demo` and the desk."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

from callengine.errors import Conflict, Refused
from callengine.sandbox.street import Behaviour, Resident, Street

log = logging.getLogger(__name__)

Kind = Literal["known", "unknown", "withheld", "hangup", "busy_day"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# How often each kind of call comes in the stream; a repeat is somebody who called a little while ago.
_WEIGHTS = {"known": 50, "unknown": 14, "withheld": 6, "hangup": 18, "callback": 4, "message": 3, "repeat": 5}
_BUSY_DAY_CALLS = 8
_PATIENCE_SECONDS = (40.0, 120.0)
_NEWCOMER_SECONDS, _NEWCOMER_TALK_SECONDS = 240.0, 90.0
_RECENT = 10


class Demo:
    """Places calls on the street's line. `numbers` are those of the directory, `operators` pick up by themselves."""

    def __init__(
        self,
        street: Street,
        numbers: Sequence[str],
        *,
        calls_per_minute: float = 4.0,
        operators: Sequence[str] = (),
        language: str = "ru",
        seed: int = 1,
    ) -> None:
        if calls_per_minute <= 0:
            raise Refused("calls_per_minute must be above zero")
        self._street, self._numbers, self._language = street, list(numbers), language
        self._gap_seconds = 60.0 / calls_per_minute
        self._operators = tuple(operators)
        self._random = random.Random(seed)
        self._recent: deque[str] = deque(maxlen=_RECENT)

    async def run(self) -> None:
        """Call after call until cancelled."""
        await self.staff()
        while True:
            await self._place(self._random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0])
            await asyncio.sleep(self._random.expovariate(1 / self._gap_seconds))

    async def staff(self) -> None:
        """Put a phone that answers by itself on each operator's desk that has none of its own."""
        for extension in self._operators:
            try:
                await self._street.plug_in(
                    extension,
                    answer_after_seconds=self._random.uniform(2.0, 6.0),
                    talk_seconds=self._random.uniform(15.0, 40.0),
                )
            except Conflict:
                log.info("operator has a phone", extra={"action": "demo_operator", "extension": extension})

    async def one_call(self, kind: str = "known") -> Resident:
        """What the desk's button asks for; of `busy_day` the first of eight. Refused for another word."""
        if kind not in KINDS:
            raise Refused(f"there is no demo call {kind!r}: choose one of {', '.join(KINDS)}")
        if kind != "busy_day":
            return await self._place(kind, waits=True)
        first, *others = self._random.choices(
            ("known", "unknown", "withheld", "hangup"), (6, 2, 1, 1), k=_BUSY_DAY_CALLS
        )
        self._street.tasks.start(self._busy_day(others), name="busy day")
        return await self._place(first, waits=True)

    async def _busy_day(self, kinds: Sequence[str]) -> None:
        for kind in kinds:
            await asyncio.sleep(self._random.uniform(0.2, 1.0))
            await self._place(kind, waits=True)

    async def _place(self, kind: str, *, waits: bool = False) -> Resident:
        number, behaviour = self._who(kind), self._what(kind)
        if waits and kind != "hangup":
            # A newcomer reads the page first, and talks with his own phone, which the street cannot see.
            behaviour = replace(behaviour, patience_seconds=_NEWCOMER_SECONDS, talk_seconds=_NEWCOMER_TALK_SECONDS)
        self._recent.append(number)
        log.info("demo call", extra={"action": "demo_call", "kind": kind})
        return await self._street.call_in(number, behaviour=behaviour)

    def _who(self, kind: str) -> str:
        if kind == "repeat" and self._recent:
            return self._random.choice(self._recent)
        if kind in ("unknown", "withheld") or not self._numbers:
            return self._stranger()
        return self._random.choice(self._numbers)

    def _stranger(self) -> str:
        # Ends in 3 to 9, so that calling back finds somebody at home: see street.py.
        return f"+7909{self._random.randrange(100_000, 999_999)}{self._random.randrange(3, 10)}"

    def _what(self, kind: str) -> Behaviour:
        plain = Behaviour(language=self._language, patience_seconds=self._random.uniform(*_PATIENCE_SECONDS))
        match kind:
            case "hangup":
                return self._hang_up_somewhere()
            case "callback":
                return replace(plain, keys="1", keys_after_seconds=self._random.uniform(8, 14))
            case "message":
                return replace(plain, keys="2", keys_after_seconds=self._random.uniform(8, 14), message_seconds=12)
            case _:
                talk = self._random.uniform(12.0, 45.0)
                return replace(plain, withheld=kind == "withheld", talk_seconds=talk)

    def _hang_up_somewhere(self) -> Behaviour:
        stage = self._random.choice(("greeting", "queue", "ringing"))
        if stage == "ringing":
            return Behaviour(language=self._language, hang_up_when_ringing=True, patience_seconds=40)
        seconds = self._random.uniform(0.5, 2.0) if stage == "greeting" else self._random.uniform(8.0, 20.0)
        return Behaviour(language=self._language, hang_up_after_seconds=seconds)
