"""Queries on campaigns, what they came to, the kill switch, opt-outs and the texts of dialogues."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, func, select, text, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from callengine.clock import parse_rfc3339
from callengine.errors import Refused
from callengine.outreach.choice import Choice
from callengine.outreach.model import (
    CallKind,
    Campaign,
    CampaignState,
    Halt,
    OptOut,
    OutreachCall,
)
from callengine.store.database import Tx
from callengine.store.outreach import call_of
from callengine.store.tables import (
    campaign_counts,
    campaigns,
    classifier,
    houses,
    opt_outs,
    outreach_attempts,
    outreach_calls,
    outreach_halts,
    people,
    person_numbers,
    push_subscriptions,
    residences,
    script_texts,
    tickets,
)

CAMPAIGN_FIELDS = tuple(Campaign.__dataclass_fields__)
OPTOUT_FIELDS = tuple(OptOut.__dataclass_fields__)
HALT_FIELDS = tuple(Halt.__dataclass_fields__)


def _insert(tx: Tx, table: Any) -> Any:
    return postgresql.insert(table) if tx.is_postgres else sqlite.insert(table)


def _campaign(row: Row[Any]) -> Campaign:
    values = {name: getattr(row, name) for name in CAMPAIGN_FIELDS}
    values |= {"kind": CallKind(row.kind), "state": CampaignState(row.state), "zones": tuple(row.zones)}
    values["channels"] = tuple(row.channels)
    return Campaign(**values)


def _columns(campaign: Campaign) -> dict[str, Any]:
    values = {name: getattr(campaign, name) for name in CAMPAIGN_FIELDS if name != "id"}
    changes = {"kind": campaign.kind.value, "state": campaign.state.value, "zones": list(campaign.zones)}
    changes |= {"channels": list(campaign.channels)}
    own: dict[str, Any] = {"choice": dict(campaign.choice), "spacing": dict(campaign.spacing)}
    return values | changes | own | {"script": dict(campaign.script)}


# --- campaigns ------------------------------------------------------------------------------------------------


async def add(tx: Tx, campaign: Campaign) -> Campaign:
    made = _insert(tx, campaigns).values(_columns(campaign)).returning(campaigns)
    return _campaign((await tx.conn.execute(made)).one())


async def standing(tx: Tx, campaign: Campaign) -> Campaign:
    """The standing campaign of that code; made as given when it is not there yet. Locked."""
    made = _insert(tx, campaigns).values(_columns(campaign)).on_conflict_do_nothing(index_elements=["code"])
    query = select(campaigns).where(campaigns.c.code == campaign.code).with_for_update()
    row = (await tx.conn.execute(query)).one_or_none()
    if row is None:
        await tx.conn.execute(made)
        row = (await tx.conn.execute(query)).one()
    return _campaign(row)


async def save(tx: Tx, campaign: Campaign) -> None:
    await tx.conn.execute(update(campaigns).where(campaigns.c.id == campaign.id).values(_columns(campaign)))


async def get(conn: AsyncConnection, campaign_id: int) -> Campaign | None:
    row = (await conn.execute(select(campaigns).where(campaigns.c.id == campaign_id))).one_or_none()
    return _campaign(row) if row else None


async def locked(tx: Tx, campaign_id: int) -> Campaign | None:
    query = select(campaigns).where(campaigns.c.id == campaign_id).with_for_update()
    row = (await tx.conn.execute(query)).one_or_none()
    return _campaign(row) if row else None


async def by_ids(conn: AsyncConnection, ids: Collection[int], *, hold: bool = False) -> dict[int, Campaign]:
    """`hold`: nobody pauses or stops them before this transaction is over."""
    query = select(campaigns).where(campaigns.c.id.in_(sorted(ids))).order_by(campaigns.c.id)
    rows = await conn.execute(query.with_for_update(read=True) if hold else query)
    return {row.id: _campaign(row) for row in rows.all()}


_running = (
    select(campaigns)
    .where(campaigns.c.state == CampaignState.RUNNING.value)
    .order_by(campaigns.c.priority, campaigns.c.id)
)


async def running(conn: AsyncConnection) -> list[Campaign]:
    """In the order in which they are called."""
    return [_campaign(row) for row in (await conn.execute(_running)).all()]


async def going(conn: AsyncConnection, kind: CallKind) -> list[Campaign]:
    """Of a kind, all that are not over."""
    c = campaigns.c
    over = [state.value for state in CampaignState if state.over]
    query = select(campaigns).where(c.kind == kind.value, c.state.not_in(over)).order_by(c.id)
    return [_campaign(row) for row in (await conn.execute(query)).all()]


async def waiting_for_tickets(conn: AsyncConnection) -> list[Campaign]:
    """Ratings by hand that are not over, the newest first: a job that is confirmed is the first one's that it fits."""
    c = campaigns.c
    open_states = [CampaignState.RUNNING.value, CampaignState.PAUSED.value]
    query = select(campaigns).where(c.state.in_(open_states), c.kind == CallKind.RATING.value, c.code.is_(None))
    return [_campaign(row) for row in (await conn.execute(query.order_by(c.id.desc()))).all()]


