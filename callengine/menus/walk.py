"""One call along the steps of a script: says, listens, understands keys, and always ends."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar

from callengine.errors import EngineError
from callengine.menus import ears as aloud
from callengine.menus.ears import Ears, Listened
from callengine.menus.line import HungUp, Line
from callengine.menus.outcome import KEYS_LIMIT, Outcome, Proof, Result, Spoken
from callengine.menus.script import (
    ENTERED,
    MOST_DIGITS,
    OPERATOR_KEY,
    REPEAT_KEY,
    Choice,
    Script,
    Step,
    StepKind,
    Texts,
    Then,
    fields_in,
    filled,
)
from callengine.speech import words
from callengine.speech.answers import NO, YES

log = logging.getLogger(__name__)

ALL_KEYS = "0123456789*#"
BURST_SECONDS = 0.6  # keys that follow so closely are one press: a bounce, a sleeve, a child
PAUSE_SECONDS = 3.0  # between the digits of a number
SILENCE_SECONDS = 4.0  # the end of a spoken comment
MOST_VISITS = 3  # of one step: who changes his mind for ever is let go
MOST_REPEATS = 3
CONFIRM_KEY = "1"  # of what was said aloud
_BY_KEYS = "by keys"  # what he is told, beside the script's own: what he said was not understood
_TO_OPERATOR = REPEAT_KEY + OPERATOR_KEY  # while a number is asked for, where 0 is a digit

Say = Callable[[str, str], Awaitable[str]]
"""(language, text) -> the prompt as the PBX plays it: a path without ending. Raises NoVoice."""


class PromptMissing(EngineError):
    """The PBX could not play a prompt though the caller was still there: look for the file on the PBX's disk."""

    code = "prompt-missing"


def pieces(text: str, values: Mapping[str, str], language: str) -> list[str]:
    """What is spoken of one text: sentences ready for the voice, and `{entered}` where the pressed keys are read back.

    A sentence is the piece so that those without a field are spoken once for everybody.
    """
    said = (_filled(part, values, language) if has_fields else part for part, has_fields in _parts(text, language))
    return [one for one in said if one]


def _filled(part: str, values: Mapping[str, str], language: str) -> str:
    """A part with its fields, ready for the voice; "" when no word is left of it."""
    return _worded(words.normalise(filled(part, values), language))


def _worded(said: str) -> str:
    return said if any(map(str.isalnum, said)) else ""


@lru_cache(1024)
def _parts(text: str, language: str) -> tuple[tuple[str, bool], ...]:
    """The sentences of one text, cut around `{entered}`; True where fields are to be filled in and then normalised."""
    found: list[tuple[str, bool]] = []
    for sentence in words.sentences(text, language):
        for part in re.split(f"({{{ENTERED}}})", sentence, maxsplit=1):
            if part == f"{{{ENTERED}}}":
                found.append((ENTERED, False))
            elif "{" in part or "[" in part:
                found.append((part, True))
            elif said := _worded(words.normalise(part, language)):
                found.append((said, False))
    return tuple(found)


@lru_cache(256)
def _plan(texts: tuple[str, ...], language: str) -> tuple[tuple[str, bool], ...]:
    """The parts of all texts of a script, as `_parts` has them, without doubles; the digits where keys are read back.

    By its texts and not by the script: a script that was read anew, or reworded, has a plan of its own.
    """
    found = dict.fromkeys(part for text in texts for part in _parts(text, language))
    if (ENTERED, False) in found:
        del found[ENTERED, False]
        found |= dict.fromkeys((digit, False) for digit in digit_words(language))
    return tuple(found)


def texts_of(script: Script, values: Mapping[str, str], language: str) -> list[str]:
    """Every sentence that this call may need, in the order of the script, without doubles: to be spoken ahead."""
    plan = _plan(tuple(script.texts(language)), language)
    found = dict.fromkeys(_filled(part, values, language) if has_fields else part for part, has_fields in plan)
    return [one for one in found if one]


digit_words = aloud.digits


def most_prompts(script: Script) -> int:
    """No call of this script (of a meter: no subject of it) plays more prompts than this, whatever is pressed."""
    told = sum(_most_pieces(texts) for texts in script.told.values())
    # What is said aloud is offered with each question, read back at most so often, and asked once more by keys.
    read_back = (1 + MOST_REPEATS) * 3 + 2
    asked = (
        MOST_VISITS * ((step.tries + MOST_REPEATS + 1) * (_most_pieces(step.say) + told + 1) + read_back)
        for step in script.steps.values()
    )
    return sum(asked)


