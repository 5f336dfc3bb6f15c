"""Other people's screens, in a process of their own as on machines of their own: sockets that hear all and show nothing.

    python -m tests.bench.listeners URL < tokens      one token a line; an empty line is a socket without a token

Prints `ready` when all of them are connected; runs until it is killed or the server goes.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack

from aiohttp import ClientSession, ClientWebSocketResponse


async def listen(url: str, tokens: list[str]) -> None:
    async with ClientSession() as session, AsyncExitStack() as open_sockets:
        sockets = []
        for token in tokens:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            sockets.append(await open_sockets.enter_async_context(session.ws_connect(url, headers=headers)))
        print("ready", flush=True)
        await asyncio.gather(*(_hear(socket) for socket in sockets))


async def _hear(socket: ClientWebSocketResponse) -> None:
    async for _ in socket:
        pass


if __name__ == "__main__":
    asyncio.run(listen(sys.argv[1], sys.stdin.read().split("\n")))
