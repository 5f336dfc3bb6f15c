"""An outage is written to the residents beside the call or instead of it: nobody twice, silence kept but for danger."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select

from callengine import config
from callengine.clock import ManualClock
from callengine.errors import Conflict, Refused
from callengine.notices.model import Channel
from callengine.notices.outbox import Outbox
from callengine.notices.reasons import read
from callengine.outreach.campaigns import CampaignsService, NewCampaign
from callengine.outreach.model import CallKind, CampaignState
from callengine.store.database import Store
from callengine.store.tables import notices, people, person_numbers, push_subscriptions, residences
from tests.outreach.world import RESIDENT, World, build, number

JOB = {"what": "отключение холодной воды", "address": "Мира, 44", "ends": "2026-11-20T18:00:00+03:00"}


@pytest.fixture
async def world(store: Store, clock: ManualClock) -> World:
    """Friday, 11:00 in Moscow, with an SMS gateway and browsers."""
    made = await build(store, clock)
    channels = frozenset({Channel.SMS, Channel.PUSH})
    outbox = Outbox(store, clock, config.Notices(), ZoneInfo("Europe/Moscow"), channels)
    made.campaigns = CampaignsService(store, clock, config.Outreach(), config.Locale(), outbox)
    return made


def outage(*numbers: str, **more: Any) -> NewCampaign:
    given = {"job": JOB, "channels": ("sms",), "text": "Отключение холодной воды"} | more
    return NewCampaign(CallKind.OUTAGE, "Вода", numbers=numbers, **given)


async def written(world: World) -> list[Any]:
    async with world.store.read() as conn:
        return list((await conn.execute(select(notices).order_by(notices.c.id))).all())


async def test_who_lives_in_the_houses_has_an_sms_instead_of_a_call(world: World) -> None:
    async with world.store.begin() as tx:
        await tx.conn.execute(insert(people).values(id=1, code="P1", name="Юсупова", search=""))
        await tx.conn.execute(insert(person_numbers).values(person_id=1, number=number(1)))
        row = {"person_id": 1, "house_id": 1, "premise": "5", "relation": "owner"}
        await tx.conn.execute(insert(residences).values(row))
    made = await world.campaigns.create(outage(house_ids=(1,)), "Орлова", 2)
    assert (made.calls, made.texts, await world.made()) == (0, 1, [])
    (notice,) = await written(world)
    assert notice.text == "Мира, 44: Отключение холодной воды. Ориентировочно до 20.11.2026 18:00."
    assert (notice.number, notice.name, notice.kind, notice.channel, notice.state) == (
        number(1), "Юсупова", "outage", "sms", "queued",
    )  # fmt: skip
    await world.dial(after=1)
    assert (await world.campaigns.get(made.campaign.id)).state is CampaignState.FINISHED, "nobody is left to call"


async def test_beside_the_call_and_never_twice_whichever_campaign_tells_it(world: World) -> None:
    both = {"channels": ("call", "sms")}
    made = await world.campaigns.create(outage(number(1), number(2), **both), "Орлова", 2)
    assert (made.calls, made.texts) == (2, 2)
    again = await world.campaigns.create(outage(number(2), number(3), **both), "Орлова", 2)
    assert (again.calls, again.texts) == (2, 1), "he has this very news already"
    other = await world.campaigns.create(outage(number(1), text="Вода по графику"), "Орлова", 2)
    assert other.texts == 1
    assert len(await written(world)) == 4


async def test_who_wants_no_calls_may_be_written_to_and_who_wants_no_messages_is_not(world: World) -> None:
    await world.opt_outs.add(number(1), "call", "Петрова")
    await world.opt_outs.add(number(2), "sms", "Петрова")
    await world.opt_outs.add(number(3), "", "Петрова")
    wish = outage(number(1), number(2), number(3), channels=("call", "sms"))
    foreseen = await world.campaigns.preview(wish)
    assert (foreseen.calls, foreseen.texted) == (1, 3)
    made = await world.campaigns.create(wish, "Орлова", 2)
    assert made.calls == 1
    states = {one.number: one.state for one in await written(world)}
    assert states == {number(1): "queued", number(2): "suppressed", number(3): "suppressed"}


async def test_by_night_only_danger_is_told_and_to_everybody(world: World) -> None:
    world.clock.advance(seconds=13 * 3600)  # midnight in Moscow
    await world.opt_outs.add(number(2), "", "Петрова")
    job = JOB | {"ends": "2026-11-21T18:00:00+03:00"}
    await world.campaigns.create(outage(number(1), channels=("call", "sms"), job=job), "Орлова", 2)
    (late,) = await written(world)
    assert late.next_at > world.clock.now() and await world.dial() == []
    gas = outage(number(1), number(2), channels=("call", "sms"), text="Утечка газа", danger=True, job=job)
    made = await world.campaigns.create(gas, "Орлова", 2)
    assert (made.calls, made.texts, made.campaign.danger) == (2, 2, True)
    assert [one.next_at <= world.clock.now() and one.state == "queued" for one in await written(world)][1:] == [
        True
    ] * 2
    assert {called for _, called in await world.dial()} == {number(1), number(2)}


async def test_a_push_goes_to_the_browser_of_the_residents_newest_ticket(world: World) -> None:
    ticket = await world.done_job()
    async with world.store.begin() as tx:
        browser = {
            "endpoint": "https://push.test/1", "p256dh": "x", "auth": "y", "language": "ru", "ticket_id": ticket.id,
            "created_at": world.clock.now(),
        }  # fmt: skip
        await tx.conn.execute(insert(push_subscriptions).values(browser))
    made = await world.campaigns.create(outage(RESIDENT, number(1), channels=("push",)), "Орлова", 2)
    (notice,) = await written(world)
    assert (made.texts, notice.channel, notice.number, notice.ticket_number) == (1, "push", RESIDENT, ticket.number)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"channels": ("pigeon",)}, "/channels"),
        ({"channels": ()}, "/channels"),
        ({"channels": ("sms", "sms")}, "/channels"),
        ({"text": " "}, "/text"),
        ({"text": "я" * 201}, "/text"),
        ({"job": {"what": "воды", "address": "Мира, 44"}}, "/job/ends"),
        ({"job": {"what": "воды", "ends": JOB["ends"]}}, "/job/address"),
        ({"job": JOB | {"ends": "2026-11-20T10:00:00+03:00"}}, "/job/ends"),  # it is over already
        ({"job": JOB | {"ends": "9999-12-31T23:59:59Z"}}, "/job/ends"),
        ({"begins_at": datetime(9999, 12, 31, 23, tzinfo=UTC)}, "/begins_at"),
        ({"kind": CallKind.METER, "job": {}}, "/channels"),
        ({"kind": CallKind.METER, "job": {}, "channels": ("call",), "text": "", "danger": True}, "/danger"),
    ],
)
async def test_a_mistake_is_told_at_its_place(world: World, changes: dict[str, Any], pointer: str) -> None:
    given = {"kind": CallKind.OUTAGE, "name": "Вода", "numbers": (number(1),), "job": JOB, "channels": ("sms",)}
    with pytest.raises(Refused) as refused:
        await world.campaigns.create(NewCampaign(**(given | {"text": "Вода"} | changes)), "Орлова", 2)
    assert f"#{pointer}" in [one["pointer"] for one in refused.value.extra["errors"]]


async def test_a_channel_that_is_not_configured_is_refused(sqlite_store: Store, clock: ManualClock) -> None:
    world = await build(sqlite_store, clock)
    with pytest.raises(Refused, match="sms is not configured here"):
        await world.campaigns.create(outage(number(1)), "Орлова", 2)


async def test_what_turns_out_to_be_of_danger_does_not_wait_with_what_was_none(world: World) -> None:
    world.clock.advance(seconds=13 * 3600)  # midnight in Moscow
    job = JOB | {"ends": "2026-11-21T18:00:00+03:00"}
    await world.campaigns.create(outage(number(1), job=job), "Орлова", 2)
    made = await world.campaigns.create(outage(number(1), job=job, danger=True), "Орлова", 2)
    assert made.texts == 1
    asleep, awake = await written(world)
    assert asleep.next_at > world.clock.now() >= awake.next_at


async def test_a_stopped_campaign_sends_nothing_that_waits_and_may_be_made_anew(world: World) -> None:
    later = world.clock.now() + timedelta(hours=2)
    made = await world.campaigns.create(outage(number(1), number(2), begins_at=later), "Орлова", 2)
    await world.campaigns.stop(made.campaign.id, "Орлова")
    stopped = await written(world)
    assert [(one.state, read(one.problem)) for one in stopped] == [("suppressed", "the campaign was stopped")] * 2
    assert (await world.campaigns.create(outage(number(1), begins_at=later), "Орлова", 2)).texts == 1


async def test_what_another_campaign_tells_too_is_sent_though_the_first_is_stopped(world: World) -> None:
    later = world.clock.now() + timedelta(hours=2)
    first = await world.campaigns.create(outage(number(1), begins_at=later), "Орлова", 2)
    other = await world.campaigns.create(outage(number(1), number(2), begins_at=later), "Орлова", 2)
    await world.campaigns.stop(first.campaign.id, "Орлова")
    assert [one.state for one in await written(world)] == ["queued", "queued"]
    await world.campaigns.stop(other.campaign.id, "Орлова")
    assert [one.state for one in await written(world)] == ["suppressed", "suppressed"]


async def test_a_campaign_that_is_stopped_while_it_is_being_written_writes_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callengine.outreach.campaigns.WRITTEN_AT_ONCE", 1)
    tell, told = Outbox.tell, []

    async def tell_and_stop(outbox: Outbox, tx: Any, wanted: Any) -> int | None:
        told.append(wanted.to.number)
        if len(told) == 1:
            stopping.append(asyncio.ensure_future(world.campaigns.stop(1, "Петрова")))
        return await tell(outbox, tx, wanted)

    stopping: list[asyncio.Future[Any]] = []
    monkeypatch.setattr(Outbox, "tell", tell_and_stop)
    later = world.clock.now() + timedelta(hours=2)
    with pytest.raises(Conflict, match="stopped"):
        await world.campaigns.create(outage(*map(number, range(1, 6)), begins_at=later), "Орлова", 2)
    await stopping[0]
    assert len(told) < 5 and {one.state for one in await written(world)} == {"suppressed"}
