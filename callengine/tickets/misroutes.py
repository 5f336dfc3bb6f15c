"""MisroutesService: declines counted as a matrix of matter and address, and the contract that would end them.

An organisation that declines says that the rule was wrong; the one that accepts afterwards says what is right. When one
of them takes most of what came back, a contract for just that matter and just those houses is suggested.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from callengine.clock import Clock
from callengine.directory.model import House, Organisation, Reader
from callengine.errors import Conflict, NotFound, Refused
from callengine.store import contracts as rows
from callengine.store import directory as directory_rows
from callengine.store import tickets as ticket_rows
from callengine.store.contracts import Declined
from callengine.store.database import Store
from callengine.tickets import routing
from callengine.tickets.contracts import ContractForm, ContractsService, Saved
from callengine.tickets.model import Entry, Status
from callengine.tickets.routing import Contract
from callengine.tickets.rulebook import Rulebook

BY = ("house", "street", "district")
DAYS = 90
MOST_CELLS = 200
LEAST = 2  # declines that somebody else accepted; one alone is a chance
MOST_SHOWN = 50  # houses of a preview that are routed before and after
REASONS = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Where a matter was declined: a house, a street or a district; houses are those with declines."""

    by: str
    label: str
    house_id: int | None = None
    street: str = ""
    district: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    organisation: Organisation
    count: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A contract to be made, in words; `form` is ready to be accepted."""

    form: ContractForm
    organisation: Organisation
    words: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the matrix. Without a suggestion `why_none` says why there is none."""

    entry: Entry
    place: Place
    count: int
    declined_by: tuple[Share, ...]
    accepted_by: tuple[Share, ...]
    last_at: datetime
    suggestion: Suggestion | None = None
    why_none: str = ""
    house_ids: tuple[int, ...] = ()
    contract_id: int | None = None  # made of this cell's suggestion before: taking it away undoes it


@dataclass(frozen=True, slots=True)
class Change:
    """What a contract would do at one house."""

    house: House
    before: Organisation | None
    before_reason: str
    after: Organisation | None
    after_reason: str

    @property
    def changes(self) -> bool:
        return (self.before.id if self.before else None) != (self.after.id if self.after else None)


@dataclass(frozen=True, slots=True)
class Effect:
    """A suggestion looked at before it is accepted."""

    cell: Cell
    form: ContractForm
    changes: tuple[Change, ...]
    more_houses: int
    waiting: int  # tickets of the matter that stand declined or unassigned there now
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    words: str


@dataclass(slots=True)
class _Heap:
    """Declines of one cell, being added up."""

    place: Place
    count: int = 0
    declined: Counter[int] = field(default_factory=Counter)
    accepted: Counter[int] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    houses: set[int] = field(default_factory=set)
    last_at: datetime | None = None

    def add(self, one: Declined) -> None:
        self.count += one.count
        self.declined[one.organisation_id] += one.count
        if one.accepted_by is not None and one.accepted_by != one.organisation_id:
            self.accepted[one.accepted_by] += one.count
        if one.contract_code:
            self.codes[one.contract_code] += one.count
        if one.house_id is not None:
            self.houses.add(one.house_id)
        self.last_at = max(self.last_at or one.last_at, one.last_at)


