"""The reminders that stand on screens, over HTTP: whose they are, and what ends them."""

from __future__ import annotations

from typing import Any

import pytest

from callengine.notices.model import (
    Channel,
    Kind,
    Notice,
    NoticeAcknowledged,
    NoticeSettled,
    Recipient,
    State,
    Until,
    Wanted,
)
from callengine.notices.texts import SHAPES
from callengine.store import notices as notice_rows
from callengine.tickets.events import TicketReminded
from tests.api.conftest import Desk
from tests.api.test_ticket_life import People, heard

TOKENS = ("lavrov", "fomin", "krylova", "akimov")


@pytest.fixture
async def people(desk: Desk) -> People:
    for fact, react in desk.services.reminders.within.items():  # as app.py wires them
        desk.store.within.setdefault(fact, []).append(react)
    one = People(desk)
    await one.enter(*TOKENS, "sobolev")
    return one


async def fired(people: People, made: dict[str, Any], **later: float) -> None:
    people.desk.clock.advance(**later)
    ticket = await people.desk.services.tickets.get(made["number"])
    await people.watch().on_timer("ticket", str(ticket.id), 1)


async def seen(desk: Desk, role: str) -> list[tuple[str, str, int]]:
    found = await desk.ask("GET", "/reminders", role=role)
    assert found["count"] == len(found["items"])
    return [(one["number"], one["about"], one["level"]) for one in found["items"]]


async def reminded(desk: Desk, number: str, about: str, *to: str, level: int = 0) -> None:
    ticket = await desk.services.tickets.get(number)
    async with desk.store.begin() as tx:
        await tx.tell(TicketReminded(ticket, about, level, desk.clock.now(), frozenset(to)))


async def test_a_passed_term_stands_on_the_manager_s_list_until_he_accepts(people: People, desk: Desk) -> None:
    made = await people.open()
    assert await seen(desk, "lavrov") == []
    await fired(people, made, seconds=301)
    found = await desk.ask("GET", "/reminders", role="lavrov")
    assert (found["count"], found["danger"]) == (1, 1)
    (one,) = found["items"]
    assert (one["number"], one["about"], one["status"]) == (made["number"], "accept", "awaiting_acceptance")
    assert one["due_at"] == made["deadlines"]["accept_by"]
    assert one["address"] == made["house"]["address"] and one["urgency"] == "emergency"
    assert await seen(desk, "supervisor") == [(made["number"], "accept", 0)]
    for other in ("operator", "krylova", "akimov", "fomin"):  # it is not for them
        assert await seen(desk, other) == [], other
    await people.move(made, "lavrov", "accept")
    assert await seen(desk, "lavrov") == await seen(desk, "supervisor") == []


async def test_who_takes_it_takes_it_for_his_side_alone_with_his_name_in_the_history(
    people: People, desk: Desk
) -> None:
    made = await people.open()
    await reminded(desk, made["number"], "fix", "operator", "supervisor", "organisation_manager")
    (own,) = (await desk.ask("GET", "/reminders"))["items"]
    async with desk.client.ws_connect("/api/v1/live", headers=desk.headers("supervisor")) as supervisor:
        await desk.ask("POST", f"/reminders/{own['id']}/take", status=204)
        await heard(supervisor, "ticket", made["number"])  # his page reads the list anew
    assert await seen(desk, "operator") == await seen(desk, "supervisor") == []
    assert await seen(desk, "lavrov") == [(made["number"], "fix", 0)]
    await desk.ask("POST", f"/reminders/{own['id']}/take", status=204)  # pressed twice
    refused = await desk.ask("POST", f"/reminders/{own['id']}/take", role="supervisor", status=409)
    assert "Петрова" in refused["detail"]
    history = (await desk.ask("GET", f"/tickets/{made['number']}"))["history"]
    taken = [event for event in history if event["what"] == "reminder_taken"]
    assert [(e["author"][:7], e["role"], e["data"]["about"], e["public"]) for e in taken] == [
        ("Петрова", "operator", "fix", False)
    ]


async def test_what_is_another_s_cannot_be_taken(people: People, desk: Desk) -> None:
    made = await people.open()
    await reminded(desk, made["number"], "accept", "organisation_manager", "supervisor")
    (own,) = (await desk.ask("GET", "/reminders", role="lavrov"))["items"]
    for other in ("krylova", "akimov", "supervisor", "operator"):
        await desk.ask("POST", f"/reminders/{own['id']}/take", role=other, status=404)
    await desk.ask("GET", "/reminders", role="sobolev", status=403)
    await desk.ask("POST", "/reminders/987654/take", status=404)
    assert await seen(desk, "lavrov") == [(made["number"], "accept", 0)]


