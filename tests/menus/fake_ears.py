"""Ears of paper: what is said at each step, and what a recogniser makes of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from callengine.menus.ears import SILENCE, Listened
from callengine.menus.line import HungUp
from tests.menus.fake_line import FakeLine

SAID = "callengine/7-said"


def heard(meaning: str, certainty: float = 0.83) -> Listened:
    return Listened(spoke=True, meaning=meaning, certainty=certainty)


UNCLEAR = Listened(spoke=True)
GONE, DEAF = "gone", "deaf"
One = Listened | str  # a key, GONE, DEAF, or what was said


class FakeEars:
    """`said`: name of the recording (a step, or a step and "-right") -> what happens each time, in order; then silence.

    `at_random` in its place gives whatever happens each time; what nobody could say there is not understood.
    """

    said = SAID

    def __init__(
        self,
        line: FakeLine,
        said: Mapping[str, list[One]] | None = None,
        *,
        at_random: Callable[[], One] | None = None,
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.forgotten: list[str] = []
        self.kept: set[str] = set()
        self._line, self._random, self._ready = line, at_random, ready
        self._said = {name: list(them) for name, them in (said or {}).items()}

    @property
    def ready(self) -> bool:
        return self._ready()

    async def listen(self, name: str, wanted: Collection[str], *, seconds: float) -> Listened | None:
        assert 0 < seconds <= 60 and wanted
        await self._line.more_keys(quiet_seconds=0.1)  # raises HungUp when he is gone
        self.asked.append((name, tuple(wanted)))
        waiting = self._said.get(name)
        one: One = self._random() if self._random else waiting.pop(0) if waiting else SILENCE
        if one == DEAF:
            return None
        if one != SILENCE:
            self.kept.add(name)  # the PBX writes what it heard before a key or a hang-up too
        if one == GONE:
            self._line.go()
            raise HungUp
        if isinstance(one, str):
            return Listened(key=one)
        return one if not one.meaning or one.meaning in wanted else UNCLEAR

    async def forget(self, name: str) -> None:
        self.forgotten.append(name)
        self.kept.discard(name)
