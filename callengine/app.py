"""The only wiring: builds, starts and stops everything, in order; the two reaction tables stand here on one page."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from aiohttp import web

from callengine import __version__
from callengine.access.events import SessionsEnded, StaffLeft, StaffStateChanged
from callengine.access.service import AFTER_CALL, SHIFT, AccessService
from callengine.api import schemas
from callengine.api.app import build_app
from callengine.api.listeners import Listeners
from callengine.api.live import LiveHub
from callengine.api.push import SHOWN, Screens
from callengine.api.services import Services
from callengine.bridge import Bridge
from callengine.callbacks.service import CallbacksService
from callengine.calls import events as told
from callengine.calls.coverage import CoverageService
from callengine.calls.dialling import DiallingService
from callengine.calls.events import CallFact
from callengine.calls.handover import HandoverChanged, HandoverTold
from callengine.calls.handovers import HandoversService
from callengine.calls.origination import OriginationChanged, OriginationState
from callengine.calls.service import CallsService
from callengine.clock import Clock, SystemClock, rfc3339
from callengine.config import OnePbx, Settings
from callengine.desk import Desk, shuffled
from callengine.directory import town
from callengine.directory.imports import ImportReport, Imports
from callengine.directory.service import DirectoryService
from callengine.errors import EngineError, Unavailable
from callengine.menus.line import Caller
from callengine.menus.lookup import Known, lookup
from callengine.outreach.prompts import StaticPrompts
from callengine.outreach.scripts import ScriptsService
from callengine.outreach.switch import Switch
from callengine.pbx.ami import LinkState
from callengine.pbx.fastagi import AgiCall, FastAgiServer
from callengine.pbx.originate import Response
from callengine.recordings.events import RecordingChanged
from callengine.recordings.model import Kind as RecordingKind
from callengine.recordings.service import IMPORT, RETENTION, RecordingsService
from callengine.recordings.transcripts import Transcripts
from callengine.robot import RobotCaller, voice_of
from callengine.sandbox.demo import Demo
from callengine.sandbox.pbx import SandboxPbx
from callengine.sandbox.street import Street
from callengine.speech.asr import AsrProcess
from callengine.store.database import Store, Tx
from callengine.store.engines import EngineLeases
from callengine.store.migrate import migrate
from callengine.store.timers import set_timer
from callengine.tasks import Tasks, tell_what_waits
from callengine.tickets.classifier_service import CLASSIFIER
from callengine.tickets.events import TicketOpened
from callengine.tickets.files import FilesService
from callengine.tickets.handed import HandedOver, TicketHanded
from callengine.tickets.links import LinksService, mark_by
from callengine.tickets.moves import ENGINE, MovesService
from callengine.tickets.rulebook import Rulebook
from callengine.tickets.service import TicketsService
from callengine.tickets.watch import STAFF_LEFT, TicketWatch
from callengine.timers.worker import TimerWorker

if TYPE_CHECKING:
    from callengine.pbx.doctor import Finding

log = logging.getLogger(__name__)
COMMAND_LINE = "command line"
STOP_PATIENCE_SECONDS = 10.0  # then the log says what is waited for; a service manager kills after 90


class Engine:
    """One running engine. `start` brings everything up in order, `stop` takes it down in the reverse."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.tasks = Tasks()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._closing = contextlib.AsyncExitStack()
        self.sandbox: SandboxPbx | None = None
        self.street: Street | None = None
        self.port = settings.http.port
        self._stopping = False

    # --- up ------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Raises an EngineError that says what to do; what was started is stopped by `stop`."""
        settings = self.settings
        await asyncio.to_thread(migrate, settings.store.url)
        self.store = Store(settings.store.url)
        self._closing.push_async_callback(self.store.close)
        self._lease = EngineLeases(self.store, self.clock, [pbx.name for pbx in settings.pbxs])
        await self._lease.acquire()
        self._closing.push_async_callback(self._lease.release)
        self._background(self._lease.run(), "engine lease")
        pbxs = await self._start_pbx()
        self._build(pbxs)
        self._react()
        await self.services.classifier.begin()
        if self.sandbox:
            await self._fill_sample_data()
        await self.access.recover()
        await self.recordings.recover()
        await self.files.tidy()
        await self.dialling.recover()
        await self.watch.recover()
        await self.robot.recover()
        self._background(self.timers.run(), "timers")
        self._background(self.recordings.run(), "recordings")
        self._background(self.services.exports.run(), "exports")
        await self._send_notices()
        self._background(self.screens.run(), "live messages")
        self._background(self.screens.run_board(), "board")
        self._background(Listeners(self.live, self.access, self.clock, self.desk.staff_changed).run(), "listeners")
        await self._serve_agi()
        for bridge in self.bridges:
            await bridge.prime()
            self._background(bridge.run(), f"AMI {bridge.name}")
            self._background(bridge.watch(), f"watch {bridge.name}")
            self._closing.push_async_callback(bridge.close)
        self._background(self.robot.run(), "robot")
        self._background(self.robot.tidy(), "robot's prompts")
        self._background(self.robot.prompts.run(), "static prompts")
        self._background(self.transcripts.run(), "transcripts")
        await self._serve_http()

    async def _start_pbx(self) -> list[OnePbx]:
        if self.settings.pbx.mode == "external":
            return self.settings.pbxs
        self.sandbox = SandboxPbx(self.settings, tell=_say)
        await self.sandbox.prepare()
        await self.sandbox.start()
        self._closing.push_async_callback(self.sandbox.stop)
        self._background(self.sandbox.watch(), "sandbox")
        self.street = Street(self.settings.sandbox, language=self.settings.locale.language)
        await self.street.start()
        self._closing.push_async_callback(self.street.stop)
        return [self.sandbox.joined(), *self.settings.pbx.more]

    def _build(self, pbxs: list[OnePbx]) -> None:
        settings, store, clock = self.settings, self.store, self.clock
        locale = settings.locale
        names = {"country": locale.country, "city_code": locale.city_code}
        self.access = AccessService(store, clock, after_call_seconds=settings.desk.after_call_seconds)
        self._closing.callback(self.access.close)
        self.calls = CallsService(store=store, clock=clock)
        self.coverage = CoverageService(store=store, clock=clock)
        self.directory = DirectoryService(store, clock, **names)
        zone = ZoneInfo(locale.timezone)
        book = Rulebook(zone, language=locale.language, country=locale.country, rules=locale.rules)
        self.tickets = TicketsService(
            store,
            clock,
            zone,
            language=locale.language,
            country=locale.country,
            city_code=locale.city_code,
            book=book,
            settings=settings.tickets,
        )
        self.moves = MovesService(store=store, clock=clock, settings=settings.tickets, zone=zone, terms=book)
        self.files = FilesService(store, clock, settings.files, on_act=self.moves.act_added, touched=self.moves.touched)
        self.links = LinksService(store, clock, settings.files, mark_by(self.moves))
        self.watch = TicketWatch(store=store, clock=clock, moves=self.moves, book=book)
        self.callbacks = CallbacksService(store, clock, settings.callbacks)
        folders = {p.name: Path(p.recordings_dir) if p.recordings_dir else None for p in pbxs}
        self.recordings = RecordingsService(store, clock, settings.recordings, folders)
        self._closing.push_async_callback(self.recordings.close)
        model = Path(settings.speech.asr_model)
        self.transcripts = Transcripts(
            store,
            clock,
            self.recordings.folder,
            model=model.name,
            language=locale.language,
            reader=partial(AsrProcess, model, seconds=settings.speech.asr_seconds),
        )
        self.bridges = [
            Bridge(
                pbx,
                clock,
                locale=locale,
                calls=self.calls,
                coverage=self.coverage,
                on_state=self._link_changed,
                on_resynced=self._resynced,
                on_dialled=self._dialled,
                on_handover=self._handed,
            )
            for pbx in pbxs
        ]
        links = {bridge.name: bridge.phones for bridge in self.bridges}
        self.dialling = DiallingService(store, clock, links, locale=locale)
        self._closing.push_async_callback(self.dialling.close)
        self.handovers = HandoversService(store, clock, links, self.calls.by_key)
        self._closing.push_async_callback(self.handovers.close)
        self.live = LiveHub(clock)
        self.desk = Desk(self.bridges, self.calls, street=self.street, member=self.access.member)
        self._closing.push_async_callback(self.desk.close)
        self.services = Services(
            store=store,
            clock=clock,
            settings=settings,
            access=self.access,
            calls=self.calls,
            callbacks=self.callbacks,
            dialling=self.dialling,
            handovers=self.handovers,
            directory=self.directory,
            tickets=self.tickets,
            book=book,
            moves=self.moves,
            files=self.files,
            links=self.links,
            recordings=self.recordings,
            coverage=self.coverage,
            live=self.live,
            health=self.health,
            phone=self.desk,
            sandbox=self.sandbox is not None,
            sample_accounts=_sample_accounts() if self.sandbox else [],
        )
        self.services.notices.attach_duties(self.callbacks)
        self.screens = Screens(self.services)
        spoken = self.sandbox.speech_dir if self.sandbox else (None, "")
        self.robot = RobotCaller(self.services, self.bridges, voice_of(settings.speech, *spoken))
        self._closing.push_async_callback(self.robot.close)
        self.timers = TimerWorker(
            store,
            clock,
            {
                IMPORT: self.recordings.on_timer,
                RETENTION: self.recordings.on_timer,
                CLASSIFIER: self.services.classifier.on_timer,
                SHIFT: self.access.on_timer,
                AFTER_CALL: self.access.on_timer,
                **self.callbacks.timer_owners,
                **self.watch.timer_owners,
            },
        )

    def _react(self) -> None:
        """What follows from a fact: `within` its transaction, and `after` its commit."""
        callbacks, recordings, dialling = self.callbacks, self.recordings, self.dialling
        self.store.within |= {
            told.CallArrived: [dialling.on_call],
            told.CallMissed: [callbacks.on_missed],
            told.CallAnswered: [callbacks.on_answered],
            told.CallbackRequested: [callbacks.on_callback_requested],
            told.MessageLeft: [callbacks.on_message, recordings.on_message],
            told.CallChanged: [recordings.on_ended, self.access.on_call],  # a file name that only the ledger knew
            told.OfferEnded: [self.access.on_call],  # a colleague took over
            told.CallEnded: [dialling.on_call, recordings.on_ended, callbacks.on_ended, self.access.on_call],
            RecordingChanged: [self._message_recorded, self.transcripts.on_recording],
            StaffLeft: [self.moves.on_staff_left],
        }
        people = self.services.notices.reactions
        for fact, react in people.within.items():
            self.store.within.setdefault(fact, []).append(react)
        for fact, react in self.services.reminders.within.items():
            self.store.within.setdefault(fact, []).append(react)
        handed = HandedOver(self.handovers.of_call)
        self.store.within.setdefault(TicketOpened, []).append(handed.on_opened)
        self.store.within.setdefault(HandoverChanged, []).append(handed.on_changed)
        self.store.after.setdefault(told.CallEnded, []).append(self.handovers.on_ended)
        self.robot.react(self.store)
        # The one exception to "nothing is told before it is durable": whose phone rings, to him alone. See ringing.py.
        self.screens.ringing.holds = self._lease.holds
        for bridge in self.bridges:
            bridge.ahead = self.screens.ringing
        self.store.after.setdefault(RecordingChanged, []).append(self.transcripts.wake)
        for kind in (*SHOWN, TicketHanded):
            self.store.after.setdefault(kind, []).append(self.screens.tell)
        self.store.after.setdefault(OriginationChanged, []).append(self._dialling_changed)
        self.store.after.setdefault(StaffStateChanged, []).append(self.desk.staff_changed)
        self.store.after.setdefault(SessionsEnded, []).append(self._sessions_ended)

    async def _dialling_changed(self, fact: OriginationChanged) -> None:
        """After the commit. A call back that came to nothing frees its duty at once."""
        one = fact.origination
        self.screens.on_dial(one.id, one.state, one.reason)
        self.desk.dialling_changed(one)
        if one.duty_id is not None and one.state in (OriginationState.REFUSED, OriginationState.ENDED):
            await self.callbacks.end_attempt(one.id)

    def _sessions_ended(self, fact: SessionsEnded) -> None:
        for token_hash in fact.token_hashes:
            self.live.sign_out(token_hash)

    async def _message_recorded(self, tx: Tx, fact: RecordingChanged) -> None:
        recording = fact.recording
        if recording.kind is RecordingKind.MESSAGE and recording.call_id is not None:
            await self.callbacks.attach_message(tx, recording.call_id, recording.id)

    async def _send_notices(self) -> None:
        """The outbox's worker, with the channels that are configured."""
        notices = self.services.notices
        worker = await notices.worker(self._resident_link)
        self._background(worker.run(), "notices")
        if notices.smpp is not None:
            self._background(notices.smpp.listen(), "SMPP")
        self._closing.push_async_callback(worker.stop)

    async def _resident_link(self, number: str) -> str:
        """The address of a resident's page, made in the engine's name; only its hash is kept."""
        link = await self.links.create(number, ENGINE)
        return f"{self.services.notices.public_url}/r/{link.token}"

    async def _fill_sample_data(self) -> None:
        zone = ZoneInfo(self.settings.locale.timezone)
        if await town.load_town(self.store, self.clock, self.access.hash_password, zone=zone):
            _say(f"filled the empty database with the sample town {town.NAME}, its organisations and residents")
        numbers = shuffled(await self.directory.sample_numbers(200))
        assert self.street is not None
        self.desk.demo_calls = Demo(self.street, numbers, language=self.settings.locale.language)
        # Who was at work when the engine stopped finds the telephone on the desk again.
        for member in await self.access.members():
            if member.state != "offline":
                self.desk.staff_changed(StaffStateChanged(self.clock.now(), member))

    async def _serve_agi(self) -> None:
        port = self.sandbox.fastagi_port if self.sandbox else self.settings.pbx.fastagi_port
        handlers = {"lookup": self._lookup, "robot": self.robot.hold, "status": self.robot.tell_status}
        agi = FastAgiServer(self.settings.pbx.fastagi_host, port, handlers)
        try:
            await agi.start()
        except OSError as error:
            raise EngineError(
                f"cannot listen for FastAGI at port {port} ({error.strerror}): choose another [pbx] fastagi_port"
            ) from None
        self._closing.push_async_callback(agi.close)

    async def _lookup(self, call: AgiCall) -> None:
        await lookup(call, self._known)
        if call.env.get("agi_arg_2") == "yes":  # his line offers the state of tickets
            self.tasks.start(self.robot.prepare_status(call.caller), name="status ahead")

    async def _known(self, caller: Caller) -> Known:
        """For the dialplan: is he known, and is there an open accident at his house?"""
        people = await self.directory.candidates(caller.number)
        houses = {home.house.id for person in people for home in person.residences}
        for house_id in houses:
            for incident in await self.directory.incidents(house_id):
                if incident.kind == "accident":
                    return Known(known=True, name=people[0].name if len(people) == 1 else "", accident=incident.title)
        return Known(known=bool(people), name=people[0].name if len(people) == 1 else "")

    async def _serve_http(self) -> None:
        runner = web.AppRunner(build_app(self.services), access_log=None)
        await runner.setup()
        self._closing.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, self.settings.http.host, self.settings.http.port)
        try:
            await site.start()
        except OSError as error:
            where = f"{self.settings.http.host}:{self.settings.http.port}"
            raise EngineError(f"cannot listen at {where} ({error.strerror}): choose another [http] port") from None
        self.port = runner.addresses[0][1]

    def _background(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = self.tasks.start(work, name=name)
        task.add_done_callback(self._part_ended)

    def _part_ended(self, task: asyncio.Task[None]) -> None:
        """A part that should run for ever ended: a half-dead engine is worse than one that restarts."""
        if task.cancelled() or self.failed.done() or self._stopping:
            return
        error = task.exception() or EngineError(f"{task.get_name()} ended by itself")
        self.failed.set_exception(error)

    # --- news of the links ---------------------------------------------------------------------------------

    async def _link_changed(self, bridge: Bridge) -> None:
        self.screens.on_pbx(self._health_of(bridge))

    async def _resynced(self, bridge: Bridge) -> None:
        """The PBX answers again: settle what was unknown of our own dialling, and tell it who has a break."""
        await self.dialling.settle_unknown(bridge.name)
        await self.handovers.resynced(bridge.name)
        await self.robot.resynced(bridge.name)
        for member in await self.access.members():
            if member.extension and member.role in ("operator", "supervisor", "administrator"):
                with contextlib.suppress(EngineError):
                    # Who never was here works at the telephone alone: his place in the queue is the PBX's affair.
                    went_home = member.state == "offline" and member.state_since is not None
                    paused = went_home or member.state in ("pause", "after_call")
                    await bridge.phones.pause(member.extension, paused=paused, reason=member.state_reason)

    async def _handed(self, news: HandoverTold) -> None:
        await self.handovers.on_told(news)

    async def _dialled(self, response: Response) -> None:
        await self.dialling.on_response(response.request_id, succeeded=response.succeeded, reason=response.reason)
        await self.robot.on_response(response)

    async def health(self) -> schemas.Health:
        pbx = [self._health_of(bridge) for bridge in self.bridges]
        try:
            async with self.store.read() as conn:
                await conn.exec_driver_sql("SELECT 1")
            stored = True
        except Unavailable:
            stored = False
        fine = stored and all(one.state == "up" for one in pbx)
        return schemas.Health(
            status="ok" if fine else "degraded",
            version=__version__,
            pbx=pbx,
            store="ok" if stored else "failed",
            speech=self._speech_health(),
        )

    def _speech_health(self) -> schemas.SpeechHealth:
        prompts, heard = self.robot.prompts.standing, self.transcripts
        return schemas.SpeechHealth(
            engine=self.robot.engine_name,
            prompts=prompts.total,
            missing=prompts.missing,
            failed=prompts.failed,
            problem=prompts.problem,
            transcripts=("failed" if heard.problem else "on") if heard.is_on else "off",
            transcripts_problem=heard.problem,
        )

    def _health_of(self, bridge: Bridge) -> schemas.PbxHealth:
        link = bridge.link
        return schemas.PbxHealth(
            name=bridge.name,
            state=link.state.value,
            since=link.since,
            seen_at=link.figures.seen_at,
            lag_seconds=link.figures.lag_seconds if link.state is LinkState.UP else None,
            skew_seconds=link.figures.skew_seconds,
            corrected_seconds=link.pbx_clock.corrected_seconds,
            problem=link.problem or link.clock_problem,
        )

    # --- down ----------------------------------------------------------------------------------------------

    async def stop(self) -> None:
        """Everything down, in the reverse order; safe after a failed start."""
        self._stopping = True
        loop = asyncio.get_running_loop()
        late = loop.call_later(STOP_PATIENCE_SECONDS, tell_what_waits, loop)
        try:
            await self._closing.aclose()
            await self.tasks.close()
        finally:
            late.cancel()


def _sample_accounts() -> list[schemas.SampleAccount]:
    return [
        schemas.SampleAccount(login=one.login, password=town.PASSWORD, role=one.role, name=one.name)
        for one in town.STAFF
        if one.shown
    ]


def _say(text: str) -> None:
    print(f"• {text}", flush=True)


# --- the commands ------------------------------------------------------------------------------------------


async def serve(settings: Settings) -> int:
    """`callengine run`: until SIGINT or SIGTERM, or until a part fails."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    engine = Engine(settings)
    try:
        starting = asyncio.ensure_future(engine.start())
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait((starting, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            await asyncio.wait((starting,))  # half-started parts must be known before they are stopped
            return 130
        await starting
        print(f"callengine ready http://{settings.http.host}:{engine.port}", flush=True)
        await asyncio.wait((engine.failed, stopped), return_when=asyncio.FIRST_COMPLETED)
        if engine.failed.done():
            engine.failed.result()
        return 0
    finally:
        await engine.stop()


@contextlib.asynccontextmanager
async def opened_store(settings: Settings) -> AsyncIterator[Store]:
    """The migrated database, for a command beside a running engine."""
    await asyncio.to_thread(migrate, settings.store.url)
    store = Store(settings.store.url)
    try:
        yield store
    finally:
        await store.close()


async def migrate_store(settings: Settings) -> str:
    await asyncio.to_thread(migrate, settings.store.url)
    return "the database has this release's schema"


async def import_file(settings: Settings, kind: str, file: Path, *, dry_run: bool) -> ImportReport:
    """`callengine import`. What follows for tickets of a file of staff the engine does, now or when it next runs."""
    locale, clock = settings.locale, SystemClock()

    async def promise(tx: Tx, fact: StaffLeft) -> None:
        await set_timer(tx, STAFF_LEFT, "import", clock.now())

    async with opened_store(settings) as store:
        store.within.setdefault(StaffLeft, []).append(promise)
        access = AccessService(store, clock)
        imports = Imports(
            store,
            clock,
            ZoneInfo(locale.timezone),
            country=locale.country,
            city_code=locale.city_code,
            hash_password=access.hash_password,
            end_sessions=access.end_sessions,
        )
        with await asyncio.to_thread(open, file, "rb") as stream:
            try:
                return await imports.import_csv(kind, stream, dry_run)
            finally:
                access.close()


async def create_token(
    settings: Settings, name: str, role: str, *, organisation_id: int | None, staff_id: int | None
) -> str:
    async with opened_store(settings) as store:
        access = AccessService(store, SystemClock())
        try:
            return await access.create_token(name, role, organisation_id=organisation_id, staff_id=staff_id)
        finally:
            access.close()


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """`callengine doctor`: reads only."""
    from callengine.pbx.doctor import examine_pbx
    from callengine.pbx.doctor_speech import examine_speech

    pbxs, prompts = settings.pbxs, None
    if settings.pbx.mode == "sandbox":
        # The sandbox makes its own secret: it is kept beside it.
        sandbox = await SandboxPbx(settings, tell=_say).prepare()
        pbxs, prompts = [sandbox.joined(), *settings.pbx.more], sandbox.speech_dir[0]
    async for finding in examine_pbx(settings, pbxs):
        yield finding
    async for finding in examine_speech(settings, prompts):
        yield finding


async def sandbox_only(settings: Settings) -> int:
    """`callengine sandbox`: the private Asterisk in the foreground."""
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    pbx = SandboxPbx(settings, tell=_say)
    await pbx.prepare()
    await pbx.start()
    try:
        print(f"sandbox ready sip:127.0.0.1:{pbx.sip_port} ami:127.0.0.1:{pbx.ami_port}", flush=True)
        await stop.wait()
    finally:
        await pbx.stop()
    return 0


async def demo(settings: Settings, *, calls_per_minute: float, seconds: float, seed: int, operators: int) -> int:
    """`callengine demo`: life-like calls on a running sandbox."""
    street = Street(
        settings.sandbox.model_copy(update={"simulated_residents": False}), language=settings.locale.language, seed=seed
    )
    await street.start()
    try:
        async with opened_store(settings) as store:
            numbers = shuffled(await DirectoryService(store, SystemClock()).sample_numbers(200), seed)
        extensions = [str(101 + n) for n in range(operators)]
        language = settings.locale.language
        live = Demo(
            street, numbers, calls_per_minute=calls_per_minute, operators=extensions, language=language, seed=seed
        )
        _say(f"{calls_per_minute:g} calls a minute, {operators} operators; Ctrl+C ends it")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds or None):
                await live.run()
    finally:
        await street.stop()
    return 0


async def robot_switch(settings: Settings, verb: str, reason: str) -> str:
    """`callengine robot halt|resume|state`: the row stands in the database, so it holds for every engine at once."""
    async with opened_store(settings) as store:
        switch = Switch(store, SystemClock())
        if verb == "resume":
            lifted = await switch.resume(COMMAND_LINE)
            return "the robot may call again" if lifted else "the robot was not halted"
        halt = await switch.halt(COMMAND_LINE, reason) if verb == "halt" else await switch.state()
    if halt is None:
        return "the robot may call"
    why = f": {halt.reason}" if halt.reason else ""
    return f"the robot calls nobody since {rfc3339(halt.halted_at)}, halted by {halt.halted_by}{why}"


async def speak_static(settings: Settings, *, only_look: bool) -> AsyncIterator[str]:
    """`callengine speech prepare|state`: a line for each prompt that is spoken, and how they stand. Raises NoVoice."""
    folder = None
    if settings.pbx.mode == "sandbox":
        folder = SandboxPbx(settings, tell=_say).instance_dir / "spool/robot"
    voice = voice_of(settings.speech, folder)
    async with opened_store(settings) as store:
        prompts = StaticPrompts(voice, ScriptsService(store, SystemClock()))
        yield f"{voice.engine} speaks, into {folder or settings.speech.dir}"
        if only_look:
            await prompts.missing()
        else:
            async for one in prompts.speak():
                yield f"{one.done}/{one.of} {one.language}: {one.problem or one.text}"
        standing = prompts.standing
        ready = standing.total - (standing.missing or 0)
        yield f"{ready} of {standing.total} static prompts are ready, {standing.failed} cannot be spoken"


def replay_tape(settings: Settings, tape: Path) -> Iterator[CallFact]:
    """The facts that the tracker tells of a recorded AMI tape."""
    from callengine.pbx.replay import facts_of_tape

    with open(tape, encoding="utf-8") as lines:
        yield from facts_of_tape(lines, settings.locale)
