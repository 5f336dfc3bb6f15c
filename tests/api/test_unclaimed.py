"""An upload whose call never came: a supervisor hears it and hangs it on a call by hand, and both are logged."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest
from sqlalchemy import select

from callengine.recordings.model import RecordingState
from callengine.store import recordings as rows
from callengine.store.tables import reading_log
from tests.api.conftest import Desk


def aside(desk: Desk, name: str) -> Path:
    path = desk.services.recordings.sources.aside("main") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\1\2" * 16_000)
    return path


async def logged(desk: Desk) -> list[tuple[str, str, str]]:
    async with desk.store.read() as conn:
        rows = (await conn.execute(select(reading_log).order_by(reading_log.c.id))).all()
    return [(row.what, row.subject, row.why) for row in rows if row.what.startswith("recording ")]


async def test_it_is_heard_hung_on_its_call_with_both_sides_and_kept(desk: Desk) -> None:
    call_id = await desk.answered(seconds=2)
    for side in ("operator", "caller"):
        aside(desk, f"9.9-{side}.wav")
    path = "/recordings/unclaimed/main/9.9-operator.wav"
    async with desk.client.get(f"/api/v1{path}", headers=desk.headers("supervisor")) as answer:
        assert (answer.status, (await answer.read())[:4]) == (200, b"RIFF")
    body = {"call_id": call_id, "reason": "имя файла сбито"}
    await desk.ask("POST", path, json=body, role="supervisor", status=204)
    async with desk.store.read() as conn:
        made = (await rows.of_calls(conn, [call_id]))[call_id]
    assert made.file_name == "9.9-caller.wav,9.9-operator.wav"
    for _ in range(4):
        desk.clock.advance(seconds=60)
        await desk.services.recordings.import_one(made.id)
    assert (await desk.services.recordings.get(made.id)).state is RecordingState.READY
    assert (await desk.ask("GET", "/recordings/unclaimed", role="supervisor"))["items"] == []
    assert await logged(desk) == [
        ("recording aside", "main/9.9-operator.wav", ""),
        ("recording claimed", f"main/9.9-caller.wav,9.9-operator.wav to call {call_id}", "имя файла сбито"),
    ]


async def test_a_call_that_has_a_recording_keeps_it_and_other_files_are_out_of_reach(desk: Desk) -> None:
    call_id = await desk.answered(seconds=2)
    aside(desk, "8.8.wav")
    body = {"call_id": call_id, "reason": "имя файла сбито"}
    await desk.ask("POST", "/recordings/unclaimed/main/8.8.wav", json=body, role="supervisor", status=204)
    refused = await desk.ask("POST", "/recordings/unclaimed/main/8.8.wav", json=body, role="supervisor", status=409)
    assert refused["code"] == "conflict"
    for wrong in ("main/..%2F..%2Ftown.db", "main/7.7.wav", "elsewhere/8.8.wav"):
        await desk.ask("GET", f"/recordings/unclaimed/{wrong}", role="supervisor", status=404)
    other = {"call_id": call_id + 99, "reason": "имя файла сбито"}
    await desk.ask("POST", "/recordings/unclaimed/main/8.8.wav", json=other, role="supervisor", status=404)
    await desk.ask("POST", "/recordings/unclaimed/main/8.8.wav", json=body, status=403)


@pytest.mark.parametrize("missing", [False, True], ids=["no recording", "one that is missing"])
async def test_a_file_that_hangs_on_one_call_is_not_hung_on_another(desk: Desk, missing: bool) -> None:
    first, second = await desk.answered(linkedid="6.6"), await desk.answered(linkedid="6.7")
    aside(desk, "6.6-caller.wav")
    path = "/recordings/unclaimed/main/6.6-caller.wav"
    body = {"call_id": first, "reason": "имя файла сбито"}
    await desk.ask("POST", path, json=body, role="supervisor", status=204)
    if missing:
        aside(desk, "5.5.wav")
        other = {"call_id": second, "reason": "имя файла сбито"}
        await desk.ask("POST", "/recordings/unclaimed/main/5.5.wav", json=other, role="supervisor", status=204)
        async with desk.store.begin() as tx:
            mine = (await rows.of_calls(tx.conn, [second]))[second]
            await rows.change(tx, mine.id, state=RecordingState.MISSING)
    body["call_id"] = second
    aside(desk, "6.6-operator.wav")  # the other side came after the first was hung
    refused = await desk.ask("POST", path, json=body, role="supervisor", status=409)
    assert str(first) in refused["detail"]
    assert len([line for line in await logged(desk) if "6.6" in line[1]]) == 1, "nothing is logged that was not done"
