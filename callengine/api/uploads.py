"""CSV files that come as the body of a request: which kinds there are, and the bytes as they come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from callengine.api.core import Ask
from callengine.api.problems import TooLarge, WrongMedia
from callengine.directory.imports import CLASSIFIER, FILE_KINDS
from callengine.errors import NotFound, Refused

MEDIA = ("text/csv", "text/plain", "application/octet-stream")
MOST_BYTES = 500 * 1024 * 1024
CHUNK = 65_536


def kind_of(ask: Ask[Any, Any]) -> str:
    """The kind that the path names. Raises NotFound, and Refused for the classifier: it has its own import."""
    kind: str = ask.path["kind"]
    if kind == CLASSIFIER:
        raise Refused(
            "the classifier is imported by POST /api/v1/classifier/imports, which shows what changes and takes its "
            "fingerprint: on the page of the classifier"
        )
    if kind not in FILE_KINDS:
        raise NotFound(f"there are {', '.join(sorted(FILE_KINDS))}")
    return kind


def csv_of(ask: Ask[Any, Any], most_bytes: int = MOST_BYTES, what: str = "a file") -> AsyncIterator[bytes]:
    """The body in pieces. Raises WrongMedia at once, and TooLarge as soon as it has more than `most_bytes`."""
    if ask.request.content_type not in MEDIA:
        raise WrongMedia("send the file as text/csv")
    return _pieces(ask.request, most_bytes, what)


async def _pieces(request: web.Request, most_bytes: int, what: str) -> AsyncIterator[bytes]:
    size = 0
    async for piece in request.content.iter_chunked(CHUNK):
        size += len(piece)
        if size > most_bytes:
            raise TooLarge(f"{what} may have {most_bytes // 1024 // 1024} MB")
        yield piece
