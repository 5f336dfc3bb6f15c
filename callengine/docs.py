"""Writes the reference pages that are made from the code: the schema, the routes, the settings."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

from callengine.config import Section, Settings
from callengine.store.tables import metadata

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
MADE = "<!-- made by `make docs`; do not edit -->"


def schema_page() -> str:
    """The tables as a Mermaid diagram and as lists of columns with their comments."""
    lines = ["# Schema", "", MADE, "", "```mermaid", "erDiagram"]
    for table in metadata.sorted_tables:
        lines += [
            f"    {key.column.table.name} ||--o{{ {table.name} : {key.parent.name}"
            for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)
        ]
    lines += ["```", ""]
    for table in metadata.sorted_tables:
        lines += [f"## {table.name}", ""]
        if table.comment:
            lines += [table.comment, ""]
        lines += ["| column | type | null | meaning |", "|---|---|---|---|"]
        lines += [
            f"| {column.name} | {_type(column.type)} | {'yes' if column.nullable else ''} | {column.comment or ''} |"
            for column in table.columns
        ]
        lines.append("")
    return "\n".join(lines)


def _type(kind: Any) -> str:
    return type(kind).__name__.lower()


def settings_page() -> str:
    """Every section and key with its default and the comment that stands beside it in config.toml."""
    meanings = dict(_comments((REFERENCE.parent.parent / "config.toml").read_text("utf-8")))
    lines = ["# Settings", "", MADE, "", "Each key may be overridden by `CALLENGINE_<SECTION>__<KEY>`.", ""]
    for name, section in Settings.model_fields.items():
        kind = section.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            lines += [f"## [{name}]", "", "| key | default | meaning |", "|---|---|---|"]
            lines += [
                f"| {key} | `{_default(field)}` | {meanings.get((name, key), '')} |" for key, field in _fields(kind)
            ]
            lines.append("")
    return "\n".join(lines)


def _comments(text: str) -> Iterator[tuple[tuple[str, str], str]]:
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif "=" in line and "  #" in line:
            yield (section, line.partition("=")[0].strip()), line.rpartition("  # ")[2].strip()


def _fields(kind: type[Section]) -> Iterator[tuple[str, Any]]:
    yield from kind.model_fields.items()


def _default(field: Any) -> str:
    if field.default is PydanticUndefined:
        return ""
    return json.dumps(field.default, default=str, ensure_ascii=False)


def routes_page(document: dict[str, Any]) -> str:
    """Every route of the OpenAPI document: method, path, what it is for."""
    lines = ["# Routes", "", MADE, "", "The whole contract is `/api/openapi.json` of a running engine.", ""]
    lines += ["| method | path | what |", "|---|---|---|"]
    for path, item in sorted(document["paths"].items()):
        lines += [f"| {verb.upper()} | `{path}` | {act.get('summary', '')} |" for verb, act in item.items()]
    return "\n".join([*lines, ""])


def pages() -> dict[str, str]:
    """All generated pages by file name."""
    from callengine.api.openapi import document

    return {"schema.md": schema_page(), "settings.md": settings_page(), "routes.md": routes_page(document())}


def main() -> int:
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, "utf-8")
        print(f"written: docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
