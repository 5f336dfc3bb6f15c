"""NoticesService: what people do with notices: read the outbox, acknowledge, write templates, subscribe browsers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from callengine import config
from callengine.access.model import LEADERS, Principal
from callengine.clock import Clock
from callengine.directory.search import storable
from callengine.directory.ways import Way
from callengine.errors import Conflict, NotFound, Refused
from callengine.notices import rules, templates
from callengine.notices.channels.call import CallChannel
from callengine.notices.channels.email import Email
from callengine.notices.channels.push import Push, SigningKey, check_endpoint, check_keys
from callengine.notices.channels.smpp import Smpp
from callengine.notices.channels.sms_http import HttpGateway
from callengine.notices.model import Calls, Channel, Duties, Kind, Notice, NoticeEvent, Sender, State, Subscription
from callengine.notices.outbox import Outbox
from callengine.notices.robot import RobotCalls
from callengine.notices.segments import split
from callengine.notices.templates import Text
from callengine.notices.texts import SHAPES
from callengine.notices.tickets import TicketNotices
from callengine.notices.worker import LinkOf, NoticesWorker
from callengine.outreach.model import CallerByPhone
from callengine.store import notices as rows
from callengine.store.database import Store, Tx
from callengine.store.notices import Find, Written

LANGUAGES = ("ru", "en")
MOST_BROWSERS = 10  # of one person, or of one resident's ticket
KEY = "vapid"


@dataclass(frozen=True, slots=True)
class Told:
    """A notice with its own story."""

    notice: Notice
    events: tuple[NoticeEvent, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """The text of a kind, a channel and a language as it stands; `own` when it is not the shipped one."""

    kind: Kind
    channel: Channel
    language: str
    text: Text
    own: bool
    changed_at: datetime | None = None
    changed_by: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """A template with sample values. `problems` are what it would be refused for; `coding` and `parts` are an SMS's."""

    text: Text
    problems: tuple[Mapping[str, str], ...]
    coding: str = ""
    parts: int = 0
    units: int = 0