def _most_pieces(texts: Texts) -> int:
    def of(language: str, text: str) -> int:
        said = words.sentences(text, language)
        return sum(1 + (MOST_DIGITS + 1) * fields_in(one).count(ENTERED) for one in said)

    return max((of(language, text) for language, text in texts.items()), default=0)


def _leads_away(step: Step, key: str) -> bool:
    """Whether a key asks for an operator or for no such call, wherever it is pressed."""
    choice = step.choices.get(key)
    return choice is not None and choice.result in (Result.TO_OPERATOR, Result.NOT_ME, Result.NEVER_AGAIN)


def _is_entry(entry: str) -> bool:
    return entry == _TO_OPERATOR or entry.isdecimal()


@dataclass(slots=True)
class Known:
    """What is known so far."""

    result: Result | None = None
    mark: int | None = None
    never_again: bool = False
    answers: dict[str, str] = field(default_factory=dict)
    comment: str = ""
    keys: str = ""
    proof: Proof = Proof.NONE
    step: str = ""
    entered: str = ""  # what is read back
    number: str = ""  # the last number entered
    spoken: dict[str, Spoken] = field(default_factory=dict)
    rests_on: str = ""
    said: str = ""

    def told(self, step: str, spoken: Spoken | None) -> None:
        """The answer of a step was pressed, or said and confirmed; what was said there before is replaced by it."""
        self.spoken.pop(step, None)
        if self.rests_on == step:
            self.rests_on = ""
        if spoken is not None:
            self.spoken[step] = spoken
            if self.proof is Proof.NONE:
                self.proof = Proof.SPEECH

    def rests(self, step: str) -> None:
        """The mark, or the result, is what was answered at this step."""
        self.rests_on = step if step in self.spoken else ""

    def pressed(self, keys: str) -> None:
        if keys:
            self.keys += keys
            self.proof = Proof.KEY

    def meant(self, result: Result) -> None:
        """What a key says stands over what was said before; a mark does not outlive "not done" or "not me".

        "Not done" is not taken back by who asks for an operator or for no more calls; who says that it is not his
        ticket has said nothing of the job.
        """
        self.never_again = self.never_again or result is Result.NEVER_AGAIN
        if self.result is Result.NOT_DONE and result in (Result.TO_OPERATOR, Result.NEVER_AGAIN):
            return
        self.result = result
        if result in (Result.NOT_DONE, Result.DONE_NO_MARK, Result.NOT_ME):
            if self.mark is not None:
                self.told(self.rests_on, None)
            self.mark = None

    def outcome(self, otherwise: Result, *, final: bool = True) -> Outcome:
        keys = self.keys[:KEYS_LIMIT]
        if self.mark is not None and not self.rests_on and str(self.mark) not in keys:
            keys = keys[:-1] + str(self.mark)
        return Outcome(
            result=self.result or otherwise,
            mark=self.mark,
            never_again=self.never_again,
            answers=dict(self.answers),
            comment=self.comment,
            keys=keys,
            proof=self.proof,
            step=self.step,
            final=final,
            spoken=dict(self.spoken),
            rests_on=self.rests_on,
            said=self.said if self.spoken else "",
        )


