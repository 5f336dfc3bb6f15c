"""The classifier as one CSV file: written for spreadsheets, read back with every mistake by row and reason; pure.

The file has the groups first (`type` is group: code, parent, problem_ru and problem_en are its names, position its
place) and then the entries. A column that a file lacks leaves what stands; an empty cell empties it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from callengine.directory.csvrows import CsvRow, CsvRows, Mistake
from callengine.errors import Refused
from callengine.tickets import classifier
from callengine.tickets.classifier import COLUMNS, BadRow, cells_of, entry_of, parent_of
from callengine.tickets.classifier_diff import Classifier, Kind, group_cells, mistakes_of, used_groups
from callengine.tickets.model import Entry, Group

HEADER = ("type", *COLUMNS, "position")
REQUIRED = ("code", "problem_ru")
MOST_ROWS = 20_000
MOST_BYTES = 20 * 1024 * 1024
MARK = "\ufeff"  # Excel reads UTF-8 only with it
FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
# What services call their columns.
ALIASES = {
    "тип": "type",
    "код": "code",
    "родитель": "parent",
    "раздел": "parent",
    "категория": "category",
    "проблема": "problem_ru",
    "название": "problem_ru",
    "срочность": "urgency",
    "вид организации": "organisation_kind",
    "ответственный": "responsible",
    "принять": "accept_minutes",
    "принять, мин": "accept_minutes",
    "локализовать": "localize_minutes",
    "локализовать, мин": "localize_minutes",
    "устранить": "fix_minutes",
    "устранить, мин": "fix_minutes",
    "часы": "clock",
    "вопросы": "questions_ru",
    "платная": "paid",
    "источник": "source",
    "действует": "active",
}
_GROUP = ("group", "раздел", "группа")
_ENTRY = ("", "entry", "запись")


@dataclass(frozen=True, slots=True)
class File:
    """What a file makes of the classifier: the state after it, and the rows that could not be taken."""

    after: Classifier
    rows: int
    mistakes: tuple[Mistake, ...]


# --- writing ----------------------------------------------------------------------------------------------


def write(state: Classifier) -> str:
    """The file of a state, with the retired entries; `read` of it over the same state changes nothing."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADER)
    for group in sorted(state.groups.values(), key=lambda one: (one.position, one.code)):
        writer.writerow(_row({"type": "group", **group_cells(group)}))
    for _, entry in sorted(state.entries.items()):
        writer.writerow(_row({"type": "entry", **cells_of(entry)}))
    return MARK + out.getvalue()


def _row(cells: Mapping[str, str]) -> list[str]:
    # A spreadsheet would run a cell that begins so; the apostrophe goes away again when the file is read.
    return ["'" + text if (text := cells.get(name, "")).startswith(FORMULA) else text for name in HEADER]


def _bare(text: str) -> str:
    text = text.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def shipped_state() -> Classifier:
    """The classifier that this release ships."""
    groups = {group.code: group for group in classifier.shipped_groups()}
    entries = [entry_of(row) for row in classifier.shipped()]
    return _with_implied(Classifier(groups, {entry.code: entry for entry in entries}))


def _with_implied(state: Classifier, never: Collection[str] = ()) -> Classifier:
    """With a group for each entry whose code names one that nobody wrote down: HVS of HVS-01, by its category."""
    groups = dict(state.groups)
    for entry in state.entries.values():
        implied = entry.parent == parent_of(entry.code) and entry.parent not in never
        if entry.parent and entry.parent not in groups and implied:
            groups[entry.parent] = Group(entry.parent, entry.category, "", "", 1000 + len(groups))
    return Classifier(groups, state.entries)


# --- reading ----------------------------------------------------------------------------------------------


def read(data: bytes, now: Classifier, *, retire_missing: bool = True) -> File:
    """The state that a file makes of `now`. What the file lacks is retired, or kept as it is.

    UTF-8 with or without a mark, cp1251; commas, semicolons or tabs. Raises Refused when nothing can be read at all.
    """
    if len(data) > MOST_BYTES:
        raise Refused(f"the file is larger than {MOST_BYTES // 1024 // 1024} MB")
    reader = _Reader(now)
    source = CsvRows()
    for item in (*source.feed(data), *source.close()):
        reader.take(item, source.header)
    if source.header is None:
        raise Refused(f"the file is empty: its first line names the columns, such as {', '.join(HEADER[:5])}")
    reader.columns(source.header)
    return reader.end(retire_missing)


