"""Other people's screens, in a process of their own as on other machines: sockets that hear all and show nothing.

    python -m tests.bench.listeners HOST PORT PATH < tokens     one token a line; an empty line: a socket without one

Prints `ready` when all of them are connected; runs until it is killed or the server goes. The kernel takes what comes,
and wakes this process for some kilobytes at once: other machines do not take processors from who is measured.
"""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import sys

AT_ONCE = 32_768
# Heard by the server as a sign of life, so that it never has to ask: a masked pong without a payload.
PONG, PONG_SECONDS = b"\x8a\x80\0\0\0\0", 5.0


async def _connected(host: str, port: int, path: str, token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(host, port)
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade"]
    lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    writer.write("\r\n".join([*lines, "", ""]).encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 101 " not in head.split(b"\r\n")[0]:
        raise ConnectionError(head.decode())
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, AT_ONCE)
    return reader, writer


async def _hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(PONG)
        try:
            async with asyncio.timeout(PONG_SECONDS):
                while await reader.read(2 * AT_ONCE):
                    pass
            return
        except TimeoutError:
            continue


async def listen(host: str, port: int, path: str, tokens: list[str]) -> None:
    """Raises ConnectionError when the server takes one of them not."""
    streams = [await _connected(host, port, path, token) for token in tokens]
    print("ready", flush=True)
    await asyncio.gather(*(_hear(*stream) for stream in streams))


if __name__ == "__main__":
    asyncio.run(listen(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.stdin.read().split("\n")))
