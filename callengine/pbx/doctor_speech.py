"""What `callengine doctor` says of speech and of what is sent: on this machine, reading alone; nothing is sent."""

from __future__ import annotations

import asyncio
import os
import pwd
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from callengine.config import Notices, Settings, Speech
from callengine.pbx.doctor import Finding, _fail, _is_loopback, _ok, _warn
from callengine.speech.asr import NoAsr, check_model
from callengine.speech.voice import NoVoice, Voice, VoiceSettings

_PROC = Path("/proc")


class PbxUser(NamedTuple):
    """Who the PBX runs as on this machine."""

    name: str
    uid: int
    gids: frozenset[int]


async def examine_speech(
    settings: Settings, folder: Path | None = None, *, proc: Path = _PROC
) -> AsyncIterator[Finding]:
    """The voice, its folder, the recogniser, letters and SMS. `folder`: of the prompts, where it is another one."""
    for one in await asyncio.to_thread(lambda: list(_findings(settings, folder, proc))):
        yield one


def _findings(settings: Settings, folder: Path | None, proc: Path) -> Iterator[Finding]:
    yield _voice(settings.speech)
    yield from _prompts(settings.speech, folder or settings.speech.dir, proc)
    yield from _recogniser(settings)
    yield from _letters(settings.notices)
    yield from _sms(settings.notices)
    if (settings.notices.smtp_host or settings.notices.sms) and not _public(settings):
        change = "set [notices] public_url to the address at which people reach the engine"
        yield _warn("links in letters and SMS lead to this machine's own address", change)


def _public(settings: Settings) -> str:
    return settings.notices.public_url or next(iter(settings.http.public_origins), "")


# --- the robot's voice ----------------------------------------------------------------------------------------


def _voice(speech: Speech) -> Finding:
    try:
        engine = Voice(speech.dir, VoiceSettings(engine=speech.engine)).engine
    except NoVoice as error:
        return _fail(f"the robot has no voice: {error.detail}", "install it, or mend [speech] engine; then restart")
    if engine == "espeak-ng" and speech.engine == "auto":
        change = "Debian's rhvoice and rhvoice-russian (non-free) speak like a person; `auto` takes them by itself"
        return _warn("the robot speaks by espeak-ng, which residents understand badly", change)
    return _ok(f"the robot speaks by {engine}")


def _prompts(speech: Speech, folder: Path, proc: Path) -> Iterator[Finding]:
    folder = folder.absolute()
    seen_as = speech.pbx_dir
    if not folder.is_dir():
        change = "start the engine once: it makes the folder and speaks what is the same in every call into it"
        yield _warn(f"there are no prompts in {folder} yet", change)
        return
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield _fail(f"{folder} cannot be written by us", "chown it to the user of the engine, or mend [speech] dir")
    if seen_as and Path(seen_as).absolute() != folder:
        yield _warn(
            f"the PBX looks for prompts in {seen_as}: from here it is not seen whether that is {folder}",
            f"on the PBX try, as its user: ls {seen_as}",
        )
        return
    user = pbx_user(proc)
    if user is None:
        yield _warn(
            f"no Asterisk runs on this machine: it is not known whether it may read {folder}",
            "if it runs elsewhere, share the folder with it and write its path there into [speech] pbx_dir",
        )
    elif (closed := first_closed(folder, user)) is not None:
        change = (
            f"setfacl -m u:{user.name}:rX {closed} (or chmod o+rX {closed}); calls of the robot are silent until then"
        )
        yield _fail(f"the PBX runs as {user.name} and may not read {closed}: it plays no prompt of the robot", change)
    else:
        yield _ok(f"the PBX ({user.name}) reads the prompts in {folder}")


def pbx_user(proc: Path = _PROC) -> PbxUser | None:
    """Of the Asterisk that runs here, None when none does."""
    for status in sorted(proc.glob("[0-9]*/status")):
        try:
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except (OSError, ValueError):
            continue
        if lines.get("Name", "").strip() == "asterisk":
            uid = int(lines["Uid"].split()[1])
            gids = frozenset(map(int, [lines["Gid"].split()[1], *lines.get("Groups", "").split()]))
            return PbxUser(_name_of(uid), uid, gids)
    return None


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def first_closed(folder: Path, user: PbxUser) -> Path | None:
    """The first folder on the way, or a prompt in it, that the user may not read; None when he may read all.

    By owner, group and mode; who has more by an ACL is not seen, and is told to look.
    """
    for place in [*reversed(folder.parents), folder]:
        if not _may(place, user, 0o1 if place != folder else 0o5):
            return place
    inside = [one for one in sorted(folder.iterdir()) if one.is_dir()][:300]
    prompts = [next(iter(sorted(one.glob("*.wav"))), None) for one in inside[:20]]
    closed = [one for one in inside if not _may(one, user, 0o5)]
    closed += [one for one in prompts if one is not None and not _may(one, user, 0o4)]
    return closed[0] if closed else None


