"""Errors on the wire: RFC 9457 problem+json, with pointers to what is wrong in the body or the query."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web

from callengine.errors import EngineError, NoRoom, Refused, TooLarge

__all__ = ["BadRequest", "ForeignOrigin", "Invalid", "NoRoom", "TooLarge", "WrongMedia", "problem", "problem_of"]

MEDIA = "application/problem+json"


class BadRequest(EngineError):
    """The request cannot be read."""

    code, status = "bad-request", 400


class WrongMedia(EngineError):
    """Send the body as the media type that the route takes."""

    code, status = "wrong-media-type", 415


class ForeignOrigin(EngineError):
    """This page may not act in your name: its origin is not one of [http] public_origins."""

    code, status = "foreign-origin", 403


class Invalid(Refused):
    """The input has mistakes."""

    code = "invalid"

    def __init__(self, mistakes: list[dict[str, str]]) -> None:
        super().__init__(errors=mistakes)


def problem_of(error: EngineError) -> web.Response:
    """What the public may know of an error: a 500 keeps its detail to the log."""
    extra = dict(error.extra)
    errors = extra.pop("errors", [])
    if pointer := extra.pop("pointer", None):
        errors = [{"pointer": f"#{pointer}", "detail": error.detail}]
    response = problem(error.status, error.code, error.detail, errors=errors, extra=extra)
    if error.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    if "retry_after" in extra:
        response.headers["Retry-After"] = str(extra["retry_after"])
    return response


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
    extra: dict[str, Any] | None = None,
) -> web.Response:
    body = {
        **(extra or {}),
        "type": f"urn:callengine:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": errors or [],
    }
    return web.Response(body=orjson.dumps(body, default=str), status=status, content_type=MEDIA)
