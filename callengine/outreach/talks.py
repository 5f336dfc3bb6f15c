"""What the robot says on the line: finds the attempt of the call that answered, holds its dialogue, tells its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from callengine.calls.model import ROBOT_REQUEST
from callengine.config import Outreach
from callengine.errors import EngineError
from callengine.menus import dialogues, jobs
from callengine.menus import ears as aloud
from callengine.menus import script as scripts
from callengine.menus.ears import Ears
from callengine.menus.jobs import Job
from callengine.menus.line import HungUp, Line
from callengine.menus.walk import Say
from callengine.outreach.model import CallKind
from callengine.outreach.scripts import ScriptsService
from callengine.outreach.service import OutreachService, Planned
from callengine.speech.voice import Ahead, NoVoice

log = logging.getLogger(__name__)

COMMENT_FOLDER = "callengine"
MetersOf = Callable[[str, str], Awaitable[dict[str, Any]]]
"""(number, language) -> `address` and `meters` of a MeterJob: those of whoever has the number."""

SpeakAhead = Callable[[str, Iterable[str]], Awaitable[Ahead]]
_SERVICE = {"ru": "диспетчерская служба", "en": "the dispatch centre"}


class RobotLine(Line, Protocol):
    """A line that says what the PBX told of it (pbx/fastagi.AgiCall)."""

    env: Mapping[str, str]


class Hearing(Protocol):
    """Answers said aloud (robot.py): `warm` before the call rings, `ears` for the line that answered, None for none."""

    def warm(self) -> None: ...

    def ears(self, line: RobotLine, pbx: str, said: str, language: str) -> Ears | None: ...


class Talks:
    """Handler `robot` of FastAGI. `ahead` speaks what a call may need before it rings, `say` gives it as a prompt."""

    def __init__(
        self,
        service: OutreachService,
        script_texts: ScriptsService,
        settings: Outreach,
        *,
        say: Say,
        ahead: SpeakAhead,
        meters: MetersOf | None = None,
        hearing: Hearing | None = None,
    ) -> None:
        self._service, self._scripts, self._settings = service, script_texts, settings
        self._say, self._ahead, self._meters, self._hearing = say, ahead, meters, hearing

    async def hold(self, line: RobotLine) -> None:
        """The dialogue of one call. A call that is not ours, or is over already, is hung up without a word."""
        request_id = line.env.get("agi_arg_2", "")
        planned = await self._service.begin_dialogue(request_id) if request_id.startswith(ROBOT_REQUEST) else None
        if planned is None:
            log.warning(
                "a robot's call that nobody placed", extra={"action": "robot_unknown", "request_id": request_id}
            )
            await line.hang_up()
            return
        try:
            machine = line.env.get("agi_arg_3", "").upper() == "MACHINE"
            job = replace(await self.job_of(planned), machine=machine)
            outcome = await dialogues.hold(line, self._say, job, self._ears(line, planned, job))
        except asyncio.CancelledError:
            self._service.forget(request_id)
            raise
        except HungUp:
            await self._service.told(request_id, None, "hung up before a word was said")
        except EngineError as error:
            told = {"action": "dialogue_failed", "request_id": request_id, "problem": error.detail}
            log.error("a dialogue could not be held", extra=told)
            await self._service.told(request_id, None, error.detail)
        except Exception as error:
            told = {"action": "dialogue_failed", "request_id": request_id, "problem": type(error).__name__}
            log.exception("a dialogue broke by a fault of the engine", extra=told)
            await self._service.told(request_id, None, f"a fault of the engine: {type(error).__name__}")
        else:
            await self._service.told(request_id, outcome)

    def _ears(self, line: RobotLine, planned: Planned, job: Job) -> Ears | None:
        if self._hearing is None:
            return None
        said = f"{COMMENT_FOLDER}/{planned.attempt.id}-said"
        return self._hearing.ears(line, planned.attempt.pbx, said, job.language)

    async def for_script(self, request_id: str) -> Job | None:
        """The dialogue of a call that a script beside its PBX holds; its outcome comes by the PBX-side ledger.

        None: no call of ours, or one that is over already.
        """
        planned = await self._service.begin_dialogue(request_id) if request_id.startswith(ROBOT_REQUEST) else None
        if planned is None:
            return None
        self._service.forget(request_id)
        return await self.job_of(planned)

    async def prepare(self, planned: Planned) -> None:
        """Have every sentence of the call spoken before it rings. Raises EngineError (NoVoice, Refused)."""
        job = await self.job_of(planned)
        texts = job.texts()
        if self._hearing is not None:
            self._hearing.warm()
            texts += [one for one in aloud.texts(job.language) if one not in texts]
        done = await self._ahead(job.language, texts)
        if done.failed:
            raise NoVoice(f"{len(done.failed)} of the call's sentences could not be spoken: {done.failed[0][:80]!r}")

    async def job_of(self, planned: Planned) -> Job:
        """What the dialogue is told: the call's own facts, the campaign's script, the service's words."""
        call, kind = planned.call, planned.campaign.kind
        raw: dict[str, Any] = {"kind": kind.value, **planned.campaign.script.get("job", {}), **call.facts}
        if kind is CallKind.METER and "meters" not in raw and self._meters is not None:
            # As they stand at this moment: an operator may have written one down since the campaign was made.
            raw |= await self._meters(call.number, call.language)
        raw |= {"language": call.language, "service": service_name(self._settings, call.language)}
        job = jobs.from_raw(_in_zone(raw, ZoneInfo(call.zone)))
        comment = f"{COMMENT_FOLDER}/{planned.attempt.id}-comment" if kind is CallKind.RATING else ""
        own = planned.campaign.script.get("dialogue")
        script = scripts.read(own) if own else await self._scripts.script(kind)
        return replace(job, script=script, comment_file=comment)


def service_name(settings: Outreach, language: str) -> str:
    """Who calls, as the robot says it."""
    return settings.service or _SERVICE.get(language, "")


def _in_zone(raw: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """Moments as the clock of who is called shows them."""
    moments = {name: raw[name] for name in ("due", "begins", "ends") if raw.get(name)}
    return raw | {name: datetime.fromisoformat(at).astimezone(zone).isoformat() for name, at in moments.items()}
