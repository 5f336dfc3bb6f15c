"""Marks in a recording: a supervisor writes them, who may listen reads them, nothing of them is lost."""

from __future__ import annotations

from tests.api.conftest import Desk
from tests.api.test_desk import kept


async def test_a_supervisor_marks_moments_and_who_may_listen_sees_them_in_order(desk: Desk) -> None:
    _, recording_id = await kept(desk)
    path = f"/recordings/{recording_id}/marks"
    late = await desk.ask(
        "POST", path, json={"at_seconds": 3.5, "text": "не назвал номер"}, role="supervisor", status=201
    )
    await desk.ask("POST", path, json={"at_seconds": 0, "text": "хорошее начало"}, role="administrator", status=201)
    assert late["author"] == "Орлова Тамара"
    seen = (await desk.ask("GET", path))["items"]
    assert [(one["at_seconds"], one["text"]) for one in seen] == [(0.0, "хорошее начало"), (3.5, "не назвал номер")]
    await desk.ask("POST", path, json={"at_seconds": 1, "text": "нельзя"}, role="operator", status=403)
    await desk.ask("GET", path, role="inspector", status=403)


async def test_a_mark_is_taken_away_and_put_back_as_it_was(desk: Desk) -> None:
    _, recording_id = await kept(desk)
    path = f"/recordings/{recording_id}/marks"
    made = await desk.ask("POST", path, json={"at_seconds": 2.0, "text": "пауза"}, role="supervisor", status=201)
    await desk.ask("DELETE", f"{path}/{made['id']}", role="operator", status=403)
    await desk.ask("DELETE", f"{path}/{made['id']}", role="supervisor", status=204)
    assert (await desk.ask("GET", path))["items"] == []
    await desk.ask("POST", f"{path}/{made['id']}/restore", role="supervisor", status=204)
    assert (await desk.ask("GET", path))["items"] == [made]


async def test_a_moment_without_sound_an_empty_text_and_a_strangers_mark_are_refused(desk: Desk) -> None:
    _, recording_id = await kept(desk)
    path = f"/recordings/{recording_id}/marks"
    problem = await desk.ask("POST", path, json={"at_seconds": 60, "text": "поздно"}, role="supervisor", status=422)
    assert "ends at 5.0 s" in problem["detail"]
    for body in (
        {"at_seconds": -1, "text": "рано"},
        {"at_seconds": 1, "text": "  "},
        {"at_seconds": 1, "text": "\x00"},
    ):
        await desk.ask("POST", path, json=body, role="supervisor", status=422)
    await desk.ask("DELETE", f"{path}/4711", role="supervisor", status=404)
    made = await desk.ask("POST", path, json={"at_seconds": 2.0, "text": "пауза"}, role="supervisor", status=201)
    await desk.ask("DELETE", f"/recordings/4711/marks/{made['id']}", role="supervisor", status=404)
    await desk.ask("GET", "/recordings/4711/marks", status=404)


async def test_a_recording_that_cannot_be_played_takes_no_marks(desk: Desk) -> None:
    call_id = await desk.answered(recording="2.1.wav")
    detail = await desk.ask("GET", f"/calls/{call_id}")
    path = f"/recordings/{detail['recording']['id']}/marks"
    problem = await desk.ask("POST", path, json={"at_seconds": 1, "text": "где звук"}, role="supervisor", status=422)
    assert "nothing to mark" in problem["detail"]


async def test_the_other_listeners_pages_hear_of_a_new_mark(desk: Desk) -> None:
    _, recording_id = await kept(desk)
    async with desk.client.ws_connect("/api/v1/live", headers=desk.headers()) as line:
        assert (await line.receive_json(timeout=5))["type"] == "hello"
        body = {"at_seconds": 2.0, "text": "пауза"}
        await desk.ask("POST", f"/recordings/{recording_id}/marks", json=body, role="supervisor", status=201)
        told = await line.receive_json(timeout=5)
        while told["type"] != "recording":
            told = await line.receive_json(timeout=5)
        assert told["data"]["id"] == recording_id
