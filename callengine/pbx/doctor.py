"""`callengine doctor`: looks at a PBX, changes nothing, and says line by line what to mend (F16)."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Literal, NamedTuple

from callengine.clock import Clock, SystemClock
from callengine.config import OnePbx, Settings
from callengine.errors import EngineError
from callengine.pbx import consult, ledger
from callengine.pbx.ami import AmiLink, LinkLimits, LinkState
from callengine.pbx.originate import TRANSFER_CONTEXT
from callengine.pbx.wire import RawEvent
from callengine.tasks import Tasks

LINK_SECONDS = 15.0
LISTEN_SECONDS = 5.0
SUPPORTED = range(16, 23)

# How a caller wants his number shown; a channel has it before the first step of the dialplan.
PRESENTATION = "CALLERID(num-pres)"
# What the engine does, the class of manager.conf's `write` that allows it, and why it is needed.
RIGHTS = (
    ("CoreShowChannels", "system", "to see the calls again after a break"),
    ("DBGetTree", "system", "to read the ledger of calls that came while the engine was away"),
    ("DBDelTree", "system", "to clear the ledger once its calls are saved"),
    ("QueueStatus", "reporting", "to see the queues"),
    ("Originate", "originate", "to call from the desk"),
    ("Redirect", "call", "to transfer a call"),
    ("Hangup", "call", "to hang up"),
    ("Atxfer", "call", "to transfer warmly: the operator speaks with 112 first"),
    ("CancelAtxfer", "call", "to take the resident back out of a warm transfer"),
    ("Setvar", "call", "to say whom a warm transfer shall ring"),
    ("QueuePause", "agent", "to pause an operator"),
)
EXCESS = (("Command", "command"), ("UpdateConfig", "config"))
READ_CLASSES = ("call", "agent", "user", "system")
CONTEXTS = (
    "callengine-inbound",
    "callengine-operators",
    "callengine-queue-keys",
    "callengine-hangup",
    "callengine-member",
    TRANSFER_CONTEXT,
    consult.CONTEXT,
)
MODULES = (
    "app_queue",
    "app_mixmonitor",
    "app_stack",
    "app_userevent",
    "res_agi",
    "func_db",
    "func_uri",
    "func_strings",
)
ROBOT_MODULES = ("app_amd", "app_playtones")
_UNREACHABLE = ("0", "4", "5")  # AST_DEVICE_ UNKNOWN, INVALID, UNAVAILABLE
SKEW_WARN, SKEW_FAIL = 1.0, 30.0
FREE_BYTES = 1 << 30


class Finding(NamedTuple):
    """One line of the report: what was found and, unless it is well, what to change."""

    level: Literal["ok", "warn", "fail"]
    what: str
    change: str = ""

    @property
    def is_failure(self) -> bool:
        return self.level == "fail"

    def __str__(self) -> str:
        mark = {"ok": "  ok  ", "warn": " warn ", "fail": " FAIL "}[self.level]
        return f"[{mark}] {self.what}" + (f"\n         → {self.change}" if self.change else "")


def _ok(what: str) -> Finding:
    return Finding("ok", what)


def _warn(what: str, change: str) -> Finding:
    return Finding("warn", what, change)


def _fail(what: str, change: str) -> Finding:
    return Finding("fail", what, change)


async def examine_pbx(
    settings: Settings,
    pbxs: Sequence[OnePbx] | None = None,
    *,
    clock: Clock | None = None,
    listen_seconds: float = LISTEN_SECONDS,
) -> AsyncIterator[Finding]:
    """All findings on each PBX, as they come. `pbxs` when the settings do not hold them all (the sandbox's secret)."""
    for pbx in settings.pbxs if pbxs is None else pbxs:
        patient = _Patient(settings, pbx, clock or SystemClock(), listen_seconds)
        async with contextlib.aclosing(patient.examine()) as findings:
            async for finding in findings:
                yield finding


class _Patient:
    """One PBX under examination, over a link of its own."""

    def __init__(self, settings: Settings, pbx: OnePbx, clock: Clock, listen_seconds: float) -> None:
        self.settings, self.pbx, self.clock, self.listen_seconds = settings, pbx, clock, listen_seconds
        self.heard: list[RawEvent] = []
        self.something, self.tried = asyncio.Event(), asyncio.Event()
        self.link = AmiLink(
            pbx, clock, on_events=self._hear, on_state=self._state, limits=LinkLimits(backoff_seconds=LINK_SECONDS)
        )
        self.user = f"[{pbx.ami_user}] in the PBX's manager.conf"

    async def _hear(self, events: list[RawEvent]) -> None:
        self.heard += events[:100]
        self.something.set()

    async def _state(self, state: LinkState, at: object, problem: str) -> None:
        if state is not LinkState.CONNECTING:
            self.tried.set()

    async def examine(self) -> AsyncGenerator[Finding, None]:
        tasks = Tasks()
        tasks.start(self.link.run(), name="doctor-link")
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.tried.wait(), LINK_SECONDS)
            where = f"{self.pbx.ami_host}:{self.pbx.ami_port}"
            if self.link.state is not LinkState.UP:
                change = "start the PBX, or mend [pbx] ami_host, ami_port, ami_user, ami_secret; then ask again"
                yield _fail(f"{self.pbx.name}: no link to {where}: {self.link.problem or 'no answer'}", change)
                return
            yield _ok(f"{self.pbx.name}: logged in at {where} as {self.pbx.ami_user} (AMI {self.link.version})")
            for check in self._checks():
                try:
                    for finding in await check():
                        yield finding
                except EngineError as error:
                    name = check.__name__.removeprefix("_").replace("_", " ")
                    yield _warn(f"{name}: could not be examined: {error.detail}", "mend what is above, then ask again")
        finally:
            await self.link.close()
            await tasks.close()

    def _checks(self) -> list[Callable[[], Awaitable[list[Finding]]]]:
        return [
            self._version,
            self._rights,
            self._manager,
            self._events,
            self._clock,
            self._modules,
            self._robot,
            self._contexts,
            self._queue,
            self._recordings,
            self._fastagi,
            self._ledger,
        ]

    # --- single checks -----------------------------------------------------------------------------------

    async def _version(self) -> list[Finding]:
        text = (await self.link.action("CoreSettings")).headers.get("AsteriskVersion", "")
        major = text.split(".")[0]
        if major.isdecimal() and int(major) in SUPPORTED:
            return [_ok(f"Asterisk {text}")]
        return [_warn(f"Asterisk {text or 'of unknown version'}", "callengine is tried with Asterisk 16 to 22")]

    async def _rights(self) -> list[Finding]:
        allowed = (await self.link.action("ListCommands")).headers
        found: list[Finding] = []
        for action, right, why in RIGHTS:
            if action not in allowed:
                found.append(_fail(f"{action} is not permitted: it is needed {why}", self._add("write", right)))
        for action, right in EXCESS:
            if action in allowed:
                change = f"take `{right}` out of the write line of {self.user}"
                found.append(_warn(f"the engine may do more than it needs: {action}", change))
        return found or [_ok(f"all {len(RIGHTS)} rights are there, and none too many")]

    def _add(self, line: str, right: str) -> str:
        return f"add `{right}` to the {line} line of {self.user}, then: manager reload"

    async def _manager(self) -> list[Finding]:
        """What manager.conf says of our user: the only way to see the read classes without a call."""
        general = await self._config("manager.conf", "general")
        ours = await self._config("manager.conf", self.pbx.ami_user)
        found: list[Finding] = []
        if not any(_yes(value) for key, value in general if key == "timestampevents"):
            change = "timestampevents = yes in [general] of manager.conf, then: manager reload"
            found.append(_fail("events carry no time: late ones would get a wrong one", change))
        if not any(PRESENTATION in value for key, value in general if key == "channelvars"):
            change = f"channelvars = {PRESENTATION} in [general] of manager.conf, then: manager reload"
            found.append(_fail("who hides his number and hangs up at once would be seen with it", change))
        read = {part.strip() for key, value in ours if key == "read" for part in value.split(",")}
        for right in READ_CLASSES if ours else ():
            if not {right, "all"} & read:
                found.append(_fail(f"events of class `{right}` do not come", self._add("read", right)))
        if ours and not any(key.startswith("eventfilter") for key, _ in ours):
            change = f"take the eventfilter lines of dialplan/manager.conf into {self.user}"
            found.append(_warn("no event filter: the PBX sends twice what is needed", change))
        return found or [_ok("manager.conf: times, classes and the event filter are right")]

    async def _config(self, file: str, category: str) -> list[tuple[str, str]]:
        reply = await self.link.action("GetConfig", {"Filename": file, "Category": category})
        lines = (value.partition("=") for key, value in reply.headers.items() if key.startswith("Line-"))
        return [(key.strip().lower(), value.strip()) for key, _, value in lines]

    async def _events(self) -> list[Finding]:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.something.wait(), self.listen_seconds)
        if not self.heard:
            what = f"no event came within {self.listen_seconds:g} s, not even the PBX's own greeting"
            return [_fail(what, f"read = {','.join(READ_CLASSES)} for {self.user}, then: manager reload")]
        return [_ok(f"events arrive (the first was {self.heard[0].name})")]

    async def _clock(self) -> list[Finding]:
        reply = await self.link.action("Ping")
        skew = self.link.figures.skew_seconds
        if skew is None or "Timestamp" not in reply.headers:
            return [_warn("the PBX does not tell its time", "look that its clock is right (chronyc tracking)")]
        what = f"the PBX's clock is {abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} ours"
        if corrected := self.link.pbx_clock.corrected_seconds:
            what += f"; the engine takes {corrected:+.1f} s out of every time that the PBX tells"
        change = (
            "let both machines keep time (chrony or systemd-timesyncd): the PBX's own opening hours, logs and files "
            "stay wrong by that"
        )
        if abs(skew) >= SKEW_FAIL:
            return [_fail(what, change)]
        return [_warn(what, change)] if abs(skew) >= SKEW_WARN else [_ok("both clocks agree")]

    async def _modules(self) -> list[Finding]:
        missing = [module for module in MODULES if not await self._is_loaded(module)]
        if missing:
            return [_fail(f"not loaded: {', '.join(missing)}", "load them in the PBX's modules.conf, then restart it")]
        return [_ok("the modules that the dialplan needs are loaded")]

    async def _robot(self) -> list[Finding]:
        """What the robot's calls use beside the dialplan's own modules."""
        missing = [one for one in ROBOT_MODULES if not await self._is_loaded(one)]
        found = []
        if "app_amd" in missing:
            change = (
                "load app_amd in the PBX's modules.conf: without it the robot talks to answering machines to the end"
            )
            found.append(_warn("no hint of answering machines: app_amd is not loaded", change))
        if "app_playtones" in missing:
            change = "load app_playtones in the PBX's modules.conf"
            found.append(_warn("no tone before a spoken comment: app_playtones is not loaded", change))
        return found or [_ok("the PBX has what the robot uses: app_amd, app_playtones")]

    async def _is_loaded(self, module: str) -> bool:
        try:
            await self.link.action("ModuleCheck", {"Module": module})
        except EngineError:
            return False
        return True

    async def _contexts(self) -> list[Finding]:
        found: list[Finding] = []
        for context in (*CONTEXTS, self.pbx.outbound_context):
            answer = await self._variable(f"DIALPLAN_EXISTS({context})")
            if answer == "0":
                change = '#include "callengine/callengine.conf" in the PBX\'s extensions.conf, then: dialplan reload'
                found.append(_fail(f"the dialplan has no context {context}", change))
            elif answer != "1":
                return [_warn("the dialplan could not be examined", "load func_dialplan in the PBX's modules.conf")]
        return found or [_ok("the dialplan has all contexts of callengine")]

    async def _variable(self, name: str) -> str:
        return (await self.link.action("Getvar", {"Variable": name})).headers.get("Value", "")

    async def _queue(self) -> list[Finding]:
        events = (await self.link.action("QueueStatus", {"Queue": self.pbx.queue})).events
        if not any(e.get("Event") == "QueueParams" for e in events):
            change = "see dialplan/queues.conf, then: queue reload all; or mend [pbx] queue"
            return [_fail(f"the PBX has no queue {self.pbx.queue}", change)]
        members = [e for e in events if e.get("Event") == "QueueMember"]
        if not members:
            return [_fail(f"queue {self.pbx.queue} has no members", "member => PJSIP/101 in the PBX's queues.conf")]
        here = [e for e in members if e.get("Status") not in _UNREACHABLE]
        wrong = [e for e in members if not self._is_phone(e.get("Location", ""))]
        found = [_ok(f"queue {self.pbx.queue}: {len(here)} of {len(members)} phones are there")]
        if not here:
            change = "register an operator's phone; until then every caller is told that nobody is there"
            found = [_warn(f"queue {self.pbx.queue}: none of {len(members)} phones is registered", change)]
        if wrong:
            change = f"members like {self.pbx.operator_phone}, or mend [pbx] operator_phone"
            found.append(_warn(f"member {wrong[0].get('Location')} is not how we dial an operator", change))
        return found

    def _is_phone(self, location: str) -> bool:
        before, _, after = self.pbx.operator_phone.partition("{extension}")
        return location.startswith(before) and location.endswith(after)

    async def _recordings(self) -> list[Finding]:
        theirs = await self._variable("ASTSPOOLDIR")
        if not self.pbx.recordings_dir:
            change = "same machine: [pbx] recordings_dir = the PBX's monitor folder; another one: the upload script"
            what = f"recordings stay in {theirs or 'the spool folder of the PBX'}/monitor until a script uploads them"
            return [_warn(what, change)]
        folder = Path(self.pbx.recordings_dir)
        if not folder.is_dir() or not os.access(folder, os.R_OK | os.X_OK):
            change = f"the PBX writes to {theirs}/monitor: mend [pbx] recordings_dir, or let the engine read it"
            return [_fail(f"{folder} is no folder that we can read", change)]
        free = shutil.disk_usage(folder).free
        if free < FREE_BYTES:
            return [_fail(f"{free >> 20} MiB are free for recordings", f"make room on the disk of {folder}")]
        return [_ok(f"recordings are read from {folder}; {free >> 30} GiB are free")]

    async def _fastagi(self) -> list[Finding]:
        """From the PBX's point of view: what its dialplan dials, and whether that is where we are."""
        there = await self._variable("CE_FASTAGI")
        if not there:
            change = f"CE_FASTAGI={self.settings.pbx.fastagi_host}:{self.settings.pbx.fastagi_port} in callengine.conf"
            return [_warn("the dialplan does no lookup: CE_FASTAGI is empty", change)]
        host, _, port = there.rpartition(":") if ":" in there else (there, "", "4573")
        own = self.link.own_address
        if _is_loopback(host) and not _is_loopback(own):
            change = f"CE_FASTAGI={own}:{port} in callengine.conf, and [pbx] fastagi_host = that address"
            return [_fail(f"the PBX would look for the engine at {there}, which is the PBX itself", change)]
        wanted = getattr(self.pbx, "fastagi_port", self.settings.pbx.fastagi_port)
        if port != str(wanted):
            return [_fail(f"the dialplan dials {there}, the engine listens at {wanted}", "make both ports the same")]
        if not await _answers(host, int(port)):
            change = "start the engine (`callengine run`); if it runs: mend [pbx] fastagi_host and the firewall"
            return [_warn(f"nobody answers FastAGI at {there}: callers stay unknown, calls go on", change)]
        if host != own and not _is_loopback(host):
            change = f"on the PBX try: nc -vz {host} {port}"
            return [_warn(f"FastAGI answers at {there}; the PBX sees us at {own}, so this is not proven", change)]
        return [_ok(f"FastAGI answers at {there}, which is where the PBX sees us")]

    async def _ledger(self) -> list[Finding]:
        read = await ledger.read(self.link)
        found: list[Finding] = []
        if read.bad:
            row = read.bad[0]
            change = f"look at it on the PBX: database show callengine ({row.problem})"
            found.append(_warn(f"{len(read.bad)} ledger rows cannot be read, such as {row.key}", change))
        old = self.clock.now() - timedelta(hours=1)
        stale = [c for c in read.calls.values() if c.end is not None and c.end.at < old]
        if stale:
            change = "the engine clears them each minute: does it run, and does its log complain?"
            found.append(_warn(f"{len(stale)} finished calls wait in the ledger for more than an hour", change))
        return found or [_ok(f"the ledger is readable: {len(read.calls)} calls are in it")]


def _yes(value: str) -> bool:
    return value.lower() in ("yes", "true", "y", "t", "1", "on")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _answers(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 3)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
