"""What a campaign writes to residents beside or instead of calling: SMS and pushes, promised through the outbox."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from callengine.clock import parse_rfc3339
from callengine.notices.model import Channel, Kind, Recipient, Wanted
from callengine.outreach.model import Campaign

CALL = "call"
CHANNELS = (CALL, Channel.SMS.value, Channel.PUSH.value)
MOST_TEXT = 200
LAST_YEAR = 9998  # of the calendar: a moment has a place in every zone


class Promises(Protocol):
    """The outbox (notices/outbox.py): it keeps silence for who asked for it, and by night for all but danger."""

    channels: frozenset[Channel]

    async def tell(self, tx: Any, wanted: Wanted) -> int | None: ...

    async def take_back(self, tx: Any, prefix: str, why: str) -> int: ...


@dataclass(frozen=True, slots=True)
class News:
    """What is told: `text` in a few words, where, until when; `danger`: at night too, and to who asked for silence."""

    text: str
    address: str
    until: datetime
    registered: datetime
    zone: ZoneInfo
    danger: bool = False

    def fields(self) -> dict[str, str]:
        """For the template of outages (notices/texts.py)."""
        moments = {"until": self.until, "registered": self.registered}
        shown = {name: at.astimezone(self.zone).strftime("%d.%m.%Y %H:%M") for name, at in moments.items()}
        return {"problem": self.text, "address": self.address, **shown}

    @property
    def key(self) -> str:
        """The same news of the same day is the same, whichever campaign tells it: nobody has it twice.

        What turns out to be of danger is other news: it does not wait for the morning with what was no danger.
        """
        day = self.registered.astimezone(self.zone).date().isoformat()
        said = "|".join((self.text, self.address, self.until.isoformat(), day, "danger" * self.danger))
        return hashlib.sha256(said.encode()).hexdigest()[:16]


def mistakes(
    channels: tuple[str, ...], text: str, job: Mapping[str, Any], known: frozenset[Channel], now: datetime
) -> list[tuple[str, str]]:
    """Pointers and what is wrong there, of a campaign of outages."""
    wrong: list[tuple[str, str]] = []
    if not channels or len(set(channels)) != len(channels) or set(channels) - set(CHANNELS):
        return [("/channels", f"each once of {', '.join(CHANNELS)}")]
    written = [one for one in channels if one != CALL]
    for one in written:
        if Channel(one) not in known:
            wrong.append(("/channels", f"{one} is not configured here: [notices] in config.toml"))
    if written and not 0 < len(text.strip()) <= MOST_TEXT:
        wrong.append(("/text", f"say in at most {MOST_TEXT} characters what is cut off"))
    if written and not str(job.get("address", "")).strip():
        wrong.append(("/job/address", "the message names the address"))
    until = _moment(job.get("ends"))
    if written and until is None:
        wrong.append(("/job/ends", "the message says until when: a moment such as 2026-11-22T18:00:00+03:00"))
    elif written and until is not None and not (now < until and until.year <= LAST_YEAR):
        wrong.append(("/job/ends", f"the message would say until {until.isoformat()}: name a moment to come"))
    return wrong


def news_of(text: str, job: Mapping[str, Any], now: datetime, zone: ZoneInfo, *, danger: bool = False) -> News:
    """What `mistakes` found nothing wrong with."""
    until = _moment(job["ends"])
    assert until is not None
    return News(" ".join(text.split()), str(job["address"]).strip(), until, now, zone, danger)


def prefix_of(news_key: str) -> str:
    """How the keys of all notices of these news begin."""
    return f"outage:{news_key}:"


def wanted(news: News, channel: Channel, campaign: Campaign, number: str, name: str, ticket: str = "") -> Wanted:
    return Wanted(
        key=f"{prefix_of(news.key)}{channel.value}:{number}",
        kind=Kind.OUTAGE,
        channel=channel,
        to=Recipient(number=number, name=name, language=campaign.language),
        fields=news.fields(),
        ticket_number=ticket,
        danger=campaign.danger,
        not_before=campaign.begins_at,
    )


def _moment(text: Any) -> datetime | None:
    try:
        return parse_rfc3339(str(text)) if text else None
    except ValueError:
        return None
