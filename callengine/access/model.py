"""Who asks: the principal behind a session or a token, and what roles there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

ADMINISTRATOR, SUPERVISOR, OPERATOR = "administrator", "supervisor", "operator"
MANAGER, EXECUTOR, INSPECTOR = "organisation_manager", "executor", "inspector"
PEOPLE = frozenset({ADMINISTRATOR, SUPERVISOR, OPERATOR, MANAGER, EXECUTOR, INSPECTOR})
DESK = frozenset({ADMINISTRATOR, SUPERVISOR, OPERATOR})
LEADERS = frozenset({ADMINISTRATOR, SUPERVISOR})
# Who has tickets to look at; which ones, tickets/visibility.py says.
INSPECTED = DESK | {INSPECTOR}  # what proves how the service kept its word
TICKETS = DESK | {MANAGER, EXECUTOR, INSPECTOR}
CAMPAIGNS = DESK  # who sees how the robot's campaigns stand, on the pages and live
# The script beside a remote PBX that sends recordings: it may do that and nothing else.
PBX = "pbx"
ROLES = PEOPLE | {PBX}


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who was recognised. `staff_id` is None for a token that belongs to no person."""

    staff_id: int | None
    role: str
    organisation_id: int | None
    name: str
    extension: str | None
    login: str = ""
    language: str = "ru"
    token_hash: bytes = b""
    districts: tuple[str, ...] = ()  # of an inspector; () is all

    @property
    def rights(self) -> tuple[object, ...]:
        """What he may, and at which telephone: when it changes he has to come in anew."""
        return self.staff_id, self.role, self.organisation_id, self.extension, self.districts


@dataclass(frozen=True, slots=True)
class Member:
    """One of the staff with the state of now."""

    id: int
    login: str
    name: str
    role: str
    extension: str | None
    organisation_id: int | None
    active: bool
    language: str
    state: str
    state_reason: str
    state_since: datetime | None