class MisroutesService:
    """The loop from a wrong organisation back to the contracts."""

    def __init__(self, *, store: Store, clock: Clock, book: Rulebook, contracts: ContractsService) -> None:
        self._store, self._clock, self._book, self._contracts = store, clock, book, contracts
        self._words = {language: _Words(language) for language in ("ru", "en")}

    def _say(self, language: str) -> _Words:
        return self._words.get(language or self._book.language, self._words["en"])

    # --- the matrix ---------------------------------------------------------------------------------------------

    async def matrix(
        self, by: str = "house", *, days: int = DAYS, limit: int = MOST_CELLS, language: str = ""
    ) -> list[Cell]:
        """The cells with the most declines in so many days, each with its suggestion. Raises Refused."""
        _check_by(by)
        since = self._clock.now() - timedelta(days=days)
        async with self._store.read() as conn:
            return await self._cells(conn, await rows.declines(conn, since), by, limit, self._say(language))

    async def _cells(self, conn: rows.Conn, found: Iterable[Declined], by: str, limit: int, say: _Words) -> list[Cell]:
        heaps: dict[tuple[str, Place], _Heap] = {}
        for one in found:
            place = say.place(one, by)
            heaps.setdefault((one.classifier, place), _Heap(place)).add(one)
        largest = sorted(heaps.items(), key=lambda item: (-item[1].count, item[0][0], item[1].place.label))[:limit]
        entries = await ticket_rows.entries_by_code(conn, {code for (code, _), _ in largest})
        ids = {id for _, heap in largest for id in (*heap.declined, *heap.accepted)}
        named = await directory_rows.organisations_by_id(conn, ids)
        contracts = await rows.with_codes(conn, {code for _, heap in largest for code in heap.codes})
        cells = [self._cell(entries[code], heap, named, contracts, say) for (code, _), heap in largest]
        made = await rows.living(conn, {cell.suggestion.form.code for cell in cells if cell.suggestion})
        return [self._unless_made(cell, made, say) for cell in cells]

    def _unless_made(self, cell: Cell, made: Mapping[str, tuple[int, frozenset[int]]], say: _Words) -> Cell:
        """A contract of the same code stands already: it is shown, with the way to undo it, and not suggested again."""
        form = cell.suggestion.form if cell.suggestion else None
        if form is None or form.code not in made:
            return cell
        id, houses = made[form.code]
        if not set(form.house_ids) <= houses:
            return cell
        return replace(cell, suggestion=None, why_none=say.made(form.code), contract_id=id)

    def _cell(
        self,
        entry: Entry,
        heap: _Heap,
        named: dict[int, Organisation],
        contracts: dict[str, Contract],
        say: _Words,
    ) -> Cell:
        cell = Cell(
            entry=entry,
            place=heap.place,
            count=heap.count,
            declined_by=_shares(heap.declined, named),
            accepted_by=_shares(heap.accepted, named),
            last_at=heap.last_at or self._clock.now(),
            house_ids=tuple(sorted(heap.houses)),
        )
        why = say.why_none(cell)
        if why:
            return replace(cell, why_none=why)
        return self._suggested(cell, [contracts[code] for code in heap.codes if code in contracts], say)

    # --- the suggestion -----------------------------------------------------------------------------------------

    def _suggested(self, cell: Cell, wrong: Sequence[Contract], say: _Words) -> Cell:
        """A contract that wins over those that misrouted: of their kind, just this matter, and before them."""
        best = cell.accepted_by[0].organisation
        kind = wrong[0].kind if wrong else routing.kinds_of(cell.entry)[0]
        equals = [one.priority for one in wrong if one.branch == cell.entry.code]
        priority = min([100, *(one - 1 for one in equals)])
        if priority < 0:
            code = min(wrong, key=lambda one: one.priority).code
            return replace(cell, why_none=say.highest(code))
        form = ContractForm(
            code=_code_of(cell, best),
            organisation_id=best.id,
            kind=kind,
            branch=cell.entry.code,
            house_ids=cell.house_ids,
            priority=priority,
            note=self._say("").note(cell, best),
        )
        return replace(cell, suggestion=Suggestion(form, best, say.suggestion(cell, best)))

    # --- one suggestion, looked at and accepted --------------------------------------------------------------------

    async def effect(self, classifier: str, by: str, place: Place, *, days: int = DAYS, language: str = "") -> Effect:
        """What the suggestion of a cell would change, house by house. Raises NotFound when there is none."""
        async with self._store.read() as conn:
            cell = await self._one(conn, classifier, by, place, days, language)
            if cell.suggestion is None:
                raise NotFound(cell.why_none)
            return await self._effect(conn, cell, cell.suggestion, days, language)

    async def accept(
        self,
        classifier: str,
        by: str,
        place: Place,
        author: Reader,
        *,
        days: int = DAYS,
        organisation_id: int,
        language: str = "",
    ) -> Saved:
        """Make the contract that is suggested; taking that contract away undoes it.

        Raises Conflict when the suggestion is another one by now, or the contract was made already.
        """
        async with self._store.begin() as tx:
            cell = await self._one(tx.conn, classifier, by, place, days, language)
            suggestion = cell.suggestion
            if suggestion is None:
                raise Conflict(cell.why_none)
            if suggestion.organisation.id != organisation_id:
                raise Conflict(f"by now {suggestion.organisation.name} is suggested: look again")
            form = await self._free_code(tx.conn, suggestion.form)
            return await self._contracts.create_in(tx, form, author, language)

    async def _free_code(self, conn: rows.Conn, form: ContractForm) -> ContractForm:
        """The suggestion's code; when a contract has it (of fewer houses, or taken away), the next one."""
        for n in range(1, 100):
            code = form.code if n == 1 else f"{form.code}/{n}"
            taken = await rows.by_code(conn, code)
            if taken is None:
                return replace(form, code=code)
        raise Conflict(f"contract {form.code} was made too often: change one of them by hand")

    async def _one(self, conn: rows.Conn, classifier: str, by: str, place: Place, days: int, language: str) -> Cell:
        _check_by(by)
        ids = await self._houses(conn, by, place)
        since = self._clock.now() - timedelta(days=days)
        found = await rows.declines(conn, since, classifier=classifier, house_ids=ids)
        cells = await self._cells(conn, found, by, 1, self._say(language))
        if not cells:
            raise NotFound("there are no declines of this matter at this place")
        return cells[0]

    async def _houses(self, conn: rows.Conn, by: str, place: Place) -> list[int]:
        if by == "house" and place.house_id is not None:
            return [place.house_id]
        if by == "street" and place.street:
            return await rows.houses_of(conn, street=place.street)
        if by == "district":
            return await rows.houses_of(conn, district=place.district)
        raise Refused(f"name the {by}", pointer=f"/{by}")

    async def _effect(self, conn: rows.Conn, cell: Cell, suggestion: Suggestion, days: int, language: str) -> Effect:
        form, now = suggestion.form, self._clock.now()
        would = Contract(form.code, suggestion.organisation, form.kind, form.branch, form.priority, everywhere=False)
        houses = await directory_rows.houses_by_id(conn, form.house_ids[:MOST_SHOWN])
        changes = []
        for id in form.house_ids[:MOST_SHOWN]:
            before = await self._book.route(conn, cell.entry, id, now, language=language)
            after = await self._book.route(conn, cell.entry, id, now, language=language, more=(would,))
            if id in houses:
                changes.append(Change(houses[id], before.organisation, before.reason, after.organisation, after.reason))
        since = now - timedelta(days=days)
        waits = (Status.DECLINED, Status.UNASSIGNED)
        return Effect(
            cell=cell,
            form=form,
            changes=tuple(changes),
            more_houses=max(0, len(form.house_ids) - MOST_SHOWN),
            waiting=await rows.open_at(conn, cell.entry.code, form.house_ids, waits),
            reasons=tuple(await rows.reasons(conn, since, cell.entry.code, form.house_ids, REASONS)),
            warnings=tuple(await self._contracts.warnings(conn, would, form.house_ids, language)),
            words=self._say(language).effect(suggestion, changes),
        )