async def test_dangers_stand_first_and_of_equals_the_newest(people: People, desk: Desk) -> None:
    numbers = []
    for code in ("HVS-01", "HVS-07", "HVS-02"):
        made = await people.open(code)
        numbers.append((made["number"], made["urgency"]))
        desk.clock.advance(seconds=60)
        await reminded(desk, made["number"], "check", "operator")
    dangers = [number for number, urgency in reversed(numbers) if urgency in ("life", "emergency")]
    others = [number for number, urgency in reversed(numbers) if urgency not in ("life", "emergency")]
    assert len(dangers) == 2 and len(others) == 1
    assert [number for number, _, _ in await seen(desk, "operator")] == dangers + others


async def test_a_second_word_of_the_same_stands_once_and_keeps_its_first_moment(people: People, desk: Desk) -> None:
    made = await people.open()
    await reminded(desk, made["number"], "resident_word", "operator")
    before = (await desk.ask("GET", "/reminders"))["items"][0]
    desk.clock.advance(seconds=600)
    await reminded(desk, made["number"], "resident_word", "operator")
    after = (await desk.ask("GET", "/reminders"))["items"]
    assert [(one["id"], one["due_at"]) for one in after] == [(before["id"], before["due_at"])]
    assert after[0]["at"] > before["at"]


async def test_each_is_ended_by_what_settles_it_and_by_nothing_else(people: People, desk: Desk) -> None:
    made = await people.open()
    number, words = made["number"], f"/tickets/{made['number']}/comments"
    for about in ("stall", "unacknowledged", "untold", "resident_word", "wrong_number", "something_new"):
        await reminded(desk, number, about, "supervisor", level=int(about == "stall"))
    left = {about for _, about, _ in await seen(desk, "supervisor")}
    desk.clock.advance(seconds=60)
    await desk.ask("POST", words, role="lavrov", json={"text": "едем"})  # who must act: the ladder begins anew
    left -= {"stall", "resident_word"}
    assert {about for _, about, _ in await seen(desk, "supervisor")} == left
    await people.move(made, "lavrov", "accept")
    left -= {"unacknowledged", "something_new"}
    assert {about for _, about, _ in await seen(desk, "supervisor")} == left == {"untold", "wrong_number"}
    await people.move(made, "supervisor", "cancel", reason="ошибка")
    assert await seen(desk, "supervisor") == []
    await reminded(desk, number, "resident_word", "operator")  # he writes to a closed ticket
    assert await seen(desk, "operator") == [(number, "resident_word", 0)]


async def test_a_notice_that_came_through_ends_its_reminder(people: People, desk: Desk) -> None:
    made = await people.open()
    number, now = made["number"], desk.clock.now()
    for about in ("unacknowledged", "untold"):
        await reminded(desk, number, about, "supervisor")

    def notice(kind: Kind) -> Notice:
        empty: dict[str, Any] = {"subject": "", "text": "", "ladder": "", "rung": 0, "tries": 1, "fence": 1}
        return Notice(
            id=1, key="k", kind=kind, channel=Channel.EMAIL, state=State.SENT, to=Recipient(), ticket_number=number,
            danger=True, until=Until.SENT, created_at=now, next_at=now, expires_at=now, **empty,
        )  # fmt: skip

    async with desk.store.begin() as tx:
        await tx.tell(NoticeAcknowledged(notice(Kind.JOB), "Фомин", "page"))
    assert await seen(desk, "supervisor") == [(number, "untold", 0)]
    async with desk.store.begin() as tx:
        await tx.tell(NoticeSettled(notice(Kind.CRITICAL)))
    assert await seen(desk, "supervisor") == []


async def test_that_one_municipality_was_told_does_not_hide_that_another_was_not(people: People, desk: Desk) -> None:
    number = (await people.open())["number"]
    outbox, ids = desk.services.notices.outbox, []
    async with desk.store.begin() as tx:
        for email in ("duty@city.test", "duty@district.test"):  # no mail server here: neither goes
            fields = dict.fromkeys(SHAPES[Kind.CRITICAL].fields, "x")
            one = Wanted(
                key=email, kind=Kind.CRITICAL, channel=Channel.EMAIL, to=Recipient(email=email), fields=fields,
                ticket_number=number,
            )  # fmt: skip
            ids.append(await outbox.tell(tx, one))
    await reminded(desk, number, "untold", "supervisor")
    for id, left in zip(ids, ([(number, "untold", 0)], []), strict=True):
        async with desk.store.begin() as tx:
            assert id is not None
            await notice_rows.change(tx, id, tuple(State), {"state": State.SENT.value})
            sent = await notice_rows.get(tx.conn, id)
            assert sent is not None
            await tx.tell(NoticeSettled(sent))
        assert await seen(desk, "supervisor") == left
