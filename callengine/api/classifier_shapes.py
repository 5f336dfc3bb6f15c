"""The shapes of the classifier's routes, and how the service's answers become them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from callengine.api.schemas import (
    NO_NUL,
    Body,
    ClassifierEntry,
    Id,
    ImportMistake,
    Moment,
    ShortText,
    View,
)
from callengine.store.classifier import Version
from callengine.tickets import classifier_service as service
from callengine.tickets.classifier import Override, script_of
from callengine.tickets.classifier_csv import groups_in_order
from callengine.tickets.classifier_diff import Change
from callengine.tickets.model import AnswerType, Entry, Group, Question, Urgency
from callengine.tickets.terms import MOST_MINUTES

UrgencyWord = Literal["life", "emergency", "urgent", "normal", "planned", "info"]
LineText = Annotated[str, Field(max_length=300, pattern=NO_NUL)]
Paragraph = Annotated[str, Field(max_length=4000, pattern=NO_NUL)]
Code = Annotated[str, Field(min_length=1, max_length=300, pattern=NO_NUL)]
Minutes = Annotated[int, Field(ge=1, le=MOST_MINUTES)]


class ClassifierQuestion(Body):
    """One question of a script. `condition` names what a rule pack is told by the answer."""

    text_ru: Annotated[str, Field(min_length=1, max_length=300, pattern=NO_NUL)]
    text_en: LineText = ""
    type: Literal["yesno", "choice", "number", "text", "moment"] = "text"
    choices: Annotated[list[LineText], Field(max_length=20)] = Field(default_factory=list)
    choices_en: Annotated[list[LineText], Field(max_length=20)] = Field(default_factory=list)
    unit: ShortText = ""
    required: bool = False
    condition: ShortText = ""


class _Texts(View):
    """What is said beside an entry: first of all when life is at risk."""

    script: list[ClassifierQuestion]
    paid: bool
    confirm_minutes: int | None
    safety_ru: str
    safety_en: str
    transfer_to: str
    referral_ru: str
    referral_en: str
    answer_ru: str
    answer_en: str


class ClassifierProblem(ClassifierEntry, _Texts):
    """A hit of the search, with all that the desk says and asks."""

    parent: str


class ClassifierGroup(View):
    code: str
    parent: str
    name_ru: str
    name_en: str
    position: int


class ClassifierLeaf(View):
    """An entry as the tree shows it; `active` false is retired."""

    code: str
    parent: str
    problem_ru: str
    problem_en: str
    urgency: UrgencyWord
    active: bool
    paid: bool
    open_tickets: int


class ClassifierTree(View):
    """Groups in their order; each stands under its `parent`, "" at the top. `version` is the one that stands."""

    groups: list[ClassifierGroup]
    entries: list[ClassifierLeaf]
    version: int | None
    planned: list[VersionRow]


class ClassifierCard(_Texts):
    """An entry whole. `revision` is sent back with a change; `path` are the groups above, the top first."""

    code: str
    parent: str
    path: list[str]
    category: str
    problem_ru: str
    problem_en: str
    urgency: UrgencyWord
    organisation_kind: str
    organisation_kinds_next: list[str]
    trade: str
    responsible: str
    accept_minutes: int | None
    localize_minutes: int | None
    fix_minutes: int | None
    clock: str
    notify_municipality: bool
    source: str
    active: bool
    valid_from: datetime | None
    valid_until: datetime | None
    open_tickets: int
    revision: str


class ClassifierForm(Body):
    """An entry as it is to be. `revision` null makes a new one; `valid_from` later than now plans the change."""

    parent: LineText = ""
    category: LineText = ""
    problem_ru: Annotated[str, Field(min_length=1, max_length=300, pattern=NO_NUL)]
    problem_en: LineText = ""
    urgency: UrgencyWord
    organisation_kind: ShortText
    organisation_kinds_next: Annotated[list[ShortText], Field(max_length=10)] = Field(default_factory=list)
    trade: LineText = ""
    responsible: LineText = ""
    accept_minutes: Minutes | None = None
    localize_minutes: Minutes | None = None
    fix_minutes: Minutes | None = None
    clock: ShortText = "24x7"
    notify_municipality: bool = False
    script: Annotated[list[ClassifierQuestion], Field(max_length=30)] = Field(default_factory=list)
    paid: bool = False
    confirm_minutes: Minutes | None = None
    safety_ru: Paragraph = ""
    safety_en: Paragraph = ""
    transfer_to: ShortText = ""
    referral_ru: Paragraph = ""
    referral_en: Paragraph = ""
    answer_ru: Paragraph = ""
    answer_en: Paragraph = ""
    source: Paragraph = ""
    active: bool = True
    revision: ShortText | None = None
    note: ShortText = ""
    valid_from: Moment | None = None


class ClassifierGroupForm(Body):
    parent: LineText = ""
    name_ru: Annotated[str, Field(min_length=1, max_length=300, pattern=NO_NUL)]
    name_en: LineText = ""
    position: Annotated[int, Field(ge=0, le=999_999)] = 0


class CellChange(View):
    """One cell that differs, as the CSV writes it."""

    field: str
    before: str
    after: str


class ClassifierChange(View):
    """What becomes of one entry or group, field by field; `open_tickets` have the entry now."""

    kind: Literal["entry", "group"]
    code: str
    what: Literal["added", "changed", "retired", "restored", "removed"]
    name_ru: str
    name_en: str
    fields: list[CellChange]
    open_tickets: int


class VersionRow(View):
    """A change of the classifier. `changed` counts its entries and groups; `undone_by` is the version that took it
    back."""

    id: int
    created_at: datetime
    valid_from: datetime
    applied_at: datetime | None
    state: Literal["planned", "applied", "undone"]
    source: Literal["shipped", "import", "edit", "undo"]
    author: str
    note: str
    changed: int
    undone_by: int | None


class ClassifierVersion(VersionRow):
    changes: list[ClassifierChange]


class ClassifierPlan(View):
    """What a file, or a form, changes; `version` is there once it is written. Send the fingerprint to apply."""

    fingerprint: str
    rows: int
    changes: list[ClassifierChange]
    mistakes: list[ImportMistake]
    version: VersionRow | None


class OverrideForm(Body):
    """Terms of an organisation's own: null and "" leave what the classifier says. `reason` is the paper behind it."""

    accept_minutes: Minutes | None = None
    localize_minutes: Minutes | None = None
    fix_minutes: Minutes | None = None
    clock: ShortText = ""
    urgency: UrgencyWord | Literal[""] = ""
    reason: Annotated[str, Field(min_length=3, max_length=500, pattern=NO_NUL)]


