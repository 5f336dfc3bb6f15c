"""What the directory knows: houses, people, organisations, staff, notes and incidents; no lookups here."""

from __future__ import annotations

from dataclasses import dataclass
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

    @property
    def address(self) -> str:
        return f"{self.street}, {self.number}"


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


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    code: str
    name: str
    numbers: tuple[str, ...] = ()
    residences: tuple[Residence, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Incident:
    """An open accident or planned works at a house."""

    id: int
    house_id: int
    kind: str
    title: str
    cause: str
    began_at: datetime
    promised_at: datetime | None = None
    ended_at: datetime | None = None
    ticket_number: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """All that the directory knows of a number: every candidate, never a silent choice (F34)."""

    number: Phone
    candidates: tuple[Person, ...]
    incidents: tuple[Incident, ...]
