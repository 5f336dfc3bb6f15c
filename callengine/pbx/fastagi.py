"""Our own FastAGI server: small, fast, and harmless to whoever connects. The dialogues themselves live in menus/.

Asterisk sends `agi_…: …` lines and an empty line, then we speak and it answers, one command at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from callengine.errors import EngineError, Refused
from callengine.menus.line import (
    BEEP_MILLISECONDS,
    BEEP_TONE,
    KEYS_AT_ONCE,
    OPERATOR_CONTEXT,
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
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,150}")
_UP = "6"  # CHANNEL STATUS of an answered call
_DIGIT = "0123456789*#"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
# ARRAY() cuts its value at commas, and understands quotes and backslashes.
_IN_ARRAY = _CONTROL | dict.fromkeys(map(ord, ',"\\'), " ")


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
    text = value.translate(_CONTROL).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


class AgiCall:
    """One call that asked for us; it is a Line for the dialogues."""

    def __init__(self, wire: _AgiWire, env: Mapping[str, str], limits: AgiLimits) -> None:
        self.env = env
        self.hung_up = False
        self._ledger_key: str | None = None
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
        line = " ".join([verb, *map(quoted, arguments)]).encode("utf-8", "replace")
        if len(line) > COMMAND_LIMIT or b"\n" in line or b"\r" in line:
            raise Refused(f"AGI {verb[:40]!r}: more than {COMMAND_LIMIT} bytes, or a line break in the verb")
        self._wire.write(line + b"\n", self._limits.reply_seconds + seconds)
        return await self._reply(gone_is_told)

    async def _reply(self, gone_is_told: bool) -> AgiReply:
        while True:
            line = await self._wire.line()
            if line == "200 result=1":  # what SET VARIABLE says
                return _DONE
            if line == "HANGUP":
                self.hung_up = True  # the answer to the command still follows
            elif line.startswith("520-"):
                usage = [line[4:]]
                while not (line := await self._wire.line()).startswith("520 "):
                    usage.append(line)
                raise AgiRefused(" ".join(usage)[:300])
            elif line.startswith("511"):
                raise HungUp  # a dead channel takes no such command
            elif line[:1] == "5":
                raise AgiRefused(line[:300])
            elif match := _REPLY.match(line):
                if match[1] == "-1" and gone_is_told:
                    raise HungUp
                return AgiReply(match[1], match[2] or "", int(match[3] or 0))
            elif not line.startswith("100"):
                raise AgiRefused(f"not an AGI answer: {line[:80]!r}")

    # --- Line ------------------------------------------------------------------------------------------

    async def play(self, prompt: str, *, keys: str = "") -> str:
        reply = await self.command("STREAM FILE", prompt, keys, seconds=600)
        return _key(reply.result)

    async def ask(self, prompt: str, *, digits: int = 1, seconds: float = 5.0) -> str:
        reply = await self.command("GET DATA", prompt, str(int(seconds * 1000)), str(digits), seconds=600)
        return "".join(c for c in reply.result if c in _DIGIT)

    async def set(self, name: str, value: str) -> None:
        _refuse_name(name)
        await self.command(f"SET VARIABLE {name}", value)

    async def set_all(self, values: Mapping[str, str]) -> None:
        """Set several variables in one round trip; commas, quotes and backslashes in their values become spaces."""
        for name in values:
            _refuse_name(name)
        await self.command(
            f"SET VARIABLE ARRAY({','.join(values)})", ",".join(v.translate(_IN_ARRAY).strip() for v in values.values())
        )

    async def get(self, name: str) -> str:
        """A channel variable, or "" when it is not set."""
        reply = await self.command("GET VARIABLE", name)
        return reply.data if reply.result == "1" else ""

    async def more_keys(self, *, quiet_seconds: float, most: int = KEYS_AT_ONCE, until: str = "") -> str:
        keys = ""
        while len(keys) < most:
            reply = await self.command("WAIT FOR DIGIT", str(int(quiet_seconds * 1000)), seconds=quiet_seconds)
            if not (key := _key(reply.result)):
                break
            keys += key
            if key in until:
                break
        return keys

    async def record(self, file: str, *, seconds: float, silence_seconds: float, beep: bool = True) -> bool:
        if not _FILE.fullmatch(file) or ".." in file:
            raise Refused(f"no name for a recording: {file[:80]!r}")
        # Asterisk takes a relative name for one of its prompts.
        spool = await self.get("ASTSPOOLDIR") or "/var/spool/asterisk"
        if beep:
            await self._beep()
        asked = [f"{spool}/monitor/{file}", "wav", _DIGIT, str(int(seconds * 1000))]
        reply = await self.command(
            "RECORD FILE", *asked, f"s={max(1, int(silence_seconds))}", seconds=seconds + 10, gone_is_told=False
        )
        # 0 at the end of the term or of the silence, the code of a key, -1 at a hang-up or when the file cannot be made
        return has_sound(reply.endpos, silence_seconds, fell_silent=reply.data == "timeout")

    async def _beep(self) -> None:
        """RECORD FILE's own BEEP records nothing at all where Asterisk's sound `beep` is not installed."""
        await self.command("EXEC Playtones", f"!{BEEP_TONE}")
        await self.command("WAIT FOR DIGIT", str(BEEP_MILLISECONDS), seconds=1)  # a key in the beep is for nobody
        await self.command("EXEC StopPlaytones")

    async def keep(self, facts: Mapping[str, str]) -> None:
        if self._ledger_key is None:
            found = await self.get("CE_KEY") or await self.get("CHANNEL(linkedid)")
            self._ledger_key = found or self.caller.uniqueid
        await self.command("DATABASE PUT", "callengine", f"{self._ledger_key}/robot", ledger_text(facts))

    async def transfer(self, context: str, exten: str = "s") -> None:
        await self.command("SET CONTEXT", context)
        await self.command("SET EXTENSION", exten)
        await self.command("SET PRIORITY", "1")

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


def _key(result: str) -> str:
    code = int(result) if result.isascii() and result.isdecimal() else 0
    return chr(code) if chr(code) in _DIGIT else ""


Handler = Callable[[AgiCall], Awaitable[None]]


class FastAgiServer:
    """Listens and hands each call to the handler of its script. `port` 0 takes a free one; see `port` after start."""

    def __init__(
        self, host: str, port: int, handlers: Mapping[str, Handler], *, limits: AgiLimits | None = None
    ) -> None:
        self.host, self.port = host, port
        self.limits = limits or AgiLimits()
        self.handlers = dict(handlers)
        self.served = self.failed = self.refused = 0
        self.open: set[_AgiWire] = set()
        self._tasks = Tasks()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _AgiWire(self), self.host, self.port, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, end every dialogue."""
        if self._server is not None:
            self._server.close()
        for wire in list(self.open):
            wire.abort()
        await self._tasks.close()
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    def admit(self, wire: _AgiWire) -> bool:
        if len(self.open) >= self.limits.connections:
            self.refused += 1
            if self.refused % 100 == 1:
                told = {"action": "fastagi_full", "limit": self.limits.connections, "refused": self.refused}
                log.warning("too many FastAGI connections: one was refused", extra=told)
            return False
        self.open.add(wire)
        return True

    def begin(self, wire: _AgiWire, head: bytes) -> None:
        env: dict[str, str] = {}
        for line in head.decode("utf-8", "replace").split("\n"):
            key, colon, value = line.rstrip("\r").partition(": ")
            if colon and key.startswith("agi_"):
                env.setdefault(key, value)
        call = AgiCall(wire, env, self.limits)
        handler = self.handlers.get(call.script)
        if handler is None:
            self.failed += 1
            # Not an AGI request at all is a port scan: worth a line, no more.
            told = {"action": "fastagi_no_script", "script": call.script[:80], "is_agi": bool(env)}
            log.info("FastAGI: nobody serves this", extra=told)
            wire.finish()
            return
        self._tasks.start(self._serve(wire, call, handler), name="fastagi-call")

    async def _serve(self, wire: _AgiWire, call: AgiCall, handler: Handler) -> None:
        try:
            async with asyncio.timeout(self.limits.call_seconds):
                await handler(call)
            self.served += 1
        except HungUp:
            self.served += 1
        except TimeoutError:
            self.failed += 1
            log.warning("a dialogue took too long", extra={"action": "fastagi_timeout", "script": call.script})
        except asyncio.CancelledError:
            wire.abort()
            raise
        except Exception:
            self.failed += 1
            log.exception("a dialogue failed", extra={"action": "fastagi_failed", "script": call.script})
        wire.finish()


