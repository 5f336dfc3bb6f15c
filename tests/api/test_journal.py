"""The journal over HTTP: its filters and their mistakes, scopes, counts, saved filters with their undo, exports."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from callengine.access.model import Principal
from callengine.store.tables import reading_log
from callengine.tasks import Tasks
from callengine.tickets import model
from tests.api.conftest import Desk

OPERATOR = Principal(1, "operator", None, "Петрова", "101")


@pytest.fixture
async def made(desk: Desk) -> AsyncIterator[list[str]]:
    """Three tickets of the sample town: an accident, a lift, and one without an organisation's haste."""
    numbers = []
    for code, house, text in (("HVS-02", 1, "шум воды"), ("LIF-02", 2, "стоит лифт"), ("HVS-05", 3, "скамейка")):
        desk.clock.advance(seconds=60)
        who = model.Applicant("+79073304177", "Мельникова Анна")
        form = model.NewTicket(code, house, text=text, applicant=who)
        numbers.append((await desk.services.tickets.create(form, OPERATOR)).number)
    yield numbers


async def get(desk: Desk, path: str, role: str = "supervisor", status: int = 200) -> Any:
    async with desk.client.get(f"/api/v1{path}", headers=desk.headers(role)) as response:
        body = await response.json()
        assert response.status == status, body
        return body


async def send(desk: Desk, method: str, path: str, body: Any = None, role: str = "operator", status: int = 200) -> Any:
    async with desk.client.request(method, f"/api/v1{path}", json=body, headers=desk.headers(role)) as response:
        assert response.status == status, await response.text()
        return await response.json() if response.status not in (204,) else None


def numbers(page: Any) -> list[str]:
    return [row["number"] for row in page["items"]]


async def test_the_list_is_narrowed_ordered_and_paged(desk: Desk, made: list[str]) -> None:
    assert numbers(await get(desk, "/tickets")) == made[::-1]
    assert numbers(await get(desk, "/tickets?status=open&sort=danger"))[0] == made[0]
    assert numbers(await get(desk, "/tickets?q=лифт")) == [made[1]]
    assert numbers(await get(desk, "/tickets?accident=true")) == [made[0]]
    assert numbers(await get(desk, "/tickets?house_id=3&days=1")) == [made[2]]
    assert numbers(await get(desk, "/tickets?status=closed")) == []
    first = await get(desk, "/tickets?sort=danger&limit=2")
    second = await get(desk, f"/tickets?sort=danger&limit=2&cursor={first['next']}")
    assert len(first["items"]) == 2 and second["next"] is None
    assert sorted(numbers(first) + numbers(second)) == made
    row = (await get(desk, f"/tickets?q={made[0]}"))["items"][0]
    assert row["applicant"]["name"] == "Мельникова Анна" and row["due_at"] and row["applicant_count"] == 1


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("status=sleeping", "status"),
        ("urgency=calm", "urgency"),
        ("mark=9", "mark"),
        ("days=0", "days"),
        ("sort=random", "sort"),
        ("cursor=zzz", "cursor"),
        ("colour=red", "colour"),
    ],
)
async def test_a_mistake_in_the_filter_is_named(desk: Desk, query: str, parameter: str) -> None:
    body = await get(desk, f"/tickets?{query}", status=422)
    assert parameter in str(body["errors"])


async def test_an_inspector_reads_masked_lines(desk: Desk, made: list[str]) -> None:
    row = (await get(desk, "/tickets", "inspector"))["items"][0]
    assert row["applicant"] == {"number": "…77", "name": "М. А.", "person_id": None}


async def test_the_rail_counts_also_the_saved_filters(desk: Desk, made: list[str]) -> None:
    saved = await send(desk, "POST", "/filters", {"name": "Лифты", "filter": {"q": "лифт"}}, status=201)
    counts = await get(desk, "/tickets/counts", "operator")
    assert counts["open"] == {"count": 3, "more": False} and counts["accidents"]["count"] == 1
    assert counts["filters"] == {str(saved["id"]): {"count": 1, "more": False}}


async def test_choices_stay_within_ones_scope(desk: Desk, made: list[str]) -> None:
    choices = await get(desk, "/tickets/choices")
    assert len(choices["organisations"]) > 2 and "Центр" in choices["districts"] and choices["branches"]


