"""Our own FastAGI server: small, fast, and harmless to whoever connects. The dialogues themselves live in menus/.

Asterisk sends `agi_…: …` lines and an empty line, then we speak and it answers, one command at a time.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import re
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from callengine.errors import EngineError, Refused
from callengine.menus.line import (
    BEEP_MILLISECONDS,
    BEEP_TONE,
    KEYS_AT_ONCE,
    OPERATOR_CONTEXT,
    WORD_SAMPLES,
    Caller,
    HungUp,
    caller_of,
    has_sound,
    ledger_text,
)
from callengine.tasks import Tasks

log = logging.getLogger(__name__)

# Asterisk reads a command into 2048 bytes (AGI_BUF_LEN) and would take the rest for the next one.
COMMAND_LIMIT = 2000
_CONTROL = dict.fromkeys([*range(32), 127, 0x85, 0x2028, 0x2029], " ")
_REPLY = re.compile(r"200 result=(-?[^\s(]*)\s*(?:\((.*)\))?\s*(?:endpos=(\d{1,12}))?")
_VARIABLE = re.compile(r"^(agi_[^:\n]*): (.*)$", re.MULTILINE)
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,150}")
_UP = "6"  # CHANNEL STATUS of an answered call
_DIGIT = "0123456789*#"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
# ARRAY() cuts its value at commas, and understands quotes and backslashes.
_IN_ARRAY = _CONTROL | dict.fromkeys(map(ord, ',"\\'), " ")
# What needs no quoting in either place, as most values are; a look costs a third of a translation.
_PLAIN = re.compile('[^\x00-\x1f\x7f\x85\u2028\u2029,"\\\\]*').fullmatch
_READ_BYTES = 16_384
_BACKLOG = 512
_AT_ONCE = 64  # accepted before those of them that are gone already are noticed: they must not fill all places
_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_PAUSE_SECONDS = 1.0  # of taking no more connections, when the machine has no room for them


@dataclass(frozen=True, slots=True)
class AgiLimits:
    connections: int = 300
    headers_bytes: int = 16_384
    headers_seconds: float = 5.0
    reply_bytes: int = 65_536
    reply_seconds: float = 60.0  # beyond what a command itself may take
    call_seconds: float = 3600.0


class AgiRefused(EngineError):
    """The PBX refused an AGI command."""

    code, status = "agi-refused", 502


class AgiReply(NamedTuple):
    """`200 result=RESULT (DATA) endpos=SAMPLES`."""

    result: str
    data: str = ""
    endpos: int = 0  # samples, of commands that play or record


def quoted(value: str) -> str:
    """One AGI argument: control characters become spaces, quotes and backslashes are escaped. No second command."""
    if _PLAIN(value):
        return f'"{value}"'
    text = value.translate(_CONTROL).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


class AgiCall:
    """One call that asked for us; it is a Line for the dialogues."""

    def __init__(self, wire: _AgiWire, env: Mapping[str, str], limits: AgiLimits) -> None:
        self.env = env
        self.hung_up = False
        self._ledger_row: str | None = None
        self._spool: str | None = None
        self._wire = wire
        self._limits = limits

    @property
    def caller(self) -> Caller:
        return caller_of(self.env)

    @property
    def script(self) -> str:
        """The path of agi://HOST/path, without its query."""
        return self.env.get("agi_network_script", "").partition("?")[0].strip("/")

    async def command(self, verb: str, *arguments: str, seconds: float = 0.0, gone_is_told: bool = True) -> AgiReply:
        """One command and its answer. Raises HungUp, or AgiRefused for 5xx answers; `seconds` is its own duration.

        With `gone_is_told=False` the answer -1 is returned and not raised: it may carry what was done until then.
        """
        return await self._asked(_line(" ".join([verb, *map(quoted, arguments)])), seconds, gone_is_told)

    async def _asked(self, line: bytes, seconds: float = 0.0, gone_is_told: bool = True) -> AgiReply:
        """As `command`, of what `_line` made."""
        return await self._read(await self._wire.ask(line, self._limits.reply_seconds + seconds), gone_is_told)

    async def _key(self, line: bytes, seconds: float) -> str:
        """As `_asked`, of a command that answers with the key that was pressed; "" for none."""
        answer = await self._wire.ask(line, self._limits.reply_seconds + seconds)
        if answer is not None and answer.startswith(b"200 result="):
            # As nearly always: a key or none, whatever follows it.
            if (key := _KEY_ANSWERS.get(answer[11:].partition(b" ")[0])) is not None:
                return key
        return _KEYS.get((await self._read(answer)).result, "")

    async def _read(self, answer: bytes | None, gone_is_told: bool = True) -> AgiReply:
        """The answer out of its first line."""
        while True:
            if answer is None:
                raise HungUp
            if answer == b"200 result=1":  # what SET VARIABLE says
                return _DONE
            text = answer.decode("utf-8", "replace")
            if match := _REPLY.match(text):
                result, data, endpos = match.groups()
                if result == "-1" and gone_is_told:
                    raise HungUp
                return AgiReply(result, data or "", int(endpos or 0))
            if text.startswith("520-"):
                raise AgiRefused(await self._usage(text))
            self._not_an_answer(text)
            answer = await self._wire.line()

    async def _usage(self, line: str) -> str:
        """The whole block of a refusal."""
        usage = [line[4:]]
        while more := await self._wire.line():
            if more.startswith(b"520 "):
                return " ".join(usage)[:300]
            usage.append(more.decode("utf-8", "replace"))
        raise HungUp

    def _not_an_answer(self, line: str) -> None:
        """A line before the answer is nothing; what refuses the command is raised."""
        if line == "HANGUP":
            self.hung_up = True  # the answer to the command still follows
        elif line.startswith("511"):
            raise HungUp  # a dead channel takes no such command
        elif line[:1] == "5":
            raise AgiRefused(line[:300])
        elif not line.startswith("100"):
            raise AgiRefused(f"not an AGI answer: {line[:80]!r}")

    # --- Line ------------------------------------------------------------------------------------------

    async def play(self, prompt: str, *, keys: str = "") -> str:
        return await self._key(_stream_file(prompt, keys), 600)

    async def ask(self, prompt: str, *, digits: int = 1, seconds: float = 5.0) -> str:
        reply = await self.command("GET DATA", prompt, str(int(seconds * 1000)), str(digits), seconds=600)
        return "".join(c for c in reply.result if c in _DIGIT)

    async def set(self, name: str, value: str) -> None:
        _refuse_name(name)
        await self.command(f"SET VARIABLE {name}", value)

    async def set_all(self, values: Mapping[str, str]) -> None:
        """Set several variables in one round trip; commas, quotes and backslashes in their values become spaces."""
        texts = [v if _PLAIN(v) else v.translate(_IN_ARRAY) for v in values.values()]
        await self._asked(_line(f'{_array_of(tuple(values))} "{",".join(map(str.strip, texts))}"'))

    async def get(self, name: str) -> str:
        """A channel variable, or "" when it is not set."""
        reply = await self.command("GET VARIABLE", name)
        return reply.data if reply.result == "1" else ""

    async def more_keys(self, *, quiet_seconds: float, most: int = KEYS_AT_ONCE, until: str = "") -> str:
        keys, wait = "", _wait_for_digit(int(quiet_seconds * 1000))
        while len(keys) < most:
            if not (key := await self._key(wait, quiet_seconds)):
                break
            keys += key
            if key in until:
                break
        return keys

    async def record(self, file: str, *, seconds: float, silence_seconds: float, beep: bool = True) -> bool:
        path = await self._recording(file)
        if beep:
            await self._beep()
        reply = await self._record(path, seconds, silence_seconds)
        # 0 at the end of the term or of the silence, the code of a key, -1 at a hang-up or when the file cannot be made
        return has_sound(reply.endpos, silence_seconds, fell_silent=reply.data == "timeout")

    async def record_or_key(self, file: str, *, seconds: float, silence_seconds: float) -> tuple[str, bool]:
        """As `record`, without a tone: the key that ended it, or whether there is sound, be it one short word.

        Raises HungUp, Refused for a wrong name, AgiRefused when the PBX cannot write there.
        """
        reply = await self._record(await self._recording(file), seconds, silence_seconds)
        if reply.result == "-1":
            raise AgiRefused(f"the PBX cannot write {file}") if reply.data == "writefile" else HungUp
        silent = reply.data == "timeout"
        sound = has_sound(reply.endpos, silence_seconds, fell_silent=silent, least=WORD_SAMPLES)
        return _KEYS.get(reply.result, ""), sound

    async def _recording(self, file: str) -> str:
        if not _FILE.fullmatch(file) or ".." in file:
            raise Refused(f"no name for a recording: {file[:80]!r}")
        # Asterisk takes a relative name for one of its prompts.
        if self._spool is None:
            self._spool = await self.get("ASTSPOOLDIR") or "/var/spool/asterisk"
        return f"{self._spool}/monitor/{file}"

    async def _record(self, path: str, seconds: float, silence_seconds: float) -> AgiReply:
        asked = [path, "wav", _DIGIT, str(int(seconds * 1000)), f"s={max(1, int(silence_seconds))}"]
        return await self.command("RECORD FILE", *asked, seconds=seconds + 10, gone_is_told=False)

    async def _beep(self) -> None:
        """RECORD FILE's own BEEP records nothing at all where Asterisk's sound `beep` is not installed."""
        await self.command("EXEC Playtones", f"!{BEEP_TONE}")
        await self.command("WAIT FOR DIGIT", str(BEEP_MILLISECONDS), seconds=1)  # a key in the beep is for nobody
        await self.command("EXEC StopPlaytones")

    async def keep(self, facts: Mapping[str, str]) -> None:
        if self._ledger_row is None:
            key = await self.get("CE_KEY") or await self.get("CHANNEL(linkedid)") or self.caller.uniqueid
            self._ledger_row = f'DATABASE PUT "callengine" {quoted(f"{key}/robot")} '
        # The text of a ledger has nothing that is to be quoted.
        await self._asked(_line(f'{self._ledger_row}"{ledger_text(facts)}"'))

    async def transfer(self, context: str, exten: str = "s") -> None:
        await self.command("SET CONTEXT", context)
        await self.command("SET EXTENSION", exten)
        await self.command("SET PRIORITY", "1")

    async def stage(self, name: str) -> None:
        """Say in the ledger and to the engine where the call stands, by the dialplan's own routine."""
        await self.command("GOSUB", "callengine-stage", "s", "1", name)

    async def allow(self, seconds: int) -> None:
        """The dialplan goes on without us after so long, counted from now."""
        await self.command("SET VARIABLE TIMEOUT(absolute)", str(seconds))

    async def to_operator(self) -> None:
        await self.transfer(OPERATOR_CONTEXT)

    async def alive(self) -> bool:
        if self.hung_up:
            return False
        try:
            return (await self.command("CHANNEL STATUS")).result == _UP
        except (HungUp, AgiRefused):
            return False

    async def hang_up(self) -> None:
        await self.command("HANGUP")


