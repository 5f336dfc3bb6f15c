"""A private Asterisk: written, started, watched and stopped here; it runs OUR dialplan as an administrator would."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import logging
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from callengine.config import OnePbx, Settings
from callengine.errors import EngineError
from callengine.sandbox import config_files, prompts
from callengine.sandbox.root import Root, Tell, find_or_make

log = logging.getLogger(__name__)

DIALPLAN = Path(__file__).resolve().parents[2] / "dialplan"
BOOT_SECONDS = 60.0
STOP_SECONDS = 15.0
WATCH_SECONDS = 1.0


class SandboxFailed(EngineError):
    """The sandbox's Asterisk could not be started."""

    code = "sandbox-failed"


@dataclass(frozen=True, slots=True)
class _Kept:
    """What must outlive a restart of the engine: a running Asterisk keeps its secret and its ports."""

    ami_secret: str
    fastagi_port: int


class SandboxPbx:
    """One private Asterisk.

    `prepare` finds or makes the Asterisk and writes its files, `start` brings it up, or takes over the one that an
    engine that was killed has left running, with its calls. `stop` ends it; `kill` is the accident, for tests.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        instance: str = "",
        dialplan_settings: Mapping[str, str] | None = None,
        tell: Tell = print,
    ) -> None:
        self._settings = settings
        self._name = instance or f"pbx-{settings.sandbox.sip_port}"
        self._globals = dict(dialplan_settings or {})
        self._tell = tell
        self._root: Root | None = None
        self._home = Path()
        self._kept = _Kept("", 0)
        self._mark = ""
        self._child: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None
        self._wanted = False

    # What others need to know ---------------------------------------------------------------------------------

    @property
    def ami_host(self) -> str:
        return "127.0.0.1"

    @property
    def ami_port(self) -> int:
        return self._settings.pbx.ami_port

    @property
    def ami_user(self) -> str:
        return self._settings.pbx.ami_user

    @property
    def ami_secret(self) -> str:
        return self._kept.ami_secret

    @property
    def fastagi_port(self) -> int:
        """Where the dialplan looks for the engine: the engine must listen here."""
        return self._kept.fastagi_port

    @property
    def sip_port(self) -> int:
        return self._settings.sandbox.sip_port

    @property
    def trunk_port(self) -> int:
        return self._settings.sandbox.trunk_port

    @property
    def operators(self) -> list[str]:
        """Extensions, which are also the SIP user names; the secret is settings.sandbox.operator_secret."""
        return [str(config_files.FIRST_OPERATOR + n) for n in range(self._settings.sandbox.operators)]

    @property
    def version(self) -> int:
        return self._ready().version

    @property
    def instance_dir(self) -> Path:
        """On the host: etc, lib (the database), log, run, spool."""
        return self._home

    @property
    def recordings_dir(self) -> Path:
        """On the host: names of recordings (callengine/….wav) are relative to it."""
        return self._home / "spool/monitor"

    @property
    def speech_dir(self) -> tuple[Path, str]:
        """Where the robot's sentences are spoken to: on the host, and as the Asterisk sees it."""
        folder = self._home / "spool/robot"
        return folder, self._ready().inside(folder)

    @property
    def log_file(self) -> Path:
        return self._home / "log/messages.log"

    def joined(self) -> OnePbx:
        """The settings with which the engine joins this PBX."""
        return self._settings.pbx.model_copy(
            update={
                "ami_host": self.ami_host,
                "ami_secret": self.ami_secret,
                "fastagi_port": self.fastagi_port,
                "recordings_dir": str(self.recordings_dir),
            }
        )

    # Its life -------------------------------------------------------------------------------------------------

    async def prepare(self) -> SandboxPbx:
        """Find or make an Asterisk, speak the prompts, write the files. Seconds when nothing is new.

        Raises NoAsterisk, NoVoice, SandboxFailed.
        """
        root = await find_or_make(self._settings.sandbox, self._tell)
        self._root = root
        base = self._settings.sandbox.dir.absolute() / "srv" if root.own else root.path / "srv"
        self._home = base / self._name
        try:
            await asyncio.to_thread(self._write)
        except OSError as error:
            raise SandboxFailed(f"{self._home} could not be written: {error.strerror}") from error
        return self

    async def start(self) -> None:
        """Bring it up and wait until it takes calls. Raises SandboxFailed with the end of its log."""
        root = self._ready()
        self._take_lock()
        if pid := self._running_pid():
            if (self._home / "run/mark").is_file() and (self._home / "run/mark").read_text() == self._mark:
                log.info("taking over the running sandbox", extra={"action": "sandbox_adopted", "pid": pid})
                await self._booted()
                self._wanted = True
                return
            self._tell("an older sandbox still runs with other settings: stopping it")
            await self._end(pid, signal.SIGTERM)
        self._check_ports()
        self._launch(root)
        try:
            await self._booted()
        except BaseException:  # also Ctrl-C during the start: leave none behind that nobody would stop
            await self.kill()
            raise
        self._wanted = True
        (self._home / "run/mark").write_text(self._mark)
        log.info(
            "sandbox is up", extra={"action": "sandbox_started", "asterisk": root.version, "sip_port": self.sip_port}
        )

    async def stop(self) -> None:
        """End it and wait until it is gone; harmless when it does not run."""
        self._wanted = False
        if pid := self._running_pid():
            await self._end(pid, signal.SIGTERM)
        self._release()

    async def kill(self) -> None:
        """SIGKILL, as a power cut would; for tests. `watch` leaves it dead."""
        self._wanted = False
        if pid := self._running_pid():
            await self._end(pid, signal.SIGKILL)
        self._release()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def watch(self) -> None:
        """Start it again whenever it dies by itself, with growing pauses while that fails; runs until cancelled."""
        wait = WATCH_SECONDS
        while True:
            await asyncio.sleep(wait)
            if not self._wanted or self.running:
                wait = WATCH_SECONDS
                continue
            log.error("the sandbox's Asterisk died; starting it again", extra={"action": "sandbox_died"})
            try:
                await self.start()
            except SandboxFailed as error:
                self._wanted, wait = True, min(wait * 2, 60.0)
                log.error("the sandbox does not start", extra={"action": "sandbox_failed", "why": error.detail})

    @property
    def running(self) -> bool:
        return self._running_pid() is not None

    async def cli(self, command: str, *, timeout_seconds: float = 15.0) -> str:
        """What a console command prints. Raises SandboxFailed."""
        root = self._ready()
        line = root.command("-C", root.inside(self._home / "etc/asterisk.conf"), "-rx", command)
        done = await asyncio.to_thread(_output, line, timeout_seconds)
        if done is None:
            raise SandboxFailed(f"`{command}` got no answer from Asterisk; its log ends:\n{self._tail()}")
        return done

    async def remove(self) -> None:
        """Stop it and delete its instance directory: recordings, ledger, everything."""
        await self.stop()
        if self._root is not None:
            await asyncio.to_thread(shutil.rmtree, self._home, True)

    # How ------------------------------------------------------------------------------------------------------

    def _ready(self) -> Root:
        if self._root is None:
            raise SandboxFailed("call prepare() first")
        return self._root

    def _write(self) -> None:
        root, home = self._ready(), self._home
        for name in (
            "etc/callengine",
            "lib/agi-bin",
            "lib/keys",
            "log",
            "run",
            "spool/monitor/callengine",
            "cache",
            "share/moh",
        ):
            (home / name).mkdir(parents=True, exist_ok=True)
        home.chmod(0o700)
        self._kept = self._keep(home / "kept.json")
        cache = self._settings.sandbox.dir.absolute() / "prompts"
        prompts.render_all(home / "share/sounds", cache)
        prompts.render_tones(home / "share/sounds", cache)
        prompts.render_hold_music(home / "share/moh", cache)
        for found in root.data.iterdir():
            link = home / "share" / found.name
            if found.name not in ("sounds", "moh") and not link.is_symlink():
                link.symlink_to(root.inside(found))
        files = config_files.render(self._plan(root), DIALPLAN, _indications(root))
        self._mark = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
        for file_name, text in files.items():
            _write_if_new(home / "etc" / file_name, text)

    def _keep(self, file: Path) -> _Kept:
        old = json.loads(file.read_text("utf-8")) if file.exists() else {}
        kept = _Kept(
            ami_secret=self._settings.pbx.ami_secret or old.get("ami_secret") or secrets.token_hex(16),
            fastagi_port=self._settings.pbx.fastagi_port or old.get("fastagi_port") or _free_port(),
        )
        _write_if_new(file, json.dumps({"ami_secret": kept.ami_secret, "fastagi_port": kept.fastagi_port}))
        return kept

    def _plan(self, root: Root) -> config_files.Plan:
        settings = self._settings
        return config_files.Plan(
            home=root.inside(self._home),
            modules=root.inside(root.modules),
            available=frozenset(path.stem for path in root.modules.glob("*.so")),
            version=root.version,
            sip_port=self.sip_port,
            trunk_port=self.trunk_port,
            ami_port=self.ami_port,
            ami_user=self.ami_user,
            ami_secret=self._kept.ami_secret,
            fastagi=f"{_reachable(settings.pbx.fastagi_host)}:{self._kept.fastagi_port}",
            operators=settings.sandbox.operators,
            operator_secret=settings.sandbox.operator_secret,
            language=settings.locale.language,
            timezone=settings.locale.timezone,
            settings=self._globals,
        )

    def _take_lock(self) -> None:
        """One engine per instance: two by mistake must not stop each other's Asterisk."""
        if self._lock is not None:
            return
        lock = open(self._home / "run/lock", "w")  # held while the instance is ours
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise SandboxFailed(
                f"another engine already runs the sandbox in {self._home}: stop it, or set another [sandbox] sip_port"
            ) from None
        self._lock = lock

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _check_ports(self) -> None:
        for kind, port, key in (
            (socket.SOCK_DGRAM, self.sip_port, "[sandbox] sip_port"),
            (socket.SOCK_STREAM, self.ami_port, "[pbx] ami_port"),
        ):
            with socket.socket(socket.AF_INET, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1 if kind == socket.SOCK_STREAM else 0)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as error:
                    self._release()
                    raise SandboxFailed(f"port {port} is taken ({error.strerror}): choose another {key}") from None

    def _launch(self, root: Root) -> None:
        (self._home / "run/asterisk.pid").unlink(missing_ok=True)
        command = root.command("-C", root.inside(self._home / "etc/asterisk.conf"), "-f")
        with open(self._home / "log/console.log", "wb") as console:
            # A session of its own: Ctrl-C at the terminal is the engine's to hear, and it stops Asterisk in order.
            self._child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True
            )

    async def _booted(self) -> None:
        deadline = time.monotonic() + BOOT_SECONDS
        root = self._ready()
        line = root.command("-C", root.inside(self._home / "etc/asterisk.conf"), "-rx", "core waitfullybooted")
        while time.monotonic() < deadline:
            if self._child is not None and self._child.poll() is not None:
                break
            answer = await asyncio.to_thread(_output, line, 5.0)
            if answer and "fully booted" in answer:
                return
            await asyncio.sleep(0.1)
        dead = self._child is not None and self._child.poll() is not None
        why = "ended" if dead else f"was not up within {BOOT_SECONDS:.0f} s"
        tail = self._tail()
        await self.kill()
        raise SandboxFailed(f"the sandbox's Asterisk {why}; its log ends:\n{tail}")

    def _tail(self) -> str:
        lines: list[str] = []
        for name in ("log/console.log", "log/messages.log"):
            file = self._home / name
            if file.exists():
                lines += file.read_text("utf-8", errors="replace").splitlines()[-12:]
        return "\n".join(lines)

    def _running_pid(self) -> int | None:
        """The pid of this instance's Asterisk: by its file, and only when the process proves to be ours."""
        if self._child is not None and self._child.poll() is None:
            return self._child.pid
        if self._root is None:
            return None
        try:
            pid = int((self._home / "run/asterisk.pid").read_text().strip())
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            root = Path(os.readlink(f"/proc/{pid}/root"))
        except (OSError, ValueError):
            return None
        conf = self._root.inside(self._home / "etc/asterisk.conf").encode()
        return pid if conf in command and root == self._root.path.resolve() else None

    async def _end(self, pid: int, how: signal.Signals) -> None:
        """Signal, and wait until the process is gone: a start beside a dying one leaves none running."""
        try:
            os.kill(pid, how)
            deadline = time.monotonic() + STOP_SECONDS
            while self._alive(pid):
                if time.monotonic() > deadline:
                    os.kill(pid, signal.SIGKILL)
                    deadline += STOP_SECONDS
                await asyncio.sleep(0.05)
        except ProcessLookupError:
            pass
        (self._home / "run/mark").unlink(missing_ok=True)

    def _alive(self, pid: int) -> bool:
        if self._child is not None and self._child.pid == pid:
            return self._child.poll() is None
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
            # Its first thread may be a zombie while others still run and hold the ports.
            return state != "Z" or len(os.listdir(f"/proc/{pid}/task")) > 1
        except OSError:
            return False


def _output(command: list[str], timeout_seconds: float) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, timeout=timeout_seconds, check=False)
    except subprocess.TimeoutExpired:
        return None
    return done.stdout.decode("utf-8", errors="replace") if done.returncode == 0 else None


def _write_if_new(file: Path, text: str) -> None:
    if file.exists() and file.read_text("utf-8") == text:
        return
    part = file.with_name(f".{file.name}.part")
    part.touch(mode=0o600)
    part.write_text(text, "utf-8")
    part.replace(file)


def _indications(root: Root) -> str:
    """Debian's own sample: without its tones recordings lose sound after a transfer."""
    places = ("etc/asterisk/indications.conf", "usr/share/asterisk/conf/indications.conf")
    for place in places:
        file = root.path / place
        if file.exists() and file.stat().st_size > 1000:
            return file.read_text("utf-8", errors="replace")
    raise SandboxFailed(
        f"no sample of indications.conf in {root.path}: recordings would lose sound; reinstall asterisk"
    )


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("", "0.0.0.0", "::") else host


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
