"""What a phone dialogue needs of a line. Dialogues know neither FastAGI nor pyst2: both give them a Line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl, quote_plus

OPERATOR_CONTEXT = "callengine-robot-operator"
BEEP_TONE, BEEP_MILLISECONDS = "440/400", 450  # before a recording; made by Asterisk, no file
KEYS_AT_ONCE = 32  # who leans on the telephone must not keep a dialogue for ever
SOUND_SAMPLES = 4000  # half a second at 8 kHz: less is no comment
WORD_SAMPLES = 800  # a tenth: «три» is two tenths long, a click a few hundredths

_PLAIN = re.compile(r"[A-Za-z0-9_.~/=&-]*").fullmatch  # what the ledger's encoding leaves as it is, and its separators
# AST_PRES_RESTRICTION and its two values that hide the number, in agi_callingpres.
_PRESENTATION, _PROHIBITED, _UNAVAILABLE = 0x60, 0x20, 0x40


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is on the line, as the PBX told: hostile text."""

    number: str = ""
    name: str = ""
    did: str = ""  # the number dialled
    withheld: bool = False
    channel: str = ""
    uniqueid: str = ""


class HungUp(Exception):
    """The caller is gone: the dialogue ends here."""


class Line(Protocol):
    """A caller on the phone. Each method raises HungUp when he is gone."""

    @property
    def caller(self) -> Caller: ...

    async def play(self, prompt: str, *, keys: str = "") -> str:
        """Play a prompt; the answer is the key that stopped it, or ""."""
        ...

    async def ask(self, prompt: str, *, digits: int = 1, seconds: float = 5.0) -> str:
        """Play a prompt and collect up to so many digits; "" when nothing was pressed."""
        ...

    async def set(self, name: str, value: str) -> None:
        """Set a channel variable."""
        ...

    async def set_all(self, values: Mapping[str, str]) -> None:
        """Set several channel variables, in one round trip where the line can."""
        ...

    async def more_keys(self, *, quiet_seconds: float, most: int = KEYS_AT_ONCE, until: str = "") -> str:
        """Keys pressed from now on, until none came for `quiet_seconds`, or `most`, or one of `until` (the last)."""
        ...

    async def record(self, file: str, *, seconds: float, silence_seconds: float, beep: bool = True) -> bool:
        """Record what the caller says to FILE.wav in the PBX's monitor folder (`file` is relative, without ending).

        Ends at a key, after `silence_seconds` of silence, after `seconds`, or when he hangs up. True when there is
        sound, even of one who then hung up: the next call of the line says so.
        """
        ...

    async def keep(self, facts: Mapping[str, str]) -> None:
        """Write to the PBX's own ledger, over what was kept before: it outlives the engine. Works after a hang-up."""
        ...

    async def transfer(self, context: str, exten: str = "s") -> None:
        """Let the dialplan go on there, priority 1, as soon as the dialogue has returned."""
        ...

    async def to_operator(self) -> None:
        """As `transfer`, to OPERATOR_CONTEXT: the queue of the operators."""
        ...

    async def alive(self) -> bool:
        """Whether the caller is still there. After HungUp it tells a missing prompt (True) from a real hang-up."""
        ...

    async def hang_up(self) -> None: ...


def has_sound(samples: int, silence_seconds: float, *, fell_silent: bool, least: int = SOUND_SAMPLES) -> bool:
    """Whether a recording of RECORD FILE (8 kHz) may hold a voice.

    One that ended in silence holds that silence too, less the second that Asterisk takes back: no longer than it, it is
    nothing but silence.
    """
    return samples > (max(1, int(silence_seconds)) * 8000 if fell_silent else 0) + least


def ledger_text(facts: Mapping[str, str]) -> str:
    """How `keep` writes: v1|k=v&k=v, percent-encoded, so that no bar, quote or line break of a value can hurt.

    Half a letter (a lone surrogate) becomes a question mark: to lose one is better than to lose the outcome.
    """
    text = "&".join([f"{name}={value}" for name, value in facts.items()])
    # As nearly always: nothing to encode, and no separator but ours.
    if not _PLAIN(text) or text.count("=") != len(facts) or text.count("&") != len(facts) - 1:
        text = "&".join([f"{_encoded(name)}={_encoded(value)}" for name, value in facts.items()])
    return f"v1|{text}"


def _encoded(text: str) -> str:
    return quote_plus(text, safe="/", errors="replace")


def ledger_facts(text: str) -> dict[str, str]:
    """What `ledger_text` wrote. Raises ValueError for another version or other rubbish."""
    version, bar, rest = text.partition("|")
    if version != "v1" or not bar:
        raise ValueError(f"robot's entry of version {version[:20]!r}: is the dialogue newer than the engine?")
    return dict(parse_qsl(rest, keep_blank_values=True, strict_parsing=bool(rest)))


def caller_of(env: Mapping[str, str]) -> Caller:
    """The caller in an AGI environment (FastAGI and process AGI write the same names)."""

    def known(name: str) -> str:
        value = env.get(name, "")
        return "" if value == "unknown" else value

    exten = known("agi_extension")
    presentation = known("agi_callingpres")
    bits = int(presentation) & _PRESENTATION if presentation.isascii() and presentation.isdecimal() else 0
    return Caller(
        number=known("agi_callerid"),
        name=known("agi_calleridname"),
        did=known("agi_arg_1") or known("agi_dnid") or ("" if exten == "s" else exten),
        withheld=bits in (_PROHIBITED, _UNAVAILABLE),
        channel=known("agi_channel"),
        uniqueid=known("agi_uniqueid"),
    )