class OrganisationOverride(View):
    """`branch` is a code of the tree or the beginning of one; "*" is all."""

    organisation_id: int
    branch: str
    accept_minutes: int | None
    localize_minutes: int | None
    fix_minutes: int | None
    clock: str
    urgency: str
    reason: str


ClassifierTree.model_rebuild()


# --- from the service ---------------------------------------------------------------------------------------


def problem(it: Entry, lean: ClassifierEntry) -> ClassifierProblem:
    """The hit with its texts; `lean` is the entry in the reader's language."""
    return ClassifierProblem(**lean.model_dump(), **_texts(it), parent=it.parent)


def _texts(it: Entry) -> dict[str, object]:
    names = ("paid", "confirm_minutes", "safety_ru", "safety_en", "transfer_to", "referral_ru", "referral_en")
    plain = {name: getattr(it, name) for name in (*names, "answer_ru", "answer_en")}
    return plain | {"script": [question(one) for one in script_of(it)]}


def question(it: Question) -> ClassifierQuestion:
    return ClassifierQuestion(
        text_ru=it.text_ru,
        text_en=it.text_en,
        type=it.type.value,
        choices=list(it.choices),
        choices_en=list(it.choices_en),
        unit=it.unit,
        required=it.required,
        condition=it.condition,
    )


