"""SIP as text: messages, digest answers and the little SDP that a telephone needs. Pure; no sockets, no time."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

PCMU, PCMA, EVENTS = 0, 8, 101
_URI = re.compile(r"<([^>]+)>")
_TAG = re.compile(r";\s*tag=([^;>\s]+)", re.IGNORECASE)
_PARAMETER = re.compile(r'(\w+)=(?:"([^"]*)"|([^,\s]+))')


class NotSip(ValueError):
    """The datagram is no SIP message."""


@dataclass
class Message:
    """A request or a response; header names keep their order and may repeat."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    @property
    def is_request(self) -> bool:
        return not self.start.startswith("SIP/2.0 ")

    @property
    def method(self) -> str:
        """Of a request its own, of a response that of the request it answers."""
        return self.start.split(" ", 1)[0] if self.is_request else self.first("CSeq").split(" ")[-1]

    @property
    def status(self) -> int:
        return int(self.start.split(" ", 2)[1])

    @property
    def branch(self) -> str:
        return self.first("Via").partition("branch=")[2].split(";")[0]

    def first(self, name: str) -> str:
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")

    def all(self, name: str) -> list[str]:
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    def encode(self) -> bytes:
        body = self.body.encode()
        lines = [self.start, *(f"{key}: {value}" for key, value in self.headers), f"Content-Length: {len(body)}"]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def parse(datagram: bytes) -> Message:
    """Raises NotSip."""
    head, _, body = datagram.partition(b"\r\n\r\n")
    start, *lines = head.decode("utf-8", "replace").split("\r\n")
    if "SIP/2.0" not in start or start.count(" ") < 2:
        raise NotSip(start[:60])
    headers = []
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() != "content-length":
            headers.append((name.strip(), value.strip()))
    return Message(start, headers, body.decode("utf-8", "replace"))


def reply(request: Message, status: int, reason: str, *, tag: str = "", **more: str) -> Message:
    """The response to a request; keyword names become headers (`content_type` is Content-Type)."""
    headers = [("Via", via) for via in request.all("Via")]
    to = request.first("To")
    if tag and not tag_of(to):
        to = f"{to};tag={tag}"
    headers += [("From", request.first("From")), ("To", to)]
    headers += [("Call-ID", request.first("Call-ID")), ("CSeq", request.first("CSeq"))]
    body = more.pop("body", "")
    headers += [(name.replace("_", "-").title(), value) for name, value in more.items()]
    return Message(f"SIP/2.0 {status} {reason}", headers, body)


def uri_of(header: str) -> str:
    """The URI of a From, To or Contact header."""
    match = _URI.search(header)
    return match.group(1) if match else header.split(";")[0].strip()


def user_of(header: str) -> str:
    """The user part of the URI of a From, To or Contact header."""
    user, at, _ = uri_of(header).partition(":")[2].partition("@")
    return user.split(";")[0] if at else ""


def name_of(header: str) -> str:
    """The display name of a From or To header."""
    return header.partition("<")[0].strip().strip('"') if "<" in header else ""


def tag_of(header: str) -> str:
    match = _TAG.search(header)
    return match.group(1) if match else ""


def authorization(challenge: str, *, user: str, secret: str, method: str, uri: str) -> str:
    """The Authorization header that answers a WWW-Authenticate or Proxy-Authenticate challenge (MD5)."""
    given = {m[1].lower(): m[2] or m[3] for m in _PARAMETER.finditer(challenge)}
    realm, nonce = given.get("realm", ""), given.get("nonce", "")
    first, second = _md5(f"{user}:{realm}:{secret}"), _md5(f"{method}:{uri}")
    if "auth" in given.get("qop", ""):
        count, cnonce = "00000001", _md5(nonce)[:16]
        response = _md5(f"{first}:{nonce}:{count}:{cnonce}:auth:{second}")
        quality = f', qop=auth, nc={count}, cnonce="{cnonce}"'
    else:
        response, quality = _md5(f"{first}:{nonce}:{second}"), ""
    opaque = f', opaque="{given["opaque"]}"' if "opaque" in given else ""
    return (
        f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
        f'response="{response}", algorithm=MD5{opaque}{quality}'
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Sound:
    """What an SDP says of the sound: where to send it, in which codec, and whether both sides talk."""

    host: str
    port: int
    codec: int = PCMA
    events: int = EVENTS
    direction: str = "sendrecv"


def read_sdp(body: str) -> Sound | None:
    """The first audio stream, or None when there is none that a telephone could use."""
    host = re.search(r"^c=IN IP4 (\S+)", body, re.MULTILINE)
    media = re.search(r"^m=audio (\d+) \S+ ([\d ]+)", body, re.MULTILINE)
    if not host or not media:
        return None
    offered = [int(number) for number in media[2].split()]
    codec = next((number for number in offered if number in (PCMA, PCMU)), None)
    if codec is None:
        return None
    events = re.search(r"^a=rtpmap:(\d+) telephone-event/8000", body, re.MULTILINE)
    direction = re.search(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$", body, re.MULTILINE)
    return Sound(
        host[1], int(media[1]), codec, int(events[1]) if events else EVENTS, direction[1] if direction else "sendrecv"
    )


def write_sdp(sound: Sound, *, version: int = 1, both_codecs: bool = False) -> str:
    codecs = [PCMA, PCMU] if both_codecs else [sound.codec]
    names = {PCMA: "PCMA", PCMU: "PCMU"}
    lines = [
        "v=0",
        f"o=- 1 {version} IN IP4 {sound.host}",
        "s=callengine",
        f"c=IN IP4 {sound.host}",
        "t=0 0",
        f"m=audio {sound.port} RTP/AVP {' '.join(map(str, codecs))} {sound.events}",
        *(f"a=rtpmap:{codec} {names[codec]}/8000" for codec in codecs),
        f"a=rtpmap:{sound.events} telephone-event/8000",
        f"a=fmtp:{sound.events} 0-15",
        "a=ptime:20",
        f"a={sound.direction}",
    ]
    return "\r\n".join(lines) + "\r\n"
