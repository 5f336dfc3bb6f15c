"""ClassifierService: the tree as it stands and stood, changes as versions, import with a diff, undo, overrides."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from callengine.clock import Clock
from callengine.directory.csvrows import Mistake
from callengine.directory.model import Reader, Somebody
from callengine.directory.search import storable
from callengine.errors import Conflict, Forbidden, NotFound, Refused
from callengine.store import classifier as rows
from callengine.store.classifier import Version
from callengine.store.database import Store, Tx
from callengine.store.timers import cancel_timer, set_timer
from callengine.tickets import classifier_csv
from callengine.tickets.classifier import COLUMNS, BadRow, Override, cells_of, entry_of, in_branch, path_of
from callengine.tickets.classifier_diff import (
    Change,
    Classifier,
    applied,
    compare,
    entry_from,
    group_cells,
    mistakes_of,
    rebased,
    snapshot,
    undone,
    used_groups,
)
from callengine.tickets.model import Entry, Group, Question
from callengine.tickets.script import check as check_script

log = logging.getLogger(__name__)

CLASSIFIER = "classifier"  # the timers of planned versions
ENGINE = Somebody("callengine")
LIMIT = 50
# What a supervisor may change of an entry: the answers that operators read out.
ANSWERS = frozenset({"answer_ru", "answer_en"})


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file, or a form, would change, or did: `version` is there when it was written down."""

    changes: tuple[Change, ...]
    fingerprint: str = ""
    rows: int = 0
    mistakes: tuple[Mistake, ...] = ()
    open_tickets: dict[str, int] = field(default_factory=dict)
    version: Version | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """An entry with what an editor needs: its revision, the groups above, its open tickets."""

    entry: Entry
    revision: str
    path: tuple[str, ...] = ()
    open_tickets: int = 0


@dataclass(frozen=True, slots=True)
class Tree:
    state: Classifier
    open_tickets: dict[str, int]
    version: int | None
    planned: tuple[Version, ...]


