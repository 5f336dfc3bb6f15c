"""A resident hands in his readings by his link: his own meters alone, within limits, asked again, once, on its days."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from callengine import config
from callengine.config import Meters, Settings
from callengine.directory import by_link
from callengine.directory.by_link import ReadingsByLink
from callengine.store import meters as meter_rows
from tests.api.conftest import ISOLDA, Desk
from tests.api.test_meters import COLD


async def flat(desk: Desk) -> tuple[int, str]:
    """The house and the flat of who has the number."""
    found = (await desk.services.directory.candidates(ISOLDA))[0]
    residence = found.residences[0]
    return residence.house.id, residence.premise


async def hung(desk: Desk, **changes: Any) -> int:
    """A meter in his flat that showed 120,5 last month."""
    house_id, premise = await flat(desk)
    form = COLD | {"house_id": house_id, "premise": premise} | changes
    made = await desk.ask("POST", "/meters", role="supervisor", json=form, status=201)
    told = {"value": "120,5", "period": "2026-10"}
    await desk.ask("POST", f"/meters/{made['id']}/readings", json=told, status=201)
    return int(made["id"])


async def link(desk: Desk, number: str = ISOLDA) -> str:
    """Where the page of a ticket of his is asked for its meters."""
    house_id, premise = await flat(desk)
    applicant = {"number": number, "name": "Кузнецова Изольда"}
    body = {"classifier": "HVS-01", "house_id": house_id, "premise": premise, "applicant": applicant, "text": "течь"}
    made = await desk.ask("POST", "/tickets", json=body, status=201)
    given = await desk.ask("POST", f"/tickets/{made['number']}/links", status=201)
    return f"/public/tickets/{given['url'].rpartition('/')[2]}/meters"


async def test_he_sees_his_meters_with_what_they_may_show_and_hands_one_in(desk: Desk) -> None:
    meter_id, path = await hung(desk), await link(desk)
    await desk.ask("POST", "/meters", role="supervisor", json=COLD | {"house_id": 1, "premise": "99"}, status=201)
    seen = await desk.ask("GET", path)
    assert (seen["period"], seen["open"], seen["first"], seen["last"]) == ("2026-11", True, 1, 31)
    (meter,) = seen["meters"]
    assert (meter["id"], meter["lowest"], meter["doubted_above"]) == (meter_id, "120.5", "170.5")
    assert (meter["before"]["value"], meter["now"], meter["highest"]) == ("120.5", None, "99999.999")
    kept = await desk.ask("POST", f"{path}/{meter_id}/readings", json={"value": "131,25"}, status=201)
    assert (kept["value"], kept["period"], kept["flag"]) == ("131.25", "2026-11", "")
    (meter,) = (await desk.ask("GET", path))["meters"]
    assert meter["now"]["value"] == "131.25"
    (line,) = (await desk.ask("GET", "/meter-readings?period=2026-11"))["items"]
    assert (line["reading"]["source"], line["reading"]["who"]) == ("link", "Кузнецова Изольда")
    assert line["reading"]["note"].startswith("by the link of 26-")


@pytest.mark.parametrize("value", ["120.4", "100000", "много", "", "-1", "1e3"])
async def test_what_cannot_be_is_refused_as_on_the_telephone(desk: Desk, value: str) -> None:
    meter_id, path = await hung(desk), await link(desk)
    told = await desk.ask("POST", f"{path}/{meter_id}/readings", json={"value": value, "confirmed": True}, status=422)
    assert [one["pointer"] for one in told["errors"]] == ["#/value"]


async def test_what_is_far_above_the_last_is_asked_again_and_kept_for_a_human_to_look_at(desk: Desk) -> None:
    meter_id, path = await hung(desk), await link(desk)
    doubted = await desk.ask("POST", f"{path}/{meter_id}/readings", json={"value": "400"}, status=409)
    assert (doubted["code"], doubted["doubted_above"]) == ("reading-doubted", "170.5")
    assert (await desk.ask("GET", path))["meters"][0]["now"] is None
    again = {"value": "400", "confirmed": True}
    assert (await desk.ask("POST", f"{path}/{meter_id}/readings", json=again, status=201))["flag"] == "jump"


async def test_the_same_reading_sent_again_is_one_and_a_key_stands_for_one_value(desk: Desk) -> None:
    meter_id, path = await hung(desk), await link(desk)
    key = {"Idempotency-Key": "k1"}
    for _ in range(3):
        await desk.ask("POST", f"{path}/{meter_id}/readings", json={"value": "130"}, headers=key, status=201)
    await desk.ask("POST", f"{path}/{meter_id}/readings", json={"value": "130,000"}, status=201)
    other = await desk.ask("POST", f"{path}/{meter_id}/readings", json={"value": "131"}, headers=key, status=409)
    assert other["code"] == "conflict"
    await desk.ask("POST", f"{path}/{meter_id}/readings", json={"value": "131"}, status=201)
    card = await desk.ask("GET", f"/meters/{meter_id}")
    assert [one["value"] for one in card["readings"]] == ["131", "130", "120.5"]


async def test_one_key_for_two_meters_at_the_same_moment_is_a_conflict_and_nothing_breaks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, path = await hung(desk), await link(desk)
    second, key = await hung(desk, serial="second-1"), {"Idempotency-Key": "k1"}
    await desk.ask("POST", f"{path}/{first}/readings", json={"value": "130"}, headers=key, status=201)

    async def none_yet(conn: object, key: str) -> None:
        """As the second sees it on PostgreSQL while the first has not committed."""

    monkeypatch.setattr(meter_rows, "by_key", none_yet)
    told = await desk.ask("POST", f"{path}/{second}/readings", json={"value": "130"}, headers=key, status=409)
    assert "send a new key" in told["detail"]


async def test_what_the_page_asks_of_meters_is_no_opening_of_the_link(desk: Desk) -> None:
    meter_id, path = await hung(desk), await link(desk)
    number = (await desk.ask("GET", path.removesuffix("/meters")))["number"]
    await desk.ask("GET", path)
    await desk.ask("POST", f"{path}/{meter_id}/readings", json={"value": "130"}, status=201)
    assert (await desk.ask("GET", f"/tickets/{number}"))["links"]["views"] == 1


async def test_anothers_meter_and_one_that_was_taken_off_are_not_there_for_him(desk: Desk) -> None:
    meter_id, path = await hung(desk), await link(desk)
    strange = COLD | {"house_id": 1, "premise": "99"}
    theirs = (await desk.ask("POST", "/meters", role="supervisor", json=strange, status=201))["id"]
    await desk.ask("POST", f"{path}/{theirs}/readings", json={"value": "1"}, status=404)
    await desk.ask("DELETE", f"/meters/{meter_id}", role="supervisor", status=204)
    await desk.ask("POST", f"{path}/{meter_id}/readings", json={"value": "130"}, status=404)
    assert (await desk.ask("GET", path))["meters"] == []
    nobodys = await link(desk, "+79990009999")
    assert (await desk.ask("GET", nobodys))["meters"] == []


async def test_a_link_that_is_none_opens_no_meters(desk: Desk) -> None:
    await desk.ask("GET", "/public/tickets/nothing/meters", status=404)
    await desk.ask("POST", "/public/tickets/nothing/meters/1/readings", json={"value": "1"}, status=404)


async def test_nobody_walks_through_the_numbers_of_a_meter(desk: Desk) -> None:
    meter_id, path = await hung(desk), await link(desk)
    for n in range(by_link.TRIES):
        await desk.ask("POST", f"{path}/{meter_id}/readings", json={"value": str(n)}, status=422)
    stopped = await desk.ask("POST", f"{path}/{meter_id}/readings", json={"value": "130"}, status=429)
    assert stopped["code"] == "too-many"
    desk.clock.advance(seconds=by_link.TRIES_SECONDS)
    await desk.ask("POST", f"{path}/{meter_id}/readings", json={"value": "130"}, status=201)


async def test_on_other_days_of_the_month_he_is_told_when(desk: Desk) -> None:
    meter_id, path = await hung(desk), await link(desk)
    its, locale = desk.services, config.Locale()
    days = Meters(link_days="21-25")
    its.by_link = ReadingsByLink(desk.clock, days, locale, its.links, its.meters)
    assert (await desk.ask("GET", path))["open"] is False, "it is the 20th"
    told = await desk.ask("POST", f"{path}/{meter_id}/readings", json={"value": "130"}, status=409)
    assert told["code"] == "readings-closed" and "21." in told["detail"]
    # In Moscow the 21st begins at nine in the evening by UTC.
    wait = (datetime(2026, 11, 20, 21, 0, tzinfo=UTC) - desk.clock.now()).total_seconds()
    desk.clock.advance(seconds=wait)
    assert (await desk.ask("GET", path))["open"] is True
    await desk.ask("POST", f"{path}/{meter_id}/readings", json={"value": "130"}, status=201)


async def test_a_service_that_takes_none_by_link_shows_none(desk: Desk) -> None:
    meter_id, path = await hung(desk), await link(desk)
    its = desk.services
    its.by_link = ReadingsByLink(desk.clock, Meters(link=False), config.Locale(), its.links, its.meters)
    assert (await desk.ask("GET", path))["meters"] == []
    await desk.ask("POST", f"{path}/{meter_id}/readings", json={"value": "130"}, status=404)


@pytest.mark.parametrize("days", ["25-15", "0-3", "1-32", "15", "a-b", ""])
def test_days_that_no_month_has_are_no_setting(days: str) -> None:
    with pytest.raises(ValueError, match="days of the month"):
        Settings.model_validate({"meters": {"link_days": days}})
