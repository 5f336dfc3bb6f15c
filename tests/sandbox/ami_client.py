"""A bare AMI client for the tests of the dialplan: it shows what is on the wire, without the engine's own link."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from callengine.sandbox.pbx import SandboxPbx
from callengine.tasks import Tasks

Event = dict[str, str]


class RawAmi:
    """Everything that was heard is in `heard`, in order."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._changed = asyncio.Event()
        self._count = 0
        self.heard: list[Event] = []

    async def listen(self) -> None:
        await self._reader.readline()
        while True:
            try:
                block = (await self._reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            self.heard.append(dict(line.partition(": ")[::2] for line in block.strip().split("\r\n")))
            self._changed.set()

    async def ask(self, action: str, **headers: str) -> list[Event]:
        """The response, and its list if it has one."""
        self._count += 1
        mark = f"t{self._count}"
        lines = [f"Action: {action}", f"ActionID: {mark}", *(f"{name}: {value}" for name, value in headers.items())]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())

        def over() -> list[Event]:
            mine = [event for event in self.heard if event.get("ActionID") == mark]
            begun = mine and mine[0].get("EventList") == "start"
            done = mine and (not begun or mine[-1].get("EventList") == "Complete")
            return mine if done else []

        return await self.until(over)

    async def until(self, look: Callable[[], list[Event]], seconds: float = 30) -> list[Event]:
        async with asyncio.timeout(seconds):
            while not (found := look()):
                self._changed.clear()
                await self._changed.wait()
            return found

    async def event(self, name: str, seconds: float = 30, **headers: str) -> Event:
        """The first event of this name with these headers, past or to come."""

        def look() -> list[Event]:
            wanted = {"Event": name, **headers}
            return [event for event in self.heard if wanted.items() <= event.items()][:1]

        return (await self.until(look, seconds))[0]

    async def ledger(self, linkedid: str) -> dict[str, str]:
        """The ledger entry of one call."""
        found = await self.ask("DBGetTree", Family="callengine", Key=linkedid)
        return {
            event["Key"].rsplit("/", 1)[1]: event.get("Val", "")
            for event in found
            if event.get("Event") == "DBGetTreeResponse"
        }

    async def ended(self, linkedid: str, seconds: float = 30) -> dict[str, str]:
        """The ledger entry of one call after its end."""
        async with asyncio.timeout(seconds):
            while "end" not in (entry := await self.ledger(linkedid)):
                await asyncio.sleep(0.1)
            return entry


@asynccontextmanager
async def ami(pbx: SandboxPbx) -> AsyncIterator[RawAmi]:
    """A signed-in connection."""
    reader, writer = await asyncio.open_connection(pbx.ami_host, pbx.ami_port)
    tasks = Tasks()
    link = RawAmi(reader, writer)
    tasks.start(link.listen(), name="ami")
    try:
        (answer,) = await link.ask("Login", Username=pbx.ami_user, Secret=pbx.ami_secret)
        assert answer["Response"] == "Success", answer
        yield link
    finally:
        writer.close()
        await tasks.close()
