"""The style sheets of the pages: all of them stand in one page together, so none may reach into another's room."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "callengine" / "web" / "src"
# The frame is the page itself: a room may say how it stands around it.
COMMON = {"frame"}


def test_a_class_is_styled_by_one_sheet_or_below_a_class_of_the_sheets_own() -> None:
    where: defaultdict[str, set[str]] = defaultdict(set)
    for sheet in SOURCES.rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text("utf-8"), flags=re.DOTALL)
        for rule in re.findall(r"([^{}]+)\{", text):
            for selector in re.split(r",(?![^(]*\))", rule):
                if first := re.match(r"\s*\.([\w-]+)", selector):
                    where[first[1]].add(str(sheet.relative_to(SOURCES)))
    assert len(where) > 200
    assert {name: sheets for name, sheets in where.items() if len(sheets) > 1 and name not in COMMON} == {}
