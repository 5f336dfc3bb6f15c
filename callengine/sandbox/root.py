"""Finds an Asterisk for the sandbox: the machine's own, else one in a private Debian root that is made here once."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import shutil
import socket
import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from callengine.config import Sandbox
from callengine.errors import EngineError

Tell = Callable[[str], None]

# The Debian release that carries each version: Debian 12 and 13 have no package of Asterisk.
RELEASES = {"22": "sid", "16": "bullseye"}
NEEDED_BYTES = 1_500_000_000  # the root takes about 500 MB, and as much again while it is made
_STEPS = {
    "Retrieving": "downloading",
    "Extracting": "extracting the base",
    "Unpacking": "unpacking",
    "Configuring": "configuring",
}


class NoAsterisk(EngineError):
    """There is no Asterisk for the sandbox, and none could be made."""

    code = "no-asterisk"


@dataclass(frozen=True, slots=True)
class Root:
    """Where an Asterisk lives. `path` is "/" for the machine's own."""

    path: Path
    binary: str  # as seen inside the root
    version: int

    @property
    def own(self) -> bool:
        return self.path == Path("/")

    def command(self, *arguments: str) -> list[str]:
        """A command line that runs this Asterisk."""
        return [*([] if self.own else ["chroot", str(self.path)]), self.binary, *arguments]

    def inside(self, path: Path) -> str:
        """The path as the Asterisk sees it."""
        return str(path) if self.own else "/" + str(path.relative_to(self.path))

    @property
    def modules(self) -> Path:
        """The folder of its modules: with a wrong one Asterisk stays mute, without an error."""
        for pattern in ("usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules", "usr/lib64/asterisk/modules"):
            for found in self.path.glob(pattern):
                if (found / "app_dial.so").exists():
                    return found
        raise NoAsterisk(f"{self.binary} in {self.path} has no modules: reinstall it")

    @property
    def data(self) -> Path:
        """The folder with its documentation, which some modules read when they load."""
        for name in ("usr/share/asterisk", "var/lib/asterisk"):
            if (self.path / name / "documentation").is_dir():
                return self.path / name
        return self.path / "usr/share/asterisk"


async def find_or_make(settings: Sandbox, tell: Tell) -> Root:
    """The Asterisk to use: the root named in the settings, else the PATH's, else a root of our own.

    The first time a root takes about a minute and 500 MB; later calls are instant. Raises NoAsterisk.
    """
    if not settings.root and (found := await asyncio.to_thread(_on_path)):
        return found
    home = Path(settings.root) if settings.root else settings.dir / f"asterisk-{settings.asterisk}"
    home = home.absolute()
    if (root := await asyncio.to_thread(_in_root, home)) is None:
        await asyncio.to_thread(_make, home, settings.asterisk, tell)
        root = await asyncio.to_thread(_in_root, home)
    if root is None:
        raise NoAsterisk(f"the root {home} was made but holds no Asterisk: remove it and try again")
    if os.geteuid() != 0:
        raise NoAsterisk(
            f"root rights are needed to chroot into {home}: run as root, or install an asterisk of your own"
        )
    await asyncio.to_thread(_know_own_name, home)
    return root


def _on_path() -> Root | None:
    binary = shutil.which("asterisk") or shutil.which("asterisk", path="/usr/sbin:/usr/local/sbin")
    version = _version([binary, "-V"]) if binary else None
    return Root(Path("/"), binary, version) if binary and version and version >= 16 else None


def _in_root(home: Path) -> Root | None:
    for binary in ("usr/sbin/asterisk", "usr/bin/asterisk"):
        if (home / binary).exists():
            if os.geteuid() != 0:
                return Root(home, "/" + binary, 0)  # cannot be asked; find_or_make explains
            if version := _version(["chroot", str(home), "/" + binary, "-V"]):
                return Root(home, "/" + binary, version)
    return None


def _version(command: Sequence[str]) -> int | None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    found = re.match(r"Asterisk (?:GIT-)?(?:certified[/-])?(\d+)", done.stdout)
    return int(found.group(1)) if found else None


