"""What the script beside a PBX is told: the dialogue of a call, and the tickets of the number that rings."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest

from callengine.menus.jobs import Job, StatusJob, from_raw
from callengine.tickets.model import Status
from tests.api.conftest import ISOLDA, Desk
from tests.menus.jobs import RATING


async def asked(desk: Desk, query: str, *, status: int = 200) -> Job | None:
    found = await desk.ask("GET", f"/robot/job?{query}", role="administrator", status=status)
    return from_raw(found["job"]) if status == 200 else None


async def test_a_number_hears_its_own_tickets_and_no_neighbours(desk: Desk) -> None:
    house = (await desk.ask("GET", "/houses?q=Мира 12"))["items"][0]
    numbers = {}
    for number in (ISOLDA, "+79075840912"):
        form = {
            "classifier": "HVS-01",
            "house_id": house["id"],
            "premise": "9",
            "text": "тайна",
            "applicant": {"name": "Кузнецова", "number": number},
        }
        numbers[number] = (await desk.ask("POST", "/tickets", json=form, status=201))["number"]
    job = await asked(desk, f"kind=status&number={quote(ISOLDA)}")
    assert isinstance(job, StatusJob)
    assert [one.number for one in job.tickets] == [numbers[ISOLDA]]
    (ticket,) = job.tickets
    assert ticket.status in {status.label("ru") for status in Status}
    assert (ticket.work, ticket.due) == ("", None), "several people share this number: no word of what broke where"
    own = await asked(desk, f"kind=status&number={quote('+79075840912')}")
    assert isinstance(own, StatusJob)
    (told,) = own.tickets
    assert told.work
    assert told.due is not None
    assert told.due.utcoffset() == timedelta(hours=3), "by the clock on the resident's wall"
    assert "тайна" not in " ".join([*job.texts(), *own.texts()])
    other = await asked(desk, "kind=status&number=%2B79990000001")
    assert isinstance(other, StatusJob)
    assert other.tickets == ()
    await asked(desk, "kind=status", status=422)


async def test_a_call_that_was_placed_has_its_job(desk: Desk) -> None:
    async def job(request_id: str) -> Job | None:
        return RATING if request_id == "robot-7" else None

    await asked(desk, "request_id=robot-7", status=503)
    desk.services.robot_job = job
    assert await asked(desk, "request_id=robot-7") == RATING
    await asked(desk, "request_id=robot-8", status=404)
    await asked(desk, "", status=422)


@pytest.mark.parametrize("role", ["operator"])
async def test_it_is_for_the_pbx_and_nobody_at_a_desk(desk: Desk, role: str) -> None:
    await desk.ask("GET", f"/robot/job?kind=status&number={quote(ISOLDA)}", role=role, status=403)
