"""The shapes of the directory's routes: houses, people, mergings, imports, staff, shifts, readings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from callengine.api import render
from callengine.api.schemas import (
    NO_NUL,
    Body,
    House,
    Id,
    ImportMistake,
    Incident,
    Moment,
    OpenTicket,
    OperatorState,
    Organisation,
    Person,
    Role,
    ShortText,
    View,
    Way,
)
from callengine.directory import houses, imports, merges, residents, staff
from callengine.directory.model import Person as KnownPerson
from callengine.directory.model import Premise
from callengine.store import merges as merge_rows
from callengine.store import staff as staff_rows
from callengine.store.readings import Reading as LoggedReading

PremiseKind = Literal["flat", "office", "common"]
Door = Annotated[str, Field(min_length=1, max_length=80, pattern=NO_NUL)]
Count = Annotated[int, Field(ge=1, le=200)]
Floor = Annotated[int, Field(ge=-10, le=200)]


# --- houses ---------------------------------------------------------------------------------------------


class FormerAddress(View):
    address: str
    until: datetime


class PremiseView(View):
    id: int
    number: str
    kind: PremiseKind
    entrance: int | None
    floor: int | None
    people: int


class HouseService(View):
    """Who serves the house, as which kind; `branch` "" is all matters."""

    organisation: Organisation
    kind: str
    contract: str
    branch: str
    everywhere: bool
    valid_until: datetime | None


class HouseCard(House):
    """`people`: how many are known at the house; who they are, /houses/{id}/residents says and logs."""

    former_names: list[FormerAddress]
    premises: list[PremiseView]
    services: list[HouseService]
    incidents: list[Incident]
    open_tickets: list[OpenTicket]
    people: int


class PremiseForm(Body):
    number: Door
    kind: PremiseKind = "flat"
    entrance: Count | None = None
    floor: Floor | None = None


class HouseForm(Body):
    """`premises` null leaves the doors as they are; a list is all of them."""

    street: Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
    number: Annotated[str, Field(min_length=1, max_length=40, pattern=NO_NUL)]
    district: ShortText = ""
    floors: Count | None = None
    entrances: Count | None = None
    features: Annotated[list[ShortText], Field(max_length=50)] = Field(default_factory=list)
    premises: Annotated[list[PremiseForm], Field(max_length=5000)] | None = None


def house_form(form: HouseForm) -> houses.HouseForm:
    doors = form.premises
    return houses.HouseForm(
        form.street,
        form.number,
        form.district,
        form.floors,
        form.entrances,
        form.features,
        None if doors is None else [Premise(0, one.number, one.kind, one.entrance, one.floor) for one in doors],
    )


def house_card(it: houses.HouseCard, tickets: Sequence[OpenTicket]) -> HouseCard:
    return HouseCard(
        **dict(render.house(it.house)),
        former_names=[
            FormerAddress(address=one.address, until=one.until)
            for one in reversed(it.house.former)
            if one.address != it.house.address
        ],
        premises=[
            PremiseView(
                id=one.id,
                number=one.number,
                kind=cast(PremiseKind, one.kind),
                entrance=one.entrance,
                floor=one.floor,
                people=it.people.get(one.number, 0),
            )
            for one in it.premises
        ],
        services=[
            HouseService(
                organisation=render.organisation(one.organisation),
                kind=one.kind,
                contract=one.contract,
                branch=one.branch,
                everywhere=one.everywhere,
                valid_until=one.valid_until,
            )
            for one in it.services
        ],
        incidents=[render.incident(one) for one in it.incidents],
        open_tickets=list(tickets),
        people=sum(it.people.values()),
    )


# --- people ---------------------------------------------------------------------------------------------


class MergeView(View):
    """A merging that stands: the card `merged_id` leads to `kept_id`. What went over: how many of each."""

    id: int
    kept_id: int
    merged_id: int
    merged_name: str
    at: datetime
    author: str
    numbers: int
    residences: int
    notes: int
    tickets: int


class PersonCard(Person):
    """`led_from`: the card that was asked for, when it was merged into this one. `revision` goes back with a PUT."""

    code: str
    revision: str
    led_from: int | None
    merges: list[MergeView]
    open_tickets: list[OpenTicket]


class HomeForm(Body):
    house_id: Id
    premise: Annotated[str, Field(max_length=80, pattern=NO_NUL)] = ""
    relation: ShortText = ""


class PersonForm(Body):
    """`anyway`: those who are alike were looked at, this is another person. `revision`: of the card as it was read."""

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
    numbers: Annotated[list[ShortText], Field(max_length=20)] = Field(default_factory=list)
    residences: Annotated[list[HomeForm], Field(max_length=50)] = Field(default_factory=list)
    anyway: bool = False
    revision: ShortText = ""
    notify: Way = ""
    email: ShortText = ""


class MergeForm(Body):
    """`other` is the duplicate: its card will lead to this one."""

    other: Id


class DuplicatesView(View):
    why: Literal["number", "name"]
    what: str
    people: list[Person]


def person_form(form: PersonForm) -> residents.Card:
    homes = [residents.Home(one.house_id, one.premise, one.relation) for one in form.residences]
    return residents.Card(form.name, form.numbers, homes, form.anyway, form.revision, form.notify, form.email)


def person_card(
    it: KnownPerson,
    asked: int,
    merged: Sequence[tuple[merge_rows.Merge, str]],
    tickets: Sequence[OpenTicket],
) -> PersonCard:
    return PersonCard(
        **dict(render.person(it)),
        code=it.code,
        revision=it.revision,
        led_from=asked if asked != it.id else None,
        merges=[merge(one, name) for one, name in merged],
        open_tickets=list(tickets),
    )


def merge(it: merge_rows.Merge, name: str = "") -> MergeView:
    return MergeView(
        id=it.id,
        kept_id=it.kept_id,
        merged_id=it.merged_id,
        merged_name=name,
        at=it.at,
        author=it.author,
        numbers=len(it.moved["numbers"]),
        residences=len(it.moved["residences"]) + len(it.moved["dropped_residences"]),
        notes=len(it.moved["notes"]),
        tickets=len(it.moved["tickets"]),
    )


def duplicates(it: merges.Duplicates) -> DuplicatesView:
    why = cast(Literal["number", "name"], it.why)
    return DuplicatesView(why=why, what=it.what, people=[render.person(one) for one in it.people])


# --- imports --------------------------------------------------------------------------------------------


class FieldChange(View):
    field: str
    before: str | None
    after: str


class ImportChange(View):
    key: str
    title: str
    new: bool
    fields: list[FieldChange]


class ImportPlan(View):
    """`taken` rows are good, `changed` of them alter something, `added` of those bring something new; `skipped` were
    refused, the first reasons are in `mistakes`. `changes` are the first ones. `applied` false: nothing was written.
    """

    kind: str
    applied: bool
    taken: int
    added: int
    changed: int
    skipped: int
    mistakes: list[ImportMistake]
    changes: list[ImportChange]


class ImportKind(View):
    """A kind of file: its columns, the required ones first."""

    kind: str
    required: list[str]
    optional: list[str]


def import_plan(kind: str, it: imports.ImportReport, *, applied: bool) -> ImportPlan:
    return ImportPlan(
        kind=kind,
        applied=applied,
        taken=it.taken,
        added=it.added,
        changed=it.changed,
        skipped=it.skipped,
        mistakes=[ImportMistake(row=one.row, reason=one.reason) for one in it.mistakes],
        changes=[
            ImportChange(
                key=one.key,
                title=one.title,
                new=one.new,
                fields=[
                    FieldChange(field=name, before=None if one.new else _said(before), after=_said(after))
                    for name, before, after in one.fields
                ],
            )
            for one in it.changes
        ],
    )


def _said(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat()
    return ", ".join(str(one) for one in value)[:300] if isinstance(value, (list, tuple)) else str(value)[:300]


# --- staff, shifts, readings ----------------------------------------------------------------------------


class StaffCard(View):
    """`can_sign_in` false: nobody gave him a password, or he works here no more."""

    id: int
    login: str
    name: str
    role: Role
    extension: str | None
    organisation_id: int | None
    organisation: str
    phone: str
    trade: str
    districts: list[str]
    language: Literal["ru", "en"]
    state: OperatorState
    active: bool
    can_sign_in: bool
    open_tickets: int


class StaffSaved(StaffCard):
    """`given_back`: numbers of the tickets that went back to the organisation with this change."""

    given_back: list[str]


class StaffForm(Body):
    """`password` null leaves the one that is. An executor and a manager have an organisation."""

    login: Annotated[str, Field(min_length=1, max_length=80, pattern=NO_NUL)]
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
    role: Role
    extension: Annotated[str, Field(max_length=10, pattern=r"^[0-9]*$")] = ""
    organisation_id: Id | None = None
    phone: Annotated[str, Field(max_length=40, pattern=NO_NUL)] = ""
    trade: ShortText = ""
    districts: Annotated[list[ShortText], Field(max_length=200)] = Field(default_factory=list)
    language: Literal["ru", "en"] = "ru"
    active: bool = True
    password: Annotated[str, Field(min_length=8, max_length=200, pattern=NO_NUL)] | None = None


class ShiftView(View):
    id: int
    staff_id: int
    name: str
    begins_at: datetime
    ends_at: datetime
    note: str


class ShiftForm(Body):
    staff_id: Id
    begins_at: Moment
    ends_at: Moment
    note: ShortText = ""


class ReadingView(View):
    """`title` is the person's name or the house's address when the subject is a card, else ""."""

    id: int
    at: datetime
    staff_id: int | None
    who: str
    what: str
    subject: str
    title: str
    why: str


def staff_form(form: StaffForm) -> staff.StaffForm:
    return staff.StaffForm(**form.model_dump())


def staff_card(it: staff_rows.StaffCard) -> StaffCard:
    return StaffCard(
        id=it.id,
        login=it.login,
        name=it.name,
        role=cast(Role, it.role),
        extension=it.extension,
        organisation_id=it.organisation_id,
        organisation=it.organisation,
        phone=it.phone,
        trade=it.trade,
        districts=list(it.districts),
        language="en" if it.language == "en" else "ru",
        state=cast(OperatorState, it.state),
        active=it.active,
        can_sign_in=it.password_set and it.active,
        open_tickets=it.open_tickets,
    )


def staff_saved(it: staff.Saved) -> StaffSaved:
    return StaffSaved(**dict(staff_card(it.card)), given_back=list(it.given_back))


def shift(it: staff_rows.Shift) -> ShiftView:
    return ShiftView(
        id=it.id, staff_id=it.staff_id, name=it.name, begins_at=it.begins_at, ends_at=it.ends_at, note=it.note
    )


def reading(it: LoggedReading) -> ReadingView:
    return ReadingView(
        id=it.id,
        at=it.at,
        staff_id=it.staff_id,
        who=it.who,
        what=it.what,
        subject=it.subject,
        title=it.title,
        why=it.why,
    )
