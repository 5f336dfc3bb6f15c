"""The robot by HTTP: campaigns, marks, opt-outs, the kill switch, the words of dialogues; who may do what."""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Any

import pytest

from callengine.api.routes.outreach import routes
from callengine.calls.events import CallArrived
from callengine.calls.model import CallKey, Conversation, Direction
from callengine.config import Speech
from callengine.menus.outcome import Outcome, Proof, Result, Spoken
from callengine.outreach.events import CampaignChanged
from callengine.outreach.model import CallKind, CallWish
from callengine.phone import parse
from callengine.robot import RobotCaller, voice_of
from callengine.store.recordings import answers_of
from tests.api.conftest import Desk
from tests.api.test_fuzz import Hum

NUMBER = "+79073300001"
OUTAGE = {"kind": "outage", "name": "Вода", "numbers": [NUMBER, "109"], "job": {"what": "воды", "address": "Мира, 44"}}


async def made(desk: Desk) -> dict[str, Any]:
    answer: dict[str, Any] = await desk.ask("POST", "/campaigns", role="supervisor", json=OUTAGE, status=201)
    return answer


async def test_a_campaign_is_made_and_tells_whom_it_leaves_out(desk: Desk) -> None:
    answer = await made(desk)
    assert answer["calls"] == 1
    assert answer["left_out"] == [{"number": "109", "why": "a short number belongs to a service"}]
    campaign = answer["campaign"]
    assert (campaign["state"], campaign["hours"], campaign["standing"]) == ("running", "09-20", False)
    assert campaign["progress"]["states"] == {"waiting": 1}
    (listed,) = (await desk.ask("GET", "/campaigns?kind=outage&state=running"))["items"]
    assert listed["id"] == campaign["id"]
    assert (await desk.ask("GET", "/campaigns?state=paused"))["items"] == []
    (call,) = (await desk.ask("GET", f"/campaigns/{campaign['id']}/calls"))["items"]
    assert (call["number"], call["state"], call["tries"]) == (NUMBER, "waiting", [])


async def test_a_campaign_is_paused_resumed_and_stopped(desk: Desk) -> None:
    path = f"/campaigns/{(await made(desk))['campaign']['id']}"
    for verb, state in (("pause", "paused"), ("resume", "running"), ("stop", "stopped")):
        assert (await desk.ask("POST", f"{path}/{verb}", role="supervisor"))["state"] == state
        assert (await desk.ask("GET", path))["changed_by"] != ""
    told = await desk.ask("POST", f"{path}/resume", role="supervisor", status=409)
    assert told["code"] == "conflict" and "stopped" in told["detail"]
    assert (await desk.ask("GET", "/campaigns/999", status=404))["code"] == "not-found"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": ""}, "#/name"),
        ({"hours": "22-23"}, "#/hours"),
        ({"zone": "Nowhere/Town"}, "#/zone"),
        ({"numbers": ["109"]}, "#/numbers"),
        ({"job": {"colour": "red"}}, "#/job"),
        ({"job": {"begins": "tomorrow"}}, "#/job"),
        ({"kind": "job"}, "#/kind"),
        ({"kind": "rating", "job": {}}, "#/numbers"),  # it waits for tickets: its choice says for which
        ({"kind": "rating", "job": {}, "numbers": []}, "#/choice"),
        ({"choice": {"urgency": ["slow"]}}, "#/choice/urgency"),
        ({"choice": {"classifier": "HVS"}}, "#/choice/since"),
        ({"spacing": {"busy": 5}}, "#/spacing/busy"),
        ({"kind": "survey", "job": {}, "dialogue": {"steps": 5}}, ""),
        ({"kind": "survey", "job": {}, "dialogue": {"kind": "survey", "fields": 7, "steps": {"a": 1}}}, ""),
        ({"kind": "meter", "job": {"meters": 5}}, "#/job"),
        ({"kind": "meter", "job": {"meters": [{"id": "1", "title": "вода", "last": "много"}]}}, "#/job"),
        ({"lines": 0}, "#/lines"),
        ({"colour": "red"}, "#/colour"),
    ],
)
async def test_a_mistake_is_told_at_its_place(desk: Desk, changes: dict[str, Any], pointer: str) -> None:
    told = await desk.ask("POST", "/campaigns", role="supervisor", json=OUTAGE | changes, status=422)
    if pointer:
        assert pointer in [one["pointer"] for one in told["errors"]]
    assert (await desk.ask("GET", "/campaigns"))["items"] == []


async def call_and_mark(desk: Desk, outcome: Outcome) -> str:
    """A standing campaign's call, answered and told of."""
    services = desk.services
    async with services.store.begin() as tx:
        await services.outreach.ask_call(tx, CallKind.RATING, CallWish(NUMBER, "rating:0:1"))
    (planned,) = await services.outreach.choose({"main": 1})
    await services.outreach.send([planned])
    await services.outreach.begin_dialogue(planned.attempt.id)
    await services.outreach.told(planned.attempt.id, outcome)
    return planned.attempt.id