def card(known: service.Known) -> ClassifierCard:
    it = known.entry
    return ClassifierCard(
        **_texts(it),
        code=it.code,
        parent=it.parent,
        path=list(known.path),
        category=it.category,
        problem_ru=it.problem_ru,
        problem_en=it.problem_en,
        urgency=it.urgency.value,
        organisation_kind=it.organisation_kind,
        organisation_kinds_next=list(it.organisation_kinds_next),
        trade=it.trade,
        responsible=it.responsible,
        accept_minutes=it.accept_minutes,
        localize_minutes=it.localize_minutes,
        fix_minutes=it.fix_minutes,
        clock=it.clock,
        notify_municipality=it.notify_municipality,
        source=it.source,
        active=it.active,
        valid_from=it.valid_from,
        valid_until=it.valid_until,
        open_tickets=known.open_tickets,
        revision=known.revision,
    )


def entry_of(code: str, form: ClassifierForm, category: str) -> Entry:
    """The entry that a form asks for; `category` is the name of its group."""
    same = form.model_dump(
        exclude={"category", "urgency", "organisation_kinds_next", "script", "revision", "note", "valid_from"}
    )
    return Entry(
        code=code,
        category=form.category or category,
        urgency=Urgency(form.urgency),
        organisation_kinds_next=tuple(form.organisation_kinds_next),
        script=tuple(_asked(one) for one in form.script),
        **same,
    )


def _asked(form: ClassifierQuestion) -> Question:
    lists = {"choices": tuple(form.choices), "choices_en": tuple(form.choices_en)}
    return Question(**{**form.model_dump(), **lists, "type": AnswerType(form.type)})


def tree(it: service.Tree) -> ClassifierTree:
    return ClassifierTree(
        groups=[group(one) for one in groups_in_order(it.state.groups.values())],
        entries=[_leaf(one, it.open_tickets) for _, one in sorted(it.state.entries.items())],
        version=it.version,
        planned=[version_row(one, len(one.changes)) for one in it.planned],
    )


def group(it: Group) -> ClassifierGroup:
    return ClassifierGroup(code=it.code, parent=it.parent, name_ru=it.name_ru, name_en=it.name_en, position=it.position)


def _leaf(it: Entry, open_tickets: Mapping[str, int]) -> ClassifierLeaf:
    return ClassifierLeaf(
        code=it.code,
        parent=it.parent,
        problem_ru=it.problem_ru,
        problem_en=it.problem_en,
        urgency=it.urgency.value,
        active=it.active,
        paid=it.paid,
        open_tickets=open_tickets.get(it.code, 0),
    )


def change(it: Change, open_tickets: Mapping[str, int]) -> ClassifierChange:
    return ClassifierChange(
        kind=it.kind,
        code=it.code,
        what=it.what,
        name_ru=it.name("ru"),
        name_en=it.name("en"),
        fields=[CellChange(field=name, before=before, after=after) for name, before, after in it.fields],
        open_tickets=open_tickets.get(it.code, 0) if it.kind == "entry" else 0,
    )


def version_row(it: Version, changed: int) -> VersionRow:
    return VersionRow(**_version(it, changed))


def version(it: Version) -> ClassifierVersion:
    return ClassifierVersion(**_version(it, len(it.changes)), changes=[change(one, {}) for one in it.changes])


def _version(it: Version, changed: int) -> dict[str, object]:
    names = ("id", "created_at", "valid_from", "applied_at", "state", "source", "author", "note", "undone_by")
    return {name: getattr(it, name) for name in names} | {"changed": changed}


def plan(it: service.Plan) -> ClassifierPlan:
    return ClassifierPlan(
        fingerprint=it.fingerprint,
        rows=it.rows,
        changes=[change(one, it.open_tickets) for one in it.changes],
        mistakes=[ImportMistake(row=one.row, reason=one.reason) for one in it.mistakes],
        version=version_row(it.version, len(it.changes)) if it.version else None,
    )


def override(it: Override) -> OrganisationOverride:
    return OrganisationOverride(
        organisation_id=it.organisation_id,
        branch=it.branch or "*",
        accept_minutes=it.accept_minutes,
        localize_minutes=it.localize_minutes,
        fix_minutes=it.fix_minutes,
        clock=it.clock,
        urgency=it.urgency,
        reason=it.reason,
    )


def override_of(organisation_id: Id, branch: str, form: OverrideForm) -> Override:
    return Override(organisation_id, "" if branch == "*" else branch, **form.model_dump())