class Walk:
    """One call. `machine`: the PBX heard a machine, so nothing is said twice until somebody proves to be there.

    With `ears` answers may also be said aloud.
    """

    def __init__(
        self,
        line: Line,
        say: Say,
        script: Script,
        language: str,
        *,
        machine: bool = False,
        comment_file: str = "",
        ears: Ears | None = None,
    ) -> None:
        self.known = Known()
        self.limits: Mapping[str, tuple[int, int]] = {}  # step -> lowest and highest number, over the script's own
        # Step -> a number up to which too high a one is taken when he enters the very same once more.
        self.doubted: Mapping[str, int] = {}
        self._too_high: dict[str, str] = {}
        self._line, self._say, self._script, self._language = line, say, script, language
        self._machine, self._comment_file, self._ears = machine, comment_file, ears
        self._by_keys: set[str] = set()  # steps whose answer could not be understood: not asked for aloud again
        self._listened: set[str] = set()  # names of recordings that may be there
        self._confirmed: Spoken | None = None  # the answer that `_asked` gives back, where it was said aloud
        if ears is not None:
            self.known.said = ears.said
        self._values: Mapping[str, str] = {}
        self._prompts: dict[str, str] = {}
        self._visits: dict[str, int] = {}
        # With the values of now: text -> its prompts, part -> what is said of it.
        self._said: dict[str, list[str]] = {}
        self._filled: dict[str, str] = {}

    async def prepare(self, values: Mapping[str, str]) -> None:
        """Have every sentence at hand before the first is played. Raises NoVoice."""
        self._know(values)
        prompts, say, language = self._prompts, self._say, self._language
        for part, has_fields in _plan(tuple(self._script.texts(language)), language):
            piece = self._piece(part) if has_fields else part
            if piece and piece not in prompts:
                prompts[piece] = await say(language, piece)
        for sentence in aloud.texts(language) if self._ears is not None else ():
            if sentence not in prompts:
                prompts[sentence] = await say(language, sentence)

    def _know(self, values: Mapping[str, str]) -> None:
        if values is not self._values:
            self._values, self._said, self._filled = values, {}, {}

    def _piece(self, part: str) -> str:
        """A part with the values of now: it is told to the voice, then played, and made once for both."""
        if (said := self._filled.get(part)) is None:
            said = self._filled[part] = _filled(part, self._values, self._language)
        return said

    async def ended(self, talk: Callable[[], Awaitable[None]]) -> Outcome:
        """Run the talk; whatever happens to the line, what is known comes back and is kept in the PBX.

        Raises PromptMissing, or the line's own error, only when nothing is known that could be lost.
        """
        try:
            return await self._ended(talk)
        finally:
            await self._forget()

    async def _ended(self, talk: Callable[[], Awaitable[None]]) -> Outcome:
        otherwise = Result.SILENT
        try:
            await talk()
        except HungUp:
            otherwise = Result.HUNG_UP
            if await self._line.alive():
                self._broke(PromptMissing(f"step {self.known.step!r} of {self._script.kind!r}: no such prompt"))
        except EngineError as error:
            otherwise = Result.HUNG_UP
            self._broke(error)
        if self._machine and self.known.proof is Proof.NONE:
            self.known.result = Result.MACHINE
        outcome = self.known.outcome(otherwise)
        with suppress(HungUp):
            await self._keep(outcome)
        return outcome

    async def _forget(self) -> None:
        """Sound that no answer stands on is nobody's: a key ended it, he hung up, or it was not confirmed."""
        for name in sorted(self._listened - self.known.spoken.keys()):
            assert self._ears is not None
            await self._ears.forget(name)

    def _broke(self, error: EngineError) -> None:
        if self.known.result is None:
            raise error
        told = {"action": "dialogue_broke", "kind": self._script.kind.value, "step": self.known.step}
        log.error("a dialogue broke off, its result stands: %s", error.detail, extra=told)

    async def go(self, start: str, values: Mapping[str, str]) -> Step | None:
        """Walk from there to an end, and say it; the end, or None when silence or wrong keys ended it before."""
        self._know(values)
        todo: str | None = start
        while todo:
            step = self._script.steps[todo]
            self.known.step = step.id
            self._visits[step.id] = self._visits.get(step.id, 0) + 1
            if self._visits[step.id] > MOST_VISITS:
                break
            if step.kind is StepKind.END:
                await self._end(step)
                return step
            todo = await self._STEPS[step.kind](self, step)
        await self._line.hang_up()
        return None

    def next_subject(self) -> None:
        """Steps may be visited anew."""
        self._visits.clear()
        self._too_high.clear()

    # --- steps -------------------------------------------------------------------------------------------

    async def _end(self, step: Step) -> None:
        if step.result:
            self.known.meant(step.result)
        if step.then is not Then.NEXT:
            # Before the last words: many hang up in the middle of them.
            await self._keep(self.known.outcome(Result.SILENT))
        for prompt in self._spoken(step.say):
            await self._line.play(prompt)
        if step.then is Then.OPERATOR:
            await self._line.to_operator()
        elif step.then is Then.HANG_UP:
            await self._line.hang_up()

    async def _on_say(self, step: Step) -> str:
        await self._play(self._spoken(step.say))
        return step.next

    async def _on_record(self, step: Step) -> str:
        if not self._comment_file:
            return step.next
        await self._play(self._spoken(step.say))
        file = self._comment_file
        if await self._line.record(file, seconds=step.seconds, silence_seconds=SILENCE_SECONDS):
            self.known.comment = file
            if self.known.proof is Proof.NONE:
                self.known.proof = Proof.SPEECH
            await self.keep_so_far()
        return step.next

    async def _on_key(self, step: Step) -> str:
        key = await self._asked(step, self._one_key, step.choices.__contains__)
        return await self._take(step, key, step.choices[key]) if key else step.silent

    async def _on_digits(self, step: Step) -> str:
        entry = await self._asked(step, self._number, _is_entry)
        if not entry:
            return step.silent
        if entry == _TO_OPERATOR:
            self.known.meant(Result.TO_OPERATOR)
            return self._operator_end()
        self.known.entered = self.known.number = entry
        if step.records:
            await self._answered(step, entry)
        return step.next

    _STEPS: ClassVar[Mapping[StepKind, Callable[[Walk, Step], Awaitable[str]]]] = {
        StepKind.SAY: _on_say,
        StepKind.RECORD: _on_record,
        StepKind.KEY: _on_key,
        StepKind.DIGITS: _on_digits,
    }

    def _operator_end(self) -> str:
        return next((s.id for s in self._script.steps.values() if s.then is Then.OPERATOR), "")

    async def _take(self, step: Step, key: str, choice: Choice) -> str:
        self.known.entered = key
        self.known.told(step.id, self._confirmed)
        if step.marks and key in "12345":
            self.known.result, self.known.mark = Result.MARKED, int(key)
            self.known.rests(step.id)
        elif choice.result:
            self.known.meant(choice.result)
            if self.known.mark is None and self.known.result is choice.result:
                self.known.rests(step.id)  # not so where a mark, or "not done", stands over what he asks for now
        elif step.records:
            await self._answered(step, key)
            return choice.next
        else:
            return choice.next
        await self.keep_so_far()
        return choice.next

    async def _answered(self, step: Step, entry: str) -> None:
        self.known.answers[step.id] = entry
        self.known.result = self.known.result or Result.PARTIAL
        await self.keep_so_far()

    # --- asking ------------------------------------------------------------------------------------------

    async def _asked(
        self,
        step: Step,
        understand: Callable[[Step, str], Awaitable[tuple[str, str]]],
        is_wanted: Callable[[str], bool],
    ) -> str:
        """Ask until something wanted was understood or the tries are over; what was understood, or ""."""
        tries = 1 if self._machine and self.known.proof is Proof.NONE else step.tries
        repeats, told = 0, ""
        while tries > 0:
            by_keys = step.id in self._by_keys
            first, answer = await self._put(step, self._before(told))
            told = ""
            if answer:
                return answer
            if not first:
                if step.id in self._by_keys and not by_keys:
                    # He did answer: being misunderstood costs him no try, unless nobody has proved to be there.
                    told, tries = _BY_KEYS, 0 if self._machine and self.known.proof is Proof.NONE else tries
                else:
                    tries -= 1
                continue
            key, told = await understand(step, first)
            if key == REPEAT_KEY and repeats < MOST_REPEATS:
                repeats += 1
                continue
            tries = min(tries, step.tries) - 1
            if key and is_wanted(key):
                return key
        return ""

    def _before(self, told: str) -> list[str]:
        """What he hears before the question is put again."""
        if told == _BY_KEYS:
            return self._sentences(aloud.BY_KEYS)
        return self._spoken(self._script.told[told]) if told else []

    async def _put(self, step: Step, before: list[str]) -> tuple[str, str]:
        """Ask once and listen: the first key, or an answer that was said and confirmed; both "" for neither."""
        self._confirmed = None
        meant = self._hears(step)
        offered = self._sentences(aloud.SAY_IT) if meant else []
        if first := await self._play([*before, *self._spoken(step.say), *offered]):
            return first, ""
        if not meant:
            return await self._listen(step.seconds), ""
        heard = await self._heard(step.id, meant, step.seconds)
        if heard.meaning:
            return await self._read_back(step, meant[heard.meaning], heard)
        if heard.spoke:
            self._unheard(step)
        return heard.key, ""

    # --- answers that are said aloud ---------------------------------------------------------------------

    def _hears(self, step: Step) -> Mapping[str, str]:
        """What may be said now, and the key that it stands for; {} where only keys count."""
        if self._ears is None or step.id in self._by_keys or not self._ears.ready:
            return {}
        return aloud.meanings(step)

    async def _heard(self, name: str, wanted: Collection[str], seconds: float) -> Listened:
        assert self._ears is not None
        self._listened.add(name)
        heard = await self._ears.listen(name, wanted, seconds=seconds)
        if heard is None:
            return Listened(key=await self._listen(seconds))
        self.known.pressed(heard.key)
        return heard

    async def _read_back(self, step: Step, key: str, heard: Listened) -> tuple[str, str]:
        """What was understood counts when he says so: by a key it is certain, by speech as certain as that was.

        A key before he is asked whether it is right answers the question that he was asked before: it confirms nothing.
        """
        word = self._prompts[aloud.word_for(heard.meaning, self._language)]
        for _ in range(1 + MOST_REPEATS):
            early = await self._play([*self._sentences(aloud.YOU_SAID), word])
            said = Listened(key=early or await self._play(self._sentences(aloud.IS_IT_RIGHT)))
            if not said.key:
                said = await self._yes_or_no(step)
            if said.key == REPEAT_KEY:
                continue
            if said.key:
                burst = said.key + await self._listen(BURST_SECONDS, most=None)
                if set(burst) == {CONFIRM_KEY} and not early:
                    self._confirmed = Spoken(key, round(heard.certainty * 100), Proof.KEY)
                    return "", key
                if len(set(burst)) == 1 and _leads_away(step, said.key):
                    return "", said.key
            # A machine that talks may say yes to anything: after its hint only a key proves a person.
            elif said.meaning == YES and not (self._machine and self.known.proof is Proof.NONE):
                certainty = min(heard.certainty, said.certainty)
                self._confirmed = Spoken(key, round(certainty * 100), Proof.SPEECH)
                return "", key
            break
        self._unheard(step)
        return "", ""

    async def _yes_or_no(self, step: Step) -> Listened:
        assert self._ears is not None
        if not self._ears.ready:
            return Listened(key=await self._listen(aloud.CONFIRM_SECONDS))
        return await self._heard(f"{step.id}-right", (YES, NO), aloud.CONFIRM_SECONDS)

    def _unheard(self, step: Step) -> None:
        """Not understood, or not confirmed: from now on this question is asked by keys alone."""
        self._by_keys.add(step.id)

    def _sentences(self, text: Texts) -> list[str]:
        said = words.sentences(text[self._language], self._language)
        return [self._prompts[words.normalise(one, self._language)] for one in said]

    async def _one_key(self, step: Step, first: str) -> tuple[str, str]:
        """The key, or "" with what to tell him: several different keys at once are no answer."""
        burst = first + await self._listen(BURST_SECONDS, most=None)
        if len(set(burst)) > 1:
            return "", "wrong"
        return (first, "") if first == REPEAT_KEY or first in step.choices else ("", "wrong")

    async def _number(self, step: Step, first: str) -> tuple[str, str]:
        if first == REPEAT_KEY:
            then = await self._listen(PAUSE_SECONDS / 2)
            return (_TO_OPERATOR, "") if then == OPERATOR_KEY else (REPEAT_KEY, "")
        rest = "" if first == "#" else await self._listen(PAUSE_SECONDS, most=step.digits, until="#")
        entry = (first + rest).removesuffix("#")
        if len(entry) > step.digits:
            await self._listen(BURST_SECONDS, most=None)
        if not entry.isdecimal() or len(entry) > step.digits:
            return "", "wrong"
        lowest, highest = self.limits.get(step.id, (step.lowest, step.highest))
        if lowest is not None and int(entry) < lowest:
            return "", "too_low"
        if highest is not None and int(entry) > highest and not self._insists(step, entry):
            return "", "too_high"
        return entry, ""

    def _insists(self, step: Step, entry: str) -> bool:
        before = self._too_high.get(step.id)
        self._too_high[step.id] = entry
        return before == entry and int(entry) <= self.doubted.get(step.id, 0)

    async def _listen(self, seconds: float, *, most: int | None = 1, until: str = "") -> str:
        keys = await self._line.more_keys(quiet_seconds=seconds, until=until, **({"most": most} if most else {}))
        self.known.pressed(keys)
        return keys

    async def _play(self, prompts: list[str]) -> str:
        """Play until a key; the key, or ""."""
        for prompt in prompts:
            if key := await self._line.play(prompt, keys=ALL_KEYS):
                self.known.pressed(key)
                return key
        return ""

    def _spoken(self, texts: Texts) -> list[str]:
        text = texts[self._language]
        if (known := self._said.get(text)) is not None:
            return known
        found: list[str] = []
        read_back = False
        for part, has_fields in _parts(text, self._language):
            if has_fields:
                if piece := self._piece(part):
                    found.append(self._prompts[piece])
            elif part == ENTERED:
                read_back = True
                found += [self._prompts[words.digits(digit, self._language)] for digit in self.known.entered]
            else:
                found.append(self._prompts[part])
        if not read_back:
            self._said[text] = found
        return found

    # --- keeping -----------------------------------------------------------------------------------------

    async def keep_so_far(self) -> None:
        await self._keep(self.known.outcome(Result.HUNG_UP, final=False))

    async def _keep(self, outcome: Outcome) -> None:
        """A PBX that cannot keep it must not end the talk: the outcome is returned all the same."""
        try:
            await self._line.keep(outcome.to_facts())
        except EngineError as error:
            log.warning("the outcome was not kept in the PBX: %s", error.detail, extra={"action": "outcome_not_kept"})
