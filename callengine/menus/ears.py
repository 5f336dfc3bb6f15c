"""Answers that are said aloud: what a dialogue asks of the ears of a line, and what it says about them.

A recogniser is sure of wrong things, so whatever it understood is read back and confirmed before it counts (walk.py).
How a telephone line listens is in listening.py.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from callengine.menus.outcome import Result
from callengine.menus.script import Step, StepKind, Texts
from callengine.speech import words
from callengine.speech.answers import FORMS, NO, YES

CONFIRM_SECONDS = 5.0

SAY_IT: Texts = {"ru": "Ответ можно и сказать вслух.", "en": "You may also say your answer."}
YOU_SAID: Texts = {"ru": "Вы сказали:", "en": "You said:"}
IS_IT_RIGHT: Texts = {
    "ru": "Если верно, нажмите один или скажите да.",
    "en": "If this is right, press one or say yes.",
}
BY_KEYS: Texts = {
    "ru": "Ответ не разобран. Нажмите, пожалуйста, клавишу.",
    "en": "Your answer was not understood. Please press a key.",
}

_YES_WORDS, _NO_WORDS = {"да", "yes"}, {"нет", "no"}
_MEANS_YES = (Result.DONE_NO_MARK, Result.ACKNOWLEDGED)
_MEANS_NO = (Result.NOT_DONE, Result.DECLINED)


@dataclass(frozen=True, slots=True)
class Listened:
    """A key that was pressed, or what was said: `meaning` as answers.py has it, "" for nothing that was understood."""

    key: str = ""
    spoke: bool = False
    meaning: str = ""
    certainty: float = 0.0


SILENCE = Listened()


class Ears(Protocol):
    """Hears keys and speech at once, on one line."""

    said: str  # how the recordings of answers are named: Outcome.said

    @property
    def ready(self) -> bool:
        """Whether speech would be understood now; without it the dialogue asks by keys and does not offer more."""
        ...

    async def listen(self, name: str, wanted: Collection[str], *, seconds: float) -> Listened | None:
        """Until a key, until he has spoken, or so long. Raises HungUp; a recogniser in trouble understands nothing.

        What he said is kept as the recording `said`-`name`. None: the PBX cannot record, nobody has listened to him.
        """
        ...

    async def forget(self, name: str) -> None:
        """That recording led to nothing: it is nobody's."""
        ...


def meanings(step: Step) -> dict[str, str]:
    """What may be said at a step, as answers.py names it, and the key that it stands for; {} where only keys count.

    Marks, answers that are kept, and yes or no. Operator, "not me" and "never again" are keys alone.
    """
    if step.kind is not StepKind.KEY or step.tries < 2:
        return {}
    found: dict[str, str] = {}
    for key, choice in step.choices.items():
        label = {text.strip().lower() for text in choice.label.values()}
        yes = choice.result in _MEANS_YES or (step.records and not label.isdisjoint(_YES_WORDS))
        no = choice.result in _MEANS_NO or (step.records and not label.isdisjoint(_NO_WORDS))
        if yes or no:
            found[YES if yes else NO] = key
        if yes or no or ((step.marks or step.records) and choice.result is None):
            found[key] = key
    return {} if NO in found and YES not in found else found


def word_for(meaning: str, language: str) -> str:
    """How it is read back."""
    return FORMS[language][meaning] if meaning in (YES, NO) else words.digits(meaning, language)


def texts(language: str) -> list[str]:
    """Every sentence of this page: to be spoken ahead, the same in every call."""
    said = (SAY_IT, YOU_SAID, IS_IT_RIGHT, BY_KEYS)
    found = [words.normalise(one, language) for text in said for one in words.sentences(text[language], language)]
    return [*found, *(words.normalise(FORMS[language][one], language) for one in (YES, NO)), *digits(language)]


def digits(language: str) -> list[str]:
    return [words.digits(digit, language) for digit in "0123456789"]