_DONE = AgiReply("1")


def _refuse_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise Refused(f"no name of a channel variable: {name[:80]!r}")


@lru_cache(64)
def _array_of(names: tuple[str, ...]) -> str:
    for name in names:
        _refuse_name(name)
    return f"SET VARIABLE ARRAY({','.join(names)})"


def _line(text: str) -> bytes:
    """A command as it is sent. Raises Refused for one that Asterisk would take for two."""
    line = text.encode("utf-8", "replace")
    if len(line) > COMMAND_LIMIT or b"\n" in line or b"\r" in line:
        raise Refused(f"AGI {text[:40]!r}: more than {COMMAND_LIMIT} bytes, or a line break in the verb")
    return line + b"\n"


# Most prompts are the same in every call.
@lru_cache(4096)
def _stream_file(prompt: str, keys: str) -> bytes:
    return _line(f"STREAM FILE {quoted(prompt)} {quoted(keys)}")


@lru_cache(64)
def _wait_for_digit(milliseconds: int) -> bytes:
    return _line(f'WAIT FOR DIGIT "{milliseconds}"')


_KEYS = {str(ord(digit)): digit for digit in _DIGIT}
_KEY_ANSWERS = {code.encode(): key for code, key in _KEYS.items()} | {b"0": ""}