async def find(
    conn: AsyncConnection, *, state: str | None, kind: str | None, limit: int, cursor: str | None
) -> tuple[list[Campaign], str | None]:
    """One page, newest first; the cursor of the next."""
    query = select(campaigns)
    if state:
        query = query.where(campaigns.c.state == state)
    if kind:
        query = query.where(campaigns.c.kind == kind)
    if cursor:
        query = query.where(campaigns.c.id < _number(cursor))
    rows = (await conn.execute(query.order_by(campaigns.c.id.desc()).limit(limit + 1))).all()
    page = [_campaign(row) for row in rows[:limit]]
    return page, str(page[-1].id) if len(rows) > limit else None


async def calls_of(
    conn: AsyncConnection, campaign_id: int, *, state: str | None, result: str | None, limit: int, cursor: str | None
) -> tuple[list[OutreachCall], str | None]:
    """One page of a campaign's calls in the order in which they were written."""
    query = select(outreach_calls).where(outreach_calls.c.campaign_id == campaign_id)
    if state:
        query = query.where(outreach_calls.c.state == state)
    if result:
        query = query.where(outreach_calls.c.result == result)
    if cursor:
        query = query.where(outreach_calls.c.id > _number(cursor))
    rows = (await conn.execute(query.order_by(outreach_calls.c.id).limit(limit + 1))).all()
    page = [call_of(row) for row in rows[:limit]]
    return page, str(page[-1].id) if len(rows) > limit else None


@dataclass(frozen=True, slots=True)
class Group:
    """So many calls of a campaign stand so."""

    campaign_id: int
    state: str
    result: str
    mark: int | None
    count: int


async def groups(conn: AsyncConnection, campaign_ids: Collection[int]) -> list[Group]:
    """What campaigns came to so far, by the counts beside the calls: few rows, however many calls there were."""
    c = campaign_counts.c
    keys = (c.campaign_id, c.state, c.result, c.mark)
    query = select(*keys, func.sum(c.calls)).where(c.campaign_id.in_(sorted(campaign_ids))).group_by(*keys)
    rows = (await conn.execute(query.having(func.sum(c.calls) != 0))).all()
    return [Group(campaign_id, state, result, mark or None, int(n)) for campaign_id, state, result, mark, n in rows]


async def crowded_counts(conn: AsyncConnection, most: int) -> list[int]:
    """Campaigns with more rows of counts than that."""
    c = campaign_counts.c
    query = select(c.campaign_id).group_by(c.campaign_id).having(func.count() > most)
    return list((await conn.execute(query)).scalars())


