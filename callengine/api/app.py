"""The web application: routes, documents, pages and the guards around them."""

from __future__ import annotations

import logging

import orjson
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from callengine.api import core, metrics, pages, security
from callengine.api.openapi import document
from callengine.api.problems import problem
from callengine.api.routes import all_routes
from callengine.api.services import Phone, Services

__all__ = ["Phone", "Services", "build_app"]

log = logging.getLogger(__name__)
WORDING = {404: "There is no such thing here.", 405: "This path does not take this method."}


def build_app(services: Services) -> web.Application:
    """The application, ready for an AppRunner; it closes the live hub when it stops."""
    app = web.Application(middlewares=[_problems, _crossing(services.settings.http.public_origins)])
    core.mount(app, all_routes(), services, security.identify(services.access, services.settings.http.public_origins))
    app.router.add_get("/api/openapi.json", _openapi)
    metrics.mount(app, services)
    pages.mount(app, services.web_dir)
    app.on_response_prepare.append(security.add_headers)

    async def stop(_app: web.Application) -> None:
        await services.live.close()

    app.on_shutdown.append(stop)
    return app


async def _openapi(_request: web.Request) -> web.Response:
    return web.Response(body=orjson.dumps(document()), content_type="application/json")


@web.middleware
async def _problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What aiohttp itself refuses (no such path, no such method) is told as a problem too."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        told = problem(error.status, error.reason.lower().replace(" ", "-"), WORDING.get(error.status, error.reason))
        for name in (hdrs.ALLOW, hdrs.UPGRADE):
            if name in error.headers:
                told.headers[name] = error.headers[name]
        return told
    except Exception:
        log.exception("request failed", extra={"action": "request_failed", "path": request.path})
        return problem(500, "engine-error", "Something went wrong in the engine. See its log for details.")


def _crossing(public_origins: list[str]) -> web.Middleware:  # type: ignore[name-defined]
    """CORS for the origins that the administrator named; nobody else gets a header."""
    allowed = frozenset(origin.rstrip("/") for origin in public_origins)

    @web.middleware
    async def crossing(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get(hdrs.ORIGIN, "")
        if origin not in allowed:
            return await handler(request)
        asks_before = request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
        response = web.Response(status=204) if asks_before else await handler(request)
        if not response.prepared:
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_CREDENTIALS] = "true"
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = "GET, HEAD, POST, PUT, DELETE"
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = "Authorization, Content-Type, Idempotency-Key"
            response.headers.add(hdrs.VARY, hdrs.ORIGIN)
        return response

    return crossing
