"""A private PostgreSQL server for the tests: loopback only, in a temporary folder, thrown away afterwards."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import asyncpg

from callengine.store.engines import is_dead, owner_name

Result = TypeVar("Result")

START_SECONDS = 30
PREFIX = "callengine-pg-"  # also of the folder of SQLite files in memory
MEMORY, MEMORY_BYTES = Path("/dev/shm"), 2 << 30
# Whose folder it is; one without it is younger than this, or its owner died before he could say so.
OWNER, NAMELESS_SECONDS = "owner", 3600
TEMPLATE = "callengine_template"
USER = "callengine"


def binaries() -> Path | None:
    """Where initdb and postgres are; the newest version that Debian installed, 15 first."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts[-3] != "15")
    return found[0].parent if found else None


def apart(work: Callable[[], Result]) -> Result:
    """Run it in a thread of its own, so that it may use asyncio.run while a test's loop runs."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(work).result()


def memory() -> Path | None:
    """The folder whose files lie in memory; None where there is none, or too little room for a run."""
    roomy = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES
    return MEMORY if roomy else None


def sweep(parent: Path | None = None) -> None:
    """Ends the servers of test runs that were killed, and removes their folders; a living run's are left alone.

    In one folder, or wherever our runs leave anything.
    """
    parents = (parent,) if parent else (Path(tempfile.gettempdir()), MEMORY)
    for folder in (one for each in parents for one in each.glob(f"{PREFIX}*")):
        try:
            owner = folder / OWNER
            if owner.exists():
                dead = is_dead(owner.read_text("utf-8"))
            else:
                dead = time.time() - folder.stat().st_mtime > NAMELESS_SECONDS
            if dead:
                _end_server(folder)
        except OSError:  # another run sweeps it at this moment
            continue


def _end_server(folder: Path) -> None:
    pid_file = folder / "data" / "postmaster.pid"
    if pid_file.exists():
        pid = int(pid_file.read_text().splitlines()[0])
        process = Path(f"/proc/{pid}")
        # Ids are used again: only the server that has this folder is meant.
        if process.exists() and str(folder / "data").encode() in (process / "cmdline").read_bytes().split(b"\0"):
            os.kill(pid, signal.SIGQUIT)  # "immediate": nothing of it is needed
            deadline = time.monotonic() + START_SECONDS
            while pid_file.exists() and process.exists() and time.monotonic() < deadline:
                time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)


class PostgresServer:
    """One server for the whole test session; databases are copies of one migrated template.

    In memory where there is room: a copy of the template is 300 files, and on a disk one takes 0.75 s, 0.45 of them of
    the processor, instead of 0.04. With a folder of its own it is kept there from one run to the next (benches).
    """

    settings: ClassVar[dict[str, object]] = {
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "shared_buffers": "32MB",
        "max_connections": 200,
        "autovacuum": "off",
    }

    def __init__(self, kept: Path | None = None) -> None:
        self._bin = binaries()
        self._kept = kept
        if kept is None:
            sweep()
        self._dir = kept or Path(tempfile.mkdtemp(prefix=PREFIX, dir=memory()))
        if kept is None:
            (self._dir / OWNER).write_text(owner_name(), "utf-8")
        self._count = 0
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def start(self) -> None:
        assert self._bin is not None, "PostgreSQL is not installed: make setup-test"
        # PostgreSQL refuses to run as root, so it gets a user of its own.
        self._as: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        self._dir.mkdir(parents=True, exist_ok=True)
        if self._as:
            shutil.chown(self._dir, "postgres", "postgres")
        data = self._dir / "data"
        if not (data / "PG_VERSION").exists():
            subprocess.run(
                [
                    self._bin / "initdb",
                    "-D",
                    data,
                    "-U",
                    USER,
                    "-A",
                    "trust",
                    *"-E UTF8 --locale=C.UTF-8 --no-sync".split(),
                ],
                check=True,
                stdout=subprocess.DEVNULL,
                cwd=self._dir,
                **self._as,
            )
        for _ in range(5):  # another process may take the free port between our look and the server's
            if self._run(data):
                return
        raise AssertionError((self._dir / "log").read_text())

    def _run(self, data: Path) -> bool:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        settings = self.settings | {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self._dir,
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        assert self._bin is not None
        with (self._dir / "log").open("wb") as out:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", data, *options], stdout=out, stderr=out, cwd=self._dir, **self._as
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if apart(lambda: asyncio.run(self._answers())):
                return True
            time.sleep(0.05)
        return False

    async def _answers(self) -> bool:
        try:
            conn = await asyncpg.connect(self._dsn("postgres"))
        except (OSError, asyncpg.PostgresError):
            return False
        await conn.close()
        return True

    def _dsn(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://{USER}@127.0.0.1:{self.port}/{database}"

    def create(self, template: str = TEMPLATE, *, name: str = "") -> str:
        """A new database, copied from the template (or "template0": empty); gives its name."""
        self._count += 1
        name = name or f"test_{self._count}"
        # The files as they are: through the log, as PostgreSQL does it by itself, it takes two to three times as long.
        apart(lambda: asyncio.run(self._execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")))
        return name

    def drop(self, name: str) -> None:
        apart(lambda: asyncio.run(self._execute(f"DROP DATABASE {name} WITH (FORCE)")))

    def has(self, name: str) -> bool:
        return apart(lambda: asyncio.run(self._has(name)))

    async def _has(self, name: str) -> bool:
        conn = await asyncpg.connect(self._dsn("postgres"))
        try:
            return bool(await conn.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", name))
        finally:
            await conn.close()

    def rename(self, name: str, new: str) -> None:
        apart(lambda: asyncio.run(self._execute(f"ALTER DATABASE {name} RENAME TO {new}")))

    async def _execute(self, statement: str) -> None:
        conn = await asyncpg.connect(self._dsn("postgres"))
        try:
            await conn.execute(statement)
        finally:
            await conn.close()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # "fast": ends the sessions and stops
            try:
                self._process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(timeout=30)
        if self._kept is None:
            shutil.rmtree(self._dir, ignore_errors=True)