_TOGETHER = (
    "INSERT INTO campaign_counts (campaign_id, state, result, mark, calls) "
    "SELECT campaign_id, state, result, mark, SUM(calls) FROM {rows} GROUP BY campaign_id, state, result, mark "
    "HAVING SUM(calls) <> 0"
)
# One statement sees and takes away the same rows, whoever adds others meanwhile.
_MERGE_POSTGRES = text(
    "WITH gone AS (DELETE FROM campaign_counts WHERE id IN (SELECT id FROM campaign_counts"
    " WHERE campaign_id = :campaign ORDER BY id FOR UPDATE SKIP LOCKED)"
    " RETURNING campaign_id, state, result, mark, calls) " + _TOGETHER.format(rows="gone")
)
_NEWEST_COUNT = text("SELECT MAX(id) FROM campaign_counts WHERE campaign_id = :campaign")
_MERGE_SQLITE = text(
    _TOGETHER.format(rows="(SELECT * FROM campaign_counts WHERE campaign_id = :campaign AND id <= :newest)")
)
_MERGED_SQLITE = text("DELETE FROM campaign_counts WHERE campaign_id = :campaign AND id <= :newest")


async def merge_counts(tx: Tx, campaign_id: int) -> None:
    """One row for each state, result and mark instead of one for each change; the sums stay."""
    values = {"campaign": campaign_id}
    if tx.is_postgres:
        await tx.conn.execute(_MERGE_POSTGRES, values)
        return
    newest = (await tx.conn.execute(_NEWEST_COUNT, values)).scalar_one()
    for statement in (_MERGE_SQLITE, _MERGED_SQLITE):
        await tx.conn.execute(statement, values | {"newest": newest})


async def answers(conn: AsyncConnection, campaign_id: int) -> list[Mapping[str, str]]:
    """The answers of every dialogue of a survey or of meter readings, as menus.outcome wrote them."""
    a = outreach_attempts.c
    query = select(a.facts).where(a.campaign_id == campaign_id, a.result.in_(["answered", "partial"]))
    return list((await conn.execute(query)).scalars())


# --- whom a campaign calls ----------------------------------------------------------------------------------------


async def residents_of(conn: AsyncConnection, house_ids: Collection[int]) -> list[tuple[str, str, int]]:
    """Numbers, names and houses of who lives there; who has two numbers comes twice."""
    query = (
        select(person_numbers.c.number, people.c.name, residences.c.house_id)
        .select_from(residences)
        .join(people, people.c.id == residences.c.person_id)
        .join(person_numbers, person_numbers.c.person_id == people.c.id)
        .where(residences.c.house_id.in_(sorted(house_ids)), people.c.merged_into.is_(None))
        .order_by(residences.c.house_id, people.c.id, person_numbers.c.number)
    )
    return [(row.number, row.name, row.house_id) for row in (await conn.execute(query)).all()]


async def browsers_of(conn: AsyncConnection, numbers: Collection[str]) -> dict[str, str]:
    """By number the newest ticket of his whose page takes pushes in a browser."""
    t, p = tickets.c, push_subscriptions.c
    taken = select(p.ticket_id).where(p.ticket_id.is_not(None))
    query = select(t.applicant_number, t.number).where(t.applicant_number.in_(sorted(numbers)), t.id.in_(taken))
    return {row.applicant_number: row.number for row in (await conn.execute(query.order_by(t.id))).all()}


@dataclass(frozen=True, slots=True)
class OfTicket:
    """Whom a campaign about tickets calls, and what its dialogue says of the ticket."""

    ticket_id: int
    ticket: str
    number: str
    name: str
    work: str
    address: str
    notify: str = ""  # how he wants to be told of this ticket (directory/ways.py)


async def tickets_of(conn: AsyncConnection, choice: Choice, language: str, most: int) -> list[OfTicket]:
    """The tickets of a choice that gave a number, the newest first, at most so many."""
    t, h, e = tickets.c, houses.c, classifier.c
    work = e.problem_ru if language == "ru" else e.problem_en
    query = (
        select(
            *(t.id, t.number, t.applicant_number, t.applicant_name, t.premise, t.notify),
            *(work.label("work"), h.street, h.number.label("no")),
        )
        .select_from(tickets)
        .join(classifier, e.code == t.classifier_code)
        .join(houses, h.id == t.house_id, isouter=True)
        .where(t.applicant_number != "", *_chosen(choice))
        .order_by(t.created_at.desc(), t.id.desc())
        .limit(most)
    )
    return [
        OfTicket(
            row.id,
            row.number,
            row.applicant_number,
            row.applicant_name,
            row.work,
            f"{row.street}, {row.no}" if row.street else row.premise,
            row.notify,
        )
        for row in (await conn.execute(query)).all()
    ]


