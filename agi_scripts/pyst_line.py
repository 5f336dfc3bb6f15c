"""A menus.Line over pyst2's process AGI, held right: each guard stands for a measured fault of pyst2 0.5.1."""

import os
import sys
from collections.abc import Mapping

from asterisk.agi import AGI, AGIException

from callengine.menus.line import Caller, HungUp, caller_of


class _Stdin:
    """Asterisk's side. At the end of the stream pyst2 would read empty lines for ever."""

    def readline(self) -> str:
        if not (line := sys.stdin.readline()):
            raise HungUp
        return "200 result=-1\n" if line.startswith("HANGUP") else line


class PystLine:
    """Raises HungUp when the caller is gone."""

    def __init__(self) -> None:
        # pyst2 prints every variable, personal data among them, to its stderr.
        self._agi = AGI(stdin=_Stdin(), stdout=sys.stdout, stderr=open(os.devnull, "w"))

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

    async def hang_up(self) -> None:
        self._do("HANGUP")

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
