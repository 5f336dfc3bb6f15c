"""What the directory knows: houses, people, organisations, staff, notes and incidents; no lookups here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from callengine.phone import Phone


class Reader(Protocol):
    """Who acts: an access Principal fits."""

    @property
    def staff_id(self) -> int | None: ...

    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Somebody:
    """A Reader of our own, for the engine itself, imports and tests."""

    name: str
    staff_id: int | None = None


@dataclass(frozen=True, slots=True)
class Organisation:
    id: int
    code: str
    name: str
    kind: str
    phone: str = ""
    email: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class StaffMember:
    id: int
    login: str
    name: str
    role: str
    extension: str | None = None
    organisation_id: int | None = None
    active: bool = True
    phone: str = ""  # his own, on the way: E.164


@dataclass(frozen=True, slots=True)
class FormerName:
    """What a house was called until a moment; tickets of that time keep it."""

    street: str
    number: str
    until: datetime

    @property
    def address(self) -> str:
        return f"{self.street}, {self.number}"


@dataclass(frozen=True, slots=True)
class House:
    """A house; empty `features` say that nobody told us, never that it has none (then it reads ("none",))."""

    id: int
    code: str
    street: str
    number: str
    district: str = ""
    floors: int | None = None
    entrances: int | None = None
    features: tuple[str, ...] = ()
    former: tuple[FormerName, ...] = ()  # the oldest first
    renamed_to: str = ""  # of a house as it was called then: its address of today

    @property
    def address(self) -> str:
        return f"{self.street}, {self.number}"

    @property
    def former_addresses(self) -> tuple[str, ...]:
        """What it is called no more, each once, the latest first."""
        return tuple(dict.fromkeys(one.address for one in reversed(self.former) if one.address != self.address))

    def then(self, at: datetime) -> House:
        """The house under the name that it had at the moment."""
        name = next((one for one in self.former if one.until > at), None)
        if name is None or name.address == self.address:
            return self
        return replace(self, street=name.street, number=name.number, former=(), renamed_to=self.address)


@dataclass(frozen=True, slots=True)
class Premise:
    """A flat, an office or a common room, as written on the door; `entrance` and `floor` None when nobody told us."""

    id: int
    number: str
    kind: str = "flat"
    entrance: int | None = None
    floor: int | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """Who serves a house, as which kind, by which contract."""

    organisation: Organisation
    kind: str
    contract: str
    branch: str
    everywhere: bool
    priority: int
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class FoundHouse:
    """A search hit: the house, who manages it, and the flat that the query named."""

    house: House
    organisation: str = ""
    premise: str = ""


@dataclass(frozen=True, slots=True)
class Residence:
    house: House
    premise: str
    relation: str
    organisation: str = ""  # who manages the house today


@dataclass(frozen=True, slots=True)
class Note:
    id: int
    person_id: int
    text: str
    author: str
    created_at: datetime
    expires_at: datetime | None = None
    kind: str = "note"  # or tag


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    code: str
    name: str
    numbers: tuple[str, ...] = ()
    residences: tuple[Residence, ...] = ()
    notes: tuple[Note, ...] = ()
    notify: str = ""  # how he is told of his tickets (directory/ways.py); "" as the service does
    email: str = ""

    @property
    def revision(self) -> str:
        """Another one as soon as anything of the card that people edit is another; notes are not."""
        homes = sorted((home.house.id, home.premise, home.relation) for home in self.residences)
        told = repr((self.name, sorted(self.numbers), homes, self.notify, self.email))
        return hashlib.sha256(told.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Incident:
    """An open accident or planned works at a house. For a ticket that is an accident, `id` is below zero."""

    id: int
    house_id: int
    kind: str
    title: str
    cause: str
    began_at: datetime
    promised_at: datetime | None = None
    ended_at: datetime | None = None
    ticket_number: str | None = None
    title_en: str = ""  # "" where there is one title for all


@dataclass(frozen=True, slots=True)
class Card:
    """All that the directory knows of a number: every candidate, never a silent choice (F34)."""

    number: Phone
    candidates: tuple[Person, ...]
    incidents: tuple[Incident, ...]