def _may(path: Path, user: PbxUser, wanted: int) -> bool:
    if user.uid == 0:
        return True
    found = path.stat()
    shift = 6 if found.st_uid == user.uid else 3 if found.st_gid in user.gids else 0
    return (found.st_mode >> shift) & wanted == wanted


# --- the recogniser -------------------------------------------------------------------------------------------


def _recogniser(settings: Settings) -> Iterator[Finding]:
    speech = settings.speech
    if not speech.asr_model:
        yield _ok("speech is not read (no [speech] asr_model): marks by keys, comments as sound")
        return
    try:
        check_model(Path(speech.asr_model))
    except NoAsr as error:
        yield _fail(error.detail, "mend [speech] asr_model: a folder with a Whisper model in CTranslate2's format")
        return
    if find_spec("faster_whisper") is None:
        yield _fail("the model is there, faster-whisper is not", "pip install 'callengine[asr]' where the engine runs")
        return
    yield _ok(f"speech is read by the model in {speech.asr_model}")
    blind = [pbx.name for pbx in settings.pbxs if not pbx.recordings_dir]
    if speech.asr_answers and blind and settings.pbx.mode != "sandbox":
        change = "set [pbx] recordings_dir where the PBX writes on this machine; on another one keys are the only way"
        yield _warn(f"answers said aloud are not heard on {', '.join(blind)}: its recordings are not here", change)


# --- letters and SMS ------------------------------------------------------------------------------------------


def _letters(it: Notices) -> Iterator[Finding]:
    if not it.smtp_host:
        yield _ok("no letters are sent ([notices] smtp_host is empty)")
        return
    found = list(_smtp_faults(it))
    yield from found or [
        _ok(f"letters go out by {it.smtp_host}:{it.smtp_port} from {it.email_from} (nothing was sent)")
    ]


def _smtp_faults(it: Notices) -> Iterator[Finding]:
    password = it.smtp_password.get_secret_value()
    if it.smtp_user and not password:
        yield _fail(f"smtp_user is {it.smtp_user}, and there is no password", "set [notices] smtp_password")
    if password and not it.smtp_user:
        yield _fail("there is an smtp_password, and nobody to sign in", "set [notices] smtp_user")
    if password and it.smtp_security == "none" and not _is_loopback(it.smtp_host):
        change = 'smtp_security = "starttls" (port 587) or "tls" (port 465)'
        yield _fail(f"the password would go to {it.smtp_host} in clear", change)
    expected = {"tls": 465, "starttls": 587}.get(it.smtp_security)
    if expected and {it.smtp_port, expected} == {465, 587}:
        yield _warn(f'smtp_security = "{it.smtp_security}" on port {it.smtp_port} is unusual', f"try port {expected}")


def _sms(it: Notices) -> Iterator[Finding]:
    if not it.sms:
        yield _ok('no SMS are sent ([notices] sms = "")')
        return
    found = list(_sms_faults(it))
    where = urlsplit(it.sms_url.get_secret_value()).hostname if it.sms == "http" else it.smpp_host
    yield from found or [_ok(f"SMS go out over {it.sms} by {where} (nothing was sent)")]


def _sms_faults(it: Notices) -> Iterator[Finding]:
    if it.sms == "smpp" and not it.smpp_password.get_secret_value():
        yield _fail("there is no password for SMPP", "set [notices] smpp_password")
    if it.sms == "smpp" and not it.smpp_tls and not _is_loopback(it.smpp_host):
        yield _warn(f"SMPP to {it.smpp_host} goes in clear", "smpp_tls = true where the operator has it, or a tunnel")
    body = it.sms_body.get_secret_value()
    if not it.sms_sender and (it.sms == "smpp" or "{sender}" in body):
        yield _warn("SMS have no sender", "set [notices] sms_sender to the name that your operator has registered")
    url = urlsplit(it.sms_url.get_secret_value())
    if it.sms == "http" and url.scheme == "http" and not _is_loopback(url.hostname or ""):
        yield _warn(f"texts and keys go to {url.hostname} in clear", "sms_url with https://")
    if it.sms == "http" and "{id}" not in body and it.sms_repeatable:
        yield _fail("sms_repeatable without {id} in sms_body: a repeated SMS comes twice", 'add "{id}" to sms_body')
