#!/usr/bin/env python3
"""Sends finished recordings from a remote PBX to the engine; runs beside Asterisk with Python 3.9 alone.

A file is sent again until the engine has confirmed its SHA-256: a dead engine, a full disk on either side, a cut line
or a restart of this script lose nothing. Confirmed files stay where they are for KEEP_DAYS and are then removed.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import logging
import os
import random
import re
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

log = logging.getLogger("upload_recording")

QUIET_SECONDS = 10.0  # Asterisk writes to a recording all the time: one that rests is finished
FIRST_WAIT, LONGEST_WAIT = 2.0, 300.0
EMPTY_BYTES = 44  # a head without sound: nobody answered that call
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,150}\.wav")  # the engine takes no other


class Refused(Exception):
    """The engine will not take this file, however often it is sent."""


class Later(Exception):
    """It did not work now. `seconds`: what the engine asked for, or None."""

    def __init__(self, why: str, seconds: float | None = None) -> None:
        super().__init__(why)
        self.seconds = seconds


class LaterAlone(Later):
    """It did not work for this file; the others have nothing to do with it."""


class Spool:
    """Which files wait. Its memory is one small file beside each sent recording, so a crash forgets nothing."""

    def __init__(self, folder: Path, keep_days: float) -> None:
        self._folder, self._keep_seconds = folder, keep_days * 86_400
        self._sent_unmarked: dict[str, float] = {}  # when a full disk did not take the mark
        self._aside: dict[str, tuple[float, float]] = {}  # by name: not before this moment, and the pause until then
        self._misnamed: set[str] = set()  # told once

    @property
    def aside(self) -> int:
        """How many files wait for a time of their own, or for ever for a name that the engine takes."""
        return sum((self._folder / name).exists() for name in {*self._aside, *self._misnamed})

    def put_aside(self, path: Path) -> None:
        """The engine does not take it now, but others: it is sent again after a pause that doubles."""
        pause = min(self._aside.get(path.name, (0.0, FIRST_WAIT))[1] * 2, LONGEST_WAIT)
        self._aside[path.name] = (time.monotonic() + pause, pause)

    def waiting(self) -> Iterator[Path]:
        """Finished recordings that the engine has not confirmed, oldest first."""
        found = []
        now = time.time()
        for path in self._folder.glob("*.wav"):
            try:
                state = path.stat()
            except FileNotFoundError:
                continue
            if self._is_sent(path, state.st_mtime):
                self._forget_old(path, now)
            elif now - state.st_mtime >= QUIET_SECONDS:
                if state.st_size > EMPTY_BYTES:
                    if self._may_go(path):
                        found.append((state.st_mtime, path))
                elif now - state.st_mtime > 86_400:
                    path.unlink()
        for _, path in sorted(found):
            yield path

    def _may_go(self, path: Path) -> bool:
        if not NAME.fullmatch(path.name):
            if path.name not in self._misnamed:
                self._misnamed.add(path.name)
                log.error("%s stays here: the engine takes names like LINKEDID.wav, rename it", path.name)
            return False
        return self._aside.get(path.name, (0.0, 0.0))[0] <= time.monotonic()

    def mark(self, path: Path, how: str) -> None:
        """Never to be sent again; `how` is sent or refused."""
        self._aside.pop(path.name, None)
        self._sent_unmarked[path.name] = path.stat().st_mtime
        try:
            _mark_of(path).write_text(how + "\n")
        except OSError as error:
            # It would be sent once more after a restart: the engine takes the same file twice without harm.
            log.warning("%s was %s but could not be marked: %s", path.name, how, error.strerror)

    def _is_sent(self, path: Path, changed: float) -> bool:
        return _mark_of(path).exists() or self._sent_unmarked.get(path.name) == changed

    def _forget_old(self, path: Path, now: float) -> None:
        mark = _mark_of(path)
        try:
            # A refused file is nobody's evidence yet: it stays until somebody has looked.
            if now - mark.stat().st_mtime > self._keep_seconds and mark.read_text().startswith("sent"):
                path.unlink()
                mark.unlink()
        except OSError:
            return


def _mark_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.state")


def send(path: Path, engine: str, token: str, pbx: str, timeout: float = 60.0) -> None:
    """One try. Raises Refused or Later."""
    digest, size = _digest(path)
    url = urlsplit(engine)
    secure = url.scheme == "https"
    place = (url.hostname or "", url.port)
    link = (
        http.client.HTTPSConnection(*place, timeout=timeout, context=ssl.create_default_context())
        if secure
        else http.client.HTTPConnection(*place, timeout=timeout)
    )
    target = f"{url.path.rstrip('/')}/api/v1/pbx/{quote(pbx, safe='')}/recordings/{quote(path.name, safe='')}"
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "audio/wav",
        "Content-Length": str(size),
        "X-Content-SHA256": digest,
    }
    try:
        with path.open("rb") as file:
            link.request("POST", target, body=file, headers=headers)
            answer = link.getresponse()
            text = answer.read(65_536)
    except (OSError, http.client.HTTPException) as error:
        raise Later(f"the engine did not answer: {error or type(error).__name__}") from error
    finally:
        link.close()
    _judge(answer.status, answer.getheader("Retry-After"), text, digest)


def _judge(status: int, retry_after: str | None, text: bytes, digest: str) -> None:
    if 200 <= status < 300:
        try:
            confirmed = json.loads(text).get("sha256")
        except (ValueError, AttributeError):
            confirmed = None
        if confirmed != digest:
            raise Later("the answer does not confirm the SHA-256: is this callengine, or a proxy?")
        return
    why = f"HTTP {status}: {text[:300].decode('utf-8', 'replace')}"
    if status in (400, 413, 415):
        raise Refused(why)
    if status == 422:  # the line broke this file; the next one may be whole
        raise LaterAlone(why)
    # 401, 403 and 404: an administrator mends them (token, name of the PBX); 5xx: later.
    raise Later(why, float(retry_after) if retry_after and retry_after.isdigit() else None)


def _digest(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size


def work(spool: Spool, engine: str, token: str, pbx: str, once: bool = False) -> int:
    """Send all that waits, for ever (or once: then the answer is how many still wait)."""
    wait = FIRST_WAIT
    while True:
        left, blocked = 0, False
        for path in spool.waiting():
            try:
                send(path, engine, token, pbx)
                spool.mark(path, "sent")
                log.info("sent %s", path.name)
                wait = FIRST_WAIT
            except FileNotFoundError:
                continue
            except Refused as error:
                log.error("%s is refused and stays here: %s", path.name, error)
                spool.mark(path, "refused")
            except LaterAlone as error:
                spool.put_aside(path)
                log.warning("%s waits: %s", path.name, error)
            except Later as error:
                left, blocked = left + 1, True
                wait = min(max(wait * 2, error.seconds or 0.0), LONGEST_WAIT)
                log.warning("%s waits: %s", path.name, error)
                if not once:
                    break  # one stone in the way is enough: do not try a thousand files on a dead engine
        if once:
            return left + spool.aside
        time.sleep(wait * random.uniform(0.7, 1.0) if blocked else QUIET_SECONDS)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("/var/spool/asterisk/monitor/callengine"))
    parser.add_argument("--engine", default=os.environ.get("CALLENGINE_URL", ""), help="https://engine.example:8080")
    parser.add_argument("--pbx", default=os.environ.get("CALLENGINE_PBX", socket.gethostname()), help="[pbx] name")
    parser.add_argument("--keep-days", type=float, default=7.0, help="how long confirmed files stay here")
    parser.add_argument(
        "--once", action="store_true", help="send what waits and end; status 1 when something still waits"
    )
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    token = os.environ.get("CALLENGINE_TOKEN", "")  # not an argument: the process list is public
    if not token or not args.engine.startswith(("http://", "https://")):
        parser.error("set CALLENGINE_TOKEN (callengine token create NAME --role pbx) and --engine http(s)://HOST:PORT")
    if not args.folder.is_dir():
        parser.error(f"there is no folder {args.folder}")
    return 1 if work(Spool(args.folder, args.keep_days), args.engine, token, args.pbx, args.once) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
