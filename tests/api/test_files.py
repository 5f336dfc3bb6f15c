"""Uploads, downloads and residents' links over HTTP: streamed, typed by content, and never a page of ours."""

from __future__ import annotations

import resource
from collections.abc import AsyncIterator
from typing import Any

import pytest

from callengine.config import Http
from tests.api.conftest import Desk
from tests.tickets.test_files import photo

MB = 1024 * 1024


async def a_ticket(desk: Desk) -> str:
    house = (await desk.ask("GET", "/houses?q=Мира"))["items"][0]["id"]
    form = {"classifier": "HVS-02", "house_id": house, "premise": "61", "text": "Течёт"}
    return str((await desk.ask("POST", "/tickets", json=form, status=201))["number"])


async def send(desk: Desk, number: str, content: Any, query: str = "name=p.jpg", status: int = 201, **more: Any) -> Any:
    headers = {"Content-Type": "application/octet-stream", **more.pop("headers", {})}
    path = f"/tickets/{number}/files?{query}"
    return await desk.ask("POST", path, data=content, status=status, headers=headers, **more)


async def test_a_photo_goes_up_and_comes_down_as_it_was(desk: Desk) -> None:
    number, content = await a_ticket(desk), photo()
    kept = await send(desk, number, content, "name=до.jpg&public=true&moment=before")
    assert (kept["name"], kept["media_type"], kept["public"], kept["has_thumbnail"]) == (
        "до.jpg",
        "image/jpeg",
        True,
        True,
    )
    path = f"/api/v1/tickets/{number}/files/{kept['id']}"
    async with desk.client.get(path, headers=desk.headers()) as response:
        assert await response.read() == content
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in response.headers["Content-Security-Policy"]
        assert response.headers["Content-Disposition"].startswith("inline; filename*=UTF-8''%D0%B4")
    async with desk.client.get(path, headers={**desk.headers(), "Range": "bytes=0-9"}) as response:
        assert (response.status, await response.read()) == (206, content[:10])
    async with desk.client.get(f"{path}/thumbnail", headers=desk.headers()) as response:
        assert (response.status, response.content_type) == (200, "image/jpeg")


async def test_a_document_is_saved_and_never_shown_as_a_page(desk: Desk) -> None:
    number = await a_ticket(desk)
    kept = await send(desk, number, "просто текст".encode(), "name=a.html&kind=document")
    async with desk.client.get(f"/api/v1/tickets/{number}/files/{kept['id']}", headers=desk.headers()) as response:
        assert response.content_type == "text/plain"
        assert response.headers["Content-Disposition"].startswith("attachment")


async def test_an_executable_named_jpg_is_refused_with_what_is_taken(desk: Desk) -> None:
    number = await a_ticket(desk)
    refused = await send(desk, number, b"MZ" + bytes(1000), status=422)
    assert refused["code"] == "refused"
    assert "JPEG" in refused["detail"]


async def test_the_same_upload_twice_is_one_file(desk: Desk) -> None:
    number = await a_ticket(desk)
    first = await send(desk, number, photo(), headers={"Idempotency-Key": "k1"})
    again = await send(desk, number, photo(), headers={"Idempotency-Key": "k1"})
    assert first == again


async def test_200_megabytes_go_through_without_being_held_in_memory(desk: Desk) -> None:
    number = await a_ticket(desk)
    await send(desk, number, photo())  # whatever is loaded once
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    async def video() -> AsyncIterator[bytes]:
        yield b"\x00\x00\x00\x18ftypisom" + bytes(MB - 12)
        for _ in range(198):
            yield bytes(MB)

    kept = await send(desk, number, video(), "name=video.mp4&kind=document")
    assert (kept["bytes"], kept["media_type"]) == (199 * MB, "video/mp4")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 40 * 1024, f"{grown} KiB"


async def test_more_than_the_limit_is_refused_before_it_comes(desk: Desk) -> None:
    number = await a_ticket(desk)
    desk.services.files.most_bytes = 1000
    told = await send(desk, number, photo(), status=413)
    assert told["code"] == "too-large"


