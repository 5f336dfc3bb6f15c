"""ContractsService: contracts by hand, checked and explained; nothing is deleted, what is taken away can return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from callengine.clock import Clock
from callengine.directory.model import House, Organisation, Reader
from callengine.directory.search import storable
from callengine.errors import Conflict, NotFound, Refused
from callengine.store import classifier as classifier_rows
from callengine.store import contracts as rows
from callengine.store import directory as directory_rows
from callengine.store.contracts import Kept, Wanted
from callengine.store.database import Store, Tx
from callengine.tickets.calendar import is_clock
from callengine.tickets.model import KINDS, kind_label
from callengine.tickets.routing import Contract

LIMIT, MOST = 50, 200
MOST_HOUSES = 20_000
MOST_LISTED = 20_000
MOST_PRIORITY = 999_999


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractForm:
    """A contract as a person writes it; houses by their ids, or everywhere."""

    code: str
    organisation_id: int
    kind: str
    branch: str = ""
    house_ids: tuple[int, ...] = ()
    everywhere: bool = False
    priority: int = 100
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    duty_hours: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """A contract as it now stands, and what is odd about it in words: it was taken all the same."""

    kept: Kept
    warnings: tuple[str, ...] = field(default=())


class ContractsService:
    """The contracts by which tickets find their organisations."""

    def __init__(self, *, store: Store, clock: Clock, language: str = "ru") -> None:
        self._store, self._clock, self._language = store, clock, language

    # --- reading ------------------------------------------------------------------------------------------------

    async def find(self, wanted: Wanted, *, limit: int = LIMIT, after: str = "") -> tuple[list[Kept], str | None]:
        """By code, from one on; the second is the code to go on from."""
        limit = max(1, min(limit, MOST))
        async with self._store.read() as conn:
            found = await rows.find(conn, replace(wanted, q=storable(wanted.q)), limit + 1, storable(after))
        page = found[:limit]
        return page, page[-1].contract.code if len(found) > limit else None

    async def get(self, id: int) -> Kept:
        """Raises NotFound."""
        async with self._store.read() as conn:
            kept = await rows.get(conn, id)
        if kept is None:
            raise NotFound(f"there is no contract {id}")
        return kept

    async def houses(self, kept: Kept) -> list[House]:
        """The houses of a contract by their addresses, MOST_LISTED of them at most."""
        async with self._store.read() as conn:
            found = await directory_rows.houses_by_id(conn, kept.house_ids[:MOST_LISTED])
        return sorted(found.values(), key=lambda house: (house.street, house.number))

    # --- writing ------------------------------------------------------------------------------------------------

    async def create(self, form: ContractForm, author: Reader, language: str = "") -> Saved:
        """Raises Refused with the field at fault, Conflict when the code is taken."""
        async with self._store.begin() as tx:
            return await self.create_in(tx, form, author, language)

    async def create_in(self, tx: Tx, form: ContractForm, author: Reader, language: str = "") -> Saved:
        """The same within another's transaction."""
        contract = await self._checked(tx.conn, form)
        await self._code_is_free(tx.conn, form.code, None)
        id = await rows.add(tx, self._values(form, author), form.house_ids)
        return await self._saved(tx, replace(contract, id=id), form, language)

    async def change(self, id: int, form: ContractForm, author: Reader, language: str = "") -> Saved:
        """Write the whole contract anew. Raises NotFound, Refused, Conflict."""
        async with self._store.begin() as tx:
            contract = await self._checked(tx.conn, form)
            await self._code_is_free(tx.conn, form.code, id)
            if not await rows.change(tx, id, self._values(form, author), form.house_ids):
                raise NotFound(f"there is no contract {id}")
            return await self._saved(tx, replace(contract, id=id), form, language)

    async def remove(self, id: int, author: Reader) -> Kept:
        """It routes nothing from now on; `restore` takes that back. Doing it twice changes nothing."""
        return await self._mark(id, author, self._clock.now())

    async def restore(self, id: int, author: Reader) -> Kept:
        """The reverse of `remove`."""
        return await self._mark(id, author, None)

    async def _mark(self, id: int, author: Reader, removed_at: datetime | None) -> Kept:
        async with self._store.begin() as tx:
            kept = await rows.get(tx.conn, id)
            if kept is None:
                raise NotFound(f"there is no contract {id}")
            if (kept.removed_at is None) != (removed_at is None):
                changed = {"removed_at": removed_at, "author": author.name, "changed_at": self._clock.now()}
                await rows.change(tx, id, changed)
        return await self.get(id)

    def _values(self, form: ContractForm, author: Reader) -> dict[str, object]:
        return {
            "code": form.code,
            "organisation_id": form.organisation_id,
            "kind": form.kind,
            "branch": form.branch,
            "priority": form.priority,
            "valid_from": form.valid_from,
            "valid_until": form.valid_until,
            "everywhere": form.everywhere,
            "duty_hours": form.duty_hours,
            "note": storable(form.note),
            "author": author.name,
            "changed_at": self._clock.now(),
            "removed_at": None,
        }

    async def _saved(self, tx: Tx, contract: Contract, form: ContractForm, language: str) -> Saved:
        warnings = await self.warnings(tx.conn, contract, form.house_ids, language)
        kept = await rows.get(tx.conn, contract.id)
        if kept is None:
            raise NotFound(f"there is no contract {contract.id}")
        return Saved(kept, tuple(warnings))

    # --- checking -----------------------------------------------------------------------------------------------

    async def _checked(self, conn: rows.Conn, form: ContractForm) -> Contract:
        _check_form(form)
        found = await directory_rows.organisations_by_id(conn, [form.organisation_id])
        organisation = found.get(form.organisation_id)
        if organisation is None:
            raise Refused(f"there is no organisation {form.organisation_id}", pointer="/organisation_id")
        if not organisation.active:
            raise Refused(f"{organisation.name} is closed: choose another one", pointer="/organisation_id")
        if missing := await rows.missing_houses(conn, form.house_ids):
            listed = ", ".join(str(id) for id in missing[:5])
            raise Refused(f"there are no such houses: {listed}", pointer="/house_ids")
        if form.branch and not await _is_branch(conn, form.branch):
            raise Refused(f"the classifier has no branch {form.branch!r}", pointer="/branch")
        return _contract(form, organisation)

    async def _code_is_free(self, conn: rows.Conn, code: str, but: int | None) -> None:
        taken = await rows.by_code(conn, code)
        if taken is None or taken[0] == but:
            return
        removed = " and was taken away: restore it, or write another code" if taken[1] else ": write another code"
        raise Conflict(f"contract {code} is there already{removed}", pointer="/code", contract_id=taken[0])

    async def warnings(self, conn: rows.Conn, it: Contract, house_ids: Sequence[int], language: str = "") -> list[str]:
        """What a person should look at: an equal rival, another kind than the organisation's, a term that is over."""
        language = language or self._language
        found = [_rival(rival, language) for rival in await rows.rivals(conn, it, house_ids, but=it.id or None)]
        if it.kind != it.organisation.kind:
            found.append(_other_kind(it, language))
        if it.valid_until is not None and it.valid_until <= self._clock.now():
            found.append("срок договора уже прошёл" if language == "ru" else "the contract is over already")
        return found


