"""What a supervisor does to several callbacks at once, over HTTP: each row is answered for itself."""

from __future__ import annotations

from tests.api.conftest import Desk

SOMEBODY = "+79161234567"
THIRD = "+79031112233"


async def three(desk: Desk) -> list[int]:
    for n, number in enumerate(("+79074121806", SOMEBODY, THIRD)):
        await desk.missed(number, f"1.{n + 1}")
    return [duty["id"] for duty in (await desk.ask("GET", "/callbacks"))["items"]]


async def test_several_are_closed_with_one_reason_and_each_refusal_is_told(desk: Desk) -> None:
    first, second, third = await three(desk)
    await desk.ask("POST", f"/callbacks/{first}/dial", status=202)
    body = {"ids": [first, second, third, 4711], "reason": "проверка линии"}
    await desk.ask("POST", "/callbacks/close", json=body, status=403)
    done = await desk.ask("POST", "/callbacks/close", json=body, role="supervisor")
    assert [(one["id"], one["state"]) for one in done["items"]] == [
        (first, "claimed"),
        (second, "closed"),
        (third, "closed"),
    ]
    told = [(one["id"], one["why"], one["who"]) for one in done["refused"]]
    assert told == [(first, "dialling", "Петрова Наталья"), (4711, "missing", "")]


async def test_a_closing_is_taken_back(desk: Desk) -> None:
    ids = await three(desk)
    await desk.ask("POST", "/callbacks/close", json={"ids": ids, "reason": "проверка линии"}, role="supervisor")
    assert (await desk.ask("GET", "/callbacks"))["items"] == []
    done = await desk.ask("POST", "/callbacks/reopen", json={"ids": ids[:2]}, role="supervisor")
    assert ([one["state"] for one in done["items"]], done["refused"]) == (["open", "open"], [])
    assert [one["id"] for one in (await desk.ask("GET", "/callbacks"))["items"]] == ids[:2]
    await desk.ask("POST", "/callbacks/reopen", json={"ids": ids[:2]}, role="operator", status=403)


async def test_a_duty_is_given_to_an_operator_on_shift_and_pushed_at_once(desk: Desk) -> None:
    (first, *_) = await three(desk)
    petrova = await desk.staff_id("petrova")
    body = {"ids": [first], "staff_id": petrova}
    problem = await desk.ask("POST", "/callbacks/assign", json=body, role="supervisor", status=422)
    assert "not on shift" in problem["detail"]
    await desk.ask("PUT", "/session/state", json={"state": "ready"})
    async with desk.client.ws_connect("/api/v1/live", headers=desk.headers()) as line:
        assert (await line.receive_json(timeout=5))["type"] == "hello"
        done = await desk.ask("POST", "/callbacks/assign", json=body, role="supervisor")
        (one,) = done["items"]
        assert (one["claimed_by"], one["assigned_by_name"]) == (petrova, "Орлова Тамара")
        told = await line.receive_json(timeout=5)
        # The duties themselves may be told late, after the hello.
        while told["type"] != "duty" or not told["data"]["assigned_by_name"]:
            told = await line.receive_json(timeout=5)
        assert (told["data"]["id"], told["data"]["assigned_by_name"]) == (first, "Орлова Тамара")
    detail = await desk.ask("GET", f"/callbacks/{first}")
    assert (detail["history"][-1]["what"], detail["history"][-1]["data"]["to_name"]) == (
        "assigned",
        one["claimed_by_name"],
    )


async def test_only_who_talks_puts_his_call_on_hold(desk: Desk) -> None:
    call_id = await desk.answered()
    await desk.ask("POST", f"/calls/{call_id}/hold", json={"hold": True}, status=204)
    await desk.ask("POST", f"/calls/{call_id}/hold", json={"hold": False}, status=204)
    assert desk.phone.asked == [("hold", call_id, True), ("hold", call_id, False)]
    problem = await desk.ask("POST", f"/calls/{call_id}/hold", json={"hold": True}, role="supervisor", status=422)
    assert "only who talks" in problem["detail"]
    await desk.ask("POST", "/calls/4711/hold", json={"hold": True}, status=404)