async def test_an_inspector_reads_and_sends_nothing_and_a_pbx_sees_nothing(desk: Desk) -> None:
    number = await a_ticket(desk)
    kept = await send(desk, number, photo())
    await send(desk, number, photo(), role="inspector", status=403)
    path = f"/tickets/{number}/files/{kept['id']}"
    async with desk.client.get(f"/api/v1{path}", headers=desk.headers("inspector")) as response:
        assert response.status == 200
    await desk.ask("GET", path, role="pbx", status=403)
    await desk.ask("DELETE", path, role="inspector", status=403)


@pytest.mark.parametrize(
    ("public", "origin", "found"),
    [
        ([], None, "{here}"),
        ([], "{https}", "{https}"),  # a proxy with TLS stands before us
        ([], "https://elsewhere.example", "{here}"),
        ([], "null", "{here}"),
        (["https://desk.example/", "https://old.example"], None, "https://desk.example"),
        (["https://desk.example", "https://old.example"], "https://old.example", "https://old.example"),
        (["https://desk.example"], "https://elsewhere.example", "https://desk.example"),
    ],
)
async def test_a_link_leads_to_where_a_browser_finds_us(
    desk: Desk, public: list[str], origin: str | None, found: str
) -> None:
    here = str(desk.client.make_url("")).rstrip("/")
    where = {"here": here, "https": here.replace("http:", "https:")}
    desk.services.settings = desk.services.settings.model_copy(update={"http": Http(public_origins=public)})
    headers = {"Origin": origin.format(**where)} if origin else {}
    made = await desk.ask("POST", f"/tickets/{await a_ticket(desk)}/links", status=201, headers=headers)
    assert made["url"].rpartition("/r/")[0] == found.format(**where)


async def test_a_guesser_of_links_holds_up_nobody_who_has_one(desk: Desk) -> None:
    """Behind a proxy all residents come from one address."""
    url = (await desk.ask("POST", f"/tickets/{await a_ticket(desk)}/links", status=201))["url"]
    public = "/api/v1/public/tickets/"
    for guess in range(31):
        async with desk.client.get(f"{public}guess-{guess}") as response:
            assert response.status == (404 if guess < 30 else 429)
    async with desk.client.get(public + url.rpartition("/r/")[2]) as response:
        assert response.status == 200


async def test_a_resident_sees_his_ticket_by_the_link_and_nothing_internal(desk: Desk) -> None:
    number = await a_ticket(desk)
    shown = await send(desk, number, photo(), "name=после.jpg&public=true")
    hidden = await send(desk, number, photo(), "name=смета.jpg")
    await desk.ask("POST", f"/tickets/{number}/comments", json={"text": "второй раз за год", "public": False})
    await desk.ask("POST", f"/tickets/{number}/comments", json={"text": "мастер в пути", "public": True})
    url = (await desk.ask("POST", f"/tickets/{number}/links", status=201))["url"]
    token = url.rpartition("/r/")[2]
    public = f"/api/v1/public/tickets/{token}"
    async with desk.client.get(public) as response:
        seen = await response.json()
        text = await response.text()
    assert (seen["number"], seen["status"], seen["may_mark"]) == (number, "awaiting_acceptance", False)
    assert "мастер в пути" in text and "второй раз" not in text and "смета" not in text
    assert "договор" not in text  # why it was routed so is ours
    assert [file["id"] for file in seen["files"]] == [shown["id"]]
    for file_id, status in ((shown["id"], 200), (hidden["id"], 404)):
        async with desk.client.get(f"{public}/files/{file_id}/thumbnail") as response:
            assert response.status == status
    async with desk.client.post(f"{public}/feedback", json={"mark": 5}) as response:
        assert response.status == 422
    async with desk.client.post(f"{public}/comments", json={"text": "дома после 18"}) as response:
        assert [step["text"] for step in (await response.json())["steps"] if step["role"] == "resident"] == [
            "дома после 18"
        ]
    assert (await desk.ask("DELETE", f"/tickets/{number}/links", role="supervisor"))["ended"] == 1
    async with desk.client.get(public) as response:
        assert response.status == 404
