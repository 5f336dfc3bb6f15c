"""Whatever stands behind a question mark: an answer or a refusal in words, and never a fault of ours."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from callengine.clock import parse_rfc3339
from tests.api.conftest import Desk

FAR = "9" * 30
# Cursors of the shapes that we give, with numbers and moments that no row has.
CURSORS = (
    f"2026-11-20T00:00:00Z~{FAR}",
    f"2026-11-20T00:00:00Z {FAR}",
    FAR,
    "0001-01-01T00:00:00+03:00~1",
    "0001-01-01T00:00:00+03:00 1",
    "-5",
)
BEYOND = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
VALUES = (*BEYOND, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", FAR, "٣")


def asked(parameters: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    for one in parameters:
        if one["name"] == "cursor":
            yield from ({"cursor": base64.urlsafe_b64encode(it.encode()).decode().rstrip("=")} for it in CURSORS)
        elif one["in"] == "query":
            yield from ({one["name"]: value} for value in VALUES)


async def test_odd_cursors_numbers_and_moments_are_refused_in_words(desk: Desk) -> None:
    async with desk.client.get("/api/openapi.json") as answer:
        paths = (await answer.json())["paths"]
    faults, headers = [], desk.headers("administrator")
    for path, operations in paths.items():
        operation = operations.get("get", {})
        where = path.replace("{id}", "1").replace("{number}", "26-000001")
        if operation.get("operationId") == "live" or "{" in where:
            continue
        for query in asked(operation.get("parameters", [])):
            async with desk.client.get(where, params=query, headers=headers) as answer:
                said = await answer.text()
            if answer.status in (500, 502) or (answer.status >= 400 and "detail" not in said):
                faults.append((where, query, answer.status))
    assert faults == []


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+03:00", "9999-12-31T23:59:59-03:00"])
def test_a_moment_outside_the_calendar_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match="outside the calendar"):
        parse_rfc3339(text)


@pytest.mark.parametrize("at", BEYOND)
async def test_a_moment_that_has_no_calendar_around_it_is_refused_at_its_place(desk: Desk, at: str) -> None:
    asked = {"classifier": "OTO-02", "house_id": 1, "at": at}
    said = await desk.ask("POST", "/routing/preview", json=asked, status=422)
    (error,) = said["errors"]
    assert error["pointer"] == "#/at" and "1970 to 2199" in error["detail"]
