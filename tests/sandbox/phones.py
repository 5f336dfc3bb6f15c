"""Phones around a sandbox for the tests of the dialplan: the street's own telephone, held short."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from callengine.sandbox import speech
from callengine.sandbox.pbx import SandboxPbx
from callengine.sandbox.rtp import Ticker
from callengine.sandbox.useragent import Call, CallState, Line
from callengine.tasks import Tasks

RESIDENT = "+79161234567"
VOICE = speech.hum(seconds=1)
OTHER_VOICE = speech.hum(seconds=1, pitch=400)


class Phones:
    """Everything that one test plugs in; `close` unplugs it."""

    def __init__(self, pbx: SandboxPbx) -> None:
        self._pbx, self._tasks, self._ticker = pbx, Tasks(), Ticker()
        self._lines: list[tuple[Line, bool]] = []
        self._tasks.start(self._ticker.run(), name="ticker")

    async def operator(self, extension: str, on_call: Callable[[Call], None] | None = None) -> Line:
        line = Line(
            self._ticker, pbx=("127.0.0.1", self._pbx.sip_port), user=extension, secret="sandbox", on_call=on_call
        )
        await line.open()
        await line.register()
        self._lines.append((line, True))
        return line

    async def outside(self, on_call: Callable[[Call], None] | None = None) -> Line:
        """The trunk's other end: calls in, and is called at the trunk port when it can answer."""
        line = Line(self._ticker, pbx=("127.0.0.1", self._pbx.sip_port), on_call=on_call)
        await line.open(port=self._pbx.trunk_port if on_call else 0)
        self._lines.append((line, False))
        return line

    def answers(self, after: float = 0.2) -> Callable[[Call], None]:
        """A phone that rings and is picked up."""

        async def pick_up(call: Call) -> None:
            await asyncio.sleep(after)
            await call.answer(OTHER_VOICE)

        def on_call(call: Call) -> None:
            call.ring()
            self._tasks.start(pick_up(call), name="pick-up")

        return on_call

    async def close(self) -> None:
        for line, registered in self._lines:
            for call in list(line.calls.values()):
                call.hang_up()
            if registered and not line.deaf:
                await line.register(seconds=0)
            line.close()
        await self._tasks.close()


@asynccontextmanager
async def phones(pbx: SandboxPbx) -> AsyncIterator[Phones]:
    made = Phones(pbx)
    try:
        yield made
    finally:
        await made.close()


async def talking(line: Line, seconds: float = 20) -> Call:
    """The conversation that this phone has, or will have within so many seconds."""
    async with asyncio.timeout(seconds):
        while True:
            for call in line.calls.values():
                if call.state is CallState.TALKING:
                    return call
            await asyncio.sleep(0.02)


async def ringing(line: Line, seconds: float = 20) -> Call:
    async with asyncio.timeout(seconds):
        while True:
            for call in line.calls.values():
                if call.state is CallState.RINGING:
                    return call
            await asyncio.sleep(0.02)
