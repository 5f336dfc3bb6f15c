"""The rating dialogue over our FastAGI server against a bare AGI server that says the very same commands: CPU of each.

The other side is an Asterisk in a process of its own, whose resident hears each question to its end, presses 1, then 5
for the mark, then nothing more. Ours is what production runs from the head of the call to its end: the job, its
sentences looked up among the prompts on the disk, the walk, what is kept in the ledger of the PBX. Bare is the streams
of asyncio: the head is read to its empty line, then each command of that dialogue is written and its answer read.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from callengine.menus import dialogues
from callengine.menus.jobs import RatingJob
from callengine.menus.outcome import Result
from callengine.pbx.fastagi import AgiCall, FastAgiServer
from callengine.speech.voice import Voice
from tests.bench.bench_fastagi import settle_memory
from tests.bench.rounds import median_ratio
from tests.pbx.fake_agi import HEAD

DIALOGUES = 300
AT_ONCE = 16
ROUNDS = 5
PRESSED = (b"200 result=49\n", b"200 result=53\n")  # 1: the job is done; 5: the mark


def job() -> RatingJob:
    return RatingJob(
        service="диспетчерская служба",
        ticket="26-000123",
        work="течь крана на кухне",
        address="ул. Ленина, д. 5, кв. 12",
        comment_file="callengine/7-comment",
    )


async def resident(port: int, written: list[bytes] | None = None) -> None:
    """One call as Asterisk makes it; `written` takes the commands."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write("".join(f"{key}: {value}\n" for key, value in HEAD.items()).encode() + b"\n")
    keys = iter(PRESSED)
    while command := await reader.readline():
        if written is not None:
            written.append(command)
        if command.startswith(b"STREAM"):
            answer = b"200 result=0 endpos=16000\n"
        elif command.startswith(b"WAIT"):
            # A short wait is for a second key that follows the first at once.
            milliseconds = int(command.split(b'"')[1])
            answer = next(keys, b"200 result=0\n") if milliseconds >= 1000 else b"200 result=0\n"
        elif command.startswith(b"GET"):
            answer = b"200 result=1 (1795334400.7)\n"
        else:
            answer = b"200 result=1\n"
        writer.write(answer)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def client(port: int, calls: int) -> None:
    turns = iter(range(calls))

    async def caller() -> None:
        for _ in turns:
            await resident(port)

    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))


Serving = Callable[[], AbstractAsyncContextManager[int]]


def ours(voice: Voice) -> Serving:
    @asynccontextmanager
    async def serve() -> AsyncIterator[int]:
        async def handler(call: AgiCall) -> None:
            outcome = await dialogues.hold(call, voice.say, job())
            assert (outcome.result, outcome.mark) == (Result.MARKED, 5), outcome

        server = FastAgiServer("127.0.0.1", 0, {"lookup": handler})
        await server.start()
        yield server.port
        assert not server.failed
        await server.close()

    return serve


def bare(commands: list[bytes]) -> Serving:
    @asynccontextmanager
    async def serve() -> AsyncIterator[int]:
        async def call(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\n\n")
            for command in commands:
                writer.write(command)
                await writer.drain()
                await reader.readline()
            writer.close()

        server = await asyncio.start_server(call, "127.0.0.1", 0)
        yield server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()

    return serve


def seconds(serve: Serving) -> float:
    """CPU of the server for all dialogues, the start of both sides left out."""

    async def once() -> float:
        async with serve() as port:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.bench.bench_dialogue", str(port), str(DIALOGUES)
            )
            began = time.process_time()
            assert await process.wait() == 0
            return time.process_time() - began

    return asyncio.run(once())


async def dialogue_of(serve: Serving) -> list[bytes]:
    """The commands of one call."""
    written: list[bytes] = []
    async with serve() as port:
        await resident(port, written)
    return written


def run() -> list[tuple[str, float, str]]:
    settle_memory()
    with TemporaryDirectory() as folder:
        voice = Voice(Path(folder))
        for text in job().texts():
            prompt = voice.path("ru", text)
            prompt.parent.mkdir(exist_ok=True)
            prompt.write_bytes(bytes(16_000))  # one second: nobody plays it here
        commands = asyncio.run(dialogue_of(ours(voice)))
        assert asyncio.run(dialogue_of(bare(commands))) == commands
        ratio = median_ratio(lambda: seconds(ours(voice)), lambda: seconds(bare(commands)), ROUNDS)
    return [(f"FastAGI rating dialogue ({len(commands)} commands), CPU / a bare AGI echo of the same", ratio, "<=1.5")]


if __name__ == "__main__":
    asyncio.run(client(int(sys.argv[1]), int(sys.argv[2])))
