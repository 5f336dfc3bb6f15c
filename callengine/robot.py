"""The voice robot wired to the telephones: each PBX's way out and its lines, the voice, the dialler, FastAGI's `robot`.

Wiring, no rules of its own: those are in outreach/, what is said is in menus/.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from callengine.api.services import Services
from callengine.bridge import Bridge
from callengine.calls.events import CallArrived, CallEnded, RobotTold
from callengine.calls.model import Direction
from callengine.config import Speech
from callengine.errors import EngineError
from callengine.menus.ears import Ears
from callengine.menus.line import Caller
from callengine.menus.listening import LineEars
from callengine.menus.outcome import Outcome
from callengine.outreach.dialer import Dialer
from callengine.outreach.events import OutreachSettled, RobotCalled
from callengine.outreach.model import AttemptState, Occupied
from callengine.outreach.prompts import StaticPrompts
from callengine.outreach.talks import RobotLine, Talks
from callengine.pbx.fastagi import AgiCall
from callengine.pbx.originate import Response
from callengine.speech.asr import NoAsr
from callengine.speech.hearing import LiveAsr
from callengine.speech.voice import NoVoice, Voice, VoiceSettings
from callengine.store.database import Store, Tx
from callengine.tickets.by_phone import StatusByPhone
from callengine.tickets.events import TicketMoved, TicketWayChanged

log = logging.getLogger(__name__)

TIDY_SECONDS = 86_400


class BridgeLines:
    """Who has the outside lines of a PBX now, by its tracker: nothing is asked, nothing is waited for."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def occupied(self) -> Occupied:
        outside = [call for call in self._bridge.tracker.live() if call.direction is not Direction.INTERNAL]
        unanswered = [c for c in outside if c.direction is Direction.INBOUND and c.answered_at is None]
        robots = frozenset(call.request_id for call in outside if call.robot and call.request_id)
        return Occupied(lines=len(outside), waiting=len(unanswered), robots=robots)


def voice_of(settings: Speech, folder: Path | None = None, seen_as: str = "") -> Voice:
    """The robot's voice; `folder` and `seen_as` instead of the configured ones, for the sandbox's own PBX."""
    voices = {"ru": settings.voice_ru, "en": settings.voice_en}
    chosen = VoiceSettings(
        engine=settings.engine,
        voices={language: name for language, name in voices.items() if name},
        rate=settings.rate,
        deadline_seconds=settings.deadline_seconds,
        at_once=settings.at_once,
    )
    return Voice(folder or settings.dir, chosen, seen_as=seen_as or settings.pbx_dir)


class Heard:
    """Answers said aloud on the lines of PBXs whose recordings the engine sees; on all others keys alone."""

    def __init__(self, recogniser: LiveAsr, folders: Mapping[str, str]) -> None:
        self._recogniser, self._folders = recogniser, folders

    def warm(self) -> None:
        self._recogniser.warm()

    def ears(self, line: RobotLine, pbx: str, said: str, language: str) -> Ears | None:
        folder = self._folders.get(pbx, "")
        if not folder or not isinstance(line, AgiCall):
            return None
        return LineEars(line, self._recogniser, Path(folder), said, language)


def recogniser_of(settings: Speech) -> LiveAsr | None:
    """What hears answers, None when it is off. A model or a library that is missing is told, and keys are asked for."""
    if not settings.asr_model or not settings.asr_answers:
        return None
    try:
        return LiveAsr(Path(settings.asr_model), seconds=settings.asr_answer_seconds)
    except NoAsr as error:
        log.error("answers are not heard: %s", error.detail, extra={"action": "asr_off"})
        return None