class ClassifierService:
    """The classifier of one service."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    # --- the first start --------------------------------------------------------------------------------

    async def begin(self) -> int | None:
        """Version 1, when there is none: the shipped classifier.

        A database of the release before keeps what its people changed, and gets what the new columns hold.
        """
        async with self._store.read() as conn:
            if await rows.any_version(conn):
                return None
        return await self._store.transact(self._begin)

    async def _begin(self, tx: Tx) -> int | None:
        await rows.lock(tx)
        if await rows.any_version(tx.conn):
            return None
        now, shipped = await rows.state(tx.conn), classifier_csv.shipped_state()
        after = filled(now, shipped) if now.entries else shipped
        return await self._write(tx, compare(now, after), source="shipped", who=ENGINE, state=now)

    # --- reading ----------------------------------------------------------------------------------------

    async def tree(self) -> Tree:
        """All groups and entries, the retired ones too, with the open tickets of each."""
        async with self._store.read() as conn:
            return Tree(
                await rows.state(conn),
                await rows.open_counts(conn),
                await rows.current_version(conn),
                tuple(await rows.planned(conn)),
            )

    async def entry(self, code: str, at: datetime | None = None) -> Known:
        """An entry as it stands, or as it stood at a moment. Raises NotFound."""
        async with self._store.read() as conn:
            state, counts = await rows.state(conn), await rows.open_counts(conn)
            entry = state.entries.get(storable(code))
            if at is not None:
                entry = await _as_it_stood(conn, code, at, entry)
        if entry is None:
            raise NotFound(f"there is no classifier entry {code!r}")
        return Known(entry, revision_of(entry), path_of(entry, state.groups), counts.get(entry.code, 0))

    async def entry_at(self, code: str, moment: datetime) -> Entry | None:
        """The entry as it stood at a moment; None when there was none."""
        async with self._store.read() as conn:
            now = (await rows.state(conn)).entries.get(code)
            return await _as_it_stood(conn, code, moment, now)

    async def export(self) -> str:
        """The whole classifier as one CSV; importing it changes nothing."""
        async with self._store.read() as conn:
            return classifier_csv.write(await rows.state(conn))

    async def versions(self, *, limit: int = LIMIT, before: int | None = None) -> list[tuple[Version, int]]:
        """The newest first, each with the count of its changes."""
        async with self._store.read() as conn:
            return await rows.versions(conn, limit, before)

    async def version(self, id: int) -> Version:
        """One version with its changes. Raises NotFound."""
        async with self._store.read() as conn:
            found = await rows.version(conn, id)
        if found is None:
            raise NotFound(f"there is no version {id} of the classifier")
        return found

    # --- import -----------------------------------------------------------------------------------------

    async def preview(self, data: bytes, *, retire_missing: bool = True) -> Plan:
        """What a file would change. Its fingerprint stands for the file and for the classifier as it is now."""
        async with self._store.read() as conn:
            now, counts = await rows.state(conn), await rows.open_counts(conn)
        return _plan(data, now, counts, retire_missing)

    async def apply(
        self,
        data: bytes,
        who: Reader,
        *,
        fingerprint: str | None = None,
        retire_missing: bool = True,
        valid_from: datetime | None = None,
        note: str = "",
    ) -> Plan:
        """Take a file. Raises Conflict when it is not what was previewed, or the classifier changed since.

        Rows with mistakes are left out and reported. A file that changes nothing makes no version.
        """

        async def work(tx: Tx) -> Plan:
            await rows.lock(tx)
            if not await rows.any_version(tx.conn) and (await rows.state(tx.conn)).entries:
                await self._begin(tx)
            now = await rows.state(tx.conn)
            plan = _plan(data, now, await rows.open_counts(tx.conn), retire_missing)
            _check_fingerprint(plan.fingerprint, fingerprint)
            if not plan.changes:
                return plan
            sent = plan.fingerprint.partition(".")[0]
            id = await self._write(
                tx, plan.changes, source="import", who=who, state=now, note=note, valid_from=valid_from, sent=sent
            )
            return replace(plan, version=await rows.version(tx.conn, id))

        return await self._store.transact(work)

    # --- editing ----------------------------------------------------------------------------------------

    async def save_entry(
        self,
        entry: Entry,
        who: Reader,
        *,
        revision: str | None,
        note: str = "",
        valid_from: datetime | None = None,
        answers_only: bool = False,
    ) -> Plan:
        """Write an entry, new without a `revision`. Raises Refused (which field, what to write), Conflict, Forbidden.

        `answers_only` is the right of a supervisor: nothing but the standard answers may differ.
        """
        checked = _checked(entry)

        async def work(tx: Tx) -> Plan:
            await rows.lock(tx)
            now = await rows.state(tx.conn)
            old = now.entries.get(checked.code)
            _check_revision(checked.code, revision_of(old) if old else None, revision)
            after = Classifier(now.groups, {**now.entries, checked.code: checked})
            changes = tuple(change for change in compare(now, after) if change.code == checked.code)
            if answers_only and any(name not in ANSWERS for change in changes for name, _, _ in change.fields):
                raise Forbidden("a supervisor changes the standard answers alone")
            return await self._edit(tx, now, changes, who, note, valid_from)

        return await self._store.transact(work)

    async def save_group(self, group: Group, who: Reader, *, note: str = "") -> Plan:
        """Write a group, new or known. Raises Refused for a loop or an unknown parent."""
        try:
            checked = classifier_csv.read_group(group_cells(group), None)
        except BadRow as bad:
            raise Refused(str(bad)) from None

        async def work(tx: Tx) -> Plan:
            await rows.lock(tx)
            now = await rows.state(tx.conn)
            changes = compare(now, Classifier({**now.groups, checked.code: checked}, now.entries))
            return await self._edit(tx, now, changes, who, note, None)

        return await self._store.transact(work)

    async def drop_group(self, code: str, who: Reader) -> Plan:
        """Remove a group that nothing stands under. Raises NotFound, Refused."""

        async def work(tx: Tx) -> Plan:
            await rows.lock(tx)
            now = await rows.state(tx.conn)
            if code not in now.groups:
                raise NotFound(f"there is no group {code!r}")
            if code in used_groups(now):
                under = [e.code for e in now.entries.values() if e.parent == code]
                under += [g.code for g in now.groups.values() if g.parent == code]
                raise Refused(f"{code} is not empty: move {', '.join(sorted(under)[:10])} first")
            groups = {key: group for key, group in now.groups.items() if key != code}
            return await self._edit(tx, now, compare(now, Classifier(groups, now.entries)), who, "", None)

        return await self._store.transact(work)

    async def _edit(
        self,
        tx: Tx,
        now: Classifier,
        changes: tuple[Change, ...],
        who: Reader,
        note: str,
        valid_from: datetime | None,
    ) -> Plan:
        if not changes:
            return Plan(())
        id = await self._write(tx, changes, source="edit", who=who, state=now, note=note, valid_from=valid_from)
        return Plan(changes, open_tickets=await rows.open_counts(tx.conn), version=await rows.version(tx.conn, id))

    async def _write(
        self,
        tx: Tx,
        changes: Sequence[Change],
        *,
        source: str,
        who: Reader,
        state: Classifier,
        note: str = "",
        valid_from: datetime | None = None,
        sent: str = "",
    ) -> int:
        """One version: applied now, or planned for its moment."""
        _check_tree(applied(state, changes))
        now = self._clock.now()
        later = valid_from is not None and valid_from > now
        starts = valid_from if valid_from is not None and later else now
        id = await rows.add_version(
            tx,
            created_at=now,
            valid_from=starts,
            applied_at=None if later else now,
            source=source,
            author=who.name,
            staff_id=who.staff_id,
            note=storable(note),
            changes=changes,
            fingerprint=sent,
        )
        if later:
            await set_timer(tx, CLASSIFIER, str(id), starts)
        else:
            await rows.put(tx, changes, now)
        return id

    # --- planned versions and undo ----------------------------------------------------------------------

    async def on_timer(self, kind: str, subject: str, fence: int) -> None:
        """The moment of a planned version has come. Running it twice changes nothing."""

        async def work(tx: Tx) -> None:
            await rows.lock(tx)
            version = await rows.version(tx.conn, int(subject))
            if version is None or version.state != "planned":
                return
            now = await rows.state(tx.conn)
            changes = _fitting(now, rebased(version.changes, now), version.id)
            at = self._clock.now()
            await rows.put(tx, changes, at)
            await rows.set_applied(tx, version.id, at, changes)

        await self._store.transact(work)

    async def undo(self, id: int, who: Reader) -> Version:
        """Take a version back, by a new one; a planned one never comes. Raises NotFound, Conflict.

        To take an undo back brings what it took: a planned version waits for its moment again, or comes at once when
        that has passed.
        Refused as long as an entry of it stands otherwise by now: the conflict names the later versions.
        """

        async def work(tx: Tx) -> Version:
            await rows.lock(tx)
            version = await rows.version(tx.conn, id)
            if version is None:
                raise NotFound(f"there is no version {id} of the classifier")
            if version.undone_by is not None:
                raise Conflict(f"version {id} was taken back already, by version {version.undone_by}")
            now = await rows.state(tx.conn)
            changes = await _taken_back(tx.conn, version, now)
            new = await self._write(tx, changes, source="undo", who=who, state=now, note=f"№ {id}")
            await rows.set_undone(tx, id, new)
            await cancel_timer(tx, CLASSIFIER, str(id))
            for planned, starts in await rows.revive(tx, id):
                await set_timer(tx, CLASSIFIER, str(planned), starts)
            made = await rows.version(tx.conn, new)
            assert made is not None
            return made

        return await self._store.transact(work)

    # --- overrides of organisations ---------------------------------------------------------------------

    async def overrides(self, organisation_id: int) -> list[Override]:
        """What one organisation has of its own. Raises NotFound."""
        async with self._store.read() as conn:
            if not await rows.has_organisation(conn, organisation_id):
                raise NotFound(f"there is no organisation {organisation_id}")
            return await rows.overrides_of(conn, organisation_id)

    async def save_override(self, override: Override, who: Reader) -> Override:
        """Write the terms of an organisation for a branch. Raises NotFound, Refused."""
        override = _checked_override(override)
        async with self._store.begin() as tx:
            if not await rows.has_organisation(tx.conn, override.organisation_id):
                raise NotFound(f"there is no organisation {override.organisation_id}")
            state = await rows.state(tx.conn)
            known = override.branch in state.groups or any(in_branch(code, override.branch) for code in state.entries)
            if override.branch and not known:
                raise Refused(f"there is no branch {override.branch!r} in the classifier", pointer="/branch")
            await rows.put_override(tx, override)
        self._note_override("override_saved", override.organisation_id, override.branch, who)
        return override

    async def drop_override(self, organisation_id: int, branch: str, who: Reader) -> None:
        """Back to the classifier's own terms. Raises NotFound."""
        async with self._store.begin() as tx:
            if not await rows.drop_override(tx, organisation_id, branch):
                raise NotFound(f"organisation {organisation_id} has no terms of its own for {branch or 'all'}")
        self._note_override("override_dropped", organisation_id, branch, who)

    def _note_override(self, action: str, organisation_id: int, branch: str, who: Reader) -> None:
        about = {"organisation_id": organisation_id, "branch": branch, "staff_id": who.staff_id}
        log.info("terms of an organisation changed", extra={"action": action, **about})


