"""The other sides of the channels, in this process, each able to misbehave: mail, an SMS gateway, an SMSC, pushes."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast
from urllib.parse import urlsplit

import http_ece
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02

from callengine.notices.channels import pdu
from callengine.notices.channels.pdu import Command, Pdu


@dataclass
class Server:
    """Something that listens on a free port of loopback."""

    port: int = 0
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self.serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.close()
            await self._server.wait_closed()
            self._server = None


@dataclass
class MailServer(Server):
    """SMTP. `says` has another answer for a verb: RCPT, DATA (before the letter), TAKEN (after it), AUTH, HELLO."""

    says: dict[str, str] = field(default_factory=dict)
    break_in: str = ""  # the verb at which it closes the connection
    letters: list[bytes] = field(default_factory=list)
    signed_in: list[str] = field(default_factory=list)
    to: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(line.encode() + b"\r\n")

        if self.break_in == "HELLO":
            return
        say(self.says.get("HELLO", "220 mail.test"))
        while line := (await reader.readline()).decode().strip():
            verb = line.split()[0].upper()
            if verb == self.break_in:
                return
            if verb == "EHLO":
                say("250-mail.test\r\n250-AUTH PLAIN\r\n250 8BITMIME")
            elif verb == "AUTH":
                self.signed_in.append(base64.b64decode(line.split()[2]).decode())
                say(self.says.get("AUTH", "235 welcome"))
            elif verb == "RCPT":
                self.to.append(line)
                say(self.says.get("RCPT", "250 fine"))
            elif verb == "DATA":
                say(self.says.get("DATA", "354 go on"))
                if "DATA" in self.says:
                    continue
                raw = await reader.readuntil(b"\r\n.\r\n")
                if self.break_in == "TAKEN":
                    return
                taken = self.says.get("TAKEN", f"250 2.0.0 Ok: queued as {len(self.letters) + 1:05d}")
                if taken.startswith("2"):
                    self.letters.append(raw)
                say(taken)
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say("250 fine")

    def letter(self, place: int = -1) -> EmailMessage:
        return cast(
            EmailMessage,
            message_from_bytes(self.letters[place][:-5].replace(b"\r\n..", b"\r\n."), policy=policy.default),
        )


@dataclass
class HttpServer:
    """Any HTTP server of ours: what it was asked, and what it answers."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    answer: str = '{"id": "g-1"}'
    headers: dict[str, str] = field(default_factory=dict)
    before: Callable[[web.Request], Any] | None = None
    hold: asyncio.Event | None = None  # set: it answers no sooner
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _serve(self, request: web.Request) -> web.Response:
        raw = await request.read()
        asked = {"path": request.path, "headers": dict(request.headers), "query": dict(request.query), "body": raw}
        self.asked.append(asked)
        self.entered.set()
        if self.before is not None:
            self.before(request)
        if self.hold is not None:
            await self.hold.wait()
        return web.Response(status=self.status, text=self.answer, headers=self.headers)

    def json(self, place: int = -1) -> Any:
        return json.loads(self.asked[place]["body"])

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()


