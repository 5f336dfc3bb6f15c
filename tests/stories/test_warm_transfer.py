"""A warm transfer on the real PBX (R8, R9): the resident waits, who saves is told first, and nobody is lost."""

from __future__ import annotations

from typing import Any

import pytest

from callengine.sandbox.pbx import SandboxPbx
from tests.sipp.driver import Operator, Sipp
from tests.stories.engine import EngineProcess

pytestmark = [pytest.mark.pbx, pytest.mark.once]

RESIDENT = "+79074121806"
# The stories' PBX has forty phones: 101 to 140 are colleagues there.
SAVES, OTHER = "912", "903"


async def talking(engine: EngineProcess, sipp: Sipp) -> dict[str, Any]:
    """101 (petrova) talks with a resident who stays on the line."""
    await sipp.operators(["101"], Operator(ring_seconds=0.2))
    await sipp.residents([RESIDENT], hang_up_after_seconds=60)

    async def there() -> Any:
        found = await engine.calls()
        return found and found[0]["state"] == "talking" and found[0]

    call: dict[str, Any] = await engine.until(there, "they talk")
    return call


async def press(engine: EngineProcess, call: dict[str, Any], key: str = "", **body: Any) -> Any:
    path = f"/calls/{call['id']}/transfer{key}"
    return await engine.ask("POST", path, body or None, who="petrova")


async def handover(engine: EngineProcess, call: dict[str, Any], state: str) -> Any:
    async def reached() -> Any:
        found = (await engine.get(f"/calls/{call['id']}"))["handovers"]
        return found and found[-1]["state"] == state and found[-1]

    return await engine.until(reached, f"the transfer is {state}")


async def register(engine: EngineProcess, call: dict[str, Any]) -> Any:
    (house,) = (await engine.get("/houses?q=чкалова 17&limit=1"))["items"]
    form = {"classifier": "ELE-01", "house_id": house["id"], "premise": "1", "text": "Горит", "call_id": call["id"]}
    status, ticket = await engine.ask("POST", "/tickets", form, who="petrova")
    assert (status, ticket["urgency"]) == (201, "life")
    return ticket["number"]


async def handed(engine: EngineProcess, number: str) -> list[Any]:
    history = (await engine.get(f"/tickets/{number}"))["history"]
    return [one["data"] for one in history if one["what"] == "handed_over"]


async def test_the_operator_speaks_with_112_and_joins_them_and_it_stays_one_conversation(
    engine: EngineProcess, sipp: Sipp, stories_pbx: SandboxPbx
) -> None:
    await sipp.outside(stories_pbx.trunk_port, Operator(ring_seconds=0.3))
    call = await talking(engine, sipp)
    number = await register(engine, call)
    for _ in range(2):
        status, problem = await press(engine, call, to=SAVES, warm=True)
        assert status == 204, problem
    begun = await handover(engine, call, "talking")
    assert (await engine.get(f"/calls/{call['id']}"))["state"] == "held", "the resident hears music"

    status, problem = await press(engine, call, "/complete")
    assert status == 204, problem
    done = await handover(engine, call, "done")
    assert done["id"] == begun["id"], "one press was one attempt"
    (line,) = await handed(engine, number)
    assert (line["number"], line["result"], line["answered"]) == (SAVES, "done", True)

    async def with_112() -> Any:
        found = await engine.get(f"/calls/{call['id']}")
        return found["operator"] == SAVES and found["state"] == "talking"

    await engine.until(with_112, "the resident talks with 112 alone")
    await engine.ask("POST", f"/calls/{call['id']}/hangup")
    (ended,) = await engine.until_ended(1)
    assert (ended["id"], ended["outcome"], ended["direction"]) == (call["id"], "answered", "inbound")
    talks = (await engine.get(f"/calls/{call['id']}"))["talks"]
    assert {talk["operator"] for talk in talks} == {"101", SAVES}
    assert len(await handed(engine, number)) == 1


async def test_who_does_not_come_gives_the_resident_back_and_a_hang_up_meanwhile_does_not_lose_him(
    engine: EngineProcess, sipp: Sipp, stories_pbx: SandboxPbx
) -> None:
    await stories_pbx.cli("dialplan set global CE_OUTSIDE_SECONDS 3")
    try:
        await sipp.outside(stories_pbx.trunk_port, Operator(never_answer=True))
        call = await talking(engine, sipp)
        assert (await press(engine, call, to=SAVES, warm=True))[0] == 204
        failed = await handover(engine, call, "failed")
        assert (failed["why"], failed["answered_at"]) == ("no_answer", None)

        async def back() -> Any:
            found = await engine.get(f"/calls/{call['id']}")
            return found["state"] == "talking" and found["operator"] == "101"

        await engine.until(back, "the operator has the resident back")
        status, refused = await press(engine, call, "/complete")
        assert (status, refused["code"]) == (409, "no-transfer"), "nothing is left that could be completed"

        # Again, and now his own receiver falls on the hook while it rings.
        assert (await press(engine, call, to=OTHER, warm=True))[0] == 204
        channels = (await stories_pbx.cli("core show channels concise")).splitlines()
        (own,) = [line.split("!")[0] for line in channels if line.startswith("PJSIP/101-")]
        await stories_pbx.cli(f"channel request hangup {own}")
        await handover(engine, call, "left")
        await handover(engine, call, "failed")
    finally:
        await stories_pbx.cli("dialplan set global CE_OUTSIDE_SECONDS 60")

    async def again() -> Any:
        found = await engine.get(f"/calls/{call['id']}")
        return found["ended_at"] is None and len(found["offers"]) > 1

    await engine.until(again, "he is offered to an operator again")
    number = await register(engine, call)
    lines = await handed(engine, number)
    assert [(one["number"], one["result"], one["answered"]) for one in lines] == [
        (SAVES, "no_answer", False), (OTHER, "no_answer", False),
    ]  # fmt: skip
    await engine.ask("POST", f"/calls/{call['id']}/hangup")
    (ended,) = await engine.until_ended(1)
    assert (ended["id"], ended["outcome"]) == (call["id"], "answered")
