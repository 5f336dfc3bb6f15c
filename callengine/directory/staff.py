"""StaffService: who works here, as what and when; nobody rises above his own role, one administrator always stays."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from callengine import phone
from callengine.access.events import StaffLeft
from callengine.access.model import ADMINISTRATOR, EXECUTOR, INSPECTOR, LEADERS, MANAGER, OPERATOR, SUPERVISOR
from callengine.clock import Clock
from callengine.directory import search
from callengine.errors import Conflict, Forbidden, NotFound, Refused
from callengine.store import access as sessions
from callengine.store import staff as rows
from callengine.store.database import Store, Tx
from callengine.store.staff import Shift, StaffCard

# Nobody gives or touches what stands above him.
RANK = {ADMINISTRATOR: 3, SUPERVISOR: 2, OPERATOR: 1, MANAGER: 1, INSPECTOR: 1, EXECUTOR: 0}
LEAST_PASSWORD = 8
LONGEST_SHIFT = timedelta(hours=36)


class Keeper(Protocol):
    """Who changes staff: an access Principal fits."""

    @property
    def staff_id(self) -> int | None: ...

    @property
    def role(self) -> str: ...

    @property
    def organisation_id(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class StaffForm:
    """What people write of a colleague. `password` None leaves it; `organisation_id` None is the service itself."""

    login: str
    name: str
    role: str
    extension: str = ""
    organisation_id: int | None = None
    phone: str = ""
    trade: str = ""
    districts: Sequence[str] = ()
    language: str = "ru"
    active: bool = True
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """The card as it stands, and the tickets that went back to its organisation."""

    card: StaffCard
    given_back: tuple[str, ...] = ()


class EndSessions(Protocol):
    """Signs a person out inside a transaction, before what he may changes; with `tokens`, his programs too."""

    def __call__(self, tx: Tx, staff_id: int, *, tokens: bool) -> Awaitable[None]: ...


class StaffService:
    """Keeps staff and shifts."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        hash_password: Callable[[str], Awaitable[str]],
        end_sessions: EndSessions,
        country: str = "RU",
        city_code: str = "",
    ) -> None:
        self._store, self._clock = store, clock
        self._hash, self._end_sessions = hash_password, end_sessions
        self._country, self._city_code = country, city_code

    async def cards(self, who: Keeper) -> list[StaffCard]:
        """All; for an organisation's manager, his own organisation's."""
        if who.role == MANAGER and who.organisation_id is None:
            return []
        own = who.organisation_id if who.role == MANAGER else None
        async with self._store.read() as conn:
            return await rows.cards(conn, organisation_id=own)

    async def create(self, form: StaffForm, who: Keeper) -> Saved:
        """Raises Forbidden, Refused with its place, Conflict for a login or an extension that somebody has."""
        form = self._checked(form)
        _may(who, form.role, form.organisation_id)
        hashed = await self._hash(form.password) if form.password else None
        async with self._store.begin() as tx:
            await self._free(tx, form, None)
            values = _values(form) | {"login": form.login, "password_hash": hashed}
            id = await rows.add(tx, values)
            return Saved(await self._card(tx, id))

    async def change(self, staff_id: int, form: StaffForm, who: Keeper) -> Saved:
        """Another role, organisation, extension, districts or password, or being inactive, ends the person's sessions.

        With another role or organisation, with being inactive or active again, his tokens end too. Raises NotFound,
        Forbidden, Refused (the last administrator stays one), Conflict.
        """
        form = self._checked(form)
        hashed = await self._hash(form.password) if form.password else None
        async with self._store.begin() as tx:
            administrators = await rows.administrators(tx)
            before = await rows.card(tx.conn, staff_id)
            if before is None or (who.role == MANAGER and before.organisation_id != who.organisation_id):
                raise NotFound(f"there is no person {staff_id} among the staff")
            _may(who, before.role, before.organisation_id)
            _may(who, form.role, form.organisation_id)
            if staff_id in administrators and len(administrators) == 1 and not (_rules(form)):
                raise Refused("the last active administrator stays one: make another first", pointer="/role")
            if staff_id == who.staff_id and not form.active:
                raise Refused("nobody deactivates himself: ask a colleague", pointer="/active")
            if form.login != before.login:
                raise Refused("a login stays as it is: its history hangs on it", pointer="/login")
            await self._free(tx, form, staff_id)
            other = (before.active, before.role, before.organisation_id) != (
                form.active,
                form.role,
                form.organisation_id,
            )
            if other or hashed or _known_by(before) != (form.extension, tuple(form.districts)):
                # Before the new card is written: it is the old extension that calls must pass over.
                await self._end_sessions(tx, staff_id, tokens=other)
            await rows.save(tx, staff_id, _values(form) | ({"password_hash": hashed} if hashed else {}))
            back = await self._given_back(tx, before) if other and before.active else ()
            return Saved(await self._card(tx, staff_id), back)

    async def _given_back(self, tx: Tx, before: StaffCard) -> tuple[str, ...]:
        """The tickets of somebody who left go back to his organisation; a manager may have some in hand himself."""
        if before.role not in (EXECUTOR, MANAGER):
            return ()
        held = await rows.open_numbers(tx.conn, before.id)
        await tx.tell(StaffLeft(before.id))
        return tuple(sorted(set(held) - set(await rows.open_numbers(tx.conn, before.id))))

    async def _card(self, tx: Tx, staff_id: int) -> StaffCard:
        card = await rows.card(tx.conn, staff_id)
        if card is None:
            raise NotFound(f"there is no person {staff_id} among the staff")
        return card

    async def _free(self, tx: Tx, form: StaffForm, staff_id: int | None) -> None:
        """Login and extension are one person's; the organisation is there."""
        holder = await rows.who_has(tx.conn, login=form.login)
        if holder and holder[0] != staff_id:
            raise Conflict(f"the login {form.login} is {holder[1]}'s", pointer="/login")
        holder = await rows.who_has(tx.conn, extension=form.extension) if form.extension else None
        if holder and holder[0] != staff_id:
            raise Conflict(f"extension {form.extension} is {holder[1]}'s", pointer="/extension")
        wanted = form.organisation_id
        if wanted is not None and not await sessions.organisation_exists(tx.conn, wanted):
            raise Refused(f"there is no organisation {wanted}", pointer="/organisation_id")

    def _checked(self, form: StaffForm) -> StaffForm:
        login, name = form.login.strip().lower(), " ".join(search.storable(form.name).split())
        if not re.fullmatch(r"[\w.@+-]{1,80}", login):
            raise Refused("a login has letters, digits and . _ @ + - only", pointer="/login")
        if not name:
            raise Refused("write the name", pointer="/name")
        if form.role not in RANK:
            raise Refused(f"there is no role {form.role}", pointer="/role")
        if form.extension and not re.fullmatch(r"[0-9]{2,10}", form.extension):
            raise Refused("an extension has 2 to 10 digits", pointer="/extension")
        if form.role in (MANAGER, EXECUTOR) and form.organisation_id is None:
            raise Refused("choose the organisation", pointer="/organisation_id")
        if form.password is not None and len(form.password) < LEAST_PASSWORD:
            raise Refused(f"a password has {LEAST_PASSWORD} characters or more", pointer="/password")
        districts = tuple(sorted({one.strip() for one in form.districts if one.strip()}))
        return replace(form, login=login, name=name, phone=self._number(form.phone), districts=districts)

    def _number(self, text: str) -> str:
        if not text.strip():
            return ""
        read = phone.read(text, country=self._country, city_code=self._city_code)
        if not read.can_be_called:
            raise Refused(f"{text[:40]!r} is no telephone number", pointer="/phone")
        return read.value

    # --- shifts ---------------------------------------------------------------------------------------------

    async def shifts(self, since: datetime, until: datetime, who: Keeper, staff_id: int | None = None) -> list[Shift]:
        """Shifts that touch the stretch; a manager sees his own organisation's."""
        if who.role == MANAGER and who.organisation_id is None:
            return []
        own = who.organisation_id if who.role == MANAGER else None
        asked = None if staff_id is None else [staff_id]
        async with self._store.read() as conn:
            return await rows.shifts_between(conn, since, until, staff_ids=asked, organisation_id=own)

    async def add_shift(self, staff_id: int, begins_at: datetime, ends_at: datetime, note: str, who: Keeper) -> Shift:
        """Raises Refused for a stretch that is none, Conflict for one that the person works already."""
        if ends_at <= begins_at:
            raise Refused("the shift ends before it begins", pointer="/ends_at")
        if ends_at - begins_at > LONGEST_SHIFT:
            raise Refused(f"a shift lasts {LONGEST_SHIFT // timedelta(hours=1)} hours at most", pointer="/ends_at")
        async with self._store.begin() as tx:
            await rows.administrators(tx)  # one at a time writes what hangs on the staff
            await self._own(tx, staff_id, who)
            taken = await rows.shifts_between(tx.conn, begins_at, ends_at, staff_ids=[staff_id])
            if taken:
                raise Conflict(f"{taken[0].name} works already in that time", shift_id=taken[0].id)
            values = {"staff_id": staff_id, "begins_at": begins_at, "ends_at": ends_at, "note": search.storable(note)}
            found = await rows.shift(tx.conn, await rows.add_shift(tx, values))
        if found is None:
            raise NotFound()
        return found

    async def remove_shift(self, shift_id: int, who: Keeper) -> None:
        async with self._store.begin() as tx:
            found = await rows.shift(tx.conn, shift_id)
            if found is None:
                raise NotFound(f"there is no shift {shift_id}")
            await self._own(tx, found.staff_id, who)
            await rows.remove_shift(tx, shift_id)

    async def _own(self, tx: Tx, staff_id: int, who: Keeper) -> StaffCard:
        card = await rows.card(tx.conn, staff_id)
        if card is None or (who.role == MANAGER and card.organisation_id != who.organisation_id):
            raise NotFound(f"there is no person {staff_id} among the staff")
        _may(who, card.role, card.organisation_id)
        return card


def _known_by(card: StaffCard) -> tuple[str, tuple[str, ...]]:
    """What open screens know of their holder beside his role: whose calls and tickets they are shown."""
    return card.extension or "", tuple(sorted(card.districts))


def _rules(form: StaffForm) -> bool:
    return form.active and form.role == ADMINISTRATOR


def _may(who: Keeper, role: str, organisation_id: int | None) -> None:
    """Raises Forbidden with its reason."""
    if who.role == MANAGER:
        if role != EXECUTOR or organisation_id is None or organisation_id != who.organisation_id:
            raise Forbidden("a manager keeps the executors of his own organisation, and nobody else")
    elif who.role not in LEADERS:
        raise Forbidden()
    elif RANK.get(role, 9) > RANK[who.role]:
        raise Forbidden(f"the role {role} is above your own")


def _values(form: StaffForm) -> dict[str, object]:
    return {
        "name": form.name,
        "role": form.role,
        "extension": form.extension or None,
        "organisation_id": form.organisation_id,
        "phone": form.phone,
        "trade": form.trade.strip(),
        "districts": list(form.districts),
        "language": form.language,
        "active": form.active,
    }
