"""An Asterisk that talks FastAGI to us: one call, scripted answers."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType

HEAD = {
    "agi_network": "yes",
    "agi_network_script": "lookup",
    "agi_request": "agi://127.0.0.1/lookup",
    "agi_channel": "PJSIP/trunk-00000001",
    "agi_uniqueid": "1795334400.7",
    "agi_callerid": "+79074121806",
    "agi_calleridname": "Иванова",
    "agi_callingpres": "0",
    "agi_dnid": "83072",
    "agi_extension": "s",
}


class FakeCall:
    """Connects, sends the head, and answers each command with the next scripted answer (the last one repeats)."""

    def __init__(self, port: int, *answers: str, **head: str) -> None:
        self.port = port
        self.answers = list(answers) or ["200 result=1"]
        self.head = HEAD | head
        self.commands: list[str] = []

    async def __aenter__(self) -> FakeCall:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await shut(self.writer)

    async def run(self) -> list[str]:
        """The whole call; returns the commands that we were sent until the server closed."""
        self.send("".join(f"{key}: {value}\n" for key, value in self.head.items()) + "\n")
        async with asyncio.timeout(10):
            while line := await self.reader.readline():
                self.commands.append(line.decode().removesuffix("\n"))
                self.send(self.answers.pop(0) + "\n" if len(self.answers) > 1 else self.answers[0] + "\n")
        return self.commands

    def send(self, text: str) -> None:
        self.writer.write(text.encode())


async def shut(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
