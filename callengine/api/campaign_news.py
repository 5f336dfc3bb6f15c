"""How the robot's campaigns stand, told live: after the durable save, at once, then at most one a second of each.

A message is made of what the database says when it goes out, so that many changes become one and the last word is the
newest. Who may hear it are those who may read campaigns at all: access/model.py CAMPAIGNS.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from callengine.access.model import CAMPAIGNS
from callengine.api import schemas
from callengine.api.services import Services
from callengine.outreach.campaigns import Progress
from callengine.outreach.events import (
    CampaignChanged,
    OutreachAsked,
    OutreachSettled,
    OutreachSwitched,
    RobotCalled,
)

EVERY_SECONDS = 1.0
MOST_REMEMBERED = 1_000  # campaigns whose last message is remembered, before those of long ago are forgotten
FACTS = (CampaignChanged, OutreachAsked, RobotCalled, OutreachSettled, OutreachSwitched)
Fact = CampaignChanged | OutreachAsked | RobotCalled | OutreachSettled | OutreachSwitched
Put = Callable[[tuple[str, object], Callable[[], Awaitable[None]]], None]


class CampaignNews:
    """`put` is the ordered writer of live messages (push.py): the same key again, while it waits, is one message."""

    def __init__(self, services: Services, put: Put) -> None:
        self._its, self._put = services, put
        self._told: dict[int, float] = {}  # on the loop's clock
        self._later: dict[int, asyncio.TimerHandle] = {}

    def on_fact(self, fact: Fact) -> None:
        """After the commit; nothing is awaited."""
        match fact:
            case OutreachSwitched():
                told = schemas.RobotMessage(state="halted" if fact.halted else "resumed")
                self._put(("robot", None), lambda: self._switched(told))
            case CampaignChanged():
                self._changed(fact.campaign.id)
            case OutreachAsked() | OutreachSettled():
                self._changed(fact.call.campaign_id)
            case RobotCalled():
                self._changed(fact.attempt.campaign_id)

    def _changed(self, campaign_id: int) -> None:
        if campaign_id in self._later:
            return  # it is told of when its second is over, and with this in it
        loop = asyncio.get_running_loop()
        wait = self._told.get(campaign_id, 0.0) + EVERY_SECONDS - loop.time() if campaign_id in self._told else 0.0
        if wait > 0:
            self._later[campaign_id] = loop.call_later(wait, self._again, campaign_id)
        else:
            self._put(("campaign", campaign_id), lambda: self._tell(campaign_id))

    def _again(self, campaign_id: int) -> None:
        self._later.pop(campaign_id, None)
        self._changed(campaign_id)

    async def _switched(self, told: schemas.RobotMessage) -> None:
        self._its.live.publish("robot", told, roles=CAMPAIGNS)

    async def _tell(self, campaign_id: int) -> None:
        self._remember(campaign_id)  # before it reads: what changes while it does waits for the next one
        campaign = await self._its.campaigns.get(campaign_id)
        progress = (await self._its.campaigns.progress([campaign_id]))[campaign_id]
        told = schemas.CampaignMessage(
            campaign_id=campaign_id,
            state=campaign.state.value,
            changed_at=campaign.changed_at,
            changed_by=campaign.changed_by,
            ended_at=campaign.ended_at,
            progress=progress_of(progress),
        )
        self._its.live.publish("campaign", told, roles=CAMPAIGNS)
        self._remember(campaign_id)

    def _remember(self, campaign_id: int) -> None:
        now = asyncio.get_running_loop().time()
        self._told[campaign_id] = now
        if len(self._told) > MOST_REMEMBERED:
            self._told = {one: at for one, at in self._told.items() if now - at < EVERY_SECONDS}

    def close(self) -> None:
        """No timer outlives the engine; clients read anew when they come back."""
        for handle in self._later.values():
            handle.cancel()
        self._later.clear()


def progress_of(it: Progress) -> schemas.CampaignProgress:
    """As the pages and the live messages show it."""
    return schemas.CampaignProgress(
        total=it.total,
        settled=it.settled,
        reached=it.reached,
        marked=it.marked,
        mark_total=it.mark_total,
        states=dict(it.states),
        results=dict(it.results),
        marks={str(mark): count for mark, count in it.marks.items()},
    )
