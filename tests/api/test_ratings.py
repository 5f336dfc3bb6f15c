"""Marks over HTTP: each mean with its rate and count, an organisation sees its own; what a campaign would do."""

from __future__ import annotations

from callengine.menus.outcome import Outcome, Proof, Result
from callengine.outreach.model import CallKind, CallWish
from tests.api.conftest import Desk


async def test_the_figures_have_the_rate_and_the_count_beside_the_mean(desk: Desk) -> None:
    services = desk.services
    for n, mark in ((1, 5), (2, None)):
        async with services.store.begin() as tx:
            await services.outreach.ask_call(tx, CallKind.RATING, CallWish(f"+7907330000{n}", f"rating:0:{n}"))
        (planned,) = await services.outreach.choose({"main": 1})
        await services.outreach.send([planned])
        await services.outreach.begin_dialogue(planned.attempt.id)
        said = Outcome(Result.MARKED, mark=mark, keys=f"1{mark}", proof=Proof.KEY) if mark else Outcome(Result.NOT_ME)
        await services.outreach.told(planned.attempt.id, said)
    found = await desk.ask("GET", "/ratings/summary?by=organisation&slices=week")
    assert found["whole"] == {
        "asked": 2, "answered": 1, "marked": 1, "mean": 5.0, "response_rate": 0.5, "not_done": 0,
        "marks": {"1": 0, "2": 0, "3": 0, "4": 0, "5": 1}, "not_done_share": 0.0, "no_mark": 0,
    }  # fmt: skip
    assert [row["figures"]["asked"] for row in found["rows"]] == [2]
    assert sum(one["figures"]["asked"] for one in found["slices"]) == 2
    every = (await desk.ask("GET", "/ratings?answered=false"))["items"]
    assert sorted(one["result"] for one in every) == ["marked", "not_me"]
    token = desk.services.access.create_token
    desk.tokens["manager"] = await token("test manager", "organisation_manager", organisation_id=1)
    assert (await desk.ask("GET", "/ratings/summary", role="manager"))["whole"]["asked"] == 0
    assert (await desk.ask("GET", "/ratings", role="manager"))["items"] == []
    await desk.ask("GET", "/ratings/summary?organisation_id=2", role="manager", status=403)
    for bad in (
        "from=2020-01-01T00:00:00Z",
        "from=2030-01-01T00:00:00Z",
        "to=0001-01-01T00:00:00Z",
        "from=9999-12-01T00:00:00Z&to=9999-12-31T23:59:59Z&slices=month",
    ):
        await desk.ask("GET", f"/ratings/summary?{bad}", status=422)
    await desk.ask("GET", "/ratings/summary", role="inspector", status=403)


async def test_a_campaign_is_foreseen_and_keeps_its_choice_and_distances(desk: Desk) -> None:
    form = {"kind": "rating", "name": "Вода", "choice": {"classifier": "HVS"}, "spacing": {"busy": 120}}
    foreseen = await desk.ask("POST", "/campaigns/preview", role="supervisor", json=form)
    assert (foreseen["calls"], foreseen["capped"], foreseen["spacing"]["busy"]) == (0, False, 120)
    assert (await desk.ask("GET", "/campaigns"))["items"] == []
    made = await desk.ask("POST", "/campaigns", role="supervisor", json=form, status=201)
    campaign = made["campaign"]
    assert (campaign["choice"]["classifier"], campaign["spacing"], campaign["channels"]) == (
        "HVS",
        {"busy": 120},
        ["call"],
    )
    assert (campaign["standing"], campaign["state"], made["texts"]) == (False, "running", 0)
