"""The words of the dialogues: the shipped ones, and what an administrator says instead, checked before it is spoken."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from callengine.clock import Clock
from callengine.errors import NotFound, Refused
from callengine.menus import script as scripts
from callengine.menus.script import Kind, Script
from callengine.outreach import options
from callengine.store import campaigns as rows
from callengine.store.campaigns import ScriptText
from callengine.store.database import Store

OPTION = "option:"  # before the name of an option in the column of steps: no step is named so
Words = Mapping[str, Mapping[str, str]]  # step -> language -> text


@dataclass(frozen=True, slots=True)
class EditedScript:
    """A dialogue as it is spoken now, and which of its words are the service's own."""

    script: Script
    own: Words
    changed_at: datetime | None
    changed_by: str
    off: frozenset[str] = frozenset()  # of its options (options.py)

    @property
    def options(self) -> dict[str, bool]:
        """What it has to choose, and how that stands."""
        return {name: name not in self.off for name in options.OPTIONS.get(self.script.kind, ())}


class ScriptsService:
    """Reads and changes the texts of dialogues; where the steps lead stays as shipped."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def script(self, kind: str) -> Script:
        """As it is spoken now. Raises NotFound."""
        return (await self.get(kind)).script

    async def get(self, kind: str) -> EditedScript:
        """Raises NotFound for a kind that there is not."""
        known = _kind(kind)
        async with self._store.read() as conn:
            texts = await rows.script_texts_of(conn, known.value)
        shipped = scripts.shipped(known)
        # Own words of a step that a newer release has no longer are kept, and not spoken.
        own = _own([one for one in texts if one.step in shipped.steps or one.step in shipped.told])
        newest = max(texts, key=lambda one: one.changed_at, default=None)
        off = frozenset(one.step.removeprefix(OPTION) for one in texts if one.step.startswith(OPTION))
        return EditedScript(
            script=_made(shipped, own, off),
            own=own,
            off=off,
            changed_at=newest.changed_at if newest else None,
            changed_by=newest.changed_by if newest else "",
        )

    async def put(self, kind: str, words: Words, who: str) -> EditedScript:
        """Say so from now on; an empty text is the shipped one again. Raises NotFound, ScriptWrong."""
        known = _kind(kind)
        shipped = scripts.shipped(known)
        stands = await self.get(kind)
        before = stands.own
        after = {step: dict(before.get(step, {})) | dict(words.get(step, {})) for step in {*before, *words}}
        said = {step: {lang: text for lang, text in texts.items() if text.strip()} for step, texts in after.items()}
        _check(shipped, said, stands.off)
        now = self._clock.now()
        async with self._store.begin() as tx:
            for step, texts in words.items():
                for language, text in texts.items():
                    if text.strip():
                        one = ScriptText(known.value, language, step, text.strip(), now, who)
                        await rows.put_script_text(tx, one)
                    else:
                        await rows.drop_script_text(tx, known.value, language, step)
        return await self.get(kind)

    async def choose(self, kind: str, wanted: Mapping[str, bool], who: str) -> EditedScript:
        """Leave something out of the dialogue, or take it in again. Raises NotFound, Refused, ScriptWrong."""
        known = _kind(kind)
        before = await self.get(kind)
        if strange := wanted.keys() - set(options.OPTIONS.get(known, ())):
            raise Refused(f"this dialogue has no option {sorted(strange)[0][:40]!r}", pointer="/options")
        stays = {name for name in before.off if wanted.get(name, False) is not True}
        off = stays | {name for name, on in wanted.items() if not on}
        _check(scripts.shipped(known), before.own, off)
        now = self._clock.now()
        async with self._store.begin() as tx:
            for name, on in wanted.items():
                if on:
                    await rows.drop_script_text(tx, known.value, "", OPTION + name)
                else:
                    await rows.put_script_text(tx, ScriptText(known.value, "", OPTION + name, "off", now, who))
        return await self.get(kind)

    async def step_text(self, kind: str, step: str, language: str) -> tuple[Script, str]:
        """What a step says, fields unfilled. Raises NotFound."""
        script = await self.script(kind)
        texts = script.steps[step].say if step in script.steps else script.told.get(step)
        if texts is None or language not in texts:
            raise NotFound(f"the dialogue {kind} has no step {step!r} in {language!r}")
        return script, texts[language]


def _kind(kind: str) -> Kind:
    try:
        return Kind(kind)
    except ValueError:
        raise NotFound(f"there is no dialogue {kind!r}: one of {', '.join(Kind)}") from None


def _own(texts: list[ScriptText]) -> dict[str, dict[str, str]]:
    own: dict[str, dict[str, str]] = {}
    for one in texts:
        own.setdefault(one.step, {})[one.language] = one.text
    return own


def _made(shipped: Script, own: Words, off: Collection[str]) -> Script:
    return options.varied(scripts.reworded(shipped, own) if own else shipped, off)


def _check(shipped: Script, own: Words, off: Collection[str]) -> None:
    """It must be a dialogue yet, in one's own words and without what is left out of them. Raises ScriptWrong."""
    scripts.read(scripts.raw_of(_made(shipped, own, off)))