class RobotCaller:
    """The robot of one engine: `recover` before the links, then `run` beside them; `hold` is FastAGI's `robot`."""

    def __init__(self, services: Services, bridges: Sequence[Bridge], voice: Voice) -> None:
        self._outreach, self._recordings = services.outreach, services.recordings
        self._voice, self._keep_days = voice, services.settings.speech.keep_days
        self._status, self._language = services.settings.status, services.settings.locale.language
        self._by_phone = StatusByPhone(
            services.tickets,
            ZoneInfo(services.settings.locale.timezone),
            service=services.settings.outreach.service,
            people=self._people,
            shared_in_full=self._status.shared_in_full,
        )
        self._directory = services.directory
        services.previews.voice = voice
        self.prompts = StaticPrompts(voice, services.scripts)
        services.notices.attach_robot(services.outreach)
        settings = services.settings.outreach
        self._meters = services.meters
        self._recogniser = recogniser_of(services.settings.speech)
        folders = {bridge.name: bridge.settings.recordings_dir for bridge in bridges}
        self.talks = Talks(
            services.outreach,
            services.scripts,
            settings,
            say=voice.say,
            ahead=voice.ahead,
            meters=services.meters.spoken,
            hearing=Heard(self._recogniser, folders) if self._recogniser else None,
        )
        services.robot_job = self.talks.for_script
        self.dialer = Dialer(
            services.store,
            services.clock,
            settings,
            services.outreach,
            robots={bridge.name: bridge.phones for bridge in bridges},
            lines={bridge.name: BridgeLines(bridge) for bridge in bridges},
            prepare=self.talks.prepare,
        )

    def react(self, store: Store) -> None:
        """Its share of the reactions within transactions."""
        outreach = self._outreach
        store.within.setdefault(TicketMoved, []).append(outreach.on_ticket_moved)
        store.within.setdefault(TicketWayChanged, []).append(outreach.on_way_changed)
        store.within.setdefault(CallArrived, []).append(outreach.on_call)
        store.within.setdefault(CallEnded, []).append(outreach.on_call)
        store.within.setdefault(RobotTold, []).append(outreach.on_robot_told)
        store.within.setdefault(RobotCalled, []).append(self._commented)
        store.within.setdefault(OutreachSettled, []).append(self._meters.on_called)

    async def _commented(self, tx: Tx, fact: RobotCalled) -> None:
        """The spoken comment is fetched from the PBX, checked and kept like any recording of the call."""
        attempt = fact.attempt
        if attempt.comment and attempt.pbx_call_id is not None:
            await self._recordings.announce_comment(
                tx, pbx=attempt.pbx, call_id=attempt.pbx_call_id, file_name=f"{attempt.comment}.wav"
            )
        if attempt.state is AttemptState.SETTLED and attempt.facts and attempt.pbx_call_id is not None:
            # And what he said in answer stands beside the answer, for who doubts that it was heard rightly.
            outcome = Outcome.from_facts(attempt.facts)
            for file in filter(None, map(outcome.audio, outcome.spoken)):
                await self._recordings.announce_comment(
                    tx, pbx=attempt.pbx, call_id=attempt.pbx_call_id, file_name=f"{file}.wav"
                )

    async def _people(self, number: str) -> int:
        return len(await self._directory.candidates(number))

    async def close(self) -> None:
        if self._recogniser is not None:
            await self._recogniser.close()

    @property
    def engine_name(self) -> str:
        """What speaks, "" when nothing can."""
        try:
            return self._voice.engine
        except NoVoice:
            return ""

    async def hold(self, call: AgiCall) -> None:
        await self.talks.hold(call)

    async def tell_status(self, call: AgiCall) -> None:
        """FastAGI's `status`: a resident's own call hears of his open tickets. Switched off, the dialplan goes on."""
        if self._status.enabled:
            await self._by_phone.answer(call, self._voice.say, self._language)

    async def prepare_status(self, caller: Caller) -> None:
        """Speak what he may hear while he listens to the greeting; the engine lives without it."""
        try:
            if self._status.enabled and (texts := await self._by_phone.texts(caller, self._language)):
                await self._voice.ahead(self._language, texts)
        except EngineError as error:
            told = {"action": "status_not_prepared"}
            log.warning("the state of tickets was not spoken ahead: %s", error.detail, extra=told)

    async def recover(self) -> None:
        await self.dialer.recover()

    async def run(self) -> None:
        await self.dialer.run()

    async def tidy(self) -> None:
        """For ever: each day what was said so long ago that nobody needs it; names and addresses are in it."""
        while True:
            try:
                gone = await asyncio.to_thread(self._voice.forget_unused, self._keep_days)
                log.info("prompts deleted", extra={"action": "prompts_forgotten", "files": gone})
            except OSError as error:
                # A folder that cannot be read is no reason to end the telephones.
                log.warning("old prompts stay: %s", error, extra={"action": "prompts_stay"})
            await asyncio.sleep(TIDY_SECONDS)

    async def resynced(self, pbx: str) -> None:
        """The PBX answers again: what was in doubt is looked for there."""
        await self.dialer.settle_unknown(pbx)
        self.dialer.wake()

    async def on_response(self, response: Response) -> None:
        await self._outreach.on_response(response.request_id, succeeded=response.succeeded, reason=response.reason)