class _AgiWire(asyncio.Protocol):
    """The bytes of one connection: first the head, then lines. Everything that waits here has an end."""

    def __init__(self, server: FastAgiServer) -> None:
        self._server = server
        self._limits = server.limits
        self._buffer = b""
        self._head_seen = False
        self._lost = False
        self._waiter: asyncio.Future[str | None] | None = None
        self._loop = asyncio.get_running_loop()
        self._deadline = 0.0
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if not self._server.admit(self):
            transport.abort()
            return
        self._deadline = self._loop.time() + self._limits.headers_seconds
        self._timer = self._loop.call_at(self._deadline, self._check)

    def data_received(self, data: bytes) -> None:
        if self._lost:
            return
        self._buffer += data
        if not self._head_seen:
            self._read_head()
            return
        if len(self._buffer) > self._limits.reply_bytes:
            self.abort()
        elif self._waiter is not None:
            line, end, rest = self._buffer.partition(b"\n")
            if end:
                self._buffer = rest
                self._wake(line.decode("utf-8", "replace").rstrip("\r"))

    def eof_received(self) -> bool:
        self._lost = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._server.open.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        self._wake()

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

    def _check(self) -> None:
        """One timer for the whole connection: it ends a peer that owes us an answer for too long."""
        now = self._loop.time()
        if self._deadline and now >= self._deadline:
            self.abort()  # whatever comes later would be taken for another command's answer
        else:
            wait = self._limits.reply_seconds if not self._deadline else max(0.001, self._deadline - now)
            self._timer = self._loop.call_later(min(wait, self._limits.reply_seconds), self._check)

    def write(self, data: bytes, reply_seconds: float) -> None:
        """Send a command; a reply that takes longer than that ends the connection."""
        if self._lost or self._transport is None:
            raise HungUp
        self._deadline = self._loop.time() + reply_seconds
        self._transport.write(data)

    async def line(self) -> str:
        """The next line, without its end. Raises HungUp at the end of the stream."""
        line, end, rest = self._buffer.partition(b"\n")
        if end:
            self._buffer = rest
            return line.decode("utf-8", "replace").rstrip("\r")
        if self._lost:
            raise HungUp
        self._waiter = self._loop.create_future()
        try:
            told = await self._waiter
        finally:
            self._waiter = None
        if told is None:
            raise HungUp
        return told

    def _wake(self, line: str | None = None) -> None:
        """Give the waiter its line, or None for the end of the stream."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(line)

    def finish(self) -> None:
        """Close after what was written has gone out."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        self._lost = True
        if self._transport is not None:
            with contextlib.suppress(OSError):
                self._transport.abort()
        self._wake()
