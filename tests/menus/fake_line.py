"""A caller of paper: presses keys at prompts, hangs up where he is told to, and writes down what he heard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from callengine.menus.line import KEYS_AT_ONCE, Caller, HungUp
from callengine.menus.outcome import Outcome


async def say(language: str, text: str) -> str:
    """Prompts are named by their text, so that a test reads what was heard."""
    return text


class FakeLine:
    """`during` and `after`: end of a prompt -> the keys pressed while it plays, or when it is over; one entry a time.

    `hang_up_at` counts prompts from 0; `gone_recording` hangs up in the middle of the comment.
    """

    def __init__(
        self,
        *,
        during: Mapping[str, Sequence[str]] | None = None,
        after: Mapping[str, Sequence[str]] | None = None,
        hang_up_at: int | None = None,
        hang_up_listening: int | None = None,
        missing: str = "",
        speaks: bool = True,
        gone_recording: bool = False,
        keys: Iterator[str] | None = None,
    ) -> None:
        self.heard: list[str] = []
        self.kept: list[Outcome] = []
        self.recorded: list[str] = []
        self.transferred = ""
        self.hung_up_by_us = False
        self.listened = 0
        self._during = {prompt: list(keys) for prompt, keys in (during or {}).items()}
        self._after = {prompt: list(keys) for prompt, keys in (after or {}).items()}
        self._hang_up_at, self._hang_up_listening, self._missing = hang_up_at, hang_up_listening, missing
        self._speaks, self._gone_recording = speaks, gone_recording
        self._buffer = ""
        self._gone = False
        self._keys = keys  # one string for each time that somebody could press: "" for nothing

    @property
    def caller(self) -> Caller:
        return Caller(number="+79074121806")

    @property
    def outcome(self) -> Outcome:
        """What the PBX knows."""
        return self.kept[-1]

    async def play(self, prompt: str, *, keys: str = "") -> str:
        self._still_here()
        self.heard.append(prompt)
        if self._hang_up_at is not None and len(self.heard) > self._hang_up_at:
            self._gone = True
            raise HungUp
        if self._missing and self._missing in prompt:
            raise HungUp
        if not keys:
            return ""
        self._buffer += self._pressed(self._during, prompt)
        return self._next(keys)

    async def ask(self, prompt: str, *, digits: int = 1, seconds: float = 5.0) -> str:
        raise AssertionError("GET DATA swallows the key # and keys beyond the first: the dialogues do not use it")

    async def more_keys(self, *, quiet_seconds: float, most: int = KEYS_AT_ONCE, until: str = "") -> str:
        self._still_here()
        self.listened += 1
        if self._hang_up_listening is not None and self.listened > self._hang_up_listening:
            self._gone = True
            raise HungUp
        if not self._buffer and quiet_seconds > 1 and self.heard:
            self._buffer += self._pressed(self._after, self.heard[-1])
        found = ""
        while self._buffer and len(found) < most and not (found and found[-1] in until):
            found, self._buffer = found + self._buffer[0], self._buffer[1:]
        return found

    async def record(self, file: str, *, seconds: float, silence_seconds: float, beep: bool = True) -> bool:
        self._still_here()
        assert beep and 1 <= seconds <= 300
        self.recorded.append(file)
        self._gone = self._gone_recording
        return self._speaks

    async def keep(self, facts: Mapping[str, str]) -> None:
        self.kept.append(Outcome.from_facts(facts))

    async def transfer(self, context: str, exten: str = "s") -> None:
        self._still_here()
        self.transferred = context

    async def to_operator(self) -> None:
        await self.transfer("operator")

    async def alive(self) -> bool:
        return not self._gone

    async def hang_up(self) -> None:
        self._still_here()
        self.hung_up_by_us = True

    async def set(self, name: str, value: str) -> None:
        raise AssertionError

    async def set_all(self, values: Mapping[str, str]) -> None:
        raise AssertionError

    def go(self) -> None:
        """He hangs up."""
        self._gone = True

    def _still_here(self) -> None:
        if self._gone:
            raise HungUp
        assert not self.hung_up_by_us, "the line was hung up already"

    def _pressed(self, when: Mapping[str, list[str]], prompt: str) -> str:
        if self._keys is not None:
            return next(self._keys, "")
        for end, keys in when.items():
            if prompt.endswith(end) and keys:
                return keys.pop(0)
        return ""

    def _next(self, allowed: str) -> str:
        while self._buffer:
            key, self._buffer = self._buffer[0], self._buffer[1:]
            if key in allowed:
                return key
        return ""
