"""What an operator does all day, through the API: calls, cards, duties, tickets, recordings, exports."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from callengine.calls.events import CallChanged
from callengine.errors import OutcomeUnknown, PbxLost
from callengine.recordings.service import RecordingsService
from tests.api.conftest import ISOLDA, Desk
from tests.recordings.conftest import write_wav


async def kept(desk: Desk, seconds: float = 5.0) -> tuple[int, int]:
    """An answered call whose recording is ready: (call, recording)."""
    write_wav(desk.wavs / "2.1.wav", seconds)
    call_id = await desk.answered(seconds=seconds, recording="2.1.wav")
    detail = await desk.ask("GET", f"/calls/{call_id}")
    recording_id: int = detail["recording"]["id"]
    service: RecordingsService = desk.services.recordings
    while (again := await service.import_one(recording_id)) is not None:
        desk.clock.advance(seconds=(again - desk.clock.now()).total_seconds())
    return call_id, recording_id


async def test_a_missed_call_is_a_call_and_a_duty(desk: Desk) -> None:
    call_id = await desk.missed()
    (call,) = (await desk.ask("GET", "/calls?outcome=missed&number=8 907 412-18-06"))["items"]
    (duty,) = (await desk.ask("GET", "/callbacks"))["items"]
    assert (call["id"], call["outcome"], call["missed"]) == (call_id, "missed", "queue")
    assert call["duty"]["id"] == duty["id"]
    assert duty["call_ids"] == [call_id]
    assert {p["name"] for p in duty["people"]} == {"Кузнецова Изольда Марковна", "Кузнецов Глеб Андреевич"}
    assert (duty["due_at"], duty["legal_due_at"]) == ("2026-11-20T08:05:00Z", "2026-11-20T08:10:00Z")
    board = await desk.ask("GET", "/board")
    assert (board["duties"], board["nearest_due_at"]) == (1, duty["due_at"])


async def test_the_journal_pages_by_an_opaque_cursor(desk: Desk) -> None:
    for number in range(5):
        await desk.missed(linkedid=f"1.{number}")
        desk.clock.advance(seconds=1)
    seen, cursor = [], ""
    while cursor is not None:
        page = await desk.ask("GET", f"/calls?limit=2&cursor={cursor}")
        seen += [call["linkedid"] for call in page["items"]]
        cursor = page["next"]
    assert seen == [f"1.{number}" for number in reversed(range(5))]
    totals = await desk.ask("GET", "/calls/totals")
    assert totals == {"calls": 5, "missed": 5, "conversations": 0, "recorded": 0}


# The screen-pop of the same call is logged too, at a moment of its own.
CARDS_READ = "SELECT who, what FROM reading_log WHERE who <> 'screen-pop' ORDER BY id DESC"


async def test_the_card_names_all_candidates_and_the_reading_is_logged(desk: Desk) -> None:
    await desk.answered()
    card = await desk.ask("GET", f"/caller?number={ISOLDA.replace('+', '%2B')}")
    assert len(card["candidates"]) == 2
    assert (card["calls_in_year"], len(card["last_calls"])) == (1, 1)
    assert card["incidents"]
    by_call = await desk.ask("GET", f"/caller?call_id={card['last_calls'][0]['id']}")
    assert by_call["candidates"] == card["candidates"]
    await desk.ask("GET", "/caller", status=422)
    async with desk.store.read() as conn:
        read = (await conn.exec_driver_sql(CARDS_READ)).first()
    assert read is not None and tuple(read) == ("Петрова Наталья", "card")


async def test_claim_conflict_names_who_has_it(desk: Desk) -> None:
    await desk.missed()
    (duty,) = (await desk.ask("GET", "/callbacks"))["items"]
    taken = await desk.ask("POST", f"/callbacks/{duty['id']}/claim")
    assert (taken["state"], taken["claimed_by_name"]) == ("claimed", "Петрова Наталья")
    problem = await desk.ask("POST", f"/callbacks/{duty['id']}/claim", role="supervisor", status=409)
    assert problem["claimed_by_name"] == "Петрова Наталья"
    free = await desk.ask("POST", f"/callbacks/{duty['id']}/release")
    assert free["state"] in ("open", "attempted")


async def test_two_presses_of_call_back_are_one_call(desk: Desk) -> None:
    await desk.missed()
    (duty,) = (await desk.ask("GET", "/callbacks"))["items"]
    path = f"/api/v1/callbacks/{duty['id']}/dial"
    pressed = [desk.client.post(path, headers=desk.headers()) for _ in range(2)]
    answers = await asyncio.gather(*pressed)
    assert sorted(answer.status for answer in answers) == [202, 409]
    assert [call[1:] for call in desk.dialling.placed.values()] == [("101", ISOLDA, duty["id"])]


async def test_the_same_idempotency_key_dials_once(desk: Desk) -> None:
    first = await desk.ask("POST", "/calls", json={"to": ISOLDA}, headers={"Idempotency-Key": "k1"}, status=202)
    again = await desk.ask("POST", "/calls", json={"to": ISOLDA}, headers={"Idempotency-Key": "k1"}, status=202)
    assert first == again
    assert len(desk.dialling.placed) == 1
    await desk.ask("POST", "/calls", json={"to": "нет"}, status=422)
    await desk.ask("POST", "/calls", json={"to": ISOLDA}, headers={"Idempotency-Key": "ю"}, status=400)


async def test_a_lost_link_gives_the_duty_back_and_an_unknown_outcome_does_not(desk: Desk) -> None:
    await desk.missed()
    (duty,) = (await desk.ask("GET", "/callbacks"))["items"]
    desk.dialling.error = PbxLost()
    problem = await desk.ask("POST", f"/callbacks/{duty['id']}/dial", status=503)
    assert problem["code"] == "pbx-lost"
    desk.dialling.error = OutcomeUnknown()
    await desk.ask("POST", f"/callbacks/{duty['id']}/dial", status=503)
    desk.dialling.error = None
    await desk.ask("POST", f"/callbacks/{duty['id']}/dial", status=409)


async def test_a_supervisor_closes_with_a_reason_and_the_history_tells(desk: Desk) -> None:
    await desk.missed()
    (duty,) = (await desk.ask("GET", "/callbacks"))["items"]
    path = f"/callbacks/{duty['id']}/close"
    await desk.ask("POST", path, json={"reason": "ошибся номером"}, status=403)
    closed = await desk.ask("POST", path, json={"reason": "ошибся номером"}, role="supervisor")
    assert (closed["state"], closed["settled_by_name"]) == ("closed", "Орлова Тамара")
    detail = await desk.ask("GET", f"/callbacks/{duty['id']}")
    assert detail["history"][-1]["what"] == "closed"
    day = await desk.ask("GET", "/callbacks/compliance?day=2026-11-20")
    assert (day["callable"], len(day["hours"])) == (1, 24)


async def test_a_ticket_is_made_once_and_carries_the_recording(desk: Desk) -> None:
    call_id, recording_id = await kept(desk)
    (house,) = (await desk.ask("GET", "/houses?q=чкалова 17&limit=1"))["items"]
    problem = (await desk.ask("GET", f"/classifier?q=кран&house_id={house['id']}"))["items"][0]
    preview = await desk.ask("POST", "/routing/preview", json={"classifier": problem["code"], "house_id": house["id"]})
    assert preview["reason"]
    form = {
        "classifier": problem["code"],
        "house_id": house["id"],
        "premise": "184",
        "text": "Течёт",
        "call_id": call_id,
        "answers": [{"question": "Где?", "answer": "Кухня"}],
    }
    headers = {"Idempotency-Key": "form-1"}
    ticket = await desk.ask("POST", "/tickets", json=form, headers=headers, status=201)
    again = await desk.ask("POST", "/tickets", json=form, headers=headers, status=201)
    assert again["number"] == ticket["number"]
    assert [r["id"] for r in ticket["recordings"]] == [recording_id]
    assert ticket["applicant"]["number"] == ISOLDA
    (call,) = (await desk.ask("GET", "/calls"))["items"]
    assert call["ticket_numbers"] == [ticket["number"]]
    recording = await desk.ask("GET", f"/recordings/{recording_id}")
    assert recording["ticket_numbers"] == [ticket["number"]]
    assert (await desk.ask("GET", f"/tickets/{ticket['number']}"))["history"]
    assert (await desk.ask("GET", f"/tickets?house_id={house['id']}"))["items"]
    assert (await desk.ask("GET", f"/houses/{house['id']}/tickets"))["items"]


async def test_the_player_gets_parts_and_listening_is_logged_once(desk: Desk) -> None:
    _, recording_id = await kept(desk)
    path = f"/api/v1/recordings/{recording_id}/audio"
    async with desk.client.get(path, headers=desk.headers()) as response:
        whole = await response.read()
        assert (response.status, response.content_type) == (200, "audio/ogg")
        assert response.headers["Accept-Ranges"] == "bytes"
    recording = await desk.ask("GET", f"/recordings/{recording_id}")
    assert hashlib.sha256(whole).hexdigest() == recording["stored_sha256"]
    size = len(whole)
    for asked, status, part in (
        ("bytes=0-99", 206, whole[:100]),
        ("bytes=100-", 206, whole[100:]),
        ("bytes=-50", 206, whole[-50:]),
        (f"bytes={size}-", 416, None),
    ):
        headers = {**desk.headers(), "Range": asked}
        async with desk.client.get(path, headers=headers) as response:
            assert response.status == status, asked
            if part is not None:
                assert await response.read() == part
            else:
                assert response.headers["Content-Range"] == f"bytes */{size}"
    async with desk.client.head(path, headers=desk.headers()) as response:
        assert (response.status, int(response.headers["Content-Length"])) == (200, size)
    assert len(recording["listenings"]) == 1
    assert len((await desk.ask("GET", f"/recordings/{recording_id}"))["listenings"]) == 1
    desk.clock.advance(seconds=601)
    async with desk.client.get(f"{path}?why=жалоба", headers=desk.headers()) as response:
        await response.read()
    assert [one["why"] for one in (await desk.ask("GET", f"/recordings/{recording_id}"))["listenings"]] == [
        "",
        "жалоба",
    ]
    assert [len(side) for side in recording["peaks"]] == [800, 800]


async def test_a_legal_hold_is_a_leaders_word(desk: Desk) -> None:
    _, recording_id = await kept(desk)
    body = {"hold": True, "reason": "проверка ГЖИ"}
    await desk.ask("PUT", f"/recordings/{recording_id}/hold", json=body, status=403)
    held = await desk.ask("PUT", f"/recordings/{recording_id}/hold", json=body, role="supervisor")
    assert (held["legal_hold"], held["hold_reason"]) == (True, "проверка ГЖИ")


async def test_a_remote_pbx_uploads_and_may_repeat_itself(desk: Desk) -> None:
    wav = write_wav(desk.folder / "9.1.wav", 3.0).read_bytes()
    headers = {"X-Content-SHA256": hashlib.sha256(wav).hexdigest(), "Content-Type": "audio/wav"}
    path = "/pbx/far/recordings/9.1.wav"
    await desk.ask("POST", path, data=wav, headers=headers, role="operator", status=403)
    await desk.ask("POST", path, data=wav[:-4], headers=headers, role="pbx", status=422)
    await desk.ask("POST", path, data=wav, headers={"Content-Type": "audio/wav"}, role="pbx", status=400)
    await desk.ask("POST", "/pbx/none/recordings/9.1.wav", data=wav, headers=headers, role="pbx", status=404)
    for name in ("..%2f9.wav", "9.exe", ".9.wav"):
        await desk.ask("POST", f"/pbx/far/recordings/{name}", data=wav, headers=headers, role="pbx", status=422)
    for _ in range(2):
        kept_there = await desk.ask("POST", path, data=wav, headers=headers, role="pbx")
        assert (kept_there["state"], kept_there["bytes"]) == ("kept", len(wav))
    assert [p.name for p in desk.services.recordings.sources.incoming("far").iterdir()] == ["9.1.wav"]
    desk.clock.advance(seconds=400 * 86_400)  # no call has named it
    await desk.services.recordings.sweep()
    await desk.ask("GET", "/recordings/unclaimed", role="operator", status=403)
    (one,) = (await desk.ask("GET", "/recordings/unclaimed", role="supervisor"))["items"]
    assert (one["pbx"], one["file_name"], one["bytes"]) == ("far", "9.1.wav", len(wav))
    assert one["reason"] == "no call of this PBX named the file within 7 days"


async def test_the_export_is_csv_that_no_spreadsheet_executes(desk: Desk) -> None:
    await desk.answered(name="=cmd|' /C calc'!A0")
    async with desk.client.get("/api/v1/calls.csv", headers=desk.headers()) as response:
        text = (await response.read()).decode("utf-8-sig")
        assert response.content_type == "text/csv"
    assert "'=cmd" in text and ISOLDA in text
    async with desk.client.get("/api/v1/callbacks/compliance.csv", headers=desk.headers()) as response:
        assert response.status == 200


async def test_an_import_reports_rows_and_takes_the_rest(desk: Desk) -> None:
    csv = "code,name,kind,phone,email\nnew,ООО «Новая»,management_company,,\n,без кода,management_company,,\n"
    headers = {"Content-Type": "text/csv"}
    path = "/import/organisations?dry_run=true"
    report = await desk.ask("POST", path, data=csv.encode(), headers=headers, role="administrator")
    assert (report["taken"], report["skipped"], report["mistakes"][0]["row"]) == (1, 1, 3)
    await desk.ask("POST", "/import/nothing", data=b"", headers=headers, role="administrator", status=404)


@pytest.mark.parametrize("words", ["Кузнецова", "чкалова 17", ISOLDA[1:], "26-000001", "", "'\"<b>", "\U0001f600"])
async def test_search_finds_or_finds_nothing_but_never_fails(desk: Desk, words: str) -> None:
    await desk.missed()
    found = (await desk.ask("GET", "/search", params={"q": words}))["items"]
    if words in ("Кузнецова", "чкалова 17", ISOLDA[1:]):
        assert found


async def test_notes_people_and_the_rest_of_the_directory(desk: Desk) -> None:
    (person, *_) = (await desk.ask("GET", "/people?q=Кузнецова Изольда"))["items"]
    note = await desk.ask("POST", f"/people/{person['id']}/notes", json={"text": "Собака"}, status=201)
    assert note["author"] == "Петрова Наталья"
    seen = await desk.ask("GET", f"/people/{person['id']}")
    assert "Собака" in [one["text"] for one in seen["notes"]]
    await desk.ask("DELETE", f"/people/{person['id']}/notes/{note['id']}", status=204)
    assert len((await desk.ask("GET", "/organisations"))["items"]) == 6
    assert (await desk.ask("GET", "/coverage")) == {"items": [], "next": None}
    assert (await desk.ask("GET", "/shift"))["calls"] == 0


async def test_control_of_a_call_goes_to_the_phone(desk: Desk) -> None:
    call_id = await desk.answered()
    await desk.ask("POST", f"/calls/{call_id}/hangup", status=204)
    await desk.ask("POST", f"/calls/{call_id}/transfer", json={"to": "102"}, status=204)
    await desk.ask("POST", f"/calls/{call_id}/transfer", json={"to": "102&Local/1"}, status=422)
    await desk.ask("POST", f"/calls/{call_id + 1}/hangup", status=404)
    await desk.ask("POST", "/demo/call", json={"kind": "known"}, status=202)
    assert desk.phone.asked == [("hang_up", call_id), ("transfer", call_id, "102"), ("demo", "known")]


async def test_the_figures_for_prometheus(desk: Desk) -> None:
    await desk.missed()
    async with desk.client.get("/metrics") as response:
        text = await response.text()
    assert 'callengine_calls{direction="inbound",outcome="missed"} 1.0' in text
    assert "callengine_duties_owed 1.0" in text
    assert "callengine_duty_nearest_due_seconds 300.0" in text
    async with desk.client.get("/metrics", headers={"X-Forwarded-For": "8.8.8.8"}) as response:
        assert response.status == 401


async def test_pages_are_served_and_their_absence_is_explained(desk: Desk) -> None:
    async with desk.client.get("/calls") as response:
        assert response.status == 503
        assert "make run" in await response.text()
    assets = desk.folder / "dist" / "assets"
    assets.mkdir(parents=True)
    (assets / "app-1a2b.js").write_text("1")
    (assets.parent / "index.html").write_text("<title>desk</title>")
    async with desk.client.get("/callbacks/5") as response:
        assert "desk" in await response.text()
        assert response.headers["Cache-Control"] == "no-cache"
    async with desk.client.get("/assets/app-1a2b.js") as response:
        assert "immutable" in response.headers["Cache-Control"]
        tag = response.headers["ETag"]
    async with desk.client.get("/assets/app-1a2b.js", headers={"If-None-Match": tag}) as response:
        assert response.status == 304
    for path in ("/assets/none.js", "/assets/..%2f..%2ftown.db", "/..%2ftown.db"):
        async with desk.client.get(path) as response:
            assert "SQLite" not in await response.text()


async def test_saying_that_a_machine_answered_needs_an_answered_call_back(desk: Desk) -> None:
    await desk.missed()
    (duty,) = (await desk.ask("GET", "/callbacks"))["items"]
    problem = await desk.ask("POST", f"/callbacks/{duty['id']}/machine", status=409)
    assert "no answered call back" in problem["detail"]


async def test_a_call_says_whether_the_pbx_told_that_it_records_it(desk: Desk) -> None:
    """By the dialplan's fact alone: a row of the recording is made only when the talk has ended."""
    told = await desk.answered(linkedid="7.1", recording="callengine/7.1-caller.wav,callengine/7.1-operator.wav")
    untold = await desk.answered(linkedid="7.2")
    assert [(await desk.ask("GET", f"/calls/{id}"))["recorded"] for id in (told, untold)] == [True, False]
    stored = await desk.services.calls.get(told)
    stopped = stored.call.evolve(unrecorded_at=desk.clock.now())
    await desk.services.calls.save([CallChanged(desk.clock.now(), stopped)])
    assert not (await desk.ask("GET", f"/calls/{told}"))["recorded"], "the PBX said that its recorder stopped"
