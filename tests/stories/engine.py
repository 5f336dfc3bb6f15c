"""A whole engine as a process of its own, and a wire between it and the PBX that can be cut."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp

from callengine.access.service import AccessService
from callengine.clock import SystemClock
from callengine.directory.town import load_town
from callengine.sandbox.pbx import SandboxPbx
from callengine.store.database import Store, sqlite_path
from callengine.store.migrate import migrate
from tests.pbx_fixture import free_ports

HOME = Path(__file__).resolve().parents[2]
PROMPTS = HOME / "var/sandbox/prompts"  # of all: each engine would speak the same 152 again, 4 s of the processor
_furnished: tuple[bytes, dict[str, str]] | None = None  # a furnished SQLite file, and its people's tokens


class Wire:
    """A TCP relay to the PBX's AMI. `cut` drops every connection and refuses new ones; `mend` lets them in again."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.port = 0
        self.is_cut = False
        self.cut_after: bytes = b""  # cut as soon as the engine has sent this, after it was passed on
        self.passed = bytearray()  # all that the engine has sent
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def cut(self) -> None:
        self.is_cut = True
        for writer in tuple(self._open):
            writer.transport.abort()

    def mend(self) -> None:
        self.is_cut, self.cut_after = False, b""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        other: asyncio.StreamWriter | None = None
        try:
            if self.is_cut:
                return
            up, other = await asyncio.open_connection("127.0.0.1", self._to)
            self._open.add(other)
            await asyncio.gather(self._pass(reader, other, watched=True), self._pass(up, writer, watched=False))
        except OSError:
            pass
        finally:
            for one in (writer, other):
                if one is not None:
                    self._open.discard(one)
                    one.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, watched: bool) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
            if watched:
                self.passed += data
                if self.cut_after and self.cut_after in self.passed:
                    self.cut()
        writer.transport.abort()


class EngineProcess:
    """`callengine run` in external mode beside a sandbox PBX, on a database of its own."""

    def __init__(self, pbx: SandboxPbx, folder: Path, ami_port: int, *, more: Mapping[str, str] | None = None) -> None:
        (self.port,) = free_ports(1)
        self.folder = folder
        self.url = f"http://127.0.0.1:{self.port}"
        self.store_url = f"sqlite+aiosqlite:///{folder}/engine.db"
        self.log = folder / "engine.log"
        self.tokens: dict[str, str] = {}
        self._env = {
            **os.environ,
            "PYTHONPATH": str(HOME),
            "CALLENGINE_HTTP__PORT": str(self.port),
            "CALLENGINE_STORE__URL": self.store_url,
            "CALLENGINE_RECORDINGS__DIR": str(folder / "recordings"),
            "CALLENGINE_SPEECH__DIR": str(PROMPTS),
            "CALLENGINE_PBX__MODE": "external",
            "CALLENGINE_PBX__AMI_PORT": str(ami_port),
            "CALLENGINE_PBX__AMI_USER": pbx.ami_user,
            "CALLENGINE_PBX__AMI_SECRET": pbx.ami_secret,
            "CALLENGINE_PBX__FASTAGI_PORT": str(pbx.fastagi_port),
            "CALLENGINE_PBX__RECORDINGS_DIR": str(pbx.recordings_dir),
            **(more or {}),
        }
        self.process: asyncio.subprocess.Process | None = None
        self._http: aiohttp.ClientSession | None = None

    async def furnish(self) -> None:
        """The sample town, and tokens for its people (logins), without their slow passwords.

        An SQLite file is made once in a session; each engine gets a copy of its own.
        """
        global _furnished
        self.folder.mkdir(parents=True, exist_ok=True)
        path = sqlite_path(self.store_url)
        if path is None or _furnished is None:
            await self._furnish()
            if path is not None:
                _furnished = await asyncio.to_thread(path.read_bytes), self.tokens
        else:
            content, self.tokens = _furnished
            await asyncio.to_thread(path.write_bytes, content)

    async def _furnish(self) -> None:
        await asyncio.to_thread(migrate, self.store_url)
        store, clock = Store(self.store_url), SystemClock()
        try:
            await load_town(store, clock, None, zone=ZoneInfo("Europe/Moscow"))
            access = AccessService(store, clock)
            for member in await access.members():
                self.tokens[member.login] = await access.create_token(member.login, member.role, staff_id=member.id)
            access.close()
        finally:
            await store.close()

    async def start(self, *, seconds: float = 40) -> None:
        """Until it serves and sees the PBX."""
        with await asyncio.to_thread(open, self.log, "ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "callengine.cli", "--log-style", "brief", "run",
                cwd=self.folder, env=self._env, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        if self._http is None:
            self._http = aiohttp.ClientSession()
        await self.until(self._sees_pbx, "the engine sees the PBX", seconds=seconds)

    async def _sees_pbx(self) -> bool:
        assert self.process is not None
        if self.process.returncode is not None:
            raise AssertionError(f"the engine ended with {self.process.returncode}:\n{self.tail()}")
        try:
            health = await self.get("/health")
        except aiohttp.ClientError:
            return False
        return bool(health["pbx"][0]["state"] == "up")

    async def kill(self) -> None:
        """SIGKILL: no time to say goodbye."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        try:
            if self.process is not None and self.process.returncode is None:
                await self._end(signal.SIGTERM)
        finally:
            if self._http is not None:
                await self._http.close()

    async def _end(self, how: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(how)
        try:
            async with asyncio.timeout(30):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise AssertionError(f"the engine did not end within 30 s of {how.name}:\n{self.tail()}") from None

    def tail(self, lines: int = 40) -> str:
        if not self.log.exists():
            return "it was not started"
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])

    # --- asking ------------------------------------------------------------------------------------------

    async def ask(self, method: str, path: str, body: Any = None, *, who: str = "orlova") -> tuple[int, Any]:
        """Status and JSON."""
        assert self._http is not None
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        async with self._http.request(method, f"{self.url}/api/v1{path}", json=body, headers=headers) as answer:
            raw = await answer.read()
            return answer.status, (await answer.json(content_type=None)) if raw else None

    async def get(self, path: str, *, who: str = "orlova") -> Any:
        status, body = await self.ask("GET", path, who=who)
        assert status == 200, (path, status, body)
        return body

    async def every(self, path: str) -> list[dict[str, Any]]:
        """All pages of a list."""
        items: list[dict[str, Any]] = []
        joint = "&" if "?" in path else "?"
        page = await self.get(f"{path}{joint}limit=100")
        items += page["items"]
        while page["next"]:
            page = await self.get(f"{path}{joint}limit=100&cursor={page['next']}")
            items += page["items"]
        return items

    async def calls(self) -> list[dict[str, Any]]:
        return await self.every("/calls")

    async def duties(self) -> list[dict[str, Any]]:
        return await self.every("/callbacks?state=all")

    async def until(self, fact: Callable[[], Awaitable[Any]], words: str, *, seconds: float = 30) -> Any:
        """Poll until the fact holds; the answer that held."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not (answer := await fact()):
            assert loop.time() < deadline, f"not within {seconds} s: {words}\n{self.tail()}"
            await asyncio.sleep(0.1)
        return answer

    async def until_ended(self, count: int, *, seconds: float = 60) -> list[dict[str, Any]]:
        """Until exactly so many calls are known and all have ended."""

        async def ended() -> list[dict[str, Any]] | None:
            calls = await self.calls()
            return calls if len(calls) >= count and all(c["state"] == "ended" for c in calls) else None

        found: list[dict[str, Any]] = await self.until(ended, f"{count} calls have ended", seconds=seconds)
        return found
