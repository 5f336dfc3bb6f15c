"""The thin layer of typed routes: what a handler's annotations say is parsed, checked, answered and documented.

    @routes.get("/calls/{id:int}", roles=DESK, summary="One call")
    async def get_call(ask: Ask[None, None]) -> CallDetail: ...

The body and the query are the two parameters of `Ask`, the answer is what the handler returns.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_type_hints

from aiohttp import web
from pydantic import BaseModel, TypeAdapter, ValidationError

from callengine.access.model import Principal
from callengine.api.problems import BadRequest, Invalid, TooLarge, WrongMedia, problem, problem_of
from callengine.errors import EngineError, Forbidden, NotFound, Refused, Unauthenticated

if TYPE_CHECKING:
    from callengine.api.services import Services

log = logging.getLogger(__name__)

B = TypeVar("B")
Q = TypeVar("Q")
PREFIX = "/api/v1"
MOST_BODY_BYTES = 256 * 1024
LARGEST_ID = 2**53 - 1
NOBODY = Principal(None, "", None, "", None)


@dataclass(slots=True)
class Ask(Generic[B, Q]):
    """One request as a handler sees it."""

    request: web.Request
    services: Services
    who: Principal
    body: B
    query: Q
    path: Mapping[str, Any]
    # What is to be done to the response before it goes: a cookie, a header.
    touches: list[Callable[[web.StreamResponse], None]] = field(default_factory=list)

    @property
    def id(self) -> int:
        return int(self.path["id"])


Handler = Callable[[Ask[Any, Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """All that is known of a route; OpenAPI is made of nothing else."""

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str
    roles: frozenset[str] | None
    status: int
    body: TypeAdapter[Any] | None
    query: type[BaseModel] | None
    answer: TypeAdapter[Any] | None
    media: str = "application/json"  # of the answer
    takes: str = "application/json"  # of the body
    idempotent: bool = False  # honours Idempotency-Key

    @property
    def name(self) -> str:
        return str(getattr(self.handler, "__name__", "handler"))

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters in the path, each with its type: int or str."""
        parts = [part[1:-1] for part in self.path.split("/") if part.startswith("{")]
        return {name: kind or "str" for name, _, kind in (part.partition(":") for part in parts)}


