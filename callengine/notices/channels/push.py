"""Web push: encrypted for the browser by pywebpush, signed by our key (VAPID), sent with aiohttp; nothing blocks.

pywebpush's own `webpush` uses requests and would hold the loop: only its encryption is taken.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import fnmatch
import hashlib
import ipaddress
import json
import logging
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02
from pywebpush import WebPusher

from callengine import config
from callengine.clock import Clock
from callengine.errors import Refused
from callengine.notices.channels.pause import retry_after
from callengine.notices.channels.scrub import scrub
from callengine.notices.model import Channel, Later, Message, Rejected, Result, Sent, Subscription, Unknown
from callengine.notices.reasons import PUSH, reason

log = logging.getLogger(__name__)

ANSWER_SECONDS, CONNECT_SECONDS = 15.0, 5.0
AT_ONCE = 16  # browsers of one notice: a few that are dead hold up none that live
TTL_SECONDS = 3600
SIGNED_SECONDS = 6 * 3600  # a push service takes at most 24 h
MOST_ANSWER = 4096
MOST_PAYLOAD_CHARACTERS = 900  # of the text: 4096 octets are a push's most, Cyrillic has two each


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The key that signs pushes. `public` is what a browser subscribes with (base64url, uncompressed point)."""

    private: ec.EllipticCurvePrivateKey

    @staticmethod
    def make() -> str:
        """A new one as it is kept: PKCS#8, base64."""
        key = ec.generate_private_key(ec.SECP256R1())
        kind, form = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8
        return base64.b64encode(key.private_bytes(kind, form, serialization.NoEncryption())).decode()

    @staticmethod
    def read(kept: str) -> SigningKey:
        key = serialization.load_der_private_key(base64.b64decode(kept), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("the key that signs pushes is of another kind")
        return SigningKey(key)

    @property
    def public(self) -> str:
        kind, form = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        return _word(self.private.public_key().public_bytes(kind, form))

    def headers(self, endpoint: str, contact: str, now: int) -> dict[str, str]:
        """RFC 8292: who sends it, to the push service of this endpoint alone."""
        place = urlsplit(endpoint)
        claims = {"aud": f"{place.scheme}://{place.netloc}", "exp": now + SIGNED_SECONDS, "sub": contact}
        signed: dict[str, str] = Vapid02(private_key=self.private).sign(claims)
        return signed


class Push:
    """The push channel: one notice goes to all browsers of who it is for."""

    channel = Channel.PUSH
    at_once = 8
    repeatable = True  # the same topic replaces what the browser has not yet taken

    def __init__(self, settings: config.Notices, clock: Clock, key: SigningKey) -> None:
        self._settings, self._clock, self._key = settings, clock, key
        self._session: aiohttp.ClientSession | None = None

    async def send(self, message: Message) -> Result:
        if not message.subscriptions:
            return Rejected(reason("no_browser"))
        room = asyncio.Semaphore(AT_ONCE)

        async def to(one: Subscription) -> Result | None:
            async with room:
                return await self._to(one, message)

        results = await asyncio.gather(*map(to, message.subscriptions))
        gone = tuple(one.id for one, result in zip(message.subscriptions, results, strict=True) if result is None)
        taken = [result for result in results if isinstance(result, Sent)]
        if taken:
            return Sent(f"{len(taken)} of {len(results)} browsers: {taken[0].receipt}", {}, gone)
        for result in results:
            if isinstance(result, Later):
                return Later(result.problem, result.after_seconds, result.whole_channel, {}, gone)
        for result in results:
            if isinstance(result, Unknown):
                return Later(result.problem, None, False, {}, gone)  # the topic makes one of two
        refused = next((result.problem for result in results if isinstance(result, Rejected)), "")
        return Rejected(refused or reason("browsers_gone"), gone)

    async def _to(self, one: Subscription, message: Message) -> Result | None:
        """To one browser; None when it is no more."""
        try:
            check_endpoint(one.endpoint, self._settings.push_hosts)
            body, headers = self._sealed(one, message)
        except (Refused, ValueError) as error:
            return Rejected(reason("subscription_bad", said=scrub(str(error))))
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS, sock_connect=CONNECT_SECONDS)
            self._session = aiohttp.ClientSession(timeout=timeout)
        try:
            async with self._session.post(one.endpoint, data=body, headers=headers, allow_redirects=False) as response:
                raw = await response.content.read(MOST_ANSWER)
                after = retry_after(response.headers.get("Retry-After", ""), danger=message.danger)
                return _answer(response.status, after, raw)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return Later(reason("service_down", service=PUSH, said=type(error).__name__))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return Unknown(reason("service_silent", service=PUSH, said=type(error).__name__))

    def _sealed(self, one: Subscription, message: Message) -> tuple[bytes, dict[str, str]]:
        payload = {
            "id": message.id,
            "kind": message.kind,
            "title": message.subject,
            "body": message.text[:MOST_PAYLOAD_CHARACTERS],
            "ticket": message.ticket_number,
            "link": message.link,
            "language": message.language,
            "acknowledge": message.acknowledge,
            "danger": message.danger,
        }
        pusher = WebPusher({"endpoint": one.endpoint, "keys": {"p256dh": one.p256dh, "auth": one.auth}})
        sealed = pusher.encode(json.dumps(payload, ensure_ascii=False).encode())
        now = int(self._clock.now().timestamp())
        signed = self._key.headers(one.endpoint, self._contact, now)
        topic = _word(hashlib.sha256(message.key.encode()).digest()[:24])
        return bytes(sealed["body"]), {
            **signed,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(TTL_SECONDS),
            "Topic": topic,
            "Urgency": "high" if message.danger or message.acknowledge else "normal",
        }

    @property
    def _contact(self) -> str:
        it = self._settings
        public = it.public_url if it.public_url.startswith("https://") else ""
        return it.push_contact or (f"mailto:{it.email_from}" if it.email_from else public or "mailto:root@localhost")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


def _answer(status: int, after: float | None, raw: bytes) -> Result | None:
    said = scrub(raw.decode("utf-8", "replace"))
    if status in (404, 410):
        return None
    if 200 <= status < 300:
        return Sent(f"{status} {said}".strip())
    if status in (408, 429) or status >= 500:
        return Later(reason("service_busy", service=PUSH, said=f"{status} {said}"), after)
    return Rejected(reason("service_refused", service=PUSH, said=f"{status} {said}"))


def check_endpoint(endpoint: str, hosts: list[str]) -> None:
    """Raises Refused for an address that is no push service's: the engine speaks to no other at a stranger's wish."""
    try:
        place = urlsplit(endpoint)
        host, _ = place.hostname or "", place.port
    except ValueError:
        raise Refused("the endpoint is no address", pointer="/endpoint") from None
    if not any(fnmatch.fnmatchcase(host, pattern) for pattern in hosts):
        words = f"{host or 'this'} is no push service that is known here: the administrator may add it to push_hosts"
        raise Refused(words, pointer="/endpoint")
    if place.username or place.password or (place.scheme != "https" and not _loopback(host)):
        raise Refused("a push service has an address with https and no password", pointer="/endpoint")


def check_keys(p256dh: str, auth: str) -> None:
    """Raises Refused for keys that no browser made."""
    try:
        point, secret = _bytes(p256dh), _bytes(auth)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except (ValueError, binascii.Error):
        raise Refused("p256dh is no public key of a browser", pointer="/keys/p256dh") from None
    if len(secret) != 16:
        raise Refused("auth has 16 octets", pointer="/keys/auth")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _word(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
