"""Who asks, from where, and what a browser may do with our answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from callengine.access.model import Principal
from callengine.access.service import AccessService
from callengine.api.problems import ForeignOrigin

COOKIE = "callengine_session"
SAFE = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
# Mantine writes style attributes and one style element; everything else comes from our own files.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), payment=(), usb=(), microphone=(self)",
}


def identify(access: AccessService, public_origins: list[str]) -> Callable[[web.Request], Awaitable[Principal | None]]:
    """A Bearer token, else the cookie; with the cookie the Origin must be ours on unsafe methods and on WebSockets."""
    allowed = frozenset(origin.rstrip("/") for origin in public_origins)

    async def who(request: web.Request) -> Principal | None:
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return await access.identify(token.strip())
        cookie = request.cookies.get(COOKIE)
        if not cookie:
            return None
        if request.method not in SAFE or request.headers.get(hdrs.UPGRADE):
            check_origin(request, allowed)
        return await access.identify(cookie)

    return who


def check_origin(request: web.Request, allowed: frozenset[str]) -> None:
    """Raises ForeignOrigin. Browsers name the origin on every unsafe method and WebSocket; curl names none."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise ForeignOrigin()
        return
    # The scheme is not compared: behind a proxy with TLS we ourselves speak http.
    if urlsplit(origin).netloc != request.host and origin not in allowed:
        raise ForeignOrigin()


def origin_of_pages(request: web.Request, public_origins: Sequence[str]) -> str:
    """Where our pages are found from outside, without a slash at the end: "https://desk.example".

    Behind a proxy with TLS we ourselves speak http, so a browser's Origin tells, when it is ours. A program names none:
    for it the first of [http] public_origins stands.
    """
    origin, allowed = request.headers.get(hdrs.ORIGIN, ""), [one.rstrip("/") for one in public_origins]
    parts = urlsplit(origin)
    if origin in allowed or (parts.netloc == request.host and parts.scheme in ("http", "https")):
        return origin
    return allowed[0] if allowed else f"{request.scheme}://{request.host}"


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """On every response, also on errors and streams."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.path.startswith("/api/"):
        response.headers.setdefault("Cache-Control", "no-store")
