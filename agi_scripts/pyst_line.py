"""A menus.Line over pyst2's process AGI, held right: each guard stands for a measured fault of pyst2 0.5.1."""

import os
import re
import sys
from collections.abc import Mapping

from asterisk.agi import AGI, AGIException

from callengine.menus.line import (
    BEEP_MILLISECONDS,
    BEEP_TONE,
    KEYS_AT_ONCE,
    OPERATOR_CONTEXT,
    Caller,
    HungUp,
    caller_of,
    has_sound,
    ledger_text,
)

_SAMPLES = re.compile(r"endpos=(\d{1,12})")


class _Stdin:
    """Asterisk's side. At the end of the stream pyst2 would read empty lines for ever."""

    last = ""  # pyst2 throws away what an answer says besides the hang-up

    def readline(self) -> str:
        if not (line := sys.stdin.readline()):
            raise HungUp
        self.last = line
        return "200 result=-1\n" if line.startswith("HANGUP") else line


class PystLine:
    """Raises HungUp when the caller is gone."""

    def __init__(self) -> None:
        # pyst2 prints every variable, personal data among them, to its stderr.
        self._stdin, self._ledger_key = _Stdin(), ""
        self._agi = AGI(stdin=self._stdin, stdout=sys.stdout, stderr=open(os.devnull, "w"))

    @property
    def caller(self) -> Caller:
        return caller_of(self._agi.env)

    async def play(self, prompt: str, *, keys: str = "") -> str:
        return self._key(self._do("STREAM FILE", _quoted(prompt), _quoted(keys)))

    async def ask(self, prompt: str, *, digits: int = 1, seconds: float = 5.0) -> str:
        return self._do("GET DATA", _quoted(prompt), str(int(seconds * 1000)), str(digits))

    async def set(self, name: str, value: str) -> None:
        self._do("SET VARIABLE", name, _quoted(value))

    async def set_all(self, values: Mapping[str, str]) -> None:
        for name, value in values.items():
            await self.set(name, value)

    async def more_keys(self, *, quiet_seconds: float, most: int = KEYS_AT_ONCE, until: str = "") -> str:
        keys = ""
        while len(keys) < most and (key := self._key(self._do("WAIT FOR DIGIT", str(int(quiet_seconds * 1000))))):
            keys += key
            if key in until:
                break
        return keys

    async def record(self, file: str, *, seconds: float, silence_seconds: float, beep: bool = True) -> bool:
        name = f"{self._get('ASTSPOOLDIR') or '/var/spool/asterisk'}/monitor/{file}"
        parts = [_quoted(name), "wav", '"0123456789*#"', str(int(seconds * 1000))]
        if beep:  # RECORD FILE's own needs a sound that may not be installed, and then records nothing
            self._do("EXEC Playtones", _quoted(f"!{BEEP_TONE}"))
            self._do("WAIT FOR DIGIT", str(BEEP_MILLISECONDS))
            self._do("EXEC StopPlaytones")
        self._stdin.last = ""
        try:
            self._do("RECORD FILE", *parts, f"s={max(1, int(silence_seconds))}")
        except HungUp:
            if not self._stdin.last:
                raise  # the stream itself has ended
        samples = _SAMPLES.search(self._stdin.last)
        silent = "(timeout)" in self._stdin.last
        return samples is not None and has_sound(int(samples[1]), silence_seconds, fell_silent=silent)

    async def keep(self, facts: Mapping[str, str]) -> None:
        # The hang-up's signal makes pyst2 refuse every command, and just then the outcome must be kept.
        self._agi._got_sighup = False
        if not self._ledger_key:
            self._ledger_key = self._get("CE_KEY") or self._get("CHANNEL(linkedid)") or self.caller.uniqueid
        self._do("DATABASE PUT", "callengine", _quoted(f"{self._ledger_key}/robot"), _quoted(ledger_text(facts)))

    async def transfer(self, context: str, exten: str = "s") -> None:
        for verb, value in (("SET CONTEXT", context), ("SET EXTENSION", exten), ("SET PRIORITY", "1")):
            self._do(verb, _quoted(value))

    async def to_operator(self) -> None:
        await self.transfer(OPERATOR_CONTEXT)

    async def alive(self) -> bool:
        try:
            return self._do("CHANNEL STATUS") == "6"
        except HungUp:
            return False

    async def hang_up(self) -> None:
        self._do("HANGUP")

    def _get(self, name: str) -> str:
        try:
            told, text = self._agi.execute("GET VARIABLE", name)["result"]
        except (AGIException, OSError, ValueError) as error:
            raise HungUp from error
        return str(text) if told == "1" else ""

    def _do(self, *parts: str) -> str:
        try:
            return str(self._agi.execute(*parts)["result"][0])
        except (AGIException, OSError, ValueError) as error:
            raise HungUp from error

    @staticmethod
    def _key(result: str) -> str:
        return chr(int(result)) if result.isdecimal() and int(result) else ""


def _quoted(text: str) -> str:
    """pyst2 escapes nothing: a quote and a line break in a caller's name would be a second command."""
    clean = "".join(c if c.isprintable() else " " for c in text)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'


def line() -> PystLine:
    """The caller who started this script."""
    return PystLine()
