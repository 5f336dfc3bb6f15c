"""R177: the applicant is told by the way that he chose; danger reaches him regardless, an opt-out stands above it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from sqlalchemy import insert

from callengine import config
from callengine.clock import ManualClock
from callengine.errors import NotFound, Refused, TooMany
from callengine.notices.reasons import read
from callengine.store.database import Store
from callengine.store.tables import people
from callengine.tickets.links import WORDS, LinksService, mark_by
from callengine.tickets.model import Applicant, Status, Ticket
from callengine.tickets.moves import ENGINE
from callengine.tickets.ways import WaysService
from tests.notices.office import RESIDENT, Office, open_office
from tests.notices.servers import HttpServer, MailServer, Smsc
from tests.notices.test_tickets import subscribed

S = Status
LANDLINE = "+74951234567"
EVERY = ["registered", "postponed", "done", "closed", "cancelled"]


@pytest.fixture
async def office(
    sqlite_store: Store, clock: ManualClock, mail: MailServer, smsc: Smsc, pushes: HttpServer
) -> AsyncIterator[Office]:
    made = await open_office(
        sqlite_store,
        clock,
        tell_resident=EVERY,
        sms="smpp",
        smpp_host="127.0.0.1",
        smpp_port=smsc.port,
        smpp_user="desk",
        smtp_host="127.0.0.1",
        smtp_port=mail.port,
        smtp_security="none",
        email_from="desk@callengine.test",
        ratings=False,
    )
    yield made
    await made.close()


async def told(office: Office, kind: str) -> list[tuple[str, str]]:
    """Channel and state of what the applicant is told of a kind."""
    rows = [one for one in await office.all() if one.kind.value == kind and one.ladder.startswith("resident:")]
    return [(one.channel.value, one.state.value) for one in rows]


def text_of_last(mail: MailServer) -> str:
    letter = message_from_bytes(mail.letters[-1], policy=policy.default)
    part = letter.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def who(notify: str = "", **more: Any) -> dict[str, Any]:
    return {"applicant": Applicant(**{"number": RESIDENT, "name": "Мельникова Анна", "notify": notify, **more})}


@pytest.mark.parametrize(
    ("notify", "expected"),
    [
        ("", [("sms", "sent"), ("call", "suppressed")]),
        ("sms", [("sms", "sent")]),
        ("email", [("email", "sent")]),
        ("call", [("call", "sent")]),
        ("none", []),
    ],
)
async def test_a_job_that_is_done_is_told_by_the_way_of_the_ticket_alone(
    office: Office, mail: MailServer, smsc: Smsc, notify: str, expected: list[tuple[str, str]]
) -> None:
    await office.block.to(S.AWAITING_CLIENT, "KRO-05", **who(notify, email="anna@mail.test"))
    worker = await office.worker()
    await office.pass_time(worker, minutes=30)
    assert await told(office, "done") == expected
    assert [message.kind for message in office.robot.asked if message.kind == "done"] == ["done"] * (notify == "call")
    assert ("anna@mail.test" in "".join(mail.to)) == (notify == "email")
    assert bool(smsc.submits) == (notify in ("", "sms"))


async def test_a_push_is_told_by_his_browser_alone_and_without_one_in_the_order_of_the_service(
    office: Office, pushes: HttpServer
) -> None:
    without = await office.block.to(S.IN_PROGRESS, "KRO-05", **who("push"))
    there = await office.block.to(S.IN_PROGRESS, "KRO-05", **who("push"))
    await subscribed(office, pushes, None, there.id)
    for ticket in (without, there):
        await office.block.move(ticket, "petrova", "cancel", "передумали")
    found = {one.ticket_number: one.channel.value for one in await office.all() if one.kind.value == "cancelled"}
    assert found == {without.number: "sms", there.number: "push"}


@pytest.mark.parametrize(
    "his",
    [
        {"notify": "sms", "number": LANDLINE},
        {"notify": "call", "number": "112"},
        {"notify": "email", "number": RESIDENT},
    ],
)
async def test_a_way_that_cannot_be_is_as_none_was_chosen(office: Office, his: dict[str, str]) -> None:
    plain = await office.block.to(S.IN_PROGRESS, "KRO-05", **who(number=his["number"]))
    # The address went with a later word, as of a release that knew none.
    chosen = await office.block.to(S.IN_PROGRESS, "KRO-05", **who("sms" if his["notify"] == "email" else his["notify"]))
    await WaysService(office.store, office.clock).change(
        chosen.number, his["notify"], "a@b.test", office.block.who("petrova")
    )
    async with office.store.begin() as tx:
        from callengine.store.tables import tickets

        await tx.conn.execute(
            tickets.update().where(tickets.c.id == chosen.id).values(applicant_email="", applicant_number=his["number"])
        )
    for ticket in (plain, chosen):
        await office.block.move(ticket, "petrova", "cancel", "передумали")
    by = {
        ticket.number: [
            one.channel for one in await office.all() if one.ticket_number == ticket.number and one.kind == "cancelled"
        ]
        for ticket in (plain, chosen)
    }
    assert by[chosen.number] == by[plain.number]


async def test_danger_reaches_him_who_wants_no_word_and_an_opt_out_stands_above_every_way(
    office: Office, smsc: Smsc
) -> None:
    await office.block.open("HVS-01", **who("none"))
    assert await told(office, "registered") == [("sms", "queued")]
    await office.opt_out(RESIDENT)
    await office.block.to(S.AWAITING_CLIENT, "KRO-05", **who("sms"))
    assert await told(office, "done") == [("sms", "suppressed")]


async def test_who_wants_calls_is_not_called_of_what_he_has_just_heard(office: Office) -> None:
    from tests.tickets.test_service import a_call

    call = await a_call(office.store, RESIDENT)
    await office.block.open("KRO-05", call_id=call, **who("call"))
    assert await told(office, "registered") == []
    await office.block.open("KRO-05", **who("call"))  # by letter, say
    assert await told(office, "registered") == [("call", "queued")]


async def test_the_way_of_the_card_is_that_of_his_new_tickets_and_the_form_stands_above_it(office: Office) -> None:
    async with office.store.begin() as tx:
        await tx.conn.execute(
            insert(people).values(
                id=9, code="p9", name="Мельникова Анна", search="мельникова", notify="email", email="a@b.test"
            )
        )
    by_card = await office.block.open("KRO-05", **who("", person_id=9))
    by_form = await office.block.open("KRO-05", **who("call", person_id=9))
    anonymous = await office.block.open("KRO-05", anonymous=True, **who("sms", person_id=9))
    assert (by_card.applicant.notify, by_card.applicant.email) == ("email", "a@b.test")
    assert by_form.applicant.notify == "call"
    assert (anonymous.applicant.notify, anonymous.applicant.email) == ("", "")
    for wrong, pointer in (
        (who("pigeon"), "/applicant/notify"),
        (who("email"), "/applicant/email"),
        (who(email="at"), "/applicant/email"),
    ):
        with pytest.raises(Refused) as refused:
            await office.block.open("KRO-05", **wrong)
        assert refused.value.extra["pointer"] == pointer


async def test_a_form_sent_twice_is_one_ticket_and_another_way_makes_it_another_form(office: Office) -> None:
    from callengine.errors import Conflict

    first = await office.block.open("KRO-05", key="form-0001", **who("sms"))
    assert (await office.block.open("KRO-05", key="form-0001", **who("sms"))).number == first.number
    with pytest.raises(Conflict):
        await office.block.open("KRO-05", key="form-0001", **who("none"))


async def test_a_way_changed_by_the_desk_is_a_line_of_the_history_without_his_address_and_once(office: Office) -> None:
    ticket = await office.block.open("KRO-05", **who())
    ways, petrova = WaysService(office.store, office.clock), office.block.who("petrova")
    after = await ways.change(ticket.number, "email", " anna@mail.test ", petrova)
    await ways.change(ticket.number, "email", "anna@mail.test", petrova)
    kept = await office.block.tickets.get(ticket.number)
    [line] = [e for e in kept.history if e.what == "way_changed"]
    assert (line.author, line.data) == ("Петрова Наталья", {"before": "", "after": "email", "address": True})
    assert "anna" not in str(line) and (after.applicant, kept.version) == (kept.applicant, ticket.version)
    assert (kept.applicant.notify, kept.applicant.email) == ("email", "anna@mail.test")
    with pytest.raises(NotFound):
        await ways.change("26-999999", "none", "", petrova)


async def test_what_waits_for_the_morning_goes_by_the_way_that_he_changed_to_or_not_at_all(
    office: Office, smsc: Smsc, mail: MailServer
) -> None:
    to_mail, to_none = [await office.block.to(S.IN_PROGRESS, "KRO-05", **who("sms")) for _ in range(2)]
    worker = await office.worker()
    await worker.work_off()
    hour = office.clock.now().astimezone(office.service.zone).hour
    office.clock.advance(seconds=((23 - hour) % 24) * 3600)
    for ticket in (to_mail, to_none):
        await office.block.move(ticket, "petrova", "cancel", "передумали")
    sent = len(smsc.submits)
    assert await told(office, "cancelled") == [("sms", "queued")] * 2
    ways, petrova = WaysService(office.store, office.clock), office.block.who("petrova")
    await ways.change(to_mail.number, "email", "anna@mail.test", petrova)
    await ways.change(to_none.number, "none", "", petrova)
    await office.pass_time(worker, hours=12)
    assert await told(office, "cancelled") == [("sms", "suppressed"), ("sms", "suppressed"), ("email", "sent")]
    assert len(smsc.submits) == sent and "передумали" in text_of_last(mail)
    [why, _] = [
        one.problem for one in await office.all() if one.state.value == "suppressed" and one.kind == "cancelled"
    ]
    assert "another way" in read(why)


async def test_a_resident_changes_it_himself_keeps_his_address_and_may_not_do_it_all_day(office: Office) -> None:
    ticket = await office.block.open("KRO-05", **who("sms", email="anna@mail.test"))
    links = LinksService(office.store, office.clock, config.Files(), mark_by(office.block.moves))
    token = (await links.create(ticket.number, ENGINE)).token
    seen = await links.way(token, "email", None, "10.0.0.1")
    assert (seen.ticket.applicant.notify, seen.ticket.applicant.email) == ("email", "anna@mail.test")
    with pytest.raises(Refused):
        await links.way(token, "email", "", "10.0.0.1")
    with pytest.raises(NotFound):
        await links.way("none-such", "none", None, "10.0.0.1")
    for n in range(WORDS - 1):
        await links.way(token, "sms" if n % 2 else "none", None, "10.0.0.1")
    with pytest.raises(TooMany):
        await links.way(token, "call", None, "10.0.0.1")
    kept = await office.block.tickets.get(ticket.number)
    assert {e.role for e in kept.history if e.what == "way_changed"} == {"resident"}


# --- an interim answer goes by his way (R80) ------------------------------------------------------------------


async def answered(office: Office, **his: Any) -> Ticket:
    ticket = await office.block.to(S.IN_PROGRESS, "KRO-05", **his)
    until = office.clock.now() + timedelta(days=5)
    return await office.block.move(ticket, "zhukov", "interim", "насос заказан", until=until)


async def lines(office: Office, ticket: Ticket, what: str) -> list[dict[str, Any]]:
    kept = await office.block.tickets.get(ticket.number)
    return [event.data for event in kept.history if event.what == what]


async def test_an_interim_answer_goes_by_his_way_with_its_date_whatever_the_service_tells_and_its_arrival_is_written(
    office: Office, mail: MailServer
) -> None:
    office.settings.notices.tell_resident.clear()
    ticket = await answered(office, **who("email", email="anna@mail.test"))
    worker = await office.worker()
    await worker.work_off()
    assert await told(office, "interim") == [("email", "sent")]
    assert ticket.interim_until is not None
    day = ticket.interim_until.astimezone(office.service.zone).strftime("%d.%m.%Y")
    assert "насос заказан" in text_of_last(mail) and day in text_of_last(mail)
    assert [data["channel"] for data in await lines(office, ticket, "interim_sent")] == ["email"]


async def test_an_interim_answer_that_nobody_can_tell_says_so_on_the_ticket(
    sqlite_store: Store, clock: ManualClock
) -> None:
    office = await open_office(sqlite_store, clock, robot=False)
    ticket = await answered(office, **who("sms"))
    assert await told(office, "interim") == [("sms", "suppressed")]
    assert len(await lines(office, ticket, "interim_not_sent")) == 1
    assert await lines(office, ticket, "interim_sent") == []


async def test_an_executor_who_has_not_acknowledged_is_rung_on_though_the_centre_answers_the_resident(
    office: Office, pushes: HttpServer
) -> None:
    ticket = await office.block.to(S.EXECUTOR_ASSIGNED, "KRO-05", **who("sms"))
    until = office.clock.now() + timedelta(days=5)
    await office.block.move(ticket, "petrova", "interim", "насос заказан", until=until)
    assert {one.state.value for one in await office.all() if one.key.startswith("job:") and one.channel != "push"} == {
        "queued"
    }