async def test_a_mark_is_told_with_its_certainty_and_the_response_rate_beside_the_mean(desk: Desk) -> None:
    request_id = await call_and_mark(desk, Outcome(Result.MARKED, mark=4, keys="14", proof=Proof.KEY))
    (rating,) = (await desk.ask("GET", "/ratings?mark=4"))["items"]
    assert (rating["request_id"], rating["mark"], rating["proof"], rating["keys"]) == (request_id, 4, "key", "14")
    assert (await desk.ask("GET", "/ratings?mark=5"))["items"] == []
    (campaign,) = (await desk.ask("GET", "/campaigns"))["items"]
    assert campaign["standing"] is True
    results = await desk.ask("GET", f"/campaigns/{campaign['id']}/results")
    progress = results["campaign"]["progress"]
    assert (progress["marked"], progress["mark_total"], progress["settled"], progress["marks"]) == (1, 4, 1, {"4": 1})


async def call_of_the_robot(desk: Desk, tmp_path: Path) -> str:
    """The robot's call of a standing campaign, on the line."""
    robot = RobotCaller(desk.services, [], voice_of(Speech(dir=tmp_path)))
    robot.react(desk.store)
    services = desk.services
    assert services.notices.outbox.calls is not None  # the ladder of notices has its last rung
    async with services.store.begin() as tx:
        await services.outreach.ask_call(tx, CallKind.RATING, CallWish(NUMBER, "rating:0:1"))
    (planned,) = await services.outreach.choose({"main": 1})
    request_id, now = planned.attempt.id, desk.clock.now()
    await services.outreach.send([planned])
    key = CallKey("main", request_id)
    call = Conversation(key, Direction.OUTBOUND, now, parse(NUMBER), robot=True, request_id=request_id)
    await services.calls.save([CallArrived(now, call)])
    await services.outreach.begin_dialogue(request_id)
    return request_id


async def test_a_spoken_comment_is_fetched_as_a_recording_of_its_call(desk: Desk, tmp_path: Path) -> None:
    request_id = await call_of_the_robot(desk, tmp_path)
    said = Outcome(Result.NOT_DONE, keys="21", proof=Proof.KEY, comment=f"callengine/{request_id}-comment")
    for _ in range(2):
        await desk.services.outreach.told(request_id, said)
    (rating,) = (await desk.ask("GET", "/ratings"))["items"]
    assert rating["comment"] is True and rating["comment_recording"]["state"] == "recording"
    call_seen = await desk.ask("GET", f"/calls/{rating['call_id']}")
    assert call_seen["recording"] is None and rating["recording"] is None  # none of the conversation itself


@pytest.mark.parametrize(("confirmed", "way"), [(Proof.KEY, "said_key"), (Proof.SPEECH, "said")])
async def test_a_mark_that_was_said_is_listed_with_its_way_its_certainty_and_its_sound(
    desk: Desk, tmp_path: Path, confirmed: Proof, way: str
) -> None:
    request_id = await call_of_the_robot(desk, tmp_path)
    spoken = {"hello": Spoken("1", 97, Proof.KEY), "mark": Spoken("4", 71, confirmed)}
    told = Outcome(
        Result.MARKED, mark=4, proof=Proof.SPEECH, comment=f"callengine/{request_id}-comment",
        spoken=spoken, rests_on="mark", said=f"callengine/{request_id}-said",
    )  # fmt: skip
    await desk.services.outreach.told(request_id, told)
    (rating,) = (await desk.ask("GET", "/ratings"))["items"]
    assert (rating["mark"], rating["way"], rating["certainty_percent"], rating["proof"]) == (4, way, 71, "speech")
    kept = {rating[name]["id"] for name in ("said_recording", "comment_recording")}
    assert len(kept) == 2, "the answer is not taken for the comment"
    async with desk.store.read() as conn:
        named = await answers_of(conn, [f"callengine/{request_id}-said-{step}.wav" for step in ("hello", "mark")])
    assert len(named) == 2
    assert rating["said_recording"]["id"] == named[f"callengine/{request_id}-said-mark.wav"].id


async def test_a_mark_by_key_says_so_and_has_no_certainty_of_a_recogniser(desk: Desk) -> None:
    await call_and_mark(desk, Outcome(Result.MARKED, mark=4, keys="14", proof=Proof.KEY))
    (rating,) = (await desk.ask("GET", "/ratings"))["items"]
    assert (rating["way"], rating["certainty_percent"], rating["said_recording"]) == ("key", None, None)


async def test_an_opt_out_is_added_listed_and_removed(desk: Desk) -> None:
    form = {"number": "8 907 330 00 01", "kind": "survey", "note": "просил по телефону"}
    one = await desk.ask("POST", "/opt-outs", json=form, status=201)
    assert (one["number"], one["kind"], one["how"]) == (NUMBER, "survey", "desk")
    assert (await desk.ask("POST", "/opt-outs", json=form, status=409))["code"] == "conflict"
    assert (await desk.ask("POST", "/opt-outs", json={"number": "109"}, status=422))["errors"][0][
        "pointer"
    ] == "#/number"
    assert (await desk.ask("GET", "/opt-outs?number=89073300001"))["items"] == [one]
    await desk.ask("DELETE", f"/opt-outs/{one['id']}", role="supervisor", status=204)
    assert (await desk.ask("GET", "/opt-outs"))["items"] == []
    await desk.ask("DELETE", f"/opt-outs/{one['id']}", role="supervisor", status=404)


