"""Writes the reference pages that are made from the code: the schema, the routes, the settings, the lifecycle."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

from callengine.config import Section, Settings
from callengine.store.tables import metadata
from callengine.tickets.lifecycle import (
    ADMINISTRATOR,
    EXECUTOR,
    FORBIDDEN,
    MANAGER,
    OPERATOR,
    SUPERVISOR,
    SYSTEM,
    TABLE,
    Field,
    Move,
    Transition,
    guards_of,
)
from callengine.tickets.model import Status

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


def lifecycle_page() -> str:
    """The life of a ticket: a diagram of its table, then the moves of each role, their needs and what forbids them."""
    lines = ["# The life of a ticket", "", MADE, "", *_LIFE, "", "```mermaid", "stateDiagram-v2"]
    lines += [f"    {status}: {status.label('ru')}" for status in Status]
    lines += [f"    [*] --> {status}" for status in FIRST]
    lines += [f"    {source} --> {target}: {', '.join(moves)}" for (source, target), moves in _edges().items()]
    lines += [f"    {status} --> [*]" for status in Status if status.final]
    lines += ["```", "", "## Statuses", "", "| key | status | in English | lasts |", "|---|---|---|---|"]
    lines += [
        f"| `{status}` | {status.label('ru')} | {status.label('en')} | {'final' if status.final else 'open'} |"
        for status in Status
    ]
    for role in ROLES:
        lines += ["", f"## {role}", "", "| move | from | to | needs | forbidden when |", "|---|---|---|---|---|"]
        lines += [_move_line(row, role) for row in TABLE if role in row.roles]
    lines += ["", "## Why a move is forbidden", "", "| key | in words |", "|---|---|"]
    lines += [f"| `{key}` | {ru} · {en} |" for key, (ru, en) in FORBIDDEN.items()]
    return "\n".join([*lines, ""])


FIRST = (Status.FROM_CABINET, Status.UNASSIGNED, Status.AWAITING_ACCEPTANCE, Status.AWAITING_CENTRE)
ROLES = (OPERATOR, SUPERVISOR, ADMINISTRATOR, MANAGER, EXECUTOR, SYSTEM)
_LIFE = (
    "Made of the table in `callengine/tickets/lifecycle.py`, which is also the check before each move and the source",
    "of the buttons. An administrator may do what a supervisor and an operator may, and `move` anything anywhere, with",
    "a reason. `system` is the engine itself: timers, a signed act that came, the resident's mark. A resident moves",
    "nothing. Moves that keep the status (`localise`, `postpone`, `confirm_paid`) are not drawn.",
)


def _edges() -> dict[tuple[Status, Status], list[str]]:
    """The arrows: each pair of statuses once, with its moves; the administrator's free hand is not drawn."""
    found: dict[tuple[Status, Status], list[str]] = {}
    for row in TABLE:
        targets = [row.target] if row.target else []
        targets = [Status.CLOSED, Status.CONFLICT] if row.move is Move.MARK else targets
        for source, target in ((s, t) for s in Status if s in row.sources for t in targets):
            moves = found.setdefault((source, target), [])
            if row.move not in moves:
                moves.append(row.move)
    return found


def _move_line(row: Transition, role: str) -> str:
    sources = "any" if row.sources == frozenset(Status) else ", ".join(f"`{s}`" for s in Status if s in row.sources)
    if row.sources == frozenset(s for s in Status if not s.final):
        sources = "any open"
    target = f"`{row.target}`" if row.target else "where he says" if row.move is Move.MOVE else "stays"
    if row.move is Move.MARK:
        target = "`closed` by 3 to 5, `conflict` by 1, 2 or not done; late: stays until its act"
    if row.organised is not None:
        target += " (it has an organisation)" if row.organised else " (nobody answers for it)"
    needs = ", ".join(f"`{need}`" for need in Field if need in row.needs)
    return (
        f"| `{row.move}` | {sources} | {target} | {needs} | {', '.join(f'`{key}`' for key in guards_of(row, role))} |"
    )


def pages() -> dict[str, str]:
    """All generated pages by file name."""
    from callengine.api.openapi import document

    return {
        "schema.md": schema_page(),
        "settings.md": settings_page(),
        "routes.md": routes_page(document()),
        "lifecycle.md": lifecycle_page(),
    }


def main() -> int:
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, "utf-8")
        print(f"written: docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