# --- guards ---------------------------------------------------------------------------------------------------


def revision_of(entry: Entry) -> str:
    """Another one means that somebody changed the entry."""
    return hashlib.sha256(repr(sorted(snapshot(entry).items())).encode()).hexdigest()[:16]


def _plan(data: bytes, now: Classifier, counts: dict[str, int], retire_missing: bool) -> Plan:
    file = classifier_csv.read(data, now, retire_missing=retire_missing)
    mode = b"all" if retire_missing else b"some"
    fingerprint = f"{hashlib.sha256(mode + data).hexdigest()}.{now.fingerprint}"
    changes = compare(now, file.after)
    touched = {change.code: counts.get(change.code, 0) for change in changes if change.kind == "entry"}
    return Plan(changes, fingerprint, file.rows, file.mistakes, touched)


def _check_fingerprint(found: str, given: str | None) -> None:
    if given is None or given == found:
        return
    if given.partition(".")[2] != found.partition(".")[2]:
        raise Conflict("the classifier changed since the preview: look at the differences again")
    raise Conflict("this is not the file that was previewed: look at the differences again")


def _check_revision(code: str, stands: str | None, given: str | None) -> None:
    if stands == given:
        return
    if given is None:
        raise Conflict(f"there is an entry {code} already: open it, or choose another code")
    if stands is None:
        raise NotFound(f"there is no classifier entry {code!r}")
    raise Conflict(f"{code} was changed since you opened it: read it anew")