class _Reader:
    """Rows as they come; the tree is looked at when all are there."""

    def __init__(self, now: Classifier) -> None:
        self._now = now
        self._columns: list[str] | None = None
        self._groups: dict[str, tuple[int, Group]] = {}
        self._entries: dict[str, tuple[int, Entry]] = {}
        self._named: set[str] = set()  # codes in rows that could not be taken: nothing of theirs is retired
        self._nameless = False
        self._mistakes: list[Mistake] = []
        self._rows = 0

    def columns(self, header: Sequence[str]) -> list[str]:
        if self._columns is None:
            names = [ALIASES.get(name, name) for name in header]
            if missing := [name for name in REQUIRED if name not in names]:
                raise Refused(f"columns missing: {', '.join(missing)}; the file has: {', '.join(header)[:300]}")
            if twice := sorted({name for name in names if name in HEADER and names.count(name) > 1}):
                raise Refused(f"columns named twice: {', '.join(twice)}")
            unknown = [name for name, column in zip(header, names, strict=True) if column not in HEADER and name]
            self._mistakes += [Mistake(1, f"unknown column {name[:60]!r}: not read") for name in unknown]
            self._columns = names
        return self._columns

    def take(self, item: CsvRow | Mistake, header: Sequence[str] | None) -> None:
        columns = self.columns(header) if header is not None else []
        self._rows += 1
        if self._rows > MOST_ROWS:
            raise Refused(f"more than {MOST_ROWS} rows: this is no classifier")
        if isinstance(item, Mistake):
            self._nameless = True
            self._mistakes.append(item)
            return
        cells = {name: _bare(text) for name, text in zip(columns, item.cells, strict=False) if name in HEADER}
        try:
            if len(item.cells) != len(columns):
                raise BadRow(f"{len(item.cells)} cells, the header has {len(columns)}")
            self._take(item.row, cells)
        except BadRow as bad:
            self._refuse(item.row, cells.get("code", ""), str(bad))

    def _refuse(self, row: int, code: str, reason: str) -> None:
        self._mistakes.append(Mistake(row, reason))
        self._named.add(code)
        self._nameless = self._nameless or not code

    def _take(self, row: int, cells: Mapping[str, str]) -> None:
        kind = cells.get("type", "").lower()
        if kind not in (*_GROUP, *_ENTRY):
            raise BadRow(f"type {kind[:40]!r}: group or entry")
        code = cells.get("code", "")
        taken = self._taken("group" if kind in _GROUP else "entry")
        if code and code in taken:
            raise BadRow(f"the same as row {taken[code][0]}: {code}")
        if kind in _GROUP:
            self._groups[code] = (row, self._group(cells))
        else:
            known = self._now.entries.get(code)
            fields = {name: text for name, text in cells.items() if name in COLUMNS}
            if known is None and not fields.get("category"):
                fields["category"] = self._category(fields)
            self._entries[code] = (row, entry_of(fields, known))

    def _category(self, cells: Mapping[str, str]) -> str:
        """A new entry without a category takes the name of its group."""
        code = cells.get("parent") or parent_of(cells.get("code", ""))
        group = self._groups[code][1] if code in self._groups else self._now.groups.get(code)
        return group.name_ru if group else ""

    def _group(self, cells: Mapping[str, str]) -> Group:
        return read_group(cells, self._now.groups.get(cells.get("code", "")), len(self._groups) * 10)

    def end(self, retire_missing: bool) -> File:
        retire_missing = retire_missing and not self._nameless
        after = self._merged(retire_missing)
        while wrong := mistakes_of(after):  # a group that falls takes what stands under it along
            fallen = [(side, code) for side, code in wrong if code in self._taken(side)]
            if not fallen:
                raise Refused("the tree of the classifier is broken: " + "; ".join(wrong.values())[:500])
            for side, code in fallen:
                row, _ = self._taken(side).pop(code)
                self._refuse(row, code, wrong[side, code])
            after = self._merged(retire_missing)
        mistakes = sorted(self._mistakes, key=lambda mistake: mistake.row)
        return File(after, self._rows, tuple(mistakes))

    def _taken(self, kind: Kind) -> dict[str, tuple[int, Any]]:
        return self._groups if kind == "group" else self._entries

    def _merged(self, retire_missing: bool) -> Classifier:
        entries = {code: entry for code, (_, entry) in self._entries.items()}
        for code, entry in self._now.entries.items():
            if code not in entries:
                keep = not retire_missing or code in self._named
                entries[code] = entry if keep else replace(entry, active=False)
        groups = {**self._now.groups, **{code: group for code, (_, group) in self._groups.items()}}
        merged = _with_implied(Classifier(groups, entries), self._named)
        return self._without_unused(merged) if retire_missing and self._groups else merged

    def _without_unused(self, state: Classifier) -> Classifier:
        """Groups that the file lacks go when nothing stands under them."""
        groups = dict(state.groups)
        while True:
            used = used_groups(Classifier(groups, state.entries)) | set(self._groups) | self._named
            gone = [code for code in groups if code not in used and code in self._now.groups]
            if not gone:
                return Classifier(groups, state.entries)
            for code in gone:
                del groups[code]


def read_group(cells: Mapping[str, str], known: Group | None, position: int = 0) -> Group:
    """A group from a row of text. Raises BadRow."""
    cell = {name: " ".join(text.split()) for name, text in cells.items()}
    full = {**(group_cells(known) if known else {"position": str(position)}), **cell}
    code, name = full.get("code", ""), full.get("problem_ru", "")
    classifier.check_code(code)
    if not name:
        raise BadRow("problem_ru is empty: it is the name of the group")
    place = full.get("position") or str(position)
    if not place.isascii() or not place.isdigit() or len(place) > 6:
        raise BadRow(f"position {place[:40]!r}: a whole number from 0 to 999999")
    names = (code, name, full.get("problem_en", ""), full.get("parent", ""))
    if any(len(text) > classifier.MOST_LETTERS or "\x00" in text for text in names):
        raise BadRow(f"a text is longer than {classifier.MOST_LETTERS} characters")
    return Group(code, name, full.get("problem_en", ""), full.get("parent", ""), int(place))


def groups_in_order(groups: Iterable[Group]) -> list[Group]:
    return sorted(groups, key=lambda group: (group.position, group.code))