def _know_own_name(home: Path) -> None:
    """Put the machine's name into the root's /etc/hosts: else every call waits for DNS in Asterisk's SIP threads."""
    hosts, name = home / "etc/hosts", socket.gethostname()
    known = hosts.read_text("utf-8") if hosts.exists() else ""
    if f" {name} " in known.replace("\n", " ").replace("\t", " ") + " ":
        return
    lines = known or "127.0.0.1 localhost\n::1 localhost\n"
    fresh = hosts.with_name(f".hosts-{os.getpid()}")
    fresh.write_text(f"{lines.rstrip()}\n127.0.1.1 {name} \n", "utf-8")
    fresh.replace(hosts)


def _make(home: Path, version: str, tell: Tell) -> None:
    """Make the root beside its place and move it there whole, so that a half-made one is never mistaken for it."""
    _check_possible(home)
    with _alone(home):
        if _in_root(home):  # somebody else made it while we waited
            return
        if home.exists() and any(home.iterdir()):
            raise NoAsterisk(f"{home} is not empty and holds no Asterisk: name another [sandbox] root, or empty it")
        partial = home.with_name(home.name + ".partial")
        _remove(partial)
        tell(f"making a private Debian with Asterisk {version} in {home}: Debian 12 and 13 carry no package of it")
        tell("  this happens once, takes one or two minutes and 500 MB; nothing of your system is changed")
        try:
            _debootstrap(RELEASES[version], partial, tell)
            _shrink(partial)
            if home.exists():
                home.rmdir()
            partial.rename(home)
        except BaseException:
            _remove(partial)
            raise
    tell(f"  Asterisk {version} is ready")


def _check_possible(home: Path) -> None:
    if os.geteuid() != 0:
        raise NoAsterisk("making a root with Asterisk needs root: run as root, or install an asterisk of your own")
    if not shutil.which("debootstrap", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"):
        raise NoAsterisk("there is no debootstrap: apt-get install debootstrap (or put an asterisk on the PATH)")
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(home.parent).free
    except OSError as error:
        raise NoAsterisk(f"{home.parent} cannot be made: {error.strerror}") from None
    if free < NEEDED_BYTES:
        raise NoAsterisk(
            f"{home.parent} has {free // 1_000_000} MB free and the root needs {NEEDED_BYTES // 1_000_000} MB: "
            "make room, or name another [sandbox] root"
        )


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    with open(home.with_name(home.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _debootstrap(release: str, target: Path, tell: Tell) -> None:
    command = ["debootstrap", "--variant=minbase", "--include=asterisk", release, str(target)]
    env = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    env["PATH"] = f"{env.get('PATH', '')}:/usr/sbin:/sbin"
    tail: deque[str] = deque(maxlen=12)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=env
    ) as process:
        assert process.stdout is not None
        told: dict[str, int] = {}
        for line in process.stdout:
            tail.append(line.rstrip())
            if step := _STEPS.get(line.removeprefix("I: ").split(" ")[0]):
                told[step] = count = told.get(step, 0) + 1
                if count == 1 or count % 50 == 0:
                    tell(f"  {step}" + (f": {count} packages" if count > 1 else " …"))
    if process.returncode != 0:
        raise NoAsterisk(_why(release, target, "\n".join(tail)))


def _why(release: str, target: Path, tail: str) -> str:
    log = target / "debootstrap/debootstrap.log"
    text = tail + (log.read_text("utf-8", errors="replace")[-2000:] if log.exists() else "")
    if "No space left" in text:
        return f"the disk is full: {target.parent} needs {NEEDED_BYTES // 1_000_000} MB free"
    if re.search(r"getting (Release|InRelease)|Temporary failure|unable to resolve|Couldn't download", text):
        return f"Debian {release} could not be downloaded: is the network up? debootstrap said:\n{tail}"
    return f"debootstrap of {release} failed:\n{text[-2000:]}"


def _shrink(root: Path) -> None:
    for package in root.glob("var/cache/apt/archives/*.deb"):
        package.unlink()


def _remove(partial: Path) -> None:
    if not partial.exists():
        return
    # debootstrap mounts proc and sys in there; removing through a mount would be a disaster.
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((m for m in mounts if m.startswith(f"{partial}/")), reverse=True):
        subprocess.run(["umount", "-l", mount], check=True)
    shutil.rmtree(partial)