async def count_tickets(conn: AsyncConnection, choice: Choice, since: datetime, most: int) -> int:
    """How many tickets that were registered since then fit; counted up to `most`."""
    some = select(tickets.c.id).where(tickets.c.created_at >= since, *_chosen(choice)).limit(most).subquery()
    return int((await conn.execute(select(func.count()).select_from(some))).scalar_one())


def _chosen(choice: Choice) -> Iterable[ColumnElement[bool]]:
    """As outreach/choice.py `fits`, and the moments and statuses that it leaves out."""
    t = tickets.c
    if choice.classifier:
        yield t.classifier_code.startswith(choice.classifier, autoescape=True)
    if choice.organisation_id is not None:
        yield t.organisation_id == choice.organisation_id
    if choice.district:
        yield t.district == choice.district
    if choice.house_ids:
        yield t.house_id.in_(choice.house_ids)
    if choice.urgency:
        yield t.urgency.in_(choice.urgency)
    if choice.paid is not None:
        yield t.paid if choice.paid else ~t.paid
    if choice.status:
        yield t.status.in_(choice.status)
    yield from _between(t.created_at, choice.since, choice.until)


# --- bounds ----------------------------------------------------------------------------------------------------


def _between(column: Any, since: datetime | None, until: datetime | None) -> Iterable[ColumnElement[bool]]:
    if since is not None:
        yield column >= since
    if until is not None:
        yield column < until


# --- the kill switch ----------------------------------------------------------------------------------------------


# Held by whoever sends calls, and alone by whoever pulls the switch: any number, the same in all engines.
_SWITCH_LOCK = 0x68616C74


async def hold_switch(tx: Tx, *, alone: bool = False) -> None:
    """Nobody pulls the kill switch before this transaction is over; `alone`: and nobody sends a call meanwhile.

    A lock of the switch itself: those of campaigns would not keep a campaign that is made just now. SQLite has one
    writer.
    """
    if tx.is_postgres:
        take = func.pg_advisory_xact_lock if alone else func.pg_advisory_xact_lock_shared
        await tx.conn.execute(select(take(_SWITCH_LOCK)))


async def halted(conn: AsyncConnection) -> Halt | None:
    """The halt of now; None: the robot may call. Whoever acts on it holds the switch first."""
    query = select(outreach_halts).where(text("resumed_at IS NULL")).order_by(outreach_halts.c.halted_at).limit(1)
    row = (await conn.execute(query)).one_or_none()
    return Halt(**{name: getattr(row, name) for name in HALT_FIELDS}) if row else None


async def halt(tx: Tx, at: datetime, who: str, reason: str) -> None:
    await tx.conn.execute(_insert(tx, outreach_halts).values(halted_at=at, halted_by=who, reason=reason))


async def lift(tx: Tx, at: datetime, who: str) -> int:
    """End every halt; gives how many there were."""
    query = update(outreach_halts).where(outreach_halts.c.resumed_at.is_(None))
    return (await tx.conn.execute(query.values(resumed_at=at, resumed_by=who))).rowcount


# --- opt-outs -------------------------------------------------------------------------------------------------------

LIVING = text("removed_at IS NULL")


def _optout(row: Row[Any]) -> OptOut:
    return OptOut(**{name: getattr(row, name) for name in OPTOUT_FIELDS})


_opted_out = select(opt_outs.c.number).where(
    LIVING,
    opt_outs.c.number.in_(bindparam("numbers", expanding=True)),
    opt_outs.c.kind.in_(bindparam("kinds", expanding=True)),
)


async def opted_out(conn: AsyncConnection, numbers: Collection[str], kind: str) -> set[str]:
    """Those of the numbers that want no calls of this CallKind: none of it, no calls ("call"), or nothing at all."""
    if not numbers:
        return set()
    rows = await conn.execute(_opted_out, {"numbers": sorted(numbers), "kinds": ["", kind, "call"]})
    return set(rows.scalars())


