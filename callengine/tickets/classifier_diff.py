"""The whole classifier as a value: its tree checked, two states compared field by field, a change taken back; pure.

A change is `{kind, code, before, after}`, each side the plain snapshot of an entry or a group, None where there is
none. What a person reads of it are the cells of the CSV, so that the diff shows what the file shows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from callengine.tickets.classifier import cells_of, loop_of
from callengine.tickets.model import AnswerType, Entry, Group, Question, Urgency

Kind = Literal["entry", "group"]
What = Literal["added", "changed", "retired", "restored", "removed"]
Snapshot = dict[str, Any]
# Set by the version that brings an entry in or retires it; not a matter of the text.
_DATES = ("valid_from", "valid_until", "overridden", "questions")


@dataclass(frozen=True, slots=True)
class Classifier:
    """All groups and all entries, the retired ones too, by their codes."""

    groups: Mapping[str, Group] = field(default_factory=dict)
    entries: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all that there is: another one means that somebody changed something."""
        groups = [snapshot(one) for _, one in sorted(self.groups.items())]
        whole = [groups, [snapshot(one) for _, one in sorted(self.entries.items())]]
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one entry or group; None is none."""

    kind: Kind
    code: str
    before: Snapshot | None
    after: Snapshot | None

    @property
    def what(self) -> What:
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        if self.kind == "entry" and self.before["active"] != self.after["active"]:
            return "restored" if self.after["active"] else "retired"
        return "changed"

    @property
    def fields(self) -> list[tuple[str, str, str]]:
        """(field, before, after) of each cell that differs, in the order of the columns."""
        before, after = _cells(self.kind, self.before), _cells(self.kind, self.after)
        names = list(dict.fromkeys((*after, *before)))
        return [(n, before.get(n, ""), after.get(n, "")) for n in names if before.get(n, "") != after.get(n, "")]

    def kept(self) -> dict[str, Any]:
        """As a row of classifier_versions keeps it."""
        return {"kind": self.kind, "code": self.code, "before": self.before, "after": self.after}

    def name(self, language: str = "ru") -> str:
        side = self.after or self.before or {}
        key = "problem" if self.kind == "entry" else "name"
        return str(side.get(f"{key}_{language}") or side.get(f"{key}_ru", ""))


def change_of(kept: Mapping[str, Any]) -> Change:
    return Change(kept.get("kind", "entry"), kept["code"], kept["before"], kept["after"])


def snapshot(one: Entry | Group) -> Snapshot:
    """An entry or a group as JSON."""
    if isinstance(one, Group):
        return asdict(one)
    plain = {name: value for name, value in asdict(one).items() if name not in _DATES}
    made = {
        "urgency": one.urgency.value,
        "organisation_kinds_next": list(one.organisation_kinds_next),
        "script": [question_kept(question) for question in one.script],
    }
    # The release before had words alone: they are kept until somebody types them.
    return plain | made | ({"questions": list(one.questions)} if one.questions and not one.script else {})


def question_kept(question: Question) -> Snapshot:
    plain = asdict(question)
    lists = {name: list(plain[name]) for name in ("choices", "choices_en")}
    return plain | {"type": question.type.value, **lists}


def entry_from(kept: Mapping[str, Any]) -> Entry:
    """The reverse of `snapshot`; a field that an older release did not keep has its default."""
    script = tuple(_question_from(one) for one in kept.get("script", ()))
    known = {name: value for name, value in kept.items() if name in Entry.__dataclass_fields__ and name not in _DATES}
    made = {
        "urgency": Urgency(kept["urgency"]),
        "organisation_kinds_next": tuple(kept["organisation_kinds_next"]),
        "script": script,
        "questions": tuple(question.text_ru for question in script) or tuple(kept.get("questions", ())),
    }
    return Entry(**(known | made))


def _question_from(kept: Mapping[str, Any]) -> Question:
    lists = {name: tuple(kept.get(name, ())) for name in ("choices", "choices_en")}
    return Question(**{**kept, "type": AnswerType(kept["type"]), **lists})


def group_from(kept: Mapping[str, Any]) -> Group:
    return Group(**kept)


def group_cells(group: Group) -> dict[str, str]:
    return {
        "code": group.code,
        "parent": group.parent,
        "problem_ru": group.name_ru,
        "problem_en": group.name_en,
        "position": str(group.position),
    }


def _cells(kind: Kind, side: Snapshot | None) -> dict[str, str]:
    if side is None:
        return {}
    return cells_of(entry_from(side)) if kind == "entry" else group_cells(group_from(side))


# --- comparing --------------------------------------------------------------------------------------------


def compare(before: Classifier, after: Classifier) -> tuple[Change, ...]:
    """What turns one state into the other: groups first, each side by its code. Entries are never removed."""
    changes: list[Change] = []
    for code in sorted({*before.groups, *after.groups}):
        changes += _changed("group", code, before.groups.get(code), after.groups.get(code))
    for code in sorted({*before.entries, *after.entries}):
        old, new = before.entries.get(code), after.entries.get(code)
        changes += _changed("entry", code, old, new or (replace(old, active=False) if old else None))
    return tuple(changes)


def _changed(kind: Kind, code: str, old: Entry | Group | None, new: Entry | Group | None) -> list[Change]:
    before, after = snapshot(old) if old else None, snapshot(new) if new else None
    return [] if before == after else [Change(kind, code, before, after)]


def rebased(changes: Iterable[Change], now: Classifier) -> tuple[Change, ...]:
    """The same changes upon what stands now: the fields that each one changed get its value, the others stay.

    For a version that waited for its moment while others changed the same entry.
    """
    found = []
    for change in changes:
        one = (now.entries if change.kind == "entry" else now.groups).get(change.code)
        before = snapshot(one) if one else None
        after = change.after
        if before is not None and change.before is not None and change.after is not None:
            differing = {n: v for n, v in change.after.items() if change.before.get(n) != v}
            after = before | differing
        if before != after:
            found.append(replace(change, before=before, after=after))
    return tuple(found)


def applied(now: Classifier, changes: Iterable[Change]) -> Classifier:
    """The state after the changes."""
    groups, entries = dict(now.groups), dict(now.entries)
    for change in changes:
        if change.kind == "group":
            groups.pop(change.code, None)
            if change.after is not None:
                groups[change.code] = group_from(change.after)
        elif change.after is not None:
            entries[change.code] = entry_from(change.after)
    return Classifier(groups, entries)


def undone(changes: Iterable[Change], now: Classifier) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """(what takes the changes back, the codes that stand otherwise by now). An entry that was added is retired."""
    back, moved = [], []
    for change in changes:
        one = (now.entries if change.kind == "entry" else now.groups).get(change.code)
        stands = snapshot(one) if one else None
        if stands != change.after:
            moved.append(change.code)
            continue
        before = change.before
        if before is None and change.kind == "entry" and stands is not None:
            before = stands | {"active": False}
        if before != stands:
            back.append(Change(change.kind, change.code, stands, before))
    return tuple(back), tuple(moved)


# --- the tree ---------------------------------------------------------------------------------------------


def mistakes_of(state: Classifier) -> dict[tuple[Kind, str], str]:
    """What is wrong with the tree: by kind and code the reason; {} when all of it stands."""
    wrong: dict[tuple[Kind, str], str] = {}
    parents = {code: group.parent for code, group in state.groups.items()}
    for code, group in state.groups.items():
        if group.parent and group.parent not in state.groups:
            wrong["group", code] = f"parent {group.parent!r} is no group"
        elif loop := loop_of(code, parents):
            wrong["group", code] = f"a loop: {' → '.join(loop)}"
    for code, entry in state.entries.items():
        if entry.parent and entry.parent not in state.groups and entry.active:
            wrong["entry", code] = f"parent {entry.parent!r} is no group"
    return wrong


def used_groups(state: Classifier) -> set[str]:
    """The codes that some entry or group stands under."""
    return {one.parent for side in (state.groups, state.entries) for one in side.values() if one.parent}
