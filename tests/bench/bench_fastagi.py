"""FastAGI lookups against bare panoramisk's FastAGI with the same answer: CPU time of the server, the client apart."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from panoramisk.fast_agi import Application

from callengine.menus.line import Caller
from callengine.menus.lookup import Known, lookup
from callengine.pbx.fastagi import AgiCall, FastAgiServer
from tests.bench.rounds import median_ratio
from tests.pbx.fake_agi import HEAD

LOOKUPS = 1500
AT_ONCE = 16
ROUNDS = 5
ANSWER = {"CE_NAME": "Иванова", "CE_QUEUE": "desk", "CE_ACCIDENT": "", "CE_KNOWN": "1"}


@asynccontextmanager
async def ours() -> AsyncIterator[int]:
    async def find(caller: Caller) -> Known:
        return Known(known=True, name="Иванова", queue="desk")

    async def handler(call: AgiCall) -> None:
        await lookup(call, find)

    server = FastAgiServer("127.0.0.1", 0, {"lookup": handler})
    await server.start()
    yield server.port
    await server.close()


@asynccontextmanager
async def ours_one_by_one() -> AsyncIterator[int]:
    async def handler(call: AgiCall) -> None:
        for name, value in ANSWER.items():
            await call.set(name, value)

    server = FastAgiServer("127.0.0.1", 0, {"lookup": handler})
    await server.start()
    yield server.port
    await server.close()


@asynccontextmanager
async def bare() -> AsyncIterator[int]:
    async def handler(request: Any) -> None:
        for name, value in ANSWER.items():
            await request.send_command(f'SET VARIABLE {name} "{value}"')

    application = Application(loop=asyncio.get_running_loop())
    application.add_route("lookup", handler)
    server = await asyncio.start_server(application.handler, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


async def client(port: int, lookups: int) -> None:
    """In a process of its own: an Asterisk with many calls at once."""
    head = "".join(f"{key}: {value}\n" for key, value in HEAD.items()).encode() + b"\n"
    turns = iter(range(lookups))

    async def caller() -> None:
        for _ in turns:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head)
            answered = 0
            while await reader.readline():
                answered += 1
                writer.write(b"200 result=1\n")
            assert answered in (1, len(ANSWER)), answered
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))


def seconds(serve: Callable[[], AbstractAsyncContextManager[int]]) -> float:
    """CPU of the server for all lookups, its own start and that of the client left out."""

    async def once() -> float:
        async with serve() as port:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.bench.bench_fastagi", str(port), str(LOOKUPS)
            )
            began = time.process_time()
            assert await process.wait() == 0
            return time.process_time() - began

    return asyncio.run(once())


def settle_memory() -> None:
    """As in a process that has run for a while: glibc maps a block of 256 KiB anew, and gives it back, until one as
    large was freed before. Streams read into such a block each time: what was imported before decided what they cost.
    """
    _ = bytes(1 << 21)


def run() -> list[tuple[str, float, str]]:
    logging.getLogger("panoramisk").setLevel(logging.ERROR)
    settle_memory()
    one_by_one = median_ratio(lambda: seconds(bare), lambda: seconds(ours_one_by_one), ROUNDS)
    return [
        (
            "FastAGI lookups for one second of CPU / panoramisk's FastAGI",
            median_ratio(lambda: seconds(bare), lambda: seconds(ours), ROUNDS),
            ">=1.5",
        ),
        ("the same, variables set one by one as panoramisk must", one_by_one, ">=1.0"),
    ]


if __name__ == "__main__":
    asyncio.run(client(int(sys.argv[1]), int(sys.argv[2])))
