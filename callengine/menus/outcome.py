"""How a dialogue of the robot ended: the one value that dialogues return, the ledger keeps and the outreach reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

KEYS_LIMIT = 64  # raw keys that are kept: a person who leans on his telephone presses hundreds


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
class Outcome:
    """`mark` (1 to 5), `comment` (name of the recording) and `never_again` stand whatever the result is.

    No mark without its key: raises ValueError.
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

    def __post_init__(self) -> None:
        if self.mark is not None and (not 1 <= self.mark <= 5 or str(self.mark) not in self.keys):
            raise ValueError(f"mark {self.mark} without its key among {self.keys!r}")

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
        }
        return {k: v for k, v in facts.items() if v} | {f"a.{step}": keys for step, keys in self.answers.items()}

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
        )