def _check_by(by: str) -> None:
    if by not in BY:
        raise Refused(f"by {by!r}: one of {', '.join(BY)}", pointer="/by")


def _shares(counts: Counter[int], named: dict[int, Organisation]) -> tuple[Share, ...]:
    return tuple(
        Share(named[id], count)
        for id, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if id in named
    )


def _code_of(cell: Cell, best: Organisation) -> str:
    where = {"house": f"H{cell.place.house_id}", "street": cell.place.street, "district": cell.place.district}
    return f"{cell.entry.code} {where[cell.place.by]} {best.code}"[:110]


class _Words:
    """The wording, in the reader's language."""

    def __init__(self, language: str) -> None:
        self._language, self._ru = language, language == "ru"

    def place(self, one: Declined, by: str) -> Place:
        if one.house_id is None:
            return Place(by, "без адреса" if self._ru else "no address")
        if by == "street":
            return Place(by, one.street, street=one.street)
        if by == "district":
            unknown = "район не указан" if self._ru else "no district"
            return Place(by, one.district or unknown, district=one.district)
        return Place(by, f"{one.street}, {one.number}", house_id=one.house_id)

    def why_none(self, cell: Cell) -> str:
        """Why no contract can be suggested; "" when one can."""
        taken = sum(share.count for share in cell.accepted_by)
        if not cell.house_ids:
            return "у заявок нет адреса" if self._ru else "the tickets have no address"
        if not cell.accepted_by:
            return "после отказа никто ещё не принял" if self._ru else "nobody has accepted it afterwards yet"
        best = cell.accepted_by[0]
        if best.count < LEAST:
            return "один случай: рано менять правило" if self._ru else "one case: too early to change the rule"
        if best.count * 2 <= taken:
            return "принимают разные организации" if self._ru else "different organisations accept it"
        if not best.organisation.active:
            return f"{best.organisation.name} закрыта" if self._ru else f"{best.organisation.name} is closed"
        return ""

    def made(self, code: str) -> str:
        return f"договор № {code} уже сделан" if self._ru else f"contract {code} is made already"

    def highest(self, code: str) -> str:
        if self._ru:
            return f"у договора № {code} высший приоритет: понизьте его"
        return f"contract {code} has the highest priority: lower it"

    def note(self, cell: Cell, best: Organisation) -> str:
        refused = ", ".join(f"{share.organisation.name} — {share.count}" for share in cell.declined_by[:3])
        accepted = cell.accepted_by[0].count
        if self._ru:
            return f"по отказам: {refused}; после отказа приняла {best.name} — {accepted}"
        return f"by declines: {refused}; accepted afterwards by {best.name}: {accepted}"

    def suggestion(self, cell: Cell, best: Organisation) -> str:
        code, problem, houses = cell.entry.code, cell.entry.problem(self._language), len(cell.house_ids)
        if self._ru:
            return (
                f"{code} «{problem}», {cell.place.label}: отказов {cell.count}, приняла {best.name}. "
                f"Направлять ей сразу: договор на раздел {code}, домов: {houses}"
            )
        return (
            f"{code} “{problem}”, {cell.place.label}: {cell.count} declines, accepted by {best.name}. "
            f"Send it there at once: a contract for {code}, houses: {houses}"
        )

    def effect(self, suggestion: Suggestion, changes: Collection[Change]) -> str:
        changed, name = sum(one.changes for one in changes), suggestion.organisation.name
        if not changed:
            ru, en = f"ничего не изменит: туда уже направляют {name}", f"it changes nothing: {name} is asked already"
            return ru if self._ru else en
        if self._ru:
            return f"новые заявки пойдут в {name}: домов {changed}"
        return f"new tickets will go to {name}: houses {changed}"