class NoticesService:
    """Build it beside the other services; app.py hangs up `reactions` and runs `worker(…)`."""

    def __init__(self, store: Store, clock: Clock, settings: config.Settings) -> None:
        self._store, self._clock, self.settings = store, clock, settings.notices
        self._http, locale = settings.http, settings.locale
        self.zone = ZoneInfo(locale.timezone)
        self.outbox = Outbox(store, clock, settings.notices, self.zone, _configured(settings.notices))
        ratings = settings.outreach.ratings
        self.reactions = TicketNotices(
            self.outbox, clock, settings.notices, self.zone, locale.language, ratings=ratings
        )
        self._key: SigningKey | None = None
        self.smpp: Smpp | None = None

    # --- for app.py -------------------------------------------------------------------------------------------

    def attach_robot(self, caller: CallerByPhone) -> None:
        """The voice robot is there (outreach). Before `worker`."""
        self.attach_calls(RobotCalls(self._store, caller, self.zone))

    def attach_calls(self, calls: Calls) -> None:
        """The voice robot is there: the channel of calls is one that may be told by."""
        self.outbox.calls = calls
        self.outbox.channels |= {Channel.CALL}

    def attach_duties(self, duties: Duties) -> None:
        """Who is owed a call by a human stands there (callbacks)."""
        self.reactions.duties = duties

    @property
    def ways(self) -> list[str]:
        """The ways (directory/ways.py) that an applicant can be told by here."""
        return [way.value for way in Way if way and way != Way.NONE and Channel(way) in self.outbox.channels]

    async def worker(self, link: LinkOf) -> NoticesWorker:
        """The worker with all channels that are configured; `link` makes the address of a resident's page."""
        return NoticesWorker(self._store, self._clock, self.outbox, await self.senders(), link)

    async def senders(self) -> dict[Channel, Sender]:
        it = self.settings
        found: list[Sender] = [Push(it, self._clock, await self.signing_key())]
        if it.smtp_host:
            found.append(Email(it, self._clock))
        if it.sms == "http":
            found.append(HttpGateway(it))
        if it.sms == "smpp":
            self.smpp = Smpp(it, self._receipt)
            found.append(self.smpp)
        if self.outbox.calls is not None:
            found.append(CallChannel(self.outbox.calls))
        return {sender.channel: sender for sender in found}

    async def _receipt(self, names: list[str], delivered: bool, detail: str) -> object:
        return await self.outbox.receipt(names, delivered=delivered, detail=detail)

    @property
    def public_url(self) -> str:
        """Where residents open their links, without a slash at its end."""
        first = self._http.public_origins[0] if self._http.public_origins else ""
        return (self.settings.public_url or first or f"http://{self._http.host}:{self._http.port}").rstrip("/")

    # --- the outbox -------------------------------------------------------------------------------------------

    async def find(
        self, wanted: Find, *, limit: int, after: tuple[datetime, int] | None
    ) -> tuple[Sequence[Notice], tuple[datetime, int] | None]:
        """The newest first, and where the next page begins."""
        async with self._store.read() as conn:
            found = await rows.find(conn, wanted, limit=limit + 1, after=after)
        return rows.newest_first(found, limit)

    async def get(self, notice_id: int) -> Told:
        """Raises NotFound."""
        async with self._store.read() as conn:
            one = await rows.get(conn, notice_id)
            if one is None:
                raise NotFound(f"there is no notice {notice_id}")
            return Told(one, tuple(await rows.events(conn, notice_id)))

    async def waiting(self) -> dict[tuple[str, str], int]:
        """How many wait or are being sent, by channel and state, for the figures."""
        async with self._store.read() as conn:
            return await rows.counts(conn)

    async def mine(self, who: Principal) -> list[Notice]:
        """The jobs that this person has not acknowledged yet."""
        if who.staff_id is None:
            return []
        async with self._store.read() as conn:
            return await rows.unacknowledged(conn, who.staff_id)

    async def acknowledge(self, notice_id: int, who: Principal, *, how: str) -> Notice:
        """He has the job; a supervisor may say it for him, who told him. Safe to repeat.

        Raises NotFound for a notice that is another's or needs no acknowledgement, Conflict for one called off.
        """

        async def work(tx: Tx) -> Notice:
            seen = await rows.get(tx.conn, notice_id)
            own = seen is not None and who.staff_id is not None and seen.to.staff_id == who.staff_id
            if seen is None or seen.kind is not Kind.JOB or not (own or who.role in LEADERS):
                raise NotFound(f"there is no notice {notice_id}")
            await rows.of_ladder(tx, seen.ladder)
            one = await rows.locked(tx, notice_id)
            assert one is not None
            if one.problem == rows.CALLED_OFF:
                raise Conflict(f"the ticket {one.ticket_number} is another's by now, or it is over")
            await self.outbox.acknowledge(tx, one, who=who.name, how=how if own else "supervisor")
            after = await rows.get(tx.conn, notice_id)
            assert after is not None
            return after

        # The robot may be settling its call of the same ladder: who is in its way is undone and begins anew.
        return await self._store.transact(work)

    async def again(self, notice_id: int, who: Principal) -> Notice:
        """Queue a failed notice once more, by a person's will.

        Raises NotFound, Conflict for one that did not fail or was called off.
        """
        now = self._clock.now()
        async with self._store.begin() as tx:
            one = await rows.locked(tx, notice_id)
            if one is None:
                raise NotFound(f"there is no notice {notice_id}")
            if one.state is not State.FAILED or not one.text:
                raise Conflict(f"only a notice that failed is sent again: this one is {one.state}")
            if one.problem == rows.CALLED_OFF:
                raise Conflict(f"the ticket {one.ticket_number} is another's by now, or it is over")
            values = {
                "state": State.QUEUED.value,
                "next_at": now,
                "expires_at": now + rules.life(one.kind),
                "settled_at": None,
            }
            await rows.change(tx, notice_id, (State.FAILED,), values)
            await rows.add_events(tx, [(notice_id, NoticeEvent(now, "again", one.problem, who.name))])
            await rows.wake(tx, one.channel, now)
            return replace(one, state=State.QUEUED, next_at=now, settled_at=None)

    # --- templates --------------------------------------------------------------------------------------------

    async def templates(self) -> list[Template]:
        """All of them, the shipped ones where nobody wrote another."""
        async with self._store.read() as conn:
            own = {(one.kind, one.channel, one.language): one for one in await rows.templates(conn)}
        return [
            _template(kind, channel, language, own.get((kind, channel, language)))
            for kind, shape in SHAPES.items()
            for channel in shape.channels
            for language in LANGUAGES
        ]

    async def put_template(
        self, kind: Kind, channel: Channel, language: str, written: Text, who: Principal, *, reader: str
    ) -> Template:
        """Write a template; an empty text brings the shipped one back.

        Raises Refused, in the reader's language, for a field that is not there and for one that must be.
        """
        shape = SHAPES[kind]
        if channel not in shape.channels:
            every = ", ".join(shape.channels)
            words = f"такое не отправляют каналом {channel}: есть {every}"
            words_en = f"this is not told by {channel}: there are {every}"
            raise Refused(words if reader == "ru" else words_en, pointer="/channel")
        if not written.text.strip() and not written.subject.strip():
            async with self._store.begin() as tx:
                await rows.drop_template(tx, kind, channel, language)
            return _template(kind, channel, language, None)
        written = Text(storable(written.subject), storable(written.text))
        if wrong := templates.problems(shape, channel, written, reader):
            raise Refused("; ".join(one["detail"] for one in wrong), errors=wrong)
        one = Written(kind, channel, language, written, self._clock.now(), who.name)
        async with self._store.begin() as tx:
            await rows.put_template(tx, one)
        return _template(kind, channel, language, one)

    async def preview(
        self, kind: Kind, channel: Channel, language: str, written: Text | None, *, reader: str
    ) -> Preview:
        """The text with sample values, and what it would be refused for; without `written`, the one that stands."""
        shape = SHAPES[kind]
        if written is None:
            async with self._store.read() as conn:
                written = await self.outbox.template(conn, kind, channel, language)
        wrong = tuple(templates.problems(shape, channel, written, reader))
        values = templates.samples(shape, language)
        # What is not a field stays as it was written: the writer sees where it is.
        shown = Text(_leniently(written.subject, values), _leniently(written.text, values))
        if channel is not Channel.SMS:
            return Preview(shown, wrong)
        alphabet = self.settings.smpp_alphabet if self.settings.sms == "smpp" else "gsm"
        sms = split(shown.text, plain=alphabet)
        return Preview(shown, wrong, sms.coding, len(sms.parts), sms.units)

    # --- browsers ---------------------------------------------------------------------------------------------

    async def signing_key(self) -> SigningKey:
        """The key of this database; made once, the same for all its engines."""
        if self._key is None:
            async with self._store.read() as conn:
                kept = await rows.key(conn, KEY)
            if kept is None:
                async with self._store.begin() as tx:
                    kept = await rows.add_key(tx, KEY, SigningKey.make(), self._clock.now())
            self._key = SigningKey.read(kept)
        return self._key

    async def subscribe(
        self, endpoint: str, p256dh: str, auth: str, *, language: str, staff_id: int | None, ticket_id: int | None
    ) -> int:
        """A browser takes pushes; the same endpoint again is the same browser. Gives its id.

        Raises Refused for an address that is no push service's, for keys that no browser made, and for too many.
        """
        check_endpoint(endpoint, self.settings.push_hosts)
        check_keys(p256dh, auth)
        one = Subscription(
            id=0,
            endpoint=endpoint,
            p256dh=p256dh,
            auth=auth,
            language=language,
            staff_id=staff_id,
            ticket_id=ticket_id,
        )
        async with self._store.begin() as tx:
            if await rows.how_many_of(tx.conn, staff_id=staff_id, ticket_id=ticket_id) >= MOST_BROWSERS:
                await self._make_room(tx, staff_id=staff_id, ticket_id=ticket_id, endpoint=endpoint)
            return await rows.subscribe(tx, one, self._clock.now())

    async def _make_room(self, tx: Tx, *, staff_id: int | None, ticket_id: int | None, endpoint: str) -> None:
        """The oldest browser of one person makes room for his newest."""
        oldest = await rows.oldest_browser(tx.conn, staff_id=staff_id, ticket_id=ticket_id, but=endpoint)
        if oldest is not None:
            await rows.unsubscribe(tx, [oldest])

    async def unsubscribe(self, subscription_id: int, who: Principal) -> None:
        """One's own browser takes no more pushes. Raises NotFound for another's."""
        if who.staff_id is None:
            raise NotFound("there is no such subscription")
        async with self._store.begin() as tx:
            if not await rows.unsubscribe(tx, [subscription_id], staff_id=who.staff_id):
                raise NotFound("there is no such subscription")

    async def unsubscribe_resident(self, endpoint: str, ticket_id: int) -> None:
        """A resident's browser takes no more news of this ticket; one that took none is no mistake."""
        async with self._store.begin() as tx:
            await rows.unsubscribe_of_ticket(tx, endpoint, ticket_id)


def _configured(it: config.Notices) -> frozenset[Channel]:
    """The channels that there are. Pushes need nothing but a browser; calls come with the voice robot."""
    found = {Channel.PUSH}
    if it.smtp_host:
        found.add(Channel.EMAIL)
    if it.sms:
        found.add(Channel.SMS)
    return frozenset(found)


def _template(kind: Kind, channel: Channel, language: str, own: Written | None) -> Template:
    if own is None:
        return Template(kind, channel, language, SHAPES[kind].shipped(language), own=False)
    return Template(kind, channel, language, own.text, True, own.changed_at, own.changed_by)


def _leniently(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text
