"""All that the routes need, named once; app.py of the engine fills it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from callengine.access.service import AccessService
from callengine.api.journal_filter import written
from callengine.api.live import LiveHub
from callengine.api.schemas import Health, SampleAccount
from callengine.api.views import Views
from callengine.calls.reach import ReachService
from callengine.clock import Clock
from callengine.config import Settings
from callengine.directory.by_link import ReadingsByLink
from callengine.directory.houses import HousesService
from callengine.directory.imports import Imports
from callengine.directory.merges import MergesService
from callengine.directory.meters import MetersService
from callengine.directory.readings import ReadingsService
from callengine.directory.residents import ResidentsService
from callengine.directory.staff import StaffService
from callengine.errors import EngineError
from callengine.menus.jobs import Job
from callengine.notices.service import NoticesService
from callengine.outreach.campaigns import CampaignsService
from callengine.outreach.followup import FollowUp
from callengine.outreach.optouts import OptOuts
from callengine.outreach.preview import Previews
from callengine.outreach.ratings import RatingsService
from callengine.outreach.scripts import ScriptsService
from callengine.outreach.service import OutreachService
from callengine.outreach.surveys import SurveysService
from callengine.outreach.switch import Switch
from callengine.recordings.marks import MarksService
from callengine.store.database import Store
from callengine.tickets.calendar_service import CalendarService
from callengine.tickets.classifier_service import ClassifierService
from callengine.tickets.contracts import ContractsService
from callengine.tickets.exports import ExportsService
from callengine.tickets.filters import FiltersService
from callengine.tickets.join import JoinService
from callengine.tickets.journal import JournalService
from callengine.tickets.misroutes import MisroutesService
from callengine.tickets.standing import RemindersService
from callengine.tickets.support import SupportService
from callengine.tickets.ways import WaysService

if TYPE_CHECKING:
    from callengine.callbacks.service import CallbacksService
    from callengine.calls.coverage import CoverageService
    from callengine.calls.dialling import DiallingService
    from callengine.calls.handovers import HandoversService
    from callengine.calls.service import CallsService
    from callengine.directory.service import DirectoryService
    from callengine.recordings.service import RecordingsService
    from callengine.tickets.files import FilesService
    from callengine.tickets.links import LinksService
    from callengine.tickets.moves import MovesService
    from callengine.tickets.rulebook import Rulebook
    from callengine.tickets.service import TicketsService

log = logging.getLogger(__name__)
WEB = Path(__file__).resolve().parent.parent / "web" / "dist"


class Phone(Protocol):
    """What the desk asks of the PBX by hand. Each raises PbxLost, PbxRefused or Refused."""

    async def answer(self, call_id: int, extension: str) -> None: ...

    async def hang_up(self, call_id: int) -> None: ...

    async def transfer(self, call_id: int, to: str) -> None: ...

    async def hold(self, call_id: int, *, on: bool) -> None: ...

    async def pause(self, extension: str, *, paused: bool, reason: str) -> None: ...

    async def demo(self, kind: str) -> None: ...


@dataclass(kw_only=True)
class Services:
    """Build it in app.py, hand it to `build_app`."""

    store: Store
    clock: Clock
    settings: Settings
    access: AccessService
    calls: CallsService
    callbacks: CallbacksService
    dialling: DiallingService
    handovers: HandoversService
    directory: DirectoryService
    tickets: TicketsService
    book: Rulebook  # the one that the tickets' services ask
    moves: MovesService
    files: FilesService
    links: LinksService
    recordings: RecordingsService
    coverage: CoverageService
    live: LiveHub
    health: Callable[[], Awaitable[Health]]
    phone: Phone
    robot_job: Callable[[str], Awaitable[Job | None]] | None = None  # by request id; None: the robot does not call
    sandbox: bool = False
    sample_accounts: list[SampleAccount] = field(default_factory=list)
    web_dir: Path = WEB

    def __post_init__(self) -> None:
        locale = self.settings.locale
        zone = ZoneInfo(locale.timezone)
        self.contracts = ContractsService(store=self.store, clock=self.clock, language=locale.language)
        self.misroutes = MisroutesService(store=self.store, clock=self.clock, book=self.book, contracts=self.contracts)
        self.calendar = CalendarService(store=self.store, clock=self.clock, book=self.book)
        self.views = Views(self)
        self.marks = MarksService(self.store, self.clock)
        self.joins = JoinService(self.store, self.clock, country=locale.country, city_code=locale.city_code)
        self.classifier = ClassifierService(self.store, self.clock)
        self.reach = ReachService(self.store, country=locale.country, city_code=locale.city_code)
        names = {"country": locale.country, "city_code": locale.city_code}
        self.journal = JournalService(self.store, self.clock, **names)
        self.filters = FiltersService(self.store, self.clock)
        self.reminders = RemindersService(self.store, self.clock)
        self.ways = WaysService(self.store, self.clock)
        self.support = SupportService(self.store, self.clock)
        self.notices = NoticesService(self.store, self.clock, self.settings)
        self._add_robot(names)
        self.exports = ExportsService(
            self.store,
            self.clock,
            self.journal,
            self.settings.exports,
            zone,
            lambda parameters, now: written(parameters, now, zone),
        )
        self.houses = HousesService(self.store, self.clock)
        self.residents = ResidentsService(self.store, self.clock, **names)
        self.merges = MergesService(self.store, self.clock)
        self.readings = ReadingsService(self.store)
        self.meters = MetersService(self.store, self.clock, locale)
        self.by_link = ReadingsByLink(self.clock, self.settings.meters, locale, self.links, self.meters)
        access = self.access
        self.staff = StaffService(
            self.store, self.clock, hash_password=access.hash_password, end_sessions=access.end_sessions, **names
        )
        self.imports = Imports(
            self.store,
            self.clock,
            zone,
            country=locale.country,
            city_code=locale.city_code,
            hash_password=access.hash_password,
            end_sessions=access.end_sessions,
        )

    def _add_robot(self, names: dict[str, str]) -> None:
        """The voice robot's services; who places its calls is wired by the engine (robot.py)."""
        outreach, locale = self.settings.outreach, self.settings.locale
        self.switch = Switch(self.store, self.clock)
        self.opt_outs = OptOuts(self.store, self.clock, **names)
        self.campaigns = CampaignsService(self.store, self.clock, outreach, locale, self.notices.outbox)
        self.ratings = RatingsService(self.store, self.clock, locale)
        self.scripts = ScriptsService(self.store, self.clock)
        self.surveys = SurveysService(self.store, self.clock)
        self.previews = Previews(self.scripts, self.clock, outreach, locale)
        follow_up = FollowUp(self.clock, outreach, self.moves, self.callbacks)
        self.outreach = OutreachService(
            self.store, self.clock, outreach, locale, follow_up=follow_up, opt_outs=self.opt_outs
        )
        self.notices.attach_robot(self.outreach)

    async def pause_phone(self, extension: str, *, paused: bool, reason: str) -> None:
        """The state is saved already: a PBX that does not hear now is told again when its link is back."""
        try:
            await self.phone.pause(extension, paused=paused, reason=reason)
        except EngineError as error:
            log.warning("the queue member was not paused", extra={"action": "pause_failed", "problem": error.detail})
