"""Writes src/api/types.ts from api/schemas.py and the shapes beside it: pages and engine speak of one shape.

Run by `npm run generate`; tests/web/test_types.py fails when the file is stale.
"""

from __future__ import annotations

import sys
import types
import typing
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel

from callengine.api import classifier_shapes, directory_shapes, meter_shapes, notice_shapes, outreach_shapes, schemas
from callengine.api.queries import Query

SOURCES = (schemas, classifier_shapes, directory_shapes, meter_shapes, notice_shapes, outreach_shapes)
TARGET = Path(__file__).parent / "src" / "api" / "types.ts"
_PLAIN: dict[Any, str] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    datetime: "string",
    AwareDatetime: "string",
    date: "string",
    type(None): "null",
    Any: "unknown",
}


def ts(annotation: Any) -> str:
    """One annotation in TypeScript."""
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if isinstance(annotation, typing.TypeVar):
        return annotation.__name__
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is typing.Annotated:
        return ts(args[0])
    if origin is Literal:
        return " | ".join(f'"{a}"' for a in args)
    if origin in (Union, types.UnionType):
        return " | ".join(ts(a) for a in args)
    if origin is list:
        inner = ts(args[0])
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if origin is dict:
        return f"Record<string, {ts(args[1])}>"
    return str(annotation.__name__)


def interface(model: type[BaseModel]) -> str:
    """One model as an interface; what we may leave out of a body is optional."""
    parent = model.__mro__[1]
    shared = parent if issubclass(parent, BaseModel) and not parent.__name__.startswith("_") else BaseModel
    inherited = set(shared.model_fields)  # what a private parent has is written out
    extends = f" extends {parent.__name__}" if inherited else ""
    body = issubclass(model, schemas.Body)
    generic = "<Item>" if model is schemas.Page else ""
    lines = [
        f"  {name}{'?' if body and not field.is_required() else ''}: {ts(field.annotation)};"
        for name, field in model.model_fields.items()
        if name not in inherited
    ]
    return f"export interface {model.__name__}{generic}{extends} {{\n" + "\n".join(lines) + "\n}\n"


def render() -> str:
    """The whole file."""
    models = [
        m
        for source in SOURCES
        for m in vars(source).values()
        if isinstance(m, type) and issubclass(m, BaseModel) and m.__module__ == source.__name__
    ]
    shown = [m for m in models if not issubclass(m, Query)]  # what a list is asked by is written by the pages' own hand
    kept = [m for m in shown if m not in (schemas.Body, schemas.View) and not m.__name__.startswith("_")]
    head = "// Written by generate_types.py from callengine/api/schemas.py: change that, then `npm run generate`.\n\n"
    return head + "\n".join(interface(m) for m in kept)


if __name__ == "__main__":
    TARGET.write_text(render(), "utf-8")
    print(f"{TARGET} written", file=sys.stderr)
