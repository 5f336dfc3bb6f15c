"""What a phone dialogue needs of a line. Dialogues know neither FastAGI nor pyst2: both give them a Line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

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

    async def hang_up(self) -> None: ...


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