def _rival(rival: Contract, language: str) -> str:
    name = f"{rival.organisation.name} (№ {rival.code})"
    if language == "ru":
        return f"{name} отвечает за то же с тем же приоритетом: заявки будут ждать выбора диспетчера"
    return f"{name} answers for the same with the same priority: tickets will wait for a dispatcher's choice"


def _other_kind(it: Contract, language: str) -> str:
    own, serves = kind_label(it.organisation.kind, language), kind_label(it.kind, language)
    if language == "ru":
        return f"{it.organisation.name} — {own}, а по договору служит как {serves}"
    return f"{it.organisation.name}: {own}, serves here as {serves}"


def _check_form(form: ContractForm) -> None:
    if not form.code.strip() or form.code != " ".join(storable(form.code).split()):
        raise Refused("a contract has a code: letters and signs in one line, no spaces at its ends", pointer="/code")
    if form.kind not in KINDS:
        raise Refused(f"kind {form.kind!r}: one of {', '.join(KINDS)}", pointer="/kind")
    if not form.everywhere and not form.house_ids:
        raise Refused("a contract without houses: name them, or say that it serves everywhere", pointer="/house_ids")
    if form.everywhere and form.house_ids:
        raise Refused("it serves everywhere or the houses named: not both", pointer="/house_ids")
    if len(form.house_ids) > MOST_HOUSES:
        raise Refused(f"{len(form.house_ids)} houses: {MOST_HOUSES} at most", pointer="/house_ids")
    if not 0 <= form.priority <= MOST_PRIORITY:
        raise Refused(f"priority from 0 to {MOST_PRIORITY}", pointer="/priority")
    if form.valid_from and form.valid_until and form.valid_until <= form.valid_from:
        raise Refused("it ends before it begins", pointer="/valid_until")
    if form.duty_hours and (form.duty_hours in ("workdays", "days") or not is_clock(form.duty_hours)):
        raise Refused("duty hours: 24x7, work, or such as 20:00-08:00", pointer="/duty_hours")


async def _is_branch(conn: rows.Conn, branch: str) -> bool:
    if branch in await classifier_rows.groups(conn):
        return True
    return await rows.has_branch(conn, branch)


def _contract(form: ContractForm, organisation: Organisation) -> Contract:
    return Contract(
        code=form.code,
        organisation=organisation,
        kind=form.kind,
        branch=form.branch,
        priority=form.priority,
        valid_from=form.valid_from,
        valid_until=form.valid_until,
        everywhere=form.everywhere,
        duty_hours=form.duty_hours,
    )