def _checked(entry: Entry) -> Entry:
    """The entry as the file would bring it: one set of checks for both ways."""
    try:
        check_script(entry.script)
        return entry_of(cells_of(replace(entry, questions=())))
    except BadRow as bad:
        name = str(bad).partition(" ")[0]
        pointer = f"/{name}" if name in COLUMNS else "/script"
        raise Refused(str(bad), pointer=pointer) from None


def _check_tree(state: Classifier) -> None:
    if wrong := mistakes_of(state):
        told = "; ".join(f"{code}: {reason}" for (_, code), reason in wrong.items())
        raise Refused(told[:500], pointer="/parent")


def _fitting(now: Classifier, changes: tuple[Change, ...], id: int) -> tuple[Change, ...]:
    """Those changes of a planned version that the tree still takes; what it lost meanwhile is logged."""
    while wrong := mistakes_of(applied(now, changes)):
        left = tuple(change for change in changes if (change.kind, change.code) not in wrong)
        if len(left) == len(changes):
            return changes
        log.warning("a planned version does not fit any more", extra={"action": "version_cut", "version": id})
        changes = left
    return changes


def _checked_override(override: Override) -> Override:
    override = replace(override, reason=storable(override.reason), clock=override.clock.strip())
    if len(override.reason) < 3:
        raise Refused("name the paper that allows it", pointer="/reason")
    terms = (override.accept_minutes, override.localize_minutes, override.fix_minutes, override.clock, override.urgency)
    if not any(terms):
        raise Refused("say at least one term of the organisation's own")
    try:
        cells = {"code": "X", "category": "x", "problem_ru": "x", "organisation_kind": "utility", "urgency": "normal"}
        minutes = {
            "accept_minutes": override.accept_minutes,
            "localize_minutes": override.localize_minutes,
            "fix_minutes": override.fix_minutes,
        }
        cells |= {name: str(value) for name, value in minutes.items() if value is not None}
        read = entry_of(cells | {"clock": override.clock, "urgency": override.urgency or "normal"})
    except BadRow as bad:
        raise Refused(str(bad), pointer=f"/{str(bad).partition(' ')[0]}") from None
    # As it was read: «рабочие часы» is a word for a clock, and no clock itself.
    return replace(override, clock=read.clock) if override.clock else override