Handler = Callable[[AgiCall], Awaitable[None]]


class FastAgiServer:
    """Listens and hands each call to the handler of its script. `port` 0 takes a free one; see `port` after start.

    The loop watches the sockets themselves, without asyncio's transports, and all connections share one timer: what a
    lookup costs is mostly what it takes to be connected. So a deadline may be late by one look, a second at most.
    """

    def __init__(
        self, host: str, port: int, handlers: Mapping[str, Handler], *, limits: AgiLimits | None = None
    ) -> None:
        self.host, self.port = host, port
        self.limits = limits or AgiLimits()
        self.handlers = dict(handlers)
        self.served = self.failed = self.refused = 0
        self.open: set[_AgiWire] = set()
        self._look_seconds = min(
            1.0, self.limits.headers_seconds / 2, self.limits.reply_seconds / 2, self.limits.call_seconds / 2
        )
        self._tasks = Tasks()
        self._listening: list[socket.socket] = []
        self._timer: asyncio.TimerHandle | None = None
        self._pauses: dict[int, asyncio.TimerHandle] = {}

    async def start(self) -> None:
        """Raises OSError when the port cannot be had."""
        self._loop = asyncio.get_running_loop()
        found = await self._loop.getaddrinfo(
            self.host or None, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        try:
            for family, _, _, _, address in dict.fromkeys(found):
                self._listen(family, address)
        except OSError:
            self._stop_listening()
            raise
        self.port = self._listening[0].getsockname()[1]

    def _listen(self, family: int, address: tuple[Any, ...]) -> None:
        sock = socket.socket(family, socket.SOCK_STREAM)
        self._listening.append(sock)
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(_BACKLOG)
        self._loop.add_reader(sock.fileno(), self._accept, sock)

    def _stop_listening(self) -> None:
        for sock in self._listening:
            self._loop.remove_reader(sock.fileno())
            sock.close()
        for pause in self._pauses.values():
            pause.cancel()
        self._listening, self._pauses = [], {}

    async def close(self) -> None:
        """Stop listening, end every dialogue."""
        self._stop_listening()
        for wire in list(self.open):
            wire.abort()
        await self._tasks.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                sock, _ = listening.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:
                if error.errno not in _NO_ROOM:
                    raise
                self._pause(listening, error)
                return
            sock.setblocking(False)
            self._admit(sock)

    def _pause(self, listening: socket.socket, error: OSError) -> None:
        """No descriptor is free: whoever waits in the backlog is served in a second, and the loop does not spin."""
        log.error("FastAGI takes no connection: %s", error, extra={"action": "fastagi_no_room"})
        fd = listening.fileno()
        self._loop.remove_reader(fd)
        self._pauses[fd] = self._loop.call_later(_PAUSE_SECONDS, self._loop.add_reader, fd, self._accept, listening)

    def _admit(self, sock: socket.socket) -> None:
        if len(self.open) >= self.limits.connections:
            self.refused += 1
            if self.refused % 100 == 1:
                told = {"action": "fastagi_full", "limit": self.limits.connections, "refused": self.refused}
                log.warning("too many FastAGI connections: one was refused", extra=told)
            sock.close()
            return
        self.open.add(_AgiWire(self, sock, self._loop))
        if self._timer is None:
            self._timer = self._loop.call_later(self._look_seconds, self._look)

    def _look(self) -> None:
        """One timer for all connections: it ends whoever owes us an answer, or talks, for too long."""
        now = self._loop.time()
        for wire in list(self.open):
            wire.look(now)
        self._timer = self._loop.call_later(self._look_seconds, self._look) if self.open else None

    def begin(self, wire: _AgiWire, head: bytes) -> None:
        """The head is complete: its dialogue begins, or the peer is let go."""
        call = AgiCall(wire, _environment(head), self.limits)
        handler = self.handlers.get(call.script)
        if handler is None:
            self.failed += 1
            # Not an AGI request at all is a port scan: worth a line, no more.
            told = {"action": "fastagi_no_script", "script": call.script[:80], "is_agi": bool(call.env)}
            log.info("FastAGI: nobody serves this", extra=told)
            wire.finish()
            return
        wire.talk = self._tasks.start(self._serve(wire, call, handler), name="fastagi-call")

    async def _serve(self, wire: _AgiWire, call: AgiCall, handler: Handler) -> None:
        try:
            await handler(call)
            self.served += 1
        except HungUp:
            self.served += 1
        except asyncio.CancelledError:
            if not wire.overdue:
                wire.abort()
                raise
            self.failed += 1
            log.warning("a dialogue took too long", extra={"action": "fastagi_timeout", "script": call.script})
        except Exception:
            self.failed += 1
            log.exception("a dialogue failed", extra={"action": "fastagi_failed", "script": call.script})
        wire.finish()


def _environment(head: bytes) -> dict[str, str]:
    """The variables of a head; of two with one name the first stands, as Asterisk wrote it."""
    return dict(reversed(_VARIABLE.findall(head.decode("utf-8", "replace").replace("\r", ""))))


class _AgiWire:
    """The bytes of one connection: first the head, then lines. Everything that waits here has an end."""

    __slots__ = (
        "_buffer", "_deadline", "_ends_at", "_fd", "_finishing", "_head_seen", "_limits", "_loop", "_lost", "_server",
        "_sock", "_unsent", "_waiter", "overdue", "talk",
    )  # fmt: skip

    def __init__(self, server: FastAgiServer, sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self._server, self._limits, self._loop = server, server.limits, loop
        self._sock: socket.socket | None = sock
        self._buffer = b""
        self._unsent = bytearray()  # what the kernel did not take at once
        self._head_seen = self._lost = self._finishing = self.overdue = False
        self._waiter: asyncio.Future[bytes | None] | None = None
        self.talk: asyncio.Task[None] | None = None
        now = loop.time()
        self._deadline = now + server.limits.headers_seconds
        self._ends_at = now + server.limits.call_seconds
        # By its number: for a socket the loop asks the kernel twice, for the text of an error that is never told.
        self._fd = sock.fileno()
        loop.add_reader(self._fd, self._readable)

    def _readable(self) -> None:
        if self._sock is None:
            return
        try:
            data = self._sock.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._end()
        elif self._finishing:
            pass  # whatever he says now, we have said all
        elif not self._head_seen:
            self._buffer += data
            self._read_head()
        else:
            self._take(data)

    def _take(self, data: bytes) -> None:
        waiter = self._waiter
        if waiter is not None and not self._buffer and data.find(b"\n") == len(data) - 1:
            self._waiter = None  # one whole line, as nearly always
            if not waiter.done():
                waiter.set_result(data.rstrip(b"\r\n"))
            return
        self._buffer += data
        if len(self._buffer) > self._limits.reply_bytes:
            self.abort()
        elif waiter is not None and not waiter.done() and (line := self._cut()) is not None:
            self._waiter = None
            waiter.set_result(line)

    def _cut(self) -> bytes | None:
        """The first line of what has come, without its end; None when it is not whole yet."""
        line, end, rest = self._buffer.partition(b"\n")
        if not end:
            return None
        self._buffer = rest
        return line.rstrip(b"\r")

    def _read_head(self) -> None:
        # Asterisk ends lines with LF; a peer that writes CR LF is understood too.
        head, end, rest = self._buffer.partition(b"\n\n")
        if not end:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            if len(self._buffer) > self._limits.headers_bytes:
                self.abort()
            return
        self._head_seen, self._buffer, self._deadline = True, rest, 0.0
        self._server.begin(self, head)

    def look(self, now: float) -> None:
        """What is overdue ends: whatever came later would be taken for another command's answer."""
        if self._deadline and now >= self._deadline:
            self.abort()
        elif now >= self._ends_at and self.talk is not None and not self._finishing and not self.overdue:
            self.overdue = True  # once: what the dialogue does at its end is not cancelled again
            self.talk.cancel()

    def ask(self, data: bytes, reply_seconds: float) -> asyncio.Future[bytes | None]:
        """Send a command; the next line. A reply that takes longer than that ends the connection. Raises HungUp."""
        if self._lost or self._sock is None:
            raise HungUp
        self._deadline = self._loop.time() + reply_seconds
        self._send(data)
        return self.line()

    def _send(self, data: bytes) -> None:
        assert self._sock is not None
        sent = 0
        if not self._unsent:
            try:
                sent = self._sock.send(data)
            except (BlockingIOError, InterruptedError):
                pass
            except OSError:
                self._end()
                return
            if sent == len(data):
                return
            self._loop.add_writer(self._fd, self._writable)
        self._unsent += data[sent:]

    def _writable(self) -> None:
        if self._sock is None:
            return
        try:
            del self._unsent[: self._sock.send(self._unsent)]
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._end()
            return
        if not self._unsent:
            self._loop.remove_writer(self._fd)
            if self._finishing:
                self._close()

    def line(self) -> asyncio.Future[bytes | None]:
        """The next line, without its end; None at the end of the stream."""
        waiter: asyncio.Future[bytes | None] = self._loop.create_future()
        line = self._cut() if self._buffer else None
        if line is not None or self._lost:
            waiter.set_result(line)
        else:
            self._waiter = waiter
        return waiter

    def _end(self) -> None:
        """The peer is gone: whoever waits for him is told, and what he said before can still be read."""
        self._lost = True
        self._close()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def finish(self) -> None:
        """Close after what was written has gone out; who does not take it has the time of a reply for it."""
        self._finishing = True
        if not self._unsent:
            self._close()
        else:
            self._deadline = self._loop.time() + self._limits.reply_seconds

    def abort(self) -> None:
        """Close at once, without a word."""
        self._end()

    def _close(self) -> None:
        sock, self._sock = self._sock, None
        self._server.open.discard(self)
        if sock is None:
            return
        self._loop.remove_reader(self._fd)
        if self._unsent:
            self._loop.remove_writer(self._fd)
            self._unsent.clear()
        sock.close()