async def opt_out(tx: Tx, optout: OptOut) -> OptOut | None:
    """The new row; None when he said so already."""
    values = {name: getattr(optout, name) for name in OPTOUT_FIELDS if name != "id"}
    made = _insert(tx, opt_outs).values(values).on_conflict_do_nothing().returning(opt_outs)
    row = (await tx.conn.execute(made)).one_or_none()
    return _optout(row) if row else None


async def optout_of(conn: AsyncConnection, number: str, kind: str) -> OptOut | None:
    query = select(opt_outs).where(LIVING, opt_outs.c.number == number, opt_outs.c.kind == kind)
    row = (await conn.execute(query)).one_or_none()
    return _optout(row) if row else None


async def remove_optout(tx: Tx, optout_id: int, at: datetime, who: str) -> OptOut | None:
    """None when there is none such, or it is removed already."""
    query = update(opt_outs).where(opt_outs.c.id == optout_id, opt_outs.c.removed_at.is_(None))
    row = (await tx.conn.execute(query.values(removed_at=at, removed_by=who).returning(opt_outs))).one_or_none()
    return _optout(row) if row else None


async def optouts(
    conn: AsyncConnection, *, number: str | None, limit: int, cursor: str | None
) -> tuple[list[OptOut], str | None]:
    """One page of those that hold, newest first."""
    o = opt_outs.c
    query = select(opt_outs).where(LIVING)
    if number:
        query = query.where(o.number == number)
    if cursor:
        at, key = _read_cursor(cursor)
        after = (bindparam("after_at", at, type_=o.since.type), bindparam("after_id", _number(key), type_=o.id.type))
        query = query.where(tuple_(o.since, o.id) < tuple_(*after))
    rows = (await conn.execute(query.order_by(o.since.desc(), o.id.desc()).limit(limit + 1))).all()
    page = [_optout(row) for row in rows[:limit]]
    last = page[-1] if len(rows) > limit else None
    return page, f"{last.since.isoformat()}~{last.id}" if last else None


# --- texts of dialogues ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ScriptText:
    """What one step of a dialogue says instead of the shipped text."""

    kind: str
    language: str
    step: str
    text: str
    changed_at: datetime
    changed_by: str


async def script_texts_of(conn: AsyncConnection, kind: str) -> list[ScriptText]:
    query = select(script_texts).where(script_texts.c.kind == kind)
    rows = await conn.execute(query.order_by(script_texts.c.language, script_texts.c.step))
    return [ScriptText(**row._mapping) for row in rows.all()]


async def script_texts_like(conn: AsyncConnection, prefix: str) -> list[ScriptText]:
    """Of all kinds that begin so."""
    query = select(script_texts).where(script_texts.c.kind.startswith(prefix, autoescape=True))
    return [ScriptText(**row._mapping) for row in (await conn.execute(query)).all()]


async def add_script_text(tx: Tx, one: ScriptText) -> bool:
    """False when it is there already: nothing is overwritten."""
    values = {name: getattr(one, name) for name in ScriptText.__dataclass_fields__}
    made = _insert(tx, script_texts).values(values).on_conflict_do_nothing(index_elements=["kind", "language", "step"])
    return bool((await tx.conn.execute(made)).rowcount)


async def put_script_text(tx: Tx, one: ScriptText) -> None:
    values = {name: getattr(one, name) for name in ScriptText.__dataclass_fields__}
    made = _insert(tx, script_texts).values(values)
    changes = {name: values[name] for name in ("text", "changed_at", "changed_by")}
    await tx.conn.execute(made.on_conflict_do_update(index_elements=["kind", "language", "step"], set_=changes))


async def drop_script_text(tx: Tx, kind: str, language: str, step: str) -> None:
    """The shipped text speaks again."""
    s = script_texts.c
    await tx.conn.execute(script_texts.delete().where(s.kind == kind, s.language == language, s.step == step))


# --- cursors --------------------------------------------------------------------------------------------------------


def _number(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 17):
        raise Refused("the cursor is not one of ours: take `next` of the page before")
    return int(cursor)


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        at, key = cursor.split("~")
        return parse_rfc3339(at), key
    except ValueError:
        raise Refused("the cursor is not one of ours: take `next` of the page before") from None
