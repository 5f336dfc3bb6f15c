"""How a dialogue of the robot ended: the one value that dialogues return, the ledger keeps and the outreach reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

KEYS_LIMIT = 64  # raw keys that are kept: a person who leans on his telephone presses hundreds
_SPOKEN = re.compile(r"([0-9])(\d{1,3})([ks])")


class Result(StrEnum):
    """The best that is known when the line is free again. Only what a person did counts; `heard` claims no person."""

    MARKED = "marked"
    NOT_DONE = "not_done"
    DONE_NO_MARK = "done_no_mark"
    ACKNOWLEDGED = "acknowledged"
    DECLINED = "declined"
    HEARD = "heard"  # a notice was played to its end; nobody proved to be there
    ANSWERED = "answered"  # survey or readings complete
    PARTIAL = "partial"  # some answers, then nothing more
    SILENT = "silent"  # no key that means anything, within all tries
    NOT_ME = "not_me"
    NEVER_AGAIN = "never_again"
    TO_OPERATOR = "to_operator"
    HUNG_UP = "hung_up"
    MACHINE = "machine"  # the PBX took it for a machine, and nobody pressed or said anything


class Proof(StrEnum):
    """What shows that a person was there: answered is not human."""

    KEY = "key"
    SPEECH = "speech"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Spoken:
    """An answer that was said aloud, read back and confirmed: the key that it stands for.

    `percent` (0 to 100) is the recogniser's own certainty of it; `confirmed` is by what he said that it is right, and
    only a key makes it certain.
    """

    key: str
    percent: int
    confirmed: Proof

    def __post_init__(self) -> None:
        if self.confirmed is Proof.NONE or not 0 <= self.percent <= 100 or not re.fullmatch("[0-9]", self.key):
            raise ValueError(f"no answer that was said and confirmed: {self!r}")

    def to_fact(self) -> str:
        return f"{self.key}{self.percent}{self.confirmed.value[0]}"

    @staticmethod
    def from_fact(text: str) -> Spoken:
        """Raises ValueError for what `to_fact` did not write."""
        if (match := _SPOKEN.fullmatch(text)) is None:
            raise ValueError(f"no answer that was said: {text[:20]!r}")
        key, percent, how = match.groups()
        return Spoken(key, int(percent), Proof.KEY if how == "k" else Proof.SPEECH)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`mark` (1 to 5), `comment` (name of the recording) and `never_again` stand whatever the result is.

    No mark without its key, pressed or said: raises ValueError.
    """

    result: Result
    mark: int | None = None
    answers: Mapping[str, str] = field(default_factory=dict)  # step -> the keys of its answer
    comment: str = ""
    keys: str = ""
    proof: Proof = Proof.NONE
    step: str = ""  # where it ended
    final: bool = True  # False: kept on the way, the dialogue was still going on
    never_again: bool = False  # he wants no more calls; the result of who also said "not done" is that
    spoken: Mapping[str, Spoken] = field(default_factory=dict)  # step -> its answer, where that was said aloud
    rests_on: str = ""  # the step of `spoken` that the mark or the result comes from; "": from a key
    said: str = ""  # how the recordings of spoken answers are named, with "-" and the step behind it

    def __post_init__(self) -> None:
        if self.rests_on and self.rests_on not in self.spoken:
            raise ValueError(f"nothing was said at {self.rests_on!r}")
        if self.mark is None:
            return
        said = self.spoken[self.rests_on].key if self.rests_on else ""
        if not 1 <= self.mark <= 5 or str(self.mark) not in self.keys + said:
            raise ValueError(f"mark {self.mark} without its key among {self.keys!r}")

    @property
    def told_aloud(self) -> Spoken | None:
        """What the mark or the result rests on, when it was said; None: a key was pressed for it, or none was."""
        return self.spoken[self.rests_on] if self.rests_on else None

    def audio(self, step: str) -> str:
        """The recording of what was said at a step, as `comment` is named; "" where nothing was."""
        return f"{self.said}-{step}" if step in self.spoken and self.said else ""

    def evolve(self, **changes: Any) -> Outcome:
        return replace(self, **changes)

    def to_facts(self) -> dict[str, str]:
        """Flat text for the PBX-side ledger; `from_facts` reads it back equal."""
        facts = {
            "result": self.result.value,
            "mark": "" if self.mark is None else str(self.mark),
            "comment": self.comment,
            "keys": self.keys,
            "proof": self.proof.value,
            "step": self.step,
            "final": "1" if self.final else "0",
            "never_again": "1" if self.never_again else "",
            "rests_on": self.rests_on,
            "said": self.said,
        }
        said = {f"s.{step}": one.to_fact() for step, one in self.spoken.items()}
        return {k: v for k, v in facts.items() if v} | {f"a.{s}": keys for s, keys in self.answers.items()} | said

    @staticmethod
    def from_facts(facts: Mapping[str, str]) -> Outcome:
        """The outcome of `to_facts`. Raises ValueError for what no dialogue of ours wrote."""
        return Outcome(
            result=Result(facts.get("result", "")),
            mark=int(facts["mark"]) if "mark" in facts else None,
            answers={k[2:]: v for k, v in facts.items() if k.startswith("a.")},
            comment=facts.get("comment", ""),
            keys=facts.get("keys", ""),
            proof=Proof(facts.get("proof", "none")),
            step=facts.get("step", ""),
            final=facts.get("final", "1") == "1",
            never_again=facts.get("never_again") == "1",
            spoken={k[2:]: Spoken.from_fact(v) for k, v in facts.items() if k.startswith("s.")},
            rests_on=facts.get("rests_on", ""),
            said=facts.get("said", ""),
        )
