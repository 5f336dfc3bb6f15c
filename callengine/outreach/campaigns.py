"""CampaignsService: campaigns made by hand: whom they call, pause, resume, stop; and what campaigns came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from callengine import config, phone
from callengine.clock import Clock
from callengine.directory.ways import Way
from callengine.errors import Conflict, EngineError, NotFound, Refused
from callengine.menus import jobs
from callengine.menus import script as scripts
from callengine.menus.script import Kind
from callengine.notices.model import Channel
from callengine.notices.reasons import reason
from callengine.outreach import rules, surveys, texts
from callengine.outreach.choice import Choice, mistakes, to_raw
from callengine.outreach.events import CampaignChanged, OutreachDue
from callengine.outreach.model import (
    CallKind,
    CallState,
    CallWish,
    Campaign,
    CampaignState,
    OutreachAttempt,
    OutreachCall,
)
from callengine.outreach.service import row_of
from callengine.store import campaigns as rows
from callengine.store import meters as meter_rows
from callengine.store import outreach as call_rows
from callengine.store.database import Store

# What an administrator starts by hand; job calls follow from tickets, and so do ratings that no campaign waits for.
BY_HAND = (CallKind.OUTAGE, CallKind.RESULT, CallKind.SURVEY, CallKind.METER, CallKind.RATING)
OF_HIS_OWN = (CallKind.RESULT, CallKind.SURVEY)  # of his own ticket; an outage is news of his house
OF_TICKETS = (CallKind.RESULT, CallKind.SURVEY, CallKind.OUTAGE, CallKind.RATING)  # that may choose tickets
ALL = Choice()
LOOKED_BACK = timedelta(days=30)  # over which the preview of ratings counts
MOST_NAME, MOST_NUMBERS, MOST_HOUSES, MOST_LINES, MOST_ATTEMPTS = 200, 10_000, 5_000, 300, 20
CHUNK = 2_000
NEWS = "news"  # in a campaign's script: the key of what it writes to people
WRITTEN_AT_ONCE = 50  # people a transaction: others write in between


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """What a person asks for. "" and None mean: as configured. `job` are the fields of the dialogue (menus/jobs.py)."""

    kind: CallKind
    name: str
    numbers: Sequence[str] = ()
    house_ids: Sequence[int] = ()
    job: Mapping[str, Any] = field(default_factory=dict)
    dialogue: Mapping[str, Any] | None = None  # a survey's own script
    language: str = ""
    zone: str = ""
    hours: str = ""
    days: str = ""
    most_lines: int | None = None
    most_attempts: int | None = None
    begins_at: datetime | None = None
    ends_at: datetime | None = None
    choice: Choice = ALL
    spacing: Mapping[str, int] = field(default_factory=dict)  # seconds by result, over what is configured
    channels: tuple[str, ...] = (texts.CALL,)  # of an outage: call, sms, push
    text: str = ""  # what an SMS or a push says of it
    danger: bool = False  # life is at risk: told at night too, and to who asked for silence


@dataclass(frozen=True, slots=True)
class Left:
    """A number that is not called, and why."""

    number: str
    why: str


@dataclass(frozen=True, slots=True)
class Made:
    """`texts` are the SMS and pushes promised now; who has the very same news already is not told again."""

    campaign: Campaign
    calls: int
    left: tuple[Left, ...]
    texts: int = 0


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a campaign would do, before it is made: `calls` to make, and who is left out.

    One of ratings calls nobody yet: `tickets` then is how many of the last 30 days would have fitted; else how many
    tickets the choice has (None: it has none). `capped`: there are more than are counted.
    """

    calls: int
    tickets: int | None
    capped: bool
    left: tuple[Left, ...]
    attempts: int
    spacing: Mapping[str, int]
    hours: str
    days: str
    texted: int = 0  # people to whom a message goes, where nothing speaks against it


