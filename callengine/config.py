"""Frozen settings per TOML section; CALLENGINE_<SECTION>__<KEY> overrides; every mistake is told at once."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from callengine.errors import EngineError


class ConfigError(EngineError):
    """The configuration has mistakes."""

    code = "config"


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Http(Section):
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    public_origins: list[str] = []


class StoreSettings(Section):
    url: str = "sqlite+aiosqlite:///var/callengine.db"

    @field_validator("url")
    @classmethod
    def _with_driver(cls, url: str) -> str:
        for short, full in (
            ("sqlite:///", "sqlite+aiosqlite:///"),
            ("postgresql://", "postgresql+asyncpg://"),
        ):
            if url.startswith(short):
                return full + url.removeprefix(short)
        if not url.startswith(("sqlite+aiosqlite:///", "postgresql+asyncpg://")):
            raise ValueError("write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME")
        return url


class Recordings(Section):
    dir: Path = Path("recordings")
    retention_days: int = Field(1095, ge=1)
    unclaimed_days: int = Field(7, ge=1)  # an upload waits so long for its call, then it is kept aside
    opus: bool = True


class Files(Section):
    """Photos, acts and documents of tickets."""

    dir: Path = Path("var/files")
    most_megabytes: int = Field(200, ge=1)
    link_days: int = Field(180, ge=1)  # how long a resident's link to his ticket lives


class Exports(Section):
    """The journal as XLSX."""

    dir: Path = Path("var/exports")
    keep_hours: int = Field(24, ge=1)  # then the file is deleted
    most_rows: int = Field(1_000_000, ge=1, le=1_048_575)  # a sheet of Excel has no more


class OnePbx(Section):
    name: str = Field("main", pattern=r"^[A-Za-z0-9_.-]{1,40}$")
    ami_host: str = "127.0.0.1"
    ami_port: int = Field(5038, ge=1, le=65535)
    ami_user: str = "callengine"
    ami_secret: str = ""
    recordings_dir: str = ""
    queue: str = "desk"
    outbound_context: str = "callengine-outbound"
    operator_phone: str = Field("PJSIP/{extension}", pattern=r"^[A-Za-z0-9]+/.*\{extension\}")
    trunk_phone: str = Field("PJSIP/{number}@trunk", pattern=r"^[A-Za-z0-9]+/.*\{number\}")


class Pbx(OnePbx):
    mode: Literal["sandbox", "external"] = "sandbox"
    fastagi_host: str = "127.0.0.1"
    fastagi_port: int = Field(4573, ge=0, le=65535)
    more: list[OnePbx] = []


class Sandbox(Section):
    dir: Path = Path("var/sandbox")
    root: str = ""
    asterisk: Literal["16", "22"] = "22"
    sip_port: int = Field(5070, ge=1, le=65535)
    trunk_port: int = Field(5090, ge=1, le=65535)
    simulated_residents: bool = True
    operators: int = Field(10, ge=1, le=99)
    operator_secret: str = "sandbox"


class Callbacks(Section):
    operator_seconds: int = Field(300, ge=1)
    legal_seconds: int = Field(600, ge=1)
    attempts: int = Field(5, ge=1)
    claim_seconds: int = Field(120, ge=5)
    contact_seconds: float = Field(5.0, ge=0)


class Desk(Section):
    after_call_seconds: int = Field(60, ge=0, le=3600)  # so long the queue spares who had a call, or until F8; 0: no


class Tickets(Section):
    reopen_days: int = Field(14, ge=0)
    stall_shares: list[float] = Field([0.5, 0.75, 1.0], min_length=1, max_length=9)
    plain_hours: int = Field(72, ge=1)
    check_minutes: int = Field(60, ge=1)
    paid_confirm_minutes: int = Field(90, ge=1)
    client_days: int = Field(3, ge=1)
    postpone_days: int = Field(30, ge=1)

    @field_validator("stall_shares")
    @classmethod
    def _climbing(cls, shares: list[float]) -> list[float]:
        if any(share <= 0 for share in shares) or shares != sorted(set(shares)):
            raise ValueError("write shares above 0 that grow, like [0.5, 0.75, 1.0]")
        return shares


class Outreach(Section):
    """The voice robot. Whatever stands here, it calls nobody from 22 to 8 by the clock of who is called."""

    service: str = Field("", max_length=200)
    ratings: bool = True
    rating_after_seconds: int = Field(3600, ge=0)
    hours: str = "09-20"
    hours_of: dict[str, str] = {"survey": "10-19", "meter": "10-20"}
    lines: int = Field(2, ge=1)
    trunk_lines: int = Field(30, ge=1)
    free_lines: int = Field(1, ge=1)
    attempts: int = Field(3, ge=1, le=20)
    ring_seconds: int = Field(30, ge=5, le=120)
    busy_seconds: int = Field(600, ge=60)
    no_answer_seconds: int = Field(3600, ge=60)
    rejected_seconds: int = Field(14_400, ge=60)
    failed_seconds: int = Field(1800, ge=60)
    machine_seconds: int = Field(14_400, ge=60)
    silent_seconds: int = Field(14_400, ge=60)
    hung_up_seconds: int = Field(86_400, ge=60)
    same_number_seconds: int = Field(1800, ge=0)
    unhappy_seconds: int = Field(3600, ge=60)

    @field_validator("hours")
    @classmethod
    def _by_day(cls, hours: str) -> str:
        called_by_day(hours)
        return hours

    @field_validator("hours_of")
    @classmethod
    def _each_by_day(cls, hours: dict[str, str]) -> dict[str, str]:
        for one in hours.values():
            called_by_day(one)
        return hours


# Nobody is called at night, whatever the configuration says. A call that begins at 21:55 is over by ten.
DAY_BEGINS, LAST_START = time(8), time(21, 55)


def called_by_day(hours: str) -> tuple[time, time]:
    """The hours ("09-20") without what of them is night. Raises ValueError when nothing is left, or no hours."""
    match = re.fullmatch(r"([01]\d|2[0-3])(?::([0-5]\d))?-([01]\d|2[0-3])(?::([0-5]\d))?", hours)
    if not match:
        raise ValueError('write hours like "09-20" or "09:30-20:00"')
    opens, closes = (time(int(match[n]), int(match[n + 1] or 0)) for n in (1, 3))
    opens, closes = max(opens, DAY_BEGINS), min(closes, LAST_START)
    if opens >= closes:
        raise ValueError(
            "nobody is called from 22 to 8, and no call begins after 21:55: write hours of the day, the earlier first"
        )
    return opens, closes


class Meters(Section):
    """Readings that residents hand in themselves, on the page of their link."""

    link: bool = True
    link_days: str = "1-31"  # of each month, both included: 15-25

    @field_validator("link_days")
    @classmethod
    def _in_a_month(cls, days: str) -> str:
        match = re.fullmatch(r"(\d{1,2})-(\d{1,2})", days)
        if not match or not 1 <= int(match[1]) <= int(match[2]) <= 31:
            raise ValueError('write days of the month like "15-25", the earlier first')
        return days

    @property
    def days(self) -> tuple[int, int]:
        """The first and the last day."""
        first, _, last = self.link_days.partition("-")
        return int(first), int(last)


class Notices(Section):
    """Letters, SMS, pushes and calls to people. A channel whose settings are empty is not used."""

    public_url: str = Field("", pattern=r"^(https?://[^\s]+)?$")
    quiet_hours: str = Field("22-08", pattern=r"^(([01]?\d|2[0-4])(:[0-5]\d)?-([01]?\d|2[0-4])(:[0-5]\d)?)?$")
    awake_seconds: int = Field(600, ge=0)  # who talked with us so long ago is told his number at night too; 0: nobody
    ladder_seconds: list[int] = Field([0, 120, 300, 600], min_length=4, max_length=4)  # push, SMS, call, supervisor
    tell_resident: list[Literal["registered", "postponed", "done", "closed", "cancelled"]] = [
        "registered",
        "postponed",
        "done",
        "closed",
        "cancelled",
    ]
    result_calls: bool = True  # the robot tells who can be told by neither push nor SMS that it is done or closed
    word_seconds: int = Field(3600, ge=60)  # a word on a ticket that is over: a human calls within this
    municipality: list[str] = []  # beside the organisations of that kind with an e-mail address
    inspectorate: list[str] = []  # likewise: who is written to of what is overdue
    email_from: str = ""
    smtp_host: str = ""
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    sms: Literal["", "http", "smpp"] = ""
    sms_sender: str = ""
    sms_url: SecretStr = SecretStr("")  # many a gateway wants its key here
    sms_headers: list[SecretStr] = []
    sms_format: Literal["json", "form", "query"] = "json"
    sms_body: SecretStr = SecretStr('{"to": "{number}", "text": "{text}", "id": "{id}"}')
    sms_id: str = Field("/id", pattern=r"^(/[^/]+)*$")
    sms_error: str = Field("/error", pattern=r"^(/[^/]+)*$")
    sms_repeatable: bool = False
    smpp_host: str = ""
    smpp_port: int = Field(2775, ge=1, le=65535)
    smpp_tls: bool = False
    smpp_user: str = Field("", max_length=15)
    smpp_password: SecretStr = SecretStr("")
    smpp_alphabet: Literal["gsm", "latin1", "ucs2"] = "gsm"
    push_contact: str = Field("", pattern=r"^((mailto:[^\s@]+@|https://)[^\s]+)?$")
    push_hosts: list[str] = [
        "fcm.googleapis.com",
        "*.push.services.mozilla.com",
        "*.notify.windows.com",
        "*.push.apple.com",
    ]

    @field_validator("ladder_seconds")
    @classmethod
    def _rungs_in_order(cls, seconds: list[int]) -> list[int]:
        if seconds[0] < 0 or seconds != sorted(seconds):
            raise ValueError("write four numbers of seconds that do not fall, like [0, 120, 300, 600]")
        return seconds

    @model_validator(mode="after")
    def _whole(self) -> Notices:
        """What a channel needs together."""
        if self.smtp_host and "@" not in self.email_from:
            raise ValueError("smtp_host needs email_from: the address that letters come from")
        if self.sms == "http" and not self.sms_url.get_secret_value().startswith(("http://", "https://")):
            raise ValueError('sms = "http" needs sms_url: the address of the gateway')
        if self.sms == "http" and not all(
            field in self.sms_body.get_secret_value() for field in ("{number}", "{text}")
        ):
            raise ValueError("sms_body needs {number} and {text}: where the gateway wants them")
        self._check_sms_body()
        if not all(":" in one.get_secret_value() for one in self.sms_headers):
            raise ValueError('sms_headers are lines such as "Authorization: Bearer KEY"')
        if self.sms == "smpp" and not (self.smpp_host and self.smpp_user):
            raise ValueError('sms = "smpp" needs smpp_host and smpp_user')
        return self

    def _check_sms_body(self) -> None:
        try:
            body = json.loads(self.sms_body.get_secret_value())
        except ValueError:
            raise ValueError("sms_body is no JSON: write it as it stands in config.toml") from None
        if not isinstance(body, dict):
            raise ValueError("sms_body is a JSON object: the names and the values that the gateway wants")


class Speech(Section):
    """The robot's voice. `auto` takes RHVoice where it is installed, else espeak-ng."""

    engine: Literal["auto", "rhvoice", "espeak-ng", "festival"] = "auto"
    voice_ru: str = Field("", pattern=r"^[A-Za-z0-9_+-]{0,40}$")  # "": the engine's own, elena of RHVoice
    voice_en: str = Field("", pattern=r"^[A-Za-z0-9_+-]{0,40}$")
    rate: int = Field(100, ge=50, le=200)  # percent
    dir: Path = Path("var/prompts")
    pbx_dir: str = ""  # the same folder as the PBX sees it, when it sees it elsewhere
    deadline_seconds: float = Field(20.0, gt=0)
    at_once: int = Field(2, ge=1, le=16)
    keep_days: int = Field(
        90, ge=1
    )  # prompts that nobody heard for so long are deleted: names and addresses are in them
    asr_model: str = ""  # a folder with a model of faster-whisper (extra asr); "": off
    asr_seconds: float = Field(300.0, gt=0)  # a comment that takes longer to read is given up
    asr_answers: bool = True  # with a model: the robot's questions may be answered aloud, read back and confirmed
    asr_answer_seconds: float = Field(4.0, gt=0, le=15)  # a caller waits so long; then he is asked for a key


