"""SMS through any HTTP gateway: the configuration says where the number and the text go, and what an answer means."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote, unquote_plus, urlsplit

import aiohttp

from callengine import config
from callengine.notices.channels.pause import retry_after
from callengine.notices.channels.scrub import scrub
from callengine.notices.model import Channel, Later, Message, Rejected, Result, Sent, Unknown
from callengine.notices.reasons import GATEWAY, Reason, reason

ANSWER_SECONDS, CONNECT_SECONDS = 20.0, 5.0
MOST_ANSWER = 64 * 1024
LONG_PIECE = 12  # characters: a shorter piece of a path is a word, not a key
NO_ERROR: tuple[Any, ...] = (None, False, 0, "", "0", [], {})


class HttpGateway:
    """The SMS channel over HTTP. Nothing of its URL, headers or body is ever logged: keys stand there."""

    channel = Channel.SMS
    at_once = 8

    def __init__(self, settings: config.Notices) -> None:
        self._settings = settings
        self.repeatable = settings.sms_repeatable
        self._url = settings.sms_url.get_secret_value()
        self._headers = dict(_header(one.get_secret_value()) for one in settings.sms_headers)
        self._secrets = [
            *_parts_of_url(self._url),
            *[part for value in self._headers.values() for part in _parts_of_header(value)],
            *_words_of(settings.sms_body.get_secret_value()),
        ]
        self._session: aiohttp.ClientSession | None = None

    async def send(self, message: Message) -> Result:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS, sock_connect=CONNECT_SECONDS)
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=timeout)
        try:
            async with self._session.request(
                "GET" if self._settings.sms_format == "query" else "POST",
                self._url,
                headers=self._headers,
                allow_redirects=False,  # a key is sent to the configured address and to no other
                **self._body(message),
            ) as response:
                raw = await response.content.read(MOST_ANSWER)
                after = retry_after(response.headers.get("Retry-After", ""), danger=message.danger)
                return self._answer(response.status, after, raw)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return Later(_of("down", type(error).__name__), whole_channel=True)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return Unknown(_of("silent", type(error).__name__))

    def _body(self, message: Message) -> dict[str, Any]:
        values = {
            "number": message.number,
            "text": message.text,
            "id": str(message.id),
            "sender": self._settings.sms_sender,
        }
        filled = _filled(json.loads(self._settings.sms_body.get_secret_value()), values)
        if self._settings.sms_format == "json":
            return {"json": filled}
        flat = {str(name): str(value) for name, value in filled.items()}
        return {"params": flat} if self._settings.sms_format == "query" else {"data": flat}

    def _answer(self, status: int, after: float | None, raw: bytes) -> Result:
        text = raw.decode("utf-8", "replace")
        said = scrub(text, self._secrets)
        if status == 429 or status == 503:
            return Later(_of("busy", f"{status} {said}"), after, whole_channel=True)
        if status == 408 or status >= 500:
            return Later(_of("failed", f"{status} {said}"))
        if status in (401, 403):
            return Later(_of("refused_us", f"{status} {said}"), 60, whole_channel=True)
        if not 200 <= status < 300:
            return Rejected(_of("refused", f"{status} {said}"))
        try:
            answer = json.loads(text)
        except ValueError:
            return Sent(f"{status} {said}")
        error = _at(answer, self._settings.sms_error)
        if self._settings.sms_error and error not in NO_ERROR:
            return Rejected(_of("refused", scrub(str(error), self._secrets)))
        name = _at(answer, self._settings.sms_id)
        found = name if isinstance(name, str | int) and not isinstance(name, bool) else None
        return Sent(f"{status} {said}", {0: str(found)[:100]} if found is not None else {})

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


def _of(what: str, said: str) -> Reason:
    return reason(f"service_{what}", service=GATEWAY, said=said)


def _filled(shape: Any, values: dict[str, str]) -> Any:
    """The configured body with our values in its strings: put in after it was parsed, so that a text stays a text."""
    match shape:
        case str():
            for name in values:
                if shape == "{" + name + "}":
                    return values[name]
            return _replaced(shape, values)
        case dict():
            return {key: _filled(value, values) for key, value in shape.items()}
        case list():
            return [_filled(value, values) for value in shape]
    return shape


def _replaced(text: str, values: dict[str, str]) -> str:
    """In one pass: a value that looks like a field is left alone."""
    out, at = [], 0
    while (begin := text.find("{", at)) >= 0:
        end = text.find("}", begin)
        name = text[begin + 1 : end] if end > 0 else ""
        out.append(text[at:begin])
        if name in values:
            out.append(values[name])
            at = end + 1
        else:
            out.append("{")
            at = begin + 1
    return "".join([*out, text[at:]])


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()


def _parts_of_url(url: str) -> list[str]:
    """The URL and what a key may be in it, as it is written and as the gateway reads it: a query's value, a password,
    a long piece of the path."""
    place = urlsplit(url)
    values = [pair.partition("=")[2] or pair for pair in place.query.split("&")]
    paths = [piece for piece in place.path.split("/") if len(piece) >= LONG_PIECE]
    found = [*values, *paths, place.username or "", place.password or ""]
    return [url, *found, *map(unquote, found), *map(unquote_plus, values)]


def _parts_of_header(value: str) -> list[str]:
    """The value and its words: a gateway repeats a key without the "Bearer" that stood before it."""
    words = value.split()
    return [value, *words, *[part for word in words for part in re.split(r"[=:,;\"']+", word)]]


def _words_of(body: str) -> list[str]:
    """The fixed strings of the configured body: one of them may be a key."""
    found: list[str] = []

    def walk(shape: Any) -> None:
        match shape:
            case str() if "{" not in shape:
                found.append(shape)
            case dict():
                for value in shape.values():
                    walk(value)
            case list():
                for value in shape:
                    walk(value)

    walk(json.loads(body))
    return found


def _at(answer: Any, pointer: str) -> Any:
    """What stands at a JSON pointer; None when nothing does."""
    if not pointer:
        return None
    for step in pointer[1:].split("/"):
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(answer, dict):
            answer = answer.get(step)
        elif isinstance(answer, list) and step.isascii() and step.isdigit() and int(step) < len(answer):
            answer = answer[int(step)]
        else:
            return None
    return answer