@dataclass(frozen=True, slots=True)
class _Person:
    name: str = ""
    ticket_id: int | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """How a campaign stands: calls by state and by result, all counted."""

    total: int = 0
    states: Mapping[str, int] = field(default_factory=dict)
    results: Mapping[str, int] = field(default_factory=dict)
    marks: Mapping[int, int] = field(default_factory=dict)

    @property
    def settled(self) -> int:
        """Calls that are over and were made: neither suppressed nor withdrawn."""
        return self.states.get("done", 0) + self.states.get("given_up", 0)

    @property
    def reached(self) -> int:
        """Somebody did something: a key or a word. A machine, silence and what was only heard prove nobody."""
        return sum(count for result, count in self.results.items() if result in rules.CAME_TO_SOMETHING)

    @property
    def marked(self) -> int:
        return sum(self.marks.values())

    @property
    def mark_total(self) -> int:
        return sum(mark * count for mark, count in self.marks.items())


@dataclass(frozen=True, slots=True)
class Results:
    """The mean is `mark_total / marked`; beside it `marked / settled`, the response rate. `answers` by question."""

    campaign: Campaign
    progress: Progress
    answers: Mapping[str, Mapping[str, int]]


class CampaignsService:
    """For the pages of those who lead."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: config.Outreach,
        locale: config.Locale,
        outbox: texts.Promises | None = None,
    ) -> None:
        self._store, self._clock, self._settings, self._locale = store, clock, settings, locale
        self._outbox = outbox
        self._names = {"country": locale.country, "city_code": locale.city_code}

    # --- making -----------------------------------------------------------------------------------------------

    async def create(self, wish: NewCampaign, who: str, staff_id: int | None) -> Made:
        """Make it and begin. Raises Refused with a pointer to each mistake, ScriptWrong.

        Numbers that are no numbers to call, or opted out, are left out and named. A crash in the middle leaves the
        campaign `filling`: nobody is called.
        """
        campaign = self._checked(wish, who, staff_id)
        everybody, audience, left = await self._audience(wish, campaign.language)
        audience = audience if texts.CALL in campaign.channels else {}
        written = everybody if campaign.channels != (texts.CALL,) else {}
        if not audience and not written and not campaign.waits:
            _refuse([("/numbers", "nobody is left to call: name numbers, houses with residents or tickets")], left)
        # By the clock of who is called, unless a person said which clock it is.
        own = campaign.zones[0]
        zones = {number: own if wish.zone else rules.zone_of(number) or own for number in audience}
        campaign = campaign.evolve(zones=tuple(dict.fromkeys((own, *sorted(zones.values())))))
        news = (
            texts.news_of(wish.text, wish.job, self._clock.now(), ZoneInfo(own), danger=wish.danger)
            if written
            else None
        )
        if news is not None:
            campaign = campaign.evolve(script={**campaign.script, NEWS: news.key})
        async with self._store.begin() as tx:
            campaign = await rows.add(tx, campaign)
            await tx.tell(CampaignChanged(campaign.changed_at, campaign))
        now = self._clock.now()
        added, people = 0, list(audience.items())
        for first in range(0, len(people), CHUNK):
            wishes = [
                CallWish(
                    number, f"campaign:{campaign.id}:{number}", name=one.name, ticket_id=one.ticket_id, facts=one.facts
                )
                for number, one in people[first : first + CHUNK]
            ]
            async with self._store.begin() as tx:
                added += await call_rows.add_calls(
                    tx,
                    [row_of(one, campaign, one.number, zones[one.number], campaign.begins_at or now) for one in wishes],
                )
        # Before it runs: broken off here it is plainly not begun, and whoever makes it again tells nobody twice.
        told = await self._write(campaign, news, written) if news is not None else 0
        campaign = await self._change(
            campaign.id, CampaignState.RUNNING, who, from_states=(CampaignState.FILLING,), verb="begun"
        )
        return Made(campaign, added, tuple(left), told)

    async def _write(self, campaign: Campaign, news: texts.News, people: Mapping[str, _Person]) -> int:
        """Promise the SMS and pushes, some people a transaction; gives how many are new."""
        if self._outbox is None:
            return 0
        channels = [Channel(one) for one in campaign.channels if one != texts.CALL]
        every, told = list(people.items()), 0
        for first in range(0, len(every), WRITTEN_AT_ONCE):
            some = every[first : first + WRITTEN_AT_ONCE]
            async with self._store.begin() as tx:
                held = await rows.locked(tx, campaign.id)
                if held is None or held.state.over:
                    break  # somebody stopped it meanwhile
                browsers = await rows.browsers_of(tx.conn, [number for number, _ in some])
                for number, person in some:
                    for channel in channels:
                        ticket = browsers.get(number, "")
                        if channel is Channel.PUSH and not ticket:
                            continue  # no browser of his takes pushes
                        shown = ticket if channel is Channel.PUSH else ""
                        one = texts.wanted(news, channel, campaign, number, person.name, shown)
                        told += await self._outbox.tell(tx, one) is not None
        return told

    async def preview(self, wish: NewCampaign) -> Foreseen:
        """What `create` would do now; nothing is written, nobody is called. Raises as it does, but for nobody left."""
        campaign = self._checked(wish, "", None)
        everybody, audience, left = await self._audience(wish, campaign.language)
        audience = audience if texts.CALL in campaign.channels else {}
        tickets: int | None = None
        if wish.choice:
            since = wish.choice.since or self._clock.now() - LOOKED_BACK
            async with self._store.read() as conn:
                tickets = await rows.count_tickets(conn, wish.choice, since, MOST_NUMBERS + 1)
        spacing = {name: rules.spacing_of(name, self._settings, campaign.spacing) for name in rules.SPACED}
        return Foreseen(
            calls=len(audience),
            tickets=None if tickets is None else min(tickets, MOST_NUMBERS),
            capped=(tickets or 0) > MOST_NUMBERS,
            left=tuple(left),
            attempts=campaign.most_attempts,
            spacing=spacing,
            hours=campaign.hours,
            days=campaign.days,
            texted=len(everybody) if campaign.channels != (texts.CALL,) else 0,
        )

    def _checked(self, wish: NewCampaign, who: str, staff_id: int | None) -> Campaign:
        now, defaults = self._clock.now(), rules.KINDS[wish.kind]
        hours = wish.hours or rules.hours_of(wish.kind, self._settings)
        days, zone = wish.days or defaults.days, wish.zone or self._locale.timezone
        wrong = [*self._mistakes(wish, now), *_wrong_hours(hours, days), *_wrong_zone(zone)]
        if wrong:
            _refuse(wrong, [])
        script: dict[str, Any] = {"job": dict(wish.job)}
        if wish.dialogue is not None:
            script["dialogue"] = _dialogue(wish.dialogue)
        self._check_job(wish, script)
        return Campaign(
            id=0,
            kind=wish.kind,
            name=wish.name.strip(),
            state=CampaignState.FILLING,
            created_at=now,
            created_by=who,
            changed_at=now,
            changed_by=who,
            priority=rules.DANGER_PRIORITY if wish.danger else defaults.priority,
            danger=wish.danger,
            language=wish.language or self._locale.language,
            hours=hours,
            days=days,
            most_lines=wish.most_lines or self._settings.lines,
            most_attempts=wish.most_attempts or self._settings.attempts,
            zones=(zone,),
            script=script,
            begins_at=wish.begins_at,
            ends_at=wish.ends_at,
            staff_id=staff_id,
            choice=to_raw(wish.choice),
            spacing=dict(wish.spacing),
            channels=wish.channels,
        )

    def _mistakes(self, wish: NewCampaign, now: datetime) -> list[tuple[str, str]]:
        wrong = []
        if wish.kind not in BY_HAND:
            named = ", ".join(BY_HAND)
            wrong.append(("/kind", f"calls of this kind follow from tickets by themselves; by hand: {named}"))
        if not 0 < len(wish.name.strip()) <= MOST_NAME:
            wrong.append(("/name", f"give it a name of at most {MOST_NAME} characters"))
        if wish.language and wish.language not in scripts.LANGUAGES:
            wrong.append(("/language", f"one of {', '.join(scripts.LANGUAGES)}"))
        if len(wish.numbers) > MOST_NUMBERS or len(wish.house_ids) > MOST_HOUSES:
            wrong.append(("/numbers", f"at most {MOST_NUMBERS} numbers and {MOST_HOUSES} houses at once"))
        if wish.most_lines is not None and not 1 <= wish.most_lines <= MOST_LINES:
            wrong.append(("/lines", f"1 to {MOST_LINES}"))
        if wish.most_attempts is not None and not 1 <= wish.most_attempts <= MOST_ATTEMPTS:
            wrong.append(("/attempts", f"1 to {MOST_ATTEMPTS}"))
        if wish.ends_at is not None and wish.ends_at <= max(now, wish.begins_at or now):
            wrong.append(("/ends_at", "it would end before it begins"))
        if wish.dialogue is not None and wish.kind is not CallKind.SURVEY:
            wrong.append(("/dialogue", "only a survey has a dialogue of its own; the texts of others are scripts"))
        if wish.kind is CallKind.SURVEY and wish.dialogue is None:
            wrong.append(("/dialogue", "write the survey's questions: its steps and where each key leads"))
        if wish.begins_at is not None and wish.begins_at.year > texts.LAST_YEAR:
            wrong.append(("/begins_at", "no such year: it would never begin"))
        return [*wrong, *self._wrong_texts(wish, now), *_wrong_choice(wish), *_wrong_spacing(wish.spacing)]

    def _wrong_texts(self, wish: NewCampaign, now: datetime) -> list[tuple[str, str]]:
        if wish.kind is CallKind.OUTAGE:
            known = self._outbox.channels if self._outbox else frozenset()
            return texts.mistakes(wish.channels, wish.text, wish.job, known, now)
        wrong = []
        if wish.channels != (texts.CALL,) or wish.text:
            wrong.append(("/channels", "only an outage is written to people; all else is asked or told by telephone"))
        if wish.danger:
            wrong.append(("/danger", "only an outage may wake people"))
        return wrong

    def _check_job(self, wish: NewCampaign, script: Mapping[str, Any]) -> None:
        """The dialogue must be able to say what it is given, before anybody is rung. Raises Refused, ScriptWrong."""
        reserved = {"kind", "language", "service", "machine", "comment_file", "script"}
        if clash := reserved & wish.job.keys():
            _refuse([("/job", f"{', '.join(sorted(clash))}: the engine fills this in")], [])
        language = wish.language or self._locale.language
        try:
            job = jobs.from_raw({"kind": Kind(wish.kind.value).value, "language": language, **wish.job})
            dialogue = script.get("dialogue")
            if dialogue and dialogue["kind"] != wish.kind.value:
                _refuse([("/dialogue", f"its kind is {dialogue['kind']!r}, and not {wish.kind.value!r}")], [])
            if dialogue:
                own = scripts.read(dialogue)
                if wrong := surveys.wrong_dialogue(own):
                    raise scripts.ScriptWrong(own.kind, wrong)
                job = replace(job, script=own)
            job.texts()
        except scripts.ScriptWrong:
            raise
        except (EngineError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
            _refuse([("/job", getattr(error, "detail", f"it does not fit the dialogue: {error}"))], [])
        if language not in job.walked.languages:
            spoken = ", ".join(job.walked.languages)
            _refuse([("/language", f"this dialogue is written in {spoken}, and not in {language!r}")], [])

    async def _audience(
        self, wish: NewCampaign, language: str
    ) -> tuple[dict[str, _Person], dict[str, _Person], list[Left]]:
        """Numbers with what is known of each, each once, in the order given: all, and those to call; who is left out.

        Raises Refused when the choice has more tickets than one campaign may call.
        """
        wanted: dict[str, _Person] = {}
        left: list[Left] = []
        async with self._store.read() as conn:
            living = await rows.residents_of(conn, set(wish.house_ids)) if wish.house_ids else []
            found: list[tuple[str, _Person]] = [(one, _Person()) for one in wish.numbers]
            found += [(number, _Person(name)) for number, name, _ in living]
            if wish.choice and wish.kind is not CallKind.RATING:
                for one in await self._tickets(conn, wish.choice, language):
                    if one.notify == Way.NONE and wish.kind in OF_HIS_OWN and not wish.danger:
                        left.append(Left(one.number, "asked to be told nothing"))
                    else:
                        found.append(_of_ticket(one, wish.kind))
            for text, person in found:
                number = phone.parse(text, **self._names)
                if why := rules.no_number_to_call(number):
                    left.append(Left(text[:40], why))
                elif number.value not in wanted:
                    wanted[number.value] = person
            if wish.kind is CallKind.METER and "meters" not in wish.job:
                for without in sorted(wanted.keys() - await meter_rows.who_has_meters(conn, list(wanted))):
                    left.append(Left(without, "no meter of his is known"))
                    del wanted[without]
            everybody, every = dict(wanted), [] if wish.danger else list(wanted)
            for first in range(0, len(every), CHUNK):
                some = every[first : first + CHUNK]
                for unwilling in await rows.opted_out(conn, some, wish.kind.value):
                    left.append(Left(unwilling, "opted out"))
                    del wanted[unwilling]
        return everybody, wanted, left

    async def _tickets(self, conn: Any, choice: Choice, language: str) -> list[rows.OfTicket]:
        found = await rows.tickets_of(conn, choice, language, MOST_NUMBERS + 1)
        if len(found) > MOST_NUMBERS:
            _refuse([("/choice", f"it has more than {MOST_NUMBERS} tickets: narrow it, or take fewer days")], [])
        return found

    # --- its state ----------------------------------------------------------------------------------------------

    async def pause(self, campaign_id: int, who: str) -> Campaign:
        """From now on it calls nobody; who talks is let talk. Raises NotFound, Conflict."""
        return await self._change(campaign_id, CampaignState.PAUSED, who, (CampaignState.RUNNING,), "paused")

    async def resume(self, campaign_id: int, who: str) -> Campaign:
        """Raises NotFound, Conflict."""
        return await self._change(campaign_id, CampaignState.RUNNING, who, (CampaignState.PAUSED,), "resumed")

    async def stop(self, campaign_id: int, who: str) -> Campaign:
        """For good: whoever was not called yet never is, and what was written and waits is not sent.

        A standing one is only paused. Raises NotFound, Conflict.
        """
        going = (CampaignState.FILLING, CampaignState.RUNNING, CampaignState.PAUSED)
        return await self._change(campaign_id, CampaignState.STOPPED, who, going, "stopped")

    async def _change(
        self, campaign_id: int, state: CampaignState, who: str, from_states: Sequence[CampaignState], verb: str
    ) -> Campaign:
        now = self._clock.now()
        async with self._store.begin() as tx:
            campaign = await rows.locked(tx, campaign_id)
            if campaign is None:
                raise NotFound(f"there is no campaign {campaign_id}")
            if campaign.state is state:
                return campaign
            if campaign.state not in from_states:
                raise Conflict(f"it is {campaign.state}, and cannot be {verb}", state=campaign.state.value)
            if campaign.code is not None and state is CampaignState.STOPPED:
                raise Conflict("this campaign stands: pause it instead", state=campaign.state.value)
            ended = now if state.over else None
            campaign = campaign.evolve(state=state, changed_at=now, changed_by=who, ended_at=ended)
            await rows.save(tx, campaign)
            if state is CampaignState.STOPPED:
                await self._take_back(tx, campaign)
            await tx.tell(CampaignChanged(now, campaign))
            await tx.tell(OutreachDue(now))
        return campaign

    async def _take_back(self, tx: Any, campaign: Campaign) -> None:
        """The messages that wait for its beginning or the morning, unless another campaign tells the same news."""
        key = campaign.script.get(NEWS)
        if not key or self._outbox is None:
            return
        others = [one for one in await rows.going(tx.conn, CallKind.OUTAGE) if one.id != campaign.id]
        if all(one.script.get(NEWS) != key for one in others):
            await self._outbox.take_back(tx, texts.prefix_of(key), reason("campaign_stopped"))

    # --- looking ---------------------------------------------------------------------------------------------------

    async def find(
        self, *, state: str = "", kind: str = "", limit: int = 50, cursor: str | None = None
    ) -> tuple[list[Campaign], str | None]:
        """One page, newest first, and the cursor of the next."""
        async with self._store.read() as conn:
            return await rows.find(conn, state=state or None, kind=kind or None, limit=limit, cursor=cursor)

    async def get(self, campaign_id: int) -> Campaign:
        """Raises NotFound."""
        async with self._store.read() as conn:
            found = await rows.get(conn, campaign_id)
        if found is None:
            raise NotFound(f"there is no campaign {campaign_id}")
        return found

    async def progress(self, campaign_ids: Sequence[int]) -> dict[int, Progress]:
        """How each of these stands."""
        async with self._store.read() as conn:
            groups = await rows.groups(conn, campaign_ids)
        return {one: _progress([group for group in groups if group.campaign_id == one]) for one in campaign_ids}

    async def calls(
        self, campaign_id: int, *, state: str = "", result: str = "", limit: int = 50, cursor: str | None = None
    ) -> tuple[list[OutreachCall], dict[int, list[OutreachAttempt]], str | None]:
        """One page of its calls, the attempts of each, and the cursor of the next. Raises NotFound."""
        await self.get(campaign_id)
        async with self._store.read() as conn:
            page, following = await rows.calls_of(
                conn, campaign_id, state=state or None, result=result or None, limit=limit, cursor=cursor
            )
            attempts: dict[int, list[OutreachAttempt]] = {call.id: [] for call in page}
            for attempt in await call_rows.attempts_of(conn, list(attempts)):
                attempts[attempt.outreach_call_id].append(attempt)
        return page, attempts, following

    async def results(self, campaign_id: int) -> Results:
        """What it came to so far. Raises NotFound."""
        campaign = await self.get(campaign_id)
        progress = (await self.progress([campaign_id]))[campaign_id]
        answers: dict[str, Counter[str]] = {}
        if campaign.kind in (CallKind.SURVEY, CallKind.METER):
            async with self._store.read() as conn:
                for facts in await rows.answers(conn, campaign_id):
                    for name, keys in facts.items():
                        if name.startswith("a."):
                            answers.setdefault(name[2:], Counter())[keys] += 1
        return Results(campaign, progress, answers)


def _of_ticket(it: rows.OfTicket, kind: CallKind) -> tuple[str, _Person]:
    """The dialogue of a result says of which ticket; the others speak of no ticket."""
    told = kind is CallKind.RESULT
    facts = {"ticket": it.ticket, "work": it.work, "address": it.address} if told else {}
    return it.number, _Person(it.name, it.ticket_id, facts)


def _wrong_choice(wish: NewCampaign) -> list[tuple[str, str]]:
    if wish.kind is CallKind.RATING:
        if wish.numbers or wish.house_ids:
            return [("/numbers", "ratings are about tickets: say which by the choice, their clients are called")]
        if not wish.choice:
            return [("/choice", "say which tickets this campaign waits for; all others are the standing one's")]
    elif not wish.choice:
        return []
    if wish.kind not in OF_TICKETS:
        return [("/choice", f"a campaign of this kind is not about tickets; {', '.join(OF_TICKETS)} are")]
    return mistakes(wish.choice, waits=wish.kind is CallKind.RATING)


def _wrong_spacing(spacing: Mapping[str, int]) -> list[tuple[str, str]]:
    wrong = []
    for name, seconds in spacing.items():
        if name not in rules.SPACED:
            wrong.append((f"/spacing/{name[:40]}", f"no result to wait after; one of {', '.join(rules.SPACED)}"))
        elif not rules.LEAST_SPACING <= seconds <= rules.MOST_SPACING:
            wrong.append((f"/spacing/{name}", f"{rules.LEAST_SPACING} to {rules.MOST_SPACING} seconds"))
    return wrong


def _dialogue(raw: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return scripts.raw_of(scripts.read(raw))
    except (TypeError, ValueError, AttributeError) as error:
        _refuse([("/dialogue", f"it is no dialogue: {error}")], [])


def _progress(groups: Sequence[rows.Group]) -> Progress:
    states: Counter[str] = Counter()
    results: Counter[str] = Counter()
    marks: Counter[int] = Counter()
    for one in groups:
        states[one.state] += one.count
        if one.result and not CallState(one.state).open:
            results[one.result] += one.count
        if one.mark is not None:
            marks[one.mark] += one.count
    return Progress(states.total(), states, results, marks)


def _wrong_hours(hours: str, days: str) -> list[tuple[str, str]]:
    if days not in rules.DAYS:
        return [("/days", f"one of {', '.join(rules.DAYS)}")]
    try:
        rules.window(hours, days)
    except ValueError as error:
        return [("/hours", str(error))]
    return []


def _wrong_zone(zone: str) -> list[tuple[str, str]]:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return [("/zone", f"no such time zone: {zone[:40]}; write one like Europe/Samara")]
    return []


def _refuse(wrong: Sequence[tuple[str, str]], left: Sequence[Left]) -> NoReturn:
    errors = [{"pointer": f"#{pointer}", "detail": detail} for pointer, detail in wrong]
    more = {"left": [{"number": one.number, "why": one.why} for one in left[:100]]} if left else {}
    raise Refused("; ".join(detail for _, detail in wrong), errors=errors, **more)