class Routes:
    """Collects the routes of one topic."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.all: list[Route] = []

    def _add(
        self,
        method: str,
        path: str,
        *,
        roles: frozenset[str] | None,
        summary: str,
        status: int = 200,
        media: str = "application/json",
        takes: str = "application/json",
        idempotent: bool = False,
    ) -> Callable[[Handler], Handler]:
        def keep(handler: Handler) -> Handler:
            hints = get_type_hints(handler)
            body, query = get_args(hints["ask"])
            answer = hints["return"]
            raw = isinstance(answer, type) and issubclass(answer, web.StreamResponse)
            self.all.append(
                Route(
                    method=method,
                    path=path,
                    handler=handler,
                    summary=summary,
                    tag=self.tag,
                    roles=roles,
                    status=204 if answer is type(None) else status,
                    body=None if body is type(None) else TypeAdapter(body),
                    query=None if query is type(None) else query,
                    answer=None if raw or answer is type(None) else TypeAdapter(answer),
                    media=media,
                    takes=takes,
                    idempotent=idempotent,
                )
            )
            return handler

        return keep

    def get(self, path: str, **about: Any) -> Callable[[Handler], Handler]:
        return self._add("GET", path, **about)

    def post(self, path: str, **about: Any) -> Callable[[Handler], Handler]:
        return self._add("POST", path, **about)

    def put(self, path: str, **about: Any) -> Callable[[Handler], Handler]:
        return self._add("PUT", path, **about)

    def delete(self, path: str, **about: Any) -> Callable[[Handler], Handler]:
        return self._add("DELETE", path, **about)


Identify = Callable[[web.Request], Awaitable[Principal | None]]


def mount(app: web.Application, routes: list[Route], services: Services, identify: Identify) -> None:
    """Registers all routes with aiohttp."""
    for route in routes:
        path = PREFIX + "".join(f"/{_slot(part)}" for part in route.path.strip("/").split("/"))
        serve = _serve(route, services, identify)
        app.router.add_route(route.method, path, serve)
        if route.method == "GET" and route.name != "live":
            app.router.add_route("HEAD", path, serve)


def _slot(part: str) -> str:
    return "{" + part[1:-1].partition(":")[0] + "}" if part.startswith("{") else part


def _serve(
    route: Route, services: Services, identify: Identify
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        try:
            return await _answer(route, services, identify, request)
        except EngineError as error:
            return problem_of(error)
        except (web.HTTPException, asyncio.CancelledError):
            raise
        except Exception:
            log.exception("request failed", extra={"action": "request_failed", "route": route.name})
            return problem(500, "engine-error", "Something went wrong in the engine. See its log for details.")

    return serve


async def _answer(route: Route, services: Services, identify: Identify, request: web.Request) -> web.StreamResponse:
    who = await _admit(route, identify, request)
    ask: Ask[Any, Any] = Ask(
        request=request,
        services=services,
        who=who,
        path=_path(route, request),
        query=_query(route, request),
        body=await _body(route, request),
    )
    given = await route.handler(ask)
    response = _response(route, given)
    for touch in ask.touches:
        touch(response)
    return response


def _response(route: Route, given: Any) -> web.StreamResponse:
    if isinstance(given, web.StreamResponse):
        return given
    if route.answer is None:
        return web.Response(status=route.status)
    body = route.answer.dump_json(given)
    return web.Response(body=body, status=route.status, content_type="application/json", charset="utf-8")


async def _admit(route: Route, identify: Identify, request: web.Request) -> Principal:
    if route.roles is None:
        return NOBODY
    who = await identify(request)
    if who is None:
        raise Unauthenticated()
    if who.role not in route.roles:
        raise Forbidden()
    return who


def _path(route: Route, request: web.Request) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, kind in route.parameters.items():
        text = request.match_info[name]
        if "\x00" in text:
            raise NotFound()
        values[name] = _whole(text) if kind == "int" else text
    return values


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and 0 < int(text) <= LARGEST_ID):
        raise NotFound()
    return int(text)


def _query(route: Route, request: web.Request) -> Any:
    values: dict[str, str] = {}
    for name, value in request.query.items():
        if name in values:
            raise Invalid([{"parameter": name, "detail": "is given twice"}])
        if "\x00" in value:
            raise Invalid([{"parameter": name, "detail": "has a character that no text has"}])
        values[name] = value
    if route.query is None:
        if values:
            raise Invalid([{"parameter": name, "detail": "there is no such parameter"} for name in values])
        return None
    try:
        return route.query.model_validate(values)
    except ValidationError as error:
        raise Invalid([{"parameter": str(e["loc"][0]), "detail": e["msg"]} for e in error.errors()]) from None


async def _body(route: Route, request: web.Request) -> Any:
    if route.body is None:
        return None
    if request.content_type != "application/json":
        raise WrongMedia()
    if (request.content_length or 0) > MOST_BODY_BYTES:
        raise TooLarge()
    raw = await _read(request)
    try:
        return route.body.validate_json(raw, strict=True)
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_context=False, include_input=False)
    if any(mistake["type"] == "json_invalid" for mistake in mistakes):
        raise BadRequest(f"the body is no valid JSON: {mistakes[0]['msg'].partition(': ')[2]}")
    raise Invalid([{"pointer": _pointer(e["loc"]), "detail": e["msg"]} for e in mistakes])


async def _read(request: web.Request) -> bytes:
    raw = bytearray()
    async for chunk in request.content.iter_chunked(65_536):
        raw += chunk
        if len(raw) > MOST_BODY_BYTES:
            raise TooLarge()
    return bytes(raw)


def _pointer(place: tuple[int | str, ...]) -> str:
    return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in place)


_BEYOND = re.compile(r"\d{19}")  # a database keeps whole numbers of 18 digits, and not all of 19


def opaque(cursor: str | None) -> str | None:
    """A service's cursor as clients see it: a word that asks for nothing but to be sent back."""
    return base64.urlsafe_b64encode(cursor.encode()).decode().rstrip("=") if cursor else None


def clear(cursor: str) -> str | None:
    """The reverse. Raises Invalid, also where a number stands in it that no row can have."""
    if not cursor:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except ValueError:
        text = ""
    if not text or _BEYOND.search(text):
        detail = "it is not one of ours: take `next` of the page before"
        raise Invalid([{"parameter": "cursor", "detail": detail}])
    return text


def idempotency_key(ask: Ask[Any, Any]) -> str | None:
    """The Idempotency-Key, made the asker's own: two people may choose the same word."""
    key = given_key(ask)
    return None if key is None else f"{ask.who.staff_id or ask.who.name}:{key}"


def given_key(ask: Ask[Any, Any]) -> str | None:
    """The Idempotency-Key as it was sent. Raises BadRequest."""
    key = ask.request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= 100 and key.isascii() and key.isprintable()):
        raise BadRequest("Idempotency-Key has 1 to 100 printable ASCII characters")
    return key


def person_of(ask: Ask[Any, Any]) -> int:
    """Who answers for what is done here. Raises Refused for a token without a row among the staff."""
    if ask.who.staff_id is None:
        raise Refused("this token belongs to no person: make one with --staff")
    return ask.who.staff_id