# --- history --------------------------------------------------------------------------------------------------


async def _as_it_stood(conn: rows.Conn, code: str, moment: datetime, now: Entry | None) -> Entry | None:
    """The first version after the moment that touched the entry says what stood before it."""
    for version in await rows.applied_after(conn, moment):
        for change in version.changes:
            if change.kind == "entry" and change.code == code:
                return entry_from(change.before) if change.before is not None else None
    return now


async def _taken_back(conn: rows.Conn, version: Version, now: Classifier) -> tuple[Change, ...]:
    if version.applied_at is None:
        return ()
    changes, moved = undone(version.changes, now)
    if not moved:
        return changes
    later = [one.id for one in await rows.applied_since(conn, version) if any(c.code in moved for c in one.changes)]
    named, numbers = ", ".join(moved[:10]), ", ".join(map(str, later))
    raise Conflict(
        f"changed again since, by version {numbers}: {named}; take those back first", later=later, codes=list(moved)
    )


def filled(now: Classifier, shipped: Classifier) -> Classifier:
    """A classifier of the release before with what the new columns hold; what its people changed stays."""
    entries = {code: _filled(entry, shipped.entries.get(code)) for code, entry in now.entries.items()}
    groups = dict(now.groups)
    for code, group in now.groups.items():
        if known := shipped.groups.get(code):
            name_en, parent = group.name_en or known.name_en, group.parent or known.parent
            groups[code] = replace(group, name_en=name_en, parent=parent, position=known.position)
    return _with_parents(Classifier(groups, entries), shipped)


def _filled(entry: Entry, shipped: Entry | None) -> Entry:
    typed = {question.text_ru: question for question in shipped.script} if shipped else {}
    script = entry.script or tuple(typed.get(text, Question(text)) for text in entry.questions)
    if shipped is None:
        return replace(entry, script=script)
    texts = ("safety_ru", "safety_en", "transfer_to", "referral_ru", "referral_en", "answer_ru", "answer_en", "parent")
    return replace(
        entry,
        script=script,
        paid=entry.paid or shipped.paid,
        confirm_minutes=entry.confirm_minutes or shipped.confirm_minutes,
        **{name: getattr(entry, name) or getattr(shipped, name) for name in texts},
    )


def _with_parents(state: Classifier, shipped: Classifier) -> Classifier:
    groups = dict(state.groups)
    while missing := used_groups(Classifier(groups, state.entries)) - set(groups):
        found = {code: shipped.groups[code] for code in missing if code in shipped.groups}
        if not found:
            break
        groups |= found
    return Classifier(groups, state.entries)