@dataclass
class Smsc(Server):
    """An SMPP 3.4 message centre. `statuses` are its next answers to submit_sm, 0 when it has none left."""

    bind_status: int = pdu.OK
    statuses: list[int] = field(default_factory=list)
    break_at: int | None = None  # it closes the link at this submit_sm, counted from 0, without an answer
    mute: bool = False  # it takes and never answers
    hexadecimal: bool = False
    binds: list[bytes] = field(default_factory=list)
    submits: list[dict[str, Any]] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)  # deliver_sm_resp: their statuses
    enquiries: int = 0
    unbound: int = 0
    # Sent at once with the bind's answer: rubbish, an enquire_link, what a test likes.
    greeting: bytes = b""
    receipt_first: bool = False  # the receipt overtakes the answer that names the message

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        while True:
            length, command, status, sequence = pdu.head(await reader.readexactly(16))
            body = await reader.readexactly(length - 16)
            if command == Command.BIND_TRANSCEIVER:
                self.binds.append(body)
                writer.write(Pdu(Command.BIND_TRANSCEIVER_RESP, self.bind_status, sequence, b"smsc\0").encode())
                writer.write(self.greeting)
            elif command == Command.SUBMIT_SM:
                if not await self._submit(writer, sequence, body):
                    return
            elif command == Command.DELIVER_SM_RESP:
                self.answered.append(status)
            elif command == Command.ENQUIRE_LINK:
                self.enquiries += 1
                if not self.mute:
                    writer.write(Pdu(Command.ENQUIRE_LINK_RESP, 0, sequence).encode())
            elif command == Command.UNBIND:
                self.unbound += 1
                writer.write(Pdu(Command.UNBIND_RESP, 0, sequence).encode())
                return

    async def _submit(self, writer: asyncio.StreamWriter, sequence: int, body: bytes) -> bool:
        place = len(self.submits)
        self.submits.append(_submitted(body))
        if self.break_at == place:
            return False
        if self.mute:
            return True
        status = self.statuses.pop(0) if self.statuses else 0
        name = f"{place + 1000:x}" if self.hexadecimal else f"m{place}"
        if self.receipt_first:
            self.tell(name)
        answer = name.encode() + b"\0" if status == 0 else b""
        writer.write(Pdu(Command.SUBMIT_SM_RESP, status, sequence, answer).encode())
        return True

    def tell(self, name: str, stat: str = "DELIVRD", *, options: bytes = b"", sequence: int = 77) -> None:
        """A delivery receipt by its text, as appendix B has it."""
        text = f"id:{name} sub:001 dlvrd:001 submit date:2611201100 done date:2611201101 stat:{stat} err:000 text:"
        body = b"".join(
            [
                b"\0\1\1" + b"79070000000\0",
                b"\0\0" + b"109\0",
                bytes([pdu.RECEIPT_CLASS, 0, 0]) + b"\0\0",
                bytes([0, 0, 0, 0, len(text)]) + text.encode() + options,
            ]
        )
        self._writer.write(Pdu(Command.DELIVER_SM, 0, sequence, body).encode())

    def say(self, raw: bytes) -> None:
        self._writer.write(raw)


def _submitted(body: bytes) -> dict[str, Any]:
    """A submit_sm as its receiver reads it."""
    _, rest = body.split(b"\0", 1)
    source_kind, rest = tuple(rest[:2]), rest[2:]
    source, rest = rest.split(b"\0", 1)
    rest = rest[2:]
    number, rest = rest.split(b"\0", 1)
    esm_class, rest = rest[0], rest[3:]
    _, rest = rest.split(b"\0", 1)
    _, rest = rest.split(b"\0", 1)
    receipt, _, coding, _, length = rest[:5]
    text = rest[5:]
    assert len(text) == length
    header, text = (text[:6], text[6:]) if esm_class & pdu.UDHI else (b"", text)
    return {
        "sender": source.decode(),
        "sender_kind": source_kind,
        "number": number.decode(),
        "coding": coding,
        "receipt": receipt,
        "header": header,
        "text": text.decode("utf-16-be") if coding == 8 else text,
    }


class Browser:
    """A browser's side of web push: it has the keys, and reads what only it can read."""

    def __init__(self) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        self._secret = os.urandom(16)

    def subscription(self, endpoint: str) -> dict[str, Any]:
        point = self._private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return {"endpoint": endpoint, "keys": {"p256dh": _word(point), "auth": _word(self._secret)}}

    def read(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The payload of a request to the push service; its signature is checked on the way."""
        headers = asked["headers"]
        assert headers["Content-Encoding"] == "aes128gcm"
        assert Vapid02.verify(headers["Authorization"])
        clear = http_ece.decrypt(asked["body"], private_key=self._private, auth_secret=self._secret)
        return dict(json.loads(clear))


def claims(asked: dict[str, Any]) -> dict[str, Any]:
    """What the signature of a push says: for whom, until when, from whom."""
    token = asked["headers"]["Authorization"].split("t=")[1].split(",")[0]
    middle = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))))


def host_of(url: str) -> str:
    return urlsplit(url).hostname or ""


def _word(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