class Status(Section):
    """What a resident hears of his own open tickets by telephone; a line offers it by the dialplan's CE_STATUS."""

    enabled: bool = True  # false: key 3 leads to the dispatchers
    shared_in_full: bool = False  # a number of several people: also what is broken and until when, not the state alone


class Locale(Section):
    timezone: str = "Europe/Moscow"
    language: Literal["ru", "en"] = "ru"
    country: str = Field("RU", pattern=r"^[A-Z]{2}$")
    city_code: str = ""
    rules: str = ""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"no such time zone: {name}; write one like Europe/Moscow") from error
        return name


class Settings(Section):
    """All settings. Build with `load`."""

    http: Http = Http()
    store: StoreSettings = StoreSettings()
    recordings: Recordings = Recordings()
    files: Files = Files()
    exports: Exports = Exports()
    pbx: Pbx = Pbx()
    sandbox: Sandbox = Sandbox()
    callbacks: Callbacks = Callbacks()
    desk: Desk = Desk()
    tickets: Tickets = Tickets()
    outreach: Outreach = Outreach()
    meters: Meters = Meters()
    notices: Notices = Notices()
    speech: Speech = Speech()
    status: Status = Status()
    locale: Locale = Locale()

    @property
    def pbxs(self) -> list[OnePbx]:
        return [self.pbx, *self.pbx.more]


