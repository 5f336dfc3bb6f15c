"""Meters and readings over HTTP: who may, what is asked again, a month as a file, and the log of who took it."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from tests.api.conftest import Desk

COLD = {"kind": "cold_water", "serial": "A-1", "premise": "5", "place": "кухня", "verified_until": "2030-05-31"}


async def hung(desk: Desk, **changes: Any) -> dict[str, Any]:
    house = (await desk.ask("GET", "/houses?q=Чкалова 17"))["items"][0]
    form = COLD | {"house_id": house["id"]} | changes
    made: dict[str, Any] = await desk.ask("POST", "/meters", role="supervisor", json=form, status=201)
    return made


async def test_a_meter_is_hung_read_corrected_and_taken_off(desk: Desk) -> None:
    meter = await hung(desk)
    assert (meter["most"], meter["digits"], meter["verified_until"], meter["last"]) == (50, 5, "2030-05-31", None)
    path = f"/meters/{meter['id']}"
    await desk.ask("POST", f"{path}/readings", json={"value": "120,5", "period": "2026-10"}, status=201)
    doubted = await desk.ask("POST", f"{path}/readings", json={"value": "400"}, status=409)
    assert (doubted["code"], doubted["doubted_above"]) == ("reading-doubted", "170.5")
    kept = await desk.ask("POST", f"{path}/readings", json={"value": "400", "confirmed": True}, status=201)
    assert (kept["flag"], kept["source"], kept["value"]) == ("jump", "operator", "400")
    (line,) = (await desk.ask("GET", "/meter-readings?period=2026-11&flag=jump"))["items"]
    assert line["meter"]["id"] == meter["id"] and "Чкалова" in line["address"]
    await desk.ask("POST", f"{path}/readings", json={"value": "140", "note": "ошибка"}, status=201)
    card = await desk.ask("GET", path)
    assert [one["value"] for one in card["readings"]] == ["140", "400", "120.5"] and card["meter"]["last"][
        "value"
    ] == "140"
    form = {"kind": "cold_water", "serial": "A-1", "most": 9}
    assert (await desk.ask("PUT", path, role="supervisor", json=form))["most"] == 9
    await desk.ask("DELETE", path, role="supervisor", status=204)
    listed = await desk.ask("GET", f"/meters?house_id={meter['house_id']}")
    assert listed["items"] == []
    await desk.ask("POST", f"{path}/readings", json={"value": "141"}, status=404)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({"value": "много"}, "#/value"), ({"value": "5", "period": "2026-13"}, "#/period"), ({"value": ""}, "#/value")],
)
async def test_a_mistake_is_told_at_its_place(desk: Desk, body: dict[str, Any], pointer: str) -> None:
    meter = await hung(desk)
    told = await desk.ask("POST", f"/meters/{meter['id']}/readings", json=body, status=422)
    assert [one["pointer"] for one in told["errors"]] == [pointer]


async def test_a_month_goes_out_as_a_file_and_who_took_it_is_logged(desk: Desk) -> None:
    meter = await hung(desk, serial="=cmd")
    note = {"value": "120.5", "note": "=1+1"}
    await desk.ask("POST", f"/meters/{meter['id']}/readings", json=note, status=201)
    for format in ("csv", "xlsx"):
        path = f"/api/v1/meter-readings/export?period=2026-11&format={format}"
        headers = {"Authorization": f"Bearer {desk.tokens['supervisor']}"}
        async with desk.client.get(path, headers=headers) as response:
            assert (
                response.status == 200 and f"meter-readings-2026-11.{format}" in response.headers["Content-Disposition"]
            )
            data = await response.read()
        if format == "csv":
            head, line = data.decode("utf-8-sig").split("\r\n")[:2]
            assert head.startswith("period;address;premise;kind;serial") and ";'=cmd;кухня;120.5;operator;" in line
        else:
            with zipfile.ZipFile(io.BytesIO(data)) as book:
                sheet = book.read("xl/worksheets/sheet1.xml").decode()
            assert "<v>120.5</v>" in sheet and "=cmd" in sheet and "<f>" not in sheet, "a text stays a text"
    logged = (await desk.ask("GET", "/readings?what=export", role="supervisor"))["items"]
    assert [one["subject"] for one in logged].count("meter-readings?period=2026-11&format=csv") == 1