async def test_the_kill_switch_says_who_pulled_it(desk: Desk) -> None:
    assert (await desk.ask("GET", "/outreach"))["halted"] is False
    told = await desk.ask("POST", "/outreach/halt", role="supervisor", json={"reason": "жалоба"})
    assert (told["halted"], told["reason"], told["under_way"]) == (True, "жалоба", 0)
    await made(desk)
    assert await desk.services.outreach.choose({"main": 5}) == []
    assert (await desk.ask("POST", "/outreach/resume", role="supervisor"))["halted"] is False
    assert len(await desk.services.outreach.choose({"main": 5})) == 1


async def test_a_dialogue_is_a_graph_whose_words_may_be_changed_and_brought_back(desk: Desk) -> None:
    script = await desk.ask("GET", "/scripts/rating")
    start = next(node for node in script["nodes"] if node["start"])
    assert {edge["key"] for edge in script["edges"] if edge["source"] == start["id"]} >= {"0", "1", "2"}
    words = {"texts": {start["id"]: {"ru": "Здравствуйте! Выполнена ли работа? Да: один. Нет: два."}}}
    changed = await desk.ask("PUT", "/scripts/rating", role="supervisor", json=words)
    node = next(node for node in changed["nodes"] if node["start"])
    assert node["say"]["ru"].startswith("Здравствуйте! Выполнена") and node["own"] == ["ru"]
    assert changed["changed_by"] != ""
    back = await desk.ask("PUT", "/scripts/rating", role="supervisor", json={"texts": {start["id"]: {"ru": ""}}})
    assert next(node for node in back["nodes"] if node["start"])["say"] == start["say"]


@pytest.mark.parametrize(
    "texts",
    [
        {"nowhere": {"ru": "Куда?"}},
        {"hello": {"ru": "Вы должны {debt} рублей"}},
        {"hello": {"ru": "Здравствуйте [{ticket}"}},
        {"hello": {"ru": "о" * 601}},
        {},
    ],
)
async def test_words_that_cannot_be_spoken_are_refused(desk: Desk, texts: dict[str, Any]) -> None:
    before = await desk.ask("GET", "/scripts/rating")
    await desk.ask("PUT", "/scripts/rating", role="supervisor", json={"texts": texts}, status=422)
    assert await desk.ask("GET", "/scripts/rating") == before


async def test_an_engine_without_a_voice_says_so_and_there_is_no_dialogue_of_another_name(desk: Desk) -> None:
    told = await desk.ask("POST", "/scripts/rating/preview", json={"step": "hello"}, status=503)
    assert told["code"] == "no-voice"
    await desk.ask("GET", "/scripts/singing", status=404)
    await desk.ask("POST", "/scripts/rating/preview", json={"step": "nowhere"}, status=404)


async def test_a_step_is_heard_as_one_sound_with_its_own_words_or_with_others(desk: Desk, tmp_path: Path) -> None:
    RobotCaller(desk.services, [], Hum(tmp_path / "prompts"))
    lengths = []
    for form in ({"step": "hello"}, {"step": "hello", "text": "Здравствуйте."}):
        async with desk.client.post(
            "/api/v1/scripts/rating/preview", json=form, headers=desk.headers("operator")
        ) as answer:
            assert (answer.status, answer.content_type) == (200, "audio/wav")
            with wave.open(io.BytesIO(await answer.read())) as sound:
                assert (sound.getframerate(), sound.getnchannels()) == (8000, 1)
                lengths.append(sound.getnframes())
    assert lengths[0] > lengths[1] == 800  # the hum of one sentence
    await desk.ask("POST", "/scripts/rating/preview", json={"step": "hello", "text": "…"}, status=422)


async def test_screens_hear_that_a_campaign_changed(desk: Desk) -> None:
    heard: list[CampaignChanged] = []
    desk.store.after.setdefault(CampaignChanged, []).append(heard.append)
    path = f"/campaigns/{(await made(desk))['campaign']['id']}"
    await desk.ask("POST", f"{path}/pause", role="supervisor")
    assert [one.campaign.state for one in heard] == ["filling", "running", "paused"]


@pytest.mark.parametrize("route", routes.all, ids=lambda route: f"{route.method} {route.path}")
def test_operators_read_and_leaders_change(route: Any) -> None:
    reads = route.method == "GET" or route.name in ("preview_script", "add_opt_out")
    assert ("operator" in route.roles) is reads
    assert {"supervisor", "administrator"} <= route.roles
    own = {"executor", "organisation_manager"} if route.name in ("list_ratings", "sum_ratings") else set()
    assert {"executor", "organisation_manager", "inspector", "pbx"} & route.roles == own, "marks of one's own jobs"
