"""Outbox: notices come in by their keys, each once; rungs of a ladder follow one another; what became of each is kept.

All of it is rows: nothing is told that is not durable, and an engine that dies leaves what it sent to be settled.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from callengine import config
from callengine.clock import Clock
from callengine.directory.search import storable
from callengine.notices import rules
from callengine.notices.model import (
    REACHED,
    WAITING,
    Calls,
    Channel,
    Kind,
    Later,
    Notice,
    NoticeAcknowledged,
    NoticeEvent,
    NoticeSettled,
    Rejected,
    Result,
    Sent,
    State,
    Unknown,
    Until,
    Wanted,
)
from callengine.notices.reasons import reason
from callengine.notices.templates import FieldMissing, Text, fill
from callengine.notices.texts import SHAPES
from callengine.store import notices as rows
from callengine.store.database import Store, Tx
from callengine.store.notices import CALLED_OFF

log = logging.getLogger(__name__)

MOST_RECEIPT = 500
MOST_UNKNOWN = 5  # so often a repeatable notice goes into the unknown before a person has to look
MOST_EARLY = 1000
ANSWERS = (Kind.REGISTERED, Kind.JOINED)  # his number and term, in answer to his own talk


class Outbox:
    """The only writer of the outbox. `channels` are those that are configured; `calls` is the voice robot's."""

    def __init__(
        self, store: Store, clock: Clock, settings: config.Notices, zone: ZoneInfo, channels: frozenset[Channel]
    ) -> None:
        self._store, self._clock, self._settings, self._zone = store, clock, settings, zone
        self.channels = channels
        self.calls: Calls | None = None
        self._early: OrderedDict[str, tuple[bool, str]] = OrderedDict()

    # --- in ---------------------------------------------------------------------------------------------------

    async def tell(self, tx: Tx, wanted: Wanted) -> int | None:
        """Promise to tell it, in this transaction. Gives the row's id; None when its key was told before.

        Never raises for what the notice is: what cannot be told is a row too, and says why.
        """
        written, problem = await self._text(tx, wanted)
        problem = problem or await self._silenced(tx, wanted)
        state = State.QUEUED
        if problem:
            state = State.FAILED if not written.text else State.SUPPRESSED
        now = self._clock.now()
        loud = wanted.danger or wanted.answer
        next_at = self._allowed(max(now, wanted.not_before or now), wanted.channel, danger=loud)
        values = {
            "key": wanted.key,
            "kind": wanted.kind.value,
            "channel": wanted.channel.value,
            "state": state.value,
            "rank": 0 if wanted.danger else 1,
            "ladder": wanted.ladder,
            "rung": wanted.rung,
            "until": wanted.until.value,
            "staff_id": wanted.to.staff_id,
            "role": wanted.to.role,
            "number": wanted.to.number,
            "email": wanted.to.email,
            "name": storable(wanted.to.name),
            "language": wanted.to.language,
            "ticket_number": wanted.ticket_number,
            "subject": storable(written.subject),
            "text": storable(written.text),
            "created_at": now,
            "next_at": next_at,
            "expires_at": next_at + rules.life(wanted.kind),
            "problem": problem,
            "settled_at": None if state is State.QUEUED else now,
        }
        notice_id = await rows.add(tx, values)
        if notice_id is None:
            return None
        await rows.add_events(tx, [(notice_id, NoticeEvent(now, state.value, problem))])
        if state is State.QUEUED:
            await rows.wake(tx, wanted.channel, next_at)
        elif (one := await rows.get(tx.conn, notice_id)) is not None:
            await tx.tell(NoticeSettled(one))
        return notice_id

    async def climb(self, tx: Tx, rungs: Sequence[Wanted]) -> None:
        """Promise a ladder: each rung at its moment, sooner when those before it cannot be told."""
        known = [await self.tell(tx, rung) for rung in rungs]
        if any(known):
            await self._follow(tx, rungs[0].ladder)

    async def _text(self, tx: Tx, wanted: Wanted) -> tuple[Text, str]:
        """The text filled in; empty, with what is wrong, when the template has a field that has no value."""
        try:
            return fill(
                await self.template(tx.conn, wanted.kind, wanted.channel, wanted.to.language), wanted.fields
            ), ""
        except FieldMissing as error:
            log.error(
                "notice without its field",
                extra={"action": "notice_field_missing", "kind": wanted.kind.value, "problem": error.detail},
            )
            return Text("", ""), reason("field_empty", field=error.extra["field"])

    async def template(self, conn: rows.Conn, kind: Kind, channel: Channel, language: str) -> Text:
        """The administrator's own text, else the shipped one."""
        own = {(one.channel, one.language): one.text for one in await rows.templates(conn, kind)}
        return own.get((channel, language)) or SHAPES[kind].shipped(language)

    async def _silenced(self, tx: Tx, wanted: Wanted) -> str:
        """Why it is not to be told this way; "" when it is."""
        channel, to = wanted.channel, wanted.to
        if channel not in self.channels:
            return reason("no_channel", channel=channel.value)
        if channel in (Channel.SMS, Channel.CALL) and not to.number.startswith("+"):
            return reason("no_number")
        if channel is Channel.EMAIL and "@" not in to.email:
            return reason("no_email")
        if not wanted.danger and await rows.opted_out(tx.conn, to.number, (channel.value, wanted.kind.value)):
            return reason("asked")
        return ""

    async def awake(self, tx: Tx, number: str, at: datetime | None = None) -> bool:
        """Whether somebody at the number talked with us just before `at` (now): what he waits for wakes nobody."""
        at = at or self._clock.now()
        since = at - timedelta(seconds=self._settings.awake_seconds)
        return self._settings.awake_seconds > 0 and await rows.talked(tx.conn, number, since, at)

    async def _allowed_for(self, tx: Tx, one: Notice, at: datetime) -> datetime:
        """The first moment from `at` on when it may be told; who is answered is awake a while after it was promised."""
        allowed = self._allowed(at, one.channel, danger=one.danger)
        patience = timedelta(seconds=self._settings.awake_seconds + self._settings.ladder_seconds[-1])
        if allowed == at or one.kind not in ANSWERS or at > one.created_at + patience:
            return allowed
        return at if await self.awake(tx, one.to.number, one.created_at) else allowed

    def _allowed(self, at: datetime, channel: Channel, *, danger: bool) -> datetime:
        quiet = self._settings.quiet_hours
        return rules.allowed_at(at, channel, danger=danger, quiet=quiet, zone=self._zone)

    # --- just before it goes -----------------------------------------------------------------------------------

    async def may_go(self, one: Notice, *, lease_seconds: float) -> bool:
        """Once more, for time has passed: too late, called off, quiet hours, an opt-out. What may not go is settled.

        True only while our claim holds, and then it lasts `lease_seconds` from now: nobody else sends it meanwhile.
        """
        now = self._clock.now()
        if one.expires_at <= now:
            await self.settle(one, Rejected(reason("late", because=one.problem)), repeatable=False)
            return False
        async with self._store.begin() as tx:
            allowed = await self._allowed_for(tx, one, now)
            if _called_off(await rows.of_ladder(tx, one.ladder), one):
                await self._close(tx, one, State.SUPPRESSED, CALLED_OFF)
                return False
            if allowed > now:
                later = {"next_at": allowed, "expires_at": one.expires_at + (allowed - now), "tries": one.tries - 1}
                await rows.settle(tx, one, {"state": State.QUEUED.value, **later})
                await rows.wake(tx, one.channel, allowed)
                return False
            words = (one.channel.value, one.kind.value)
            if one.danger or not await rows.opted_out(tx.conn, one.to.number, words):
                return await rows.renew(tx, one, now + timedelta(seconds=lease_seconds))
            await self._close(tx, one, State.SUPPRESSED, reason("asked"))
            await self._follow(tx, one.ladder)
        return False

    # --- out --------------------------------------------------------------------------------------------------

    async def settle(self, one: Notice, result: Result, *, repeatable: bool) -> None:
        """Keep what a channel answered; who lost his lease meanwhile changes nothing but the parts that went out."""
        await self._store.transact(lambda tx: self._settle(tx, one, result, repeatable=repeatable))
        if isinstance(result, Sent | Later) and result.ids:
            await self._early_receipts(result.ids)

    async def _settle(self, tx: Tx, one: Notice, result: Result, *, repeatable: bool) -> None:
        now = self._clock.now()
        # The whole ladder first, always: two rungs never wait for each other.
        called_off = _called_off(await rows.of_ladder(tx, one.ladder), one)
        match result:
            case Sent(receipt, ids, gone):
                await rows.add_parts(tx, one.id, ids, now)
                await self._forget(tx, gone)
                await self._sent(tx, one, receipt[:MOST_RECEIPT])
            case Later(problem, after, _, ids, gone):
                await rows.add_parts(tx, one.id, ids, now)
                await self._forget(tx, gone)
                await self._later(tx, one, problem, after)
            case Rejected(problem, gone):
                await self._forget(tx, gone)
                await self._close(tx, one, State.FAILED, problem)
            case Unknown(problem, ids):
                await rows.add_parts(tx, one.id, ids, now)
                if repeatable and one.tries < MOST_UNKNOWN:
                    await self._later(tx, one, problem, None)
                else:
                    await self._close(tx, one, State.FAILED, reason("unknown", because=problem))
        if called_off and (settled := await rows.locked(tx, one.id)) is not None:
            await self._take_back(tx, settled)
        await self._follow(tx, one.ladder)

    async def _sent(self, tx: Tx, one: Notice, receipt: str) -> None:
        now = self._clock.now()
        values = {"state": State.SENT.value, "sent_at": now, "settled_at": now, "receipt": receipt, "problem": ""}
        held = await rows.settle(tx, one, values)
        await rows.add_events(tx, [(one.id, NoticeEvent(now, State.SENT.value, receipt))])
        if held:
            await tx.tell(
                NoticeSettled(replace(one, state=State.SENT, sent_at=now, settled_at=now, receipt=receipt, problem=""))
            )

    async def _later(self, tx: Tx, one: Notice, problem: str, after_seconds: float | None) -> None:
        now = self._clock.now()
        wait = max(rules.backoff(one.tries, danger=one.danger), timedelta(seconds=after_seconds or 0))
        next_at = await self._allowed_for(tx, one, now + wait)
        expires_at = one.expires_at + (next_at - (now + wait))  # the hours when it may not be told are not its life
        if next_at >= expires_at:
            await self._close(tx, one, State.FAILED, reason("given_up", because=problem, count=one.tries))
            return
        values = {"state": State.QUEUED.value, "next_at": next_at, "expires_at": expires_at, "problem": problem}
        if await rows.settle(tx, one, values):
            if problem != one.problem:  # a gateway that is down for a day is one line, not a hundred
                await rows.add_events(tx, [(one.id, NoticeEvent(now, "tried", problem))])
            await rows.wake(tx, one.channel, next_at)

    async def _close(self, tx: Tx, one: Notice, state: State, problem: str) -> None:
        now = self._clock.now()
        values = {"state": state.value, "settled_at": now, "problem": problem}
        if await rows.settle(tx, one, values):
            await rows.add_events(tx, [(one.id, NoticeEvent(now, state.value, problem))])
            await tx.tell(NoticeSettled(replace(one, state=state, settled_at=now, problem=problem)))

    @staticmethod
    async def _forget(tx: Tx, gone: tuple[int, ...]) -> None:
        if gone:
            await rows.unsubscribe(tx, gone)
            log.info("browsers are gone", extra={"action": "push_gone", "subscriptions": len(gone)})

    # --- the ladder -------------------------------------------------------------------------------------------

    async def _follow(self, tx: Tx, ladder: str) -> None:
        """After a change of a rung: end the ladder when it is over, or let the next rung come at once."""
        if not ladder:
            return
        rungs = await rows.of_ladder(tx, ladder)
        over = next((one for one in rungs if _ends(one)), None)
        if over is not None:
            why = reason("acknowledged")
            if over.state is not State.ACKNOWLEDGED:
                why = reason("told_by", channel=over.channel.value)
            for one in rungs:
                if one is not over:
                    await self._suppress(tx, one, why)
            return
        place: datetime | None = None  # of the rung that could not be told: the next one takes it
        for one in rungs:
            if one.state is State.QUEUED:
                if place is not None:
                    await self._hasten(tx, one, place)
                return
            failed = one.state in (State.FAILED, State.SUPPRESSED)
            place = (place or one.next_at) if failed else None

    async def _hasten(self, tx: Tx, one: Notice, place: datetime) -> None:
        at = await self._allowed_for(tx, one, max(place, self._clock.now()))
        if at < one.next_at:
            await rows.change(tx, one.id, (State.QUEUED,), {"next_at": at})
            await rows.wake(tx, one.channel, at)

    async def forgo(self, tx: Tx, one: Notice, why: str) -> None:
        """It is not to be told any more; what has gone, and what is on its way just now, has."""
        await self._suppress(tx, one, why)

    async def take_back(self, tx: Tx, prefix: str, why: str) -> int:
        """What waits of all whose keys begin so is not told; gives how many. Its key is free: it may be told anew.

        Of notices that are no rungs and no calls, thousands at once.
        """
        now = self._clock.now()
        taken = await rows.take_back(tx, prefix, why, now)
        await rows.add_events(tx, [(one, NoticeEvent(now, State.SUPPRESSED.value, why)) for one in taken])
        return len(taken)

    async def _suppress(self, tx: Tx, one: Notice, why: str) -> None:
        """Not told any more: what is queued, and a call that is planned and not yet made."""
        planned = one.channel is Channel.CALL and one.state is State.SENT
        if one.state is not State.QUEUED and not planned:
            return
        now = self._clock.now()
        values = {"state": State.SUPPRESSED.value, "settled_at": now, "problem": why}
        if await rows.change(tx, one.id, (one.state,), values):
            await rows.add_events(tx, [(one.id, NoticeEvent(now, State.SUPPRESSED.value, why))])
            if planned and self.calls is not None:
                await self.calls.withdraw(tx, one.key)

    async def acknowledge(self, tx: Tx, one: Notice, *, who: str, how: str) -> bool:
        """He has it: what was still to come of the ladder is not told any more. False when it was acknowledged."""
        now = self._clock.now()
        rungs = await rows.of_ladder(tx, one.ladder) or [one]
        if any(rung.state is State.ACKNOWLEDGED for rung in rungs):
            return False
        every = tuple(State)
        await rows.change(
            tx, one.id, every, {"state": State.ACKNOWLEDGED.value, "settled_at": now, "lease_until": None}
        )
        await rows.add_events(tx, [(one.id, NoticeEvent(now, State.ACKNOWLEDGED.value, how, who))])
        await self._follow(tx, one.ladder)
        await tx.tell(NoticeAcknowledged(replace(one, state=State.ACKNOWLEDGED, settled_at=now), who, how))
        return True

    async def call_off(self, tx: Tx, ladder: str, why: str) -> None:
        """The matter is another's or over: nothing more of the ladder is told, and nobody need acknowledge it."""
        now = self._clock.now()
        for one in await rows.of_ladder(tx, ladder):
            if one.state is State.ACKNOWLEDGED:
                continue
            await self._take_back(tx, one)
            await rows.add_events(tx, [(one.id, NoticeEvent(now, CALLED_OFF, why))])

    async def _take_back(self, tx: Tx, one: Notice) -> None:
        """One rung of a ladder that is called off; one that is being sent just now is taken back when it settles."""
        await self._suppress(tx, one, CALLED_OFF)
        await rows.change(tx, one.id, tuple(State), {"problem": CALLED_OFF})

    # --- what came back ----------------------------------------------------------------------------------------

    async def receipt(self, names: Sequence[str], *, delivered: bool, detail: str) -> bool:
        """A delivery receipt of one part, by any of the names that the gateway may mean. False for a stranger's."""
        async with self._store.begin() as tx:
            found = await rows.part_of(tx.conn, names)
            if found is None:
                # It overtook the answer that named the message: kept until that is written down.
                self._early[names[0]] = (delivered, detail)
                while len(self._early) > MOST_EARLY:
                    self._early.popitem(last=False)
                return False
            notice_id, part = found
            now = self._clock.now()
            known = await rows.get(tx.conn, notice_id)
            await rows.of_ladder(tx, known.ladder if known else "")
            one = await rows.locked(tx, notice_id)
            assert one is not None
            await rows.set_part(tx, notice_id, part, "delivered" if delivered else "failed", now)
            await rows.add_events(
                tx, [(notice_id, NoticeEvent(now, "receipt", reason("part", part=part + 1, said=detail)))]
            )
            states = set((await rows.parts(tx.conn, notice_id)).values())
            if "failed" in states:
                await self._undelivered(tx, one, detail)
            elif states == {"delivered"} and one.state is State.SENT:
                await rows.change(tx, one.id, (State.SENT,), {"state": State.DELIVERED.value})
        return True

    async def _undelivered(self, tx: Tx, one: Notice, detail: str) -> None:
        now, problem = self._clock.now(), reason("no_phone", said=detail)
        values = {"state": State.FAILED.value, "settled_at": now, "problem": problem}
        if await rows.change(tx, one.id, (State.SENT, State.DELIVERED), values):
            await tx.tell(NoticeSettled(replace(one, state=State.FAILED, settled_at=now, problem=problem)))
            await self._follow(tx, one.ladder)

    async def _early_receipts(self, ids: Mapping[int, str]) -> None:
        for name in ids.values():
            if (kept := self._early.pop(name, None)) is not None:
                await self.receipt([name], delivered=kept[0], detail=kept[1])

    async def call_settled(self, tx: Tx, key: str, *, acknowledged: bool, heard: bool, detail: str, call: str) -> None:
        """What became of a call that the voice robot made for a notice: a key is an acknowledgement, no key is none."""
        found = await rows.by_key(tx.conn, key)
        if found is not None:
            await rows.of_ladder(tx, found.ladder)
        one = await rows.locked(tx, found.id) if found else None
        if one is None or one.channel is not Channel.CALL or one.state not in (State.SENT, *WAITING):
            return
        if acknowledged:
            await self.acknowledge(tx, one, who=one.to.name, how=call)
            return
        now = self._clock.now()
        state = State.DELIVERED if heard else State.FAILED
        values = {"state": state.value, "settled_at": now, "problem": "" if heard else detail, "receipt": call}
        await rows.change(tx, one.id, (State.SENT,), values)
        await rows.add_events(tx, [(one.id, NoticeEvent(now, state.value, detail))])
        await self._follow(tx, one.ladder)

    async def refused(self, tx: Tx, key: str, why: str, *, call: str) -> Notice | None:
        """He heard it and said no: the ladder ends with that reason, and nobody waits for his acknowledgement.

        Gives the notice of the call; None when it is no notice's. Told twice changes nothing more.
        """
        found = await rows.by_key(tx.conn, key)
        if found is None or found.channel is not Channel.CALL:
            return None
        if not any(one.problem == CALLED_OFF for one in await rows.of_ladder(tx, found.ladder)):
            now = self._clock.now()
            values = {"state": State.DELIVERED.value, "settled_at": now, "receipt": call}
            await rows.change(tx, found.id, (State.SENT, *WAITING), values)
            await self.call_off(tx, found.ladder, why)
        return await rows.by_key(tx.conn, key)


def _called_off(rungs: Sequence[Notice], one: Notice) -> bool:
    """Whether it is, by the rows as they stand: what was claimed may have been called off since."""
    return any(rung.id == one.id and rung.problem == CALLED_OFF for rung in rungs)


def _ends(one: Notice) -> bool:
    return one.state is State.ACKNOWLEDGED or (one.until is Until.SENT and one.state in REACHED)