async def test_a_saved_filter_is_ones_own_and_a_deletion_is_undone(desk: Desk) -> None:
    form = {"name": " Участок 2 ", "filter": {"district": "Центр", "status": "open"}, "columns": ["number", "what"]}
    one = await send(desk, "POST", "/filters", form, status=201)
    assert (one["name"], one["shared"], one["changeable"]) == ("Участок 2", False, True)
    changed = await send(desk, "PUT", f"/filters/{one['id']}", form | {"name": "Центр"})
    assert changed["name"] == "Центр"
    assert (await get(desk, "/filters", "supervisor"))["items"] == []
    await send(desk, "DELETE", f"/filters/{one['id']}", role="supervisor", status=404)
    await send(desk, "DELETE", f"/filters/{one['id']}", status=204)
    assert (await get(desk, "/filters", "operator"))["items"] == []
    assert (await send(desk, "POST", f"/filters/{one['id']}/restore"))["name"] == "Центр"
    assert len((await get(desk, "/filters", "operator"))["items"]) == 1


async def test_a_filter_for_everybody_is_a_supervisors(desk: Desk) -> None:
    form = {"name": "Аварии", "filter": {"accident": "true"}, "shared": True}
    await send(desk, "POST", "/filters", form, status=403)
    one = await send(desk, "POST", "/filters", form, role="supervisor", status=201)
    (seen,) = (await get(desk, "/filters", "operator"))["items"]
    assert (seen["id"], seen["shared"], seen["changeable"]) == (one["id"], True, False)
    await send(desk, "DELETE", f"/filters/{one['id']}", status=403)


async def test_a_filter_that_narrows_by_nothing_known_is_refused(desk: Desk) -> None:
    body = await send(desk, "POST", "/filters", {"name": "x", "filter": {"colour": "red"}}, status=422)
    assert "colour" in str(body["errors"])
    await send(desk, "POST", "/filters", {"name": " ", "filter": {}}, status=422)


async def test_an_export_is_written_fetched_and_its_download_logged(desk: Desk, made: list[str]) -> None:
    tasks = Tasks()
    tasks.start(desk.services.exports.run(), name="exports")
    asked = {"filter": {"status": "open", "sort": "danger"}, "columns": ["number", "what"]}
    one = await send(desk, "POST", "/exports", asked, status=201)
    deadline = time.monotonic() + 30
    while (one := await get(desk, f"/exports/{one['id']}", "operator"))["state"] in ("queued", "running"):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    assert (one["state"], one["rows_done"]) == ("done", 3)
    assert await _exports_read(desk) == [], "asking how far it is reads nothing of it"
    async with desk.client.get(one["file"], headers=desk.headers("operator")) as response:
        assert response.status == 200 and "attachment" in response.headers["Content-Disposition"]
        book = openpyxl.load_workbook(io.BytesIO(await response.read()))
    assert [row[0].value for row in book.worksheets[0].iter_rows()][1] == made[0]
    assert await _exports_read(desk) == [(f"export:{one['id']}", await desk.staff_id("petrova"), desk.clock.now())]
    async with desk.client.get(one["file"], headers=desk.headers("supervisor")) as response:
        assert response.status == 404
    assert len(await _exports_read(desk)) == 1, "what nobody got, nobody read"
    await get(desk, f"/exports/{one['id']}", "supervisor", status=404)
    assert (await get(desk, "/exports", "operator"))["items"][0]["id"] == one["id"]
    await tasks.close()


async def _exports_read(desk: Desk) -> list[tuple[str, int | None, datetime]]:
    """What of each download the log keeps: which export, who, when."""
    c = reading_log.c
    async with desk.store.read() as conn:
        found = await conn.execute(select(c.subject, c.staff_id, c.at).where(c.what == "export").order_by(c.id))
        return [(row.subject, row.staff_id, row.at) for row in found]


async def test_an_export_with_mistakes_is_refused_at_once(desk: Desk) -> None:
    await send(desk, "POST", "/exports", {"filter": {"status": "sleeping"}}, status=422)
    body = await send(desk, "POST", "/exports", {"columns": ["password"]}, status=422)
    assert "password" in str(body["errors"])


async def test_an_export_is_cancelled(desk: Desk, made: list[str]) -> None:
    one = await send(desk, "POST", "/exports", {}, status=201)
    assert (await send(desk, "POST", f"/exports/{one['id']}/cancel"))["state"] == "cancelled"
    async with desk.client.get(f"/api/v1/exports/{one['id']}/file", headers=desk.headers("operator")) as response:
        assert response.status == 404
