"""The OpenAPI 3.1 document, made of the routes and nothing else. `python -m callengine.api.openapi > FILE`."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any

import orjson
from pydantic import TypeAdapter

import callengine
from callengine.api.core import PREFIX, Route
from callengine.api.routes import all_routes
from callengine.api.schemas import LiveMessage, Problem
from callengine.api.security import COOKIE

Schema = dict[str, Any]
REF = "#/components/schemas/{model}"
IDEMPOTENCY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key does the thing once and gives the same answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[!-~]+$"},
}
UPLOAD_HEADER: Schema = {
    "name": "X-Content-SHA256",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
}


@lru_cache(maxsize=1)
def document() -> Schema:
    """The whole document. Built once: it depends on the code alone."""
    routes = all_routes()
    schemas, definitions = _schemas(routes)
    paths: dict[str, Schema] = {}
    for route in routes:
        path = PREFIX + "/".join(_plain(part) for part in route.path.split("/"))
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "callengine",
            "version": callengine.__version__,
            "description": "A contact centre beside Asterisk. Lists are {items, next}; moments are RFC 3339 UTC.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            },
        },
    }


Key = tuple[str, str]


def _schemas(routes: list[Route]) -> tuple[dict[tuple[Any, Any], Any], Schema]:
    wanted: list[tuple[Any, Any, TypeAdapter[Any]]] = [
        ("Problem", "serialization", TypeAdapter(Problem)),
        ("LiveMessage", "serialization", TypeAdapter(LiveMessage)),
    ]
    for route in routes:
        if route.body:
            wanted.append((f"{route.name} body", "validation", route.body))
        if route.query:
            wanted.append((f"{route.name} query", "validation", TypeAdapter(route.query)))
        if route.answer:
            wanted.append((f"{route.name} answer", "serialization", route.answer))
    found, rest = TypeAdapter.json_schemas(wanted, ref_template=REF)
    definitions = rest["$defs"]
    # A query is told as parameters, never as a schema.
    for route in routes:
        if route.query:
            definitions.pop(route.query.__name__, None)
    return _with_queries(dict(found), routes), definitions


def _with_queries(found: dict[tuple[Any, Any], Any], routes: list[Route]) -> dict[tuple[Any, Any], Any]:
    for route in routes:
        if route.query:
            schema = route.query.model_json_schema(ref_template=REF)
            found[(f"{route.name} query", "validation")] = schema
    return found


def _plain(part: str) -> str:
    return "{" + part[1:-1].partition(":")[0] + "}" if part.startswith("{") else part


def _operation(route: Route, schemas: dict[tuple[Any, Any], Any]) -> Schema:
    operation: Schema = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "parameters": _parameters(route, schemas),
        "responses": _responses(route, schemas),
        "security": [] if route.roles is None else [{"token": []}, {"session": []}],
    }
    if route.roles is not None:
        operation["x-roles"] = sorted(route.roles)
    if route.body:
        content = {"schema": schemas[(f"{route.name} body", "validation")]}
        operation["requestBody"] = {"required": True, "content": {route.takes: content}}
    elif route.takes != "application/json":
        raw: Schema = {"schema": {"type": "string"}}
        operation["requestBody"] = {"required": True, "content": {route.takes: raw}}
    return operation


def _parameters(route: Route, schemas: dict[tuple[Any, Any], Any]) -> list[Schema]:
    listed = [_path_parameter(name, kind) for name, kind in route.parameters.items()]
    if route.query:
        schema = schemas[(f"{route.name} query", "validation")]
        required = schema.get("required", [])
        for name, about in schema["properties"].items():
            about = {key: value for key, value in about.items() if key != "title"}
            listed.append({"name": name, "in": "query", "required": name in required, "schema": about})
    if route.idempotent:
        listed.append(IDEMPOTENCY)
    if route.takes == "audio/wav":
        listed.append(UPLOAD_HEADER)
    return listed


def _path_parameter(name: str, kind: str) -> Schema:
    schema: Schema = {"type": "string", "minLength": 1}
    if kind == "int":
        schema = {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _responses(route: Route, schemas: dict[tuple[Any, Any], Any]) -> Schema:
    wrong = {"application/problem+json": {"schema": schemas[("Problem", "serialization")]}}
    right: Schema = {"description": "Done" if route.status == 204 else route.summary}
    if route.answer:
        right["content"] = {route.media: {"schema": schemas[(f"{route.name} answer", "serialization")]}}
    elif route.media != "application/json":
        right["content"] = {route.media: {"schema": {"type": "string"}}}
    responses: Schema = {str(route.status): right}
    if route.media == "audio/ogg":
        responses["206"] = {**right, "description": "A part"}
    if route.roles is not None:
        responses["401"] = {"description": "Not signed in", "content": wrong}
        responses["403"] = {"description": "Your role does not allow this", "content": wrong}
    responses["default"] = {"description": "A problem (RFC 9457)", "content": wrong}
    return responses


def main() -> None:
    sys.stdout.write(orjson.dumps(document(), option=orjson.OPT_INDENT_2).decode() + "\n")


if __name__ == "__main__":
    main()