def load(path: Path | None = None, env: Mapping[str, str] | None = None) -> Settings:
    """Read the file (CALLENGINE_CONFIG, else ./config.toml if it is there) and the environment.

    Raises ConfigError, which lists every mistake, each with its section, key and what to write instead.
    """
    env = os.environ if env is None else env
    named = path or (Path(env["CALLENGINE_CONFIG"]) if env.get("CALLENGINE_CONFIG") else None)
    raw = _read(named or Path("config.toml"), must_exist=named is not None)
    _override(raw, env)
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        lines = [
            f"  [{'.'.join(map(str, e['loc'][:1]))}] {'.'.join(map(str, e['loc'][1:]))}: {e['msg']}"
            for e in error.errors()
        ]
        raise ConfigError("the configuration has mistakes:\n" + "\n".join(lines)) from None


def _read(path: Path, *, must_exist: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        if must_exist:
            raise ConfigError(f"there is no {path}: mend CALLENGINE_CONFIG") from None
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no valid TOML: {error}") from None


def _override(raw: dict[str, Any], env: Mapping[str, str]) -> None:
    for name, value in env.items():
        if not name.startswith("CALLENGINE_") or "__" not in name:
            continue
        section, _, key = name.removeprefix("CALLENGINE_").lower().partition("__")
        raw.setdefault(section, {})[key] = _json_or_text(value)


def _json_or_text(value: str) -> Any:
    # Lists are written as TOML; all else stays text, and the types of the settings read it.
    if value.startswith("["):
        try:
            return tomllib.loads(f"v = {value}")["v"]
        except tomllib.TOMLDecodeError:
            return value
    return value
